//! Whether a replay is answered as the client was. Where it is not, what the replays heard is the answer to
//! something else: to a challenge of the day before, or to what was done already.

use std::collections::BTreeSet;
use std::time::Duration;

use super::framing::{Codec, Sign, is_text};
use super::replay::Run;
use super::script::{Act, Script};
use super::understand::messages_before;
use super::vary;
use crate::model::bytes::{hex, is_mostly_unprintable};

/// Whoever answers otherwise by chance has not done so in as many replays.
pub(super) const SURE: usize = 8;
/// For so long replays are made to become sure.
pub(super) const SURE_FOR: Duration = Duration::from_secs(10);

/// More bytes, or lines, are a page, in which words come and go.
const LONGEST: usize = 1024;
const MOST_LINES: usize = 16;
/// A word between bytes that are no text has so many letters.
const LEAST_LETTERS: usize = 4;

/// An answer that the replays did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The step that hears it.
    pub(super) step: usize,
    /// What the client has heard.
    pub client: Vec<u8>,
    /// What a replay has heard.
    pub replay: Vec<u8>,
    /// Whether what the client said before looks like an answer to what varies.
    pub is_challenged: bool,
}

impl Refusal {
    /// Both answers in a sentence.
    pub fn sentence(&self) -> String {
        format!("the client heard {}, and each replay {}", glance(&self.client), glance(&self.replay))
    }

    /// Why a replay may be answered otherwise.
    pub(super) fn reason(&self) -> &'static str {
        if self.is_challenged {
            "What was said before answers a challenge, it seems, and that is another one each time: `let` can compute it"
        } else {
            "What was said before cannot be said twice, it seems: the server is as it was only once"
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}. {}", self.sentence(), self.reason())
    }
}

/// The beginning of an answer, in quotes or in hex.
fn glance(bytes: &[u8]) -> String {
    const MOST: usize = 64;
    const MOST_HEX: usize = 24;
    let more = |most: usize| if bytes.len() > most { "…" } else { "" };
    if is_mostly_unprintable(bytes) {
        return format!("{}{}", hex(&bytes[..bytes.len().min(MOST_HEX)]), more(MOST_HEX));
    }
    format!("\"{}\"{}", bytes[..bytes.len().min(MOST)].escape_ascii(), more(MOST))
}

/// The answers that no replay has got, as far as there are replays.
pub(super) fn refusals(script: &Script, codecs: &[Codec], runs: &[Run]) -> Vec<Refusal> {
    let steps = 0..script.steps.len();
    let refused = steps.filter_map(|step| {
        let client = script.heard(step)?;
        let replays: Vec<&[u8]> = runs.iter().filter_map(|run| run.heard[step].as_deref()).collect();
        let codec = &codecs[script.steps[step].link];
        let before = messages_before(script, codec, step);
        let challenged = || is_challenged(script, runs, step);
        is_refused(codec, before, client, &replays, &challenged).then(|| Refusal {
            step,
            client: client.to_vec(),
            replay: replays[0].to_vec(),
            is_challenged: challenged(),
        })
    });
    refused.collect()
}

/// The answers that were another one in each replay, the same each time, where the spec takes both: what the
/// client did had been done before.
pub(super) fn changes(script: &Script, codecs: &[Codec], runs: &[Run]) -> Vec<Refusal> {
    let steps = (0..script.steps.len()).filter(|step| script.refusal(*step).is_none());
    let changed = steps.filter_map(|step| {
        let client = script.heard(step)?;
        let mut replays = runs.iter().filter_map(|run| run.heard[step].as_deref());
        let first = replays.next()?;
        let mut others = replays.peekable();
        let is_same = others.peek().is_some() && others.all(|other| other == first);
        let is_short = client.len() <= LONGEST && !codecs[script.steps[step].link].is_dns();
        let refusal = || Refusal { step, client: client.to_vec(), replay: first.to_vec(), is_challenged: false };
        (first != client && is_same && is_short).then(refusal)
    });
    changed.collect()
}

