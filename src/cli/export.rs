//! `export`: recorded samples for other programs, raw or in steps, read beside whoever records them.

use super::when::instant;
use super::{Exit, end_of_output, open_recorded, parse_span, say, signals};
use crate::historian::FileError;
use crate::historian::export::{Exporter, FileFormat, Of, RowKind};
use crate::historian::history::query::grid::zone_named;
use crate::historian::history::query::{Grid, HistoryReader, Outcome, TagInfo};
use crate::project::Project;
use crate::runtime::Loaded;
use crate::runtime::clock::system_clock;
use crate::time::{Span, Utc};
use output::Output;
use progress::Progress;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

mod output;
mod progress;
mod scenario;

/// `export`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper export plant.toml --tag pump1.flow --from 2026-11-20 --every 1m -o flow.csv\n  watchkeeper export plant.toml --from 1h -o storm.rehearsal.csv    a scenario of the last hour, for rehearse\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct ExportArguments {
    /// Project file, or a bundle
    pub project: PathBuf,
    /// A tag, by its present or an earlier name; may be repeated; default: all that were recorded
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// From this time on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Up to before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Steps of this length instead of samples, such as 1m or 1d
    #[arg(long, value_name = "TIME", value_parser = parse_step)]
    pub every: Option<Span>,
    /// What kind of file; default: by the name after -o, else csv
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// Add a column with each time as the clock of the project's zone shows it
    #[arg(long)]
    pub local: bool,
    /// Write into this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `export --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated, with a header
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Apache Parquet
    Parquet,
    /// A scenario for rehearse, of what can be set in one
    Scenario,
}

/// What ended an export early; it has been told.
type Ended = Exit;

/// How long a signal waits for the row under way.
const PATIENCE: Duration = Duration::from_secs(1);

const STOPPED: &str = "stopped; the export is not complete";

/// Runs the command.
pub fn export(arguments: &ExportArguments) -> Exit {
    super::start_logging("warn");
    prepare(arguments).and_then(|job| job.run(arguments)).unwrap_or_else(|exit| exit)
}

/// All that was asked for, looked up.
struct Job {
    reader: HistoryReader,
    tags: Vec<TagInfo>,
    range: Range<Utc>,
    zone: Option<String>,
    format: FileFormat,
    folder: PathBuf,
    /// Its parts are there for as long as this is, where it is a bundle.
    loaded: Loaded,
}

fn prepare(arguments: &ExportArguments) -> Result<Job, Ended> {
    let call = |why: String| {
        say(&why);
        Exit::Call
    };
    let loaded = open_recorded(&arguments.project)?;
    let project: &Project = &loaded.project;
    let zone = project.time_zone.clone();
    let time = |text: &Option<String>| instant(text.as_deref(), zone.as_deref(), loaded.now()).map_err(call);
    let from = time(&arguments.from)?.unwrap_or(Utc(i64::MIN));
    let to = time(&arguments.to)?.unwrap_or(Utc(i64::MAX));
    if from >= to {
        return Err(call(format!("--from {} is not before --to {}", from.to_rfc3339_exact(), to.to_rfc3339_exact())));
    }
    let is_scenario = scenario::is_wanted(arguments);
    if is_scenario && (arguments.every.is_some() || arguments.local) {
        return Err(call(
            "a scenario has every value at its time since its start: leave out --every and --local".to_owned(),
        ));
    }
    let by_name = arguments.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    let format = match (arguments.format, by_name.map(str::to_ascii_lowercase).as_deref()) {
        (Some(ExportFormat::Jsonl), _) | (None, Some("jsonl" | "ndjson")) => FileFormat::Jsonl,
        (Some(ExportFormat::Parquet), _) | (None, Some("parquet")) => FileFormat::Parquet,
        (Some(ExportFormat::Csv | ExportFormat::Scenario) | None, _) => FileFormat::Csv,
    };
    if format == FileFormat::Parquet && arguments.output.is_none() && io::stdout().is_terminal() {
        return Err(call("Parquet is nothing to read on a terminal; name a file with -o".to_owned()));
    }
    let folder = project.data_folder().unwrap_or_default();
    let world = |error: FileError| {
        say(&error.to_string());
        Exit::World
    };
    let Some(reader) = HistoryReader::open(&folder, None).map_err(world)? else {
        say(&format!("there is no history in {} yet; run the project first", folder.display()));
        return Err(Exit::World);
    };
    let known = reader.tags().map_err(world)?;
    let tags = if is_scenario {
        // Which can be set, it finds by itself.
        Vec::new()
    } else if arguments.tags.is_empty() {
        let mut all = known;
        all.sort_by_cached_key(|tag| (tag.name.to_lowercase(), tag.series));
        all
    } else {
        let mut chosen: Vec<TagInfo> = Vec::new();
        for name in &arguments.tags {
            let tag = find(&known, name).ok_or_else(|| call(never_recorded(project, name)))?;
            if !chosen.contains(tag) {
                chosen.push(tag.clone());
            }
        }
        chosen
    };
    let loaded = if is_scenario { loaded.with_members() } else { loaded };
    Ok(Job { reader, tags, range: from..to, zone, format, folder, loaded })
}

/// The tag that bears this name, else the one that bore it last.
fn find<'a>(known: &'a [TagInfo], name: &str) -> Option<&'a TagInfo> {
    let is = |other: &String| other.eq_ignore_ascii_case(name);
    let present = known.iter().rfind(|tag| is(&tag.name));
    present.or_else(|| known.iter().rfind(|tag| tag.earlier.iter().any(is)))
}

