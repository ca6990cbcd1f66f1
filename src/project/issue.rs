//! What is wrong in a project, where, and what would mend it.

use super::Origin;
use std::fmt;
use std::sync::Arc;

/// A place in the project's text; line and column count from one, columns in characters. Line 0: no place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Line, from one.
    pub line: u32,
    /// Column in characters, from one.
    pub column: u32,
}

/// Where an entity and each of its keys stand in the text. Equality ignores it: a moved line is no change of plant.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Of the entity itself: its `[[header]]`.
    pub own: Place,
    /// Of each written value, by key.
    pub keys: Vec<(&'static str, Place)>,
    /// The use of a template that it comes from; `None`: it is written where it stands.
    pub origin: Option<Arc<Origin>>,
}

impl Places {
    /// The place of a key's value, or of the entity where the key was not written.
    pub fn of(&self, key: &str) -> Place {
        self.keys.iter().find(|(k, _)| *k == key).map_or(self.own, |(_, place)| *place)
    }
}

impl PartialEq for Places {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Places {}

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something does not run because of it.
    Error,
    /// It runs, and probably not as meant.
    Warning,
}

/// One fault of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Error or warning.
    pub severity: Severity,
    /// Where in the text it is mended. Of what templates make: in the template, where all that it is used for has the same fault;
    /// else at the use whose values are at fault, in its list `with`.
    pub place: Place,
    /// Where in the template, if `place` is that of a use.
    pub in_template: Option<Place>,
    /// The tag, alarm, device or display at fault, as people call it; empty for the file as a whole.
    pub subject: String,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What would be right; empty where the message says it all.
    pub mend: String,
    /// The other subjects of which the same is true, where one template has made several.
    pub also: Vec<String>,
}

impl Issue {
    /// An error.
    pub fn error(
        place: Place,
        subject: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (subject, message, mend) = (subject.into(), message.into(), mend.into());
        Self { severity: Severity::Error, place, in_template: None, subject, message, mend, also: Vec::new() }
    }

    /// Makes it one of the use of a template that makes what is at fault.
    pub fn found_in_use(&mut self, of: &Origin) {
        self.in_template = Some(std::mem::replace(&mut self.place, of.place));
    }

    /// Says in its message of which use it is, and of how many more; where in the template, if its place does not.
    pub fn tell_use(&mut self, of: &Origin, more: usize) {
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let line = self.in_template.map_or_else(String::new, |place| format!(", line {}", place.line));
        self.message = format!("{} (template {}{more}{line})", self.message, of.words());
    }

    /// A warning.
    pub fn warning(
        place: Place,
        subject: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, subject, message, mend) }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// `line:column: error: what; mend`, the form of `check` after the path.
impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.place.line, self.place.column, self.severity, self.message)?;
        if self.mend.is_empty() { Ok(()) } else { write!(f, "; {}", self.mend) }
    }
}
