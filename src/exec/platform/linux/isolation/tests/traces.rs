//! What isolated runs leave behind, and what they cost.

use std::time::{Duration, Instant};

use super::{plan_of, possible};
use crate::exec::{Ended, Options, Runtime};

const ECHO: &str = "- server: {listen: \"tcp://127.0.0.1:80\"}
- client: {connect: server}
- conn: {accept: server}
- client: {send: ping}
- conn: {recv: ping}
- client: close
- conn: {expect: eof}";

/// The entries of a folder of /proc/self.
fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count()
}

#[test]
fn two_hundred_runs_leave_nothing_behind() {
    if !possible() {
        return;
    }
    let hosts =
        ECHO.replace("127.0.0.1:80\"", "10.0.0.1:80\", host: a").replace("connect: server", "connect: server, host: b");
    let plans = [plan_of("isolated", ECHO), plan_of("{hosts: {a: 10.0.0.1, b: 10.0.0.2}}", &hosts)];
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (mut plan, source) = plans[worker % 2].clone();
            plan.wire = worker % 4 < 2;
            scope.spawn(move || {
                let mut runtime = Runtime::new().unwrap();
                for _ in 0..25 {
                    let execution = runtime.execute(&plan, &source, &Options::default());
                    assert_eq!(execution.ended, Ended::Completed, "{:?}", execution.record.failure);
                }
            });
        }
    });
    // Other tests run at the same time, so what they have comes and goes; ours must go.
    let end = Instant::now() + Duration::from_secs(10);
    while left() > 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(left(), 0, "of {} threads and {} descriptors", count("task"), count("fd"));
}

/// Threads and descriptors of isolated runs that are still there.
fn left() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    let threads = names.filter(|name| matches!(name.trim(), "isolated" | "close")).count();
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = fds.filter_map(|fd| std::fs::read_link(fd.path()).ok());
    threads + links.filter(|link| link.to_string_lossy().starts_with("net:")).count()
}

/// What an isolated run costs over one on the machine's network.
#[test]
#[ignore = "a measurement"]
fn the_cost_of_an_isolated_run() {
    let echo = ECHO.replace("\"tcp://127.0.0.1:80\"", "tcp");
    let hosts =
        echo.replace("listen: tcp", "listen: tcp, host: a").replace("connect: server", "connect: server, host: b");
    let two = "{hosts: {a: 10.0.0.1, b: 10.0.0.2}}";
    for (name, network, steps, wire) in [
        ("host", "host", &echo, false),
        ("isolated", "isolated", &echo, false),
        ("isolated, wire", "isolated", &echo, true),
        ("two hosts", two, &hosts, false),
        ("two hosts, wire", two, &hosts, true),
    ] {
        let (mut plan, source) = plan_of(network, steps);
        plan.wire = wire;
        let mut runtime = Runtime::new().unwrap();
        let mut times: Vec<_> = (0..100)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(runtime.execute(&plan, &source, &Options::default()).ended, Ended::Completed);
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        eprintln!("{name}: median {:?}, 90% {:?}", times[50], times[90]);
    }
}
