//! Blocks of steps: lanes that run at once, and steps that run again.

use std::borrow::Cow;

use crate::plan::template::{Template, bare};
use crate::plan::{Action, Call, Condition, Row, Step, Target, Verb};
use crate::source::Span;

use super::endpoints::{Endpoint, Layer, Role, key};
use super::walk::Walk;

impl<'p> Walk<'p, '_> {
    /// Whatever order the lanes run in, each sees its own steps in order; what another lane creates
    /// or closes is in doubt.
    pub(super) fn parallel(&mut self, lanes: &[&'p [Step]]) {
        self.flow.give_up();
        let before = self.endpoints.clone();
        let mut ends = Vec::with_capacity(lanes.len());
        let touched: Vec<Vec<Cow<'p, str>>> = lanes.iter().map(|steps| touched(steps)).collect();
        for (index, steps) in lanes.iter().enumerate() {
            let mut mine = before.clone();
            for name in touched.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, names)| names) {
                unsettle(&mut mine, name);
            }
            self.go_on_with(mine);
            self.lanes += 1;
            self.steps(steps);
            self.lanes -= 1;
            ends.push(std::mem::take(&mut self.endpoints));
        }
        self.go_on_with(join(before, ends, &touched));
    }

    /// The steps twice, as far as they can run twice: so that what the first iteration leaves is
    /// seen by the next.
    pub(super) fn repeat(&mut self, steps: &'p [Step], count: u64, counter: Option<&str>, until: bool) {
        self.flow.give_up();
        let own = |name: &str| counter.is_some_and(|counter| name.contains(&format!("<{}>", bare(counter))));
        let before: Vec<Endpoint<'p>> = self.endpoints.iter().filter(|known| own(&known.name)).cloned().collect();
        self.steps(steps);
        if count > 1 && !until {
            // A name with the counter in it is a new one in each iteration.
            let mut others = std::mem::take(&mut self.endpoints);
            let after: Vec<Endpoint<'p>> = others.extract_if(.., |known| own(&known.name)).collect();
            others.extend(before);
            self.go_on_with(others);
            let found = self.found.len();
            self.steps(steps);
            self.forget_repeated(found);
            let mut others = std::mem::take(&mut self.endpoints);
            others.retain(|known| !own(&known.name));
            others.extend(after);
            self.go_on_with(others);
        }
        self.flow.give_up();
    }

    /// The rows one after the other. Where one of them may be the last, what the others do is not
    /// certain afterwards.
    pub(super) fn table(&mut self, rows: &'p [Row]) {
        let ends_early = rows.iter().any(|row| row.until.is_some());
        if ends_early {
            self.flow.give_up();
        }
        for (index, row) in rows.iter().enumerate() {
            let found = self.found.len();
            self.steps(&row.steps);
            if index > 0 {
                self.forget_repeated(found);
            }
        }
        if ends_early {
            for name in rows.iter().skip(1).flat_map(|row| touched(&row.steps)) {
                unsettle(&mut self.endpoints, &name);
            }
            let all = std::mem::take(&mut self.endpoints);
            self.go_on_with(all);
        }
    }

    /// What the second iteration finds at a place of which something was said is no new mistake.
    fn forget_repeated(&mut self, from: usize) {
        let later = self.found.split_off(from);
        for finding in later {
            if !self.found.iter().any(|known| known.span == finding.span) {
                self.found.push(finding);
            }
        }
    }
}

/// What another lane does with this name is not known.
fn unsettle(endpoints: &mut Vec<Endpoint<'_>>, name: &str) {
    match endpoints.iter_mut().find(|endpoint| endpoint.name == name) {
        Some(endpoint) => {
            endpoint.role = Role::Unknown;
            endpoint.tls = Layer::Unknown;
            endpoint.closed = None;
        }
        None => endpoints.push(unknown(Cow::Owned(name.to_owned()))),
    }
}

