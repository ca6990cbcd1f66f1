//! The flood console: above the list, what came first, what is new, what chatters; the list below it is folded.
//!
//! It opens by itself when a flood begins, and stays until somebody leaves it; left, it stays away until the next flood.
//! Nothing is hidden that one key does not bring back: F4 leaves it, and every alarm has its row again.

use super::order::Fold;
use crate::engine::{AlarmId, AlarmRef, AlarmState, AlarmView, Command, Counts, Snapshot};
use crate::project::Priority;
use crate::time::{Mono, Now, Span};
use crate::ui::ask::{Asked, What};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{self, Brush, button_or_why, text};
use crate::ui::{Action, Frame, Outbox, acts, words};
use eframe::egui::{Align2, Id, Key, Modifiers, Rect, Role, Sense, Ui, pos2, vec2};
use std::cmp::Reverse;

/// What came so lately is new.
const NEW: Span = Span::from_secs(60);
/// Who has not looked at the console for so long has been away: all that came meanwhile is new.
const AWAY: Span = Span::from_secs(5);
/// The window of the flood rule: what led to the flood came within this before it was one.
const BEFORE: Span = Span::from_secs(600);
/// For how long one key shelves what chatters.
const SHELVED: Span = Span::from_secs(30 * 60);
/// The key's reason, in the journal.
const REASON: &str = "Chattering";
/// Height of a line.
const LINE: f32 = 23.0;
/// Height of the words above.
const HEAD: f32 = 30.0;
/// Below this width the three stand one below the other, a line each.
const NARROW: f32 = 640.0;

/// What is remembered from frame to frame.
#[derive(Debug, Default)]
pub struct Console {
    on: bool,
    /// A flood has begun, and it waits for the pointer to leave the rows.
    due: bool,
    /// The beginning of the flood that it knows of.
    begun: Option<Now>,
    /// When it was last on the screen, and when somebody who was away came back, and since when that one was away.
    painted: Option<Mono>,
    back: Option<(Mono, Mono)>,
}

/// What was asked of it.
#[derive(Debug, Default)]
pub struct Wish {
    /// Show the row of this alarm.
    pub find: Option<AlarmId>,
    /// Leave it.
    pub leave: bool,
}

impl Console {
    /// Takes up the news: where a flood has begun, it is due.
    pub fn follow(&mut self, counts: &Counts) {
        if let Some(begun) = counts.flood_since.filter(|_| counts.flood)
            && self.begun != Some(begun)
        {
            self.begun = Some(begun);
            self.due = !self.on;
        }
    }

    /// Whether a flood has begun that it has not been opened for.
    pub const fn is_due(&self) -> bool {
        self.due
    }

    /// Whether it is open.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Opens it, or leaves it until the next flood.
    pub const fn set(&mut self, on: bool) {
        self.on = on;
        self.due = false;
    }

    /// Into what it folds first.
    pub const FOLD: Fold = Fold::Both;

    /// Its height over a list in a place of this size.
    pub fn height(place: Rect) -> f32 {
        if place.width() < NARROW {
            HEAD + 3.0 * LINE + STEP
        } else {
            HEAD + LINE * (1 + rows(place)) as f32 + 2.0 * STEP
        }
    }

    /// Since when alarms are new to who looks now.
    fn new_since(&mut self, now: Mono) -> Mono {
        if let Some(last) = self.painted.filter(|last| now - *last > AWAY) {
            self.back = Some((now, last));
        }
        self.painted = Some(now);
        let lately = now + Span(-NEW.0);
        match self.back {
            Some((back, away)) if now - back < NEW => away.min(lately),
            _ => lately,
        }
    }

