//! Sending, receiving and waiting, and which kinds of endpoints can.

use crate::diagnostic::Diagnostic;
use crate::model::alert::Fault;
use crate::model::errno::Errno;
use crate::model::network::Kind;
use crate::plan::template::Template;
use crate::plan::walk::any;
use crate::plan::{Attribute, AttributeCheck, Call, Condition, Target, Verb};

use super::alike;
use super::endpoints::{Layer, Role, key};
use super::flow::Received;
use super::verbs::verb_name;
use super::walk::{Outcome, Walk};

impl<'p> Walk<'p, '_> {
    pub(super) fn send(&mut self, call: &'p Call, to: Option<&Target>, outcome: Outcome) {
        let Some(index) = self.open_for(call) else { return };
        self.needs_socket(index, call);
        let endpoint = &self.endpoints[index];
        let name = &endpoint.name;
        if outcome == Outcome::Succeeds {
            match endpoint.role {
                Role::Listener => {
                    let message = format!("`{name}` listens, and cannot `send`");
                    self.wrong_kind(call, message, "send on a connection that it has accepted");
                }
                Role::Fresh | Role::Bound if endpoint.is_datagram() && to.is_none() => {
                    let message = format!("`{name}` is not connected: where does this `send` go?");
                    self.wrong_kind(call, message, "write `to: ENDPOINT` beside it, or `connect` first");
                }
                _ => self.needs_connection(index, call),
            }
        }
        if let (Some(to), true) = (to, self.endpoints[index].is_datagram()) {
            self.check_meeting(index, to, outcome);
        }
        self.check_raises(index, call);
        self.check_pass(index, call, outcome);
        let passed = match &call.verb {
            Verb::Send { pass, .. } => self.passed(pass, outcome),
            _ => Vec::new(),
        };
        let socket = self.endpoints[index].socket;
        self.flow.send(socket, call, outcome, passed);
    }

    /// SIGPIPE comes with EPIPE, and never where MSG_NOSIGNAL or TLS is.
    fn check_raises(&mut self, index: usize, call: &Call) {
        let Verb::Send { raises: Some(raises), .. } = call.verb else { return };
        let fails_so = call.fails.contains(&Some(Fault::Errno(Errno(libc::EPIPE))));
        let (word, message, help) = if raises.signal && raises.nosignal {
            ("nosignal", "a send with `nosignal` raises no SIGPIPE", "leave `nosignal` out, or write `raises: none`")
        } else if raises.signal && !fails_so {
            let message = "SIGPIPE comes with EPIPE, which this step does not allow";
            ("raises", message, "write `fails: EPIPE` beside it, or `raises: none`")
        } else if matches!(self.endpoints[index].tls, Layer::Tls(_)) {
            ("raises", "TLS sends for itself, with MSG_NOSIGNAL", "leave `raises` out, or do it before `tls`")
        } else {
            return;
        };
        self.wrong_kind_at(self.key_of_step(word, call.verb_span), call, message.to_owned(), help);
    }

    pub(super) fn receive(&mut self, call: &'p Call, outcome: Outcome) {
        let mut passed = None;
        let index = self.open_for(call);
        if let Some(index) = index {
            self.needs_socket(index, call);
            self.check_receive(index, call, outcome);
            self.check_beside(index, call, outcome);
            let (name, socket) = (self.endpoints[index].name.clone(), self.endpoints[index].socket);
            match self.flow.receive(socket, &name, call, outcome) {
                Received::Certain(descriptors) => passed = Some(descriptors),
                Received::Never(finding) => self.found.push(*finding),
                Received::Unknown => {}
            }
        }
        self.take(index, call, outcome, passed);
        if let Verb::Recv { sender: Some(sender), .. } = &call.verb {
            self.sender(sender);
        }
    }

    fn check_receive(&mut self, index: usize, call: &Call, outcome: Outcome) {
        let endpoint = &self.endpoints[index];
        let stream = endpoint.network.is_some_and(|network| network.kind() == Kind::Stream);
        if outcome == Outcome::Succeeds && endpoint.role == Role::Listener {
            let message = format!("`{}` listens, and cannot `{}`", endpoint.name, verb_name(&call.verb));
            self.wrong_kind(call, message, "receive on a connection that it has accepted");
        } else if outcome == Outcome::Succeeds {
            self.needs_connection(index, call);
        }
        let may_be_cut = matches!(call.verb, Verb::Read { how, .. } if !how.waitall);
        if stream && self.in_lane() && may_be_cut {
            let message = "the kernel is free to cut a stream, so what one `read` gives may vary";
            self.found.push(
                Diagnostic::warning("read-in-lane", call.verb_span, message)
                    .help("in a lane of `parallel`, use `recv`: it takes what its pattern frames, however it arrives"),
            );
        }
    }

    /// Streams and packets go over connections.
    fn needs_connection(&mut self, index: usize, call: &Call) {
        let endpoint = &self.endpoints[index];
        let connected = !matches!(endpoint.role, Role::Fresh | Role::Bound);
        if connected || endpoint.network.is_none() || endpoint.is_datagram() {
            return;
        }
        let message = format!("`{}` is not connected, and cannot `{}`", endpoint.name, verb_name(&call.verb));
        self.wrong_kind(call, message, "`connect` it first, or say what comes of it with `fails`");
        // The steps after it have the same mistake.
        self.endpoints[index].role = Role::Unknown;
    }

    /// The address of a sender gets a name.
    fn sender(&mut self, sender: &'p Template) {
        match self.reusable(sender) {
            Some(index) if self.endpoints[index].role == Role::Address => {}
            _ => {
                self.create(sender, None, Role::Address);
            }
        }
    }

    pub(super) fn expect(&mut self, call: &'p Call, conditions: &[Condition], outcome: Outcome) {
        let Some(index) = self.open(&call.endpoint, "expect") else { return };
        self.needs_socket(index, call);
        let endpoint = &self.endpoints[index];
        let ends = conditions
            .iter()
            .any(|condition| matches!(condition, Condition::Eof | Condition::Reset | Condition::Truncated));
        if outcome != Outcome::Succeeds || !ends {
            return;
        }
        let name = &endpoint.name;
        let word = if conditions.contains(&Condition::Eof) {
            "eof"
        } else if conditions.contains(&Condition::Reset) {
            "reset"
        } else {
            "truncated"
        };
        let span = self.word(call.verb_span, word);
        if endpoint.is_datagram() && word != "reset" {
            let message = format!("`{name}` is a datagram socket, and has no end: `{word}` can never come");
            let help = "write `{expect: silence, for: 200ms}` where nothing more may come";
            self.wrong_kind_at(span, call, message, help);
        } else if endpoint.role == Role::Listener {
            let message = format!("`{name}` listens, and has no `{word}`");
            self.wrong_kind_at(span, call, message, "expect it of a connection");
        }
        if conditions.contains(&Condition::Reset) {
            // The connection is gone; what the socket can do now is for the kernel to say.
            self.endpoints[index].role = Role::Unknown;
        }
    }

    pub(super) fn attributes(&mut self, call: &'p Call, attributes: &[Attribute], outcome: Outcome) {
        let name = key(&call.endpoint);
        let Some(index) = self.find(&name) else {
            self.missing(&name, call.endpoint.span);
            return;
        };
        let only_state = attributes.iter().all(|attribute| matches!(attribute.check, AttributeCheck::State(_)));
        if !only_state && self.open(&call.endpoint, "expect").is_none() {
            return;
        }
        if outcome != Outcome::Succeeds {
            return;
        }
        self.needs_socket(index, call);
        for attribute in attributes {
            let endpoint = &self.endpoints[index];
            let wrong = match &attribute.check {
                AttributeCheck::State(_) if endpoint.network.is_some_and(|network| !network.is_tcp()) => Some((
                    format!("`{name}` is not TCP, and has no `state`"),
                    "the states are those of RFC 9293, of TCP alone",
                )),
                AttributeCheck::Unread(_) | AttributeCheck::Unsent(_) if endpoint.role == Role::Listener => Some((
                    format!("`{name}` listens, and has no bytes that wait"),
                    "ask a connection; a listener has a `queue`",
                )),
                AttributeCheck::Backlog(_) | AttributeCheck::AtMark(_) | AttributeCheck::Nonblock(_)
                    if endpoint.network.is_some_and(|network| !network.is_tcp()) =>
                {
                    let what = attribute.shown.split('=').next().unwrap_or_default();
                    Some((format!("`{name}` is not TCP, and has no `{what}`"), "it is known of TCP alone"))
                }
                AttributeCheck::Backlog(_) if !matches!(endpoint.role, Role::Listener | Role::Unknown) => {
                    Some((format!("`{name}` does not listen, and has no `backlog`"), "ask the listener"))
                }
                AttributeCheck::PeerCredentials(_) if endpoint.network.is_some_and(|network| !network.is_unix()) => {
                    let message = format!("`{name}` is no Unix socket, and has no `SO_PEERCRED`");
                    Some((message, "processes are told of at the other side of Unix sockets alone"))
                }
                AttributeCheck::Nonblock(_) if !self.may_be_there(&name) && !self.is_accepted(&name) => Some((
                    format!("`{name}` was not accepted, and has no `O_NONBLOCK` to ask for"),
                    "ask what `accept` gave; every other socket has what the spec gave it",
                )),
                AttributeCheck::Queue(_) if !matches!(endpoint.role, Role::Listener | Role::Unknown) => {
                    Some((format!("`{name}` does not listen, and has no `queue`"), "ask the listener"))
                }
                _ => None,
            };
            if let Some((message, help)) = wrong
                && !self.is_doubtful(&name)
            {
                self.found.push(Diagnostic::error("wrong-kind", attribute.span, message).help(help));
            }
        }
    }

    /// Whether an `accept` gives an endpoint of that name.
    fn is_accepted(&self, name: &str) -> bool {
        any(self.all, &mut |call| matches!(call.verb, Verb::Accept { .. }) && alike(&key(&call.endpoint), name))
    }
}
