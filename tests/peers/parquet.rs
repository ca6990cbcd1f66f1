//! What is exported against readers of others: Parquet against DuckDB, CSV and JSON Lines against Python's own readers. What
//! they read agrees with what was recorded to the last bit.

use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;
use watchkeeper::engine::{Quality, Value};
use watchkeeper::historian::export::{Exporter, FileFormat, Of, RowKind};
use watchkeeper::historian::history::Sample;
use watchkeeper::historian::history::query::Step;
use watchkeeper::time::Utc;

/// Types of the columns, and all rows, as DuckDB reads them.
fn read_back(path: &Path) -> (Json, Vec<Json>) {
    let mut lines = read_by("read_parquet.py", path).into_iter();
    (lines.next().unwrap(), lines.collect())
}

/// What a script of ours prints of a file.
pub fn read_by(script: &str, path: &Path) -> Vec<Json> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("WATCHKEEPER_PEERS_PYTHON")
        .map_or_else(|| root.join("target/peers-venv/bin/python"), PathBuf::from);
    let said = Command::new(&python).arg(root.join("tests/peers").join(script)).arg(path).output();
    let said = said.unwrap_or_else(|why| panic!("cannot start {}: {why}; tests/all.sh makes it", python.display()));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bits(value: f64) -> Json {
    format!("{:016x}", value.to_bits()).into()
}

/// More rows than a row group holds, of every kind: floats down to the smallest, integers at both ends of 64 bits,
/// texts of every length, states, gaps with their reasons, times of all sorts.
fn samples() -> Vec<(&'static str, Sample)> {
    let mut rows = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    let mut time = 1_700_000_000_000_000;
    for i in 0..140_000_u32 {
        time += if i % 1_000 == 0 { random.i64(0..90_000_000_000) } else { 1_000_000 + random.i64(-15_000..15_000) };
        let tag = if i < 60_000 { "pump1.flow" } else { "tank1.level" };
        let value = match (i / 100) % 9 {
            0 => Some(Value::F64((f64::from(i % 50)).mul_add(0.1, 20.0))),
            1 => Some(Value::F64(f64::from_bits(random.u64(..)))).filter(|v| v.as_f64().is_some_and(f64::is_finite)),
            2 => Some(Value::I64([i64::MIN, i64::MAX, -1, 0][i as usize % 4])),
            3 => Some(Value::U64([u64::MAX, 0, u64::MAX - 1][i as usize % 3])),
            4 => Some(Value::Bool(random.bool())),
            5 => Some(Value::Text(["", "Läuft", "line\nbreak, \"quoted\"", "stop"][i as usize % 4].into())),
            6 => Some(Value::Text(format!("{:x}", random.u128(..)).into())),
            7 => Some(Value::F64(-0.0)),
            _ => None,
        };
        let reason = (i % 3 == 0).then(|| "connection refused".into());
        let sample = match value {
            Some(value) if i % 7 == 0 => Sample::new(Utc(time), Some(value), Quality::STALE, None),
            Some(value) => Sample::new(Utc(time), Some(value), Quality::GOOD, None),
            None => Sample::bad(Utc(time), Quality::NO_COMMUNICATION, reason),
        };
        rows.push((tag, sample));
    }
    rows
}

fn exported(kind: RowKind, fill: impl FnOnce(&mut Exporter<BufWriter<File>>)) -> (Json, Vec<Json>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it's here.parquet");
    let file = BufWriter::new(File::create(&path).unwrap());
    let zone = jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap();
    let mut exporter = Exporter::new(file, FileFormat::Parquet, kind, Some(zone)).unwrap();
    fill(&mut exporter);
    exporter.finish().unwrap();
    read_back(&path)
}

#[test]
fn duckdb_reads_exported_samples_to_the_last_bit() {
    let rows = samples();
    let (types, read) = exported(RowKind::Samples, |exporter| {
        for (tag, sample) in &rows {
            exporter.sample(Of { tag, unit: Some("m³/h").filter(|_| *tag == "pump1.flow") }, sample).unwrap();
        }
    });
    let expected = json!({
        "tag": "VARCHAR", "time": "TIMESTAMP WITH TIME ZONE", "value": "DOUBLE", "quality": "VARCHAR",
        "integer": "BIGINT", "unsigned": "UBIGINT", "boolean": "BOOLEAN", "text": "VARCHAR", "detail": "VARCHAR",
        "unit": "VARCHAR", "local": "VARCHAR",
    });
    assert_eq!(types, expected);
    assert_eq!(read.len(), rows.len());
    for (row, (tag, sample)) in read.iter().zip(&rows) {
        let value = sample.value.as_ref();
        let expected = json!([
            tag,
            sample.time.0,
            value.and_then(Value::as_f64).map(bits),
            sample.quality.to_string(),
            if let Some(Value::I64(v)) = value { Some(*v) } else { None },
            if let Some(Value::U64(v)) = value { Some(*v) } else { None },
            if let Some(Value::Bool(v)) = value { Some(*v) } else { None },
            if let Some(Value::Text(v)) = value { Some(v.as_ref()) } else { None },
            sample.detail.as_deref(),
            (*tag == "pump1.flow").then_some("m³/h"),
            sample.time.to_rfc3339_in(&jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap()),
        ]);
        assert_eq!(*row, expected);
    }
}

