//! `sockspec review` on a terminal, `pending`, and deciding on what is stale.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use regex::Regex;
use rustix::process::Signal;

use crate::project::{ECHO, Project};
use crate::terminal::Terminal;

/// Three tests that have changed, the first two in the same way, one that is new, and one that is stale.
fn project() -> Project {
    let other = ECHO.replace("{send: ping}", "{send: \"long ago\"}").replace("{recv: ping}", "{recv: \"long ago\"}");
    let files = [("specs/a.yaml", ECHO), ("specs/b.yaml", ECHO), ("specs/c.yaml", &other), ("specs/gone.yaml", ECHO)];
    let project = Project::new(&files);
    project.run(&["run", "--update", "all"]).exits(0);
    let reset = ECHO.replace("  - conn: {expect: eof}\n  - conn: close", "  - conn: {expect: eof}\n  - conn: reset");
    let more = other.replace("  - client: close", "  - client: {shutdown: write}\n  - client: close");
    for (path, text) in [("specs/a.yaml", &reset), ("specs/b.yaml", &reset), ("specs/c.yaml", &more)] {
        project.write(path, text);
    }
    project.write("specs/fresh.yaml", ECHO);
    fs::remove_file(project.path("specs/gone.yaml")).unwrap();
    project.run(&["run"]).exits(1).says("3 changed, 1 new").says("1 stale snapshot");
    project
}

fn review(project: &Project, columns: u16, rows: u16) -> Terminal {
    Terminal::start(project.command(&["review"]), columns, rows)
}

fn snapshots(project: &Project) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(project.path("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn it_shows_what_has_changed_beside_the_steps() {
    let project = project();
    let mut terminal = review(&project, 80, 24);
    let screen = terminal.shows("1 of 5");
    for words in [
        "changed  a",
        "The server answers what it was sent.",
        "• `conn` now resets the connection where it closed",
        "- conn      close",
        "+ conn      reset                             13 │ - conn: reset",
        "a accept  r reject  s skip  A/R all 2 alike",
    ] {
        assert!(screen.contains(words), "no `{words}` on\n{screen}");
    }
    terminal.press("n");
    terminal.shows("2 of 5");
    terminal.press("n");
    let screen = terminal.shows("3 of 5");
    assert!(screen.contains("• new step, line 11: `client` shuts down writing"), "{screen}");
    terminal.press("n");
    let screen = terminal.shows("new      fresh");
    assert!(screen.contains("server    listen tcp"), "{screen}");
    terminal.press("n");
    let screen = terminal.shows("stale    gone");
    assert!(screen.contains("this snapshot is stale: no spec has it"), "{screen}");
    terminal.press("n");
    terminal.shows("this is the last");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(1));
    terminal.shows("5 still wait");
    assert!(!terminal.is_taken() && terminal.is_usual());
}

#[test]
fn decisions_are_made_and_taken_back() {
    let project = project();
    let before = snapshots(&project);
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    terminal.press("a");
    terminal.shows("accepted a");
    assert!(!project.exists("snapshots/a.snap.new"));
    assert!(project.trace("snapshots/a.snap").unwrap().contains("conn      reset"));
    terminal.press("r");
    terminal.shows("rejected b");
    assert!(!project.exists("snapshots/b.snap.new"));
    terminal.press("s");
    terminal.shows("skipped c");
    terminal.press("a");
    terminal.shows("accepted fresh");
    terminal.press("a");
    terminal.shows("removed gone; all are decided");
    assert!(!project.exists("snapshots/gone.snap"));
    for _ in 0..5 {
        terminal.press("u");
    }
    terminal.until(|screen| screen.contains("1 of 5") && screen.contains("taken back"));
    assert_eq!(snapshots(&project), before);
    terminal.press("u");
    terminal.shows("there is no decision to take back");
    terminal.press("\x03");
    assert_eq!(terminal.end().code(), Some(1));
}

#[test]
fn those_that_are_alike_are_decided_at_once() {
    let project = project();
    let before = snapshots(&project);
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    terminal.press("A");
    let screen = terminal.shows("accepted 2 that are alike");
    assert!(screen.contains("3 of 5"), "{screen}");
    assert!(!project.exists("snapshots/a.snap.new") && !project.exists("snapshots/b.snap.new"));
    terminal.press("u");
    terminal.shows("of 2 that are alike");
    assert_eq!(snapshots(&project), before);
    terminal.press("ARaa");
    terminal.shows("removed gone; all are decided");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.shows("rejected  c");
    project.run(&["pending"]).exits(0).says("nothing is pending");
}

