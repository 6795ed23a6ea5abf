//! Every form, with what it takes, shows, keeps and refuses.

use super::build::*;
use super::*;
use crate::plan::payload::{Part, Size};
use crate::plan::template::{Piece, Template};
use crate::source::Span;

const EOF: Option<Boundary> = Some(Boundary::Eof);
const RESET: Option<Boundary> = Some(Boundary::Reset);
const DATAGRAM: Option<Boundary> = Some(Boundary::Datagram);

fn plain(bytes: &[u8]) -> Shown {
    Shown::Bytes(bytes.to_vec())
}

fn varying(size: Option<u64>) -> Shown {
    Shown::Varying { size }
}

fn name(name: &str, size: Option<u64>) -> Shown {
    Shown::Named { name: name.into(), size }
}

fn regex(regex: &str, size: Option<u64>) -> Shown {
    Shown::Matched { regex: regex.into(), size }
}

fn group(word: &str, members: Vec<Vec<Shown>>) -> Shown {
    Shown::Group { word: word.into(), members }
}

fn raw(name: &str, bytes: &[u8]) -> (String, Value) {
    (name.into(), Value::Bytes(bytes.to_vec()))
}

#[test]
fn exact_bytes_are_compared() {
    assert_eq!(matched(&text("ping"), b"ping pong"), (4, vec![plain(b"ping")], vec![]));
    let (at, message) = failed(&text("ping"), b"pong", None);
    assert_eq!((at, message.as_str()), (1, "byte 2 is \"o\", where \"i\" was expected"));
    let (at, message) = failed(&text("ping"), b"pi", EOF);
    assert_eq!((at, message.as_str()), (2, "the stream ended after 2 of 4 bytes"));
    let (_, message) = failed(&text("ping"), b"", RESET);
    assert_eq!(message, "the connection was reset where \"ping\" was expected");
    assert_eq!(matched(&text(""), b"x"), (0, vec![], vec![]));
}

#[test]
fn a_mismatch_has_both_sides() {
    let mut machine = machine(&text("ping"));
    assert!(matches!(machine.feed(b"pi", None).outcome, Outcome::More));
    let Outcome::Failed(mismatch) = machine.feed(b"xg!", None).outcome else { panic!() };
    assert_eq!(mismatch.expected.as_deref(), Some(&b"ping"[..]));
    assert_eq!((mismatch.got.as_slice(), mismatch.at, mismatch.skipped), (&b"pixg!"[..], 2, 0));
}

#[test]
fn a_mismatch_far_in_shows_what_is_around_it() {
    let fill = Part::Fill { fill: b"ab"[..].into(), size: 1 << 20 };
    let mut machine = machine(&exactly(vec![fill]));
    let mut input = b"ab".repeat(1 << 19);
    input[700_001] = b'X';
    for chunk in input.chunks(65_536) {
        let Outcome::Failed(mismatch) = machine.feed(chunk, None).outcome else { continue };
        assert_eq!(mismatch.skipped + mismatch.at, 700_001);
        assert_eq!(mismatch.got[mismatch.at as usize], b'X');
        let expected = mismatch.expected.unwrap();
        assert_eq!(expected[mismatch.at as usize], b'b');
        assert_eq!(expected[..mismatch.at as usize], mismatch.got[..mismatch.at as usize]);
        assert!(mismatch.got.len() <= 1024);
        return;
    }
    panic!("no mismatch");
}

#[test]
fn a_variable_is_compared_by_value_and_shown_by_name() {
    let pieces = vec![Piece::Literal("<".into()), Piece::Variable { name: "id".into(), part: None }];
    let template = Template { pieces, span: Span::default() };
    let pattern = exactly(vec![Part::Template(template.clone()), Part::Bytes(b">"[..].into())]);
    assert_eq!(matched(&pattern, b"<abc>").1, [plain(b"<"), name("id", None), plain(b">")]);
    let unset = try_machine(&bytes_of("nobody")).unwrap_err();
    assert_eq!(unset, "`nobody` has no value yet");
    assert!(try_machine(&bytes_of("id")).unwrap_err().contains("not a number"));
}

