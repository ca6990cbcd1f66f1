//! Where everything stands in a project's text: its blocks, one for each header, and the keys of each.
//!
//! A text with a fault of structure is parted at the lines that are plainly headers, and each part is read by itself, as
//! the reader does: one torn block costs no other.
//! Invariant: blocks stand in the text's order, each ends where the next begins, and together they are the whole text.

pub(super) use super::kind::EntityKind;
use super::same::{matched, signature};
use super::tree::{DEEPEST, key_decoded, words};
use std::borrow::Cow;
use std::ops::Range;
use toml_parser::parser::{EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

/// An entity of a draft, as long as the draft is open: through every edit, and back again by undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub(super) u32);

impl EntityId {
    /// The keys before the first header: the project itself.
    pub const PROJECT: Self = Self(0);
}

/// A header and what stands below it, up to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name in this draft.
    pub id: EntityId,
    /// What it is.
    pub kind: EntityKind,
    /// The entity that it stands below, if any.
    pub parent: Option<EntityId>,
    /// Where it begins: with the comments that stand directly above its header.
    pub(super) start: u32,
    /// Its header from bracket to bracket, from `start`; empty of the project itself.
    pub(super) header: Range<u32>,
    pub(super) entries: Vec<Entry>,
    /// Where, from `start`, something stands that is no TOML.
    pub(super) torn: Option<u32>,
}

/// `key = value`, from where its block begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Range<u32>,
    pub(super) value: Range<u32>,
}

/// Where everything stands.
#[derive(Debug, Clone, Default)]
pub struct Index {
    blocks: Vec<Block>,
    /// Place in `blocks` by id; [`GONE`] for those that are no more.
    places: Vec<u32>,
    /// Of an entity, by id, the place of the last block that stands below it; its own, or nothing, where none does.
    ends: Vec<u32>,
    length: u32,
}

const GONE: u32 = u32::MAX;

