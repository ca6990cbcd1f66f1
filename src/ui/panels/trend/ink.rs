//! Pens as items of `egui_plot`.

use crate::ui::widgets::pen::{Trace, View};
use eframe::egui::epaint::Mesh;
use eframe::egui::{Color32, Shape, Stroke, Ui};
use egui_plot::{Line, PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotPoints, PlotTransform, PlotUi};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Adds a pen that was inked with the same stroke and dashes. `view` is the plot's own: values of the left axis,
/// whichever axis the pen belongs to, since runs are decimated to places on the screen.
pub fn draw<'a>(plot: &mut PlotUi<'a>, view: &View, trace: &'a Trace, stroke: Stroke, dashes: Option<(f32, f32)>) {
    for (corners, stroke) in trace.lines(stroke, dashes) {
        let points = corners.into_iter().map(|c| PlotPoint::new(view.time(c.x).0 as f64, view.value(c.y))).collect();
        // A band would join a far point and a step with a wedge.
        let line = Line::new("", PlotPoints::Owned(points)).allow_band(false).allow_hover(false);
        plot.line(line.stroke(stroke));
    }
    if !trace.mesh().is_empty() {
        plot.add(Ink { base: PlotItemBase::new(String::new()), mesh: trace.mesh(), colour: stroke.color });
    }
}

/// Runs that a [`Line`] would not draw truly. Of a dense one `egui_plot` would make a band, thin to nothing on a steep
/// flank; its dashes follow the path, which cuts noise to dust and can hide a spike between two of them.
struct Ink<'a> {
    base: PlotItemBase,
    mesh: &'a Arc<Mesh>,
    colour: Color32,
}

impl PlotItem for Ink<'_> {
    fn shapes(&self, _ui: &Ui, _transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        shapes.push(Shape::Mesh(Arc::clone(self.mesh)));
    }

    fn initialize(&mut self, _x_range: RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.colour
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