#[test]
fn wildcards_in_hex_take_any_byte() {
    let pattern = hex(&[Some(0x12), None, None, Some(0x80)]);
    let shown = vec![plain(&[0x12]), Shown::Wild(2), plain(&[0x80])];
    assert_eq!(matched(&pattern, &[0x12, 0, 0xff, 0x80, 1]), (4, shown, vec![]));
    let (at, message) = failed(&pattern, &[0x12, 0, 0, 0x81], None);
    assert_eq!((at, message.as_str()), (3, "byte 4 is 81, where 80 was expected"));
}

#[test]
fn so_many_bytes_are_shown_as_they_are() {
    assert_eq!(matched(&bytes(3), b"abcd"), (3, vec![plain(b"abc")], vec![]));
    assert_eq!(matched(&bytes(0), b"").0, 0);
    assert_eq!(matched(&bytes_of("four"), b"abcde").0, 4);
    assert_eq!(matched(&bytes(3).named("x"), b"abc"), (3, vec![name("x", Some(3))], vec![raw("x", b"abc")]));
    assert_eq!(matched(&bytes_of("four").named("x"), b"abcd").1, [name("x", None)]);
    assert_eq!(matched(&bytes(3).varying(), b"abc").1, [varying(Some(3))]);
    assert_eq!(failed(&bytes(3), b"a", DATAGRAM).1, "the datagram ended after 1 of 3 bytes");
}

#[test]
fn many_bytes_are_shown_by_their_hash() {
    let input = vec![b'x'; 5000];
    let shown = matched(&bytes(5000), &input).1;
    assert!(matches!(&shown[..], [Shown::Digest { size: 5000, head, .. }] if head.len() == 32), "{shown:?}");
}

#[test]
fn until_takes_its_delimiter() {
    assert_eq!(matched(&until("\r\n"), b"a\rb\r\nc"), (5, vec![plain(b"a\rb\r\n")], vec![]));
    assert_eq!(matched(&until("aab"), b"aaaab"), (5, vec![plain(b"aaaab")], vec![]));
    assert_eq!(matched(&until("abab"), b"abaabab!").0, 7);
    assert_eq!(failed(&until("\r\n"), b"abc", EOF).1, "the stream ended before \"\\r\\n\" came");
    let line = until("\r\n").named("line").matching("2(?<rest>.*)");
    let (_, shown, captures) = matched(&line, b"220 hi\r\n");
    assert_eq!(shown, [name("line", None)]);
    assert_eq!(captures, [("rest".into(), Value::Text("20 hi".into())), raw("line", b"220 hi\r\n")]);
    assert_eq!(try_machine(&until("")).unwrap_err(), "the delimiter of `until` is empty");
}

#[test]
fn a_match_covers_the_whole() {
    let pattern = until("\n").matching("[0-9]+");
    assert_eq!(matched(&pattern, b"123\n").1, [regex("[0-9]+", None)]);
    let (at, message) = failed(&pattern, b"12x\n", None);
    assert_eq!((at, message.as_str()), (2, "what came before the delimiter does not match ~/[0-9]+/"));
    assert_eq!(matched(&bytes(2).matching(".."), b"ab").1, [regex("..", Some(2))]);
    let (_, _, captures) = matched(&bytes(3).matching("(?<a>x)?(?<b>(?s:.)+)"), b"\xff\n\0");
    assert_eq!(captures, [("a".into(), Value::Text(String::new())), raw("b", b"\xff\n\0")]);
}

#[test]
fn until_match_ends_where_the_first_match_does() {
    assert_eq!(matched(&until_match("b+"), b"abbb"), (2, vec![plain(b"ab")], vec![]));
    assert_eq!(matched(&until_match("^ok|\n\n"), b"not ok\n\n ").0, 8);
    assert_eq!(failed(&until_match("b"), b"aa", EOF).1, "the stream ended before a match of ~/b/ came");
    assert!(try_machine(&until_match("a$")).unwrap_err().contains("looks at what follows"));
}

