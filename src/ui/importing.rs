//! The sheet that imports a file of another program: whose file it is, what becomes of it, what of it is not carried over, and
//! whether it goes into the project that is open or becomes one of its own.

use super::dialogs;
use super::editor;
use super::files::FileDialog;
use super::fonts;
use super::theme::STEP;
use super::wizard::Surroundings;
use super::wizard::fields::{choice, entered, fault, field, remark};
use super::wizard::target::Target;
use super::{Action, Frame, Outbox};
use crate::link::{Answer, BeginLink};
use crate::project::Project;
use crate::project::import::{Fault, Format, Imported, Options, import};
use crate::project::new::file_name;
use crate::text::visible;
use eframe::egui::{Button, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The answer of the disk is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whose files are known.
const KINDS: [(Kind, &str); 4] = [
    (Kind::Program(Format::HomeAssistant), "Home Assistant"),
    (Kind::Program(Format::Telegraf), "Telegraf"),
    (Kind::Program(Format::SunSpec), "SunSpec model"),
    (Kind::Table, "Table of tags or alarms"),
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of another program.
    Program(Format),
    /// Of a spreadsheet.
    Table,
}

/// What is asked to be put into the draft of the project that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What is put there.
    pub of: ImportOf,
    /// The file's name, for the step of undo.
    pub file: String,
}

impl Import {
    /// How long what is put there is.
    pub fn bytes(&self) -> usize {
        match &self.of {
            ImportOf::Program(_, text, _) => text.len(),
            ImportOf::Table(bytes) => bytes.len(),
        }
    }
}

/// See [`Import`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOf {
    /// A file of another program: whose, its text, and what it does not say.
    Program(Format, String, Options),
    /// A table of a spreadsheet.
    Table(Arc<[u8]>),
}

/// The sheet while it is open.
#[derive(Debug)]
pub struct Importing {
    /// As typed, or chosen.
    file: String,
    dialog: FileDialog,
    /// The file, on its way from the disk.
    reading: Option<Answer<Arc<[u8]>>>,
    bytes: Option<Arc<[u8]>>,
    refused: Option<String>,
    kind: Kind,
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

/// What a file of this name is; `None`: its ending does not say.
pub fn kind_of(path: &Path) -> Option<Kind> {
    match path.extension()?.to_string_lossy().to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Some(Kind::Program(Format::HomeAssistant)),
        "json" => Some(Kind::Program(Format::SunSpec)),
        "conf" => Some(Kind::Program(Format::Telegraf)),
        "csv" => Some(Kind::Table),
        _ => None,
    }
}

impl Importing {
    /// Reads this file; none: asks which.
    pub fn new(path: Option<PathBuf>, begin: Option<&BeginLink>) -> Self {
        let mut sheet = Self {
            file: String::new(),
            dialog: FileDialog::default(),
            reading: None,
            bytes: None,
            refused: None,
            kind: Kind::Program(Format::Telegraf),
            device: String::new(),
            address: String::new(),
            unit: "1".to_owned(),
            register: String::new(),
            made: None,
            target: Target::default(),
        };
        if let Some(path) = path {
            sheet.file = path.display().to_string();
            sheet.read(path, begin);
        }
        sheet
    }

    fn read(&mut self, path: PathBuf, begin: Option<&BeginLink>) {
        self.kind = kind_of(&path).unwrap_or(self.kind);
        (self.bytes, self.made, self.refused) = (None, None, None);
        let begun = begin.ok_or_else(|| "this program cannot read files".to_owned());
        match begun.and_then(|begin| begin.read(path)) {
            Ok(reading) => self.reading = Some(reading),
            Err(why) => self.refused = Some(why),
        }
    }

    fn file_name(&self) -> String {
        let path = Path::new(self.file.trim());
        visible(&path.file_name().unwrap_or_default().to_string_lossy()).into_owned()
    }

    /// What stands above it.
    pub fn title(&self) -> String {
        if self.bytes.is_some() { format!("Import {}", self.file_name()) } else { "Import".to_owned() }
    }

