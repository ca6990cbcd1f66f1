//! Topics that a filter with wildcards brings: told once to whoever makes tags of them, and held until those are there.
//!
//! Invariant: bounded. What comes beyond is a fault that is told, and the topics before it go on.

use super::topics::Topics;
use crate::engine::Generation;
use crate::project::family::Member;
use crate::time::Now;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Most topics of one connection that were found and feed no tag.
const MOST_FOUND: usize = 20_000;

/// Most bytes of their messages that are held.
const MOST_HELD_BYTES: usize = 16 << 20;

/// More topics for a connection that stands. The newest counts, and is kept for one that is made anew.
pub type Growth = watch::Receiver<Option<Arc<Grown>>>;

/// See [`Growth`].
#[derive(Debug)]
pub struct Grown {
    /// Of which plan they are.
    pub generation: Generation,
    /// What its device is called in that.
    pub device: Arc<str>,
    /// All topics of the connection.
    pub topics: Topics,
}

/// Topics of one connection that were found and feed no tag yet, with the newest message of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// A sender may choose names so that they collide under a quick hash: it is seeded at random.
    topics: HashMap<Box<[u8]>, Option<Message>, RandomState>,
    bytes: usize,
}

/// A message that is held.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) payload: Box<[u8]>,
    pub(super) retained: bool,
    pub(super) received: Now,
}

impl Found {
    /// Whether it was told.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.topics.contains_key(name)
    }

    /// A topic that was not.
    ///
    /// # Errors
    /// Where there are too many, in words.
    pub(super) fn begin(&mut self, name: &[u8]) -> Result<(), Arc<str>> {
        if self.topics.len() >= MOST_FOUND {
            return Err(format!("makes no tag: {MOST_FOUND} other topics that match wait for theirs").into());
        }
        self.topics.insert(name.into(), None);
        Ok(())
    }

    /// Holds a message in the place of the one before, where there is room.
    pub(super) fn hold(&mut self, name: &[u8], payload: &[u8], retained: bool, received: Now) {
        let Some(place) = self.topics.get_mut(name) else { return };
        // As at a subscription: what is retained is older than what came live.
        if retained && place.as_ref().is_some_and(|message| !message.retained) {
            return;
        }
        let before = place.take().map_or(0, |message| message.payload.len());
        self.bytes -= before;
        if self.bytes + payload.len() <= MOST_HELD_BYTES {
            self.bytes += payload.len();
            *place = Some(Message { payload: payload.into(), retained, received });
        }
    }

    /// It feeds a tag from now on. Its message, where one is held.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<Message> {
        let message = self.topics.remove(name)??;
        self.bytes -= message.payload.len();
        Some(message)
    }
}

/// Where a connection tells what it found, and reads what came of it. A clone is the same.
#[derive(Debug, Clone)]
pub struct Finder {
    device: Arc<str>,
    desk: Finds,
}

/// What all connections found. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Finds(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// A plain mutex, held for moments. Bounded by [`MOST_FOUND`] for each connection, as each topic is told once.
    inner: Mutex<Inner>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    found: Vec<Member>,
    /// By device: what makes no tag, and why, not read yet.
    words: BTreeMap<Arc<str>, Arc<str>>,
    closed: bool,
}

impl Finds {
    /// For the connection of a device.
    pub fn finder(&self, device: Arc<str>) -> Finder {
        Finder { device, desk: self.clone() }
    }

    /// Waits until something is found, then so much longer for what is found together with it. `None`: closed.
    pub fn wait(&self, gather: Duration) -> Option<Vec<Member>> {
        let inner = self.lock();
        let quiet = |inner: &mut Inner| !inner.closed && inner.found.is_empty();
        let inner = self.0.told.wait_while(inner, quiet).unwrap_or_else(PoisonError::into_inner);
        let open = |inner: &mut Inner| !inner.closed;
        let (mut inner, _) =
            self.0.told.wait_timeout_while(inner, gather, open).unwrap_or_else(PoisonError::into_inner);
        (!inner.closed).then(|| std::mem::take(&mut inner.found))
    }

    /// Puts back what could not be taken up; it is found again at once.
    pub fn put_back(&self, mut found: Vec<Member>) {
        let mut inner = self.lock();
        found.append(&mut inner.found);
        inner.found = found;
    }

    /// Says at a device what makes no tag.
    pub fn say(&self, device: Arc<str>, words: Arc<str>) {
        self.lock().words.insert(device, words);
    }

    /// Nobody waits any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.0.told.notify_all();
    }

    /// Whoever panicked while it held this left it whole: every change is one statement.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Finder {
    /// A topic of which a message came for the first time.
    pub(super) fn tell(&self, topic: &str) {
        self.desk.lock().found.push(Member { device: Arc::clone(&self.device), topic: topic.into() });
        self.desk.0.told.notify_all();
    }

    /// What makes no tag, once.
    pub(super) fn words(&self) -> Option<Arc<str>> {
        self.desk.lock().words.remove(&self.device)
    }
}
