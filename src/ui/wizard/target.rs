//! Where a new project is written: the field, the dialog, and what came of it.

use super::Surroundings;
use super::fields::{fault, field, remark};
use crate::link::{Answer, BeginLink};
use crate::ui::files::FileDialog;
use eframe::egui::Ui;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The answer is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Debug, Default)]
pub struct Target {
    /// As typed; empty: as it is proposed.
    file: String,
    dialog: FileDialog,
    writing: Option<(PathBuf, Answer<()>)>,
    written: Option<PathBuf>,
    refused: Option<String>,
}

impl Target {
    /// Where it will be written; `proposed` is the name of a file.
    pub fn path(&self, folder: &Path, proposed: &str) -> PathBuf {
        let typed = self.file.trim();
        if typed.is_empty() {
            return folder.join(proposed);
        }
        let path = folder.join(typed);
        if path.extension().is_none() { path.with_extension("toml") } else { path }
    }

    /// Whether it is on its way.
    pub const fn waits(&self) -> bool {
        self.writing.is_some()
    }

    /// The file that was written, once.
    pub fn written(&mut self) -> Option<PathBuf> {
        self.written.take()
    }

    /// Writes a project, and what lies beside it.
    pub fn write(&mut self, begin: Option<&BeginLink>, path: PathBuf, text: String, beside: &[(&str, &str)]) {
        let mut files = vec![(path.clone(), text.into_bytes())];
        files.extend(beside.iter().map(|(name, text)| (path.with_file_name(name), text.as_bytes().to_vec())));
        let begun = begin.ok_or_else(|| "this program cannot write".to_owned());
        match begun.and_then(|begin| begin.write(files)) {
            Ok(answer) => self.writing = Some((path, answer)),
            Err(why) => self.refused = Some(why),
        }
    }

    /// The field, and the button of the dialog.
    pub fn ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, title: &str, proposed: &str, width: f32) {
        self.follow(ui);
        let path = self.path(around.folder, proposed);
        let before = self.file.clone();
        field(ui, "File", &mut self.file, &path.display().to_string(), width);
        if before != self.file {
            self.refused = None;
        }
        if ui.button("Choose a place…").clicked() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.refused = self.dialog.save_as(ui.ctx(), title, path.parent(), &name).err();
        }
        if !self.file.trim().is_empty() {
            remark(ui, around.theme, &format!("It becomes {}", path.display()));
        }
        if let Some(why) = &self.refused {
            fault(ui, "the file", why);
        }
    }

    /// What came of the dialog and of the disk.
    fn follow(&mut self, ui: &Ui) {
        match self.dialog.take() {
            Some(Ok(path)) => {
                self.file = path.display().to_string();
                self.refused = None;
            }
            Some(Err(why)) => self.refused = Some(why),
            None => {}
        }
        let Some((path, answer)) = &self.writing else { return };
        match answer.get() {
            None => ui.ctx().request_repaint_after(LOOK_EVERY),
            Some(Ok(())) => {
                self.written = Some(path.clone());
                self.writing = None;
            }
            Some(Err(why)) => {
                self.refused = Some(why.clone());
                self.writing = None;
            }
        }
    }
}
