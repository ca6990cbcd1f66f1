//! What templates make, written out: tags and alarms as a person would have written them, for sheets and tables.

use super::super::section::whole_from;
use super::super::text::Text;
use super::{Made, tables};
use crate::project::edit::quoted;
use crate::project::{Origin, Place};
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// One tag or alarm that a template makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenOut {
    /// Whether it is an alarm.
    pub is_alarm: bool,
    /// What it is called; an alarm by its tag and its own name.
    pub name: String,
    /// What each of its keys says, as a cell shows it.
    pub keys: Vec<(String, String)>,
    /// Where it stands in its template.
    pub place: Place,
    /// Which use has made it.
    pub origin: Arc<Origin>,
}

impl WrittenOut {
    /// What a key says.
    pub fn said(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(own, _)| own == key).map(|(_, said)| said.as_str())
    }
}

impl Made<'_> {
    /// The use that has made it, with its place.
    pub(super) fn origin(&self, text: &Text<'_>) -> Arc<Origin> {
        Arc::new(Origin { place: text.place(self.used_at), ..self.origin.clone() })
    }

    /// It and the alarms below it.
    pub(super) fn written_out(&self, text: &Text<'_>, is_alarm: bool, out: &mut Vec<WrittenOut>) {
        let origin = self.origin(text);
        let mut one = |is_alarm: bool, table: &DeTable<'_>, span: &Range<usize>, tag: Option<&str>| {
            let is_value = |key: &str| key != "alarm";
            let keys = table.iter().filter(|(key, _)| is_value(key.get_ref()));
            let keys: Vec<(String, String)> =
                keys.map(|(key, item)| (key.get_ref().to_string(), cell(item.get_ref()))).collect();
            let said = |key: &str| keys.iter().find(|(own, _)| own == key).map(|(_, said)| said.as_str());
            let own = said("name").unwrap_or_default();
            let name = if is_alarm {
                let own = if own.is_empty() { said("kind").unwrap_or_default() } else { own };
                format!("{}/{own}", tag.or_else(|| said("tag")).unwrap_or_default())
            } else {
                own.to_owned()
            };
            let place = text.place(span.start);
            out.push(WrittenOut { is_alarm, name, keys, place, origin: Arc::clone(&origin) });
        };
        one(is_alarm, &self.table, &self.span, None);
        if !is_alarm {
            let tag = self.table.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default();
            for (alarm, span) in tables(self.table.get("alarm")) {
                one(true, alarm, &span, Some(tag));
            }
        }
    }
}

/// The origin of what this table of a template makes.
pub(super) fn named(origin: &Origin, table: &DeTable<'_>, key: &str) -> Origin {
    let said = |key: &str| table.get(key).and_then(|item| item.get_ref().as_str());
    let own = said("name").filter(|_| key == "tag");
    let name = own.or_else(|| said("tag")).or_else(|| said("title")).or_else(|| said("kind"));
    Origin { name: name.unwrap_or_default().into(), ..origin.clone() }
}

/// A value as a cell shows it: words without their quotes, all else as it is written.
fn cell(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(words) => words.clone().into_owned(),
        value => raw(value),
    }
}

fn raw(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(words) => quoted(words),
        DeValue::Integer(number) => whole_from(value).map_or_else(|| number.to_string(), |whole| whole.to_string()),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(list) => {
            let items: Vec<String> = list.iter().map(|item| raw(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let pairs: Vec<String> =
                table.iter().map(|(key, item)| format!("{} = {}", key.get_ref(), raw(item.get_ref()))).collect();
            if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
        }
    }
}
