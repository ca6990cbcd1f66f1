//! Two versions of a text that come from one: what does not clash is merged, what does is asked about.
//!
//! Entities are told by their names, keys by theirs, comments by what they say. What only one side changed is taken from
//! it; what both changed alike is taken once.
//! Invariant: nothing that either side wrote or took out is lost without being asked about.

use super::index::{Block, EntityKind, Index, entry_of, header_path, words_of};
use super::lines::{entry_lines, line_end};
use std::collections::{HashMap, HashSet};

/// Of which version something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Of the draft.
    Ours,
    /// Of the file, as somebody else wrote it meanwhile.
    Theirs,
}

/// What both sides changed, each in its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it is about: `tag tank1.level: unit`.
    pub subject: String,
    /// What both had before; empty where it was not there.
    pub base: String,
    /// The lines of the draft; empty where they were taken out.
    pub ours: String,
    /// The lines of the file; empty where they were taken out.
    pub theirs: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Asked(usize),
}

/// Both versions in one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merge {
    pieces: Vec<Piece>,
    /// What has to be asked, in the text's order.
    pub conflicts: Vec<Conflict>,
    /// What a person should know, and is not asked about.
    pub notes: Vec<String>,
}

impl Merge {
    /// The text with an answer to each conflict; where one is missing, ours.
    pub fn text(&self, answers: &[Side]) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(text) => text.clone(),
            Piece::Asked(nth) => match (self.conflicts.get(*nth), answers.get(*nth)) {
                (Some(conflict), Some(Side::Theirs)) => conflict.theirs.clone(),
                (Some(conflict), _) => conflict.ours.clone(),
                (None, _) => String::new(),
            },
        };
        self.pieces.iter().map(piece).collect()
    }
}

/// Merges two versions of `base`.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Merge {
    let mut merge = Merge::default();
    // Line ends are the file's.
    let crlf = theirs.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n"));
    let (base, ours, theirs) = (plain(base), plain(ours), plain(theirs));
    let texts = [&base, &ours, &theirs].map(|text| Text { text, index: Index::of(text) });
    let known: HashSet<String> = texts[0].names();
    let [b, o, t] = [0, 1, 2].map(|nth| texts[nth].families(&known));
    merge.lists(Level::Families, "", &b, &o, &t);
    if crlf {
        let ends = |text: &mut String| *text = text.replace('\n', "\r\n");
        for piece in &mut merge.pieces {
            if let Piece::Plain(text) = piece {
                ends(text);
            }
        }
        for Conflict { base, ours, theirs, .. } in &mut merge.conflicts {
            [base, ours, theirs].into_iter().for_each(ends);
        }
    }
    merge
}

/// With plain line ends, and one at the end.
fn plain(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// An entity with all that stands below it.
    Families,
    /// The blocks of a family.
    Blocks,
    /// The lines of a block.
    Lines,
}

/// A part of a text: what it is known by on all sides, what a person calls it, and what it says.
#[derive(Debug, Clone)]
struct Unit {
    id: String,
    said: String,
    text: String,
}

struct Text<'t> {
    text: &'t str,
    index: Index,
}

impl Text<'_> {
    fn name(&self, block: &Block) -> Option<String> {
        words_of(self.text, block, "name")
    }

    /// Kinds and names of all entities that are no part of another.
    fn names(&self) -> HashSet<String> {
        let roots = self.index.blocks().iter().filter(|block| block.parent.is_none());
        let known = |block: &Block| match block.kind {
            EntityKind::Alarm => self.alarm(block, None),
            kind => known_by(kind, &self.name(block).unwrap_or_default()),
        };
        roots.map(known).collect()
    }

    /// What an alarm is known by, or was under an earlier name.
    fn alarm(&self, block: &Block, was: Option<String>) -> String {
        let word = |key: &str| words_of(self.text, block, key);
        let name = was.or_else(|| word("name")).or_else(|| word("kind")).unwrap_or_default();
        format!("alarm {}/{name}", word("tag").unwrap_or_default().to_lowercase())
    }

    /// Each entity with what follows it up to the next.
    fn families(&self, base: &HashSet<String>) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        for (place, block) in self.index.blocks().iter().enumerate() {
            let text = self.text.get(self.index.extent(place)).unwrap_or("");
            match units.last_mut() {
                Some(last) if block.parent.is_some() => last.text.push_str(text),
                _ => {
                    let name = self.name(block);
                    let known = |was: Option<String>| match block.kind {
                        EntityKind::Alarm => self.alarm(block, was),
                        kind => known_by(kind, was.as_deref().or(name.as_deref()).unwrap_or("")),
                    };
                    let own = known(None);
                    // One that was renamed is the one that it was.
                    let was = words_of(self.text, block, "was").map(|was| known(Some(was)));
                    let was = was.filter(|was| base.contains(was) && !base.contains(&own));
                    let id = was.unwrap_or_else(|| own.clone());
                    let said = match (block.kind, name) {
                        (EntityKind::Project, _) => "the project".to_owned(),
                        (EntityKind::Alarm, _) => own,
                        (kind, name) => format!("{} {}", kind.noun().0, name.unwrap_or_default()).trim_end().to_owned(),
                    };
                    units.push(Unit { id, said, text: text.to_owned() });
                }
            }
        }
        numbered(units)
    }
}

