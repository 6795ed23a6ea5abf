//! How what is open at the end differs.

use std::collections::HashSet;

use super::finding::{Finding, Weight};
use super::phrase::{counted, quoted};
use crate::trace::record::{Open, Unread};

/// What is open at the end, as a trace lists it.
pub(super) type List = [(Option<u64>, Open)];

/// All differences, but for those that follow from what is told already: of endpoints that are all
/// new or all gone, or that a step more or less closes.
pub(super) fn compare(old: &List, new: &List, told: &HashSet<String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let find = |list: &List, name: &str| list.iter().find(|(_, open)| open.name == name).cloned();
    for (count, open) in new {
        let name = &open.name;
        match find(old, name) {
            None if told.contains(name) => {}
            None => {
                let text = format!("is now open at the end{}", unread(open.unread));
                found.push(Finding::does(Weight::End, &quoted(name), text));
            }
            Some((was, _)) if was != *count => {
                let number =
                    |count: Option<u64>| count.map_or_else(|| "any number".to_owned(), |count| count.to_string());
                let (is, was, name) = (number(*count), number(was), quoted(name));
                let text = format!("{is} of {name} are now open at the end where {was} were");
                found.push(Finding::plain(Weight::End, text));
            }
            Some((_, was)) => found.extend(left(name, was.unread, open.unread)),
        }
    }
    for (_, open) in old.iter().filter(|(_, open)| !told.contains(&open.name) && find(new, &open.name).is_none()) {
        found.push(Finding::does(Weight::End, &quoted(&open.name), "is no longer open at the end"));
    }
    if found.is_empty() && old != new {
        let names = |list: &List| list.iter().map(|(_, open)| open.name.clone()).collect::<Vec<_>>();
        let same: Vec<String> = names(old).into_iter().filter(|name| names(new).contains(name)).collect();
        let now: Vec<String> = names(new).into_iter().filter(|name| names(old).contains(name)).collect();
        if same != now {
            found.push(Finding::plain(Weight::End, "what is open at the end was created in another order"));
        }
    }
    found
}

/// What is left unread of what is open.
pub(super) fn unread(unread: Unread) -> String {
    match unread {
        Unread::Bytes(0) => String::new(),
        Unread::Bytes(count) => format!(" with {} unread", counted(count, "byte")),
        Unread::Varies => " with bytes unread".to_owned(),
    }
}

fn left(name: &str, was: Unread, is: Unread) -> Option<Finding> {
    let bytes = |unread: Unread| match unread {
        Unread::Bytes(0) => "nothing".to_owned(),
        Unread::Bytes(count) => counted(count, "byte"),
        Unread::Varies => "some bytes".to_owned(),
    };
    let stay = |unread: Unread| match unread {
        Unread::Bytes(0 | 1) => "is now left",
        _ => "are now left",
    };
    let name = quoted(name);
    let text = format!("{} {} unread at {name} at the end; before, {}", bytes(is), stay(is), bytes(was));
    (was != is).then(|| Finding::plain(Weight::Seen, text))
}
