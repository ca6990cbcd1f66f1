//! The finder (Ctrl+K): any tag, display, alarm or command by a part of its name, the best first.
//!
//! It must not stutter on a plant of 100,000 tags: names are kept in lower case for as long as the plan is the same, a
//! frame looks at no more than `SCAN` of them, and what was found so far is shown while the rest is looked at.

use super::dialogs;
use super::theme::{RADIUS, STEP};
use super::widgets::{self, Brush, reading::Reading, text};
use super::words;
use super::{Action, Frame, Outbox, actions, fonts, hand};
use crate::engine::plan::Subject;
use crate::engine::{Plan, TagId};
use eframe::egui::{
    Align2, Id, Key, Modifiers, Rect, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use fonts::size;
use std::sync::Arc;

/// Names looked at in one frame.
const SCAN: usize = 20_000;
/// Hits kept.
const HITS: usize = 60;
/// Height of a row.
const ROW: f32 = 26.0;
/// Rows in view.
const IN_VIEW: f32 = 12.0;

/// What can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A command, by its place in the table of actions.
    Command(usize),
    /// A display.
    Display(usize),
    /// A display in a window of its own.
    Window(usize),
    /// An alarm.
    Alarm(u32),
    /// A tag.
    Tag(u32),
}

/// A name that can be found.
#[derive(Debug)]
struct Name {
    /// In lower case, with the description after it.
    text: String,
    /// Bytes of `text` that are the name itself.
    length: usize,
    target: Target,
}

/// A hit; the smaller the rank the better.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    rank: u32,
    /// Place in the list of names, which decides between equals.
    place: usize,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Purpose {
    /// Anything, to go there or to do it.
    #[default]
    Any,
    /// A tag that becomes a pen of the trend with this id.
    Pen(Id),
    /// A tag that is to be forced.
    Force,
}

/// What stands before a tag's name where it is to be forced.
const FORCE: &str = "force ";

/// The finder, while it is open.
#[derive(Debug, Default)]
pub struct Finder {
    words: String,
    names: Vec<Name>,
    /// The plan that `names` is of.
    plan: Option<Arc<Plan>>,
    /// Tags of the plan taken up into `names` so far.
    taken: usize,
    /// Names looked at so far for these words.
    looked: usize,
    hits: Vec<Hit>,
    chosen: usize,
    purpose: Purpose,
}

impl Finder {
    /// Looks for a tag that becomes a pen of the trend with this id.
    pub fn for_pen(trend: Id) -> Self {
        Self { purpose: Purpose::Pen(trend), ..Self::default() }
    }

    /// Looks for a tag to force.
    pub fn to_force() -> Self {
        Self { purpose: Purpose::Force, ..Self::default() }
    }

    /// Whether the tags that are found are to be forced: asked for so, or `force` and a space were typed first.
    fn forces(&self) -> bool {
        self.purpose == Purpose::Force
            || (self.purpose == Purpose::Any && self.words.trim_start().to_lowercase().starts_with(FORCE))
    }

    /// Brings names and hits on by one frame's worth. `true`: there is more to look at.
    fn advance(&mut self, plan: &Arc<Plan>) -> bool {
        if !self.plan.as_ref().is_some_and(|p| Arc::ptr_eq(p, plan)) {
            let (words, purpose) = (std::mem::take(&mut self.words), self.purpose);
            *self = Self { words, plan: Some(plan.clone()), purpose, ..Self::default() };
            if purpose == Purpose::Any {
                self.take_up_small_things(plan);
            }
        }
        let until = (self.taken + SCAN).min(plan.tags.len());
        for (i, tag) in plan.tags.iter().enumerate().take(until).skip(self.taken) {
            self.names.push(Name::new(&tag.name, &tag.tag.description, Target::Tag(i as u32)));
        }
        self.taken = until;
        let forces = self.forces();
        let typed = self.words.trim_start().to_lowercase();
        let needle = typed.strip_prefix(FORCE).filter(|_| forces).unwrap_or(&typed).trim();
        let until = (self.looked + SCAN).min(self.names.len());
        for place in self.looked..until {
            let name = &self.names[place];
            // A command that bears the word is found all the same.
            let needle = if forces && !matches!(name.target, Target::Tag(_)) { typed.trim() } else { needle };
            if let Some(rank) = rank(name, needle) {
                self.hits.push(Hit { rank, place });
            }
        }
        self.looked = until;
        self.hits.sort_unstable();
        self.hits.truncate(HITS);
        self.taken < plan.tags.len() || self.looked < self.names.len()
    }

