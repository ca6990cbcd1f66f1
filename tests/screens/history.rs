//! Trends that reach into the past: one plot from now to years, its gaps with their reasons, and hands that move it.

use crate::stage::{Stage, picture};
use eframe::egui::{Key, Modifiers, MouseWheelUnit, PointerButton, TouchPhase, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use watchkeeper::engine::{Actor, Entry, Event, Quality, Value};
use watchkeeper::historian::JournalLink;
use watchkeeper::project::Priority;
use watchkeeper::time::{Span, Utc};
use watchkeeper::ui::Action;
use watchkeeper::ui::sample::{self, Archive, Recorded, Sample};
use watchkeeper::ui::theme::ThemeChoice;

const SIZE: [f32; 2] = [1280.0, 800.0];
const TREND: &str = "trend tank1.level, tank2.level, station.inflow";
const DAY: f64 = 86_400.0;

/// Riverside as it was watched for two hours, and what was recorded of it in 400 days before.
fn recorded() -> (Sample, Archive) {
    static RECORDED: LazyLock<(Sample, Archive)> = LazyLock::new(|| {
        let sample = sample::riverside();
        let archive = archive(&sample);
        (sample, archive)
    });
    let (sample, archive) = &*RECORDED;
    // An archive of its own for each test: what was asked of it, and whether it is late.
    let fresh = Archive { tags: archive.tags.clone(), recorded_to: archive.recorded_to, ..Archive::default() };
    (sample.clone(), fresh)
}

fn archive(sample: &Sample) -> Archive {
    let now = sample.snapshot.now.utc;
    let tags = ["tank1.level", "tank2.level", "station.inflow", "pump1.running"].map(|tag| {
        let id = sample.snapshot.plan.tag_id(tag).unwrap();
        let mut samples: Vec<Recorded> =
            (-400 * 288..=-24).map(|i: i64| past(tag, now + Span::from_secs(i * 300), i as f64 * 300.0)).collect();
        samples.extend(breaks(tag, now));
        samples.sort_by_key(|s| s.time);
        let tail = sample.snapshot.tails.get(&id).unwrap();
        samples.extend(tail.points().skip(1).map(|p| Recorded {
            time: p.time,
            value: p.value,
            quality: p.quality,
            detail: p.quality.is_bad().then(|| Arc::from("exception 4: server device failure")),
        }));
        (tag.to_owned(), Arc::new(samples))
    });
    Archive { tags: tags.into(), recorded_to: now + Span::from_secs(-1), ..Archive::default() }
}

/// What was measured long ago: days, weeks and seasons; one spike at 03:12 on a Tuesday; a stretch of doubt.
fn past(tag: &str, time: Utc, t: f64) -> Recorded {
    let noise = (t * 0.017).sin() * (t * 0.003_1).cos();
    let (day, year) = ((t / DAY * std::f64::consts::TAU).sin(), (t / (365.0 * DAY) * std::f64::consts::TAU).sin());
    let value = match tag {
        "tank1.level" => 52.0 + 6.0 * day + 9.0 * year + 2.0 * noise,
        "tank2.level" => 61.0 + 3.0 * day - 5.0 * year + 1.5 * noise,
        "station.inflow" => 190.0 + 60.0 * day + 90.0 * year + 25.0 * noise,
        _ => f64::from(u8::from(day > -0.3)),
    };
    let days = -t / DAY;
    let doubt = tag == "tank2.level" && (1.2..1.9).contains(&days);
    Recorded { quality: if doubt { Quality::STALE } else { Quality::GOOD }, ..Archive::good(time, value) }
}

/// What interrupted the record: each breaks off what the 300 s before it told, until the next sample.
fn breaks(tag: &str, now: Utc) -> Vec<Recorded> {
    let ago = |days: f64| now + Span((-days * DAY * 1e6) as i64);
    let mut breaks = vec![Archive::bad(ago(17.0), Quality::NOT_RUNNING, "")];
    if tag == "tank1.level" {
        let spike = Utc::parse_rfc3339("2026-11-17T03:12:07+01:00").unwrap();
        breaks.push(Archive::good(spike, 97.3));
        breaks.push(Archive::good(spike + Span::from_secs(9), 52.0));
    }
    if tag == "station.inflow" {
        breaks.push(Archive::bad(ago(0.9), Quality::NO_COMMUNICATION, "connection refused"));
    }
    breaks
}

/// Takes what was measured within gaps away, so that they are as long as they are meant to be.
fn with_gaps(mut archive: Archive, now: Utc) -> Archive {
    let ago = |days: f64| now + Span((-days * DAY * 1e6) as i64);
    let gaps: [(&[&str], f64, f64); 2] = [
        (&["tank1.level", "tank2.level", "station.inflow", "pump1.running"], 17.0, 15.5),
        (&["station.inflow"], 0.9, 0.8),
    ];
    for (tags, from, to) in gaps {
        for tag in tags {
            let samples = Arc::make_mut(archive.tags.get_mut(*tag).unwrap());
            samples.retain(|s| s.quality.is_bad() || s.time <= ago(from) || s.time >= ago(to));
        }
    }
    archive
}

fn show(theme: ThemeChoice) -> Harness<'static, Stage> {
    show_at(theme, SIZE, 1.0)
}

