//! The JSON Schema against good and bad specs, by a validator of others.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sockspec::diagnostic::render::{Format, Style, render};
use sockspec::diagnostic::{Diagnostic, Severity};
use sockspec::plan;
use sockspec::source::SourceFile;
use sockspec::spec::Parsed;

/// Every spec below a folder of the repository, in order: files whose names begin with `_` are there
/// to be included.
pub(crate) fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") && !is_included(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn is_included(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"_"))
}

/// The files of a folder of the repository that are there to be included.
pub(crate) fn included_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| is_included(path)).collect()
}

pub(crate) fn validator() -> jsonschema::Validator {
    validator_of(&sockspec::spec::schema::json())
}

fn validator_of(schema: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft7::new(&schema).expect("the schema is draft-07")
}

/// What the schema finds wrong; a text that is no YAML is wrong as well.
pub(crate) fn errors(validator: &jsonschema::Validator, yaml: &str) -> Vec<String> {
    match serde_yaml::from_str::<Value>(yaml) {
        Ok(spec) => validator.iter_errors(&spec).map(|error| format!("{}: {error}", error.instance_path())).collect(),
        Err(error) => vec![error.to_string()],
    }
}

fn assert_valid(folder: &str, at_least: usize) {
    let validator = validator();
    let files = yaml_files(folder);
    assert!(files.len() >= at_least, "{folder} has {} specs only", files.len());
    for file in files {
        let found = errors(&validator, &std::fs::read_to_string(&file).unwrap());
        assert!(found.is_empty(), "{}: {found:#?}", file.display());
    }
}

#[test]
fn it_is_draft_07() {
    let schema: Value = serde_json::from_str(&sockspec::spec::schema::json()).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(schema["$id"].is_string() && schema["title"].is_string());
    jsonschema::draft7::meta::validate(&schema).expect("the schema is a schema");
}

#[test]
fn good_specs_are_valid() {
    assert_valid("tests/data/ok", 35);
}

#[test]
fn bundled_specs_are_valid() {
    assert_valid("specs", 60);
}

#[test]
fn specs_that_fail_when_they_run_are_valid() {
    assert_valid("tests/data/fail", 10);
}

#[test]
fn included_files_have_a_schema_of_their_own() {
    let validator = validator_of(&sockspec::spec::schema::included());
    let files = ["tests/data/ok", "tests/data/fail"].into_iter().flat_map(included_files);
    let mut count = 0;
    for file in files {
        let found = errors(&validator, &std::fs::read_to_string(&file).unwrap());
        assert!(found.is_empty(), "{}: {found:#?}", file.display());
        count += 1;
    }
    assert!(count >= 6, "{count}");
    for bad in ["about: x", "steps: [{a: close}]\ntags: [x]", "out: x\nsteps: [{a: close}]", "steps: []"] {
        assert!(!errors(&validator, bad).is_empty(), "{bad}");
    }
}