    fn take_up_small_things(&mut self, plan: &Plan) {
        for (i, entry) in actions::all().iter().enumerate() {
            self.names.push(Name::new(entry.text, "", Target::Command(i)));
        }
        for (i, display) in plan.displays.iter().enumerate() {
            self.names.push(Name::new(&display.display.name, "", Target::Display(i)));
            self.names.push(Name::new(&in_a_window(&display.display.name), "", Target::Window(i)));
        }
        for (i, alarm) in
            plan.alarms.iter().enumerate().filter(|(_, a)| a.written.is_some() || !matches!(a.subject, Subject::Tag(_)))
        {
            self.names.push(Name::new(&alarm.name, &alarm.message, Target::Alarm(i as u32)));
        }
    }

    fn look_anew(&mut self) {
        self.looked = 0;
        self.hits.clear();
        self.chosen = 0;
    }
}

impl Name {
    fn new(name: &str, description: &str, target: Target) -> Self {
        let mut text = name.to_lowercase();
        let length = text.len();
        text.push(' ');
        text.push_str(&description.to_lowercase());
        Self { text, length, target }
    }
}

/// How well a name meets the words, all of which must be in it in any order: its beginning is best, then the beginning
/// of a part, then anywhere in the name, then in the description. `None`: not at all.
fn rank(name: &Name, needle: &str) -> Option<u32> {
    let kind = match name.target {
        Target::Display(_) => 0,
        Target::Command(_) => 1,
        Target::Tag(_) => 2,
        Target::Alarm(_) => 3,
        Target::Window(_) => 4,
    };
    let mut sum = 0;
    for word in needle.split_whitespace() {
        let at = name.text.find(word)?;
        let begins_part = at == 0 || !name.text.as_bytes()[at - 1].is_ascii_alphanumeric();
        sum += match (at, begins_part) {
            (0, _) => 0,
            (at, true) if at < name.length => 10,
            (at, false) if at < name.length => 20,
            _ => 40,
        };
    }
    // Of equally good hits the shorter name is meant.
    Some(sum * 1_000 + kind * 200 + (name.length as u32).min(199))
}

