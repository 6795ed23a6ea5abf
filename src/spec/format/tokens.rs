//! The text in tokens: what the parser found, and what stands between.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::super::document;
use super::walk::Walk;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `-`
    Dash,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// `[` or `{`
    Open,
    /// `]` or `}`
    Close,
    /// `|` or `>` with what belongs to it
    Header,
    /// The lines under a header
    Block,
    /// `---` or `...`
    Marker,
    /// `#` up to the end of the line
    Comment,
    /// A word or a quoted text
    Scalar,
    /// A scalar that begins an entry of a map that is not in brackets
    Key {
        /// The columns that it is to take, its colon left out.
        width: usize,
    },
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Range<usize>,
    /// The innermost list or map around it that is not in brackets.
    pub(super) block: Option<usize>,
    /// That of what came before, for what stands between.
    pub(super) before: Option<usize>,
    /// Which token follows on it and on the comments behind it.
    pub(super) next: usize,
    /// The blanks that stand before it so that it is in its column of a table.
    pub(super) pad: usize,
}

impl Token {
    pub(super) fn new(kind: Kind, place: Range<usize>, block: Option<usize>) -> Self {
        Self { kind, place, block, before: None, next: 0, pad: 0 }
    }
}

/// A list or map that is not in brackets.
#[derive(Debug)]
pub(super) struct Block {
    /// The column in which its entries begin now, and that in which they should.
    pub(super) columns: (usize, usize),
    /// Whether it is a list.
    pub(super) is_list: bool,
    /// The one around it.
    pub(super) parent: Option<usize>,
}

/// All of a text.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<Token>,
    pub(super) blocks: Vec<Block>,
}

impl Tokens {
    /// `None` where something in the text is not understood.
    pub(super) fn of(text: &str) -> Option<Self> {
        let document = document::read(text, &mut Vec::new());
        let (tokens, blocks) = document.root.as_ref().map(|root| Walk::through(text, root)).unwrap_or_default();
        let mut filled = Self { tokens: Vec::with_capacity(tokens.len() * 3), blocks };
        let mut end = 0;
        let mut before = None;
        for token in tokens {
            let block = token.block;
            end = filled.between(text, end, before, Some(token))?;
            before = block;
        }
        filled.between(text, end, before, None)?;
        let mut next = filled.tokens.len();
        for (at, token) in filled.tokens.iter_mut().enumerate().rev() {
            token.next = next;
            next = if token.kind == Kind::Comment { next } else { at };
        }
        Some(filled)
    }

    /// The blocks around a token, the innermost first.
    pub(super) fn around(&self, block: Option<usize>) -> impl Iterator<Item = &Block> {
        std::iter::successors(block, |block| self.blocks[*block].parent).map(|block| &self.blocks[block])
    }

    /// Adds what stands between the end of the last token and the next one, and that one. Gives where it ends.
    fn between(&mut self, text: &str, from: usize, before: Option<usize>, next: Option<Token>) -> Option<usize> {
        let block = next.as_ref().and_then(|next| next.block);
        let is_block = next.as_ref().is_some_and(|next| next.kind == Kind::Block);
        // Where a block text has no lines, its place is none.
        let until = next.as_ref().filter(|_| !is_block).map_or(text.len(), |next| next.place.start);
        let mut at = from;
        while at < until {
            let rest = &text[at..until];
            let (kind, length) = match rest.as_bytes()[0] {
                b' ' | b'\t' | b'\n' => {
                    at += 1;
                    continue;
                }
                b'#' => (Kind::Comment, text[at..].find('\n').unwrap_or(text.len() - at)),
                b'-' | b'.' if column(text, at) == 0 && (rest.starts_with("---") || rest.starts_with("...")) => {
                    (Kind::Marker, 3)
                }
                b'-' => (Kind::Dash, 1),
                b':' => (Kind::Colon, 1),
                b',' => (Kind::Comma, 1),
                b'|' | b'>' if is_block => {
                    (Kind::Header, 1 + rest[1..].find([' ', '\t', '\n']).unwrap_or(rest.len() - 1))
                }
                _ => return None,
            };
            self.tokens.push(Token { before, ..Token::new(kind, at..at + length, block) });
            at += length;
            if kind == Kind::Header {
                return Some(self.block_text(text, at, next?));
            }
        }
        // A comment that the parser takes for a part of something else is none.
        if at > until || is_block {
            return None;
        }
        let Some(next) = next else { return Some(at) };
        let end = next.place.end;
        self.tokens.push(next);
        Some(end)
    }

    /// Adds the comment behind a header, if there is one, and the lines of the text. Gives where these end.
    fn block_text(&mut self, text: &str, from: usize, mut next: Token) -> usize {
        let header = self.tokens.last().map_or("", |header| &text[header.place.clone()]);
        let line = text[from..].find('\n').map_or(text.len(), |line| from + line + 1);
        let comment = from + (text[from..line].len() - text[from..line].trim_start().len());
        if text[comment..line].starts_with('#') {
            let end = comment + text[comment..line].trim_end_matches('\n').len();
            self.tokens.push(Token::new(Kind::Comment, comment..end, next.block));
        }
        // The parser may end it where the next line has its first word.
        let end = next.place.end.max(line);
        let end = text[line..end].rfind('\n').filter(|_| end < text.len()).map_or(end, |last| line + last + 1);
        // The blank lines at its end belong to a text that keeps them.
        let is_blank = |line: &&str| line.trim().is_empty();
        let after: usize = text[end..].split_inclusive('\n').take_while(is_blank).map(str::len).sum();
        let before: usize = text[line..end].split_inclusive('\n').rev().take_while(is_blank).map(str::len).sum();
        let is_nothing = before == end - line;
        let end = if header.contains('+') {
            end + after
        } else if is_nothing {
            end
        } else {
            end - before
        };
        next.place = line..end;
        self.tokens.push(next);
        end
    }
}

/// The column of a place: how wide the text before it on its line is.
pub(super) fn column(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |line| line + 1);
    text[line..at].width()
}
