//! How bytes differ, in words.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::phrase::{around, counted, cut, part, shown, text, verbs};
use crate::model::bytes::{escape, is_mostly_unprintable};
use crate::trace::shown::Shown;

/// How long bytes may be, as a trace writes them, to be told as a whole.
const WHOLE: usize = 44;
/// How many characters of a line stand in a sentence.
const LINE: usize = 60;
/// How many bytes of what differs stand in a sentence.
const SPAN: usize = 24;

/// What stands for the verb: as it is now, and as it was.
const DOES: &str = "\u{1}";
const DID: &str = "\u{2}";

/// How long bytes may be that are one number.
const NUMBER: usize = 8;
/// How far a word goes on each side of what differs in it.
const WORD: usize = 12;

/// What is told of bytes that differ: the sentence after the name of who sends or receives them.
/// Two signs that no payload is shown with stand for the verb, so that a send and its receive can be
/// told in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    text: String,
    /// What was put in the place of what, where that is all.
    pub(super) edit: Option<(Vec<u8>, Vec<u8>)>,
}

impl Told {
    /// With the verb of an event.
    pub(super) fn with(&self, verb: &str) -> String {
        let (does, did) = verbs(verb);
        let (now, no_longer) = (super::fields::now(does), super::fields::no_longer(does));
        let text = self.text.replace(&format!("now {DOES}"), &now).replace(&format!("no longer {DOES}"), &no_longer);
        text.replace(DOES, does).replace(DID, did)
    }
}

/// How the bytes of an event differ from those it had.
pub(super) fn difference(old: &[Shown], new: &[Shown]) -> Told {
    let (was, is) = trimmed(old, new);
    if let ([Shown::Bytes(bytes)], [Shown::Varying { .. }]) = (was.as_slice(), is.as_slice()) {
        let place = place(old, &was);
        let text = format!("now {DOES} bytes that vary{place} where it {DID} the fixed {}", text(bytes));
        return Told { text, edit: None };
    }
    let edit = match (was.as_slice(), is.as_slice()) {
        ([Shown::Bytes(old)], [Shown::Bytes(new)]) => {
            let (_, was, is) = differing(old, new);
            Some((was.to_vec(), is.to_vec()))
        }
        _ => None,
    };
    let text = match (was.as_slice(), is.as_slice()) {
        // Among parts that vary, a piece of text would read as if it were all.
        ([Shown::Bytes(_)], [Shown::Bytes(_)])
            if (old.len() > 1 || new.len() > 1) && is_short(old) && is_short(new) && shown(old) != shown(new) =>
        {
            format!("now {DOES} {} where it {DID} {}", shown(new), shown(old))
        }
        ([Shown::Bytes(old)], [Shown::Bytes(new)]) => bytes(old, new),
        ([], [Shown::Bytes(_)]) if old.is_empty() => format!("now {DOES} {} where it {DID} nothing", shown(new)),
        ([Shown::Bytes(_)], []) if new.is_empty() => format!("now {DOES} nothing where it {DID} {}", shown(old)),
        ([one], [other]) => parts(one, other),
        (was, is) if shown(new) == shown(old) => hidden(was, is),
        _ => format!("now {DOES} {} where it {DID} {}", shown(new), shown(old)),
    };
    Told { text, edit }
}

/// How parts differ that are the same as far as a sentence shows them: the first that do.
fn hidden(old: &[Shown], new: &[Shown]) -> String {
    let differing = old.iter().zip(new).find(|(one, other)| one != other);
    match differing {
        Some((Shown::Bytes(one), Shown::Bytes(other))) => bytes(one, other),
        Some((one, other)) => parts(one, other),
        None => format!("now {DOES} {} parts where it {DID} {}", new.len(), old.len()),
    }
}

/// Whether nothing of it must be left out in a sentence.
fn is_short(parts: &[Shown]) -> bool {
    parts.iter().all(|part| !matches!(part, Shown::Bytes(bytes) if escape(bytes).chars().count() > WHOLE))
        && shown(parts).chars().count() <= WHOLE
}

