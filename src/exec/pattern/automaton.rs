//! Regular expressions on bytes that come piece by piece: the first byte at which a match ends, and
//! the first after which the whole cannot match any more.
//!
//! The engines of `regex-automata` want the whole haystack, or tell of a match one byte late, with
//! a cache whose states may vanish while one is waiting. So its NFA is walked here, and made
//! deterministic as far as the bytes ask for it. Every byte costs one look into a table, or at
//! worst a pass over the states of the NFA.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::bytes::Regex;
use regex_automata::nfa::thompson::{Compiler, Config, NFA, State, WhichCaptures};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;

/// How much memory the NFA of one expression may take.
const NFA_MAX: usize = 10 << 20;
/// How many NFA states the states of a walk may have in all before it forgets them.
const IDS_MAX: usize = 1 << 18;
/// How many expressions a thread keeps compiled.
const KEPT: usize = 64;
/// An entry of a walk's table for a byte that was not met in this state.
const UNKNOWN: u32 = u32::MAX;
/// The bit of an entry for a state that is looked for.
const STOP: u32 = 1 << 31;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Automaton {
    nfa: NFA,
    /// The class of each byte, and how many classes there are.
    class: [u8; 256],
    classes: usize,
    purpose: Purpose,
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Purpose {
    /// Where the first match ends.
    Search,
    /// Whether what begins here can still match as a whole. What depends on bytes that have not
    /// come is taken to hold.
    Whole,
}

type Compiled = HashMap<(Purpose, Box<str>), Arc<Automaton>>;

thread_local! {
    static COMPILED: RefCell<Compiled> = RefCell::default();
}

/// Compiles the expression of an `until`, once for a thread.
pub(super) fn search(source: &str) -> Result<Arc<Automaton>, String> {
    compile(source, Purpose::Search)
}

/// Compiles the expression of a `match`, once for a thread.
pub(super) fn whole(regex: &Regex) -> Option<Arc<Automaton>> {
    compile(regex.as_str(), Purpose::Whole).ok()
}

fn compile(source: &str, purpose: Purpose) -> Result<Arc<Automaton>, String> {
    let key = (purpose, source.into());
    let known = COMPILED.with_borrow(|compiled| compiled.get(&key).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let automaton = Arc::new(Automaton::new(source, purpose)?);
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(key, Arc::clone(&automaton));
    });
    Ok(automaton)
}

impl Automaton {
    fn new(source: &str, purpose: Purpose) -> Result<Self, String> {
        let config = Config::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(NFA_MAX));
        let build = |unicode| {
            let syntax = syntax::Config::new().unicode(unicode).utf8(false);
            let built = Compiler::new().syntax(syntax).configure(config.clone()).build(source);
            built.map_err(|error| format!("~/{source}/ is not a regular expression: {error}"))
        };
        // On bytes where that is possible, as the plan compiles a `match`.
        let nfa = build(false).or_else(|error| build(true).map_err(|_| error))?;
        let behind = |look| matches!(look, Look::Start | Look::StartLF);
        if purpose == Purpose::Search && !nfa.look_set_any().iter().all(behind) {
            return Err(format!("~/{source}/ looks at what follows, so its end depends on what has arrived"));
        }
        let class = std::array::from_fn(|byte| nfa.byte_classes().get(byte as u8));
        let automaton = Self { classes: nfa.byte_classes().alphabet_len(), class, nfa, purpose };
        if purpose == Purpose::Search && Walk::new(&automaton).states[0].stops {
            return Err(format!("~/{source}/ matches nothing at all, so it would end at once"));
        }
        Ok(automaton)
    }

    /// Whether an assertion holds after the byte `last`.
    fn holds(&self, look: Look, last: Option<u8>) -> bool {
        match look {
            Look::Start => last.is_none(),
            Look::StartLF => last.is_none_or(|last| last == b'\n'),
            _ => self.purpose == Purpose::Whole,
        }
    }

    /// The states that can be had from one without a byte, after the byte `last`.
    fn close(&self, state: StateID, last: Option<u8>, stack: &mut Vec<StateID>, seen: &mut Seen) {
        stack.push(state);
        while let Some(state) = stack.pop() {
            if !seen.insert(state) {
                continue;
            }
            match self.nfa.state(state) {
                State::Union { alternates } => stack.extend(alternates.iter()),
                State::BinaryUnion { alt1, alt2 } => stack.extend([alt1, alt2]),
                State::Capture { next, .. } => stack.push(*next),
                State::Look { look, next } => {
                    if self.holds(*look, last) {
                        stack.push(*next);
                    }
                }
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) | State::Fail | State::Match { .. } => {}
            }
        }
    }
}

