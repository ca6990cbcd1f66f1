//! Curves over sizes that grow tenfold, as a picture (SVG) in the colours of the program's dark theme: both axes logarithmic,
//! so that what stays flat is flat, and each line says itself what it is.

use std::fmt::Write as _;

pub const GROUND: &str = "#272c32";
pub const LINE: &str = "#3c434b";
pub const TEXT: &str = "#d6dade";
pub const MUTED: &str = "#a2aab3";
pub const PENS: [&str; 4] = ["#8fd3c8", "#e8b0d0", "#9ed6a8", "#d9c9a0"];
const DASHES: [&str; 3] = ["", "7 4", "2 3"];

pub const WIDTH: f64 = 860.0;
pub const LEFT: f64 = 64.0;
/// Right of it stand the words of the lines.
pub const RIGHT: f64 = 560.0;
pub const TOP: f64 = 44.0;
/// Height of a tenfold.
const DECADE: f64 = 52.0;
const ROW: f64 = 17.0;

/// A picture of several panels under each other, each with an axis of its own unit.
pub struct Curve {
    across: String,
    panels: Vec<Panel>,
}

struct Panel {
    unit: String,
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

impl Curve {
    /// Over what stands on the common axis.
    pub fn new(across: &str) -> Self {
        Self { across: across.to_owned(), panels: Vec::new() }
    }

    /// Adds a point to the line of this name in the panel of this unit.
    pub fn add(&mut self, unit: &str, name: &str, x: f64, y: f64) {
        let at = self.panels.iter().position(|panel| panel.unit == unit).unwrap_or_else(|| {
            self.panels.push(Panel { unit: unit.to_owned(), lines: Vec::new() });
            self.panels.len() - 1
        });
        let lines = &mut self.panels[at].lines;
        match lines.iter_mut().find(|(known, _)| known == name) {
            Some((_, points)) => points.push((x, y)),
            None => lines.push((name.to_owned(), vec![(x, y)])),
        }
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let points = || self.panels.iter().flat_map(|p| &p.lines).flat_map(|(_, points)| points);
        let (from, to) = decades(points().map(|(x, _)| *x));
        let x_of = |x: f64| LEFT + (x.log10() - from) / (to - from).max(1.0) * (RIGHT - LEFT);
        let mut body = String::new();
        let mut top = TOP;
        for panel in &self.panels {
            top = panel.draw(&mut body, top, from, to, &x_of);
        }
        let across = text(RIGHT, top, "end", MUTED, &self.across);
        let height = top + 16.0;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height:.0}\" rx=\"5\" fill=\"{GROUND}\"/>\n{body}{across}</svg>\n"
        )
    }
}

impl Panel {
    /// Returns where the next one begins.
    fn draw(&self, body: &mut String, top: f64, from: f64, to: f64, x_of: &impl Fn(f64) -> f64) -> f64 {
        let values = self.lines.iter().flat_map(|(_, points)| points).map(|(_, y)| *y);
        let (low, high) = decades(values);
        let height = ((high - low) * DECADE).max(self.lines.len() as f64 * ROW);
        let y_of = |y: f64| top + (high - y.max(1e-9).log10()) / (high - low) * height;
        body.push_str(&text(LEFT, top - 14.0, "start", TEXT, &self.unit));
        for decade in low as i32..=high as i32 {
            let y = y_of(10_f64.powi(decade));
            line(body, (LEFT, y), (RIGHT, y));
            body.push_str(&text(LEFT - 8.0, y + 4.5, "end", MUTED, &number(10_f64.powi(decade))));
        }
        for decade in from as i32..=to as i32 {
            let x = x_of(10_f64.powi(decade));
            line(body, (x, top), (x, top + height));
            body.push_str(&text(x, top + height + 18.0, "middle", MUTED, &number(10_f64.powi(decade))));
        }
        // Words beside the ends of their lines, from the top down, none on another.
        let mut ends: Vec<(f64, usize)> =
            (0..self.lines.len()).filter_map(|i| Some((y_of(self.lines[i].1.last()?.1), i))).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut lowest = f64::NEG_INFINITY;
        let room = top + height - ends.len() as f64 * ROW;
        for (place, (y, i)) in ends.into_iter().enumerate() {
            let (name, points) = &self.lines[i];
            let (pen, dash) = (PENS[i % PENS.len()], DASHES[i / PENS.len() % DASHES.len()]);
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
            let path = path.join(" ");
            writeln!(
                body,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{pen}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>"
            )
            .expect("writing to a string");
            for (x, y) in points {
                let (x, y) = (x_of(*x), y_of(*y));
                writeln!(body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{pen}\"/>")
                    .expect("writing to a string");
            }
            let word = (lowest + ROW).max(y.min(room + (place + 1) as f64 * ROW));
            lowest = word;
            let last = points.last().map_or(f64::NAN, |(_, y)| *y);
            writeln!(
                body,
                "<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{word:.1}\" stroke=\"{pen}\" stroke-width=\"1\"/>",
                RIGHT + 6.0,
                RIGHT + 22.0
            )
            .expect("writing to a string");
            body.push_str(&text(RIGHT + 28.0, word + 4.5, "start", pen, &format!("{name}: {}", number(last))));
        }
        top + height + 62.0
    }
}

/// Whole powers of ten around all.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let logs: Vec<f64> = values.filter(|v| *v > 0.0).map(f64::log10).collect();
    let low = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
    if low.is_finite() { (low, high.max(low + 1.0)) } else { (0.0, 1.0) }
}

/// At most three digits that count; thousands apart.
pub fn number(value: f64) -> String {
    let decimals = (2 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 3) as usize;
    let told = format!("{value:.decimals$}");
    let (whole, rest) = told.split_once('.').unwrap_or((&told, ""));
    let mut apart = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            apart.push(' ');
        }
        apart.push(digit);
    }
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { apart } else { format!("{apart}.{rest}") }
}

pub fn line(body: &mut String, from: (f64, f64), to: (f64, f64)) {
    writeln!(
        body,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{LINE}\"/>",
        from.0, from.1, to.0, to.1
    )
    .expect("writing to a string");
}

pub fn text(x: f64, y: f64, anchor: &str, colour: &str, words: &str) -> String {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>\n")
}
