//! What the operator has of alarms, over the whole window: list, filter, fold, choice, detail, dialogs, hidden lists, flood.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Event, Key, Modifiers, PointerButton, accesskit};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::LazyLock;
use watchkeeper::engine::snapshot::Refusal;
use watchkeeper::engine::{AlarmState, Command};
use watchkeeper::time::Span;
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

fn desk() -> Sample {
    static DESK: LazyLock<Sample> = LazyLock::new(sample::desk);
    DESK.clone()
}

fn flooded() -> Sample {
    static FLOODED: LazyLock<Sample> = LazyLock::new(sample::flooded);
    FLOODED.clone()
}

type Window = Harness<'static, Desktop>;

fn open(sample: Sample, place: Place) -> Window {
    window(sample, place, ThemeChoice::Dark, [1280.0, 800.0], 100)
}

fn window(sample: Sample, place: Place, theme: ThemeChoice, size: [f32; 2], percent: u16) -> Window {
    let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
    let mut desktop = Desktop::new(sample, settings);
    desktop.shell.open(place, None);
    desktop.harness(size)
}

/// The row in the list, not the banner's.
fn row(name: &str) -> String {
    format!("alarm {name}")
}

fn click(harness: &mut Window, name: &str, modifiers: Modifiers) {
    let at = harness.get_all_by_label(name).last().unwrap().rect().left_center() + eframe::egui::vec2(100.0, 0.0);
    harness.hover_at(at);
    harness.run_steps(1);
    for pressed in [true, false] {
        harness.event(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers });
        // Two clicks in a row are no double click.
        harness.run_steps(1);
    }
    harness.run_steps(8);
}

fn told(harness: &Window, name: &str) -> String {
    harness.get_all_by_label(name).last().unwrap().accesskit_node().value().unwrap_or_default()
}

fn commands(harness: &mut Window) -> Vec<Command> {
    std::iter::from_fn(|| harness.state_mut().commands.try_recv().ok()).collect()
}

#[test]
fn pictures_of_the_alarm_desk() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (size, percent) in [([1280.0, 800.0], 100), ([1280.0, 800.0], 200), ([2560.0, 1440.0], 125)] {
            let name = |what: &str| format!("alarms-{what}-{shade}-{}-{percent}", size[0]);
            let start = |sample: Sample, place| window(sample, place, theme, size, percent);

            let mut harness = start(desk(), Place::Alarms);
            picture(&mut harness, &name("list"));
            harness.get_all_by_label(&row("blower1.current/high")).last().unwrap().focus();
            harness.run_steps(2);
            harness.key_press(Key::Enter);
            harness.run_steps(3);
            picture(&mut harness, &name("detail"));
            harness.key_press(Key::S);
            harness.run_steps(3);
            picture(&mut harness, &name("shelve"));

            let mut harness = start(flooded(), Place::Alarms);
            picture(&mut harness, &name("flood"));
            harness.key_press(Key::F4);
            harness.run_steps(3);
            harness.get_by_role_and_label(accesskit::Role::TextInput, "Search in the list of alarms").focus();
            harness.run_steps(2);
            harness.event(Event::Text("unit0".to_owned()));
            harness.run_steps(3);
            picture(&mut harness, &name("filtered"));
            picture(&mut start(desk(), Place::Hidden), &name("hidden"));
        }
    }
}

/// Names of the alarms that have a row in the list, from the top.
fn rows(harness: &Window) -> Vec<String> {
    let mut rows: Vec<(f32, String)> = harness
        .get_all_by_role(accesskit::Role::Row)
        .filter_map(|node| Some((node.rect().top(), node.accesskit_node().label()?)))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, name)| name.replace("alarm ", "")).collect()
}

fn type_into(harness: &mut Window, field: &str, text: &str) {
    harness.get_by_role_and_label(accesskit::Role::TextInput, field).focus();
    harness.run_steps(2);
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(3);
}

