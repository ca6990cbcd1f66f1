//! What a text under the editor says: read and compiled on a thread of its own while it is typed.
//!
//! Invariant: one text at a time; of those that wait the newest alone is read. What is asked for is never refused and
//! never waited for; an answer bears the version that it is of, so that one that comes late is known.

use super::Loaded;
use crate::project::{Issue, Project};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// What one version of a text says.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The version of the draft.
    pub version: u64,
    /// What is not at fault.
    pub project: Arc<Project>,
    /// All that is wrong with it, as `check` tells it.
    pub issues: Vec<Issue>,
}

#[derive(Debug, Default)]
struct Desk {
    /// The newest that is wanted; a second one takes its place.
    asked: Option<(u64, Arc<str>)>,
    answer: Option<Arc<Reading>>,
    stop: bool,
}

/// The thread that reads. Dropped, it ends behind what it is reading.
pub struct TextReader {
    /// A lock for as long as it takes to put something down or take it up; never held while reading.
    desk: Arc<(Mutex<Desk>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for TextReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextReader").finish_non_exhaustive()
    }
}

impl TextReader {
    /// Starts it, for the project at this path. `done` is called when an answer is there: to paint it.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(path: Option<PathBuf>, done: impl Fn() + Send + 'static) -> io::Result<Self> {
        let desk = Arc::new((Mutex::new(Desk::default()), Condvar::new()));
        let own = Arc::clone(&desk);
        let thread = thread::Builder::new().name("text reader".to_owned()).spawn(move || {
            let (lock, wake) = &*own;
            while let Some((version, text)) = next(lock, wake) {
                let loaded = Loaded::from_bytes(text.as_bytes(), path.as_deref());
                let project = Arc::clone(&loaded.project);
                let reading = Reading { version, project, issues: loaded.faults() };
                lock.lock().unwrap_or_else(PoisonError::into_inner).answer = Some(Arc::new(reading));
                done();
            }
        })?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Asks for a text; what was asked for before and is not begun yet is not read.
    pub fn ask(&self, version: u64, text: &Arc<str>) {
        let (lock, wake) = &*self.desk;
        lock.lock().unwrap_or_else(PoisonError::into_inner).asked = Some((version, Arc::clone(text)));
        wake.notify_one();
    }

    /// The newest answer, if there is one.
    pub fn answer(&self) -> Option<Arc<Reading>> {
        self.desk.0.lock().unwrap_or_else(PoisonError::into_inner).answer.clone()
    }
}

fn next(lock: &Mutex<Desk>, wake: &Condvar) -> Option<(u64, Arc<str>)> {
    let mut desk = lock.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if desk.stop {
            return None;
        }
        match desk.asked.take() {
            Some(asked) => return Some(asked),
            None => desk = wake.wait(desk).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Drop for TextReader {
    fn drop(&mut self) {
        let (lock, wake) = &*self.desk;
        lock.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        wake.notify_one();
        // A panic of the reader has been told by the hook; there is nothing more to do about it.
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn the_newest_text_is_answered_with_all_its_faults() {
        let (told, heard) = channel();
        let reader = TextReader::start(None, move || told.send(()).unwrap()).unwrap();
        assert!(reader.answer().is_none());
        for version in 1..=20_u64 {
            let name = if version == 20 { "b" } else { "1" };
            reader.ask(version, &format!("watchkeeper = 1\n[[tag]]\nname = \"a\"\nformula = \"{name}\"\n").into());
        }
        let newest = loop {
            heard.recv().unwrap();
            let answer = reader.answer().unwrap();
            if answer.version == 20 {
                break answer;
            }
        };
        assert_eq!(newest.issues[0].message, "there is no tag \"b\"");
        assert_eq!(newest.project.tags.len(), 1);
    }
}
