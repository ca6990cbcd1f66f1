//! `[[display]]` and its panels.

use super::keys::{DISPLAY, PANEL, PEN};
use super::name::plain_fault;
use super::section::{Reader, Section, is_stopgap, kind_of, shortened, whole_from};
use super::template::{self, Expansion, Made};
use super::{Context, item};
use crate::project::{Colours, Display, Fit, Panel, PanelKind, Pen};
use crate::time::Span;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Rows that a grid may have; more is a slip of the finger.
const MOST_ROWS: i64 = 1_000;

/// Reads one display into the context.
pub(super) fn read<'i>(
    reader: &mut Reader<'i>,
    context: &mut Context,
    table: &DeTable<'i>,
    span: &Range<usize>,
    made: &Expansion<'i>,
) {
    let subject = table.get("name").and_then(|v| v.get_ref().as_str()).unwrap_or("").to_owned();
    let mut section = Section::open(reader, table, DISPLAY, span, &subject);
    let name = name(&mut section, context);
    let was = section.filled("was");
    let parent = section.filled("parent");
    let columns = section.whole("columns", 1..=240).unwrap_or(24) as u16;
    let mut panels = Vec::new();
    let mut put = |read: Result<Panel, Box<Panel>>| match read {
        Ok(panel) => panels.push(panel),
        Err(panel) => context.project.aside.panels.push((subject.clone(), *panel)),
    };
    for (table, span) in section.tables("panel") {
        let inner = Section::open(section.reader, table, PANEL, &span, &subject);
        put(panel(inner, columns, made.below(&span)));
    }
    template::check_uses(&mut section);
    template::read(section.reader, made.below(span), |reader, table, span| {
        put(panel(Section::open(reader, table, PANEL, span, &subject), columns, &[]));
    });
    let known = name.is_some();
    let name = name.unwrap_or(subject);
    let display = Display { name, was, parent, columns, panels, places: section.places }.into();
    let list = if known { &mut context.project.displays } else { &mut context.project.aside.displays };
    list.push(display);
}

fn name(section: &mut Section<'_, '_, '_>, context: &mut Context) -> Option<String> {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            section.missing("name", "write name = \"Overview\"");
        }
        return None;
    };
    if let Some((message, mend)) = plain_fault(&name, false) {
        section.error("name", message, mend);
        return None;
    }
    if let Some(first) = context.display_names.get(&name.to_lowercase()) {
        let message = format!("there is a display \"{}\" already, in line {}", shortened(&name), first.line);
        section.error("name", message, "give one of them another name; upper and lower case count as the same");
        return None;
    }
    context.display_names.insert(name.to_lowercase(), section.place("name"));
    Some(name)
}

