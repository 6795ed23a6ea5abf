//! Whose credentials the kernel tells: those of sockspec itself, or of a program that the spec has started.

use crate::plan::receive::Whose;

use super::super::lane::Lane;
use super::super::net::ancillary::Credentials;
use super::super::stop::Stop;

/// Whether these are the credentials that a step names. A program is told by its process alone: it may
/// have become another user.
pub(super) fn are_of(lane: &Lane<'_>, whose: &Whose, came: Credentials, own: Credentials) -> Result<bool, Stop> {
    let Whose::Program(name) = whose else { return Ok(came == own) };
    let endpoint = lane.endpoint(name)?;
    let program = endpoint.program().ok_or_else(|| {
        Stop::failed(format!("`{}` is no program, and has the credentials of sockspec", endpoint.name))
            .help("write `self`")
            .at(name.span)
    })?;
    Ok(program.pid == came.pid)
}

/// Whose they are, as one would write it; else what they are.
pub(super) fn owner_of(lane: &Lane<'_>, came: Credentials, own: Credentials) -> String {
    if came == own {
        return "self".to_owned();
    }
    let programs = lane.test.programs.all();
    if let Some(program) = programs.iter().find(|program| program.pid == came.pid) {
        return program.shown.clone();
    }
    let Credentials { pid, uid, gid } = came;
    let parent = programs.iter().find(|program| program.has_started(pid));
    let parent = parent.map_or_else(String::new, |program| format!(", which `{}` has started", program.shown));
    format!("process {pid}, user {uid}, group {gid}{parent}")
}