/// Whether a value is nothing that somebody says by chance.
pub(super) fn is_token(value: &[u8]) -> bool {
    if is_text(value) { vary::tokens_in(value).next().is_some() } else { value.len() >= SHORTEST_BINARY }
}

/// How well a run went: how far it came, and how many answers were of the kind that the client got.
pub(super) fn success(script: &Script, codecs: &[Codec], run: &Run) -> (usize, usize) {
    let reached = run.stopped.as_ref().map_or(script.steps.len(), |(step, _)| *step);
    let runs = std::slice::from_ref(run);
    (reached, reached.saturating_sub(refusals(script, codecs, runs).len()))
}

/// Whether replays that agree with each other were answered otherwise than the client.
fn is_refused(
    codec: &Codec,
    before: usize,
    client: &[u8],
    replays: &[&[u8]],
    is_challenged: &dyn Fn() -> bool,
) -> bool {
    let Some((first, others)) = replays.split_first() else { return false };
    if *first == client {
        return false;
    }
    let signs = |bytes: &[u8]| codec.signs(bytes, before);
    let (its, theirs): (BTreeSet<Sign>, _) = (signs(client), signs(first));
    if its != theirs && others.iter().all(|other| signs(other) == theirs) {
        return true;
    }
    if let (Some(its), Some(theirs)) = (words(codec, client), words(codec, first))
        && its.said != theirs.said
        && others.iter().all(|other| words(codec, other).is_some_and(|words| words.said == theirs.said))
    {
        let is_replaced = !its.said.is_subset(&theirs.said) && !theirs.said.is_subset(&its.said);
        if is_replaced || its.lines == theirs.lines {
            return true;
        }
    }
    // A number, or a byte, may be a verdict as well as a count: it is one if something was to be proved.
    !codec.is_dns() && others.iter().all(|other| other == first) && is_challenged()
}

/// The words of a short text.
#[derive(Debug)]
struct Words {
    said: BTreeSet<Vec<u8>>,
    lines: usize,
}

fn words(codec: &Codec, bytes: &[u8]) -> Option<Words> {
    let text = codec.body(bytes);
    let lines = memchr::memchr_iter(b'\n', text).count();
    if text.len() > LONGEST || lines > MOST_LINES {
        return None;
    }
    let mut said = vary::said(text);
    if !is_text(text) {
        // A few letters come by chance.
        said.retain(|word| word.len() >= LEAST_LETTERS);
    }
    Some(Words { said, lines })
}

/// Whether this side has said something before a step that it may have computed from what had varied: it has
/// heard some kind of token, and then said another one.
fn is_challenged(script: &Script, runs: &[Run], step: usize) -> bool {
    let varied = |at: usize| {
        let heard = script.heard(at).unwrap_or_default();
        let other = runs.iter().filter_map(|run| run.heard[at].as_deref()).find(|other| *other != heard);
        other.is_some_and(|other| has_token_besides(heard, other))
    };
    let Some(challenge) = (0..step).find(|at| varied(*at)) else { return false };
    script.steps[challenge..step].iter().enumerate().any(|(after, said)| {
        let at = challenge + after;
        let Act::Say(bytes) = &said.act else { return false };
        // What was only said again is no answer that was computed.
        let used = script.uses.iter().filter(|used| used.step == at);
        let mut bytes = bytes.clone();
        for used in used {
            bytes[used.at.clone()].fill(b' ');
        }
        is_token(&bytes)
    })
}

/// A challenge, or the answer to one, has at least so many bytes, where it is no text.
const SHORTEST_BINARY: usize = 8;

