//! Questions of the window to the history, and their answers: readers on threads of their own, so that no frame waits for
//! a disk.
//!
//! A question is asked and its [`Pending`] kept; whoever does not want the answer any more drops it, and a reading under
//! way ends between two chunks. A screen asks one for each trend that it shows; of too many, the newest is answered "busy".

pub use super::super::questions::Wake;
use super::super::questions::{self, Queue, Reply};
use super::desk::COMMIT_EVERY;
use super::query::{ChunkCache, HistoryReader, Picture};
use super::recent::Recent;
use super::sample::SeriesId;
use crate::time::{Span, Utc};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

/// Threads that read. Two, so that a question about years does not keep one about a minute waiting.
const READERS: usize = 2;

/// Decoded chunks that are kept for asking again.
const CACHE_BYTES: usize = 64 << 20;

/// What a trend wants to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The tags, by their present or earlier names.
    pub pens: Vec<Arc<str>>,
    /// Left edge.
    pub from: Utc,
    /// Right edge.
    pub to: Utc,
    /// Pixel columns between them, see [`super::query::picture::MOST_COLUMNS`].
    pub columns: usize,
}

/// For each pen what it draws, or why it cannot be told.
pub type Pictures = Vec<Result<Picture, String>>;

/// What there is to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// In the question's order. A tag of which nothing is recorded has an empty picture.
    pub pens: Pictures,
    /// Every sample recorded up to here is in the answer, whatever was asked for; what comes after it is in the snapshot's
    /// tails. `None`: nothing was ever recorded.
    pub recorded_to: Option<Utc>,
    /// Left edge, as asked.
    pub from: Utc,
    /// Right edge, as asked.
    pub to: Utc,
}

/// An answer that is on its way. Dropping it cancels the question.
pub type Pending = questions::Pending<Answer>;

/// The window's end of a history. Cheap to clone; when the last one is dropped, the readers end.
#[derive(Clone)]
pub struct HistoryLink(Arc<Owner>);

impl fmt::Debug for HistoryLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HistoryLink").field(&self.0.0.folder).finish()
    }
}

/// Ends the readers.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.jobs.end();
    }
}

struct Shared {
    folder: PathBuf,
    recent: Option<Arc<Recent>>,
    cache: Arc<ChunkCache>,
    /// What is recorded last may not be told yet.
    lag: Span,
    jobs: Queue<Job>,
}

struct Job {
    question: Question,
    reply: Reply<Answer>,
}

impl questions::Job for Job {
    fn is_wanted(&self) -> bool {
        !self.reply.unwanted().load(Ordering::Relaxed)
    }
}

impl HistoryLink {
    /// Starts the readers of a data folder's history. `recent`: the recorder's unsealed samples, where it is in this process.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(folder: &Path, recent: Option<Arc<Recent>>) -> std::io::Result<Self> {
        // What is handed over while a commit is made is in the next one, and a commit is on the disk before readers in this
        // process have it: the last second may have a hole.
        Self::start_lagging(folder, recent, Span(COMMIT_EVERY.as_micros() as i64))
    }

    /// The same of a history that nobody writes any more: it is known to its very end.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start_finished(folder: &Path) -> std::io::Result<Self> {
        Self::start_lagging(folder, None, Span::ZERO)
    }

    fn start_lagging(folder: &Path, recent: Option<Arc<Recent>>, lag: Span) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            recent,
            cache: Arc::new(ChunkCache::new(CACHE_BYTES)),
            lag,
            jobs: Queue::default(),
        });
        let owner = Owner(shared.clone());
        for number in 1..=READERS {
            let mut desk = Reader { shared: shared.clone(), open: None };
            thread::Builder::new().name(format!("history-reader-{number}")).spawn(move || desk.run())?;
        }
        Ok(Self(Arc::new(owner)))
    }

    /// The data folder.
    pub(in crate::historian) fn folder(&self) -> &Path {
        &self.0.0.folder
    }

    /// The recorder's unsealed samples, where it is in this process.
    pub(in crate::historian) fn recent(&self) -> Option<Arc<Recent>> {
        self.0.0.recent.clone()
    }

    /// Asks; `wake` is told from a reader's thread when the answer is there. Never waits.
    pub fn ask(&self, question: Question, wake: Wake) -> Pending {
        let (reply, pending) = Reply::new(wake);
        if let Err(job) = self.0.0.jobs.push(Job { question, reply }) {
            let busy = vec![Err("too many trends are waiting for the history".to_owned()); job.question.pens.len()];
            job.answer(busy, None, Span::ZERO);
        }
        pending
    }
}

