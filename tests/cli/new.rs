//! `new`, as people call it.

use super::support::{Modbus, ended};
use std::fs;

#[test]
fn a_meter_that_is_known_is_a_project_with_its_alarm_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("river-meter.toml");
    let file = path.to_str().unwrap();
    let call = ["new", file, "--modbus", "192.0.2.1:502", "--unit", "7", "--map", "sdm630"];
    let (code, _, told) =
        ended(&[&call[..], &["--high", "meter.l1.voltage=253", "--low", "meter.power=-5e3"]].concat());
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("1 device, 13 tags, 2 alarms"), "{told}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\nname = \"river-meter\"\n") && text.contains("\nunit-id = 7\n"), "{text}");
    let (code, said, why) = ended(&["check", file]);
    assert_eq!(code, 0, "{said}{why}");
    let (code, ..) = ended(&["fmt", "--check", file]);
    assert_eq!(code, 0);
    let (code, _, told) = ended(&call);
    assert!(code == 2 && told.contains("is there already; choose another name"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn what_has_an_error_is_told_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let file = path.to_str().unwrap();
    let new = |rest: &[&str]| {
        let (code, _, told) = ended(&[&["new", file], rest].concat());
        assert!(!path.exists());
        (code, told)
    };
    let (code, told) = new(&["--modbus", "192.0.2.1", "--tag", "a=input:70000,f32,V"]);
    assert!(code == 1 && told.contains("nothing is written"), "{told}");
    let (code, told) = new(&["--modbus", "192.0.2.1", "--map", "sdm630", "--high", "meter.nothing=1"]);
    assert!(code == 1 && told.contains("meter.nothing"), "{told}");
    for (rest, words) in [
        (&["--modbus", "192.0.2.1"][..], "--map"),
        (&[], "--mqtt ADDRESS"),
        (&["--modbus", "192.0.2.1", "--map", "sdm999"], "new --list"),
        (&["--modbus", "192.0.2.1", "--map", "shelly-3em"], "--mqtt"),
        (&["--mqtt", "192.0.2.1", "--map", "sdm630"], "--modbus"),
        (&["--modbus", "192.0.2.1", "--tag", "nothing"], "l1.voltage=input:0,f32,V"),
        (&["--modbus", "192.0.2.1", "--map", "sdm630", "--low", "x"], "TAG=LIMIT"),
        (&["--example", "nothing"], "new --list"),
    ] {
        let (code, told) = new(rest);
        assert!(code == 2 && told.contains(words), "{rest:?}: {told}");
    }
}

#[test]
fn a_device_over_tls_and_a_family_of_topics_are_said_in_one_line_each() {
    let printed = |rest: &[&str]| {
        let (code, text, told) = ended(&[&["new", "-"], rest].concat());
        assert_eq!(code, 0, "{told}");
        text
    };
    let tls = ["--modbus", "plc.example", "--protocol", "modbus-tls", "--ca", "ca.pem", "--cert", "our.pem"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("safe.toml");
    let call = [&["new", path.to_str().unwrap()], &tls[..], &["--tag", "level=holding:0,f32"]].concat();
    let (code, _, told) = ended(&call);
    assert!(code == 2 && told.contains("--key"), "a half of what goes together: {told}");
    let call = [&call[..], &["--key", "our.key"]].concat();
    let (code, _, told) = ended(&call);
    assert!(code == 1 && told.contains("ca.pem; put it there") && !path.exists(), "{told}");
    assert!(told.contains("our.pem; put it there"), "both are in the text: {told}");
    let family = printed(&["--mqtt", "192.0.2.1", "--tag", "{1}.wind=site/+/state,$.wind,m/s"]);
    assert!(
        family.contains("name = \"broker.{1}.wind\"\n") && family.contains("topic = \"site/+/state\"\n"),
        "{family}"
    );
    assert!(!family.contains("tag = \"broker.{1}.wind\""), "a family has no value to be shown: {family}");
}

#[test]
fn a_sunspec_device_is_asked_where_its_model_lies() {
    let device = Modbus::start(200);
    device.set(0, &[0x5375, 0x6E53, 1, 66]);
    device.set(70, &[203, 105]);
    device.set(177, &[0xFFFF, 0]);
    let address = device.address.to_string();
    let (code, text, told) = ended(&["new", "-", "--modbus", &address, "--map", "sunspec-meter", "--device", "grid"]);
    assert_eq!(code, 0, "{told}");
    assert!(text.contains("name = \"grid.power\"\n"), "{text}");
    assert!(
        text.contains("register = \"holding:88\"\ntype = \"i16\"\nunit = \"W\"\nscale-register = \"holding:92\"\n")
    );
    let (code, _, told) = ended(&["new", "-", "--modbus", &address, "--map", "sunspec-inverter"]);
    assert!(code == 3 && told.contains("101, 102, 103"), "{told}");
}

#[test]
fn an_example_is_copied_with_what_lies_beside_it_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let (code, _, told) = ended(&["new", path.to_str().unwrap(), "--example", "pump"]);
    assert_eq!(code, 0, "{told}");
    let scenario = folder.path().join("pump.rehearsal.csv");
    let (code, _, told) = ended(&["rehearse", path.to_str().unwrap(), scenario.to_str().unwrap()]);
    assert_eq!(code, 0, "{told}");
    let other = folder.path().join("other.toml");
    let (code, _, told) = ended(&["new", other.to_str().unwrap(), "--example", "pump"]);
    assert!(code == 2 && told.contains("pump.rehearsal.csv is there already"), "{told}");
    assert!(!other.exists());
    let (code, listed, _) = ended(&["new", "--list"]);
    assert!(code == 0 && ["sdm630", "zigbee2mqtt-climate", "demo"].iter().all(|id| listed.contains(id)), "{listed}");
}
