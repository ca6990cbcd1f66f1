//! The figures of ISA-18.2 and EEMUA 191 over a period, each beside its target: a table, and plots of what it comes from.
//! They are counted on the journal's own thread.

mod plots;

use super::panels::table::{self, Column, column, numbers};
use super::panels::{Aside, grid};
use super::theme::STEP;
use super::widgets::{tell, text};
use super::words::{self, say};
use super::{Frame, fonts, wake};
use crate::engine::figures::{ENOUGH, Figures as Counted, Measure, Standing};
use crate::historian::journal::ask::{Answer, Pending};
use crate::time::{Span, Utc};
use eframe::egui::{
    Align, Button, Context, Layout, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use fonts::size;

/// Counted anew when so much time went by: a long period costs more, and changes less.
fn again(length_secs: i64) -> Span {
    Span::from_secs((length_secs / 5_000).clamp(60, 900))
}

/// Height of a row of the table.
const ROW: f32 = 23.0;
/// Below this width the plots stand under the table.
const WIDE: f32 = 860.0;
/// Height of the plots together, where they stand under the table.
const PLOTS: f32 = 560.0;

/// Periods that end now.
const PERIODS: [(&str, i64); 5] = [
    ("8 hours", 8 * 3_600),
    ("1 day", 86_400),
    ("1 week", 7 * 86_400),
    ("30 days", 30 * 86_400),
    ("1 year", 365 * 86_400),
];

const COLUMNS: [Column; 4] = [
    column("Figure", 204.0, 1.0, 100),
    numbers("Counted", 58.0, 99),
    column("Target", 100.0, 0.4, 95),
    column("", 78.0, 0.0, 90),
];

/// What the view remembers.
#[derive(Debug)]
pub struct Figures {
    period: usize,
    /// The period and the instant that were asked for.
    asked: Option<(usize, Utc)>,
    pending: Option<Pending<Counted>>,
    shown: Option<Answer<Counted>>,
}

impl Default for Figures {
    fn default() -> Self {
        Self { period: 3, asked: None, pending: None, shown: None }
    }
}

impl Figures {
    fn follow(&mut self, ctx: &Context, frame: &Frame<'_>) {
        let Some(journal) = frame.journal else { return };
        let now = frame.snapshot.now.utc;
        let length = PERIODS.get(self.period).map_or(86_400, |(_, secs)| *secs);
        let is_due = self.asked.is_none_or(|(period, at)| period != self.period || now - at >= again(length));
        if is_due && (self.pending.is_none() || self.asked.is_some_and(|(period, _)| period != self.period)) {
            let from = now + Span::from_secs(-length);
            self.pending = Some(journal.figures(from, now, wake::on_answer(ctx)));
            self.asked = Some((self.period, now));
        }
        if let Some(answer) = self.pending.as_ref().and_then(Pending::take) {
            self.shown = Some(answer);
            self.pending = None;
        }
    }

    /// The view over the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        self.follow(ui.ctx(), frame);
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let counting = if self.pending.is_some() { "counting…" } else { "" };
        let inner = grid::chrome(ui, rect, say::FIGURES, &Aside::quiet(counting.to_owned()), frame.theme);
        let head = inner.with_max_y(inner.top() + 30.0);
        ui.scope_builder(
            UiBuilder::new().max_rect(head).layout(Layout::left_to_right(Align::Center)).id_salt("periods"),
            |ui| self.periods_ui(ui),
        );
        let body = Rect::from_min_max(pos2(inner.left(), head.bottom() + STEP), inner.max);
        if frame.journal.is_none() {
            grid::say(ui, body, "This window has no journal of this plant", frame.theme);
            return;
        }
        match &self.shown {
            None => grid::say(ui, body, "Counting…", frame.theme),
            Some(Err(why)) => grid::say(ui, body, &format!("The journal cannot be read: {why}"), frame.theme),
            Some(Ok(figures)) => figures_ui(ui, body, frame, figures),
        }
    }

    fn periods_ui(&mut self, ui: &mut Ui) {
        for (index, (words, _)) in PERIODS.iter().enumerate() {
            let chosen = self.period == index;
            let button = ui.add(Button::selectable(chosen, *words));
            button.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Figures of {words}")));
            if button.clicked() {
                self.period = index;
                ui.ctx().request_repaint();
            }
        }
    }
}

