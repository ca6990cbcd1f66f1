//! `values`: connects and prints live values; records nothing and takes no lock.

use super::format::{csv_line, line, table, value_words};
use super::{Exit, Format, end_of_output, open_recorded, open_runtime, parse_span, say, signals};
use crate::engine::{Mode, Plan, Quality, Snapshot, TagId, TagView};
use crate::link::PlantLink;
use crate::project::Tag;
use crate::runtime::bundle::Bundle;
use crate::runtime::clock::system_clock;
use crate::runtime::{Loaded, Station, StationConfig, WhenHeld, local_actor};
use crate::text::visible_json;
use crate::time::{Clock, Span, Utc};
use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// `values`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper values projects/demo.toml --for 10s --format jsonl\n\nWithout --for it prints the first value of each tag and ends; a tag that has none within --timeout is\nprinted with its bad quality. Exit 3 where no tag has a value at all."
)]
pub struct ValuesArguments {
    /// Project file, or a bundle: of that what was recorded last
    pub project: PathBuf,
    /// Only these tags
    #[arg(value_name = "TAG")]
    pub tags: Vec<String>,
    /// Print changes for this time, such as 10s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub duration: Option<Span>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How long to wait for first values
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "10s", conflicts_with = "duration")]
    pub timeout: Span,
}

/// One line, in the contract's order of keys.
#[derive(serde::Serialize)]
struct Line<'a> {
    tag: &'a str,
    time: String,
    value: Option<serde_json::Value>,
    quality: String,
    unit: &'a str,
}

