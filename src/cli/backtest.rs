//! `backtest`: what an alarm would have done with another limit, deadband or delay, on what was recorded.

use super::format::table;
use super::when::instant;
use super::{Exit, end_of_output, open_recorded, parse_span, say, signals};
use crate::engine::trial::{Exactness, Run, Settings};
use crate::historian::JournalReader;
use crate::historian::backtest::told::{rough, shift};
use crate::historian::backtest::{Backtest, BacktestError, backtest};
use crate::historian::history::query::HistoryReader;
use crate::historian::history::query::grid::zone_named;
use crate::project::{Alarm, Deadband, Project};
use crate::text::visible_json;
use crate::time::{Span, Utc};
use jiff::tz::TimeZone;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far back without `--from`.
const USUAL: Span = Span::from_secs(30 * 86_400);
/// Occurrences acted on that a person is shown one by one.
const MOST_LINES: usize = 20;

/// `backtest`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper backtest plant.toml --alarm tank1.level/high --limit 85 --deadband 2 --from 30d\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct BacktestArguments {
    /// Project file, or a bundle
    pub project: PathBuf,
    /// An alarm that the project writes, such as tank1.level/high
    #[arg(long, value_name = "ALARM")]
    pub alarm: String,
    /// The limit to try
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub limit: Option<f64>,
    /// The deadband to try, in units or in percent of the range, such as 2 or 2%
    #[arg(long, value_name = "NUMBER", value_parser = Deadband::parse)]
    pub deadband: Option<Deadband>,
    /// The on-delay to try, such as 5s
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub on_delay: Option<Span>,
    /// The off-delay to try
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub off_delay: Option<Span>,
    /// From this time on; default: 30 days ago
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Up to this time; default: all that is recorded
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// For people, or an object for programs
    #[arg(long, value_enum, default_value_t = BacktestFormat::Text)]
    pub format: BacktestFormat,
}

/// `backtest --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BacktestFormat {
    /// A table and what it means
    Text,
    /// One JSON object, with every occurrence
    Json,
}

/// Runs the command.
pub fn run(arguments: &BacktestArguments) -> Exit {
    super::start_logging("warn");
    match verdict(arguments) {
        Ok((project, found)) => {
            let text = match arguments.format {
                BacktestFormat::Text => told(arguments, &project, &found),
                BacktestFormat::Json => json(arguments, &project, &found),
            };
            let mut out = io::stdout().lock();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => Exit::Done,
                Err(error) => end_of_output(&error),
            }
        }
        Err(exit) => exit,
    }
}

fn verdict(arguments: &BacktestArguments) -> Result<(Arc<Project>, Backtest), Exit> {
    let loaded = open_recorded(&arguments.project)?.with_members();
    let project = Arc::clone(&loaded.project);
    let told = |exit: Exit| {
        move |why: String| {
            say(&why);
            exit
        }
    };
    let zone = project.time_zone.as_deref();
    let from = instant(arguments.from.as_deref(), zone, loaded.now()).map_err(told(Exit::Call))?;
    let to = instant(arguments.to.as_deref(), zone, loaded.now()).map_err(told(Exit::Call))?.unwrap_or(Utc(i64::MAX));
    let from = from.unwrap_or_else(|| to.min(loaded.now()) + Span(-USUAL.0));
    if from >= to {
        say(&format!("--from {} is not before --to {}", from.to_rfc3339(), to.to_rfc3339()));
        return Err(Exit::Call);
    }
    let folder = project.data_folder().unwrap_or_default();
    let history = HistoryReader::open(&folder, None).map_err(|e| told(Exit::World)(e.to_string()))?;
    let Some(history) = history else {
        say(&format!("there is no history in {} yet; run the project first", folder.display()));
        return Err(Exit::World);
    };
    let journal = JournalReader::open(&folder).map_err(|e| told(Exit::World)(e.to_string()))?;
    let settings = Settings {
        limit: arguments.limit,
        deadband: arguments.deadband,
        on_delay: arguments.on_delay,
        off_delay: arguments.off_delay,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = super::open_runtime()?;
    let asked = Arc::clone(&stop);
    runtime.spawn(async move {
        signals::stop_asked().await;
        asked.store(true, Ordering::Relaxed);
    });
    let found = backtest(&history, journal.as_ref(), &project, &arguments.alarm, &settings, from..to, &stop);
    runtime.shutdown_background();
    match found {
        Ok(Some(found)) => Ok((project, found)),
        Ok(None) => {
            say("stopped");
            Err(Exit::Done)
        }
        Err(error @ BacktestError::Trial(_)) => Err(told(Exit::Call)(error.to_string())),
        Err(error) => Err(told(Exit::World)(error.to_string())),
    }
}

fn written<'a>(project: &'a Project, name: &str) -> Option<&'a Alarm> {
    project.alarms.iter().find(|a| format!("{}/{}", a.tag, a.name).eq_ignore_ascii_case(name)).map(AsRef::as_ref)
}

