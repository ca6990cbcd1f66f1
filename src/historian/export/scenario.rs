//! What was recorded as a scenario, which `rehearse` and a window play: a stretch of the plant's past, to try alarms and
//! screens on.
//!
//! What stood at its start is set at its start. A tag that a formula computes is left out: the play computes it. So is what
//! the play says by itself, that all is simulated, and that a value is outside of its range.
//!
//! Invariant: what comes of it can be played: it names only what the project has, in lines and bytes that a scenario may have.

use super::lines::{quoted, value_text};
use crate::engine::plan::SourcePlan;
use crate::engine::{Generation, Mode, Plan, Quality, Value};
use crate::historian::FileError;
use crate::historian::history::query::{HistoryReader, TagInfo};
use crate::historian::history::{Sample, SeriesId};
use crate::project::Project;
use crate::time::{Span, Utc};
use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Lines of a scenario that is made; the whole of one that is played may have 16 MiB.
const MOST_LINES: usize = 200_000;
const MOST_BYTES: usize = 16 << 20;

/// The longest time that a scenario may last.
const LONGEST: Span = Span::from_secs(366 * 24 * 3_600);

/// Which stretch is wanted.
#[derive(Debug)]
pub struct Stretch<'a> {
    /// What it will be played on, members of its families included.
    pub project: &'a Arc<Project>,
    /// Names of tags; none: all that were recorded and can be set.
    pub tags: &'a [String],
    /// From when up to before when.
    pub range: Range<Utc>,
}

