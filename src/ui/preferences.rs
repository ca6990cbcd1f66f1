//! What a person chooses for this computer: the name at the desk, the horn, notices on the desktop, the theme, the size of
//! the text. Kept in the user's settings, never in a project.

use super::dialogs;
use super::horn::{HornDesk, horn_words};
use super::settings::{PLAYER_CHARS, Settings, desk_name_from};
use super::theme::{STEP, Theme, ThemeChoice};
use super::{Action, Frame, Outbox, fonts};
use crate::engine::Actor;
use eframe::egui::{
    Button, Id, Key, Label, Rect, RichText, Role, ScrollArea, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};
use fonts::size;

/// The sheet while it is open.
#[derive(Debug, Default)]
pub struct Preferences {
    /// The name as it is typed.
    name: String,
    /// The player's command as it is typed.
    player: String,
}

/// What is in force while the sheet is open.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// What was chosen.
    pub settings: &'a Settings,
    /// The program's horn.
    pub horn: &'a HornDesk,
    /// Why the desktop took no note of an alarm.
    pub notes_fault: Option<&'a str>,
    /// The plant, where one runs.
    pub frame: Option<&'a Frame<'a>>,
}

impl Preferences {
    /// With what is in force now.
    pub fn new(settings: &Settings) -> Self {
        Self {
            name: settings.desk_name.clone().unwrap_or_default(),
            player: settings.player.clone().unwrap_or_default(),
        }
    }
}

/// The sheet's content.
pub fn preferences_ui(ui: &mut Ui, now: InForce<'_>, state: &mut Preferences, outbox: &mut Outbox) {
    let height = (dialogs::room(ui.ctx()).y - 110.0).max(60.0);
    // All of it, where the window has the room: a dialog takes 400 points by itself.
    let place = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), height));
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| sections_ui(ui, now, state, outbox));
}

fn sections_ui(ui: &mut Ui, now: InForce<'_>, state: &mut Preferences, outbox: &mut Outbox) {
    let InForce { theme, settings, .. } = now;
    let actor = now.frame.map(|frame| &frame.about.actor);
    ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        name_ui(ui, theme, settings, actor, state, outbox);
        ui.add_space(4.0 * STEP);
        horn_ui(ui, now, state, outbox);
        ui.add_space(4.0 * STEP);
        notices_ui(ui, now, outbox);
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

/// Whether alarms are heard here, by which program, and whether they can be.
fn horn_ui(ui: &mut Ui, now: InForce<'_>, state: &mut Preferences, outbox: &mut Outbox) {
    let InForce { theme, settings, horn, frame, .. } = now;
    heading(ui, "Horn");
    let mut on = settings.horn;
    if ui.checkbox(&mut on, RichText::new("Sound alarms on this computer").color(theme.text)).changed() {
        outbox.action(Action::SetHorn(on));
    }
    if let Some(frame) = frame {
        let words = horn_words(frame.snapshot, frame.about);
        let ink = if words.loud { theme.text } else { theme.muted };
        ui.add(Label::new(RichText::new(format!("Now: {}", words.spoken)).color(ink)).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        if ui.add_enabled(horn.is_here(), Button::new("Test the horn")).clicked() {
            outbox.action(Action::TestHorn);
        }
        let hint = "How loud it is, the system's volume says";
        ui.add(Label::new(RichText::new(horn.said().unwrap_or(hint)).color(theme.muted)).wrap());
    });
    ui.add_space(2.0 * STEP);
    let words = "Played by this program, with its arguments; empty: by what the system brings along";
    ui.add(Label::new(RichText::new(words).color(theme.text)).wrap());
    let edit = TextEdit::singleline(&mut state.player)
        .id(Id::unique("player of the horn"))
        .desired_width(f32::INFINITY)
        .char_limit(PLAYER_CHARS);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(state.player.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, "Player of the horn")
    });
    let typed = Some(state.player.trim()).filter(|player| !player.is_empty());
    let changed = typed != settings.player.as_deref();
    let enter = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    ui.horizontal_wrapped(|ui| {
        let take = ui.add_enabled(changed, Button::new("Use this player"));
        let clear = ui.add_enabled(settings.player.is_some(), Button::new("Use the system's"));
        if clear.clicked() {
            state.player.clear();
            outbox.action(Action::SetPlayer(String::new()));
        } else if changed && (take.clicked() || enter) {
            outbox.action(Action::SetPlayer(state.player.clone()));
        }
    });
}

/// Whether the desktop tells what is new while the window is not in front.
fn notices_ui(ui: &mut Ui, now: InForce<'_>, outbox: &mut Outbox) {
    let InForce { theme, settings, .. } = now;
    heading(ui, "Notices on the desktop");
    let mut on = settings.notifications;
    let words = "Tell new critical and high alarms while this window is not in front";
    if ui.checkbox(&mut on, RichText::new(words).color(theme.text)).changed() {
        outbox.action(Action::SetNotifications(on));
    }
    if let Some(why) = now.notes_fault {
        let words = format!("The desktop took no notice the last time: {why}");
        ui.add(Label::new(RichText::new(words).color(theme.text)).wrap());
    }
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
