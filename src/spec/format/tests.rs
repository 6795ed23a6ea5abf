//! What is written, that it stays so, and that it says the same.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::spec;

fn formatted(text: &str) -> String {
    format(&SourceFile::new("x", "x", text)).unwrap_or_else(|error| panic!("{error:?}:\n{text}"))
}

/// What a text becomes; and that it stays so.
#[track_caller]
fn becomes(text: &str, expected: &str) {
    let out = formatted(text);
    assert_eq!(out, expected, "\n{text}");
    assert_eq!(formatted(&out), out, "a second time");
}

#[track_caller]
fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn blanks_in_brackets() {
    becomes("a: { b : [ c,d ,e ] , \"f\":g }\n", "a: {b: [c, d, e], \"f\": g}\n");
    becomes("a:   {}\nb: [ ]\nc: {d: , e: }\n", "a: {}\nb: []\nc: {d: , e: }\n");
    becomes("a: [b,]\n", "a: [b,]\n");
    stays("a: [b: c, {d}]\n");
}

#[test]
fn indentation() {
    becomes(
        "a:\n- b:\n      c: d\n      e:\n      - f\n- - g\n  -   h\n",
        "a:\n  - b:\n      c: d\n      e:\n        - f\n  - - g\n    - h\n",
    );
    becomes("a:\n    b: c\n    d:\n        e\n", "a:\n  b: c\n  d:\n    e\n");
    becomes("-\n    a: b\n-\n", "-\n  a: b\n-\n");
    becomes("a: one\n    two\n\n    three\n", "a: one\n  two\n\n  three\n");
}

#[test]
fn the_names_of_steps_are_aligned_in_their_list() {
    becomes(
        "steps:\n- a: close\n- longer: {send: x}\n- parallel:\n    one:\n    - cc: close\n    - d:  close\n- let: {x: a}\n- barrier: b\n- \"q\": close\n",
        "steps:\n  - a:      close\n  - longer: {send: x}\n  - parallel:\n      one:\n        - cc: close\n        - d:  close\n  - let:    {x: a}\n  - barrier: b\n  - \"q\":    close\n",
    );
    stays("steps:\n  - long-one:\n      run: [a]\n      ready: {stdout: b}   # why\n  - x:        close\n");
    stays("matrix:\n  - a: b\n  - longer: c\n");
}

#[test]
fn values_and_tables_are_aligned() {
    becomes("vars:\n  a: 1\n  longer: 2\n  text: |\n    x\n", "vars:\n  a:      1\n  longer: 2\n  text: |\n    x\n");
    becomes(
        "steps:\n  - repeat:\n      - {a: 1, b: x, c: z}\n      - {a: 100, b: \"yy\", c: z}\n    as: r\n",
        "steps:\n  - repeat:\n      - {a: 1,   b: x,    c: z}\n      - {a: 100, b: \"yy\", c: z}\n    as: r\n",
    );
    becomes("repeat:\n  - {a: 1,   b: x}\n  - {b: 1, a: x}\n", "repeat:\n  - {a: 1, b: x}\n  - {b: 1, a: x}\n");
}

#[test]
fn short_steps_are_written_in_one_line() {
    becomes(
        "steps:\n  - a:\n      listen: tcp\n  - b:\n      send: \"x\"\n      within: 1s\n",
        "steps:\n  - a: {listen: tcp}\n  - b: {send: \"x\", within: 1s}\n",
    );
    stays("steps:\n  - a:\n      # why\n      listen: tcp\n");
    stays("steps:\n  - a:\n      listen: tcp   # why\n");
    stays("steps:\n  - a:\n      send: x, y\n");
    stays("steps:\n  - a:\n      send:\n        hex: \"00\"\n");
    stays(&format!("steps:\n  - a:\n      send: \"{}\"\n", "x".repeat(110)));
    stays("network:\n  addresses: [1.2.3.4]\n");
}

#[test]
fn lines_that_are_broken_stay_broken() {
    becomes("a: [\n  b,\n     c\n]\nd: {e: f,\n  g: h}\n", "a: [\n  b,\n  c\n]\nd: {e: f,\n    g: h}\n");
    becomes(
        "steps:\n- a: {run: [x,\n    y, \"z\n    zz\"], ready: {\n    stdout: r\n    }}\n",
        "steps:\n  - a: {run: [x,\n              y, \"z\n                zz\"], ready: {\n                stdout: r\n              }}\n",
    );
}

#[test]
fn comments_stay_where_they_are() {
    becomes(
        "#   one\n\n\n\na:  # two\n# three\n- b   # four\n  # five\n- c\n    # six\nd: e\n# seven",
        "#   one\n\na:  # two\n  # three\n  - b   # four\n  # five\n  - c\n  # six\nd: e\n# seven\n",
    );
    becomes(
        "a:  {b: c}    # one\nlonger:  {d:  e}    # two\nf: {g: h}           # three\n",
        "a: {b: c}    # one\nlonger: {d: e}    # two\nf: {g: h}         # three\n",
    );
    becomes("a: [ # one\n      # two\n  b, # three\n]\n", "a: [ # one\n  # two\n  b, # three\n]\n");
    stays("a: \"# no comment\"\nb: c#d\n");
}

