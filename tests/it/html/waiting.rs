//! `sockspec review --html`: from what waits to the page.

use std::process::Command;

use super::*;

/// A project in which a trace has changed, one is new, and one is stale.
fn project() -> Project {
    let project = Project::new(&[("specs/changed.yaml", ECHO), ("specs/gone.yaml", ECHO), ("specs/same.yaml", ECHO)]);
    project.run(&["run", "specs", "--update", "new"]).exits(0);
    project.write(
        "specs/changed.yaml",
        &ECHO
            .replace("  - conn: {send: ping}", "  # More.\n  - conn: {send: pong}")
            .replace("client: {recv: ping}", "client: {recv: pong}"),
    );
    project.write("specs/new.yaml", ECHO);
    std::fs::remove_file(project.path("specs/gone.yaml")).unwrap();
    project
}

#[test]
fn what_waits_is_on_the_page() {
    let project = project();
    project.run(&["run", "specs"]).exits(1);
    let ran =
        project.run(&["review", "--html", "out/review.html", "--link-base", "https://example.org/{path}#L{line}"]);
    ran.exits(0).says("3 traces in out/review.html");
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&project.path("out/review.html"), 1400, false);
    is_sound(&mut browser);
    assert_eq!(shown(&mut browser), json!(["changed", "gone", "new"]));
    let states = browser.value("[...document.querySelectorAll('[data-verdict]')].map((item) => item.dataset.verdict)");
    assert_eq!(states, json!(["changed", "stale", "new"]));
    // The line of the step, below the comment.
    let lines = browser.value("[...document.querySelectorAll('#t0 .event.is a')].map((link) => link.textContent)");
    assert_eq!(lines, json!(["10", "11"]));
    let sentence = browser.value("document.querySelector('#t0 .sentences').textContent");
    assert!(sentence.as_str().unwrap().contains("\"pong\""), "{sentence}");
    let link = browser.value("document.querySelector('#s0-10 a').href");
    assert_eq!(link, "https://example.org/specs/changed.yaml#L10");
    let commands = browser.value("[...document.querySelectorAll('.facts code')].map((code) => code.textContent)");
    assert_eq!(commands[0], "sockspec accept 'changed'");
    project.run(&["accept", "changed", "new", "gone"]).exits(0);
    project.run(&["review", "--html", "out/review.html"]).exits(0).says("0 traces");
    browser.open(&project.path("out/review.html"), 400, true);
    is_sound(&mut browser);
    assert_eq!(browser.value("document.querySelector('main p').textContent"), "There is none.");
}

fn git(project: &Project, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let done = Command::new("git").args(identity).args(arguments).current_dir(project.root()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn what_a_branch_has_changed_is_on_the_page() {
    let project = project();
    // What the branch began with has no trace of what the working tree has become since.
    project.write("specs/gone.yaml", &ECHO.replace("ping", "gone"));
    project.run(&["run", "specs/gone.yaml", "--update", "all"]).exits(0);
    for command in
        [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-qm", "x"], &["checkout", "-qb", "topic"]]
    {
        git(&project, command);
    }
    project.run(&["run", "specs", "--update", "all"]).exits(0);
    for file in ["specs/gone.yaml", "snapshots/gone.snap"] {
        std::fs::remove_file(project.path(file)).unwrap();
    }
    git(&project, &["add", "-A"]);
    git(&project, &["commit", "-qm", "y"]);
    project.run(&["review", "--html", "review.html", "--base", "main"]).exits(0).says("3 traces");
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&project.path("review.html"), 1400, false);
    is_sound(&mut browser);
    assert_eq!(shown(&mut browser), json!(["changed", "gone", "new"]));
    let states = browser.value("[...document.querySelectorAll('[data-verdict]')].map((item) => item.dataset.verdict)");
    assert_eq!(states, json!(["changed", "removed", "new"]));
    assert_eq!(browser.value("document.querySelector('figcaption').textContent"), "main");
    browser.picture("review-base-1400");
    let path = browser.value("document.querySelector('#t0 .facts dd').textContent");
    assert_eq!(path, "specs/changed.yaml");
    project.run(&["review", "--html", "-", "--base", "main", "new"]).exits(0).says("<!DOCTYPE html>");
    project.run(&["review", "--html", "x.html", "--base", "main", "same"]).exits(4).says("no trace of that name");
    project.run(&["review", "--html", "x.html", "--base", "nope"]).exits(3).says("no revision `nope`");
}

#[test]
fn what_was_moved_is_neither_new_nor_gone() {
    let other = ECHO.replace("ping", "other");
    let project = Project::new(&[("specs/a/one.yaml", ECHO), ("specs/a/two.yaml", ECHO), ("specs/b.yaml", &other)]);
    project.run(&["run", "--update", "all"]).exits(0);
    for command in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-qm", "x"]] {
        git(&project, command);
    }
    project.run(&["mv", "specs/a", "specs/deep/c"]).exits(0);
    project.run(&["mv", "b", "d"]).exits(0);
    project.run(&["review", "--html", "review.html", "--base", "main"]).exits(0).says("3 traces");
    project.run(&["review", "--html", "x.html", "--base", "main", "a/one"]).exits(0).says("1 trace ");
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&project.path("review.html"), 1400, false);
    is_sound(&mut browser);
    browser.picture("review-moved-1400");
    let told = browser.value(
        "[...document.querySelectorAll('[data-verdict]')] \
         .map((e) => [e.dataset.verdict, e.querySelector('.name').textContent, e.querySelector('.short').textContent])",
    );
    assert_eq!(
        told,
        json!([
            ["moved", "d", "moved from b, the trace is the same"],
            ["moved", "deep/c/one", "moved from a/one, the trace is the same"],
            ["moved", "deep/c/two", "moved from a/two, the trace is the same"],
        ])
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let project = project();
    project.run(&["review", "--html", "x.html", "--base", "main"]).exits(3).says("git");
    project.run(&["review", "--html", "x.html", "--link-base", "javascript:alert(1)"]).exits(64).says("https://");
    project.run(&["review", "--base", "main"]).exits(64).says("--html");
    project.write("file", "");
    project.run(&["review", "--html", "file/x.html"]).exits(3).says("cannot write");
    assert!(!project.exists("x.html"));
}
