//! What another program, in another language, sees of the same behaviours: `tests/probe` makes plain socket
//! calls, and each of its facts has to stand in the accepted snapshots of the specs that show the line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use sockspec::model::bytes::escape;
use sockspec::snapshot::trace_in;
use sockspec::trace::TraceText;
use sockspec::trace::event::{Event, Segment, What};
use sockspec::trace::shown::Shown;

/// Lines that no probe shows, and why.
const LEFT_OUT: [(&str, &str); 1] = [("110", "it is a behaviour of Windows")];

/// Who, and what the kernel answered: `recv fails ENOTCONN`, `state=CLOSE-WAIT`.
type Fact = (String, String);

/// What one probe has told.
#[derive(Debug, Clone, Deserialize)]
struct Told {
    line: u32,
    probe: String,
    specs: Vec<String>,
    #[serde(default)]
    facts: Vec<Fact>,
    /// What crossed the wire, all of it, where the probe looked.
    wire: Option<Vec<String>>,
    skipped: Option<String>,
    error: Option<String>,
}

#[expect(clippy::print_stderr, reason = "whoever reads the log has to know what was not compared")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the probes have told, those of one line alone if it is given; `None` where they cannot run.
fn told(line: Option<&str>) -> Option<Vec<Told>> {
    if !cfg!(target_os = "linux") {
        skip("the probes ask for what Linux does");
        return None;
    }
    let run = Command::new("python3").arg(root().join("tests/probe/probe.py")).args(line).output();
    let output = match run {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip("there is no python3");
            return None;
        }
        run => run.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The lines of the catalogue that are shown, each with its specs.
fn catalogue() -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
    let output = command.args(["coverage", "--format", "json"]).current_dir(root()).output().unwrap();
    let coverage: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines =
        coverage["sections"].as_array().unwrap().iter().flat_map(|section| section["lines"].as_array().unwrap());
    let names = |line: &Value| {
        line["specs"].as_array().unwrap().iter().map(|spec| spec["name"].as_str().unwrap().to_owned()).collect()
    };
    lines.map(|line| (line["id"].as_str().unwrap().to_owned(), names(line))).collect()
}

/// The accepted snapshots of a spec, one for each case of its matrix.
fn snapshots(spec: &str) -> Vec<PathBuf> {
    let base = root().join("snapshots").join(spec);
    let stem = base.file_name().unwrap().to_str().unwrap();
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.strip_prefix(stem)
            .and_then(|rest| rest.strip_suffix(".snap"))
            .is_some_and(|case| case.is_empty() || case.starts_with('@'))
    };
    let folder = base.parent().unwrap().read_dir().into_iter().flatten();
    folder.map(|entry| entry.unwrap().path()).filter(is_its).collect()
}

/// What was answered, without what was asked: the facts of a snapshot's events.
fn facts_of(trace: &TraceText) -> Vec<Fact> {
    let mut facts = Vec::new();
    for event in trace.events().into_iter().filter_map(|node| node.event()) {
        facts.extend(answers(event).into_iter().map(|answer| (event.endpoint.clone(), answer)));
    }
    facts
}

/// What crossed the wire. Bytes of neighbouring steps are one, for who only listens knows of no steps.
fn wire_of(trace: &TraceText) -> Vec<String> {
    let mut segments: Vec<(&Segment, u64)> = Vec::new();
    for segment in trace.events().into_iter().filter_map(|node| node.event()).flat_map(|event| &event.wire) {
        let size = segment.what.strip_prefix("DATA ").map_or(0, |size| size.parse().unwrap());
        match segments.last_mut() {
            Some((before, sum))
                if *sum > 0 && size > 0 && (&before.from, &before.to) == (&segment.from, &segment.to) =>
            {
                *sum += size;
            }
            _ => segments.push((segment, size)),
        }
    }
    let what = |segment: &Segment, size| if size > 0 { format!("DATA {size}") } else { segment.what.clone() };
    let line = |(segment, size): (&Segment, u64)| format!("{} > {}  {}", segment.from, segment.to, what(segment, size));
    segments.into_iter().map(line).collect()
}

fn answers(event: &Event) -> Vec<String> {
    let end = match &event.fails[..] {
        [] => String::new(),
        [one] => format!(" fails {one}"),
        many => format!(" fails [{}]", many.join(", ")),
    };
    let heads = match &event.what {
        What::Words(words) => answers_in(words, &end),
        What::Data { verb, suffix, .. } if verb == "send" => {
            let raised = suffix.iter().filter(|word| word.starts_with("raises SIG"));
            vec![raised.fold(verb.clone(), |head, word| format!("{head} {word}"))]
        }
        What::Data { bytes, suffix, .. } => vec![received(bytes, suffix)],
    };
    heads.into_iter().map(|head| head + &end).collect()
}

/// The answers in an event of words. What was asked for is left out; each attribute is an answer.
fn answers_in(words: &str, end: &str) -> Vec<String> {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    match first {
        "expect" if rest == "reset" => vec!["recv fails ECONNRESET".into()],
        // An address that cannot be told is none.
        "expect" if !end.is_empty() => {
            rest.split(' ').map(|attribute| attribute.split('=').next().unwrap().to_owned()).collect()
        }
        "expect" => rest.split(' ').map(str::to_owned).collect(),
        "set" => rest.split(' ').map(|option| format!("set {option}")).collect(),
        "read" => vec!["recv".into()],
        "accept" | "bind" | "close" | "connect" | "disconnect" | "dup" | "listen" | "pair" | "reset" | "shutdown"
        | "silence" | "socket" => {
            vec![first.into()]
        }
        _ => vec![words.into()],
    }
}

