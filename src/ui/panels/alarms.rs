//! `alarms`: the alarm list. Unacknowledged first, then by priority, then the newest; over the whole middle with filter,
//! folding, sorting, the detail of what is chosen, and in a flood the console.
//!
//! Invariant: no row moves under the pointer. While the pointer is over the rows their order is held: what comes waits
//! above with a count, what goes stays as a row that says so. Invariant: an acknowledgement names the occurrence that
//! its row showed; of what is chosen, those rows alone that were on the screen. Invariant: a filter says what it hides.

mod before;
mod choice;
mod detail;
mod filter;
mod filter_bar;
mod flood;
mod foot;
mod group;
mod heads;
mod keys;
mod order;
mod parts;
mod row;

use super::index::AlarmIndex;
use super::table;
use super::{Aside, Cx, PanelView, grid};
use crate::engine::plan::Subject;
use crate::engine::{AlarmId, AlarmRef, AlarmView, Plan, Snapshot};
use crate::ui::acts::{self, Act, Target};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::{Brush, tell, text};
use crate::ui::{Action, Frame, Outbox, words};
use choice::Choice;
use detail::Detail;
use eframe::egui::{
    Color32, Event, Galley, Id, Key, Modifiers, Popup, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2,
};
use filter::Filter;
use flood::Console;
pub use flood::rate as flood_rate;
use foot::{Foot, Sender};
use order::{Fold, Line, Order, Sort, Wanted};
use parts::{Part, Parts};
pub use row::paint_mark;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines of a message told in full.
const MESSAGE_LINES: usize = 6;
/// Least width of a list that leaves room for the detail of a row beside it.
const BESIDE: f32 = 740.0;
/// A pointer that has not moved for so many seconds is about to do nothing.
const REST: f32 = 5.0;
/// Least height of rows and of a console above them.
const LEAST_ROWS: f32 = 90.0;

/// See the module.
#[derive(Debug, Default)]
pub struct AlarmsPanel {
    list: AlarmList,
}

impl PanelView for AlarmsPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        Aside::quiet(aside(cx.frame))
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        self.list.follow(cx.frame.snapshot);
        self.list.rows_ui(ui, cx.rect, cx.frame, cx.alarms, false, out);
    }
}

/// How many there are and in which order, for the title bar.
pub fn aside(frame: &Frame<'_>) -> String {
    let counts = &frame.snapshot.counts;
    let shown: u32 = counts.shown.iter().sum();
    let waiting: u32 = counts.unacknowledged.iter().sum();
    let mut words = Vec::new();
    if shown > 0 {
        words.push(format!(
            "{} of {} unacknowledged",
            words::count(u64::from(waiting)),
            words::count(u64::from(shown))
        ));
    }
    if counts.hidden > 0 {
        words.push(format!("{} hidden", words::count(u64::from(counts.hidden))));
    }
    words.join("   ")
}

/// What a list remembers from frame to frame.
#[derive(Debug, Default)]
pub struct AlarmList {
    parts: Parts,
    filter: Filter,
    sort: Sort,
    fold: Fold,
    open: BTreeSet<Part>,
    console: Console,
    /// The lines on the screen.
    shown: Order,
    /// The lines as they would be now; the same, unless the order is held.
    newest: Order,
    /// Of what `newest` is made.
    made_of: Option<MadeOf>,
    /// How many of `newest` are not in `shown`.
    waiting: usize,
    held: bool,
    choice: Choice,
    /// The detail of the chosen row is on the screen.
    told: bool,
    /// There is room for it beside the rows; else it takes their place, when it is asked for.
    beside: bool,
    detail: Detail,
    /// Occurrences of rows that were wholly on the screen, as they were there last.
    seen: BTreeMap<AlarmId, u64>,
    sender: Sender,
    /// The last frame had something to say below the rows.
    has_foot: bool,
    /// The line to bring into view.
    find: Option<Line>,
    offset: f32,
    /// Height of the rows in the last frame.
    height: f32,
}

