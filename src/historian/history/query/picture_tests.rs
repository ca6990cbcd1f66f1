//! Pictures against what a naive reader of all samples would find.

use super::*;
use proptest::prelude::*;

/// Time, value, quality: small numbers, so that equal times, equal values and changes of quality are frequent.
fn samples() -> impl Strategy<Value = Vec<Point>> {
    let quality = prop::sample::select(vec![
        Quality::GOOD,
        Quality::GOOD,
        Quality::GOOD,
        Quality::STALE,
        Quality::NO_COMMUNICATION,
        Quality::NOT_RUNNING,
    ]);
    prop::collection::vec((0_i64..40, -50_i32..50, quality), 0..400).prop_map(|steps| {
        let mut time = -100;
        let mut point = |(after, value, quality): (i64, i32, Quality)| {
            time += after;
            let value = if quality.is_bad() { f64::NAN } else { f64::from(value) };
            Point { time: Utc(time), value, quality }
        };
        steps.into_iter().map(&mut point).collect()
    })
}

fn drawn(samples: &[Point], from: i64, to: i64, columns: usize) -> Picture {
    let mut sketch = Sketch::new(Utc(from), Utc(to), columns);
    for p in samples {
        sketch.sample(p.time, p.value, p.quality, None);
    }
    sketch.finish(Utc(samples.last().map_or(0, |p| p.time.0)))
}

fn column(time: Utc, from: i64, to: i64, columns: usize) -> i64 {
    if time.0 < from { -1 } else { ((time.0 - from) * columns as i64 / (to - from)).min(columns as i64) }
}

fn bits(p: &Point) -> (i64, u64, u16) {
    (p.time.0, p.value.to_bits(), p.quality.number())
}

/// Samples as the store would summarise them: up to `most` in a run, none longer than `longest`.
fn run_of(samples: &[Point]) -> Run {
    let values = || samples.iter().map(|p| p.value).filter(|v| !v.is_nan());
    Run {
        worst: samples.iter().fold(samples[0].quality, |w, p| w.worst(p.quality)),
        first: samples[0],
        last: *samples.last().unwrap(),
        min: values().fold(f64::NAN, f64::min),
        max: values().fold(f64::NAN, f64::max),
        min_first: None,
    }
}

