//! Find and replace: every change is seen before it is made, and each may be left out.

use super::answers_ui;
use super::sheets::{SheetKind, name_of};
use crate::project::edit::{Draft, Hit, Search};
use crate::ui::dialogs;
use crate::ui::dialogs::sheet_ui;
use crate::ui::fonts;
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{Id, RichText, Role, ScrollArea, TextEdit, TextWrapMode, Ui, WidgetInfo};
use std::collections::BTreeSet;

/// Most places that are listed; beyond it is told how many there are.
const MOST_LISTED: usize = 5_000;

/// The dialog.
#[derive(Debug, Default)]
pub struct Replace {
    search: Search,
    becomes: String,
    /// In every sheet, not in the one that is seen alone.
    everywhere: bool,
    hits: Vec<Hit>,
    of: Option<(u64, Search, String)>,
    /// Places that are left as they are.
    left: BTreeSet<usize>,
    was_seen: bool,
}

/// What came of a frame.
#[derive(Debug)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// It was closed.
    Close,
    /// These are to be changed.
    Replace(Vec<Hit>),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Close,
    Replace,
}

impl Replace {
    /// The dialog's frame.
    pub fn ui(&mut self, ui: &Ui, theme: &Theme, draft: &Draft, sheet: SheetKind) -> Outcome {
        let mut answer = None;
        let open = sheet_ui(ui, theme, "Find and replace", |ui| {
            let first = field_ui(ui, "Find", &mut self.search.find);
            field_ui(ui, "Replace by", &mut self.becomes);
            if !std::mem::replace(&mut self.was_seen, true) {
                first.request_focus();
            }
            ui.horizontal_wrapped(|ui| {
                ui.checkbox(&mut self.search.match_case, "Match case");
                ui.checkbox(&mut self.search.whole, "Whole cells");
                ui.checkbox(&mut self.everywhere, "In all sheets");
            });
            self.search.kinds = if self.everywhere { Vec::new() } else { vec![sheet.entity()] };
            self.look(draft);
            ui.add_space(STEP);
            let kept = self.hits.len() - self.left.len();
            let words = match self.hits.len() {
                0 if self.search.find.is_empty() => String::new(),
                0 => "Not found".to_owned(),
                1 => "1 place".to_owned(),
                many if many > MOST_LISTED => format!("{many} places, of which the first {MOST_LISTED} are listed"),
                many => format!("{many} places"),
            };
            ui.label(RichText::new(words).color(theme.muted));
            let height = (dialogs::room(ui.ctx()).y - 330.0).max(80.0);
            let rows = self.hits.len().min(MOST_LISTED);
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show_rows(
                ui,
                22.0,
                rows,
                |ui, seen| {
                    // A row is one line; what is longer is told by the pointer.
                    ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
                    for nth in seen {
                        let Some(hit) = self.hits.get(nth) else { continue };
                        let words = format!("{}, {}: {} → {}", name_of(draft, hit.of), hit.key, hit.before, hit.after);
                        let mut kept = !self.left.contains(&nth);
                        if ui.checkbox(&mut kept, &words).on_hover_text(&words).changed() {
                            if kept {
                                self.left.remove(&nth);
                            } else {
                                self.left.insert(nth);
                            }
                        }
                    }
                },
            );
            ui.add_space(2.0 * STEP);
            let label = if kept == 1 { "Replace in 1 place".to_owned() } else { format!("Replace in {kept} places") };
            answer = answers_ui(ui, &[(label.as_str(), kept > 0, Answer::Replace), ("Cancel", true, Answer::Close)]);
        });
        match answer {
            Some(Answer::Replace) => {
                let hits = std::mem::take(&mut self.hits);
                let kept = hits.into_iter().enumerate().filter(|(nth, _)| !self.left.contains(nth));
                Outcome::Replace(kept.map(|(_, hit)| hit).collect())
            }
            None if open => Outcome::Open,
            Some(Answer::Close) | None => Outcome::Close,
        }
    }

    /// Looks anew where something is another.
    fn look(&mut self, draft: &Draft) {
        let of = (draft.version(), self.search.clone(), self.becomes.clone());
        if self.of.as_ref() != Some(&of) {
            self.hits = draft.find(&self.search, &self.becomes);
            self.hits.retain(|hit| hit.before != hit.after);
            self.left.clear();
            self.of = Some(of);
        }
    }
}

fn field_ui(ui: &mut Ui, label: &str, text: &mut String) -> eframe::egui::Response {
    ui.label(fonts::bold(label));
    let response = ui.add(TextEdit::singleline(text).id(Id::unique(label)).desired_width(f32::INFINITY));
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, label)
    });
    response
}
