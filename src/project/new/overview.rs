//! The first display: what suits each tag, and trends of what moves.

use super::{Keys, NewEntity};
use crate::project::PanelKind;
use crate::project::edit::Value;

/// What it is called.
pub const NAME: &str = "Overview";

/// Columns of the grid.
const COLUMNS: u16 = 24;

/// Panels of a kind that have room: the rest stands in the list of all tags.
const MOST_TALL: usize = 4;
const MOST_FLAT: usize = 18;

/// Pens of one unit in a trend, and trends.
const MOST_PENS: usize = 4;
const MOST_TRENDS: usize = 2;

/// Units of what is counted up: a trend of it is a slope that says nothing.
const COUNTED: [&str; 7] = ["Wh", "kWh", "MWh", "varh", "kvarh", "VAh", "m³"];

/// The panels, each with its keys.
pub fn panels(tags: &[NewEntity]) -> Vec<Keys> {
    let kind = |tag: &NewEntity| PanelKind::suiting(|key| tag.shown(key));
    let is_tall = |kind: PanelKind| matches!(kind, PanelKind::Gauge | PanelKind::Tank);
    let mut made = Vec::new();
    let tall: Vec<&NewEntity> = tags.iter().filter(|tag| is_tall(kind(tag))).take(MOST_TALL).collect();
    let mut row = 0;
    if !tall.is_empty() {
        let width = COLUMNS / tall.len().max(3) as u16;
        for (place, tag) in tall.iter().enumerate() {
            made.push(panel(kind(tag), [place as u16 * width, 0, width, 5], &tag.name));
        }
        row = 5;
    }
    let flat = tags.iter().filter(|tag| !tall.iter().any(|other| other.name == tag.name)).take(MOST_FLAT);
    let mut place = 0;
    for tag in flat {
        let kind = match kind(tag) {
            tall if is_tall(tall) => PanelKind::Value,
            flat => flat,
        };
        made.push(panel(kind, [(place % 6) * 4, row + (place / 6) * 2, 4, 2], &tag.name));
        place += 1;
    }
    row += place.div_ceil(6) * 2;
    let trends = trends(tags);
    let width = COLUMNS / trends.len().max(1) as u16;
    for (place, pens) in trends.iter().enumerate() {
        made.push(trend([place as u16 * width, row, width, 8], pens));
    }
    if !trends.is_empty() {
        row += 8;
    }
    made.push(keys(PanelKind::Alarms, [0, row, COLUMNS, 4]));
    made
}

fn keys(kind: PanelKind, at: [u16; 4]) -> Keys {
    let at = Value::List(at.map(i64::from).map(Value::Whole).to_vec());
    vec![("kind".to_owned(), Value::from(kind.word())), ("at".to_owned(), at)]
}

fn panel(kind: PanelKind, at: [u16; 4], tag: &str) -> Keys {
    let mut keys = keys(kind, at);
    keys.push(("tag".to_owned(), Value::from(tag)));
    keys
}

fn trend(at: [u16; 4], pens: &[(&str, bool)]) -> Keys {
    let pen = |(tag, right): &(&str, bool)| {
        let mut pen = vec![("tag".to_owned(), Value::from(*tag))];
        if *right {
            pen.push(("axis".to_owned(), Value::from("right")));
        }
        Value::Table(pen)
    };
    let mut keys = keys(PanelKind::Trend, at);
    keys.push(("span".to_owned(), Value::from("5m")));
    keys.push(("pens".to_owned(), Value::List(pens.iter().map(pen).collect())));
    keys
}

/// Trends, each of two units: one on the left axis, the other on the right.
fn trends<'t>(tags: &'t [NewEntity]) -> Vec<Vec<(&'t str, bool)>> {
    let mut units: Vec<(String, Vec<&'t str>)> = Vec::new();
    for tag in tags {
        let moves = tag.get("labels").is_none() && !matches!(tag.shown("type").as_deref(), Some("bool" | "string"));
        let unit = tag.shown("unit").unwrap_or_default();
        if !moves || COUNTED.contains(&unit.as_str()) {
            continue;
        }
        match units.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, names)) if names.len() < MOST_PENS => names.push(&tag.name),
            Some(_) => {}
            None => units.push((unit, vec![&tag.name])),
        }
    }
    let pens = |pair: &[(String, Vec<&'t str>)]| {
        let sides = pair.iter().zip([false, true]);
        sides.flat_map(|((_, names), right)| names.iter().map(move |name| (*name, right))).collect()
    };
    units.chunks(2).take(MOST_TRENDS).map(pens).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::meter;
    use crate::project::{PanelKind, file};

    #[test]
    fn the_first_display_has_what_suits_each_tag_and_nothing_lies_over_another() {
        let mut new = meter();
        for tags in [13, 7, 3, 1] {
            new.tags.truncate(tags);
            let (project, issues) = file::read(new.written().text.as_bytes());
            assert!(issues.is_empty(), "{issues:?}");
            let panels = &project.displays[0].panels;
            let count = |kind| panels.iter().filter(|panel| panel.kind == kind).count();
            assert_eq!(count(PanelKind::Gauge), tags.min(3));
            assert_eq!(count(PanelKind::Value), tags - tags.min(3));
            assert_eq!(count(PanelKind::Trend), if tags > 6 { 2 } else { 1 });
            for (index, one) in panels.iter().enumerate() {
                let [x, y, w, h] = one.at;
                assert!(x + w <= 24, "{:?}", one.at);
                let apart = |[a, b, v, i]: [u16; 4]| a >= x + w || x >= a + v || b >= y + h || y >= b + i;
                assert!(panels.iter().skip(index + 1).all(|other| apart(other.at)), "{:?}", one.at);
            }
        }
        let trend = file::read(meter().written().text.as_bytes()).0.displays[0].panels[13].clone();
        assert_eq!(trend.pens.iter().filter(|pen| pen.right).count(), 3, "currents on the right");
    }
}