/// Specs whose shape is wrong at the top level.
const BAD_SPECS: &[&str] = &[
    "steps: [{a: close}]",
    "about: Without steps.",
    "about: A\nsteps: 3",
    "about: A\nabuot: B\nsteps: [{a: close}]",
    "about: A\nsteps: []",
    "about: A\nsteps: {a: close}",
    "about: A\ntags: slow\nsteps: [{a: close}]",
    "about: A\nrefs: [[a], b]\nsteps: [{a: close}]",
    "about: A\nsteps:\n  - repeat: 3\n    steps: []",
    "about: A\nsteps:\n  - parallel: {one: []}",
    "about: A\nrequires: [solaris]\nsteps: [{a: close}]",
    "about: A\nrequires: [\"command:\"]\nsteps: [{a: close}]",
    "about: A\ntimeout: 5\nsteps: [{a: close}]",
    "about: A\ntimeout: 5 parsecs\nsteps: [{a: close}]",
    "about: A\nsnapshot: always\nsteps: [{a: close}]",
    "about: A\nvars: [a, b]\nsteps: [{a: close}]",
    "about: A\nvars: {a: 1.10}\nsteps: [{a: close}]",
    "about: A\nvars: {a: [1]}\nsteps: [{a: close}]",
    "about: A\nvars: {1st: x}\nsteps: [{a: close}]",
    "about: A\nmatrix: {net: tcp}\nsteps: [{a: close}]",
    "about: A\nmatrix: {net: []}\nsteps: [{a: close}]",
    "about: A\nmatrix: {net: [[tcp]]}\nsteps: [{a: close}]",
    "about: A\nnetwork: isolate\nsteps: [{a: close}]",
    "about: A\nnetwork: [isolated]\nsteps: [{a: close}]",
    "about: A\nnetwork: {}\nsteps: [{a: close}]",
    "about: A\nnetwork: {adresses: [1.2.3.4]}\nsteps: [{a: close}]",
    "about: A\nnetwork: {addresses: 1.2.3.4}\nsteps: [{a: close}]",
    "about: A\nnetwork: {addresses: []}\nsteps: [{a: close}]",
    "about: A\nnetwork: {addresses: [here]}\nsteps: [{a: close}]",
    "about: A\nnetwork: {hosts: {}}\nsteps: [{a: {pair: b}}]",
    "about: A\nnetwork: {hosts: [10.0.0.1]}\nsteps: [{a: {pair: b}}]",
    "about: A\nnetwork: {hosts: {1a: 10.0.0.1}}\nsteps: [{a: {pair: b, host: 1a}}]",
    "about: A\nnetwork: {hosts: {a: here}}\nsteps: [{a: {pair: b, host: a}}]",
    "about: A\nnetwork: {hosts: {a: 10.0.0.1}, addresses: [1.2.3.4]}\nsteps: [{a: {pair: b, host: a}}]",
    "about: A\nnetwork: {routes: [192.0.2.0/24]}\nsteps: [{a: close}]",
    "about: A\nnetwork: {routes: {192.0.2.0/24: reject}}\nsteps: [{a: close}]",
    "about: A\nnetwork: isolated\nwire: yes\nsteps: [{a: close}]",
    "about: A\nports: p\nsteps: [{a: close}]",
    "about: A\nperturb: {segment: false}\nsteps: [{a: close}]",
    "about: A\nperturb: {segments: no}\nsteps: [{a: close}]",
    "about: A\nperturb: {}\nsteps: [{a: close}]",
    "- a: close",
    "just a text",
];

