//! `[[tag]]`.

use super::keys::TAG;
use super::name::{length_fault, tag_fault};
use super::section::{Reader, Section, is_stopgap, kind_of, shortened};
use super::{Context, family, register, repeat, topic};
use crate::project::{AsideSource, DataType, Labels, RecordRule, Source, Tag};
use crate::time::Span;
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Reads the tag, or the array of tags, that a table stands for into the context, with the alarms below it.
pub(super) fn read<'i>(reader: &mut Reader<'i>, context: &mut Context, table: &DeTable<'i>, span: &Range<usize>) {
    let Some(tables) = repeat::tables(table) else { return one(reader, context, table, span) };
    let before = reader.issues.len();
    for (table, repeat) in &tables {
        context.repeat = Some(*repeat);
        one(reader, context, table, span);
    }
    context.repeat = None;
    // What is wrong with each of them is wrong once.
    reader.forget_repeated(before);
}

/// Reads one tag, and the alarms below it.
fn one<'i>(reader: &mut Reader<'i>, context: &mut Context, table: &DeTable<'i>, span: &Range<usize>) {
    let before = reader.errors();
    let subject = table.get("name").and_then(|v| v.get_ref().as_str()).unwrap_or("").to_owned();
    let mut section = Section::open(reader, table, TAG, span, &subject);
    let name = name(&mut section, context);

    // All that the value hangs on: a fault in it, an unknown key among them, and the tag does not run.
    repeat::check(&mut section, context);
    let data_type = section.word("type", &DataType::ALL.map(|(t, w)| (t, w)));
    let served = source(&mut section, context, data_type);
    let (source, data_type) = served.map_or((None, data_type), |(s, t)| (Some(s), Some(t)));
    let (scale, offset, raw) = (section.number("scale"), section.number("offset"), section.pair("raw", false));
    let scale_register = register::scale(&mut section, context);
    let range = section.pair("range", true);
    let valid = section.pair("valid", true);
    let bad_values = section.numbers("bad-values").unwrap_or_default();
    let stale_after = section.duration("stale-after", Span::from_millis(1));
    scaling(&mut section, data_type, scale, offset, raw, range);
    let torn = section.is_torn();
    let written = source.clone();
    let fault = section.reader.fault_since(before);
    let source = match (fault, source) {
        (Some(fault), _) => Source::Fault(fault),
        (None, Some(source)) if !torn => source,
        (None, _) => Source::Fault(format!("line {}: fault of syntax", section.places.own.line)),
    };

    // What only shows or records it: a fault here leaves the default.
    let was = was(&mut section);
    let record = section.word(
        "record",
        &[(RecordRule::Change, "change"), (RecordRule::Always, "always"), (RecordRule::Never, "never")],
    );
    let record_deadband = positive(&mut section, "record-deadband");
    let record_interval = section.duration("record-interval", Span::from_millis(1));
    let keep = section.duration("keep", Span::from_secs(1));
    let tag = Tag {
        name: name.clone().unwrap_or_else(|| subject.clone()),
        was,
        description: section.text("description").unwrap_or_default(),
        source,
        data_type: data_type.unwrap_or_default(),
        scale,
        offset,
        raw,
        scale_register,
        unit: section.text("unit").unwrap_or_default(),
        range,
        valid,
        bad_values,
        normal: section.pair("normal", true),
        setpoint: section.filled("setpoint"),
        labels: labels(&mut section),
        decimals: section.whole("decimals", 0..=9).map(|d| d as u8),
        stale_after,
        record: record.unwrap_or_default(),
        record_deadband,
        record_interval,
        keep,
        places: section.places.clone(),
    };
    let alarms = section.tables("alarm");
    drop(section);
    let known = name.is_some();
    let tag = Arc::new(tag);
    if !known || matches!(tag.source, Source::Fault(_)) {
        let device = table.get("device").and_then(|v| v.get_ref().as_str()).map(str::to_owned);
        let source = written.unwrap_or_else(|| tag.source.clone());
        let tag = Arc::new(Tag { source, ..Tag::clone(&tag) });
        context.project.aside.sources.push(AsideSource { tag, device });
    }
    if known {
        context.tag_index.insert(tag.name.to_lowercase(), context.project.tags.len());
        context.project.tags.push(Arc::clone(&tag));
    }
    let mut read = Vec::with_capacity(alarms.len());
    for (table, span) in alarms {
        read.extend(super::alarm::read(reader, context, table, &span, Some(&tag)).map(Arc::new));
    }
    if known {
        context.project.alarms.extend(read);
    } else {
        context.project.unread_alarms += read.len() as u32;
        context.project.aside.tags.push((tag, read));
    }
}

