//! Proposals for specs of many styles, and what comes of them when they are run.

#![allow(clippy::unwrap_used)]

use std::fs;

use crate::exec::{Options, Perturbation, Runtime};
use crate::plan::{self, Plan, Settings};
use crate::source::SourceFile;
use crate::spec;
use crate::stress::Tally;
use crate::trace::record::Record;

use super::{Candidate, Pair, candidates};

fn plan_of(source: &SourceFile) -> Plan {
    plan_with(source, 1.0)
}

fn plan_with(source: &SourceFile, timeout_factor: f64) -> Plan {
    let settings = Settings { timeout_factor, ..Settings::default() };
    let spec::Parsed { spec, diagnostics: mut found } = spec::parse(source);
    let cases = plan::cases(&spec, &settings, &mut found);
    let plan = plan::build(&spec, source, "test", &cases[0], &settings, &mut found);
    plan.unwrap_or_else(|| panic!("{found:?}\n{}", source.text()))
}

fn file(text: &str) -> SourceFile {
    SourceFile::new("test.yaml", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/ok/test.yaml"), text)
}

/// The step of a lane that begins with these words, the first of that kind.
fn at(source: &SourceFile, words: &str, lane: &str) -> u32 {
    let named = |sign: char| source.text().find(&format!("{sign}{lane}:"));
    let begin = named(' ').or_else(|| named('{')).unwrap_or_else(|| panic!("no lane `{lane}`"));
    let start = begin + source.text()[begin..].find(words).unwrap_or_else(|| panic!("no `{words}`"));
    let braced = source.text()[..start].ends_with('{');
    (start - usize::from(braced)) as u32
}

fn pair(source: &SourceFile, first: (&str, &str), second: (&str, &str)) -> Pair {
    Pair { first: at(source, first.0, first.1), second: at(source, second.0, second.1) }
}

/// The ways in which a spec goes, first that of the run that is not perturbed.
fn ways(source: &SourceFile, runs: u64) -> Tally {
    // Runs that wait for a deadline wait for a short one.
    tally(source, &plan_with(source, 0.1), runs, |_| false)
}

/// The runs of a spec up to the one after which there are enough.
fn tally(source: &SourceFile, plan: &Plan, runs: u64, enough: impl Fn(&Tally) -> bool) -> Tally {
    let mut tally = Tally::new("test".to_owned());
    let mut runtime = Runtime::new().unwrap();
    for seed in [None].into_iter().chain((0..runs).map(Some)) {
        let perturb = seed.map(|seed| Perturbation::of(plan, seed));
        let run = runtime.execute(plan, source, &Options { perturb, ..Options::default() });
        tally.count(run.record, seed);
        if enough(&tally) {
            break;
        }
    }
    tally
}

fn proposed(source: &SourceFile, pair: Pair, ways: &[&Record]) -> Vec<Candidate> {
    let found = candidates(source, &plan_of(source), pair, ways);
    for candidate in &found {
        // They must be in order.
        plan_of(&SourceFile::new(source.name(), source.path(), candidate.text.as_str()));
        assert!(!candidate.words.is_empty());
    }
    found
}

/// Checks that there is a candidate of these words, which goes one way and passes.
#[track_caller]
fn mends(source: &SourceFile, found: &[Candidate], words: &str) {
    let said = || found.iter().map(|candidate| candidate.words.as_str()).collect::<Vec<_>>().join("\n");
    let candidate = found.iter().find(|candidate| candidate.words.contains(words));
    let candidate = candidate.unwrap_or_else(|| panic!("no `{words}` in\n{}", said()));
    let changed = SourceFile::new(source.name(), source.path(), candidate.text.as_str());
    let is_racy = |tally: &Tally| tally.differs() || tally.fails();
    // On a machine that is kept busy everything takes longer.
    let tally = tally(&changed, &plan_with(&changed, 4.0), 40, is_racy);
    assert!(!is_racy(&tally), "{:#?}\n{}", tally.ways, candidate.text);
}

const RACY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stress/racy");

/// Checks what mends one of the racy controls.
#[track_caller]
fn mended(name: &str, first: (&str, &str), second: (&str, &str), words: &[&str]) {
    let path = format!("{RACY}/{name}.yaml");
    let source = SourceFile::new(name, path.as_str(), fs::read_to_string(&path).unwrap());
    let tally = ways(&source, 60);
    let ways: Vec<&Record> = tally.ways.iter().map(|way| way.record.as_ref()).collect();
    let found = proposed(&source, pair(&source, first, second), &ways);
    for words in words {
        mends(&source, &found, words);
    }
}

#[test]
fn a_write_that_races_with_a_close_is_ordered() {
    let (name, close) = ("a-write-and-the-close-of-the-peer", ("conn: close", "closer"));
    let sent = ["put `- barrier: sent` after line 9", "put `- conn: {expect: {unread: 11}}` before line 11"];
    mended(name, ("client: {send: \"second\"}", "writer"), close, &sent);
    let received = "put `- conn: {recv: \"first\"}` and `- conn: {recv: \"second\"}` before line 11";
    let done = "put `- barrier: done` at the end of lane `writer` and before line 11";
    mended(name, ("client: {send: \"first\"}", "writer"), close, &[received, done]);
}

#[test]
fn what_is_in_flight_is_received_before_a_close() {
    let (sent, close) = (("client: {send: \"more\"}", "client"), ("conn: close", "server"));
    mended("a-close-with-data-in-flight", sent, close, &["put `- conn: {recv: \"more\"}` before line 13"]);
}

#[test]
fn a_read_becomes_a_receive() {
    let (sent, read) = (("client: {send: \"world\"}", "writer"), ("conn: {read: 100}", "reader"));
    let words = ["write `conn: {recv: \"hello world\"}` in line 11", "put `- conn: {expect: {unread: 11}}`"];
    mended("a-read-for-a-message", sent, read, &words);
}

#[test]
fn a_reset_comes_when_the_others_are_done() {
    let (recv, look) = (("conn: {recv: \"hello\"}", "server"), ("conn: {expect: readable}", "killer"));
    mended("a-reset-and-data", recv, look, &["in place of `conn: expect` in line 15"]);
}

#[test]
fn an_accept_names_its_client() {
    let words = [
        "write `from: ann` in line 11",
        "put `- barrier: connected` after line 6",
        "put `- server: {expect: {queue: 1}}` before line 9",
        "one after the other, in place of the `parallel` in line 4",
    ];
    mended("accepted-in-any-order", ("ann: {connect", "one"), ("bob: {connect", "two"), &words);
}

#[test]
fn a_barrier_gets_the_lane_that_it_misses() {
    let name = "a-barrier-that-misses-a-lane";
    let (one, more) = (("client: {send: \"one\"}", "one"), ("client: {send: \"more\"}", "three"));
    let both = ["put `- barrier: sent` before line 16 and `- barrier: sent-2` after it in lane `three`"];
    mended(name, one, more, &both);
    mended(name, more, ("conn: close", "two"), &both);
}

#[test]
fn datagrams_take_turns_or_get_room() {
    let (sent, received) = (("source: {send", "sender"), ("receiver: {recv: {rest", "receiver"));
    let words = [
        "take turns: put `- barrier: sent` and `- barrier: received` after line 11 in lane `sender`",
        "and `repeat: 12` in line 13: all are received",
    ];
    mended("datagrams-that-overflow", sent, received, &words);
}

#[test]
fn readers_take_turns() {
    let words = "put `- barrier: received` after line 10 in lane `left` and before line 12 in lane `right`";
    mended("two-readers", ("conn: {recv", "left"), ("conn: {recv", "right"), &[words]);
}

/// The candidates for two steps of a spec that has not run.
fn of(text: &str, first: (&str, &str), second: (&str, &str)) -> Vec<Candidate> {
    let source = file(text);
    proposed(&source, pair(&source, first, second), &[])
}

const CONNECTED: &str = "\
about: A test.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
";

/// The first candidate, which is a new barrier, for the lanes `a` and `b`.
#[track_caller]
fn barrier(lanes: &str, wanted: &str) -> String {
    let found = of(&format!("{CONNECTED}{lanes}"), ("client: {send", "a"), ("conn: ", "b"));
    let new = found.iter().find(|candidate| candidate.words.contains("comes first")).unwrap();
    assert_eq!(new.text, format!("{CONNECTED}{wanted}"));
    new.words.clone()
}

#[test]
fn comments_and_blank_lines_stay_where_they_are() {
    let words = barrier(
        "  # All at once.
  - parallel:
      a:   # the first

        # It says hello.
        - client: {send: \"hello\"}   # now
        # It ends.
        - client: close

      b:
        # What was said.
        # All of it.
        - conn: {recv: \"hello\"}

        # Not more.
        - conn: close
",
        "  # All at once.
  - parallel:
      a:   # the first

        # It says hello.
        - client: {send: \"hello\"}   # now
        - barrier: sent
        # It ends.
        - client: close

      b:
        - barrier: sent
        # What was said.
        # All of it.
        - conn: {recv: \"hello\"}

        # Not more.
        - conn: close
",
    );
    assert_eq!(
        words,
        "put `- barrier: sent` after line 11 in lane `a` and before line 18 in lane `b`: then `client: send` comes first"
    );
}

#[test]
fn lists_in_brackets_stay_in_brackets() {
    let words = barrier(
        "  - parallel: {a: [{client: {send: \"x\"}}], b: [{conn: {expect: readable}}, {conn: close}]}\n",
        "  - parallel: {a: [{client: {send: \"x\"}}, {barrier: sent}], b: [{barrier: sent}, {conn: {expect: readable}}, {conn: close}]}\n",
    );
    assert_eq!(
        words,
        "put `{barrier: sent}` after `client: send` in line 6 in lane `a` and before `conn: expect` in line 6 in lane \
         `b`: then `client: send` comes first"
    );
    barrier(
        "  - parallel:
      a: [
        {client: {send: \"x\"}},   # now
        {client: close},
      ]
      b: [
        # What was said.
        {conn: {recv: \"x\"}}
      ]
",
        "  - parallel:
      a: [
        {client: {send: \"x\"}},
        {barrier: sent},   # now
        {client: close},
      ]
      b: [
        # What was said.
        {barrier: sent},
        {conn: {recv: \"x\"}}
      ]
",
    );
}

#[test]
fn a_block_around_a_step_stays_whole() {
    barrier(
        "  - parallel:
      a:
      - repeat: 2
        steps:
        - client: {send: \"x\"}
      b:
      - parallel:
          c: [{server: {expect: {queue: 0}}}]
          d:
            - conn: {recv: \"xx\"}",
        "  - parallel:
      a:
      - repeat: 2
        steps:
        - client: {send: \"x\"}
      - barrier: sent
      b:
      - barrier: sent
      - parallel:
          c: [{server: {expect: {queue: 0}}}]
          d:
            - conn: {recv: \"xx\"}",
    );
}

#[test]
fn a_step_of_many_lines_stays_whole() {
    barrier(
        "  - parallel:
      b:
        -
          conn: {recv: {bytes: 8}}
      a:
        - client: {send: &SHORT
            hello}
"
        .replace("&SHORT\n            hello", "\"hello\n            you\"")
        .as_str(),
        "  - parallel:
      b:
        - barrier: sent
        -
          conn: {recv: {bytes: 8}}
      a:
        - client: {send: \"hello
            you\"}
        - barrier: sent
",
    );
    let lanes = "  - parallel:
      a:
        - client:
            send: |
              hello

              # no comment

      b:
        - conn: {recv: \"hello\\n\\n# no comment\\n\"}
";
    let found = of(&format!("{CONNECTED}{lanes}"), ("client:", "a"), ("conn:", "b"));
    let text = &found[0].text;
    assert!(
        text.contains("              # no comment\n        - barrier: sent\n\n      b:\n        - barrier"),
        "{text}"
    );
}

#[test]
fn the_line_ends_of_the_file_are_kept() {
    let lanes = "  - parallel:\n      a:\n        - client: {send: \"x\"}\n      b:\n        - conn: {recv: \"x\"}";
    let text = format!("{CONNECTED}{lanes}").replace('\n', "\r\n");
    for candidate in of(&text, ("client: {send", "a"), ("conn: ", "b")) {
        assert_eq!(candidate.text.matches('\n').count(), candidate.text.matches("\r\n").count(), "{candidate:#?}");
    }
}

#[test]
fn steps_of_included_files_are_left_alone() {
    // They cannot be changed from here; what is around them can.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("_send.yaml"), "steps:\n  - client: {send: \"x\"}\n").unwrap();
    let lanes = "  - parallel:\n      a:\n        - include: _send.yaml\n          with: {client: client}\n      b:\n        - conn: close\n";
    let text = format!("{CONNECTED}{lanes}");
    let source = SourceFile::new("test.yaml", folder.path().join("test.yaml"), text.as_str());
    let plan = plan_of(&source);
    let inside = text.len() as u32 + 1 + "steps:\n  - ".len() as u32;
    let pair = Pair { first: inside, second: at(&source, "conn: close", "b") };
    let found = candidates(&source, &plan, pair, &[]);
    let wrapped = "          with: {client: client}\n        - barrier: sent\n      b:\n        - barrier: sent\n";
    assert!(found.iter().any(|candidate| candidate.text.contains(wrapped)), "{found:#?}");
    let both = Pair { second: pair.first, ..pair };
    assert!(candidates(&source, &plan, both, &[]).is_empty());
}

#[test]
fn all_cases_of_a_matrix_are_served() {
    let text = "\
about: A test.
matrix: {net: [tcp, tcp6, unix]}
steps:
  - server: {listen: \"${net}\"}
  - client: {connect: server}
  - conn:   {accept: server}
  - parallel:
      a: [{client: {send: \"x\"}}]
      b: [{conn: close}]
";
    // A Unix socket has no TCP state, so nothing waits for one.
    let found = of(text, ("client:", "a"), ("conn:", "b"));
    assert!(found.len() > 2 && found.iter().all(|candidate| !candidate.text.contains("CLOSE")), "{found:#?}");
}

#[test]
fn a_barrier_on_the_wrong_side_is_moved() {
    let lanes = "  - parallel:
      a:
        - barrier: said
        # At last.
        - client: {send: \"x\"}
      b:
        - barrier: said
        - conn: close
";
    let found = of(&format!("{CONNECTED}{lanes}"), ("client:", "a"), ("conn:", "b"));
    let moved = "      a:\n        # At last.\n        - client: {send: \"x\"}\n        - barrier: said\n      b:\n";
    assert!(found.iter().any(|candidate| candidate.text.contains(moved)), "{found:#?}");
}

#[test]
fn modifiers_are_put_where_they_belong() {
    let text = "\
about: A test.
steps:
  - server: {listen: tcp}
  - parallel:
      a: [{ann: {connect: server}}]
      b: [{bob: {connect: server}}]
  - one: {accept: server, within: 1s}   # the first
  - two:
      accept: server
  - {three: {accept: server, fails: EAGAIN, nonblocking: true}}
";
    let source = file(text);
    let tally = ways(&source, 0);
    let ways: Vec<&Record> = tally.ways.iter().map(|way| way.record.as_ref()).collect();
    let found = proposed(&source, pair(&source, ("ann:", "a"), ("bob:", "b")), &ways);
    let accepts = "  - one: {accept: server, within: 1s, from: ann}   # the first\n  - two:\n      accept: server\n      from: bob\n";
    assert!(found.iter().any(|candidate| candidate.text.contains(accepts)), "{found:#?}");
}

#[test]
fn more_than_two_rivals_come_one_after_the_other() {
    let text = "\
about: A test.
steps:
  - log: {bind: unixgram}
  - one: {connect: log}
  - two: {connect: log}
  - three: {connect: log}
  - parallel:
      a:
        - one: {send: \"1\"}
      b:
        - two: {send: \"2\"}
      c:
        - three: {send: \"3\"}
  - repeat: 3
    steps:
      - log: {recv: {bytes: 1}}
";
    let source = file(text);
    let tally = ways(&source, 20);
    let ways: Vec<&Record> = tally.ways.iter().map(|way| way.record.as_ref()).collect();
    let found = proposed(&source, pair(&source, ("one: {send", "a"), ("three: {send", "c")), &ways);
    let words =
        "let one come after the other: put `- barrier: sent` after line 9 and before line 11, `- barrier: sent-2`";
    mends(&source, &found, words);
}

#[test]
fn the_ends_of_a_connection_are_learnt_from_the_usual_run() {
    let text = "\
about: A test.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - other:  {connect: server}
  - peer:   {accept: server}
  - parallel:
      a:
        - other: {send: \"bye\"}
      b:
        - peer: close
";
    let source = file(text);
    let tally = ways(&source, 20);
    let ways: Vec<&Record> = tally.ways.iter().map(|way| way.record.as_ref()).collect();
    let found = proposed(&source, pair(&source, ("other: {send", "a"), ("peer: close", "b")), &ways);
    mends(&source, &found, "put `- peer: {recv: \"bye\"}` before line 12");
    mends(&source, &found, "put `- peer: {expect: {unread: 3}}` before line 12");
}