fn show_at(theme: ThemeChoice, size: [f32; 2], zoom: f32) -> Harness<'static, Stage> {
    let (sample, archive) = recorded();
    let archive = with_gaps(archive, sample.snapshot.now.utc);
    Stage { archive: Some(archive), ..Stage::new(sample, "Tank farm", theme) }.harness(size, zoom)
}

fn told(harness: &Harness<'_, Stage>) -> String {
    harness.get_all_by_label(TREND).next().unwrap().value().unwrap()
}

/// A key on the trend under the pointer.
fn press(harness: &mut Harness<'_, Stage>, key: Key) {
    harness.hover_at(harness.get_by_label(TREND).rect().left_bottom() + eframe::egui::vec2(30.0, -60.0));
    harness.run_steps(1);
    harness.key_press(key);
    harness.run_steps(6);
}

fn pointer_away(harness: &mut Harness<'_, Stage>) {
    harness.hover_at(pos2(2.0, 2.0));
    harness.run_steps(2);
}

#[test]
fn keys_go_from_a_minute_to_five_years_and_home_returns() {
    let mut harness = show(ThemeChoice::Dark);
    for (key, range) in [
        (Key::Num1, "1 m"),
        (Key::Num2, "10 m"),
        (Key::Num3, "1 h"),
        (Key::Num4, "8 h"),
        (Key::Num5, "1 d"),
        (Key::Num6, "7 d"),
        (Key::Num7, "30 d"),
        (Key::Num8, "1 year"),
        (Key::Num9, "5 years"),
    ] {
        press(&mut harness, key);
        assert_eq!(told(&harness), format!("● live {range}"));
    }
    press(&mut harness, Key::Home);
    assert_eq!(told(&harness), "● live 2 h");
}

#[test]
fn what_the_tail_shows_asks_nothing_and_what_lies_behind_is_asked_once() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num3);
    let before = harness.state().archive.as_ref().unwrap().questions().len();
    press(&mut harness, Key::Num5);
    for _ in 0..20 {
        harness.step();
    }
    let questions = harness.state().archive.as_ref().unwrap().questions();
    assert_eq!(questions.len() - before, 1, "{questions:#?}");
    let last = questions.last().unwrap();
    assert_eq!(last.pens.iter().map(|p| &**p).collect::<Vec<_>>(), ["tank1.level", "tank2.level", "station.inflow"]);
}

#[test]
fn a_spike_of_nine_seconds_is_seen_in_a_year_of_one_pen() {
    let mut harness = show(ThemeChoice::Dark);
    let values = |harness: &Harness<'_, Stage>| {
        let state = harness.state();
        let question = state.archive.as_ref().unwrap().questions().last().cloned().unwrap();
        (question.to - question.from).0 / question.columns as i64
    };
    press(&mut harness, Key::Num8);
    // A column of half a day and more, and the spike stands in one of them: see the picture.
    assert!(values(&harness) > 12 * 3_600 * 1_000_000);
    pointer_away(&mut harness);
    let image = picture(&mut harness, "trend-year-dark");
    let plot = harness.get_by_label(TREND).rect();
    let pen = watchkeeper::ui::theme::Theme::dark().pen(0).to_array();
    // 97.3 of 0 to 100, three days before the right end of the year: nothing else of this pen is above 95.3.
    let (top, height) = (plot.top() + 2.0, plot.height() - 21.0);
    let [spike, limit] = [97.3, 95.5].map(|v| (top + height * (1.0 - v / 100.0)).ceil() as u32);
    let inked = (plot.right() as u32 - 40..plot.right() as u32 - 2).any(|x| {
        (spike..limit).any(|y| image.get_pixel(x, y).0.iter().zip(pen).take(3).all(|(a, b)| a.abs_diff(b) < 90))
    });
    assert!(inked, "no ink of the first pen between {spike} and {limit}");
}

