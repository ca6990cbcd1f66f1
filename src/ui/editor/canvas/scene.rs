//! The panels of a draft's display, each read by the ordinary reader from its own lines, so that what is drawn is what the
//! project will say. A panel whose lines did not change is not read again.

use super::place::At;
use crate::engine::Plan;
use crate::engine::plan::PanelPlan;
use crate::project::edit::{Draft, EntityId, EntityKind, KeyPath};
use crate::project::{Display, Origin, Panel, PanelKind, file};
use crate::ui::panels::{self, PanelView};
use std::cell::OnceCell;
use std::fmt::Write as _;
use std::sync::Arc;

/// Columns of a display that says nothing, or nothing of use, of them.
const COLUMNS: u16 = 24;

/// A panel on the canvas.
#[derive(Debug)]
pub struct Item {
    /// In the draft.
    pub id: EntityId,
    /// As the reader understands it.
    pub panel: Panel,
    /// Where it stands; none where the project's words for it are at fault.
    pub at: Option<At>,
    /// Its kind and what it is about: `gauge Tank 1`.
    pub name: String,
    /// Its title, or what it is about: `Tank 1`.
    pub title: String,
    /// The lines that it was read from.
    text: String,
    /// What paints it, with what it remembers.
    pub view: Option<Box<dyn PanelView>>,
}

/// A panel that a template makes: shown like the others, and moved and changed where it comes from.
#[derive(Debug)]
pub struct MadeItem {
    /// What is painted. Its id is that of the use.
    pub item: Item,
    /// Of which use it is.
    pub origin: Arc<Origin>,
}

/// What is drawn of one display.
#[derive(Debug)]
pub struct Scene {
    /// Of which version of the draft, and of which display.
    of: Option<(u64, EntityId)>,
    /// What it is called.
    pub name: String,
    /// Of the grid.
    pub columns: u16,
    /// In the file's order.
    pub items: Vec<Item>,
    /// What templates make of it, and the lines that it was read from.
    pub made: Vec<MadeItem>,
    made_of: String,
    /// Panels are written as one value: they have no lines of their own.
    pub in_one_value: bool,
}

impl Default for Scene {
    fn default() -> Self {
        let (items, made, made_of) = Default::default();
        Self { of: None, name: String::new(), columns: COLUMNS, items, made, made_of, in_one_value: false }
    }
}

impl Scene {
    /// Follows the draft.
    pub fn follow(&mut self, draft: &Draft, display: EntityId) {
        if self.of == Some((draft.version(), display)) {
            return;
        }
        let key = |name: &str| draft.get(display, &KeyPath::from(name));
        let columns = key("columns").map(|written| format!("columns = {written}\n")).unwrap_or_default();
        let head = format!("watchkeeper = 1\nname = \"one\"\n[[display]]\nname = \"one\"\n{columns}");
        self.columns = shown(&head).map_or(COLUMNS, |display| display.columns);
        self.name = draft.shown(display, &KeyPath::from("name")).unwrap_or_default();
        self.in_one_value = key("panel").is_some();
        let templates = OnceCell::new();
        let mut before = std::mem::take(&mut self.items);
        let same_grid = self.of.is_some_and(|(_, of)| of == display);
        let blocks = draft.index().below(display).filter(|block| block.kind == EntityKind::Panel);
        for id in blocks.map(|block| block.id) {
            // With the head: a panel is judged by the columns of its display. A mimic may have items of templates.
            let templates = if has_uses(draft, id) { templates.get_or_init(|| templates_of(draft)) } else { "" };
            let text = format!("{head}{}{templates}", draft.text_of(id));
            let old = before.iter().position(|item| item.id == id).map(|place| before.swap_remove(place));
            self.items.push(match old {
                Some(old) if same_grid && old.text == text => old,
                old => Item::read(id, text, old),
            });
        }
        if has_uses(draft, display) {
            self.follow_made(draft, display, &head, templates.get_or_init(|| templates_of(draft)));
        } else {
            self.made.clear();
            self.made_of.clear();
        }
        self.of = Some((draft.version(), display));
    }

