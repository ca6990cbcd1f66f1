//! The file dialog, on a thread of its own: while a person looks for a file, the frame goes on.

use super::chooser::{Chooser, Chosen, no_dialog};
use super::fonts;
use super::importing::kind_of;
use super::theme::{STEP, Theme};
use eframe::egui::{Align2, Context, Id, LayerId, Order, Stroke, StrokeKind, Ui};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// What a person is to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A project.
    Project,
    /// A scenario, to be played.
    Scenario,
}

/// A dialog that may be open.
#[derive(Debug, Default)]
pub struct FileDialog {
    /// One answer from the dialog's thread. The thread never waits: the queue holds its one answer.
    answer: Option<Receiver<Chosen>>,
    /// What to do where there is no dialog.
    instead: &'static str,
}

/// Endings of the files of other programs.
const IMPORTED: [&str; 6] = ["yaml", "yml", "json", "conf", "toml", "csv"];

impl FileDialog {
    /// Asks for a project to open, unless a dialog is open already.
    ///
    /// # Errors
    /// Where no thread can be started, in words for the screen.
    pub fn open(&mut self, ctx: &Context, folder: Option<&Path>, wanted: Wanted) -> Result<(), String> {
        let (chooser, instead) = match wanted {
            Wanted::Project => (
                Chooser::new("Open project").kind("Project or bundle (*.toml, *.bundle.zip)", &["toml", "zip"]),
                "drop the file on this window, or start watchkeeper with it: watchkeeper FILE",
            ),
            Wanted::Scenario => (
                Chooser::new("Play a scenario").kind("Scenario (*.csv)", &["csv"]),
                "drop a file *.rehearsal.csv on this window, or start watchkeeper with it: watchkeeper rehearse PROJECT SCENARIO --window",
            ),
        };
        self.show(ctx, chooser.kind("All files", &["*"]).begin_in(folder), instead, Chooser::file)
    }

    /// Asks for a file of another program, likewise.
    ///
    /// # Errors
    /// Likewise.
    pub fn import(&mut self, ctx: &Context, folder: Option<&Path>) -> Result<(), String> {
        let chooser = Chooser::new("Import")
            .kind("Home Assistant, Telegraf, SunSpec, tables", &IMPORTED)
            .kind("All files", &["*"]);
        let instead = "type its path above, or drop the file on this window; on the command line, watchkeeper import and watchkeeper csv import do the same";
        self.show(ctx, chooser.begin_in(folder), instead, Chooser::file)
    }

    /// Asks where a new project is to be written, likewise.
    ///
    /// # Errors
    /// Likewise.
    pub fn save_as(&mut self, ctx: &Context, title: &str, folder: Option<&Path>, name: &str) -> Result<(), String> {
        let chooser = Chooser::new(title).name(name).kind("Project (*.toml)", &["toml"]);
        self.show(ctx, chooser.begin_in(folder), "type its path above", Chooser::place)
    }

    fn show(
        &mut self,
        ctx: &Context,
        chooser: Chooser,
        instead: &'static str,
        ask: fn(Chooser) -> Chosen,
    ) -> Result<(), String> {
        if self.answer.is_some() {
            return Ok(());
        }
        let (sender, receiver) = sync_channel(1);
        let ctx = ctx.clone();
        std::thread::Builder::new()
            .name("file-dialog".to_owned())
            .spawn(move || {
                let chosen = ask(chooser);
                // A window that closed meanwhile needs no answer.
                if sender.send(chosen).is_ok() {
                    ctx.request_repaint();
                }
            })
            .map_err(|e| format!("the file dialog could not be opened: {e}; {instead}"))?;
        self.answer = Some(receiver);
        self.instead = instead;
        Ok(())
    }

    /// The file that was chosen since the last call, if any.
    ///
    /// # Errors
    /// Where no dialog came up, in words for the screen.
    pub fn take(&mut self) -> Option<Result<PathBuf, String>> {
        let answer = match self.answer.as_ref()?.try_recv() {
            Ok(chosen) => chosen,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Chosen::NoDialog,
        };
        self.answer = None;
        match answer {
            Chosen::File(path) => Some(Ok(path)),
            Chosen::Closed => None,
            Chosen::NoDialog => Some(Err(no_dialog(self.instead))),
        }
    }

    /// Whether a dialog is open.
    pub const fn is_open(&self) -> bool {
        self.answer.is_some()
    }
}

