//! The third page: what is read of the device, seen live before it is taken.

use super::Surroundings;
use super::family::{family_ui, picked};
use super::fields::{field, remark};
use super::judge::Judged;
use super::live::{Live, frame};
use super::place::{Place, Sort};
use crate::drivers::scan::snippet::Candidate;
use crate::engine::Snapshot;
use crate::project::Area;
use crate::project::edit::Value;
use crate::project::new::{MAPS, Map, NewEntity, NewProject, Part, name_part};
use crate::ui::explorer::pick::Pick;
use crate::ui::fonts;
use crate::ui::theme::{STEP, TOUCH};
use crate::ui::widgets::{self, Reading};
use crate::ui::workbench::Workbench;
use crate::ui::{Action, Frame, Outbox, words};
use eframe::egui::{Align, Button, Grid, Label, Layout, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use std::collections::HashSet;

/// Width of the list of what is known.
const KNOWN: f32 = 210.0;

/// Values of topics that are listed.
const LISTED: usize = 200;

/// What the device is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// Nobody said yet.
    #[default]
    Unsaid,
    /// One that is known.
    Known(&'static Map),
    /// Another: by its registers, or by what was heard.
    Other,
}

/// A tag that may be taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) taken: bool,
    pub(super) tag: NewEntity,
    /// What was heard of it before it was taken.
    pub(super) heard: Option<String>,
    /// It is a family: its tags that are known already.
    pub(super) members: Vec<NewEntity>,
    /// What is wrong with it.
    pub(super) fault: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Values {
    kind: Kind,
    /// The device's name by which the tags are called.
    device: String,
    rows: Vec<Row>,
    /// What a device of this kind is below, of topics.
    topic: String,
    /// Why what is known is not of this device.
    refused: Option<String>,
    filter: String,
    /// A topic that may become a family.
    pick: Option<Pick>,
    bench: Workbench,
    /// The page was just opened.
    is_new: bool,
}

impl Values {
    /// The page is opened, for this device.
    pub fn enter(&mut self, place: &Place) {
        let (before, now) = (name_part(&self.device), name_part(place.name()));
        if before != now {
            for row in &mut self.rows {
                if let Some(rest) = row.tag.name.strip_prefix(&before).filter(|rest| rest.starts_with('.')) {
                    row.tag.name = format!("{now}{rest}");
                }
            }
        }
        place.name().clone_into(&mut self.device);
        self.is_new = true;
        if self.kind == Kind::Unsaid
            && let Some(map) = guessed(place)
        {
            self.choose(Kind::Known(map), place);
        } else if place.sort() == Sort::Mqtt && !matches!(self.kind, Kind::Known(_)) {
            let heard = !place.heard().is_empty();
            match self.kind {
                Kind::Unsaid if heard => self.choose(Kind::Other, place),
                Kind::Other => self.take_heard(place),
                Kind::Unsaid | Kind::Known(_) => {}
            }
        }
    }

    /// Makes a project one with the tags that are taken.
    pub fn put_into(&self, new: &mut NewProject) {
        let tags: Vec<NewEntity> = self.rows.iter().filter(|row| row.taken).map(|row| row.tag.clone()).collect();
        new.members = self.rows.iter().filter(|row| row.taken).flat_map(|row| row.members.clone()).collect();
        match self.kind {
            Kind::Known(map) => map.put_into(new, &tags),
            Kind::Unsaid | Kind::Other => new.tags = tags,
        }
    }

    /// How many are taken.
    pub fn chosen(&self) -> usize {
        self.rows.iter().filter(|row| row.taken).count()
    }

    /// In a few words.
    pub fn summary(&self) -> String {
        match self.chosen() {
            1 => "1 value is taken".to_owned(),
            many => format!("{many} values are taken"),
        }
    }

    fn choose(&mut self, kind: Kind, place: &Place) {
        self.kind = kind;
        self.refused = None;
        self.pick = None;
        self.rows.clear();
        match kind {
            Kind::Known(map) => {
                let (_, models) = place.told();
                let model = models.iter().find(|(id, _)| map.models.contains(id));
                let start = match model {
                    Some((_, start)) => *start,
                    None if map.models.is_empty() => 0,
                    None => {
                        let why =
                            "The device has not told where its SunSpec model begins: go back and try the connection";
                        self.refused = Some(why.to_owned());
                        return;
                    }
                };
                if map.is_of_topics() {
                    self.topic =
                        base_heard(map, &place.heard()).unwrap_or_else(|| map.topic.unwrap_or_default().to_owned());
                }
                let tags = map.tags(&self.device, start, Some(&self.topic));
                self.rows = tags
                    .into_iter()
                    .map(|tag| Row { taken: true, tag, heard: None, members: Vec::new(), fault: None })
                    .collect();
            }
            Kind::Other if place.sort() == Sort::Mqtt => self.take_heard(place),
            Kind::Other => self.bench.begin_with(place.readable().unwrap_or(Area::Holding)),
            Kind::Unsaid => {}
        }
    }

    /// What was heard since, to be ticked; what is ticked stays.
    fn take_heard(&mut self, place: &Place) {
        for Candidate { topic, path, tag, last, type_word } in place.heard() {
            let known = self
                .rows
                .iter_mut()
                .find(|row| row.tag.shown("topic").as_deref() == Some(&topic) && row.tag.shown("path") == path);
            if let Some(row) = known {
                row.heard = Some(last);
                continue;
            }
            let mut entity = NewEntity { name: tag, keys: Vec::new() };
            entity.set("topic", Value::Text(topic));
            entity.set("path", Value::Text(path.unwrap_or_default()));
            entity.set("type", Value::from(type_word.unwrap_or("f64")));
            self.rows.push(Row { taken: false, tag: entity, heard: Some(last), members: Vec::new(), fault: None });
        }
    }

    /// The page.
    pub fn ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, place: &Place, live: &Live, judged: &Judged) {
        for (nth, row) in self.rows.iter_mut().filter(|row| row.taken).enumerate() {
            row.fault = judged.errors(|part| part == Part::Tag(nth)).next();
        }
        let seen = live.plant(around.now);
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            let down = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(KNOWN, height), down, |ui| self.known_ui(ui, around, place));
            ui.separator();
            ui.vertical(|ui| {
                let frame = seen.as_ref().map(|(plant, snapshot)| frame(around, plant, snapshot));
                self.state_ui(ui, around, live, frame.as_ref());
                if let Some(why) = &self.refused {
                    super::fields::fault(ui, "what is known", why);
                }
                match self.kind {
                    Kind::Unsaid => remark(ui, around.theme, "Say at the left what it is"),
                    Kind::Known(map) => {
                        remark(ui, around.theme, map.words());
                        if map.is_of_topics() {
                            self.topic_ui(ui, map);
                        }
                        self.rows_ui(ui, around, frame.as_ref().map(|frame| frame.snapshot));
                    }
                    Kind::Other if place.sort() == Sort::Mqtt => self.topics_ui(ui, around, frame.as_ref()),
                    Kind::Other => self.bench_ui(ui, around, frame.as_ref()),
                }
            });
        });
    }

    /// What is known of devices.
    fn known_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, place: &Place) {
        ui.set_width(KNOWN);
        ui.label(fonts::bold("What is it?"));
        let of_topics = place.sort() == Sort::Mqtt;
        let other = if of_topics { "Topics that were heard" } else { "Another: look at its registers" };
        let maps = MAPS.iter().filter(|map| map.is_of_topics() == of_topics);
        let mut kinds: Vec<(Kind, String)> = maps.map(|map| (Kind::Known(map), map.title())).collect();
        kinds.push((Kind::Other, other.to_owned()));
        ScrollArea::vertical().id_salt("what is known").auto_shrink(false).show(ui, |ui| {
            ui.with_layout(Layout::top_down_justified(Align::LEFT), |ui| {
                let unsaid = self.kind == Kind::Unsaid && std::mem::take(&mut self.is_new);
                for (nth, (kind, words)) in kinds.into_iter().enumerate() {
                    let here = self.kind == kind;
                    let button = ui.add(Button::selectable(here, &words).min_size(vec2(0.0, 26.0)));
                    button.widget_info(|| WidgetInfo::selected(Role::ListItem, true, here, &words));
                    if unsaid && nth == 0 {
                        button.request_focus();
                    }
                    if button.clicked() && !here {
                        self.choose(kind, place);
                    }
                }
            });
            ui.add_space(STEP);
            if self.kind == Kind::Unsaid {
                remark(ui, around.theme, "What is known of a device is read at once, and shown before it is taken");
            }
        });
    }

    /// Whether there is anything to be looked at.
    pub const fn is_said(&self) -> bool {
        !matches!(self.kind, Kind::Unsaid)
    }

    /// Whether it answers, and whether that looks right.
    fn state_ui(&self, ui: &mut Ui, around: Surroundings<'_>, live: &Live, frame: Option<&Frame<'_>>) {
        if !self.is_said() {
            return;
        }
        let words = match (live.why_not(), frame) {
            (Some(why), _) => format!("Nothing is seen: {why}"),
            (None, None) => "Connecting".to_owned(),
            (None, Some(frame)) => {
                let good = self.first_good(frame.snapshot);
                let device = frame.snapshot.devices.first();
                match device {
                    _ if !good.is_empty() => format!("{}: does that look right?", good.join(", ")),
                    // Its registers are read all the same, where somebody looks at them.
                    Some(_) if self.chosen() == 0 => "Nothing is taken yet".to_owned(),
                    Some(device) => {
                        let said = words::spoken_device(&device.status, frame.snapshot.now, around.zone);
                        format!("{}: {said}", self.device)
                    }
                    None => String::new(),
                }
            }
        };
        let label = ui.add(Label::new(fonts::bold(words.clone())).wrap());
        widgets::tell(&label, Role::Status, "What the device says", || words.clone());
    }

    /// The first values that came, in words.
    fn first_good(&self, snapshot: &Snapshot) -> Vec<String> {
        let taken = self.rows.iter().filter(|row| row.taken);
        let tags = taken.flat_map(|row| row.members.iter().chain(row.members.is_empty().then_some(&row.tag)));
        let good = tags.filter_map(|tag| {
            let reading = Reading::new(snapshot, snapshot.plan.tag_id(&tag.name)?)?;
            reading.quality.is_good().then(|| format!("{} {}", reading.text_or_dash(), reading.unit).trim().to_owned())
        });
        good.take(3).collect()
    }

    /// Where the topics of a device that is known lie.
    fn topic_ui(&mut self, ui: &mut Ui, map: &Map) {
        let before = self.topic.clone();
        field(ui, "Topic of the device", &mut self.topic, map.topic.unwrap_or_default(), 300.0);
        if before == self.topic {
            return;
        }
        let tags = map.tags(&self.device, 0, Some(&self.topic));
        for row in &mut self.rows {
            if let Some(tag) = tags.iter().find(|tag| tag.name == row.tag.name) {
                row.tag.keys.clone_from(&tag.keys);
            }
        }
    }

    /// Registers, and what of them was made a tag.
    fn bench_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, frame: Option<&Frame<'_>>) {
        let Some(frame) = frame else { return };
        let height = if self.rows.is_empty() { ui.available_height() - 50.0 } else { ui.available_height() * 0.6 };
        let mut out = Outbox::default();
        let size = vec2(ui.available_width(), height.max(160.0));
        ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| self.bench.ui(ui, frame, &mut out));
        for action in out.actions {
            if let Action::MakeTag(tag) = action {
                let mut names: HashSet<String> = self.rows.iter().map(|row| row.tag.name.to_lowercase()).collect();
                let name = crate::project::import::unique(&tag.name, &mut names);
                self.rows.push(Row {
                    taken: true,
                    tag: NewEntity { name, keys: tag.keys(0, None) },
                    heard: None,
                    members: Vec::new(),
                    fault: None,
                });
            }
        }
        ui.separator();
        if self.rows.is_empty() {
            remark(
                ui,
                around.theme,
                "Type what the device's own display shows, or press a register; Make tag takes it",
            );
        } else {
            self.rows_ui(ui, around, Some(frame.snapshot));
        }
    }

    /// What was heard, to be ticked.
    fn topics_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, frame: Option<&Frame<'_>>) {
        if self.rows.is_empty() {
            remark(ui, around.theme, "Nothing was heard yet: go back and press Listen");
            return;
        }
        let filter = TextEdit::singleline(&mut self.filter).hint_text("Filter").desired_width(240.0).char_limit(200);
        let filter = ui.add(filter);
        filter.widget_info(|| WidgetInfo {
            current_text_value: Some(self.filter.clone()),
            ..WidgetInfo::labeled(Role::TextInput, true, "Filter values")
        });
        family_ui(ui, around.theme, &mut self.pick, &mut self.rows);
        self.rows_ui(ui, around, frame.map(|frame| frame.snapshot));
    }

    /// Each tag: whether it is taken, its name, what it is now, its unit.
    fn rows_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, snapshot: Option<&Snapshot>) {
        let theme = around.theme;
        let needle = self.filter.trim().to_lowercase();
        let fits = |row: &Row| {
            let of = |text: &str| text.to_lowercase().contains(&needle);
            needle.is_empty() || of(&row.tag.name) || row.tag.shown("topic").is_some_and(|topic| of(&topic))
        };
        let described = self.rows.iter().any(|row| row.tag.get("description").is_some());
        ScrollArea::both().id_salt("values to be taken").auto_shrink(false).show(ui, |ui| {
            let grid = Grid::new("values to be taken").num_columns(6).striped(true).spacing([10.0, 4.0]);
            grid.show(ui, |ui| {
                for head in ["", "Name", "Now", "Unit", if described { "What" } else { "" }, "Where"] {
                    ui.label(RichText::new(head).font(fonts::regular(fonts::size::SMALL)).color(theme.muted));
                }
                ui.end_row();
                let mut pressed = None;
                for row in self.rows.iter_mut().filter(|row| fits(row)).take(LISTED) {
                    if row_ui(ui, around, row, snapshot) {
                        pressed = picked(row);
                    }
                    ui.end_row();
                }
                if pressed.is_some() {
                    self.pick = pressed;
                }
            });
        });
    }
}

