//! `watchkeeper diff`: what is another between two versions of a project, and what that will do to a plant that runs.
//!
//! Git calls it, too, as the driver of `*.toml`: with the path, and old and new file, each with its hash and mode.

use super::{Exit, end_of_output, say};
use crate::engine::impact::{AlarmFate, TagFate};
use crate::engine::{Generation, Mode, Plan};
use crate::historian::bundle::is_bundle;
use crate::project::diff::{self, Change, What};
use crate::project::{Project, Severity};
use crate::runtime::impact::{Impact, LinkFate};
use crate::runtime::{Loaded, load, load_recorded};
use crate::text::{visible, visible_json};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What git and this command call no file at all.
const NO_FILE: &str = "/dev/null";

/// Standard input.
const INPUT: &str = "-";

/// The greatest text that is taken from standard input, as of files.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// Faults that are told of a file that is no project; one may be a picture, and each of its lines one.
const MOST_FAULTS: usize = 20;

/// `diff`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "watchkeeper diff [OPTIONS] A B",
    after_help = "Example:\n  watchkeeper diff projects/demo.toml projects/meter.toml\n\nAs git's driver: git config diff.watchkeeper.command \"watchkeeper diff\", and in .gitattributes: plant.toml diff=watchkeeper"
)]
pub struct DiffArguments {
    /// The versions before and after; - is standard input, /dev/null the empty project
    #[arg(required = true, num_args = 1..=9, value_name = "A B")]
    pub files: Vec<PathBuf>,
    /// Words for people, or an object for programs
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// Exit 1 where something that counts differs
    #[arg(long)]
    pub exit_code: bool,
}

/// `diff --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DiffFormat {
    /// In words, each change with what was and what is
    Text,
    /// `{summary, same, changes, applied}`
    Json,
}

/// Compares two versions of a project.
pub fn diff(arguments: &DiffArguments) -> Exit {
    let by_git = std::env::var_os("GIT_DIFF_PATH_COUNTER").is_some();
    let printed = match (arguments.files.as_slice(), by_git) {
        ([a, b], false) => between(a, b, arguments),
        ([path], true) => said(&format!("{}: not merged yet\n", path.display())),
        // Of a file that was renamed its new name and how like it is come behind.
        ([path, old, _, _, new, _, _, ..], true) => for_git(path, old, new),
        ([a, _, ..], _) => {
            let name = a.display();
            say(&format!("diff takes two files, and there are {}: {name}, …", arguments.files.len()));
            return Exit::Call;
        }
        _ => {
            say("diff takes two files: the version before, and the version after");
            return Exit::Call;
        }
    };
    printed.unwrap_or_else(|error| end_of_output(&error))
}

fn said(text: &str) -> io::Result<Exit> {
    io::stdout().write_all(visible(text.trim_end()).as_bytes())?;
    io::stdout().write_all(b"\n")?;
    Ok(Exit::Done)
}

fn between(a: &Path, b: &Path, arguments: &DiffArguments) -> io::Result<Exit> {
    let (before, after) = match (read(a), read(b)) {
        (Ok(before), Ok(after)) => (before, after),
        (before, after) => {
            for refused in [before.err(), after.err()].into_iter().flatten() {
                refused.1.iter().for_each(|line| say(line));
                if refused.0 != Exit::Project {
                    return Ok(refused.0);
                }
            }
            return Ok(Exit::Project);
        }
    };
    for (path, version) in [(a, &before), (b, &after)] {
        let errors = version.issues.iter().filter(|issue| issue.severity == Severity::Error).count();
        if errors > 0 {
            let plural = if errors == 1 { "" } else { "s" };
            let path = path.display();
            say(&format!(
                "{path} has {errors} error{plural}, and what is at fault is compared as far as it runs; see watchkeeper check"
            ));
        }
    }
    let found = Found::between(before, after, b);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match arguments.format {
        DiffFormat::Text => out.write_all(found.text().as_bytes())?,
        DiffFormat::Json => writeln!(out, "{}", visible_json(&serde_json::to_string_pretty(&found.json())?))?,
    }
    out.flush()?;
    let differs = arguments.exit_code && !found.changes.is_empty();
    Ok(if differs { Exit::Project } else { Exit::Done })
}

