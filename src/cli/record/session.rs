//! The session that is recorded: the proxy, and the client that talks through it.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use super::{Record, written};
use crate::cli::output::Output;
use crate::model::address::Address;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::record::Conversation;
use crate::record::proxy::{Over, Proxy};

/// What was recorded, and why the recording has ended.
pub(super) struct Recorded {
    pub(super) conversation: Conversation,
    pub(super) over: Over,
    /// How the client's program ended, if one was run.
    pub(super) status: Option<ExitStatus>,
    /// Whether the client has heard nothing of datagrams that found nobody.
    pub(super) is_untold: bool,
}

impl Record {
    pub(super) fn record(&self, output: &mut Output) -> io::Result<Recorded> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        LocalSet::new().block_on(&runtime, self.serve(output))
    }

    /// Runs the client once more.
    pub(super) fn record_again(&self) -> io::Result<Conversation> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        LocalSet::new().block_on(&runtime, async {
            let folder = tempfile::Builder::new().prefix("sockspec-").tempdir()?;
            let proxy = self.listen(&self.listen_address(folder.path())).await?;
            self.client(proxy.address())?.wait().await?;
            proxy.drained().await;
            Ok(proxy.conversation())
        })
    }

    async fn serve(&self, output: &mut Output) -> io::Result<Recorded> {
        let folder = tempfile::Builder::new().prefix("sockspec-").tempdir()?;
        let proxy = self.listen(&self.listen_address(folder.path())).await?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        output.line(format_args!("listening {}", written(proxy.address())));
        // Whoever is to start the client waits for this line.
        output.flush();
        let mut status = None;
        let mut told = Vec::new();
        let over = {
            let mut recording = pin!(self.session(&proxy, &mut status));
            loop {
                tokio::select! {
                    biased;
                    errno = proxy.refusal() => if !told.contains(&errno) {
                        self.tell_refusal(errno, output);
                        told.push(errno);
                    },
                    over = &mut recording => break over?,
                    _ = interrupt.recv() => break Over::Stopped,
                    _ = terminate.recv() => break Over::Stopped,
                }
            }
        };
        Ok(Recorded { conversation: proxy.conversation(), over, status, is_untold: proxy.is_untold() })
    }

    /// Completes when all that is to be recorded has come and gone.
    async fn session(&self, proxy: &Proxy, status: &mut Option<ExitStatus>) -> io::Result<Over> {
        if self.command.is_empty() {
            return Ok(proxy.over(self.connections.unwrap_or(1)).await);
        }
        *status = Some(self.client(proxy.address())?.wait().await?);
        proxy.drained().await;
        Ok(Over::Done)
    }

    async fn listen(&self, at: &Address) -> io::Result<Proxy> {
        let proxy = Proxy::listen(at, self.server(), self.connections.unwrap_or(usize::MAX)).await;
        proxy.map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {}: {error}", written(at))))
    }

    /// Says that the server could not be reached, which a typing error in its address looks like.
    fn tell_refusal(&self, errno: Errno, output: &mut Output) {
        let server = written(&self.server());
        output.note(if errno == Errno(libc::ECONNREFUSED) {
            format!("{server} refused the connection ({errno}): nobody listens there")
        } else {
            format!("connecting to {server} failed: {errno}")
        });
    }

    /// Where to listen: a free address of the same kind as the server's, if nothing is said.
    fn listen_address(&self, folder: &Path) -> Address {
        match &self.listen {
            Some(Address::Any(network)) => free(*network, folder),
            Some(address) => address.clone(),
            None => free(self.server().network(), folder),
        }
    }

    /// Starts the client's program.
    pub(super) fn client(&self, at: &Address) -> io::Result<Child> {
        let (host, port, path) = if let Address::Inet { address, .. } = at {
            (address.ip().to_string(), address.port().to_string(), String::new())
        } else {
            let path = written(at).split_once(':').map_or_else(String::new, |(_, path)| path.to_owned());
            (String::new(), String::new(), path)
        };
        let with_port = if let Address::Inet { address, .. } = at { address.to_string() } else { path.clone() };
        let fill = |argument: &String| {
            let filled = argument.replace("{address}", &with_port).replace("{host}", &host);
            filled.replace("{port}", &port).replace("{path}", &path)
        };
        let mut command = Command::new(fill(&self.command[0]));
        command.args(self.command[1..].iter().map(fill)).kill_on_drop(true);
        command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot run `{}`: {error}", self.command[0])))
    }
}

/// A free address of a network.
fn free(network: Network, folder: &Path) -> Address {
    use crate::model::address::UnixName;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
    if network.is_unix() {
        return Address::Unix { network, name: UnixName::Path(folder.join("sock").to_string_lossy().into_owned()) };
    }
    let ip = if network.is_v6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    Address::Inet { network, address: SocketAddr::new(ip, 0) }
}
