//! Links that change.

use super::{pass, pass_settled};

const TWO: &str = "{hosts: {a: [10.0.0.1, \"fd00::1\"], b: [10.0.0.2, \"fd00::2\"], c: 10.0.0.3}}";

const CONNECTED: &str = "- server: {listen: tcp, host: b}
- client: {connect: server, host: a}
- conn: {accept: server}
";

#[test]
fn a_host_whose_link_is_down_has_no_network() {
    pass_settled(
        TWO,
        "- server: {bind: \"udp://0.0.0.0:9\", host: b}
- client: {bind: udp, host: a}
- link: {b: down}
- client: {send: lost, to: server}
- own: {connect: \"tcp://10.0.0.1:80\", host: b, fails: ENETUNREACH}
- own6: {connect: \"tcp6://[fd00::1]:80\", host: b, fails: ENETUNREACH}
- server: {expect: silence, for: 20ms}
- link: {b: up}
- client: {send: seen, to: server}
- server: {recv: seen, nonblocking: true}
- server: {send: back, to: client}
- client: {recv: back, nonblocking: true}
- six: {connect: \"tcp6://[fd00::1]:80\", host: b, fails: ECONNREFUSED}",
    );
}

#[test]
fn nothing_of_the_first_datagram_after_up_is_lost() {
    pass_settled(
        TWO,
        "- v4: {bind: \"udp://10.0.0.2:9\", host: b}
- v6: {bind: \"udp6://[fd00::2]:9\", host: b}
- c4: {bind: udp, host: a}
- c6: {bind: udp6, host: a}
- repeat: 200
  steps:
    - link: {a: down}
    - link: {a: up, b: down}
    - link: {b: up}
    - c4: {send: x, to: v4}
    - v4: {recv: x, from: c4, nonblocking: true}
    - v6: {send: x, to: c6}
    - c6: {recv: x, from: v6, nonblocking: true}",
    );
}

#[test]
fn a_silent_host_ends_a_connect_in_etimedout() {
    let began = std::time::Instant::now();
    pass_settled(
        TWO,
        "- server: {listen: tcp, host: b}
- link: {b: silent}
- client: {socket: tcp, host: a}
- client: {set: {TCP_USER_TIMEOUT: 500}}
- client: {connect: server, fails: ETIMEDOUT}
- link: {b: up}
- client: {connect: server}",
    );
    assert!(began.elapsed().as_millis() < 3000);
}

#[test]
fn a_host_that_vanishes_ends_a_connection() {
    pass(
        TWO,
        &format!(
            "{CONNECTED}- client: {{set: {{TCP_USER_TIMEOUT: 300}}}}
- link: {{b: silent}}
- client: {{send: x}}
- client: {{recv: y, fails: ETIMEDOUT}}"
        ),
    );
}

#[test]
fn a_deaf_host_is_heard() {
    pass_settled(
        TWO,
        "- b: {bind: udp, host: b}
- a: {bind: udp, host: a}
- link: {b: deaf}
- b: {send: heard, to: a}
- a: {recv: heard, nonblocking: true}
- a: {send: lost, to: b}
- b: {expect: silence, for: 20ms}
- link: {b: up}
- a: {send: seen, to: b}
- b: {recv: seen, nonblocking: true}",
    );
}

#[test]
fn what_a_held_link_holds_arrives_in_order() {
    pass_settled(
        TWO,
        "- b: {bind: udp, host: b}
- a: {bind: udp, host: a}
- c: {bind: udp, host: c}
- link: {b: hold}
- a: {send: one, to: b}
- c: {send: two, to: b}
- a: {send: three, to: b}
- b: {send: back, to: c}
- b: {read: 10, nonblocking: true, fails: EAGAIN}
- c: {read: 10, nonblocking: true, fails: EAGAIN}
- link: {b: up}
- b: {recv: one, from: a, nonblocking: true}
- b: {recv: two, from: c, nonblocking: true}
- b: {recv: three, from: a, nonblocking: true}
- c: {recv: back, from: b, nonblocking: true}",
    );
}

#[test]
fn both_ends_may_close_at_the_same_time() {
    pass_settled(
        TWO,
        &format!(
            "{CONNECTED}- link: {{b: hold}}
- client: {{shutdown: write}}
- conn: {{shutdown: write}}
- client: {{expect: {{state: FIN-WAIT-1}}, nonblocking: true}}
- conn: {{expect: {{state: FIN-WAIT-1}}, nonblocking: true}}
- link: {{b: up}}
- client: {{expect: {{state: TIME-WAIT}}}}
- conn: {{expect: {{state: TIME-WAIT}}}}"
        ),
    );
}
