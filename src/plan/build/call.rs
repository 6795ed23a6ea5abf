//! A verb of an endpoint, with its modifiers.

use std::fmt::Write as _;

use crate::diagnostic::Diagnostic;
use crate::model::network::Network;
use crate::model::triple::{self, Constant, Triple};
use crate::plan::template::Template;
use crate::plan::{Call, Mode, Raises, Target, Verb};
use crate::spec::ast::{self, Scalar};

use super::Builder;
use super::target::{Purpose, Shown};

/// A verb with what a trace shows for it.
pub(super) struct Said {
    pub verb: Verb,
    /// What stands before the bytes, or all of it.
    pub words: String,
    /// What stands after the bytes.
    pub suffix: Vec<String>,
}

impl Said {
    pub(super) fn new(verb: Verb, words: impl Into<String>) -> Self {
        Self { verb, words: words.into(), suffix: Vec::new() }
    }
}

impl<'a> Builder<'a> {
    /// A call; none where something in it could not be understood.
    pub(super) fn call(&mut self, call: &'a ast::Call) -> Option<Call> {
        let endpoint = self.endpoint_name(&call.endpoint);
        // Where the host is wrong, the rest is judged as if it were another one.
        let host = call.host.as_ref().map(|host| self.host(host).unwrap_or_default());
        let modifiers = self.modifiers(call);
        let said = self.verb(call, endpoint.as_ref());
        let fails = self.fails(call.fails.as_ref());
        let (endpoint, (within, after, mode), mut said, (fails, fails_words)) = (endpoint?, modifiers?, said?, fails?);
        let host = host.map(|(host, shown)| {
            let _ = write!(said.words, " host {shown}");
            host
        });
        let call = Call {
            endpoint,
            verb: said.verb,
            host,
            verb_span: call.verb_span,
            words: said.words,
            suffix: said.suffix,
            fails_words,
            within,
            after,
            mode,
            fails_elsewhere: matches!(call.fails, Some(ast::Fails::ByPlatform(_))) && fails.is_empty(),
            fails,
        };
        self.lanes.called(&call);
        Some(call)
    }

    fn modifiers(&mut self, call: &ast::Call) -> Option<(std::time::Duration, Option<std::time::Duration>, Mode)> {
        let within = self.optional(call.within.as_ref(), Self::deadline);
        let after = self.optional(call.after.as_ref(), Self::duration);
        let blocking = self.flag(call.blocking.as_ref());
        let nonblocking = self.flag(call.nonblocking.as_ref());
        let mode = match (blocking?, nonblocking?) {
            (true, true) => {
                let value = call.nonblocking.as_ref().map_or(call.verb_span, |scalar| scalar.span);
                let span = self.word_before(call.endpoint.span.to(value), "nonblocking");
                self.report(
                    Diagnostic::error("two-modes", span, "a call is `blocking` or `nonblocking`, not both")
                        .help("leave one of them out"),
                );
                return None;
            }
            (true, false) => Mode::Blocking,
            (false, true) => Mode::Nonblocking,
            (false, false) => Mode::Waiting,
        };
        Some((within?.unwrap_or(self.timeout), after?, mode))
    }

