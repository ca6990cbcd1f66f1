//! The program as people and scripts call it: child processes against real servers on loopback.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "cli/csv.rs"]
mod csv;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/new.rs"]
mod new;
mod support;

use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};
use rumqttc::{AsyncClient, MqttOptions, PublishOptions, QoS};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use support::{Modbus, Running, ended, project, until, watchkeeper};
use watchkeeper::cli;

const MAX: [u16; 4] = [u16::MAX; 4];

/// Option names, `--…`, in a text.
fn options(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split("--").skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap());
    words.filter(|w| !w.is_empty() && !w.starts_with('-')).map(|w| format!("--{w}")).collect()
}

#[test]
fn the_page_of_commands_names_every_option_and_no_other() {
    let page = include_str!("../docs/commands.md");
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let names: Vec<&str> = sections.iter().map(|s| s.lines().next().unwrap()).collect();
    let expected = "watchkeeper,new,run,horn-test,check,diff,schema,fmt,csv export,csv import,import,values,explain,scan modbus,scan mqtt,journal,\
                    figures,handover,members,secret,demo,rehearse,backtest,export,bundle";
    assert_eq!(names, expected.split(',').collect::<Vec<_>>());
    for (section, name) in sections.iter().zip(names) {
        let help = cli::help(if name == "watchkeeper" { "" } else { name }).unwrap();
        let rows: Vec<&str> = section.lines().filter(|l| l.starts_with("| `--")).collect();
        let first_cells: String = rows.iter().map(|l| l.split(" | ").next().unwrap()).collect();
        let listed: String = help.lines().filter(|l| l.trim_start().starts_with('-')).collect::<Vec<_>>().join("\n");
        assert_eq!(options(&first_cells), options(&listed), "{name}:\n{help}");
    }
}

#[test]
fn every_command_helps_with_an_example() {
    for command in [
        "new",
        "run",
        "check",
        "diff",
        "schema",
        "fmt",
        "csv",
        "csv export",
        "csv import",
        "import",
        "values",
        "explain",
        "scan",
        "scan modbus",
        "scan mqtt",
        "journal",
        "figures",
        "handover",
        "members",
        "secret",
        "export",
        "bundle",
        "demo",
    ] {
        let (code, out, _) = ended(&command.split(' ').chain(["--help"]).collect::<Vec<_>>());
        assert_eq!(code, 0);
        assert!(out.contains(&format!("Example:\n  watchkeeper {command}")), "{out}");
    }
    let (code, out, _) = ended(&["--help"]);
    assert!(code == 0 && out.contains("Examples:"), "{out}");
}

#[test]
fn a_call_that_is_at_fault_ends_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let plant = plant.to_str().unwrap();
    for arguments in [
        &["fly"][..],
        &["run"],
        &["diff", plant],
        &["diff", plant, "/no/such/file.toml"],
        &["values", plant, "no.such.tag"],
        &["values", "/no/such/file.toml"],
        &["values", plant, "--for", "5"],
        &["journal", plant, "--from", "yesterday"],
        &["export", plant, "--every", "60"],
    ] {
        let (code, out, error) = ended(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
}

#[test]
fn fmt_lays_a_project_out_once_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plant.toml");
    let plant = path.to_str().unwrap();
    let (rough, laid_out) = (
        "watchkeeper=1\r\n\r\n\r\n[[tag]] # one\nname='a'\nformula = \"1\"  \n",
        "watchkeeper = 1\n\n[[tag]] # one\nname = \"a\"\nformula = \"1\"\n",
    );
    std::fs::write(&path, rough).unwrap();
    let (code, out, error) = ended(&["fmt", "--check", plant]);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.ends_with("plant.toml would be laid out anew\n"), "{out}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), rough);
    assert_eq!(ended(&["fmt", plant]), (0, String::new(), String::new()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), laid_out);
    assert_eq!(ended(&["fmt", "--check", plant]).0, 0);
    std::fs::write(&path, "watchkeeper = 1\nname =\n").unwrap();
    let (code, out, error) = ended(&["fmt", plant]);
    assert_eq!(code, 1);
    assert!(out.contains("plant.toml:2:") && error.contains("is left as it is"), "{out}{error}");
}

