//! Puts what happened into the order of one side's steps: what both sides did by chance at the same
//! time gets the order in which a spec is steady.

use std::time::Duration;

use super::conversation::{Connection, Conversation, End, Happened, Side, What};
use super::ftp;
use super::script::{Act, Ending, Link, Script, Step, Told};

/// The view that one side has of a conversation.
pub(super) fn arrange(conversation: &Conversation, side: Side) -> Script {
    let conversation = &readdressed(conversation);
    let connections = &conversation.connections;
    let links = connections.iter().enumerate().map(|(index, connection)| Link {
        connection: connection.clone(),
        shares: connections[..index].iter().position(|before| is_same_socket(before, connection, side)),
        told: None,
    });
    let mut arranger = Arranger {
        side,
        conversation,
        states: vec![State::default(); connections.len()],
        steps: Vec::new(),
        before: Duration::ZERO,
    };
    for (index, event) in conversation.events.iter().enumerate() {
        arranger.event(index, event);
    }
    let mut steps = arranger.steps;
    // Nobody sees a datagram socket close.
    let own = |link: &Link| side == Side::Client && link.connection.network.is_udp() && link.shares.is_none();
    let links: Vec<Link> = links.collect();
    steps.extend(links.iter().enumerate().filter(|(_, link)| own(link)).map(|(link, _)| Step {
        link,
        act: Act::Close,
        waited: Duration::ZERO,
    }));
    keep_ends_together(&mut steps);
    join_long(&mut steps);
    let began = conversation.began;
    let mut script = Script {
        side,
        began,
        links,
        steps,
        captures: Vec::new(),
        uses: Vec::new(),
        coincidences: Vec::new(),
        refused: Vec::new(),
    };
    find_told(&mut script);
    script
}

/// The conversation as it would have gone without a proxy: where somebody speaks about its address, that
/// of the server stands.
fn readdressed(conversation: &Conversation) -> Conversation {
    let mut conversation = conversation.clone();
    for Happened { connection, what, .. } in &mut conversation.events {
        let connection = &conversation.connections[*connection];
        if let (What::Sent { bytes, .. }, Side::Client, Some(End::Inet(proxy)), End::Inet(server)) =
            (what, connection.opened_by, &connection.known_as, &connection.server)
        {
            replace(bytes, &proxy.to_string(), &server.to_string());
            replace(bytes, &format!("localhost:{}", proxy.port()), &format!("localhost:{}", server.port()));
        }
    }
    conversation
}

/// Replaces an address where no digit makes it another one.
fn replace(bytes: &mut Vec<u8>, old: &str, new: &str) {
    let mut out = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(bytes, old.as_bytes()) {
        let end = at + old.len();
        if !bytes.get(end).is_some_and(u8::is_ascii_digit) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(new.as_bytes());
            from = end;
        }
    }
    if from > 0 {
        out.extend_from_slice(&bytes[from..]);
        *bytes = out;
    }
}

/// Whether datagrams of both come to the same socket of this side.
fn is_same_socket(one: &Connection, other: &Connection, side: Side) -> bool {
    let own = |connection: &Connection| match side {
        Side::Client => connection.client.clone(),
        Side::Server => connection.server.clone(),
    };
    one.network.is_udp() && other.network.is_udp() && own(one) == own(other) && own(one) != End::Unnamed
}

/// What is known of a connection at some point.
#[derive(Debug, Clone, Default)]
struct State {
    we_ended: bool,
    /// Nothing more of it is of interest.
    is_over: bool,
}

struct Arranger<'c> {
    side: Side,
    conversation: &'c Conversation,
    states: Vec<State>,
    steps: Vec<Step>,
    before: Duration,
}

