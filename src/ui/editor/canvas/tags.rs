//! The draft's tags beside the canvas: one that is dropped on it becomes the panel that suits it, or part of the panel that it
//! is dropped on.

use super::kinds;
use super::place::{At, free_place};
use super::scene::Item;
use super::{Canvas, Wish};
use crate::project::PanelKind;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Value};
use crate::ui::editor::names::Names;
use crate::ui::editor::pens;
use crate::ui::fonts::{self, size};
use crate::ui::theme::{RADIUS, STEP, TOUCH, Theme};
use crate::ui::widgets::{self, Brush, text};
use eframe::egui::{
    Align2, DragAndDrop, Id, PointerButton, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2,
};
use std::sync::Arc;

/// Height of a row.
const ROW: f32 = 22.0;

/// A tag of the draft in the hand.
#[derive(Debug, Clone)]
pub struct DraftTag(pub Arc<str>);

/// What was looked for in the list, and found.
#[derive(Debug, Default)]
pub struct Found {
    words: String,
    of: Option<(Option<(u64, u64)>, String)>,
    list: Vec<String>,
}

impl Canvas {
    /// The list.
    pub fn tags_ui(&mut self, ui: &mut Ui, theme: &Theme, draft: &Draft, names: &Names) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let field = TextEdit::singleline(&mut self.found.words)
            .id(Id::unique("filter of the canvas's tags"))
            .hint_text("Tags: drag one on the canvas");
        let field = ui.add_sized([ui.available_width(), TOUCH], field);
        field.widget_info(|| WidgetInfo {
            current_text_value: Some(self.found.words.clone()),
            ..WidgetInfo::labeled(Role::TextInput, true, "Filter tags")
        });
        if self.found.of.as_ref().is_none_or(|(of, words)| *of != names.version() || *words != self.found.words) {
            self.found.list = names.like(&self.found.words).map(str::to_owned).collect();
            self.found.of = Some((names.version(), self.found.words.clone()));
        }
        if self.found.list.is_empty() {
            ui.label(RichText::new("No tag is called so").color(theme.muted));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().id_salt("tags of the canvas").auto_shrink(false);
        area.show_rows(ui, ROW, self.found.list.len(), |ui, rows| {
            for name in self.found.list.iter().skip(rows.start).take(rows.len()) {
                let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
                let brush = Brush { theme, blink_on: true };
                let id = ui.scope_id().with(("tag", name));
                let row = widgets::press(ui, rect, id, &brush, f32::from(RADIUS)).interact(Sense::click_and_drag());
                widgets::tell(&row, Role::ListItem, &format!("tag {name}"), || {
                    "Enter puts it on the canvas".to_owned()
                });
                let words = rect.shrink2(vec2(STEP, 0.0));
                text::paint(ui.painter(), words, Align2::LEFT_CENTER, name, fonts::regular(size::BODY), theme.text);
                if row.drag_started_by(PointerButton::Primary) {
                    DragAndDrop::set_payload(ui.ctx(), DraftTag(name.as_str().into()));
                }
                // By key or by a screen reader; one click of the pointer only takes it up.
                let by_key = row.clicked() && !row.clicked_by(PointerButton::Primary);
                if row.double_clicked() || by_key {
                    wishes.extend(self.tag_added(draft, name, None));
                }
            }
        });
        wishes
    }

    /// What a tag would become at a place of the grid, or at the first that is free.
    pub(super) fn tag_becomes(&self, draft: &Draft, tag: &str, cell: Option<[u16; 2]>) -> (PanelKind, At) {
        let kind = suits(draft, tag);
        let columns = self.scene.columns;
        let size = kinds::size(kind, columns);
        let at = match cell {
            Some([x, y]) => [x.min(columns.saturating_sub(size[0])), y, size[0], size[1]],
            None => free_place(&self.scene.places(), size, columns),
        };
        (kind, at)
    }

    /// A tag as a panel of its own.
    pub(super) fn tag_added(&self, draft: &Draft, tag: &str, cell: Option<[u16; 2]>) -> Option<Wish> {
        let (kind, at) = self.tag_becomes(draft, tag, cell);
        let mut keys = kinds::new_keys(kind, at);
        keys.push(("tag".to_owned(), Value::from(tag)));
        let edits = vec![Edit::Add { kind: EntityKind::Panel, spot: Spot::Below(self.display?), keys }];
        Some(Wish::Edit { name: format!("Add {} {tag} on {}", kind.word(), self.scene.name), group: None, edits })
    }

    /// A tag that is dropped on a panel.
    pub(super) fn tag_dropped(&self, draft: &Draft, tag: &str, on: EntityId) -> Option<Wish> {
        let item = self.scene.item(on)?;
        match taken_by(draft, item, tag) {
            Ok(edits) => Some(Wish::Edit { name: format!("Show {tag} on {}", item.in_words()), group: None, edits }),
            Err(why) => Some(Wish::Say(why)),
        }
    }
}

