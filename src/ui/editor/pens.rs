//! The pens of a trend as a list: each with its tag and its axis.

use super::SMALL;
use super::form::offer_ui;
use super::names::Names;
use crate::project::edit::{Draft, Edit, EntityId, KeyPath, Step, Value};
use crate::ui::fonts;
use crate::ui::theme::Theme;
use eframe::egui::{Button, Id, RichText, Role, TextEdit, Ui, WidgetInfo};

/// Pens that are listed; the reader tells of those that are too many long before.
const MOST: usize = 64;

/// The key of a pen, or of a part of it.
fn pen(nth: usize) -> KeyPath {
    KeyPath::from("pens").to(Step::Nth(nth))
}

/// How many pens a trend has.
pub fn count(draft: &Draft, id: EntityId) -> usize {
    (0..MOST).take_while(|nth| draft.get(id, &pen(*nth)).is_some()).count()
}

/// One more pen of a trend.
pub fn added(draft: &Draft, id: EntityId, tag: &str) -> Edit {
    let table = Value::Table(vec![("tag".to_owned(), Value::from(tag))]);
    match draft.get(id, &KeyPath::from("pens")) {
        Some(_) => Edit::Set { of: id, key: pen(count(draft, id)), value: table },
        None => Edit::Set { of: id, key: KeyPath::from("pens"), value: Value::List(vec![table]) },
    }
}

/// The list, and a field for one more. Gives back what is changed.
pub fn pens_ui(ui: &mut Ui, theme: &Theme, draft: &Draft, names: &Names, id: EntityId) -> Option<Vec<Edit>> {
    let mut edits = None;
    ui.label(RichText::new("pens").font(fonts::regular(SMALL)).color(theme.muted));
    for nth in 0..count(draft, id) {
        let part = |key: &str| draft.shown(id, &pen(nth).to(Step::Key(key.to_owned())));
        let tag = part("tag").unwrap_or_default();
        let right = part("axis").is_some_and(|axis| axis == "right");
        ui.horizontal(|ui| {
            let remove = ui.button("×");
            remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove pen {tag}")));
            if remove.clicked() {
                edits = Some(vec![Edit::Unset { of: id, key: pen(nth) }]);
            }
            let axis =
                ui.button(if right { "right" } else { "left" }).on_hover_text("Its axis: the left or the right one");
            axis.widget_info(|| {
                let now = if right { "right" } else { "left" };
                WidgetInfo::labeled(Role::Button, true, format!("Axis of pen {tag}: {now}"))
            });
            if axis.clicked() {
                let key = pen(nth).to(Step::Key("axis".to_owned()));
                edits = Some(vec![if right {
                    Edit::Unset { of: id, key }
                } else {
                    Edit::Set { of: id, key, value: Value::from("right") }
                }]);
            }
            let mut text = tag.clone();
            let field = ui.add(TextEdit::singleline(&mut text).id(pen_id(id, nth)).desired_width(f32::INFINITY));
            field.widget_info(|| WidgetInfo {
                current_text_value: Some(text.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, format!("Tag of pen {}", nth + 1))
            });
            if field.changed() {
                let key = pen(nth).to(Step::Key("tag".to_owned()));
                edits = Some(vec![Edit::Set { of: id, key, value: Value::Text(text) }]);
            }
        });
        if let Some(chosen) = offer_ui(ui, theme, names, &tag) {
            let key = pen(nth).to(Step::Key("tag".to_owned()));
            edits = Some(vec![Edit::Set { of: id, key, value: Value::Text(chosen) }]);
        }
    }
    // What is typed here is no pen before it is the name of a tag.
    let new_id = pen_id(id, MOST);
    let mut text = ui.data(|data| data.get_temp::<String>(new_id)).unwrap_or_default();
    let field =
        TextEdit::singleline(&mut text).id(new_id).hint_text("One more pen: its tag").desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, "One more pen")
    });
    let chosen = offer_ui(ui, theme, names, &text);
    let entered = response.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Enter));
    let whole = (names.has(&text) && entered).then(|| text.trim().to_owned());
    let press = names.has(&text) && ui.add(Button::new("Add pen")).clicked();
    if let Some(tag) = chosen.or(whole).or_else(|| press.then(|| text.trim().to_owned())) {
        edits = Some(vec![added(draft, id, &tag)]);
        text.clear();
    }
    ui.data_mut(|data| data.insert_temp(new_id, text));
    edits
}

fn pen_id(id: EntityId, nth: usize) -> Id {
    Id::unique("pen of the form").with((id, nth))
}
