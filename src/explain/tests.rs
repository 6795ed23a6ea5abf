#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_text_is_read_in_its_parts() {
    let topics = topics();
    let reset = find(&topics, "econnreset").unwrap();
    assert_eq!(reset.title, "Connection reset by peer");
    assert_eq!(reset.number, Some(libc::ECONNRESET));
    assert_eq!(reset.groups, [Group::Error]);
    assert!(matches!(&reset.text[0], Block::Paragraph(text) if text.starts_with("The connection was broken off: a")));
    assert!(reset.text.iter().filter(|block| matches!(block, Block::Item(_))).count() >= 5);
    assert!(reset.references.contains(&"RFC 9293 section 3.5.3"));
    assert!(reset.specs.contains(&"specs/tcp/reset/closing-with-unread-data-resets.yaml".to_owned()));
    assert!(reset.see_also.contains(&"EPIPE"));
    let wire = find(&topics, "wire").unwrap();
    assert!(wire.text.iter().any(|block| matches!(block, Block::Code(code) if code.lines().count() == 4)));
    assert_eq!(wire.groups, [Group::Trace, Group::Key]);
    assert_eq!(wire.senses[0].place, "key of a spec");
}

#[test]
fn a_word_is_found_however_it_is_written() {
    let topics = topics();
    let name = |word| find(&topics, word).map(|topic| topic.name.as_str());
    assert_eq!(name("104"), Some("ECONNRESET"));
    assert_eq!(name("`eConnReset`"), Some("ECONNRESET"));
    assert_eq!(name("EWOULDBLOCK"), Some("EAGAIN"));
    assert_eq!(name("Connection refused"), Some("ECONNREFUSED"));
    assert_eq!(name("time_wait"), Some("TIME-WAIT"));
    assert_eq!(name("FIN_WAIT2"), Some("FIN-WAIT-2"));
    assert_eq!(name("estab"), Some("ESTABLISHED"));
    assert_eq!(name("half close"), Some("half-close"));
    assert_eq!(name("error[unknown-verb]"), Some("unknown-verb"));
    assert_eq!(name("<server.port>"), Some("<name>"));
    assert_eq!(name("~/[0-9]+/"), Some("~"));
    assert_eq!(name("..{4}"), Some(".."));
    assert_eq!(name("lanes"), Some("lane"));
    assert_eq!(name("ipv6_join_group"), Some("IPV6_ADD_MEMBERSHIP"));
    assert_eq!(name("MSG_PEEK"), Some("peek"));
    assert_eq!(name("MSG_OOB"), Some("urgent"));
    assert_eq!(name("MSG_TRUNC"), Some("truncated"));
    assert_eq!(name("msg_ctrunc"), Some("ctrunc"));
    assert_eq!(name("SCM_RIGHTS"), Some("pass"));
    assert_eq!(name("SIGPIPE"), Some("raises"));
    assert_eq!(name("RDHUP"), Some("poll"));
    assert_eq!(name("POLLHUP"), Some("poll"));
    assert_eq!(name("OUT"), Some("poll"));
    assert_eq!(name("out"), Some("out"), "a form");
    assert_eq!(name("SHUT_RD"), Some("shutdown"));
    assert_eq!(name("SHUT_WR"), Some("shutdown"));
    assert_eq!(name("getpeername"), Some("peer"));
    assert_eq!(name("macos"), Some("fails"));
    assert_eq!(name("nonsense"), None);
    assert_eq!(nearest(&topics, "ECONRESET"), Some("ECONNRESET"));
    assert_eq!(nearest(&topics, "shutdwon"), Some("shutdown"));
}

#[test]
fn every_word_has_a_topic_that_says_something() {
    let topics = topics();
    let names: Vec<&str> = names::senses().into_iter().map(|(name, ..)| name).collect();
    for name in names {
        let topic = find(&topics, name).unwrap_or_else(|| panic!("no topic for {name}"));
        assert!(!topic.senses.is_empty() || !topic.text.is_empty() || !topic.title.is_empty(), "{name} says nothing");
    }
}

#[test]
fn errors_and_states_have_more_than_a_title() {
    for topic in topics() {
        if topic.groups == [Group::Error] || topic.groups == [Group::State] {
            assert!(!topic.title.is_empty(), "{} has no title", topic.name);
            assert!(!topic.references.is_empty(), "{} rests on nothing", topic.name);
        }
        assert!(topic.groups.len() <= 5 && !topic.groups.is_empty(), "{:?} of {}", topic.groups, topic.name);
    }
}

#[test]
fn what_to_see_also_is_there() {
    let topics = topics();
    let is_there = |name: &str| topics.iter().any(|known| known.name == name);
    let missing = topics.iter().flat_map(|topic| {
        let others = topic.see_also.iter().filter(|other| !is_there(other) || topic.name == **other);
        others.map(|other| format!("{} names {other}", topic.name))
    });
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_option_that_bundled_specs_use_names_some_of_them() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("specs")];
    let mut texts = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                texts.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let is_used = |name: &str| {
        let key = format!("{name}:");
        texts.match_indices(&key).any(|(at, _)| at == 0 || !texts.as_bytes()[at - 1].is_ascii_alphanumeric())
    };
    for topic in topics().iter().filter(|topic| topic.groups.contains(&Group::Option)) {
        assert!(!topic.specs.is_empty() || !is_used(&topic.name), "{} names no spec", topic.name);
        for spec in &topic.specs {
            let text = std::fs::read_to_string(root.join(spec)).unwrap();
            assert!(text.contains(&topic.name), "{spec} does not use {}", topic.name);
        }
    }
}

#[test]
fn names_stand_once() {
    let topics = topics();
    for (at, topic) in topics.iter().enumerate() {
        let again = topics[..at].iter().find(|other| other.name.eq_ignore_ascii_case(&topic.name));
        // Segments are written in capitals, as are the errors; words of the language are not.
        assert!(again.is_none_or(|other| other.name != topic.name), "{} stands twice", topic.name);
    }
}

#[test]
fn what_a_message_has_in_it_is_found() {
    let topics = topics();
    let found = |message| found_in(&topics, message);
    assert_eq!(found("other: bind failed with EADDRINUSE"), Some("EADDRINUSE"));
    assert_eq!(found("client: tls failed with certificate_unknown"), Some("certificate_unknown"));
    assert_eq!(found("client: silence 350ms does not end before the deadline of 1s"), Some("silence"));
    assert_eq!(found("conn: state is CLOSE-WAIT, where TIME-WAIT was expected"), Some("CLOSE-WAIT"));
    assert_eq!(found("SO_LINGER is 0"), Some("SO_LINGER"));
    assert_eq!(found("conn: byte 2 is \"EPIPE\", where \"i\" was expected"), None);
    assert_eq!(found("the datagram has 7 bytes more than the pattern takes"), None);
}
