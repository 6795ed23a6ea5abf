//! The tokens that the parser found, in the order of the text, and in which columns they are to be.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::super::ast::Style;
use super::super::document::{Entry, Kind as Tree, Node};
use super::super::words;
use super::tokens::{Block, Kind, Token, column};

/// Whether a list or map is written in brackets. One that is not begins where its first member does, or at its dash.
pub(super) fn is_in_brackets(text: &str, node: &Node<'_>) -> bool {
    let first = match &node.kind {
        Tree::Sequence(items) => items.first().map(|item| item.span.start),
        Tree::Mapping(entries) => entries.first().map(|entry| entry.key.span.start),
        Tree::Scalar(..) | Tree::Invalid(_) => return false,
    };
    first != Some(node.span.start) && text[node.span.start as usize..].starts_with(['[', '{'])
}

/// What a node is to its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A list of steps.
    Steps,
    /// A map of lists of steps.
    Lanes,
    /// A map of names to values.
    Values,
    /// A list of rows.
    Rows,
    /// Nothing of the kind.
    Other,
}

impl Role {
    /// That of the value of a key.
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Lanes, _) | (_, "steps") => Self::Steps,
            (_, "parallel") => Self::Lanes,
            (_, "vars") => Self::Values,
            (_, "repeat") => Self::Rows,
            _ => Self::Other,
        }
    }
}

/// Where a node stands.
#[derive(Debug, Clone, Copy)]
struct Around {
    block: Option<usize>,
    /// The column for its entries, if it is a block.
    column: usize,
    in_brackets: bool,
    role: Role,
}

/// Goes through the tree, in the order of the text.
pub(super) struct Walk<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    blocks: Vec<Block>,
}

impl<'a> Walk<'a> {
    /// What the parser found in a text, and its lists and maps that are not in brackets.
    pub(super) fn through(text: &'a str, root: &Node<'_>) -> (Vec<Token>, Vec<Block>) {
        let mut walk = Self { text, tokens: Vec::new(), blocks: Vec::new() };
        walk.node(root, Around { block: None, column: 0, in_brackets: false, role: Role::Other });
        (walk.tokens, walk.blocks)
    }

    fn node(&mut self, node: &Node<'_>, around: Around) {
        let place = node.span.start as usize..node.span.end as usize;
        match &node.kind {
            Tree::Scalar(_, Style::Block) => self.push(Kind::Block, place, around.block),
            // Nothing is there.
            Tree::Scalar(..) if place.is_empty() => {}
            // It may end behind the blanks that follow it.
            Tree::Scalar(_, Style::Plain) => {
                let end = place.start + self.text[place.clone()].trim_end().len();
                self.push(Kind::Scalar, place.start..end, around.block);
            }
            Tree::Scalar(..) => self.push(Kind::Scalar, place, around.block),
            _ if is_in_brackets(self.text, node) => {
                self.push(Kind::Open, place.start..place.start + 1, around.block);
                self.members(node, Around { in_brackets: true, ..around });
                self.push(Kind::Close, place.end - 1..place.end, around.block);
            }
            // `[a: b]` has a map without brackets in brackets.
            _ if around.in_brackets => self.members(node, around),
            _ => {
                let block = self.block(node, around);
                self.members(node, Around { block: Some(block), ..around });
            }
        }
    }

    fn members(&mut self, node: &Node<'_>, around: Around) {
        let inner = Around { column: around.column + 2, ..around };
        match &node.kind {
            Tree::Sequence(items) if around.role == Role::Steps && !around.in_brackets => {
                let width = items.iter().filter_map(|item| self.aligned(item)).max().unwrap_or_default();
                for item in items {
                    self.step(item, inner, width);
                }
            }
            Tree::Sequence(items) if around.role == Role::Rows && !around.in_brackets => {
                let widths = self.table(items).unwrap_or_default();
                for item in items {
                    self.row(item, inner, &widths);
                }
            }
            Tree::Sequence(items) => {
                for item in items {
                    self.node(item, Around { role: Role::Other, ..inner });
                }
            }
            Tree::Mapping(entries) => {
                let is_aligned = around.role == Role::Values && !around.in_brackets;
                let widths = entries.iter().filter(|_| is_aligned).filter_map(|entry| self.value(entry));
                let width = widths.max().unwrap_or_default();
                for entry in entries {
                    let width = self.value(entry).map_or(0, |_| width);
                    self.entry(entry, inner, width);
                }
            }
            Tree::Scalar(..) | Tree::Invalid(_) => {}
        }
    }

