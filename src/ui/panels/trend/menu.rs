//! What can be done with a trend besides moving it: behind a right click on the plot, and behind a button.

use super::super::Cx;
use super::added::{Added, MOST_PENS};
use super::compare::Compare;
use super::cursors::Cursors;
use super::legend::Choice;
use super::range::Window;
use super::{Pen, legend};
use crate::engine::{Mode, Value};
use crate::historian::export::{Exporter, FileFormat, Of, RowKind};
use crate::historian::history::Sample;
use crate::project::DataType;
use crate::time::Utc;
use crate::ui::keep::{Picture, Table};
use crate::ui::widgets::pen::View;
use crate::ui::{Action, Outbox, widgets};
use eframe::egui::{Button, Id, Popup, Rect, Response, Role, Ui, WidgetInfo, vec2};

/// What the menu may change.
#[derive(Debug)]
pub struct Choices<'a> {
    /// What is shown.
    pub window: &'a mut Option<Window>,
    /// With what it is compared.
    pub compare: &'a mut Option<Compare>,
    /// For the time from a cursor on.
    pub cursors: &'a Cursors,
    /// What was chosen of the pens.
    pub choice: &'a mut Choice,
    /// Pens added by hand.
    pub added: &'a mut Added,
}

/// The menu of this trend.
pub fn ui(
    ui: &Ui,
    plot: &Response,
    view: &View,
    cx: &Cx<'_>,
    name: &str,
    pens: &[Pen<'_>],
    mut choices: Choices<'_>,
    out: &mut Outbox,
) {
    let trend = ui.scope_id();
    let _shown = plot.context_menu(|ui| entries_ui(ui, trend, view, cx, pens, &mut choices, out));
    let corner = vec2(30.0, legend::LINE);
    let rect = Rect::from_min_size(cx.rect.max - corner, corner);
    if !super::Layout::has_menu(cx.rect) {
        return;
    }
    let button = widgets::button(ui, rect, ui.scope_id().with("menu"), "…", &format!("Menu of {name}"), &cx.brush());
    let _shown = Popup::menu(&button).show(|ui| entries_ui(ui, trend, view, cx, pens, &mut choices, out));
}

fn entries_ui(
    ui: &mut Ui,
    trend: Id,
    view: &View,
    cx: &Cx<'_>,
    pens: &[Pen<'_>],
    choices: &mut Choices<'_>,
    out: &mut Outbox,
) {
    ui.set_min_width(230.0);
    let entry = |ui: &mut Ui, words: &str, keys: &str, hint: &str| {
        let button = ui.add(Button::new(words).shortcut_text(keys).frame(false));
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, words));
        let pressed = button.on_hover_text(hint).clicked();
        if pressed {
            ui.close();
        }
        pressed
    };
    let back = match cx.frame.snapshot.mode {
        Mode::Bundle => "Back to the end",
        Mode::Rehearsal => "Back to the play",
        Mode::Live | Mode::Demo => "Back to live",
    };
    if entry(ui, back, "Home", "Over the time that the project says") {
        *choices.window = None;
    }
    ui.separator();
    if pens.len() < MOST_PENS && entry(ui, "Add a pen…", "", "Or drag a tag here from whatever shows it") {
        out.action(Action::ChoosePen(trend));
    }
    if !choices.added.names().is_empty()
        && super::written(cx) > 0
        && entry(ui, "Take off what was added", "", "The pens that the project gives it stay")
    {
        choices.added.clear(super::written(cx), choices.choice);
    }
    ui.separator();
    let before = choices.cursors.set().next().map(|at| view.from - at).filter(|by| by.0 > 0);
    let earlier = [Compare::Days(1), Compare::Days(7), Compare::Length];
    for compare in earlier.into_iter().chain(before.map(Compare::By)) {
        if entry(ui, &format!("Compare with {}", compare.words()), "", "Beneath each pen its pale twin") {
            *choices.compare = Some(compare);
        }
    }
    if choices.compare.is_some() && entry(ui, "Compare no longer", "", "Takes the twins away") {
        *choices.compare = None;
    }
    ui.separator();
    if entry(ui, "Save as a display…", "", "Its pens and its time, in the project's file") {
        out.action(super::save(cx, pens, choices.window.map_or(cx.panel.span, |w| w.span)));
    }
    if entry(ui, "Copy picture", "", "To the clipboard") {
        out.action(Action::TakePicture(Picture { of: pictured(ui, cx), name: None }));
    }
    let stem = || format!("trend {}", file_time(view.to));
    if entry(ui, "Save picture…", "", "As a PNG file") {
        out.action(Action::TakePicture(Picture { of: pictured(ui, cx), name: Some(format!("{}.png", stem())) }));
    }
    let hint = "The points that are drawn, each with its quality; every sample is written by the command export";
    if entry(ui, "Save what is shown as CSV…", "", hint) {
        match csv(cx, view, pens) {
            Ok(bytes) => out.action(Action::SaveTable(Table { name: format!("{}.csv", stem()), bytes: bytes.into() })),
            // Memory does not refuse.
            Err(error) => tracing::error!(%error, "a table could not be made"),
        }
    }
}

/// The panel with its frame. Of what is no plant the whole window: no picture goes without the words that say so.
fn pictured(ui: &Ui, cx: &Cx<'_>) -> [i32; 4] {
    let panel = cx.rect.expand2(vec2(10.0, 8.0)).with_min_y(cx.rect.top() - 30.0);
    let rect = if cx.frame.snapshot.mode == Mode::Live { panel } else { ui.ctx().content_rect() };
    [rect.left().floor() as i32, rect.top().floor() as i32, rect.right().ceil() as i32, rect.bottom().ceil() as i32]
}

/// For the name of a file: no colon, which some systems refuse.
fn file_time(at: Utc) -> String {
    at.to_rfc3339().get(..19).unwrap_or_default().replace(':', "-")
}

/// What is drawn of the pens that are not hidden, as `export` writes samples.
fn csv(cx: &Cx<'_>, view: &View, pens: &[Pen<'_>]) -> std::io::Result<Vec<u8>> {
    let now = cx.frame.snapshot.now.utc;
    let zone = Some(cx.frame.zone.clone());
    let mut exporter = Exporter::new(Vec::new(), FileFormat::Csv, RowKind::Samples, zone)?;
    for pen in pens.iter().filter(|p| !p.hidden) {
        let Some(reading) = &pen.reading else { continue };
        let unit = Some(reading.unit).filter(|unit| !unit.is_empty());
        for point in pen.known.within(view.from, view.to.min(now)) {
            let value = match reading.tag.data_type {
                DataType::Bool => Value::Bool(point.value != 0.0),
                _ => Value::F64(point.value),
            };
            let bad = point.quality.is_bad();
            let sample = Sample::new(point.time, (!bad).then_some(value), point.quality, None);
            exporter.sample(Of { tag: pen.name, unit }, &sample)?;
        }
    }
    exporter.finish()
}