/// Where one of these is another, the lines are made anew.
#[derive(Debug, Clone, PartialEq)]
struct MadeOf {
    alarms: ByPointer<Vec<AlarmView>>,
    plan: ByPointer<Plan>,
    filter: Filter,
    sort: Sort,
    fold: Fold,
    open: BTreeSet<Part>,
}

/// Equal where it is the very same.
#[derive(Debug, Clone)]
struct ByPointer<T>(Arc<T>);

impl<T> PartialEq for ByPointer<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl AlarmList {
    /// Takes up the news that concern the whole list.
    fn follow(&mut self, snapshot: &Snapshot) {
        let before = self.parts.plan().map(Arc::clone);
        if !self.parts.follow(&snapshot.plan) {
            return;
        }
        let plan = &snapshot.plan;
        if let Some(before) = before.filter(|before| parts::are_numbered_alike(before, plan)) {
            // Tags came or went while the plant runs: the rows stay where they are, under a pointer too.
            let now = |id: AlarmId| plan.alarm_id(&before.alarm(id)?.name);
            self.choice.renumber(&now);
            self.shown.renumber(&now);
            self.seen = self.seen.iter().filter_map(|(id, occurrence)| Some((now(*id)?, *occurrence))).collect();
            self.find = self.find.and_then(|line| line.renumbered(&now));
            if let Some(made) = &mut self.made_of {
                made.plan = ByPointer(Arc::clone(plan));
            }
        } else {
            // Numbers of another plan mean something else in this one.
            self.choice.clear();
            self.seen.clear();
            self.open.clear();
            self.filter.clear(filter::Clause::Device);
            self.filter.clear(filter::Clause::Display);
        }
    }

    /// Opens the flood console, or leaves it.
    pub fn show_console(&mut self, on: bool) {
        self.console.set(on);
        self.fold = if on { Console::FOLD } else { Fold::Flat };
        self.open.clear();
        self.held = false;
    }

    /// Whether the flood console is open.
    pub const fn has_console(&self) -> bool {
        self.console.is_on()
    }

