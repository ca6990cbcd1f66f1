//! Pens as items of `egui_plot`.

use crate::ui::widgets::pen::{Run, Trace, View};
use eframe::egui::{Color32, Shape, Stroke, Ui};
use egui_plot::{Line, PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotPoints, PlotTransform, PlotUi};
use std::ops::RangeInclusive;

/// Adds a pen: an item for every unbroken run, so that no gap is ever bridged. `view` is the plot's own: values of the
/// left axis, whichever axis the pen belongs to, since runs are decimated to places on the screen.
pub fn draw<'a>(plot: &mut PlotUi<'a>, view: &View, trace: &'a Trace, stroke: Stroke, dashes: Option<(f32, f32)>) {
    for run in trace.runs() {
        let (stroke, dashes) = run.style(stroke, dashes);
        match run.few_corners().filter(|_| dashes.is_none()) {
            Some(corners) => {
                let points =
                    corners.into_iter().map(|c| PlotPoint::new(view.time(c.x).0 as f64, view.value(c.y))).collect();
                // A band would join a far point and a step with a wedge.
                let line = Line::new("", PlotPoints::Owned(points)).allow_band(false).allow_hover(false);
                plot.line(line.stroke(stroke));
            }
            None => plot.add(Ink { base: PlotItemBase::new(String::new()), run, view: *view, stroke, dashes }),
        }
    }
}

/// A run that a [`Line`] would not draw truly. Of a dense one `egui_plot` would make a band, thin to nothing on a steep
/// flank; its dashes follow the path, which cuts noise to dust and can hide a spike between two of them.
struct Ink<'a> {
    base: PlotItemBase,
    run: &'a Run,
    view: View,
    stroke: Stroke,
    dashes: Option<(f32, f32)>,
}

impl PlotItem for Ink<'_> {
    fn shapes(&self, ui: &Ui, _transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        self.run.ink(&self.view, self.stroke, self.dashes, ui.pixels_per_point(), shapes);
    }

    fn initialize(&mut self, _x_range: RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.stroke.color
    }

    fn allow_hover(&self) -> bool {
        false
    }

    fn geometry(&self) -> PlotGeometry<'_> {
        PlotGeometry::None
    }

    /// Bounds are set in every frame, never found from items.
    fn bounds(&self) -> PlotBounds {
        PlotBounds::NOTHING
    }

    fn base(&self) -> &PlotItemBase {
        &self.base
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        &mut self.base
    }
}
