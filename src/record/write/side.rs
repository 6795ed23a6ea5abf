//! The spec that plays one side: the client against the real server, or the server for a real client.

use std::fmt::Write as _;

use super::bits::{Bit, joined, nodes};
use super::long::{Files, is_long};
use super::names::Names;
use super::pattern::pattern;
use super::yaml::{Node, is_plain, quoted, quoted_as_it_is};
use super::{Head, Steps, Written, formatted, verb, within};
use crate::model::address::{Address, UnixName};
use crate::model::network::Network;
use crate::record::conversation::{End, Side};
use crate::record::script::{Act, Ending, Script, Step};
use crate::record::vary::Part;

/// What fits into the buffers between two ends, so that the one need not read while the other writes.
pub(super) const BUFFERED: usize = 64 * 1024;

/// A client's program that the spec runs against the server that it plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name and its arguments, in which `{address}`, `{host}`, `{port}` and `{path}` say where the server is.
    pub arguments: Vec<String>,
    /// How it ended.
    pub status: Option<i32>,
}

/// Who is across from the side that the spec plays.
#[derive(Debug, Clone, Copy)]
pub(in crate::record) enum Across<'a> {
    /// The server at this address.
    Server(&'a Address),
    /// The client that the spec runs; none where somebody else runs it.
    Client(Option<&'a Program>),
}

/// The spec of a script, with the patterns of what is heard in each of its steps.
pub(in crate::record) fn side(
    script: &Script,
    messages: &[Vec<Vec<Part>>],
    across: Across<'_>,
    head: &Head,
) -> Written {
    let names = Names::of(script, if script.side == Side::Client { "port" } else { "server.port" });
    let files = Files { stem: &head.stem, all: Vec::new() };
    let mut writer = Writer { script, messages, names, steps: Steps::default(), files, speaks_of_port: false };
    if let Across::Client(program) = across {
        writer.serve(program);
    }
    let mut at = 0;
    while at < script.steps.len() {
        at += writer.overlapping(at).unwrap_or_else(|| {
            writer.step(at);
            1
        });
    }
    if let Across::Client(Some(Program { status, .. })) = across {
        let status = status.map(|status| ("status".to_owned(), Node::word(status.to_string())));
        writer.steps.add("client", &verb("expect", Some(Node::word("exit")), status.into_iter().collect()));
    }
    let mut text = head.schema_line.clone();
    let _ = writeln!(text, "about: {}", about(&head.about));
    match across {
        Across::Server(server) => text.push_str(&vars(server, writer.speaks_of_port)),
        Across::Client(Some(_)) => {}
        Across::Client(None) => text.push_str(&listen_vars(script)),
    }
    text.push_str("steps:\n");
    text.push_str(&writer.steps.out);
    Written { text: formatted(text), files: writer.files.all }
}

/// Where the server that the spec plays listens for a client that somebody else runs.
fn listen_vars(script: &Script) -> String {
    let network = script.links.first().map_or(Network::Tcp, |link| link.connection.network);
    match network {
        Network::Unix => "vars: {server_address: \"unix:server.sock\"}\n".to_owned(),
        network => {
            let port = script.links.first().map_or(0, |link| match link.connection.server {
                End::Inet(address) => address.port().wrapping_add(1),
                _ => 0,
            });
            let host = if network.is_v6() { "[::1]" } else { "127.0.0.1" };
            format!("vars: {{server_address: \"{network}://{host}:{port}\"}}\n")
        }
    }
}

/// A sentence, in quotes where YAML would misread it.
pub(super) fn about(sentence: &str) -> String {
    if is_plain(sentence) { sentence.to_owned() } else { quoted_as_it_is(sentence) }
}

/// Where the server is: variables, so that `--var` can say otherwise, and the trace is the same then.
fn vars(server: &Address, speaks_of_port: bool) -> String {
    let varying = |name: &str, value: String| format!("  {name}: {{value: {value}, vary: true}}\n");
    let server = match server {
        Address::Inet { network, address } if speaks_of_port => {
            let host = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
            let port = varying("port", address.port().to_string());
            return format!("vars:\n{port}{}", varying("server", format!("\"{network}://{host}:${{port}}\"")));
        }
        Address::Inet { network, address } => format!("{network}://{address}"),
        Address::Unix { network, name: UnixName::Path(path) } => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            format!("{network}:{}", path.display())
        }
        Address::Unix { network, name: UnixName::Abstract(name) } => format!("{network}:@{name}"),
        Address::Unix { network, name: UnixName::Autobind } => format!("{network}:@"),
        Address::Any(network) => network.to_string(),
    };
    format!("vars:\n{}", varying("server", quoted(&server)))
}

