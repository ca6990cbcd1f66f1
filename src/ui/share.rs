//! A bundle of the plant that is shown, for a colleague: of which time, where it goes, how far it is, what is not in it. And
//! the way back: a copy of the project that is in a bundle.
//!
//! Dialog and disk are on a thread of their own; closing the sheet ends nothing.

use super::chooser::{Chooser, Chosen, no_dialog};
use super::theme::STEP;
use super::widgets::tell;
use super::words;
use super::{Frame, fonts};
use crate::engine::shift::on_duty;
use crate::historian::bundle::{Made, Since, Wanted, Working, make};
use crate::historian::deployed;
use crate::project::file::{read, read_named};
use crate::text::visible;
use crate::time::{Span, Utc};
use eframe::egui::{Align, Button, Context, Label, Layout, RichText, Role, Ui};
use fonts::size;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

/// What stands over the sheet.
pub const TITLE: &str = "Share a bundle";

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);

/// Where there is no dialog for files: what to do instead.
const SHARE_INSTEAD: &str = "on the command line, watchkeeper bundle PROJECT -o FILE does the same";
const COPY_INSTEAD: &str =
    "a bundle is a zip file: unpack it with what your system has for those, and open the text in its folder project";

/// Files of a bundle's project that are copied.
const MOST_FILES: usize = 2_000;

/// Since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Choice {
    Hour,
    /// The shift on duty; eight hours, where the project has none.
    #[default]
    Shift,
    Day,
    Week,
}

/// What is packed, and what came of it.
#[derive(Debug, Default)]
pub struct Share {
    choice: Choice,
    job: Option<Job>,
    /// What there is to say of the last one.
    said: Vec<String>,
}

/// One that is being made, or asked for in a dialog.
#[derive(Debug)]
struct Job {
    working: Arc<Working>,
    /// What there is to say, or `None` where the dialog was closed. The thread never waits: the queue holds its one answer.
    answer: Receiver<Option<Vec<String>>>,
}

/// All that the thread needs.
#[derive(Debug)]
struct Asked {
    path: Option<PathBuf>,
    data_folder: PathBuf,
    since: Since,
    now: Utc,
}

impl Share {
    /// The sheet.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        let muted = frame.theme.muted;
        let words = "One file with the project, its pictures and what was recorded, to be looked at elsewhere. It holds no passwords and no private keys";
        ui.add(Label::new(RichText::new(words).color(muted)).wrap());
        ui.add_space(2.0 * STEP);
        if let Some(why) = impossible(frame) {
            ui.add(Label::new(fonts::bold(why)).wrap());
            return;
        }
        ui.label(RichText::new("What was recorded").font(fonts::strong(size::BODY)));
        ui.horizontal_wrapped(|ui| {
            let has_shifts = !frame.snapshot.plan.project.shifts.is_empty();
            let shift = if has_shifts { "This shift" } else { "8 hours" };
            for (choice, words) in [
                (Choice::Hour, "Last hour"),
                (Choice::Shift, shift),
                (Choice::Day, "Last day"),
                (Choice::Week, "Last week"),
            ] {
                let button = Button::selectable(self.choice == choice, words);
                if ui.add_enabled(self.job.is_none(), button).clicked() {
                    self.choice = choice;
                }
            }
        });
        ui.add_space(2.0 * STEP);
        ui.horizontal(|ui| match &self.job {
            None => {
                let button = ui.add(Button::new("Make the bundle…").min_size([150.0, 28.0].into()));
                if button.on_hover_text("Asks where it goes").clicked() {
                    self.start(ui.ctx(), frame);
                }
            }
            Some(job) => {
                let far = job.words();
                let label = ui.label(&far);
                tell(&label, Role::Status, "How far it is", || far.clone());
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if ui.button("Stop").clicked() {
                        job.working.stop.store(true, Ordering::Relaxed);
                    }
                });
                ui.ctx().request_repaint_after(LOOK);
            }
        });
        for line in &self.said {
            ui.add_space(STEP);
            ui.add(Label::new(line).wrap());
        }
    }

    /// Makes one; the dialog asks where it goes.
    fn start(&mut self, ctx: &Context, frame: &Frame<'_>) {
        let now = frame.snapshot.now.utc;
        let project = &frame.snapshot.plan.project;
        let hours = |hours: i64| Since::Last(Span::from_secs(hours * 3_600));
        let since = match self.choice {
            Choice::Hour => hours(1),
            Choice::Shift => on_duty(&project.shifts, now, frame.zone).map_or(hours(8), |duty| Since::Time(duty.began)),
            Choice::Day => hours(24),
            Choice::Week => hours(7 * 24),
        };
        let asked = Asked { path: frame.about.path.clone(), data_folder: frame.about.data_folder.clone(), since, now };
        let stem = asked.path.as_deref().and_then(Path::file_stem).map_or("demo".into(), |stem| stem.to_string_lossy());
        let day = now.to_rfc3339();
        let name = format!("{stem}-{}.bundle.zip", day.split('T').next().unwrap_or_default());
        self.work(ctx, move |working| {
            let folder = asked.path.as_deref().and_then(Path::parent);
            let chooser = Chooser::new(TITLE).name(&name).kind("Bundle (*.bundle.zip)", &["zip"]).begin_in(folder);
            let place = match chooser.place() {
                Chosen::File(place) => place,
                Chosen::Closed => return None,
                Chosen::NoDialog => return Some(vec![no_dialog(SHARE_INSTEAD)]),
            };
            let (place, is_asked) = with_ending(place);
            Some(asked.make(&place, is_asked, working))
        });
    }

    /// Copies the project of a bundle; the dialog asks into which folder, from that of the bundle on.
    pub fn copy(&mut self, ctx: &Context, text: PathBuf, bundle: Option<&Path>) {
        let beside = bundle.and_then(Path::parent).map(Path::to_owned);
        self.work(ctx, move |_working| {
            let folder = match Chooser::new("Copy the project into a folder").begin_in(beside.as_deref()).folder() {
                Chosen::File(folder) => folder,
                Chosen::Closed => return None,
                Chosen::NoDialog => return Some(vec![no_dialog(COPY_INSTEAD)]),
            };
            Some(vec![match copy_project(&text, &folder) {
                Ok(copy) => format!("Copied: open {}", visible(&copy.display().to_string())),
                Err(why) => format!("Not copied: {why}"),
            }])
        });
    }

    fn work(&mut self, ctx: &Context, work: impl FnOnce(&Working) -> Option<Vec<String>> + Send + 'static) {
        if self.job.is_some() {
            return;
        }
        let working = Arc::new(Working::default());
        let (sender, answer) = sync_channel(1);
        let (seen, waker) = (Arc::clone(&working), ctx.clone());
        let work = move || {
            // A window that closed meanwhile needs no answer.
            if sender.send(work(&seen)).is_ok() {
                waker.request_repaint();
            }
        };
        self.said.clear();
        match std::thread::Builder::new().name("bundle".to_owned()).spawn(work) {
            Ok(_thread) => self.job = Some(Job { working, answer }),
            Err(error) => self.said.push(format!("It could not be begun: {error}")),
        }
    }

    /// To be called once a frame; gives back what there is to say.
    pub fn follow(&mut self) -> Option<String> {
        let job = self.job.as_ref()?;
        let answer = match job.answer.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Some(vec!["No bundle was made: its thread ended".to_owned()]),
        };
        self.job = None;
        self.said = answer.unwrap_or_default();
        self.said.first().cloned()
    }
}

