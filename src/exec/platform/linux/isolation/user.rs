//! The right to create network namespaces. Root has it; an ordinary user's process has it inside a
//! user namespace of its own, which it enters once, before its first thread.
//!
//! In that namespace the user is who they were (the uid is mapped to itself), not root: files belong
//! to whom they belonged, and programs that refuse to run as root run. The process itself may do in
//! its networks what root may, such as bind a port below 1024.

use std::fs;
use std::io;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::sys;

/// What came of entering a user namespace, once for the process.
static ENTERED: OnceLock<Result<(), String>> = OnceLock::new();

/// Sees to it that this process may create network namespaces. An ordinary user's process enters a
/// user namespace for that, which works only as long as it has one thread.
///
/// # Errors
/// The reason why it may not, and how to change that.
pub fn prepare_isolation() -> Result<(), String> {
    ENTERED.get_or_init(|| if may_isolate() { Ok(()) } else { enter_user_namespace() }).clone()
}

/// Whether this process can create network namespaces, found out by creating one.
///
/// # Errors
/// The reason why it cannot, and how to change that.
pub fn can_isolate() -> Result<(), String> {
    if let Some(Err(reason)) = ENTERED.get() {
        return Err(reason.clone());
    }
    if !may_isolate() {
        return Err(why_no_network(&io::Error::from_raw_os_error(libc::EPERM)));
    }
    let tried = thread::Builder::new().name("probe".to_owned()).spawn(sys::unshare_net);
    let result = tried.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(why_no_network(&error)),
        Err(error) => Err(format!("no thread to try it on: {error}")),
    }
}

/// Whether this process has the rights that isolated networks take, in whichever user namespace it
/// is, so that nothing need be prepared: to create namespaces (CAP_SYS_ADMIN), to set them up
/// (CAP_NET_ADMIN), to capture in them (CAP_NET_RAW). Root in a container may lack some.
pub fn may_isolate() -> bool {
    const NET_ADMIN: u64 = 1 << 12;
    const NET_RAW: u64 = 1 << 13;
    const SYS_ADMIN: u64 = 1 << 21;
    const ALL: u64 = NET_ADMIN | NET_RAW | SYS_ADMIN;
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return false };
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|rights| rights & ALL == ALL)
}

/// Enters a user namespace. A thread that has ended is still there for a moment.
fn unshare_alone() -> io::Result<()> {
    let end = Instant::now() + Duration::from_millis(20);
    loop {
        match sys::unshare_user() {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) && Instant::now() < end => {
                thread::sleep(Duration::from_micros(100));
            }
            entered => return entered,
        }
    }
}

fn enter_user_namespace() -> Result<(), String> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    unshare_alone().map_err(|error| why_no_user_namespace(&error))?;
    // The group may be mapped only once setgroups(2) is given up, user_namespaces(7).
    let maps = [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{uid} {uid} 1")),
        ("gid_map", format!("{gid} {gid} 1")),
    ];
    for (file, text) in maps {
        let written = fs::write(format!("/proc/self/{file}"), text);
        // A kernel without the file needs nothing written to it.
        if let Err(error) =
            written.or_else(|error| if file == "setgroups" { ignore_missing(error) } else { Err(error) })
        {
            return Err(format!("the kernel refuses /proc/self/{file} of a user namespace ({error}){}", app_armor()));
        }
    }
    Ok(())
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn why_no_user_namespace(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EINVAL) if threads() > 1 => {
            "this process already has several threads, and only one that has one can enter a user namespace: \
             let it be entered at the start, or run as root"
                .to_owned()
        }
        Some(libc::EINVAL | libc::ENOSYS) => {
            "this kernel has no user namespaces (CONFIG_USER_NS): run as root".to_owned()
        }
        Some(libc::ENOSPC | libc::EUSERS) => {
            let limit = sysctl("user/max_user_namespaces").unwrap_or_default();
            format!(
                "no more user namespaces are allowed (user.max_user_namespaces is {limit}): \
                 raise it with `sysctl user.max_user_namespaces=10000`, or run as root"
            )
        }
        _ if sysctl("kernel/unprivileged_userns_clone").as_deref() == Some("0") => {
            "this machine does not let ordinary users create user namespaces: \
             allow it with `sysctl kernel.unprivileged_userns_clone=1`, or run as root"
                .to_owned()
        }
        _ => format!(
            "the kernel refuses a user namespace ({error}){}: \
             a container or a sandbox may forbid it; allow unshare(2) there, or run as root",
            app_armor()
        ),
    }
}

fn why_no_network(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) if app_armor_restricts() => format!("network namespaces are refused{}", app_armor()),
        Some(libc::EPERM) if may_isolate() => "a container or a sandbox forbids unshare(2), though this process \
             has the right to network namespaces: allow it there"
            .to_owned(),
        Some(libc::EPERM) => {
            "this process may not create network namespaces (CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW): run as \
             root, or as a user who may create user namespaces"
                .to_owned()
        }
        Some(libc::ENOSPC) => {
            let limit = sysctl("user/max_net_namespaces").unwrap_or_default();
            format!(
                "no more network namespaces are allowed (user.max_net_namespaces is {limit}): \
                 raise it with `sysctl user.max_net_namespaces=10000`"
            )
        }
        Some(libc::EINVAL) => "this kernel has no network namespaces (CONFIG_NET_NS)".to_owned(),
        _ => format!("the kernel refuses a network namespace: {error}"),
    }
}

fn app_armor_restricts() -> bool {
    sysctl("kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1")
}

fn app_armor() -> &'static str {
    if app_armor_restricts() {
        " since AppArmor restricts user namespaces: allow them with \
         `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run as root"
    } else {
        ""
    }
}

fn sysctl(name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/sys/{name}")).ok().map(|value| value.trim().to_owned())
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}
