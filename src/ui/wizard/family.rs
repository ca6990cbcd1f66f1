//! Many topics, taken as one: levels of a topic that stand for any make a family of tags, one for each topic that matches, now
//! or later.

use super::fields::remark;
use super::values::Row;
use crate::project::DataType;
use crate::project::edit::Value;
use crate::project::family::member_name;
use crate::project::new::NewEntity;
use crate::ui::explorer::pick::Pick;
use crate::ui::theme::{STEP, Theme};
use crate::ui::{widgets, words};
use eframe::egui::{Button, Label, Role, Ui};

/// What a row's topic would become, where it has one.
pub fn picked(row: &Row) -> Option<Pick> {
    let tag = &row.tag;
    let data_type = match tag.shown("type").as_deref() {
        Some("bool") => DataType::Bool,
        Some("string") => DataType::String,
        _ => DataType::F64,
    };
    let is_one = row.members.is_empty();
    is_one.then(|| Some(Pick::new(tag.shown("topic")?, tag.shown("path"), data_type)))?
}

/// Whether a row is one of the topics that are meant.
fn is_member(row: &Row, pick: &Pick) -> bool {
    row.members.is_empty()
        && row.tag.shown("path") == pick.path
        && row.tag.shown("topic").is_some_and(|topic| pick.matches(&topic))
}

/// Levels to be pressed, and the button that takes the family.
pub fn family_ui(ui: &mut Ui, theme: &Theme, chosen: &mut Option<Pick>, rows: &mut Vec<Row>) {
    let Some(pick) = chosen else {
        remark(ui, theme, "Press where a value is from to take it of many topics at once, as a family");
        return;
    };
    pick.levels_ui(ui);
    let heard = rows.iter().filter(|row| is_member(row, pick)).count();
    let path = pick.path.as_deref().map(|path| format!(", {path}")).unwrap_or_default();
    let said = if pick.is_family() {
        let of = format!("{} from {}{path}", pick.name(), pick.pattern());
        format!("{of}; {} topics that were heard match", words::count(heard as u64))
    } else {
        format!("{}{path}: press the levels that differ", pick.topic)
    };
    let said = crate::text::visible(&said).into_owned();
    let label = ui.add(Label::new(&said).wrap());
    widgets::tell(&label, Role::Status, "Family of topics", || said.clone());
    let (mut take, mut leave) = (false, false);
    ui.horizontal(|ui| {
        take = ui.add_enabled(pick.is_family(), Button::new("Take the family")).clicked();
        leave = ui.button("Not a family").clicked();
    });
    ui.add_space(STEP);
    if take {
        put(pick, rows);
    }
    if take || leave {
        *chosen = None;
    }
}

/// The family is taken, and none of its members by itself.
fn put(pick: &Pick, rows: &mut Vec<Row>) {
    let (name, pattern) = (pick.name(), pick.pattern());
    let mut members = Vec::new();
    for row in rows.iter_mut().filter(|row| is_member(row, pick)) {
        row.taken = false;
        let topic = row.tag.shown("topic").unwrap_or_default();
        if let Some(name) = member_name(&name, &pattern, &topic) {
            members.push(NewEntity { name, keys: row.tag.keys.clone() });
        }
    }
    rows.retain(|row| row.members.is_empty() || row.tag.name != name);
    let mut tag = NewEntity { name, keys: Vec::new() };
    tag.set("topic", Value::Text(pattern));
    tag.set("path", Value::Text(pick.path.clone().unwrap_or_default()));
    tag.set("type", Value::from(pick.data_type.word()));
    let heard = Some(format!("{} topics", words::count(members.len() as u64)));
    rows.insert(0, Row { taken: true, tag, heard, members, fault: None });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Generation, Mode, Plan};
    use crate::project::file;
    use crate::project::new::{NewAlarm, NewProject};
    use std::sync::Arc;

    fn heard(topic: &str) -> Row {
        let mut tag = NewEntity { name: topic.replace('/', "."), keys: Vec::new() };
        tag.set("topic", Value::Text(topic.to_owned()));
        tag.set("path", Value::from("$.wind"));
        tag.set("type", Value::from("f64"));
        Row { taken: true, tag, heard: None, members: Vec::new(), fault: None }
    }

    #[test]
    fn a_family_takes_the_place_of_its_members_and_the_first_display_shows_those_that_were_heard() {
        let mut rows = vec![heard("site/north/state"), heard("site/1/state"), heard("other/x")];
        let mut pick = picked(&rows[0]).unwrap();
        pick.toggle(1);
        put(&pick, &mut rows);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows.iter().map(|row| row.taken).collect::<Vec<_>>(), [true, false, false, true]);
        put(&pick, &mut rows);
        assert_eq!(rows.len(), 4, "once");
        assert_eq!(picked(&rows[0]), None, "a family is none of another");
        let family = &rows[0];
        let names: Vec<&str> = family.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!((family.tag.name.as_str(), names), ("{1}.wind", vec!["north.wind", "x1.wind"]));
        let mut new = NewProject { name: "Wind".to_owned(), ..NewProject::default() };
        new.device = NewEntity { name: "broker".to_owned(), keys: Vec::new() };
        new.device.set("protocol", Value::from("mqtt"));
        new.device.set("address", Value::from("mqtt://127.0.0.1"));
        new.tags = vec![family.tag.clone()];
        new.members.clone_from(&family.members);
        new.alarms =
            vec![NewAlarm { tag: "{1}.wind".into(), kind: "high".into(), limit: "20".into(), ..NewAlarm::default() }];
        let text = new.written().text;
        let (project, issues) = file::read(text.as_bytes());
        assert!(issues.iter().all(|issue| issue.severity != crate::project::Severity::Error), "{issues:?}\n{text}");
        assert_eq!((project.tags.len(), project.families.len(), project.families[0].alarms.len()), (0, 1, 1));
        let (_, issues) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
        // They come with the first message.
        assert!(issues.iter().all(|issue| issue.message.starts_with("waits for ")), "{issues:?}");
        assert!(text.contains("tag = \"north.wind\"") && !text.contains("pens = [{ tag = \"{1}.wind\""), "{text}");
    }
}
