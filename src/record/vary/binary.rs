//! Finds what varies in bytes that are no text: those that differ, and with them the whole field that
//! they are the fast end of. Of a clock only the last byte differs within a second.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Segment;
use super::text::{whole, words};

/// The segments of several variants of some bytes.
pub(super) fn segments(variants: &[&[u8]], forced: &[Range<usize>], now: SystemTime) -> Vec<Segment> {
    let recorded = variants[0];
    if variants.iter().any(|other| other.len() != recorded.len()) {
        return of_other_lengths(variants, now);
    }
    let mut varies: Vec<bool> =
        (0..recorded.len()).map(|at| variants.iter().any(|other| other[at] != recorded[at])).collect();
    forced.iter().flat_map(Clone::clone).filter(|at| *at < recorded.len()).for_each(|at| varies[at] = true);
    let mut numbers = widen_to_clocks(recorded, &mut varies, now);
    numbers.extend(widen_to_counters(variants, &mut varies));
    widen_to_words(recorded, &mut varies, &numbers);
    cut(variants, &varies)
}

/// So many bytes are not the same by chance.
const BELIEVED: usize = 4;

/// What all have at the back stays, and what is at the same place in front. Where they part for good, all varies.
fn of_other_lengths(variants: &[&[u8]], now: SystemTime) -> Vec<Segment> {
    let recorded = variants[0];
    let shortest = variants.iter().map(|other| other.len()).min().unwrap_or(0);
    let is_same = |at: usize| variants.iter().all(|other| other[at] == recorded[at]);
    let mut varies: Vec<bool> = (0..shortest).map(|at| !is_same(at)).collect();
    let clocks = widen_to_clocks(&recorded[..shortest], &mut varies, now);
    widen_to_words(&recorded[..shortest], &mut varies, &clocks);
    let front = parted(&varies);
    let same_back =
        |other: &&[u8]| recorded.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let back = variants.iter().map(same_back).min().unwrap_or(0).min(shortest - front);
    let fronts: Vec<&[u8]> = variants.iter().map(|other| &other[..front]).collect();
    let mut segments = if front > 0 { cut(&fronts, &varies[..front]) } else { Vec::new() };
    let values = variants.iter().map(|other| other[front..other.len() - back].to_vec()).collect();
    segments.push(Segment { at: front..recorded.len() - back, values, varies: true });
    if back > 0 {
        let end = recorded[recorded.len() - back..].to_vec();
        let at = recorded.len() - back..recorded.len();
        segments.push(Segment { at, values: vec![end; variants.len()], varies: false });
    }
    segments
}

/// Up to where bytes are at the same place: behind the last run that is not the same by chance.
fn parted(varies: &[bool]) -> usize {
    let (mut at, mut end) = (0, varies.iter().take_while(|varies| !**varies).count());
    for run in varies.chunk_by(|one, other| one == other) {
        at += run.len();
        if !run[0] && run.len() >= BELIEVED {
            end = at;
        }
    }
    end
}

/// Marks every field that says the present time in one of the usual ways, if any byte of it varies. Says
/// where they are.
fn widen_to_clocks(recorded: &[u8], varies: &mut [bool], now: SystemTime) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    for width in [8, 4] {
        for start in 0..(recorded.len() + 1).saturating_sub(width) {
            let field = start..start + width;
            if varies[field.clone()].contains(&true) && is_clock(&recorded[field.clone()], now) {
                varies[field.clone()].fill(true);
                fields.push(field);
            }
        }
    }
    fields
}

/// How many seconds 1970 was after 1900.
const SINCE_1900: u128 = 2_208_988_800;

/// Whether a number is near the present time: in seconds, milliseconds, microseconds, nanoseconds since
/// 1970, or in seconds since 1900, in either byte order; or in seconds as a floating-point number.
fn is_clock(bytes: &[u8], now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos();
    let near = |value: u128, unit: u128| value.saturating_mul(unit).abs_diff(now) < 3_600_000_000_000;
    let number = |sum: u128, byte: &u8| sum << 8 | u128::from(*byte);
    let values = [bytes.iter().fold(0, number), bytes.iter().rev().fold(0, number)];
    let float = <[u8; 8]>::try_from(bytes).ok().is_some_and(|bytes| {
        let near = |seconds: f64| (seconds - Duration::from_nanos(now as u64).as_secs_f64()).abs() < 3600.0;
        near(f64::from_be_bytes(bytes)) || near(f64::from_le_bytes(bytes))
    });
    float
        || values.into_iter().any(|value| {
            near(value, 1_000_000_000)
                || near(value.saturating_sub(SINCE_1900), 1_000_000_000)
                || bytes.len() == 8 && [1_000_000, 1000, 1].into_iter().any(|unit| near(value, unit))
        })
}