fn press_last(harness: &mut Window, name: &str) {
    harness.get_all_by_label(name).last().unwrap().click();
    harness.run_steps(4);
}

fn acknowledged(commands: &[Command]) -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    for command in commands {
        let Command::Acknowledge { alarms, note, .. } = command else { panic!("{command:?}") };
        let note = note.as_ref().map(ToString::to_string);
        all.extend(alarms.iter().map(|seen| (format!("{} {}", seen.alarm, seen.occurrence), note.clone())));
    }
    all
}

/// Of a window over 5,000 alarms that are others with every frame: the least time of a frame, and of the two of a click.
#[test]
#[expect(clippy::disallowed_methods, reason = "how long a frame takes, only a clock on the wall can say")]
fn a_click_over_five_thousand_alarms_is_answered_within_a_tenth_of_a_second() {
    use std::time::{Duration, Instant};
    let sample = sample::flood(5_000);
    let first = std::sync::Arc::clone(&sample.snapshot.alarms);
    let second = std::sync::Arc::new((*first).clone());
    let mut harness = open(sample, Place::Alarms);
    for (view, leaves) in [("folded, in the flood console", false), ("one by one", true)] {
        if leaves {
            harness.key_press(Key::F4);
            harness.run_steps(3);
        }
        let at = eframe::egui::pos2(700.0, 420.0);
        let mut least = [Duration::MAX; 2];
        for turn in 0..12 {
            let alarms = if turn % 2 == 0 { &second } else { &first };
            let alarms = std::sync::Arc::clone(alarms);
            harness.state_mut().publish(|snapshot| snapshot.alarms = alarms);
            let from = Instant::now();
            harness.step();
            least[0] = least[0].min(from.elapsed());
            let from = Instant::now();
            for pressed in [true, false] {
                let button = PointerButton::Primary;
                harness.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
                harness.step();
            }
            least[1] = least[1].min(from.elapsed());
        }
        println!("5,000 alarms, {view}: a frame takes {:?}, a click is answered after {:?}", least[0], least[1]);
        assert!(least[1] < Duration::from_millis(100), "{view}: {:?}", least[1]);
    }
}

const SEARCH: &str = "Search in the list of alarms";

#[test]
fn a_filter_says_what_it_hides_and_one_press_clears_each_part() {
    let mut harness = open(desk(), Place::Alarms);
    assert_eq!(rows(&harness).len(), 8);
    type_into(&mut harness, SEARCH, "BLOWER current");
    assert_eq!(rows(&harness), ["blower1.current/high"], "all words, in any case, in name or message");
    assert_eq!(told(&harness, "Kept by the filter"), "the filter hides 7 alarms: 6 UNACKNOWLEDGED, 2 OF THEM CRITICAL");
    let role = harness.get_by_label("Kept by the filter").accesskit_node().role();
    assert_eq!(role, accesskit::Role::Alert);
    press(&mut harness, "Show critical");
    press(&mut harness, "Clear filter “BLOWER current”");
    assert_eq!(told(&harness, "Kept by the filter"), "the filter hides 2 alarms: 2 UNACKNOWLEDGED, 2 OF THEM CRITICAL");
    assert_eq!(rows(&harness).len(), 6);
    press(&mut harness, "Clear filter high, medium, low");
    assert_eq!(rows(&harness).len(), 8);
    assert!(!is_there(&harness, "Kept by the filter"));
}

