//! The spec that plays one side: the client against the real server, or the server for a real client.

mod hear;
mod open;
mod say;

use std::fmt::Write as _;

use super::long::Files;
use super::names::Names;
use super::yaml::{Node, is_plain, quoted, quoted_as_it_is};
use super::{Head, Steps, Written, formatted, verb};
use crate::model::address::{Address, UnixName};
use crate::model::network::Network;
use crate::record::conversation::{End, Side};
use crate::record::script::{Act, Script, Step};
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

    fn next(&self, at: usize) -> Option<&Step> {
        self.script.next_of_link(at)
    }
}
