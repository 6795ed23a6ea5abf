//! The spec that plays both sides, and needs neither of them.

use std::fmt::Write as _;

use super::bits::{Bit, joined, nodes};
use super::long::{Files, is_long};
use super::names::Names;
use super::side::{BUFFERED, about};
use super::yaml::Node;
use super::{Head, Steps, Written, formatted, verb};
use crate::record::conversation::Side;
use crate::record::script::{Act, Ending, Script};

/// The spec of a script that is the client's view.
pub(in crate::record) fn both(script: &Script, head: &Head) -> Written {
    let names = Names::of(script, "server.port");
    let mut writer = Writer {
        script,
        ends: vec![Ends::default(); script.links.len()],
        steps: Steps::default(),
        names,
        closed_from: closed_from(script),
        files: Files { stem: &head.stem, all: Vec::new() },
    };
    writer.begin();
    for at in 0..script.steps.len() {
        writer.step(at);
    }
    let mut text = head.schema_line.clone();
    let _ = write!(text, "about: {}\nsteps:\n{}", about(&head.about), writer.steps.out);
    Written { text: formatted(text), files: writer.files.all }
}

/// The first datagram to the server's port that finds it closed. `None` where it never is, or where somebody
/// listens there again later.
fn closed_from(script: &Script) -> Option<usize> {
    let steps = &script.steps;
    let found = steps.iter().position(|step| step.act == Act::Unreachable)?;
    let link = steps[found].link;
    let is_said = |at: &usize| steps[*at].link == link && matches!(steps[*at].act, Act::Say(_));
    let from = (0..found).rev().find(is_said)?;
    let is_closed = |at: usize| match steps[at].act {
        Act::Say(_) => script.next_of_link(at).is_some_and(|next| next.act == Act::Unreachable),
        Act::Hear(_) => false,
        _ => true,
    };
    // Only who is connected hears of it.
    let is_shared = script.links.iter().any(|other| other.shares.is_some());
    ((from..steps.len()).all(is_closed) && !is_shared).then_some(from)
}

/// What is closed of a connection.
#[derive(Debug, Clone, Default)]
struct Ends {
    server_closed: bool,
    server_ended: bool,
    /// Whether the server has heard from the client, of datagrams.
    is_known: bool,
}

struct Writer<'w> {
    script: &'w Script,
    names: Names<'w>,
    steps: Steps,
    ends: Vec<Ends>,
    /// The step before which the server's datagram socket is closed.
    closed_from: Option<usize>,
    files: Files<'w>,
}

