//! Descriptors that are passed from one endpoint to another, or to a program: which endpoints have
//! one, which sockets carry them, and what those are that arrive.

use crate::diagnostic::Diagnostic;
use crate::model::network::{Kind, Network};
use crate::plan::build::payload::known_size;
use crate::plan::template::Template;
use crate::plan::{Call, Verb};
use crate::source::Span;

use super::endpoints::{Endpoint, Layer, Role, key};
use super::walk::{Outcome, Walk};

/// A descriptor on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    network: Option<Network>,
    role: Role,
    /// The number of its socket; 0 where that is not known.
    socket: usize,
    /// The place of its name in `pass`.
    span: Span,
}

/// What a descriptor is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Pass,
    Dup,
}

impl Use {
    fn participle(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Dup => "duplicated",
        }
    }
}

impl<'p> Walk<'p, '_> {
    /// What is known of the endpoints that a call passes, which must be open sockets.
    pub(super) fn passed(&mut self, names: &'p [Template], outcome: Outcome) -> Vec<Passed> {
        names.iter().map(|name| self.descriptor_of(name, Use::Pass, outcome)).collect()
    }

    /// What is known of an endpoint that a call takes a descriptor of, which must be an open socket.
    fn descriptor_of(&mut self, name: &'p Template, purpose: Use, outcome: Outcome) -> Passed {
        let key = key(name);
        let unknown = Passed { network: None, role: Role::Unknown, socket: 0, span: name.span };
        let Some(index) = self.find(&key) else {
            self.missing(&key, name.span);
            return unknown;
        };
        let endpoint = &self.endpoints[index];
        let used = purpose.participle();
        let wrong = match (endpoint.closed, no_descriptor(endpoint, purpose)) {
            // Of a closed endpoint there is no descriptor, which may be the point of the step.
            (Some(_), _) if purpose == Use::Pass && outcome != Outcome::Succeeds => return unknown,
            (Some(closed), _) => Some(
                Diagnostic::error("closed", name.span, format!("`{key}` is closed, and cannot be {used}"))
                    .related(closed, "closed here")
                    .help(format!("move this step before the `close`: what was {used} stays open without `{key}`")),
            ),
            (None, Some((message, help))) => Some(Diagnostic::error("wrong-kind", name.span, message).help(help)),
            (None, None) => {
                return Passed {
                    network: endpoint.network,
                    role: endpoint.role,
                    socket: endpoint.socket,
                    span: name.span,
                };
            }
        };
        if !self.is_doubtful(&key) {
            self.found.extend(wrong);
        }
        unknown
    }

    /// One more descriptor of an endpoint's socket.
    pub(super) fn dup(&mut self, of: &'p Template, call: &'p Call, outcome: Outcome) {
        let of = self.descriptor_of(of, Use::Dup, outcome);
        match outcome {
            Outcome::Succeeds => self.taken(&call.endpoint, of),
            Outcome::Either => drop(self.create(&call.endpoint, of.network, Role::Unknown)),
            Outcome::Fails => {}
        }
    }

    /// A `send` that passes descriptors: its socket must be one that can carry them.
    pub(super) fn check_pass(&mut self, index: usize, call: &'p Call, outcome: Outcome) {
        let Verb::Send { payload, urgent, pass, .. } = &call.verb else { return };
        if pass.is_empty() {
            return;
        }
        let endpoint = &self.endpoints[index];
        let wrong = no_carrier(endpoint, "pass").or_else(|| {
            let name = &endpoint.name;
            if *urgent {
                return Some((
                    "`pass` and `urgent` cannot stand beside each other".to_owned(),
                    "send the urgent byte in a step of its own",
                ));
            }
            let is_stream = endpoint.network.is_some_and(|network| network.kind() == Kind::Stream);
            let is_empty = known_size(payload) == Some(0);
            (is_stream && is_empty && outcome == Outcome::Succeeds).then(|| {
                (
                    format!("`{name}` sends no byte here, and on a stream descriptors travel with one"),
                    "send a byte with them: `{send: \"x\", pass: […]}`",
                )
            })
        });
        if let Some((message, help)) = wrong {
            self.wrong_kind_at(self.key_of_step("pass", call.verb_span), call, message, help);
        }
    }

    /// A `recv` that takes descriptors: its socket must be one that can carry them. `known` are those
    /// that certainly come with these bytes.
    pub(super) fn take(&mut self, index: Option<usize>, call: &'p Call, outcome: Outcome, known: Option<Vec<Passed>>) {
        let Verb::Recv { peek, urgent, takes, beside, .. } = &call.verb else { return };
        // Beside these, `ctrunc` was found to be wrong.
        let ctrunc = beside.ctrunc && beside.credentials.is_none() && beside.errqueue.is_none();
        if takes.is_empty() && !ctrunc {
            return;
        }
        let word = if takes.is_empty() { "ctrunc" } else { "takes" };
        let span = self.key_of_step(word, call.verb_span);
        let carrier = index.and_then(|index| no_carrier(&self.endpoints[index], word));
        let wrong = carrier.or_else(|| {
            let (other, help) = match (peek, urgent) {
                (true, _) => ("peek", "what is only looked at stays where it is: take it in another step"),
                (_, true) => ("urgent", "receive the urgent byte in a step of its own"),
                (false, false) => return None,
            };
            Some((format!("`{word}` and `{other}` cannot stand beside each other"), help))
        });
        let known = known.filter(|_| outcome == Outcome::Succeeds);
        match (wrong, known) {
            (Some((message, help)), _) => {
                self.wrong_kind_at(span, call, message, help);
                self.taken_somehow(takes);
            }
            (None, Some(passed)) if comes_as_written(passed.len(), takes.len(), beside.ctrunc) => {
                for (name, passed) in takes.iter().zip(passed) {
                    self.taken(name, passed);
                }
            }
            (None, Some(passed)) => {
                self.found.push(if beside.ctrunc {
                    nothing_cut(self.key_of_step("ctrunc", span), takes.len(), &passed)
                } else {
                    wrong_number(span, takes.len(), &passed)
                });
                self.taken_somehow(takes);
            }
            (None, None) if outcome == Outcome::Fails => {}
            (None, None) => self.taken_somehow(takes),
        }
    }

    /// One more descriptor of a socket that is known.
    fn taken(&mut self, name: &'p Template, passed: Passed) {
        let index = self.create(name, passed.network, passed.role);
        if passed.socket != 0 {
            self.endpoints[index].socket = passed.socket;
        }
    }

    /// Endpoints of which nothing is known.
    pub(super) fn taken_somehow(&mut self, names: &'p [Template]) {
        for name in names {
            self.create(name, None, Role::Unknown);
        }
    }
}

