//! `sockspec check`

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use super::Exit;
use super::config::Configure;
use super::output::Output;
use super::select::Select;
use crate::diagnostic::{Diagnostic, Format, Severity, render};
use crate::suite::{Config, Found, Loaded};

/// Check specs without running them
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    select: Select,

    /// Show each finding in one line, with its source line, or as one line of JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CheckFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    Short,
    #[default]
    Full,
    Json,
}

/// What was found in all specs.
#[derive(Default)]
struct Counts {
    specs: usize,
    errors: usize,
    warnings: usize,
    unreadable: usize,
    /// The variables that they declare.
    declared: BTreeSet<String>,
}

impl Configure for Check {
    fn configure(&mut self, config: &Config) {
        // A mistake is one in a spec that does not run by default, too.
        self.select.understand(config);
    }
}

impl Check {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let found = match self.select.find(None, output) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let mut counts = Counts::default();
        for spec in &found {
            self.check(spec, &mut counts, output);
        }
        if counts.specs == 0 && counts.unreadable == 0 {
            self.select.explain_nothing(output);
            return Exit::Nothing;
        }
        if self.format == CheckFormat::Full {
            output.line(&counts);
        }
        self.select.tell_of_undeclared(&counts.declared, output);
        match counts {
            Counts { unreadable: 1.., .. } => Exit::CouldNotRun,
            Counts { errors: 1.., .. } => Exit::Invalid,
            _ => Exit::Success,
        }
    }

    fn check(&self, found: &Found, counts: &mut Counts, output: &mut Output) {
        let settings = self.select.settings();
        let loaded = match Loaded::read(found, &settings) {
            Ok(loaded) => loaded,
            Err(error) => {
                counts.unreadable += 1;
                output.error(format!("cannot read {}: {error}", found.path.display()));
                return;
            }
        };
        let selection = self.select.selection();
        let named = || loaded.cases.iter().any(|case| selection.takes_name(&case.test_name(&found.name)));
        if !selection.takes_spec(&loaded) || !named() {
            return;
        }
        counts.specs += 1;
        counts.declared.extend(loaded.declared().map(str::to_owned));
        for diagnostic in loaded.check(&found.name, &settings) {
            counts.add(&diagnostic);
            self.show(&loaded, &diagnostic, output);
        }
    }

    fn show(&self, loaded: &Loaded, diagnostic: &Diagnostic, output: &mut Output) {
        let format = match self.format {
            CheckFormat::Short => Format::Short,
            CheckFormat::Full => Format::Full,
            CheckFormat::Json => Format::Json,
        };
        output.print(&render(&loaded.source, diagnostic, format, output.style));
        if format == Format::Full {
            output.print("\n");
        }
    }
}

impl Counts {
    fn add(&mut self, diagnostic: &Diagnostic) {
        *match diagnostic.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        } += 1;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let Self { specs, errors, warnings, unreadable, .. } = *self;
        write!(out, "{specs} spec{}: ", plural(specs))?;
        if errors + warnings + unreadable == 0 {
            return out.write_str("nothing to find fault with");
        }
        write!(out, "{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings))?;
        if unreadable > 0 {
            write!(out, "; {unreadable} could not be read")?;
        }
        Ok(())
    }
}