fn never_recorded(project: &Project, name: &str) -> String {
    if project.tags.iter().any(|tag| tag.name.eq_ignore_ascii_case(name)) {
        format!("nothing has been recorded of \"{name}\" yet")
    } else {
        format!("there is no tag \"{name}\", neither in the project nor in its history")
    }
}

impl Job {
    /// Writes on a thread of its own, so that a signal ends it even where nobody reads the pipe that it writes into.
    fn run(self, arguments: &ExportArguments) -> Result<Exit, Ended> {
        let output = match &arguments.output {
            None => Output::stdout(),
            Some(path) => Output::file(path, &[&arguments.project], &self.folder).map_err(|(why, exit)| {
                say(&why);
                exit
            })?,
        };
        let runtime = super::open_runtime()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (end, mut ended) = oneshot::channel();
        let (arguments, asked) = (arguments.clone(), stop.clone());
        let work = move || {
            let is_scenario = scenario::is_wanted(&arguments);
            let write = if is_scenario { Self::write_scenario } else { Self::write };
            let done = write(&self, &arguments, output, &asked);
            // What was unpacked goes before this process ends.
            drop(self);
            // Nobody waits for it after a signal and some patience.
            let _unheard = end.send(done);
        };
        let started = thread::Builder::new().name("export".to_owned()).spawn(work);
        if let Err(error) = started {
            say(&format!("could not start: {error}"));
            return Err(Exit::World);
        }
        let done = runtime.block_on(async {
            tokio::select! {
                done = &mut ended => return done.ok(),
                () = signals::stop_asked() => stop.store(true, Ordering::Relaxed),
            }
            tokio::time::timeout(PATIENCE, ended).await.ok()?.ok()
        });
        runtime.shutdown_background();
        Ok(match done {
            Some(Ok(exit)) => exit,
            Some(Err(Failed::Written(error))) => end_of_output(&error),
            Some(Err(Failed::Read(error))) => {
                say(&error.to_string());
                Exit::World
            }
            Some(Err(Failed::Asked(why))) => {
                say(&why);
                Exit::Call
            }
            None if stop.load(Ordering::Relaxed) => {
                say(STOPPED);
                Exit::Done
            }
            None => {
                say("the export ended unexpectedly; this is a fault of the program");
                Exit::World
            }
        })
    }

    fn write(&self, arguments: &ExportArguments, output: Output, stop: &AtomicBool) -> Result<Exit, Failed> {
        let kind = if arguments.every.is_some() { RowKind::Steps } else { RowKind::Samples };
        let zone = arguments.local.then(|| zone_named(self.zone.as_deref()));
        let mut exporter = Exporter::new(BufWriter::with_capacity(1 << 16, output), self.format, kind, zone)?;
        let mut progress = Progress::new(self.tags.len(), system_clock());
        let mut damaged = 0;
        for tag in &self.tags {
            let extent = self.reader.extent(tag.series)?;
            progress.begin(
                extent.map(|(first, last)| {
                    (first.max(self.range.start), Utc(last.0.saturating_add(1)).min(self.range.end))
                }),
            );
            let outcome = self.write_tag(tag, arguments.every, &mut exporter, &mut progress, stop)?;
            damaged += outcome.damaged;
            if !outcome.complete {
                break;
            }
        }
        let rows = progress.finish();
        if stop.load(Ordering::Relaxed) {
            // What was written to standard output stays whole lines; a file is not kept.
            if arguments.output.is_none() {
                exporter.finish()?.flush()?;
            }
            say(STOPPED);
            return Ok(Exit::Done);
        }
        let output = exporter.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        output.keep()?;
        if let Some(path) = &arguments.output {
            say(&format!("{rows} rows of {} tags are in {}", self.tags.len(), path.display()));
        }
        if damaged > 0 {
            say(&format!("{damaged} parts of the history are damaged; each is told as a gap, bad:damaged"));
            return Ok(Exit::World);
        }
        Ok(Exit::Done)
    }

    fn write_tag(
        &self,
        tag: &TagInfo,
        every: Option<Span>,
        exporter: &mut Exporter<BufWriter<Output>>,
        progress: &mut Progress,
        stop: &AtomicBool,
    ) -> Result<Outcome, Failed> {
        let of = Of { tag: &tag.name, unit: Some(tag.unit.as_str()).filter(|unit| !unit.is_empty()) };
        let mut written = Ok(());
        let mut after = |result: io::Result<()>, time: Utc| {
            progress.row(time);
            written = result;
            if written.is_ok() && !stop.load(Ordering::Relaxed) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let range = self.range.clone();
        let outcome = match every {
            None => self.reader.samples(tag.series, range, stop, |s| after(exporter.sample(of, s), s.time)),
            Some(every) => {
                let grid = Grid::new(every, self.zone.as_deref());
                self.reader.steps(tag.series, range, grid, stop, |s| after(exporter.step(of, &s), s.from))
            }
        };
        written?;
        Ok(outcome?)
    }
}

/// Why an export ended.
enum Failed {
    Written(io::Error),
    Read(FileError),
    /// What was asked for cannot be.
    Asked(String),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Written(error)
    }
}

impl From<FileError> for Failed {
    fn from(error: FileError) -> Self {
        Self::Read(error)
    }
}

fn parse_step(text: &str) -> Result<Span, String> {
    let span = parse_span(text)?;
    if span.0 > 0 { Ok(span) } else { Err(format!("a step of \"{text}\" has no length; write 1m, 1h or 1d")) }
}
