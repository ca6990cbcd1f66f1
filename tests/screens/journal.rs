//! What is made of the journal: the list of what happened, the figures of alarms, the hand-over.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::LazyLock;
use watchkeeper::engine::{Actor, Entry, Event};
use watchkeeper::historian::{JOURNAL_FILE, Journal, JournalLink};
use watchkeeper::time::{Span, Utc};
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

type Window = Harness<'static, Desktop>;

/// A shift with all that a journal can hold.
fn shift() -> Sample {
    static SHIFT: LazyLock<Sample> = LazyLock::new(|| {
        let mut sample = sample::desk();
        let now = sample.snapshot.now.utc;
        let by = Actor { user: "desk".into(), computer: "control1".into(), desk: Some("Anna".into()) };
        let before = |minutes: i64, event: Event, subject: &str, note: &str| {
            let mut entry = Entry::new(now + Span::from_secs(-60 * minutes), event);
            entry.subject = (!subject.is_empty()).then(|| subject.into());
            entry.note = (!note.is_empty()).then(|| note.into());
            entry
        };
        let mut entries = vec![
            before(300, Event::Stopped, "", ""),
            before(290, Event::Started, "", "watchkeeper 0.1.0"),
            before(
                290,
                Event::Deployed,
                "Riverside",
                "40 tags, 18 alarms; since the last start: limit of tank1.level/high 85 → 90",
            ),
            before(200, Event::LinkDown, "plc1", "connection refused"),
            before(190, Event::LinkUp, "plc1", ""),
            before(120, Event::RecordingFault, "", "no space left on device"),
            before(110, Event::RecordingResumed, "", "1 204 samples were lost"),
            before(90, Event::ClockStepped, "", "by +3.200 s"),
        ];
        entries[0].by = Some(by.clone());
        let mut seen = before(60, Event::Acknowledged, "", "Opened the drain, the level falls");
        (seen.alarm, seen.occurrence, seen.by) = (Some("tank2.level/high".into()), Some(3), Some(by));
        entries.push(seen);
        entries.append(&mut sample.journal);
        sample.journal = entries;
        sample
    });
    SHIFT.clone()
}

fn window(sample: Sample, place: Place, theme: ThemeChoice, size: [f32; 2], percent: u16) -> Window {
    let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
    let mut desktop = Desktop::new(sample, settings);
    desktop.shell.open(place, None);
    desktop.harness(size)
}

fn open(sample: Sample, place: Place) -> Window {
    window(sample, place, ThemeChoice::Dark, [1280.0, 800.0], 100)
}

