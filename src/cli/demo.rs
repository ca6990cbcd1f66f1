//! `watchkeeper demo`: serves the demo plant's devices alone, for any client.

use crate::drivers::demo::{self, DemoOptions, MODBUS_ADDR, MQTT_ADDR};
use crate::time::Clock;
use std::io::{self, Write};
use std::net::SocketAddr;

/// Serves the demo plant until one of its parts fails; who calls stops it by dropping this. Without addresses the
/// default ones are taken, or free ports where those are in use; what is served where is printed first.
///
/// # Errors
/// A port could not be opened, a part of the plant failed, or `out` could not be written.
pub async fn run(
    modbus: Option<SocketAddr>,
    mqtt: Option<SocketAddr>,
    seed: u64,
    speed: f64,
    clock: Clock,
    out: &mut dyn Write,
) -> io::Result<()> {
    let options = DemoOptions { modbus: modbus.unwrap_or(MODBUS_ADDR), mqtt: mqtt.unwrap_or(MQTT_ADDR), seed, speed };
    let mut demo = demo::serve(options, clock).await?;
    let (modbus, plc2, mqtt) = (demo.modbus_addr, demo.plc2_addr, demo.mqtt_addr);
    writeln!(out, "demo plant: nothing here is real")?;
    writeln!(out, "  modbus-tcp  {modbus}  unit 1 (tank farm, pump house 1), units 10 and 11 (energy meters)")?;
    writeln!(out, "  modbus-tcp  {plc2}  unit 2 (pump house 2)")?;
    writeln!(out, "  mqtt        {mqtt}  site/#, zigbee2mqtt/#")?;
    writeln!(out, "look at it with  mosquitto_sub -h {} -p {} -t '#' -v", mqtt.ip(), mqtt.port())?;
    writeln!(
        out,
        "and with any Modbus client: tank levels are floats in input registers 0 to 9 of unit 1; Ctrl-C stops it"
    )?;
    out.flush()?;
    demo.run().await
}
