//! The JSON Schema of the project file, made of the reader's own list of keys and of the words of docs/project-file.md.
//!
//! It keeps to what draft 7 and draft 2020-12 have in common, for editors of TOML know the one or the other.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use watchkeeper::project::file::keys::{Key, Shape, TABLES, Table};

/// The whole of it, as it lies in `assets/`.
pub fn schema() -> String {
    let document = include_str!("../../docs/project-file.md");
    let mut tables: Map<String, Value> =
        TABLES.iter().skip(1).map(|table| (definition(table), of_table(document, table))).collect();
    // An alarm below its tag needs to name it no more.
    let mut below = tables["alarm"].clone();
    below["required"] = json!(["kind"]);
    tables.insert("alarm-below-its-tag".to_owned(), below);
    tables["tag"]["properties"]["alarm"]["items"] = json!({ "$ref": "#/$defs/alarm-below-its-tag" });
    for name in [
        "tag",
        "alarm",
        "alarm-below-its-tag",
        "display-panel",
        "display-panel-item",
        "repeat",
        "availability",
        "limits",
        "pens",
    ] {
        let made = with_parameters(&tables[name]);
        tables.insert(format!("template-{name}"), made);
    }
    let of_template = tables["template"]["properties"].as_object_mut().unwrap();
    for key in ["tag", "alarm", "panel", "item"] {
        relink(&mut of_template[key]);
    }
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Watchkeeper project",
        "description": "What `watchkeeper check` judges in full; this completes and checks while a project is written.",
    });
    let whole = of_table(document, &TABLES[0]);
    root.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
    root["$defs"] = Value::Object(tables);
    format!("{}\n", serde_json::to_string_pretty(&root).unwrap())
}

/// The same of a template: wherever a value stands, a text with a parameter in it may stand.
fn with_parameters(table: &Value) -> Value {
    let mut table = table.clone();
    let properties = table["properties"].as_object_mut().unwrap();
    for value in properties.values_mut() {
        relink(value);
        let told = value.as_object_mut().unwrap().remove("description");
        *value = json!({ "anyOf": [value.take(), { "type": "string", "pattern": "\\{" }], "description": told });
    }
    table.as_object_mut().unwrap().remove("allOf");
    table
}

/// Leads what refers to a table to that with parameters.
fn relink(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(link)) = map.get_mut("$ref") {
                *link = link.replace("#/$defs/", "#/$defs/template-");
            }
            map.values_mut().for_each(relink);
        }
        Value::Array(list) => list.iter_mut().for_each(relink),
        _ => {}
    }
}

fn definition(table: &Table) -> String {
    table.header.trim_matches(['[', ']']).replace('.', "-")
}

fn of_table(document: &str, table: &Table) -> Value {
    let told = told(document, table);
    let must = |key: &Key| told.get(key.name).is_some_and(|(_, default)| default.starts_with("must be there"));
    let properties: Map<String, Value> = table
        .keys
        .iter()
        .map(|key| {
            let (what, default) = &told[key.name];
            let mut value = of_shape(key.shape);
            let default = match default.as_str() {
                "" => String::new(),
                must if must.starts_with("must be there") => String::new(),
                default => format!(" Default: {default}."),
            };
            value["description"] = format!("{}.{default}", what.trim_end_matches('.')).into();
            (key.name.to_owned(), value)
        })
        .collect();
    let mut object = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required: Vec<&str> = table.keys.iter().filter(|k| k.only.is_empty() && must(k)).map(|k| k.name).collect();
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    let rules = rules(table);
    if !rules.is_empty() {
        object["allOf"] = json!(rules);
    }
    object
}

/// What the document says of each key of a table: what it is, and its default, without the marks of its layout.
fn told(document: &str, table: &Table) -> BTreeMap<String, (String, String)> {
    let title = match table.header {
        "" => "### The file".to_owned(),
        header => format!("### `{header}`"),
    };
    let section = document.split(&format!("\n{title}\n")).nth(1).unwrap_or_else(|| panic!("no section {title}"));
    let section = section.split("\n### ").next().unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.replace("\\|", "\u{1}").trim_matches('|').split('|').map(plain).collect::<Vec<_>>());
    cells.map(|row| (row[0].clone(), (row[1].clone(), row[2].clone()))).collect()
}

/// A cell without backticks, emphasis and links.
fn plain(cell: &str) -> String {
    let mut text = cell.trim().replace('\u{1}', "|").replace(['`', '*'], "");
    while let Some((open, middle)) = text.find('[').and_then(|open| Some((open, open + text[open..].find("](")?))) {
        // A pair of numbers is no link.
        let Some(close) = text[middle..].find(')').map(|at| middle + at) else { break };
        text = format!("{}{}{}", &text[..open], &text[open + 1..middle], &text[close + 1..]);
    }
    text
}

