//! Where a project names its own tags, devices and displays, and how a rename follows them.

use super::index::{Block, EntityId, Index, header_path, words_of};
use super::kind::EntityKind;
use super::lines::line_number;
use super::path::{KeyPath, Step};
use super::tree::{self, Inside, Node};
use super::{Draft, Edit, Refusal, Value};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A place that names an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Whose key names it.
    pub of: EntityId,
    /// Which key.
    pub key: KeyPath,
}

/// What a key's words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The name of a tag, device or display.
    Name(EntityKind),
    /// A formula, which names tags.
    Formula,
}

/// The tables in which names stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Project,
    Template,
    Device,
    NoAnswer,
    Tag,
    Alarm,
    Limits,
    Display,
    Panel,
    Item,
    Pen,
    Use,
}

impl Table {
    /// The table that a key of this one holds, or holds a list of.
    fn inner(self, key: &str) -> Option<Self> {
        Some(match (self, key) {
            (Self::Project, "device") => Self::Device,
            (Self::Project, "template") => Self::Template,
            (Self::Project | Self::Display | Self::Panel, "use") => Self::Use,
            (Self::Project | Self::Template, "tag") => Self::Tag,
            (Self::Project | Self::Template | Self::Tag, "alarm") => Self::Alarm,
            (Self::Project, "display") => Self::Display,
            (Self::Device, "no-answer") => Self::NoAnswer,
            (Self::Alarm, "limits") => Self::Limits,
            (Self::Display | Self::Template, "panel") => Self::Panel,
            (Self::Panel, "pens") => Self::Pen,
            (Self::Panel | Self::Template, "item") => Self::Item,
            _ => return None,
        })
    }

    fn role(self, key: &str) -> Option<Role> {
        Some(match (self, key) {
            (Self::Tag, "device") => Role::Name(EntityKind::Device),
            (Self::Use, "template") => Role::Name(EntityKind::Template),
            (Self::Tag, "setpoint")
            | (Self::Alarm, "tag" | "from")
            | (Self::Panel, "tag" | "tags")
            | (Self::Item | Self::Pen, "tag") => Role::Name(EntityKind::Tag),
            (Self::Tag, "formula") | (Self::Alarm, "suppress-when") | (Self::Limits, "when") => Role::Formula,
            (Self::Alarm | Self::NoAnswer, "display") | (Self::Display, "parent") => Role::Name(EntityKind::Display),
            _ => return None,
        })
    }
}

type Visitor<'v> = dyn FnMut(EntityId, KeyPath, Role, &str) + 'v;

/// Goes to all words that name something.
fn visit(text: &str, index: &Index, visitor: &mut Visitor<'_>) {
    for block in index.blocks() {
        let table = header_path(text, block).iter().try_fold(Table::Project, |table, name| table.inner(name));
        let Some(table) = table else { continue };
        for entry in &block.entries {
            let names = entry.path(text, block);
            let (Some((last, before)), range) = (names.split_last(), entry.value_range(block)) else { continue };
            let Some(table) = before.iter().try_fold(table, |table, name| table.inner(name)) else { continue };
            if table.role(last).is_none() && table.inner(last).is_none() {
                continue;
            }
            let Some(node) = tree::value(text.get(range).unwrap_or("")) else { continue };
            let path = KeyPath(names.iter().map(|name| Step::Key(name.clone().into_owned())).collect());
            value(&node, table, last, &path, block.id, visitor);
        }
    }
}

fn value(node: &Node, table: Table, key: &str, path: &KeyPath, of: EntityId, visitor: &mut Visitor<'_>) {
    match &node.inside {
        Inside::Text(words) => {
            if let Some(role) = table.role(key) {
                visitor(of, path.clone(), role, words);
            }
        }
        Inside::List(list) => {
            for (nth, item) in list.iter().enumerate() {
                value(item, table, key, &path.to(Step::Nth(nth)), of, visitor);
            }
        }
        Inside::Table(pairs) => {
            let Some(inner) = table.inner(key) else { return };
            for pair in pairs {
                let [name] = pair.key.as_slice() else { continue };
                value(&pair.value, inner, name, &path.to(Step::Key(name.clone())), of, visitor);
            }
        }
        Inside::Plain => {}
    }
}

