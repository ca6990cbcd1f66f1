//! A window begins a project: it looks at the plant before there is a file of it, reads files of other programs, and writes
//! what a person has seen. Devices and disk are behind the wire.

use super::PlantLink;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, oneshot, watch};

/// Asks that may wait; another is refused where it was made.
pub const BEGIN_QUEUE: usize = 8;

/// The answer to an ask, once it is there.
pub type Answer<T> = Arc<OnceLock<Result<T, String>>>;

/// The window's end of it.
#[derive(Debug, Clone)]
pub struct BeginLink {
    /// Where it is asked for. Full: the program is busy; closed: it ends.
    pub asks: mpsc::Sender<BeginAsk>,
}

/// What is asked for.
#[derive(Debug)]
pub enum BeginAsk {
    /// To run a project that no file has, until it is seen no more: nothing of it is recorded, and one runs at a time.
    Look(LookAsk),
    /// To write files, none of which is there yet.
    Write {
        /// Each with what is to stand in it; the project first.
        files: Vec<(PathBuf, Vec<u8>)>,
        /// Whether they are there.
        answer: Answer<()>,
    },
    /// To read a file.
    Read {
        /// Which.
        path: PathBuf,
        /// What stands in it.
        answer: Answer<Arc<[u8]>>,
    },
}

/// A project that is to be looked at.
#[derive(Debug)]
pub struct LookAsk {
    /// Its text.
    pub text: Arc<str>,
    /// Where it will lie: what the files are relative to that it names.
    pub path: PathBuf,
    /// Where its plant is handed over, or why there is none.
    pub plant: watch::Sender<Option<Result<PlantLink, String>>>,
    /// Answers, or closes, when nobody looks any more.
    pub stop: oneshot::Receiver<()>,
}

/// A look that goes on. Dropped, the plant stops.
#[derive(Debug)]
pub struct Looking {
    plant: watch::Receiver<Option<Result<PlantLink, String>>>,
    _stop: oneshot::Sender<()>,
}

impl BeginLink {
    /// Runs a project without a file.
    ///
    /// # Errors
    /// Why it is not begun, in words for the screen.
    pub fn look(&self, text: &str, path: PathBuf) -> Result<Looking, String> {
        let (plant, seen) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        self.ask(BeginAsk::Look(LookAsk { text: text.into(), path, plant, stop: stopped }))?;
        Ok(Looking { plant: seen, _stop: stop })
    }

    /// Writes files that are not there yet.
    ///
    /// # Errors
    /// Why it is not begun, in words for the screen.
    pub fn write(&self, files: Vec<(PathBuf, Vec<u8>)>) -> Result<Answer<()>, String> {
        let answer = Answer::default();
        self.ask(BeginAsk::Write { files, answer: Arc::clone(&answer) })?;
        Ok(answer)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it is not begun, in words for the screen.
    pub fn read(&self, path: PathBuf) -> Result<Answer<Arc<[u8]>>, String> {
        let answer = Answer::default();
        self.ask(BeginAsk::Read { path, answer: Arc::clone(&answer) })?;
        Ok(answer)
    }

    fn ask(&self, ask: BeginAsk) -> Result<(), String> {
        self.asks.try_send(ask).map_err(|_full_or_closed| "the program is busy; try again".to_owned())
    }
}

impl Looking {
    /// The plant, as soon as it runs; or why it does not.
    pub fn plant(&self) -> Option<Result<PlantLink, String>> {
        self.plant.borrow().clone()
    }
}
