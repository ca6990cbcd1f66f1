//! `[[display.panel.item]]` of a mimic.

use super::keys::ITEM;
use super::section::{Section, kind_of, whole_from};
use super::template::{self, Made};
use crate::project::{Facing, Item, ItemKind, Spot, When};
use toml::de::DeValue;

/// Items of one mimic; more could not be told apart.
const MOST_ITEMS: usize = 2_000;

/// Points of one pipe.
const MOST_POINTS: usize = 512;

/// Reads the items of a mimic. One without a tag is left out; one whose kind or place is at
/// fault is kept for the rest of its faults.
pub(super) fn read<'i>(section: &mut Section<'_, '_, 'i>, made: &[Made<'i>]) -> Vec<Item> {
    let tables = section.tables("item");
    if tables.len() > MOST_ITEMS {
        let message = format!("{} items on one drawing", tables.len());
        section.error("item", message, format!("{MOST_ITEMS} are the most; part it into several displays"));
    }
    let mut items = Vec::new();
    for (table, span) in tables.into_iter().take(MOST_ITEMS) {
        items.extend(item(&mut section.inner(table, ITEM, &span)));
    }
    template::check_uses(section);
    let subject = section.subject.clone();
    template::read(section.reader, made, |reader, table, span| {
        items.extend(item(&mut Section::open(reader, table, ITEM, span, &subject)));
    });
    items
}

fn item(section: &mut Section<'_, '_, '_>) -> Option<Item> {
    if !section.has("kind") {
        let kinds: Vec<&str> = ItemKind::ALL.iter().map(|(_, word)| *word).collect();
        section.missing("kind", format!("write kind = \"value\"; it is one of {}", kinds.join(", ")));
    }
    if !section.has("tag") {
        section.missing("tag", "write the tag that it shows: tag = \"pump1.running\"");
    }
    let kind = section.word("kind", &ItemKind::ALL);
    if let Some(kind) = kind {
        section.only(kind.word(), &format!("an item of kind {}", kind.word()));
    }
    let tag = section.filled("tag");
    let spot = spot(section, kind);
    let title = section.text("title");
    let on = on(section);
    let facing = section.word("facing", &Facing::ALL).unwrap_or_default();
    let spot = spot.filter(|_| kind.is_some()).unwrap_or(Spot::Nowhere);
    let kind = kind.unwrap_or(ItemKind::Value);
    Some(Item { kind, tag: tag?, title, spot, on, facing, places: section.places.clone() })
}

fn spot(section: &mut Section<'_, '_, '_>, kind: Option<ItemKind>) -> Option<Spot> {
    let pipe = kind == Some(ItemKind::Pipe);
    let key = if pipe { "points" } else { "at" };
    let mend = if pipe {
        "write the points along it, the way it flows: points = [100, 50, 200, 50, 200, 90], or element = \"pipe-1\""
    } else {
        "write left, top, width and height in the drawing's units: at = [100, 50, 40, 40], or element = \"P-101\""
    };
    let written: Vec<&'static str> = ["element", "at", "points"].into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = written.as_slice() {
        section.error(second, format!("an item has {first} or {second}, and this one has both"), "keep one of them");
    }
    if written.is_empty() {
        section.missing(key, mend);
    }
    if section.has("element") {
        return section.filled("element").map(Spot::Element);
    }
    let numbers = section.numbers(key)?;
    match numbers.as_slice() {
        [_, _, _, _, ..] if pipe && numbers.len().is_multiple_of(2) => {
            if numbers.len() > 2 * MOST_POINTS {
                section.error(key, format!("{} points", numbers.len() / 2), format!("write {MOST_POINTS} at most"));
                return None;
            }
            Some(Spot::Way(numbers.as_chunks().0.to_vec()))
        }
        [x, y] if !pipe => Some(Spot::Point([*x, *y])),
        [x, y, width, height] if !pipe && *width > 0.0 && *height > 0.0 => Some(Spot::Box([*x, *y, *width, *height])),
        _ => {
            section.error(key, format!("{key} is no place on the drawing"), mend);
            None
        }
    }
}

fn on(section: &mut Section<'_, '_, '_>) -> Option<When> {
    let item = section.item("on")?;
    let on = match item.get_ref() {
        DeValue::Boolean(state) => Some(When::Bool(*state)),
        other => whole_from(other).map(When::Int),
    };
    if on.is_none() {
        let mend = "write on = true, or on = 1: the state in which it runs, is open, lit or flows";
        section.error("on", format!("on is {}", kind_of(item.get_ref())), mend);
    }
    on
}
