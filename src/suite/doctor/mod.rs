//! What this machine offers to specs, and how to turn on what is missing. Nothing is changed; what
//! can be tried is tried, so that no guess is made.

mod kernel;
pub(super) mod packages;
mod remedies;
mod survey;
mod trial;

use std::path::Path;

use rustix::process::{Resource, getrlimit};

pub use kernel::Kernel;
pub use remedies::Remedy;
pub use survey::{Survey, Want};

use super::require;
use crate::exec;
use crate::model::platform;

/// How many descriptors a run should have: the usual limit. A spec of many connections takes some
/// hundreds, and several specs run at once.
const OPEN_FILES: u64 = 1024;

/// What there is to say about one thing that specs can require.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The word for it: that of `requires`, or `capture`, `hosts`, `files`.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// In which way it is there, or why it is missing.
    pub detail: String,
    /// Whether it is there.
    pub is_there: bool,
    /// Whether anything here needs it; otherwise it does not matter that it is missing.
    pub is_needed: bool,
    /// How many of the tests require it, where specs were given.
    pub tests: Option<usize>,
    /// How to turn it on.
    pub remedies: Vec<Remedy>,
}

/// What was found out about the machine.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether network namespaces can be created.
    pub netns: Result<(), String>,
    /// Whether frames are captured in them; not tried without them.
    pub capture: Option<Result<(), String>>,
    /// Whether hosts reach each other; not tried without them.
    pub hosts: Option<Result<(), String>>,
    /// Whether the loopback device has IPv6.
    pub ipv6: Result<(), String>,
    /// Whether it has multicast.
    pub multicast: Result<(), String>,
    /// Who runs this.
    pub uid: u32,
    /// How many descriptors a process may have, and may ask for; `None` where there is no limit.
    pub open_files: (Option<u64>, Option<u64>),
    /// How the right to namespaces was come by: false where it is ours as it is.
    pub is_in_user_namespace: bool,
    /// The kernel's settings.
    pub kernel: Kernel,
}

impl Facts {
    /// Finds everything out. The process must have one thread only: an ordinary user's enters a user
    /// namespace.
    pub fn gather() -> Self {
        let kernel = Kernel::read(Path::new("/proc"));
        let is_in_user_namespace = !exec::may_isolate();
        let netns = exec::prepare_isolation().and_then(|()| exec::can_isolate());
        let tried = |trial: fn() -> Result<(), String>| netns.is_ok().then(trial);
        let limit = getrlimit(Resource::Nofile);
        Self {
            capture: tried(trial::capture),
            hosts: tried(trial::hosts),
            netns,
            ipv6: require::look("ipv6"),
            multicast: require::look("multicast"),
            uid: rustix::process::geteuid().as_raw(),
            open_files: (limit.current, limit.maximum),
            is_in_user_namespace,
            kernel,
        }
    }
}

/// What there is to say: about what every machine should have, and about what these specs require
/// beyond that.
pub fn findings(facts: &Facts, survey: Option<&Survey>) -> Vec<Finding> {
    let mut findings = vec![netns(facts), capture(facts), hosts(facts), ipv6(facts), multicast(facts), files(facts)];
    findings.push(root(facts));
    if let Some(survey) = survey {
        for finding in &mut findings {
            finding.count(survey);
        }
        let known: Vec<String> = findings.iter().map(|finding| finding.name.clone()).collect();
        let others = survey.wanted.iter().filter(|(word, _)| !known.contains(word));
        findings.extend(others.filter_map(|(word, want)| other(word, want)));
    }
    findings
}

/// Whether all is there that is needed.
pub fn is_ready(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.is_there || !finding.is_needed)
}

impl Finding {
    fn new(name: &str, what: &str, result: Result<&str, &str>, remedies: impl FnOnce() -> Vec<Remedy>) -> Self {
        let is_there = result.is_ok();
        let (Ok(detail) | Err(detail)) = result;
        Self {
            name: name.to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
            is_there,
            is_needed: true,
            tests: None,
            remedies: if is_there { Vec::new() } else { remedies() },
        }
    }

