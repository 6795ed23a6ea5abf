//! One run of one test: its endpoints, its variables, its temporary folder.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;

use socket2::SockAddr;
use tokio::time::Instant;

use crate::model::address::{Address, UnixName};
use crate::model::value::Value;
use crate::plan::Plan;
use crate::plan::file::Content;
use crate::plan::template::Part;
use crate::source::{Location, SourceFile};
use crate::trace::record::{Entry, Open, Record, VERSION};

use super::endpoint::{self, Endpoint, New, Role};
use super::files;
use super::hold::Activity;
use super::isolation::Net;
use super::lane::Lane;
use super::net::ports::ClosedPorts;
use super::net::reserve::{self, Reserved};
use super::net::{address, diag::Diag};
use super::passing::Passings;
use super::program::Programs;
use super::steer::Steer;
use super::stop::Stop;
use super::temporary::Folder;
use super::values::{Endpoints, Scope, Values};
use super::wire::{self, CapturedFrame, Collector};
use super::{Ended, Execution, Options, Shared, failure, limit, settle};

/// One run of one test.
pub(crate) struct Test<'t> {
    pub(crate) plan: &'t Plan,
    pub(crate) source: &'t SourceFile,
    pub(crate) options: &'t Options,
    /// When it began.
    pub(crate) began: Instant,
    /// The variables: captures.
    pub(crate) values: Values,
    /// The isolated network that it runs in, where it does not run in that of the machine.
    pub(crate) net: Option<Net>,
    /// The frames that cross it, where somebody wants them.
    pub(crate) wire: Option<Rc<Collector>>,
    /// The descriptors that are on their way.
    pub(crate) passings: Passings,
    /// The programs that it has started. They end after its sockets.
    pub(crate) programs: Programs,
    /// What its lanes are about.
    pub(crate) activity: Activity,
    /// Who decides which lane's turn it is, where somebody does.
    pub(crate) steer: Option<Steer>,
    shared: &'t Shared,
    orders: Cell<u64>,
    pub(super) endpoints: RefCell<HashMap<Rc<str>, Rc<Endpoint>>>,
    created: Cell<u64>,
    closed_ports: RefCell<ClosedPorts>,
    /// The ports that are kept for it.
    reserved: RefCell<Vec<Reserved>>,
    /// Where the steps of lanes stand that run now.
    pub(super) running: RefCell<Vec<u32>>,
    /// Where the step stands that began last.
    pub(crate) current: Cell<Option<u32>>,
    folder: OnceCell<Folder>,
    fresh_names: Cell<u32>,
}

impl<'t> Test<'t> {
    pub(crate) fn new(
        plan: &'t Plan,
        source: &'t SourceFile,
        options: &'t Options,
        shared: &'t Shared,
        net: Option<Net>,
        wire: Option<Rc<Collector>>,
    ) -> Self {
        Self {
            plan,
            source,
            options,
            began: Instant::now(),
            values: plan.constants.iter().cloned().collect(),
            net,
            wire,
            passings: Passings::default(),
            programs: Programs::default(),
            activity: Activity::default(),
            steer: options.script.clone().map(|script| Steer::new(script, options.longest)),
            shared,
            orders: Cell::new(0),
            endpoints: RefCell::default(),
            created: Cell::new(0),
            closed_ports: RefCell::default(),
            reserved: RefCell::default(),
            running: RefCell::default(),
            current: Cell::new(None),
            folder: OnceCell::new(),
            fresh_names: Cell::new(0),
        }
    }

    /// Runs every step, and closes what is still open.
    pub(crate) async fn run(self) -> Execution {
        let entries = RefCell::new(Vec::new());
        let result = match self.prepare() {
            Ok(()) => self.steps(&entries).await,
            Err(stop) => Err(stop),
        };
        // What comes from now on is no part of what led here.
        let result = result.map_err(|stop| self.with_unread(stop));
        let result = self.judge_programs(result).await;
        if result.is_ok() {
            self.collect_frames().await;
        }
        let mut tasks = self.programs.take_tasks();
        let execution = self.finish(entries.into_inner(), result);
        // Their streams are closed when it returns.
        tasks.shutdown().await;
        execution
    }

    /// At the end, no program may have ended that nobody expects to end; a failure tells what they
    /// have printed.
    async fn judge_programs(&self, result: Result<(), Stop>) -> Result<(), Stop> {
        if self.programs.is_empty() || matches!(result, Err(Stop::Cancelled | Stop::CouldNotRun(_))) {
            return result;
        }
        if let Err(Stop::Failed(failed)) = &result
            && let Some(endpoint) = failed.endpoint.as_deref()
            && failure::may_be_an_end(&self.open(), endpoint)
        {
            self.programs.await_cause(endpoint).await;
        }
        self.programs.settle().await;
        match result {
            Ok(()) => match self.programs.lost(false, None) {
                Some(stop) => Err(self.programs.told(self.with_unread(stop))),
                None => Ok(()),
            },
            Err(stop) => Err(self.programs.told(self.with_late(stop))),
        }
    }