    fn step(&mut self, item: &Node<'_>, around: Around, width: usize) {
        let around = Around { role: Role::Other, ..around };
        let Tree::Mapping(entries) = &item.kind else { return self.node(item, around) };
        if self.aligned(item).is_none() {
            return self.node(item, around);
        }
        let block = self.block(item, around);
        let inner = Around { block: Some(block), column: around.column + 2, ..around };
        for entry in entries {
            self.entry(entry, inner, width);
        }
    }

    /// A row of a table, whose columns have these widths.
    fn row(&mut self, item: &Node<'_>, around: Around, widths: &[usize]) {
        let begin = self.tokens.len();
        self.node(item, Around { role: Role::Other, ..around });
        let Tree::Mapping(entries) = &item.kind else { return };
        for ((entry, next), width) in entries.iter().zip(entries.iter().skip(1)).zip(widths) {
            let start = next.key.span.start as usize;
            let token = self.tokens[begin..].iter_mut().find(|token| token.place.start == start);
            let own = self.text[entry.key.span.start as usize..entry.key.span.end as usize].width()
                + self.text[entry.value.span.start as usize..entry.value.span.end as usize].width();
            if let Some(token) = token {
                token.pad = width.saturating_sub(own);
            }
        }
    }

    /// The widths of the columns of a table, colons and blanks left out. `None` where the rows are not alike.
    fn table(&self, items: &[Node<'_>]) -> Option<Vec<usize>> {
        let mut widths: Vec<(&str, usize)> = Vec::new();
        for item in items {
            let Tree::Mapping(entries) = &item.kind else { return None };
            if !is_in_brackets(self.text, item) {
                return None;
            }
            for (at, entry) in entries.iter().enumerate() {
                let key = &self.text[entry.key.span.start as usize..entry.key.span.end as usize];
                let own = key.width() + self.scalar(&entry.value)?.width();
                match widths.get_mut(at) {
                    Some((other, width)) if *other == key => *width = own.max(*width),
                    None if std::ptr::eq(item, &raw const items[0]) => widths.push((key, own)),
                    _ => return None,
                }
            }
            if entries.len() != widths.len() {
                return None;
            }
        }
        Some(widths.into_iter().map(|(_, width)| width).collect())
    }

    /// How wide the name of a value is that stands beside it.
    fn value(&self, entry: &Entry<'_>) -> Option<usize> {
        self.scalar(&entry.value)?;
        Some(self.text[entry.key.span.start as usize..entry.key.span.end as usize].width())
    }

    /// The text of a scalar that is in one line.
    fn scalar(&self, node: &Node<'_>) -> Option<&str> {
        let text = &self.text[node.span.start as usize..node.span.end as usize];
        let is_line = matches!(&node.kind, Tree::Scalar(_, style) if *style != Style::Block) && !text.contains('\n');
        is_line.then_some(text)
    }

    fn entry(&mut self, entry: &Entry<'_>, around: Around, width: usize) {
        let place = entry.key.span.start as usize..entry.key.span.end as usize;
        if !place.is_empty() {
            let own = self.text[place.clone()].width();
            let kind = if around.in_brackets { Kind::Scalar } else { Kind::Key { width: width.max(own) } };
            self.push(kind, place, around.block);
        }
        self.node(&entry.value, Around { role: around.role.of(&entry.key.text), ..around });
    }

    /// How wide the name is that a step begins with, where the values of those are aligned: an endpoint, or a
    /// word with a map behind it.
    fn aligned(&self, item: &Node<'_>) -> Option<usize> {
        let Tree::Mapping(entries) = &item.kind else { return None };
        let [Entry { key, value }] = &entries[..] else { return None };
        let is_own = words::STEPS.iter().any(|step| step.word.name == key.text);
        let is_aligned = !is_in_brackets(self.text, item) && (!is_own || is_in_brackets(self.text, value));
        is_aligned.then(|| self.text[key.span.start as usize..key.span.end as usize].width())
    }

    /// Notes a list or map that is not in brackets.
    fn block(&mut self, node: &Node<'_>, around: Around) -> usize {
        let start = node.span.start as usize;
        // The parser begins a list whose dashes are in the column of its key at its first entry.
        let begins_at_dash = |items: &[Node<'_>]| {
            self.text[start..].starts_with('-') && items.first().is_none_or(|item| item.span.start != node.span.start)
        };
        let outer = around.block.filter(|_| matches!(&node.kind, Tree::Sequence(items) if !begins_at_dash(items)));
        let now = outer.map_or_else(|| column(self.text, start), |outer| self.blocks[outer].columns.0);
        let is_list = matches!(node.kind, Tree::Sequence(_));
        self.blocks.push(Block { columns: (now, around.column), is_list, parent: around.block });
        self.blocks.len() - 1
    }

    fn push(&mut self, kind: Kind, place: Range<usize>, block: Option<usize>) {
        self.tokens.push(Token::new(kind, place, block));
    }
}
