//! The sheets of the editor: which entities of a draft are rows, which of their keys columns, and what a change of a cell
//! means as an edit of the text.

mod kind;
mod view;

use super::grid::{GridColumn, Sheet};
use super::judge::Judged;
use super::judge::words;
use super::made::MadeRow;
use super::select::At;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, Glanced, KeyPath, Shown, Spot, Value};
pub use kind::SheetKind;
use kind::{ABOVE, FROM};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
pub use view::View;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOf {
    /// An entity of the text.
    Own(EntityId),
    /// What a template makes.
    Made {
        /// Which of them.
        at: usize,
        /// By what it is known when all is read anew.
        known_by: u64,
    },
}

impl RowOf {
    /// The entity.
    pub const fn id(self) -> Option<EntityId> {
        match self {
            Self::Own(id) => Some(id),
            Self::Made { .. } => None,
        }
    }

    const fn known_by(self) -> (Option<EntityId>, u64) {
        match self {
            Self::Own(id) => (Some(id), 0),
            Self::Made { known_by, .. } => (None, known_by),
        }
    }
}

/// A sheet of a draft as it is shown: filtered and sorted.
#[derive(Debug)]
pub struct Rows<'a> {
    /// Which.
    pub kind: SheetKind,
    /// What it is of.
    pub draft: &'a Draft,
    /// What is wrong in it, of this version or of one shortly before.
    pub judged: &'a Judged,
    /// What it looks like.
    pub view: &'a View,
}

/// What a cell says of something that a template makes.
fn made_cell(kind: SheetKind, made: &MadeRow, key: &str) -> String {
    let said = match key {
        FROM => return made.written.origin.words(),
        ABOVE => {
            kind.above().and_then(|key| made.written.said(key)).or_else(|| Some(made.written.name.rsplit_once('/')?.0))
        }
        key => made.written.said(key),
    };
    said.unwrap_or_default().to_owned()
}

/// What a cell says.
fn cell(kind: SheetKind, draft: &Draft, id: EntityId, key: &str) -> Option<String> {
    if key != ABOVE {
        return draft.shown(id, &KeyPath::from(key));
    }
    let own = kind.above().and_then(|key| draft.shown(id, &KeyPath::from(key)));
    own.or_else(|| {
        let parent = draft.index().block(id)?.parent?;
        draft.shown(parent, &KeyPath::from("name"))
    })
}

/// What an entity is called: its name, or that of the one above it and what it is.
pub fn name_of(draft: &Draft, id: EntityId) -> String {
    let word = |id: EntityId, key: &str| draft.shown(id, &KeyPath::from(key));
    let Some(block) = draft.index().block(id) else { return String::new() };
    let above = || block.parent.and_then(|parent| word(parent, "name"));
    let own = word(id, "name");
    match block.kind {
        EntityKind::Alarm | EntityKind::TemplateAlarm => {
            let tag = word(id, "tag").or_else(above).unwrap_or_default();
            format!("{tag}/{}", own.or_else(|| word(id, "kind")).unwrap_or_default())
        }
        EntityKind::Panel | EntityKind::TemplatePanel | EntityKind::TemplateItem => {
            let words = [word(id, "kind"), word(id, "title").or_else(|| word(id, "tag"))];
            let words: Vec<String> = words.into_iter().flatten().collect();
            let on = if block.kind == EntityKind::Panel { "on" } else { "of" };
            format!("{} {on} {}", words.join(" "), above().unwrap_or_default())
        }
        _ => own.unwrap_or_default(),
    }
}

/// A row behind the last one, of cells that were pasted there.
#[derive(Debug, Default)]
struct NewRow {
    row: usize,
    keys: Vec<(String, Value)>,
    /// What it is to stand below.
    above: Option<String>,
}

