//! What a trace shows of a pattern, in place of the bytes that it has taken or as a member of a group.

use super::node::{Cover, Exact, Kind, Node};
use crate::exec::payload::padding;
use crate::exec::shown::ShownBuilder;
use crate::plan::pattern::End;
use crate::plan::payload::Width;
use crate::plan::template::bare;
use crate::trace::shown::Shown;

impl Cover {
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
    /// Whether the trace shows its size: what is shown as it is has one, however it came about.
    pub(super) fn shows_size(&self) -> bool {
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
    pub(super) fn is_plain(&self) -> bool {
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
