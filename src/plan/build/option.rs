//! Socket options and their values.

use std::fmt::Write as _;

use crate::diagnostic::Diagnostic;
use crate::model::errno::Errno;
use crate::model::group::Membership;
use crate::model::name::nearest;
use crate::model::option::{self, SocketOption, ValueKind};
use crate::model::{bytes, duration, size};
use crate::plan::{OptionValue, Verb, constant};
use crate::source::Span;
use crate::spec::ast::{Scalar, Setting};
use crate::spec::words::{self, ATTRIBUTES};

use super::Builder;
use super::call::Said;

impl Builder<'_> {
    /// `set`: options with their values.
    pub(super) fn set(&mut self, options: &[(Scalar, Setting)]) -> Option<Said> {
        let mut words = "set".to_owned();
        let mut settings = Vec::with_capacity(options.len());
        let mut sound = true;
        for (name, value) in options {
            let option = self.option(name);
            let value = option.as_ref().and_then(|(option, name)| match value {
                Setting::Value(value) => self.option_value((option, name), value),
                Setting::Hex(hex) => self.option_bytes(hex),
            });
            match (option, value) {
                (Some((option, name)), Some((value, shown))) => {
                    let _ = write!(words, " {name}={shown}");
                    settings.push((option, value));
                }
                _ => sound = false,
            }
        }
        sound.then(|| Said::new(Verb::Set(settings), words))
    }

    /// The option, and how a trace shows its name.
    fn option(&mut self, name: &Scalar) -> Option<(SocketOption, String)> {
        let word = self.word(name)?;
        let option = find(&word.text);
        if option.is_none() {
            let known = option::OPTIONS.iter().map(|option| option.name);
            self.unknown_option(&word.text, name.span, known);
        }
        option.map(|option| (option, word.text.clone().into_owned()))
    }

    /// The bytes of a value, whatever the kernel makes of them.
    fn option_bytes(&mut self, hex: &Scalar) -> Option<(OptionValue, String)> {
        let bytes: Vec<u8> = self.hex(hex, false)?.into_iter().flatten().collect();
        let shown = format!("<{}>", bytes::hex(&bytes));
        Some((OptionValue::Bytes(bytes), shown))
    }

    /// Reports an unknown option, or what else of `known` may be meant.
    pub(super) fn unknown_option<'w>(&mut self, name: &str, span: Span, known: impl Iterator<Item = &'w str> + Clone) {
        if let Some((level, number)) = name.split_once(':') {
            self.wrong_number(level, number, span);
            return;
        }
        let finding = Diagnostic::error("unknown-option", span, format!("unknown option `{name}`"));
        if name == "O_NONBLOCK" {
            self.report(
                finding
                    .help("write `nonblocking: true` or `blocking: true` beside a verb: each call says it for itself"),
            );
            return;
        }
        if words::find(ATTRIBUTES, name).is_some() {
            self.report(
                finding.help(format!("it is an attribute, which can be asked for alone: `{{expect: {{{name}: …}}}}`")),
            );
            return;
        }
        self.report(match option::meant(name).or_else(|| nearest(name, known)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("options are written by their constants, such as `SO_REUSEADDR` or `TCP_NODELAY`"),
        });
    }

    /// Reports an option by its level and its number that is none.
    fn wrong_number(&mut self, level: &str, number: &str, span: Span) {
        let (wrong, message, help) = if option::level_of(level).is_some() {
            let help = format!("write the number that the option has at its level, such as `{level}:9999`");
            (number, format!("`{number}` is not the number of an option"), help)
        } else {
            let names = option::LEVELS.iter().map(|(name, _)| *name);
            let help = match nearest(level, names.clone()) {
                Some(near) => format!("did you mean `{near}:{number}`?"),
                None => format!("the levels are {}, or the number of another", names.collect::<Vec<_>>().join(", ")),
            };
            (level, format!("`{level}` is no level of options"), help)
        };
        let place = self.word_in(span, wrong);
        self.report(Diagnostic::error("unknown-option", place, message).help(help));
    }

    /// The value, and how a trace shows it.
    pub(super) fn option_value(
        &mut self,
        (option, name): (&SocketOption, &str),
        value: &Scalar,
    ) -> Option<(OptionValue, String)> {
        let word = self.word(value)?;
        match read(option, &word.text) {
            Ok(value) => Some((value, word.shown().to_owned())),
            Err(help) => {
                let message = format!("`{}` is not a value of `{name}`", word.text);
                self.report(Diagnostic::error("bad-option-value", value.span, message).help(help));
                None
            }
        }
    }
}

