//! The last page: the plant's name, an alarm, the text as it will be written, and where.

use super::fields::{choice, fault, field, labelled, name_list, remark};
use super::judge::Judged;
use super::live::Live;
use super::place::Place;
use super::target::Target;
use super::{Surroundings, TITLE};
use crate::link::BeginLink;
use crate::project::new::{NewAlarm, NewProject, Part, Written, file_name};
use crate::ui::fonts;
use crate::ui::theme::STEP;
use crate::ui::widgets::{self, Reading};
use eframe::egui::{Align, ComboBox, Layout, Role, ScrollArea, TextEdit, TextStyle, Ui, vec2};
use std::path::{Path, PathBuf};

/// Width of the fields.
const FIELDS: f32 = 330.0;

/// Faults that are told one by one.
const TOLD: usize = 6;

/// See the module.
#[derive(Debug)]
pub struct Save {
    /// Empty: as it is proposed.
    name: String,
    target: Target,
    /// Name of the tag that has an alarm; empty: the first; [`NO_ALARM`]: none.
    tag: String,
    kind: &'static str,
    limit: String,
    on_delay: String,
    priority: &'static str,
    response: String,
}

/// Instead of a tag's name.
const NO_ALARM: &str = "-";

impl Default for Save {
    fn default() -> Self {
        Self {
            name: String::new(),
            target: Target::default(),
            tag: String::new(),
            kind: "high",
            limit: String::new(),
            on_delay: "5s".to_owned(),
            priority: "medium",
            response: String::new(),
        }
    }
}

impl Save {
    /// What the plant is called.
    pub fn name(&self, place: &Place) -> String {
        if !self.name.trim().is_empty() {
            return self.name.trim().to_owned();
        }
        let mut letters = place.name().chars();
        letters.next().map_or_else(|| "Plant".to_owned(), |first| first.to_uppercase().chain(letters).collect())
    }

    /// Where it will be written.
    pub fn path(&self, folder: &Path, plant: &str) -> PathBuf {
        self.target.path(folder, &file_name(plant))
    }

    /// Whether it may be written now.
    pub const fn is_free(&self) -> bool {
        !self.target.waits()
    }

    /// The file that was written, once.
    pub fn written(&mut self) -> Option<PathBuf> {
        self.target.written()
    }

    /// Writes the text as it was shown.
    pub fn write(&mut self, begin: Option<&BeginLink>, mut new: NewProject, folder: &Path) {
        self.add_alarm(&mut new);
        let path = self.path(folder, &new.name);
        self.target.write(begin, path, new.written().text, &[]);
    }

    /// With the alarm that is asked for.
    pub fn add_alarm(&self, new: &mut NewProject) {
        let tag = self.alarm_tag(new);
        if let Some(tag) = tag.filter(|_| !self.limit.trim().is_empty()) {
            new.alarms.push(NewAlarm {
                tag,
                kind: self.kind.to_owned(),
                limit: self.limit.clone(),
                on_delay: self.on_delay.clone(),
                priority: self.priority.to_owned(),
                response: self.response.clone(),
            });
        }
    }

    /// The tag that has the alarm; `None`: there is to be none.
    fn alarm_tag(&self, new: &NewProject) -> Option<String> {
        let known = new.tags.iter().find(|tag| tag.name == self.tag).or_else(|| new.tags.first());
        known.filter(|_| self.tag != NO_ALARM).map(|tag| tag.name.clone())
    }

