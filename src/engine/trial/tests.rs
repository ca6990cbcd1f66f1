use super::*;

const PROJECT: &str = r#"
watchkeeper = 1
name = "Tried"
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "127.0.0.1:502"
[[tag]]
name = "pump1.running"
device = "plc1"
register = "coil:0"
type = "bool"
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
scale = 0.1
unit = "%"
range = [0, 100]
  [[tag.alarm]]
  kind = "high"
  limit = 80.0
  deadband = 2.0
  priority = "high"
  response = "Drain it"
  [[tag.alarm]]
  kind = "low"
  limit = 20.0
  suppress-when = "not pump1.running"
  priority = "low"
"#;

fn project(text: &str) -> Project {
    let (project, issues) = crate::project::file::read(text.as_bytes());
    assert!(issues.iter().all(|i| i.severity != crate::project::Severity::Error), "{issues:?}");
    project
}

fn secs(seconds: i64) -> Utc {
    Utc(seconds * 1_000_000)
}

/// Plays values of the level at seconds.
fn play(mut trial: Trial, values: &[(i64, f64)], end: i64) -> Outcome {
    let tag = trial.inputs()[0].0;
    for (at, value) in values {
        trial.sample(tag, secs(*at), Some(Value::F64(*value)), Quality::GOOD);
    }
    trial.finish(secs(end))
}

fn settings(limit: f64) -> Settings {
    Settings { limit: Some(limit), ..Settings::default() }
}

const DAY: [(i64, f64); 8] =
    [(0, 50.0), (10, 81.0), (20, 79.0), (30, 77.0), (40, 86.0), (50, 70.0), (60, 82.0), (70, 60.0)];

#[test]
fn a_higher_limit_would_have_come_once_instead_of_three_times() {
    let trial = Trial::new(&project(PROJECT), "tank1.level/high", &settings(85.0)).unwrap();
    let outcome = play(trial, &DAY, 100);
    assert_eq!((outcome.present.count, outcome.trial.count), (3, 1));
    let first = &outcome.present.occurrences[0];
    assert_eq!((first.raised, first.ended), (secs(10), Some(secs(30))), "the deadband holds it at 79");
    assert_eq!(outcome.trial.occurrences[0].raised, secs(40));
    assert_eq!(outcome.present.stood(outcome.end), Span::from_secs(40));
    assert_eq!((outcome.exactness, outcome.least, outcome.most), (Exactness::Exact, None, None));
    assert_eq!(outcome.known, Span::from_secs(100));
}

#[test]
fn a_delay_is_tried_on_the_recorded_clock() {
    let delay = Settings { on_delay: Some(Span::from_secs(15)), ..Settings::default() };
    let outcome = play(Trial::new(&project(PROJECT), "TANK1.LEVEL/HIGH", &delay).unwrap(), &DAY, 100);
    assert_eq!(outcome.trial.count, 0, "no excursion above 80 lasts 15 s");
    let delay = Settings { on_delay: Some(Span::from_secs(10)), ..Settings::default() };
    let values = [(0, 81.0), (30, 60.0)];
    let outcome = play(Trial::new(&project(PROJECT), "tank1.level/high", &delay).unwrap(), &values, 100);
    let came = &outcome.trial.occurrences[0];
    assert_eq!((came.began, came.raised, came.ended), (secs(0), secs(10), Some(secs(30))));
    assert!(outcome.present.held_at_start && !outcome.trial.held_at_start);
}

#[test]
fn one_that_stands_at_the_end_has_no_end() {
    let outcome =
        play(Trial::new(&project(PROJECT), "tank1.level/high", &settings(80.0)).unwrap(), &[(0, 50.0), (5, 90.0)], 25);
    assert_eq!(outcome.present, outcome.trial, "the same settings do the same");
    assert_eq!(outcome.trial.occurrences[0].ended, None);
    assert_eq!(outcome.trial.stood(outcome.end), Span::from_secs(20));
}

