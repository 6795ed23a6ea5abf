//! Compiled patterns: every value is known, and what is the same in every run is worked out.

use std::sync::Arc;

use super::automaton::{self, Automaton};
use super::defer::{self, Deferred};
use crate::exec::payload::{Encoded, PayloadBytes, encode, padding, written};
use crate::exec::shown::ShownBuilder;
use crate::exec::values::Scope;
use crate::model::value::Value;
use crate::plan::Number;
use crate::plan::pattern::{DEFAULT_MAX, End, Form, Matching, Pattern};
use crate::plan::payload::{Payload, Place, Size, SizeKind, Width};
use crate::plan::template::bare;
use crate::source::Span;
use crate::trace::shown::{Shown, total_size};

/// A delimiter longer than this is refused, since it is held in memory.
const DELIMITER_MAX: u64 = 64 << 10;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands in the spec.
    pub(super) span: Span,
    pub(super) kind: Kind,
    /// What stands beside the form, if anything does.
    pub(super) cover: Option<Box<Cover>>,
    /// How many bytes may be held for it.
    pub(super) max: u64,
    /// Whether the spec says so itself: then it may not take more either, held or not.
    pub(super) limited: bool,
}

/// `match`, `as` and `vary`: it is they that the trace shows in place of the bytes.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) matching: Option<Matching>,
    pub(super) capture: Option<String>,
}

/// These bytes.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) bytes: PayloadBytes,
    /// How they are shown where not as they are.
    pub(super) shown: Option<Vec<Shown>>,
    /// Where the forms of a list begin that are compared as one.
    pub(super) places: Arc<[Place]>,
}

