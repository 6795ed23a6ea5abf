//! The names of a spec: variables and endpoints share one space.

use std::borrow::Cow;
use std::cell;

use crate::model::value::Value;
use crate::plan::analysis::alike;
use crate::plan::analysis::index::Index;
pub(super) use crate::plan::expression::Type;
use crate::plan::template::{Piece, Template, bare};
use crate::source::Span;

/// What is known of the names at a point of the spec.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    variables: Vec<Variable<'a>>,
    endpoints: Vec<(Cow<'a, str>, Span)>,
    /// Where they stand there.
    index: Index<'a>,
    /// Those with a counter in their names, which may be other names, too.
    counted: Vec<usize>,
    /// Names in steps that are wrong: whatever concerns them is not judged.
    doubtful: Vec<Cow<'a, str>>,
    /// What the names of a file that is included are called outside of it.
    pub(super) outside: Outside,
}

/// What the names of a file that is included are called outside of it. In the spec itself they are
/// called the same.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// What stands before every name, with a `/` at its end.
    pub prefix: String,
    /// Variables that have another name outside.
    pub variables: Vec<(String, String)>,
    /// Endpoints that have another name outside.
    pub endpoints: Vec<Handed>,
}

/// An endpoint that an included file is given, or hands back.
#[derive(Debug)]
pub(super) struct Handed {
    /// Its name in the file.
    pub inside: String,
    /// Its name outside.
    pub outside: Vec<Piece>,
    /// Whether the file names it.
    pub used: cell::Cell<bool>,
}

impl Outside {
    /// Whether the names are those of the spec itself.
    pub(super) fn is_of_spec(&self) -> bool {
        self.prefix.is_empty()
    }

    /// A variable's name outside.
    pub(super) fn variable<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.variables.iter().find(|(inside, _)| inside == name) {
            Some((_, outside)) => Cow::Owned(outside.clone()),
            None if self.prefix.is_empty() => Cow::Borrowed(name),
            None => Cow::Owned(format!("{}{name}", self.prefix)),
        }
    }

    /// An endpoint's name outside.
    pub(super) fn endpoint(&self, name: Template) -> Template {
        if self.is_of_spec() {
            return name;
        }
        let shown = name.shown();
        if let Some(handed) = self.endpoints.iter().find(|handed| handed.inside == shown) {
            handed.used.set(true);
            return Template { pieces: handed.outside.clone(), span: name.span };
        }
        let mut pieces = vec![Piece::Literal(self.prefix.clone())];
        for piece in name.pieces {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
                (_, piece) => pieces.push(piece),
            }
        }
        Template { pieces, span: name.span }
    }

    /// The file names this endpoint, if it was given one of that name.
    pub(super) fn use_endpoint(&self, name: &str) {
        for handed in self.endpoints.iter().filter(|handed| handed.inside == name) {
            handed.used.set(true);
        }
    }

    /// The name in the file of an endpoint that is called so outside.
    fn inside<'n>(&'n self, outside: &'n str) -> &'n str {
        let handed = self.endpoints.iter().find(|handed| shown(&handed.outside) == outside);
        handed.map_or_else(|| outside.strip_prefix(&self.prefix).unwrap_or(outside), |handed| &handed.inside)
    }
}

fn shown(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::shown).collect()
}

/// A variable.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Where it was declared or last set.
    pub span: Span,
    /// What it holds.
    pub content: Content,
    /// Whether anything uses it.
    pub used: bool,
}

/// What a variable holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A value that is known before the spec runs. Hidden: a trace shows the name in its place.
    Known { value: Value, hidden: bool },
    /// The counter of a `repeat`.
    Counter,
    /// What a step captures or computes while the spec runs, of this type where that is certain.
    Computed(Option<Type>),
    /// What the runner gives before the first step, of this type: a reserved port.
    Given(Type),
    /// The row of a table.
    Row(Vec<Cell>),
    /// What a step of another lane captures.
    Elsewhere,
}

/// A column of a row, with the value that it has there.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// The column.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Whether a trace shows the name in its place.
    pub hidden: bool,
}

impl Content {
    /// Its type, where that is certain.
    pub(super) fn kind(&self) -> Option<Type> {
        match self {
            Self::Known { value, .. } => Some(Type::of(value)),
            Self::Counter => Some(Type::Number),
            Self::Computed(kind) => *kind,
            Self::Given(kind) => Some(*kind),
            Self::Row(_) | Self::Elsewhere => None,
        }
    }
}

impl<'a> Scope<'a> {
    /// That of a file that is included.
    pub(super) fn of_file(outside: Outside) -> Self {
        Self { outside, ..Self::default() }
    }

    /// The name of an endpoint here, which is called so outside.
    pub(super) fn inside(&self, name: &str) -> String {
        self.outside.inside(name).to_owned()
    }

