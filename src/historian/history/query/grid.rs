//! Where steps begin and end: on the plant's own clock, so that a day is a day there, be it 23, 24 or 25 hours long.
//!
//! | step | begins |
//! | --- | --- |
//! | whole days | at midnight of the zone; seven days on a Monday |
//! | up to an hour, dividing a day | counted from midnight of the zone in elapsed time: an hour has 60 minutes on every day |
//! | over an hour, dividing a day | at the zone's clock (`6h`: 00:00, 06:00, 12:00, 18:00), so that one of them is an hour longer or shorter twice a year |
//! | all others | counted from 1970-01-01T00:00:00Z |

use crate::time::{Span, Utc};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Unit};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// A Monday: steps of several days are counted from it.
const ANCHOR: Date = date(2001, 1, 1);

/// The steps of one length in one zone. Invariant: steps neither overlap nor leave anything out.
#[derive(Debug, Clone)]
pub struct Grid {
    every: i64,
    zone: TimeZone,
    kind: Kind,
    /// The day, or days, asked for last: where it begins, and the steps in it.
    day: Option<Day>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Days(i64),
    Clock,
    Elapsed,
    Epoch,
}

#[derive(Debug, Clone)]
struct Day {
    start: i64,
    end: i64,
    /// Where its steps begin, for [`Kind::Clock`].
    marks: Vec<i64>,
}

impl Grid {
    /// `None`: the zone of the computer. A step of nothing counts as a microsecond.
    pub fn new(every: Span, zone: Option<&str>) -> Self {
        Self::in_zone(every, zone_named(zone))
    }

    /// In a zone that is known.
    pub fn in_zone(every: Span, zone: TimeZone) -> Self {
        let every = every.0.max(1);
        let kind = if every % DAY == 0 {
            Kind::Days(every / DAY)
        } else if DAY % every != 0 {
            Kind::Epoch
        } else if every <= HOUR {
            Kind::Elapsed
        } else {
            Kind::Clock
        };
        Self { every, zone, kind, day: None }
    }

    /// Beginning and end of the step that holds an instant; the end belongs to the next.
    pub fn around(&mut self, time: Utc) -> (Utc, Utc) {
        let t = time.0;
        let found = match self.kind {
            Kind::Epoch => None,
            Kind::Days(_) => self.day_around(t).map(|day| (day.start, day.end)),
            Kind::Elapsed => {
                let every = self.every;
                self.day_around(t).map(|day| {
                    let start = day.start + (t - day.start) / every * every;
                    (start, (start + every).min(day.end))
                })
            }
            Kind::Clock => self.day_around(t).map(|day| {
                let next = day.marks.partition_point(|mark| *mark <= t);
                (
                    day.marks.get(next.wrapping_sub(1)).copied().unwrap_or(day.start),
                    day.marks.get(next).copied().unwrap_or(day.end),
                )
            }),
        };
        // Beyond the years that calendars reach (a device that sends nonsense as its time), a step is a plain length.
        let (start, end) = found.unwrap_or_else(|| {
            let start = t.saturating_sub(t.rem_euclid(self.every));
            (start, start.saturating_add(self.every))
        });
        (Utc(start), Utc(end))
    }

    fn day_around(&mut self, t: i64) -> Option<&Day> {
        if !self.day.as_ref().is_some_and(|day| (day.start..day.end).contains(&t)) {
            self.day = self.find_day(t);
        }
        self.day.as_ref()
    }

    fn find_day(&self, t: i64) -> Option<Day> {
        let days = if let Kind::Days(days) = self.kind { days } else { 1 };
        let local = Timestamp::from_microsecond(t).ok()?.to_zoned(self.zone.clone()).date();
        let since = i64::from(local.since((Unit::Day, ANCHOR)).ok()?.get_days());
        let mut date = add_days(ANCHOR, since.div_euclid(days) * days)?;
        let mut start = self.midnight(date)?;
        let mut end = self.midnight(add_days(date, days)?)?;
        // A clock that is set back over midnight has the earlier date twice; the second time is after the midnight
        // that counts.
        while t >= end {
            date = add_days(date, days)?;
            (start, end) = (end, self.midnight(add_days(date, days)?)?);
        }
        let mut marks = Vec::new();
        if self.kind == Kind::Clock {
            marks.push(start);
            for index in 1..DAY / self.every {
                let clock = date.at(0, 0, 0, 0).checked_add((index * self.every).microseconds()).ok()?;
                let mark = clock.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond();
                if marks.last().is_none_or(|last| *last < mark) && mark < end {
                    marks.push(mark);
                }
            }
        }
        (start <= t).then_some(Day { start, end, marks })
    }

    /// The first instant of a day.
    fn midnight(&self, date: Date) -> Option<i64> {
        Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond())
    }
}

