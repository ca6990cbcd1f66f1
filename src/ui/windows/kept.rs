//! Where windows stood, and that what comes back is to be seen.

use eframe::egui::{Rect, Vec2, pos2, vec2};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Windows of their own that one project may have.
pub const MOST: usize = 16;

/// A display that stood in a window of its own. Lengths are points at 100 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct KeptWindow {
    /// Its name in the project.
    pub display: String,
    /// The corner of its frame; none where this desktop does not say.
    pub position: Option<[i32; 2]>,
    /// Its inner size.
    pub size: [u16; 2],
    /// It filled its screen.
    pub full_screen: bool,
}

impl Default for KeptWindow {
    fn default() -> Self {
        Self { display: String::new(), position: None, size: [1_000, 700], full_screen: false }
    }
}

/// The windows of one project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Arrangement {
    /// Its file; empty: the demo.
    pub project: PathBuf,
    /// In the order in which they were opened.
    pub windows: Vec<KeptWindow>,
}

impl Arrangement {
    /// Without what no screen could show.
    pub fn within_bounds(&mut self) {
        self.windows.truncate(MOST);
        for window in &mut self.windows {
            let [width, height] = window.size;
            window.size = [width.clamp(320, 8_000), height.clamp(240, 8_000)];
        }
    }
}

/// So much of a window's upper edge has to be on a screen for a hand to take it.
const IN_SIGHT: Vec2 = vec2(100.0, 30.0);

/// Where a window goes, that can be seen there: where it stood, if a screen is there now; else on the first one, `nth`
/// steps from its corner, so that several do not lie on each other. Without screens that are known: where it stood.
pub fn in_sight(stood: Rect, screens: &[Rect], nth: usize) -> Rect {
    let top = Rect::from_min_size(stood.min, vec2(stood.width(), IN_SIGHT.y));
    let is_seen = |screen: &Rect| {
        let part = screen.intersect(top);
        part.width() >= IN_SIGHT.x.min(stood.width()) && part.height() >= IN_SIGHT.y
    };
    let Some(first) = screens.first().filter(|_| !screens.iter().any(is_seen)) else { return stood };
    let size = stood.size().min(first.size());
    let step = 40.0 * (nth % 8 + 1) as f32;
    let corner = first.min + vec2(step, step).min(first.size() - size);
    Rect::from_min_size(pos2(corner.x, corner.y), size)
}

/// The screen that most of a window is on, by its number.
pub fn screen_of(stood: Rect, screens: &[Rect]) -> Option<usize> {
    let shared = |screen: &Rect| screen.intersect(stood).size().max(Vec2::ZERO);
    let areas = screens.iter().map(|screen| shared(screen).x * shared(screen).y);
    areas.enumerate().filter(|(_, area)| *area > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(nth, _)| nth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f32, y: f32, w: f32, h: f32) -> Rect {
        Rect::from_min_size(pos2(x, y), vec2(w, h))
    }

    #[test]
    fn a_window_whose_screen_is_gone_comes_onto_one_that_is_there() {
        let [left, right] = [rect(0.0, 0.0, 1920.0, 1080.0), rect(1920.0, 0.0, 1920.0, 1080.0)];
        let stood = rect(2000.0, 100.0, 1000.0, 700.0);
        assert_eq!(in_sight(stood, &[left, right], 0), stood);
        assert_eq!(in_sight(stood, &[left], 0), rect(40.0, 40.0, 1000.0, 700.0));
        assert_eq!(in_sight(stood, &[left], 1), rect(80.0, 80.0, 1000.0, 700.0));
        assert_eq!(in_sight(stood, &[], 0), stood, "of screens nothing is known");
        // Half outside it can still be taken by its upper edge; above the screen it cannot.
        let half = rect(-600.0, 100.0, 1000.0, 700.0);
        assert_eq!(in_sight(half, &[left], 0), half);
        assert_ne!(in_sight(rect(100.0, -400.0, 1000.0, 700.0), &[left], 0).min.y, -400.0);
        // Of a small screen no more than all is taken.
        assert_eq!(in_sight(stood, &[rect(0.0, 0.0, 800.0, 600.0)], 0), rect(0.0, 0.0, 800.0, 600.0));
    }

    #[test]
    fn the_screen_that_most_of_a_window_is_on_is_its_own() {
        let screens = [rect(0.0, 0.0, 1920.0, 1080.0), rect(1920.0, 0.0, 1920.0, 1080.0)];
        assert_eq!(screen_of(rect(1800.0, 0.0, 1000.0, 700.0), &screens), Some(1));
        assert_eq!(screen_of(rect(0.0, 0.0, 1920.0, 1080.0), &screens), Some(0));
        assert_eq!(screen_of(rect(9000.0, 0.0, 100.0, 100.0), &screens), None);
    }
}
