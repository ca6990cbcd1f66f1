//! `[[alarm]]` and `[[tag.alarm]]`.

use super::keys::ALARM;
use super::name::plain_fault;
use super::section::{Reader, Section, is_endless, kind_of, number_from, shortened, whole_from};
use super::{Context, PRIORITIES};
use crate::project::{Alarm, AlarmKind, Deadband, Tag, When};
use crate::time::Span;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

const KINDS: [&str; 8] = ["high-high", "high", "low", "low-low", "rate", "deviation", "state", "quality"];

/// Reads one alarm; `above` is the tag it stands below. One whose tag, kind or limit cannot be read is none: it is counted
/// as not watched, and set aside for the rest of its faults. Any other fault leaves a default, for an alarm that comes too soon is better than none.
pub(super) fn read<'i>(
    reader: &mut Reader<'i>,
    context: &mut Context,
    table: &DeTable<'i>,
    span: &Range<usize>,
    above: Option<&Tag>,
) -> Option<Alarm> {
    let tag = above.map(|t| t.name.as_str());
    let said = |key: &str| table.get(key).and_then(|v| v.get_ref().as_str());
    let subject = format!(
        "{}/{}",
        tag.or_else(|| said("tag")).unwrap_or(""),
        said("name").or_else(|| said("kind")).unwrap_or("")
    );
    let mut section = Section::open(reader, table, ALARM, span, &subject);
    let named = tag_name(&mut section, tag);
    let kind = kind(&mut section);
    let (tag, kind) = match (named, kind) {
        (Some(tag), Some(kind)) => (tag, kind),
        (named, kind) => {
            context.project.unread_alarms += 1;
            let tag = named.or_else(|| tag.map(str::to_owned)).unwrap_or_default();
            let alarm = rest(&mut section, tag, kind.unwrap_or(AlarmKind::Quality), above);
            context.project.aside.alarms.push(alarm.into());
            return None;
        }
    };
    let known = context.tag_index.get(&tag.to_lowercase()).and_then(|i| context.project.tags.get(*i)).cloned();
    let alarm = rest(&mut section, tag, kind, above.or(known.as_deref()));
    if let AlarmKind::Unserved(word) = alarm.kind {
        section.warning("kind", format!("alarms of kind {word} are not watched; not in this version"), "");
    }
    Some(alarm)
}

fn tag_name(section: &mut Section<'_, '_, '_>, above: Option<&str>) -> Option<String> {
    match above {
        Some(above) => {
            if let Some(written) = section.text("tag")
                && !written.eq_ignore_ascii_case(above)
            {
                let message = format!("this alarm stands below the tag \"{}\" and names another", shortened(above));
                section.error("tag", message, "leave tag out, or write it as [[alarm]]");
                return None;
            }
            Some(above.to_owned())
        }
        None => {
            if !section.has("tag") {
                section.missing("tag", "write the name of the tag it watches: tag = \"tank1.level\"");
            }
            section.filled("tag")
        }
    }
}

fn kind(section: &mut Section<'_, '_, '_>) -> Option<AlarmKind> {
    if !section.has("kind") {
        section.missing("kind", format!("write kind = \"high\"; it is one of {}", KINDS.join(", ")));
    }
    let word = section.word("kind", &KINDS.map(|w| (w, w)))?;
    section.only(word, &format!("an alarm of kind {word}"));
    match word {
        "state" => {
            let when = when(section)?;
            Some(AlarmKind::State(when))
        }
        "quality" => Some(AlarmKind::Quality),
        _ => {
            if !section.has("limit") {
                section.missing("limit", "write limit = 95.0, in the tag's unit");
            }
            let limit = section.number("limit");
            if word == "rate" {
                section.duration("over", Span::from_millis(1));
                section.word("direction", &[((), "rising"), ((), "falling"), ((), "either")]);
                return Some(AlarmKind::Unserved("rate"));
            }
            if word == "deviation" {
                if !section.has("from") {
                    section.missing("from", "write the tag to compare with: from = \"other.tag\"");
                }
                section.filled("from");
                return Some(AlarmKind::Unserved("deviation"));
            }
            let limit = limit?;
            Some(match word {
                "high-high" => AlarmKind::HighHigh(limit),
                "high" => AlarmKind::High(limit),
                "low" => AlarmKind::Low(limit),
                _ => AlarmKind::LowLow(limit),
            })
        }
    }
}

