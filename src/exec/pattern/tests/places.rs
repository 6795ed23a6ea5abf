//! The part of a pattern that bytes do not fit, and where in it and in the whole they do not.

use super::build::*;
use super::*;
use crate::plan::pattern::Form;
use crate::plan::payload::{Part, Place, Size};
use crate::source::Span;

/// Where the part stands that the bytes do not fit, and which byte it is; the same however they come.
#[track_caller]
fn place(pattern: &Pattern, input: &[u8], end: Option<Boundary>) -> (u32, String) {
    let whole = mismatch(pattern, input, input.len().max(1), end);
    let single = mismatch(pattern, input, 1, end);
    assert_eq!((single.part, single.place()), (whole.part, whole.place()), "byte by byte is another place");
    (whole.part.unwrap().0.start, whole.place())
}

#[track_caller]
fn mismatch(pattern: &Pattern, input: &[u8], piece: usize, end: Option<Boundary>) -> Mismatch {
    let mut machine = machine(pattern);
    let (mut taken, mut seen) = (0, piece.min(input.len()));
    loop {
        let last = seen == input.len();
        let fed = machine.feed(&input[taken..seen], end.filter(|_| last));
        match fed.outcome {
            Outcome::Failed(mismatch) => return *mismatch,
            Outcome::Done => panic!("it fits"),
            Outcome::More if last => return machine.missing("the deadline passed", &input[taken + fed.taken..]),
            Outcome::More => taken += fed.taken,
        }
        seen = (seen + piece).min(input.len());
    }
}

#[track_caller]
fn is_at((found, words): (u32, String), part: u32, place: &str) {
    assert_eq!((found, words), (part, place.to_owned()));
}

/// `ab`, then `cd`, compared as one.
fn joined() -> Pattern {
    let mut pattern = text("abcd").placed(10);
    let Form::Exactly(payload) = &mut pattern.form else { panic!() };
    let begins = |byte, start| Place { part: 0, byte, span: Span::new(start, start + 2) };
    payload.places = [begins(0, 11), begins(2, 15)].into();
    pattern
}

#[test]
fn a_part_of_a_list() {
    let pattern = list(vec![bytes(2).placed(1), text("xy").placed(2), hex(&[Some(1), None]).placed(3)]).placed(0);
    is_at(place(&pattern, b"--xz", None), 2, "from byte 4 on, byte 2 of this part");
    is_at(place(&pattern, b"--xy\x02\x02", None), 3, "from byte 5 on, byte 1 of this part");
    is_at(place(&pattern, b"--x", Some(Boundary::Eof)), 2, "from byte 4 on, byte 2 of this part");
    is_at(place(&pattern, b"-", None), 1, "from byte 2 on");
    let too_long = mismatch(&pattern, b"--xy\x01\x02+", 7, Some(Boundary::Datagram));
    assert_eq!((too_long.part.unwrap().0.start, too_long.place().as_str()), (0, "from byte 7 on"));
}

#[test]
fn forms_that_are_compared_as_one() {
    let pattern = list(vec![bytes(2).placed(1), joined()]).placed(0);
    is_at(place(&pattern, b"--axcd", None), 11, "from byte 4 on, byte 2 of this part");
    is_at(place(&pattern, b"--abcx", None), 15, "from byte 6 on, byte 2 of this part");
    is_at(place(&pattern, b"--ab", Some(Boundary::Eof)), 15, "from byte 5 on, byte 1 of this part");
    // Neighbours are joined when they are compiled, too.
    let pattern = list(vec![text("").placed(1), joined(), text("").placed(2), text("ef").placed(3)]).placed(0);
    is_at(place(&pattern, b"abxd", None), 15, "from byte 3 on, byte 1 of this part");
    is_at(place(&pattern, b"abcdx", None), 3, "from byte 5 on, byte 1 of this part");
}

