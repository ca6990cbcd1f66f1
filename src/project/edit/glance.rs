//! What is wrong with one entity, at once: while the whole text is still being read.

use super::index::{EntityId, header_path};
use super::kind::EntityKind;
use super::{Draft, Edit, Issue, Refusal};

/// A fault that a glance has found. Its line is none of the draft's: by its entity and key it is known where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glanced {
    /// Whose fault.
    pub of: EntityId,
    /// Of which key; of none of them where none is at fault by itself.
    pub key: Option<String>,
    /// What is wrong.
    pub issue: Issue,
}

impl Draft {
    /// What the ordinary reader says of an entity and of all that stands below it, from a text of the project's own keys,
    /// its devices, its templates and this entity alone. What hangs on others (is the name taken, is there such a tag) is told by a
    /// reading of the whole. `typed`: keys of it as they would be, which are not in the draft yet.
    ///
    /// # Errors
    /// Where what is typed cannot be written at all.
    pub fn glance(&self, of: EntityId, typed: &[Edit]) -> Result<Vec<Glanced>, Refusal> {
        let root = std::iter::successors(Some(of), |id| self.index.block(*id)?.parent).last().unwrap_or(of);
        let family = self.index.family(root);
        let blocks = self.index.blocks();
        let is_template = self.index.block(root).is_some_and(|block| block.kind == EntityKind::Template);
        let is_needed = |place: usize| {
            let block = blocks.get(place)?;
            let above = std::iter::successors(Some(block), |block| self.index.block(block.parent?)).last()?;
            // A template that is looked at is nothing without what it is used for.
            let is_use = || is_template && header_path(&self.text, block) == ["use"];
            let is_above = matches!(above.kind, EntityKind::Device | EntityKind::Template);
            Some(is_above || block.kind == EntityKind::Foreign && is_use())
        };
        let mut text = String::new();
        let mut known: Vec<(EntityId, bool)> = Vec::new();
        for (place, block) in blocks.iter().enumerate() {
            let own = family.binary_search(&place).is_ok();
            if place > 0 && !own && is_needed(place) != Some(true) {
                continue;
            }
            let part = self.text.get(self.index.extent(place)).unwrap_or("");
            text.push_str(part);
            if !part.ends_with('\n') {
                text.push('\n');
            }
            known.push((block.id, own));
        }
        let mut small = Self::open(text.as_bytes())?;
        if small.index.blocks().len() != known.len() {
            // Something is torn, and takes what follows along: a reading of the whole tells it.
            return Ok(Vec::new());
        }
        let here = |id: EntityId| {
            let place = known.iter().position(|(other, _)| *other == id)?;
            small.index.blocks().get(place).map(|block| block.id)
        };
        let typed = typed.iter().filter_map(|edit| match edit {
            Edit::Set { of, key, value } => Some(Edit::Set { of: here(*of)?, key: key.clone(), value: value.clone() }),
            Edit::Unset { of, key } => Some(Edit::Unset { of: here(*of)?, key: key.clone() }),
            _ => None,
        });
        let typed: Vec<Edit> = typed.collect();
        small.edit(&typed)?;
        let (_project, issues) = small.read();
        let places = small.places();
        let glanced = |issue: Issue| {
            let (id, key) = places.key_at(issue.place)?;
            let (of, own) = *known.get(small.index.place(id)?)?;
            // Whether a template is used is told of the whole.
            (own && !(of == root && is_template && key.is_none())).then_some(Glanced { of, key, issue })
        };
        Ok(issues.into_iter().filter_map(glanced).collect())
    }
}
