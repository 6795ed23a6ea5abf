//! The words that the language has, with what it says of each.

use super::topic::{Group, Sense};
use crate::model::{alert, errno, option, state::TcpState};
use crate::spec::words::{self, Word};

/// The number of an error.
pub(super) fn number(name: &str) -> Option<i32> {
    errno::NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// A word, its kind, and what it means in one place, where its text does not say that.
pub(super) type Named = (&'static str, Group, Option<Sense>);

/// Every word in every place.
pub(super) fn senses() -> Vec<Named> {
    let mut senses = Vec::new();
    verbs(&mut senses);
    steps(&mut senses);
    list(&mut senses, Group::Expectation, "condition of expect", words::CONDITIONS);
    list(&mut senses, Group::Expectation, "attribute that expect waits for", words::ATTRIBUTES);
    list(&mut senses, Group::Expectation, "what expect asks of tls", words::AGREED);
    list(&mut senses, Group::Key, "key of a spec", words::TOP_LEVEL);
    list(&mut senses, Group::Key, "key of a file that is included", words::INCLUDED);
    list(&mut senses, Group::Key, "key of perturb", words::PERTURB_KEYS);
    list(&mut senses, Group::Key, "value of network", words::NETWORKS);
    list(&mut senses, Group::Key, "key of network", words::NETWORK_KEYS);
    list(&mut senses, Group::Key, "kind of a route", words::ROUTES);
    list(&mut senses, Group::Key, "state of a link", words::LINK_STATES);
    list(&mut senses, Group::Key, "key of a file in files", words::FILE_KEYS);
    list(&mut senses, Group::Modifier, "key of ready", words::READY);
    forms(&mut senses);
    others(&mut senses);
    senses
}

fn sense(place: impl Into<String>, doc: &str) -> Sense {
    Sense { place: place.into(), doc: doc.to_owned(), beside: Vec::new() }
}

fn list(senses: &mut Vec<Named>, group: Group, place: &str, words: &[Word]) {
    senses.extend(words.iter().map(|word| (word.name, group, Some(sense(place, word.doc)))));
}

/// Verbs, and what stands beside them. A modifier of several verbs that means the same is told once.
fn verbs(senses: &mut Vec<Named>) {
    let mut modifiers: Vec<(&Word, Vec<&str>)> = Vec::new();
    for verb in words::VERBS {
        let own = verb.modifiers;
        let beside = own.iter().map(|modifier| modifier.name).collect();
        senses.push((verb.word.name, Group::Verb, Some(Sense { beside, ..sense("verb", verb.word.doc) })));
        for modifier in own {
            match modifiers.iter_mut().find(|(known, _)| known.name == modifier.name && known.doc == modifier.doc) {
                Some((_, verbs)) => verbs.push(verb.word.name),
                None => modifiers.push((modifier, vec![verb.word.name])),
            }
        }
    }
    for (modifier, verbs) in modifiers {
        let sense = sense(format!("beside {}", verbs.join(", ")), modifier.doc);
        senses.push((modifier.name, Group::Modifier, Some(sense)));
    }
    list(senses, Group::Modifier, "beside verbs that create a socket", &[words::HOST]);
    list(senses, Group::Modifier, "beside every verb that can block", words::WAITING);
    list(senses, Group::Modifier, "beside every verb that can fail", &[words::FAILS]);
}

fn steps(senses: &mut Vec<Named>) {
    for step in words::STEPS {
        let beside = step.beside.iter().map(|word| word.name).collect();
        let own = Sense { beside, ..sense("step without an endpoint", step.word.doc) };
        senses.push((step.word.name, Group::Verb, Some(own)));
        for word in step.beside.iter().filter(|word| word.name != "steps") {
            senses.push((word.name, Group::Modifier, Some(sense(format!("beside {}", step.word.name), word.doc))));
        }
    }
}

fn forms(senses: &mut Vec<Named>) {
    for form in words::FORMS {
        let place = if form.pattern_only { "pattern" } else { "payload and pattern" };
        let beside = form.beside.iter().map(|word| word.name).collect();
        senses.push((form.word.name, Group::Form, Some(Sense { beside, ..sense(place, form.word.doc) })));
        for word in form.beside {
            // Each width of a number has the same beside it.
            let of = if words::WIDTHS.contains(&form.word.name) { "a number" } else { form.word.name };
            let named = (word.name, Group::Form, Some(sense(format!("beside {of}"), word.doc)));
            if !senses.contains(&named) {
                senses.push(named);
            }
        }
    }
    list(senses, Group::Form, "beside every pattern", words::COMPANIONS);
}

/// Errors, states, options and alerts, each of which is a topic though it may have no text.
fn others(senses: &mut Vec<Named>) {
    senses.extend(errno::NAMES.iter().map(|(name, _)| (*name, Group::Error, None)));
    senses.extend(TcpState::ALL.map(|state| (state.name(), Group::State, None)));
    for option in option::OPTIONS {
        let doc = match (option.can_be_read(), page(option.level)) {
            (true, page) => format!("`set` sets it, `expect` looks at it; man 7 {page}."),
            (false, page) => format!("`set` sets it; man 7 {page}."),
        };
        senses.push((option.name, Group::Option, Some(sense("socket option", &doc))));
    }
    for (name, number) in alert::NAMES {
        let doc = format!("Number {number}, RFC 8446 section 6; `fails` may name it.");
        senses.push((name, Group::Alert, Some(sense("alert of TLS", &doc))));
    }
}

/// The man page of a level of options.
fn page(level: i32) -> &'static str {
    match level {
        libc::IPPROTO_TCP => "tcp",
        libc::IPPROTO_IP => "ip",
        libc::IPPROTO_IPV6 => "ipv6",
        libc::IPPROTO_UDP => "udp",
        _ => "socket",
    }
}
