//! Files that are included: what they see, and what they hand back.
//!
//! The names of an included file are its own. Outside of it they are called `FILE/NAME`, so that all
//! names of a spec are one flat space when it runs; what it is given, and what it hands back, is
//! called as the including file calls it.

use std::cell::Cell;
use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Related};
use crate::model::value::Value;
use crate::plan::expression::{Expression, Operator};
use crate::plan::template::{Piece, Template};
use crate::plan::{Action, Assignment, constant};
use crate::source::{SourceFile, Span};
use crate::spec::ast::{Contents, Include, Scalar, Style};

use super::Builder;
use super::files::TMP;
use super::scope::{Content, Handed, Outside, Scope};
use super::text::Text;

/// What stands behind a name of `with`.
struct Given {
    /// An endpoint, by its name outside.
    endpoint: Option<Template>,
    /// A value, with what computes it where it is not known.
    value: Option<(Content, Option<Expression>)>,
}

impl<'a> Builder<'a> {
    /// The steps of another file.
    pub(super) fn include(&mut self, include: &'a Include) -> Option<Action> {
        let within = self.optional(include.within.as_ref(), Self::deadline);
        let given: Vec<(&'a Scalar, Option<Given>)> =
            include.with.iter().map(|(name, value)| (name, self.given(name, value))).collect();
        let contents = include.contents.as_ref()?;
        let sound = given.iter().all(|(_, given)| given.is_some());
        let prefix = self.prefix_of(include, contents);
        let outer = Outer {
            scope: std::mem::take(&mut self.scope),
            folder: std::mem::replace(&mut self.folder, contents.folder.clone()),
            computed: std::mem::take(&mut self.computed),
            steps: std::mem::replace(&mut self.steps_here, &contents.steps),
        };
        self.scope = Scope::of_file(Outside {
            variables: handed_variables(contents, &outer.scope),
            endpoints: handed_endpoints(contents, &outer.scope, &given),
            prefix,
        });
        let given = self.see(given, contents);
        let steps = self.steps(&contents.steps);
        self.leave(include, contents, outer);
        sound.then_some(Action::Include { given, within: within?, steps })
    }

    /// What the names of the file begin with outside of it: those of each place where one is included
    /// are others.
    fn prefix_of(&mut self, include: &Include, contents: &Contents) -> String {
        if let Some((_, known)) = self.prefixes.iter().find(|(from, _)| *from == include.file.span) {
            return known.clone();
        }
        let around = &self.scope.outside.prefix;
        let prefix = (1..).map(|nth| match nth {
            1 => format!("{around}{}/", contents.stem),
            _ => format!("{around}{}{nth}/", contents.stem),
        });
        let taken: HashSet<&str> = self.prefixes.iter().map(|(_, known)| known.as_str()).collect();
        let prefix = prefix.into_iter().find(|prefix| !taken.contains(prefix.as_str())).unwrap_or_default();
        self.prefixes.push((include.file.span, prefix.clone()));
        prefix
    }

    /// What stands behind a name of `with`; none where that is wrong.
    fn given(&mut self, name: &'a Scalar, written: &Scalar) -> Option<Given> {
        let own = self.new_name(name).is_some();
        let endpoint = self.given_endpoint(written);
        if endpoint.is_some() && (written.style == Style::Plain || written.text.contains("${")) {
            return own.then_some(Given { endpoint, value: None });
        }
        let value = self.given_value(written);
        own.then_some(Given { endpoint, value: Some(value?) })
    }

    /// The endpoint that is named.
    fn given_endpoint(&mut self, written: &Scalar) -> Option<Template> {
        let (before, doubts) = (self.found.len(), self.scope.doubts());
        let text = if written.text.contains("${") {
            self.text(written)
        } else {
            Some(Text::Known(written.text.as_str().into()))
        };
        // What is wrong with it is said when it is read as a value.
        self.found.truncate(before);
        self.scope.forget_doubts(doubts);
        let name = match text? {
            Text::Known(name) => Template::literal(name, written.span),
            Text::Open(template) => template,
        };
        let shown = name.shown();
        // A counter alone is no name, though it could be any.
        if shown.contains('<') && !self.scope.endpoints().any(|known| known == shown) {
            return None;
        }
        self.scope.endpoint(&shown)?;
        Some(self.scope.outside.endpoint(name))
    }

    fn given_value(&mut self, written: &Scalar) -> Option<(Content, Option<Expression>)> {
        if let Some(name) = whole_variable(&written.text) {
            let scalar = Scalar { text: name.to_owned(), style: Style::Plain, span: written.span };
            return self.given_variable(&scalar, written);
        }
        let value = match constant::read(written) {
            Ok(value) => value,
            Err(finding) => {
                self.report(*finding);
                return None;
            }
        };
        let Value::Text(_) = value else { return Some((Content::Known { value, hidden: false }, None)) };
        match self.text(written)? {
            Text::Known(text) => Some((Content::Known { value: Value::Text(text.into_owned()), hidden: false }, None)),
            Text::Open(template) => match template.known() {
                Some(text) => Some((Content::Known { value: Value::Text(text), hidden: true }, None)),
                None => Some((Content::Computed(None), Some(joined(&template)))),
            },
        }
    }

    /// A variable, an endpoint's part or a column, which keeps its type.
    fn given_variable(&mut self, name: &Scalar, written: &Scalar) -> Option<(Content, Option<Expression>)> {
        // The message about a name that is not set is that of a text.
        self.text(written)?;
        let prepared = self.expression(name)?;
        let content = self.known_value(&prepared, written)?;
        Some(
            content
                .map_or_else(|| (Content::Computed(prepared.kind()), Some(prepared.expression)), |known| (known, None)),
        )
    }

    /// Declares what the file sees; what is not known yet is computed before its first step.
    fn see(&mut self, given: Vec<(&'a Scalar, Option<Given>)>, contents: &'a Contents) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        self.scope.declare(TMP, Span::default(), Content::Given(super::scope::Type::Text));
        for (name, given) in given {
            let Some(given) = given else {
                self.scope.doubt(&name.text);
                continue;
            };
            if given.endpoint.is_some() {
                self.scope.add_endpoint(&name.text, name.span);
            }
            let Some((content, computed)) = given.value else { continue };
            let outside = self.scope.outside.variable(&name.text).into_owned();
            // Constants are set, too: a `let` of the file may go on from them.
            let expression = match (&content, computed) {
                (_, Some(expression)) => Some(expression),
                (Content::Known { value, .. }, None) => Some(Expression::Value(value.clone())),
                _ => None,
            };
            assignments.extend(expression.map(|expression| Assignment { name: outside, expression, span: name.span }));
            self.scope.declare(&name.text, name.span, content);
        }
        for (name, written) in &contents.vars {
            if self.new_name(name).is_none() {
                self.scope.doubt(&name.text);
            } else if let Some(variable) = self.scope.variable_mut(&name.text) {
                // It is given, and `vars` only says what it is where it is not.
                variable.used = true;
            } else if self.scope.endpoint(&name.text).is_none() {
                assignments.extend(self.default_value(name, written));
            }
        }
        assignments
    }

    fn default_value(&mut self, name: &'a Scalar, written: &Scalar) -> Option<Assignment> {
        let Some((content, computed)) = self.given_value(written) else {
            self.scope.doubt(&name.text);
            return None;
        };
        let expression = match (&content, computed) {
            (Content::Known { value, .. }, None) => Expression::Value(value.clone()),
            (_, computed) => computed?,
        };
        self.scope.declare(&name.text, name.span, content);
        let outside = self.scope.outside.variable(&name.text).into_owned();
        Some(Assignment { name: outside, expression, span: written.span })
    }

    /// The file ends: what it never used is reported, and what it hands back is there from now on.
    fn leave(&mut self, include: &'a Include, contents: &'a Contents, outer: Outer<'a>) {
        self.report_unused_of_file(include, contents);
        let Outer { scope, folder, computed, steps } = outer;
        let inner = std::mem::replace(&mut self.scope, scope);
        (self.folder, self.computed, self.steps_here) = (folder, computed, steps);
        for name in inner.doubtful_outside() {
            self.scope.doubt(name);
        }
        if inner.variable(TMP).is_some_and(|tmp| tmp.used) {
            self.mark_used(TMP);
        }
        for (name, outside) in &contents.out {
            if outside.span != name.span && self.new_name(outside).is_none() {
                self.scope.doubt(&outside.text);
            } else if let Some(variable) = inner.variable(&name.text) {
                let content = variable.content.clone();
                self.set_variable(outside.text.as_str().into(), content, include.file.span);
                self.mark_used(&outside.text);
            } else if inner.endpoint(&name.text).is_some() {
                self.create(outside, &Template::literal(&outside.text, include.file.span));
            } else if !self.incomplete && !inner.is_doubtful(&name.text) {
                let message = format!("`{}` is handed back, and is neither set nor created here", name.text);
                let finding = Diagnostic::error("unset-variable", name.span, message);
                self.report(finding.help("`out` lists variables that the steps set, and endpoints that they create"));
                self.scope.doubt(&outside.text);
            } else {
                self.scope.doubt(&outside.text);
            }
        }
    }

    fn report_unused_of_file(&mut self, include: &'a Include, contents: &'a Contents) {
        if self.incomplete {
            return;
        }
        let handed = |name: &str| contents.out.iter().any(|(inside, _)| inside.text == name);
        let uses = |name: &str| {
            let endpoints = &self.scope.outside.endpoints;
            handed(name)
                || self.scope.is_doubtful(name)
                || self.scope.variable(name).is_some_and(|variable| variable.used)
                || endpoints.iter().any(|endpoint| endpoint.inside == name && endpoint.used.get())
        };
        let with = include.with.iter().map(|(name, _)| ("with", name));
        let vars = contents.vars.iter().map(|(name, _)| ("vars", name));
        let computed = self.computed.iter().map(|name| ("let", *name));
        let mut unused: Vec<(&str, &Scalar)> = Vec::new();
        for (kind, name) in with.chain(vars).chain(computed) {
            if !uses(&name.text) && !unused.iter().any(|(_, known)| known.text == name.text) {
                unused.push((kind, name));
            }
        }
        for (kind, name) in unused {
            let (message, help) = match kind {
                "with" => (format!("`{}` never uses `{}`", include.file.text, name.text), "leave it out".to_owned()),
                _ => (format!("the variable `{}` of `{kind}` is never used", name.text), self.use_of(name)),
            };
            self.report(Diagnostic::error("unused-variable", name.span, message).help(help));
        }
    }
}

/// What is put aside while an included file is looked at.
struct Outer<'a> {
    scope: Scope<'a>,
    folder: std::path::PathBuf,
    computed: Vec<&'a Scalar>,
    steps: &'a [crate::spec::ast::Step],
}