    /// Reads what templates make of a display, from its uses and all templates.
    fn follow_made(&mut self, draft: &Draft, display: EntityId, head: &str, templates: &str) {
        let mut text = head.to_owned();
        let mut starts = vec![(1, display)];
        if let Some(written) = draft.get(display, &KeyPath::from("use")) {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "use = {written}");
        }
        for of in uses_below(draft, display) {
            starts.push((text.lines().count() as u32 + 1, of));
            text.push_str(&draft.text_of(of));
        }
        text.push_str(templates);
        if text == self.made_of {
            return;
        }
        let panels = shown(&text).map(|display| display.panels.clone()).unwrap_or_default();
        let mut before = std::mem::take(&mut self.made).into_iter();
        let made = panels.into_iter().take(MOST_MADE).filter_map(|panel| {
            let origin = panel.places.origin.clone()?;
            let (_, id) = *starts.iter().rfind(|(line, _)| *line <= origin.place.line)?;
            let old = before.next().map(|made| made.item);
            Some(MadeItem { item: Item::of(id, panel, String::new(), old, true), origin })
        });
        self.made = made.collect();
        self.made_of = text;
    }

    /// Where every panel stands that has a place.
    pub fn places(&self) -> Vec<At> {
        self.items.iter().filter_map(|item| item.at).chain(self.made_places()).collect()
    }

    /// Where those stand that templates make.
    pub fn made_places(&self) -> impl Iterator<Item = At> {
        self.made.iter().filter_map(|made| made.item.at)
    }

    /// A panel of it.
    pub fn item(&self, id: EntityId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }
}

/// Most panels of templates that are shown of one display: a window of them is a few hundred.
const MOST_MADE: usize = 2_000;

/// The uses of templates that stand below a display or panel itself.
fn uses_below(draft: &Draft, of: EntityId) -> impl Iterator<Item = EntityId> {
    let below = draft.index().below(of).map(|block| block.id);
    below.filter(|id| draft.header_of(*id).last() == Some(&"use"))
}

fn has_uses(draft: &Draft, of: EntityId) -> bool {
    uses_below(draft, of).next().is_some() || draft.get(of, &KeyPath::from("use")).is_some()
}

/// The lines of all templates.
fn templates_of(draft: &Draft) -> String {
    let templates = draft.index().blocks().iter().filter(|block| block.kind == EntityKind::Template);
    let mut text = String::new();
    for block in templates {
        text.push('\n');
        text.push_str(&draft.text_of(block.id));
    }
    text
}

/// Where a panel says that it stands; none where it does not say so in four numbers.
pub fn place_written(draft: &Draft, id: EntityId) -> Option<At> {
    let written = draft.get(id, &KeyPath::from("at"))?;
    let numbers: Option<Vec<u16>> =
        written.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(|n| n.trim().parse().ok()).collect();
    numbers?.try_into().ok()
}

/// The display of a text that has one.
fn shown(text: &str) -> Option<Arc<Display>> {
    let (project, _) = file::read(text.as_bytes());
    project.displays.first().cloned()
}

impl Item {
    fn read(id: EntityId, text: String, old: Option<Self>) -> Self {
        let (project, _) = file::read(text.as_bytes());
        let own = project.displays.first().and_then(|display| display.panels.first());
        let aside = project.aside.panels.first();
        let panel = own.or(aside.map(|(_, panel)| panel)).cloned().unwrap_or_else(|| Panel::of(PanelKind::Text));
        Self::of(id, panel, text, old, own.is_some())
    }

    fn of(id: EntityId, panel: Panel, text: String, old: Option<Self>, is_whole: bool) -> Self {
        let at = (panel.at[2] > 0 && panel.at[3] > 0).then_some(panel.at);
        let title = title_of(&panel);
        let name = format!("{} {title}", panel.kind.word()).trim_end().to_owned();
        // What a panel remembers, such as a zoom, stays while it shows the same.
        let same = |old: &Self| {
            let Self { panel: was, .. } = old;
            (was.kind, &was.tags, &was.pens, was.span) == (panel.kind, &panel.tags, &panel.pens, panel.span)
        };
        let view = match old.filter(same) {
            Some(old) => old.view,
            None if !is_whole => None,
            None => Some(panels::view(panel.kind)),
        };
        Self { id, panel, at, name, title, text, view }
    }

