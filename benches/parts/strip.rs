//! What was sampled over time, as a picture (SVG) like those of [`super::curve`]: one panel under the other, each from zero on,
//! so that what is flat looks flat and what grows cannot hide in a cut axis.

use super::curve::{GROUND, LEFT, MUTED, PENS, RIGHT, TEXT, TOP, WIDTH, line, number, text};
use std::fmt::Write as _;

const HEIGHT: f64 = 96.0;

/// Panels over one axis of time.
pub struct Strip {
    across: String,
    panels: Vec<(String, Vec<(f64, f64)>)>,
}

impl Strip {
    /// Over what stands on the common axis.
    pub fn new(across: &str) -> Self {
        Self { across: across.to_owned(), panels: Vec::new() }
    }

    /// Adds a point to the panel of this name, which tells its unit.
    pub fn add(&mut self, panel: &str, x: f64, y: f64) {
        match self.panels.iter_mut().find(|(name, _)| name == panel) {
            Some((_, points)) => points.push((x, y)),
            None => self.panels.push((panel.to_owned(), vec![(x, y)])),
        }
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let last = self.panels.iter().flat_map(|(_, points)| points).map(|(x, _)| *x).fold(0.0, f64::max);
        let (right, step) = axis(last, 6.0);
        let x_of = |x: f64| LEFT + x / right * (RIGHT - LEFT);
        let mut body = String::new();
        let mut top = TOP;
        for (i, (name, points)) in self.panels.iter().enumerate() {
            let most = points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
            let least = points.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
            let (high, high_step) = axis(most, 3.0);
            let y_of = |y: f64| top + HEIGHT - y / high * HEIGHT;
            body.push_str(&text(LEFT, top - 12.0, "start", TEXT, name));
            for mark in marks(high, high_step) {
                line(&mut body, (LEFT, y_of(mark)), (RIGHT, y_of(mark)));
                body.push_str(&text(LEFT - 8.0, y_of(mark) + 4.5, "end", MUTED, &number(mark)));
            }
            for mark in marks(right, step) {
                line(&mut body, (x_of(mark), top), (x_of(mark), top + HEIGHT));
                if i + 1 == self.panels.len() {
                    body.push_str(&text(x_of(mark), top + HEIGHT + 18.0, "middle", MUTED, &number(mark)));
                }
            }
            let pen = PENS[i % PENS.len()];
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
            writeln!(
                body,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{pen}\" stroke-width=\"1.5\"/>",
                path.join(" ")
            )
            .expect("writing to a string");
            let told = |place: f64, words: &str, value: f64| {
                text(RIGHT + 16.0, top + place, "start", pen, &format!("{words} {}", number(value)))
            };
            let end = points.last().map_or(f64::NAN, |(_, y)| *y);
            for (place, words, value) in [(34.0, "most", most), (54.0, "at the end", end), (74.0, "least", least)] {
                body.push_str(&told(place, words, value));
            }
            top += HEIGHT + 44.0;
        }
        let height = top + 8.0;
        let across = text(RIGHT, top - 6.0, "end", MUTED, &self.across);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height:.0}\" rx=\"5\" fill=\"{GROUND}\"/>\n{body}{across}</svg>\n"
        )
    }
}

/// A round end at or above `most`, and steps of which about `parts` lead there.
fn axis(most: f64, parts: f64) -> (f64, f64) {
    let rough = most.max(1e-6) / parts;
    let tenfold = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|round| round * tenfold).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(rough);
    ((most.max(1e-6) / step).ceil() * step, step)
}

/// From zero to the end of an axis.
fn marks(end: f64, step: f64) -> impl Iterator<Item = f64> {
    (0..=(end / step).round() as u32).map(move |mark| f64::from(mark) * step)
}
