//! Endpoints and addresses: where a socket is bound or connected to.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::address::{Address, UnixName};
use crate::model::name::{is_name, nearest};
use crate::model::network::Network;
use crate::plan::Target;
use crate::plan::template::{Part, Piece, Template};
use crate::source::Span;
use crate::spec::ast::Scalar;

use super::Builder;
use super::scope::{Content, Type};
use super::text::Text;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A socket is bound to it: a network alone is a free port.
    Bind,
    /// Something is sent to it, or connected to it: it needs a port or a name.
    Reach,
    /// It is compared.
    Compare,
}

/// A target with how a trace shows it.
pub(super) struct Shown {
    pub target: Target,
    pub words: String,
}

impl Builder<'_> {
    /// The name of an endpoint; the counters of `repeat` may stand in it.
    pub(super) fn endpoint_name(&mut self, scalar: &Scalar) -> Option<Template> {
        let name = self.name_here(scalar)?;
        Some(self.scope.outside.endpoint(name))
    }

    /// The name of an endpoint, as it is called in the file that the name stands in.
    fn name_here(&mut self, scalar: &Scalar) -> Option<Template> {
        if is_name(&scalar.text) {
            return self.check_name(&scalar.text, scalar.span).then(|| Template::literal(&scalar.text, scalar.span));
        }
        match self.text(scalar)? {
            Text::Known(name) => self.check_name(&name, scalar.span).then(|| Template::literal(name, scalar.span)),
            Text::Open(template) => self.check_computed_name(&template).then_some(template),
        }
    }

    fn check_computed_name(&mut self, template: &Template) -> bool {
        for (index, piece) in template.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(text) => {
                    // As part of a name: a digit may stand anywhere but at its beginning.
                    let whole = if index == 0 { Cow::Borrowed(text.as_str()) } else { Cow::Owned(format!("_{text}")) };
                    if !is_name(&whole) {
                        let message = format!("`{text}` cannot stand in a name");
                        self.report(
                            Diagnostic::error("bad-name", template.span, message)
                                .help("a name begins with a letter or `_`, then letters, digits, `_` and `-`"),
                        );
                        return false;
                    }
                }
                Piece::Hidden { .. } => {}
                Piece::Bytes(_) => {
                    let message = format!("`{}` cannot stand in a name", piece.shown());
                    self.report(
                        Diagnostic::error("bad-name", template.span, message)
                            .help("a name begins with a letter or `_`, then letters, digits, `_` and `-`"),
                    );
                    return false;
                }
                Piece::Variable { name, part } => {
                    let counter = part.is_none()
                        && self
                            .scope
                            .variable(name)
                            .is_none_or(|variable| matches!(variable.content, Content::Counter));
                    if !counter {
                        let message = format!("`{name}` cannot stand in the name of an endpoint");
                        self.report(
                            Diagnostic::error("bad-name", template.span, message)
                                .help("only the counter of a `repeat` can, and what `vars` and `matrix` declare"),
                        );
                        return false;
                    }
                }
            }
        }
        true
    }

    /// An endpoint or an address.
    pub(super) fn target(&mut self, scalar: &Scalar, purpose: Purpose) -> Option<Shown> {
        let text = self.text(scalar)?;
        let words = text.shown().into_owned();
        let target = match text {
            Text::Known(text) => self.known_target(&text, scalar, purpose)?,
            Text::Open(template) => match template.known() {
                Some(text) => self.known_target(&text, scalar, purpose)?,
                None => self.computed_target(template, purpose)?,
            },
        };
        let words = match &target {
            // What it is called outside of the file that names it.
            Target::Endpoint(name) if !self.scope.outside.is_of_spec() => name.shown(),
            _ => words,
        };
        Some(Shown { target, words })
    }

    fn known_target(&mut self, text: &str, scalar: &Scalar, purpose: Purpose) -> Option<Target> {
        let network = Network::parse(text);
        if is_name(text) && self.means_endpoint(text, network, purpose) {
            return Some(Target::Endpoint(self.scope.outside.endpoint(Template::literal(text, scalar.span))));
        }
        let address = match Address::parse(text) {
            Ok(Address::Unix { network, name: UnixName::Autobind }) if purpose != Purpose::Bind => {
                let message = format!("`{network}:@` has no name, and cannot be reached");
                self.report(
                    Diagnostic::error("incomplete-address", scalar.span, message)
                        .help("the kernel chooses a name where it is bound: write the name of that endpoint"),
                );
                return None;
            }
            Ok(address) => address,
            Err(reason) => {
                self.bad_address(text, &reason, scalar.span, purpose);
                return None;
            }
        };
        if let (Purpose::Reach, Address::Any(network)) = (purpose, &address) {
            let example = if network.is_unix() {
                format!("{network}:NAME")
            } else if network.is_v6() {
                format!("{network}://[::1]:PORT")
            } else {
                format!("{network}://127.0.0.1:PORT")
            };
            let message = format!("`{network}` alone is not an address that can be reached");
            self.report(
                Diagnostic::error("incomplete-address", scalar.span, message)
                    .help(format!("write the name of an endpoint, or `{example}`")),
            );
            return None;
        }
        self.check_local(&address, text, scalar, purpose).then_some(Target::Address(address))
    }

    fn means_endpoint(&self, text: &str, network: Option<Network>, purpose: Purpose) -> bool {
        let known = self.scope.endpoint(text).is_some();
        match purpose {
            Purpose::Bind => network.is_none() && (known || self.is_doubtful(text)),
            Purpose::Reach | Purpose::Compare => network.is_none() || known,
        }
    }

    fn bad_address(&mut self, text: &str, reason: &str, span: Span, purpose: Purpose) {
        let word = text.split(':').next().unwrap_or_default();
        let networks = Network::ALL.into_iter().map(Network::name);
        if Network::parse(word).is_none() && is_name(word) {
            let place = Span::new(span.start as usize, span.end as usize);
            let place = self.word_in(place, word);
            let finding = Diagnostic::error("unknown-network", place, format!("unknown network `{word}`"));
            let finding = match nearest(word, networks.clone()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None if word == "localhost" => finding.help("names are not looked up: write `tcp://127.0.0.1:PORT`"),
                None => {
                    let all: Vec<String> = networks.map(|name| format!("`{name}`")).collect();
                    finding.help(format!("the networks are {}", all.join(", ")))
                }
            };
            self.report(finding);
            return;
        }
        let finding = Diagnostic::error("bad-address", span, format!("`{text}` is not an address: {reason}"));
        if let Some(meant) = with_variable(text) {
            self.report(finding.help(format!("did you mean `{meant}`?")));
            return;
        }
        let network = if text.starts_with('[') { "tcp6" } else { "tcp" };
        if Address::parse(&format!("{network}://{text}")).is_ok() {
            self.report(finding.help(format!("write its network before it: `{network}://{text}`")));
            return;
        }
        let help = match purpose {
            Purpose::Bind => "write a network alone, such as `tcp`, for a free port, or `tcp://127.0.0.1:8080`",
            Purpose::Reach | Purpose::Compare => "write the name of an endpoint, or an address: `tcp://127.0.0.1:8080`",
        };
        self.report(finding.help(help));
    }

    fn check_local(&mut self, address: &Address, text: &str, scalar: &Scalar, purpose: Purpose) -> bool {
        let isolated = self.network.topology.is_some() || self.network.in_doubt;
        if self.allow_net || isolated || purpose == Purpose::Compare || address.is_local() {
            return true;
        }
        let host = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let span = self.word_in(scalar.span, host);
        self.report(
            Diagnostic::error("not-loopback", span, format!("`{host}` is outside the loopback range"))
                .help("write an address in 127.0.0.0/8 or [::1]; `--allow-net` allows others")
                .help("nothing leaves a network of the spec's own: with `network: isolated`, every address is allowed"),
        );
        false
    }

    /// The place of a word inside a scalar; the scalar's own where it is not found.
    pub(super) fn word_in(&self, span: Span, word: &str) -> Span {
        match self.source.slice(span).find(word) {
            Some(at) => Span::new(span.start as usize + at, span.start as usize + at + word.len()),
            None => span,
        }
    }

    /// The place of the last such word in a stretch of the spec; its end where there is none.
    pub(super) fn word_before(&self, span: Span, word: &str) -> Span {
        match self.source.slice(span).rfind(word) {
            Some(at) => Span::new(span.start as usize + at, span.start as usize + at + word.len()),
            None => Span::new(span.end as usize, span.end as usize),
        }
    }

    fn computed_target(&mut self, template: Template, purpose: Purpose) -> Option<Target> {
        let literal = |piece: &Piece| match piece {
            Piece::Literal(text) | Piece::Hidden { text, .. } => text.contains(':'),
            Piece::Bytes(_) | Piece::Variable { .. } => false,
        };
        if template.pieces.iter().any(literal) {
            return self.check_computed(&template, purpose).then_some(Target::Computed(template));
        }
        let names_endpoint = template.pieces.iter().all(|piece| match piece {
            Piece::Variable { name, part } => {
                let variable = self.scope.variable(name);
                part.is_none() && variable.is_some_and(|variable| matches!(variable.content, Content::Counter))
            }
            _ => true,
        });
        if names_endpoint {
            let sound = self.check_computed_name(&template);
            return sound.then(|| Target::Endpoint(self.scope.outside.endpoint(template)));
        }
        Some(Target::Computed(template))
    }

    /// Reads the address with stand-ins for what is not known yet. Messages show it without them.
    fn check_computed(&mut self, template: &Template, purpose: Purpose) -> bool {
        let (mut text, mut written) = (String::new(), String::new());
        for piece in &template.pieces {
            match piece {
                Piece::Literal(literal) | Piece::Hidden { text: literal, .. } => {
                    text.push_str(literal);
                    written.push_str(literal);
                    continue;
                }
                Piece::Variable { part: Some(Part::Port), .. } => text.push('1'),
                Piece::Variable { part: None, name } => {
                    match self.scope.variable(name).map(|variable| &variable.content) {
                        Some(Content::Counter) => text.push('0'),
                        Some(Content::Given(Type::Number)) => text.push('1'),
                        _ => return true,
                    }
                }
                Piece::Bytes(_) | Piece::Variable { .. } => return true,
            }
            written.push_str(&piece.written());
        }
        let scalar = Scalar { text: String::new(), style: crate::spec::ast::Style::Plain, span: template.span };
        match Address::parse(&text) {
            Ok(address) => self.check_local(&address, &written, &scalar, purpose),
            Err(reason) => {
                self.bad_address(&written, &without_stand_ins(reason, &text, &written), template.span, purpose);
                false
            }
        }
    }
}

