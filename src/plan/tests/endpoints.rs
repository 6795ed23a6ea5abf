//! Endpoints from their creation to their end, and what each kind of them can do.

use super::{check, messages, said};

#[test]
fn an_endpoint_must_be_there() {
    check(
        "  - client: {connect: server} #! server
  - server: {listen: tcp}
  - conn: {accept: sever} #! sever
  - clinet: {send: \"x\"} #! clinet
",
    );
}

#[test]
fn the_way_out_names_the_nearest() {
    let text = said("  - server: {listen: tcp}\n  - client: {connect: sever}\n");
    assert!(text.contains("did you mean `server`?"), "{text}");
    let text = said("  - client: {connect: server}\n  - server: {listen: tcp}\n");
    assert!(text.contains("created here, later"), "{text}");
}

#[test]
fn after_close_only_its_address_and_its_state_remain() {
    check(
        "  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - server: close
  - conn: close
  - client: {expect: eof}
  - client: close
  - client: {expect: {state: TIME-WAIT}}
  - other: {connect: server, fails: ECONNREFUSED}
  - again: {connect: \"tcp://127.0.0.1:${server.port}\", fails: ECONNREFUSED}
  - client: {send: \"x\"} #! client
  - client: close
  - next: {accept: server} #! server
",
    );
}

#[test]
fn a_name_may_be_created_again_once_it_is_closed() {
    check(
        "  - server: {listen: tcp}
  - client: {connect: server}
  - client: reset
  - client: {connect: server}
  - server: {listen: tcp} #! server
  - conn: {accept: server}
  - conn: {accept: server} #! conn
  - client: {connect: server} #! client
",
    );
}

#[test]
fn a_failed_connect_leaves_a_socket() {
    check(
        "  - server: {bind: tcp}
  - client: {connect: server, fails: ECONNREFUSED}
  - client: {connect: server, fails: ECONNREFUSED}
  - server: {listen: true}
  - client: {connect: server}
  - client: close
",
    );
}

#[test]
fn kinds_have_their_verbs() {
    check(
        "  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: client} #! client
  - server: {recv: \"x\"} #! recv
  - server: {send: \"x\"} #! send
  - server: {expect: eof} #! eof
  - server: {expect: {unread: 1}} #! unread
  - client: {expect: {queue: 1}} #! queue
  - client: {listen: true} #! listen
  - fresh: {socket: tcp}
  - next: {accept: fresh} #! fresh
  - fresh: {recv: \"x\"} #! recv
  - fresh: {send: \"x\"}
  - udp: {bind: udp}
  - bound: {bind: udp}
  - bound: {listen: true} #! listen
  - udp: {expect: eof} #! eof
  - udp: {send: \"x\"} #! send
  - udp: {expect: {state: CLOSED}} #! state
  - last: {accept: udp} #! udp
  - lost: {listen: udp} #! listen
  - found: {accept: lost}
  - found: {expect: eof}
  - one: {pair: two, network: tcp} #! pair
",
    );
}

#[test]
fn a_verb_that_fails_is_the_point_of_its_step() {
    check(
        "  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: client, fails: EINVAL}
  - server: {recv: \"x\", fails: ENOTCONN}
  - server: {send: \"x\", fails: EPIPE}
  - client: {listen: true, fails: EINVAL}
  - client: {bind: tcp, fails: EINVAL}
  - client: {connect: server, fails: EISCONN}
  - udp: {bind: udp}
  - udp: {listen: true, fails: EOPNOTSUPP}
  - udp: {send: \"x\", fails: EDESTADDRREQ}
  - conn: {accept: udp, fails: EOPNOTSUPP}
  - one: {pair: two, network: tcp, fails: EOPNOTSUPP}
",
    );
}

#[test]
fn what_may_succeed_or_fail_leaves_everything_open() {
    check(
        "  - server: {listen: tcp}
  - client: {connect: server, nonblocking: true, fails: [none, EINPROGRESS]}
  - client: {connect: server, fails: [none, EISCONN, EALREADY]}
  - client: {expect: writable}
  - conn: {accept: server, nonblocking: true, fails: [none, EAGAIN]}
  - conn: {recv: \"x\"}
",
    );
}

#[test]
fn the_address_of_a_sender_is_no_socket() {
    check(
        "  - server: {bind: udp}
  - client: {socket: udp}
  - client: {send: \"x\", to: server}
  - server: {recv: \"x\", sender: peer}
  - server: {send: \"y ${peer.port}\", to: peer}
  - peer: {send: \"x\"} #! send
",
    );
}

#[test]
fn networks_must_meet() {
    check(
        "  - a: {bind: udp}
  - b: {bind: unixgram}
  - b: {send: \"x\", to: a} #! a
  - b: {send: \"x\", to: a, fails: EINVAL}
  - c: {socket: tcp}
  - c: {connect: b} #! b
",
    );
}

#[test]
fn a_repeat_sees_what_its_last_iteration_left() {
    check(
        "  - server: {listen: tcp}
  - one: {connect: server}
  - repeat: 3
    as: i
    steps:
      - client${i}: {connect: server}
      - fresh: {connect: server} #! fresh
      - one: {send: \"x\"} #! one
      - one: close
",
    );
    let text = messages("  - repeat: 2\n    steps:\n      - s: {bind: tcp}\n");
    assert_eq!(text, ["`s` is bound already"]);
}

#[test]
fn a_repeat_may_open_and_close_the_same_name() {
    check(
        "  - server: {listen: tcp}
  - repeat: 3
    as: i
    steps:
      - client: {connect: server}
      - conn${i}: {accept: server, from: client}
      - client: close
      - conn${i}: {expect: eof}
  - repeat: 3
    as: j
    steps:
      - conn${j}: {send: \"x\"}
      - conn${j}: close
  - conn1: {expect: {state: CLOSED}}
",
    );
}

#[test]
fn one_mistake_is_one_finding() {
    check(
        "  - server: {listen: tpc} #! tpc
  - client: {connect: server}
  - conn: {accept: server}
  - client: {sned: \"x\"} #! sned
  - conn: {recv: \"x\"}
  - client: close
",
    );
}

#[test]
fn five_mistakes_in_five_steps_are_five_findings() {
    check(
        "  - server: {listen: tcp, backlgo: 5} #! backlgo
  - client: {connect: sever} #! sever
  - conn: {accept: server, within: 5} #! 5
  - client: {set: {TCP_NODELY: true}} #! TCP_NODELY
  - conn: {recv: \"${nme}\"} #! ${nme}
",
    );
}
