//! `members`: topics that were found and make tags by a name pattern, and forgetting some of them.

use super::format::table;
use super::{Exit, end_of_output, open_project, say};
use crate::historian::LockError;
use crate::historian::members;
use crate::project::Project;
use crate::project::family::{Member, expand, tags_of};
use crate::runtime::clock::system_clock;
use crate::runtime::forget::{ForgetError, forget};
use crate::runtime::{Loaded, StartError, local_actor};
use crate::text::visible_json;
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// `members`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper members plant.toml\n  watchkeeper members plant.toml --forget north.wind --forget site/south/state\n\nWhat is forgotten is found again by its next message, also by one that the broker retains; what was recorded stays.\nWhile the plant is watched it is forgotten in its window: on the faceplate of the tag."
)]
pub struct MembersArguments {
    /// Project file
    pub project: PathBuf,
    /// Forget this topic, by its name or that of a tag of it; may be repeated
    #[arg(long, value_name = "NAME")]
    pub forget: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = MembersFormat::Table)]
    pub format: MembersFormat,
}

/// `members --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MembersFormat {
    /// Aligned, for people
    Table,
    /// A JSON object a line
    Jsonl,
}

/// Runs the command.
pub fn members(arguments: &MembersArguments) -> Exit {
    super::start_logging("error");
    let loaded = match open_project(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if arguments.forget.is_empty() { list(&loaded, arguments.format) } else { forgotten(&loaded, &arguments.forget) }
}

fn forgotten(loaded: &Loaded, names: &[String]) -> Exit {
    match forget(loaded, names, &local_actor(), &system_clock()) {
        Ok(words) => {
            for one in &words {
                say(one);
            }
            Exit::Done
        }
        Err(ForgetError::Unknown(why)) => {
            say(&why);
            Exit::Call
        }
        Err(error @ ForgetError::Folder(StartError::Folder(LockError::HeldBy(_)))) => {
            say(&format!(
                "{error}; forget it in the window of that plant, on the faceplate of the tag, or stop the plant"
            ));
            Exit::World
        }
        Err(error) => {
            say(&error.to_string());
            Exit::World
        }
    }
}

fn list(loaded: &Loaded, format: MembersFormat) -> Exit {
    let folder = loaded.project.data_folder().unwrap_or_default();
    let (all, damaged) = match members::read(&folder) {
        Ok(read) => read,
        Err(error) => {
            say(&format!("{}: {error}", folder.join(members::MEMBERS_FILE).display()));
            return Exit::World;
        }
    };
    if damaged > 0 {
        say(&format!("{damaged} lines of {} cannot be understood", folder.join(members::MEMBERS_FILE).display()));
    }
    let project = expand(&loaded.project, &all).0;
    let mut out = io::stdout().lock();
    match print(&mut out, &project, &all, format).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) => end_of_output(&error),
    }
}

fn print(out: &mut impl Write, project: &Project, all: &[Member], format: MembersFormat) -> io::Result<()> {
    let names = |member: &Member| tags_of(project, member).iter().map(|tag| tag.name.clone()).collect::<Vec<String>>();
    match format {
        MembersFormat::Table if all.is_empty() => Ok(()),
        MembersFormat::Table => {
            let mut rows = vec![["device", "topic", "tags"].map(str::to_owned).to_vec()];
            rows.extend(all.iter().map(|m| vec![m.device.to_string(), m.topic.to_string(), names(m).join(", ")]));
            table(out, &[false; 3], &rows)
        }
        MembersFormat::Jsonl => all.iter().try_for_each(|member| {
            let line = json!({ "device": *member.device, "topic": *member.topic, "tags": names(member) });
            writeln!(out, "{}", visible_json(&line.to_string()))
        }),
    }
}
