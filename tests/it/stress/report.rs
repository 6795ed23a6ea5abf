//! What the report looks like.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use sockspec::diagnostic::Style;
use sockspec::report::stress as report;
use sockspec::stress::orders::OrderWay;
use sockspec::stress::{Ended, Line, Missing, Order, Orders, Repair, Side, Stressed, Tally};
use sockspec::trace;
use sockspec::trace::event::{Event, What};
use sockspec::trace::record::{Entry, Facts, Failure, Happened, Record, VERSION};

use super::verdicts;

fn happened(line: u32, endpoint: &str, words: &str) -> Entry {
    let what = What::Words(words.to_owned());
    let event = Event { endpoint: endpoint.to_owned(), what, fails: Vec::new(), wire: Vec::new() };
    Entry::Event(Happened { line, file: None, order: 0, began: 0, took: 0, event, facts: Facts::default() })
}

fn record(entries: Vec<Entry>, failure: Option<Failure>) -> Record {
    Record { version: VERSION, test: "racy".to_owned(), entries, end: Vec::new(), failure }
}

fn stressed(index: usize, name: &str, tally: Tally) -> Stressed {
    let path = PathBuf::from(format!("tests/data/stress/golden/{name}.yaml"));
    Stressed { index, path, tests: vec![tally], invalid: None }
}

/// What came of a racy spec, of one that always fails and of sound ones.
fn ended() -> Ended {
    let start = |more: Vec<Entry>| {
        let mut entries = vec![happened(3, "server", "listen tcp"), happened(4, "client", "connect server")];
        entries.extend(more);
        entries
    };
    let accepted = |name: &str| {
        let greeting = format!("recv 24 \"Good morning, I am {name}.\\n\"");
        start(vec![happened(5, "conn", &format!("accept {name}")), happened(6, "conn", &greeting)])
    };
    let message = "conn received something else than \"Good morning, I am ann.\\n\"".to_owned();
    let failure = Failure { line: 6, message, ..Failure::default() };
    let mut racy = Tally::new("racy".to_owned());
    racy.count(record(accepted("ann"), None), None);
    for seed in 100..300 {
        match seed % 9 {
            4 => racy.count(record(accepted("bob"), None), Some(seed)),
            7 => racy.count(record(start(Vec::new()), Some(failure.clone())), Some(seed)),
            _ => racy.count(record(accepted("ann"), None), Some(seed)),
        }
    }
    let refused =
        Failure { line: 4, message: "client: connect failed with ECONNREFUSED".to_owned(), ..Failure::default() };
    let mut failing = Tally::new("failing".to_owned());
    let mut sound = Tally::new("sound".to_owned());
    for seed in [None].into_iter().chain((100..300).map(Some)) {
        failing.count(record(Vec::new(), Some(refused.clone())), seed);
        sound.count(record(accepted("ann"), None), seed);
    }
    let specs = vec![stressed(0, "racy", racy), stressed(1, "failing", failing), stressed(2, "sound", sound)];
    Ended { specs, timed_out: false, took: Duration::from_millis(12_340) }
}

/// An order, by the lines of its steps.
fn order(lines: &[u32], record: Record) -> Order {
    let lines = lines.iter().map(|line| Line { line: *line, file: None, rest: false }).collect();
    let trace = trace::text_of(&record);
    Order { turns: Vec::new(), lines, record: Box::new(record), trace }
}

