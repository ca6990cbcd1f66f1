//! The window's end of the program: stops one plant and starts another, on a thread of its own.
//!
//! Invariant: a plant is stopped only for a project of which something can run. A request that fails says so, and the
//! plant that runs goes on and stays on the screen.
//! Invariant: a plant that another process held is taken over within seconds after that process has ended, or the window
//! says that nobody watches it.

use super::bundle::Bundle;
use super::horn::Horn;
use super::load::{fingerprint, read};
use super::save::add_display;
use super::{
    Loaded, StartError, Station, StationConfig, WhenHeld, beginning, deploying, editing, load, load_watched, plays,
    scans,
};
use crate::drivers::demo::{self, Demo, DemoOptions};
use crate::engine::{Actor, Mode};
use crate::historian::bundle::{Unpacking, is_bundle, scratch};
use crate::historian::lock;
use crate::link::{
    AddDisplay, DeployAsk, Desk, DeskLink, DeskRequest, Forget, HornLink, OpeningBundle, OpeningReader, PlantLink,
    Refused,
};
use crate::project::{Issue, Severity};
use crate::time::Clock;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use std::{io, thread};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

/// Requests of the window that may wait; it refuses further ones at the button.
const REQUEST_QUEUE: usize = 4;

/// Points of recent past that screens get: 24 bytes each.
pub const TAIL_POINTS: usize = 4_000_000;

/// How long stopping the plant may take in all.
const PATIENCE: Duration = Duration::from_secs(21);

/// Between two looks whether a plant that another process holds is free.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two looks at the project's file.
const LOOK_AT_FILE: Duration = Duration::from_secs(2);

/// Looks in a row that find it free before it is taken over: a process that is stopped and started again keeps its plant.
const LOOKS: u32 = 5;

/// The thread that serves a [`DeskLink`].
#[derive(Debug)]
pub struct Supervisor {
    stop: Arc<Notify>,
    /// A bundle that is being opened ends with it.
    opening: OpeningReader,
    ended: Receiver<()>,
}

/// What the thread owns.
struct Office {
    runtime: Handle,
    actor: Actor,
    clock: Clock,
    desk: watch::Sender<Desk>,
    opening: watch::Sender<Option<Arc<OpeningBundle>>>,
    running: Option<(DeskRequest, Station)>,
    /// How the project's file was when it was last read.
    file: Option<Stamp>,
    /// Shown where nothing runs.
    bundle: Option<Bundle>,
    horn: Option<Horn>,
    demo: Option<Demo>,
}

/// By what a file that was written is told from the one before, without reading it.
#[derive(Debug, Clone)]
struct Stamp(Metadata);

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(Self)
    }
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.modified().ok() == other.0.modified().ok()
    }
}

/// What the thread does next.
enum Next {
    Open(DeskRequest),
    /// The project's file is another one by now, or gone.
    File(Option<Stamp>),
    TakeOver,
    Wait,
    End,
}

/// Opens the demo plant's ports. For threads outside of the runtime.
pub fn serve_demo(runtime: &Handle, clock: Clock) -> io::Result<Demo> {
    runtime.block_on(demo::serve(DemoOptions::default(), clock))
}

/// Where the demo plant's journal lies: in the user's data folder, never beside a project.
pub fn demo_folder() -> PathBuf {
    directories::ProjectDirs::from("", "", "Watchkeeper")
        .map_or_else(|| std::env::temp_dir().join("watchkeeper-demo"), |dirs| dirs.data_dir().join("demo"))
}

