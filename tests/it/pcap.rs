//! `sockspec record --pcap`: captures of sockspec's own, and of other programs, become specs that pass.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sockspec::model::address::Address;
use sockspec::record::capture::{self, Choice};
use sockspec::record::{Side, What};

use crate::project::Project;

/// A session with lines, a half-close and an end.
const LINES: &str = "\
about: Lines.
network: isolated
steps:
  - server: {listen: \"tcp://127.0.0.1:25\"}
  - client: {connect: server}
  - conn: {accept: server}
  - conn: {send: \"220 ready\\r\\n\"}
  - client: {recv: \"220 ready\\r\\n\"}
  - client: {send: \"EHLO me\\r\\n\"}
  - conn: {recv: \"EHLO me\\r\\n\"}
  - conn: {send: \"250-one\\r\\n250 two\\r\\n\"}
  - client: {recv: \"250-one\\r\\n250 two\\r\\n\"}
  - client: {shutdown: write}
  - conn: {expect: eof}
  - conn: {send: \"221 bye\\r\\n\"}
  - client: {recv: \"221 bye\\r\\n\"}
  - conn: close
  - client: {expect: eof}
  - client: close
";

/// One that ends in a reset, after bytes that are no text, and a refusal.
const RESET: &str = "\
about: A reset.
network: isolated
steps:
  - server: {listen: \"tcp6://[::1]:9\"}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: {hex: 00 01 02 ff}}
  - conn: reset
  - client: {expect: reset}
";

/// Much in both directions, on a network that loses a part of it.
const LOSSY: &str = "\
about: A transfer that is cut off for a while.
network: {hosts: {a: 10.0.0.1, b: 10.0.0.2}}
steps:
  - server: {listen: \"tcp://10.0.0.1:80\", host: a}
  - client: {connect: server, host: b}
  - conn: {accept: server}
  - parallel:
      sender:
        - client: {send: {random: 2MiB, seed: 1}}
        - client: {shutdown: write}
      receiver:
        - conn: {recv: {bytes: 64KiB}}
        - link: {b: silent}
        - link: {b: up}
        - conn: {recv: {rest: true}}
  - conn: close
";

const DATAGRAMS: &str = "\
about: Datagrams.
network: isolated
steps:
  - server: {bind: \"udp://127.0.0.1:53\"}
  - client: {connect: server}
  - client: {send: who?}
  - server: {recv: who?, sender: x}
  - server: {send: me, to: x}
  - client: {recv: me}
";

/// A project with the capture of a spec in it; `None` where the machine allows no isolated network.
fn captured(spec: &str) -> Option<Project> {
    sockspec::exec::can_isolate().ok()?;
    let project = Project::new(&[("heard.yaml", spec)]);
    project.run(&["run", "heard.yaml", "--pcap", "cap", "--update", "all"]).exits(0);
    Some(project)
}

/// The steps of the spec that was recorded, which passes.
fn steps(project: &Project, spec: &str) -> String {
    project.run_in_ci(&["run", spec, "--repeat", "20"]).exits(0);
    project.run(&["check", spec]).exits(0).says("nothing to find fault with");
    project.run(&["fmt", "--check", spec]).exits(0);
    let text = fs::read_to_string(project.path(spec)).unwrap();
    text.split_once("steps:\n").unwrap().1.to_owned()
}

#[test]
fn captures_of_our_own_become_specs_that_pass() {
    for (spec, name) in [(LINES, "lines"), (RESET, "reset"), (DATAGRAMS, "datagrams")] {
        let Some(project) = captured(spec) else { return };
        let told = project.run(&["record", "--pcap", "cap/heard.pcapng", "-o", "specs/a.yaml"]).exits(0);
        assert!(told.says("verified  it passed").stderr.is_empty());
        insta::assert_snapshot!(format!("of_{name}"), steps(&project, "specs/a.yaml"));
    }
}

#[test]
fn a_spec_that_plays_one_side_talks_to_nobody_while_it_is_made() {
    let Some(project) = captured(LINES) else { return };
    for (side, why) in [("client", "a capture talks to nobody"), ("server", "nobody here runs its client")] {
        let spec = format!("specs/{side}.yaml");
        let told = project.run(&["record", "--pcap", "cap/heard.pcapng", "-o", &spec, "--side", side]).exits(0);
        assert!(told.says(why).stdout.contains("not verified"));
        project.run(&["check", &spec]).exits(0);
        assert!(!project.exists(&format!("snapshots/{side}.snap")));
    }
}

#[test]
fn what_was_lost_on_the_way_and_came_again_is_there_once() {
    let Some(project) = captured(LOSSY) else { return };
    let capture = capture::read(&project.path("cap/heard.pcapng"), &Choice::default()).unwrap();
    let sent = capture.conversation.bytes(0, Side::Client);
    assert_eq!(sent.len(), 2 << 20);
    let ended = |what: &What| matches!(what, What::Ended { by: Side::Client, .. });
    assert!(capture.conversation.events.iter().any(|event| ended(&event.what)));
}

#[test]
fn wrong_usage_and_files_that_are_no_captures() {
    let project = Project::new(&[("a.txt", "no capture"), ("specs/there.yaml", "")]);
    let record = |arguments: &[&str]| project.run(&[&["record", "--pcap"], arguments].concat());
    record(&["a.txt", "-o", "specs/a.yaml"]).exits(3).says("cannot read a.txt: it is no capture");
    record(&["gone", "-o", "specs/a.yaml"]).exits(3).says("cannot read gone");
    record(&["a.txt", "-o", "specs/there.yaml"]).exits(64).says("is there already");
    record(&["a.txt", "-o", "a.txt"]).exits(64).says("`a.txt.yaml`");
    record(&["a.txt", "-o", "a.yaml", "--listen", "tcp"]).exits(64).says("--listen");
    project.run(&["record", "-o", "a.yaml", "--from", "tcp"]).exits(64);
    project.run(&["record", "-o", "a.yaml"]).exits(64).says("--to");
    assert!(!project.exists("specs/a.yaml"));
}

/// A server that answers each line twice, and says goodbye at the end.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut out = stream.try_clone().unwrap();
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = out.write_all(format!("{line}\n{line}\n").as_bytes());
            }
            let _ = out.write_all(b"bye\n");
        }
    });
    address
}

/// A client that says two lines, and ends; from a port that is given.
fn speak(server: SocketAddr) -> SocketAddr {
    let mut stream = TcpStream::connect(server).unwrap();
    let own = stream.local_addr().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for word in ["hello\n", "world\n"] {
        stream.write_all(word.as_bytes()).unwrap();
        for _ in 0..2 {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            assert_eq!(line, word);
        }
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye\n");
    own
}

/// A program that captures.
struct Capturing(Child);

impl Capturing {
    /// Starts it. `None` where it is not installed, or may not.
    fn start(command: &[String]) -> Option<Self> {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut said = BufReader::new(child.stderr.take()?);
        loop {
            let mut line = String::new();
            if said.read_line(&mut line).ok()? == 0 {
                let _ = child.wait();
                return None;
            }
            if line.contains("listening on") || line.starts_with("File:") {
                // It may say more, and must not be stopped by nobody reading it.
                thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
                return Some(Self(child));
            }
        }
    }

    fn stop(mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let _ = self.0.wait();
    }
}

/// Whether the capture has the whole of a client's conversation.
fn has(file: &Path, client: SocketAddr) -> bool {
    let choice = Choice { from: Some(Address::parse(&format!("tcp://{client}")).unwrap()), to: None };
    let Ok(capture) = capture::read(file, &choice) else { return false };
    let ends = capture.conversation.events.iter().filter(|event| matches!(event.what, What::Ended { .. }));
    ends.count() == 2
}

/// Captures with a program, into a file of that name, and makes a spec of it.
fn capture_with(program: &[&str], name: &str) {
    let server = serve();
    let project = Project::new(&[]);
    let file = project.path(name);
    let filter = format!("tcp port {}", server.port());
    let command = program.iter().map(|word| match *word {
        "FILE" => file.display().to_string(),
        "FILTER" => filter.clone(),
        word => word.to_owned(),
    });
    let Some(capturing) = Capturing::start(&command.collect::<Vec<_>>()) else { return };
    // Some say that they have begun before they have.
    let begun = Instant::now();
    let client = loop {
        let client = speak(server);
        let tried = Instant::now();
        while !has(&file, client) && tried.elapsed() < Duration::from_secs(3) {
            thread::yield_now();
        }
        if has(&file, client) {
            break client;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{program:?} captures nothing");
    };
    capturing.stop();
    let from = format!("tcp://{client}");
    project.run(&["record", "--pcap", name, "-o", "specs/a.yaml", "--from", &from]).exits(0).says("verified");
    let steps = steps(&project, "specs/a.yaml");
    for words in [
        "- client: {send: \"hello\\n\"}",
        "- conn:   {send: \"hello\\nhello\\n\"}",
        "- client: {shutdown: write}",
        "- conn:   {send: \"bye\\n\"}",
    ] {
        assert!(steps.contains(words), "{program:?}: no {words} in {steps}");
    }
}

#[test]
fn captures_of_tcpdump_on_the_loopback_device() {
    capture_with(&["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", "FILE", "FILTER"], "a.pcap");
}

#[test]
fn captures_of_tcpdump_on_all_devices() {
    for link in ["LINUX_SLL", "LINUX_SLL2"] {
        capture_with(&["tcpdump", "-i", "any", "-y", link, "-U", "--immediate-mode", "-w", "FILE", "FILTER"], "a.pcap");
    }
}

#[test]
fn captures_of_dumpcap() {
    capture_with(&["dumpcap", "-i", "lo", "-w", "FILE", "-f", "FILTER"], "a.pcapng");
    capture_with(&["dumpcap", "-P", "-i", "lo", "-w", "FILE", "-f", "FILTER"], "a.pcap");
}

#[test]
fn a_server_is_chosen_where_there_are_several() {
    let spec = LINES.replace("steps:\n", "steps:\n  - other: {bind: \"udp://127.0.0.1:99\"}\n  - who: {connect: other}\n  - who: {send: x}\n  - other: {recv: x}\n");
    let Some(project) = captured(&spec) else { return };
    let record =
        |more: &[&str]| project.run(&[&["record", "--pcap", "cap/heard.pcapng", "-o", "specs/a.yaml"], more].concat());
    let told = record(&[]).exits(64).says("several servers; choose one").says("--to udp://127.0.0.1:99");
    assert!(told.stderr.contains("--to tcp://127.0.0.1:25    1 connection, "), "{told:?}");
    record(&["--to", "tcp://127.0.0.1:26"]).exits(64).says("is the one that is meant");
    record(&["--to", "tcp://127.0.0.1:25"]).exits(0).says("verified");
    record(&["--to", "udp", "--force"]).exits(0).says("verified");
}
