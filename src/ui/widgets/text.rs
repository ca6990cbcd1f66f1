//! One line of text in a given place: cut with an ellipsis where it does not fit, never over its neighbour.

use crate::ui::fonts;
use eframe::egui::text::{LayoutJob, TextFormat, TextWrapping};
use eframe::egui::{Align2, Color32, FontId, Galley, Painter, Rect};
use std::sync::Arc;

/// A number is not set smaller than this.
const LEAST_NUMBER: f32 = 8.0;

/// A line of at most `max_width` points. egui keeps galleys from frame to frame, so that a line that does not change
/// is laid out once.
pub fn line(painter: &Painter, text: impl Into<String>, font: FontId, colour: Color32, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.into(), TextFormat::simple(font, colour));
    job.wrap = TextWrapping::truncate_at_width(max_width.max(0.0));
    job.break_on_newline = false;
    painter.layout_job(job)
}

/// Paints one line into `rect`, aligned in it, cut to its width. Gives back where the ink is.
pub fn paint(
    painter: &Painter,
    rect: Rect,
    align: Align2,
    text: impl Into<String>,
    font: FontId,
    colour: Color32,
) -> Rect {
    if rect.width() < 4.0 {
        return Rect::from_min_size(rect.min, eframe::egui::Vec2::ZERO);
    }
    let galley = line(painter, text, font, colour, rect.width());
    let placed = align.align_size_within_rect(galley.size(), rect);
    painter.galley(placed.min, galley, colour);
    placed
}

/// At most so many lines, wrapped at words.
pub fn lines(painter: &Painter, text: &str, size: f32, colour: Color32, max_width: f32, rows: usize) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), TextFormat::simple(fonts::regular(size), colour));
    job.wrap = TextWrapping { max_width, max_rows: rows, break_anywhere: false, ..TextWrapping::default() };
    painter.layout_job(job)
}

/// Several lines, wrapped at words to the width of `rect` and cut after as many rows as fit.
pub fn paint_wrapped(painter: &Painter, rect: Rect, text: impl Into<String>, font: FontId, colour: Color32) -> Rect {
    if rect.width() < 4.0 || rect.height() < 4.0 {
        return Rect::from_min_size(rect.min, eframe::egui::Vec2::ZERO);
    }
    let rows = (rect.height() / (font.size * 1.25)).floor().max(1.0) as usize;
    let mut job = LayoutJob::single_section(text.into(), TextFormat::simple(font, colour));
    job.wrap =
        TextWrapping { max_width: rect.width(), max_rows: rows, break_anywhere: false, ..TextWrapping::default() };
    let galley = painter.layout_job(job);
    let placed = Rect::from_min_size(rect.min, galley.size());
    painter.galley(placed.min, galley, colour);
    placed
}

/// A number is never cut: what is left of `18 446` after an ellipsis is another number. Where the room is too small it
/// is set smaller, and at the least size it is no number at all but a row of signs.
pub fn number(painter: &Painter, text: &str, size: f32, colour: Color32, max_width: f32) -> Arc<Galley> {
    let whole = |size: f32| painter.layout_no_wrap(text.to_owned(), fonts::regular(size), colour);
    let galley = whole(size);
    if galley.size().x <= max_width {
        return galley;
    }
    let fitting = (size * max_width / galley.size().x * 0.98).floor();
    if fitting >= LEAST_NUMBER {
        whole(fitting)
    } else {
        line(painter, "#####", fonts::regular(size.min(11.0)), colour, max_width)
    }
}

/// Paints a number into `rect`; see [`number`].
pub fn paint_number(painter: &Painter, rect: Rect, align: Align2, text: &str, size: f32, colour: Color32) -> Rect {
    let galley = number(painter, text, size, colour, rect.width());
    let placed = align.align_size_within_rect(galley.size(), rect);
    painter.galley(placed.min, galley, colour);
    placed
}
