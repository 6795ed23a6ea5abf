//! Traces: the text form, and the properties of the canonical form.

use proptest::collection::vec;
use proptest::prelude::*;
use sockspec::model::bytes::{escape, unescape};
use sockspec::trace::event::{Event, What};
use sockspec::trace::record::{Bytes, Difference, Entry, Facts, Failure, Group, Happened, Lane, Open, Record, Unread};
use sockspec::trace::record::{RecordError, VERSION};
use sockspec::trace::shown::Shown;
use sockspec::trace::{Trace, TraceText, canonical, same_events, text_of};

fn record(entries: Vec<Entry>, end: Vec<Open>) -> Record {
    Record { version: VERSION, test: "tcp/x".to_owned(), entries, end, failure: None }
}

fn entry(endpoint: &str, what: What, fails: &[&str]) -> Entry {
    let fails = fails.iter().map(|name| (*name).to_owned()).collect();
    let event = Event { endpoint: endpoint.to_owned(), what, fails, wire: Vec::new() };
    Entry::Event(Happened { line: 3, file: None, order: 0, began: 12, took: 34, event, facts: Facts::default() })
}

fn words(endpoint: &str, words: &str) -> Entry {
    entry(endpoint, What::Words(words.to_owned()), &[])
}

fn data(endpoint: &str, verb: &str, bytes: Vec<Shown>, suffix: &[&str], fails: &[&str]) -> Entry {
    let suffix = suffix.iter().map(|word| (*word).to_owned()).collect();
    entry(endpoint, What::Data { verb: verb.to_owned(), bytes, suffix }, fails)
}

fn bytes(bytes: impl AsRef<[u8]>) -> Shown {
    Shown::Bytes(bytes.as_ref().to_vec())
}

fn fill() -> Shown {
    Shown::Generated { size: 1 << 20, how: "fill \"ab\"".to_owned() }
}

fn named(name: &str, size: Option<u64>) -> Shown {
    Shown::Named { name: name.to_owned(), size }
}

fn open(name: &str, unread: u64) -> Open {
    Open { name: name.to_owned(), unread: Unread::Bytes(unread), left: 0, varies: false }
}

fn one(entry: Entry) -> String {
    text_of(&record(vec![entry], Vec::new()))
}

fn sent(parts: Vec<Shown>) -> String {
    one(data("client", "send", parts, &[], &[]))
}

fn received(parts: Vec<Shown>) -> String {
    one(data("conn", "recv", parts, &[], &[]))
}

#[test]
fn a_trace_reads_from_top_to_bottom() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    let entries = vec![
        words("server", "listen tcp"),
        words("client", "connect server"),
        words("conn", "accept client"),
        data("client", "send", vec![bytes("request")], &[], &[]),
        words("client", "shutdown write"),
        data("conn", "recv", vec![bytes("request")], &[], &[]),
        words("conn", "eof"),
        data("conn", "send", vec![bytes(response)], &[], &[]),
        entry("other", What::Words("connect spare".to_owned()), &["ECONNREFUSED"]),
        Entry::Parallel(vec![
            Lane { name: "reader".to_owned(), entries: vec![data("conn", "recv", vec![fill()], &[], &[])] },
            Lane { name: "writer".to_owned(), entries: vec![data("client", "send", vec![fill()], &[], &[])] },
        ]),
        Entry::Repeat(vec![Group { count: 1000, varies: false, entries: vec![words("c<i>", "connect server")] }]),
        words("a-long-name", "close"),
        words("ten-0-name", "close"),
    ];
    let end = vec![open("server", 0), open("client", 0), open("conn", 5)];
    assert_eq!(
        text_of(&record(entries, end)),
        r#"server    listen tcp
client    connect server
conn      accept client
client    send 7 "request"
client    shutdown write
conn      recv 7 "request"
conn      eof
conn      send 41
          | HTTP/1.1 200 OK\r\n
          | Content-Length: 3\r\n
          | \r\n
          | abc
other     connect spare fails ECONNREFUSED
parallel
  reader
    conn      recv 1048576 fill "ab"
  writer
    client    send 1048576 fill "ab"
repeat 1000
  c<i>      connect server
a-long-name close
ten-0-name close
end       server open, client open, conn open unread 5
"#
    );
}

#[test]
fn nothing_that_happened_is_an_empty_text() {
    assert_eq!(text_of(&record(Vec::new(), Vec::new())), "");
}

