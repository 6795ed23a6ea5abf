//! Events that are words, not bytes: calls with their addresses, options, attributes, ends.

use super::super::values;
use super::{Phrase, all_of, any_of, counted, cut, end_word, endpoint, quoted};

/// How many characters of a command stand in a sentence.
const COMMAND: usize = 44;

/// What the words of an event say.
pub(super) fn phrase(words: &str) -> Phrase {
    let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
    begins(verb, rest)
        .or_else(|| ends(verb, rest))
        .or_else(|| sees(verb, rest))
        .or_else(|| other(verb, rest))
        .unwrap_or_else(|| Phrase::new("does", "did", &quoted(&cut(words, COMMAND))))
}

/// What makes an endpoint.
fn begins(verb: &str, rest: &str) -> Option<Phrase> {
    Some(match verb {
        "socket" => {
            let (proto, more) = rest.split_once(' ').unwrap_or((rest, ""));
            Phrase::new("is created as a", "was created as a", &with(&format!("{proto} socket"), &place(more, true)))
        }
        "bind" => Phrase::new("binds to", "bound to", &place(rest, false)),
        "listen" if rest.is_empty() || rest.starts_with("backlog ") => {
            Phrase::new("listens", "listened", &place(rest, false))
        }
        "listen" => Phrase::new("listens on", "listened on", &place(rest, false)),
        "accept" => match rest.strip_prefix("at ") {
            Some(listener) => {
                Phrase::new("accepts a connection to", "accepted a connection to", &place(listener, true))
            }
            None => Phrase::new("accepts", "accepted", &place(rest, true)),
        },
        "connect" => {
            let rest = rest.replacen(" host ", " from-host ", 1);
            Phrase::new("connects to", "connected to", &place(&rest, true))
        }
        "pair" => Phrase::new("is paired with", "was paired with", &place(rest, true)),
        "dup" => Phrase::new("becomes one more descriptor of", "became one more descriptor of", &place(rest, true)),
        "run" => Phrase::new("runs", "ran", &quoted(&cut(rest, COMMAND))),
        "open" => Phrase::new("opens", "opened", &quoted(rest)),
        _ => return None,
    })
}

/// Addresses with what stands beside them. Where they may be endpoints, these are marked as names.
fn place(rest: &str, has_names: bool) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        said.push(match word {
            "from" => format!("from {}", endpoint(next())),
            "host" => format!("on host {}", quoted(next())),
            "from-host" => format!("from host {}", quoted(next())),
            "backlog" => format!("with a backlog of {}", next()),
            "network" => format!("over {}", next()),
            "domain" => format!("of the family {}", next()),
            "type" => format!("of the type {}", next()),
            "protocol" => format!("of the protocol {}", next()),
            _ if has_names => endpoint(word),
            _ => word.to_owned(),
        });
    }
    said.join(" ")
}

/// What ends a connection, or a program.
fn ends(verb: &str, rest: &str) -> Option<Phrase> {
    Some(match verb {
        "shutdown" => {
            let (way, more) = rest.split_once(' ').unwrap_or((rest, ""));
            let way = match way {
                "write" => "writing",
                "read" => "reading",
                _ => "both directions",
            };
            Phrase::new("shuts down", "shut down", &with(way, &left(more)))
        }
        "close" => Phrase::new("closes", "closed", &left(rest)),
        "reset" => Phrase::new("resets the connection", "reset the connection", &left(rest)),
        "disconnect" => Phrase::new("dissolves its connection", "dissolved its connection", rest),
        "close-input" => Phrase::new("has its input closed", "had its input closed", &left(rest)),
        "signal" => Phrase::new("is sent", "was sent", &format!("SIG{rest}")),
        "exit" => exit(rest),
        _ => return None,
    })
}

/// How a program ends; where it may be one of several ways, that is said.
fn exit(how: &str) -> Phrase {
    match how.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => {
            let ends: Vec<String> = list
                .split(", ")
                .map(|how| if how.starts_with("SIG") { format!("by {how}") } else { format!("with status {how}") })
                .collect();
            Phrase::new("may end", "could end", &any_of(&ends.iter().map(String::as_str).collect::<Vec<_>>()))
        }
        None if how.is_empty() => Phrase::new("ends", "ended", ""),
        None if how.starts_with("SIG") => Phrase::new("is ended by", "was ended by", how),
        None => Phrase::new("ends with status", "ended with status", how),
    }
}

/// What an endpoint sees, and what it is asked.
fn sees(verb: &str, rest: &str) -> Option<Phrase> {
    let from = |rest: &str| if rest.is_empty() { String::new() } else { super::flag(rest, "recv") };
    Some(match verb {
        "eof" | "truncated" => Phrase::new("sees", "saw", &with(end_word(verb), &from(rest))),
        "expect" if matches!(rest, "reset" | "readable" | "writable") => Phrase::new("sees", "saw", end_word(rest)),
        "expect" => attributes(rest),
        "print-end" if rest == "from stderr" => Phrase::new("closes its error output", "closed its error output", ""),
        "print-end" => Phrase::new("closes its output", "closed its output", ""),
        "quiet" => Phrase::new("prints nothing for", "printed nothing for", rest),
        "silence" => Phrase::new("sees nothing for", "saw nothing for", rest),
        "readable" | "writable" => Phrase::new("is", "was", verb),
        _ if verb.starts_with('[') => {
            let (list, more) = rest.split_once(']').unwrap_or((rest, ""));
            let all = format!("{} {list}", verb.trim_start_matches('['));
            let all = all.trim_end().trim_end_matches(']');
            if all.split(", ").all(|end| matches!(end, "readable" | "writable")) {
                return Some(Phrase::new("is", "was", &any_of(&all.split(", ").collect::<Vec<_>>())));
            }
            let ends: Vec<&str> = all.split(", ").map(end_word).collect();
            Phrase::new("sees", "saw", &with(&any_of(&ends), &from(more.trim_start())))
        }
        _ => return None,
    })
}

