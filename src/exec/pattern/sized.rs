//! A length, then a pattern that takes exactly so many bytes, then the padding.

use super::ahead::Ahead;
use super::describe::{count, size_words};
use super::mismatch::Misfit;
use super::node::Node;
use super::state::{Context, Progress, State, Step};
use crate::exec::payload::padding;
use crate::plan::payload::{Size, SizeKind, Width};
use crate::trace::shown::Shown;

/// A length has at most so many bytes: BER's, one byte and eight.
const PREFIX_MAX: usize = 9;
/// A varint has at most so many bytes.
const VARINT_BYTES: usize = 4;

/// How far a frame is.
#[derive(Debug, Default)]
pub(super) struct Frame {
    prefix: [u8; PREFIX_MAX],
    prefix_len: usize,
    body: Option<Body>,
}

/// What follows a length.
#[derive(Debug)]
struct Body {
    /// One past the last byte of what the length measures.
    end: u64,
    /// One past the last byte of the padding.
    padded: u64,
    content: Content,
}

/// How far what a length measures is.
#[derive(Debug)]
enum Content {
    Begun(State),
    Taken,
}

/// A length as far as it is there.
enum Length {
    Incomplete,
    Number(u64),
    Malformed(&'static str),
}

impl Frame {
    /// The state of what the length measures, while it is being taken.
    pub(super) fn content(&self) -> Option<&State> {
        match &self.body.as_ref()?.content {
            Content::Begun(state) => Some(state),
            Content::Taken => None,
        }
    }

    pub(super) fn advance(
        &mut self,
        node: &Node,
        form: (Size, &Node, bool),
        start: u64,
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Step {
        let (size, of, varies) = form;
        if self.body.is_none() {
            self.body = self.take_prefix(node, form, start, settled, context)?;
        }
        let Some(body) = &mut self.body else { return ended(node, "in the length", start, context) };
        if !body.take_content(of, settled, context)? || !body.take_padding(settled, context)? {
            return ended(node, "in the frame", start, context);
        }
        if size.pad > 1 {
            if varies {
                show(context, Shown::Varying { size: None });
            } else {
                context.show(&vec![0; (body.padded - body.end) as usize]);
            }
        }
        Ok(Progress::Done)
    }

    /// Takes the length; `None` while it is not all there.
    fn take_prefix(
        &mut self,
        node: &Node,
        (size, of, varies): (Size, &Node, bool),
        start: u64,
        settled: &mut u64,
        context: &mut Context<'_>,
    ) -> Result<Option<Body>, Misfit> {
        let mut input = context.view.from(*settled).iter();
        let wrong = |at, why| Err(Misfit::new(start, start, node.describe(), why).seen(at));
        let number = loop {
            match length(size.kind, &self.prefix[..self.prefix_len]) {
                Length::Number(number) => break number,
                Length::Malformed(why) => return wrong(*settled, why.to_owned()),
                Length::Incomplete => {}
            }
            let Some(byte) = input.next() else { return Ok(None) };
            self.prefix[self.prefix_len] = *byte;
            self.prefix_len += 1;
            *settled += 1;
        };
        let measured = match measured(size, number, of, node.max) {
            Ok(measured) => measured,
            Err(why) => return wrong(*settled, why),
        };
        let end = settled.checked_add(measured);
        let padded = end.and_then(|end| end.checked_add(padding(size, measured)));
        let (Some(end), Some(padded)) = (end, padded) else {
            return wrong(*settled, format!("the length says {number}, which is more than any can be"));
        };
        if varies {
            show(context, Shown::Size { width: size.kind.width() });
        } else {
            context.show(&self.prefix[..self.prefix_len]);
        }
        Ok(Some(Body { end, padded, content: Content::Begun(of.begin(*settled)) }))
    }

    /// The bytes ahead: those of the length, then as much of the frame as its content says.
    pub(super) fn ahead(&self, size: Size, of: &Node, settled: u64) -> Ahead {
        let Some(body) = &self.body else {
            let left = size.kind.width().map_or(0, |width| width - self.prefix_len as u64);
            return Ahead { bytes: left, whole: false };
        };
        if let Content::Begun(state) = &body.content {
            let bytes = of.ahead(Some(state)).bytes;
            if bytes < body.end - settled {
                return Ahead { bytes, whole: false };
            }
        }
        Ahead { bytes: body.padded - settled, whole: true }
    }
}

impl Body {
    /// Takes what the length measures; whether all of it is there.
    fn take_content(&mut self, of: &Node, settled: &mut u64, context: &mut Context<'_>) -> Result<bool, Misfit> {
        let Content::Begun(state) = &mut self.content else { return Ok(true) };
        let outer = context.view;
        context.view = outer.frame(self.end);
        let step = of.advance(state, context);
        context.view = outer;
        *settled = state.settled;
        if step? == Progress::More {
            return Ok(false);
        }
        if *settled < self.end {
            let took = *settled - state.start;
            let length = self.end - state.start;
            let message = format!("the length says {}, of which the pattern takes {took}", count(length, "byte"));
            return Err(Misfit::new(state.start, *settled, of.describe(), message));
        }
        self.content = Content::Taken;
        Ok(true)
    }

