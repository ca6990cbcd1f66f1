//! Templates in the editor: what they make among the sheets' rows, where that is changed, and their own sheets.

use crate::editor::{CTRL, NONE, Plant, Window, described, keys, said, text, until};
use crate::window::{is_there, picture, press};
use eframe::egui::{Event, Key};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use watchkeeper::ui::theme::ThemeChoice;

const TEXT: &str = include_str!("../../projects/wells.toml");

/// All columns are in sight.
const WIDE: [f32; 2] = [2560.0, 1440.0];

/// The editor of the wells, read and judged, with this sheet.
fn open(sheet: &str) -> (Plant, Window) {
    let plant = Plant::new(TEXT);
    let mut harness = plant.edit(ThemeChoice::Dark, WIDE, 100);
    press(&mut harness, "Tags");
    until(&mut harness, "what the templates make", |h| is_there(h, "cell name of well1.level"));
    press(&mut harness, sheet);
    harness.run_steps(3);
    (plant, harness)
}

fn filter(harness: &mut Window, words: &str) {
    harness.get_by_label("Filter rows").focus();
    harness.run_steps(2);
    text(harness, words);
    harness.run_steps(3);
}

#[test]
fn what_a_template_makes_is_a_row_among_the_others_and_leads_to_where_it_is_changed() {
    let (_plant, mut harness) = open("Tags");
    // Three of each of three wells, and the sum of the text itself.
    assert_eq!(said(&harness, "Tags"), "1 in the text, 9 from templates");
    let told = described(&harness, "cell name of well2.flow");
    assert_eq!(told, "well2.flow, from template well for well2");
    assert_eq!(said(&harness, "cell register of well2.flow"), "holding:12");
    picture(&mut harness, "editor-made-dark");
    // It is found like any other.
    filter(&mut harness, "well3");
    assert!(is_there(&harness, "cell name of well3.level") && !is_there(&harness, "cell name of well2.flow"));
    assert!(is_there(&harness, "4 of 10"), "three of its own, and the sum that names it");
    keys(&mut harness, &[(NONE, Key::Backspace); 5]);
    // It is not typed into, and says where it is.
    harness.get_by_label("cell unit of well3.flow").click();
    harness.run_steps(3);
    text(&mut harness, "l");
    assert!(is_there(&harness, "well3.flow comes from template well: change it there, or what well3 gives it"));
    press(&mut harness, "Change it in template well");
    assert_eq!(said(&harness, "cell unit of {name}.flow"), "m³/h");
    text(&mut harness, "l/s");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    press(&mut harness, "Tags");
    until(&mut harness, "the new unit in all of them", |h| said(h, "cell unit of well3.flow") == "l/s");
    assert_eq!(said(&harness, "cell unit of well1.flow"), "l/s");
    assert!(is_there(&harness, "Undo: Change unit of {name}.flow"));
    // Or in what is given for it.
    harness.get_by_label("cell unit of well3.flow").click();
    harness.run_steps(3);
    press(&mut harness, "Change what well3 gives it");
    assert_eq!(said(&harness, "cell base of well3, a well"), "20");
}

#[test]
fn one_switch_leaves_out_what_templates_make() {
    let (_plant, mut harness) = open("Alarms");
    assert_eq!(said(&harness, "cell limit of well3.level/low"), "6.0");
    press(&mut harness, "From templates");
    assert!(!is_there(&harness, "cell limit of well3.level/low"));
    press(&mut harness, "Tags");
    assert!(is_there(&harness, "cell name of field.flow") && !is_there(&harness, "cell name of well1.level"));
    assert_eq!(said(&harness, "Tags"), "", "as many as there are rows");
    press(&mut harness, "From templates");
    assert!(is_there(&harness, "cell name of well1.level"));
}

#[test]
fn a_fault_of_one_use_stands_at_its_own_row_and_one_of_the_template_at_all() {
    let plant = Plant::new(&TEXT.replace("base = 10 },", "base = 70000 },"));
    let mut harness = plant.edit(ThemeChoice::Dark, [1280.0, 800.0], 100);
    press(&mut harness, "Tags");
    until(&mut harness, "faults", |h| is_there(h, "Faults of the draft: 3 faults"));
    assert!(!described(&harness, "cell register of well1.level").contains("fault"));
    let told = described(&harness, "cell register of well2.level");
    assert!(told.starts_with("holding:70000, from template well for well2, fault: "), "{told}");
    picture(&mut harness, "editor-made-fault-dark");
    // In the sheet of uses at the row that gives it.
    press(&mut harness, "Templates");
    press(&mut harness, "Uses");
    let told = said(&harness, "Fault of well2, a well");
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(!is_there(&harness, "Fault of well1, a well") && !is_there(&harness, "Fault of well3, a well"));
    // And in the list of faults with the line of the use, which leads there.
    press(&mut harness, "Tags");
    press(&mut harness, "Faults of the draft: 3 faults");
    let line = TEXT.lines().position(|line| line.contains("base = 10 },")).unwrap() + 1;
    let words = format!("fault, line {line}: ");
    harness.get_all_by_label_contains(&words).next().unwrap().click();
    harness.run_steps(3);
    assert!(is_there(&harness, "cell base of well2, a well"));
    let plant = Plant::new(&TEXT.replace("type = \"f32\"", "type = \"f3\""));
    let mut harness = plant.edit(ThemeChoice::Light, WIDE, 100);
    press(&mut harness, "Tags");
    until(&mut harness, "faults", |h| {
        is_there(h, "cell name of well2.level") && described(h, "cell name of well2.level").contains("from template")
    });
    until(&mut harness, "faults", |h| is_there(h, "Faults of the draft: 2 faults"));
    for well in 1..=3 {
        let told = described(&harness, &format!("cell type of well{well}.level"));
        assert!(told.contains(", fault: "), "{told}");
    }
}