    /// A failure with what waits unread.
    fn with_unread(&self, mut stop: Stop) -> Stop {
        if let Stop::Failed(failure) = &mut stop {
            failure.unread = failure::unread(&self.open());
        }
        stop
    }

    /// A deadline that passed tells what has come a moment later.
    fn with_late(&self, stop: Stop) -> Stop {
        match &stop {
            Stop::Failed(failed) if failed.deadline.is_some() => {
                let late = failure::late(&failed.unread, &failure::unread(&self.open()));
                late.into_iter().fold(stop, Stop::note)
            }
            _ => stop,
        }
    }

    /// Makes what the steps find when they begin.
    fn prepare(&self) -> Result<(), Stop> {
        limit::suffices(self.plan)?;
        for (nth, name) in self.plan.ports.iter().enumerate() {
            let port = self.port(nth)?;
            self.values.set(name, Value::Number(port.into()));
            if let Some(wire) = &self.wire {
                wire.name_port(port, name);
            }
        }
        if self.plan.tmp {
            self.values.set("tmp", Value::Text(self.folder()?.to_string_lossy().into_owned()));
        }
        if self.plan.files.is_empty() {
            return Ok(());
        }
        let scope = Scope { values: &self.values, endpoints: self };
        files::write(self.folder()?, &self.plan.files, scope).map_err(Stop::CouldNotRun)
    }

    /// The texts of its files that tell a program something which is known at run time only.
    pub(crate) fn texts_of_files(&self) -> Vec<String> {
        let scope = Scope { values: &self.values, endpoints: self };
        let open = self.plan.files.iter().filter_map(|file| match &file.content {
            Content::Text(template) if template.known().is_none() => scope.bytes(template).ok(),
            _ => None,
        });
        open.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    /// An address with the names of the ports that are kept in place of their numbers, as the spec has it.
    pub(crate) fn named_port(&self, port: u16) -> Option<String> {
        let is_it = |name: &&String| self.values.get(name).is_some_and(|value| value == Value::Number(port.into()));
        self.plan.ports.iter().find(is_it).map(|name| format!("${{{name}}}"))
    }

    /// The number of the `nth` of its ports.
    fn port(&self, nth: usize) -> Result<u16, Stop> {
        let none = || Stop::CouldNotRun("no port is left that could be reserved".to_owned());
        if self.net.is_some() {
            return reserve::of_isolated(nth).ok_or_else(none);
        }
        let reserved =
            reserve::reserve().map_err(|errno| Stop::CouldNotRun(format!("cannot reserve a port: {errno}")))?;
        let reserved = reserved.ok_or_else(none)?;
        let port = reserved.port;
        self.reserved.borrow_mut().push(reserved);
        Ok(port)
    }

    async fn steps(&self, entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let mut lane = Lane::of(self);
        let steps = lane.steps(&self.plan.steps, entries);
        tokio::select! {
            biased;
            () = self.options.cancel.cancelled() => Err(Stop::Cancelled),
            result = steps => result,
            stop = self.pass_frames() => Err(stop),
            () = self.steer() => unreachable!("turns are given for as long as there are steps"),
        }
    }

    /// Keeps the isolated network going while steps wait; ends only where that cannot go on.
    async fn pass_frames(&self) -> Stop {
        match &self.net {
            None => std::future::pending().await,
            Some(net) => {
                let error = net.run().await;
                Stop::CouldNotRun(format!("the isolated network stopped: {error}"))
            }
        }
    }

    /// Gives the lanes their turns; never ends.
    async fn steer(&self) {
        match &self.steer {
            None => std::future::pending().await,
            Some(steer) => steer.drive(self).await,
        }
    }

    /// The number of the step that begins now.
    pub(crate) fn next_order(&self) -> u64 {
        self.orders.replace(self.orders.get() + 1)
    }

    /// Waits until the frames that the steps sent have been captured; a frame that the kernel keeps
    /// back, since a window is closed or a link is cut, ends the waiting after a while.
    async fn collect_frames(&self) {
        let (Some(wire), Some(topology)) = (&self.wire, &self.plan.topology) else { return };
        settle::until(self, || wire.is_complete(topology)).await;
    }

    /// Puts what crossed the wire under the steps that caused it, and gives the frames.
    fn put_wire(&self, entries: &mut [Entry]) -> Vec<CapturedFrame> {
        let (Some(wire), Some(topology)) = (&self.wire, &self.plan.topology) else { return Vec::new() };
        let (mut segments, frames) = wire.finish(topology, entries);
        if self.plan.wire {
            wire::put_under(entries, &mut segments);
        }
        frames
    }

    fn finish(self, mut entries: Vec<Entry>, result: Result<(), Stop>) -> Execution {
        let frames = self.put_wire(&mut entries);
        let (ended, failure) = match result {
            Ok(()) => (Ended::Completed, None),
            Err(Stop::Failed(mut failed)) => {
                failed.line = self.source.line(failed.start);
                failed.file = self.source.included_name(failed.start).map(str::to_owned);
                if let Some(part) = &mut failed.part {
                    let Location { line, column } = self.source.location(part.start);
                    (part.line, part.column) = (line as u32, column as u32);
                }
                failed.included_from = self.source.includes(failed.start);
                (Ended::Failed, Some(*failed))
            }
            Err(Stop::CouldNotRun(reason)) => (Ended::CouldNotRun(reason), None),
            Err(Stop::Cancelled) => (self.cancelled(), None),
        };
        let ended = self.unless_lost(ended);
        let end = self.close_all();
        let record = Record { version: VERSION, test: self.plan.test.clone(), entries, end, failure };
        let turns = self.steer.map(Steer::into_turns).unwrap_or_default();
        Execution { record, ended, frames, turns }
    }

    fn cancelled(&self) -> Ended {
        let at = self.current.get();
        Ended::Cancelled {
            line: at.map_or(0, |at| self.source.line(at)),
            file: at.and_then(|at| self.source.included_name(at)).map(str::to_owned),
        }
    }

    /// Frames that were lost are a hole in what was seen, or in the network itself.
    fn unless_lost(&self, ended: Ended) -> Ended {
        let Some(net) = &self.net else { return ended };
        net.pump();
        match net.lost() {
            Ok(0) => ended,
            _ if matches!(ended, Ended::Cancelled { .. } | Ended::CouldNotRun(_)) => ended,
            Ok(lost) => Ended::CouldNotRun(format!(
                "the isolated network lost {lost} frames, since more came at once than it has room for: \
                 send less at a time, or let the receiver take it in between"
            )),
            Err(error) => Ended::CouldNotRun(format!("cannot ask whether frames were lost: {error}")),
        }
    }

    /// The endpoints that are open, in order of creation; those of lanes in the order of the lanes.
    pub(crate) fn open(&self) -> Vec<Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        let mut open: Vec<_> = endpoints.values().filter(|endpoint| endpoint.is_open()).cloned().collect();
        open.sort_unstable_by(|one, other| one.written_order().cmp(other.written_order()));
        open
    }

