//! Instants on the command line.

use crate::historian::history::query::grid::zone_named;
use crate::runtime::clock::system_clock;
use crate::time::Utc;

/// As [`Utc::parse_written`] takes it, in the project's zone.
pub fn instant(text: Option<&str>, zone: Option<&str>) -> Result<Option<Utc>, String> {
    text.map(|text| Utc::parse_written(text, system_clock().now().utc, &zone_named(zone))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_to_the_project_or_ago() {
        let utc = |text| Utc::parse_rfc3339(text);
        let amsterdam = Some("Europe/Amsterdam");
        assert_eq!(instant(Some("2026-11-20T14:00:00Z"), None).unwrap(), utc("2026-11-20T14:00:00Z"));
        assert_eq!(instant(Some("2026-11-20"), amsterdam).unwrap(), utc("2026-11-19T23:00:00Z"));
        assert_eq!(instant(Some("2026-07-20T14:00"), amsterdam).unwrap(), utc("2026-07-20T12:00:00Z"));
        let ago = system_clock().now().utc - instant(Some("2h"), None).unwrap().unwrap();
        assert!((7_199..7_260).contains(&(ago.0 / 1_000_000)), "{ago}");
        assert_eq!(instant(None, None).unwrap(), None);
    }
}