/// What is handed back is called outside as it is called here.
fn handed_variables(contents: &Contents, outer: &Scope<'_>) -> Vec<(String, String)> {
    let handed = |(inside, outside): &(Scalar, Scalar)| {
        (inside.text.clone(), outer.outside.variable(&outside.text).into_owned())
    };
    let tmp = (TMP.to_owned(), TMP.to_owned());
    contents.out.iter().map(handed).chain([tmp]).collect()
}

fn handed_endpoints(contents: &Contents, outer: &Scope<'_>, given: &[(&Scalar, Option<Given>)]) -> Vec<Handed> {
    let handed = |inside: &Scalar, outside: Template| Handed {
        inside: inside.text.clone(),
        outside: outside.pieces,
        used: Cell::new(false),
    };
    let given = given.iter().filter_map(|(name, given)| {
        let outside = given.as_ref()?.endpoint.clone()?;
        Some(handed(name, outside))
    });
    let out = contents.out.iter().map(|(inside, outside)| {
        let outside = outer.outside.endpoint(Template::literal(&outside.text, outside.span));
        handed(inside, outside)
    });
    given.chain(out).collect()
}

/// The name in a text that is nothing but `${name}`.
fn whole_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains(['$', '{', '}', ' '])).then_some(name)
}

/// The text as an expression.
fn joined(template: &Template) -> Expression {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) | Piece::Hidden { text, .. } => Expression::Value(Value::Text(text.clone())),
        Piece::Bytes(bytes) => Expression::Value(Value::Bytes(bytes.clone())),
        Piece::Variable { name, part } => Expression::Variable { name: name.clone(), part: *part },
    };
    let start = Expression::Value(Value::Text(String::new()));
    template
        .pieces
        .iter()
        .map(piece)
        .fold(start, |left, right| Expression::Binary { operator: Operator::Join, operands: Box::new([left, right]) })
}

