//! Every key of what is chosen, one below the other: what the sheet has no room for. Of several of a kind the keys that they
//! have in common are changed at once.

use super::SMALL;
use super::judge::Judged;
use super::names::Names;
use super::pens;
use super::sheets::{SheetKind, name_of};
use crate::project::edit::{Draft, Edit, EntityId, KeyPath, Value};
use crate::project::file::keys::{Key, Shape};
use crate::ui::fonts;
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{Button, Id, Label, RichText, Role, ScrollArea, TextEdit, TextStyle, Ui, WidgetInfo, WidgetText};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What the button says that shows which words a key takes.
const CHOOSE: &str = "▼";
/// Names that are offered below a field.
const MOST_OFFERED: usize = 6;

/// What a form is of.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// The text.
    pub draft: &'a Draft,
    /// What is wrong in it.
    pub judged: &'a Judged,
    /// Which tags there are.
    pub names: &'a Names,
    /// What kind of entity.
    pub sheet: SheetKind,
    /// Which ones; the last leads. Never none.
    pub ids: &'a [EntityId],
}

/// One key of it.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    form: Form<'a>,
    /// What is edited, as people call it.
    name: &'a str,
    /// The one that leads.
    id: EntityId,
    key: &'static str,
    /// What is written with all of them.
    written: Option<&'a str>,
    /// They do not say the same.
    differs: bool,
}

/// The form. Gives back what was typed, and the field it was typed into, so that one field is one step of undo.
pub fn form_ui(ui: &mut Ui, form: Form<'_>) -> Option<(u64, Vec<Edit>)> {
    let Form { theme, draft, judged, sheet, ids, .. } = form;
    let id = *ids.last()?;
    let name = match ids.len() {
        1 => name_of(draft, id),
        more => format!("{more} {}", sheet.entity().noun().1),
    };
    ui.add(Label::new(fonts::bold(&name)).wrap());
    if let Some(faults) = judged.faults(id).filter(|_| ids.len() == 1) {
        let label = ui.add(Label::new(RichText::new(&faults).color(theme.text)).wrap());
        label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("Fault of {name}: {faults}")));
    }
    ui.add_space(STEP);
    let mut edits = None;
    let own = sheet.table().keys.iter().filter(|key| sheet.shows(key.name));
    // What it was called stands behind what it is.
    let (past, present): (Vec<&Key>, Vec<&Key>) = own.partition(|key| key.name == "was");
    for key in present.into_iter().chain(past) {
        let path = KeyPath::from(key.name);
        let all: Vec<Option<String>> = ids.iter().map(|id| draft.shown(*id, &path)).collect();
        let written = all.last().cloned().flatten();
        // What belongs to other protocols, sources or kinds, and is not there, would only be in the way.
        let above = key.name == "tag"
            && draft.index().block(id).is_some_and(|block| block.parent.is_some() && sheet.like() == SheetKind::Alarms);
        let belongs = || ids.iter().all(|id| belongs(draft, sheet, *id, key.only));
        if all.iter().all(Option::is_none) && (above || !belongs()) || ids.len() > 1 && !belongs() {
            continue;
        }
        // Uses of templates are rows of their own, but for those that are written as one value.
        if key.name == "use" && all.iter().all(Option::is_none) {
            continue;
        }
        // A name is one's own.
        if ids.len() > 1 && matches!(key.name, "name" | "was") {
            continue;
        }
        let differs = all.iter().any(|other| *other != written);
        let written = written.as_deref().filter(|_| !differs);
        let field = Field { form, name: &name, id, key: key.name, written, differs };
        let made = match key.name {
            "pens" if ids.len() == 1 => pens::pens_ui(ui, theme, draft, form.names, id),
            _ => field_ui(ui, field),
        };
        if let Some(made) = made {
            let mut hasher = DefaultHasher::new();
            (ids, key.name).hash(&mut hasher);
            edits = Some((hasher.finish(), made));
        }
        if key.name == "pens"
            && let Some(fault) = judged.fault(id, "pens")
        {
            ui.add(Label::new(RichText::new(fault).font(fonts::regular(SMALL))).wrap());
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
    match sheet.like() {
        SheetKind::Devices => word("protocol").is_some_and(|protocol| only.contains(&protocol.as_str())),
        SheetKind::Tags => {
            only.iter().any(|source| word(source).is_some())
                || only.contains(&"register") && word("formula").is_none() && word("topic").is_none()
        }
        SheetKind::Alarms | SheetKind::Panels | SheetKind::TemplateItems => {
            word("kind").is_some_and(|kind| only.contains(&kind.as_str()))
        }
        _ => true,
    }
}

/// The field of a key, to give it the keys.
pub fn field_id(id: EntityId, key: &str) -> Id {
    Id::unique("field of the form").with((id, key))
}

fn field_ui(ui: &mut Ui, field: Field<'_>) -> Option<Vec<Edit>> {
    let Field { form: Form { theme, judged, sheet, ids, names, .. }, name, id, key, written, differs } = field;
    let label = format!("{key} of {name}");
    ui.label(RichText::new(key).font(fonts::regular(SMALL)).color(theme.muted));
    let field_id = field_id(id, key);
    // While it is typed into, what is typed; else what is written.
    let typed = ui.data(|data| data.get_temp::<String>(field_id));
    let mut text = typed.clone().unwrap_or_else(|| written.unwrap_or_default().to_owned());
    let hint = if differs { "not the same" } else { "" };
    let words: &[&str] = match sheet.table().keys.iter().find(|known| known.name == key).map(|known| known.shape) {
        Some(Shape::Word(words)) => words,
        _ => &[],
    };
    let edit = |text| TextEdit::singleline(text).id(field_id).hint_text(hint);
    let (response, word) = if words.is_empty() {
        (ui.add(edit(&mut text).desired_width(f32::INFINITY)), None)
    } else {
        ui.horizontal(|ui| {
            // As wide as the other fields are, with the button: one that is wider would push all of them out of the form.
            let sign = WidgetText::from(CHOOSE).into_galley(ui, None, f32::INFINITY, TextStyle::Button).size().x;
            let spacing = ui.spacing();
            let button = sign + 2.0 * spacing.button_padding.x;
            let room = ui.available_width() - button - spacing.item_spacing.x;
            let response = ui.add_sized([room.max(40.0), spacing.interact_size.y], edit(&mut text));
            (response, choose_ui(ui, &label, words))
        })
        .inner
    };
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, label.as_str())
    });
    let fault = judged.fault(id, key).filter(|_| ids.len() == 1);
    if let Some(fault) = &fault {
        ui.add(Label::new(RichText::new(fault).font(fonts::regular(SMALL))).wrap());
    }
    let to_all = |text: &str, value: &dyn Fn() -> Value| -> Vec<Edit> {
        let one = |of: &EntityId| match text.trim() {
            "" => Edit::Unset { of: *of, key: KeyPath::from(key) },
            _ => Edit::Set { of: *of, key: KeyPath::from(key), value: value() },
        };
        ids.iter().map(one).collect()
    };
    let mut edits = None;
    if response.changed() {
        // A name follows when it is whole: letter by letter, everything that bears it would be renamed.
        if key != "name" {
            edits = Some(to_all(&text, &|| Value::typed(sheet.table(), key, &text)));
        }
        ui.data_mut(|data| data.insert_temp(field_id, text.clone()));
    }
    if response.lost_focus() {
        ui.data_mut(|data| data.remove_temp::<String>(field_id));
        if key == "name" && typed.is_some() && text != written.unwrap_or_default() && !text.trim().is_empty() {
            edits = Some(to_all(&text, &|| Value::Text(text.clone())));
        }
    }
    if let Some(word) = word {
        ui.data_mut(|data| data.remove_temp::<String>(field_id));
        edits = Some(to_all(word, &|| Value::from(word)));
    }
    if names_a_tag(sheet, key)
        && let Some(chosen) = offer_ui(ui, theme, names, &text)
    {
        ui.data_mut(|data| data.remove_temp::<String>(field_id));
        edits = Some(to_all(&chosen, &|| Value::Text(chosen.clone())));
    }
    if sheet.like() == SheetKind::Panels && key == "tags" {
        // Of a list of names the one that is being typed, the last, is offered what it may become.
        let mut list: Vec<String> = names_of(&text).map(str::to_owned).collect();
        let last = list.pop().unwrap_or_default();
        if let Some(chosen) = offer_ui(ui, theme, names, &last) {
            ui.data_mut(|data| data.remove_temp::<String>(field_id));
            list.push(chosen);
            let value = Value::List(list.iter().map(|name| Value::from(name.as_str())).collect());
            edits = Some(to_all("list", &|| value.clone()));
        }
    }
    edits
}

