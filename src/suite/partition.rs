//! A share of the tests, for one of several machines: what nextest calls a partition.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use twox_hash::XxHash64;

use super::find::Found;
use super::run::Runner;

/// One of `of` shares of all tests, `count:2/4` or `hash:2/4`. Of the same names nextest makes the
/// same shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    by: By,
    index: u64,
    of: u64,
}

/// What decides which share a test belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Its place in the list: as even as can be.
    Count,
    /// Its name alone: a new test moves no other one.
    Hash,
}

impl Partition {
    /// Which of these names are in the share. The list is that of all names, in order, each once.
    pub fn share(self, mut names: Vec<String>) -> BTreeSet<String> {
        names.sort_unstable();
        names.dedup();
        let numbered = (0..).zip(names);
        numbered.filter(|(at, name)| self.has(*at, name)).map(|(_, name)| name).collect()
    }

    fn has(self, at: u64, name: &str) -> bool {
        let number = match self.by {
            By::Count => at,
            By::Hash => XxHash64::oneshot(0, name.as_bytes()),
        };
        number % self.of == self.index - 1
    }
}

impl Runner {
    /// Keeps of the selected tests those of a share only, and gives how many there were in all shares.
    /// The tests that the machine lacks something for count with the others, so that machines that
    /// differ share the same list.
    pub fn keep_partition(&mut self, partition: Partition, found: &mut Vec<Found>) -> usize {
        let listed: Vec<Vec<String>> = found.iter().map(|found| self.names(found)).collect();
        let all: Vec<String> = listed.iter().flatten().cloned().collect();
        let count = all.len();
        let share = partition.share(all);
        let mut listed = listed.iter();
        found.retain(|_| listed.next().is_some_and(|names| names.iter().any(|name| share.contains(name))));
        self.selection.only = Some(Arc::new(share));
        count
    }

    fn names(&self, found: &Found) -> Vec<String> {
        self.list(found, false).into_iter().map(|test| test.name).collect()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            By::Count => "count",
            By::Hash => "hash",
        };
        write!(out, "{by}:{}/{}", self.index, self.of)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write `count:K/N` or `hash:K/N`, such as `count:1/4` for the first of four";
        let (by, rest) = text.split_once(':').ok_or(FORM)?;
        let by = match by {
            "count" => By::Count,
            "hash" => By::Hash,
            _ => return Err(format!("there is no partition by `{by}`; {FORM}")),
        };
        let (index, of) = rest.split_once('/').ok_or(FORM)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is not a whole number; {FORM}"));
        let (index, of) = (number(index)?, number(of)?);
        match (index, of) {
            (_, 0) => Err("there are 0 partitions; it takes at least 1".to_owned()),
            (0, _) => Err(format!("partitions are counted from 1, so K is 1 to {of}, not 0")),
            _ if index > of => Err(format!("there is no partition {index} of {of}; K is 1 to {of}")),
            _ => Ok(Self { by, index, of }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn share(partition: &str, names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        partition.parse::<Partition>().unwrap().share(names).into_iter().collect()
    }

    #[test]
    fn shares_are_dealt_out_in_the_order_of_the_names() {
        let names = ["e", "b", "a[x=1]", "a-b", "d", "c", "b"];
        assert_eq!(share("count:1/2", &names), ["a-b", "b", "d"]);
        assert_eq!(share("count:2/2", &names), ["a[x=1]", "c", "e"]);
        assert_eq!(share("count:1/1", &names).len(), 6);
        assert!(share("count:9/9", &names).is_empty());
    }

    #[test]
    fn by_hash_a_test_has_its_share_whatever_else_there_is() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let [one, two, three] = ["hash:1/3", "hash:2/3", "hash:3/3"].map(|partition| share(partition, &names));
        let mut all: Vec<&String> = one.iter().chain(&two).chain(&three).collect();
        all.sort();
        assert_eq!(all, names.iter().collect::<Vec<_>>());
        for name in &one {
            assert_eq!(share("hash:1/3", &[name]), [name.as_str()]);
        }
    }

    #[test]
    fn what_is_no_partition_is_explained() {
        let wrong = |text: &str| text.parse::<Partition>().unwrap_err();
        assert!(wrong("count:0/4").contains("counted from 1"));
        assert!(wrong("count:5/4").contains("no partition 5 of 4"));
        assert!(wrong("count:0/0").contains("0 partitions"));
        assert!(wrong("hash:x/4").contains("`x` is not a whole number"));
        assert!(wrong("slice:1/4").contains("no partition by `slice`"));
        for text in ["1/4", "count:1", "count:", "count:-1/4", "count:1/4/5", ""] {
            assert!(wrong(text).contains("count:K/N"), "{text}: {}", wrong(text));
        }
        for text in ["count:1/4", "hash:4/4"] {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
    }
}
