//! What a trace tells of the wire, from real frames.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::exec::tests::planned;
use crate::exec::{Ended, Execution, Options, Runtime, can_isolate};
use crate::model::topology::Topology;
use crate::trace::text_of;

/// Runs steps on an isolated loopback; `None` where there can be none.
fn run(steps: &str, options: &Options) -> Option<Execution> {
    if let Err(reason) = can_isolate() {
        eprintln!("not run: {reason}");
        return None;
    }
    let (mut plan, source) = planned(format!("about: A test.\nsteps:\n{steps}"));
    plan.topology = Some(Topology::default());
    plan.wire = true;
    Some(Runtime::new().unwrap().execute(&plan, &source, options))
}

fn trace(steps: &str) -> Option<String> {
    let execution = run(steps, &Options::default())?;
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    Some(text_of(&execution.record))
}

/// The lines of the wire alone, without their indent.
fn wire(steps: &str) -> Option<Vec<String>> {
    let lines = trace(steps)?;
    Some(lines.lines().filter_map(|line| line.trim_start().strip_prefix("wire    ")).map(str::to_owned).collect())
}

fn same(steps: &str, expected: &[&str]) {
    if let Some(lines) = wire(steps) {
        assert_eq!(lines, expected, "{}", trace(steps).unwrap_or_default());
    }
}

#[test]
fn the_story_of_a_connection() {
    let story = trace(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: "request"}
  - client: {shutdown: write}
  - conn: {recv: "request"}
  - conn: {expect: eof}
  - conn: {send: "response"}
  - conn: close
  - client: {recv: "response"}
  - client: {expect: eof}
  - client: close
"#,
    );
    let Some(story) = story else { return };
    assert_eq!(
        story,
        r#"server    listen tcp
client    connect server
  wire    client > server  SYN
  wire    server > client  SYN ACK
  wire    client > server  ACK
conn      accept client
client    send 7 "request"
  wire    client > server  DATA 7
client    shutdown write
  wire    client > server  FIN
conn      recv 7 "request"
conn      eof
conn      send 8 "response"
  wire    server > client  DATA 8
conn      close
  wire    server > client  FIN
client    recv 8 "response"
client    eof
client    close
end       server open
"#
    );
}

#[test]
fn a_refused_connect_is_answered_by_a_reset() {
    same(
        "
  - server: {listen: tcp}
  - server: close
  - client: {connect: server, fails: ECONNREFUSED}
",
        &["client > server  SYN", "server > client  RST"],
    );
}

#[test]
fn a_reset_belongs_to_what_provoked_it() {
    same(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: "unread"}
  - conn: close
"#,
        &[
            "client > server  SYN",
            "server > client  SYN ACK",
            "client > server  ACK",
            "client > server  DATA 6",
            "server > client  RST",
        ],
    );
    let late = trace(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - conn: close
  - client: {send: "late"}
  - client: {send: "too late", fails: EPIPE}
"#,
    );
    let Some(late) = late else { return };
    let (_, rest) = late.split_once("conn      close").unwrap();
    assert_eq!(
        rest,
        r#"
  wire    server > client  FIN
client    send 4 "late"
  wire    client > server  DATA 4
  wire    server > client  RST
client    send 8 "too late" fails EPIPE
end       server open, client open
"#
    );
}

#[test]
fn a_closed_listener_resets_its_queue() {
    let lines = trace(
        "
  - server: {listen: tcp}
  - one: {connect: server}
  - two: {connect: server}
  - server: close
",
    );
    let Some(lines) = lines else { return };
    let (_, rest) = lines.split_once("server    close").unwrap();
    assert!(rest.starts_with("\n  wire    server > one  RST\n  wire    server > two  RST\n"), "{rest}");
}

#[test]
fn kept_back_bytes_belong_to_what_releases_them() {
    let lines = trace(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: "abc", more: true}
  - client: {send: "def"}
  - client: {set: {TCP_CORK: true}}
  - client: {send: "ghi"}
  - client: {set: {TCP_CORK: false}}
  - conn: {recv: "abcdefghi"}
"#,
    );
    let Some(lines) = lines else { return };
    let (_, rest) = lines.split_once("accept client\n").unwrap();
    assert_eq!(
        rest,
        r#"client    send 3 "abc" more
client    send 3 "def"
  wire    client > server  DATA 6
client    set TCP_CORK=true
client    send 3 "ghi"
client    set TCP_CORK=false
  wire    client > server  DATA 3
conn      recv 9 "abcdefghi"
end       server open, client open, conn open
"#
    );
}

