use super::stage::START;
use super::*;
use crate::engine::{Event, Generation, Mode, Plan};
use std::fs;
use std::path::{Path, PathBuf};

mod playing;

const PROJECT: &str = r#"
watchkeeper = 1
name = "Rehearsed"
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
unit = "%"
range = [0, 100]
  [[tag.alarm]]
  kind = "high"
  limit = 95.0
  deadband = 2.0
  on-delay = "5s"
  priority = "high"
"#;

const CONTRACT: &str = "at,do,target,value
0s,set,tank1.level,50
10s,set,tank1.level,96
14s,expect,tank1.level/high,normal
16s,expect,tank1.level/high,unacknowledged
20s,ack,tank1.level/high,opened the drain
20s,expect,tank1.level/high,acknowledged
30s,quality,tank1.level,bad:no-communication
40s,set,tank1.level,80
41s,expect,tank1.level/high,normal
60s,shelve,tank1.level/high,30m
60s,expect,tank1.level/high,shelved
";

fn rehearse(scenario: &str) -> Rehearsal {
    let (project, issues) = crate::project::file::read(PROJECT.as_bytes());
    assert!(issues.is_empty(), "{}", issues[0]);
    play(project, scenario)
}

#[test]
fn the_scenario_of_the_contract_plays_to_its_end() {
    let rehearsal = rehearse(CONTRACT);
    assert_eq!(rehearsal.fault, None);
    let told: Vec<_> = rehearsal.journal.iter().map(|e| (e.event, (e.time - START.utc).as_millis())).collect();
    assert_eq!(
        told,
        [(Event::Raised, 15_000), (Event::Acknowledged, 20_000), (Event::Cleared, 40_000), (Event::Shelved, 60_000)]
    );
    assert!(json_lines(&rehearsal.journal).starts_with(
        "{\"time\":\"2000-01-01T00:00:15.000Z\",\"event\":\"raised\",\"alarm\":\"tank1.level/high\",\"occurrence\":1,\"priority\":\"high\",\"value\":96"
    ));
}

/// Every scenario in `projects/`: `meter.rehearsal.csv` is of `meter.toml`, and so is `meter.another.rehearsal.csv`.
#[test]
fn the_examples_in_projects_play_to_their_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("projects");
    let mut played = 0;
    for scenario in files(&folder, "csv") {
        let name = scenario.file_name().unwrap().to_string_lossy().into_owned();
        let project = folder.join(name.split('.').next().unwrap()).with_extension("toml");
        let text = fs::read_to_string(&scenario).unwrap();
        assert_eq!(play(clean(&project), &text).fault, None, "{name}");
        assert!(text.contains(",expect,"), "{name} expects nothing");
        played += 1;
    }
    assert!(played >= 2, "{played}");
}

