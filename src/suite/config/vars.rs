//! The values that a file gives variables of specs: written there, or from the environment, which specs
//! see nothing of but this.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::{Value, integer, kind, span};
use super::{Source, Var};
use crate::diagnostic::Diagnostic;
use crate::model::name::{is_name, nearest};

const FORM: &str = "a text, a whole number, `true`, `false`, or `{env = \"NAME\"}`";

pub(super) fn read(value: &Value<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Var> {
    let Some(table) = value.table(findings) else { return Vec::new() };
    let mut vars = Vec::new();
    for (name, of) in table {
        if !is_name(name.get_ref()) {
            let message = format!("`{}` is not a name of a variable", name.get_ref());
            let help = "a name has letters, digits, `_` and `-`, and begins with a letter or `_`";
            findings.push(Diagnostic::error("not-a-name", span(name), message).help(help));
        } else if let Some(source) = source(name.get_ref(), of, findings) {
            vars.push(Var { name: name.get_ref().clone().into_owned(), place: value.place(of), source });
        }
    }
    vars
}

fn source(name: &str, of: &Spanned<DeValue<'_>>, findings: &mut Vec<Diagnostic>) -> Option<Source> {
    if let DeValue::Table(table) = of.get_ref() {
        return environment(name, of, table, findings);
    }
    let text = scalar(of.get_ref());
    if text.is_none() {
        let message = format!("`{name}` must be {FORM}, not {}", kind(of.get_ref()));
        findings.push(Diagnostic::error("wrong-type", span(of), message).help(format!("write `{name} = \"…\"`")));
    }
    text.map(Source::Written)
}

/// A value as `--var` would give it.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        other => integer(other).map(|number| number.to_string()),
    }
}

fn environment(
    name: &str,
    whole: &Spanned<DeValue<'_>>,
    table: &DeTable<'_>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Source> {
    let before = findings.len();
    let (mut variable, mut default) = (None, None);
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("env", DeValue::String(text)) if is_variable(text) => variable = Some(text.clone().into_owned()),
            ("env", other) => {
                let message = format!("`env` must be the name of an environment variable, not {}", kind(other));
                findings.push(Diagnostic::error("wrong-type", span(value), message).help("write `env = \"NAME\"`"));
            }
            ("default", other) => {
                default = scalar(other);
                if default.is_none() {
                    let form = "a text, a whole number, `true` or `false`";
                    let message = format!("`default` must be {form}, not {}", kind(other));
                    findings
                        .push(Diagnostic::error("wrong-type", span(value), message).help("write `default = \"…\"`"));
                }
            }
            (other, _) => {
                let finding = Diagnostic::error("unknown-key", span(key), format!("`{name}` has no `{other}`"));
                findings.push(match nearest(other, ["env", "default"]) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding.help("it has `env`, and `default` where it may be unset"),
                });
            }
        }
    }
    if variable.is_none() && findings.len() == before {
        let message = format!("`{name}` does not say which environment variable it is");
        let help = format!("write `{name} = {{env = \"NAME\"}}`, or its value alone");
        findings.push(Diagnostic::error("missing-env", span(whole), message).help(help));
    }
    Some(Source::Environment { variable: variable?, default })
}

/// Whether the environment can have a variable of this name.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}
