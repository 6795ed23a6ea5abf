//! The specs that are measured, written into a folder of their own, with accepted snapshots.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use std::time::{Duration, Instant};

use sockspec::exec::{Options, Runtime};
use sockspec::plan;
use sockspec::snapshot::{Settings, Store, Subject, Update, Verdict, place};
use sockspec::source::SourceFile;
use sockspec::suite::pool::{self, Jobs};
use sockspec::suite::{Found, Layout, Outcome, Runner, find, parts};
use sockspec::{spec, trace};

/// Ten steps: a connection, four bytes each way, and an orderly end.
pub(crate) const ECHO: &str = r#"about: A listener, a client, four bytes each way, and an orderly end.
refs: [RFC 9293 section 3.6]
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {send: "ping"}
  - conn:   {recv: "ping"}
  - conn:   {send: "pong"}
  - client: {recv: "pong"}
  - client: close
  - conn:   {expect: eof}
  - conn:   close
"#;

/// A connection, then these steps.
fn connected(about: &str, steps: &str) -> String {
    format!(
        "about: {about}\nsteps:\n  - server: {{listen: tcp}}\n  - client: {{connect: server}}\n  \
         - conn:   {{accept: server}}\n{steps}"
    )
}

/// So many round trips of 64 bytes.
pub(crate) fn round_trips(count: usize) -> String {
    let message = "x".repeat(64);
    let steps = format!(
        r#"  - repeat: {count}
    steps:
      - client: {{send: "{message}"}}
      - conn:   {{recv: "{message}"}}
      - conn:   {{send: "{message}"}}
      - client: {{recv: "{message}"}}
"#
    );
    connected("Round trips of 64 bytes.", &steps)
}

/// So many bytes one way.
pub(crate) fn one_way(size: usize) -> String {
    let steps = format!(
        r#"  - parallel:
      writer:
        - client: {{send: {{fill: "ab", size: {size}}}, within: 60s}}
      reader:
        - conn: {{recv: {{fill: "ab", size: {size}}}, within: 60s}}
"#
    );
    connected("Many bytes one way.", &steps)
}

/// So many connections at once.
pub(crate) fn connections(count: usize) -> String {
    format!(
        r#"about: Many connections at once, a byte over each.
steps:
  - server: {{listen: tcp, backlog: 4096}}
  - repeat: {count}
    as: i
    steps:
      - "client${{i}}": {{connect: server}}
      - "conn${{i}}": {{accept: server}}
  - repeat: {count}
    as: i
    steps:
      - "client${{i}}": {{send: "x"}}
      - "conn${{i}}": {{recv: "x"}}
"#
    )
}

/// So many steps, each written out.
pub(crate) fn steps(count: usize) -> String {
    let pairs =
        (0..(count - 3) / 2).map(|at| format!("  - client: {{send: \"{at} \"}}\n  - conn:   {{recv: \"{at} \"}}\n"));
    connected("Steps that are written out.", &pairs.collect::<String>())
}

/// So many steps, each of which creates an endpoint.
pub(crate) fn endpoints(count: usize) -> String {
    let pairs = (0..(count - 1) / 2)
        .map(|at| format!("  - client{at}: {{connect: server}}\n  - conn{at}: {{accept: server}}\n"));
    let pairs: String = pairs.collect();
    format!("about: Endpoints that are written out.\nsteps:\n  - server: {{listen: tcp, backlog: 4096}}\n{pairs}")
}

/// So many lanes, each with a connection of its own, and a barrier for all of them.
pub(crate) fn lanes(count: usize) -> String {
    let lanes = (0..count).map(|at| {
        format!(
            "      lane{at}:\n        - client{at}: {{send: x}}\n        - conn{at}: {{recv: x}}\n        - barrier: b\n        \
             - conn{at}: {{send: y}}\n        - client{at}: {{recv: y}}\n"
        )
    });
    format!("{}  - parallel:\n{}", endpoints(2 * count + 1), lanes.collect::<String>())
}

/// An echo exchange with so many cases.
pub(crate) fn cases(count: usize) -> String {
    let values: Vec<String> = (0..count).map(|at| format!("word{at}")).collect();
    let matrix = format!("matrix: {{word: [{}]}}\nsteps:", values.join(", "));
    ECHO.replace("steps:", &matrix).replace("\"ping\"", "\"${word}\"")
}

/// So many steps whose payloads are computed, each another.
pub(crate) fn computed(steps: usize) -> String {
    let repeat = format!(
        r#"  - repeat: {}
    as: i
    within: 60s
    steps:
      - client: {{send: "line ${{i}}\n"}}
      - conn:   {{recv: "line ${{i}}\n"}}
      - conn:   {{send: "ok ${{i}}\n"}}
      - client: {{recv: "ok ${{i}}\n"}}
"#,
        steps / 4
    );
    connected("Payloads that are computed.", &repeat)
}