fn known_by(kind: EntityKind, name: &str) -> String {
    format!("{kind:?} {}", name.to_lowercase())
}

/// Of several that are known by the same, the second and later ones have a number too.
fn numbered(mut units: Vec<Unit>) -> Vec<Unit> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for unit in &mut units {
        let count = seen.entry(unit.id.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            unit.id = format!("{} #{count}", unit.id);
        }
    }
    units
}

fn blocks(text: &str) -> Vec<Unit> {
    let index = Index::of(text);
    let units = index.blocks().iter().enumerate().map(|(place, block)| {
        let word = |key: &str| words_of(text, block, key);
        let header = header_path(text, block).join(".");
        let part = text.get(index.extent(place)).unwrap_or("").to_owned();
        let own = match block.kind {
            EntityKind::Alarm => word("name").or_else(|| word("kind")),
            // What a panel shows tells it from the others; where it stands and how it is called may change.
            EntityKind::Panel => {
                Some(["kind", "tag", "tags", "pens", "text"].map(|key| raw(text, block, key)).join(" "))
            }
            _ => None,
        };
        let said = own
            .clone()
            .filter(|_| block.kind == EntityKind::Alarm)
            .map_or(header.clone(), |own| format!("{header} {own}"));
        let inner = matches!(block.kind, EntityKind::Alarm | EntityKind::Panel | EntityKind::Part);
        Unit {
            id: if inner { format!("{header} {}", own.unwrap_or_default()) } else { String::new() },
            said,
            text: part,
        }
    });
    // What stands before the first header, and nothing, is none.
    numbered(units.filter(|unit| !unit.text.is_empty()).collect())
}

fn raw<'t>(text: &'t str, block: &Block, key: &str) -> &'t str {
    entry_of(text, block, key).and_then(|entry| text.get(entry.value_range(block))).unwrap_or("")
}

/// The lines of a block: each key with its value is one, and so is each comment; empty lines belong to what is above.
fn lines(text: &str) -> Vec<Unit> {
    let index = Index::of(text);
    let mut units: Vec<Unit> = Vec::new();
    let mut entries: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for block in index.blocks() {
        for entry in &block.entries {
            let path: Vec<String> = entry.path(text, block).iter().map(|part| part.clone().into_owned()).collect();
            entries.push((entry_lines(text, block, entry), path.join(".")));
        }
    }
    let mut entries = entries.into_iter().peekable();
    let mut at = 0;
    while at < text.len() {
        let (end, id, said) = match entries.next_if(|(range, _)| range.start <= at) {
            Some((range, key)) => (range.end.max(at + 1), format!("= {key}"), key),
            None => {
                let end = line_end(text, at);
                let line = text.get(at..end).unwrap_or("").trim();
                if line.is_empty()
                    && let Some(last) = units.last_mut()
                {
                    last.text.push_str(text.get(at..end).unwrap_or(""));
                    at = end;
                    continue;
                }
                // A header that was renamed is still the header.
                let id = if line.starts_with('[') { "[".to_owned() } else { line.to_owned() };
                (end, id, "a comment".to_owned())
            }
        };
        units.push(Unit { id, said, text: text.get(at..end).unwrap_or("").to_owned() });
        at = end;
    }
    numbered(units)
}

/// The same but for the empty lines behind it.
fn same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

