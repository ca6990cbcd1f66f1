//! A template used on a display, for its panels, or on a mimic, for the items of its drawing: which there are to use, what the
//! next use is given, and where on the display there is room for it.

use super::canvas::place::{At, free_place};
use super::canvas::scene;
use super::sheets::SheetKind;
use super::uses::{self, AT, Uses};
use super::{Editor, Page, State, select};
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Step, Value};
use eframe::egui::{Button, Role, Ui, WidgetInfo};

/// What a template is used on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// A display, which its panels stand on.
    Display(EntityId),
    /// A mimic, which its items lie on.
    Mimic(EntityId),
}

/// What was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// This template is to be used here.
    Use(Onto, String),
    /// The uses that are here are to be shown.
    Show(Onto),
}

impl Onto {
    /// What the form is of, where that takes templates.
    pub fn of(draft: &Draft, sheet: SheetKind, ids: &[EntityId]) -> Option<Self> {
        let [id] = *ids else { return None };
        match sheet {
            SheetKind::Displays => Some(Self::Display(id)),
            SheetKind::Panels if draft.shown(id, &"kind".into()).as_deref() == Some("mimic") => Some(Self::Mimic(id)),
            _ => None,
        }
    }

    const fn id(self) -> EntityId {
        match self {
            Self::Display(id) | Self::Mimic(id) => id,
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Display(_) => "[[display.use]]",
            Self::Mimic(_) => "[[display.panel.use]]",
        }
    }

    /// What a template has for it: the kind, and the key of those that are written as one value.
    const fn part(self) -> (EntityKind, &'static str) {
        match self {
            Self::Display(_) => (EntityKind::TemplatePanel, "panel"),
            Self::Mimic(_) => (EntityKind::TemplateItem, "item"),
        }
    }

    /// The templates that have something for it.
    fn templates(self, draft: &Draft) -> Vec<String> {
        let (kind, key) = self.part();
        let index = draft.index();
        let templates = index.blocks().iter().filter(|block| block.kind == EntityKind::Template);
        let has = |id| index.below(id).any(|block| block.kind == kind) || draft.get(id, &key.into()).is_some();
        let named = templates.filter(|block| has(block.id)).filter_map(|block| draft.shown(block.id, &"name".into()));
        named.collect()
    }

    /// The uses that stand below it, of this template or of any.
    fn uses(self, draft: &Draft, template: Option<&str>) -> Vec<EntityId> {
        let below = draft.index().below(self.id()).filter(|block| block.kind == EntityKind::Part);
        let is_of = |id| {
            let own = draft.shown(id, &"template".into()).unwrap_or_default();
            template.is_none_or(|template| own.eq_ignore_ascii_case(template))
        };
        let uses = below.map(|block| block.id).filter(|id| draft.header_of(*id).last() == Some(&"use"));
        uses.filter(|id| is_of(*id)).collect()
    }

    /// The edit that uses a template here, once more where it is used already.
    fn edit(self, draft: &Draft, rows: &Uses, template: &str) -> Edit {
        let there = self.uses(draft, Some(template));
        let mut pairs = rows.given(draft, template, &there);
        if let Self::Display(id) = self {
            pairs.extend(room(draft, id, template).map(|by| {
                let by = by.map(|n| Value::Whole(i64::from(n))).to_vec();
                (AT.to_owned(), Value::List(by))
            }));
        }
        match there.last() {
            Some(of) => {
                let nth = draft.parts(*of, &"with".into()).map_or(0, |list| list.items().len());
                let key = KeyPath::from("with").to(Step::Nth(nth));
                Edit::Set { of: *of, key, value: Value::Table(pairs) }
            }
            None => {
                let text = uses::written(self.header(), template, pairs);
                Edit::Insert { spot: Spot::Below(self.id()), text }
            }
        }
    }
}

/// By how much the panels of a template are moved so that they cover nothing of a display; none where they stand free.
fn room(draft: &Draft, display: EntityId, template: &str) -> Option<[i32; 2]> {
    let mut shown = scene::Scene::default();
    shown.follow(draft, display);
    let template = draft.named(EntityKind::Template, template)?;
    let panels = draft.index().below(template).filter(|block| block.kind == EntityKind::TemplatePanel);
    let own: Vec<At> = panels.filter_map(|block| scene::place_written(draft, block.id)).collect();
    let [left, top] = [0, 1].map(|axis| own.iter().map(|at| at[axis]).min().unwrap_or(0));
    let end = |axis: usize| own.iter().map(|at| at[axis].saturating_add(at[axis + 2])).max();
    let size = [end(0)?.saturating_sub(left), end(1)?.saturating_sub(top)];
    let [x, y, ..] = free_place(&shown.places(), size, shown.columns);
    let by = [i32::from(x) - i32::from(left), i32::from(y) - i32::from(top)];
    (by != [0, 0]).then_some(by)
}

/// Below the fields of a display or mimic: the templates that can be used on it, and the way to those that are.
pub fn onto_ui(ui: &mut Ui, draft: &Draft, onto: Onto) -> Option<Pressed> {
    let mut pressed = None;
    let templates = onto.templates(draft);
    ui.add_enabled_ui(!templates.is_empty(), |ui| {
        let menu = ui.menu_button(USE, |ui| {
            for template in templates {
                let button = ui.button(&template);
                button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Use template {template} here")));
                if button.clicked() {
                    pressed = Some(Pressed::Use(onto, template));
                    ui.close();
                }
            }
        });
        let what = onto.part().1;
        menu.response.on_disabled_hover_text(format!(
            "No template has a {what}: add one in {}",
            match onto {
                Onto::Display(_) => SheetKind::TemplatePanels.title(),
                Onto::Mimic(_) => SheetKind::TemplateItems.title(),
            }
        ));
    });
    if !onto.uses(draft, None).is_empty() && ui.add(Button::new(SHOW)).clicked() {
        pressed = Some(Pressed::Show(onto));
    }
    pressed
}

