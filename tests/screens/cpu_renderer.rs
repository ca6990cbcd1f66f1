//! Pictures without a display and without a GPU: egui's triangles filled on the CPU, row by row. Scalar arithmetic in one
//! order, so that the same screen is the same picture on every machine.
#![expect(clippy::iter_over_hash_type, reason = "textures are told apart by their id, in whatever order they come")]

use eframe::egui::epaint::{ImageData, Primitive, Vertex, textures::TextureFilter};
use eframe::egui::{ClippedPrimitive, Color32, Context, FullOutput, TextureId, TexturesDelta};
use std::collections::HashMap;

struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    smooth: bool,
}

/// Keeps textures from frame to frame, as a GPU would.
#[derive(Default)]
pub struct CpuRenderer {
    textures: HashMap<TextureId, Texture>,
}

impl egui_kittest::TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for part in images {
                let ImageData::Color(image) = &part.image;
                let [width, height] = image.size;
                let Some([left, top]) = part.pos else {
                    let smooth = part.options.magnification == TextureFilter::Linear;
                    self.textures.insert(id, Texture { width, height, pixels: image.pixels.clone(), smooth });
                    continue;
                };
                let Some(texture) = self.textures.get_mut(&id) else { continue };
                for row in 0..height {
                    let at = (top + row) * texture.width + left;
                    texture.pixels[at..at + width].copy_from_slice(&image.pixels[row * width..(row + 1) * width]);
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<image::RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        let mut canvas = Canvas { width, height, pixels: vec![0; width * height * 4] };
        for alpha in canvas.pixels.iter_mut().skip(3).step_by(4) {
            *alpha = 255;
        }
        for primitive in &primitives {
            self.paint(&mut canvas, primitive, scale);
        }
        image::RgbaImage::from_raw(width as u32, height as u32, canvas.pixels)
            .ok_or_else(|| "size of the picture".to_owned())
    }
}

impl CpuRenderer {
    fn paint(&self, canvas: &mut Canvas, primitive: &ClippedPrimitive, scale: f32) {
        let Primitive::Mesh(mesh) = &primitive.primitive else { return };
        let Some(texture) = self.textures.get(&mesh.texture_id) else { return };
        let clip = primitive.clip_rect * scale;
        let clip = Clip {
            left: clip.min.x.round().max(0.0) as i32,
            top: clip.min.y.round().max(0.0) as i32,
            right: (clip.max.x.round() as i32).min(canvas.width as i32),
            bottom: (clip.max.y.round() as i32).min(canvas.height as i32),
        };
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [corners[0], corners[1], corners[2]].map(|i| Corner::new(&mesh.vertices[i as usize], scale));
            canvas.triangle(corners, texture, &clip);
        }
    }
}

struct Clip {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

/// A vertex in pixels: place, place in the texture, colour.
#[derive(Clone, Copy)]
struct Corner {
    x: f32,
    y: f32,
    /// u, v, r, g, b, a: what changes linearly over a triangle.
    values: [f32; 6],
}

impl Corner {
    fn new(vertex: &Vertex, scale: f32) -> Self {
        let [r, g, b, a] = vertex.color.to_array().map(f32::from);
        Self { x: vertex.pos.x * scale, y: vertex.pos.y * scale, values: [vertex.uv.x, vertex.uv.y, r, g, b, a] }
    }
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Fills the pixels whose middle lies within. An edge belongs to the triangle at its right, so that neighbours
    /// neither overlap nor leave a gap.
    fn triangle(&mut self, mut corners: [Corner; 3], texture: &Texture, clip: &Clip) {
        corners.sort_by(|a, b| a.y.total_cmp(&b.y));
        let [top, middle, bottom] = corners;
        let area = (middle.x - top.x) * (bottom.y - top.y) - (bottom.x - top.x) * (middle.y - top.y);
        if area.abs() < 1e-6 || !area.is_finite() {
            return;
        }
        // How each value changes with x and y.
        let slope = |k: usize| {
            let (a, b) = (middle.values[k] - top.values[k], bottom.values[k] - top.values[k]);
            let dx = (a * (bottom.y - top.y) - b * (middle.y - top.y)) / area;
            let dy = (b * (middle.x - top.x) - a * (bottom.x - top.x)) / area;
            (dx, dy)
        };
        let slopes: [(f32, f32); 6] = std::array::from_fn(slope);
        let plain = slopes[0] == (0.0, 0.0) && slopes[1] == (0.0, 0.0);
        let texel = plain.then(|| texture.sample(top.values[0], top.values[1]));
        let first = ((top.y - 0.5).ceil() as i32).max(clip.top);
        let last = ((bottom.y - 0.5).ceil() as i32).min(clip.bottom);
        for row in first..last {
            let y = row as f32 + 0.5;
            let long = edge(&top, &bottom, y);
            let short = if y < middle.y { edge(&top, &middle, y) } else { edge(&middle, &bottom, y) };
            let (left, right) = if long < short { (long, short) } else { (short, long) };
            let from = ((left - 0.5).ceil() as i32).max(clip.left);
            let to = ((right - 0.5).ceil() as i32).min(clip.right);
            if from >= to {
                continue;
            }
            let (x, dy) = (from as f32 + 0.5 - top.x, y - top.y);
            let mut values: [f32; 6] = std::array::from_fn(|k| top.values[k] + slopes[k].0 * x + slopes[k].1 * dy);
            let mut at = (row as usize * self.width + from as usize) * 4;
            for _ in from..to {
                let texel = texel.unwrap_or_else(|| texture.sample(values[0], values[1]));
                let alpha = values[5] * texel[3] / 255.0;
                // Premultiplied "over" in gamma space, as egui's shaders do.
                let rest = 1.0 - (alpha / 255.0).clamp(0.0, 1.0);
                for k in 0..3 {
                    let ink = values[2 + k] * texel[k] / 255.0;
                    self.pixels[at + k] = (ink + f32::from(self.pixels[at + k]) * rest + 0.5).clamp(0.0, 255.0) as u8;
                }
                at += 4;
                for k in 0..6 {
                    values[k] += slopes[k].0;
                }
            }
        }
    }
}

fn edge(upper: &Corner, lower: &Corner, y: f32) -> f32 {
    let height = lower.y - upper.y;
    if height <= 0.0 { upper.x } else { upper.x + (lower.x - upper.x) * ((y - upper.y) / height) }
}

impl Texture {
    /// A colour, 0 to 255 each.
    fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        let (x, y) = (u * self.width as f32 - 0.5, v * self.height as f32 - 0.5);
        let at = |x: i32, y: i32| {
            let (x, y) = (x.clamp(0, self.width as i32 - 1), y.clamp(0, self.height as i32 - 1));
            self.pixels[y as usize * self.width + x as usize].to_array().map(f32::from)
        };
        let (fx, fy) = (x - x.floor(), y - y.floor());
        if !self.smooth || (fx.min(1.0 - fx) < 1e-3 && fy.min(1.0 - fy) < 1e-3) {
            return at(x.round() as i32, y.round() as i32);
        }
        let (x, y) = (x.floor() as i32, y.floor() as i32);
        let corners = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
        std::array::from_fn(|k| {
            (corners[0][k] * (1.0 - fx) + corners[1][k] * fx) * (1.0 - fy)
                + (corners[2][k] * (1.0 - fx) + corners[3][k] * fx) * fy
        })
    }
}
