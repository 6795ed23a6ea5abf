//! Hosts: where a new socket is created, and what becomes of their links.

use std::fmt::Write as _;

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::topology::LinkState;
use crate::plan::Action;
use crate::source::Span;
use crate::spec::ast::Scalar;
use crate::spec::words::LINK_STATES;

use super::Builder;
use super::topology::listed;

impl Builder<'_> {
    /// The index of a host, with how a trace shows it.
    pub(super) fn host(&mut self, scalar: &Scalar) -> Option<(usize, String)> {
        let word = self.word(scalar)?;
        let index = self.hosts().position(|host| host == word.text);
        if index.is_none() && !self.network.in_doubt {
            self.no_host(&word.text, scalar.span);
        }
        Some((index?, word.shown().to_owned()))
    }

    fn no_host(&mut self, name: &str, span: Span) {
        let hosts: Vec<&str> = self.hosts().collect();
        if hosts.is_empty() {
            let message = format!("`{name}` is no host: the network of this spec has none");
            self.no_hosts(span, message);
            return;
        }
        let finding = Diagnostic::error("unknown-host", span, format!("there is no host `{name}`"));
        // Any two names of one letter are near each other.
        let finding = match nearest(name, hosts.iter().copied()).filter(|near| near.len() > 1) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("the hosts are {}", listed(hosts.iter().copied()))),
        };
        self.report(finding);
    }

    /// Reports that there are no hosts. Once is enough: they are missing in one place.
    fn no_hosts(&mut self, span: Span, message: impl Into<String>) {
        self.report(
            Diagnostic::error("no-hosts", span, message)
                .help("write at the top `network: {hosts: {a: 10.0.0.1, b: 10.0.0.2}}`, or leave this out"),
        );
        self.network.in_doubt = true;
    }

    /// The names of the hosts.
    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.network.hosts().iter().map(|host| host.name.as_str())
    }

    /// A step that changes the links of hosts.
    pub(super) fn link(&mut self, span: Span, written: &[(Scalar, Scalar)]) -> Option<Action> {
        if self.hosts().next().is_none() {
            if !self.network.in_doubt {
                let span = self.word_in(span, "link");
                self.no_hosts(span, "`link` has nothing to change: the network of this spec has no hosts");
            }
            return None;
        }
        let mut changes: Vec<(usize, LinkState)> = Vec::with_capacity(written.len());
        let mut words = String::new();
        let mut sound = true;
        for (host, state) in written {
            let (Some((index, name)), Some((state, shown))) = (self.host(host), self.link_state(state)) else {
                sound = false;
                continue;
            };
            if changes.iter().any(|(other, _)| *other == index) {
                let message = format!("the link of `{name}` is changed twice in one step");
                self.report(
                    Diagnostic::error("changed-twice", host.span, message).help("write a step for each change"),
                );
                sound = false;
                continue;
            }
            let comma = if words.is_empty() { "" } else { ", " };
            let _ = write!(words, "{comma}{name} {shown}");
            self.lanes.changed_link(&name, host.span);
            changes.push((index, state));
        }
        sound.then_some(Action::Link { changes, words })
    }

    fn link_state(&mut self, scalar: &Scalar) -> Option<(LinkState, String)> {
        let word = self.word(scalar)?;
        let state = LinkState::parse(&word.text);
        if state.is_none() {
            let known = LINK_STATES.iter().map(|word| word.name);
            self.unknown("state of a link", &word.text, scalar.span, known, "unknown-link-state");
        }
        Some((state?, word.shown().to_owned()))
    }
}
