//! One line of text in a given place: cut with an ellipsis where it does not fit, never over its neighbour.

use crate::ui::fonts;
use crate::ui::words::GROUP;
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
/// is set smaller, then its groups of digits close up, and where even that does not fit at the least size it is no number
/// at all but a row of signs.
pub fn number(painter: &Painter, text: &str, size: f32, colour: Color32, max_width: f32) -> Arc<Galley> {
    let fitting = |text: &str| {
        let whole = |size: f32| painter.layout_no_wrap(text.to_owned(), fonts::regular(size), colour);
        let galley = whole(size);
        if galley.size().x <= max_width {
            return Some(galley);
        }
        let smaller = (size * max_width / galley.size().x * 0.98).floor();
        (smaller >= LEAST_NUMBER).then(|| whole(smaller))
    };
    fitting(text)
        .or_else(|| text.contains(GROUP).then(|| fitting(&text.replace(GROUP, ""))).flatten())
        .unwrap_or_else(|| line(painter, "#####", fonts::regular(size.min(11.0)), colour, max_width))
}

/// Paints a number into `rect`; see [`number`].
pub fn paint_number(painter: &Painter, rect: Rect, align: Align2, text: &str, size: f32, colour: Color32) -> Rect {
    let galley = number(painter, text, size, colour, rect.width());
    let placed = align.align_size_within_rect(galley.size(), rect);
    painter.galley(placed.min, galley, colour);
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fonts::size;
    use crate::ui::theme::Theme;
    use crate::ui::words;
    use eframe::egui::{Context, RawInput};

    /// What is painted of a number in this width, and how wide it is.
    fn painted(number_text: &str, size: f32, width: f32) -> (String, f32) {
        let ctx = Context::default();
        Theme::dark().install(&ctx);
        let mut seen = (String::new(), 0.0);
        for _ in 0..2 {
            let mut output = ctx.run_ui(RawInput::default(), |ui| {
                let galley = number(ui.painter(), number_text, size, Color32::WHITE, width);
                seen = (galley.text().to_owned(), galley.size().x);
            });
            output.textures_delta.clear();
        }
        seen
    }

    #[test]
    fn a_number_is_whole_in_any_room_or_none_at_all() {
        let text = words::count(18_446_744_073_709_551_609);
        for width in [260.0, 150.0, 100.0, 95.0, 60.0, 20.0_f32] {
            let (shown, wide) = painted(&text, size::GREAT, width);
            let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
            assert!(digits == "18446744073709551609" || shown == "#####", "{width}: {shown}");
            assert!(wide <= width || shown == "#####", "{width}: {wide}");
        }
        assert_eq!(painted(&text, size::GREAT, 260.0).0, text, "smaller, with its groups");
        assert_eq!(painted(&text, size::GREAT, 20.0).0, "#####");
        let (grouped, _) = painted(&text, LEAST_NUMBER, 1_000.0);
        let narrow = painted(&text.replace(GROUP, ""), LEAST_NUMBER, 1_000.0).1;
        assert_eq!(grouped, text);
        assert_eq!(painted(&text, LEAST_NUMBER, narrow + 1.0).0, "18446744073709551609", "groups close up last");
    }
}
