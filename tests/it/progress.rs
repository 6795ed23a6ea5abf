//! How far a run has come, on a terminal and elsewhere.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::project::{ECHO, FAILING, HANGING, Project};

/// A run on a terminal.
struct OnTerminal {
    here: File,
    child: Child,
    shown: Vec<u8>,
}

impl OnTerminal {
    fn new(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let here = File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
        grantpt(&here).unwrap();
        unlockpt(&here).unwrap();
        let there = ptsname(&here, Vec::new()).unwrap().into_string().unwrap();
        let there = OpenOptions::new().read(true).write(true).open(there).unwrap();
        tcsetwinsize(&here, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let mut command = project.command(arguments);
        command.env("TERM", "xterm").envs(environment.iter().copied()).stdin(Stdio::null());
        command.stdout(there.try_clone().unwrap()).stderr(there);
        let child = command.spawn().unwrap();
        drop(command);
        Self { here, child, shown: Vec::new() }
    }

    /// Reads until this is shown, or to the end.
    fn until(&mut self, words: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let shown = String::from_utf8_lossy(&self.shown).into_owned();
            if !words.is_empty() && shown.contains(words) {
                return shown;
            }
            // Reading fails with EIO when the other side is closed.
            match self.here.read(&mut buffer) {
                Ok(size @ 1..) => self.shown.extend_from_slice(&buffer[..size]),
                _ => return shown,
            }
        }
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let shown = self.until("");
        (self.child.wait().unwrap().code(), shown)
    }
}

fn project() -> Project {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/b.yaml", FAILING);
    project.write("specs/c.yaml", HANGING);
    project
}

#[test]
fn a_terminal_shows_a_bar_until_the_run_ends() {
    let project = project();
    let mut run = OnTerminal::new(&project, &["run", "-j", "1", "-v"], &[]);
    let shown = run.until("   1s  c");
    assert!(shown.contains("2/3 specs") && shown.contains("tests: 1 passed, 1 failed"), "{shown:?}");
    kill_process(Pid::from_child(&run.child), Signal::INT).unwrap();
    let (code, shown) = run.ends();
    assert_eq!(code, Some(130));
    assert!(!shown.contains("\x1b[?25l"), "the cursor stays: {shown:?}");
    let end = &shown[shown.rfind("2/3").unwrap()..];
    assert!(end.contains("\x1b[2K") && end.contains("cancelled"), "the bar is taken away: {end:?}");
}

#[test]
fn where_nobody_looks_there_is_no_bar() {
    let project = project();
    project.write("specs/c.yaml", &HANGING.replace("timeout: 60s", "timeout: 700ms"));
    for environment in [("CI", "true"), ("TERM", "dumb")] {
        let (code, shown) = OnTerminal::new(&project, &["run"], &[environment]).ends();
        assert_eq!(code, Some(1), "{shown}");
        // The name of the folder of records may begin with a 3, too.
        assert!(!(0..=3).any(|done| shown.contains(&format!("{done}/3"))), "{shown:?}");
    }
    assert_eq!(project.run(&["run"]).exits(1).stderr, "");
}

#[test]
fn whom_to_ask_is_said_once_on_a_terminal() {
    let refused = "about: Nobody is there.\nsteps:\n  - client: {connect: \"tcp://127.0.0.1:1\"}\n";
    let project = Project::new(&[("specs/a.yaml", refused), ("specs/b.yaml", refused)]);
    let words = "`sockspec explain ECONNREFUSED` tells what that means";
    let (code, shown) = OnTerminal::new(&project, &["run"], &[]).ends();
    assert_eq!((code, shown.matches(words).count()), (Some(1), 1), "{shown}");
    let (_, shown) = OnTerminal::new(&project, &["run"], &[("CI", "true")]).ends();
    assert!(!shown.contains("explain"), "{shown}");
    let ran = project.run(&["run"]).exits(1);
    assert!(!ran.stdout.contains("explain") && !ran.stderr.contains("explain"), "{ran:#?}");
    let other = refused.replace('}', ", fails: ECONNREFUSED}");
    let project = Project::new(&[("specs/a.yaml", &other)]);
    let (_, shown) = OnTerminal::new(&project, &["run"], &[]).ends();
    assert!(!shown.contains("explain"), "what fails as written raises no question: {shown}");
}
