//! Finds what varies in text: it is cut into words, numbers, dates and the marks between them, and what
//! is not the same each time varies as a whole. A digit that happens to be the same is no text.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::Segment;
use crate::record::framing::is_text;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A date, a time, or both.
    Date,
    /// An address, which is no number.
    Address,
    /// A number, also one with a point in it.
    Number,
    /// Letters and digits.
    Word,
    /// Anything else.
    Mark,
}

/// A piece of text that varies as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'t> {
    kind: Kind,
    text: &'t [u8],
    start: usize,
}

/// More than this is not compared word by word.
const LONGEST: usize = 256 * 1024;

static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let day = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";
    let month = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
    let clock = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AP]M)?";
    let dates = [
        format!(r"{day},? \d{{1,2}}[ -]{month}[ -]\d{{2,4}} {clock}(?: (?:GMT|UTC|[A-Z]{{3,4}}|[+-]\d{{4}}))?"),
        format!(r"{day} {month} [ \d]\d {clock}(?: [A-Z]{{3,4}})? \d{{4}}"),
        format!(r"\d{{1,2}}[ -]{month}[ -]\d{{4}}(?: {clock}(?: [+-]\d{{4}})?)?"),
        format!(r"{month} [ \d]\d(?: {clock}(?: \d{{4}})?|,? +\d{{4}})"),
        r"\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?".to_owned(),
        r"\b\d{8}T\d{6}Z?\b".to_owned(),
        format!(r"\b{clock}\b"),
    ];
    let address = r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b";
    let uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let pattern = format!(
        r"(?-u:(?P<date>{})|(?P<word>{uuid})|(?P<address>{address})|(?P<number>\b\d+(?:\.\d+)*\b)|(?P<letters>[A-Za-z0-9_\x80-\xff]+)|(?P<mark>\r\n|(?s:.)))",
        dates.join("|")
    );
    Regex::new(&pattern).unwrap_or_else(|error| unreachable!("the pattern of tokens: {error}"))
});

fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    let token = |found: regex::bytes::Captures<'_>| {
        let is = |name| found.name(name).is_some();
        let kind = match () {
            () if is("date") => Kind::Date,
            () if is("address") => Kind::Address,
            () if is("number") => Kind::Number,
            () if is("mark") => Kind::Mark,
            () => Kind::Word,
        };
        let whole = found.get(0)?;
        Some(Token { kind, text: text.get(whole.range())?, start: whole.start() })
    };
    random_joined(text, TOKENS.captures_iter(text).filter_map(token).collect())
}

/// Random bytes in base64 are one word, whatever marks they happen to have in them.
fn random_joined<'t>(text: &'t [u8], tokens: Vec<Token<'t>>) -> Vec<Token<'t>> {
    static BASE64: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)[A-Za-z0-9+_-][A-Za-z0-9+/_-]{11,}").unwrap_or_else(|error| unreachable!("{error}"))
    });
    let is_random = |found: &regex::bytes::Match<'_>| {
        let has = |is: fn(&u8) -> bool| found.as_bytes().iter().any(is);
        let has_marks = has(|byte| matches!(byte, b'+' | b'/' | b'-'));
        has_marks && has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
    };
    let mut joined: Vec<Token<'t>> = tokens;
    for found in BASE64.find_iter(text).filter(is_random) {
        let from = joined.partition_point(|token| token.start < found.start());
        let to = joined.partition_point(|token| token.start < found.end());
        let (Some(first), Some(last)) = (joined.get(from), to.checked_sub(1).and_then(|last| joined.get(last))) else {
            continue;
        };
        let is_exact = first.start == found.start() && last.start + last.text.len() == found.end();
        if is_exact && joined[from..to].iter().all(|token| !matches!(token.kind, Kind::Date | Kind::Address)) {
            let whole = Token { kind: Kind::Word, text: &text[found.range()], start: found.start() };
            joined.splice(from..to, [whole]);
        }
    }
    joined
}

/// The places of the words, numbers and dates in a text.
pub(super) fn words(text: &[u8]) -> Vec<Range<usize>> {
    let all = tokens(text).into_iter().filter(|token| token.kind != Kind::Mark);
    all.map(|token| token.start..token.start + token.text.len()).collect()
}