impl Rows<'_> {
    /// The entity and key of a cell.
    pub fn place(&self, at: At) -> Option<(EntityId, &'static str)> {
        Some((self.view.id(at.row)?, *self.view.keys.get(at.column)?))
    }

    /// What a person wants, as edits of the text; rows behind the last become new ones.
    pub fn edits(&self, cells: &[(At, String)]) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut new: Vec<NewRow> = Vec::new();
        for (at, text) in cells {
            let Some(key) = self.view.keys.get(at.column).copied().filter(|key| *key != FROM) else { continue };
            let value = || Value::typed(self.kind.table(), key, text);
            let row = self.view.rows.get(at.row).copied();
            let Some(id) = row.map(RowOf::id) else {
                if new.last().is_none_or(|new| new.row != at.row) {
                    new.push(NewRow { row: at.row, ..NewRow::default() });
                }
                if let Some(new) = new.last_mut().filter(|_| !text.trim().is_empty()) {
                    if key == ABOVE {
                        new.above = Some(text.trim().to_owned());
                    } else {
                        new.keys.push((key.to_owned(), value()));
                    }
                }
                continue;
            };
            // What a template makes is changed there.
            let Some(id) = id else { continue };
            edits.push(match key {
                _ if text.trim().is_empty() => Edit::Unset { of: id, key: KeyPath::from(key) },
                _ => Edit::Set { of: id, key: KeyPath::from(key), value: value() },
            });
        }
        new.retain(|new| !new.keys.is_empty() || new.above.is_some());
        let parents = if new.iter().any(|new| new.above.is_some()) { self.parents() } else { HashMap::new() };
        let last_parent = if new.is_empty() { None } else { self.last_parent() };
        for NewRow { mut keys, above, .. } in new {
            let parent = above.as_deref().and_then(|name| parents.get(&name.to_lowercase()).copied());
            let spot = match (parent, self.kind) {
                (Some(parent), _) => Spot::Below(parent),
                // An alarm may stand by itself, and says of which tag it is.
                (None, SheetKind::Alarms) => Spot::Last,
                (None, _) => match (self.kind.parent(), last_parent) {
                    (None, _) => Spot::Last,
                    (Some(_), Some(last)) => Spot::Below(last),
                    (Some(_), None) => continue,
                },
            };
            if let (None, Some(key), Some(name)) = (parent, self.kind.above(), above)
                && self.kind == SheetKind::Alarms
            {
                keys.insert(0, (key.to_owned(), Value::Text(name)));
            }
            edits.push(Edit::Add { kind: self.kind.entity(), spot, keys });
        }
        edits
    }

    /// A new row behind another.
    pub fn added(&self, behind: usize) -> Option<Edit> {
        let spot = match (self.view.id(behind), self.kind.parent()) {
            (Some(id), _) => Spot::After(id),
            (None, Some(_)) => Spot::Below(self.last_parent()?),
            (None, None) => Spot::Last,
        };
        let name = self.free_name(spot);
        let keys = self.kind.new_keys(&name);
        // An alarm that stands by itself says of which tag it is.
        let keys = match (self.kind, self.view.id(behind)) {
            (SheetKind::Alarms | SheetKind::TemplateAlarms, Some(id)) => {
                let tag = self.draft.shown(id, &KeyPath::from("tag"));
                tag.map(|tag| ("tag".to_owned(), Value::Text(tag))).into_iter().chain(keys).collect()
            }
            _ => keys,
        };
        Some(Edit::Add { kind: self.kind.entity(), spot, keys })
    }

    /// The names of all rows, in lower case.
    fn taken(&self) -> BTreeSet<String> {
        let own = |id: EntityId| self.draft.shown(id, &KeyPath::from("name"));
        let made = self.judged.made.of(self.kind).iter().map(|made| made.written.name.to_lowercase());
        let own = self.view.rows.iter().filter_map(|row| own(row.id()?)).map(|name| name.to_lowercase());
        own.chain(made).collect()
    }

    /// A name that no row has.
    fn free_name(&self, spot: Spot) -> String {
        let template = match spot {
            Spot::After(id) => self.draft.index().block(id).and_then(|block| block.parent),
            Spot::Below(id) => Some(id),
            Spot::Before(_) | Spot::Last => None,
        };
        // An item shows a tag of its template.
        let tag = template.filter(|_| self.kind == SheetKind::TemplateItems).and_then(|id| {
            let tag = self.draft.index().below(id).find(|block| block.kind == EntityKind::TemplateTag)?;
            self.draft.shown(tag.id, &KeyPath::from("name"))
        });
        if let Some(tag) = tag {
            return tag;
        }
        // A tag of a template is called by what the template is used for.
        let noun = if matches!(self.kind, SheetKind::TemplateTags | SheetKind::TemplateItems) {
            let list = template.and_then(|id| self.draft.parts(id, &"parameters".into()));
            let first = list.as_ref().and_then(|list| list.items().first()).map_or("name", Shown::words);
            format!("{{{first}}}.tag")
        } else {
            self.kind.entity().noun().0.to_owned()
        };
        let taken = self.taken();
        (1..=taken.len() + 1).map(|n| format!("{noun}{n}")).find(|name| !taken.contains(name)).unwrap_or_default()
    }

    /// Names for the copies of rows, none like another; none for a row without a name.
    pub fn copy_names(&self, ids: &[EntityId]) -> Vec<Option<String>> {
        let mut taken = self.taken();
        // Where the last of a stem was found, so that of ten thousand none begins at the first again.
        let mut found: HashMap<String, u64> = HashMap::new();
        let path = KeyPath::from("name");
        let mut copy = |id: &EntityId| {
            let name = self.draft.shown(*id, &path)?;
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let own = name[stem.len()..].parse::<u64>().unwrap_or(1);
            let last = found.entry(stem.to_lowercase()).or_insert(own);
            *last = own.max(*last);
            loop {
                *last = last.saturating_add(1);
                let name = format!("{stem}{last}");
                if taken.insert(name.to_lowercase()) {
                    return Some(name);
                }
                if *last == u64::MAX {
                    return None;
                }
            }
        };
        ids.iter().map(&mut copy).collect()
    }

    /// What rows of this sheet may stand below, by name in small letters.
    fn parents(&self) -> HashMap<String, EntityId> {
        let Some(kind) = self.kind.parent() else { return HashMap::new() };
        let path = KeyPath::from("name");
        let blocks = self.draft.index().blocks().iter().filter(|block| block.kind == kind);
        let mut parents = HashMap::new();
        for block in blocks {
            if let Some(name) = self.draft.shown(block.id, &path) {
                parents.entry(name.to_lowercase()).or_insert(block.id);
            }
        }
        parents
    }

    fn last_parent(&self) -> Option<EntityId> {
        let kind = self.kind.parent()?;
        self.draft.index().blocks().iter().rfind(|block| block.kind == kind).map(|block| block.id)
    }

    /// What a template makes, of a row that is no entity of the text.
    pub fn made(&self, row: usize) -> Option<&MadeRow> {
        match self.view.rows.get(row)? {
            RowOf::Own(_) => None,
            RowOf::Made { at, .. } => self.judged.made.of(self.kind).get(*at),
        }
    }
}

