//! Instants on the command line.

use crate::historian::history::query::grid::zone_named;
use crate::runtime::clock::system_clock;
use crate::time::{Span, Utc};

/// RFC 3339, a date or a local time of the project's zone, `now`, or how long ago: `2h`, `now-2h`.
pub fn instant(text: Option<&str>, zone: Option<&str>) -> Result<Option<Utc>, String> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    if let Some(time) = Utc::parse_rfc3339(text) {
        return Ok(Some(time));
    }
    let now = || system_clock().now().utc;
    if text.eq_ignore_ascii_case("now") {
        return Ok(Some(now()));
    }
    if let Ok(ago) = Span::parse(text.strip_prefix("now-").unwrap_or(text)) {
        return Ok(Some(now() + Span(-ago.0)));
    }
    let civil =
        text.parse::<jiff::civil::DateTime>().or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)));
    match civil.and_then(|c| c.to_zoned(zone_named(zone))) {
        Ok(time) => Ok(Some(Utc(time.timestamp().as_microsecond()))),
        Err(_) => {
            Err(format!("\"{text}\" is no time; write 2026-11-20T14:00:00Z, 2026-11-20, or 2h for two hours ago"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc3339_or_local_to_the_project_or_ago() {
        let utc = |text| Utc::parse_rfc3339(text);
        let amsterdam = Some("Europe/Amsterdam");
        assert_eq!(instant(Some("2026-11-20T14:00:00Z"), None).unwrap(), utc("2026-11-20T14:00:00Z"));
        assert_eq!(instant(Some("2026-11-20"), amsterdam).unwrap(), utc("2026-11-19T23:00:00Z"));
        assert_eq!(instant(Some("2026-07-20T14:00"), amsterdam).unwrap(), utc("2026-07-20T12:00:00Z"));
        for text in ["2h", "now-2h"] {
            let ago = system_clock().now().utc - instant(Some(text), None).unwrap().unwrap();
            assert!((7_199..7_260).contains(&(ago.0 / 1_000_000)), "{ago}");
        }
        assert!((system_clock().now().utc - instant(Some("now"), None).unwrap().unwrap()).0 < 60_000_000);
        assert!(instant(Some("yesterday"), None).unwrap_err().contains("2h for two hours ago"));
        assert_eq!(instant(None, None).unwrap(), None);
    }
}
