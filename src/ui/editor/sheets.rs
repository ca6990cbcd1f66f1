//! The sheets of the editor: which entities of a draft are rows, which of their keys columns, and what a change of a cell
//! means as an edit of the text.

use super::grid::{GridColumn, Sheet};
use super::judge::Judged;
use super::select::At;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Value};
use crate::project::file::keys::{self, Table};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// One sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SheetKind {
    /// `[[tag]]`.
    #[default]
    Tags,
    /// `[[alarm]]` and `[[tag.alarm]]`.
    Alarms,
    /// `[[device]]`.
    Devices,
    /// `[[display]]`.
    Displays,
    /// `[[display.panel]]`.
    Panels,
}

/// The column of the entity that a row stands below.
const ABOVE: &str = "";

impl SheetKind {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 5] = [Self::Devices, Self::Tags, Self::Alarms, Self::Displays, Self::Panels];

    /// What its tab says.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tags => "Tags",
            Self::Alarms => "Alarms",
            Self::Devices => "Devices",
            Self::Displays => "Displays",
            Self::Panels => "Panels",
        }
    }

    /// What its rows are.
    pub const fn entity(self) -> EntityKind {
        match self {
            Self::Tags => EntityKind::Tag,
            Self::Alarms => EntityKind::Alarm,
            Self::Devices => EntityKind::Device,
            Self::Displays => EntityKind::Display,
            Self::Panels => EntityKind::Panel,
        }
    }

    /// The sheet that has entities of this kind.
    pub fn of(kind: EntityKind) -> Option<Self> {
        Self::ALL.into_iter().find(|sheet| sheet.entity() == kind)
    }

    /// The keys of its rows, as the file's reader knows them.
    pub const fn table(self) -> &'static Table {
        match self {
            Self::Tags => &keys::TAG,
            Self::Alarms => &keys::ALARM,
            Self::Devices => &keys::DEVICE,
            Self::Displays => &keys::DISPLAY,
            Self::Panels => &keys::PANEL,
        }
    }

    /// Columns that are there even where no row has anything in them: what a beginner needs.
    const fn always(self) -> &'static [&'static str] {
        match self {
            Self::Tags => &[
                "name",
                "description",
                "device",
                "register",
                "topic",
                "path",
                "type",
                "scale",
                "unit",
                "range",
                "formula",
            ],
            Self::Alarms => &["kind", "limit", "deadband", "on-delay", "priority", "message", "response"],
            Self::Devices => &["name", "protocol", "address", "unit-id", "poll", "timeout"],
            Self::Displays => &["name", "parent", "columns"],
            Self::Panels => &["kind", "at", "tag", "title"],
        }
    }

    /// What stands in the first column where that is the entity above.
    const fn above(self) -> Option<&'static str> {
        match self {
            Self::Alarms => Some("tag"),
            Self::Panels => Some("display"),
            _ => None,
        }
    }

    /// What a new row begins with.
    fn new_keys(self, name: &str) -> Vec<(String, Value)> {
        let text = |key: &str, value: &str| (key.to_owned(), Value::from(value));
        match self {
            Self::Tags | Self::Displays => vec![text("name", name)],
            Self::Devices => vec![text("name", name), text("protocol", "modbus-tcp"), text("address", "192.0.2.1:502")],
            Self::Alarms => vec![text("kind", "high"), ("limit".to_owned(), Value::Whole(0))],
            Self::Panels => vec![
                text("kind", "text"),
                ("at".to_owned(), Value::List([0, 0, 6, 4].map(Value::Whole).to_vec())),
                text("text", ""),
            ],
        }
    }
}