#[test]
fn the_rest_has_its_ends() {
    let eof = Result::Matched(2, vec![plain(b"ab")], vec![], Some(End::Eof));
    assert_eq!(both(&rest(), b"ab", EOF), eof);
    assert_eq!(both(&rest(), b"ab", None), Result::Waiting(2));
    let (at, message) = failed(&rest(), b"ab", RESET);
    assert_eq!((at, message.as_str()), (2, "the stream ended by reset after 2 bytes, where eof was expected"));
    let either = rest_to(&[End::Eof, End::Reset]);
    let ends = Shown::End(vec!["eof".into(), "reset".into()]);
    let expected = Result::Matched(2, vec![plain(b"ab"), ends.clone()], vec![], Some(End::Reset));
    assert_eq!(both(&either, b"ab", RESET), expected);
    let covered = Result::Matched(2, vec![Shown::Varying { size: None }, ends], vec![], Some(End::Reset));
    assert_eq!(both(&either.varying(), b"ab", RESET), covered);
    assert_eq!(both(&rest(), b"ab", DATAGRAM), Result::Matched(2, vec![plain(b"ab")], vec![], None));
}

#[test]
fn numbers_are_shown_kept_and_masked() {
    assert_eq!(matched(&number("u16", None), &[1, 2, 3]), (2, vec![plain(&[1, 2])], vec![]));
    let kept = ("n".to_owned(), Value::Number(0x0201));
    assert_eq!(matched(&number("u16le", None).named("n"), &[1, 2]), (2, vec![name("n", Some(2))], vec![kept]));
    let masked = Shown::Masked { text: "u16 & 0x0f = 0x03".into(), size: 2 };
    assert_eq!(matched(&number("u16", Some((0x0f, 3))), &[0xff, 0xf3]).1, [masked]);
    let (at, message) = failed(&number("u8", Some((0x0f, 3))), &[0x12], None);
    assert_eq!((at, message.as_str()), (0, "u8 is 0x12, of which the bits 0x0f are 2, where 3 was expected"));
}

#[test]
fn a_datagram_is_taken_whole() {
    assert!(matches!(both(&text("ab"), b"ab", DATAGRAM), Result::Matched(2, ..)));
    let (at, message) = failed(&text("ab"), b"abcd", DATAGRAM);
    assert_eq!((at, message.as_str()), (2, "the datagram has 2 bytes more than the pattern takes"));
    assert!(matches!(both(&text(""), b"", DATAGRAM), Result::Matched(0, ..)));
    assert!(matches!(both(&rest(), b"", DATAGRAM), Result::Matched(0, ..)));
}

#[test]
fn lengths_frame_what_follows() {
    let frame = sized(size("u8"), rest());
    assert_eq!(matched(&frame, b"\x03abcd"), (4, vec![plain(b"\x03abc")], vec![]));
    let counts_itself = sized(Size { plus: 2, ..size("u16") }, bytes(3));
    assert_eq!(matched(&counts_itself, b"\0\x05abcd").0, 5);
    let flagged = sized(Size { or: 0x80, ..size("u8") }, rest());
    assert_eq!(matched(&flagged, b"\x82abc").0, 3);
    assert_eq!(failed(&flagged, b"\x02ab", None).1, "the length is 0x2, without the flag 0x80");
    let padded = sized(Size { pad: 4, ..size("u8") }, rest());
    assert_eq!(matched(&padded, b"\x05abcde\0\0\0x"), (9, vec![plain(b"\x05abcde\0\0\0")], vec![]));
    let (at, message) = failed(&padded, b"\x01a\0\x07\0", None);
    assert_eq!((at, message.as_str()), (3, "a byte of the padding is 07, where 00 was expected"));
    let nested = sized(size("u8"), list(vec![sized(size("u8"), rest()), rest()]));
    assert_eq!(matched(&nested, b"\x04\x02abcX").0, 5);
    assert_eq!(matched(&sized(size("u8"), text("")), b"\0x").0, 1);
}

#[test]
fn varint_and_ber_lengths_are_read() {
    let long = [&[0x82, 0x01][..], &[b'x'; 130]].concat();
    assert_eq!(matched(&sized(size("varint"), rest()), &long).0, 132);
    let long = [&[0x82, 0x00, 0x82][..], &[b'x'; 130]].concat();
    assert_eq!(matched(&sized(size("ber"), rest()), &long).0, 133);
    let varint = failed(&sized(size("varint"), rest()), &[0xff; 9], None).1;
    assert_eq!(varint, "the varint does not end after four bytes");
    assert_eq!(failed(&sized(size("ber"), rest()), &[0x80], None).1, "the BER length is indefinite");
    assert!(failed(&sized(size("ber"), rest()), &[0x89], None).1.contains("more than eight"));
}

