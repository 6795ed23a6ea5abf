//! How far a run has come, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;

use super::terminal::counts;
use crate::suite::watch::Seen;

/// A test that runs longer is named below the bar.
const SLOW: Duration = Duration::from_secs(1);
/// How many of them are.
const MOST_SLOW: usize = 3;
/// The bar's columns, where the terminal has room for it.
const BAR: usize = 20;
/// Where there is no terminal: a test that runs longer has a line.
const LONG: Duration = Duration::from_secs(10);
/// And how often a line tells how far the run has come.
const OFTEN: Duration = Duration::from_secs(30);

/// A bar as indicatif draws it: its template, and the message in that.
pub fn bar(seen: &Seen, specs: usize, now: Instant, columns: usize) -> (String, String) {
    // A column less, so that no terminal begins a new line.
    let columns = columns.saturating_sub(1).max(1);
    let room = columns.saturating_sub(format!(" {specs}/{specs} specs  ").len());
    let counted = if seen.totals.all() == 0 { String::new() } else { format!("tests: {}", counts(&seen.totals)) };
    let bar = if room > BAR + 20 { format!("{{bar:{BAR}}} ") } else { String::new() };
    let room = room.saturating_sub(if bar.is_empty() { 0 } else { BAR });
    let mut message = cut(&counted, room);
    for line in slow(seen, now) {
        message.push('\n');
        message.push_str(&cut(&line, columns));
    }
    (format!("{bar}{{pos}}/{{len}} specs  {{msg}}"), message)
}

/// The tests that have run longest.
fn slow(seen: &Seen, now: Instant) -> Vec<String> {
    let mut slow: Vec<_> = seen.running.iter().map(|(name, begun)| (now.duration_since(*begun), name)).collect();
    slow.retain(|(took, _)| *took >= SLOW);
    slow.sort_by(|one, other| other.cmp(one));
    let more = slow.len().saturating_sub(MOST_SLOW);
    let mut lines: Vec<_> =
        slow.into_iter().take(MOST_SLOW).map(|(took, name)| format!("{:>5}  {name}", clock(took))).collect();
    if more > 0 {
        lines.push(format!("       … and {more} more"));
    }
    lines
}

/// A time as one looks at a clock: `7s`, `2m05s`.
fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{:02}s", seconds / 60, seconds % 60),
    }
}

/// As much of a text as fits, without what would move the cursor.
fn cut(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for char in text.chars().filter(|char| !char.is_control()) {
        used += char.width().unwrap_or(0);
        if used > columns {
            out.pop();
            out.push('…');
            break;
        }
        out.push(char);
    }
    out
}

/// What was told where there is no terminal.
#[derive(Debug, Default)]
pub struct Lines {
    /// When how far it has come was told last, or began to be looked at.
    told: Option<Instant>,
    /// For how long each test had run when it was told last.
    tests: BTreeMap<String, Duration>,
}

impl Lines {
    /// What is to be told now: of tests that run for 10 s, and after a minute and each further one again; and each half a
    /// minute how far the run has come.
    pub fn due(&mut self, seen: &Seen, specs: usize, now: Instant) -> String {
        let mut out = String::new();
        self.tests.retain(|name, _| seen.running.iter().any(|(running, _)| running == name));
        for (name, begun) in &seen.running {
            let took = now.duration_since(*begun);
            if took >= next(self.tests.get(name).copied()) {
                self.tests.insert(name.clone(), took);
                let _ = writeln!(out, "still running after {}: {name}", clock(took));
            }
        }
        let told = *self.told.get_or_insert(now);
        if now.duration_since(told) >= OFTEN {
            self.told = Some(now);
            let _ = writeln!(out, "{} of {specs} specs; tests: {}", seen.specs, counts(&seen.totals));
        }
        out
    }
}

/// After how long a test is told next.
fn next(told: Option<Duration>) -> Duration {
    match told {
        None => LONG,
        Some(told) => Duration::from_secs((told.as_secs() / 60 + 1) * 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Totals;

    fn seen(now: Instant, running: &[(&str, u64)]) -> Seen {
        let begun = |seconds: &u64| now.checked_sub(Duration::from_secs(*seconds)).unwrap_or(now);
        Seen {
            specs: 7,
            totals: Totals { passed: 9, failed: 1, ..Totals::default() },
            running: running.iter().map(|(name, seconds)| ((*name).to_owned(), begun(seconds))).collect(),
        }
    }

    /// A time long enough after the first that there is.
    fn now() -> Instant {
        Instant::now() + Duration::from_secs(10_000)
    }

    #[test]
    fn the_bar_has_counts_and_the_slowest() {
        let now = now();
        let five = [("a", 0), ("b", 2), ("c", 65), ("d", 3), ("e", 1)];
        let (template, message) = bar(&seen(now, &five), 20, now, 80);
        assert_eq!(template, "{bar:20} {pos}/{len} specs  {msg}");
        assert_eq!(message, "tests: 9 passed, 1 failed\n1m05s  c\n   3s  d\n   2s  b\n       … and 1 more");
    }

    #[test]
    fn a_narrow_terminal_has_less() {
        let now = now();
        let (template, message) = bar(&seen(now, &[("a/long/name/of/a/test", 2)]), 20, now, 24);
        assert_eq!(template, "{pos}/{len} specs  {msg}");
        assert_eq!(message, "tests: 9…\n   2s  a/long/name/of/…");
        for columns in 0..30 {
            bar(&seen(now, &[("日本語", 2)]), 20, now, columns);
        }
    }

    #[test]
    fn lines_are_few() {
        let (now, mut lines) = (now(), Lines::default());
        let mut after = |seconds: u64, running: &[(&str, u64)]| {
            let later = now + Duration::from_secs(seconds);
            lines.due(&seen(later, running), 20, later)
        };
        assert_eq!(after(0, &[("a", 9)]), "");
        assert_eq!(after(1, &[("a", 10), ("b", 1)]), "still running after 10s: a\n");
        assert_eq!(after(2, &[("a", 11)]), "");
        assert_eq!(after(30, &[("b", 5)]), "7 of 20 specs; tests: 9 passed, 1 failed\n");
        assert_eq!(after(40, &[("a", 10)]), "still running after 10s: a\n", "another run of it");
        assert_eq!(after(90, &[("a", 60)]), "still running after 1m00s: a\n7 of 20 specs; tests: 9 passed, 1 failed\n");
        assert_eq!(after(100, &[("a", 70)]), "");
        assert_eq!(
            after(151, &[("a", 121)]),
            "still running after 2m01s: a\n7 of 20 specs; tests: 9 passed, 1 failed\n"
        );
    }
}
