//! The command line: what can be asked, and the commands that need no window.
//!
//! Standard output carries the answer, standard error the messages. Exit codes: 0 done, 1 the project or the expectation
//! is at fault, 2 the call is, 3 the world (device, disk, display) is.

pub mod backtest;
pub mod bundle;
pub mod check;
pub mod csv;
pub mod demo;
pub mod diff;
pub mod explain;
pub mod export;
pub mod figures;
pub mod fmt;
mod format;
pub mod handover;
pub mod horn_test;
pub mod import;
pub mod journal;
pub mod live;
pub mod members;
mod metrics;
pub mod new;
pub mod rehearse;
pub mod run;
pub mod scan;
pub mod schema;
pub mod secret;
pub mod signals;
mod trace;
pub mod values;
mod when;

use crate::runtime::clock::system_clock;
use crate::runtime::{Loaded, load, load_recorded};
use crate::text;
use crate::time::Span;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Done = 0,
    /// The project or an expectation is at fault.
    Project = 1,
    /// The call is.
    Call = 2,
    /// A device, the disk or the display is.
    World = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Control-room monitoring in one program: Modbus and MQTT, alarms, trends, honest on screen
#[derive(Debug, Parser)]
#[command(
    name = "watchkeeper",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  watchkeeper                    the demo plant, live\n  watchkeeper plant.toml         a project in a window\n  watchkeeper run plant.toml     the same without a window"
)]
pub struct Arguments {
    /// Project to open in the window; without one, the demo plant
    #[arg(value_name = "PROJECT")]
    pub project: Option<PathBuf>,
    /// Of the window.
    #[command(flatten)]
    pub window: WindowArguments,
    /// What to do instead of opening a window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of the window.
#[derive(Debug, Clone, Args)]
pub struct WindowArguments {
    /// What draws the window; auto takes what suits the system
    #[arg(long, value_enum, default_value_t = Renderer::Auto)]
    pub renderer: Renderer,
    /// Colours of the window; default: as last chosen
    #[arg(long, value_enum)]
    pub theme: Option<ThemeChoice>,
    /// Size of the window in points, such as 1280x800; default: as last used
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<[f32; 2]>,
}

/// `--renderer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Renderer {
    /// What suits the system.
    Auto,
    /// OpenGL.
    Glow,
    /// wgpu.
    Wgpu,
}

/// `--theme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeChoice {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

/// What can be asked for by name.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin a project: a device that is known or its registers, a first display, an alarm
    New(new::NewArguments),
    /// Acquire, alarm and record without a window until stopped
    Run(run::RunArguments),
    /// Tell every fault of a project with its place and mend
    Check(CheckArguments),
    /// What is another between two versions of a project, and what that does to a plant that runs
    Diff(diff::DiffArguments),
    /// Write a project in its canonical layout: space, quotes and empty lines alike, nothing else changed
    Fmt(fmt::FmtArguments),
    /// Connect and print values as they change; records nothing
    Values(values::ValuesArguments),
    /// From a tag's value to the bytes that it came in: the last exchange, field by field
    Explain(explain::ExplainArguments),
    /// Look for devices: the units of a Modbus line with what can be read of them, the topics of a broker
    Scan(scan::ScanArguments),
    /// The JSON Schema of the project file, for editors that complete and check it
    Schema(schema::SchemaArguments),
    /// Play a scenario through the engine in virtual time
    Rehearse(rehearse::RehearseArguments),
    /// What an alarm would have done with another limit, deadband or delay, on what was recorded
    Backtest(backtest::BacktestArguments),
    /// Tags and alarms as tables for a spreadsheet, and back into the project
    Csv(csv::CsvArguments),
    /// What other programs know of devices and registers, as devices and tags of a project
    Import(import::ImportArguments),
    /// Recorded samples, with quality, raw or in steps
    Export(export::ExportArguments),
    /// One file for a colleague: the project, its pictures, and a time of its history and journal
    Bundle(bundle::BundleArguments),
    /// Alarm and operator events
    Journal(journal::JournalArguments),
    /// Play the horn's sounds once, and say by which program, or why they cannot be heard
    HornTest(horn_test::HornTestArguments),
    /// How the alarms fare beside the targets of ISA-18.2 and EEMUA 191
    Figures(figures::FiguresArguments),
    /// What the next shift has to know, as a page that prints well
    Handover(handover::HandoverArguments),
    /// Topics that were found and make tags by a name pattern; and to forget some
    Members(members::MembersArguments),
    /// Keep the passwords that projects name: set, list, remove
    Secret(secret::SecretArguments),
    /// Only serve the demo plant's devices, for any client
    Demo(DemoArguments),
}

