//! Plans on real sockets: each behaviour of the runner at the lowest level that shows it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use super::{Cancel, Ended, Execution, Options, Runtime};
use crate::plan::{self, Plan, Settings};
use crate::source::SourceFile;
use crate::spec;
use crate::trace;
use crate::trace::record::Failure;

/// The plan of a spec (YAML) of one case.
pub(super) fn planned(text: String) -> (Plan, SourceFile) {
    let source = SourceFile::new("test.yaml", "test.yaml", text);
    let parsed = spec::parse(&source);
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    let mut diagnostics = Vec::new();
    let settings = Settings { timeout_factor: 1.0, ..Settings::default() };
    let cases = plan::cases(&parsed.spec, &settings, &mut diagnostics);
    let plan = plan::build(&parsed.spec, &source, "test", &cases[0], &settings, &mut diagnostics);
    (plan.unwrap_or_else(|| panic!("{diagnostics:#?}")), source)
}

/// Runs the steps (YAML, without the key) as a spec.
pub(super) fn run_with(steps: &str, options: &Options) -> Execution {
    let steps = steps.replace('\n', "\n  ");
    let (plan, source) = planned(format!("about: A test.\ntimeout: 1s\nsteps:\n  {steps}\n"));
    Runtime::new().unwrap().execute(&plan, &source, options)
}

pub(super) fn run(steps: &str) -> Execution {
    run_with(steps, &Options::default())
}

/// The trace of steps that must pass.
#[track_caller]
pub(super) fn trace(steps: &str) -> String {
    let execution = run(steps);
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    trace::text_of(&execution.record)
}

/// The message of the failure of steps that must fail.
#[track_caller]
pub(super) fn failure(steps: &str) -> Failure {
    let execution = run(steps);
    assert_eq!(execution.ended, Ended::Failed, "{}", trace::text_of(&execution.record));
    execution.record.failure.unwrap()
}

const CONNECTED: &str = "- server: {listen: tcp}\n- client: {connect: server}\n- conn: {accept: server}\n";

#[test]
fn a_connection_is_made_and_ends() {
    let text = trace(&format!("{CONNECTED}- client: close\n- conn: {{expect: eof}}\n- conn: close"));
    assert_eq!(
        text,
        "server    listen tcp\nclient    connect server\nconn      accept client\nclient    close\nconn      eof\nconn      close\nend       server open\n"
    );
}

#[test]
fn a_refused_connect_is_an_observation() {
    let text = trace("- server: {bind: tcp}\n- client: {connect: server, fails: ECONNREFUSED}");
    assert!(text.contains("client    connect server fails ECONNREFUSED\n"), "{text}");
}

#[test]
fn an_error_that_nobody_expects_fails_the_step() {
    let failure = failure("- server: {bind: tcp}\n- client: {connect: server}");
    assert_eq!(failure.message, "client: connect failed with ECONNREFUSED");
    assert_eq!(failure.help, ["if that is what this step shows, write `fails: ECONNREFUSED` beside it"]);
}

#[test]
fn an_error_of_this_platform_goes_into_the_map_of_the_others() {
    let failure = failure("- server: {bind: tcp}\n- client: {connect: server, fails: {macos: ECONNREFUSED}}");
    assert_eq!(failure.message, "client: connect failed with ECONNREFUSED");
    let help = "if that is what this step shows on linux, add `linux: ECONNREFUSED` to the map of `fails`";
    assert_eq!(failure.help, [help]);
}

#[test]
fn a_success_that_nobody_expects_fails_the_step() {
    let failure = failure("- server: {listen: tcp}\n- client: {connect: server, fails: ECONNREFUSED}");
    assert_eq!(failure.message, "client: connect succeeded, where ECONNREFUSED was expected");
}

#[test]
fn states_are_seen_down_to_time_wait() {
    trace(&format!(
        "{CONNECTED}- client: {{expect: {{state: ESTABLISHED}}}}\n- client: {{shutdown: write}}\n- conn: {{expect: {{state: CLOSE-WAIT}}}}\n- client: {{expect: {{state: FIN-WAIT-2}}}}\n- client: close\n- conn: close\n- client: {{expect: {{state: TIME-WAIT}}}}"
    ));
}

#[test]
fn close_with_unread_bytes_resets() {
    let text = trace(&format!(
        "{CONNECTED}- client: {{send: \"hello\"}}\n- conn: close\n- client: {{expect: reset}}\n- client: {{expect: eof}}"
    ));
    assert!(text.contains("conn      close unread 5\nclient    expect reset\nclient    eof\n"), "{text}");
}

#[test]
fn a_late_send_meets_the_reset() {
    trace(&format!(
        "{CONNECTED}- conn: close\n- client: {{send: \"late\"}}\n- client: {{send: \"later\", fails: EPIPE}}"
    ));
}

#[test]
fn datagrams_to_a_closed_port_are_reported_once() {
    trace(
        "- server: {bind: udp}\n- client: {connect: server}\n- server: close\n- client: {send: \"x\"}\n- client: {expect: {SO_ERROR: ECONNREFUSED}}\n- client: {send: \"y\"}",
    );
}

#[test]
fn barriers_order_lanes() {
    let text = trace(&format!(
        "{CONNECTED}- parallel:\n    one:\n      - client: {{send: \"a\"}}\n      - barrier: sent\n    two:\n      - barrier: sent\n      - conn: {{expect: {{unread: 1}}}}"
    ));
    assert!(
        text.contains("parallel\n  one\n    client    send 1 \"a\"\n  two\n    conn      expect unread=1\n"),
        "{text}"
    );
}

