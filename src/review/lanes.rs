//! Which lane of which `parallel` an event is in: between lanes there is no order.

use std::collections::HashMap;

use crate::trace::read::{Node, NodeKind};

/// The lanes that an event is in, the outermost first: the line of each `parallel`, and the lane's name.
type Place<'n> = Vec<(u32, &'n str)>;

/// The lanes of all events of a trace that are in any, by their lines.
#[derive(Debug, Default)]
pub(super) struct Lanes<'n>(HashMap<u32, Place<'n>>);

impl<'n> Lanes<'n> {
    pub(super) fn of(nodes: &'n [Node]) -> Self {
        let mut lanes = Self::default();
        lanes.gather(nodes, 0, &Vec::new());
        lanes
    }

    fn gather(&mut self, nodes: &'n [Node], parallel: u32, place: &Place<'n>) {
        for node in nodes {
            match &node.kind {
                NodeKind::Event(_) if !place.is_empty() => drop(self.0.insert(node.line, place.clone())),
                NodeKind::Lane(name, inner) => {
                    let mut place = place.clone();
                    place.push((parallel, name));
                    self.gather(inner, parallel, &place);
                }
                _ => self.gather(node.inner(), node.line, place),
            }
        }
    }

    /// Whether one of two events comes before the other one, as the trace tells.
    pub(super) fn has_order(&self, one: u32, other: u32) -> bool {
        let (Some(one), Some(other)) = (self.0.get(&one), self.0.get(&other)) else { return true };
        let apart = one.iter().zip(other).find(|(one, other)| one != other);
        apart.is_none_or(|((one, _), (other, _))| one != other)
    }

    /// The innermost lane of an event.
    pub(super) fn name(&self, line: u32) -> Option<&'n str> {
        self.0.get(&line)?.last().map(|(_, name)| *name)
    }
}
