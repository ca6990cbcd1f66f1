//! What a payload says of a tag, and what it does not.

use super::*;
use proptest::prelude::*;

fn source(path: Option<&str>) -> TopicSource {
    TopicSource {
        device: "site".to_owned(),
        topic: "t".to_owned(),
        qos: 0,
        path: path.map(str::to_owned),
        missing: Missing::Bad,
        retained: crate::project::Retained::Uncertain,
        availability: None,
        time: None,
    }
}

fn plain(payload: &[u8], data_type: DataType) -> Result<Value, String> {
    outcome(&source(None), payload, data_type)
}

fn at(path: &str, payload: &str, data_type: DataType) -> Result<Value, String> {
    outcome(&source(Some(path)), payload.as_bytes(), data_type)
}

fn outcome(source: &TopicSource, payload: &[u8], data_type: DataType) -> Result<Value, String> {
    match Reader::new(source, data_type).unwrap().read(&Payload::new(payload)) {
        Outcome::Value { value, .. } => Ok(value),
        Outcome::Bad(why) => Err(why.to_string()),
        Outcome::Keep => Err("keep".to_owned()),
    }
}

#[test]
fn plain_numbers_are_read_exactly() {
    assert_eq!(plain(b"21.37", DataType::F64), Ok(Value::F64(21.37)));
    assert_eq!(plain(b" -40 \n", DataType::F64), Ok(Value::F64(-40.0)));
    assert_eq!(plain(b"1e3", DataType::F32), Ok(Value::F64(1000.0)));
    assert_eq!(plain(b"18446744073709551615", DataType::U64), Ok(Value::U64(u64::MAX)));
    assert_eq!(plain(b"-9223372036854775808", DataType::I64), Ok(Value::I64(i64::MIN)));
    assert_eq!(plain(b"9007199254740993", DataType::I64), Ok(Value::I64(9_007_199_254_740_993)));
    assert_eq!(plain(b"9007199254740993.0", DataType::U64), Ok(Value::U64(9_007_199_254_740_993)));
    assert!(plain(b"9.007199254740993e15", DataType::U64).is_err(), "a float that may be another whole number");
    assert_eq!(plain(b"5.0", DataType::U8), Ok(Value::U64(5)));
}

