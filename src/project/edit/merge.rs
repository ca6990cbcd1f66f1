//! Two versions of a text that come from one: what does not clash is merged, what does is asked about.
//!
//! Entities are told by their names, keys by theirs, comments by what they say. What only one side changed is taken from
//! it; what both changed alike is taken once.
//! Invariant: nothing that either side wrote or took out is lost without being asked about.

use super::index::{Block, Index, entry_of, header_path, words_of};
use super::kind::EntityKind;
use super::lines::{entry_lines, line_end};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

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
    Work { texts: &texts, merge: &mut merge }.lists(Level::Families, "", [&b, &o, &t]);
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
struct Unit<'t> {
    id: String,
    said: String,
    text: &'t str,
    /// The blocks that it is of.
    places: Range<usize>,
}

struct Text<'t> {
    text: &'t str,
    index: Index,
}

impl<'t> Text<'t> {
    fn name(&self, block: &Block) -> Option<String> {
        words_of(self.text, block, "name")
    }

    fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or("")
    }

    /// Kinds and names of all entities that are no part of another.
    fn names(&self) -> HashSet<String> {
        let roots = self.index.blocks().iter().filter(|block| block.parent.is_none());
        let known = |block: &Block| match block.kind {
            EntityKind::Alarm => self.alarm(block, None, &HashMap::new()),
            kind => known_by(kind, &self.name(block).unwrap_or_default()),
        };
        roots.map(known).collect()
    }

    /// What an alarm is known by, or was under an earlier name of its own or of its tag.
    fn alarm(&self, block: &Block, was: Option<String>, tags: &HashMap<String, String>) -> String {
        let word = |key: &str| words_of(self.text, block, key);
        let name = was.or_else(|| word("name")).or_else(|| word("kind")).unwrap_or_default();
        let tag = word("tag").unwrap_or_default().to_lowercase();
        format!("alarm {}/{name}", tags.get(&tag).unwrap_or(&tag))
    }

    /// Tags that bear another name than in the base, each with the one there, in lower case.
    fn renamed_tags(&self, base: &HashSet<String>) -> HashMap<String, String> {
        let tags = self.index.blocks().iter().filter(|block| block.kind == EntityKind::Tag);
        let was = tags.filter_map(|block| Some((block, words_of(self.text, block, "was")?)));
        let renamed = was.filter_map(|(block, was)| {
            let name = self.name(block)?;
            let is = |name: &str| base.contains(&known_by(EntityKind::Tag, name));
            (is(&was) && !is(&name)).then(|| (name.to_lowercase(), was.to_lowercase()))
        });
        renamed.collect()
    }

    /// Each entity with what follows it up to the next.
    fn families(&self, base: &HashSet<String>) -> Vec<Unit<'t>> {
        let tags = self.renamed_tags(base);
        let mut units: Vec<Unit<'t>> = Vec::new();
        for (place, block) in self.index.blocks().iter().enumerate() {
            match units.last_mut() {
                Some(last) if block.parent.is_some() => last.places.end = place + 1,
                _ => {
                    let name = self.name(block);
                    let known = |was: Option<String>| match block.kind {
                        EntityKind::Alarm => self.alarm(block, was, &tags),
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
                    units.push(Unit { id, said, text: "", places: place..place + 1 });
                }
            }
        }
        for unit in &mut units {
            let end = self.index.extent(unit.places.end.saturating_sub(1)).end;
            unit.text = self.slice(self.index.extent(unit.places.start).start..end);
        }
        numbered(units)
    }

    /// The blocks of a family. `base`: what those of the base are known by.
    fn blocks(&self, places: Range<usize>, base: &HashSet<String>) -> Vec<Unit<'t>> {
        let blocks = self.index.blocks().iter().enumerate().take(places.end).skip(places.start);
        let units = blocks.map(|(place, block)| {
            let word = |key: &str| words_of(self.text, block, key);
            let header = header_path(self.text, block).join(".");
            let own = match block.kind {
                EntityKind::Alarm | EntityKind::TemplateAlarm => word("name").or_else(|| word("kind")),
                EntityKind::TemplateTag => word("name"),
                EntityKind::TemplateItem => Some(["kind", "tag"].map(|key| raw(self.text, block, key)).join(" ")),
                // What a panel shows tells it from the others; where it stands and how it is called may change.
                EntityKind::Panel | EntityKind::TemplatePanel => {
                    Some(["kind", "tag", "tags", "pens", "text"].map(|key| raw(self.text, block, key)).join(" "))
                }
                _ => None,
            };
            let said = match &own {
                Some(own) if block.kind == EntityKind::Alarm => format!("{header} {own}"),
                _ => header.clone(),
            };
            let inner = matches!(block.kind, EntityKind::Alarm | EntityKind::Panel | EntityKind::Part)
                || block.kind.is_of_template();
            let known = |own: Option<String>| format!("{header} {}", own.unwrap_or_default());
            // An alarm that was renamed is the one that it was.
            let is_alarm = matches!(block.kind, EntityKind::Alarm | EntityKind::TemplateAlarm);
            let was = if is_alarm { word("was").map(|was| known(Some(was))) } else { None };
            let id = if inner { known(own) } else { String::new() };
            let id = was.filter(|was| base.contains(was) && !base.contains(&id)).unwrap_or(id);
            Unit { id, said, text: self.slice(self.index.extent(place)), places: place..place + 1 }
        });
        // What stands before the first header, and nothing, is none.
        numbered(units.filter(|unit| !unit.text.is_empty()).collect())
    }

    /// The lines of a block: each key with its value is one, and so is each comment; empty lines belong to what is above.
    fn lines(&self, place: usize) -> Vec<Unit<'t>> {
        let mut units: Vec<(String, String, Range<usize>)> = Vec::new();
        let Some(block) = self.index.blocks().get(place) else { return Vec::new() };
        let extent = self.index.extent(place);
        let mut entries = block.entries.iter().peekable();
        let mut at = extent.start;
        while at < extent.end {
            let lines = entries.peek().map(|entry| entry_lines(self.text, block, entry));
            let (end, id, said) = match lines.filter(|lines| lines.start <= at) {
                Some(lines) => {
                    let path = entries.next().map(|entry| entry.path(self.text, block).join("."));
                    let key = path.unwrap_or_default();
                    (lines.end.max(at + 1), format!("= {key}"), key)
                }
                None => {
                    let end = line_end(self.text, at).min(extent.end);
                    let line = self.slice(at..end).trim();
                    if line.is_empty()
                        && let Some((.., last)) = units.last_mut()
                    {
                        last.end = end;
                        at = end;
                        continue;
                    }
                    // A header that was renamed is still the header.
                    let id = if line.starts_with('[') { "[".to_owned() } else { line.to_owned() };
                    (end, id, "a comment".to_owned())
                }
            };
            units.push((id, said, at..end));
            at = end;
        }
        let unit = |(id, said, range)| Unit { id, said, text: self.slice(range), places: place..place + 1 };
        numbered(units.into_iter().map(unit).collect())
    }
}