#[test]
fn what_another_run_has_written_meanwhile_is_not_decided_unseen() {
    let project = project();
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    let text =
        fs::read_to_string(project.path("snapshots/a.snap.new")).unwrap().replace("conn      reset", "conn      eof");
    project.write("snapshots/a.snap.new", &text);
    terminal.press("a");
    let screen = terminal.shows("another run has written these files since");
    assert!(screen.contains("• `conn` no longer closes"), "{screen}");
    assert_eq!(fs::read_to_string(project.path("snapshots/a.snap.new")).unwrap(), text);
    terminal.press("a");
    terminal.shows("accepted a");
    project.write("snapshots/a.snap", "---\nsource: specs/a.yaml\n---\nby hand\n");
    terminal.press("u");
    terminal.shows("somebody else has written their files since");
    assert_eq!(project.trace("snapshots/a.snap").unwrap(), "by hand\n");
}

#[test]
fn the_diagram_and_the_help_are_a_key_away() {
    let project = project();
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    terminal.press("d");
    let screen = terminal.shows("as it is now");
    assert!(screen.contains("server") && screen.contains("│"), "{screen}");
    terminal.press("d");
    terminal.shows("as it was before");
    terminal.press("d");
    terminal.shows("• `conn` now");
    terminal.press("?");
    terminal.shows("take back the last decision");
    terminal.shows("any other key: back");
    terminal.press("x");
    terminal.shows("• `conn` now");
}

#[test]
fn the_diagram_goes_to_what_differs_and_marks_it() {
    let lines = (0..40).fold(String::new(), |lines, at| {
        lines + &format!("  - client: {{send: \"{at}\"}}\n  - conn: {{recv: \"{at}\"}}\n")
    });
    let spec = ECHO.replace("  - client: {send: ping}", &format!("{lines}  - client: {{send: ping}}"));
    let project = Project::new(&[("specs/a.yaml", &spec)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/a.yaml", &spec.replace("  - conn: close", "  - conn: reset").replace("\"33\"", "\"xx\""));
    project.run(&["run"]).exits(1);
    let mut terminal = review(&project, 60, 14);
    terminal.shows("1 of 1");
    terminal.press("d");
    let screen = terminal.shows("as it is now");
    assert!(screen.contains("server  client  conn"), "{screen}");
    assert!(screen.lines().any(|line| line.starts_with("≠ ") && line.ends_with("2 \"xx\"")), "{screen}");
    assert!(screen.lines().any(|line| line.starts_with("  ") && line.ends_with("2 \"32\"")), "{screen}");
    terminal.press("G");
    terminal.until(|screen| screen.contains("server  client  conn") && screen.contains("reset"));
    terminal.press("d");
    let screen = terminal.shows("as it was before");
    assert!(screen.lines().any(|line| line.starts_with("≠ ") && line.ends_with("2 \"33\"")), "{screen}");
}

#[test]
fn the_help_is_read_to_its_end_in_a_small_window() {
    let project = project();
    let mut terminal = review(&project, 60, 14);
    terminal.shows("q quit");
    terminal.press("?");
    terminal.shows("more lines below (space)");
    terminal.press("   ");
    terminal.shows("Any other key goes back");
    terminal.press("b");
    terminal.shows("more lines below (space)");
    terminal.press("x");
    terminal.shows("• `conn` now");
}

#[test]
fn many_sentences_leave_room_for_the_events() {
    let renamed = |text: &str| {
        ["server", "client"].iter().fold(text.to_owned(), |text, name| text.replace(name, &format!("{name}2")))
    };
    let other = renamed(ECHO).replace("ping", "a longer text").replace("conn: close", "conn: reset");
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/a.yaml", &other);
    project.run(&["run"]).exits(1);
    let mut terminal = review(&project, 60, 14);
    let screen = terminal.shows("more (m shows them)");
    assert!(screen.contains("- server    listen tcp"), "{screen}");
    assert!(!screen.contains("is called `client2` now"), "{screen}");
    terminal.press("m");
    let screen = terminal.shows("is called `client2` now");
    assert!(!screen.contains("m shows them"), "{screen}");
    terminal.press("m");
    terminal.shows("m shows them");
}

