//! The specs of this crate, as tests of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sockspec::harness("specs", "snapshots").main()
}
