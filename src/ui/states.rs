//! The window while no plant runs: nothing open, opening, failed. Each state has its own words; never an empty grey.

use super::dialogs;
use super::theme::{STEP, Theme};
use super::words::say;
use super::{Action, Frame, Outbox, fonts};
use crate::link::Desk;
use crate::text::visible;
use eframe::egui::{Button, Label, Margin, RichText, Role, ScrollArea, Ui, vec2};
use fonts::size;
use std::path::PathBuf;

/// Everything that the states need to know.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// Projects opened lately.
    pub recent: &'a [PathBuf],
    /// A dialog is open already.
    pub dialog_open: bool,
    /// Something to be told.
    pub notice: Option<&'a str>,
}

/// The page for this state of the desk.
pub fn start_ui(ui: &mut Ui, desk: &Desk, start: Start<'_>, outbox: &mut Outbox) {
    let muted = start.theme.muted;
    let width = (ui.available_width() - 8.0 * STEP).clamp(220.0, 560.0);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space((ui.available_height() * 0.16).max(4.0 * STEP));
        ui.horizontal(|ui| {
            ui.add_space(((ui.available_width() - width) / 2.0).max(0.0));
            let frame = start.theme.panel_frame().inner_margin(Margin::same(28));
            frame.show(ui, |ui| {
                ui.vertical(|ui| {
                    ui.set_width(width - 56.0);
                    ui.spacing_mut().item_spacing.y = 2.0 * STEP;
                    let (title, words) = title(desk);
                    ui.add(Label::new(RichText::new(title).font(fonts::strong(size::VALUE))).wrap());
                    for line in words {
                        ui.add(Label::new(RichText::new(line).color(muted)).wrap().selectable(true));
                    }
                    if matches!(desk, Desk::Opening(_)) {
                        return;
                    }
                    if let Some(notice) = start.notice {
                        ui.add(Label::new(RichText::new(notice).font(fonts::strong(size::BODY))).wrap());
                    }
                    ui.add_space(2.0 * STEP);
                    buttons_ui(ui, start, outbox);
                    recent_ui(ui, start, outbox);
                })
            });
        });
    });
}

fn title(desk: &Desk) -> (String, Vec<String>) {
    match desk {
        Desk::Empty | Desk::Plant(_) => (
            "Nothing is being watched".to_owned(),
            vec!["Begin a project, open one, drop its file on this window, or look at the demo plant".to_owned()],
        ),
        Desk::Opening(what) => {
            (format!("Opening {}", visible(what)), vec!["Reading the project and its journal".to_owned()])
        }
        Desk::Failed { what, why } => {
            let lines = std::iter::once(what.as_str()).chain(why.lines());
            ("It could not be opened".to_owned(), lines.map(|line| visible(line).into_owned()).collect())
        }
    }
}

fn buttons_ui(ui: &mut Ui, start: Start<'_>, outbox: &mut Outbox) {
    ui.horizontal_wrapped(|ui| {
        let large = vec2(150.0, 34.0);
        let new = ui.add(Button::new("New project…").min_size(large));
        if new.on_hover_text("Ctrl+N: a device on the table becomes a plant in a few steps").clicked() {
            outbox.action(Action::NewProject);
        }
        let words = if start.dialog_open { "A dialog is open" } else { "Open project…" };
        if ui.add_enabled(!start.dialog_open, Button::new(words).min_size(large)).on_hover_text("Ctrl+O").clicked() {
            outbox.action(Action::ChooseProject);
        }
        let demo = ui.add(Button::new("Open the demo plant").min_size(large));
        if demo.on_hover_text("A pumping station that runs in this program; not a real plant").clicked() {
            outbox.action(Action::OpenDemo);
        }
        if ui.add(Button::new("Examples…").min_size(large)).on_hover_text("Projects to copy and to change").clicked()
        {
            outbox.action(Action::OpenExamples);
        }
    });
}

fn recent_ui(ui: &mut Ui, start: Start<'_>, outbox: &mut Outbox) {
    if start.recent.is_empty() {
        return;
    }
    ui.add_space(4.0 * STEP);
    ui.label(RichText::new("Opened lately").font(fonts::strong(size::BODY)));
    ui.spacing_mut().item_spacing.y = STEP;
    for path in start.recent {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let folder = path.parent().map(|p| p.display().to_string()).unwrap_or_default();
        ui.horizontal(|ui| {
            let button = ui.add(Button::new(&name).truncate()).on_hover_text(path.display().to_string());
            super::widgets::tell(&button, Role::Button, &format!("Open project {}", path.display()), String::new);
            if button.clicked() {
                outbox.action(Action::OpenProject(path.clone()));
            }
            ui.add(Label::new(RichText::new(folder).color(start.theme.muted)).truncate());
        });
    }
}

/// What could not be opened and why, each fault on a line of its own.
pub fn refused_ui(ui: &mut Ui, theme: &Theme, what: &str, why: &str) {
    let height = (dialogs::room(ui.ctx()).y - 130.0).max(60.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.add(Label::new(visible(what)).wrap().selectable(true));
        for line in why.lines() {
            ui.add(Label::new(RichText::new(visible(line)).color(theme.muted)).wrap().selectable(true));
        }
    });
}

/// What a person should know of the journal, above the display until they close it; `true`: they did.
pub fn notices_ui(ui: &mut Ui, frame: &Frame<'_>) -> bool {
    let mut closed = false;
    let height = ui.ctx().content_rect().height() * 0.3;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            let room = (ui.available_width() - 80.0).max(120.0);
            ui.vertical(|ui| {
                ui.set_width(room);
                for notice in &frame.about.notices {
                    let words = visible(notice).into_owned();
                    let label = ui.add(Label::new(RichText::new(format!("⚠ {words}"))).wrap().selectable(true));
                    super::widgets::tell(&label, Role::Alert, "Notice of the journal", || words.clone());
                }
            });
            let close = ui.button(say::CLOSE).on_hover_text("Stays in the list of the project's faults");
            super::widgets::tell(&close, Role::Button, "Close notices", String::new);
            closed = close.clicked();
        });
    });
    closed
}

/// The question before the window closes: what stands.
pub fn standing(name: &str, counts: [u32; 4]) -> String {
    let parts: Vec<String> = crate::project::Priority::ALL
        .into_iter()
        .filter(|p| counts[*p as usize] > 0)
        .map(|p| super::words::priority_count(p, counts[p as usize]))
        .collect();
    let total: u32 = counts.iter().sum();
    let verb = if total == 1 { "stands" } else { "stand" };
    let name = if name.is_empty() { say::PROGRAM } else { name };
    format!("Stop watching {name}? {} {verb}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_before_closing_says_what_stands() {
        assert_eq!(standing("Riverside", [1, 0, 0, 0]), "Stop watching Riverside? 1 critical stands");
        assert_eq!(standing("Riverside", [1, 0, 3, 0]), "Stop watching Riverside? 1 critical, 3 medium stand");
    }
}