#[test]
fn a_late_answer_is_told_of_and_the_picture_of_before_stays() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num5);
    harness.state_mut().archive.as_mut().unwrap().late.store(true, Ordering::Relaxed);
    press(&mut harness, Key::Num6);
    assert!(harness.query_by_label("Reading history…").is_none(), "0.3 s are not worth a word");
    for _ in 0..4 {
        harness.step();
    }
    pointer_away(&mut harness);
    assert!(harness.query_by_label("Reading history…").is_some());
    picture(&mut harness, "trend-late-dark");
    harness.state_mut().archive.as_mut().unwrap().late.store(false, Ordering::Relaxed);
    harness.run_steps(2);
    assert!(harness.query_by_label("Reading history…").is_none());
}

#[test]
fn history_that_cannot_be_read_says_why_and_the_live_end_stays() {
    let mut harness = show(ThemeChoice::Dark);
    harness.state_mut().archive.as_mut().unwrap().fault = Some("the disk does not answer".to_owned());
    press(&mut harness, Key::Num4);
    pointer_away(&mut harness);
    assert!(harness.query_by_label("history of tank1.level cannot be read: the disk does not answer").is_some());
    picture(&mut harness, "trend-unreadable-dark");
}

#[test]
fn a_time_before_the_record_says_so() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num9);
    pointer_away(&mut harness);
    let since = harness.get_by_label("recording since 16 Oct 2025 15:03:54");
    assert!(since.rect().width() > 20.0);
    picture(&mut harness, "trend-five-years-dark");
}

#[test]
fn a_gap_tells_its_reason_with_its_times() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num5);
    let plot = harness.get_by_label(TREND).rect();
    // 0.85 days ago, of one day.
    harness.hover_at(pos2(plot.left() + plot.width() * 0.15, plot.center().y));
    harness.run_steps(3);
    let lane = harness.get_by_label("gaps of station.inflow").value().unwrap();
    assert_eq!(lane, "no communication 19 Nov 16:27:54 – 18:53:54, connection refused");
    picture(&mut harness, "trend-day-gap-dark");
}

#[test]
fn the_wheel_zooms_into_the_past_and_escape_returns() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num5);
    let plot = harness.get_by_label(TREND).rect();
    harness.hover_at(pos2(plot.left() + plot.width() * 0.5, plot.center().y));
    harness.run_steps(1);
    for _ in 0..6 {
        harness.event(eframe::egui::Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: eframe::egui::vec2(0.0, 120.0),
            phase: TouchPhase::Move,
            source: eframe::egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(6);
    }
    assert!(told(&harness).starts_with("paused at "), "{}", told(&harness));
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(told(&harness), "● live 2 h");
}

#[test]
fn trends_of_the_past_are_painted_in_both_themes() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (key, range) in [
            (Key::Num4, "8h"),
            (Key::Num5, "day"),
            (Key::Num6, "week"),
            (Key::Num7, "month"),
            (Key::Num8, "year"),
            (Key::Num9, "five-years"),
        ] {
            let mut harness = show(theme);
            press(&mut harness, key);
            pointer_away(&mut harness);
            picture(&mut harness, &format!("trend-{range}-{name}"));
        }
        for (key, range) in [(Key::Num5, "day"), (Key::Num8, "year")] {
            let mut harness = show_at(theme, [2560.0, 1440.0], 1.5);
            press(&mut harness, key);
            pointer_away(&mut harness);
            picture(&mut harness, &format!("trend-{range}-{name}-2560"));
        }
    }
}

/// What the table says of a pen: the first thing of this name, for the trend stands before the tanks.
fn row_of(harness: &Harness<'_, Stage>, pen: &str) -> String {
    harness.get_all_by_label(pen).next().unwrap().value().unwrap()
}

/// A press with Shift on the trend, at a share of its width.
fn shift_click(harness: &mut Harness<'_, Stage>, share: f32) {
    let plot = harness.get_by_label(TREND).rect();
    let pos = pos2(plot.left() + plot.width() * share, plot.center().y);
    harness.hover_at(pos);
    harness.run_steps(1);
    for pressed in [true, false] {
        harness.event_modifiers(
            eframe::egui::Event::PointerButton {
                pos,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::SHIFT,
            },
            Modifiers::SHIFT,
        );
        harness.run_steps(1);
    }
    harness.run_steps(2);
}

