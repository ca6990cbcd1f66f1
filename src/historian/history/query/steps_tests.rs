//! Steps against what a naive reader of every microsecond would find.

use super::*;
use crate::time::Span;
use proptest::prelude::*;

type Known = (i64, Option<Value>, Quality);

fn steps(samples: &[Known], every: &str, zone: &str, from: i64, to: i64, until: i64) -> Vec<Step> {
    let mut stepper = Stepper::new(Grid::new(Span::parse(every).unwrap(), Some(zone)), Utc(from), Utc(to));
    let mut told = Vec::new();
    let mut each = |step| {
        told.push(step);
        ControlFlow::Continue(())
    };
    for (time, value, quality) in samples {
        assert!(stepper.sample(Utc(*time), value.as_ref(), *quality, &mut each).is_continue());
    }
    assert!(stepper.finish(Utc(until), &mut each).is_continue());
    told
}

#[expect(clippy::unnecessary_wraps, reason = "as samples and steps have it")]
fn f(value: f64) -> Option<Value> {
    Some(Value::F64(value))
}

const SECOND: i64 = 1_000_000;

#[test]
fn a_value_counts_for_as_long_as_it_held() {
    let samples = [
        (-5 * SECOND, f(10.0), Quality::GOOD),
        (3 * SECOND, f(20.0), Quality::GOOD),
        (4 * SECOND, None, Quality::NO_COMMUNICATION),
        (12 * SECOND, f(1.0), Quality::STALE),
    ];
    let told = steps(&samples, "5s", "UTC", 0, 30 * SECOND, 16 * SECOND);
    let step = |from: i64, count, first, min, max, mean, last, quality, good| Step {
        from: Utc(from * SECOND),
        to: Utc((from + 5) * SECOND),
        count,
        first,
        min,
        max,
        mean,
        last,
        quality,
        good,
    };
    assert_eq!(
        told,
        [
            // Three seconds of 10, one of 20, one of nothing.
            step(0, 2, f(10.0), f(10.0), f(20.0), Some(12.5), f(20.0), Quality::NO_COMMUNICATION, 0.8),
            step(5, 0, None, None, None, None, None, Quality::NO_COMMUNICATION, 0.0),
            step(10, 1, f(1.0), f(1.0), f(1.0), Some(1.0), f(1.0), Quality::NO_COMMUNICATION, 0.0),
            // As far as is recorded.
            step(15, 0, f(1.0), f(1.0), f(1.0), Some(1.0), f(1.0), Quality::STALE, 0.0),
        ]
    );
}

#[test]
fn integers_stay_exact_states_have_a_share_and_texts_no_mean() {
    let big = u64::MAX - 1;
    let u = |v| Some(Value::U64(v));
    let samples = [(0, u(big), Quality::GOOD), (1, u(big + 1), Quality::GOOD), (2, u(big), Quality::GOOD)];
    let told = steps(&samples, "1s", "UTC", 0, SECOND, SECOND);
    assert_eq!((told[0].min.clone(), told[0].max.clone()), (u(big), u(big + 1)));
    let samples = [(0, Some(Value::Bool(false)), Quality::GOOD), (SECOND / 4, Some(Value::Bool(true)), Quality::GOOD)];
    assert_eq!(steps(&samples, "1s", "UTC", 0, SECOND, SECOND)[0].mean, Some(0.75));
    let text = |t: &str| Some(Value::Text(t.into()));
    let samples = [(0, text("a"), Quality::GOOD), (1, text("b"), Quality::GOOD)];
    let told = &steps(&samples, "1s", "UTC", 0, SECOND, SECOND)[0];
    assert_eq!((&told.first, &told.last), (&text("a"), &text("b")));
    assert_eq!((&told.min, &told.max, told.mean), (&None, &None, None));
}

#[test]
fn what_stands_still_has_itself_as_its_mean_and_a_sum_beyond_all_numbers_has_none() {
    let samples = [(0, f(0.1), Quality::GOOD), (7, f(0.1), Quality::GOOD), (11, f(0.1), Quality::GOOD)];
    assert_eq!(steps(&samples, "1s", "UTC", 0, SECOND, SECOND)[0].mean, Some(0.1));
    let samples = [(0, f(f64::MAX), Quality::GOOD), (7, f(f64::MIN), Quality::GOOD)];
    assert_eq!(steps(&samples, "1s", "UTC", 0, SECOND, SECOND)[0].mean, None);
}

