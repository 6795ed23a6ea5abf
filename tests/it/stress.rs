//! `sockspec stress`: racy specs are found, sound ones stay clean, and what the report looks like.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sockspec::diagnostic::Style;
use sockspec::exec::{Ended as RunEnded, Options, Perturbation, Runtime};
use sockspec::model::perturb::Perturb;
use sockspec::plan::{self, Plan, Settings};
use sockspec::report::stress as report;
use sockspec::source::SourceFile;
use sockspec::spec;
use sockspec::stress::{Ended, Stressed, Tally};
use sockspec::trace::event::{Event, What};
use sockspec::trace::record::{Entry, Facts, Failure, Happened, Record, VERSION};

use crate::project::{ECHO, FAILING, INVALID, Project, Ran};

/// Racy specs of the classic kinds, each with its sound twin.
const CONTROLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stress");

fn names(folder: &str) -> Vec<String> {
    let files = fs::read_dir(Path::new(CONTROLS).join(folder)).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
}

/// The verdicts by the names of the tests.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let tests = report["tests"].as_array().unwrap();
    tests.iter().map(|test| (test["name"].as_str().unwrap(), test["verdict"].as_str().unwrap())).collect()
}

#[test]
fn every_racy_control_is_found() {
    let project = Project::new(&[]);
    let folder = format!("{CONTROLS}/racy");
    // Runs that wait for a deadline wait for a short one.
    let args = ["stress", &folder, "--runs", "200", "--timeout-factor", "0.1", "--format", "json", "--seed", "7"];
    let ran = project.run(&args).exits(1);
    let report = json(&ran);
    let racy = names("racy");
    assert!(racy.len() >= 8, "{racy:?}");
    let wanted: Vec<(&str, &str)> = racy.iter().map(|name| (name.as_str(), "differs")).collect();
    assert_eq!(verdicts(&report), wanted);
    for test in report["tests"].as_array().unwrap() {
        let name = test["name"].as_str().unwrap();
        let text = test["step"]["text"].as_str().unwrap_or_else(|| panic!("{name} names no step: {test:#}"));
        let line = test["step"]["line"].as_u64().unwrap() as usize;
        let spec = fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap();
        assert_eq!(spec.lines().nth(line - 1), Some(text), "{name}");
        let ways = test["ways"].as_array().unwrap();
        assert!(ways.len() > 1 && ways.iter().filter(|way| way["unperturbed"] == true).count() == 1, "{test:#}");
        let counted: u64 = ways.iter().map(|way| way["runs"].as_u64().unwrap()).sum();
        assert!(counted <= test["runs"].as_u64().unwrap(), "{test:#}");
    }
}

#[test]
fn their_sound_twins_stay_clean() {
    assert_eq!(names("sound"), names("racy"));
    let project = Project::new(&[]);
    let folder = format!("{CONTROLS}/sound");
    let ran = project.run(&["stress", &folder, "--runs", "100", "--format", "json"]).exits(0);
    let report = json(&ran);
    assert!(verdicts(&report).iter().all(|(_, verdict)| *verdict == "same"), "{report:#}");
    assert_eq!((&report["runs"], &report["differ"]), (&(100 * names("sound").len()).into(), &0.into()));
}

#[test]
fn the_seed_that_is_shown_shows_it_again() {
    let racy = fs::read_to_string(format!("{CONTROLS}/racy/accepted-in-any-order.yaml")).unwrap();
    let project = Project::new(&[("specs/who comes.yaml", &racy)]);
    let report = json(&project.run(&["stress", "--runs", "40", "--format", "json"]).exits(1));
    let test = &report["tests"][0];
    let command = test["command"].as_str().unwrap().strip_prefix("sockspec ").unwrap().to_owned();
    let script = format!("\"$0\" {command}");
    let again = || {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_sockspec")]).current_dir(project.root()).stdin(Stdio::null());
        Ran::of(&mut shell)
    };
    // Which client is first is decided by the seed, unless the machine is slow between the two.
    let codes: Vec<Option<i32>> = (0..5).map(|_| again().code).collect();
    assert!(codes.contains(&Some(1)), "`{command}` never shows it again: {codes:?}");
}

