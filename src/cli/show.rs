//! `sockspec show`

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::config::Configure;
use super::output::Output;
use super::select::Select;
use super::{Exit, run, signals, trace};
use crate::diagnostic::{Format, Style};
use crate::exec::{Ended, Options};
use crate::plan;
use crate::report::diagram::{self, Diagram};
use crate::report::way_out::WayOut;
use crate::report::{html, terminal};
use crate::suite::{Config, Found, Planned, Runner, SpecResult, Worker};

/// Draw what a spec does as a sequence diagram: it is run, and no snapshot is compared or written
#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    select: Select,

    /// Draw a record that `run --record` has written instead; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "tags", "skip_tags", "names", "vars", "allow_net"])]
    record: Option<PathBuf>,

    /// What to draw it as
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t)]
    form: Form,

    /// Multiply every deadline
    #[arg(long, value_name = "N", value_parser = run::factor)]
    timeout_factor: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal
    #[default]
    Text,
    /// The language of Mermaid, for Markdown
    Mermaid,
    /// A picture that stands alone
    Svg,
    /// A page that stands alone
    Html,
    /// What is drawn, for programs
    Json,
}

impl Form {
    /// Whether it has room for one diagram only.
    fn is_single(self) -> bool {
        matches!(self, Self::Mermaid | Self::Svg)
    }
}

impl Configure for Show {
    fn configure(&mut self, config: &Config) {
        // A spec that is named is shown, whatever its tags are.
        self.select.understand(config);
        self.timeout_factor = self.timeout_factor.or(config.timeout_factor);
    }
}

impl Show {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let (drawn, exit) = match &self.record {
            Some(path) => match trace::read(path, output) {
                Ok(record) => (vec![Diagram::of(&record)], Exit::Success),
                Err(exit) => return exit,
            },
            None => self.run(output),
        };
        if drawn.is_empty() {
            return exit;
        }
        let drawn = diagram::folded(drawn);
        if self.form.is_single() && drawn.len() > 1 {
            output.error(format!(
                "these are {} different diagrams, and a file of this form has one; choose one test with `--filter`: {}",
                drawn.len(),
                drawn.iter().map(|diagram| format!("`{}`", diagram.tests[0])).collect::<Vec<_>>().join(", ")
            ));
            return Exit::Usage;
        }
        output.print(&match self.form {
            Form::Text => diagram::text(&drawn, output.style),
            Form::Mermaid => drawn.iter().map(diagram::mermaid).collect(),
            Form::Svg => drawn.iter().map(diagram::svg).collect(),
            Form::Html => html::diagrams(&drawn),
            Form::Json => diagram::json(&drawn),
        });
        exit
    }

    /// Runs what is selected, each once.
    fn run(&self, output: &mut Output) -> (Vec<Diagram>, Exit) {
        if !self.select.is_given() {
            output.error("name a spec to draw, or a record with `--record`");
            return (Vec::new(), Exit::Usage);
        }
        let found = match self.select.find(None, output) {
            Ok(found) => found,
            Err(exit) => return (Vec::new(), exit),
        };
        let runner = Runner {
            settings: plan::Settings { timeout_factor: self.timeout_factor.unwrap_or(1.0), ..self.select.settings() },
            selection: self.select.selection(),
            ..Runner::default()
        };
        // The right to isolated networks can be had only as long as there is one thread.
        runner.prepare(&found);
        signals::cancel_on_interrupt(&runner.cancel);
        let mut drawing =
            Drawing { runner: &runner, worker: Worker::default(), drawn: Vec::new(), exit: Exit::Success };
        let mut planned = 0;
        for spec in &found {
            planned += drawing.spec(spec, output);
        }
        if planned == 0 && drawing.exit == Exit::Success {
            self.select.explain_nothing(output);
            drawing.exit = Exit::Nothing;
        }
        (drawing.drawn, drawing.exit)
    }
}

/// What has been drawn so far.
struct Drawing<'r> {
    runner: &'r Runner,
    worker: Worker,
    drawn: Vec<Diagram>,
    exit: Exit,
}

impl Drawing<'_> {
    /// Draws the selected tests of a spec, and says how many there are.
    fn spec(&mut self, found: &Found, output: &mut Output) -> usize {
        match self.runner.plan(found) {
            Ok(Some(planned)) => {
                self.tests(&planned, output);
                planned.tests.len()
            }
            Ok(None) => 0,
            Err(result) => {
                explain(&result, output);
                self.exit = self.exit.max(Exit::Invalid);
                1
            }
        }
    }

    fn tests(&mut self, planned: &Planned, output: &mut Output) {
        let options = Options { cancel: self.runner.cancel.clone(), ..Options::default() };
        for test in &planned.tests {
            if self.exit == Exit::Interrupted {
                return;
            }
            if let Some(lacks) = &test.lacks {
                self.could_not(&test.name, lacks, output);
                continue;
            }
            match self.worker.execute(&test.plan, &planned.loaded.source, &options) {
                Ok(execution) => match execution.ended {
                    Ended::Completed => self.drawn.push(Diagram::of(&execution.record)),
                    Ended::Failed => {
                        self.drawn.push(Diagram::of(&execution.record));
                        self.exit = self.exit.max(Exit::Failed);
                    }
                    Ended::CouldNotRun(reason) => self.could_not(&test.name, &reason, output),
                    Ended::Cancelled { .. } => {
                        output.error("interrupted");
                        self.exit = Exit::Interrupted;
                    }
                },
                Err(reason) => self.could_not(&test.name, &reason, output),
            }
        }
    }

    fn could_not(&mut self, test: &str, reason: &str, output: &mut Output) {
        output.error(format!("cannot run {test}: {reason}"));
        self.exit = self.exit.max(Exit::CouldNotRun);
    }
}

/// What is wrong with a spec. It goes to standard error, since the diagrams of others may go into a file.
fn explain(result: &SpecResult, output: &mut Output) {
    let way_out = WayOut::Sockspec { snapshots: None, is_trial: true };
    let style = Style { color: output.style.color && io::stderr().is_terminal(), ..output.style };
    let text = terminal::spec(result, terminal::Options { style, verbose: false, format: Format::Full, way_out });
    output.explain(&text);
}
