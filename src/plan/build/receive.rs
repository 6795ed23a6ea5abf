//! `recv` and `read`, with what must come beside the bytes.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use crate::diagnostic::Diagnostic;
use crate::model::errno::{Errno, NAMES};
use crate::model::name::{is_name, nearest};
use crate::plan::receive::{Beside, Cut, Destination, Offender, Origin, QueuedError, ReadHow, Whose};
use crate::plan::template::Template;
use crate::plan::{Number, Verb};
use crate::spec::ast::{self, Scalar};
use crate::spec::words::ORIGINS;

use super::Builder;
use super::call::{Said, flags, named};
use super::text::Text;

/// The word for the credentials of this process.
const OWN: &str = "self";

impl<'a> Builder<'a> {
    pub(super) fn recv(&mut self, written: &'a ast::Verb) -> Option<Said> {
        let ast::Verb::Recv { pattern, from, sender, peek, urgent, takes, beside } = written else { return None };
        let pattern = self.pattern(pattern);
        let stderr = from.as_ref().is_some_and(|from| from.text == "stderr");
        let unnamed = from.as_ref().is_some_and(|from| from.text == "none");
        let from = self.optional(from.as_ref().filter(|_| !stderr && !unnamed), Self::endpoint_name);
        let sender = self.optional(sender.as_ref(), |builder, written| {
            let name = builder.endpoint_name(written)?;
            builder.create(written, &name);
            Some(name)
        });
        let takes = self.new_endpoints(takes);
        let (peek, urgent) = (self.flag(peek.as_ref()), self.flag(urgent.as_ref()));
        let beside = self.beside(beside);
        let (pattern, from, sender, peek, urgent, takes) = (pattern?, from?, sender?, peek?, urgent?, takes?);
        let (beside, words) = beside?;
        let beside = Beside { unnamed, ..beside };
        let mut suffix = Vec::new();
        suffix.extend(unnamed.then(|| "from none".to_owned()));
        suffix.extend(stderr.then(|| "from stderr".to_owned()));
        suffix.extend(from.as_ref().map(|from| format!("from {}", from.shown())));
        suffix.extend(sender.as_ref().map(|sender| format!("sender {}", sender.shown())));
        suffix.extend(flags(&[("peek", peek), ("urgent", urgent)]));
        suffix.extend(named("takes", &takes));
        suffix.extend(words);
        let beside = Box::new(beside);
        let verb = Verb::Recv { pattern, from, stderr, sender, peek, urgent, takes, beside };
        Some(Said { verb, words: "recv".to_owned(), suffix })
    }

    /// Endpoints that the step creates.
    fn new_endpoints(&mut self, names: &'a [Scalar]) -> Option<Vec<Template>> {
        let mut new = |(nth, written): (usize, &'a Scalar)| {
            if let Some(first) = names[..nth].iter().find(|before| before.text == written.text) {
                let message = format!("`{}` stands here twice", written.text);
                self.report(
                    Diagnostic::error("created-twice", written.span, message)
                        .related(first.span, "the first")
                        .help("each descriptor is an endpoint of its own: give it another name"),
                );
                return None;
            }
            let name = self.endpoint_name(written)?;
            self.create(written, &name);
            Some(name)
        };
        let names: Vec<_> = names.iter().enumerate().map(&mut new).collect();
        names.into_iter().collect()
    }

    /// What must come in control messages, and the words that a trace has for each of them.
    fn beside(&mut self, written: &ast::Beside) -> Option<(Beside, Vec<String>)> {
        let ctrunc = self.flag(written.ctrunc.as_ref());
        let to = self.optional(written.to.as_ref(), Self::destination);
        let credentials = self.optional(written.credentials.as_ref(), Self::whose);
        let errqueue = match &written.errqueue {
            Some(error) => self.queued_error(error).map(Some),
            None => Some(None),
        };
        let (ctrunc, to, credentials, errqueue) = (ctrunc?, to?, credentials?, errqueue?);
        let mut words = Vec::new();
        words.extend(flags(&[("ctrunc", ctrunc)]));
        let to = to.map(|(to, shown)| {
            words.push(format!("to {shown}"));
            to
        });
        let credentials = credentials.map(|(whose, shown)| {
            words.push(format!("credentials {shown}"));
            whose
        });
        let errqueue = errqueue.map(|(error, shown)| {
            words.push(format!("errqueue {shown}"));
            error
        });
        Some((Beside { unnamed: false, ctrunc, to, credentials, errqueue }, words))
    }

