//! A line of characters that can be written over.

use std::ops::Range;

use anstyle::Style as Color;
use unicode_width::UnicodeWidthChar as _;

use super::Page;

/// One line.
#[derive(Debug)]
pub(super) struct Canvas {
    /// The character of each column of the terminal; none where the one before takes two.
    cells: Vec<(Option<char>, Color)>,
}

impl Canvas {
    pub(super) fn new(width: usize) -> Self {
        Self { cells: vec![(Some(' '), Color::new()); width] }
    }

    pub(super) fn put(&mut self, at: usize, glyph: char, color: Color) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = (Some(glyph), color);
        }
    }

    /// A line from left to right, which crosses those that go down.
    pub(super) fn line(&mut self, range: Range<usize>, glyph: char, color: Color) {
        for at in range {
            let crossing = if glyph == '━' { '┿' } else { '┼' };
            let is_crossed = self.cells.get(at).is_some_and(|(there, _)| *there == Some('│'));
            self.put(at, if is_crossed { crossing } else { glyph }, color);
        }
    }

    /// Text; the line grows where it does not fit.
    pub(super) fn write(&mut self, at: usize, text: &str, color: Color) {
        let mut at = at;
        for c in text.chars() {
            let width = c.width().unwrap_or(0);
            if self.cells.len() < at + width {
                self.cells.resize(at + width, (Some(' '), Color::new()));
            }
            if width > 0 {
                self.put(at, c, color);
                self.cells[at + 1..at + width].fill((None, color));
            }
            at += width;
        }
    }

    pub(super) fn draw(&self, page: &mut Page) {
        let mut rest = self.cells.as_slice();
        while let Some((_, color)) = rest.first() {
            let end = rest.iter().position(|(_, other)| other != color).unwrap_or(rest.len());
            let text: String = rest[..end].iter().filter_map(|(c, _)| *c).collect();
            page.paint(*color, &text);
            rest = &rest[end..];
        }
    }
}
