//! A topic, or a value of its payload, that is to become a tag; and which of its levels stand for any, so that it becomes a
//! family.

use crate::drivers::scan::snippet::tag_name;
use crate::project::DataType;
use crate::project::family::{MOST_LEVELS, captures};
use crate::text::visible;
use crate::ui::fonts;
use eframe::egui::{Button, Role, Ui, WidgetInfo};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The topic, as it was heard.
    pub topic: String,
    /// Where in its payload; `None`: the payload is the value.
    pub path: Option<String>,
    /// What it is.
    pub data_type: DataType,
    /// Levels that stand for any.
    any: BTreeSet<usize>,
}

impl Pick {
    /// The topic alone.
    pub const fn new(topic: String, path: Option<String>, data_type: DataType) -> Self {
        Self { topic, path, data_type, any: BTreeSet::new() }
    }

    /// Whether it becomes a family.
    pub fn is_family(&self) -> bool {
        !self.any.is_empty()
    }

    /// The topic, or the pattern of topics.
    pub fn pattern(&self) -> String {
        let level = |(index, level)| if self.any.contains(&index) { "+" } else { level };
        self.topic.split('/').enumerate().map(level).collect::<Vec<_>>().join("/")
    }

    /// What the tag is called, or what each of the family is.
    pub fn name(&self) -> String {
        let Some(last) = self.any.last() else { return tag_name(&self.topic, self.path.as_deref()) };
        let places: Vec<String> = (1..=self.any.len()).map(|n| format!("{{{n}}}")).collect();
        // What the members have in common is told by the rest: the value, or the levels behind.
        let behind: Vec<&str> = self.topic.split('/').skip(last + 1).collect();
        let rest = if self.path.is_some() { String::new() } else { behind.join("/") };
        format!("{}.{}", places.join("."), tag_name(&rest, self.path.as_deref()))
    }

    /// Whether a topic would be a member.
    pub fn matches(&self, topic: &str) -> bool {
        captures(&self.pattern(), topic).is_some()
    }

    /// A level stands for any, or no longer.
    pub fn toggle(&mut self, level: usize) {
        if !self.any.remove(&level) && self.any.len() < MOST_LEVELS {
            self.any.insert(level);
        }
    }

    /// Its levels, each to be pressed; whether one was.
    pub fn levels_ui(&mut self, ui: &mut Ui) -> bool {
        let mut pressed = None;
        ui.horizontal_wrapped(|ui| {
            ui.label(fonts::bold("Levels that stand for any:"));
            for (index, level) in self.topic.split('/').enumerate() {
                let here = self.any.contains(&index);
                let shown = if here { "+".to_owned() } else { visible(level).into_owned() };
                let button = ui.add(Button::selectable(here, &shown).frame_when_inactive(true));
                button.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, here, format!("Any {level}")));
                if button.clicked() {
                    pressed = Some(index);
                }
            }
        });
        if let Some(level) = pressed {
            self.toggle(level);
        }
        pressed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_a_tag_and_a_pattern_a_family() {
        let mut pick = Pick::new("site/a/state".to_owned(), Some("$.wind.speed".to_owned()), DataType::F64);
        let tag = |pick: &Pick| (pick.name(), pick.pattern());
        assert_eq!(tag(&pick), ("site.a.state.wind.speed".to_owned(), "site/a/state".to_owned()));
        assert!(!pick.is_family());
        pick.toggle(1);
        assert_eq!(tag(&pick), ("{1}.wind.speed".to_owned(), "site/+/state".to_owned()));
        assert!(pick.matches("site/b/state") && !pick.matches("site/b/other") && !pick.matches("site/state"));
        pick.path = None;
        pick.toggle(0);
        assert_eq!(tag(&pick), ("{1}.{2}.state".to_owned(), "+/+/state".to_owned()));
    }
}
