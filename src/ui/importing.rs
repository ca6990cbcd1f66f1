//! The sheet that imports a file of another program: whose file it is, what becomes of it, what of it is not carried over, and
//! whether it goes into the project that is open or becomes one of its own.

use super::editor;
use super::fonts;
use super::theme::STEP;
use super::wizard::Surroundings;
use super::wizard::fields::{choice, fault, field, remark};
use super::wizard::target::Target;
use super::{Action, Frame, Outbox};
use crate::link::{Answer, BeginLink};
use crate::project::Project;
use crate::project::import::{Fault, Format, Imported, Options, import};
use crate::project::new::file_name;
use crate::text::visible;
use eframe::egui::{Button, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The answer of the disk is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whose files are known.
const FORMATS: [(Format, &str); 3] =
    [(Format::HomeAssistant, "Home Assistant"), (Format::Telegraf, "Telegraf"), (Format::SunSpec, "SunSpec model")];

/// What is asked to be put into the draft of the project that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Whose file it is.
    pub format: Format,
    /// Its text.
    pub text: String,
    /// What it does not say.
    pub options: Options,
    /// Its name, for the step of undo.
    pub file: String,
}

/// The sheet while it is open.
#[derive(Debug)]
pub struct Importing {
    path: PathBuf,
    /// The file, on its way from the disk.
    reading: Option<Answer<String>>,
    text: Option<String>,
    refused: Option<String>,
    format: Format,
    device: String,
    address: String,
    unit: String,
    register: String,
    /// What came of it, by what it was made with.
    made: Option<((Format, Options), Result<Imported, Fault>)>,
    target: Target,
}

/// What came of a frame of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// It is done.
    Done,
}

/// Whose file one of this name is; `None`: its ending does not say.
pub fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_string_lossy().to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Some(Format::HomeAssistant),
        "json" => Some(Format::SunSpec),
        "conf" => Some(Format::Telegraf),
        _ => None,
    }
}

impl Importing {
    /// Reads this file.
    pub fn new(path: PathBuf, begin: Option<&BeginLink>) -> Self {
        let begun = begin.ok_or_else(|| "this program cannot read files".to_owned());
        let (reading, refused) = match begun.and_then(|begin| begin.read(path.clone())) {
            Ok(reading) => (Some(reading), None),
            Err(why) => (None, Some(why)),
        };
        let format = format_of(&path).unwrap_or(Format::Telegraf);
        Self {
            path,
            reading,
            text: None,
            refused,
            format,
            device: String::new(),
            address: String::new(),
            unit: "1".to_owned(),
            register: String::new(),
            made: None,
            target: Target::default(),
        }
    }

    fn file(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        visible(&name).into_owned()
    }

    /// What stands above it.
    pub fn title(&self) -> String {
        format!("Import {}", self.file())
    }

    fn options(&self) -> Options {
        if self.format != Format::SunSpec {
            return Options::default();
        }
        let some = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        Options {
            device: some(&self.device),
            address: some(&self.address),
            unit: self.unit.trim().parse().ok(),
            register: self.register.trim().parse().ok(),
            repeat: None,
        }
    }