/// Steps whose shape is wrong.
const BAD_STEPS: &[&str] = &[
    "close",
    "{}",
    "{a: close, b: close}",
    "{a: {send: x}, within: 1s}",
    "{send: {a: x}}",
    "{1a: close}",
    "{\"a b\": close}",
    "{a: clsoe}",
    "{a: send}",
    "{a: 3}",
    "{a: [close]}",
    "{a: null}",
    "{a: {}}",
    "{a: {within: 1s}}",
    "{a: {sned: x}}",
    "{a: {send: x, recv: y}}",
    "{a: {close: false}}",
    "{a: {close: 1s}}",
    "{a: {run: []}}",
    "{a: {run: sh}}",
    "{a: {run: [sh], ready: {line: x}}}",
    "{a: {run: [sh], ready: {stdout: x, stderr: y}}}",
    "{a: {run: [sh], env: [A=b]}}",
    "{a: {run: [sh], pass: b}}",
    "{a: {send: x, pass: b}}",
    "{a: {send: x, pass: []}}",
    "{a: {recv: x, takes: {b: c}}}",
    "{a: {recv: x, pass: [b]}}",
    "{a: {signal: TREM}}",
    "{a: {tls: both}}",
    "{a: {tls: client, cipher: x}}",
    "{a: {tls: client, version: \"1.1\"}}",
    "{a: {tls: client, alpn: {h2: true}}}",
    "{a: {expect: {tls: h2}}}",
    "{a: {expect: {tls: {cipher: x}}}}",
    "{a: {close: true, notify: maybe}}",
    "{a: {socket: tpc}}",
    "{a: {socket: 4}}",
    "{a: {bind: 80}}",
    "{a: {bind: \"http://127.0.0.1:80\"}}",
    "{a: {listen: false}}",
    "{a: {listen: tcp, backlog: many}}",
    "{a: {listen: tcp, backlog: -1}}",
    "{a: {accept: [server]}}",
    "{a: {accept: server, form: b}}",
    "{a: {accept: server, to: b}}",
    "{a: {connect: server, from: 80}}",
    "{a: {pair: b, network: pipe}}",
    "{a: {send: 42}}",
    "{a: {send: true}}",
    "{a: {send: null}}",
    "{a: {send: [x, 42]}}",
    "{a: {send: x, within: 5}}",
    "{a: {send: x, within: 5sec}}",
    "{a: {send: x, urgent: maybe}}",
    "{a: {send: x, peek: true}}",
    "{a: {send: x, fails: ECONREFUSED}}",
    "{a: {send: x, fails: [EPIPE, nothing]}}",
    "{a: {send: x, fails: {linus: EPIPE}}}",
    "{a: {send: x, fails: []}}",
    "{a: {send: x, fails: 32}}",
    "{a: {send: {}}}",
    "{a: {send: {hexx: \"00\"}}}",
    "{a: {send: {hex: \"00\", base64: \"AA==\"}}}",
    "{a: {send: {fill: ab}}}",
    "{a: {send: {size: 3}}}",
    "{a: {send: {fill: ab, size: 1MB}}}",
    "{a: {send: {fill: ab, size: 3, seed: 7}}}",
    "{a: {send: {random: lots}}}",
    "{a: {send: {u16: any}}}",
    "{a: {send: {u24: 1}}}",
    "{a: {send: {u16be: 1}}}",
    "{a: {send: {size: u16}}}",
    "{a: {send: {size: u24, of: x}}}",
    "{a: {send: {size: u16, of: {rest: true}}}}",
    "{a: {send: {bytes: 4}}}",
    "{a: {send: {until: x}}}",
    "{a: {send: {hex: \"00\", as: b}}}",
    "{a: {recv: 42}}",
    "{a: {recv: {bytes: few}}}",
    "{a: {recv: {bytes: 4, mach: x}}}",
    "{a: {recv: {bytes: 4, as: 5}}}",
    "{a: {recv: {until: {macht: x}}}}",
    "{a: {recv: {until: 3}}}",
    "{a: {recv: {until: {bytes: 3}}}}",
    "{a: {recv: {rest: false}}}",
    "{a: {recv: {rest: true, end: silence}}}",
    "{a: {recv: {one_of: x}}}",
    "{a: {recv: {one_of: []}}}",
    "{a: {recv: {any_order: [1]}}}",
    "{a: {recv: {until_last: x}}}",
    "{a: {recv: {each: x}}}",
    "{a: {recv: {u16: some}}}",
    "{a: {read: 1, to: b}}",
    "{a: {recv: x, to: [b]}}",
    "{a: {recv: x, to: \"b c\"}}",
    "{a: {recv: x, credentials: 4 2}}",
    "{a: {recv: x, errqueue: {errno: ECONNREFUSED, info: much}}}",
    "{a: {recv: x, errqueue: {errno: ECONNREFUSED, offender: [b]}}}",
    "{a: {expect: {SO_PEERCRED: 42}}}",
    "{a: {expect: {\"SOL_SOCKET:2\": x}}}",
    "{a: {recv: x, ctrunc: 1}}",
    "{a: {recv: x, errqueue: ECONNREFUSED}}",
    "{a: {recv: x, errqueue: {origin: icmp}}}",
    "{a: {recv: x, errqueue: {errno: ECONREFUSED}}}",
    "{a: {recv: x, errqueue: {errno: ECONNREFUSED, origin: icmp4}}}",
    "{a: {recv: x, waitall: true}}",
    "{a: {read: 1, truncated: maybe}}",
    "{a: {read: 1, discard: 4}}",
    "{a: {read: much}}",
    "{a: {read: 3, is: 42}}",
    "{a: {expect: end}}",
    "{a: {expect: [eof, end]}}",
    "{a: {expect: true}}",
    "{a: {expect: {}}}",
    "{a: {expect: {stat: LISTEN}}}",
    "{a: {expect: {state: FINWAIT2}}}",
    "{a: {expect: {unread: some}}}",
    "{a: {expect: {SO_LINGERING: 0}}}",
    "{a: {expect: exit, status: SIGTREM}}",
    "{a: {expect: exit, from: stdout}}",
    "{a: {expect: silence, for: 200}}",
    "{a: {shutdown: all}}",
    "{a: {shutdown: [read, write]}}",
    "{a: {set: SO_REUSEADDR}}",
    "{a: {set: {}}}",
    "{a: {set: {SO_REUSADDR: true}}}",
    "{a: {set: {SO_RCVTIMEO: 200}}}",
    "{a: {set: {SO_LINGER: true}}}",
    "{a: {set: {SO_RCVBUF: big}}}",
    "{parallel: [{a: close}]}",
    "{parallel: {}}",
    "{parallel: {one: {a: close}}}",
    "{parallel: {one: [{a: close}]}, steps: []}",
    "{barrier: [b]}",
    "{barrier: b, as: c}",
    "{repeat: 3}",
    "{steps: [{a: close}]}",
    "{repeat: often, steps: [{a: close}]}",
    "{repeat: -1, steps: [{a: close}]}",
    "{repeat: 3, steps: {a: close}}",
    "{repeat: 3, steps: [{a: close}], for: i}",
    "{repeat: [x], steps: [{a: close}]}",
    "{link: down}",
    "{link: {}}",
    "{link: {a: donw}}",
    "{link: {a: {state: down}}}",
    "{link: {a: down}, within: 1s}",
    "{a: {listen: tcp, host: [a]}}",
    "{a: {accept: b, host: a}}",
    "{pause: 50}",
    "{pause: 50ms, within: 1s}",
    "{retry: 2s}",
    "{let: [x]}",
    "{include: [other.yaml]}",
];