    fn verb(&mut self, call: &'a ast::Call, endpoint: Option<&Template>) -> Option<Said> {
        use ast::Verb as Written;
        if let (Some(endpoint), true) = (endpoint, creates(&call.verb)) {
            self.create(&call.endpoint, endpoint);
        }
        match &call.verb {
            Written::Socket { network, triple } => self.socket(network, triple),
            Written::Bind { address } => {
                let Shown { target, words } = self.target(address, Purpose::Bind)?;
                Some(Said::new(Verb::Bind(target), format!("bind {words}")))
            }
            Written::Listen { address, backlog } => self.listen(address.as_ref(), backlog.as_ref()),
            Written::Accept { listener, from } => self.accept(listener, from.as_ref()),
            Written::Connect { to, from } => self.connect(to, from.as_ref()),
            Written::Pair { other, network } => self.pair(other, network.as_ref()),
            Written::Send { payload, to, urgent, more, pass, raises, nosignal } => self.send(
                payload,
                to.as_ref(),
                [urgent.as_ref(), more.as_ref()],
                pass,
                [raises.as_ref(), nosignal.as_ref()],
            ),
            Written::Recv { .. } => self.recv(&call.verb),
            Written::Read { .. } => self.read(&call.verb),
            Written::Expect { what, duration, status, from } => {
                self.expect(what, duration.as_ref(), status, from.as_ref(), call.verb_span)
            }
            Written::Shutdown { how, notify } => self.shutdown(how, notify.as_ref()),
            Written::Close { notify } => {
                let (notify, words) = self.notify(notify.as_ref())?;
                Some(Said::new(Verb::Close { notify }, format!("close{words}")))
            }
            Written::Tls(tls) => self.tls(tls),
            Written::Reset => Some(Said::new(Verb::Reset, "reset")),
            Written::Disconnect => Some(Said::new(Verb::Disconnect, "disconnect")),
            Written::Dup { of } => {
                let of = self.endpoint_name(of)?;
                let words = format!("dup {}", of.shown());
                Some(Said::new(Verb::Dup(of), words))
            }
            Written::Set { options } => self.set(options),
            Written::Open { path } => self.open_file(path),
            Written::Run(run) => self.run(run, call),
            Written::Signal { signal } => self.signal(signal),
        }
    }

    fn network(&mut self, scalar: &Scalar) -> Option<(Network, String)> {
        let word = self.word(scalar)?;
        let network = Network::parse(&word.text);
        if let Some(meant) = stand_for(&word.text) {
            let finding = Diagnostic::error("unknown-network", scalar.span, format!("unknown network `{}`", word.text));
            self.report(finding.help(format!("a network stands for a family and a type: write {meant}")));
        } else if network.is_none() {
            let names = Network::ALL.into_iter().map(Network::name);
            self.unknown("network", &word.text, scalar.span, names, "unknown-network");
        }
        Some((network?, word.shown().to_owned()))
    }

    fn socket(&mut self, network: &Scalar, triple: &[Option<Scalar>; 3]) -> Option<Said> {
        let network = self.network(network);
        let mut words = String::new();
        let parts = [("domain", triple::DOMAINS), ("type", triple::TYPES), ("protocol", triple::PROTOCOLS)];
        let mut part = |at: usize| {
            let (word, constants) = parts[at];
            self.optional(triple[at].as_ref(), |builder, scalar| {
                let (number, shown) = builder.named_number(scalar, word, constants)?;
                let _ = write!(words, " {word} {shown}");
                Some(number)
            })
        };
        let (domain, kind, protocol) = (part(0), part(1), part(2));
        let triple = Triple { domain: domain?, kind: kind?, protocol: protocol? };
        let (network, shown) = network?;
        Some(Said::new(Verb::Socket(network, triple), format!("socket {shown}{words}")))
    }

