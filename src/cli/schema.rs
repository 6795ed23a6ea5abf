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

    /// Print that of catalogues
    #[arg(long, conflicts_with = "included")]
    catalogue: bool,
}

impl Schema {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        output.print(&match (self.included, self.catalogue) {
            (true, _) => schema::included(),
            (_, true) => schema::of_catalogues(),
            _ => schema::json(),
        });
        Exit::Success
    }
}
