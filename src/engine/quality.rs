//! Quality: how far a value may be trusted, and why not further.

use std::fmt;

/// A registered quality: level in the two highest bits (as OPC UA's status codes have it), reason below. Numbers that
/// this version does not know keep their level and survive a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quality(u16);

/// What a quality comes to; the greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// To be trusted.
    Good,
    /// A value, with a doubt.
    Uncertain,
    /// No value; at most the last good one, dimmed.
    Bad,
}

/// Words of the registry: number, word in files (`level:reason` after the level), words on the screen.
const REGISTRY: [(Quality, &str, &str); 20] = [
    (Quality::GOOD, "good", "good"),
    (Quality::STALE, "uncertain:stale", "stale"),
    (Quality::RETAINED, "uncertain:retained", "retained message"),
    (Quality::UNCERTAIN_RANGE, "uncertain:out-of-range", "out of range"),
    (Quality::CLOCK, "uncertain:clock", "source clock is ahead"),
    (Quality::SIMULATED, "uncertain:simulated", "simulated"),
    (Quality::FORCED, "uncertain:forced", "forced by hand"),
    (Quality::RECORDED, "uncertain:recorded", "recorded, not live"),
    (Quality::BAD, "bad", "bad"),
    (Quality::NO_COMMUNICATION, "bad:no-communication", "no communication"),
    (Quality::DEVICE_FAULT, "bad:device-fault", "device fault"),
    (Quality::BAD_RANGE, "bad:out-of-range", "out of valid range"),
    (Quality::PAYLOAD, "bad:payload", "payload not understood"),
    (Quality::CONFIGURATION, "bad:configuration", "configuration fault"),
    (Quality::WAITING, "bad:waiting", "waiting for the first value"),
    (Quality::CALCULATION, "bad:calculation", "cannot be calculated"),
    (Quality::NOT_RUNNING, "bad:not-running", "the program was not running"),
    (Quality::NOT_RECORDED, "bad:not-recorded", "could not be recorded"),
    (Quality::DAMAGED, "bad:damaged", "damaged on the disk"),
    (Quality::FORCED_BAD, "bad:forced", "forced bad by hand"),
];

#[expect(missing_docs, reason = "the registry above says what each means")]
impl Quality {
    pub const GOOD: Self = Self(0);
    pub const STALE: Self = Self(0x4001);
    pub const RETAINED: Self = Self(0x4002);
    pub const UNCERTAIN_RANGE: Self = Self(0x4003);
    pub const CLOCK: Self = Self(0x4004);
    pub const SIMULATED: Self = Self(0x4005);
    pub const FORCED: Self = Self(0x4006);
    pub const RECORDED: Self = Self(0x4007);
    pub const BAD: Self = Self(0x8000);
    pub const NO_COMMUNICATION: Self = Self(0x8001);
    pub const DEVICE_FAULT: Self = Self(0x8002);
    pub const BAD_RANGE: Self = Self(0x8003);
    pub const PAYLOAD: Self = Self(0x8004);
    pub const CONFIGURATION: Self = Self(0x8005);
    pub const WAITING: Self = Self(0x8006);
    pub const CALCULATION: Self = Self(0x8007);
    pub const NOT_RUNNING: Self = Self(0x8008);
    pub const NOT_RECORDED: Self = Self(0x8009);
    pub const DAMAGED: Self = Self(0x800A);
    pub const FORCED_BAD: Self = Self(0x800B);
}

impl Quality {
    /// The level. The unused fourth pattern counts as bad.
    pub const fn level(self) -> Level {
        match self.0 >> 14 {
            0 => Level::Good,
            1 => Level::Uncertain,
            _ => Level::Bad,
        }
    }

    /// Good, without a doubt.
    pub const fn is_good(self) -> bool {
        self.0 >> 14 == 0
    }

    /// Bad: there is no value.
    pub const fn is_bad(self) -> bool {
        self.0 >> 15 == 1
    }

    /// Of no device: given by a person's hand, be it a value or bad, or simulated.
    pub const fn is_made_up(self) -> bool {
        matches!(self, Self::FORCED | Self::FORCED_BAD | Self::SIMULATED)
    }

    /// The worse of two; of two equally bad ones the first.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.level() > self.level() { other } else { self }
    }

    /// The number on disk.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// From the number on disk; any number is taken.
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The reason in words for the screen: `no communication`.
    pub fn words(self) -> &'static str {
        REGISTRY.iter().find(|(q, _, _)| *q == self).map_or(
            match self.level() {
                Level::Good => "good",
                Level::Uncertain => "uncertain",
                Level::Bad => "bad",
            },
            |(_, _, words)| words,
        )
    }

    /// From the command line's word: `bad:no-communication`.
    pub fn parse(word: &str) -> Option<Self> {
        if word == "uncertain" {
            return Some(Self(0x4000));
        }
        REGISTRY.iter().find(|(_, w, _)| *w == word).map(|(q, _, _)| *q)
    }
}

/// As on the command line: `good`, `uncertain:stale`, `bad:no-communication`.
impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, word, _)) = REGISTRY.iter().find(|(q, _, _)| q == self) {
            return f.write_str(word);
        }
        f.write_str(match self.level() {
            Level::Good => "good",
            Level::Uncertain => "uncertain",
            Level::Bad => "bad",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_survive_a_round_trip() {
        for (quality, word, _) in REGISTRY {
            assert_eq!(Quality::parse(word), Some(quality));
            assert_eq!(quality.to_string(), word);
            assert_eq!(Quality::from_number(quality.number()), quality);
        }
        assert_eq!(Quality::from_number(0x4FFF).to_string(), "uncertain");
        assert_eq!(Quality::from_number(0x8FFF).level(), Level::Bad);
    }

    #[test]
    fn the_worst_of_two_is_the_one_that_counts() {
        assert_eq!(Quality::GOOD.worst(Quality::STALE), Quality::STALE);
        assert_eq!(Quality::PAYLOAD.worst(Quality::STALE), Quality::PAYLOAD);
        assert_eq!(Quality::STALE.worst(Quality::RETAINED), Quality::STALE);
    }
}
