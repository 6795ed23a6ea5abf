//! Single words: networks, addresses, errors, options, states, durations, numbers.

use super::{check, check_spec, marks, said};
use crate::plan::Settings;

#[test]
fn networks_and_addresses() {
    check(
        "  - a: {listen: tpc} #! tpc
  - b: {socket: udp5} #! udp5
  - c: {connect: tcp} #! tcp
  - d: {connect: \"tcp://127.0.0.1\"} #! \"tcp://127.0.0.1\"
  - e: {connect: \"tcp://localhost:80\"} #! \"tcp://localhost:80\"
  - f: {connect: \"localhost:80\"} #! localhost
  - g: {bind: \"tcp6://127.0.0.1:0\"} #! \"tcp6://127.0.0.1:0\"
  - h: {bind: \"tcp://127.0.0.1:99999\"} #! \"tcp://127.0.0.1:99999\"
  - i: {bind: \"unix:\"} #! \"unix:\"
  - j: {bind: \"tcp://::1:0\"} #! \"tcp://::1:0\"
",
    );
}

#[test]
fn addresses_of_all_kinds() {
    check(
        "  - a: {listen: \"tcp://0.0.0.0:0\"}
  - b: {listen: \"tcp6://[::]:0\"}
  - c: {bind: \"udp4://127.0.0.9:0\"}
  - d: {listen: \"unix:a.sock\"}
  - e: {listen: \"unixpacket:@abstract\"}
  - f: {bind: unixgram}
  - g: {connect: \"tcp://127.0.0.1:${a.port}\", from: \"tcp://127.0.0.2:0\"}
  - h: {connect: \"tcp://${a.host}:${a.port}\"}
  - i: {connect: \"unix:${d.path}\"}
  - j: {connect: \"tcp6://[::ffff:127.0.0.1]:${b.port}\"}
  - k: {connect: \"tcp://127.0.0.1:0\", fails: ECONNREFUSED}
",
    );
}

#[test]
fn only_loopback_unless_allowed() {
    let steps = "  - a: {connect: \"tcp://10.0.0.1:80\"} #! 10.0.0.1
  - b: {bind: \"udp6://[2001:db8::1]:0\"} #! [2001:db8::1]
  - c: {socket: udp}
  - c: {send: \"x\", to: \"udp://192.0.2.1:9\"} #! 192.0.2.1
  - d: {listen: tcp}
  - e: {connect: \"tcp://8.8.8.8:${d.port}\"} #! 8.8.8.8
  - d: {expect: {local: \"tcp://10.0.0.1:1\"}}
";
    check(steps);
    let text = format!("about: A test.\nsteps:\n{steps}");
    assert_eq!(marks(&text, &Settings { allow_net: true, ..Settings::default() }), Vec::<String>::new());
}

#[test]
fn errors_by_name_and_platform() {
    check(
        "  - a: {pair: b}
  - a: {send: \"x\", fails: ECONRESET} #! ECONRESET
  - a: {send: \"x\", fails: [none, EPIPE, EWOULDBLOCK, ENOTSUP]}
  - a: {send: \"x\", fails: none} #! none
  - a: {send: \"x\", fails: WSAECONNRESET} #! WSAECONNRESET
  - a: {send: \"x\", fails: {linux: EPIPE, macos: [EPIPE, EPROTOTYPE], windows: WSAECONNRESET}}
  - a: {send: \"x\", fails: {lunix: EPIPE}} #! lunix
  - a: {send: \"x\", fails: {windows: WSAECONNREST}} #! WSAECONNREST
  - a: {send: \"x\", fails: {linux: WSAECONNRESET}} #! WSAECONNRESET
",
    );
    assert!(said("  - a: {pair: b}\n  - a: {send: \"x\", fails: ECONRESET}\n").contains("did you mean `ECONNRESET`?"));
}

#[test]
fn options_and_their_values() {
    check(
        "  - a: {listen: tcp}
  - a: {set: {SO_REUSEADDR: true, SO_LINGER: 0, TCP_NODELAY: 7, SO_RCVTIMEO: 200ms, SO_RCVBUF: 64KiB}}
  - a: {set: {SO_LINGER: false, TCP_USER_TIMEOUT: -1, TCP_CONGESTION: reno}}
  - a: {set: {SO_REUSEADR: true}} #! SO_REUSEADR
  - a: {set: {SO_LINGER: true}} #! true
  - a: {set: {SO_RCVTIMEO: 200}} #! 200
  - a: {set: {SO_RCVBUF: big}} #! big
  - a: {set: {TCP_NODELAY: maybe}} #! maybe
  - a: {expect: {SO_ERROR: ECONNREFUSED, SO_ACCEPTCONN: true}}
  - a: {expect: {SO_ERROR: ECONREFUSED}} #! ECONREFUSED
  - a: {expect: {SO_ACEPTCONN: true}} #! SO_ACEPTCONN
",
    );
}

#[test]
fn states_conditions_and_attributes() {
    check(
        "  - a: {listen: tcp}
  - b: {connect: a}
  - b: {expect: {state: [ESTABLISHED, FIN-WAIT-1], unread: 0, unsent: [0, 1]}}
  - b: {expect: {state: CLOSE_WAIT}} #! CLOSE_WAIT
  - b: {expect: {state: established}} #! established
  - b: {expect: {stat: ESTABLISHED}} #! stat
  - b: {expect: eoff} #! eoff
  - b: {expect: [eof, reset]}
  - b: {expect: {unread: many}} #! many
",
    );
    let text = said("  - a: {listen: tcp}\n  - a: {expect: {state: CLOSE_WAIT}}\n");
    assert!(text.contains("did you mean `CLOSE-WAIT`?"), "{text}");
}

#[test]
fn durations_have_units() {
    check_spec(
        "about: A test.
timeout: 5 #! 5
steps:
  - a: {pair: b}
  - a: {send: \"x\", within: 500} #! 500
  - a: {send: \"x\", after: soon} #! soon
  - a: {expect: silence, for: 1.5s}
  - pause: 2 #! 2
  - pause: 2ms #? pause
",
    );
    assert!(said("  - a: {pair: b}\n  - a: {send: \"x\", within: 500}\n").contains("`500ms` or `500s`"));
}

#[test]
fn switches_numbers_and_directions() {
    check(
        "  - a: {listen: tcp, backlog: many} #! many
  - b: {connect: a, blocking: true, nonblocking: true} #! nonblocking
  - c: {connect: a}
  - c: {send: \"x\", urgent: yes} #! yes
  - c: {shutdown: writing} #! writing
  - c: {read: lots} #! lots
  - repeat: 0 #! 0
    steps:
      - c: {send: \"x\"}
  - repeat: many #! many
    steps:
      - c: {send: \"x\"}
  - repeat: 99999999999 #! 99999999999
    steps:
      - c: {send: \"x\"}
",
    );
}