#[test]
fn bad_quality_holds_and_is_told_as_unknown() {
    let mut trial = Trial::new(&project(PROJECT), "tank1.level/high", &settings(85.0)).unwrap();
    let tag = trial.inputs()[0].0;
    trial.sample(tag, secs(0), Some(Value::F64(90.0)), Quality::GOOD);
    trial.sample(tag, secs(10), None, Quality::NOT_RUNNING);
    trial.sample(tag, secs(30), Some(Value::F64(90.0)), Quality::GOOD);
    let outcome = trial.finish(secs(40));
    assert_eq!(outcome.trial.count, 1, "a gap neither ends an alarm nor begins one");
    assert_eq!(outcome.known, Span::from_secs(20));
}

#[test]
fn suppression_is_played_from_what_its_tags_recorded() {
    let mut trial = Trial::new(&project(PROJECT), "tank1.level/low", &settings(30.0)).unwrap();
    let inputs: Vec<_> = trial.inputs().to_vec();
    assert_eq!(inputs.iter().map(|(_, n)| n.as_ref()).collect::<Vec<_>>(), ["tank1.level", "pump1.running"]);
    let (level, running) = (inputs[0].0, inputs[1].0);
    trial.sample(running, secs(0), Some(Value::Bool(false)), Quality::GOOD);
    trial.sample(level, secs(0), Some(Value::F64(50.0)), Quality::GOOD);
    trial.sample(level, secs(10), Some(Value::F64(25.0)), Quality::GOOD);
    trial.sample(level, secs(20), Some(Value::F64(50.0)), Quality::GOOD);
    trial.sample(running, secs(30), Some(Value::Bool(true)), Quality::GOOD);
    trial.sample(level, secs(40), Some(Value::F64(25.0)), Quality::GOOD);
    let outcome = trial.finish(secs(50));
    assert_eq!((outcome.trial.count, outcome.trial.suppressed), (1, 1));
    assert_eq!((outcome.present.count, outcome.present.suppressed), (0, 0));
}

#[test]
fn thinned_values_give_bounds_that_hold_for_any_value_within_the_deadband() {
    let thinned = PROJECT.replace("range = [0, 100]", "range = [0, 100]\nrecord-deadband = 0.5");
    let project = project(&thinned);
    let values =
        [(0, 50.0), (10, 85.2), (20, 70.0), (30, 85.6), (40, 70.0), (50, 84.4), (60, 70.0), (70, 84.6), (80, 70.0)];
    let outcome = play(Trial::new(&project, "tank1.level/high", &settings(85.0)).unwrap(), &values, 100);
    assert_eq!(outcome.exactness, Exactness::Within(0.5));
    assert_eq!((outcome.least, outcome.trial.count, outcome.most), (Some(1), 2, Some(3)));
    // With no room between coming and going, how often it came cannot be told.
    let narrow = Settings { deadband: Some(Deadband::Units(0.2)), ..settings(85.0) };
    let outcome = play(Trial::new(&project, "tank1.level/high", &narrow).unwrap(), &values, 100);
    assert_eq!((outcome.least, outcome.most), (Some(1), None));
}

#[test]
fn what_cannot_be_tried_is_told_with_what_can() {
    let project = project(PROJECT);
    let told = |alarm: &str, settings: &Settings| Trial::new(&project, alarm, settings).unwrap_err().to_string();
    let none = Settings::default();
    assert!(
        told("tank1.level/higher", &none).ends_with("of that tag there is \"tank1.level/high\", \"tank1.level/low\"")
    );
    assert!(told("tank1.level/quality", &none).contains("adds by itself"));
    assert!(told("tank1.level/high", &settings(f64::NAN)).contains("is none"));
    let negative = Settings { deadband: Some(Deadband::Units(-1.0)), ..none };
    assert!(told("tank1.level/high", &negative).contains("0 or more"));
    let never = PROJECT.replace("range = [0, 100]", "record = \"never\"");
    let (never, _) = crate::project::file::read(never.as_bytes());
    assert!(matches!(Trial::new(&never, "tank1.level/high", &none), Err(TrialError::NeverRecorded(_))));
}
