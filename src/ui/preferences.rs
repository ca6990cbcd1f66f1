//! What a person chooses for this computer: the name at the desk, the theme, the size of the text. Kept in the user's
//! settings, never in a project.

use super::settings::{Settings, desk_name_from};
use super::theme::{STEP, Theme, ThemeChoice};
use super::{Action, Outbox, fonts};
use crate::engine::Actor;
use eframe::egui::{Button, Id, Key, Label, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};
use fonts::size;

/// The sheet while it is open.
#[derive(Debug, Default)]
pub struct Preferences {
    /// The name as it is typed.
    name: String,
}

impl Preferences {
    /// With what is in force now.
    pub fn new(settings: &Settings) -> Self {
        Self { name: settings.desk_name.clone().unwrap_or_default() }
    }
}

/// The sheet's content. `actor`: who acts at this computer, where a plant runs.
pub fn preferences_ui(
    ui: &mut Ui,
    theme: &Theme,
    settings: &Settings,
    actor: Option<&Actor>,
    state: &mut Preferences,
    outbox: &mut Outbox,
) {
    let height = (ui.ctx().content_rect().height() - 110.0).max(60.0);
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        name_ui(ui, theme, settings, actor, state, outbox);
        ui.add_space(4.0 * STEP);
        heading(ui, "Theme");
        ui.horizontal_wrapped(|ui| {
            for (choice, words) in
                [(ThemeChoice::Dark, "Dark, for dimmed rooms"), (ThemeChoice::Light, "Light, for daylight")]
            {
                let here = settings.theme == choice;
                if ui.add(Button::selectable(here, RichText::new(words).color(theme.text))).clicked() && !here {
                    outbox.action(Action::ToggleTheme);
                }
            }
        });
        ui.add_space(4.0 * STEP);
        heading(ui, "Size of text");
        ui.horizontal_wrapped(|ui| {
            let percent = settings.text_scale_percent;
            for (step, words, possible) in
                [(-1, "Smaller", percent > 75), (0, "100 %", percent != 100), (1, "Larger", percent < 200)]
            {
                if ui.add_enabled(possible, Button::new(words)).clicked() {
                    outbox.action(Action::TextScale(step));
                }
            }
            let now = ui.label(format!("now {percent} %"));
            now.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Size of text {percent} %")));
        });
    });
}

fn heading(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(fonts::strong(size::BODY)));
}

fn name_ui(
    ui: &mut Ui,
    theme: &Theme,
    settings: &Settings,
    actor: Option<&Actor>,
    state: &mut Preferences,
    outbox: &mut Outbox,
) {
    heading(ui, "Name at this desk");
    let user = actor.map(|a| a.user.as_ref()).unwrap_or_default();
    let edit = TextEdit::singleline(&mut state.name)
        .id(Id::unique("name at this desk"))
        .hint_text(user)
        .desired_width(f32::INFINITY)
        .char_limit(200);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(state.name.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, "Name at this desk")
    });
    let typed = desk_name_from(&state.name);
    let changed = typed.as_ref().is_ok_and(|name| *name != settings.desk_name);
    let enter = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    let words = match &typed {
        Err(why) => format!("Not taken: {why}"),
        Ok(name) => {
            let who = Actor { desk: name.as_deref().map(Into::into), ..actor.cloned().unwrap_or_default() };
            let who = if actor.is_some() { format!("In the journal: {who}") } else { String::new() };
            let sep = if who.is_empty() { "" } else { "; " };
            format!("{who}{sep}nobody verifies it")
        }
    };
    let ink = if typed.is_err() { theme.text } else { theme.muted };
    ui.add(Label::new(RichText::new(words).color(ink)).wrap());
    ui.horizontal_wrapped(|ui| {
        let take = ui.add_enabled(changed, Button::new("Use this name"));
        let clear = ui.add_enabled(settings.desk_name.is_some(), Button::new("Use the computer's user"));
        if clear.clicked() {
            state.name.clear();
            outbox.action(Action::SetDeskName(String::new()));
        } else if changed && (take.clicked() || enter) {
            outbox.action(Action::SetDeskName(state.name.clone()));
        }
    });
}
