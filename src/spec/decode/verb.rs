//! A verb with what it takes and its modifiers.

use super::value::takes;
use super::{At, Decoder, Entry, Key, Kind, Node, Scalar, listed, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::duration;
use crate::model::name::{meant, nearest};
use crate::model::option;
use crate::source::Span;
use crate::spec::ast::{Call, Fails, Form, FormKind, Setting, Tls, Verb};
use crate::spec::words::{self, ATTRIBUTES, CONDITIONS, FAILS, FORMS, HOST, VERBS, Value, VerbWord, WAITING, find};

use super::form::Role;

impl Decoder<'_> {
    /// A verb of an endpoint.
    pub(super) fn call(&mut self, endpoint: &Key<'_>, node: &Node<'_>) -> Option<Call> {
        match &node.kind {
            Kind::Mapping(entries) => self.verb_map(endpoint, entries),
            Kind::Scalar(..) if node.is_null() => {
                let name = &endpoint.text;
                self.error(
                    Diagnostic::error("missing-verb", endpoint.span, format!("what does `{name}` do?"))
                        .label("a verb is missing")
                        .help(format!("write a verb, such as `- {name}: close` or `- {name}: {{listen: tcp}}`")),
                );
                None
            }
            // `- sleep: 1s`
            Kind::Scalar(word, _) if words::is_pause(&endpoint.text) && duration::parse(word).is_some() => {
                let message = format!("unknown step `{}`", endpoint.text);
                self.error(suggest_pause(Diagnostic::error("unknown-step", endpoint.span, message), node));
                None
            }
            Kind::Scalar(word, _) => self.bare_verb(endpoint, word, node.span),
            Kind::Sequence(_) => {
                self.error(
                    Diagnostic::error("wrong-shape", node.span, "a step has one verb, not a list of them")
                        .help(format!("write a step for each: `- {}: …`", endpoint.text)),
                );
                None
            }
            Kind::Invalid(_) => {
                self.faulty = true;
                None
            }
        }
    }

    /// A verb alone: `- client: close`.
    fn bare_verb(&mut self, endpoint: &Key<'_>, word: &str, span: Span) -> Option<Call> {
        let name = &endpoint.text;
        let Some(verb) = words::verb(word) else {
            self.no_bare_verb(name, word, span);
            return None;
        };
        if !verb.is_bare() {
            self.error(
                Diagnostic::error("missing-value", span, format!("nothing stands after `{word}`"))
                    .help(format!("`{word}` takes {}: `- {name}: {{{word}: …}}`", takes(verb.word.value))),
            );
            return None;
        }
        let (kind, verb_span) = (self.verb(verb, None, &[])?, span);
        let endpoint = endpoint.scalar();
        Some(Call {
            endpoint,
            verb: kind,
            verb_span,
            host: None,
            within: None,
            after: None,
            blocking: None,
            nonblocking: None,
            fails: None,
        })
    }

    fn no_bare_verb(&mut self, endpoint: &str, word: &str, span: Span) {
        let diagnostic = Diagnostic::error("unknown-verb", span, format!("unknown verb `{word}`"));
        let first = word.split([' ', ':']).next().unwrap_or_default();
        self.error(if find(CONDITIONS, word).is_some() {
            diagnostic.help(format!("write `- {endpoint}: {{expect: {word}}}`"))
        } else if first != word && words::verb(first).is_some() {
            let rest = word[first.len()..].trim_start_matches([' ', ':']);
            diagnostic.help(format!("write `- {endpoint}: {{{first}: {rest}}}`"))
        } else {
            suggest_verb(diagnostic, word)
        });
    }

    /// A verb with what it takes: `- client: {send: "x", within: 1s}`.
    fn verb_map(&mut self, endpoint: &Key<'_>, entries: &[Entry<'_>]) -> Option<Call> {
        let mut verbs = entries.iter().filter_map(|entry| Some((entry, words::verb(&entry.key.text)?)));
        let Some((entry, verb)) = verbs.next() else {
            self.no_verb(endpoint, entries);
            return None;
        };
        let at = At::from(&entry.key);
        if let Some((second, _)) = verbs.next() {
            let (one, two) = (at.name, &second.key.text);
            self.error(
                Diagnostic::error(
                    "second-verb",
                    second.key.span,
                    format!("a second verb in one step: `{two}` beside `{one}`"),
                )
                .related(at.span, "the first")
                .help(format!("write a step of its own: `- {}: {{{two}: …}}`", endpoint.text)),
            );
            return None;
        }
        for other in entries.iter().filter(|other| other.key.span != at.span) {
            self.modifier(at, verb, other);
        }
        let kind = self.verb(verb, Some((at, &entry.value)), entries);
        let host = if verb.creates { self.optional(entries, &HOST) } else { None };
        let [within, after, blocking, nonblocking] = WAITING else { return None };
        let mut modifier = |word| self.optional(entries, word);
        let (within, after) = (modifier(within), modifier(after));
        let (blocking, nonblocking) = (modifier(blocking), modifier(nonblocking));
        let fails = Self::entry(entries, FAILS.name).and_then(|entry| self.fails(entry));
        Some(Call {
            endpoint: endpoint.scalar(),
            verb: kind?,
            verb_span: at.span,
            host,
            within,
            after,
            blocking,
            nonblocking,
            fails,
        })
    }

    fn no_verb(&mut self, endpoint: &Key<'_>, entries: &[Entry<'_>]) {
        let name = &endpoint.text;
        let unknown = entries.iter().find(|entry| words::owners(&entry.key.text).next().is_none());
        let Some(entry) = unknown else {
            let missing = Diagnostic::error("missing-verb", endpoint.span, format!("what does `{name}` do?"));
            self.error(missing.label("a verb is missing").help(match entries.first() {
                Some(entry) => format!("`{}` is a modifier: put it beside a verb", entry.key.text),
                None => format!("write a verb, such as `- {name}: close`"),
            }));
            return;
        };
        let word = &entry.key.text;
        let diagnostic = Diagnostic::error("unknown-verb", entry.key.span, format!("unknown verb `{word}`"));
        self.error(if find(CONDITIONS, word).is_some() {
            diagnostic.help(format!("write `- {name}: {{expect: {word}}}`"))
        } else if option::find(word).is_some() {
            diagnostic.help(format!(
                "`{word}` is an option: write `- {name}: {{set: {{{word}: …}}}}`, or `expect` to ask for it"
            ))
        } else if find(ATTRIBUTES, word).is_some_and(|attribute| words::verb(attribute.name).is_none()) {
            diagnostic.help(format!("`{word}` is an attribute: write `- {name}: {{expect: {{{word}: …}}}}`"))
        } else if words::is_pause(word) {
            suggest_pause(diagnostic, &entry.value)
        } else {
            match word.split_once(':') {
                Some((verb, rest)) if words::verb(verb).is_some() => {
                    diagnostic.help(format!("write a blank after the colon: `{{{verb}: {rest}}}`"))
                }
                _ => suggest_verb(diagnostic, word),
            }
        });
    }

    /// A key beside a verb: one of its modifiers, or a mistake.
    fn modifier(&mut self, verb: At<'_>, word: &VerbWord, entry: &Entry<'_>) {
        let at = At::from(&entry.key);
        match word.modifier(at.name) {
            Some(_) => {}
            None if entry.value.span.start == entry.value.span.end => self.stray_comma(verb, word, at),
            None => self.unknown_modifier(verb, word, at, &entry.value),
        }
    }

    /// `{send: hello, world}`
    fn stray_comma(&mut self, verb: At<'_>, word: &VerbWord, at: At<'_>) {
        let message = format!("`{}` has no modifier `{}`", verb.name, at.name);
        let diagnostic = Diagnostic::error("unknown-modifier", at.span, message)
            .help("quote the whole text where the comma belongs to it");
        self.error(match nearest(at.name, modifiers(word)) {
            Some(near) => diagnostic.help(format!("write `{near}: …` where the modifier is meant")),
            None => diagnostic,
        });
    }

    fn unknown_modifier(&mut self, verb: At<'_>, word: &VerbWord, at: At<'_>, value: &Node<'_>) {
        let message = format!("`{}` has no modifier `{}`", verb.name, at.name);
        let diagnostic = Diagnostic::error("unknown-modifier", at.span, message);
        let owners: Vec<&str> = words::owners(at.name).collect();
        let beside_form = FORMS.iter().find(|form| find(form.beside, at.name).is_some());
        self.error(if !owners.is_empty() {
            diagnostic.help(format!("`{}` is a modifier of {}", at.name, listed(owners.into_iter())))
        } else if let Some(form) = beside_form {
            diagnostic.help(format!("`{}` stands inside of the braces, beside `{}`", at.name, form.word.name))
        } else if words::is_pause(at.name) {
            suggest_pause(diagnostic, value)
        } else if let Some(flags) = flags(at, value, word) {
            diagnostic.help(format!("write `{flags}`"))
        } else if let Some(near) = nearest(at.name, modifiers(word)) {
            diagnostic.help(format!("did you mean `{near}`?"))
        } else if let Some(near) = nearest(at.name, verbs()) {
            diagnostic.help(format!("if this is the verb `{near}`, write a step of its own"))
        } else {
            suggest(diagnostic, at.name, modifiers(word))
        });
    }

    /// The verb itself. `own` is its key and what stands after it; none where it is written bare.
    fn verb(&mut self, word: &VerbWord, own: Option<(At<'_>, &Node<'_>)>, entries: &[Entry<'_>]) -> Option<Verb> {
        let name = word.word.name;
        let Some((at, node)) = own else {
            return match name {
                "close" => Some(Verb::Close { notify: None }),
                "reset" => Some(Verb::Reset),
                "disconnect" => Some(Verb::Disconnect),
                _ => Some(Verb::Listen { address: None, backlog: None }),
            };
        };
        match name {
            "close" => {
                self.nothing(at, node);
                Some(Verb::Close { notify: self.optional(entries, &word.modifiers[0]) })
            }
            "reset" => {
                self.nothing(at, node);
                Some(Verb::Reset)
            }
            "disconnect" => {
                self.nothing(at, node);
                Some(Verb::Disconnect)
            }
            "send" => self.send(at, node, word, entries),
            "recv" => self.recv(at, node, word, entries),
            "read" => self.read(at, node, word, entries),
            "expect" => self.expect(at, node, word, entries),
            "set" => self.set(at, node),
            "tls" => self.tls(at, node, word, entries),
            "listen" => self.listen(at, node, word, entries),
            "run" => self.run(at, node, word, entries),
            "socket" => {
                let network = self.scalar(at, node, takes(word.word.value));
                let [domain, kind, protocol] = word.modifiers else { return None };
                let triple = [domain, kind, protocol].map(|part| self.optional(entries, part));
                Some(Verb::Socket { network: network?, triple })
            }
            _ => {
                let value = self.scalar(at, node, takes(word.word.value));
                let first = word.modifiers.first().and_then(|modifier| self.optional(entries, modifier));
                let value = value?;
                Some(match name {
                    "bind" => Verb::Bind { address: value },
                    "accept" => Verb::Accept { listener: value, from: first },
                    "connect" => Verb::Connect { to: value, from: first },
                    "pair" => Verb::Pair { other: value, network: first },
                    "dup" => Verb::Dup { of: value },
                    "open" => Verb::Open { path: value },
                    "signal" => Verb::Signal { signal: value },
                    _ => Verb::Shutdown { how: value, notify: first },
                })
            }
        }
    }

    fn listen(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let backlog = self.optional(entries, &word.modifiers[0]);
        let bare = node.is_null() || matches!(&node.kind, Kind::Scalar(text, _) if text == "true");
        let address = if bare { None } else { Some(self.scalar(at, node, takes(word.word.value))?) };
        Some(Verb::Listen { address, backlog })
    }

    fn send(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let payload = self.form(at, node, Role::Payload);
        let [to, urgent, more, pass, raises, nosignal] = word.modifiers else { return None };
        let (to, urgent, more) =
            (self.optional(entries, to), self.optional(entries, urgent), self.optional(entries, more));
        let (pass, raises) = (self.list(entries, pass)?, self.optional(entries, raises));
        let nosignal = self.optional(entries, nosignal);
        Some(Verb::Send { payload: payload?, to, urgent, more, pass, raises, nosignal })
    }

    fn recv(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let pattern = self.form(at, node, Role::Pattern);
        let [from, sender, peek, urgent, takes, beside @ ..] = word.modifiers else { return None };
        let (from, sender) = (self.optional(entries, from), self.optional(entries, sender));
        let (peek, urgent) = (self.optional(entries, peek), self.optional(entries, urgent));
        let (takes, beside) = (self.list(entries, takes), self.beside(beside, entries));
        let (mut pattern, takes, beside) = (pattern?, takes?, Box::new(beside?));
        self.companions(&mut pattern, entries);
        Some(Verb::Recv { pattern, from, sender, peek, urgent, takes, beside })
    }

    fn read(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let size = self.scalar(at, node, takes(word.word.value));
        let [_, truncated, waitall, discard, companions @ ..] = word.modifiers else { return None };
        let truncated = self.optional(entries, truncated);
        let (waitall, discard) = (self.optional(entries, waitall), self.optional(entries, discard));
        let is = match Self::entry(entries, "is") {
            Some(entry) => Some(self.form(At::from(&entry.key), &entry.value, Role::Pattern)?),
            // `{read: 100, as: x}`: all that came, whatever it is.
            None if companions.iter().any(|word| Self::entry(entries, word.name).is_some()) => {
                let kind = FormKind::Rest { end: Vec::new() };
                Some(Form { span: at.span, kind, matching: None, capture: None, vary: None, max: None })
            }
            None => None,
        };
        let is = is.map(|mut is| {
            self.companions(&mut is, entries);
            is
        });
        Some(Verb::Read { size: size?, is, truncated, waitall, discard })
    }

    fn tls(&mut self, at: At<'_>, node: &Node<'_>, word: &VerbWord, entries: &[Entry<'_>]) -> Option<Verb> {
        let side = self.scalar(at, node, "`server` or `client`");
        let [cert, key, sni, alpn, verify, version] = word.modifiers else { return None };
        let (cert, key, sni) = (self.optional(entries, cert), self.optional(entries, key), self.optional(entries, sni));
        let (verify, version) = (self.optional(entries, verify), self.optional(entries, version));
        let alpn = match Self::entry(entries, alpn.name) {
            Some(entry) => self.one_or_list(At::from(&entry.key), &entry.value, takes(alpn.value))?,
            None => Vec::new(),
        };
        Some(Verb::Tls(Box::new(Tls { side: side?, cert, key, sni, alpn, verify, version })))
    }

    fn set(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Verb> {
        let entries = self.map(at, node, takes(Value::Options))?;
        if entries.is_empty() {
            self.wrong_shape(at, node, takes(Value::Options));
            return None;
        }
        let mut option = |entry: &Entry<'_>| {
            let at = At::from(&entry.key);
            let value = match &entry.value.kind {
                Kind::Mapping(entries) => match entries.as_slice() {
                    [hex] if hex.key.text == "hex" => {
                        Setting::Hex(self.scalar(At::from(&hex.key), &hex.value, "hex digits")?)
                    }
                    _ => {
                        self.wrong_shape(at, &entry.value, SETTING);
                        return None;
                    }
                },
                _ => Setting::Value(self.scalar(at, &entry.value, SETTING)?),
            };
            Some((entry.key.scalar(), value))
        };
        let options: Vec<_> = entries.iter().filter_map(&mut option).collect();
        Some(Verb::Set { options })
    }

    fn fails(&mut self, entry: &Entry<'_>) -> Option<Fails> {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Kind::Mapping(entries) = &node.kind else {
            return self.one_or_list(at, node, takes(FAILS.value)).map(Fails::Any);
        };
        let mut platform = |entry: &Entry<'_>| -> Option<(Scalar, Vec<Scalar>)> {
            let errors = self.one_or_list(At::from(&entry.key), &entry.value, "an errno name, or a list of them")?;
            Some((entry.key.scalar(), errors))
        };
        Some(Fails::ByPlatform(entries.iter().filter_map(&mut platform).collect()))
    }
}

