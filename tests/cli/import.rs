//! `import`, as people call it.

use super::support::ended;
use std::fs;

#[test]
fn files_of_other_programs_become_projects_that_check_accepts() {
    let folder = tempfile::tempdir().unwrap();
    for (format, file, notes) in
        [("home-assistant", "tests/import/configuration.yaml", 6), ("telegraf", "tests/import/telegraf.conf", 5)]
    {
        let (code, printed, told) = ended(&["import", format, file]);
        assert_eq!(code, 0, "{told}");
        assert_eq!(told.lines().filter(|line| line.contains("not carried over: ")).count(), notes, "{told}");
        let project = folder.path().join(format!("{format}.toml"));
        fs::write(&project, printed).unwrap();
        let (code, said, why) = ended(&["check", project.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}{why}");
    }
}

#[test]
fn a_model_is_put_into_a_project_behind_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plant.toml");
    let before = "watchkeeper = 1 # mine\n\n[[device]]\nname = \"pv\"\nprotocol = \"modbus-tcp\"\naddress = \"10.0.0.1\"\n\n\
                  [[tag]]\nname = \"pv.A\"\ndevice = \"pv\"\nregister = \"holding:1\"\ntype = \"u16\"\n";
    fs::write(&path, before).unwrap();
    let project = path.to_str().unwrap();
    let model = "tests/import/model_1_and_more.json";
    let call = ["import", "sunspec", model, "--device", "PV", "--register", "40069", "--into", project];
    let (code, _, told) = ended(&[&call[..5], &call[7..]].concat());
    assert_eq!(code, 1);
    assert!(told.contains("--register"), "{told}");
    let (code, said, _) = ended(&[&call[..], &["--dry-run"]].concat());
    assert_eq!(code, 0);
    assert!(said.contains("pv.A_2"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "a dry run");
    let (code, _, told) = ended(&call);
    assert_eq!(code, 0, "{told}");
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(before), "{after}");
    assert!(!after.contains("address = \"10.0.0.1\"\n\n[[device]]"), "its device is there already");
    let (code, _, why) = ended(&["check", project]);
    assert_eq!(code, 0, "{why}");
    let (code, _, told) = ended(&["import", "telegraf", project]);
    assert!((code, told.contains("inputs.modbus")) == (1, true), "{told}");
    let (code, ..) = ended(&["import", "telegraf", "no-such-file"]);
    assert_eq!(code, 2);
}
