//! Files of a few rows, told letter by letter; and that text reads back to the same bits.

use super::*;
use crate::engine::Quality;
use proptest::prelude::*;

const PUMP: Of<'static> = Of { tag: "pump1.flow", unit: Some("m³/h") };

fn at(text: &str) -> Utc {
    Utc::parse_rfc3339(text).unwrap()
}

fn sample(time: &str, value: Option<Value>, quality: Quality) -> Sample {
    Sample::new(at(time), value, quality, None)
}

fn written(format: FileFormat, kind: RowKind, zone: Option<&str>, fill: impl FnOnce(&mut Exporter<Vec<u8>>)) -> String {
    let zone = zone.map(|name| TimeZone::get(name).unwrap());
    let mut exporter = Exporter::new(Vec::new(), format, kind, zone).unwrap();
    fill(&mut exporter);
    String::from_utf8(exporter.finish().unwrap()).unwrap()
}

fn few(exporter: &mut Exporter<Vec<u8>>) {
    let rows = [
        sample("2026-11-20T14:03:22.125Z", Some(Value::F64(12.5)), Quality::GOOD),
        sample("2026-11-20T14:03:22.125001Z", Some(Value::U64(u64::MAX)), Quality::STALE),
        sample("2026-11-20T14:03:23Z", None, Quality::NO_COMMUNICATION),
        sample("2026-11-20T14:03:24Z", Some(Value::Text("a \"b\", c".into())), Quality::GOOD),
    ];
    for row in &rows {
        exporter.sample(PUMP, row).unwrap();
    }
}

#[test]
fn csv_has_the_columns_of_the_contract_and_a_gap_is_a_row_with_an_empty_value() {
    assert_eq!(
        written(FileFormat::Csv, RowKind::Samples, None, few),
        "tag,time,value,quality\n\
         pump1.flow,2026-11-20T14:03:22.125Z,12.5,good\n\
         pump1.flow,2026-11-20T14:03:22.125001Z,18446744073709551615,uncertain:stale\n\
         pump1.flow,2026-11-20T14:03:23.000Z,,bad:no-communication\n\
         pump1.flow,2026-11-20T14:03:24.000Z,\"a \"\"b\"\", c\",good\n"
    );
}

#[test]
fn the_time_of_the_zone_stands_beside_and_says_its_offset_on_both_days_that_change_the_clock() {
    let rows = |exporter: &mut Exporter<Vec<u8>>| {
        for time in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"] {
            exporter.sample(PUMP, &sample(time, Some(Value::I64(1)), Quality::GOOD)).unwrap();
        }
    };
    let text = written(FileFormat::Csv, RowKind::Samples, Some("Europe/Amsterdam"), rows);
    let local: Vec<&str> = text.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(
        local,
        [
            "local",
            "2026-10-25T02:30:00.000+02:00",
            "2026-10-25T02:30:00.000+01:00",
            "2026-03-29T01:59:59.000+01:00",
            "2026-03-29T03:00:00.000+02:00"
        ]
    );
}

#[test]
fn json_lines_are_those_of_the_contract_and_keep_the_reason() {
    let rows = |exporter: &mut Exporter<Vec<u8>>| {
        few(exporter);
        let refused = Sample::bad(at("2026-11-20T14:03:25Z"), Quality::NO_COMMUNICATION, Some("refused".into()));
        exporter.sample(Of { unit: None, ..PUMP }, &refused).unwrap();
    };
    let text = written(FileFormat::Jsonl, RowKind::Samples, None, rows);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"tag":"pump1.flow","time":"2026-11-20T14:03:22.125Z","value":12.5,"quality":"good","unit":"m³/h"}"#
    );
    assert!(lines[1].contains(r#""value":18446744073709551615,"quality":"uncertain:stale""#));
    assert!(lines[2].contains(r#""value":null,"quality":"bad:no-communication""#));
    assert_eq!(
        lines[4],
        r#"{"tag":"pump1.flow","time":"2026-11-20T14:03:25.000Z","value":null,"quality":"bad:no-communication","detail":"refused"}"#
    );
}

#[test]
fn a_step_without_a_value_is_a_row_too() {
    let step = Step {
        from: at("2026-11-20T14:00:00Z"),
        to: at("2026-11-20T15:00:00Z"),
        count: 3,
        first: Some(Value::F64(1.0)),
        min: Some(Value::F64(-2.5)),
        max: Some(Value::F64(1e300)),
        mean: Some(0.1),
        last: Some(Value::F64(1.0)),
        quality: Quality::STALE,
        good: 0.75,
    };
    let gap = Step {
        count: 0,
        first: None,
        min: None,
        max: None,
        mean: None,
        last: None,
        quality: Quality::NOT_RUNNING,
        good: 0.0,
        ..step.clone()
    };
    let rows = |exporter: &mut Exporter<Vec<u8>>| [&step, &gap].iter().for_each(|s| exporter.step(PUMP, s).unwrap());
    assert_eq!(
        written(FileFormat::Csv, RowKind::Steps, None, rows),
        "tag,time,first,min,max,mean,last,quality,count,good\n\
         pump1.flow,2026-11-20T14:00:00.000Z,1,-2.5,1e300,0.1,1,uncertain:stale,3,0.75\n\
         pump1.flow,2026-11-20T14:00:00.000Z,,,,,,bad:not-running,0,0\n"
    );
    let json = written(FileFormat::Jsonl, RowKind::Steps, None, rows);
    assert!(json.lines().nth(1).unwrap().contains(r#""mean":null,"last":null,"quality":"bad:not-running","count":0"#));
}

#[test]
fn a_row_of_the_other_kind_is_refused() {
    let mut exporter = Exporter::new(Vec::new(), FileFormat::Csv, RowKind::Steps, None).unwrap();
    assert!(exporter.sample(PUMP, &Sample::good(Utc(0), 1.0)).is_err());
}

proptest! {
    #[test]
    fn a_float_reads_back_to_the_same_bits(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for format in [FileFormat::Csv, FileFormat::Jsonl] {
            let text = written(format, RowKind::Samples, None, |e| e.sample(PUMP, &Sample::good(Utc(0), value)).unwrap());
            let read = match format {
                FileFormat::Csv => text.lines().nth(1).unwrap().split(',').nth(2).unwrap().parse::<f64>().unwrap(),
                _ => text.split("\"value\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap(),
            };
            prop_assert_eq!(read.to_bits(), bits, "{}", text);
        }
    }
}
