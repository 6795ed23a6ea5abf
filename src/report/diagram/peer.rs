//! Who is at the other end: the sockets of a run, by what the steps before have told of them.

use std::collections::{HashMap, VecDeque};

use super::{Column, Role};

/// What a socket is, as far as a diagram has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Nature {
    /// One end of a connection, or a datagram socket.
    #[default]
    Socket,
    /// It listens.
    Listener,
    /// A program.
    Program,
    /// A file.
    File,
}

/// A socket, a program or a file. Several names may hold one socket, where it was passed.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Socket {
    pub(super) nature: Nature,
    /// The columns of the names that hold it; it ends with the last of them.
    pub(super) holders: Vec<usize>,
    /// The column of its first name, which it keeps when that is closed.
    pub(super) first: Option<usize>,
    /// Whether a step has created it; in lanes another one may speak of it before.
    pub(super) is_born: bool,
    /// The other end of its connection.
    pub(super) peer: Option<usize>,
    /// Where it is connected to, by column: a listener, a datagram socket, an address.
    pub(super) target: Option<usize>,
    /// Whether it is an end of a connection, which has an end, and not a datagram socket.
    pub(super) is_stream: bool,
    /// Whether it has told the other side that nothing comes any more.
    pub(super) has_ended: bool,
    /// Whether nobody holds it any more.
    pub(super) is_gone: bool,
    /// Whether its close is a reset by its SO_LINGER.
    pub(super) resets: bool,
    /// The column that its last datagram came from.
    pub(super) sender: Option<usize>,
    /// Datagrams that wait, by the columns that they came from.
    pub(super) waiting: VecDeque<usize>,
    /// The sockets that have been passed to it.
    pub(super) passed: VecDeque<usize>,
    /// The program that it was given to, if it listens.
    pub(super) served: Option<usize>,
    /// The sockets that it has passed to an end that nobody has accepted yet.
    pub(super) early: VecDeque<usize>,
    /// Its address in the words of the spec, and as it was.
    pub(super) addresses: Vec<String>,
    /// Its arguments, if it is a program.
    pub(super) arguments: String,
}

/// The sockets of a run so far, and the columns of their names.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) columns: Vec<Column>,
    all: Vec<Socket>,
    /// The socket that a name stands for, by column.
    current: HashMap<usize, usize>,
}

impl Sockets {
    /// The column of a name, a new one where there is none.
    pub(super) fn column(&mut self, name: &str, role: Role) -> usize {
        if let Some(at) = self.find(name) {
            return at;
        }
        self.columns.push(Column { name: name.to_owned(), role });
        self.columns.len() - 1
    }

    pub(super) fn get(&self, socket: usize) -> &Socket {
        &self.all[socket]
    }

    pub(super) fn get_mut(&mut self, socket: usize) -> &mut Socket {
        &mut self.all[socket]
    }

    /// The socket that a column stands for, or stood for last; one that is not born yet where there
    /// is none.
    pub(super) fn at(&mut self, column: usize) -> usize {
        match self.current.get(&column) {
            Some(socket) => *socket,
            None => self.push(column),
        }
    }

    fn push(&mut self, column: usize) -> usize {
        self.all.push(Socket { holders: vec![column], first: Some(column), ..Socket::default() });
        self.current.insert(column, self.all.len() - 1);
        self.all.len() - 1
    }

    /// Has a socket of this name be born, and says whether that was not so before.
    pub(super) fn bear(&mut self, column: usize) -> (usize, bool) {
        let known = self.at(column);
        let socket = if self.get(known).holders.contains(&column) { known } else { self.push(column) };
        let is_new = !self.get(socket).is_born;
        self.get_mut(socket).is_born = true;
        (socket, is_new)
    }

    /// Makes a column stand for a socket that another name holds already.
    pub(super) fn share(&mut self, column: usize, socket: usize) {
        self.current.insert(column, socket);
        self.all[socket].holders.push(column);
    }

    /// Takes a name off its socket. Whether that was the last one, and nobody waits to be given another.
    pub(super) fn release(&mut self, column: usize) -> bool {
        let socket = self.at(column);
        let holders = &mut self.all[socket].holders;
        holders.retain(|holder| *holder != column);
        let is_last = holders.is_empty()
            && !self.all.iter().any(|other| other.passed.contains(&socket) || other.early.contains(&socket));
        self.all[socket].is_gone = is_last;
        is_last
    }

    /// A program has ended, which may have held sockets that were passed to it.
    pub(super) fn let_go(&mut self, program: usize) {
        for socket in &mut self.all {
            socket.holders.retain(|holder| *holder != program);
        }
    }

