//! Programs: which verbs they have, and when they have ended.

use crate::diagnostic::Diagnostic;
use crate::plan::{Call, Condition, Verb};
use crate::source::Span;

use super::endpoints::{Role, key};
use super::verbs::verb_name;
use super::walk::{Outcome, Walk};

impl<'p> Walk<'p, '_> {
    /// A program is started. It may do anything, connect to a listener of this spec for example.
    pub(super) fn run(&mut self, call: &'p Call, outcome: Outcome) {
        self.flow.give_up();
        if let Verb::Run(run) = &call.verb {
            self.passed(&run.pass, Outcome::Succeeds);
        }
        match outcome {
            Outcome::Succeeds => drop(self.create(&call.endpoint, None, Role::Program)),
            Outcome::Either => drop(self.create(&call.endpoint, None, Role::Unknown)),
            Outcome::Fails => {}
        }
    }

    /// A call on a program, or one that only programs have; false where it is something else.
    pub(super) fn is_of_program(&mut self, call: &'p Call, outcome: Outcome) -> bool {
        let index = self.reusable(&call.endpoint);
        let role = index.map(|index| self.endpoints[index].role);
        let is_program = matches!(role, Some(Role::Program | Role::Ended));
        if let (true, Some(index)) = (is_program && !matches!(call.verb, Verb::Run(_)), index) {
            self.on_program(index, call, outcome);
            return true;
        }
        let only = match &call.verb {
            Verb::Signal(_) => Some(("signal", call.verb_span)),
            Verb::Expect { conditions, .. } if conditions.contains(&Condition::Exit) => {
                Some(("exit", self.word(call.verb_span, "exit")))
            }
            Verb::Recv { stderr: true, .. } | Verb::Expect { stderr: true, .. } => {
                Some(("stderr", self.word(call.verb_span, "stderr")))
            }
            _ => None,
        };
        match (only, role) {
            (None, _) => false,
            (Some((word, span)), Some(role)) if role != Role::Unknown => {
                let message = format!("`{}` is a socket, not a program, and has no `{word}`", key(&call.endpoint));
                self.wrong_kind_at(span, call, message, "a program is an endpoint that `run` starts");
                true
            }
            _ => {
                self.open_for(call);
                true
            }
        }
    }

    fn on_program(&mut self, index: usize, call: &'p Call, outcome: Outcome) {
        if let Some((span, what, help)) = self.not_of_programs(call) {
            let message = format!("`{}` is a program, and has no {what}", self.endpoints[index].name);
            self.wrong_kind_at(span, call, message, help);
            if let Verb::Recv { takes, .. } = &call.verb {
                self.taken_somehow(takes);
            }
            return;
        }
        let endpoint = &self.endpoints[index];
        let name = endpoint.name.clone();
        let lives_on = matches!(call.verb, Verb::Recv { .. } | Verb::Read { .. })
            || matches!(&call.verb, Verb::Expect { conditions, .. } if !conditions.contains(&Condition::Exit));
        if endpoint.role == Role::Ended && !lives_on {
            if outcome == Outcome::Succeeds && !self.is_doubtful(&name) {
                let message = format!("`{name}` has ended, and cannot `{}`", verb_name(&call.verb));
                self.found.push(
                    Diagnostic::error("closed", call.verb_span, message)
                        .help(format!("move this step before `expect: exit`, or `run` `{name}` again first")),
                );
            }
            return;
        }
        let has_input = !matches!(call.verb, Verb::Send { .. } | Verb::Close { .. });
        if let (Some(closed), false, Outcome::Succeeds) = (endpoint.input_closed, has_input, outcome)
            && !self.is_doubtful(&name)
        {
            let message = format!("the input of `{name}` is closed");
            self.found.push(
                Diagnostic::error("closed", call.verb_span, message)
                    .related(closed, "closed here")
                    .help("`close` closes the input of a program, and leaves its output open"),
            );
        }
        match &call.verb {
            Verb::Close { .. } => self.endpoints[index].input_closed = Some(call.verb_span),
            Verb::Expect { conditions, .. } if outcome == Outcome::Succeeds && conditions == &[Condition::Exit] => {
                self.endpoints[index].role = Role::Ended;
            }
            _ => {}
        }
    }

    /// What in this call a program does not have: its place, what it is, and a way out.
    fn not_of_programs(&self, call: &Call) -> Option<(Span, String, &'static str)> {
        const STREAMS: &str =
            "its input and its output are streams: `send` and `recv`, with nothing of the kind beside";
        let modifier = |word: &str| Some((self.key_of_step(word, call.verb_span), format!("`{word}`"), STREAMS));
        match &call.verb {
            Verb::Send { to: Some(_), .. } => modifier("to"),
            Verb::Send { urgent: true, .. } | Verb::Recv { urgent: true, .. } => modifier("urgent"),
            Verb::Send { more: true, .. } => modifier("more"),
            Verb::Send { pass, .. } if !pass.is_empty() => modifier("pass"),
            Verb::Recv { takes, .. } if !takes.is_empty() => modifier("takes"),
            Verb::Recv { sender: Some(_), .. } => modifier("sender"),
            Verb::Recv { from: Some(from), .. } => Some((
                from.span,
                format!("stream `{}`", from.shown()),
                "write `from: stderr`, or leave it out for its output",
            )),
            Verb::Recv { beside, .. } => beside.word().and_then(modifier),
            Verb::Read { how, .. } => how.word().and_then(modifier),
            Verb::Close { notify: false } => modifier("notify"),
            Verb::Send { .. } | Verb::Close { .. } | Verb::Signal(_) => None,
            Verb::Expect { conditions, .. } => {
                let wrong = [
                    (Condition::Reset, "reset"),
                    (Condition::Writable, "writable"),
                    (Condition::Truncated, "truncated"),
                ];
                let (_, word) = wrong.into_iter().find(|(condition, _)| conditions.contains(condition))?;
                let help = "of a program, `eof`, `silence`, `readable` and `exit` can be expected";
                Some((self.word(call.verb_span, word), format!("`{word}`"), help))
            }
            Verb::ExpectAttributes(attributes) => {
                let span = attributes.first().map_or(call.verb_span, |attribute| attribute.span);
                Some((
                    span,
                    "attributes".to_owned(),
                    "of a program, `eof`, `silence`, `readable` and `exit` can be expected",
                ))
            }
            Verb::Shutdown { .. } | Verb::Reset => {
                let verb = format!("`{}`", verb_name(&call.verb));
                Some((call.verb_span, verb, "`close` closes its input, `signal: KILL` ends it"))
            }
            verb => {
                let help = "a program is no socket: connect to where it listens, with an endpoint of another name";
                Some((call.verb_span, format!("`{}`", verb_name(verb)), help))
            }
        }
    }

    /// A program where an address is wanted.
    pub(super) fn no_address(&mut self, name: &str, span: Span) {
        let role = self.find(name).map(|index| self.endpoints[index].role);
        if role == Some(Role::File) && !self.is_doubtful(name) {
            self.found.push(
                Diagnostic::error("wrong-kind", span, format!("`{name}` is a file, and has no address"))
                    .help("name an endpoint that is a socket"),
            );
        }
        if matches!(role, Some(Role::Program | Role::Ended)) && !self.is_doubtful(name) {
            self.found.push(
                Diagnostic::error("wrong-kind", span, format!("`{name}` is a program, and has no address of its own"))
                    .help("write the address that it was told to listen at, such as `tcp://127.0.0.1:${port}`"),
            );
        }
    }
}
