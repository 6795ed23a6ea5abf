//! What is right, and what is wrong with its place, its word and a way out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;
use crate::spec::ast::{Call, Expectation, Fails, Form, FormKind, Network, Spec, StepKind, Times, Verb, Wanted};
use crate::spec::{Parsed, parse};

fn read(text: &str) -> (Spec, Vec<Diagnostic>) {
    let Parsed { spec, diagnostics } = parse(&SourceFile::new("x", "x", text));
    (spec, diagnostics)
}

fn with_step(step: &str) -> String {
    format!("about: x\nsteps:\n  - {step}\n")
}

/// The call of a step that is in order.
fn call(step: &str) -> Call {
    let (spec, diagnostics) = read(&with_step(step));
    assert!(diagnostics.is_empty(), "{step}: {diagnostics:?}");
    let [step] = &spec.steps[..] else { panic!("{spec:?}") };
    assert!(!step.faulty);
    let StepKind::Call(call) = &step.kind else { panic!("{step:?}") };
    call.as_ref().clone()
}

fn pattern(step: &str) -> Form {
    match call(step).verb {
        Verb::Recv { pattern, .. } => pattern,
        Verb::Send { payload, .. } => payload,
        Verb::Read { is: Some(is), .. } => is,
        other => panic!("{other:?}"),
    }
}

/// Each step has one finding: at this word, with this in its message, and this in its help.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (step, word, message, help) in cases {
        let text = with_step(step);
        let source = SourceFile::new("x", "x", text.as_str());
        let Parsed { spec, diagnostics } = parse(&source);
        let [finding] = &diagnostics[..] else { panic!("{step}: {diagnostics:#?}") };
        assert_eq!(source.slice(finding.span), *word, "{step}: {finding:#?}");
        assert!(finding.message.contains(message), "{step}: {finding:#?}");
        assert!(finding.help.iter().any(|line| line.contains(help)), "{step}: {finding:#?}");
        let faulty = spec.steps.iter().all(|step| step.faulty);
        assert_eq!(faulty, finding.severity == Severity::Error, "{step}: {:?}", spec.steps);
    }
}

#[test]
fn bare_verbs() {
    assert!(matches!(call("a: close").verb, Verb::Close { notify: None }));
    assert!(matches!(call("a: {close: true, within: 1s}").verb, Verb::Close { notify: None }));
    assert!(matches!(call("a: {close}").verb, Verb::Close { notify: None }));
    assert!(matches!(call("a: reset").verb, Verb::Reset));
    assert!(matches!(call("a: listen").verb, Verb::Listen { address: None, backlog: None }));
    let Verb::Listen { address: None, backlog: Some(backlog) } = call("a: {listen: true, backlog: 1}").verb else {
        panic!()
    };
    assert_eq!(backlog.text, "1");
}

#[test]
fn every_modifier_is_kept() {
    let call = call(
        "a: {recv: x, from: b, sender: c, peek: true, urgent: false, within: 1s, after: 2s, blocking: true, nonblocking: false, fails: EAGAIN}",
    );
    let text = |scalar: Option<crate::spec::ast::Scalar>| scalar.unwrap().text;
    let Verb::Recv { from, sender, peek, urgent, .. } = call.verb else { panic!() };
    assert_eq!([text(from), text(sender), text(peek), text(urgent)], ["b", "c", "true", "false"]);
    assert_eq!([text(call.within), text(call.after)], ["1s", "2s"]);
    assert_eq!([text(call.blocking), text(call.nonblocking)], ["true", "false"]);
    let Some(Fails::Any(errors)) = call.fails else { panic!() };
    assert_eq!(errors[0].text, "EAGAIN");
}

#[test]
fn fails_is_one_or_a_list_or_by_platform() {
    let Some(Fails::Any(errors)) = call("a: {close: true, fails: [A, none]}").fails else { panic!() };
    assert_eq!(errors.len(), 2);
    let Some(Fails::ByPlatform(platforms)) = call("a: {close: true, fails: {linux: A, macos: [B, C]}}").fails else {
        panic!()
    };
    assert_eq!(
        platforms.iter().map(|(name, errors)| (name.text.as_str(), errors.len())).collect::<Vec<_>>(),
        [("linux", 1), ("macos", 2)]
    );
}

