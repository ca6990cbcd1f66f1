//! What a value of a tag may be, and how a person types it.

use crate::engine::Value;
use crate::engine::plan::{SourcePlan, TagPlan};
use crate::project::DataType;
use std::sync::Arc;

/// Longest text that can be forced, in bytes.
const LONGEST_TEXT: usize = 1_000;

/// What is wrong with a value for this tag; `None`: nothing.
pub(in crate::engine) fn misfit(tag: &TagPlan, value: &Value) -> Option<String> {
    let fits = match (kind_of(tag), value) {
        (Kind::Truth, Value::Bool(_))
        | (Kind::Text, Value::Text(_))
        | (Kind::Number, Value::F64(_))
        // What a formula gives depends on what it computes.
        | (Kind::Computed, Value::F64(_) | Value::Bool(_)) => true,
        (Kind::Whole { least, most }, Value::I64(v)) => (least..=most).contains(&i128::from(*v)),
        (Kind::Whole { least, most }, Value::U64(v)) => (least..=most).contains(&i128::from(*v)),
        _ => false,
    };
    if !fits {
        return Some(format!("{value} is no value of its type, {}", tag.tag.data_type.word()));
    }
    let number = value.as_f64()?;
    if !number.is_finite() {
        return Some("it takes a finite number".to_owned());
    }
    let [least, most] = tag.tag.valid?;
    (!(least..=most).contains(&number))
        .then(|| format!("{number} is outside the valid {least} to {most}; force it bad instead"))
}

/// What can be forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Kind {
    Truth,
    Whole { least: i128, most: i128 },
    Number,
    Text,
    Computed,
}

pub(in crate::engine) fn kind_of(tag: &TagPlan) -> Kind {
    let whole = |least: i128, most: i128| Kind::Whole { least, most };
    match tag.tag.data_type {
        DataType::String => Kind::Text,
        _ if matches!(tag.source, SourcePlan::Formula(_)) => Kind::Computed,
        DataType::Bool => Kind::Truth,
        _ if tag.scaling.is_some() || tag.exponent.is_some() => Kind::Number,
        DataType::U8 => whole(0, i128::from(u8::MAX)),
        DataType::I8 => whole(i128::from(i8::MIN), i128::from(i8::MAX)),
        DataType::U16 => whole(0, i128::from(u16::MAX)),
        DataType::I16 => whole(i128::from(i16::MIN), i128::from(i16::MAX)),
        DataType::U32 => whole(0, i128::from(u32::MAX)),
        DataType::I32 => whole(i128::from(i32::MIN), i128::from(i32::MAX)),
        DataType::U64 => whole(0, i128::from(u64::MAX)),
        DataType::I64 => whole(i128::from(i64::MIN), i128::from(i64::MAX)),
        DataType::Bcd16 => whole(0, 9_999),
        DataType::Bcd32 => whole(0, 99_999_999),
        DataType::F16 | DataType::F32 | DataType::F64 => Kind::Number,
    }
}

