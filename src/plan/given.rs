//! What is said outside of a spec about how it is understood, and the values that its variables are given
//! there.

use crate::diagnostic::Diagnostic;
use crate::spec::ast::Scalar;

/// What the command line, the harness or `sockspec.toml` says about how specs are understood.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `--var NAME=VALUE`, in the order given; the last of a name counts.
    pub vars: Vec<(String, String)>,
    /// What `sockspec.toml` gives variables, where `vars` does not.
    pub configured: Vec<Configured>,
    /// By what every deadline is multiplied.
    pub timeout_factor: f64,
    /// Whether addresses outside the loopback range are allowed.
    pub allow_net: bool,
}

/// A value that `sockspec.toml` gives a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// The variable.
    pub name: String,
    /// Where that is said: `sockspec.toml:3:8`.
    pub place: String,
    /// The value.
    pub value: Origin,
}

/// Where a configured value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It stands there.
    Written(String),
    /// From the environment. It differs from one machine to the next, so traces show the name.
    Environment {
        /// The variable of the environment.
        variable: String,
        /// What it is, or the default; `None` where there is neither.
        value: Option<String>,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self { vars: Vec::new(), configured: Vec::new(), timeout_factor: 1.0, allow_net: false }
    }
}

/// A value that a variable is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) text: &'a str,
    /// `None` for `--var`.
    by: Option<&'a Configured>,
}

impl Settings {
    /// The value that a variable of this name is given, if it is.
    pub(crate) fn given(&self, name: &str) -> Option<Given<'_>> {
        if let Some((_, text)) = self.vars.iter().rev().find(|(key, _)| key == name) {
            return Some(Given { text, by: None });
        }
        let by = self.configured(name)?;
        match &by.value {
            Origin::Written(text) | Origin::Environment { value: Some(text), .. } => Some(Given { text, by: Some(by) }),
            Origin::Environment { value: None, .. } => None,
        }
    }

    fn configured(&self, name: &str) -> Option<&Configured> {
        self.configured.iter().find(|configured| configured.name == name)
    }

    /// What is wrong where a variable is to have its value from the environment, and that has none.
    pub(crate) fn unset(&self, name: &Scalar) -> Option<Diagnostic> {
        if self.given(&name.text).is_some() {
            return None;
        }
        let Configured { place, value: Origin::Environment { variable, .. }, .. } = self.configured(&name.text)? else {
            return None;
        };
        let message = format!(
            "`{}` has its value from the environment variable `{variable}`, by {place}, and that is not set",
            name.text
        );
        let help = format!("set `{variable}`, or write `{{env = \"{variable}\", default = \"…\"}}` at {place}");
        Some(Diagnostic::error("unset-environment", name.span, message).label("declared here").help(help))
    }
}

impl Given<'_> {
    /// Whether traces show the name in place of the value.
    pub(crate) fn is_hidden(self) -> bool {
        self.by.is_some_and(|by| matches!(by.value, Origin::Environment { .. }))
    }

    /// Who gives it, as messages say it.
    pub(crate) fn said(self, name: &str) -> String {
        let text = self.text;
        match self.by {
            None => format!("`--var {name}={text}`"),
            Some(Configured { place, value: Origin::Written(_), .. }) => format!("`{name} = \"{text}\"`, {place}"),
            Some(Configured { place, value: Origin::Environment { variable, .. }, .. }) => {
                format!("`{name}` from the environment variable `{variable}`, {place}")
            }
        }
    }
}

#[cfg(test)]
impl<'a> From<&'a str> for Given<'a> {
    /// One of `--var`.
    fn from(text: &'a str) -> Self {
        Self { text, by: None }
    }
}
