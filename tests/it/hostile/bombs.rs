//! Files that would take all memory, or for ever, where a checker is careless.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use super::{check, is_error};

/// A spec of this text for a payload, which is sent.
fn sending(payload: &str) -> Vec<u8> {
    format!("about: A payload.\nsteps:\n  - a: {{pair: b}}\n  - a: {{send: {payload}}}\n").into_bytes()
}

/// A spec of this text for a pattern, which is received.
fn receiving(pattern: &str) -> Vec<u8> {
    format!("about: A pattern.\nsteps:\n  - a: {{pair: b}}\n  - b: {{recv: {pattern}}}\n").into_bytes()
}

fn good() -> String {
    "about: Nothing is wrong.\nsteps:\n  - a: {pair: b}\n  - a: {send: \"x\"}\n  - b: {recv: \"x\"}\n".to_owned()
}

fn with(mut text: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    text.splice(at..at, bytes.iter().copied());
    text
}

/// Ten anchors, each nine times the one before: the last would be 9⁹ scalars.
fn laughs() -> Vec<u8> {
    let mut text = "about: A bomb.\nvars:\n  a0: &a0 [lol, lol]\n".to_owned();
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "  a{level}: &a{level} [{inner}]");
    }
    text.push_str("steps: *a9\n");
    text.into_bytes()
}

/// Each file with the line on which the first error must be.
fn bombs() -> Vec<(&'static str, Vec<u8>, usize)> {
    let mut bombs = vec![
        ("flow lists inside each other", format!("about: x\nsteps: {}", "[".repeat(200_000)).into_bytes(), 2),
        ("flow maps inside each other", format!("about: x\nsteps: {}", "{a: ".repeat(100_000)).into_bytes(), 2),
        ("lists inside each other", format!("about: x\nsteps:\n  {}", "- ".repeat(100_000)).into_bytes(), 3),
        ("nested lanes", nested_lanes(1000), 0),
        ("exploding aliases", laughs(), 3),
        ("an alias of what is around it", b"about: x\nsteps: &a [*a]\n".to_vec(), 2),
        ("a merge key", b"about: x\nvars: {<<: {a: b}}\nsteps: [{a: close}]\n".to_vec(), 2),
        ("10 MB of a letter", vec![b'a'; 10 << 20], 1),
        ("10 MB of good steps", [good(), "  - a: {send: \"x\"}\n".repeat(1 << 19)].concat().into_bytes(), 1),
        ("1 MB without an end of a quote", ["about: \"", &"x ".repeat(500_000)].concat().into_bytes(), 1),
        ("60,000 unknown keys", (0..60_000).map(|i| format!("k{i}: 1\n")).collect::<Vec<_>>().concat().into_bytes(), 1),
        (
            "100,000 equal keys",
            ["steps: [{a: {socket: tcp}}]\nabout: x\n", &"about: y\n".repeat(90_000)].concat().into_bytes(),
            3,
        ),
        ("50,000 wrong steps", ["about: x\nsteps:\n", &"  - a: clsoe\n".repeat(50_000)].concat().into_bytes(), 3),
        ("a NUL", with(good().into_bytes(), 30, b"\0"), 2),
        ("a byte that is not UTF-8", with(good().into_bytes(), 30, b"\xff"), 2),
        ("half a character", with(good().into_bytes(), 30, b"\xe2\x82"), 2),
        ("a tab for indentation", good().replace("  - b", "\t- b").into_bytes(), 5),
        ("a second document", [good(), "---\n".to_owned(), good()].concat().into_bytes(), 6),
        ("a foreign tag", good().replace("\"x\"}\n  - b", "!!python/object:os.system x}\n  - b").into_bytes(), 4),
        ("a number of cases without end", matrix_bomb(), 0),
        ("wildcards without end", receiving("{hex: \"..{99999999999}\"}"), 4),
        ("more wildcards than memory", receiving("{hex: \"..{4000000000}\"}"), 4),
        ("an expression that repeats without end", receiving("{until: x, match: '((a{1000}){1000}){1000}'}"), 4),
        ("a file without an end", sending("{file: /dev/zero}"), 4),
        ("a size that is no number of bytes", sending("{fill: x, size: 99999999999999999999}"), 4),
        ("30,000 endpoints", numbered("about: x\nsteps:\n", 30_000, "  - aN: {pair: bN}\n"), 5003),
        ("30,000 unknown endpoints", numbered("about: x\nsteps:\n", 30_000, "  - aN: {send: \"x\"}\n"), 5003),
        ("60,000 warnings", numbered("about: x\nsteps:\n", 60_000, "  - pause: 1ms\n"), 5003),
        ("50,000 variables", numbered("steps: [{a: {socket: tcp}}]\nabout: x\nvars:\n", 50_000, "  vN: N\n"), 1004),
        ("15,000 lanes", numbered(LANES, 15_000, "      lN:\n        - aN: {pair: bN}\n"), 516),
        ("20,000 lanes at a barrier", numbered(LANES, 20_000, "      lN:\n        - barrier: x\n"), 516),
        ("15,000 expressions", numbered(PAIR, 15_000, "  - y: {recv: {until: x, match: '([a-z]+N){50}'}}\n"), 0),
        ("9,000 cases with 200 mistakes each", wrong_cases(), 4),
        ("an empty file", Vec::new(), 1),
        ("a file of blanks", b" \n \n".to_vec(), 1),
        ("only a byte-order mark", "\u{feff}".into(), 1),
    ];
    // A nested block is reported where it is too deep, and a matrix where it is too large: which
    // line that is, is theirs to choose.
    bombs.sort_by_key(|bomb| bomb.2);
    bombs
}

