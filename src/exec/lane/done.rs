//! What a verb did.

use crate::exec::net::tls::{End, Session, Trouble};
use crate::exec::stop::Stop;
use crate::exec::wire::Route;
use crate::model::alert::Fault;
use crate::model::errno::Errno;
use crate::plan::Call;
use crate::trace::event::What;
use crate::trace::record::Facts;

use super::Lane;

/// What a verb did.
pub(crate) struct Done {
    /// Whether the call succeeded, or its error.
    pub(crate) result: Result<(), Errno>,
    /// What the trace tells of it.
    pub(crate) what: What,
    /// What was true of this run only.
    pub(crate) facts: Facts,
    /// Where it went, for a run whose frames are watched.
    pub(crate) route: Option<Box<Route>>,
    /// What EPROTO means, where TLS says it.
    pub(crate) trouble: Option<Box<Trouble>>,
    /// What to do where nobody expected that it fails.
    pub(crate) hint: Option<String>,
}

impl Done {
    /// A call of which the trace shows its words alone.
    pub(crate) fn words(call: &Call, result: Result<(), Errno>) -> Self {
        let mut words = call.words.clone();
        for word in &call.suffix {
            words.push(' ');
            words.push_str(word);
        }
        Self { result, what: What::Words(words), facts: Facts::default(), route: None, trouble: None, hint: None }
    }

    /// What it failed with: where TLS knows more than the errno, the alert.
    pub(super) fn fault(&self) -> Option<Fault> {
        let errno = self.result.err()?;
        Some(self.trouble.as_ref().map_or(Fault::Errno(errno), |trouble| Fault::Alert(trouble.alert)))
    }

    /// With what TLS knows of an EPROTO.
    pub(super) fn explained(mut self, lane: &Lane<'_>, call: &Call) -> Result<Self, Stop> {
        if self.result == Err(Errno(libc::EPROTO))
            && let Some(socket) = lane.endpoint(&call.endpoint)?.socket()
            && let Some(End::Broken(trouble)) = socket.tls().and_then(Session::end)
        {
            self.trouble = Some(Box::new(trouble));
        }
        Ok(self)
    }
}