/// `limit 80, deadband 2 %`: as the project has it, or as it is tried.
fn rule(arguments: &BacktestArguments, alarm: Option<&Alarm>, tried: bool) -> String {
    let Some(alarm) = alarm else { return String::new() };
    let pick = |of: Option<f64>| of.filter(|_| tried);
    let mut words = Vec::new();
    if let Some(limit) = pick(arguments.limit).or(alarm.kind.limit()) {
        words.push(format!("limit {limit}"));
    }
    match arguments.deadband.filter(|_| tried).unwrap_or(alarm.deadband) {
        Deadband::Units(units) => words.push(format!("deadband {units}")),
        Deadband::Percent(percent) => words.push(format!("deadband {percent} %")),
    }
    let on = arguments.on_delay.filter(|_| tried).unwrap_or(alarm.on_delay);
    let off = arguments.off_delay.filter(|_| tried).unwrap_or(alarm.off_delay);
    for (name, delay) in [("on-delay", on), ("off-delay", off)] {
        if delay != Span::ZERO {
            words.push(format!("{name} {delay}"));
        }
    }
    words.join(", ")
}

fn told(arguments: &BacktestArguments, project: &Project, found: &Backtest) -> String {
    let zone = zone_named(project.time_zone.as_deref());
    let alarm = written(project, &arguments.alarm);
    let Backtest { range, outcome, acted_on, .. } = found;
    let mut text = String::new();
    let length = range.end - range.start;
    line(
        &mut text,
        &format!(
            "{}, {} to {}: {}, of which {} had a value",
            alarm.map_or(arguments.alarm.clone(), |a| format!("{}/{}", a.tag, a.name)),
            local(range.start, &zone),
            local(range.end, &zone),
            rough(length),
            rough(outcome.known),
        ),
    );
    line(&mut text, "");
    let longest = |run: &Run| run.occurrences.iter().map(|o| o.lasted(outcome.end)).max().unwrap_or(Span::ZERO);
    let (present, trial) = (&outcome.present, &outcome.trial);
    let row = |name: &str, a: String, b: String| vec![name.to_owned(), a, b];
    let mut rows = vec![
        row("", "as it is".to_owned(), "tried".to_owned()),
        row("rule", rule(arguments, alarm, false), rule(arguments, alarm, true)),
        row("occurrences", present.count.to_string(), trial.count.to_string()),
        row("stood", rough(present.stood(outcome.end)), rough(trial.stood(outcome.end))),
        row("longest", rough(longest(present)), rough(longest(trial))),
    ];
    if present.suppressed + trial.suppressed > 0 {
        rows.push(row("suppressed", present.suppressed.to_string(), trial.suppressed.to_string()));
    }
    let mut lines = Vec::new();
    if table(&mut lines, &[false, false, false], &rows).is_ok() {
        text.push_str(&String::from_utf8_lossy(&lines));
    }
    line(&mut text, "");
    line(&mut text, &found.summary());
    for act in acted_on.iter().take(MOST_LINES) {
        let would = match act.trial {
            None => "would not have come".to_owned(),
            Some(at) => format!("would have come {}", shift(at - act.raised)),
        };
        line(
            &mut text,
            &format!(
                "  {}  occurrence {}, acknowledged by {}: {would}",
                local(act.raised, &zone),
                act.occurrence,
                act.by
            ),
        );
    }
    if acted_on.len() > MOST_LINES {
        line(&mut text, &format!("  and {} more; --format json has all", acted_on.len() - MOST_LINES));
    }
    for doubt in found.doubts() {
        line(&mut text, &doubt);
    }
    text
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}

fn json(arguments: &BacktestArguments, project: &Project, found: &Backtest) -> String {
    let Backtest { range, outcome, acted_on, samples, unrecorded, damaged } = found;
    let alarm = written(project, &arguments.alarm);
    let run = |run: &Run, tried: bool| {
        let occurrences: Vec<_> = run
            .occurrences
            .iter()
            .map(|o| {
                serde_json::json!({
                    "began": o.began.to_rfc3339(), "raised": o.raised.to_rfc3339(),
                    "ended": o.ended.map(Utc::to_rfc3339), "value": o.value.as_ref().map(crate::engine::Value::to_json),
                })
            })
            .collect();
        serde_json::json!({
            "rule": rule(arguments, alarm, tried),
            "count": run.count, "suppressed": run.suppressed, "held_at_start": run.held_at_start,
            "stood_seconds": run.stood(outcome.end).as_secs_f64(), "occurrences": occurrences,
        })
    };
    let people: Vec<_> = acted_on
        .iter()
        .map(|a| {
            serde_json::json!({
                "occurrence": a.occurrence, "raised": a.raised.to_rfc3339(), "by": a.by.as_ref(),
                "trial_raised": a.trial.map(Utc::to_rfc3339),
                "shift_seconds": a.trial.map(|t| (t - a.raised).as_secs_f64()),
            })
        })
        .collect();
    let within = match outcome.exactness {
        Exactness::Exact => None,
        Exactness::Within(units) => Some(units),
    };
    let whole = serde_json::json!({
        "alarm": alarm.map_or(arguments.alarm.clone(), |a| format!("{}/{}", a.tag, a.name)),
        "from": range.start.to_rfc3339(), "to": range.end.to_rfc3339(),
        "known_seconds": outcome.known.as_secs_f64(), "samples": samples,
        "present": run(&outcome.present, false), "trial": run(&outcome.trial, true),
        "acted_on": people, "summary": found.summary(),
        "exact": within.is_none(), "value_within": within, "trial_least": outcome.least, "trial_most": outcome.most,
        "unrecorded": unrecorded.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), "damaged": damaged,
    });
    format!("{}\n", visible_json(&whole.to_string()))
}

fn local(time: Utc, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_microsecond(time.0) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => time.to_rfc3339(),
    }
}
