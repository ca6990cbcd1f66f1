//! The way to a value inside an entity: `limit`, `no-answer.priority`, `pens[2].axis`.

use std::fmt;

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Of a table.
    Key(String),
    /// Of a list, from zero.
    Nth(usize),
}

/// The way from an entity to a value of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// The key of the entity itself, with which every way begins.
    pub fn key(&self) -> &str {
        match self.0.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// The same, one step further.
    #[must_use]
    pub fn to(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

/// Keys joined by dots, places in lists in brackets: what the contract names in this way has neither in its keys.
impl From<&str> for KeyPath {
    fn from(text: &str) -> Self {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, places) = part.split_once('[').unwrap_or((part, ""));
            steps.push(Step::Key(key.to_owned()));
            let places = places.split('[').filter_map(|place| place.trim_end_matches(']').parse().ok());
            steps.extend(places.map(Step::Nth));
        }
        Self(steps)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if nth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Nth(place) => write!(f, "[{place}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_written_as_it_is_read() {
        for text in ["limit", "no-answer.priority", "pens[2].axis", "labels.0", "a[0][1]"] {
            assert_eq!(KeyPath::from(text).to_string(), text);
        }
        assert_eq!(KeyPath::from("pens[2].axis").0, [Step::Key("pens".into()), Step::Nth(2), Step::Key("axis".into())]);
    }
}