/// The words of a text that are of letters alone: what it says, whatever else stands in it.
pub(in crate::record) fn said(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | 0x80..);
    // What looks like a word in `gVuc-UQJz0` is none.
    let random: Vec<Range<usize>> = random_words(text).map(|found| found.range()).collect();
    let is_random = |token: &Token<'_>| random.iter().any(|at| at.contains(&token.start));
    let all = tokens(text).into_iter().filter(|token| token.kind == Kind::Word && token.text.len() > 1);
    let said = all.filter(|token| token.text.iter().all(is_letter) && !is_random(token));
    said.map(|token| token.text.to_vec()).collect()
}

/// The tokens in a text: long words that nobody says, with digits among letters, or capitals among small ones.
pub(in crate::record) fn tokens_in(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    random_words(text).map(|found| found.as_bytes())
}

fn random_words(text: &[u8]) -> impl Iterator<Item = regex::bytes::Match<'_>> {
    static LONG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)[A-Za-z0-9+/=_-]{8,}").unwrap_or_else(|error| unreachable!("{error}")));
    let is_random = |found: &regex::bytes::Match<'_>| {
        let word = found.as_bytes();
        let has = |is: fn(&u8) -> bool| word.iter().any(is);
        let has_case = word[1..].iter().any(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) || has_case
    };
    LONG.find_iter(text).filter(is_random)
}

/// The segments of several variants of a text, the first of which is what was recorded first. What
/// stands at one of the places `forced` there varies in any case.
pub(super) fn segments(variants: &[&[u8]], forced: &[Range<usize>], minute: Option<u8>) -> Vec<Segment> {
    if variants.iter().any(|variant| variant.len() > LONGEST) {
        return vec![whole(variants, variants.iter().any(|variant| *variant != variants[0]))];
    }
    let all: Vec<Vec<Token<'_>>> = variants.iter().map(|variant| tokens(variant)).collect();
    let is_forced = |token: &Token<'_>| {
        let end = token.start + token.text.len();
        forced.iter().any(|at| at.start < end && token.start < at.end)
            || minute
                .is_some_and(|minute| token.kind == Kind::Date && tells_minute(token.text, minute, variants.len() > 1))
    };
    let segments = if all.iter().all(|other| is_same_shape(&all[0], other)) {
        word_by_word(&all, &is_forced)
    } else {
        by_difference(variants, &all, &is_forced)
    };
    joined(segments)
}

/// One segment of all.
pub(super) fn whole(variants: &[&[u8]], varies: bool) -> Segment {
    Segment { at: 0..variants[0].len(), values: variants.iter().map(|value| value.to_vec()).collect(), varies }
}

/// One segment of all behind what all begin with: whole lines, or some bytes that are not there by chance.
pub(super) fn headed(variants: &[&[u8]]) -> Vec<Segment> {
    const MAGIC: usize = 8;
    let recorded = variants[0];
    let same = |other: &&[u8]| recorded.iter().zip(*other).take_while(|(one, other)| one == other).count();
    let len = variants.iter().map(same).min().unwrap_or(0);
    let line = memchr::memrchr(b'\n', &recorded[..len]).map_or(0, |at| at + 1);
    let head = if is_text(&recorded[..line]) && line > 0 { line } else { len };
    if head == recorded.len() || head < MAGIC && head != line || head == 0 {
        return vec![whole(variants, variants.iter().any(|variant| *variant != recorded))];
    }
    let begin = recorded[..head].to_vec();
    let values = variants.iter().map(|variant| variant[head..].to_vec()).collect();
    vec![
        Segment { at: 0..head, values: vec![begin; variants.len()], varies: false },
        Segment { at: head..recorded.len(), values, varies: true },
    ]
}

/// Whether a time says this minute of the hour, or the one after it. If it was asked for again, and tells
/// seconds, it would have changed.
fn tells_minute(text: &[u8], minute: u8, is_tried: bool) -> bool {
    let colon = memchr::memchr(b':', text);
    if is_tried && colon.is_some_and(|colon| text.get(colon + 3) == Some(&b':')) {
        return false;
    }
    let said = colon.and_then(|colon| std::str::from_utf8(text.get(colon + 1..colon + 3)?).ok()?.parse::<u8>().ok());
    said.is_some_and(|said| said == minute || said == (minute + 1) % 60)
}

fn is_same_shape(one: &[Token<'_>], other: &[Token<'_>]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.kind == other.kind && (one.kind != Kind::Mark || one.text == other.text)
                || matches!((one.kind, other.kind), (Kind::Number, Kind::Word) | (Kind::Word, Kind::Number))
        })
}

