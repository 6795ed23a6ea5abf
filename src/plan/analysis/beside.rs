//! What a receive asks for beside its bytes, and how a `read` makes its call: which sockets have it, and
//! what cannot stand together.

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::network::Kind;
use crate::plan::build::payload::known_size;
use crate::plan::pattern::{Form, Pattern};
use crate::plan::receive::{Beside, Destination, Offender, Origin, QueuedError, ReadHow, Whose, option_for};
use crate::plan::walk::any;
use crate::plan::{Call, Mode, Number, Verb};

use super::endpoints::{Layer, Role, key};
use super::walk::{Outcome, Walk};

/// What is wrong with a word of the call, and a way out.
type Wrong = (&'static str, String, String);

impl<'p> Walk<'p, '_> {
    /// A receive at an endpoint that is open.
    pub(super) fn check_beside(&mut self, index: usize, call: &'p Call, outcome: Outcome) {
        let wrong = match &call.verb {
            Verb::Recv { beside, .. } => {
                let wrong = self.no_other_sender(index, call).or_else(|| self.no_such_message(index, beside));
                let wrong = wrong.or_else(|| not_together(call, beside));
                let wrong = wrong.or_else(|| self.no_such_error(index, beside.errqueue.as_ref()?));
                wrong.or_else(|| self.nothing_tells(index, call, beside, outcome))
            }
            Verb::Read { size, how, is } => {
                let wrong = self.no_such_call(index, *how, outcome).or_else(|| not_so(call, *how, is.as_ref()));
                wrong.or_else(|| too_much(size, is.as_ref()?))
            }
            _ => None,
        };
        if let Some((word, message, help)) = wrong {
            self.wrong_kind_at(self.key_of_step(word, call.verb_span), call, message, &help);
        }
    }

    /// The endpoints that are named beside a pattern must be there.
    pub(super) fn check_named_beside(&mut self, call: &'p Call, beside: &'p Beside) {
        let offender = beside.errqueue.as_ref().and_then(|error| match error.offender.as_ref()? {
            Offender::At(from) => Some(from),
            Offender::Nobody => None,
        });
        for destination in beside.to.iter().chain(offender) {
            if let Destination::Endpoint(name) = destination {
                self.known(name);
            }
        }
        beside.credentials.iter().for_each(|whose| self.check_whose(call, whose));
    }

    /// Whose credentials are asked for: a program must be there, and be one.
    pub(super) fn check_whose(&mut self, call: &'p Call, whose: &'p Whose) {
        let Whose::Program(name) = whose else { return };
        let network = self.find(&key(&call.endpoint)).and_then(|index| self.endpoints[index].network);
        if network.is_some_and(|network| !network.is_unix()) {
            // That there are no credentials at all is the mistake.
            return;
        }
        let key = key(name);
        let role = self.find(&key).map(|index| self.endpoints[index].role);
        if matches!(role, Some(Role::Program | Role::Ended | Role::Unknown)) || self.may_be_there(&key) {
            return;
        }
        let message = match role {
            Some(_) => format!("`{key}` is no program, and has the credentials of sockspec itself"),
            None if self.is_created(&key) => return self.missing(&key, name.span),
            None => format!("there is no program `{key}`"),
        };
        let programs = self.endpoints.iter().filter(|known| matches!(known.role, Role::Program | Role::Ended));
        let known = programs.map(|program| program.name.as_ref()).chain(["self"]);
        let help = match nearest(&key, known).filter(|_| role.is_none()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write `self`, or the name of a program that the spec has started with `run`".to_owned(),
        };
        self.found.push(Diagnostic::error("unknown-credentials", name.span, message).help(help));
    }

    /// Whose bytes they are, where they can be nobody's but the peer's.
    fn no_other_sender(&self, index: usize, call: &Call) -> Option<Wrong> {
        let Verb::Recv { from, sender, .. } = &call.verb else { return None };
        let word = from.as_ref().map(|_| "from").or(sender.as_ref().map(|_| "sender"))?;
        let endpoint = &self.endpoints[index];
        let network = endpoint.network.filter(|network| network.kind() == Kind::Stream)?;
        let message = format!("`{}` is of the network `{network}`, a stream, which has no `{word}`", endpoint.name);
        let help = "its bytes come from its peer alone: leave it out; `expect: {peer: …}` tells who that is";
        Some((word, message, help.to_owned()))
    }

    /// A control message that sockets of the network never give.
    fn no_such_message(&self, index: usize, beside: &Beside) -> Option<Wrong> {
        let endpoint = &self.endpoints[index];
        let network = endpoint.network?;
        let name = &endpoint.name;
        let may_be_unnamed = network.is_tcp() || (network.is_unix() && network.kind() == Kind::Datagram);
        if beside.unnamed && !may_be_unnamed {
            let message = format!("`{name}` is of the network `{network}`, where `from` is never `none`");
            let help = "only TCP, and the datagrams of Unix sockets that have no name, come without an address";
            return Some(("from", message, help.to_owned()));
        }
        if let Some(Destination::Ip(ip, _)) = beside.to
            && network.is_udp()
            && !network.is_v6()
            && ip.to_canonical().is_ipv6()
        {
            let message = format!("`{name}` is of the network `{network}`, and nothing is sent to `{ip}` there");
            return Some(("to", message, "write an IPv4 address, such as `127.0.0.1`".to_owned()));
        }
        let word = beside.word()?;
        let help = match word {
            "credentials" if !network.is_unix() => "credentials come over Unix sockets alone",
            "errqueue" if !network.is_udp() => "UDP alone keeps the datagrams that met an error",
            "to" if !network.is_udp() => "only datagrams of UDP tell where they were sent to",
            _ => return None,
        };
        Some((word, format!("`{name}` is of the network `{network}`, which has no `{word}`"), help.to_owned()))
    }

    /// An error as none comes.
    fn no_such_error(&self, index: usize, error: &QueuedError) -> Option<Wrong> {
        let network = self.endpoints[index].network?;
        let of_icmp = [
            ("type", error.kind.is_some_and(|kind| kind != 0)),
            ("code", error.code.is_some_and(|code| code != 0)),
            ("offender", matches!(error.offender, Some(Offender::At(_)))),
        ];
        let of_icmp = of_icmp.into_iter().find(|(_, is_written)| *is_written);
        match (error.origin, of_icmp) {
            (Some(Origin::Local), Some((word, _))) => {
                let message =
                    format!("`{word}` is of an ICMP message, and an error of the origin `local` is the own kernel's");
                Some((word, message, format!("leave `{word}` out, or write another `origin`")))
            }
            (Some(Origin::Icmp6), _) if !network.is_v6() => {
                let message =
                    format!("`{}` is of the network `{network}`, and ICMPv6 is of IPv6", self.endpoints[index].name);
                Some(("origin", message, "write `origin: icmp`".to_owned()))
            }
            _ => None,
        }
    }

    /// What the socket tells only where an option says so, which no step sets.
    fn nothing_tells(&self, index: usize, call: &Call, beside: &Beside, outcome: Outcome) -> Option<Wrong> {
        let endpoint = &self.endpoints[index];
        let word = beside.word()?;
        let option = option_for(word, endpoint.network?)?.name;
        let mut sets = |call: &Call| match &call.verb {
            Verb::Set(options) => options.iter().any(|(set, _)| set.name == option),
            // It may come from a program, which has set it.
            Verb::Recv { takes, .. } => !takes.is_empty(),
            _ => false,
        };
        if outcome != Outcome::Succeeds || any(self.all, &mut sets) {
            return None;
        }
        let name = key(&call.endpoint);
        let help = format!("set it before: `- {name}: {{set: {{{option}: true}}}}`");
        Some((word, format!("`{word}` needs {option}, which no step sets"), help))
    }

    /// A flag that means nothing to such a socket.
    fn no_such_call(&self, index: usize, how: ReadHow, outcome: Outcome) -> Option<Wrong> {
        let endpoint = &self.endpoints[index];
        let (name, word) = (&endpoint.name, how.word()?);
        if let (Layer::Tls(_), true) = (endpoint.tls, how.waitall || how.discard) {
            let message = format!("`{name}` speaks TLS, which has no `{word}`");
            return Some((word, message, "leave it out, or do it before `tls`".to_owned()));
        }
        let network = endpoint.network.filter(|_| outcome == Outcome::Succeeds)?;
        let is_stream = network.kind() == Kind::Stream;
        let (word, help) = if how.cut.is_cut() && is_stream {
            ("truncated", "a stream has no messages that could be cut: leave it out")
        } else if how.waitall && !is_stream {
            ("waitall", "MSG_WAITALL does nothing to messages, which come whole: leave it out")
        } else if how.discard && !network.is_tcp() {
            ("discard", "MSG_TRUNC throws bytes away on TCP alone; on messages, `truncated: 10` tells their size")
        } else {
            return None;
        };
        Some((word, format!("`{name}` is of the network `{network}`, which has no `{word}`"), help.to_owned()))
    }
}

