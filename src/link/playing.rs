//! A window plays a scenario on its screens: it asks, gets a desk of the play's own, and has its hand on the play's time.
//!
//! Invariant: a play has an engine, a journal and queues of its own. Nothing of it reaches the plant that may run in the same
//! program.

use super::DeskReader;
use crate::engine::Actor;
use crate::engine::rehearsal::{Control, Standing};
use crate::project::Project;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, watch};

/// Plays that may wait to be begun.
pub const PLAY_QUEUE: usize = 1;
/// What a hand on the play's time asks for may wait; full: refused at the button.
pub const CONTROL_QUEUE: usize = 16;

/// Which project is played.
#[derive(Debug, Clone)]
pub enum PlayOf {
    /// The one that runs.
    Running(Arc<Project>),
    /// The one in this file.
    File(PathBuf),
}

/// A play is asked for.
pub struct PlayAsk {
    /// Of which project.
    pub of: PlayOf,
    /// The scenario's file.
    pub scenario: PathBuf,
    /// Seconds in a second; none: it stands at its start.
    pub speed: Option<u32>,
    /// Who acts.
    pub actor: Actor,
    /// Where the answer is found, once: the play, or why there is none, in words for the screen.
    pub answer: Arc<OnceLock<Result<PlayLink, String>>>,
    /// Told, from the play's thread, of the answer and of each newer picture.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for PlayAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayAsk").field("scenario", &self.scenario).finish_non_exhaustive()
    }
}

/// The window's end of what plays scenarios.
#[derive(Debug, Clone)]
pub struct PlaysLink {
    /// Where plays are asked for. Full: another one is being begun; closed: the program ends.
    pub asks: mpsc::Sender<PlayAsk>,
}

/// The window's end of one play. When it is dropped, the play ends.
#[derive(Debug, Clone)]
pub struct PlayLink {
    /// The scenario's name.
    pub name: Arc<str>,
    /// The plant of the play, as a window is shown one; after each start from the beginning another one.
    pub desk: DeskReader,
    /// How far it is.
    pub standing: watch::Receiver<Arc<Standing>>,
    /// A hand on its time. Closed: the play has failed.
    pub controls: mpsc::Sender<Control>,
}
