//! What an editor shows of specs, by the real YAML language server and the schema that `sockspec schema` prints:
//! completions, hover texts, and places of mistakes. Where the server is not installed, that is said and nothing is
//! tested; `.ci/run` installs it.

mod server;

use std::fs;

use serde_json::Value as Json;
use server::Server;

use crate::schema::{included_files, yaml_files};

const HEAD: &str = "about: An example.\nsteps:\n";

/// The text and the place of the cursor, which is `¦` in it.
fn at_cursor(text: &str) -> (String, usize, usize) {
    let (before, after) = text.split_once('¦').expect("a cursor");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap().chars().count();
    (format!("{before}{after}"), line, column)
}

/// What is offered at the cursor.
fn offered(server: &mut Server, steps: &str) -> Vec<Json> {
    let (text, line, column) = at_cursor(&format!("{HEAD}{steps}"));
    offered_in(server, &text, line, column)
}

fn offered_in(server: &mut Server, text: &str, line: usize, column: usize) -> Vec<Json> {
    let file = server.open("specs/it.yaml", text);
    let result = server.ask_at("textDocument/completion", &file, line, column);
    result["items"].as_array().or(result.as_array()).unwrap_or_else(|| panic!("{result}")).clone()
}

fn labels(items: &[Json]) -> Vec<&str> {
    items.iter().map(|item| item["label"].as_str().unwrap()).collect()
}

/// That these are offered, and others are not.
#[track_caller]
fn assert_offers(server: &mut Server, steps: &str, these: &[&str], not_these: &[&str]) {
    let items = offered(server, steps);
    let labels = labels(&items);
    for label in these {
        assert!(labels.contains(label), "at {steps:?} `{label}` is not among {labels:?}");
    }
    for label in not_these {
        assert!(!labels.contains(label), "at {steps:?} `{label}` is among {labels:?}");
    }
}

