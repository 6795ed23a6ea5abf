//! The platforms that specs tell apart, and what their kernels number differently.
//!
//! Which system is compiled for is asked in two places: here for numbers, in `exec/platform` for
//! calls. Everywhere else a constant has its name, whether this system has it or not.

#[macro_use]
mod linux_only;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
pub(crate) mod numbers;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
pub(crate) mod numbers;

pub use linux_only::LINUX_ONLY;

/// The platforms a spec may name, in `requires`, in `fails` and in a snapshot's overlay.
pub const ALL: [&str; 3] = ["linux", "macos", "windows"];

/// The word for the platform this program was built for.
pub const CURRENT: &str = std::env::consts::OS;

/// Whether this is the platform that has everything.
pub const IS_LINUX: bool = cfg!(target_os = "linux");