/// What ids new blocks are to have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ids<'a> {
    /// These, where they are as many.
    Are(&'a [EntityId]),
    /// That of the old block that is known by the same; what is left over has those that are left over, if `in_order`.
    Like { signatures: &'a [(String, EntityId)], in_order: bool },
}

impl Index {
    /// Of a whole text.
    pub(super) fn of(text: &str) -> Self {
        let mut index =
            Self { blocks: blocks(text, 0), places: Vec::new(), ends: Vec::new(), length: text.len() as u32 };
        for (nth, block) in index.blocks.iter_mut().enumerate() {
            block.id = EntityId(nth as u32);
        }
        index.link(text);
        index
    }

    /// Every block, in the text's order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block of an entity.
    pub fn block(&self, id: EntityId) -> Option<&Block> {
        self.blocks.get(self.place(id)?)
    }

    /// Where in [`Self::blocks`] an entity stands.
    pub fn place(&self, id: EntityId) -> Option<usize> {
        self.places.get(id.0 as usize).filter(|place| **place != GONE).map(|place| *place as usize)
    }

    /// The block in which a byte of the text stands.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.blocks.partition_point(|block| block.start as usize <= offset).saturating_sub(1)
    }

    /// What a block takes of the text, with the comments above its header and all space behind it.
    pub(super) fn extent(&self, place: usize) -> Range<usize> {
        let start = |place: usize| self.blocks.get(place).map_or(self.length, |block| block.start) as usize;
        start(place)..start(place + 1)
    }

    /// What stands below an entity, wherever in the text that is.
    pub fn below(&self, id: EntityId) -> impl Iterator<Item = &Block> {
        self.reach(id).filter(move |(_, block)| block.parent == Some(id)).map(|(_, block)| block)
    }

    /// The blocks behind an entity, up to the last that stands below it.
    fn reach(&self, id: EntityId) -> impl Iterator<Item = (usize, &Block)> {
        let first = self.place(id).map_or(self.blocks.len(), |place| place + 1);
        let end = self.ends.get(id.0 as usize).map_or(0, |end| *end as usize + 1);
        let behind = self.blocks.get(first..end.max(first)).unwrap_or_default();
        behind.iter().enumerate().map(move |(nth, block)| (first + nth, block))
    }

    /// The places of an entity and of all that stands below it, in order.
    pub(super) fn family(&self, id: EntityId) -> Vec<usize> {
        let mut ids = vec![id];
        let mut places: Vec<usize> = self.place(id).into_iter().collect();
        for (place, block) in self.reach(id) {
            if block.parent.is_some_and(|parent| ids.contains(&parent)) {
                ids.push(block.id);
                places.push(place);
            }
        }
        places
    }

    /// Ids of a run of blocks.
    pub(super) fn ids(&self, run: Range<usize>) -> Vec<EntityId> {
        self.blocks.get(run).unwrap_or_default().iter().map(|block| block.id).collect()
    }

    /// What the blocks of a run are known by: the same after an edit that leaves their names.
    pub(super) fn signatures(&self, text: &str, run: Range<usize>) -> Vec<(String, EntityId)> {
        let blocks = self.blocks.get(run).unwrap_or_default();
        blocks
            .iter()
            .map(|block| (signature(text, block, block.parent.and_then(|id| self.block(id))), block.id))
            .collect()
    }

    /// Takes over a new text, of which the blocks of `run` became those that stand in `region` of it; `moved` is by how
    /// much what follows lies further on.
    pub(super) fn renew(&mut self, text: &str, run: Range<usize>, region: Range<usize>, moved: i64, ids: Ids<'_>) {
        let part = text.get(region.clone()).unwrap_or("");
        let mut new = blocks(part, region.start);
        // What stands before its first header is more of the block before it, unless it is the project itself.
        if run.start > 0 {
            new.remove(0);
        }
        let before = self.blocks.get(..run.start).unwrap_or_default();
        let last = |kind: EntityKind| before.iter().rfind(|block| block.kind == kind);
        let above = [last(EntityKind::Tag), last(EntityKind::Display)];
        let known = match ids {
            Ids::Are(ids) if ids.len() == new.len() => ids.iter().copied().map(Some).collect(),
            Ids::Are(ids) => {
                matched(text, above, &new, &ids.iter().map(|id| (String::new(), *id)).collect::<Vec<_>>(), true)
            }
            Ids::Like { signatures, in_order } => matched(text, above, &new, signatures, in_order),
        };
        let mut next = self.places.len() as u32;
        for (block, known) in new.iter_mut().zip(known) {
            block.id = known.unwrap_or_else(|| {
                next += 1;
                EntityId(next - 1)
            });
        }
        self.places.resize(next as usize, GONE);
        for block in self.blocks.get_mut(run.end..).unwrap_or_default() {
            block.start = (i64::from(block.start) + moved) as u32;
        }
        let end = run.end.min(self.blocks.len());
        self.blocks.splice(run.start.min(end)..end, new);
        self.length = text.len() as u32;
        self.link(text);
    }

    /// Finds places and parents anew.
    fn link(&mut self, text: &str) {
        let most = self.blocks.iter().map(|block| block.id.0 + 1).max().unwrap_or(0) as usize;
        let most = most.max(self.places.len());
        self.places.clear();
        self.places.resize(most, GONE);
        self.ends.clear();
        self.ends.resize(most, 0);
        // The last of each name, the last alarm or panel below it, and the last tag of a template.
        let (mut roots, mut inner): ([Option<EntityId>; 7], Option<EntityId>) = ([None; 7], None);
        let mut template_tag = None;
        for (place, block) in self.blocks.iter_mut().enumerate() {
            self.places[block.id.0 as usize] = place as u32;
            block.parent = None;
            let root = match block.kind {
                EntityKind::Project | EntityKind::Foreign => continue,
                EntityKind::Part => header_path(text, block).first().and_then(|name| root_named(name)),
                _ => root_of(block),
            };
            let Some(root) = root else { continue };
            let below = match block.kind {
                EntityKind::Panel => true,
                EntityKind::Alarm => header_path(text, block).len() > 1,
                _ => false,
            };
            if block.kind.is_of_template() {
                let of_tag = block.kind == EntityKind::TemplateAlarm && header_path(text, block).len() > 2;
                block.parent = if of_tag { template_tag } else { roots[root] };
                inner = Some(block.id);
                if block.kind == EntityKind::TemplateTag {
                    template_tag = Some(block.id);
                }
            } else if below {
                block.parent = roots[root];
                inner = Some(block.id);
            } else if block.kind == EntityKind::Part {
                let path = header_path(text, block);
                block.parent = match path.as_slice() {
                    ["tag", "alarm", _, ..]
                    | ["display" | "template", "panel", _, ..]
                    | ["template", "tag", "alarm", _, ..] => inner,
                    ["template", "tag", _, ..] => template_tag,
                    _ => roots[root],
                };
            } else {
                roots[root] = Some(block.id);
                inner = None;
                if block.kind == EntityKind::Template {
                    template_tag = None;
                }
            }
        }
        self.find_ends();
    }

    /// What stands below one stands below whatever that stands below.
    fn find_ends(&mut self) {
        for (place, block) in self.blocks.iter().enumerate() {
            let mut above = block.parent;
            while let Some(id) = above {
                let Some(end) = self.ends.get_mut(id.0 as usize) else { break };
                *end = place as u32;
                let parent = self.places.get(id.0 as usize).and_then(|place| self.blocks.get(*place as usize));
                above = parent.and_then(|block| block.parent);
            }
        }
    }
}

