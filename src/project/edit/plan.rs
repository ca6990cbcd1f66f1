//! From what is meant to the places of the text that have to change.
//!
//! Invariant: a plan changes nothing but what was asked for: everything else stays byte for byte, comments included.

use super::index::{Block, EntityId, Entry, Index, header_path};
use super::kind::EntityKind;
use super::lines::{entry_lines, indent, line_break, line_end, line_number, line_start, rank, table_of};
use super::path::{KeyPath, Step};
use super::splice::Splice;
use super::tree::{self, Inside, Node};
use super::value::{Value, key_written};
use super::{Edit, Refusal};
use std::ops::Range;

/// A splice, and how it stands to others at the same place: keys in their order, entities behind them.
pub(super) type Placed = (Splice, usize);

/// Of entities.
pub(super) const BEHIND: usize = usize::MAX;

/// The text and where everything stands in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planner<'a> {
    pub(super) text: &'a str,
    pub(super) index: &'a Index,
}

/// Where a way leads.
#[derive(Debug)]
enum Found<'a> {
    /// A value is there.
    Value(Range<usize>),
    /// A table in braces, or a list, is there, and it has no such part: what is left of the way.
    Holder(Range<usize>, Node, &'a [Step]),
    /// Other keys with these first parts are there, written with dots, the last of them this one.
    Dotted(&'a Block, &'a Entry, usize),
    /// Nothing is there; the block in which it would be, and the way in it.
    Nothing(&'a Block, &'a [Step]),
    /// It is written in parts of its own.
    Parts(usize),
}

impl<'a> Planner<'a> {
    /// The places that one edit changes.
    pub(super) fn plan(self, edit: &'a Edit) -> Result<Vec<Placed>, Refusal> {
        match edit {
            Edit::Set { of, key, value } => self.set(*of, key, value),
            Edit::Unset { of, key } => self.unset(*of, &key.0),
            Edit::Add { kind, spot, keys } => self.add(*kind, *spot, keys),
            Edit::Insert { spot, text } => self.insert(*spot, text),
            Edit::Remove { of } => self.remove(*of),
            Edit::Move { of, spot } => self.move_to(*of, *spot),
            Edit::Duplicate { of, name } => self.duplicate(*of, name.as_deref()),
            Edit::Text { of, text } => self.replace(*of, text),
        }
    }

    pub(super) fn slice(self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }

    pub(super) fn refusal(self, at: usize, what: impl Into<String>, mend: &str) -> Refusal {
        Refusal { line: line_number(self.text, at), what: what.into(), mend: mend.to_owned() }
    }

