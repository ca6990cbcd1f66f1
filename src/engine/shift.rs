//! Shifts of a project: when the one began that is on duty now.

use crate::project::Shift;
use crate::time::Utc;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The shift that is on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDuty {
    /// When it began.
    pub began: Utc,
    /// What people call it.
    pub name: String,
    /// The one before it; itself, where there is but one.
    pub before: String,
}

/// Which shift is on duty at `now`, by the project's clock. `None`: the project has no shifts.
pub fn on_duty(shifts: &[Shift], now: Utc, zone: &TimeZone) -> Option<OnDuty> {
    let today = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone()).date();
    // Two days back, for one shift a day in the hours after midnight.
    let mut starts: Vec<(Utc, &str)> = [0, 1, 2]
        .into_iter()
        .filter_map(|back| today.checked_sub(jiff::Span::new().days(back)).ok())
        .flat_map(|day| shifts.iter().filter_map(move |shift| Some((start_of(shift, day, zone)?, shift.name.as_str()))))
        .filter(|(at, _)| *at <= now)
        .collect();
    starts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let (began, name) = *starts.first()?;
    let before = starts.get(1).map_or(name, |(_, name)| name);
    Some(OnDuty { began, name: name.to_owned(), before: before.to_owned() })
}

/// A start in the hour that the clock leaves out comes an hour later.
fn start_of(shift: &Shift, day: Date, zone: &TimeZone) -> Option<Utc> {
    let (hour, minute) = (shift.start_minute / 60, shift.start_minute % 60);
    let start = day.at(hour as i8, minute as i8, 0, 0).to_zoned(zone.clone()).ok()?;
    Some(Utc(start.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_on_duty_is_the_one_that_began_last_over_midnight_and_summer_time() {
        let shift = |name: &str, hour: u16| Shift { name: name.to_owned(), start_minute: hour * 60 };
        let shifts = [shift("Early", 6), shift("Late", 14), shift("Night", 22)];
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let duty = |now: &str| {
            let duty = on_duty(&shifts, Utc::parse_rfc3339(now).unwrap(), &zone).unwrap();
            (duty.began.to_rfc3339(), duty.name, duty.before)
        };
        let told = |began: &str, name: &str, before: &str| (began.to_owned(), name.to_owned(), before.to_owned());
        assert_eq!(duty("2026-11-20T13:30:00Z"), told("2026-11-20T13:00:00.000Z", "Late", "Early"));
        assert_eq!(duty("2026-11-20T13:00:00Z"), told("2026-11-20T13:00:00.000Z", "Late", "Early"));
        assert_eq!(duty("2026-11-20T02:00:00Z"), told("2026-11-19T21:00:00.000Z", "Night", "Late"));
        assert_eq!(duty("2026-03-29T05:00:00Z"), told("2026-03-29T04:00:00.000Z", "Early", "Night"), "an hour less");
        let alone = on_duty(&shifts[..1], Utc::parse_rfc3339("2026-11-20T02:00:00Z").unwrap(), &zone).unwrap();
        assert_eq!((alone.name.as_str(), alone.before.as_str()), ("Early", "Early"));
        assert_eq!(on_duty(&[], Utc(0), &zone), None);
    }
}
