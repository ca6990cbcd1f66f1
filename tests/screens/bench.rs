//! The engineer's bench: registers under every type, what of them shows what a display shows, topics as a tree; and the tag
//! that is made of either, in the editor.

use crate::window::{Desktop, is_there, picture};
use eframe::egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::fs;
use tokio::sync::mpsc;
use watchkeeper::drivers::scan::topics::Topics;
use watchkeeper::drivers::scan::{Found, Request};
use watchkeeper::engine::{DeviceId, Mode};
use watchkeeper::link::{ScanAsk, ScanLink};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::editing;
use watchkeeper::time::{Mono, Now, Span};
use watchkeeper::ui::explorer::Explorer;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

const TEXT: &str = "watchkeeper = 1\n\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1:502\"\n\n\
    [[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://192.0.2.2\"\n\n\
    [[tag]]\nname = \"first\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"u16\"\n";

struct Bench {
    window: Harness<'static, Desktop>,
    _folder: tempfile::TempDir,
    monitor: watchkeeper::drivers::monitor::Monitor,
    scans: mpsc::Receiver<ScanAsk>,
}

fn bench(theme: ThemeChoice, place: Place) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("riverside.toml");
    fs::write(&path, TEXT).unwrap();
    let mut sample = sample::riverside();
    sample.about.path = Some(path);
    sample.snapshot.mode = Mode::Live;
    let monitor = sample.about.monitor.clone();
    let mut desktop = Desktop::new(sample, Settings { theme, ..Settings::default() });
    desktop.shell.set_editing(Some(editing::serve(system_clock()).unwrap()));
    let (asks, scans) = mpsc::channel(1);
    desktop.shell.explorer = Explorer::new(Some(ScanLink { asks }));
    desktop.shell.open(place, None);
    Bench { window: desktop.harness([1280.0, 800.0]), _folder: folder, monitor, scans }
}

fn until(window: &mut Harness<'static, Desktop>, what: &str) {
    let (clock, patience) = (system_clock(), Span::from_secs(20));
    let begun = clock.now().mono;
    while !is_there(window, what) {
        assert!(clock.now().mono - begun < patience, "{what}");
        std::thread::yield_now();
        window.run_steps(1);
    }
}

#[test]
fn what_a_meter_shows_is_found_in_its_registers_and_becomes_a_tag_with_the_cursor_on_its_name() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let Bench { mut window, monitor, _folder, .. } = bench(theme, Place::Workbench);
        let read = |now: Now, volts: f32| {
            let [a, b, c, d] = volts.to_be_bytes();
            let mut words = vec![2314, u16::from_be_bytes([c, d]), u16::from_be_bytes([a, b]), 7, 0, 65_000];
            words.extend(10..24);
            monitor.device(DeviceId(0)).bench().read(now, Span::from_millis(4), &words);
        };
        let now = window.state().snapshots.borrow().now;
        read(now, 231.43);
        window.run_steps(2);
        picture(&mut window, &format!("workbench-{shade}"));
        let find = |window: &mut Harness<'static, Desktop>, shown: &str| {
            window.get_by_label("What the display shows").focus();
            window.run_steps(1);
            window.get_by_label("What the display shows").type_text(shown);
            window.run_steps(1);
            window.key_press(Key::Enter);
            window.run_steps(3);
        };
        find(&mut window, "231.4");
        assert!(is_there(&window, "decoding 1 f32 CDAB") && is_there(&window, "decoding 0 u16 × 0.1"));
        read(now, 229.8);
        window.run_steps(2);
        find(&mut window, "229.8");
        assert!(is_there(&window, "decoding 1 f32 CDAB") && !is_there(&window, "decoding 0 u16 × 0.1"));
        assert!(is_there(&window, &format!("register 2: {}, moved", (229.8_f32.to_bits() >> 16) as u16)));
        picture(&mut window, &format!("workbench-found-{shade}"));
        window.get_by_label("Make tag of 1 f32 CDAB").click();
        until(&mut window, "cell name of plc1.r1");
        picture(&mut window, &format!("workbench-tag-{shade}"));
    }
}

#[test]
fn registers_that_the_device_refuses_are_named_and_have_no_value() {
    let Bench { mut window, monitor, _folder, .. } = bench(ThemeChoice::Dark, Place::Workbench);
    window.run_steps(2);
    let now = window.state().snapshots.borrow().now;
    let log = monitor.device(DeviceId(0));
    while log.bench().view().reads == 0 {
        let (_, due) = log.bench().due(now.mono).unwrap();
        let registers = due.start..due.start + due.count;
        if registers.contains(&5) {
            log.bench().refused(now.mono, 2, "exception 2: illegal data address");
        } else {
            let words: Vec<u16> = registers.map(|register| 0x4000 + register).collect();
            log.bench().read(now, Span::from_millis(4), &words);
        }
    }
    window.run_steps(3);
    assert!(is_there(&window, "register 4: 16388") && is_there(&window, "register 5: refused"));
    let state = window.get_by_label("State of the workbench").accesskit_node().value().unwrap_or_default();
    assert!(state.ends_with("It refuses 5 (exception 2: illegal data address)"), "{state}");
    picture(&mut window, "workbench-refused-dark");
    window.get_by_label("Try again").click();
    window.run_steps(2);
    assert_eq!(log.bench().due(now.mono).unwrap().1.count, 20, "all of them together again");
}

#[test]
fn topics_are_opened_like_folders_and_a_pattern_becomes_a_family() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let Bench { mut window, mut scans, _folder, .. } = bench(theme, Place::Explorer);
        // No empty table: what to press.
        assert_eq!(window.query_all_by_label_contains("Press Listen to hear what").count(), 1);
        window.get_by_label("Listen").click();
        window.run_steps(2);
        let ask = scans.try_recv().unwrap();
        assert!(matches!(&ask.request, Request::Mqtt(asked) if asked.listen > Span::from_secs(3_600)));
        ask.picture.send_modify(|picture| {
            let mut topics = Topics::new(100);
            for (topic, payload, retained) in [
                ("site/north/state", "{\"wind\":{\"speed\":4.2},\"ok\":true}", true),
                ("site/south/state", "{\"wind\":{\"speed\":7.0},\"ok\":true}", false),
                ("site/south/lwt", "Online", true),
                ("meters/1/power", "231.4", false),
            ] {
                topics.message(topic.as_bytes(), payload.as_bytes(), retained, Mono(0));
            }
            picture.found = Found::Mqtt(topics);
            "listening".clone_into(&mut picture.phase);
        });
        window.run_steps(4);
        for key in ["site", "site/north", "site/north/state"] {
            window.get_by_label(key).click();
            window.run_steps(4);
        }
        window.get_by_label("site/north/state $.wind.speed").click();
        window.run_steps(3);
        window.get_by_label("Any north").click();
        window.run_steps(4);
        picture(&mut window, &format!("explorer-{shade}"));
        assert!(is_there(&window, "What is picked"));
        window.get_by_label("Make family of tags").click();
        until(&mut window, "cell name of {1}.wind.speed");
        window.run_steps(2);
        // The view was left, and the connection with it.
        let mut stop = ask.stop;
        assert!(stop.try_recv().is_ok());
    }
}
