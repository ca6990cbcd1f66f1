//! Another version of the project that runs: what it would do, and putting it into force.

use crate::engine::Actor;
use std::sync::{Arc, OnceLock};

/// A question about a version of the project that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployAsk {
    /// The text of the version; one that is put into force stands in the project's file already.
    pub text: Arc<[u8]>,
    /// To put it into force; else only what that would do is told.
    pub apply: bool,
    /// Who asks.
    pub by: Actor,
    /// Where the answer is found, once: why not, in words for the screen.
    pub answer: Arc<OnceLock<Result<Arc<DeployPlan>, String>>>,
}

impl DeployAsk {
    /// Answers one that was not taken.
    pub fn refuse(self, why: &str) {
        // Nobody else has it: this is its first answer.
        let _first = self.answer.set(Err(why.to_owned()));
    }
}

/// What changes, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeployPlan {
    /// In one sentence.
    pub summary: String,
    /// What the plant does.
    pub impact: Vec<String>,
    /// Each change.
    pub changes: Vec<String>,
    /// Why it cannot be put into force while the plant runs.
    pub refused: Option<String>,
}
