//! The bundled specs, each a little wrong: a step left out, an expectation changed, two closes exchanged.
//! A spec that passes all the same asserts nothing, so nearly every mutant must fail, by a step and
//! without its snapshot: a snapshot would catch anything.

mod making;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use sockspec::source::SourceFile;
use sockspec::spec;

use self::making::{Kind, Mutant, mutants_of};
use crate::project::Project;
use crate::schema::yaml_files;

/// How many of a hundred mutants of each folder must fail.
const BAR: f64 = 95.0;

/// The specs that start a server for each mutant: one mutant of so many is taken, another one of each spec.
const SERVERS: (&str, usize) = ("servers", 4);

/// Specs and their mutants in a project of their own. What is run is named after the spec and the mutant's place
/// among its mutants; the spec as it is has its own name.
struct Trial {
    project: Project,
    mutants: BTreeMap<String, (String, Mutant)>,
}

impl Trial {
    fn new() -> Self {
        Self { project: Project::new(&[]), mutants: BTreeMap::new() }
    }

    /// Adds a spec and its mutants, every `stride`-th of them.
    fn add(&mut self, name: &str, text: &str, stride: usize) {
        let source = SourceFile::new(name, self.project.path(&format!("specs/{name}.yaml")), text);
        let first = name.len() % stride;
        self.project.write(&format!("specs/{name}.yaml"), text);
        let mutants = mutants_of(text, &spec::parse(&source).spec.steps);
        for (nth, mutant) in mutants.into_iter().enumerate().skip(first).step_by(stride) {
            let name_of_it = format!("{name}-{nth}");
            self.project.write(&format!("specs/{name_of_it}.yaml"), &mutant.text);
            self.mutants.insert(name_of_it, (name.to_owned(), mutant));
        }
    }