#[test]
fn each_verdict_has_its_exit_code() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["stress", "--runs", "5", "--seed", "3"]).exits(0).says("1 spec, 5 runs, 0 differ").says("seed 3");
    project.run(&["stress", "--filter", "nothing"]).exits(4).says("nothing is selected");
    project.run(&["stress", "gone"]).exits(3);
    project.run(&["stress", "--runs", "0"]).exits(64);
    project.run(&["stress", "--time", "5"]).exits(64).says("`60s`");
    project.write("specs/b.yaml", FAILING);
    let failed = project.run(&["stress", "--runs", "5"]).exits(1).says("0 differ, 1 failed").says("specs/b.yaml:5");
    assert!(failed.stdout.contains("sockspec run specs/b.yaml"), "{failed:#?}");
    project.write("specs/c.yaml", INVALID);
    project.run(&["stress", "--runs", "5"]).exits(2).says("1 invalid").says("`lisen`");
    let lacking = ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:");
    project.write("specs/c.yaml", &lacking);
    project.run(&["stress", "specs/c.yaml", "--runs", "5"]).exits(0).says("1 ignored").says("0 specs, 0 runs");
}

#[test]
fn the_time_bounds_it() {
    let slow = ECHO.replace("  - client: close", "  - pause: 30ms\n  - client: close");
    let project = Project::new(&[("specs/a.yaml", &slow), ("specs/b.yaml", &slow)]);
    let began = Instant::now();
    let ran = project.run(&["stress", "--runs", "10000", "--time", "700ms"]).exits(0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let ran = ran.says("the time was up before 2 specs had all 10,000 runs");
    assert!(ran.stdout.starts_with("2 specs, "), "{ran:#?}");
}

/// Runs of one spec do not wait for each other, unless they need the same port.
#[test]
fn one_spec_keeps_all_workers_busy() {
    let slow = ECHO.replace("  - client: close", "  - pause: 100ms\n  - client: close");
    let project = Project::new(&[("specs/a.yaml", &slow)]);
    let began = Instant::now();
    project.run(&["stress", "--runs", "80", "--jobs", "8"]).exits(0).says("1 spec, 80 runs, 0 differ");
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fixed = format!("about: A port.\nsteps:\n  - s: {{bind: \"udp://127.0.0.1:{port}\"}}\n  - pause: 3ms\n");
    project.write("specs/a.yaml", &fixed);
    project.run(&["stress", "--runs", "80", "--jobs", "8"]).exits(0).says("1 spec, 80 runs, 0 differ");
}

#[test]
fn an_interrupt_ends_it_with_what_is_known() {
    let racy = fs::read_to_string(format!("{CONTROLS}/racy/accepted-in-any-order.yaml")).unwrap();
    let project = Project::new(&[("specs/a.yaml", &racy)]);
    let mut command = project.command(&["stress", "--runs", "100000"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(1500));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("1 spec, ") && text.contains("1 differ"), "{text}");
}

/// The plan of a spec.
fn plan_of(source: &SourceFile) -> Plan {
    let spec::Parsed { spec, diagnostics: mut found } = spec::parse(source);
    let cases = plan::cases(&spec, &Settings::default(), &mut found);
    plan::build(&spec, source, "test", &cases[0], &Settings::default(), &mut found)
        .unwrap_or_else(|| panic!("{found:?}"))
}

/// The sizes of the pieces in which each event's bytes went, of a run that must go to its end.
fn pieces(text: &str, perturb: Option<Perturb>, seed: u64) -> Vec<Vec<u64>> {
    let source = SourceFile::new("test.yaml", "test.yaml", text);
    let plan = plan_of(&source);
    let perturb = perturb.map(|what| Perturbation { what, ..Perturbation::of(&plan, seed) });
    let run = Runtime::new().unwrap().execute(&plan, &source, &Options { perturb, ..Options::default() });
    assert_eq!(run.ended, RunEnded::Completed, "{:?}", run.record.failure);
    let mut pieces = Vec::new();
    walk(&run.record.entries, &mut |happened| pieces.push(happened.facts.pieces.clone()));
    pieces
}

fn walk(entries: &[Entry], found: &mut dyn FnMut(&Happened)) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => found(happened),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| walk(&lane.entries, found)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| walk(&group.entries, found)),
            Entry::Retry(entries) => walk(entries, found),
        }
    }
}