    /// The variable of that name, here or outside.
    pub(super) fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        let name = bare(name);
        self.variables.iter().rev().find(|variable| variable.name == name)
    }

    pub(super) fn variable_mut(&mut self, name: &str) -> Option<&mut Variable<'a>> {
        let name = bare(name);
        self.variables.iter_mut().rev().find(|variable| variable.name == name)
    }

    pub(super) fn declare(&mut self, name: impl Into<Cow<'a, str>>, span: Span, content: Content) {
        self.variables.push(Variable { name: name.into(), span, content, used: false });
    }

    /// Forgets the variables that this is not true of.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Variable<'a>) -> bool) {
        self.variables.retain(keep);
    }

    /// The variables that were declared since there were so many.
    pub(super) fn take_from(&mut self, mark: usize) -> Vec<Variable<'a>> {
        self.variables.split_off(mark.min(self.variables.len()))
    }

    /// Declares variables that were taken out, each name once. What only stood for a variable of
    /// another lane tells no more than whether it was used.
    pub(super) fn restore(&mut self, taken: Vec<Variable<'a>>) {
        let (elsewhere, own): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|variable| matches!(variable.content, Content::Elsewhere));
        for variable in own {
            match self.variable_mut(&variable.name) {
                Some(known) => {
                    known.used |= variable.used;
                    // Two lanes have set it: which was the last is not known.
                    known.content = Content::Computed(known.content.kind());
                }
                None => self.variables.push(variable),
            }
        }
        for stood in elsewhere.iter().filter(|variable| variable.used) {
            if let Some(known) = self.variable_mut(&stood.name) {
                known.used = true;
            }
        }
    }

    /// The cells of the row of that name.
    pub(super) fn row(&self, name: &str) -> Option<&[Cell]> {
        match &self.variable(name)?.content {
            Content::Row(cells) => Some(cells),
            _ => None,
        }
    }

    /// A column of a row.
    pub(super) fn cell(&self, row: &str, column: &str) -> Option<&Cell> {
        self.row(row)?.iter().find(|cell| cell.name == column)
    }

    /// Of this variable the value is not known any more before the spec runs.
    pub(super) fn forget_value(&mut self, name: &str) {
        if let Some(variable) = self.variable_mut(name)
            && let Content::Known { value, .. } = &variable.content
        {
            variable.content = Content::Computed(Some(Type::of(value)));
        }
    }

    pub(super) fn variables(&self) -> &[Variable<'a>] {
        &self.variables
    }

    /// The variables whose values are known.
    pub(super) fn constants(&self) -> Vec<(String, Value)> {
        let known = |variable: &Variable<'_>| match &variable.content {
            Content::Known { value, .. } => Some((variable.name.to_string(), value.clone())),
            _ => None,
        };
        self.variables.iter().filter_map(known).collect()
    }

    /// Where the endpoint was first created.
    pub(super) fn endpoint(&self, name: &str) -> Option<Span> {
        if name.contains('<') {
            return self.endpoints.iter().find(|(known, _)| alike(known, name)).map(|(_, span)| *span);
        }
        let exact = self.index.find(&self.endpoints, name, |(known, _)| known);
        let found = exact.or_else(|| self.counted.iter().copied().find(|at| alike(&self.endpoints[*at].0, name)));
        found.map(|at| self.endpoints[at].1)
    }

    pub(super) fn add_endpoint(&mut self, name: impl Into<Cow<'a, str>>, span: Span) {
        let name = name.into();
        if self.index.find(&self.endpoints, &name, |(known, _)| known).is_none() {
            if name.contains('<') {
                self.counted.push(self.endpoints.len());
            }
            self.endpoints.push((name, span));
            self.index.note(&self.endpoints, |(known, _)| known);
        }
    }

    pub(super) fn endpoints(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().map(|(name, _)| name.as_ref())
    }

    /// From here on, nothing that concerns this name is judged.
    pub(super) fn doubt(&mut self, name: impl Into<Cow<'a, str>>) {
        self.doubtful.push(name.into());
    }

    /// How many names are in doubt.
    pub(super) fn doubts(&self) -> usize {
        self.doubtful.len()
    }

    /// Takes back the doubts since there were so many.
    pub(super) fn forget_doubts(&mut self, since: usize) {
        self.doubtful.truncate(since);
    }

    pub(super) fn is_doubtful(&self, name: &str) -> bool {
        self.doubtful.iter().any(|known| alike(known, name))
    }

    pub(super) fn into_doubtful(self) -> Vec<Cow<'a, str>> {
        self.doubtful
    }

    /// The names in doubt, as they are called outside.
    pub(super) fn doubtful_outside(&self) -> Vec<String> {
        let outside =
            |name: &Cow<'_, str>| self.outside.endpoint(Template::literal(name.as_ref(), Span::default())).shown();
        self.doubtful.iter().map(outside).collect()
    }
}
