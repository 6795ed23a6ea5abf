//! Several hosts, each with an interface of its own.

use super::{pass, pass_settled};

const TWO: &str = "{hosts: {a: 10.0.0.1, b: [10.0.0.2, \"fd00::2\"], c: [192.168.7.7/16, \"2001:db8::3\"]}}";

#[test]
fn hosts_speak_tcp() {
    for (server, client, network) in [("a", "b", "tcp"), ("b", "c", "tcp6"), ("a", "c", "tcp"), ("b", "b", "tcp6")] {
        pass_settled(
            TWO,
            &format!(
                "- server: {{listen: {network}, host: {server}}}
- client: {{connect: server, host: {client}}}
- conn: {{accept: server, from: client}}
- client: {{send: \"ping\"}}
- conn: {{expect: {{unread: 4}}, nonblocking: true}}
- conn: {{recv: \"ping\"}}
- conn: {{send: {{fill: \"pong\", size: 200KiB}}}}
- client: {{recv: {{fill: \"pong\", size: 200KiB}}}}
- client: {{shutdown: write}}
- conn: {{expect: {{state: CLOSE-WAIT}}, nonblocking: true}}
- conn: {{expect: eof}}
- conn: close
- client: {{expect: eof}}
- client: {{expect: {{state: TIME-WAIT}}}}"
            ),
        );
    }
}

#[test]
fn an_end_or_a_reset_crosses_before_the_next_step() {
    pass_settled(
        TWO,
        "- server: {listen: \"tcp://0.0.0.0:80\", host: a}
- client: {connect: server, host: b}
- client: {send: \"early\"}
- conn: {accept: server}
- conn: close
- client: {expect: {state: CLOSED}, nonblocking: true}
- client: {expect: reset}
- refused: {connect: \"tcp://10.0.0.2:80\", host: a, fails: ECONNREFUSED}
- waits: {connect: server, host: b}
- server: close
- waits: {expect: reset, nonblocking: true}",
    );
}

#[test]
fn hosts_speak_udp() {
    pass_settled(
        TWO,
        "- server: {bind: \"udp://0.0.0.0:53\", host: a}
- other: {bind: \"udp://0.0.0.0:53\", host: b}
- client: {socket: udp4, host: b}
- client: {send: \"question\", to: server}
- server: {recv: \"question\", from: client, nonblocking: true}
- server: {send: \"answer\", to: sender}
- client: {recv: \"answer\", nonblocking: true}
- six: {bind: udp6, host: c}
- c6: {connect: six, host: b}
- c6: {send: x}
- six: {recv: x, from: c6, nonblocking: true}
- six: close
- c6: {send: y}
- c6: {expect: {SO_ERROR: ECONNREFUSED}, nonblocking: true}",
    );
}

#[test]
fn each_host_has_its_own_loopback() {
    pass_settled(
        TWO,
        "- one: {listen: \"tcp://127.0.0.1:80\", host: a}
- two: {listen: \"tcp://127.0.0.1:80\", host: b}
- client: {connect: \"tcp://127.0.0.1:80\", host: b}
- conn: {accept: two, from: client}
- none: {connect: \"tcp://127.0.0.1:80\", host: c, fails: ECONNREFUSED}
- client: {send: x}
- conn: {recv: x, nonblocking: true}",
    );
}

#[test]
fn a_broadcast_reaches_everybody_on_the_subnet() {
    pass_settled(
        "{hosts: {a: 10.0.0.1, b: 10.0.0.2, c: 10.0.0.3}}",
        "- b: {bind: \"udp://0.0.0.0:67\", host: b}
- c: {bind: \"udp://0.0.0.0:67\", host: c}
- a: {socket: udp4, host: a}
- a: {send: refused, to: \"udp://10.0.0.255:67\", fails: EACCES}
- a: {set: {SO_BROADCAST: true}}
- a: {send: subnet, to: \"udp://10.0.0.255:67\"}
- b: {recv: subnet, nonblocking: true}
- c: {recv: subnet, nonblocking: true}
- a: {send: all, to: \"udp://255.255.255.255:67\"}
- b: {recv: all, nonblocking: true}
- c: {recv: all, nonblocking: true}",
    );
}

#[test]
fn nobody_answers_for_an_address_without_a_host() {
    let (trace, _) = pass(TWO, "- client: {connect: \"tcp://10.0.0.99:80\", host: a, fails: EHOSTUNREACH}");
    assert!(trace.is_empty() || trace.contains("EHOSTUNREACH"));
    pass(TWO, "- client: {connect: \"tcp://172.16.0.1:80\", host: a, fails: ENETUNREACH}");
}

#[test]
fn much_at_once_is_passed_on() {
    pass(
        TWO,
        "- server: {listen: tcp, host: a}
- client: {connect: server, host: b}
- conn: {accept: server}
- parallel:
    out:
      - client: {send: {fill: \"ab\", size: 32MiB}}
    in:
      - conn: {recv: {fill: \"ab\", size: 32MiB}}",
    );
}

#[test]
fn a_group_is_heard_by_its_members_on_all_hosts() {
    for (network, any, group, add, drop) in [
        ("udp", "0.0.0.0", "239.1.2.3", "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP"),
        ("udp6", "[::]", "ff05::1:3", "IPV6_ADD_MEMBERSHIP", "IPV6_DROP_MEMBERSHIP"),
    ] {
        let to = if network == "udp" { group.to_owned() } else { format!("[{group}]") };
        pass_settled(
            "{hosts: {a: [10.0.0.1, \"fd00::1\"], b: [10.0.0.2, \"fd00::2\"], c: [10.0.0.3, \"fd00::3\"]}}",
            &format!(
                "- a: {{socket: {network}, host: a}}
- own: {{bind: \"{network}://{any}:5000\", host: a}}
- b: {{bind: \"{network}://{any}:5000\", host: b}}
- c: {{bind: \"{network}://{any}:5000\", host: c}}
- b: {{set: {{{add}: \"{group}\"}}}}
- c: {{set: {{{add}: \"{group}%eth0\"}}}}
- own: {{set: {{{add}: \"{group}\"}}}}
- b: {{set: {{{add}: \"{group}\"}}, fails: EADDRINUSE}}
- a: {{send: all, to: \"{network}://{to}:5000\"}}
- b: {{recv: all, from: a, nonblocking: true}}
- c: {{recv: all, from: a, nonblocking: true}}
- own: {{recv: all, from: a, nonblocking: true}}
- c: {{set: {{{drop}: \"{group}\"}}}}
- a: {{send: fewer, to: \"{network}://{to}:5000\"}}
- b: {{recv: fewer, nonblocking: true}}
- c: {{expect: silence, for: 20ms}}"
            ),
        );
    }
}
