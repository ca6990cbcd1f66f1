//! The file dialog, on a thread of its own: while a person looks for a file, the frame goes on.

use eframe::egui::Context;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// A dialog that may be open.
#[derive(Debug, Default)]
pub struct ProjectDialog {
    /// One answer from the dialog's thread: the file, or `None` where it was closed. The thread never waits: the queue
    /// holds its one answer.
    answer: Option<Receiver<Option<PathBuf>>>,
}

impl ProjectDialog {
    /// Opens the dialog in this folder, unless one is open already.
    ///
    /// # Errors
    /// Where no thread can be started, in words for the screen.
    pub fn open(&mut self, ctx: &Context, folder: Option<&Path>) -> Result<(), String> {
        if self.answer.is_some() {
            return Ok(());
        }
        let (sender, receiver) = sync_channel(1);
        let ctx = ctx.clone();
        let mut dialog = rfd::FileDialog::new()
            .set_title("Open project")
            .add_filter("Project (*.toml)", &["toml"])
            .add_filter("All files", &["*"]);
        if let Some(folder) = folder.filter(|f| f.is_dir()) {
            dialog = dialog.set_directory(folder);
        }
        std::thread::Builder::new()
            .name("file-dialog".to_owned())
            .spawn(move || {
                let chosen = dialog.pick_file();
                // A window that closed meanwhile needs no answer.
                if sender.send(chosen).is_ok() {
                    ctx.request_repaint();
                }
            })
            .map_err(|e| format!("the file dialog could not be opened: {e}; drop the file on this window instead"))?;
        self.answer = Some(receiver);
        Ok(())
    }

    /// The file that was chosen since the last call, if any.
    pub fn take(&mut self) -> Option<PathBuf> {
        match self.answer.as_ref()?.try_recv() {
            Ok(chosen) => {
                self.answer = None;
                chosen
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.answer = None;
                None
            }
        }
    }

    /// Whether a dialog is open.
    pub const fn is_open(&self) -> bool {
        self.answer.is_some()
    }
}

/// Files dropped on the window in this frame: the first is the one that counts.
pub fn dropped(ctx: &Context) -> Option<PathBuf> {
    ctx.input(|i| i.raw.dropped_files.first().map(|f| f.path().to_path_buf()))
}

/// Whether a file hovers over the window, so that it can say what a drop would do.
pub fn hovering(ctx: &Context) -> bool {
    ctx.input(|i| !i.raw.hovered_files.is_empty())
}
