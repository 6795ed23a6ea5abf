//! Plays the steps of a script, one after the other.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use super::channel::{Came, Channel};
use super::serve::Door;
use super::{Party, Play, Run};
use crate::model::address::Address;
use crate::model::network::Network;
use crate::record::conversation::{End, Side};
use crate::record::framing::Codec;
use crate::record::proxy::stream::Stream;
use crate::record::script::{Act, Ending, Told};
use crate::record::understand;

/// How long nothing must have come after a message that may go on.
const QUIET: Duration = Duration::from_millis(40);
/// How long is waited at least for what should come.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How much longer for a client that is started first.
const FIRST: u32 = 8;

pub(super) struct Player<'p> {
    play: Play<'p>,
    channels: Vec<Channel>,
    /// The values of the captures of the script in this run.
    values: Vec<Option<Vec<u8>>>,
    /// Where the client comes, if it is the server's part that is played.
    door: Option<Door>,
    run: Run,
}

impl<'p> Player<'p> {
    pub(super) fn new(play: Play<'p>) -> Self {
        let Play { script, .. } = play;
        let steps = script.steps.len();
        Self {
            play,
            channels: script.links.iter().map(|_| Channel::Closed).collect(),
            values: vec![None; script.captures.len()],
            door: None,
            run: Run { heard: vec![None; steps], ended: vec![None; steps], stopped: None },
        }
    }

    pub(super) async fn run(mut self) -> Run {
        let client = match self.play.party {
            Party::Server(_) => None,
            Party::Client(start) => match Door::open(self.play.script, start).await {
                Ok((door, client)) => {
                    self.door = Some(door);
                    Some(client)
                }
                Err(error) => {
                    self.run.stopped = Some((0, format!("the client could not be run: {error}")));
                    return self.run;
                }
            },
        };
        self.steps().await;
        self.channels.clear();
        if let Some(mut client) = client {
            // Who does not end by then is killed.
            let _ = timeout(PATIENCE, client.wait()).await;
        }
        self.run
    }

    async fn steps(&mut self) {
        for step in 0..self.play.script.steps.len() {
            if let Err(why) = self.step(step).await {
                self.run.stopped = Some((step, why));
                break;
            }
        }
    }

    async fn step(&mut self, step: usize) -> Result<(), String> {
        let script = self.play.script;
        let link = script.steps[step].link;
        let socket = script.socket_of(link);
        match &script.steps[step].act {
            Act::Open => self.open(link, step).await.map_err(|error| format!("the connection failed: {error}")),
            Act::Refused(_) => match self.open(link, step).await {
                Ok(()) => Err("the connection was accepted this time".to_owned()),
                Err(_) => Ok(()),
            },
            Act::Say(bytes) => {
                self.listen_for(step).await.map_err(|error| format!("nothing to be told: {error}"))?;
                let bytes = self.said(step, bytes)?;
                let said = timeout(self.patience(step), self.channels[link].say(&bytes)).await;
                match said {
                    Ok(Ok(())) => Ok(()),
                    // A server that resets may do so before everything is said.
                    Ok(Err(_)) if self.resets_next(step) => Ok(()),
                    Ok(Err(error)) => Err(format!("sending failed: {error}")),
                    Err(_) => Err(format!("{} did not take what was sent", self.other_side())),
                }
            }
            Act::Hear(recorded) => self.hear(step, link, recorded).await,
            Act::HearEnd(_) => self.hear_end(step, link).await,
            Act::Shut => {
                if let Channel::Stream { stream, .. } = &self.channels[link] {
                    stream.end();
                }
                Ok(())
            }
            Act::Close => {
                self.channels[socket] = Channel::Closed;
                Ok(())
            }
            Act::Reset => {
                if let Channel::Stream { stream, .. } = &self.channels[link] {
                    stream.reset();
                }
                self.channels[link] = Channel::Closed;
                Ok(())
            }
            Act::Unreachable => Ok(()),
        }
    }

    fn resets_next(&self, step: usize) -> bool {
        let next = self.play.script.next_of_link(step);
        next.is_some_and(|next| matches!(next.act, Act::HearEnd(Ending::Reset | Ending::Either)))
    }

