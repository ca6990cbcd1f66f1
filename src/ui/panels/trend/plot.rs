//! The plot of a trend, drawn by `egui_plot`: grid, axes, limits, pens and cursor in one space.

use super::super::Cx;
use super::axes::{Axes, GRID_SPACING, Widths};
use super::limits::Limit;
use super::time_axis::TimeAxis;
use super::{Pen, TIME_AXIS, ink};
use crate::time::Utc;
use crate::ui::theme::Theme;
use crate::ui::widgets::pen::{Trace, View};
use eframe::egui::{Rect, Response, Sense, Stroke, Ui, UiBuilder, Vec2, vec2};
use egui_plot::{GridMark, HLine, LineStyle, Plot, PlotBounds, VLine};

/// What the plot draws beyond its frame, above and below.
const MARGIN: f32 = 2.0;

/// The plot itself. Gives back what happened on it and the instant that is read: under the pointer, or where the keys
/// have put the cursor.
pub fn ui(
    ui: &mut Ui,
    view: &View,
    axes: &Axes,
    widths: &Widths,
    limits: &[Limit<'_>],
    pens: &[Pen<'_>],
    [twins, traces]: [&[Trace]; 2],
    by_keys: Option<Utc>,
    cx: &Cx<'_>,
) -> (Response, Option<Utc>) {
    let theme = cx.frame.theme;
    let plot = view.rect;
    let time = TimeAxis::new(ui.painter(), plot.width(), view.from, view.to, widths.right > 0.0, cx.frame.zone);
    // A little more than the axes' span, or a pen at its end would be cut to half its width.
    let beyond = view.value(plot.top() - MARGIN) - view.high;
    let bounds =
        PlotBounds::from_min_max([view.from.0 as f64, view.low - beyond], [view.to.0 as f64, view.high + beyond]);
    let values = axes.marks(plot.height());
    let id = ui.scope_id().with("plot");
    let scope = UiBuilder::new().id_salt("plot").max_rect(area(plot, widths));
    let shown = ui.scope_builder(scope, |ui| {
        bare_plot(plot, axes, widths, &time, &values, theme).id(id).show(ui, |plot_ui| {
            plot_ui.set_plot_bounds(bounds);
            for limit in limits {
                let width = if limit.mark.violated { 1.0 } else { 0.7 };
                let line = HLine::new("", view.value(limit.y)).stroke(Stroke::new(width, limit.mark.colour(theme)));
                plot_ui.hline(line.style(LineStyle::Dotted { spacing: 5.0 }).allow_hover(false));
            }
            for (pen, twin) in pens.iter().zip(twins) {
                let (stroke, dashes) = pen.pale(theme);
                ink::draw(plot_ui, view, twin, stroke, dashes);
            }
            for (pen, trace) in pens.iter().zip(traces) {
                let (stroke, dashes) = pen.look(theme);
                ink::draw(plot_ui, view, trace, stroke, dashes);
            }
            let cursor = plot_ui.response().hover_pos().map(|p| view.time(p.x).min(view.to).max(view.from));
            let cursor = by_keys.or(cursor);
            if let Some(at) = cursor {
                plot_ui.vline(VLine::new("", at.0 as f64).stroke(Stroke::new(1.0, theme.text)).allow_hover(false));
            }
            cursor
        })
    });
    (shown.inner.response, shown.inner.inner)
}

/// The plot with its axes.
fn area(plot: Rect, widths: &Widths) -> Rect {
    Rect::from_min_max(plot.min - vec2(widths.left, MARGIN), plot.max + vec2(widths.right, TIME_AXIS))
}

/// A plot as this panel wants it: it draws, and does nothing of its own accord.
fn bare_plot<'a>(
    plot: Rect,
    axes: &'a Axes,
    widths: &Widths,
    time: &'a TimeAxis,
    values: &'a [GridMark],
    theme: &Theme,
) -> Plot<'a> {
    Plot::new("plot")
        .width(area(plot, widths).width())
        .height(area(plot, widths).height())
        .min_size(Vec2::ZERO)
        .sense(Sense::click_and_drag())
        // What the pointer does is this panel's own: time alone is moved, and live is a state.
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .show_background(false)
        .grid_spacing(GRID_SPACING)
        .grid_color(theme.line)
        .x_grid_spacer(move |_| time.marks())
        .y_grid_spacer(move |_| values.to_vec())
        .custom_x_axes(vec![time.hints(TIME_AXIS - MARGIN, theme)])
        .custom_y_axes(axes.hints(widths, theme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Context, RawInput, ViewportId, pos2};
    use std::time::Duration;

    #[test]
    fn the_plot_lies_where_pens_are_traced_from_its_first_frame_and_asks_for_no_other() {
        let (ctx, theme) = (Context::default(), Theme::dark());
        theme.install(&ctx);
        let axes = Axes::of([0.0, 100.0], [-12_500.0, 12_500.0]);
        let plot = Rect::from_min_max(pos2(60.0, 20.0), pos2(420.0, 180.0));
        let (from, to) = (Utc(1_700_000_000_000_000), Utc(1_700_007_200_000_000));
        let mut frames = Vec::new();
        let mut repaint = Duration::ZERO;
        for _ in 0..4 {
            let mut frame = Rect::NOTHING;
            let mut output = ctx.run_ui(RawInput::default(), |ui| {
                let widths = axes.widths(ui.painter());
                let time = TimeAxis::new(ui.painter(), plot.width(), from, to, true, &jiff::tz::TimeZone::UTC);
                let values = axes.marks(plot.height());
                ui.scope_builder(UiBuilder::new().max_rect(area(plot, &widths)), |ui| {
                    let shown = bare_plot(plot, &axes, &widths, &time, &values, &theme).show(ui, |plot_ui| {
                        plot_ui.set_plot_bounds(PlotBounds::from_min_max([from.0 as f64, 0.0], [to.0 as f64, 100.0]));
                    });
                    frame = *shown.transform.frame();
                });
            });
            output.textures_delta.clear();
            repaint = output.viewport_output.get(&ViewportId::ROOT).map_or(Duration::ZERO, |v| v.repaint_delay);
            frames.push(frame);
        }
        assert_eq!(frames, [plot.expand2(vec2(0.0, MARGIN)); 4]);
        assert_eq!(repaint, Duration::MAX);
    }
}
