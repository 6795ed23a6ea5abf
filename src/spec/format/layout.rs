//! Writes the tokens down again: which column a line begins in, and how many blanks stand between two.

use unicode_width::UnicodeWidthStr;

use super::comments::{self, Line};
use super::tokens::{Block, Kind, Token, Tokens, column};

/// The text with the blanks that it should have. `None` where something in it is not understood.
pub(super) fn lay_out(text: &str) -> Option<String> {
    let tokens = Tokens::of(text)?;
    let mut layout = Layout { text, tokens: &tokens, open: Vec::new(), lines: Vec::new() };
    let mut rest = &tokens.tokens[..];
    let mut end = 0;
    while let Some(first) = rest.first() {
        let (line, after) = rest.split_at(length(text, rest));
        let blank = is_blank_line_between(text, end, first.place.start);
        layout.line(line, blank && end > 0);
        end = line.last()?.place.end;
        rest = after;
    }
    let ends = !text[..end].ends_with('\n') && tokens.tokens.last().is_some_and(|last| last.kind == Kind::Block);
    let mut out = comments::write(layout.lines);
    if ends {
        // A line feed more would be one more in the text.
        out.truncate(out.trim_end_matches('\n').len());
    }
    Some(out)
}

/// How many tokens stand on the first line.
fn length(text: &str, tokens: &[Token]) -> usize {
    if tokens[0].kind == Kind::Block {
        return 1;
    }
    let same_line =
        |pair: &&[Token]| pair[1].kind != Kind::Block && !text[pair[0].place.end..pair[1].place.start].contains('\n');
    1 + tokens.windows(2).take_while(same_line).count()
}

/// Whether there is an empty line between two places, of which the first may be the beginning of a line.
fn is_blank_line_between(text: &str, end: usize, start: usize) -> bool {
    let ended = usize::from(!text[..end].ends_with('\n'));
    text[end..start].matches('\n').count() > ended
}

/// A bracket that is open.
struct Open {
    /// Where what stands in it begins, and where a closing one that begins a line does.
    columns: (usize, usize),
    /// Whether the line has ended behind it.
    is_last: bool,
}

struct Layout<'a> {
    text: &'a str,
    tokens: &'a Tokens,
    open: Vec<Open>,
    lines: Vec<Line>,
}