fn of_shape(shape: Shape) -> Value {
    let table = |table: &Table| format!("#/$defs/{}", definition(table));
    match shape {
        Shape::Format => json!({ "const": 1 }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Filled => json!({ "type": "string", "pattern": "\\S" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::NumberOrNone => json!({ "anyOf": [{ "type": "number" }, { "const": false }] }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Pair => json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 }),
        Shape::Numbers => json!({ "type": "array", "items": { "type": "number" } }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Duration => json!({ "type": "string", "pattern": "^\\s*[0-9]*\\.?[0-9]+\\.?\\s*(ms|s|m|h|d|y)\\s*$" }),
        Shape::Size => json!({ "type": "string", "pattern": "^\\s*[0-9]*\\.?[0-9]+\\.?\\s*(B|[KMGT]iB|[kMGT]B)\\s*$" }),
        Shape::TimeOfDay => json!({ "type": "string", "pattern": "^\\s*([01]?[0-9]|2[0-3]):[0-5][0-9]\\s*$" }),
        Shape::Register => json!({
            "type": "string",
            "pattern": "^\\s*((coil|discrete|input|holding)\\s*:\\s*([0-9]+|0[xX][0-9a-fA-F]+)|[0134][0-9]{4,5})\\s*$"
        }),
        Shape::State => json!({ "type": ["boolean", "integer"] }),
        Shape::Deadband => json!({
            "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" }]
        }),
        Shape::Labels => json!({
            "type": "object",
            "patternProperties": { "^(true|false|[+-]?[0-9]+)$": { "type": "string" } },
            "additionalProperties": false
        }),
        Shape::At => json!({
            "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 4, "maxItems": 4
        }),
        Shape::Table(inner) => json!({ "allOf": [{ "$ref": table(inner) }] }),
        Shape::Values => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
        }
        Shape::With => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "at": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 } },
                "additionalProperties": { "type": ["string", "number", "boolean"] }
            }
        }),
        Shape::Tables(inner) => json!({ "type": "array", "items": { "$ref": table(inner) } }),
    }
}

/// Keys that belong to some alone: to protocols, sources or kinds.
fn rules(table: &Table) -> Vec<Value> {
    let of_word = ["protocol", "kind"].into_iter().find(|key| table.keys.iter().any(|k| k.name == *key));
    let mut by_only: Vec<(&[&str], Vec<&str>)> = Vec::new();
    for key in table.keys.iter().filter(|key| !key.only.is_empty()) {
        match by_only.iter_mut().find(|(only, _)| *only == key.only) {
            Some((_, keys)) => keys.push(key.name),
            None => by_only.push((key.only, vec![key.name])),
        }
    }
    let none = |keys: &[&str]| -> Value {
        keys.iter().map(|key| ((*key).to_owned(), json!(false))).collect::<Map<_, _>>().into()
    };
    let mut rules = Vec::new();
    for (only, keys) in by_only {
        rules.push(match of_word {
            Some(word) => json!({
                "if": { "properties": { word: { "enum": only } } },
                "else": { "properties": none(&keys) }
            }),
            // A tag's source is the key itself.
            None => json!({
                "if": { "anyOf": only.iter().map(|source| json!({ "required": [source] })).collect::<Vec<_>>() },
                "else": { "properties": none(&keys) }
            }),
        });
    }
    match table.header {
        "[[tag]]" => {
            let sources = ["register", "topic", "formula"];
            rules.push(json!({ "oneOf": sources.map(|source| json!({ "required": [source] })) }));
            rules.push(json!({ "if": { "required": ["formula"] }, "else": { "required": ["device"] } }));
        }
        "[[alarm]]" => {
            rules.push(json!({
                "if": { "properties": { "kind": { "enum": ["state", "quality"] } } }, "else": { "required": ["limit"] }
            }));
            rules.push(json!({
                "if": { "properties": { "kind": { "const": "state" } }, "required": ["kind"] }, "then": { "required": ["when"] }
            }));
            rules.push(json!({
                "if": { "properties": { "kind": { "const": "deviation" } }, "required": ["kind"] }, "then": { "required": ["from"] }
            }));
        }
        "[[display.panel]]" => {
            for (kind, key) in [("trend", "pens"), ("text", "text")] {
                rules.push(json!({
                    "if": { "properties": { "kind": { "const": kind } }, "required": ["kind"] }, "then": { "required": [key] }
                }));
            }
            let tagged = table.keys.iter().find(|key| key.name == "tag").map(|key| key.only);
            rules.push(json!({
                "if": { "properties": { "kind": { "enum": tagged } }, "required": ["kind"] },
                "then": { "anyOf": [{ "required": ["tag"] }, { "required": ["tags"] }] }
            }));
        }
        _ => {}
    }
    rules
}
