//! Whether a program is about to do something: whoever has just written to it, or closed its connection,
//! has made it runnable by then, however long the machine lets it wait for a processor.

use std::fs;

use rustix::process::Pid;

/// How many processes are looked at, at most.
const MOST: usize = 1000;

/// Whether something of a process or its descendants runs, or would if there were a processor for it.
/// Where /proc does not tell, nothing does.
pub(super) fn is_active(root: Pid) -> bool {
    let mut processes = vec![root.as_raw_nonzero().get()];
    let mut looked = 0;
    while let Some(process) = processes.pop() {
        looked += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten().map(|entry| entry.path()) {
            let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
            if is_busy(&stat) || looked > MOST {
                return looked <= MOST;
            }
            let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
            processes.extend(children.split_ascii_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    false
}

/// The state of a thread, proc_pid_stat(5): it runs or waits for a processor (R) or a disk (D), or has
/// ended and its parent has not noticed yet (Z).
fn is_busy(stat: &str) -> bool {
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('R' | 'D' | 'Z'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_waits_for_input_does_nothing_and_who_computes_does() {
        let mut idle = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&idle);
        while is_active(pid) {
            std::thread::yield_now();
        }
        let mut busy = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        assert!(is_active(Pid::from_child(&busy)));
        let mut parent = Command::new("sh").args(["-c", "(while :; do :; done) & wait"]).spawn().unwrap();
        while !fs::read_to_string(format!("/proc/{0}/task/{0}/children", parent.id())).unwrap().contains(' ') {
            std::thread::yield_now();
        }
        assert!(is_active(Pid::from_child(&parent)), "its child is");
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", parent.id())).unwrap();
        Command::new("kill").args(children.split_whitespace()).status().unwrap();
        for child in [&mut idle, &mut busy, &mut parent] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[test]
    fn the_state_stands_behind_the_name_whatever_that_is() {
        assert!(is_busy("12 (a) R b) R 1 2"));
        assert!(!is_busy("12 (R) S 1 2"));
        assert!(!is_busy(""));
    }
}