    /// Counts the tests that need it; every test needs descriptors.
    fn count(&mut self, survey: &Survey) {
        let tests = match self.name.as_str() {
            "files" => survey.tests,
            "capture" => survey.with_wire,
            "hosts" => survey.with_hosts,
            word => survey.tests_of(word),
        };
        self.tests = Some(tests);
        self.is_needed = tests > 0;
    }
}

fn netns(facts: &Facts) -> Finding {
    let way = match (facts.is_in_user_namespace, facts.uid) {
        (true, _) => "through a user namespace",
        (false, 0) => "as root",
        (false, _) => "by a capability of this process",
    };
    let result = facts.netns.as_ref().map(|()| way).map_err(String::as_str);
    Finding::new("netns", "isolated networks", result, || remedies::of_namespaces(&facts.kernel))
}

fn capture(facts: &Facts) -> Finding {
    let result = tried(facts.capture.as_ref(), "packet sockets of packet(7)");
    Finding::new("capture", "packet capture", result, || {
        facts.capture.as_ref().map_or_else(Vec::new, |_| remedies::of_capture(&facts.kernel))
    })
}

fn hosts(facts: &Facts) -> Finding {
    let result = tried(facts.hosts.as_ref(), "joined by veth pairs");
    Finding::new("hosts", "several hosts", result, || {
        facts.hosts.as_ref().map_or_else(Vec::new, |_| remedies::of_hosts())
    })
}

fn tried<'a>(result: Option<&'a Result<(), String>>, there: &'a str) -> Result<&'a str, &'a str> {
    match result {
        None => Err("not to be had without isolated networks"),
        Some(Ok(())) => Ok(there),
        Some(Err(reason)) => Err(reason),
    }
}

fn ipv6(facts: &Facts) -> Finding {
    let result = facts.ipv6.as_ref().map(|()| "::1 on the loopback device").map_err(String::as_str);
    Finding::new("ipv6", "IPv6", result, || remedies::of_ipv6(&facts.kernel))
}

fn multicast(facts: &Facts) -> Finding {
    let result = facts.multicast.as_ref().map(|()| "on the loopback device").map_err(String::as_str);
    Finding::new("multicast", "multicast", result, remedies::of_multicast)
}

fn files(facts: &Facts) -> Finding {
    let (soft, hard) = facts.open_files;
    let detail = match (soft, hard) {
        (None, _) => "no limit".to_owned(),
        (Some(soft), None) => format!("a limit of {soft}, which may be raised"),
        (Some(soft), Some(hard)) if soft == hard => format!("a limit of {soft}"),
        (Some(soft), Some(hard)) => format!("a limit of {soft}, which may be raised to {hard}"),
    };
    let is_low = soft.is_some_and(|soft| soft < OPEN_FILES);
    let result = if is_low { Err(detail.as_str()) } else { Ok(detail.as_str()) };
    Finding::new("files", "open files", result, || remedies::of_open_files(hard, OPEN_FILES))
}

/// Root matters to specs only that ask for it in so many words.
fn root(facts: &Facts) -> Finding {
    let detail = format!("this is user {}; only `requires: [root]` needs it", facts.uid);
    let result = if facts.uid == 0 { Ok("this is root") } else { Err(detail.as_str()) };
    let remedies = || vec![Remedy::new("run it as root", ["sudo sockspec run"])];
    Finding { is_needed: false, ..Finding::new("root", "root", result, remedies) }
}

/// A requirement of these specs that is not one of those that every machine should have. Platforms
/// are worth a word only where they are others.
fn other(word: &str, want: &Want) -> Option<Finding> {
    let is_platform = platform::ALL.contains(&word);
    if is_platform && want.lacks.is_none() {
        return None;
    }
    let program = word.strip_prefix("command:");
    let there = "in PATH";
    let result = want.lacks.as_deref().map_or(Ok(there), Err);
    let finding = Finding::new(word, program.unwrap_or(word), result, || {
        let package = program.and_then(packages::of);
        let install = |package| Remedy::new("on Debian and Ubuntu", [&format!("apt-get install {package}")]);
        package.map(install).into_iter().collect()
    });
    Some(Finding { tests: Some(want.tests), is_needed: !is_platform, ..finding })
}

#[cfg(test)]
mod tests;
