//! What templates make, as rows of the sheets: seen, found and told of their faults where the ordinary ones are, and changed
//! where they come from.

use super::grid::Wish;
use super::sheets::SheetKind;
use super::uses::Uses;
use super::{Editor, Page, Rows, SMALL, State};
use crate::project::Place;
use crate::project::edit::{EntityId, PlaceFinder};
use crate::project::file::WrittenOut;
use crate::ui::fonts;
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{Button, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// All of one reading.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// Another after every reading that made others.
    turn: u64,
    tags: Vec<MadeRow>,
    alarms: Vec<MadeRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeRow {
    /// What it says.
    pub written: Arc<WrittenOut>,
    /// By what it is known in every reading.
    pub known_by: u64,
    /// Where it stands in its template.
    pub at: Option<EntityId>,
    /// The use that makes it, and which of its list that is.
    pub used: Option<(EntityId, usize)>,
}

impl Made {
    /// Another after every reading that made others; 0 while nothing was ever made.
    pub const fn turn(&self) -> u64 {
        self.turn
    }

    /// Those that are rows of a sheet.
    pub fn of(&self, sheet: SheetKind) -> &[MadeRow] {
        match sheet {
            SheetKind::Tags => &self.tags,
            SheetKind::Alarms => &self.alarms,
            _ => &[],
        }
    }

    /// Whether a template makes a tag of this name.
    pub fn has_tag(&self, name: &str) -> bool {
        self.tags.iter().any(|made| made.written.name.eq_ignore_ascii_case(name))
    }

    /// The same after a reading of this draft.
    #[must_use]
    pub fn followed(self, written: &[Arc<WrittenOut>], places: Option<&PlaceFinder<'_>>) -> Self {
        let Some(places) = places else {
            let turn = self.turn + u64::from(!(self.tags.is_empty() && self.alarms.is_empty()));
            return Self { turn, ..Self::default() };
        };
        let mut at: HashMap<Place, Option<EntityId>> = HashMap::new();
        let mut used: HashMap<Place, (EntityId, usize)> = HashMap::new();
        let (mut tags, mut alarms) = (Vec::new(), Vec::new());
        for one in written {
            let at = *at.entry(one.place).or_insert_with(|| places.key_at(one.place).map(|(id, _)| id));
            let place = one.origin.place;
            if !used.contains_key(&place)
                && let Some((id, _)) = places.key_at(place)
            {
                let items = places.items_of(id, "with").into_iter().enumerate();
                used.extend(items.map(|(nth, place)| (place, (id, nth))));
            }
            let mut hasher = DefaultHasher::new();
            (&one.name, &one.origin.template, &one.origin.of).hash(&mut hasher);
            let known_by = hasher.finish();
            let row = MadeRow { written: Arc::clone(one), known_by, at, used: used.get(&place).copied() };
            if one.is_alarm { alarms.push(row) } else { tags.push(row) }
        }
        if (&tags, &alarms) == (&self.tags, &self.alarms) {
            return self;
        }
        Self { turn: self.turn + 1, tags, alarms }
    }
}

/// Where a person wants to go from something that a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Template,
    Use,
}

impl Editor {
    /// What the cursor is on, where a template makes it.
    pub(super) fn made_row(&self) -> Option<MadeRow> {
        let (view, grid) = self.sheets.get(self.sheet.title()).filter(|_| self.page == Page::Sheet)?;
        let State::Open(draft) = &self.state else { return None };
        let rows = Rows { kind: self.sheet, draft, judged: &self.judged, view };
        rows.made(grid.selection.cursor.row).cloned()
    }

    /// The form of something that a template makes: what it says, and the ways to where that is said.
    pub(super) fn made_ui(&mut self, ui: &mut Ui, theme: &Theme, row: &MadeRow) {
        let WrittenOut { name, keys, origin, .. } = row.written.as_ref();
        let mut to = None;
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.add(Label::new(fonts::bold(name)).wrap());
            if let Some(faults) = self.judged.fault_of_made(row, None) {
                let label = ui.add(Label::new(RichText::new(&faults).color(theme.text)).wrap());
                label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("Fault of {name}: {faults}")));
            }
            let words = format!("It comes from template {}", origin.words());
            ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
            ui.add_space(STEP);
            for (words, wish, is_there) in [
                (format!("Change it in template {}", origin.template), To::Template, row.at.is_some()),
                (format!("Change what {} gives it", origin.of), To::Use, row.used.is_some()),
            ] {
                let button = ui.add_enabled(is_there, Button::new(&words).truncate());
                button.widget_info(|| WidgetInfo::labeled(Role::Button, is_there, words.as_str()));
                if button.clicked() {
                    to = Some(wish);
                }
            }
            ui.add_space(STEP);
            for (key, said) in keys {
                ui.label(RichText::new(key).font(fonts::regular(SMALL)).color(theme.muted));
                let label = ui.add(Label::new(RichText::new(said).color(theme.text)).wrap());
                label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{key} of {name}: {said}")));
            }
        });
        match to {
            Some(To::Template) => {
                let column = self.column();
                if let Some(id) = row.at {
                    self.go_to(id, &column);
                }
            }
            Some(To::Use) => self.go_to_use(row.used),
            None => {}
        }
    }

    /// The key of the column that has the cursor.
    fn column(&self) -> String {
        let Some((view, grid)) = self.sheets.get(self.sheet.title()) else { return String::new() };
        view.keys.get(grid.selection.cursor.column).map(|key| (*key).to_owned()).unwrap_or_default()
    }

    /// Shows a use in its sheet.
    pub(super) fn go_to_use(&mut self, used: Option<(EntityId, usize)>) {
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let row = used.and_then(|(of, nth)| self.uses.row_of(of, nth));
        self.go_to_use_row(row);
    }

    /// Uses a template once more, for something new, and shows that.
    pub(super) fn use_template(&mut self, template: EntityId) {
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let Some(name) = draft.shown(template, &"name".into()) else { return };
        let (words, edits) = match self.uses.last_of(&name) {
            Some(row) => match self.uses.edits(&Wish::Add(row)) {
                Ok(made) => made,
                Err(why) => return self.said = Some(why),
            },
            None => (format!("Use template {name}"), vec![Uses::first(draft, &name)]),
        };
        self.edit_as(Some(&words), None, &edits);
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let row = self.uses.last_of(&name);
        self.go_to_use_row(row);
    }

    /// Whether there is anything that a template makes, for the switch above a sheet.
    pub(super) fn makes_any(&self) -> bool {
        !self.judged.made.of(self.sheet).is_empty()
    }
}
