//! Text that is hostile, or no YAML, or YAML that specs do not have.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use super::{Document, read};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

fn findings(text: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    read(text, &mut diagnostics);
    diagnostics
}

/// The findings as `line:column message`, in the order of the file.
fn shown(text: &str) -> Vec<String> {
    let source = SourceFile::new("x", "x", text);
    let mut findings = findings(text);
    findings.sort_by_key(|finding| finding.span);
    let shown = |finding: &Diagnostic| {
        let place = source.location(finding.span.start);
        format!("{}:{} {}", place.line, place.column, finding.message)
    };
    findings.iter().map(shown).collect()
}

/// So many keys, all different.
fn keys(count: usize) -> String {
    (0..count).flat_map(|n| ["k".to_owned(), n.to_string(), ": x\n".to_owned()]).collect()
}

/// Each text has this one finding.
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(shown(text), [*expected], "{text:?}");
    }
}

#[test]
fn what_has_to_be_quoted_is_named() {
    check(&[
        ("a: {send: ${x}}\n", "1:11 `${x}` has braces, which YAML takes for a map"),
        ("a: {to: tcp://h:${s.port}, b: c}\n", "1:9 `tcp://h:${s.port}` has braces, which YAML takes for a map"),
        ("a: {send: x{y}}\n", "1:11 `x{y}` has a brace, which YAML takes for a map"),
        ("a: {send: x[y]}\n", "1:11 `x[y]` has a bracket, which YAML takes for a list"),
        ("a: {to: [::1]:80}\n", "1:9 `[::1]:80` has a bracket, which YAML takes for a list"),
        ("a: {send: Host: x}\n", "1:11 `Host: x` has a colon, which YAML takes for the end of a key"),
        ("about: one: two\n", "1:8 `one: two` has a colon, which YAML takes for the end of a key"),
        ("a: {until: :}\n", "1:12 `:` ends a key in YAML"),
        ("a: {send: %x}\n", "1:11 `%x` begins with a character that has a meaning in YAML"),
        ("a: {send: @x}\n", "1:11 `@x` begins with a character that has a meaning in YAML"),
        ("a: {send: `x`}\n", "1:11 ``x`` begins with a character that has a meaning in YAML"),
        ("a: {send: *}\n", "1:11 `*` begins with a character that has a meaning in YAML"),
        ("a: {send: - x}\n", "1:11 `- x` begins with a dash, which YAML takes for an entry of a list"),
    ]);
}

