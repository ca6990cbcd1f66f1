//! Entities as a whole: written anew, put in, moved, written once more, taken out.

use super::index::{Block, EntityId, Index, entry_of, words_of};
use super::kind::EntityKind;
use super::lines::{before_blank, behind_blank, content_end, entry_lines, indent, line_break, line_number, line_start};
use super::plan::{BEHIND, Placed, Planner};
use super::splice::{Change, Splice};
use super::tree;
use super::value::{Value, key_written, quoted};
use super::{Refusal, Spot};
use std::fmt::Write as _;
use std::ops::Range;

impl Planner<'_> {
    pub(super) fn add(self, kind: EntityKind, spot: Spot, keys: &[(String, Value)]) -> Result<Vec<Placed>, Refusal> {
        let below = match spot {
            Spot::Below(above) => Some(self.known(above)?),
            Spot::After(id) | Spot::Before(id) => {
                let sibling = self.known(id)?;
                // Beside an alarm that stands below its tag stands another.
                let parent = sibling.parent.filter(|_| sibling.kind == kind);
                parent.and_then(|parent| self.index.block(parent))
            }
            Spot::Last => None,
        };
        let header = match (kind, below.map(|b| b.kind)) {
            (EntityKind::Alarm, Some(EntityKind::Tag)) => "[[tag.alarm]]",
            (EntityKind::Panel, Some(EntityKind::Display)) => "[[display.panel]]",
            (EntityKind::Alarm, _) => "[[alarm]]",
            (EntityKind::Shift, _) => "[[shift]]",
            (EntityKind::Device, _) => "[[device]]",
            (EntityKind::Tag, _) => "[[tag]]",
            (EntityKind::Display, _) => "[[display]]",
            (EntityKind::History, _) => match self.index.blocks().iter().find(|b| b.kind == EntityKind::History) {
                Some(there) => {
                    return Err(self.refusal(
                        there.header_range().start,
                        "there is a [history] already",
                        "change that one",
                    ));
                }
                None => "[history]",
            },
            (EntityKind::Template, _) => "[[template]]",
            (EntityKind::TemplateTag, Some(EntityKind::Template)) => "[[template.tag]]",
            (EntityKind::TemplateAlarm, Some(EntityKind::TemplateTag)) => "[[template.tag.alarm]]",
            (EntityKind::TemplateAlarm, Some(EntityKind::Template)) => "[[template.alarm]]",
            (EntityKind::TemplatePanel, Some(EntityKind::Template)) => "[[template.panel]]",
            (EntityKind::TemplateItem, Some(EntityKind::Template)) => "[[template.item]]",
            (kind, _) if kind.is_of_template() => {
                return Err(self.refusal(0, "it stands in a template", "add the template first, then what it makes"));
            }
            (EntityKind::Panel, _) => return Err(self.refusal(0, "a panel stands on a display", "say on which")),
            _ => {
                return Err(self.refusal(
                    0,
                    "nothing of this kind can be added",
                    "add a device, tag, alarm or display",
                ));
            }
        };
        self.no_list(header, below)?;
        let alike =
            |block: &&Block| block.kind == kind && self.slice(block.header_range()).replace([' ', '\t'], "") == header;
        let (like, last) = (self.index.blocks().iter().find(alike), self.index.blocks().iter().rfind(alike));
        // The first may stand below a heading; how the others are parted tells how it is done here.
        let parted = |block: &Block| before_blank(self.text, block.start as usize) < block.start as usize;
        let blank = last.filter(|last| like.is_some_and(|first| first.id != last.id)).is_none_or(parted);
        let inset = match header {
            "[[tag.alarm]]" | "[[template.tag]]" | "[[template.alarm]]" | "[[template.panel]]"
            | "[[template.item]]" => "  ",
            "[[template.tag.alarm]]" => "    ",
            _ => "",
        };
        let space = like.map_or(inset, |like| indent(self.text, like.header_range().start));
        let inner =
            like.and_then(|like| Some(indent(self.text, like.entries.first()?.key_range(like).start))).unwrap_or(space);
        let end = line_break(self.text, 0);
        let mut block = format!("{space}{header}{end}");
        for (key, value) in keys {
            let written = value.written(None);
            if tree::value(&written).is_none() {
                return Err(self.refusal(0, format!("{written} is not one value of TOML"), "write words in quotes"));
            }
            // Writing to a string cannot fail.
            let _written = write!(block, "{inner}{} = {written}{end}", key_written(key));
        }
        let splice = self.put(kind, spot, below, &block, blank)?;
        Ok(vec![(splice, BEHIND)])
    }

    /// A list that is written in one value takes no header besides.
    fn no_list(self, header: &str, below: Option<&Block>) -> Result<(), Refusal> {
        let key = header.trim_matches(['[', ']']).rsplit('.').next().unwrap_or("");
        let holder = below.or_else(|| self.index.blocks().first());
        match holder.and_then(|holder| Some((holder, entry_of(self.text, holder, key)?))) {
            Some((holder, entry)) => {
                let mend = format!("write each as {header} with its keys below");
                Err(self.refusal(entry.key_range(holder).start, format!("{key} is written as one value"), &mend))
            }
            None => Ok(()),
        }
    }

    /// The text of whole entities at a spot.
    fn put(
        self,
        kind: EntityKind,
        spot: Spot,
        below: Option<&Block>,
        text: &str,
        blank: bool,
    ) -> Result<Splice, Refusal> {
        let end = line_break(self.text, 0);
        let gap = if blank { end } else { "" };
        let after = |place: usize| {
            let at = content_end(self.text, self.index, place);
            let torn_line = at > 0 && !self.slice(0..at).ends_with('\n');
            let first = if at == 0 { "" } else { gap };
            let new = format!("{}{first}{text}", if torn_line { end } else { "" });
            Splice { at, old: "".into(), new: new.into() }
        };
        let last_of = |id: EntityId| self.index.family(id).last().copied().unwrap_or(0);
        match (spot, below) {
            (Spot::Before(id), _) => {
                let block = self.known(id)?;
                Ok(Splice { at: block.start as usize, old: "".into(), new: format!("{text}{gap}").into() })
            }
            (Spot::After(id), _) => Ok(after(last_of(id))),
            (Spot::Below(_), Some(below)) => Ok(after(last_of(below.id))),
            (Spot::Below(_) | Spot::Last, _) => Ok(after(self.last_place(kind))),
        }
    }

    /// The block behind which the next of a kind stands: the last of its own kind, or of what comes before it in a file.
    fn last_place(self, kind: EntityKind) -> usize {
        let order = [
            EntityKind::History,
            EntityKind::Shift,
            EntityKind::Device,
            EntityKind::Tag,
            EntityKind::Alarm,
            EntityKind::Display,
            EntityKind::Template,
        ];
        // What has no place of its own stands behind all.
        let own = order.iter().position(|other| *other == kind).unwrap_or(order.len() - 1);
        let last =
            |kind: EntityKind| self.index.blocks().iter().rfind(|block| block.kind == kind && block.parent.is_none());
        let found = order[..=own].iter().rev().find_map(|kind| last(*kind));
        found.and_then(|block| self.index.family(block.id).last().copied()).unwrap_or(0)
    }

    /// What is to be taken out with a block: its lines, and the empty ones below.
    fn lines_of(self, place: usize) -> Range<usize> {
        let start = self.index.extent(place).start;
        let end = behind_blank(self.text, content_end(self.text, self.index, place));
        // At the end of the text the empty lines above go along.
        if end == self.text.len() { before_blank(self.text, start)..end } else { start..end }
    }

    pub(super) fn remove(self, of: EntityId) -> Result<Vec<Placed>, Refusal> {
        let block = self.known(of)?;
        if block.kind == EntityKind::Project {
            return Err(self.refusal(0, "the project itself cannot be removed", "remove what is in it"));
        }
        Ok(self.cut(of).into_iter().map(|splice| (splice, BEHIND)).collect())
    }

    fn cut(self, of: EntityId) -> Vec<Splice> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for place in self.index.family(of) {
            let lines = self.lines_of(place);
            match ranges.last_mut() {
                Some(last) if last.end >= lines.start => last.end = lines.end,
                _ => ranges.push(lines),
            }
        }
        ranges.into_iter().map(|r| Splice { at: r.start, old: self.slice(r).into(), new: "".into() }).collect()
    }

    /// The text of an entity with all that stands below it.
    pub(super) fn text_of(self, of: EntityId, with_lead: bool) -> String {
        let end = line_break(self.text, 0);
        let mut text = String::new();
        let mut behind = None;
        for (nth, place) in self.index.family(of).into_iter().enumerate() {
            let extent = self.index.extent(place);
            let header = self.index.blocks().get(place).map_or(extent.start, |block| block.header_range().start);
            let start = if nth == 0 && !with_lead { line_start(self.text, header) } else { extent.start };
            // What stands between the two, where nothing else does.
            match behind {
                Some(last) if self.slice(last..start).trim().is_empty() => text.push_str(self.slice(last..start)),
                Some(_) => text.push_str(end),
                None => {}
            }
            let until = content_end(self.text, self.index, place);
            text.push_str(self.slice(start..until));
            if !text.ends_with('\n') {
                text.push_str(end);
            }
            behind = Some(until);
        }
        text
    }

    pub(super) fn move_to(self, of: EntityId, spot: Spot) -> Result<Vec<Placed>, Refusal> {
        let block = self.known(of)?;
        let (Spot::After(target) | Spot::Before(target)) = spot else {
            return Err(self.refusal(
                block.header_range().start,
                "to move is to stand before or behind another",
                "say which",
            ));
        };
        let other = self.known(target)?;
        if other.kind != block.kind || other.parent != block.parent {
            let what = "what is moved stands beside others of its kind";
            return Err(self.refusal(other.header_range().start, what, "choose one of them"));
        }
        if target == of {
            return Ok(Vec::new());
        }
        let below = block.parent.and_then(|parent| self.index.block(parent));
        let put = self.put(block.kind, spot, below, &self.text_of(of, true), true)?;
        let cut = self.cut(of);
        // Where it stands already.
        if cut.iter().any(|splice| splice.at <= put.at && put.at <= splice.end()) {
            return Ok(Vec::new());
        }
        Ok(cut.into_iter().chain([put]).map(|splice| (splice, BEHIND)).collect())
    }

    pub(super) fn duplicate(self, of: EntityId, name: Option<&str>) -> Result<Vec<Placed>, Refusal> {
        let block = self.block(of)?;
        let old = words_of(self.text, block, "name");
        let copy = self.text_of(of, false);
        let index = Index::of(&copy);
        let mut splices = Vec::new();
        for (nth, part) in index.blocks().iter().enumerate().skip(1) {
            let mut change = |key: &str, to: Option<&str>| {
                let Some(entry) = entry_of(&copy, part, key) else { return };
                let (range, new) = match to {
                    Some(to) => (entry.value_range(part), quoted(to)),
                    None => (entry_lines(&copy, part, entry), String::new()),
                };
                splices.push(Splice { at: range.start, old: copy.get(range).unwrap_or("").into(), new: new.into() });
            };
            if nth == 1 {
                if name.is_some() {
                    change("name", name);
                }
                change("was", None);
            } else if matches!(part.kind, EntityKind::Alarm | EntityKind::TemplateAlarm)
                && name.is_some()
                && words_of(&copy, part, "tag") == old
            {
                change("tag", name);
            }
        }
        splices.sort_by_key(|splice| splice.at);
        let copy = Change::of(splices).applied(&copy);
        let below = block.parent.and_then(|parent| self.index.block(parent));
        Ok(vec![(self.put(block.kind, Spot::After(of), below, &copy, true)?, BEHIND)])
    }

    pub(super) fn insert(self, spot: Spot, text: &str) -> Result<Vec<Placed>, Refusal> {
        let end = line_break(self.text, 0);
        let index = Index::of(text);
        let torn = index.blocks().iter().find_map(|block| Some((block.start + block.torn?) as usize));
        let headless = index.blocks().first().filter(|block| !block.entries.is_empty()).map(|_| 0);
        if let Some(at) = torn.or(headless) {
            let line = line_number(text, at);
            let what = format!("line {line} of what is put in is no TOML of whole entities");
            return Err(self.refusal(0, what, "begin each with its header: [[tag]]"));
        }
        let Some(first) = index.blocks().get(1) else { return Ok(Vec::new()) };
        let mut lines: Vec<&str> = text.trim_matches(['\r', '\n']).lines().collect();
        lines.push("");
        let below = match spot {
            Spot::Below(id) => Some(self.known(id)?),
            _ => None,
        };
        let splice = self.put(first.kind, spot, below, &lines.join(end), true)?;
        Ok(vec![(splice, BEHIND)])
    }

    pub(super) fn replace(self, of: EntityId, text: &str) -> Result<Vec<Placed>, Refusal> {
        self.known(of)?;
        let Some(place) = self.index.place(of) else { return Ok(Vec::new()) };
        let range = self.index.extent(place).start..content_end(self.text, self.index, place);
        let end = line_break(self.text, range.start);
        let mut lines: Vec<&str> = text.trim_end_matches(['\r', '\n']).lines().collect();
        lines.push("");
        let old = self.slice(range.clone());
        let new = lines.join(end);
        Ok(if old == new {
            Vec::new()
        } else {
            vec![(Splice { at: range.start, old: old.into(), new: new.into() }, BEHIND)]
        })
    }
}