/// An address with `${port}` where `$port`, `{port}` or `$(port)` stands at its end.
fn with_variable(text: &str) -> Option<String> {
    let (before, port) = text.rsplit_once(':')?;
    let inside = |open: &str, close: &str| port.strip_prefix(open)?.strip_suffix(close);
    let name =
        inside("{", "}").or_else(|| inside("$(", ")")).or_else(|| inside("%{", "}")).or_else(|| inside("$", ""))?;
    is_name(name).then(|| format!("{before}:${{{name}}}"))
}

/// Why an address is none, with its host and its port as they are written.
fn without_stand_ins(reason: String, text: &str, written: &str) -> String {
    let parts = |text: &str| -> Option<[String; 2]> {
        let (_, rest) = text.split_once("://")?;
        let (host, port) = rest.rsplit_once(':')?;
        Some([format!("`{host}`"), format!("{port}`")])
    };
    let (Some(stood), Some(written)) = (parts(text), parts(written)) else { return reason };
    stood.iter().zip(&written).fold(reason, |reason, (stood, written)| reason.replace(stood, written))
}

#[cfg(test)]
mod tests {
    use super::with_variable;

    #[test]
    fn a_variable_that_is_written_otherwise_is_understood() {
        for port in ["$port", "{port}", "$(port)"] {
            let meant = with_variable(&format!("tcp://127.0.0.1:{port}"));
            assert_eq!(meant.as_deref(), Some("tcp://127.0.0.1:${port}"), "{port}");
        }
        for port in ["80", "port", "{}", "$", "{80}"] {
            assert_eq!(with_variable(&format!("tcp://127.0.0.1:{port}")), None, "{port}");
        }
    }
}