impl Arranger<'_> {
    fn event(&mut self, index: usize, event: &Happened) {
        let waited = event.at.saturating_sub(self.before);
        self.before = event.at;
        let link = event.connection;
        if self.states[link].is_over {
            return;
        }
        match &event.what {
            What::Opened => self.add(link, Act::Open, waited),
            // A server that is not there does nothing.
            What::Refused(_) if self.side == Side::Server => self.states[link].is_over = true,
            What::Refused(errno) => {
                self.states[link].is_over = true;
                self.add(link, Act::Refused(*errno), waited);
            }
            What::Sent { by, bytes } => self.sent(link, *by == self.side, bytes, waited),
            What::Ended { by, closed } if *by == self.side => self.we_ended(index, link, *closed, waited),
            What::Ended { .. } => self.they_ended(index, link, waited),
            What::Reset { by } => {
                self.states[link].is_over = true;
                if *by == self.side {
                    self.add(link, Act::Reset, waited);
                } else {
                    self.add(link, Act::HearEnd(Ending::Reset), waited);
                    self.add(link, Act::Close, Duration::ZERO);
                }
            }
            What::Unreachable { by } if *by != self.side => self.add(link, Act::Unreachable, waited),
            What::Unreachable { .. } => {}
        }
    }

    fn add(&mut self, link: usize, act: Act, waited: Duration) {
        self.steps.push(Step { link, act, waited });
    }

    /// Pieces of a stream that follow each other belong together.
    fn sent(&mut self, link: usize, by_us: bool, bytes: &[u8], waited: Duration) {
        let is_stream = !self.conversation.connections[link].network.has_boundaries();
        if is_stream && let Some(last) = self.steps.last_mut().filter(|last| last.link == link) {
            match (&mut last.act, by_us) {
                (Act::Say(before), true) | (Act::Hear(before), false) => {
                    before.extend_from_slice(bytes);
                    last.waited += waited;
                    return;
                }
                _ => {}
            }
        }
        let act = if by_us { Act::Say(bytes.to_vec()) } else { Act::Hear(bytes.to_vec()) };
        self.add(link, act, waited);
    }

    /// This side's end, where the other has not ended before. It is a half-close where this side has
    /// heard on, and also where it has waited for the other's end.
    fn we_ended(&mut self, index: usize, link: usize, closed: Option<bool>, waited: Duration) {
        let hears_on = self.later(index, link).any(|what| match what {
            What::Sent { by, .. } | What::Ended { by, .. } | What::Reset { by } => *by != self.side,
            _ => false,
        });
        if closed == Some(true) || !hears_on {
            self.states[link].is_over = true;
            self.add(link, Act::Close, waited);
        } else {
            self.states[link].we_ended = true;
            self.add(link, Act::Shut, waited);
        }
    }

    /// The other side's end. If this side says nothing more, it closes then, whenever it did.
    fn they_ended(&mut self, index: usize, link: usize, waited: Duration) {
        self.add(link, Act::HearEnd(Ending::Eof), waited);
        let says_on = self.later(index, link).any(|what| match what {
            What::Sent { by, .. } | What::Reset { by } => *by == self.side,
            _ => false,
        });
        if self.states[link].we_ended || !says_on {
            self.states[link].is_over = true;
            self.add(link, Act::Close, Duration::ZERO);
        }
    }

    fn later(&self, index: usize, link: usize) -> impl Iterator<Item = &What> {
        self.conversation.events[index + 1..]
            .iter()
            .filter(move |event| event.connection == link)
            .map(|event| &event.what)
    }
}

/// Between two deeds of this side, what is heard on a connection that ends there comes in one go: the
/// other side ends it before it goes on elsewhere, and what was heard elsewhere in between is luck.
fn keep_ends_together(steps: &mut Vec<Step>) {
    let mut from = 0;
    while from < steps.len() {
        if is_own_deed(steps, from) {
            from += 1;
            continue;
        }
        let to = (from..steps.len()).find(|at| is_own_deed(steps, *at)).unwrap_or(steps.len());
        let mut left: Vec<Step> = steps.drain(from..to).collect();
        let mut ordered = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let link = left[0].link;
            if left.iter().any(|step| step.link == link && matches!(step.act, Act::HearEnd(_))) {
                let (its, others) = left.into_iter().partition(|step: &Step| step.link == link);
                (left, ordered) = (others, [ordered, its].concat());
            } else {
                ordered.push(left.remove(0));
            }
        }
        let len = ordered.len();
        steps.splice(from..from, ordered);
        from += len;
    }
}

/// Whether it is a deed that the other side may wait for. A close after the other's end is none.
fn is_own_deed(steps: &[Step], at: usize) -> bool {
    let step = &steps[at];
    let follows_end = || {
        let before = steps[..at].iter().rev().find(|before| before.link == step.link);
        before.is_some_and(|before| matches!(before.act, Act::HearEnd(_)))
    };
    step.is_deed() && !(step.act == Act::Close && follows_end())
}