#[test]
fn a_frame_is_neither_overrun_nor_left_short() {
    let (at, message) = failed(&sized(size("u8"), until("\n")), b"\x02ab\n", None);
    assert_eq!((at, message.as_str()), (3, "the frame ended before \"\\n\" came"));
    let (_, message) = failed(&sized(size("u8"), until("\n")), b"\x03a\nb", None);
    assert_eq!(message, "the length says 3 bytes, of which the pattern takes 2");
    let (_, message) = failed(&sized(size("u8"), bytes(2)), b"\x03abc", None);
    assert_eq!(message, "the length says 3 bytes, where the pattern takes 2");
    assert_eq!(failed(&sized(size("u8"), rest()), b"\x03ab", EOF).1, "the stream ended in the frame");
    assert_eq!(failed(&sized(size("u16"), rest()), b"\x03", EOF).1, "the stream ended in the length");
}

#[test]
fn absurd_lengths_are_refused_at_once() {
    for (kind, input) in
        [("u32", &[0xff; 4][..]), ("u64", &[0xff; 8]), ("ber", &[0x88, 255, 255, 255, 255, 255, 255, 255, 255])]
    {
        let (_, message) = failed(&sized(size(kind), rest()), input, None);
        assert!(message.contains("which is more than 16MiB; a larger `max` beside it allows more"), "{message}");
    }
    assert_eq!(both(&sized(size("u32"), rest()).at_most(1 << 40), &[0xff; 4], None), Result::Waiting(4));
    let fill = Part::Fill { fill: b"a"[..].into(), size: 1 << 30 };
    assert_eq!(both(&sized(size("u32"), exactly(vec![fill])), &[0x40, 0, 0, 0], None), Result::Waiting(4));
    let below = sized(Size { plus: 4, ..size("u8") }, rest());
    assert_eq!(failed(&below, &[3], None).1, "the length says 3, which is less than `plus: 4`");
    let overflow = sized(Size { plus: -9, ..size("u64") }, rest()).at_most(u64::MAX);
    assert!(matches!(both(&overflow, &[0xff; 8], None), Result::Failed(..)));
}

#[test]
fn a_length_of_what_varies_is_shown_as_such() {
    let frame = sized(Size { pad: 4, ..size("u16") }, rest().named("body"));
    let shown = vec![Shown::Size { width: Some(2) }, name("body", None), varying(None)];
    assert_eq!(matched(&frame, b"\0\x01a\0\0\0"), (6, shown, vec![raw("body", b"a")]));
    let fixed = sized(size("u8"), bytes(2).named("id"));
    assert_eq!(matched(&fixed, b"\x02ab").1, [plain(&[2]), name("id", Some(2))]);
}

#[test]
fn the_first_alternative_that_fits_is_chosen() {
    let pattern = one_of(vec![text("ab"), text("a"), text("b")]);
    let shown = vec![group("one_of", vec![vec![plain(b"ab")], vec![plain(b"a")], vec![plain(b"b")]])];
    assert_eq!(matched(&pattern, b"abc"), (2, shown.clone(), vec![]));
    assert_eq!(matched(&pattern, b"acc"), (1, shown.clone(), vec![]));
    assert_eq!(matched(&pattern, b"bcc"), (1, shown, vec![]));
    // `a` fits, but `ab` may still.
    assert_eq!(both(&pattern, b"a", None), Result::Waiting(1));
    assert!(matches!(both(&pattern, b"a", EOF), Result::Matched(1, ..)));
    assert!(matches!(both(&pattern, b"a", DATAGRAM), Result::Matched(1, ..)));
}

#[test]
fn a_choice_takes_only_what_all_alternatives_take() {
    let pattern = one_of(vec![text("abcd"), text("ab")]);
    let mut machine = machine(&pattern);
    let fed = machine.feed(b"abc", None);
    assert!(matches!(fed.outcome, Outcome::More));
    assert_eq!(fed.taken, 2);
    assert_eq!(machine.wants(), Want::Peek);
    let fed = machine.feed(b"cX", None);
    assert!(matches!(fed.outcome, Outcome::Done));
    assert_eq!(fed.taken, 0);
    assert_eq!(machine.into_matched().size, 2);
}

