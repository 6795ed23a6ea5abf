//! Bytes in rows of a given width, with a mark under one of them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::bytes::{dump_line_into, escape, escape_into};

/// A row, and the columns of the mark under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) mark: Option<Mark>,
}

/// Where a mark begins, and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) column: usize,
    pub(super) width: usize,
}

impl Row {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), mark: None }
    }

    /// How many columns it takes.
    pub(super) fn columns(&self) -> usize {
        self.text.width()
    }
}

/// Rows of escaped text in quotes; a row ends after a line break, or where the columns end. The
/// mark is under byte `at`, or behind the last one.
pub(super) fn text(bytes: &[u8], at: Option<usize>, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = Row::plain("\"");
    let mut offset = 0;
    for (token, length) in tokens(bytes) {
        if row.columns() + token.width() + 1 > columns && row.text.len() > 1 {
            close(&mut rows, &mut row);
        }
        if at.is_some_and(|at| (offset..offset + length).contains(&at)) {
            row.mark = Some(Mark { column: row.columns(), width: token.width() });
        }
        row.text.push_str(&token);
        offset += length;
        if token == "\\n" && offset < bytes.len() {
            close(&mut rows, &mut row);
        }
    }
    if at.is_some_and(|at| at >= bytes.len()) {
        row.mark = Some(Mark { column: row.columns(), width: 1 });
    }
    close(&mut rows, &mut row);
    rows
}

/// Lines as they were printed, each in a row however long it is, so that it can be searched for; in
/// place of those that repeat the one before, `*` as hexdump has it. What would be invisible is
/// escaped.
pub(super) fn lines(bytes: &[u8]) -> Vec<Row> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line));
    let lines: Vec<&[u8]> = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    let same = lines.chunk_by(|a, b| a == b);
    let rows = same.flat_map(|run| match run {
        // A second one is no longer than the sign for it.
        [_] | [_, _] => run.iter().map(|line| Row::plain(line_of(line))).collect(),
        _ => vec![Row::plain(line_of(run[0])), Row::plain("*")],
    });
    rows.collect()
}

fn line_of(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // The width of control characters is none, that of those that only steer the others is 0.
            match c.width() {
                Some(1..) => line.push(c),
                _ if c == '\t' => line.push(c),
                _ => escape_into(&mut line, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        escape_into(&mut line, chunk.invalid());
    }
    line
}

fn close(rows: &mut Vec<Row>, row: &mut Row) {
    row.text.push('"');
    rows.push(std::mem::replace(row, Row::plain("\"")));
}

/// The bytes character by character, each escaped, with its length.
fn tokens(bytes: &[u8]) -> impl Iterator<Item = (String, usize)> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|c| {
            let mut token = String::new();
            escape_into(&mut token, c.encode_utf8(&mut [0; 4]).as_bytes());
            (token, c.len_utf8())
        });
        let invalid = chunk.invalid().iter().map(|byte| (escape(&[*byte]), 1));
        valid.chain(invalid)
    })
}

/// Rows of a hex dump, as many bytes in each as the columns hold.
pub(super) fn hex(bytes: &[u8], at: Option<usize>, columns: usize) -> Vec<Row> {
    let per_row = if columns >= 68 {
        16
    } else if columns >= 36 {
        8
    } else {
        4
    };
    let at = at.map(|at| at.min(bytes.len()));
    let mut rows: Vec<Row> = bytes.chunks(per_row).map(|chunk| Row::plain(dump(chunk, per_row))).collect();
    if let Some(at) = at {
        let full = at == bytes.len() && at % per_row == 0;
        if full {
            rows.push(Row::plain(""));
        }
        rows[at / per_row].mark = Some(Mark { column: 3 * (at % per_row), width: 2 });
    }
    rows
}

/// A line of a hex dump with fewer bytes than the usual one has.
fn dump(chunk: &[u8], per_row: usize) -> String {
    let mut line = String::new();
    dump_line_into(&mut line, chunk);
    let (hex, ascii) = line.split_at(line.find(" |").unwrap_or(line.len()));
    format!("{}{ascii}", &hex[..(3 * per_row).min(hex.len())])
}

