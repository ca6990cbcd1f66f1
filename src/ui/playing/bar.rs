//! The bar over a play: the plant behind it, the play's time, and what came of its lines.

use super::Behind;
use crate::engine::rehearsal::{Control, Course, Judged, Line, Standing};
use crate::text::visible;
use crate::ui::fonts::{self, size};
use crate::ui::theme::{STEP, Theme};
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{self, Brush, text};
use crate::ui::words;
use eframe::egui::{
    Align2, Button, Label, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, WidgetText, pos2, vec2,
};

/// Speeds to choose from.
const SPEEDS: [u32; 4] = [1, 10, 60, 600];
/// Height of a line in the list.
const ROW: f32 = 22.0;
/// Lines of the list in view.
const IN_VIEW: f32 = 7.0;

/// What the bar shows.
pub struct Bar<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// What blinks is on.
    pub blink_on: bool,
    /// The scenario.
    pub name: &'a str,
    /// How far it is.
    pub standing: &'a Standing,
    /// The plant.
    pub behind: &'a Behind,
    /// The play has failed.
    pub failed: bool,
}

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A hand on its time.
    Control(Control),
    /// Back to the plant.
    Back,
    /// The play is over.
    End,
    /// The list of its lines is opened or closed.
    Lines,
}

/// The bar; `lines_open`: with the list of lines below it.
pub fn bar_ui(ui: &mut Ui, bar: &Bar<'_>, lines_open: bool) -> Vec<Asked> {
    let mut asked = Vec::new();
    ui.spacing_mut().item_spacing = vec2(2.0 * STEP, STEP);
    ui.horizontal_wrapped(|ui| plant_ui(ui, bar, &mut asked));
    ui.horizontal_wrapped(|ui| time_ui(ui, bar, lines_open, &mut asked));
    ui.horizontal_wrapped(|ui| line_ui(ui, bar));
    if lines_open {
        lines_ui(ui, bar, &mut asked);
    }
    asked
}

