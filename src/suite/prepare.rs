//! What a process does before its first test: it gets the right to isolated networks, where one needs
//! it, raises the limit of descriptors, and makes what programs are started with.

use super::find::Found;
use super::glance::Word;
use super::load::Loaded;
use super::run::Runner;
use crate::exec;

impl Runner {
    /// Sees to it that this process may create isolated networks, if a selected test has one. It must
    /// have one thread only. What keeps it from them is the reason why those tests are ignored. Nothing
    /// of a test may be open yet: programs are started with what has a lower number.
    pub fn prepare(&self, found: &[Found]) {
        exec::raise_open_files();
        exec::prepare_programs();
        if found.iter().any(|spec| self.has_isolated_test(spec)) && !exec::may_isolate() {
            // The reason is asked for again by each test that needs it.
            let _ = exec::prepare_isolation();
        }
    }

    /// The same for who does not know yet which tests there will be.
    pub fn prepare_for_all(&self) {
        self.prepare(&[]);
        let _ = exec::prepare_isolation();
    }

    /// Whether one of a spec's selected tests runs on a network of its own. Most specs do not have
    /// the word in them, so they are not parsed for it.
    fn has_isolated_test(&self, found: &Found) -> bool {
        if ![Word::Network, Word::Netns].iter().any(|word| found.glance().has(*word)) {
            return false;
        }
        let Ok(loaded) = Loaded::read(found, &self.settings) else { return false };
        self.selection.takes_spec(&loaded)
            && loaded.cases.iter().any(|case| {
                self.selection.takes_name(&case.test_name(&found.name))
                    && loaded.requires(case).any(|word| word == "netns")
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;
    use crate::suite::{Layout, Selection, find};

    #[test]
    fn a_test_on_a_network_of_its_own_is_found_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        let steps = "steps:\n  - server: {listen: tcp}\n";
        let spec = |name: &str, keys: &str| {
            fs::write(folder.path().join(name), format!("about: About a network.\n{keys}{steps}")).unwrap();
        };
        spec("host.yaml", "");
        spec("cases.yaml", "tags: [t]\nmatrix: {on: [host, isolated]}\nnetwork: ${on}\n");
        spec("hosts.yaml", "network: {hosts: {a: 10.0.0.1}}\n");
        spec("netns.yaml", "requires: [netns]\n");
        let found = find::find(&[folder.path().to_owned()], &Layout::Nearest { snapshots: None }).unwrap();
        let needing = |names: &[&str], tags: &[&str]| -> Vec<String> {
            let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let selection = Selection { names: all(names), tags: all(tags), ..Selection::default() };
            let runner = Runner { selection, ..Runner::default() };
            found.iter().filter(|spec| runner.has_isolated_test(spec)).map(|spec| spec.name.clone()).collect()
        };
        assert_eq!(needing(&[], &[]), ["cases", "hosts", "netns"]);
        assert_eq!(needing(&["hosts", "isolated"], &[]), ["cases", "hosts"]);
        assert_eq!(needing(&["on=host"], &[]), [""; 0]);
        assert_eq!(needing(&[], &["t"]), ["cases"]);
    }
}
