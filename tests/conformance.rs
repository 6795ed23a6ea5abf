//! The bundled specs, as tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    sockspec::harness("specs", "snapshots").main()
}
