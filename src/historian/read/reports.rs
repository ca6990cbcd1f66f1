//! What is counted and told over a time: figures, and hand-overs.

use super::JournalReader;
use super::find::Order;
use crate::engine::figures::{Counting, Figures, LEAD_IN};
use crate::engine::handover::{Handover, Writing};
use crate::engine::{Entry, Plan};
use crate::historian::JournalError;
use crate::historian::search::Search;
use crate::time::{Span, Utc};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

/// Entries behind the end of a period are read for so long, in case the clock was set back into it.
const CLOCK_SET_BACK: Span = Span::from_secs(86_400);

impl JournalReader {
    /// The figures from `from` up to before `to`. `None`: `unwanted` was set meanwhile.
    pub fn figures(&self, from: Utc, to: Utc, unwanted: &AtomicBool) -> Result<Option<Figures>, JournalError> {
        let (first, memories) = self.memories_at(from + Span(-LEAD_IN.0))?;
        let mut counting = Counting::new(from, to, &memories);
        let whole = self.each_from(first, to, unwanted, |entry| counting.take(entry))?;
        Ok(whole.then(|| counting.finish()))
    }

    /// The hand-over from `since` to `until`; `plan` says what its alarms mean. `None`: `unwanted` was set meanwhile.
    pub fn handover(
        &self,
        since: Utc,
        until: Utc,
        plan: &Plan,
        unwanted: &AtomicBool,
    ) -> Result<Option<Handover>, JournalError> {
        let (first, memories) = self.memories_at(since)?;
        let mut writing = Writing::new(since, memories, plan);
        if let Some(before) = self.last_before(first, unwanted)? {
            writing = writing.after(&before);
        }
        let whole = self.each_from(first, until + Span(1), unwanted, |entry| writing.take(entry))?;
        Ok(whole.then(|| writing.finish(until)))
    }

    /// The last entry with a lower number. `None`: the journal begins later.
    fn last_before(&self, number: u64, unwanted: &AtomicBool) -> Result<Option<Entry>, JournalError> {
        let mut found = None;
        self.find(&Search::default(), Order::NewestFirst, Some(number), unwanted, &mut |row| {
            found = row.to_entry();
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// Hands out the entries before `to`, from the number `first` on. `false`: `unwanted` was set meanwhile.
    fn each_from(
        &self,
        first: u64,
        to: Utc,
        unwanted: &AtomicBool,
        mut each: impl FnMut(&Entry),
    ) -> Result<bool, JournalError> {
        let beyond = Some(first.saturating_sub(1));
        self.find(&Search::default(), Order::OldestFirst, beyond, unwanted, &mut |row| {
            if row.time < to.0 {
                if let Some(entry) = row.to_entry() {
                    each(&entry);
                }
            } else if row.time - to.0 > CLOCK_SET_BACK.0 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    }
}