fn received(bytes: &[Shown], suffix: &[String]) -> String {
    let part = |part: &Shown| match part {
        Shown::Bytes(bytes) => format!("\"{}\"", escape(bytes)),
        Shown::Generated { size, how } => format!("{size} {how}"),
        other => format!("{other:?}"),
    };
    let nothing = bytes.is_empty().then(|| "\"\"".to_owned());
    let words = bytes.iter().map(part).chain(nothing).chain(suffix.iter().cloned());
    format!("recv {}", words.collect::<Vec<_>>().join(" "))
}

/// The first fact that does not stand behind those before it.
fn missing<'f>(facts: &'f [Fact], accepted: &[Fact]) -> Option<&'f Fact> {
    let mut rest = accepted.iter();
    facts.iter().find(|fact| !rest.any(|one| one == *fact))
}

/// What is wrong with a probe: that it ended early, or where snapshots say otherwise.
fn disagreements(told: &Told, catalogue: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let which = format!("line {}, {}", told.line, told.probe);
    if let Some(error) = &told.error {
        return vec![format!("{which}: {error}")];
    }
    if told.specs.is_empty() || told.facts.is_empty() && told.skipped.is_none() {
        return vec![format!("{which}: it compares nothing")];
    }
    let mut found = Vec::new();
    for spec in &told.specs {
        if !catalogue.get(&told.line.to_string()).is_some_and(|specs| specs.contains(spec)) {
            found.push(format!("{which}: `{spec}` is no spec of this line"));
        }
        let snapshots = snapshots(spec);
        if snapshots.is_empty() {
            found.push(format!("{which}: `{spec}` has no snapshot"));
        }
        for snapshot in snapshots {
            let trace = TraceText::read(&trace_in(&snapshot).unwrap());
            let name = snapshot.strip_prefix(root()).unwrap().display().to_string();
            let accepted = facts_of(&trace);
            if let Some((endpoint, fact)) = missing(&told.facts, &accepted) {
                let all =
                    accepted.iter().map(|(name, what)| format!("    {name}  {what}")).collect::<Vec<_>>().join("\n");
                found.push(format!("{which}: `{endpoint}  {fact}` is not in {name} where it was seen:\n{all}"));
            }
            let accepted = wire_of(&trace);
            if told.wire.as_ref().is_some_and(|wire| *wire != accepted) {
                let all = accepted.join("\n    ");
                found.push(format!("{which}: the wire of {name} is another one, {:?}, than\n    {all}", told.wire));
            }
        }
    }
    found
}

#[test]
fn another_program_sees_what_the_snapshots_show() {
    let Some(all) = told(None) else { return };
    let catalogue = catalogue();
    for told in &all {
        told.skipped.iter().for_each(|why| skip(&format!("line {}, {}: {why}", told.line, told.probe)));
    }
    let found: Vec<String> = all.iter().flat_map(|told| disagreements(told, &catalogue)).collect();
    assert!(found.is_empty(), "{} disagreements\n{}", found.len(), found.join("\n"));

    let probed: BTreeSet<String> = all.iter().map(|told| told.line.to_string()).collect();
    let left_out: BTreeSet<String> = LEFT_OUT.iter().map(|(line, _)| (*line).to_owned()).collect();
    let lines: BTreeSet<String> = catalogue.into_keys().collect();
    assert_eq!(lines.difference(&probed).cloned().collect::<BTreeSet<_>>(), left_out, "lines without a probe");
}

#[test]
fn a_fact_that_is_otherwise_is_told_with_its_line_and_spec() {
    let Some(all) = told(Some("4")) else { return };
    let catalogue = catalogue();
    let honest = all.into_iter().next().unwrap();
    assert_eq!(disagreements(&honest, &catalogue), [""; 0]);

    let changed = |change: &dyn Fn(&mut Told)| {
        let mut told = honest.clone();
        change(&mut told);
        disagreements(&told, &catalogue).join("\n")
    };
    let otherwise = changed(&|told| told.facts[0].1 = "recv fails EPIPE".into());
    assert!(
        otherwise.starts_with("line 4, lifecycle.unconnected_data: `alone  recv fails EPIPE` is not in "),
        "{otherwise}"
    );
    assert!(otherwise.contains("an-unconnected-socket-has-nobody-to-talk-to.snap"), "{otherwise}");
    assert!(changed(&|told| told.facts.reverse()).contains("is not in"), "the order counts");
    assert!(changed(&|told| told.facts[0].0 = "other".into()).contains("`other  recv fails ENOTCONN` is not in"));
    assert!(changed(&|told| told.facts.clear()).ends_with("it compares nothing"));
    assert!(changed(&|told| told.line = 5).contains("is no spec of this line"));
    assert!(changed(&|told| told.specs = vec!["tcp/no-such".into()]).contains("`tcp/no-such` has no snapshot"));
}

#[test]
fn another_wire_is_told() {
    let Some(all) = told(Some("10")) else { return };
    let catalogue = catalogue();
    let Some(honest) = all.into_iter().find(|told| told.wire.is_some()) else { return skip("no wire could be read") };
    assert_eq!(disagreements(&honest, &catalogue), [""; 0]);
    let changes: [fn(&mut Vec<String>); 3] =
        [|wire| drop(wire.pop()), |wire| wire.push(wire[0].clone()), |wire| wire.reverse()];
    for change in changes {
        let mut told = honest.clone();
        change(told.wire.as_mut().unwrap());
        let found = disagreements(&told, &catalogue).join("\n");
        assert!(found.contains("the wire of snapshots/tcp/handshake/"), "{found}");
    }
}