    /// `panel “Tank 1”`, as undo calls it.
    pub fn in_words(&self) -> String {
        if self.title.is_empty() {
            format!("a {} panel", self.panel.kind.word())
        } else {
            format!("panel “{}”", self.title)
        }
    }

    /// Its names as the running plant knows them.
    pub fn resolved(&self, plan: &Plan) -> PanelPlan {
        PanelPlan {
            tags: self.panel.tags.iter().map(|name| plan.tag_id(name)).collect(),
            pens: self.panel.pens.iter().map(|pen| plan.tag_id(&pen.tag)).collect(),
            items: self.panel.items.iter().map(|item| plan.tag_id(&item.tag)).collect(),
        }
    }

    /// Tags that it names and the running plant does not have.
    pub fn absent<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a str> {
        let names = self.panel.tags.iter().map(String::as_str).chain(self.panel.pens.iter().map(|pen| &*pen.tag));
        let names = names.chain(self.panel.items.iter().map(|item| &*item.tag));
        names.filter(|name| plan.tag_id(name).is_none())
    }
}

/// What a panel is about, in few words.
fn title_of(panel: &Panel) -> String {
    let tags = panel.tags.iter().map(String::as_str);
    let names: Vec<&str> = tags.chain(panel.pens.iter().map(|pen| pen.tag.as_str())).collect();
    let words = || panel.text.lines().next().unwrap_or_default().chars().take(24).collect();
    match &panel.title {
        Some(title) => title.clone(),
        None if names.is_empty() => words(),
        None => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::edit::{Edit, Value};

    const TEXT: &str = "watchkeeper = 1\n\n[[display]]\nname = \"A\"\ncolumns = 12\n\n[[display.panel]]\nkind = \"value\"\nat = [0, 0, 6, 4]\ntag = \"a\"\n\n[[display.panel]]\nkind = \"nonsense\"\nat = [6, 0, 9, 4]\n\n[[display]]\nname = \"B\"\n\n[[display.panel]]\nkind = \"text\"\nat = [0, 0, 20, 1]\ntext = \"b\"\n";

    #[test]
    fn each_panel_is_read_from_its_own_lines_as_the_project_will_say_it() {
        let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
        let a = draft.named(EntityKind::Display, "A").unwrap();
        let mut scene = Scene::default();
        scene.follow(&draft, a);
        assert_eq!((scene.name.as_str(), scene.columns), ("A", 12));
        let told: Vec<_> = scene.items.iter().map(|item| (item.name.as_str(), item.at, item.view.is_some())).collect();
        // The second is of no known kind, and ends beyond the last column.
        assert_eq!(told, [("value a", Some([0, 0, 6, 4]), true), ("text", None, false)]);
        let id = scene.items[1].id;
        let set = |key: &str, value: &str| Edit::Set { of: id, key: key.into(), value: Value::Raw(value.to_owned()) };
        draft.edit(&[set("at", "[6, 0, 6, 4]"), set("kind", "\"alarms\"")]).unwrap();
        scene.follow(&draft, a);
        let told: Vec<_> = scene.items.iter().map(|item| (item.name.as_str(), item.at, item.view.is_some())).collect();
        assert_eq!(told, [("value a", Some([0, 0, 6, 4]), true), ("alarms", Some([6, 0, 6, 4]), true)]);
        scene.follow(&draft, draft.named(EntityKind::Display, "B").unwrap());
        assert_eq!((scene.columns, scene.items.len()), (24, 1));
    }

    #[test]
    fn what_a_panel_remembers_stays_while_it_is_moved() {
        let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
        let display = draft.named(EntityKind::Display, "A").unwrap();
        let mut scene = Scene::default();
        scene.follow(&draft, display);
        let id = scene.items[0].id;
        let seen = |scene: &Scene| std::ptr::from_ref(scene.items[0].view.as_deref().unwrap()).cast::<()>();
        let before = seen(&scene);
        let at = Edit::Set { of: id, key: "at".into(), value: Value::Raw("[1, 0, 4, 4]".to_owned()) };
        draft.edit(&[at]).unwrap();
        scene.follow(&draft, display);
        assert_eq!((scene.items[0].at, seen(&scene)), (Some([1, 0, 4, 4]), before));
    }
}
