//! Addresses that a spec gives itself, so that two runs of it at once would be in each other's way.

use crate::model::address::{Address, UnixName};

use super::program::Ready;
use super::template::{Piece, Template};
use super::walk::any;
use super::{Call, Plan, Target, Verb};

impl Plan {
    /// Whether it names a port, an abstract name or an absolute path that is the machine's, and not that of
    /// a network or a folder of its own.
    pub fn has_fixed_addresses(&self) -> bool {
        let is_isolated = self.topology.is_some();
        any(&self.steps, &mut |call| targets(call).into_iter().any(|target| is_fixed(target, is_isolated)))
    }
}

/// The addresses that a call names.
fn targets(call: &Call) -> Vec<&Target> {
    match &call.verb {
        Verb::Bind(target) => vec![target],
        Verb::Listen { address, .. } => address.iter().collect(),
        Verb::Connect { to, from } => from.iter().chain([to]).collect(),
        Verb::Send { to, .. } => to.iter().collect(),
        Verb::Run(run) => match &run.ready {
            Some(Ready::Address { target, .. }) => vec![target],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn is_fixed(target: &Target, is_isolated: bool) -> bool {
    match target {
        Target::Endpoint(_)
        | Target::Sender
        | Target::Address(Address::Any(_) | Address::Unix { name: UnixName::Autobind, .. }) => false,
        Target::Address(Address::Inet { address, .. }) => !is_isolated && address.port() != 0,
        Target::Address(Address::Unix { name: UnixName::Abstract(_), .. }) => !is_isolated,
        Target::Address(Address::Unix { name: UnixName::Path(path), .. }) => path.starts_with('/'),
        Target::Computed(template) => !is_isolated && ends_in_a_number(template),
    }
}

/// Whether the port of an address is written out, though something else of it is not.
fn ends_in_a_number(template: &Template) -> bool {
    match template.pieces.last() {
        Some(Piece::Literal(text) | Piece::Hidden { text, .. }) => text.ends_with(|last: char| last.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::plan_of;

    fn is_fixed(steps: &str) -> bool {
        plan_of(&format!("about: A test.\nports: [port]\nsteps:\n{steps}")).has_fixed_addresses()
    }

    #[test]
    fn ports_that_are_written_out_are_fixed() {
        assert!(is_fixed("  - s: {listen: \"tcp://127.0.0.1:4711\"}\n  - t: {bind: \"udp://127.0.0.1:${port}\"}\n"));
        assert!(is_fixed(
            "  - s: {listen: \"tcp://127.0.0.1:${port}\"}\n  - parallel:\n      c: [{c: {connect: s, from: \"tcp://127.0.0.1:99\"}}]\n"
        ));
        assert!(is_fixed("  - s: {listen: \"unix:@name\"}\n  - t: {bind: \"udp://127.0.0.1:${port}\"}\n"));
        assert!(!is_fixed(
            "  - s: {listen: \"tcp://127.0.0.1:${port}\"}\n  - c: {connect: s}\n  - u: {listen: \"unix:name\"}\n"
        ));
        assert!(!is_fixed("  - s: {listen: tcp}\n  - t: {bind: \"udp://127.0.0.1:${port}\"}\n"));
    }

    #[test]
    fn a_network_of_its_own_has_ports_of_its_own() {
        let spec = "about: A test.\nnetwork: isolated\nsteps:\n  - s: {listen: \"tcp://127.0.0.1:80\"}\n";
        assert!(!plan_of(spec).has_fixed_addresses());
    }
}
