//! The JSON Schema of the project file, judged by a validator that is not ours: what the reader takes it takes, and what
//! is wrong with a key, a type or a word it tells.

use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use watchkeeper::project::{Severity, file};

const WHOLE: &str = r#"watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.168.1.10"
poll = "500ms"
[[device]]
name = "site"
protocol = "mqtt"
address = "mqtt://broker"
[[tag]]
name = "flow"
device = "plc1"
register = "holding:100"
type = "f32"
range = [0, 500.0]
labels = { 0 = "Off", true = "On" }
[[tag.alarm]]
kind = "low"
limit = 50
deadband = "2%"
priority = "medium"
[[tag]]
name = "wind"
device = "site"
topic = "site/weather"
[[tag]]
name = "double"
formula = "flow * 2"
[[display]]
name = "Overview"
[[display.panel]]
kind = "trend"
at = [0, 0, 6, 4]
pens = [{ tag = "flow" }]
"#;

/// What is written, and what it is to be replaced by: each is a fault.
const FAULTS: [(&str, &str); 36] = [
    ("watchkeeper = 1", "watchkeeper = 2"),
    ("watchkeeper = 1", "name = \"x\""),
    ("watchkeeper = 1", "watchkeeper = 1\nnmae = \"x\""),
    ("watchkeeper = 1", "watchkeeper = 1\nname = 3"),
    ("watchkeeper = 1", "watchkeeper = 1\nname = \" \""),
    ("watchkeeper = 1", "watchkeeper = 1\n[history]\nkeep = 400"),
    ("watchkeeper = 1", "watchkeeper = 1\n[history]\nkeep = \"400\""),
    ("watchkeeper = 1", "watchkeeper = 1\n[history]\nmax-size = \"20Gib\""),
    ("watchkeeper = 1", "watchkeeper = 1\n[[shift]]\nname = \"E\"\nstart = \"25:00\""),
    ("protocol = \"modbus-tcp\"", "protocol = \"modbus\""),
    ("protocol = \"modbus-tcp\"\n", ""),
    ("poll = \"500ms\"", "poll = 500"),
    ("poll = \"500ms\"", "poll = \"500 msec\""),
    ("poll = \"500ms\"", "retries = 21"),
    ("poll = \"500ms\"", "retries = 1.5"),
    ("poll = \"500ms\"", "order = \"BACD\""),
    ("poll = \"500ms\"", "baud = 9600"),
    ("poll = \"500ms\"", "client-id = \"x\""),
    ("poll = \"500ms\"", "no-answer = { delay = \"5s\" }"),
    ("address = \"mqtt://broker\"", "address = \"mqtt://broker\"\npassword = \"secret\""),
    ("address = \"mqtt://broker\"", "address = \"mqtt://broker\"\nunit-id = 1"),
    ("register = \"holding:100\"", "register = \"holding 100\""),
    ("register = \"holding:100\"", "register = \"holding:100\"\ntopic = \"a\""),
    ("register = \"holding:100\"", "scale = 1"),
    ("type = \"f32\"", "type = \"float\""),
    ("range = [0, 500.0]", "range = [0, 500, 1000]"),
    ("range = [0, 500.0]", "range = \"0..500\""),
    ("labels = { 0 = \"Off\", true = \"On\" }", "labels = { yes = \"On\" }"),
    ("kind = \"low\"", "kind = \"lowish\""),
    ("limit = 50", "limit = \"50\""),
    ("limit = 50\n", ""),
    ("limit = 50", "limit = 50\nover = \"5s\""),
    ("deadband = \"2%\"", "deadband = \"2\""),
    ("formula = \"flow * 2\"", "formula = \"flow * 2\"\nscale = 2"),
    ("at = [0, 0, 6, 4]", "at = [0, 0, 6]"),
    ("pens = [{ tag = \"flow\" }]", "pens = [{ tag = \"flow\", axis = \"up\" }]"),
];

fn errors(text: &str) -> usize {
    file::read(text.as_bytes()).1.iter().filter(|issue| issue.severity == Severity::Error).count()
}

#[test]
fn another_validator_takes_what_the_reader_takes_and_tells_wrong_keys_types_and_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = vec![json!({ "name": "the whole one", "text": WHOLE, "valid": true })];
    assert_eq!(errors(WHOLE), 0);
    let mut taken = |name: String, text: String| {
        if errors(&text) == 0 {
            cases.push(json!({ "name": name, "text": text, "valid": true }));
        }
    };
    for folder in ["projects", "tests/fuzz/corpus/project_file"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_text = path.extension().is_none_or(|extension| extension == "toml");
            if let Some(text) = fs::read_to_string(&path).ok().filter(|_| is_text) {
                taken(path.display().to_string(), text);
            }
        }
    }
    let document = fs::read_to_string(root.join("docs/project-file.md")).unwrap();
    for (number, example) in document.split("```toml\n").skip(1).enumerate() {
        let example = example.split("```").next().unwrap();
        let first = if example.contains("watchkeeper = 1") { "" } else { "watchkeeper = 1\n" };
        taken(format!("example {number} of the document"), format!("{first}{example}"));
    }
    assert!(cases.len() > 15, "{}", cases.len());
    for (from, to) in FAULTS {
        assert!(WHOLE.contains(from), "{from}");
        let text = WHOLE.replacen(from, to, 1);
        assert!(errors(&text) > 0, "the reader takes {to}");
        cases.push(json!({ "name": to, "text": text, "valid": false }));
    }
    let python = std::env::var_os("WATCHKEEPER_PEERS_PYTHON")
        .map_or_else(|| root.join("target/peers-venv/bin/python"), PathBuf::from);
    let mut child = Command::new(python)
        .arg(root.join("tests/peers/validate_toml.py"))
        .arg(root.join("assets/watchkeeper.schema.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&cases).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}