    /// Paints it into `rect`.
    pub fn ui(&mut self, ui: &Ui, rect: Rect, frame: &Frame<'_>, out: &mut Outbox) -> Wish {
        let new_since = self.new_since(frame.snapshot.now.mono);
        let mut wish = Wish { find: None, leave: self.head_ui(ui, rect, frame) };
        let below = rect.with_min_y(rect.top() + HEAD);
        let parts = [first(frame.snapshot, self.begun), newest(frame.snapshot, new_since), chattering(frame.snapshot)];
        let names = ["Came first", "New", "Chattering"];
        if rect.width() < NARROW {
            for (i, (alarms, name)) in parts.iter().zip(names).enumerate() {
                let line = Rect::from_min_size(below.min + vec2(0.0, LINE * i as f32), vec2(below.width(), LINE));
                let label = format!("{name} {}", words::count(alarms.len() as u64));
                let drawn = text::paint(
                    ui.painter(),
                    line.with_max_x(line.left() + 100.0),
                    Align2::LEFT_CENTER,
                    label,
                    fonts::strong(size::BODY),
                    frame.theme.text,
                );
                if let Some(view) = alarms.first() {
                    let line = line.with_min_x(drawn.right().max(line.left() + 84.0) + 2.0 * STEP);
                    row_ui(ui, line, frame, view, (i, 0), &mut wish, out);
                }
            }
            return wish;
        }
        let width = (below.width() - 8.0 * STEP) / 3.0;
        for (i, (alarms, name)) in parts.iter().zip(names).enumerate() {
            let left = below.left() + i as f32 * (width + 4.0 * STEP);
            let column = Rect::from_min_size(pos2(left, below.top()), vec2(width, below.height()));
            let head = column.with_max_y(column.top() + LINE);
            let words = match (name, alarms.len()) {
                ("New", n) => format!("{name} since {}  {}", since(frame, new_since), words::count(n as u64)),
                (_, 0) => name.to_owned(),
                (_, n) => format!("{name}  {}", words::count(n as u64)),
            };
            let drawn = text::paint(
                ui.painter(),
                head,
                Align2::LEFT_CENTER,
                words,
                fonts::strong(size::BODY),
                frame.theme.text,
            );
            let response = ui.interact(drawn, ui.scope_id().with(("console", i)), Sense::hover());
            widgets::tell(&response, Role::Status, name, || words::count(alarms.len() as u64));
            ui.painter().hline(column.x_range(), head.bottom() - 0.5, frame.theme.border());
            for (j, view) in alarms.iter().take(rows_in(below)).enumerate() {
                let top = head.bottom() + LINE * j as f32;
                let line = Rect::from_min_size(pos2(left, top), vec2(width, LINE));
                row_ui(ui, line, frame, view, (i, j), &mut wish, out);
            }
            if alarms.is_empty() {
                let place = head.translate(vec2(0.0, LINE));
                text::paint(
                    ui.painter(),
                    place,
                    Align2::LEFT_CENTER,
                    "none",
                    fonts::regular(size::BODY),
                    frame.theme.muted,
                );
            }
        }
        wish
    }

    /// The words above, and the button to leave it; gives back whether that was pressed.
    fn head_ui(&self, ui: &Ui, rect: Rect, frame: &Frame<'_>) -> bool {
        let head = rect.with_max_y(rect.top() + HEAD - STEP);
        let counts = &frame.snapshot.counts;
        let since = self.begun.map(|begun| words::instant(begun.utc, frame.snapshot.now.utc, frame.zone));
        let rate = rate(counts);
        let words = match (counts.flood, since) {
            (true, Some(since)) if rect.width() < NARROW => format!("⚠ Flood since {since}: {rate}"),
            (true, Some(since)) => format!("⚠ Alarm flood since {since}: {rate}"),
            (false, Some(since)) => format!("The flood that began at {since} is over: {rate}"),
            _ => format!("No flood: {rate}"),
        };
        let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
        let leave = head.with_min_x(head.right() - 118.0);
        let button = widgets::button(
            ui,
            leave,
            ui.scope_id().with("leave"),
            "One by one  F4",
            "Leave the flood console",
            &brush,
        );
        let room = head.with_max_x(leave.left() - 2.0 * STEP);
        let size = if rect.width() < NARROW { size::BODY } else { size::TITLE };
        text::paint(ui.painter(), room, Align2::LEFT_CENTER, &words, fonts::strong(size), frame.theme.text);
        let response = ui.interact(room, ui.scope_id().with("flood head"), Sense::hover());
        widgets::tell(&response, Role::Status, "Flood console", || words.clone());
        button.clicked()
    }
}

/// Rows in each column over a list in a place of this size.
fn rows(place: Rect) -> usize {
    ((place.height() * 0.3 - HEAD - LINE) / LINE).floor().clamp(1.0, 5.0) as usize
}

fn rows_in(below: Rect) -> usize {
    ((below.height() - LINE) / LINE).floor().max(1.0) as usize
}

fn since(frame: &Frame<'_>, at: Mono) -> String {
    let ago = frame.snapshot.now.mono - at;
    words::time_of_day(frame.snapshot.now.utc + Span(-ago.0), frame.zone)
}

/// `34 in 10 min`, `≥ 1 000 in 10 min`.
pub fn rate(counts: &Counts) -> String {
    let at_least = if counts.annunciated >= Counts::MOST_ANNUNCIATED { "≥ " } else { "" };
    format!("{at_least}{} in 10 min", words::count(u64::from(counts.annunciated)))
}

fn standing(snapshot: &Snapshot) -> impl Iterator<Item = &AlarmView> {
    snapshot.alarms.iter().filter(|view| !view.state.is_hidden())
}

/// By when their conditions began, of those that led to the flood or came in it; without a flood of the last ten minutes.
fn first(snapshot: &Snapshot, begun: Option<Now>) -> Vec<&AlarmView> {
    // What began long before and only came back from being hidden was not first.
    let from = begun.map_or(snapshot.now.utc, |begun| begun.utc) + Span(-BEFORE.0);
    let mut alarms: Vec<&AlarmView> = standing(snapshot).filter(|view| view.began >= from).collect();
    alarms.sort_by_key(|view| (view.began, view.raised, view.id));
    alarms
}

/// The newest first.
fn newest(snapshot: &Snapshot, since: Mono) -> Vec<&AlarmView> {
    let mut alarms: Vec<&AlarmView> = standing(snapshot).filter(|view| view.raised_mono >= since).collect();
    alarms.sort_by_key(|view| Reverse((view.raised_mono, view.id)));
    alarms
}