/// The name; none where it is missing or another tag has it, for then there is no row to show the fault on.
fn name(section: &mut Section<'_, '_, '_>, context: &mut Context) -> Option<String> {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            section.missing("name", "write name = \"pump1.flow\"");
        }
        return None;
    };
    family::check_name(section, &name);
    let judged = shape(section, &name);
    if let Some((message, mend)) = tag_fault(&judged) {
        section.error("name", message.replace(&shortened(&judged), &shortened(&name)), mend);
        if name.trim().is_empty() {
            return None;
        }
    }
    // A row for its fault needs no more of it.
    let name = if length_fault(&name).is_some() { shortened(&name) } else { name };
    let lower = name.to_lowercase();
    if let Some(first) = context.tag_names.get(&lower) {
        let message = format!("there is a tag \"{}\" already, in line {}", shortened(&name), first.line);
        section.error("name", message, "give one of them another name; upper and lower case count as the same");
        return None;
    }
    context.tag_names.insert(lower, section.place("name"));
    Some(name)
}

/// A name as its syntax is judged: `{1}` stands for a part of the topic where that has a `+`.
fn shape(section: &Section<'_, '_, '_>, name: &str) -> String {
    // Where an array's own fault keeps it from being numbered, that is told.
    let name = if section.has("repeat") { &name.replace("{n}", "1") } else { name };
    (1..=family::levels(section)).fold(name.to_owned(), |shape, n| shape.replace(&format!("{{{n}}}"), "x"))
}

fn was(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let was = section.filled("was")?;
    if let Some((message, mend)) = tag_fault(&shape(section, &was)) {
        section.error("was", message, mend);
        return None;
    }
    Some(was)
}

/// The source with its type.
fn source(
    section: &mut Section<'_, '_, '_>,
    context: &Context,
    data_type: Option<DataType>,
) -> Option<(Source, DataType)> {
    let written: Vec<&'static str> =
        ["register", "topic", "formula"].into_iter().filter(|key| section.has(key)).collect();
    let kind = match written.as_slice() {
        [one] => *one,
        [] => {
            section.missing("source", "write a register and its device, a topic and its device, or a formula");
            return None;
        }
        [first, second, ..] => {
            section.error(
                second,
                format!("a tag has one source, and this one has {first} and {second}"),
                "leave one of them out",
            );
            return None;
        }
    };
    section.only(
        kind,
        match kind {
            "register" => "a tag with a register",
            "topic" => "a tag with a topic",
            _ => "a tag with a formula",
        },
    );
    if kind == "formula" {
        let formula = section.formula("formula", "formula text")?;
        if let Some(t) = data_type
            && !matches!(t, DataType::F64 | DataType::Bool)
        {
            let message = format!("a formula does not give type {}", t.word());
            section.error("type", message, "write type = \"f64\" or \"bool\", or leave it out");
        }
        return Some((Source::Formula(formula), data_type.unwrap_or(DataType::F64)));
    }
    let device = section.filled("device");
    if !section.has("device") {
        section.missing("device", "write the name of its device: device = \"plc1\"");
    }
    if kind == "register" {
        // Read even without its device, so that its faults are told too.
        let read = register::read(section, context, device.clone().unwrap_or_default(), data_type);
        let (source, data_type) = read?;
        return device.map(|_| (Source::Register(source), data_type));
    }
    if let Some(t @ (DataType::Bcd16 | DataType::Bcd32 | DataType::F16)) = data_type {
        section.error(
            "type",
            format!("type {} is of registers alone", t.word()),
            "write the type of the payload: f64, i64, u64, bool or string",
        );
    }
    let source = topic::read(section, device.clone().unwrap_or_default())?;
    device.map(|_| (Source::Topic(Arc::new(source)), data_type.unwrap_or(DataType::F64)))
}

