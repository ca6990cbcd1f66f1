//! A display: a grid of panels, and its place in the tree.

use super::{Item, Places};
use crate::time::Span;

/// `[[display]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    /// Unique.
    pub name: String,
    /// An earlier name.
    pub was: Option<String>,
    /// The display above it.
    pub parent: Option<String>,
    /// Columns of the grid; default 24.
    pub columns: u16,
    /// Panels, in the file's order.
    pub panels: Vec<Panel>,
    /// Where it was written.
    pub places: Places,
}

/// `[[display.panel]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub kind: PanelKind,
    /// Column, row, width, height in cells.
    pub at: [u16; 4],
    /// Tags shown, in order: `tag`, or `tags`.
    pub tags: Vec<String>,
    /// As written; default: made from the tag.
    pub title: Option<String>,
    /// Time shown by a trend or spark; default 1 h.
    pub span: Span,
    /// Pens of a trend.
    pub pens: Vec<Pen>,
    /// Words of a `text` panel.
    pub text: String,
    /// File of the picture that it shows, relative to the project's file.
    pub picture: Option<String>,
    /// How the picture lies in the panel.
    pub fit: Fit,
    /// In which colours the picture is shown; default: a drawing in the theme's, a PNG in its own.
    pub colours: Option<Colours>,
    /// What is alive on the drawing of a mimic.
    pub items: Vec<Item>,
    /// Where it was written.
    pub places: Places,
}

impl Panel {
    /// One that no file has: of this kind, nowhere, and with nothing on it.
    pub fn of(kind: PanelKind) -> Self {
        Self {
            kind,
            at: [0; 4],
            tags: Vec::new(),
            title: None,
            span: Span::from_secs(3_600),
            pens: Vec::new(),
            text: String::new(),
            picture: None,
            fit: Fit::default(),
            colours: None,
            items: Vec::new(),
            places: Places::default(),
        }
    }
}

impl Panel {
    /// The key under which its picture is written.
    pub fn picture_key(&self) -> &'static str {
        if self.kind == PanelKind::Mimic { "drawing" } else { "file" }
    }
}

/// How a picture lies in its panel; its proportions stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// The whole picture, with room beside it.
    #[default]
    Contain,
    /// The whole panel, with the picture cut.
    Cover,
}

impl Fit {
    /// Each with its word.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Contain, "contain"), (Self::Cover, "cover")];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(f, _)| *f == self).map_or("", |(_, word)| word)
    }
}

/// In which colours a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// From the theme: black and white become its lines and its ground, and other colours are muted.
    Theme,
    /// Its own.
    Own,
}

impl Colours {
    /// Each with its word.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Theme, "theme"), (Self::Own, "own")];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(c, _)| *c == self).map_or("", |(_, word)| word)
    }
}

/// One pen of a trend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pen {
    /// Name of the tag.
    pub tag: String,
    /// On the right axis rather than the left.
    pub right: bool,
}

/// A display that is to be written: one trend, as a person has put it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDisplay {
    /// Its name.
    pub name: String,
    /// The display above it.
    pub parent: Option<String>,
    /// Time shown.
    pub span: Span,
    /// Its pens.
    pub pens: Vec<Pen>,
}

/// Panel kinds of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum PanelKind {
    Value,
    Gauge,
    Bar,
    Tank,
    Lamp,
    Spark,
    Trend,
    Alarms,
    Journal,
    Devices,
    Text,
    Image,
    Mimic,
}

impl PanelKind {
    /// Every kind with its word, in the contract's order.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Value, "value"),
        (Self::Gauge, "gauge"),
        (Self::Bar, "bar"),
        (Self::Tank, "tank"),
        (Self::Lamp, "lamp"),
        (Self::Spark, "spark"),
        (Self::Trend, "trend"),
        (Self::Alarms, "alarms"),
        (Self::Journal, "journal"),
        (Self::Devices, "devices"),
        (Self::Text, "text"),
        (Self::Image, "image"),
        (Self::Mimic, "mimic"),
    ];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(k, _)| *k == self).map_or("", |(_, word)| word)
    }

    /// The kind that suits a tag, by what it says of itself: `key` reads one of its keys as a person does.
    pub fn suiting(key: impl Fn(&str) -> Option<String>) -> Self {
        let type_word = key("type").unwrap_or_default();
        if type_word == "bool" || key("labels").is_some() {
            return Self::Lamp;
        }
        match (type_word.as_str(), key("range").is_some(), key("unit").as_deref()) {
            ("string", ..) | (_, false, _) => Self::Value,
            (_, true, Some("%")) => Self::Tank,
            (_, true, _) => Self::Gauge,
        }
    }
}