/// A payload of 40 bytes from one lane to another.
const LANES: &str = "\
about: One end sends while the other receives.
steps:
  - server: {listen: NET}
  - client: {connect: server}
  - conn: {accept: server}
  - parallel:
      writer:
        - client: {send: {fill: 'ab', size: 40}}
      reader:
        - conn: {recv: {fill: 'ab', size: 40}}
";

#[test]
fn segments_arrive_apart_down_to_a_byte() {
    let only = Perturb { buffers: false, schedule: false, load: false, ..Perturb::ALL };
    for net in ["tcp", "tcp6", "unix"] {
        let text = LANES.replace("NET", net);
        assert_eq!(pieces(&text, None, 0)[3..], [[40], [40]], "{net}");
        let (mut most_sent, mut most_received) = (0, 0);
        for seed in 0..60 {
            let pieces = pieces(&text, Some(only), seed);
            let (sent, received) = (&pieces[3], &pieces[4]);
            assert_eq!((sent.iter().sum::<u64>(), received.iter().sum::<u64>()), (40, 40), "{net}, seed {seed}");
            most_sent = most_sent.max(sent.len());
            most_received = most_received.max(received.len());
        }
        assert_eq!(most_sent, 40, "{net}: no send was cut into single bytes");
        assert!(most_received >= 20, "{net}: at most {most_received} pieces arrived apart");
    }
}

/// Nobody sees the pieces of a record but the kernel: whatever they are, the text arrives.
#[test]
fn records_of_tls_are_cut_too() {
    let tls = "  - conn: {tls: server}\n  - client: {tls: client}\n  - parallel:";
    let text = LANES.replace("NET", "tcp").replace("  - parallel:", tls);
    let only = Perturb { buffers: false, schedule: false, load: false, ..Perturb::ALL };
    for seed in 0..30 {
        // The pieces of a send over TLS are its records.
        assert_eq!(pieces(&text, Some(only), seed)[5], [40], "seed {seed}");
    }
}

