//! `watchkeeper fmt`: a project's text in its canonical layout.

use super::{CheckFormat, Exit, check, end_of_output, open_project, say};
use crate::link::SaveError;
use crate::project::edit::canonical;
use crate::project::{Issue, Severity};
use crate::runtime::Loaded;
use crate::runtime::save::save;
use clap::Args;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// `fmt`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  watchkeeper fmt --check projects/pump.toml")]
pub struct FmtArguments {
    /// Project file
    pub project: PathBuf,
    /// Write nothing; exit 1 if it would be changed
    #[arg(long)]
    pub check: bool,
}

/// Lays a project out, or says whether that would change it. A text with faults of syntax is left alone and told.
pub fn fmt(arguments: &FmtArguments) -> Exit {
    let loaded = match open_project(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let shown = arguments.project.display();
    let text = match canonical(&loaded.text) {
        Ok(text) => text.into_bytes(),
        Err(faults) => {
            let told = check::print(&faults, &arguments.project, CheckFormat::Text, &mut io::stdout().lock());
            say(&format!("{shown} is left as it is: what is no TOML cannot be laid out; mend it first"));
            return told.map_or_else(|error| end_of_output(&error), |()| Exit::Project);
        }
    };
    if *text == *loaded.text {
        return Exit::Done;
    }
    if arguments.check {
        let told = writeln!(io::stdout(), "{shown} would be laid out anew");
        return told.map_or_else(|error| end_of_output(&error), |()| Exit::Project);
    }
    if !says_the_same(&loaded, &text) {
        say(&format!("{shown} is left as it is: laid out anew it would not say the same; report this, with the file"));
        return Exit::Project;
    }
    match save(&arguments.project, &loaded.text, &text) {
        Ok(()) => Exit::Done,
        Err(error) => {
            say(&error.to_string());
            if matches!(error, SaveError::Changed(..)) { Exit::Project } else { Exit::World }
        }
    }
}

/// Whether the reader reads of the new text what it read of the old one, faults included.
fn says_the_same(before: &Loaded, after: &[u8]) -> bool {
    let after = Loaded::from_bytes(after, before.project.path.as_deref());
    let told =
        |issues: &[Issue]| issues.iter().map(|i| (i.severity, i.subject.clone())).collect::<Vec<(Severity, String)>>();
    before.project == after.project && told(&before.issues) == told(&after.issues)
}