/// How wide a key's column is.
fn width(key: &str) -> f32 {
    match key {
        "description" | "message" | "cause" | "consequence" | "response" | "formula" | "suppress-when" | "text" => {
            220.0
        }
        "name" | ABOVE | "topic" | "address" | "path" | "pens" | "tags" => 190.0,
        "register" | "labels" | "title" | "tag" | "display" | "parent" | "time" | "at" | "no-answer" => 130.0,
        _ => 96.0,
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

/// Which rows and columns of a sheet are shown, kept until something changes.
#[derive(Debug, Default)]
pub struct View {
    /// Of which version of the draft.
    version: Option<u64>,
    /// Words that a row has to have.
    pub filter: String,
    filtered: String,
    /// By which key, and whether the greatest is first.
    pub sort: Option<(&'static str, bool)>,
    sorted: Option<(&'static str, bool)>,
    /// Rows in their order.
    pub ids: Vec<EntityId>,
    /// How many there are without the filter.
    pub all: usize,
    /// Keys of the columns.
    pub keys: Vec<&'static str>,
    columns: Vec<GridColumn>,
}

impl View {
    /// Follows the draft. Rows that were just added or typed into stay where they are until the sheet is sorted anew.
    pub fn follow(&mut self, kind: SheetKind, draft: &Draft) {
        let same = self.version == Some(draft.version()) && self.filtered == self.filter && self.sorted == self.sort;
        if same {
            return;
        }
        let all: Vec<EntityId> =
            draft.index().blocks().iter().filter(|block| block.kind == kind.entity()).map(|block| block.id).collect();
        self.all = all.len();
        self.keys = columns_of(kind, draft, &all);
        self.columns = self.keys.iter().map(|key| column(kind, key)).collect();
        let reads = |id: EntityId, key: &str| cell(kind, draft, id, key).unwrap_or_default();
        let needle = self.filter.trim().to_lowercase();
        let typed_only = self.version.is_some() && self.filtered == self.filter && self.sorted == self.sort;
        let above = self.keys.contains(&ABOVE);
        let passes = |id: &EntityId| {
            needle.is_empty()
                || above && has(&reads(*id, ABOVE), &needle)
                || draft.cells_of(*id).any(|(key, text)| self.keys.contains(&key.as_ref()) && has(&text, &needle))
        };
        let mut ids: Vec<EntityId> = if typed_only && (!needle.is_empty() || self.sort.is_some()) {
            // What is typed moves no row away from under the hands that type it.
            let known: HashMap<EntityId, usize> = self.ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
            let mut kept: Vec<EntityId> =
                all.iter().copied().filter(|id| known.contains_key(id) || passes(id)).collect();
            kept.sort_by_key(|id| known.get(id).copied().unwrap_or(usize::MAX));
            kept
        } else {
            all.into_iter().filter(passes).collect()
        };
        if let (Some((key, descends)), false) = (self.sort, typed_only) {
            ids.sort_by_cached_key(|id| sort_key(&reads(*id, key)));
            if descends {
                ids.reverse();
            }
        }
        self.ids = ids;
        self.version = Some(draft.version());
        self.filtered.clone_from(&self.filter);
        self.sorted = self.sort;
    }

    /// Sorts by the key of a column, then the other way round, then as in the file.
    pub fn sort_by(&mut self, column: usize) {
        let Some(key) = self.keys.get(column).copied() else { return };
        self.sort = match self.sort {
            Some((by, false)) if by == key => Some((key, true)),
            Some((by, true)) if by == key => None,
            _ => Some((key, false)),
        };
    }

    /// The row of an entity.
    pub fn row_of(&self, id: EntityId) -> Option<usize> {
        self.ids.iter().position(|other| *other == id)
    }
}

/// Whether a text has these words, which are in lower case. Of plain letters, as nearly all are, no copy is made.
fn has(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    needle.is_empty() || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}

/// Numbers by their value, before words by their letters; digits inside words count as numbers.
fn sort_key(text: &str) -> (u8, u64, Vec<(String, u64)>) {
    if let Ok(number) = text.parse::<f64>() {
        // A total order of numbers: those below zero turned round.
        let bits = number.to_bits();
        let ordered = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
        return (u8::from(text.is_empty()), ordered, Vec::new());
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(word_end);
        let digits_end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(digits_end);
        parts.push((word.to_lowercase(), digits.parse().unwrap_or(u64::MAX)));
        rest = behind;
    }
    // Empty ones last.
    (if text.is_empty() { 2 } else { 1 }, 0, parts)
}

/// The keys of a sheet's columns: what is always there, and what any row has, in the contract's order.
fn columns_of(kind: SheetKind, draft: &Draft, ids: &[EntityId]) -> Vec<&'static str> {
    let mut used: BTreeSet<&'static str> = BTreeSet::new();
    for key in ids.iter().flat_map(|id| draft.keys_of(*id)) {
        if !used.contains(key.as_ref()) {
            used.extend(kind.table().keys.iter().map(|known| known.name).filter(|known| *known == key));
        }
    }
    let known = kind.table().keys.iter().map(|key| key.name);
    let shown = known.filter(|key| {
        !matches!(*key, "alarm" | "panel")
            && Some(*key) != kind.above()
            && (kind.always().contains(key) || used.contains(key))
    });
    let mut keys: Vec<&'static str> = kind.above().map(|_| ABOVE).into_iter().chain(shown).collect();
    // The name before all; `was` tells of the past, and stands last.
    keys.sort_by_key(|key| match *key {
        ABOVE => 0,
        "kind" => 1,
        "name" => 2,
        "was" => 4,
        _ => 3,
    });
    keys
}

fn column(kind: SheetKind, key: &'static str) -> GridColumn {
    let title = if key == ABOVE { kind.above().unwrap_or_default() } else { key };
    let is_of_numbers = matches!(
        key,
        "limit" | "scale" | "offset" | "decimals" | "unit-id" | "columns" | "deadband" | "bit" | "length" | "retries"
    );
    // Of an alarm, its kind is its name most of the time.
    let width = if kind == SheetKind::Alarms && key == "name" { 96.0 } else { width(key) };
    GridColumn { title: title.into(), width, is_of_numbers }
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
        EntityKind::Alarm => {
            let tag = word(id, "tag").or_else(above).unwrap_or_default();
            format!("{tag}/{}", own.or_else(|| word(id, "kind")).unwrap_or_default())
        }
        EntityKind::Panel => {
            let words = [word(id, "kind"), word(id, "title").or_else(|| word(id, "tag"))];
            let words: Vec<String> = words.into_iter().flatten().collect();
            format!("{} on {}", words.join(" "), above().unwrap_or_default())
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
        Some((*self.view.ids.get(at.row)?, *self.view.keys.get(at.column)?))
    }

    /// What a person wants, as edits of the text; rows behind the last become new ones.
    pub fn edits(&self, cells: &[(At, String)]) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut new: Vec<NewRow> = Vec::new();
        for (at, text) in cells {
            let Some(key) = self.view.keys.get(at.column).copied() else { continue };
            let value = || Value::typed(self.kind.table(), key, text);
            let Some(id) = self.view.ids.get(at.row).copied() else {
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
            edits.push(match key {
                _ if text.trim().is_empty() => Edit::Unset { of: id, key: KeyPath::from(key) },
                _ => Edit::Set { of: id, key: KeyPath::from(key), value: value() },
            });
        }
        for NewRow { mut keys, above, .. } in new.into_iter().filter(|new| !new.keys.is_empty() || new.above.is_some())
        {
            let parent = above.as_deref().and_then(|name| self.parent_named(name));
            let spot = match (parent, self.kind) {
                (Some(parent), _) => Spot::Below(parent),
                (None, SheetKind::Panels) => match self.last_display() {
                    Some(display) => Spot::Below(display),
                    None => continue,
                },
                (None, _) => Spot::Last,
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
        let spot = match (self.view.ids.get(behind), self.kind) {
            (Some(id), _) => Spot::After(*id),
            (None, SheetKind::Panels) => Spot::Below(self.last_display()?),
            (None, SheetKind::Alarms) => {
                let tags = self.draft.index().blocks().iter().rev();
                Spot::Below(tags.into_iter().find(|block| block.kind == EntityKind::Tag)?.id)
            }
            (None, _) => Spot::Last,
        };
        let name = self.free_name();
        let keys = self.kind.new_keys(&name);
        // An alarm that stands by itself says of which tag it is.
        let keys = match (self.kind, self.view.ids.get(behind)) {
            (SheetKind::Alarms, Some(id)) => {
                let tag = self.draft.shown(*id, &KeyPath::from("tag"));
                tag.map(|tag| ("tag".to_owned(), Value::Text(tag))).into_iter().chain(keys).collect()
            }
            _ => keys,
        };
        Some(Edit::Add { kind: self.kind.entity(), spot, keys })
    }

    /// A name that no row has.
    fn free_name(&self) -> String {
        let noun = self.kind.entity().noun().0;
        let taken: BTreeSet<String> = self
            .view
            .ids
            .iter()
            .filter_map(|id| self.draft.shown(*id, &KeyPath::from("name")))
            .map(|name| name.to_lowercase())
            .collect();
        (1..=taken.len() + 1).map(|n| format!("{noun}{n}")).find(|name| !taken.contains(name)).unwrap_or_default()
    }

    /// A name for the copy of a row.
    pub fn copy_name(&self, id: EntityId) -> Option<String> {
        let name = self.draft.shown(id, &KeyPath::from("name"))?;
        let taken: BTreeSet<String> =
            self.view.ids.iter().filter_map(|id| self.draft.shown(*id, &KeyPath::from("name"))).collect();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let from = name[stem.len()..].parse::<u64>().unwrap_or(1);
        let more = taken.len() as u64 + 1;
        (1..=more).map(|n| format!("{stem}{}", from.saturating_add(n))).find(|name| !taken.contains(name))
    }

    fn parent_named(&self, name: &str) -> Option<EntityId> {
        let kind = if self.kind == SheetKind::Panels { EntityKind::Display } else { EntityKind::Tag };
        let mut blocks = self.draft.index().blocks().iter().filter(|block| block.kind == kind);
        let named = |id| self.draft.shown(id, &KeyPath::from("name")).is_some_and(|n| n.eq_ignore_ascii_case(name));
        blocks.find(|block| named(block.id)).map(|block| block.id)
    }

    fn last_display(&self) -> Option<EntityId> {
        let blocks = self.draft.index().blocks().iter().rev();
        blocks.into_iter().find(|block| block.kind == EntityKind::Display).map(|block| block.id)
    }
}

impl Sheet for Rows<'_> {
    fn rows(&self) -> usize {
        self.view.ids.len()
    }

    fn columns(&self) -> &[GridColumn] {
        &self.view.columns
    }

    fn cell(&self, at: At) -> Cow<'_, str> {
        let text = self.place(at).and_then(|(id, key)| cell(self.kind, self.draft, id, key));
        Cow::Owned(text.unwrap_or_default())
    }

    fn name(&self, row: usize) -> Cow<'_, str> {
        Cow::Owned(self.view.ids.get(row).map(|id| name_of(self.draft, *id)).unwrap_or_default())
    }

    fn fault(&self, at: At) -> Option<Cow<'_, str>> {
        let (id, key) = self.place(at)?;
        self.judged.fault(id, key).map(Cow::Owned)
    }

    fn row_fault(&self, row: usize) -> Option<Cow<'_, str>> {
        self.judged.faults(*self.view.ids.get(row)?).map(Cow::Owned)
    }

    fn locked(&self, at: At) -> Option<&'static str> {
        let (id, key) = self.place(at)?;
        let block = self.draft.index().block(id)?;
        (key == ABOVE && block.parent.is_some()).then_some(match self.kind {
            SheetKind::Panels => "a panel stands below its display; cut its row and paste it to give it another",
            _ => "this alarm stands below its tag; cut its row and paste it to give it another tag",
        })
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
    fn a_filter_takes_no_notice_of_case() {
        for (text, needle, is) in [("Pump-1", "mp-1", true), ("É 1", "é", true), ("", "a", false), ("a", "", true)] {
            assert_eq!(has(text, needle), is, "{text} {needle}");
        }
    }

    #[test]
    fn names_with_numbers_are_sorted_as_people_count() {
        let mut names = ["pump10.flow", "pump2.flow", "", "12.5", "-3", "Pump1.flow"];
        names.sort_by_cached_key(|name| sort_key(name));
        assert_eq!(names, ["-3", "12.5", "Pump1.flow", "pump2.flow", "pump10.flow", ""]);
    }
}
