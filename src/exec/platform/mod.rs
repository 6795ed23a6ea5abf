//! What each system does in its own way: the calls that Linux has and others have not, or have otherwise.
//!
//! This file and `model/platform` (for numbers) are the only ones that ask which system is compiled
//! for. A system is a folder here, with the same modules in it:
//!
//! | module | what it is |
//! |---|---|
//! | `socket` | sockets that never block and are closed on exec, SIGPIPE, what the kernel tells of queues and connections |
//! | `diag` | questions about sockets by their addresses |
//! | `isolation` | networks of a spec's own, and the frames that cross them |
//! | `process` | programs, with everything that they start |
//!
//! What a system cannot do, it says: a [`diag::Diag`] that cannot be opened, an isolated network that
//! there is none of, a process that cannot be started, an errno. `plan::portable` tells before a run
//! which specs need it; they are ignored there.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod here;
#[cfg(target_os = "macos")]
#[path = "macos/mod.rs"]
mod here;

pub(crate) use here::{diag, isolation, process, socket};