#[test]
fn a_failed_lane_cancels_who_waits_for_it() {
    let began = Instant::now();
    let failure = failure(&format!(
        "{CONNECTED}- parallel:\n    one:\n      - conn: {{expect: eof, within: 100ms}}\n      - barrier: go\n    two:\n      - barrier: go\n      - client: close"
    ));
    // The barrier would have waited for 5 s.
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(failure.message, "conn: the stream did not end");
    assert!(
        failure.notes.iter().any(|note| note.contains("lane `two` was waiting at barrier `go`")),
        "{:?}",
        failure.notes
    );
}

#[test]
fn a_blocked_send_names_parallel() {
    let failure = failure(&format!("{CONNECTED}- client: {{send: {{fill: \"x\", size: 64MiB}}, within: 200ms}}"));
    assert!(failure.message.starts_with("client: send is blocked after "), "{}", failure.message);
    assert!(failure.help[0].contains("parallel"));
}

#[test]
fn a_close_that_lingers_does_not_hold_up_the_runner() {
    let began = Instant::now();
    let failure = failure(&format!(
        "{CONNECTED}- client: {{set: {{SO_LINGER: 60}}}}\n- client: {{send: {{fill: \"x\", size: 64MiB}}, nonblocking: true, fails: EAGAIN}}\n- client: {{close: true, within: 200ms}}"
    ));
    assert_eq!(failure.message, "close did not return");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[test]
fn a_cancelled_run_ends_at_once() {
    let options = Options::default();
    let cancel: Cancel = options.cancel.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        cancel.cancel();
    });
    let began = Instant::now();
    let execution = run_with(&format!("{CONNECTED}- client: {{expect: eof, within: 60s}}"), &options);
    canceller.join().unwrap();
    assert_eq!(execution.ended, Ended::Cancelled { line: 7, file: None });
    assert!(began.elapsed() < Duration::from_mins(1));
}

#[test]
fn how_much_of_a_failed_send_went_is_not_in_the_trace() {
    let text =
        trace("- one: {pair: other}\n- one: {send: {fill: \"x\", size: 8MiB}, nonblocking: true, fails: EAGAIN}");
    assert!(text.ends_with("fails EAGAIN\nend       one open, other open unread ~\n"), "{text}");
    let text = trace(
        "- one: {pair: other}\n- one: {send: {fill: \"x\", size: 8MiB}, nonblocking: true, fails: EAGAIN}\n- other: close",
    );
    assert!(text.contains("other     close unread ~\n"), "{text}");
}

#[test]
fn an_expect_may_be_one_look_or_a_blocking_call() {
    let text = trace(&format!(
        "{CONNECTED}- conn: {{expect: eof, nonblocking: true, fails: EAGAIN}}\n- conn: {{set: {{SO_RCVTIMEO: 50ms}}}}\n- conn: {{expect: eof, blocking: true, fails: EAGAIN, after: 50ms}}\n- client: reset\n- conn: {{expect: reset, blocking: true}}"
    ));
    assert!(text.contains("conn      eof fails EAGAIN\n"), "{text}");
    let failure = failure(&format!("{CONNECTED}- conn: {{expect: {{unread: 1}}, nonblocking: true}}"));
    assert_eq!(failure.message, "conn: unread is 0, where 1 was expected");
    assert_eq!(failure.deadline, None);
}

#[test]
fn a_blocking_expect_is_woken_by_a_shutdown_in_another_lane() {
    trace(&format!(
        "{CONNECTED}- parallel:\n    reader:\n      - conn: {{expect: eof, blocking: true}}\n    ender:\n      - pause: 20ms\n      - conn: {{shutdown: read}}"
    ));
}

#[test]
fn a_deadline_in_place_of_an_error_names_the_error() {
    let failure = failure("- a: {bind: udp}\n- a: {recv: \"x\", fails: ECONNREFUSED, within: 50ms}");
    assert_eq!(failure.message, "a: no datagram came");
    assert_eq!(failure.notes, ["the step was to fail with ECONNREFUSED"]);
}

#[test]
fn a_closed_port_is_given_to_nobody_while_its_test_runs() {
    // The kernel alone gives it away in one of fourteen such runs.
    let text = "- gone: {bind: udp}\n- gone: close\n- repeat: 2000\n  steps:\n    - s: {bind: udp}\n    - s: {send: \"x\", to: gone}\n    - s: {expect: {unread: 0}}\n    - s: close";
    trace(text);
}

#[test]
fn whatever_the_pattern_a_close_after_it_sends_fin_and_with_a_byte_more_rst() {
    let patterns = [
        ("line\\n", "{until: \"\\n\"}"),
        ("n=42.", "{until: {match: '[0-9]+\\.'}}"),
        ("abc", "abc"),
        ("abc", "{hex: \"61 .. 63\"}"),
        ("abcd", "{bytes: 4}"),
        ("ab", "{u16: any}"),
        ("yes", "{one_of: [\"no\", \"yes\"]}"),
        ("b;a;", "{any_order: [\"a;\", \"b;\"]}"),
        ("- 1\\n- 2\\n. 3\\n", "{until_last: [\". \", {until: \"\\n\"}], each: [\"- \", {until: \"\\n\"}]}"),
    ];
    for (sent, pattern) in patterns {
        for (more, end) in [("", "eof"), ("+", "reset")] {
            trace(&format!(
                "{CONNECTED}- client: {{send: \"{sent}{more}\"}}\n- conn: {{recv: {pattern}}}\n- conn: close\n- client: {{expect: {end}}}"
            ));
        }
    }
}
