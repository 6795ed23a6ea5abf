//! Names with values: options that are set, attributes that are looked at, what two ends agree on in TLS.

use super::fields;
use super::finding::{Finding, Weight};
use super::phrase::{self, attribute, authorities, certificate, set};

/// `NAME=VALUE` one by one; a value in brackets is one.
pub(super) fn pairs(list: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let ends = list.char_indices().chain([(list.len(), ' ')]);
    for (at, c) in ends {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ' ' if depth <= 0 => {
                pairs.extend(list[start..at].split_once('='));
                start = at + 1;
            }
            _ => {}
        }
    }
    pairs
}

/// What has another value now, what is new, and what is gone.
fn changed<'p>(
    old: &'p [(&'p str, &'p str)],
    new: &'p [(&'p str, &'p str)],
) -> impl Iterator<Item = (&'p str, Option<&'p str>, Option<&'p str>)> {
    let value = |list: &[(&'p str, &'p str)], name: &str| {
        list.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    };
    let names = new.iter().chain(old.iter().filter(move |(name, _)| value(new, name).is_none())).map(|(name, _)| *name);
    names.map(move |name| (name, value(old, name), value(new, name))).filter(|(_, old, new)| old != new)
}

pub(super) fn options(old: &str, new: &str, who: &str) -> Vec<Finding> {
    let (old, new) = (pairs(old), pairs(new));
    let told = changed(&old, &new).map(|change| match change {
        (name, Some(was), Some(is)) => format!("now sets {name} to {is} where it set it to {was}"),
        (name, None, is) => format!("now also sets {name} to {}", is.unwrap_or_default()),
        (name, Some(was), None) => format!("no longer sets {name} (to {was})"),
    });
    told.map(|what| Finding::does(Weight::Words, who, what)).collect()
}

pub(super) fn attributes(old: &str, new: &str, who: &str) -> Vec<Finding> {
    let (old, new) = (pairs(old), pairs(new));
    let told = changed(&old, &new).map(|(name, was, is)| match (was, is) {
        (Some(was), Some(is)) => {
            let is = attribute(name, is).now;
            Finding::does(Weight::Seen, who, format!("{} where it {}", fields::now(&is), before(name, was)))
        }
        (None, is) => {
            let text = format!("it is now checked, too, that {who} {}", attribute(name, is.unwrap_or_default()).now);
            Finding::plain(Weight::Seen, text)
        }
        (Some(was), None) => {
            let text = format!("it is no longer checked that {who} {}", attribute(name, was).now);
            Finding::plain(Weight::Seen, text)
        }
    });
    told.collect()
}

/// What an attribute was, after what it is.
fn before(name: &str, was: &str) -> String {
    match name {
        "state" => format!("was in {}", set(was)),
        "unread" | "unsent" => format!("had {}", set(was)),
        "queue" => format!("had one of {}", set(was)),
        "peer" => format!("had {}", phrase::names(was)),
        "local" => attribute(name, was).past,
        _ => attribute(name, was).past.replacen(&format!("{name} "), "", 1),
    }
}

/// What two ends have agreed on: the version, then words with their values. Of a handshake that fails
/// the side first, and what that asks for.
pub(super) fn agreed(words: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = words;
    let mut next = || {
        let (mut depth, text) = (0_i32, rest.trim_start_matches(' '));
        let end = text.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            c == ' ' && depth == 0
        });
        let (word, after) = text.split_at(end.unwrap_or(text.len()));
        rest = after;
        (!word.is_empty()).then_some(word)
    };
    let first = next()?;
    let name = match first {
        "server" | "client" => "side",
        _ if first.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '~' | '<')) => "version",
        _ => return None,
    };
    let mut agreed = vec![(name, first)];
    while let Some(word) = next() {
        agreed.push((word, next().unwrap_or_default()));
    }
    Some(agreed)
}

pub(super) fn tls(old: &str, new: &str, who: &str) -> Option<Vec<Finding>> {
    let (old, new) = (agreed(old)?, agreed(new)?);
    let asks = new[0].0 == "side" && old[0].0 == "side";
    let told = changed(&old, &new).map(|change| match change {
        ("side", was, is) => {
            format!("now begins TLS as the {} where it was the {}", is.unwrap_or_default(), was.unwrap_or_default())
        }
        ("version", was, is) => {
            let version = |version: Option<&str>| {
                version.map_or_else(|| "any version of TLS".to_owned(), |version| format!("TLS {version}"))
            };
            let (does, did) = if asks { ("asks for", "asked for") } else { ("speaks", "spoke") };
            format!("now {does} {} where it {did} {}", version(is), version(was))
        }
        ("alpn", was, is) if asks => format!("now offers {} where it offered {}", protocol(is), protocol(was)),
        ("alpn", was, is) => format!("now agrees on {} where it agreed on {}", protocol(is), protocol(was)),
        ("sni", was, is) => {
            let server =
                |name: Option<&str>| name.map_or_else(|| "no name".to_owned(), |name| format!("the name {name}"));
            format!("now asks for {} in TLS (SNI) where it asked for {}", server(is), server(was))
        }
        ("cert", was, is) => {
            one_of(was, is, |value| (format!("shows {}", certificate(value)), format!("showed {}", certificate(value))))
        }
        (_, was, is) => one_of(was, is, |value| {
            let phrase = authorities(value);
            (phrase.now, phrase.past)
        }),
    });
    Some(told.map(|what| Finding::does(Weight::Seen, who, what)).collect())
}

/// What is now done in TLS, and what was, where either may be left to what is usual.
fn one_of(was: Option<&str>, is: Option<&str>, said: impl Fn(&str) -> (String, String)) -> String {
    match (was.map(&said), is.map(&said)) {
        (Some((_, did)), Some((does, _))) => format!("now {does} in TLS where it {did}"),
        (None, Some((does, _))) => format!("now {does} in TLS"),
        (Some((does, _)), None) => format!("no longer {does} in TLS"),
        (None, None) => String::new(),
    }
}

fn protocol(name: Option<&str>) -> String {
    name.map_or_else(|| "no protocol (ALPN)".to_owned(), |name| format!("{} by ALPN", set(name)))
}