/// Where a part stands in the whole, unless it is all.
fn place(all: &[Shown], part: &[Shown]) -> &'static str {
    let is_bytes = |one: Option<&Shown>, other: Option<&Shown>| match (one, other) {
        (Some(Shown::Bytes(all)), Some(Shown::Bytes(part))) => (all.starts_with(part), all.ends_with(part)),
        _ => (false, false),
    };
    let begins = is_bytes(all.first(), part.first()).0;
    let ends = is_bytes(all.last(), part.last()).1;
    match (begins, ends) {
        _ if all == part => "",
        (true, _) => " at the beginning",
        (_, true) => " at the end",
        _ => " in the middle",
    }
}

/// The parts without those that are the same before and after. Where bytes stand against something
/// that varies, the same bytes round that are left out, too.
fn trimmed(old: &[Shown], new: &[Shown]) -> (Vec<Shown>, Vec<Shown>) {
    let before = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[before..], &new[before..]);
    let after = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (mut old, mut new) = (old[..old.len() - after].to_vec(), new[..new.len() - after].to_vec());
    if old.len() > 1 || new.len() > 1 {
        if let (Some(Shown::Bytes(one)), Some(Shown::Bytes(other))) = (old.first_mut(), new.first_mut()) {
            let same = one.iter().zip(other.iter()).take_while(|(one, other)| one == other).count();
            one.drain(..same);
            other.drain(..same);
        }
        if let (Some(Shown::Bytes(one)), Some(Shown::Bytes(other))) = (old.last_mut(), new.last_mut()) {
            let same = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
            one.truncate(one.len() - same);
            other.truncate(other.len() - same);
        }
        let is_left = |part: &Shown| !matches!(part, Shown::Bytes(bytes) if bytes.is_empty());
        old.retain(is_left);
        new.retain(is_left);
    }
    (old, new)
}

/// How one part differs from another one.
fn parts(old: &Shown, new: &Shown) -> String {
    use Shown::{Bytes, Digest, End, Generated, Group, Matched, Named, Varying};
    match (old, new) {
        (Digest { size: was, .. }, Digest { size, .. }) | (Generated { size: was, .. }, Generated { size, .. })
            if was != size =>
        {
            format!("now {DOES} {} where it {DID} {was}{}", counted(*size, "byte"), beginning(old, new))
        }
        (Digest { size, .. }, Digest { .. }) => {
            format!("now {DOES} {size} other bytes, as many as before{}", beginning(old, new))
        }
        (Named { .. } | Matched { .. } | Varying { .. }, Bytes(bytes)) => {
            format!("now {DOES} the fixed {} where {} varied", text(bytes), varying(old))
        }
        (Matched { regex: was, .. }, Matched { regex: is, .. }) => {
            let (was, is) = around(was, is, LINE);
            format!("now {DOES} ~/{is}/ where it {DID} ~/{was}/")
        }
        (Bytes(bytes), Named { .. } | Matched { .. }) => {
            format!("now {DOES} {}, which varies, where it {DID} the fixed {}", varying(new), text(bytes))
        }
        (End(old), End(new)) => {
            format!("now {DOES} all up to {} where that was {}", ends(new), ends(old))
        }
        (Group { members: was, .. }, Group { members: is, .. }) if part(old) == part(new) => {
            match was.iter().zip(is).find(|(one, other)| one != other) {
                Some((was, is)) => difference(was, is).text,
                None => format!("now {DOES} one of {} patterns where it {DID} one of {}", is.len(), was.len()),
            }
        }
        _ => format!("now {DOES} {} where it {DID} {}", part(new), part(old)),
    }
}

fn ends(ends: &[String]) -> String {
    let words: Vec<&str> = ends.iter().map(String::as_str).collect();
    super::phrase::any_of(&words)
}

fn varying(part: &Shown) -> String {
    match part {
        Shown::Varying { .. } => "any bytes".to_owned(),
        other => self::part(other),
    }
}