/// A walk through an automaton: the states that the bytes so far allow, and those met before.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the present state begins in `next`.
    row: usize,
    states: Vec<Met>,
    index: HashMap<Box<[StateID]>, u32>,
    /// For each state and class of bytes where the next state begins, with [`STOP`] if it is one
    /// that is looked for.
    next: Vec<u32>,
    /// How many NFA states all `states` have.
    ids: usize,
    stack: Vec<StateID>,
    seen: Seen,
}

/// A state that was met before.
#[derive(Debug)]
struct Met {
    ids: Box<[StateID]>,
    /// Whether it is looked for: a match, or one that can never become one.
    stops: bool,
}

impl Walk {
    /// A walk that stands before the first byte.
    pub(super) fn new(automaton: &Automaton) -> Self {
        let mut walk = Self {
            row: 0,
            states: Vec::new(),
            index: HashMap::new(),
            next: Vec::new(),
            ids: 0,
            stack: Vec::new(),
            seen: Seen::new(automaton.nfa.states().len()),
        };
        let start = match automaton.purpose {
            Purpose::Search => automaton.nfa.start_unanchored(),
            Purpose::Whole => automaton.nfa.start_anchored(),
        };
        automaton.close(start, None, &mut walk.stack, &mut walk.seen);
        walk.meet(automaton);
        walk
    }

    /// Where the first match ends in the bytes that came, if one does.
    pub(super) fn find(&mut self, automaton: &Automaton, input: &[u8]) -> Option<usize> {
        self.stop(automaton, input).map(|last| last + 1)
    }

    /// The byte after which nothing that begins so can match, if there is one.
    pub(super) fn dies(&mut self, automaton: &Automaton, input: &[u8]) -> Option<usize> {
        self.stop(automaton, input)
    }

    /// The byte after which a state is met that is looked for.
    fn stop(&mut self, automaton: &Automaton, input: &[u8]) -> Option<usize> {
        input.iter().position(|byte| {
            let slot = self.row + usize::from(automaton.class[usize::from(*byte)]);
            let mut next = self.next[slot];
            if next == UNKNOWN {
                next = self.explore(automaton, slot, *byte);
            }
            self.row = (next & !STOP) as usize;
            next & STOP != 0
        })
    }

    /// The state after a byte that was not met in this one.
    fn explore(&mut self, automaton: &Automaton, slot: usize, byte: u8) -> u32 {
        self.seen.clear();
        for id in &self.states[self.row / automaton.classes].ids {
            let next = match automaton.nfa.state(*id) {
                State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
                State::Sparse(sparse) => sparse.matches_byte(byte),
                State::Dense(dense) => dense.matches_byte(byte),
                _ => None,
            };
            if let Some(next) = next {
                automaton.close(next, Some(byte), &mut self.stack, &mut self.seen);
            }
        }
        if self.ids > IDS_MAX {
            self.states.clear();
            self.index.clear();
            self.next.clear();
            self.ids = 0;
            return self.meet(automaton);
        }
        let next = self.meet(automaton);
        self.next[slot] = next;
        next
    }

    /// Where the state begins that is made of the NFA states in `seen`, and whether it stops.
    fn meet(&mut self, automaton: &Automaton) -> u32 {
        let is_match = |id: &StateID| matches!(automaton.nfa.state(*id), State::Match { .. });
        let mut ids = self.seen.ids.clone();
        ids.retain(|id| !automaton.nfa.state(*id).is_epsilon());
        ids.sort_unstable();
        let stops = match automaton.purpose {
            Purpose::Search => ids.iter().any(is_match),
            Purpose::Whole => ids.is_empty(),
        };
        let ids = ids.into_boxed_slice();
        if let Some(known) = self.index.get(&ids) {
            return *known;
        }
        let entry = self.next.len() as u32 | if stops { STOP } else { 0 };
        self.ids += ids.len() + automaton.classes;
        self.index.insert(ids.clone(), entry);
        self.states.push(Met { ids, stops });
        self.next.resize(self.next.len() + automaton.classes, UNKNOWN);
        entry
    }
}

