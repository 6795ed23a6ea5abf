//! What stands after a word, where that is a scalar or a list of scalars.

use super::{At, Decoder, Kind, Node, Scalar, listed, scalar_of, shape};
use crate::diagnostic::Diagnostic;
use crate::spec::ast::Style;
use crate::spec::document::Entry;
use crate::spec::words::{Value, Word};

impl Decoder<'_> {
    /// A scalar that is not empty-handed; `what` says what is wanted.
    pub(super) fn scalar(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Scalar> {
        if node.is_invalid() {
            self.faulty = true;
            return None;
        }
        let scalar = scalar_of(node).filter(|_| !node.is_null());
        if scalar.is_none() {
            self.wrong_shape(at, node, what);
        }
        scalar
    }

    /// Reports that what stands after a word is not what it takes.
    pub(super) fn wrong_shape(&mut self, at: At<'_>, node: &Node<'_>, what: &str) {
        if node.is_invalid() {
            self.faulty = true;
            return;
        }
        let name = at.name;
        self.error(if node.span.start == node.span.end || node.is_null() {
            Diagnostic::error("missing-value", at.span, format!("nothing stands after `{name}`"))
                .help(format!("`{name}` takes {what}"))
        } else {
            let message = format!("`{name}` takes {what}, not {}", shape(node));
            let diagnostic = Diagnostic::error("wrong-shape", node.span, message);
            let written = self.source.slice(node.span);
            match node.kind {
                Kind::Scalar(..) if what.starts_with("a list") => diagnostic.help(format!("write `[{written}]`")),
                Kind::Sequence(_) | Kind::Mapping(_) if what.contains("text") && written.starts_with(['{', '[']) => {
                    diagnostic.help("quote it where it is text")
                }
                _ => diagnostic.help(format!("write `{name}: …` with {what}")),
            }
        });
    }

    /// The scalar of the entry of that name, if there is one. The word says what it takes.
    pub(super) fn optional(&mut self, entries: &[Entry<'_>], word: &Word) -> Option<Scalar> {
        let entry = Self::entry(entries, word.name)?;
        let at = At::from(&entry.key);
        match word.value {
            Value::OneOf(words) => {
                let what = format!("one of {}", listed(words.iter().copied()));
                self.scalar(at, &entry.value, &what)
            }
            value => self.scalar(at, &entry.value, takes(value)),
        }
    }

    /// A scalar, or a list of scalars.
    pub(super) fn one_or_list(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Vec<Scalar>> {
        match &node.kind {
            Kind::Sequence(_) => self.scalars(at, node, what),
            _ => self.scalar(at, node, what).map(|scalar| vec![scalar]),
        }
    }

    /// The list of the entry of that name; an empty one where there is none.
    pub(super) fn list(&mut self, entries: &[Entry<'_>], word: &Word) -> Option<Vec<Scalar>> {
        match Self::entry(entries, word.name) {
            Some(entry) => self.scalars(At::from(&entry.key), &entry.value, takes(word.value)),
            None => Some(Vec::new()),
        }
    }

    /// A list of scalars.
    pub(super) fn scalars(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Vec<Scalar>> {
        let Kind::Sequence(nodes) = &node.kind else {
            self.wrong_shape(at, node, what);
            return None;
        };
        if nodes.is_empty() {
            self.error(
                Diagnostic::error("empty-list", node.span, format!("the list of `{}` is empty", at.name))
                    .help("leave the key out, or put something into the list"),
            );
            return None;
        }
        let entry = At { name: at.name, span: node.span };
        let one = |node: &Node<'_>| match &node.kind {
            Kind::Sequence(_) => {
                let message = format!("a list stands in the list of `{}`", at.name);
                let finding = Diagnostic::error("wrong-shape", node.span, message);
                self.error(finding.help("write what is in it without its brackets, or quote it where it is text"));
                None
            }
            _ => self.scalar(entry, node, "a list of texts"),
        };
        Some(nodes.iter().filter_map(one).collect())
    }

    /// A map of names to something, entry by entry.
    pub(super) fn map<'n, 'a>(&mut self, at: At<'_>, node: &'n Node<'a>, what: &str) -> Option<&'n [Entry<'a>]> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_shape(at, node, what);
            return None;
        };
        Some(entries)
    }

    /// `true`, after a word that takes nothing: `{close: true}`.
    pub(super) fn nothing(&mut self, at: At<'_>, node: &Node<'_>) {
        let is_true = matches!(&node.kind, Kind::Scalar(text, Style::Plain) if text == "true");
        if is_true || node.is_null() {
            return;
        }
        if node.is_invalid() {
            self.faulty = true;
            return;
        }
        let name = at.name;
        self.error(
            Diagnostic::error("wrong-shape", node.span, format!("`{name}` takes nothing"))
                .help(format!("write `{name}: true` where something stands beside it")),
        );
    }
}

/// What stands after a word, in words.
pub(super) fn takes(value: Value) -> &'static str {
    match value {
        Value::Nothing | Value::True => "`true`",
        Value::Flag => "`true` or `false`",
        Value::Text => "a text",
        Value::Texts => "a list of texts",
        Value::TextOrTexts => "a text, or a list of texts",
        Value::Ids => "a word or a number, or a list of them",
        Value::Sections => "a list of sections, such as `{title: …, lines: …}`",
        Value::Lines => "a map of ids to lines, such as `{31: \"…\"}`",
        Value::Notes => "a list of notes, such as `{platform: macOS, text: …}`",
        Value::FileOrFlag => "`true`, `false` or a file",
        Value::TlsVersion => "a version, such as `\"1.3\"`",
        Value::Agreed => "a map of what was agreed, such as `{version: \"1.3\", alpn: h2}`",
        Value::Values | Value::Variables => "a map of names to values",
        Value::Matrix => "a map of names to lists of values",
        Value::Duration => "a duration with its unit, such as `500ms`",
        Value::Number | Value::NumberOrAny => "a number",
        Value::Size => "a number of bytes, such as `12` or `64KiB`",
        Value::Name => "a name",
        Value::Files => "a map of names to what is in them, such as `{server.conf: \"port ${port}\"}`",
        Value::Mode => "a mode in octal digits, such as `0600`",
        Value::Names => "a list of names, such as `[http, admin]`",
        Value::Endpoint => "the name of an endpoint",
        Value::Endpoints => "a list of endpoints, such as `[conn]`",
        Value::Address | Value::AddressOrNothing => "an address, such as `tcp`",
        Value::Target => "an endpoint or an address",
        Value::Destination => "an endpoint or an IP address, such as `127.0.0.1`",
        Value::Credentials => "`self`, or the name of a program",
        Value::QueuedError => "a map of what the error is, such as `{errno: ECONNREFUSED, origin: icmp}`",
        Value::SizeOrFlag => "`true`, `false`, or how many bytes the datagram had",
        Value::Network => "a network, such as `tcp`",
        Value::Constant(_) => "the name of a constant, or a number",
        Value::OneOf(_) => "a word",
        Value::SomeOf(_) => "a word or a list of words",
        Value::Errno => "an errno name, such as `ECONNREFUSED`",
        Value::Errors => "an errno name such as `ECONNREFUSED`, a list, or a map by platform",
        Value::Options => "a map of options, such as `{TCP_NODELAY: true}`",
        Value::Expectation => "a condition such as `eof`, a list of conditions, or a map of attributes",
        Value::Payload => "a payload, such as `\"text\"` or `{hex: \"00 ff\"}`",
        Value::Pattern => "a pattern, such as `\"text\"` or `{bytes: 12}`",
        Value::Patterns => "a list of patterns",
        Value::Delimiter => "a payload, or `{match: REGEX}`",
        Value::Regex => "a regular expression",
        Value::Expression => "an expression",
        Value::Expressions => "a map of names to expressions, such as `{n: \"m + 1\"}`",
        Value::Topology => "`host`, `isolated`, or a map of what it has, such as `{hosts: {a: 10.0.0.1, b: 10.0.0.2}}`",
        Value::Addresses => "a list of IP addresses",
        Value::Hosts => "a map of hosts to their addresses, such as `{a: 10.0.0.1, b: 10.0.0.2}`",
        Value::Routes => "a map of destinations to the kinds of their routes, such as `{192.0.2.0/24: unreachable}`",
        Value::Perturb => "a map of what the spec does not stand, such as `{segments: false}`",
        Value::Host => "the name of a host",
        Value::Links => "a map of hosts to the states of their links, such as `{a: down}`",
        Value::Arguments => "a list of the program and its arguments, such as `[cat, \"-u\"]`",
        Value::Ready => {
            "`{stdout: REGEX}`, `{stderr: REGEX}`, `{steps: […]}`, or an address that must accept a connection"
        }
        Value::Signal => "the name of a signal, such as `TERM`",
        Value::Statuses => "a number or a signal, such as `0` or `SIGTERM`, or a list of them",
        Value::Times => "a number, or a list of rows such as `[{request: \"a\", reply: \"b\"}]`",
        Value::Steps => "a list of steps",
        Value::Lanes => "a map of lanes to their steps",
    }
}
