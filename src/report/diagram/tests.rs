//! Who a model says spoke with whom.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::trace::event::{Event, What};
use crate::trace::record::{self, Entry, Facts, Group, Happened, Lane, Open, Unread};
use crate::trace::shown::Shown;

/// An event: `client: send ping to server`, where the bytes are the word after the verb.
fn entry(line: usize, text: &str) -> Entry {
    let (endpoint, words) = text.split_once(": ").unwrap();
    let (words, fails) = words.split_once(" fails ").unwrap_or((words, ""));
    let mut parts = words.splitn(3, ' ');
    let what = match (parts.next().unwrap(), parts.next(), parts.next()) {
        (verb @ ("send" | "recv"), Some(bytes), suffix) => What::Data {
            verb: verb.to_owned(),
            bytes: vec![Shown::Bytes(bytes.as_bytes().to_vec())],
            suffix: suffix.map(str::to_owned).into_iter().collect(),
        },
        _ => What::Words(words.to_owned()),
    };
    let fails = fails.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let event = Event { endpoint: endpoint.to_owned(), what, fails, wire: Vec::new() };
    let (line, facts) = (line as u32 + 1, Facts::default());
    Entry::Event(Happened { line, file: None, order: 0, began: 0, took: 0, event, facts })
}

fn entries(texts: &[&str]) -> Vec<Entry> {
    texts.iter().enumerate().map(|(line, text)| entry(line, text)).collect()
}

fn diagram(entries: Vec<Entry>) -> Diagram {
    let (test, version) = ("x".to_owned(), record::VERSION);
    Diagram::of(&Record { version, test, entries, end: Vec::new(), failure: None })
}

/// The rows in words: `client > conn: 4 "ping"`, with `>>` where it was received, `client: close`.
fn told(diagram: &Diagram) -> Vec<String> {
    let mut out = Vec::new();
    tell(diagram, &diagram.rows, &mut out);
    out
}

fn tell(diagram: &Diagram, rows: &[Row], out: &mut Vec<String>) {
    let name = |column: Option<usize>| column.map_or("?", |column| &diagram.columns[column].name);
    for row in rows {
        match row {
            Row::Step(step) => {
                let who = match step.shape {
                    Shape::At(column) => name(Some(column)).to_owned(),
                    Shape::Across => "all".to_owned(),
                    Shape::Arrow { from, to } => {
                        let head = if step.received.is_some() { ">>" } else { ">" };
                        format!("{} {head} {}", name(from), name(to))
                    }
                };
                out.push(format!("{who}: {}", step.label));
            }
            Row::Block(block) => {
                for part in &block.parts {
                    out.push(format!("[{}]", part.title));
                    tell(diagram, &part.rows, out);
                }
            }
        }
    }
}

fn of(texts: &[&str]) -> Vec<String> {
    told(&diagram(entries(texts)))
}

const OPENING: [&str; 3] = ["server: listen tcp", "client: connect server", "conn: accept client"];

/// What follows the opening of a connection.
fn after_opening(texts: &[&str]) -> Vec<String> {
    of(&[&OPENING, texts].concat()).split_off(3)
}

#[test]
fn a_connection_is_made_by_two() {
    assert_eq!(of(&OPENING), ["server: listen tcp", "client > server: connect server", "server > conn: accept client"]);
    let drawn = diagram(entries(&OPENING));
    let opens: Vec<_> =
        drawn.rows.iter().map(|row| if let Row::Step(step) = row { &step.opens[..] } else { &[] }).collect();
    assert_eq!(opens, [[0], [1], [2]]);
}

#[test]
fn a_message_goes_to_the_other_end_and_is_received_there() {
    let told = after_opening(&["client: send ping", "conn: recv ping", "conn: send pong", "client: recv pong"]);
    assert_eq!(told, ["client >> conn: 4 \"ping\"", "conn >> client: 4 \"pong\""]);
}

#[test]
fn what_is_received_later_or_otherwise_has_its_own_row() {
    let told = after_opening(&["client: send ab", "conn: recv a", "conn: recv b"]);
    assert_eq!(told, ["client > conn: 2 \"ab\"", "conn: recv 1 \"a\"", "conn: recv 1 \"b\""]);
    let told = after_opening(&["client: send a", "client: close", "conn: recv a", "conn: eof"]);
    assert_eq!(told, ["client > conn: 1 \"a\"", "client > conn: close", "conn: recv 1 \"a\"", "conn: eof"]);
    let told = after_opening(&["client: send a", "conn: recv a peek", "conn: recv a"]);
    assert_eq!(told, ["client > conn: 1 \"a\"", "conn: recv 1 \"a\" peek", "conn: recv 1 \"a\""]);
}

#[test]
fn what_is_sent_before_the_accept_waits_at_the_listener() {
    let told = of(&["server: listen tcp", "c: connect server", "c: send a", "conn: accept c", "conn: recv a"]);
    assert_eq!(told[2..], ["c > server: 1 \"a\"", "server > conn: accept c", "conn: recv 1 \"a\""]);
}

#[test]
fn ends_and_resets_are_arrows_once() {
    let told = after_opening(&["client: shutdown write", "conn: eof", "client: close", "conn: close"]);
    assert_eq!(told, ["client >> conn: shutdown write → eof", "client: close", "conn: close"]);
    let told = after_opening(&["conn: close unread 3", "client: expect reset"]);
    assert_eq!(told, ["conn >> client: close unread 3 → expect reset"]);
    let told = after_opening(&["conn: set SO_LINGER=0", "conn: close", "client: expect reset"]);
    assert_eq!(told[1..], ["conn >> client: close → expect reset"]);
    let told = after_opening(&["conn: reset", "client: recv fails ECONNRESET"]);
    assert_eq!(told, ["conn > client: reset", "client: recv fails ECONNRESET"]);
}

