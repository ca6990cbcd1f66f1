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
#[derive(Debug, Clone, PartialEq)]
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
    /// Behind dialogs.
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

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

impl Theme {
    /// For rooms that are dimmed at night.
    pub const fn dark() -> Self {
        let inverse = rgb(0x15_18_1c);
        Self {
            dark: true,
            ground: rgb(0x1e_22_27),
            panel: rgb(0x27_2c_32),
            raised: rgb(0x32_38_40),
            line: rgb(0x3c_43_4b),
            track: rgb(0x20_25_2a),
            text: rgb(0xd6_da_de),
            inverse,
            muted: rgb(0xa2_aa_b3),
            normal: rgb(0x8f_a0_ad),
            band: rgb(0x3d_47_4f),
            select: rgb(0x6d_b3_e8),
            priorities: [rgb(0xf4_62_67), rgb(0xe9_a4_0d), rgb(0xfb_f3_98), rgb(0xae_81_fa)],
            digits: [inverse; 4],
            outlines: [None; 4],
            pens: [rgb(0x8f_d3_c8), rgb(0xe8_b0_d0), rgb(0x9e_d6_a8), rgb(0xd9_c9_a0)],
            veil: Color32::from_black_alpha(120),
        }
    }

    /// For daylight.
    pub const fn light() -> Self {
        let text = rgb(0x1b_1f_24);
        let inverse = rgb(0xff_ff_ff);
        Self {
            dark: false,
            ground: rgb(0xd4_d7_da),
            panel: rgb(0xe4_e6_e8),
            raised: rgb(0xf1_f2_f3),
            line: rgb(0xb9_be_c4),
            track: rgb(0xcd_d1_d5),
            text,
            inverse,
            muted: rgb(0x4a_52_5b),
            normal: rgb(0x5b_6b_78),
            band: rgb(0xc3_c9_ce),
            select: rgb(0x0b_62_a4),
            priorities: [rgb(0xb6_00_28), rgb(0xd8_77_19), rgb(0xf4_d1_0a), rgb(0x80_32_c2)],
            digits: [inverse, text, text, inverse],
            outlines: [None, Some(text), Some(text), None],
            pens: [rgb(0x0f_6b_6b), rgb(0x9a_2f_6e), rgb(0x1f_6b_35), rgb(0x6b_54_16)],
            veil: Color32::from_black_alpha(80),
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
