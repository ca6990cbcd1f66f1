//! Trends that a person has opened: the last hour of a value that was pressed twice, or an empty one to drop tags on. They
//! fill the middle, stand in the tree, and are gone with the window unless they are saved as displays.

use super::super::index::AlarmIndex;
use super::super::{Cx, PanelView as _, grid};
use super::TrendPanel;
use super::added::Added;
use crate::engine::plan::PanelPlan;
use crate::project::{Panel, PanelKind};
use crate::ui::theme::STEP;
use crate::ui::words::say;
use crate::ui::{Action, Frame, Outbox};
use eframe::egui::{Button, Id, Rect, Role, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// Kept at a time; the oldest goes.
pub const MOST_TRENDS: usize = 4;

/// One of them.
#[derive(Debug)]
pub struct FreeTrend {
    number: u32,
    view: TrendPanel,
}

/// All of them, the oldest first.
#[derive(Debug, Default)]
pub struct FreeTrends {
    trends: Vec<FreeTrend>,
    last: u32,
}

impl FreeTrends {
    /// The last hour of a tag, in the place of a trend that has no more than one pen. Gives back its number.
    pub fn open(&mut self, tag: Arc<str>) -> u32 {
        self.begin(vec![tag])
    }

    /// An empty one.
    pub fn new_trend(&mut self) -> u32 {
        self.begin(Vec::new())
    }

    fn begin(&mut self, pens: Vec<Arc<str>>) -> u32 {
        // What a person has put together is not taken away by a look at something else.
        self.trends.retain(|t| t.pens().len() > 1);
        if self.trends.len() >= MOST_TRENDS {
            self.trends.remove(0);
        }
        self.last += 1;
        let view = TrendPanel { added: Added::of(pens), ..TrendPanel::default() };
        self.trends.push(FreeTrend { number: self.last, view });
        self.last
    }

    /// Closes one.
    pub fn close(&mut self, number: u32) {
        self.trends.retain(|t| t.number != number);
    }

    /// Their numbers and names.
    pub fn list(&self) -> Vec<(u32, String)> {
        self.trends.iter().map(|t| (t.number, t.name())).collect()
    }

    /// Whether there is one of this number.
    pub fn has(&self, number: u32) -> bool {
        self.trends.iter().any(|t| t.number == number)
    }

    /// Paints one over the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, number: u32, alarms: &AlarmIndex, out: &mut Outbox) {
        if let Some(trend) = self.trends.iter_mut().find(|t| t.number == number) {
            trend.ui(ui, frame, alarms, out);
        }
    }
}

impl FreeTrend {
    fn pens(&self) -> &[Arc<str>] {
        self.view.added.names()
    }

    fn name(&self) -> String {
        match self.pens() {
            [] => say::NEW_TREND.to_owned(),
            [one] => format!("Trend {one}"),
            [first, rest @ ..] => format!("Trend {first} +{}", rest.len()),
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, alarms: &AlarmIndex, out: &mut Outbox) {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let panel = Panel::of(PanelKind::Trend);
        let cx = Cx { frame, panel: &panel, plan: &PanelPlan::default(), alarms, rect };
        let mut rect = rect;
        let buttons = 30.0;
        rect.max.y -= buttons + STEP;
        let inner = grid::chrome(ui, rect, &self.name(), &self.view.aside(&cx), frame.theme);
        let scope = UiBuilder::new().id_salt(("free trend", self.number)).max_rect(inner);
        let id = ui
            .scope_builder(scope, |ui| {
                self.view.ui(ui, &Cx { rect: inner, ..cx }, out);
                ui.scope_id()
            })
            .inner;
        let row = Rect::from_min_max(
            pos2(rect.left(), rect.bottom() + STEP),
            pos2(rect.right(), rect.bottom() + STEP + buttons),
        );
        ui.scope_builder(UiBuilder::new().max_rect(row), |ui| self.buttons_ui(ui, &cx, id, out));
    }

    /// What can be done with it, below it: the same as in its menu, for those who do not know of a menu.
    fn buttons_ui(&self, ui: &mut Ui, cx: &Cx<'_>, id: Id, out: &mut Outbox) {
        ui.horizontal_centered(|ui| {
            let button = |ui: &mut Ui, words: &str, name: String, hint: &str| {
                let button = ui.add(Button::new(words).min_size(vec2(0.0, 26.0)));
                button.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.as_str()));
                button.on_hover_text(hint).clicked()
            };
            let hint = "Or drag a tag here from the tree's lists, a display, a faceplate or the finder";
            if button(ui, "Add a pen…", format!("Add a pen to {}", self.name()), hint) {
                out.action(Action::ChoosePen(id));
            }
            let hint = "Its pens and its time, in the project's file";
            if !self.pens().is_empty() && button(ui, "Save as a display…", format!("Save {}", self.name()), hint) {
                let span = self.view.window.map_or(cx.panel.span, |w| w.span);
                out.action(super::save(cx, &super::pens(cx, self.pens()), span));
            }
            if button(ui, "Close trend", format!("Close {}", self.name()), "It is gone unless it was saved") {
                out.action(Action::CloseTrend(self.number));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_takes_the_place_of_a_look_and_of_nothing_that_was_put_together() {
        let mut trends = FreeTrends::default();
        let first = trends.open("a".into());
        let second = trends.open("b".into());
        assert!(!trends.has(first) && trends.has(second));
        trends.trends[0].view.added = Added::of(vec!["b".into(), "c".into()]);
        trends.open("d".into());
        assert_eq!(trends.list().into_iter().map(|(_, name)| name).collect::<Vec<_>>(), ["Trend b +1", "Trend d"]);
        trends.close(second);
        assert_eq!(trends.list().len(), 1);
    }

    #[test]
    fn there_are_never_more_than_a_few() {
        let mut trends = FreeTrends::default();
        for i in 0..20 {
            trends.new_trend();
            let last = trends.trends.last_mut().unwrap();
            last.view.added = Added::of(vec![format!("tag{i}").into(), "other".into()]);
        }
        assert_eq!(trends.list().len(), MOST_TRENDS);
        assert_eq!(trends.list()[MOST_TRENDS - 1].1, "Trend tag19 +1");
    }
}