fn bad_specs() -> impl Iterator<Item = String> {
    let steps = BAD_STEPS.iter().map(|step| format!("about: A step that is wrong.\nsteps:\n  - {step}\n"));
    BAD_SPECS.iter().map(ToString::to_string).chain(steps)
}

#[test]
fn bad_shapes_are_refused() {
    let validator = validator();
    let accepted: Vec<_> = bad_specs().filter(|spec| errors(&validator, spec).is_empty()).collect();
    assert!(accepted.is_empty(), "the schema accepts:\n{}", accepted.join("\n"));
}

/// What the checker finds; `errors` alone, or warnings too.
fn findings(source: &SourceFile) -> Vec<Diagnostic> {
    let Parsed { spec, mut diagnostics } = sockspec::spec::parse(source);
    diagnostics.extend(plan::check(&spec, source, "spec", &plan::Settings::default()));
    diagnostics
}

fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error
}

#[test]
fn the_checker_agrees_about_good_specs() {
    for file in ["tests/data/ok", "specs", "tests/data/fail"].into_iter().flat_map(yaml_files) {
        let source = SourceFile::read(&file, file.display().to_string()).unwrap();
        let errors: Vec<_> = findings(&source).into_iter().filter(is_error).collect();
        let shown: String = errors.iter().map(|error| render(&source, error, Format::Full, Style::default())).collect();
        assert!(errors.is_empty(), "{shown}");
    }
}

#[test]
fn the_checker_agrees_about_bad_shapes() {
    let is_accepted = |spec: &String| {
        let source = SourceFile::new("spec.yaml", "spec.yaml", spec.as_str());
        !findings(&source).iter().any(is_error)
    };
    let accepted: Vec<_> = bad_specs().filter(is_accepted).collect();
    assert!(accepted.is_empty(), "the checker accepts:\n{}", accepted.join("\n"));
}