/// What a panel makes of a tag.
fn taken_by(draft: &Draft, item: &Item, tag: &str) -> Result<Vec<Edit>, String> {
    let of = item.id;
    let key = KeyPath::from;
    let panel = &item.panel;
    let shown = |name: &String| name.eq_ignore_ascii_case(tag);
    match panel.kind {
        PanelKind::Trend if panel.pens.iter().any(|pen| shown(&pen.tag)) => {
            Err(format!("{tag} is a pen of {} already", item.in_words()))
        }
        PanelKind::Trend => Ok(vec![pens::added(draft, of, tag)]),
        PanelKind::Gauge => Ok(vec![Edit::Set { of, key: key("tag"), value: Value::from(tag) }]),
        PanelKind::Value | PanelKind::Bar | PanelKind::Tank | PanelKind::Lamp | PanelKind::Spark => {
            if panel.tags.iter().any(shown) {
                return Err(format!("{} shows {tag} already", item.in_words()));
            }
            if panel.tags.is_empty() {
                return Ok(vec![Edit::Set { of, key: key("tag"), value: Value::from(tag) }]);
            }
            let all = panel.tags.iter().map(|name| Value::from(name.as_str())).chain([Value::from(tag)]).collect();
            Ok(vec![Edit::Unset { of, key: key("tag") }, Edit::Set { of, key: key("tags"), value: Value::List(all) }])
        }
        _ => Err(format!("{} shows no tags: drop it on a free place", item.in_words())),
    }
}

/// The panel that suits a tag: by what it says of itself.
fn suits(draft: &Draft, tag: &str) -> PanelKind {
    let Some(id) = draft.named(EntityKind::Tag, tag) else { return PanelKind::Value };
    PanelKind::suiting(|key| draft.shown(id, &KeyPath::from(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gets_the_panel_that_suits_it() {
        let tags = [
            ("run", "type = \"bool\"", PanelKind::Lamp),
            ("state", "labels = { 0 = \"Off\" }", PanelKind::Lamp),
            ("word", "type = \"string\"\nrange = [0, 1]", PanelKind::Value),
            ("level", "unit = \"%\"\nrange = [0, 100]", PanelKind::Tank),
            ("flow", "unit = \"m³/h\"\nrange = [0, 500]", PanelKind::Gauge),
            ("plain", "unit = \"m³/h\"", PanelKind::Value),
        ];
        let blocks = tags.iter().map(|(name, keys, _)| format!("[[tag]]\nname = \"{name}\"\n{keys}\n"));
        let text = blocks.collect::<Vec<_>>().concat();
        let draft = Draft::open(text.as_bytes()).unwrap();
        for (name, _, kind) in tags {
            assert_eq!(suits(&draft, name), kind, "{name}");
        }
        assert_eq!(suits(&draft, "nobody"), PanelKind::Value);
    }

    #[test]
    fn a_tag_that_is_dropped_on_a_panel_is_shown_by_it() {
        let panels = "kind = \"trend\"\npens = [{ tag = \"a\" }]\n|kind = \"trend\"\n|kind = \"bar\"\ntag = \"a\"\n|kind = \"bar\"\ntags = [\"a\", \"b\"]\n|kind = \"gauge\"\ntag = \"a\"\n|kind = \"alarms\"\n";
        let text: String = std::iter::once("[[display]]\nname = \"D\"\n".to_owned())
            .chain(panels.split('|').map(|keys| format!("[[display.panel]]\nat = [0, 0, 1, 1]\n{keys}")))
            .collect();
        let mut draft = Draft::open(text.as_bytes()).unwrap();
        let display = draft.named(EntityKind::Display, "D").unwrap();
        let mut scene = super::super::scene::Scene::default();
        scene.follow(&draft, display);
        let told: Vec<bool> = scene
            .items
            .iter()
            .map(|item| match taken_by(&draft, item, "c") {
                Ok(edits) => {
                    draft.edit(&edits).unwrap();
                    true
                }
                Err(_) => false,
            })
            .collect();
        assert_eq!(told, [true, true, true, true, true, false]);
        scene.follow(&draft, display);
        let shown: Vec<String> = scene
            .items
            .iter()
            .map(|i| {
                i.panel.tags.iter().chain(i.panel.pens.iter().map(|p| &p.tag)).cloned().collect::<Vec<_>>().join(",")
            })
            .collect();
        assert_eq!(shown, ["a,c", "c", "a,c", "a,b,c", "c", ""]);
        assert!(taken_by(&draft, &scene.items[0], "C").is_err(), "once is enough");
    }
}
