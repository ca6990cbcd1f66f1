//! What the README promises: its example is read from the demo plant as it says, and its links lead somewhere.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use support::{Running, ended, watchkeeper};

const README: &str = include_str!("../README.md");

/// The project file of "Your own meter in five minutes".
fn example() -> String {
    let (_, rest) = README.split_once("```toml\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    // It stands in a list, three spaces in.
    block.replace("\n   ", "\n").trim_start().to_owned()
}

#[test]
fn the_example_is_a_project_without_fault_or_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-meter.toml");
    std::fs::write(&path, example()).unwrap();
    let (code, said, why) = ended(&["check", path.to_str().unwrap()]);
    assert_eq!((code, said.as_str()), (0, ""), "{why}");
}

#[test]
fn the_example_reads_the_meter_of_the_demo_plant() {
    let mut demo = Running::start(watchkeeper(&["demo", "--modbus", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]));
    let mut lines = BufReader::new(demo.child().stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find(|line| line.contains("modbus-tcp")).unwrap();
    let address = told.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-meter.toml");
    std::fs::write(&path, example().replace("127.0.0.1:5020", address)).unwrap();
    let (code, said, why) = ended(&["values", path.to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(code, 0, "{why}");
    for (tag, low, high) in [("meter.power", 1.0, 150.0), ("meter.voltage", 207.0, 253.0)] {
        let line = said.lines().find(|line| line.contains(tag)).unwrap();
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["quality"], "good", "{line}");
        let number = value["value"].as_f64().unwrap();
        assert!((low..=high).contains(&number), "{line}");
    }
}

#[test]
fn every_link_of_the_readme_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for piece in README.split("](").skip(1) {
        let (target, _) = piece.split_once(')').unwrap();
        if !target.starts_with("http") {
            links += 1;
            assert!(root.join(target).exists(), "{target} is not there");
        }
    }
    assert!(links > 10, "only {links} links were found");
}
