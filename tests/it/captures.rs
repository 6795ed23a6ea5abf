//! `run --pcap`: what crossed isolated networks, as tshark reads it. Where the machine does not allow
//! isolated networks, or has no tshark, there is nothing to look at.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sockspec::trace::record::Record;

use crate::project::{ECHO, Project, Ran};

const ISOLATED: &str = "\
about: A reset reaches the client.
matrix: {net: [tcp4, tcp6]}
network: isolated
steps:
  - server: {listen: '${net}'}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: ping}
  - conn: {recv: ping}
  - conn: reset
  - client: {expect: reset}
";

const HOSTS: &str = "\
about: Nobody listens on the other host.
network: {hosts: {east: 10.0.0.1, west: 10.0.0.2}}
steps:
  - server: {listen: tcp, host: east}
  - server: close
  - client: {connect: server, host: west, fails: ECONNREFUSED}
";

/// A step of its own does otherwise than written.
const FAILED: &str = "\
about: Nobody listens.
network: isolated
steps:
  - client: {connect: 'tcp://127.0.0.1:9'}
";

fn can_isolate() -> bool {
    sockspec::exec::can_isolate().is_ok()
}

/// Fields of each frame that a filter takes, one line a frame; `None` where there is no tshark.
fn tshark(file: &Path, filter: &str, fields: &[&str]) -> Option<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-Y", filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn every_test_on_an_isolated_network_has_its_file() {
    if !can_isolate() {
        return;
    }
    let files = [("specs/tcp/reset.yaml", ISOLATED), ("specs/failed.yaml", FAILED), ("specs/host.yaml", ECHO)];
    let project = Project::new(&files);
    project.run(&["run", "--pcap", "captures"]).exits(1).says("1 failed, 3 new");
    let files = ["captures/failed.pcapng", "captures/tcp/reset@net=tcp4.pcapng", "captures/tcp/reset@net=tcp6.pcapng"];
    assert!(files.iter().all(|file| project.exists(file)), "those that failed or are new, too");
    assert!(!project.exists("captures/host.pcapng"), "others send on the machine's network, too");
    assert_eq!(fs::read_dir(project.path("captures/tcp")).unwrap().count(), 2, "and nothing else");
    for file in &files[1..] {
        let Some(frames) =
            tshark(&project.path(file), "tcp", &["frame.interface_name", "tcp.flags.reset", "frame.comment"])
        else {
            return;
        };
        let resets: Vec<&String> = frames.iter().filter(|frame| is_set(field(frame, 1))).collect();
        assert_eq!(resets.len(), 1, "each frame stands there once: {frames:#?}");
        assert!(frames.iter().all(|frame| field(frame, 0) == "lo"), "{frames:#?}");
        assert!(field(resets[0], 2).contains("conn reset"), "the step that caused it: {resets:?}");
        assert!(field(&frames[0], 2).contains("client > server"), "its endpoints: {frames:#?}");
    }
}

fn field(line: &str, index: usize) -> &str {
    line.split('\t').nth(index).unwrap_or_default()
}

#[test]
fn each_host_is_an_interface() {
    if !can_isolate() {
        return;
    }
    let project = Project::new(&[("specs/hosts.yaml", HOSTS)]);
    project.run(&["run", "--pcap", "captures"]).exits(1).says("1 new");
    let Some(frames) =
        tshark(&project.path("captures/hosts.pcapng"), "tcp", &["frame.interface_name", "ip.src", "tcp.flags.reset"])
    else {
        return;
    };
    let shown: Vec<_> = frames.iter().map(|frame| (field(frame, 0), field(frame, 1))).collect();
    assert_eq!(shown, [("west", "10.0.0.2"), ("east", "10.0.0.1")], "the frame stands where it was sent");
    assert!(is_set(field(&frames[1], 2)), "{frames:?}");
}

#[test]
fn a_capture_that_cannot_be_written_is_told_once_and_the_verdicts_stand() {
    if !can_isolate() {
        return;
    }
    let project = Project::new(&[("specs/reset.yaml", ISOLATED), ("specs/host.yaml", ECHO), ("in-the-way", "")]);
    project.run(&["run", "--update", "all"]).exits(0);
    let ran = project.run(&["run", "--pcap", "in-the-way"]).exits(3).says("3 passed");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: cannot write in-the-way/reset@net=tcp"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("; another capture could not be written either\n"), "{}", ran.stderr);
}