#[test]
fn a_choice_says_which_alternative_went_furthest() {
    let pattern = one_of(vec![text("abx"), text("abcdx"), text("q")]);
    let (at, message) = failed(&pattern, b"abcdef", None);
    assert_eq!(at, 4);
    assert!(message.ends_with("went furthest: byte 5 is \"e\", where \"x\" was expected"), "{message}");
    let mut machine = machine(&pattern);
    let Outcome::Failed(mismatch) = machine.feed(b"z", None).outcome else { panic!() };
    assert_eq!(mismatch.message, "no alternative fits");
    assert_eq!(mismatch.expected_words.as_deref(), Some("one of \"abx\" or \"abcdx\" or \"q\""));
}

#[test]
fn the_end_is_told_where_alternatives_lack_bytes() {
    let end = |pattern: &Pattern, input: &[u8], end| failed(pattern, input, end).1;
    let lines = one_of(vec![text("a\n"), text("b\n")]);
    assert_eq!(end(&lines, b"", EOF), "the stream ended where one of \"a\\n\" or \"b\\n\" was expected");
    let reset = Some(Boundary::Reset);
    assert_eq!(end(&lines, b"", reset), "the connection was reset where one of \"a\\n\" or \"b\\n\" was expected");
    // The other one has been given up before.
    assert_eq!(end(&lines, b"b", EOF), "the stream ended after 1 of 2 bytes");
    assert_eq!(
        end(&lines, b"bx", EOF),
        "no alternative fits; the one that went furthest: byte 2 is \"x\", where \"\\n\" was expected"
    );
    let nested = one_of(vec![text("x"), lines.clone()]);
    assert!(end(&nested, b"", EOF).starts_with("the stream ended where one of \"x\" or one of"));
    let rows = until_last(text("250 "), text("250-"));
    assert_eq!(
        end(&rows, b"250-25", EOF),
        "the stream ended after 6 bytes, where \"250-\" repeated, last \"250 \" was expected"
    );
    let all = any_order(vec![text("a"), text("b"), text("c")]);
    assert_eq!(
        end(&all, b"b", EOF),
        "the stream ended after 1 byte, where in any order \"a\" and \"b\" and \"c\" was expected"
    );
    assert_eq!(end(&all, b"ab", EOF), "the stream ended where \"c\" was expected");
    // The end of a frame in one alternative is not the end of the stream.
    let framed = one_of(vec![sized(size("u8"), until("\n")), text("q")]);
    assert!(end(&framed, b"\x02ab", EOF).starts_with("no alternative fits"));
    let in_frame = sized(size("u8"), one_of(vec![text("a\n"), text("bb\n")]));
    assert_eq!(end(&in_frame, b"\x00", EOF), "the frame ended where one of \"a\\n\" or \"bb\\n\" was expected");
}

#[test]
fn members_that_use_what_is_kept_are_shown_as_written() {
    let head = |flag: &str| vec![number("u8", None).named("n"), text(flag)];
    let with = |flag: &str, more: Vec<Pattern>| list(head(flag).into_iter().chain(more).collect());
    let pattern = one_of(vec![
        with("1", vec![bytes_of("n").matching("ok")]),
        with("2", vec![bytes_of("n").matching("no")]),
        with("3", vec![list(vec![text("<"), exactly(vec![Part::Template(variable("n"))])]), bytes_of("n")]),
        sized(size("u8"), bytes_of("n")),
    ]);
    let member = |flag: &str, more: Vec<Shown>| [vec![name("n", Some(1)), plain(flag.as_bytes())], more].concat();
    let members = vec![
        member("1", vec![regex("ok", None)]),
        member("2", vec![regex("no", None)]),
        member("3<", vec![name("n", None), varying(None)]),
        vec![Shown::Size { width: Some(1) }, varying(None)],
    ];
    assert_eq!(matched(&pattern, b"\x021ok").1, [group("one_of", members.clone())]);
    assert_eq!(matched(&pattern, b"\x022no").1, [group("one_of", members)]);
}

#[test]
fn a_choice_in_a_list_is_final() {
    let pattern = list(vec![one_of(vec![text("a"), text("ab")]), text("c")]);
    assert_eq!(matched(&pattern, b"ac").0, 2);
    assert!(failed(&pattern, b"abc", None).1.contains("where \"c\" was expected"));
}

