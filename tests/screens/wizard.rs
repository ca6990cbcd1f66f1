//! A project that is begun: from a meter on the table to a file, page by page, with a real meter behind the wire.

use crate::editor::{described, text, until};
use crate::meter::Meter;
use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use watchkeeper::link::DeskRequest;
use watchkeeper::project::file;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{beginning, field_runtime, scans};
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::theme::ThemeChoice;
use watchkeeper::ui::wizard::Wizard;

struct Bench {
    window: Harness<'static, Desktop>,
    folder: TempDir,
    _runtime: Runtime,
}

impl Bench {
    fn new(theme: ThemeChoice, size: [f32; 2], percent: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = field_runtime().unwrap();
        let clock = system_clock();
        let scans = scans::serve(runtime.handle(), clock.clone());
        let begin = beginning::serve(runtime.handle().clone(), clock.clone()).unwrap();
        let recent = vec![folder.path().join("other.toml")];
        let settings = Settings { theme, text_scale_percent: percent, recent, ..Settings::default() };
        let mut desktop = Desktop::new(sample::riverside(), settings);
        desktop.clock = Some(clock);
        desktop.shell.wizard = Wizard::new(Some(scans), Some(begin));
        let window = desktop.harness(size);
        Self { window, folder, _runtime: runtime }
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.window.run_steps(3);
    }

    /// Types into the field of this name.
    fn type_into(&mut self, field: &str, words: &str) {
        self.field(field).focus();
        self.window.run_steps(2);
        text(&mut self.window, words);
    }

    fn field<'a>(&'a self, name: &'a str) -> egui_kittest::Node<'a> {
        self.window.get_by_role_and_label(Role::TextInput, name)
    }

    fn wait(&mut self, name: &str, part: &str) {
        let mut frames = 0;
        until(&mut self.window, &format!("{name} tells {part}"), |window| {
            frames += 1;
            if frames == 400 {
                picture(window, "wizard-waits");
            }
            let mut nodes = window.query_all_by_label(name);
            nodes.any(|node| node.accesskit_node().description().is_some_and(|told| told.contains(part)))
        });
        self.window.run_steps(2);
    }

