//! An earlier time of the same length beneath the one that is shown, as a pale twin of every pen.

use crate::time::{Span, Utc};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// How far back the twin lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// So many days of the plant's calendar: at the same time of its clock, also over a change of the clock.
    Days(i32),
    /// As long as what is shown: the time before it.
    Length,
    /// Any length: from a cursor on.
    By(Span),
}

impl Compare {
    /// How far back, for a view with these ends.
    pub fn shift(self, from: Utc, to: Utc, zone: &TimeZone) -> Span {
        match self {
            Self::By(span) => span,
            Self::Length => to - from,
            Self::Days(days) => {
                let earlier = Timestamp::from_microsecond(to.0)
                    .and_then(|to| to.to_zoned(zone.clone()).checked_sub(days.days()))
                    .map(|earlier| Utc(earlier.timestamp().as_microsecond()));
                earlier.map_or(Span(i64::from(days) * 86_400_000_000), |earlier| to - earlier)
            }
        }
    }

    /// As the head of the panel says it.
    pub fn words(self) -> String {
        match self {
            Self::Days(1) => "a day before".to_owned(),
            Self::Days(7) => "a week before".to_owned(),
            Self::Days(days) => format!("{days} days before"),
            Self::Length => "the time before".to_owned(),
            Self::By(span) => format!("{} before", crate::ui::words::duration_of_range(span)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_before_is_the_same_time_of_the_clock_on_the_days_that_change_it() {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let hours = |at: &str| {
            let to = Utc::parse_rfc3339(at).unwrap();
            Compare::Days(1).shift(to + Span::from_secs(-60), to, &zone).0 / 3_600_000_000
        };
        assert_eq!(hours("2026-11-20T12:00:00+01:00"), 24);
        assert_eq!(hours("2026-03-29T12:00:00+02:00"), 23);
        assert_eq!(hours("2026-10-25T12:00:00+01:00"), 25);
    }
}
