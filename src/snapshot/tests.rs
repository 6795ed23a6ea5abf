//! The table of verdicts, on files.
#![allow(clippy::unwrap_used)]

use std::fs;

use tempfile::TempDir;

use super::*;

const OLD: &str = "server    listen tcp\nend       server open\n";
const NEW: &str = "server    listen tcp\nserver    close\n";

/// A project with at most one snapshot in it.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(accepted: Option<&str>) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        if let Some(trace) = accepted {
            let header = Header { source: "specs/a.yaml".into(), description: "A.".into() };
            file::write(&project.snapshot(), &header, trace).unwrap();
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn snapshot(&self) -> PathBuf {
        self.path("snapshots/a.snap")
    }

    fn settle(&self, store: &Store, name: &str, shared: bool, trace: &str) -> io::Result<Verdict> {
        let (folder, base, spec) = (self.path("snapshots"), self.snapshot(), self.path("specs/a.yaml"));
        let subject = Subject { name, folder: &folder, base: &base, spec: &spec, about: "A.", shared };
        store.settle(subject, trace)
    }

    fn run(&self, update: Update, trace: &str) -> Verdict {
        let store = Store::new(Settings { update, ..Settings::default() });
        self.settle(&store, "a", false, trace).unwrap()
    }

    fn accepted(&self) -> Option<String> {
        file::read(&self.snapshot()).unwrap().map(|text| file::body(&text).to_owned())
    }

    fn pending(&self) -> Option<String> {
        file::read(&self.path("snapshots/a.snap.new")).unwrap().map(|text| file::body(&text).to_owned())
    }
}

#[test]
fn no_snapshot_yet() {
    for (update, accepted, pending) in [
        (Update::No, None, None),
        (Update::Pending, None, Some(NEW)),
        (Update::New, Some(NEW), None),
        (Update::All, Some(NEW), None),
        (Update::Force, Some(NEW), None),
    ] {
        let project = Project::new(None);
        let verdict = project.run(update, NEW);
        match verdict {
            Verdict::New(difference) => assert_eq!(difference.pending.is_some(), pending.is_some()),
            Verdict::Accepted(path) => assert_eq!(path, project.snapshot()),
            other => panic!("{update:?}: {other:?}"),
        }
        assert_eq!(project.accepted().as_deref(), accepted, "{update:?}");
        assert_eq!(project.pending().as_deref(), pending, "{update:?}");
    }
}

#[test]
fn another_trace() {
    for (update, accepted, pending) in [
        (Update::No, OLD, None),
        (Update::Pending, OLD, Some(NEW)),
        (Update::New, OLD, Some(NEW)),
        (Update::All, NEW, None),
        (Update::Force, NEW, None),
    ] {
        let project = Project::new(Some(OLD));
        let verdict = project.run(update, NEW);
        match verdict {
            Verdict::Changed(difference) => {
                assert_eq!(difference.accepted, OLD);
                assert_eq!(difference.pending.is_some(), pending.is_some());
            }
            Verdict::Accepted(path) => assert_eq!(path, project.snapshot()),
            other => panic!("{update:?}: {other:?}"),
        }
        assert_eq!(project.accepted().as_deref(), Some(accepted), "{update:?}");
        assert_eq!(project.pending().as_deref(), pending, "{update:?}");
    }
}

#[test]
fn the_header_says_where_the_spec_is_and_what_it_shows() {
    let project = Project::new(None);
    project.run(Update::Pending, NEW);
    let text = fs::read_to_string(project.path("snapshots/a.snap.new")).unwrap();
    assert!(text.starts_with("---\nsource: specs/a.yaml\ndescription: A.\n---\nserver"), "{text}");
}

#[test]
fn a_passing_run_removes_a_stale_pending_file() {
    let project = Project::new(Some(OLD));
    project.run(Update::Pending, NEW);
    assert!(project.pending().is_some());
    assert_eq!(project.run(Update::Pending, OLD), Verdict::Same);
    assert_eq!(project.pending(), None);
}

#[test]
fn accepting_by_a_run_removes_a_pending_file() {
    let project = Project::new(Some(OLD));
    project.run(Update::Pending, NEW);
    project.run(Update::All, NEW);
    assert_eq!((project.accepted().as_deref(), project.pending()), (Some(NEW), None));
}

#[test]
fn the_overlay_of_this_platform_counts_before_the_base() {
    let project = Project::new(Some(OLD));
    let overlay = place::overlay(&project.snapshot());
    fs::copy(project.snapshot(), &overlay).unwrap();
    fs::write(project.snapshot(), "---\nsource: a\n---\nsomething else\n").unwrap();
    assert_eq!(project.run(Update::Pending, OLD), Verdict::Same);
    let Verdict::Changed(difference) = project.run(Update::Pending, NEW) else { panic!("it differs") };
    assert_eq!(difference.snapshot, overlay);
    assert_eq!(difference.pending, Some(place::pending(&overlay)));
}

