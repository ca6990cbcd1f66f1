//! The wire to a historian, as far as the screen knows it: a question goes out, an answer is found in a later frame.

use crate::historian::backtest::ask::PendingBacktest;
pub use crate::historian::backtest::ask::{Answer as Verdict, Trying};
pub use crate::historian::history::ask::{Answer, Question, Wake};
use crate::historian::history::ask::{HistoryLink, Pending as Reading};

/// Something that answers questions on history without keeping anybody waiting.
pub trait History: std::fmt::Debug {
    /// Asks. What comes of it is told to `wake`; dropping the [`Pending`] takes the question back.
    fn ask(&self, question: Question, wake: Wake) -> Box<dyn Pending>;

    /// Tries other settings of an alarm on what was recorded. Dropping the [`PendingTrial`] breaks it off.
    fn backtest(&self, trying: Trying, wake: Wake) -> Box<dyn PendingTrial>;
}

/// A back-test under way.
pub trait PendingTrial: std::fmt::Debug + Send {
    /// The verdict, once.
    fn take(&mut self) -> Option<Verdict>;
}

/// A question under way.
pub trait Pending: std::fmt::Debug + Send {
    /// The answer, once.
    fn take(&mut self) -> Option<Answer>;
}

impl History for HistoryLink {
    fn ask(&self, question: Question, wake: Wake) -> Box<dyn Pending> {
        Box::new(Self::ask(self, question, wake))
    }

    fn backtest(&self, trying: Trying, wake: Wake) -> Box<dyn PendingTrial> {
        Box::new(Self::backtest(self, trying, wake))
    }
}

impl PendingTrial for PendingBacktest {
    fn take(&mut self) -> Option<Verdict> {
        Self::take(self)
    }
}

impl Pending for Reading {
    fn take(&mut self) -> Option<Answer> {
        Self::take(self)
    }
}
