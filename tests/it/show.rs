//! `sockspec show`: what is drawn, in every form.

use roxmltree::{Document, Node};
use serde_json::Value;

use crate::project::{ECHO, FAILING, INVALID, Project, Ran};

/// Lanes, iterations, a half-close, a long payload, names in which HTML has a meaning.
const RICH: &str = "\
about: Everything that a diagram has.
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: \"<b>&'fish' % 日本語; #1</b>\\r\\n\"}
  - conn: {recv: {until: \"\\r\\n\"}}
  - parallel:
      writer:
        - client: {send: {fill: ab, size: 1MiB}}
      reader-with-a-long-name:
        - conn: {recv: {fill: ab, size: 1MiB}}
  - repeat: 12
    as: i
    steps:
      - \"c${i}\": {connect: server}
      - \"a${i}\": {accept: server}
      - \"c${i}\": {send: hi}
      - \"a${i}\": {recv: hi}
      - \"a${i}\": reset
      - \"c${i}\": {expect: reset}
  - one: {pair: other}
  - one: {send: {hex: 00 01 02 03 04 05 06 07 08 09 0a}}
  - client: {shutdown: write}
  - conn: {expect: eof}
  - server: close
  - late: {connect: server, fails: ECONNREFUSED}
";

/// Datagrams, a sender without a name, and an address of nobody.
const DATAGRAMS: &str = "\
about: Datagrams go to whom they name.
steps:
  - server: {bind: udp}
  - ann: {socket: udp}
  - bob: {bind: udp}
  - ann: {send: from ann, to: server}
  - bob: {send: from bob, to: server}
  - server: {recv: from ann, sender: who}
  - server: {send: hello, to: who}
  - ann: {recv: hello}
  - bob: {connect: server}
  - bob: {send: again}
";

const MATRIX: &str = "\
about: Cases that show the same, and one that does not.
matrix: {of: [one, two], word: [ping, pong]}
snapshot: each
steps:
  - server: {listen: tcp}
  - assert: of != word
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: \"${word}\"}
  - conn: {recv: \"${word}\"}
";

fn show(spec: &str, arguments: &[&str]) -> Ran {
    let project = Project::new(&[("specs/a.yaml", spec)]);
    let all: Vec<&str> = ["show", "specs/a.yaml"].into_iter().chain(arguments.iter().copied()).collect();
    let ran = project.run(&all);
    assert!(!project.exists("snapshots"), "nothing is compared, and nothing left pending");
    ran
}

fn narrow(spec: &str, columns: &str) -> String {
    let project = Project::new(&[("specs/a.yaml", spec)]);
    Ran::of(project.command(&["show", "specs"]).env("COLUMNS", columns)).exits(0).stdout
}

#[test]
fn on_a_terminal() {
    insta::assert_snapshot!("show_80", show(RICH, &[]).exits(0).stdout);
    insta::assert_snapshot!("show_60", narrow(RICH, "60"));
    insta::assert_snapshot!("show_40_is_a_list", narrow(RICH, "40"));
    insta::assert_snapshot!("show_datagrams", show(DATAGRAMS, &[]).exits(0).stdout);
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    for columns in [20, 30, 40, 60, 79, 132] {
        for line in narrow(RICH, &columns.to_string()).lines() {
            let width = unicode_width::UnicodeWidthStr::width(line);
            // Below some width nothing can be drawn any more.
            assert!(width <= columns || columns < 40, "{width} of {columns}: {line}");
        }
    }
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let plain = show(RICH, &[]).stdout;
    assert!(!plain.contains('\u{1b}'), "a pipe has no colours");
    let colored = show(RICH, &["--color", "always"]).stdout;
    let mut stripped = colored.clone();
    while let Some(at) = stripped.find("\u{1b}[") {
        let end = at + stripped[at..].find('m').unwrap();
        stripped.replace_range(at..=end, "");
    }
    assert_eq!(stripped, plain, "colours say nothing of their own");
    assert!(colored.contains('\u{1b}'));
}

#[test]
fn as_mermaid() {
    let text = show(RICH, &["--as", "mermaid"]).exits(0).stdout;
    insta::assert_snapshot!("show_mermaid", text);
    is_mermaid(&text);
}

/// That every line is one that Mermaid knows, and every block has its end.
fn is_mermaid(text: &str) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    let (mut depth, mut names) = (0, Vec::new());
    let code = regex::Regex::new(r"#\d+;").unwrap();
    let arrows = ["-->>", "->>", "--)", "-)", "--x", "-x", "->"];
    for line in lines.map(str::trim) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let label = code.replace_all(line.split_once(": ").map_or(rest, |(_, label)| label), "");
        assert!(!label.contains(['<', '>', ';', '#', '&', '%']), "{line}");
        match word {
            "%%" => {}
            "participant" => names.push(rest.split_once(" as ").unwrap().0.to_owned()),
            "par" | "loop" => depth += 1,
            "and" => assert!(depth > 0, "{line}"),
            "end" => depth -= 1,
            "Note" => {
                let (place, _) = rest.split_once(": ").unwrap();
                let of = place.strip_prefix("over ").or_else(|| place.strip_prefix("right of ")).unwrap();
                assert!(of.split(',').all(|name| names.iter().any(|known| known == name)), "{line}");
            }
            _ => {
                let (ends, _) = line.split_once(": ").unwrap();
                let arrow = arrows.iter().find(|arrow| ends.contains(**arrow)).unwrap();
                let (from, to) = ends.split_once(arrow).unwrap();
                assert!([from, to].iter().all(|end| names.iter().any(|name| name == end)), "{line}");
            }
        }
    }
    assert_eq!(depth, 0);
}

fn texts(svg: &Node<'_, '_>) -> Vec<String> {
    svg.descendants().filter(|node| node.has_tag_name("text")).map(|node| node.text().unwrap().to_owned()).collect()
}

/// That nothing is fetched, and nothing is drawn outside.
fn stands_alone(document: &Document<'_>) {
    for node in document.descendants() {
        assert!(!["script", "image", "use", "link", "img", "iframe"].contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            let is_place = ["href", "src"].contains(&attribute.name());
            assert!(!is_place || attribute.value().starts_with('#'), "{attribute:?}");
        }
        let of = |name: &str| node.attribute(name).and_then(|value| value.parse::<i64>().ok());
        let svg = node.ancestors().find(|node| node.has_tag_name("svg"));
        let Some(svg) = svg.filter(|svg| *svg != node) else { continue };
        let size = |name| svg.attribute(name).unwrap().parse::<i64>().unwrap();
        for (names, most) in [(["x", "x1", "x2", "cx"], size("width")), (["y", "y1", "y2", "cy"], size("height"))] {
            assert!(names.iter().filter_map(|name| of(name)).all(|at| (0..=most).contains(&at)), "{node:?}");
        }
    }
    assert!(!document.input_text().contains("@import") && !document.input_text().contains("url("));
}

#[test]
fn as_svg() {
    let svg = show(RICH, &["--as", "svg"]).exits(0).stdout;
    insta::assert_snapshot!("show_svg", svg);
    let document = Document::parse(&svg).unwrap();
    stands_alone(&document);
    assert!(svg.contains("prefers-color-scheme: dark"));
    let texts = texts(&document.root());
    for text in ["server", "connect server", "repeat × 12", "parallel: writer", "reset → expect reset"] {
        assert!(texts.iter().any(|known| known == text), "no {text} in {texts:#?}");
    }
    assert!(texts.iter().any(|text| text.contains("<b>&'fish' % 日本語; #1</b>")), "{texts:#?}");
}

#[test]
fn as_html() {
    let html = show(MATRIX, &["--as", "html"]).exits(0).stdout;
    let main = &html[html.find("<main").unwrap()..html.find("</main>").unwrap() + "</main>".len()];
    insta::assert_snapshot!("show_html", main);
    let document = Document::parse(main).unwrap();
    stands_alone(&document);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("section")).count(), 2);
    let headings: Vec<_> = document.descendants().filter(|node| node.has_tag_name("h2")).collect();
    assert_eq!(headings.iter().map(|node| node.text().unwrap()).collect::<Vec<_>>(), ["a (2 cases)", "a (2 cases)"]);
}