proptest! {
    #[test]
    fn good_samples_taken_together_draw_what_they_draw_one_by_one(
        samples in samples(), length in 1_usize..60, to in 1_i64..9_000, columns in 1_usize..40,
    ) {
        let mut sketch = Sketch::new(Utc(0), Utc(to), columns);
        for part in samples.chunks(length) {
            if part.iter().all(|p| p.quality == Quality::GOOD) {
                let times: Vec<i64> = part.iter().map(|p| p.time.0).collect();
                // A text has no number.
                let values: Vec<f64> = part.iter().map(|p| if p.value == 7.0 { f64::NAN } else { p.value }).collect();
                sketch.good_samples(&times, &values);
            } else {
                for p in part {
                    sketch.sample(p.time, p.value, p.quality, None);
                }
            }
        }
        let until = Utc(samples.last().map_or(0, |p| p.time.0));
        let mut one_by_one = samples;
        for part in one_by_one.chunks_mut(length).filter(|part| part.iter().all(|p| p.quality == Quality::GOOD)) {
            part.iter_mut().filter(|p| p.value == 7.0).for_each(|p| p.value = f64::NAN);
        }
        let (together, alone) = (sketch.finish(until), drawn(&one_by_one, 0, to, columns));
        prop_assert_eq!(&together.gaps, &alone.gaps);
        let bits = |picture: &Picture| picture.points.iter().map(bits).collect::<Vec<_>>();
        prop_assert_eq!(bits(&together), bits(&alone));
    }

    #[test]
    fn a_picture_keeps_first_least_greatest_last_and_every_doubt_of_each_column(
        samples in samples(), to in 1_i64..9_000, columns in 1_usize..40,
    ) {
        let picture = drawn(&samples, 0, to, columns);
        prop_assert!(picture.exact);
        for index in -1..=columns as i64 {
            let here = |p: &&Point| column(p.time, 0, to, columns) == index;
            let all: Vec<_> = samples.iter().filter(here).collect();
            let kept: Vec<_> = picture.points.iter().filter(here).collect();
            prop_assert!(kept.len() <= MOST_PER_COLUMN);
            if all.len() <= MOST_PER_COLUMN {
                prop_assert_eq!(kept.iter().map(|p| bits(p)).collect::<Vec<_>>(), all.iter().map(|p| bits(p)).collect::<Vec<_>>());
                continue;
            }
            // In their order, each of them a sample.
            let mut rest = all.iter();
            prop_assert!(kept.iter().all(|k| rest.any(|a| bits(a) == bits(k))), "a point that is no sample, or out of order");
            prop_assert_eq!(bits(kept[0]), bits(all[0]));
            prop_assert_eq!(bits(kept[kept.len() - 1]), bits(all[all.len() - 1]));
            let least = |of: &[&Point]| of.iter().map(|p| p.value).filter(|v| !v.is_nan()).min_by(f64::total_cmp);
            let greatest = |of: &[&Point]| of.iter().map(|p| p.value).filter(|v| !v.is_nan()).max_by(f64::total_cmp);
            prop_assert_eq!(least(&kept), least(&all));
            prop_assert_eq!(greatest(&kept), greatest(&all));
            for level in [Level::Uncertain, Level::Bad] {
                let has = |of: &[&Point]| of.iter().any(|p| p.quality.level() == level);
                prop_assert_eq!(has(&kept), has(&all), "{:?} in column {}", level, index);
            }
        }
    }

    #[test]
    fn every_gap_longer_than_a_column_is_told_exactly_and_of_shorter_ones_the_longest(
        samples in samples(), to in 1_i64..9_000, columns in 1_usize..40,
    ) {
        let picture = drawn(&samples, 0, to, columns);
        let mut naive: Vec<Gap> = Vec::new();
        let mut bad_before = false;
        for p in &samples {
            if bad_before {
                naive.last_mut().unwrap().to = p.time;
            }
            let goes_on = bad_before && naive.last().is_some_and(|g| g.quality == p.quality);
            if p.quality.is_bad() && !goes_on {
                naive.push(Gap { from: p.time, to: p.time, quality: p.quality, detail: None });
            }
            bad_before = p.quality.is_bad();
        }
        for gap in &naive {
            let (begin, end) = (column(gap.from, 0, to, columns), column(gap.to, 0, to, columns));
            let told = picture.gaps.iter().any(|g| g == gap);
            let longer = picture.gaps.iter().any(|g| {
                column(g.from, 0, to, columns) == begin && column(g.to, 0, to, columns) == begin && g.to - g.from >= gap.to - gap.from
            });
            prop_assert!(told || (begin == end && longer), "{:?} is not in {:?}", gap, picture.gaps);
        }
        prop_assert!(picture.gaps.iter().all(|g| naive.contains(g)), "{:?} {:?}", picture.gaps, naive);
        prop_assert!(picture.gaps.windows(2).all(|w| w[0].to <= w[1].from));
    }

    #[test]
    fn runs_shorter_than_a_column_move_an_extreme_by_no_more_than_a_column(
        samples in samples(), to in 2_000_i64..9_000, columns in 1_usize..20, most in 1_usize..60,
    ) {
        let exact = drawn(&samples, 0, to, columns);
        let mut sketch = Sketch::new(Utc(0), Utc(to), columns);
        let width = sketch.column_micros();
        let mut rest = samples.as_slice();
        while let Some(first) = rest.first() {
            let within = rest.partition_point(|p| p.time.0 - first.time.0 <= width).min(most);
            let (run, after) = rest.split_at(within);
            if run.len() > 2 {
                sketch.run(&run_of(run));
            } else {
                for p in run {
                    sketch.sample(p.time, p.value, p.quality, None);
                }
            }
            rest = after;
        }
        let rough = sketch.finish(Utc(samples.last().map_or(0, |p| p.time.0)));
        prop_assert!(rough.points.windows(2).all(|w| w[0].time <= w[1].time));
        for p in exact.points.iter().filter(|p| (0..to).contains(&p.time.0)) {
            let near = || rough.points.iter().filter(|r| (r.time.0 - p.time.0).abs() <= 2 * width);
            if p.quality.is_bad() {
                prop_assert!(near().any(|r| r.quality.is_bad()), "a gap at {} is gone", p.time.0);
            } else {
                prop_assert!(near().any(|r| r.value <= p.value), "{} at {} is gone", p.value, p.time.0);
                prop_assert!(near().any(|r| r.value >= p.value), "{} at {} is gone", p.value, p.time.0);
            }
            if p.quality.level() == Level::Uncertain {
                prop_assert!(near().any(|r| !r.quality.is_good()), "a doubt at {} is gone", p.time.0);
            }
        }
        let values = |of: &Picture| -> Vec<f64> { of.points.iter().map(|p| p.value).filter(|v| !v.is_nan()).collect() };
        let known: Vec<f64> = samples.iter().map(|p| p.value).collect();
        prop_assert!(values(&rough).iter().all(|v| known.contains(v)), "a value that never was");
    }
}

#[test]
fn a_gap_says_why_and_goes_on_as_long_as_its_reason() {
    let refused: Arc<str> = "connection refused".into();
    let mut sketch = Sketch::new(Utc(0), Utc(1_000), 10);
    sketch.sample(Utc(-5_000), 1.0, Quality::NO_COMMUNICATION, Some(&refused));
    sketch.sample(Utc(100), 1.0, Quality::NO_COMMUNICATION, Some(&refused));
    sketch.sample(Utc(300), 1.0, Quality::NOT_RUNNING, None);
    sketch.sample(Utc(500), 7.0, Quality::GOOD, None);
    sketch.sample(Utc(900), 7.0, Quality::NO_COMMUNICATION, None);
    let picture = sketch.finish(Utc(950));
    let gap = |from, to, quality, detail| Gap { from: Utc(from), to: Utc(to), quality, detail };
    assert_eq!(
        picture.gaps,
        [
            gap(-5_000, 300, Quality::NO_COMMUNICATION, Some(refused)),
            gap(300, 500, Quality::NOT_RUNNING, None),
            gap(900, 950, Quality::NO_COMMUNICATION, None),
        ]
    );
    assert!(picture.points.iter().all(|p| p.value.is_nan() == p.quality.is_bad()), "a bad value is none");
}

#[test]
fn nothing_gives_nothing_and_the_ends_of_time_do_no_harm() {
    assert_eq!(Sketch::new(Utc(0), Utc(0), 0).finish(Utc(0)).points, []);
    let mut sketch = Sketch::new(Utc(i64::MIN), Utc(i64::MAX), 2_000);
    for time in [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX] {
        sketch.sample(Utc(time), 1.0, Quality::GOOD, None);
    }
    assert_eq!(sketch.finish(Utc(i64::MAX)).points.len(), 5);
}
