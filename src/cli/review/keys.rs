//! The keys of a review.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_width::UnicodeWidthStr as _;

use crate::diagnostic::Style;
use crate::report::review::{quiet, strong, words};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Accept,
    Reject,
    Skip,
    AcceptAlike,
    RejectAlike,
    Undo,
    Next,
    Previous,
    More,
    Diagram,
    Edit,
    Help,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Quit,
    /// Any other one.
    Other,
}

/// The keys with what they do, in the order in which they are told.
const KEYS: [(&str, &str); 14] = [
    ("a", "accept: this trace is the right one from now on; a stale snapshot is removed"),
    ("r", "reject: the trace that waits is removed; a stale snapshot is kept"),
    ("s", "skip: it goes on waiting"),
    ("A, R", "accept or reject this one and all like it, of which the same is said"),
    ("u", "undo: take back the last decision, and the one before, and so on; files are restored exactly"),
    ("n, p", "next, previous (also → and ←)"),
    ("m", "all that has changed in words, where there is more than fits; and less again"),
    ("d", "the trace as a sequence diagram: as it is now, as it was, and back"),
    ("e", "open the spec in $VISUAL or $EDITOR, at the step that has changed"),
    ("↑ ↓ space b", "scroll (also j and k, PgUp and PgDn, Home and End)"),
    ("?", "this page"),
    ("q", "quit: what is not decided goes on waiting (also Esc and Ctrl-C)"),
    ("", ""),
    ("", "Any other key goes back to the review."),
];

/// The most important keys, in the last line; how many there are that are like the one that is shown,
/// with it. Where there is not room for all, those go first that can be done without.
pub(super) fn footer(width: usize, alike: usize) -> String {
    let alike = if alike > 1 { format!("A/R all {alike} alike") } else { String::new() };
    // Each with how much it is needed.
    let keys = [
        ("a accept", 9),
        ("r reject", 8),
        ("s skip", 6),
        (alike.as_str(), 5),
        ("u undo", 3),
        ("d diagram", 4),
        ("? help", 7),
        ("q quit", 9),
    ];
    (0..10)
        .map(|least| {
            let shown = keys.iter().filter(|(key, needed)| *needed >= least && !key.is_empty());
            shown.map(|(key, _)| *key).collect::<Vec<_>>().join("  ")
        })
        .find(|line| line.width() <= width)
        .unwrap_or_else(|| "a r s u d ? q".to_owned())
}

/// The last line of the help.
pub(super) fn help_footer(can_scroll: bool) -> &'static str {
    if can_scroll { "↑ ↓ space scroll  q quit  any other key: back" } else { "q quit  any other key: back" }
}

/// What all keys do.
pub(super) fn help(style: Style) -> Vec<String> {
    const COLUMN: usize = 13;
    let mut lines = vec![strong("Keys", style), String::new()];
    for (key, does) in KEYS {
        for (at, part) in words(does, style.width.saturating_sub(COLUMN + 1)).iter().enumerate() {
            let key = if at == 0 { key } else { "" };
            lines.push(format!("{key:<COLUMN$} {part}").trim_end().to_owned());
        }
    }
    lines.push(quiet("", style));
    lines
}

/// What a key that was pressed means.
pub(super) fn of(event: KeyEvent) -> Key {
    if event.modifiers.contains(KeyModifiers::CONTROL) {
        return match event.code {
            KeyCode::Char('c' | 'd') => Key::Quit,
            KeyCode::Char('f') => Key::PageDown,
            KeyCode::Char('b') => Key::PageUp,
            _ => Key::Other,
        };
    }
    match event.code {
        KeyCode::Char('a') => Key::Accept,
        KeyCode::Char('r') => Key::Reject,
        KeyCode::Char('s') => Key::Skip,
        KeyCode::Char('A') => Key::AcceptAlike,
        KeyCode::Char('R') => Key::RejectAlike,
        KeyCode::Char('u') => Key::Undo,
        KeyCode::Char('n') | KeyCode::Right => Key::Next,
        KeyCode::Char('p') | KeyCode::Left => Key::Previous,
        KeyCode::Char('m') => Key::More,
        KeyCode::Char('d') => Key::Diagram,
        KeyCode::Char('e') => Key::Edit,
        KeyCode::Char('?' | 'h') => Key::Help,
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Enter => Key::Down,
        KeyCode::PageUp | KeyCode::Char('b') => Key::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Key::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Key::Top,
        KeyCode::End | KeyCode::Char('G') => Key::Bottom,
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_end_is_always_said() {
        assert_eq!(footer(80, 12), "a accept  r reject  s skip  A/R all 12 alike  u undo  d diagram  ? help  q quit");
        assert_eq!(footer(60, 2), "a accept  r reject  s skip  A/R all 2 alike  ? help  q quit");
        assert_eq!(footer(60, 1), "a accept  r reject  s skip  d diagram  ? help  q quit");
        assert_eq!(footer(30, 5), "a accept  r reject  q quit");
        assert_eq!(footer(10, 5), "a r s u d ? q");
        for width in 16..100 {
            assert!(footer(width, 3).contains("q quit") && footer(width, 3).width() <= width, "{width}");
        }
    }
}
