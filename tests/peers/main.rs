//! Real peers that this project did not write, each started by its test (on a free loopback port, where it serves) and
//! stopped by it. Needs mosquitto, socat, tshark, libmodbus, Node with modbus-serial, and a Python environment with pymodbus, DuckDB and jsonschema; `tests/all.sh` provides all. What is
//! missing fails, never skips.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bench;
mod bundle;
mod families;
mod half_open;
mod metrics;
mod modbus;
mod modbus_tls;
#[path = "../../benches/parts/mosquitto.rs"]
mod mosquitto;
mod mqtt;
mod mqtt5;
mod mqtt_tls;
mod others;
mod parquet;
mod restarts;
mod scan;
mod schema;
mod secrets;
#[cfg(unix)]
mod serial;
#[path = "../support/mod.rs"]
mod support;
mod trace;
