use super::*;
use crate::engine::{Point, Quality};
use crate::ui::sample::{Archive, Recorded};
use eframe::egui::RawInput;
use std::sync::atomic::Ordering;

const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Utc {
    Utc(seconds * SECOND)
}

/// A tail with a point each second.
fn tail(seconds: std::ops::Range<i64>) -> Arc<TailView> {
    let points: Vec<Point> = seconds.map(|s| Point { time: at(s), value: s as f64, quality: Quality::GOOD }).collect();
    Arc::new(TailView::new(points.chunks(64).map(Arc::from).collect()))
}

/// A history that knows the same values each tenth second.
fn archive(seconds: std::ops::Range<i64>, recorded_to: i64) -> Archive {
    let samples: Vec<Recorded> = seconds.step_by(10).map(|s| Archive::good(at(s), s as f64)).collect();
    Archive { tags: [("a".to_owned(), Arc::new(samples))].into(), recorded_to: at(recorded_to), ..Archive::default() }
}

struct Desk {
    ctx: Context,
    archive: Archive,
    past: Past,
    /// In seconds of the window.
    time: f64,
}

impl Desk {
    fn new(archive: Archive) -> Self {
        Self { ctx: Context::default(), archive, past: Past::default(), time: 0.0 }
    }

    /// One frame, 20 ms after the one before.
    fn frame(&mut self, tail: Option<&TailView>, [from, to]: [i64; 2], now: i64) {
        self.time += 0.02;
        let Self { ctx, archive, past, time } = self;
        let input = RawInput { time: Some(*time), ..RawInput::default() };
        let need = Need { pens: &[("a", tail)], from: at(from), to: at(to), columns: 500, now: at(now) };
        let mut output = ctx.run_ui(input, |ui| past.follow(ui.ctx(), Some(archive), &need));
        output.textures_delta.clear();
    }

    fn questions(&self) -> usize {
        self.archive.questions().len()
    }
}

fn times(known: &Known<'_>, from: i64, to: i64) -> Vec<i64> {
    known.within(at(from), at(to)).map(|p| p.time.0 / SECOND).collect()
}

#[test]
fn what_the_tail_reaches_is_never_asked_for() {
    let mut desk = Desk::new(archive(0..1_000, 1_000));
    desk.frame(Some(&tail(500..1_000)), [600, 1_000], 1_000);
    assert_eq!(desk.questions(), 0);
}

#[test]
fn history_and_tail_meet_without_a_hole_and_without_a_point_twice() {
    let mut desk = Desk::new(archive(0..1_001, 900));
    let tail = tail(800..1_001);
    for _ in 0..2 {
        desk.frame(Some(&tail), [500, 1_000], 1_000);
    }
    let known = desk.past.known(0, Some(&tail), at(500));
    let expected: Vec<i64> = (500..900).step_by(10).chain(900..1_001).collect();
    assert_eq!(times(&known, 500, 1_000), expected);
    let [one, two] = known.parts(at(1_000));
    assert_eq!((one.until, two.pieces(at(0)).count()), (at(1_000), 0), "one stretch");
    assert_eq!(known.at(at(707), at(1_000)).unwrap().value, 700.0);
    assert_eq!(known.at(at(907), at(1_000)).unwrap().value, 907.0);
}

#[test]
fn the_margin_is_asked_for_too_so_that_a_small_pan_asks_nothing() {
    let mut desk = Desk::new(archive(0..10_000, 10_000));
    let tail = tail(9_900..10_000);
    for shift in 0..40 {
        desk.frame(Some(&tail), [5_000 - shift * 5, 6_000 - shift * 5], 10_000);
    }
    assert_eq!(desk.questions(), 1);
    let question = &desk.archive.questions()[0];
    assert!((990..=1_010).contains(&question.columns), "{question:?}");
    // A pan beyond it asks again, and so does another scale.
    for _ in 0..2 {
        desk.frame(Some(&tail), [2_000, 3_000], 10_000);
    }
    assert_eq!(desk.questions(), 2);
    for _ in 0..2 {
        desk.frame(Some(&tail), [2_400, 2_500], 10_000);
    }
    assert_eq!(desk.questions(), 3);
}

#[test]
fn the_picture_of_before_stays_until_the_new_one_is_there() {
    let mut desk = Desk::new(archive(0..10_000, 10_000));
    let tail = tail(9_900..10_000);
    desk.frame(Some(&tail), [5_000, 6_000], 10_000);
    desk.frame(Some(&tail), [5_000, 6_000], 10_000);
    desk.archive.late.store(true, Ordering::Relaxed);
    desk.frame(Some(&tail), [4_000, 5_000], 10_000);
    let known = desk.past.known(0, Some(&tail), at(4_000));
    let shown = times(&known, 4_000, 5_000);
    assert!(shown.first().is_some_and(|t| *t >= 4_490) && shown.len() > 40, "{shown:?}");
    // What lies between the answer and the tail is not known, and is no line.
    let [one, two] = known.parts(at(10_000));
    assert!(one.until <= at(6_510) && two.pieces(at(0)).next().is_some());
    assert!(known.at(at(8_000), at(10_000)).is_none());
    desk.archive.late.store(false, Ordering::Relaxed);
    desk.frame(Some(&tail), [4_000, 5_000], 10_000);
    let known = desk.past.known(0, Some(&tail), at(4_000));
    assert_eq!(times(&known, 4_000, 5_000).len(), 101);
}