#[test]
fn two_cursors_tell_what_every_pen_did_between_them() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = show(theme);
        press(&mut harness, Key::Num5);
        shift_click(&mut harness, 0.35);
        shift_click(&mut harness, 0.85);
        pointer_away(&mut harness);
        let row = row_of(&harness, "tank2.level");
        assert!(row.starts_with("change ") && row.contains(" %/h, ") && row.contains(", mean "), "{row}");
        picture(&mut harness, &format!("trend-cursors-{name}"));
        // Nothing stays of them but the live end.
        harness.hover_at(harness.get_by_label(TREND).rect().center());
        harness.run_steps(1);
        harness.key_press(Key::Delete);
        harness.run_steps(2);
        pointer_away(&mut harness);
        let row = row_of(&harness, "tank2.level");
        assert!(!row.starts_with("change "), "{row}");
    }
}

#[test]
fn between_cursors_that_stand_every_sample_counts_where_the_picture_has_extremes_alone() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num7);
    shift_click(&mut harness, 0.7);
    harness.hover_at(harness.get_by_label(TREND).rect().center());
    harness.run_steps(2);
    let row = row_of(&harness, "tank2.level");
    assert!(row.contains("mean about "), "with one end that moves, of what is drawn: {row}");
    shift_click(&mut harness, 0.8);
    pointer_away(&mut harness);
    let row = row_of(&harness, "tank2.level");
    assert!(row.contains(", mean ") && !row.contains("about"), "{row}");
}

#[test]
fn a_pen_is_hidden_and_shown_by_its_swatch() {
    let mut harness = show(ThemeChoice::Dark);
    harness.get_by_label("Hide pen station.inflow").click();
    harness.run_steps(2);
    pointer_away(&mut harness);
    assert!(harness.query_by_label("gaps of station.inflow").is_none());
    picture(&mut harness, "trend-hidden-dark");
    harness.get_by_label("Show pen station.inflow").click();
    harness.run_steps(4);
    assert!(harness.query_by_label("gaps of station.inflow").is_some());
}

#[test]
fn an_alarm_is_marked_where_it_was_raised() {
    let harness = show(ThemeChoice::Dark);
    let told = harness.get_by_label("occurrence of tank1.level/high").value().unwrap();
    assert!(told.contains("tank1.level/high raised 13:48:00, acknowledged"), "{told}");
}

/// Chooses an entry of the trend's menu.
fn choose(harness: &mut Harness<'_, Stage>, entry: &str) {
    harness.get_by_label(&format!("Menu of {TREND}")).click();
    harness.run_steps(3);
    harness.get_by_label(entry).click();
    harness.run_steps(6);
}

#[test]
fn an_earlier_time_lies_beneath_as_a_pale_twin() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = show(theme);
        press(&mut harness, Key::Num5);
        choose(&mut harness, "Compare with a week before");
        assert_eq!(told(&harness), "● live 1 d, with a week before");
        let plot = harness.get_by_label(TREND).rect();
        harness.hover_at(pos2(plot.left() + plot.width() * 0.6, plot.center().y));
        harness.run_steps(3);
        let row = row_of(&harness, "tank1.level");
        assert!(row.contains(" %, before "), "{row}");
        picture(&mut harness, &format!("trend-twin-{name}"));
        choose(&mut harness, "Compare no longer");
        assert_eq!(told(&harness), "● live 1 d");
    }
}

#[test]
fn what_is_shown_is_written_with_its_quality() {
    let mut harness = show(ThemeChoice::Dark);
    press(&mut harness, Key::Num5);
    choose(&mut harness, "Save what is shown as CSV…");
    let table = harness.state().out.actions.iter().find_map(|action| match action {
        Action::SaveTable(table) => Some(table.clone()),
        _ => None,
    });
    let table = table.unwrap();
    assert_eq!(table.name, "trend 2026-11-20T13-03-54.csv");
    let text = String::from_utf8(table.bytes.to_vec()).unwrap();
    let gap = text.lines().find(|line| line.contains("bad:no-communication")).unwrap();
    assert!(gap.starts_with("station.inflow,2026-11-19T15:27:54.000Z,,bad:no-communication,"), "{gap}");
    assert!(gap.ends_with(",2026-11-19T16:27:54.000+01:00"), "{gap}");
    assert!(text.lines().count() > 700, "{}", text.lines().count());
}

