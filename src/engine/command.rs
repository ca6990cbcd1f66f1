//! What a person asks of the plant. Each is journaled with who, when and what was seen.

use super::Value;
use crate::time::{Span, Utc};
use std::sync::Arc;

/// Who acts: the operating system's user, the computer, and a name typed at the desk, which nobody has verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The operating system's user.
    pub user: Arc<str>,
    /// The computer's name.
    pub computer: Arc<str>,
    /// The name typed at the desk.
    pub desk: Option<Arc<str>>,
}

/// `desk (user@computer)`, or `user@computer`.
impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.desk {
            Some(desk) => write!(f, "{desk} ({}@{})", self.user, self.computer),
            None => write!(f, "{}@{}", self.user, self.computer),
        }
    }
}

/// An alarm as it was on the screen: by name, so that a plan deployed meanwhile cannot turn it into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRef {
    /// `tank1.level/high`.
    pub alarm: Arc<str>,
    /// The occurrence that was seen; a newer one stays unacknowledged.
    pub occurrence: u64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Acknowledge what was seen; one journal entry each.
    Acknowledge {
        /// Who.
        by: Actor,
        /// What was seen.
        alarms: Vec<AlarmRef>,
        /// Why or what was done.
        note: Option<Arc<str>>,
    },
    /// End a latch.
    Reset {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
    },
    /// Hide for a time, with a reason.
    Shelve {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
        /// At most 24 h from now.
        until: Utc,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// End a shelving.
    Unshelve {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
    },
    /// Take out of service, with a reason.
    OutOfService {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// Back in service.
    InService {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
    },
    /// Stand for the formula of `suppress-when`; in rehearsal alone, refused anywhere else.
    Suppress {
        /// Who.
        by: Actor,
        /// Which alarm.
        alarm: Arc<str>,
        /// Suppressed from now on, or no longer.
        suppressed: bool,
    },
    /// Quiet the horn for what is there now.
    Silence {
        /// Who.
        by: Actor,
    },
    /// Let a tag have this value, whatever its device says, until it is released; see [`super::forcing`].
    Force {
        /// Who.
        by: Actor,
        /// Which tag.
        tag: Arc<str>,
        /// The value; `None`: it is forced bad.
        value: Option<Value>,
        /// Why.
        reason: Option<Arc<str>>,
        /// When it is released by itself.
        until: Option<Utc>,
    },
    /// Let the device's value stand again.
    Release {
        /// Who.
        by: Actor,
        /// Which tag; `None`: all that are forced.
        tag: Option<Arc<str>>,
    },
    /// Let a device's tags say something plausible, as long as it is not there.
    Simulate {
        /// Who.
        by: Actor,
        /// Which device.
        device: Arc<str>,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// Let the device speak for itself again.
    EndSimulation {
        /// Who.
        by: Actor,
        /// Which device; `None`: all that are simulated.
        device: Option<Arc<str>>,
    },
    /// The window is being closed, or opened; journaled.
    Window {
        /// Who.
        by: Actor,
        /// Opened or closed.
        opened: bool,
    },
}

/// Longest shelving (alarms.md).
pub const LONGEST_SHELVING: Span = Span::from_secs(24 * 3600);