/// A value as a person types it for this tag: one of its words (`Running`), `on` and `off` of a truth, a number in its unit,
/// a text.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn value_from(tag: &TagPlan, typed: &str) -> Result<Value, String> {
    let typed = typed.trim();
    let kind = kind_of(tag);
    if kind == Kind::Text {
        return match typed.len() {
            0..=LONGEST_TEXT => Ok(Value::Text(Arc::from(typed))),
            _ => Err(format!("at most {LONGEST_TEXT} bytes")),
        };
    }
    let state = tag.tag.labels.0.iter().find(|(_, word)| word.eq_ignore_ascii_case(typed)).map(|(state, _)| *state);
    let truth = match typed.to_ascii_lowercase().as_str() {
        "true" | "on" => Some(true),
        "false" | "off" => Some(false),
        _ => None,
    };
    let number = || {
        let number = typed.replace(',', ".").parse::<f64>().ok().or(state.map(|state| state as f64));
        number.filter(|number| number.is_finite())
    };
    let value = match kind {
        Kind::Truth => {
            truth.or_else(|| Some(number()? != 0.0).filter(|_| matches!(number(), Some(0.0 | 1.0)))).map(Value::Bool)
        }
        Kind::Whole { least, .. } => {
            let whole = state.map(i128::from).or_else(|| typed.parse::<i128>().ok());
            match (whole, least < 0) {
                (Some(whole), true) => i64::try_from(whole).ok().map(Value::I64),
                (Some(whole), false) => u64::try_from(whole).ok().map(Value::U64),
                (None, _) => None,
            }
        }
        Kind::Computed if truth.is_some() => truth.map(Value::Bool),
        Kind::Number | Kind::Computed => number().map(Value::F64),
        Kind::Text => None,
    };
    let Some(value) = value else {
        let words: Vec<&str> = tag.tag.labels.0.iter().map(|(_, word)| word.as_str()).take(8).collect();
        let right = match kind {
            _ if !words.is_empty() => format!("write one of {}, or its number", words.join(", ")),
            Kind::Truth => "write on or off".to_owned(),
            Kind::Whole { least, most } => format!("write a whole number from {least} to {most}"),
            _ => "write a number".to_owned(),
        };
        return Err(right);
    };
    match misfit(tag, &value) {
        Some(why) => match kind {
            Kind::Whole { least, most } if tag.tag.valid.is_none() => {
                Err(format!("write a whole number from {least} to {most}"))
            }
            _ => Err(why),
        },
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Generation, Mode, Plan};

    fn plan(keys: &str) -> Plan {
        let text = format!(
            "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1:502\"\n\
             [[tag]]\nname = \"x\"\ndevice = \"plc1\"\nregister = \"holding:0\"\n{keys}\n"
        );
        let (project, _) = crate::project::file::read(text.as_bytes());
        Plan::compile(Arc::new(project), Generation(1), Mode::Live).0
    }

    #[test]
    fn a_value_is_typed_as_the_tag_is_shown() {
        let from = |keys: &str, typed: &str| value_from(&plan(keys).tags[0], typed);
        let states = "type = \"u16\"\nlabels = { 0 = \"Stopped\", 1 = \"Running\" }";
        assert_eq!(from(states, "running"), Ok(Value::U64(1)));
        assert_eq!(from(states, " 3 "), Ok(Value::U64(3)));
        assert_eq!(from(states, "walking"), Err("write one of Stopped, Running, or its number".to_owned()));
        assert_eq!(from("type = \"u16\"", "65536"), Err("write a whole number from 0 to 65535".to_owned()));
        assert_eq!(from("type = \"u16\"", "1.5"), Err("write a whole number from 0 to 65535".to_owned()));
        assert_eq!(from("type = \"i16\"", "-5"), Ok(Value::I64(-5)));
        assert_eq!(from("type = \"u64\"", "18446744073709551615"), Ok(Value::U64(u64::MAX)));
        assert_eq!(from("type = \"u16\"\nscale = 0.1", "23,5"), Ok(Value::F64(23.5)));
        assert_eq!(from("type = \"f32\"", "nan"), Err("write a number".to_owned()));
        assert_eq!(from("type = \"string\"\nlength = 4", " P-101 "), Ok(Value::Text("P-101".into())));
        let bit = "type = \"bool\"\nbit = 0\nlabels = { true = \"Open\", false = \"Shut\" }";
        for (typed, is) in [("on", true), ("Open", true), ("1", true), ("false", false), ("SHUT", false)] {
            assert_eq!(from(bit, typed), Ok(Value::Bool(is)), "{typed}");
        }
        assert!(from(bit, "2").is_err());
        let why = from("type = \"f32\"\nvalid = [0.0, 100.0]", "120").unwrap_err();
        assert_eq!(why, "120 is outside the valid 0 to 100; force it bad instead");
    }
}