fn when(section: &mut Section<'_, '_, '_>) -> Option<When> {
    let mend = "write when = true, or when = 3";
    if !section.has("when") {
        section.missing("when", mend);
    }
    let item = section.item("when")?;
    let when = match item.get_ref() {
        DeValue::Boolean(state) => Some(When::Bool(*state)),
        other => whole_from(other).map(When::Int),
    };
    if when.is_none() {
        section.error("when", format!("when is {}", kind_of(item.get_ref())), mend);
    }
    when
}

/// What has a default.
fn rest(section: &mut Section<'_, '_, '_>, tag: String, kind: AlarmKind, known: Option<&Tag>) -> Alarm {
    let name = section.text("name").filter(|name| match plain_fault(name, true) {
        Some((message, mend)) => {
            section.error("name", message, mend);
            false
        }
        None => true,
    });
    let message = section.filled("message").unwrap_or_else(|| message_for(&tag, &kind, known));
    Alarm {
        name: name.unwrap_or_else(|| kind.word().to_owned()),
        deadband: deadband(section),
        on_delay: section.duration("on-delay", Span::ZERO).unwrap_or_default(),
        off_delay: section.duration("off-delay", Span::ZERO).unwrap_or_default(),
        priority: section.word("priority", &PRIORITIES).unwrap_or_default(),
        latch: section.flag("latch").unwrap_or(false),
        group: section.filled("group"),
        suppress_when: section.formula("suppress-when", "suppress-when text"),
        message,
        cause: section.filled("cause"),
        consequence: section.filled("consequence"),
        response: section.filled("response"),
        display: section.filled("display"),
        places: section.places.clone(),
        tag,
        kind,
    }
}

/// `2.0` in units, or `"2%"` of the range.
fn deadband(section: &mut Section<'_, '_, '_>) -> Deadband {
    let Some(item) = section.item("deadband") else { return Deadband::default() };
    let mend = "write deadband = 2.0 in the tag's unit, or deadband = \"2%\" of its range";
    match item.get_ref() {
        DeValue::String(text) => {
            let percent = text.trim().strip_suffix('%').and_then(|p| p.trim().parse::<f64>().ok());
            if let Some(percent) = percent.filter(|p| (0.0..=100.0).contains(p)) {
                return Deadband::Percent(percent);
            }
            section.error("deadband", format!("\"{}\" is no deadband", shortened(text)), mend);
        }
        other => match number_from(other) {
            Some(units) if units >= 0.0 => return Deadband::Units(units),
            Some(units) => section.error("deadband", format!("deadband = {units} is negative"), mend),
            None if is_endless(other) => section.error("deadband", "deadband is not finite", mend),
            None => section.error("deadband", format!("deadband is {}", kind_of(other)), mend),
        },
    }
    Deadband::default()
}

/// What the operator is told where nothing was written: what it is, and what has become of it.
fn message_for(name: &str, kind: &AlarmKind, tag: Option<&Tag>) -> String {
    let what = tag.map(|t| t.description.as_str()).filter(|d| !d.is_empty()).unwrap_or(name);
    match kind {
        AlarmKind::HighHigh(_) => format!("{what} very high"),
        AlarmKind::High(_) => format!("{what} high"),
        AlarmKind::Low(_) => format!("{what} low"),
        AlarmKind::LowLow(_) => format!("{what} very low"),
        AlarmKind::State(when) => {
            let (state, plain) = match when {
                When::Bool(b) => (i64::from(*b), if *b { "on".to_owned() } else { "off".to_owned() }),
                When::Int(n) => (*n, n.to_string()),
            };
            format!("{what}: {}", tag.and_then(|t| t.labels.word(state)).unwrap_or(&plain))
        }
        AlarmKind::Quality => format!("{what}: no value to be trusted"),
        AlarmKind::Unserved(word) => format!("{what}: {word}"),
    }
}
