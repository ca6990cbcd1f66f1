//! An alarm: the condition on a tag, and what the operator is told and asked to do.

use super::Places;
use crate::time::Span;

/// `[[alarm]]` or `[[tag.alarm]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Name of the tag, as written.
    pub tag: String,
    /// Unique within the tag; default: the kind's word.
    pub name: String,
    /// What is watched.
    pub kind: AlarmKind,
    /// How far a value must come back before the alarm returns.
    pub deadband: Deadband,
    /// The condition must hold this long before the alarm comes.
    pub on_delay: Span,
    /// The condition must be gone this long before the alarm returns.
    pub off_delay: Span,
    /// Default medium.
    pub priority: Priority,
    /// Stays until reset.
    pub latch: bool,
    /// First-out group.
    pub group: Option<String>,
    /// Formula; while true the alarm is suppressed by design.
    pub suppress_when: Option<String>,
    /// What has happened; default made from tag and kind.
    pub message: String,
    /// Why.
    pub cause: Option<String>,
    /// What comes of it.
    pub consequence: Option<String>,
    /// What to do.
    pub response: Option<String>,
    /// Display that one click opens.
    pub display: Option<String>,
    /// Where it was written.
    pub places: Places,
}

/// What an alarm watches. Limits are in the tag's unit.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmKind {
    /// `value >= limit`, the outer one.
    HighHigh(f64),
    /// `value >= limit`.
    High(f64),
    /// `value <= limit`.
    Low(f64),
    /// `value <= limit`, the outer one.
    LowLow(f64),
    /// The value is this state.
    State(When),
    /// The value is bad or stale.
    Quality,
    /// In the contract and not served by this version (`rate`, `deviation`); the word as written.
    Unserved(&'static str),
}

/// `when = true` or `when = 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A boolean's state.
    Bool(bool),
    /// An integer's state.
    Int(i64),
}

impl AlarmKind {
    /// As written in the file.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::HighHigh(_) => "high-high",
            Self::High(_) => "high",
            Self::Low(_) => "low",
            Self::LowLow(_) => "low-low",
            Self::State(_) => "state",
            Self::Quality => "quality",
            Self::Unserved(word) => word,
        }
    }

    /// The same with another limit; `None` of the kinds that have none.
    #[must_use]
    pub const fn with_limit(&self, limit: f64) -> Option<Self> {
        match self {
            Self::HighHigh(_) => Some(Self::HighHigh(limit)),
            Self::High(_) => Some(Self::High(limit)),
            Self::Low(_) => Some(Self::Low(limit)),
            Self::LowLow(_) => Some(Self::LowLow(limit)),
            Self::State(_) | Self::Quality | Self::Unserved(_) => None,
        }
    }

    /// The limit, of the kinds that have one.
    pub const fn limit(&self) -> Option<f64> {
        match self {
            Self::HighHigh(l) | Self::High(l) | Self::Low(l) | Self::LowLow(l) => Some(*l),
            Self::State(_) | Self::Quality | Self::Unserved(_) => None,
        }
    }
}

/// `deadband = 2.0` or `"2%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deadband {
    /// In the tag's unit.
    Units(f64),
    /// Percent of the tag's range.
    Percent(f64),
}

impl Default for Deadband {
    fn default() -> Self {
        Self::Units(0.0)
    }
}

/// Priorities; the smaller number is the more urgent, and is what the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// 1.
    Critical,
    /// 2.
    High,
    /// 3.
    #[default]
    Medium,
    /// 4.
    Low,
}

impl Priority {
    /// Most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// As written in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }
}
