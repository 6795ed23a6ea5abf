//! On which host a socket is created: every new one says so, and no other.

use crate::diagnostic::Diagnostic;
use crate::plan::{Call, Verb};

use super::endpoints::{Role, key};
use super::walk::Walk;

impl Walk<'_, '_> {
    /// Whether the call says on which host its socket is created, if it creates one.
    pub(super) fn check_host(&mut self, call: &Call) {
        if self.hosts.is_empty() || self.is_doubtful(&key(&call.endpoint)) {
            return;
        }
        let is_new = match &call.verb {
            Verb::Socket(..) | Verb::Pair { .. } | Verb::Run(_) => true,
            Verb::Bind(_) | Verb::Connect { .. } => self.reusable(&call.endpoint).is_none(),
            Verb::Listen { address, .. } => address.is_some() && self.reusable(&call.endpoint).is_none(),
            _ => return,
        };
        if is_new && call.host.is_none() {
            self.missing_host(call);
        } else if let (false, Some(_)) = (is_new, call.host) {
            self.host_of_another_step(call);
        }
    }

    fn missing_host(&mut self, call: &Call) {
        let name = key(&call.endpoint);
        let hosts: Vec<String> = self.hosts.iter().map(|host| format!("`{}`", host.name)).collect();
        let first = self.hosts.first().map_or("", |host| &host.name);
        let message = format!("on which host is the socket of `{name}` created?");
        self.found.push(
            Diagnostic::error("missing-host", call.verb_span, message)
                .label("a host is missing")
                .help(format!("write `host: {first}` beside it: the hosts are {}", hosts.join(", "))),
        );
    }

    /// A socket stays on the host that it was created on.
    fn host_of_another_step(&mut self, call: &Call) {
        let Some(endpoint) = self.reusable(&call.endpoint).map(|index| &self.endpoints[index]) else { return };
        if endpoint.role == Role::Unknown {
            return;
        }
        let message = format!("`{}` is there already, on the host that it was created on", endpoint.name);
        let finding = Diagnostic::error("host-again", self.key_of_step("host", call.verb_span), message)
            .related(endpoint.created, "created here")
            .help("leave `host` out: it belongs beside the verb that creates the socket");
        self.found.push(finding);
    }
}
