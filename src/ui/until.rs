//! Until when: the end of a shelving, from a time that is offered or typed, and the shifts of the project.

use super::words;
use crate::engine::command::LONGEST_SHELVING;
use crate::project::Shift;
use crate::time::{Span, Utc};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// The next start of a shift after `now`: its name, which is the shift that begins, and when. `None` without shifts.
pub fn next_shift(shifts: &[Shift], now: Utc, zone: &TimeZone) -> Option<(String, Utc)> {
    let today = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone()).date();
    let days = [Some(today), today.tomorrow().ok(), today.tomorrow().and_then(Date::tomorrow).ok()];
    let starts = days
        .into_iter()
        .flatten()
        .flat_map(|day| shifts.iter().filter_map(move |shift| Some((shift, start_of(shift.start_minute, day, zone)?))));
    let next = starts.filter(|(_, at)| *at > now).min_by_key(|(_, at)| *at)?;
    Some((next.0.name.clone(), next.1))
}

/// In the hour that is left out in spring: as much later; in the one that comes twice: the first.
fn start_of(minute: u16, day: Date, zone: &TimeZone) -> Option<Utc> {
    let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
    let start = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(Utc(start.timestamp().as_microsecond()))
}

/// The end of a shelving as a person types it: a length (`45`, which is minutes, `45 min`, `1.5 h`, `2 h 30 min`) or a time
/// of the day (`16:30`), the next one of that time.
///
/// # Errors
/// What is wrong with it and what would be right, for the line below the field.
pub fn end_from(typed: &str, now: Utc, zone: &TimeZone) -> Result<Utc, String> {
    const RIGHT: &str = "write a length like 45 min or 2 h, or a time like 16:30";
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(RIGHT.to_owned());
    }
    let until = match typed.split_once(':') {
        Some((hour, minute)) => time_from(hour, minute, now, zone).ok_or("no such time: write it like 16:30")?,
        None => now + length_from(typed).ok_or(RIGHT)?,
    };
    match until - now {
        length if length <= Span::ZERO => Err("it must lie ahead".to_owned()),
        length if length > LONGEST_SHELVING => Err("at most 24 h".to_owned()),
        _ => Ok(until),
    }
}

fn time_from(hour: &str, minute: &str, now: Utc, zone: &TimeZone) -> Option<Utc> {
    let (hour, minute): (u16, u16) = (hour.trim().parse().ok()?, minute.trim().parse().ok()?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let of_day = Shift { name: String::new(), start_minute: hour * 60 + minute };
    next_shift(&[of_day], now, zone).map(|(_, at)| at)
}

/// `2 h 30 min`: numbers with their units, one after the other; a number alone is minutes.
fn length_from(typed: &str) -> Option<Span> {
    let mut secs = 0.0;
    let mut rest = typed;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.replace(',', ".").parse().ok()?;
        let behind = rest.get(digits..)?.trim_start();
        let letters = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let unit = match behind.get(..letters)? {
            "" if rest.len() == typed.len() && behind.is_empty() => 60.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3_600.0,
            "s" | "sec" | "seconds" => 1.0,
            _ => return None,
        };
        secs += number * unit;
        rest = behind.get(letters..)?.trim_start();
    }
    // More than any shelving may last: the caller says how long that is.
    (secs.is_finite() && secs < 1e9).then_some(Span((secs * 1e6) as i64))
}

/// How long is left, for a list: `12 m`; at its very end `ends now`.
pub fn left(until: Utc, now: Utc) -> String {
    let left = until - now;
    if left <= Span::ZERO { "ends now".to_owned() } else { format!("{} left", words::duration(left)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Utc {
        Utc::parse_rfc3339(text).unwrap()
    }

    fn amsterdam() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").unwrap()
    }

    fn shifts() -> Vec<Shift> {
        [("Early", 6 * 60), ("Late", 14 * 60), ("Night", 22 * 60)]
            .map(|(name, start_minute)| Shift { name: name.to_owned(), start_minute })
            .to_vec()
    }

    #[test]
    fn the_shift_ends_where_the_next_begins_over_midnight_too() {
        let next = |now: &str| next_shift(&shifts(), at(now), &amsterdam()).map(|(name, at)| (name, at.to_rfc3339()));
        let is = |name: &str, at: &str| Some((name.to_owned(), at.to_owned()));
        assert_eq!(next("2026-11-20T13:03:54Z"), is("Night", "2026-11-20T21:00:00.000Z"));
        assert_eq!(
            next("2026-11-20T21:00:00Z"),
            is("Early", "2026-11-21T05:00:00.000Z"),
            "its own start is not its end"
        );
        assert_eq!(next_shift(&[], at("2026-11-20T13:00:00Z"), &amsterdam()), None);
        // The night on which clocks go back is an hour longer.
        assert_eq!(next("2026-10-24T20:30:00Z"), is("Early", "2026-10-25T05:00:00.000Z"));
    }

    #[test]
    fn a_length_or_a_time_of_day_is_understood() {
        let now = at("2026-11-20T13:03:54Z");
        let minutes = |typed: &str| end_from(typed, now, &amsterdam()).map(|until| (until - now).as_secs_f64() / 60.0);
        for (typed, is) in [("45", 45.0), ("45 min", 45.0), ("90m", 90.0), ("1.5 h", 90.0), ("1,5 h", 90.0)] {
            assert_eq!(minutes(typed), Ok(is), "{typed}");
        }
        for (typed, is) in [("2 h 30 min", 150.0), ("2h30m", 150.0), ("24 h", 1_440.0), (" 8 hours ", 480.0)] {
            assert_eq!(minutes(typed), Ok(is), "{typed}");
        }
        let until = |typed: &str| end_from(typed, now, &amsterdam()).map(Utc::to_rfc3339);
        assert_eq!(until("16:30").unwrap(), "2026-11-20T15:30:00.000Z");
        assert_eq!(until("02:00").unwrap(), "2026-11-21T01:00:00.000Z", "tomorrow's");
    }

    #[test]
    fn what_is_not_understood_says_what_would_be() {
        let now = at("2026-11-20T13:03:54Z");
        let why = |typed: &str| end_from(typed, now, &amsterdam()).unwrap_err();
        for typed in ["", "soon", "min", "5 days", "1..2 h", "2 h 30"] {
            assert_eq!(why(typed), "write a length like 45 min or 2 h, or a time like 16:30", "{typed}");
        }
        assert_eq!(why("25:00"), "no such time: write it like 16:30");
        assert_eq!(why("25 h"), "at most 24 h");
        assert_eq!(why("0"), "it must lie ahead");
        assert_eq!(why(&"9".repeat(400)), "write a length like 45 min or 2 h, or a time like 16:30");
    }
}