/// The orders of the lanes of a spec, and the one ordering that they lack.
fn ended_with_lanes() -> Ended {
    let payload = format!("{}!{}", "ab".repeat(90), "z".repeat(40));
    let lanes = |read: &str, message: Option<&str>| {
        let read = format!("read 500 \"{read}\"");
        let entries = vec![happened(5, "conn", "accept client"), happened(12, "conn", &read)];
        let fails = |message: &str| Failure { line: 12, message: message.to_owned(), ..Failure::default() };
        record(entries, message.map(fails))
    };
    let usual = || lanes(&payload, None);
    let other = || lanes(&payload[..180], None);
    let failed = || lanes("", Some("conn: recv failed with EAGAIN, while something to receive was expected"));
    let mut tally = Tally::new("lanes".to_owned());
    tally.count(usual(), None);
    for seed in 100..300 {
        tally.count(if seed % 3 == 0 { other() } else { usual() }, Some(seed));
    }
    let repeated: Vec<u32> = [vec![9; 12], vec![12]].concat();
    let mut orders = Orders::default();
    (orders.tried, orders.all) = (14, true);
    for (count, lines, record) in [(1, &repeated[..], usual()), (12, &repeated[6..], other()), (1, &[12][..], failed())]
    {
        orders.ways.push(OrderWay { count, shortest: order(lines, record) });
    }
    tally.add_orders(orders);
    let side = |lane: &str, line, text: &str, time| {
        let (lane, text) = (lane.to_owned(), text.to_owned());
        Side { start: 0, lane, step: (line, None), text, rest: false, time }
    };
    let own = fs::read_to_string("tests/data/stress/golden/lanes.yaml").unwrap();
    let repair = |words: &str, change: [&str; 2], orders| {
        let text = own.replace(change[0], change[1]);
        assert_ne!(text, own);
        Repair { words: vec![words.to_owned()], text, orders, all: true, about: u64::from(orders), runs: 40 }
    };
    let written = "client: {send: {fill: ab, size: 15}}";
    let read = "        - conn: {read: 500}\n";
    let meets = own.replace(read, &format!("        - barrier: sent\n{read}"));
    let meets = meets.replace("      reader:\n", "        - barrier: sent\n      reader:\n");
    let barrier = "put `- barrier: sent` after line 9 in lane `writer` and before line 12 in lane `reader`: then \
                   `client: send` comes first";
    let recv = "write `conn: {recv: {fill: ab, size: 180}}` in line 12: `read` takes what has come by then, `recv` what \
                its pattern frames";
    let repairs = vec![
        repair(recv, [read, "        - conn: {recv: {fill: ab, size: 180}}\n"], 14),
        Repair { text: meets, ..repair(barrier, [read, ""], 1) },
    ];
    tally.missing = Some(Missing {
        first: side("writer", 9, written, Some(12)),
        second: side("reader", 12, "conn: {read: 500}", None),
        orders: [order(&repeated, usual()), order(&repeated[6..], other())],
        repairs,
    });
    let mut sound = Tally::new("sound".to_owned());
    sound.count(usual(), None);
    sound.count(usual(), Some(100));
    let mut orders = Orders::default();
    (orders.tried, orders.all) = (1716, true);
    orders.ways.push(OrderWay { count: 1716, shortest: order(&[9, 12], usual()) });
    sound.add_orders(orders);
    let specs = vec![stressed(0, "lanes", tally), stressed(1, "sound", sound)];
    Ended { specs, timed_out: false, took: Duration::from_millis(12_340) }
}

/// The report on both, with colours or without, none of whose lines is too wide.
fn drawn(ended: &Ended, width: usize, color: bool) -> String {
    let style = Style { color, width };
    let options = report::Options { style, seed: 100, runs: 200, tests: 3, arguments: " --var who=ann" };
    let text = report::text(ended, &options);
    // A command is not folded, so that it can be copied.
    let is_long = |line: &&str| !color && line.chars().count() > width && !line.contains("sockspec ");
    let long: Vec<&str> = text.lines().filter(is_long).collect();
    assert!(long.is_empty(), "over {width} columns: {long:#?}");
    text
}

#[test]
fn the_report_fits_the_terminal() {
    for (width, color) in [(80, false), (60, false), (80, true)] {
        let name = if color { "colored".to_owned() } else { width.to_string() };
        insta::assert_snapshot!(format!("stress_{name}"), drawn(&ended(), width, color));
        insta::assert_snapshot!(format!("orders_{name}"), drawn(&ended_with_lanes(), width, color));
    }
}

#[test]
fn the_report_for_machines_says_the_same() {
    let options = report::Options { style: Style::default(), seed: 100, runs: 200, tests: 3, arguments: "" };
    let report: Value = serde_json::from_str(&report::json(&ended(), &options)).unwrap();
    assert_eq!(verdicts(&report), [("racy", "differs"), ("failing", "failed"), ("sound", "same")]);
    let racy = &report["tests"][0];
    let counts: Vec<u64> = racy["ways"].as_array().unwrap().iter().map(|way| way["runs"].as_u64().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 200);
    assert_eq!(racy["command"], "sockspec stress tests/data/stress/golden/racy.yaml --seed 103 --runs 1");
    assert_eq!(racy["step"]["line"], 5);
}

#[test]
fn machines_are_told_of_orders_and_repairs() {
    let options = report::Options { style: Style::default(), seed: 100, runs: 200, tests: 3, arguments: "" };
    let report: Value = serde_json::from_str(&report::json(&ended_with_lanes(), &options)).unwrap();
    let orders = json!({"tried": 14, "all": true, "split": false, "ways": 3});
    assert_eq!(report["tests"][0]["orders"], orders);
    assert_eq!(report["tests"][1]["orders"], json!({"tried": 1716, "all": true, "split": false, "ways": 1}));
    let missing = &report["tests"][0]["missing"];
    assert_eq!((&missing["first"]["line"], &missing["first"]["time"]), (&9.into(), &12.into()));
    assert_eq!((&missing["second"]["line"], &missing["second"]["lane"]), (&12.into(), &"reader".into()));
    assert!(missing["second"]["then"].as_str().unwrap().starts_with("conn      read 500 \"abab"), "{missing:#}");
    let repairs = missing["repairs"].as_array().unwrap();
    assert_eq!(repairs.len(), 2);
    assert!(repairs[1]["spec"].as_str().unwrap().contains("        - barrier: sent\n      reader:\n"), "{missing:#}");
    assert_eq!(
        (&repairs[1]["orders"], &repairs[1]["all_orders"], &repairs[1]["runs"]),
        (&1.into(), &true.into(), &40.into())
    );
}
