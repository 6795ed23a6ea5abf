//! What the doctor found: a table for people, JSON for programs.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;

use super::paint::{BAD, GOOD, ODD, Page, STRONG};
use crate::diagnostic::Style;
use crate::suite::doctor::{Finding, Survey, is_ready};

/// Where the second column begins, and the third.
const WHAT: usize = "missing  ".len();
const DETAIL: usize = WHAT + "isolated networks  ".len();
/// How narrow a column of text may become.
const NARROWEST: usize = 20;

/// A line for each finding, what to do under those that are missing, the file of settings that counts, and
/// a summary.
pub fn text(findings: &[Finding], survey: Option<&Survey>, settings: Option<&Path>, style: Style) -> String {
    let mut page = Page::new(style.color);
    for finding in findings {
        draw(&mut page, finding, style.width);
    }
    page.end_line();
    if let Some(file) = settings {
        page.push(&format!("settings are those of {}", file.display()));
        page.end_line();
    }
    summary(&mut page, findings, survey);
    page.finish()
}

fn draw(page: &mut Page, finding: &Finding, width: usize) {
    let (word, color) = match (finding.is_there, finding.is_needed) {
        (true, _) => ("ok", GOOD),
        (false, true) => ("missing", BAD),
        (false, false) => ("missing", ODD),
    };
    page.paint(color, word);
    page.blanks(WHAT - word.len());
    page.paint(STRONG, &finding.what);
    page.blanks((DETAIL - WHAT).saturating_sub(finding.what.len()).max(2));
    let needed = match finding.tests {
        None => String::new(),
        Some(0) if finding.is_there => String::new(),
        Some(0) => "; no test here needs it".to_owned(),
        Some(1) => "; 1 test needs it".to_owned(),
        Some(tests) => format!("; {tests} tests need it"),
    };
    for (at, line) in wrapped(&format!("{}{needed}", finding.detail), width.saturating_sub(DETAIL)).enumerate() {
        page.blanks(if at == 0 { 0 } else { DETAIL });
        page.push(&line);
        page.end_line();
    }
    for remedy in finding.remedies.iter().filter(|_| finding.is_needed) {
        for line in wrapped(&format!("{}:", remedy.why), width.saturating_sub(WHAT)) {
            page.blanks(WHAT);
            page.push(&line);
            page.end_line();
        }
        for command in &remedy.commands {
            page.blanks(WHAT + 2);
            page.paint(STRONG, command);
            page.end_line();
        }
    }
}

fn summary(page: &mut Page, findings: &[Finding], survey: Option<&Survey>) {
    let missing = findings.iter().filter(|finding| finding.is_needed && !finding.is_there).count();
    match survey {
        None if missing == 0 => page.push("everything that specs can need is there"),
        None => page.push(&format!("{missing} of {} missing", findings.len())),
        Some(Survey { tests: 1, ignored: 0, .. }) => page.push("the test can run"),
        Some(Survey { tests: 1, .. }) => page.push("the test would be ignored"),
        Some(Survey { tests, ignored: 0, .. }) => page.push(&format!("all {tests} tests can run")),
        Some(Survey { tests, ignored, .. }) => page.push(&format!("{ignored} of {tests} tests would be ignored")),
    }
    page.end_line();
}

/// A text in lines of so many columns, broken between words. A longer word has a line of its own.
fn wrapped(text: &str, columns: usize) -> impl Iterator<Item = String> {
    let columns = columns.max(NARROWEST);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter()
}

#[derive(Serialize)]
struct Report<'a> {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Cow<'a, str>>,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    what: &'a str,
    state: &'a str,
    detail: &'a str,
    needed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<usize>,
    remedies: Vec<Way<'a>>,
}

#[derive(Serialize)]
struct Way<'a> {
    why: &'a str,
    commands: &'a [String],
}

fn entry(finding: &Finding) -> Entry<'_> {
    let ways = finding.remedies.iter().map(|remedy| Way { why: &remedy.why, commands: &remedy.commands });
    Entry {
        name: &finding.name,
        what: &finding.what,
        state: if finding.is_there { "ok" } else { "missing" },
        detail: &finding.detail,
        needed: finding.is_needed,
        tests: finding.tests,
        remedies: ways.collect(),
    }
}

/// One object, on one line.
pub fn json(findings: &[Finding], survey: Option<&Survey>, settings: Option<&Path>) -> String {
    let report = Report {
        ready: is_ready(findings),
        tests: survey.map(|survey| survey.tests),
        ignored: survey.map(|survey| survey.ignored),
        settings: settings.map(Path::to_string_lossy),
        findings: findings.iter().map(entry).collect(),
    };
    // Strings and numbers always have a JSON form.
    serde_json::to_string(&report).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::suite::doctor::Remedy;

    fn findings() -> Vec<Finding> {
        let there = |name: &str, what: &str, detail: &str| Finding {
            name: name.to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
            is_there: true,
            is_needed: true,
            tests: None,
            remedies: Vec::new(),
        };
        let missing = Finding {
            is_there: false,
            remedies: vec![Remedy {
                why: "ordinary users may not create user namespaces on this machine".to_owned(),
                commands: vec!["sysctl -w kernel.apparmor_restrict_unprivileged_userns=0".to_owned()],
            }],
            ..there("netns", "isolated networks", "this machine does not let ordinary users create user namespaces")
        };
        let indifferent = Finding { is_there: false, is_needed: false, ..there("root", "root", "this is user 7") };
        vec![there("ipv6", "IPv6", "::1 on the loopback device"), missing, indifferent]
    }

    #[test]
    fn a_table_fits_sixty_columns_but_for_commands() {
        let narrow = Style { color: false, width: 60 };
        let expected = "\
ok       IPv6               ::1 on the loopback device
missing  isolated networks  this machine does not let
                            ordinary users create user
                            namespaces
         ordinary users may not create user namespaces on
         this machine:
           sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
missing  root               this is user 7

1 of 3 missing
";
        assert_eq!(text(&findings(), None, None, narrow), expected);
    }

    #[test]
    fn the_tests_that_need_something_are_counted() {
        let mut findings = findings();
        findings[0].tests = Some(1);
        findings[1].tests = Some(12);
        findings[2].tests = Some(0);
        let survey = Survey { tests: 20, ignored: 12, ..Survey::default() };
        let shown = text(&findings, Some(&survey), None, Style { color: false, width: 200 });
        for words in ["device; 1 test needs it\n", "namespaces; 12 tests need it\n", "7; no test here needs it\n"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(shown.ends_with("\n12 of 20 tests would be ignored\n"), "{shown}");
    }

    #[test]
    fn json_says_the_same() {
        let survey = Survey { tests: 20, ignored: 12, ..Survey::default() };
        let json: serde_json::Value =
            serde_json::from_str(&json(&findings(), Some(&survey), Some(Path::new("/tree/sockspec.toml")))).unwrap();
        assert_eq!((&json["ready"], &json["tests"], &json["ignored"]), (&false.into(), &20.into(), &12.into()));
        assert_eq!(json["settings"], "/tree/sockspec.toml");
        let netns = &json["findings"][1];
        assert_eq!((&netns["name"], &netns["state"]), (&"netns".into(), &"missing".into()));
        assert!(netns["remedies"][0]["commands"][0].as_str().unwrap().starts_with("sysctl -w "));
    }

    #[test]
    fn colours_tell_what_matters() {
        let shown = text(&findings(), None, None, Style { color: true, width: 80 });
        assert!(shown.contains(&format!("{BAD}missing{BAD:#}")) && shown.contains(&format!("{ODD}missing{ODD:#}")));
    }
}
