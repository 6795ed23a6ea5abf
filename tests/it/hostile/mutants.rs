//! The specs of this repository with a few things changed at random.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{check, seed, setting};
use crate::schema::yaml_files;

const FOLDERS: [&str; 4] = ["specs", "tests/data/ok", "tests/data/fail", "tests/data/err"];

/// What YAML and the language give a meaning to.
const TOKENS: &[&str] = &[
    ":",
    ": ",
    "- ",
    "-",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    " #",
    "&a ",
    "*a",
    "!",
    "!!str ",
    "|",
    ">",
    "'",
    "\"",
    "%",
    "@",
    "`",
    "?",
    "? ",
    "~",
    "<<: ",
    "---",
    "...",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "\u{1f600}",
    "\\",
    "\\x",
    "$",
    "${",
    "${i}",
    "}",
    "${a.port}",
    "true",
    "null",
    "0",
    "-1",
    "0x",
    "1e999",
    "99999999999999999999999999",
    "..",
    "..{9}",
    "1ms",
    "send",
    "recv",
    "as",
    "size",
    "of",
    "until",
    "match",
    "repeat",
    "parallel",
    "barrier",
    "steps",
    "within",
    "fails",
    "(?<",
    "[^",
    "EPIPE",
    "tcp://",
    "unix:@",
];

/// A generator of numbers, SplitMix64, so that every run makes the same mutants.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// One change; `other` is where foreign lines come from.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    match random.below(9) {
        0 => {
            let token = random.pick(TOKENS).bytes();
            bytes.splice(at..at, token);
        }
        1 => {
            let end = (at + 1 + random.below(12)).min(bytes.len());
            let token = random.pick(TOKENS).bytes();
            bytes.splice(at..end, token);
        }
        2 => drop(bytes.drain(at..(at + 1 + random.below(20)).min(bytes.len()))),
        3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        4 => bytes.truncate(at),
        5 => {
            let line = line_at(bytes, at);
            let copy = bytes[line.clone()].to_vec();
            bytes.splice(line.end..line.end, copy);
        }
        6 => {
            let line = line_at(bytes, at);
            bytes.drain(line);
        }
        7 => {
            let start = line_at(bytes, at).start;
            let foreign = line_at(other, random.below(other.len()));
            bytes.splice(start..start, other[foreign].iter().copied());
        }
        _ => {
            let start = line_at(bytes, at).start;
            let blanks =
                if random.below(2) == 0 { bytes[start..].iter().take_while(|b| **b == b' ').count() } else { 0 };
            bytes.splice(start..start + blanks, std::iter::repeat_n(b' ', random.below(9)));
        }
    }
}

/// The line round an offset, its end included.
fn line_at(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i + 1);
    start..end
}

#[test]
fn mutants_of_specs_are_checked_without_a_panic() {
    let originals: Vec<Vec<u8>> =
        FOLDERS.into_iter().flat_map(yaml_files).map(|file| std::fs::read(file).unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(seed());
    let mut refused = 0;
    let count = setting("SOCKSPEC_FUZZ_CASES", 4000);
    for case in 0..count {
        let mut mutant = originals[case as usize % originals.len()].clone();
        let other = &originals[random.below(originals.len())];
        for _ in 0..=random.below(4) {
            mutate(&mut mutant, other, &mut random);
        }
        let Ok(findings) = catch_unwind(AssertUnwindSafe(|| check(folder.path(), &mutant))) else {
            panic!("mutant {case}:\n{}", String::from_utf8_lossy(&mutant));
        };
        refused += u64::from(findings.iter().any(super::is_error));
    }
    // Some changes harm nothing, but where most of them do not, nobody looks.
    assert!(refused > count / 3, "only {refused} of {count} mutants were refused");
}
