//! The sheet that saves a trend as a display: asks for a name and a place in the tree, and says what will come of it.

use crate::engine::Mode;
use crate::link::{AddDisplay, DeskRequest};
use crate::project::NewDisplay;
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::words::{self, say};
use crate::ui::{Frame, tree};
use eframe::egui::{Button, ComboBox, Id, Key, Label, RichText, Role, TextEdit, Ui, WidgetInfo};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The answer is looked for so often; the plant's next picture comes sooner.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The sheet while it is open.
#[derive(Debug)]
pub struct SaveDisplay {
    display: NewDisplay,
    /// Asked for, with the name under which it was.
    asked: Option<Arc<OnceLock<Result<String, String>>>>,
    /// Why it was not written last time.
    refused: Option<String>,
}

/// What came of a frame of it.
#[derive(Debug)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// This is asked for.
    Ask(DeskRequest),
    /// It is written: what there is to say, and the display that is to be shown as soon as it is there.
    Saved(String, String),
}

impl SaveDisplay {
    /// For this trend; the name is a proposal.
    pub fn new(display: NewDisplay) -> Self {
        Self { display, asked: None, refused: None }
    }

    /// The sheet's content.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) -> Outcome {
        if let Some(answer) = self.asked.as_ref().and_then(|asked| asked.get().cloned()) {
            self.asked = None;
            match answer {
                Ok(said) => return Outcome::Saved(said, self.display.name.clone()),
                Err(why) => self.refused = Some(why),
            }
        }
        let theme = frame.theme;
        if let Some(why) = impossible(frame) {
            ui.add(Label::new(RichText::new(why).font(fonts::strong(size::BODY))).wrap());
            return Outcome::Open;
        }
        let waits = self.asked.is_some();
        if waits {
            ui.ctx().request_repaint_after(LOOK_EVERY);
        }
        let heading = |ui: &mut Ui, words: &str| {
            ui.label(RichText::new(words).font(fonts::strong(size::BODY)));
        };
        heading(ui, "Name");
        let edit = TextEdit::singleline(&mut self.display.name)
            .id(Id::unique("name of the display"))
            .desired_width(f32::INFINITY)
            .char_limit(200);
        let edit = ui.add_enabled(!waits, edit);
        edit.widget_info(|| WidgetInfo {
            current_text_value: Some(self.display.name.clone()),
            ..WidgetInfo::labeled(Role::TextInput, !waits, "Name of the display")
        });
        if ui.memory(|m| m.focused().is_none()) && !waits {
            edit.request_focus();
        }
        if edit.changed() {
            self.refused = None;
        }
        ui.add_space(2.0 * STEP);
        heading(ui, "Below");
        self.parent_ui(ui, frame, waits);
        ui.add_space(2.0 * STEP);
        let pens: Vec<&str> = self.display.pens.iter().map(|pen| pen.tag.as_str()).collect();
        let what = format!("{} over {}", pens.join(", "), words::duration_of_range(self.display.span));
        ui.add(Label::new(RichText::new(what).color(theme.muted)).wrap());
        let path = frame.about.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let where_to = format!(
            "It is written at the end of {}, which stays as it is otherwise; the display is there at once, and nothing stops being watched",
            crate::text::visible(&path)
        );
        ui.add(Label::new(RichText::new(where_to).color(theme.muted)).wrap());
        if let Some(why) = self.fault(frame).or_else(|| self.refused.clone().map(|why| format!("Not saved: {why}"))) {
            let label = ui.add(Label::new(RichText::new(&why).font(fonts::strong(size::BODY))).wrap());
            label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, why.as_str()));
        }
        ui.add_space(3.0 * STEP);
        let possible = !waits && self.fault(frame).is_none();
        let words = if waits { "Being saved" } else { "Save as a display" };
        let save = ui.add_enabled(possible, Button::new(words));
        let enter = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if possible && (save.clicked() || enter) {
            let answer = Arc::default();
            self.asked = Some(Arc::clone(&answer));
            self.refused = None;
            self.display.name = self.display.name.trim().to_owned();
            let asked = AddDisplay { display: self.display.clone(), by: frame.actor(), answer };
            return Outcome::Ask(DeskRequest::AddDisplay(Box::new(asked)));
        }
        Outcome::Open
    }

    fn parent_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, waits: bool) {
        const TOP: &str = "Nothing: at the top of the tree";
        let plan = &frame.snapshot.plan;
        let parent = &mut self.display.parent;
        let shown = parent.clone().unwrap_or_else(|| TOP.to_owned());
        ui.add_enabled_ui(!waits, |ui| {
            let list = ComboBox::from_id_salt("parent of the display").selected_text(shown.as_str()).width(260.0);
            let shown_list = list.show_ui(ui, |ui| {
                ui.selectable_value(parent, None, TOP);
                for display in tree::order(plan).into_iter().filter_map(|i| plan.displays.get(i)) {
                    let indent = "    ".repeat(usize::from(display.depth.min(6)));
                    let name = display.display.name.clone();
                    ui.selectable_value(parent, Some(name.clone()), format!("{indent}{name}"));
                }
            });
            shown_list.response.widget_info(|| WidgetInfo {
                current_text_value: Some(shown.clone()),
                ..WidgetInfo::labeled(Role::ComboBox, !waits, "Below which display")
            });
        });
    }

    /// Why the name will not do, while it is typed; the reader of the file has the last word.
    fn fault(&self, frame: &Frame<'_>) -> Option<String> {
        let name = self.display.name.trim();
        if name.is_empty() {
            return Some("Give it a name".to_owned());
        }
        let taken = |other: &str| other.to_lowercase() == name.to_lowercase();
        let displays = &frame.snapshot.plan.displays;
        displays.iter().any(|d| taken(&d.display.name)).then(|| format!("There is a display \"{name}\" already"))
    }
}

/// Why nothing can be saved here at all.
fn impossible(frame: &Frame<'_>) -> Option<String> {
    if frame.about.bundle.is_some() {
        return Some(say::ONLY_A_BUNDLE.to_owned());
    }
    if frame.snapshot.mode != Mode::Live || frame.about.path.is_none() {
        return Some(say::NO_FILE.to_owned());
    }
    let holder = frame.about.held_by.as_ref()?;
    Some(format!("This plant is watched by {holder}: save the display there"))
}
