//! The `sockspec` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sockspec::cli::main()
}
