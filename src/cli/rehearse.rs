//! `watchkeeper rehearse PROJECT SCENARIO.csv`: alarm tests in a spreadsheet, played through the engine in virtual time.

use super::{Exit, end_of_output, open_project, say};
use crate::engine::rehearsal::lines;
pub use crate::engine::rehearsal::{Rehearsal, json_lines, play};
use crate::project::Severity;
use crate::text::{visible, visible_json};
use std::io::Write as _;
use std::path::PathBuf;
use std::{fs, io};

/// `rehearse`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  watchkeeper rehearse projects/meter.toml projects/meter.rehearsal.csv\n  watchkeeper rehearse projects/meter.toml projects/meter.rehearsal.csv --window --speed 10"
)]
pub struct RehearseArguments {
    /// Project file
    pub project: PathBuf,
    /// Scenario: a CSV file with the columns at,do,target,value
    pub scenario: PathBuf,
    /// Write the journal into this file instead of standard output
    #[arg(long, value_name = "FILE", conflicts_with = "window")]
    pub journal: Option<PathBuf>,
    /// Play it on the project's own displays, in a window
    #[arg(long)]
    pub window: bool,
    /// Seconds of the scenario in a second of the window, 1 to 3600
    #[arg(long, value_name = "N", default_value_t = 1, requires = "window", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: u32,
}

/// Carries out `rehearse`: the journal on standard output, exit 1 where an expectation does not hold.
pub fn rehearse(arguments: &RehearseArguments) -> Exit {
    let (loaded, scenario) = match read(arguments) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let rehearsal = play(loaded.project.as_ref().clone(), &scenario);
    let lines = json_lines(&rehearsal.journal);
    let written = match &arguments.journal {
        Some(path) => fs::write(path, &lines),
        None => io::stdout().write_all(visible_json(&lines).as_bytes()),
    };
    if let Err(error) = written {
        return end_of_output(&error);
    }
    if let Some((line, message)) = rehearsal.fault {
        fault(&format!("{}:{line}: error: {message}", arguments.scenario.display()));
        return Exit::Project;
    }
    Exit::Done
}

/// What `rehearse --window` looks at before there is a window: whether there is anything to play.
///
/// # Errors
/// Where there is not; why has been told.
pub fn look_before_a_window(arguments: &RehearseArguments) -> Result<(), Exit> {
    let (_, scenario) = read(arguments)?;
    lines(&scenario).map(drop).map_err(|(line, message)| {
        fault(&format!("{}:{line}: error: {message}", arguments.scenario.display()));
        Exit::Project
    })
}

/// Project and scenario; the faults of the project have been told.
fn read(arguments: &RehearseArguments) -> Result<(crate::runtime::Loaded, String), Exit> {
    let loaded = open_project(&arguments.project)?.with_members();
    for issue in loaded.issues.iter().filter(|i| i.severity == Severity::Error) {
        fault(&format!("{}:{issue}", arguments.project.display()));
    }
    let shown = arguments.scenario.display();
    match fs::read(&arguments.scenario).map(String::from_utf8) {
        Ok(Ok(scenario)) => Ok((loaded, scenario)),
        Ok(Err(_)) => {
            fault(&format!("{shown}:1: error: the scenario is not UTF-8; save it as CSV in UTF-8"));
            Err(Exit::Project)
        }
        Err(error) => {
            say(&format!("could not read the scenario {shown}: {error}"));
            Err(if error.kind() == io::ErrorKind::NotFound { Exit::Call } else { Exit::World })
        }
    }
}

/// A fault with its place, in the form that editors follow.
fn fault(line: &str) {
    let _unheard = writeln!(io::stderr(), "{}", visible(line));
}
