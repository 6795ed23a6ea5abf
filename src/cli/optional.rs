//! Options whose number may be left out: `--shuffle`, `--shuffle 42`, `--shuffle=42`, and `--shuffle specs`.

use std::ffi::OsString;
use std::iter::Peekable;

/// The options.
const OPTIONAL: [&str; 3] = ["--fail-fast", "--shuffle", "--slowest"];

/// The arguments, with `=` between such an option and the number after it. What is no number is the next argument.
pub(super) fn joined(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    Joined { arguments: arguments.peekable(), is_over: false }
}

struct Joined<I: Iterator<Item = OsString>> {
    arguments: Peekable<I>,
    /// Whether `--` came, after which there are no options.
    is_over: bool,
}

impl<I: Iterator<Item = OsString>> Iterator for Joined<I> {
    type Item = OsString;

    fn next(&mut self) -> Option<OsString> {
        let mut argument = self.arguments.next()?;
        self.is_over |= argument == "--";
        if !self.is_over && OPTIONAL.iter().any(|option| argument == *option) {
            let is_number = |next: &OsString| {
                let bytes = next.as_encoded_bytes();
                let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
                !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
            };
            if let Some(number) = self.arguments.next_if(is_number) {
                argument.push("=");
                argument.push(number);
            }
        }
        Some(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined_of(line: &str) -> String {
        let words: Vec<_> = joined(line.split(' ').map(OsString::from)).map(OsString::into_string).collect();
        words.into_iter().map(Result::unwrap_or_default).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_number_belongs_to_the_option_before_it() {
        assert_eq!(joined_of("run --shuffle 42 specs"), "run --shuffle=42 specs");
        assert_eq!(joined_of("run --shuffle specs"), "run --shuffle specs");
        assert_eq!(joined_of("run --slowest=3 42"), "run --slowest=3 42");
        assert_eq!(joined_of("run --fail-fast -1"), "run --fail-fast=-1");
        assert_eq!(joined_of("run --retries 2 3"), "run --retries 2 3");
        assert_eq!(joined_of("run -- --shuffle 42"), "run -- --shuffle 42");
    }
}
