#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;
use crate::suite::{Layout, Runner, find};

fn healthy() -> Facts {
    Facts {
        netns: Ok(()),
        capture: Some(Ok(())),
        hosts: Some(Ok(())),
        ipv6: Ok(()),
        multicast: Ok(()),
        uid: 1000,
        open_files: (Some(1024), None),
        is_in_user_namespace: true,
        kernel: Kernel { has_user_namespaces: true, has_net_namespaces: true, ..Kernel::default() },
    }
}

fn missing(findings: &[Finding]) -> Vec<&str> {
    let missing = findings.iter().filter(|finding| !finding.is_there && finding.is_needed);
    missing.map(|finding| finding.name.as_str()).collect()
}

fn named<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.name == name).unwrap()
}

#[test]
fn an_ordinary_user_lacks_nothing_that_matters() {
    let findings = findings(&healthy(), None);
    assert!(is_ready(&findings), "{:?}", missing(&findings));
    assert_eq!(named(&findings, "netns").detail, "through a user namespace");
    assert!(!named(&findings, "root").is_there);
    assert_eq!(named(&findings, "files").detail, "a limit of 1024, which may be raised");
}

#[test]
fn without_namespaces_nothing_that_rests_on_them_has_a_remedy_of_its_own() {
    let kernel = Kernel { unprivileged_userns_clone: Some(0), ..healthy().kernel };
    let facts = Facts { netns: Err("refused".to_owned()), capture: None, hosts: None, kernel, ..healthy() };
    let findings = findings(&facts, None);
    assert_eq!(missing(&findings), ["netns", "capture", "hosts"]);
    assert_eq!(named(&findings, "netns").remedies[0].commands, ["sysctl -w kernel.unprivileged_userns_clone=1"]);
    assert_eq!(named(&findings, "capture").remedies, []);
    assert!(!is_ready(&findings));
}

#[test]
fn each_of_the_others_is_missing_by_itself() {
    let refused = || Err("refused".to_owned());
    for (facts, name) in [
        (Facts { capture: Some(refused()), ..healthy() }, "capture"),
        (Facts { hosts: Some(refused()), ..healthy() }, "hosts"),
        (Facts { ipv6: refused(), ..healthy() }, "ipv6"),
        (Facts { multicast: refused(), ..healthy() }, "multicast"),
        (Facts { open_files: (Some(256), Some(4096)), ..healthy() }, "files"),
    ] {
        let findings = findings(&facts, None);
        assert_eq!(missing(&findings), [name]);
        assert!(!named(&findings, name).remedies.is_empty(), "{name}");
    }
}

#[test]
fn what_specs_require_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spec = |name: &str, keys: &str| {
        let text = format!("about: A spec.\n{keys}steps:\n  - server: {{listen: tcp}}\n");
        fs::write(folder.path().join(name), text).unwrap();
    };
    let foreign = platform::ALL.into_iter().find(|name| *name != platform::CURRENT).unwrap();
    spec("plain.yaml", "");
    spec("isolated.yaml", "matrix: {n: [1, 2]}\nnetwork: isolated\nrequires: ['command:redis-server-9']\n");
    spec("hosts.yaml", "network: {hosts: {a: 10.0.0.1}}\nwire: true\n");
    spec("here.yaml", &format!("requires: ['command:sh', {}]\n", platform::CURRENT));
    spec("foreign.yaml", &format!("requires: [{foreign}]\n"));
    spec("invalid.yaml", "network: elsewhere\nstep: []\n");
    let found = find::find(&[folder.path().to_owned()], &Layout::Nearest { snapshots: None }).unwrap();
    let survey = Survey::of(&found, &Runner::default());
    assert_eq!((survey.tests, survey.ignored), (6, 3));

    let findings = findings(&healthy(), Some(&survey));
    assert_eq!(missing(&findings), ["command:redis-server-9"]);
    let tests = |name: &str| named(&findings, name).tests;
    assert_eq!((tests("netns"), tests("capture"), tests("hosts")), (Some(3), Some(1), Some(1)));
    assert_eq!((tests("root"), tests("files")), (Some(0), Some(6)));
    assert_eq!((tests("command:redis-server-9"), tests("command:sh"), tests(foreign)), (Some(2), Some(1), Some(1)));
    assert!(findings.iter().all(|finding| finding.name != platform::CURRENT), "not worth a word");
    assert!(!named(&findings, "ipv6").is_needed);
}

#[test]
fn root_matters_to_specs_that_ask_for_it() {
    let want = Want { tests: 1, lacks: Some("needs root: this is another user".to_owned()) };
    let survey = Survey { tests: 1, ignored: 1, wanted: [("root".to_owned(), want)].into(), ..Survey::default() };
    let findings = findings(&healthy(), Some(&survey));
    assert_eq!(missing(&findings), ["root"]);
}

#[test]
fn a_program_comes_in_its_package() {
    let lacks = Some("needs the program `redis-cli`, which is not in PATH".to_owned());
    let wanted = [("command:redis-cli".to_owned(), Want { tests: 1, lacks })].into();
    let findings = findings(&healthy(), Some(&Survey { tests: 1, ignored: 1, wanted, ..Survey::default() }));
    let finding = named(&findings, "command:redis-cli");
    assert_eq!(
        (finding.what.as_str(), finding.remedies[0].commands[0].as_str()),
        ("redis-cli", "apt-get install redis-tools")
    );
}

#[test]
fn the_machine_is_looked_at() {
    let facts = Facts::gather();
    assert_eq!(facts.netns.is_ok(), facts.capture.is_some() && facts.hosts.is_some());
    assert_eq!(facts.uid, rustix::process::geteuid().as_raw());
}
