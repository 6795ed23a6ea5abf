//! What several runs of a script say about it: the pattern of each message, the values that are heard
//! and said again, the ends that come by chance.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use regex::bytes::Regex;

use super::answers;
use super::conversation::Side;
use super::framing::{Codec, is_text};
use super::replay::Run;
use super::script::{Act, Capture, Ending, Script, Use};
use super::vary::{self, Message, Part, Piece, Value, generalise};

/// The shortest value that counts as said again, and is not there by chance.
const SHORTEST: usize = 4;

/// The values of a capture, as recorded and then in each run that came so far.
pub(super) type Values = (usize, Vec<Option<Vec<u8>>>);

/// How what is heard on each link is framed.
pub(super) fn codecs(script: &Script) -> Vec<Codec> {
    let by_server = script.side == Side::Client;
    let codec = |(index, link): (usize, &super::script::Link)| {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for (_, step) in script.of_link(index) {
            match &step.act {
                Act::Hear(bytes) => theirs.push(bytes.as_slice()),
                Act::Say(bytes) => ours.push(bytes.as_slice()),
                _ => {}
            }
        }
        Codec::detect(link.connection.network, &theirs, &ours, by_server)
    };
    script.links.iter().enumerate().map(codec).collect()
}

/// Moves the beginning of a message to where it is complete. What a message is, is certain there.
pub(super) fn complete_messages(script: &mut Script, codecs: &[Codec]) {
    for (link, codec) in codecs.iter().enumerate().filter(|(_, codec)| codec.is_certain()) {
        if script.links[link].connection.network.has_boundaries() {
            continue;
        }
        let hears: Vec<usize> =
            script.of_link(link).filter(|(_, step)| matches!(step.act, Act::Hear(_))).map(|(at, _)| at).collect();
        let stream: Vec<u8> = hears.iter().filter_map(|at| script.heard(*at)).flatten().copied().collect();
        let ends = codec.ends(&stream, 0, true);
        let (mut from, mut come) = (0, 0);
        for (nth, at) in hears.iter().enumerate() {
            come += script.heard(*at).map_or(0, <[u8]>::len);
            let is_last = nth + 1 == hears.len();
            let to =
                if is_last { stream.len() } else { ends.iter().copied().rfind(|end| *end <= come).unwrap_or(from) };
            script.steps[*at].act = Act::Hear(stream[from..to.max(from)].to_vec());
            from = to.max(from);
        }
    }
    let is_nothing = |script: &Script, at: usize| {
        let step = &script.steps[at];
        step.act == Act::Hear(Vec::new()) && !script.links[step.link].connection.network.has_boundaries()
    };
    for at in (0..script.steps.len()).rev() {
        if is_nothing(script, at) {
            script.steps.remove(at);
            let moved = script.links.iter_mut().filter_map(|link| link.told.as_mut());
            moved.filter(|told| told.step > at).for_each(|told| told.step -= 1);
        }
    }
}

/// Makes captures of the ports that the other side tells.
pub(super) fn capture_told(script: &mut Script) {
    for link in 0..script.links.len() {
        let Some(told) = script.links[link].told.clone() else { continue };
        if script.heard(told.step).is_none() {
            continue;
        }
        let names: &[&str] = if told.port.len() == 2 { &["high", "low"] } else { &["data_port"] };
        for (at, name) in told.port.iter().zip(names) {
            script.captures.push(Capture { name: (*name).to_owned(), step: told.step, at: at.clone() });
        }
    }
}

/// How many messages are heard on a step's link before it.
pub(super) fn messages_before(script: &Script, codec: &Codec, step: usize) -> usize {
    if !matches!(codec, Codec::HttpResponse(_) | Codec::Prefixed(..)) {
        return 0;
    }
    let earlier = script.of_link(script.steps[step].link).take_while(|(at, _)| *at < step);
    let stream: Vec<u8> = earlier.filter_map(|(at, _)| script.heard(at)).flatten().copied().collect();
    codec.count(&stream)
}

