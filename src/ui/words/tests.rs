use super::*;
use crate::engine::{Quality, Raw};
use crate::project::{DataType, Labels, Places, RecordRule, Source};
use crate::time::Mono;

fn tag(unit: &str, decimals: Option<u8>) -> Tag {
    Tag {
        name: "pump1.flow".to_owned(),
        was: None,
        description: String::new(),
        source: Source::Formula("a".to_owned()),
        data_type: DataType::F64,
        scale: None,
        offset: None,
        raw: None,
        scale_register: None,
        unit: unit.to_owned(),
        range: None,
        valid: None,
        bad_values: Vec::new(),
        normal: None,
        setpoint: None,
        labels: Labels::default(),
        decimals,
        stale_after: None,
        record: RecordRule::Change,
        record_deadband: None,
        record_interval: None,
        keep: None,
        places: Places::default(),
    }
}

fn at(secs: i64) -> Now {
    Now { mono: Mono(secs * 1_000_000), utc: Utc(secs * 1_000_000) }
}

fn view(value: f64, quality: Quality, received: Now) -> TagView {
    TagView {
        value: Some(Value::F64(value)),
        quality,
        detail: None,
        received: Some(received),
        time: Some(received.utc),
        quality_since: received,
        raw: Raw::NONE,
        alarm: None,
    }
}

#[test]
fn digits_are_grouped_by_a_thin_space_and_never_by_comma_or_point() {
    assert_eq!(number(1450.0, None), "1\u{202F}450");
    assert_eq!(number(1_234_567.891, Some(1)), "1\u{202F}234\u{202F}567.9");
    assert_eq!(number(999.0, Some(0)), "999");
    assert_eq!(number(-1450.5, Some(1)), "\u{2212}1\u{202F}450.5");
    assert_eq!(count(u64::MAX), "18\u{202F}446\u{202F}744\u{202F}073\u{202F}709\u{202F}551\u{202F}615");
}

#[test]
fn decimals_are_as_written_or_as_many_as_needed_and_at_most_three() {
    assert_eq!(number(5.0, Some(2)), "5.00");
    assert_eq!(number(5.0, None), "5");
    assert_eq!(number(5.125, None), "5.125");
    assert_eq!(number(5.120_04, None), "5.12");
    assert_eq!(number(0.1 + 0.2, None), "0.3");
    assert_eq!(number(100.0, None), "100");
}

#[test]
fn there_is_no_minus_zero_and_no_infinite_number() {
    assert_eq!(number(-0.0, Some(1)), "0.0");
    assert_eq!(number(-0.04, Some(1)), "0.0");
    assert_eq!(number(-0.000_1, Some(3)), "0.000");
    assert_eq!(number(f64::NAN, None), "no value");
    assert_eq!(number(f64::INFINITY, Some(1)), "no value");
    assert_eq!(number(1e300, None), "1.000e300");
    assert_eq!(number(-1e300, Some(200)), "\u{2212}1.000e300");
}

#[test]
fn what_is_not_zero_reads_as_zero_only_where_its_decimals_were_written() {
    assert_eq!(number(-2.5e-10, None), "\u{2212}2.5e\u{2212}10");
    assert_eq!(number(0.000_4, None), "0.0004");
    assert_eq!(number(-2.5e-10, Some(2)), "0.00");
    let mut tag = tag("mol/l", None);
    assert_eq!(value_with_unit(&Value::F64(-2.5e-10), &tag), "\u{2212}2.5e\u{2212}10 mol/l");
    tag.decimals = Some(1);
    assert_eq!(value_with_unit(&Value::F64(-2.5e-10), &tag), "0.0 mol/l");
    assert_eq!(limit(2e-7, &tag), "2e\u{2212}7 mol/l");
}

#[test]
fn integers_are_exact_to_64_bits() {
    let tag = tag("", None);
    assert_eq!(
        value(&Value::I64(i64::MIN), &tag),
        "\u{2212}9\u{202F}223\u{202F}372\u{202F}036\u{202F}854\u{202F}775\u{202F}808"
    );
    assert_eq!(
        value(&Value::U64(9_007_199_254_740_993), &tag),
        "9\u{202F}007\u{202F}199\u{202F}254\u{202F}740\u{202F}993"
    );
}

