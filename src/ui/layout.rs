//! What folds when the window is small or its text large: a window of 640 by 400 with text at 200 % has 320 by 200 points.
//!
//! The counts of alarms and the worst of them stay whatever the size; so does the clock. Then the display has the room:
//! the tree folds behind its button, the faceplate takes the place of the display, the banner has fewer rows.

use super::banner;
use eframe::egui::Vec2;

/// Below this width banner and counts stand one above the other, so that names and messages of alarms have room.
const STACKED_WIDTH: f32 = 1_100.0;
/// Below this height the banner is one line and one alarm.
const LOW: f32 = 300.0;
/// Below this width the tree folds away.
const FOLDED_WIDTH: f32 = 560.0;
/// Below this width the tree is narrow.
const NARROW_WIDTH: f32 = 900.0;
/// Least width of a display beside a faceplate.
const LEAST_DISPLAY: f32 = 190.0;

/// How the parts of a window of some size lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fold {
    /// Counts and buttons stand on a line of their own above the alarms.
    pub stacked: bool,
    /// Alarms in the banner.
    pub rows: usize,
    /// Width of the tree; `None`: folded away.
    pub tree: Option<f32>,
}

impl Fold {
    /// For a window of so many points.
    pub fn of(size: Vec2) -> Self {
        let stacked = size.x < STACKED_WIDTH || size.y < LOW;
        let rows = match size.y {
            y if y < 340.0 => 1,
            y if y < 480.0 => 2,
            _ => banner::ROWS,
        };
        let tree = match size.x {
            x if x < FOLDED_WIDTH => None,
            x if x < NARROW_WIDTH => Some(166.0),
            _ => Some(196.0),
        };
        Self { stacked, rows: if stacked { rows } else { banner::ROWS }, tree }
    }

    /// Height of the banner. It is the same whatever the banner has to say, so that nothing below it moves.
    pub fn banner_height(self) -> f32 {
        if self.stacked { banner::HEAD + self.rows as f32 * banner::ROW + 4.0 } else { banner::HEIGHT }
    }

    /// Whether a faceplate of this width leaves too little of the display to be worth showing.
    pub fn faceplate_covers(room: f32, faceplate: f32) -> bool {
        room - faceplate < LEAST_DISPLAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::vec2;

    #[test]
    fn the_usual_window_folds_nothing_and_the_smallest_keeps_one_alarm() {
        assert_eq!(Fold::of(vec2(1280.0, 800.0)), Fold { stacked: false, rows: 3, tree: Some(196.0) });
        assert_eq!(Fold::of(vec2(640.0, 400.0)), Fold { stacked: true, rows: 2, tree: Some(166.0) });
        assert_eq!(Fold::of(vec2(320.0, 200.0)), Fold { stacked: true, rows: 1, tree: None });
    }

    #[test]
    fn the_banner_never_takes_more_than_half_of_the_window() {
        for width in [320.0, 480.0, 640.0, 760.0, 1024.0, 1920.0] {
            for height in [200.0, 267.0, 300.0, 340.0, 400.0, 533.0, 1080.0] {
                let fold = Fold::of(vec2(width, height));
                assert!(fold.banner_height() <= height / 2.0, "{width}×{height}: {fold:?}");
                assert!(fold.rows >= 1);
            }
        }
    }
}