#[test]
fn forms_whose_lengths_are_computed() {
    let begins = |part, byte, start| Place { part, byte, span: Span::new(start, start + 1) };
    let mut of = payload(vec![Part::Template(variable("id")), Part::Bytes(b"-end"[..].into())]);
    of.places = [begins(0, 0, 21), begins(1, 0, 22), begins(1, 1, 23)].into();
    of.span = Span::new(20, 29);
    let padded = Part::Sized { size: Size { pad: 4, ..size("u16") }, of: Box::new(of) };
    let mut pattern = exactly(vec![Part::Bytes(b"no"[..].into()), padded, Part::Bytes(b"!"[..].into())]).placed(0);
    let Form::Exactly(payload) = &mut pattern.form else { panic!() };
    payload.places = [begins(0, 0, 11), begins(0, 2, 19), begins(2, 0, 31)].into();
    is_at(place(&pattern, b"no\0\x08", None), 19, "from byte 4 on, byte 2 of this part");
    is_at(place(&pattern, b"no\0\x07abX", None), 21, "from byte 7 on, byte 3 of this part");
    is_at(place(&pattern, b"no\0\x07abc+", None), 22, "from byte 8 on, byte 1 of this part");
    is_at(place(&pattern, b"no\0\x07abc-enX", None), 23, "from byte 11 on, byte 3 of this part");
    is_at(place(&pattern, b"no\0\x07abc-end\0?", None), 31, "from byte 13 on, byte 1 of this part");
}

#[test]
fn what_a_length_measures() {
    let of = list(vec![text("g").placed(3), number("u8", None).placed(4), text("x").placed(5)]).placed(2);
    let pattern = list(vec![bytes(1).placed(9), sized(size("u16"), of).placed(1)]).placed(0);
    is_at(place(&pattern, b"-\0\x03ghi", None), 5, "from byte 6 on, byte 1 of this part");
    is_at(place(&pattern, b"-\0\x04", None), 1, "from byte 2 on, byte 1 of this part");
    is_at(place(&pattern, b"-\0", Some(Boundary::Eof)), 1, "from byte 3 on, byte 2 of this part");
}

#[test]
fn the_alternative_that_went_furthest() {
    let one = list(vec![text("ab").placed(2), bytes(1).placed(3), text("x").placed(4)]).placed(1);
    let pattern = list(vec![bytes(1).placed(9), one_of(vec![text("ax").placed(5), one]).placed(6)]).placed(0);
    is_at(place(&pattern, b"-abcd", None), 4, "from byte 5 on, byte 1 of this part");
    is_at(place(&pattern, b"-zbcd", None), 6, "from byte 2 on, byte 1 of this part");
    is_at(place(&pattern, b"-ab", Some(Boundary::Eof)), 3, "from byte 4 on, byte 1 of this part");
}

#[test]
fn the_row_at_which_a_repetition_ends() {
    let row = |start, source: &str| until("\n").matching(source).placed(start);
    let pattern = until_last(row(1, "220 .*"), row(2, "220-.*")).placed(0);
    is_at(place(&pattern, b"220-a\n221 b\n", None), 1, "from byte 9 on, byte 3 of this part");
    // None went further than the other: it is the repetition that they do not fit.
    is_at(place(&pattern, b"220-a\nHELO\n", None), 0, "from byte 7 on");
    is_at(place(&pattern, b"220-a\n220-b", Some(Boundary::Eof)), 2, "from byte 12 on, byte 6 of this part");
    let pattern = any_order(vec![text("ab").placed(1), text("cd").placed(2)]).placed(0);
    is_at(place(&pattern, b"cdax", None), 1, "from byte 4 on, byte 2 of this part");
}

#[test]
fn a_part_that_uses_what_another_kept() {
    let pattern = list(vec![bytes(1).named("id").placed(1), exactly(vec![Part::Template(variable("id"))]).placed(2)]);
    is_at(place(&pattern, b"ab", None), 2, "from byte 2 on, byte 1 of this part");
}

#[test]
fn the_bytes_before_a_part_are_shown() {
    let pattern = list(vec![bytes(20).placed(1), text("x").placed(2)]).placed(0);
    let found = mismatch(&pattern, b"0123456789abcdefghijy", 3, None);
    assert_eq!((found.before.as_slice(), found.got.as_slice()), (&b"456789abcdefghij"[..], &b"y"[..]));
    // Not those of the part itself, of which only the end is shown.
    let found = mismatch(&text("x".repeat(5000)).placed(1), &b"x".repeat(4000), 1000, Some(Boundary::Eof));
    assert_eq!((found.before.as_slice(), found.place().as_str()), (&b""[..], "from byte 4001 on"));
}