/// Git ends its own diff at any other exit than 0: what cannot be read is part of the text.
fn for_git(path: &Path, old: &Path, new: &Path) -> io::Result<Exit> {
    let name = path.display();
    let text = match (read(old), read(new)) {
        (Ok(before), Ok(after)) => {
            let text = Found::between(before, after, path).text();
            format!("{name}: {text}")
        }
        (before, after) => {
            let why = [("before", before.err()), ("after", after.err())].into_iter();
            let lines = why.filter_map(|(when, refused)| Some((when, refused?.1)));
            lines.fold(format!("{name}: this cannot be compared as a project\n"), |text, (when, lines)| {
                lines.iter().fold(text, |text, line| format!("{text}    {when}: {line}\n"))
            })
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    text.lines().try_for_each(|line| writeln!(out, "{}", visible(line)))?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(Exit::Done)
}

/// A version; `Err`: whose fault it is, and why it is none.
fn read(path: &Path) -> Result<Loaded, (Exit, Vec<String>)> {
    let shown = path.display();
    let bytes = match path.to_str() {
        Some(NO_FILE) => Vec::new(),
        Some(INPUT) => {
            let mut bytes = Vec::new();
            let read = io::stdin().take(LARGEST_BYTES).read_to_end(&mut bytes);
            read.map_err(|error| (Exit::World, vec![format!("standard input cannot be read: {error}")]))?;
            bytes
        }
        // The project that is in it.
        _ if is_bundle(path) => load_recorded(path)
            .map(|loaded| loaded.text.to_vec())
            .map_err(|error| (if error.by_name { Exit::Call } else { Exit::World }, vec![error.to_string()]))?,
        _ => load::read(path)
            .map_err(|error| (if error.by_name { Exit::Call } else { Exit::World }, vec![error.to_string()]))?,
    };
    if bytes.is_empty() {
        return Ok(Loaded { issues: Vec::new(), ..Loaded::from_bytes(&bytes, None) });
    }
    let loaded = Loaded::from_bytes(&bytes, None);
    if !loaded.is_empty() {
        return Ok(loaded);
    }
    let mut lines: Vec<String> =
        loaded.issues.iter().take(MOST_FAULTS).map(|issue| format!("{shown}:{issue}")).collect();
    if loaded.issues.len() > MOST_FAULTS {
        lines.push(format!("{shown}: and {} more faults", loaded.issues.len() - MOST_FAULTS));
    }
    Err((Exit::Project, lines))
}

/// What is another.
struct Found {
    changes: Vec<Change>,
    /// Whether the files are the same to the last byte.
    alike: bool,
    /// Where there was a project before, and is one after.
    impact: Option<Impact>,
}

impl Found {
    /// `path`: of the project that both are versions of.
    fn between(before: Loaded, after: Loaded, path: &Path) -> Self {
        let alike = before.text == after.text;
        let changes = diff::compare(&before.project, &after.project);
        let there_is = |loaded: &Loaded| !loaded.text.is_empty();
        let impact = (there_is(&before) && there_is(&after)).then(|| {
            let plan = |mut project: Arc<Project>, generation| {
                // A plant knows its project by its path, whichever version is in force.
                Arc::make_mut(&mut project).path = Some(path.to_owned());
                Plan::compile(project, Generation(generation), Mode::Live).0
            };
            let before = plan(before.project, 1);
            let mut after = plan(after.project, 2);
            after.follow(&before);
            Impact::of(&before, &after)
        });
        Self { changes, alike, impact }
    }

    fn summary(&self) -> String {
        match (self.alike, diff::summary(&self.changes)) {
            (true, _) => "nothing differs".to_owned(),
            (false, none) if none.is_empty() => {
                "only comments, layout and defaults that are written out differ".to_owned()
            }
            (false, summary) => summary,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.summary());
        if self.changes.is_empty() {
            return text;
        }
        text.push('\n');
        text.push_str(&diff::text(&self.changes));
        if let Some(impact) = &self.impact {
            text.push_str("\nput into force while the plant runs:\n");
            for line in impact.words() {
                text.extend(["    ", &visible(&line), "\n"]);
            }
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let changes: Vec<serde_json::Value> = self.changes.iter().map(json_change).collect();
        let applied = self.impact.as_ref().map(json_impact);
        serde_json::json!({
            "summary": self.summary(),
            "same": self.changes.is_empty(),
            "changes": changes,
            "applied": applied,
        })
    }
}

/// What happens to the plant, for a script that lets through what disturbs nobody.
fn json_impact(impact: &Impact) -> serde_json::Value {
    let devices = |is: fn(&LinkFate) -> bool| -> Vec<&str> {
        impact.devices.iter().filter(|(_, fate)| is(fate)).map(|(name, _)| name.as_str()).collect()
    };
    let reconnects = impact.devices.iter().filter_map(|(name, fate)| match fate {
        LinkFate::Reconnects(why) => Some(serde_json::json!({ "device": name, "why": why })),
        LinkFate::AsksOtherwise(_) | LinkFate::New | LinkFate::Gone => None,
    });
    let otherwise = impact.devices.iter().filter_map(|(name, fate)| match fate {
        LinkFate::AsksOtherwise(why) => Some(serde_json::json!({ "device": name, "why": why })),
        LinkFate::Reconnects(_) | LinkFate::New | LinkFate::Gone => None,
    });
    let anew = impact.alarms.iter().filter_map(|alarm| match &alarm.fate {
        AlarmFate::Anew(keys) => Some(serde_json::json!({ "alarm": alarm.name.as_ref(), "keys": keys })),
        AlarmFate::GoesOn | AlarmFate::New | AlarmFate::Gone => None,
    });
    let tags = |is: fn(&TagFate) -> bool| -> Vec<&str> {
        impact.tags.iter().filter(|tag| is(&tag.fate)).map(|tag| tag.name.as_ref()).collect()
    };
    let unwatched = impact.alarms.iter().filter(|alarm| alarm.fate == AlarmFate::Gone);
    serde_json::json!({
        "refused": impact.refused,
        "reconnects": reconnects.collect::<Vec<_>>(),
        "asked_otherwise": otherwise.collect::<Vec<_>>(),
        "connects": devices(|fate| *fate == LinkFate::New),
        "disconnects": devices(|fate| *fate == LinkFate::Gone),
        "tags_without_value": tags(|fate| matches!(fate, TagFate::Anew(_) | TagFate::Stops(_))),
        "alarms_judged_anew": anew.collect::<Vec<_>>(),
        "alarms_no_longer_watched": unwatched.map(|alarm| alarm.name.as_ref()).collect::<Vec<&str>>(),
        "next_start": impact.next_start,
        "words": impact.words(),
    })
}

fn json_change(change: &Change) -> serde_json::Value {
    let Change { of, name, part, what, by } = change;
    let mut object = serde_json::json!({ "of": of.word(), "name": name });
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    if !part.is_empty() {
        object["panel"] = part.clone().into();
    }
    if let Some(by) = by {
        object["template"] = by.origin.template.as_ref().into();
        object["use"] = by.origin.of.as_ref().into();
    }
    let written = |fields: &[(&'static str, String)]| -> serde_json::Value {
        fields.iter().map(|(key, value)| serde_json::json!({ "key": key, "value": value })).collect()
    };
    let change = match what {
        What::Added(fields) => {
            object["after"] = written(fields);
            "added"
        }
        What::Removed(fields) => {
            object["before"] = written(fields);
            "removed"
        }
        What::Renamed(from) => {
            object["before"] = from.clone().into();
            "renamed"
        }
        What::Key { key, before, after } => {
            object["key"] = (*key).into();
            object["before"] = some(before).into();
            object["after"] = some(after).into();
            "changed"
        }
        What::Reordered => "reordered",
    };
    object["change"] = change.into();
    object
}
