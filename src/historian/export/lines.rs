//! Rows as text: CSV after RFC 4180 and JSON Lines.

use super::Of;
use crate::engine::Value;
use crate::historian::history::Sample;
use crate::historian::history::query::Step;
use std::borrow::Cow;
use std::io::{self, Write};

/// Columns of samples: the contract's.
pub const SAMPLE_COLUMNS: [&str; 4] = ["tag", "time", "value", "quality"];

/// Columns of steps.
pub const STEP_COLUMNS: [&str; 10] = ["tag", "time", "first", "min", "max", "mean", "last", "quality", "count", "good"];

pub fn csv_head(out: &mut impl Write, names: &[&str]) -> io::Result<()> {
    writeln!(out, "{}", names.join(","))
}

pub fn csv_sample(out: &mut impl Write, of: Of<'_>, sample: &Sample, local: Option<&str>) -> io::Result<()> {
    let time = sample.time.to_rfc3339_exact();
    write!(out, "{},{time},{},{}", quoted(of.tag), value_text(sample.value.as_ref()), sample.quality)?;
    end_of_line(out, local)
}

pub fn csv_step(out: &mut impl Write, of: Of<'_>, step: &Step, local: Option<&str>) -> io::Result<()> {
    let time = step.from.to_rfc3339_exact();
    let text = |v: &Option<Value>| value_text(v.as_ref()).into_owned();
    let mean = step.mean.map(float_text).unwrap_or_default();
    write!(out, "{},{time},{},{},", quoted(of.tag), text(&step.first), text(&step.min))?;
    write!(out, "{},{mean},{},{},", text(&step.max), text(&step.last), step.quality)?;
    write!(out, "{},{}", step.count, float_text(step.good))?;
    end_of_line(out, local)
}

fn end_of_line(out: &mut impl Write, local: Option<&str>) -> io::Result<()> {
    match local {
        Some(local) => writeln!(out, ",{local}"),
        None => out.write_all(b"\n"),
    }
}

pub fn value_text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed(""),
        Some(Value::F64(v)) => Cow::Owned(float_text(*v)),
        Some(Value::Text(text)) => quoted(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}

/// As few digits as tell it from its neighbours; very large and very small ones with an exponent.
fn float_text(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-5..1e17).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

pub fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

#[derive(serde::Serialize)]
struct SampleLine<'a> {
    tag: &'a str,
    time: String,
    value: Option<serde_json::Value>,
    quality: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<&'a str>,
}

pub fn json_sample(out: &mut impl Write, of: Of<'_>, sample: &Sample, local: Option<&str>) -> io::Result<()> {
    let line = SampleLine {
        tag: of.tag,
        time: sample.time.to_rfc3339_exact(),
        value: sample.value.as_ref().map(Value::to_json),
        quality: sample.quality.to_string(),
        unit: of.unit,
        detail: sample.detail.as_deref(),
        local,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

#[derive(serde::Serialize)]
struct StepLine<'a> {
    tag: &'a str,
    time: String,
    first: Option<serde_json::Value>,
    min: Option<serde_json::Value>,
    max: Option<serde_json::Value>,
    mean: Option<f64>,
    last: Option<serde_json::Value>,
    quality: String,
    count: u64,
    good: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<&'a str>,
}

pub fn json_step(out: &mut impl Write, of: Of<'_>, step: &Step, local: Option<&str>) -> io::Result<()> {
    let json = |v: &Option<Value>| v.as_ref().map(Value::to_json);
    let line = StepLine {
        tag: of.tag,
        time: step.from.to_rfc3339_exact(),
        first: json(&step.first),
        min: json(&step.min),
        max: json(&step.max),
        mean: step.mean,
        last: json(&step.last),
        quality: step.quality.to_string(),
        count: step.count,
        good: step.good,
        unit: of.unit,
        local,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
