//! Which connections of a capture are the conversation that somebody means.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Problem;
use super::flow::{Flow, Seen};
use crate::model::address::Address;
use crate::model::network::Network;
use crate::record::conversation::Side;
use crate::record::ftp;

/// So many are listed where one is to be chosen.
const LISTED: usize = 20;

/// Whose conversation is meant. A port of 0 is any.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The client.
    pub from: Option<Address>,
    /// The server.
    pub to: Option<Address>,
}

/// A connection that was chosen, and who of the two began it.
pub(super) struct Chosen<'f> {
    pub(super) flow: &'f Flow,
    pub(super) opened_by: Side,
}

/// The connections of one server: those that its clients began, and those that these told of.
pub(super) fn choose<'f>(flows: &'f [Flow], choice: &Choice) -> Result<Vec<Chosen<'f>>, Problem> {
    let flows: Vec<&Flow> = flows.iter().filter(|flow| !flow.events.is_empty()).collect();
    let parents: Vec<Option<(usize, Side)>> = (0..flows.len()).map(|at| parent(&flows, at)).collect();
    let is_meant = |flow: &Flow| {
        let means = |address: &Option<Address>, end| address.as_ref().is_none_or(|address| is_at(address, flow, end));
        means(&choice.from, 0) && means(&choice.to, 1)
    };
    let roots: Vec<usize> = (0..flows.len()).filter(|at| parents[*at].is_none()).collect();
    let meant: Vec<usize> = roots.iter().copied().filter(|at| is_meant(flows[*at])).collect();
    let Some(first) = meant.first() else {
        return Err(Problem::Nothing(list(&roots.iter().map(|at| flows[*at]).collect::<Vec<_>>())));
    };
    let server = |at: usize| (flows[at].is_tcp, flows[at].ends[1]);
    if meant.iter().any(|at| server(*at) != server(*first)) {
        return Err(Problem::Several(list(&meant.iter().map(|at| flows[*at]).collect::<Vec<_>>())));
    }
    let root_of = |at: usize| {
        let mut at = at;
        while let Some((parent, _)) = parents[at] {
            at = parent;
        }
        at
    };
    let chosen = (0..flows.len())
        .filter(|at| meant.contains(&root_of(*at)))
        .map(|at| Chosen { flow: flows[at], opened_by: parents[at].map_or(Side::Client, |(_, opened_by)| opened_by) });
    Ok(chosen.collect())
}

/// The connection before one on which it was told of, and who of that one's two ends began this one.
fn parent(flows: &[&Flow], at: usize) -> Option<(usize, Side)> {
    let flow = flows[at];
    let [opener, acceptor] = flow.ends;
    flows[..at].iter().enumerate().rev().find_map(|(index, before)| {
        let [client, server] = before.ends;
        let hosts = (opener.ip(), acceptor.ip());
        if !flow.is_tcp {
            // TFTP answers from another port.
            let answers = !before.is_tcp && acceptor == client && opener.ip() == server.ip();
            return answers.then_some((index, Side::Server));
        }
        if hosts == (client.ip(), server.ip()) && tells(before, Side::Server, acceptor) {
            return Some((index, Side::Client));
        }
        (hosts == (server.ip(), client.ip()) && tells(before, Side::Client, acceptor)).then_some((index, Side::Server))
    })
}

/// Whether one side of an FTP session has told where it accepts a connection.
fn tells(flow: &Flow, by: Side, address: SocketAddr) -> bool {
    let end = usize::from(by == Side::Server);
    let said: Vec<&[u8]> = flow
        .events
        .iter()
        .filter_map(|(_, _, seen)| match seen {
            Seen::Sent(sender, bytes) if *sender == end => Some(bytes.as_slice()),
            _ => None,
        })
        .collect();
    let said = said.concat();
    said.split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| ftp::announced(by, line, address.ip()))
        .any(|announced| announced.address.port() == address.port())
}

fn is_at(address: &Address, flow: &Flow, end: usize) -> bool {
    let own = flow.ends[end];
    let is_same = |network: Network| {
        (network.is_tcp() && flow.is_tcp || network.is_udp() && !flow.is_tcp) && (!network.is_v6() || own.is_ipv6())
    };
    match address {
        Address::Inet { network, address } => {
            is_same(*network) && address.ip() == own.ip() && [0, own.port()].contains(&address.port())
        }
        Address::Any(network) => is_same(*network),
        Address::Unix { .. } => false,
    }
}

/// The servers of connections, each with what came to it.
fn list(flows: &[&Flow]) -> Vec<String> {
    let mut servers: BTreeMap<(bool, SocketAddr), (usize, usize)> = BTreeMap::new();
    for flow in flows {
        let (connections, bytes) = servers.entry((flow.is_tcp, flow.ends[1])).or_default();
        *connections += 1;
        *bytes += flow.sent(0) + flow.sent(1);
    }
    let count = servers.len();
    let mut lines: Vec<String> = servers
        .into_iter()
        .take(LISTED)
        .map(|((is_tcp, server), (connections, bytes))| {
            let network = if is_tcp { "tcp" } else { "udp" };
            let plural = if connections == 1 { "" } else { "s" };
            format!("--to {network}://{server}    {connections} connection{plural}, {bytes} bytes")
        })
        .collect();
    if count > LISTED {
        lines.push(format!("… and {} more", count - LISTED));
    }
    lines
}
