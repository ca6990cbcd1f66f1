//! Values with their parts, as a person reads them: for sheets whose rows stand in lists.

use super::tree::{self, Inside, Node};
use super::{Draft, EntityId, KeyPath, index};

/// A value and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Words without their quotes, all else as written.
    Plain(String),
    /// A list.
    List(Vec<Self>),
    /// A table in braces; dotted keys as they are written.
    Table(Vec<(String, Self)>),
}

impl Shown {
    /// What is written where it has no parts; empty otherwise.
    pub fn words(&self) -> &str {
        match self {
            Self::Plain(words) => words,
            Self::List(_) | Self::Table(_) => "",
        }
    }

    /// The values of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Plain(_) | Self::Table(_) => &[],
        }
    }

    /// The keys of a table with their values; none of anything else.
    pub fn pairs(&self) -> &[(String, Self)] {
        match self {
            Self::Table(pairs) => pairs,
            Self::Plain(_) | Self::List(_) => &[],
        }
    }

    fn of(raw: &str, node: Node) -> Self {
        match node.inside {
            Inside::Text(words) => Self::Plain(words),
            Inside::Plain => Self::Plain(raw.get(node.range).unwrap_or("").to_owned()),
            Inside::List(items) => Self::List(items.into_iter().map(|item| Self::of(raw, item)).collect()),
            Inside::Table(pairs) => {
                Self::Table(pairs.into_iter().map(|pair| (pair.key.join("."), Self::of(raw, pair.value))).collect())
            }
        }
    }
}

impl Draft {
    /// A key's value with its parts; none where it is not there, or no TOML.
    pub fn parts(&self, of: EntityId, key: &KeyPath) -> Option<Shown> {
        let raw = self.get(of, key)?;
        Some(Shown::of(raw, tree::value(raw)?))
    }

    /// The names in an entity's header: of `[[display.use]]` `display` and `use`; none of the project itself.
    pub fn header_of(&self, of: EntityId) -> Vec<&str> {
        self.index.block(of).map(|block| index::header_path(&self.text, block)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_with_its_parts() {
        let text =
            "[[use]]\ntemplate = \"pump\"\nwith = [\n  { name = \"p1\", base = 100 }, # first\n  { name = 'p2' },\n]\n";
        let draft = Draft::open(text.as_bytes()).unwrap();
        let id = draft.index().blocks()[1].id;
        assert_eq!(draft.header_of(id), ["use"]);
        let with = draft.parts(id, &"with".into()).unwrap();
        let told: Vec<Vec<(&str, &str)>> = with
            .items()
            .iter()
            .map(|item| item.pairs().iter().map(|(k, v)| (k.as_str(), v.words())).collect())
            .collect();
        assert_eq!(told, [vec![("name", "p1"), ("base", "100")], vec![("name", "p2")]]);
        assert_eq!(draft.parts(id, &"template".into()), Some(Shown::Plain("pump".to_owned())));
        assert_eq!(draft.parts(id, &"gone".into()), None);
    }
}
