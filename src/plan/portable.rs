//! What of a spec Linux alone has. Elsewhere such a spec is ignored, as if it had `requires: [linux]`.

use std::net::{Ipv4Addr, SocketAddr};

use crate::model::address::{Address, UnixName};
use crate::model::network::Kind;
use crate::model::platform::LINUX_ONLY;
use crate::model::value::Value;
use crate::spec::ast::{Call, Expectation, Fails, Scalar, Spec, Step, StepKind, Verb, Wanted};

use super::build::later;
use super::case::Case;

/// The words of a case that only Linux knows, in written order, each once: options, families, types and
/// protocols; abstract names and packets of Unix sockets; error queues, credentials, MSG_MORE, RDHUP, what a
/// listener's queue holds; the addresses of the loopback device beyond the first.
pub fn linux_only<'a>(spec: &'a Spec, case: &'a Case) -> Vec<&'a str> {
    let mut words = Vec::new();
    let mut find = |word: &'a str, is_one: bool| {
        if is_one && !words.contains(&word) {
            words.push(word);
        }
    };
    for (_, value) in &spec.vars {
        find(&value.text, is_linux_only(&value.text));
    }
    for value in case.values.iter().filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None }) {
        find(value, is_linux_only(value));
    }
    in_steps(&spec.steps, &mut find);
    words
}

/// Whether a case can be run on Linux alone: what it is about is Linux's, or the runner needs Linux for it,
/// to start programs and to keep ports from others.
pub fn needs_linux(spec: &Spec, case: &Case) -> bool {
    let is_run = |step: &Step| matches!(&step.kind, StepKind::Call(call) if matches!(call.verb, Verb::Run(_)));
    !spec.ports.is_empty() || later::any(&spec.steps, &is_run) || !linux_only(spec, case).is_empty()
}

/// What is told of a word that was found: whether Linux alone has it.
type Find<'f, 'a> = dyn FnMut(&'a str, bool) + 'f;

fn in_steps<'a>(steps: &'a [Step], find: &mut Find<'_, 'a>) {
    later::each_step(steps, &mut |step| match &step.kind {
        StepKind::Call(call) if !tells_of_others(call) => in_verb(&call.verb, find),
        StepKind::Include(include) => {
            for (_, value) in &include.with {
                find(&value.text, is_linux_only(&value.text));
            }
            if let Some(contents) = &include.contents {
                in_steps(&contents.steps, find);
            }
        }
        _ => {}
    });
}

/// Whether a call says what it gives on other systems.
fn tells_of_others(call: &Call) -> bool {
    let Some(Fails::ByPlatform(outcomes)) = &call.fails else { return false };
    outcomes.iter().any(|(platform, _)| platform.text != "linux")
}

fn in_verb<'a>(verb: &'a Verb, find: &mut Find<'_, 'a>) {
    let mut word = |scalar: &'a Scalar| find(&scalar.text, is_linux_only(&scalar.text));
    match verb {
        Verb::Socket { network, triple } => [network].into_iter().chain(triple.iter().flatten()).for_each(word),
        Verb::Bind { address } => word(address),
        Verb::Listen { address: of, .. } | Verb::Pair { network: of, .. } => of.iter().for_each(word),
        Verb::Connect { to, from } => [to].into_iter().chain(from).for_each(word),
        Verb::Send { to, more, .. } => {
            to.iter().for_each(word);
            find("more", more.is_some());
        }
        Verb::Recv { from, beside, .. } => {
            from.iter().for_each(word);
            find("credentials", beside.credentials.is_some());
            find("errqueue", beside.errqueue.is_some());
        }
        Verb::Set { options } => options.iter().for_each(|(name, _)| word(name)),
        Verb::Expect { what: Expectation::Attributes(attributes), .. } => {
            for (name, wanted) in attributes {
                let is_of_a_queue = matches!(name.text.as_str(), "queue" | "backlog");
                find(&name.text, is_of_a_queue || is_linux_only(&name.text));
                if let (Wanted::Any(events), "poll") = (wanted, name.text.as_str()) {
                    for event in events {
                        find(&event.text, matches!(event.text.as_str(), "RDHUP" | "POLLRDHUP"));
                    }
                }
            }
        }
        _ => {}
    }
}