#[test]
fn a_template_is_written_and_used_without_the_text() {
    let plant = Plant::new("watchkeeper = 1\n");
    let mut harness = plant.edit(ThemeChoice::Dark, WIDE, 100);
    press(&mut harness, "Templates");
    keys(&mut harness, &[(NONE, Key::Insert)]);
    text(&mut harness, "pump");
    keys(&mut harness, &[(NONE, Key::Tab)]);
    text(&mut harness, "[\"name\", \"base\"]");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    press(&mut harness, "Tags of templates");
    keys(&mut harness, &[(NONE, Key::Insert)]);
    assert!(is_there(&harness, "cell name of {name}.tag1"));
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    harness.event(Event::Paste("{name}.flow\r\n{name}.run\r\n".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("cell formula of {name}.flow").click();
    harness.run_steps(3);
    text(&mut harness, "{base} + 1");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    text(&mut harness, "1");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    press(&mut harness, "Alarms of templates");
    keys(&mut harness, &[(NONE, Key::Insert)]);
    harness.event(Event::Paste("{name}.run\thigh\t80\r\n".to_owned()));
    harness.run_steps(3);
    picture(&mut harness, "editor-template-alarms-dark");
    press(&mut harness, "All templates");
    press(&mut harness, "Use it once more");
    assert_eq!(said(&harness, "cell name of pump1, a pump"), "pump1");
    // Thirty are pasted like rows of any sheet.
    let rows: Vec<String> = (1..=30).map(|nth| format!("pump{nth}\t{}\r\n", nth * 10)).collect();
    keys(&mut harness, &[(NONE, Key::ArrowDown)]);
    harness.event(Event::Paste(rows.concat()));
    harness.run_steps(3);
    picture(&mut harness, "editor-uses-dark");
    press(&mut harness, "Tags");
    until(&mut harness, "sixty tags", |h| is_there(h, "cell name of pump9.run"));
    keys(&mut harness, &[(CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    let (project, issues) = watchkeeper::project::file::read(plant.text().as_bytes());
    assert_eq!((project.tags.len(), project.alarms.len()), (60, 30), "{issues:?}\n{}", plant.text());
}

#[test]
fn a_template_that_is_renamed_is_still_the_one_that_is_used() {
    let (plant, mut harness) = open("Templates");
    harness.get_by_label("cell name of well").click();
    harness.run_steps(3);
    text(&mut harness, "borehole");
    keys(&mut harness, &[(NONE, Key::Enter), (CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    assert_eq!(
        plant.text(),
        TEXT.replace("name = \"well\"", "name = \"borehole\"")
            .replace("template = \"well\"", "template = \"borehole\"")
    );
}

#[test]
fn what_is_wrong_with_a_cell_is_told_while_it_is_typed() {
    let (_plant, mut harness) = open("Tags");
    harness.get_by_label("cell decimals of field.flow").click();
    harness.run_steps(3);
    text(&mut harness, "x");
    let fault = "Fault of cell decimals of field.flow";
    assert!(is_there(&harness, fault));
    let told = harness.get_by_label(fault).accesskit_node().value().unwrap_or_default();
    assert!(told.starts_with("decimals is "), "{told}");
    picture(&mut harness, "editor-typed-fault-dark");
    keys(&mut harness, &[(NONE, Key::Backspace)]);
    text(&mut harness, "2");
    assert!(!is_there(&harness, fault));
    // Entered, it is told at once, before the whole is read.
    text(&mut harness, "z");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    assert!(described(&harness, "cell decimals of field.flow").starts_with("2z, fault: decimals is "));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    until(&mut harness, "no fault", |h| !described(h, "cell decimals of field.flow").contains("fault"));
}

#[test]
fn the_sheets_of_templates_are_painted_in_both_themes() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let plant = Plant::new(TEXT);
        let mut harness = plant.edit(theme, [1280.0, 800.0], 100);
        press(&mut harness, "Tags");
        until(&mut harness, "what the templates make", |h| is_there(h, "cell name of well1.level"));
        harness.get_by_label("cell name of well1.level").click();
        harness.run_steps(3);
        picture(&mut harness, &format!("templates-made-{shade}"));
        press(&mut harness, "Templates");
        picture(&mut harness, &format!("templates-{shade}"));
        for (sheet, name) in [
            ("Tags of templates", "tags"),
            ("Alarms of templates", "alarms"),
            ("Panels of templates", "panels"),
            ("Items of templates", "items"),
            ("Uses", "uses"),
        ] {
            press(&mut harness, sheet);
            picture(&mut harness, &format!("templates-{name}-{shade}"));
        }
    }
}

#[test]
fn items_of_a_template_are_written_in_their_sheet_and_used_on_a_mimic_without_the_text() {
    const MIMIC: &str = "watchkeeper = 1\n\n[[template]]\nname = \"pump\"\nparameters = [\"name\"]\n\n  [[template.tag]]\n  name = \"{name}.run\"\n  \
                         formula = \"1\"\n\n[[use]]\ntemplate = \"pump\"\nwith = [{ name = \"pump1\" }, { name = \"pump2\" }]\n\n[[display]]\nname = \"Station\"\n\n\
                         [[display.panel]]\nkind = \"mimic\"\nat = [0, 0, 24, 8]\ndrawing = \"pumping.svg\"\n";
    let plant = Plant::new(MIMIC);
    let mut harness = plant.edit(ThemeChoice::Dark, WIDE, 100);
    press(&mut harness, "Panels");
    harness.get_by_label("cell drawing of mimic on Station").click();
    harness.run_steps(3);
    assert!(harness.get_by_label("Use a template…").accesskit_node().is_disabled(), "none has an item");
    press(&mut harness, "Templates");
    press(&mut harness, "Items of templates");
    keys(&mut harness, &[(NONE, Key::Insert)]);
    assert_eq!(said(&harness, "cell kind of value {name}.run of pump"), "value", "it shows the template's tag");
    harness.get_by_label("cell kind of value {name}.run of pump").click();
    harness.run_steps(3);
    text(&mut harness, "pump");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    harness.get_by_label("cell element of pump {name}.run of pump").click();
    harness.run_steps(3);
    text(&mut harness, "{name}");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    harness.get_by_label("cell at of pump {name}.run of pump").click();
    harness.run_steps(3);
    keys(&mut harness, &[(NONE, Key::Delete)]);
    picture(&mut harness, "editor-template-items-dark");
    press(&mut harness, "Panels");
    harness.get_by_label("cell drawing of mimic on Station").click();
    harness.run_steps(3);
    press(&mut harness, "Use a template…");
    press(&mut harness, "Use template pump here");
    assert_eq!(
        said(&harness, "cell makes of pump1, a pump: items of a mimic of Station"),
        "items of a mimic of Station"
    );
    keys(&mut harness, &[(CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    let (project, issues) = watchkeeper::project::file::read(plant.text().as_bytes());
    let items = &project.displays[0].panels[0].items;
    assert_eq!(
        (items.len(), items[0].tag.as_str(), items[0].spot.words()),
        (1, "pump1.run", "element pump1".to_owned())
    );
    assert!(issues.is_empty(), "{issues:?}\n{}", plant.text());
}

#[test]
fn a_template_is_used_on_a_display_from_its_fields_and_seen_on_the_canvas() {
    let from = TEXT.find("[[display.use]]").unwrap();
    let until_here = from + TEXT[from..].find("[[display.panel]]").unwrap();
    let plant = Plant::new(&[&TEXT[..from], &TEXT[until_here..]].concat());
    for (theme, shade) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        let mut harness = plant.edit(theme, WIDE, 100);
        press(&mut harness, "Tags");
        until(&mut harness, "what the templates make", |h| is_there(h, "cell name of well1.level"));
        press(&mut harness, "Displays");
        harness.get_by_label("cell name of Wells").click();
        harness.run_steps(3);
        press(&mut harness, "Use a template…");
        press(&mut harness, "Use template well here");
        assert_eq!(said(&harness, "cell base of well1, a well: panels of Wells"), "0");
        press(&mut harness, "Displays");
        press(&mut harness, "Canvas");
        harness.run_steps(3);
        press(&mut harness, "Use a template…");
        press(&mut harness, "Use template well here");
        harness.run_steps(3);
        assert!(is_there(
            &harness,
            "On Wells now: well2, a well: panels of Wells. What it is given is changed in Uses"
        ));
        assert_eq!(
            said(&harness, "panel gauge well2.level from template well for well2"),
            "column 8, row 0, 8 wide, 6 high"
        );
        picture(&mut harness, &format!("editor-canvas-made-{shade}"));
        harness.get_by_label("panel gauge well2.level from template well for well2").click();
        harness.run_steps(3);
        assert!(is_there(
            &harness,
            "gauge well2.level comes from template well for well2: change it there, or what well2 gives it"
        ));
        press(&mut harness, "What templates are used for here");
        assert_eq!(said(&harness, "cell at of well2, a well: panels of Wells"), "[8, 0]");
        if shade == "dark" {
            keys(&mut harness, &[(CTRL, Key::S)]);
            until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
        }
    }
    let (project, issues) = watchkeeper::project::file::read(plant.text().as_bytes());
    assert_eq!(project.displays[0].panels.len(), 8, "{issues:?}\n{}", plant.text());
}