    /// Closes what is still open, in reverse order of creation, and tells what nobody received.
    fn close_all(&self) -> Vec<Open> {
        let open = self.open();
        let end = endpoint::left_open(&open);
        for endpoint in open.iter().rev() {
            endpoint.shared.held.borrow_mut().clear();
            drop(endpoint.take_socket());
        }
        end
    }

    /// Notes that an endpoint was closed whose address the spec may still speak of: nobody shall be
    /// given its port while the test runs.
    pub(crate) fn note_closed(&self, endpoint: &Endpoint) {
        if endpoint.shared.role.get() != Role::Connected
            && let Some(port) = endpoint.local().as_ref().and_then(address::port)
        {
            self.closed_ports.borrow_mut().add(&endpoint.name, port);
        }
    }

    /// The endpoint of that name.
    pub(crate) fn endpoint(&self, name: &str) -> Result<Rc<Endpoint>, Stop> {
        self.endpoints
            .borrow()
            .get(name)
            .cloned()
            .ok_or_else(|| Stop::failed(format!("there is no endpoint `{name}` at this point")))
    }

    /// The endpoint of that name, if it is there and open.
    pub(crate) fn open_endpoint(&self, name: &str) -> Option<Rc<Endpoint>> {
        self.endpoints.borrow().get(name).filter(|endpoint| endpoint.is_open()).cloned()
    }

    /// Gives a socket a name.
    pub(crate) fn create(&self, name: &str, new: New) -> Result<Rc<Endpoint>, Stop> {
        let mut endpoints = self.endpoints.borrow_mut();
        if endpoints.get(name).is_some_and(|endpoint| endpoint.is_open()) {
            return Err(Stop::failed(format!("`{name}` is already open"))
                .help("close it first, or give the new one another name"));
        }
        let order = self.created.get();
        self.created.set(order + 1);
        let endpoint = Rc::new(Endpoint::new(name, new, order));
        endpoint.shared.add(&endpoint);
        endpoints.insert(Rc::clone(&endpoint.name), Rc::clone(&endpoint));
        Ok(endpoint)
    }

