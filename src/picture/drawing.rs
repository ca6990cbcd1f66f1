//! An SVG as plain paths: where it has its elements, and what of it is not drawn.
//!
//! Bounded in bytes by [`super::read`], in depth and number of elements here. Entities are unfolded within limits of their
//! own, `use` within a million nodes; pictures in a drawing are left out, wherever they are kept.

use super::{Fault, Line, words};
use crate::project::file::nearest::near;
use crate::text::visible;
use std::panic::{self, AssertUnwindSafe};
use usvg::roxmltree::{Document, ParsingOptions};
use usvg::tiny_skia_path::PathSegment;
use usvg::{Group, ImageHrefResolver, Node, Options, Tree};

/// Most nodes of the text: words between elements count.
const MOST_NODES: u32 = 200_000;

/// Most paths that are drawn.
const MOST_PATHS: usize = 50_000;

/// How deep elements may stand in each other. Reading goes down one call for each.
const DEEPEST: usize = 96;

/// Points of a pipe that follows an element.
const MOST_POINTS: usize = 512;

/// Greatest side, in the drawing's own units.
const LARGEST: f32 = 1_000_000.0;

/// A drawing as read.
#[derive(Debug)]
pub struct Drawing {
    pub(super) tree: Tree,
    /// The drawing's own units: the left and top of its view box, and how much one unit is of [`Drawing::size`].
    units: ([f32; 2], [f32; 2], f32),
    left_out: Vec<(String, &'static str)>,
    lines: Vec<Line>,
}

impl Drawing {
    /// Reads an SVG.
    ///
    /// # Errors
    /// Where it is none, or beyond what is drawn here.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, Fault> {
        let shown = visible(name);
        let anew = "save it anew as a plain SVG in your drawing program";
        let text =
            std::str::from_utf8(bytes).map_err(|_at| Fault::new(format!("\"{shown}\" is no UTF-8 text"), anew))?;
        if deepest(text) > DEEPEST {
            let message = format!("the elements of \"{shown}\" stand more than {DEEPEST} deep in each other");
            return Err(Fault::new(message, "ungroup them in your drawing program"));
        }
        // A library that gives up gives up its drawing, not the program.
        let read = panic::catch_unwind(AssertUnwindSafe(|| tree(text)));
        let (tree, view_box, left_out, lines) = match read {
            Ok(Ok(read)) => read,
            Ok(Err(why)) => return Err(Fault::new(format!("\"{shown}\" cannot be read as SVG: {why}"), anew)),
            Err(_panic) => return Err(Fault::new(format!("\"{shown}\" cannot be read as SVG"), anew)),
        };
        let size = tree.size();
        if size.width() > LARGEST || size.height() > LARGEST {
            let message = format!("\"{shown}\" is {} × {} units large", size.width(), size.height());
            return Err(Fault::new(message, "make its page as large as what is drawn"));
        }
        let paths = paths(tree.root());
        if paths > MOST_PATHS {
            let message = format!("\"{shown}\" has more than {MOST_PATHS} paths");
            return Err(Fault::new(message, "make the drawing simpler"));
        }
        let units = match view_box {
            Some([left, top, width, height]) if width > 0.0 && height > 0.0 => {
                let scale = (size.width() / width).min(size.height() / height);
                let rest = [(size.width() - width * scale) / 2.0, (size.height() - height * scale) / 2.0];
                ([left, top], rest, scale)
            }
            _ => ([0.0, 0.0], [0.0, 0.0], 1.0),
        };
        Ok(Self { tree, units, left_out, lines })
    }

    /// Width and height, in the units of all that this tells.
    pub fn size(&self) -> [f32; 2] {
        [self.tree.size().width(), self.tree.size().height()]
    }

    /// A point in the drawing's own units.
    pub fn point(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let ([left, top], [right, down], scale) = self.units;
        [(x - left) * scale + right, (y - top) * scale + down]
    }

    /// A length in the drawing's own units.
    pub fn length(&self, length: f32) -> f32 {
        length * self.units.2
    }