/// The finder over everything; `false` once it is closed.
pub fn finder_ui(ui: &Ui, frame: &Frame<'_>, finder: &mut Finder, outbox: &mut Outbox) -> bool {
    if finder.advance(&frame.snapshot.plan) {
        ui.ctx().request_repaint();
    }
    let forces = finder.forces();
    let mut open = true;
    let (up, down, enter) = ui.input_mut(|i| {
        let mut key = |key| i.consume_key(Modifiers::NONE, key);
        (key(Key::ArrowUp), key(Key::ArrowDown), key(Key::Enter))
    });
    let last = finder.hits.len().saturating_sub(1);
    let moved = up || down;
    finder.chosen = match (up, down) {
        (true, _) => finder.chosen.saturating_sub(1),
        (_, true) => finder.chosen + 1,
        _ => finder.chosen,
    }
    .min(last);
    let mut pressed = enter.then_some(finder.chosen);
    let response = dialogs::modal(ui.ctx(), frame.theme, "finder")
        .frame(eframe::egui::Frame::popup(ui.style()).inner_margin(12))
        .show(ui.ctx(), |ui| {
            ui.set_width((dialogs::room(ui.ctx()).x - 80.0).clamp(240.0, 560.0));
            // The focus is taken before the field is laid out: what is typed in its first frame counts already.
            let id = Id::unique("finder words");
            ui.memory_mut(|memory| memory.request_focus(id));
            let hint = match finder.purpose {
                Purpose::Any => "Tag, display, alarm or command",
                Purpose::Pen(_) => "Tag that becomes a pen",
                Purpose::Force => "Tag that is to be forced",
            };
            let edit = TextEdit::singleline(&mut finder.words)
                .id(id)
                .hint_text(hint)
                .desired_width(f32::INFINITY)
                .margin(vec2(2.0 * STEP, 1.5 * STEP));
            let edit = ui.add(edit);
            edit.widget_info(|| WidgetInfo {
                current_text_value: Some(finder.words.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "Find")
            });
            if edit.changed() {
                finder.look_anew();
                finder.advance(&frame.snapshot.plan);
            }
            ui.add_space(STEP);
            let height = (dialogs::room(ui.ctx()).y * 0.6).min(ROW * IN_VIEW);
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]).show(
                ui,
                |ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    if finder.hits.is_empty() {
                        ui.add_space(2.0 * STEP);
                        ui.label(RichText::new("Nothing bears this name").color(frame.theme.muted));
                    }
                    for (i, hit) in finder.hits.iter().enumerate() {
                        let Some(name) = finder.names.get(hit.place) else { continue };
                        let response = hit_ui(ui, frame, finder, &name.target, i == finder.chosen);
                        if let Target::Tag(tag) = name.target {
                            hand::can_be_taken(&response, TagId(tag));
                        }
                        if i == finder.chosen && moved {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            pressed = Some(i);
                        }
                    }
                },
            );
        });
    if let Some(target) = pressed.and_then(|i| finder.hits.get(i)).and_then(|hit| finder.names.get(hit.place)) {
        outbox.actions.extend(match (finder.purpose, &target.target) {
            (Purpose::Pen(trend), Target::Tag(tag)) => Some(Action::AddPen(trend, TagId(*tag))),
            (_, Target::Tag(tag)) if forces => Some(Action::Force(TagId(*tag))),
            (_, target) => action(&frame.snapshot.plan, target),
        });
        open = false;
    }
    // What is in the hand is to be dropped on what lies beneath.
    open &= hand::held(ui.ctx()).is_none();
    open && !response.should_close()
}

fn in_a_window(display: &str) -> String {
    format!("{display} in a window")
}

/// What pressing a hit does.
fn action(plan: &Plan, target: &Target) -> Option<Action> {
    match target {
        Target::Command(i) => actions::all().get(*i).map(|entry| entry.action.clone()),
        Target::Display(i) => Some(Action::OpenDisplay(*i)),
        Target::Window(i) => Some(Action::OpenWindow(Some(*i))),
        Target::Tag(i) => Some(Action::OpenFaceplate(TagId(*i))),
        Target::Alarm(i) => plan.alarms.get(*i as usize).map(|alarm| match (alarm.display, alarm.subject) {
            (_, Subject::Tag(tag)) => Action::OpenFaceplate(tag),
            (Some(display), Subject::Device(_)) => Action::OpenDisplay(display),
            (_, Subject::Device(device)) => actions::of_device(plan, device),
            (_, Subject::System) => actions::of_system(alarm.condition),
        }),
    }
}

