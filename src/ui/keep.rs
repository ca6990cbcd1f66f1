//! What a person takes away: a table to a file, a picture to the clipboard or to a file. Dialog and disk are on a thread of
//! their own; what came of it is a notice.

use super::chooser::{Chooser, Chosen, no_dialog};
use eframe::egui::{Color32, ColorImage, Context, IconData, Rect, pos2};
use eframe::icon_data::IconDataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// A file to be written where the person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name that is offered.
    pub name: String,
    /// What is written.
    pub bytes: Arc<[u8]>,
}

/// A picture of a part of the window, to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Left, top, right and bottom, in points.
    pub of: [i32; 4],
    /// Name that is offered; `None`: to the clipboard.
    pub name: Option<String>,
}

/// What is on its way.
#[derive(Debug, Default)]
pub struct Keeper {
    /// The answer of the dialog's thread: a notice, or `None` where the dialog was closed. The thread never waits: the queue
    /// holds its one answer.
    saving: Option<Receiver<Option<String>>>,
    /// A picture, and the frames until it is taken: the menu it was asked for in has to be gone.
    wanted: Option<(Picture, u8)>,
    taken: Option<(Receiver<Arc<ColorImage>>, Picture)>,
}

impl Keeper {
    /// Asks where to write a table or a page, unless another dialog is open.
    pub fn save(&mut self, ctx: &Context, table: Table) -> Option<String> {
        let Table { name, bytes } = table;
        let is_page = Path::new(&name).extension().is_some_and(|ending| ending == "html");
        let (kind, ending) = if is_page { ("Web page", "html") } else { ("CSV", "csv") };
        self.open(ctx, &name, kind, ending, move || Ok(bytes.to_vec()))
    }

    /// Takes a picture as soon as nothing lies over it.
    pub fn picture(&mut self, ctx: &Context, picture: Picture) {
        self.wanted = Some((picture, 2));
        ctx.request_repaint();
    }

    /// To be called once a frame; gives back what there is to say.
    pub fn follow(&mut self, ctx: &Context) -> Option<String> {
        if let Some((picture, frames)) = self.wanted.take() {
            ctx.request_repaint();
            if frames > 0 {
                self.wanted = Some((picture, frames - 1));
            } else {
                let (sender, receiver) = sync_channel(1);
                let waker = ctx.clone();
                ctx.request_screenshot(move |image| {
                    // A window that has forgotten its wish needs no picture.
                    if sender.try_send(image).is_ok() {
                        waker.request_repaint();
                    }
                });
                self.taken = Some((receiver, picture));
            }
        }
        if let Some((receiver, picture)) = self.taken.take() {
            match receiver.try_recv() {
                Ok(image) => return self.use_picture(ctx, &image, picture),
                Err(TryRecvError::Empty) => self.taken = Some((receiver, picture)),
                Err(TryRecvError::Disconnected) => return Some("No picture could be taken of this window".to_owned()),
            }
        }
        let answer = match self.saving.as_ref()?.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Some("It was not saved: its thread ended".to_owned()),
        };
        self.saving = None;
        answer
    }

    fn use_picture(&mut self, ctx: &Context, image: &ColorImage, picture: Picture) -> Option<String> {
        let [left, top, right, bottom] = picture.of.map(|v| v as f32);
        let part = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
        // The window may have become smaller meanwhile.
        let [width, height] = image.size.map(|side| side as f32 / ctx.pixels_per_point());
        let part = part.intersect(Rect::from_min_max(pos2(0.0, 0.0), pos2(width, height)));
        if !part.is_positive() {
            return Some("No picture could be taken of what is not on the screen".to_owned());
        }
        let image = image.region(&part, Some(ctx.pixels_per_point()));
        match picture.name {
            None => {
                ctx.copy_image(image);
                Some("The picture is in the clipboard".to_owned())
            }
            Some(name) => self.open(ctx, &name, "PNG", "png", move || png(&image)),
        }
    }

    fn open(
        &mut self,
        ctx: &Context,
        name: &str,
        kind: &str,
        ending: &str,
        content: impl FnOnce() -> Result<Vec<u8>, String> + Send + 'static,
    ) -> Option<String> {
        if self.saving.is_some() {
            return Some("A dialog for files is open already".to_owned());
        }
        let chooser = Chooser::new("Save").name(name).kind(&format!("{kind} (*.{ending})"), &[ending]);
        let (sender, receiver) = sync_channel(1);
        let ctx = ctx.clone();
        let work = move || {
            let answer = match chooser.place() {
                Chosen::File(path) => Some(match content().and_then(|bytes| write(&path, &bytes)) {
                    Ok(()) => format!("Saved as {}", crate::text::visible(&path.display().to_string())),
                    Err(why) => format!("It was not saved: {why}"),
                }),
                Chosen::Closed => None,
                Chosen::NoDialog => Some(no_dialog(INSTEAD)),
            };
            // A window that closed meanwhile needs no answer.
            if sender.send(answer).is_ok() {
                ctx.request_repaint();
            }
        };
        match std::thread::Builder::new().name("save-dialog".to_owned()).spawn(work) {
            Ok(_thread) => {
                self.saving = Some(receiver);
                None
            }
            Err(error) => Some(format!("the file dialog could not be opened: {error}")),
        }
    }
}

/// Where there is no dialog for files: what to do instead.
const INSTEAD: &str = "a picture can be copied to the clipboard, and on the command line watchkeeper export, journal, figures and handover write tables and pages";

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|e| format!("{} cannot be written: {e}", path.display()))
}

/// With the encoder that the window brings along for its icon.
fn png(image: &ColorImage) -> Result<Vec<u8>, String> {
    let [width, height] = image.size.map(|side| side as u32);
    let rgba = image.pixels.iter().flat_map(Color32::to_array).collect();
    IconData { rgba, width, height }.to_png_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{OutputCommand, RawInput};

    #[test]
    fn a_picture_is_written_as_it_was_seen() {
        let mut image = ColorImage::filled([3, 2], Color32::WHITE);
        image.pixels[4] = Color32::BLACK;
        let read = eframe::icon_data::from_png_bytes(&png(&image).unwrap()).unwrap();
        assert_eq!((read.width, read.height), (3, 2));
        assert_eq!(read.rgba[4 * 4..5 * 4], [0, 0, 0, 255]);
        assert_eq!(read.rgba[..4], [255, 255, 255, 255]);
    }

    #[test]
    fn the_part_that_was_asked_for_reaches_the_clipboard_even_of_a_window_that_has_shrunk() {
        let ctx = Context::default();
        let image = ColorImage::filled([200, 100], Color32::WHITE);
        for (of, size) in
            [([10, 20, 110, 70], Some([100, 50])), ([150, 50, 900, 900], Some([50, 50])), ([300, 0, 400, 50], None)]
        {
            let mut said = None;
            let mut output = ctx.run_ui(RawInput::default(), |ui| {
                said = Keeper::default().use_picture(ui.ctx(), &image, Picture { of, name: None });
            });
            output.textures_delta.clear();
            let copied = output.platform_output.commands.iter().find_map(|command| match command {
                OutputCommand::CopyImage(image) => Some(image.size),
                _ => None,
            });
            assert_eq!(copied, size, "{of:?}: {said:?}");
        }
    }

    #[test]
    fn a_disk_that_refuses_is_told_with_the_path() {
        let why = write(Path::new("/no/such/folder/trend.csv"), b"").unwrap_err();
        assert!(why.starts_with("/no/such/folder/trend.csv cannot be written: "), "{why}");
    }
}