    /// Where a datagram was sent to, with how a trace shows it.
    fn destination(&mut self, written: &Scalar) -> Option<(Destination, String)> {
        let text = self.text(written)?;
        let shown = text.shown().into_owned();
        let known = match text {
            Text::Known(text) => text,
            Text::Open(template) => match template.known() {
                Some(text) if text.parse::<IpAddr>().is_err() => text.into(),
                _ => return Some((Destination::Computed(template), shown)),
            },
        };
        if let Ok(ip) = known.parse() {
            return Some((Destination::Ip(ip, written.span), shown));
        }
        let help = match known.as_ref() {
            "sender" => "it is whom a `send` answers; beside `recv`, `from: ENDPOINT` says who must have sent it",
            "localhost" => "names are not looked up: write `127.0.0.1` or `\"::1\"`",
            "none" | "true" | "false" => "write an IP address, or the name of an endpoint that has it",
            name if is_name(name) => {
                let name = self.endpoint_name(written)?;
                self.lanes.used_endpoint(&name.shown(), written.span);
                let shown = name.shown();
                return Some((Destination::Endpoint(name), shown));
            }
            text if text.parse::<SocketAddr>().is_ok() || text.contains("://") => {
                "the port is the socket's own: write the IP address alone, such as `127.0.0.1`"
            }
            _ => "write the name of an endpoint, or an address such as `127.0.0.1` or `\"::1\"`",
        };
        let message = format!("`{known}` is neither an endpoint nor an IP address");
        self.report(Diagnostic::error("bad-address", written.span, message).help(help));
        None
    }

    /// Whose credentials come, with how a trace shows it.
    pub(super) fn whose(&mut self, written: &Scalar) -> Option<(Whose, String)> {
        let text = self.text(written)?;
        let shown = text.shown().into_owned();
        let is_own = match text {
            Text::Known(text) => text == OWN,
            Text::Open(template) => template.known().is_some_and(|text| text == OWN),
        };
        if is_own {
            return Some((Whose::Own, shown));
        }
        let name = self.endpoint_name(written)?;
        self.lanes.used_endpoint(&name.shown(), written.span);
        let shown = name.shown();
        Some((Whose::Program(name), shown))
    }

    /// What the error queue must tell, as a trace shows it.
    fn queued_error(&mut self, written: &ast::QueuedError) -> Option<(QueuedError, String)> {
        let errno = self.errno(&written.errno);
        let origin = self.optional(written.origin.as_ref(), Self::origin);
        let byte = |builder: &mut Self, number: &Scalar| {
            let shown = builder.word(number)?.shown().to_owned();
            builder.plain_number(number, u8::MAX.into()).map(|number| (number as u8, shown))
        };
        let kind = self.optional(written.kind.as_ref(), byte);
        let code = self.optional(written.code.as_ref(), byte);
        let info = self.optional(written.info.as_ref(), |builder, number| {
            let shown = builder.word(number)?.shown().to_owned();
            builder.plain_number(number, u32::MAX.into()).map(|number| (number as u32, shown))
        });
        let offender = self.optional(written.offender.as_ref(), Self::offender);
        let ((errno, mut shown), origin, kind, code) = (errno?, origin?, kind?, code?);
        let (info, offender) = (info?, offender?);
        let words = [
            ("origin", origin.as_ref().map(|(_, shown)| shown)),
            ("type", kind.as_ref().map(|(_, shown)| shown)),
            ("code", code.as_ref().map(|(_, shown)| shown)),
            ("info", info.as_ref().map(|(_, shown)| shown)),
            ("offender", offender.as_ref().map(|(_, shown)| shown)),
        ];
        for (word, value) in words {
            let _ = value.map(|value| write!(shown, " {word}={value}"));
        }
        let (origin, kind, code) = (origin.map(first), kind.map(first), code.map(first));
        let (info, offender) = (info.map(first), offender.map(first));
        Some((QueuedError { errno, origin, kind, code, info, offender }, shown))
    }

