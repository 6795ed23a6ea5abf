//! Which lines of a catalogue specs show, and what is wrong with that.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::find::Found;
use super::load::Loaded;
use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::plan::Settings;
use crate::source::SourceFile;
use crate::spec::ast::Scalar;
use crate::spec::catalogue::{Catalogue, Line};

/// The code of a line that no spec shows.
const NOT_SHOWN: &str = "not-shown";

/// A catalogue, and what specs show of it.
#[derive(Debug)]
pub struct Coverage {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// Of how many lines those are the ones that the specs show, where these are only a part of all specs.
    pub part_of: Option<usize>,
    /// Its file.
    pub file: Arc<SourceFile>,
    /// The specs that name lines, in the order of their names.
    pub specs: Vec<Shows>,
    /// How many specs there are, with those that name none.
    pub all: usize,
    /// What is wrong: lines that nothing shows, ids that are unknown.
    pub findings: Vec<Finding>,
    /// Specs that are wrong themselves, so that what they show is not certain.
    pub invalid: Vec<Finding>,
}

/// A spec that shows lines of a catalogue.
#[derive(Debug)]
pub struct Shows {
    /// The spec's name.
    pub name: String,
    /// The file, as messages call it.
    pub path: PathBuf,
    /// What it shows, in a sentence.
    pub about: String,
    /// The ids of the lines.
    pub ids: Vec<Scalar>,
    file: Arc<SourceFile>,
}

/// Something that is wrong, with the file that it is found in.
#[derive(Debug)]
pub struct Finding {
    /// The file.
    pub file: Arc<SourceFile>,
    /// What.
    pub diagnostic: Diagnostic,
}

/// How many lines are shown, and how many are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All lines.
    pub lines: usize,
    /// Those that a spec shows.
    pub shown: usize,
    /// Those that none can show, for a reason that the catalogue gives.
    pub excused: usize,
    /// Those that nothing shows, without a reason.
    pub missing: usize,
}

impl Coverage {
    /// Reads the specs, and compares their ids with the lines of a catalogue that is in order.
    ///
    /// # Errors
    /// Where a spec cannot be read; with its path.
    pub fn of(catalogue: Catalogue, file: SourceFile, found: &[Found]) -> Result<Self, (PathBuf, io::Error)> {
        let settings = Settings { allow_net: true, ..Settings::default() };
        let (mut specs, mut invalid) = (Vec::new(), Vec::new());
        for found in found {
            let loaded = Loaded::read(found, &settings).map_err(|error| (found.path.clone(), error))?;
            let (about, ids) = (loaded.details().about, loaded.spec.ids.clone());
            let wrong = loaded.is_invalid();
            if ids.is_empty() && !wrong {
                continue;
            }
            let file = Arc::new(loaded.source);
            let finding = |diagnostic| Finding { file: Arc::clone(&file), diagnostic };
            invalid.extend(loaded.findings.into_iter().filter(super::load::is_error).map(finding));
            specs.push(Shows { name: found.name.clone(), path: found.path.clone(), about, ids, file });
        }
        let (file, findings) = (Arc::new(file), Vec::new());
        let mut coverage = Self { catalogue, part_of: None, file, specs, all: found.len(), findings, invalid };
        coverage.findings = coverage.wrong_lines().into_iter().chain(coverage.unknown_ids()).collect();
        coverage.specs.retain(|spec| !spec.ids.is_empty());
        Ok(coverage)
    }

    /// The specs that show a line.
    pub fn specs_of<'a>(&'a self, line: &'a Line) -> impl Iterator<Item = &'a Shows> {
        self.specs.iter().filter(|spec| spec.shows(line))
    }

    /// Keeps these lines alone, with what there is to say of them.
    ///
    /// # Errors
    /// Where the catalogue has no such line; a sentence about that.
    pub fn keep(&mut self, ids: &[String]) -> Result<(), String> {
        let known = || self.catalogue.lines().map(|line| line.id.text.as_str());
        if let Some(unknown) = ids.iter().find(|id| !known().any(|known| known == *id)) {
            let near = nearest(unknown, known()).map(|near| format!("; did you mean `{near}`?"));
            let name = self.file.name();
            return Err(format!("the catalogue {name} has no line `{unknown}`{}", near.unwrap_or_default()));
        }
        self.keep_lines(|line, _| ids.contains(&line.id.text));
        Ok(())
    }

    /// Keeps the lines that have a note on a platform, and of their notes those, whatever the case of the letters.
    ///
    /// # Errors
    /// Where no line has one; a sentence about that.
    pub fn keep_platform(&mut self, platform: &str) -> Result<(), String> {
        let words = [platform.to_lowercase()];
        let mut noted: Vec<String> = Vec::new();
        for section in &mut self.catalogue.sections {
            for line in &mut section.lines {
                noted.extend(line.notes.iter().map(|note| note.platform.clone()));
                line.notes.retain(|note| has_one(&note.platform, &words));
            }
        }
        self.keep_lines(|line, _| !line.notes.is_empty());
        if self.catalogue.sections.is_empty() {
            let near = nearest(platform, noted.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("no line has a note on `{platform}`{near}"));
        }
        Ok(())
    }