#[test]
fn values_prints_the_first_value_of_each_tag_exactly() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[25]);
    modbus.set(1, &MAX);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let plant = plant.to_str().unwrap();

    let (code, out, error) = ended(&["values", plant, "--format", "jsonl"]);
    assert_eq!(code, 0, "{error}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    let level = lines.iter().find(|l| l.contains("tank1.level")).unwrap();
    assert!(level.starts_with(r#"{"tag":"tank1.level","time":"20"#), "the contract's order of keys: {level}");
    assert!(level.ends_with(r#"Z","value":12.5,"quality":"good","unit":"%"}"#), "{level}");
    assert!(out.contains(r#""value":18446744073709551615,"quality":"good""#), "all 64 bits: {out}");

    let (_, out, _) = ended(&["values", plant, "--format", "csv", "METER.energy"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "tag,time,value,quality,unit");
    assert!(lines[1].starts_with("meter.energy,20") && lines[1].ends_with("Z,18446744073709551615,good,Wh"), "{out}");
    assert_eq!(lines.len(), 2, "only the tag that was asked for");

    let (_, out, _) = ended(&["values", plant]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "TAG                          VALUE  UNIT  QUALITY  TIME");
    assert!(lines[1].starts_with("tank1.level                   12.5  %     good     20"), "{out}");
    assert!(!folder.path().join("plant.data").exists(), "nothing was recorded");
}

#[test]
fn a_tag_without_a_value_is_printed_as_bad_when_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plant = project(folder.path(), gone);
    let plant = plant.to_str().unwrap();
    let (code, out, _) = ended(&["values", plant, "--format", "jsonl", "--timeout", "1500ms", "tank1.level"]);
    let line: Value = serde_json::from_str(out.trim()).unwrap();
    assert_eq!((code, &line["value"], &line["quality"]), (3, &Value::Null, &json!("bad:no-communication")), "{out}");
    let (_, out, _) = ended(&["values", plant, "--format", "csv", "--timeout", "1500ms", "tank1.level"]);
    assert!(out.lines().nth(1).unwrap().ends_with("Z,,bad:no-communication,%"), "{out}");
}

#[test]
fn values_streams_changes_for_the_time_asked() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[20]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let mut command = watchkeeper(&["values"]);
    command.arg(&plant).args(["tank1.level", "--for", "3s", "--format", "jsonl"]);
    let mut running = Running::start(command);
    let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
    let mut value = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["value"].clone();
    assert_eq!(value(), json!(10.0));
    modbus.set(0, &[60]);
    assert_eq!(value(), json!(30.0), "a value that stays is not printed again");
    assert!(lines.next().is_none(), "and then it ends");
    assert_eq!(running.child().wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let mut command = watchkeeper(&["values"]);
    command.arg(&plant).args(["--for", "60s", "--format", "jsonl"]);
    let mut running = Running::start(command);
    let mut first = String::new();
    BufReader::new(running.child().stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut next = 1;
    let status = until("the end of a program whose reader went away", || {
        next += 1;
        modbus.set(0, &[next]);
        running.child().try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut running.child().stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(said, "");
}

/// Events in a project's journal, as the program prints them.
fn journal(plant: &Path) -> Vec<Value> {
    let (code, out, error) = ended(&["journal", plant.to_str().unwrap(), "--format", "jsonl"]);
    if code == 3 {
        assert!(error.contains("there is no journal"), "{error}");
        return Vec::new();
    }
    assert_eq!(code, 0, "{error}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words(events: &[Value]) -> Vec<&str> {
    events.iter().map(|e| e["event"].as_str().unwrap()).collect()
}

/// `run` on a project, until its journal holds `event`.
fn run_until(plant: &Path, event: &str) -> Running {
    let running = Running::start({
        let mut command = watchkeeper(&["run"]);
        command.arg(plant);
        command
    });
    until(event, || words(&journal(plant)).contains(&event).then_some(()));
    running
}

#[test]
fn run_records_until_it_is_terminated_and_its_journal_is_whole() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let running = run_until(&plant, "raised");
    modbus.set(0, &[20]);
    until("the return", || words(&journal(&plant)).contains(&"returned").then_some(()));

    let (code, out, error) = ended(&["run", plant.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(error.contains("the data folder is held by process "), "{error}");
    let (code, ..) = ended(&["values", plant.to_str().unwrap()]);
    assert_eq!(code, 0, "values stands beside run");

    let (code, out, error) = running.terminate();
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    assert!(error.contains("tank1.level/high raised at 100 %"), "the log tells it too: {error}");
    let events = journal(&plant);
    assert_eq!(words(&events), ["started", "deployed", "link-up", "raised", "returned", "stopped"]);
    let raised = &events[3];
    for (key, expected) in [
        ("alarm", json!("tank1.level/high")),
        ("occurrence", json!(1)),
        ("priority", json!("critical")),
        ("value", json!(100.0)),
        ("unit", json!("%")),
        ("quality", json!("good")),
        ("seq", json!(4)),
    ] {
        assert_eq!(raised[key], expected, "{raised}");
    }
    let plant = plant.to_str().unwrap();
    let (code, out, _) = ended(&["journal", plant, "--verify"]);
    assert!(code == 0 && out.starts_with("whole: 7 entries"), "{out}");
    let (_, out, _) = ended(&["journal", plant, "--format", "csv"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("seq,time,event,alarm,occurrence,priority,value,quality,unit,"), "{out}");
    assert!(lines[4].contains(",raised,tank1.level/high,1,critical,100,good,%,"), "{out}");
    let (_, out, _) = ended(&["journal", plant]);
    assert!(out.lines().nth(4).unwrap().contains("raised    tank1.level/high  critical  100 %"), "{out}");
    let (_, out, _) = ended(&["journal", plant, "--from", "1h", "--to", "30m", "--format", "jsonl"]);
    assert_eq!(out, "");

    for (search, found) in [
        (&["--tag", "tank1.level", "--event", "alarms"][..], &["raised", "returned"][..]),
        (&["--alarm", "TANK1.level/high", "--priority", "critical", "--event", "raised"], &["raised"]),
        (&["--text", "tank1 rais"], &["raised"]),
        (&["--tag", "plc1"], &["link-up"]),
        (&["--event", "system", "--last", "2"], &["link-up", "stopped"]),
        (&["--by", "nobody of that name"], &[]),
    ] {
        let (code, out, error) = ended(&[&["journal", plant, "--format", "jsonl"], search].concat());
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((code, words(&lines).as_slice()), (0, found), "{search:?}: {error}");
    }
    let (code, _, error) = ended(&["journal", plant, "--event", "rised"]);
    assert!(code == 2 && error.contains("did you mean \"raised\"?"), "{error}");

    let (code, head, _) = ended(&["journal", plant, "--head"]);
    assert!(code == 0 && head.starts_with("7:"), "{head}");
    let kept = folder.path().join("head.txt");
    fs::write(&kept, &head).unwrap();
    let (code, out, _) = ended(&["journal", plant, "--verify", "--head", kept.to_str().unwrap()]);
    assert!(code == 0 && out.contains("the head that was kept elsewhere is in it"), "{out}");
    let other = format!("7:{}", "0".repeat(64));
    let (code, out, _) = ended(&["journal", plant, "--verify", "--head", &other]);
    assert!(
        code == 1 && out.starts_with("broken at entry 7: its hash is not the one that was kept elsewhere"),
        "{out}"
    );
    for call in [&["--verify", "--head"][..], &["--head", "7:00"], &["--verify", "--head", "none.txt"]] {
        assert_eq!(ended(&[&["journal", plant], call].concat()).0, 2, "{call:?}");
    }

    let (code, out, error) = ended(&["figures", plant, "--format", "json"]);
    let figures: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &figures["annunciated"], &figures["priorities"]["critical"]),
        (0, &json!(1), &json!(1)),
        "{error}"
    );
    let (code, out, error) = ended(&["figures", plant, "--from", "1h"]);
    assert!(code == 0 && out.contains("1 alarm annunciated") && error.contains("less than 30 days"), "{out} {error}");
    assert!(out.contains("tank1.level/high      1  100.0 %"), "{out}");
    assert_eq!(ended(&["figures", plant, "--from", "1h", "--to", "2h"]).0, 2);
    let page = folder.path().join("handover.html");
    let (code, out, error) = ended(&["handover", plant, "--by", "Anna", "-o", page.to_str().unwrap()]);
    assert_eq!((code, out.as_str(), error.as_str()), (0, "", ""));
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("tank1.level/high") && page.contains("Anna"),
        "{page}"
    );

    let file = folder.path().join("plant.data").join("journal.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch("DROP TRIGGER entry_is_append_only_1; UPDATE entry SET priority = 'low' WHERE seq = 4")
        .unwrap();
    let (code, out, _) = ended(&["journal", plant, "--verify"]);
    assert_eq!((code, out.as_str()), (1, "broken at entry 4: its content does not fit its hash\n"));
}

#[test]
fn run_ends_by_itself_after_the_time_asked() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let (code, _, error) = ended(&["run", plant.to_str().unwrap(), "--for", "300ms"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(words(&journal(&plant)).last(), Some(&"stopped"));
}

#[test]
fn run_tells_every_fault_and_runs_what_is_not_at_fault() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let more = "\n[[tag]]\nname = \"a\"\ndevice = \"nobody\"\nregister = \"holding:1\"\ntype = \"u16\"\n\n[[tag]]\nname = \"b\"\nformula = \"1 +\"\n";
    fs::write(&plant, [fs::read_to_string(&plant).unwrap().as_str(), more].concat()).unwrap();
    let (code, _, error) = run_until(&plant, "raised").terminate();
    assert_eq!(code, 0);
    let faults: Vec<&str> = error.lines().filter(|l| l.contains("plant.toml:") && l.contains("error: ")).collect();
    assert!(faults.len() >= 2, "each with its place: {error}");
    assert!(error.contains("nobody"), "{error}");
}

#[test]
fn a_file_that_is_no_project_ends_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plant.toml");
    for text in [&b"this is = no [ project"[..], b"\xFF\xFE\x00", b"watchkeeper = 99\n"] {
        fs::write(&path, text).unwrap();
        let (code, out, error) = ended(&["run", path.to_str().unwrap(), "--for", "10s"]);
        assert_eq!((code, out.as_str()), (1, ""), "{error}");
        assert!(error.contains("error: ") && error.contains("nothing in this project can run"), "{error}");
        assert!(!folder.path().join("plant.data").exists(), "nothing was touched");
    }
}

#[test]
fn without_a_display_it_says_so_with_the_mend_and_goes_on_as_run_does() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let mut command = watchkeeper(&[]);
    command.arg(&plant);
    let running = Running::start(command);
    until("an alarm", || words(&journal(&plant)).contains(&"raised").then_some(()));
    let (code, out, error) = running.terminate();
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    let said = error.lines().find(|l| l.starts_with("watchkeeper: ")).unwrap();
    assert!(said.contains("display") || said.contains("no window"), "{said}");
    assert_eq!(words(&journal(&plant)).last(), Some(&"stopped"));
}

#[test]
fn values_stands_beside_run_on_one_broker_and_prints_a_retained_message_as_uncertain() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (address, publisher) = runtime.block_on(async {
        // In memory: by default this broker writes files into the working directory.
        let storage_config =
            StorageConfig { backend: StorageBackend::Memory, enable_persistence: false, ..StorageConfig::default() };
        let bind_addresses = vec!["127.0.0.1:0".parse().unwrap()];
        let config = BrokerConfig { bind_addresses, storage_config, ..BrokerConfig::default() };
        let mut broker = MqttBroker::with_config(config).await.unwrap();
        let address = broker.local_addr().unwrap();
        tokio::spawn(async move { broker.run().await });
        let options = MqttOptions::new("test-publisher", (address.ip().to_string(), address.port()));
        let (publisher, mut events) = AsyncClient::builder(options).capacity(8).build();
        tokio::spawn(async move { while events.poll().await.is_ok() {} });
        let retained = PublishOptions::new(QoS::AtLeastOnce).retained();
        publisher.publish("site/weather", r#"{"wind":{"speed":"7.5"}}"#, retained).await.unwrap();
        (address, publisher)
    });
    let folder = tempfile::tempdir().unwrap();
    let plant = folder.path().join("plant.toml");
    let text = format!(
        "watchkeeper = 1\nname = \"Site\"\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://{address}\"\n\
         client-id = \"control-room\"\n[[tag]]\nname = \"wind\"\ndevice = \"site\"\ntopic = \"site/weather\"\npath = \"$.wind.speed\"\nunit = \"m/s\"\n"
    );
    fs::write(&plant, text).unwrap();
    let running = run_until(&plant, "link-up");
    let (code, out, error) = ended(&["values", plant.to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(code, 0, "{error}");
    let line: Value = serde_json::from_str(out.trim()).unwrap();
    assert_eq!((&line["value"], &line["quality"]), (&json!(7.5), &json!("uncertain:retained")), "{out}");
    let (code, ..) = running.terminate();
    assert_eq!(code, 0);
    assert_eq!(
        words(&journal(&plant)),
        ["started", "deployed", "link-up", "stopped"],
        "values did not take run's place"
    );
    drop((publisher, Duration::ZERO));
}

#[test]
fn a_data_folder_that_cannot_be_used_is_the_worlds_fault_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), "127.0.0.1:1".parse().unwrap());
    fs::write(folder.path().join("plant.data"), "in the way").unwrap();
    let (code, _, error) = ended(&["run", plant.to_str().unwrap(), "--for", "10s"]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("could not take the data folder") && error.contains("plant.data"), "{error}");
}

#[test]
fn the_demo_runs_without_a_window_over_real_sockets_and_keeps_its_data_with_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = watchkeeper(&["run", "--demo", "--for", "3s"]);
    let output = command.env("XDG_DATA_HOME", folder.path()).env("HOME", folder.path()).output().unwrap();
    let (code, out, error) = support::told(output);
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    for device in ["plc1", "plc2", "meterA", "meterB", "site"] {
        assert!(error.contains(&format!("{device} link-up")), "{device}: {error}");
    }
    if cfg!(target_os = "linux") {
        assert!(folder.path().join("watchkeeper/demo/journal.sqlite").exists());
    }
}

/// The program for a user without a session, whose configuration is in this folder; what it reads.
fn secret(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = watchkeeper(&[&["secret"][..], arguments].concat());
    command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).stdin(Stdio::piped());
    for name in ["XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "WATCHKEEPER_SECRET_SITE"] {
        command.env_remove(name);
    }
    let mut child = command.spawn().unwrap();
    // One that refuses the call reads nothing.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_secret_is_set_listed_and_removed_and_never_said() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, said) = secret(home.path(), &["set", "site"], "Correct-Horse\n");
    assert_eq!((code, out.as_str()), (0, ""), "{said}");
    assert!(said.contains("site is kept in the file ") && !said.contains("Correct-Horse"), "{said}");
    let (code, out, _) = secret(home.path(), &["list"], "");
    assert_eq!((code, out.as_str()), (0, "site  file\n"));
    assert_eq!(secret(home.path(), &["set", "site"], "\n").0, 2, "no value is no secret");
    assert_eq!(secret(home.path(), &["set", "../site"], "x").0, 2);
    assert_eq!(secret(home.path(), &["set", "site", "Correct-Horse"], "").0, 2, "never from an argument");
    assert_eq!(secret(home.path(), &["remove", "site"], "").0, 0);
    let (code, _, said) = secret(home.path(), &["remove", "site"], "");
    assert_eq!(code, 2);
    assert!(said.contains("there is no secret site"), "{said}");
}