    /// Connects two ends with each other.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        for (end, peer) in [(one, other), (other, one)] {
            let early = std::mem::take(&mut self.all[end].early);
            self.all[peer].passed.extend(early);
            self.all[end].peer = Some(peer);
            self.all[end].is_stream = true;
        }
    }

    /// Takes a connection from both of its ends.
    pub(super) fn part(&mut self, socket: usize) {
        let own = &mut self.all[socket];
        (own.target, own.is_stream, own.has_ended, own.nature) = (None, false, false, Nature::Socket);
        if let Some(peer) = own.peer.take() {
            self.all[peer].peer = None;
        }
    }

    /// The column of the other end; what a socket is connected to where nobody has accepted it yet.
    pub(super) fn other_end(&self, socket: usize) -> Option<usize> {
        let socket = self.get(socket);
        let peer = socket.peer.map(|peer| self.get(peer));
        let peer = peer.and_then(|peer| peer.holders.first().copied().or(peer.first));
        peer.or_else(|| self.program_of(socket.target?)).or(socket.target)
    }

    /// The program that accepts from a listener, as long as it runs. That somebody of the spec did is
    /// known otherwise.
    fn program_of(&self, listener: usize) -> Option<usize> {
        let program = self.get(*self.current.get(&listener)?).served?;
        let is_running = self.get(*self.current.get(&program)?).holders.contains(&program);
        is_running.then_some(program)
    }

    /// The column of a name, where there is one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Whether a column is none of the spec's own sockets, so that what it receives is not seen.
    pub(super) fn is_outside(&self, column: usize) -> bool {
        self.columns[column].role != Role::Endpoint
    }

    /// The column of an end of a segment: an endpoint, or an address.
    pub(super) fn wire_column(&mut self, name: &str) -> usize {
        let role = if name.contains(['.', ':']) { Role::Outside } else { Role::Endpoint };
        self.column(name, role)
    }

    /// The connection where a segment is told to be the listener's, whose address it has.
    pub(super) fn accepted(&self, column: usize, other: usize) -> usize {
        let socket = |column| self.current.get(&column).map(|socket| self.get(*socket));
        let Some(other) = socket(other) else { return column };
        let is_listeners =
            other.target == Some(column) && socket(column).is_some_and(|own| own.nature == Nature::Listener);
        let connection = other.peer.map(|peer| self.get(peer)).filter(|peer| is_listeners && peer.is_born);
        connection.and_then(|connection| connection.first).unwrap_or(column)
    }

    /// The column of whoever is bound to an address: an endpoint, or a program that was told it.
    /// `seen` is what the address was in this run.
    pub(super) fn addressed(&self, address: &str, seen: Option<&str>) -> Option<usize> {
        let named = self.find(address).or_else(|| self.find(part(address)?));
        named.or_else(|| self.bound(address, seen)).or_else(|| self.program(address))
    }

    fn bound(&self, address: &str, seen: Option<&str>) -> Option<usize> {
        let is_it = |socket: &&Socket| {
            let of = |own: &String| own == address || seen.is_some_and(|seen| reaches(seen, own));
            socket.addresses.iter().any(of)
        };
        self.all.iter().rev().filter(|socket| !socket.holders.is_empty()).find(is_it)?.holders.first().copied()
    }

    /// The running program that an address must be of: the one that was told its port, or the only one.
    pub(super) fn program(&self, address: &str) -> Option<usize> {
        let running = || {
            let programs = self.all.iter().filter(|socket| socket.nature == Nature::Program);
            programs.filter_map(|program| Some((program, *program.holders.first()?)))
        };
        let port = address.find('<').and_then(|at| Some(&address[at..=at + address[at..].find('>')?]));
        let told = port.and_then(|port| running().find(|(program, _)| program.arguments.contains(port)));
        let only = || running().next().filter(|_| running().count() == 1);
        told.or_else(only).map(|(_, column)| column)
    }
}

/// The endpoint in `tcp://127.0.0.1:<server.port>`.
fn part(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once('<')?;
    let (inside, _) = rest.split_once('>')?;
    inside.strip_suffix(".port").or_else(|| inside.strip_suffix(".path"))
}

/// Whether what is sent to an address arrives at one that is bound, which may be the wildcard.
fn reaches(seen: &str, bound: &str) -> bool {
    let port = |address: &'_ str| address.rsplit_once(':').map(|(_, port)| port.to_owned());
    let wildcard = bound.starts_with("0.0.0.0:") || bound.starts_with("[::]:");
    seen == bound || (wildcard && port(seen) == port(bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_whoever_is_bound_to_it() {
        let mut sockets = Sockets::default();
        let server = sockets.column("server", Role::Endpoint);
        let socket = sockets.at(server);
        sockets.get_mut(socket).addresses = vec!["tcp://0.0.0.0:80".to_owned(), "0.0.0.0:80".to_owned()];
        assert_eq!(sockets.addressed("tcp://127.0.0.1:80", Some("127.0.0.1:80")), Some(server));
        assert_eq!(sockets.addressed("tcp6://[::1]:<server.port>", None), Some(server));
        assert_eq!(sockets.addressed("tcp://127.0.0.1:81", Some("127.0.0.1:81")), None);
    }

    #[test]
    fn else_it_is_that_of_the_program_that_was_told_it() {
        let mut sockets = Sockets::default();
        for (name, arguments) in [("one", "run one -p <a>"), ("two", "run two -p <b>")] {
            let column = sockets.column(name, Role::Program);
            let socket = sockets.at(column);
            *sockets.get_mut(socket) = Socket {
                nature: Nature::Program,
                holders: vec![column],
                arguments: arguments.to_owned(),
                ..Socket::default()
            };
        }
        assert_eq!(sockets.addressed("tcp://127.0.0.1:<b>", None), Some(1));
        assert_eq!(sockets.program("tcp://127.0.0.1:<c>"), None, "either could be it");
        sockets.release(0);
        assert_eq!(sockets.program("tcp://127.0.0.1:<c>"), Some(1));
    }
}