fn root_named(name: &str) -> Option<usize> {
    ["history", "shift", "device", "tag", "alarm", "display", "template"].iter().position(|known| *known == name)
}

/// Under which first name of a header a block stands.
pub(super) fn root_of(block: &Block) -> Option<usize> {
    match block.kind {
        EntityKind::History => Some(0),
        EntityKind::Shift => Some(1),
        EntityKind::Device => Some(2),
        EntityKind::Tag => Some(3),
        // `[[tag.alarm]]` is longer.
        EntityKind::Alarm if block.header.len() > "[[alarm]]".len() => Some(3),
        EntityKind::Alarm => Some(4),
        EntityKind::Display | EntityKind::Panel => Some(5),
        EntityKind::Template
        | EntityKind::TemplateTag
        | EntityKind::TemplateAlarm
        | EntityKind::TemplatePanel
        | EntityKind::TemplateItem => Some(6),
        EntityKind::Project | EntityKind::Part | EntityKind::Foreign => None,
    }
}

/// The names of a block's header.
pub(super) fn header_path<'t>(text: &'t str, block: &Block) -> Vec<&'t str> {
    let at = |offset: u32| (block.start + offset) as usize;
    let header = text.get(at(block.header.start)..at(block.header.end)).unwrap_or("");
    header_names(header)
}

fn header_names(header: &str) -> Vec<&str> {
    let inner = header.trim_start_matches('[').trim_end_matches(']').trim();
    if inner.is_empty() {
        Vec::new()
    } else {
        inner.split('.').map(|name| name.trim().trim_matches(['"', '\''])).collect()
    }
}

impl Entry {
    /// Its key's parts: one, or several of `a.b = 1`.
    pub(super) fn path<'t>(&self, text: &'t str, block: &Block) -> Vec<Cow<'t, str>> {
        let at = |offset: u32| (block.start + offset) as usize;
        let raw = text.get(at(self.key.start)..at(self.key.end)).unwrap_or("");
        key_path(raw)
    }

    /// Its key where that is one bare word, as nearly all are.
    pub(super) fn plain<'t>(&self, text: &'t str, block: &Block) -> Option<&'t str> {
        text.get(self.key_range(block)).filter(|raw| !raw.contains(['.', '"', '\'']))
    }

    pub(super) fn key_range(&self, block: &Block) -> Range<usize> {
        (block.start + self.key.start) as usize..(block.start + self.key.end) as usize
    }

    pub(super) fn value_range(&self, block: &Block) -> Range<usize> {
        (block.start + self.value.start) as usize..(block.start + self.value.end) as usize
    }
}

