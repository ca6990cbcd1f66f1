//! `repeat = { from = 1, to = 30, step = 10 }` of a tag: one table that stands for an array of tags. In each, `{n}` in any
//! text of the tag and of its alarms is its number, and its register lies `step` further than that of the one before.

use super::Context;
use super::keys::REPEAT;
use super::section::{Section, whole_from};
use toml::de::{DeTable, DeValue};

/// Most tags that one table may stand for.
const MOST: i64 = 10_000;

/// Greatest number of a tag, and farthest step.
const GREATEST: i64 = 65_535;

const NUMBER: &str = "{n}";

/// Which of its array a tag is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeat {
    /// From zero.
    index: u32,
    /// Registers from one to the next, where it is written.
    step: Option<u32>,
}

impl Repeat {
    /// How much further than written the register lies of a tag that takes `width` registers.
    pub(super) fn shift(self, width: u16) -> u32 {
        self.index.saturating_mul(self.step.unwrap_or(u32::from(width)))
    }
}

/// The tables that this one stands for. `None`: it stands for itself alone, or what it says of its array is at fault, which
/// [`check`] tells.
pub(super) fn tables<'i>(table: &DeTable<'i>) -> Option<Vec<(DeTable<'i>, Repeat)>> {
    let DeValue::Table(repeat) = table.get("repeat")?.get_ref() else { return None };
    if repeat.keys().any(|key| REPEAT.keys.iter().all(|known| known.name != key.get_ref().as_ref())) {
        return None;
    }
    let number =
        |key: &str| repeat.get(key).map(|item| whole_from(item.get_ref()).filter(|n| (0..=GREATEST).contains(n)));
    let (from, to) = (number("from")??, number("to")??);
    let step = match number("step") {
        Some(step) => Some(u32::try_from(step.filter(|step| *step > 0)?).ok()?),
        None => None,
    };
    let named = table.get("name").and_then(|name| name.get_ref().as_str()).is_some_and(|name| name.contains(NUMBER));
    if !named || !(0..MOST).contains(&(to - from)) {
        return None;
    }
    let each = (from..=to).zip(0..).map(|(n, index)| {
        let mut copy = table.clone();
        number_texts(&mut copy, &n.to_string());
        (copy, Repeat { index, step })
    });
    Some(each.collect())
}

fn number_texts(table: &mut DeTable<'_>, n: &str) {
    table.iter_mut().for_each(|(_, item)| number_text(item.get_mut(), n));
}

fn number_text(value: &mut DeValue<'_>, n: &str) {
    match value {
        DeValue::String(text) if text.contains(NUMBER) => *text = text.replace(NUMBER, n).into(),
        DeValue::Array(list) => list.iter_mut().for_each(|item| number_text(item.get_mut(), n)),
        DeValue::Table(table) => number_texts(table, n),
        _ => {}
    }
}

/// Tells what is wrong with the array of a tag, where it is not one of an array already.
pub(super) fn check(section: &mut Section<'_, '_, '_>, context: &Context) {
    let mend = "write repeat = { from = 1, to = 30 }, and {n} in the name";
    if context.repeat.is_some() {
        return;
    }
    let Some((table, span)) = section.table("repeat", mend) else { return };
    let mut inner = section.inner(table, REPEAT, &span);
    for key in ["from", "to"] {
        if !inner.has(key) {
            inner.missing(key, mend);
        }
    }
    let (from, to) = (inner.whole("from", 0..=GREATEST), inner.whole("to", 0..=GREATEST));
    inner.whole("step", 1..=GREATEST);
    if let (Some(from), Some(to)) = (from, to) {
        if to < from {
            inner.error("to", format!("to = {to} is less than from = {from}"), "write the smaller one first");
        } else if to - from >= MOST {
            inner.error("to", format!("{} tags of one table", to - from + 1), format!("write {MOST} at most"));
        }
    }
    let name = section.text("name").unwrap_or_default();
    if !name.contains(NUMBER) {
        let message = "an array of tags, and {n} is not in the name: all would have the same";
        section.error("repeat", message, "write name = \"string{n}.current\"");
    }
}
