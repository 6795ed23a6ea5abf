//! What waits for a decision: traces that are new or have changed, and snapshots whose spec is gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::lines::{StepLine, lines};
use super::{Found, Layout, Loaded, find};
use crate::plan::{self, Plan};
use crate::snapshot::pending::Pending;
use crate::snapshot::stale::{self, Kept};
use crate::snapshot::{self, place};
use crate::trace::TraceText;

/// One decision that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be decided.
    pub state: State,
    /// The trace that waits, or the snapshot that is stale: its spec, its case, its files.
    pub pending: Pending,
    /// The spec's file, where there is one.
    pub spec: Option<PathBuf>,
    /// Why it is stale, where it is.
    pub reason: Option<String>,
    /// The other files of the same test that are stale with it: of other platforms, and pending ones.
    pub others: Vec<PathBuf>,
    folder: PathBuf,
}

/// What is to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Whether the first trace of a test is right.
    New,
    /// Whether another trace is right now.
    Changed,
    /// Whether a snapshot can go whose spec, or whose case, is gone.
    Stale,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Stale => "stale",
        }
    }
}

/// The spec of something that waits, read and planned.
#[derive(Debug)]
pub struct Reviewed {
    /// The spec's file and name.
    pub found: Found,
    /// What it says.
    pub loaded: Loaded,
    /// What the test does; `None` where the spec is wrong, or has no such case any more.
    pub plan: Option<Plan>,
}

impl Reviewed {
    /// The lines of the steps that left the events of a trace, by the first line of each event.
    pub fn lines(&self, trace: &TraceText) -> BTreeMap<u32, StepLine> {
        self.plan.as_ref().map(|plan| lines(plan, &self.loaded.source, trace)).unwrap_or_default()
    }
}

impl Waiting {
    /// The name of the test.
    pub fn name(&self) -> String {
        self.pending.name()
    }

    /// The accepted trace; empty where there is none yet.
    ///
    /// # Errors
    /// Where the snapshot cannot be read.
    pub fn accepted(&self) -> io::Result<String> {
        Ok(snapshot::trace_at(&self.pending.snapshot)?.unwrap_or_default())
    }

    /// The trace that waits; empty where none does.
    ///
    /// # Errors
    /// Where the pending file cannot be read.
    pub fn trace(&self) -> io::Result<String> {
        Ok(snapshot::trace_at(&self.pending.path)?.unwrap_or_default())
    }

    /// What waits in a pending file of that path, if it is one.
    pub fn at(path: &Path) -> Option<Self> {
        let pending = Pending::at(path)?;
        let called = path.ancestors().find(|above| above.file_name().is_some_and(|name| name == "snapshots"));
        let folder = called.or(path.parent())?;
        let kept = Kept::at(folder, path);
        let spec = kept.as_ref().and_then(Kept::spec_file);
        let (spec_name, case) =
            kept.map_or((pending.spec.clone(), pending.case.clone()), |kept| (kept.spec, kept.case));
        Some(of_pending(folder, Pending { spec: spec_name, case, ..pending }, spec))
    }

    /// The accepted trace in a file of that path, for those who compare it with what it was. `None`
    /// where that is no snapshot of a spec. Of a file that is gone, its name has to do.
    pub fn of_snapshot(path: &Path) -> Option<Self> {
        let called = path.ancestors().find(|above| above.file_name().is_some_and(|name| name == "snapshots"));
        let folder = called.or(path.parent())?;
        let (spec, case, file) = if path.is_file() {
            let kept = Kept::at(folder, path)?;
            let file = kept.spec_file();
            (kept.spec, kept.case, file)
        } else {
            let (spec, case) = place::test_of(path.strip_prefix(folder).ok()?)?;
            (spec, case, None)
        };
        let pending = Pending { spec, case, path: path.to_owned(), snapshot: path.to_owned() };
        let folder = folder.to_owned();
        Some(Self { state: State::Changed, pending, spec: file, reason: None, others: Vec::new(), folder })
    }

