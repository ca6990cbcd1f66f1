//! A tag in the hand: taken from whatever shows it and dropped on a trend, where it becomes a pen; and the second press,
//! which opens a tag's last hour.
//!
//! Whatever opens a faceplate can be taken, see [`can_be_taken`]; a trend takes it, see `panels::trend`. Where there is no
//! pointer to drag with, the finder hands a tag over, see [`offer`].

use super::fonts::{self, size};
use super::theme::{RADIUS, STEP, Theme};
use crate::engine::{Plan, TagId};
use eframe::egui::{
    Align2, Area, Context, DragAndDrop, Id, LayerId, Order, PointerButton, Pos2, Rect, Response, Sense, Stroke,
    StrokeKind, Vec2, pos2, vec2,
};
use std::sync::Arc;
use std::time::Duration;

/// What is dragged: a tag of the plan that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InHand(pub TagId);

/// Makes what shows a tag something that can be dragged. A finger scrolls instead: it has no other way to.
pub fn can_be_taken(response: &Response, tag: TagId) {
    if response.ctx.input(eframe::egui::InputState::has_touch_screen) {
        return;
    }
    if response.interact(Sense::drag()).drag_started_by(PointerButton::Primary) {
        DragAndDrop::set_payload(&response.ctx, InHand(tag));
    }
}

/// What is in the hand now.
pub fn held(ctx: &Context) -> Option<TagId> {
    DragAndDrop::payload::<InHand>(ctx).map(|held| held.0)
}

/// How long a tag is held still over what opens, until it opens.
const REST_SECS: f32 = 0.35;

/// Whether a tag is held still over something that leads elsewhere: it is opened then, so that a tag of one place reaches
/// a trend of another.
pub fn rests_on(response: &Response) -> bool {
    if held(&response.ctx).is_none() || !response.contains_pointer() {
        return false;
    }
    let still = response.ctx.input(|i| i.pointer.time_since_last_movement());
    if still < REST_SECS {
        response.ctx.request_repaint_after(Duration::from_secs_f32(REST_SECS - still));
    }
    still >= REST_SECS
}

/// Lets go of it: it is of a plan that is no longer shown.
pub fn let_go(ctx: &Context) {
    if held(ctx).is_some() {
        DragAndDrop::clear_payload(ctx);
    }
}

/// Paints the tag's name beside the pointer.
pub fn ghost_ui(ctx: &Context, plan: &Plan, theme: &Theme) {
    let (Some(tag), Some(at)) = (held(ctx).and_then(|id| plan.tag(id)), ctx.pointer_hover_pos()) else { return };
    let painter = ctx.layer_painter(LayerId::new(Order::Tooltip, Id::unique("tag in the hand")));
    let name = painter.layout_no_wrap(tag.name.to_string(), fonts::strong(size::BODY), theme.text);
    let rect = Rect::from_min_size(at + vec2(14.0, 10.0), name.size() + 2.0 * vec2(2.0 * STEP, STEP));
    // Near an edge it stands at the other side of the pointer.
    let room = ctx.content_rect();
    let over = vec2(
        (rect.right() - room.right()).max(0.0),
        if rect.bottom() > room.bottom() { rect.height() + 24.0 } else { 0.0 },
    );
    let rect = rect.translate(-over);
    painter.rect(rect, f32::from(RADIUS), theme.raised, Stroke::new(1.0, theme.select), StrokeKind::Inside);
    painter.galley(rect.min + vec2(2.0 * STEP, STEP), name, theme.text);
}

/// Hands a tag to the trend of this id, which takes it in its next frame; by name, for plans come and go.
pub fn offer(ctx: &Context, trend: Id, name: Arc<str>) {
    ctx.data_mut(|data| data.insert_temp(trend.with("offered"), name));
    ctx.request_repaint();
}

