//! Pens that a person has added to a trend by hand: dropped on it, or chosen in the finder.
//!
//! They are kept by the names of their tags, so that they outlive a plan; a tag that is gone is told of like any other.

use super::super::Cx;
use super::Pen;
use super::axes::Kind;
use super::legend::Choice;
use crate::engine::TagId;
use crate::project::DataType;
use crate::ui::hand::{self, InHand};
use crate::ui::widgets::Reading;
use eframe::egui::{Sense, Ui};
use std::sync::Arc;

/// Pens of one trend: with so many, each has a colour and dashes that no other one has.
pub const MOST_PENS: usize = 8;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Added {
    names: Vec<Arc<str>>,
}

impl Added {
    /// With these.
    pub fn of(names: Vec<Arc<str>>) -> Self {
        Self { names }
    }

    /// Their tags' names.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Takes one off. `index`: among all pens, of which `written` are the project's.
    pub fn remove(&mut self, index: usize, written: usize, choice: &mut Choice) {
        if let Some(own) = index.checked_sub(written).filter(|own| *own < self.names.len()) {
            self.names.remove(own);
            choice.forget(index);
        }
    }

    /// Takes all off.
    pub fn clear(&mut self, written: usize, choice: &mut Choice) {
        while !self.names.is_empty() {
            self.remove(written + self.names.len() - 1, written, choice);
        }
    }

    /// Whether a tag is on its way to this trend, or to any.
    pub fn may_come(ui: &Ui) -> bool {
        hand::held(ui.ctx()).is_some() || hand::is_offered(ui.ctx(), ui.scope_id())
    }

    /// What is over the trend, or dropped on it, or handed to it by the finder. To be called before the plot is laid out,
    /// so that a drop shows in its own frame.
    pub fn take_ui(&mut self, ui: &Ui, cx: &Cx<'_>, pens: &[Pen<'_>]) {
        let mut given = hand::take_offer(ui.ctx(), ui.scope_id()).and_then(|name| cx.frame.snapshot.plan.tag_id(&name));
        let zone = ui.interact(cx.rect, ui.scope_id().with("drop"), Sense::hover());
        if let Some(dropped) = zone.dnd_release_payload::<InHand>() {
            given = Some(dropped.0);
        }
        let taken = given.filter(|id| place(cx, pens, *id).is_ok()).and_then(|id| cx.frame.snapshot.plan.tag(id));
        if let Some(tag) = taken {
            self.names.push(Arc::clone(&tag.name));
            ui.ctx().request_repaint();
        }
    }

    /// Shows what a drop would do, over everything of the trend.
    pub fn landing_ui(ui: &Ui, cx: &Cx<'_>, pens: &[Pen<'_>]) {
        let zone = ui.ctx().read_response(ui.scope_id().with("drop"));
        let Some(held) = zone.and_then(|zone| zone.dnd_hover_payload::<InHand>()) else { return };
        let name = cx.frame.snapshot.plan.tag(held.0).map_or("", |tag| &tag.name);
        let (words, lands) = match place(cx, pens, held.0) {
            Ok((right, unit)) => {
                let side = if right { "right" } else { "left" };
                let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
                (format!("Drop: {name} becomes a pen, at the {side}{unit}"), true)
            }
            Err(why) => (why, false),
        };
        hand::landing(ui.painter(), cx.rect, &words, lands, cx.frame.theme);
    }
}

/// Where a tag's pen would have its axis, and the unit of that; as an error, why it becomes no pen.
pub fn place(cx: &Cx<'_>, pens: &[Pen<'_>], id: TagId) -> Result<(bool, String), String> {
    let Some(reading) = Reading::new(cx.frame.snapshot, id) else { return Err("There is no such tag".to_owned()) };
    if pens.iter().any(|p| p.id == Some(id)) {
        return Err(format!("{} is a pen of this trend already", reading.name));
    }
    if reading.tag.data_type == DataType::String {
        return Err(format!("{} is a text, and has no line", reading.name));
    }
    if pens.len() >= MOST_PENS {
        return Err(format!("{MOST_PENS} pens are the most: more could not be told apart"));
    }
    Ok((side(pens, &reading), reading.tag.unit.clone()))
}

/// The side on which a pen of this kind has its axis: where there is one of its unit already, else the one with fewer
/// axes; the first at the left, the second at the right.
pub fn side(pens: &[Pen<'_>], reading: &Reading<'_>) -> bool {
    fn kind_of<'a>(pen: &Pen<'a>) -> Option<Kind<'a>> {
        pen.reading.as_ref().map(|r| Kind::of(r, pen.steps))
    }
    let kind = Some(Kind::of(reading, super::is_steps(reading)));
    if let Some(pen) = pens.iter().find(|pen| kind_of(pen) == kind) {
        return pen.right;
    }
    let axes = |right: bool| {
        let mut kinds: Vec<Option<Kind<'_>>> = pens.iter().filter(|pen| pen.right == right).map(kind_of).collect();
        kinds.sort();
        kinds.dedup();
        kinds.len()
    };
    axes(true) <= axes(false) && !pens.is_empty()
}
