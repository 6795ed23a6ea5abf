//! TLS over a connection: where it can begin, and what only it has.

use crate::diagnostic::Diagnostic;
use crate::model::network::Kind;
use crate::plan::{AttributeCheck, Call, Condition, Mode, Verb};
use crate::source::Span;

use super::endpoints::{Endpoint, Layer, Role, key};
use super::verbs::verb_name;
use super::walk::{Outcome, Walk};

impl<'p> Walk<'p, '_> {
    /// An upgrade to TLS.
    pub(super) fn tls(&mut self, call: &'p Call, outcome: Outcome) {
        let Some(index) = self.open_for(call) else { return };
        self.check_mode(call);
        if let Some((message, help)) = no_place_for_tls(&self.endpoints[index]) {
            self.wrong_kind(call, message, help);
            self.endpoints[index].role = Role::Unknown;
            self.endpoints[index].tls = Layer::Unknown;
            return;
        }
        let Endpoint { name, socket, tls, .. } = self.endpoints[index].clone();
        if let (Layer::Tls(first), false) = (tls, self.is_doubtful(&name)) {
            self.found.push(
                Diagnostic::error("tls-twice", call.verb_span, format!("`{name}` speaks TLS already"))
                    .related(first, "since here")
                    .help("a connection is upgraded once: leave this step out"),
            );
        } else if let Some((bytes, sent)) = self.flow.waiting(socket).filter(|(bytes, _)| *bytes > 0) {
            let bytes = if bytes == 1 { "1 byte waits" } else { &format!("{bytes} bytes wait") };
            self.found.push(
                Diagnostic::error("unread-before-tls", call.verb_span, format!("{bytes} unread at `{name}` here"))
                    .related(sent, "sent here")
                    .help("receive them before `tls`: what was sent in clear is no part of TLS"),
            );
        }
        self.endpoints[index].tls = match outcome {
            Outcome::Succeeds => Layer::Tls(call.verb_span),
            Outcome::Fails | Outcome::Either => Layer::Unknown,
        };
        if outcome != Outcome::Succeeds {
            self.flow.give_up();
        }
    }

    /// What only TLS has, and what TLS has not.
    pub(super) fn check_layer(&mut self, call: &'p Call, outcome: Outcome) {
        let name = key(&call.endpoint);
        let Some(index) = self.find(&name).filter(|_| outcome == Outcome::Succeeds) else { return };
        let Endpoint { tls, role, closed: None, .. } = self.endpoints[index] else { return };
        match tls {
            Layer::Plain if role == Role::Connected => {
                if let Some((span, word)) = self.only_with_tls(call) {
                    let message = format!("`{name}` does not speak TLS, and has no `{word}`");
                    self.wrong_kind_at(span, call, message, "upgrade it first: `- NAME: {tls: client}`");
                }
            }
            Layer::Tls(_) => {
                if let Verb::Send { urgent: true, .. } | Verb::Recv { urgent: true, .. } = call.verb {
                    let span = self.word(call.verb_span, "urgent");
                    let message = format!("`{name}` speaks TLS, which has no urgent bytes");
                    self.wrong_kind_at(span, call, message, "leave `urgent` out, or do it before `tls`");
                }
                if matches!(call.verb, Verb::Disconnect) {
                    let message = format!("`{name}` speaks TLS, and cannot `disconnect`");
                    self.wrong_kind(call, message, "close it, and connect with a new socket");
                }
                if !matches!(call.verb, Verb::Tls(_)) {
                    self.check_mode(call);
                }
            }
            _ => {}
        }
    }

    /// A word of the call that has a meaning with TLS alone.
    fn only_with_tls(&self, call: &'p Call) -> Option<(Span, &'static str)> {
        match &call.verb {
            Verb::Expect { conditions, .. } if conditions == &[Condition::Truncated] => {
                Some((self.word(call.verb_span, "truncated"), "truncated"))
            }
            Verb::ExpectAttributes(attributes) => {
                let asked = attributes.iter().find(|one| matches!(one.check, AttributeCheck::Tls(_)))?;
                Some((asked.span, "tls"))
            }
            Verb::Close { notify: false } | Verb::Shutdown { notify: false, .. } => {
                Some((self.key_of_step("notify", call.verb_span), "notify"))
            }
            _ => None,
        }
    }

    /// One step of TLS takes several system calls.
    fn check_mode(&mut self, call: &'p Call) {
        let word = match call.mode {
            Mode::Waiting => return,
            Mode::Blocking => "blocking",
            Mode::Nonblocking => "nonblocking",
        };
        let span = self.key_of_step(word, call.verb_span);
        let verb = verb_name(&call.verb);
        let message = format!("with TLS `{verb}` is not one system call, so it cannot be `{word}`");
        self.wrong_kind_at(span, call, message, "leave it out");
    }
}

/// Why TLS cannot begin at an endpoint, where that is certain.
fn no_place_for_tls(endpoint: &Endpoint<'_>) -> Option<(String, &'static str)> {
    let name = &endpoint.name;
    let no_stream = endpoint.network.is_some_and(|network| network.kind() != Kind::Stream);
    match endpoint.role {
        _ if no_stream => {
            Some((format!("`{name}` is not a stream, and cannot speak TLS"), "TLS needs TCP, or a Unix stream"))
        }
        Role::Listener => {
            Some((format!("`{name}` listens, and cannot `tls`"), "upgrade a connection that it has accepted"))
        }
        Role::Fresh | Role::Bound => {
            Some((format!("`{name}` is not connected, and cannot `tls`"), "`connect` it first"))
        }
        Role::Address => Some((format!("`{name}` is the address of a sender, not a socket"), "upgrade a connection")),
        // A program and a file have said so already.
        Role::Connected | Role::Program | Role::Ended | Role::File | Role::Unknown => None,
    }
}
