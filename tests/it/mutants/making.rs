//! What is made of a spec: each of its steps left out, each expectation changed, each pair of closes exchanged.
//! A mutant is the spec's text with one place of it replaced, so the rest is as somebody wrote it.

use std::net::IpAddr;
use std::ops::Range;

use sockspec::source::Span;
use sockspec::spec::ast::{Call, Expectation, Fails, Form, FormKind, Scalar, Step, StepKind, Verb, Wanted};

/// What has been done to a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A step is gone that does something, or takes something.
    LeftOut,
    /// An expectation says something else.
    Changed,
    /// Two closes stand in each other's place.
    Exchanged,
    /// A step is gone that only looks, `expect`, `assert` or a call that `fails`: what nobody asks for nobody
    /// misses, so these are counted apart.
    Unasked,
}

/// A spec that has been changed.
pub(super) struct Mutant {
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) text: String,
}

/// The mutants of a spec.
pub(super) fn mutants_of(text: &str, steps: &[Step]) -> Vec<Mutant> {
    let mut subject = Subject { text, mutants: Vec::new() };
    subject.list(steps);
    subject.mutants
}

/// A spec whose mutants are made.
struct Subject<'t> {
    text: &'t str,
    mutants: Vec<Mutant>,
}

impl<'t> Subject<'t> {
    fn add(&mut self, kind: Kind, what: &str, text: String) {
        let what = what.lines().next().unwrap_or_default().trim().to_owned();
        self.mutants.push(Mutant { kind, what, text });
    }

