//! Chunks as they were decoded last, so that asking again for what is on the screen reads nothing twice.

use super::super::columns::Columns;
use super::super::digest::Block;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a decoded chunk or digest weighs beside its contents.
const OVERHEAD_BYTES: usize = 256;

/// Bytes of a sample in memory: time, value, quality, and the slack of its lists.
const SAMPLE_BYTES: usize = 24;

/// Bytes for each unit of weight beyond one a sample: texts.
const WEIGHT_BYTES: usize = 64;

/// Decoded chunks and digests by the number of their row, bounded in bytes: those asked for longest ago make room.
///
/// Shared between readers of one file; a plain lock, held for moments.
#[derive(Debug)]
pub struct ChunkCache {
    inner: Mutex<Inner>,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    bytes: usize,
    /// Counts the questions: the greater, the later.
    now: u64,
    file: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Chunk(i64),
    Digest(i64),
}

#[derive(Debug)]
struct Entry {
    what: Decoded,
    bytes: usize,
    used: u64,
}

#[derive(Debug, Clone)]
enum Decoded {
    Chunk(Arc<Columns>),
    Digest(Arc<[Block]>),
}

impl ChunkCache {
    /// An empty one that holds at most so many bytes.
    pub fn new(most_bytes: usize) -> Self {
        Self { inner: Mutex::default(), most_bytes }
    }

    /// Forgets all where the history's file is another one than before (see [`super::super::Recent::file`]).
    pub fn of_file(&self, file: u64) {
        let mut inner = self.lock();
        if inner.file != file {
            *inner = Inner { file, ..Inner::default() };
        }
    }

    /// A chunk's samples, if they are here.
    pub fn chunk(&self, body: i64) -> Option<Arc<Columns>> {
        match self.find(Key::Chunk(body))? {
            Decoded::Chunk(columns) => Some(columns),
            Decoded::Digest(_) => None,
        }
    }

    /// A chunk's digest, if it is here.
    pub fn digest(&self, body: i64) -> Option<Arc<[Block]>> {
        match self.find(Key::Digest(body))? {
            Decoded::Digest(blocks) => Some(blocks),
            Decoded::Chunk(_) => None,
        }
    }

    /// Keeps a chunk's samples.
    pub fn keep_chunk(&self, body: i64, columns: &Arc<Columns>) {
        let text = columns.weight().saturating_sub(columns.len()) * WEIGHT_BYTES;
        self.keep(Key::Chunk(body), Decoded::Chunk(columns.clone()), columns.len() * SAMPLE_BYTES + text);
    }

    /// Keeps a chunk's digest.
    pub fn keep_digest(&self, body: i64, blocks: &Arc<[Block]>) {
        self.keep(Key::Digest(body), Decoded::Digest(blocks.clone()), size_of_val(blocks.as_ref()));
    }

    /// How many bytes are held, estimated.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn find(&self, key: Key) -> Option<Decoded> {
        let mut inner = self.lock();
        inner.now += 1;
        let now = inner.now;
        let entry = inner.entries.get_mut(&key)?;
        entry.used = now;
        Some(entry.what.clone())
    }

    fn keep(&self, key: Key, what: Decoded, bytes: usize) {
        let bytes = bytes + OVERHEAD_BYTES;
        if bytes > self.most_bytes {
            return;
        }
        let mut inner = self.lock();
        if inner.bytes + bytes > self.most_bytes {
            inner.make_room(self.most_bytes - bytes);
        }
        inner.now += 1;
        let used = inner.now;
        if let Some(before) = inner.entries.insert(key, Entry { what, bytes, used }) {
            inner.bytes -= before.bytes;
        }
        inner.bytes += bytes;
    }

    /// Whoever panicked while holding the lock left whole entries at least.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Lets go of the longest unused until at most `most` bytes are left, and of some more, so that this is rare.
    fn make_room(&mut self, most: usize) {
        let mut by_age: Vec<(u64, Key)> = self.entries.iter().map(|(key, entry)| (entry.used, *key)).collect();
        by_age.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in by_age {
            if self.bytes <= most / 8 * 7 {
                break;
            }
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::Sample;
    use super::*;
    use crate::time::Utc;

    fn chunk(count: i64) -> Arc<Columns> {
        Arc::new((0..count).map(|t| Sample::good(Utc(t), 1.0)).collect())
    }

    #[test]
    fn what_was_asked_for_longest_ago_makes_room() {
        let cache = ChunkCache::new(100_000);
        for body in 0..4 {
            cache.keep_chunk(body, &chunk(900));
        }
        assert!(cache.chunk(0).is_some(), "all have room");
        cache.keep_chunk(4, &chunk(900));
        assert!(cache.bytes() <= 100_000);
        assert!(cache.chunk(1).is_none(), "the one that was not asked for again");
        assert!(cache.chunk(0).is_some() && cache.chunk(4).is_some());
        cache.keep_chunk(5, &chunk(9_000));
        assert!(cache.chunk(5).is_none(), "larger than all the room");
    }

    #[test]
    fn another_file_has_other_chunks() {
        let cache = ChunkCache::new(100_000);
        cache.of_file(0);
        cache.keep_chunk(1, &chunk(10));
        cache.of_file(0);
        assert!(cache.chunk(1).is_some() && cache.digest(1).is_none());
        cache.of_file(1);
        assert!(cache.chunk(1).is_none());
        assert_eq!(cache.bytes(), 0);
    }
}