    /// Removes what is stale.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        [&self.pending.path].into_iter().chain(&self.others).try_for_each(|path| snapshot::remove(path).map(drop))
    }

    /// The spec, as it is now. `None` where there is none, or it cannot be read.
    pub fn review(&self) -> Option<Reviewed> {
        let found = found(self.spec.as_deref()?, &self.folder)?;
        let settings = plan::Settings::default();
        let loaded = Loaded::read(&found, &settings).ok()?;
        let case = loaded.cases.iter().find(|case| stem(&found, &loaded, case) == self.stem()).or(loaded.cases.first());
        let plan = case.and_then(|case| {
            let mut findings = loaded.findings.clone();
            plan::build(&loaded.spec, &loaded.source, &found.name, case, &settings, &mut findings)
        });
        Some(Reviewed { found, loaded, plan })
    }

    fn stem(&self) -> PathBuf {
        let path = if self.state == State::Stale { &self.pending.snapshot } else { &self.pending.path };
        bare(&self.folder, path)
    }
}

/// A file of a test without what tells its kind and its platform.
fn bare(folder: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(folder).ok().and_then(place::test_of) {
        Some((spec, case)) => PathBuf::from(format!("{spec}\0{}", case.unwrap_or_default())),
        None => path.to_owned(),
    }
}

fn stem(found: &Found, loaded: &Loaded, case: &plan::Case) -> PathBuf {
    let label = (!loaded.is_shared() && !case.label.is_empty()).then(|| place::case_label(loaded.values(case)));
    bare(&found.snapshots, &place::file(&found.snapshots, found.stem(), label.as_deref()))
}

fn found(spec: &Path, snapshots: &Path) -> Option<Found> {
    let nearest = Layout::Nearest { snapshots: None };
    let own = find::find(&[spec.to_owned()], &nearest).ok()?.pop()?;
    if place::absolute(&own.snapshots).ok() == place::absolute(snapshots).ok() {
        return Some(own);
    }
    find::find(&[spec.to_owned()], &Layout::Nearest { snapshots: Some(snapshots.to_owned()) }).ok()?.pop()
}

/// How many snapshots of these specs' folders have no spec. The specs must be all of a tree.
pub fn count_stale(specs: &[Found]) -> usize {
    let mut names: HashMap<&Path, HashSet<&str>> = HashMap::new();
    for spec in specs {
        names.entry(&spec.snapshots).or_default().insert(spec.stem());
    }
    let stale = |(folder, names): (&Path, HashSet<&str>)| {
        let others = stale::others(folder, |spec| names.contains(spec)).unwrap_or_default();
        let gone = others.iter().filter(|kept| kept.spec_file().is_none());
        // A test may have several files.
        gone.map(|kept| (&kept.spec, &kept.case)).collect::<HashSet<_>>().len()
    };
    names.into_iter().map(stale).sum()
}

/// What waits of a spec: of a list, or where its snapshots are not among those, in their folder.
pub fn of_spec(spec: &Found, waiting: &[Waiting]) -> Vec<Waiting> {
    let folder = place::absolute(&spec.snapshots).ok();
    let is_its = |waiting: &&Waiting| waiting.pending.spec == spec.stem();
    let known: Vec<Waiting> = waiting
        .iter()
        .filter(|waiting| is_its(waiting) && place::absolute(&waiting.folder).ok() == folder)
        .cloned()
        .collect();
    if !known.is_empty() {
        return known;
    }
    let there = snapshot::pending::find(&spec.snapshots).unwrap_or_default();
    let there = there.into_iter().map(|pending| of_pending(&spec.snapshots, pending, Some(spec.path.clone())));
    there.filter(|waiting| is_its(&waiting)).collect()
}

