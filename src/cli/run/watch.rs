//! `--watch`: runs once, and then again what has changed, on each save.
//!
//! What the file system tells is only the reason to look; what has changed is found by looking, so that it does not
//! matter how an editor saves, or whether a folder was renamed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Run, Update};
use crate::cli::output::Output;
use crate::cli::{Exit, signals};
use crate::exec::Cancel;
use crate::report::run::RunReport;
use crate::report::terminal;
use crate::source;
use crate::suite::dependencies::{Changes, Dependencies};
use crate::suite::{Found, Runner, SpecResult, pool};

/// For how long nothing more must happen before it is looked: a burst of saves is one.
const QUIET: Duration = Duration::from_millis(100);
/// After how long it is looked all the same.
const LONGEST: Duration = Duration::from_secs(1);
/// How many changed files are named.
const NAMED: usize = 5;

/// What wakes the one who waits.
enum Wake {
    /// Something may have changed.
    Changed,
    /// It is to end.
    Interrupted,
}

pub(super) fn execute(run: &Run, output: &mut Output) -> Exit {
    let found = match run.select.find(run.snapshots.as_deref(), output) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    // The right to isolated networks can be had only as long as there is one thread. A spec that needs it may
    // come later.
    run.runner().prepare_for_all();
    let cancel = Cancel::default();
    let (sender, receiver) = mpsc::channel();
    let mut folders = match Folders::new(sender.clone()) {
        Ok(folders) => folders,
        Err(error) => {
            output.error(format!("cannot watch: {error}"));
            return Exit::CouldNotRun;
        }
    };
    signals::cancel_on_interrupt(&cancel);
    if let Err(error) = wake_on_cancel(&cancel, sender) {
        output.error(format!("cannot wait for signals: {error}"));
        return Exit::CouldNotRun;
    }
    let mut watching = Watching { run, cancel, seen: Dependencies::default(), found, output };
    folders.watch(run, &watching.found, &watching.seen);
    watching.seen = watching.look();
    folders.watch(run, &watching.found, &watching.seen);
    watching.round(None);
    while !watching.cancel.is_cancelled() {
        watching.tell_that_it_watches();
        if !woken(&receiver) {
            break;
        }
        watching.again();
        folders.watch(run, &watching.found, &watching.seen);
    }
    Exit::Interrupted
}

/// Waits until something happens, and then for a pause; false where it is to end.
fn woken(receiver: &Receiver<Wake>) -> bool {
    let mut wake = receiver.recv().ok();
    let until = Instant::now() + LONGEST;
    loop {
        match wake {
            Some(Wake::Changed) => {}
            Some(Wake::Interrupted) | None => return false,
        }
        match receiver.recv_timeout(QUIET.min(until.saturating_duration_since(Instant::now()))) {
            Ok(next) => wake = Some(next),
            Err(_) => return true,
        }
    }
}

/// Wakes the one who waits at the first signal.
fn wake_on_cancel(cancel: &Cancel, sender: Sender<Wake>) -> io::Result<()> {
    let cancel = cancel.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let wait = move || {
        runtime.block_on(cancel.cancelled());
        let _ = sender.send(Wake::Interrupted);
    };
    thread::Builder::new().name("interrupted".to_owned()).spawn(wait).map(drop)
}

/// Specs that are watched.
struct Watching<'r, 'o> {
    run: &'r Run,
    cancel: Cancel,
    found: Vec<Found>,
    seen: Dependencies,
    output: &'o mut Output,
}

impl Watching<'_, '_> {
    fn look(&self) -> Dependencies {
        Dependencies::look(&self.found, &self.run.runner().settings)
    }

    /// Looks what has changed, and runs that.
    fn again(&mut self) {
        // What is wrong with it was told; the next save may mend it.
        let Ok(found) = self.run.select.find(self.run.snapshots.as_deref(), self.output) else { return };
        self.found = found;
        let now = self.look();
        let changes = now.changes_since(&self.seen);
        self.seen = now;
        if changes.specs.is_empty() && changes.gone.is_empty() {
            return;
        }
        self.tell_what_changed(&changes);
        if !changes.specs.is_empty() {
            self.round(Some(&changes));
        }
    }