#[test]
fn only_the_chosen_alternative_keeps_anything() {
    let pattern = one_of(vec![list(vec![bytes(1).named("a"), text("x")]), list(vec![bytes(1).named("b"), text("y")])]);
    let (_, shown, captures) = matched(&pattern, b"1y");
    assert_eq!(captures, [raw("b", b"1")]);
    let members = vec![vec![name("a", Some(1)), plain(b"x")], vec![name("b", Some(1)), plain(b"y")]];
    assert_eq!(shown, [group("one_of", members)]);
    let either_end = one_of(vec![text("bye"), rest()]);
    assert!(matches!(both(&either_end, b"ok", EOF), Result::Matched(2, _, _, Some(End::Eof))));
    assert!(matches!(both(&either_end, b"bye", EOF), Result::Matched(3, _, _, None)));
}

#[test]
fn an_alternative_is_given_up_when_its_match_cannot_come_any_more() {
    let replies = one_of(vec![until("\r\n").matching("[+]OK.*"), until("\r\n").matching("-ERR.*"), text("bye")]);
    assert!(matches!(both(&replies, b"bye", None), Result::Matched(3, ..)));
    assert_eq!(both(&replies, b"+OK", None), Result::Waiting(3));
    // A carriage return may begin the delimiter, and is no part of the text until it does not.
    let either = one_of(vec![until("\r\n").matching("a"), until("\n").matching("a\rx")]);
    assert!(matches!(both(&either, b"a\r\n", None), Result::Matched(3, ..)));
    assert!(matches!(both(&either, b"a\rx\n", None), Result::Matched(4, ..)));
    let (at, _) = failed(&replies, b"+OX", None);
    assert_eq!(at, 2);
}

#[test]
fn all_come_in_any_order() {
    let pattern = any_order(vec![text("a"), until("\n").matching("b.*"), bytes(2)]);
    let shown = group("any_order", vec![vec![plain(b"a")], vec![regex("b.*", None)], vec![varying(Some(2))]]);
    for input in [&b"a12bx\n"[..], b"axyb\n", b"bx\na12"] {
        let (size, parts, _) = matched(&pattern, input);
        assert_eq!((size, parts), (input.len() as u64, vec![shown.clone()]), "{input:?}");
    }
    assert!(failed(&any_order(vec![text("a"), text("b")]), b"aa", None).1.contains("no alternative fits"));
    assert_eq!(matched(&any_order(vec![]), b"").0, 0);
}

#[test]
fn until_last_repeats_up_to_the_last() {
    let lines = until_last(until("\r\n").matching("250 .*"), until("\r\n").matching("250-.*"));
    let members = vec![vec![regex("250 .*", None)], vec![regex("250-.*", None)]];
    let input = b"250-a\r\n250-b\r\n250 c\r\nmore";
    assert_eq!(matched(&lines, input), (21, vec![group("until_last", members)], vec![]));
    let rows = until_last(text("end\n"), until("\n"));
    assert_eq!(matched(&rows, b"a\nenx\nend\nz"), (10, vec![plain(b"a\nenx\nend\n")], vec![]));
    let all = until_last(text("."), bytes(1)).named("all");
    assert_eq!(matched(&all, b"ab."), (3, vec![name("all", None)], vec![raw("all", b"ab.")]));
    let endless = until_last(text("x"), bytes(0));
    assert!(failed(&endless, b"abc", None).1.contains("took no byte"));
    let last_row = until_last(text("."), list(vec![number("u8", None).named("n"), text(",")]));
    assert_eq!(matched(&last_row, b"1,2,.").2, [("n".into(), Value::Number(i128::from(b'2')))]);
}

#[test]
fn a_list_may_be_covered_as_a_whole() {
    let pattern = list(vec![text("a"), until("b"), number("u8", None).named("n")]);
    let kept = ("n".to_owned(), Value::Number(7));
    assert_eq!(matched(&pattern, b"axxb\x07").1, [plain(b"axxb"), name("n", Some(1))]);
    let (_, shown, captures) = matched(&pattern.clone().named("all"), b"axxb\x07");
    assert_eq!((shown, captures), (vec![name("all", None)], vec![kept, raw("all", b"axxb\x07")]));
    let same_size = list(vec![text("a"), bytes(2)]).varying();
    assert_eq!(matched(&same_size, b"abc").1, [varying(Some(3))]);
    let joined = list(vec![text("a"), text("b"), bytes(1)]);
    assert_eq!(matched(&joined, b"abc").1, [plain(b"abc")]);
}

