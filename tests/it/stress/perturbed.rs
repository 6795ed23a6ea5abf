//! What is done to a run, and what is left alone.

use std::time::{Duration, Instant};

use sockspec::exec::{Ended as RunEnded, Options, Perturbation, Runtime};
use sockspec::model::perturb::Perturb;
use sockspec::plan::{self, Plan, Settings};
use sockspec::source::SourceFile;
use sockspec::spec;
use sockspec::trace::record::{Entry, Happened};

use crate::project::Project;

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
    // If each record were, that would take several minutes.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
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