/// The rows round the marked ones, with a word on how many were left out.
pub(super) fn window(rows: Vec<Row>, around: Option<usize>) -> Vec<Row> {
    const BEFORE: usize = 2;
    const AFTER: usize = 4;
    let marked = around.unwrap_or(0);
    let first = marked.saturating_sub(BEFORE);
    let last = (marked + AFTER).min(rows.len());
    // To leave out a single row would save nothing.
    let first = if first == 1 { 0 } else { first };
    let last = if last + 1 >= rows.len() { rows.len() } else { last };
    let left_out = |count: usize| (count > 0).then(|| Row::plain(format!("… {count} more rows")));
    let (before, after) = (left_out(first), left_out(rows.len() - last));
    before.into_iter().chain(rows.into_iter().take(last).skip(first)).chain(after).collect()
}

/// The first row with a mark.
pub(super) fn marked(rows: &[Row]) -> Option<usize> {
    rows.iter().position(|row| row.mark.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: &[Row]) -> String {
        let mut lines = Vec::new();
        for row in rows {
            lines.push(row.text.clone());
            lines.extend(row.mark.map(|mark| " ".repeat(mark.column) + &"^".repeat(mark.width)));
        }
        lines.join("\n") + "\n"
    }

    #[test]
    fn text_breaks_after_lines_and_where_the_columns_end() {
        assert_eq!(drawn(&text(b"ab\r\ncdefgh\xff", Some(8), 10)), "\"ab\\r\\n\"\n\"cdefgh\"\n     ^\n\"\\xff\"\n");
        assert_eq!(drawn(&text(b"", Some(0), 10)), "\"\"\n ^\n");
        assert_eq!(drawn(&text(b"a\r\n", Some(1), 10)), "\"a\\r\\n\"\n  ^^\n");
        assert_eq!(drawn(&text("日本x".as_bytes(), Some(6), 10)), "\"日本x\"\n     ^\n");
        assert_eq!(drawn(&text(b"abc", Some(9), 1)), "\"a\"\n\"b\"\n\"c\"\n  ^\n");
    }

    #[test]
    fn printed_lines_stay_whole() {
        let long = format!("{{\"at\": \"C:\\\\\"}} {}", "x".repeat(300));
        let text = [long.as_bytes(), b"\r\n\n\x1b[1mbold\tend \xe2\x80\xae\xff"].concat();
        let shown: Vec<String> = lines(&text).into_iter().map(|row| row.text).collect();
        assert_eq!(shown, [long.as_str(), "", "\\x1b[1mbold\tend \\xe2\\x80\\xae\\xff"]);
        let shown = |text: &str| lines(text.as_bytes()).into_iter().map(|row| row.text).collect::<Vec<_>>().join("|");
        assert_eq!(shown("a\nb\nb\nc"), "a|b|b|c");
        assert_eq!(shown("a\nb\nb\nb\nb\nc\nb\n"), "a|b|*|c|b");
        assert_eq!(shown("a\na\na\n"), "a|*");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn hex_takes_the_columns_there_are() {
        assert_eq!(drawn(&hex(b"\x01\x02\x03\x04\x05", Some(4), 20)), "01 02 03 04  |....|\n05           |.|\n^^\n");
        assert_eq!(hex(&[0; 32], None, 36).len(), 4);
        assert_eq!(hex(&[0; 32], None, 68).len(), 2);
        assert_eq!(drawn(&hex(&[0; 4], Some(7), 20)), "00 00 00 00  |....|\n\n^^\n");
        assert_eq!(drawn(&hex(b"", Some(0), 20)), "\n^^\n");
    }

    #[test]
    fn a_window_tells_what_it_leaves_out() {
        let rows: Vec<Row> = (0..20).map(|at| Row::plain(at.to_string())).collect();
        let shown: Vec<String> = window(rows.clone(), Some(10)).into_iter().map(|row| row.text).collect();
        assert_eq!(shown, ["… 8 more rows", "8", "9", "10", "11", "12", "13", "… 6 more rows"]);
        assert_eq!(window(rows[..5].to_vec(), Some(0)).len(), 5);
        assert_eq!(window(Vec::new(), None), Vec::new());
    }
}