/// A set of NFA states that is cheap to empty.
#[derive(Debug)]
struct Seen {
    ids: Vec<StateID>,
    has: Vec<bool>,
}

impl Seen {
    fn new(states: usize) -> Self {
        Self { ids: Vec::new(), has: vec![false; states] }
    }

    /// Whether the state is new.
    fn insert(&mut self, id: StateID) -> bool {
        let new = !std::mem::replace(&mut self.has[id.as_usize()], true);
        if new {
            self.ids.push(id);
        }
        new
    }

    fn clear(&mut self) {
        for id in self.ids.drain(..) {
            self.has[id.as_usize()] = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn end(source: &str, input: &[u8]) -> Option<usize> {
        let automaton = Automaton::new(source, Purpose::Search).unwrap();
        Walk::new(&automaton).find(&automaton, input)
    }

    #[test]
    fn the_first_end_of_a_match_counts() {
        assert_eq!(end("samwise|sam", b"xx samwise"), Some(6));
        assert_eq!(end("a+", b"baaa"), Some(2));
        assert_eq!(end(r"\r?\n\r?\n", b"a\r\nb\n\r\nc"), Some(7));
        assert_eq!(end("x", b"abc"), None);
        assert_eq!(end(".x", b"\nx\xffx"), Some(4));
    }

    #[test]
    fn a_caret_is_where_the_pattern_begins() {
        assert_eq!(end("^b", b"ab"), None);
        assert_eq!(end("^ab", b"ab"), Some(2));
        assert_eq!(end("(?m)^b", b"ab\nb"), Some(4));
    }

    #[test]
    fn what_depends_on_what_follows_is_refused() {
        for source in ["a$", r"a\b", "a*", "", "(?m)a$", "(?R)(?m)^a"] {
            assert!(Automaton::new(source, Purpose::Search).is_err(), "{source}");
        }
        assert!(Automaton::new("(", Purpose::Search).unwrap_err().contains("not a regular expression"));
        assert!(Automaton::new("(?:a{1000}){1000}", Purpose::Search).is_err());
    }

    #[test]
    fn a_walk_that_forgets_goes_on() {
        let automaton = Automaton::new("(?:a|b)*a(?:a|b){14}c", Purpose::Search).unwrap();
        let mut walk = Walk::new(&automaton);
        let mut number = 1_u32;
        let mut input: Vec<u8> = (0..200_000)
            .map(|_| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if number >> 31 == 0 { b'a' } else { b'b' }
            })
            .collect();
        input.extend_from_slice(b"abbbbbbbbbbbbbbc");
        assert_eq!(walk.find(&automaton, &input), Some(input.len()));
        assert!(walk.ids <= 2 * IDS_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn an_end_is_that_of_the_shortest_prefix_with_a_match(
            source in "(\\^|)[abc.](a|b|ab|[ab]|c\\+|a\\*|\\.|\\(a\\|bc\\)|\\(\\?:b\\|ca\\)\\{2\\}){0,4}",
            input in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'c'), Just(b'\n')], 0..40),
        ) {
            let regex = regex::bytes::RegexBuilder::new(&source).unicode(false).build().unwrap();
            let expected = (0..=input.len()).find(|end| regex.is_match(&input[..*end]));
            prop_assert_eq!(end(&source, &input), expected);
        }

        /// What the whole is given up for, no more bytes can mend.
        #[test]
        fn the_dead_do_not_match(
            source in "(a|b|ab|[ab]|c\\+|a\\*|\\.|\\(a\\|bc\\)|\\\\b|\\$){0,5}",
            input in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'c')], 0..12),
        ) {
            let anchored = format!(r"\A(?:{source})\z");
            let regex = regex::bytes::RegexBuilder::new(&anchored).unicode(false).build().unwrap();
            let automaton = Automaton::new(&anchored, Purpose::Whole).unwrap();
            let dead = Walk::new(&automaton).dies(&automaton, &input).unwrap_or(input.len());
            for end in dead + 1..=input.len() {
                prop_assert!(!regex.is_match(&input[..end]));
            }
        }
    }
}
