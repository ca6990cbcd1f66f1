//! One running plant: started in order, stopped in order.
//!
//! Start: the data folder's lock before anything in it is opened, then the journal, then the history, then the engine with
//! what the alarms remember, then the main loop, then the field. Stop: the field, then the main loop, then the history, then
//! the journal with its `stopped` and its checkpoint, then the lock. A plant whose journal cannot be opened does not start;
//! one whose history cannot does, says so, and tries again until it can. Each step of a stop has its time; one that takes
//! longer is told and passed over.

use super::Loaded;
use super::force::{Force, Terms, unasked};
use super::ground::{Ground, LONGEST_CHANGES, changes_since_the_last, opening_entries, prepare, released_at_start};
use super::growing::{Growing, lock};
use super::horn::Feed;
use super::impact::{Impact, refusal};
use super::main_loop::{MainLoop, Recorder};
use super::peek::Peek;
use super::samples::{self, Opening, Samples};
use crate::drivers::monitor::Monitor;
use crate::drivers::mqtt::families::Finds;
use crate::drivers::{Field, INPUT_QUEUE};
use crate::engine::{
    Actor, Annunciation, Command, DeviceStatus, Effect, Engine, EngineOptions, Entry, Event, Generation, HistoryState,
    Input, Mode, Plan, Snapshot,
};
use crate::historian::history::ask::HistoryLink;
use crate::historian::history::{HistoryRecorder, Recent};
use crate::historian::journal::Memories;
use crate::historian::journal::index::Indexer;
use crate::historian::journal::keep::DEFAULT_KEEP;
use crate::historian::line::log_handed_over;
use crate::historian::tenure::Kept;
use crate::historian::{JournalError, JournalLink, LockError, Tenure, Writer, deployed, members};
use crate::link::{About, COMMAND_QUEUE, PlantLink};
use crate::project::family::expand;
use crate::project::{Issue, Member, Project, diff};
use crate::time::Clock;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// How long the main loop, the history and the journal may each take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the connections that have something to say at the end may take; each takes less by its own measure.
const FAREWELL: Duration = Duration::from_secs(3);

/// Between two tries to open a history that could not be.
const OPEN_AGAIN: Duration = Duration::from_secs(10);

/// Answers of the journal and the historian that may wait for the engine.
const ANSWER_QUEUE: usize = 64;

/// What to do where another process holds the plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenHeld {
    /// Show what its journal says, acquire nothing, and say who holds it.
    Show,
    /// Do not start.
    Refuse,
}

/// What a station is started with.
#[derive(Debug, Clone)]
pub struct StationConfig {
    /// The project.
    pub loaded: Loaded,
    /// Plant or demo.
    pub mode: Mode,
    /// Where journal and history lie; `None`: where the project says.
    pub data_folder: Option<PathBuf>,
    /// `false`: no lock, no journal, nothing on disk.
    pub record: bool,
    /// Where another process holds the plant.
    pub when_held: WhenHeld,
    /// Points of recent past kept for screens.
    pub tail_points: usize,
    /// Added to every MQTT client id, so that this station can stand beside another.
    pub client_id_suffix: Option<String>,
    /// Who runs it.
    pub actor: Actor,
    /// The clock.
    pub clock: Clock,
}

/// What of a station's wires is not as usual.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    /// Where what is said on them is kept.
    pub monitor: Monitor,
    /// Ask those devices alone that this tag's value comes from.
    pub only_for: Option<String>,
}

