//! `files`: what is written into the temporary folder before the first step.

use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::plan::file::{Content, File};
use crate::plan::template::Template;
use crate::source::Span;
use crate::spec::ast::{FileContent, Scalar, StepKind, Verb};

use super::call::Said;
use super::text::Text;
use super::{Builder, later};

/// The variable that holds the path of the folder.
pub(super) const TMP: &str = "tmp";

/// What a file may be used for, whoever its owner is.
const USUAL: u32 = 0o644;
/// The same for a folder.
const USUAL_OF_FOLDER: u32 = 0o755;
/// The bits that chmod(1) knows.
const ALL_BITS: u32 = 0o7777;
/// How many bytes the name of a file may have, as Linux has it.
const LONGEST_NAME: usize = 255;

impl Builder<'_> {
    /// The files, each with its place in the folder.
    pub(super) fn files(&mut self) -> Vec<File> {
        let spec = self.spec;
        self.before_steps = true;
        let mut files: Vec<(File, Span)> = Vec::with_capacity(spec.files.len());
        for written in &spec.files {
            let name = self.path(&written.name);
            let mode = self.optional(written.mode.as_ref(), Self::mode);
            let content = self.content(&written.content);
            let (Some(path), Some(mode), Some(content)) = (name, mode, content) else { continue };
            let usual = if matches!(content, Content::Folder) { USUAL_OF_FOLDER } else { USUAL };
            let file = File { path, content, mode: mode.unwrap_or(usual) };
            if !self.is_in_the_way(&file, written.name.span, &files) {
                files.push((file, written.name.span));
            }
        }
        self.before_steps = false;
        if let Some(tmp) = self.scope.variable_mut(TMP) {
            self.folder_in_files = std::mem::take(&mut tmp.used);
        }
        files.into_iter().map(|(file, _)| file).collect()
    }

    /// Whether something uses the path of the folder. Reports files that no step can come upon.
    pub(super) fn uses_folder(&mut self) -> bool {
        let in_steps = self.scope.variable(TMP).is_some_and(|tmp| tmp.used);
        if !in_steps {
            self.report_unused_files();
        }
        in_steps || self.folder_in_files
    }

    fn report_unused_files(&mut self) {
        let Some(first) = self.spec.files.first() else { return };
        if self.incomplete || later::any(&self.spec.steps, &|step| step.faulty || may_use_files(&step.kind)) {
            return;
        }
        let message = format!("no step uses the file `{}`, or the folder that it is in", first.name.text);
        self.report(
            Diagnostic::warning("unused-file", first.name.span, message)
                .help("`${tmp}` is the path of the folder; `{open: NAME}` reads a file of it"),
        );
    }

    /// A path inside of the folder.
    fn path(&mut self, name: &Scalar) -> Option<PathBuf> {
        let word = self.word(name)?;
        let path = word.text.as_ref();
        let wrong = if path.starts_with('/') {
            Some((
                format!("`{path}` is an absolute path"),
                "files are written into the test's own folder: leave the first `/` out",
            ))
        } else if path.contains('\0') {
            Some(("a path has no zero byte".to_owned(), "write a name such as `conf/site.conf`"))
        } else {
            wrong_part(path)
        };
        match wrong {
            Some((message, help)) => {
                self.report(Diagnostic::error("bad-path", name.span, message).help(help));
                None
            }
            None => Some(PathBuf::from(path.trim_end_matches('/'))),
        }
    }

    /// Octal digits, however YAML would read them.
    fn mode(&mut self, mode: &Scalar) -> Option<u32> {
        let word = self.word(mode)?;
        let digits = word.text.strip_prefix("0o").unwrap_or(&word.text);
        let parsed = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= ALL_BITS && !digits.starts_with('+'));
        if parsed.is_none() {
            let message = format!("`{}` is not a mode", word.text);
            self.report(
                Diagnostic::error("bad-mode", mode.span, message)
                    .help("write octal digits, as chmod takes them: `0644`, `0600`, `0755`"),
            );
        }
        parsed
    }

    /// `open`: a path that is read.
    pub(super) fn open_file(&mut self, path: &Scalar) -> Option<Said> {
        let text = self.text(path)?;
        let words = format!("open {}", text.shown());
        let template = match text {
            Text::Known(text) if text.is_empty() || text.contains('\0') => {
                self.report(
                    Diagnostic::error("bad-path", path.span, "this is not the path of a file")
                        .help("write a path below `${tmp}`, such as `spool/mail.txt`, or an absolute one"),
                );
                return None;
            }
            Text::Known(text) => Template::literal(text, path.span),
            Text::Open(template) => template,
        };
        Some(Said::new(plan::Verb::Open(template), words))
    }

    fn content(&mut self, content: &FileContent) -> Option<Content> {
        Some(match content {
            FileContent::Text(text) => match self.text(text)? {
                Text::Known(text) => Content::Bytes(text.as_bytes().into()),
                Text::Open(template) => Content::Text(template),
            },
            FileContent::Base64(text) => Content::Bytes(self.base64(text)?.into()),
            FileContent::Folder => Content::Folder,
        })
    }

    /// Whether a file cannot be where another is; that is reported. A folder may be named that
    /// another file makes anyway.
    fn is_in_the_way(&mut self, file: &File, span: Span, files: &[(File, Span)]) -> bool {
        let is_folder = |file: &File| matches!(file.content, Content::Folder);
        let found = files.iter().find_map(|(other, place)| {
            let what = if other.path == file.path {
                "is named twice"
            } else if !is_folder(other) && file.path.starts_with(&other.path)
                || !is_folder(file) && other.path.starts_with(&file.path)
            {
                "cannot be both a file and a folder"
            } else {
                return None;
            };
            let shared = if file.path.starts_with(&other.path) { &other.path } else { &file.path };
            Some((format!("`{}` {what}", shared.display()), *place))
        });
        let Some((message, place)) = found else { return false };
        self.report(
            Diagnostic::error("name-collision", span, message)
                .related(place, "first used here")
                .help("give one of them another name"),
        );
        true
    }
}

