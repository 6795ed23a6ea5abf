//! The events of poll(2).

use std::fmt;

use super::platform::numbers;

/// A set of events, as poll(2) returns them. Shown as a trace does, in the order of their bits:
/// `IN|RDHUP`, `OUT`, `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollEvents(i16);

/// The events that a spec can name, by their constants without `POLL`.
const NAMES: [(&str, i16); 6] = [
    ("IN", numbers::POLLIN),
    ("PRI", numbers::POLLPRI),
    ("OUT", numbers::POLLOUT),
    ("ERR", numbers::POLLERR),
    ("HUP", numbers::POLLHUP),
    ("RDHUP", numbers::POLLRDHUP),
];

impl PollEvents {
    /// All of them: what is asked for.
    pub const ALL: Self = Self(
        numbers::POLLIN
            | numbers::POLLPRI
            | numbers::POLLOUT
            | numbers::POLLERR
            | numbers::POLLHUP
            | numbers::POLLRDHUP,
    );

    /// The event of that name, `IN` or `POLLIN`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix("POLL").unwrap_or(name);
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, bits)| Self(*bits))
    }

    /// The names of the events.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Those of the bits that poll(2) returned which have a name here.
    pub fn from_bits(bits: i16) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The bits for poll(2).
    pub fn bits(self) -> i16 {
        self.0
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for PollEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = NAMES.iter().filter(|(_, bits)| self.0 & bits != 0).map(|(name, _)| *name).collect();
        if names.is_empty() { f.write_str("none") } else { f.write_str(&names.join("|")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_shown_in_one_order() {
        let set = |names: &[&str]| {
            names.iter().filter_map(|name| PollEvents::parse(name)).fold(PollEvents::default(), PollEvents::and)
        };
        assert_eq!(set(&["RDHUP", "IN"]).to_string(), "IN|RDHUP");
        assert_eq!(set(&["POLLOUT"]).to_string(), "OUT");
        assert_eq!(set(&[]).to_string(), "none");
        assert_eq!(PollEvents::parse("in"), None);
        assert_eq!(PollEvents::from_bits(numbers::POLLIN | numbers::POLLNVAL), PollEvents::from_bits(numbers::POLLIN));
    }
}
