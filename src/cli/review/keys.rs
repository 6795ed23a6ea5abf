//! The keys of a review.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
}

/// The keys with what they do, in the order in which they are told.
const KEYS: [(&str, &str); 13] = [
    ("a", "accept: this trace is the right one from now on; a stale snapshot is removed"),
    ("r", "reject: the trace that waits is removed; a stale snapshot is kept"),
    ("s", "skip: it goes on waiting"),
    ("A, R", "accept or reject this one and all like it, of which the same is said"),
    ("u", "undo: take back the last decision, and the one before, and so on; files are restored exactly"),
    ("n, p", "next, previous (also → and ←)"),
    ("d", "the trace as a sequence diagram: as it is now, as it was, and back"),
    ("e", "open the spec in $VISUAL or $EDITOR, at the step that has changed"),
    ("↑ ↓ space b", "scroll (also j and k, PgUp and PgDn, Home and End)"),
    ("?", "this page"),
    ("q", "quit: what is not decided goes on waiting (also Esc and Ctrl-C)"),
    ("", ""),
    ("", "Any key goes back to the review."),
];

/// The most important keys, in the last line.
pub(super) fn footer(width: usize) -> &'static str {
    match width {
        78.. => "a accept  r reject  s skip  A/R all alike  u undo  d diagram  ? help  q quit",
        60.. => "a accept  r reject  s skip  u undo  d diagram  ?  q quit",
        44.. => "a accept  r reject  s skip  ? help  q quit",
        _ => "a r s u d ? q",
    }
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
pub(super) fn of(event: KeyEvent) -> Option<Key> {
    if event.modifiers.contains(KeyModifiers::CONTROL) {
        return match event.code {
            KeyCode::Char('c' | 'd') => Some(Key::Quit),
            KeyCode::Char('f') => Some(Key::PageDown),
            KeyCode::Char('b') => Some(Key::PageUp),
            _ => None,
        };
    }
    Some(match event.code {
        KeyCode::Char('a') => Key::Accept,
        KeyCode::Char('r') => Key::Reject,
        KeyCode::Char('s') => Key::Skip,
        KeyCode::Char('A') => Key::AcceptAlike,
        KeyCode::Char('R') => Key::RejectAlike,
        KeyCode::Char('u') => Key::Undo,
        KeyCode::Char('n') | KeyCode::Right => Key::Next,
        KeyCode::Char('p') | KeyCode::Left => Key::Previous,
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
        _ => return None,
    })
}
