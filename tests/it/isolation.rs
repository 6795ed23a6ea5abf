//! Isolated networks, as an ordinary user has them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::project::{Project, Ran};

const LOOPBACK: &str = "\
about: A privileged port at an address of its own.
network: {addresses: [1.2.3.4], routes: {192.0.2.0/24: prohibit}}
wire: true
steps:
  - server: {listen: \"tcp://1.2.3.4:80\"}
  - client: {connect: server}
  - conn: {accept: server}
  - refused: {connect: \"tcp://192.0.2.1:80\", fails: EACCES}
";

const HOSTS: &str = "\
about: What was held arrives when the link is up.
network: {hosts: {a: 10.0.0.1, b: 10.0.0.2}}
steps:
  - server: {bind: \"udp://10.0.0.1:53\", host: a}
  - client: {bind: udp, host: b}
  - link: {a: hold}
  - client: {send: question, to: server}
  - server: {expect: silence, for: 20ms}
  - link: {a: up}
  - server: {recv: question, from: client, nonblocking: true}
";

#[test]
fn an_ordinary_user_has_the_same_verdicts_or_is_told_why_not() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let project = Project::new(&[("specs/loopback.yaml", LOOPBACK), ("specs/hosts.yaml", HOSTS)]);
    project.run(&["run", "--update", "all"]).exits(0);
    fs::set_permissions(project.root(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sockspec"), project.path("sockspec")).unwrap();
    let mut command = Command::new(project.path("sockspec"));
    command.args(["run", "--update", "no"]).current_dir(project.root()).uid(NOBODY).gid(NOBODY);
    let ran = Ran::of(&mut command).exits(0);
    let ignored = ran.stdout.contains("needs an isolated network: ") && ran.stdout.contains("2 ignored");
    assert!(ran.stdout.contains("2 passed") || ignored, "{ran:#?}");
}