/// A file that was dropped or chosen, by what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// A project, or a bundle of one.
    Project(PathBuf),
    /// A scenario, to be played.
    Scenario(PathBuf),
    /// A file of another program.
    Import(PathBuf),
}

/// What was dropped on the window in this frame; `None`: nothing.
///
/// # Errors
/// Where it is nothing that is known, or more than one, in words for the screen: nothing is opened on a guess.
pub fn dropped(ctx: &Context) -> Option<Result<Dropped, String>> {
    let paths: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
    (!paths.is_empty()).then(|| meant_by(&paths))
}

/// What a file that was chosen in the dialog for projects and scenarios is.
pub fn chosen(path: PathBuf) -> Dropped {
    if ends(&path, ".csv") { Dropped::Scenario(path) } else { Dropped::Project(path) }
}

fn ends(path: &Path, end: &str) -> bool {
    path.to_string_lossy().to_lowercase().ends_with(end)
}

fn meant_by(paths: &[PathBuf]) -> Result<Dropped, String> {
    let is_project = |path: &&PathBuf| ends(path, ".toml") || ends(path, ".zip");
    if let [scenario] = paths
        && ends(scenario, ".rehearsal.csv")
    {
        return Ok(Dropped::Scenario(scenario.clone()));
    }
    let projects: Vec<&PathBuf> = paths.iter().filter(is_project).collect();
    match (projects.as_slice(), paths) {
        ([project], _) => Ok(Dropped::Project((*project).clone())),
        ([], [other]) if kind_of(other).is_some() => Ok(Dropped::Import(other.clone())),
        ([], [other]) => {
            let name = other.file_name().unwrap_or(other.as_os_str()).to_string_lossy();
            let name = crate::text::visible(&name);
            Err(format!(
                "{name} was not opened: a project is a file *.toml, a bundle one *.zip, and *.yaml, *.conf, *.json and *.csv are imported"
            ))
        }
        ([], _) => Err(format!(
            "None of these {} files was opened: a project is a file *.toml, a bundle one *.zip",
            paths.len()
        )),
        (many, _) => Err(format!("{} projects were dropped, and one can be opened; drop that one alone", many.len())),
    }
}

/// Whether a file hovers over the window, so that it can say what a drop would do.
pub fn hovering(ctx: &Context) -> bool {
    ctx.input(|i| !i.raw.hovered_files.is_empty())
}

/// Says over the window what a drop would do.
pub fn drop_ui(ui: &Ui, theme: &Theme) {
    let rect = ui.max_rect().shrink(4.0 * STEP);
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    painter.rect(rect, 5.0, theme.veil, Stroke::new(2.0, theme.select), StrokeKind::Inside);
    let font = fonts::strong(fonts::size::VALUE);
    let words = "Drop to open this project or bundle, to play this scenario, or to import it";
    painter.text(rect.center(), Align2::CENTER_CENTER, words, font, theme.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(names: &[&str]) -> Result<Dropped, String> {
        meant_by(&names.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn one_project_among_what_was_dropped_is_opened_and_nothing_on_a_guess() {
        assert_eq!(among(&["/a/plant.toml"]), Ok(Dropped::Project("/a/plant.toml".into())));
        assert_eq!(among(&["/a/x.png", "/a/PLANT.TOML", "/a/notes.txt"]), Ok(Dropped::Project("/a/PLANT.TOML".into())));
        assert_eq!(among(&["/a/configuration.yaml"]), Ok(Dropped::Import("/a/configuration.yaml".into())));
        assert_eq!(
            among(&["/a/x\u{202e}.png"]),
            Err("x\\u{202E}.png was not opened: a project is a file *.toml, a bundle one *.zip, and *.yaml, *.conf, *.json and *.csv are imported".to_owned())
        );
        assert_eq!(among(&["/a/night.bundle.zip", "/a/b.png"]), Ok(Dropped::Project("/a/night.bundle.zip".into())));
        assert!(among(&["/a/x.png", "/a/y"]).unwrap_err().starts_with("None of these 2 files"));
        assert_eq!(among(&["/a/plant.rehearsal.csv"]), Ok(Dropped::Scenario("/a/plant.rehearsal.csv".into())));
        assert_eq!(among(&["/a/table.csv"]), Ok(Dropped::Import("/a/table.csv".into())));
        assert!(among(&["/a/x.toml", "/a/y.toml"]).unwrap_err().starts_with("2 projects were dropped"));
    }
}
