//! `run --metrics` against Python's own HTTP client, and a reader that goes by the grammar of the format.

use crate::parquet::read_by;
use crate::support::{Modbus, Running, free_address, project, until, watchkeeper};
use serde_json::Value as Json;
use std::net::TcpStream;
use std::path::Path;

#[test]
fn python_fetches_the_page_and_finds_every_line_in_the_grammar_of_the_format() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let address = free_address();
    let mut command = watchkeeper(&["run"]);
    command.arg(&plant).args(["--metrics", &address.to_string()]);
    let running = Running::start(command);
    until("the metrics' port", || TcpStream::connect(address).ok());
    let alarm = "watchkeeper_alarms{state=\"unacknowledged\",priority=\"critical\"}";
    let page: Json = until("the alarm", || {
        let page = read_by("read_metrics.py", Path::new(&format!("http://{address}/metrics"))).remove(0);
        (page["samples"][alarm] == 1.0).then_some(page)
    });
    assert_eq!(page["kind"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(page["elsewhere"], 404);
    let samples = page["samples"].as_object().unwrap();
    assert_eq!(samples["watchkeeper_device_connected{device=\"plc1\"}"], 1.0);
    assert!(samples["watchkeeper_device_received_bytes_total{device=\"plc1\"}"].as_f64().unwrap() > 0.0);
    assert!(samples.len() > 60, "{samples:?}");
    let (code, _, error) = running.terminate();
    assert_eq!(code, 0, "{error}");
}
