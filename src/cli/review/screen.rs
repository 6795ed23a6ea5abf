//! The terminal of a review: it is taken over, drawn as a whole, and given back however it ends.

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic;
use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyEventKind};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};

use super::keys::{self, Key};

/// What has happened at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Key(Key),
    /// It has another size now.
    Other,
}

/// The terminal, as long as it is taken over.
#[derive(Debug)]
pub(super) struct Screen(());

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            // What a panic says must not be lost with the screen.
            panic::set_hook(Box::new(move |info| {
                restore();
                usual(info);
            }));
        });
        take()?;
        let screen = Self(());
        // From the first drawing on a new size is heard of: only who asks for events is told.
        event::poll(Duration::ZERO)?;
        Ok(screen)
    }

    /// Columns and lines.
    pub(super) fn size() -> (usize, usize) {
        let (columns, lines) = size().unwrap_or((80, 24));
        (usize::from(columns).max(1), usize::from(lines).max(1))
    }

    /// Draws all lines.
    #[expect(clippy::unused_self, reason = "only a terminal that is taken over is drawn on")]
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut frame: Vec<u8> = Vec::new();
        queue!(frame, BeginSynchronizedUpdate)?;
        for (at, line) in lines.iter().enumerate() {
            queue!(frame, MoveTo(0, at as u16), Clear(ClearType::CurrentLine), Print(line))?;
        }
        queue!(frame, EndSynchronizedUpdate)?;
        // In one piece, so that nobody sees half of it.
        let mut out = io::stdout();
        out.write_all(&frame)?;
        out.flush()
    }

    /// Waits for what happens next.
    #[expect(clippy::unused_self, reason = "only in raw mode a key comes at once")]
    pub(super) fn next(&self) -> io::Result<Input> {
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => Ok(Input::Key(keys::of(key))),
            _ => Ok(Input::Other),
        }
    }

    /// Lets an editor have the terminal. An error is a sentence.
    #[expect(clippy::unused_self, reason = "it is taken over again afterwards")]
    pub(super) fn edit(&self, file: &Path, line: u32) -> Result<(), String> {
        let set = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| set(name).map(|editor| (name, editor)));
        let (name, editor) = named.unwrap_or_else(|| ("EDITOR", "vi".to_owned()));
        restore();
        let ended =
            Command::new("sh").arg("-c").arg(command(&editor)).arg(&editor).arg(file).arg(line.to_string()).status();
        let taken = take().map_err(|error| error.to_string());
        match ended {
            Ok(status) if status.success() => taken,
            Ok(status) => taken.and(Err(format!("`{editor}` ended with {status}; set ${name} to another one"))),
            Err(error) => taken.and(Err(format!("cannot start `{editor}`: {error}"))),
        }
    }
}

/// The shell command that opens `$1` at line `$2`, as this editor wants to be told.
fn command(editor: &str) -> String {
    let program = editor.split_whitespace().next().unwrap_or_default();
    let name = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut command = editor.to_owned();
    let place = match name.as_str() {
        "code" | "codium" | "code-insiders" => " --wait -g \"$1:$2\"",
        "hx" | "helix" | "zed" | "subl" => " \"$1:$2\"",
        _ => " \"+$2\" \"$1\"",
    };
    let _ = write!(command, "{place}");
    command
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Hide, DisableLineWrap, Clear(ClearType::All))
        .inspect_err(|_| restore())
}

/// Gives the terminal back as it was. Standard output may be locked by whoever is interrupted, so it
/// is written to below that.
pub(super) fn restore() {
    let text = [EnableLineWrap.to_ansi(), Show.to_ansi(), LeaveAlternateScreen.to_ansi()].concat();
    let _ = rustix::io::write(rustix::stdio::stdout(), text.as_bytes());
    let _ = disable_raw_mode();
}

/// The characters that a command is.
trait ToAnsi {
    fn to_ansi(&self) -> String;
}

impl<C: crossterm::Command> ToAnsi for C {
    fn to_ansi(&self) -> String {
        let mut text = String::new();
        let _ = self.write_ansi(&mut text);
        text
    }
}