    /// Takes the zero bytes after that; whether all of them are there.
    fn take_padding(&self, settled: &mut u64, context: &Context<'_>) -> Result<bool, Misfit> {
        for byte in context.view.from(*settled) {
            if *settled == self.padded {
                break;
            }
            if *byte != 0 {
                let message = format!("a byte of the padding is {byte:02x}, where 00 was expected");
                return Err(Misfit::new(self.end, *settled, "zero bytes", message).seen(*settled + 1));
            }
            *settled += 1;
        }
        Ok(*settled == self.padded)
    }
}

fn show(context: &mut Context<'_>, part: Shown) {
    if let Some(shown) = &mut context.shown {
        shown.part(part);
    }
}

/// The frame is not complete: it waits, or has failed.
fn ended(node: &Node, place: &str, start: u64, context: &Context<'_>) -> Step {
    let Some(why) = context.reached() else { return Ok(Progress::More) };
    Err(Misfit::new(start, context.view.limit(), node.describe(), format!("{why} {place}")).ended(context.view.end))
}

/// How many bytes a length measures: that without the flag and without what was added.
fn measured(size: Size, number: u64, of: &Node, max: u64) -> Result<u64, String> {
    if number & size.or != size.or {
        return Err(format!("the length is {number:#x}, without the flag {:#x}", size.or));
    }
    let plain = number & !size.or;
    let length = i128::from(plain) - i128::from(size.plus);
    let Ok(length) = u64::try_from(length) else {
        return Err(format!("the length says {plain}, which is less than `plus: {}`", size.plus));
    };
    match of.size() {
        Some(fixed) if fixed != length => {
            Err(format!("the length says {}, where the pattern takes {fixed}", count(length, "byte")))
        }
        None if length > max => Err(format!(
            "the length says {}, which is more than {}; a larger `max` beside it allows more",
            count(length, "byte"),
            size_words(max)
        )),
        _ => Ok(length),
    }
}

fn length(kind: SizeKind, bytes: &[u8]) -> Length {
    match kind {
        SizeKind::Fixed(width) if bytes.len() < usize::from(width.bytes) => Length::Incomplete,
        SizeKind::Fixed(width) => Length::Number(width.decode(bytes)),
        SizeKind::Varint => varint(bytes),
        SizeKind::Ber => ber(bytes),
    }
}

fn varint(bytes: &[u8]) -> Length {
    match bytes.last() {
        Some(last) if last & 0x80 == 0 => {
            let digit = |number: u64, byte: &u8| number << 7 | u64::from(byte & 0x7f);
            Length::Number(bytes.iter().rev().fold(0, digit))
        }
        Some(_) if bytes.len() == VARINT_BYTES => Length::Malformed("the varint does not end after four bytes"),
        _ => Length::Incomplete,
    }
}

fn ber(bytes: &[u8]) -> Length {
    let Some((first, rest)) = bytes.split_first() else { return Length::Incomplete };
    let wanted = usize::from(first & 0x7f);
    match first {
        0..0x80 => Length::Number(u64::from(*first)),
        0x80 => Length::Malformed("the BER length is indefinite"),
        _ if wanted >= PREFIX_MAX => Length::Malformed("the BER length has more than eight bytes"),
        _ if rest.len() < wanted => Length::Incomplete,
        _ => Length::Number(Width { bytes: 8, little: false }.decode(rest)),
    }
}