/// Each story is a fact: its file's name says it, and its expectations hold it to that.
#[test]
fn the_stories_are_true() {
    let mut played = 0;
    let mut wrong = Vec::new();
    let plants = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")).unwrap();
    for plant in plants.map(|entry| entry.unwrap().path()) {
        let project = clean(&plant.join("plant.toml"));
        for story in files(&plant, "csv") {
            let text = fs::read_to_string(&story).unwrap();
            if !text.contains(",expect,") {
                wrong.push(format!("{} expects nothing", story.display()));
            }
            if let Some((line, message)) = play(project.clone(), &text).fault {
                wrong.push(format!("{}:{line}: {message}", story.display()));
            }
            played += 1;
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(played >= 60, "{played}");
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// A project that `check` has nothing to say of.
fn clean(path: &Path) -> Project {
    let (project, mut issues) = crate::project::file::read(&fs::read(path).unwrap());
    issues.extend(Plan::compile(Arc::new(project.clone()), Generation(1), Mode::Rehearsal).1);
    assert_eq!(issues, [], "{}", path.display());
    project
}

#[test]
fn a_set_value_holds_and_a_stopped_one_grows_stale() {
    let held = rehearse("at,do,target,value\n0s,set,tank1.level,50\n1h,expect,tank1.level/quality,normal\n");
    assert_eq!(held.fault, None);
    let stopped = "at,do,target,value\n0s,set,tank1.level,50\n10s,stop,tank1.level,\n60s,expect,tank1.level/quality,unacknowledged\n";
    assert_eq!(rehearse(stopped).fault, None);
}

#[test]
fn an_expectation_that_does_not_hold_names_its_line() {
    let rehearsal = rehearse("at,do,target,value\n0s,set,tank1.level,96\n4s,expect,tank1.level/high,unacknowledged\n");
    assert_eq!(rehearsal.fault, Some((3, "tank1.level/high is normal, expected unacknowledged".to_owned())));
}

#[test]
fn deadlines_of_an_instant_come_after_its_inputs_and_before_an_expectation() {
    let returned =
        "at,do,target,value\n0s,set,tank1.level,96\n5s,set,tank1.level,50\n5s,expect,tank1.level/high,normal\n";
    assert_eq!(rehearse(returned).fault, None);
    let held = "at,do,target,value\n0s,set,tank1.level,96\n5s,expect,tank1.level/high,unacknowledged\n";
    assert_eq!(rehearse(held).fault, None);
}

#[test]
fn faults_of_a_scenario_are_told_with_their_line() {
    for (line, message) in [
        ("1s,fly,tank1.level/high,", "no verb"),
        ("1s,set,nix,1", "no tag"),
        ("1s,ack,nix/high,", "no alarm"),
        ("1s,expect,tank1.level/high,happy", "no state"),
        ("1,set,tank1.level,1", "no unit"),
        ("1s,set,tank1.level,much", "no value"),
        ("1s,quality,tank1.level,odd", "no quality"),
        ("1s,shelve,tank1.level/high,soon", "no duration"),
        ("1s,ack,tank1.level/high,a,b", "four columns"),
    ] {
        let (number, told) = rehearse(&format!("at,do,target,value\n{line}\n")).fault.unwrap();
        assert_eq!(number, 2);
        assert!(told.contains(message), "{line}: {told}");
    }
    let back = rehearse("at,do,target,value\n5s,set,tank1.level,1\n4s,set,tank1.level,1\n").fault.unwrap();
    assert!(back.0 == 3 && back.1.contains("time goes back"));
    assert_eq!(rehearse("").fault.unwrap().0, 1);
}

#[test]
fn a_refused_verb_is_journaled_and_the_play_goes_on() {
    let rehearsal = rehearse(
        "at,do,target,value\n0s,set,tank1.level,50\n1s,ack,tank1.level/high,\n2s,expect,tank1.level/high,normal\n",
    );
    assert_eq!(rehearsal.fault, None);
    assert_eq!(rehearsal.journal[0].event, Event::Refused);
}

#[test]
fn a_scaled_value_is_a_float_as_in_the_plant_and_an_uncertain_one_may_bring_its_own() {
    let rehearsal = rehearse(
        "at,do,target,value\n0s,quality,tank1.level,uncertain:clock 96\n6s,expect,tank1.level/high,unacknowledged\n",
    );
    assert_eq!(rehearsal.fault, None);
    let line = json_lines(&rehearsal.journal);
    assert!(line.contains(r#""value":96.0,"quality":"uncertain:clock""#), "{line}");
    let fault = |scenario: &str| rehearse(scenario).fault.unwrap().1;
    let why = fault("at,do,target,value\n0s,quality,tank1.level,bad:device-fault 96\n");
    assert_eq!(why, "bad:device-fault is bad, and a bad value has no number: leave it out");
    let why = fault("at,do,target,value\n0s,quality,tank1.level,uncertain:clock high\n");
    assert_eq!(why, "\"high\" is no value of type u16");
}