    /// The project that is asked to be opened: alarms stand on the plant that is left, so that this is asked first.
    fn opened(&mut self) -> PathBuf {
        until(&mut self.window, "the question", |window| is_there(window, "Stop watching"));
        self.window.run_steps(2);
        press(&mut self.window, "Stop watching");
        let asked = std::mem::take(&mut self.window.state_mut().asked);
        match asked.as_slice() {
            [DeskRequest::Open(path)] => path.clone(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_meter_on_the_table_becomes_a_project_that_was_seen_before_it_was_written() {
    let meter = Meter::start();
    for (theme, size, percent, name) in [
        (ThemeChoice::Dark, [1280.0, 800.0], 100, "dark-1280"),
        (ThemeChoice::Light, [2560.0, 1440.0], 150, "light-2560"),
    ] {
        let mut bench = Bench::new(theme, size, percent);
        bench.key(Modifiers::COMMAND, Key::N);
        assert!(is_there(&bench.window, "Step 1 of 4, Device"));
        picture(&mut bench.window, &format!("wizard-{name}-1-table"));
        press(&mut bench.window, "Modbus over the network");
        // The address has the focus.
        text(&mut bench.window, &meter.address.to_string());
        press(&mut bench.window, "Try the connection");
        bench.wait("What answered", "Unit 1 answers");
        assert!(bench.window.query_by_label_contains("Eastron, SDM630, 1.24").is_some());
        picture(&mut bench.window, &format!("wizard-{name}-2-connection"));
        press(&mut bench.window, "Next");
        // By what it said of itself it is known.
        bench.wait("What the device says", "231.4 V, 230.9 V, 232.0 V: does that look right?");
        picture(&mut bench.window, &format!("wizard-{name}-3-values"));
        press(&mut bench.window, "Take meter.l3.current");
        // A name that cannot be is told beside it, and leads no further.
        bench.type_into("Name of meter.l1.voltage", " ?");
        bench.wait("Fault of meter.l1.voltage ?", "name");
        assert!(bench.window.get_by_label("Next").accesskit_node().is_disabled());
        bench.key(Modifiers::NONE, Key::Backspace);
        bench.key(Modifiers::NONE, Key::Backspace);
        press(&mut bench.window, "Next");
        bench.type_into("Name of the plant", "Town hall");
        bench.type_into("Limit", "25x");
        assert!(described(&bench.window, "Fault of the alarm").contains("limit"));
        for _ in 0..3 {
            bench.key(Modifiers::NONE, Key::Backspace);
        }
        text(&mut bench.window, "253");
        picture(&mut bench.window, &format!("wizard-{name}-4-save"));
        let shown = described(&bench.window, "Text of the project");
        let path = bench.folder.path().join("town_hall.toml");
        assert!(!path.exists(), "nothing is written before it was seen");
        press(&mut bench.window, "Save and open");
        assert_eq!(bench.opened(), path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, shown, "what was shown is what was written");
        let (project, issues) = file::read(text.as_bytes());
        assert!(issues.is_empty(), "{issues:?}");
        assert_eq!((project.name.as_str(), project.tags.len(), project.alarms.len()), ("Town hall", 12, 1));
    }
}

#[test]
fn a_device_that_does_not_answer_is_told_with_what_to_look_at() {
    let mut bench = Bench::new(ThemeChoice::Dark, [1280.0, 800.0], 100);
    bench.key(Modifiers::COMMAND, Key::N);
    press(&mut bench.window, "Modbus over the network");
    // A port that nobody has: it was given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    text(&mut bench.window, &free.to_string());
    bench.key(Modifiers::NONE, Key::Enter);
    bench.wait("What answered", "Not reached: connection refused");
    assert!(bench.window.query_by_label_contains("502 is usual").is_some());
    picture(&mut bench.window, "wizard-not-reached");
    let meter = Meter::start();
    bench.type_into("Address", "");
    bench.key(Modifiers::COMMAND, Key::A);
    text(&mut bench.window, &meter.address.to_string());
    bench.type_into("Unit", "");
    bench.key(Modifiers::COMMAND, Key::A);
    text(&mut bench.window, "7");
    press(&mut bench.window, "Try the connection");
    bench.wait("What answered", "but unit 7 does not answer");
    assert!(is_there(&bench.window, "Ask units 1 to 247"));
    // Back, and forth again: what was typed is there.
    bench.key(Modifiers::NONE, Key::Escape);
    bench.key(Modifiers::NONE, Key::Escape);
    assert!(is_there(&bench.window, "Step 1 of 4, Device"));
    press(&mut bench.window, "Modbus over the network");
    assert_eq!(bench.field("Unit").accesskit_node().value().as_deref(), Some("7"));
    // The address is chosen as a whole: what is typed takes its place.
    text(&mut bench.window, "10.0.0.7");
    assert_eq!(bench.field("Address").accesskit_node().value().as_deref(), Some("10.0.0.7"));
}

#[test]
fn another_device_is_read_at_the_workbench_and_what_its_display_shows_becomes_a_tag() {
    let meter = Meter::start();
    let mut bench = Bench::new(ThemeChoice::Dark, [1280.0, 800.0], 100);
    bench.key(Modifiers::COMMAND, Key::N);
    press(&mut bench.window, "Modbus over the network");
    text(&mut bench.window, &meter.address.to_string());
    press(&mut bench.window, "Try the connection");
    bench.wait("What answered", "Unit 1 answers");
    press(&mut bench.window, "Next");
    // It begins with the table that can be read.
    press(&mut bench.window, "Another: look at its registers");
    bench.wait("State of the workbench", "on the connection");
    bench.type_into("What the display shows", "231.4");
    press(&mut bench.window, "Find");
    press(&mut bench.window, "Make tag of 0 f32 ABCD");
    bench.wait("meter.r0", "231.4");
    picture(&mut bench.window, "wizard-workbench");
    bench.type_into("Unit of meter.r0", "V");
    press(&mut bench.window, "Next");
    let text = described(&bench.window, "Text of the project");
    assert!(
        text.contains(
            "name = \"meter.r0\"\ndevice = \"meter\"\nregister = \"input:0\"\ntype = \"f32\"\nunit = \"V\"\n"
        ),
        "{text}"
    );
}

#[test]
fn an_example_is_copied_where_a_person_says_and_opened() {
    let mut bench = Bench::new(ThemeChoice::Light, [1280.0, 800.0], 100);
    bench.key(Modifiers::COMMAND, Key::N);
    press(&mut bench.window, "An example");
    picture(&mut bench.window, "wizard-examples");
    press(&mut bench.window, "Look at Pump and heater");
    picture(&mut bench.window, "wizard-example-chosen");
    press(&mut bench.window, "Save and open");
    let path = bench.folder.path().join("pump.toml");
    assert_eq!(bench.opened(), path);
    assert!(file::read(&std::fs::read(&path).unwrap()).1.is_empty());
    assert!(bench.folder.path().join("pump.trip.rehearsal.csv").exists());
    // A second copy of the same name is refused, and nothing is lost.
    bench.key(Modifiers::COMMAND, Key::N);
    press(&mut bench.window, "An example");
    press(&mut bench.window, "Look at Pump and heater");
    press(&mut bench.window, "Save and open");
    bench.wait("Fault of the file", "is there already; choose another name");
}