/// Where a formula names tags: the same words that the engine's parser takes for names.
pub fn names_in_formula(formula: &str) -> Vec<Range<usize>> {
    let mut names = Vec::new();
    let bytes = formula.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        // `{n}` of an array of tags is part of a name.
        let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'{' | b'}');
        if !is_word(byte) {
            at += 1;
            continue;
        }
        let start = at;
        let is_number = byte.is_ascii_digit() || *byte == b'.';
        while let Some(byte) = bytes.get(at) {
            let exponent = is_number
                && matches!(byte, b'+' | b'-')
                && matches!(bytes.get(at.wrapping_sub(1)), Some(b'e' | b'E'))
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !is_word(byte) && !exponent {
                break;
            }
            at += 1;
        }
        let word = formula.get(start..at).unwrap_or("");
        let is_call = formula.get(at..).is_some_and(|rest| rest.trim_start().starts_with('('));
        if !is_number && !is_call && !matches!(word, "true" | "false" | "and" | "or" | "not") {
            names.push(start..at);
        }
    }
    names
}

/// What the names of devices' own tags begin with.
const FIGURES: &str = "device.";

/// Names on their way to become others.
struct Renames<'a> {
    kind: EntityKind,
    /// By the old name in lower case.
    exact: HashMap<String, &'a str>,
    /// Names with `{n}` or `{1}`, which stand for many.
    patterns: Vec<(&'a str, &'a str)>,
    /// Of devices: what the names of their own tags call them, before and then.
    figures: Vec<(String, String)>,
}

impl Renames<'_> {
    fn of(&self, name: &str) -> Option<String> {
        if let Some(new) = self.exact.get(&name.to_lowercase()) {
            return Some((*new).to_owned());
        }
        self.patterns.iter().find_map(|(old, new)| filled(old, new, name))
    }

    /// The same of a tag of a device's own, `device.plc1.requests`, where the device gets another name.
    fn figure(&self, name: &str) -> Option<String> {
        let rest = strip_start(name, FIGURES)?;
        let (device, figure) = rest.split_once('.')?;
        let (_, new) = self.figures.iter().find(|(old, _)| old.eq_ignore_ascii_case(device))?;
        Some(format!("{FIGURES}{new}.{figure}"))
    }

    fn formula(&self, formula: &str) -> Option<String> {
        let of = |name: &str| if self.kind == EntityKind::Device { self.figure(name) } else { self.of(name) };
        let mut changed = String::new();
        let mut at = 0;
        for range in names_in_formula(formula) {
            if let Some(new) = formula.get(range.clone()).and_then(of) {
                changed.push_str(formula.get(at..range.start)?);
                changed.push_str(&new);
                at = range.end;
            }
        }
        if at == 0 {
            return None;
        }
        changed.push_str(formula.get(at..)?);
        Some(changed)
    }
}

/// `new` with what `{n}` stands for in `name`, where that is one of those that `old` stands for.
fn filled(old: &str, new: &str, name: &str) -> Option<String> {
    let mut rest = name;
    let mut pattern = old;
    let mut taken: Vec<(&str, &str)> = Vec::new();
    while let Some(open) = pattern.find('{') {
        let (before, behind) = pattern.split_at(open);
        let (slot, after) = behind.split_at(behind.find('}')? + 1);
        rest = strip_start(rest, before)?;
        let digits = slot == "{n}";
        let is_part = |c: char| if digits { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() || c == '_' };
        let most = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let next = after.split('{').next().unwrap_or("");
        // As far as what follows in the pattern allows.
        let length = (1..=most).rev().find(|length| {
            rest.get(*length..)
                .is_some_and(|behind| strip_start(behind, next).is_some() && (!after.is_empty() || behind.is_empty()))
        })?;
        taken.push((slot, rest.get(..length)?));
        rest = rest.get(length..)?;
        pattern = after;
    }
    if taken.is_empty() || !rest.eq_ignore_ascii_case(pattern) {
        return None;
    }
    Some(taken.iter().fold(new.to_owned(), |new, (slot, part)| new.replace(slot, part)))
}

