//! How many sockets a spec has open at once: what the kernel refuses is better told before it runs.

use std::collections::HashMap;

use super::template::{Template, bare};
use super::walk::inner;
use super::{Action, Call, Plan, Step, Verb};

impl Plan {
    /// Whether it makes so few calls that it cannot have more sockets than this open.
    pub fn has_at_most(&self, sockets: u64) -> bool {
        // A pair is two.
        calls(&self.steps).saturating_mul(2) <= sockets
    }

    /// How many sockets it certainly has open at once, if it runs as written.
    pub fn open_at_once(&self) -> u64 {
        let mut open = Open::default();
        for step in &self.steps {
            open.step(step, &mut Vec::new());
            // What a block has open in between is not looked at.
            open.most = open.most.max(open.names.values().sum());
        }
        open.most
    }
}

fn calls(steps: &[Step]) -> u64 {
    let of = |step: &Step| match &step.action {
        Action::Call(_) => 1,
        Action::Repeat { count, steps, .. } => calls(steps).saturating_mul(*count),
        _ => inner(step).into_iter().map(calls).fold(0, u64::saturating_add),
    };
    steps.iter().map(of).fold(0, u64::saturating_add)
}

/// The sockets that are open.
#[derive(Default)]
struct Open {
    /// How many there are of each name, in which counters stand as `<i>`.
    names: HashMap<String, u64>,
    most: u64,
}

impl Open {
    /// A step in these loops, each with its counter as a name shows it, and how often it runs.
    fn step(&mut self, step: &Step, loops: &mut Vec<(String, u64)>) {
        match &step.action {
            Action::Call(call) => self.call(call, loops),
            Action::Repeat { count, counter: Some(counter), until: None, vary: false, steps, .. } => {
                loops.push((format!("<{}>", bare(counter)), *count));
                for step in steps {
                    self.step(step, loops);
                }
                loops.pop();
            }
            _ => inner(step).into_iter().flatten().for_each(|step| self.step(step, loops)),
        }
    }

    fn call(&mut self, call: &Call, loops: &[(String, u64)]) {
        match &call.verb {
            Verb::Close { .. } | Verb::Reset => {
                let (name, times) = named(&call.endpoint, loops);
                if let Some(open) = self.names.get_mut(&name) {
                    *open = open.saturating_sub(times);
                }
            }
            _ if !call.fails.is_empty() => {}
            Verb::Socket(..)
            | Verb::Bind(_)
            | Verb::Listen { .. }
            | Verb::Accept { .. }
            | Verb::Connect { .. }
            | Verb::Dup(_) => {
                self.create(&call.endpoint, loops);
            }
            Verb::Pair { other, .. } => {
                self.create(&call.endpoint, loops);
                self.create(other, loops);
            }
            _ => {}
        }
    }

    fn create(&mut self, name: &Template, loops: &[(String, u64)]) {
        let (name, times) = named(name, loops);
        let open = self.names.entry(name).or_default();
        *open = times.max(*open);
    }
}

/// A name, whatever its counters are called, and how many there are of it: without a counter in it, it is
/// closed before the next iteration creates it again.
fn named(name: &Template, loops: &[(String, u64)]) -> (String, u64) {
    let mut shown = name.shown();
    let mut times = 1_u64;
    for (counter, count) in loops.iter().filter(|(counter, _)| name.shown().contains(counter)) {
        times = times.saturating_mul(*count);
        shown = shown.replace(counter, "<>");
    }
    (shown, times)
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::plan_of;

    const PAIRS: &str = "about: Many.\nsteps:\n  - server: {listen: tcp}\n  - repeat: 50\n    as: i\n    steps:\n      \
         - \"c${i}\": {connect: server}\n      - \"d${i}\": {accept: server}\n";

    #[test]
    fn what_stays_open_is_counted() {
        let all = plan_of(PAIRS);
        assert_eq!(all.open_at_once(), 101);
        assert!(all.has_at_most(202) && !all.has_at_most(201));
        let again = plan_of(&format!(
            "{PAIRS}  - repeat: 50\n    as: i\n    steps: [\"c${{i}}\": close]\n  - a: {{pair: b}}\n"
        ));
        assert_eq!(again.open_at_once(), 101);
    }

    #[test]
    fn what_is_closed_again_is_not() {
        let closed = PAIRS.replace("c${i}", "c").replace("d${i}", "d") + "      - c: close\n      - d: close\n";
        assert_eq!(plan_of(&closed).open_at_once(), 1);
        let by_another_counter = format!(
            "{PAIRS}  - repeat: 50\n    as: j\n    steps: [\"c${{j}}\": reset, \"d${{j}}\": close]\n  - repeat: 9\n    as: k\n    steps:\n      - \"e${{k}}\": {{connect: server}}\n"
        );
        assert_eq!(plan_of(&by_another_counter).open_at_once(), 101);
        let fails = "about: x\nsteps:\n  - s: {socket: tcp}\n  - s: {bind: 'tcp://127.0.0.1:0'}\n  - c: {connect: s, fails: ECONNREFUSED}\n";
        assert_eq!(plan_of(fails).open_at_once(), 1);
    }
}
