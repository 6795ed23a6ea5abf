//! Putting a payload together of its parts, each with what a trace shows of it.

use std::sync::Arc;

use crate::exec::shown::ShownBuilder;
use crate::exec::values::Scope;
use crate::model::bytes::escape;
use crate::plan::Number;
use crate::plan::payload::{Part, Payload, Place, Size};
use crate::plan::template::{Piece, Template};
use crate::source::Span;
use crate::trace::shown::{Shown, total_size};

use super::size::{encode_size, fixed, padding};
use super::source::Source;

/// A source with its length, and how it is shown where not as it is.
pub(super) struct Item {
    pub(super) source: Source,
    pub(super) len: u64,
    shown: Option<Shown>,
}

/// What a payload is put together of.
#[derive(Default)]
pub(super) struct Items {
    pub(super) list: Vec<Item>,
    len: u64,
    pub(super) places: Vec<Place>,
}

impl Items {
    fn push(&mut self, item: Item) {
        self.len = self.len.saturating_add(item.len);
        self.list.push(item);
    }

    /// A form begins so many bytes further on.
    fn place(&mut self, further: u64, span: Span) {
        self.places.push(Place { part: 0, byte: self.len.saturating_add(further), span });
    }

    fn append(&mut self, other: Self) {
        for place in other.places {
            self.place(place.byte, place.span);
        }
        self.len = self.len.saturating_add(other.len);
        self.list.extend(other.list);
    }
}

impl Item {
    fn owned(bytes: Vec<u8>, shown: Option<Shown>) -> Self {
        Self { len: bytes.len() as u64, source: Source::Owned(bytes), shown }
    }

    fn shared(bytes: &Arc<[u8]>, shown: Option<Shown>) -> Self {
        Self { len: bytes.len() as u64, source: Source::Shared(Arc::clone(bytes)), shown }
    }

    fn generated(source: Source, size: u64, how: String) -> Self {
        Self { source, len: size, shown: Some(Shown::Generated { size, how }) }
    }
}

pub(super) fn push_payload(payload: &Payload, scope: Scope<'_>, items: &mut Items) -> Result<(), String> {
    let mut places = payload.places.iter().peekable();
    for (nth, part) in payload.parts.iter().enumerate() {
        while let Some(place) = places.next_if(|place| place.part == nth) {
            items.place(place.byte, place.span);
        }
        push_part(part, scope, items)?;
    }
    Ok(())
}

fn push_part(part: &Part, scope: Scope<'_>, items: &mut Items) -> Result<(), String> {
    match part {
        Part::Bytes(bytes) => items.push(Item::shared(bytes, None)),
        Part::Template(template) => return push_template(template, scope, items),
        Part::Fill { fill, size } => {
            let how = format!("fill \"{}\"", escape(fill));
            items.push(Item::generated(Source::fill(fill, *size), *size, how));
        }
        Part::Random { size, seed } => {
            items.push(Item::generated(Source::Random { seed: *seed }, *size, format!("random seed {seed}")));
        }
        Part::File { name, bytes } => {
            let how = format!("file \"{}\"", escape(name.as_bytes()));
            items.push(Item::shared(bytes, Some(Shown::Generated { size: bytes.len() as u64, how })));
        }
        Part::Number { width, value } => {
            let bytes = fixed(*width, scope.number(value)?)?;
            let shown = match value {
                Number::Known(_) => None,
                Number::Computed(template) => {
                    Some(Shown::Named { name: name_of(template), size: Some(u64::from(width.bytes)) })
                }
            };
            items.push(Item::owned(bytes, shown));
        }
        Part::Sized { size, of } => return push_sized(*size, of, scope, items),
    }
    Ok(())
}

fn push_template(template: &Template, scope: Scope<'_>, items: &mut Items) -> Result<(), String> {
    for piece in &template.pieces {
        let mut bytes = Vec::new();
        scope.piece(piece, &mut bytes)?;
        let shown = match piece {
            Piece::Literal(_) | Piece::Bytes(_) => None,
            Piece::Hidden { .. } | Piece::Variable { .. } => {
                Some(Shown::Named { name: bare(&piece.shown()), size: None })
            }
        };
        items.push(Item::owned(bytes, shown));
    }
    Ok(())
}

/// The name under which a computed number is shown, without the brackets that the trace adds.
fn name_of(template: &Template) -> String {
    bare(&template.shown())
}

fn bare(shown: &str) -> String {
    shown.replace(['<', '>'], "")
}

/// The length, what it measures, and the zero bytes after that.
fn push_sized(size: Size, of: &Payload, scope: Scope<'_>, items: &mut Items) -> Result<(), String> {
    let mut content = Items::default();
    push_payload(of, scope, &mut content)?;
    let len = length(&content.list)?;
    let prefix = encode_size(size, len)?;
    let varies = total_size(&shown(&content.list)).is_none();
    items.push(Item::owned(prefix, varies.then_some(Shown::Size { width: size.kind.width() })));
    items.place(0, of.span);
    items.append(content);
    let pad = padding(size, len) as usize;
    if size.pad > 1 {
        items.push(Item::owned(vec![0; pad], varies.then_some(Shown::Varying { size: None })));
    }
    Ok(())
}

pub(super) fn length(items: &[Item]) -> Result<u64, String> {
    let sum = items.iter().try_fold(0_u64, |sum, item| sum.checked_add(item.len));
    sum.filter(|sum| i64::try_from(*sum).is_ok()).ok_or_else(|| "the payload is longer than any can be".to_owned())
}

pub(super) fn shown(items: &[Item]) -> Vec<Shown> {
    let mut builder = ShownBuilder::default();
    for item in items {
        match &item.shown {
            Some(shown) => builder.part(shown.clone()),
            None => builder.bytes(item.source.plain()),
        }
    }
    builder.finish()
}
