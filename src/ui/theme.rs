//! Tokens by meaning: the only file in which a colour is a number.
//!
//! Colour says "abnormal" and nothing else; the one colour that is not alarm is [`Theme::select`]. The four priorities
//! were searched for the greatest least distance as seen with normal sight and with each kind of colour blindness; the
//! tests below hold that, and the contrast of every pair that is used.

use super::fonts::{self, size};
use crate::project::Priority;
use eframe::egui::style::{ScrollStyle, TextCursorStyle, WidgetVisuals, Widgets};
use eframe::egui::{self, Color32, CornerRadius, FontId, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

/// One step of spacing, in points; distances are small multiples of it.
pub const STEP: f32 = 4.0;
/// Radius of panels and buttons.
pub const RADIUS: u8 = 5;
/// Width of borders, grids and limit lines.
pub const LINE: f32 = 1.0;
/// Width of pens and sparks.
pub const PEN: f32 = 1.5;
/// Least height of whatever can be pressed.
pub const TOUCH: f32 = 22.0;

/// Tokens of one theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Light words on a dark ground.
    pub dark: bool,
    /// Behind the panels.
    pub ground: Color32,
    /// Panels, banner, tree, status bar.
    pub panel: Color32,
    /// Buttons, chosen rows.
    pub raised: Color32,
    /// Borders, grid.
    pub line: Color32,
    /// Empty bars and gauges.
    pub track: Color32,
    /// Values, words.
    pub text: Color32,
    /// Words and symbol on a row filled with `critical`.
    pub inverse: Color32,
    /// Units, labels, ages, bad values, limit lines while nothing is wrong.
    pub muted: Color32,
    /// Sparks, plant that is well.
    pub normal: Color32,
    /// The normal band of gauges and bars.
    pub band: Color32,
    /// Focus and choice.
    pub select: Color32,
    /// By priority, most urgent first.
    pub priorities: [Color32; 4],
    /// The digit on a filled symbol, by priority.
    pub digits: [Color32; 4],
    /// Outline of a symbol whose fill alone would be too weak, by priority.
    pub outlines: [Option<Color32>; 4],
    /// Pens of a trend in order; their dashes are in [`Theme::dashes`].
    pub pens: [Color32; 4],
    /// Behind dialogs: thin, for alarms are to be seen through it.
    pub veil: Color32,
}

/// Which theme a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// Light words on a dark ground.
    #[default]
    Dark,
    /// Dark words on a light ground.
    Light,
}

