//! Words in a drawing: each line with its place, to be set in the window's own type.
//!
//! Lines that stand level are taken; what is turned, mirrored or inside a definition is not, and `check` says so.

use usvg::roxmltree::{Document, Node};

/// Lines of one drawing; more would be a text and no drawing.
const MOST_LINES: usize = 1_000;

/// Letters of one line.
const MOST_LETTERS: usize = 200;

/// One line of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The words.
    pub words: String,
    /// Where its base line begins, or has its middle or end, in the drawing's own units.
    pub at: [f32; 2],
    /// How much of it lies left of there: 0, a half or 1.
    pub left: f32,
    /// Size of the type in the same units.
    pub height: f32,
    /// Its colour: red, green, blue.
    pub colour: [u8; 3],
}

/// A scale along x and y, and a shift.
#[derive(Clone, Copy)]
struct Level {
    scale: [f64; 2],
    shift: [f64; 2],
}

/// The lines of a drawing, and how many `<text>` are left out.
pub(super) fn lines(document: &Document<'_>) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let mut left_out = 0;
    for text in document.descendants().filter(|node| node.is_element() && node.tag_name().name() == "text") {
        match level(text) {
            Some(level) if lines.len() < MOST_LINES => {
                let before = lines.len();
                let [x, y] = [number(text, "x"), number(text, "y")];
                gather(text, [x.unwrap_or(0.0), y.unwrap_or(0.0)], level, &mut lines);
                // One that is empty, as drawing programs leave behind, is no loss.
                lines.truncate(lines.len().min(before + MOST_LINES));
            }
            _ => left_out += 1,
        }
    }
    (lines, left_out)
}

/// What the transforms around an element come to; none where they turn it, or where it is part of a definition.
fn level(node: Node<'_, '_>) -> Option<Level> {
    let mut level = Level { scale: [1.0; 2], shift: [0.0; 2] };
    for element in node.ancestors().filter(Node::is_element) {
        let name = element.tag_name().name();
        let root = element.parent_element().is_none();
        if matches!(name, "defs" | "symbol" | "clipPath" | "mask" | "pattern" | "marker" | "switch")
            || name == "svg" && !root
        {
            return None;
        }
        let hidden = said(element, "display").is_some_and(|d| d == "none");
        if hidden {
            return None;
        }
        let Some(transform) = element.attribute("transform") else { continue };
        let t: svgtypes::Transform = transform.parse().ok()?;
        let upright = t.b.abs() < 1e-6 && t.c.abs() < 1e-6 && t.a > 0.0 && t.d > 0.0;
        if !upright {
            return None;
        }
        level.shift = [t.a * level.shift[0] + t.e, t.d * level.shift[1] + t.f];
        level.scale = [t.a * level.scale[0], t.d * level.scale[1]];
    }
    Some(level)
}

/// Takes the words of an element, a line for each part that has a place of its own.
fn gather(element: Node<'_, '_>, start: [f64; 2], level: Level, lines: &mut Vec<Line>) {
    let mut words = String::new();
    for child in element.children() {
        if child.is_text() {
            words.push_str(child.text().unwrap_or(""));
        } else if child.tag_name().name() == "tspan" {
            let (x, y, dy) = (number(child, "x"), number(child, "y"), number(child, "dy"));
            if x.is_none() && y.is_none() && dy.is_none() {
                words.extend(child.descendants().filter(Node::is_text).filter_map(|node| node.text()));
            } else {
                let at = [x.unwrap_or(start[0]), y.unwrap_or(start[1]) + dy.unwrap_or(0.0)];
                gather(child, at, level, lines);
            }
        }
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    let words: String = words.join(" ").chars().take(MOST_LETTERS).collect();
    let height = inherited(element, "font-size").and_then(length).unwrap_or(16.0) * level.scale[1];
    let at = [0, 1].map(|axis| (start[axis] * level.scale[axis] + level.shift[axis]) as f32);
    if words.is_empty() || !(height.is_finite() && at.iter().all(|n| n.is_finite())) {
        return;
    }
    let left = match inherited(element, "text-anchor") {
        Some("middle") => 0.5,
        Some("end") => 1.0,
        _ => 0.0,
    };
    let colour: Option<svgtypes::Color> = inherited(element, "fill").and_then(|fill| fill.parse().ok());
    let colour = colour.map_or([0; 3], |colour| [colour.red, colour.green, colour.blue]);
    lines.push(Line { words, at, left, height: height as f32, colour });
}

/// The first number of an attribute.
fn number(element: Node<'_, '_>, name: &str) -> Option<f64> {
    length(element.attribute(name)?.split([' ', ',']).find(|part| !part.is_empty())?)
}

fn length(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e' || c == '%').unwrap_or(text.len());
    let number: f64 = text.get(..end)?.trim().parse().ok()?;
    let unit = match text.get(end..)?.trim() {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "mm" => 96.0 / 25.4,
        _ => return None,
    };
    Some(number * unit).filter(|length| length.is_finite())
}

/// What an element says of a property, by attribute or style.
fn said<'a>(element: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let style = element.attribute("style").unwrap_or("");
    let own = style.split(';').filter_map(|part| part.split_once(':')).find(|(key, _)| key.trim() == name);
    own.map(|(_, value)| value.trim()).or_else(|| element.attribute(name).map(str::trim))
}

fn inherited<'a>(element: Node<'a, '_>, name: &str) -> Option<&'a str> {
    element.ancestors().find_map(|element| said(element, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inner: &str) -> (Vec<Line>, usize) {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{inner}</svg>");
        lines(&Document::parse(&text).unwrap())
    }

    #[test]
    fn lines_have_their_place_through_groups_and_styles() {
        let (found, left_out) = of("<g transform='translate(10 20) scale(2)' style='font-size:8px;fill:#f00'>\
             <text x='1' y='2' text-anchor='middle'>Pump\n  house <tspan>1</tspan><tspan x='5' y='6'>below</tspan></text></g>\
             <text>  </text>");
        let line =
            |words: &str, at, left| Line { words: words.to_owned(), at, left, height: 16.0, colour: [255, 0, 0] };
        assert_eq!((found.len(), left_out), (2, 0));
        assert_eq!(found[0], line("below", [20.0, 32.0], 0.5));
        assert_eq!(found[1], line("Pump house 1", [12.0, 24.0], 0.5));
    }

    #[test]
    fn what_is_turned_or_defined_is_left_out() {
        let (found, left_out) =
            of("<text transform='rotate(90)'>up</text><defs><text>d</text></defs><text transform='oops'>x</text>\
             <text x='nan' y='1e999' font-size='1e999'>y</text>");
        assert_eq!((found.len(), left_out), (1, 3));
        assert_eq!((found[0].at, found[0].height), ([0.0, 0.0], 16.0));
    }
}
