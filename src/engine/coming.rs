//! What is told of an occurrence when it is raised, as the note of its entry: `limit 95 %; found at start; first out of tank farm`.
//!
//! The parts stand in this order, each where there is something to say. The journal alone rebuilds the state, so what is
//! written here is read back here.

use super::alarm::Limit;
use std::sync::Arc;

const LIMIT: &str = "limit ";
const FIRST_OUT: &str = "first out of ";
const BETWEEN: &str = "; ";

/// The parts of the note of a `raised` entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coming {
    /// The limit that it was judged by.
    pub limit: Option<Limit>,
    /// Why it came, where that is not simply its value: `found at start`, `shelving ended`.
    pub why: Option<Arc<str>>,
    /// The group that it is the first of.
    pub first_out_of: Option<Arc<str>>,
}

impl Coming {
    /// As the journal keeps it; `unit`: of the limit.
    pub fn note(&self, unit: &str) -> Option<Arc<str>> {
        let limit = self.limit.map(|limit| format!("{LIMIT}{}", limit.words(unit)));
        let first = self.first_out_of.as_ref().map(|group| format!("{FIRST_OUT}{group}"));
        let parts: Vec<&str> =
            [limit.as_deref(), self.why.as_deref(), first.as_deref()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(BETWEEN).into())
    }

    /// From the note of an entry. Whatever it says is read as far as it goes.
    pub fn parse(note: &str) -> Self {
        let (rest, first_out_of) = match note.strip_prefix(FIRST_OUT) {
            Some(group) => ("", Some(group.into())),
            None => match note.split_once(&format!("{BETWEEN}{FIRST_OUT}")) {
                Some((rest, group)) => (rest, Some(group.into())),
                None => (note, None),
            },
        };
        let (head, tail) = rest.split_once(BETWEEN).unwrap_or((rest, ""));
        let number = head.strip_prefix(LIMIT).map(|words| words.split(' ').next().unwrap_or_default());
        let limit = number.and_then(Limit::parse);
        let why = if limit.is_some() { tail } else { rest };
        Self { limit, why: Some(why).filter(|w| !w.is_empty()).map(Arc::from), first_out_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_told_of_an_occurrence_reads_as_a_sentence() {
        let coming = Coming {
            limit: Some(Limit::At(95.0)),
            why: Some("found at start".into()),
            first_out_of: Some("tank farm; north".into()),
        };
        let note = coming.note("%").unwrap();
        assert_eq!(&*note, "limit 95 %; found at start; first out of tank farm; north");
        assert_eq!(Coming::parse(&note), coming);
        assert_eq!(Coming::default().note("%"), None);
        // Notes of other versions and people.
        assert_eq!(Coming::parse("found at start").why.as_deref(), Some("found at start"));
        assert_eq!(Coming::parse("limit of patience").limit, None);
    }

    proptest! {
        #[test]
        fn the_journal_gives_back_what_was_told(
            limit in proptest::option::of(proptest::num::f64::NORMAL),
            unit in "|%|m³/h",
            why in proptest::option::of("(found at start|shelving ended, 2 came meanwhile|rate 1.5 %/s)"),
            group in proptest::option::of("[a-z; ]{1,12}[a-z]"),
        ) {
            let coming = Coming {
                limit: limit.map(Limit::At),
                why: why.map(Into::into),
                first_out_of: group.map(Into::into),
            };
            let read = coming.note(&unit).map(|note| Coming::parse(&note)).unwrap_or_default();
            prop_assert_eq!(read, coming);
        }
    }
}
