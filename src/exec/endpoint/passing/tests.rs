//! Descriptors between a spec and somebody else, and who waits for what.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::exec::net::{ancillary, sys};
use crate::exec::tests::{failure, run, trace};
use crate::exec::{Ended, Execution};

/// Another program, as it were: connects to the abstract name, as soon as somebody listens there, sends
/// `x` with these descriptors, and gives its end of the connection.
fn stranger(name: &'static str, passed: Vec<OwnedFd>) -> JoinHandle<UnixStream> {
    let passed: Vec<_> = passed.into_iter().map(|descriptor| Some(Arc::new(descriptor))).collect();
    thread::spawn(move || {
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let stream = loop {
            match UnixStream::connect_addr(&address) {
                Ok(stream) => break stream,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        };
        assert_eq!(ancillary::send(stream.as_fd(), b"x", libc::MSG_NOSIGNAL, None, &passed), Ok(1));
        stream
    })
}

/// Passes, and nobody waited for what did not come.
#[track_caller]
fn at_once(execution: &Execution) {
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    let json = execution.record.to_json();
    assert!(!json.contains("had not arrived"), "{json}");
}

#[test]
fn what_another_program_passes_is_what_the_kernel_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut near, far) = UnixStream::pair().unwrap();
    let datagrams = UnixDatagram::unbound().unwrap();
    let passed = vec![listener.try_clone().unwrap().into(), far.into(), datagrams.into()];
    let other = stranger("sockspec-test-kinds", passed);
    let echo = thread::spawn(move || {
        let mut word = [0; 4];
        near.read_exact(&mut word).unwrap();
        near.write_all(&word).unwrap();
    });
    let text = trace(
        "- server: {listen: \"unix:@sockspec-test-kinds\"}\n- conn: {accept: server}\n- conn: {recv: x, takes: [listener, stream, messages]}\n- client: {connect: listener}\n- accepted: {accept: listener}\n- none: {accept: listener, nonblocking: true, fails: EAGAIN}\n- client: {send: over tcp}\n- accepted: {recv: over tcp}\n- stream: {send: ping}\n- stream: {recv: ping}\n- messages: {bind: unixgram}\n- messages: {send: \"\", to: messages}\n- messages: {recv: \"\"}",
    );
    assert!(text.contains("conn      recv 1 \"x\" takes listener stream messages\n"), "{text}");
    assert!(text.contains("accepted  accept client\n"), "{text}");
    echo.join().unwrap();
    drop(other.join().unwrap());
    // It waits, as it did before.
    assert!(sys::blocks(listener.as_fd()));
}

#[test]
fn only_sockets_can_be_taken() {
    let (reader, _writer) = std::io::pipe().unwrap();
    let other = stranger("sockspec-test-pipe", vec![reader.into()]);
    let failure = failure(
        "- server: {listen: \"unix:@sockspec-test-pipe\"}\n- conn: {accept: server}\n- conn: {recv: x, takes: [pipe]}",
    );
    assert_eq!(failure.message, "what came as `pipe` is no socket of TCP, UDP or Unix");
    drop(other.join().unwrap());
}

const CONNECTED: &str =
    "- server: {listen: tcp}\n- client: {connect: server}\n- conn: {accept: server}\n- a: {pair: b}\n";

#[test]
fn nobody_waits_for_the_end_of_what_others_have() {
    at_once(&run(&format!(
        "{CONNECTED}- a: {{send: x, pass: [conn, client]}}\n- conn: close\n- client: {{send: early}}\n- client: close\n- b: {{recv: x, takes: [one, other]}}\n- other: {{send: late}}\n- one: {{recv: earlylate}}\n- one: close\n- other: {{expect: eof}}\n- other: close"
    )));
    at_once(&run(&format!(
        "{CONNECTED}- a: {{send: x, pass: [conn, server]}}\n- conn: close\n- server: close\n- b: close"
    )));
    at_once(&run(
        "- server: {listen: tcp}\n- p: {run: [sleep, \"60\"], pass: [server]}\n- client: {connect: server}\n- client: {send: x}\n- other: {connect: server}\n- other: close\n- server: close\n- late: {connect: server}\n- late: {send: x}\n- late: {shutdown: write}",
    ));
}

#[test]
fn a_close_is_over_when_the_effect_is_there() {
    for _ in 0..20 {
        trace(&format!(
            "{CONNECTED}- a: {{send: x, pass: [conn]}}\n- conn: close\n- b: {{recv: x}}\n- client: {{expect: {{state: CLOSE-WAIT}}, nonblocking: true}}"
        ));
        trace(&format!(
            "{CONNECTED}- client: {{send: unread}}\n- a: {{send: x, pass: [conn]}}\n- conn: close\n- b: close\n- client: {{expect: {{state: CLOSED}}, nonblocking: true}}"
        ));
    }
}

#[test]
fn what_a_failed_try_has_passed_is_forgotten() {
    let text = trace(&format!(
        "{CONNECTED}- c: {{connect: server}}\n- retry: 2s\n  steps:\n  - d: {{pair: e}}\n  - d: {{send: x, pass: [conn]}}\n  - got: {{accept: server, nonblocking: true, fails: [EAGAIN, none]}}\n  - other: {{accept: server, nonblocking: true, fails: EAGAIN}}\n  - e: {{recv: x, takes: [f]}}\n- conn: close\n- f: close\n- client: {{expect: eof}}"
    ));
    assert!(text.contains("e         recv 1 \"x\" takes f\n"), "{text}");
}

#[test]
fn what_waits_unread_is_told_once() {
    let text = trace(&format!(
        "{CONNECTED}- a: {{send: xyz, pass: [conn]}}\n- b: {{recv: x, takes: [other]}}\n- client: {{send: unread}}\n- conn: {{recv: un}}"
    ));
    assert!(text.ends_with("conn open unread 4, a open, b open unread 2, other open\n"), "{text}");
}

#[test]
fn descriptors_are_taken_over_a_blocking_call() {
    let text = trace(&format!(
        "{CONNECTED}- a: {{send: x, pass: [conn], blocking: true}}\n- b: {{recv: x, takes: [other], blocking: true}}\n- a: {{send: y, pass: [conn]}}\n- b: {{read: 10, is: y, blocking: true}}"
    ));
    assert!(text.contains("b         read 10 \"y\" drops conn\n"), "{text}");
}