fn unknown(name: Cow<'_, str>) -> Endpoint<'_> {
    Endpoint {
        name,
        created: Span::default(),
        closed: None,
        network: None,
        role: Role::Unknown,
        socket: 0,
        input_closed: None,
        tls: Layer::Unknown,
    }
}

/// What is known after a block: what one lane alone has touched is as that lane left it.
fn join<'p>(
    before: Vec<Endpoint<'p>>,
    ends: Vec<Vec<Endpoint<'p>>>,
    touched: &[Vec<Cow<'p, str>>],
) -> Vec<Endpoint<'p>> {
    let mut joined = before;
    for (index, (names, end)) in touched.iter().zip(ends).enumerate() {
        for name in names {
            let alone = touched.iter().enumerate().all(|(other, names)| other == index || !names.contains(name));
            let left = end.iter().find(|endpoint| endpoint.name == *name);
            let state = match left {
                Some(endpoint) if alone => endpoint.clone(),
                _ => unknown(name.clone()),
            };
            match joined.iter_mut().find(|endpoint| endpoint.name == *name) {
                Some(endpoint) => *endpoint = state,
                None => joined.push(state),
            }
        }
    }
    joined
}

/// The names that the steps create, close or change the kind of.
fn touched(steps: &[Step]) -> Vec<Cow<'_, str>> {
    let mut names = Vec::new();
    each_call(steps, &mut |call| {
        let mut add = |name: &'_ Template| {
            let name = key(name).into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        };
        match &call.verb {
            Verb::Pair { other, .. } => {
                add(&call.endpoint);
                add(other);
            }
            Verb::Recv { sender, takes, .. } => sender.iter().chain(takes).for_each(add),
            Verb::Socket(..)
            | Verb::Bind(_)
            | Verb::Listen { .. }
            | Verb::Accept { .. }
            | Verb::Connect { .. }
            | Verb::Dup(_)
            | Verb::Open(_)
            | Verb::Run(_)
            | Verb::Close { .. }
            | Verb::Tls(_)
            | Verb::Reset
            | Verb::Disconnect => add(&call.endpoint),
            Verb::Expect { conditions, .. } if conditions.contains(&Condition::Exit) => add(&call.endpoint),
            _ => {}
        }
    });
    names.into_iter().map(Cow::Owned).collect()
}

/// Every name that a step creates, with the place.
pub(super) fn created<'p>(steps: &'p [Step], names: &mut Vec<(Cow<'p, str>, Span)>) {
    each_call(steps, &mut |call| {
        let mut add = |name: &'p Template| names.push((key(name), name.span));
        match &call.verb {
            Verb::Pair { other, .. } => {
                add(&call.endpoint);
                add(other);
            }
            Verb::Recv { sender, takes, .. } => sender.iter().chain(takes).for_each(add),
            Verb::Socket(..)
            | Verb::Bind(_)
            | Verb::Listen { address: Some(_), .. }
            | Verb::Accept { .. }
            | Verb::Connect { .. }
            | Verb::Dup(_)
            | Verb::Open(_)
            | Verb::Run(_) => {
                add(&call.endpoint);
            }
            _ => {}
        }
    });
}

/// Where something connects to the endpoint of that name.
pub(super) fn connected(steps: &[Step], name: &str) -> Vec<Span> {
    let mut places = Vec::new();
    each_call(steps, &mut |call| match &call.verb {
        Verb::Connect { to: Target::Endpoint(to), .. } if key(to) == name => places.push(to.span),
        _ => {}
    });
    places
}

/// Every call of the steps, and of those in them.
pub(in crate::plan) fn each_call<'p>(steps: &'p [Step], found: &mut impl FnMut(&'p Call)) {
    for step in steps {
        match &step.action {
            Action::Call(call) => found(call),
            Action::Parallel { lanes, .. } => {
                for lane in lanes {
                    each_call(&lane.steps, found);
                }
            }
            Action::Repeat { steps, .. } | Action::Retry { steps, .. } | Action::Include { steps, .. } => {
                each_call(steps, found);
            }
            Action::Table { rows, .. } => rows.iter().for_each(|row| each_call(&row.steps, found)),
            Action::Barrier { .. } | Action::Let(_) | Action::Assert(_) | Action::Pause(_) | Action::Link { .. } => {}
        }
    }
}