/// The text that is shown where the cursor rests.
fn hover(server: &mut Server, text: &str) -> String {
    let (text, line, column) = at_cursor(text);
    let file = server.open("specs/it.yaml", &text);
    let result = server.ask_at("textDocument/hover", &file, line, column);
    result["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn verbs_are_offered_after_an_endpoint() {
    let Some(mut server) = Server::start() else { return };
    let verbs: Vec<&str> = sockspec::spec::words::VERBS.iter().map(|verb| verb.word.name).collect();
    // In braces the server offers nothing before the first letter.
    assert_offers(&mut server, "  - client: {s¦}\n", &verbs, &["about", "parallel", "hex"]);
    assert_offers(&mut server, "  - client: {se¦\n", &["send", "set"], &[]);
    assert_offers(&mut server, "  - client: {se¦}\n", &["send", "set"], &[]);
    assert_offers(&mut server, "  - client:\n      ¦\n", &verbs, &["about"]);
    assert_offers(&mut server, "  - client: ¦\n", &["close", "reset", "listen"], &["about"]);
}

#[test]
fn what_stands_beside_a_verb_is_its_own() {
    let Some(mut server) = Server::start() else { return };
    assert_offers(
        &mut server,
        "  - client: {send: x, t¦}\n",
        &["to", "urgent", "more", "pass", "within", "fails"],
        &["backlog", "peek", "recv", "for"],
    );
    assert_offers(
        &mut server,
        "  - client:\n      recv: x\n      ¦\n",
        &["peek", "takes", "sender"],
        &["more", "urgently"],
    );
    assert_offers(&mut server, "  - conn: {recv: {b¦}}\n", &["hex", "until", "bytes", "one_of", "size"], &["send"]);
    assert_offers(&mut server, "  - conn: {recv: {until: x, m¦}}\n", &["match", "as", "vary"], &["seed"]);
}

#[test]
fn words_are_offered_where_only_words_can_stand() {
    let Some(mut server) = Server::start() else { return };
    assert_offers(&mut server, "  - server: {set: {S¦}}\n", &["SO_REUSEADDR", "TCP_NODELAY", "IPV6_V6ONLY"], &["send"]);
    assert_offers(&mut server, "  - server: {set: {SO_REUSE¦}}\n", &["SO_REUSEADDR", "SO_REUSEPORT"], &[]);
    assert_offers(&mut server, "  - client: {expect: ¦}\n", &["eof", "reset", "silence"], &["send"]);
    assert_offers(&mut server, "  - client: {expect: {s¦}}\n", &["state", "unread", "SO_ERROR"], &["send", "within"]);
    assert_offers(&mut server, "  - client: {expect: {state: ¦}}\n", &["TIME-WAIT", "CLOSE-WAIT"], &["eof"]);
    assert_offers(&mut server, "  - client: {connect: x, fails: ¦}\n", &["ECONNREFUSED", "none"], &["send"]);
    assert_offers(&mut server, "  - conn: {shutdown: ¦}\n", &["read", "write", "both"], &["send"]);
    assert_offers(&mut server, "  - server: {listen: ¦}\n", &["tcp", "tcp6", "unix"], &["send"]);
}

#[test]
fn keys_and_steps_are_offered() {
    let Some(mut server) = Server::start() else { return };
    let keys: Vec<&str> = sockspec::spec::words::TOP_LEVEL.iter().map(|word| word.name).collect();
    let items = offered_in(&mut server, "", 0, 0);
    for key in &keys {
        assert!(labels(&items).contains(key), "`{key}` is not among {:?}", labels(&items));
    }
    let items = offered_in(&mut server, "about: x\n\nsteps:\n  - a: close\n", 1, 0);
    assert!(labels(&items).contains(&"matrix") && !labels(&items).contains(&"about"), "{:?}", labels(&items));
    let own: Vec<&str> = sockspec::spec::words::STEPS.iter().map(|step| step.word.name).collect();
    assert_offers(&mut server, "  - ¦\n", &own, &["about", "send"]);
    assert_offers(&mut server, "  - repeat: 3\n    ¦\n", &["steps", "as", "until"], &["about", "send"]);
    // A step's template brings what must stand beside its word.
    let items = offered(&mut server, "  - ¦\n");
    let repeat = items.iter().find(|item| item["label"] == "repeat").unwrap();
    assert!(repeat["documentation"].to_string().contains("- repeat: 3"), "{repeat}");
}

#[test]
fn an_empty_line_among_steps_offers_another_step() {
    let Some(mut server) = Server::start() else { return };
    let items = offered(&mut server, "  - a: close\n  ¦\n");
    let labels = labels(&items);
    assert!(labels.iter().any(|label| label.contains("array item")), "no item of a list is offered: {labels:?}");
    assert_offers(&mut server, "  -¦\n", &["parallel", "repeat", "barrier"], &["about"]);
}

#[test]
fn a_key_is_offered_with_its_colon() {
    let Some(mut server) = Server::start() else { return };
    for (steps, keys) in [
        ("  - client:\n      ¦\n", &["send", "recv", "connect", "accept", "listen", "expect", "shutdown"][..]),
        ("  - client:\n      send: x\n      ¦\n", &["within", "fails", "to"]),
        ("  - server:\n      set:\n        ¦\n", &["SO_LINGER", "TCP_NODELAY"]),
    ] {
        let items = offered(&mut server, steps);
        for key in keys {
            let item = items.iter().find(|item| item["label"] == *key).unwrap();
            let text = item["insertText"].as_str().unwrap();
            assert!(text.starts_with(&format!("{key}:")), "at {steps:?}: {text:?}");
        }
    }
}

#[test]
fn what_is_offered_is_explained() {
    let Some(mut server) = Server::start() else { return };
    for steps in ["  - client: {s¦}\n", "  - ¦\n", "  - client: {send: x, t¦}\n", "  - server: {set: {S¦}}\n"] {
        for item in offered(&mut server, steps) {
            let documentation = &item["documentation"];
            let text = documentation["value"].as_str().or(documentation.as_str()).unwrap_or_default();
            assert!(!text.is_empty(), "at {steps:?} nothing is said of `{}`", item["label"]);
        }
    }
}

#[test]
fn every_key_verb_and_modifier_has_its_hover_text() {
    let Some(mut server) = Server::start() else { return };
    for verb in sockspec::spec::words::VERBS {
        let text = hover(&mut server, &format!("{HEAD}  - it: {{¦{}: x}}\n", verb.word.name));
        assert!(text.contains(&plain(verb.word.doc)), "{}: {text:?}", verb.word.name);
        for modifier in verb.modifiers() {
            let text = hover(&mut server, &format!("{HEAD}  - it: {{{}: x, ¦{}: x}}\n", verb.word.name, modifier.name));
            assert!(text.contains(&plain(modifier.doc)), "{} beside {}: {text:?}", modifier.name, verb.word.name);
        }
    }
    for key in sockspec::spec::words::TOP_LEVEL {
        let text = hover(&mut server, &format!("¦{}: x\n", key.name));
        assert!(text.contains(&plain(key.doc)), "{}: {text:?}", key.name);
    }
    let text = hover(&mut server, &format!("{HEAD}  - it: {{set: {{¦SO_LINGER: 0}}}}\n"));
    assert!(text.contains("0 resets"), "{text}");
    let text = hover(&mut server, &format!("{HEAD}  - it: {{expect: {{¦state: TIME-WAIT}}}}\n"));
    assert!(text.contains("TCP state"), "{text}");
}

/// A text as the server shows it, which escapes what Markdown would take for its own.
fn plain(doc: &str) -> String {
    doc.split(['`', '_', '*', '\\', '~']).next().unwrap().to_owned()
}

#[test]
fn a_mistake_is_shown_at_its_place() {
    let Some(mut server) = Server::start() else { return };
    let diagnostics =
        server.check("specs/it.yaml", &format!("{HEAD}  - server: {{listen: tcp}}\n  - client: {{sned: x}}\n"));
    let places: Vec<_> = diagnostics.iter().map(|found| found["range"]["start"].clone()).collect();
    assert!(!places.is_empty(), "nothing is found");
    for place in places {
        assert_eq!(place["line"], 3, "{diagnostics:#?}");
        assert!(place["character"].as_u64().unwrap() >= 4, "{diagnostics:#?}");
    }
    let diagnostics = server.check("specs/it.yaml", "abuot: x\nsteps: [{a: close}]\n");
    assert!(diagnostics.iter().any(|found| found["range"]["start"]["line"] == 0), "{diagnostics:#?}");
    assert!(server.check("specs/it.yaml", &format!("{HEAD}  - server: {{listen: tcp}}\n")).is_empty());
}

#[test]
fn specs_that_are_right_have_no_mistake() {
    let Some(mut server) = Server::start() else { return };
    let specs = yaml_files("specs").into_iter().chain(yaml_files("tests/data/ok")).map(|path| ("specs/it.yaml", path));
    let included = included_files("tests/data/ok").into_iter().map(|path| ("specs/_it.yaml", path));
    let files: Vec<_> = specs.chain(included).collect();
    assert!(files.len() > 300, "{} only", files.len());
    // It waits a moment before it checks a file, so they are opened many at a time.
    for some in files.chunks(50) {
        let opened = some.iter().map(|(as_name, path)| server.open(as_name, &fs::read_to_string(path).unwrap()));
        for (uri, (_, path)) in opened.collect::<Vec<_>>().iter().zip(some) {
            let diagnostics = server.found_in(uri);
            assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", path.display());
        }
    }
}

#[test]
fn the_line_at_the_top_of_a_spec_names_its_schema() {
    let Some(mut server) = Server::start() else { return };
    let line = "# yaml-language-server: $schema=../sockspec.schema.json\n";
    // No mapping is for this folder, so only the line can have said it.
    assert!(server.check("elsewhere/it.yaml", "abuot: x\n").is_empty());
    assert!(!server.check("elsewhere/it.yaml", &format!("{line}abuot: x\n")).is_empty());
}