fn add_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The zone of this name; without a name, or where this computer does not know it, the computer's own.
pub fn zone_named(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(TimeZone::system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Utc {
        Utc::parse_rfc3339(text).unwrap()
    }

    /// Beginnings and ends from `from` on, as the zone's clock reads.
    fn steps(every: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let mut grid = Grid::in_zone(Span::parse(every).unwrap(), zone.clone());
        let mut at = utc(from);
        let mut told = Vec::new();
        for _ in 0..count {
            let (start, end) = grid.around(at);
            let local = Timestamp::from_microsecond(start.0).unwrap().to_zoned(zone.clone());
            told.push(format!("{} {}", local.strftime("%d %H:%M"), end - start));
            at = end;
        }
        told
    }

    #[test]
    fn a_day_is_a_day_of_the_plant_on_both_days_that_change_the_clock() {
        let amsterdam = "Europe/Amsterdam";
        assert_eq!(steps("1d", amsterdam, "2026-03-27T23:00:00Z", 3), ["28 00:00 1d", "29 00:00 23h", "30 00:00 1d"]);
        assert_eq!(steps("1d", amsterdam, "2026-10-23T22:00:00Z", 3), ["24 00:00 1d", "25 00:00 25h", "26 00:00 1d"]);
        let new_york = "America/New_York";
        assert_eq!(steps("1d", new_york, "2026-03-07T05:00:00Z", 3), ["07 00:00 1d", "08 00:00 23h", "09 00:00 1d"]);
        assert_eq!(steps("1d", new_york, "2026-10-31T04:00:00Z", 3), ["31 00:00 1d", "01 00:00 25h", "02 00:00 1d"]);
        // A week has an hour less, and begins on a Monday.
        assert_eq!(steps("7d", amsterdam, "2026-03-25T12:00:00Z", 2), ["23 00:00 167h", "30 00:00 7d"]);
    }

    #[test]
    fn an_hour_is_an_hour_and_six_hours_end_at_the_clock() {
        let amsterdam = "Europe/Amsterdam";
        let night = steps("1h", amsterdam, "2026-10-24T23:00:00Z", 4);
        assert_eq!(night, ["25 01:00 1h", "25 02:00 1h", "25 02:00 1h", "25 03:00 1h"]);
        let night = steps("1h", amsterdam, "2026-03-29T00:00:00Z", 2);
        assert_eq!(night, ["29 01:00 1h", "29 03:00 1h"]);
        let day = steps("6h", amsterdam, "2026-03-28T23:00:00Z", 5);
        assert_eq!(day, ["29 00:00 5h", "29 06:00 6h", "29 12:00 6h", "29 18:00 6h", "30 00:00 6h"]);
        assert_eq!(steps("6h", amsterdam, "2026-10-24T22:00:00Z", 2), ["25 00:00 7h", "25 06:00 6h"]);
        // 02:00 is not there in spring, so a step of two hours ends at three.
        assert_eq!(steps("2h", amsterdam, "2026-03-28T23:00:00Z", 3), ["29 00:00 2h", "29 03:00 1h", "29 04:00 2h"]);
        // Quarter hours count from local midnight where the zone is off by 45 minutes.
        assert_eq!(steps("1h", "Asia/Kathmandu", "2026-01-01T18:15:00Z", 2), ["02 00:00 1h", "02 01:00 1h"]);
    }

    #[test]
    fn a_length_that_fits_no_day_counts_from_the_epoch_and_so_does_time_beyond_calendars() {
        let mut grid = Grid::new(Span::parse("7h").unwrap(), Some("Europe/Amsterdam"));
        assert_eq!(grid.around(Utc(8 * HOUR)), (Utc(7 * HOUR), Utc(14 * HOUR)));
        for every in ["1d", "1m", "6h"] {
            let mut grid = Grid::new(Span::parse(every).unwrap(), Some("Europe/Amsterdam"));
            for t in [i64::MIN, i64::MAX, 100_000 * 366 * DAY] {
                let (start, end) = grid.around(Utc(t));
                assert!(start.0 <= t && (t < end.0 || end.0 == i64::MAX), "{every} {t}");
            }
        }
    }

    proptest! {
        #[test]
        fn steps_follow_each_other_without_a_hole(
            minutes in prop::sample::select(vec![1, 7, 15, 60, 90, 120, 180, 360, 480, 720, 1440, 4320, 10080]),
            zone in prop::sample::select(vec!["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC"]),
            start in 0_i64..2_000_000_000,
        ) {
            let mut grid = Grid::new(Span::from_secs(minutes * 60), Some(zone));
            let mut at = Utc(start * 1_000_000);
            let (mut from, mut to) = grid.around(at);
            for _ in 0..60 {
                prop_assert!(from <= at && at < to);
                // The same step, whichever of its instants is asked for, and whatever was asked for before.
                let mut fresh = Grid::new(Span::from_secs(minutes * 60), Some(zone));
                prop_assert_eq!(fresh.around(Utc(to.0 - 1)), (from, to));
                at = to;
                let next = grid.around(at);
                prop_assert_eq!(next.0, to);
                (from, to) = next;
            }
        }
    }
}