#[test]
fn what_was_decided_elsewhere_is_said() {
    let project = project();
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    project.run(&["accept", "a"]).exits(0);
    terminal.press("a");
    let screen = terminal.shows("a was accepted meanwhile; nothing waits there any more");
    assert!(screen.contains("2 of 5  changed  b"), "{screen}");
    project.run(&["reject", "b"]).exits(0);
    terminal.press("r");
    terminal.shows("b was rejected, or a run has passed meanwhile");
    terminal.press("nn");
    terminal.shows("stale    gone");
    fs::remove_file(project.path("snapshots/gone.snap")).unwrap();
    terminal.press("a");
    let screen = terminal.shows("gone was removed meanwhile");
    assert!(screen.contains("3 of 5"), "{screen}");
    terminal.press("p");
    let screen = terminal.shows("2 of 5");
    assert!(screen.contains("decided elsewhere"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(1));
    terminal.shows("2 still wait");
}

#[test]
fn it_fits_into_every_terminal() {
    let project = project();
    let mut terminal = review(&project, 60, 24);
    let screen = terminal.shows("1 of 5");
    assert!(screen.lines().all(|line| line.chars().count() <= 60), "{screen}");
    for words in ["- conn: reset", "a accept", "A/R all 2 alike", "q quit"] {
        assert!(screen.contains(words), "no `{words}` on\n{screen}");
    }
    for (columns, rows) in [(20, 5), (1, 1), (200, 60), (40, 10)] {
        terminal.resize(columns, rows);
        let fits = |screen: &str| screen.starts_with(if columns > 6 { "1 of 5" } else { "" });
        terminal.until(fits);
        terminal.press("d?xdjk G");
    }
    terminal.resize(80, 24);
    terminal.until(|screen| screen.contains("q quit"));
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(1));
}

#[test]
fn a_long_difference_is_scrolled() {
    let lines = (0..60).fold(String::new(), |lines, at| {
        lines + &format!("  - client: {{send: \"{at:02}\"}}\n  - conn: {{recv: \"{at:02}\"}}\n")
    });
    let spec =
        |lines: &str| ECHO.replace("  - client: {send: ping}\n", &format!("{lines}  - client: {{send: ping}}\n"));
    let project = Project::new(&[("specs/a.yaml", &spec(""))]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/a.yaml", &spec(&lines));
    project.run(&["run"]).exits(1);
    let mut terminal = review(&project, 80, 24);
    terminal.shows("more lines below");
    terminal.press("G");
    terminal.shows("\"59\"");
    terminal.press("g");
    terminal.shows("• new step, line 7");
    terminal.press(" ");
    terminal.until(|screen| !screen.contains("• new step, line 7"));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let project = project();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = review(&project, 80, 24);
        terminal.shows("1 of 5");
        assert!(terminal.is_taken() && !terminal.is_usual());
        terminal.signal(signal);
        assert_eq!(terminal.end().code(), Some(130));
        terminal.until(|screen| !screen.contains("1 of 5"));
        assert!(!terminal.is_taken() && terminal.is_usual(), "{signal:?}");
    }
}

