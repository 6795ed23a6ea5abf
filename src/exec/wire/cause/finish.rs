//! What is known when all frames have been seen: whether anything is missing.

use super::super::act::{Act, Did};
use super::super::flow::Flow;
use super::Teller;
use super::line::Word;

impl Teller<'_> {
    /// Marks data as varying where not all of it has crossed: how much did was the kernel's choice.
    /// False where something is missing that must come yet.
    pub(super) fn mark_unfinished(&mut self) -> bool {
        let mut complete = true;
        for (index, act) in self.acts.iter().enumerate() {
            if act.local.zip(act.remote).is_some_and(|way| self.strangers.contains(&way)) {
                continue;
            }
            match act.did {
                Did::Write { from, to, held, varies } if self.crossed[index] < to - from => {
                    complete &= held || varies;
                    self.mark(index);
                }
                Did::Write { varies: true, .. } => self.mark(index),
                Did::Datagram { len, .. } => complete &= self.crossed[index] == len && (len > 0 || self.was_seen(act)),
                Did::End => complete &= self.has_ended(act),
                _ => {}
            }
        }
        complete
    }

    fn was_seen(&self, act: &Act) -> bool {
        self.lines.contains_key(&act.order)
    }

    fn mark(&mut self, index: usize) {
        let act = &self.acts[index];
        let (Some(local), Some(remote)) = (act.local, act.remote) else { return };
        for line in self.lines.get_mut(&act.order).into_iter().flatten() {
            if let (true, Word::Data { varies, .. }) = (line.way == (local, remote), &mut line.word) {
                *varies = true;
            }
        }
    }

    fn has_ended(&self, act: &Act) -> bool {
        let (Some(local), Some(remote)) = (act.local, act.remote) else { return true };
        let ended = |flow: &Flow| flow.fin || flow.reset;
        let own = self.flows.get((local, remote));
        let back = self.flows.get((remote, local)).is_some_and(|flow| flow.reset);
        back || own.is_none_or(|flow| ended(flow) || !(flow.acknowledged || flow.syn_ack))
    }
}