    /// Runs the specs that changed; all of them the first time.
    fn round(&mut self, changes: Option<&Changes>) {
        let is_meant = |spec: &&Found| changes.is_none_or(|changes| changes.specs.contains(&spec.path));
        let specs: Vec<Found> = self.found.iter().filter(is_meant).cloned().collect();
        let runner = Runner { cancel: self.cancel.clone(), ..self.run.runner() };
        let begun = Instant::now();
        let mut report = RunReport::default();
        let options = self.run.report(self.output);
        let output = &mut *self.output;
        pool::run(&specs, self.run.jobs(specs.len()), &runner, &mut |result: SpecResult| {
            result.tests.iter().for_each(|test| report.totals.add(&test.outcome));
            output.print(&terminal::spec(&result, options));
        });
        if report.totals.all() > 0 {
            output.print(&terminal::summary(&report.totals, begun.elapsed(), output.style));
        }
        if self.cancel.is_cancelled() {
            output.error("interrupted");
        }
        if matches!(self.run.update, Some(Update::New | Update::All)) {
            self.seen.accept_snapshots(&specs);
        }
    }

    fn tell_that_it_watches(&mut self) {
        let roots: Vec<String> = self.run.select.watched().iter().map(|root| root.display().to_string()).collect();
        let files = match self.seen.count() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        self.output.line(format!("watching {}, {files}; Ctrl-C ends", roots.join(", ")));
        self.output.flush();
    }

    fn tell_what_changed(&mut self, changes: &Changes) {
        let shown = |path: &PathBuf| source::plain(path).display().to_string();
        let files: Vec<String> = changes.files.iter().take(NAMED).map(shown).collect();
        let more = changes.files.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        if !files.is_empty() {
            self.output.line(format!("changed: {}{more}", files.join(", ")));
        }
        for gone in &changes.gone {
            self.output.line(format!("gone: {}", shown(gone)));
        }
    }
}

/// The folders that the file system tells about.
struct Folders {
    watcher: RecommendedWatcher,
    /// Each with its inode: a folder of the same name may be another one.
    known: BTreeMap<PathBuf, (u64, RecursiveMode)>,
}

impl Folders {
    fn new(sender: Sender<Wake>) -> notify::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // That somebody reads is no change, and it is us; an error is a reason to look.
            if event.as_ref().is_ok_and(|event| !is_change(event.kind)) {
                return;
            }
            let _ = sender.send(Wake::Changed);
        })?;
        Ok(Self { watcher, known: BTreeMap::new() })
    }

    /// Watches what is to be watched now: the folders of specs with all below them, what these folders are in, and
    /// the folders of all files that specs hang on.
    fn watch(&mut self, run: &Run, found: &[Found], seen: &Dependencies) {
        let mut wanted: BTreeMap<PathBuf, RecursiveMode> = BTreeMap::new();
        for folder in seen.folders() {
            wanted.insert(existing(&folder), RecursiveMode::NonRecursive);
        }
        for root in run.select.watched() {
            wanted.insert(above(&root), RecursiveMode::NonRecursive);
            if root.is_dir() {
                wanted.insert(root, RecursiveMode::Recursive);
            }
        }
        for spec in found {
            let folder = spec.snapshots.to_path_buf();
            let mode = if folder.is_dir() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            wanted.entry(existing(&folder)).and_modify(|known| *known = stronger(*known, mode)).or_insert(mode);
        }
        for (folder, mode) in wanted {
            let Ok(inode) = fs::metadata(&folder).map(|folder| folder.ino()) else { continue };
            if self.known.get(&folder) != Some(&(inode, mode)) && self.watcher.watch(&folder, mode).is_ok() {
                self.known.insert(folder, (inode, mode));
            }
        }
    }
}

fn stronger(one: RecursiveMode, other: RecursiveMode) -> RecursiveMode {
    if one == RecursiveMode::Recursive { one } else { other }
}

fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// The folder that something is in.
fn above(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        Some(_) => PathBuf::from("."),
        None => path.to_owned(),
    }
}

/// The folder, or the nearest above it that is there.
fn existing(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|folder| folder.is_dir());
    there.map_or_else(|| PathBuf::from("."), Path::to_owned)
}