fn key_path(raw: &str) -> Vec<Cow<'_, str>> {
    if !raw.contains(['.', '"', '\'']) {
        return vec![Cow::Borrowed(raw)];
    }
    let mut parts = Vec::new();
    let mut rest = raw.trim();
    while !rest.is_empty() {
        let end = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let mut escaped = false;
                let close = rest.char_indices().skip(1).find(|(_, c)| {
                    let closes = *c == quote && !escaped;
                    escaped = quote == '"' && *c == '\\' && !escaped;
                    closes
                });
                close.map_or(rest.len(), |(at, _)| at + 1)
            }
            _ => rest.find(['.', ' ', '\t']).unwrap_or(rest.len()),
        };
        let (part, behind) = rest.split_at(end);
        parts.push(key_decoded(part).unwrap_or(Cow::Borrowed(part)));
        let behind = behind.trim_start();
        rest = behind.strip_prefix('.').unwrap_or("").trim_start();
    }
    parts
}

/// The blocks of a part of the text; the first has no header. `base`: where in the text the part begins.
fn blocks(part: &str, base: usize) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(part.len() / 160 + 1);
    if whole(part, base, &mut blocks).is_some() {
        blocks.clear();
        let mut at = 0;
        for (nth, end) in header_lines(part).into_iter().chain([part.len()]).enumerate() {
            let first = blocks.len();
            let fault = whole(part.get(at..end).unwrap_or(""), base + at, &mut blocks);
            // All but the first begin with their header; what stands before that is nothing.
            if nth > 0 && blocks.len() > first + 1 {
                blocks.remove(first);
            }
            if let Some(fault) = fault {
                // One piece is one block, whatever was found in it.
                blocks.truncate(first + 1);
                if let Some(block) = blocks.get_mut(first) {
                    block.torn = Some(fault as u32);
                }
            }
            at = end;
        }
    }
    leads(part, base, &mut blocks);
    blocks
}

/// Appends the blocks of a text; where its structure is at fault, that offset.
fn whole(text: &str, base: usize, blocks: &mut Vec<Block>) -> Option<usize> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut fault: Option<ParseError> = None;
    let mut gather = Gather { text, base, blocks, header: None, key: None, depth: 0, open: 0, value: false };
    gather.begin(0..0);
    let mut on_event = |event: toml_parser::parser::Event| {
        gather.event(event.kind(), event.span().start()..event.span().end());
    };
    let mut guard = RecursionGuard::new(&mut on_event, DEEPEST);
    parse_document(&tokens, &mut guard, &mut fault);
    let fault = fault?;
    Some(fault.unexpected().or(fault.context()).map_or(0, |span| span.start()))
}

/// Turns events into blocks.
struct Gather<'t> {
    text: &'t str,
    base: usize,
    blocks: &'t mut Vec<Block>,
    /// Where a header begins that is being read.
    header: Option<usize>,
    /// A key that is being read.
    key: Option<Range<usize>>,
    depth: u32,
    /// Where the value began that is being read.
    open: usize,
    /// Whether a value comes next.
    value: bool,
}