/// A row; whether its topic was pressed.
fn row_ui(ui: &mut Ui, around: Surroundings<'_>, row: &mut Row, snapshot: Option<&Snapshot>) -> bool {
    let theme = around.theme;
    let name = row.tag.name.clone();
    let tick = ui.checkbox(&mut row.taken, "");
    let taken = row.taken;
    tick.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, taken, format!("Take {name}")));
    let edit = TextEdit::singleline(&mut row.tag.name).char_limit(200);
    let edit = ui.add_sized([if row.heard.is_some() { 260.0 } else { 190.0 }, TOUCH], edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(name.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, format!("Name of {name}"))
    });
    let reading = snapshot.and_then(|snapshot| Reading::new(snapshot, snapshot.plan.tag_id(&name)?));
    let (shown, spoken, good) = match &reading {
        Some(reading) if reading.quality.is_good() => (reading.text_or_dash().to_owned(), reading.spoken(), true),
        Some(reading) if reading.is_bad() => (reading.reason(), reading.spoken(), false),
        Some(reading) => (format!("{}, {}", reading.text_or_dash(), reading.reason()), reading.spoken(), false),
        None => {
            let heard = row.heard.as_ref().map(|last| format!("heard: {last}")).unwrap_or_default();
            (heard.clone(), heard, false)
        }
    };
    let ink = if good { theme.text } else { theme.muted };
    ui.scope(|ui| {
        ui.set_width(if row.heard.is_some() { 170.0 } else { 110.0 });
        let label = ui.add(Label::new(RichText::new(shown).color(ink)).truncate());
        widgets::tell(&label, Role::Status, &name, || spoken.clone());
    });
    let mut unit = row.tag.shown("unit").unwrap_or_default();
    let edit = ui.add_sized([60.0, TOUCH], TextEdit::singleline(&mut unit).char_limit(20));
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(unit.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, format!("Unit of {name}"))
    });
    if edit.changed() {
        row.tag.set("unit", Value::Text(unit));
    }
    let place = row.tag.shown("register").or_else(|| {
        let topic = row.tag.shown("topic")?;
        Some(row.tag.shown("path").map_or_else(|| topic.clone(), |path| format!("{topic} {path}")))
    });
    if let Some(why) = row.fault.as_ref().filter(|_| row.taken) {
        let label = ui.add(Label::new(fonts::bold(why.clone())).extend());
        widgets::tell(&label, Role::Alert, &format!("Fault of {name}"), || why.clone());
        return false;
    }
    let what = row.tag.shown("description").unwrap_or_default();
    ui.add(Label::new(RichText::new(&what).color(theme.muted)).extend());
    let place = place.unwrap_or_default();
    if row.heard.is_none() || !row.members.is_empty() {
        ui.add(Label::new(RichText::new(&place).color(theme.muted)).extend());
        return false;
    }
    let button = ui.add(Button::selectable(false, RichText::new(&place).color(theme.muted)));
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Topic of {name}")));
    button.on_hover_text("Take it of many topics at once, as a family").clicked()
}