    /// The list over the whole middle.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, frame: &Frame<'_>, index: &AlarmIndex, out: &mut Outbox) {
        self.follow(frame.snapshot);
        self.console.follow(&frame.snapshot.counts);
        // Folding would take the rows away from under a pointer that is about to press one.
        let still = ui.input(|i| i.pointer.time_since_last_movement());
        if self.console.is_due() && (still > REST || !ui.rect_contains_pointer(rect)) {
            self.show_console(true);
        }
        if acts::keys_are_ours(ui) {
            flood::shelve_by_key(ui, frame, out);
            self.keys_of_detail(ui, frame, index, out);
        }
        let mut rect = rect;
        let height = Console::height(rect);
        if self.console.is_on() && rect.height() - height > LEAST_ROWS {
            let wish = self.console.ui(ui, rect.with_max_y(rect.top() + height), frame, out);
            rect.min.y += height;
            if wish.leave {
                self.show_console(false);
            }
            if let Some(alarm) = wish.find {
                self.go_to(alarm);
            }
        }
        let told = self.choice.told().filter(|_| self.told);
        let beside = rect.width() >= BESIDE;
        self.beside = beside;
        let list = match told {
            Some(_) if beside => rect.with_max_x(rect.right() - detail::WIDTH - 3.0 * STEP),
            _ => rect,
        };
        if told.is_none() || beside {
            self.rows_ui(ui, list, frame, index, true, out);
        }
        if let Some(id) = told {
            let place = if beside { rect.with_min_x(list.right() + 3.0 * STEP) } else { rect };
            self.told = self.detail.ui(ui, place, frame, id, index.get(id), out);
        }
    }

    /// Esc closes the detail, then lets go what is chosen; where the detail lies over the rows, S shelves.
    fn keys_of_detail(&mut self, ui: &Ui, frame: &Frame<'_>, index: &AlarmIndex, out: &mut Outbox) {
        let Some(id) = self.choice.told().or_else(|| self.choice.alarms().next()) else { return };
        let covered = self.told && !self.beside;
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
            self.told = false;
            if covered {
                // Back to the rows, where they were left.
                self.find = self.choice.lead();
            } else {
                self.choice.clear();
            }
        } else if covered
            && !ui.ctx().egui_wants_keyboard_input()
            && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::S))
            && let Some(target) = Target::new(frame, id, index.get(id))
        {
            target.perform(Act::Shelve, None, out);
        }
    }

    /// Shows the row of an alarm, whatever hides it.
    fn go_to(&mut self, alarm: AlarmId) {
        if !self.newest.takes(alarm) {
            self.filter = Filter::default();
        }
        self.open.extend(self.fold.part(&self.parts, alarm));
        self.held = false;
        self.find = Some(Line::Alarm(alarm));
        self.choice.press(Line::Alarm(alarm), Modifiers::NONE, &[]);
        self.told = true;
    }

    /// Makes the lines anew where that is due, and lets nothing move under the pointer.
    fn arrange(&mut self, ui: &Ui, rect: Rect, snapshot: &Snapshot) {
        let over = ui.rect_contains_pointer(rect) || Popup::is_any_open(ui.ctx());
        if !over {
            self.held = false;
        }
        let wanted = MadeOf {
            alarms: ByPointer(Arc::clone(&snapshot.alarms)),
            plan: ByPointer(Arc::clone(&snapshot.plan)),
            filter: self.filter.clone(),
            sort: self.sort,
            fold: self.fold,
            open: self.open.clone(),
        };
        let made = self.made_of.as_ref();
        // What the person asks for is done under the pointer too; what the plant does is not.
        let asked = made.is_none_or(|made| {
            (made.plan.clone(), &made.filter, made.sort, made.fold, &made.open)
                != (wanted.plan.clone(), &wanted.filter, wanted.sort, wanted.fold, &wanted.open)
        });
        let changed = asked || made.is_some_and(|made| made.alarms != wanted.alarms);
        if changed {
            let Self { filter, sort, fold, open, .. } = self;
            let want = Wanted { filter, sort: *sort, fold: *fold, open };
            self.newest = Order::new(snapshot, &self.parts, want);
            self.made_of = Some(wanted);
        }
        let free = !self.held || asked;
        if free && (changed || self.shown != self.newest) {
            self.shown.clone_from(&self.newest);
            self.choice.keep(&self.shown.lines);
            self.seen.retain(|id, _| self.shown.takes(*id));
            self.waiting = 0;
        } else if changed {
            self.waiting = self.newest.taken.iter().filter(|id| !self.shown.takes(**id)).count();
        }
        self.held = over && !self.shown.lines.is_empty();
    }

    /// The rows with what stands above and below them. `full`: over the whole middle, with filter and folding.
    fn rows_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        frame: &Frame<'_>,
        index: &AlarmIndex,
        full: bool,
        out: &mut Outbox,
    ) {
        let snapshot = frame.snapshot;
        let mut rect = rect;
        if full && snapshot.counts.shown.iter().any(|n| *n > 0) {
            rect.min.y += self.bars_ui(ui, rect, frame);
        }
        self.arrange(ui, rect, snapshot);
        if self.shown.lines.is_empty() {
            let words =
                if self.newest.kept.alarms > 0 { "No alarm passes the filter".to_owned() } else { nothing(snapshot) };
            grid::say(ui, rect.with_min_y(rect.top() + STEP), &words, frame.theme);
            return;
        }
        let key = ui.scope_id().with("rows");
        // Where all is folded there is nothing in columns.
        let in_columns = self.shown.lines.iter().any(|line| matches!(line, Line::Alarm(_)));
        let line = if in_columns { size::SMALL * 1.6 } else { 0.0 };
        let columns = row::columns(name_width(ui, snapshot, &self.shown));
        let mut places = table::places(&columns, rect.width() - row::SCROLL_BAR);
        // Buttons stand at the end of the row, whatever column has gone.
        if let Some((left, right)) = &mut places[7] {
            let free = rect.width() - row::SCROLL_BAR - *right;
            (*left, *right) = (*left + free, *right + free);
        }
        let head = Rect::from_min_size(rect.min, vec2(rect.width() - row::SCROLL_BAR, line));
        let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
        if in_columns && let Some(sort) = heads::ui(ui, head, &places, self.sort, key.with("heads"), &brush) {
            self.sort = sort;
            ui.ctx().request_repaint();
        }
        let has_foot = self.has_foot;
        let foot = Rect::from_min_max(
            pos2(rect.left(), (rect.bottom() - if has_foot { row::FOOT } else { 0.0 }).max(head.bottom())),
            rect.max,
        );
        // What the chosen row could only begin to say is told in full between the rows and the foot.
        let told = if self.told && full { None } else { self.told_in_full(ui, rect.width(), frame, index, &places) };
        let most = (foot.top() - head.bottom() - row::HEIGHT).max(0.0);
        let told_height = told.as_ref().map_or(0.0, |(_, galley)| (galley.size().y + 2.0 * STEP).min(most));
        let told_at = Rect::from_min_max(pos2(rect.left(), foot.top() - told_height), pos2(rect.right(), foot.top()));
        let body = Rect::from_min_max(pos2(rect.left(), head.bottom()), pos2(rect.right(), told_at.top()));
        // Whole rows only, where there are more than fit: half a row reads like a fault of the picture.
        let body = if self.shown.lines.len() as f32 * row::HEIGHT > body.height() && body.height() > row::HEIGHT {
            body.with_max_y(body.top() + (body.height() / row::HEIGHT).floor() * row::HEIGHT)
        } else {
            body
        };
        let visible = self.body_ui(ui, body, frame, index, &places, full, out);
        if let Some((name, galley)) = told {
            tell_in_full(ui, told_at, frame, &name, galley);
        }
        let below = self.below(snapshot, index, visible, full);
        self.has_foot = below.is_needed();
        if has_foot && foot.height() >= row::FOOT - 1.0 {
            below.ui(ui, foot, frame, &mut self.sender, out);
        } else if self.has_foot {
            ui.ctx().request_repaint();
        }
    }

    /// The filter above the list; gives back its height.
    fn bars_ui(&mut self, ui: &mut Ui, rect: Rect, frame: &Frame<'_>) -> f32 {
        let fields = rect.with_max_y(rect.top() + filter_bar::LINE);
        let Self { filter, fold, parts, .. } = self;
        filter_bar::fields_ui(ui, fields, frame, &mut filter_bar::Choices { filter, fold, parts });
        if !self.filter.is_active() {
            return filter_bar::LINE + STEP;
        }
        let chips = fields.translate(vec2(0.0, filter_bar::LINE));
        filter_bar::chips_ui(ui, chips, frame, &mut self.filter, self.newest.kept);
        2.0 * filter_bar::LINE + STEP
    }

    /// The rows themselves; gives back what of them is wholly seen and can be acknowledged.
    fn body_ui(
        &mut self,
        ui: &mut Ui,
        body: Rect,
        frame: &Frame<'_>,
        index: &AlarmIndex,
        places: &[Option<(f32, f32)>; 8],
        full: bool,
        out: &mut Outbox,
    ) -> Vec<AlarmRef> {
        let key = ui.scope_id().with("rows");
        self.height = body.height();
        self.keys(ui, key, frame, full, out);
        let mut scroll = ScrollArea::vertical().auto_shrink(false).min_scrolled_height(0.0);
        if let Some(at) = self.find.take().and_then(|line| self.shown.lines.iter().position(|other| *other == line)) {
            let (top, height) = (at as f32 * row::HEIGHT, body.height());
            self.offset = self.offset.clamp((top + row::HEIGHT - height).max(0.0), top);
            scroll = scroll.vertical_scroll_offset(self.offset);
        }
        let mut visible = Vec::new();
        let mut space = None;
        let lines = std::mem::take(&mut self.shown.lines);
        ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("rows"), |ui| {
            grid::plain_scrolling(ui);
            let output = scroll.show_rows(ui, row::HEIGHT, lines.len(), |ui, rows| {
                for &line in lines.get(rows).unwrap_or_default() {
                    let id = match line {
                        Line::Group(part) => {
                            self.head_ui(ui, frame, part, key, &lines);
                            continue;
                        }
                        Line::Alarm(id) => id,
                    };
                    let view = index.get(id);
                    let chosen = self.choice.has(id);
                    let shown = row::Row { id, view, frame, places, chosen, key: key.with(id.0) };
                    let asked = shown.ui(ui);
                    // A row of which half is cut off was not seen.
                    let whole = body.expand(1.0).contains_rect(asked.rect);
                    if let Some(view) = view.filter(|_| whole) {
                        self.seen.insert(id, view.occurrence);
                        if acts::can_acknowledge(view) {
                            visible.extend(acts::seen(&frame.snapshot.plan, view));
                        }
                    }
                    self.take_up(ui, frame, line, view, &asked, &lines, full, out);
                    if asked.space {
                        space = Some((key.with(id.0), id));
                    }
                }
            });
            self.offset = output.state.clamped_offset().y;
        });
        self.shown.lines = lines;
        if let Some((row, id)) = space {
            // What is chosen and seen; a row that has the focus and is not chosen stands for itself.
            let chosen = |seen: &AlarmRef| {
                let of = frame.snapshot.plan.alarm_id(&seen.alarm);
                of == Some(id) || (self.choice.has(id) && of.is_some_and(|of| self.choice.has(of)))
            };
            let alarms = visible.iter().filter(|seen| chosen(seen)).cloned().collect();
            self.sender.acknowledge(ui, row, alarms, frame, out);
        }
        visible
    }

    /// The head of a group.
    fn head_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, part: Part, key: Id, lines: &[Line]) {
        let line = Line::Group(part);
        let head = group::Head {
            part,
            group: self.newest.groups.get(&part),
            open: self.open.contains(&part),
            key: key.with(part),
        };
        let asked = head.ui(ui, frame);
        if (asked.response.gained_focus() || asked.response.clicked()) && self.choice.lead() != Some(line) {
            self.choice.press(line, Modifiers::NONE, lines);
            self.told = false;
        }
        if asked.toggle {
            if !self.open.remove(&part) {
                self.open.insert(part);
            }
            ui.ctx().request_repaint();
        }
    }

    /// Does what was asked of a row.
    fn take_up(
        &mut self,
        ui: &Ui,
        frame: &Frame<'_>,
        line: Line,
        view: Option<&AlarmView>,
        asked: &row::Asked,
        lines: &[Line],
        full: bool,
        out: &mut Outbox,
    ) {
        let Line::Alarm(id) = line else { return };
        if asked.pressed {
            self.choice.press(line, modifiers_of_press(ui), lines);
            self.told = full && self.choice.has(id) && (self.beside || asked.opens);
            if let (false, Some(Subject::Tag(tag))) = (full, frame.snapshot.plan.alarm(id).map(|alarm| alarm.subject)) {
                out.action(Action::OpenFaceplate(tag));
            }
        } else if asked.chosen && !self.choice.has(id) {
            self.choice.press(line, Modifiers::NONE, lines);
        }
        if let (Some(button), Some(view)) = (asked.acknowledge, view) {
            let alarms = acts::seen(&frame.snapshot.plan, view).into_iter().collect();
            self.sender.acknowledge(ui, button, alarms, frame, out);
        }
        if let (Some(response), Some(target)) = (&asked.response, Target::new(frame, id, view)) {
            acts::row_menu(ui, response, &target, acts::Menu::List, out);
        }
    }

    /// The chosen rows that were on the screen, with the occurrences that they showed.
    fn chosen_as_seen(&self, plan: &Plan) -> Vec<AlarmRef> {
        let seen = |id| Some(AlarmRef { alarm: plan.alarm(id)?.name.clone(), occurrence: *self.seen.get(&id)? });
        self.choice.alarms().filter_map(seen).collect()
    }

    /// What stands below the rows.
    fn below(&self, snapshot: &Snapshot, index: &AlarmIndex, visible: Vec<AlarmRef>, full: bool) -> Foot {
        let mut foot =
            Foot { chosen: self.choice.len(), visible, waiting_above: self.waiting, full, ..Foot::default() };
        let waits = |id: AlarmId| index.get(id).is_some_and(acts::can_acknowledge);
        foot.all_chosen = self.chosen_as_seen(&snapshot.plan);
        let of_it = |seen: &&AlarmRef| snapshot.plan.alarm_id(&seen.alarm).is_some_and(waits);
        foot.of_chosen = foot.all_chosen.iter().filter(of_it).cloned().collect();
        foot.unseen = self.choice.alarms().filter(|id| waits(*id) && !self.seen.contains_key(id)).count();
        foot
    }

    /// Name and message of the chosen row, laid out in lines, where its column cuts it.
    fn told_in_full(
        &self,
        ui: &Ui,
        width: f32,
        frame: &Frame<'_>,
        index: &AlarmIndex,
        places: &[Option<(f32, f32)>; 8],
    ) -> Option<(String, Arc<Galley>)> {
        let id = self.choice.told()?;
        let view = Some(index.get(id)?);
        let alarm = frame.snapshot.plan.alarm(id)?;
        let shown = row::Row { id, view, frame, places, chosen: true, key: Id::NULL };
        if !shown.cuts(ui.painter(), alarm) {
            return None;
        }
        let message = row::bounded(&shown.message(alarm));
        let ink = frame.theme.text;
        let galley = text::lines(ui.painter(), &message, size::BODY, ink, width - 4.0 * STEP, MESSAGE_LINES);
        Some((alarm.name.to_string(), galley))
    }
}