/// What an option takes.
const SETTING: &str = "the option's value, or its bytes as `{hex: \"01\"}`";

/// The modifiers for the flags of a call: `flags: MSG_OOB`.
fn flags(at: At<'_>, value: &Node<'_>, word: &VerbWord) -> Option<String> {
    let Kind::Scalar(flags, _) = &value.kind else { return None };
    let flags = flags.split('|').map(|flag| Some(format!("{}: true", meant(flag.trim(), modifiers(word))?)));
    let flags = if at.name == "flags" { flags.collect::<Option<Vec<_>>>()? } else { return None };
    Some(flags.join(", "))
}

/// A pause is a step of its own; `value` is how long, as far as that can be read.
fn suggest_pause(diagnostic: Diagnostic, value: &Node<'_>) -> Diagnostic {
    let time = match &value.kind {
        Kind::Scalar(text, _) if duration::parse(text).is_some() => text,
        _ => "100ms",
    };
    diagnostic.help(format!(
        "did you mean the step `- pause: {time}`? An `expect` is nearly always better: it waits for what must happen, and no longer"
    ))
}

/// "Did you mean", also a verb that is not supported yet; the list has only those that are.
fn suggest_verb(diagnostic: Diagnostic, word: &str) -> Diagnostic {
    match nearest(word, verbs()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("the verbs are {}", listed(names(VERBS.iter().map(|verb| &verb.word))))),
    }
}

fn verbs() -> impl Iterator<Item = &'static str> + Clone {
    VERBS.iter().map(|verb| verb.word.name)
}

fn modifiers(word: &VerbWord) -> impl Iterator<Item = &'static str> + Clone {
    word.modifiers().map(|word| word.name)
}
