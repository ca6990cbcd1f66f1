//! What an entity of a project's text is, by its header.

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// The keys before the first header.
    Project,
    /// `[history]`.
    History,
    /// `[[shift]]`.
    Shift,
    /// `[[device]]`.
    Device,
    /// `[[tag]]`.
    Tag,
    /// `[[alarm]]`, and `[[tag.alarm]]` below its tag.
    Alarm,
    /// `[[display]]`.
    Display,
    /// `[[display.panel]]`.
    Panel,
    /// `[[template]]`.
    Template,
    /// `[[template.tag]]`.
    TemplateTag,
    /// `[[template.alarm]]`, and `[[template.tag.alarm]]` below its tag.
    TemplateAlarm,
    /// `[[template.panel]]`.
    TemplatePanel,
    /// `[[template.item]]`.
    TemplateItem,
    /// A table of another entity with a header of its own: `[device.no-answer]`.
    Part,
    /// A header that no project has.
    Foreign,
}

impl EntityKind {
    /// Of entities, what one is called, and many.
    pub const fn noun(self) -> (&'static str, &'static str) {
        match self {
            Self::Project => ("project", "projects"),
            Self::History => ("history", "histories"),
            Self::Shift => ("shift", "shifts"),
            Self::Device => ("device", "devices"),
            Self::Tag => ("tag", "tags"),
            Self::Alarm => ("alarm", "alarms"),
            Self::Display => ("display", "displays"),
            Self::Panel => ("panel", "panels"),
            Self::Template => ("template", "templates"),
            Self::TemplateTag => ("tag of a template", "tags of templates"),
            Self::TemplateAlarm => ("alarm of a template", "alarms of templates"),
            Self::TemplatePanel => ("panel of a template", "panels of templates"),
            Self::TemplateItem => ("item of a template", "items of templates"),
            Self::Part | Self::Foreign => ("table", "tables"),
        }
    }

    /// Whether it stands in a template.
    pub const fn is_of_template(self) -> bool {
        matches!(self, Self::TemplateTag | Self::TemplateAlarm | Self::TemplatePanel | Self::TemplateItem)
    }

    /// Of the names of a header.
    pub(super) fn of(path: &[&str]) -> Self {
        match path {
            [] => Self::Project,
            ["history"] => Self::History,
            ["shift"] => Self::Shift,
            ["device"] => Self::Device,
            ["tag"] => Self::Tag,
            ["alarm"] | ["tag", "alarm"] => Self::Alarm,
            ["display"] => Self::Display,
            ["display", "panel"] => Self::Panel,
            ["template"] => Self::Template,
            ["template", "tag"] => Self::TemplateTag,
            ["template", "alarm"] | ["template", "tag", "alarm"] => Self::TemplateAlarm,
            ["template", "panel"] => Self::TemplatePanel,
            ["template", "item"] => Self::TemplateItem,
            ["shift" | "device" | "tag" | "alarm" | "display" | "history" | "template", ..] => Self::Part,
            _ => Self::Foreign,
        }
    }
}