#[test]
fn filters_of_state_device_and_display_come_from_the_alarms_there_are() {
    for (menu, entry, left) in [
        ("Filter by state", "back from hiding", vec!["grit.torque/high"]),
        ("Filter by state", "acknowledged", vec!["station.inflow/high"]),
        ("Filter by state", "chattering", vec!["sump.switch/state"]),
        ("Filter by device", "plc2   3", vec!["blower1.trip/state", "basin.oxygen/low", "blower1.current/high"]),
        ("Filter by display", "Pump house 1   2", vec!["blower1.current/high", "pump2.vibration/high"]),
    ] {
        let mut harness = open(desk(), Place::Alarms);
        press(&mut harness, menu);
        press_last(&mut harness, entry);
        assert_eq!(rows(&harness), left, "{menu}: {entry}");
        press(&mut harness, "Show all");
        assert_eq!(rows(&harness).len(), 8);
    }
}

#[test]
fn a_press_on_a_head_sorts_and_what_the_plant_does_moves_no_row_under_the_pointer() {
    let mut harness = open(desk(), Place::Alarms);
    let urgent = rows(&harness);
    click(&mut harness, "Sort by Alarm", Modifiers::NONE);
    let by_name = rows(&harness);
    let mut sorted = urgent.clone();
    sorted.sort();
    assert_eq!(by_name, sorted);
    let at = harness.get_all_by_label(&row("pump2.vibration/high")).last().unwrap().rect();
    harness.hover_at(at.left_center() + eframe::egui::vec2(60.0, 0.0));
    harness.run_steps(2);
    harness.state_mut().publish(|snapshot| {
        let mut alarms = (*snapshot.alarms).clone();
        alarms.retain(|view| view.state != AlarmState::Acknowledged);
        for view in &mut alarms {
            view.raised = view.raised + Span::from_secs(i64::from(view.id.0));
        }
        snapshot.alarms = alarms.into();
    });
    harness.run_steps(2);
    assert_eq!(harness.get_all_by_label(&row("pump2.vibration/high")).last().unwrap().rect(), at);
    assert_eq!(rows(&harness), by_name, "what went stays as a row that says so");
    assert_eq!(told(&harness, &row("station.inflow/high")), "normal");
    click(&mut harness, "Sort by Alarm", Modifiers::NONE);
    sorted.reverse();
    sorted.retain(|name| name != "station.inflow/high");
    assert_eq!(rows(&harness), sorted, "what the person asks for is done at once");
    click(&mut harness, "Sort by Alarm", Modifiers::NONE);
    assert_eq!(rows(&harness), urgent[..7], "and a third press is the order of urgency");
}

#[test]
fn rows_are_chosen_by_click_and_key_and_one_button_acknowledges_them_with_a_note() {
    let mut harness = open(desk(), Place::Alarms);
    click(&mut harness, &row("basin.oxygen/low"), Modifiers::NONE);
    click(&mut harness, &row("grit.torque/high"), Modifiers::SHIFT);
    click(&mut harness, &row("blower1.current/high"), Modifiers::CTRL);
    assert!(is_there(&harness, "Acknowledge 2 chosen"), "the one between was let go");
    type_into(&mut harness, "Note; Enter acknowledges 2 chosen", "operators at the basin");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let note = Some("operators at the basin".to_owned());
    assert_eq!(
        acknowledged(&commands(&mut harness)),
        [("basin.oxygen/low 1".to_owned(), note.clone()), ("grit.torque/high 2".to_owned(), note)]
            .map(|(name, note)| (name, note))
            .to_vec()
    );
    press(&mut harness, "Acknowledge 7 visible");
    let seen = acknowledged(&commands(&mut harness));
    assert!(seen.len() == 7 && seen.iter().all(|(_, note)| note.is_none()), "the note is used up: {seen:?}");
}

#[test]
fn keys_choose_and_space_acknowledges_what_is_chosen() {
    let mut harness = open(desk(), Place::Alarms);
    harness.get_all_by_label(&row("basin.oxygen/low")).last().unwrap().focus();
    harness.run_steps(2);
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
        harness.run_steps(2);
    }
    harness.key_press(Key::Space);
    harness.run_steps(2);
    let names: Vec<String> = acknowledged(&commands(&mut harness)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["basin.oxygen/low 1", "blower1.current/high 1", "grit.torque/high 2"]);
    harness.key_press(Key::ArrowUp);
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    assert!(is_there(&harness, "Acknowledge 7 chosen"), "all that is on the screen and waits");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!is_there(&harness, "Acknowledge 7 chosen"), "Esc lets go");
}