/// The heads of two digests.
fn beginning(old: &Shown, new: &Shown) -> String {
    match (old, new) {
        (Shown::Digest { head: was, .. }, Shown::Digest { head, .. })
            if was != head && !is_mostly_unprintable(head) && !is_mostly_unprintable(was) =>
        {
            format!("; they begin with \"{}\", before with \"{}\"", cut(&escape(head), LINE), cut(&escape(was), LINE))
        }
        (Shown::Digest { size: was, head: before, .. }, Shown::Digest { size, head, .. }) if head == before => {
            if was == size { format!(" (the first {} are the same)", head.len()) } else { String::new() }
        }
        (Shown::Digest { head: was, .. }, Shown::Digest { head, .. }) => {
            format!("; they begin with {}, before with {}", hex(head), hex(was))
        }
        (Shown::Generated { how: was, .. }, Shown::Generated { how, .. }) if was != how => {
            format!(" ({how} where it was {was})")
        }
        _ => String::new(),
    }
}

/// How bytes differ that are known on both sides.
fn bytes(old: &[u8], new: &[u8]) -> String {
    if is_mostly_unprintable(old) || is_mostly_unprintable(new) {
        return binary(old, new);
    }
    let is_lines = |bytes: &[u8]| bytes[..bytes.len().saturating_sub(1)].contains(&b'\n');
    match (is_lines(old), is_lines(new)) {
        (true, true) => return lines(old, new),
        (false, false) => {}
        _ if new.starts_with(old) || old.starts_with(new) => {}
        _ => return format!("now {DOES} {} where it {DID} {}", text(new), text(old)),
    }
    if escape(old).chars().count() <= WHOLE && escape(new).chars().count() <= WHOLE {
        return format!("now {DOES} {} where it {DID} {}", text(new), text(old));
    }
    span(old, new)
}

/// More or fewer bytes at the end, or a part in the middle that differs.
fn span(old: &[u8], new: &[u8]) -> String {
    if let Some(more) = new.strip_prefix(old) {
        return format!("now {DOES} {} more at the end: {}", counted(more.len() as u64, "byte"), text(more));
    }
    if let Some(less) = old.strip_prefix(new) {
        return format!("now {DOES} {} less: {} is missing at the end", counted(less.len() as u64, "byte"), text(less));
    }
    let (at, was, is) = differing(old, new);
    let is_short = was.len() <= SPAN && is.len() <= SPAN;
    let word = if is_short && was.len() == is.len() { in_word(old, at, was.len()) } else { at..at + was.len() };
    if word.len() > was.len() {
        return format!(
            "now {DOES} {} at byte {} of {} where it {DID} {}",
            text(&new[word.clone()]),
            word.start + 1,
            new.len(),
            text(&old[word])
        );
    }
    inner(old, new, clipped)
}

