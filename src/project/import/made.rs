//! What an importer makes: devices and tags as they will stand in the project's file, with names that a project may have.

use super::node::{Map, What};
use super::{Imported, Left};
use crate::project::edit::Value;
use crate::project::edit::quoted;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// Letters of a name that are kept; the project's own limit is 200.
const NAME_CHARS: usize = 180;

/// Most notes that are kept; the rest is counted.
const MOST_LEFT: usize = 500;

/// Keys with their values, in the order in which they are written.
pub type Keys = Vec<(&'static str, Value)>;

/// See the module.
#[derive(Debug, Default)]
pub struct Made {
    device_text: String,
    tag_text: String,
    names: HashSet<String>,
    device_names: HashSet<String>,
    known: Vec<(Keys, String)>,
    devices: usize,
    tags: usize,
    left: Vec<Left>,
    left_uncounted: usize,
}

impl Made {
    /// Beside what has these names already.
    pub fn beside<'n>(tags: impl Iterator<Item = &'n str>, devices: impl Iterator<Item = &'n str>) -> Self {
        Self {
            names: tags.map(str::to_ascii_lowercase).collect(),
            device_names: devices.map(str::to_ascii_lowercase).collect(),
            ..Self::default()
        }
    }

    /// Writes a device and returns its name; one that is written already with the same keys is that one.
    pub fn device(&mut self, wanted: &str, keys: Keys) -> String {
        if let Some((_, name)) = self.known.iter().find(|(known, _)| *known == keys) {
            return name.clone();
        }
        let shown: String =
            wanted.chars().filter(|c| !crate::text::is_unseen(*c) && *c != '/').take(NAME_CHARS).collect();
        let shown = if shown.trim().is_empty() { "device" } else { shown.trim() };
        let name = unique(shown, &mut self.device_names);
        entity(&mut self.device_text, "[[device]]", &name, &keys);
        self.devices += 1;
        self.known.push((keys, name.clone()));
        name
    }

    /// Writes a tag of a device, called after it.
    pub fn tag(&mut self, device: &str, wanted: &str, description: &str, keys: Keys) {
        let first = match part(device, "modbus") {
            // These are the program's own.
            own if own.eq_ignore_ascii_case("device") || own.eq_ignore_ascii_case("system") => format!("{own}1"),
            first => first,
        };
        let name = unique(&format!("{first}.{}", path(wanted)), &mut self.names);
        let mut all: Keys = Vec::with_capacity(keys.len() + 2);
        if !description.trim().is_empty() && path(description) != path(wanted) || path(wanted) != wanted {
            let said = if description.trim().is_empty() { wanted } else { description };
            all.push(("description", Value::Text(said.trim().to_owned())));
        }
        all.push(("device", Value::Text(device.to_owned())));
        all.extend(keys);
        entity(&mut self.tag_text, "[[tag]]", &name, &all);
        self.tags += 1;
    }

    /// Tells what is not carried over.
    pub fn left(&mut self, line: u32, what: impl Into<String>) {
        if self.left.len() < MOST_LEFT {
            self.left.push(Left { line, what: what.into() });
        } else {
            self.left_uncounted += 1;
        }
    }

    /// Tells what nobody took out of a map, by the words for what it is of; `quiet` keys change no value.
    pub fn rest(&mut self, of: &str, rest: &Map, quiet: &[&str]) {
        for (key, node) in rest.0.iter().filter(|(key, _)| !quiet.contains(&key.as_str())) {
            let what = match &node.what {
                What::Elsewhere(tag, name) => format!("{of}: {key} stands elsewhere ({tag} {name})"),
                What::Plain(value) => format!("{of}: {key} = {value} has no counterpart here"),
                What::Nothing | What::List(_) | What::Map(_) => format!("{of}: {key} has no counterpart here"),
            };
            self.left(node.line, what);
        }
    }

    /// What was made, and what was not, by line.
    pub fn finish(mut self) -> Imported {
        self.left.sort_by_key(|left| left.line);
        if self.left_uncounted > 0 {
            self.left.push(Left { line: 0, what: format!("and {} notes more", self.left_uncounted) });
        }
        let Self { device_text, tag_text, devices, tags, left, .. } = self;
        Imported { device_text, tag_text, devices, tags, left }
    }
}

fn entity(text: &mut String, header: &str, name: &str, keys: &Keys) {
    // Writing to a string cannot fail.
    let _written = write!(text, "{}{header}\nname = {}\n", if text.is_empty() { "" } else { "\n" }, quoted(name));
    for (key, value) in keys {
        let _written = writeln!(text, "{key} = {}", value.to_toml());
    }
}

/// The name, or where another has it the first of it with a number behind it that nobody has. Names differ by more than case.
pub fn unique<S: BuildHasher>(name: &str, names: &mut HashSet<String, S>) -> String {
    let mut unique = name.to_owned();
    let mut number = 2;
    while !names.insert(unique.to_ascii_lowercase()) {
        unique = format!("{name}_{number}");
        number += 1;
    }
    unique
}

/// `parity` for the letter or word that other programs have for it.
pub fn parity(word: &str) -> Option<&'static str> {
    match word.to_ascii_uppercase().as_str() {
        "N" | "NONE" => Some("none"),
        "E" | "EVEN" => Some("even"),
        "O" | "ODD" => Some("odd"),
        _ => None,
    }
}

/// One part of a tag's name: letters, digits and `_`, beginning with a letter.
fn part(words: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for c in words.trim().chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
            // Letters that are seen as one with a mark on it, in the languages that write plants.
            'ä' | 'á' | 'à' | 'â' | 'å' | 'ã' => name.push('a'),
            'é' | 'è' | 'ê' | 'ë' => name.push('e'),
            'í' | 'ì' | 'î' | 'ï' => name.push('i'),
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' => name.push('o'),
            'ü' | 'ú' | 'ù' | 'û' => name.push('u'),
            'ß' => name.push_str("ss"),
            _ if !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    name.truncate(NAME_CHARS / 2);
    let name = name.trim_matches('_');
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        Some(_) => format!("x{name}"),
    }
}

/// A tag's name without its device: what stands between dots stays apart.
fn path(words: &str) -> String {
    words.split('.').map(|words| part(words, "value")).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_such_as_a_project_may_have_and_nobody_has_yet() {
        let mut made = Made::beside(["Hub.Temp"].into_iter(), ["hub"].into_iter());
        let keys = || vec![("protocol", Value::Text("modbus-tcp".to_owned()))];
        assert_eq!(made.device("hub", keys()), "hub_2");
        assert_eq!(made.device("another", keys()), "hub_2", "the same device");
        made.tag("hub", "temp", "", Vec::new());
        made.tag("hub", "Größe (m²)", "", Vec::new());
        made.tag("hub", "1st.phase", "First phase", Vec::new());
        let text = made.finish().tag_text;
        assert!(text.contains("name = \"hub.temp_2\""), "{text}");
        assert!(text.contains("name = \"hub.Grosse_m\"\ndescription = \"Größe (m²)\""), "{text}");
        assert!(text.contains("name = \"hub.x1st.phase\"\ndescription = \"First phase\""), "{text}");
    }
}