#[test]
fn a_view_that_moves_on_takes_its_question_back_and_a_late_answer_is_told_of() {
    let mut desk = Desk::new(archive(0..100_000, 100_000));
    desk.archive.late.store(true, Ordering::Relaxed);
    desk.frame(None, [5_000, 6_000], 100_000);
    assert_eq!((desk.questions(), desk.archive.open_questions()), (1, 1));
    // Elsewhere altogether: the old question is of no use to anybody.
    desk.frame(None, [50_000, 51_000], 100_000);
    assert_eq!((desk.questions(), desk.archive.open_questions()), (2, 1));
    assert!(!desk.past.is_reading(&desk.ctx));
    for _ in 0..20 {
        desk.frame(None, [50_000, 51_000], 100_000);
    }
    assert_eq!(desk.questions(), 2);
    assert!(desk.past.is_reading(&desk.ctx), "after 0.3 s");
}

#[test]
fn a_view_that_changes_with_every_frame_gets_answers_all_the_same() {
    let mut desk = Desk::new(archive(0..100_000, 100_000));
    desk.archive.late.store(true, Ordering::Relaxed);
    let mut most_open = 0;
    for i in 0..50 {
        // A wheel that turns for a second: another scale with each frame.
        let half = (20_000.0 * 0.95_f64.powi(i)) as i64;
        desk.frame(None, [50_000 - half, 50_000 + half], 100_000);
        most_open = most_open.max(desk.archive.open_questions());
    }
    assert_eq!(most_open, 1);
    assert!((4..=8).contains(&desk.questions()), "{}", desk.questions());
}

#[test]
fn a_live_end_asks_again_long_before_the_tail_has_forgotten_the_seam() {
    let mut desk = Desk::new(archive(0..1_000, 1_000));
    for now in 1_000..1_400 {
        // A tail of 100 s that moves on, before a history that records all the while.
        desk.archive.recorded_to = at(now);
        let tail = tail(now - 100..now + 1);
        desk.frame(Some(&tail), [now - 600, now], now);
        desk.frame(Some(&tail), [now - 600, now], now);
        let known = desk.past.known(0, Some(&tail), at(now - 600));
        assert_eq!(known.parts(at(now))[1].pieces(at(0)).count(), 0, "no hole at {now}");
    }
    assert!((7..=10).contains(&desk.questions()), "{}", desk.questions());
}

#[test]
fn a_recorder_that_stands_still_is_not_asked_with_every_frame() {
    let mut desk = Desk::new(archive(0..500, 500));
    let tail = tail(900..1_001);
    for _ in 0..100 {
        desk.frame(Some(&tail), [400, 1_000], 1_000);
    }
    assert_eq!(desk.questions(), 1);
    for _ in 0..2 {
        desk.frame(Some(&tail), [440, 1_040], 1_040);
    }
    assert_eq!(desk.questions(), 2);
}

#[test]
fn a_tag_that_is_never_recorded_has_its_tail_and_one_that_cannot_be_read_says_why() {
    let mut desk = Desk::new(Archive { recorded_to: at(990), ..Archive::default() });
    let tail = tail(900..1_001);
    for _ in 0..2 {
        desk.frame(Some(&tail), [0, 1_000], 1_000);
    }
    assert_eq!(times(&desk.past.known(0, Some(&tail), at(0)), 0, 1_000).len(), 101);
    desk.archive.fault = Some("the disk does not answer".to_owned());
    for _ in 0..2 {
        desk.frame(Some(&tail), [-5_000, -4_000], 1_000);
    }
    assert_eq!(desk.past.fault(), Some((0, "the disk does not answer")));
    assert_eq!(times(&desk.past.known(0, Some(&tail), at(0)), 0, 1_000).len(), 101);
}

#[test]
fn a_gap_is_found_with_its_reason() {
    let mut archive = archive(0..100, 1_000);
    let mut samples = vec![Archive::good(at(0), 1.0), Archive::bad(at(50), Quality::NO_COMMUNICATION, "refused")];
    samples.push(Archive::good(at(80), 2.0));
    archive.tags.insert("a".to_owned(), Arc::new(samples));
    let mut desk = Desk::new(archive);
    for _ in 0..2 {
        desk.frame(None, [0, 100], 1_000);
    }
    let known = desk.past.known(0, None, at(0));
    let gap = gap_at(&known, at(60)).unwrap();
    assert_eq!((gap.from, gap.to, gap.detail.as_deref()), (at(50), at(80), Some("refused")));
    assert!(gap_at(&known, at(80)).is_none() && gap_at(&known, at(49)).is_none());
}