impl Sheet for Rows<'_> {
    fn rows(&self) -> usize {
        self.view.rows.len()
    }

    fn columns(&self) -> &[GridColumn] {
        &self.view.columns
    }

    fn cell(&self, at: At) -> Cow<'_, str> {
        let made = || Some(made_cell(self.kind, self.made(at.row)?, self.view.keys.get(at.column)?));
        let text = self.place(at).map_or_else(made, |(id, key)| cell(self.kind, self.draft, id, key));
        Cow::Owned(text.unwrap_or_default())
    }

    fn name(&self, row: usize) -> Cow<'_, str> {
        match self.view.id(row) {
            Some(id) => Cow::Owned(name_of(self.draft, id)),
            None => Cow::Borrowed(self.made(row).map_or("", |made| made.written.name.as_str())),
        }
    }

    fn fault(&self, at: At) -> Option<Cow<'_, str>> {
        if let Some(made) = self.made(at.row) {
            return self.judged.fault_of_made(made, Some(self.view.keys.get(at.column)?)).map(Cow::Owned);
        }
        let (id, key) = self.place(at)?;
        self.judged.fault(id, key).map(Cow::Owned)
    }

    fn row_fault(&self, row: usize) -> Option<Cow<'_, str>> {
        match self.made(row) {
            Some(made) => self.judged.fault_of_made(made, None).map(Cow::Owned),
            None => self.judged.faults(self.view.id(row)?).map(Cow::Owned),
        }
    }

    fn locked(&self, at: At) -> Option<Cow<'_, str>> {
        if let Some(made) = self.made(at.row) {
            let of = &made.written.origin.of;
            let words = format!(
                "{} comes from template {}: change it there, or what {of} gives it",
                made.written.name, made.written.origin.template
            );
            return Some(words.into());
        }
        let (id, key) = self.place(at)?;
        if key == FROM {
            return Some("it is written in the text itself, by no template".into());
        }
        let block = self.draft.index().block(id)?;
        (key == ABOVE && block.parent.is_some()).then_some(match self.kind {
            SheetKind::Panels => "a panel stands below its display; cut its row and paste it to give it another".into(),
            SheetKind::TemplateTags | SheetKind::TemplatePanels | SheetKind::TemplateItems => {
                "this stands in its template; cut its row and paste it to give it another".into()
            }
            _ => "this alarm stands below its tag; cut its row and paste it to give it another tag".into(),
        })
    }

    fn origin(&self, row: usize) -> Option<Cow<'_, str>> {
        Some(format!("from template {}", self.made(row)?.written.origin.words()).into())
    }

    fn typed_fault(&self, at: At, text: &str) -> Option<String> {
        let (id, key) = self.place(at).filter(|(_, key)| !matches!(*key, ABOVE | FROM))?;
        let key = KeyPath::from(key);
        let edit = match text.trim() {
            "" => Edit::Unset { of: id, key: key.clone() },
            _ => Edit::Set { of: id, key: key.clone(), value: Value::typed(self.kind.table(), key.key(), text) },
        };
        match self.draft.glance(id, &[edit]) {
            Ok(found) => {
                let own = |glanced: &&Glanced| glanced.of == id && glanced.key.as_deref() == Some(key.key());
                found.iter().find(own).map(|glanced| words(&glanced.issue))
            }
            Err(refusal) => Some(refusal.what),
        }
    }

    fn sorted(&self) -> Option<(usize, bool)> {
        let (key, descends) = self.view.sort?;
        Some((self.view.keys.iter().position(|other| *other == key)?, descends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_names_that_neither_another_row_nor_another_copy_has() {
        let text =
            "[[tag]]\nname = \"pump1\"\n[[tag]]\nname = \"Pump2\"\n[[tag]]\nname = \"well\"\n[[tag]]\nunit = \"m\"\n";
        let draft = Draft::open(text.as_bytes()).unwrap();
        let (judged, mut view) = (Judged::default(), View::default());
        view.follow(SheetKind::Tags, &draft, &judged.made, true);
        let rows = Rows { kind: SheetKind::Tags, draft: &draft, judged: &judged, view: &view };
        let names: Vec<String> = rows.copy_names(&view.ids(0..4)).into_iter().map(Option::unwrap_or_default).collect();
        assert_eq!(names, ["pump3", "Pump4", "well2", ""]);
    }

    #[test]
    fn a_change_of_values_leaves_rows_and_columns_and_one_of_keys_does_not() {
        let mut draft = Draft::open(b"[[tag]]\nname = \"b\"\n[[tag]]\nname = \"a\"\n").unwrap();
        let (made, mut view) = (super::super::made::Made::default(), View::default());
        view.follow(SheetKind::Tags, &draft, &made, true);
        view.sort = Some(("name", false));
        view.follow(SheetKind::Tags, &draft, &made, true);
        let [a, b] = ["a", "b"].map(|name| draft.named(EntityKind::Tag, name).unwrap());
        assert_eq!(view.ids(0..9), [a, b]);
        let columns = view.keys.clone();
        let set = |key: &str, value: &str| Edit::Set { of: a, key: key.into(), value: value.into() };
        draft.edit(&[set("name", "z")]).unwrap();
        view.follow(SheetKind::Tags, &draft, &made, true);
        assert_eq!(view.ids(0..9), [a, b], "no row moves away under the hands that type it");
        view.sort = Some(("name", true));
        view.follow(SheetKind::Tags, &draft, &made, true);
        assert_eq!(view.ids(0..9), [a, b], "z before b, the other way round");
        view.sort = None;
        view.follow(SheetKind::Tags, &draft, &made, true);
        assert_eq!(view.ids(0..9), [b, a], "as in the file");
        draft.edit(&[set("record-deadband", "1")]).unwrap();
        view.follow(SheetKind::Tags, &draft, &made, true);
        assert!(view.keys.len() > columns.len() && view.keys.contains(&"record-deadband"));
    }
}
