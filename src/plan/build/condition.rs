//! `expect`: what a step waits for.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::option;
use crate::model::state::TcpState;
use crate::plan::{Condition, Verb};
use crate::source::Span;
use crate::spec::ast::{Expectation, Scalar};
use crate::spec::words::{ATTRIBUTES, find};

use super::Builder;
use super::call::Said;

/// The conditions, as they are written.
pub(super) const CONDITIONS: [&str; 7] = ["eof", "reset", "truncated", "silence", "readable", "writable", "exit"];

impl Builder<'_> {
    /// `expect`: conditions, or attributes.
    pub(super) fn expect(
        &mut self,
        what: &Expectation,
        duration: Option<&Scalar>,
        status: &[Scalar],
        from: Option<&Scalar>,
        verb: Span,
    ) -> Option<Said> {
        let stderr = self.optional(from, Self::stderr)?.is_some();
        match what {
            Expectation::Any(words) => self.conditions(words, duration, status, stderr),
            Expectation::Attributes(attributes) => {
                if let Some(duration) = duration {
                    self.for_without_silence(duration.span);
                    return None;
                }
                if attributes.is_empty() {
                    self.nothing_expected(verb);
                    return None;
                }
                self.attributes(attributes)
            }
        }
        .filter(|said| !matches!(&said.verb, Verb::Expect { conditions, .. } if conditions.is_empty()))
    }

    fn nothing_expected(&mut self, span: Span) {
        self.report(
            Diagnostic::error("empty-expect", span, "`expect` names nothing to wait for")
                .help("write a condition such as `eof`, or attributes such as `{state: ESTABLISHED}`"),
        );
    }

    fn for_without_silence(&mut self, span: Span) {
        self.report(
            Diagnostic::error(
                "for-without-silence",
                span,
                "`for` says how long `silence` lasts, which is not expected here",
            )
            .help("leave `for` out, or write `within` for a deadline"),
        );
    }

    /// The one stream that may be named.
    fn stderr(&mut self, from: &Scalar) -> Option<()> {
        let word = self.word(from)?;
        if word.text != "stderr" {
            self.report(
                Diagnostic::error("unknown-stream", from.span, format!("`expect` takes nothing from `{}`", word.text))
                    .help("write `from: stderr` for the error output of a program, or leave it out"),
            );
            return None;
        }
        Some(())
    }

    fn conditions(
        &mut self,
        words: &[Scalar],
        duration: Option<&Scalar>,
        status: &[Scalar],
        stderr: bool,
    ) -> Option<Said> {
        let statuses = self.statuses(status);
        let time = match duration {
            Some(duration) => Some(self.duration(duration)?),
            None => None,
        };
        let mut conditions = Vec::with_capacity(words.len());
        let mut shown = Vec::with_capacity(words.len());
        for written in words {
            let word = self.word(written)?;
            let condition = self.condition(&word.text, written, time)?;
            shown.push(match condition {
                Condition::Silence(time) => format!("silence {}", crate::model::duration::show(time)),
                Condition::Exit => shown_exit(statuses.as_ref().map_or(&[], |(_, shown)| shown)),
                _ => word.shown().to_owned(),
            });
            conditions.push(condition);
        }
        let silent = conditions.iter().any(|condition| matches!(condition, Condition::Silence(_)));
        if let (Some(duration), false) = (duration, silent) {
            self.for_without_silence(duration.span);
            return None;
        }
        let words = match shown.as_slice() {
            // An end can only be seen; a reset can be seen and made, so this one says which.
            [one] if conditions == [Condition::Reset] => format!("expect {one}"),
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let suffix = if stderr { vec!["from stderr".to_owned()] } else { Vec::new() };
        Some(Said { verb: Verb::Expect { conditions, status: statuses?.0, stderr }, words, suffix })
    }

    fn condition(&mut self, text: &str, written: &Scalar, time: Option<Duration>) -> Option<Condition> {
        match (text, time) {
            ("eof", _) => Some(Condition::Eof),
            ("truncated", _) => Some(Condition::Truncated),
            ("reset", _) => Some(Condition::Reset),
            ("readable", _) => Some(Condition::Readable),
            ("writable", _) => Some(Condition::Writable),
            ("exit", _) => Some(Condition::Exit),
            ("silence", Some(time)) => Some(Condition::Silence(time)),
            ("silence", None) => {
                self.report(
                    Diagnostic::error("silence-without-for", written.span, "`silence` does not say for how long")
                        .help("write `{expect: silence, for: 200ms}`"),
                );
                None
            }
            _ => {
                self.unknown_condition(text, written.span, time.is_some());
                None
            }
        }
    }

    fn unknown_condition(&mut self, text: &str, span: Span, has_for: bool) {
        let finding = Diagnostic::error("unknown-condition", span, format!("`expect` knows no `{text}`"));
        // States are in capitals: `CLOSED` is one, `closed` means the end.
        self.report(if TcpState::parse(text).is_some() {
            finding.help(format!("write `{{expect: {{state: {text}}}}}`"))
        } else if find(ATTRIBUTES, text).is_some() || option::find(text).is_some() {
            finding.help(format!("`{text}` is an attribute, and has a value: write `{{expect: {{{text}: …}}}}`"))
        } else if let Some(near) = nearest(text, CONDITIONS) {
            let time = if near == "silence" && !has_for { ", for: 200ms" } else { "" };
            finding.help(format!("did you mean `{near}{time}`?"))
        } else {
            finding.help(
                "write eof, reset, truncated, silence, readable, writable or exit, or attributes: `{expect: {unread: 5}}`",
            )
        });
    }
}

/// How a trace shows that a program has ended, in one of these ways.
fn shown_exit(statuses: &[String]) -> String {
    match statuses {
        [] => "exit".to_owned(),
        [one] => format!("exit {one}"),
        several => format!("exit [{}]", several.join(", ")),
    }
}
