//! Colours and width of the terminal.

use std::env;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use clap::ValueEnum;

use crate::diagnostic::Style;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// What a stream can show.
pub(super) fn detect(choice: ColorChoice, stream: &(impl IsTerminal + AsFd)) -> Style {
    let color = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            wanted && env::var_os("TERM").is_none_or(|term| term != "dumb") && stream.is_terminal()
        }
    };
    Style { color, width: width(stream) }
}

/// COLUMNS where it is set, else what the terminal says, else the usual.
fn width(stream: &impl AsFd) -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    columns.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(Style::default().width)
}
