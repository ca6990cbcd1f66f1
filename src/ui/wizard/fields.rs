//! Fields with their names above them, and what is wrong below.

use crate::project::TlsSettings;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets;
use eframe::egui::{ComboBox, Key, Label, Response, RichText, Role, TextEdit, Ui, WidgetInfo};

/// Longest text of a field.
const MOST_CHARS: usize = 300;

/// A field; its name is what a screen reader says.
pub fn field(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    labelled(ui, name, width, |ui| {
        let edit = TextEdit::singleline(text).hint_text(hint).desired_width(width - 8.0).char_limit(MOST_CHARS);
        let edit = ui.add(edit);
        edit.widget_info(|| WidgetInfo {
            current_text_value: Some(text.clone()),
            ..WidgetInfo::labeled(Role::TextInput, ui.is_enabled(), name)
        });
        edit
    })
}

/// Whether Enter was pressed in it.
pub fn entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter))
}

/// Anything with its name above it.
pub fn labelled<R>(ui: &mut Ui, name: &str, width: f32, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.vertical(|ui| {
        ui.set_width(width);
        ui.label(RichText::new(name).font(fonts::regular(size::SMALL)));
        content(ui)
    })
    .inner
}

/// One of a few.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, chosen: &mut T, all: &[(T, &str)], width: f32) {
    labelled(ui, name, width, |ui| {
        let shown = all.iter().find(|(one, _)| one == chosen).map_or("", |(_, words)| words);
        let list = ComboBox::from_id_salt(name).selected_text(shown).width(width - 8.0);
        let response = list.show_ui(ui, |ui| {
            for (one, words) in all {
                ui.selectable_value(chosen, *one, *words);
            }
        });
        name_list(&response.response, name, shown);
    });
}

/// Tells what a list is of, and what is chosen in it.
pub fn name_list(response: &Response, name: &str, shown: &str) {
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(shown.to_owned()),
        ..WidgetInfo::labeled(Role::ComboBox, response.enabled(), name)
    });
}

/// What is typed of certificates.
///
/// # Errors
/// Where a half of what goes together is missing, in words for the screen.
pub fn tls_from(ca: &str, cert: &str, key: &str) -> Result<TlsSettings, String> {
    let some = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let identity = match (some(cert), some(key)) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err("A certificate of ours and its key go together; write both, or none".to_owned()),
    };
    Ok(TlsSettings { ca: some(ca), identity })
}

/// What is wrong with the field above.
pub fn fault(ui: &mut Ui, name: &str, words: &str) {
    let label = ui.add(Label::new(fonts::bold(words.to_owned())).wrap());
    widgets::tell(&label, Role::Alert, &format!("Fault of {name}"), || words.to_owned());
}

/// A sentence beside what is done.
pub fn remark(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
}

/// A choice of the first page: what it is, and a sentence about it, over the whole width.
pub fn large_button(ui: &mut Ui, theme: &Theme, title: &str, words: &str) -> Response {
    use eframe::egui::text::{LayoutJob, TextFormat};
    use eframe::egui::{Align, Button, Layout, vec2};
    let mut job = LayoutJob::default();
    let format = |font, color| TextFormat { font_id: font, color, line_height: Some(20.0), ..TextFormat::default() };
    job.append(title, 0.0, format(fonts::strong(size::BODY), theme.text));
    job.append("\n", 0.0, TextFormat::default());
    job.append(words, 0.0, format(fonts::regular(size::BODY), theme.muted));
    job.wrap.max_width = ui.available_width() - 24.0;
    let width = ui.available_width();
    let down = Layout::top_down_justified(Align::LEFT);
    let button = ui.with_layout(down, |ui| ui.add(Button::new(job).min_size(vec2(width, 50.0)))).inner;
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, title));
    button.ctx.accesskit_node_builder(button.id, |node| node.set_description(words));
    button
}
