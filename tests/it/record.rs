//! `sockspec record`: conversations with servers of all kinds become specs, and each of these passes
//! twenty times, unchanged, against the server that it was recorded with.

mod harm;
mod real;
mod servers;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::project::{Project, Ran};

/// A server on a port of its own, as long as the tests run: each connection is served by this, with its
/// number.
fn serve(serve: impl Fn(TcpStream, usize) -> std::io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = std::sync::Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let serve = std::sync::Arc::clone(&serve);
            // A client that has gone away is of no interest.
            thread::spawn(move || drop(serve(stream.unwrap(), number)));
        }
    });
    address
}

/// A project with a client that does these steps at `${server}`.
fn with_client(steps: &str) -> Project {
    let steps = format!("  - {}\n", steps.replace('\n', "\n  - "));
    let client = format!("about: A client.\nvars: {{server: \"tcp://127.0.0.1:1\"}}\nsteps:\n{steps}");
    Project::new(&[("client.yaml", &client)])
}

/// Records the client of a project with that server.
fn record(project: &Project, server: &str, more: &[&str]) -> Ran {
    let network = server.split(':').next().unwrap();
    let address =
        if network == "unix" { "server=unix:{path}".to_owned() } else { format!("server={network}://{{address}}") };
    let client = project.path("client.yaml").display().to_string();
    let client = ["--", env!("CARGO_BIN_EXE_sockspec"), "run", "--update", "no", &client, "--var", &address];
    project.run(&[&["record", "--to", server, "-o", "specs/a.yaml"], more, &client].concat())
}

/// Records it, sees to it that the spec passes twenty times, and gives its steps.
fn recorded(project: &Project, server: &str, more: &[&str]) -> String {
    record(project, server, more).exits(0).says("verified");
    passes_twenty_times(project);
    steps(project, server)
}

fn passes_twenty_times(project: &Project) {
    project.run(&["run", "--update", "no", "--repeat", "20", "specs/a.yaml"]).exits(0);
    project.run(&["fmt", "--check", "specs"]).exits(0);
    let check = project.run(&["check", "specs"]).exits(0);
    assert_eq!(check.stdout, "1 spec: nothing to find fault with\n", "{check:?}");
}

/// The steps of the spec, with the server's port as PORT.
fn steps(project: &Project, server: &str) -> String {
    let text = fs::read_to_string(project.path("specs/a.yaml")).unwrap();
    let port = server.rsplit(':').next().unwrap();
    text.split_once("steps:\n").unwrap().1.replace(port, "PORT")
}

fn tcp(address: SocketAddr) -> String {
    format!("tcp://{address}")
}

/// Answers each line by what this makes of it.
fn answer_lines(stream: TcpStream, mut answer: impl FnMut(&str) -> String) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        out.write_all(answer(&line?).as_bytes())?;
    }
    out.shutdown(Shutdown::Write)
}

/// Reads so many bytes.
fn take(stream: &mut TcpStream, len: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).map(|()| bytes)
}