#[test]
fn a_part_may_use_what_a_part_before_it_kept() {
    let pattern = list(vec![number("u8", None).named("n"), bytes(1), bytes_of("n").named("body")]);
    assert_eq!(matched(&pattern, b"\x03-abcd").0, 5);
    let echoed = list(vec![bytes(2).named("tag"), exactly(vec![Part::Template(variable("tag"))])]);
    let (size, shown, _) = matched(&echoed, b"xyxy");
    assert_eq!((size, shown), (4, vec![name("tag", Some(2)), name("tag", None)]));
    assert!(failed(&echoed, b"xyxz", None).1.contains("where \"y\" was expected"));
    let in_choice = list(vec![number("u8", None).named("n"), one_of(vec![bytes_of("n"), text("z")])]);
    assert_eq!(matched(&in_choice, b"\x02abc").0, 3);
    let (_, message) = failed(&list(vec![bytes(2).named("n"), bytes_of("n")]), b"xy", None);
    assert_eq!(message, "`${n}` is \"xy\", which is not a number");
}

#[test]
fn no_more_is_taken_than_allowed() {
    assert_eq!(matched(&until("\n").named("x").at_most(3), b"ab\n").0, 3);
    let (at, message) = failed(&until("\n").named("x").at_most(3), b"abcd\n", None);
    assert_eq!(at, 3);
    assert_eq!(message, "the pattern takes more than 3 bytes; a larger `max` beside it allows more");
    // A bound that the spec writes counts where nothing is held, too, and an outer one holds inside.
    assert!(failed(&until("\n").at_most(3), b"abcdef\n", None).1.contains("takes more than 3 bytes"));
    let outer = list(vec![text("a"), until("\n").named("x")]).at_most(2);
    assert!(failed(&outer, b"abcd\n", None).1.contains("takes more than 2 bytes"));
}

#[test]
fn what_is_taken_anyway_need_not_be_looked_at() {
    let want = |pattern: Pattern| machine(&pattern).wants();
    assert_eq!(want(text("ping")), Want::Exact(4));
    assert_eq!(want(list(vec![text("ab"), number("u16", None), until("x")])), Want::Exact(4));
    assert_eq!(want(sized(size("u16"), rest())), Want::Exact(2));
    assert_eq!(want(rest()), Want::Exact(u64::MAX));
    assert_eq!(want(until("x")), Want::Peek);
    assert_eq!(want(one_of(vec![text("abc"), text("ab")])), Want::Exact(2));
    assert_eq!(want(one_of(vec![text("abc"), until("ab")])), Want::Peek);
    assert_eq!(want(text("")), Want::Nothing);
    assert_eq!(want(list(vec![])), Want::Nothing);
    let mut machine = machine(&sized(Size { pad: 4, ..size("u16") }, rest()));
    assert_eq!(machine.feed(&[0, 5], None).taken, 2);
    assert_eq!(machine.wants(), Want::Exact(8));
    assert_eq!(machine.feed(b"abcde\0\0", None).taken, 7);
    assert_eq!(machine.wants(), Want::Exact(1));
}

#[test]
fn what_is_missing_is_said() {
    let missing = |pattern: &Pattern, input: &[u8]| {
        let mut machine = machine(pattern);
        let taken = machine.feed(input, None).taken;
        machine.missing("the deadline passed", &input[taken..]).message
    };
    assert_eq!(missing(&text("ping"), b"pi"), "the deadline passed after 2 of 4 bytes");
    assert_eq!(missing(&until("\r\n"), b"abc"), "the deadline passed before \"\\r\\n\" came");
    let second = list(vec![text("a"), until("\n")]);
    assert_eq!(missing(&second, b"a"), "the deadline passed where up to \"\\n\" was expected");
    assert_eq!(missing(&one_of(vec![text("abc"), text("ax")]), b"ab"), "the deadline passed after 2 of 3 bytes");
    assert_eq!(
        missing(&sized(size("u8"), rest()), b"\x05abc"),
        "the deadline passed after 3 bytes, where everything up to the end was expected"
    );
}