impl ThemeChoice {
    /// Its tokens.
    pub const fn theme(self) -> Theme {
        match self {
            Self::Dark => Theme::dark(),
            Self::Light => Theme::light(),
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// A colour that a picture of the engineer's brings with it: red, green, blue.
pub const fn of_picture([r, g, b]: [u8; 3]) -> Color32 {
    Color32::from_rgb(r, g, b)
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

impl Theme {
    /// For rooms that are dimmed at night.
    pub const fn dark() -> Self {
        let inverse = rgb(0x0015_181c);
        Self {
            dark: true,
            ground: rgb(0x001e_2227),
            panel: rgb(0x0027_2c32),
            raised: rgb(0x0032_3840),
            line: rgb(0x003c_434b),
            track: rgb(0x0020_252a),
            text: rgb(0x00d6_dade),
            inverse,
            muted: rgb(0x00a2_aab3),
            normal: rgb(0x008f_a0ad),
            band: rgb(0x003d_474f),
            select: rgb(0x006d_b3e8),
            priorities: [rgb(0x00f4_6267), rgb(0x00e9_a40d), rgb(0x00fb_f398), rgb(0x00ae_81fa)],
            digits: [inverse; 4],
            outlines: [None; 4],
            pens: [rgb(0x008f_d3c8), rgb(0x00e8_b0d0), rgb(0x009e_d6a8), rgb(0x00d9_c9a0)],
            veil: Color32::from_black_alpha(60),
        }
    }

    /// For daylight.
    pub const fn light() -> Self {
        let text = rgb(0x001b_1f24);
        let inverse = rgb(0x00ff_ffff);
        Self {
            dark: false,
            ground: rgb(0x00d4_d7da),
            panel: rgb(0x00e4_e6e8),
            raised: rgb(0x00f1_f2f3),
            line: rgb(0x00b9_bec4),
            track: rgb(0x00cd_d1d5),
            text,
            inverse,
            muted: rgb(0x004a_525b),
            normal: rgb(0x005b_6b78),
            band: rgb(0x00c3_c9ce),
            select: rgb(0x000b_62a4),
            priorities: [rgb(0x00b6_0028), rgb(0x00d8_7719), rgb(0x00f4_d10a), rgb(0x0080_32c2)],
            digits: [inverse, text, text, inverse],
            outlines: [None, Some(text), Some(text), None],
            pens: [rgb(0x000f_6b6b), rgb(0x009a_2f6e), rgb(0x001f_6b35), rgb(0x006b_5416)],
            veil: Color32::from_black_alpha(36),
        }
    }

    /// The colour of a priority: of its symbol and of a violated limit, never of ordinary words.
    pub const fn priority(&self, priority: Priority) -> Color32 {
        self.priorities[priority as usize]
    }

    /// The colour of a priority where it is a thin line or words on a panel: the priority's own in the dark theme; in
    /// the light one, where two of them are too weak for that, the colour of words.
    pub const fn priority_words(&self, priority: Priority) -> Color32 {
        match self.outlines[priority as usize] {
            Some(outline) => outline,
            None => self.priorities[priority as usize],
        }
    }

    /// Pen `index` of a trend, repeating after four.
    pub const fn pen(&self, index: usize) -> Color32 {
        self.pens[index % 4]
    }

    /// Lengths of dash and gap of pen `index`, in points; `None`: a full line. With the colours, eight pens differ.
    pub const fn dashes(index: usize) -> Option<(f32, f32)> {
        match index % 8 {
            1 => Some((7.0, 3.0)),
            3 => Some((2.0, 3.0)),
            4 => Some((11.0, 4.0)),
            6 => Some((4.0, 2.0)),
            7 => Some((1.5, 5.0)),
            _ => None,
        }
    }

    /// A border.
    pub fn border(&self) -> Stroke {
        Stroke::new(LINE, self.line)
    }

    /// The frame of a panel in the grid.
    pub fn panel_frame(&self) -> egui::Frame {
        egui::Frame::new()
            .fill(self.panel)
            .stroke(self.border())
            .corner_radius(RADIUS)
            .inner_margin(Margin::symmetric(12, 8))
    }

    /// Sets fonts and style of a context. Cheap enough to be called whenever the theme changes, not each frame.
    pub fn install(&self, ctx: &egui::Context) {
        ctx.set_fonts(fonts::definitions());
        self.apply(ctx);
    }

    /// Sets the style of a context, without its fonts.
    pub fn apply(&self, ctx: &egui::Context) {
        let theme = if self.dark { egui::Theme::Dark } else { egui::Theme::Light };
        ctx.set_theme(theme);
        ctx.set_style_of(theme, self.style());
    }

    /// How egui's own widgets look with these tokens.
    pub fn style(&self) -> Style {
        let mut style = Style { visuals: self.visuals(), ..Style::default() };
        style.text_styles = [
            (TextStyle::Small, fonts::regular(size::SMALL)),
            (TextStyle::Body, fonts::regular(size::BODY)),
            (TextStyle::Button, fonts::regular(size::BODY)),
            (TextStyle::Monospace, FontId::monospace(size::BODY)),
            (TextStyle::Heading, fonts::strong(size::TITLE)),
        ]
        .into();
        style.spacing.item_spacing = vec2(2.0 * STEP, STEP);
        style.spacing.button_padding = vec2(2.0 * STEP, STEP / 2.0);
        style.spacing.interact_size = vec2(10.0 * STEP, TOUCH);
        style.spacing.window_margin = Margin::same(16);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::solid() };
        style.interaction.selectable_labels = false;
        // Nothing moves on this screen but what blinks because a person has to act.
        style.animation_time = 0.0;
        style
    }

    fn visuals(&self) -> Visuals {
        let widget = |fill: Color32, border: Color32, text: Color32| WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(LINE, border),
            corner_radius: CornerRadius::same(RADIUS - 1),
            fg_stroke: Stroke::new(LINE, text),
            expansion: 0.0,
        };
        let mut visuals = if self.dark { Visuals::dark() } else { Visuals::light() };
        visuals.widgets = Widgets {
            noninteractive: widget(self.panel, self.line, self.text),
            inactive: widget(self.raised, self.line, self.text),
            hovered: widget(self.raised, self.muted, self.text),
            active: widget(self.track, self.select, self.text),
            open: widget(self.raised, self.select, self.text),
        };
        visuals.selection.bg_fill = self.select.gamma_multiply(0.35);
        visuals.selection.stroke = Stroke::new(2.0 * LINE, self.select);
        visuals.hyperlink_color = self.select;
        visuals.weak_text_color = Some(self.muted);
        visuals.faint_bg_color = self.track;
        visuals.extreme_bg_color = self.track;
        visuals.text_edit_bg_color = Some(self.track);
        visuals.code_bg_color = self.track;
        visuals.warn_fg_color = self.text;
        visuals.error_fg_color = self.text;
        visuals.panel_fill = self.panel;
        visuals.window_fill = self.panel;
        visuals.window_stroke = self.border();
        visuals.window_corner_radius = CornerRadius::same(RADIUS);
        visuals.menu_corner_radius = CornerRadius::same(RADIUS);
        visuals.window_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: self.veil };
        visuals.popup_shadow = Shadow { offset: [0, 2], blur: 8, spread: 0, color: self.veil };
        visuals.window_highlight_topmost = false;
        visuals.indent_has_left_vline = false;
        // A steady caret: a blinking one would cost a frame each half second and draw the eye from what blinks for a reason.
        visuals.text_cursor =
            TextCursorStyle { stroke: Stroke::new(2.0, self.select), blink: false, ..TextCursorStyle::default() };
        visuals
    }
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
