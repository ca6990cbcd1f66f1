//! The faults of the project, in the window instead of a refusal to open: each with its line, what is wrong, and what
//! would mend it. What is not at fault runs.

use super::dialogs;
use super::theme::{LINE, STEP};
use super::words;
use super::{Frame, fonts};
use crate::project::{Issue, Severity};
use crate::text::visible;
use eframe::egui::{Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use fonts::size;
use std::fmt::Write as _;

/// The list.
pub fn faults_ui(ui: &mut Ui, frame: &Frame<'_>) {
    let about = frame.about;
    let muted = frame.theme.muted;
    for notice in &about.notices {
        ui.add(Label::new(format!("⚠ {}", visible(notice))).wrap().selectable(true));
        ui.add_space(2.0 * STEP);
    }
    let unwatched = frame.snapshot.plan.unwatched_alarms;
    let path = about.path.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    if about.issues.is_empty() {
        ui.label("The project has no faults");
    } else {
        let errors = about.issues.iter().filter(|i| i.severity == Severity::Error).count();
        ui.label(
            RichText::new(summary(
                errors,
                about.issues.len() - errors,
                unwatched,
                !frame.snapshot.plan.tags.is_empty(),
            ))
            .font(fonts::strong(size::BODY)),
        );
        if !path.is_empty() {
            ui.add(Label::new(RichText::new(&path).color(muted)).wrap().selectable(true));
        }
    }
    ui.add_space(2.0 * STEP);
    let height = (dialogs::room(ui.ctx()).y - 190.0).max(3.0 * 18.0 + 3.0 * STEP);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show_rows(
        ui,
        // Three lines each: where, what, mend.
        3.0 * 18.0 + 3.0 * STEP,
        about.issues.len(),
        |ui, rows| {
            for issue in about.issues.get(rows).unwrap_or_default() {
                issue_ui(ui, frame, issue);
            }
        },
    );
}

/// In one sentence.
fn summary(errors: usize, warnings: usize, unwatched: u32, something_runs: bool) -> String {
    let count =
        |n: usize, one: &str, many: &str| format!("{} {}", words::count(n as u64), if n == 1 { one } else { many });
    let mut text = count(errors, "fault", "faults");
    if warnings > 0 {
        let _written = write!(text, ", {}", count(warnings, "warning", "warnings"));
    }
    if unwatched > 0 {
        let _written = write!(text, "; {} not watched", count(unwatched as usize, "alarm is", "alarms are"));
    }
    text.push_str(if something_runs { "; the rest runs" } else { "; nothing runs" });
    text
}

fn issue_ui(ui: &mut Ui, frame: &Frame<'_>, issue: &Issue) {
    let muted = frame.theme.muted;
    let place = if issue.place.line == 0 {
        "whole file".to_owned()
    } else {
        format!("line {}, column {}", issue.place.line, issue.place.column)
    };
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_height(3.0 * 18.0 + 2.0 * STEP);
            ui.horizontal(|ui| {
                ui.label(RichText::new(issue.severity.to_string()).font(fonts::strong(size::BODY)));
                ui.label(RichText::new(place).color(muted));
                ui.label(RichText::new(&issue.subject).font(fonts::strong(size::BODY)));
            });
            ui.add(Label::new(RichText::new(&issue.message)).truncate().selectable(true)).on_hover_text(&issue.message);
            if !issue.mend.is_empty() {
                ui.add(
                    Label::new(RichText::new(format!("Mend: {}", issue.mend)).color(muted)).truncate().selectable(true),
                )
                .on_hover_text(&issue.mend);
            }
            ui.painter().hline(ui.max_rect().x_range(), ui.max_rect().bottom(), (LINE, frame.theme.line));
        })
        .response;
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, issue.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_many_and_that_the_rest_runs() {
        assert_eq!(summary(1, 0, 0, true), "1 fault; the rest runs");
        assert_eq!(summary(1, 0, 0, false), "1 fault; nothing runs");
        assert_eq!(summary(3, 2, 1, true), "3 faults, 2 warnings; 1 alarm is not watched; the rest runs");
        assert_eq!(summary(0, 1, 4, true), "0 faults, 1 warning; 4 alarms are not watched; the rest runs");
    }
}
