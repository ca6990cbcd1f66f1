//! The canvas of the editor: panels that are dragged, pulled, put in order and copied, by pointer and by keys.

use crate::editor::{CTRL, NONE, Plant, Window, described, keys, text, until};
use crate::window::{is_there, picture, press};
use eframe::egui::{Event, Key, Modifiers, OutputCommand, Pos2, Rect, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use watchkeeper::ui::theme::ThemeChoice;

const TEXT: &str = include_str!("../../projects/demo.toml");

/// Two displays, the second of them narrow.
const SMALL: &str = r#"watchkeeper = 1
name = "Small"

[[tag]]
name = "a"
formula = "1"

[[display]]
name = "First"

# Beside the door.
[[display.panel]]
kind = "value"
at = [0, 0, 6, 2]
tag = "a"   # the only one

[[display.panel]]
kind = "text"
at = [8, 0, 4, 2]
text = "two"
title = "Two"

[[display.panel]]
kind = "text"
at = [16, 3, 4, 3]
text = "three"
title = "Three"

[[display]]
name = "Second"
columns = 12
"#;

fn open(text: &str) -> (Plant, Window) {
    let plant = Plant::new(text);
    let mut window = plant.edit(ThemeChoice::Dark, [1280.0, 800.0], 100);
    press(&mut window, "Canvas");
    (plant, window)
}

fn rect(harness: &Window, name: &str) -> Rect {
    let bounds = harness.get_by_label(name).accesskit_node().bounding_box().unwrap();
    Rect::from_min_max(pos2(bounds.x0 as f32, bounds.y0 as f32), pos2(bounds.x1 as f32, bounds.y1 as f32))
}

fn drag(harness: &mut Window, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.run_steps(1);
    for step in 1..=4 {
        harness.hover_at(from.lerp(to, step as f32 / 4.0));
        harness.run_steps(1);
    }
    harness.drop_at(to);
    harness.run_steps(3);
}

fn click(harness: &mut Window, name: &str, modifiers: Modifiers) {
    let at = rect(harness, name).center();
    harness.hover_at(at);
    harness.run_steps(1);
    let press =
        |pressed| Event::PointerButton { pos: at, button: eframe::egui::PointerButton::Primary, pressed, modifiers };
    harness.event_modifiers(press(true), modifiers);
    harness.run_steps(1);
    harness.event_modifiers(press(false), modifiers);
    harness.run_steps(2);
    harness.run_steps(1);
}

/// The width of a column and the height of a row of the first display of [`SMALL`].
fn cell(harness: &Window) -> [f32; 2] {
    let (first, third) = (rect(harness, "panel value a"), rect(harness, "panel text Three"));
    [(third.left() - first.left()) / 16.0, (third.top() - first.top()) / 3.0]
}

/// Saves, and gives back the text of the file.
fn saved(plant: &Plant, harness: &mut Window) -> String {
    keys(harness, &[(CTRL, Key::S)]);
    until(harness, "the file", |h| is_there(h, "Saved, not in force") || is_there(h, "As in the file"));
    plant.text()
}

#[test]
fn the_canvas_is_painted_in_both_themes_and_sizes() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (size, percent, what) in
            [([1280.0, 800.0], 100, ""), ([2560.0, 1440.0], 150, "-2560"), ([1280.0, 800.0], 150, "-150")]
        {
            let plant = Plant::new(TEXT);
            let mut harness = plant.edit(theme, size, percent);
            press(&mut harness, "Canvas");
            press(&mut harness, "panel bar Tanks");
            picture(&mut harness, &format!("canvas-{shade}{what}"));
        }
    }
}

