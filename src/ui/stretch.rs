//! The sheet that saves a stretch of what was recorded as a scenario: of which tags, from when to when, where it goes. What it
//! makes is played by *Play a scenario…* and by `rehearse`.
//!
//! Dialog and disk are on a thread of their own; closing the sheet ends nothing.

use super::chooser::{Chooser, Chosen, no_dialog};
use super::theme::STEP;
use super::widgets::tell;
use super::wizard::fields::{fault, field, remark};
use super::words;
use super::{Action, Frame, Outbox, fonts};
use crate::engine::{Mode, Plan};
use crate::historian::export::scenario::{Made, Stretch as Wanted, scenario};
use crate::historian::history::query::HistoryReader;
use crate::project::Project;
use crate::text::visible;
use crate::time::Utc;
use eframe::egui::{Align, Button, Context, Label, Layout, Role, Ui, vec2};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

/// What stands over the sheet.
pub const TITLE: &str = "Save as a scenario";

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);

/// The usual ending of a scenario.
const ENDING: &str = "rehearsal.csv";

/// Where there is no dialog for files: what to do instead.
const INSTEAD: &str =
    "on the command line, watchkeeper export PROJECT --from 1h --format scenario -o FILE does the same";

/// What is typed, and what came of it.
#[derive(Debug)]
pub struct Stretch {
    from: String,
    to: String,
    /// Names of tags, with spaces or commas between them; none: all.
    tags: String,
    job: Option<Job>,
    /// What there is to say of the last one.
    said: Vec<String>,
    /// The last one that was written.
    written: Option<PathBuf>,
}

impl Default for Stretch {
    fn default() -> Self {
        Self {
            from: "10m".to_owned(),
            to: "now".to_owned(),
            tags: String::new(),
            job: None,
            said: Vec::new(),
            written: None,
        }
    }
}

/// One that is being made, or asked for in a dialog.
#[derive(Debug)]
struct Job {
    asked: Arc<Asked>,
    /// What came of it, or `None` where the dialog was closed. The thread never waits: the queue holds its one answer.
    answer: Receiver<Option<Result<(PathBuf, Made), String>>>,
}

/// All that the thread needs.
#[derive(Debug)]
struct Asked {
    project: Arc<Project>,
    data_folder: PathBuf,
    /// Where the dialog begins, and the name that it offers.
    folder: Option<PathBuf>,
    name: String,
    tags: Vec<String>,
    range: Range<Utc>,
    stop: AtomicBool,
    done: AtomicU64,
}

impl Stretch {
    /// The sheet; `display`: the one that is shown.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, display: Option<usize>, outbox: &mut Outbox) {
        let words = "What was recorded, as a scenario that Play a scenario… and rehearse play: to try alarms and screens on it. What a formula computes is computed in the play";
        remark(ui, frame.theme, words);
        ui.add_space(2.0 * STEP);
        if frame.snapshot.mode == Mode::Rehearsal {
            ui.add(Label::new(fonts::bold("This is a play: its scenario is a file already")).wrap());
            return;
        }
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing = vec2(3.0 * STEP, STEP);
            let from = field(ui, "From", &mut self.from, "10m, 14:00, 2026-11-20T14:00", 200.0);
            if self.job.is_none() && ui.memory(|memory| memory.focused().is_none()) {
                from.request_focus();
            }
            field(ui, "To", &mut self.to, "now", 200.0);
        });
        ui.add_space(STEP);
        field(ui, "Tags", &mut self.tags, "all that were recorded", 420.0);
        let plan = &frame.snapshot.plan;
        if let Some(names) = display.and_then(|display| shown_on(plan, display))
            && ui.button("Those of the display that is shown").clicked()
        {
            self.tags = names;
        }
        let range = self.range(frame);
        if let Err(why) = &range {
            fault(ui, "the time", why);
        }
        ui.add_space(2.0 * STEP);
        ui.horizontal(|ui| match &self.job {
            None => {
                let button =
                    ui.add_enabled(range.is_ok(), Button::new("Save the scenario…").min_size(vec2(150.0, 28.0)));
                if let (true, Ok(range)) = (button.on_hover_text("Asks where it goes").clicked(), range) {
                    self.start(ui.ctx(), frame, range);
                }
            }
            Some(job) => {
                let done = job.asked.done.load(Ordering::Relaxed);
                let far = if done == 0 { "Waiting…".to_owned() } else { format!("{} tags read", words::count(done)) };
                let label = ui.label(&far);
                tell(&label, Role::Status, "How far it is", || far.clone());
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if ui.button("Stop").clicked() {
                        job.asked.stop.store(true, Ordering::Relaxed);
                    }
                });
                ui.ctx().request_repaint_after(LOOK);
            }
        });
        for line in &self.said {
            ui.add_space(STEP);
            ui.add(Label::new(line).wrap());
        }
        if let Some(path) = &self.written
            && ui.button("Play it").clicked()
        {
            outbox.action(Action::PlayScenario(path.clone()));
        }
    }

    /// From when up to before when.
    fn range(&self, frame: &Frame<'_>) -> Result<Range<Utc>, String> {
        let now = frame.snapshot.now.utc;
        let time = |text: &str| Utc::parse_written(text, now, frame.zone);
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        if from < to { Ok(from..to) } else { Err(format!("{} is not before {}", self.from.trim(), self.to.trim())) }
    }

    fn start(&mut self, ctx: &Context, frame: &Frame<'_>, range: Range<Utc>) {
        let file = frame.about.file();
        let stem = file.and_then(|file| file.file_stem()).map_or("demo".into(), |stem| stem.to_string_lossy());
        // Of a bundle without what says that it is one.
        let stem = stem.strip_suffix(".bundle").unwrap_or(&stem);
        let names = self.tags.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
        let asked = Arc::new(Asked {
            project: Arc::clone(&frame.snapshot.plan.project),
            data_folder: frame.about.data_folder.clone(),
            folder: file.and_then(|file| file.parent()).map(Path::to_owned),
            name: format!("{stem}.recorded.{ENDING}"),
            tags: names.map(str::to_owned).collect(),
            range,
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
        });
        let (sender, answer) = sync_channel(1);
        let (work, waker) = (Arc::clone(&asked), ctx.clone());
        let work = move || {
            // A window that closed meanwhile needs no answer.
            if sender.send(work.ask()).is_ok() {
                waker.request_repaint();
            }
        };
        self.said.clear();
        self.written = None;
        match std::thread::Builder::new().name("scenario".to_owned()).spawn(work) {
            Ok(_thread) => self.job = Some(Job { asked, answer }),
            Err(error) => self.said.push(format!("It could not be begun: {error}")),
        }
    }

    /// To be called once a frame; gives back what there is to say.
    pub fn follow(&mut self) -> Option<String> {
        let answer = match self.job.as_ref()?.answer.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Some(Err("its thread ended".to_owned())),
        };
        self.job = None;
        self.said = match answer {
            None => Vec::new(),
            Some(Err(why)) => vec![format!("No scenario was saved: {why}")],
            Some(Ok((path, made))) => {
                let said = told(&made, &path);
                self.written = Some(path);
                said
            }
        };
        self.said.first().cloned()
    }
}