fn figures_ui(ui: &mut Ui, rect: Rect, frame: &Frame<'_>, figures: &Counted) {
    let line = rect.with_max_y(rect.top() + 20.0);
    text::paint(
        ui.painter(),
        line,
        eframe::egui::Align2::LEFT_CENTER,
        summary(frame, figures),
        fonts::regular(size::BODY),
        frame.theme.muted,
    );
    let body = rect.with_min_y(line.bottom() + STEP);
    let measures = figures.measures();
    let table_height = 20.0 + measures.len() as f32 * ROW + STEP;
    if body.width() >= WIDE {
        let left = body.with_max_x(body.left() + (body.width() * 0.48).clamp(486.0, 620.0));
        ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("table"), |ui| {
            grid::plain_scrolling(ui);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let (area, _) = ui.allocate_exact_size(vec2(ui.available_width() - 10.0, table_height), Sense::hover());
                table_ui(ui, area, frame, &measures);
            });
        });
        plots::ui(ui, body.with_min_x(left.right() + 5.0 * STEP), frame, figures);
        return;
    }
    ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("figures"), |ui| {
        grid::plain_scrolling(ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = ui.available_width() - 10.0;
            let (area, _) = ui.allocate_exact_size(vec2(width, table_height + 4.0 * STEP), Sense::hover());
            table_ui(ui, area, frame, &measures);
            let (area, _) = ui.allocate_exact_size(vec2(width, PLOTS), Sense::hover());
            plots::ui(ui, area, frame, figures);
        });
    });
}

fn summary(frame: &Frame<'_>, figures: &Counted) -> String {
    let now = frame.snapshot.now.utc;
    let time = |at| words::instant(at, now, frame.zone);
    let count = figures.annunciated;
    let alarms = format!("{} {} annunciated", words::count(count), if count == 1 { "alarm" } else { "alarms" });
    let short = if figures.length() < ENOUGH { "; a month says more" } else { "" };
    // Beside a date a time of day alone would be of that day.
    let is_of_today = !time(figures.from).contains(' ');
    let to = if is_of_today { time(figures.to) } else { words::date_and_time(figures.to, frame.zone) };
    format!("{} to {to}: {alarms}, counted for one operator{short}", time(figures.from))
}

/// A figure as it is shown.
fn number(value: f64, percent: bool) -> String {
    if percent {
        format!("{} %", words::number(value * 100.0, Some(1)))
    } else {
        words::number(value, Some(u8::from(value.fract() != 0.0)))
    }
}

fn target(measure: &Measure) -> String {
    match (measure.target, measure.limit) {
        (None, _) => String::new(),
        (Some(target), _) if measure.name == "Low" => format!("about {}", number(target, true)),
        (Some(0.0), None) => "none".to_owned(),
        (Some(target), None) => format!("at most {}", number(target, measure.percent)),
        (Some(target), Some(limit)) => format!("{}, at most {}", number(target, false), number(limit, false)),
    }
}

const fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Told => "",
        Standing::Met => "✓ met",
        Standing::Manageable => "manageable",
        Standing::Missed => "✗ missed",
    }
}

fn table_ui(ui: &Ui, rect: Rect, frame: &Frame<'_>, measures: &[Measure]) {
    let theme = frame.theme;
    let places = table::places(&COLUMNS, rect.width());
    let painter = ui.painter();
    table::heads(painter, rect.with_max_y(rect.top() + 18.0), &COLUMNS, &places, theme);
    for (index, measure) in measures.iter().enumerate() {
        let top = rect.top() + 20.0 + index as f32 * ROW;
        let row = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + ROW));
        let standing = measure.standing();
        let spread = matches!(measure.name, "Critical" | "High" | "Medium" | "Low");
        let name = if spread { format!("Priority {}", measure.name.to_lowercase()) } else { measure.name.to_owned() };
        let value = number(measure.value, measure.percent);
        let missed = standing == Standing::Missed;
        // Where there is no room for the word, its sign stands beside the number.
        let value = if missed && places[3].is_none() { format!("✗ {value}") } else { value };
        let font = if missed { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
        let cells = [
            (name.as_str(), theme.text),
            (value.as_str(), theme.text),
            (&target(measure), theme.muted),
            (standing_words(standing), if missed { theme.text } else { theme.muted }),
        ];
        for (column, (words, ink)) in cells.into_iter().enumerate() {
            if let Some(place) = places[column] {
                let font = if column == 1 || column == 3 { font.clone() } else { fonts::regular(size::BODY) };
                text::paint(painter, table::cell(row, place), table::align(&COLUMNS[column]), words, font, ink);
            }
        }
        painter.hline(row.x_range(), row.bottom() - 0.5, theme.border());
        let response = ui.interact(row, ui.scope_id().with(("figure", index)), Sense::hover());
        let beside = target(measure);
        tell(&response, Role::Row, &name, || {
            let parts = [value.clone(), beside.clone(), standing_words(standing).to_owned()];
            parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
        });
    }
}
