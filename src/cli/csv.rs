//! `watchkeeper csv`: tags and alarms as tables for a spreadsheet, there and back.

use super::{Exit, end_of_output, open_project, say};
use crate::project::csv::{Asked, Fault, Grid, Kind, Wanted, apply, export, wanted};
use crate::project::edit::Draft;
use crate::project::{Issue, Severity, diff};
use crate::runtime::Loaded;
use crate::runtime::save::save;
use crate::text::visible;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A table of a million rows is less.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// `csv`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  watchkeeper csv export projects/demo.toml tags -o tags.csv")]
pub struct CsvArguments {
    /// There or back.
    #[command(subcommand)]
    pub command: CsvCommand,
}

/// There or back.
#[derive(Debug, clap::Subcommand)]
pub enum CsvCommand {
    /// Write a project's tags or alarms as a table
    Export(ExportArguments),
    /// Take what a table says of tags or alarms into a project; what it does not name stays as it is
    Import(ImportArguments),
}

/// `csv export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  watchkeeper csv export projects/demo.toml tags -o tags.csv")]
pub struct ExportArguments {
    /// Project file
    pub project: PathBuf,
    /// What the table is of
    #[arg(value_enum)]
    pub of: Of,
    /// Where to write it; default: standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What parts the columns: a semicolon where Excel writes decimals with a comma
    #[arg(long, value_enum, default_value_t = Separator::Comma)]
    pub separator: Separator,
}

/// `csv import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  watchkeeper csv import plant.toml tags.csv --dry-run")]
pub struct ImportArguments {
    /// Project file
    pub project: PathBuf,
    /// The table
    pub table: PathBuf,
    /// Tell what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What a table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Of {
    /// Tags, by name
    Tags,
    /// Alarms, by the names of their tags and their own
    Alarms,
}

/// What parts columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Separator {
    /// ,
    Comma,
    /// ;
    Semicolon,
    /// A tab
    Tab,
}

/// Carries it out.
pub fn csv(arguments: &CsvArguments) -> Exit {
    match &arguments.command {
        CsvCommand::Export(arguments) => write_table(arguments),
        CsvCommand::Import(arguments) => import(arguments),
    }
}

fn write_table(arguments: &ExportArguments) -> Exit {
    let loaded = match open_project(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let kind = match arguments.of {
        Of::Tags => Kind::Tags,
        Of::Alarms => Kind::Alarms,
    };
    let shown = arguments.project.display();
    let table = match export(kind, &String::from_utf8_lossy(&loaded.text)) {
        Ok(table) => table,
        Err(line) => {
            say(&format!(
                "{shown}:{line}: a fault of syntax may hide some of them; mend it first, watchkeeper check tells how"
            ));
            return Exit::Project;
        }
    };
    let separator = match arguments.separator {
        Separator::Comma => ',',
        Separator::Semicolon => ';',
        Separator::Tab => '\t',
    };
    let text = table.written(separator);
    let Some(output) = &arguments.output else {
        return match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => Exit::Done,
            Err(error) => end_of_output(&error),
        };
    };
    if let Err(error) = fs::write(output, text) {
        say(&format!("{} cannot be written: {error}", output.display()));
        return Exit::World;
    }
    say(&format!("{}: {} rows", output.display(), table.rows.len().saturating_sub(1)));
    Exit::Done
}

fn import(arguments: &ImportArguments) -> Exit {
    let ImportArguments { project, table, dry_run } = arguments;
    let loaded = match open_project(project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let bytes = match read(table) {
        Ok(bytes) => bytes,
        Err(error) => {
            say(&format!("{} cannot be read: {error}", table.display()));
            return if error.kind() == io::ErrorKind::NotFound { Exit::Call } else { Exit::World };
        }
    };
    let made = Grid::read(&bytes).map_err(|fault| vec![fault]).and_then(|grid| {
        let found = wanted(&grid, &String::from_utf8_lossy(&loaded.text))?;
        Ok((grid, found))
    });
    let (grid, Asked { wanted: found, made: left }) = match made {
        Ok(made) => made,
        Err(faults) => return refused(table, &faults),
    };
    let after = match edited(&loaded, &found, table) {
        Ok(after) => after,
        Err(why) => {
            say(&format!("nothing is imported: {why}"));
            return Exit::Project;
        }
    };
    let version = Loaded::from_bytes(&after, loaded.project.path.as_deref());
    let faults = brought(&loaded, &version, &grid, &found);
    if !faults.is_empty() {
        return refused(table, &faults);
    }
    if left > 0 {
        let (rows, are, them) = if left == 1 { ("row", "is", "it") } else { ("rows", "are", "them") };
        say(&format!(
            "{left} {rows} {are} of what templates make, and left to them: change {them} there, or by its use"
        ));
    }
    let changes = diff::compare(&loaded.project, &version.project);
    let told = match diff::summary(&changes) {
        none if none.is_empty() && *after == *loaded.text => "the project says all that already".to_owned(),
        none if none.is_empty() => "only what is the default anyway is written out".to_owned(),
        summary => summary,
    };
    let text = if changes.is_empty() { format!("{told}\n") } else { format!("{told}\n\n{}", diff::text(&changes)) };
    if let Err(error) = io::stdout().write_all(text.as_bytes()) {
        return end_of_output(&error);
    }
    if *dry_run || *after == *loaded.text {
        return Exit::Done;
    }
    match save(project, &loaded.text, &after) {
        Ok(()) => Exit::Done,
        Err(error) => {
            say(&error.to_string());
            Exit::World
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refused(table: &Path, faults: &[Fault]) -> Exit {
    for fault in faults {
        say(&visible(&format!("{}: {fault}", table.display())));
    }
    let plural = if faults.len() == 1 { "" } else { "s" };
    say(&format!("nothing is imported: {} error{plural}", faults.len()));
    Exit::Project
}

/// The project's bytes with what the table wants.
fn edited(loaded: &Loaded, found: &[Wanted], table: &Path) -> Result<Vec<u8>, String> {
    let mut draft = Draft::open(&loaded.text).map_err(|refusal| refusal.to_string())?;
    let edits = apply::edits(&draft, found)?;
    if !edits.is_empty() {
        let name = format!("Import {}", table.display());
        draft.edit_as(Some(&name), None, &edits).map_err(|refusal| refusal.to_string())?;
    }
    Ok(draft.bytes())
}

/// Errors that the project did not have before, each at the cell that brings it.
fn brought(before: &Loaded, after: &Loaded, grid: &Grid, found: &[Wanted]) -> Vec<Fault> {
    let errors = |loaded: &Loaded| -> Vec<Issue> {
        let issues = loaded.faults().into_iter();
        issues.filter(|issue| issue.severity == Severity::Error).collect()
    };
    let known: HashSet<(String, String)> =
        errors(before).into_iter().map(|issue| (issue.subject, issue.message)).collect();
    let text = String::from_utf8_lossy(&after.text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let new =
        errors(after).into_iter().filter(|issue| !known.contains(&(issue.subject.clone(), issue.message.clone())));
    new.map(|issue| {
        // Of a use of a template the key is known by the template.
        let line = issue.in_template.unwrap_or(issue.place).line as usize;
        let line = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let row = found.iter().find(|one| one.name.eq_ignore_ascii_case(&issue.subject)).map(|one| one.row);
        grid.fault_of(row, key, &issue.message, &issue.mend)
    })
    .collect()
}