/// Why a station could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process holds the plant, or the folder cannot be used.
    #[error(transparent)]
    Folder(#[from] LockError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The operating system gave no thread.
    #[error("could not start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running plant. Dropped without [`Station::stop`] it ends as after a kill: nothing is lost that was told as recorded.
#[derive(Debug)]
pub struct Station {
    about: Arc<About>,
    /// A sender, so that with no screen nobody receives and no snapshot is made.
    snapshots: watch::Sender<Arc<Snapshot>>,
    looked: Arc<Notify>,
    commands: mpsc::Sender<Command>,
    /// A sender, so that with no horn nothing is counted up for one.
    annunciation: watch::Sender<Annunciation>,
    /// What horn, journal and historian tell, and another drawing of the same plant, goes this way to the engine; full or
    /// gone is told where it was asked.
    answers: mpsc::Sender<Input>,
    /// Ends before the drivers do.
    growing: Option<Growing>,
    /// The plan in force and the drivers that run for it. Locked for as long as a plan takes to come into force.
    force: Arc<Mutex<Force>>,
    stop: oneshot::Sender<()>,
    ended: Receiver<()>,
    alive: watch::Receiver<()>,
    /// Where the past is read, with what is not yet in chunks where it is recorded here; and the readers, started for the
    /// first screen.
    past: Option<(PathBuf, Option<Arc<Recent>>)>,
    readers: OnceLock<(Option<HistoryLink>, Option<JournalLink>)>,
    /// Recorder and writer end before the lock goes: fields are dropped in their order.
    history: Option<HistoryRecorder>,
    opening: Option<Opening>,
    /// Ends before the folder goes.
    indexer: Option<Indexer>,
    recording: Option<(Writer, Tenure)>,
    actor: Actor,
    clock: Clock,
    /// Which version of the project is in force.
    fingerprint: String,
}

impl Station {
    /// Starts a plant; drivers run on `runtime`.
    pub fn start(config: StationConfig, runtime: &Handle) -> Result<Self, StartError> {
        Self::start_wired(config, runtime, Wiring::default())
    }

    /// The same, with a say in its wires.
    pub fn start_wired(config: StationConfig, runtime: &Handle, wiring: Wiring) -> Result<Self, StartError> {
        let StationConfig { loaded, mode, data_folder, record, when_held, tail_points, client_id_suffix, actor, clock } =
            config;
        let Loaded { project, issues, fingerprint, text, bundle: _ } = loaded;
        let folder = data_folder.or_else(|| project.data_folder()).unwrap_or_default();
        let (members, damaged) = known_members(&project, &folder);
        let expanded = Arc::new(expand(&project, &members).0);
        let (plan, compiled) = Plan::compile(expanded.clone(), Generation(1), mode);
        let compiled = if project.families.is_empty() { compiled } else { Plan::issues(&expanded, mode) };
        let plan = Arc::new(plan);
        let (answer, answers) = mpsc::channel(ANSWER_QUEUE);

        let ground = if record {
            prepare(&folder, project.path.as_deref(), &plan, &actor, &clock, when_held)?
        } else {
            Ground::Bare
        };
        let mut notices = Vec::new();
        let mut history = None;
        let mut history_state = None;
        let (mut opening, mut late_samples) = (None, None);
        let mut restarted = false;
        let (memories, recorder, recording, held_by) = match ground {
            Ground::Bare => (Memories::default(), Recorder::Nowhere, None, None),
            Ground::Held(memories, who) => {
                let why = format!("the plant is held by {who}");
                (memories, Recorder::Refused(why.into()), None, Some(who))
            }
            Ground::Owned(folder, mut journal, told) => {
                notices = told;
                restarted = journal.last_at_open().is_some();
                journal.set_keep(project.history.journal_keep.unwrap_or(DEFAULT_KEEP));
                let changes = changes_since_the_last(&folder, &journal, &project, &text);
                let first = opening_entries(&journal, &plan, &fingerprint, changes, &actor, &clock);
                let memories = journal.memories().clone();
                notices.extend(released_at_start(&memories));
                let tenure = Tenure::new(folder);
                let kept = Kept::new(*journal, tenure.clone(), plan.clone(), clock.clone());
                let writer = Writer::start(kept, answer.clone(), clock.clone())?;
                for entry in first {
                    log_handed_over(&entry);
                    writer.queue().push(None, entry);
                }
                match samples::start_recorder(&tenure, &plan, &clock, answer.clone()) {
                    Ok(recorder) => {
                        history_state = Some(HistoryState::default());
                        if let Some((path, why)) = recorder.set_aside() {
                            let entry = samples::set_aside_entry(path, why, clock.now().utc);
                            log_handed_over(&entry);
                            writer.queue().push(None, entry);
                            notices.push(samples::set_aside_notice(path, why));
                        }
                        history = Some(recorder);
                    }
                    Err(why) => {
                        history_state = Some(samples::not_recorded(&why));
                        notices.push(format!("Nothing is recorded yet: {why}"));
                        let (clock, answer) = (clock.clone(), answer.clone());
                        let (trying, samples) =
                            Opening::start(tenure.clone(), plan.clone(), clock, answer, writer.queue(), OPEN_AGAIN)?;
                        (opening, late_samples) = (Some(trying), Some(samples));
                    }
                }
                (memories, Recorder::Journal(writer.queue()), Some((writer, tenure)), None)
            }
        };

        let options = EngineOptions { tail_points, record: history.is_some(), restarted };
        let mut engine = Engine::new(options, memories);
        let mut samples = history.as_ref().map(Samples::new);
        let mut effects = Vec::new();
        engine.apply(clock.now(), Input::Deploy(plan.clone()), &mut effects);
        if let Some(state) = history_state {
            engine.apply(clock.now(), Input::History(state), &mut effects);
        }
        for (device, state) in unasked(&plan, held_by.as_deref()) {
            let mut status = DeviceStatus::new(clock.now());
            status.state = state;
            let status = Box::new(status);
            engine.apply(clock.now(), Input::Link { generation: plan.generation, device, status }, &mut effects);
        }
        for effect in effects {
            match (effect, &recorder, &mut samples) {
                (Effect::Journal(ticket, entry), Recorder::Journal(queue), _) => {
                    log_handed_over(&entry);
                    queue.push(Some(ticket), *entry);
                }
                (Effect::Record(record), _, Some(samples)) => samples.gather(record),
                (Effect::Journal(..) | Effect::Record(_), _, _) => {}
            }
        }
        if let Some(samples) = &mut samples {
            samples.hand_over();
        }

        let (input, inputs) = mpsc::channel(INPUT_QUEUE);
        let (commands, asked) = mpsc::channel(COMMAND_QUEUE);
        let snapshots = watch::Sender::new(Arc::new(engine.snapshot(clock.now())));
        let annunciation = watch::Sender::new(engine.annunciation());
        let looked = Arc::new(Notify::new());
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = sync_channel(1);
        let (living, alive) = watch::channel(());
        let main_loop = MainLoop {
            engine,
            clock: clock.clone(),
            inputs,
            commands: asked,
            answers,
            snapshots: snapshots.clone(),
            annunciation: annunciation.clone(),
            looked: looked.clone(),
            recorder,
            samples,
            late_samples,
        };
        let handle = runtime.clone();
        thread::Builder::new().name("plant".to_owned()).spawn(move || {
            let _living = living;
            handle.block_on(main_loop.run(stopped));
            let _unheard = end.send(());
        })?;

        let Wiring { monitor, only_for } = wiring;
        let field =
            Field { inputs: input, clock: clock.clone(), generation: plan.generation, monitor: monitor.clone() };
        let finds = Finds::default();
        let terms = Terms {
            runtime: runtime.clone(),
            client_id_suffix,
            held_by: held_by.clone(),
            only_for,
            finds: finds.clone(),
        };
        let force = Arc::new(Mutex::new(Force::start(terms, plan, members, field, answer.clone())));
        let growing = if held_by.is_none() {
            let folder = recording.as_ref().map(|(_, folder)| folder.clone());
            Some(Growing::start(force.clone(), finds, folder, clock.clone())?)
        } else {
            None
        };
        notices.extend(damaged);
        let past = record.then(|| (folder.clone(), history.as_ref().map(HistoryRecorder::recent)));
        let issues = issues.into_iter().chain(compiled).collect::<Vec<Issue>>();
        let about = Arc::new(About {
            path: project.path.clone(),
            issues,
            data_folder: folder,
            notices,
            held_by,
            unwatched: None,
            bundle: None,
            actor: actor.clone(),
            monitor,
            in_force: Some(fingerprint.clone()),
            file_now: Some(fingerprint.clone()),
        });
        let readers = OnceLock::new();
        Ok(Self {
            fingerprint,
            about,
            snapshots,
            looked,
            commands,
            annunciation,
            answers: answer,
            growing,
            force,
            stop,
            ended,
            alive,
            past,
            readers,
            history,
            opening,
            indexer: recording.as_ref().and_then(|(_, folder)| start_indexer(folder)),
            recording,
            actor,
            clock,
        })
    }

    /// The screen's end.
    pub fn link(&self) -> PlantLink {
        let (snapshots, commands) = (self.snapshots.subscribe(), self.commands.clone());
        let (history, journal) = self.readers.get_or_init(|| self.start_readers()).clone();
        let link = PlantLink { snapshots, commands, history, journal, about: self.about.clone(), refused: None };
        self.looked.notify_one();
        link
    }

    /// Looks now and then.
    pub fn peek(&self) -> Peek {
        Peek { snapshots: self.snapshots.clone(), looked: self.looked.clone() }
    }

    /// The horn's end; `None`: another process holds the plant, and sounds for it.
    pub fn horn_feed(&self) -> Option<Feed> {
        let watched_here = self.about.held_by.is_none();
        watched_here.then(|| Feed { annunciation: self.annunciation.subscribe(), inputs: self.answers.clone() })
    }

    fn start_readers(&self) -> (Option<HistoryLink>, Option<JournalLink>) {
        let Some((folder, recent)) = &self.past else { return (None, None) };
        let told = |what: &str, error: &std::io::Error| tracing::error!("the {what} cannot be read: {error}");
        let history = HistoryLink::start(folder, recent.clone()).inspect_err(|error| told("history", error));
        let journal = JournalLink::start(folder).inspect_err(|error| told("journal", error));
        (history.ok(), journal.ok())
    }

    /// Which version of the project's file is in force, as its fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Shows what a project says of displays, where that is all that it says anew. Nothing that is watched stops.
    ///
    /// # Errors
    /// Why the new displays appear at the next start alone, in words for the screen.
    pub fn redraw(&mut self, loaded: &Loaded, by: Actor, what: &str) -> Result<(), String> {
        let mut entry = Entry::new(self.clock.now().utc, Event::Deployed);
        entry.by = Some(by);
        entry.subject = Some(loaded.project.name.as_str().into());
        entry.note = Some(format!("{what}, sha256 {}", loaded.fingerprint).into());
        lock(&self.force).redraw(&loaded.project, entry)?;
        self.is_in_force(&loaded.fingerprint);
        Ok(())
    }

    /// Puts another version of its project into force while it runs. What that says as before goes on without a gap: values,
    /// ages, alarms, recording, and each connection whose address and settings are left as they are, wherever its devices and
    /// tags stand in the file; what is read over it may be another from the next request on.
    /// `what`: in the journal, before what changed. Faults of the new version are in [`Station::about`], for links made from
    /// now on.
    ///
    /// Limitation: another retention of the history comes into force at the next start.
    ///
    /// Gives what it does to the plant.
    ///
    /// # Errors
    /// Why it is not in force, in words for the screen; the version before goes on.
    pub fn deploy(&mut self, loaded: &Loaded, by: Actor, what: &str) -> Result<Impact, String> {
        let in_force = lock(&self.force).plan().clone();
        let before = in_force.project.without_members();
        if let Some(who) = &self.about.held_by {
            return Err(format!("this plant is watched by {who}"));
        }
        if loaded.is_empty() {
            return Err("nothing in it can run".to_owned());
        }
        if let Some(why) = refusal(&before, &loaded.project) {
            return Err(why.to_owned());
        }
        let changes = diff::in_short(&diff::changes(&before, &loaded.project), LONGEST_CHANGES);
        let mut entry = Entry::new(self.clock.now().utc, Event::Deployed);
        entry.by = Some(by);
        entry.note = Some(format!("{what}, sha256 {}; {changes}", loaded.fingerprint).into());
        let plan = {
            let mut force = lock(&self.force);
            force.replace(&loaded.project, entry)?;
            force.plan().clone()
        };
        let compiled = Plan::issues(&plan.project, plan.mode);
        self.is_in_force(&loaded.fingerprint);
        Arc::make_mut(&mut self.about).issues = loaded.issues.iter().cloned().chain(compiled).collect();
        if let Some((_, folder)) = &self.recording
            && let Err(error) = deployed::write(folder.path(), &loaded.text)
        {
            tracing::warn!("the project's text could not be kept for the next start to compare with: {error}");
        }
        Ok(Impact::of(&in_force, &plan))
    }

    /// Forgets a topic that was found, by its name or that of a tag of it: its tags go, and what was recorded of them stays.
    /// Its next message finds it again. Tells in words what has gone.
    ///
    /// # Errors
    /// Why nothing was forgotten, in words for the screen.
    pub fn forget(&self, name: &str, by: Actor) -> Result<String, String> {
        if let Some(who) = &self.about.held_by {
            return Err(format!("this plant is watched by {who}; forget it there"));
        }
        let mut entry = Entry::new(self.clock.now().utc, Event::Deployed);
        entry.by = Some(by);
        let mut force = lock(&self.force);
        let words = force.forget(name, entry)?;
        tracing::info!("{}", crate::text::visible(&words));
        let Some((_, folder)) = &self.recording else { return Ok(words) };
        match members::write(folder.path(), force.members()) {
            Ok(()) => Ok(words),
            Err(error) => Ok(format!("{words}; that could not be kept, and it is back at the next start: {error}")),
        }
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(lock(&self.force).plan())
    }

    /// The plan that a version of its project would be, put into force now.
    pub fn plan_of(&self, loaded: &Loaded) -> Plan {
        lock(&self.force).plan_of(&loaded.project)
    }

    /// What does not change while it runs.
    pub fn about(&self) -> &Arc<About> {
        &self.about
    }

    /// This version is in force, and stands in the file.
    fn is_in_force(&mut self, fingerprint: &str) {
        fingerprint.clone_into(&mut self.fingerprint);
        let about = Arc::make_mut(&mut self.about);
        (about.in_force, about.file_now) = (Some(fingerprint.to_owned()), Some(fingerprint.to_owned()));
    }

    /// Tells which version stands in the file now. For links made from now on.
    pub fn set_file_now(&mut self, fingerprint: Option<String>) {
        Arc::make_mut(&mut self.about).file_now = fingerprint;
    }

    /// Adds what a person at a window should know. For links made from now on.
    pub fn add_notice(&mut self, notice: String) {
        Arc::make_mut(&mut self.about).notices.push(notice);
    }

    /// Says that nobody watches the plant that another process held, and why this one could not take it over. For links
    /// made from now on.
    pub fn set_unwatched(&mut self, why: String) {
        Arc::make_mut(&mut self.about).unwatched = Some(why);
    }

    /// Ends when the main loop has ended without having been asked to: a fault of the program.
    pub fn died(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut alive = self.alive.clone();
        async move { while alive.changed().await.is_ok() {} }
    }

    /// Stops in order. Returns what did not go well, in words; everything is stopped all the same.
    pub fn stop(self) -> Vec<String> {
        let Self {
            snapshots,
            commands,
            growing,
            force,
            stop,
            ended,
            history,
            opening,
            indexer,
            recording,
            actor,
            clock,
            ..
        } = self;
        let mut faults = Vec::new();
        drop(growing);
        let parting = lock(&force).stop();
        drop((snapshots, commands));
        let _already_ended = stop.send(());
        if ended.recv_timeout(PATIENCE).is_err() {
            faults.push("the main loop did not end in order".to_owned());
        }
        if !parting.wait(FAREWELL) {
            faults.push("a broker was not told in time that this program goes".to_owned());
        }
        drop(indexer);
        let history = history.or_else(|| opening.and_then(Opening::end));
        faults.extend(history.and_then(|history| history.close(PATIENCE).err()));
        if let Some((writer, folder)) = recording {
            let mut entry = Entry::new(clock.now().utc, Event::Stopped);
            entry.by = Some(actor);
            log_handed_over(&entry);
            writer.queue().push(None, entry);
            faults.extend(writer.close(PATIENCE).err());
            drop(folder);
        }
        for fault in &faults {
            tracing::error!("stopping: {fault}");
        }
        faults
    }
}

/// The topics that made tags in earlier runs, where the project has families of tags; and what could not be read of them.
fn known_members(project: &Project, folder: &Path) -> (Vec<Member>, Option<String>) {
    if project.families.is_empty() {
        return (Vec::new(), None);
    }
    let file = || folder.join(members::MEMBERS_FILE).display().to_string();
    let told = |why: String| {
        let notice =
            format!("{} {why}; tags of topics that it does not name are there when their messages come", file());
        tracing::warn!("{notice}");
        Some(notice)
    };
    match members::read(folder) {
        Ok((members, 0)) => (members, None),
        Ok((members, damaged)) => (members, told(format!("has {damaged} lines that cannot be understood"))),
        Err(error) => (Vec::new(), told(format!("cannot be read: {error}"))),
    }
}

/// Searches are slow without it, and nothing else is.
fn start_indexer(folder: &Tenure) -> Option<Indexer> {
    let told =
        |error: &std::io::Error| tracing::warn!("searches of the journal may be slow, it is not indexed: {error}");
    Indexer::start(folder.path()).inspect_err(told).ok()
}