/// A long send has many records, and is cut as often as if it had one: each cut takes its time.
#[test]
fn a_long_send_over_tls_is_cut_a_few_times_only() {
    let tls = "  - conn: {tls: server}\n  - client: {tls: client}\n  - parallel:";
    let text = LANES.replace("NET", "tcp").replace("  - parallel:", tls).replace("size: 40", "size: 8MiB");
    let only = Perturb { buffers: false, schedule: false, load: false, ..Perturb::ALL };
    let began = Instant::now();
    for seed in 0..12 {
        pieces(&text, Some(only), seed);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Each piece that waits in a Unix socket takes as much of its buffer as a send of many bytes.
#[test]
fn pieces_do_not_fill_up_a_unix_socket() {
    let few = "  - a: {send: {fill: x, size: 58}}\n  - b: {expect: readable}\n".repeat(3);
    let many = "  - a: {send: {fill: x, size: 4KiB}}\n".repeat(10);
    for sends in [few, many] {
        let text = format!("about: Messages wait.\nsteps:\n  - a: {{pair: b}}\n{sends}");
        for seed in 0..80 {
            let schedule = Perturb { schedule: false, load: false, ..Perturb::ALL };
            pieces(&text, Some(schedule), seed);
            pieces(&text, Some(Perturb { buffers: false, ..schedule }), seed);
        }
    }
}

#[test]
fn a_seed_cuts_in_the_same_places_again() {
    let text = LANES.replace("NET", "tcp");
    let only = Perturb { buffers: false, schedule: false, load: false, ..Perturb::ALL };
    for seed in 0..20 {
        let (once, again) = (pieces(&text, Some(only), seed), pieces(&text, Some(only), seed));
        assert_eq!(once[3], again[3], "seed {seed}");
    }
}

/// What no perturbation touches, since the step is about it.
#[test]
fn steps_whose_subject_is_a_perturbation_are_left_alone() {
    let connected = "about: X.\nKEYS\nsteps:\n  - server: {listen: tcp}\n  - client: {connect: server}\n  - conn: {accept: server}\n";
    let cases = [
        (
            "",
            "  - client: {send: {fill: x, size: 40}, more: true}\n  - client: {send: {fill: x, size: 40}, more: true}\n",
        ),
        ("", "  - client: {send: {fill: x, size: 40}, nonblocking: true}\n"),
        ("", "  - client: {send: {fill: x, size: 40}, blocking: true}\n"),
        ("", "  - client: {send: {fill: x, size: 40}, fails: [EPIPE, none]}\n"),
        ("", "  - client: {set: {TCP_CORK: true}}\n  - client: {send: {fill: x, size: 40}}\n"),
        ("", "  - client: {set: {TCP_NODELAY: false}}\n  - client: {send: {fill: x, size: 40}}\n"),
        ("", "  - conn: {set: {SO_RCVBUF: 4096}}\n  - client: {send: {fill: x, size: 40}}\n"),
        ("", "  - client: {send: {fill: x, size: 40}}\n  - client: {expect: {unsent: 0}}\n"),
        ("", "  - conn: close\n  - client: {send: {fill: x, size: 40}}\n"),
        ("perturb: {segments: false, why: it must be so}", "  - client: {send: {fill: x, size: 40}}\n"),
    ];
    for (keys, steps) in cases {
        let text = connected.replace("KEYS\n", &format!("{keys}\n")) + steps;
        let source = SourceFile::new("test.yaml", "test.yaml", text.as_str());
        let plan = plan_of(&source);
        let mut runtime = Runtime::new().unwrap();
        for seed in 0..40 {
            let perturb = Some(Perturbation::of(&plan, seed));
            let run = runtime.execute(&plan, &source, &Options { perturb, ..Options::default() });
            assert_eq!(run.ended, RunEnded::Completed, "{steps}: {:?}", run.record.failure);
            walk(&run.record.entries, &mut |happened| {
                assert!(happened.facts.pieces.len() <= 1, "{steps} was cut: {:?}", happened.facts.pieces);
            });
        }
    }
}

/// Lanes create their endpoints in whatever order; the trace lists them in that of the spec.
#[test]
fn the_end_of_a_trace_does_not_hang_on_the_order_of_lanes() {
    let spec = "\
about: Clients that stay open.
steps:
  - server: {listen: tcp}
  - parallel:
      one:
        - ann: {connect: server}
        - parallel:
            inner: [{left: {connect: server}}]
            other: [{right: {connect: server}}]
      two:
        - bob: {connect: server}
  - conn: {accept: server, from: bob}
";
    let project = Project::new(&[("specs/a.yaml", spec)]);
    project.run(&["stress", "--runs", "60"]).exits(0).says("0 differ");
    project.run(&["run", "--update", "all"]);
    let trace = project.trace("snapshots/a.snap").unwrap();
    let end = "end       server open, ann open, left open, right open, bob open, conn open\n";
    assert!(trace.ends_with(end), "{trace}");
}

fn happened(line: u32, endpoint: &str, words: &str) -> Entry {
    let what = What::Words(words.to_owned());
    let event = Event { endpoint: endpoint.to_owned(), what, fails: Vec::new(), wire: Vec::new() };
    Entry::Event(Happened { line, file: None, order: 0, began: 0, took: 0, event, facts: Facts::default() })
}

fn record(entries: Vec<Entry>, failure: Option<Failure>) -> Record {
    Record { version: VERSION, test: "racy".to_owned(), entries, end: Vec::new(), failure }
}

/// What came of a racy spec, of one that always fails and of sound ones.
fn ended() -> Ended {
    let start = |more: Vec<Entry>| {
        let mut entries = vec![happened(3, "server", "listen tcp"), happened(4, "client", "connect server")];
        entries.extend(more);
        entries
    };
    let accepted = |name: &str| {
        let greeting = format!("recv 24 \"Good morning, I am {name}.\\n\"");
        start(vec![happened(5, "conn", &format!("accept {name}")), happened(6, "conn", &greeting)])
    };
    let message = "conn received something else than \"Good morning, I am ann.\\n\"".to_owned();
    let failure = Failure { line: 6, message, ..Failure::default() };
    let mut racy = Tally::new("racy".to_owned());
    racy.count(record(accepted("ann"), None), None);
    for seed in 100..300 {
        match seed % 9 {
            4 => racy.count(record(accepted("bob"), None), Some(seed)),
            7 => racy.count(record(start(Vec::new()), Some(failure.clone())), Some(seed)),
            _ => racy.count(record(accepted("ann"), None), Some(seed)),
        }
    }
    let refused =
        Failure { line: 4, message: "client: connect failed with ECONNREFUSED".to_owned(), ..Failure::default() };
    let mut failing = Tally::new("failing".to_owned());
    let mut sound = Tally::new("sound".to_owned());
    for seed in [None].into_iter().chain((100..300).map(Some)) {
        failing.count(record(Vec::new(), Some(refused.clone())), seed);
        sound.count(record(accepted("ann"), None), seed);
    }
    let path = |name: &str| PathBuf::from(format!("tests/data/stress/golden/{name}.yaml"));
    let spec = |index, name, tally| Stressed { index, path: path(name), tests: vec![tally], invalid: None };
    let specs = vec![spec(0, "racy", racy), spec(1, "failing", failing), spec(2, "sound", sound)];
    Ended { specs, timed_out: false, took: Duration::from_millis(12_340) }
}

#[test]
fn the_report_fits_the_terminal() {
    for (width, color) in [(80, false), (60, false), (80, true)] {
        let style = Style { color, width };
        let options = report::Options { style, seed: 100, runs: 200, tests: 3, arguments: " --var who=ann" };
        let text = report::text(&ended(), &options);
        if color {
            insta::assert_snapshot!("stress_colored", text);
            continue;
        }
        insta::assert_snapshot!(format!("stress_{width}"), text);
        // A command is not folded, so that it can be copied.
        let long: Vec<&str> =
            text.lines().filter(|line| line.chars().count() > width && !line.contains("sockspec ")).collect();
        assert!(long.is_empty(), "over {width} columns: {long:#?}");
    }
}

#[test]
fn the_report_for_machines_says_the_same() {
    let options = report::Options { style: Style::default(), seed: 100, runs: 200, tests: 3, arguments: "" };
    let report: Value = serde_json::from_str(&report::json(&ended(), &options)).unwrap();
    assert_eq!(verdicts(&report), [("racy", "differs"), ("failing", "failed"), ("sound", "same")]);
    let racy = &report["tests"][0];
    let counts: Vec<u64> = racy["ways"].as_array().unwrap().iter().map(|way| way["runs"].as_u64().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 200);
    assert_eq!(racy["command"], "sockspec stress tests/data/stress/golden/racy.yaml --seed 103 --runs 1");
    assert_eq!(racy["step"]["line"], 5);
}