#[test]
fn every_form_is_read() {
    let debug = |step: &str| format!("{:?}", pattern(step).kind);
    for (step, kind) in [
        ("a: {recv: {hex: \"00 ..\"}}", "Hex"),
        ("a: {send: {base64: \"aa==\"}}", "Base64"),
        ("a: {send: {file: body.bin}}", "File"),
        ("a: {send: {fill: \"ab\", size: 1MiB}}", "Fill"),
        ("a: {send: {size: 1MiB, fill: \"ab\"}}", "Fill"),
        ("a: {send: {random: 64KiB, seed: 7}}", "Random"),
        ("a: {send: {u16le: 80}}", "Number"),
        ("a: {recv: {u16: any, mask: 0x0f, is: 3}}", "Number"),
        ("a: {send: {size: u16, of: x, plus: 4, or: 1, pad: 4}}", "Sized"),
        ("a: {send: [x, {u8: 1}]}", "List"),
        ("a: {recv: {bytes: 12, max: 1MiB}}", "Bytes"),
        ("a: {recv: {until: \"\\r\\n\"}}", "Until("),
        ("a: {recv: {until: {hex: \"0d 0a\"}}}", "Until("),
        ("a: {recv: {until: {match: 'a+b'}}}", "UntilMatch"),
        ("a: {recv: {rest: true, end: [eof, reset]}}", "Rest"),
        ("a: {recv: {one_of: [x, {u8: any}]}}", "OneOf"),
        ("a: {recv: {any_order: [x, y]}}", "AnyOrder"),
        ("a: {recv: {until_last: x, each: {until: y}}}", "UntilLast"),
    ] {
        assert!(debug(step).starts_with(kind), "{step}: {}", debug(step));
    }
}

#[test]
fn companions_stand_in_the_braces_or_beside_the_verb() {
    let inside = pattern("a: {recv: {until: x, match: 'a(?<b>c)', as: d, vary: true, max: 1KiB}}");
    let beside = pattern("a: {recv: [x, {u8: any}], match: 'a(?<b>c)', as: d, vary: true, max: 1KiB}");
    for form in [inside, beside] {
        assert_eq!(form.matching.unwrap().text, "a(?<b>c)");
        assert_eq!(form.capture.unwrap().text, "d");
        assert_eq!(form.vary.unwrap().text, "true");
        assert_eq!(form.max.unwrap().text, "1KiB");
    }
    assert!(pattern("a: {read: 9, is: x, as: d}").capture.is_some());
    let all = pattern("a: {read: 9, as: d}");
    assert!(matches!(all.kind, FormKind::Rest { .. }) && all.capture.is_some());
    let FormKind::Rest { end } = pattern("a: {recv: {rest: true}, end: reset}").kind else { panic!() };
    assert_eq!(end[0].text, "reset");
}