struct Writer<'w> {
    script: &'w Script,
    messages: &'w [Vec<Vec<Part>>],
    names: Names<'w>,
    steps: Steps,
    files: Files<'w>,
    speaks_of_port: bool,
}

impl Writer<'_> {
    /// Listens, and runs the client.
    fn serve(&mut self, program: Option<&Program>) {
        let network = self.script.links.first().map_or(Network::Tcp, |link| link.connection.network);
        let listening = if network.has_connections() { "listen" } else { "bind" };
        let at = if program.is_some() { Node::word(network.name()) } else { Node::word("\"${server_address}\"") };
        self.steps.add("server", &Node::one(listening, at));
        if let Some(Program { arguments, .. }) = program {
            let ip = if network.is_v6() { "::1" } else { "127.0.0.1" };
            let address = match network {
                Network::Unix => "${server.path}".to_owned(),
                _ if network.is_v6() => format!("[{ip}]:${{server.port}}"),
                _ => format!("{ip}:${{server.port}}"),
            };
            let fill = |argument: &String| {
                let escaped = quoted(argument);
                let filled = escaped.replace("{address}", &address).replace("{host}", ip);
                Node::Scalar(filled.replace("{port}", "${server.port}").replace("{path}", "${server.path}"))
            };
            self.steps.add("client", &Node::one("run", Node::List(arguments.iter().map(fill).collect())));
        }
    }

    fn step(&mut self, at: usize) {
        let step = &self.script.steps[at];
        let endpoint = self.names.endpoint(step.link).to_owned();
        match &step.act {
            Act::Open => self.open(at, &endpoint),
            Act::Refused(errno) => {
                let fails = vec![("fails".to_owned(), Node::word(errno.to_string()))];
                let to = self.address_of(step.link);
                self.steps.add(&endpoint, &verb("connect", Some(to), fails));
            }
            Act::Say(bytes) => self.say(at, &endpoint, bytes),
            Act::Hear(_) => self.hear(at, &endpoint),
            Act::HearEnd(ending) => self.hear_end(at, &endpoint, *ending),
            Act::Shut => self.steps.add(&endpoint, &Node::one("shutdown", Node::word("write"))),
            Act::Close => self.steps.add(&endpoint, &Node::word("close")),
            Act::Reset => self.steps.add(&endpoint, &Node::word("reset")),
            Act::Unreachable => {
                let fails = vec![("fails".to_owned(), Node::word("ECONNREFUSED"))];
                let rest = Node::one("rest", Node::word("true"));
                self.steps.add(&endpoint, &verb("recv", Some(rest), fails));
            }
        }
    }

    /// Writes a long send and what is heard meanwhile into two lanes: neither side reads on before the other
    /// does. Says how many steps that were.
    fn overlapping(&mut self, at: usize) -> Option<usize> {
        let steps = &self.script.steps;
        let link = steps[at].link;
        let Act::Say(said) = &steps[at].act else { return None };
        let has_shut = steps.get(at + 1).is_some_and(|next| next.link == link && next.act == Act::Shut);
        let hear = at + 1 + usize::from(has_shut);
        let Act::Hear(heard) = &steps.get(hear).filter(|next| next.link == link)?.act else { return None };
        if said.len() <= BUFFERED
            || heard.len() <= BUFFERED
            || self.names.link(link).connection.network.has_boundaries()
        {
            return None;
        }
        let mut lane = |from: usize, to: usize| {
            let outer = std::mem::take(&mut self.steps);
            (from..to).for_each(|step| self.step(step));
            std::mem::replace(&mut self.steps, outer).out
        };
        let (writer, reader) = (lane(at, hear), lane(hear, hear + 1));
        self.steps.parallel(&[("writer", &writer), ("reader", &reader)]);
        Some(hear + 1 - at)
    }

    fn open(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let link = self.names.link(step.link);
        let is_udp = link.connection.network.is_udp();
        let any = || Node::word(if link.connection.network.is_v6() { "udp6" } else { "udp" });
        match (self.script.side, link.connection.opened_by == self.script.side) {
            // Datagrams of another address come to the same socket.
            (Side::Client, _) if link.shares.is_some() => {}
            (Side::Client, true) if is_udp && self.is_shared(step.link) => {
                self.steps.add(endpoint, &Node::one("bind", any()));
            }
            // The server's socket is there before a client comes; another one is bound to answer from.
            (Side::Server, false) if is_udp => {}
            (Side::Server, true) if is_udp => self.steps.add(endpoint, &Node::one("bind", any())),
            (_, false) => {
                let listener = if link.told.is_some() { format!("{endpoint}_listener") } else { "server".to_owned() };
                self.steps.add(endpoint, &verb("accept", Some(Node::word(listener)), within(step.waited)));
            }
            (_, true) => {
                self.compute_port(step.link);
                let to = self.address_of(step.link);
                self.steps.add(endpoint, &verb("connect", Some(to), within(step.waited)));
            }
        }
    }

    /// Computes the port of two bytes that were told.
    fn compute_port(&mut self, link: usize) {
        let Some(told) = self.names.link(link).told.clone().filter(|told| told.port.len() == 2) else { return };
        let name = |nth: usize| {
            let captures = &self.script.captures;
            let capture = captures.iter().find(|capture| capture.step == told.step && capture.at == told.port[nth]);
            capture.map_or("high", |capture| capture.name.as_str())
        };
        let port = format!("\"{}|int * 256 + {}|int\"", name(0), name(1));
        self.steps.add_plain("let", &Node::one("data_port", Node::Scalar(port)));
    }

    /// Whether other links have the same socket.
    fn is_shared(&self, link: usize) -> bool {
        self.script.links.iter().any(|other| other.shares == Some(link))
    }

    fn address_of(&self, link: usize) -> Node {
        let link = self.names.link(link);
        let end = match self.script.side {
            Side::Client => &link.connection.server,
            Side::Server => &link.connection.client,
        };
        match (&link.told, end) {
            (Some(_), End::Inet(address)) => {
                let (network, host) = if address.is_ipv6() {
                    ("tcp6", format!("[{}]", address.ip()))
                } else {
                    ("tcp", address.ip().to_string())
                };
                Node::Scalar(format!("\"{network}://{host}:${{data_port}}\""))
            }
            _ => Node::word("\"${server}\""),
        }
    }

    fn say(&mut self, at: usize, endpoint: &str, bytes: &[u8]) {
        self.listen_for(at);
        let payload = self.payload(at, bytes);
        let mut modifiers: Vec<(String, Node)> =
            self.receiver(at).map(|to| ("to".to_owned(), to)).into_iter().collect();
        if bytes.len() > 64 * 1024
            && matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Reset | Ending::Either)))
        {
            modifiers.push(("fails".to_owned(), Node::word("[EPIPE, ECONNRESET, none]")));
        }
        self.steps.add(endpoint, &verb("send", Some(payload), modifiers));
    }

    /// Whom a datagram goes to, where its socket is not connected.
    fn receiver(&self, at: usize) -> Option<Node> {
        let at = self.script.steps[at].link;
        let link = self.names.link(at);
        match self.script.side {
            _ if !link.connection.network.is_udp() => None,
            Side::Client if link.shares.is_some() => Some(Node::word(self.names.sender(at))),
            Side::Client => self.is_shared(at).then(|| Node::word("\"${server}\"")),
            Side::Server => Some(Node::word(self.names.client(at))),
        }
    }

    /// How the sender of a datagram is told: by the name that it gets, or has.
    fn sender(&self, at: usize) -> Option<(String, Node)> {
        let index = self.script.steps[at].link;
        let link = self.names.link(index);
        let name = match self.script.side {
            _ if !link.connection.network.is_udp() => return None,
            Side::Client if link.shares.is_none() => return None,
            Side::Client => self.names.sender(index),
            Side::Server => self.names.client(index),
        };
        let is_same = |step: &Step| match self.script.side {
            Side::Client => step.link == index,
            Side::Server => self.names.client(step.link) == name,
        };
        let is_known =
            self.script.steps[..at].iter().any(|before| is_same(before) && matches!(before.act, Act::Hear(_)));
        Some((if is_known { "from" } else { "sender" }.to_owned(), Node::word(name)))
    }

    fn next(&self, at: usize) -> Option<&Step> {
        self.script.next_of_link(at)
    }

    /// Listens for connections that the server opens, before it is told where.
    fn listen_for(&mut self, at: usize) {
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at) else { continue };
            if link.connection.opened_by == self.script.side {
                continue;
            }
            let listener = format!("{}_listener", self.names.endpoint(index));
            let network = if link.connection.network.is_v6() { "tcp6" } else { "tcp" };
            self.steps.add(&listener, &Node::one("listen", Node::word(network)));
            if told.port.len() == 2 {
                let half = |operator: &str| Node::Scalar(format!("\"{listener}.port {operator} 256\""));
                self.steps
                    .add_plain("let", &Node::Map(vec![("high".to_owned(), half("//")), ("low".to_owned(), half("%"))]));
            }
        }
    }

    /// What is said, with the variables in it.
    fn payload(&mut self, at: usize, bytes: &[u8]) -> Node {
        let replaced = self.variables(at);
        if replaced.is_empty() && is_long(bytes) {
            return self.files.node(bytes);
        }
        let mut bits = Vec::new();
        let mut from = 0;
        for (range, name) in replaced {
            bits.extend(self.names.bits(&bytes[from..range.start]));
            bits.push(Bit::Variable(name));
            from = range.end;
        }
        bits.extend(self.names.bits(&bytes[from..]));
        self.speaks_of_port |= bits.iter().any(|bit| matches!(bit, Bit::Variable(name) if name == self.names.port()));
        joined(nodes(&bits))
    }

    /// The places of variables in what is said, in order.
    fn variables(&self, at: usize) -> Vec<(std::ops::Range<usize>, String)> {
        let used = self.script.uses.iter().filter(|used| used.step == at);
        let mut all: Vec<_> = used.map(|used| (used.at.clone(), self.names.capture(used.capture).to_owned())).collect();
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at) else { continue };
            let listener = format!("{}_listener.port", self.names.endpoint(index));
            let numbers = if told.port.len() == 2 { vec!["high".to_owned(), "low".to_owned()] } else { vec![listener] };
            all.extend(told.port.iter().cloned().zip(numbers));
        }
        all.sort_by_key(|(at, _)| at.start);
        all
    }

    fn hear(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let by_chance = matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Either)));
        let messages = self.messages.get(at).map_or(&[][..], Vec::as_slice);
        let mut modifiers = within(step.waited);
        modifiers.extend(self.sender(at));
        if let Some(refusal) = self.script.refusal(at) {
            self.steps.comment(&format!("In the recording {}.", refusal.sentence()));
            self.steps.comment(&format!("{}.", refusal.reason()));
        }
        for parts in messages {
            self.speaks_of_port |=
                parts.iter().any(|part| matches!(part, Part::Literal(bytes) if self.names.has_address_in(bytes)));
            let node = pattern(parts, &self.names, by_chance);
            if parts.iter().any(|part| matches!(part, Part::Piece(_))) {
                self.steps.comment("nothing tells where this ends, so it is what one call gives");
                let mut entries = vec![("is".to_owned(), node)];
                entries.extend(modifiers.clone());
                self.steps.add(endpoint, &verb("read", Some(Node::word("64KiB")), entries));
            } else {
                self.steps.add(endpoint, &verb("recv", Some(node), modifiers.clone()));
            }
        }
        if messages.is_empty() {
            // An empty datagram.
            self.steps.add(endpoint, &verb("recv", Some(Node::word("\"\"")), modifiers));
        }
    }

    fn hear_end(&mut self, at: usize, endpoint: &str, ending: Ending) {
        let step = &self.script.steps[at];
        // What takes the rest has seen the end already, and a reset is seen once.
        let takes_rest = ending == Ending::Either && self.previous_takes_rest(at);
        if takes_rest {
            return;
        }
        let ending = match ending {
            Ending::Eof => "eof",
            Ending::Reset => "reset",
            Ending::Either => "[eof, reset]",
        };
        self.steps.add(endpoint, &verb("expect", Some(Node::word(ending)), within(step.waited)));
    }

    fn previous_takes_rest(&self, at: usize) -> bool {
        let link = self.script.steps[at].link;
        let before = (0..at).rev().find(|before| self.script.steps[*before].link == link);
        let last = before.and_then(|before| self.messages.get(before)?.last()?.last());
        matches!(last, Some(Part::Rest(_)))
    }
}