fn scaling(
    section: &mut Section<'_, '_, '_>,
    data_type: Option<DataType>,
    scale: Option<f64>,
    offset: Option<f64>,
    raw: Option<[f64; 2]>,
    range: Option<[f64; 2]>,
) {
    if let Some(t @ (DataType::Bool | DataType::String)) = data_type {
        for key in ["scale", "offset", "raw", "scale-register", "range", "valid", "normal"] {
            if section.has(key) {
                section.error(key, format!("type {} has no {key}", t.word()), "leave it out");
            }
        }
        return;
    }
    if scale == Some(0.0) {
        section.error("scale", "scale = 0 makes every value the same", "write the factor from raw to value");
    }
    if raw.is_some() && section.has("scale-register") {
        section.error(
            "raw",
            "raw stands beside scale-register, and both say how a raw number becomes a value",
            "keep raw and range, or scale-register with scale and offset",
        );
    }
    if let Some([low, high]) = raw {
        if scale.is_some() || offset.is_some() {
            section.error(
                "raw",
                "raw stands beside scale or offset, and both say how a raw number becomes a value",
                "keep raw and range, or scale and offset",
            );
        }
        if low == high {
            section.error("raw", "the two ends of raw are the same", "write two different raw numbers");
        }
        let span = range.map_or(1.0, |[low, high]| high - low) / (high - low);
        if low != high && !(span.is_finite() && span != 0.0) {
            section.error("raw", "raw cannot be mapped onto range: the numbers are too great", "write smaller ones");
        }
        if !section.has("range") {
            section.error("raw", "raw is mapped onto range, and there is no range", "write range = [0.0, 100.0]");
        }
    }
}

fn positive(section: &mut Section<'_, '_, '_>, key: &'static str) -> Option<f64> {
    let number = section.number(key)?;
    if number >= 0.0 {
        return Some(number);
    }
    section.error(key, format!("{key} = {number} is negative"), "write 0 or more");
    None
}

/// `{ 0 = "Stopped", true = "Running" }`, in the file's order.
fn labels(section: &mut Section<'_, '_, '_>) -> Labels {
    let mend = "write labels = { 0 = \"Stopped\", 1 = \"Running\" }";
    let Some((table, _)) = section.table("labels", mend) else { return Labels::default() };
    let mut found: Vec<(usize, i64, String)> = Vec::with_capacity(table.len());
    for (key, value) in table {
        let place = section.reader.text.place(key.span().start);
        let state = match key.get_ref().as_ref() {
            "true" => Some(1),
            "false" => Some(0),
            other => other.parse().ok(),
        };
        match (state, value.get_ref()) {
            _ if is_stopgap(&value.span()) => {}
            (None, _) => {
                let message = format!("\"{}\" is no state", shortened(key.get_ref()));
                section.error_at(place, message, "states are whole numbers, or true and false");
            }
            (Some(state), DeValue::String(word)) => {
                if found.iter().any(|(_, s, _)| *s == state) {
                    section.error_at(place, format!("state {state} has two words"), "true is 1, and false is 0");
                }
                found.push((key.span().start, state, word.clone().into_owned()));
            }
            (Some(_), other) => section.error_at(place, format!("the word of a state is {}", kind_of(other)), mend),
        }
    }
    found.sort();
    Labels(found.into_iter().map(|(_, state, word)| (state, word)).collect())
}