#[test]
fn expectations_are_conditions_or_attributes() {
    let what = |step: &str| match call(step).verb {
        Verb::Expect { what, .. } => what,
        other => panic!("{other:?}"),
    };
    assert!(matches!(what("a: {expect: [eof, reset]}"), Expectation::Any(list) if list.len() == 2));
    assert!(matches!(what("a: {expect: silence, for: 1s}"), Expectation::Any(list) if list.len() == 1));
    let Expectation::Attributes(list) = what("a: {expect: {state: [A, B], SO_ERROR: 0}}") else { panic!() };
    let lengths = list.iter().map(|(_, wanted)| match wanted {
        Wanted::Any(values) => values.len(),
        Wanted::All(agreed) => panic!("{agreed:?}"),
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [2, 1]);
    let Expectation::Attributes(list) = what("a: {expect: {tls: {version: \"1.3\", alpn: [h2, none]}}}") else {
        panic!()
    };
    let [(_, Wanted::All(agreed))] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!(
        agreed.iter().map(|(name, values)| (name.text.as_str(), values.len())).collect::<Vec<_>>(),
        [("version", 1), ("alpn", 2)]
    );
}

#[test]
fn an_upgrade_has_its_modifiers() {
    let Verb::Tls(tls) =
        call("a: {tls: client, sni: b.example, alpn: [h2, http/1.1], version: 1.3, verify: false}").verb
    else {
        panic!()
    };
    assert_eq!((tls.side.text.as_str(), tls.alpn.len()), ("client", 2));
    assert_eq!(tls.version.as_ref().map(|version| version.text.as_str()), Some("1.3"));
    assert_eq!(tls.verify.as_ref().map(|verify| verify.text.as_str()), Some("false"));
    assert!(tls.cert.is_none() && tls.key.is_none());
    check(&[
        ("a: {tls: client, cret: x}", "cret", "`tls` has no modifier `cret`", "`cert`"),
        ("a: {tls: {client: true}}", "{client: true}", "`tls` takes", "client"),
        ("a: {tls: }", "tls", "nothing stands after `tls`", "`server` or `client`"),
        ("a: {expect: {tls: {cipher: x}}}", "cipher", "`tls` has no `cipher`", "`version`, `alpn`, `sni`"),
        ("a: {expect: {tls: h2}}", "h2", "`tls` takes a map", "{version"),
        ("a: {expect: {tls: {}}}", "{}", "`tls` takes a map", "{version"),
    ]);
}

#[test]
fn blocks_are_read_with_their_steps() {
    let text = "about: x\nsteps:\n  - parallel:\n      one:\n        - a: close\n        - barrier: b\n          within: 1s\n      two: [{barrier: b}, {pause: 1s}]\n    within: 2s\n  - repeat: 3\n    as: i\n    until: \"i == 2\"\n    steps:\n      - a${i}: close\n";
    let (spec, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let [parallel, repeat] = &spec.steps[..] else { panic!() };
    let StepKind::Parallel { lanes, within: Some(_) } = &parallel.kind else { panic!() };
    assert_eq!(
        lanes.iter().map(|lane| (lane.name.text.as_str(), lane.steps.len())).collect::<Vec<_>>(),
        [("one", 2), ("two", 2)]
    );
    let StepKind::Repeat { times: Times::Count(count), name: Some(_), until: Some(_), vary: None, within: None, steps } =
        &repeat.kind
    else {
        panic!()
    };
    assert_eq!((count.text.as_str(), steps.len()), ("3", 1));
}

#[test]
fn a_wrong_verb() {
    check(&[
        ("a: {lissten: tcp}", "lissten", "unknown verb `lissten`", "`listen`"),
        ("a: clsoe", "clsoe", "unknown verb `clsoe`", "`close`"),
        ("a: eof", "eof", "unknown verb `eof`", "{expect: eof}"),
        ("a: {eof: true}", "eof", "unknown verb `eof`", "{expect: eof}"),
        ("a: send x", "send x", "unknown verb `send x`", "{send: x}"),
        ("a: {send:\"x\"}", "send:\"x\"", "unknown verb", "a blank after the colon"),
        ("a: {frobnicate: x}", "frobnicate", "unknown verb `frobnicate`", "`shutdown`"),
        ("a: connect", "connect", "nothing stands after `connect`", "an endpoint or an address"),
        ("a: {connect: }", "connect", "nothing stands after `connect`", "an endpoint or an address"),
        ("a: {close: now}", "now", "`close` takes nothing", "`close: true`"),
        ("a: {send: x, recv: y}", "recv", "a second verb in one step: `recv` beside `send`", "- a: {recv"),
        ("a: {send: x, send: y}", "send", "`send` stands here twice", "a step for each"),
        ("a: [close, reset]", "[close, reset]", "one verb", "a step for each"),
        ("a: {}", "a", "what does `a` do?", "close"),
        ("a: {within: 1s}", "a", "what does `a` do?", "`within` is a modifier"),
        ("a:", "a", "what does `a` do?", "close"),
    ]);
}

#[test]
fn a_wrong_step() {
    check(&[
        ("close", "close", "`close` of which endpoint?", "- NAME: close"),
        ("listen: tcp", "listen", "`listen` of which endpoint?", "{listen: tcp}"),
        ("connect: {a: b}", "connect", "`connect` of which endpoint?", "- a: {connect: b}"),
        ("send: {hex: 00}", "send", "`send` of which endpoint?", "- NAME: {send: {hex: 00}}"),
        ("a:close", "a:close", "one word to YAML", "a: close"),
        ("hello", "hello", "`hello` is no step", "- client"),
        ("", "", "this step is empty", "- server"),
        ("{}", "{}", "this step is empty", "- server"),
        ("[a, b]", "[a, b]", "not a list", "a dash of its own"),
        ("a: close\n    b: close", "b", "two endpoints in one step: `a` and `b`", "- b: …"),
        ("a:\n    listen: tcp", "listen", "`listen` stands beside `a`, not in it", "deeper"),
        ("a: {send: x}\n    within: 1s", "within", "outside of the braces", "VERB: …, within: …"),
        ("a: {send: x}\n    recv: y", "recv", "a second verb in one step: `recv` beside `a`", "- a: …"),
        ("a: close\n    pause: 1s", "a", "`a` does not stand beside `pause`", "begin with a dash"),
        ("barrier: b\n    pause: 1s", "pause", "two steps in one: `barrier` and `pause`", "- pause: …"),
        ("pause:", "pause", "nothing stands after `pause`", "500ms"),
        ("repeat: 3", "repeat", "`repeat` has no `steps`", "beside it"),
        ("parallel: [{a: close}]", "parallel", "lanes with names", "reader"),
        ("parallel: {}", "{}", "no lanes", "two"),
    ]);
}

#[test]
fn a_wrong_modifier() {
    check(&[
        ("a: {send: x, wihtin: 1s}", "wihtin", "`send` has no modifier `wihtin`", "`within`"),
        ("a: {send: x, backlog: 1}", "backlog", "`send` has no modifier `backlog`", "`listen`"),
        ("a: {send: x, peek: true}", "peek", "`send` has no modifier `peek`", "`recv`"),
        ("a: {send: hello, world}", "world", "no modifier `world`", "quote the whole text"),
        ("a: {send: one, two}", "two", "no modifier `two`", "quote the whole text"),
        ("a: {<<: {close: true}}", "<<", "merge keys", "write the keys out"),
        ("a: {send: x, rcv: y}", "rcv", "no modifier `rcv`", "the verb `recv`"),
        ("a: {accept: b, form: c}", "form", "no modifier `form`", "`from`"),
        ("a: {bind: tcp, within: 1s}", "within", "`bind` has no modifier `within`", "`recv`"),
        ("a: {send: x, mask: 3}", "mask", "`send` has no modifier `mask`", "beside `u8`"),
        ("a: {send: x, within: [1s]}", "[1s]", "`within` takes a duration", "500ms"),
        ("a: {send: x, within: }", "within", "nothing stands after `within`", "500ms"),
        ("a: {send: x, fails: []}", "[]", "the list of `fails` is empty", "leave the key out"),
        ("a: {expect: silence}", "silence", "for how long", "for: 200ms"),
        ("a: {expect: eof, for: 1s}", "for", "`for` belongs to `silence`", "`within`"),
        ("a: {expect: {eof: true}}", "eof", "`eof` is a condition", "expect: eof"),
        ("a: {expect: {}}", "{}", "waits for nothing", "eof"),
        ("a: {set: TCP_NODELAY}", "TCP_NODELAY", "`set` takes a map of options", "{TCP_NODELAY: true}"),
    ]);
}

#[test]
fn a_value_that_yaml_would_change() {
    for word in ["42", "true", "no", "on", "1.10", "007", "0o17", "1_000", "12:30", "2024-01-31", ".inf", "Off"] {
        check(&[
            (&format!("a: {{send: {word}}}"), word, &format!("`{word}` is a"), &format!("`\"{word}\"`")),
            (&format!("a: {{recv: [x, {word}]}}"), word, &format!("`{word}` is a"), &format!("`\"{word}\"`")),
        ]);
    }
    check(&[
        ("a: {send: 42}", "42", "is a number", "{u8: 42}"),
        ("a: {send: ~}", "send", "nothing stands after `send`", "a payload"),
        ("a: {send: null}", "send", "nothing stands after `send`", "a payload"),
        ("a: {send: {fill: 0, size: 3}}", "0", "is a number", "\"0\""),
        ("a: {recv: {until: 0}}", "0", "is a number", "\"0\""),
    ]);
    call("a: {send: '42'}");
    call("a: {send: hello}");
}

#[test]
fn a_wrong_form() {
    check(&[
        ("a: {send: {hexx: x}}", "hexx", "unknown form `hexx`", "`hex`"),
        ("a: {send: {text: x}}", "text", "unknown form `text`", "the text itself"),
        ("a: {send: {x}}", "x", "unknown form `x`", "quote the whole text"),
        ("a: {send: {}}", "{}", "this map is empty", "quote"),
        ("a: {send: {of: x}}", "of", "unknown form `of`", "`size`"),
        ("a: {send: {hex: x, base64: y}}", "base64", "two forms in one: `hex` and `base64`", "a list"),
        ("a: {send: {fill: x}}", "fill", "`fill` needs `size`", "{fill: …, size: …}"),
        ("a: {send: {size: u16}}", "size", "`size` needs `of`", "of: …"),
        ("a: {recv: {until_last: x}}", "until_last", "`until_last` needs `each`", "each: …"),
        ("a: {send: {hex: x, to: b}}", "to", "`to` does not stand beside `hex`", "beside the verb"),
        ("a: {recv: {bytes: 1, seed: 3}}", "seed", "`seed` does not stand beside `bytes`", "`random`"),
        ("a: {recv: {bytes: 1, maxx: 3}}", "maxx", "`maxx` does not stand beside `bytes`", "`max`"),
        ("a: {recv: {bytes: [1]}}", "[1]", "`bytes` takes a number of bytes", ""),
        ("a: {recv: {match: 'x'}}", "match", "there is none", "{until:"),
        ("a: {recv: {one_of: x}}", "x", "`one_of` takes a list of patterns", "[x]"),
        ("a: {recv: {one_of: []}}", "[]", "no patterns", "two"),
        ("a: {recv: {until: \"\"}}", "\"\"", "empty delimiter", "\\r\\n"),
        ("a: {recv: {until: {match: x, as: y}}}", "as", "`as` does not stand beside `match`", "beside `until`"),
        ("a: {recv: {rest: yes}}", "yes", "`rest` takes nothing", "`rest: true`"),
        ("a: {recv: {u8: any, mask: 3}}", "mask", "`mask` needs `is`", "is: 3"),
        ("a: {recv: {u16: any, is: 2}}", "is", "`is` needs `mask`", "write `{u16: 2}` for exactly this number"),
        ("a: {recv: {u8: 1, mask: 3, is: 1}}", "1", "stands beside `any`", "any"),
        ("a: {recv: {bytes: 1, as: x}, as: y}", "as", "beside the verb and in its pattern", "keep one"),
        ("a: {recv: x, end: eof}", "end", "`end` stands beside `rest`", "rest: true"),
    ]);
}

#[test]
fn a_pattern_cannot_be_sent() {
    check(&[
        ("a: {send: {bytes: 12}}", "bytes", "`bytes` is a pattern", "{random: 12}"),
        ("a: {send: {until: x}}", "until", "`until` is a pattern", "the bytes themselves"),
        ("a: {send: [x, {rest: true}]}", "rest", "`rest` is a pattern", "the bytes themselves"),
        ("a: {send: {size: u8, of: {one_of: [x]}}}", "one_of", "`one_of` is a pattern", "the bytes themselves"),
        ("a: {send: {u16: any}}", "any", "`any` is for patterns", "{u16: 80}"),
        ("a: {send: {u16: 1, mask: 1, is: 1}}", "mask", "`mask` is for patterns", "{u16: 80}"),
        ("a: {send: {hex: x, as: y}}", "as", "`as` stands beside patterns only", "leave it out"),
        ("a: {recv: {until: {bytes: 1}}}", "bytes", "a delimiter is made of fixed bytes", "{match: REGEX}"),
    ]);
}

#[test]
fn escapes_that_are_not_what_was_meant() {
    check(&[
        (r#"a: {send: "a\xff"}"#, r"\xff", "two bytes", "{hex: \"ff\"}"),
        (r#"a: {recv: ["\\\x80"]}"#, r"\x80", "two bytes", "{hex: \"80\"}"),
        (r"a: {send: 'a\r'}", r"\r", "a backslash and a letter", "double quotes"),
        (r"a: {send: a\n}", r"\n", "a backslash and a letter", "double quotes"),
        (r#"a: {recv: {until: x, match: "\bfoo"}}"#, r"\b", "before the regular expression", "single quotes"),
        (r#"a: {recv: {until: {match: "\bfoo"}}}"#, r"\b", "before the regular expression", "single quotes"),
    ]);
    for step in [
        r#"a: {send: "\\xff\x7f\r\n"}"#,
        r"a: {recv: {until: x, match: '\r\d'}}",
        r#"a: {recv: {until: x, match: "\\d\r"}}"#,
    ] {
        call(step);
    }
}

#[test]
fn a_network_is_a_word_or_a_map() {
    let network = |network: &str| {
        let (spec, diagnostics) = read(&format!("about: x\nnetwork: {network}\nsteps:\n  - a: close\n"));
        assert_eq!(diagnostics, [], "{network}");
        spec.network.unwrap()
    };
    assert!(matches!(network("isolated"), Network::Word(word) if word.text == "isolated"));
    assert!(matches!(network("\"${net}\""), Network::Word(word) if word.text == "${net}"));
    let Network::Map(map) = network("{hosts: {a: 10.0.0.1, b: [10.0.0.2, \"::2\"]}, routes: {10.1.0.0/16: prohibit}}")
    else {
        panic!()
    };
    assert_eq!(
        map.hosts.iter().map(|(name, all)| (name.text.as_str(), all.len())).collect::<Vec<_>>(),
        [("a", 1), ("b", 2)]
    );
    assert_eq!(map.routes[0].1.text, "prohibit");
    assert!(map.addresses.is_empty() && !map.incomplete);
}

#[test]
fn hosts_stand_beside_what_creates_a_socket() {
    for step in ["socket: tcp", "bind: tcp", "listen: tcp", "connect: b", "pair: b"] {
        assert_eq!(call(&format!("a: {{{step}, host: h}}")).host.unwrap().text, "h", "{step}");
    }
    check(&[
        ("a: {accept: b, host: h}", "host", "`accept` has no modifier `host`", "`socket`, `bind`, `listen`"),
        ("a: {listen: tcp}\n    host: h", "host", "outside of the braces", "beside the verb"),
        ("link: down", "down", "`link` takes a map of hosts", "such as `{a: down}`"),
    ]);
    let (spec, _) = read(&with_step("link: {a: down, b: up}"));
    assert!(matches!(&spec.steps[0].kind, StepKind::Link(changes) if changes.len() == 2));
}

/// The file has these findings, as `line:column message`.
fn check_file(text: &str, expected: &[&str]) {
    let source = SourceFile::new("x", "x", text);
    let shown = |finding: &Diagnostic| {
        let place = source.location(finding.span.start);
        format!("{}:{} {}", place.line, place.column, finding.message)
    };
    let found: Vec<String> = parse(&source).diagnostics.iter().map(shown).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn the_keys_of_a_file() {
    let rest = "about: x\nsteps:\n  - a: close\n";
    for (keys, expected) in [
        ("tag: [a]\n", "1:1 unknown key `tag`"),
        ("refs: a\n", "1:7 `refs` takes a list of texts, not a text"),
        ("tags: [{a: b}]\n", "1:8 `tags` takes a list of texts, not a map"),
        ("requires: [linx]\n", "1:12 unknown requirement `linx`"),
        ("snapshot: sharde\n", "1:11 `sharde` is no value of `snapshot`"),
        ("timeout:\n", "1:1 nothing stands after `timeout`"),
        ("vars: [a]\n", "1:7 `vars` takes a map of names to values, not a list"),
        ("vars: {a: [b]}\n", "1:11 `a` takes a text, a number or a boolean, not a list"),
        ("vars: {a: }\n", "1:8 nothing stands after `a`"),
        ("matrix: {a: tcp}\n", "1:13 `a` takes a list of values, such as `[tcp4, tcp6]`, not a text"),
        ("matrix: {a: []}\n", "1:13 the list of `a` is empty"),
        ("matrix: {a: [[b]]}\n", "1:14 a list stands in the list of `a`"),
    ] {
        check_file(&format!("{keys}{rest}"), &[expected]);
    }
    check_file(
        "refs: [RFC 1, man 2 x]\nrequires: [linux, \"command:x\"]\nvars: {a: 1, b: true, c: x}\nmatrix: {d: [tcp4, tcp6]}\nsnapshot: shared\ntimeout: 1s\nabout: x\nsteps:\n  - a: close\n",
        &[],
    );
}

#[test]
fn a_file_that_is_no_spec() {
    check_file("", &["1:1 there is no spec in this file"]);
    check_file("# only\n# comments\n", &["1:1 there is no spec in this file"]);
    check_file("---\n", &["1:1 there is no spec in this file"]);
    check_file("- a: close\n", &["1:1 a spec is a map with `about` and `steps`, not a list"]);
    check_file("hello\n", &["1:1 a spec is a map with `about` and `steps`, not a text"]);
    check_file("about: x\n", &["1:1 this spec has no `steps`"]);
    check_file("steps:\n  - a: close\n", &["1:1 this spec has no `about`"]);
    check_file("about: x\nsteps: []\n", &["2:1 `steps` has no steps"]);
    check_file("about: x\nsteps:\n", &["2:1 nothing stands after `steps`"]);
    check_file("about: x\nsteps:\n  a: close\n", &["3:3 `steps` takes a list of steps, not a map"]);
    check_file("about: x\nsteps: close\n", &["2:8 `steps` takes a list of steps, not a text"]);
    check_file("about: x\nstep:\n  - a: close\n", &["2:1 unknown key `step`"]);
}

#[test]
fn five_mistakes_in_five_steps_are_five_findings() {
    check_file(
        "about: x\nsteps:\n  - a: {lisen: tcp}\n  - b: {connect: a, wihtin: 1s}\n  - b: {send: 42}\n  - b: {send: ${x}}\n  - b: {recv: {byte: 3}}\n  - b: close\n",
        &[
            "3:9 unknown verb `lisen`",
            "4:21 `connect` has no modifier `wihtin`",
            "5:15 `42` is a number to YAML, not a text",
            "6:15 `${x}` has braces, which YAML takes for a map",
            "7:16 unknown form `byte`",
        ],
    );
}

#[test]
fn crlf_and_byte_order_mark_change_no_place() {
    let text = "\u{feff}about: x\r\nsteps:\r\n  - a: {sned: \"x\"}\r\n  - b: close\r\n";
    check_file(text, &["3:9 unknown verb `sned`"]);
}

#[test]
fn a_mistake_in_a_block_is_that_of_its_step() {
    let (spec, diagnostics) =
        read("about: x\nsteps:\n  - parallel:\n      one: [{a: clsoe}, {b: close}]\n      two: [{c: close}]\n");
    assert_eq!(diagnostics.len(), 1);
    let StepKind::Parallel { lanes, .. } = &spec.steps[0].kind else { panic!() };
    assert!(!spec.steps[0].faulty && lanes[0].steps[0].faulty && !lanes[0].steps[1].faulty);
    let StepKind::Broken { words } = &lanes[0].steps[0].kind else { panic!() };
    assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["a", "clsoe"]);
}

/// What is wrong with a spec that includes the first of these files.
fn included(files: &[(String, String)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let text = format!("about: x\nsteps:\n  - include: {}\n", files[0].0);
    let file = SourceFile::new("x.yaml", folder.path().join("x.yaml"), text);
    let Parsed { diagnostics, .. } = parse(&file);
    diagnostics.iter().map(|found| format!("{} {}", file.named(found.span.start), found.message)).collect()
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let chain = |times: usize| -> Vec<(String, String)> {
        let next = |at: usize| format!("steps:\n{}", format!("  - include: {}.yaml\n", at + 1).repeat(times));
        (0..30).map(|at| (format!("{at}.yaml"), next(at))).collect()
    };
    assert_eq!(included(&chain(1)), ["15.yaml:2 files include each other more than 16 deep"]);
    let doubled = included(&chain(2));
    assert!(doubled.len() <= 102, "{}", doubled.len());
    assert!(doubled[0].ends_with("deep"), "{}", doubled[0]);
    // Wide, and never too deep.
    let wide: Vec<_> =
        chain(8).into_iter().take(5).chain([("5.yaml".into(), "steps: [{a: {pair: b}}]".into())]).collect();
    let wide = included(&wide);
    assert!(wide.iter().any(|found| found.contains("at most 5000 steps")), "{wide:?}");
}

#[test]
fn the_files_of_a_spec_have_a_size_together() {
    let padding = "# ".to_owned() + &"x".repeat(1_000_000) + "\n";
    let steps = "steps:\n".to_owned() + &"  - include: leaf.yaml\n".repeat(20);
    let found = included(&[("0.yaml".into(), steps), ("leaf.yaml".into(), padding + "steps: [{a: {pair: b}}]\n")]);
    assert!(found.iter().all(|found| found.contains("have more than 16 MiB")), "{found:?}");
    assert_eq!(found.len(), 3);
}