/// The option of that name, or of that level and number.
pub(super) fn find(name: &str) -> Option<SocketOption> {
    option::find(name).copied().or_else(|| SocketOption::numbered(name))
}

/// Reads a value; the error says what to write.
fn read(option: &SocketOption, text: &str) -> Result<OptionValue, String> {
    match option.kind {
        ValueKind::Bool => match text {
            "true" => Ok(OptionValue::Int(1)),
            "false" => Ok(OptionValue::Int(0)),
            _ => int(text).ok_or_else(|| "write `true` or `false`".to_owned()),
        },
        ValueKind::Int => int(text).ok_or_else(|| number_of(option.name, text)),
        ValueKind::Time => match duration::parse(text) {
            Some(time) => Ok(OptionValue::Time(time)),
            None if constant::number(text).is_some() => {
                Err(format!("the unit is missing: write `{text}ms` or `{text}s`"))
            }
            None => Err("write a duration such as `200ms`".to_owned()),
        },
        ValueKind::Linger => match text {
            "false" => Ok(OptionValue::Linger(None)),
            _ => match constant::number(text).and_then(|number| u32::try_from(number).ok()) {
                Some(seconds) if i32::try_from(seconds).is_ok() => Ok(OptionValue::Linger(Some(seconds))),
                _ => Err("write a number of seconds (0 resets), or `false`".to_owned()),
            },
        },
        ValueKind::Text => Ok(OptionValue::Text(text.to_owned())),
        ValueKind::Address => text
            .parse()
            .map(OptionValue::Address)
            .map_err(|_| "write an IPv4 address, that of the device to send by".to_owned()),
        ValueKind::Group => match Membership::parse(text) {
            Some(membership) if membership.group.is_ipv6() == option.is_v6() => Ok(OptionValue::Group(membership)),
            _ if option.is_v6() => Err("write an IPv6 group, as in `ff02::1` or `ff02::1%eth0`".to_owned()),
            _ => Err("write an IPv4 group, as in `239.1.1.1` or `239.1.1.1%eth0`".to_owned()),
        },
        // It cannot be set; the kernel says so.
        ValueKind::Credentials => match text {
            "self" => Ok(OptionValue::Int(0)),
            _ => Err("it can be asked for, not set: write `self`, and `fails: ENOPROTOOPT` beside `set`".to_owned()),
        },
        ValueKind::Errno => match text {
            "0" | "none" => Ok(OptionValue::Errno(None)),
            _ => match Errno::parse(text) {
                Some(errno) => Ok(OptionValue::Errno(Some(errno))),
                None => Err(nearest_errno(text)),
            },
        },
    }
}

/// What to write for a number with a unit that the option has not.
fn number_of(option: &str, text: &str) -> String {
    if let Some(time) = duration::parse(text) {
        let (unit, number) = match option {
            "TCP_USER_TIMEOUT" => ("milliseconds", time.as_millis()),
            "TCP_DEFER_ACCEPT" | "TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_LINGER2" => {
                ("seconds", time.as_millis().div_ceil(1000))
            }
            _ => return "write a number".to_owned(),
        };
        return format!("write a number of {unit}: `{number}`");
    }
    let units = [("k", "KiB"), ("K", "KiB"), ("kB", "KiB"), ("KB", "KiB"), ("M", "MiB"), ("MB", "MiB")];
    let sized = units.iter().find_map(|(unit, written)| {
        let size = format!("{}{written}", text.strip_suffix(unit)?);
        size::parse_size(&size).map(|bytes| format!("write a number, such as `{bytes}` or `{size}`"))
    });
    sized.unwrap_or_else(|| "write a number".to_owned())
}

fn nearest_errno(text: &str) -> String {
    let names = crate::model::errno::NAMES.iter().map(|(name, _)| *name);
    match nearest(text, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a name of errno(3), such as `ECONNREFUSED`, or 0".to_owned(),
    }
}

/// An `int`, also as a size.
fn int(text: &str) -> Option<OptionValue> {
    let number = constant::number(text).or_else(|| size::parse_size(text).map(i128::from))?;
    i32::try_from(number).ok().map(OptionValue::Int)
}
