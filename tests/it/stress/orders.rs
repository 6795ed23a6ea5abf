//! The orders of the lanes' steps: how many there are, which two steps decide, and where none does.

use std::fmt::Write as _;

use serde_json::Value;

use super::{interrupted, json, sides, test};
use crate::project::Project;

const ABOUT: &str = "about: A test.\nsteps:\n";
const CONNECTED: &str = "  - server: {listen: tcp}\n  - client: {connect: server}\n  - conn: {accept: server}\n";
/// Of two lanes one sends, and the other takes for granted that it has.
const RACE: &str = "  - parallel:\n      writer:\n        - client: {send: hello}\n      reader:\n        - conn: {recv: hello, nonblocking: true}\n";

/// Sockets in pairs.
fn pairs(names: &str) -> String {
    names.chars().fold(String::new(), |steps, name| format!("{steps}  - {name}: {{pair: {name}2}}\n"))
}

/// Lanes of so many steps, each with a pair of its own: none waits for another.
fn lanes(counts: &[usize]) -> String {
    let names = &"abcdef"[..counts.len()];
    let mut spec = format!("{ABOUT}{}  - parallel:\n", pairs(names));
    for (name, count) in names.chars().zip(counts) {
        let _ = writeln!(spec, "      lane-{name}:");
        for nth in 0..*count {
            let step = if nth % 2 == 0 { format!("{name}: {{send: x}}") } else { format!("{name}2: {{recv: x}}") };
            let _ = writeln!(spec, "        - {step}");
        }
    }
    spec
}

/// In how many orders lanes of so many steps can go.
fn multinomial(counts: &[usize]) -> u64 {
    let factorial = |number: usize| (1..=number as u64).product::<u64>();
    factorial(counts.iter().sum()) / counts.iter().map(|count| factorial(*count)).product::<u64>()
}

#[test]
fn all_orders_are_counted() {
    let project = Project::new(&[]);
    let mut wanted = Vec::new();
    let counts: [&[usize]; 6] = [&[2, 2], &[2, 2, 2], &[1, 2, 3], &[1, 1, 1, 1], &[5, 1], &[4, 4]];
    for counts in counts {
        let name = counts.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        project.write(&format!("specs/{name}.yaml"), &lanes(counts));
        wanted.push((name, multinomial(counts)));
    }
    let shaped = [
        // Before the barrier both orders, and behind it.
        (
            "a-barrier",
            "      l: [{a: {send: x}}, {barrier: met}, {a2: {recv: x}}]\n      r: [{b: {send: x}}, {barrier: met}, {b2: {recv: x}}]\n",
            4,
        ),
        ("in-turns", "      l: [{a: {send: x}}, {barrier: met}]\n      r: [{barrier: met}, {b: {send: x}}]\n", 1),
        // What closes comes behind both sends; what receives may begin before, between and behind them.
        ("a-wait", "      l: [{a2: {recv: xy}}, {a2: close}]\n      r: [{a: {send: x}}, {a: {send: y}}]\n", 3),
        ("a-loop", "      l: [{repeat: 3, steps: [{a: {send: x}}]}]\n      r: [{b: {send: x}}]\n", 4),
        // Two orders of the inner lanes, and four places for the other step.
        (
            "nested",
            "      l: [{a: {send: x}}, {parallel: {p: [{a2: {recv: x}}], q: [{b: {send: x}}]}}]\n      r: [{c: {send: x}}]\n",
            8,
        ),
        ("a-pause", "      l: [{pause: 1ms}, {a: {send: x}}]\n      r: [{b: {send: x}}]\n", 2),
    ];
    for (name, lanes, orders) in shaped {
        project.write(&format!("specs/{name}.yaml"), &format!("{ABOUT}{}  - parallel:\n{lanes}", pairs("abc")));
        wanted.push((name.to_owned(), orders));
    }
    let ran = project.run(&["stress", "--runs", "1"]).exits(0);
    for (name, orders) in &wanted {
        let says = match orders {
            1 => format!("{name}  its lanes' steps have one order\n"),
            orders => format!("{name}  {orders} of {orders} orders give this trace\n"),
        };
        assert!(ran.stdout.contains(&says), "no `{says}` in {ran:#?}");
    }
    let all: u64 = wanted.iter().map(|(_, orders)| orders).sum();
    let says = format!("{} tests with lanes: {all} orders of their steps, all that there are", wanted.len());
    ran.says(&says);
}