/// What is behind, and the way there.
fn plant_ui(ui: &mut Ui, bar: &Bar<'_>, asked: &mut Vec<Asked>) {
    let theme = bar.theme;
    let where_to = if bar.behind.is_plant { "Back to the plant" } else { "Back to the start" };
    let back = named(ui.button(fonts::bold(where_to)), Role::Button, where_to);
    if back.on_hover_text("Esc. The play stands, and waits for you: Play a scenario… leads back to it").clicked() {
        asked.push(Asked::Back);
    }
    if let Some(worst) = bar.behind.worst {
        let (rect, _) = ui.allocate_exact_size(vec2(22.0, ROW), Sense::hover());
        let symbol = Symbol { unacknowledged: true, ..Symbol::new(worst) };
        symbol.paint(ui.painter(), theme, rect.center(), 14.0, bar.blink_on);
    }
    let font = if bar.behind.worst.is_some() { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
    let label = ui.add(Label::new(RichText::new(&bar.behind.words).font(font)));
    let role = if bar.behind.worst.is_some() { Role::Alert } else { Role::Status };
    widgets::tell(&label, role, "The plant behind this", || bar.behind.words.clone());
    if named(ui.button("End the play"), Role::Button, "End the play").clicked() {
        asked.push(Asked::End);
    }
}

/// The hand on the play's time.
fn time_ui(ui: &mut Ui, bar: &Bar<'_>, lines_open: bool, asked: &mut Vec<Asked>) {
    let Standing { course, speed, next, lines, .. } = bar.standing;
    let title = ui.add(Label::new(fonts::bold(format!("NOT LIVE: {}", bar.name))).truncate());
    widgets::tell(&title, Role::Status, "Scenario", || bar.name.to_owned());
    let ended = *next >= lines.len();
    let mut press = |response: Response, control: Control| {
        if response.clicked() {
            asked.push(Asked::Control(control));
        }
    };
    let runs = *course != Course::Paused;
    let (word, control) = if runs { ("Pause", Control::Pause) } else { ("Play", Control::Play) };
    let wide = vec2(56.0, ROW);
    press(named(ui.add(Button::new(word).min_size(wide)), Role::Button, &format!("{word} the scenario")), control);
    let step = named(ui.add_enabled(!runs && !ended, Button::new("Step")), Role::Button, "Step to the next event");
    press(step.on_hover_text("To the next line, or to the next entry of the journal before it"), Control::Step);
    press(named(ui.button("Restart"), Role::Button, "Restart the scenario"), Control::Restart);
    for choice in SPEEDS {
        let label = ui.selectable_label(*speed == choice, format!("×{choice}"));
        let name = format!("Speed ×{choice}");
        press(named(label, Role::RadioButton, &name), Control::Speed(choice));
    }
    if !SPEEDS.contains(speed) {
        ui.label(format!("×{speed}"));
    }
    let at = format!("{}, {next} of {} lines played", words::duration(bar.standing.at), lines.len());
    let label = ui.label(&at);
    widgets::tell(&label, Role::Status, "Time of the play", || at.clone());
    let kept = bar.standing.judged.iter().filter(|judged| judged.kept).count();
    let not_kept = bar.standing.judged.len() - kept;
    let score = format!("{kept} kept, {not_kept} not kept");
    let text = if not_kept > 0 { fonts::bold(&score) } else { RichText::new(&score).color(bar.theme.muted) };
    let label = ui.label(text);
    widgets::tell(&label, Role::Status, "Expectations", || score.clone());
    let lines = ui.selectable_label(lines_open, "Lines");
    if named(lines, Role::Button, "All lines of the scenario")
        .on_hover_text("All lines; press one to go there")
        .clicked()
    {
        asked.push(Asked::Lines);
    }
}

/// What was played last, or why it stands.
fn line_ui(ui: &mut Ui, bar: &Bar<'_>) {
    let Standing { lines, next, judged, why, .. } = bar.standing;
    if bar.failed {
        let words = "The play has failed and goes no further: end it; the log has more";
        let label = ui.add(Label::new(fonts::bold(words)).wrap());
        widgets::tell(&label, Role::Alert, "Fault of the play", || words.to_owned());
        return;
    }
    let last = next.checked_sub(1).and_then(|last| Some((last, lines.get(last)?)));
    let words = match last {
        None => match lines.first() {
            Some(first) => format!("Line {} comes first: {}", first.number, first.words()),
            None => "The scenario has no lines".to_owned(),
        },
        Some((place, line)) => {
            let outcome = judged.last().filter(|judged| judged.line == place);
            format!("Line {}: {}{}", line.number, line.words(), came_of(outcome))
        }
    };
    let words = visible(&words).into_owned();
    let not_kept = last.is_some_and(|(place, _)| judged.last().is_some_and(|j| j.line == place && !j.kept));
    let text: WidgetText =
        if not_kept { fonts::bold(&words).into() } else { RichText::new(&words).color(bar.theme.muted).into() };
    let label = ui.add(Label::new(text).wrap());
    widgets::tell(&label, Role::Status, "Last line", || words.clone());
    if let Some(why) = why {
        let label = ui.label(RichText::new(format!("Paused: {why}")).color(bar.theme.text));
        widgets::tell(&label, Role::Status, "Why it stands", || why.to_string());
    }
}

/// What came of an expectation: the same words as `rehearse` has for it.
fn came_of(judged: Option<&Judged>) -> String {
    match judged {
        Some(Judged { kept: true, .. }) => " – kept".to_owned(),
        Some(judged) => format!(" – not kept: {}", judged.words),
        None => String::new(),
    }
}

/// Every line: where the play is, what was kept; a press goes there.
fn lines_ui(ui: &mut Ui, bar: &Bar<'_>, asked: &mut Vec<Asked>) {
    let Standing { lines, next, judged, .. } = bar.standing;
    let height = IN_VIEW.min(lines.len() as f32) * ROW;
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
    ui.spacing_mut().item_spacing.y = 0.0;
    area.show_rows(ui, ROW, lines.len(), |ui, rows| {
        for place in rows {
            let Some(line) = lines.get(place) else { continue };
            // In the order of their places, as they were played.
            let outcome = judged.binary_search_by_key(&place, |judged| judged.line).ok().and_then(|i| judged.get(i));
            if row_ui(ui, bar.theme, bar.blink_on, line, place, *next, outcome) {
                asked.push(Asked::Control(Control::Jump(place)));
            }
        }
    });
}

fn row_ui(
    ui: &mut Ui,
    theme: &Theme,
    blink_on: bool,
    line: &Line,
    place: usize,
    next: usize,
    outcome: Option<&Judged>,
) -> bool {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if place == next {
        ui.painter().rect_filled(rect, 3.0, theme.raised);
        let bar = Rect::from_min_max(rect.min, pos2(rect.left() + 3.0, rect.bottom()));
        ui.painter().rect_filled(bar, 0.0, theme.select);
    }
    let response = widgets::press(ui, rect, ui.scope_id().with(("line", place)), &Brush { theme, blink_on }, 3.0);
    let words = visible(&line.words()).into_owned();
    let state = match (outcome, place.cmp(&next)) {
        (Some(judged), _) => came_of(Some(judged)).trim_start_matches(" – ").to_owned(),
        (None, std::cmp::Ordering::Less) => "played".to_owned(),
        (None, std::cmp::Ordering::Equal) => "next".to_owned(),
        (None, std::cmp::Ordering::Greater) => String::new(),
    };
    let state = visible(&state).into_owned();
    widgets::tell(&response, Role::Row, &format!("Go to line {}", line.number), || format!("{words}, {state}"));
    let number = rect.with_max_x(rect.left() + 44.0).shrink2(vec2(STEP, 0.0));
    text::paint_number(ui.painter(), number, Align2::RIGHT_CENTER, &line.number.to_string(), size::BODY, theme.muted);
    let half = rect.left() + 52.0 + (rect.width() - 52.0) * 0.55;
    let ink = if place < next { theme.muted } else { theme.text };
    let body = Rect::from_min_max(pos2(rect.left() + 52.0, rect.top()), pos2(half, rect.bottom()));
    text::paint(ui.painter(), body, Align2::LEFT_CENTER, &words, fonts::regular(size::BODY), ink);
    let not_kept = outcome.is_some_and(|judged| !judged.kept);
    let font = if not_kept { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
    let ink = if not_kept { theme.text } else { theme.muted };
    let rest = Rect::from_min_max(pos2(half + 2.0 * STEP, rect.top()), rect.max);
    text::paint(ui.painter(), rest, Align2::LEFT_CENTER, &state, font, ink);
    response.on_hover_text("Winds the play to just before this line").clicked()
}

/// A control with its name for screen readers.
fn named(response: Response, role: Role, name: &str) -> Response {
    use eframe::egui::WidgetInfo;
    response.widget_info(|| WidgetInfo::labeled(role, response.enabled(), name));
    response
}
