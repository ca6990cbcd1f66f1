//! What is wrong with one entity, at once: while the whole text is still being read.

use super::index::{EntityId, EntityKind, header_path};
use super::lines::line_number;
use super::{Draft, Issue, file};

impl Draft {
    /// What the ordinary reader says of an entity and of all that stands below it, from a text of the project's own keys,
    /// its devices, its templates and this entity alone. What hangs on others (is the name taken, is there such a tag) is told by a
    /// reading of the whole.
    pub fn glance(&self, of: EntityId) -> Vec<Issue> {
        let root = std::iter::successors(Some(of), |id| self.index.block(*id)?.parent).last().unwrap_or(of);
        let family = self.index.family(root);
        let blocks = self.index.blocks();
        let is_needed = |place: usize| {
            let block = blocks.get(place)?;
            let above = block.parent.and_then(|parent| self.index.block(parent));
            let template = block.kind == EntityKind::Foreign
                && header_path(&self.text, block).first().is_some_and(|name| *name == "template");
            let device = |kind| kind == EntityKind::Device;
            Some(template || device(block.kind) || above.is_some_and(|above| device(above.kind)))
        };
        let mut text = String::new();
        // Lines here, and by how much they are fewer than there.
        let mut shown: Vec<(std::ops::Range<u32>, u32)> = Vec::new();
        let mut line = 1;
        for place in 0..blocks.len() {
            let own = family.binary_search(&place).is_ok();
            if place > 0 && !own && is_needed(place) != Some(true) {
                continue;
            }
            let extent = self.index.extent(place);
            let part = self.text.get(extent.clone()).unwrap_or("");
            text.push_str(part);
            if !part.ends_with('\n') {
                text.push('\n');
            }
            let end = line + line_number(part, part.len()) - u32::from(part.ends_with('\n'));
            if own {
                let there = line_number(&self.text, extent.start);
                shown.push((line..end.max(line + 1), there - line.min(there)));
            }
            line = end.max(line + 1);
        }
        let (_project, issues) = file::read(text.as_bytes());
        let there = |mut issue: Issue| {
            let (_, fewer) = shown.iter().find(|(lines, _)| lines.contains(&issue.place.line))?;
            issue.place.line += fewer;
            Some(issue)
        };
        issues.into_iter().filter_map(there).collect()
    }
}