fn word_by_word(all: &[Vec<Token<'_>>], is_forced: &dyn Fn(&Token<'_>) -> bool) -> Vec<Segment> {
    let recorded = &all[0];
    let mut varies: Vec<bool> = (0..recorded.len())
        .map(|at| is_forced(&recorded[at]) || all.iter().any(|other| other[at].text != recorded[at].text))
        .collect();
    widen(recorded, &mut varies);
    recorded
        .iter()
        .enumerate()
        .map(|(at, token)| Segment {
            at: token.start..token.start + token.text.len(),
            values: all.iter().map(|other| other[at].text.to_vec()).collect(),
            varies: varies[at],
        })
        .collect()
}

/// What is joined to a word that varies by a hyphen, and has a digit in it, is of the same making.
fn widen(tokens: &[Token<'_>], varies: &mut [bool]) {
    let is_part = |at: usize| {
        matches!(tokens[at].kind, Kind::Word | Kind::Number) && tokens[at].text.iter().any(u8::is_ascii_digit)
    };
    let is_hyphen = |at: usize| tokens[at].text == b"-";
    for at in 2..tokens.len() {
        if varies[at - 2] && is_hyphen(at - 1) && is_part(at) {
            varies[at] = true;
        }
        if varies[at] && is_hyphen(at - 1) && varies[at - 2] {
            varies[at - 1] = true;
        }
    }
    for at in (2..tokens.len()).rev() {
        if varies[at] && is_hyphen(at - 1) && is_part(at - 2) {
            (varies[at - 2], varies[at - 1]) = (true, true);
        }
    }
}

/// Where the shapes are not the same: what all variants have in the same order stays, and what lies
/// between varies.
fn by_difference(variants: &[&[u8]], all: &[Vec<Token<'_>>], is_forced: &dyn Fn(&Token<'_>) -> bool) -> Vec<Segment> {
    let recorded = &all[0];
    let texts: Vec<Vec<&[u8]>> = all.iter().map(|tokens| tokens.iter().map(|token| token.text).collect()).collect();
    // For each recorded token, the token that it is in each of the others.
    let mut found: Vec<Vec<Option<usize>>> = vec![(0..recorded.len()).map(Some).collect()];
    found.extend(texts[1..].iter().map(|other| matches(&texts[0], other)));
    let is_stable = |at: usize| !is_forced(&recorded[at]) && found.iter().all(|other| other[at].is_some());
    let mut segments = Vec::new();
    // Where each variant has come to, as the index of a token.
    let mut come: Vec<usize> = vec![0; all.len()];
    for at in (0..recorded.len()).filter(|at| is_stable(*at)) {
        let next: Vec<usize> = found.iter().map(|other| other[at].unwrap_or_default()).collect();
        segments.extend(between(variants, all, &come, &next));
        let token = &recorded[at];
        let values = vec![token.text.to_vec(); all.len()];
        segments.push(Segment { at: token.start..token.start + token.text.len(), values, varies: false });
        come = next.iter().map(|next| next + 1).collect();
    }
    let ends: Vec<usize> = all.iter().map(Vec::len).collect();
    segments.extend(between(variants, all, &come, &ends));
    segments
}

/// What lies between two tokens of each variant, if anything does in any of them.
fn between(variants: &[&[u8]], all: &[Vec<Token<'_>>], from: &[usize], to: &[usize]) -> Option<Segment> {
    let place =
        |variant: usize, index: usize| all[variant].get(index).map_or(variants[variant].len(), |token| token.start);
    let at: Vec<Range<usize>> = (0..all.len()).map(|each| place(each, from[each])..place(each, to[each])).collect();
    if at.iter().all(Range::is_empty) {
        return None;
    }
    let values = at.iter().zip(variants).map(|(at, variant)| variant[at.clone()].to_vec()).collect();
    Some(Segment { at: at[0].clone(), values, varies: true })
}

/// For each token, the one of the other text that it is.
fn matches(recorded: &[&[u8]], other: &[&[u8]]) -> Vec<Option<usize>> {
    let mut found = vec![None; recorded.len()];
    for op in capture_diff_slices(Algorithm::Myers, recorded, other) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for each in 0..len {
                found[old_index + each] = Some(new_index + each);
            }
        }
    }
    // A mark alone between two gaps says nothing: it is there by chance.
    let lonely: Vec<usize> = (1..found.len().saturating_sub(1))
        .filter(|at| {
            let is_mark =
                recorded[*at].len() == 1 && !recorded[*at][0].is_ascii_alphanumeric() && recorded[*at] != b"\n";
            is_mark && found[at - 1].is_none() && found[at + 1].is_none()
        })
        .collect();
    for at in lonely {
        found[at] = None;
    }
    found
}

