//! How diagnostics are rendered, wherever they stand.

use proptest::collection::vec;
use proptest::prelude::*;
use sockspec::diagnostic::{Diagnostic, Format, Style, render};
use sockspec::source::{SourceFile, Span};

const SPEC: &str = "about: A server answers.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - client: {recieve: \"a long answer that goes on\"}   # comment
";

fn file(text: &str) -> SourceFile {
    SourceFile::new("specs/tcp/x.yaml", "specs/tcp/x.yaml", text)
}

fn spot(text: &str, word: &str) -> Span {
    let at = text.find(word).unwrap();
    Span::new(at, at + word.len())
}

fn unknown_verb() -> Diagnostic {
    Diagnostic::error("unknown-verb", spot(SPEC, "recieve"), "unknown verb `recieve`")
        .label("no such verb")
        .related(spot(SPEC, "client"), "the endpoint is made here")
        .help("did you mean `recv`?")
        .help(
            "the verbs are `socket`, `bind`, `listen`, `accept`, `connect`, `pair`, `send`, `recv`, `read`, \
             `expect`, `shutdown`, `close`, `reset`, `set`",
        )
}

fn full(text: &str, diagnostic: &Diagnostic, width: usize) -> String {
    render(&file(text), diagnostic, Format::Full, Style { color: false, width })
}

#[test]
fn in_full() {
    insta::assert_snapshot!("in_full_80", full(SPEC, &unknown_verb(), 80));
    insta::assert_snapshot!("in_full_60", full(SPEC, &unknown_verb(), 60));
    let style = Style { color: true, width: 80 };
    insta::assert_snapshot!("in_full_colored", render(&file(SPEC), &unknown_verb(), Format::Full, style));
}

#[test]
fn a_warning_says_so() {
    let warning = Diagnostic { severity: sockspec::diagnostic::Severity::Warning, ..unknown_verb() };
    assert!(full(SPEC, &warning, 80).starts_with("warning[unknown-verb]: "));
}

#[test]
fn on_one_line() {
    let short = render(&file(SPEC), &unknown_verb(), Format::Short, Style::default());
    assert!(short.starts_with(
        "specs/tcp/x.yaml:5:14: error[unknown-verb]: unknown verb `recieve`; did you mean `recv`?; the verbs"
    ));
    assert_eq!(short.matches('\n').count(), 1);
    let broken = Diagnostic::error("x", Span::default(), "one\ntwo").help("three\r\nfour");
    let short = render(&file(SPEC), &broken, Format::Short, Style::default());
    assert_eq!(short, "specs/tcp/x.yaml:1:1: error[x]: one two; three  four\n");
}

#[test]
fn as_json() {
    let line = render(&file(SPEC), &unknown_verb(), Format::Json, Style::default());
    assert_eq!(line.matches('\n').count(), 1);
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["code"], "unknown-verb");
    assert_eq!(json["severity"], "error");
    assert_eq!(json["message"], "unknown verb `recieve`");
    assert_eq!(json["help"][0], "did you mean `recv`?");
    assert_eq!((&json["line"], &json["column"]), (&5.into(), &14.into()));
    assert_eq!((&json["end_line"], &json["end_column"]), (&5.into(), &21.into()));
    assert_eq!((&json["start_byte"], &json["end_byte"]), (&101.into(), &108.into()));
    assert_eq!((&json["related"][0]["line"], &json["related"][0]["column"]), (&4.into(), &5.into()));
    assert_eq!(json["related"][0]["label"], "the endpoint is made here");
}

#[test]
fn a_long_label_stands_below() {
    let long = unknown_verb().label("a label of so many words that it would not fit beside the word it is for");
    insta::assert_snapshot!(full(SPEC, &long, 60));
}

#[test]
fn a_long_line_is_cut_round_the_place() {
    let text = format!("about: {} here {}\r\nsteps:\r\n", "word ".repeat(500), "word ".repeat(500));
    let diagnostic = Diagnostic::error("x", spot(&text, "here"), "it is here").label("look");
    let drawn = full(&text, &diagnostic, 60);
    assert!(drawn.lines().all(|line| line.chars().count() <= 60), "{drawn}");
    insta::assert_snapshot!(drawn);
}

#[test]
fn odd_places_are_drawn() {
    let places = [
        ("", 0, 0),
        ("", 5, 9),
        ("a", 1, 1),
        ("a\n", 2, 2),
        ("a\r\nb\r\n", 6, 6),
        ("a\r\nb\r\n", 1, 3),
        ("\tab: 日本 x\0\u{7}\u{1b}[31my", 8, 20),
        ("日本", 1, 2),
        ("a: |\n  b\n  c\nd", 0, 10),
    ];
    let drawn: Vec<String> = places
        .iter()
        .map(|(text, start, end)| {
            let diagnostic = Diagnostic::error("x", Span::new(*start, *end), "this").label("here");
            format!("{text:?} {start}..{end}\n{}\n", full(text, &diagnostic, 60))
        })
        .collect();
    insta::assert_snapshot!(drawn.concat());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(
        text in "([a-z: -]|[\r\n\t\0日é\u{301}\u{200b}]){0,60}",
        spans in vec((0usize..90, 0usize..90), 1..4),
        words in ".{0,20}",
        width in 0usize..100,
    ) {
        let mut spans = spans.into_iter().map(|(start, end)| Span { start: start as u32, end: end as u32 });
        let mut diagnostic = Diagnostic::error("x", spans.next().unwrap(), &*words).label(&*words).help(&*words);
        for span in spans {
            diagnostic = diagnostic.related(span, &*words);
        }
        for format in [Format::Full, Format::Short, Format::Json] {
            let drawn = render(&file(&text), &diagnostic, format, Style { color: false, width });
            prop_assert!(drawn.ends_with('\n'));
            prop_assert!(!drawn.contains(['\r', '\t', '\0', '\u{1b}']), "{:?}", drawn);
        }
    }
}