#[test]
fn a_state_with_a_word_is_shown_by_its_word_and_without_a_unit() {
    let mut tag = tag("rpm", None);
    tag.labels = Labels(vec![(0, "Stopped".to_owned()), (1, "Running".to_owned())]);
    assert_eq!(value_with_unit(&Value::U64(1), &tag), "Running");
    assert_eq!(value_with_unit(&Value::F64(0.0), &tag), "Stopped");
    assert_eq!(value_with_unit(&Value::U64(7), &tag), "7 rpm");
    assert_eq!(value_with_unit(&Value::Bool(true), &tag), "Running");
    assert_eq!(value(&Value::Bool(false), &super::tests::tag("", None)), "Off");
}

#[test]
fn limits_are_shown_as_fine_as_they_are_written() {
    assert_eq!(limit(95.0, &tag("%", Some(1))), "95.0 %");
    assert_eq!(limit(0.25, &tag("bar", Some(1))), "0.25 bar");
    assert_eq!(limit(95.0, &tag("", None)), "95");
}

#[test]
fn durations_have_one_format() {
    for (secs, text) in [
        (-5, "0 s"),
        (0, "0 s"),
        (38, "38 s"),
        (59, "59 s"),
        (60, "1 m 0 s"),
        (104, "1 m 44 s"),
        (599, "9 m 59 s"),
        (600, "10 m"),
        (1_080, "18 m"),
        (3_600, "1 h 0 m"),
        (9_780, "2 h 43 m"),
        (273_600, "3 d 4 h"),
        (34_560_000, "400 d 0 h"),
    ] {
        assert_eq!(duration(Span::from_secs(secs)), text);
    }
    assert_eq!(duration(Span(i64::MIN)), "0 s");
}

#[test]
fn ages_are_told_from_two_seconds_on_or_when_the_value_is_not_good() {
    assert_eq!(age(&view(1.0, Quality::GOOD, at(99)), at(100)), None);
    assert_eq!(age(&view(1.0, Quality::GOOD, at(98)), at(100)), Some("2 s".to_owned()));
    assert_eq!(age(&view(1.0, Quality::STALE, at(99)), at(100)), Some("1 s".to_owned()));
    let never = TagView { received: None, value: None, ..view(0.0, Quality::WAITING, at(0)) };
    assert_eq!(age(&never, at(100)), None);
}

#[test]
fn a_screen_reader_hears_value_quality_and_age() {
    let tag = tag("m³/h", Some(1));
    assert_eq!(spoken_value(&view(12.5, Quality::GOOD, at(100)), &tag, at(100)), "12.5 m³/h");
    assert_eq!(
        spoken_value(&view(12.5, Quality::NO_COMMUNICATION, at(68)), &tag, at(100)),
        "12.5 m³/h, bad: no communication, 32 s old"
    );
    assert_eq!(
        spoken_value(&view(12.5, Quality::STALE, at(90)), &tag, at(100)),
        "12.5 m³/h, uncertain: stale, 10 s old"
    );
    let never = TagView { received: None, value: None, ..view(0.0, Quality::WAITING, at(0)) };
    assert_eq!(spoken_value(&never, &tag, at(100)), "no value, bad: waiting for the first value");
}

#[test]
fn a_screen_reader_hears_how_a_device_fares() {
    let mut status = DeviceStatus::new(at(0));
    let zone = TimeZone::UTC;
    assert_eq!(spoken_device(&status, at(10), &zone), "connecting");
    status.state = LinkState::Connected;
    status.round_trip = Some(Span::from_millis(4));
    assert_eq!(spoken_device(&status, at(10), &zone), "connected, 4 ms, 0 errors");
    status.timeouts = 1;
    assert_eq!(spoken_device(&status, at(10), &zone), "connected, 4 ms, 1 error");
    status.state = LinkState::NoAnswer("connection refused".into());
    status.since = at(3_600);
    assert_eq!(spoken_device(&status, at(3_700), &zone), "no answer since 01:00:00, connection refused");
}