impl Asked {
    fn ask(&self) -> Option<Result<(PathBuf, Made), String>> {
        let chooser = Chooser::new(TITLE).name(&self.name).kind("Scenario (*.csv)", &["csv"]);
        match chooser.begin_in(self.folder.as_deref()).place() {
            Chosen::File(place) => Some(self.save(place)),
            Chosen::Closed => None,
            Chosen::NoDialog => Some(Err(no_dialog(INSTEAD))),
        }
    }

    fn save(&self, place: PathBuf) -> Result<(PathBuf, Made), String> {
        let reader = HistoryReader::open(&self.data_folder, None).map_err(|error| error.to_string())?;
        let reader = reader.ok_or("nothing of this plant was recorded yet")?;
        let wanted = Wanted { project: &self.project, tags: &self.tags, range: self.range.clone() };
        let made = scenario(&reader, &wanted, &self.stop, &self.done).map_err(|error| error.to_string())?;
        // A name without an ending gets the usual one, and nobody was asked then whether a file of it goes.
        let is_asked = place.extension().is_some();
        let place = if is_asked { place } else { place.with_extension(ENDING) };
        let shown = visible(&place.display().to_string()).into_owned();
        let mut new = OpenOptions::new();
        new.write(true).create(is_asked).truncate(is_asked).create_new(!is_asked);
        let written = new.open(&place).and_then(|mut file| file.write_all(made.text.as_bytes()));
        written.map_err(|error| format!("{shown} cannot be written: {error}"))?;
        Ok((place, made))
    }
}

fn told(made: &Made, path: &Path) -> Vec<String> {
    let mut said = vec![format!(
        "Saved as {}: {} values of {} tags, over {}",
        visible(&path.display().to_string()),
        words::count(made.lines as u64),
        words::count(made.tags as u64),
        words::duration(made.lasts),
    )];
    if made.damaged > 0 {
        said.push(format!("{} parts of the history are damaged; each is told as a gap", made.damaged));
    }
    said
}

/// Names of the tags that a display shows; `None`: it shows none.
fn shown_on(plan: &Plan, display: usize) -> Option<String> {
    let panels = plan.displays.get(display)?.panels.iter();
    let ids = panels.flat_map(|panel| panel.tags.iter().chain(&panel.pens).chain(&panel.items)).flatten();
    let mut names: Vec<&str> = Vec::new();
    for tag in ids.filter_map(|id| plan.tag(*id)) {
        if tag.source.device().is_some() && !names.contains(&&*tag.name) {
            names.push(&tag.name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_display_gives_the_names_of_what_it_shows_each_once() {
        let plan = &sample::riverside().snapshot.plan;
        let names = (0..plan.displays.len()).find_map(|display| shown_on(plan, display)).unwrap();
        let mut seen: Vec<&str> = names.split(", ").collect();
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "{names}");
        assert!(seen.iter().all(|name| plan.tag_id(name).is_some()), "{names}");
    }

    #[test]
    fn what_is_not_recorded_is_told_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Asked {
            project: Arc::default(),
            data_folder: folder.path().to_owned(),
            folder: None,
            name: String::new(),
            tags: Vec::new(),
            range: Utc(0)..Utc(1),
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
        };
        let place = folder.path().join("x.csv");
        let why = asked.save(place.clone()).unwrap_err();
        assert_eq!(why, "nothing of this plant was recorded yet");
        assert!(!place.exists());
    }
}