    /// The number of a constant, or one that is written, with how a trace shows it.
    fn named_number(&mut self, scalar: &Scalar, what: &str, constants: &[Constant]) -> Option<(i32, String)> {
        let word = self.word(scalar)?;
        let number = match constants.iter().find(|(name, _)| *name == word.text) {
            Some((_, number)) => *number,
            None if word.text.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
                i32::try_from(self.plain_number(scalar, i32::MAX as u64)?).ok()?
            }
            None => {
                let known = constants.iter().map(|(name, _)| *name);
                // `SEQPACKET`, `udp`
                let is_meant =
                    |name: &&str| name.split_once('_').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(&word.text));
                match known.clone().find(is_meant) {
                    Some(meant) => {
                        let message = format!("unknown {what} `{}`", word.text);
                        let finding = Diagnostic::error("unknown-constant", scalar.span, message);
                        self.report(finding.help(format!("did you mean `{meant}`?")));
                    }
                    None => self.unknown(what, &word.text, scalar.span, known, "unknown-constant"),
                }
                return None;
            }
        };
        Some((number, word.shown().to_owned()))
    }

    fn listen(&mut self, address: Option<&Scalar>, backlog: Option<&Scalar>) -> Option<Said> {
        let mut words = "listen".to_owned();
        let address = match address {
            Some(address) => {
                let shown = self.target(address, Purpose::Bind)?;
                let _ = write!(words, " {}", shown.words);
                Some(shown.target)
            }
            None => None,
        };
        let backlog = match backlog {
            Some(backlog) => {
                let word = self.word(backlog)?;
                let _ = write!(words, " backlog {}", word.shown());
                Some(self.plain_number(backlog, i32::MAX as u64)? as i32)
            }
            None => None,
        };
        Some(Said::new(Verb::Listen { address, backlog }, words))
    }

    fn accept(&mut self, listener: &'a Scalar, from: Option<&'a Scalar>) -> Option<Said> {
        let listener = self.endpoint_name(listener)?;
        let mut words = format!("accept {}", listener.shown());
        let from = match from {
            Some(from) => {
                let from = self.endpoint_name(from)?;
                let _ = write!(words, " from {}", from.shown());
                Some(from)
            }
            None => None,
        };
        Some(Said::new(Verb::Accept { listener, from }, words))
    }

    fn connect(&mut self, to: &Scalar, from: Option<&Scalar>) -> Option<Said> {
        let to = self.target(to, Purpose::Reach)?;
        let mut words = format!("connect {}", to.words);
        let from = match from {
            Some(from) => {
                let shown = self.target(from, Purpose::Bind)?;
                let _ = write!(words, " from {}", shown.words);
                Some(shown.target)
            }
            None => None,
        };
        Some(Said::new(Verb::Connect { to: to.target, from }, words))
    }

    fn pair(&mut self, other: &'a Scalar, network: Option<&Scalar>) -> Option<Said> {
        let name = self.endpoint_name(other)?;
        self.create(other, &name);
        let mut words = format!("pair {}", name.shown());
        let kind = match network {
            Some(written) => {
                let (kind, shown) = self.network(written)?;
                let _ = write!(words, " network {shown}");
                kind
            }
            None => Network::Unix,
        };
        Some(Said::new(Verb::Pair { other: name, network: kind }, words))
    }

    fn shutdown(&mut self, how: &Scalar, notify: Option<&Scalar>) -> Option<Said> {
        let notify = self.notify(notify);
        let word = self.word(how)?;
        let direction = match word.text.as_ref() {
            "read" => std::net::Shutdown::Read,
            "write" => std::net::Shutdown::Write,
            "both" => std::net::Shutdown::Both,
            text => {
                let known = ["read", "write", "both"].into_iter();
                self.unknown("direction", text, how.span, known, "unknown-direction");
                return None;
            }
        };
        let (notify, words) = notify?;
        Some(Said::new(Verb::Shutdown { how: direction, notify }, format!("shutdown {}{words}", word.shown())))
    }

    /// Whether TLS says that it ends, and the words for it.
    fn notify(&mut self, notify: Option<&Scalar>) -> Option<(bool, String)> {
        let Some(written) = notify else { return Some((true, String::new())) };
        let notify = self.flag(Some(written))?;
        Some((notify, format!(" notify {}", self.word(written)?.shown())))
    }

    fn send(
        &mut self,
        payload: &'a ast::Form,
        to: Option<&Scalar>,
        [urgent, more]: [Option<&Scalar>; 2],
        pass: &[Scalar],
        [raises, nosignal]: [Option<&Scalar>; 2],
    ) -> Option<Said> {
        let payload = self.payload(payload);
        let to = self.optional(to, |builder, to| match to.text.as_str() {
            "sender" => Some(Shown { target: Target::Sender, words: "sender".to_owned() }),
            _ => builder.target(to, Purpose::Reach),
        });
        let (urgent, more, pass) = (self.flag(urgent), self.flag(more), self.endpoints(pass));
        let raises = match (raises, nosignal) {
            (Some(signal), _) => {
                let (signal, nosignal) = (self.raised(signal), self.flag(nosignal));
                Some(Raises { signal: signal?, nosignal: nosignal? })
            }
            (None, Some(written)) => {
                self.nosignal_alone(written);
                return None;
            }
            (None, None) => None,
        };
        let (payload, to, urgent, more, pass) = (payload?, to?, urgent?, more?, pass?);
        let mut suffix = Vec::new();
        let to = to.map(|shown| {
            suffix.push(format!("to {}", shown.words));
            shown.target
        });
        suffix.extend(flags(&[("urgent", urgent), ("more", more)]));
        suffix.extend(named("pass", &pass));
        if let Some(Raises { signal, nosignal }) = raises {
            suffix.push(format!("raises {}", if signal { "SIGPIPE" } else { "none" }));
            suffix.extend(flags(&[("nosignal", nosignal)]));
        }
        Some(Said { verb: Verb::Send { payload, to, urgent, more, pass, raises }, words: "send".to_owned(), suffix })
    }

    fn nosignal_alone(&mut self, written: &Scalar) {
        let finding = Diagnostic::error("misplaced-modifier", written.span, "`nosignal` stands without `raises`");
        self.report(finding.help(
            "leave it out: a send that says nothing of signals has MSG_NOSIGNAL; or write `raises: none` beside it",
        ));
    }

    /// Whether SIGPIPE is raised.
    fn raised(&mut self, signal: &Scalar) -> Option<bool> {
        let word = self.word(signal)?;
        match word.text.as_ref() {
            "SIGPIPE" => Some(true),
            "none" => Some(false),
            other => {
                let finding = Diagnostic::error("bad-signal", signal.span, format!("a send does not raise `{other}`"));
                self.report(finding.help("write `raises: SIGPIPE`, or `raises: none`"));
                None
            }
        }
    }

    /// Endpoints that are there.
    pub(super) fn endpoints(&mut self, names: &[Scalar]) -> Option<Vec<Template>> {
        let names: Vec<_> = names.iter().map(|name| self.endpoint_name(name)).collect();
        names.into_iter().collect()
    }
}