#[test]
fn a_refusal_is_an_arrow_that_does_not_arrive() {
    let told = of(&["server: listen tcp", "server: close", "late: connect server fails ECONNREFUSED"]);
    assert_eq!(told[2], "late > server: connect server fails ECONNREFUSED");
}

#[test]
fn datagrams_go_to_whom_they_name() {
    let told = of(&[
        "server: bind udp",
        "ann: socket udp",
        "ann: send hi to server",
        "server: recv hi sender who",
        "server: send yo to who",
        "ann: recv yo",
        "bob: connect server",
        "bob: send me",
        "server: recv me",
        "server: send ok to sender",
        "bob: recv ok from server",
    ]);
    let drawn =
        ["ann >> server: 2 \"hi\"", "server >> ann: 2 \"yo\"", "bob: connect server", "bob >> server: 2 \"me\""];
    assert_eq!(told[2..6], drawn);
    assert_eq!(told[6..], ["server >> bob: 2 \"ok\""]);
}

#[test]
fn an_address_of_nobody_is_outside() {
    let drawn = diagram(entries(&["it: connect tcp://127.0.0.1:<port>", "it: send a", "it: recv b", "it: eof"]));
    assert_eq!(drawn.columns[1], Column { name: "tcp://127.0.0.1:<port>".to_owned(), role: Role::Outside });
    let outside = &drawn.columns[1].name;
    let arrows =
        [format!("it > {outside}: 1 \"a\""), format!("{outside} >> it: 1 \"b\""), format!("{outside} >> it: eof")];
    assert_eq!(told(&drawn)[1..], arrows);
}

#[test]
fn a_program_is_who_listens_at_the_port_that_it_was_told() {
    let told = of(&["web: run web -p <http>", "it: connect tcp://127.0.0.1:<http>", "it: recv hi", "web: recv log"]);
    assert_eq!(told[1..], ["it > web: connect tcp://127.0.0.1:<http>", "web >> it: 2 \"hi\"", "web: stdout 3 \"log\""]);
}

#[test]
fn nobody_knows_the_other_half() {
    let told = of(&["it: socket udp", "it: send a", "it: recv b"]);
    assert_eq!(told[1..], ["it > ?: 1 \"a\"", "it: recv 1 \"b\""]);
}

#[test]
fn an_end_that_was_passed_on_ends_with_its_last_name() {
    let told = after_opening(&[
        "a: pair b",
        "a: send x pass conn",
        "conn: close",
        "b: recv x takes heir",
        "heir: send y",
        "heir: close",
    ]);
    assert_eq!(
        told[2..],
        ["conn: close", "b: recv 1 \"x\" takes heir", "heir > client: 1 \"y\"", "heir > client: close"]
    );
}

#[test]
fn lanes_may_tell_it_in_any_order() {
    let lane = |name: &str, texts: &[&str]| Lane { name: name.to_owned(), entries: entries(texts) };
    let drawn = diagram(vec![
        entry(0, "server: listen tcp"),
        Entry::Parallel(vec![
            lane("server", &["a: accept ann", "a: recv x"]),
            lane("ann", &["ann: connect server", "ann: send x"]),
            lane("bob", &["bob: connect server", "bob: send y"]),
            lane("more", &["b: accept bob", "b: recv y"]),
        ]),
        entry(1, "a: send z"),
        entry(2, "ann: recv z"),
    ]);
    let told = told(&drawn);
    assert!(
        told.contains(&"ann > a: 1 \"x\"".to_owned()) && told.contains(&"bob > b: 1 \"y\"".to_owned()),
        "{told:#?}"
    );
    assert_eq!(told.last().unwrap(), "a >> ann: 1 \"z\"");
}

#[test]
fn iterations_are_folded() {
    let group = |count, text| Group { count, varies: false, entries: vec![entry(0, text)] };
    let drawn = diagram(vec![Entry::Repeat(vec![group(5, "a: send x"), group(7, "a: send x"), group(1, "a: close")])]);
    assert_eq!(told(&drawn), ["[× 12]", "a > ?: 1 \"x\"", "[× 1]", "a: close"]);
    let nothing = Group { count: 3, varies: false, entries: Vec::new() };
    assert!(diagram(vec![Entry::Repeat(vec![nothing.clone()]), Entry::Retry(Vec::new())]).rows.is_empty());
}

#[test]
fn what_is_open_at_the_end_is_told() {
    let open = |name: &str, bytes| Open { name: name.to_owned(), unread: Unread::Bytes(bytes), left: 0, varies: false };
    let end = vec![open("a", 0), open("c<i>", 2), open("c<i>", 2)];
    let record = Record { version: 1, test: "x".to_owned(), entries: entries(&["a: socket udp"]), end, failure: None };
    assert_eq!(told(&Diagram::of(&record))[1], "all: open at the end: a, 2 × c<i> unread 2");
}

#[test]
fn cases_that_show_the_same_are_one() {
    let case = |test: &str, text| Diagram { tests: vec![test.to_owned()], ..diagram(entries(&[text])) };
    let drawn =
        [case("x[n=1]", "a: close"), case("x[n=2]", "a: reset"), case("x[n=3]", "a: close"), case("y", "a: close")];
    let titles: Vec<String> = folded(drawn).iter().map(Diagram::title).collect();
    assert_eq!(titles, ["x (2 cases)", "x[n=2]", "y"]);
}
