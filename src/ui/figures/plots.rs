//! Plots of the figures: the rate of each ten minutes, the spread of priorities, the most frequent alarms.

use crate::engine::figures::{BLOCK, Counted as Alarm, FLOOD_ABOVE, Figures, Named};
use crate::project::Priority;
use crate::text::visible;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::{symbol, tell, text};
use crate::ui::{Frame, words};
use eframe::egui::{Align2, Rect, Role, Sense, Stroke, Ui, pos2, vec2};

/// Height of the bars of priorities with their title.
const SPREAD: f32 = 122.0;
/// Height of one bar of an alarm.
const BAR: f32 = 19.0;
/// The scale of the rate reaches at least to here, so that a calm day looks calm.
const LEAST_SCALE: u32 = 12;

/// All of them, below each other.
pub fn ui(ui: &Ui, rect: Rect, frame: &Frame<'_>, figures: &Figures) {
    let lists: Vec<(&str, &Named, &str)> = [
        ("Most frequent", &figures.top, "times"),
        ("Chattering", &figures.chattering, "times"),
        ("Fleeting", &figures.fleeting, "times"),
        ("Stale now", &figures.stale, "hours"),
    ]
    .into_iter()
    .filter(|(_, named, _)| named.all > 0)
    .collect();
    let rows: usize = lists.iter().map(|(_, named, _)| named.first.len().min(10) + 2).sum();
    let wanted = rows as f32 * BAR;
    let rate = (rect.height() - SPREAD - wanted - 6.0 * STEP).clamp((rect.height() * 0.32).clamp(110.0, 190.0), 300.0);
    let mut top = rect.top();
    let mut next = |height: f32| {
        let part = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), (top + height).min(rect.bottom())));
        top += height + 2.0 * STEP;
        part
    };
    rate_ui(ui, next(rate), frame, figures);
    spread_ui(ui, next(SPREAD), frame, figures);
    for (title, named, unit) in lists {
        let part = next((named.first.len().min(10) + 2) as f32 * BAR);
        if part.height() >= 2.0 * BAR {
            named_ui(ui, part, frame, (title, unit), named, figures.annunciated);
        }
    }
}

fn title(ui: &Ui, rect: Rect, frame: &Frame<'_>, words: &str, quiet: &str) -> Rect {
    let line = rect.with_max_y(rect.top() + BAR);
    let ink = text::paint(ui.painter(), line, Align2::LEFT_CENTER, words, fonts::strong(size::BODY), frame.theme.text);
    let rest = line.with_min_x(ink.right() + 2.0 * STEP);
    text::paint(ui.painter(), rest, Align2::LEFT_CENTER, quiet, fonts::regular(size::BODY), frame.theme.muted);
    rect.with_min_y(line.bottom())
}

/// Annunciations of each ten minutes, or the most of as many blocks as a pixel column holds.
fn rate_ui(ui: &Ui, rect: Rect, frame: &Frame<'_>, figures: &Figures) {
    let theme = frame.theme;
    let blocks = &figures.blocks;
    let most = blocks.iter().copied().max().unwrap_or(0);
    let per_column = blocks.len().div_ceil((rect.width() / 2.0).max(1.0) as usize).max(1);
    let quiet = match per_column {
        1 => "alarms in each 10 minutes".to_owned(),
        _ => format!("most in 10 minutes, of each {}", words::duration_of_range(Span(BLOCK.0 * per_column as i64))),
    };
    let below = title(ui, rect, frame, "Rate", &quiet);
    let plot =
        Rect::from_min_max(pos2(below.left() + 34.0, below.top() + STEP), pos2(below.right(), below.bottom() - 17.0));
    if plot.height() < 20.0 || blocks.is_empty() {
        return;
    }
    let painter = ui.painter();
    painter.rect_filled(plot, 2.0, theme.track);
    let top = most.max(LEAST_SCALE) as f32;
    let y = |value: f32| plot.bottom() - plot.height() * value / top;
    let columns = blocks.len().div_ceil(per_column);
    let width = plot.width() / columns as f32;
    for (index, chunk) in blocks.chunks(per_column).enumerate() {
        let count = chunk.iter().copied().max().unwrap_or(0);
        if count > 0 {
            let left = plot.left() + index as f32 * width;
            let gap = if width > 4.0 { 1.0 } else { 0.0 };
            let bar = Rect::from_min_max(
                pos2(left, y(count as f32)),
                pos2((left + width - gap).max(left + 1.0), plot.bottom()),
            );
            painter.rect_filled(bar, 0.0, if count > FLOOD_ABOVE { theme.text } else { theme.normal });
        }
    }
    // The average that is wanted, the most that can be managed, and where a flood begins.
    for (value, words) in [(1.0, "1"), (2.0, "2"), (FLOOD_ABOVE as f32, "10")] {
        let at = y(value);
        painter.hline(plot.x_range(), at, Stroke::new(1.0, theme.muted));
        let label = Rect::from_min_max(pos2(below.left(), at - 7.0), pos2(plot.left() - STEP, at + 7.0));
        // Lines that lie on each other have one label: that of the flood.
        if value > 2.0 || plot.height() / top > 12.0 || (value < 2.0 && plot.height() / top > 2.0) {
            text::paint(painter, label, Align2::RIGHT_CENTER, words, fonts::regular(size::SMALL), theme.muted);
        }
    }
    if most > FLOOD_ABOVE + 2 {
        let label =
            Rect::from_min_max(pos2(below.left(), plot.top() - 2.0), pos2(plot.left() - STEP, plot.top() + 12.0));
        text::paint(
            painter,
            label,
            Align2::RIGHT_CENTER,
            words::count(u64::from(most)),
            fonts::regular(size::SMALL),
            theme.muted,
        );
    }
    let now = frame.snapshot.now.utc;
    let axis = Rect::from_min_max(pos2(plot.left(), plot.bottom() + 2.0), pos2(plot.right(), below.bottom()));
    let time = |at: Utc| words::instant_within(Span::from_secs(60), at, now, frame.zone);
    for (at, align) in [(figures.from, Align2::LEFT_CENTER), (figures.to, Align2::RIGHT_CENTER)] {
        text::paint(painter, axis, align, time(at), fonts::regular(size::SMALL), theme.muted);
    }
    let response = ui.interact(plot, ui.scope_id().with("rate"), Sense::hover());
    tell(&response, Role::Image, "plot rate of alarms", || {
        format!("at most {most} in 10 minutes, {} floods", figures.floods)
    });
    if let Some(pointer) = response.hover_pos() {
        let index = (((pointer.x - plot.left()) / width).floor().max(0.0) as usize).min(columns - 1);
        let first = index * per_column;
        let count = blocks.iter().skip(first).take(per_column).copied().max().unwrap_or(0);
        let from = figures.first_block + Span(BLOCK.0 * first as i64);
        let to = from + Span(BLOCK.0 * per_column as i64);
        response.on_hover_text(format!("{} to {}: {count}", time(from), time(to)));
    }
}