impl Supervisor {
    /// Starts the thread and opens `first`, if anything. The horn sounds for whatever plant is open.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        first: impl Into<Option<DeskRequest>>,
        runtime: Handle,
        actor: Actor,
        clock: Clock,
        horn: Option<(Horn, HornLink)>,
    ) -> io::Result<(DeskLink, Self)> {
        let (horn, horn_link) = horn.unzip();
        let first = first.into();
        let (desk, shown) = watch::channel(first.as_ref().map_or(Desk::Empty, |first| Desk::Opening(name(first))));
        let (requests, mut asked) = mpsc::channel(REQUEST_QUEUE);
        let (opening, opened) = watch::channel(None);
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let (end, ended) = sync_channel(1);
        let scans = Some(scans::serve(&runtime, clock.clone()));
        let editing = Some(editing::serve(clock.clone())?);
        let plays = Some(plays::serve(&runtime, clock.clone()));
        let begin = Some(beginning::serve(runtime.clone(), clock.clone())?);
        let mut office = Office {
            runtime: runtime.clone(),
            actor,
            clock,
            desk,
            opening,
            running: None,
            file: None,
            bundle: None,
            horn,
            demo: None,
        };
        thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
            scratch::sweep_place();
            let mut next = first.map_or(Next::Wait, Next::Open);
            loop {
                match next {
                    Next::Open(DeskRequest::AddDisplay(asked)) => office.add_display(&asked),
                    Next::Open(DeskRequest::Forget(asked)) => office.forget(&asked),
                    Next::Open(DeskRequest::Deploy(asked)) => office.deploy(&asked),
                    Next::Open(request) => office.open(request, None),
                    Next::TakeOver => office.take_over(),
                    Next::File(stamp) => office.look_at_file(stamp),
                    Next::Wait => {}
                    Next::End => break,
                }
                next = runtime.block_on(async {
                    tokio::select! {
                        biased;
                        () = stopped.notified() => Next::End,
                        request = asked.recv() => request.map_or(Next::End, Next::Open),
                        () = office.left_free() => Next::TakeOver,
                        stamp = office.file_written() => Next::File(stamp),
                    }
                });
            }
            office.close();
            drop(office);
            let _unheard = end.send(());
        })?;
        let opening = opened.clone();
        let link = DeskLink { desk: shown, requests, horn: horn_link, scans, editing, plays, begin, opening };
        Ok((link, Self { stop, opening: opened, ended }))
    }

    /// Something that asks for the end, from wherever: the plant is stopped, the desk goes, and with it the window.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + use<> {
        let (stop, opening) = (self.stop.clone(), self.opening.clone());
        move || {
            end_opening(&opening);
            stop.notify_one();
        }
    }

    /// Stops the plant and waits for it, within its time.
    pub fn stop(self) {
        end_opening(&self.opening);
        self.stop.notify_one();
        if self.ended.recv_timeout(PATIENCE).is_err() {
            tracing::error!("the plant did not stop within {} s", PATIENCE.as_secs());
        }
    }
}

/// Whoever ends the program waits for no bundle.
fn end_opening(opening: &OpeningReader) {
    if let Some(opening) = &*opening.borrow() {
        opening.unpacking.stop.store(true, Ordering::Relaxed);
    }
}

fn name(request: &DeskRequest) -> String {
    match request {
        DeskRequest::Open(path) => path.display().to_string(),
        DeskRequest::OpenDemo => "the demo plant".to_owned(),
        DeskRequest::AddDisplay(asked) => format!("the display {}", asked.display.name),
        DeskRequest::Forget(asked) => format!("the topic of {}", asked.tag),
        DeskRequest::Deploy(_) => "another version of the project".to_owned(),
    }
}

/// Why nothing in a project can run, as far as a person reads on.
fn first_faults(loaded: &Loaded) -> String {
    const MOST: usize = 3;
    let errors: Vec<&Issue> = loaded.issues.iter().filter(|i| i.severity == Severity::Error).collect();
    let told: Vec<String> = errors.iter().take(MOST).map(ToString::to_string).collect();
    let more = errors.len().saturating_sub(MOST);
    let more = if more > 0 { format!("\nand {more} more; watchkeeper check tells them all") } else { String::new() };
    format!("nothing in it can run:\n{}{more}", told.join("\n"))
}

impl Office {
    /// Ends when the process that holds the plant in this window has ended. Never, where this one holds it.
    async fn left_free(&self) {
        let Some((_, station)) = self.running.as_ref().filter(|(_, station)| station.about().held_by.is_some()) else {
            return std::future::pending().await;
        };
        let mut looks = 0;
        while looks < LOOKS {
            tokio::time::sleep(LOOK_EVERY).await;
            looks = if lock::is_free(&station.about().data_folder) { looks + 1 } else { 0 };
        }
    }

