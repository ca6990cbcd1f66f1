//! `watchkeeper import`: what engineers have already, in files of other programs, as devices and tags.
#![expect(clippy::doc_markdown, reason = "what stands here is read on a terminal too")]

use super::{Exit, end_of_output, open_project, say};
use crate::project::edit::Draft;
use crate::project::import::{Format, Imported, Options, import as read_format};
use crate::project::{Project, Severity, diff};
use crate::runtime::Loaded;
use crate::runtime::save::save;
use crate::text::visible;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What anybody wrote by hand is less.
const LARGEST_BYTES: u64 = 64 * 1024 * 1024;

/// Faults that are told one by one.
const TOLD: usize = 20;

/// `import`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper import home-assistant configuration.yaml > plant.toml\n  watchkeeper import telegraf telegraf.conf --into plant.toml --dry-run\n  watchkeeper import sunspec model_103.json --address 192.168.1.10:502 --register 40069 > inverter.toml"
)]
pub struct ImportArguments {
    /// Whose file it is
    #[arg(value_enum)]
    pub format: Whose,
    /// The file
    pub file: PathBuf,
    /// Project to put it into; without it a project of its own is printed
    #[arg(long, value_name = "PROJECT")]
    pub into: Option<PathBuf>,
    /// With --into: tell what would change, and write nothing
    #[arg(long, requires = "into")]
    pub dry_run: bool,
    /// SunSpec: the device that it is a model of; one of the project, or a new one
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// SunSpec: address of a new device, HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// SunSpec: unit id of a new device; default 1
    #[arg(long, value_name = "ID")]
    pub unit: Option<u8>,
    /// SunSpec: where the model begins, the holding register of its ID by the protocol's address
    #[arg(long, value_name = "NUMBER")]
    pub register: Option<u16>,
    /// SunSpec: how many there are of a group that repeats as often as the device says
    #[arg(long, value_name = "COUNT")]
    pub repeat: Option<u16>,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Whose {
    /// A model of a SunSpec device, JSON
    Sunspec,
    /// The modbus part of Home Assistant's configuration, YAML
    HomeAssistant,
    /// `inputs.modbus` of Telegraf's configuration, TOML
    Telegraf,
}

impl From<Whose> for Format {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Sunspec => Self::SunSpec,
            Whose::HomeAssistant => Self::HomeAssistant,
            Whose::Telegraf => Self::Telegraf,
        }
    }
}

/// Carries it out.
pub fn import(arguments: &ImportArguments) -> Exit {
    let ImportArguments { format, file, into, dry_run, device, address, unit, register, repeat } = arguments;
    let loaded = match into.as_deref().map(open_project).transpose() {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            say(&format!("{} cannot be read: {error}", file.display()));
            return if error.kind() == io::ErrorKind::NotFound { Exit::Call } else { Exit::World };
        }
    };
    let options =
        Options { device: device.clone(), address: address.clone(), unit: *unit, register: *register, repeat: *repeat };
    let none = Project::default();
    let beside = loaded.as_ref().map_or(&none, |loaded| &loaded.project);
    let imported = match read_format((*format).into(), &text, &options, beside) {
        Ok(imported) => imported,
        Err(fault) => {
            say(&visible(&format!("{}:{}: {}", file.display(), fault.line, fault.what)));
            return Exit::Project;
        }
    };
    let exit = match (&loaded, into) {
        (Some(loaded), Some(project)) => put_into(loaded, project, &imported, file, *dry_run),
        _ => print(&imported, file),
    };
    if exit == Exit::Done {
        tell(&imported, file);
    }
    exit
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(io::Error::other("it is larger than 64 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::other(format!("it is no UTF-8 text: {error}")))
}

/// What was carried over, and what was not.
fn tell(imported: &Imported, file: &Path) {
    for left in &imported.left {
        let at = if left.line > 0 { format!("{}:{}: ", file.display(), left.line) } else { String::new() };
        say(&visible(&format!("{at}not carried over: {}", left.what)));
    }
    let plural = |n: usize, word: &str| if n == 1 { format!("{n} {word}") } else { format!("{n} {word}s") };
    let Imported { devices, tags, left, .. } = imported;
    let left = if left.is_empty() { String::new() } else { format!("; {}", plural(left.len(), "note")) };
    say(&format!("{}: {}, {}{left}", file.display(), plural(*devices, "device"), plural(*tags, "tag")));
}

fn print(imported: &Imported, file: &Path) -> Exit {
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match io::stdout().write_all(imported.project(&name).as_bytes()) {
        Ok(()) => Exit::Done,
        Err(error) => end_of_output(&error),
    }
}

fn put_into(loaded: &Loaded, project: &Path, imported: &Imported, file: &Path, dry_run: bool) -> Exit {
    let edited = Draft::open(&loaded.text).and_then(|mut draft| {
        draft.edit_as(Some(&format!("Import {}", file.display())), None, &imported.edits())?;
        Ok(draft.bytes())
    });
    let after = match edited {
        Ok(after) => after,
        Err(refusal) => {
            say(&format!("nothing is imported: {}: {refusal}", project.display()));
            return Exit::Project;
        }
    };
    let version = Loaded::from_bytes(&after, loaded.project.path.as_deref());
    let errors =
        |loaded: &Loaded| loaded.faults().into_iter().filter(|issue| issue.severity == Severity::Error).count();
    let before = errors(loaded);
    let text = diff::text(&diff::compare(&loaded.project, &version.project));
    if let Err(error) = io::stdout().write_all(text.as_bytes()) {
        return end_of_output(&error);
    }
    if errors(&version) > before {
        for issue in version.faults().iter().filter(|issue| issue.severity == Severity::Error).take(TOLD) {
            say(&visible(&issue.to_string()));
        }
        say(
            "nothing is imported: the project would have more errors than it has; print it without --into, and mend it by hand",
        );
        return Exit::Project;
    }
    if dry_run {
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
