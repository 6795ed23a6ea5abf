//! Tests of payloads.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use proptest::prelude::*;

use crate::exec::values::{NoEndpoints, Scope, Values};
use crate::model::value::Value;
use crate::plan::Number;
use crate::plan::payload::{Part, Payload, Size, SizeKind, Width};
use crate::plan::template::{Piece, Template};
use crate::source::Span;
use crate::trace::shown::Shown;

use super::random::{random, word};
use super::size::encode_size;
use super::{CHUNK, Encoded, encode};

fn payload(parts: Vec<Part>) -> Payload {
    Payload { parts, span: Span::default(), places: Arc::default() }
}

fn bytes(bytes: &[u8]) -> Part {
    Part::Bytes(bytes.into())
}

fn template(pieces: Vec<Piece>) -> Template {
    Template { pieces, span: Span::default() }
}

fn variable(name: &str) -> Piece {
    Piece::Variable { name: name.into(), part: None }
}

fn size(word: &str) -> Size {
    Size { kind: SizeKind::parse(word).unwrap(), plus: 0, or: 0, pad: 0 }
}

fn sized(size: Size, parts: Vec<Part>) -> Part {
    Part::Sized { size, of: Box::new(payload(parts)) }
}

fn fill(pattern: &[u8], size: u64) -> Part {
    Part::Fill { fill: pattern.into(), size }
}

fn values() -> Values {
    let values = Values::default();
    values.set("id", Value::Text("abc".into()));
    values.set("n", Value::Number(70_000));
    values
}

fn encoded(parts: Vec<Part>) -> Result<Encoded, String> {
    encode(&payload(parts), Scope { values: &values(), endpoints: &NoEndpoints })
}

fn plain(parts: Vec<Part>) -> Vec<u8> {
    encoded(parts).unwrap().bytes.as_slice().unwrap().to_vec()
}

fn named(name: &str, size: Option<u64>) -> Shown {
    Shown::Named { name: name.into(), size }
}

fn shown_bytes(bytes: &[u8]) -> Shown {
    Shown::Bytes(bytes.to_vec())
}

#[test]
fn written_bytes_are_the_plans_own() {
    let part: Arc<[u8]> = b"request"[..].into();
    let encoded = encoded(vec![Part::Bytes(Arc::clone(&part))]).unwrap();
    assert_eq!(encoded.bytes.as_slice().unwrap().as_ptr(), part.as_ptr());
    assert_eq!(encoded.shown, [shown_bytes(b"request")]);
    assert!(self::encoded(vec![bytes(b"")]).unwrap().shown.is_empty());
}

#[test]
fn a_variable_is_sent_by_value_and_shown_by_name() {
    let hidden = Piece::Hidden { text: "tcp6".into(), name: "net".into() };
    let text = template(vec![Piece::Literal("x ".into()), variable("id"), hidden, Piece::Literal("!".into())]);
    let encoded = encoded(vec![bytes(b"> "), Part::Template(text)]).unwrap();
    assert_eq!(encoded.bytes.as_slice().unwrap(), b"> x abctcp6!");
    let expected = [shown_bytes(b"> x "), named("id", None), named("net", None), shown_bytes(b"!")];
    assert_eq!(encoded.shown, expected);
}

#[test]
fn a_number_must_fit_its_width() {
    let number = |width| Part::Number {
        width: Width::parse(width).unwrap(),
        value: Number::Computed(template(vec![variable("n")])),
    };
    let encoded = encoded(vec![number("u32le")]).unwrap();
    assert_eq!(encoded.bytes.as_slice().unwrap(), 70_000_u32.to_le_bytes());
    assert_eq!(encoded.shown, [named("n", Some(4))]);
    let error = self::encoded(vec![number("u16")]).unwrap_err();
    assert_eq!(error, "70000 does not fit u16, which holds at most 65535");
}

