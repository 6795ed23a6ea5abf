//! Why a step failed, in one sentence, from what the runner saw on both sides: the events of the
//! record, and the scene of the failure. Where these do not show the cause, nothing is said.

mod address;
mod arrival;
mod call;
mod end;
mod reset;
mod story;
mod waiting;

use crate::trace::record::Record;
use crate::trace::scene::Came;

use story::Story;

/// Why the step of a record failed, as a sentence without its full stop; `None` where the record does
/// not show it.
pub fn why(record: &Record) -> Option<String> {
    let failure = record.failure.as_ref()?;
    let scene = failure.scene.as_deref()?;
    let story = Story::new(record, failure, scene);
    match scene.came.as_ref()? {
        Came::Errno(name) => errno(&story, name),
        Came::End => end::came(&story),
        Came::Nothing => waiting::nothing(&story),
        Came::Success => call::success(&story),
        Came::Value(name, seen) => end::value(&story, name, seen),
    }
}

fn errno(story: &Story<'_>, name: &str) -> Option<String> {
    if let Some(refused) = arrival::refused_by_route(story, name) {
        return Some(refused);
    }
    match name {
        "ECONNRESET" => reset::reset(story),
        "EPIPE" => reset::broken_pipe(story),
        "ECONNREFUSED" => arrival::refused(story),
        "ENOENT" => arrival::no_path(story),
        "EPROTOTYPE" => arrival::other_type(story),
        "EHOSTUNREACH" | "ENETUNREACH" => arrival::unreachable(story, name),
        "ETIMEDOUT" => arrival::timed_out(story),
        "EADDRINUSE" => address::in_use(story),
        "EADDRNOTAVAIL" => address::not_available(story),
        "EACCES" => address::no_permission(story),
        "EAFNOSUPPORT" => address::other_family(story),
        "ENOTCONN" => call::not_connected(story),
        "EISCONN" => call::connected(story),
        "EINVAL" => call::invalid(story),
        "EMSGSIZE" => call::too_long(story),
        "EDESTADDRREQ" => call::no_destination(story),
        "EAGAIN" => waiting::would_block(story),
        "EINPROGRESS" | "EALREADY" => call::in_progress(story),
        "EOPNOTSUPP" => call::not_supported(story),
        _ => None,
    }
}
