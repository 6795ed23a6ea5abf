//! `sockspec coverage`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::config::{Configure, or_path};
use super::named::Standpoint;
use super::output::Output;
use crate::diagnostic::{Format, render};
use crate::plan::Settings;
use crate::report;
use crate::source::SourceFile;
use crate::spec::catalogue::Catalogue;
use crate::suite::coverage::{Coverage as Covered, Finding};
use crate::suite::{Config, Found, Layout, Selection, parts};

/// Tell which lines of a catalogue the specs show, by their `id`
#[derive(Debug, Args)]
pub(super) struct Coverage {
    /// Specs, or folders of specs, by path or by name; the tree that one is in, or `specs`, if none is given. Of a part
    /// of the tree only the lines that it shows are told, and no line is missed
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The catalogue; the one that `sockspec.toml` names if not given
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,

    /// Only these lines of it, by their ids
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    id: Vec<String>,

    /// Only lines with a note on this platform, such as `macos`, and of their notes only those
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,

    /// Only lines with this text in them, in their notes, or in the name of a spec that shows them, in capitals or small
    /// letters (may be repeated: with one of them)
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// Show it on a terminal, as one object of JSON, or as a page of Markdown beside the catalogue
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CoverageFormat,

    /// Where specs are, if none are named.
    #[arg(skip)]
    usual: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CoverageFormat {
    #[default]
    Text,
    Json,
    Markdown,
}

impl Configure for Coverage {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.catalogue, config, config.catalogue.as_ref());
        self.usual = config.roots();
    }
}

impl Coverage {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if self.format != CoverageFormat::Text {
            output.keep_for_data();
        }
        let covered = match self.covered(output) {
            Ok(covered) => covered,
            Err(exit) => return exit,
        };
        match self.format {
            CoverageFormat::Text => output.print(&report::coverage::text(&covered, output.style)),
            CoverageFormat::Json => output.data(&report::coverage::json(&covered)),
            CoverageFormat::Markdown => output.data(&report::coverage::markdown(&covered)),
        }
        for finding in covered.invalid.iter().chain(&covered.findings) {
            show(finding, output);
        }
        match covered {
            Covered { invalid, .. } if !invalid.is_empty() => Exit::Invalid,
            Covered { findings, .. } if !findings.is_empty() => Exit::Failed,
            _ => Exit::Success,
        }
    }

    /// The catalogue with the specs, or the exit code where one of them is not there; that is then explained.
    fn covered(&self, output: &mut Output) -> Result<Covered, Exit> {
        let (catalogue, file) = self.catalogue(output)?;
        let (found, is_part) = self.specs(output)?;
        let mut covered = Covered::of(catalogue, file, &found).map_err(|(path, error)| {
            output.error(format!("cannot read {}: {error}", path.display()));
            Exit::CouldNotRun
        })?;
        if !self.id.is_empty() {
            covered.keep(&self.id).map_err(|error| {
                output.error(error);
                Exit::Usage
            })?;
        }
        self.search(&mut covered).map_err(|error| {
            output.error(format!("nothing is selected: {error}"));
            Exit::Nothing
        })?;
        if is_part {
            covered.keep_shown();
        }
        Ok(covered)
    }

    /// Keeps the lines that are looked for; a sentence where there are none.
    fn search(&self, covered: &mut Covered) -> Result<(), String> {
        if let Some(platform) = &self.platform {
            covered.keep_platform(platform)?;
        }
        if !self.filter.is_empty() {
            covered.keep_with(&self.filter)?;
        }
        Ok(())
    }

    fn catalogue(&self, output: &mut Output) -> Result<(Catalogue, SourceFile), Exit> {
        let Some(path) = &self.catalogue else {
            output.error(
                "there is no catalogue; name one by `--catalogue FILE`, or in sockspec.toml: `catalogue = \"FILE\"`",
            );
            return Err(Exit::Usage);
        };
        let file = SourceFile::read(path, path.to_string_lossy()).map_err(|error| {
            output.error(format!("cannot read the catalogue {}: {error}", path.display()));
            Exit::CouldNotRun
        })?;
        let (catalogue, findings) = Catalogue::parse(&file);
        if findings.is_empty() {
            return Ok((catalogue, file));
        }
        for finding in &findings {
            output.print(&(render(&file, finding, Format::Full, output.style) + "\n"));
        }
        Err(Exit::Invalid)
    }

    /// The specs, and whether they are a part of their tree, so that others may show what these do not.
    fn specs(&self, output: &mut Output) -> Result<(Vec<Found>, bool), Exit> {
        let (layout, standpoint) = (Layout::Nearest { snapshots: None }, Standpoint::new(&self.usual));
        let mut found = standpoint.find(&self.paths, &layout).map_err(|lack| lack.tell(output))?;
        let is_part = !self.paths.is_empty() && standpoint.is_part(&found);
        parts::keep_specs(&mut found, &Selection::default(), &Settings::default());
        Ok((found, is_part))
    }
}

fn show(finding: &Finding, output: &mut Output) {
    output.print(&(render(&finding.file, &finding.diagnostic, Format::Full, output.style) + "\n"));
}
