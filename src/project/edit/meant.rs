//! A change as it is meant, before it is one of the text.

use super::index::EntityId;
use super::kind::EntityKind;
use super::path::KeyPath;
use super::value::Value;

/// One change, as it is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Gives a key a value.
    Set {
        /// Whose key.
        of: EntityId,
        /// Which: `limit`, `no-answer.priority`, `pens[2].axis`; one place behind the end of a list makes it longer.
        key: KeyPath,
        /// What it becomes.
        value: Value,
    },
    /// Takes a key out; nothing where it is not written.
    Unset {
        /// Whose key.
        of: EntityId,
        /// Which.
        key: KeyPath,
    },
    /// Writes a new entity.
    Add {
        /// What it is.
        kind: EntityKind,
        /// Where.
        spot: Spot,
        /// Its keys, in the order in which they are written.
        keys: Vec<(String, Value)>,
    },
    /// Puts in whole entities as they are written.
    Insert {
        /// Where.
        spot: Spot,
        /// Each with its header.
        text: String,
    },
    /// Takes out an entity, with what stands below it and its own comments above.
    Remove {
        /// Which.
        of: EntityId,
    },
    /// Moves an entity, with what stands below it, among others of its kind.
    Move {
        /// Which.
        of: EntityId,
        /// [`Spot::After`] or [`Spot::Before`] another.
        spot: Spot,
    },
    /// Writes an entity once more, behind itself.
    Duplicate {
        /// Which.
        of: EntityId,
        /// The name of the copy.
        name: Option<String>,
    },
    /// Writes the own lines of an entity anew, from its header to its last key: the way to mend what is no TOML.
    Text {
        /// Whose lines.
        of: EntityId,
        /// What stands there then.
        text: String,
    },
}

/// Where an entity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// Behind the last of its kind.
    Last,
    /// Behind another, and all that stands below that.
    After(EntityId),
    /// Before another.
    Before(EntityId),
    /// As the last below another: an alarm below its tag, a panel on its display.
    Below(EntityId),
}

/// Why an edit, or a file, cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; {mend}")]
pub struct Refusal {
    /// Where in the text, from one.
    pub line: u32,
    /// What stands in the way.
    pub what: String,
    /// What would help.
    pub mend: String,
}
