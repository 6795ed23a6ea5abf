//! Steps settle: a spec whose outcome hangs on what has arrived gives one trace only, however busy
//! the machine is.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use sockspec::exec::{Ended, Options, Runtime};
use sockspec::plan::{self, Plan, Settings};
use sockspec::source::SourceFile;
use sockspec::{spec, trace};

const RUNS: u32 = 10_000;
const BUSY: usize = 4;
const WORKERS: usize = 3;

/// Runs a spec many times on several workers, while every core is busy, and counts its traces.
fn traces(text: &str) -> BTreeMap<String, u32> {
    let source = SourceFile::new("settling.yaml", "settling.yaml", text);
    let plan = plan_of(&source);
    let counts = Mutex::new(BTreeMap::new());
    let (left, stop) = (AtomicU32::new(RUNS), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..BUSY {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| work(&plan, &source, &left, &counts))).collect();
        for worker in workers {
            worker.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
    counts.into_inner().unwrap()
}

fn work(plan: &Plan, source: &SourceFile, left: &AtomicU32, counts: &Mutex<BTreeMap<String, u32>>) {
    let mut runtime = Runtime::new().unwrap();
    let mut own = BTreeMap::new();
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        let execution = runtime.execute(plan, source, &Options::default());
        let outcome = match execution.ended {
            Ended::Completed => trace::text_of(&execution.record),
            other => format!("{other:?}: {:?}", execution.record.failure),
        };
        *own.entry(outcome).or_insert(0) += 1;
    }
    let mut counts = counts.lock().unwrap();
    for (outcome, count) in own {
        *counts.entry(outcome).or_insert(0) += count;
    }
}

fn plan_of(source: &SourceFile) -> Plan {
    let parsed = spec::parse(source);
    let mut diagnostics = parsed.diagnostics;
    let settings = Settings { timeout_factor: 4.0, ..Settings::default() };
    let cases = plan::cases(&parsed.spec, &settings, &mut diagnostics);
    let plan = plan::build(&parsed.spec, source, "settling", &cases[0], &settings, &mut diagnostics);
    plan.unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

fn assert_one_trace(text: &str, line: &str) {
    let traces = traces(text);
    assert_eq!(traces.len(), 1, "{traces:#?}");
    let (trace, count) = traces.first_key_value().unwrap();
    assert_eq!(*count, RUNS);
    assert!(trace.contains(line), "{trace}");
}

#[test]
fn a_close_meets_the_unread_bytes_that_were_sent_before_it() {
    let spec = "
about: Close with unread bytes resets.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {send: \"request\"}
  - conn:   close
  - client: {expect: reset}
  - client: {expect: eof}
";
    assert_one_trace(spec, "conn      close unread 7\nclient    expect reset\nclient    eof\n");
}

#[test]
fn a_late_write_meets_the_reset() {
    let spec = "
about: The second write after the peer's close fails.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - conn:   close
  - client: {send: \"late\"}
  - client: {send: \"later\", fails: EPIPE}
";
    assert_one_trace(spec, "client    send 4 \"late\"\nclient    send 5 \"later\" fails EPIPE\n");
}

#[test]
fn what_was_sent_before_accept_has_arrived_when_it_is_reset() {
    let spec = "
about: A reset before accept.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - client: {send: \"x\"}
  - client: reset
  - conn:   {accept: server}
  - conn:   {recv: \"x\"}
  - conn:   {expect: reset}
";
    assert_one_trace(spec, "conn      recv 1 \"x\"\nconn      expect reset\n");
}
