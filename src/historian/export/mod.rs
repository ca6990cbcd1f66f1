//! Recorded samples out again, for other programs: CSV, JSON Lines, Parquet, written as a stream.
//!
//! Invariant: what is written reads back to the same bits: integers with all their digits, floats with as many as tell
//! them apart, times to the microsecond. Invariant: a value never goes without its quality; a gap is a row with an empty
//! value and its reason.

mod lines;
pub mod parquet;
pub mod scenario;

use crate::engine::Value;
use crate::historian::history::Sample;
use crate::historian::history::query::Step;
use crate::time::Utc;
use jiff::tz::TimeZone;
use parquet::{Field, ParquetWriter, Type};
use std::io::{self, Write};

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated, with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Columns, for analysis.
    Parquet,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// One sample.
    Samples,
    /// One step of time.
    Steps,
}

/// Of which tag a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of<'a> {
    /// Its present name.
    pub tag: &'a str,
    /// Its unit, if it has one.
    pub unit: Option<&'a str>,
}

/// Writes rows of one kind in one format.
#[derive(Debug)]
pub struct Exporter<W> {
    kind: RowKind,
    /// Where a column `local` is wanted: the zone it is in.
    zone: Option<TimeZone>,
    to: Target<W>,
}

#[derive(Debug)]
enum Target<W> {
    Csv(W),
    Jsonl(W),
    Parquet(ParquetWriter<W>),
}

impl<W: Write> Exporter<W> {
    /// Begins a file. `zone`: adds `local`, each row's time as the zone's clock shows it.
    pub fn new(out: W, format: FileFormat, kind: RowKind, zone: Option<TimeZone>) -> io::Result<Self> {
        let to = match format {
            FileFormat::Csv => {
                let mut out = out;
                let mut names: Vec<&str> = match kind {
                    RowKind::Samples => lines::SAMPLE_COLUMNS.to_vec(),
                    RowKind::Steps => lines::STEP_COLUMNS.to_vec(),
                };
                names.extend(zone.as_ref().map(|_| "local"));
                lines::csv_head(&mut out, &names)?;
                Target::Csv(out)
            }
            FileFormat::Jsonl => Target::Jsonl(out),
            FileFormat::Parquet => {
                let mut columns = match kind {
                    RowKind::Samples => SAMPLE_TYPES.to_vec(),
                    RowKind::Steps => STEP_TYPES.to_vec(),
                };
                columns.extend(zone.as_ref().map(|_| ("local", Type::Text)));
                let about = zone.iter().filter_map(|z| Some(("time-zone", z.iana_name()?.to_owned()))).collect();
                Target::Parquet(ParquetWriter::new(out, &columns, about)?)
            }
        };
        Ok(Self { kind, zone, to })
    }

    /// One sample.
    ///
    /// # Errors
    /// Where the disk refuses, or the file is one of steps.
    pub fn sample(&mut self, of: Of<'_>, sample: &Sample) -> io::Result<()> {
        if self.kind != RowKind::Samples {
            return Err(io::Error::other("a sample in a file of steps"));
        }
        let local = self.local(sample.time);
        match &mut self.to {
            Target::Csv(out) => lines::csv_sample(out, of, sample, local.as_deref()),
            Target::Jsonl(out) => lines::json_sample(out, of, sample, local.as_deref()),
            Target::Parquet(file) => {
                let value = sample.value.as_ref();
                let quality = sample.quality.to_string();
                let mut row = vec![
                    Field::Text(of.tag),
                    Field::Time(sample.time.0),
                    value.and_then(Value::as_f64).map_or(Field::Null, Field::Double),
                    Field::Text(&quality),
                    if let Some(Value::I64(v)) = value { Field::Integer(*v) } else { Field::Null },
                    if let Some(Value::U64(v)) = value { Field::Unsigned(*v) } else { Field::Null },
                    if let Some(Value::Bool(v)) = value { Field::Boolean(*v) } else { Field::Null },
                    if let Some(Value::Text(v)) = value { Field::Text(v) } else { Field::Null },
                    Field::text(sample.detail.as_deref()),
                    Field::text(of.unit),
                ];
                row.extend(local.as_deref().map(Field::Text));
                file.row(&row)
            }
        }
    }

    /// One step.
    ///
    /// # Errors
    /// Where the disk refuses, or the file is one of samples.
    pub fn step(&mut self, of: Of<'_>, step: &Step) -> io::Result<()> {
        if self.kind != RowKind::Steps {
            return Err(io::Error::other("a step in a file of samples"));
        }
        let local = self.local(step.from);
        match &mut self.to {
            Target::Csv(out) => lines::csv_step(out, of, step, local.as_deref()),
            Target::Jsonl(out) => lines::json_step(out, of, step, local.as_deref()),
            Target::Parquet(file) => {
                let number = |v: &Option<Value>| v.as_ref().and_then(Value::as_f64).map_or(Field::Null, Field::Double);
                let quality = step.quality.to_string();
                let mut row = vec![
                    Field::Text(of.tag),
                    Field::Time(step.from.0),
                    number(&step.first),
                    number(&step.min),
                    number(&step.max),
                    step.mean.map_or(Field::Null, Field::Double),
                    number(&step.last),
                    Field::Text(&quality),
                    Field::Integer(step.count as i64),
                    Field::Double(step.good),
                    if let Some(Value::Text(v)) = &step.first { Field::Text(v) } else { Field::Null },
                    if let Some(Value::Text(v)) = &step.last { Field::Text(v) } else { Field::Null },
                    Field::text(of.unit),
                ];
                row.extend(local.as_deref().map(Field::Text));
                file.row(&row)
            }
        }
    }

    /// Writes what makes the file whole, and gives back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        match self.to {
            Target::Csv(mut out) | Target::Jsonl(mut out) => {
                out.flush()?;
                Ok(out)
            }
            Target::Parquet(file) => file.finish(),
        }
    }

    fn local(&self, time: Utc) -> Option<String> {
        self.zone.as_ref().map(|zone| time.to_rfc3339_in(zone))
    }
}

/// Columns of samples in Parquet: every number in `value`; what a double cannot hold exactly, besides in a column of its
/// own type.
const SAMPLE_TYPES: [(&str, Type); 10] = [
    ("tag", Type::Text),
    ("time", Type::Time),
    ("value", Type::Double),
    ("quality", Type::Text),
    ("integer", Type::Integer),
    ("unsigned", Type::Unsigned),
    ("boolean", Type::Boolean),
    ("text", Type::Text),
    ("detail", Type::Text),
    ("unit", Type::Text),
];

/// Columns of steps in Parquet.
const STEP_TYPES: [(&str, Type); 13] = [
    ("tag", Type::Text),
    ("time", Type::Time),
    ("first", Type::Double),
    ("min", Type::Double),
    ("max", Type::Double),
    ("mean", Type::Double),
    ("last", Type::Double),
    ("quality", Type::Text),
    ("count", Type::Integer),
    ("good", Type::Double),
    ("first_text", Type::Text),
    ("last_text", Type::Text),
    ("unit", Type::Text),
];

#[cfg(test)]
mod tests;
