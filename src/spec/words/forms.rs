//! The forms of payloads and patterns, with what stands beside each.

use super::{Value, Word, required, word};

/// A form of a payload or of a pattern.
#[derive(Debug, Clone, Copy)]
pub struct FormWord {
    /// The word, with what stands after it.
    pub word: Word,
    /// Whether it stands in patterns only.
    pub pattern_only: bool,
    /// The words of its own that stand beside it; [`COMPANIONS`] may in every pattern.
    pub beside: &'static [Word],
}

pub(super) const MATCH: Word = word("match", Value::Regex, "Must match the whole of what was taken.");
pub(super) const AS: Word = word("as", Value::Name, "Keeps what was taken as a variable.");
pub(super) const VARY: Word = word("vary", Value::Flag, "It differs from run to run and is of no interest.");
pub(super) const MAX: Word = word("max", Value::Size, "How much it may hold in memory, `16MiB` if not given.");
pub(super) const END: Word =
    word("end", Value::SomeOf(&["eof", "reset", "truncated"]), "The ends that the stream may have after `rest`.");

/// What may stand beside every pattern.
pub const COMPANIONS: &[Word] = &[MATCH, AS, VARY, MAX];

/// The words for the width and byte order of a number.
pub const WIDTHS: &[&str] = &["u8", "u16", "u32", "u64", "u16le", "u32le", "u64le"];

const KINDS: &[&str] = &["u8", "u16", "u32", "u64", "u16le", "u32le", "u64le", "varint", "ber"];

const fn payload(word: Word, beside: &'static [Word]) -> FormWord {
    FormWord { word, pattern_only: false, beside }
}

const fn pattern(word: Word, beside: &'static [Word]) -> FormWord {
    FormWord { word, pattern_only: true, beside }
}

const fn number(name: &'static str, doc: &'static str) -> FormWord {
    const BESIDE: &[Word] = &[
        word("mask", Value::Number, "The bits that count; in patterns."),
        word("is", Value::Number, "What these bits must be; in patterns."),
    ];
    payload(word(name, Value::NumberOrAny, doc), BESIDE)
}

/// The forms, apart from plain texts and lists.
pub const FORMS: &[FormWord] = &[
    payload(word("hex", Value::Text, "Bytes in hexadecimal; `..` is any byte in a pattern."), &[]),
    payload(word("base64", Value::Text, "Bytes in Base64."), &[]),
    payload(word("file", Value::Text, "The contents of a file, relative to the spec."), &[]),
    payload(
        word("fill", Value::Text, "The text over and over, up to the size."),
        &[required("size", Value::Size, "How many bytes in all.")],
    ),
    payload(
        word("random", Value::Size, "So many bytes, the same on every machine."),
        &[word("seed", Value::Number, "Where the sequence begins, 0 if not given.")],
    ),
    number("u8", "A number of 1 byte."),
    number("u16", "A number of 2 bytes, in network byte order."),
    number("u32", "A number of 4 bytes, in network byte order."),
    number("u64", "A number of 8 bytes, in network byte order."),
    number("u16le", "A number of 2 bytes, least significant first."),
    number("u32le", "A number of 4 bytes, least significant first."),
    number("u64le", "A number of 8 bytes, least significant first."),
    payload(
        word("size", Value::OneOf(KINDS), "How the length of `of` is written before it."),
        &[
            required("of", Value::Pattern, "What follows the length."),
            word("plus", Value::Number, "Added to the length, e.g. 4 where it counts itself."),
            word("or", Value::Number, "A flag in the length."),
            word("pad", Value::Number, "Zero bytes up to a multiple of this, not counted."),
        ],
    ),
    pattern(word("bytes", Value::Size, "So many bytes."), &[]),
    pattern(word("until", Value::Delimiter, "Up to and including the first occurrence."), &[]),
    pattern(word("rest", Value::True, "Up to the end of the stream or of the datagram."), &[END]),
    pattern(word("one_of", Value::Patterns, "The first of these that fits."), &[]),
    pattern(word("any_order", Value::Patterns, "All of these, in any order."), &[]),
    pattern(
        word("until_last", Value::Pattern, "The one that ends the series of `each`."),
        &[required("each", Value::Pattern, "What is taken again and again before it.")],
    ),
];

/// The form of that name.
pub fn form(name: &str) -> Option<&'static FormWord> {
    FORMS.iter().find(|form| form.word.name == name)
}
