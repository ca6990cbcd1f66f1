//! How far a bundle is that is being opened, over whatever is shown meanwhile; and the button that ends it.

use super::theme::STEP;
use super::widgets::tell;
use super::words;
use crate::link::OpeningBundle;
use crate::text::visible;
use eframe::egui::{Align, Label, Layout, ProgressBar, Role, Ui, WidgetInfo};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(150);

/// The line.
pub fn opening_ui(ui: &mut Ui, opening: &OpeningBundle) {
    ui.ctx().request_repaint_after(LOOK);
    let (words, share) = far(opening);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let cancel = ui.button("Cancel");
        cancel.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Cancel opening the bundle"));
        if cancel.on_hover_text("What is shown stays").clicked() {
            opening.unpacking.stop.store(true, Ordering::Relaxed);
        }
        ui.add_space(STEP);
        ui.add(ProgressBar::new(share).desired_width(160.0).desired_height(10.0));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let label = ui.add(Label::new(&words).truncate());
            tell(&label, Role::Status, "Opening a bundle", || words.clone());
        });
    });
}

/// The step, and how far it is.
fn far(opening: &OpeningBundle) -> (String, f32) {
    let (of, bytes) = (opening.unpacking.of.load(Ordering::Relaxed), opening.unpacking.bytes.load(Ordering::Relaxed));
    let name =
        Path::new(&opening.what).file_name().map_or_else(|| opening.what.clone().into(), |n| n.to_string_lossy());
    let name = visible(&name);
    if opening.unpacking.stop.load(Ordering::Relaxed) {
        return (format!("Opening {name}: it is being stopped"), 0.0);
    }
    match (of, bytes) {
        (0, _) => (format!("Opening {name}: reading what is in it"), 0.0),
        (of, bytes) if bytes < of => {
            let share = (bytes as f64 / of as f64) as f32;
            let words = format!("{} % of {} unpacked", (share * 100.0) as u8, words::bytes(of));
            (format!("Opening {name}: {words}"), share)
        }
        _ => (format!("Opening {name}: looking at what was recorded last"), 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::historian::bundle::Unpacking;

    #[test]
    fn each_step_is_told_with_its_share() {
        let opening = OpeningBundle { what: "/a/night.bundle.zip".to_owned(), unpacking: Unpacking::default() };
        let told = || far(&opening).0;
        assert_eq!(told(), "Opening night.bundle.zip: reading what is in it");
        opening.unpacking.of.store(3_000_000, Ordering::Relaxed);
        opening.unpacking.bytes.store(750_000, Ordering::Relaxed);
        assert_eq!(told(), "Opening night.bundle.zip: 25 % of 3.0 MB unpacked");
        opening.unpacking.bytes.store(3_000_000, Ordering::Relaxed);
        assert_eq!(told(), "Opening night.bundle.zip: looking at what was recorded last");
        opening.unpacking.stop.store(true, Ordering::Relaxed);
        assert_eq!(told(), "Opening night.bundle.zip: it is being stopped");
    }
}