/// A scenario that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its text.
    pub text: String,
    /// Lines that do something.
    pub lines: usize,
    /// Tags that it sets.
    pub tags: usize,
    /// How long it lasts.
    pub lasts: Span,
    /// Parts of the history that could not be read; a bad value stands for each.
    pub damaged: u64,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum ScenarioError {
    #[error("there is no tag \"{0}\" that was recorded and is in the project")]
    Unknown(String),
    #[error("{0} cannot be set in a scenario: {1}")]
    NotSettable(String, String),
    #[error("nothing was recorded in that time of what a scenario can set")]
    Nothing,
    #[error("more than {MOST_LINES} values were recorded in that time; choose a shorter time, or fewer tags")]
    TooMany,
    #[error("that is longer than a scenario may last, {LONGEST}; choose a shorter time")]
    TooLong,
    #[error("stopped; no scenario was made")]
    Stopped,
    #[error(transparent)]
    Read(#[from] FileError),
}

/// Makes the scenario. For a thread that may wait for a disk; `done` counts the tags that were read.
///
/// # Errors
/// Why there is none.
pub fn scenario(
    reader: &HistoryReader,
    stretch: &Stretch<'_>,
    stop: &AtomicBool,
    done: &AtomicU64,
) -> Result<Made, ScenarioError> {
    let (plan, _faults) = Plan::compile(Arc::clone(stretch.project), Generation(1), Mode::Rehearsal);
    let chosen = chosen(&plan, &reader.tags()?, stretch.tags)?;
    let Range { start, end } = stretch.range;
    let mut rows: Vec<(Utc, usize, Sample)> = Vec::new();
    let mut damaged = 0;
    for (place, (series, _)) in chosen.iter().enumerate() {
        // What stood when it began.
        if let Some(held) = reader.before(*series, start)? {
            rows.push((start, place, held));
        }
        let outcome = reader.samples(*series, start..end, stop, |sample| {
            rows.push((sample.time, place, sample.clone()));
            if rows.len() > MOST_LINES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if rows.len() > MOST_LINES {
            return Err(ScenarioError::TooMany);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(ScenarioError::Stopped);
        }
        damaged += outcome.damaged;
        done.fetch_add(1, Ordering::Relaxed);
    }
    // Those of one instant in the order of the tags, and those of a tag as they came.
    rows.sort_by_key(|(time, place, _)| (*time, *place));
    let (Some((began, ..)), Some((ended, ..))) = (rows.first(), rows.last()) else {
        return Err(ScenarioError::Nothing);
    };
    let (began, lasts) = (*began, *ended - *began);
    if lasts > LONGEST {
        return Err(ScenarioError::TooLong);
    }
    let mut text = String::from("at,do,target,value\n");
    // No fault: a `String` takes what it is given.
    let _taken = writeln!(text, "# Recorded from {} to {}", began.to_rfc3339_exact(), ended.to_rfc3339_exact());
    let mut lines = 0;
    for (time, place, sample) in &rows {
        let Some((_, name)) = chosen.get(*place) else { continue };
        if let Some(line) = line(*time - began, name, sample) {
            text.push_str(&line);
            lines += 1;
        }
        if text.len() > MOST_BYTES {
            return Err(ScenarioError::TooMany);
        }
    }
    Ok(Made { text, lines, tags: chosen.len(), lasts, damaged })
}

/// Which of what was recorded can be set in a play, and what it is called there.
fn chosen(plan: &Plan, known: &[TagInfo], names: &[String]) -> Result<Vec<(SeriesId, Arc<str>)>, ScenarioError> {
    let present = |info: &TagInfo| {
        let renamed = || plan.tags.iter().find(|tag| tag.tag.was.as_ref() == Some(&info.name));
        plan.tag_id(&info.name).and_then(|id| plan.tag(id)).or_else(renamed)
    };
    if names.is_empty() {
        let mut all: Vec<_> = known
            .iter()
            .filter_map(|info| Some((info.series, present(info)?)))
            .filter(|(_, tag)| refusal(&tag.source).is_none())
            .map(|(series, tag)| (series, Arc::clone(&tag.name)))
            .collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        // A name that was given up and taken by another tag: the newest bears it.
        all.dedup_by(|later, earlier| later.1 == earlier.1);
        return Ok(all);
    }
    let mut all: Vec<(SeriesId, Arc<str>)> = Vec::new();
    for name in names {
        let is = |other: &String| other.eq_ignore_ascii_case(name);
        let info = known.iter().rfind(|info| is(&info.name));
        let info = info.or_else(|| known.iter().rfind(|info| info.earlier.iter().any(is)));
        let found = info.and_then(|info| Some((info.series, present(info)?)));
        let (series, tag) = found.ok_or_else(|| ScenarioError::Unknown(name.clone()))?;
        if let Some(why) = refusal(&tag.source) {
            return Err(ScenarioError::NotSettable(name.clone(), why));
        }
        if !all.iter().any(|(other, _)| *other == series) {
            all.push((series, Arc::clone(&tag.name)));
        }
    }
    Ok(all)
}

/// Why a tag cannot be set; `None`: it can.
fn refusal(source: &SourcePlan) -> Option<String> {
    match source {
        SourcePlan::Formula(_) => Some("a formula computes it; take its inputs".to_owned()),
        SourcePlan::Fault(why) => Some(why.to_string()),
        SourcePlan::Figure { device: _ } => Some("it is a figure of a device, which is not asked in a play".to_owned()),
        _ => None,
    }
}

/// `None`: there is nothing to say.
fn line(at: Span, name: &str, sample: &Sample) -> Option<String> {
    // Zero has no unit of its own.
    let at = if at.0 == 0 { "0s".to_owned() } else { at.to_string() };
    let value = sample.value.as_ref().map(spelled);
    // What the play finds by itself of the value.
    let said = [Quality::GOOD, Quality::SIMULATED, Quality::FORCED, Quality::RECORDED, Quality::UNCERTAIN_RANGE];
    let (verb, words) = match (sample.quality, value) {
        (quality, Some(value)) if said.contains(&quality) => ("set", value),
        (quality, Some(value)) if !quality.is_bad() => ("quality", format!("{quality} {value}")),
        (Quality::GOOD, None) => return None,
        (quality, _) => ("quality", quality.to_string()),
    };
    Some(format!("{at},{verb},{},{}\n", quoted(name), quoted(&words)))
}

/// As an export spells it; a line of a scenario is one line.
fn spelled(value: &Value) -> String {
    match value {
        Value::Text(text) => text.replace(['\n', '\r'], " "),
        other => value_text(Some(other)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Event;
    use crate::engine::rehearsal::play;
    use crate::historian::history::runs::Run;
    use crate::historian::history::{Columns, Store, TagRow, frame};
    use std::path::Path;

    const PROJECT: &str = r#"
watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "127.0.0.1:502"
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
scale = 0.1
range = [0, 100]
  [[tag.alarm]]
  kind = "high"
  limit = 95.0
  priority = "high"
[[tag]]
name = "batch"
device = "plc1"
register = "holding:1"
type = "string"
length = 4
[[tag]]
name = "double"
formula = "tank1.level * 2"
"#;

    const SECOND: i64 = 1_000_000;

    fn sample(second: i64, value: Option<Value>, quality: Quality) -> Sample {
        Sample::new(Utc(second * SECOND), value, quality, None)
    }

    fn level(second: i64, value: f64) -> Sample {
        sample(second, Some(Value::F64(value)), Quality::GOOD)
    }

    fn project() -> Arc<Project> {
        let (project, issues) = crate::project::file::read(PROJECT.as_bytes());
        assert!(issues.iter().all(|issue| issue.severity != crate::project::Severity::Error), "{issues:?}");
        Arc::new(project)
    }

    fn recorded(folder: &Path, tags: &[(&str, &str, Vec<Sample>)]) -> HistoryReader {
        let mut store = Store::open(folder, Utc(0)).unwrap();
        let mut run = Run::next(None, Utc(0));
        run.alive = Utc(1_000 * SECOND);
        let row = |index: usize, name: &str, data_type: &str| TagRow {
            series: SeriesId(index as u32 + 1),
            since: Utc(1),
            name: name.into(),
            unit: String::new(),
            data_type: data_type.into(),
        };
        let rows: Vec<TagRow> = tags.iter().enumerate().map(|(i, (name, kind, _))| row(i, name, kind)).collect();
        let columns: Vec<(SeriesId, Columns)> = tags
            .iter()
            .enumerate()
            .map(|(i, (_, _, samples))| (SeriesId(i as u32 + 1), samples.iter().cloned().collect()))
            .collect();
        let frame = frame::encode(columns.iter().map(|(series, columns)| (*series, columns)));
        store.commit(&rows, &[frame], &[&run]).unwrap();
        HistoryReader::open(folder, None).unwrap().unwrap()
    }

    fn made(reader: &HistoryReader, tags: &[&str], range: Range<i64>) -> Result<Made, ScenarioError> {
        let names: Vec<String> = tags.iter().map(|name| (*name).to_owned()).collect();
        let range = Utc(range.start.saturating_mul(SECOND))..Utc(range.end.saturating_mul(SECOND));
        let stretch = Stretch { project: &project(), tags: &names, range };
        scenario(reader, &stretch, &AtomicBool::new(false), &AtomicU64::new(0))
    }

    fn plant(folder: &Path) -> HistoryReader {
        let text = |second, text: &str| sample(second, Some(Value::Text(text.into())), Quality::GOOD);
        let levels = vec![
            level(5, 50.0),
            level(12, 96.0),
            sample(14, Some(Value::F64(97.5)), Quality::CLOCK),
            sample(16, None, Quality::NO_COMMUNICATION),
            sample(18, Some(Value::F64(101.0)), Quality::UNCERTAIN_RANGE),
            level(20, 40.0),
        ];
        recorded(
            folder,
            &[
                ("tank1.level", "u16", levels),
                ("double", "f64", vec![level(12, 192.0)]),
                ("batch", "string", vec![text(13, "a \"b\", c")]),
                ("gone", "f64", vec![level(12, 1.0)]),
            ],
        )
    }

    #[test]
    fn a_stretch_of_the_past_is_a_scenario_that_raises_the_same_alarm() {
        let folder = tempfile::tempdir().unwrap();
        let reader = plant(folder.path());
        let made = made(&reader, &[], 10..30).unwrap();
        assert_eq!(
            made.text,
            "at,do,target,value\n\
             # Recorded from 1970-01-01T00:00:10.000Z to 1970-01-01T00:00:20.000Z\n\
             0s,set,tank1.level,50\n\
             2s,set,tank1.level,96\n\
             3s,set,batch,\"a \"\"b\"\", c\"\n\
             4s,quality,tank1.level,uncertain:clock 97.5\n\
             6s,quality,tank1.level,bad:no-communication\n\
             8s,set,tank1.level,101\n\
             10s,set,tank1.level,40\n"
        );
        assert_eq!((made.lines, made.tags, made.lasts, made.damaged), (7, 2, Span::from_secs(10), 0));
        let played = play(project().as_ref().clone(), &made.text);
        assert_eq!(played.fault, None);
        let raised = played.journal.iter().find(|entry| entry.event == Event::Raised).unwrap();
        // The tag has a scale: its values are floats, as those of the plant.
        assert_eq!(raised.value, Some(Value::F64(96.0)));
        assert!(played.journal.iter().any(|entry| entry.event == Event::Returned));
    }

    #[test]
    fn what_cannot_be_played_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let reader = plant(folder.path());
        let why = |tags: &[&str], range| made(&reader, tags, range).unwrap_err().to_string();
        assert_eq!(
            why(&["double"], 0..30),
            "double cannot be set in a scenario: a formula computes it; take its inputs"
        );
        assert_eq!(why(&["gone"], 0..30), "there is no tag \"gone\" that was recorded and is in the project");
        assert_eq!(why(&[], 0..1), "nothing was recorded in that time of what a scenario can set");
        assert_eq!(made(&reader, &["BATCH"], 0..30).unwrap().lines, 1, "it begins with the first that was recorded");
    }

    #[test]
    fn more_than_a_scenario_holds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let many = (0..=MOST_LINES as i64).map(|n| Sample::good(Utc(n), n as f64)).collect();
        let reader = recorded(folder.path(), &[("tank1.level", "u16", many)]);
        assert!(matches!(made(&reader, &[], 0..1), Err(ScenarioError::TooMany)));
        let years = vec![level(1, 1.0), level(400 * 86_400, 2.0)];
        let folder = tempfile::tempdir().unwrap();
        let reader = recorded(folder.path(), &[("tank1.level", "u16", years)]);
        assert!(matches!(made(&reader, &[], 0..i64::MAX), Err(ScenarioError::TooLong)));
    }
}