#[test]
fn an_editor_is_opened_at_the_step() {
    let project = project();
    project.write("edit.sh", "#!/bin/sh\necho \"edits $*\" >edited\n");
    fs::set_permissions(project.path("edit.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(&["review"]);
    command.env("EDITOR", "./edit.sh").env_remove("VISUAL");
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.shows("1 of 5");
    terminal.press("en");
    terminal.shows("2 of 5");
    assert_eq!(fs::read_to_string(project.path("edited")).unwrap(), "edits +13 specs/a.yaml\n");
    assert!(terminal.is_taken());
    let mut command = project.command(&["review"]);
    command.env("EDITOR", "./edit.sh").env("VISUAL", "false");
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.press("e");
    terminal.shows("`false` ended with exit status: 1; set $VISUAL to another one");
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let project = project();
    let mut command = project.command(&["review"]);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::start(command, 80, 24);
    terminal.shows("1 of 5");
    let color = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert!(!color.is_match(&terminal.raw()), "{:?}", terminal.raw());
    let terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    assert!(color.is_match(&terminal.raw()), "{:?}", terminal.raw());
}

#[test]
fn without_a_terminal_it_says_how_to_do_without() {
    let project = project();
    let ran = project.run(&["review"]).exits(64);
    for words in ["sockspec pending", "--format json", "sockspec accept NAME", "sockspec reject NAME"] {
        assert!(ran.stderr.contains(words), "{ran:#?}");
    }
    Project::new(&[("specs/a.yaml", ECHO)]).run(&["review"]).exits(0).says("nothing is pending");
}

#[test]
fn what_waits_is_listed() {
    let project = project();
    let ran = project.run(&["pending"]).exits(1);
    insta::assert_snapshot!(ran.stdout);
    let json: serde_json::Value =
        serde_json::from_str(&project.run(&["pending", "--format", "json"]).exits(1).stdout).unwrap();
    let states: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("a", "changed"), ("b", "changed"), ("c", "changed"), ("fresh", "new"), ("gone", "stale")]);
    assert_eq!(json[0]["sentences"][0], "`conn` now resets the connection where it closed");
    assert_eq!(json[2]["spec"], "specs/c.yaml");
    assert_eq!(json[3]["pending"], "snapshots/fresh.snap.new");
    assert!(json[4]["pending"].is_null() && json[4]["reason"].as_str().unwrap().contains("specs/gone.yaml"));
    project.run(&["pending", "specs/b.yaml"]).exits(1).says("1 changed");
    project.run(&["pending", "nothing"]).exits(4);
}

#[test]
fn a_stale_snapshot_goes_only_where_it_is_named() {
    let project = project();
    project.run(&["accept"]).exits(0);
    assert!(project.exists("snapshots/gone.snap"));
    project.run(&["reject", "gone"]).exits(0).says("kept");
    assert!(project.exists("snapshots/gone.snap"));
    project.run(&["accept", "gone"]).exits(0).says("removed");
    assert!(!project.exists("snapshots/gone.snap"));
    let project = self::project();
    project.run(&["accept", "--stale"]).exits(0).says("removed   gone");
    assert!(!project.exists("snapshots/gone.snap"));
    project.run(&["pending"]).exits(0);
}

#[test]
fn all_files_of_a_stale_test_are_one_item() {
    let project = project();
    for other in ["snapshots/gone.snap.new", "snapshots/gone.macos.snap"] {
        fs::copy(project.path("snapshots/gone.snap"), project.path(other)).unwrap();
    }
    let before = snapshots(&project);
    project.run(&["run"]).exits(1).says("1 stale snapshot");
    let ran = project.run(&["pending"]).exits(1).says("3 changed, 1 new, 1 stale");
    assert_eq!(ran.stdout.matches("gone").count(), 2, "{ran:#?}");
    let mut terminal = review(&project, 80, 24);
    terminal.shows("1 of 5");
    terminal.press("nnnna");
    terminal.shows("removed gone");
    let files = || snapshots(&project).into_iter().filter(|(name, _)| name.starts_with("gone")).count();
    assert_eq!(files(), 0);
    terminal.press("u");
    terminal.shows("taken back");
    assert_eq!(snapshots(&project), before);
    terminal.press("q");
    project.run(&["accept", "gone"]).exits(0).says("removed   gone");
    assert_eq!(files(), 0);
}

#[test]
fn a_case_that_is_gone_is_stale() {
    let spec = |values: &str| {
        ECHO.replace("steps:", &format!("matrix: {{net: [{values}]}}\nsteps:"))
            .replace("listen: tcp", "listen: \"${net}\"")
    };
    let project = Project::new(&[("specs/a.yaml", &spec("tcp, tcp4"))]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/a.yaml", &spec("tcp, unix"));
    project.run(&["run", "--update", "all"]).exits(0);
    let ran = project.run(&["pending"]).exits(1);
    assert!(
        ran.stdout.contains("stale    a[net=tcp4]") && ran.stdout.contains("has no case `net=tcp4` any more"),
        "{ran:#?}"
    );
    assert!(!ran.stdout.contains("net=unix"), "{ran:#?}");
}

#[test]
fn snapshots_of_other_tools_are_no_concern() {
    let project =
        Project::new(&[("specs/a.yaml", ECHO), ("snapshots/theirs.snap", "---\nsource: tests/it.rs\n---\nx\n")]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.run(&["pending"]).exits(0).says("nothing is pending");
}
