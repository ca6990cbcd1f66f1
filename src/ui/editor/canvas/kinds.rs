//! What a new panel of each kind is made of.

use super::place::At;
use crate::project::PanelKind;
use crate::project::edit::Value;

/// How large a new one is, in a display of so many columns; the sizes are thought for 24.
pub fn size(kind: PanelKind, columns: u16) -> [u16; 2] {
    let [width, height] = match kind {
        PanelKind::Value | PanelKind::Lamp => [4, 2],
        PanelKind::Gauge => [5, 5],
        PanelKind::Bar | PanelKind::Tank => [4, 6],
        PanelKind::Spark => [8, 2],
        PanelKind::Trend => [12, 6],
        PanelKind::Alarms | PanelKind::Journal | PanelKind::Devices => [12, 5],
        PanelKind::Text => [6, 1],
        PanelKind::Image | PanelKind::Mimic => [12, 8],
    };
    let width = (u32::from(width) * u32::from(columns)).div_ceil(24);
    [(width as u16).clamp(1, columns.max(1)), height]
}

/// Its keys, in the order in which they are written. What it is to show is not known yet: the reader says what is missing.
pub fn new_keys(kind: PanelKind, at: At) -> Vec<(String, Value)> {
    let at = Value::List(at.map(i64::from).map(Value::Whole).to_vec());
    let mut keys = vec![("kind".to_owned(), Value::from(kind.word())), ("at".to_owned(), at)];
    if kind == PanelKind::Text {
        keys.push(("text".to_owned(), Value::from("Text")));
    }
    keys
}