fn known_by(kind: EntityKind, name: &str) -> String {
    format!("{kind:?} {}", name.to_lowercase())
}

/// What shows something else than before is no other, where as many of its kind came as went: with a tag that is renamed,
/// every panel that names it says something else.
fn still_the_same(base: &[Unit<'_>], units: &mut [Unit<'_>]) {
    fn kind<'u>(unit: &'u Unit<'_>) -> Vec<&'u str> {
        unit.id.split(' ').take(2).collect()
    }
    let (before, now) = (by_id(base), by_id(units));
    let gone: Vec<&Unit<'_>> = base.iter().filter(|unit| !now.contains_key(unit.id.as_str())).collect();
    let new: Vec<usize> = (0..units.len()).filter(|nth| !before.contains_key(units[*nth].id.as_str())).collect();
    let mut pairs: Vec<(usize, String)> = Vec::new();
    for nth in &new {
        let own = kind(&units[*nth]);
        if !PANELS.contains(&own.first().copied().unwrap_or("")) {
            continue;
        }
        let alike: Vec<&&Unit<'_>> = gone.iter().filter(|unit| kind(unit) == own).collect();
        let came = new.iter().filter(|other| kind(&units[**other]) == own);
        if came.clone().count() == alike.len()
            && let Some(was) = came.clone().position(|other| other == nth).and_then(|place| alike.get(place))
        {
            pairs.push((*nth, was.id.clone()));
        }
    }
    for (nth, id) in pairs {
        units[nth].id = id;
    }
}

/// Headers of what is known by what it shows.
const PANELS: [&str; 3] = ["display.panel", "template.panel", "template.item"];

/// Of several that are known by the same, the second and later ones have a number too.
fn numbered(mut units: Vec<Unit<'_>>) -> Vec<Unit<'_>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let counts: Vec<usize> = units
        .iter()
        .map(|unit| {
            let count = seen.entry(unit.id.as_str()).or_insert(0);
            *count += 1;
            *count
        })
        .collect();
    for (unit, count) in units.iter_mut().zip(counts).filter(|(_, count)| *count > 1) {
        unit.id = format!("{} #{count}", unit.id);
    }
    units
}

fn raw<'t>(text: &'t str, block: &Block, key: &str) -> &'t str {
    entry_of(text, block, key).and_then(|entry| text.get(entry.value_range(block))).unwrap_or("")
}

/// The same but for the empty lines behind it.
fn same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// The three texts, and what is merged of them.
struct Work<'m, 't> {
    texts: &'m [Text<'t>; 3],
    merge: &'m mut Merge,
}

/// The same part in the base, ours and theirs.
type Three<'u, 't> = [Option<&'u Unit<'t>>; 3];

