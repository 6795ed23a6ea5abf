//! Lanes, barriers, and what they order.

use super::{check, messages};

const START: &str = "  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
";

#[track_caller]
fn check_lanes(lanes: &str) {
    check(&format!("{START}  - parallel:\n{lanes}"));
}

#[test]
fn a_barrier_is_for_lanes() {
    check("  - s: {listen: tcp}\n  - barrier: ready #! ready\n");
    check_lanes(
        "      a:
        - barrier: reday #! reday
        - client: {send: \"x\"}
      b:
        - barrier: ready
        - conn: {recv: \"x\"}
      c:
        - barrier: ready
        - client: {expect: silence, for: 1ms}
",
    );
}

#[test]
fn barriers_in_another_order_wait_for_each_other() {
    check_lanes(
        "      a:
        - barrier: one #! one
        - barrier: two
      b:
        - barrier: two
        - barrier: one
",
    );
    // Three lanes in a ring.
    check_lanes(
        "      a:
        - barrier: x #! x
        - barrier: y
      b:
        - barrier: y
        - barrier: z
      c:
        - barrier: z
        - barrier: x
",
    );
}

#[test]
fn a_barrier_may_be_met_again_and_again() {
    check_lanes(
        "      a:
        - repeat: 3
          steps:
            - client: {send: \"x\"}
            - barrier: turn
        - barrier: end
      b:
        - barrier: turn
        - barrier: turn
        - conn: {recv: \"xx\"}
        - barrier: turn
        - barrier: end
",
    );
    check_lanes(
        "      a:
        - barrier: turn
        - barrier: turn #! turn
      b:
        - barrier: turn
",
    );
}

#[test]
fn a_variable_of_another_lane_needs_a_barrier() {
    check_lanes(
        "      a:
        - conn: {recv: {bytes: 2, as: id}}
        - barrier: read
        - conn: {recv: {bytes: 2, as: late}}
      b:
        - client: {send: \"ab\"}
        - client: {send: \"${id}\"} #! ${id}
        - barrier: read
        - client: {send: \"${late}\"} #! ${late}
",
    );
    check_lanes(
        "      b:
        - client: {send: \"ab\"}
        - barrier: read
        - client: {send: \"${id}\"}
        - barrier: more
      c:
        - barrier: more
        - one: {pair: two}
        - one: {send: \"${id}\"}
      a:
        - conn: {recv: {bytes: 2, as: id}}
        - barrier: read
  - client: {send: \"${id}\"}
",
    );
}

#[test]
fn an_endpoint_of_another_lane_needs_a_barrier() {
    check_lanes(
        "      a:
        - one: {listen: tcp}
        - barrier: up
        - two: {listen: tcp}
        - three: {listen: tcp}
      b:
        - x: {connect: two} #! two
        - z: {dup: three} #! three
        - barrier: up
        - y: {connect: one}
        - v: {dup: one}
",
    );
}

#[test]
fn an_accept_waits_for_its_client() {
    check_lanes(
        "      a:
        - c1: {connect: server}
        - c1: {send: \"1\"}
      b:
        - s1: {accept: server, from: c1}
        - s1: {recv: \"1\"}
  - c1: {expect: {peer: s1}}
",
    );
}

#[test]
fn two_lanes_may_not_both_send() {
    check_lanes(
        "      a:
        - client: {send: \"1\"}
      b:
        - client: {send: \"2\"} #? client
",
    );
    check_lanes(
        "      a:
        - client: {send: \"1\"}
        - barrier: then
      b:
        - barrier: then
        - client: {send: \"2\"}
        - conn: {recv: \"12\"}
",
    );
    check_lanes(
        "      a:
        - conn: {recv: \"1\"}
      b:
        - conn: {recv: \"1\"} #? conn
      c:
        - client: {send: \"11\"}
",
    );
}

#[test]
fn a_raw_read_in_a_lane_may_be_cut() {
    check_lanes(
        "      a:
        - client: {send: \"1\"}
      b:
        - conn: {read: 10, is: \"1\"} #? read
",
    );
    check(
        "  - s: {bind: udp}
  - c: {connect: s}
  - parallel:
      a: [{c: {send: \"x\"}}]
      b: [{s: {read: 1, is: \"x\"}}]
",
    );
}

#[test]
fn the_output_of_a_program_and_its_error_output_are_received_apart() {
    let lanes = |left: &str, right: &str| {
        check(&format!(
            "  - p: {{run: [sh, -c, \"echo out; echo err >&2; exec cat\"]}}
  - parallel:
      out: [{{p: {left}}}]
      err: [{{p: {right}
"
        ));
    };
    lanes("{recv: \"out\\n\"}", "{recv: \"err\\n\", from: stderr}}]");
    lanes("{recv: \"out\\n\"}", "{expect: eof, from: stderr}}]");
    lanes("{recv: \"out\"}", "{recv: \"\\n\"}}] #? p");
    lanes("{recv: \"err\", from: stderr}", "{recv: \"\\n\", from: stderr}}] #? p");
}

#[test]
fn what_a_lane_does_to_a_name_is_not_known_to_the_others() {
    check_lanes(
        "      a:
        - client: close
        - barrier: closed
        - client: {connect: server}
        - barrier: again
      b:
        - conn: {expect: eof}
        - barrier: closed
        - conn: close
        - barrier: again
        - client: {send: \"x\"}
  - client: close
  - conn: {accept: server}
",
    );
    check_lanes(
        "      a:
        - client: close
      b:
        - conn: {expect: eof}
  - client: {recv: \"x\"} #! client
",
    );
}

#[test]
fn a_lane_has_steps() {
    let found = messages("  - parallel:\n      a: []\n      b:\n        - s: {listen: tcp}\n");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn nested_blocks_have_barriers_of_their_own() {
    check_lanes(
        "      a:
        - parallel:
            x: [{barrier: in}, {client: {send: \"1\"}}]
            y: [{barrier: in}, {client: {recv: \"2\"}}]
        - barrier: out
      b:
        - conn: {recv: \"1\"}
        - conn: {send: \"2\"}
        - barrier: out
",
    );
}
