//! What is looked for: a text, a tag, a person, a period, priorities and kinds of events, in a row above the list.

use crate::engine::EventKind;
use crate::historian::Search;
use crate::project::Priority;
use crate::time::Utc;
use crate::ui::theme::STEP;
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::{Frame, words};
use eframe::egui::{
    Align, Align2, Button, Layout, Rect, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, UiBuilder,
    WidgetInfo, vec2,
};
use std::sync::Arc;

/// Height of its line.
pub const HEIGHT: f32 = 28.0;
/// Below this width the fields of the period are left out, below the next those for tag and person, then the kinds.
const WIDEST: f32 = 940.0;
const WIDE: f32 = 760.0;
const MIDDLE: f32 = 430.0;
/// Width of each end of the period.
const PERIOD_FIELD: f32 = 112.0;
/// What is typed is looked for when nothing more was typed for so long.
const QUIET_SECS: f64 = 0.25;

/// The kinds with their words.
const KINDS: [(EventKind, &str, &str); 3] = [
    (EventKind::Alarm, "Alarms", "What alarms did by themselves"),
    (EventKind::Act, "Acts", "What people did"),
    (EventKind::System, "System", "Starts, links, recording, the clock, the project"),
];

/// What was typed and pressed.
#[derive(Debug, Default)]
pub struct Filter {
    text: String,
    tag: String,
    person: String,
    /// By priority: chosen. None chosen: all.
    priorities: [bool; 4],
    /// By kind, the same.
    kinds: [bool; 3],
    from: Bound,
    to: Bound,
    /// When something was typed that is not looked for yet.
    typed: Option<f64>,
}

/// One end of the period.
#[derive(Debug, Default)]
struct Bound {
    typed: String,
    /// What is wrong with it.
    fault: Option<String>,
    at: Option<Utc>,
}

impl Bound {
    /// Takes what is typed as of now: two hours ago stays the same instant while the list is read.
    fn read(&mut self, frame: &Frame<'_>) {
        let typed = self.typed.trim();
        let read = if typed.is_empty() {
            Ok(None)
        } else {
            Utc::parse_written(typed, frame.snapshot.now.utc, frame.zone).map(Some)
        };
        (self.at, self.fault) = match read {
            Ok(at) => (at, None),
            Err(why) => (None, Some(why)),
        };
    }

    fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, hint: &str, name: &str) -> bool {
        let (changed, edit) = field_ui(ui, PERIOD_FIELD, &mut self.typed, hint, name);
        if let Some(at) = self.at {
            edit.on_hover_text(words::date_and_time(at, frame.zone));
        }
        changed
    }
}

impl Filter {
    /// Whether anything is left out.
    pub fn is_active(&self) -> bool {
        self.priorities.contains(&true)
            || self.kinds.contains(&true)
            || [&self.text, &self.tag, &self.person, &self.from.typed, &self.to.typed]
                .iter()
                .any(|text| !text.trim().is_empty())
    }

    /// What is wrong with the period: what is looked for then is not what somebody meant.
    pub fn fault(&self) -> Option<String> {
        let of = |end: &str, bound: &Bound| Some(format!("{end}: {}", bound.fault.as_ref()?));
        of("From", &self.from).or_else(|| of("To", &self.to)).or_else(|| {
            let backwards = self.from.at.zip(self.to.at).is_some_and(|(from, to)| from > to);
            backwards.then(|| "The period ends before it begins".to_owned())
        })
    }

    /// As the journal is asked; `tags`: those that the panel is about.
    fn search(&self, tags: &[String]) -> Search {
        let typed = self.tag.trim();
        let names: Vec<Arc<str>> = if typed.is_empty() {
            tags.iter().map(|tag| Arc::from(tag.as_str())).collect()
        } else {
            vec![typed.into()]
        };
        let mut search = Search { names, text: self.text.clone(), by: self.person.clone(), ..Search::default() };
        (search.from, search.to) = (self.from.at, self.to.at);
        search.priorities = Priority::ALL.into_iter().filter(|p| self.priorities[*p as usize]).collect();
        for (chosen, (kind, ..)) in self.kinds.iter().zip(KINDS) {
            if *chosen {
                search.add_kind(kind);
            }
        }
        search
    }

