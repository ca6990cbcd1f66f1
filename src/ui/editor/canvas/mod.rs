//! A display of the draft as it will be, live, with its panels in the hand: chosen, moved, pulled, put in order, copied.
//!
//! ```text
//! scene  the panels as the reader reads them      place  places on the grid, as numbers
//! area   what is painted, and the pointer         keys   keys and clipboard
//! bar    buttons above, and the menu of a panel   kinds  what a new panel is made of
//! tags   the draft's tags, to be dropped on it
//! ```
//!
//! Invariant: nothing here acts on the plant: panels are shown with what is true now, and take no press.
//! Invariant: one drag is one edit of the text, and one step of undo.

mod area;
mod bar;
mod keys;
mod kinds;
pub mod place;
pub mod scene;
mod tags;

use super::judge::Judged;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Value};
use crate::ui::Frame;
use crate::ui::panels::index::AlarmIndex;
use area::Grab;
use eframe::egui::{Context, Id, Label, Memory, RichText, Ui};
use place::{Align, At};
use scene::{Item, Scene, place_written};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a person wants of the draft.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Edits as one step of this name, or as more of the step before where that has the same group.
    Edit {
        /// What undo calls it.
        name: String,
        /// Of steps that are one.
        group: Option<u64>,
        /// What is done.
        edits: Vec<Edit>,
    },
    /// There is something to say.
    Say(String),
    /// The fields of what is chosen are to have the keys.
    Fields,
    /// What this use of a template is given is to be shown, for what it is called by.
    Use(EntityId, String),
}

/// What the canvas remembers.
#[derive(Debug, Default)]
pub struct Canvas {
    /// Which display; of another draft it is none of it.
    display: Option<EntityId>,
    scene: Scene,
    alarms: AlarmIndex,
    /// Panels in the order in which they were chosen: the last leads.
    chosen: Vec<EntityId>,
    grab: Option<Grab>,
    /// The panel that had the keys in the last frame.
    focused: Option<EntityId>,
    /// The keys are to come here.
    wants_focus: bool,
    /// How high a row is, and for which room: what is moved down makes the others no lower.
    row: Option<(Row, f32)>,
    /// The list of tags beside it.
    found: tags::Found,
}

/// What the height of a row was worked out for.
type Row = (EntityId, [i32; 2]);

/// The place that has the keys while no panel has.
fn ground_id() -> Id {
    Id::unique("canvas of the editor")
}

fn item_id(id: EntityId) -> Id {
    ground_id().with(id)
}

impl Canvas {
    /// Shows the display of this name, if the draft has it, with nothing chosen.
    pub fn show(&mut self, draft: &Draft, name: &str) {
        self.go_to(draft.named(EntityKind::Display, name));
    }

    /// Shows this display, with nothing chosen.
    pub fn go_to(&mut self, display: Option<EntityId>) {
        if display.is_some() && display != self.display {
            self.display = display;
            self.chosen.clear();
            self.grab = None;
        }
    }

    /// Takes the keys.
    pub const fn focus(&mut self) {
        self.wants_focus = true;
    }

    /// Chooses these panels, such as those that have just come.
    pub fn choose(&mut self, ids: &[EntityId]) {
        self.chosen = ids.to_vec();
        self.focus();
    }

    /// The display that is shown.
    pub const fn display(&self) -> Option<EntityId> {
        self.display
    }

    /// What is chosen; the last leads.
    pub fn chosen(&self) -> &[EntityId] {
        &self.chosen
    }

    /// Whether the keys are here.
    pub fn has_focus(&self, ctx: &Context) -> bool {
        let focused = ctx.memory(Memory::focused);
        focused.is_some_and(|id| id == ground_id() || self.scene.items.iter().any(|item| item_id(item.id) == id))
    }

    /// The display that is shown: the one that was, as long as the draft has it, else its first.
    fn settle(&mut self, draft: &Draft) -> Option<EntityId> {
        let is_there = |id: EntityId| draft.index().block(id).is_some_and(|block| block.kind == EntityKind::Display);
        if !self.display.is_some_and(is_there) {
            let first = draft.index().blocks().iter().find(|block| block.kind == EntityKind::Display);
            self.display = first.map(|block| block.id);
            self.chosen.clear();
        }
        self.display
    }