    /// Who has sent an ICMP message, with how a trace shows it.
    fn offender(&mut self, written: &Scalar) -> Option<(Offender, String)> {
        if written.text == "none" {
            return Some((Offender::Nobody, written.text.clone()));
        }
        self.destination(written).map(|(from, shown)| (Offender::At(from), shown))
    }

    fn errno(&mut self, written: &Scalar) -> Option<(Errno, String)> {
        let word = self.word(written)?;
        if let Some(errno) = Errno::parse(&word.text) {
            return Some((errno, word.shown().to_owned()));
        }
        let text = &word.text;
        let finding = Diagnostic::error("unknown-errno", written.span, format!("unknown error `{text}`"));
        let numbered = || NAMES.iter().find(|(_, number)| text.parse() == Ok(*number)).map(|(name, _)| *name);
        self.report(match nearest(text, NAMES.iter().map(|(name, _)| *name)).or_else(numbered) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("write a name of errno(3), such as `ECONNREFUSED`"),
        });
        None
    }

    fn origin(&mut self, written: &Scalar) -> Option<(Origin, String)> {
        let word = self.word(written)?;
        let origin = Origin::parse(&word.text);
        if origin.is_none() {
            self.unknown("origin", &word.text, written.span, ORIGINS.iter().copied(), "unknown-origin");
        }
        Some((origin?, word.shown().to_owned()))
    }

    pub(super) fn read(&mut self, written: &'a ast::Verb) -> Option<Said> {
        let ast::Verb::Read { size, is, truncated, waitall, discard } = written else { return None };
        let shown = self.text(size)?.shown().into_owned();
        let size = self.size(size);
        let is = match is {
            Some(is) => Some(self.pattern(is)?),
            None => None,
        };
        let cut = self.optional(truncated.as_ref(), |builder, written| builder.cut(written, size.as_ref()));
        let (waitall, discard) = (self.flag(waitall.as_ref()), self.flag(discard.as_ref()));
        let (size, cut, waitall, discard) = (size?, cut?, waitall?, discard?);
        let (cut, words) = cut.unwrap_or_default();
        let mut suffix: Vec<String> = words.into_iter().collect();
        suffix.extend(flags(&[("waitall", waitall), ("discard", discard)]));
        let how = ReadHow { cut, waitall, discard };
        Some(Said { verb: Verb::Read { size, is, how }, words: format!("read {shown}"), suffix })
    }

    /// Whether a datagram must have been cut, and what a trace says of it.
    fn cut(&mut self, written: &Scalar, size: Option<&Number>) -> Option<(Cut, Option<String>)> {
        let word = self.word(written)?;
        match word.text.as_ref() {
            "true" => return Some((Cut::Yes, Some("truncated".to_owned()))),
            "false" => return Some((Cut::No, None)),
            text if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                let message = format!("`{text}` is neither `true` nor a number of bytes");
                let help = "write `true`, or how many bytes the datagram had: `truncated: 10`";
                self.report(Diagnostic::error("bad-size", written.span, message).help(help));
                return None;
            }
            _ => {}
        }
        let full = self.plain_size(written)?;
        if let Some(Number::Known(size)) = size.filter(|size| matches!(size, Number::Known(size) if full <= *size)) {
            let message = format!("a read of {size} bytes does not cut a datagram of {full}");
            let help = "`truncated` says how many bytes the datagram had before it was cut";
            self.report(Diagnostic::error("never-truncated", written.span, message).help(help));
            return None;
        }
        Some((Cut::Of(full), Some(format!("truncated {}", word.shown()))))
    }
}

fn first<T>((value, _): (T, String)) -> T {
    value
}
