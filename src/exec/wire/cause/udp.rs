//! Datagrams of UDP.

use super::super::act::{Act, Did, Protocol};
use super::line::Word;
use super::{Seen, Teller, Way};

impl Teller<'_> {
    pub(super) fn udp(&mut self, at: usize, way: Way, len: u64) -> Seen {
        let fits = |index: &usize| {
            let act = &self.acts[*index];
            matches!(act.did, Did::Datagram { len: sent, .. } if sent == len) && act.sends_from(way.0)
        };
        let sent = self.datagrams.get_mut(&way.1).and_then(|waiting| {
            let place = waiting.iter().position(fits)?;
            waiting.remove(place)
        });
        // One that no send explains was let go by something else.
        if sent.is_none()
            && let Some(receipt) = self.receipt(at, way, len)
        {
            let varies = matches!(self.acts[receipt].did, Did::Receive { varies: true, .. });
            let tells = vec![(receipt, Word::Datagram { bytes: len, varies })];
            return Seen { cause: Some(receipt), tells, again: false };
        }
        let own = |act: &Act| act.protocol == Protocol::Udp && act.sends_from(way.0) && act.until > at;
        let Some(cause) = sent.or_else(|| self.acts.iter().position(own)) else { return Seen::default() };
        self.last_datagram.insert(way, cause);
        self.crossed[cause] = len;
        let varies = matches!(self.acts[cause].did, Did::Datagram { varies: true, .. });
        Seen { cause: Some(cause), tells: vec![(cause, Word::Datagram { bytes: len, varies })], again: false }
    }
}
