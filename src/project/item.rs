//! An item of a mimic: what of the plant is shown alive at one place of its drawing.

use super::{Places, When};

/// `[[display.panel.item]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The tag that moves it.
    pub tag: String,
    /// What it is called on the drawing.
    pub title: Option<String>,
    /// Where it lies.
    pub spot: Spot,
    /// The state in which it is open, running, lit or flows; default: whatever is not 0 or false.
    pub on: Option<When>,
    /// Which way it looks.
    pub facing: Facing,
    /// Where it was written.
    pub places: Places,
}

/// Where an item lies, in the drawing's own units.
#[derive(Debug, Clone, PartialEq)]
pub enum Spot {
    /// On the element that has this id.
    Element(String),
    /// Around this point, in a size of its own.
    Point([f64; 2]),
    /// Left, top, width and height.
    Box([f64; 4]),
    /// Along these points, the way that it flows.
    Way(Vec<[f64; 2]>),
    /// What it is or where it lies is at fault: it is not shown, and all else that it says is checked.
    Nowhere,
}

impl Spot {
    /// As it is told.
    pub fn words(&self) -> String {
        let joined = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Element(id) => format!("element {id}"),
            Self::Point(point) => joined(point),
            Self::Box(sides) => joined(sides),
            Self::Way(points) => joined(points.as_flattened()),
            Self::Nowhere => "nowhere".to_owned(),
        }
    }
}

/// Kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ItemKind {
    Value,
    Bar,
    Tank,
    Lamp,
    Valve,
    Pump,
    Pipe,
}

impl ItemKind {
    /// Each with its word.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Value, "value"),
        (Self::Bar, "bar"),
        (Self::Tank, "tank"),
        (Self::Lamp, "lamp"),
        (Self::Valve, "valve"),
        (Self::Pump, "pump"),
        (Self::Pipe, "pipe"),
    ];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(k, _)| *k == self).map_or("", |(_, word)| word)
    }
}

/// Which way a pump delivers, or a valve lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Facing {
    #[default]
    Right,
    Left,
    Up,
    Down,
}

impl Facing {
    /// Each with its word.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Right, "right"), (Self::Left, "left"), (Self::Up, "up"), (Self::Down, "down")];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(f, _)| *f == self).map_or("", |(_, word)| word)
    }
}