#[test]
fn a_time_of_another_day_bears_its_date() {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let now = Utc::parse_rfc3339("2026-11-20T14:03:54+01:00").unwrap();
    let shown = |text: &str| instant(Utc::parse_rfc3339(text).unwrap(), now, &zone);
    assert_eq!(shown("2026-11-20T14:03:16+01:00"), "14:03:16");
    assert_eq!(shown("2026-11-19T23:59:59+01:00"), "19 Nov 23:59:59");
    assert_eq!(shown("2025-11-20T14:03:16+01:00"), "20 Nov 2025 14:03:16");
    // The same day there, another one in UTC.
    assert_eq!(shown("2026-11-19T23:30:00Z"), "00:30:00");
    assert_eq!(date_and_time(now, &zone), "Fri 20 Nov 14:03:54");
    assert_eq!(zone_name(now, &zone), "Amsterdam +01:00");
    assert_eq!(zone_name(now, &TimeZone::UTC), "UTC +00:00");
}

#[test]
fn the_doubled_hour_of_autumn_bears_its_offset() {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let first = Utc::parse_rfc3339("2026-10-25T00:30:00Z").unwrap();
    assert_eq!(time_of_day(first, &zone), "02:30:00 +02:00");
    assert_eq!(time_of_day(first + Span::from_secs(3_600), &zone), "02:30:00 +01:00");
    assert_eq!(time_of_day(first + Span::from_secs(7_200), &zone), "03:30:00");
}

#[test]
fn an_instant_beyond_every_calendar_is_no_panic() {
    assert_eq!(instant(Utc(i64::MAX), Utc(0), &TimeZone::UTC), "--:--:--");
    assert_eq!(date_and_time(Utc(i64::MIN), &TimeZone::UTC), "--:--:--");
}

#[test]
fn qualities_are_told_as_level_and_reason() {
    assert_eq!(quality(Quality::GOOD), "good");
    assert_eq!(quality(Quality::NO_COMMUNICATION), "bad: no communication");
    assert_eq!(quality(Quality::STALE), "uncertain: stale");
    assert_eq!(quality(Quality::BAD), "bad");
    let mut view = view(1.0, Quality::DEVICE_FAULT, at(0));
    view.detail = Some("exception 2: illegal data address".into());
    assert_eq!(quality_with_detail(&view), "bad: device fault, exception 2: illegal data address");
}

#[test]
fn short_times_and_sizes_have_their_units() {
    assert_eq!(round_trip(Span(400)), "<1 ms");
    assert_eq!(round_trip(Span::from_millis(212)), "212 ms");
    assert_eq!(round_trip(Span::from_millis(1_240)), "1.2 s");
    assert_eq!(bytes(512), "512 B");
    assert_eq!(bytes(3_100_000_000), "3.1 GB");
}

#[test]
fn a_history_tells_all_that_it_knows() {
    let well = HistoryState {
        samples: 1_234,
        waiting: 5,
        bytes: 94_000_000,
        free_bytes: Some(41_000_000_000),
        disk_bytes: Some(116_000_000_000),
        recorded_to: Some(Utc(3_600_000_000)),
        ..HistoryState::default()
    };
    let told = "1\u{202F}234 samples recorded since the start, 5 waiting, 0 lost; 94.0 MB on disk, 41.0 GB of 116.0 GB free; recorded to 01:00:00";
    assert_eq!(spoken_history(&well, Utc(3_601_000_000), &TimeZone::UTC), told);
    let ill = HistoryState { samples: 1, lost: 2_000, fault: Some("disk full".into()), ..HistoryState::default() };
    let told = "1 sample recorded since the start, 0 waiting, 2\u{202F}000 lost; 0 B on disk; disk full";
    assert_eq!(spoken_history(&ill, Utc(0), &TimeZone::UTC), told);
}

#[test]
fn a_tag_that_is_to_be_found_yet_is_waited_for_and_another_is_none() {
    let (project, _) = crate::project::file::read(
        b"watchkeeper = 1\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://192.0.2.1\"\n\
          [[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\n",
    );
    let plan = crate::engine::Plan::compile(project.into(), crate::engine::Generation(1), crate::engine::Mode::Live).0;
    assert_eq!(no_tag("north.wind", &plan), "waits for \"north.wind\": no message of site/+/state yet");
    assert_eq!(no_tag("north.rain", &plan), "no tag \"north.rain\" in the project");
}
