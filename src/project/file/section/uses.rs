//! What was found in what templates make: told where it is mended.

use super::Reader;
use crate::project::{Issue, Origin, Place, Severity};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Of which use an issue is.
#[derive(Debug, Clone)]
pub struct OfUse {
    /// The use.
    pub origin: Arc<Origin>,
    /// Where the table begins, in the template, of what was made.
    pub made_at: usize,
}

impl Reader<'_> {
    /// Folds the issues from `first` on, each found in the use of a template that `of` tells: what several uses have in
    /// common is told once, with the first of them. What all of `uses`, that make the same, have in common is the template's
    /// fault and told there; all else is told where the use stands whose values are at fault.
    pub fn told_of_uses(&mut self, first: usize, of: &[OfUse], uses: &HashMap<usize, HashSet<Place>>) {
        let own = self.errors.partition_point(|error| *error < first);
        self.errors.truncate(own);
        let found = self.issues.split_off(first.min(self.issues.len()));
        let mut at_fault: HashMap<Place, HashSet<Place>> = HashMap::new();
        for (issue, of) in found.iter().zip(of) {
            at_fault.entry(issue.place).or_default().insert(of.origin.place);
        }
        let mut kept: Vec<(Issue, &OfUse)> = Vec::new();
        let mut seen: HashMap<(Place, Option<Place>, String), usize> = HashMap::new();
        for (mut issue, of) in found.into_iter().zip(of) {
            let all = uses.get(&of.made_at).map_or(0, HashSet::len);
            if at_fault.get(&issue.place).map_or(0, HashSet::len) < all {
                issue.found_in_use(&of.origin);
            }
            let nth = *seen.entry((issue.place, issue.in_template, issue.message.clone())).or_insert(kept.len());
            match kept.get_mut(nth) {
                Some((first, _)) => first.also.push(issue.subject),
                None => kept.push((issue, of)),
            }
        }
        for (mut issue, of) in kept {
            issue.tell_use(&of.origin, issue.also.len());
            if issue.severity == Severity::Error {
                self.errors.push(self.issues.len());
            }
            self.issues.push(issue);
        }
    }
}