#[test]
fn an_ordinary_user_has_captures_or_is_told_why_not() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let project = Project::new(&[("specs/reset.yaml", ISOLATED)]);
    project.run(&["run", "--update", "all"]).exits(0);
    fs::set_permissions(project.root(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sockspec"), project.path("sockspec")).unwrap();
    let mut command = Command::new(project.path("sockspec"));
    command.args(["run", "--pcap", "captures", "--update", "no"]).current_dir(project.root()).uid(NOBODY).gid(NOBODY);
    let ran = Ran::of(&mut command).exits(0);
    if ran.stdout.contains("2 passed") {
        assert!(project.exists("captures/reset@net=tcp6.pcapng"));
    } else {
        assert!(ran.stdout.contains("needs an isolated network: ") && ran.stdout.contains("2 ignored"), "{ran:#?}");
    }
}

/// The files below a folder whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// How many lines of a trace tell of a segment with this flag.
fn told(trace: &str, flag: &str) -> usize {
    let segments = trace.lines().filter_map(|line| line.trim_start().strip_prefix("wire "));
    segments.filter(|segment| segment.split_whitespace().any(|word| word == flag)).count()
}

#[test]
fn tshark_agrees_with_the_traces_of_the_bundled_specs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wire: Vec<PathBuf> = files(&root.join("specs"), ".yaml")
        .into_iter()
        .filter(|spec| fs::read_to_string(spec).unwrap().contains("\nwire: true"))
        .collect();
    assert!(!wire.is_empty());
    if !can_isolate() {
        return;
    }
    let folder = Project::new(&[]);
    let mut command = folder.command(&["run", "--update", "no", "--pcap", "captures", "--record", "records"]);
    Ran::of(command.args(&wire)).exits(0);
    let captures = files(&folder.path("captures"), ".pcapng");
    // It takes tshark a third of a second to start.
    std::thread::scope(|scope| {
        for some in captures.chunks(captures.len().div_ceil(4)) {
            scope.spawn(|| some.iter().for_each(|capture| assert_agrees(&folder, capture)));
        }
    });
}

/// That tshark sees as many segments of a kind as the trace tells of.
fn assert_agrees(folder: &Project, capture: &Path) {
    let below = capture.strip_prefix(folder.path("captures")).unwrap().with_extension("json");
    let record = fs::read_to_string(folder.path("records").join(&below)).unwrap();
    let trace = sockspec::trace::text_of(&Record::from_json(&record).unwrap());
    // Iterations that are alike are told once.
    if trace.contains("\nrepeat ") {
        return;
    }
    let fields = [
        "tcp.flags.syn",
        "tcp.flags.fin",
        "tcp.flags.reset",
        "tcp.flags.ack",
        "tcp.analysis.retransmission",
        "tcp.stream",
        "tcp.srcport",
    ];
    let Some(mut frames) = tshark(capture, "tcp", &fields) else { return };
    // What a try that failed has sent is not told: connects that nobody listened for yet.
    if trace.contains("\nretry\n") {
        let answers = |frame: &&String| is_set(field(frame, 0)) && is_set(field(frame, 3));
        let open: HashSet<_> = frames.iter().filter(answers).map(|frame| field(frame, 5).to_owned()).collect();
        frames.retain(|frame| open.contains(field(frame, 5)));
    }
    let mut answered = HashSet::new();
    frames.retain(|frame| {
        // Where both connect at once, tshark takes the SYN ACK for a SYN that is sent again: it
        // has the same number, RFC 9293 figure 7. The first from each side is not.
        let answers = is_set(field(frame, 0)) && is_set(field(frame, 3));
        let first = answers && answered.insert((field(frame, 5).to_owned(), field(frame, 6).to_owned()));
        first || field(frame, 4).is_empty()
    });
    for (column, flag) in ["SYN", "FIN", "RST"].into_iter().enumerate() {
        let seen = frames.iter().filter(|frame| is_set(field(frame, column))).count();
        assert_eq!(seen, told(&trace, flag), "{flag} of {}:\n{trace}", below.display());
    }
}

/// Versions of tshark differ in how they show a flag.
fn is_set(flag: &str) -> bool {
    matches!(flag, "1" | "True")
}