/// So many bytes up to a delimiter.
pub(crate) fn until(size: usize) -> String {
    let steps = format!(
        r#"  - parallel:
      writer:
        - client: {{send: {{fill: "ab", size: {size}}}, within: 60s}}
        - client: {{send: "END"}}
      reader:
        - conn: {{recv: {{until: "END", max: 100000000}}, within: 60s}}
"#
    );
    connected("A delimiter after many bytes.", &steps)
}

/// A folder of specs.
pub(crate) struct Suite {
    folder: tempfile::TempDir,
}

impl Suite {
    /// So many files of the same text; runs each once and accepts its trace.
    pub(crate) fn new(text: &str, copies: usize) -> io::Result<Self> {
        let suite = Self { folder: tempfile::tempdir()? };
        fs::create_dir(suite.specs())?;
        for copy in 0..copies {
            fs::write(suite.spec(copy), text)?;
        }
        suite.run_with(Update::New, 2);
        Ok(suite)
    }

    /// The folder of the specs.
    pub(crate) fn specs(&self) -> PathBuf {
        self.path().join("specs")
    }

    /// The file of one of them.
    pub(crate) fn spec(&self, nth: usize) -> PathBuf {
        self.specs().join(format!("spec-{nth:05}.yaml"))
    }

    /// The folder that has the folder of the specs, and that of their snapshots.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs all of them, as `sockspec run` does: found, read, checked, executed, and their traces
    /// compared with the snapshots.
    pub(crate) fn run(&self, jobs: usize) {
        self.run_with(Update::No, jobs);
    }

    fn find(&self) -> Vec<Found> {
        find::find(&[self.specs()], &Layout::Nearest { snapshots: None }).expect("there are specs")
    }

    fn run_with(&self, update: Update, jobs: usize) {
        let mut found = self.find();
        let jobs = NonZeroUsize::new(jobs).map_or(Jobs::ONE, Jobs::at_most);
        let store = Store::new(Settings { update, ..Settings::default() });
        let runner = Runner { store, ..Runner::default() };
        let mut passed = 0;
        parts::keep_specs(&mut found, &runner.selection, &runner.settings);
        pool::run(&found, jobs, &runner, &mut |result| {
            for test in result.tests {
                assert!(matches!(test.outcome, Outcome::Passed { .. }), "{}: {:?}", test.name, test.outcome);
                passed += 1;
            }
        });
        assert!(passed >= found.len(), "a spec has at least one test");
    }
    /// Runs all of them stage by stage, and gives how long each stage took for all of them.
    pub(crate) fn run_in_stages(&self) -> Vec<(&'static str, Duration)> {
        let mut stages = Stages { begun: Instant::now(), took: Vec::new() };
        let found = stages.measure("find", || self.find());
        let sources = stages.measure("read", || each(&found, |one| SourceFile::read(&one.path, "spec.yaml").unwrap()));
        let specs = stages.measure("parse", || each(&sources, spec::parse));
        let settings = plan::Settings::default();
        let plans = stages.measure("plan, check", || {
            each(&(0..found.len()).collect::<Vec<_>>(), |at| {
                let (spec, mut findings) = (&specs[*at].spec, Vec::new());
                let cases = plan::cases(spec, &settings, &mut findings);
                plan::build(spec, &sources[*at], &found[*at].name, &cases[0], &settings, &mut findings).unwrap()
            })
        });
        let mut runtime = Runtime::new().unwrap();
        let options = Options::default();
        let records =
            stages.measure("execute", || each(&plans, |plan| runtime.execute(plan, &sources[0], &options).record));
        let traces = stages.measure("trace", || each(&records, trace::text_of));
        let store = Store::new(Settings { update: Update::No, ..Settings::default() });
        stages.measure("compare", || {
            for (found, trace) in found.iter().zip(&traces) {
                let base = place::file(&found.snapshots, found.stem(), None);
                let subject = Subject {
                    name: &found.name,
                    folder: &found.snapshots,
                    base: &base,
                    spec: &found.path,
                    about: "",
                    shared: false,
                };
                assert_eq!(store.settle(subject, trace).unwrap(), Verdict::Same);
            }
        });
        stages.took
    }
}

fn each<T, U>(items: &[T], work: impl FnMut(&T) -> U) -> Vec<U> {
    items.iter().map(work).collect()
}

/// How long the stages took so far.
struct Stages {
    begun: Instant,
    took: Vec<(&'static str, Duration)>,
}

impl Stages {
    fn measure<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        self.begun = Instant::now();
        let result = work();
        self.took.push((name, self.begun.elapsed()));
        result
    }
}
