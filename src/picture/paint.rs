//! Pixels of a picture: those of a PNG, or those that a drawing has at one size and in one theme.

use super::{Drawing, Fault};
use crate::text::visible;
use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};
use usvg::tiny_skia_path::PathSegment;
use usvg::{FillRule, Group, LineCap, LineJoin, Node, Paint, PaintOrder, Path, SpreadMethod, Transform};
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::kurbo::{Affine, BezPath, Cap, Join, Point, Stroke};
use vello_cpu::peniko::{Color, ColorStop, Extend, Fill, Gradient};
use vello_cpu::{PaintType, Pixmap, RenderContext, Resources};

/// Greatest side of a drawing's picture; a texture cannot be larger everywhere.
pub const MOST_SIDE: u16 = 4_096;

/// How much of its colour a drawing keeps in a theme's ink: saturated colour is for what is abnormal.
const COLOUR_KEPT: f32 = 0.3;

/// The two ends of a theme's greys: what black becomes, and what white does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ink {
    /// For black: lines.
    pub line: [u8; 3],
    /// For white: the ground.
    pub ground: [u8; 3],
}

impl Ink {
    /// A colour of the drawing in this theme: its lightness between the two ends, with little of its colour.
    fn of(self, [r, g, b]: [u8; 3]) -> [u8; 3] {
        let grey = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
        let light = grey / 255.0;
        let mut inked = [0; 3];
        for (((out, own), line), ground) in inked.iter_mut().zip([r, g, b]).zip(self.line).zip(self.ground) {
            let base = f32::from(line) + (f32::from(ground) - f32::from(line)) * light;
            *out = (base + (f32::from(own) - grey) * COLOUR_KEPT).clamp(0.0, 255.0).round() as u8;
        }
        inked
    }
}

/// A picture as pixels: red, green, blue and opacity, the first three multiplied by the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Across and down.
    pub size: [usize; 2],
    /// Four bytes a pixel, row by row.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// Those of a PNG, which [`super::kind`] found to be of a size that can be shown.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn from_png(bytes: &[u8], name: &str) -> Result<Self, Fault> {
        let shown = visible(name);
        let fault = |why: String| Fault::new(format!("\"{shown}\" is a damaged PNG{why}"), "save the picture anew");
        let read = panic::catch_unwind(AssertUnwindSafe(|| Pixmap::from_png(Cursor::new(bytes))));
        match read {
            Ok(Ok(pixmap)) => Ok(Self::from(&pixmap)),
            Ok(Err(why)) => Err(fault(format!(": {why}"))),
            Err(_panic) => Err(fault(String::new())),
        }
    }

    /// Those of a drawing, as wide and high as it is told, with its proportions; without ink in its own colours.
    ///
    /// # Errors
    /// Where it cannot be drawn.
    pub fn from_drawing(drawing: &Drawing, [width, height]: [u16; 2], ink: Option<Ink>) -> Result<Self, Fault> {
        let (width, height) = (width.clamp(1, MOST_SIDE), height.clamp(1, MOST_SIDE));
        let drawn = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut context = RenderContext::new(width, height);
            let [w, h] = drawing.size();
            let scale = (f64::from(width) / f64::from(w)).min(f64::from(height) / f64::from(h));
            Painter { context: &mut context, scale: Affine::scale(scale), ink }.group(drawing.tree.root());
            context.flush();
            let mut pixmap = Pixmap::new(width, height);
            context.render(&mut pixmap, &mut Resources::new());
            Self::from(&pixmap)
        }));
        drawn.map_err(|_panic| Fault::new("the drawing cannot be drawn", "make it simpler, or save it anew"))
    }
}

impl Pixels {
    /// The same in the colours of a theme.
    #[must_use]
    pub fn inked(mut self, ink: Ink) -> Self {
        for pixel in self.rgba.chunks_exact_mut(4) {
            let [r, g, b, a] = pixel else { continue };
            let alpha = u16::from(*a);
            if alpha == 0 {
                continue;
            }
            let own = |part: u8| (u16::from(part) * 255 / alpha).min(255) as u8;
            let inked = ink.of([own(*r), own(*g), own(*b)]).map(|part| (u16::from(part) * alpha / 255) as u8);
            [*r, *g, *b] = inked;
        }
        self
    }

