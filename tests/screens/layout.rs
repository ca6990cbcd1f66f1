//! Every editor and dialog at two sizes of window and of text: whatever can be pressed is whole, on one line, and under nothing
//! else. `PICTURES=1 cargo test --test screens layout` leaves a picture of each in both themes, to be read by eye.

use crate::editor::{CTRL, NONE, Plant, Window, keys, text, until};
use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Rect, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _, by};
use watchkeeper::engine::{Command, Mode};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::time::Span;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

const TEXT: &str = include_str!("../../projects/demo.toml");

/// Size in pixels, size of text in percent; the first two have the least room.
const LOOKS: [([f32; 2], u16); 4] =
    [([1280.0, 800.0], 100), ([1280.0, 800.0], 150), ([2560.0, 1440.0], 100), ([2560.0, 1440.0], 150)];

/// The highest that one line of words with its frame is.
const ONE_LINE: f32 = 36.0;

fn pictures() -> bool {
    std::env::var_os("PICTURES").is_some()
}

/// All of them where pictures are wanted; what stands in little room stands in more.
fn looks() -> &'static [([f32; 2], u16)] {
    if pictures() { &LOOKS } else { &LOOKS[..2] }
}

/// Both themes where pictures are wanted; where things stand is the same in both.
fn themes() -> &'static [(ThemeChoice, &'static str)] {
    let all: &[_] = &[(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")];
    if pictures() { all } else { &all[..1] }
}

/// What can be pressed or typed into, each with its place: whole, one line high, side by side.
fn look_at(harness: &mut Window, scene: &str, shade: &str, (size, percent): ([f32; 2], u16)) {
    let what = format!("{scene}-{shade}-{}-{percent}", size[0]);
    if pictures() {
        picture(harness, &format!("layout-{what}"));
    }
    let zoom = f32::from(percent) / 100.0;
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(size[0] / zoom, size[1] / zoom)).expand(0.5);
    let pressed = [Role::Button, Role::Tab, Role::CheckBox, Role::RadioButton, Role::ComboBox, Role::TextInput];
    let nodes = harness.query_all(by().predicate(move |node| pressed.contains(&node.role()) && !node.is_hidden()));
    let plan = harness.state().snapshots.borrow().plan.clone();
    let mut seen = Vec::new();
    for node in nodes {
        let (name, place) = (node.accesskit_node().label().unwrap_or_default(), node.rect());
        assert!(!name.is_empty(), "something without a name at {place:?}, {what}");
        // What is scrolled out of sight below stands there; sideways there is no such thing but in a sheet.
        let in_sight = place.intersect(whole);
        let scrolls = name.starts_with("cell ") || name.starts_with("Sort by ");
        // A value on a display is a picture that can be pressed, not words on a button.
        if !in_sight.is_positive() || scrolls || plan.tag_id(&name).is_some() {
            continue;
        }
        assert!(
            place.left() >= whole.left() && place.right() <= whole.right(),
            "{name} leaves the window, {what}: {place:?}"
        );
        if matches!(node.accesskit_node().role(), Role::Button | Role::Tab | Role::TextInput) {
            assert!(place.height() <= ONE_LINE, "{name} is on more than one line, {what}: {place:?}");
        }
        let beside = node.accesskit_node().parent().map(|parent| parent.id());
        seen.push((name, place.shrink(1.0), beside));
    }
    let banner = seen.iter().filter(|(name, place, _)| name.starts_with("Acknowledge ") && place.top() < 80.0);
    let banner = banner.map(|(_, place, _)| place.bottom()).fold(0.0, f32::max);
    for (name, place, _) in seen.iter().filter(|(name, ..)| name == "Close") {
        assert!(place.top() > banner, "the dialog of {name} lies over the alarm banner, {what}: {place:?}");
    }
    for (i, (name, place, beside)) in seen.iter().enumerate() {
        for (other, theirs, _) in seen.iter().skip(i + 1).filter(|(.., of)| of == beside) {
            assert!(!place.intersect(*theirs).is_positive(), "{name} lies over {other}, {what}: {place:?} {theirs:?}");
        }
    }
}

#[test]
fn the_editor_and_what_lies_over_it() {
    for look in looks().iter().copied() {
        for (theme, shade) in themes() {
            let plant = Plant::new(TEXT);
            let mut harness = plant.edit(*theme, look.0, look.1);
            for sheet in ["Devices", "Tags", "Alarms", "Displays", "Panels"] {
                press(&mut harness, sheet);
                look_at(&mut harness, &format!("sheet-{}", sheet.to_lowercase()), shade, look);
            }
            if look == LOOKS[0] {
                let top = |name: &str| harness.get_by_label(name).rect().top();
                let save = harness.get_by_label("Save").rect();
                assert!(
                    (top("Save") - top("Review and apply…")).abs() < 2.0,
                    "one row of tools in a usual window: {save:?} {:?}",
                    harness.get_by_label("Review and apply…").rect()
                );
            }
            press(&mut harness, "Templates");
            look_at(&mut harness, "templates", shade, look);
            press(&mut harness, "Uses");
            look_at(&mut harness, "uses", shade, look);
            press(&mut harness, "Canvas");
            look_at(&mut harness, "canvas", shade, look);
            harness.get_all_by_label_contains("panel trend").next().unwrap().click();
            harness.run_steps(3);
            look_at(&mut harness, "canvas-trend", shade, look);
            press(&mut harness, "Tags");
            keys(&mut harness, &[(CTRL, Key::H)]);
            text(&mut harness, "wet well");
            look_at(&mut harness, "replace", shade, look);
            keys(&mut harness, &[(NONE, Key::Escape)]);
            press(&mut harness, "Tags");
            keys(&mut harness, &[(NONE, Key::ArrowRight), (NONE, Key::ArrowRight), (NONE, Key::ArrowRight)]);
            text(&mut harness, "nonsense");
            keys(&mut harness, &[(NONE, Key::Enter)]);
            until(&mut harness, "a fault", |h| is_there(h, "Faults of the draft: 1 fault"));
            look_at(&mut harness, "fault", shade, look);
            press(&mut harness, "Faults of the draft: 1 fault");
            look_at(&mut harness, "faults", shade, look);
            keys(&mut harness, &[(NONE, Key::Escape), (CTRL, Key::Enter)]);
            look_at(&mut harness, "review", shade, look);
        }
    }
}

#[test]
fn what_the_editor_asks_when_more_than_one_hand_writes() {
    let before = "watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\nunit = \"m\"\ndescription = \"old\"\n";
    for look in looks().iter().copied() {
        for (theme, shade) in themes() {
            let plant = Plant::new(before);
            let mut harness = plant.edit(*theme, look.0, look.1);
            press(&mut harness, "Tags");
            keys(&mut harness, &[(NONE, Key::ArrowRight)]);
            text(&mut harness, "mine");
            keys(&mut harness, &[(NONE, Key::Enter)]);
            std::fs::write(&plant.path, before.replace("\"old\"", "\"theirs\"").replace("\"m\"", "\"km\"")).unwrap();
            keys(&mut harness, &[(CTRL, Key::S)]);
            until(&mut harness, "the question", |h| is_there(h, "Take what is chosen into the draft"));
            harness.run_steps(2);
            look_at(&mut harness, "changed", shade, look);
            press(&mut harness, "Take what is chosen into the draft");
            keys(&mut harness, &[(CTRL, Key::S)]);
            until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
            press(&mut harness, "Earlier texts…");
            until(&mut harness, "the list", |h| h.query_all_by_label_contains("Take the text of").count() > 1);
            harness.run_steps(2);
            look_at(&mut harness, "earlier", shade, look);
            keys(&mut harness, &[(NONE, Key::Escape)]);
            press(&mut harness, "Tags");
            keys(&mut harness, &[(NONE, Key::ArrowRight)]);
            text(&mut harness, "not saved");
            keys(&mut harness, &[(NONE, Key::Enter)]);
            // The program ends; what is waited for is kept.
            drop(harness);
            let draft = plant.path.with_file_name("riverside.data").join("drafts").join("draft.toml");
            let (clock, patience) = (system_clock(), Span::from_secs(20));
            let begun = clock.now().mono;
            while !std::fs::read_to_string(&draft).is_ok_and(|text| text.contains("not saved")) {
                assert!(clock.now().mono - begun < patience, "{}", draft.display());
                std::thread::yield_now();
            }
            let mut harness = plant.edit(*theme, look.0, look.1);
            look_at(&mut harness, "found", shade, look);
        }
    }
}

#[test]
fn every_dialog_of_the_window() {
    for look in looks().iter().copied() {
        for (theme, shade) in themes() {
            let start = |place: Place, chosen: Option<&str>| {
                let settings = Settings { theme: *theme, text_scale_percent: look.1, ..Settings::default() };
                let mut desktop = Desktop::new(sample::riverside(), settings);
                desktop.publish(|snapshot| snapshot.mode = Mode::Live);
                let chosen = chosen.and_then(|tag| desktop.snapshots.borrow().plan.tag_id(tag));
                desktop.shell.open(place, chosen);
                desktop.harness(look.0)
            };
            for (key, scene) in [(Key::K, "finder"), (Key::Comma, "settings")] {
                let mut harness = start(Place::Display(0), None);
                keys(&mut harness, &[(CTRL, key)]);
                look_at(&mut harness, scene, shade, look);
            }
            for (words, scene) in [
                ("force a value", "force-choose"),
                ("forced values", "forced"),
                ("look for devices", "scanner"),
                ("faults of the project", "project-faults"),
                ("hand-over", "handover"),
                ("decode workbench", "workbench"),
                ("topic explorer", "explorer"),
                ("figures of alarms", "figures"),
            ] {
                let mut harness = start(Place::Display(0), None);
                keys(&mut harness, &[(CTRL, Key::K)]);
                text(&mut harness, words);
                keys(&mut harness, &[(NONE, Key::Enter)]);
                harness.run_steps(3);
                look_at(&mut harness, scene, shade, look);
            }
            let mut harness = start(Place::Display(0), None);
            keys(&mut harness, &[(NONE, Key::F1)]);
            look_at(&mut harness, "keys", shade, look);
            let mut harness = start(Place::Display(0), Some("tank1.level"));
            look_at(&mut harness, "faceplate", shade, look);
            keys(&mut harness, &[(CTRL, Key::K)]);
            text(&mut harness, "force tank1.level");
            keys(&mut harness, &[(NONE, Key::Enter)]);
            assert!(is_there(&harness, "Cancel"), "the sheet of a force");
            look_at(&mut harness, "force", shade, look);
            for (place, scene) in [
                (Place::Alarms, "alarms"),
                (Place::Hidden, "hidden"),
                (Place::Journal, "journal"),
                (Place::Devices, "devices"),
                (Place::AllTags, "tags"),
            ] {
                look_at(&mut start(place, None), scene, shade, look);
            }
        }
    }
}

#[test]
fn a_dialog_leaves_the_alarm_banner_its_buttons() {
    for percent in [100, 150] {
        let settings = Settings { text_scale_percent: percent, ..Settings::default() };
        let mut harness = Desktop::new(sample::riverside(), settings).harness([1280.0, 800.0]);
        keys(&mut harness, &[(CTRL, Key::Comma)]);
        assert!(is_there(&harness, "Settings"));
        press(&mut harness, "Acknowledge tank1.level/high-high");
        let sent = harness.state_mut().commands.try_recv();
        assert!(matches!(&sent, Ok(Command::Acknowledge { alarms, .. }) if alarms.len() == 1), "{percent}: {sent:?}");
        // Beside the buttons nothing is pressed, and what was being done goes on.
        let at = harness.get_all_by_label("Menu").next().unwrap().rect().left_center() - vec2(6.0, 0.0);
        harness.drag_at(at);
        harness.drop_at(at);
        harness.run_steps(3);
        assert!(is_there(&harness, "Settings"), "{percent}: it is open as before");
        keys(&mut harness, &[(NONE, Key::Escape)]);
        assert!(!is_there(&harness, "Settings"));
    }
}