/// Where a file that is included twice creates a name twice, it is the second place that gives it
/// another name.
pub(super) fn tell_of_second_places(found: &mut [Diagnostic], source: &SourceFile) {
    for finding in found.iter_mut().filter(|finding| finding.code == "created-twice") {
        let here = source.part(finding.span.start);
        let Some(first) = finding.related.first().map(|related| source.part(related.span.start)) else { continue };
        let Some(from) = first.from.filter(|from| here.file.path() == first.file.path() && here.from != Some(*from))
        else {
            continue;
        };
        let name = source.slice(finding.span).trim_matches(['"', '\'']);
        finding.related.push(Related { span: from, label: "the file was first included here".to_owned() });
        finding.help = vec![format!(
            "give it another name where the file is included again: `out: {{{name}: {name}2}}` beside `include`, \
             or close it first"
        )];
    }
}

/// In what is said of an included file, its names are called as they are written there.
pub(super) fn call_as_written(found: &mut [Diagnostic], prefixes: &[(Span, String)], source: &SourceFile) {
    if prefixes.is_empty() {
        return;
    }
    // The longer before those that they begin with.
    let mut quoted: Vec<String> = prefixes.iter().map(|(_, prefix)| format!("`{prefix}")).collect();
    quoted.sort_unstable_by_key(|prefix| std::cmp::Reverse(prefix.len()));
    let bare = |text: &mut String| {
        for prefix in &quoted {
            if text.contains(prefix.as_str()) {
                *text = text.replace(prefix.as_str(), "`");
            }
        }
    };
    for finding in found.iter_mut().filter(|finding| source.part(finding.span.start).from.is_some()) {
        bare(&mut finding.message);
        bare(&mut finding.label);
        finding.help.iter_mut().for_each(bare);
        finding.related.iter_mut().for_each(|related| bare(&mut related.label));
    }
}
