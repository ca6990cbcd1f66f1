//! What the project's reader, and whoever compiles what that reads, say of the text as it is so far.

use crate::engine::{Generation, Mode, Plan};
use crate::project::new::{Part, Written};
use crate::project::{Issue, Severity, file};
use std::path::PathBuf;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub struct Judged {
    /// What was judged last.
    text: String,
    errors: Vec<(Part, Issue)>,
}

impl Judged {
    /// Judges a text that is another than before.
    pub fn follow(&mut self, written: &Written, path: PathBuf) {
        if self.text == written.text {
            return;
        }
        let (project, mut issues) = file::read_named(written.text.as_bytes(), path);
        issues.extend(Plan::compile(Arc::new(project), Generation(0), Mode::Live).1);
        let errors = issues.into_iter().filter(|issue| issue.severity == Severity::Error);
        self.errors = errors.map(|issue| (written.part_at(issue.place.line), issue)).collect();
        self.text.clone_from(&written.text);
    }

    /// Whether there is nothing to be mended.
    pub fn is_sound(&self) -> bool {
        !self.text.is_empty() && self.errors.is_empty()
    }

    /// What is wrong with some parts, in words.
    pub fn errors(&self, is_of: impl Fn(Part) -> bool) -> impl Iterator<Item = String> {
        let of_these = self.errors.iter().filter(move |(part, _)| is_of(*part));
        of_these.map(|(_, issue)| format!("{}; {}", issue.message, issue.mend))
    }
}