/// `check`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  watchkeeper check projects/demo.toml")]
pub struct CheckArguments {
    /// Project file
    pub project: PathBuf,
    /// Lines for people, or a list for programs
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// `check --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// `path:line:column: error: what; mend`
    Text,
    /// A list of `{path, line, column, severity, message}`
    Json,
}

/// `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  watchkeeper demo --modbus 127.0.0.1:5020 --mqtt 127.0.0.1:1884")]
pub struct DemoArguments {
    /// Where its Modbus TCP server listens (its second PLC on the port after it); default 127.0.0.1:5020, or a free port
    #[arg(long, value_name = "ADDR")]
    pub modbus: Option<SocketAddr>,
    /// Where its MQTT broker listens; default 127.0.0.1:1884, or a free port
    #[arg(long, value_name = "ADDR")]
    pub mqtt: Option<SocketAddr>,
    /// Which story is told; the same number tells the same story
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Seconds of plant time in a second, 0.01 to 1000
    #[arg(long, default_value_t = 1.0, value_parser = parse_speed)]
    pub speed: f64,
}

/// How values and events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned, for people
    Table,
    /// A JSON object a line
    Jsonl,
    /// Comma-separated, with a header
    Csv,
}

/// Carries out a command that needs no window.
pub fn carry_out(command: Command) -> Exit {
    match command {
        Command::New(arguments) => new::new(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Values(arguments) => values::values(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Scan(arguments) => scan::scan(&arguments),
        Command::Journal(arguments) => journal::journal(&arguments),
        Command::Figures(arguments) => figures::figures(&arguments),
        Command::Handover(arguments) => handover::handover(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Csv(arguments) => csv::csv(&arguments),
        Command::Import(arguments) => import::import(&arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Rehearse(arguments) => rehearse::rehearse(&arguments),
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Bundle(arguments) => bundle::bundle(&arguments),
        Command::HornTest(arguments) => horn_test::horn_test(&arguments),
        Command::Members(arguments) => members::members(&arguments),
        Command::Secret(arguments) => secret::secret(&arguments),
        Command::Demo(arguments) => serve_demo(&arguments),
    }
}

fn serve_demo(arguments: &DemoArguments) -> Exit {
    start_logging(USUAL_LOG);
    let runtime = match open_runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let DemoArguments { modbus, mqtt, seed, speed } = *arguments;
    let served = runtime.block_on(async {
        let mut out = io::stdout();
        tokio::select! {
            served = demo::run(modbus, mqtt, seed, speed, system_clock(), &mut out) => served,
            () = signals::stop_asked() => Ok(()),
        }
    });
    runtime.shutdown_background();
    match served {
        Ok(()) => Exit::Done,
        Err(error) => end_of_output(&error),
    }
}

/// The help of a command, `""` for the program's own, `scan modbus` for one of a command's own: what docs/commands.md is
/// tested against.
pub fn help(command: &str) -> Option<String> {
    let mut program = Arguments::command();
    program.build();
    let mut found = &mut program;
    for word in command.split_whitespace() {
        found = found.find_subcommand_mut(word)?;
    }
    Some(found.render_long_help().to_string())
}

/// What is logged unless somebody says otherwise: our own words, and warnings of the libraries.
pub const USUAL_LOG: &str = "warn,watchkeeper=info,mqtt5=error";

/// Whether log lines are held back because a picture is on the terminal.
static MUTED: AtomicBool = AtomicBool::new(false);

/// Logging to standard error: `WATCHKEEPER_LOG` says what, else `default`.
pub fn start_logging(default: &str) {
    let asked = std::env::var("WATCHKEEPER_LOG").ok().and_then(|asked| asked.parse::<Targets>().ok());
    let filter = asked.or_else(|| default.parse().ok()).unwrap_or_default();
    let ansi = io::stderr().is_terminal();
    let writer = || -> Box<dyn io::Write> {
        if MUTED.load(Ordering::Relaxed) { Box::new(io::sink()) } else { Box::new(Seen(io::stderr())) }
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(ansi)
        .with_target(false)
        // It would tell with a macro that panics, and a closed pipe must not end the watch.
        .log_internal_errors(false);
    let started = tracing_subscriber::registry().with(filter).with(lines).try_init();
    // Already started: by a test, or twice in one process.
    drop(started);
}

/// Log lines with what cannot be seen escaped. Colours are the log's own: it escapes those of a message by itself.
struct Seen<W>(W);

impl<W: io::Write> io::Write for Seen<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The log hands over whole lines.
        let text = String::from_utf8_lossy(line);
        let shown = text::visible_but(&text, |c| matches!(c, '\n' | '\t' | '\u{1b}'));
        self.0.write_all(shown.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Holds log lines back where they would be written into a picture on the terminal.
fn mute_logging() {
    MUTED.store(io::stderr().is_terminal(), Ordering::Relaxed);
}

/// Goes on without a window, because of `why`: as a live table on a terminal, otherwise as `run` does.
pub fn without_window(why: &str, project: Option<&Path>) -> Exit {
    say(why);
    if live::is_possible() { run::watch_live(project) } else { run::watch(project, &run::Watch::default()) }
}

/// A message on standard error; whether it can be written matters to nobody any more.
pub fn say(message: &str) {
    let _unheard = writeln!(io::stderr(), "watchkeeper: {}", text::visible_lines(message));
}

/// Reads a project for a command; `Err` has told why not.
fn open_project(path: &Path) -> Result<Loaded, Exit> {
    load(path).map_err(|error| {
        say(&error.to_string());
        if error.by_name { Exit::Call } else { Exit::World }
    })
}

/// The same of a project or a bundle, for what tells of what was recorded.
fn open_recorded(path: &Path) -> Result<Loaded, Exit> {
    load_recorded(path).map_err(|error| {
        say(&error.to_string());
        if error.by_name { Exit::Call } else { Exit::World }
    })
}

/// The runtime for drivers; `Err` has told why not.
fn open_runtime() -> Result<tokio::runtime::Runtime, Exit> {
    crate::runtime::field_runtime().map_err(|error| {
        say(&format!("could not start: {error}"));
        Exit::World
    })
}

/// A closed pipe behind us is a quiet end; any other refusal of standard output is told.
fn end_of_output(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Done;
    }
    say(&error.to_string());
    Exit::World
}

fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text)
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.01..=1_000.0).contains(speed));
    speed.ok_or_else(|| format!("\"{text}\" is no speed; write a number from 0.01 to 1000"))
}

fn parse_size(text: &str) -> Result<[f32; 2], String> {
    let wrong = || format!("\"{text}\" is no size; write it like 1280x800");
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let side = |s: &str| s.trim().parse::<f32>().ok().filter(|v| (200.0..=16_384.0).contains(v)).ok_or_else(wrong);
    Ok([side(width)?, side(height)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_keeps_its_colours_and_shows_what_a_device_hides() {
        let mut out = Vec::new();
        let line = "\u{1b}[32m INFO\u{1b}[0m pump\u{202e}1\u{7}\u{9b}2J\n";
        Seen(&mut out).write_all(line.as_bytes()).unwrap();
        let seen = "\u{1b}[32m INFO\u{1b}[0m pump\\u{202E}1\\u{7}\\u{9B}2J\n";
        assert_eq!(String::from_utf8(out).unwrap(), seen);
    }
}