    /// The page; `new` is what will be written.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        new: &NewProject,
        judged: &Judged,
        live: &Live,
        is_new: bool,
    ) {
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            let down = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(FIELDS, height), down, |ui| {
                ScrollArea::vertical().id_salt("fields of the project").auto_shrink(false).show(ui, |ui| {
                    self.fields_ui(ui, around, new, judged, live, is_new);
                });
            });
            ui.separator();
            ui.vertical(|ui| text_ui(ui, &new.written()));
        });
    }

    fn fields_ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        new: &NewProject,
        judged: &Judged,
        live: &Live,
        is_new: bool,
    ) {
        let width = FIELDS - 24.0;
        ui.set_width(width);
        let name = field(ui, "Name of the plant", &mut self.name, &new.name, width);
        if is_new {
            name.request_focus();
        }
        faults_ui(ui, judged, "the name", |part| part == Part::Head);
        ui.add_space(2.0 * STEP);
        ui.label(fonts::bold("One alarm to begin with"));
        self.alarm_ui(ui, around, new, live, width);
        faults_ui(ui, judged, "the alarm", |part| matches!(part, Part::Alarm(_)));
        ui.add_space(2.0 * STEP);
        ui.label(fonts::bold("Where it is written"));
        self.target.ui(ui, around, TITLE, &file_name(&new.name), width);
        ui.add_space(2.0 * STEP);
        faults_ui(ui, judged, "the project", |part| !matches!(part, Part::Head | Part::Alarm(_)));
    }

    fn alarm_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, new: &NewProject, live: &Live, width: f32) {
        let tag = self.alarm_tag(new);
        let shown = tag.clone().unwrap_or_else(|| "No alarm".to_owned());
        labelled(ui, "Of", width, |ui| {
            let list = ComboBox::from_id_salt("tag of the alarm").selected_text(shown.as_str()).width(width - 8.0);
            let list = list.show_ui(ui, |ui| {
                let numbers = new.tags.iter().filter(|tag| {
                    tag.get("labels").is_none() && !matches!(tag.shown("type").as_deref(), Some("bool" | "string"))
                });
                for one in numbers {
                    if ui.selectable_label(tag.as_deref() == Some(&one.name), &one.name).clicked() {
                        self.tag.clone_from(&one.name);
                    }
                }
                if ui.selectable_label(tag.is_none(), "No alarm").clicked() {
                    NO_ALARM.clone_into(&mut self.tag);
                }
            });
            name_list(&list.response, "Tag of the alarm", &shown);
        });
        let Some(tag) = tag else { return };
        ui.horizontal_top(|ui| {
            choice(ui, "When it is", &mut self.kind, &[("high", "above"), ("low", "below")], 96.0);
            field(ui, "Limit", &mut self.limit, "type it", 96.0);
            field(ui, "For longer than", &mut self.on_delay, "0s", 96.0);
        });
        if let Some((_, snapshot)) = live.plant(around.now)
            && let Some(reading) = snapshot.plan.tag_id(&tag).and_then(|id| Reading::new(&snapshot, id))
        {
            let unit = reading.tag.unit.as_str();
            let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
            remark(ui, around.theme, &format!("Now: {}. The limit is{unit}", reading.spoken()));
        }
        let priorities = [("critical", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")];
        choice(ui, "Priority", &mut self.priority, &priorities, 130.0);
        field(ui, "What to do then", &mut self.response, "for whoever is on duty", width);
        if self.limit.trim().is_empty() {
            remark(ui, around.theme, "Without a limit there is no alarm: nobody but you knows it");
        }
    }
}

/// What is wrong with a part, as it stands beside its field.
fn faults_ui(ui: &mut Ui, judged: &Judged, name: &str, is_of: impl Fn(Part) -> bool) {
    for words in judged.errors(is_of).take(TOLD) {
        fault(ui, name, &words);
    }
}

/// The text as it will be written.
fn text_ui(ui: &mut Ui, written: &Written) {
    let heading = ui.label(fonts::bold("What will be written"));
    widgets::tell(&heading, Role::Status, "Text of the project", || written.text.clone());
    ScrollArea::both().id_salt("text of the project").auto_shrink(false).show(ui, |ui| {
        let mut text = written.text.as_str();
        let edit = TextEdit::multiline(&mut text)
            .font(TextStyle::Monospace)
            .desired_width(f32::INFINITY)
            .frame(eframe::egui::Frame::NONE);
        ui.add(edit);
    });
}