#[test]
fn a_line_break_at_the_end_is_not_inside() {
    assert_eq!(sent(vec![bytes("PING\r\n")]), "client    send 6 \"PING\\r\\n\"\n");
    assert_eq!(sent(vec![bytes("\n")]), "client    send 1 \"\\n\"\n");
    assert_eq!(sent(vec![bytes("")]), "client    send 0 \"\"\n");
    assert_eq!(sent(vec![bytes("a\n\"b\" ")]), "client    send 6\n          | a\\n\n          | \\\"b\\\"\\x20\n");
}

#[test]
fn mostly_unprintable_bytes_are_dumped() {
    let line = (0..18).map(|byte| byte * 15).collect::<Vec<u8>>();
    assert_eq!(
        sent(vec![bytes(line)]),
        "client    send 18
          | 00 0f 1e 2d 3c 4b 5a 69 78 87 96 a5 b4 c3 d2 e1  |...-<KZix.......|
          | f0 ff                                            |..|
"
    );
}

#[test]
fn long_payloads_are_told_by_head_length_and_hash() {
    let text = sent(vec![bytes(vec![b'a'; 1025])]);
    let hash = "4a82297889eb505cf6b5cbdf69977afab4632d6557539782f657bd7dc78091a5";
    assert_eq!(text, format!("client    send 1025 \"{}\"… sha256 {hash}\n", "a".repeat(32)));
    let kept = Shown::Digest { size: 1025, head: vec![b'a'; 32], sha256: sockspec::trace::sha256(&vec![b'a'; 1025]) };
    assert_eq!(sent(vec![kept]), text, "whether the recorder kept the bytes is not to be seen");
    assert_eq!(sockspec::trace::sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(
        sent(vec![bytes("GET "), fill(), bytes("\r\n")]),
        "client    send 1048582 \"GET \" 1048576 fill \"ab\" \"\\r\\n\"\n"
    );
}

#[test]
fn parts_that_vary_stand_one_by_one() {
    let regex = |regex: &str| Shown::Matched { regex: regex.to_owned(), size: None };
    let cases = [
        (vec![bytes("id="), named("id", None), bytes("\r\n")], r#"recv ~ "id=" <id> "\r\n""#),
        (vec![bytes("id="), named("id", Some(4)), bytes("\r\n")], r#"recv 9 "id=" <id> "\r\n""#),
        (vec![Shown::Size { width: Some(2) }, Shown::Varying { size: None }], "recv ~ <size> ~"),
        (vec![Shown::Wild(1), bytes("\x01"), Shown::Wild(4)], r#"recv 6 .. "\x01" ..{4}"#),
        (vec![Shown::Masked { text: "u16 & 0x0f = 3".to_owned(), size: 2 }], "recv 2 u16 & 0x0f = 3"),
        (vec![Shown::Varying { size: None }, Shown::End(vec!["eof".into(), "reset".into()])], "recv ~ ~ [eof, reset]"),
        (vec![Shown::Varying { size: None }, Shown::End(vec!["eof".into()])], "recv ~ ~ eof"),
        (
            vec![Shown::Group {
                word: "one_of".to_owned(),
                members: vec![vec![bytes("a")], vec![bytes("b"), named("x", None)]],
            }],
            r#"recv ~ one_of ["a", "b" <x>]"#,
        ),
        (vec![regex("HTTP/1.1 [0-9]+"), bytes("\r\n")], r#"recv ~ ~/HTTP/1.1 [0-9]+/ "\r\n""#),
        (vec![regex("[^\r\n]*/ \u{0}")], r"recv ~ ~/[^\r\n]*\/ \x{0}/"),
        (vec![regex("a/ ~/b")], r"recv ~ ~/a\/ ~/b/"),
        (vec![regex("a"), regex("b")], "recv ~ ~/a/ ~/b/"),
    ];
    for (parts, expected) in cases {
        assert_eq!(received(parts), format!("conn      {expected}\n"));
    }
}

#[test]
fn parts_with_a_line_break_inside_stand_below() {
    let date = Shown::Matched { regex: r"[^\r]*".to_owned(), size: None };
    assert_eq!(
        received(vec![bytes("HTTP/1.1 200 OK\r\nDate: "), date, bytes("\r\n\r\nhello")]),
        r#"conn      recv ~
          | "HTTP/1.1 200 OK\r\n"
          | "Date: " ~/[^\r]*/ "\r\n"
          | "\r\n"
          | "hello"
"#
    );
}

#[test]
fn suffixes_and_failures_stand_on_the_line_of_the_event() {
    assert_eq!(
        one(data("a", "send", vec![bytes("x")], &["to b", "more"], &["none", "EPIPE"])),
        "a         send 1 \"x\" to b more fails [none, EPIPE]\n"
    );
    assert_eq!(
        one(data("a", "recv", vec![bytes("x\ny")], &["from b", "peek"], &["EAGAIN"])),
        "a         recv 3 from b peek fails EAGAIN\n          | x\\n\n          | y\n"
    );
    assert_eq!(one(data("a", "read 2", vec![bytes("tw")], &["truncated"], &[])), "a         read 2 \"tw\" truncated\n");
}

#[test]
fn how_the_recorder_cut_the_bytes_is_not_to_be_seen() {
    let pieces = vec![bytes("re"), bytes(""), bytes("quest"), Shown::Wild(2), bytes(""), Shown::Wild(2)];
    assert_eq!(received(pieces), received(vec![bytes("request"), Shown::Wild(4)]));
}

#[test]
fn iterations_that_differ_stand_apart() {
    let step = |name: &str| vec![words(name, "close")];
    let groups = vec![
        Group { count: 2, varies: false, entries: step("a") },
        Group { count: 0, varies: false, entries: step("b") },
        Group { count: 1, varies: false, entries: step("a") },
        Group { count: 1, varies: false, entries: Vec::new() },
        Group { count: 1, varies: false, entries: step("b") },
    ];
    assert_eq!(one(Entry::Repeat(groups)), "repeat 3\n  a         close\nrepeat 1\nrepeat 1\n  b         close\n");
    assert_eq!(one(Entry::Repeat(vec![Group { count: 7, varies: false, entries: Vec::new() }])), "");
}

#[test]
fn iterations_whose_number_varies_are_shown_without_it() {
    let group = |count, name: &str| Group { count, varies: true, entries: vec![words(name, "close")] };
    let one_by_one = vec![group(2, "a"), group(1, "b"), group(3, "a"), group(0, "c")];
    assert_eq!(one(Entry::Repeat(one_by_one)), "repeat ~\n  a         close\nrepeat ~\n  b         close\n");
    let many = |count| record(Vec::new(), (0..count).map(|_| Open { varies: true, ..open("c<i>", 0) }).collect());
    assert_eq!(text_of(&many(1)), "end       ~ c<i> open\n");
    assert_eq!(text_of(&many(27)), text_of(&many(1)));
}

#[test]
fn many_endpoints_of_a_repeat_are_listed_once() {
    let end = ["server", "c<i>", "s<i>", "c<i>", "s<i>"].map(|name| open(name, 0)).to_vec();
    assert_eq!(text_of(&record(Vec::new(), end)), "end       server open, 2 c<i> open, 2 s<i> open\n");
}

#[test]
fn times_and_addresses_are_left_out() {
    let early = vec![words("a", "close")];
    let mut late = early.clone();
    let Some(Entry::Event(happened)) = late.first_mut() else { unreachable!() };
    happened.began = 99_999;
    happened.facts.local = Some("127.0.0.1:40123".to_owned());
    assert!(same_events(&early, &late));
    assert_eq!(text_of(&record(early, Vec::new())), text_of(&record(late, Vec::new())));
}

#[test]
fn a_record_of_another_version_says_so() {
    let json = record(vec![words("a", "close")], Vec::new()).to_json();
    let newer = json.replace("\"version\": 1", "\"version\": 2").replace("entries", "events");
    assert_eq!(Record::from_json(&newer), Err(RecordError::Version(2)));
    let Err(error) = Record::from_json("{\"version\": 2}") else { unreachable!() };
    assert!(error.to_string().contains("version 2"), "{error}");
}

#[test]
fn what_is_no_record_says_where() {
    for (json, part) in [
        ("", "line 1"),
        ("{}", "version"),
        ("[1", "line 1"),
        ("{\"version\": 1}", "test"),
        ("{\"version\": 1, \"test\": \"x\", \"entries\": [{\"Nothing\": 1}]}", "Nothing"),
    ] {
        match Record::from_json(json) {
            Err(RecordError::Malformed(why)) => assert!(why.contains(part), "{json}: {why}"),
            other => panic!("{json}: {other:?}"),
        }
    }
    let escape = record(vec![data("a", "send", vec![bytes("\\")], &[], &[])], Vec::new()).to_json();
    let broken = escape.replace(r"\\\\", r"\\q");
    assert!(matches!(Record::from_json(&broken), Err(RecordError::Malformed(why)) if why.contains("escape")));
}

// Properties

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let letters = prop_oneof![
        4 => prop::sample::select(b"ab \"\\|\r\n\t".to_vec()),
        1 => any::<u8>(),
    ];
    prop_oneof![9 => vec(letters, 0..40), 1 => vec(any::<u8>(), 1000..1100)]
}

fn some_part() -> impl Strategy<Value = Shown> {
    prop_oneof![
        6 => some_bytes().prop_map(Shown::Bytes),
        1 => (1u64..5).prop_map(Shown::Wild),
        1 => prop::sample::select(vec!["a", "b"]).prop_map(|name| named(name, None)),
        1 => "[a/ ~\"\\n]{0,4}".prop_map(|regex| Shown::Matched { regex, size: None }),
        1 => Just(Shown::Varying { size: None }),
        1 => (0u64..3).prop_map(|size| Shown::Generated { size, how: "fill \"ab\"".to_owned() }),
    ]
}

fn some_event() -> impl Strategy<Value = Entry> {
    let times = (any::<u64>(), any::<u64>(), vec(any::<u64>(), 0..3));
    let what = prop_oneof![
        prop::sample::select(vec!["close", "eof", "connect a"]).prop_map(|words| What::Words(words.to_owned())),
        (prop::sample::select(vec!["send", "recv"]), vec(some_part(), 0..4))
            .prop_map(|(verb, bytes)| { What::Data { verb: verb.to_owned(), bytes, suffix: Vec::new() } }),
    ];
    (prop::sample::select(vec!["a", "b", "a-long-name"]), what, times).prop_map(
        |(name, what, (began, took, pieces))| {
            let event = Event { endpoint: name.to_owned(), what, fails: Vec::new(), wire: Vec::new() };
            Entry::Event(Happened {
                line: 1,
                file: None,
                order: 0,
                began,
                took,
                event,
                facts: Facts { pieces, ..Facts::default() },
            })
        },
    )
}

fn some_entry() -> impl Strategy<Value = Entry> {
    some_event().prop_recursive(3, 24, 4, |inner| {
        let entries = vec(inner.clone(), 0..3);
        let inner_of_retry = inner.clone();
        prop_oneof![
            vec(("[a-c]", vec(inner, 0..3)), 1..3).prop_map(|lanes| Entry::Parallel(
                lanes.into_iter().map(|(name, entries)| Lane { name, entries }).collect()
            )),
            (any::<bool>(), vec((0u64..4, entries), 0..4)).prop_map(|(varies, groups)| Entry::Repeat(
                groups.into_iter().map(|(count, entries)| Group { count, varies, entries }).collect()
            )),
            vec(inner_of_retry, 0..3).prop_map(Entry::Retry),
        ]
    })
}

fn some_record() -> impl Strategy<Value = Record> {
    let end = vec(("[a-c]", 0u64..2, any::<bool>()), 0..5);
    (vec(some_entry(), 0..5), end).prop_map(|(entries, end)| {
        record(entries, end.into_iter().map(|(name, unread, varies)| Open { varies, ..open(&name, unread) }).collect())
    })
}

fn repeated(count: Option<u64>, entries: Vec<Entry>) -> Group {
    Group { count: count.unwrap_or(1), varies: count.is_none(), entries }
}

/// A record with nothing in it but what the canonical trace has.
fn bare(entries: &[canonical::Entry<'_>]) -> Vec<Entry> {
    let bare = |entry: &canonical::Entry<'_>| match entry {
        canonical::Entry::Event(event) => Entry::Event(Happened {
            line: 0,
            file: None,
            order: 0,
            began: 0,
            took: 0,
            event: event.clone().into_owned(),
            facts: Facts::default(),
        }),
        canonical::Entry::Parallel(lanes) => Entry::Parallel(
            lanes.iter().map(|lane| Lane { name: lane.name.to_owned(), entries: bare(&lane.entries) }).collect(),
        ),
        canonical::Entry::Repeat(groups) => {
            Entry::Repeat(groups.iter().map(|group| repeated(group.count, bare(&group.entries))).collect())
        }
        canonical::Entry::Retry(held) => Entry::Retry(bare(held)),
    };
    entries.iter().map(bare).collect()
}

/// The same iterations, each on its own.
fn ungrouped(entries: &[Entry]) -> Vec<Entry> {
    let ungrouped_entry = |entry: &Entry| match entry {
        Entry::Event(happened) => Entry::Event(happened.clone()),
        Entry::Parallel(lanes) => Entry::Parallel(
            lanes.iter().map(|lane| Lane { name: lane.name.clone(), entries: ungrouped(&lane.entries) }).collect(),
        ),
        Entry::Repeat(groups) => Entry::Repeat(
            groups
                .iter()
                .flat_map(|group| {
                    (0..group.count).map(|_| Group {
                        count: 1,
                        varies: group.varies,
                        entries: ungrouped(&group.entries),
                    })
                })
                .collect(),
        ),
        Entry::Retry(held) => Entry::Retry(ungrouped(held)),
    };
    entries.iter().map(ungrouped_entry).collect()
}

/// What a comparison of snapshots looks at: it forgives kinds of line breaks and outer blanks.
fn compared(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// A text without the iterations that have no events.
fn without_empty(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let is_empty = |at: usize| {
        let inside = lines.get(at + 1).is_some_and(|next| indent(next) > indent(lines[at]));
        lines[at].trim_start().starts_with("repeat ") && !inside
    };
    let kept = lines.iter().enumerate().filter(|(at, _)| !is_empty(*at));
    kept.flat_map(|(_, line)| [*line, "\n"]).collect()
}

proptest! {
    #[test]
    fn the_canonical_form_is_idempotent(record in some_record()) {
        let trace = Trace::from_record(&record);
        let end = trace.end.iter().flat_map(|(count, open)| (0..count.unwrap_or(1)).map(|_| (*open).clone())).collect();
        let again = self::record(bare(&trace.entries), end);
        prop_assert_eq!(&Trace::from_record(&again), &trace);
        prop_assert_eq!(text_of(&again), trace.to_text());
    }

    #[test]
    fn a_text_is_read_back(record in some_record()) {
        let text = text_of(&record);
        let read = TraceText::read(&text);
        prop_assert_eq!(read.to_text(), text.as_str());
        prop_assert_eq!(text_of(&read.to_record("tcp/x", |line| line)), without_empty(&text));
    }

    #[test]
    fn a_record_in_json_gives_the_same_trace(record in some_record()) {
        let read = Record::from_json(&record.to_json());
        prop_assert_eq!(read.as_ref().map(text_of), Ok(text_of(&record)));
        prop_assert_eq!(read, Ok(record));
    }

    #[test]
    fn folding_does_not_depend_on_how_iterations_were_grouped(record in some_record()) {
        let other = self::record(ungrouped(&record.entries), record.end.clone());
        prop_assert_eq!(text_of(&other), text_of(&record));
        prop_assert!(same_events(&other.entries, &record.entries));
    }

    #[test]
    fn different_events_are_never_written_alike(one in some_event(), other in some_event()) {
        let (one, other) = (record(vec![one], Vec::new()), record(vec![other], Vec::new()));
        let same = Trace::from_record(&one) == Trace::from_record(&other);
        prop_assert_eq!(compared(&text_of(&one)) == compared(&text_of(&other)), same);
    }

    #[test]
    fn different_bytes_are_never_written_alike(one in some_bytes(), other in some_bytes()) {
        prop_assert_eq!(compared(&sent(vec![bytes(&one)])) == compared(&sent(vec![bytes(&other)])), one == other);
    }

    #[test]
    fn every_line_is_plain_and_ends_in_something(record in some_record()) {
        for line in text_of(&record).lines() {
            prop_assert!(!line.trim().is_empty() && line.trim_end() == line, "{:?}", line);
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
    }

    #[test]
    fn failures_survive_json(got in some_bytes(), words in ".{0,9}") {
        let mut record = record(Vec::new(), Vec::new());
        record.failure = Some(Failure {
            message: words,
            difference: Some(Difference { got: Bytes(got.clone()), at: 3, ..Difference::default() }),
            unread: vec![("conn".to_owned(), Bytes(got))],
            deadline: Some(5_000_000),
            ..Failure::default()
        });
        prop_assert_eq!(Record::from_json(&record.to_json()), Ok(record));
    }

    #[test]
    fn escaping_round_trips(bytes in some_bytes()) {
        prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
    }
}
