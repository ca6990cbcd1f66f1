//! Earlier texts of the project, of which a save keeps fifty: one is taken into the draft as a step that can be taken back, and
//! what that would change in the plant is shown before anything is written.

use super::acts::Act;
use super::{Editor, Over, State};
use crate::link::{EarlierText, EditJob};
use crate::ui::dialogs;
use crate::ui::dialogs::sheet_ui;
use crate::ui::theme::{STEP, Theme};
use crate::ui::{Frame, words};
use eframe::egui::{Button, Context, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};

/// Height of a row.
const ROW: f32 = 30.0;

/// Texts that are read, one after another, to find the one before what stands in the file: a save keeps both of its own.
const LOOKED_AT: usize = 4;

/// What is on its way from the disk.
#[derive(Debug, Default)]
pub enum Going {
    /// Nothing.
    #[default]
    Nowhere,
    /// The list for the dialog.
    Listing,
    /// The list, of which the newest that is another text than the file's is taken.
    Back,
    /// A text. It is taken; going back, one that the file says already is passed over, and the next is read.
    Reading {
        /// Those to be looked at after it; none where it was chosen by hand.
        rest: Vec<EarlierText>,
        /// It was chosen by hand.
        chosen: bool,
    },
}

/// The dialog.
#[derive(Debug, Default)]
pub struct Earlier {
    /// The texts, newest first, as soon as they are known.
    pub list: Option<Result<Vec<EarlierText>, String>>,
}

impl Earlier {
    /// The dialog's frame. Returns which was chosen; `Err`: it was closed.
    pub fn ui(&self, ui: &Ui, frame: &Frame<'_>) -> Result<Option<EarlierText>, ()> {
        let mut chosen = None;
        let open = sheet_ui(ui, frame.theme, "Earlier texts", |ui| {
            let about = "Each save keeps the project as it was and as it is. One that is taken stands in the draft, to be looked at and \
                         taken back; nothing is written before it is reviewed.";
            ui.add(Label::new(RichText::new(about).color(frame.theme.muted)).wrap());
            ui.add_space(STEP);
            match &self.list {
                None => drop(ui.label("The list is being read")),
                Some(Err(why)) => drop(ui.add(Label::new(why).wrap())),
                Some(Ok(list)) if list.is_empty() => drop(ui.label("None yet: the first save makes the first")),
                Some(Ok(list)) => chosen = list_ui(ui, frame, list),
            }
        });
        if open { Ok(chosen) } else { Err(()) }
    }
}

fn list_ui(ui: &mut Ui, frame: &Frame<'_>, list: &[EarlierText]) -> Option<EarlierText> {
    let mut chosen = None;
    let height = (dialogs::room(ui.ctx()).y - 230.0).max(120.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show_rows(
        ui,
        ROW,
        list.len(),
        |ui, rows| {
            for text in list.get(rows).unwrap_or_default() {
                ui.horizontal(|ui| {
                    ui.set_height(ROW - 4.0);
                    let when = words::date_and_time(text.time, frame.zone);
                    let take = ui.button("Take this text");
                    take.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Take the text of {when}")));
                    if take.clicked() {
                        chosen = Some(text.clone());
                    }
                    ui.label(&when);
                    size_ui(ui, frame.theme, text.bytes);
                });
            }
        },
    );
    chosen
}

fn size_ui(ui: &mut Ui, theme: &Theme, bytes: u64) {
    ui.label(RichText::new(format!("{:.1} kB", bytes as f64 / 1_000.0)).color(theme.muted));
}

impl Editor {
    /// Opens the dialog.
    pub(super) fn open_earlier(&mut self) {
        if self.ask_for_earlier(Going::Listing) {
            self.over = Over::Earlier(Box::default());
        }
    }

    /// Goes back to the text before the last save, and shows what that would change.
    pub(super) fn roll_back(&mut self) {
        self.ask_for_earlier(Going::Back);
    }

    fn ask_for_earlier(&mut self, going: Going) -> bool {
        let (Some(link), Some(path)) = (&self.link, &self.path) else { return false };
        match link.ask(EditJob::Snapshots(path.clone())) {
            Ok(()) => {
                self.going = going;
                true
            }
            Err(why) => {
                self.said = Some(why);
                false
            }
        }
    }

    /// The list has come.
    pub(super) fn earlier_listed(&mut self, list: Result<Vec<EarlierText>, String>) {
        match (std::mem::take(&mut self.going), list) {
            (Going::Listing, list) => {
                if let Over::Earlier(earlier) = &mut self.over {
                    earlier.list = Some(list);
                }
            }
            (Going::Back, Ok(list)) => self.read_earlier(list.into_iter().take(LOOKED_AT).collect(), false),
            (Going::Back, Err(why)) => self.said = Some(why),
            (Going::Nowhere | Going::Reading { .. }, _) => {}
        }
    }

    /// Reads the first of them.
    pub(super) fn read_earlier(&mut self, mut texts: Vec<EarlierText>, chosen: bool) {
        if texts.is_empty() {
            self.said = Some("There is no earlier text: the first save makes the first".to_owned());
            return;
        }
        let first = texts.remove(0);
        match self.link.as_ref().map(|link| link.ask(EditJob::Snapshot(first))) {
            Some(Ok(())) => self.going = Going::Reading { rest: texts, chosen },
            Some(Err(why)) => self.said = Some(why),
            None => {}
        }
    }

    /// A text has come.
    pub(super) fn earlier_read(
        &mut self,
        ctx: &Context,
        of: &EarlierText,
        text: Result<Vec<u8>, String>,
        frame: &Frame<'_>,
    ) {
        let Going::Reading { rest, chosen } = std::mem::take(&mut self.going) else { return };
        let State::Open(draft) = &self.state else { return };
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.said = Some(why);
                return;
            }
        };
        if !chosen && text == draft.saved_bytes() {
            return self.read_earlier(rest, chosen);
        }
        let when = words::date_and_time(of.time, frame.zone);
        let text = String::from_utf8_lossy(&text).into_owned();
        if draft.says(&text) {
            self.said = Some(format!("The draft says what it said on {when}"));
            return;
        }
        let said = format!("The draft is as it was on {when}; Ctrl+Z takes that back");
        self.review_wanted = true;
        self.act(ctx, Act::Become(format!("Go back to {when}"), text, said));
    }

    /// The buttons of both, beside the state of the draft.
    pub(super) fn earlier_ui(&mut self, ui: &mut Ui) {
        let waits = self.is_busy();
        let earlier = ui.add_enabled(!waits, Button::new("Earlier texts…"));
        if earlier.on_hover_text("The project as it was, fifty saves back").clicked() {
            self.open_earlier();
        }
        let back = ui.add_enabled(!waits, Button::new("Roll back"));
        if back.on_hover_text("To the text before the last save, with a review before it is written (F9)").clicked() {
            self.roll_back();
        }
    }
}