/// What the list shows, from the top: number and words of each row.
fn rows(harness: &Window) -> Vec<(u64, String)> {
    let mut rows: Vec<_> = harness
        .query_all(
            egui_kittest::kittest::By::new()
                .predicate(|node| node.label().is_some_and(|label| label.strip_prefix("entry ").is_some())),
        )
        .map(|node| {
            let label = node.accesskit_node().label().unwrap();
            let number = label.strip_prefix("entry ").unwrap().parse().unwrap();
            (node.rect().top(), (number, node.accesskit_node().value().unwrap_or_default()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn type_into(harness: &mut Window, field: &str, text: &str) {
    harness.get_by_label(field).focus();
    harness.run_steps(2);
    harness.get_by_label(field).type_text(text);
    harness.run_steps(8);
}

#[test]
fn journal_figures_and_hand_over_are_painted_in_both_themes_and_sizes() {
    for (place, name) in [(Place::Journal, "journal"), (Place::Figures, "figures"), (Place::Handover, "handover")] {
        for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
            for (size, percent, what) in
                [([1280.0, 800.0], 100, ""), ([2560.0, 1440.0], 125, "-2560"), ([1024.0, 640.0], 150, "-small")]
            {
                let mut harness = window(shift(), place, theme, size, percent);
                harness.run_steps(2);
                picture(&mut harness, &format!("{name}-{shade}{what}"));
            }
        }
    }
    let mut harness = window(sample::flooded(), Place::Figures, ThemeChoice::Dark, [1280.0, 800.0], 100);
    picture(&mut harness, "figures-flood-dark");
}

#[test]
fn the_journal_shows_starts_links_and_faults_in_words_and_the_newest_on_top() {
    let harness = open(shift(), Place::Journal);
    let rows = rows(&harness);
    assert!(rows.len() > 10, "{rows:?}");
    assert!(rows.windows(2).all(|pair| pair[0].0 == pair[1].0 + 1), "{rows:?}");
    let newest = shift().journal.len() as u64;
    assert_eq!(rows[0].0, newest);
    let mut harness = open(shift(), Place::Journal);
    press(&mut harness, "Only System");
    harness.run_steps(4);
    let told: Vec<String> = self::rows(&harness).into_iter().map(|(_, words)| words).collect();
    for words in [
        "link lost, plc1, 10:",
        "recording stopped, ",
        "no space left on device",
        "clock was set, ",
        "project put in force, Riverside",
        "limit of tank1.level/high 85 → 90",
    ] {
        assert!(told.iter().any(|row| row.contains(words)), "{words}: {told:?}");
    }
}

#[test]
fn a_row_that_is_chosen_tells_everything_and_leads_to_its_tag() {
    let mut harness = open(shift(), Place::Journal);
    type_into(&mut harness, "Search in the journal", "drain");
    let found = rows(&harness);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("acknowledged, tank2.level/high") && found[0].1.contains("by Anna (desk@control1)"));
    press(&mut harness, &format!("entry {}", found[0].0));
    harness.run_steps(3);
    for (name, value) in [
        ("At the desk", "Anna"),
        ("User", "desk"),
        ("Computer", "control1"),
        ("Alarm", "tank2.level/high, occurrence 3"),
    ] {
        let told = harness.get_all_by_label(name).map(|n| n.accesskit_node().value().unwrap_or_default());
        assert!(told.collect::<Vec<_>>().contains(&value.to_owned()), "{name}");
    }
    assert!(is_there(&harness, "Opened the drain, the level falls"));
    picture(&mut harness, "journal-detail-dark");
    press(&mut harness, "Open tank2.level");
    harness.run_steps(3);
    assert!(is_there(&harness, "Close faceplate"));
    harness.run_steps(6);
    picture(&mut harness, "journal-faceplate-dark");
    let spoken = harness.query_all(
        egui_kittest::kittest::By::new()
            .predicate(|node| node.description().is_some_and(|words| words.contains("Opened the drain"))),
    );
    assert_eq!(spoken.count(), 2, "the tag's last entries stand in its faceplate as well");
}

#[test]
fn the_filter_looks_for_tag_person_and_priority_and_says_where_nothing_fits() {
    let mut harness = window(shift(), Place::Journal, ThemeChoice::Dark, [1440.0, 900.0], 100);
    type_into(&mut harness, "Tag in the journal", "tank2.level");
    assert!(rows(&harness).iter().all(|(_, words)| words.contains("tank2.level/")) && !rows(&harness).is_empty());
    type_into(&mut harness, "Person in the journal", "anna");
    assert_eq!(rows(&harness).len(), 1);
    press(&mut harness, "Only critical");
    harness.run_steps(6);
    assert_eq!(rows(&harness), []);
    assert!(is_there(&harness, "No entry fits the filter"));
    press(&mut harness, "Clear the journal's filter");
    harness.run_steps(6);
    assert!(rows(&harness).len() > 10);
}

#[test]
fn a_period_is_typed_as_on_the_command_line_and_what_is_no_time_shows_no_rows_as_if_it_were() {
    let mut harness = window(shift(), Place::Journal, ThemeChoice::Dark, [1440.0, 900.0], 100);
    let all = rows(&harness).len();
    type_into(&mut harness, "From, in the journal", "yesterday");
    assert_eq!(rows(&harness), []);
    assert!(is_there(
        &harness,
        "From: \"yesterday\" is no time; write 2026-11-20T14:00, 2026-11-20, or 2h for two hours ago"
    ));
    press(&mut harness, "Clear the journal's filter");
    type_into(&mut harness, "From, in the journal", "10m");
    let newest = rows(&harness);
    assert!(!newest.is_empty() && newest.len() < all, "{} of {all}", newest.len());
    picture(&mut harness, "journal-period-dark");
    press(&mut harness, "Clear the journal's filter");
    type_into(&mut harness, "To, in the journal", "10m");
    let older = rows(&harness);
    assert!(newest.iter().all(|row| !older.contains(row)), "{older:?}");
    type_into(&mut harness, "From, in the journal", "5m");
    assert!(is_there(&harness, "The period ends before it begins"));
}

/// A window on a journal on the disk, which goes on being written.
fn on_disk(folder: &std::path::Path, entries: usize) -> (Journal, Window) {
    let mut journal = Journal::open(folder, Utc(0)).unwrap();
    write(&mut journal, 1, entries);
    let sample = sample::quiet();
    let mut desktop = Desktop::new(sample, Settings::default());
    desktop.set_journal(Some(JournalLink::start(folder).unwrap()));
    desktop.shell.open(Place::Journal, None);
    (journal, desktop.harness([1280.0, 800.0]))
}

fn write(journal: &mut Journal, from: usize, to: usize) {
    let entries: Vec<Entry> = (from..=to)
        .map(|i| {
            let mut entry = Entry::new(Utc(1_795_170_000_000_000 + i as i64 * 1_000), Event::Raised);
            entry.alarm = Some(format!("tank1.level/a{i}").into());
            entry
        })
        .collect();
    journal.append(&entries.iter().collect::<Vec<_>>()).unwrap();
}

/// Frames until the list is as `wanted` says: its pages come from another thread.
fn until(harness: &mut Window, what: &str, wanted: impl Fn(&Window) -> bool) {
    for _ in 0..2_000 {
        harness.run_steps(1);
        if wanted(harness) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{what} did not come: {:?}", rows(harness).first());
}

#[test]
fn new_entries_come_on_top_while_nobody_points_and_wait_with_a_count_while_somebody_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, mut harness) = on_disk(folder.path(), 300);
    until(&mut harness, "the first page", |h| !rows_or_none(h).is_empty());
    assert_eq!(rows(&harness)[0].0, 300);
    write(&mut journal, 301, 302);
    until(&mut harness, "what is new", |h| rows(h)[0].0 == 302);
    let third = harness.get_by_label("entry 300").rect();
    harness.hover_at(third.center());
    harness.run_steps(2);
    write(&mut journal, 303, 305);
    until(&mut harness, "the count", |h| is_there(h, "Show 3 new above"));
    let shown = rows(&harness);
    assert_eq!(shown[0].0, 302, "nothing came between");
    press(&mut harness, "Show 3 new above");
    until(&mut harness, "what waited", |h| rows(h)[0].0 == 305);
}

fn rows_or_none(harness: &Window) -> Vec<u64> {
    let named = |n: u64| harness.query_all_by_label(&format!("entry {n}")).next().map(|_| n);
    [300, 302, 305].into_iter().filter_map(named).collect()
}

#[test]
fn scrolling_down_reads_on_to_the_first_entry_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let (_journal, mut harness) = on_disk(folder.path(), 950);
    until(&mut harness, "the first page", |h| h.query_all_by_label("entry 950").next().is_some());
    let at = harness.get_by_label("entry 940").rect().center();
    for _ in 0..400 {
        harness.hover_at(at);
        harness.event(eframe::egui::Event::MouseWheel {
            unit: eframe::egui::MouseWheelUnit::Point,
            delta: vec2(0.0, -400.0),
            phase: eframe::egui::TouchPhase::Move,
            modifiers: eframe::egui::Modifiers::NONE,
            source: eframe::egui::MouseWheelSource::Wheel,
        });
        harness.run_steps(2);
        std::thread::sleep(std::time::Duration::from_millis(2));
        if is_there(&harness, "entry 1") {
            picture(&mut harness, "journal-begin-dark");
            return;
        }
    }
    panic!("the beginning did not come: {:?}", rows(&harness).last());
}

#[test]
fn each_state_of_a_journal_has_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    for (state, words) in [
        ("none", "This window has no journal of this plant"),
        ("empty", "Nothing has happened yet"),
        ("damaged", "not a database"),
    ] {
        let link = match state {
            "none" => None,
            "empty" => Some(JournalLink::on_paper(&[]).unwrap()),
            _ => {
                std::fs::write(folder.path().join(JOURNAL_FILE), vec![0x5A; 9_000]).unwrap();
                Some(JournalLink::start(folder.path()).unwrap())
            }
        };
        let mut desktop = Desktop::new(sample::quiet(), Settings::default());
        desktop.set_journal(link);
        desktop.shell.open(Place::Journal, None);
        let mut harness = desktop.harness([1280.0, 800.0]);
        until(&mut harness, words, |h| {
            h.query_all(egui_kittest::kittest::By::new().predicate(move |node| {
                [node.label(), node.value()].into_iter().flatten().any(|said| said.contains(words))
            }))
            .next()
            .is_some()
        });
    }
}

