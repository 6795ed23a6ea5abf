//! Variables, their types, and the one space of names.

use super::{check, check_spec, said};

#[test]
fn a_variable_must_be_set() {
    check(
        "  - a: {pair: b}
  - a: {send: \"${wrod}\"} #! ${wrod}
  - a: {send: \"${id}\"} #! ${id}
  - a: {send: \"${wrod} again\"}
",
    );
}

#[test]
fn the_nearest_variable_is_named() {
    let text = said("  - a: {pair: b}\n  - b: {recv: {bytes: 1, as: word}}\n  - a: {send: \"${wrod}\"}\n");
    assert!(text.contains("write `${word}`"), "{text}");
    let text = said("  - a: {pair: b}\n  - a: {send: \"${word}\"}\n  - b: {recv: {bytes: 1, as: word}}\n");
    assert!(text.contains("set here, later"), "{text}");
    let text = said("  - a: {pair: b}\n  - a: {send: \"${b}\"}\n");
    assert!(text.contains("`b` is an endpoint"), "{text}");
}

#[test]
fn a_variable_is_written_in_braces_and_alone() {
    check(
        "  - a: {pair: b}
  - a: {send: \"$${literally} $5 {x} 100%\"}
  - a: {send: \"${open\"} #! ${
  - a: {send: \"${a b}\"} #! ${a b}
  - a: {send: \"${}\"} #! ${}
  - a: {send: \"${a.prot}\"} #! ${a.prot}
  - a: {send: \"${c.port}\"} #! ${c.port}
",
    );
}

#[test]
fn a_counter_is_known_inside_of_its_repeat() {
    check(
        "  - a: {pair: b}
  - repeat: 2
    as: i
    steps:
      - a: {send: \"${i}\"}
      - repeat: 2
        as: i #! i
        steps:
          - a: {send: \"x\"}
  - repeat: 2
    as: i
    steps:
      - a: {send: \"${i}\"}
  - a: {send: \"${i}\"} #! ${i}
",
    );
}

#[test]
fn endpoints_and_variables_share_one_space() {
    check_spec(
        "about: A test.
vars: {server: 1}
steps:
  - server: {listen: tcp} #! server
  - server2: {listen: tcp}
  - client: {connect: server}
  - client: {send: \"${server}\"}
  - client: {recv: {bytes: 1, as: client}} #! client
  - repeat: 2
    as: server2 #! server2
    steps:
      - client: {send: \"x\"}
",
    );
}

#[test]
fn the_words_of_the_language_name_nothing() {
    check_spec(
        "about: A test.
vars: {wire: 1} #! wire
steps:
  - a: {pair: send} #! send
  - b: {pair: c}
  - b: {send: \"${wire}\"}
  - c: {recv: {bytes: 1, as: end}} #! end
  - c: {recv: {bytes: 1, as: 1st}} #! 1st
",
    );
}

#[test]
fn a_variable_keeps_its_type() {
    check(
        "  - a: {pair: b}
  - a: {recv: {u16: any, as: n}}
  - a: {recv: {u32: any, as: n}}
  - a: {recv: {bytes: 2, as: n}} #! n
  - a: {recv: {until: \"\\n\", match: '(?<line>.*)'}}
  - a: {recv: {until: \"\\n\", match: '(?<line>.*)'}}
  - a: {recv: {until: \"\\n\", as: line}} #! line
",
    );
}

#[test]
fn what_must_be_known_before_is_no_capture() {
    check(
        "  - a: {pair: b}
  - a: {recv: {u16: any, as: n}}
  - repeat: ${n} #! ${n}
    steps:
      - a: {send: \"x\"}
  - a: {send: \"x\", within: \"${n}s\"} #! \"${n}s\"
  - a: {recv: {bytes: \"${n}\"}}
  - a: {send: {u16: \"${n}\"}}
",
    );
}

#[test]
fn the_condition_of_a_repeat_is_an_expression() {
    check_spec(
        "about: A test.
vars: {most: 3}
steps:
  - a: {pair: b}
  - repeat: 10
    as: i
    until: i == most
    steps:
      - a: {send: \"x\"}
  - repeat: 10
    as: i
    until: j == 3 #! j
    steps:
      - a: {send: \"${i}\"}
  - repeat: 10
    as: i
    until: i == #! ==
    steps:
      - a: {send: \"${i}\"}
",
    );
}
