//! `bar` and `tank`: tags on upright scales, side by side; tags of one range share the scale at the left.

use super::{Aside, Cx, PanelView, grid, open_faceplate};
use crate::ui::Outbox;
use crate::ui::fonts::{self, size};
use crate::ui::widgets::bar::{Form, bar_ui, paint_scale};
use crate::ui::widgets::{Reading, Scale, text};
use eframe::egui::{Align2, Rect, Ui};

/// Room for the numbers of the scale.
const SCALE: f32 = 30.0;
/// Greatest width of one bar's place.
const WIDEST: f32 = 110.0;

/// Greatest width of one tank's place.
const WIDEST_TANK: f32 = 150.0;

/// See the module.
#[derive(Debug)]
pub struct BarPanel {
    /// Bars, or vessels.
    pub form: Form,
}

impl PanelView for BarPanel {
    /// The unit, where all bars have the same.
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        let mut units = cx.tags().filter_map(|(_, reading, _)| Some(reading?.tag.unit.clone()));
        let first = units.next().unwrap_or_default();
        Aside::quiet(if units.all(|u| u == first) { first } else { String::new() })
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let brush = cx.brush();
        let scales_by_bar: Vec<Option<Scale>> =
            cx.tags().map(|(_, _, id)| Some(cx.alarms.scale(cx.frame.snapshot, id?))).collect();
        let names: Vec<&str> = cx.panel.tags.iter().map(String::as_str).collect();
        let mut titles = short_names(&names);
        let rect = Self::say_why_ui(ui, cx, &titles);
        let mut scales = scales_by_bar.iter().flatten();
        let shared = scales.next().filter(|first| scales.all(|s| s.range == first.range));
        let left = rect.left() + if shared.is_some() { SCALE } else { 0.0 };
        let widest = if self.form == Form::Tank { WIDEST_TANK } else { WIDEST };
        let width = ((rect.right() - left) / titles.len().max(1) as f32).min(widest);
        // Where "tank1" has no room, "t1" has.
        let fits = |title: &String| {
            let galley =
                text::line(ui.painter(), title.as_str(), fonts::regular(size::SMALL), brush.theme.muted, f32::INFINITY);
            galley.size().x <= width - 4.0
        };
        if !titles.iter().all(fits) {
            titles = initials(&titles);
        }
        if let Some(scale) = shared {
            paint_scale(ui, rect.with_max_x(left), scale, &brush);
        }
        for (index, (((name, reading, id), scale), title)) in cx.tags().zip(&scales_by_bar).zip(&titles).enumerate() {
            let x = left + width * index as f32;
            let rect = Rect::from_x_y_ranges(x..=x + width, rect.y_range());
            let (Some(reading), Some(scale)) = (reading, scale) else {
                grid::say_no_tag(ui, rect.shrink(2.0), name, &cx.frame.snapshot.plan, brush.theme);
                continue;
            };
            let response = bar_ui(ui, self.form, rect, ui.scope_id().with(index), title, &reading, scale, &brush);
            open_faceplate(&response, id, out);
        }
    }
}

impl BarPanel {
    /// A line below the bars: which of them is not good, why, since when. Gives back the room above it.
    fn say_why_ui(ui: &Ui, cx: &Cx<'_>, titles: &[String]) -> Rect {
        let doubtful = |(reading, title): (Option<Reading<'_>>, &String)| {
            let reading = reading.filter(|r| !r.quality.is_good())?;
            let age = reading.age.as_ref().map(|a| format!(", {a}")).unwrap_or_default();
            Some((format!("{title} {}", reading.reason()), age))
        };
        let mut reasons = cx.tags().map(|(_, reading, _)| reading).zip(titles).filter_map(doubtful);
        let Some((first, age)) = reasons.next() else { return cx.rect };
        let more = reasons.count();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        // The age goes where it has no room: a length of time that is cut is another one.
        let fits = |words: &str| {
            text::line(ui.painter(), words, fonts::regular(size::SMALL), cx.frame.theme.text, f32::INFINITY).size().x
                <= cx.rect.width()
        };
        let whole = format!("{first}{age}{more}");
        let words = if fits(&whole) { whole } else { format!("{first}{more}") };
        let line = cx.rect.with_min_y(cx.rect.bottom() - size::SMALL * 1.4);
        text::paint(ui.painter(), line, Align2::LEFT_CENTER, words, fonts::regular(size::SMALL), cx.frame.theme.text);
        cx.rect.with_max_y(line.top())
    }
}

/// What tells names apart: parts that all have in common at the end are left out, `tank1.level, tank2.level` become
/// `tank1, tank2`.
fn short_names(names: &[&str]) -> Vec<String> {
    let [first, rest @ ..] = names else { return Vec::new() };
    if rest.is_empty() {
        return vec![(*first).to_owned()];
    }
    let parts: Vec<Vec<&str>> = names.iter().map(|n| n.split('.').collect()).collect();
    let least = parts.iter().map(Vec::len).min().unwrap_or(1);
    let same = |from_end: usize| parts.iter().all(|p| p[p.len() - from_end] == parts[0][parts[0].len() - from_end]);
    let tail = (1..least).take_while(|&n| same(n)).count();
    let head = (0..least - 1 - tail).take_while(|&n| parts.iter().all(|p| p[n] == parts[0][n])).count();
    parts.iter().map(|p| p[head..p.len() - tail].join(".")).collect()
}

/// The letters that all names begin with, cut to the first: `tank1, tank2` become `t1, t2`.
fn initials(names: &[String]) -> Vec<String> {
    let Some(first) = names.first() else { return Vec::new() };
    let common = first
        .chars()
        .enumerate()
        .take_while(|(i, c)| c.is_alphabetic() && names.iter().all(|n| n.chars().nth(*i) == Some(*c)));
    let common = common.count();
    if common < 2 {
        return names.to_vec();
    }
    names.iter().map(|n| n.chars().take(1).chain(n.chars().skip(common)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{initials, short_names};

    #[test]
    fn a_narrow_row_of_bars_has_initials() {
        let names = |names: &[&str]| initials(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["tank1", "tank2", "tank10"]), ["t1", "t2", "t10"]);
        assert_eq!(names(&["flow", "level"]), ["flow", "level"]);
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn names_lose_what_all_have_in_common() {
        assert_eq!(short_names(&["tank1.level", "tank2.level"]), ["tank1", "tank2"]);
        assert_eq!(short_names(&["site.pump1.flow", "site.pump2.flow"]), ["pump1", "pump2"]);
        assert_eq!(short_names(&["tank1.level", "tank1.temp"]), ["level", "temp"]);
        assert_eq!(short_names(&["tank1.level"]), ["tank1.level"]);
        assert_eq!(short_names(&["a", "a"]), ["a", "a"]);
        assert_eq!(short_names(&["a.b", "a.b"]), ["a", "a"]);
        assert!(short_names(&[]).is_empty());
    }
}