/// Neighbours of a kind become one.
fn joined(segments: Vec<Segment>) -> Vec<Segment> {
    let mut all: Vec<Segment> = Vec::with_capacity(segments.len());
    for segment in segments {
        match all.last_mut() {
            Some(last) if last.varies == segment.varies => {
                last.at.end = segment.at.end;
                for (value, more) in last.values.iter_mut().zip(segment.values) {
                    value.extend(more);
                }
            }
            _ => all.push(segment),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The segments as text, what varies in braces.
    fn shown(variants: &[&str]) -> String {
        let bytes: Vec<&[u8]> = variants.iter().map(|variant| variant.as_bytes()).collect();
        let shown = segments(&bytes, &[], None).into_iter().map(|segment| {
            let text = String::from_utf8_lossy(&segment.values[0]).into_owned();
            if segment.varies { format!("{{{text}}}") } else { text }
        });
        shown.collect()
    }

    #[test]
    fn what_varies_is_found_word_by_word() {
        for (expected, variants) in [
            ("the same", &["the same", "the same"][..]),
            (":{1}\r\n", &[":1\r\n", ":2\r\n"]),
            (
                "Date: {Mon, 23 Nov 2026 06:10:01 GMT}\r\n",
                &["Date: Mon, 23 Nov 2026 06:10:01 GMT\r\n", "Date: Mon, 23 Nov 2026 06:10:02 GMT\r\n"],
            ),
            ("250 OK id={1xVAOu-0001Kp-0q}\r\n", &["250 OK id=1xVAOu-0001Kp-0q\r\n", "250 OK id=1xVAOx-0001Ks-0q\r\n"]),
            ("{\"id\":\"{a1b2}\",\"n\":7}", &["{\"id\":\"a1b2\",\"n\":7}", "{\"id\":\"c3d4\",\"n\":7}"]),
            ("from 127.0.0.1:{4012}", &["from 127.0.0.1:4012", "from 127.0.0.1:4013"]),
            ("{1.250} s", &["1.250 s", "1.300 s"]),
            ("at {2026-11-23T06:10:01.123Z}!", &["at 2026-11-23T06:10:01.123Z!", "at 2026-11-23T06:10:01.456Z!"]),
            (
                "token={gJ15+uSw/lX6tCIvP3xQ}; x",
                &["token=gJ15+uSw/lX6tCIvP3xQ; x", "token=Pq8sT2vW4xY6zA1bC3Rt; x", "token=+8/sT2-vW4xY6zA1bC3R; x"],
            ),
            ("s={aX+/Y}==,i=4096", &["s=aX+/Y==,i=4096", "s=bZ9c===,i=4096"]),
        ] {
            assert_eq!(shown(variants), expected);
        }
    }

    #[test]
    fn what_a_long_body_begins_with_stays() {
        let shown = |variants: &[&[u8]]| -> Vec<(usize, bool)> {
            headed(variants).iter().map(|segment| (segment.at.len(), segment.varies)).collect()
        };
        assert_eq!(shown(&[b"size 3\n\x01\x02\x03", b"size 3\n\x01\x05\x06"]), [(7, false), (3, true)]);
        assert_eq!(shown(&[b"\0\x01\x02", b"\0\x01\x03"]), [(3, true)]);
        assert_eq!(shown(&[b"\x89PNG\0\0\0\x0dab", b"\x89PNG\0\0\0\x0dcd"]), [(8, false), (2, true)]);
        assert_eq!(shown(&[b"ab", b"ab"]), [(2, false)]);
    }

    #[test]
    fn lines_that_are_not_always_there_vary() {
        assert_eq!(shown(&["a\r\nb 1\r\nEND\r\n", "a\r\nEND\r\n"]), "a\r\n{b 1\r\n}END\r\n");
        assert_eq!(shown(&["a\r\nEND\r\n", "a\r\nnew\r\nEND\r\n"]), "a\r\n{}END\r\n");
    }
}