#[test]
fn the_help_shows_the_text_in_quotes() {
    let help = |text: &str| findings(text).pop().unwrap().help;
    assert_eq!(help("a: {send: ${x}}\n"), [r#"quote it: "${x}""#]);
    assert_eq!(help("about: it's \"a\": b\n"), [r#"quote it: 'it''s "a": b'"#]);
}

#[test]
fn what_is_not_closed_is_named_where_it_begins() {
    check(&[
        ("a: {send: \"x}\nb: c\n", "1:11 the quote `\"` is not closed"),
        ("a: {send: 'x}\nb: c\n", "1:11 the quote `'` is not closed"),
        ("a: {send: \"x}\nb: \"c\"\n", "1:11 the quote `\"` is not closed"),
        ("a:\n  - {send: [x}\n", "2:12 `[` is closed by `}`"),
        ("a:\n  - {send: x\n  - b\n", "2:5 `{` is not closed"),
        ("a:\n  - b {send: \"x\"}\n", "2:5 a colon is missing after `b`"),
        ("a:\n  - b {send: {hex: \"00\"}}\n", "2:5 a colon is missing after `b`"),
        ("a:\n  - b: send: x\n", "2:8 `send: x` is a map on one line, which needs braces"),
        ("a:\n  - {send: x\n  - b: {c: d}\n", "2:5 `{` is not closed"),
        ("a: {send: [x\nb: {c: d}\n", "1:11 `[` is not closed"),
        ("a:\n  - {send: x,\n     to: ${y}}\n", "3:10 `${y}` has braces, which YAML takes for a map"),
        ("a: {send: x #y}\n", "1:13 `#` begins a comment, and so nothing closes this line's brackets"),
        ("a: {send: x}}\n", "1:13 `}` closes nothing"),
        ("a: {send: 'it's'}\n", "1:15 `s'` stands after the end of a quoted text"),
        ("a: {send: \"x\" within: 1s}\n", "1:15 a comma is missing before `within`"),
        ("a: {connect: b within: 1s}\n", "1:16 a comma is missing before `within`"),
        ("a: {send: [x] within: 1s}\n", "1:15 a comma is missing before `within`"),
    ]);
}

#[test]
fn escapes_that_yaml_does_not_have_are_named() {
    check(&[
        (r#"a: {match: "x\\\d"}"#, r"1:16 `\d` is no escape of a text in double quotes"),
        (r#"a: {match: "x\."}"#, r"1:14 `\.` is no escape of a text in double quotes"),
        (r#"a: "\x4""#, r"1:5 `\x4` needs 2 hexadecimal digits"),
        (r#"a: "\ud800""#, "1:4 this text has an escape that is no character"),
    ]);
}

#[test]
fn tabs_and_indentation() {
    check(&[
        ("a:\n\t- b\n", "2:1 a tab: YAML indents with spaces"),
        ("a:\n  - b:\n \t c: d\n", "3:2 a tab: YAML indents with spaces"),
        ("a:\n  - b\n - c\n", "3:2 the indentation of this line fits no line above"),
        ("a:\n  b: c\n   d: e\n", "3:4 the indentation of this line fits no line above"),
        ("a: b\n c: d\n", "2:2 the indentation of this line fits no line above"),
    ]);
}

#[test]
fn what_specs_do_not_have_is_refused() {
    check(&[
        ("a: *b\n", "1:4 `*b`: anchors and aliases are not supported"),
        ("a: &b c\nd: *b\n", "1:4 `&b`: anchors and aliases are not supported"),
        ("a: {<<: {b: c}}\n", "1:5 `<<`: merge keys are not supported"),
        ("<<: *b\n", "1:1 `<<`: merge keys are not supported"),
        ("a: !foo b\n", "1:4 `!foo` is a YAML tag, which specs do not have"),
        ("a: !!binary b\n", "1:4 `!!binary` is a YAML tag, which specs do not have"),
        ("a: !foo [b]\n", "1:4 `!foo` is a YAML tag, which specs do not have"),
        ("%YAML 1.2\n---\na: b\n", "1:1 YAML directives are not supported"),
        ("a: b\n---\nc: d\n", "2:1 a second document begins here"),
        ("a: b\n...\nc: d\n", "3:1 a second document begins here"),
        ("? [a]\n: b\n", "1:3 a key must be a word, not a list or a map"),
        ("{a: b}: c\n", "1:1 a key must be a word, not a list or a map"),
        (": c\n", "1:1 a key is missing before the colon"),
        ("a: b\0c\n", "1:5 a NUL byte is no text"),
        ("a: b\u{1}c\n", "1:5 the character U+0001 is not allowed in YAML"),
    ]);
}

#[test]
fn a_key_that_is_there_twice_names_both_places() {
    let found = findings("a: 1\nb: 2\na: 3\n").pop().unwrap();
    assert_eq!(found.message, "`a` stands here twice");
    assert_eq!((found.span.start, found.related[0].span.start), (10, 0));
    let many = keys(40);
    assert_eq!(shown(&format!("{many}k7: y\n")), ["41:1 `k7` stands here twice"]);
}

#[test]
fn reading_goes_on_after_a_mistake() {
    let text = "about: a: b\nsteps:\n  - a: {send: ${x}}\n  - b: close\n  - c: {send: \"x}\n  - d: {send: [}\n  - e: close\ntags: [a]\n";
    assert_eq!(
        shown(text),
        [
            "1:8 `a: b` has a colon, which YAML takes for the end of a key",
            "3:15 `${x}` has braces, which YAML takes for a map",
            "5:15 the quote `\"` is not closed",
            "6:15 `[` is closed by `}`",
        ]
    );
    let Document { root, incomplete } = read(text, &mut Vec::new());
    assert!(incomplete);
    let mut words = Vec::new();
    root.unwrap().words(&mut words);
    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(
        words,
        ["about", "a", "steps", "a", "send", "$", "b", "close", "c", "send", "d", "send", "e", "close", "tags", "a"]
    );
}

#[test]
fn spans_are_those_of_the_source() {
    let text = "a: \"b\\n\"\nc: {d: [e]}\nf: |\n  g\n   h\ni:\n  - j\n  - k # l\n\nm: n\n";
    let root = read(text, &mut Vec::new()).root.unwrap();
    let super::Kind::Mapping(entries) = root.kind else { panic!("{root:?}") };
    let source = SourceFile::new("x", "x", text);
    let values: Vec<&str> = entries.iter().map(|entry| source.slice(entry.value.span)).collect();
    assert_eq!(values, ["\"b\\n\"", "{d: [e]}", "g\n   h\n", "- j\n  - k", "n"]);
    assert_eq!(source.slice(root.span), text.trim_end());
}

/// Reads it, and finds something. A release build takes less than 100 ms for each; what is
/// quadratic takes minutes.
fn hostile(text: &str) {
    let begin = Instant::now();
    let findings = findings(text);
    let took = begin.elapsed();
    assert!(!findings.is_empty());
    assert!(took < Duration::from_secs(20), "{took:?} for {:?}…", &text[..20]);
}

#[test]
fn nesting_is_bounded() {
    for unit in ["[", "{", "- ", "? ", "a: {", "[{a: ", "!a [", "&a [", "{a: [", "[\n"] {
        hostile(&unit.repeat((1 << 20) / unit.len()));
    }
    let mut deep = String::new();
    for depth in 0..1400 {
        deep.push_str(&" ".repeat(depth));
        deep.push_str("a:\n");
    }
    hostile(&deep);
    assert_eq!(shown(&format!("a: {}", "[".repeat(80))), ["1:68 lists and maps are nested more than 64 deep"]);
    assert_eq!(shown(&format!("a: {}{}", "[".repeat(63), "]".repeat(63))), [""; 0]);
}

#[test]
fn long_files_take_no_longer_than_they_are_long() {
    let many = |unit: &str| unit.repeat((1 << 20) / unit.len());
    hostile(&many("- &a x\n"));
    hostile(&many("a: b\n"));
    hostile(&format!("{}b: b\n", keys(90_000) + "k1: x\n"));
    hostile(&format!("steps:\n{}", many("  - a: {b: ${c}}\n")));
    hostile(&format!("steps:\n{}  - a: \"", many("  - a: \"\n  - b: c\"\n")));
    hostile(&many("a: ${b}: \n"));
    hostile(&many("\"a"));
    hostile(&format!("[{}", many("a: ")));
    hostile(&format!("a: {{{}", many("b, ")));
    hostile(&format!("a: {{{} ${{x}}", many("b ")));
}

#[test]
fn exploding_aliases_do_not_explode() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let list = format!("*a{}, ", n - 1).repeat(10);
        text = format!("{text}a{n}: &a{n} [{}]\n", list.trim_end_matches(", "));
    }
    hostile(&text);
    assert_eq!(shown(&text).len(), 12, "one finding for each anchor");
}
