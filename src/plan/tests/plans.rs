//! The plan itself: what `exec` gets to see.

use super::plan_of;
use crate::plan::pattern::Form;
use crate::plan::payload::Part;
use crate::plan::template::Piece;
use crate::plan::{Action, Call, Number, OptionValue, Plan, Target, Verb};

fn call(plan: &Plan, index: usize) -> &Call {
    match &plan.steps[index].action {
        Action::Call(call) => call,
        _ => panic!("no call"),
    }
}

fn plan(steps: &str) -> Plan {
    plan_of(&format!("about: A test.\nsteps:\n{steps}"))
}

#[test]
fn the_words_of_a_trace_are_as_written() {
    let plan = plan(
        "  - server: {listen: tcp, backlog: 2}
  - client: {connect: server, from: \"tcp://127.0.0.2:0\"}
  - conn: {accept: server, from: client}
  - client: {set: {TCP_NODELAY: true, SO_RCVTIMEO: 0.2s}}
  - client: {send: \"x\", more: true}
  - conn: {recv: \"x\", peek: true}
  - conn: {read: 2, truncated: true, fails: [none, EAGAIN]}
  - conn: {expect: [eof, reset]}
  - conn: {expect: silence, for: 1000ms}
  - conn: {expect: {state: [CLOSE-WAIT, CLOSED], unread: 5}}
  - client: {shutdown: write}
  - client: close
  - other: {connect: \"tcp://127.0.0.1:${server.port}\"}
",
    );
    let words: Vec<&str> = (0..plan.steps.len()).map(|index| call(&plan, index).words.as_str()).collect();
    assert_eq!(
        words,
        [
            "listen tcp backlog 2",
            "connect server from tcp://127.0.0.2:0",
            "accept server from client",
            "set TCP_NODELAY=true SO_RCVTIMEO=0.2s",
            "send",
            "recv",
            "read 2",
            "[eof, reset]",
            "silence 1s",
            "expect state=[CLOSE-WAIT, CLOSED] unread=5",
            "shutdown write",
            "close",
            "connect tcp://127.0.0.1:<server.port>",
        ]
    );
    assert_eq!(call(&plan, 4).suffix, ["more"]);
    assert_eq!(call(&plan, 5).suffix, ["peek"]);
    assert_eq!(call(&plan, 6).suffix, ["truncated"]);
    assert_eq!(call(&plan, 6).fails_words, ["none", "EAGAIN"]);
}

#[test]
fn payloads_are_parts() {
    let plan = plan(
        "  - a: {connect: \"tcp://127.0.0.1:9\"}
  - a: {recv: {u16: any, as: n}}
  - a: {send: [\"ab\", {hex: \"00\"}, [{u16: 258}], \"n=${n};\", {u16: \"${n}\"}, {size: u8, of: \"xyz\"}]}
",
    );
    let Verb::Send { payload, .. } = &call(&plan, 2).verb else { panic!("no send") };
    let [Part::Bytes(bytes), Part::Template(template), Part::Number { .. }, Part::Sized { .. }] =
        payload.parts.as_slice()
    else {
        panic!("{payload:?}")
    };
    assert_eq!(&bytes[..], b"ab\0\x01\x02");
    assert_eq!(template.pieces.len(), 3);
}

#[test]
fn patterns_that_are_exact_are_payloads() {
    let plan = plan(
        "  - b: {connect: \"tcp://127.0.0.1:9\"}
  - b: {recv: [\"a\", {hex: \"0d 0a\"}, {size: u16, of: \"x\"}]}
  - b: {recv: [\"a\", {until: \"\\n\"}, \"b\", \"c\"]}
  - b: {recv: [\"a\"], as: whole}
  - b: {recv: {hex: \"00 ..\"}}
",
    );
    let form = |index| match &call(&plan, index).verb {
        Verb::Recv { pattern, .. } => pattern.form.clone(),
        _ => panic!("no recv"),
    };
    assert!(matches!(form(1), Form::Exactly(payload) if payload.parts.len() == 2));
    assert!(matches!(form(2), Form::Sequence(patterns) if patterns.len() == 3));
    assert!(matches!(form(3), Form::Exactly(_)));
    assert!(matches!(form(4), Form::Hex(bytes) if *bytes == [Some(0), None]));
}

#[test]
fn expressions_are_anchored_and_take_bytes() {
    let plan = plan("  - a: {pair: b}\n  - b: {recv: {until: \"\\n\", match: 'a|b.*'}}\n");
    let Verb::Recv { pattern, .. } = &call(&plan, 1).verb else { panic!("no recv") };
    let regex = &pattern.matching.as_ref().unwrap().regex;
    assert!(regex.is_match(b"a") && regex.is_match(b"b\xff\x00"));
    assert!(!regex.is_match(b"ab") && !regex.is_match(b"b\n") && !regex.is_match(b"xa"));
}

#[test]
fn values_of_options_are_typed() {
    let plan = plan("  - a: {listen: tcp}\n  - a: {set: {SO_LINGER: false, SO_RCVBUF: 4KiB, SO_KEEPALIVE: true}}\n");
    let Verb::Set(options) = &call(&plan, 1).verb else { panic!("no set") };
    let values: Vec<&OptionValue> = options.iter().map(|(_, value)| value).collect();
    assert_eq!(values, [&OptionValue::Linger(None), &OptionValue::Int(4096), &OptionValue::Int(1)]);
}

#[test]
fn hidden_numbers_are_numbers_of_bytes() {
    let plan = plan_of(
        "about: A test.
snapshot: shared
matrix: {n: [64KiB]}
steps:
  - a: {pair: b}
  - b: {recv: {bytes: \"${n}\"}}
",
    );
    let Verb::Recv { pattern, .. } = &call(&plan, 1).verb else { panic!("no recv") };
    let Form::Bytes(Number::Computed(template)) = &pattern.form else { panic!("{pattern:?}") };
    assert_eq!(template.pieces, [Piece::Hidden { text: "65536".to_owned(), name: "n".to_owned() }]);
}

#[test]
fn endpoints_and_addresses_are_told_apart() {
    let plan = plan(
        "  - tcp: {listen: tcp}
  - a: {connect: tcp}
  - repeat: 2
    as: i
    steps:
      - s${i}: {listen: tcp}
      - c${i}: {connect: \"s${i}\"}
",
    );
    assert!(matches!(&call(&plan, 0).verb, Verb::Listen { address: Some(Target::Address(_)), .. }));
    assert!(matches!(&call(&plan, 1).verb, Verb::Connect { to: Target::Endpoint(_), .. }));
    let Action::Repeat { count: 2, counter: Some(_), steps, .. } = &plan.steps[2].action else { panic!("no repeat") };
    let Action::Call(connect) = &steps[1].action else { panic!("no call") };
    assert!(matches!(&connect.verb, Verb::Connect { to: Target::Endpoint(name), .. } if name.shown() == "s<i>"));
}

#[test]
fn the_values_of_expressions_come_along() {
    let plan = plan_of(
        "about: A test.
vars: {most: 3}
steps:
  - a: {pair: b}
  - repeat: 10
    as: i
    until: i == most
    steps:
      - a: {send: \"x\"}
",
    );
    assert_eq!(plan.constants, [("most".to_owned(), crate::model::value::Value::Number(3))]);
}

#[test]
fn barriers_know_their_lanes() {
    let plan = plan(
        "  - a: {pair: b}
  - parallel:
      one: [{barrier: x}, {a: {send: \"1\"}}]
      two: [{barrier: x}, {b: {recv: \"1\"}}]
",
    );
    let Action::Parallel { barriers, .. } = &plan.steps[1].action else { panic!("no parallel") };
    assert_eq!(barriers, &[crate::plan::Barrier { name: "x".to_owned(), lanes: vec![0, 1] }]);
}