/// What a device that told who it is may be.
fn guessed(place: &Place) -> Option<&'static Map> {
    let (identity, models) = place.told();
    let identity = identity.to_lowercase();
    let heard = if place.sort() == Sort::Mqtt { place.heard() } else { Vec::new() };
    MAPS.iter().find(|map| {
        let word = map.title().split_whitespace().last().unwrap_or_default().to_lowercase();
        match (map.is_of_topics(), map.models.is_empty()) {
            (true, _) => place.sort() == Sort::Mqtt && base_heard(map, &heard).is_some(),
            (false, true) => place.sort() != Sort::Mqtt && identity.contains(&word),
            (false, false) => models.iter().any(|(id, _)| map.models.contains(id)),
        }
    })
}

/// Below which topic a device that is known was heard: one that has all paths of its first topic.
fn base_heard(map: &Map, heard: &[Candidate]) -> Option<String> {
    let usual = map.topic?;
    let tags = map.tags("x", 0, None);
    let first = tags.first()?.shown("topic")?;
    let rest = first.strip_prefix(usual)?;
    let paths =
        tags.iter().filter(|tag| tag.shown("topic").as_deref() == Some(&first)).filter_map(|tag| tag.shown("path"));
    let paths: Vec<String> = paths.take(3).collect();
    let fits = |topic: &str| {
        let has = |path: &String| heard.iter().any(|one| one.topic == topic && one.path.as_ref() == Some(path));
        topic.ends_with(rest) && paths.iter().all(has)
    };
    let found = heard.iter().find(|one| fits(&one.topic))?;
    Some(found.topic.strip_suffix(rest).unwrap_or(&found.topic).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(topic: &str, path: &str) -> Candidate {
        let (topic, path) = (topic.to_owned(), Some(path.to_owned()));
        Candidate { topic, path, tag: String::new(), last: String::new(), type_word: None }
    }

    #[test]
    fn a_device_that_is_known_is_found_among_topics_by_what_is_in_them() {
        let map = Map::named("zigbee2mqtt-climate").unwrap();
        let paths = ["$.temperature", "$.humidity", "$.battery"];
        let sensor: Vec<Candidate> = paths.iter().map(|path| heard("zigbee2mqtt/cellar", path)).collect();
        assert_eq!(base_heard(map, &sensor).as_deref(), Some("zigbee2mqtt/cellar"));
        assert_eq!(base_heard(map, &sensor[..2]), None, "a plug is none");
        let shelly = Map::named("shelly-3em").unwrap();
        let paths = ["$.a_voltage", "$.b_voltage", "$.c_voltage"];
        let meter: Vec<Candidate> = paths.iter().map(|path| heard("house/em/status/em:0", path)).collect();
        assert_eq!(base_heard(shelly, &meter).as_deref(), Some("house/em"));
    }

    #[test]
    fn names_follow_the_device_and_what_was_named_by_hand_stays() {
        let mut place = Place::default();
        place.begin(Sort::Tcp);
        let mut values = Values::default();
        values.enter(&place);
        values.choose(Kind::Known(&MAPS[0]), &place);
        values.rows[0].tag.name = "house.voltage".to_owned();
        values.device = "meter".to_owned();
        place.rename("main meter");
        values.enter(&place);
        assert_eq!(values.rows[0].tag.name, "house.voltage");
        assert_eq!(values.rows[1].tag.name, "main_meter.l2.voltage");
        assert_eq!(values.chosen(), 13);
    }
}