#[test]
fn json_numbers_and_numbers_in_strings_read_alike() {
    for payload in [r#"{"v": 21.5}"#, r#"{"v": "21.5"}"#, r#"{"v": " 21.5 "}"#] {
        assert_eq!(at("$.v", payload, DataType::F64), Ok(Value::F64(21.5)));
    }
    for payload in [r#"{"v": 18446744073709551615}"#, r#"{"v": "18446744073709551615"}"#] {
        assert_eq!(at("$.v", payload, DataType::U64), Ok(Value::U64(u64::MAX)));
    }
    assert_eq!(at("$.v", r#"{"v": -5}"#, DataType::I8), Ok(Value::I64(-5)));
    assert_eq!(at("$.v", r#"{"v": 5.0}"#, DataType::U16), Ok(Value::U64(5)));
}

#[test]
fn what_is_no_number_is_bad_with_its_reason() {
    for (payload, reason) in [
        ("", "the payload is empty"),
        ("  ", "an empty text"),
        ("nan", "\"nan\" is not finite"),
        ("NaN", "\"NaN\" is not finite"),
        ("inf", "\"inf\" is not finite"),
        ("-Infinity", "\"-Infinity\" is not finite"),
        ("1e999", "\"1e999\" is not finite"),
        ("21,5", "\"21,5\" is no number"),
        ("0x10", "\"0x10\" is no number"),
        ("21 °C", "\"21 °C\" is no number"),
    ] {
        assert_eq!(plain(payload.as_bytes(), DataType::F64), Err(reason.to_owned()));
    }
    assert_eq!(plain(b"ab\xff", DataType::F64), Err("no UTF-8 text: byte 3 is at fault".to_owned()));
    for (payload, reason) in [
        (r#"{"v": null}"#, "null is no number"),
        (r#"{"v": true}"#, "true is no number"),
        (r#"{"v": {}}"#, "an object is no number"),
        (r#"{"v": [1]}"#, "a list is no number"),
        (r#"{"v": ""}"#, "an empty text"),
        (r#"{"v": "nan"}"#, "\"nan\" is not finite"),
        (r#"{"w": 1}"#, "no value at $.v"),
        ("", "the payload is empty"),
        ("{\"v\": 1", "no JSON: EOF while parsing an object at line 1 column 7"),
        (r#"{"v": NaN}"#, "no JSON: expected value at line 1 column 7"),
        (r#"{"v": 1e999}"#, "no JSON: number out of range at line 1 column 11"),
    ] {
        assert_eq!(at("$.v", payload, DataType::F64), Err(reason.to_owned()), "{payload}");
    }
}

#[test]
fn a_number_outside_of_its_type_is_bad() {
    for (text, data_type, reason) in [
        ("256", DataType::U8, "256 is outside u8 (0 to 255)"),
        ("-1", DataType::U16, "-1 is outside u16 (0 to 65535)"),
        ("-129", DataType::I8, "-129 is outside i8 (-128 to 127)"),
        ("4294967296", DataType::U32, "4294967296 is outside u32 (0 to 4294967295)"),
        ("18446744073709551616", DataType::U64, "18446744073709551616 is outside u64 (0 to 18446744073709551615)"),
        ("10000", DataType::Bcd16, "10000 is outside bcd16 (0 to 9999)"),
        ("21.5", DataType::I32, "21.5 is no whole number of i32"),
        ("1e39", DataType::F32, "1e39 is outside f32 (up to 3.4028234663852886e38)"),
        ("70000", DataType::F16, "7e4 is outside f16 (up to 6.5504e4)"),
    ] {
        assert_eq!(plain(text.as_bytes(), data_type), Err(reason.to_owned()));
    }
    assert!(at("$", "18446744073709551616", DataType::U64).is_err(), "a float that names no one whole number");
    assert!(at("$", "1e16", DataType::I64).is_err());
}

#[test]
fn booleans_come_in_their_usual_spellings() {
    for yes in ["true", "TRUE", "on", "On", "1", " ON\n"] {
        assert_eq!(plain(yes.as_bytes(), DataType::Bool), Ok(Value::Bool(true)));
    }
    for no in ["false", "False", "off", "OFF", "0"] {
        assert_eq!(plain(no.as_bytes(), DataType::Bool), Ok(Value::Bool(false)));
    }
    for json in ["true", "1", "1.0", "\"on\"", "\"1\""] {
        assert_eq!(at("$", json, DataType::Bool), Ok(Value::Bool(true)));
    }
    for (json, reason) in [
        ("2", "2 is neither true nor false"),
        ("\"maybe\"", "\"maybe\" is neither true nor false"),
        ("null", "null is no true or false"),
        ("\"\"", "an empty text"),
    ] {
        assert_eq!(at("$", json, DataType::Bool), Err(reason.to_owned()));
    }
}

#[test]
fn a_text_tag_takes_texts_alone() {
    assert_eq!(plain("läuft ".as_bytes(), DataType::String), Ok(Value::Text("läuft ".into())));
    assert_eq!(plain(b"12", DataType::String), Ok(Value::Text("12".into())));
    assert_eq!(at("$.v", r#"{"v": "idle"}"#, DataType::String), Ok(Value::Text("idle".into())));
    assert_eq!(at("$.v", r#"{"v": 12}"#, DataType::String), Err("a number is no text".to_owned()));
    assert_eq!(plain(b"", DataType::String), Err("the payload is empty".to_owned()));
    let long = "x".repeat(LONGEST_TEXT + 1);
    assert_eq!(
        plain(long.as_bytes(), DataType::String),
        Err("a text of 4097 bytes; at most 4096 are taken".to_owned())
    );
}

#[test]
fn a_missing_value_is_bad_or_left_alone_as_the_project_says() {
    let keep = TopicSource { missing: Missing::Keep, ..source(Some("$.v")) };
    assert_eq!(outcome(&keep, br#"{"w": 1}"#, DataType::F64), Err("keep".to_owned()));
    assert_eq!(outcome(&keep, br#"{"v": null}"#, DataType::F64), Err("null is no number".to_owned()));
    assert_eq!(
        outcome(&keep, b"{", DataType::F64).unwrap_err(),
        "no JSON: EOF while parsing an object at line 1 column 1"
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(at("$..x", &deep, DataType::F64).unwrap_err().contains("recursion limit"));
}

fn time_of(time: &str) -> (Option<Utc>, Option<String>) {
    let source = TopicSource { time: Some("$.ts".to_owned()), ..source(Some("$.v")) };
    let payload = format!("{{\"v\": 1, \"ts\": {time}}}");
    match Reader::new(&source, DataType::F64).unwrap().read(&Payload::new(payload.as_bytes())) {
        Outcome::Value { source_time, detail, .. } => (source_time, detail.map(|d| d.to_string())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn source_times_are_told_apart_by_magnitude() {
    let expected = (Some(Utc(1_795_356_202_125_000)), None);
    for time in [
        "\"2026-11-22T14:03:22.125Z\"",
        "\"2026-11-22T15:03:22.125+01:00\"",
        "1795356202.125",
        "\"1795356202.125\"",
        "1795356202125",
        "1795356202125000",
        "1795356202125000999",
    ] {
        assert_eq!(time_of(time), expected, "{time}");
    }
    assert_eq!(time_of("1795356202").0, Some(Utc(1_795_356_202_000_000)));
}

#[test]
fn a_time_that_cannot_be_read_leaves_the_value_with_the_time_of_receipt() {
    for (time, reason) in [
        ("\"yesterday\"", "the source time \"yesterday\" is not understood; the time of receipt is taken"),
        ("\"2026-11-22T14:03:22\"", "not understood"),
        ("null", "not understood"),
        ("-5", "not understood"),
        ("1e300", "not understood"),
        ("0", "the source time 1970-01-01T00:00:00.000Z is before 2000"),
    ] {
        let (at, detail) = time_of(time);
        assert_eq!(at, None, "{time}");
        assert!(detail.unwrap().contains(reason), "{time}");
        assert_eq!(doubt_of(&format!(r#"{{"v": 1, "ts": {time}}}"#)), Quality::CLOCK, "{time}");
    }
    assert_eq!(doubt_of(r#"{"v": 1}"#), Quality::GOOD, "a payload that tells no time is as good as its receipt");
}

fn doubt_of(payload: &str) -> Quality {
    let source = TopicSource { time: Some("$.ts".to_owned()), ..source(Some("$.v")) };
    match Reader::new(&source, DataType::F64).unwrap().read(&Payload::new(payload.as_bytes())) {
        Outcome::Value { quality, .. } => quality,
        other => panic!("{other:?}"),
    }
}

#[test]
fn short_payloads_keep_their_bytes() {
    let reader = Reader::new(&source(None), DataType::F64).unwrap();
    let Outcome::Value { raw, .. } = reader.read(&Payload::new(b"21.5")) else { panic!("a value") };
    assert_eq!(raw.bytes(), b"21.5");
}

#[test]
fn a_short_decimal_is_the_float_that_its_text_names() {
    for text in ["", "-", ".5", "5.", "1.2.3", "+1", "1e5", "1234567890123456", "0x1", "1 "] {
        assert_eq!(short_decimal(text.as_bytes()), None, "{text}");
    }
    for text in ["0", "-12.5", "0.1", "123456789.012345", "999999999999999", "0.00000000000001"] {
        assert_eq!(short_decimal(text.as_bytes()), text.parse().ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_decimal_is_read_to_the_last_bit(text in "-?[0-9]{1,17}(\\.[0-9]{1,17})?") {
        let exact: f64 = text.parse().unwrap();
        if let Some(float) = short_decimal(text.as_bytes()) {
            prop_assert_eq!(float, exact);
        }
        let reader = Reader::new(&source(Some("$")), DataType::F64).unwrap();
        let mut wanted = Wanted::default();
        let mut reader_of_places = reader.clone();
        reader_of_places.want(&mut wanted);
        let mut places = Vec::new();
        // A leading zero is no JSON.
        if wanted.scan(text.as_bytes(), &mut places) {
            let outcome = reader_of_places.read(&Payload::scanned(text.as_bytes(), &places));
            let Outcome::Value { value, .. } = outcome else { panic!("{outcome:?}") };
            prop_assert_eq!(value, Value::F64(exact + 0.0));
        }
    }
}

#[test]
fn the_full_language_reads_floats_to_the_last_bit_too() {
    // Each comes out one step beside where digits are gathered in a float.
    for text in ["122.416294033786585", "51.248178375505404", "8.7463e-05", "0.1234567890123456789"] {
        let reader = Reader::new(&source(Some("$..v")), DataType::F64).unwrap();
        let payload = format!(r#"{{"a": {{"v": {text}}}}}"#);
        let outcome = reader.read(&Payload::new(payload.as_bytes()));
        let Outcome::Value { value, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(value, Value::F64(text.parse().unwrap()), "{text}");
    }
}