fn strip_start<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start)).and_then(|_| text.get(start.len()..))
}

impl Draft {
    /// Where an entity is named: by alarms, panels, formulas, other tags.
    pub fn references(&self, of: EntityId) -> Vec<Reference> {
        let Some(block) = self.index.block(of) else { return Vec::new() };
        let Some(name) = words_of(&self.text, block, "name") else { return Vec::new() };
        let mut found = Vec::new();
        let renames = renames(block.kind, [(name.as_str(), "")]);
        visit(&self.text, &self.index, &mut |of, key, role, words| {
            let names = match role {
                Role::Name(kind) => kind == renames.kind && renames.of(words).is_some(),
                Role::Formula => renames.kind == EntityKind::Tag && renames.formula(words).is_some(),
            };
            if names {
                found.push(Reference { of, key });
            }
        });
        found
    }

    /// Gives an entity another name, wherever it is named; of devices, tags, alarms and displays `was` tells the earlier
    /// one, so that history and state follow. One step.
    ///
    /// # Errors
    /// Where another has that name already, or its text is torn.
    pub fn rename(&mut self, of: EntityId, new: &str) -> Result<(), Refusal> {
        let edits = self.rename_edits(&[(of, new.to_owned())])?;
        let Some(block) = self.index.block(of) else { return Ok(()) };
        let old = words_of(&self.text, block, "name").unwrap_or_default();
        let name = format!("Rename {} {old} to {new}", block.kind.noun().0);
        self.edit_as(Some(&name), None, &edits).map(|_done| ())
    }

    /// The edits that renames come to, several at once.
    ///
    /// # Errors
    /// Where another has one of the names already.
    pub fn rename_edits(&self, wanted: &[(EntityId, String)]) -> Result<Vec<Edit>, Refusal> {
        let mut edits = Vec::new();
        let mut by_kind: HashMap<EntityKind, Vec<(String, &str)>> = HashMap::new();
        let leaving: HashMap<EntityId, &str> = wanted.iter().map(|(id, new)| (*id, new.as_str())).collect();
        let mut held: HashMap<(EntityKind, String), &Block> = HashMap::new();
        let named = |kind| {
            matches!(
                kind,
                EntityKind::Tag | EntityKind::Device | EntityKind::Display | EntityKind::Shift | EntityKind::Template
            )
        };
        for block in self.index.blocks().iter().filter(|block| named(block.kind) && !leaving.contains_key(&block.id)) {
            if let Some(name) = words_of(&self.text, block, "name") {
                held.entry((block.kind, name.to_lowercase())).or_insert(block);
            }
        }
        for (of, new) in wanted {
            let Some(block) = self.index.block(*of) else { continue };
            if let Some(other) = held.get(&(block.kind, new.to_lowercase())) {
                let line = line_number(&self.text, other.header_range().start);
                let what = format!("there is a {} \"{new}\" already", block.kind.noun().0);
                return Err(Refusal { line, what, mend: "choose another name".to_owned() });
            }
            edits.push(Edit::Set { of: *of, key: "name".into(), value: Value::Text(new.clone()) });
            let old = words_of(&self.text, block, "name");
            if bears_was(block.kind) {
                edits.extend(self.earlier_name(block, new));
            }
            if let Some(old) = old.filter(|old| old != new && named(block.kind)) {
                by_kind.entry(block.kind).or_default().push((old, new));
            }
        }
        // What a formula is called by one rename is renamed by the next.
        let mut changed: BTreeMap<(EntityId, KeyPath), String> = BTreeMap::new();
        for kind in [EntityKind::Device, EntityKind::Tag, EntityKind::Display, EntityKind::Template] {
            let Some(pairs) = by_kind.get(&kind) else { continue };
            let renames = renames(kind, pairs.iter().map(|(old, new)| (old.as_str(), *new)));
            visit(&self.text, &self.index, &mut |of, key, role, words| {
                let place = (of, key);
                let words = changed.get(&place).map_or(words, String::as_str);
                let new = match role {
                    Role::Name(named) if named == kind => renames.of(words),
                    Role::Name(EntityKind::Tag) if kind == EntityKind::Device => renames.figure(words),
                    Role::Formula if kind != EntityKind::Display => renames.formula(words),
                    Role::Name(_) | Role::Formula => None,
                };
                if let Some(new) = new {
                    changed.insert(place, new);
                }
            });
        }
        edits.extend(changed.into_iter().map(|((of, key), new)| Edit::Set { of, key, value: Value::Text(new) }));
        Ok(edits)
    }