fn other(verb: &str, rest: &str) -> Option<Phrase> {
    Some(match verb {
        "recv" => Phrase::new("receives", "received", rest),
        "send" => Phrase::new("sends", "sent", rest),
        "read" if rest.ends_with(" discard") => {
            let bytes = number(rest.trim_end_matches(" discard"), "byte");
            Phrase::new("throws", "threw", &format!("{bytes} away without reading them"))
        }
        "read" => Phrase::new("reads", "read", &with("up to", &number(rest, "byte"))),
        "set" => {
            let each: Vec<String> =
                values::pairs(rest).iter().map(|(name, value)| format!("{name} to {value}")).collect();
            Phrase::new("sets", "set", &all_of(&each.iter().map(String::as_str).collect::<Vec<_>>()))
        }
        "tls" => tls(rest),
        _ => return None,
    })
}

/// `1.3 alpn h2 sni a.example`, or the side that begins where that fails.
fn tls(rest: &str) -> Phrase {
    let Some(agreed) = values::agreed(rest) else {
        return Phrase::new("speaks TLS", "spoke TLS", rest);
    };
    let value = |wanted: &str| agreed.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let begins = value("side");
    let others = agreed.iter().filter_map(|(name, value)| match *name {
        "side" | "version" => None,
        "alpn" if begins.is_some() => Some(format!("offers {} by ALPN", set(value))),
        "alpn" => Some(format!("agrees on {value} by ALPN")),
        "sni" => Some(format!("asks for the name {value}")),
        "cert" => Some(format!("shows {}", certificate(value))),
        _ => Some(authorities(value).now),
    });
    let others: Vec<String> = others.collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    let version = value("version").map_or_else(String::new, |version| format!(" {}", set(version)));
    match begins {
        Some(side) => Phrase::new("begins", "began", &format!("TLS{version} as the {side}{others}")),
        None => Phrase::new("speaks", "spoke", &format!("TLS{version}{others}")),
    }
}

/// Which certificate an end shows.
pub(in super::super) fn certificate(value: &str) -> String {
    match value {
        "true" => "a certificate of the run's authority".to_owned(),
        "false" => "no certificate".to_owned(),
        file => format!("the certificate of {}", quoted(file)),
    }
}

/// What an end asks of the other one's certificate.
pub(in super::super) fn authorities(value: &str) -> Phrase {
    match value {
        "true" => Phrase::new("checks", "checked", "the other end's certificate"),
        "false" => Phrase::new("takes", "took", "any certificate of the other end"),
        file => Phrase::new("trusts", "trusted", &format!("the authorities in {}", quoted(file))),
    }
}

fn with(words: &str, rest: &str) -> String {
    if rest.is_empty() { words.to_owned() } else { format!("{words} {rest}") }
}

/// `unread 5`, and whether TLS tells that it ends, after a close.
fn left(rest: &str) -> String {
    let mut said = Vec::new();
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        said.push(match (word, value) {
            ("unread", "~") => "with bytes unread".to_owned(),
            ("unread", count) => format!("with {} unread", number(count, "byte")),
            ("notify", "false") => "without close_notify".to_owned(),
            ("notify", _) => "with close_notify".to_owned(),
            ("host", host) => format!("on host {}", quoted(host)),
            (word, value) => format!("{word} {value}"),
        });
    }
    said.join(" ")
}

fn number(count: &str, noun: &str) -> String {
    count.parse().map_or_else(|_| format!("{count} {noun}s"), |count| counted(count, noun))
}

/// `state=FIN-WAIT-2 unread=5`, as they are seen.
fn attributes(list: &str) -> Phrase {
    let each: Vec<Phrase> = values::pairs(list).iter().map(|(name, value)| attribute(name, value)).collect();
    if each.is_empty() {
        return Phrase::new("shows", "showed", list);
    }
    let all = |of: fn(&Phrase) -> &str| all_of(&each.iter().map(of).collect::<Vec<_>>());
    Phrase { now: all(|phrase| &phrase.now), past: all(|phrase| &phrase.past) }
}

/// One attribute, as it is seen.
pub(in super::super) fn attribute(name: &str, value: &str) -> Phrase {
    let set = set(value);
    match name {
        "state" => Phrase::new("is in state", "was in state", &set),
        "unread" => Phrase::new("has", "had", &(number(&set, "byte") + " unread")),
        "unsent" => Phrase::new("has", "had", &(number(&set, "byte") + " unsent")),
        "queue" => Phrase::new("has", "had", &format!("a queue of {}", number(&set, "connection"))),
        "peer" => Phrase::new("has", "had", &format!("{} as its peer", names(value))),
        "local" if value.contains(':') => Phrase::new("has", "had", &format!("the address {set}")),
        "local" => Phrase::new("has", "had", &format!("the address of {}", names(value))),
        "tls" => Phrase::new("has agreed in TLS on", "had agreed in TLS on", value.trim_matches(['{', '}'])),
        name => Phrase::new("has", "had", &format!("{name} {set}")),
    }
}

/// Endpoints of which any will do.
pub(in super::super) fn names(value: &str) -> String {
    let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(value);
    let names: Vec<String> = list.split(", ").map(endpoint).collect();
    any_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// `[a, b]` in words.
pub(in super::super) fn set(value: &str) -> String {
    match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => any_of(&list.split(", ").collect::<Vec<_>>()),
        None => value.to_owned(),
    }
}