#[test]
fn a_panel_that_is_dragged_is_a_diff_of_one_line_and_one_step_of_undo() {
    let (plant, mut harness) = open(SMALL);
    let [column, row] = cell(&harness);
    let from = rect(&harness, "panel value a").center();
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.run_steps(1);
    harness.hover_at(from + vec2(2.4 * column, 2.6 * row));
    harness.run_steps(2);
    picture(&mut harness, "canvas-drag-dark");
    harness.drop_at(from + vec2(2.4 * column, 2.6 * row));
    harness.run_steps(3);
    assert!(is_there(&harness, "Undo: Move panel “a”"));
    assert!(described(&harness, "panel value a").starts_with("column 2, row 3, 6 wide, 2 high, chosen"));
    assert_eq!(saved(&plant, &mut harness), SMALL.replacen("at = [0, 0, 6, 2]", "at = [2, 3, 6, 2]", 1));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert_eq!(saved(&plant, &mut harness), SMALL);
}

#[test]
fn an_edge_is_pulled_by_its_handle_and_esc_lets_go() {
    let (plant, mut harness) = open(SMALL);
    press(&mut harness, "panel value a");
    let [column, row] = cell(&harness);
    let corner = rect(&harness, "panel value a").right_bottom();
    drag(&mut harness, corner, corner + vec2(1.1 * column, 2.2 * row));
    assert!(described(&harness, "panel value a").starts_with("column 0, row 0, 7 wide, 4 high"));
    assert!(is_there(&harness, "Undo: Resize panel “a”"));
    let from = rect(&harness, "panel value a").center();
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.hover_at(from + vec2(3.0 * column, 0.0));
    harness.run_steps(2);
    keys(&mut harness, &[(NONE, Key::Escape)]);
    harness.drop_at(from + vec2(3.0 * column, 0.0));
    harness.run_steps(2);
    assert_eq!(saved(&plant, &mut harness), SMALL.replacen("at = [0, 0, 6, 2]", "at = [0, 0, 7, 4]", 1));
}

#[test]
fn panels_are_moved_resized_doubled_and_removed_by_keys_alone() {
    let (plant, mut harness) = open(SMALL);
    keys(&mut harness, &[(NONE, Key::Tab), (NONE, Key::Tab)]);
    assert!(described(&harness, "panel text Two").contains("chosen"));
    keys(&mut harness, &[(NONE, Key::ArrowRight), (NONE, Key::ArrowRight), (NONE, Key::ArrowDown)]);
    assert!(described(&harness, "panel text Two").starts_with("column 10, row 1, 4 wide, 2 high"));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert!(described(&harness, "panel text Two").starts_with("column 8, row 0,"), "steps of a walk are one step");
    keys(&mut harness, &[(Modifiers::SHIFT, Key::ArrowDown), (Modifiers::SHIFT, Key::ArrowRight)]);
    assert!(described(&harness, "panel text Two").starts_with("column 8, row 0, 5 wide, 3 high"));
    assert!(is_there(&harness, "Undo: Resize panel “Two”"));
    keys(&mut harness, &[(CTRL, Key::Z), (CTRL, Key::D)]);
    assert!(is_there(&harness, "Undo: Duplicate panel “Two”"));
    let copy = "[[display.panel]]\nkind = \"text\"\nat = [12, 0, 4, 2]\ntext = \"two\"\ntitle = \"Two\"\n\n";
    let doubled = SMALL.replacen("[[display]]\nname = \"Second\"", &format!("{copy}[[display]]\nname = \"Second\""), 1);
    assert_eq!(saved(&plant, &mut harness), doubled);
    keys(&mut harness, &[(NONE, Key::Delete)]);
    assert!(is_there(&harness, "Undo: Remove panel “Two”"), "the copy is what is chosen");
    assert_eq!(saved(&plant, &mut harness), SMALL);
}

#[test]
fn several_panels_are_put_in_order_at_once() {
    let (plant, mut harness) = open(SMALL);
    click(&mut harness, "panel text Two", NONE);
    click(&mut harness, "panel text Three", CTRL);
    assert!(described(&harness, "panel text Two").contains("chosen"));
    press(&mut harness, "Put in order");
    press(&mut harness, "Align bottom");
    assert!(is_there(&harness, "Undo: Align bottom panel “Two”"), "the one that moved");
    press(&mut harness, "Put in order");
    press(&mut harness, "Same height");
    let after = saved(&plant, &mut harness);
    assert_eq!(after, SMALL.replacen("at = [8, 0, 4, 2]", "at = [8, 4, 4, 3]", 1));
    keys(&mut harness, &[(CTRL, Key::A), (NONE, Key::ArrowDown)]);
    assert!(is_there(&harness, "Undo: Move 3 panels"));
}

