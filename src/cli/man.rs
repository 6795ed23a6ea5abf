//! `sockspec man`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use super::output::Output;
use super::{Cli, Exit};
use crate::snapshot;

/// Print the manual page, or write those of all subcommands
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write a page for each subcommand, and the main one, into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let done = match &self.dir {
            None => page(&command, &command).map(|page| output.print(&String::from_utf8_lossy(&page))),
            Some(folder) => {
                let all = command.get_subcommands().filter(|sub| !sub.is_hide_set()).chain([&command]);
                let mut written = all.map(|sub| {
                    let path = folder.join(Page::new(sub.clone()).get_filename());
                    let page = page(sub, &command)?;
                    snapshot::write_whole(&path, |file| file.write_all(&page))?;
                    output.line(format_args!("wrote  {}", path.display()));
                    Ok(())
                });
                written.find(io::Result::is_err).unwrap_or(Ok(()))
            }
        };
        match done {
            Ok(()) => Exit::Success,
            Err(error) => {
                output.error(error);
                Exit::CouldNotRun
            }
        }
    }
}

/// The page of a command, in the language of man(7).
fn page(command: &Command, main: &Command) -> io::Result<Vec<u8>> {
    let source = concat!("sockspec ", env!("CARGO_PKG_VERSION"));
    let page = Page::new(command.clone()).source(source).manual("sockspec manual");
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut out)?;
    }
    page.render_options_section(&mut out)?;
    let mut end = Roff::new();
    exit_status(&mut end);
    let is_main = command.get_name() == main.get_name();
    let others = main.get_subcommands().filter(|_| is_main).filter_map(Command::get_display_name);
    let others: Vec<&str> = others.chain((!is_main).then_some("sockspec")).collect();
    end.control("SH", ["SEE ALSO"]);
    for (at, other) in others.iter().enumerate() {
        let comma = if at + 1 < others.len() { ", " } else { "" };
        end.text([bold(*other), roman(format!("(1){comma}"))]);
    }
    end.to_writer(&mut out)?;
    if is_main {
        page.render_version_section(&mut out)?;
    }
    Ok(out)
}

fn exit_status(page: &mut Roff) {
    page.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in super::EXIT_CODES {
        page.control("TP", []);
        page.text([bold(*code)]);
        page.text([roman(*meaning)]);
    }
}