    /// Whom it speaks with.
    fn other_side(&self) -> &'static str {
        match self.play.party {
            Party::Server(_) => "the server",
            Party::Client(_) => "the client",
        }
    }

    /// How long to wait for a step: much longer than it took.
    fn patience(&self, step: usize) -> Duration {
        PATIENCE + self.play.script.steps[step].waited * 3
    }

    /// How long to wait for a datagram. Of a client the first one tells that it has started, as a connection
    /// does of others.
    fn patience_for_datagram(&self, step: usize) -> Duration {
        let has_started = self.run.heard.iter().any(Option::is_some);
        let is_client = matches!(self.play.party, Party::Client(_));
        self.patience(step) * if is_client && !has_started { FIRST } else { 1 }
    }

    async fn open(&mut self, link: usize, step: usize) -> io::Result<()> {
        let Play { script, party, .. } = self.play;
        let connection = &script.links[link].connection;
        let Party::Server(server) = party else {
            let Some(door) = &self.door else { return Err(io::ErrorKind::NotConnected.into()) };
            let came = timeout(self.patience(step) * FIRST, door.let_in()).await;
            self.channels[link] = came.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            return Ok(());
        };
        if let Some(shared) = script.links[link].shares {
            if let Channel::Datagram { socket, .. } = &self.channels[shared] {
                self.channels[link] = Channel::Datagram { socket: Rc::clone(socket), to: None };
            }
            return Ok(());
        }
        if connection.network.is_udp() {
            let Address::Inet { address, .. } = server else { return Err(io::ErrorKind::InvalidInput.into()) };
            let any: IpAddr =
                if address.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            let socket = Rc::new(UdpSocket::bind(SocketAddr::new(any, 0)).await?);
            self.channels[link] = Channel::Datagram { socket, to: Some(*address) };
            return Ok(());
        }
        if connection.opened_by == Side::Server {
            return self.accept(link, step).await;
        }
        let to = match (&script.links[link].told, &connection.server) {
            (Some(told), End::Inet(address)) => {
                let address = SocketAddr::new(address.ip(), self.told_port(told, address.port()));
                Address::Inet { network: if address.is_ipv6() { Network::Tcp6 } else { Network::Tcp }, address }
            }
            _ => server.clone(),
        };
        let connected = timeout(self.patience(step), Stream::connect(&to)).await;
        self.channels[link] = Channel::of(connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??);
        Ok(())
    }

    /// Takes the connection that the server opens.
    async fn accept(&mut self, link: usize, step: usize) -> io::Result<()> {
        let Channel::Listener(listener) = &self.channels[link] else { return Err(io::ErrorKind::NotConnected.into()) };
        let accepted = timeout(self.patience(step), listener.accept()).await;
        let (stream, _) = accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.channels[link] = Channel::of(Stream::of_tcp(stream));
        Ok(())
    }

    /// Listens for the connections that this step asks for.
    async fn listen_for(&mut self, step: usize) -> io::Result<()> {
        for (index, link) in self.play.script.links.iter().enumerate() {
            let asks = link.told.as_ref().is_some_and(|told| told.step == step);
            if let (true, End::Inet(address)) = (asks, &link.connection.client) {
                self.channels[index] = Channel::Listener(TcpListener::bind((address.ip(), 0)).await?);
            }
        }
        Ok(())
    }

    /// The port that was told in this run.
    fn told_port(&self, told: &Told, recorded: u16) -> u16 {
        let script = self.play.script;
        let numbers = told.port.iter().map(|at| {
            let capture = script.captures.iter().position(|capture| capture.step == told.step && capture.at == *at)?;
            std::str::from_utf8(self.values[capture].as_ref()?).ok()?.parse::<u16>().ok()
        });
        let numbers: Option<Vec<u16>> = numbers.collect();
        match numbers.as_deref() {
            Some([port]) => *port,
            Some([high, low]) => high.wrapping_mul(256).wrapping_add(*low),
            _ => recorded,
        }
    }

    /// What is said in a step, with the values of this run in it.
    fn said<'b>(&self, step: usize, recorded: &'b [u8]) -> Result<Cow<'b, [u8]>, String> {
        let script = self.play.script;
        let mut replaced: Vec<(std::ops::Range<usize>, Vec<u8>)> = Vec::new();
        for used in script.uses.iter().filter(|used| used.step == step) {
            let capture = &script.captures[used.capture];
            let value = self.values[used.capture].clone();
            replaced.push((used.at.clone(), value.ok_or_else(|| format!("`{}` did not come", capture.name))?));
        }
        for (index, link) in script.links.iter().enumerate() {
            let Some(told) = link.told.as_ref().filter(|told| told.step == step) else { continue };
            let Channel::Listener(listener) = &self.channels[index] else { continue };
            let port = listener.local_addr().map_or(0, |address| address.port());
            let [high, low] = port.to_be_bytes();
            let numbers = if told.port.len() == 2 { vec![u16::from(high), u16::from(low)] } else { vec![port] };
            replaced
                .extend(told.port.iter().cloned().zip(numbers.iter().map(|number| number.to_string().into_bytes())));
        }
        if replaced.is_empty() {
            return Ok(Cow::Borrowed(recorded));
        }
        replaced.sort_by_key(|(at, _)| at.start);
        let mut bytes = Vec::with_capacity(recorded.len());
        let mut from = 0;
        for (at, value) in replaced {
            bytes.extend_from_slice(&recorded[from..at.start]);
            bytes.extend(value);
            from = at.end;
        }
        bytes.extend_from_slice(&recorded[from..]);
        Ok(Cow::Owned(bytes))
    }

    async fn hear(&mut self, step: usize, link: usize, recorded: &[u8]) -> Result<(), String> {
        let (patience, patience_with_datagrams) = (self.patience(step), self.patience_for_datagram(step));
        let heard = if let Channel::Datagram { socket, to } = &mut self.channels[link] {
            let mut buffer = vec![0; 65536];
            match timeout(patience_with_datagrams, socket.recv_from(&mut buffer)).await {
                Ok(Ok((len, from))) => {
                    to.get_or_insert(from);
                    buffer.truncate(len);
                    buffer
                }
                Ok(Err(error)) => return Err(format!("receiving failed: {error}")),
                Err(_) => return Err("no datagram came".to_owned()),
            }
        } else {
            self.hear_stream(step, link, recorded, patience).await?
        };
        self.run.heard[step] = Some(heard);
        self.keep_captured(step);
        Ok(())
    }

    async fn hear_stream(
        &mut self,
        step: usize,
        link: usize,
        recorded: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, String> {
        let script = self.play.script;
        let codec = &self.play.codecs[link];
        let before = understand::messages_before(script, codec, step);
        let messages = codec.ends(recorded, before, false).len();
        let ends_here = script.next_of_link(step).is_some_and(|next| matches!(next.act, Act::HearEnd(_)));
        loop {
            let Channel::Stream { waiting, ended, .. } = &mut self.channels[link] else {
                return Err("the connection is closed".to_owned());
            };
            let taken = if ended.is_some() {
                Some(waiting.len())
            } else if ends_here {
                None
            } else if codec.is_certain() && messages > 0 {
                codec.ends(waiting, before, false).get(messages - 1).copied()
            } else if waiting.starts_with(recorded) && !waiting.is_empty() {
                Some(recorded.len())
            } else {
                None
            };
            if let Some(taken) = taken {
                return if taken == 0 && !recorded.is_empty() {
                    Err("the connection ended instead".to_owned())
                } else {
                    Ok(waiting.drain(..taken).collect())
                };
            }
            let is_whole = || {
                let ends = codec.ends(waiting, before, false);
                matches!(codec, Codec::Counted(_))
                    && messages > 0
                    && ends.len() >= messages
                    && ends.last() == Some(&waiting.len())
            };
            let may_be_all = !ends_here && (may_be_all(waiting, recorded) || is_whole());
            let came = self.channels[link].more(if may_be_all { QUIET } else { patience }).await;
            let Channel::Stream { waiting, .. } = &mut self.channels[link] else { continue };
            if came == Came::Nothing {
                return if waiting.is_empty() { Err("nothing came".to_owned()) } else { Ok(std::mem::take(waiting)) };
            }
        }
    }

    /// Keeps the values of the captures that a step makes.
    fn keep_captured(&mut self, step: usize) {
        let Play { script, codecs, before, .. } = self.play;
        if !script.captures.iter().any(|capture| capture.step == step) {
            return;
        }
        let runs: Vec<&Run> = before.iter().chain([&self.run]).collect();
        let parts = understand::message(script, codecs, &runs, step, &[]);
        for (capture, value) in understand::captured(&parts) {
            self.values[capture] = value.last().cloned();
        }
    }

    async fn hear_end(&mut self, step: usize, link: usize) -> Result<(), String> {
        let patience = self.patience(step);
        loop {
            let Channel::Stream { waiting, ended, .. } = &mut self.channels[link] else {
                return Err("the connection is closed".to_owned());
            };
            if let Some(ended) = ended {
                self.run.ended[step] = Some(*ended);
                return if waiting.is_empty() { Ok(()) } else { Err("bytes came before the end".to_owned()) };
            }
            if self.channels[link].more(patience).await == Came::Nothing {
                return Err("the connection was not ended".to_owned());
            }
        }
    }
}

/// Whether what came may be all that was to come, of a message that does not say so.
fn may_be_all(waiting: &[u8], recorded: &[u8]) -> bool {
    let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
    waiting.len() >= recorded.len()
        || recorded.ends_with(b"\n") && waiting.ends_with(b"\n") && lines(waiting) >= lines(recorded)
}
