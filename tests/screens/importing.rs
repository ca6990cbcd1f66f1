//! A file of another program: dropped on the window, judged, put into the draft or made a project of its own.

use crate::editor::{Plant, described, keys, until};
use crate::window::{drop_files, is_there, picture, press};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use std::path::Path;
use watchkeeper::link::DeskRequest;
use watchkeeper::project::file;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{beginning, field_runtime};
use watchkeeper::ui::theme::ThemeChoice;
use watchkeeper::ui::wizard::Wizard;

#[test]
fn what_another_program_knows_becomes_one_step_of_the_draft_or_a_project_of_its_own() {
    let runtime = field_runtime().unwrap();
    for (theme, file_name, name) in [
        (ThemeChoice::Dark, "telegraf.conf", "import-telegraf"),
        (ThemeChoice::Light, "configuration.yaml", "import-home-assistant"),
    ] {
        let plant = Plant::new(include_str!("../../projects/pump.toml"));
        let mut window = plant.edit(theme, [1280.0, 800.0], 100);
        let begin = beginning::serve(runtime.handle().clone(), system_clock()).unwrap();
        window.state_mut().shell.wizard = Wizard::new(None, Some(begin));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(file_name);
        drop_files(&mut window, &[file.to_str().unwrap()]);
        until(&mut window, "it is read", |window| is_there(window, "What it becomes"));
        window.run_steps(3);
        let becomes = described(&window, "What it becomes");
        assert!(becomes.starts_with("It becomes ") && becomes.ends_with(" tags"), "{becomes}");
        assert!(window.query_by_label_contains("not carried over, by line:").is_some());
        picture(&mut window, name);
        press(&mut window, "Put it into this project");
        window.run_steps(4);
        let tags = becomes.rsplit(' ').nth(1).unwrap();
        let step = format!("Import {tags} tags of {file_name}");
        assert!(window.query_all_by_label_contains(&step).next().is_some(), "{step}");
        picture(&mut window, &format!("{name}-draft"));
        assert_eq!(plant.text(), include_str!("../../projects/pump.toml"), "nothing is written before it is saved");
        keys(&mut window, &[(Modifiers::COMMAND, Key::Z)]);
        assert!(window.query_all_by_label_contains(&format!("Taken back: {step}")).next().is_some());
        // The same as a project of its own, beside the one that is open.
        let path = plant.path.with_file_name("own.toml");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(file_name);
        drop_files(&mut window, &[file.to_str().unwrap()]);
        until(&mut window, "it is read", |window| is_there(window, "What it becomes"));
        window.run_steps(3);
        window.get_by_role_and_label(eframe::egui::accesskit::Role::TextInput, "File").focus();
        window.run_steps(2);
        crate::editor::text(&mut window, path.to_str().unwrap());
        press(&mut window, "Save and open");
        until(&mut window, "the question", |window| is_there(window, "Stop watching"));
        window.run_steps(2);
        press(&mut window, "Stop watching");
        let asked = std::mem::take(&mut window.state_mut().asked);
        assert!(matches!(asked.last(), Some(DeskRequest::Open(opened)) if *opened == path), "{asked:?}");
        let (project, issues) = file::read(&std::fs::read(&path).unwrap());
        assert!(issues.iter().all(|issue| issue.severity != watchkeeper::project::Severity::Error), "{issues:?}");
        assert_eq!(project.tags.len().to_string(), tags);
    }
}

#[test]
fn a_table_of_a_spreadsheet_becomes_one_step_of_the_draft_or_names_the_cell_that_is_wrong() {
    let runtime = field_runtime().unwrap();
    let plant = Plant::new(include_str!("../../projects/pump.toml"));
    let mut window = plant.edit(ThemeChoice::Dark, [1280.0, 800.0], 100);
    let begin = beginning::serve(runtime.handle().clone(), system_clock()).unwrap();
    window.state_mut().shell.wizard = Wizard::new(None, Some(begin));
    let table = plant.path.with_file_name("units.csv");
    for (text, said) in [
        ("tag,unit\npump1.flow,l/s\n", "Import 1 row of units.csv"),
        ("tag,colour\npump1.flow,red\n", "Nothing is imported: B1"),
    ] {
        std::fs::write(&table, text).unwrap();
        drop_files(&mut window, &[table.to_str().unwrap()]);
        until(&mut window, "it is read", |window| is_there(window, "Put it into this project"));
        window.run_steps(3);
        press(&mut window, "Put it into this project");
        window.run_steps(4);
        assert!(window.query_all_by_label_contains(said).next().is_some(), "{said}");
    }
}