impl Merge {
    fn lists(&mut self, level: Level, subject: &str, base: &[Unit], ours: &[Unit], theirs: &[Unit]) {
        let by_id = |list: &'_ [Unit]| {
            list.iter().enumerate().map(|(nth, unit)| (unit.id.clone(), nth)).collect::<HashMap<_, _>>()
        };
        let (b, o, t) = (by_id(base), by_id(ours), by_id(theirs));
        let order = |list: &[Unit]| -> Vec<String> {
            list.iter()
                .map(|unit| &unit.id)
                .filter(|id| [&b, &o, &t].iter().all(|ids| ids.contains_key(*id)))
                .cloned()
                .collect()
        };
        let (first, second, third) = (order(base), order(ours), order(theirs));
        let theirs_leads = second == first || second == third;
        if !theirs_leads && third != first {
            let of = if subject.is_empty() { "entities" } else { subject };
            self.notes.push(format!("both have put {of} in another order; it is the draft's"));
        }
        let (lead, other) = if theirs_leads { (theirs, ours) } else { (ours, theirs) };
        let lead_ids = if theirs_leads { &t } else { &o };
        // What the other has besides stands behind what it stands behind there.
        let mut behind: HashMap<Option<&str>, Vec<&Unit>> = HashMap::new();
        let mut anchor = None;
        for unit in other {
            if lead_ids.contains_key(&unit.id) {
                anchor = Some(unit.id.as_str());
            } else {
                behind.entry(anchor).or_default().push(unit);
            }
        }
        let find = |ids: &HashMap<String, usize>, list: &'_ [Unit], id: &str| {
            ids.get(id).and_then(|nth| list.get(*nth)).cloned()
        };
        let mut all: Vec<&Unit> = behind.remove(&None).unwrap_or_default();
        for unit in lead {
            all.push(unit);
            all.extend(behind.remove(&Some(unit.id.as_str())).unwrap_or_default());
        }
        for unit in all {
            let (base, ours, theirs) = (find(&b, base, &unit.id), find(&o, ours, &unit.id), find(&t, theirs, &unit.id));
            self.unit(level, subject, base.as_ref(), ours.as_ref(), theirs.as_ref());
        }
    }

    fn unit(&mut self, level: Level, subject: &str, base: Option<&Unit>, ours: Option<&Unit>, theirs: Option<&Unit>) {
        let text = |unit: Option<&Unit>| unit.map_or(String::new(), |unit| unit.text.clone());
        let (b, o, t) = (text(base), text(ours), text(theirs));
        let is_same = |a: Option<&Unit>, b: Option<&Unit>| match (a, b) {
            (Some(a), Some(b)) => same(&a.text, &b.text),
            (None, None) => true,
            _ => false,
        };
        let exact = |a: Option<&Unit>, b: Option<&Unit>| a.map(|unit| &unit.text) == b.map(|unit| &unit.text);
        if exact(base, ours) {
            return self.plain(&t);
        }
        if exact(base, theirs) || is_same(ours, theirs) {
            return self.plain(&o);
        }
        // Of two that changed it, one has changed no more than the empty lines behind it.
        if is_same(base, ours) {
            return self.plain(&t);
        }
        if is_same(base, theirs) {
            return self.plain(&o);
        }
        let named = ours.or(theirs).map_or("", |unit| unit.said.as_str());
        let said = match (subject, level) {
            ("", _) => named.to_owned(),
            (subject, Level::Lines) => format!("{subject}: {named}"),
            (subject, _) if named.is_empty() || named.split('.').count() == 1 => subject.to_owned(),
            (subject, _) => format!("{subject}: {}", named.split_once('.').map_or(named, |(_, inner)| inner)),
        };
        if ours.is_some() && theirs.is_some() {
            match level {
                Level::Families => return self.lists(Level::Blocks, &said, &blocks(&b), &blocks(&o), &blocks(&t)),
                Level::Blocks => return self.lists(Level::Lines, &said, &lines(&b), &lines(&o), &lines(&t)),
                Level::Lines => {}
            }
        }
        self.pieces.push(Piece::Asked(self.conflicts.len()));
        self.conflicts.push(Conflict { subject: said, base: b, ours: o, theirs: t });
    }

    fn plain(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Plain(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Plain(text.to_owned())),
        }
    }
}
