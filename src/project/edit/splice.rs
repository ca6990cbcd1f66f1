//! Changes of a text as values: what is taken out where, and what is put there instead.

/// One place of a change. `at` counts in the text before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: usize,
    pub(super) old: Box<str>,
    pub(super) new: Box<str>,
}

impl Splice {
    pub(super) const fn end(&self) -> usize {
        self.at + self.old.len()
    }
}

/// Places in order, none over another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Change(Vec<Splice>);

impl Change {
    /// Invariant kept by the caller: in order, none over another.
    pub(super) fn of(splices: Vec<Splice>) -> Self {
        debug_assert!(splices.is_sorted_by(|a, b| a.end() <= b.at), "{splices:?}");
        Self(splices)
    }

    pub(super) fn splices(&self) -> &[Splice] {
        &self.0
    }

    /// Bytes that it takes to remember it.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|splice| splice.old.len() + splice.new.len() + size_of::<Splice>()).sum()
    }

    /// How much longer the text becomes.
    pub(super) fn growth(&self) -> i64 {
        self.0.iter().map(|splice| splice.new.len() as i64 - splice.old.len() as i64).sum()
    }

    /// How much of the text lies between its first place and its last.
    pub(super) fn reach(&self) -> usize {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return 0 };
        last.at + last.old.len().max(last.new.len()) - first.at
    }

    /// Whether something stood at each of its places, and something stands there after it.
    pub(super) fn is_of_values(&self) -> bool {
        self.0.iter().all(|splice| !splice.old.is_empty() && !splice.new.is_empty())
    }

    /// The text after it, in one pass.
    pub(super) fn applied(&self, text: &str) -> String {
        let mut after = String::with_capacity((text.len() as i64 + self.growth()).max(0) as usize);
        let mut at = 0;
        for splice in &self.0 {
            debug_assert_eq!(text.get(splice.at..splice.end()), Some(&*splice.old), "the text is another");
            after.push_str(text.get(at..splice.at).unwrap_or(""));
            after.push_str(&splice.new);
            at = splice.end();
        }
        after.push_str(text.get(at..).unwrap_or(""));
        after
    }

    /// This and the next one as one, where both change one and the same value.
    pub(super) fn joined(&self, next: &Self) -> Option<Self> {
        let ([first], [second]) = (self.0.as_slice(), next.0.as_slice()) else { return None };
        let same = first.at == second.at && first.new == second.old && !first.new.is_empty();
        same.then(|| Self(vec![Splice { at: first.at, old: first.old.clone(), new: second.new.clone() }]))
    }

    /// Whether the text stays as it is.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.iter().all(|splice| splice.old == splice.new)
    }

    /// What takes it back.
    pub(super) fn inverse(&self) -> Self {
        let mut moved = 0_i64;
        let back = |splice: &Splice| {
            let at = (splice.at as i64 + moved) as usize;
            moved += splice.new.len() as i64 - splice.old.len() as i64;
            Splice { at, old: splice.new.clone(), new: splice.old.clone() }
        };
        Self(self.0.iter().map(back).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_and_its_inverse_give_the_same_bytes() {
        let text = "one two three";
        let splice = |at: usize, old: &str, new: &str| Splice { at, old: old.into(), new: new.into() };
        let change = Change::of(vec![splice(0, "one", "eleven"), splice(4, "", "and "), splice(8, "three", "3")]);
        let after = change.applied(text);
        assert_eq!(after, "eleven and two 3");
        assert_eq!(change.inverse().applied(&after), text);
        assert_eq!(change.growth(), 3);
    }
}
