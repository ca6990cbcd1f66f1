//! `explain`: from a tag's value to the frames that it came in. Records nothing and takes no lock.

use super::format::{table, value_words};
use super::{Exit, end_of_output, open_project, open_runtime, parse_span, say, signals, trace};
use crate::drivers::explain::frame::Field;
use crate::drivers::explain::{Explanation, Told, explain as explained, hex};
use crate::drivers::monitor::Monitor;
use crate::engine::{LinkState, Mode, Snapshot, TagId};
use crate::link::PlantLink;
use crate::runtime::clock::system_clock;
use crate::runtime::{Station, StationConfig, WhenHeld, Wiring, local_actor};
use crate::text::visible;
use crate::time::Span;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// `explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper explain projects/demo.toml pump1.flow\n\nAsks the tag's device as `run` does, until there is an answer to explain or --timeout is over; with --for it listens\nthis long first, so that the last ten exchanges are there. Exit 3 where nothing was answered."
)]
pub struct ExplainArguments {
    /// Project file
    pub project: PathBuf,
    /// Tag to explain
    pub tag: String,
    /// Listen for this time first, such as 10s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub duration: Option<Span>,
    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "10s", conflicts_with = "duration")]
    pub timeout: Span,
    /// Write every byte of the device's connection to a file that Wireshark opens
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// How often it is looked whether something was answered.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the command.
pub fn explain(arguments: &ExplainArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_project(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let runtime = match open_runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let traced = match trace::begin(arguments.trace.as_deref(), &arguments.project) {
        Ok(traced) => traced,
        Err(exit) => return exit,
    };
    let config = StationConfig {
        loaded,
        mode: Mode::Live,
        data_folder: None,
        record: false,
        when_held: WhenHeld::Show,
        tail_points: 0,
        client_id_suffix: Some(format!("explain-{}", std::process::id())),
        actor: local_actor(),
        clock: system_clock(),
    };
    let wiring = Wiring { monitor: traced.monitor(), only_for: Some(arguments.tag.clone()) };
    let station = match Station::start_wired(config, runtime.handle(), wiring) {
        Ok(station) => station,
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    super::run::log_issues(&station.about().issues, Some(&arguments.project));
    let link = station.link();
    let plan = link.snapshots.borrow().plan.clone();
    // One that is to be found yet is waited for.
    let id = match plan.tag_id(&arguments.tag) {
        None if plan.project.awaits(&arguments.tag).is_some() => {
            let found = runtime.block_on(wait_for(link.clone(), &arguments.tag, arguments.timeout));
            if found.is_none() {
                say(&format!("no message has come that makes the tag \"{}\"", arguments.tag));
                station.stop();
                runtime.shutdown_background();
                traced.end();
                return Exit::World;
            }
            found
        }
        known => known,
    };
    let exit = match id {
        Some(id) => {
            let found = runtime.block_on(listen(&link, id, arguments.duration, arguments.timeout));
            let mut out = io::BufWriter::new(io::stdout().lock());
            let exit = if found.1.steps.is_empty() { Exit::World } else { Exit::Done };
            let written = print(&found.0, id, &found.1, &mut out).and_then(|()| out.flush());
            written.map_or_else(|error| end_of_output(&error), |()| exit)
        }
        None => {
            say(&format!("the project has no tag \"{}\"", arguments.tag));
            Exit::Call
        }
    };
    station.stop();
    runtime.shutdown_background();
    traced.end();
    exit
}

/// Waits until a tag is found.
async fn wait_for(mut link: PlantLink, tag: &str, patience: Span) -> Option<TagId> {
    let end = signals::after(Some(patience));
    let stop = signals::stop_asked();
    tokio::pin!(end, stop);
    loop {
        if let Some(id) = link.snapshots.borrow_and_update().plan.tag_id(tag) {
            return Some(id);
        }
        tokio::select! {
            () = &mut end => return None,
            () = &mut stop => return None,
            changed = link.snapshots.changed() => if changed.is_err() {
                return None;
            },
        }
    }
}

/// Waits for something to explain.
async fn listen(
    link: &PlantLink,
    id: TagId,
    duration: Option<Span>,
    patience: Span,
) -> (std::sync::Arc<Snapshot>, Explanation) {
    let monitor: &Monitor = &link.about.monitor;
    let end = signals::after(Some(duration.unwrap_or(patience)));
    let stop = signals::stop_asked();
    tokio::pin!(end, stop);
    loop {
        let snapshot = link.snapshots.borrow().clone();
        let explanation = explained(&snapshot, monitor, id).unwrap_or_default();
        // A formula has its inputs at once, and yet none of them a value.
        let known = snapshot.tag(id).is_some_and(|view| view.value.is_some());
        let asked = snapshot.plan.devices_of(id);
        if duration.is_none() && !explanation.steps.is_empty() && (known || asked.is_empty()) {
            return (snapshot, explanation);
        }
        tokio::select! {
            () = &mut end => return (snapshot, explanation),
            () = &mut stop => return (snapshot, explanation),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn print(snapshot: &Snapshot, id: TagId, explanation: &Explanation, out: &mut impl Write) -> io::Result<()> {
    let plan = &snapshot.plan;
    let (Some(tag), Some(view)) = (plan.tag(id), snapshot.tag(id)) else { return Ok(()) };
    let value = view.value.as_ref().map_or_else(|| "no value".to_owned(), |v| value_words(v, &tag.tag));
    let detail = view.detail.as_ref().map(|why| format!(", {}", visible(why))).unwrap_or_default();
    let unit = if tag.unit.is_empty() { String::new() } else { format!(" {}", tag.unit) };
    writeln!(out, "{}  {value}{unit}  {}{detail}", tag.name, view.quality)?;
    writeln!(out, "{}", explanation.source)?;
    for device in plan.devices_of(id) {
        let (Some(device), Some(view)) = (plan.device(device), snapshot.devices.get(device.index())) else { continue };
        let state = match &view.status.state {
            LinkState::Connecting => "connecting".to_owned(),
            LinkState::Connected => "connected".to_owned(),
            LinkState::NoAnswer(why) => format!("no answer: {why}"),
            LinkState::Held(who) => format!("asked by {who}"),
            LinkState::Unserved(why) => format!("not asked: {why}"),
        };
        writeln!(out, "{} {}: {}", device.name, visible(&device.device.address), visible(&state))?;
    }
    if let Some(note) = &explanation.note {
        writeln!(out, "{note}")?;
    }
    if !explanation.steps.is_empty() {
        writeln!(out, "\nFROM BYTES TO VALUE")?;
        let rows: Vec<_> =
            explanation.steps.iter().map(|(name, says)| vec![(*name).to_owned(), says.clone()]).collect();
        table(out, &[false, false], &rows)?;
    }
    if let Some(last) = explanation.last.first() {
        writeln!(out, "\nLAST")?;
        exchange(last, out)?;
    }
    if explanation.last.len() > 1 {
        writeln!(out, "\nBEFORE, NEWEST FIRST")?;
        let rows: Vec<_> = explanation.last.iter().skip(1).map(row).collect();
        table(out, &[false, true, false, false], &rows)?;
    }
    if let Some(exception) = &explanation.exception {
        writeln!(out, "\nLAST EXCEPTION")?;
        exchange(exception, out)?;
    }
    Ok(())
}

fn took(told: &Told) -> String {
    told.took.map_or_else(String::new, |span| format!("{:.1} ms", span.0 as f64 / 1e3))
}

fn row(told: &Told) -> Vec<String> {
    vec![told.at.utc.to_rfc3339(), took(told), visible(&told.what).into_owned(), visible(&told.outcome).into_owned()]
}

/// An exchange in full: a line for each field.
fn exchange(told: &Told, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", row(told).into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  "))?;
    let mut rows = Vec::new();
    for (direction, fields) in [(">", &told.sent), ("<", &told.received)] {
        rows.extend(fields.iter().map(|field| cells(direction, field)));
    }
    table(out, &[false, false, false, false], &rows)
}

fn cells(direction: &str, field: &Field) -> Vec<String> {
    /// Bytes on a line; of more the number says enough.
    const SHOWN: usize = 24;
    let shown = field.bytes.get(..SHOWN).unwrap_or(&field.bytes);
    let more = field.bytes.len() - shown.len();
    let more = if more > 0 { format!(" … {more} more") } else { String::new() };
    let mark = if field.own { "*" } else { "" };
    let direction = format!("{direction}{mark}");
    vec![direction, field.name.to_owned(), format!("{}{more}", hex(shown)), visible(&field.means).into_owned()]
}