/// The forms.
#[derive(Debug)]
pub(super) enum Kind {
    Exactly(Exact),
    Hex(Arc<[Option<u8>]>),
    /// So many bytes; `known` if the spec says how many.
    Bytes {
        count: u64,
        known: bool,
    },
    Until(Vec<u8>),
    UntilMatch {
        source: String,
        automaton: Arc<Automaton>,
    },
    Rest(Vec<End>),
    Number {
        width: Width,
        mask: Option<(u64, u64)>,
    },
    Sized {
        size: Size,
        of: Box<Node>,
        varies: bool,
    },
    OneOf(Vec<Node>),
    AnyOrder(Vec<Node>),
    /// `last` and `each`; `plain` if what came is shown as it is.
    UntilLast {
        members: Box<[Node; 2]>,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Its values are those that a part before it keeps.
    Deferred(Box<Deferred>),
}

/// Compiles a pattern. `names` are those that the parts before it keep; its own are added. `max`
/// is what an outer pattern's `max` says, which holds where this one says nothing.
pub(super) fn compile(
    pattern: &Pattern,
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Node, String> {
    let limited = pattern.max != DEFAULT_MAX;
    let max = if limited { Some(pattern.max) } else { max };
    let deferred = if names.is_empty() { None } else { defer::defer(pattern, scope, max, names) };
    let (kind, cover) = match deferred {
        Some(deferred) => (Kind::Deferred(Box::new(deferred)), None),
        None => (compile_form(&pattern.form, scope, max, names)?, Cover::of(pattern)),
    };
    defer::add_names(pattern, names);
    Ok(Node { span: pattern.span, kind, cover, max: max.unwrap_or(DEFAULT_MAX), limited })
}

fn compile_form(form: &Form, scope: Scope<'_>, max: Option<u64>, names: &mut Vec<String>) -> Result<Kind, String> {
    Ok(match form {
        Form::Exactly(payload) => exactly(payload, scope)?,
        Form::Hex(bytes) => Kind::Hex(Arc::clone(bytes)),
        Form::Bytes(number) => Kind::Bytes { count: scope.number(number)?, known: matches!(number, Number::Known(_)) },
        Form::Until(delimiter) => Kind::Until(compile_delimiter(delimiter, scope)?),
        Form::UntilMatch(source) => Kind::UntilMatch { source: source.clone(), automaton: automaton::search(source)? },
        Form::Rest(ends) => Kind::Rest(ends.clone()),
        Form::Number { width, mask } => Kind::Number { width: *width, mask: *mask },
        Form::Sized { size, of } => {
            let of = compile(of, scope, max, names)?;
            let varies = !of.shows_size();
            Kind::Sized { size: *size, of: Box::new(of), varies }
        }
        Form::OneOf(patterns) => Kind::OneOf(compile_each(patterns, scope, max, names)?),
        Form::AnyOrder(patterns) => Kind::AnyOrder(compile_each(patterns, scope, max, names)?),
        Form::UntilLast { last, each } => {
            // A row may use what the row before it kept, but the first has none before it.
            let members = Box::new([compile(last, scope, max, names)?, compile(each, scope, max, names)?]);
            let plain = members.iter().all(Node::is_plain);
            Kind::UntilLast { members, plain }
        }
        Form::Sequence(patterns) => compile_sequence(patterns, scope, max, names)?,
    })
}

fn compile_each(
    patterns: &[Pattern],
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Vec<Node>, String> {
    patterns.iter().map(|pattern| compile(pattern, scope, max, names)).collect()
}

/// Neighbouring payloads are compiled as one, so that they are compared and shown as one.
fn compile_sequence(
    patterns: &[Pattern],
    scope: Scope<'_>,
    max: Option<u64>,
    names: &mut Vec<String>,
) -> Result<Kind, String> {
    let mut nodes = Vec::with_capacity(patterns.len());
    let mut rest = patterns;
    while let [first, tail @ ..] = rest {
        let run = rest.iter().take_while(|pattern| is_bare_payload(pattern, names)).count();
        if run < 2 {
            nodes.push(compile(first, scope, max, names)?);
            rest = tail;
            continue;
        }
        let (run, tail) = rest.split_at(run);
        let kind = exactly(&joined(run), scope)?;
        nodes.push(Node { span: first.span, kind, cover: None, max: max.unwrap_or(DEFAULT_MAX), limited: false });
        rest = tail;
    }
    Ok(Kind::Sequence(nodes))
}

/// Payloads as one.
fn joined(run: &[Pattern]) -> Payload {
    let (mut parts, mut places) = (Vec::new(), Vec::new());
    for pattern in run {
        if let Form::Exactly(payload) = &pattern.form {
            let before = parts.len();
            places.push(Place { part: before, byte: 0, span: pattern.span });
            places.extend(payload.places.iter().map(|place| Place { part: before + place.part, ..*place }));
            parts.extend(payload.parts.iter().cloned());
        }
    }
    Payload { parts, span: run[0].span, places: places.into() }
}

fn exactly(payload: &Payload, scope: Scope<'_>) -> Result<Kind, String> {
    let exact = if let Some(bytes) = written(payload) {
        Exact { bytes, shown: None, places: Arc::clone(&payload.places) }
    } else {
        let Encoded { bytes, shown, places } = encode(payload, scope)?;
        Exact { bytes, shown: Some(shown), places }
    };
    Ok(Kind::Exactly(exact))
}

impl Exact {
    /// The form that the byte at this offset belongs to, and the offset of its first byte.
    pub(super) fn form_at(&self, offset: u64) -> Option<(Span, u64)> {
        let after = self.places.partition_point(|place| place.byte <= offset);
        let place = self.places.get(after.checked_sub(1)?)?;
        Some((place.span, place.byte))
    }
}

fn is_bare_payload(pattern: &Pattern, names: &[String]) -> bool {
    matches!(pattern.form, Form::Exactly(_))
        && pattern.capture.is_none()
        && pattern.matching.is_none()
        && !pattern.vary
        && !defer::uses(pattern, names)
}

fn compile_delimiter(delimiter: &Payload, scope: Scope<'_>) -> Result<Vec<u8>, String> {
    let bytes = encode(delimiter, scope)?.bytes;
    match bytes.len() {
        0 => Err("the delimiter of `until` is empty".to_owned()),
        len if len > DELIMITER_MAX => {
            Err(format!("the delimiter of `until` has {len} bytes, and at most {DELIMITER_MAX} are allowed"))
        }
        len => Ok(bytes.copy(0, len)),
    }
}

impl Cover {
    fn of(pattern: &Pattern) -> Option<Box<Self>> {
        let covered = pattern.vary || pattern.capture.is_some() || pattern.matching.is_some();
        covered.then(|| Box::new(Self { matching: pattern.matching.clone(), capture: pattern.capture.clone() }))
    }

    /// Whether the bytes are needed.
    pub(super) fn holds(&self) -> bool {
        self.matching.is_some() || self.capture.is_some()
    }

    /// How it is shown; a name says more than an expression.
    pub(super) fn shown(&self, size: Option<u64>) -> Shown {
        match (&self.capture, &self.matching) {
            (Some(name), _) => Shown::Named { name: bare(name).to_owned(), size },
            (None, Some(matching)) => Shown::Matched { regex: matching.source.clone(), size },
            (None, None) => Shown::Varying { size },
        }
    }
}

impl Node {
    /// How many bytes it takes, where that never varies.
    pub(super) fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::Exactly(exact) => exact.shown.as_ref().map_or(Some(exact.bytes.len()), |shown| total_size(shown)),
            Kind::Hex(bytes) => Some(bytes.len() as u64),
            Kind::Bytes { count, known } => known.then_some(*count),
            Kind::Number { width, .. } => Some(u64::from(width.bytes)),
            Kind::Sized { size, of, .. } => {
                let SizeKind::Fixed(width) = size.kind else { return None };
                let content = of.size()?;
                content.checked_add(u64::from(width.bytes))?.checked_add(padding(*size, content))
            }
            Kind::OneOf(nodes) => {
                let mut sizes = nodes.iter().map(Node::size);
                let first = sizes.next()??;
                sizes.all(|size| size == Some(first)).then_some(first)
            }
            Kind::AnyOrder(nodes) | Kind::Sequence(nodes) => {
                nodes.iter().try_fold(0_u64, |sum, node| sum.checked_add(node.size()?))
            }
            Kind::Deferred(deferred) => deferred.outline()?.size(),
            Kind::Until(_) | Kind::UntilMatch { .. } | Kind::Rest(_) | Kind::UntilLast { .. } => None,
        }
    }

    /// Whether it has no parts.
    pub(super) fn is_leaf(&self) -> bool {
        match &self.kind {
            Kind::Exactly(..)
            | Kind::Hex(_)
            | Kind::Bytes { .. }
            | Kind::Until(_)
            | Kind::UntilMatch { .. }
            | Kind::Rest(_)
            | Kind::Number { .. } => true,
            Kind::Sized { .. }
            | Kind::OneOf(_)
            | Kind::AnyOrder(_)
            | Kind::UntilLast { .. }
            | Kind::Sequence(_)
            | Kind::Deferred(_) => false,
        }
    }

    /// Whether the trace shows its size: what is shown as it is has one, however it came about.
    fn shows_size(&self) -> bool {
        if self.cover.is_some() {
            return self.size().is_some();
        }
        match &self.kind {
            Kind::Exactly(..) => self.size().is_some(),
            Kind::Hex(_)
            | Kind::Bytes { .. }
            | Kind::Until(_)
            | Kind::UntilMatch { .. }
            | Kind::Rest(_)
            | Kind::Number { .. } => true,
            Kind::Sized { varies, .. } => !varies,
            Kind::Deferred(deferred) => deferred.outline().is_some_and(Node::shows_size),
            Kind::OneOf(_) | Kind::AnyOrder(_) => false,
            Kind::UntilLast { plain, .. } => *plain,
            Kind::Sequence(nodes) => nodes.iter().all(Node::shows_size),
        }
    }

    /// Whether all of it is shown as the bytes that came.
    fn is_plain(&self) -> bool {
        if self.cover.is_some() {
            return false;
        }
        match &self.kind {
            Kind::Exactly(exact) => {
                let plain =
                    |shown: &Shown| matches!(shown, Shown::Bytes(_) | Shown::Digest { .. } | Shown::Generated { .. });
                exact.shown.iter().flatten().all(plain)
            }
            Kind::Hex(bytes) => bytes.iter().all(Option::is_some),
            Kind::Bytes { .. } | Kind::Until(_) | Kind::UntilMatch { .. } => true,
            Kind::Rest(ends) => ends.is_empty(),
            Kind::Number { mask, .. } => mask.is_none(),
            Kind::Sized { of, .. } => of.is_plain(),
            Kind::OneOf(_) | Kind::AnyOrder(_) | Kind::Deferred(_) => false,
            Kind::UntilLast { plain, .. } => *plain,
            Kind::Sequence(nodes) => nodes.iter().all(Node::is_plain),
        }
    }

    /// What stands in place of its bytes, and the ends that it allows.
    pub(super) fn show_covered(&self, cover: &Cover, shown: &mut ShownBuilder) {
        shown.part(cover.shown(self.size()));
        show_ends(self.ends(), shown);
    }

    /// The ends that it allows, where the spec says which.
    fn ends(&self) -> &[End] {
        match &self.kind {
            Kind::Rest(ends) => ends,
            Kind::Sequence(nodes) => nodes.last().map_or(&[], Node::ends),
            _ => &[],
        }
    }

    /// How it is shown as a member of a group, of which the trace does not say what came: without
    /// any bytes but those of the spec.
    pub(super) fn show(&self, shown: &mut ShownBuilder) {
        if let Some(cover) = &self.cover {
            return self.show_covered(cover, shown);
        }
        match &self.kind {
            Kind::Exactly(exact) => show_payload(exact, shown),
            Kind::Hex(bytes) => show_hex(bytes, shown),
            Kind::Deferred(deferred) => match deferred.outline() {
                Some(outline) => outline.show(shown),
                None => shown.part(Shown::Varying { size: None }),
            },
            Kind::Bytes { .. } | Kind::Until(_) | Kind::UntilMatch { .. } => {
                shown.part(Shown::Varying { size: self.size() });
            }
            Kind::Rest(ends) => {
                shown.part(Shown::Varying { size: None });
                show_ends(ends, shown);
            }
            Kind::Number { width, mask } => match mask {
                Some(mask) => shown.part(show_mask(*width, *mask)),
                None => shown.part(Shown::Varying { size: self.size() }),
            },
            Kind::Sized { size, of, .. } => {
                let width = size.kind.width();
                shown.part(Shown::Size { width });
                of.show(shown);
                if size.pad > 1 && of.size().is_none() {
                    shown.part(Shown::Varying { size: None });
                } else if let Some(content) = of.size() {
                    shown.bytes(&vec![0; padding(*size, content) as usize]);
                }
            }
            Kind::OneOf(nodes) => shown.part(show_group("one_of", nodes)),
            Kind::AnyOrder(nodes) => shown.part(show_group("any_order", nodes)),
            Kind::UntilLast { members, .. } => shown.part(show_group("until_last", members.as_slice())),
            Kind::Sequence(nodes) => nodes.iter().for_each(|node| node.show(shown)),
        }
    }
}

/// The members of a group, each as the spec has it.
pub(super) fn show_group(word: &str, members: &[Node]) -> Shown {
    let show = |node: &Node| {
        let mut shown = ShownBuilder::default();
        node.show(&mut shown);
        shown.finish()
    };
    Shown::Group { word: word.to_owned(), members: members.iter().map(show).collect() }
}

/// Bytes of the spec.
pub(super) fn show_payload(exact: &Exact, shown: &mut ShownBuilder) {
    match (&exact.shown, exact.bytes.as_slice()) {
        (Some(parts), _) => parts.iter().for_each(|part| shown.part(part.clone())),
        (None, Some(bytes)) => shown.bytes(bytes),
        (None, None) => {}
    }
}

/// Known bytes, and `..` for the others.
pub(super) fn show_hex(bytes: &[Option<u8>], shown: &mut ShownBuilder) {
    for run in bytes.chunk_by(|a, b| a.is_none() == b.is_none()) {
        if run[0].is_none() {
            shown.part(Shown::Wild(run.len() as u64));
        } else {
            let known: Vec<u8> = run.iter().copied().flatten().collect();
            shown.bytes(&known);
        }
    }
}

/// The ends that the spec allows, where it says so.
pub(super) fn show_ends(ends: &[End], shown: &mut ShownBuilder) {
    if !ends.is_empty() {
        shown.part(Shown::End(ends.iter().map(|end| end.name().to_owned()).collect()));
    }
}

/// `u16 & 0x0f = 3`
pub(super) fn show_mask(width: Width, mask: (u64, u64)) -> Shown {
    Shown::Masked { text: masked(width, mask), size: u64::from(width.bytes) }
}

/// The words for bits under a mask, of which whole bytes are shown.
pub(super) fn masked(width: Width, (mask, is): (u64, u64)) -> String {
    let digits = (64 - mask.leading_zeros() as usize).div_ceil(8).max(1) * 2;
    format!("{} & 0x{mask:0digits$x} = 0x{is:0digits$x}", width.name())
}

/// The value of what was taken.
pub(super) fn value_of(kind: &Kind, taken: Vec<u8>) -> Value {
    match kind {
        Kind::Number { width, .. } => Value::Number(i128::from(width.decode(&taken))),
        _ => Value::Bytes(taken),
    }
}