impl<'t> Work<'_, 't> {
    fn lists(&mut self, level: Level, subject: &str, [base, ours, theirs]: [&[Unit<'t>]; 3]) {
        let [b, o, t] = [base, ours, theirs].map(by_id);
        let is_everywhere = |id: &str| [&b, &o, &t].iter().all(|ids| ids.contains_key(id));
        let order = |list: &'_ [Unit<'t>]| -> Vec<usize> {
            list.iter()
                .filter(|unit| is_everywhere(&unit.id))
                .filter_map(|unit| b.get(unit.id.as_str()).copied())
                .collect()
        };
        let (first, second, third) = (order(base), order(ours), order(theirs));
        let theirs_leads = second == first || second == third;
        if !theirs_leads && third != first {
            let of = if subject.is_empty() { "entities" } else { subject };
            self.merge.notes.push(format!("both have put {of} in another order; it is the draft's"));
        }
        let (lead, other) = if theirs_leads { (theirs, ours) } else { (ours, theirs) };
        let lead_ids = if theirs_leads { &t } else { &o };
        // What the other has besides stands behind what it stands behind there.
        let mut behind: HashMap<Option<&str>, Vec<&Unit<'t>>> = HashMap::new();
        let mut anchor = None;
        for unit in other {
            if lead_ids.contains_key(unit.id.as_str()) {
                anchor = Some(unit.id.as_str());
            } else {
                behind.entry(anchor).or_default().push(unit);
            }
        }
        let mut all: Vec<&Unit<'t>> = behind.remove(&None).unwrap_or_default();
        for unit in lead {
            all.push(unit);
            all.extend(behind.remove(&Some(unit.id.as_str())).unwrap_or_default());
        }
        for unit in all {
            let three = [found(&b, base, unit), found(&o, ours, unit), found(&t, theirs, unit)];
            self.unit(level, subject, three);
        }
    }

    fn unit(&mut self, level: Level, subject: &str, [base, ours, theirs]: Three<'_, 't>) {
        let text = |unit: Option<&Unit<'t>>| unit.map_or("", |unit| unit.text);
        let (b, o, t) = (text(base), text(ours), text(theirs));
        let is_same = |a: Option<&Unit<'t>>, b: Option<&Unit<'t>>| match (a, b) {
            (Some(a), Some(b)) => same(a.text, b.text),
            (None, None) => true,
            _ => false,
        };
        let exact = |a: Option<&Unit<'t>>, b: Option<&Unit<'t>>| a.map(|unit| unit.text) == b.map(|unit| unit.text);
        if exact(base, ours) {
            return self.merge.plain(t);
        }
        if exact(base, theirs) || is_same(ours, theirs) {
            return self.merge.plain(o);
        }
        // Of two that changed it, one has changed no more than the empty lines behind it.
        if is_same(base, ours) {
            return self.merge.plain(t);
        }
        if is_same(base, theirs) {
            return self.merge.plain(o);
        }
        let named = ours.or(theirs).map_or("", |unit| unit.said.as_str());
        let said = match (subject, level) {
            ("", _) => named.to_owned(),
            (subject, Level::Lines) => format!("{subject}: {named}"),
            (subject, _) if named.is_empty() || named.split('.').count() == 1 => subject.to_owned(),
            (subject, _) => format!("{subject}: {}", named.split_once('.').map_or(named, |(_, inner)| inner)),
        };
        if ours.is_some() && theirs.is_some() {
            let texts = self.texts;
            let places = [base, ours, theirs].map(|unit| unit.map_or(0..0, |unit| unit.places.clone()));
            let [b, o, t] = places;
            let parts = match level {
                Level::Families => {
                    let base = texts[0].blocks(b, &HashSet::new());
                    let known: HashSet<String> = base.iter().map(|unit| unit.id.clone()).collect();
                    let [mut ours, mut theirs] = [texts[1].blocks(o, &known), texts[2].blocks(t, &known)];
                    still_the_same(&base, &mut ours);
                    still_the_same(&base, &mut theirs);
                    Some((Level::Blocks, [base, ours, theirs]))
                }
                Level::Blocks => {
                    let lines = |text: &Text<'t>, places: Range<usize>| {
                        if places.is_empty() { Vec::new() } else { text.lines(places.start) }
                    };
                    Some((Level::Lines, [lines(&texts[0], b), lines(&texts[1], o), lines(&texts[2], t)]))
                }
                Level::Lines => None,
            };
            if let Some((level, [b, o, t])) = parts {
                return self.lists(level, &said, [&b, &o, &t]);
            }
        }
        let merge = &mut *self.merge;
        merge.pieces.push(Piece::Asked(merge.conflicts.len()));
        let [base, ours, theirs] = [b, o, t].map(str::to_owned);
        merge.conflicts.push(Conflict { subject: said, base, ours, theirs });
    }
}

fn found<'u, 't>(ids: &HashMap<&str, usize>, list: &'u [Unit<'t>], unit: &Unit<'t>) -> Option<&'u Unit<'t>> {
    ids.get(unit.id.as_str()).and_then(|nth| list.get(*nth))
}

fn by_id<'u>(list: &'u [Unit<'_>]) -> HashMap<&'u str, usize> {
    list.iter().enumerate().map(|(nth, unit)| (unit.id.as_str(), nth)).collect()
}

impl Merge {
    fn plain(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Plain(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Plain(text.to_owned())),
        }
    }
}
