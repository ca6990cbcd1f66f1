//! A document of another program as a tree whose every part knows its line: YAML, JSON (which is YAML too) or TOML.
//!
//! What an importer reads it takes out of the tree. So what is left behind is what it does not know, and is told, without a list of
//! keys to ignore.

use super::Fault;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Parts that a document may have, what its aliases repeat included.
const MOST_NODES: usize = 1_000_000;

/// How deep it may nest.
const DEEPEST: usize = 64;

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From one.
    pub line: u32,
    /// What it is.
    pub what: What,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Nothing was written.
    Nothing,
    /// A number, a flag or words, as it is written; without its quotes.
    Plain(String),
    /// What stands in another place, as YAML's `!secret name` and `!include file` say; the tag and what is behind it.
    Elsewhere(String, String),
    /// Several.
    List(Vec<Node>),
    /// Named ones.
    Map(Map),
}

/// Named parts, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(pub Vec<(String, Node)>);

impl Map {
    /// Takes one out.
    pub fn take(&mut self, key: &str) -> Option<Node> {
        let place = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(place).1).filter(|node| node.what != What::Nothing)
    }

    /// Takes one out as words.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.take_if(key, |node| node.text().map(str::to_owned))
    }

    /// Takes one out as a number.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        self.take_if(key, Node::number)
    }

    /// Takes one out as a whole number.
    pub fn whole(&mut self, key: &str) -> Option<i64> {
        self.take_if(key, Node::whole)
    }

    /// Takes one out as a flag.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.take_if(key, |node| match node.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// Takes one out as several maps; one alone is a list of one.
    pub fn maps(&mut self, key: &str) -> Vec<(u32, Self)> {
        self.take(key).map(Node::maps).unwrap_or_default()
    }

    /// What cannot be read as what it should be stays, and so is told.
    fn take_if<T>(&mut self, key: &str, read: impl Fn(&Node) -> Option<T>) -> Option<T> {
        let place = self.0.iter().position(|(name, _)| name == key)?;
        let read = read(&self.0.get(place)?.1)?;
        self.0.remove(place);
        Some(read)
    }
}

impl Node {
    /// As words.
    pub fn text(&self) -> Option<&str> {
        if let What::Plain(text) = &self.what { Some(text) } else { None }
    }

    /// As a number.
    pub fn number(&self) -> Option<f64> {
        let text = self.text()?.replace('_', "");
        whole(&text).map(|n| n as f64).or_else(|| text.parse().ok()).filter(|n: &f64| n.is_finite())
    }

    /// As a whole number.
    pub fn whole(&self) -> Option<i64> {
        let text = self.text()?.replace('_', "");
        // `4.0` is a whole number to those who write YAML.
        whole(&text).or_else(|| text.strip_suffix(".0")?.parse().ok())
    }

    /// As several maps; one alone is a list of one, and what is no map is left out.
    pub fn maps(self) -> Vec<(u32, Map)> {
        let line = self.line;
        match self.what {
            What::Map(map) => vec![(line, map)],
            What::List(list) => list.into_iter().flat_map(Self::maps).collect(),
            What::Nothing | What::Plain(_) | What::Elsewhere(..) => Vec::new(),
        }
    }

    /// As several numbers.
    pub fn wholes(&self) -> Option<Vec<i64>> {
        match &self.what {
            What::List(list) => list.iter().map(Self::whole).collect(),
            _ => Some(vec![self.whole()?]),
        }
    }
}

fn whole(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The first document of a YAML or JSON text.
pub fn yaml(text: &str) -> Result<Node, Fault> {
    let mut reader = Yaml { parser: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamEnd => return Err(Fault::new(1, "there is nothing in it")),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            event => return reader.node(event, line, 0),
        }
    }
}

struct Yaml<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'t> Yaml<'t> {
    fn next(&mut self) -> Result<(Event<'t>, u32), Fault> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, span.start.line() as u32)),
            Some(Err(error)) => Err(Fault::new(error.marker().line() as u32, error.info())),
            None => Ok((Event::StreamEnd, 1)),
        }
    }

    fn node(&mut self, event: Event<'t>, line: u32, deep: usize) -> Result<Node, Fault> {
        self.nodes += 1;
        if deep > DEEPEST || self.nodes > MOST_NODES {
            return Err(Fault::new(line, "it nests too deeply, or is too long"));
        }
        let (anchor, what) = match event {
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| Fault::new(line, "an alias of nothing"))?;
                self.nodes += weight(&node);
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref())),
            Event::SequenceStart(anchor, _) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (Event::StreamEnd, at) => return Err(Fault::new(at, "a list has no end")),
                        (event, at) => list.push(self.node(event, at, deep + 1)?),
                    }
                }
                (anchor, What::List(list))
            }
            Event::MappingStart(anchor, _) => (anchor, What::Map(self.map(deep)?)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(Fault::new(line, "it ends within a value")),
        };
        let node = Node { line, what };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn map(&mut self, deep: usize) -> Result<Map, Fault> {
        let mut map = Map::default();
        let mut merged = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::StreamEnd, at) => return Err(Fault::new(at, "a mapping has no end")),
                (event, at) => self.node(event, at, deep + 1)?,
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, deep + 1)?;
            match (key.text(), value) {
                // YAML's merge key: what the other map says, where this one does not.
                (Some("<<"), value) => merged.extend(value.maps()),
                // The line of a key is where a person looks.
                (Some(name), value) => map.0.push((name.to_owned(), Node { line: key.line, ..value })),
                (None, _) => {}
            }
        }
        for (name, node) in merged.into_iter().flat_map(|(_, other)| other.0) {
            if map.0.iter().all(|(known, _)| *known != name) {
                map.0.push((name, node));
            }
        }
        Ok(map)
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> What {
    match tag {
        Some(tag) if tag.handle == "!" => What::Elsewhere(format!("!{}", tag.suffix), text.to_owned()),
        _ if style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") => What::Nothing,
        _ => What::Plain(text.to_owned()),
    }
}

