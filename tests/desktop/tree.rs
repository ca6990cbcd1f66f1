//! What a window tells a screen reader, as plain values.

use serde_json::Value;
use std::fmt;

/// The nodes of the program, parents before children.
#[derive(Debug, Clone)]
pub struct Tree {
    pub nodes: Vec<Node>,
}

/// One thing that can be seen or pressed.
#[derive(Debug, Clone)]
pub struct Node {
    pub index: usize,
    pub depth: usize,
    pub role: String,
    pub name: String,
    pub description: String,
    pub text: Option<String>,
    pub actions: Vec<String>,
    /// x, y, width, height on the screen.
    pub place: Option<[i64; 4]>,
    /// It has the keys.
    pub focused: bool,
}

impl Tree {
    /// Nodes with exactly this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.name == name)
    }

    /// Nodes that show this text somewhere, in name, description or text.
    pub fn showing<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.name.contains(part) || node.told().contains(part))
    }
}

impl Node {
    /// From an answer of `atspi.py`.
    pub fn read(index: usize, value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let list = |key: &str| {
            let items = value[key].as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let place: Vec<i64> = value["place"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        Self {
            index,
            depth: value["depth"].as_u64().unwrap_or_default() as usize,
            role: text("role"),
            name: text("name"),
            description: text("description"),
            text: value["text"].as_str().map(str::to_owned),
            actions: list("actions"),
            place: place.try_into().ok(),
            focused: value["focused"].as_bool().unwrap_or_default(),
        }
    }

    /// The value's words: the description by our rule of names, else the text.
    pub fn told(&self) -> &str {
        if self.description.is_empty() { self.text.as_deref().unwrap_or_default() } else { &self.description }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            let indent = "  ".repeat(node.depth);
            write!(f, "{indent}{} `{}`", node.role, node.name)?;
            if !node.told().is_empty() {
                write!(f, " = `{}`", node.told())?;
            }
            if node.focused {
                write!(f, " (has the keys)")?;
            }
            if !node.actions.is_empty() {
                write!(f, " [{}]", node.actions.join(", "))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
