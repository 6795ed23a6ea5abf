//! Endpoints from their creation to their end: used before they are created, after `close`, or
//! created twice.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::name::nearest;
use crate::model::network::{Kind, Network};
use crate::plan::Target;
use crate::plan::template::{Piece, Template, bare};
use crate::source::Span;

use super::alike;
use super::blocks::created;
use super::index::Index;
use super::walk::Walk;

/// What is known of an endpoint at a point of the spec.
#[derive(Debug, Clone)]
pub(super) struct Endpoint<'p> {
    /// Its name, with counters as `<i>`.
    pub name: Cow<'p, str>,
    /// Where it was created.
    pub created: Span,
    /// Where it was closed.
    pub closed: Option<Span>,
    /// Its network, where that is certain.
    pub network: Option<Network>,
    /// What it is.
    pub role: Role,
    /// Whether it speaks TLS.
    pub tls: Layer,
    /// Its number, for as long as it is the same socket.
    pub socket: usize,
    /// Of a program: where its input was closed.
    pub input_closed: Option<Span>,
}

/// What an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A socket that is not bound.
    Fresh,
    /// A socket that is bound, not more.
    Bound,
    /// A socket that listens.
    Listener,
    /// A socket with a connection, or a datagram socket that is connected.
    Connected,
    /// The address of a sender, not a socket.
    Address,
    /// A program that runs.
    Program,
    /// A program that has ended; what it printed can still be received.
    Ended,
    /// A file.
    File,
    /// Something of these; nothing is said.
    Unknown,
}

/// Whether TLS lies over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// It does not.
    Plain,
    /// It does, from this step on.
    Tls(Span),
    /// It may.
    Unknown,
}

impl Endpoint<'_> {
    /// Why it cannot `accept`, where that is certain.
    pub(super) fn no_listener(&self) -> Option<String> {
        let name = &self.name;
        match self.role {
            _ if self.is_datagram() => {
                Some(format!("`{name}` is a datagram socket, and has no connections to `accept`"))
            }
            Role::Fresh | Role::Bound => Some(format!("`{name}` does not listen, and cannot `accept`")),
            Role::Connected => Some(format!("`{name}` is a connection, not a listener, and cannot `accept`")),
            Role::Address => Some(format!("`{name}` is an address, not a listener")),
            Role::Program | Role::Ended => Some(format!("`{name}` is a program, not a listener of this spec")),
            Role::File => Some(format!("`{name}` is a file, not a listener")),
            Role::Listener | Role::Unknown => None,
        }
    }

    /// Whether it is certain that it is a datagram socket.
    pub(super) fn is_datagram(&self) -> bool {
        self.network.is_some_and(|network| network.kind() == Kind::Datagram)
    }
}

