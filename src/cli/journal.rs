//! `journal`: alarm and operator events, read beside whoever writes them; and the verification of their chain.

use super::format::{csv_line, table};
use super::when::instant;
use super::{Exit, Format, end_of_output, open_project, say};
use crate::engine::Quality;
use crate::historian::chain::hex;
use crate::historian::{JournalReader, Row, Verdict};
use crate::text::visible_json;
use crate::time::Utc;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// `journal`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper journal plant.toml --from 2h --format csv\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct JournalArguments {
    /// Project file
    pub project: PathBuf,
    /// First time
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Last time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Walk the hash chain instead, and name the first entry that does not fit
    #[arg(long, conflicts_with_all = ["from", "to", "format"])]
    pub verify: bool,
}

const COLUMNS: [&str; 14] = [
    "seq",
    "time",
    "event",
    "alarm",
    "occurrence",
    "priority",
    "value",
    "quality",
    "unit",
    "subject",
    "by",
    "note",
    "began",
    "until",
];

/// Runs the command.
pub fn journal(arguments: &JournalArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_project(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let zone = loaded.project.time_zone.as_deref();
    let (from, to) = match (instant(arguments.from.as_deref(), zone), instant(arguments.to.as_deref(), zone)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(why), _) | (_, Err(why)) => {
            say(&why);
            return Exit::Call;
        }
    };
    let folder = loaded.project.data_folder().unwrap_or_default();
    let reader = match JournalReader::open(&folder) {
        Ok(Some(reader)) => reader,
        Ok(None) => {
            say(&format!("there is no journal in {} yet; run the project first", folder.display()));
            return Exit::World;
        }
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    if arguments.verify {
        return verify(&reader, &mut out);
    }
    print(&reader, from, to, arguments.format, &mut out).unwrap_or_else(|e| end_of_output(&e))
}

fn verify(reader: &JournalReader, out: &mut impl Write) -> Exit {
    let (line, exit) = match reader.verify() {
        Ok(Verdict::Whole { entries, hash }) => {
            (format!("whole: {entries} entries, the last one's hash is {}", hex(&hash)), Exit::Done)
        }
        Ok(Verdict::Broken { seq, why }) => (format!("broken at entry {seq}: {why}"), Exit::Project),
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => exit,
        Err(error) => end_of_output(&error),
    }
}

fn print(
    reader: &JournalReader,
    from: Option<Utc>,
    to: Option<Utc>,
    format: Format,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let mut rows = vec![["TIME", "EVENT", "ALARM", "PRIORITY", "VALUE", "BY", "NOTE"].map(str::to_owned).to_vec()];
    let mut written = Ok(());
    if format == Format::Csv {
        csv_line(out, &COLUMNS)?;
    }
    let each = |row: Row| {
        // Checkpoints are the program's own, and long.
        if row.event.as_ref() == "checkpoint" {
            return ControlFlow::Continue(());
        }
        written = match format {
            Format::Jsonl => writeln!(out, "{}", visible_json(&json_line(&row))),
            Format::Csv => csv(out, &row),
            Format::Table => {
                rows.push(table_row(&row));
                Ok(())
            }
        };
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let read = reader.read(from, to, each);
    written?;
    if let Err(error) = read {
        say(&error.to_string());
        return Ok(Exit::World);
    }
    if format == Format::Table {
        table(out, &[false, false, false, false, true, false, false], &rows)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// As `rehearse` prints it; an event of a later version keeps at least its word and note.
fn json_line(row: &Row) -> String {
    row.to_entry().map_or_else(
        || {
            let (time, event) = (Utc(row.time).to_rfc3339(), row.event.as_ref());
            serde_json::json!({"seq": row.seq, "time": time, "event": event, "note": row.note.as_deref()}).to_string()
        },
        |entry| entry.json_line(Some(row.seq)),
    )
}

fn csv(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let time = |t: i64| Utc(t).to_rfc3339();
    let text = |field: &Option<Arc<str>>| field.as_deref().unwrap_or("").to_owned();
    let fields = [
        row.seq.to_string(),
        time(row.time),
        row.event.to_string(),
        text(&row.alarm),
        row.occurrence.map(|o| o.to_string()).unwrap_or_default(),
        text(&row.priority),
        row.value.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.quality.map(|q| Quality::from_number(q).to_string()).unwrap_or_default(),
        text(&row.unit),
        text(&row.subject),
        row.actor().map(|a| a.to_string()).unwrap_or_default(),
        text(&row.note),
        row.began.map(time).unwrap_or_default(),
        row.until.map(time).unwrap_or_default(),
    ];
    csv_line(out, &fields.each_ref().map(String::as_str))
}

fn table_row(row: &Row) -> Vec<String> {
    let value = row.value.as_ref().map_or_else(String::new, |v| {
        let value = v.to_string();
        row.unit.as_deref().filter(|u| !u.is_empty()).map_or(value.clone(), |unit| format!("{value} {unit}"))
    });
    vec![
        Utc(row.time).to_rfc3339(),
        row.event.to_string(),
        row.alarm.as_deref().or(row.subject.as_deref()).unwrap_or("").to_owned(),
        row.priority.as_deref().unwrap_or("").to_owned(),
        value,
        row.actor().map(|a| a.to_string()).unwrap_or_default(),
        row.note.as_deref().unwrap_or("").to_owned(),
    ]
}
