//! The platforms that specs tell apart.

/// The platforms a spec may name, in `requires`, in `fails` and in a snapshot's overlay.
pub const ALL: [&str; 3] = ["linux", "macos", "windows"];

/// The word for the platform this program was built for.
pub const CURRENT: &str = std::env::consts::OS;
