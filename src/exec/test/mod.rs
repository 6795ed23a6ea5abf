//! One run of one test: it is prepared, its steps run, and `finish` ends it, however they went.

mod address;
mod endpoints;
mod failure;
mod files;
mod finish;
mod temporary;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use tokio::time::Instant;

use crate::model::value::Value;
use crate::plan::Plan;
use crate::plan::file::Content;
use crate::source::SourceFile;
use crate::trace::record::Entry;

use super::endpoint::Endpoint;
use super::lane::Lane;
use super::net::ports::ClosedPorts;
use super::net::reserve::Reserved;
use super::platform::{diag::Diag, isolation::Net};
use super::program::Programs;
use super::steer::Steer;
use super::stop::Stop;
use super::values::{Scope, Values};
use super::wire::Collector;
use super::{Execution, Options, Shared, limit};
use crate::exec::endpoint::passing::Passings;
use crate::exec::perturb::hold::Activity;

use temporary::Folder;
pub use temporary::own_folder;

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
    /// Whether a step asks how a connection came out of accept(2).
    pub(crate) asks_nonblock: bool,
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
            asks_nonblock: plan.asks_nonblock(),
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

    /// The texts of its files that tell a program something which is known at run time only.
    pub(crate) fn texts_of_files(&self) -> Vec<String> {
        let scope = Scope { values: &self.values, endpoints: self };
        let open = self.plan.files.iter().filter_map(|file| match &file.content {
            Content::Text(template) if template.known().is_none() => scope.bytes(template).ok(),
            _ => None,
        });
        open.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
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
