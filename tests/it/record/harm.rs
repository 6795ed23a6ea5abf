//! What goes wrong while something is recorded, and what nobody can repeat.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::{answer_lines, record, serve, take, tcp, with_client};
use crate::project::Project;

const PING: &str = "client: {connect: \"${server}\"}
client: {send: \"ping\\n\"}
client: {recv: {until: \"\\n\"}}
client: close";

fn echo() -> String {
    tcp(serve(|stream, _| answer_lines(stream, |line| format!("{line}\n"))))
}

#[test]
fn what_cannot_work_is_said_before_anybody_waits() {
    let project = Project::new(&[("specs/there.yaml", "")]);
    let refused = |arguments: &[&str], words: &str| {
        project.run(&[&["record"], arguments].concat()).exits(64).says(words);
    };
    refused(&["--to", "tcp://127.0.0.1:1", "-o", "specs/there.yaml"], "`--force`");
    refused(&["--to", "tcp://127.0.0.1:1", "-o", "specs/a"], "write `specs/a.yaml`");
    refused(&["--to", "tcp", "-o", "specs/a.yaml"], "names no server");
    refused(&["--to", "tcp://127.0.0.1:0", "-o", "specs/a.yaml"], "needs the server's port");
    refused(&["--to", "tcp://localhost:1", "-o", "specs/a.yaml"], "names are not looked up");
    refused(&["--to", "unixgram:x", "-o", "specs/a.yaml"], "cannot be recorded");
    refused(&["--to", "127.0.0.1:6379", "-o", "specs/a.yaml"], "write `tcp://127.0.0.1:6379`");
    let to = ["--to", "tcp://127.0.0.1:1", "-o", "specs/a.yaml"];
    refused(&[&["--listen", "udp"], &to[..]].concat(), "`--listen udp` cannot pass anything on");
    refused(&[&["--listen", "unixgram"], &to[..]].concat(), "`unixgram` cannot be recorded");
    refused(&[&["--connections", "0"], &to[..]].concat(), "at least one client");
    refused(&[&to[..], &["--", "nc", "{hots}", "{port}"]].concat(), "write `{host}`");
    refused(&["--to", "tcp://127.0.0.1:1", "-o", "specs/"], "`specs/` is a folder");
    refused(&["--to", "tcp://127.0.0.1:1", "-o", "specs"], "`specs` is a folder");
    fs::create_dir(project.path("specs/folder.yaml")).unwrap();
    refused(&["--to", "tcp://127.0.0.1:1", "--force", "-o", "specs/folder.yaml"], "is a folder");
    fs::write(project.path("file"), "").unwrap();
    let unwritable = |output: &str, words: &str| {
        project.run(&["record", "--to", "tcp://127.0.0.1:1", "-o", output]).exits(3).says(words);
    };
    unwritable("file/a.yaml", "cannot write `file/a.yaml`");
    unwritable("/proc/a.yaml", "cannot write `/proc/a.yaml`");
    fs::write(project.path("snapshots"), "").unwrap();
    unwritable("specs/a.yaml", "snapshots/a.snap`: ");
    fs::remove_file(project.path("snapshots")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = tcp(taken.local_addr().unwrap());
    project
        .run(&["record", "--listen", &taken, "--to", "tcp://127.0.0.1:1", "-o", "specs/a.yaml"])
        .exits(3)
        .says("cannot listen at");
    assert!(!project.exists("specs/a.yaml"));
}

#[test]
fn nobody_listens() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = with_client("client: {connect: \"${server}\"}\nclient: {expect: [eof, reset]}");
    for side in ["client", "server", "both"] {
        let ran = record(&project, &tcp(gone), &["--side", side]).exits(1);
        assert!(ran.stderr.contains(&format!("tcp://{gone} refused the connection (ECONNREFUSED)")), "{ran:?}");
        assert!(ran.stderr.contains("so nothing was written: start the server"), "{ran:?}");
        assert!(
            ran.stderr.contains(&format!("`client: {{connect: \"tcp://{gone}\", fails: ECONNREFUSED}}`")),
            "{ran:?}"
        );
        assert!(!project.exists("specs/a.yaml"));
    }
}

/// The first datagram finds nobody, and the client hears that, as it would without the proxy.
#[test]
fn a_datagram_that_finds_nobody_is_refused() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = with_client(
        "client: {connect: \"${server}\"}\nclient: {send: ping}\nclient: {recv: {rest: true}, fails: ECONNREFUSED}",
    );
    let ran = record(&project, &format!("udp://{gone}"), &[]).exits(1);
    assert!(ran.stderr.contains(&format!("nobody answered at udp://{gone}")), "{ran:?}");
    let is_untold = ran.stderr.contains("the client has heard nothing");
    // Its own run says whether it was refused: it has, unless this process may not say so.
    assert!(is_untold || ran.stdout.contains("1 new"), "{ran:?}");
    assert!(!project.exists("specs/a.yaml"));
}

#[test]
fn an_answer_that_depends_on_whom_it_was_given_before_is_no_spec() {
    let server = serve(|stream, number| answer_lines(stream, |_| if number == 0 { "first\n" } else { "" }.to_owned()));
    let project = with_client(PING);
    let ran = record(&project, &tcp(server), &[]).exits(1);
    assert!(ran.stderr.contains("the spec does not pass each time"), "{ran:?}");
    assert!(ran.stderr.contains("specs/a.yaml:"), "the step is named: {ran:?}");
    assert!(project.exists("specs/a.yaml") && !project.exists("snapshots/a.snap"));
    assert!(!project.exists("snapshots/a.snap.new"));
}

/// The spec has what the client has got, and says that no replay has got it.
fn refused(server: &str, client: &str, steps: &[&str], words: &str) {
    let project = with_client(client);
    let ran = record(&project, server, &[]).exits(1).says("does not answer a replay as it answered the client");
    assert!(ran.stderr.contains(words) && !ran.stdout.contains("verified"), "{ran:?}");
    assert!(!project.exists("snapshots/a.snap"));
    let written = super::steps(&project, server);
    for step in steps {
        assert!(written.contains(step), "no {step} in {written}");
    }
}

#[test]
fn a_computed_answer_is_not_said_twice() {
    let server = tcp(serve(|stream, number| {
        let nonce = format!("{:016x}", (number as u64 + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let answer: String = nonce.chars().rev().collect();
        (&stream).write_all(format!("NONCE {nonce}\r\n").as_bytes())?;
        answer_lines(stream, |line| match line.strip_prefix("ANSWER ") {
            Some(said) if said == answer => "200 welcome\r\n".to_owned(),
            Some(_) => "535 denied\r\n".to_owned(),
            None => "221 bye\r\n".to_owned(),
        })
    }));
    // The expressions of specs cannot turn a text round, but the rows of the first nonce are known.
    let nonce = format!("{:016x}", 7_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let answer: String = nonce.chars().rev().collect();
    refused(
        &server,
        &format!(
            "client: {{connect: \"${{server}}\"}}
client: {{recv: \"NONCE {nonce}\\r\\n\"}}
client: {{send: \"ANSWER {answer}\\r\\n\"}}
client: {{recv: \"200 welcome\\r\\n\"}}
client: {{send: \"QUIT\\r\\n\"}}
client: {{recv: \"221 bye\\r\\n\"}}
client: close"
        ),
        &[
            "recv: [\"NONCE \", {until: ",
            "  # In the recording the client heard \"200 welcome\\r\\n\", and",
            "recv: \"200 welcome\\r\\n\"}\n",
        ],
        "answers a challenge",
    );
}

#[test]
fn what_can_be_done_once_is_no_spec() {
    let made = std::sync::Mutex::new(std::collections::HashSet::new());
    let server = tcp(serve(move |stream, _| {
        answer_lines(stream, |line| {
            let is_new = made.lock().unwrap().insert(line.to_owned());
            if is_new { "201 created x\n".to_owned() } else { "409 x exists already\n".to_owned() }
        })
    }));
    let client = PING.replace("ping", "CREATE x");
    refused(&server, &client, &["recv: \"201 created x\\n\"}\n"], "409 x exists already");
}

#[test]
fn a_number_that_was_another_one_the_first_time_is_told_of() {
    let server = tcp(serve(|stream, number| answer_lines(stream, move |_| format!(":{}\r\n", u8::from(number == 0)))));
    let project = with_client(PING);
    let ran = record(&project, &server, &[]).exits(0).says("verified");
    let note = "note: the client heard \":1\\r\\n\", and each replay \":0\\r\\n\"; the spec takes both";
    assert!(ran.stderr.contains(note), "{ran:?}");
}

#[test]
fn a_server_is_left_alone_if_that_is_asked_for() {
    let server = serve(|mut stream, number| {
        assert_eq!(number, 0, "it was played again");
        take(&mut stream, 5)?;
        stream.write_all(b"it is Mon, 23 Nov 2026 06:10:01 GMT\n")
    });
    let project = with_client(PING);
    record(&project, &tcp(server), &["--replays", "0"]).exits(0).says("not verified");
    assert!(!project.exists("snapshots/a.snap"));
}

#[test]
fn tls_is_told_of() {
    let server = serve(|mut stream, _| {
        take(&mut stream, 6)?;
        stream.write_all(b"\x15\x03\x03\x00\x02\x02\x28")
    });
    let project = with_client(
        "client: {connect: \"${server}\"}\nclient: {send: {hex: \"16 03 01 00 02 01 00\"}}\nclient: {recv: {bytes: 7}}",
    );
    record(&project, &tcp(server), &[]).exits(1).says("this is TLS");
    assert!(!project.exists("specs/a.yaml"));
}

/// Starts a recording without a client, and gives the address that it tells.
fn start(
    project: &Project,
    server: &str,
    more: &[&str],
) -> (std::process::Child, String, BufReader<std::process::ChildStdout>) {
    let arguments = [&["record", "--to", server, "-o", "specs/a.yaml"], more].concat();
    let mut child = project.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening ").unwrap().trim().to_owned();
    (child, address, output)
}

fn interrupt(child: &std::process::Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn an_interrupt_before_anybody_came_leaves_nothing() {
    let project = Project::new(&[]);
    let (mut child, _, _) = start(&project, &echo(), &[]);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!project.exists("specs"));
}

#[test]
fn an_interrupt_ends_a_recording_that_is_written_all_the_same() {
    let project = Project::new(&[]);
    let (mut child, address, _output) = start(&project, &echo(), &[]);
    let mut client = std::net::TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
    client.write_all(b"ping\n").unwrap();
    take(&mut client, 5).unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    project.run(&["run", "--update", "no", "--repeat", "20", "specs/a.yaml"]).exits(0);
}

#[test]
fn a_recording_waits_for_as_many_clients_as_it_is_told_to() {
    let project = Project::new(&[]);
    let (mut child, address, _output) = start(&project, &echo(), &["--connections", "2"]);
    let connect = || std::net::TcpStream::connect(address.strip_prefix("tcp://").unwrap());
    let mut clients = [connect().unwrap(), connect().unwrap()];
    for client in &mut clients {
        client.write_all(b"ping\n").unwrap();
        take(client, 5).unwrap();
    }
    let third = connect().and_then(|mut third| take(&mut third, 1));
    assert!(third.is_err(), "a third client is turned away");
    drop(clients);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let text = fs::read_to_string(project.path("specs/a.yaml")).unwrap();
    assert_eq!(text.matches("connect:").count(), 2, "{text}");
}

#[test]
fn a_recording_that_replaces_another_leaves_nothing_of_it() {
    let upload = "client: {connect: \"${server}\"}
client: {send: {random: 5000, seed: 1}}
client: {shutdown: write}
client: {recv: \"ok\\n\"}
client: close";
    let project = with_client(upload);
    let server = serve(|mut stream, _| {
        let mut taken = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut taken)?;
        stream.write_all(b"ok\n")
    });
    record(&project, &tcp(server), &[]).exits(0).says("wrote     specs/a.1.bin  (5000 bytes that it sends)");
    assert!(project.exists("snapshots/a.snap"));
    fs::write(project.path("specs/a.txt.bin"), "of somebody else").unwrap();
    let other = with_client(PING);
    fs::copy(other.path("client.yaml"), project.path("client.yaml")).unwrap();
    let ran = record(&project, &echo(), &["--force", "--replays", "0"]).exits(0).says("removed   specs/a.1.bin");
    ran.says("removed   snapshots/a.snap");
    assert!(!project.exists("specs/a.1.bin") && !project.exists("snapshots/a.snap"));
    assert!(project.exists("specs/a.txt.bin"));
}