/// Whether something was handed to the trend of this id.
pub fn is_offered(ctx: &Context, trend: Id) -> bool {
    ctx.data(|data| data.get_temp::<Arc<str>>(trend.with("offered")).is_some())
}

/// What was handed to the trend of this id.
pub fn take_offer(ctx: &Context, trend: Id) -> Option<Arc<str>> {
    ctx.data_mut(|data| data.remove_temp(trend.with("offered")))
}

/// Presses that follow each other within this are two of one.
const DOUBLE_SECS: f64 = 0.4;
/// How far the pointer may move between them, in points.
const NEAR: f32 = 7.0;

/// Waits for a second press where a first one opened a faceplate.
///
/// The faceplate takes room, so that something else may lie under the pointer by then, even a button that acknowledges.
/// For as long as the second press may come, a shield lies there and takes it: it means the tag of the first press.
#[derive(Debug, Default)]
pub struct SecondPress(Option<First>);

#[derive(Debug, Clone, Copy)]
struct First {
    tag: TagId,
    at: Pos2,
    /// In seconds of the window.
    until: f64,
}

impl SecondPress {
    /// A faceplate was opened in this frame; where it was by the pointer, a second press may follow.
    pub fn after(&mut self, ctx: &Context, tag: TagId) {
        let (by_pointer, at, time) = ctx.input(|i| (i.pointer.primary_released(), i.pointer.interact_pos(), i.time));
        self.0 = at.filter(|_| by_pointer).map(|at| First { tag, at, until: time + DOUBLE_SECS });
        if let Some(first) = self.0 {
            // In its first frame an area is only measured: that frame is this one, and the next is not long in coming.
            Self::shield_ui(ctx, first.at);
            ctx.request_repaint();
        }
    }

    /// Nobody waits any more.
    pub const fn forget(&mut self) {
        self.0 = None;
    }

    /// To be called once a frame; gives back the tag that was pressed twice.
    pub fn ui(&mut self, ctx: &Context) -> Option<TagId> {
        let first = self.0?;
        let (time, pointer) = ctx.input(|i| (i.time, i.pointer.latest_pos()));
        if time > first.until || pointer.is_none_or(|p| p.distance(first.at) > NEAR) {
            self.0 = None;
            return None;
        }
        ctx.request_repaint_after(Duration::from_secs_f64((first.until - time).clamp(0.0, DOUBLE_SECS) + 0.01));
        Self::shield_ui(ctx, first.at).then(|| {
            self.0 = None;
            first.tag
        })
    }

    /// Lies over everything; whether it was pressed.
    fn shield_ui(ctx: &Context, at: Pos2) -> bool {
        let shield = Area::new(Id::unique("second press")).order(Order::Foreground).pivot(Align2::CENTER_CENTER);
        let size = Vec2::splat(2.0 * NEAR);
        let shown =
            shield.fixed_pos(at).constrain(false).show(ctx, |ui| ui.allocate_exact_size(size, Sense::click()).1);
        shown.inner.clicked()
    }
}

/// Where a tag would land: the whole of a trend, with what its drop would do.
pub fn landing(painter: &eframe::egui::Painter, rect: Rect, words: &str, lands: bool, theme: &Theme) {
    let stroke = if lands { Stroke::new(2.0, theme.select) } else { Stroke::new(1.0, theme.muted) };
    painter.rect_stroke(rect, f32::from(RADIUS), stroke, StrokeKind::Inside);
    let ink = if lands { theme.text } else { theme.muted };
    let galley = super::widgets::text::lines(painter, words, size::BODY, ink, (rect.width() - 24.0).max(40.0), 3);
    let center = pos2(rect.center().x, rect.top() + 26.0 + galley.size().y / 2.0);
    let place = Rect::from_center_size(center, galley.size() + vec2(20.0, 12.0));
    painter.rect(place, f32::from(RADIUS), theme.raised, theme.border(), StrokeKind::Inside);
    painter.galley(place.center() - galley.size() / 2.0, galley, ink);
}