    /// The sheet's content.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        frame: Option<&Frame<'_>>,
        begin: Option<&BeginLink>,
        out: &mut Outbox,
    ) -> Outcome {
        self.follow(ui);
        if let Some(path) = self.target.written() {
            out.action(Action::OpenProject(path));
            return Outcome::Done;
        }
        if let Some(why) = &self.refused {
            fault(ui, "the file", why);
            return Outcome::Open;
        }
        let Some(text) = self.text.clone() else {
            remark(ui, around.theme, "It is being read");
            return Outcome::Open;
        };
        self.format_ui(ui);
        let none = Project::default();
        let beside = frame.map_or(&none, |frame| &*frame.snapshot.plan.project);
        let asked = (self.format, self.options());
        if self.made.as_ref().is_none_or(|(of, _)| *of != asked) {
            let made = import(asked.0, &text, &asked.1, beside);
            self.made = Some((asked, made));
        }
        let Some((_, made)) = self.made.clone() else { return Outcome::Open };
        ui.add_space(STEP);
        match made {
            Err(why) => {
                fault(ui, "the file", &visible(&why.to_string()));
                Outcome::Open
            }
            Ok(made) => self.made_ui(ui, around, frame, begin, &text, &made, out),
        }
    }

    fn follow(&mut self, ui: &Ui) {
        let Some(reading) = &self.reading else { return };
        match reading.get() {
            None => ui.ctx().request_repaint_after(LOOK_EVERY),
            Some(Ok(text)) => {
                self.text = Some(text.clone());
                self.reading = None;
            }
            Some(Err(why)) => {
                self.refused = Some(why.clone());
                self.reading = None;
            }
        }
    }

    fn format_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            choice(ui, "Whose file it is", &mut self.format, &FORMATS, 160.0);
            if self.format == Format::SunSpec {
                field(ui, "Device, where the project has it", &mut self.device, "a new one", 190.0);
                field(ui, "Address of a new one", &mut self.address, "192.168.1.50:502", 160.0);
                field(ui, "Unit", &mut self.unit, "1", 60.0);
                field(ui, "Register of the model's ID", &mut self.register, "40069", 160.0);
            }
        });
    }

    fn made_ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        frame: Option<&Frame<'_>>,
        begin: Option<&BeginLink>,
        text: &str,
        made: &Imported,
        out: &mut Outbox,
    ) -> Outcome {
        let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let words = format!("It becomes {} and {}", plural(made.devices, "device"), plural(made.tags, "tag"));
        let label = ui.add(Label::new(fonts::bold(words.clone())).wrap());
        super::widgets::tell(&label, Role::Status, "What it becomes", || words.clone());
        if made.left.is_empty() {
            remark(ui, around.theme, "All of it is carried over");
        } else {
            ui.label(format!("{} not carried over, by line:", plural(made.left.len(), "thing")));
            let height = (ui.ctx().content_rect().height() * 0.3).max(80.0);
            ScrollArea::vertical().id_salt("not carried over").max_height(height).auto_shrink([false, true]).show(
                ui,
                |ui| {
                    for left in &made.left {
                        let at = if left.line > 0 { format!("line {}: ", left.line) } else { String::new() };
                        let words = visible(&format!("{at}{}", left.what)).into_owned();
                        ui.add(Label::new(RichText::new(words).color(around.theme.muted)).wrap().selectable(true));
                    }
                },
            );
        }
        ui.add_space(2.0 * STEP);
        let mut outcome = Outcome::Open;
        if let Some(frame) = frame {
            let why_not = editor::impossible(frame);
            let name = visible(&frame.snapshot.plan.project.name).into_owned();
            let into = Button::new(fonts::bold(format!("Put it into {name}")));
            let button = ui.add_enabled(why_not.is_none(), into);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, why_not.is_none(), "Put it into this project"));
            match why_not {
                Some(why) => remark(ui, around.theme, &why),
                None => remark(
                    ui,
                    around.theme,
                    "As one step of its draft, which can be undone; nothing is written before you save it",
                ),
            }
            if button.clicked() {
                let import =
                    Import { format: self.format, text: text.to_owned(), options: self.options(), file: self.file() };
                out.action(Action::PutImport(Box::new(import)));
                outcome = Outcome::Done;
            }
            ui.add_space(2.0 * STEP);
        }
        ui.label(fonts::bold("Or a project of its own"));
        let stem = self.path.file_stem().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned();
        let proposed = file_name(&stem);
        self.target.ui(ui, around, "New project", &proposed, 420.0);
        if ui.add_enabled(!self.target.waits(), Button::new("Save and open")).clicked() {
            let path = self.target.path(around.folder, &proposed);
            // Beside nothing, names need no numbers.
            let alone = import(self.format, text, &self.options(), &Project::default());
            if let Ok(alone) = alone {
                self.target.write(begin, path, alone.project(&stem), &[]);
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_whose_file_it_is_or_a_person_does() {
        for (file, format) in [
            ("a/configuration.YAML", Some(Format::HomeAssistant)),
            ("telegraf.conf", Some(Format::Telegraf)),
            ("model_103.json", Some(Format::SunSpec)),
            ("notes.txt", None),
            ("plain", None),
        ] {
            assert_eq!(format_of(Path::new(file)), format, "{file}");
        }
    }
}