/// Whether a word is an address or a constant that only Linux has.
fn is_linux_only(word: &str) -> bool {
    if LINUX_ONLY.contains(&word) {
        return true;
    }
    match Address::parse(word) {
        Ok(Address::Any(network)) => network.is_unix() && network.kind() == Kind::Packet,
        Ok(Address::Unix { network, name }) => network.kind() == Kind::Packet || !matches!(name, UnixName::Path(_)),
        Ok(Address::Inet { address: SocketAddr::V4(at), .. }) => {
            at.ip().is_loopback() && *at.ip() != Ipv4Addr::LOCALHOST
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Settings, cases};

    /// The words of the last case of a spec.
    fn words(head: &str, steps: &str) -> Vec<String> {
        let text = format!("about: x\n{head}steps: [{steps}]\n");
        let file = crate::source::SourceFile::new("x", "x", text);
        let spec = crate::spec::parse(&file).spec;
        let cases = cases(&spec, &Settings::default(), &mut Vec::new());
        let words = cases.last().map(|case| linux_only(&spec, case)).unwrap_or_default();
        words.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_only_linux_has_is_found_wherever_it_stands() {
        for (steps, word) in [
            ("{a: {set: {TCP_CORK: true}}}", "TCP_CORK"),
            ("{repeat: 2, steps: [{a: {expect: {SO_PEERCRED: self}}}]}", "SO_PEERCRED"),
            ("{a: {expect: {queue: 1}}}", "queue"),
            ("{a: {expect: {poll: [IN, RDHUP]}}}", "RDHUP"),
            ("{a: {pair: b, network: unixpacket}}", "unixpacket"),
            ("{a: {listen: \"unix:@name\"}}", "unix:@name"),
            ("{a: {bind: \"unix:@\"}}", "unix:@"),
            ("{a: {bind: \"udp://127.0.0.2:0\"}}", "udp://127.0.0.2:0"),
            ("{a: {connect: b, from: \"tcp://127.0.0.2:0\"}}", "tcp://127.0.0.2:0"),
            ("{a: {send: x, more: true}}", "more"),
            ("{a: {recv: x, credentials: self}}", "credentials"),
            ("{a: {recv: x, errqueue: {errno: ECONNREFUSED}}}", "errqueue"),
        ] {
            assert_eq!(words("", steps), [word], "{steps}");
        }
    }

    #[test]
    fn what_is_everywhere_is_not() {
        let steps = "{a: {listen: tcp}}, {b: {bind: \"udp://127.0.0.1:0\"}}, {c: {listen: \"unix:name\"}}, \
             {a: {set: {SO_REUSEADDR: true}}}, {a: {expect: {poll: [IN]}}}, {a: {recv: x}}, {a: {send: x}}";
        assert!(words("vars: {net: unix}\n", steps).is_empty());
    }

    #[test]
    fn a_step_that_says_what_other_systems_do_is_for_them() {
        let steps = |fails: &str| format!("{{a: {{pair: b, network: unixpacket, fails: {fails}}}}}");
        assert!(words("", &steps("{macos: EPROTONOSUPPORT}")).is_empty());
        assert_eq!(words("", &steps("{linux: EMFILE}")), ["unixpacket"]);
        assert_eq!(words("", &steps("EMFILE")), ["unixpacket"]);
    }

    #[test]
    fn programs_and_reserved_ports_need_linux() {
        let needs = |head: &str, steps: &str| {
            let file = crate::source::SourceFile::new("x", "x", format!("about: x\n{head}steps: [{steps}]\n"));
            let spec = crate::spec::parse(&file).spec;
            let cases = cases(&spec, &Settings::default(), &mut Vec::new());
            cases.iter().all(|case| needs_linux(&spec, case))
        };
        assert!(needs("", "{retry: 1s, steps: [{p: {run: [cat]}}]}"));
        assert!(needs("ports: [http]\n", "{a: {connect: \"tcp://127.0.0.1:${http}\"}}"));
        assert!(!needs("", "{a: {listen: tcp}}"));
    }

    #[test]
    fn values_count_where_they_are_those_of_the_case() {
        assert_eq!(words("matrix: {net: [unix, unixpacket]}\n", "{a: {listen: \"${net}\"}}"), ["unixpacket"]);
        assert!(words("matrix: {net: [unixpacket, unix]}\n", "{a: {listen: \"${net}\"}}").is_empty());
        assert_eq!(words("vars: {at: \"unix:@x\"}\n", "{a: {listen: \"${at}\"}}"), ["unix:@x"]);
    }
}