    /// At a whole part of its size: no side longer than `most`, and as much smaller as leaves it no smaller than `wanted`,
    /// so that fine lines become paler rather than broken.
    #[must_use]
    pub fn reduced(self, wanted: [usize; 2], most: usize) -> Self {
        let [width, height] = self.size;
        let by = (width / wanted[0].max(1)).min(height / wanted[1].max(1));
        let by = by.max(width.max(height).div_ceil(most.max(1))).max(1);
        let size = [(width / by).max(1), (height / by).max(1)];
        if by == 1 || size[0] * by > width || size[1] * by > height {
            return self;
        }
        let mut rgba = Vec::with_capacity(size[0] * size[1] * 4);
        for y in 0..size[1] {
            for x in 0..size[0] {
                let mut sums = [0_usize; 4];
                for row in 0..by {
                    let from = ((y * by + row) * width + x * by) * 4;
                    for pixel in self.rgba.get(from..from + by * 4).unwrap_or_default().chunks_exact(4) {
                        sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += usize::from(*part));
                    }
                }
                rgba.extend(sums.map(|sum| (sum / (by * by)) as u8));
            }
        }
        Self { size, rgba }
    }
}

impl From<&Pixmap> for Pixels {
    fn from(pixmap: &Pixmap) -> Self {
        let size = [usize::from(pixmap.width()), usize::from(pixmap.height())];
        Self { size, rgba: pixmap.data_as_u8_slice().to_vec() }
    }
}

struct Painter<'c> {
    context: &'c mut RenderContext,
    scale: Affine,
    ink: Option<Ink>,
}