#[test]
fn a_box_that_is_drawn_chooses_what_it_meets() {
    let (_plant, mut harness) = open(SMALL);
    let (two, three) = (rect(&harness, "panel text Two"), rect(&harness, "panel text Three"));
    drag(&mut harness, two.left_top() - vec2(8.0, 4.0), three.center());
    for (name, chosen) in [("panel value a", false), ("panel text Two", true), ("panel text Three", true)] {
        assert_eq!(described(&harness, name).contains("chosen"), chosen, "{name}");
    }
}

#[test]
fn a_panel_is_its_own_text_in_the_clipboard_and_is_pasted_on_another_display() {
    let (plant, mut harness) = open(SMALL);
    press(&mut harness, "panel value a");
    harness.event(Event::Copy);
    harness.run_steps(1);
    let mut copied = None;
    for command in &harness.output().platform_output.commands {
        if let OutputCommand::CopyText(text) = command {
            copied = Some(text.clone());
        }
    }
    let copied = copied.unwrap();
    let own =
        "# Beside the door.\n[[display.panel]]\nkind = \"value\"\nat = [0, 0, 6, 2]\ntag = \"a\"   # the only one\n";
    assert_eq!(copied, own);
    press(&mut harness, "Display on the canvas: First");
    press(&mut harness, "Second");
    harness.event(Event::Paste(copied));
    harness.run_steps(3);
    assert!(is_there(&harness, "Undo: Paste a panel on Second"));
    assert_eq!(saved(&plant, &mut harness), format!("{SMALL}\n{own}"));
    harness.event(Event::Paste("[[tag]]\nname = \"b\"\n".to_owned()));
    harness.run_steps(3);
    let refused =
        "Not pasted: what is in the clipboard is no panel; copy panels, or lines that begin with [[display.panel]]";
    assert!(is_there(&harness, refused));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    harness.event(Event::Cut);
    harness.run_steps(2);
    assert_eq!(saved(&plant, &mut harness), SMALL, "nothing was chosen, and nothing is cut");
}

#[test]
fn a_panel_over_another_is_told_in_the_readers_words() {
    let (_plant, mut harness) = open(SMALL);
    press(&mut harness, "panel text Two");
    keys(&mut harness, &[(NONE, Key::ArrowLeft), (NONE, Key::ArrowLeft), (NONE, Key::ArrowLeft)]);
    until(&mut harness, "the fault", |h| described(h, "panel text Two").contains("fault"));
    let told = described(&harness, "panel text Two");
    assert!(told.ends_with("fault: this panel lies over the value of line 12; move one of them"), "{told}");
    picture(&mut harness, "canvas-over-dark");
}

#[test]
fn a_new_panel_comes_to_the_first_free_place_and_its_fields_take_the_keys() {
    let (plant, mut harness) = open(SMALL);
    press(&mut harness, "New panel");
    press(&mut harness, "New text");
    assert!(is_there(&harness, "Undo: Add a text on First"));
    keys(&mut harness, &[(NONE, Key::Enter)]);
    let new = "\n[[display.panel]]\nkind = \"text\"\nat = [12, 0, 6, 1]\ntext = \"Text\"\n";
    let after = saved(&plant, &mut harness);
    assert!(after.contains(new), "{after}");
    assert!(harness.get_by_label("kind of text on First").accesskit_node().is_focused());
}