#[test]
fn a_picture_is_asked_for_of_the_panel_with_its_frame() {
    let mut harness = show(ThemeChoice::Dark);
    choose(&mut harness, "Copy picture");
    let plot = harness.get_by_label(TREND).rect();
    let taken = harness.state().out.actions.iter().find_map(|action| match action {
        Action::TakePicture(picture) => Some(picture.clone()),
        _ => None,
    });
    let [left, top, right, bottom] = taken.unwrap().of.map(|v| v as f32);
    assert!(left < plot.left() && top < plot.top() - 20.0 && right > plot.right() && bottom > plot.bottom());
    assert!(right - left < 960.0 && bottom - top < 430.0, "no more than the panel");
}

/// The farm with its journal: what Riverside journaled in its two hours, and a morning before.
fn with_journal(theme: ThemeChoice) -> Harness<'static, Stage> {
    let (sample, archive) = recorded();
    let now = sample.snapshot.now.utc;
    let archive = with_gaps(archive, now);
    let entry = |secs: i64, event: Event, alarm: &str, occurrence: u64| {
        let mut entry = Entry::new(now + Span::from_secs(secs), event);
        entry.alarm = Some(alarm.into());
        entry.occurrence = Some(occurrence);
        entry.priority = Some(if alarm.ends_with("high-high") { Priority::Critical } else { Priority::Medium });
        entry
    };
    let mut entries = Vec::new();
    for (n, hours) in [20, 14, 9].into_iter().enumerate() {
        let (from, n) = (-hours * 3_600, n as u64 + 100);
        let mut raised = entry(from, Event::Raised, "tank1.level/high", n);
        (raised.value, raised.unit) = (Some(Value::F64(86.5)), Some("%".into()));
        let mut seen = entry(from + 300, Event::Acknowledged, "tank1.level/high", n);
        seen.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: Some("Anna B.".into()) });
        seen.note = Some("V-101 shut by hand".into());
        entries.extend([raised, seen, entry(from + 2_400, Event::Returned, "tank1.level/high", n)]);
    }
    let mut told: Vec<Entry> = sample.journal.clone();
    told.splice(0..0, entries);
    let journal = Some(JournalLink::on_paper(&told).unwrap());
    Stage { archive: Some(archive), journal, ..Stage::new(sample, "Tank farm", theme) }.harness(SIZE, 1.0)
}

#[test]
fn alarms_that_came_and_went_are_laid_over_the_trend_with_all_that_became_of_them() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = with_journal(theme);
        press(&mut harness, Key::Num5);
        harness.run_steps(25);
        pointer_away(&mut harness);
        let marks: Vec<String> =
            harness.get_all_by_label("occurrence of tank1.level/high").filter_map(|n| n.value()).collect();
        let past = marks.iter().find(|m| m.contains("Anna B.")).unwrap_or_else(|| panic!("{marks:?}"));
        assert!(
            past.starts_with("tank1.level/high raised 19 Nov 18:03:54 at 86.5 %, returned 19 Nov 18:43:54, after 40 m"),
            "{past}"
        );
        assert!(
            past.ends_with("acknowledged 19 Nov 18:08:54 by Anna B. (anna@desk-1): “V-101 shut by hand”"),
            "{past}"
        );
        // What stands now is there once, with what the journal knows of it.
        let standing: Vec<String> = harness
            .get_all_by_label("occurrence of tank1.level/high-high")
            .filter_map(|n| n.value())
            .filter(|m| m.contains("high-high raised 14:03:15"))
            .collect();
        assert_eq!(standing.len(), 1, "{standing:?}");
        assert!(standing[0].contains("stands, not acknowledged"), "{standing:?}");
        picture(&mut harness, &format!("trend-occurrences-{name}"));
    }
}

#[test]
fn a_hidden_pen_takes_its_alarms_with_it() {
    let mut harness = with_journal(ThemeChoice::Dark);
    press(&mut harness, Key::Num4);
    harness.run_steps(30);
    pointer_away(&mut harness);
    let count = |harness: &Harness<'_, Stage>| harness.get_all_by_label_contains("occurrence of ").count();
    let before = count(&harness);
    assert!(before >= 2);
    harness.get_by_label("Hide pen tank1.level").click();
    harness.run_steps(30);
    pointer_away(&mut harness);
    assert!(harness.query_by_label("occurrence of tank1.level/high").is_none(), "of a pen that is hidden");
}
