//! Finds names in long lists.

use std::borrow::Cow;
use std::collections::HashMap;

/// A list that is shorter is looked through in less time than a table takes.
const FEW: usize = 16;

/// Where names stand in a list to which others are added at its end.
#[derive(Debug, Clone, Default)]
pub(in crate::plan) struct Index<'p> {
    places: HashMap<Cow<'p, str>, usize>,
    /// How many of the list are noted.
    noted: usize,
}

impl<'p> Index<'p> {
    /// Notes what was added to the list.
    pub(in crate::plan) fn note<T>(&mut self, list: &[T], name: impl Fn(&T) -> &Cow<'p, str>) {
        if list.len() <= FEW {
            return;
        }
        for (place, item) in list.iter().enumerate().skip(self.noted) {
            self.places.entry(name(item).clone()).or_insert(place);
        }
        self.noted = list.len();
    }

    /// The first place of a name in the list.
    pub(in crate::plan) fn find<T>(
        &self,
        list: &[T],
        wanted: &str,
        name: impl Fn(&T) -> &Cow<'p, str>,
    ) -> Option<usize> {
        if list.len() <= FEW {
            return list.iter().position(|item| name(item) == wanted);
        }
        debug_assert_eq!(self.noted, list.len(), "the list has changed");
        self.places.get(wanted).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_is_found() {
        let (mut list, mut index) = (Vec::new(), Index::default());
        for at in 0..100 {
            list.push(Cow::Owned(format!("name{}", at % 90)));
            index.note(&list, |name| name);
            for sought in 0..100 {
                let place = (sought <= at && sought < 90).then_some(sought);
                assert_eq!(index.find(&list, &format!("name{sought}"), |name| name), place, "{sought} of {at}");
            }
        }
    }
}
