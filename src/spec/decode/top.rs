//! The keys of a spec.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, Scalar, Spec, names, suggest};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::spec::document::Key;
use crate::spec::words::{INCLUDED, REQUIREMENTS, TOP_LEVEL, VARIABLE_KEYS, Value, find};

/// How many names `vars` or `matrix` may have.
const MAX_NAMES: usize = 1000;

/// How many ports a spec may have: each is kept from everybody else on the machine.
const MAX_PORTS: usize = 100;

impl Decoder<'_> {
    /// The whole file.
    pub(super) fn top(&mut self, root: Option<&Node<'_>>) -> Spec {
        let mut spec = Spec::default();
        let Some(root) = root.filter(|root| !root.is_null()) else {
            self.empty_file();
            return spec;
        };
        let Kind::Mapping(entries) = &root.kind else {
            self.no_map(root);
            return spec;
        };
        for entry in entries {
            self.key(&mut spec, entry);
        }
        self.missing_keys(entries, root.span);
        spec
    }

    fn empty_file(&mut self) {
        if !self.incomplete {
            self.error(
                Diagnostic::error("empty-spec", Span::default(), "there is no spec in this file")
                    .help("a spec has at least `about` and `steps`"),
            );
        }
        self.incomplete = true;
    }

    fn no_map(&mut self, root: &Node<'_>) {
        self.incomplete = true;
        if root.is_invalid() || !self.earlier.is_empty() {
            return;
        }
        let start = root.span.start as usize;
        let line = self.source.slice(root.span).lines().next().unwrap_or_default().trim_end().len();
        let diagnostic = Diagnostic::error(
            "wrong-shape",
            Span::new(start, start + line),
            format!("a spec is a map with `about` and `steps`, not {}", super::shape(root)),
        );
        self.error(match root.kind {
            Kind::Sequence(_) => diagnostic.help("put the list under `steps:`"),
            _ => diagnostic.help("begin with `about: …` on a line of its own, then `steps:`"),
        });
    }

    fn key(&mut self, spec: &mut Spec, entry: &Entry<'_>) {
        let (at, node) = (At::from(&entry.key), &entry.value);
        let Some(word) = find(TOP_LEVEL, at.name) else {
            self.unknown_key(at);
            self.incomplete = true;
            return;
        };
        let what = takes(word.value);
        match word.name {
            "about" => spec.about = self.about(at, node, what),
            "timeout" => spec.timeout = self.scalar(at, node, what),
            "snapshot" => spec.snapshot = self.one_of(at, node, word.value),
            "refs" => spec.refs = self.scalars(at, node, what).unwrap_or_default(),
            "id" => spec.ids = self.ids(at, node, what),
            "tags" => spec.tags = self.scalars(at, node, what).unwrap_or_default(),
            "requires" => spec.requires = self.requires(at, node),
            "vars" => self.variables(spec, at, node),
            "matrix" => spec.matrix = self.matrix(at, node),
            "ports" => spec.ports = self.ports(at, node),
            "files" => spec.files = self.files(at, node),
            "network" => spec.network = Some(self.network(at, node)),
            "perturb" => spec.perturb = self.perturb(entry),
            "wire" => spec.wire = self.scalar(at, node, what),
            _ => spec.steps = self.steps(at, node),
        }
    }

    /// A word of a fixed list that no variable can stand for.
    fn one_of(&mut self, at: At<'_>, node: &Node<'_>, value: Value) -> Option<Scalar> {
        let scalar = self.scalar(at, node, takes(value))?;
        let Value::OneOf(known) = value else { return Some(scalar) };
        if known.contains(&scalar.text.as_str()) {
            return Some(scalar);
        }
        let message = format!("`{}` is no value of `{}`", scalar.text, at.name);
        self.error(suggest(
            Diagnostic::error("unknown-word", scalar.span, message),
            &scalar.text,
            known.iter().copied(),
        ));
        None
    }

    fn requires(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Scalar> {
        let mut requirements = self.scalars(at, node, takes(Value::Texts)).unwrap_or_default();
        requirements.retain(|requirement| {
            let text = requirement.text.as_str();
            let known =
                REQUIREMENTS.contains(&text) || text.strip_prefix("command:").is_some_and(|name| !name.is_empty());
            if !known {
                let message = format!("unknown requirement `{text}`");
                let diagnostic = Diagnostic::error("unknown-word", requirement.span, message);
                let all = REQUIREMENTS.iter().copied().chain(["command:NAME"]);
                self.error(suggest(diagnostic, text, all));
            }
            known
        });
        requirements
    }

    fn ports(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Scalar> {
        let ports = self.scalars(at, node, takes(Value::Names));
        self.incomplete |= ports.is_none();
        let mut ports = ports.unwrap_or_default();
        if let Some(one_more) = ports.get(MAX_PORTS) {
            let message = format!("a spec has at most {MAX_PORTS} ports, and this is one more");
            self.error(Diagnostic::error("too-many", one_more.span, message).help("leave some out"));
            self.incomplete = true;
            ports.truncate(MAX_PORTS);
        }
        ports
    }

    /// The variables of a spec: values, or maps that say that they vary.
    fn variables(&mut self, spec: &mut Spec, at: At<'_>, node: &Node<'_>) {
        let Some(entries) = self.named(at, node, Value::Variables) else { return };
        for entry in entries {
            let value = match &entry.value.kind {
                Kind::Mapping(keys) => self.variable(spec, &entry.key, keys),
                _ => self.value_of(entry),
            };
            spec.vars.extend(value.map(|value| (entry.key.scalar(), value)));
        }
    }

    fn variable(&mut self, spec: &mut Spec, name: &Key<'_>, keys: &[Entry<'_>]) -> Option<Scalar> {
        let mut value = None;
        for entry in keys {
            let key = At::from(&entry.key);
            match find(VARIABLE_KEYS, key.name).map(|word| word.name) {
                Some("value") => value = self.value_of(entry),
                Some(_) => {
                    let varies = self.scalar(key, &entry.value, takes(Value::True))?;
                    if varies.text == "true" {
                        spec.varying.push(name.scalar());
                    } else {
                        self.wrong_shape(key, &entry.value, takes(Value::True));
                        self.incomplete = true;
                    }
                }
                None => {
                    let finding =
                        Diagnostic::error("unknown-key", key.span, format!("a variable has no `{}`", key.name));
                    self.error(suggest(finding, key.name, names(VARIABLE_KEYS.iter())));
                    self.incomplete = true;
                }
            }
        }
        if value.is_none() {
            self.incomplete = true;
            if !keys.iter().any(|entry| At::from(&entry.key).name == "value") {
                let at = At::from(name);
                let finding = Diagnostic::error("missing-key", at.span, format!("what is the value of `{}`?", at.name));
                self.error(finding.help(format!("write `{}: {{value: …, vary: true}}`", at.name)));
            }
        }
        value
    }

    /// The value of a variable. What YAML would make a number of is judged with the values.
    fn value_of(&mut self, entry: &Entry<'_>) -> Option<Scalar> {
        if matches!(entry.value.kind, Kind::Scalar(..)) && entry.value.span.start < entry.value.span.end {
            return super::scalar_of(&entry.value);
        }
        self.wrong_shape(At::from(&entry.key), &entry.value, "a text, a number or a boolean");
        self.incomplete = true;
        None
    }

    pub(super) fn vars(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<(Scalar, Scalar)> {
        let Some(entries) = self.named(at, node, Value::Values) else { return Vec::new() };
        let mut vars = Vec::with_capacity(entries.len());
        for entry in entries {
            vars.extend(self.value_of(entry).map(|value| (entry.key.scalar(), value)));
        }
        vars
    }

    fn matrix(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<(Scalar, Vec<Scalar>)> {
        let Some(entries) = self.named(at, node, Value::Matrix) else { return Vec::new() };
        let mut matrix = Vec::with_capacity(entries.len());
        for entry in entries {
            let values = match &entry.value.kind {
                Kind::Sequence(nodes)
                    if nodes.iter().all(|node| super::scalar_of(node).is_some()) && !nodes.is_empty() =>
                {
                    Some(nodes.iter().filter_map(super::scalar_of).collect())
                }
                _ => self.scalars(At::from(&entry.key), &entry.value, "a list of values, such as `[tcp4, tcp6]`"),
            };
            match values {
                Some(values) if !values.is_empty() => matrix.push((entry.key.scalar(), values)),
                _ => self.incomplete = true,
            }
        }
        matrix
    }

    /// A map whose keys are names. Without it, names are missing.
    fn named<'n, 'a>(&mut self, at: At<'_>, node: &'n Node<'a>, value: Value) -> Option<&'n [Entry<'a>]> {
        let entries = self.map(at, node, takes(value));
        self.incomplete |= entries.is_none();
        let Some(entry) = entries.and_then(|entries| entries.get(MAX_NAMES)) else { return entries };
        self.incomplete = true;
        self.error(
            Diagnostic::error(
                "too-many-names",
                entry.key.span,
                format!("`{}` has more than {MAX_NAMES} names", at.name),
            )
            .help("leave some out"),
        );
        entries.map(|entries| &entries[..MAX_NAMES])
    }

    fn unknown_key(&mut self, at: At<'_>) {
        self.error(if find(INCLUDED, at.name).is_some() {
            let message = format!("`{}` is for files that specs include, and this file is read as a spec", at.name);
            Diagnostic::error("unknown-key", at.span, message)
                .help("name a spec that includes this file, or the folder that both are in")
        } else {
            let diagnostic = Diagnostic::error("unknown-key", at.span, format!("unknown key `{}`", at.name));
            suggest(diagnostic, at.name, names(TOP_LEVEL.iter()))
        });
    }

    pub(super) fn about(&mut self, at: At<'_>, node: &Node<'_>, what: &str) -> Option<Scalar> {
        let about = self.scalar(at, node, what)?;
        if about.text.trim().is_empty() {
            self.error(
                Diagnostic::error("empty-about", about.span, "`about` says nothing")
                    .help("write what this spec shows, in one sentence"),
            );
        }
        Some(about)
    }

    fn missing_keys(&mut self, entries: &[Entry<'_>], span: Span) {
        if self.incomplete {
            return;
        }
        let first = entries.first().map_or(span, |entry| entry.key.span);
        for word in TOP_LEVEL.iter().filter(|word| word.required && Self::entry(entries, word.name).is_none()) {
            let name = word.name;
            let example = if name == "about" { "about: What this spec shows." } else { "steps:" };
            self.error(
                Diagnostic::error("missing-key", first, format!("this spec has no `{name}`"))
                    .help(format!("add `{example}`")),
            );
        }
    }
}
