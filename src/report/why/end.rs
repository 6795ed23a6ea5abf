//! The end of a stream that came, and states that did not.

use super::reset::Ending;
use super::story::{Story, begins, bytes, succeeded, words};
use crate::trace::scene::{End, Role};

/// The end of the stream came.
pub(super) fn came(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let other = story.scene.other.as_ref();
    let ending = other.filter(|other| !other.shared).and_then(|other| Ending::of(story, other));
    let (Some(other), Some(ending)) = (other, ending) else { return own_end(story, own) };
    let (name, line) = (&other.name, story.line(ending.step()));
    let wants_reset = begins(&story.scene.step, "expect reset") || story.scene.fails.iter().any(|f| f == "ECONNRESET");
    let wants_reset = wants_reset && !story.speaks_tls(other);
    let is_tcp = other.network.starts_with("tcp");
    Some(match ending {
        Ending::Close(_) if wants_reset && is_tcp => {
            format!("`{name}` closed with nothing left unread ({line}), so Linux sent FIN, not RST")
        }
        Ending::Close(_) if wants_reset => {
            format!("`{name}` closed with nothing left unread ({line}), which a Unix socket tells as the end")
        }
        Ending::Close(_) => format!("`{name}` closed ({line}){}", having_sent(story, other)),
        Ending::Both(_) => format!("`{name}` shut down both directions ({line}){}", having_sent(story, other)),
        Ending::Write(_) => format!("`{name}` shut down its sending ({line}){}", having_sent(story, other)),
        // An end after a reset: the reset was told already.
        Ending::Reset(_) | Ending::Dissolved(_) | Ending::Linger(..) | Ending::Unread(..) => {
            return after_reset(story, own, &ending, name);
        }
    })
}

/// What it had sent until then, where the step was to receive bytes.
fn having_sent(story: &Story<'_>, other: &End) -> String {
    let received = ["recv", "read"].contains(&story.verb());
    match other.sent {
        // What TLS sends, or what has boundaries, is not counted.
        _ if !received || !story.counts(other) => String::new(),
        0 => ", and had sent nothing".to_owned(),
        sent => format!(", and had sent {} in all", bytes(sent)),
    }
}

/// A socket that has shut down its own receiving.
fn own_end(story: &Story<'_>, own: &End) -> Option<String> {
    let ends_reading = |words: &str| words == "shutdown read" || words == "shutdown both";
    let shut = story.first(own, ends_reading).filter(|shut| succeeded(shut))?;
    Some(format!("`{}` has shut down its own receiving ({}), so a receive says the end", own.name, story.line(shut)))
}

fn after_reset(story: &Story<'_>, own: &End, ending: &Ending<'_>, name: &str) -> Option<String> {
    let told = story.of(own).into_iter().find(|step| {
        let is_reset = begins(words(step), "expect reset") || step.facts.errno.as_deref() == Some("ECONNRESET");
        is_reset && step.order > ending.step().order
    })?;
    Some(format!(
        "the reset by `{name}` ({}) has been told already ({}), and after that a receive says the end",
        story.line(ending.step()),
        story.line(told)
    ))
}

/// An attribute has another value.
pub(super) fn value(story: &Story<'_>, name: &str, seen: &str) -> Option<String> {
    if name == "state" { state(story, seen) } else { None }
}

/// A TCP state is another one.
fn state(story: &Story<'_>, seen: &str) -> Option<String> {
    let (own, other) = (story.own()?, story.scene.other.as_ref()?);
    if own.role != Role::Connected || other.role != Role::Connected || own.shared || other.shared {
        return None;
    }
    let wanted = |state: &str| story.scene.step.contains(&format!("state={state}"));
    let (mine, theirs) = (Ending::of(story, own), Ending::of(story, other));
    let is_reset = |ending: &Ending<'_>| matches!(ending, Ending::Reset(_) | Ending::Linger(..) | Ending::Unread(..));
    let by_reset = [(&mine, own), (&theirs, other)]
        .into_iter()
        .find_map(|(ending, end)| Some((ending.as_ref().filter(|ending| is_reset(ending))?, end)));
    if let Some((ending, end)) = by_reset.filter(|_| seen == "CLOSED") {
        let line = story.line(ending.step());
        return Some(format!("`{}` ended the connection by a reset ({line}), which leaves no state behind", end.name));
    }
    match (mine, theirs) {
        (Some(mine), Some(theirs)) if wanted("TIME-WAIT") && mine.step().order > theirs.step().order => Some(format!(
            "`{}` ended its direction first ({}), and TIME-WAIT is at the end that does",
            other.name,
            story.line(theirs.step())
        )),
        (Some(_), None) if other.open && wanted("TIME-WAIT") => {
            Some(format!("`{}` is open and has not ended its own direction yet", other.name))
        }
        (None, Some(theirs)) if seen == "CLOSE-WAIT" => Some(format!(
            "`{}` has ended its direction ({}), and `{}` has not ended its own yet",
            other.name,
            story.line(theirs.step()),
            own.name
        )),
        (None, None) if seen == "ESTABLISHED" => Some("neither end has closed or shut down its sending".to_owned()),
        _ => None,
    }
}