    /// How the tests of each spec and each mutant have ended, those that ran: whether one has failed.
    fn run(&self, paths: &[String]) -> BTreeMap<String, bool> {
        // Nearly all that they do is wait in vain, so many of them wait at once, and not for long.
        let how = ["--update", "no", "--timeout-factor", "0.1", "--jobs", "32", "--report", "json=report.json"];
        let paths = paths.iter().map(String::as_str);
        self.project.run(&["run"].into_iter().chain(paths).chain(how).collect::<Vec<_>>());
        let report = std::fs::read_to_string(self.project.path("report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let mut failed = BTreeMap::new();
        for test in report["tests"].as_array().unwrap() {
            let name = test["name"].as_str().unwrap().split('[').next().unwrap();
            let verdict = test["verdict"].as_str().unwrap();
            if !["invalid", "ignored"].contains(&verdict) {
                *failed.entry(name.to_owned()).or_default() |= verdict == "failed";
            }
        }
        failed
    }

    /// The mutants that ran, with whether they were caught. Those of a spec that itself does not pass here, where
    /// deadlines are short, tell nothing.
    fn judge(&self) -> Verdicts {
        let mut failed = self.run(&[]);
        // Silence may be over before a busy server has answered: what has passed is asked once more.
        let is_to_fail = |name: &str| self.mutants.get(name).is_some_and(|(_, mutant)| mutant.kind != Kind::Unasked);
        let passed = failed.iter().filter(|(name, failed)| !**failed && is_to_fail(name));
        let paths: Vec<String> = passed.map(|(name, _)| format!("specs/{name}.yaml")).collect();
        if !paths.is_empty() {
            failed.extend(self.run(&paths));
        }
        let mut verdicts = Verdicts::default();
        for (name, (spec, mutant)) in &self.mutants {
            if let (Some(false), Some(caught)) = (failed.get(spec), failed.get(name)) {
                verdicts.add(spec, mutant, *caught);
            }
        }
        verdicts
    }
}

/// How many mutants were caught, and which were not.
#[derive(Default)]
struct Verdicts {
    /// Caught and run, by the folder and by what was done.
    counts: BTreeMap<(String, Kind), (u32, u32)>,
    survivors: String,
}

impl Verdicts {
    fn add(&mut self, spec: &str, mutant: &Mutant, caught: bool) {
        let folder = spec.split('/').next().unwrap_or_default().to_owned();
        let (sum, all) = self.counts.entry((folder, mutant.kind)).or_default();
        *sum += u32::from(caught);
        *all += 1;
        if !caught && mutant.kind != Kind::Unasked {
            let _ = writeln!(self.survivors, "{spec}: {:?}: {}", mutant.kind, mutant.what);
        }
    }

    /// How many were caught, and how many ran, of those that are meant.
    fn sum(&self, meant: impl Fn(&str, Kind) -> bool) -> (u32, u32) {
        let of = self.counts.iter().filter(|((folder, kind), _)| meant(folder, *kind)).map(|(_, counts)| counts);
        of.fold((0, 0), |(caught, all), (c, a)| (caught + c, all + a))
    }

    /// The folders, each with the share of its mutants that were caught; what only looks does not count.
    fn shares(&self) -> BTreeMap<&str, f64> {
        let folders = self.counts.keys().map(|(folder, _)| folder.as_str());
        folders.map(|name| (name, percent(self.sum(|folder, kind| folder == name && kind != Kind::Unasked)))).collect()
    }

    /// A line for each folder.
    fn table(&self) -> String {
        let mut table = String::from("            caught    of  share   of steps that only look\n");
        for (name, share) in self.shares() {
            let (caught, all) = self.sum(|folder, kind| folder == name && kind != Kind::Unasked);
            let (looks, of_them) = self.sum(|folder, kind| folder == name && kind == Kind::Unasked);
            let _ = writeln!(table, "{name:10}  {caught:6}  {all:4}  {share:4.1}%  {looks:4} of {of_them}");
        }
        table
    }
}

fn percent((caught, all): (u32, u32)) -> f64 {
    100.0 * f64::from(caught) / f64::from(all.max(1))
}

#[test]
#[expect(clippy::print_stderr, reason = "the table, for who runs this with --nocapture")]
fn nearly_every_mutant_fails_without_its_snapshot() {
    let mut trial = Trial::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    copy_what_stands_beside(&root, &trial.project);
    for path in yaml_files("specs") {
        let name = path.strip_prefix(&root).unwrap().with_extension("").to_string_lossy().into_owned();
        let stride = if name.starts_with(SERVERS.0) { SERVERS.1 } else { 1 };
        trial.add(&name, &std::fs::read_to_string(&path).unwrap(), stride);
    }

    let verdicts = trial.judge();
    let table = verdicts.table();
    eprintln!("{table}");
    let (_, all) = verdicts.sum(|_, kind| kind != Kind::Unasked);
    assert!(all > 1500, "only {all} mutants were run");
    for (folder, share) in verdicts.shares() {
        assert!(share >= BAR, "{folder}: {share:.1} %\n{table}\nThese pass:\n{}", verdicts.survivors);
    }
}

/// Included files, certificates, and what else a spec names.
fn copy_what_stands_beside(root: &Path, project: &Project) {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let is_spec = path.extension().is_some_and(|extension| extension == "yaml");
            let is_included = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"_"));
            if path.is_dir() {
                folders.push(path);
            } else if !is_spec || is_included {
                let to = project.path("specs").join(path.strip_prefix(root).unwrap());
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(&path, to).unwrap();
            }
        }
    }
}

#[test]
fn a_spec_that_asserts_nothing_is_below_the_bar() {
    let mut trial = Trial::new();
    trial.add(
        "idle/nothing",
        "about: Bytes are sent, and whatever becomes of them is right.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {send: \"one\"}
  - conn:   {send: \"two\"}
  - client: close
  - conn:   close
",
        1,
    );
    let verdicts = trial.judge();
    assert_eq!(verdicts.sum(|_, _| true), (0, 5), "{}", verdicts.survivors);
    assert!(verdicts.shares()["idle"] < BAR);
}

#[test]
fn what_only_looks_is_counted_apart() {
    let mut trial = Trial::new();
    trial.add(
        "ends/here",
        "about: Who closes ends the stream.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: close
  - conn:   {expect: eof}
",
        1,
    );
    let verdicts = trial.judge();
    assert_eq!(verdicts.sum(|_, kind| kind == Kind::LeftOut), (1, 1));
    assert_eq!(verdicts.sum(|_, kind| kind == Kind::Changed), (1, 1));
    assert_eq!(verdicts.sum(|_, kind| kind == Kind::Unasked), (0, 1));
}
