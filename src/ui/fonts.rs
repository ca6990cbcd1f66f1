//! The one type family, in two weights, with digits of one width (see assets/README.md for its origin and licence).

use eframe::egui::epaint::text::FontTweak;
use eframe::egui::{FontData, FontDefinitions, FontFamily, FontId, RichText};
use std::sync::Arc;

/// The sizes of type in points at 100 %; the text scale is the window's zoom factor, so nothing else scales them.
pub mod size {
    /// Captions, units beside large numbers, scales of gauges.
    pub const SMALL: f32 = 11.0;
    /// Everything that has no reason to be another size.
    pub const BODY: f32 = 13.0;
    /// Names of chosen things, titles of dialogs.
    pub const TITLE: f32 = 16.0;
    /// The number of a value panel.
    pub const VALUE: f32 = 28.0;
    /// The number of the faceplate.
    pub const GREAT: f32 = 36.0;
}

/// Name of the semibold family: what is to be found at a glance.
const STRONG: &str = "strong";

/// A thin space against an ordinary one: the original's 512 to 792 units.
const THIN_SPACE: f32 = 0.65;

/// Ordinary weight.
pub const fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Semibold.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// Words of the usual size that stand out among others.
pub fn bold(words: impl Into<String>) -> RichText {
    RichText::new(words).font(strong(size::BODY))
}

/// All families. The default fonts of egui are not compiled in, so these must suffice; signs beyond them come from the
/// computer's own fonts.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        ("regular", include_bytes!("../../assets/sans-regular.otf").as_slice()),
        (STRONG, include_bytes!("../../assets/sans-semibold.otf").as_slice()),
    ] {
        let tweak = FontTweak { thin_space_width: THIN_SPACE, ..FontTweak::default() };
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    }
    // Digits have one width in this family too, so that code and hex need no other.
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec!["regular".to_owned()]);
    }
    fonts.families.insert(FontFamily::Name(STRONG.into()), vec![STRONG.to_owned(), "regular".to_owned()]);
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Color32, Context, RawInput};

    /// Widths of these texts in this font.
    fn widths(font: &FontId, texts: &[String]) -> Vec<f32> {
        let ctx = Context::default();
        ctx.set_fonts(definitions());
        let mut widths = Vec::new();
        let mut output = ctx.run_ui(RawInput::default(), |ui| {
            widths = texts
                .iter()
                .map(|t| ui.painter().layout_no_wrap(t.clone(), font.clone(), Color32::WHITE).size().x)
                .collect();
        });
        output.textures_delta.clear();
        widths
    }

    #[test]
    fn numbers_of_as_many_digits_are_as_wide_whatever_the_digits() {
        for font in [regular(size::BODY), strong(size::BODY), regular(size::GREAT), strong(size::SMALL)] {
            let texts: Vec<String> = (0..10)
                .map(|d| format!("{d}{d}.{d}{d}{d}"))
                .chain(["10.742".to_owned(), "97.154".to_owned()])
                .collect();
            let widths = widths(&font, &texts);
            for (text, width) in texts.iter().zip(&widths) {
                assert!((width - widths[0]).abs() < 0.01, "{text} is {width} wide, 00.000 is {} ({font:?})", widths[0]);
            }
        }
    }

    #[test]
    fn the_space_between_groups_is_there_and_thinner_than_a_space() {
        let texts: Vec<String> = ["1450", "1\u{202F}450", "1 450"].map(str::to_owned).to_vec();
        let widths = widths(&regular(size::VALUE), &texts);
        assert!(widths[0] + 2.0 < widths[1] && widths[1] + 2.0 < widths[2], "{widths:?}");
    }

    #[test]
    fn every_sign_that_the_screen_uses_is_in_both_weights() {
        let ctx = Context::default();
        ctx.set_fonts(definitions());
        let mut missing = Vec::new();
        let mut output = ctx.run_ui(RawInput::default(), |ui| {
            for font in [regular(size::BODY), strong(size::BODY)] {
                for sign in super::super::words::SIGNS.chars() {
                    if !ui.fonts_mut(|f| f.has_glyph(&font, sign)) {
                        missing.push((font.family.clone(), sign));
                    }
                }
            }
        });
        output.textures_delta.clear();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn both_faces_stay_small() {
        for data in definitions().font_data.values() {
            assert!((*data.font).as_ref().len() < 150_000);
        }
    }
}