    /// The block of an entity that stands and is whole.
    pub(super) fn block(self, id: EntityId) -> Result<&'a Block, Refusal> {
        let block = self.known(id)?;
        match block.torn {
            Some(at) => {
                let mend = "mend it in its text first";
                Err(self.refusal((block.start + at) as usize, "what stands here is no TOML", mend))
            }
            None => Ok(block),
        }
    }

    pub(super) fn known(self, id: EntityId) -> Result<&'a Block, Refusal> {
        self.index.block(id).ok_or_else(|| self.refusal(0, "it is not in the project any more", "choose another"))
    }

    // ── keys ─────────────────────────────────────────────────────────────────────────────────

    /// The value of a key as it is written.
    pub(super) fn get(self, of: EntityId, key: &KeyPath) -> Option<&'a str> {
        match self.find(self.index.block(of)?, &key.0).ok()? {
            Found::Value(range) => Some(self.slice(range)),
            _ => None,
        }
    }

    fn find<'p>(self, block: &'a Block, path: &'p [Step]) -> Result<Found<'p>, Refusal>
    where
        'a: 'p,
    {
        let is = |step: Option<&Step>, name: &str| matches!(step, Some(Step::Key(key)) if key == name);
        if block.kind == EntityKind::Project
            && is(path.first(), "history")
            && let Some(history) = self.index.blocks().iter().find(|b| b.kind == EntityKind::History)
        {
            return if path.len() == 1 {
                Ok(Found::Parts(history.header_range().start))
            } else {
                self.find(history, &path[1..])
            };
        }
        let mut dotted = None;
        for entry in &block.entries {
            let names = entry.path(self.text, block);
            let common = names.iter().zip(path).take_while(|(name, step)| is(Some(step), name)).count();
            if common == names.len() {
                return self.inside(entry.value_range(block), &path[common..]);
            }
            if common == path.len() {
                return Ok(Found::Parts(entry.key_range(block).start));
            }
            if common > 0 {
                dotted = Some((entry, common));
            }
        }
        if let Some((entry, common)) = dotted {
            return Ok(Found::Dotted(block, entry, common));
        }
        let own = header_path(self.text, block).len();
        let mut nth = 0;
        for part in self.index.below(block.id).filter(|part| part.kind == EntityKind::Part) {
            let names = header_path(self.text, part);
            let names = names.get(own..).unwrap_or_default();
            let common = names.iter().zip(path).take_while(|(name, step)| is(Some(step), name)).count();
            if common < names.len() {
                continue;
            }
            let is_list = self.slice(part.header_range()).starts_with("[[");
            let mut rest = &path[common..];
            if is_list && !rest.is_empty() {
                if rest.first() != Some(&Step::Nth(nth)) {
                    nth += 1;
                    continue;
                }
                rest = &rest[1..];
            }
            return if rest.is_empty() { Ok(Found::Parts(part.header_range().start)) } else { self.find(part, rest) };
        }
        Ok(Found::Nothing(block, path))
    }

    fn inside(self, range: Range<usize>, path: &[Step]) -> Result<Found<'_>, Refusal> {
        if path.is_empty() {
            return Ok(Found::Value(range));
        }
        let Some(mut node) = tree::value(self.slice(range.clone())) else {
            return Err(self.refusal(range.start, "what stands here is no TOML", "set the whole value"));
        };
        let mut rest = path;
        loop {
            match next(node, rest) {
                Next::In(inner, []) => {
                    return Ok(Found::Value(range.start + inner.range.start..range.start + inner.range.end));
                }
                Next::In(inner, behind) => (node, rest) = (inner, behind),
                Next::Missing(holder) => {
                    let place = range.start + holder.range.start..range.start + holder.range.end;
                    return Ok(Found::Holder(place, holder, rest));
                }
                Next::NoHolder(at) => {
                    return Err(self.refusal(range.start + at, "this value has no parts", "set it as a whole"));
                }
            }
        }
    }

    fn set(self, of: EntityId, key: &'a KeyPath, value: &Value) -> Result<Vec<Placed>, Refusal> {
        let block = self.block(of)?;
        let checked = |written: String, at: usize| match tree::value(&written) {
            Some(_) => Ok(written),
            None => {
                Err(self.refusal(at, format!("{} is not one value of TOML", written.trim()), "write words in quotes"))
            }
        };
        let found = self.find(block, &key.0)?;
        let splice = match found {
            Found::Value(range) => {
                let before = self.slice(range.clone());
                let written = checked(value.written(Some(before)), range.start)?;
                let same = written == before
                    || matches!(value, Value::Text(text) if tree::words(before).as_deref() == Some(text));
                if same {
                    return Ok(Vec::new());
                }
                Splice { at: range.start, old: before.into(), new: written.into() }
            }
            Found::Holder(range, node, rest) => {
                let [first, behind @ ..] = rest else { return Ok(Vec::new()) };
                let written = checked(wrapped(behind, value), range.start)?;
                match (first, &node.inside) {
                    (Step::Key(key), Inside::Table(pairs)) => {
                        let item = format!("{} = {written}", key_written(key));
                        self.appended(
                            &range,
                            pairs.last().map(|pair| pair.key_range.start..pair.value.range.end),
                            &node,
                            &item,
                            ('{', '}'),
                        )
                    }
                    (Step::Nth(nth), Inside::List(list)) if *nth == list.len() => {
                        self.appended(&range, list.last().map(|item| item.range.clone()), &node, &written, ('[', ']'))
                    }
                    _ => {
                        return Err(self.refusal(
                            range.start,
                            format!("there is no {key}"),
                            "set the value that holds it",
                        ));
                    }
                }
            }
            Found::Dotted(block, entry, common) => {
                let mut names: Vec<String> =
                    entry.path(self.text, block).iter().take(common).map(|name| key_written(name)).collect();
                let mut rest = &key.0[common.min(key.0.len())..];
                while let [Step::Key(key), behind @ ..] = rest {
                    names.push(key_written(key));
                    rest = behind;
                }
                let written = checked(wrapped(rest, value), entry.key_range(block).start)?;
                self.line_behind(block, Some(entry), &names.join("."), &written)
            }
            Found::Nothing(block, rest) => {
                let [Step::Key(first), behind @ ..] = rest else {
                    return Err(self.refusal(
                        block.header_range().start,
                        format!("there is no {key}"),
                        "set the list that holds it",
                    ));
                };
                let written = checked(wrapped(behind, value), block.header_range().start)?;
                self.new_line(block, first, &written)
            }
            Found::Parts(at) => {
                return Err(self.refusal(at, format!("{key} is written in parts of its own"), "change its parts"));
            }
        };
        let order = table_of(self.text, block).map_or(0, |table| rank(Some(&table), key.key()).min(BEHIND - 1));
        Ok(vec![(splice, order)])
    }

    /// A key of its own line, where a person would write it.
    fn new_line(self, block: &Block, key: &str, value: &str) -> Splice {
        let table = table_of(self.text, block);
        let own = rank(table.as_ref(), key);
        let ranked = block.entries.iter().map(|entry| {
            let names = entry.path(self.text, block);
            (rank(table.as_ref(), names.first().map_or("", AsRef::as_ref)), entry)
        });
        // The last one that comes before it in the order of keys.
        let before = ranked.filter(|(rank, _)| *rank <= own).max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry);
        self.line_behind(block, before, &key_written(key), value)
    }

    /// A line behind an entry's, or as the first of a block.
    fn line_behind(self, block: &Block, entry: Option<&Entry>, key: &str, value: &str) -> Splice {
        let neighbour = entry.or_else(|| block.entries.first());
        let header = block.header_range();
        let at = match entry {
            Some(entry) => entry_lines(self.text, block, entry).end,
            None if block.header.is_empty() => neighbour.map_or(0, |n| entry_lines(self.text, block, n).start),
            None => line_end(self.text, header.end),
        };
        let beside = neighbour.map_or(header.start, |n| n.key_range(block).start);
        let space = indent(self.text, beside);
        let pad = neighbour.map_or(0, |n| aligned(self.text, n.key_range(block)));
        let end = line_break(self.text, beside);
        let mut line = format!("{space}{key:<pad$} = {value}{end}");
        if at > 0 && !self.slice(0..at).ends_with('\n') {
            // The last line of a text has no end.
            line = format!("{end}{}", line.trim_end_matches(['\r', '\n']));
        }
        Splice { at, old: "".into(), new: line.into() }
    }

    /// One more part of a table in braces or of a list, in its layout.
    fn appended(
        self,
        range: &Range<usize>,
        last: Option<Range<usize>>,
        node: &Node,
        item: &str,
        (open, close): (char, char),
    ) -> Splice {
        let Some(last) = last else {
            let space = if open == '{' { " " } else { "" };
            return Splice {
                at: range.start,
                old: self.slice(range.clone()).into(),
                new: format!("{open}{space}{item}{space}{close}").into(),
            };
        };
        let from = range.start - node.range.start;
        let (start, end) = (from + last.start, from + last.end);
        let line = line_start(self.text, start);
        let own_line = line > range.start && self.slice(line..start).trim().is_empty();
        // A comment behind the last one is of that one.
        let behind = self.slice(end..range.end).lines().next().unwrap_or("");
        if let Some(between) = behind.find('#').map(|at| behind[..at].trim()).filter(|_| own_line) {
            let next = format!("{}{}{item}", line_break(self.text, start), indent(self.text, start));
            return match between {
                "" => Splice { at: end, old: behind.into(), new: format!(",{behind}{next}").into() },
                _ => Splice { at: end + behind.len(), old: "".into(), new: format!("{next},").into() },
            };
        }
        let new = if own_line {
            format!(",{}{}{item}", line_break(self.text, start), indent(self.text, start))
        } else {
            format!(", {item}")
        };
        Splice { at: end, old: "".into(), new: new.into() }
    }

    fn unset(self, of: EntityId, path: &[Step]) -> Result<Vec<Placed>, Refusal> {
        let block = self.block(of)?;
        let cut =
            |range: Range<usize>| vec![(Splice { at: range.start, old: self.slice(range).into(), new: "".into() }, 0)];
        match self.find(block, path)? {
            Found::Parts(at) => {
                let place = self.index.at(at);
                let part = self.index.blocks().get(place).filter(|part| part.header_range().start == at);
                match part {
                    Some(part) => self.remove(part.id),
                    None => Err(self.refusal(at, "this is written in parts of its own", "remove its parts")),
                }
            }
            Found::Value(range) => {
                let home = self.index.blocks().get(self.index.at(range.start)).unwrap_or(block);
                if let Some(entry) = home.entries.iter().find(|entry| entry.value_range(home) == range) {
                    return Ok(cut(entry_lines(self.text, home, entry)));
                }
                let Some((last, holder)) = path.split_last() else { return Ok(Vec::new()) };
                let Found::Value(outer) = self.find(block, holder)? else { return Ok(Vec::new()) };
                let Some(node) = tree::value(self.slice(outer.clone())) else { return Ok(Vec::new()) };
                let (parts, is_table): (Vec<Range<usize>>, bool) = match &node.inside {
                    Inside::Table(pairs) => {
                        (pairs.iter().map(|p| p.key_range.start..p.value.range.end).collect(), true)
                    }
                    Inside::List(list) => (list.iter().map(|n| n.range.clone()).collect(), false),
                    _ => return Ok(Vec::new()),
                };
                let inner = range.start - outer.start;
                let Some(nth) = parts.iter().position(|part| part.contains(&inner)) else { return Ok(Vec::new()) };
                if is_table && parts.len() == 1 {
                    debug_assert!(matches!(last, Step::Key(_)));
                    return self.unset(of, holder);
                }
                let part = match (parts.get(nth + 1), nth.checked_sub(1).and_then(|before| parts.get(before))) {
                    (Some(next), _) => parts[nth].start..next.start,
                    (None, Some(before)) => before.end..parts[nth].end,
                    // Of a list in lines the comma behind the last goes along.
                    (None, None) => node.range.start + 1..node.range.end - 1,
                };
                Ok(cut(outer.start + part.start..outer.start + part.end))
            }
            Found::Holder(..) | Found::Dotted(..) | Found::Nothing(..) => Ok(Vec::new()),
        }
    }
}