/// A part of a path that no file of the folder can have.
fn wrong_part(path: &str) -> Option<(String, &'static str)> {
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    parts.find_map(|part| match part {
        ".." => Some((
            format!("`{path}` leads out of the folder"),
            "files are written into the test's own folder: leave the `..` out",
        )),
        "" | "." => Some((
            format!("`{path}` is not a plain path"),
            "write a name such as `conf/site.conf`, without empty parts",
        )),
        part if part.len() > LONGEST_NAME => {
            Some((format!("the name of a file has at most {LONGEST_NAME} bytes"), "write a shorter one"))
        }
        _ => None,
    })
}

/// Whether a step may come upon files without naming the folder: a program runs in it.
fn may_use_files(step: &StepKind) -> bool {
    match step {
        StepKind::Call(call) => !is_of_socket(&call.verb),
        StepKind::Parallel { .. }
        | StepKind::Repeat { .. }
        | StepKind::Retry { .. }
        | StepKind::Include(_)
        | StepKind::Barrier { .. }
        | StepKind::Link(_)
        | StepKind::Let(_)
        | StepKind::Assert(_)
        | StepKind::Pause(_) => false,
        // It could not be read.
        StepKind::Broken { .. } => true,
    }
}

fn is_of_socket(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Socket { .. }
            | Verb::Bind { .. }
            | Verb::Listen { .. }
            | Verb::Accept { .. }
            | Verb::Connect { .. }
            | Verb::Pair { .. }
            | Verb::Dup { .. }
            | Verb::Send { .. }
            | Verb::Recv { .. }
            | Verb::Read { .. }
            | Verb::Expect { .. }
            | Verb::Shutdown { .. }
            | Verb::Close { .. }
            | Verb::Reset
            | Verb::Disconnect
            | Verb::Tls(_)
            | Verb::Set { .. }
    )
}