#[test]
fn of_too_many_orders_a_sample_is_tried() {
    let project = Project::new(&[("specs/many.yaml", &lanes(&[6, 6, 6]))]);
    project
        .run(&["stress", "--runs", "1"])
        .exits(0)
        .says("a sample of ")
        .says(" of about ")
        .says(" orders of its lanes' steps gives this trace");
    let report = json(&project.run(&["stress", "--runs", "1", "--format", "json"]).exits(0));
    let orders = &test(&report, "many")["orders"];
    assert_eq!((&orders["all"], &orders["ways"]), (&false.into(), &1.into()));
    // There are 18! / 6!^3, and a guess is right by its order of magnitude.
    assert!((1_000_000..300_000_000).contains(&orders["about"].as_u64().unwrap()), "{orders}");
    // The bound is in time, too: a busy machine gets less far.
    assert!((10..=210).contains(&orders["tried"].as_u64().unwrap()), "{orders}");
}

#[test]
fn the_steps_are_found_wherever_they_are() {
    let matrix = "about: A test.\nmatrix:\n  net: [tcp, unix]\nsteps:\n  - server: {listen: \"${net}\"}\n";
    let matrix = CONNECTED.replace("  - server: {listen: tcp}\n", matrix) + RACE;
    let crlf = format!("{ABOUT}{CONNECTED}{RACE}").replace('\n', "\r\n");
    let lanes = |lanes: &str| format!("{ABOUT}{CONNECTED}  - parallel:\n{lanes}");
    let included = lanes(
        "      w:\n        - include: _sends.yaml\n          with: {client: client}\n      r:\n        - conn: {read: 100}\n",
    );
    let sends = "steps:\n  - client: {send: \"hello \"}\n  - client: {send: world}\n";
    let nested = lanes(
        "      outer:\n        - parallel:\n            inner:\n              - client: {send: hello}\n            other:\n              - client: {expect: writable}\n      reader:\n        - conn: {recv: hello, nonblocking: true}\n",
    );
    let looped = lanes(
        "      writer:\n        - repeat: 3\n          steps:\n            - client: {send: x}\n      reader:\n        - conn: {recv: xxx, nonblocking: true}\n",
    );
    let files = [
        ("specs/matrix.yaml", matrix.as_str()),
        ("specs/crlf.yaml", &crlf),
        ("specs/included.yaml", &included),
        ("specs/_sends.yaml", sends),
        ("specs/nested.yaml", &nested),
        ("specs/loop.yaml", &looped),
    ];
    let project = Project::new(&files);
    let report = json(&project.run(&["stress", "--runs", "5", "--seed", "1", "--format", "json"]).exits(1));
    let steps = [
        ("matrix[net=tcp]", 10, 12),
        ("matrix[net=unix]", 10, 12),
        ("crlf", 8, 10),
        ("included", 3, 11),
        ("nested", 10, 14),
        ("loop", 10, 12),
    ];
    for (name, first, second) in steps {
        let test = test(&report, name);
        assert_eq!(sides(test), (first, second), "{name}: {test:#}");
        let repairs = test["missing"]["repairs"].as_array().unwrap();
        assert!(!repairs.is_empty(), "{name} has no repair");
    }
    let missing = |name: &str| &test(&report, name)["missing"];
    assert_eq!(
        (&missing("included")["first"]["file"], &missing("included")["second"]["file"]),
        (&"specs/_sends.yaml".into(), &"specs/included.yaml".into())
    );
    assert_eq!(
        (&missing("nested")["first"]["lane"], &missing("nested")["second"]["lane"]),
        (&"inner".into(), &"reader".into())
    );
    assert_eq!((&missing("loop")["first"]["time"], &missing("loop")["second"]["time"]), (&3.into(), &Value::Null));
    // A file keeps its line ends.
    for repair in missing("crlf")["repairs"].as_array().unwrap() {
        let spec = repair["spec"].as_str().unwrap();
        assert_eq!(spec.matches('\n').count(), spec.matches("\r\n").count(), "{spec:?}");
    }
}