/// Whether one has a token that is not in the other.
fn has_token_besides(one: &[u8], other: &[u8]) -> bool {
    if is_text(one) {
        return vary::tokens_in(one).any(|token| memchr::memmem::find(other, token).is_none());
    }
    let differing = one.iter().zip(other).filter(|(one, other)| one != other).count();
    differing >= SHORTEST_BINARY / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: Codec = Codec::HttpResponse(Vec::new());

    fn refused(codec: &Codec, client: &str, replays: &[&str], is_challenged: bool) -> bool {
        let replays: Vec<&[u8]> = replays.iter().map(|replay| replay.as_bytes()).collect();
        is_refused(codec, 0, client.as_bytes(), &replays, &|| is_challenged)
    }

    #[test]
    fn another_kind_of_answer_is_none() {
        for (codec, client, replays) in [
            (Codec::Lines, "200 welcome\r\n", ["535 denied\r\n"; 2]),
            (Codec::Lines, "201 created x\n", ["409 x exists already\n"; 2]),
            (Codec::Lines, "ok 18\n", ["no\n"; 2]),
            (Codec::Lines, "250 done\r\n", ["550 done\r\n"; 2]),
            (Codec::Lines, "{\"type\": \"welcome\"}\n", ["{\"type\": \"error\", \"id\": 1}\n"; 2]),
            (Codec::Lines, "+OK\r\n", ["-ERR bad 1\r\n", "-ERR bad 2\r\n"]),
            (Codec::Lines, "STORED\r\n", ["NOT_STORED\r\n"; 2]),
            (Codec::Resp, "$3\r\nabc\r\n", ["$-1\r\n"; 2]),
            (Codec::Resp, ":1\r\n", ["-ERR it is there\r\n"; 2]),
            (HTTP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"; 2]),
            (
                HTTP,
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes",
                ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"; 2],
            ),
        ] {
            assert!(refused(&codec, client, &replays, false), "{client:?}");
        }
    }

    #[test]
    fn what_varies_is_an_answer() {
        for (codec, client, replays) in [
            (Codec::Lines, "200 welcome\r\n", ["200 welcome\r\n"; 2]),
            (Codec::Lines, "12 users\r\n", ["13 users\r\n", "14 users\r\n"]),
            (Codec::Lines, "1\n", ["0\n"; 2]),
            (Codec::Lines, "red\n", ["green\n", "blue\n"]),
            (Codec::Lines, "at Mon, 23 Nov 2026 06:10:01 GMT\n", ["at Tue, 24 Nov 2026 00:00:00 GMT\n"; 2]),
            (Codec::Lines, "beat 1\npong\n", ["pong\n"; 2]),
            (Codec::Lines, "id a7\n", ["id b8\n", "id c9\n"]),
            (Codec::Lines, "hello gVuc-UQJz0\n", ["hello aBcd-efgH1\n"; 2]),
            (Codec::Resp, ":1\r\n", [":0\r\n"; 2]),
            (
                HTTP,
                "HTTP/1.1 200 OK\r\nX-Cache: MISS\r\nContent-Length: 0\r\n\r\n",
                ["HTTP/1.1 200 OK\r\nX-Cache: HIT\r\nContent-Length: 0\r\n\r\n"; 2],
            ),
        ] {
            assert!(!refused(&codec, client, &replays, false), "{client:?}");
        }
    }

    #[test]
    fn both_answers_are_shown() {
        let refusal = |client: &[u8], replay: &[u8]| {
            Refusal { step: 0, client: client.to_vec(), replay: replay.to_vec(), is_challenged: false }.sentence()
        };
        assert_eq!(
            refusal(b"200 ok\r\n", b"535 no\r\n"),
            r#"the client heard "200 ok\r\n", and each replay "535 no\r\n""#
        );
        assert_eq!(refusal(b"\x01", b"\0"), "the client heard 01, and each replay 00");
        assert!(refusal(&[b'x'; 99], b"").ends_with("xxx\"…, and each replay \"\""));
    }

    #[test]
    fn a_number_is_a_verdict_where_something_was_to_be_proved() {
        assert!(refused(&Codec::Lines, "1\n", &["0\n"; 2], true));
        assert!(!refused(&Codec::Lines, "1\n", &["2\n", "3\n"], true));
    }
}
