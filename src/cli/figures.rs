//! `figures`: how the alarms of a plant fare beside the targets of ISA-18.2 and EEMUA 191.

use super::format::table;
use super::journal::open_reader;
use super::when::instant;
use super::{Exit, end_of_output, open_recorded, say};
use crate::engine::figures::{ENOUGH, Figures, Measure, Named, STALE, Standing};
use crate::text::rounded;
use crate::time::{Span, Utc};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// `figures`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper figures plant.toml --from 30d\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct FiguresArguments {
    /// Project file, or a bundle
    pub project: PathBuf,
    /// First time
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub from: String,
    /// Up to before this time
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub to: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = FiguresFormat::Table)]
    pub format: FiguresFormat,
}

/// `figures --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FiguresFormat {
    /// Each figure beside its target, for people
    Table,
    /// One JSON object
    Json,
}

/// Runs the command.
pub fn figures(arguments: &FiguresArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_recorded(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let zone = loaded.project.time_zone.as_deref();
    let now = loaded.now();
    let period = |text: &str| instant(Some(text), zone, now).map(|time| time.unwrap_or(now));
    let (from, to) = match (period(&arguments.from), period(&arguments.to)) {
        (Ok(from), Ok(to)) if from < to => (from, to),
        (Ok(_), Ok(_)) => {
            say("the period ends before it begins; --from must be the earlier time");
            return Exit::Call;
        }
        (Err(why), _) | (_, Err(why)) => {
            say(&why);
            return Exit::Call;
        }
    };
    let reader = match open_reader(&loaded) {
        Ok(reader) => reader,
        Err(exit) => return exit,
    };
    let figures = match reader.figures(from, to, &AtomicBool::new(false)) {
        Ok(figures) => figures.unwrap_or_default(),
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    if figures.length() < ENOUGH && arguments.format == FiguresFormat::Table {
        say("less than 30 days say little: the standards ask for a month");
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match arguments.format {
        FiguresFormat::Table => print(&figures, &mut out),
        FiguresFormat::Json => writeln!(out, "{}", json(&figures)),
    };
    written.and_then(|()| out.flush()).map_or_else(|error| end_of_output(&error), |()| Exit::Done)
}

/// A figure as people read it.
fn number(value: f64, percent: bool) -> String {
    if percent {
        format!("{} %", rounded(value * 100.0, Some(1)))
    } else {
        rounded(value, Some(u8::from(value.fract() != 0.0)))
    }
}

fn target(measure: &Measure) -> String {
    match (measure.target, measure.limit) {
        (None, _) => String::new(),
        (Some(target), _) if measure.name == "Low" => format!("about {}", number(target, true)),
        (Some(target), None) => format!("at most {}", number(target, measure.percent)),
        (Some(target), Some(limit)) => {
            format!("at most {}, up to {} to be managed", number(target, false), number(limit, false))
        }
    }
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Told => "",
        Standing::Met => "met",
        Standing::Manageable => "manageable",
        Standing::Missed => "missed",
    }
}

fn print(figures: &Figures, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{} to {}, one operator position: {} {} annunciated",
        figures.from.to_rfc3339(),
        figures.to.to_rfc3339(),
        figures.annunciated,
        if figures.annunciated == 1 { "alarm" } else { "alarms" }
    )?;
    let mut rows = vec![["FIGURE", "VALUE", "TARGET", ""].map(str::to_owned).to_vec()];
    for measure in figures.measures() {
        rows.push(vec![
            measure.name.to_owned(),
            number(measure.value, measure.percent),
            target(&measure),
            standing(measure.standing()).to_owned(),
        ]);
    }
    table(out, &[false, true, false, false], &rows)?;
    for (title, named, unit) in [
        ("MOST FREQUENT", &figures.top, "times"),
        ("CHATTERING", &figures.chattering, "times"),
        ("FLEETING", &figures.fleeting, "times"),
        ("STALE NOW", &figures.stale, "hours"),
    ] {
        if named.all == 0 {
            continue;
        }
        writeln!(out)?;
        let mut rows = vec![vec![title.to_owned(), unit.to_uppercase(), "SHARE".to_owned()]];
        for counted in &named.first {
            let share = counted.count as f64 / figures.annunciated.max(1) as f64;
            let share = if unit == "times" && title == "MOST FREQUENT" { number(share, true) } else { String::new() };
            rows.push(vec![counted.alarm.to_string(), counted.count.to_string(), share]);
        }
        table(out, &[false, true, true], &rows)?;
        let more = named.all - named.first.len() as u64;
        if more > 0 {
            writeln!(out, "and {more} more")?;
        }
    }
    Ok(())
}

fn json(figures: &Figures) -> serde_json::Value {
    let named = |named: &Named| {
        let first: Vec<_> =
            named.first.iter().map(|c| serde_json::json!({"alarm": &*c.alarm, "count": c.count})).collect();
        serde_json::json!({"count": named.all, "first": first})
    };
    let measures: Vec<_> = figures
        .measures()
        .iter()
        .map(|m| {
            let standing = match m.standing() {
                Standing::Told => serde_json::Value::Null,
                other => standing(other).into(),
            };
            serde_json::json!({"name": m.name, "value": m.value, "share": m.percent, "target": m.target, "limit": m.limit, "standing": standing})
        })
        .collect();
    let [critical, high, medium, low] = figures.priorities;
    let [shelved, suppressed, out_of_service] = figures.hidden;
    let secs = |span: Span| span.as_secs_f64();
    let time = |utc: Utc| utc.to_rfc3339();
    serde_json::json!({
        "from": time(figures.from),
        "to": time(figures.to),
        "annunciated": figures.annunciated,
        "priorities": {"critical": critical, "high": high, "medium": medium, "low": low},
        "blocks": {"first": time(figures.first_block), "seconds": 600, "annunciated": figures.blocks},
        "most_in_ten_minutes": figures.most_in_ten_minutes,
        "floods": {"count": figures.floods, "seconds": secs(figures.flood), "longest_seconds": secs(figures.longest_flood), "now": figures.flooding},
        "most_frequent": named(&figures.top),
        "chattering": named(&figures.chattering),
        "fleeting": named(&figures.fleeting),
        "stale": {"after_seconds": secs(STALE), "most_at_once": figures.stale_at_once, "now": named(&figures.stale)},
        "hidden": {"shelved": shelved, "suppressed": suppressed, "out_of_service": out_of_service},
        "measures": measures,
    })
}