    /// The words in it, to be set over its picture.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What of it is not drawn, with what to do.
    pub fn left_out(&self) -> &[(String, &'static str)] {
        &self.left_out
    }

    /// Left, top, right and bottom of an element.
    pub fn element(&self, id: &str) -> Option<[f32; 4]> {
        let bounds = self.node(id)?.abs_bounding_box();
        let bounds = [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()];
        bounds.iter().all(|side| side.is_finite()).then_some(bounds)
    }

    /// The way along an element's first line, as points; none where it is no path.
    pub fn way(&self, id: &str) -> Option<Vec<[f32; 2]>> {
        let path = first_path(self.node(id)?)?;
        let at = path.abs_transform();
        let mut points: Vec<[f32; 2]> = Vec::new();
        for segment in path.data().segments() {
            let mut point = match segment {
                PathSegment::MoveTo(_) if !points.is_empty() => break,
                // Pipes run straight, and bend in short corners: the end of a curve is enough.
                PathSegment::MoveTo(p)
                | PathSegment::LineTo(p)
                | PathSegment::QuadTo(_, p)
                | PathSegment::CubicTo(_, _, p) => p,
                PathSegment::Close => break,
            };
            at.map_point(&mut point);
            points.push([point.x, point.y]);
            if points.len() >= MOST_POINTS {
                break;
            }
        }
        (points.len() > 1 && points.iter().flatten().all(|n| n.is_finite())).then_some(points)
    }

    /// The name that was probably meant.
    pub fn near(&self, id: &str) -> Option<String> {
        let mut ids = Vec::new();
        collect(self.tree.root(), &mut ids);
        near(id, ids).map(str::to_owned)
    }

    /// The library's own look-up takes groups alone that are kept; this walks what is drawn.
    fn node(&self, id: &str) -> Option<&Node> {
        if id.is_empty() { None } else { find(self.tree.root(), id) }
    }
}

type Read = (Tree, Option<[f32; 4]>, Vec<(String, &'static str)>, Vec<Line>);

fn tree(text: &str) -> Result<Read, String> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|why| why.to_string())?;
    let root = document.root_element();
    let numbers = root.attribute("viewBox").unwrap_or("").split([' ', ',', '\t', '\n', '\r']);
    let numbers: Vec<f32> = numbers.filter_map(|n| n.parse().ok()).filter(|n: &f32| n.is_finite()).collect();
    let view_box = <[f32; 4]>::try_from(numbers).ok();
    let (lines, turned) = words::lines(&document);
    let left_out = left_out(&document, turned);
    let none = ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
    let options = Options { image_href_resolver: none, ..Options::default() };
    let tree = Tree::from_xmltree(&document, &options).map_err(|why| why.to_string())?;
    Ok((tree, view_box, left_out, lines))
}

/// What is not drawn: elements with their words, and what to do in the drawing program.
const LEFT_OUT: [(&str, &str, &str); 6] = [
    ("text", "words that are turned", "turn them into paths in your drawing program, or set them level"),
    ("image", "pictures in the drawing", "leave them out, or show them in a panel of kind image"),
    ("filter", "filters (blur, shadow)", "take them off in your drawing program"),
    ("mask", "masks", "use a clip instead, or cut the shapes"),
    ("pattern", "patterns", "fill with one colour instead"),
    ("foreignObject", "foreign content", "leave it out"),
];

fn left_out(document: &Document<'_>, turned: usize) -> Vec<(String, &'static str)> {
    let mut counts = [0_usize; LEFT_OUT.len()];
    counts[0] = turned;
    for node in document.descendants().filter(usvg::roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        for ((element, ..), count) in LEFT_OUT.iter().zip(&mut counts).skip(1) {
            *count += usize::from(*element == name);
        }
    }
    let found = LEFT_OUT.iter().zip(counts).filter(|(_, count)| *count > 0);
    found
        .map(|((element, words, mend), count)| (format!("{words} are not drawn ({count} × <{element}>)"), *mend))
        .collect()
}

/// How deep elements stand in each other at most, by their brackets alone: told before anything goes down into them.
fn deepest(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        match byte {
            b'<' if next == b'/' => depth = depth.saturating_sub(1),
            b'<' if next.is_ascii_alphabetic() || next == b'_' || next >= 0x80 => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'/' if next == b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn paths(group: &Group) -> usize {
    let of = |node: &Node| if let Node::Group(group) = node { paths(group) } else { 1 };
    group.children().iter().map(of).sum()
}

fn find<'g>(group: &'g Group, id: &str) -> Option<&'g Node> {
    group.children().iter().find_map(|node| match node {
        node if node.id() == id => Some(node),
        Node::Group(group) => find(group, id),
        _ => None,
    })
}

fn first_path(node: &Node) -> Option<&usvg::Path> {
    match node {
        Node::Path(path) => Some(path),
        Node::Group(group) => group.children().iter().find_map(first_path),
        _ => None,
    }
}

fn collect<'g>(group: &'g Group, ids: &mut Vec<&'g str>) {
    for node in group.children() {
        if !node.id().is_empty() {
            ids.push(node.id());
        }
        if let Node::Group(group) = node {
            collect(group, ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Ink, Pixels};

    const HEAD: &str = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' ";

    fn drawing(rest: &str) -> Result<Drawing, Fault> {
        Drawing::parse(format!("{HEAD}{rest}").as_bytes(), "a.svg")
    }

    fn pixel(pixels: &Pixels, x: usize, y: usize) -> [u8; 4] {
        let at = (y * pixels.size[0] + x) * 4;
        pixels.rgba[at..at + 4].try_into().unwrap()
    }

    #[test]
    fn the_drawing_of_the_demo_plant_has_what_its_panel_names_and_leaves_nothing_out() {
        let drawing = Drawing::parse(include_bytes!("../../projects/pumping.svg"), "pumping.svg").unwrap();
        assert_eq!((drawing.size(), drawing.left_out()), ([1200.0, 600.0], [].as_slice()));
        assert_eq!(drawing.element("P-1"), Some([300.0, 218.0, 362.0, 280.0]));
        assert_eq!(drawing.way("rise-1"), Some(vec![[362.0, 248.0], [500.0, 248.0], [500.0, 92.0]]));
        assert_eq!((drawing.element("P-9"), drawing.near("P-9").as_deref().map(|id| &id[..2])), (None, Some("P-")));
    }

    #[test]
    fn elements_lie_in_the_units_of_the_page() {
        let drawing = drawing(
            "width='200mm' height='100mm' viewBox='10 20 200 100'><g id='g' transform='translate(10 0)'>\
             <rect id='r' x='10' y='20' width='20' height='10'/></g></svg>",
        )
        .unwrap();
        let one = drawing.length(1.0);
        assert!((one - 96.0 / 25.4).abs() < 0.01, "{one}");
        let [left, top, right, bottom] = drawing.element("r").unwrap();
        let at = drawing.point([20.0, 20.0]);
        assert!((at[0] - left).abs() < 0.1 && (at[1] - top).abs() < 0.1, "{at:?} {left} {top}");
        assert!((right - left - 20.0 * one).abs() < 0.1 && (bottom - top - 10.0 * one).abs() < 0.1);
        assert_eq!(drawing.element("g"), drawing.element("r"));
    }

    #[test]
    fn fills_strokes_gradients_opacity_and_clips_are_drawn() {
        let drawing = drawing(
            "viewBox='0 0 40 20'><defs><linearGradient id='l'><stop stop-color='#000'/><stop offset='1' stop-color='#fff'/>\
             </linearGradient><clipPath id='c'><rect x='20' y='0' width='5' height='20'/></clipPath></defs>\
             <rect width='10' height='20' fill='#ff0000'/><rect x='10' width='10' height='20' fill='url(#l)'/>\
             <rect x='20' width='10' height='20' clip-path='url(#c)'/>\
             <path d='M 35 0 V 20' stroke='#0000ff' stroke-width='4' opacity='0.5'/></svg>",
        )
        .unwrap();
        let pixels = Pixels::from_drawing(&drawing, [40, 20], None).unwrap();
        assert_eq!((pixel(&pixels, 5, 10), pixel(&pixels, 22, 10)), ([255, 0, 0, 255], [0, 0, 0, 255]));
        assert_eq!((pixel(&pixels, 27, 10), pixel(&pixels, 32, 10)), ([0; 4], [0; 4]));
        assert!(pixel(&pixels, 11, 10)[0] < 60 && pixel(&pixels, 18, 10)[0] > 190);
        let [r, _, b, a] = pixel(&pixels, 35, 10);
        assert!(r == 0 && (125..=130).contains(&b) && (125..=130).contains(&a));
    }

    #[test]
    fn a_theme_inks_black_and_white_and_mutes_the_rest() {
        let drawing = drawing(
            "viewBox='0 0 30 10'><rect width='10' height='10'/><rect x='10' width='10' height='10' fill='#fff'/>\
             <rect x='20' width='10' height='10' fill='#f00'/></svg>",
        )
        .unwrap();
        let ink = Ink { line: [200, 210, 220], ground: [30, 40, 50] };
        let pixels = Pixels::from_drawing(&drawing, [30, 10], Some(ink)).unwrap();
        assert_eq!((pixel(&pixels, 5, 5), pixel(&pixels, 15, 5)), ([200, 210, 220, 255], [30, 40, 50, 255]));
        let [r, g, b, _] = pixel(&pixels, 25, 5);
        assert!(r.abs_diff(g) < 100 && r > g && g.abs_diff(b) < 20, "{r} {g} {b}");
        let own = Pixels::from_drawing(&drawing, [30, 10], None).unwrap().inked(ink);
        assert!(own.rgba.iter().zip(&pixels.rgba).all(|(a, b)| a.abs_diff(*b) <= 1));
    }

    #[test]
    fn what_is_not_drawn_is_told_once_for_each_kind() {
        let drawing = drawing(
            "viewBox='0 0 9 9'><text>a</text><text transform='rotate(5)'>b</text><image href='file:///etc/passwd' width='9' height='9'/>\
             <image href='http://127.0.0.1:1/a.png' width='9' height='9'/><image href='data:image/png;base64,AAAA' width='9' \
             height='9'/><rect width='9' height='9'/></svg>",
        )
        .unwrap();
        let told: Vec<&str> = drawing.left_out().iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(
            told,
            ["words that are turned are not drawn (1 × <text>)", "pictures in the drawing are not drawn (3 × <image>)"]
        );
        assert!(Pixels::from_drawing(&drawing, [9, 9], None).is_ok());
    }

    /// Drawings made to harm: each is refused, or drawn within bounds.
    #[test]
    fn a_hostile_drawing_neither_panics_nor_hangs() {
        let why = |rest: &str| drawing(rest).map(|d| Pixels::from_drawing(&d, [64, 64], None)).err().map(|f| f.message);
        let deep = |n: usize| format!("viewBox='0 0 9 9'>{}{}</svg>", "<g>".repeat(n), "</g>".repeat(n));
        assert!(why(&deep(100_000)).unwrap().contains("stand more than 96 deep"));
        assert_eq!(why(&deep(90)), None);
        let laughs: Vec<String> =
            (1..30).map(|n| format!("<!ENTITY a{n} '&a{};&a{};&a{};&a{};'>", n - 1, n - 1, n - 1, n - 1)).collect();
        let laughs = format!("<!DOCTYPE svg [<!ENTITY a0 'ha'>{}]>{HEAD}><g>&a29;</g></svg>", laughs.concat());
        assert!(Drawing::parse(laughs.as_bytes(), "a").is_err());
        let outside = format!("<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{HEAD}><g>&x;</g></svg>");
        assert!(Drawing::parse(outside.as_bytes(), "a").is_err());
        let uses: Vec<String> = (1..40)
            .map(|n| format!("<g id='g{n}'><use xlink:href='#g{}'/><use xlink:href='#g{}'/></g>", n - 1, n - 1))
            .collect();
        let uses = format!("viewBox='0 0 9 9'><g id='g0'><rect width='1' height='1'/></g>{}</svg>", uses.concat());
        assert!(why(&uses).is_some());
        assert_eq!(why("viewBox='0 0 9 9'><g id='a'><use xlink:href='#a'/></g></svg>"), None);
        assert!(why("width='1e30' height='1e30'><rect width='1' height='1'/></svg>").is_some());
        for rest in [
            "viewBox='0 0 9 9'><path d='M 0 0 L 1e30 1e30 L nan 5 z' stroke='#000' stroke-width='1e30'/></svg>",
            "viewBox='-1e9 -1e9 1e-9 1e-9'><rect width='9' height='9'/></svg>",
            "viewBox='0 0 0 0'><rect width='9' height='9'/></svg>",
            "width='0' height='0'></svg>",
            "viewBox='0 0 9 9'><path d='M 0 0 H 1e6' stroke='#000' stroke-dasharray='1e-6'/></svg>",
            "viewBox='0 0 9 9'><path d='M 0 0 H 100000' stroke='#000' stroke-dasharray='0.001 0.001'/></svg>",
            "viewBox='0 0 9 9'><rect width='9' height='9' transform='matrix(1e20 0 0 1e-20 1e20 1e20)' stroke='#000'/></svg>",
            "viewBox='0 0 9 9'><linearGradient id='l' x1='1e9' gradientTransform='scale(0)'/><rect width='9' height='9' \
             fill='url(#l)'/></svg>",
            "",
            ">",
        ] {
            let _told = why(rest);
        }
        assert!(Drawing::parse(b"\xff\xfe<svg", "a").is_err());
    }
}