/// Runs the command.
pub fn values(arguments: &ValuesArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_recorded(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let runtime = match open_runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let clock = system_clock();
    if loaded.bundle.is_some() {
        return of_bundle(loaded, arguments, &clock, &runtime);
    }
    let config = StationConfig {
        loaded,
        mode: Mode::Live,
        data_folder: None,
        record: false,
        when_held: WhenHeld::Show,
        tail_points: 0,
        client_id_suffix: Some(format!("values-{}", std::process::id())),
        actor: local_actor(),
        clock: clock.clone(),
    };
    let station = match Station::start(config, runtime.handle()) {
        Ok(station) => station,
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    super::run::log_issues(&station.about().issues, Some(&arguments.project));
    let link = station.link();
    let exit = match chosen(&link, &arguments.tags) {
        Ok(asked) if asked.names.is_empty() && !asked.more_may_come => {
            say("the project has no tags");
            Exit::Project
        }
        Ok(asked) => {
            let watch = Watch { link, clock, asked, plan: None, tags: Vec::new(), format: arguments.format };
            let out = io::BufWriter::new(io::stdout().lock());
            runtime
                .block_on(watch.print(arguments.duration, arguments.timeout, out))
                .unwrap_or_else(|e| end_of_output(&e))
        }
        Err(exit) => exit,
    };
    station.stop();
    runtime.shutdown_background();
    exit
}

/// What was recorded last, each with its quality; nothing is asked of any device.
fn of_bundle(loaded: Loaded, arguments: &ValuesArguments, clock: &Clock, runtime: &Runtime) -> Exit {
    let bundle = match Bundle::show(loaded, local_actor(), clock) {
        Ok(bundle) => bundle,
        Err(why) => {
            say(&why);
            return Exit::World;
        }
    };
    let link = bundle.link();
    let asked = match chosen(&link, &arguments.tags) {
        Ok(asked) => Asked { more_may_come: false, ..asked },
        Err(exit) => return exit,
    };
    let watch = Watch { link, clock: clock.clone(), asked, plan: None, tags: Vec::new(), format: arguments.format };
    let out = io::BufWriter::new(io::stdout().lock());
    runtime.block_on(watch.print(None, Span::ZERO, out)).unwrap_or_else(|e| end_of_output(&e))
}

/// What is to be printed.
struct Asked {
    /// In their order.
    names: Vec<String>,
    /// All there are, and those that are found meanwhile.
    all: bool,
    /// Tags may be found while it is listened: there is no first value of each.
    more_may_come: bool,
}

fn chosen(link: &PlantLink, names: &[String]) -> Result<Asked, Exit> {
    let plan = link.snapshots.borrow().plan.clone();
    if names.is_empty() {
        let more_may_come = !plan.project.families.is_empty();
        let names = plan.tags.iter().map(|tag| tag.name.to_string()).collect();
        return Ok(Asked { names, all: true, more_may_come });
    }
    if let Some(name) = names.iter().find(|name| plan.tag_id(name).is_none() && plan.project.awaits(name).is_none()) {
        say(&format!("the project has no tag \"{name}\""));
        return Err(Exit::Call);
    }
    Ok(Asked { names: names.to_vec(), all: false, more_may_come: false })
}

struct Watch {
    link: PlantLink,
    clock: Clock,
    asked: Asked,
    /// The plan that the numbers of `tags` are of.
    plan: Option<Arc<Plan>>,
    /// Of what was asked for; `None`: not found yet.
    tags: Vec<Option<TagId>>,
    format: Format,
}

/// A tag's picture as it counts for "changed".
type Seen = Option<(Option<crate::engine::Value>, Quality)>;

impl Watch {
    async fn print(mut self, duration: Option<Span>, timeout: Span, mut out: impl Write) -> io::Result<Exit> {
        let streaming = duration.is_some();
        let mut seen: Vec<Seen> = Vec::new();
        let mut missing: BTreeSet<usize> = BTreeSet::new();
        let mut rows = vec![TABLE_HEAD.map(str::to_owned).to_vec()];
        let widths = self.widths();
        let mut any_value = false;
        self.head(&mut out, streaming, &widths)?;
        let end = signals::after(Some(duration.unwrap_or(timeout)));
        let stop = signals::stop_asked();
        tokio::pin!(end, stop);
        loop {
            let snapshot = self.link.snapshots.borrow_and_update().clone();
            self.follow(&snapshot.plan);
            missing.extend(seen.len()..self.tags.len());
            seen.resize(self.tags.len(), None);
            for (index, seen) in seen.iter_mut().enumerate() {
                let Some((tag, view)) = self.tag(index, &snapshot) else { continue };
                if !streaming && !missing.contains(&index) {
                    continue;
                }
                let present = Some((view.value.clone(), view.quality));
                let first = view.value.is_some() || view.quality == Quality::CONFIGURATION;
                let wanted = if streaming { *seen != present && (first || seen.is_some()) } else { first };
                if wanted {
                    missing.remove(&index);
                    any_value |= view.value.is_some();
                    self.line(&mut out, &mut rows, &snapshot, tag, view, streaming.then_some(&widths))?;
                    *seen = present;
                }
            }
            out.flush()?;
            if !streaming && missing.is_empty() && !self.asked.more_may_come {
                break;
            }
            tokio::select! {
                () = &mut end => break,
                () = &mut stop => break,
                changed = self.link.snapshots.changed() => if changed.is_err() {
                    say("the main loop ended unexpectedly; this is a fault of the program");
                    return Ok(Exit::World);
                },
            }
        }
        let snapshot = self.link.snapshots.borrow().clone();
        self.follow(&snapshot.plan);
        for index in missing {
            match self.tag(index, &snapshot) {
                Some((tag, view)) => {
                    self.line(&mut out, &mut rows, &snapshot, tag, view, streaming.then_some(&widths))?;
                }
                None => say(&format!("no message has come that makes the tag \"{}\"", self.asked.names[index])),
            }
        }
        if !streaming && self.format == Format::Table {
            rows[1..].sort_by_cached_key(|row| self.place(&snapshot, &row[0]));
            table(&mut out, &TABLE_RIGHT, &rows)?;
        }
        out.flush()?;
        Ok(if any_value { Exit::Done } else { Exit::World })
    }

    /// One of those that were asked for; `None`: not found yet.
    fn tag<'s>(&self, index: usize, snapshot: &'s Snapshot) -> Option<(TagId, &'s TagView)> {
        let id = self.tags.get(index).copied().flatten()?;
        Some((id, snapshot.tag(id)?))
    }

    /// Numbers of tags are a plan's own, and tags are found while it is listened.
    fn follow(&mut self, plan: &Arc<Plan>) {
        if self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, plan)) {
            return;
        }
        if self.asked.all && self.plan.is_some() {
            let known: HashSet<String> = self.asked.names.iter().map(|name| name.to_lowercase()).collect();
            let new = plan.tags.iter().filter(|tag| !known.contains(&tag.name.to_lowercase()));
            self.asked.names.extend(new.map(|tag| tag.name.to_string()));
        }
        self.tags = self.asked.names.iter().map(|name| plan.tag_id(name)).collect();
        self.plan = Some(Arc::clone(plan));
    }

    /// Place of a tag in what was asked for: a table of first values keeps that order, whoever answered first.
    fn place(&self, snapshot: &Snapshot, name: &str) -> Option<usize> {
        let tag = snapshot.plan.tag_id(name)?;
        self.tags.iter().position(|t| *t == Some(tag))
    }

    fn widths(&self) -> Vec<usize> {
        let longest = self.asked.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        vec![longest.max(3), 12, 6, 22, 24]
    }

    fn head(&self, out: &mut impl Write, streaming: bool, widths: &[usize]) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_line(out, &["tag", "time", "value", "quality", "unit"]),
            Format::Table if streaming => {
                writeln!(out, "{}", line(&TABLE_HEAD.map(str::to_owned), &TABLE_RIGHT, widths))
            }
            Format::Table | Format::Jsonl => Ok(()),
        }
    }

    fn line(
        &self,
        out: &mut impl Write,
        rows: &mut Vec<Vec<String>>,
        snapshot: &Snapshot,
        id: TagId,
        view: &TagView,
        streaming: Option<&Vec<usize>>,
    ) -> io::Result<()> {
        let Some(tag) = snapshot.plan.tag(id) else { return Ok(()) };
        let time = self.time(view).to_rfc3339();
        let quality = view.quality.to_string();
        match self.format {
            Format::Jsonl => {
                let value = view.value.as_ref().map(crate::engine::Value::to_json);
                let line = Line { tag: &tag.name, time, value, quality, unit: &tag.unit };
                writeln!(out, "{}", visible_json(&serde_json::to_string(&line)?))
            }
            Format::Csv => {
                let value = view.value.as_ref().map(ToString::to_string).unwrap_or_default();
                csv_line(out, &[&tag.name, &time, &value, &quality, &tag.unit])
            }
            Format::Table => {
                let row = table_row(&tag.tag, view, &tag.unit, time);
                match streaming {
                    Some(widths) => writeln!(out, "{}", line(&row, &TABLE_RIGHT, widths)),
                    None => {
                        rows.push(row);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Of a value that is not bad its own time; of one that is, since when.
    fn time(&self, view: &TagView) -> Utc {
        match view.time {
            Some(time) if !view.quality.is_bad() => time,
            _ if view.quality == Quality::WAITING => self.clock.now().utc,
            _ => view.quality_since.utc,
        }
    }
}

const TABLE_HEAD: [&str; 5] = ["TAG", "VALUE", "UNIT", "QUALITY", "TIME"];
const TABLE_RIGHT: [bool; 5] = [false, true, false, false, false];

fn table_row(tag: &Tag, view: &TagView, unit: &str, time: String) -> Vec<String> {
    let value = view.value.as_ref().map_or_else(|| "–".to_owned(), |value| value_words(value, tag));
    // A number that is not good never stands there like one that is.
    let value = if view.quality.is_bad() && view.value.is_some() { format!("({value})") } else { value };
    vec![tag.name.clone(), value, unit.to_owned(), view.quality.to_string(), time]
}