#[test]
fn duckdb_reads_exported_steps_and_a_file_without_rows() {
    let step = |i: i64| Step {
        from: Utc(i * 60_000_000),
        to: Utc((i + 1) * 60_000_000),
        count: i as u64,
        first: Some(Value::I64(i)),
        min: Some(Value::F64(0.1)),
        max: None,
        mean: (i % 3 > 0).then_some(1.0 / 3.0),
        last: Some(Value::Text("on".into())),
        quality: Quality::NOT_RUNNING,
        good: 0.25,
    };
    let of = Of { tag: "a.b", unit: None };
    let (types, read) = exported(RowKind::Steps, |exporter| {
        (0..100).for_each(|i| exporter.step(of, &step(i)).unwrap());
    });
    assert_eq!((&types["mean"], &types["count"]), (&json!("DOUBLE"), &json!("BIGINT")));
    for (i, row) in read.iter().enumerate() {
        let mean = (i % 3 > 0).then(|| bits(1.0 / 3.0));
        let expected = json!([
            "a.b",
            i * 60_000_000,
            bits(i as f64),
            bits(0.1),
            null,
            mean,
            null,
            "bad:not-running",
            i,
            bits(0.25),
            null,
            "on",
            null,
        ]);
        assert_eq!(row.as_array().unwrap()[..13], expected.as_array().unwrap()[..]);
    }
    assert_eq!(read.len(), 100);
    let (types, read) = exported(RowKind::Samples, |_| {});
    assert_eq!((types["tag"].as_str(), read.len()), (Some("VARCHAR"), 0));
}

/// All samples in a file of this kind, as Python's readers tell them.
fn read_as_text(format: FileFormat, name: &str) -> Vec<Json> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let file = BufWriter::new(File::create(&path).unwrap());
    let mut exporter = Exporter::new(file, format, RowKind::Samples, None).unwrap();
    for (tag, sample) in &samples() {
        exporter.sample(Of { tag, unit: None }, sample).unwrap();
    }
    std::io::Write::flush(&mut exporter.finish().unwrap()).unwrap();
    read_by("read_text.py", &path)
}

#[test]
fn json_lines_are_read_by_python_to_the_last_bit() {
    let (rows, read) = (samples(), read_as_text(FileFormat::Jsonl, "out.jsonl"));
    assert_eq!(read.len(), rows.len());
    for (row, (tag, sample)) in read.iter().zip(&rows) {
        let value = match &sample.value {
            // JSON knows one kind of number; a float that is whole may stand there without a point.
            Some(Value::F64(v)) if row[2][0] == "integer" => json!(["integer", format!("{v:.0}")]),
            Some(Value::F64(v)) => json!(["float", bits(*v)]),
            Some(Value::I64(v)) => json!(["integer", v.to_string()]),
            Some(Value::U64(v)) => json!(["integer", v.to_string()]),
            Some(Value::Bool(v)) => json!(["other", v]),
            Some(Value::Text(v)) => json!(["other", v.as_ref()]),
            None => json!(["other", null]),
        };
        assert_eq!(*row, json!([tag, sample.time.0, value, sample.quality.to_string()]));
        if let Some(Value::F64(v)) = &sample.value
            && *v == 0.0
        {
            assert!(v.is_sign_positive() || row[2][0] == "float", "the sign of zero: {row}");
        }
    }
}

#[test]
fn csv_is_read_by_python_to_the_last_bit() {
    let (rows, read) = (samples(), read_as_text(FileFormat::Csv, "out.csv"));
    assert_eq!(read.len(), rows.len());
    for (row, (tag, sample)) in read.iter().zip(&rows) {
        let value = match &sample.value {
            Some(Value::F64(v)) => {
                assert_eq!(row[2][1], bits(*v), "{row}");
                row[2][0].clone()
            }
            Some(value) => json!(value.to_string()),
            None => json!(""),
        };
        assert_eq!(*row, json!([tag, sample.time.0, [value, row[2][1]], sample.quality.to_string()]));
    }
}
