//! What lies over a sheet: one dialog at a time, and what its answer leads to.

use super::acts::Act;
use super::judge::Judged;
use super::review::Wanted;
use super::{Editor, Over, State, replace, review};
use crate::link::EditJob;
use crate::project::Severity;
use crate::project::edit::EntityId;
use crate::ui::Frame;
use crate::ui::dialogs;
use crate::ui::dialogs::sheet_ui;
use crate::ui::theme::Theme;
use eframe::egui::{Button, Label, RichText, ScrollArea, Ui};

impl Editor {
    /// What lies over the sheet.
    pub(super) fn over_ui(&mut self, ui: &Ui, frame: &Frame<'_>) {
        let over = std::mem::take(&mut self.over);
        let State::Open(draft) = &self.state else { return };
        let theme = frame.theme;
        self.over = match over {
            Over::Nothing => Over::Nothing,
            Over::Review(review) => match review.ui(ui, theme, &self.judged, self.is_busy()) {
                review::Outcome::Open => Over::Review(review),
                review::Outcome::Close => Over::Nothing,
                review::Outcome::Apply => {
                    self.save(true);
                    Over::Review(review)
                }
            },
            Over::Replace(mut replace) => match replace.ui(ui, theme, draft, self.sheet) {
                replace::Outcome::Open => Over::Replace(replace),
                replace::Outcome::Close => Over::Nothing,
                replace::Outcome::Replace(hits) => {
                    self.act(ui.ctx(), Act::Replace(hits));
                    Over::Nothing
                }
            },
            Over::Faults => {
                let mut go_to = None;
                let open = sheet_ui(ui, theme, "Faults of the draft", |ui| {
                    go_to = faults_ui(ui, theme, &self.judged);
                });
                if let Some((id, key)) = go_to {
                    self.go_to(id, &key);
                    Over::Nothing
                } else if open {
                    Over::Faults
                } else {
                    Over::Nothing
                }
            }
            Over::Found(found) => match review::found_ui(ui, theme, &found) {
                None => Over::Found(found),
                Some(review::Taken::Up) => return self.act(ui.ctx(), Act::TakeUp(found)),
                Some(review::Taken::Later) => Over::Nothing,
                Some(review::Taken::Never) => {
                    if let (Some(link), Some(path)) = (&self.link, &self.path) {
                        self.said = link.ask(EditJob::GiveUp(path.clone())).err();
                    }
                    Over::Nothing
                }
            },
            Over::Earlier(earlier) => match earlier.ui(ui, frame) {
                Ok(None) => Over::Earlier(earlier),
                Ok(Some(chosen)) => {
                    self.read_earlier(vec![chosen], true);
                    Over::Nothing
                }
                Err(()) => Over::Nothing,
            },
            Over::Changed(mut changed) => match changed.ui(ui, theme) {
                None => Over::Changed(changed),
                Some(Wanted::Later) => Over::Nothing,
                Some(Wanted::Merge) => return self.act(ui.ctx(), Act::Merge(changed)),
            },
        };
    }
}

/// The list; a press goes to the field.
fn faults_ui(ui: &mut Ui, theme: &Theme, judged: &Judged) -> Option<(EntityId, String)> {
    let mut go_to = None;
    ui.label(RichText::new("A press leads to the field").color(theme.muted));
    let height = (dialogs::room(ui.ctx()).y - 210.0).max(120.0);
    let row = 40.0;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show_rows(
        ui,
        row,
        judged.issues.len(),
        |ui, rows| {
            for nth in rows {
                let Some(issue) = judged.issues.get(nth) else { continue };
                let kind = if issue.severity == Severity::Error { "fault" } else { "warning" };
                let words = format!("{kind}, line {}: {}", issue.place.line, issue.message);
                let response = ui
                    .scope(|ui| {
                        ui.set_height(row - 6.0);
                        ui.spacing_mut().item_spacing.y = 0.0;
                        let press = ui.add(Button::new(RichText::new(&words)).truncate().frame(false));
                        let mend = [issue.subject.as_str(), &issue.mend];
                        let mend = mend.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(": ");
                        ui.add(Label::new(RichText::new(mend).color(theme.muted)).truncate());
                        press
                    })
                    .inner;
                if response.on_hover_text(issue.to_string()).clicked() {
                    go_to = judged.entity_of(nth).map(|(id, key)| (id, key.to_owned()));
                }
            }
        },
    );
    go_to
}