/// One panel; as an error, with another kind in its stead, where it is not known what it shows.
fn panel<'i>(mut section: Section<'_, '_, 'i>, columns: u16, made: &[Made<'i>]) -> Result<Panel, Box<Panel>> {
    if !section.has("kind") {
        let kinds: Vec<&str> = PanelKind::ALL.iter().map(|(_, w)| *w).collect();
        section.missing("kind", format!("write kind = \"value\"; it is one of {}", kinds.join(", ")));
    }
    if !section.has("at") {
        section.missing("at", "write column, row, width and height in cells: at = [0, 0, 6, 4]");
    }
    let kind = section.word("kind", &PanelKind::ALL);
    let at = place(&mut section, columns);
    if let Some(kind) = kind {
        section.only(kind.word(), &format!("a panel of kind {}", kind.word()));
    }
    let mut tags: Vec<String> = section.filled("tag").into_iter().collect();
    if let Some(list) = section.texts("tags") {
        if section.has("tag") {
            section.error("tags", "a panel has tag or tags, and this one has both", "keep tags");
        }
        tags.extend(list);
    }
    let span = section.duration("span", Span::from_secs(1)).unwrap_or(Span::from_secs(3600));
    let pens = pens(&mut section);
    let text = section.text("text").unwrap_or_default();
    let title = section.text("title");
    let items = item::read(&mut section, made);
    let picture = if kind == Some(PanelKind::Mimic) { section.filled("drawing") } else { section.filled("file") };
    let fit = section.word("fit", &Fit::ALL).unwrap_or_default();
    let colours = section.word("colours", &Colours::ALL);
    match kind {
        Some(
            PanelKind::Value | PanelKind::Gauge | PanelKind::Bar | PanelKind::Tank | PanelKind::Lamp | PanelKind::Spark,
        ) if !section.has("tag") && !section.has("tags") => {
            section.missing("tag", "write the tag it shows: tag = \"tank1.level\"");
        }
        Some(PanelKind::Trend) if !section.has("pens") => {
            section.missing("pens", "write pens = [{ tag = \"tank1.level\" }]");
        }
        Some(PanelKind::Text) if !section.has("text") => section.missing("text", "write text = \"…\""),
        Some(PanelKind::Image) if !section.has("file") => {
            section.missing("file", "write the picture's file, relative to this one: file = \"plan.png\"");
        }
        Some(PanelKind::Mimic) if !section.has("drawing") => {
            section.missing("drawing", "write the drawing's file, relative to this one: drawing = \"plant.svg\"");
        }
        _ => {}
    }
    // Where its place is at fault it takes none and is not shown; what else it says is checked all the same.
    let (at, places) = (at.unwrap_or_default(), section.places);
    let panel = Panel {
        kind: kind.unwrap_or(PanelKind::Text),
        at,
        tags,
        title,
        span,
        pens,
        text,
        picture,
        fit,
        colours,
        items,
        places,
    };
    if kind.is_some() { Ok(panel) } else { Err(Box::new(panel)) }
}

fn place(section: &mut Section<'_, '_, '_>, columns: u16) -> Option<[u16; 4]> {
    let item = section.item("at")?;
    let mend = "write column, row, width and height in cells: at = [0, 0, 6, 4]";
    let numbers: Option<Vec<i64>> =
        item.get_ref().as_array().and_then(|list| list.iter().map(|v| whole_from(v.get_ref())).collect());
    let Some([column, row, width, height]) = numbers.as_deref() else {
        section.error("at", "at is not four whole numbers", mend);
        return None;
    };
    if *column < 0 || *row < 0 || *width < 1 || *height < 1 {
        section.error("at", "at has a negative place, or no size", mend);
        return None;
    }
    if column.saturating_add(*width) > i64::from(columns) {
        let message =
            format!("the panel ends at column {}, and the display has {columns}", column.saturating_add(*width));
        section.error("at", message, "make it narrower, or the display's columns more");
        return None;
    }
    if row.saturating_add(*height) > MOST_ROWS {
        section.error(
            "at",
            format!("the panel ends at row {}", row.saturating_add(*height)),
            format!("{MOST_ROWS} rows are the most"),
        );
        return None;
    }
    Some([*column as u16, *row as u16, *width as u16, *height as u16])
}

fn pens(section: &mut Section<'_, '_, '_>) -> Vec<Pen> {
    let mend = "write pens = [{ tag = \"tank1.level\" }, { tag = \"pump1.flow\", axis = \"right\" }]";
    let Some(item) = section.item("pens") else { return Vec::new() };
    let Some(list) = item.get_ref().as_array() else {
        section.error("pens", format!("pens is {}", kind_of(item.get_ref())), mend);
        return Vec::new();
    };
    if list.is_empty() {
        section.error("pens", "pens is empty", mend);
    }
    let mut pens = Vec::new();
    for entry in list {
        let DeValue::Table(table) = entry.get_ref() else {
            if !is_stopgap(&entry.span()) {
                let place = section.reader.text.place(entry.span().start);
                section.error_at(place, format!("a pen is {}", kind_of(entry.get_ref())), mend);
            }
            continue;
        };
        let mut inner = section.inner(table, PEN, &entry.span());
        if !inner.has("tag") {
            inner.missing("tag", mend);
        }
        let right = inner.word("axis", &[(false, "left"), (true, "right")]).unwrap_or(false);
        if let Some(tag) = inner.filled("tag") {
            pens.push(Pen { tag, right });
        }
    }
    pens
}
