//! The part of time and values that a plot shows, and where it lies on the screen.

use crate::time::{Span, Utc};
use eframe::egui::Rect;

/// The part of time and values that a plot shows, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Where, on the screen.
    pub rect: Rect,
    /// Left edge.
    pub from: Utc,
    /// Right edge.
    pub to: Utc,
    /// Value at the lower edge.
    pub low: f64,
    /// Value at the upper edge.
    pub high: f64,
}

impl View {
    /// Points of the screen for a microsecond.
    pub(super) fn x_scale(&self) -> f64 {
        f64::from(self.rect.width()) / ((self.to - self.from).0.max(1) as f64)
    }

    /// How long a point of the screen is.
    pub fn pixel(&self) -> Span {
        Span(((self.to - self.from).0 as f64 / f64::from(self.rect.width().max(1.0))) as i64)
    }

    /// Points of the screen for a unit of value.
    fn y_scale(&self) -> f64 {
        f64::from(self.rect.height()) / (self.high - self.low).max(f64::MIN_POSITIVE)
    }

    /// Where an instant lies.
    pub fn x(&self, time: Utc) -> f32 {
        self.places().x(time)
    }

    /// Where a value lies. Kept near the picture, so that no value is too large for a tessellator.
    pub fn y(&self, value: f64) -> f32 {
        self.places().y(value)
    }

    /// What is worked out once for many points.
    pub(super) fn places(&self) -> Places {
        let height = f64::from(self.rect.height());
        Places {
            left: self.rect.left(),
            from: self.from,
            x_scale: self.x_scale(),
            bottom: self.rect.bottom(),
            low: self.low,
            y_scale: self.y_scale(),
            reach: [-4.0 * height, 5.0 * height],
        }
    }

    /// Which value lies at `y`.
    pub fn value(&self, y: f32) -> f64 {
        self.low + f64::from((self.rect.bottom() - y) / self.rect.height().max(1.0)) * (self.high - self.low)
    }

    /// Which instant lies at `x`.
    pub fn time(&self, x: f32) -> Utc {
        self.from + Span((f64::from(x - self.rect.left()) / self.x_scale().max(f64::MIN_POSITIVE)) as i64)
    }
}

/// A view's scales.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    left: f32,
    from: Utc,
    x_scale: f64,
    bottom: f32,
    low: f64,
    y_scale: f64,
    /// Above the lower edge, at least and at most.
    reach: [f64; 2],
}

impl Places {
    pub(super) fn x(&self, time: Utc) -> f32 {
        self.left + ((time - self.from).0 as f64 * self.x_scale) as f32
    }

    pub(super) fn y(&self, value: f64) -> f32 {
        let [least, most] = self.reach;
        self.bottom - ((value - self.low) * self.y_scale).max(least).min(most) as f32
    }
}