#[test]
fn figures_stand_beside_their_targets_for_screen_readers_too() {
    let mut harness = open(sample::flooded(), Place::Figures);
    harness.run_steps(3);
    let told = |harness: &Window, name: &str| {
        harness.get_all_by_label(name).last().unwrap().accesskit_node().value().unwrap_or_default()
    };
    let most = told(&harness, "Most alarms in any 10 minutes");
    assert!(most.ends_with(", at most 10, ✗ missed"), "{most}");
    press(&mut harness, "Figures of 8 hours");
    harness.run_steps(3);
    let rate = told(&harness, "Alarms in an hour, average");
    assert!(rate.contains("6, at most 12"), "{rate}");
}

#[test]
fn the_hand_over_is_saved_as_a_page_with_who_hands_over_to_whom() {
    let mut harness = open(shift(), Place::Handover);
    harness.run_steps(3);
    press(&mut harness, "Since 24 hours");
    harness.run_steps(3);
    for part in [
        "Standing from before",
        "New",
        "Shelved, suppressed, out of service",
        "What people did",
        "Links lost",
        "Gaps in the records",
    ] {
        assert!(is_there(&harness, part), "{part}");
    }
    type_into(&mut harness, "Hand over to", "Bert");
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    assert!(is_there(&harness, "Save hand-over as a page"));
}

#[test]
fn f6_opens_the_journal_and_escape_closes_it() {
    let mut harness = open(shift(), Place::Display(0));
    harness.key_press(Key::F6);
    harness.run_steps(3);
    assert!(is_there(&harness, "Search in the journal"));
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Search in the journal"));
}