impl Painter<'_> {
    fn group(&mut self, group: &Group) {
        let clip = group.clip_path().map(|clip| {
            let mut outline = BezPath::new();
            outlines(clip.root(), affine(clip.transform()), &mut outline);
            outline
        });
        if let Some(clip) = &clip {
            self.context.set_transform(self.scale * affine(group.abs_transform()));
            self.context.set_fill_rule(Fill::NonZero);
            self.context.push_clip_layer(clip);
        }
        let opacity = group.opacity().get();
        if opacity < 1.0 {
            self.context.push_opacity_layer(opacity);
        }
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group),
                Node::Path(path) if path.is_visible() => self.path(path),
                _ => {}
            }
        }
        if opacity < 1.0 {
            self.context.pop_layer();
        }
        if clip.is_some() {
            self.context.pop_layer();
        }
    }

    fn path(&mut self, path: &Path) {
        let outline = outline(path);
        self.context.set_transform(self.scale * affine(path.abs_transform()));
        if path.paint_order() == PaintOrder::FillAndStroke {
            self.fill(path, &outline);
            self.stroke(path, &outline);
        } else {
            self.stroke(path, &outline);
            self.fill(path, &outline);
        }
    }

    fn fill(&mut self, path: &Path, outline: &BezPath) {
        let Some(fill) = path.fill() else { return };
        let Some(paint) = self.paint(fill.paint(), fill.opacity().get()) else { return };
        self.context.set_paint(paint);
        self.context.set_fill_rule(if fill.rule() == FillRule::EvenOdd { Fill::EvenOdd } else { Fill::NonZero });
        self.context.fill_path(outline);
    }

    fn stroke(&mut self, path: &Path, outline: &BezPath) {
        let Some(stroke) = path.stroke() else { return };
        let Some(paint) = self.paint(stroke.paint(), stroke.opacity().get()) else { return };
        let cap = match stroke.linecap() {
            LineCap::Butt => Cap::Butt,
            LineCap::Round => Cap::Round,
            LineCap::Square => Cap::Square,
        };
        let join = match stroke.linejoin() {
            LineJoin::Miter | LineJoin::MiterClip => Join::Miter,
            LineJoin::Round => Join::Round,
            LineJoin::Bevel => Join::Bevel,
        };
        let mut style = Stroke::new(f64::from(stroke.width().get()))
            .with_caps(cap)
            .with_join(join)
            .with_miter_limit(f64::from(stroke.miterlimit().get()));
        // Dashes too fine to be seen would be numberless.
        let dashes: Vec<f64> = stroke.dasharray().unwrap_or_default().iter().map(|dash| f64::from(*dash)).collect();
        let round = dashes.iter().sum::<f64>();
        let long = path.data().bounds();
        if round > 0.0 && f64::from(long.width() + long.height()) / round < 5_000.0 {
            style = style.with_dashes(f64::from(stroke.dashoffset()), dashes);
        }
        self.context.set_paint(paint);
        self.context.set_stroke(style);
        self.context.stroke_path(outline);
    }

    /// `None`: it is no paint that is drawn here, and `check` has said so.
    fn paint(&mut self, paint: &Paint, opacity: f32) -> Option<PaintType> {
        self.context.reset_paint_transform();
        let (gradient, base) = match paint {
            Paint::Color(colour) => return Some(self.colour(*colour, opacity).into()),
            Paint::LinearGradient(g) => {
                let point = |x, y| Point::new(f64::from(x), f64::from(y));
                (Gradient::new_linear(point(g.x1(), g.y1()), point(g.x2(), g.y2())), &***g)
            }
            Paint::RadialGradient(g) => {
                let (focus, centre) = ((f64::from(g.fx()), f64::from(g.fy())), (f64::from(g.cx()), f64::from(g.cy())));
                (Gradient::new_two_point_radial(focus, g.fr().get(), centre, g.r().get()), &***g)
            }
            Paint::Pattern(_) => return None,
        };
        let stops: Vec<ColorStop> = base
            .stops()
            .iter()
            .map(|stop| {
                let colour = self.colour(stop.color(), opacity * stop.opacity().get());
                ColorStop { offset: stop.offset().get(), color: colour.into() }
            })
            .collect();
        let extend = match base.spread_method() {
            SpreadMethod::Pad => Extend::Pad,
            SpreadMethod::Reflect => Extend::Reflect,
            SpreadMethod::Repeat => Extend::Repeat,
        };
        self.context.set_paint_transform(affine(base.transform()));
        Some(gradient.with_extend(extend).with_stops(stops.as_slice()).into())
    }

    fn colour(&self, colour: usvg::Color, opacity: f32) -> Color {
        let own = [colour.red, colour.green, colour.blue];
        let [r, g, b] = self.ink.map_or(own, |ink| ink.of(own));
        AlphaColor::<Srgb>::from_rgb8(r, g, b).with_alpha(opacity)
    }
}

fn affine(transform: Transform) -> Affine {
    let Transform { sx, kx, ky, sy, tx, ty } = transform;
    Affine::new([sx, ky, kx, sy, tx, ty].map(f64::from))
}

fn outline(path: &Path) -> BezPath {
    let mut outline = BezPath::new();
    let point = |p: usvg::tiny_skia_path::Point| Point::new(f64::from(p.x), f64::from(p.y));
    for segment in path.data().segments() {
        match segment {
            PathSegment::MoveTo(p) => outline.move_to(point(p)),
            PathSegment::LineTo(p) => outline.line_to(point(p)),
            PathSegment::QuadTo(a, p) => outline.quad_to(point(a), point(p)),
            PathSegment::CubicTo(a, b, p) => outline.curve_to(point(a), point(b), point(p)),
            PathSegment::Close => outline.close_path(),
        }
    }
    outline
}

/// The outlines of all paths of a clip, in one.
fn outlines(group: &Group, within: Affine, into: &mut BezPath) {
    for node in group.children() {
        match node {
            Node::Group(group) => outlines(group, within, into),
            Node::Path(path) => into.extend(within * affine(path.abs_transform()) * outline(path)),
            _ => {}
        }
    }
}
