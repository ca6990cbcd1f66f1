//! Time as the plant knows it: a UTC instant for people and records, a monotonic instant for delays and ages.
//!
//! Both count microseconds. Delays, staleness and ages run on [`Mono`], so that a step of the wall clock moves none of
//! them; what a person or a device said ("shelved until 14:00", a source time) is a [`Utc`].
//! Invariant: nothing below `runtime` reads a clock; instants come in as arguments, or from a [`Clock`] handed down.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;

/// Microseconds of monotonic time since an arbitrary start of this process. Never steps back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(pub i64);

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Utc(pub i64);

/// A length of time in microseconds; negative where something lies in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

/// One instant, told by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// What delays and ages are measured on.
    pub mono: Mono,
    /// What is written down and shown.
    pub utc: Utc,
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Seconds, as a number for arithmetic and axes.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same as the standard library's duration; a negative span is zero there.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(if self.0 > 0 { self.0 as u64 } else { 0 })
    }

    /// Reads a duration of the project file: a whole or decimal number with its unit, `250ms`, `5s`, `10m`, `2h`, `400d`.
    ///
    /// # Errors
    /// Says what is wrong and what would be right, without naming the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: f64 = digits.trim().parse().map_err(|_e| {
            format!("\"{text}\" is no duration; write it like \"250ms\", \"5s\", \"10m\", \"2h\" or \"400d\"")
        })?;
        let micros_per_unit = match &text[digits.len()..] {
            "ms" => 1e3,
            "s" => 1e6,
            "m" => 60e6,
            "h" => 3_600e6,
            "d" => 86_400e6,
            // For retention alone, where a leap day does not count.
            "y" => 365.0 * 86_400e6,
            "" => return Err(format!("the duration \"{text}\" has no unit; write \"{text}s\" for seconds")),
            other => return Err(format!("\"{other}\" is no unit of time; use ms, s, m, h, d or y")),
        };
        let micros = number * micros_per_unit;
        if !micros.is_finite() || !(0.0..=9e18).contains(&micros) {
            return Err(format!("the duration \"{text}\" is out of range"));
        }
        Ok(Self(micros.round() as i64))
    }
}

/// As in the project file: the largest unit that tells it exactly.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0;
        for (unit, size) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)] {
            if micros != 0 && micros % size == 0 {
                return write!(f, "{}{unit}", micros / size);
            }
        }
        if micros % 1_000 == 0 { write!(f, "{}ms", micros / 1_000) } else { write!(f, "{}ms", micros as f64 / 1e3) }
    }
}

impl Add<Span> for Mono {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Mono {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Utc {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Utc {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Now {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self { mono: self.mono + span, utc: self.utc + span }
    }
}

impl Utc {
    /// RFC 3339 in UTC with milliseconds, as the command line prints it: `2026-11-20T14:03:22.125Z`.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) => format!("{t:.3}"),
            Err(_) => "0000-00-00T00:00:00.000Z".to_owned(),
        }
    }

    /// RFC 3339 in UTC to the microsecond: with three digits where they tell it exactly, else with six.
    pub fn to_rfc3339_exact(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) if self.0 % 1_000 != 0 => format!("{t:.6}"),
            Ok(_) | Err(_) => self.to_rfc3339(),
        }
    }

    /// As a zone's clock shows it, to the microsecond, with its offset: `2026-11-20T15:03:22.125+01:00`.
    pub fn to_rfc3339_in(self, zone: &jiff::tz::TimeZone) -> String {
        let Ok(time) = jiff::Timestamp::from_microsecond(self.0) else { return self.to_rfc3339() };
        let format = if self.0 % 1_000 == 0 { "%Y-%m-%dT%H:%M:%S%.3f%:z" } else { "%Y-%m-%dT%H:%M:%S%.6f%:z" };
        time.to_zoned(zone.clone()).strftime(format).to_string()
    }

    /// Reads RFC 3339 with any offset. `None` where it is none.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }

    /// An instant as a person writes it: RFC 3339, a date or a local time in `zone`, a time of the day of `now`, `now`, or
    /// how long ago (`2h`, `now-2h`).
    ///
    /// # Errors
    /// What would be right.
    pub fn parse_written(text: &str, now: Self, zone: &jiff::tz::TimeZone) -> Result<Self, String> {
        let text = text.trim();
        if let Some(time) = Self::parse_rfc3339(text) {
            return Ok(time);
        }
        if text.eq_ignore_ascii_case("now") {
            return Ok(now);
        }
        if let Ok(ago) = Span::parse(text.strip_prefix("now-").unwrap_or(text)) {
            return Ok(now + Span(-ago.0));
        }
        let today = || {
            let time = text.contains(':').then(|| text.parse::<jiff::civil::Time>().ok())??;
            let now = jiff::Timestamp::from_microsecond(now.0).ok()?;
            Some(now.to_zoned(zone.clone()).date().to_datetime(time))
        };
        let date = || text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0));
        let civil = text.parse().ok().or_else(date).or_else(today);
        match civil.and_then(|civil| civil.to_zoned(zone.clone()).ok()) {
            Some(time) => Ok(Self(time.timestamp().as_microsecond())),
            None => Err(format!("\"{text}\" is no time; write 2026-11-20T14:00, 2026-11-20, or 2h for two hours ago")),
        }
    }
}

/// A handle to whatever tells the time: the real clock in `runtime`, a scripted one in tests and rehearsal.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Now + Send + Sync>);

impl Clock {
    /// A clock that asks `read` each time.
    pub fn new(read: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The instant now.
    pub fn now(&self) -> Now {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_alike() {
        for text in ["250ms", "5s", "10m", "2h", "400d", "90s"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), if text == "90s" { "90s" } else { text });
        }
        assert_eq!(Span::parse("1.5s").unwrap(), Span::from_millis(1500));
        assert!(Span::parse("5").unwrap_err().contains("5s"));
        assert!(Span::parse("5 parsecs").is_err());
        assert!(Span::parse("-5s").is_err());
        assert!(Span::parse("").is_err());
    }

    #[test]
    fn instants_print_as_rfc3339_with_milliseconds() {
        assert_eq!(Utc(1_795_356_202_125_000).to_rfc3339(), "2026-11-22T14:03:22.125Z");
        assert_eq!(Utc::parse_rfc3339("2026-11-22T15:03:22.125+01:00"), Some(Utc(1_795_356_202_125_000)));
    }

    #[test]
    fn instants_are_read_as_people_write_them() {
        let zone = jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap();
        let now = Utc::parse_rfc3339("2026-11-22T14:03:22Z").unwrap();
        for (written, meant) in [
            ("2026-11-20T14:00:00Z", "2026-11-20T14:00:00.000Z"),
            (" 2026-11-20 ", "2026-11-19T23:00:00.000Z"),
            ("2026-07-20T14:00", "2026-07-20T12:00:00.000Z"),
            ("2026-07-20 14:00", "2026-07-20T12:00:00.000Z"),
            ("06:30", "2026-11-22T05:30:00.000Z"),
            ("2h", "2026-11-22T12:03:22.000Z"),
            ("now-2h", "2026-11-22T12:03:22.000Z"),
            ("Now", "2026-11-22T14:03:22.000Z"),
        ] {
            assert_eq!(Utc::parse_written(written, now, &zone).map(Utc::to_rfc3339).as_deref(), Ok(meant), "{written}");
        }
        for written in ["yesterday", "", "25:00", "2026-13-01", "14"] {
            assert!(Utc::parse_written(written, now, &zone).unwrap_err().contains("2h for two hours ago"), "{written}");
        }
    }
}
