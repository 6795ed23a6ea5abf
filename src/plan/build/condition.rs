//! `expect`: what a step waits for.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::option::{self, OPTIONS, SocketOption};
use crate::model::state::TcpState;
use crate::plan::{Attribute, AttributeCheck, Condition, Number, Target, Verb};
use crate::source::Span;
use crate::spec::ast::{Expectation, Scalar, Wanted};

use super::Builder;
use super::call::Said;
use super::target::Purpose;

/// The conditions, as they are written.
const CONDITIONS: [&str; 7] = ["eof", "reset", "truncated", "silence", "readable", "writable", "exit"];

/// The attributes, as they are written, apart from the options.
const ATTRIBUTES: [&str; 7] = ["state", "local", "peer", "unread", "unsent", "queue", "tls"];

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
        } else if let Some(near) = nearest(text, CONDITIONS) {
            let time = if near == "silence" && !has_for { ", for: 200ms" } else { "" };
            finding.help(format!("did you mean `{near}{time}`?"))
        } else {
            finding.help(
                "write eof, reset, truncated, silence, readable, writable or exit, or attributes: `{expect: {unread: 5}}`",
            )
        });
    }

    fn attributes(&mut self, written: &[(Scalar, Wanted)]) -> Option<Said> {
        let mut words = "expect".to_owned();
        let mut attributes = Vec::with_capacity(written.len());
        let mut sound = true;
        for (key, wanted) in written {
            let attribute = match wanted {
                Wanted::Any(values) => self.attribute(key, values),
                Wanted::All(agreed) => self.agreed(key, agreed),
            };
            match attribute {
                Some(attribute) => {
                    words.push(' ');
                    words.push_str(&attribute.shown);
                    attributes.push(attribute);
                }
                None => sound = false,
            }
        }
        sound.then(|| Said::new(Verb::ExpectAttributes(attributes), words))
    }

    fn attribute(&mut self, key: &Scalar, values: &[Scalar]) -> Option<Attribute> {
        let mut shown = Vec::with_capacity(values.len());
        let word = self.word(key)?;
        let check = match word.text.as_ref() {
            "state" => AttributeCheck::State(self.each(values, &mut shown, Self::state)?),
            "local" => AttributeCheck::Local(self.each(values, &mut shown, Self::address_value)?),
            "peer" => AttributeCheck::Peer(self.each(values, &mut shown, Self::address_value)?),
            "unread" => AttributeCheck::Unread(self.each(values, &mut shown, Self::size_value)?),
            "unsent" => AttributeCheck::Unsent(self.each(values, &mut shown, Self::size_value)?),
            "queue" => AttributeCheck::Queue(self.each(values, &mut shown, Self::size_value)?),
            name => {
                let option = self.readable_option(name, key.span)?;
                let read = |builder: &mut Self, value: &Scalar| builder.option_value(option, value);
                AttributeCheck::Option(option, self.each(values, &mut shown, read)?)
            }
        };
        let shown = match shown.as_slice() {
            [one] => format!("{}={one}", word.shown()),
            several => format!("{}=[{}]", word.shown(), several.join(", ")),
        };
        Some(Attribute { span: key.span, shown, check })
    }

    /// An option that getsockopt(2) knows.
    fn readable_option(&mut self, name: &str, span: Span) -> Option<&'static SocketOption> {
        let Some(option) = option::find(name) else {
            self.unknown_attribute(name, span);
            return None;
        };
        if !option.can_be_read() {
            let finding = Diagnostic::error("write-only-option", span, format!("`{name}` can be set, not asked for"));
            self.report(finding.help("what a member receives tells of its membership: `recv`, or `expect: silence`"));
            return None;
        }
        Some(option)
    }

    fn unknown_attribute(&mut self, name: &str, span: Span) {
        let conditions = CONDITIONS.contains(&name);
        let finding = Diagnostic::error("unknown-attribute", span, format!("unknown attribute `{name}`"));
        let known = ATTRIBUTES.into_iter().chain(OPTIONS.iter().map(|option| option.name));
        self.report(if conditions {
            finding.help(format!("`{name}` is a condition: write `{{expect: {name}}}`"))
        } else if let Some(near) = nearest(name, known) {
            finding.help(format!("did you mean `{near}`?"))
        } else {
            finding.help(format!("the attributes are {}, and every socket option", ATTRIBUTES.join(", ")))
        });
    }

    /// Every value, with how a trace shows it.
    pub(super) fn each<T>(
        &mut self,
        values: &[Scalar],
        shown: &mut Vec<String>,
        mut read: impl FnMut(&mut Self, &Scalar) -> Option<(T, String)>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::with_capacity(values.len());
        let mut sound = true;
        for value in values {
            match read(self, value) {
                Some((value, words)) => {
                    all.push(value);
                    shown.push(words);
                }
                None => sound = false,
            }
        }
        sound.then_some(all)
    }

    fn state(&mut self, value: &Scalar) -> Option<(TcpState, String)> {
        let word = self.word(value)?;
        if let Some(state) = TcpState::parse(&word.text) {
            return Some((state, word.shown().to_owned()));
        }
        let names = TcpState::ALL.into_iter().map(TcpState::name);
        let finding = Diagnostic::error("unknown-state", value.span, format!("unknown TCP state `{}`", word.text));
        let meant = TcpState::meant(&word.text).map(TcpState::name).or_else(|| nearest(&word.text, names.clone()));
        self.report(if let Some(near) = meant {
            finding.help(format!("did you mean `{near}`? The names are those of RFC 9293"))
        } else {
            let all: Vec<&str> = names.collect();
            finding.help(format!("the states are {}", all.join(", ")))
        });
        None
    }

    fn address_value(&mut self, value: &Scalar) -> Option<(Target, String)> {
        self.target(value, Purpose::Compare).map(|shown| (shown.target, shown.words))
    }

    fn size_value(&mut self, value: &Scalar) -> Option<(Number, String)> {
        let shown = self.text(value)?.shown().into_owned();
        self.size(value).map(|size| (size, shown))
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
