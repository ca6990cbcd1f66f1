//! The head of a group of alarms: what part of the plant it is, how many there are, the worst of them, and which came first.

use super::order::Group;
use super::parts::Part;
use super::row::{HEIGHT, focus_stays, paint_mark};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::{self, Brush, text};
use crate::ui::{Frame, words};
use eframe::egui::{Align2, Id, Key, Modifiers, Rect, Response, Role, Sense, Shape, Stroke, Ui, pos2, vec2};

/// A head to be painted.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// Of what.
    pub part: Part,
    /// What lies beneath it; `None`: all of it went while the order is held.
    pub group: Option<&'a Group>,
    /// Its alarms have their rows below it.
    pub open: bool,
    /// For the focus.
    pub key: Id,
}

/// What was asked of a head.
#[derive(Debug)]
pub struct Asked {
    /// For the focus.
    pub response: Response,
    /// Open it, or fold it up.
    pub toggle: bool,
}

impl Head<'_> {
    /// Allocates, interacts, paints.
    pub fn ui(&self, ui: &mut Ui, frame: &Frame<'_>) -> Asked {
        let theme = frame.theme;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 0.5)), 2.0, theme.track);
        let brush = Brush { theme, blink_on: frame.blink_on };
        let response = widgets::press(ui, rect, self.key, &brush, 2.0);
        focus_stays(ui, self.key);
        let name = self.part.name(&frame.snapshot.plan);
        let kind = self.part.kind();
        let spoken = format!("group {kind} {name}").replace("  ", " ");
        widgets::tell(&response, Role::Row, &spoken, || self.spoken(frame));
        let key = |key| response.has_focus() && ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let toggle = match (key(Key::ArrowRight), key(Key::ArrowLeft)) {
            (true, _) => !self.open,
            (_, true) => self.open,
            _ => response.clicked(),
        };
        if response.clicked() {
            response.request_focus();
        }
        self.paint(ui, frame, rect, &name);
        Asked { response, toggle }
    }

    fn paint(&self, ui: &Ui, frame: &Frame<'_>, rect: Rect, name: &str) {
        let theme = frame.theme;
        let painter = ui.painter();
        painter.hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
        let at = pos2(rect.left() + 11.0, rect.center().y);
        let arrow = if self.open {
            [vec2(-4.5, -2.5), vec2(4.5, -2.5), vec2(0.0, 4.0)]
        } else {
            [vec2(-2.5, -4.5), vec2(4.0, 0.0), vec2(-2.5, 4.5)]
        };
        painter.add(Shape::convex_polygon(arrow.map(|by| at + by).to_vec(), theme.muted, Stroke::NONE));
        let Some(group) = self.group else {
            let rest = rect.with_min_x(rect.left() + 48.0);
            let words = format!("{name}: normal");
            text::paint(painter, rest, Align2::LEFT_CENTER, words, fonts::regular(size::BODY), theme.muted);
            return;
        };
        let mark = pos2(rect.left() + 32.0, rect.center().y);
        group.symbol().paint(painter, theme, mark, 13.0, frame.blink_on);
        let mut rest = rect.with_min_x(rect.left() + 48.0).with_max_x(rect.right() - STEP);
        let strong = fonts::strong(size::BODY);
        let most = (rest.width() * 0.4).max(80.0);
        let drawn =
            text::paint(painter, rest.with_max_x(rest.left() + most), Align2::LEFT_CENTER, name, strong, theme.text);
        rest.min.x = (drawn.right() + 3.0 * STEP).max(rect.left() + 48.0 + (rect.width() * 0.16).min(170.0));
        let regular = || fonts::regular(size::BODY);
        let drawn = text::paint(painter, rest, Align2::LEFT_CENTER, counted(group), regular(), theme.text);
        rest.min.x = (drawn.right() + 3.0 * STEP).max(rest.left() + (rect.width() * 0.2).min(210.0));
        if group.chattering > 0 {
            rest = paint_mark(painter, rest, &format!("{} chattering", group.chattering), theme.text);
        }
        let (first, time) = first(frame, group);
        if rest.width() > 120.0 && !self.open {
            let words = if group.first_outs > 0 { "first out" } else { "first" };
            rest = paint_mark(painter, rest, words, theme.text);
            text::paint(painter, rest, Align2::LEFT_CENTER, format!("{time}  {first}"), regular(), theme.muted);
        }
    }

    fn spoken(&self, frame: &Frame<'_>) -> String {
        let fold = if self.open { "open" } else { "folded" };
        let Some(group) = self.group else { return format!("{fold}, normal") };
        let (first, time) = first(frame, group);
        let worst = group.symbol().priority.word();
        format!("{fold}, {}, worst {worst}, first {first} at {time}", counted(group))
    }
}

/// Name of the alarm whose condition began first, and when it began.
fn first(frame: &Frame<'_>, group: &Group) -> (String, String) {
    let name = frame.snapshot.plan.alarm(group.first.0).map_or_else(String::new, |alarm| alarm.name.to_string());
    (name, words::instant(group.first.1, frame.snapshot.now.utc, frame.zone))
}

/// `12 alarms, 8 unacknowledged`.
fn counted(group: &Group) -> String {
    let alarms = words::count(u64::from(group.alarms));
    let noun = if group.alarms == 1 { "alarm" } else { "alarms" };
    match group.unacknowledged {
        0 => format!("{alarms} {noun}, acknowledged"),
        n if n == group.alarms => format!("{alarms} {noun}, unacknowledged"),
        n => format!("{alarms} {noun}, {} unacknowledged", words::count(u64::from(n))),
    }
}
