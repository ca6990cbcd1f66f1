//! `diff` as people, scripts and git call it; and a gateway that reads its project again.

use super::support::{Modbus, Running, ended, project, until, watchkeeper};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A plant, and the same with another limit, a unit and a note.
fn versions(folder: &Path) -> [String; 2] {
    let before = project(folder, "127.0.0.1:1".parse().unwrap());
    let text = fs::read_to_string(&before).unwrap();
    let after = folder.join("after.toml");
    let edited =
        text.replace("limit = 95.0", "limit = 90.0").replace("unit = \"Wh\"", "unit = \"kWh\" # as on the lid");
    fs::write(&after, edited).unwrap();
    [before, after].map(|path| path.to_str().unwrap().to_owned())
}

const WORDS: &str = "1 unit, 1 limit

tag meter.energy
    unit: Wh → kWh

alarm tank1.level/high
    limit: 95 → 90

put into force while the plant runs:
    no device reconnects
    judged anew at once; what stands stands until it returns: tank1.level/high (limit)
";

#[test]
fn two_versions_are_compared_in_words_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = versions(folder.path());
    let (code, out, error) = ended(&["diff", &a, &b]);
    assert_eq!((code, out.as_str(), error.as_str()), (0, WORDS, ""));
    assert_eq!(ended(&["diff", &a, &b, "--exit-code"]).0, 1);
    let (code, out, _) = ended(&["diff", &a, &a, "--exit-code"]);
    assert_eq!((code, out.as_str()), (0, "nothing differs\n"));
    let (code, out, _) = ended(&["diff", &a, &b, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!((told["summary"].as_str(), told["same"].as_bool()), (Some("1 unit, 1 limit"), Some(false)));
    let limit = serde_json::json!({
        "of": "alarm", "name": "tank1.level/high", "change": "changed", "key": "limit", "before": "95", "after": "90"
    });
    assert_eq!(told["changes"][1], limit);
    assert_eq!(told["applied"]["words"][0], "no device reconnects");
    assert_eq!(told["applied"]["reconnects"], serde_json::json!([]));
    let anew = serde_json::json!([{ "alarm": "tank1.level/high", "keys": ["limit"] }]);
    assert_eq!(
        (&told["applied"]["alarms_judged_anew"], &told["applied"]["refused"]),
        (&anew, &serde_json::Value::Null)
    );
    // Layout alone, from standard input.
    let text = fs::read_to_string(&a).unwrap().replace("\n\n", "\n# more room\n\n\n");
    let mut child = watchkeeper(&["diff", &a, "-", "--exit-code"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "only comments, layout and defaults that are written out differ\n"
    );
    assert_eq!(output.status.code(), Some(0));
    // From nothing: all that is written.
    let (_, out, _) = ended(&["diff", "/dev/null", &a]);
    assert!(out.starts_with("1 name of the project; 1 device added; 2 tags added; 1 alarm added\n\nthe project\n    name: none → Test plant\n"), "{out}");
    assert!(
        out.contains(
            "tag meter.energy added\n    type: u64\n    device: plc1\n    register: holding:1\n    unit: Wh\n"
        ),
        "{out}"
    );
    assert!(!out.contains("put into force"), "{out}");
}

#[test]
fn a_file_that_is_no_project_ends_with_one_and_a_fault_in_one_tag_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = versions(folder.path());
    fs::write(&b, "no toml [").unwrap();
    let (code, out, error) = ended(&["diff", &a, &b]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("after.toml:1:1: error: "), "{error}");
    fs::write(&b, fs::read_to_string(&a).unwrap().replace("type = \"u64\"", "type = \"u65\"")).unwrap();
    let (code, out, error) = ended(&["diff", &a, &b]);
    assert_eq!(code, 0);
    assert!(error.contains("has 1 error, and what is at fault"), "{error}");
    assert!(out.contains("at fault, and without a value: meter.energy"), "{out}");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_watchkeeper");
    let mut command = Command::new("git");
    command.current_dir(folder).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_PAGER", "cat");
    command.args(["-c", "user.name=Anna", "-c", "user.email=anna@example.org"]);
    command.args(["-c", &format!("diff.watchkeeper.command='{program}' diff")]);
    let output = command.args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn git_tells_changes_of_a_plant_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let [a, b] = versions(at);
    let after = fs::read(&b).unwrap();
    fs::remove_file(&b).unwrap();
    fs::write(at.join(".gitattributes"), "*.toml diff=watchkeeper\n").unwrap();
    git(at, &["init", "-q"]);
    git(at, &["add", "."]);
    let staged = git(at, &["diff", "--cached", "--", "plant.toml"]);
    assert!(staged.starts_with("plant.toml: 1 name of the project; 1 device added"), "{staged}");
    git(at, &["commit", "-q", "-m", "one"]);
    fs::write(&a, &after).unwrap();
    assert_eq!(git(at, &["diff"]), format!("plant.toml: {WORDS}\n"));
    git(at, &["commit", "-q", "-a", "-m", "two"]);
    assert_eq!(git(at, &["log", "-p", "--ext-diff", "-1", "--format=%s"]), format!("two\n\nplant.toml: {WORDS}\n"));
    git(at, &["mv", "plant.toml", "riverside.toml"]);
    let moved = git(at, &["diff", "--cached", "-M", "HEAD~1"]);
    assert!(moved.contains("1 unit, 1 limit"), "{moved}");
    git(at, &["commit", "-q", "-m", "three"]);
    // What is no project is said to be none, and git goes on.
    fs::write(at.join("riverside.toml"), "no toml [").unwrap();
    let broken = git(at, &["diff"]);
    assert!(broken.starts_with("riverside.toml: this cannot be compared as a project\n    after: "), "{broken}");
    fs::remove_file(at.join("riverside.toml")).unwrap();
    assert!(git(at, &["diff"]).contains("1 device removed"));
}

#[cfg(unix)]
#[test]
fn a_gateway_reads_its_project_again_and_keeps_the_one_it_has_where_that_has_an_error() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[100]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let path = plant.to_str().unwrap();
    let text = fs::read_to_string(&plant).unwrap();
    let log = folder.path().join("log.txt");
    let mut command = watchkeeper(&["run", path, "--silent"]);
    command.stderr(fs::File::create(&log).unwrap());
    let mut running = Running::start(command);
    let pid = running.child().id().to_string();
    let logged = |words: &str| until(words, || fs::read_to_string(&log).unwrap().contains(words).then_some(()));
    until("polls", || (modbus.requests() > 2).then_some(()));
    let connections = modbus.connections();
    let hang_up = || assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    fs::write(&plant, text.replace("limit = 95.0", "limit = \"high\"")).unwrap();
    hang_up();
    logged("is not put into force, for it has 1 error");
    fs::write(&plant, text.replace("limit = 95.0", "limit = 40.0")).unwrap();
    hang_up();
    logged("is in force as it is now");
    logged("tank1.level/high (limit)");
    hang_up();
    logged("is the version that is in force");
    assert_eq!(modbus.connections(), connections, "no device felt it");
    assert_eq!(running.terminate().0, 0);
    let (_, out, _) = ended(&["journal", path, "--format", "jsonl"]);
    let told = out.lines().find(|line| line.contains("read again, as asked by SIGHUP")).unwrap();
    assert!(told.contains("limit of tank1.level/high 95 → 40"), "{told}");
    assert!(out.contains("\"event\":\"raised\",\"alarm\":\"tank1.level/high\""), "{out}");
}
