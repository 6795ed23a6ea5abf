//! Receives that the sends before them can never satisfy.

use super::{check, said};

const START: &str = "  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
";

#[track_caller]
fn check_flow(steps: &str) {
    check(&format!("{START}{steps}"));
}

#[test]
fn nothing_was_sent() {
    check_flow("  - conn: {recv: \"x\"} #! \"x\"\n");
    check_flow("  - conn: {recv: \"x\"} #! \"x\"\n  - client: {send: \"x\"}\n");
}

#[test]
fn less_was_sent() {
    check_flow("  - client: {send: \"four\"}\n  - conn: {recv: {bytes: 5}} #! {bytes: 5}\n");
    check_flow("  - client: {send: {fill: \"x\", size: 3}}\n  - conn: {recv: {u32: any}} #! {u32: any}\n");
    let text = said(&format!("{START}  - client: {{send: \"four\"}}\n  - conn: {{recv: \"fourfive\"}}\n"));
    assert!(text.contains("only 4 bytes wait"), "{text}");
}

#[test]
fn other_bytes_were_sent() {
    check_flow("  - client: {send: \"ping\"}\n  - conn: {recv: \"pong\"} #? \"pong\"\n");
    check_flow(
        "  - client: {send: [\"a\", {hex: \"00 01\"}]}
  - conn: {recv: \"a\"}
  - conn: {recv: {hex: \".. 02\"}} #? {hex: \".. 02\"}
",
    );
    check_flow("  - client: {send: \"a line\"}\n  - conn: {recv: {until: \"\\n\"}} #? {until: \"\\n\"}\n");
}

#[test]
fn both_directions_and_pairs_are_followed() {
    check(
        "  - a: {pair: b}
  - a: {send: \"1\"}
  - b: {send: \"2\"}
  - a: {recv: \"2\"}
  - b: {recv: \"2\"} #? \"2\"
",
    );
}

#[test]
fn what_fits_however_it_is_cut_is_right() {
    check_flow(
        "  - client: {send: \"one\\r\\ntwo\\r\\n\"}
  - client: {send: [{u16: 3}, \"abc\", {fill: \"z\", size: 10}]}
  - conn: {recv: {until: \"\\r\\n\"}}
  - conn: {recv: {bytes: 5}}
  - conn: {recv: [{u16: any, as: n}, \"abc\"]}
  - conn: {recv: \"zzzzzzzzz\", peek: true}
  - conn: {recv: {fill: \"z\", size: 10}}
",
    );
}

#[test]
fn nothing_is_said_where_anything_is_uncertain() {
    // A capture, a read, urgent data, a size that is not known.
    check_flow(
        "  - client: {send: \"5\"}\n  - conn: {recv: {bytes: 1, as: n}}\n  - client: {send: \"${n}\"}\n  - conn: {recv: \"6\"}\n",
    );
    check_flow("  - client: {send: \"ab\"}\n  - conn: {read: 1}\n  - conn: {recv: \"ab\"}\n");
    check_flow("  - client: {send: \"x\", urgent: true}\n  - conn: {recv: \"y\"}\n");
    check_flow("  - client: {send: \"x\"}\n  - conn: {recv: {rest: true}}\n  - conn: {recv: \"y\"}\n");
    // Steps that fail, and what does not wait.
    check_flow("  - conn: {recv: \"x\", nonblocking: true, fails: EAGAIN}\n  - conn: {recv: \"x\"}\n");
    // More clients than one in the queue.
    check(
        "  - server: {listen: tcp}
  - one: {connect: server}
  - two: {connect: server}
  - conn: {accept: server}
  - conn: {recv: \"x\"}
",
    );
    // Others may connect, too.
    check(
        "  - server: {listen: tcp}
  - one: {connect: \"tcp://127.0.0.1:${server.port}\"}
  - conn: {accept: server}
  - conn: {recv: \"x\"}
",
    );
    // To itself.
    check("  - a: {bind: tcp}\n  - a: {connect: a}\n  - a: {send: \"me\"}\n  - a: {recv: \"me\"}\n");
    // Blocks.
    check_flow("  - repeat: 2\n    steps:\n      - client: {send: \"x\"}\n  - conn: {recv: \"xx\"}\n");
    // Datagrams.
    check("  - s: {bind: udp}\n  - c: {connect: s}\n  - c: {send: \"x\"}\n  - s: {recv: \"y\"}\n");
}

#[test]
fn a_client_that_is_named_is_followed() {
    check(
        "  - server: {listen: tcp}
  - one: {connect: server}
  - two: {connect: server}
  - two: {send: \"2\"}
  - b: {accept: server, from: two}
  - a: {accept: server, from: one}
  - b: {recv: \"2\"}
  - a: {recv: \"1\"} #! \"1\"
",
    );
}

#[test]
fn nobody_has_connected() {
    check("  - server: {listen: tcp}\n  - conn: {accept: server} #? server\n  - client: {connect: server}\n");
    check("  - server: {bind: \"tcp://127.0.0.1:0\"}\n  - server: listen\n  - conn: {accept: server} #? server\n");
    check(&format!("{START}  - second: {{accept: server}} #? server\n"));
    check(
        "  - one: {listen: tcp}\n  - two: {listen: unix}\n  - client: {connect: one}\n  - conn: {accept: two} #? two\n",
    );
    let text = said("  - server: {listen: tcp}\n  - conn: {accept: server}\n  - client: {connect: server}\n");
    assert!(text.contains("never-accepted") && text.contains("connected here, later"), "{text}");
}

#[test]
fn somebody_may_have_connected() {
    // To a written address, or from outside.
    check("  - server: {listen: \"tcp://127.0.0.1:4321\"}\n  - conn: {accept: server}\n");
    check("  - server: {listen: \"unix:/tmp/x\"}\n  - conn: {accept: server}\n");
    check(
        "  - server: {listen: tcp}
  - client: {connect: \"tcp://127.0.0.1:${server.port}\"}
  - conn: {accept: server}
",
    );
    // Of two at one address the kernel chooses.
    check(
        "  - server: {bind: tcp}
  - server: {set: {SO_REUSEPORT: true}}
  - server: listen
  - other: {socket: tcp}
  - other: {set: {SO_REUSEPORT: true}}
  - other: {listen: server}
  - client: {connect: other}
  - conn: {accept: server}
",
    );
    // It may fail, or has to.
    check("  - server: {listen: tcp}\n  - conn: {accept: server, nonblocking: true, fails: EAGAIN}\n");
    check("  - server: {listen: tcp}\n  - conn: {accept: server, nonblocking: true, fails: [EAGAIN, none]}\n");
    check(
        "  - server: {listen: tcp}
  - client: {connect: server, nonblocking: true, fails: EINPROGRESS}
  - conn: {accept: server}
",
    );
    // In lanes and after them.
    check(
        "  - server: {listen: tcp}
  - parallel:
      one: [{conn: {accept: server}}]
      two: [{client: {connect: server}}]
",
    );
    check(
        "  - server: {listen: tcp}
  - repeat: 2
    as: i
    steps: [{\"client${i}\": {connect: server}}]
  - one: {accept: server}
  - two: {accept: server}
",
    );
}
