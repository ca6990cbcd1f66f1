//! A small plant of one device for the stories: what is written here is what an engineer would write.

use crate::stage::Stage;
use crate::support;
use crate::support::Modbus;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A device that is well: tank level in 0.1 %, pump running, pressure in 0.01 bar.
pub fn device() -> Modbus {
    let device = Modbus::start(16);
    device.set(0, &[503, 1, 412]);
    device
}

/// The project file of a device, polled five times a second.
pub fn project(device: &Modbus) -> String {
    format!(
        r#"watchkeeper = 1
name = "Bench"

[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "{}"
poll = "200ms"
timeout = "500ms"
retries = 0

[[tag]]
name = "tank1.level"
description = "Tank 1 level"
device = "plc1"
register = "holding:0"
type = "u16"
scale = 0.1
unit = "%"
range = [0.0, 100.0]
normal = [40.0, 70.0]
decimals = 1
stale-after = "2s"

  [[tag.alarm]]
  kind = "high"
  limit = 80.0
  deadband = 2.0
  priority = "critical"
  message = "Tank 1 is about to overflow"
  response = "Close V-101"

[[tag]]
name = "pump1.running"
device = "plc1"
register = "holding:1"
type = "bool"
bit = 0
labels = {{ false = "Stopped", true = "Running" }}

[[tag]]
name = "pump1.pressure"
device = "plc1"
register = "holding:2"
type = "u16"
scale = 0.01
unit = "bar"
range = [0.0, 10.0]
decimals = 2

[[display]]
name = "Tank"
columns = 24

[[display.panel]]
kind = "gauge"
at = [0, 0, 6, 5]
tag = "tank1.level"
title = "Tank 1"

[[display.panel]]
kind = "value"
at = [6, 0, 6, 5]
tag = "pump1.pressure"
title = "Discharge"

[[display.panel]]
kind = "lamp"
at = [12, 0, 6, 5]
tag = "pump1.running"
title = "Pump 1"

[[display.panel]]
kind = "bar"
at = [18, 0, 6, 5]
tag = "tank1.level"
title = "Level"

[[display.panel]]
kind = "trend"
at = [0, 5, 16, 7]
span = "10m"
pens = [{{ tag = "tank1.level" }}, {{ tag = "pump1.pressure", axis = "right" }}]

[[display.panel]]
kind = "devices"
at = [16, 5, 8, 7]

[[display.panel]]
kind = "alarms"
at = [0, 12, 24, 6]
"#,
        device.address
    )
}

/// A stage with the plant's file in the home folder.
pub fn stage(name: &str, device: &Modbus) -> (Stage, PathBuf) {
    let stage = Stage::new(name);
    let path = stage.write("bench.toml", &project(device));
    (stage, path)
}

/// What the journal on disk says, oldest first, as the program itself reads it; nothing before the plant was started.
pub fn journal(path: &Path) -> Vec<Value> {
    let (code, said, why) = support::ended(&["journal", path.to_str().unwrap(), "--format", "jsonl"]);
    assert!(code == 0 || why.contains("there is no journal"), "{why}");
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Entries of one alarm with one word.
pub fn entries<'a>(journal: &'a [Value], event: &str, alarm: &str) -> Vec<&'a Value> {
    journal.iter().filter(|entry| entry["event"] == event && entry["alarm"] == alarm).collect()
}