impl Block {
    /// Its header from bracket to bracket in the text.
    pub(super) const fn header_range(&self) -> Range<usize> {
        (self.start + self.header.start) as usize..(self.start + self.header.end) as usize
    }
}

enum Next<'p> {
    In(Node, &'p [Step]),
    Missing(Node),
    NoHolder(usize),
}

/// One step further into a value.
fn next(node: Node, path: &[Step]) -> Next<'_> {
    match &node.inside {
        Inside::Table(pairs) => {
            let found = pairs.iter().find(|pair| {
                pair.key.len() <= path.len()
                    && pair.key.iter().zip(path).all(|(key, step)| matches!(step, Step::Key(k) if k == key))
            });
            match found {
                Some(pair) => Next::In(pair.value.clone(), &path[pair.key.len()..]),
                None => Next::Missing(node),
            }
        }
        Inside::List(list) => match path.first() {
            Some(Step::Nth(nth)) => match list.get(*nth) {
                Some(item) => Next::In(item.clone(), &path[1..]),
                None => Next::Missing(node),
            },
            _ => Next::NoHolder(node.range.start),
        },
        Inside::Text(_) | Inside::Plain => Next::NoHolder(node.range.start),
    }
}

/// A value with the tables and lists around it that its way names.
fn wrapped(path: &[Step], value: &Value) -> String {
    path.iter().rev().fold(value.written(None), |inner, step| match step {
        Step::Key(key) => format!("{{ {} = {inner} }}", key_written(key)),
        Step::Nth(_) => format!("[{inner}]"),
    })
}

/// How wide keys are written where `=` stand below each other; 0 where they do not.
fn aligned(text: &str, key: Range<usize>) -> usize {
    let behind = text.get(key.end..).unwrap_or("");
    let space = behind.len() - behind.trim_start_matches(' ').len();
    if space > 1 && behind.trim_start_matches(' ').starts_with('=') { key.len() + space - 1 } else { 0 }
}