#[test]
fn a_day_of_the_plant_has_its_own_hours_in_it() {
    // One unit more each hour, from local midnight before both days that change the clock.
    for (zone, midnight, hours) in [
        ("Europe/Amsterdam", "2026-03-28T23:00:00Z", 23),
        ("Europe/Amsterdam", "2026-10-24T22:00:00Z", 25),
        ("America/New_York", "2026-03-08T05:00:00Z", 23),
        ("America/New_York", "2026-11-01T04:00:00Z", 25),
    ] {
        let start = Utc::parse_rfc3339(midnight).unwrap().0;
        let samples: Vec<Known> = (0..72).map(|h| (start + h * 3_600 * SECOND, f(h as f64), Quality::GOOD)).collect();
        let end = start + 72 * 3_600 * SECOND;
        let day = steps(&samples, "1d", zone, start, end, end).remove(0);
        assert_eq!((day.from.0, (day.to - day.from).0), (start, hours * 3_600 * SECOND), "{zone}");
        assert_eq!(day.count, hours as u64);
        assert_eq!(day.mean, Some((hours - 1) as f64 / 2.0));
        assert_eq!((day.last, day.good), (f((hours - 1) as f64), 1.0));
    }
}

#[test]
fn a_reader_that_has_enough_ends_it() {
    let mut stepper = Stepper::new(Grid::new(Span(10), Some("UTC")), Utc(0), Utc(1_000_000));
    let mut count = 0;
    let mut each = |_| {
        count += 1;
        if count < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let one = Value::I64(1);
    assert!(stepper.sample(Utc(0), Some(&one), Quality::GOOD, &mut each).is_continue());
    assert!(stepper.sample(Utc(999), Some(&one), Quality::GOOD, &mut each).is_break());
    assert_eq!(count, 3);
}

proptest! {
    #[test]
    fn steps_are_what_looking_at_every_microsecond_finds(
        steps_in in prop::collection::vec((0_i64..30, -9_i32..9, 0_u8..5), 0..60),
        from in 0_i64..100, length in 1_i64..700, every in 1_i64..90, beyond in -40_i64..40,
    ) {
        let mut time = -50;
        let samples: Vec<Known> = steps_in.iter().map(|(after, value, kind)| {
            time += after;
            let quality = [Quality::GOOD, Quality::GOOD, Quality::GOOD, Quality::STALE, Quality::PAYLOAD][usize::from(*kind)];
            (time, (!quality.is_bad()).then_some(Value::F64(f64::from(*value))), quality)
        }).collect();
        let to = from + length;
        let until = time + beyond;
        let mut stepper = Stepper::new(Grid::new(Span(every), Some("UTC")), Utc(from), Utc(to));
        let mut told = Vec::new();
        let mut each = |step| { told.push(step); ControlFlow::Continue(()) };
        // As a reader gives them: what held when the range began, then what is in it.
        let held = samples.iter().rposition(|s| s.0 < from);
        for (time, value, quality) in &samples[held.unwrap_or(0)..] {
            prop_assert!(stepper.sample(Utc(*time), value.as_ref(), *quality, &mut each).is_continue());
        }
        prop_assert!(stepper.finish(Utc(until), &mut each).is_continue());

        let end = until.min(to);
        let mut naive = Vec::new();
        let mut at = from - from.rem_euclid(every);
        while at < to {
            let range = at.max(from)..(at + every).min(to);
            // What there is to see in each microsecond: the samples at it, and what holds after them until the next.
            let mut seen: Vec<(Option<Value>, Quality, bool)> = Vec::new();
            for t in range.clone() {
                seen.extend(samples.iter().filter(|s| s.0 == t).map(|s| (s.1.clone(), s.2, false)));
                if t < end.max(samples.last().map_or(i64::MIN, |s| s.0.min(to))) && let Some(held) = samples.iter().rfind(|s| s.0 <= t) {
                    seen.push((held.1.clone(), held.2, true));
                }
            }
            at += every;
            if seen.is_empty() {
                continue;
            }
            let values: Vec<f64> = seen.iter().filter_map(|s| s.0.as_ref()?.as_f64()).collect();
            let held: Vec<f64> = seen.iter().filter(|s| s.2).filter_map(|s| s.0.as_ref()?.as_f64()).collect();
            let mean = if held.is_empty() { values.last().copied() } else { Some(held.iter().sum::<f64>() / held.len() as f64) };
            naive.push((
                at - every,
                samples.iter().filter(|s| range.contains(&s.0)).count() as u64,
                values.first().copied(),
                values.iter().copied().min_by(f64::total_cmp),
                values.iter().copied().max_by(f64::total_cmp),
                mean,
                values.last().copied(),
                seen.iter().map(|s| s.1).reduce(Quality::worst).unwrap(),
            ));
        }
        let number = |v: &Option<Value>| v.as_ref().and_then(Value::as_f64);
        prop_assert_eq!(told.len(), naive.len(), "{:?} {:?}", told, naive);
        for (step, naive) in told.iter().zip(&naive) {
            let found = (step.from.0, step.count, number(&step.first), number(&step.min), number(&step.max));
            prop_assert_eq!(found, (naive.0, naive.1, naive.2, naive.3, naive.4));
            prop_assert_eq!((number(&step.last), step.quality), (naive.6, naive.7));
            prop_assert_eq!(step.mean.is_some(), naive.5.is_some());
            prop_assert!((step.mean.unwrap_or(0.0) - naive.5.unwrap_or(0.0)).abs() < 1e-9, "{:?} {:?}", step, naive);
            prop_assert!((0.0..=1.0).contains(&step.good));
        }
    }
}