/// Those that were held when the button was let go, not when the frame is made.
fn modifiers_of_press(ui: &Ui) -> Modifiers {
    let of_event = |event: &Event| match event {
        Event::PointerButton { pressed: false, modifiers, .. } => Some(*modifiers),
        _ => None,
    };
    ui.input(|i| i.events.iter().rev().find_map(of_event).unwrap_or(i.modifiers))
}

/// The whole message of the chosen row.
fn tell_in_full(ui: &Ui, rect: Rect, frame: &Frame<'_>, name: &str, galley: Arc<Galley>) {
    ui.painter().rect_filled(rect, 2.0, frame.theme.raised);
    let words = galley.text().to_owned();
    ui.painter().with_clip_rect(rect).galley(rect.min + vec2(2.0 * STEP, STEP), galley, frame.theme.text);
    let response = ui.interact(rect, ui.scope_id().with("message"), Sense::hover());
    tell(&response, Role::Status, &format!("Message of {name}"), || words.clone());
}

/// Width of the longest name among the first rows, so that names are whole where there is room for them at all.
fn name_width(ui: &Ui, snapshot: &Snapshot, order: &Order) -> f32 {
    let names = order.alarms().take(40).filter_map(|id| snapshot.plan.alarm(id)).map(|a| &a.name);
    let longest = names.max_by_key(|name| name.chars().count());
    let width = |name: &Arc<str>| {
        let font = fonts::strong(size::BODY);
        ui.painter().layout_no_wrap(name.to_string(), font, Color32::PLACEHOLDER).size().x
    };
    longest.map_or(0.0, width) + 2.0
}

/// The empty list says what is watched, so that quiet is known from blind.
fn nothing(snapshot: &Snapshot) -> String {
    if let Some([_, words]) = crate::ui::bundle::no_alarms(snapshot) {
        return words.to_owned();
    }
    let plan = &snapshot.plan;
    let plural = |n: usize, word: &str| format!("{} {word}{}", words::count(n as u64), if n == 1 { "" } else { "s" });
    let mut watched = format!("{} watched", plural(plan.alarms.len(), "alarm"));
    if !plan.devices.is_empty() {
        watched =
            format!("{watched} on {} and {}", plural(plan.tags.len(), "tag"), plural(plan.devices.len(), "device"));
    }
    let unwatched = (plan.unwatched_alarms > 0).then(|| {
        format!("{} not watched because of faults in the project", plural(plan.unwatched_alarms as usize, "alarm"))
    });
    let hidden =
        (snapshot.counts.hidden > 0).then(|| format!("{} hidden", words::count(u64::from(snapshot.counts.hidden))));
    let lines: Vec<String> =
        [words::say::NO_ALARMS.to_owned(), watched].into_iter().chain(unwatched).chain(hidden).collect();
    lines.join("\n")
}