impl Layout<'_> {
    /// Writes a line.
    fn line(&mut self, tokens: &[Token], blank: bool) {
        let first = &tokens[0];
        if first.kind == Kind::Block {
            let text = self.shifted(first);
            return self.lines.push(Line { blank: false, code: text, comment: None, is_block: true });
        }
        let indent = self.indent(first, tokens);
        let base = first.block.map_or(indent, |_| indent.max(self.base(first, tokens)));
        let mut line = Line { blank, code: " ".repeat(indent), comment: None, is_block: false };
        let mut column = indent;
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            if token.kind == Kind::Comment && before.is_some() {
                line.comment = Some(self.comment(token));
                break;
            }
            let blanks = before.map_or(0, |before| token.pad + self.blanks(before, token, &tokens[..at]));
            line.code.extend(std::iter::repeat_n(' ', blanks));
            self.bracket(token, tokens.get(at + 1), column + blanks, base);
            let begin = line.code.len();
            self.push(token, &mut line.code, base);
            let written = &line.code[begin..];
            column = written.rfind('\n').map_or(column + blanks + written.width(), |last| written[last + 1..].width());
        }
        self.lines.push(line);
    }

    /// The column that a line begins in.
    fn indent(&self, first: &Token, line: &[Token]) -> usize {
        if first.kind == Kind::Marker {
            return 0;
        }
        if let Some(open) = self.open.last() {
            return if first.kind == Kind::Close { open.columns.1 } else { open.columns.0 };
        }
        if first.kind == Kind::Comment {
            return self.comment_indent(first);
        }
        match first.kind {
            Kind::Dash => self.list_of(first).map_or(0, |list| list.columns.1),
            Kind::Key { .. } => self.block(first).map_or(0, |map| map.columns.1),
            // A value under its key, or under its dash.
            _ if line[0].block.is_none() => 0,
            _ => self.block(first).map_or(0, |block| block.columns.1 + 2),
        }
    }

    /// The column that what goes on in the next line is indented from.
    fn base(&self, first: &Token, line: &[Token]) -> usize {
        let innermost = line.iter().rev().find_map(|token| self.block(token)).or_else(|| self.block(first));
        innermost.map_or(0, |block| if block.is_list { block.columns.1 + 2 } else { block.columns.1 })
    }

    fn block(&self, token: &Token) -> Option<&Block> {
        token.block.map(|block| &self.tokens.blocks[block])
    }

    /// The list that a dash belongs to: that whose entries begin in its column.
    fn list_of(&self, dash: &Token) -> Option<&Block> {
        self.tokens
            .around(dash.block)
            .chain(self.around_before(dash))
            .find(|block| block.is_list && block.columns.0 == column(self.text, dash.place.start))
    }

    /// The blocks around what came before a token, the innermost first.
    fn around_before(&self, token: &Token) -> impl Iterator<Item = &Block> {
        self.tokens.around(token.before)
    }

    /// A comment on a line of its own stands with the entries in whose column it stood.
    fn comment_indent(&self, comment: &Token) -> usize {
        let own = column(self.text, comment.place.start);
        let next = self.tokens.tokens.get(comment.next);
        let next = next.filter(|next| matches!(next.kind, Kind::Dash | Kind::Key { .. }));
        let columns =
            next.map(|next| (column(self.text, next.place.start), self.indent(next, std::slice::from_ref(next))));
        if let Some((_, indent)) = columns.filter(|(column, _)| *column == own) {
            return indent;
        }
        // Of two in the same column the inner one, which comes first, but is the last that is looked at.
        let around = self.around_before(comment).chain(self.tokens.around(comment.block));
        let mut around: Vec<_> = around.map(|block| block.columns).chain(columns).collect();
        around.reverse();
        let nearest = around.iter().filter(|columns| columns.0 <= own).max_by_key(|columns| columns.0);
        nearest.map_or(0, |columns| columns.1)
    }

    /// How many blanks stand between two tokens of a line.
    fn blanks(&self, before: &Token, token: &Token, line: &[Token]) -> usize {
        match (before.kind, token.kind) {
            // `{a: , b}`: without the blank it may be another word.
            (Kind::Colon, Kind::Comma | Kind::Close) => usize::from(before.place.end < token.place.start),
            (_, Kind::Colon | Kind::Comma | Kind::Close) | (Kind::Open, _) => 0,
            (Kind::Colon, _) => match line.iter().rev().nth(1).map(|key| (key.kind, key.place.clone())) {
                Some((Kind::Key { width }, place)) => 1 + width - self.text[place].width(),
                _ => 1,
            },
            _ => 1,
        }
    }

    /// Notes a bracket that is opened or closed in a column.
    fn bracket(&mut self, token: &Token, next: Option<&Token>, column: usize, base: usize) {
        match token.kind {
            Kind::Open => {
                let is_last = next.is_none_or(|next| next.kind == Kind::Comment);
                let columns = if is_last { (base + 2, base) } else { (column + 1, column) };
                self.open.push(Open { columns, is_last });
            }
            Kind::Close => drop(self.open.pop()),
            _ => {}
        }
    }

    /// Writes a token. The further lines of a text that has several are indented like what goes on.
    fn push(&self, token: &Token, out: &mut String, base: usize) {
        let text = &self.text[token.place.clone()];
        if token.kind == Kind::Comment {
            return out.push_str(text.trim_end());
        }
        let indent = self.open.last().filter(|open| open.is_last).map_or(base + 2, |open| open.columns.0);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                let line = line.trim_start_matches([' ', '\t']);
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', if line.is_empty() { 0 } else { indent }));
                out.push_str(line);
            } else {
                out.push_str(line);
            }
        }
    }

    fn comment(&self, token: &Token) -> comments::Comment {
        let before = self.text[..token.place.start].trim_end_matches([' ', '\t']).len();
        let text = self.text[token.place.clone()].trim_end().to_owned();
        let column = column(self.text, token.place.start);
        comments::Comment { text, column, gap: column - self::column(self.text, before) }
    }

    /// The lines of a block text, moved as far as what they are in.
    fn shifted(&self, token: &Token) -> String {
        let text = &self.text[token.place.clone()];
        let (now, then) = self.block(token).map_or((0, 0), |block| block.columns);
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            match then.checked_sub(now) {
                Some(more) if !line.trim().is_empty() || blanks > now => out.extend(std::iter::repeat_n(' ', more)),
                _ => {}
            }
            out.push_str(&line[now.saturating_sub(then).min(blanks)..]);
        }
        out
    }
}
