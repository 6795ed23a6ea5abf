//! Regular expressions: on bytes, `.` is any byte but LF.

use std::borrow::Cow;
use std::sync::Arc;

use regex_syntax::hir::{Hir, Look, LookSet};

use crate::diagnostic::Diagnostic;
use crate::plan::pattern::Matching;
use crate::spec::ast::{Scalar, Style};

use super::Builder;
use super::scope::Type;

/// How large a compiled expression may be, in bytes. How large one is cannot be asked, so these are
/// tried one after the other.
const COMPILED_SIZES: [usize; 3] = [32 << 10, 256 << 10, 1 << 20];

/// How large the expressions of a spec may be together.
pub(super) const MOST_TOGETHER: usize = 64 << 20;

/// The way out for an expression with a value that is known at run time only.
const PART_OF_ITS_OWN: &str = "an expression is compiled before the spec runs; make the value a part of its own: \
                               `[{until: \" \", match: '\\d+'}, \"${name}\\r\\n\"]`";

impl<'a> Builder<'a> {
    /// An expression for the whole of what was taken; its named groups become variables.
    pub(super) fn matching(&mut self, scalar: &'a Scalar) -> Option<Matching> {
        let word = self.expression_text(scalar)?;
        let anchored = format!(r"\A(?:{})\z", word.0);
        let regex = match self.compile(&anchored) {
            Ok(regex) => regex,
            Err(error) => {
                self.bad_expression(scalar, &word.0, &error);
                return None;
            }
        };
        let mut sound = true;
        for name in regex.capture_names().flatten() {
            sound &= self.capture(Cow::Owned(name.to_owned()), Type::Text, scalar.span);
        }
        let group = |name: &str| (name.to_owned(), self.scope.outside.variable(name).into_owned());
        let groups = regex.capture_names().flatten().map(group).collect();
        sound.then(|| Matching { groups, source: word.1, regex: Arc::new(regex) })
    }

    /// Compiles an expression, within what the spec may still have.
    fn compile(&mut self, expression: &str) -> Result<regex::bytes::Regex, regex::Error> {
        if let Some(known) = self.compiled.get(expression) {
            return Ok(known.clone());
        }
        let mut result = Err(regex::Error::CompiledTooBig(self.expressions));
        for size in COMPILED_SIZES.into_iter().filter(|size| *size <= self.expressions) {
            result = compile(expression, size);
            if !matches!(result, Err(regex::Error::CompiledTooBig(_))) {
                self.expressions -= size;
                break;
            }
        }
        if let Ok(regex) = &result {
            self.compiled.insert(expression.to_owned(), regex.clone());
        }
        result
    }

    /// An expression of which a match is looked for in a line, and how a trace shows it.
    pub(super) fn line(&mut self, scalar: &Scalar) -> Option<(String, regex::bytes::Regex)> {
        let (text, shown) = self.expression_text(scalar)?;
        match self.compile(&text) {
            Ok(regex) => Some((shown, regex)),
            Err(error) => {
                self.bad_expression(scalar, &text, &error);
                None
            }
        }
    }

    /// The expression at whose first match an `until` ends.
    pub(super) fn until_match(&mut self, scalar: &'a Scalar) -> Option<String> {
        let (text, _) = self.expression_text(scalar)?;
        let hir = match parse(&text) {
            Ok(hir) => hir,
            Err(error) => {
                let reason = regex::Error::Syntax(error);
                self.bad_expression(scalar, &text, &reason);
                return None;
            }
        };
        let properties = hir.properties();
        let finding = if properties.minimum_len() == Some(0) {
            Diagnostic::error("matches-nothing", scalar.span, format!("`{text}` can match nothing at all"))
                .help("write an expression that takes at least one byte: its end is where `until` ends")
        } else if let Some(look) = looks_ahead(properties.look_set()) {
            let message = format!("`{text}` looks at what follows its end ({look})");
            Diagnostic::error("looks-ahead", scalar.span, message).help(
                "where it ends would depend on what has arrived: write out what must come there, such as `\\r\\n`",
            )
        } else if properties.explicit_captures_len() > 0 && super::later::group_names(&text).next().is_some() {
            Diagnostic::error("group-in-until", scalar.span, "named groups are not kept by the end of an `until`")
                .help("write `match:` beside `until`: its named groups become variables")
        } else {
            return Some(text);
        };
        self.report(finding);
        None
    }

    /// The expression, and how a trace shows it.
    fn expression_text(&mut self, scalar: &Scalar) -> Option<(String, String)> {
        let word = self.word_or(scalar, PART_OF_ITS_OWN)?;
        let shown = word.shown().to_owned();
        Some((word.text.into_owned(), shown))
    }

    fn bad_expression(&mut self, scalar: &Scalar, text: &str, error: &regex::Error) {
        let reason = match error {
            regex::Error::Syntax(message) => last_line(message),
            regex::Error::CompiledTooBig(_) => {
                "it is too large when compiled, or all of this spec are together".to_owned()
            }
            other => other.to_string(),
        };
        let finding =
            Diagnostic::error("bad-regex", scalar.span, format!("`{text}` is not a regular expression: {reason}"));
        let finding = match (reason.contains("look-around"), reason.contains("backreferences")) {
            (true, _) => finding.help("look-around would depend on what has arrived, and is not supported"),
            (_, true) => finding.help("backreferences are not supported: match in steps, with `as` and `${name}`"),
            _ if scalar.style == Style::Double => {
                finding.help("in double quotes YAML reads the backslashes first: use single quotes")
            }
            _ => finding.help("the syntax is that of Rust's regex crate"),
        };
        self.report(finding);
    }
}

/// On bytes where that is possible; where the expression asks for Unicode, on characters.
fn compile(expression: &str, size: usize) -> Result<regex::bytes::Regex, regex::Error> {
    let build = |unicode| regex::bytes::RegexBuilder::new(expression).unicode(unicode).size_limit(size).build();
    build(false).or_else(|error| match build(true) {
        Err(regex::Error::CompiledTooBig(size)) => Err(regex::Error::CompiledTooBig(size)),
        other => other.map_err(|_| error),
    })
}

fn parse(expression: &str) -> Result<Hir, String> {
    let parse = |unicode| {
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).unicode(unicode).build().parse(expression);
        parsed.map_err(|error| error.to_string())
    };
    parse(false).or_else(|error| parse(true).map_err(|_| error))
}

/// How the assertion is written that looks at what follows, where there is one.
fn looks_ahead(looks: LookSet) -> Option<&'static str> {
    looks.iter().find_map(|look| match look {
        Look::Start | Look::StartLF => None,
        Look::End => Some("`$` or `\\z`"),
        Look::EndLF | Look::EndCRLF | Look::StartCRLF => Some("the end or beginning of a line"),
        _ => Some("`\\b` or `\\B`"),
    })
}

/// The reason in a message of several lines that draws the expression.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