#[test]
fn what_was_chosen_and_never_seen_is_not_acknowledged() {
    let mut harness = open(sample::flood(300), Place::Alarms);
    harness.key_press(Key::F4);
    harness.run_steps(3);
    let first = rows(&harness)[0].clone();
    harness.get_all_by_label(&row(&first)).last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::End);
    harness.run_steps(3);
    let unseen = harness.query_all_by_label_contains("of the chosen were not seen yet").count();
    assert!(unseen == 1, "it says so");
    let mut buttons =
        harness.get_all_by_label_contains("Acknowledge ").filter_map(|node| node.accesskit_node().label());
    let count: usize =
        buttons.find_map(|words| words.strip_prefix("Acknowledge ")?.strip_suffix(" chosen")?.parse().ok()).unwrap();
    assert!((30..60).contains(&count), "the first and the last screenful: {count}");
}

#[test]
fn rows_fold_by_device_and_a_group_opens_by_key() {
    let mut harness = open(desk(), Place::Alarms);
    harness.get_all_by_label(&row("basin.oxygen/low")).last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press(Key::G);
    harness.run_steps(3);
    let groups = rows(&harness);
    assert_eq!(groups, ["group device plc1", "group device plc2"], "the worst first, of two alike where it began");
    assert_eq!(
        told(&harness, "group device plc2"),
        "folded, 3 alarms, unacknowledged, worst critical, first blower1.current/high at 14:01:44"
    );
    harness.get_by_label("group device plc2").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    assert_eq!(rows(&harness).len(), 5);
    assert!(told(&harness, "group device plc2").starts_with("open, "));
    picture(&mut harness, "alarms-grouped");
    harness.get_by_label("group device plc2").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(3);
    assert_eq!(rows(&harness).len(), 2);
}