const LANES: &str = "about: x\nsteps:\n  - parallel:\n";
const PAIR: &str = "about: x\nsteps:\n  - x: {pair: y}\n";

/// The head, then so many lines with their number for each `N`.
fn numbered(head: &str, count: usize, line: &str) -> Vec<u8> {
    let lines: Vec<_> = (0..count).map(|number| line.replace('N', &number.to_string())).collect();
    [head, &lines.concat()].concat().into_bytes()
}

fn wrong_cases() -> Vec<u8> {
    let values: Vec<_> = (0..9000).map(|value| value.to_string()).collect();
    let steps = "  - x: {send: \"${a}\"}\n".repeat(200);
    format!("about: x\nmatrix: {{a: [{}]}}\nsteps:\n{steps}", values.join(", ")).into_bytes()
}

fn nested_lanes(depth: usize) -> Vec<u8> {
    let mut text = "about: Lanes in lanes.\nsteps:\n".to_owned();
    for level in 0..depth {
        let indent = "  ".repeat(level * 3 + 1).chars().take(900).collect::<String>();
        let _ = write!(text, "{indent}- parallel:\n{indent}    one{level}:\n");
    }
    text.truncate(900_000);
    text.into_bytes()
}

fn matrix_bomb() -> Vec<u8> {
    let values = (0..50).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let mut text = "about: Cases without end.\nmatrix:\n".to_owned();
    for name in 'a'..='m' {
        let _ = writeln!(text, "  {name}: [{values}]");
    }
    text.push_str(
        "steps:\n  - x: {pair: y}\n  - x: {send: \"${a}${b}${c}${d}${e}${f}${g}${h}${i}${j}${k}${l}${m}\"}\n",
    );
    text.into_bytes()
}

#[test]
fn harmful_files_are_refused_with_a_place() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, line) in bombs() {
        let findings = check(folder.path(), &bytes);
        let first = findings.iter().filter(|finding| is_error(finding)).map(|finding| finding.span.start).min();
        let first = first.unwrap_or_else(|| panic!("{name}: nothing is wrong with it, they say: {findings:?}"));
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let found = text[..first as usize].matches('\n').count() + 1;
        assert!(line == 0 || found == line, "{name}: found in line {found}, not {line}: {:?}", findings[0]);
        assert!(findings.len() <= 200, "{name}: {} findings are too many to read", findings.len());
    }
}

#[test]
fn marks_and_line_ends_of_other_systems_are_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let styles = [
        ("as it is", good()),
        ("with a byte-order mark", format!("\u{feff}{}", good())),
        ("with CRLF", good().replace('\n', "\r\n")),
        ("with both", format!("\u{feff}{}", good().replace('\n', "\r\n"))),
        ("without a last line feed", good().trim_end().to_owned()),
        ("with a document start", format!("---\n{}", good())),
        ("with a comment before it", format!("# yaml-language-server: $schema=x.json\n{}", good())),
    ];
    for (name, text) in styles {
        let findings = check(folder.path(), text.as_bytes());
        assert!(findings.is_empty(), "{name}: {findings:?}");
    }
}

/// `sockspec check` with a bound on its memory and on its processor time.
fn check_bounded(file: &Path) -> Output {
    // The address space is bounded, not what is resident of it, so this is stricter than it looks.
    // Unoptimized code is given more time.
    let seconds = if cfg!(debug_assertions) { 5 } else { 1 };
    let limits = format!("ulimit -v 204800 && ulimit -t {seconds} && exec \"$0\" check --format short \"$1\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_sockspec")]).arg(file);
    command.output().expect("sh is there")
}

#[test]
fn the_binary_refuses_them_soon_and_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, line) in bombs() {
        let path = folder.path().join("bomb.yaml");
        std::fs::write(&path, bytes).unwrap();
        let output = check_bounded(&path);
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.lines().filter(|line| !line.contains(": warning[")).take(10).collect();
        let said = said.join("\n");
        assert_eq!(output.status.code(), Some(2), "{name}: {:?}\n{said}", output.status);
        assert!(!said.contains("panicked"), "{name}: {said}");
        let place = if line == 0 { "bomb.yaml:".to_owned() } else { format!("bomb.yaml:{line}:") };
        assert!(said.contains(&place), "{name}: no `{place}` in\n{said}");
    }
}
