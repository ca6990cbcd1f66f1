//! The wire to a historian, as far as the screen knows it: a question goes out, an answer is found in a later frame.

use crate::historian::history::query::Picture;
use crate::time::Utc;
use std::sync::Arc;

/// Told when an answer is there, from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What is asked of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Names of tags, earlier ones too.
    pub pens: Vec<Arc<str>>,
    /// Since when.
    pub from: Utc,
    /// Until when.
    pub to: Utc,
    /// Pixel columns between them.
    pub columns: usize,
}

/// What history says.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One for each pen of the question, in its order; why one cannot be read.
    pub pens: Vec<Result<Picture, String>>,
    /// Every sample handed over up to here is in the answer; `None`: nothing was ever recorded.
    pub recorded_to: Option<Utc>,
    /// As asked.
    pub from: Utc,
    /// As asked.
    pub to: Utc,
}

/// Something that answers questions on history without keeping anybody waiting.
pub trait History: std::fmt::Debug {
    /// Asks. What comes of it is told to `wake`; dropping the [`Pending`] takes the question back.
    fn ask(&self, question: Question, wake: Wake) -> Box<dyn Pending>;
}

/// A question under way.
pub trait Pending: std::fmt::Debug {
    /// The answer, once.
    fn take(&mut self) -> Option<Answer>;
}