#[test]
fn shelving_takes_a_time_and_a_reason_and_sends_one_command_each() {
    let mut harness = open(desk(), Place::Alarms);
    click(&mut harness, &row("grit.torque/high"), Modifiers::NONE);
    harness.key_press(Key::S);
    harness.run_steps(3);
    let confirm = "Confirm: Shelve grit.torque/high";
    assert!(harness.get_by_label(confirm).accesskit_node().is_disabled(), "no reason yet");
    press(&mut harness, "Shelve to the end of the shift");
    press(&mut harness, "Instrument fault");
    press(&mut harness, confirm);
    let sent = commands(&mut harness);
    let [Command::Shelve { alarm, until, reason, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((alarm.as_ref(), reason.as_deref()), ("grit.torque/high", Some("Instrument fault")));
    // The late shift ends where the night begins: 22:00 in Amsterdam.
    assert_eq!(until.to_rfc3339(), "2026-11-20T21:00:00.000Z");

    click(&mut harness, &row("blower1.current/high"), Modifiers::SHIFT);
    press(&mut harness, "Shelve 2 chosen…".trim_end_matches('…'));
    press(&mut harness, "Shelve for another time");
    type_into(&mut harness, "Time of the shelving", "90 min");
    type_into(&mut harness, "Reason of the shelving", "both are being looked at");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let sent = commands(&mut harness);
    let until: Vec<_> = sent
        .iter()
        .map(|command| match command {
            Command::Shelve { alarm, until, reason: Some(_), .. } => {
                (alarm.to_string(), *until - harness.state().snapshots.borrow().now.utc)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let span = Span::from_secs(5_400);
    assert_eq!(until, [("blower1.current/high".to_owned(), span), ("grit.torque/high".to_owned(), span)]);
}

#[test]
fn the_menu_of_a_row_opens_by_key_and_takes_it_out_of_service_with_a_reason() {
    let mut harness = open(desk(), Place::Alarms);
    harness.get_all_by_label(&row("pump2.vibration/high")).last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    harness.run_steps(3);
    picture(&mut harness, "alarms-menu");
    press(&mut harness, "Take pump2.vibration/high out of service");
    press(&mut harness, "Maintenance");
    picture(&mut harness, "alarms-out-of-service");
    press(&mut harness, "Confirm: Take pump2.vibration/high out of service");
    let sent = commands(&mut harness);
    assert!(
        matches!(sent.as_slice(), [Command::OutOfService { alarm, reason: Some(why), .. }]
            if alarm.as_ref() == "pump2.vibration/high" && why.as_ref() == "Maintenance"),
        "{sent:?}"
    );
}

#[test]
fn a_window_that_does_not_hold_the_plant_offers_nothing_and_says_why() {
    let mut sample = desk();
    sample.about.held_by = Some("process 4711 of ops on control1".to_owned());
    let why = "The plant is watched by process 4711 of ops on control1: this can be done there alone";
    let mut harness = open(sample.clone(), Place::Alarms);
    click(&mut harness, &row("pump2.vibration/high"), Modifiers::NONE);
    for name in ["Acknowledge pump2.vibration/high", "Shelve pump2.vibration/high", "Acknowledge 7 visible"] {
        for node in harness.get_all_by_label(name) {
            let node = node.accesskit_node();
            assert!(node.is_disabled() && node.description().as_deref() == Some(why), "{name}");
        }
        press(&mut harness, name);
    }
    harness.get_all_by_label(&row("pump2.vibration/high")).last().unwrap().focus();
    harness.run_steps(2);
    for key in [Key::Space, Key::S, Key::F9] {
        harness.key_press(key);
        harness.run_steps(3);
    }
    picture(&mut harness, "alarms-held");
    assert!(commands(&mut harness).is_empty() && !is_there(&harness, "For how long"));
    let harness = open(sample, Place::Hidden);
    assert!(harness.get_by_label("Unshelve tank1.level/high").accesskit_node().is_disabled());
}

#[test]
fn each_kind_of_hiding_has_its_list_with_count_person_time_and_reason() {
    let mut harness = open(desk(), Place::Hidden);
    for (list, count) in [("Shelved", "2"), ("Suppressed", "1"), ("Out of service", "1")] {
        assert_eq!(told(&harness, list), count, "{list}");
    }
    for (name, words) in [
        (
            "tank1.level/high",
            "shelved, tank1.level/high, holds, came 1×, 95.3 %, 14:04:14, 20 s left, Being worked on, desk@control1, 13:47:14",
        ),
        (
            "pump1.flow/low",
            "suppressed, pump1.flow/low, holds, came 1×, 0 m³/h, the formula is false, not pump1.running, by design, 13:56:54",
        ),
        (
            "feederA.pf/low",
            "out of service, feederA.pf/low, holds, 0.88, put back in service, Maintenance of the meter, permit 4711, desk@control1, 13:35:34",
        ),
    ] {
        assert_eq!(told(&harness, &row(name)), words);
    }
    press(&mut harness, "Unshelve tank1.level/high");
    press(&mut harness, "Put feederA.pf/low back in service");
    let sent = commands(&mut harness);
    assert!(
        matches!(sent.as_slice(), [Command::Unshelve { alarm: a, .. }, Command::InService { alarm: b, .. }]
            if a.as_ref() == "tank1.level/high" && b.as_ref() == "feederA.pf/low"),
        "{sent:?}"
    );
}

#[test]
fn a_refusal_stands_at_its_row_and_a_row_says_while_an_act_is_recorded() {
    let mut harness = open(desk(), Place::Alarms);
    harness.state_mut().publish(|snapshot| {
        let refusal = Refusal {
            at: snapshot.now,
            alarm: "basin.oxygen/low".into(),
            reason: "a newer occurrence (2) came after the one that was seen (1)".into(),
        };
        snapshot.refusals = vec![refusal].into();
        let grit = snapshot.plan.alarm_id("grit.torque/high").unwrap();
        let mut alarms = (*snapshot.alarms).clone();
        for view in alarms.iter_mut().filter(|view| view.id == grit) {
            view.recording = true;
        }
        snapshot.alarms = alarms.into();
    });
    harness.run_steps(3);
    let words = told(&harness, &row("basin.oxygen/low"));
    assert!(words.ends_with(", refused: a newer occurrence (2) came after the one that was seen (1)"), "{words}");
    assert!(told(&harness, &row("grit.torque/high")).starts_with("being recorded, medium, "));
    assert!(!is_there(&harness, "Acknowledge grit.torque/high"), "nothing is pressed twice");
    click(&mut harness, &row("grit.torque/high"), Modifiers::NONE);
    assert!(harness.get_by_label("Shelve grit.torque/high").accesskit_node().is_disabled());
    picture(&mut harness, "alarms-refused");
}

#[test]
fn what_came_back_from_shelving_says_so_in_banner_and_list() {
    let harness = open(desk(), Place::Alarms);
    let words = told(&harness, &row("grit.torque/high"));
    assert!(words.starts_with("unacknowledged, medium, ") && words.contains(", back from shelving"), "{words}");
}

#[test]
fn a_flood_opens_the_console_one_key_leaves_it_and_it_stays_left_until_the_next() {
    let mut harness = open(flooded(), Place::Alarms);
    assert!(is_there(&harness, "Leave the flood console"));
    let head = told(&harness, "Flood console");
    assert!(head.starts_with("⚠ Alarm flood since 14:0") && head.ends_with(" in 10 min"), "{head}");
    assert!(told(&harness, "Open flood console").starts_with("Alarm flood: "), "the banner tells the rate");
    assert!(rows(&harness).iter().all(|name| name.starts_with("group ")), "all is folded");
    let folded: Vec<String> = rows(&harness);
    assert!(folded.contains(&"group plc2 · Filters".to_owned()), "{folded:?}");
    let first = harness.get_all_by_label_contains("Show unit03.pressure/high").next().unwrap().rect();
    assert!(first.top() < 300.0, "what came first stands on top");

    harness.key_press(Key::F4);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Leave the flood console"));
    assert!(rows(&harness).iter().all(|name| !name.starts_with("group ")), "every alarm has its row");
    harness.state_mut().publish(|snapshot| snapshot.counts.annunciated += 5);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Leave the flood console"), "it stays left");
    harness.state_mut().publish(|snapshot| snapshot.counts.flood_since = Some(snapshot.now));
    harness.run_steps(3);
    assert!(is_there(&harness, "Leave the flood console"), "the next flood opens it again");
    press(&mut harness, "Show unit03.pressure/high");
    assert!(is_there(&harness, "Close detail of the alarm") && rows(&harness).contains(&"unit03.pressure/high".into()));
    picture(&mut harness, "alarms-flood-detail");
}

#[test]
fn the_detail_tells_what_became_of_the_last_occurrences() {
    let mut harness = open(desk(), Place::Alarms);
    click(&mut harness, &row("sump.switch/state"), Modifiers::NONE);
    let last = told(&harness, "State of sump.switch/state");
    assert!(last.starts_with("unacknowledged, low"), "{last}");
    picture(&mut harness, "alarms-occurrences");
    let number: u32 = told(&harness, "Number").parse().unwrap();
    assert!(number >= 3, "it chatters: {number}");
    for occurrence in 1..=number {
        assert_eq!(told(&harness, &format!("Occurrence {occurrence}")), "not acknowledged");
    }
    let mut harness = open(desk(), Place::Alarms);
    click(&mut harness, &row("station.inflow/high"), Modifiers::NONE);
    assert!(told(&harness, "Occurrence 1").starts_with("acknowledged 13:55:34 by desk@control1"));
}

#[test]
fn a_flood_that_begins_folds_no_row_away_from_under_the_pointer() {
    let mut quiet = flooded();
    let (since, flood) = (quiet.snapshot.counts.flood_since.take(), std::mem::take(&mut quiet.snapshot.counts.flood));
    assert!(flood);
    let mut harness = open(quiet, Place::Alarms);
    let before = rows(&harness);
    harness.hover_at(eframe::egui::pos2(700.0, 420.0));
    harness.run_steps(2);
    harness.state_mut().publish(|snapshot| (snapshot.counts.flood_since, snapshot.counts.flood) = (since, flood));
    harness.run_steps(3);
    assert_eq!(rows(&harness), before);
    harness.hover_at(eframe::egui::pos2(100.0, 500.0));
    harness.run_steps(3);
    assert!(is_there(&harness, "Leave the flood console"), "it opens as soon as the pointer has left");
}

#[test]
fn in_a_flood_the_horn_and_what_is_hidden_keep_their_buttons_at_every_size() {
    for (size, percent) in
        [([1280.0, 800.0], 100), ([1280.0, 800.0], 200), ([1024.0, 600.0], 150), ([800.0, 600.0], 100)]
    {
        let mut harness = window(flooded(), Place::Alarms, ThemeChoice::Dark, size, percent);
        for name in ["Silence horn", "Hidden 1", "Open flood console"] {
            assert!(is_there(&harness, name), "{name} at {size:?}, {percent} %");
        }
        picture(&mut harness, &format!("alarms-banner-{}-{percent}", size[0]));
    }
}

#[test]
fn one_key_shelves_what_chatters() {
    let mut harness = open(flooded(), Place::Alarms);
    harness.key_press(Key::F9);
    harness.run_steps(3);
    let sent = commands(&mut harness);
    let [Command::Shelve { alarm, reason, until, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((alarm.as_ref(), reason.as_deref()), ("unit05.flow/high", Some("Chattering")));
    assert_eq!(*until - harness.state().snapshots.borrow().now.utc, Span::from_secs(1_800));
}

#[test]
fn the_detail_tells_what_to_do_how_it_is_set_and_goes_to_display_and_faceplate() {
    let mut harness = open(desk(), Place::Alarms);
    click(&mut harness, &row("blower1.current/high"), Modifiers::NONE);
    for (name, words) in [
        ("Limit", "95.0 A"),
        ("Deadband", "3.0 A"),
        ("On-delay", "5 s"),
        ("Condition began", "14:01:44"),
        ("Raised", "14:01:49"),
        ("State of blower1.current/high", "unacknowledged, high, 14:01:49 for 2 m 5 s"),
    ] {
        assert_eq!(told(&harness, name), words, "{name}");
    }
    let group = |node: &egui_kittest::Node<'_>| node.accesskit_node().value();
    let words = Some("Blower 1, first out blower1.current/high".to_owned());
    assert!(harness.get_all_by_label("Group").any(|node| group(&node) == words));
    assert!(told(&harness, "Occurrence 1").starts_with("not acknowledged"));
    let to_do = harness.get_by_label("Switch to blower 2. Then look at the inlet filter.").rect();
    assert!(to_do.top() < harness.get_by_label("Limit").rect().top(), "what to do stands above what is technical");
    assert!(is_there(&harness, "trend blower1.current, last hour"));
    press_last(&mut harness, "Open display Pump house 1");
    assert!(is_there(&harness, "pump2.mode"), "its display is open");
    harness.key_press(Key::F7);
    harness.run_steps(3);
    press(&mut harness, "Open blower1.current");
    assert!(is_there(&harness, "Close faceplate"));
    picture(&mut harness, "alarms-faceplate");
}
