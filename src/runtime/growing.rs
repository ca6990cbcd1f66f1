//! The thread that makes tags of topics that were found: gathers them for a moment, puts the project with their tags into
//! force, and keeps them for the next start.
//!
//! Invariant: a burst of topics is one or a few changes of the plan, and topics that trickle in are one every
//! eight seconds at most.

use super::force::{Force, found_words};
use crate::drivers::mqtt::families::Finds;
use crate::engine::{Entry, Event};
use crate::historian::{Tenure, members};
use crate::project::Member;
use crate::project::family::LeftOut;
use crate::text::visible;
use crate::time::{Clock, Span};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// How long is waited for what is found together.
const GATHER: Span = Span::from_millis(500);

/// The same, where batch comes upon batch.
const LONGEST_GATHER: Span = Span::from_secs(8);

/// The thread. Dropping it ends it.
#[derive(Debug)]
pub struct Growing {
    finds: Finds,
    thread: Option<JoinHandle<()>>,
}

impl Growing {
    /// Starts it. `folder`: where members are kept, if anywhere.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        force: Arc<Mutex<Force>>,
        finds: Finds,
        folder: Option<Tenure>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let work = Work { force, finds: finds.clone(), folder, clock, left_out: BTreeMap::new(), unsaved: false };
        let thread = thread::Builder::new().name("growing".to_owned()).spawn(move || work.run())?;
        Ok(Self { finds, thread: Some(thread) })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.finds.close();
        if let Some(Err(_panicked)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("making tags of topics ended by a fault of the program");
        }
    }
}

/// What the thread owns.
struct Work {
    force: Arc<Mutex<Force>>,
    finds: Finds,
    folder: Option<Tenure>,
    clock: Clock,
    /// By device, how many topics make no tag.
    left_out: BTreeMap<Arc<str>, usize>,
    /// Members that are not on disk.
    unsaved: bool,
}

impl Work {
    fn run(mut self) {
        let mut gather = GATHER;
        let mut last = None;
        while let Some(found) = self.finds.wait(gather.to_std()) {
            self.take_up(found);
            let now = self.clock.now().mono;
            let soon = last.is_some_and(|last| now - last < Span(gather.0 * 4));
            gather = if soon { Span(gather.0 * 2).min(LONGEST_GATHER) } else { GATHER };
            last = Some(now);
        }
        if self.unsaved {
            self.save();
        }
    }

    fn take_up(&mut self, found: Vec<Member>) {
        let entry = Entry::new(self.clock.now().utc, Event::Deployed);
        let grown = lock(&self.force).grow(&found, entry);
        match grown {
            Ok(growth) => {
                if !growth.tags.is_empty() {
                    tracing::info!("{}", visible(&found_words(&growth.tags)));
                    self.save();
                }
                self.tell(&growth.left_out);
            }
            Err(why) => {
                tracing::debug!("topics that were found wait: {why}");
                self.finds.put_back(found);
            }
        }
    }

    /// Tells what makes no tag: in the log, and at its device.
    fn tell(&mut self, left_out: &[LeftOut]) {
        let mut newest: BTreeMap<&Arc<str>, &LeftOut> = BTreeMap::new();
        for one in left_out {
            *self.left_out.entry(Arc::clone(&one.member.device)).or_default() += 1;
            newest.insert(&one.member.device, one);
        }
        for (device, LeftOut { member, why }) in newest {
            let topics = self.left_out.get(device).copied().unwrap_or_default();
            let words = format!("{topics} topic{} of it make no tag, the last {}: {why}", plural(topics), member.topic);
            let words = visible(&words).into_owned();
            tracing::warn!(%device, "{words}");
            self.finds.say(Arc::clone(device), words.into());
        }
    }

    fn save(&mut self) {
        let Some(folder) = &self.folder else { return };
        // Held meanwhile: who forgets a topic writes the same file.
        let saved = {
            let force = lock(&self.force);
            members::write(folder.path(), force.members())
        };
        self.unsaved = saved.is_err();
        if let Err(error) = saved {
            tracing::warn!("which topics make tags could not be kept for the next start: {error}");
        }
    }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Whoever panicked while it held this left a plan that is in force, or the one before.
pub fn lock(force: &Mutex<Force>) -> MutexGuard<'_, Force> {
    force.lock().unwrap_or_else(PoisonError::into_inner)
}