#[test]
fn large_data_is_one_line_however_it_was_cut() {
    same(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - parallel:
      writer:
        - client: {send: {fill: "ab", size: 3MiB}}
      reader:
        - conn: {recv: {fill: "ab", size: 3MiB}}
"#,
        &["client > server  SYN", "server > client  SYN ACK", "client > server  ACK", "client > server  DATA 3145728"],
    );
}

#[test]
fn what_did_not_all_cross_is_not_counted() {
    let lines = wire(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: {fill: "ab", size: 64MiB}, nonblocking: true, fails: EAGAIN}
"#,
    );
    assert!(lines.is_none_or(|lines| lines[3..] == ["client > server  DATA ~"]));
}

#[test]
fn datagrams_and_the_error_of_a_closed_port() {
    same(
        r#"
  - server: {bind: udp}
  - client: {connect: server}
  - client: {send: "hello"}
  - server: close
  - client: {send: "again"}
  - client: {recv: {rest: true}, fails: ECONNREFUSED}
"#,
        &["client > server  UDP 5", "client > server  UDP 5", "server > client  ICMP port unreachable"],
    );
}

#[test]
fn the_error_of_a_closed_port_is_awaited_where_only_the_wire_tells_of_it() {
    same(
        r#"
  - gone: {bind: udp}
  - gone: close
  - talker: {bind: udp}
  - talker: {send: "hello", to: gone}
"#,
        &["talker > gone  UDP 5", "gone > talker  ICMP port unreachable"],
    );
}

#[test]
fn a_datagram_that_was_kept_back_is_told_where_it_goes() {
    let lines = trace(
        r#"
  - server: {bind: udp}
  - client: {connect: server}
  - client: {send: "one", more: true}
  - client: {send: "two", more: true}
  - client: {send: "three"}
  - server: {recv: "onetwothree"}
  - client: {set: {UDP_CORK: true}}
  - client: {send: "four"}
  - client: {set: {UDP_CORK: false}}
  - server: {recv: "four"}
"#,
    );
    let Some(lines) = lines else { return };
    assert!(lines.contains("send 5 \"three\"\n  wire    client > server  UDP 11\n"), "{lines}");
    assert!(lines.contains("set UDP_CORK=false\n  wire    client > server  UDP 4\n"), "{lines}");
}

#[test]
fn urgent_data_is_marked() {
    let lines = wire(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: "ab"}
  - client: {send: "!", urgent: true}
  - client: {send: "cd"}
"#,
    );
    let expected = ["client > server  DATA 2", "client > server  DATA 1 URG", "client > server  DATA 2"];
    assert!(lines.is_none_or(|lines| lines[3..] == expected));
}

#[test]
fn what_a_program_sends_on_a_socket_that_it_was_given_is_its_own() {
    let lines = trace(
        r#"
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - cat: {run: [sh, -c, 'exec cat <&3 >&3 3>&-'], pass: [conn]}
  - conn: close
  - client: {send: "hello"}
  - client: {recv: "hello"}
  - client: {shutdown: write}
  - client: {expect: eof}
  - cat: {expect: exit, status: 0}
"#,
    );
    let Some(lines) = lines else { return };
    let (_, rest) = lines.split_once("conn      close\n").unwrap();
    assert_eq!(
        rest,
        r#"client    send 5 "hello"
  wire    client > server  DATA 5
client    recv 5 "hello"
  wire    server > client  DATA 5
client    shutdown write
  wire    client > server  FIN
client    eof
  wire    server > client  FIN
cat       exit 0
end       server open, client open
"#
    );
}

#[test]
fn the_same_addresses_again_are_another_connection() {
    let twice = r#"
  - repeat: 3
    steps:
      - server: {listen: "tcp://127.0.0.1:80"}
      - client: {connect: server, from: "tcp://127.0.0.1:4000"}
      - conn: {accept: server}
      - client: {send: "ping"}
      - conn: {recv: "ping"}
      - conn: reset
      - client: {expect: reset}
      - client: close
      - server: close
"#;
    let Some(lines) = trace(twice) else { return };
    assert!(lines.starts_with("repeat 3\n"), "{lines}");
    assert_eq!(lines.matches("SYN").count(), 2, "{lines}");
}

#[test]
fn frames_are_kept_with_the_steps_that_caused_them() {
    let options = Options { keep_frames: true, ..Options::default() };
    let steps = "\n  - server: {listen: tcp}\n  - server: close\n  - client: {connect: server, fails: ECONNREFUSED}\n";
    let Some(execution) = run(steps, &options) else { return };
    let comments: Vec<&str> = execution.frames.iter().map(|frame| frame.comment.as_str()).collect();
    assert_eq!(
        comments,
        ["line 6, client connect: client > server SYN", "line 6, client connect: server > client RST"]
    );
    assert!(execution.frames.iter().all(|frame| frame.place == "lo" && frame.bytes.len() == frame.len));
}
