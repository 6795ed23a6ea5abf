//! `sockspec schema`

use clap::Args;

use super::Exit;
use super::output::Output;
use crate::spec::schema;

/// Print the JSON Schema of specs, for editors
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Print that of files that specs include
    #[arg(long)]
    included: bool,
}

impl Schema {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        output.print(&if self.included { schema::included() } else { schema::json() });
        Exit::Success
    }
}