#[test]
fn nothing_that_is_pressed_on_the_canvas_reaches_the_plant() {
    let (_plant, mut harness) = open(TEXT);
    let alarms = rect(&harness, "panel alarms Alarms");
    for y in 0..8 {
        let at = pos2(alarms.right() - 40.0, alarms.top() + 20.0 + 14.0 * y as f32);
        if at.y < alarms.bottom() {
            harness.hover_at(at);
            harness.drag_at(at);
            harness.drop_at(at);
            harness.run_steps(1);
        }
    }
    keys(&mut harness, &[(NONE, Key::Space), (NONE, Key::F9), (NONE, Key::Enter)]);
    assert!(harness.state_mut().commands.try_recv().is_err());
    assert!(!is_there(&harness, "Close the faceplate"));
}

#[test]
fn what_several_panels_have_in_common_is_changed_at_once() {
    let (plant, mut harness) = open(SMALL);
    click(&mut harness, "panel text Two", NONE);
    click(&mut harness, "panel text Three", CTRL);
    assert!(!is_there(&harness, "kind of text Two on First"));
    harness.get_by_label("title of 2 panels").focus();
    harness.run_steps(2);
    text(&mut harness, "Alike");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    assert!(is_there(&harness, "Undo: Change title of 2 panels"));
    let after = SMALL.replace("title = \"Two\"", "title = \"Alike\"").replace("title = \"Three\"", "title = \"Alike\"");
    assert_eq!(saved(&plant, &mut harness), after);
}

#[test]
fn pens_are_added_by_name_moved_to_the_other_axis_and_taken_away() {
    let (plant, mut harness) = open(TEXT);
    press(&mut harness, "panel trend Levels and inflow");
    picture(&mut harness, "canvas-pens-dark");
    press(&mut harness, "Axis of pen tank2.level: left");
    let right = TEXT.replacen("{ tag = \"tank2.level\" }", "{ tag = \"tank2.level\", axis = \"right\" }", 1);
    assert_eq!(saved(&plant, &mut harness), right);
    press(&mut harness, "Axis of pen tank2.level: right");
    assert_eq!(saved(&plant, &mut harness), TEXT);
    harness.get_by_label("One more pen").focus();
    harness.run_steps(2);
    text(&mut harness, "rain");
    press(&mut harness, "Take rain.rate");
    assert!(is_there(&harness, "Remove pen rain.rate"));
    press(&mut harness, "Remove pen rain.rate");
    assert_eq!(saved(&plant, &mut harness), TEXT);
}

#[test]
fn a_tag_that_is_dropped_gets_the_panel_that_suits_it_and_enter_does_the_same() {
    let (plant, mut harness) = open(SMALL);
    let tag = rect(&harness, "tag a").center();
    let [column, row] = cell(&harness);
    let corner = rect(&harness, "panel value a").left_top();
    drag(&mut harness, tag, corner + vec2(12.5 * column, 0.5 * row));
    assert!(is_there(&harness, "Undo: Add value a on First"));
    assert!(saved(&plant, &mut harness).contains("at = [12, 0, 4, 2]\ntag = \"a\"\n"));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    harness.get_by_label("tag a").focus();
    harness.run_steps(2);
    keys(&mut harness, &[(NONE, Key::Enter)]);
    assert!(saved(&plant, &mut harness).contains("at = [12, 0, 4, 2]\ntag = \"a\"\n"));
}

#[test]
fn while_nothing_is_chosen_the_display_itself_has_its_fields() {
    let (plant, mut harness) = open(SMALL);
    harness.get_by_label("columns of First").focus();
    harness.run_steps(2);
    text(&mut harness, "30");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    let after = SMALL.replacen("name = \"First\"\n", "name = \"First\"\ncolumns = 30\n", 1);
    assert_eq!(saved(&plant, &mut harness), after);
}

#[test]
fn the_words_that_a_key_takes_are_chosen_from_a_list() {
    let (plant, mut harness) = open(SMALL);
    press(&mut harness, "panel text Two");
    press(&mut harness, "Choose kind of text Two on First");
    picture(&mut harness, "canvas-words-dark");
    press(&mut harness, "lamp");
    assert!(saved(&plant, &mut harness).contains("kind = \"lamp\"\nat = [8, 0, 4, 2]"));
}