/// Why an endpoint carries no descriptors, where that is certain.
fn no_carrier(endpoint: &Endpoint<'_>, word: &str) -> Option<(String, &'static str)> {
    let name = &endpoint.name;
    match (endpoint.network, endpoint.tls) {
        (Some(network), _) if !network.is_unix() => Some((
            format!("`{name}` is of the network `{network}`, which has no `{word}`"),
            "only Unix sockets carry descriptors: `unix`, `unixgram` and `unixpacket`",
        )),
        (_, Layer::Tls(_)) => Some((
            format!("`{name}` speaks TLS, which has no `{word}`"),
            "pass descriptors before `tls`, or over another connection",
        )),
        _ => None,
    }
}

/// Why an endpoint has no descriptor that could be used so, where that is certain.
fn no_descriptor(endpoint: &Endpoint<'_>, purpose: Use) -> Option<(String, &'static str)> {
    let (name, used) = (&endpoint.name, purpose.participle());
    let what = match (endpoint.role, endpoint.tls) {
        (Role::Address, _) => "is the address of a sender",
        (Role::Program | Role::Ended, _) => "is a program",
        (Role::File, _) => "is a file",
        (_, Layer::Tls(_)) => {
            let help = match purpose {
                Use::Pass => "pass the connection before `tls`, and upgrade it where it is taken",
                Use::Dup => "two descriptors would encrypt with the same keys: `dup` a connection without TLS",
            };
            return Some((format!("`{name}` speaks TLS, and its keys cannot be {used}"), help));
        }
        _ => return None,
    };
    let help = match purpose {
        Use::Pass => "pass an endpoint that is a socket",
        Use::Dup => "name an endpoint that is a socket",
    };
    Some((format!("`{name}` {what}, not a socket, and cannot be {used}"), help))
}

/// Whether so many come as the names say, or more where some of them are cut off.
fn comes_as_written(came: usize, names: usize, is_cut: bool) -> bool {
    if is_cut { came > names } else { came == names }
}

/// There is room for all that comes.
fn nothing_cut(span: Span, names: usize, passed: &[Passed]) -> Diagnostic {
    let count = |number: usize| if number == 1 { "1 descriptor".to_owned() } else { format!("{number} descriptors") };
    let come = if passed.len() == 1 { "comes" } else { "come" };
    let message = format!("nothing is cut off here: {} {come}, and there is room for {names}", count(passed.len()));
    let finding = Diagnostic::error("never-cut", span, message);
    match passed.first() {
        Some(first) => finding.related(first.span, "passed here").help("pass more than `takes` names"),
        None => finding.help("descriptors come with the first byte that was sent beside `pass`"),
    }
}

fn wrong_number(span: Span, names: usize, passed: &[Passed]) -> Diagnostic {
    let come = match passed.len() {
        0 => "none comes".to_owned(),
        1 => "1 comes".to_owned(),
        many => format!("{many} come"),
    };
    let wanted = if names == 1 { "1 descriptor" } else { &format!("{names} descriptors") };
    let message = format!("`takes` names {wanted}, and {come} with these bytes");
    let finding = Diagnostic::error("wrong-number", span, message);
    match passed.first() {
        Some(first) => finding.related(first.span, "passed here").help("give each of them a name, in order"),
        None => finding.help("descriptors come with the first byte that was sent beside `pass`"),
    }
}