/// Where no order of steps decides, none is accused.
#[test]
fn what_no_order_decides_has_another_cause() {
    let lottery = "  - one: {socket: tcp}
  - one: {set: {SO_REUSEPORT: true}}
  - one: {bind: \"tcp://127.0.0.1:0\"}
  - one: {listen: true}
  - two: {socket: tcp}
  - two: {set: {SO_REUSEPORT: true}}
  - two: {bind: \"tcp://127.0.0.1:${one.port}\"}
  - two: {listen: true}
  - a: {pair: a2}
  - parallel:
      left: [{a: {send: x}}]
      right: [{a2: {send: x}}]
  - client: {connect: one}
  - conn: {accept: one, nonblocking: true, fails: [none, EAGAIN]}
";
    let one_read = "  - p: {run: [sh, \"-c\", \"dd bs=100 count=1 status=none; sleep 0.1\"]}\n  - p: {send: hello world}\n  - p: {recv: {rest: true}}\n  - p: {expect: exit}\n";
    let unframed = "  - p: {run: [sh, \"-c\", \"printf hello; sleep 0.01; printf world\"]}\n  - pause: 14ms\n  - p: {read: 100}\n  - p: {recv: {rest: true}}\n  - p: {expect: exit}\n";
    let spec = |steps: &str| format!("{ABOUT}{steps}");
    let project = Project::new(&[
        ("specs/lottery.yaml", &spec(lottery)),
        ("specs/segments.yaml", &spec(one_read)),
        ("specs/unframed.yaml", &spec(unframed)),
    ]);
    let ran = project.run(&["stress", "--runs", "60", "--seed", "1", "--format", "json"]).exits(1);
    let report = json(&ran);
    for (name, cause) in [
        ("lottery", "no order of the spec's steps decides it"),
        ("segments", "`perturb: {segments: false, why: …}`"),
        ("unframed", ""),
    ] {
        let test = test(&report, name);
        assert_eq!((&test["verdict"], &test["missing"]), (&"differs".into(), &Value::Null), "{test:#}");
        let said = test["cause"].as_str().unwrap_or_else(|| panic!("no cause: {test:#}"));
        assert!(said.contains(cause), "{name}: {said}");
    }
}

/// A spec with so many orders that trying them takes long, of which the first already differ.
fn long() -> String {
    let mut spec = lanes(&[9, 9, 9]).replacen(ABOUT, &format!("{ABOUT}{CONNECTED}"), 1);
    spec.push_str(&RACE[RACE.find("      writer").unwrap()..]);
    spec
}

#[test]
fn the_time_bounds_the_exploring() {
    let project = Project::new(&[("specs/a.yaml", &long())]);
    // On a busy machine it takes longer until one has differed.
    let within = |time| project.run(&["stress", "--runs", "1000", "--time", time]);
    let ran = ["1s", "4s", "16s"].into_iter().map(within).find(|ran| ran.code == Some(1)).unwrap();
    ran.says("1 differ").says("the time was up before 1 spec had all 1,000 runs");
}

#[test]
fn an_interrupt_ends_the_exploring() {
    let project = Project::new(&[("specs/a.yaml", &long())]);
    interrupted(&project, "1000", "1 spec, 0 runs, 1 differ");
}