#[test]
fn lengths_stand_before_what_they_measure() {
    assert_eq!(plain(vec![sized(size("u16"), vec![bytes(b"abc")])]), b"\0\x03abc");
    let counts_itself = Size { plus: 4, ..size("u32") };
    assert_eq!(plain(vec![sized(counts_itself, vec![bytes(b"ab")])]), b"\0\0\0\x06ab");
    let flagged = Size { or: 0x8000_0000, ..size("u32") };
    assert_eq!(plain(vec![sized(flagged, vec![bytes(b"ab")])]), b"\x80\0\0\x02ab");
    let padded = Size { pad: 4, ..size("u8") };
    assert_eq!(plain(vec![sized(padded, vec![bytes(b"abcde")])]), b"\x05abcde\0\0\0");
    assert_eq!(plain(vec![sized(padded, vec![bytes(b"abcd")])]), b"\x04abcd");
    let inner = sized(size("u8"), vec![bytes(b"x")]);
    assert_eq!(plain(vec![sized(size("u8"), vec![inner, bytes(b"y")])]), b"\x03\x01xy");
}

#[test]
fn varint_and_ber_lengths_are_those_of_their_standards() {
    let prefix = |word: &str, len: u64| encode_size(size(word), len);
    // MQTT 5.0, table 1-1.
    let varints: [(u64, &[u8]); 6] = [
        (0, &[0]),
        (127, &[0x7f]),
        (128, &[0x80, 0x01]),
        (16_383, &[0xff, 0x7f]),
        (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
        (268_435_455, &[0xff, 0xff, 0xff, 0x7f]),
    ];
    for (number, bytes) in varints {
        assert_eq!(prefix("varint", number).unwrap(), bytes);
    }
    assert!(prefix("varint", 268_435_456).unwrap_err().contains("at most 268435455"));
    let bers: [(u64, &[u8]); 5] =
        [(0, &[0]), (127, &[127]), (128, &[0x81, 0x80]), (256, &[0x82, 1, 0]), (65_536, &[0x83, 1, 0, 0])];
    for (number, bytes) in bers {
        assert_eq!(prefix("ber", number).unwrap(), bytes);
    }
}

#[test]
fn lengths_that_cannot_be_said_are_errors() {
    let error = encoded(vec![sized(size("u8"), vec![fill(b"a", 256)])]).unwrap_err();
    assert_eq!(error, "256 does not fit u8, which holds at most 255");
    let error = encoded(vec![sized(Size { plus: -2, ..size("u8") }, vec![bytes(b"a")])]).unwrap_err();
    assert_eq!(error, "the length 1 with `plus: -2` is below 0");
    let error = encoded(vec![sized(Size { or: 1, ..size("u8") }, vec![bytes(b"a")])]).unwrap_err();
    assert!(error.contains("`or: 0x1`"), "{error}");
    let huge = u64::MAX / 2;
    assert!(encoded(vec![fill(b"a", huge), fill(b"a", huge)]).unwrap_err().contains("longer than any"));
}

#[test]
fn a_length_of_what_varies_is_shown_as_such() {
    let id = || Part::Template(template(vec![variable("id")]));
    let shown = encoded(vec![sized(size("u16"), vec![id()])]).unwrap().shown;
    assert_eq!(shown, [Shown::Size { width: Some(2) }, named("id", None)]);
    let shown = encoded(vec![sized(Size { pad: 4, ..size("ber") }, vec![id()])]).unwrap().shown;
    assert_eq!(shown, [Shown::Size { width: None }, named("id", None), Shown::Varying { size: None }]);
    let known =
        Part::Number { width: Width::parse("u32").unwrap(), value: Number::Computed(template(vec![variable("n")])) };
    let shown = encoded(vec![sized(size("u8"), vec![known])]).unwrap().shown;
    assert_eq!(shown, [shown_bytes(&[4]), named("n", Some(4))]);
}

#[test]
fn generated_bytes_are_shown_by_how_they_are_made() {
    let file = Part::File { name: "body.bin".into(), bytes: b"data"[..].into() };
    let random = Part::Random { size: 9, seed: 7 };
    let encoded = encoded(vec![fill(b"a\n", 5), random, file]).unwrap();
    assert_eq!(&encoded.bytes.as_slice().unwrap()[..5], b"a\na\na");
    assert_eq!(&encoded.bytes.as_slice().unwrap()[14..], b"data");
    let generated = |size, how: &str| Shown::Generated { size, how: how.into() };
    let expected = [generated(5, "fill \"a\\n\""), generated(9, "random seed 7"), generated(4, "file \"body.bin\"")];
    assert_eq!(encoded.shown, expected);
}

#[test]
fn random_is_splitmix64() {
    // The first outputs for seed 1234567, as published with the reference implementation.
    let mut out = [0; 24];
    random(1_234_567, 0, &mut out);
    let words: Vec<u64> = out.chunks(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn a_gibibyte_does_not_lie_in_memory() {
    let encoded = encoded(vec![bytes(b"head"), fill(b"ab", 1 << 30), bytes(b"tail")]).unwrap();
    assert_eq!(encoded.bytes.len(), (1 << 30) + 8);
    assert!(encoded.bytes.as_slice().is_none());
    let mut scratch = Vec::new();
    assert_eq!(&encoded.bytes.chunk(0, &mut scratch)[..6], b"headab");
    assert_eq!(encoded.bytes.chunk(1 << 29, &mut scratch).len(), CHUNK);
    assert_eq!(encoded.bytes.chunk((1 << 30) + 2, &mut scratch), b"abtail");
    assert!(encoded.bytes.chunk((1 << 30) + 8, &mut scratch).is_empty());
    assert!(scratch.len() <= CHUNK);
}

#[test]
fn a_fill_is_borrowed_chunk_by_chunk() {
    let encoded = encoded(vec![fill(b"abc", 3 << 20)]).unwrap();
    let mut scratch = Vec::new();
    let mut offset = 0;
    while offset < encoded.bytes.len() {
        let chunk = encoded.bytes.chunk(offset, &mut scratch);
        assert!(chunk.len() == CHUNK || offset + chunk.len() as u64 == encoded.bytes.len());
        offset += chunk.len() as u64;
    }
    assert!(scratch.is_empty());
}

/// Parts that give up to a few hundred KiB, with the bytes that they are.
fn part() -> impl Strategy<Value = (Part, Vec<u8>)> {
    let written = proptest::collection::vec(any::<u8>(), 0..20).prop_map(|raw| (bytes(&raw), raw));
    let long = (1_usize..400_000).prop_map(|len| {
        let raw: Vec<u8> = (0..len).map(|i| (i / 7) as u8).collect();
        (bytes(&raw), raw)
    });
    let filled = (proptest::collection::vec(any::<u8>(), 1..9), 0_usize..600_000).prop_map(|(pattern, len)| {
        let raw = pattern.iter().copied().cycle().take(len).collect();
        (fill(&pattern, len as u64), raw)
    });
    let randomly = (any::<u64>(), 0_usize..600_000).prop_map(|(seed, len)| {
        let mut raw = Vec::new();
        (0..len.div_ceil(8) as u64).for_each(|index| raw.extend(word(seed, index)));
        raw.truncate(len);
        (Part::Random { size: len as u64, seed }, raw)
    });
    prop_oneof![written, long, filled, randomly]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn chunks_are_the_bytes(parts in proptest::collection::vec(part(), 0..5), start in any::<u64>(), flip in any::<u64>()) {
        let (parts, raw): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let raw = raw.concat();
        let bytes = encoded(parts).unwrap().bytes;
        prop_assert_eq!(bytes.len(), raw.len() as u64);
        let mut scratch = Vec::new();
        let mut at = start as usize % (raw.len() + 1);
        let from = at;
        while at < raw.len() {
            let chunk = bytes.chunk(at as u64, &mut scratch);
            prop_assert!(!chunk.is_empty() && chunk == &raw[at..at + chunk.len()]);
            at += chunk.len();
        }
        prop_assert_eq!(bytes.matching(from as u64, &raw[from..]), raw.len() - from);
        if from < raw.len() {
            let mut other = raw.clone();
            let position = from + flip as usize % (raw.len() - from);
            other[position] ^= 1;
            prop_assert_eq!(bytes.matching(from as u64, &other[from..]), position - from);
        }
    }
}