    /// The row. Gives back what is to be looked for from now on, where that is something else than `before`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        frame: &Frame<'_>,
        tags: &[String],
        before: &Search,
    ) -> Option<Search> {
        let time = ui.input(|i| i.time);
        let mut typed = false;
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout).id_salt("journal filter"), |ui| {
            ui.spacing_mut().item_spacing.x = 1.5 * STEP;
            let width = rect.width();
            if width >= MIDDLE {
                self.kinds_ui(ui);
                ui.add_space(STEP);
                self.priorities_ui(ui, frame);
                ui.add_space(STEP);
            }
            let clear = if self.is_active() { 62.0 } else { 0.0 };
            let fields = if width >= WIDE { 3.0 } else { 1.0 };
            let period = if width >= WIDEST { 2.0 * (PERIOD_FIELD + 2.0 * STEP) } else { 0.0 };
            let room = ((ui.available_width() - clear - period) / fields - 2.0 * STEP).clamp(40.0, 240.0);
            typed |= field_ui(ui, room, &mut self.text, "Words", "Search in the journal").0;
            if width >= WIDE {
                typed |= field_ui(ui, room, &mut self.tag, "Tag, device or alarm", "Tag in the journal").0;
                typed |= field_ui(ui, room, &mut self.person, "Person", "Person in the journal").0;
            }
            if width >= WIDEST {
                typed |= self.from.ui(ui, frame, "From hh:mm", "From, in the journal");
                typed |= self.to.ui(ui, frame, "To hh:mm", "To, in the journal");
            }
            if self.is_active() {
                let clear = ui.add(Button::new("Clear")).on_hover_text("Shows everything again");
                clear.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Clear the journal's filter"));
                if clear.clicked() {
                    *self = Self::default();
                }
            }
        });
        if typed {
            self.typed = Some(time);
        }
        if let Some(at) = self.typed {
            if time - at < QUIET_SECS {
                ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(QUIET_SECS));
                return None;
            }
            self.typed = None;
            self.from.read(frame);
            self.to.read(frame);
        }
        let search = self.search(tags);
        (search != *before).then_some(search)
    }

    fn kinds_ui(&mut self, ui: &mut Ui) {
        for (chosen, (_, word, hint)) in self.kinds.iter_mut().zip(KINDS) {
            let button = ui.add(Button::selectable(*chosen, word)).on_hover_text(hint);
            button.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, *chosen, format!("Only {word}")));
            if button.clicked() {
                *chosen = !*chosen;
            }
        }
    }

    /// Four symbols; pressed ones alone are shown, none pressed: all.
    fn priorities_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        let theme = frame.theme;
        for priority in Priority::ALL {
            let chosen = &mut self.priorities[priority as usize];
            let (rect, response) = ui.allocate_exact_size(vec2(28.0, 22.0), Sense::click());
            let (width, edge) = match (response.has_focus(), *chosen) {
                (true, _) => (2.0, theme.select),
                (false, true) => (1.0, theme.select),
                (false, false) => (1.0, theme.line),
            };
            let fill = if *chosen { theme.raised } else { theme.panel };
            ui.painter().rect(rect, 4.0, fill, Stroke::new(width, edge), StrokeKind::Inside);
            if *chosen {
                Symbol::new(priority).paint(ui.painter(), theme, rect.center(), 12.0, true);
            } else {
                symbol::mark(ui.painter(), priority, rect.center(), 11.0, theme.muted, false);
            }
            let name = format!("Only {}", priority.word());
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, *chosen, &name));
            if response.on_hover_text(name.as_str()).clicked() {
                *chosen = !*chosen;
            }
        }
    }
}

/// Gives back whether something was typed, and the field.
fn field_ui(ui: &mut Ui, width: f32, text: &mut String, hint: &str, name: &str) -> (bool, Response) {
    let edit = TextEdit::singleline(text)
        .id(ui.scope_id().with(name))
        .hint_text(hint)
        .align(Align2::LEFT_CENTER)
        .desired_width(width - 8.0)
        .char_limit(200);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, name)
    });
    (edit.changed(), edit)
}
