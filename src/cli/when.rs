//! Instants on the command line.

use crate::historian::history::query::grid::zone_named;
use crate::time::Utc;

/// As [`Utc::parse_written`] takes it at this time, in the project's zone.
pub fn instant(text: Option<&str>, zone: Option<&str>, now: Utc) -> Result<Option<Utc>, String> {
    text.map(|text| Utc::parse_written(text, now, &zone_named(zone))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_to_the_project_or_ago() {
        let utc = |text| Utc::parse_rfc3339(text);
        let now = Utc(1_795_356_202_125_000);
        let amsterdam = Some("Europe/Amsterdam");
        assert_eq!(instant(Some("2026-11-20T14:00:00Z"), None, now).unwrap(), utc("2026-11-20T14:00:00Z"));
        assert_eq!(instant(Some("2026-11-20"), amsterdam, now).unwrap(), utc("2026-11-19T23:00:00Z"));
        assert_eq!(instant(Some("2026-07-20T14:00"), amsterdam, now).unwrap(), utc("2026-07-20T12:00:00Z"));
        assert_eq!(instant(Some("2h"), None, now).unwrap(), utc("2026-11-22T12:03:22.125Z"));
        assert_eq!(instant(None, None, now).unwrap(), None);
    }
}