/// Why there is nothing to be made here.
fn impossible(frame: &Frame<'_>) -> Option<String> {
    let bundle = frame.about.bundle.as_ref()?;
    let file = bundle.file.display().to_string();
    Some(format!("This is a bundle already: {} is the file to give on", visible(&file)))
}

impl Job {
    fn words(&self) -> String {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        match count(&self.working.of) {
            0 => "Waiting…".to_owned(),
            of => format!(
                "{} of {of} tags, {} samples",
                words::count(count(&self.working.tags)),
                words::count(count(&self.working.samples))
            ),
        }
    }
}

impl Asked {
    /// What came of it, in words.
    fn make(self, place: &Path, replace: bool, working: &Working) -> Vec<String> {
        let Self { path, data_folder, since, now } = self;
        // The version in force; the file may have been edited since.
        let text = deployed::read(&data_folder).or_else(|| fs::read(path.as_deref()?).ok());
        let Some(text) = text else { return vec!["No bundle was made: the project's text cannot be read".to_owned()] };
        let (project, issues) = match &path {
            Some(path) => read_named(&text, path.clone()),
            None => read(&text),
        };
        let name = path.as_deref().and_then(Path::file_name).map_or("demo.toml".into(), |name| name.to_string_lossy());
        let wanted = Wanted {
            text: &text,
            project: &project,
            issues: &issues,
            name: &name,
            data_folder: &data_folder,
            since,
            to: None,
            output: place,
            replace,
            now,
        };
        match make(&wanted, working) {
            Ok(made) => told(&made, place),
            Err(error) => vec![format!("No bundle was made: {error}")],
        }
    }
}

fn told(made: &Made, place: &Path) -> Vec<String> {
    let Made { manifest, bytes, damaged } = made;
    let place = place.display().to_string();
    let mut said = vec![format!(
        "Saved as {} ({}): {} samples of {} tags, {} journal entries",
        visible(&place),
        words::bytes(*bytes),
        words::count(manifest.samples),
        words::count(manifest.tags),
        words::count(manifest.entries),
    )];
    said.extend(manifest.left_out.iter().map(|left| format!("Not in it: {} ({})", visible(&left.file), left.why)));
    if *damaged > 0 {
        said.push(format!("{damaged} parts of the history are damaged; each is told as a gap"));
    }
    said
}

/// A name without an ending gets the usual one. Whether the dialog has asked before a file of that name goes.
fn with_ending(place: PathBuf) -> (PathBuf, bool) {
    if place.extension().is_some() { (place, true) } else { (place.with_extension("bundle.zip"), false) }
}

