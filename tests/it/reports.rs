//! Golden tests of what `run` prints.

use std::path::PathBuf;
use std::time::Duration;

use sockspec::diagnostic::{Diagnostic, Style};
use sockspec::report::{failure, terminal};
use sockspec::snapshot::Claim;
use sockspec::source::{SourceFile, Span};
use sockspec::suite::{Change, Outcome, SpecResult, TestResult, Totals};
use sockspec::trace::event::{Event, What};
use sockspec::trace::record::{Bytes, Difference, Entry, Facts, Failure, Happened, Open, Record, Unread, VERSION};

const SPEC: &str = "about: The server answers a ping.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {send: \"GET / HTTP/1.1\\r\\nHost: a.example\\r\\n\\r\\n\"}
  - conn:   {recv: \"GET / HTTP/1.1\\r\\nHost: b.example\\r\\n\\r\\n\", within: 1s}
  - conn:   close
";

const TRACE: &str = "server    listen tcp
client    connect server
conn      accept client
client    send 37
          | GET / HTTP/1.1\\r\\n
          | Host: a.example\\r\\n
          | \\r\\n
";

/// A trace of as many events.
fn sends(numbers: std::ops::Range<usize>) -> String {
    let lines: Vec<String> = numbers.map(|at| format!("client    send 1 \"{at}\"\n")).collect();
    lines.concat()
}

fn file() -> SourceFile {
    SourceFile::new("specs/tcp/ping.yaml", "specs/tcp/ping.yaml", SPEC)
}

fn at(word: &str) -> (u32, u32) {
    let start = SPEC.find(word).unwrap();
    (start as u32, (start + word.len()) as u32)
}

fn wide() -> Style {
    Style { color: false, width: 80 }
}

fn narrow() -> Style {
    Style { color: false, width: 60 }
}

fn bytes(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes(bytes.as_ref().to_vec())
}

fn other_text() -> Failure {
    let (start, end) = at("recv: \"GET / HTTP/1.1\\r\\nHost: b.example\\r\\n\\r\\n\"");
    Failure {
        start,
        end,
        message: "conn received something else than was written".to_owned(),
        label: "these bytes were expected".to_owned(),
        difference: Some(Difference {
            expected: Some(bytes("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n")),
            expected_words: None,
            got: bytes("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
            at: 22,
            before: bytes(""),
        }),
        ..Failure::default()
    }
}

fn other_bytes() -> Failure {
    let mut got: Vec<u8> = (0..100u16).map(|byte| (byte * 7 % 32) as u8).collect();
    let expected = bytes(&got);
    got[57] = 0xff;
    got.truncate(80);
    Failure {
        message: "conn received something else than was written".to_owned(),
        difference: Some(Difference { expected: Some(expected), got: Bytes(got), at: 57, ..Difference::default() }),
        ..other_text()
    }
}

fn too_late() -> Failure {
    Failure {
        message: "conn did not receive all that was expected".to_owned(),
        label: "waited here".to_owned(),
        difference: Some(Difference {
            expected: None,
            expected_words: Some("up to \"\\r\\n\"".to_owned()),
            before: bytes("and\r\n"),
            got: bytes("half a li"),
            at: 9,
        }),
        unread: vec![
            ("client".to_owned(), bytes("+OK\r\n")),
            ("spare".to_owned(), bytes([0xde, 0xad, 0xbe, 0xef])),
            ("nobody".to_owned(), bytes("")),
            ("other".to_owned(), bytes("line\n".repeat(300).split_at(1024).0)),
        ],
        deadline: Some(1_000_000),
        notes: vec!["nothing has come from client since 950ms, and client has not closed its end".to_owned()],
        help: vec!["let the other end send what is missing, or run both in a `parallel`".to_owned()],
        ..other_text()
    }
}

#[test]
fn bytes_that_differ_stand_side_by_side() {
    insta::assert_snapshot!("failure_text_80", failure::draw(&file(), &other_text(), TRACE, wide()));
    insta::assert_snapshot!("failure_text_60", failure::draw(&file(), &other_text(), TRACE, narrow()));
    insta::assert_snapshot!("failure_binary_80", failure::draw(&file(), &other_bytes(), TRACE, wide()));
    insta::assert_snapshot!("failure_binary_60", failure::draw(&file(), &other_bytes(), TRACE, narrow()));
}

#[test]
fn a_deadline_tells_what_is_unread() {
    insta::assert_snapshot!("deadline_80", failure::draw(&file(), &too_late(), TRACE, wide()));
    insta::assert_snapshot!("deadline_60", failure::draw(&file(), &too_late(), TRACE, narrow()));
}

#[test]
fn a_failure_in_colors() {
    let style = Style { color: true, width: 80 };
    let failure = Failure { difference: other_text().difference, ..too_late() };
    insta::assert_snapshot!(failure::draw(&file(), &failure, TRACE, style));
}

#[test]
fn a_failure_without_its_spec() {
    insta::assert_snapshot!(failure::draw_record(None, &record(too_late()), narrow()).unwrap());
}

#[test]
fn nothing_is_told_where_nothing_failed() {
    let passed = Record { failure: None, ..record(other_text()) };
    assert_eq!(failure::draw_record(Some(&file()), &passed, wide()), None);
}

#[test]
fn what_is_open_is_not_part_of_what_led_to_a_failure() {
    let end = vec![Open { name: "server".to_owned(), unread: Unread::Bytes(0), left: 0, varies: false }];
    let failed = Record { end, ..record(other_text()) };
    let drawn = failure::draw_record(Some(&file()), &failed, wide()).unwrap();
    assert!(drawn.ends_with("the trace up to here:\n    server    listen tcp\n"), "{drawn}");
}

#[test]
fn nothing_that_came_is_no_empty_text() {
    let difference = other_text().difference.map(|difference| Difference { got: bytes(""), at: 0, ..difference });
    let silent = Failure { difference, deadline: Some(47_257), ..other_text() };
    let drawn = failure::draw(&file(), &silent, TRACE, narrow());
    assert!(drawn.contains("\n  got       nothing\n"), "{drawn}");
    assert!(drawn.contains("the deadline of 47.3ms has passed"), "{drawn}");
}

#[test]
fn a_long_trace_is_cut() {
    let trace = sends(0..50);
    let drawn = failure::draw(&file(), &other_text(), &trace, wide());
    assert!(drawn.contains("    … 30 more lines\n    client    send 1 \"30\"\n"), "{drawn}");
    assert!(drawn.ends_with("    client    send 1 \"49\"\n"), "{drawn}");
    let trace = sends(0..21);
    assert!(!failure::draw(&file(), &other_text(), &trace, wide()).contains("more lines"));
}

fn record(failure: Failure) -> Record {
    let event = Event {
        endpoint: "server".into(),
        what: What::Words("listen tcp".into()),
        fails: Vec::new(),
        wire: Vec::new(),
    };
    let happened = Happened { line: 3, file: None, order: 0, began: 0, took: 9, event, facts: Facts::default() };
    Record {
        version: VERSION,
        test: "tcp/ping".to_owned(),
        entries: vec![Entry::Event(happened)],
        end: Vec::new(),
        failure: Some(failure),
    }
}

fn change(accepted: &str, trace: &str, pending: bool) -> Change {
    Change {
        accepted: accepted.to_owned(),
        trace: trace.to_owned(),
        snapshot: PathBuf::from("snapshots/tcp/ping.snap"),
        pending: pending.then(|| PathBuf::from("snapshots/tcp/ping.snap.new")),
        is_found_by_name: true,
        unwritten: None,
        contradicts: None,
    }
}

fn result() -> SpecResult {
    let accepted = sends(0..12);
    let trace = accepted.replace("send 1 \"5\"", "send 1 \"five\"") + TRACE;
    let changed = TRACE.replace("Host: a.example\\r\\n\n", "Host: a.example\\r\\n\n          | Via: b\\r\\n\n");
    let invalid = Diagnostic::error("unknown-verb", Span::new(41, 47), "unknown verb `listne`").help("write `listen`");
    let warning = Diagnostic::warning("pause", Span::new(0, 5), "a `pause` is a smell");
    let first = Claim { test: "tcp/changed-to-nothing[net=tcp4]".to_owned(), trace: TRACE.to_owned() };
    let noted = Change { contradicts: Some(first), ..change(TRACE, "", true) };
    let outcomes = [
        ("tcp/passed", Outcome::Passed { accepted: None }),
        ("tcp/accepted", Outcome::Passed { accepted: Some(PathBuf::from("snapshots/tcp/accepted.snap")) }),
        (
            "tcp/failed",
            Outcome::Failed {
                record: Box::new(record(other_text())),
                written: Some(PathBuf::from("target/records/tcp/failed.json")),
            },
        ),
        ("tcp/changed[net=tcp6]", Outcome::Changed(Box::new(change(&accepted, &trace, true)))),
        ("tcp/changed-in-a-payload", Outcome::Changed(Box::new(change(TRACE, &changed, false)))),
        ("tcp/changed-to-nothing", Outcome::Changed(Box::new(noted))),
        ("tcp/new", Outcome::New(Box::new(change("", TRACE, true)))),
        ("tcp/invalid", Outcome::Invalid(vec![invalid])),
        ("tcp/ignored", Outcome::Ignored { reason: "needs ipv6: no address ::1 on this machine".to_owned() }),
        ("tcp/broken", Outcome::CouldNotRun { reason: "needs 20,012 descriptors, hard limit 20,000".to_owned() }),
        ("tcp/cancelled", Outcome::Cancelled { line: 6, file: None }),
        ("tcp/not-begun", Outcome::Cancelled { line: 0, file: None }),
    ];
    let took = Duration::from_micros(1234);
    let tests = outcomes.into_iter().map(|(name, outcome)| TestResult::new(name, outcome, took));
    SpecResult {
        source: Some(file()),
        warnings: vec![warning],
        tests: tests.collect(),
        ..SpecResult::new("specs/tcp/ping.yaml")
    }
}

fn shown(style: Style, verbose: bool) -> String {
    let options = terminal::Options { style, verbose, ..terminal::Options::default() };
    terminal::spec(&result(), options)
}

#[test]
fn what_needs_attention_is_shown() {
    insta::assert_snapshot!("run_80", shown(wide(), false));
    insta::assert_snapshot!("run_60_verbose", shown(narrow(), true));
    insta::assert_snapshot!("run_colored", shown(Style { color: true, width: 80 }, true));
}

#[test]
fn what_passed_is_not_worth_a_line() {
    let mut result = result();
    result.tests.truncate(1);
    result.warnings.clear();
    assert_eq!(terminal::spec(&result, terminal::Options::default()), "");
}

#[test]
fn the_last_line_counts() {
    let mut totals = Totals::default();
    result().tests.iter().for_each(|test| totals.add(&test.outcome));
    let took = Duration::from_millis(123);
    assert_eq!(
        terminal::summary(&totals, took, wide()),
        "2 passed, 1 failed, 3 changed, 1 new, 1 invalid, 1 could not run, 1 ignored, 2 cancelled in 0.12s\n"
    );
    assert_eq!(terminal::summary(&Totals::default(), took, wide()), "0 passed in 0.12s\n");
    let all = Totals { passed: 61, failed: 1, ignored: 2, ..Totals::default() };
    let colored = terminal::summary(&all, took, Style { color: true, width: 80 });
    assert!(colored.contains("\u{1b}[") && colored.contains("61 passed"), "{colored}");
}
