//! Events that are the same, and now stand before or after others than they did.

use super::fields::now;
use super::finding::{Finding, Weight};
use super::lanes::Lanes;
use super::phrase::{self, quoted, who};
use crate::trace::event::Event;

/// A line of the old trace and the line of the new one with the same event, or the one it became.
pub(super) type Known<'n> = (u32, u32, &'n Event);

/// What is told of an event that was at one line and is now at another one.
/// Also says whether it has passed another one, and is not only in another block.
pub(super) fn moved(event: &Event, old: u32, new: u32, known: &[Known<'_>], lanes: &[Lanes<'_>; 2]) -> (Finding, bool) {
    let known: Vec<Known<'_>> = known
        .iter()
        .filter(|(was, is, _)| lanes[0].has_order(*was, old) && lanes[1].has_order(*is, new))
        .copied()
        .collect();
    let later = |(was, is, _): &&Known<'_>| *was > old && *is < new;
    let earlier = |(was, is, _): &&Known<'_>| *was < old && *is > new;
    let (who, phrase) = (who(event), phrase::of(event));
    // Of those that it has passed, the one that it stands next to now; one of its own rather.
    let passed_later = nearest(known.iter().filter(later).rev(), event);
    let passed_earlier = nearest(known.iter().filter(earlier), event);
    let text = match (passed_later, passed_earlier) {
        (Some(other), _) => format!("{who} {} after {}; before, it did so first", now(&phrase.now), told(event, other)),
        (_, Some(other)) => format!("{who} {} before {}; it did so afterwards", now(&phrase.now), told(event, other)),
        _ => {
            let (was, is) = (lanes[0].name(old), lanes[1].name(new));
            format!("{who} {} at another place now{}", phrase.now, in_lanes(was, is))
        }
    };
    let has_passed = passed_later.or(passed_earlier).is_some();
    (Finding::plain(Weight::Order, text).at(old, new), has_passed)
}

/// The lanes of an event that it has left, or come to.
fn in_lanes(was: Option<&str>, is: Option<&str>) -> String {
    match (was.map(quoted), is.map(quoted)) {
        (Some(was), Some(is)) if was != is => format!(", in lane {is} where it was in lane {was}"),
        (Some(was), None) => format!(", in no lane where it was in lane {was}"),
        (None, Some(is)) => format!(", in lane {is} where it was in none"),
        _ => String::new(),
    }
}

/// Which of the others an event now stands before or after, unlike before.
pub(super) fn place(event: &Event, old: u32, new: u32, known: &[Known<'_>]) -> Option<String> {
    let later = |(was, is, _): &&Known<'_>| *was > old && *is < new;
    let earlier = |(was, is, _): &&Known<'_>| *was < old && *is > new;
    match (nearest(known.iter().filter(later).rev(), event), nearest(known.iter().filter(earlier), event)) {
        (Some(other), _) => Some(format!("after {}", told(event, other))),
        (_, Some(other)) => Some(format!("before {}", told(event, other))),
        _ => None,
    }
}

fn nearest<'k, 'n: 'k>(passed: impl Iterator<Item = &'k Known<'n>>, event: &Event) -> Option<&'k Event> {
    let passed: Vec<&Event> = passed.map(|(_, _, event)| *event).collect();
    let own = passed.iter().position(|other| other.endpoint == event.endpoint);
    passed.get(own.unwrap_or(0)).copied()
}

fn told(event: &Event, other: &Event) -> String {
    let subject = if other.endpoint == event.endpoint { "it".to_owned() } else { who(other) };
    format!("{subject} {}", phrase::of(other).now)
}
