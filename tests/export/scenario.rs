//! A stretch of the past as a scenario: exported, then played by `rehearse`.

use super::{Plant, ended, good, utc};
use std::fs;
use watchkeeper::engine::Quality;
use watchkeeper::historian::history::Sample;

const TEXT: &str = r#"watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "127.0.0.1:502"
[[tag]]
name = "tank1.level"
was = "level"
device = "plc1"
register = "holding:0"
type = "u16"
scale = 0.1
  [[tag.alarm]]
  kind = "high"
  limit = 95.0
  priority = "high"
[[tag]]
name = "sum"
formula = "tank1.level + 1"
"#;

#[test]
fn what_was_recorded_is_a_scenario_that_rehearse_plays() {
    let mut plant = Plant::new("UTC");
    fs::write(plant.project(), TEXT).unwrap();
    plant.tag(1, "level", "%");
    plant.tag(2, "sum", "");
    plant.record(1, &[good("2026-11-20T10:00:00Z", 50.0), good("2026-11-20T10:00:10Z", 96.0)]);
    plant.seal();
    let lost = Sample::bad(utc("2026-11-20T10:00:20.5Z"), Quality::NO_COMMUNICATION, None);
    plant.record(1, &[lost, good("2026-11-20T10:00:30Z", 40.0)]);
    plant.record(2, &[good("2026-11-20T10:00:10Z", 97.0)]);
    let wanted = "at,do,target,value\n\
                  # Recorded from 2026-11-20T10:00:05.000Z to 2026-11-20T10:00:30.000Z\n\
                  0s,set,tank1.level,50\n\
                  5s,set,tank1.level,96\n\
                  15500ms,quality,tank1.level,bad:no-communication\n\
                  25s,set,tank1.level,40\n";
    let from = ["--from", "2026-11-20T10:00:05"];
    assert_eq!(plant.told(&[&["--format", "scenario"], &from[..]].concat()), wanted);
    let file = plant.file("storm.rehearsal.csv");
    let (code, _, said) = plant.export(&[&["-o", file.to_str().unwrap()], &from[..]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("4 lines of 1 tags, over 25s, are in "), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted, "its name says that it is one");
    let (code, journal, why) = ended(&["rehearse", &plant.project(), file.to_str().unwrap()]);
    assert_eq!(code, 0, "{why}");
    assert!(journal.contains(r#""event":"raised","alarm":"tank1.level/high""#), "{journal}");
    assert!(journal.contains(r#""value":96.0"#), "{journal}");
    for (arguments, words) in [
        (&["--format", "scenario", "--tag", "sum"][..], "sum cannot be set in a scenario"),
        (&["--format", "scenario", "--every", "1m"][..], "leave out --every and --local"),
        (&["--format", "scenario", "--tag", "nothing"][..], "there is no tag \"nothing\""),
    ] {
        let (code, out, said) = plant.export(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let (code, _, said) = plant.export(&["--format", "scenario", "--to", "2026-11-20"]);
    assert_eq!(code, 3, "{said}");
}