/// All that waits in a folder of snapshots, or in all folders called `snapshots` from a folder on; the
/// stale ones only where they are asked for, since for them every snapshot is looked at.
///
/// # Errors
/// Where a folder cannot be read.
pub fn waiting(snapshots: Option<&Path>, from: &Path, with_stale: bool) -> io::Result<Vec<Waiting>> {
    let folders = match snapshots {
        Some(folder) => vec![folder.to_owned()],
        None => stale::folders(from),
    };
    let mut all = Vec::new();
    for folder in folders {
        if with_stale {
            of_folder(&folder, &mut all)?;
        } else {
            for pending in snapshot::pending::find(&folder)? {
                let kept = Kept::at(&folder, &pending.path);
                let spec = kept.as_ref().and_then(Kept::spec_file);
                // What has no spec is stale. One that cannot be read is shown to whoever decides on it.
                let is_kept = if kept.is_some() { spec.is_some() } else { snapshots.is_some() };
                if is_kept || unreadable(&pending.path) {
                    all.push(of_pending(&folder, pending, spec));
                }
            }
        }
    }
    all.sort_by(|one, other| one.pending.cmp(&other.pending));
    Ok(all)
}

fn unreadable(path: &Path) -> bool {
    snapshot::header_of(path).is_none()
}

fn of_pending(folder: &Path, pending: Pending, spec: Option<PathBuf>) -> Waiting {
    let state = if pending.snapshot.is_file() { State::Changed } else { State::New };
    Waiting { state, pending, spec, reason: None, others: Vec::new(), folder: folder.to_owned() }
}

/// What waits in one folder, stale ones included.
fn of_folder(folder: &Path, all: &mut Vec<Waiting>) -> io::Result<()> {
    let mut cases: HashMap<PathBuf, Option<Vec<PathBuf>>> = HashMap::new();
    let is_new = |path: &Path| path.extension().is_some_and(|extension| extension == "new");
    let mut found = stale::all(folder)?;
    // Of several files of a test the snapshot stands for all, that of the usual platform rather.
    found.sort_by_key(|kept| (is_new(&kept.path), kept.path.as_os_str().len()));
    for kept in found {
        let spec = kept.spec_file();
        let is_pending = is_new(&kept.path);
        let snapshot = if is_pending { kept.path.with_extension("") } else { kept.path.clone() };
        let reason = match &spec {
            None => Some(format!("no spec has it: there is no `{}`", kept.source.display())),
            Some(spec) => {
                let known = cases.entry(spec.clone()).or_insert_with(|| stems(spec, folder));
                let is_known = known.as_ref().is_none_or(|known| known.contains(&bare(folder, &kept.path)));
                (!is_known).then(|| match &kept.case {
                    Some(case) => format!("`{}` has no case `{case}` any more", spec.display()),
                    None => format!("`{}` now has a snapshot for each case", spec.display()),
                })
            }
        };
        let pending = Pending { spec: kept.spec, case: kept.case, path: kept.path, snapshot };
        match reason {
            Some(reason) => push_stale(all, folder, pending, spec, reason),
            None if is_pending => all.push(of_pending(folder, pending, spec)),
            None => {}
        }
    }
    for pending in snapshot::pending::find(folder)? {
        if unreadable(&pending.path) {
            all.push(of_pending(folder, pending, None));
        }
    }
    Ok(())
}

/// Adds a file of a test that is stale, as an item of its own only where it is the first one of that test.
fn push_stale(all: &mut Vec<Waiting>, folder: &Path, pending: Pending, spec: Option<PathBuf>, reason: String) {
    let is_same = |other: &&mut Waiting| {
        other.state == State::Stale
            && other.folder == folder
            && (&other.pending.spec, &other.pending.case) == (&pending.spec, &pending.case)
    };
    if let Some(first) = all.iter_mut().find(is_same) {
        first.others.push(pending.path);
        return;
    }
    let (reason, folder) = (Some(reason), folder.to_owned());
    all.push(Waiting { state: State::Stale, pending, spec, reason, others: Vec::new(), folder });
}

/// The files that the cases of a spec have. `None` where the spec is wrong, so that this is not known.
fn stems(spec: &Path, folder: &Path) -> Option<Vec<PathBuf>> {
    let found = found(spec, folder)?;
    let loaded = Loaded::read(&found, &plan::Settings::default()).ok()?;
    if loaded.is_invalid() {
        return None;
    }
    Some(loaded.cases.iter().map(|case| stem(&found, &loaded, case)).collect())
}