fn weight(node: &Node) -> usize {
    match &node.what {
        What::List(list) => 1 + list.iter().map(weight).sum::<usize>(),
        What::Map(map) => 1 + map.0.iter().map(|(_, node)| weight(node)).sum::<usize>(),
        What::Nothing | What::Plain(_) | What::Elsewhere(..) => 1,
    }
}

/// A TOML text.
pub fn toml(text: &str) -> Result<Map, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new(line_of(text, at), error.message())
    })?;
    // Counted in one go: a file of ten thousand fields has as many places.
    let breaks: Vec<usize> = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at).collect();
    Ok(map_of(table.get_ref(), &breaks))
}

fn line_of(text: &str, at: usize) -> u32 {
    text.bytes().take(at).filter(|b| *b == b'\n').count() as u32 + 1
}

fn map_of(table: &DeTable<'_>, breaks: &[usize]) -> Map {
    let mut entries: Vec<(usize, String, Node)> = Vec::new();
    for (key, value) in table {
        let at = key.span().start;
        let line = breaks.partition_point(|b| *b < at) as u32 + 1;
        entries.push((at, key.get_ref().to_string(), Node { line, what: what_of(value, breaks) }));
    }
    entries.sort_by_key(|(at, ..)| *at);
    Map(entries.into_iter().map(|(_, key, node)| (key, node)).collect())
}

fn what_of(value: &Spanned<DeValue<'_>>, breaks: &[usize]) -> What {
    match value.get_ref() {
        DeValue::String(text) => What::Plain(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(n) => What::Plain(n.to_string()),
            Err(_) => What::Plain(number.as_str().to_owned()),
        },
        DeValue::Float(number) => What::Plain(number.as_str().to_owned()),
        DeValue::Boolean(flag) => What::Plain(flag.to_string()),
        DeValue::Datetime(time) => What::Plain(time.to_string()),
        DeValue::Array(list) => {
            let line = |item: &Spanned<DeValue<'_>>| breaks.partition_point(|b| *b < item.span().start) as u32 + 1;
            What::List(list.iter().map(|item| Node { line: line(item), what: what_of(item, breaks) }).collect())
        }
        DeValue::Table(table) => What::Map(map_of(table, breaks)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_knows_its_line_and_what_is_not_taken_stays() {
        let text = "a: 1\nb:\n  - x: 0x1F\n    y: 'no'\n  - !secret pass\nempty:\n";
        let What::Map(mut map) = yaml(text).unwrap().what else { panic!("a map") };
        assert_eq!((map.whole("a"), map.take("empty")), (Some(1), None));
        let b = map.take("b").unwrap();
        assert_eq!(b.line, 2);
        let What::List(list) = &b.what else { panic!("a list") };
        assert_eq!(list[1], Node { line: 5, what: What::Elsewhere("!secret".to_owned(), "pass".to_owned()) });
        let mut first = b.maps().remove(0);
        assert_eq!((first.0, first.1.whole("x"), first.1.whole("y")), (3, Some(31), None));
        assert_eq!(first.1.0[0].0, "y", "what cannot be read as a number is not taken");
        let mut map = toml("[[a]]\nb = 1_000\n\n[[a]]\nb = 0x10\nc = [1, 2]\n").unwrap();
        let mut tables = map.maps("a");
        assert_eq!((tables[0].1.whole("b"), tables[1].1.whole("b")), (Some(1_000), Some(16)));
        assert_eq!(tables[1].1.take("c").unwrap().wholes(), Some(vec![1, 2]));
    }

    #[test]
    fn merge_keys_are_taken_and_a_bomb_of_aliases_is_not() {
        let text = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n";
        let What::Map(mut map) = yaml(text).unwrap().what else { panic!("a map") };
        let mut used = map.maps("use").remove(0).1;
        assert_eq!((used.whole("x"), used.whole("y")), (Some(1), Some(3)));
        let mut bomb = "a: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        bomb.extend((1..12).map(|i| format!("b{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(","))));
        assert!(yaml(&bomb).unwrap_err().what.contains("too long"));
        let deep = "[".repeat(5_000);
        assert!(yaml(&deep).is_err());
        assert!(yaml("a: [1, 2").is_err() && yaml("").is_err() && toml("a = ").is_err());
    }
}