/// Marks the number of four bytes that a byte which counts up is the low end of: it will overflow into
/// the others. That it is such a number is seen from the zeros at its high end. Says where they are.
fn widen_to_counters(variants: &[&[u8]], varies: &mut [bool]) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let counts_up = |at: usize| variants.len() > 2 && variants.windows(2).all(|two| two[0][at] < two[1][at]);
    let is_zero = |at: usize| variants.iter().all(|other| other[at] == 0);
    let before = varies.to_vec();
    for at in (0..before.len()).filter(|at| before[*at] && counts_up(*at)) {
        let is_free = |field: &Range<usize>| field.clone().all(|other| other == at || !before[other]);
        let big = at.checked_sub(3).map(|start| start..at + 1).filter(|field| is_zero(field.start) && is_free(field));
        let little =
            Some(at..at + 4).filter(|field| field.end <= before.len() && is_zero(field.end - 1) && is_free(field));
        let short = at.checked_sub(1).map(|start| start..at + 1).filter(|field| is_zero(field.start));
        if let Some(field) = big.or(little).or(short) {
            varies[field.clone()].fill(true);
            fields.push(field);
        }
    }
    fields
}

/// Marks the words of a text between the other bytes in which a letter varies: a date, a number. The bytes
/// of `numbers` are no text, though some may look like letters.
fn widen_to_words(recorded: &[u8], varies: &mut [bool], numbers: &[Range<usize>]) {
    const SHORTEST: usize = 4;
    let is_text = |at: usize| {
        let byte = recorded[at];
        (byte.is_ascii_graphic() || byte == b' ') && !numbers.iter().any(|field| field.contains(&at))
    };
    let all: Vec<usize> = (0..recorded.len()).collect();
    for run in all.chunk_by(|one, other| is_text(*one) == is_text(*other)) {
        let at = run[0]..run[0] + run.len();
        if is_text(at.start) && run.len() >= SHORTEST && varies[at.clone()].contains(&true) {
            for word in words(&recorded[at.clone()]) {
                let word = at.start + word.start..at.start + word.end;
                if varies[word.clone()].contains(&true) {
                    varies[word].fill(true);
                }
            }
        }
    }
}

fn cut(variants: &[&[u8]], varies: &[bool]) -> Vec<Segment> {
    if variants[0].is_empty() {
        return vec![whole(variants, false)];
    }
    let mut segments = Vec::new();
    let mut start = 0;
    for run in varies.chunk_by(|one, other| one == other) {
        let at = start..start + run.len();
        let values = variants.iter().map(|other| other[at.clone()].to_vec()).collect();
        segments.push(Segment { at: at.clone(), values, varies: run[0] });
        start = at.end;
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which bytes vary, as a text of dots and marks.
    fn shown(variants: &[&[u8]]) -> String {
        let now = UNIX_EPOCH + Duration::from_secs(0x6543_2100);
        let all = segments(variants, &[], now)
            .into_iter()
            .map(|segment| if segment.varies { "x" } else { "." }.repeat(segment.at.len()));
        all.collect()
    }

    #[test]
    fn fields_vary_as_a_whole() {
        assert_eq!(shown(&[b"\x01\x02", b"\x01\x02"]), "..");
        assert_eq!(shown(&[b"\x01\x02\x03", b"\x01\x05\x03"]), ".x.");
        assert_eq!(shown(&[b"\xff\x65\x43\x21\x00\xff", b"\xff\x65\x43\x21\x02\xff"]), ".xxxx.");
        assert_eq!(shown(&[b"\x00\x21\x43\x65\xff", b"\x02\x21\x43\x65\xff"]), "xxxx.");
        assert_eq!(shown(&[b"K\0\0\x0c\x50", b"K\0\0\x0c\x51", b"K\0\0\x0c\x59"]), ".xxxx");
        assert_eq!(shown(&[b"\x01\x02at 06:10:01\x00", b"\x01\x02at 06:10:02\x00"]), ".....xxxxxxxx.");
        assert_eq!(shown(&[b"\0\x65\x43\x21\x22hello, you", b"\0\x65\x43\x21\x23hello, you"]), ".xxxx..........");
        assert_eq!(shown(&[b"\x07\0\0\0\x01", b"\x07\0\0\0\x02", b"\x07\0\0\0\x03"]), ".xxxx");
        assert_eq!(shown(&[b"a\x01\x02z", b"a\x01z"]), "..x.");
        assert_eq!(shown(&[b"\x01\x65\x43\x21\x00xyz", b"\x01\x65\x43\x21\x02z"]), ".xxxxxx.");
        assert_eq!(shown(&[b"\x65\x43\x21\x00hello!", b"\x65\x43\x21\x02hello"]), "xxxx.....x");
    }
}