    fn slice(&self, span: Span) -> &'t str {
        &self.text[range(span)]
    }

    /// The lines of a step that has them to itself.
    fn lines(&self, span: Span) -> Option<Range<usize>> {
        let Range { start, end } = range(span);
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at + 1);
        let after = self.text[end..to].trim();
        let is_alone = self.text[from..start].trim() == "-" && (after.is_empty() || after.starts_with('#'));
        is_alone.then_some(from..to)
    }

    fn list(&mut self, steps: &[Step]) {
        let mut before: Option<&Step> = None;
        for step in steps {
            self.left_out(step);
            match &step.kind {
                StepKind::Call(call) => {
                    self.changed(call);
                    if is_close(&call.verb)
                        && let Some(other) = before.replace(step)
                    {
                        self.exchanged(other, step);
                    }
                }
                StepKind::Parallel { lanes, .. } => lanes.iter().for_each(|lane| self.list(&lane.steps)),
                StepKind::Repeat { steps, .. } | StepKind::Retry { steps, .. } => self.list(steps),
                _ => {}
            }
        }
    }

    fn left_out(&mut self, step: &Step) {
        let only_looks = match &step.kind {
            StepKind::Call(call) => matches!(call.verb, Verb::Expect { .. }) || call.fails.is_some(),
            StepKind::Assert(_) => true,
            _ => false,
        };
        let Some(lines) = self.lines(step.span) else { return };
        let text = [&self.text[..lines.start], &self.text[lines.end..]].concat();
        self.add(if only_looks { Kind::Unasked } else { Kind::LeftOut }, self.slice(step.span), text);
    }

    fn exchanged(&mut self, one: &Step, other: &Step) {
        let (first, second) = (self.slice(one.span), self.slice(other.span));
        if first == second {
            return;
        }
        let (at, to) = (range(one.span), range(other.span));
        let text = [&self.text[..at.start], second, &self.text[at.end..to.start], first, &self.text[to.end..]].concat();
        self.add(Kind::Exchanged, &format!("{first} and {second}"), text);
    }

    /// Puts another text into a place.
    fn instead(&mut self, place: Range<usize>, new: &str) {
        let text = [&self.text[..place.start], new, &self.text[place.end..]].concat();
        let line = self.text[..place.start].rfind('\n').map_or(0, |at| at + 1);
        let what = text[line..].lines().next().unwrap_or_default().to_owned();
        self.add(Kind::Changed, &what, text);
    }

    fn value(&mut self, value: &Scalar) {
        if let Some(new) = other_value(&value.text) {
            self.instead(range(value.span), &new);
        }
    }

    fn values(&mut self, values: &[Scalar]) {
        for value in values {
            self.value(value);
        }
    }

    fn changed(&mut self, call: &Call) {
        if let Some(Fails::Any(errors)) = &call.fails
            && let [error] = errors.as_slice()
        {
            self.value(error);
        }
        // What fails gives nothing that could be expected.
        if call.fails.is_some() {
            return;
        }
        match &call.verb {
            Verb::Recv { pattern, beside, .. } => {
                self.pattern(pattern);
                let error = beside.errqueue.as_ref();
                let told = error.map(|error| [Some(&error.errno), error.kind.as_ref(), error.code.as_ref()]);
                let told = told.into_iter().flatten().chain([beside.to.as_ref()]).flatten();
                told.for_each(|value| self.value(value));
            }
            Verb::Read { is, truncated, .. } => {
                if let Some(pattern) = is {
                    self.pattern(pattern);
                }
                self.values(truncated.as_slice());
            }
            Verb::Expect { what: Expectation::Any(conditions), status, .. } => {
                for condition in conditions {
                    match condition.text.as_str() {
                        "eof" => self.instead(range(condition.span), "reset"),
                        "reset" | "truncated" => self.instead(range(condition.span), "eof"),
                        _ => {}
                    }
                }
                self.values(status);
            }
            Verb::Expect { what: Expectation::Attributes(attributes), .. } => self.attributes(attributes),
            _ => {}
        }
    }

    fn attributes(&mut self, attributes: &[(Scalar, Wanted)]) {
        for (name, wanted) in attributes {
            match wanted {
                Wanted::Any(events) if name.text == "poll" => self.poll(events),
                Wanted::Any(values) => {
                    if let [value] = values.as_slice() {
                        self.value(value);
                    }
                }
                Wanted::All(parts) => {
                    for value in parts.iter().flat_map(|(_, values)| values) {
                        self.letter(value);
                    }
                }
            }
        }
    }

    /// One event more, and one less.
    fn poll(&mut self, events: &[Scalar]) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let place = first.span.start as usize..last.span.end as usize;
        let words: Vec<&str> = events.iter().map(|event| event.text.as_str()).filter(|word| *word != "none").collect();
        let written = |words: &[&str]| match (words, events.len()) {
            ([], _) => "none".to_owned(),
            ([word], 1) => (*word).to_owned(),
            (_, 1) => format!("[{}]", words.join(", ")),
            _ => words.join(", "),
        };
        let more = ["PRI", "RDHUP", "ERR"].into_iter().find(|word| !words.contains(word));
        self.instead(place.clone(), &written(&[words.as_slice(), more.as_slice()].concat()));
        if let Some((_, fewer)) = words.split_last() {
            // A list of several must stay one.
            let fewer = if fewer.is_empty() && events.len() > 1 { return } else { written(fewer) };
            self.instead(place, &fewer);
        }
    }

    /// Another byte in each part that says which.
    fn pattern(&mut self, pattern: &Form) {
        match &pattern.kind {
            FormKind::Text(text) | FormKind::Fill { fill: text, .. } => self.letter(text),
            FormKind::Hex(digits) => self.digit(digits),
            FormKind::Number { value, is, .. } => {
                [Some(value), is.as_ref()].into_iter().flatten().for_each(|value| self.value(value));
            }
            FormKind::List(parts) | FormKind::AnyOrder(parts) => parts.iter().for_each(|part| self.pattern(part)),
            FormKind::Sized { of, .. } => self.pattern(of),
            FormKind::UntilLast { last, each } => [last, each].into_iter().for_each(|part| self.pattern(part)),
            _ => {}
        }
    }

    /// Another letter in a text.
    fn letter(&mut self, text: &Scalar) {
        let written = self.slice(text.span);
        let is_letter = |(at, byte): &(usize, u8)| byte.is_ascii_alphanumeric() && !written[..*at].ends_with('\\');
        let found = masked(written).bytes().enumerate().rfind(is_letter);
        self.byte(text, found, (b'x', "y"));
    }

    /// Another digit in hexadecimal ones.
    fn digit(&mut self, digits: &Scalar) {
        let found = masked(self.slice(digits.span)).bytes().enumerate().rfind(|(_, byte)| byte.is_ascii_hexdigit());
        self.byte(digits, found, (b'0', "1"));
    }

    fn byte(&mut self, within: &Scalar, found: Option<(usize, u8)>, (usual, other): (u8, &str)) {
        if let Some((at, byte)) = found {
            let start = within.span.start as usize + at;
            let usual_text = char::from(usual).to_string();
            self.instead(start..start + 1, if byte == usual { other } else { &usual_text });
        }
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// A text in which all that is no constant of it is blank: variables, comments, bytes that may be any.
fn masked(written: &str) -> String {
    let open = regex::Regex::new(r"\$\{[^}]*\}|#[^\n]*|\.\.(\{\d+\})?").unwrap();
    open.replace_all(written, |found: &regex::Captures| " ".repeat(found[0].len())).into_owned()
}

fn is_close(verb: &Verb) -> bool {
    matches!(verb, Verb::Close { .. } | Verb::Reset | Verb::Shutdown { .. })
}

fn other_value(text: &str) -> Option<String> {
    let word = match text {
        "true" => "false",
        "false" => "true",
        "ESTABLISHED" => "CLOSED",
        "EINVAL" => "EPIPE",
        _ if sockspec::model::state::TcpState::parse(text).is_some() => "ESTABLISHED",
        _ if sockspec::model::errno::Errno::parse(text).is_some() => "EINVAL",
        _ => match text.parse() {
            Ok(IpAddr::V4(_)) => "127.0.0.99",
            Ok(IpAddr::V6(_)) => "\"::99\"",
            Err(_) => return Some((number(text)? + 1).to_string()),
        },
    };
    Some(word.to_owned())
}

fn number(text: &str) -> Option<u64> {
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok())
}