#[test]
fn as_json() {
    let json = show(ECHO, &["--as", "json"]).exits(0).stdout;
    let model: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(model["version"], 1);
    let diagram = &model["diagrams"][0];
    assert_eq!(diagram["tests"], serde_json::json!(["a"]));
    let names: Vec<&str> =
        diagram["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["server", "client", "conn"]);
    let sent = &diagram["rows"][3]["step"];
    assert_eq!(sent["shape"], serde_json::json!({"arrow": {"from": 1, "to": 2}}));
    assert_eq!((&sent["line"], &sent["received"], &sent["kind"]), (&7.into(), &8.into(), &"message".into()));
}

#[test]
fn a_file_of_one_diagram_has_one() {
    show(MATRIX, &["--as", "svg"]).exits(64).says("2 different diagrams").says("`--filter`");
    let one = show(MATRIX, &["--as", "svg", "--filter", "word=ping"]).exits(0).stdout;
    assert!(texts(&Document::parse(&one).unwrap().root()).iter().any(|text| text == "4 \"ping\""));
}

#[test]
fn a_run_that_fails_is_drawn_so_far() {
    let ran = show(FAILING, &[]).exits(1);
    insta::assert_snapshot!("show_failure", ran.stdout);
    let mermaid = show(FAILING, &["--as", "mermaid"]).exits(1).stdout;
    assert!(mermaid.lines().last().unwrap().starts_with("  Note over c1: ✗ "), "{mermaid}");
}

#[test]
fn a_spec_that_cannot_be_drawn_says_why() {
    let invalid = show(INVALID, &["--as", "svg"]).exits(2).says("`lisen`");
    assert_eq!(invalid.stdout, "", "what is wrong does not go into the picture");
    show(&ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:"), &[]).exits(3).says("no-such-program");
    show(ECHO, &["--filter", "nope"]).exits(4).says("no test has `nope` in its name");
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["show"]).exits(64).says("name a spec");
    project.run(&["show", "specs/a.yaml", "--record", "x.json"]).exits(64);
    project.run(&["show", "--record", "x.json"]).exits(3).says("x.json");
}

#[test]
fn a_record_is_drawn_as_its_run_was() {
    let project = Project::new(&[("specs/a.yaml", RICH)]);
    project.run(&["run", "--record", "records", "--update", "no"]);
    let drawn = project.run(&["show", "--record", "records/a.json"]).exits(0).stdout;
    assert_eq!(drawn, show(RICH, &[]).stdout);
}

#[test]
fn the_manual_shows_what_the_tool_prints() {
    const SPEC: &str = "specs/tcp/half-close/a-half-closed-client-still-receives-the-reply.yaml";
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(SPEC)).unwrap();
    let manual = include_str!("../../docs/show.md");
    let (_, block) = manual.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let project = Project::new(&[(SPEC, &text)]);
    let drawn = project.run(&["show", SPEC]).exits(0).stdout;
    assert_eq!(block, format!("$ sockspec show {SPEC}\n{drawn}"));
}