impl Job {
    fn answer(&self, pens: Pictures, recorded_to: Option<Utc>, lag: Span) {
        let Question { from, to, .. } = self.question;
        let recorded_to = recorded_to.map(|to| to + Span(-lag.0));
        self.reply.give(Answer { pens, recorded_to, from, to });
    }
}

/// What one thread has open.
struct Reader {
    shared: Arc<Shared>,
    open: Option<Open>,
}

struct Open {
    reader: HistoryReader,
    /// See [`Recent::file`].
    file: u64,
    names: HashMap<String, SeriesId>,
    /// What the names were read at, see [`HistoryReader::names_version`].
    version: Option<(i64, i64)>,
}

impl Reader {
    fn run(&mut self) {
        while let Some(job) = self.shared.jobs.next() {
            let answered = self.answer(&job);
            let (pens, recorded_to) = answered.unwrap_or_else(|why| {
                // Another try with a new connection next time.
                self.open = None;
                (vec![Err(why); job.question.pens.len()], None)
            });
            job.answer(pens, recorded_to, self.shared.lag);
        }
    }

    fn answer(&mut self, job: &Job) -> Result<(Pictures, Option<Utc>), String> {
        let Question { pens, from, to, columns } = &job.question;
        let Some(open) = self.opened()? else {
            // Nothing was ever recorded here.
            return Ok((vec![Ok(Picture::default()); pens.len()], None));
        };
        let recorded_to = open.reader.recorded_to().map_err(|e| e.to_string())?;
        let mut pictures = Vec::with_capacity(pens.len());
        for pen in pens {
            let picture = match open.names.get(&pen.to_lowercase()) {
                None => Ok(Some(Picture::default())),
                Some(series) => open.reader.picture(*series, *from..*to, *columns, job.reply.unwanted()),
            };
            match picture {
                Ok(Some(picture)) => pictures.push(Ok(picture)),
                // Nobody wants it; what is answered does not matter.
                Ok(None) => pictures.push(Err("not wanted any more".to_owned())),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok((pictures, recorded_to))
    }

    /// A reader that looks at the present file. `None`: there is none yet.
    fn opened(&mut self) -> Result<Option<&Open>, String> {
        let Shared { folder, recent, cache, .. } = self.shared.as_ref();
        let file = recent.as_ref().map_or(0, |recent| recent.file());
        // Without the recorder in this process nobody tells when a damaged file was set aside and a new one begun.
        let stale = self.open.as_ref().is_none_or(|open| open.file != file || recent.is_none());
        if stale {
            cache.of_file(file);
            let cache = if recent.is_some() { cache.clone() } else { Arc::new(ChunkCache::new(CACHE_BYTES)) };
            let opened = HistoryReader::open_with_cache(folder, recent.clone(), cache).map_err(|e| e.to_string())?;
            self.open = opened.map(|reader| Open { reader, file, names: HashMap::new(), version: None });
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        let version = open.reader.names_version().map_err(|e| e.to_string())?;
        if open.version != Some(version) {
            let tags = open.reader.tags().map_err(|e| e.to_string())?;
            // Present names last: they win over those that were given up.
            let earlier = tags.iter().flat_map(|tag| tag.earlier.iter().map(|name| (name, tag.series)));
            let names = earlier.chain(tags.iter().map(|tag| (&tag.name, tag.series)));
            open.names = names.map(|(name, series)| (name.to_lowercase(), series)).collect();
            open.version = Some(version);
        }
        Ok(Some(open))
    }
}

#[cfg(test)]
mod tests;
