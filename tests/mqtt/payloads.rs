//! Whatever bytes come: no panic, and a value only where an independent reading gives the same.

use proptest::prelude::*;
use watchkeeper::drivers::monitor::DeviceLog;
use watchkeeper::drivers::mqtt::payload::{Outcome, Payload, Reader};
use watchkeeper::drivers::mqtt::topics::{Reports, Topics};
use watchkeeper::engine::{Generation, Quality, TagId, Value};
use watchkeeper::project::{DataType, TopicSource};
use watchkeeper::time::Now;

use super::listener::{json, topic};

fn read(reader: &Reader, payload: &[u8]) -> Option<Value> {
    match reader.read(&Payload::new(payload)) {
        Outcome::Value { value, .. } => Some(value),
        Outcome::Bad(why) => {
            assert!(!why.is_empty() && !why.contains('\n'), "{why:?} is no reason for one line");
            None
        }
        Outcome::Keep => None,
    }
}

/// The same by the whole road of a message, where plain paths are found by a scan.
fn receive(source: &TopicSource, data_type: DataType, payload: &[u8]) -> Option<Value> {
    let mut topics = Topics::default();
    topics.add(TagId(0), data_type, source);
    let mut reports = Reports::new(Generation(1));
    let understood = topics
        .message(source.topic.as_bytes(), payload, false, Now::default(), &mut reports, &DeviceLog::default())
        .is_ok();
    let mut samples = reports.take().into_iter().flat_map(|report| report.samples);
    let sample = samples.next().unwrap();
    assert_eq!(sample.quality, if understood { Quality::GOOD } else { Quality::PAYLOAD });
    assert_eq!(sample.value.is_some(), understood);
    sample.value
}

/// Words near to numbers and states.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        (-1e6..1e6).prop_map(|n: f64| format!("{n:.3}")),
        "[-+ ]?[0-9]{0,20}[.,]?[0-9]{0,4}(e[-+]?[0-9]{1,3})?",
        "(?i)true|false|on|off|nan|-?inf|infinity|null|yes|0x[0-9a-f]{1,4}",
        ".{0,12}",
    ]
}

/// Where a text of digits stands for one of this type, exactly: by the standard library's parser of that very type.
fn exact(word: &str, data_type: DataType) -> Option<Value> {
    let word = word.trim();
    match data_type {
        DataType::U8 => word.parse::<u8>().ok().map(|n| Value::U64(n.into())),
        DataType::I16 => word.parse::<i16>().ok().map(|n| Value::I64(n.into())),
        DataType::U64 => word.parse().ok().map(Value::U64),
        DataType::I64 => word.parse().ok().map(Value::I64),
        DataType::F64 => word.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::F64),
        _ => None,
    }
}

const TYPES: [DataType; 5] = [DataType::U8, DataType::I16, DataType::U64, DataType::I64, DataType::F64];

/// The same number, whichever way it was written: `5.0` may stand for the whole number 5, and decimals that came through
/// the full JSON parser may be off by the last bit.
fn same(read: &Value, word: &str) -> bool {
    let Ok(float) = word.trim().parse::<f64>() else { return false };
    let Some(value) = read.as_f64() else { return false };
    (value - float).abs() <= float.abs() * 4.0 * f64::EPSILON
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (data_type, _) in DataType::ALL {
            for source in [topic("t"), json("t", "$.a"), json("t", "$..a[?@.b > 1]"), json("t", "$")] {
                let reader = Reader::new(&source, data_type).unwrap();
                if let Some(value) = read(&reader, &bytes) {
                    let text = std::str::from_utf8(&bytes).unwrap();
                    let told = match &value {
                        Value::Text(read) => text.contains(read.as_ref()) || text.contains('\\'),
                        Value::Bool(_) => true,
                        number => same(number, text.trim_matches(|c: char| c.is_whitespace() || c == '"')) || source.path.is_some(),
                    };
                    prop_assert!(told, "{value:?} of {text:?}");
                }
            }
        }
    }

    #[test]
    fn a_plain_number_is_exactly_what_the_text_says(word in word()) {
        for data_type in TYPES {
            let value = read(&Reader::new(&topic("t"), data_type).unwrap(), word.as_bytes());
            if let Some(expected) = exact(&word, data_type) {
                prop_assert_eq!(value, Some(expected), "{:?} of {:?}", data_type, &word);
            } else if let Some(value) = value {
                prop_assert!(same(&value, &word), "{value:?} of {word:?}");
            }
        }
    }

    #[test]
    fn a_number_in_json_is_what_its_text_says(word in word(), quoted in any::<bool>()) {
        let value = if quoted { serde_json::json!(word).to_string() } else { word.clone() };
        let payload = format!(r#"{{"b": 1, "a": {{"v": {value}}}}}"#);
        for data_type in TYPES {
            let source = json("t", "$.a.v");
            let parsed = read(&Reader::new(&source, data_type).unwrap(), payload.as_bytes());
            let value = receive(&source, data_type, payload.as_bytes());
            match (&parsed, &value) {
                (Some(Value::F64(_)), Some(Value::F64(_))) => prop_assert!(same(parsed.as_ref().unwrap(), &word)),
                _ => prop_assert_eq!(&parsed, &value, "{:?} of {}", data_type, &payload),
            }
            match (value, exact(&word, data_type)) {
                (Some(value), Some(expected)) => prop_assert_eq!(value, expected),
                (Some(value), None) => prop_assert!(same(&value, &word), "{value:?} of {word:?}"),
                (None, Some(expected)) => prop_assert!(!quoted, "{expected:?} of {word:?} was not read"),
                (None, None) => {}
            }
        }
    }

    #[test]
    fn a_state_comes_of_its_spellings_alone(word in word()) {
        let value = read(&Reader::new(&topic("t"), DataType::Bool).unwrap(), word.as_bytes());
        let expected = match word.trim().to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Some(Value::Bool(true)),
            "false" | "off" | "0" => Some(Value::Bool(false)),
            _ => None,
        };
        prop_assert_eq!(value, expected);
    }
}