/// The most urgent first.
fn chattering(snapshot: &Snapshot) -> Vec<&AlarmView> {
    standing(snapshot).filter(|view| view.chattering).collect()
}

/// What one key shelves: the most urgent that chatters, and is not being dealt with.
fn next_chatterer(snapshot: &Snapshot) -> Option<&AlarmView> {
    chattering(snapshot).into_iter().find(|view| !view.recording)
}

/// F9 shelves what chatters, wherever the list is on the screen. Of a critical alarm it asks first.
pub fn shelve_by_key(ui: &Ui, frame: &Frame<'_>, out: &mut Outbox) {
    if let Some(view) = next_chatterer(frame.snapshot)
        && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::F9))
    {
        shelve(frame, view, out);
    }
}

fn shelve(frame: &Frame<'_>, view: &AlarmView, out: &mut Outbox) {
    let Some(alarm) = frame.snapshot.plan.alarm(view.id) else { return };
    if acts::not_here(frame.about).is_some() || view.recording {
        return;
    }
    if alarm.priority == Priority::Critical {
        let alarms = vec![AlarmRef { alarm: alarm.name.clone(), occurrence: view.occurrence }];
        out.action(Action::AskForAct(Asked { what: What::Shelve, alarms, because: REASON }));
    } else {
        let until = frame.snapshot.now.utc + SHELVED;
        let reason = Some(REASON.into());
        out.command(Command::Shelve { by: frame.actor(), alarm: alarm.name.clone(), until, reason });
    }
}

/// Symbol, time, name; of one that chatters the button that shelves it.
fn row_ui(
    ui: &Ui,
    rect: Rect,
    frame: &Frame<'_>,
    view: &AlarmView,
    (part, index): (usize, usize),
    wish: &mut Wish,
    out: &mut Outbox,
) {
    let Some(alarm) = frame.snapshot.plan.alarm(view.id) else { return };
    let theme = frame.theme;
    let brush = Brush { theme, blink_on: frame.blink_on };
    let key: Id = ui.scope_id().with(("console", part, index));
    let mut room = rect;
    if part == 2 {
        let is_next = next_chatterer(frame.snapshot).is_some_and(|next| next.id == view.id);
        let label = match (is_next, alarm.priority) {
            (true, Priority::Critical) => "Shelve…  F9",
            (true, _) => "Shelve 30 min  F9",
            (false, Priority::Critical) => "Shelve…",
            (false, _) => "Shelve 30 min",
        };
        let width = if is_next { 122.0 } else { 100.0 };
        let place = rect.with_min_x((rect.right() - width).max(rect.left())).shrink2(vec2(0.0, 1.5));
        room.max.x = place.left() - STEP;
        let why_not =
            acts::not_here(frame.about).or_else(|| view.recording.then(|| "An act on it is being recorded".to_owned()));
        let label = if view.recording { words::say::RECORDING } else { label };
        let name = format!("Shelve {} for 30 min", alarm.name);
        if button_or_why(ui, place, key.with("shelve"), [label, &name], why_not.as_deref(), &brush).clicked() {
            shelve(frame, view, out);
        }
    }
    let response = widgets::press(ui, room, key, &brush, 2.0);
    let name = format!("Show {}", alarm.name);
    widgets::tell(&response, Role::Button, &name, || words::spoken_alarm(frame.snapshot, view, frame.zone));
    if response.clicked() {
        wish.find = Some(view.id);
    }
    let painter = ui.painter();
    let symbol = Symbol::from_state(alarm.priority, view.state);
    symbol.paint(painter, theme, pos2(room.left() + 9.0, room.center().y), 12.0, frame.blink_on);
    let time = if part == 0 { view.began } else { view.raised };
    let time = words::instant(time, frame.snapshot.now.utc, frame.zone);
    let mut rest = room.with_min_x(room.left() + 22.0);
    let ink = if view.state == AlarmState::Acknowledged { theme.muted } else { theme.text };
    if part != 2 && rest.width() > 150.0 {
        let drawn = text::paint(painter, rest, Align2::LEFT_CENTER, time, fonts::regular(size::BODY), theme.muted);
        rest.min.x = drawn.right() + 2.0 * STEP;
    }
    if view.first_out && part == 0 && rest.width() > 150.0 {
        rest = super::row::paint_mark(painter, rest, "first out", ink);
    }
    if part == 2 {
        let times = format!("{}×", words::count(u64::from(view.chatter)));
        let drawn = text::paint(painter, rest, Align2::LEFT_CENTER, times, fonts::strong(size::BODY), ink);
        rest.min.x = (drawn.right() + 2.0 * STEP).max(rest.left() + 7.0 * STEP);
    }
    text::paint(painter, rest, Align2::LEFT_CENTER, alarm.name.as_ref(), fonts::regular(size::BODY), ink);
    response.on_hover_text(alarm.message.as_ref());
}