/// Four bars, each with a mark where it should end.
fn spread_ui(ui: &Ui, rect: Rect, frame: &Frame<'_>, figures: &Figures) {
    let theme = frame.theme;
    let below = title(ui, rect, frame, "Priorities", "share of each beside its target, 80, 15, 5 and under 1 %");
    let painter = ui.painter();
    for (index, priority) in Priority::ALL.into_iter().enumerate() {
        let top = below.top() + index as f32 * (BAR + 4.0) + STEP;
        let line = Rect::from_min_max(pos2(below.left(), top), pos2(below.right(), top + BAR));
        if line.bottom() > rect.bottom() + 1.0 {
            return;
        }
        let share = figures.priority_share(priority) as f32;
        let target = [0.01, 0.05, 0.15, 0.80_f32][index];
        symbol::mark(painter, priority, pos2(line.left() + 8.0, line.center().y), 11.0, theme.muted, true);
        let name = Rect::from_min_max(pos2(line.left() + 20.0, top), pos2(line.left() + 76.0, line.bottom()));
        text::paint(painter, name, Align2::LEFT_CENTER, priority.word(), fonts::regular(size::BODY), theme.text);
        let track =
            Rect::from_min_max(pos2(name.right() + STEP, top + 3.0), pos2(line.right() - 108.0, line.bottom() - 3.0));
        if track.width() > 20.0 {
            painter.rect_filled(track, 2.0, theme.track);
            let bar = track.with_max_x(track.left() + track.width() * share);
            painter.rect_filled(bar, 2.0, theme.normal);
            let mark = track.left() + track.width() * target;
            painter.vline(mark, (track.top() - 3.0)..=(track.bottom() + 3.0), Stroke::new(2.0, theme.text));
        }
        let words = format!("{}  ({})", super::number(f64::from(share), true), words::count(figures.priorities[index]));
        let numbers = Rect::from_min_max(pos2(line.right() - 104.0, top), line.max);
        text::paint(painter, numbers, Align2::RIGHT_CENTER, words, fonts::regular(size::BODY), theme.text);
    }
}

fn named_ui(ui: &Ui, rect: Rect, frame: &Frame<'_>, (head, unit): (&str, &str), named: &Named, all: u64) {
    let theme = frame.theme;
    let more = named.all - named.first.len() as u64;
    let quiet = if more > 0 { format!("and {} more", words::count(more)) } else { String::new() };
    let below = title(ui, rect, frame, head, &quiet);
    let most = named.first.first().map_or(1, |counted| counted.count.max(1));
    for (index, Alarm { alarm, count }) in named.first.iter().enumerate() {
        let line = Rect::from_min_size(pos2(below.left(), below.top() + index as f32 * BAR), vec2(below.width(), BAR));
        if line.bottom() > rect.bottom() + 1.0 {
            return;
        }
        let middle = line.left() + line.width() * 0.45;
        let name = line.with_max_x(middle - STEP);
        text::paint(ui.painter(), name, Align2::LEFT_CENTER, visible(alarm), fonts::regular(size::BODY), theme.text);
        let track = Rect::from_min_max(pos2(middle, line.top() + 4.0), pos2(line.right() - 112.0, line.bottom() - 4.0));
        if track.width() > 10.0 {
            let share = *count as f32 / most as f32;
            ui.painter().rect_filled(track.with_max_x(track.left() + track.width() * share), 2.0, theme.normal);
        }
        let has_share = head == "Most frequent";
        if has_share {
            let share = super::number(*count as f64 / all.max(1) as f64, true);
            text::paint(ui.painter(), line, Align2::RIGHT_CENTER, share, fonts::regular(size::BODY), theme.muted);
        }
        let words = if unit == "hours" {
            words::duration(Span::from_secs(*count as i64 * 3_600))
        } else {
            words::count(*count)
        };
        let end = line.right() - if has_share { 54.0 } else { 0.0 };
        let numbers = line.with_min_x(end - 104.0).with_max_x(end);
        text::paint(ui.painter(), numbers, Align2::RIGHT_CENTER, &words, fonts::regular(size::BODY), theme.text);
        let response = ui.interact(line, ui.scope_id().with((head, index)), Sense::hover());
        tell(&response, Role::Row, &format!("{head} {alarm}"), || words.clone());
    }
}
