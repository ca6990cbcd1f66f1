//! Chunks as they were decoded last, and rows of summaries, so that asking again for what is on the screen reads nothing
//! twice.

use super::super::columns::Columns;
use super::super::digest::Block;
use super::super::rows::SummaryRow;
use super::super::sample::SeriesId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a decoded chunk or digest weighs beside its contents.
const OVERHEAD_BYTES: usize = 256;

/// Bytes of a sample in memory: time, value, quality, and the slack of its lists.
const SAMPLE_BYTES: usize = 24;

/// Bytes for each unit of weight beyond one a sample: texts.
const WEIGHT_BYTES: usize = 64;

/// Rows of summaries that were read together.
#[derive(Debug, Default)]
pub struct Page {
    /// In order of time.
    pub rows: Vec<PageRow>,
    /// Whether there are more behind them.
    pub more: bool,
}

/// A row of a [`Page`].
#[derive(Debug, Clone, Copy)]
pub struct PageRow {
    /// What it says.
    pub row: SummaryRow,
    /// Chunks lie between the row before and this one, which no row of their level sums up.
    pub after_unsummed: bool,
}

/// Which rows: those of a tag's level from the one that holds at `from` on, to the last that begins before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageKey {
    /// Of this tag.
    pub series: SeriesId,
    /// Of this level.
    pub level: u8,
    /// In microseconds.
    pub from: i64,
    /// In microseconds.
    pub to: i64,
}

/// Decoded chunks and digests by the number of their row, and pages of summaries, bounded in bytes: those asked for longest
/// ago make room.
///
/// A chunk never changes under its number; a page holds for one version of the file's chunks alone.
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
    /// The version of the file's chunks that all pages here are of.
    version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Chunk(i64),
    Digest(i64),
    Page(PageKey),
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
    Page(Arc<Page>),
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
        match self.lock().find(Key::Chunk(body))? {
            Decoded::Chunk(columns) => Some(columns),
            Decoded::Digest(_) | Decoded::Page(_) => None,
        }
    }

    /// A chunk's digest, if it is here.
    pub fn digest(&self, body: i64) -> Option<Arc<[Block]>> {
        match self.lock().find(Key::Digest(body))? {
            Decoded::Digest(blocks) => Some(blocks),
            Decoded::Chunk(_) | Decoded::Page(_) => None,
        }
    }

    /// A page of summaries as the file's chunks have it in this version, if it is here.
    pub fn page(&self, key: PageKey, version: u64) -> Option<Arc<Page>> {
        let mut inner = self.lock();
        match Some(&mut inner).filter(|inner| inner.version == version)?.find(Key::Page(key))? {
            Decoded::Page(page) => Some(page),
            Decoded::Chunk(_) | Decoded::Digest(_) => None,
        }
    }

    /// Keeps a page. Versions only grow: with a new one, pages of the others are forgotten.
    pub fn keep_page(&self, key: PageKey, version: u64, page: &Arc<Page>) {
        let mut inner = self.lock();
        if version > inner.version {
            inner.forget_pages(version);
        }
        if version == inner.version {
            let bytes = size_of_val(page.rows.as_slice());
            inner.keep(Key::Page(key), Decoded::Page(page.clone()), bytes, self.most_bytes);
        }
    }

    /// Keeps a chunk's samples.
    pub fn keep_chunk(&self, body: i64, columns: &Arc<Columns>) {
        let text = columns.weight().saturating_sub(columns.len()) * WEIGHT_BYTES;
        let bytes = columns.len() * SAMPLE_BYTES + text;
        self.lock().keep(Key::Chunk(body), Decoded::Chunk(columns.clone()), bytes, self.most_bytes);
    }

    /// Keeps a chunk's digest.
    pub fn keep_digest(&self, body: i64, blocks: &Arc<[Block]>) {
        let bytes = size_of_val(blocks.as_ref());
        self.lock().keep(Key::Digest(body), Decoded::Digest(blocks.clone()), bytes, self.most_bytes);
    }

    /// How many bytes are held, estimated.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Whoever panicked while holding the lock left whole entries at least.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find(&mut self, key: Key) -> Option<Decoded> {
        self.now += 1;
        let entry = self.entries.get_mut(&key)?;
        entry.used = self.now;
        Some(entry.what.clone())
    }

    fn keep(&mut self, key: Key, what: Decoded, bytes: usize, most_bytes: usize) {
        let bytes = bytes + OVERHEAD_BYTES;
        if bytes > most_bytes {
            return;
        }
        if self.bytes + bytes > most_bytes {
            self.make_room(most_bytes - bytes);
        }
        self.now += 1;
        if let Some(before) = self.entries.insert(key, Entry { what, bytes, used: self.now }) {
            self.bytes -= before.bytes;
        }
        self.bytes += bytes;
    }

    fn forget_pages(&mut self, version: u64) {
        self.version = version;
        let bytes = &mut self.bytes;
        self.entries.retain(|key, entry| {
            let stays = !matches!(key, Key::Page(_));
            *bytes -= if stays { 0 } else { entry.bytes };
            stays
        });
    }

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
    fn a_page_holds_for_one_version_of_the_chunks() {
        let cache = ChunkCache::new(100_000);
        let key = PageKey { series: SeriesId(1), level: 0, from: 0, to: 9 };
        let page = Arc::new(Page::default());
        cache.keep_chunk(1, &chunk(10));
        let bytes = cache.bytes();
        cache.keep_page(key, 2, &page);
        assert!(cache.page(key, 2).is_some() && cache.page(PageKey { to: 8, ..key }, 2).is_none());
        assert!(cache.page(key, 0).is_none() && cache.page(key, 4).is_none());
        cache.keep_page(PageKey { to: 8, ..key }, 0, &page);
        assert!(
            cache.page(PageKey { to: 8, ..key }, 2).is_none(),
            "one that looks at the file of before keeps nothing"
        );
        cache.keep_page(PageKey { to: 7, ..key }, 4, &page);
        assert!(cache.page(key, 4).is_none() && cache.page(key, 2).is_none());
        assert!(cache.page(PageKey { to: 7, ..key }, 4).is_some() && cache.chunk(1).is_some());
        assert_eq!(cache.bytes(), bytes + OVERHEAD_BYTES, "what was forgotten takes no room");
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