/// One hit: what it is called, what it reads or does, what kind of thing it is.
fn hit_ui(ui: &mut Ui, frame: &Frame<'_>, finder: &Finder, target: &Target, chosen: bool) -> eframe::egui::Response {
    let theme = frame.theme;
    let forces = finder.forces();
    let plan = &frame.snapshot.plan;
    let (name, more, kind) = match target {
        Target::Command(i) => {
            let entries = actions::all();
            let entry = &entries[(*i).min(entries.len() - 1)];
            let keys = entry.keys.first().copied().map(actions::key_text).unwrap_or_default();
            (entry.text.to_owned(), keys, "command")
        }
        Target::Display(i) => {
            (plan.displays.get(*i).map(|d| d.display.name.clone()).unwrap_or_default(), String::new(), "display")
        }
        Target::Window(i) => {
            let name = plan.displays.get(*i).map(|d| in_a_window(&d.display.name));
            (name.unwrap_or_default(), String::new(), "window")
        }
        Target::Alarm(i) => {
            let alarm = plan.alarms.get(*i as usize);
            let state = frame.snapshot.alarms.iter().find(|a| a.id.0 == *i).map_or("normal", |a| words::state(a));
            (alarm.map(|a| a.name.to_string()).unwrap_or_default(), state.to_owned(), "alarm")
        }
        Target::Tag(i) => {
            let reading = Reading::new(frame.snapshot, TagId(*i));
            let name = plan.tags.get(*i as usize).map(|t| t.name.to_string()).unwrap_or_default();
            let name = if forces { format!("Force {name}…") } else { name };
            (name, reading.map(|r| r.spoken()).unwrap_or_default(), if forces { "force" } else { "tag" })
        }
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if chosen {
        ui.painter().rect_filled(rect, RADIUS - 1, theme.raised);
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 1, theme.select);
    }
    let id = ui.scope_id().with(("hit", format!("{target:?}")));
    let brush = Brush { theme, blink_on: frame.blink_on };
    let response = widgets::press(ui, rect, id, &brush, f32::from(RADIUS - 1));
    widgets::tell(&response, Role::ListItem, &format!("{kind} {name}"), || more.clone());
    let inner = rect.shrink2(vec2(3.0 * STEP, 0.0));
    let kind_at = Rect::from_min_max(pos2(inner.right() - 60.0, inner.top()), inner.max);
    text::paint(ui.painter(), kind_at, Align2::RIGHT_CENTER, kind, fonts::regular(size::SMALL), theme.muted);
    let name_at = Rect::from_min_max(inner.min, pos2(inner.left() + inner.width() * 0.5, inner.bottom()));
    let drawn = text::paint(ui.painter(), name_at, Align2::LEFT_CENTER, name, fonts::regular(size::BODY), theme.text);
    let more_at =
        Rect::from_min_max(pos2(drawn.right() + 4.0 * STEP, inner.top()), pos2(kind_at.left() - STEP, inner.bottom()));
    text::paint(ui.painter(), more_at, Align2::RIGHT_CENTER, more, fonts::regular(size::BODY), theme.muted);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(names: &[(&str, &str)], needle: &str) -> Vec<String> {
        let names: Vec<Name> =
            names.iter().enumerate().map(|(i, (n, d))| Name::new(n, d, Target::Tag(i as u32))).collect();
        let mut hits: Vec<(u32, &str)> =
            names.iter().filter_map(|n| rank(n, needle).map(|r| (r, &n.text[..n.length]))).collect();
        hits.sort_unstable();
        hits.into_iter().map(|(_, n)| n.to_owned()).collect()
    }

    #[test]
    fn the_beginning_of_a_name_comes_before_the_beginning_of_a_part_and_that_before_the_middle() {
        let names = [("oldpump.x", ""), ("site.pump1", ""), ("pump1.flow", ""), ("tank1", "level before the pump")];
        assert_eq!(ranked(&names, "pump"), ["pump1.flow", "site.pump1", "oldpump.x", "tank1"]);
    }

    #[test]
    fn all_words_must_be_there_in_any_order() {
        let names = [("pump1.flow", "discharge"), ("pump2.flow", "suction")];
        assert_eq!(ranked(&names, "flow disch"), ["pump1.flow"]);
        assert!(ranked(&names, "flow level").is_empty());
        assert_eq!(ranked(&names, "").len(), 2);
    }

    #[test]
    fn capitals_in_names_do_not_matter() {
        assert_eq!(ranked(&[("TankFarm.Level", "")], "farm.l"), ["tankfarm.level"]);
    }

    #[test]
    fn a_hundred_thousand_tags_are_looked_at_a_slice_a_frame() {
        let mut finder = Finder { plan: Some(Arc::default()), ..Finder::default() };
        let plan = finder.plan.clone().unwrap();
        finder.names = (0..100_000).map(|i| Name::new(&format!("area{}.tag{i}", i % 7), "", Target::Tag(i))).collect();
        finder.words = "tag99999".to_owned();
        let mut frames = 1;
        while finder.advance(&plan) {
            frames += 1;
        }
        assert_eq!(frames, 5);
        assert_eq!(finder.hits.len(), 1);
    }
}