    /// `was` as it has to be for this name. History knows the name that is in force: what it was called in between, while
    /// it was edited, was nobody's. With that name again, `was` is what it was then.
    fn earlier_name(&self, block: &Block, new: &str) -> Option<Edit> {
        let was = |was: &Option<String>| match was {
            Some(was) => Edit::Set { of: block.id, key: "was".into(), value: Value::Text(was.clone()) },
            None => Edit::Unset { of: block.id, key: "was".into() },
        };
        // What is new in this draft had no other name.
        let (name, earlier) = self.in_force.get(&block.id)?;
        Some(if name.to_lowercase() == new.to_lowercase() { was(earlier) } else { was(&Some(name.clone())) })
    }
}

fn renames<'a>(kind: EntityKind, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Renames<'a> {
    let (mut exact, mut patterns, mut figures) = (HashMap::new(), Vec::new(), Vec::new());
    for (old, new) in pairs {
        if kind == EntityKind::Device {
            figures.push((letters(old), letters(new)));
        }
        exact.insert(old.to_lowercase(), new);
        if kind == EntityKind::Tag && old.contains('{') {
            patterns.push((old, new));
        }
    }
    Renames { kind, exact, patterns, figures }
}

/// What the names of a device's own tags call it.
fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Whether an entity of this kind says what it was called before.
const fn bears_was(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::Device | EntityKind::Tag | EntityKind::Alarm | EntityKind::Display)
}

/// Names with their earlier ones, by entity. An alarm without a name is called by its kind.
pub(super) fn names_in_force(text: &str, index: &Index) -> HashMap<EntityId, (String, Option<String>)> {
    let named = index.blocks().iter().filter(|block| bears_was(block.kind));
    let name = |block: &Block| {
        let kind = || words_of(text, block, "kind").filter(|_| block.kind == EntityKind::Alarm);
        words_of(text, block, "name").or_else(kind)
    };
    named.filter_map(|block| Some((block.id, (name(block)?, words_of(text, block, "was"))))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_names_what_is_no_number_word_or_function() {
        let names =
            |formula: &str| names_in_formula(formula).into_iter().map(|r| formula[r].to_owned()).collect::<Vec<_>>();
        assert_eq!(names("min(a.b, 1e-3) + not c_1 and if (d, 2.5, a.b)"), ["a.b", "c_1", "d", "a.b"]);
        assert_eq!(names("string{n}.current-1 >= -x"), ["string{n}.current", "x"]);
        assert_eq!(names("true or false or 5"), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_stands_for_many_is_found_in_each_of_them() {
        assert_eq!(filled("string{n}.i", "s{n}.amps", "String12.i").as_deref(), Some("s12.amps"));
        assert_eq!(filled("string{n}.i", "s{n}.amps", "string.i"), None);
        assert_eq!(filled("string{n}.i", "s{n}.amps", "string1.ii"), None);
        assert_eq!(filled("{1}.{2}.x", "a.{2}.{1}", "north.wind.x").as_deref(), Some("a.wind.north"));
        assert_eq!(filled("plain", "b", "plain"), None);
        assert_eq!(filled("a{", "b", "a1"), None);
    }
}
