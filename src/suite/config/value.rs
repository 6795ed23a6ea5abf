//! Values of settings, read as what they must be.

use std::num::NonZeroUsize;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Key, REPORTS};
use super::{Tag, place};
use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::source::{SourceFile, Span};

/// The value of a setting.
pub(super) struct Value<'a> {
    pub(super) file: &'a SourceFile,
    key: &'a Key,
    written: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    pub(super) fn new(file: &'a SourceFile, key: &'a Key, written: &'a Spanned<DeValue<'a>>) -> Self {
        Self { file, key, written }
    }

    pub(super) fn boolean(&self, findings: &mut Vec<Diagnostic>) -> Option<bool> {
        match self.written.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.is_wrong(self.written, findings),
        }
    }

    pub(super) fn text(&self, findings: &mut Vec<Diagnostic>) -> Option<String> {
        self.text_of(self.written, findings)
    }

    /// One text, or several.
    pub(super) fn texts(&self, findings: &mut Vec<Diagnostic>) -> Vec<String> {
        self.all().into_iter().filter_map(|value| self.text_of(value, findings)).collect()
    }

    /// One tag, or several.
    pub(super) fn tags(&self, findings: &mut Vec<Diagnostic>) -> Vec<Tag> {
        let tag = |value: &Spanned<DeValue<'_>>, text| Tag { text, span: span(value), place: self.place(value) };
        self.all().into_iter().filter_map(|value| self.text_of(value, findings).map(|text| tag(value, text))).collect()
    }

    /// What is written: one value, or those of a list.
    fn all(&self) -> Vec<&'a Spanned<DeValue<'a>>> {
        match self.written.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![self.written],
        }
    }

    /// Reports, `FORM` or `FORM=FILE`.
    pub(super) fn reports(&self, findings: &mut Vec<Diagnostic>) -> Vec<String> {
        let all = self.texts(findings);
        let form = |text: &str| text.split_once('=').map_or(text, |(form, _)| form).to_owned();
        for unknown in all.iter().map(|text| form(text)).filter(|form| !REPORTS.contains(&form.as_str())) {
            let help = match nearest(&unknown, REPORTS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", REPORTS.join(", ")),
            };
            let finding =
                Diagnostic::error("unknown-report", span(self.written), format!("there is no report `{unknown}`"));
            findings.push(finding.help(help));
        }
        all
    }

    /// One of these words.
    pub(super) fn word(&self, words: &[&str], findings: &mut Vec<Diagnostic>) -> Option<String> {
        match self.written.get_ref() {
            DeValue::String(text) if words.contains(&text.as_ref()) => Some(text.clone().into_owned()),
            _ => self.is_wrong(self.written, findings),
        }
    }

    /// A number of times, which may be none.
    pub(super) fn number(&self, findings: &mut Vec<Diagnostic>) -> Option<u32> {
        match integer(self.written.get_ref()).and_then(|number| number.try_into().ok()) {
            Some(number) => Some(number),
            None => self.is_wrong(self.written, findings),
        }
    }

    pub(super) fn count(&self, findings: &mut Vec<Diagnostic>) -> Option<NonZeroUsize> {
        match integer(self.written.get_ref()).and_then(|number| NonZeroUsize::new(number.try_into().ok()?)) {
            Some(count) => Some(count),
            None => self.is_wrong(self.written, findings),
        }
    }

    /// A number over 0, with or without a point.
    pub(super) fn factor(&self, findings: &mut Vec<Diagnostic>) -> Option<f64> {
        let number = match self.written.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|number: &f64| number.is_finite() && *number > 0.0) {
            Some(factor) => Some(factor),
            None => self.is_wrong(self.written, findings),
        }
    }

    pub(super) fn table(&self, findings: &mut Vec<Diagnostic>) -> Option<&'a DeTable<'a>> {
        match self.written.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.is_wrong(self.written, findings),
        }
    }

    /// Where something stands, as messages call it.
    pub(super) fn place<T>(&self, of: &Spanned<T>) -> String {
        place(self.file, span(of))
    }

    /// A text with something in it: none of the settings means anything without.
    fn text_of(&self, value: &Spanned<DeValue<'_>>, findings: &mut Vec<Diagnostic>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Some(text.clone().into_owned()),
            _ => self.is_wrong(value, findings),
        }
    }

    fn is_wrong<T>(&self, value: &Spanned<DeValue<'_>>, findings: &mut Vec<Diagnostic>) -> Option<T> {
        let Key { name, form, example, .. } = self.key;
        let message = format!("`{name}` must be {form}, not {}", kind(value.get_ref()));
        findings.push(Diagnostic::error("wrong-type", span(value), message).help(format!("write `{example}`")));
        None
    }
}

pub(super) fn span<T>(of: &Spanned<T>) -> Span {
    Span::new(of.span().start, of.span().end)
}

/// A whole number, in whatever base.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "an empty text".to_owned(),
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("{number}"),
        DeValue::Float(number) => format!("{number}"),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(_) => "a date or a time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
