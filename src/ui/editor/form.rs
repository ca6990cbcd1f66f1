//! Every key of one entity, one below the other: what the sheet has no room for.

use super::SMALL;
use super::judge::Judged;
use super::sheets::{SheetKind, name_of};
use crate::project::edit::{Draft, Edit, EntityId, KeyPath, Value};
use crate::project::file::keys::Key;
use crate::ui::fonts;
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{Id, Label, RichText, Role, TextEdit, Ui, WidgetInfo};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The form. Gives back what was typed, and the field it was typed into, so that one field is one step of undo.
pub fn form_ui(
    ui: &mut Ui,
    theme: &Theme,
    draft: &Draft,
    judged: &Judged,
    sheet: SheetKind,
    id: EntityId,
) -> Option<(u64, Vec<Edit>)> {
    let name = name_of(draft, id);
    ui.add(Label::new(fonts::bold(&name)).wrap());
    if let Some(faults) = judged.faults(id) {
        let label = ui.add(Label::new(RichText::new(&faults).color(theme.text)).wrap());
        label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("Fault of {name}: {faults}")));
    }
    ui.add_space(STEP);
    let mut edits = None;
    let own = sheet.table().keys.iter().filter(|key| !matches!(key.name, "alarm" | "panel"));
    // What it was called stands behind what it is.
    let (past, present): (Vec<&Key>, Vec<&Key>) = own.partition(|key| key.name == "was");
    for key in present.into_iter().chain(past) {
        let path = KeyPath::from(key.name);
        let written = draft.shown(id, &path);
        // What belongs to other protocols, sources or kinds, and is not there, would only be in the way.
        let above = key.name == "tag"
            && draft.index().block(id).is_some_and(|block| block.parent.is_some() && sheet == SheetKind::Alarms);
        if written.is_none() && (above || !belongs(draft, sheet, id, key.only)) {
            continue;
        }
        if let Some(edit) = field_ui(ui, theme, &name, id, key.name, written.as_deref(), judged, sheet) {
            let mut hasher = DefaultHasher::new();
            (id, key.name).hash(&mut hasher);
            edits = Some((hasher.finish(), vec![edit]));
        }
    }
    edits
}

/// Whether a key belongs to what an entity is: its protocol, its source, its kind.
fn belongs(draft: &Draft, sheet: SheetKind, id: EntityId, only: &[&str]) -> bool {
    if only.is_empty() {
        return true;
    }
    let word = |key: &str| draft.shown(id, &KeyPath::from(key));
    match sheet {
        SheetKind::Devices => word("protocol").is_some_and(|protocol| only.contains(&protocol.as_str())),
        SheetKind::Tags => {
            only.iter().any(|source| word(source).is_some())
                || only.contains(&"register") && word("formula").is_none() && word("topic").is_none()
        }
        SheetKind::Alarms | SheetKind::Panels => word("kind").is_some_and(|kind| only.contains(&kind.as_str())),
        SheetKind::Displays => true,
    }
}

/// The field of a key, to give it the keys.
pub fn field_id(id: EntityId, key: &str) -> Id {
    Id::unique("field of the form").with((id, key))
}

#[expect(clippy::too_many_arguments, reason = "what one field is made of")]
fn field_ui(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    id: EntityId,
    key: &'static str,
    written: Option<&str>,
    judged: &Judged,
    sheet: SheetKind,
) -> Option<Edit> {
    let label = format!("{key} of {name}");
    ui.label(RichText::new(key).font(fonts::regular(SMALL)).color(theme.muted));
    let field_id = field_id(id, key);
    // While it is typed into, what is typed; else what is written.
    let typed = ui.data(|data| data.get_temp::<String>(field_id));
    let mut text = typed.clone().unwrap_or_else(|| written.unwrap_or_default().to_owned());
    let field = TextEdit::singleline(&mut text).id(field_id).desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, label.as_str())
    });
    let fault = judged.fault(id, key);
    if let Some(fault) = &fault {
        ui.add(Label::new(RichText::new(fault).font(fonts::regular(SMALL))).wrap());
    }
    let mut edit = None;
    if response.changed() {
        let path = KeyPath::from(key);
        // A name follows when it is whole: letter by letter, everything that bears it would be renamed.
        if key != "name" {
            edit = Some(match text.trim() {
                "" => Edit::Unset { of: id, key: path },
                _ => Edit::Set { of: id, key: path, value: Value::typed(sheet.table(), key, &text) },
            });
        }
        ui.data_mut(|data| data.insert_temp(field_id, text.clone()));
    }
    if response.lost_focus() {
        ui.data_mut(|data| data.remove_temp::<String>(field_id));
        if key == "name" && typed.is_some() && text != written.unwrap_or_default() && !text.trim().is_empty() {
            edit = Some(Edit::Set { of: id, key: KeyPath::from(key), value: Value::Text(text) });
        }
    }
    edit
}