/// The names in a list, whole or not: `["tank1.level", "tan`.
fn names_of(list: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| matches!(c, '[' | ']' | ',' | '"' | '\'') || c.is_whitespace();
    list.split(is_between).filter(|name| !name.is_empty())
}

/// The words that a key takes, to be chosen from; the one that was.
fn choose_ui(ui: &mut Ui, label: &str, words: &'static [&'static str]) -> Option<&'static str> {
    let mut chosen = None;
    let menu = ui.menu_button(CHOOSE, |ui| {
        ui.set_min_width(130.0);
        let height = ui.ctx().content_rect().height() * 0.6;
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
            for word in words {
                if ui.button(*word).clicked() {
                    chosen = Some(*word);
                    ui.close();
                }
            }
        });
    });
    menu.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Choose {label}")));
    chosen
}

/// Whether a form has fields in which tags are named: of ten thousand, the names are gathered for these alone.
pub fn names_tags(draft: &Draft, sheet: SheetKind, ids: &[EntityId]) -> bool {
    let of = |id: &EntityId| match sheet.like() {
        SheetKind::Panels => true,
        SheetKind::Alarms => draft.index().block(*id).is_some_and(|block| block.parent.is_none()),
        SheetKind::Tags => draft.get(*id, &KeyPath::from("setpoint")).is_some(),
        _ => false,
    };
    ids.iter().any(of)
}

/// Keys that hold the name of one tag.
fn names_a_tag(sheet: SheetKind, key: &str) -> bool {
    matches!((sheet.like(), key), (SheetKind::Panels | SheetKind::Alarms, "tag") | (SheetKind::Tags, "setpoint"))
}

/// Names that what is typed may become, as long as it is none; the one that was pressed.
pub fn offer_ui(ui: &mut Ui, theme: &Theme, names: &Names, typed: &str) -> Option<String> {
    if typed.trim().is_empty() || names.has(typed) {
        return None;
    }
    let mut chosen = None;
    for name in names.like(typed).take(MOST_OFFERED) {
        let words = RichText::new(name).font(fonts::regular(SMALL)).color(theme.text);
        let button = ui.add(Button::new(words).truncate());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Take {name}")));
        if button.clicked() {
            chosen = Some(name.to_owned());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_list_are_known_while_it_is_typed() {
        let names = |list| names_of(list).collect::<Vec<_>>();
        assert_eq!(names("[\"tank1.level\", 'tank2.level', tan"), ["tank1.level", "tank2.level", "tan"]);
        assert_eq!(names("[ ]"), Vec::<&str>::new());
    }
}