/// The networks that a family or a type of socket(2) is of.
fn stand_for(constant: &str) -> Option<&'static str> {
    Some(match constant {
        "AF_INET" => "`tcp` or `udp`",
        "AF_INET6" => "`tcp6` or `udp6`",
        "AF_UNIX" | "AF_LOCAL" => "`unix`, `unixgram` or `unixpacket`",
        "SOCK_STREAM" => "`tcp`, `tcp6` or `unix`",
        "SOCK_DGRAM" => "`udp`, `udp6` or `unixgram`",
        "SOCK_SEQPACKET" => "`unixpacket`",
        _ => return None,
    })
}

/// Whether the verb may create its endpoint.
fn creates(verb: &ast::Verb) -> bool {
    use ast::Verb;
    matches!(
        verb,
        Verb::Socket { .. }
            | Verb::Bind { .. }
            | Verb::Listen { .. }
            | Verb::Accept { .. }
            | Verb::Connect { .. }
            | Verb::Pair { .. }
            | Verb::Dup { .. }
            | Verb::Open { .. }
            | Verb::Run(_)
    )
}

/// The words for a list of endpoints: `pass conn other`.
pub(super) fn named(word: &str, names: &[Template]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    Some(names.iter().fold(word.to_owned(), |words, name| format!("{words} {}", name.shown())))
}

pub(super) fn flags<'f>(flags: &'f [(&'f str, bool)]) -> impl Iterator<Item = String> + 'f {
    flags.iter().filter(|(_, set)| *set).map(|(word, _)| (*word).to_owned())
}