/// The word or the number that so many bytes are in.
fn in_word(bytes: &[u8], at: usize, len: usize) -> std::ops::Range<usize> {
    let before = bytes[..at].iter().rev().take(WORD + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let after = bytes[at + len..].iter().take(WORD + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if before > WORD || after > WORD { at..at + len } else { at - before..at + len + after }
}

/// A part that differs, and where: bytes count from 1.
fn inner(old: &[u8], new: &[u8], told: impl Fn(&[u8]) -> String) -> String {
    let (at, was, is) = differing(old, new);
    let sizes = format!("from byte {} on ({} bytes, {} before)", at + 1, new.len(), old.len());
    match (was, is) {
        ([], is) => format!("now {DOES} {} more, {}, {sizes}", counted(is.len() as u64, "byte"), told(is)),
        (was, []) => {
            format!("now {DOES} {} less: {} is missing {sizes}", counted(was.len() as u64, "byte"), told(was))
        }
        (was, is) if was.len() == is.len() => {
            let (first, last) = (at + 1, at + is.len());
            let which = if first == last { format!("byte {first}") } else { format!("bytes {first} to {last}") };
            format!("now {DOES} {} as {which} of {} where it {DID} {}", told(is), new.len(), told(was))
        }
        (was, is) => format!("now {DOES} {} where it {DID} {}, {sizes}", told(is), told(was)),
    }
}

fn clipped(bytes: &[u8]) -> String {
    match bytes.get(..SPAN) {
        Some(first) if bytes.len() > SPAN => format!("\"{}…\"", escape(first)),
        _ => text(bytes),
    }
}

/// Where bytes begin to differ, and what differs, without what is the same at the end.
fn differing<'b>(old: &'b [u8], new: &'b [u8]) -> (usize, &'b [u8], &'b [u8]) {
    let at = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (was, is) = (&old[at..], &new[at..]);
    let after = was.iter().rev().zip(is.iter().rev()).take_while(|(one, other)| one == other).count();
    (at, &was[..was.len() - after], &is[..is.len() - after])
}

fn binary(old: &[u8], new: &[u8]) -> String {
    if old.len() <= NUMBER && new.len() <= NUMBER {
        return format!("now {DOES} {} where it {DID} {}", hex(new), hex(old));
    }
    if let Some(more) = new.strip_prefix(old) {
        return format!("now {DOES} {} more at the end: {}", counted(more.len() as u64, "byte"), hex(more));
    }
    if let Some(less) = old.strip_prefix(new) {
        return format!("now {DOES} {} less: {} is missing at the end", counted(less.len() as u64, "byte"), hex(less));
    }
    inner(old, new, hex)
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 8 { " …" } else { "" };
    let letters = bytes.len() <= 8 && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let letters = if letters { format!(" (\"{}\")", escape(bytes)) } else { String::new() };
    format!("`{}{more}`{letters}", digits.join(" "))
}

/// How texts of several lines differ.
fn lines<'b>(old: &'b [u8], new: &'b [u8]) -> String {
    let old_lines: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let new_lines: Vec<&[u8]> = new.split_inclusive(|byte| *byte == b'\n').collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    let mut changes: Vec<[Option<&[u8]>; 2]> = Vec::new();
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let (was, is) = (&old_lines[op.old_range()], &new_lines[op.new_range()]);
        let get = |lines: &[&'b [u8]], at: usize| lines.get(at).copied();
        changes.extend((0..was.len().max(is.len())).map(|at| [get(was, at), get(is, at)]));
    }
    let Some((first, others)) = changes.split_first() else { return span(old, new) };
    let more = match others {
        [] => String::new(),
        few @ ([_] | [_, _]) => few.iter().flat_map(|change| ["; ".to_owned(), further(*change)]).collect(),
        many => format!("; and {} more lines differ", many.len()),
    };
    changed(*first) + &more
}

/// A line that differs, in a sentence of its own.
fn changed([was, is]: [Option<&[u8]>; 2]) -> String {
    match (was, is) {
        (Some(was), Some(is)) => {
            let is_status = was.starts_with(b"HTTP/") && is.starts_with(b"HTTP/");
            let which = if is_status { "the status line " } else { "" };
            let (was, is) = both_ticked(was, is);
            format!("now {DOES} {which}{is} where it {DID} {was}")
        }
        (None, is) => format!("now also {DOES} the line {}", ticked(is.unwrap_or_default())),
        (Some(was), None) => format!("no longer {DOES} the line {}", ticked(was)),
    }
}

/// A line that differs, after another one.
fn further([was, is]: [Option<&[u8]>; 2]) -> String {
    match (was, is) {
        (Some(was), Some(is)) => {
            let (was, is) = both_ticked(was, is);
            format!("{is} where it was {was}")
        }
        (None, is) => format!("{} is new", ticked(is.unwrap_or_default())),
        (Some(was), None) => format!("{} is gone", ticked(was)),
    }
}

/// A line without its end, unless that is all.
fn ticked(line: &[u8]) -> String {
    format!("`{}`", cut(&bare(line), LINE))
}

/// Two lines that differ, likewise, each where they do.
fn both_ticked(old: &[u8], new: &[u8]) -> (String, String) {
    match (bare(old), bare(new)) {
        // Only how they end differs.
        (was, is) if was == is => (format!("`{}`", cut(&escape(old), LINE)), format!("`{}`", cut(&escape(new), LINE))),
        (was, is) => {
            let (was, is) = around(&was, &is, LINE);
            (format!("`{was}`"), format!("`{is}`"))
        }
    }
}

fn bare(line: &[u8]) -> String {
    let bare = line.strip_suffix(b"\n").unwrap_or(line);
    let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
    escape(if bare.is_empty() { line } else { bare })
}
