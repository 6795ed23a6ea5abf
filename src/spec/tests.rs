//! Whatever the text is, reading it ends, and every place lies in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::{Parsed, parse};
use crate::diagnostic::Severity;
use crate::source::{SourceFile, Span};

/// A spec with every verb and form in it.
const EVERYTHING: &str = r#"about: Everything at once.
refs: [RFC 9293 section 3.6, "man 2 send"]
tags: [slow]
requires: [linux, "command:true"]
timeout: 5s
vars: {port: 0x50, text: "a: b"}
matrix:
  net: [tcp4, tcp6]
snapshot: shared
network: {hosts: {a: 10.0.0.1, b: [10.0.0.2/16, "fd00::2"]}, routes: {192.0.2.0/24: prohibit}}
wire: true
steps:
  - server: {listen: "${net}", backlog: 1, host: a}   # a comment
  - client: {connect: server, from: "tcp://127.0.0.1:0", within: 1s}
  - conn:
      accept: server
      from: client
  - one:    {pair: two, network: unixpacket}
  - client: {send: ["a\r\n", {hex: "00 ff"}, {size: u16, of: {fill: "ab", size: 4}, pad: 4}], more: true}
  - client:
      send:
        hex: |
          de ad  # legend
          be ef
  - conn:   {recv: {until: {match: '\r?\n'}, match: '(?<word>[a-z]+)', as: line}, peek: true}
  - conn:   {recv: {one_of: [{u8: any, mask: 0x0f, is: 3}, {until_last: "x", each: {bytes: 2}}]}}
  - conn:   {read: 100, is: {rest: true, end: [eof, reset]}, truncated: true}
  - conn:   {expect: {unread: [0, 5], SO_ERROR: ECONNRESET}}
  - conn:   {expect: silence, for: 200ms}
  - client: {set: {SO_LINGER: 0, TCP_NODELAY: true}}
  - client: {shutdown: write, fails: {linux: ENOTCONN, macos: [EPIPE, none]}}
  - parallel:
      reader:
        - conn: {recv: {random: 64KiB, seed: 7}, vary: true}
        - barrier: done
      writer:
        - barrier: done
    within: 2s
  - repeat: 3
    as: i
    steps:
      - client${i}: reset
  - link: {a: down, b: silent}
  - pause: 50ms
  - client: close
"#;

#[test]
fn everything_is_in_order() {
    let parsed = parse(&SourceFile::new("x", "x", EVERYTHING));
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.spec.steps.len(), 18);
    assert!(!parsed.spec.incomplete);
}

#[test]
fn a_file_that_is_no_text_has_one_finding() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"about: x\nsteps:\n  - a: \xff\n").unwrap();
    let source = SourceFile::read(file.path(), "x.yaml").unwrap();
    let parsed = parse(&source);
    let [finding] = &parsed.diagnostics[..] else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!((finding.code, source.location(finding.span.start).line), ("not-utf8", 3));
    assert!(parsed.spec.incomplete);

    file.as_file().set_len(10_000_000).unwrap();
    let parsed = parse(&SourceFile::read(file.path(), "x.yaml").unwrap());
    assert_eq!(parsed.diagnostics.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["too-long"]);
}

#[test]
fn many_warnings_hide_no_error() {
    let steps = |step: &str| step.repeat(300);
    let text = format!("about: x\nsteps:\n{}  - a: clsoe\n", steps("  - a: {send: 'x\\n'}\n"));
    let parsed = parse(&SourceFile::new("x", "x", text));
    let errors =
        |parsed: &Parsed| parsed.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
    assert_eq!((parsed.diagnostics.len(), errors(&parsed)), (101, 1));
    assert_eq!(parsed.spec.steps.iter().filter(|step| step.faulty).count(), 1);

    let text = format!("about: x\nsteps:\n{}  - a: close\n", steps("  - a: clsoe\n"));
    let parsed = parse(&SourceFile::new("x", "x", text));
    assert_eq!((parsed.diagnostics.len(), errors(&parsed)), (100, 100));
}

/// The parts that YAML and specs are made of, for texts that are nearly right.
const PARTS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", ": ", "- ", "\n", "\n  ", "  - ", "#", " #", "\"", "'", "\\", "|", ">", "&a ", "*a",
    "!t ", "? ", "%", "@", "`", "~", "<<", "---\n", "...\n", "\t", "\r\n", "\u{feff}", "é", "\u{2028}", "\0", "\x01",
    "${x}", "a", "send", "recv", "network", "hosts", "link", "steps", "about", "parallel", "repeat", "hex", "until",
    "match", "as", "42", "true", "", "\\xff", "\\d",
];

fn part() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(PARTS)
}

/// Every place is inside of the text, and the finding can be shown.
fn check(text: &str) {
    let source = SourceFile::new("x", "x", text);
    let parsed = parse(&source);
    let length = source.text().len();
    let inside = |span: Span| {
        let (start, end) = (span.start as usize, span.end as usize);
        assert!(start <= end && end <= length, "{span:?} of {length} in {text:?}");
        assert!(source.text().is_char_boundary(start) && source.text().is_char_boundary(end), "{span:?} in {text:?}");
    };
    for finding in &parsed.diagnostics {
        inside(finding.span);
        finding.related.iter().for_each(|related| inside(related.span));
        assert!(!finding.message.is_empty());
    }
    let wrong = parsed.diagnostics.iter().any(|finding| finding.severity == Severity::Error);
    let damaged = parsed.spec.incomplete || parsed.spec.steps.iter().any(|step| step.faulty);
    assert!(wrong || !damaged, "something is missing, and nothing says so: {text:?}");
    parsed.spec.steps.iter().for_each(|step| inside(step.span));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_read(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_mixture_can_be_read(parts in proptest::collection::vec(part(), 0..40)) {
        check(&parts.concat());
    }

    #[test]
    fn a_spec_with_a_change_can_be_read(at in 0..EVERYTHING.len(), cut in 0usize..12, part in part(), again in any::<bool>()) {
        let start = EVERYTHING.floor_char_boundary(at);
        let end = EVERYTHING.floor_char_boundary(start + cut);
        let text = format!("{}{part}{}", &EVERYTHING[..start], &EVERYTHING[end..]);
        check(&text);
        if again {
            check(&text.replace('\n', "\r\n"));
        }
    }

    #[test]
    fn a_spec_that_ends_early_can_be_read(at in 0..EVERYTHING.len()) {
        check(&EVERYTHING[..EVERYTHING.floor_char_boundary(at)]);
    }
}