impl<'p> Walk<'p, '_> {
    /// Reports an endpoint that was not created so far.
    pub(super) fn missing(&mut self, name: &str, span: Span) {
        if self.doubts.incomplete
            || self.doubts.name(name)
            || self.endpoints.iter().any(|known| alike(&known.name, name))
        {
            return;
        }
        if self.reported.iter().any(|known| known == name) {
            return;
        }
        self.reported.push(name.to_owned());
        let mut all = Vec::new();
        created(self.all, &mut all);
        if let Some((_, later)) = all.iter().find(|(known, _)| alike(known, name)) {
            self.found.push(
                Diagnostic::error("not-created", span, format!("`{name}` is used before it is created"))
                    .related(*later, "created here, later")
                    .help(format!("move the step that creates `{name}` before this one")),
            );
            return;
        }
        let finding = Diagnostic::error("unknown-endpoint", span, format!("there is no endpoint `{name}`"));
        let word = bare(name);
        if let Some((known, place)) = all.iter().find(|(known, _)| bare(known) == word) {
            self.found.push(of_another_file(
                finding,
                word,
                name.starts_with(&known[..known.len() - word.len()]),
                *place,
            ));
            return;
        }
        let known = all.iter().map(|(name, _)| name.as_ref()).chain(self.doubts.names.iter().map(AsRef::as_ref));
        let finding = match nearest(word, known.map(bare).filter(|known| *known != word)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!(
                "create it first, such as `- {word}: {{listen: tcp}}` or `- {word}: {{connect: SERVER}}`"
            )),
        };
        self.found.push(finding);
    }

    /// Whether a step creates it, before or after this one.
    pub(super) fn is_created(&self, name: &str) -> bool {
        let mut all = Vec::new();
        created(self.all, &mut all);
        all.iter().any(|(known, _)| alike(known, name))
    }

    /// Whether a mistake may be the reason why it is not there, or is not known for what it is.
    pub(super) fn may_be_there(&self, name: &str) -> bool {
        self.doubts.incomplete || self.is_doubtful(name)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.find(&self.endpoints, name, |endpoint| &endpoint.name)
    }

    /// The network of a target, where it is certain.
    pub(super) fn network_of(&self, target: &Target) -> Option<Network> {
        match target {
            Target::Address(address) => Some(Address::network(address)),
            Target::Endpoint(name) => self.find(&key(name)).and_then(|index| self.endpoints[index].network),
            Target::Computed(template) => match template.pieces.first() {
                Some(Piece::Literal(text)) => Network::parse(text.split(':').next().unwrap_or_default()),
                _ => None,
            },
            Target::Sender => None,
        }
    }

    /// Goes on with these endpoints.
    pub(super) fn go_on_with(&mut self, endpoints: Vec<Endpoint<'p>>) {
        self.endpoints = endpoints;
        self.index = Index::default();
        self.index.note(&self.endpoints, |endpoint| &endpoint.name);
    }

    /// Whether nothing can be said of this name, since a mistake or a counter is in the way.
    pub(super) fn is_doubtful(&self, name: &str) -> bool {
        self.doubts.name(name)
            || self.endpoints.iter().any(|endpoint| endpoint.name != name && alike(&endpoint.name, name))
    }

    /// The endpoint of a verb, which must exist and be open; none where nothing more is to be said.
    pub(super) fn open(&mut self, name: &'p Template, verb: &str) -> Option<usize> {
        let key = key(name);
        let Some(index) = self.find(&key) else {
            self.missing(&key, name.span);
            return None;
        };
        if let Some(closed) = self.endpoints[index].closed {
            // Whatever else is done to it follows from the same mistake.
            self.endpoints[index].closed = None;
            self.endpoints[index].role = Role::Unknown;
            if !self.is_doubtful(&key) {
                self.found.push(
                    Diagnostic::error("closed", name.span, format!("`{key}` is closed, and cannot `{verb}`"))
                        .related(closed, "closed here")
                        .help(match verb {
                            "expect" => format!("of a closed socket only its state remains: `{{expect: {{state: …}}}}`; or create `{key}` again first"),
                            _ => format!("move this step before the `close`, or create `{key}` again first"),
                        }),
                );
            }
            return None;
        }
        Some(index)
    }

    /// A step creates an endpoint; that it is there already is reported.
    pub(super) fn create(&mut self, name: &'p Template, network: Option<Network>, role: Role) -> usize {
        let key = key(name);
        self.sockets += 1;
        let endpoint = Endpoint {
            name: key,
            created: name.span,
            closed: None,
            network,
            role,
            socket: self.sockets,
            input_closed: None,
            tls: if role == Role::Unknown { Layer::Unknown } else { Layer::Plain },
        };
        let Some(index) = self.find(&endpoint.name) else {
            self.endpoints.push(endpoint);
            self.index.note(&self.endpoints, |endpoint| &endpoint.name);
            return self.endpoints.len() - 1;
        };
        let old = std::mem::replace(&mut self.endpoints[index], endpoint);
        let is_open = old.closed.is_none() && !matches!(old.role, Role::Address | Role::Ended | Role::Unknown);
        if is_open && !self.is_doubtful(&old.name) {
            self.created_twice(&old, name.span);
        }
        index
    }

    pub(super) fn created_twice(&mut self, old: &Endpoint<'_>, span: Span) {
        let name = &old.name;
        let end = match old.role {
            Role::Program => format!("expect the end of `{name}` (`expect: exit`)"),
            _ => format!("close `{name}`"),
        };
        let finding = if old.created == span {
            Diagnostic::error("created-twice", span, format!("`{name}` is created again by the next iteration"))
                .help(format!("{end} at the end of the steps, or put the counter into its name: `NAME${{i}}`"))
        } else {
            Diagnostic::error("created-twice", span, format!("`{name}` is created twice"))
                .related(old.created, "first created here")
                .help(format!("{end} first, or take another name"))
        };
        self.found.push(finding);
    }
}

/// An endpoint that another file creates: one that includes this one, or one that is included.
fn of_another_file(finding: Diagnostic, name: &str, is_around: bool, created: Span) -> Diagnostic {
    if is_around {
        let finding = finding.related(created, "created here, in a file that includes this one");
        finding.help(format!("give it to this file: `with: {{{name}: {name}}}` beside `include`"))
    } else {
        let finding = finding.related(created, "created here, in a file that is included");
        finding.help(format!("let that file hand it back: `out: [{name}]`"))
    }
}

/// The name of an endpoint, with counters as `<i>`.
pub(super) fn key(name: &Template) -> Cow<'_, str> {
    match name.pieces.as_slice() {
        [Piece::Literal(text)] => Cow::Borrowed(text),
        _ => Cow::Owned(name.shown()),
    }
}