    fn options(&self) -> Options {
        if self.kind != Kind::Program(Format::SunSpec) {
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
        self.file_ui(ui, around, begin);
        if let Some(why) = &self.refused {
            fault(ui, "the file to import", why);
            return Outcome::Open;
        }
        let Some(bytes) = self.bytes.clone() else { return Outcome::Open };
        self.kind_ui(ui);
        ui.add_space(STEP);
        let Kind::Program(format) = self.kind else {
            let words =
                "Its rows go to the tags or alarms that they are called after; the review shows what that changes";
            remark(ui, around.theme, words);
            return self.put_ui(ui, around, frame, ImportOf::Table(bytes), out);
        };
        let Ok(text) = String::from_utf8(bytes.to_vec()) else {
            fault(ui, "the file to import", "it is no UTF-8 text; save it as UTF-8");
            return Outcome::Open;
        };
        let none = Project::default();
        let beside = frame.map_or(&none, |frame| &*frame.snapshot.plan.project);
        let asked = (format, self.options());
        if self.made.as_ref().is_none_or(|(of, _)| *of != asked) {
            let made = import(asked.0, &text, &asked.1, beside);
            self.made = Some((asked, made));
        }
        match self.made.clone() {
            Some((_, Ok(made))) => {
                made_ui(ui, around, &made);
                let of = ImportOf::Program(format, text.clone(), self.options());
                let outcome = self.put_ui(ui, around, frame, of, out);
                self.alone_ui(ui, around, begin, format, &text);
                outcome
            }
            Some((_, Err(why))) => {
                fault(ui, "the file to import", &visible(&why.to_string()));
                Outcome::Open
            }
            None => Outcome::Open,
        }
    }

    fn follow(&mut self, ui: &Ui) {
        let Some(reading) = &self.reading else { return };
        match reading.get() {
            None => ui.ctx().request_repaint_after(LOOK_EVERY),
            Some(Ok(bytes)) => {
                self.bytes = Some(Arc::clone(bytes));
                self.reading = None;
            }
            Some(Err(why)) => {
                self.refused = Some(why.clone());
                self.reading = None;
            }
        }
    }

    /// Which file: typed, or chosen.
    fn file_ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, begin: Option<&BeginLink>) {
        let chosen = self.dialog.take();
        let mut read = false;
        match chosen {
            Some(Ok(path)) => {
                self.file = path.display().to_string();
                read = true;
            }
            Some(Err(why)) => self.refused = Some(why),
            None => {}
        }
        let typed = field(
            ui,
            "File to import",
            &mut self.file,
            "configuration.yaml, telegraf.conf, model.json, tags.csv",
            420.0,
        );
        if self.bytes.is_none() && self.file.is_empty() && ui.memory(|memory| memory.focused().is_none()) {
            typed.request_focus();
        }
        read |= entered(ui, &typed);
        ui.horizontal(|ui| {
            if ui.button("Choose a file…").clicked() {
                self.refused = self.dialog.import(ui.ctx(), Some(around.folder)).err();
            }
            let there = !self.file.trim().is_empty();
            read |= ui.add_enabled(there, Button::new("Read it")).clicked();
        });
        if read && !self.file.trim().is_empty() {
            self.read(around.folder.join(self.file.trim()), begin);
        }
        ui.add_space(STEP);
    }

    fn kind_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            choice(ui, "What it is", &mut self.kind, &KINDS, 180.0);
            if self.kind == Kind::Program(Format::SunSpec) {
                field(ui, "Device, where the project has it", &mut self.device, "a new one", 190.0);
                field(ui, "Address of a new one", &mut self.address, "192.168.1.50:502", 160.0);
                field(ui, "Unit", &mut self.unit, "1", 60.0);
                field(ui, "Register of the model's ID", &mut self.register, "40069", 160.0);
            }
        });
    }

    /// Into the project that is open.
    fn put_ui(
        &self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        frame: Option<&Frame<'_>>,
        of: ImportOf,
        out: &mut Outbox,
    ) -> Outcome {
        let Some(frame) = frame else { return Outcome::Open };
        ui.add_space(2.0 * STEP);
        let why_not = editor::impossible(frame);
        let name = visible(&frame.snapshot.plan.project.name).into_owned();
        let button = ui.add_enabled(why_not.is_none(), Button::new(fonts::bold(format!("Put it into {name}"))));
        button.widget_info(|| WidgetInfo::labeled(Role::Button, why_not.is_none(), "Put it into this project"));
        let usual = "As one step of its draft, which can be undone; nothing is written before you save it";
        remark(ui, around.theme, why_not.as_deref().unwrap_or(usual));
        if !button.clicked() {
            return Outcome::Open;
        }
        out.action(Action::PutImport(Box::new(Import { of, file: self.file_name() })));
        Outcome::Done
    }

    /// As a project of its own.
    fn alone_ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        begin: Option<&BeginLink>,
        format: Format,
        text: &str,
    ) {
        ui.add_space(2.0 * STEP);
        ui.label(fonts::bold("Or a project of its own"));
        let name = self.file_name();
        let stem = Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let proposed = file_name(&stem);
        self.target.ui(ui, around, "New project", &proposed, 420.0);
        if ui.add_enabled(!self.target.waits(), Button::new("Save and open")).clicked() {
            let path = self.target.path(around.folder, &proposed);
            // Beside nothing, names need no numbers.
            if let Ok(alone) = import(format, text, &self.options(), &Project::default()) {
                self.target.write(begin, path, alone.project(&stem), &[]);
            }
        }
    }
}

/// What becomes of it, and what does not.
fn made_ui(ui: &mut Ui, around: Surroundings<'_>, made: &Imported) {
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let words = format!("It becomes {} and {}", plural(made.devices, "device"), plural(made.tags, "tag"));
    let label = ui.add(Label::new(fonts::bold(words.clone())).wrap());
    super::widgets::tell(&label, Role::Status, "What it becomes", || words.clone());
    if made.left.is_empty() {
        remark(ui, around.theme, "All of it is carried over");
        return;
    }
    ui.label(format!("{} not carried over, by line:", plural(made.left.len(), "thing")));
    let height = (dialogs::room(ui.ctx()).y * 0.3).max(80.0);
    let area = ScrollArea::vertical()
        .id_salt("not carried over")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, true]);
    area.show(ui, |ui| {
        for left in &made.left {
            let at = if left.line > 0 { format!("line {}: ", left.line) } else { String::new() };
            let words = visible(&format!("{at}{}", left.what)).into_owned();
            ui.add(Label::new(RichText::new(words).color(around.theme.muted)).wrap().selectable(true));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_whose_file_it_is_or_a_person_does() {
        for (file, kind) in [
            ("a/configuration.YAML", Some(Kind::Program(Format::HomeAssistant))),
            ("telegraf.conf", Some(Kind::Program(Format::Telegraf))),
            ("model_103.json", Some(Kind::Program(Format::SunSpec))),
            ("tags.csv", Some(Kind::Table)),
            ("notes.txt", None),
            ("plain", None),
        ] {
            assert_eq!(kind_of(Path::new(file)), kind, "{file}");
        }
    }
}
