//! What holds for every pattern and every input.

use proptest::prelude::*;

use super::build::*;
use super::*;
use crate::plan::payload::Size;

/// Few letters, so that things match often.
fn letter() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'a'), Just(b'b'), Just(b'c'), Just(0), Just(1), Just(2), Just(0x81), Just(b'\n')]
}

fn letters(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(letter(), range)
}

fn leaf() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        3 => letters(0..4).prop_map(text),
        1 => proptest::collection::vec(proptest::option::of(letter()), 0..4).prop_map(|bytes| hex(&bytes)),
        2 => (0_u64..4).prop_map(bytes),
        3 => letters(1..4).prop_map(until),
        2 => prop_oneof![Just("ab+"), Just("^a|b\n"), Just("(a|bc)c"), Just("a.c")].prop_map(until_match),
        1 => prop_oneof![Just(rest()), Just(rest_to(&[End::Reset])), Just(rest_to(&[End::Eof, End::Reset]))],
        2 => (prop_oneof![Just("u8"), Just("u16"), Just("u16le")], proptest::option::of((0_u64..4, 0_u64..4)))
            .prop_map(|(width, mask)| number(width, mask.map(|(mask, is)| (mask, is & mask)))),
        1 => prop_oneof![Just("n"), Just("m"), Just("four")].prop_map(bytes_of),
    ]
}

fn beside(pattern: impl Strategy<Value = Pattern>) -> impl Strategy<Value = Pattern> {
    (pattern, 0..12, 0_u64..8).prop_map(|(pattern, beside, max)| match beside {
        0 => pattern.named("n"),
        1 => pattern.varying(),
        2 => pattern.matching("[ab]*(?<m>.)?"),
        3 => pattern.named("m").at_most(max),
        4 => pattern.at_most(max),
        _ => pattern,
    })
}

fn patterns() -> impl Strategy<Value = Pattern> {
    beside(leaf()).prop_recursive(4, 24, 4, |inner| {
        let size = (prop_oneof![Just("u8"), Just("u16"), Just("varint"), Just("ber")], -1_i64..3, 0_u64..4)
            .prop_map(|(kind, plus, pad)| Size { plus, pad, or: u64::from(pad == 1), ..size(kind) });
        beside(prop_oneof![
            (size, inner.clone()).prop_map(|(size, of)| sized(size, of)),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(one_of),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(any_order),
            (inner.clone(), inner.clone()).prop_map(|(last, each)| until_last(last, each)),
            proptest::collection::vec(inner, 0..4).prop_map(list),
        ])
    })
}

fn ends() -> impl Strategy<Value = Option<Boundary>> {
    prop_oneof![Just(None), Just(Some(Boundary::Eof)), Just(Some(Boundary::Reset)), Just(Some(Boundary::Datagram))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_pieces_change_nothing(
        pattern in patterns(),
        input in letters(0..40),
        pieces in proptest::collection::vec(1_usize..6, 1..6),
        end in ends(),
    ) {
        let whole = run(&pattern, &input, &[usize::MAX / 2], end);
        prop_assert_eq!(&run(&pattern, &input, &[1], end), &whole);
        prop_assert_eq!(&run(&pattern, &input, &pieces, end), &whole);
        prop_assert_eq!(&receive(&pattern, &input, &pieces, end), &whole);
    }

    /// What comes after a pattern has no part in it, once the choice is made.
    #[test]
    fn what_follows_changes_nothing(pattern in patterns(), input in letters(0..30), more in letters(1..10)) {
        let alone = run(&pattern, &input, &[1], None);
        let longer = run(&pattern, &[input, more].concat(), &[3], None);
        if !matches!(alone, Result::Waiting(_)) {
            prop_assert_eq!(alone, longer);
        } else if let (Result::Waiting(settled), Result::Matched(size, ..)) = (alone, longer) {
            prop_assert!(settled <= size, "took {} of what frames {}", settled, size);
        }
    }

    /// What is known of a pattern before it runs holds when it does.
    #[test]
    fn the_size_that_never_varies_is_the_size(pattern in patterns(), input in letters(0..40), end in ends()) {
        let fixed = machine(&pattern).node.size();
        if let (Some(fixed), Result::Matched(size, ..)) = (fixed, run(&pattern, &input, &[2], end)) {
            prop_assert_eq!(fixed, size);
        }
    }

    #[test]
    fn the_shown_size_is_the_size(pattern in patterns(), input in letters(0..40), end in ends()) {
        if let Result::Matched(size, shown, ..) = run(&pattern, &input, &[2], end)
            && let Some(shown) = crate::trace::shown::total_size(&shown)
        {
            prop_assert_eq!(shown, size);
        }
    }
}

/// Receives as the runner does: directly where it may, looking first where it must.
fn receive(pattern: &Pattern, input: &[u8], pieces: &[usize], end: Option<Boundary>) -> Result {
    if end == Some(Boundary::Datagram) {
        return run(pattern, input, &[usize::MAX / 2], end);
    }
    let mut machine = machine(pattern);
    let mut pieces = pieces.iter().cycle();
    let (mut taken, mut arrived) = (0, 0);
    loop {
        let last = arrived == input.len();
        let (most, direct) = match machine.wants() {
            Want::Exact(most) => (most, true),
            Want::Peek => (u64::MAX, false),
            Want::Nothing => (0, true),
        };
        let shown = ((arrived - taken) as u64).min(most) as usize;
        let at_end = last && taken + shown == input.len() && most > 0;
        let fed = machine.feed(&input[taken..taken + shown], if at_end { end } else { None });
        taken += if direct { shown } else { fed.taken };
        match fed.outcome {
            Outcome::Done => {
                assert!(fed.taken == shown || !direct, "less was taken than was wanted");
                let matched = machine.into_matched();
                assert_eq!(matched.size, taken as u64);
                return Result::Matched(matched.size, matched.shown, matched.captures, matched.end);
            }
            Outcome::Failed(mismatch) => return Result::Failed(mismatch.skipped + mismatch.at, mismatch.message),
            Outcome::More => {
                assert!(fed.taken == shown || !direct, "less was taken than was wanted");
                assert!(most > 0, "nothing more was wanted");
                if at_end && (end.is_none() || fed.taken < shown) {
                    return Result::Waiting(taken as u64);
                }
                if last && shown > 0 {
                    continue;
                }
                if last {
                    return Result::Waiting(taken as u64);
                }
            }
        }
        arrived = (arrived + pieces.next().copied().unwrap_or(1)).min(input.len());
    }
}

#[test]
fn a_long_line_byte_by_byte_is_linear() {
    let began = std::time::Instant::now();
    let mut machine = machine(&until("\r\n\r\n").varying());
    let line = [b"\r".repeat(65_536), b"\n".repeat(65_536)].concat();
    for _ in 0..1 << 5 {
        for byte in &line {
            assert!(matches!(machine.feed(std::slice::from_ref(byte), None), Fed { taken: 1, outcome: Outcome::More }));
        }
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    assert!(matches!(machine.feed(b"\r\n\r\n", None).outcome, Outcome::Done));
}