/// Words of a `recv` that exclude each other.
fn not_together(call: &Call, beside: &Beside) -> Option<Wrong> {
    let Verb::Recv { from, sender, peek, urgent, takes, .. } = &call.verb else { return None };
    let word = beside.word()?;
    let others = [
        (
            "from",
            from.is_some() && word == "errqueue",
            "an error comes from nobody's socket: `to` names its datagram's",
        ),
        ("sender", sender.is_some() && word == "errqueue", "an error has no sender to be named"),
        (
            "peek",
            *peek && matches!(word, "errqueue" | "credentials"),
            "what is only looked at stays where it is: take it in another step",
        ),
        ("urgent", *urgent && word != "ctrunc", "receive the urgent byte in a step of its own"),
        ("takes", !takes.is_empty() && word == "errqueue", "an error comes without descriptors"),
        ("credentials", beside.credentials.is_some() && word == "errqueue", "an error comes without credentials"),
        ("ctrunc", beside.ctrunc && word == "errqueue", "an error comes without descriptors"),
        (
            "credentials",
            beside.credentials.is_some() && beside.ctrunc,
            "without room for descriptors there is none for credentials",
        ),
        (
            "blocking",
            call.mode == Mode::Blocking && word == "errqueue",
            "no call waits for the error queue: without `blocking`, the step waits until an error is there",
        ),
    ];
    let (other, _, help) = others.into_iter().find(|(_, together, _)| *together)?;
    // Of two that are both new, the later is the one too many.
    let (word, other) = if other == "credentials" && word == "credentials" { ("ctrunc", other) } else { (word, other) };
    Some((word, format!("`{word}` and `{other}` cannot stand beside each other"), help.to_owned()))
}

/// Words of a `read` that exclude each other, or need another.
fn not_so(call: &Call, how: ReadHow, is: Option<&Pattern>) -> Option<Wrong> {
    if how.waitall && call.mode != Mode::Blocking {
        let message = "a call that does not block waits for nothing, so `waitall` would do nothing".to_owned();
        return Some(("waitall", message, "write `blocking: true` beside it".to_owned()));
    }
    if how.waitall && how.discard {
        let message = "`waitall` and `discard` cannot stand beside each other".to_owned();
        return Some(("waitall", message, "leave one of them out".to_owned()));
    }
    if how.discard && is.is_some() {
        let message = "`discard` copies nothing that could be compared".to_owned();
        return Some(("discard", message, "leave out what the bytes must be, or `discard`".to_owned()));
    }
    None
}

/// More bytes than a `read` can give.
fn too_much(size: &Number, is: &Pattern) -> Option<Wrong> {
    let (Number::Known(size), Form::Exactly(payload)) = (size, &is.form) else { return None };
    let wanted = known_size(payload).filter(|wanted| wanted > size)?;
    let message = format!("a read of {size} bytes never gives {wanted}");
    Some(("is", message, format!("write what so many bytes are, or `read: {wanted}`")))
}
