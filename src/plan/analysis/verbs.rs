//! What each verb does to its endpoint, and which kinds of endpoint have it.

use crate::diagnostic::Diagnostic;
use crate::model::network::Network;
use crate::plan::template::Template;
use crate::plan::{Call, Mode, Target, Verb};
use crate::source::Span;

use super::blocks::connected;
use super::endpoints::{Endpoint, Role, key};
use super::flow::Accepted;
use super::walk::{Outcome, Walk};

impl<'p> Walk<'p, '_> {
    /// One call, with what it leaves behind.
    pub(super) fn verb(&mut self, call: &'p Call, outcome: Outcome) {
        if self.is_of_file(call, outcome) || self.is_of_program(call, outcome) {
            return;
        }
        match &call.verb {
            Verb::Socket(_, triple) if triple.replaces_any() => self.other_triple(call),
            Verb::Socket(network, _) => {
                if outcome != Outcome::Fails {
                    self.create(&call.endpoint, Some(*network), Role::Fresh);
                }
            }
            Verb::Bind(address) => self.bind(call, address, outcome),
            Verb::Listen { address, .. } => self.listen(call, address.as_ref(), outcome),
            Verb::Accept { listener, from } => self.accept(call, listener, from.as_ref(), outcome),
            Verb::Connect { to, .. } => self.connect(call, to, outcome),
            Verb::Pair { other, network } => {
                if outcome == Outcome::Succeeds && !network.is_unix() {
                    let message = format!("`{network}` has no pairs");
                    self.wrong_kind(call, message, "a pair is of `unix`, `unixgram` or `unixpacket`");
                }
                if outcome != Outcome::Fails {
                    let one = self.create(&call.endpoint, Some(*network), Role::Connected);
                    let one = self.endpoints[one].socket;
                    let two = self.create(other, Some(*network), Role::Connected);
                    if outcome == Outcome::Succeeds {
                        self.flow.pair(one, self.endpoints[two].socket, network.has_boundaries());
                    }
                }
            }
            Verb::Dup(of) => self.dup(of, call, outcome),
            Verb::Disconnect => self.disconnect(call, outcome),
            Verb::Send { to, .. } => self.send(call, to.as_ref(), outcome),
            Verb::Recv { .. } | Verb::Read { .. } => self.receive(call, outcome),
            Verb::Expect { conditions, .. } => self.expect(call, conditions, outcome),
            Verb::Open(_) => self.open_file(call, outcome),
            Verb::Run(_) => self.run(call, outcome),
            // Only programs have signals.
            Verb::Signal(_) => {}
            Verb::ExpectAttributes(attributes) => self.attributes(call, attributes, outcome),
            Verb::Tls(_) => self.tls(call, outcome),
            Verb::Shutdown { .. } | Verb::Set(_) => {
                if let Some(index) = self.open_for(call) {
                    self.needs_socket(index, call);
                }
            }
            Verb::Close { .. } | Verb::Reset => {
                if let Some(index) = self.open_for(call) {
                    self.needs_socket(index, call);
                    if outcome == Outcome::Succeeds {
                        self.endpoints[index].closed = Some(call.endpoint.span);
                    } else {
                        self.endpoints[index].role = Role::Unknown;
                    }
                }
            }
        }
    }

    /// A socket of another triple is of none of the networks.
    fn other_triple(&mut self, call: &'p Call) {
        if call.fails.is_empty() {
            let part =
                ["domain", "type", "protocol"].into_iter().find(|part| call.words.contains(&format!(" {part} ")));
            let part = part.unwrap_or("type");
            let message =
                format!("`{part}` makes a socket of no network, and there is nothing that a spec can do with it");
            let help = "it is for calls that must fail: say with what, such as `fails: ESOCKTNOSUPPORT`";
            self.wrong_kind_at(self.key_of_step(part, call.verb_span), call, message, help);
        }
    }

    /// What it is then hangs on whether it was bound by itself.
    fn disconnect(&mut self, call: &'p Call, outcome: Outcome) {
        let Some(index) = self.open_for(call) else { return };
        self.needs_socket(index, call);
        let endpoint = &self.endpoints[index];
        let (socket, network) = (endpoint.socket, endpoint.network);
        if let (Some(network), Outcome::Succeeds) = (network, outcome)
            && network.is_unix()
            && network.has_connections()
        {
            let message =
                format!("`{}` is of `{network}`, whose connections last until they are closed", endpoint.name);
            self.wrong_kind(call, message, "only TCP, UDP and `unixgram` can `disconnect`: write `close`");
        }
        if outcome != Outcome::Fails {
            self.flow.part(socket);
            self.become_role(index, Role::Unknown);
        }
    }

    pub(super) fn open_for(&mut self, call: &'p Call) -> Option<usize> {
        self.open(&call.endpoint, verb_name(&call.verb))
    }

    fn bind(&mut self, call: &'p Call, address: &'p Target, outcome: Outcome) {
        let network = self.network_of(address);
        let role = if outcome == Outcome::Succeeds { Role::Bound } else { Role::Unknown };
        let Some(index) = self.reusable(&call.endpoint) else {
            let index = self.create(&call.endpoint, network, role);
            self.flow.bound(self.endpoints[index].socket, address);
            return;
        };
        let endpoint = &self.endpoints[index];
        self.flow.bound(endpoint.socket, address);
        if outcome == Outcome::Succeeds {
            match endpoint.role {
                Role::Bound | Role::Listener => {
                    let message = format!("`{}` is bound already", endpoint.name);
                    self.already(call, index, message);
                }
                Role::Connected if !endpoint.is_datagram() => {
                    let message = format!("`{}` is connected, and so bound already", endpoint.name);
                    self.already(call, index, message);
                }
                _ => {}
            }
            self.needs_socket(index, call);
        }
        self.become_role(index, role);
    }

    fn listen(&mut self, call: &'p Call, address: Option<&'p Target>, outcome: Outcome) {
        let role = if outcome == Outcome::Succeeds { Role::Listener } else { Role::Unknown };
        let Some(index) = self.reusable(&call.endpoint) else {
            let Some(address) = address else {
                // `listen` alone needs a socket that is there.
                self.open_for(call);
                return;
            };
            let network = self.network_of(address);
            let index = self.create(&call.endpoint, network, role);
            self.flow.bound(self.endpoints[index].socket, address);
            if outcome == Outcome::Succeeds && self.endpoints[index].is_datagram() {
                self.datagrams_do_not_listen(call, index);
            }
            return;
        };
        let endpoint = &self.endpoints[index];
        if let Some(address) = address {
            self.flow.bound(endpoint.socket, address);
        }
        if outcome == Outcome::Succeeds {
            let name = &endpoint.name;
            match (endpoint.role, address) {
                _ if endpoint.is_datagram() => {
                    self.datagrams_do_not_listen(call, index);
                    return;
                }
                (Role::Bound | Role::Listener, Some(_)) => {
                    let message = format!("`{name}` is bound already");
                    self.already(call, index, message);
                }
                (Role::Connected, _) => {
                    let message = format!("`{name}` is a connection, and cannot `listen`");
                    self.wrong_kind(call, message, "listen on a socket of its own");
                }
                _ => self.needs_socket(index, call),
            }
        }
        self.become_role(index, role);
    }

    fn datagrams_do_not_listen(&mut self, call: &Call, index: usize) {
        let name = key(&call.endpoint);
        let message = format!("`{name}` is a datagram socket, and cannot `listen`");
        self.wrong_kind(call, message, "a datagram socket is bound: write `bind`");
        // What accepts from it, or connects to it, is not wrong once more.
        self.endpoints[index].network = None;
        self.endpoints[index].role = Role::Unknown;
    }

    fn accept(&mut self, call: &'p Call, listener: &'p Template, from: Option<&'p Template>, outcome: Outcome) {
        let index = self.open(listener, "accept");
        if outcome == Outcome::Fails {
            return;
        }
        let wrong = index.and_then(|index| self.endpoints[index].no_listener());
        if let (Some(message), Outcome::Succeeds) = (wrong, outcome) {
            self.found.push(
                Diagnostic::error("wrong-kind", listener.span, message)
                    .help("name an endpoint that listens: `- NAME: {listen: tcp}`"),
            );
            self.accepted_somehow(call, None);
            return;
        }
        let network = index.and_then(|index| self.endpoints[index].network);
        if outcome == Outcome::Either {
            self.accepted_somehow(call, network);
            return;
        }
        if let Some(index) = index
            && call.mode != Mode::Nonblocking
            && self.endpoints[index].role == Role::Listener
            && self.flow.nobody_waits(self.endpoints[index].socket)
        {
            self.never_accepted(listener);
        }
        let conn = self.create(&call.endpoint, network, Role::Connected);
        let conn = self.endpoints[conn].socket;
        let client = match from.map(|from| self.find(&key(from))) {
            None => Accepted::Next,
            Some(Some(index)) => Accepted::Client(self.endpoints[index].socket),
            Some(None) => Accepted::Unknown,
        };
        self.flow.accept(index.map(|index| self.endpoints[index].socket), client, conn);
    }

    fn never_accepted(&mut self, listener: &'p Template) {
        let name = key(listener);
        let message = format!("`{name}` can never accept here: no connection waits at it");
        let finding = Diagnostic::warning("never-accepted", listener.span, message)
            .help("steps run in written order: connect before, or in another lane of `parallel`");
        let later = connected(self.all, &name).into_iter().find(|span| span.start > listener.span.start);
        self.found.push(match later {
            Some(later) => finding.related(later, "connected here, later"),
            None => finding,
        });
    }

    /// There may be a connection now, and more is not known of it.
    fn accepted_somehow(&mut self, call: &'p Call, network: Option<Network>) {
        self.flow.give_up();
        match self.reusable(&call.endpoint) {
            Some(index) => self.become_role(index, Role::Unknown),
            None => {
                self.create(&call.endpoint, network, Role::Unknown);
            }
        }
    }

    fn connect(&mut self, call: &'p Call, to: &'p Target, outcome: Outcome) {
        let network = self.network_of(to);
        let role = if outcome == Outcome::Succeeds { Role::Connected } else { Role::Unknown };
        let index = match self.reusable(&call.endpoint) {
            None => self.create(&call.endpoint, network, role),
            Some(index) => {
                self.connect_again(call, index, outcome);
                self.check_meeting(index, to, outcome);
                self.become_role(index, role);
                index
            }
        };
        let client = self.endpoints[index].socket;
        let connection = network.filter(|network| network.has_connections());
        let listener = match to {
            Target::Endpoint(name) => self.find(&key(name)).map(|index| &self.endpoints[index]),
            _ => None,
        };
        match listener {
            Some(listener) if listener.is_datagram() => {}
            Some(listener) if listener.role == Role::Listener && outcome == Outcome::Succeeds => match connection {
                Some(network) => self.flow.connect(listener.socket, client, network.has_boundaries()),
                None => self.flow.give_up(),
            },
            _ => self.flow.give_up(),
        }
    }

    /// A socket of one network cannot reach an address of another.
    pub(super) fn check_meeting(&mut self, index: usize, target: &Target, outcome: Outcome) {
        let own = self.endpoints[index].network;
        let (Some(own), Some(other)) = (own, self.network_of(target)) else { return };
        if outcome != Outcome::Succeeds || own.is_unix() == other.is_unix() && own.kind() == other.kind() {
            return;
        }
        let (Target::Endpoint(name) | Target::Computed(name)) = target else { return };
        let message =
            format!("`{}` is of the network `{own}`, and `{}` of `{other}`", self.endpoints[index].name, key(name));
        if !self.is_doubtful(&key(name)) {
            self.found
                .push(Diagnostic::error("wrong-network", name.span, message).help("both must be of the same network"));
        }
    }

    fn connect_again(&mut self, call: &Call, index: usize, outcome: Outcome) {
        let endpoint = &self.endpoints[index];
        if outcome != Outcome::Succeeds {
            return;
        }
        let name = &endpoint.name;
        match endpoint.role {
            Role::Listener => {
                let message = format!("`{name}` listens, and cannot `connect`");
                self.wrong_kind(call, message, "connect with a socket of its own");
            }
            Role::Connected if endpoint.network.is_some() && !endpoint.is_datagram() => {
                let message = format!("`{name}` is connected already");
                self.already(call, index, message);
            }
            _ => self.needs_socket(index, call),
        }
    }

    /// The endpoint that a verb goes on with; none where the verb creates it.
    pub(super) fn reusable(&self, name: &Template) -> Option<usize> {
        self.find(&key(name)).filter(|index| self.endpoints[*index].closed.is_none())
    }

    /// What a socket becomes, it is at every endpoint that has a descriptor of it.
    fn become_role(&mut self, index: usize, role: Role) {
        let socket = self.endpoints[index].socket;
        self.endpoints[index].role = role;
        for endpoint in self.endpoints.iter_mut().filter(|endpoint| endpoint.socket == socket && socket != 0) {
            endpoint.role = role;
        }
    }

    /// The address of a sender is no socket.
    pub(super) fn needs_socket(&mut self, index: usize, call: &Call) {
        if self.endpoints[index].role == Role::Address {
            let message = format!("`{}` is the address of a sender, not a socket", self.endpoints[index].name);
            self.wrong_kind(call, message, "it can stand after `to:`, and `${NAME.port}` gives its port");
        }
    }

    fn already(&mut self, call: &Call, index: usize, message: String) {
        let endpoint: &Endpoint<'_> = &self.endpoints[index];
        if self.is_doubtful(&endpoint.name) {
            return;
        }
        let (name, created) = (&endpoint.name, endpoint.created);
        let finding = if created == call.endpoint.span {
            Diagnostic::error("created-twice", call.endpoint.span, message)
                .help(format!("the next iteration does it again: close `{name}` at the end of the steps"))
        } else {
            Diagnostic::error("created-twice", call.endpoint.span, message)
                .related(created, "created here")
                .help(format!("close `{name}` first, or take another name"))
        };
        self.found.push(finding);
    }

    pub(super) fn wrong_kind(&mut self, call: &Call, message: String, help: &str) {
        self.wrong_kind_at(call.verb_span, call, message, help);
    }

    pub(super) fn wrong_kind_at(&mut self, span: Span, call: &Call, message: String, help: &str) {
        if !self.is_doubtful(&key(&call.endpoint)) {
            self.found.push(Diagnostic::error("wrong-kind", span, message).help(help));
        }
    }
}

pub(super) fn verb_name(verb: &Verb) -> &'static str {
    match verb {
        Verb::Listen { .. } => "listen",
        Verb::Send { .. } => "send",
        Verb::Recv { .. } => "recv",
        Verb::Read { .. } => "read",
        Verb::Shutdown { .. } => "shutdown",
        Verb::Set(_) => "set",
        Verb::Close { .. } => "close",
        Verb::Reset => "reset",
        Verb::Disconnect => "disconnect",
        Verb::Dup(_) => "dup",
        Verb::Socket(..) => "socket",
        Verb::Bind(_) => "bind",
        Verb::Accept { .. } => "accept",
        Verb::Connect { .. } => "connect",
        Verb::Pair { .. } => "pair",
        Verb::Open(_) => "open",
        Verb::Signal(_) => "signal",
        Verb::Expect { .. } => "expect: exit",
        Verb::Tls(_) => "tls",
        _ => "do this",
    }
}
