//! What fuzzing has found to lead somewhere, gone through again: the bodies and what must hold are the fuzzer's own.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says at which input")]

#[path = "fuzz/bodies.rs"]
mod bodies;

use std::path::Path;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        println!("{}", path.display());
        body(&input);
        count += 1;
    }
    assert!(count >= 10, "{target}: only {count} inputs");
}

#[test]
fn replies_of_modbus_devices() {
    replay("modbus_reply", bodies::modbus_reply);
}

#[test]
fn payloads_of_mqtt_messages() {
    replay("mqtt_payload", bodies::mqtt_payload);
}

#[test]
fn project_files() {
    replay("project_file", bodies::project_file);
}

#[test]
fn scenarios() {
    replay("scenario", bodies::scenario);
}
