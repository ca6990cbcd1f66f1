//! An alarm: the condition on a tag, and what the operator is told and asked to do.

use super::{Place, Places};
use crate::time::Span;

/// `[[alarm]]` or `[[tag.alarm]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Name of the tag, as written.
    pub tag: String,
    /// Unique within the tag; default: the kind's word.
    pub name: String,
    /// Its name before this one, of the same tag: its state and its history follow.
    pub was: Option<String>,
    /// What is watched.
    pub kind: AlarmKind,
    /// The limit by state: the first row whose formula is true has the limit in force; where none is, the kind's.
    pub limits: Vec<LimitRow>,
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

/// One row of `limits`: the limit of one state of the plant.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRow {
    /// The formula that is true in this state.
    pub when: String,
    /// In the unit of the kind's own limit; `None`, written `false`: in this state there is none.
    pub limit: Option<f64>,
    /// Where it was written.
    pub places: Places,
}

impl LimitRow {
    /// Where the limit stands.
    pub fn limit_place(&self) -> Place {
        self.places.of("limit")
    }
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
    /// The value moves this fast.
    Rate {
        /// In the tag's unit per second, above 0 in every direction.
        limit: f64,
        /// The value now is compared with the one that held this long ago.
        over: Span,
        /// Which way counts.
        direction: Direction,
    },
    /// The value lies this far from another tag's.
    Deviation {
        /// In the tag's unit, above 0.
        limit: f64,
        /// Name of the other tag, as written.
        from: String,
    },
}

/// `direction = …` of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Upwards alone.
    Rising,
    /// Downwards alone.
    Falling,
    /// Both ways.
    #[default]
    Either,
}

impl Direction {
    /// Every direction with its word.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Rising, "rising"), (Self::Falling, "falling"), (Self::Either, "either")];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(d, _)| *d == self).map_or("", |(_, word)| word)
    }
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
            Self::Rate { .. } => "rate",
            Self::Deviation { .. } => "deviation",
        }
    }

    /// The same with another limit; `None` of the kinds that have none.
    #[must_use]
    pub fn with_limit(&self, limit: f64) -> Option<Self> {
        let mut other = self.clone();
        match &mut other {
            Self::HighHigh(own)
            | Self::High(own)
            | Self::Low(own)
            | Self::LowLow(own)
            | Self::Rate { limit: own, .. }
            | Self::Deviation { limit: own, .. } => *own = limit,
            Self::State(_) | Self::Quality => return None,
        }
        Some(other)
    }

    /// The limit, of the kinds that have one: of a rate in the unit per second, of all others in the unit.
    pub const fn limit(&self) -> Option<f64> {
        match self {
            Self::HighHigh(limit)
            | Self::High(limit)
            | Self::Low(limit)
            | Self::LowLow(limit)
            | Self::Rate { limit, .. }
            | Self::Deviation { limit, .. } => Some(*limit),
            Self::State(_) | Self::Quality => None,
        }
    }

    /// Whether the limit is one that the value itself is compared with, and lies on its axis.
    pub const fn is_of_value(&self) -> bool {
        matches!(self, Self::HighHigh(_) | Self::High(_) | Self::Low(_) | Self::LowLow(_))
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

impl Deadband {
    /// From what a person types: `2`, `2%`. The message says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no deadband; write 2 in the tag's unit, or 2% of its range");
        let (number, percent) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim(), true),
            None => (text.trim(), false),
        };
        let size = number.parse::<f64>().ok().filter(|size| size.is_finite() && *size >= 0.0).ok_or_else(wrong)?;
        Ok(if percent { Self::Percent(size) } else { Self::Units(size) })
    }
}

/// As it is typed: `2`, `2%`.
impl std::fmt::Display for Deadband {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Units(units) => write!(f, "{units}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadband_is_typed_in_units_or_in_percent() {
        assert_eq!(Deadband::parse("2"), Ok(Deadband::Units(2.0)));
        assert_eq!(Deadband::parse("2 %"), Ok(Deadband::Percent(2.0)));
        assert_eq!(Deadband::Percent(2.5).to_string(), "2.5%");
        assert!(Deadband::parse("-1").is_err() && Deadband::parse("two").is_err() && Deadband::parse("inf").is_err());
    }
}