/// Copies the project of a bundle, and what lies beside it, into a folder. Nothing that is there is replaced.
///
/// # Errors
/// Why not, or not all of it.
pub fn copy_project(text: &Path, folder: &Path) -> Result<PathBuf, String> {
    let from = text.parent().ok_or_else(|| "the bundle is gone".to_owned())?;
    let told = |path: &Path, error: &io::Error| format!("{}: {error}", visible(&path.display().to_string()));
    let mut files = Vec::new();
    let mut folders = vec![from.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(|error| told(&next, &error))?.filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if files.len() < MOST_FILES {
                files.push(path);
            }
        }
    }
    let below = |path: &Path| path.strip_prefix(from).map(|below| folder.join(below)).unwrap_or_default();
    if let Some(there) = files.iter().map(|path| below(path)).find(|path| path.exists()) {
        let there = there.display().to_string();
        return Err(format!("{} is there already; choose an empty folder", visible(&there)));
    }
    for path in &files {
        let to = below(path);
        let copied = (|| {
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut new = OpenOptions::new().write(true).create_new(true).open(&to)?;
            io::copy(&mut fs::File::open(path)?, &mut new).map(drop)
        })();
        copied.map_err(|error| told(&to, &error))?;
    }
    Ok(below(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::historian::bundle;
    use crate::historian::history::runs::Run;
    use crate::historian::history::{Columns, Sample, SeriesId, Store, TagRow, frame};

    #[test]
    fn a_copy_of_a_project_has_its_pictures_and_replaces_nothing() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("project"), place.path().join("mine"));
        fs::create_dir_all(from.join("pics")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("plant.toml"), "watchkeeper = 1").unwrap();
        fs::write(from.join("pics/a.svg"), "<svg/>").unwrap();
        let text = from.join("plant.toml");
        assert_eq!(copy_project(&text, &to), Ok(to.join("plant.toml")));
        assert_eq!(fs::read(to.join("pics/a.svg")).unwrap(), b"<svg/>");
        fs::write(to.join("pics/a.svg"), "mine").unwrap();
        fs::remove_file(to.join("plant.toml")).unwrap();
        let why = copy_project(&text, &to).unwrap_err();
        assert!(why.ends_with("a.svg is there already; choose an empty folder"), "{why}");
        assert!(!to.join("plant.toml").exists(), "all or nothing");
        assert_eq!(fs::read(to.join("pics/a.svg")).unwrap(), b"mine");
    }

    #[test]
    fn what_is_made_is_of_the_text_in_force_and_says_what_is_in_it_and_what_is_not() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("plant.data");
        fs::create_dir(&data).unwrap();
        let path = place.path().join("plant.toml");
        let text = "watchkeeper = 1\n[[display]]\nname = \"d\"\n[[display.panel]]\nkind = \"image\"\nat = [0, 0, 1, 1]\nfile = \"gone.svg\"\n";
        deployed::write(&data, text.as_bytes()).unwrap();
        fs::write(&path, "edited since").unwrap();
        let asked = |now: i64| Asked {
            path: Some(path.clone()),
            data_folder: data.clone(),
            since: Since::Last(Span::from_secs(3_600)),
            now: Utc(now),
        };
        let to = place.path().join("night.bundle.zip");
        let said = asked(0).make(&to, false, &Working::default());
        assert!(said[0].starts_with("No bundle was made: there is no history in"), "{said:?}");
        let mut store = Store::open(&data, Utc(0)).unwrap();
        let name = |name: &str| TagRow {
            series: SeriesId(1),
            since: Utc(1),
            name: name.into(),
            unit: String::new(),
            data_type: "f64".into(),
        };
        let columns: Columns = [1, 2].map(|second| Sample::good(Utc(second * 1_000_000), 7.0)).into_iter().collect();
        let frame = frame::encode([(SeriesId(1), &columns)].into_iter());
        let mut run = Run::next(None, Utc(0));
        run.alive = Utc(3_000_000);
        store.commit(&[name("a.b")], &[frame], &[&run]).unwrap();
        let said = asked(9_000_000).make(&to, false, &Working::default());
        assert!(said[0].contains("2 samples of 1 tags, 0 journal entries"), "{said:?}");
        assert_eq!(said[1..], ["Not in it: gone.svg (there is no such file)"]);
        let said = asked(9_000_000).make(&to, false, &Working::default());
        assert!(said[0].ends_with("night.bundle.zip is there already; choose another name"), "{said:?}");
        let opened = bundle::open(&to, &bundle::Unpacking::default()).unwrap();
        assert_eq!(fs::read_to_string(&opened.project).unwrap(), text);
    }

    #[test]
    fn a_name_without_an_ending_gets_that_of_a_bundle() {
        assert_eq!(with_ending("/a/night".into()), (PathBuf::from("/a/night.bundle.zip"), false));
        assert_eq!(with_ending("/a/night.zip".into()), (PathBuf::from("/a/night.zip"), true));
    }
}