impl Gather<'_> {
    fn begin(&mut self, header: Range<usize>) {
        let names = header_names(self.text.get(header.clone()).unwrap_or(""));
        self.blocks.push(Block {
            id: EntityId::PROJECT,
            kind: EntityKind::of(&names),
            parent: None,
            // The header's own offset for now; `leads` finds where it begins.
            start: (self.base + header.start) as u32,
            header: 0..header.len() as u32,
            entries: Vec::new(),
            torn: None,
        });
    }

    fn event(&mut self, kind: EventKind, span: Range<usize>) {
        match kind {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header = Some(span.start),
            EventKind::StdTableClose | EventKind::ArrayTableClose => {
                if let Some(start) = self.header.take() {
                    self.begin(start..span.end);
                }
            }
            EventKind::SimpleKey if self.header.is_none() && self.depth == 0 => match &mut self.key {
                Some(key) => key.end = span.end,
                None => self.key = Some(span),
            },
            EventKind::KeyValSep if self.depth == 0 => self.value = true,
            EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                if self.depth == 0 {
                    self.open = span.start;
                }
                self.depth += 1;
            }
            EventKind::ArrayClose | EventKind::InlineTableClose => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.entry(self.open..span.end);
                }
            }
            EventKind::Scalar if self.depth == 0 => self.entry(span),
            // A key whose value is missing.
            EventKind::Newline if self.depth == 0 => (self.key, self.value) = (None, false),
            _ => {}
        }
    }

    fn entry(&mut self, value: Range<usize>) {
        let Some(key) = self.key.take().filter(|_| std::mem::take(&mut self.value)) else { return };
        let Some(block) = self.blocks.last_mut() else { return };
        let from = block.start as usize - self.base;
        let range = |r: Range<usize>| (r.start - from) as u32..(r.end - from) as u32;
        block.entries.push(Entry { key: range(key), value: range(value) });
    }
}

/// Gives each block the comments that stand directly above its header.
fn leads(part: &str, base: usize, blocks: &mut [Block]) {
    for nth in 1..blocks.len() {
        let content = blocks.get(nth - 1).map_or(0, |before| {
            let last = before.entries.last().map_or(before.header.end, |entry| entry.value.end);
            before.torn.map_or((before.start + last) as usize - base, |_| 0)
        });
        let Some(block) = blocks.get_mut(nth) else { continue };
        let header = block.start as usize - base;
        let start = lead(part, header, content);
        let moved = (header - start) as u32;
        block.start -= moved;
        for range in
            std::iter::once(&mut block.header).chain(block.entries.iter_mut().flat_map(|e| [&mut e.key, &mut e.value]))
        {
            *range = range.start + moved..range.end + moved;
        }
        block.torn = block.torn.map(|torn| torn + moved);
    }
}

/// Where the lines begin that belong to the header at `header`: its own, and the comments directly above it that are no
/// heading of a part of the file. Nothing before `content` is theirs.
fn lead(text: &str, header: usize, content: usize) -> usize {
    let line_of = |at: usize| text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let mut start = line_of(header);
    if start < content {
        return header;
    }
    while start > content {
        let above = line_of(start - 1);
        let line = text.get(above..start).unwrap_or("").trim();
        if above < content || !line.starts_with('#') || is_heading(line) {
            break;
        }
        start = above;
    }
    start
}

/// `# ── tags ──────`: it parts the file, and belongs to no entity.
fn is_heading(comment: &str) -> bool {
    ["──", "━━", "══", "---", "===", "###", "***", "~~~", "___"].iter().any(|rule| comment.contains(rule))
}

/// Where lines begin that are plainly headers of a project.
fn header_lines(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with('[') {
            let header = bare.split('#').next().unwrap_or("").trim_end();
            let names = header_names(header);
            let plain = |name: &&str| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            };
            let closed = header.ends_with(if header.starts_with("[[") { "]]" } else { "]" });
            if closed && names.first().is_some_and(|name| root_named(name).is_some()) && names.iter().all(plain) {
                found.push(at);
            }
        }
        at += line.len();
    }
    found
}

/// The words of a key's value as written; none where it is not there or no words.
pub(super) fn words_of(text: &str, block: &Block, key: &str) -> Option<String> {
    let entry = entry_of(text, block, key)?;
    words(text.get(entry.value_range(block))?).map(Cow::into_owned)
}

/// The entry of a key that is not dotted.
pub(super) fn entry_of<'b>(text: &str, block: &'b Block, key: &str) -> Option<&'b Entry> {
    block.entries.iter().find(|entry| {
        let raw = text.get(entry.key_range(block)).unwrap_or("");
        raw == key
            || (raw.starts_with(['"', '\'']) && matches!(entry.path(text, block).as_slice(), [one] if one == key))
    })
}
