//! Verdicts, times and references, as all pages write them.

use std::time::Duration;

use maud::{Markup, html};

use super::super::run::RunReport;

/// All verdicts, those that need attention first.
pub(super) const VERDICTS: [&str; 11] = [
    "failed",
    "changed",
    "new",
    "differs",
    "flaky",
    "invalid",
    "could-not-run",
    "cancelled",
    "not-run",
    "ignored",
    "passed",
];

/// The verdicts that a run had, each with how many.
pub(super) fn totals(report: &RunReport) -> Vec<(&'static str, usize)> {
    let count = |verdict: &str| report.tests().filter(|(_, test)| test.outcome.verdict() == verdict).count();
    VERDICTS.into_iter().map(|verdict| (verdict, count(verdict))).filter(|(_, count)| *count > 0).collect()
}

/// A verdict, as [`Outcome::verdict`](crate::suite::Outcome::verdict) has it, with its sign, so that it does not depend on colours.
pub(super) fn verdict(word: &str) -> Markup {
    let sign = match word {
        "passed" => "✓",
        "failed" | "invalid" | "could-not-run" => "✗",
        "changed" | "differs" | "flaky" => "≠",
        "new" => "+",
        "stale" | "removed" => "−",
        "moved" => ">",
        _ => "·",
    };
    html! { span class={ "verdict " (word) } { span aria-hidden="true" { (sign) } " " (word.replace('-', " ")) } }
}

/// A sentence, in which what stands in backticks is code. What an endpoint sent or received, in quotes, is left as
/// it is.
pub(super) fn sentence(text: &str) -> Markup {
    let mut parts = Vec::new();
    let (mut rest, mut from, mut is_quoted) = (text, 0, false);
    while let Some(at) = rest[from..].find(['"', '`', '\\']).map(|at| from + at) {
        let escaped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        match rest.as_bytes()[at] {
            b'\\' => from = at + 1 + escaped,
            b'`' if !is_quoted && let Some(end) = rest[at + 1..].find('`') => {
                parts.push((&rest[..at], &rest[at + 1..at + 1 + end]));
                (rest, from) = (&rest[at + end + 2..], 0);
            }
            byte => {
                is_quoted ^= byte == b'"';
                from = at + 1;
            }
        }
    }
    html! { @for (before, code) in parts { (before) code { (code) } } (rest) }
}

/// How long something took.
pub(super) fn time(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 1000.0 { format!("{millis:.1} ms") } else { format!("{:.2} s", millis / 1000.0) }
}

/// A text that a spec rests on, as a link where it is plain where that leads.
pub(super) fn reference(text: &str) -> Markup {
    html! {
        @if let Some(address) = address(text) { a href=(address) rel="noreferrer" { (text) } } @else { (text) }
    }
}

fn address(text: &str) -> Option<String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return (!text.contains(char::is_whitespace)).then(|| text.to_owned());
    }
    let mut words = text.strip_prefix("RFC ")?.split([' ', ',']).filter(|word| !word.is_empty());
    let number: u32 = words.next()?.parse().ok()?;
    let section = words.next().filter(|word| *word == "section").and_then(|_| words.next());
    let section = section.filter(|section| section.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'));
    let section = section.map_or_else(String::new, |section| format!("#section-{section}"));
    Some(format!("https://www.rfc-editor.org/rfc/rfc{number}{section}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_where_they_are_plain() {
        let leads = |text, to: Option<&str>| assert_eq!(address(text).as_deref(), to, "{text}");
        leads("RFC 9293 section 3.6", Some("https://www.rfc-editor.org/rfc/rfc9293#section-3.6"));
        leads("RFC 959", Some("https://www.rfc-editor.org/rfc/rfc959"));
        leads("RFC 1, \"x\"", Some("https://www.rfc-editor.org/rfc/rfc1"));
        leads("https://example.org/issue/1", Some("https://example.org/issue/1"));
        leads("javascript:alert(1)", None);
        leads("tcp(7)", None);
        leads("RFC nine", None);
    }

    #[test]
    fn what_is_in_backticks_is_code() {
        let is = |text, html: &str| assert_eq!(sentence(text).into_string(), html);
        is("`conn` closes", "<code>conn</code> closes");
        is("now `a`, was `b`", "now <code>a</code>, was <code>b</code>");
        is("`a` sends \"`x` \\\" `y`\" to `b`", "<code>a</code> sends &quot;`x` \\&quot; `y`&quot; to <code>b</code>");
        is("one ` alone", "one ` alone");
        is("`<b>`", "<code>&lt;b&gt;</code>");
        is("", "");
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time(Duration::from_micros(1234)), "1.2 ms");
        assert_eq!(time(Duration::from_millis(61_500)), "61.50 s");
    }
}