    /// How many endpoints were created.
    pub(crate) fn created(&self) -> u64 {
        self.created.get()
    }

    /// Takes back an endpoint that was created; the one whose name it took has it again.
    pub(crate) fn forget(&self, endpoint: &Rc<Endpoint>, replaced: Option<&Rc<Endpoint>>) {
        let mut endpoints = self.endpoints.borrow_mut();
        if !endpoints.get(&endpoint.name).is_some_and(|known| Rc::ptr_eq(known, endpoint)) {
            return;
        }
        match replaced {
            Some(replaced) => drop(endpoints.insert(Rc::clone(&replaced.name), Rc::clone(replaced))),
            None => drop(endpoints.remove(&endpoint.name)),
        }
    }

    /// Passes on what waits on the isolated network.
    pub(crate) fn pump(&self) {
        if let Some(net) = &self.net {
            net.pump();
        }
    }

    /// Does something in the network of a host: a socket that is created then belongs to it.
    pub(crate) fn on_host<T>(&self, host: Option<usize>, work: impl FnOnce() -> T) -> Result<T, Stop> {
        match &self.net {
            None => Ok(work()),
            Some(net) => net
                .on_host(host, work)
                .map_err(|error| Stop::CouldNotRun(format!("cannot enter the network of a host: {error}"))),
        }
    }

    /// The temporary folder of this run; made when first asked for, gone when the run ends.
    pub(crate) fn folder(&self) -> Result<&Path, Stop> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder.path());
        }
        let folder = Folder::make().map_err(|error| Stop::CouldNotRun(format!("no temporary folder: {error}")))?;
        Ok(self.folder.get_or_init(|| folder).path())
    }

    /// An address as the kernel wants it.
    pub(crate) fn socket_address(&self, address: &Address, host: Option<usize>) -> Result<SockAddr, Stop> {
        match address {
            Address::Any(network) if network.is_unix() => {
                let number = self.fresh_names.get();
                self.fresh_names.set(number + 1);
                self.unix_path(&format!("s{number}.sock"))
            }
            Address::Any(network) => Ok(match self.address_of(host, network.is_v6()) {
                Some(ip) => SocketAddr::new(ip, 0).into(),
                None => address::any_loopback(*network),
            }),
            Address::Inet { address, .. } => Ok((*address).into()),
            Address::Unix { name: UnixName::Path(path), .. } => self.unix_path(path),
            Address::Unix { name: UnixName::Autobind, .. } => address::family_alone()
                .map_err(|error| Stop::CouldNotRun(format!("no address of the family alone: {error}"))),
            Address::Unix { name: UnixName::Abstract(name), .. } => address::abstract_name(name).map_err(|_| {
                Stop::failed(format!("the abstract name `@{name}` is too long: the kernel takes 107 bytes"))
            }),
        }
    }

    /// The first address of a host's, of that family.
    pub(crate) fn address_of(&self, host: Option<usize>, v6: bool) -> Option<IpAddr> {
        self.net.as_ref()?.address_of(host, v6)
    }

    fn unix_path(&self, name: &str) -> Result<SockAddr, Stop> {
        let path = self.folder()?.join(name);
        address::unix_path(&path).ok_or_else(|| {
            Stop::failed(format!(
                "the path of the socket is too long: the kernel takes 108 bytes, `{}` has {}",
                path.display(),
                path.as_os_str().len()
            ))
        })
    }

    /// The netlink socket for questions about the sockets of a host, where the kernel has them.
    pub(crate) fn diag(&self, host: Option<usize>) -> Option<&Diag> {
        if let (Some(net), Some(host)) = (&self.net, host) {
            return net.diag(host);
        }
        self.shared.diag.get_or_init(|| Diag::open().ok()).as_ref()
    }

    /// A buffer to receive into, to be given back.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        self.shared.buffers.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a buffer back. Those that grew large are not kept.
    pub(crate) fn give_back(&self, buffer: Vec<u8>) {
        const KEPT: usize = 1 << 20;
        if buffer.capacity() <= KEPT {
            self.shared.buffers.borrow_mut().push(buffer);
        }
    }
}

impl Endpoints for Test<'_> {
    fn lookup(&self, endpoint: &str, part: Part) -> Option<Value> {
        let local = self.endpoints.borrow().get(endpoint)?.local()?;
        match part {
            Part::Port => address::port(&local).map(|port| Value::Number(port.into())),
            Part::Host => address::host(&local).map(Value::Text),
            Part::Path => address::path(&local).map(Value::Text),
        }
    }
}