#[test]
fn cases_of_a_shared_snapshot_cannot_overwrite_each_other() {
    for update in [Update::Pending, Update::New, Update::All] {
        let project = Project::new(None);
        let store = Store::new(Settings { update, ..Settings::default() });
        project.settle(&store, "a[net=tcp4]", true, OLD).unwrap();
        let again = project.settle(&store, "a[net=tcp4]", true, OLD).unwrap();
        assert!(!matches!(again, Verdict::Changed(_)), "{again:?}");
        let (Verdict::New(difference) | Verdict::Changed(difference)) =
            project.settle(&store, "a[net=tcp6]", true, NEW).unwrap()
        else {
            panic!("{update:?}: the cases differ")
        };
        let first = Claim { test: "a[net=tcp4]".to_owned(), trace: OLD.to_owned() };
        assert_eq!(difference.contradicts, Some(first));
        assert_eq!(project.accepted().or(project.pending()).as_deref(), Some(OLD), "{update:?}");
    }
}

#[test]
fn a_case_that_equals_the_shared_snapshot_keeps_it_from_the_others() {
    for update in [Update::Pending, Update::New, Update::All] {
        for traces in [[OLD, NEW], [NEW, OLD]] {
            let project = Project::new(Some(OLD));
            let store = Store::new(Settings { update, ..Settings::default() });
            let verdicts = traces.map(|trace| project.settle(&store, trace, true, trace).unwrap());
            let differing = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Changed(_))).count();
            assert_eq!(differing, 1, "{update:?}: {verdicts:?}");
        }
    }
}

#[test]
fn force_writes_an_equal_snapshot_anew() {
    let project = Project::new(None);
    fs::create_dir_all(project.path("snapshots")).unwrap();
    fs::write(project.snapshot(), format!("---\nsource: elsewhere\nexpression: x\n---\n{OLD}")).unwrap();
    assert_eq!(project.run(Update::All, OLD), Verdict::Same);
    assert!(fs::read_to_string(project.snapshot()).unwrap().contains("expression"));
    assert_eq!(project.run(Update::Force, OLD), Verdict::Same);
    assert!(!fs::read_to_string(project.snapshot()).unwrap().contains("expression"));
}

#[test]
fn a_full_match_compares_the_header_too() {
    let project = Project::new(None);
    fs::create_dir_all(project.path("snapshots")).unwrap();
    fs::write(project.snapshot(), format!("---\nsource: specs/a.yaml\ndescription: Old.\n---\n{OLD}")).unwrap();
    let store = Store::new(Settings { full_match: true, ..Settings::default() });
    assert!(matches!(project.settle(&store, "a", false, OLD).unwrap(), Verdict::Changed(_)));
}

#[test]
fn pending_files_may_have_a_folder_of_their_own() {
    let project = Project::new(Some(OLD));
    let pending = PendingFolder { folder: project.path("waiting"), root: project.path("") };
    let store = Store::new(Settings { pending: Some(pending), ..Settings::default() });
    project.settle(&store, "a", false, NEW).unwrap();
    assert!(project.path("waiting/snapshots/a.snap.new").is_file());
    assert_eq!(project.pending(), None);
    let outside = PendingFolder { folder: project.path("waiting"), root: "/elsewhere".into() };
    let store = Store::new(Settings { pending: Some(outside), ..Settings::default() });
    let message = project.settle(&store, "a", false, NEW).unwrap_err().to_string();
    assert!(message.contains("INSTA_WORKSPACE_ROOT"), "{message}");
}

#[test]
fn what_cannot_be_written_is_named_and_what_was_accepted_stays() {
    let project = Project::new(Some(OLD));
    fs::create_dir(project.path("snapshots/a.snap.new")).unwrap();
    let store = Store::new(Settings::default());
    let Verdict::Changed(difference) = project.settle(&store, "a", false, NEW).unwrap() else { panic!("it differs") };
    let message = difference.unwritten.unwrap();
    assert!(message.contains("a.snap.new") && difference.pending.is_none(), "{message}");
    assert_eq!(project.accepted().as_deref(), Some(OLD));
    let left: Vec<_> =
        fs::read_dir(project.path("snapshots")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
}

#[test]
fn a_snapshot_that_is_not_text_is_an_error() {
    let project = Project::new(Some(OLD));
    fs::write(project.snapshot(), [0xff, 0xfe]).unwrap();
    let message = project.settle(&Store::default(), "a", false, OLD).unwrap_err().to_string();
    assert!(message.contains("a.snap"), "{message}");
}