#[test]
fn block_texts_are_left_alone() {
    stays("a: |\n  b  \n   c\n\n  d: [ x,y ]\n\ne: >-  # why\n      f\n\n      g\n");
    becomes("a:\n    b: |\n        c\n          d\n    e: f\n", "a:\n  b: |\n      c\n        d\n  e: f\n");
    becomes("a:\n- |\n  b\n- |2\n    c\n", "a:\n  - |\n    b\n  - |2\n      c\n");
    stays("a: |+\n  b\n\n\nc: d\n");
    becomes("a: |\n  b\n\n\n\nc: d\n", "a: |\n  b\n\nc: d\n");
    stays("a: |\n  b");
    stays("a: >\n\n\n");
}

#[test]
fn line_ends_and_marks() {
    becomes("\u{feff}a: b\r\nc:\r\n- d\r\n", "a: b\nc:\n  - d\n");
    becomes("a: |\r\n  b\r\n  c\r\n", "a: |\n  b\n  c\n");
    becomes("\n\na: b   \n\n\n", "a: b\n");
    becomes("---\na:   b\n", "---\na: b\n");
    becomes("", "");
    becomes("# nothing\n\n\n", "# nothing\n");
    becomes("a: b # c   ", "a: b # c\n");
}

#[test]
fn what_is_no_yaml_is_told() {
    for text in ["a: {b", "a: b\na: c\n", "a: &x b\n", "a: b\n---\nc: d\n"] {
        let Err(Unformatted::Invalid(found)) = format(&SourceFile::new("x", "x", text)) else { panic!("{text}") };
        assert!(!found.is_empty());
    }
    assert!(matches!(format(&SourceFile::new("x", "x", "? a\n: b\n")), Err(Unformatted::Kept)));
}

#[test]
fn steps_make_a_spec() {
    let may_be = |text: &str| may_be_spec(&SourceFile::new("x", "x", text));
    assert!(may_be("steps: []\n") && may_be("about: x\nsteps:\n") && may_be("about: {\n"));
    assert!(!may_be("services: {}\n") && !may_be("- steps\n") && !may_be(""));
}

/// The spec of a text, without the places.
fn meaning(text: &str) -> String {
    let source = SourceFile::new("x", "/nowhere/x.yaml", text);
    let shown = format!("{:?}", spec::parse(&source).spec);
    regex::Regex::new(r"Span \{ start: \d+, end: \d+ \}").unwrap().replace_all(&shown, "_").into_owned()
}

fn specs(folder: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "yaml" => texts.push(std::fs::read_to_string(path).unwrap()),
                _ => {}
            }
        }
    }
    texts.sort();
    texts
}

#[test]
fn every_spec_says_the_same_afterwards_and_stays_as_it_is() {
    let mut count = 0;
    for text in ["specs", "tests/data/ok", "tests/data/fail", "examples"].into_iter().flat_map(specs) {
        let out = formatted(&text);
        assert_eq!(meaning(&out), meaning(&text), "{text}");
        assert_eq!(formatted(&out), out);
        count += 1;
    }
    assert!(count > 500, "{count}");
}

/// A text with blanks, line ends and comments in places where there are some; what it says may be another thing.
fn uglier(text: &str, seed: &[(usize, u8)]) -> String {
    let mut out = text.to_owned();
    for (at, what) in seed {
        let places: Vec<usize> = out.match_indices([' ', '\n', ',', ':', '{', '[', ']']).map(|(at, _)| at).collect();
        let Some(place) = places.get(at % places.len().max(1)) else { continue };
        let put = match what % 12 {
            0..=3 => " ",
            4 => "    ",
            5 => "\n",
            6 => "\n      ",
            7 => "\r\n",
            8 => "  # a comment\n",
            9 => "\n# another\n",
            10 => ",",
            _ => "\t",
        };
        out.insert_str(*place + usize::from(what % 2 == 0), put);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_written_says_the_same_afterwards(
        at in any::<prop::sample::Index>(),
        seed in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12),
    ) {
        static SPECS: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| ["specs", "tests/data/ok", "tests/data/err"].into_iter().flat_map(specs).collect());
        let text = uglier(&SPECS[at.index(SPECS.len())], &seed);
        if let Ok(out) = format(&SourceFile::new("x", "x", text.as_str())) {
            prop_assert_eq!(meaning(&out), meaning(&text), "{}", text);
            let again = format(&SourceFile::new("x", "x", out.as_str()));
            prop_assert_eq!(again.unwrap(), out, "a second time: {}", text);
        }
    }
}

#[test]
fn long_texts_take_no_longer_than_they_are_long() {
    let many = |unit: &str| unit.repeat((1 << 17) / unit.len());
    for text in [
        format!("a: [{}b]\n", many("c, ")),
        format!("a: {{{}b: c}}\n", many("c: {d: [e]}, ").replacen("c:", "c0:", 1)),
        format!("a: b\n{}", many("# c\n")),
        format!("a:\n{}", many("  - b   # c\n")),
        format!("steps:\n{}", many("- a:\n    send: x\n")),
        format!("repeat:\n{}", many("- {a: b, c: d}\n")),
        format!("a: |\n{}", many("  b\n")),
        format!("a: \"{}\"\n", many("b\n\n  ")),
        format!("a: {}b\n", many("c\n  ")),
        format!("a:\n{}", many("-\n")),
    ] {
        // What is quadratic takes minutes.
        let begun = std::time::Instant::now();
        let _ = format(&SourceFile::new("x", "x", text.as_str()));
        assert!(begun.elapsed() < std::time::Duration::from_mins(1), "{}", &text[..40]);
    }
}