/// The patterns of what is heard in a step.
pub(super) fn message(
    script: &Script,
    codecs: &[Codec],
    runs: &[&Run],
    step: usize,
    known: &[Values],
) -> Vec<Vec<Part>> {
    let Some(recorded) = script.heard(step) else { return Vec::new() };
    let link = script.steps[step].link;
    let is_refused = script.refusal(step).is_some();
    let replayed = runs.iter().map(|run| run.heard[step].as_deref().filter(|_| !is_refused));
    let heard: Vec<Option<&[u8]>> = std::iter::once(Some(recorded)).chain(replayed).collect();
    let known = known.iter().filter_map(|(capture, values)| {
        let values = values.iter().zip(&heard).filter(|(_, heard)| heard.is_some());
        let values: Option<Vec<Vec<u8>>> = values.map(|(value, _)| value.clone()).collect();
        let Capture { step: made, at, .. } = &script.captures[*capture];
        // In its own step it is known behind the place where it is made.
        let from = if *made == step { at.end } else { 0 };
        Some(vary::Known { capture: *capture, from, values: values.filter(|_| *made <= step)? })
    });
    let known: Vec<vary::Known> = known.collect();
    let is_datagram = script.links[link].connection.network.has_boundaries();
    let ends = script.next_of_link(step).is_some_and(|next| matches!(next.act, Act::HearEnd(_)));
    let seconds = script.began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let messages = generalise(&Message {
        codec: &codecs[link],
        before: messages_before(script, &codecs[link], step),
        variants: heard.into_iter().flatten().collect(),
        captured: captures_in(script, step),
        known,
        now: SystemTime::now(),
        minute: Some((seconds / 60 % 60) as u8),
        is_last: is_datagram || ends,
    });
    // What is short, and came together, is read together.
    if matches!(codecs[link], Codec::Lines | Codec::Counted(_) | Codec::Prefixed(..)) {
        vec![messages.concat()]
    } else {
        messages
    }
}

fn captures_in(script: &Script, step: usize) -> Vec<(usize, Range<usize>)> {
    let made = script.captures.iter().enumerate().filter(|(_, capture)| capture.step == step);
    made.map(|(index, capture)| (index, capture.at.clone())).collect()
}

/// The captures that patterns make, each with its values.
pub(super) fn captured(messages: &[Vec<Part>]) -> Vec<(usize, Vec<Vec<u8>>)> {
    let mut found = Vec::new();
    for value in values(messages) {
        if let Some(capture) = value.capture {
            found.push((capture, value.seen.clone()));
        }
    }
    found
}

/// All values that vary in patterns.
fn values(messages: &[Vec<Part>]) -> Vec<&Value> {
    fn add<'p>(parts: &'p [Part], all: &mut Vec<&'p Value>) {
        for part in parts {
            match part {
                Part::Until { value, .. } | Part::Bytes { value, .. } | Part::Rest(value) | Part::Piece(value) => {
                    all.push(value);
                }
                Part::Sized { of, .. } => add(of, all),
                Part::Text { of, .. } => {
                    all.extend(
                        of.iter().filter_map(|piece| if let Piece::Value(value) = piece { Some(value) } else { None }),
                    );
                }
                Part::Literal(_) | Part::AnyOrder(_) | Part::Use(_) => {}
            }
        }
    }
    let mut all = Vec::new();
    for parts in messages {
        add(parts, &mut all);
    }
    all
}

/// The values of all captures.
pub(super) fn known(script: &Script, codecs: &[Codec], runs: &[&Run]) -> Vec<Values> {
    let mut known = Vec::new();
    for step in 0..script.steps.len() {
        if captures_in(script, step).is_empty() {
            continue;
        }
        for (capture, values) in captured(&message(script, codecs, runs, step, &[])) {
            let mut values = values.into_iter();
            let mut all = vec![values.next()];
            let is_refused = script.refusal(step).is_some();
            let heard = |run: &&Run| !is_refused && run.heard[step].is_some();
            all.extend(runs.iter().map(|run| if heard(run) { values.next() } else { None }));
            known.push((capture, all));
        }
    }
    known
}

/// The first value that varies and is said again later, where it is not known yet: it is made a capture.
pub(super) fn find_echo(script: &mut Script, codecs: &[Codec], runs: &[&Run]) -> bool {
    let known = known(script, codecs, runs);
    for step in 0..script.steps.len() {
        let patterns = message(script, codecs, runs, step, &known);
        let varying = values(&patterns).into_iter().filter(|value| value.capture.is_none());
        for Value { at, seen, .. } in varying {
            if script.coincidences.iter().any(|(there, place)| (*there, place) == (step, at)) {
                continue;
            }
            let uses = uses(script, step, at, &seen[0]);
            if !uses.is_empty() && seen.iter().any(|value| *value != seen[0]) && !tells_time(&seen[0]) {
                let is_dns = matches!(codecs[script.steps[step].link], Codec::Dns | Codec::DnsStream);
                let name = if is_dns && at.len() == 2 { "id".to_owned() } else { name_for(script, step, at) };
                let capture = script.captures.len();
                script.captures.push(Capture { name, step, at: at.clone() });
                script.uses.extend(uses.into_iter().map(|(step, at)| Use { capture, step, at }));
                return true;
            }
        }
    }
    false
}