/// What the buttons say.
const USE: &str = "Use a template…";
const SHOW: &str = "What templates are used for here";

impl Editor {
    /// Does what was pressed below the fields of a display or mimic.
    pub(super) fn carry_out_onto(&mut self, pressed: Pressed) {
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let (onto, template) = match pressed {
            Pressed::Use(onto, template) => (onto, template),
            Pressed::Show(onto) => {
                let first = onto.uses(draft, None).into_iter().find_map(|of| self.uses.row_of(of, 0));
                return self.go_to_use_row(first);
            }
        };
        let on = super::sheets::name_of(draft, onto.id());
        let edit = onto.edit(draft, &self.uses, &template);
        self.edit_as(Some(&format!("Use template {template} on {on}")), None, &[edit]);
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let last = onto.uses(draft, Some(&template)).last().and_then(|of| self.uses.last_row_of(*of));
        if self.page == Page::Canvas && self.said.is_none() {
            // It is to be seen where it is used; its values are changed elsewhere.
            let what = last.map(|row| self.uses.name(row)).unwrap_or_default();
            self.said = Some(format!("On {on} now: {what}. What it is given is changed in Uses"));
            self.canvas.focus();
        } else if self.said.is_none() {
            self.go_to_use_row(last);
        }
    }

    /// Shows a row of the sheet of uses.
    pub(super) fn go_to_use_row(&mut self, row: Option<usize>) {
        if let Some(row) = row {
            self.page = Page::Uses;
            self.uses.grid.go_to(select::At { row, column: uses::FIXED });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELLS: &str = include_str!("../../../projects/wells.toml");

    fn used(draft: &mut Draft, onto: Onto, template: &str) -> String {
        let mut rows = Uses::default();
        rows.follow(draft);
        draft.edit(&[onto.edit(draft, &rows, template)]).unwrap();
        draft.text_of(*onto.uses(draft, Some(template)).last().unwrap())
    }

    #[test]
    fn a_template_is_used_on_a_display_for_what_it_is_used_for_and_where_there_is_room() {
        let from = WELLS.find("[[display.use]]").unwrap();
        let until = from + WELLS[from..].find("[[display.panel]]").unwrap();
        let mut draft = Draft::open([&WELLS[..from], &WELLS[until..]].concat().as_bytes()).unwrap();
        let display = Onto::Display(draft.named(EntityKind::Display, "Wells").unwrap());
        assert_eq!((display.templates(&draft), display.uses(&draft, None)), (vec!["well".to_owned()], Vec::new()));
        let lines = [
            "[[display.use]]\ntemplate = \"well\"\nwith = [\n",
            "  { name = \"well1\", base = 0 },\n",
            "  { name = \"well2\", base = 10, at = [8, 0] },\n",
            "  { name = \"well3\", base = 20, dry = 6.0, at = [16, 0] },\n",
            // One that no use at the top speaks of has a name of its own, and stands below the others.
            "  { name = \"well4\", base = 0, at = [0, 16] },\n",
        ];
        for until in 2..=5 {
            assert_eq!(used(&mut draft, display, "well"), format!("{}]\n", lines[..until].concat()));
        }
        draft.undo().unwrap();
        let (project, issues) = draft.read();
        assert!(issues.is_empty(), "{issues:?}");
        let places = |project: &crate::project::Project| {
            let mut at: Vec<_> = project.displays[0].panels.iter().map(|panel| panel.at).collect();
            at.sort_unstable();
            at
        };
        assert_eq!(places(&project), places(&crate::project::file::read(WELLS.as_bytes()).0));
        draft.undo().unwrap();
        draft.undo().unwrap();
        draft.undo().unwrap();
        assert!(display.uses(&draft, None).is_empty());
    }

    #[test]
    fn a_template_with_items_is_used_on_a_mimic() {
        let text = "watchkeeper = 1\n\n[[template]]\nname = \"pump\"\nparameters = [\"name\"]\n\n  [[template.item]]\n  \
                    kind = \"pump\"\n  tag = \"{name}.run\"\n  element = \"{name}\"\n\n[[display]]\nname = \"A\"\n\n\
                    [[display.panel]]\nkind = \"mimic\"\nat = [0, 0, 6, 4]\ndrawing = \"a.svg\"\n";
        let mut draft = Draft::open(text.as_bytes()).unwrap();
        let kind = |kind| draft.index().blocks().iter().find(|block| block.kind == kind).unwrap().id;
        let (panel, display) = (kind(EntityKind::Panel), kind(EntityKind::Display));
        let onto = Onto::of(&draft, SheetKind::Panels, &[panel]).unwrap();
        assert_eq!((onto, onto.templates(&draft)), (Onto::Mimic(panel), vec!["pump".to_owned()]));
        assert!(Onto::Display(display).templates(&draft).is_empty(), "it has no panels");
        let with = "[[display.panel.use]]\ntemplate = \"pump\"\nwith = [\n  { name = \"pump1\" },\n";
        assert_eq!(used(&mut draft, onto, "pump"), format!("{with}]\n"));
        assert_eq!(used(&mut draft, onto, "pump"), format!("{with}  {{ name = \"pump2\" }},\n]\n"));
        let mut shown = scene::Scene::default();
        shown.follow(&draft, display);
        let items: Vec<&str> = shown.items[0].panel.items.iter().map(|item| item.tag.as_str()).collect();
        assert_eq!(items, ["pump1.run", "pump2.run"], "they are seen on the canvas");
    }
}
