//! The time of the newest sample of each tag, kept as commits come: a list in order of the tags, as commits are.

use super::sample::SeriesId;

/// See the module. Times are in microseconds.
#[derive(Debug, Default)]
pub struct Newest(Vec<(SeriesId, i64)>);

impl Newest {
    /// Takes those of a commit, in order of their tags, none twice.
    pub fn take(&mut self, commit: impl Iterator<Item = (SeriesId, i64)>) {
        let mut first_of = Vec::new();
        let mut at = 0;
        for (series, time) in commit {
            at += ahead(self.0.get(at..).unwrap_or_default(), series);
            match self.0.get_mut(at).filter(|(known, _)| *known == series) {
                Some((_, newest)) => *newest = time.max(*newest),
                None => first_of.push((series, time)),
            }
        }
        if !first_of.is_empty() {
            self.0.append(&mut first_of);
            // Two runs in order.
            self.0.sort_by_key(|(series, _)| *series);
        }
    }

    /// Of one tag.
    pub fn of(&self, series: SeriesId) -> Option<i64> {
        let at = self.0.binary_search_by_key(&series, |(known, _)| *known).ok()?;
        self.0.get(at).map(|(_, time)| *time)
    }

    /// Of all tags.
    pub fn all(&self) -> &[(SeriesId, i64)] {
        &self.0
    }
}

/// How many come before this tag. Costs little where that is few, as it is from one tag of a commit to the next.
fn ahead(known: &[(SeriesId, i64)], series: SeriesId) -> usize {
    let before = |at: usize| known.get(at).is_some_and(|(known, _)| *known < series);
    let (mut low, mut step) = (0, 1);
    while before(low + step - 1) {
        (low, step) = (low + step, step * 2);
    }
    let high = known.len().min(low + step - 1);
    low + known.get(low..high).map_or(0, |rest| rest.partition_point(|(known, _)| *known < series))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_what_a_map_of_them_would_be(
            commits in prop::collection::vec(prop::collection::btree_map(0_u32..60, -9_i64..9, 0..40), 0..8)
        ) {
            let (mut newest, mut wanted) = (Newest::default(), BTreeMap::new());
            for commit in commits {
                newest.take(commit.iter().map(|(series, time)| (SeriesId(*series), *time)));
                for (series, time) in commit {
                    let known = wanted.entry(SeriesId(series)).or_insert(time);
                    *known = time.max(*known);
                }
            }
            prop_assert_eq!(newest.all().to_vec(), wanted.clone().into_iter().collect::<Vec<_>>());
            for series in (0..61).map(SeriesId) {
                prop_assert_eq!(newest.of(series), wanted.get(&series).copied());
            }
        }
    }
}
