//! `[[alarm]]` and `[[tag.alarm]]`.

use super::keys::{ALARM, LIMITS_ROW};
use super::name::plain_fault;
use super::section::{Reader, Section, is_endless, kind_of, number_from, shortened, whole_from};
use super::{Context, PRIORITIES};
use crate::project::{Alarm, AlarmKind, Deadband, Direction, LimitRow, Tag, When};
use crate::time::Span;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Rows that one table of limits may have.
const MOST_ROWS: usize = 32;

/// The value now is compared with the one that held this long ago, where nothing is written.
const RATE_OVER: Span = Span::from_secs(60);

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
    Some(rest(&mut section, tag, kind, above.or(known.as_deref())))
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
                let over = section.duration("over", Span::from_millis(1));
                let direction = section.word("direction", &Direction::ALL);
                let limit =
                    positive(section, limit, "a rate's limit is above 0, and direction says which way it goes")?;
                let (over, direction) = (over.unwrap_or(RATE_OVER), direction.unwrap_or_default());
                return Some(AlarmKind::Rate { limit, over, direction });
            }
            if word == "deviation" {
                if !section.has("from") {
                    section.missing("from", "write the tag to compare with: from = \"other.tag\"");
                }
                let from = section.filled("from");
                let limit = positive(section, limit, "a deviation has no sign, and its limit is above 0");
                return Some(AlarmKind::Deviation { limit: limit?, from: from? });
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

/// A limit of what has no sign.
fn positive(section: &mut Section<'_, '_, '_>, limit: Option<f64>, mend: &str) -> Option<f64> {
    let limit = limit?;
    if limit > 0.0 {
        return Some(limit);
    }
    section.error("limit", format!("limit = {limit} would hold always"), mend);
    None
}

/// `limits = [{ when = "…", limit = 80.0 }]`. A row at fault is left out: the alarm is watched by the others.
fn limits(section: &mut Section<'_, '_, '_>, signless: bool) -> Vec<LimitRow> {
    let mut rows: Vec<LimitRow> = Vec::new();
    for (index, (table, span)) in section.tables("limits").into_iter().enumerate() {
        if index == MOST_ROWS {
            let message = format!("more than {MOST_ROWS} rows of limits");
            section.error("limits", message, "put what they hang on into a formula tag, and compare with that");
            break;
        }
        let mut row = section.inner(table, LIMITS_ROW, &span);
        let when_mend = "write the formula that is true in this state: when = \"not pump1.running\"";
        let limit_mend = "write limit = 80.0, or limit = false where this state has none";
        for (key, mend) in [("when", when_mend), ("limit", limit_mend)] {
            if !row.has(key) {
                row.missing(key, mend);
            }
        }
        let when = row.formula("when", "when text");
        let limit = row.item("limit").and_then(|item| match item.get_ref() {
            DeValue::Boolean(false) => Some(None),
            DeValue::Boolean(true) => {
                row.error("limit", "limit = true names no limit", limit_mend);
                None
            }
            _ => row.number("limit").map(Some),
        });
        let (Some(when), Some(limit)) = (when, limit) else { continue };
        if let Some(number) = limit.filter(|number| signless && *number <= 0.0) {
            row.error("limit", format!("limit = {number} would hold always"), "write a number above 0, or false");
            continue;
        }
        if let Some(first) = rows.iter().find(|first| first.when.trim() == when.trim()) {
            let message = format!("this state has a row already, in line {}", first.places.own.line);
            row.error("when", message, "the first true row counts: leave one of the two out");
            continue;
        }
        let places = row.places.clone();
        rows.push(LimitRow { when, limit, places });
    }
    rows
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
    let was = super::device::was(section);
    let message = section.filled("message").unwrap_or_else(|| message_for(&tag, &kind, known));
    Alarm {
        name: name.unwrap_or_else(|| kind.word().to_owned()),
        was,
        limits: limits(section, kind.limit().is_some() && !kind.is_of_value()),
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
        AlarmKind::Rate { direction: Direction::Rising, .. } => format!("{what} rises fast"),
        AlarmKind::Rate { direction: Direction::Falling, .. } => format!("{what} falls fast"),
        AlarmKind::Rate { direction: Direction::Either, .. } => format!("{what} moves fast"),
        AlarmKind::Deviation { from, .. } => format!("{what} far from {from}"),
    }
}