    /// The whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, draft: &Draft, judged: &Judged) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let Some(display) = self.settle(draft) else {
            let words = "No displays yet: add one in the sheet of displays, then come back here";
            ui.label(RichText::new(words).color(frame.theme.muted));
            return wishes;
        };
        self.scene.follow(draft, display);
        self.alarms.follow(frame.snapshot);
        self.chosen.retain(|id| self.scene.items.iter().any(|item| item.id == *id));
        self.bar_ui(ui, frame, draft, &mut wishes);
        if self.scene.in_one_value {
            let words = "The panels of this display are written as one value: write each as [[display.panel]] with its \
                         keys below, and they can be moved here";
            ui.add(Label::new(words).wrap());
        }
        self.keys(ui, draft, &mut wishes);
        self.area_ui(ui, frame, draft, judged, &mut wishes);
        wishes
    }

    // ── what is chosen ───────────────────────────────────────────────────────────────────────

    fn is_chosen(&self, id: EntityId) -> bool {
        self.chosen.contains(&id)
    }

    /// Alone, or with `more` one more or one less.
    fn choose_one(&mut self, id: EntityId, more: bool) {
        let was = self.is_chosen(id);
        if more {
            self.chosen.retain(|other| *other != id);
            if !was {
                self.chosen.push(id);
            }
        } else {
            self.chosen = vec![id];
        }
    }

    /// What is chosen and has a place.
    fn placed(&self) -> (Vec<EntityId>, Vec<At>) {
        self.chosen.iter().filter_map(|id| Some((*id, self.scene.item(*id)?.at?))).unzip()
    }

    /// `panel “Tank 1”`, `3 panels`.
    fn in_words(&self, ids: &[EntityId]) -> String {
        match ids {
            [one] => self.scene.item(*one).map_or_else(|| "1 panel".to_owned(), Item::in_words),
            more => format!("{} panels", more.len()),
        }
    }

    // ── what is done with it ─────────────────────────────────────────────────────────────────

    /// Gives panels other places. `more_of`: what is done again and again is one step.
    fn put(&self, verb: &str, ids: &[EntityId], places: &[At], is_one_of_many: bool) -> Option<Wish> {
        let mut edits = Vec::new();
        let mut moved = Vec::new();
        for (id, at) in ids.iter().zip(places) {
            if self.scene.item(*id).is_some_and(|item| item.at != Some(*at)) {
                let value = Value::List(at.map(i64::from).map(Value::Whole).to_vec());
                edits.push(Edit::Set { of: *id, key: KeyPath::from("at"), value });
                moved.push(*id);
            }
        }
        if edits.is_empty() {
            return None;
        }
        let group = is_one_of_many.then(|| {
            let mut hasher = DefaultHasher::new();
            ("canvas", verb, ids).hash(&mut hasher);
            hasher.finish()
        });
        Some(Wish::Edit { name: format!("{verb} {}", self.in_words(&moved)), group, edits })
    }

    fn align(&self, how: Align) -> Option<Wish> {
        let (ids, places) = self.placed();
        let done = place::aligned(&places, places.len().saturating_sub(1), how, self.scene.columns);
        self.put(how.words(), &ids, &done, false)
    }

    /// Takes out what is chosen.
    pub fn removed(&self, verb: &str) -> Option<Wish> {
        let edits: Vec<Edit> = self.chosen.iter().map(|of| Edit::Remove { of: *of }).collect();
        let name = format!("{verb} {}", self.in_words(&self.chosen));
        (!edits.is_empty()).then_some(Wish::Edit { name, group: None, edits })
    }

    /// What is chosen once more, where there is room.
    pub fn duplicated(&self, draft: &Draft) -> Option<Wish> {
        let text = self.copied(draft)?;
        Some(self.inserted(&text, "Duplicate"))
    }

    /// The lines of what is chosen, in the file's order.
    fn copied(&self, draft: &Draft) -> Option<String> {
        let chosen = self.scene.items.iter().filter(|item| self.is_chosen(item.id));
        let texts: Vec<String> = chosen.map(|item| draft.text_of(item.id)).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// Puts in panels as they are written, where they cover nothing.
    fn inserted(&self, text: &str, verb: &str) -> Wish {
        let refused = || {
            let why = "Not pasted: what is in the clipboard is no panel; copy panels, or lines that begin with [[display.panel]]";
            Wish::Say(why.to_owned())
        };
        let Some(display) = self.display else { return refused() };
        let Ok(mut lines) = Draft::open(text.as_bytes()) else { return refused() };
        let blocks = lines.index().blocks().iter().skip(1);
        if blocks.clone().any(|block| !matches!(block.kind, EntityKind::Panel | EntityKind::Part)) {
            return refused();
        }
        let ids: Vec<EntityId> = blocks.filter(|block| block.kind == EntityKind::Panel).map(|block| block.id).collect();
        let at = |id: &EntityId| place_written(&lines, *id);
        let (movable, places): (Vec<EntityId>, Vec<At>) = ids.iter().filter_map(|id| Some((*id, at(id)?))).unzip();
        let free = place::free_for_all(&self.scene.places(), &places, self.scene.columns);
        let edits: Vec<Edit> = movable
            .into_iter()
            .zip(free)
            .map(|(of, at)| {
                let value = Value::List(at.map(i64::from).map(Value::Whole).to_vec());
                Edit::Set { of, key: KeyPath::from("at"), value }
            })
            .collect();
        if ids.is_empty() || lines.edit(&edits).is_err() {
            return refused();
        }
        let name = match ids[..] {
            [_] if verb == "Duplicate" => format!("{verb} {}", self.in_words(&self.chosen)),
            [_] => format!("{verb} a panel on {}", self.scene.name),
            _ => format!("{verb} {} panels on {}", ids.len(), self.scene.name),
        };
        let edits = vec![Edit::Insert { spot: Spot::Below(display), text: lines.text().to_string() }];
        Wish::Edit { name, group: None, edits }
    }

    /// A new panel of a kind, at the first place that is free.
    fn added(&self, kind: crate::project::PanelKind) -> Option<Wish> {
        let at = place::free_place(&self.scene.places(), kinds::size(kind, self.scene.columns), self.scene.columns);
        let keys = kinds::new_keys(kind, at);
        let edits = vec![Edit::Add { kind: EntityKind::Panel, spot: Spot::Below(self.display?), keys }];
        Some(Wish::Edit { name: format!("Add a {} on {}", kind.word(), self.scene.name), group: None, edits })
    }
}