    /// Ends when somebody has written the file of the project that runs here, or taken it away. Never, where none does.
    async fn file_written(&self) -> Option<Stamp> {
        let path = self.running.as_ref().and_then(|(_, station)| {
            let about = station.about();
            about.path.clone().filter(|_| about.held_by.is_none() && about.in_force.is_some())
        });
        let Some(path) = path else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK_AT_FILE).await;
            let stamp = Stamp::of(&path);
            if stamp != self.file {
                return stamp;
            }
        }
    }

    /// Tells the window which version stands in the file now, where that is another than it knows.
    fn look_at_file(&mut self, stamp: Option<Stamp>) {
        self.file = stamp;
        let Some((_, station)) = &mut self.running else { return };
        let Some(path) = station.about().path.clone() else { return };
        let now = read(&path).ok().map(|text| fingerprint(&text));
        if station.about().file_now != now {
            let differed = station.about().differs_from_the_file();
            station.set_file_now(now);
            if station.about().differs_from_the_file() && !differed {
                tracing::info!("the project's file says what does not run yet");
            }
            self.desk.send_replace(Desk::Plant(station.link()));
        }
    }

    /// Opens the plant again, whose holder has ended: as its owner, unless somebody else was faster.
    fn take_over(&mut self) {
        let Some((request, station)) = &self.running else { return };
        let Some(who) = station.about().held_by.clone() else { return };
        self.open(request.clone(), Some(who));
    }

    /// `after`: who held this very plant, and has ended.
    fn open(&mut self, request: DeskRequest, after: Option<String>) {
        let what = name(&request);
        let loaded = match &request {
            DeskRequest::Open(path) if is_bundle(path) => return self.open_bundle(path, what),
            DeskRequest::Open(path) => load(path).map(|loaded| (loaded, Mode::Live, None)).map_err(|e| e.to_string()),
            DeskRequest::OpenDemo => self.demo(),
            DeskRequest::AddDisplay(asked) => return self.add_display(asked),
            DeskRequest::Forget(asked) => return self.forget(asked),
            DeskRequest::Deploy(asked) => return self.deploy(asked),
        };
        let (loaded, mode, folder) = match loaded {
            Ok(loaded) => loaded,
            Err(why) => return self.fail(what, why, after),
        };
        // A picture that was dropped by mistake, a torn file: no reason to stop watching a plant.
        if loaded.is_empty() && (self.running.is_some() || self.bundle.is_some()) {
            return self.fail(what, first_faults(&loaded), after);
        }
        self.desk.send_replace(Desk::Opening(what.clone()));
        self.close();
        match self.station(loaded, mode, folder) {
            Ok(mut station) => {
                if let Some(who) = after.filter(|_| station.about().held_by.is_none()) {
                    let notice =
                        format!("The plant was watched by {who}, which has ended; this window has taken it over");
                    tracing::warn!("{notice}");
                    station.add_notice(notice);
                }
                let link = station.link();
                if let Some(horn) = &self.horn {
                    horn.attach(station.horn_feed());
                }
                self.file = station.about().path.as_deref().and_then(Stamp::of);
                self.running = Some((request, station));
                self.desk.send_replace(Desk::Plant(link));
            }
            Err(error) => self.fail(what, error.to_string(), None),
        }
    }

    /// What runs goes on until the bundle is there to be shown.
    fn open_bundle(&mut self, path: &Path, what: String) {
        let opening = Arc::new(OpeningBundle { what: what.clone(), unpacking: Unpacking::default() });
        self.opening.send_replace(Some(Arc::clone(&opening)));
        let opened = load_watched(path, &opening.unpacking).map_err(|error| error.to_string());
        let shown = opened.and_then(|loaded| Bundle::show(loaded, self.actor.clone(), &self.clock));
        self.opening.send_replace(None);
        match shown {
            // A person wants it no longer; what was there before stays.
            _ if opening.unpacking.stop.load(Ordering::Relaxed) => {
                if self.running.is_none() && self.bundle.is_none() {
                    self.desk.send_replace(Desk::Empty);
                }
            }
            Ok(shown) => {
                self.desk.send_replace(Desk::Opening(what));
                self.close();
                self.desk.send_replace(Desk::Plant(shown.link()));
                self.bundle = Some(shown);
            }
            Err(why) => self.fail(what, why, None),
        }
    }

    fn station(&self, loaded: Loaded, mode: Mode, data_folder: Option<PathBuf>) -> Result<Station, StartError> {
        let config = StationConfig {
            loaded,
            mode,
            data_folder,
            record: true,
            when_held: WhenHeld::Show,
            tail_points: TAIL_POINTS,
            client_id_suffix: None,
            actor: self.actor.clone(),
            clock: self.clock.clone(),
        };
        Station::start(config, &self.runtime)
    }

    /// Serves the demo plant's devices, once for the life of the program, and reads the project that asks them.
    fn demo(&mut self) -> Result<(Loaded, Mode, Option<PathBuf>), String> {
        let demo = match &mut self.demo {
            Some(demo) => demo,
            none => none.insert(serve_demo(&self.runtime, self.clock.clone()).map_err(|e| e.to_string())?),
        };
        Ok((Loaded::from_bytes(&demo::project(demo), None), Mode::Demo, Some(demo_folder())))
    }

    /// Another version of the project that runs. What came into force is shown with its own faults.
    fn deploy(&mut self, asked: &DeployAsk) {
        let answer = match &mut self.running {
            Some((_, station)) => deploying::answer(asked, station),
            None => Err("no project is open".to_owned()),
        };
        if let (true, Ok(_), Some((_, station))) = (asked.apply, &answer, &self.running) {
            self.desk.send_replace(Desk::Plant(station.link()));
        }
        // Asked and answered once; a second answer to the same question would say the same.
        let _first = asked.answer.set(answer);
    }

    fn add_display(&mut self, asked: &AddDisplay) {
        let answer = self.display_added(asked);
        if let Err(why) = &answer {
            tracing::warn!("the display {} was not saved: {why}", asked.display.name);
        }
        // Asked and answered once; a second answer to the same question would say the same.
        let _first = asked.answer.set(answer);
    }

    fn forget(&self, asked: &Forget) {
        let answer = match &self.running {
            Some((_, station)) => station.forget(&asked.tag, asked.by.clone()),
            None => Err("no project is open".to_owned()),
        };
        if let Err(why) = &answer {
            tracing::warn!("the topic of {} was not forgotten: {why}", asked.tag);
        }
        // As above.
        let _first = asked.answer.set(answer);
    }

    /// Writes it into the project's file, and puts it into force.
    fn display_added(&mut self, asked: &AddDisplay) -> Result<String, String> {
        let Some((_, station)) = &mut self.running else { return Err("no project is open".to_owned()) };
        let Some(path) = station.about().path.clone() else {
            return Err("the demo plant has no file; save a display in a project of your own".to_owned());
        };
        if let Some(who) = &station.about().held_by {
            return Err(format!("this plant is watched by {who}; save the display there"));
        }
        let name = &asked.display.name;
        let loaded = add_display(&path, station.fingerprint(), &asked.display)?;
        let shown = crate::text::visible(&path.display().to_string()).into_owned();
        tracing::info!("the display {name} was saved in {shown}");
        // It is written: from here on there is nothing to refuse, only when it is seen.
        Ok(match station.redraw(&loaded, asked.by.clone(), &format!("display \"{name}\" added")) {
            Ok(()) => format!("Saved as a display in {shown}"),
            Err(why) => format!("Saved as a display in {shown}; it appears at the next start: {why}"),
        })
    }

    fn fail(&mut self, what: String, why: String, after: Option<String>) {
        if let (Some(who), Some((_, station))) = (after, &mut self.running) {
            let told = format!("{who} has ended, and this window could not take the plant over: {why}");
            // It is tried again and again, and told when there is something new to tell.
            if station.about().unwatched.as_ref() != Some(&told) {
                tracing::error!("{told}");
                station.set_unwatched(told);
                self.desk.send_replace(Desk::Plant(station.link()));
            }
            return;
        }
        tracing::error!("could not open {what}: {why}");
        let shown = self.running.as_ref().map(|(_, station)| station.link());
        self.desk.send_replace(match shown.or_else(|| self.bundle.as_ref().map(Bundle::link)) {
            Some(link) => Desk::Plant(PlantLink { refused: Some(Arc::new(Refused { what, why })), ..link }),
            None => Desk::Failed { what, why },
        });
    }

    fn close(&mut self) {
        if let Some((_, station)) = self.running.take() {
            if let Some(horn) = &self.horn {
                horn.attach(None);
            }
            station.stop();
        }
        self.bundle = None;
    }
}
