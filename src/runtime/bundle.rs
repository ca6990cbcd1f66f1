//! A bundle on a screen: one picture of the plant as it was at the bundle's end, with its history and journal behind.
//!
//! Invariant: nothing runs behind it. No device is asked, no alarm is judged anew, no horn sounds, no data folder is taken;
//! there is nobody who would take a command.

use super::Loaded;
use crate::engine::{Actor, Engine, EngineOptions, Generation, Input, LinkState, Mode, Plan, Quality, Snapshot};
use crate::historian::bundle::{Manifest, Opened};
use crate::historian::history::ask::HistoryLink;
use crate::historian::history::query::HistoryReader;
use crate::historian::history::{Sample, SeriesId};
use crate::historian::journal::Memories;
use crate::historian::{FileError, JournalLink, JournalReader};
use crate::link::{About, BundleShown, PlantLink};
use crate::time::{Clock, Now, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Bad samples in a row behind which a value is looked for.
const MOST_BAD: usize = 16;

/// Files left out that are told by name.
const MOST_TOLD: usize = 5;

/// A bundle that is shown. Its parts go when this is dropped.
#[derive(Debug)]
pub struct Bundle {
    link: PlantLink,
    /// Nothing is sent any more; who listens would take its end for that of the plant.
    _snapshots: watch::Sender<Arc<Snapshot>>,
    _opened: Arc<Opened>,
}

impl Bundle {
    /// Makes the picture. For a thread that may wait for a disk.
    ///
    /// # Errors
    /// What of its history or journal cannot be read.
    pub fn show(loaded: Loaded, actor: Actor, clock: &Clock) -> Result<Self, String> {
        let loaded = loaded.with_members();
        let Loaded { project, issues, bundle, .. } = loaded;
        let Some(opened) = bundle else { return Err("it is no bundle".to_owned()) };
        let folder = opened.data_folder.as_path();
        let (plan, compiled) = Plan::compile(Arc::clone(&project), Generation(1), Mode::Bundle);
        let plan = Arc::new(plan);
        let now = Now { mono: clock.now().mono, utc: opened.to };
        let journal = JournalReader::open(folder).map_err(|e| e.to_string())?;
        let memories = journal.as_ref().map(JournalReader::memories).transpose().map_err(|e| e.to_string())?;
        let mut snapshot = picture(&plan, memories.unwrap_or_default(), now);
        let history = HistoryReader::open(folder, None).map_err(|e| e.to_string())?;
        snapshot.journal.entries = opened.manifest.entries;
        put_values(&mut snapshot, history.as_ref())?;
        let (snapshots, newest) = watch::channel(Arc::new(snapshot));
        // Whoever would take commands is gone from the start.
        let (commands, _nobody) = mpsc::channel(1);
        let about = About {
            path: project.path.clone(),
            issues: issues.into_iter().chain(compiled).collect(),
            data_folder: folder.to_owned(),
            notices: notices(&opened.manifest, journal.is_some()),
            actor,
            bundle: Some(Arc::new(BundleShown { file: opened.path.clone(), from: opened.from, to: opened.to })),
            ..About::default()
        };
        let started = |error: std::io::Error| format!("could not start a thread: {error}");
        let link = PlantLink {
            snapshots: newest,
            commands,
            history: Some(HistoryLink::start_finished(folder).map_err(started)?),
            journal: Some(JournalLink::start(folder).map_err(started)?),
            about: Arc::new(about),
            refused: None,
        };
        Ok(Self { link, _snapshots: snapshots, _opened: opened })
    }

    /// The screen's end.
    pub fn link(&self) -> PlantLink {
        self.link.clone()
    }
}

/// The alarms as the journal leaves them, and every tag without a value.
fn picture(plan: &Arc<Plan>, memories: Memories, now: Now) -> Snapshot {
    let mut engine = Engine::new(EngineOptions { tail_points: 0, record: false, restarted: true }, memories);
    // What it would journal of a start is nobody's.
    engine.apply(now, Input::Deploy(Arc::clone(plan)), &mut Vec::new());
    let mut snapshot = engine.snapshot(now);
    for view in Arc::make_mut(&mut snapshot.alarms) {
        (view.held_since, view.recording, view.silenced) = (None, false, true);
    }
    snapshot.horn = None;
    for device in Arc::make_mut(&mut snapshot.devices) {
        let status = Arc::make_mut(&mut device.status);
        status.state = LinkState::Unserved("this is a bundle, and no device is asked".into());
    }
    snapshot
}

/// What was recorded last of every tag, never as a live value.
fn put_values(snapshot: &mut Snapshot, history: Option<&HistoryReader>) -> Result<(), String> {
    let tags = history.map(HistoryReader::tags).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    // As a trend finds them: a present name wins over one that was given up.
    let earlier = tags.iter().flat_map(|tag| tag.earlier.iter().map(|name| (name.to_lowercase(), tag.series)));
    let present = tags.iter().map(|tag| (tag.name.to_lowercase(), tag.series));
    let series: HashMap<String, SeriesId> = earlier.chain(present).collect();
    let now = snapshot.now;
    let mut names = snapshot.plan.tags.iter().map(|tag| &tag.name);
    for page in &mut snapshot.pages {
        for view in Arc::make_mut(page) {
            let found = names.next().and_then(|name| series.get(&name.to_lowercase()));
            let end = Utc(now.utc.0.saturating_add(1));
            let last = match found.zip(history) {
                Some((series, history)) => last(history, *series, end).map_err(|e| e.to_string())?,
                None => None,
            };
            let Some((Sample { time, quality, detail, .. }, valued)) = last else {
                view.quality = Quality::NOT_RECORDED;
                view.detail = Some("nothing of it is in this bundle".into());
                continue;
            };
            let at = |time: Utc| Now { mono: now.mono + (time - now.utc), utc: time };
            view.received = valued.as_ref().map(|sample| at(sample.time));
            view.time = valued.as_ref().map(|sample| sample.time);
            view.value = valued.and_then(|sample| sample.value);
            view.quality = if quality.is_good() { Quality::RECORDED } else { quality };
            view.detail = detail;
            view.quality_since = at(time);
        }
    }
    Ok(())
}

/// The last sample before an instant, and the last that has a value, as far as it is near.
fn last(history: &HistoryReader, series: SeriesId, end: Utc) -> Result<Option<(Sample, Option<Sample>)>, FileError> {
    let Some(last) = history.before(series, end)? else { return Ok(None) };
    let mut valued = Some(last.clone());
    for _ in 0..MOST_BAD {
        match valued {
            Some(sample) if sample.value.is_none() => valued = history.before(series, sample.time)?,
            found => return Ok(Some((last, found))),
        }
    }
    Ok(Some((last, valued.filter(|sample| sample.value.is_some()))))
}

/// What a person should know before they believe what they see.
fn notices(manifest: &Manifest, has_journal: bool) -> Vec<String> {
    let mut notices = Vec::new();
    if !has_journal {
        notices.push("This bundle has no journal: which alarms stood at its end is not known".to_owned());
    }
    let left_out = &manifest.left_out;
    if !left_out.is_empty() {
        let told = left_out.iter().take(MOST_TOLD).map(|left| format!("{} ({})", left.file, left.why));
        let told = told.collect::<Vec<_>>().join(", ");
        let more = left_out.len().saturating_sub(MOST_TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notices.push(format!("Not in this bundle: {told}{more}"));
    }
    notices
}