    /// Keeps the lines with one of these texts in them, in their notes, or in the name of a spec that shows them,
    /// whatever the case of the letters.
    ///
    /// # Errors
    /// Where there is no such line; a sentence about that.
    pub fn keep_with(&mut self, texts: &[String]) -> Result<(), String> {
        let words: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.keep_lines(|line, specs| {
            let notes = line.notes.iter().flat_map(|note| [&note.platform, &note.text].into_iter().chain(&note.refs));
            let reason = line.not_shown.iter().map(|(reason, _)| reason);
            let specs = specs.iter().filter(|spec| spec.shows(line)).map(|spec| &spec.name);
            [&line.text].into_iter().chain(notes).chain(reason).chain(specs).any(|text| has_one(text, &words))
        });
        if self.catalogue.sections.is_empty() {
            let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
            return Err(format!("no line has {} in it, in its notes or in the name of a spec", texts.join(" or ")));
        }
        Ok(())
    }

    /// Keeps some lines alone, with what there is to say of them.
    fn keep_lines(&mut self, is_kept: impl Fn(&Line, &[Shows]) -> bool) {
        for section in &mut self.catalogue.sections {
            section.lines.retain(|line| is_kept(line, &self.specs));
        }
        self.catalogue.sections.retain(|section| !section.lines.is_empty());
        self.specs.retain(|spec| self.catalogue.lines().any(|line| spec.shows(line)));
        self.findings = self.wrong_lines();
    }

    /// Keeps the lines that the specs show, where these are only some of all: the others may be shown elsewhere.
    pub fn keep_shown(&mut self) {
        self.part_of = Some(self.catalogue.lines().count());
        let shown: HashSet<&str> = self.specs.iter().flat_map(|spec| &spec.ids).map(|id| id.text.as_str()).collect();
        for section in &mut self.catalogue.sections {
            section.lines.retain(|line| shown.contains(line.id.text.as_str()));
        }
        self.catalogue.sections.retain(|section| !section.lines.is_empty());
        self.findings.retain(|finding| finding.diagnostic.code != NOT_SHOWN);
    }

    /// How many lines are shown.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for line in self.catalogue.lines() {
            totals.lines += 1;
            *match (self.specs_of(line).next(), &line.not_shown) {
                (Some(_), _) => &mut totals.shown,
                (None, Some(_)) => &mut totals.excused,
                (None, None) => &mut totals.missing,
            } += 1;
        }
        totals
    }

    /// Lines that nothing shows, and those whose reason for that is none any more.
    fn wrong_lines(&self) -> Vec<Finding> {
        let finding = |diagnostic| Finding { file: Arc::clone(&self.file), diagnostic };
        let wrong = |line: &Line| match (self.specs_of(line).next(), &line.not_shown) {
            (None, None) => Some(finding(not_shown(&line.id))),
            (Some(spec), Some((_, span))) => {
                let id = &line.id.text;
                let message = format!("line `{id}` has a reason why nothing shows it, and a spec that does");
                let place = spec.file.location(spec.id(id).span.start);
                let place = format!("{}:{}:{}", spec.path.display(), place.line, place.column);
                Some(finding(
                    Diagnostic::error("needless-reason", *span, message)
                        .help(format!("take `not_shown` away where {place} shows all of it, else the id there")),
                ))
            }
            _ => None,
        };
        self.catalogue.lines().filter_map(wrong).collect()
    }

    fn unknown_ids(&self) -> Vec<Finding> {
        let known: HashSet<&str> = self.catalogue.lines().map(|line| line.id.text.as_str()).collect();
        let mut findings = Vec::new();
        for spec in &self.specs {
            for id in spec.ids.iter().filter(|id| !known.contains(id.text.as_str())) {
                let message = format!("the catalogue has no line `{}`", id.text);
                let finding = Diagnostic::error("unknown-id", id.span, message);
                let near = nearest(&id.text, self.catalogue.lines().map(|line| line.id.text.as_str()));
                let name = self.file.name();
                let help = match near {
                    Some(near) => format!("did you mean `{near}`? The lines are in {name}"),
                    None => format!("add the line to {name}, or take the id away"),
                };
                findings.push(Finding { file: Arc::clone(&spec.file), diagnostic: finding.help(help) });
            }
        }
        findings
    }
}

impl Shows {
    fn shows(&self, line: &Line) -> bool {
        self.ids.iter().any(|id| id.text == line.id.text)
    }

    /// Its id of that name, which it has.
    fn id(&self, name: &str) -> &Scalar {
        let id = self.ids.iter().find(|id| id.text == name);
        id.unwrap_or_else(|| unreachable!("`{name}` is one of its ids"))
    }
}

/// Whether one of these words, in small letters, is in a text.
fn has_one(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

fn not_shown(id: &Scalar) -> Diagnostic {
    let message = format!("no spec shows line `{}`", id.text);
    Diagnostic::error(NOT_SHOWN, id.span, message)
        .help(format!("write `id: {}` into a spec that shows it", id.text))
        .help("where none can, give the reason: `not_shown: …`")
}
