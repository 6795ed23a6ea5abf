//! Pages of statistics: which of their numbers will be others tomorrow, though they were the same each time
//! today. A version, a limit or a port stays; what is called as something that moved does not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// From so many numbers on that vary, lines are a page of statistics.
const LEAST: usize = 3;

/// What numbers are called that count on, or tell the time.
const MOVING: &[&str] = &[
    "uptime",
    "time",
    "clock",
    "age",
    "seconds",
    "sec",
    "secs",
    "usec",
    "msec",
    "memory",
    "mem",
    "rss",
    "used",
    "cpu",
    "pid",
    "process",
    "connections",
    "clients",
    "commands",
    "requests",
    "hits",
    "misses",
    "received",
    "sent",
    "processed",
    "errors",
    "ops",
    "load",
];

/// What numbers are called that are set.
const SET: &[&str] = &[
    "version", "release", "port", "bits", "arch", "sha", "sha1", "build", "hz", "limit", "max", "min", "protocol",
    "mode", "size", "threads",
];

/// The names of the numbers that move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Moving {
    words: BTreeSet<String>,
}

impl Moving {
    /// What moves, by several recordings of a page. `None` where it is none.
    pub(super) fn of(variants: &[&[u8]]) -> Option<Self> {
        let pages: Vec<BTreeMap<&[u8], &[u8]>> = variants.iter().map(|text| by_name(text)).collect();
        let (first, others) = pages.split_first()?;
        let moved = |name: &&[u8], number: &[u8]| {
            others.iter().any(|other| other.get(name).is_some_and(|other| *other != number))
        };
        let moved: Vec<&[u8]> =
            first.iter().filter(|(name, number)| moved(name, number)).map(|(name, _)| *name).collect();
        if moved.len() < LEAST {
            return None;
        }
        let mut words: BTreeSet<String> = moved.iter().flat_map(|name| words_of(name)).collect();
        // What most of them are called by says nothing.
        let called = |word: &str| first.keys().filter(|name| words_of(name).any(|own| own == word)).count();
        words.retain(|word| called(word) * 2 <= first.len());
        words.extend(MOVING.iter().map(|word| (*word).to_owned()));
        Some(Self { words })
    }

    /// The places of the values in a page that move: numbers, and what is made anew when the server starts.
    pub(super) fn values(&self, text: &[u8]) -> Vec<Range<usize>> {
        let numbers = numbers(text).filter(|(name, _)| self.has(name));
        let ids = ids(text).filter(|(name, _)| !words_of(name).any(|word| is_set(&word)));
        numbers.chain(ids).map(|(_, at)| at).collect()
    }

    fn has(&self, name: &[u8]) -> bool {
        !words_of(name).any(|word| is_set(&word)) && words_of(name).any(|word| self.words.contains(&word))
    }
}

fn is_set(word: &str) -> bool {
    SET.contains(&word) || word.starts_with("max") || word.starts_with("limit")
}

/// The random numbers in hexadecimal at the ends of lines, of 128 bits or more, with what stands before each.
fn ids(text: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    const LETTERS: usize = 8;
    static IDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^([^\r\n]*?)(?:[:= ]|\t) *([0-9a-f]{32,}|[0-9A-F]{32,})\r?$")
            .unwrap_or_else(|error| unreachable!("{error}"))
    });
    let is_random = |at: &Range<usize>| text[at.clone()].iter().collect::<BTreeSet<_>>().len() >= LETTERS;
    let ids = IDS.captures_iter(text).filter_map(|found| Some((found.get(1)?.as_bytes(), found.get(2)?.range())));
    ids.filter(move |(_, at)| is_random(at))
}

/// The numbers at the ends of lines, in units or not, with what stands before each.
fn numbers(text: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^([^\r\n]*?)(?:[:= ]|\t) *(-?\d[\d.]*[KMGT]?B?)%?\r?$")
            .unwrap_or_else(|error| unreachable!("{error}"))
    });
    NUMBERS.captures_iter(text).filter_map(|found| Some((found.get(1)?.as_bytes(), found.get(2)?.range())))
}

fn by_name(text: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    numbers(text).map(|(name, at)| (name, &text[at])).collect()
}

/// The words of a name, in small letters.
fn words_of(name: &[u8]) -> impl Iterator<Item = String> + '_ {
    const SHORTEST: usize = 2;
    let words = name.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| word.len() >= SHORTEST);
    words
        .map(|word| String::from_utf8_lossy(word).to_lowercase())
        .filter(|word| !matches!(&**word, "in" | "of" | "per"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "redis_version:7.0.15\r\nredis_git_sha1:00000000\r\narch_bits:64\r\ntcp_port:6379\r\n\
                        uptime_in_seconds:U\r\nuptime_in_days:0\r\nused_memory:M\r\nused_memory_peak:900\r\nused_memory_human:1.5M\r\n\
                        maxmemory:0\r\nlru_clock:L\r\nhz:10\r\nio_threads_active:0\r\nprocess_id:7\r\nconnected_clients:1\r\n";

    fn page(uptime: &str, memory: &str, clock: &str) -> String {
        PAGE.replace('U', uptime).replace('M', memory).replace('L', clock)
    }

    #[test]
    fn what_is_called_as_what_moved_moves() {
        let (one, other) = (page("9", "812", "77"), page("11", "813", "79"));
        let moving = Moving::of(&[one.as_bytes(), other.as_bytes()]).unwrap_or_default();
        let named = |at: Range<usize>| one[..at.start].rsplit('\n').next().unwrap_or_default().to_owned();
        let found: Vec<String> = moving.values(one.as_bytes()).into_iter().map(named).collect();
        assert_eq!(
            found,
            [
                "uptime_in_seconds:",
                "uptime_in_days:",
                "used_memory:",
                "used_memory_peak:",
                "used_memory_human:",
                "lru_clock:",
                "process_id:",
                "connected_clients:"
            ]
        );
    }

    #[test]
    fn few_numbers_are_no_page() {
        let (one, other) = (page("9", "812", "77"), page("11", "812", "77"));
        assert_eq!(Moving::of(&[one.as_bytes(), other.as_bytes()]), None);
        assert_eq!(Moving::of(&[one.as_bytes()]), None);
    }

    #[test]
    fn a_word_that_all_have_says_nothing() {
        let stats = |n: u32| format!("STAT aa {n}\r\nSTAT bb {n}\r\nSTAT cc {n}\r\nSTAT pointer 64\r\nSTAT pid 9\r\n");
        let (one, other) = (stats(1), stats(2));
        let moving = Moving::of(&[one.as_bytes(), other.as_bytes()]).unwrap_or_default();
        assert!(moving.values(b"STAT pointer 64\r\n").is_empty());
        assert_eq!(moving.values(b"STAT pid 9\r\n"), vec![9..10]);
    }

    #[test]
    fn what_is_made_when_the_server_starts_moves() {
        let id = "b4cd06fe38d1fd7ea5d6be3a1c1b4d9ee1e5f2a7";
        let moves = |line: &str| {
            let text = format!("{line}\r\n");
            !Moving::default().values(text.as_bytes()).is_empty()
        };
        assert!(moves(&format!("run_id:{id}")) && moves(&format!("master_replid:{id}")));
        assert!(!moves(&format!("redis_git_sha1:{id}")) && !moves(&format!("build_id:{id}")));
        assert!(!moves(&format!("master_replid2:{}", "0".repeat(40))) && !moves("redis_build_id:b4cd06fe38d1fd7e"));
    }
}
