//! Steps: a verb of an endpoint, or one of those without endpoint.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, broken};
use crate::diagnostic::Diagnostic;
use crate::model::name::{is_name, nearest};
use crate::source::Span;
use crate::spec::ast::{Ready, Step, StepKind, Verb};
use crate::spec::document::{self, MAX_FINDINGS};
use crate::spec::words::{self, Value};

/// How many steps may be written. What is checked between them takes time, and a spec should be read
/// by people.
const MAX_STEPS: usize = 5000;

impl Decoder<'_> {
    /// A list of steps.
    pub(super) fn steps(&mut self, at: At<'_>, node: &Node<'_>) -> Vec<Step> {
        match &node.kind {
            Kind::Sequence(nodes) if !nodes.is_empty() => {
                let mut steps = Vec::with_capacity(nodes.len());
                for node in nodes {
                    let mut step = self.step(node);
                    let tries = until_ready(&mut step);
                    steps.push(step);
                    steps.extend(tries);
                }
                steps
            }
            Kind::Sequence(_) => {
                self.error(
                    Diagnostic::error("no-steps", at.span, format!("`{}` has no steps", at.name))
                        .help("write at least one, such as `- server: {listen: tcp}`"),
                );
                Vec::new()
            }
            _ => {
                self.no_list_of_steps(at, node);
                // Steps are not read from anything else, so the names that they create are missing.
                self.incomplete = true;
                Vec::new()
            }
        }
    }

    fn no_list_of_steps(&mut self, at: At<'_>, node: &Node<'_>) {
        let Kind::Mapping(entries) = &node.kind else {
            return self.wrong_shape(at, node, takes(Value::Steps));
        };
        let first = entries.first().map_or(node.span, |entry| entry.key.span);
        self.error(
            Diagnostic::error("wrong-shape", first, format!("`{}` takes a list of steps, not a map", at.name))
                .help("begin each step with a dash: `- server: {listen: tcp}`"),
        );
    }

    /// A step. What is wrong in it is its own: the steps around it are read all the same.
    fn step(&mut self, node: &Node<'_>) -> Step {
        let outer = std::mem::take(&mut self.faulty);
        let kind = match &node.kind {
            _ if self.errors > MAX_FINDINGS || self.is_one_too_many(node) => None,
            Kind::Mapping(entries) => self.step_map(entries, node),
            _ => {
                self.no_step(node);
                None
            }
        };
        let faulty = std::mem::replace(&mut self.faulty, outer) || self.is_inside_earlier(node.span, kind.as_ref());
        match kind {
            Some(kind) => Step { span: node.span, kind, faulty },
            None => broken(node, node.span),
        }
    }

    /// Whether so many steps stand before this one that it is not read.
    fn is_one_too_many(&mut self, node: &Node<'_>) -> bool {
        self.steps += 1;
        if self.steps == MAX_STEPS + 1 {
            self.incomplete = true;
            let message = format!("a spec has at most {MAX_STEPS} steps, and this is one more");
            self.error(
                Diagnostic::error("too-many-steps", node.span, message)
                    .help("what happens again and again is written once: `- repeat: 1000`, with its `steps`"),
            );
        }
        self.steps > MAX_STEPS
    }

    /// Whether something was found in this step's YAML. A block answers for its own words only.
    fn is_inside_earlier(&self, span: Span, kind: Option<&StepKind>) -> bool {
        let is_block = matches!(
            kind,
            Some(StepKind::Parallel { .. } | StepKind::Repeat { .. } | StepKind::Retry { .. } | StepKind::Include(_))
        );
        !is_block && self.earlier.iter().any(|found| found.start >= span.start && found.end <= span.end)
    }

    fn no_step(&mut self, node: &Node<'_>) {
        if node.is_invalid() {
            return;
        }
        let text = self.source.slice(node.span).lines().next().unwrap_or_default();
        let diagnostic = |message: String| Diagnostic::error("wrong-shape", node.span, message);
        self.error(match &node.kind {
            Kind::Scalar(..) if node.is_null() => diagnostic("this step is empty".to_owned())
                .help("write an endpoint and a verb, such as `- server: {listen: tcp}`"),
            Kind::Scalar(word, _) if words::verb(word).is_some() => {
                diagnostic(format!("`{word}` of which endpoint?")).help(format!("write `- NAME: {word}`"))
            }
            Kind::Scalar(word, _) => match word.split_once(':') {
                Some((name, rest)) if is_name(name) => diagnostic(format!("`{text}` is one word to YAML"))
                    .help(format!("write a blank after the colon: `{name}: {rest}`")),
                _ => diagnostic(format!("`{text}` is no step"))
                    .help("a step is an endpoint with a verb: `- client: {send: \"x\"}`"),
            },
            _ => diagnostic("a step is a map of an endpoint to a verb, not a list".to_owned())
                .help("begin each step with a dash of its own"),
        });
    }

    fn step_map(&mut self, entries: &[Entry<'_>], node: &Node<'_>) -> Option<StepKind> {
        let Some(first) = entries.first() else {
            // What was written was reported when the map was read, unless it is `{}`.
            if self.earlier.is_empty() {
                self.error(
                    Diagnostic::error("wrong-shape", node.span, "this step is empty")
                        .help("write an endpoint and a verb, such as `- server: {listen: tcp}`"),
                );
            }
            return None;
        };
        if let Some((name, _)) = first.key.text.split_once(" {").filter(|(name, _)| is_name(name)) {
            let span = Span::new(first.key.span.start as usize, first.key.span.start as usize + name.len());
            self.error(document::missing_colon(name, span));
            return None;
        }
        let block = entries.iter().find_map(|entry| Some((entry, words::step(&entry.key.text)?)));
        if let Some((entry, word)) = block {
            // `- pause: 1s` beside an endpoint is a second step; `- repeat: 3, steps: …` is one.
            return self.block(entry, word, entries);
        }
        if words::verb(&first.key.text).is_some()
            && entries.iter().skip(1).all(|entry| words::verb(&entry.key.text).is_none())
        {
            self.no_endpoint(first);
            return None;
        }
        if let Some(second) = entries.get(1) {
            self.second_key(first, second);
            return None;
        }
        self.call(&first.key, &first.value).map(|call| StepKind::Call(Box::new(call)))
    }

    fn no_endpoint(&mut self, entry: &Entry<'_>) {
        let verb = &entry.key.text;
        let diagnostic =
            Diagnostic::error("no-endpoint", entry.key.span, format!("`{verb}` of which endpoint?")).label("a verb");
        let value = self.source.slice(entry.value.span).lines().next().unwrap_or_default();
        self.error(match &entry.value.kind {
            // `- send: {listen: tcp}`
            Kind::Mapping(inner) if inner.first().is_some_and(|inner| words::verb(&inner.key.text).is_some()) => {
                let own = &inner[0].key.text;
                let (name, braced) = (usual_name(own), value.starts_with('{'));
                let step = if braced { value.to_owned() } else { format!("{{{value}}}") };
                diagnostic.help(format!(
                    "`{verb}` and `{own}` are both verbs, and the endpoint's name comes first: `- {name}: {step}`"
                ))
            }
            // `- connect: {client: server}`
            Kind::Mapping(inner) if inner.len() == 1 && words::form(&inner[0].key.text).is_none() => {
                let (name, value) = (&inner[0].key.text, self.source.slice(inner[0].value.span));
                diagnostic.help(format!("the endpoint comes first: `- {name}: {{{verb}: {value}}}`"))
            }
            _ => diagnostic.help(format!("a step begins with the endpoint's name: `- NAME: {{{verb}: {value}}}`")),
        });
    }

    /// A step of two keys: two steps, or a verb or a modifier that is not where it belongs.
    fn second_key(&mut self, first: &Entry<'_>, second: &Entry<'_>) {
        let (one, two) = (&first.key.text, &second.key.text);
        let modifier = words::owners(two).next().map(|_| two.as_ref()).or_else(|| match &second.value.kind {
            Kind::Scalar(value, _) if words::verb(value).is_none() => nearest(two, ["within", "fails"]),
            _ => None,
        });
        let diagnostic = if words::verb(two).is_some() && first.value.is_null() {
            Diagnostic::error("wrong-shape", second.key.span, format!("`{two}` stands beside `{one}`, not in it"))
                .help(format!("indent `{two}` deeper than `{one}`, or write `- {one}: {{{two}: …}}`"))
        } else if words::verb(two).is_some() {
            Diagnostic::error(
                "second-verb",
                second.key.span,
                format!("a second verb in one step: `{two}` beside `{one}`"),
            )
            .help(format!("write a step for each: `- {one}: …`"))
        } else if let Some(modifier) = modifier {
            Diagnostic::error("misplaced-modifier", second.key.span, format!("`{two}` stands outside of the braces"))
                .help(format!("put it beside the verb: `- {one}: {{VERB: …, {modifier}: …}}`"))
        } else {
            Diagnostic::error(
                "second-endpoint",
                second.key.span,
                format!("two endpoints in one step: `{one}` and `{two}`"),
            )
            .help(format!("begin a step of its own: `- {two}: …`"))
        };
        self.error(diagnostic.related(first.key.span, "the step begins here"));
    }
}

/// What an endpoint with that verb is mostly called.
fn usual_name(verb: &str) -> &'static str {
    match verb {
        "listen" | "bind" => "server",
        "accept" => "conn",
        _ => "client",
    }
}

/// The steps that tell that a program is ready, which are tried after the one that runs it.
fn until_ready(step: &mut Step) -> Option<Step> {
    let StepKind::Call(call) = &mut step.kind else { return None };
    let Verb::Run(run) = &mut call.verb else { return None };
    match run.ready.take_if(|ready| matches!(ready, Ready::Steps(_)))? {
        Ready::Steps(steps) => {
            let (time, ready) = (call.within.clone(), Some(call.endpoint.clone()));
            Some(Step { span: step.span, kind: StepKind::Retry { time, ready, steps }, faulty: step.faulty })
        }
        _ => None,
    }
}
