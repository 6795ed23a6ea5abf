//! Isolated networks, with plans on real sockets in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::time::Instant;

use crate::exec::{Ended, Execution, Options, Runtime, can_isolate};
use crate::model::topology::{Route, RouteKind, Subnet, Topology};
use crate::plan::{self, Plan, Settings};
use crate::source::SourceFile;
use crate::trace;
use crate::{exec, spec};

/// Whether this machine allows what these tests need; says so where it does not.
fn possible() -> bool {
    match can_isolate() {
        Ok(()) => true,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            false
        }
    }
}

/// The plan of steps (YAML, without the key) on that network.
fn plan_of(topology: Topology, steps: &str) -> (Plan, SourceFile) {
    let steps = steps.replace('\n', "\n  ");
    let source = SourceFile::new("test.yaml", "test.yaml", format!("about: A test.\ntimeout: 5s\nsteps:\n  {steps}\n"));
    let parsed = spec::parse(&source);
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    let mut diagnostics = Vec::new();
    let settings = Settings { timeout_factor: 1.0, allow_net: true, ..Settings::default() };
    let cases = plan::cases(&parsed.spec, &settings, &mut diagnostics);
    let plan = plan::build(&parsed.spec, &source, "test", &cases[0], &settings, &mut diagnostics);
    let mut plan = plan.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    plan.allow_net = false;
    plan.topology = Some(topology);
    (plan, source)
}

fn execute(topology: Topology, steps: &str) -> Execution {
    let (plan, source) = plan_of(topology, steps);
    Runtime::new().unwrap().execute(&plan, &source, &Options::default())
}

/// The trace of steps that must pass on that network.
#[track_caller]
fn trace_on(topology: Topology, steps: &str) -> String {
    let execution = execute(topology, steps);
    let so_far = trace::text_of(&execution.record);
    assert_eq!(execution.ended, Ended::Completed, "{:#?}\n{so_far}", execution.record.failure);
    so_far
}

fn route(to: &str, kind: RouteKind) -> Route {
    Route { to: Subnet::parse(to, |_| 32).unwrap(), kind }
}

#[test]
fn ports_are_free_and_privileged_ones_anybodys() {
    if possible() {
        for loopback in ["127.0.0.1", "[::1]"] {
            let network = if loopback.starts_with('[') { "tcp6" } else { "tcp" };
            trace_on(
                Topology::default(),
                &format!(
                    "- server: {{listen: \"{network}://{loopback}:80\"}}\n- client: {{connect: server}}\n- conn: {{accept: server}}\n- client: {{send: x}}\n- conn: {{recv: x}}"
                ),
            );
        }
    }
}

#[test]
fn the_loopback_device_has_the_addresses_of_the_spec() {
    if possible() {
        let topology =
            Topology { addresses: vec!["1.2.3.4".parse().unwrap(), "2001:db8::1".parse().unwrap()], ..<_>::default() };
        trace_on(
            topology,
            "- v4: {listen: \"tcp://1.2.3.4:80\"}\n- c4: {connect: v4}\n- v6: {listen: \"tcp6://[2001:db8::1]:80\"}\n- c6: {connect: v6}\n- far: {connect: \"tcp://1.2.3.5:80\", fails: ENETUNREACH}",
        );
    }
}

#[test]
fn routes_refuse_as_they_are_declared() {
    if possible() {
        let routes = [
            ("192.0.2.1/24", RouteKind::Unreachable),
            ("198.51.100.0/24", RouteKind::Prohibit),
            ("203.0.113.0/24", RouteKind::Blackhole),
            ("2001:db8:1::/48", RouteKind::Unreachable),
            ("2001:db8:2::/48", RouteKind::Prohibit),
            ("2001:db8:3::/48", RouteKind::Blackhole),
        ];
        let topology = Topology { routes: routes.map(|(to, kind)| route(to, kind)).to_vec(), ..<_>::default() };
        let mut steps = String::from("- udp: {bind: \"udp://0.0.0.0:0\"}\n- udp6: {bind: \"udp6://[::]:0\"}\n");
        for (index, (host, errno)) in [
            ("192.0.2.9", "EHOSTUNREACH"),
            ("198.51.100.9", "EACCES"),
            ("203.0.113.9", "EINVAL"),
            ("8.8.8.8", "ENETUNREACH"),
            ("[2001:db8:1::9]", "EHOSTUNREACH"),
            ("[2001:db8:2::9]", "EACCES"),
            ("[2001:db8:3::9]", "EINVAL"),
            ("[2001:db8:4::9]", "ENETUNREACH"),
        ]
        .into_iter()
        .enumerate()
        {
            let six = if host.starts_with('[') { "6" } else { "" };
            steps += &format!("- c{index}: {{connect: \"tcp{six}://{host}:80\", fails: {errno}}}\n");
            steps += &format!("- udp{six}: {{send: x, to: \"udp{six}://{host}:80\", fails: {errno}}}\n");
        }
        trace_on(topology, &steps);
    }
}

#[test]
fn a_closed_port_tells_a_connected_sender() {
    if possible() {
        trace_on(
            Topology { addresses: vec!["1.2.3.4".parse().unwrap()], ..<_>::default() },
            "- server: {bind: \"udp://1.2.3.4:53\"}\n- client: {connect: server}\n- server: close\n- client: {send: x}\n- client: {expect: {SO_ERROR: ECONNREFUSED}, nonblocking: true}",
        );
    }
}

#[test]
fn two_hundred_runs_leave_nothing_behind() {
    if possible() {
        let steps = "- server: {listen: \"tcp://127.0.0.1:80\"}\n- client: {connect: server}\n- conn: {accept: server}\n- client: close\n- conn: {expect: eof}";
        let (mut plan, source) = plan_of(Topology::default(), steps);
        plan.wire = true;
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut runtime = Runtime::new().unwrap();
                    for _ in 0..25 {
                        let execution = runtime.execute(&plan, &source, &Options::default());
                        assert_eq!(execution.ended, Ended::Completed);
                    }
                });
            }
        });
        eprintln!("an isolated run takes {:?} (debug build)", began.elapsed() / 200);
    }
}

/// What an isolated run costs over one on the machine's network; `cargo test --release -- --ignored`.
#[test]
#[ignore = "a measurement"]
fn the_cost_of_an_isolated_run() {
    let steps = "- server: {listen: tcp}\n- client: {connect: server}\n- conn: {accept: server}\n- client: {send: ping}\n- conn: {recv: ping}\n- client: close\n- conn: {expect: eof}";
    for (name, isolated, wire) in [("host", false, false), ("isolated", true, false), ("with the wire", true, true)] {
        let (mut plan, source) = plan_of(Topology::default(), steps);
        plan.wire = wire;
        plan.topology = isolated.then(Topology::default);
        let mut runtime = Runtime::new().unwrap();
        let mut times: Vec<_> = (0..300)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(runtime.execute(&plan, &source, &Options::default()).ended, Ended::Completed);
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        eprintln!("{name}: median {:?}, 90% {:?}", times[150], times[270]);
    }
    let _ = exec::prepare_isolation();
}