/// From so many bytes on, both ways, nobody has waited for an answer: both sides have spoken at once.
const LONG: usize = 64 * 1024;

/// Joins what both sides said at once, at length: how it was mixed is luck.
fn join_long(steps: &mut Vec<Step>) {
    let mut from = 0;
    while from < steps.len() {
        let link = steps[from].link;
        let is_part = |step: &Step| step.link == link && matches!(step.act, Act::Say(_) | Act::Hear(_) | Act::Shut);
        let len = steps[from..].iter().take_while(|step| is_part(step)).count().max(1);
        let run = &steps[from..from + len];
        let total = |is_said: bool| -> usize {
            let of = |step: &Step| match &step.act {
                Act::Say(bytes) if is_said => bytes.len(),
                Act::Hear(bytes) if !is_said => bytes.len(),
                _ => 0,
            };
            run.iter().map(of).sum()
        };
        if len > 2 && total(true) > LONG && total(false) > LONG {
            let joined = joined(run);
            from += joined.len();
            steps.splice(from - joined.len()..from - joined.len() + len, joined);
        } else {
            from += len;
        }
    }
}

/// All that was said, its end if it was one, all that was heard.
fn joined(run: &[Step]) -> Vec<Step> {
    let waited = run.iter().map(|step| step.waited).sum();
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    for step in run {
        match &step.act {
            Act::Say(bytes) => said.extend_from_slice(bytes),
            Act::Hear(bytes) => heard.extend_from_slice(bytes),
            _ => {}
        }
    }
    let step = |act| Step { link: run[0].link, act, waited };
    let mut joined = vec![step(Act::Say(said))];
    joined.extend(run.iter().any(|step| step.act == Act::Shut).then(|| step(Act::Shut)));
    joined.push(step(Act::Hear(heard)));
    joined
}

/// Finds where the addresses of connections were told.
fn find_told(script: &mut Script) {
    for link in 1..script.links.len() {
        let connection = &script.links[link].connection;
        let teller = connection.opened_by.other();
        let End::Inet(address) = (if teller == Side::Server { &connection.server } else { &connection.client }) else {
            continue;
        };
        let opened = script.steps.iter().position(|step| step.link == link).unwrap_or(0);
        let told = script.steps[..opened].iter().enumerate().rev().find_map(|(step, before)| {
            let bytes = match &before.act {
                Act::Hear(bytes) if teller != script.side => bytes,
                Act::Say(bytes) if teller == script.side => bytes,
                _ => return None,
            };
            told_in(teller, bytes, address.port()).map(|(line, port)| Told { step, line, port })
        });
        let Some(told) = told else { continue };
        open_soon(script, opened, told.step);
        script.links[link].told = Some(told);
    }
}

/// Puts the opening of a connection to an address that was told before what its opener said meanwhile on
/// others: what of the two comes to the proxy first is luck.
fn open_soon(script: &mut Script, opened: usize, told: usize) {
    let link = script.steps[opened].link;
    let is_openers = |step: &Step| match (&step.act, script.links[link].connection.opened_by == script.side) {
        (Act::Say(_), by_us) => by_us,
        (Act::Hear(_), by_us) => !by_us,
        _ => false,
    };
    let between = script.steps[told + 1..opened].iter().rev();
    let to = opened - between.take_while(|step| step.link != link && is_openers(step)).count();
    script.steps[to..=opened].rotate_right(1);
    for told in script.links.iter_mut().filter_map(|link| link.told.as_mut()) {
        told.step += usize::from((to..opened).contains(&told.step));
    }
}

/// The line, and the places in it, that tell a port.
fn told_in(teller: Side, bytes: &[u8], port: u16) -> Option<(std::ops::Range<usize>, Vec<std::ops::Range<usize>>)> {
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let any = std::net::Ipv4Addr::LOCALHOST.into();
        if let Some(announced) = ftp::announced(teller, line, any).filter(|announced| announced.address.port() == port)
        {
            let ports = ftp::port_in(line, &announced).into_iter().map(|at| start + at.start..start + at.end);
            return Some((start..start + line.len(), ports.collect()));
        }
        start += line.len();
    }
    None
}