impl Writer<'_> {
    /// The server is there before anybody comes.
    fn begin(&mut self) {
        let Some(link) = self.script.links.first() else { return };
        let network = link.connection.network;
        let verb = if network.has_connections() { "listen" } else { "bind" };
        self.steps.add("server", &Node::one(verb, Node::word(network.name())));
        let is_refused = self.script.steps.iter().any(|step| matches!(step.act, Act::Refused(_)));
        if is_refused {
            self.steps.add("server", &Node::word("close"));
        }
    }

    /// The endpoint of the server's end of a link.
    fn server_end(&self, link: usize) -> String {
        let connection = &self.script.links[link].connection;
        let client = self.names.endpoint(link);
        match (connection.network.is_udp(), connection.opened_by) {
            (true, Side::Client) => "server".to_owned(),
            (true, Side::Server) => format!("transfer{}", if link == 1 { String::new() } else { link.to_string() }),
            _ => match client.strip_prefix("client") {
                Some(number) => format!("conn{number}"),
                None => format!("{client}_conn"),
            },
        }
    }

    fn step(&mut self, at: usize) {
        let step = &self.script.steps[at];
        let (client, conn) = (self.names.endpoint(step.link).to_owned(), self.server_end(step.link));
        match &step.act {
            Act::Open => self.open(step.link, &client, &conn),
            Act::Refused(errno) => {
                let fails = vec![("fails".to_owned(), Node::word(errno.to_string()))];
                self.steps.add(&client, &verb("connect", Some(Node::word("server")), fails));
            }
            Act::Say(bytes) => self.pass(at, &client, &conn, bytes, Side::Client),
            Act::Hear(bytes) => self.pass(at, &conn, &client, bytes, Side::Server),
            Act::HearEnd(Ending::Reset) => {
                self.ends[step.link].server_closed = true;
                self.steps.add(&conn, &Node::word("reset"));
                self.steps.add(&client, &expect("reset"));
            }
            Act::HearEnd(_) => {
                let says_on = self.script.steps[at + 1..]
                    .iter()
                    .any(|later| later.link == step.link && matches!(later.act, Act::Say(_) | Act::Reset | Act::Shut));
                self.ends[step.link].server_ended = true;
                self.ends[step.link].server_closed = !says_on;
                let end = if says_on { Node::one("shutdown", Node::word("write")) } else { Node::word("close") };
                self.steps.add(&conn, &end);
                self.steps.add(&client, &expect("eof"));
            }
            Act::Shut => {
                self.steps.add(&client, &Node::one("shutdown", Node::word("write")));
                self.steps.add(&conn, &expect("eof"));
            }
            Act::Close => self.close(step.link, &client, &conn),
            Act::Reset => {
                self.steps.add(&client, &Node::word("reset"));
                self.steps.add(&conn, &expect("reset"));
                self.steps.add(&conn, &Node::word("close"));
            }
            Act::Unreachable if self.closed_from.is_some() => {
                let rest = Node::one("rest", Node::word("true"));
                let fails = vec![("fails".to_owned(), Node::word("ECONNREFUSED"))];
                self.steps.add(&client, &verb("recv", Some(rest), fails));
            }
            Act::Unreachable => {}
        }
    }

    fn open(&mut self, link: usize, client: &str, conn: &str) {
        let Some(known) = self.script.links.get(link) else { return };
        let network = known.connection.network;
        if network.is_udp() {
            match known.connection.opened_by {
                Side::Server => self.steps.add(conn, &Node::one("bind", Node::word(network.name()))),
                Side::Client if self.script.links.iter().any(|other| other.shares == Some(link)) => {
                    self.steps.add(client, &Node::one("bind", Node::word(network.name())));
                }
                Side::Client => self.steps.add(client, &Node::one("connect", Node::word("server"))),
            }
            return;
        }
        let listener = if known.told.is_some() { format!("{client}_listener") } else { "server".to_owned() };
        let (opener, other) = if known.connection.opened_by == Side::Client { (client, conn) } else { (conn, client) };
        self.steps.add(opener, &Node::one("connect", Node::word(&*listener)));
        self.steps.add(other, &Node::one("accept", Node::word(listener)));
    }

    fn close(&mut self, link: usize, client: &str, conn: &str) {
        self.steps.add(client, &Node::word("close"));
        let network = self.script.links[link].connection.network;
        if !self.ends[link].server_closed && network.has_connections() {
            if !self.ends[link].server_ended {
                self.steps.add(conn, &expect("eof"));
            }
            self.steps.add(conn, &Node::word("close"));
            self.ends[link].server_closed = true;
        }
    }

    /// Bytes go from one end to the other.
    fn pass(&mut self, at: usize, from: &str, to: &str, bytes: &[u8], by: Side) {
        let step = &self.script.steps[at];
        self.listen_for(at, by);
        let payload = self.payload(at, bytes);
        if self.closed_from.is_some_and(|closed| closed <= at) {
            if self.closed_from == Some(at) {
                self.steps.add("server", &Node::word("close"));
            }
            return self.steps.add(from, &verb("send", Some(payload), Vec::new()));
        }
        let (mut sending, mut receiving) = (Vec::new(), Vec::new());
        let connection = &self.script.links[step.link].connection;
        if connection.network.is_udp() {
            let socket = self.script.socket_of(step.link);
            let is_shared = self.script.links.iter().any(|other| other.shares == Some(socket));
            match by {
                Side::Client if is_shared => sending.push(("to".to_owned(), Node::word(to))),
                Side::Client => {
                    let is_known = std::mem::replace(&mut self.ends[step.link].is_known, true);
                    let peer = self.names.client(step.link);
                    receiving.push((if is_known { "from" } else { "sender" }.to_owned(), Node::word(peer)));
                }
                Side::Server if is_shared => {
                    sending.push(("to".to_owned(), Node::word(self.names.endpoint(step.link))));
                }
                Side::Server => sending.push(("to".to_owned(), Node::word(self.names.client(step.link)))),
            }
        }
        if bytes.len() > BUFFERED && connection.network.has_connections() {
            let one = |who: &str, what: &str| Node::List(vec![Node::one(who, Node::one(what, payload.clone()))]);
            let lanes = vec![("writer".to_owned(), one(from, "send")), ("reader".to_owned(), one(to, "recv"))];
            return self.steps.add_plain("parallel", &Node::Map(lanes));
        }
        self.steps.add(from, &verb("send", Some(payload.clone()), sending));
        self.steps.add(to, &verb("recv", Some(payload), receiving));
    }

    /// Listens for connections whose address is told in a step.
    fn listen_for(&mut self, at: usize, by: Side) {
        for (index, link) in self.script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == at && link.connection.opened_by != by)
            else {
                continue;
            };
            let listener = format!("{}_listener", self.names.endpoint(index));
            self.steps.add(&listener, &Node::one("listen", Node::word(link.connection.network.name())));
            if told.port.len() == 2 {
                let half = |operator: &str| Node::Scalar(format!("\"{listener}.port {operator} 256\""));
                let halves = vec![("high".to_owned(), half("//")), ("low".to_owned(), half("%"))];
                self.steps.add_plain("let", &Node::Map(halves));
            }
        }
    }

    fn payload(&mut self, at: usize, bytes: &[u8]) -> Node {
        let told = self.script.links.iter().enumerate().filter_map(|(index, link)| {
            link.told.as_ref().filter(|told| told.step == at).map(|told| (index, told.port.clone()))
        });
        let mut bits = Vec::new();
        let mut from = 0;
        for (index, ports) in told {
            let numbers = match ports.len() {
                2 => vec!["high".to_owned(), "low".to_owned()],
                _ => vec![format!("{}_listener.port", self.names.endpoint(index))],
            };
            for (range, name) in ports.into_iter().zip(numbers) {
                bits.extend(self.names.bits(&bytes[from..range.start]));
                bits.push(Bit::Variable(name));
                from = range.end;
            }
        }
        if from == 0 && is_long(bytes) {
            return self.files.node(bytes);
        }
        bits.extend(self.names.bits(&bytes[from..]));
        joined(nodes(&bits))
    }
}

fn expect(ending: &str) -> Node {
    Node::one("expect", Node::word(ending))
}
