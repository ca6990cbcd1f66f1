//! Which sheets there are: of which entities their rows are, and which of their keys the columns.

use crate::project::edit::{EntityKind, Value};
use crate::project::file::keys::{self, Table};

/// One sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SheetKind {
    /// `[[tag]]`.
    #[default]
    Tags,
    /// `[[alarm]]` and `[[tag.alarm]]`.
    Alarms,
    /// `[[device]]`.
    Devices,
    /// `[[display]]`.
    Displays,
    /// `[[display.panel]]`.
    Panels,
    /// `[[template]]`.
    Templates,
    /// `[[template.tag]]`.
    TemplateTags,
    /// `[[template.alarm]]` and `[[template.tag.alarm]]`.
    TemplateAlarms,
    /// `[[template.panel]]`.
    TemplatePanels,
    /// `[[template.item]]`.
    TemplateItems,
}

/// The column of the entity that a row stands below.
pub const ABOVE: &str = "";

/// The column that says which template makes a row, and for what; no key is called so.
pub const FROM: &str = " from";

impl SheetKind {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 5] = [Self::Devices, Self::Tags, Self::Alarms, Self::Displays, Self::Panels];

    /// Those of templates, likewise.
    pub const OF_TEMPLATES: [Self; 5] =
        [Self::Templates, Self::TemplateTags, Self::TemplateAlarms, Self::TemplatePanels, Self::TemplateItems];

    /// The sheet of entities that are written in the same keys: of a template's tags, that of tags.
    #[must_use]
    pub const fn like(self) -> Self {
        match self {
            Self::TemplateTags => Self::Tags,
            Self::TemplateAlarms => Self::Alarms,
            Self::TemplatePanels => Self::Panels,
            other => other,
        }
    }

    /// Whether it is one of those of templates.
    pub fn is_of_templates(self) -> bool {
        Self::OF_TEMPLATES.contains(&self)
    }

    /// What its tab says.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tags => "Tags",
            Self::Alarms => "Alarms",
            Self::Devices => "Devices",
            Self::Displays => "Displays",
            Self::Panels => "Panels",
            Self::Templates => "Templates",
            Self::TemplateTags => "Tags of templates",
            Self::TemplateAlarms => "Alarms of templates",
            Self::TemplatePanels => "Panels of templates",
            Self::TemplateItems => "Items of templates",
        }
    }

    /// What its rows are.
    pub const fn entity(self) -> EntityKind {
        match self {
            Self::Tags => EntityKind::Tag,
            Self::Alarms => EntityKind::Alarm,
            Self::Devices => EntityKind::Device,
            Self::Displays => EntityKind::Display,
            Self::Panels => EntityKind::Panel,
            Self::Templates => EntityKind::Template,
            Self::TemplateTags => EntityKind::TemplateTag,
            Self::TemplateAlarms => EntityKind::TemplateAlarm,
            Self::TemplatePanels => EntityKind::TemplatePanel,
            Self::TemplateItems => EntityKind::TemplateItem,
        }
    }

    /// The sheet that has entities of this kind.
    pub fn of(kind: EntityKind) -> Option<Self> {
        Self::ALL.into_iter().chain(Self::OF_TEMPLATES).find(|sheet| sheet.entity() == kind)
    }

    /// The keys of its rows, as the file's reader knows them.
    pub const fn table(self) -> &'static Table {
        match self {
            Self::Tags | Self::TemplateTags => &keys::TAG,
            Self::Alarms | Self::TemplateAlarms => &keys::ALARM,
            Self::Devices => &keys::DEVICE,
            Self::Displays => &keys::DISPLAY,
            Self::Panels | Self::TemplatePanels => &keys::PANEL,
            Self::TemplateItems => &keys::ITEM,
            Self::Templates => &keys::TEMPLATE,
        }
    }

    /// Columns that are there even where no row has anything in them: what a beginner needs.
    pub const fn always(self) -> &'static [&'static str] {
        match self {
            Self::Tags | Self::TemplateTags => &[
                "name",
                "description",
                "device",
                "register",
                "topic",
                "path",
                "type",
                "scale",
                "unit",
                "range",
                "formula",
            ],
            Self::Alarms | Self::TemplateAlarms => {
                &["kind", "limit", "deadband", "on-delay", "priority", "message", "response"]
            }
            Self::Devices => &["name", "protocol", "address", "unit-id", "poll", "timeout"],
            Self::Displays => &["name", "parent", "columns"],
            Self::Panels | Self::TemplatePanels => &["kind", "at", "tag", "title"],
            Self::TemplateItems => &["kind", "tag", "element", "at", "points", "title"],
            Self::Templates => &["name", "parameters", "defaults"],
        }
    }

    /// What stands in the first column where that is the entity above.
    pub const fn above(self) -> Option<&'static str> {
        match self {
            Self::Alarms | Self::TemplateAlarms => Some("tag"),
            Self::Panels => Some("display"),
            Self::TemplateTags | Self::TemplatePanels | Self::TemplateItems => Some("template"),
            _ => None,
        }
    }

    /// What its rows stand below.
    pub const fn parent(self) -> Option<EntityKind> {
        match self {
            Self::Alarms => Some(EntityKind::Tag),
            Self::Panels => Some(EntityKind::Display),
            Self::TemplateTags | Self::TemplatePanels | Self::TemplateItems => Some(EntityKind::Template),
            Self::TemplateAlarms => Some(EntityKind::TemplateTag),
            Self::Tags | Self::Devices | Self::Displays | Self::Templates => None,
        }
    }

    /// Whether a key is a column, or a field of a form: what stands in tables of its own has rows of its own.
    pub fn shows(self, key: &str) -> bool {
        match key {
            "alarm" | "panel" => false,
            "tag" | "item" => self != Self::Templates,
            _ => true,
        }
    }

    /// What a new row begins with.
    pub fn new_keys(self, name: &str) -> Vec<(String, Value)> {
        let text = |key: &str, value: &str| (key.to_owned(), Value::from(value));
        match self {
            Self::Tags | Self::Displays | Self::TemplateTags => vec![text("name", name)],
            Self::Templates => {
                vec![text("name", name), ("parameters".to_owned(), Value::List(vec![Value::from("name")]))]
            }
            Self::Devices => vec![text("name", name), text("protocol", "modbus-tcp"), text("address", "192.0.2.1:502")],
            Self::Alarms | Self::TemplateAlarms => vec![text("kind", "high"), ("limit".to_owned(), Value::Whole(0))],
            Self::Panels | Self::TemplatePanels => vec![
                text("kind", "text"),
                ("at".to_owned(), Value::List([0, 0, 6, 4].map(Value::Whole).to_vec())),
                text("text", ""),
            ],
            // It takes a tag of its template: that is its name here.
            Self::TemplateItems => vec![
                text("kind", "value"),
                text("tag", name),
                ("at".to_owned(), Value::List([0, 0].map(Value::Whole).to_vec())),
            ],
        }
    }
}

/// How wide a key's column is.
pub fn width(key: &str) -> f32 {
    match key {
        "description" | "message" | "cause" | "consequence" | "response" | "formula" | "suppress-when" | "text" => {
            220.0
        }
        "name" | ABOVE | "parameters" | "defaults" | "topic" | "address" | "path" | "pens" | "tags" => 190.0,
        FROM | "register" | "labels" | "element" | "points" | "title" | "tag" | "display" | "parent" | "time"
        | "at" | "no-answer" => 130.0,
        _ => 96.0,
    }
}
