//! Where something comes from that no line of the text says by itself: a template, and one use of it.

use super::Place;
use std::sync::Arc;

/// From which template something comes, and what that was used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The template's name.
    pub template: Arc<str>,
    /// What the use is called: its first parameter.
    pub of: Arc<str>,
    /// All that the use's parameters say, defaults among them: where it is the same, what differs is the template's doing.
    pub with: Arc<str>,
    /// What the tag is called in the template, of an alarm that of its tag: `{name}.flow`. Of a panel what it shows.
    pub name: Arc<str>,
    /// Where in the text the use stands, in its list `with`.
    pub place: Place,
}

impl Origin {
    /// `pump for pump2`.
    pub fn words(&self) -> String {
        if self.of.is_empty() { self.template.to_string() } else { format!("{} for {}", self.template, self.of) }
    }
}