/// The first value that varies and is heard once more, where nothing says so yet: it is made a capture. Two values
/// that nobody says by chance, and that were the same as each other each time, are one.
pub(super) fn find_heard_again(script: &mut Script, codecs: &[Codec], runs: &[&Run]) -> bool {
    let known = known(script, codecs, runs);
    let mut tokens: Vec<(usize, Range<usize>, Vec<Vec<u8>>)> = Vec::new();
    for step in 0..script.steps.len() {
        let patterns = message(script, codecs, runs, step, &known);
        let is_token = |value: &&Value| {
            value.capture.is_none() && value.seen.iter().all(|seen| is_text(seen) && answers::is_token(seen))
        };
        for Value { at, seen, .. } in values(&patterns).into_iter().filter(is_token) {
            let is_same = |(_, _, token): &&(usize, Range<usize>, Vec<Vec<u8>>)| token == seen;
            if let Some((step, at, _)) = tokens.iter().find(is_same).cloned() {
                let name = name_for(script, step, &at);
                script.captures.push(Capture { name, step, at });
                return true;
            }
            let is_coincidence = script.coincidences.contains(&(step, at.clone()));
            if !is_coincidence && seen.len() > 1 && seen.iter().any(|value| *value != seen[0]) {
                tokens.push((step, at.clone(), seen.clone()));
            }
        }
    }
    false
}

/// Takes the capture back that was made last: its value was said again by chance.
pub(super) fn drop_echo(script: &mut Script) {
    let Some(capture) = script.captures.pop() else { return };
    script.uses.retain(|used| used.capture != script.captures.len());
    script.coincidences.push((capture.step, capture.at));
}

/// Takes those captures back that the patterns do not make after all: what varies around them is one with them.
pub(super) fn drop_lost(script: &mut Script, codecs: &[Codec], runs: &[&Run]) {
    let made: Vec<usize> = known(script, codecs, runs).into_iter().map(|(capture, _)| capture).collect();
    let is_told = |script: &Script, capture: &Capture| {
        script.links.iter().filter_map(|link| link.told.as_ref()).any(|told| told.port.contains(&capture.at))
    };
    for index in (0..script.captures.len()).rev() {
        if made.contains(&index) || is_told(script, &script.captures[index]) {
            continue;
        }
        let capture = script.captures.remove(index);
        script.coincidences.push((capture.step, capture.at));
        script.uses.retain(|used| used.capture != index);
        script.uses.iter_mut().filter(|used| used.capture > index).for_each(|used| used.capture -= 1);
    }
}

/// Whether a value is a time of day: what the client says of it comes from its own clock.
fn tells_time(value: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit();
    value.windows(5).any(|five| matches!(five, [a, b, b':', c, d] if [a, b, c, d].into_iter().all(digit)))
}

/// Where a value is said after a step, and not as a part of something longer. A short one counts only
/// where it is said at the same place of a message: the number of a request.
fn uses(script: &Script, after: usize, place: &Range<usize>, value: &[u8]) -> Vec<(usize, Range<usize>)> {
    if value.len() < 2 {
        return Vec::new();
    }
    // A small number in a wide field is short, too.
    let is_short = value.len() < SHORTEST || !is_text(value) && value.iter().filter(|byte| **byte != 0).count() < 2;
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let mut found = Vec::new();
    for (step, said) in script.steps.iter().enumerate().skip(after + 1) {
        let Act::Say(bytes) = &said.act else { continue };
        for start in memchr::memmem::find_iter(bytes, value) {
            let at = start..start + value.len();
            let is_taken =
                script.uses.iter().any(|used| used.step == step && used.at.start < at.end && at.start < used.at.end);
            if !is_taken
                && (!is_short || start == place.start && !is_text(bytes))
                && (!is_text(bytes)
                    || !is_word(start.checked_sub(1).and_then(|before| bytes.get(before)))
                        && !is_word(bytes.get(at.end)))
            {
                found.push((step, at));
            }
        }
    }
    found
}

/// What a value is called: what stands before it says it.
fn name_for(script: &Script, step: usize, at: &Range<usize>) -> String {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)([A-Za-z][A-Za-z0-9_-]*)["']?[:= ]+["'<(\[]?$"#)
            .unwrap_or_else(|error| unreachable!("{error}"))
    });
    let before = &script.heard(step).unwrap_or_default()[..at.start];
    let word = BEFORE.captures(before).and_then(|found| found.get(1)).map(|word| word.as_bytes());
    let word =
        word.map_or_else(|| "value".to_owned(), |word| String::from_utf8_lossy(word).to_lowercase().replace('-', "_"));
    let word = if word.len() > 24 || crate::model::name::is_reserved(&word) { "value".to_owned() } else { word };
    let is_free = |name: &str| !script.captures.iter().any(|capture| capture.name == name);
    let candidates = std::iter::once(word.clone()).chain((2..).map(|number| format!("{word}{number}")));
    candidates.into_iter().find(|name| is_free(name)).unwrap_or(word)
}

/// Takes note of ends that came otherwise than recorded.
pub(super) fn widen_ends(script: &mut Script, runs: &[&Run]) {
    for (at, step) in script.steps.iter_mut().enumerate() {
        if let Act::HearEnd(ending) = &mut step.act
            && runs.iter().any(|run| run.ended[at].is_some_and(|ended| ended != *ending))
        {
            *ending = Ending::Either;
        }
    }
}
