//! The spec that plays the client against the real server.

use std::fmt::Write as _;

use super::bits::{Bit, LONG, filling, joined, nodes};
use super::names::Names;
use super::pattern::pattern;
use super::yaml::{Node, escaped, quoted};
use super::{Head, Steps, Written, verb, within};
use crate::model::address::{Address, UnixName};
use crate::record::conversation::{End, Side};
use crate::record::script::{Act, Ending, Script, Step};
use crate::record::vary::Part;

/// The spec of a script, with the patterns of what is heard in each of its steps.
pub(in crate::record) fn client(
    script: &Script,
    messages: &[Vec<Vec<Part>>],
    server: &Address,
    head: &Head,
) -> Written {
    let names = Names::of(script, "port");
    let steps = Steps { out: String::new(), width: names.width() };
    let mut writer = Writer { script, messages, names, steps, head, files: Vec::new(), speaks_of_port: false };
    for at in 0..script.steps.len() {
        writer.step(at);
    }
    let mut text = head.schema_line.clone();
    let _ = writeln!(text, "about: {}", about(&head.about));
    text.push_str(&vars(server, writer.speaks_of_port));
    text.push_str("steps:\n");
    text.push_str(&writer.steps.out);
    Written { text, files: writer.files }
}

/// A sentence, in quotes where YAML would misread it.
fn about(sentence: &str) -> String {
    let is_plain = sentence.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !sentence.contains(": ")
        && !sentence.contains(" #")
        && !sentence.ends_with(':')
        && !sentence.contains(char::is_control);
    if is_plain { sentence.to_owned() } else { quoted(sentence) }
}

/// Where the server is: a variable, so that `--var` can say otherwise.
fn vars(server: &Address, speaks_of_port: bool) -> String {
    match server {
        Address::Inet { network, address } if speaks_of_port => {
            let host = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
            format!("vars:\n  port: {}\n  server: \"{network}://{host}:${{port}}\"\n", address.port())
        }
        Address::Inet { network, address } => format!("vars: {{server: \"{network}://{address}\"}}\n"),
        Address::Unix { network, name: UnixName::Path(path) } => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            format!("vars: {{server: {}}}\n", quoted(&format!("{network}:{}", path.display())))
        }
        Address::Unix { network, name: UnixName::Abstract(name) } => {
            format!("vars: {{server: {}}}\n", quoted(&format!("{network}:@{name}")))
        }
        Address::Any(_) => String::new(),
    }
}

struct Writer<'w> {
    script: &'w Script,
    messages: &'w [Vec<Vec<Part>>],
    names: Names<'w>,
    steps: Steps,
    head: &'w Head,
    files: Vec<(String, Vec<u8>)>,
    speaks_of_port: bool,
}

impl Writer<'_> {
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

    fn open(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let link = self.names.link(step.link);
        if link.shares.is_some() {
            return;
        }
        if link.connection.network.is_udp() && self.is_shared(step.link) {
            let address = Node::word(if link.connection.network.is_v6() { "udp6" } else { "udp" });
            return self.steps.add(endpoint, &Node::one("bind", address));
        }
        if link.connection.opened_by == Side::Server {
            let accept = Node::one("accept", Node::word(format!("{endpoint}_listener")));
            return self.steps.add(endpoint, &accept);
        }
        if let Some(told) = link.told.as_ref().filter(|told| told.port.len() == 2) {
            let name = |nth: usize| {
                let capture = self
                    .script
                    .captures
                    .iter()
                    .find(|capture| capture.step == told.step && capture.at == told.port[nth]);
                capture.map_or("high", |capture| capture.name.as_str())
            };
            let port = format!("\"{}|int * 256 + {}|int\"", name(0), name(1));
            self.steps.add_plain("let", &Node::one("data_port", Node::Scalar(port)));
        }
        let to = self.address_of(step.link);
        self.steps.add(endpoint, &verb("connect", Some(to), within(step.waited)));
    }

    /// Whether other links have the same socket.
    fn is_shared(&self, link: usize) -> bool {
        self.script.links.iter().any(|other| other.shares == Some(link))
    }

    fn address_of(&self, link: usize) -> Node {
        let link = self.names.link(link);
        match (&link.told, &link.connection.server) {
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
        let step = &self.script.steps[at];
        let mut modifiers = Vec::new();
        if self.names.link(step.link).shares.is_some() {
            modifiers.push(("to".to_owned(), Node::word(self.names.sender(step.link))));
        } else if self.names.link(step.link).connection.network.is_udp() && self.is_shared(step.link) {
            modifiers.push(("to".to_owned(), Node::word("\"${server}\"")));
        }
        if bytes.len() > 64 * 1024
            && matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Reset | Ending::Either)))
        {
            modifiers.push(("fails".to_owned(), Node::word("[EPIPE, ECONNRESET, none]")));
        }
        self.steps.add(endpoint, &verb("send", Some(payload), modifiers));
    }

    fn next(&self, at: usize) -> Option<&Step> {
        self.script.next_of_link(at)
    }

    /// Listens for connections that the server opens, before it is told where.
    fn listen_for(&mut self, at: usize) {
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at) else { continue };
            if link.connection.opened_by != Side::Server {
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
        if replaced.is_empty() && bytes.len() > LONG * 4 {
            return self.long(bytes);
        }
        let mut bits = Vec::new();
        let mut from = 0;
        for (range, name) in replaced {
            bits.extend(self.names.bits(&bytes[from..range.start]));
            bits.push(Bit::Variable(name));
            from = range.end;
        }
        bits.extend(self.names.bits(&bytes[from..]));
        self.speaks_of_port |= bits.contains(&Bit::Variable("port".to_owned()));
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

    /// What is too long to be read: how it is made, or a file beside the spec.
    fn long(&mut self, bytes: &[u8]) -> Node {
        if let Some(pattern) = filling(bytes).and_then(|pattern| std::str::from_utf8(pattern).ok()) {
            return Node::Map(vec![
                ("fill".to_owned(), Node::Scalar(format!("\"{}\"", escaped(pattern)))),
                ("size".to_owned(), Node::word(bytes.len().to_string())),
            ]);
        }
        let known = self.files.iter().find(|(_, known)| known == bytes).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = format!("{}.{}.bin", self.head.stem, self.files.len() + 1);
            self.files.push((name.clone(), bytes.to_vec()));
            name
        });
        Node::one("file", Node::Scalar(quoted(&name)))
    }

    fn hear(&mut self, at: usize, endpoint: &str) {
        let step = &self.script.steps[at];
        let by_chance = matches!(self.next(at).map(|next| &next.act), Some(Act::HearEnd(Ending::Either)));
        let messages = self.messages.get(at).map_or(&[][..], Vec::as_slice);
        let mut modifiers = within(step.waited);
        let link = self.names.link(step.link);
        if link.shares.is_some() {
            let is_first = !self.script.steps[..at]
                .iter()
                .any(|before| before.link == step.link && matches!(before.act, Act::Hear(_)));
            let key = if is_first { "sender" } else { "from" };
            modifiers.push((key.to_owned(), Node::word(self.names.sender(step.link))));
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
