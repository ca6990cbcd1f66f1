//! The `modbus:` part of Home Assistant's configuration: hubs with what hangs on them.
//!
//! Keys, defaults and meanings are those of its integration's page (2025): a sensor is an `int16` of a holding register read every
//! 15 s, a binary sensor a coil; `value = raw * scale + offset`; `swap` is of bytes within a register, of words, or of both.

use super::Fault;
use super::made::{Keys, Made, parity};
use super::node::{self, Map, Node, What};
use crate::project::edit::Value;

/// Keys that are of how Home Assistant shows, stores and retries things, and change no value.
const QUIET: [&str; 10] = [
    "unique_id",
    "device_class",
    "state_class",
    "icon",
    "lazy_error_count",
    "retries",
    "retry_on_empty",
    "close_comm_on_error",
    "zero_suppress",
    "entity_category",
];

/// Lists of a hub that are neither sensors nor sensors of two states: each writes, and of each a state can be read.
const ACTORS: [&str; 5] = ["switches", "lights", "fans", "covers", "climates"];

/// Makes devices and tags of it.
pub fn read(text: &str, made: &mut Made) -> Result<(), Fault> {
    let Node { line: first, what } = node::yaml(text)?;
    let hubs = match what {
        What::List(list) => list.into_iter().flat_map(Node::maps).collect(),
        What::Map(mut map) => match map.take("modbus") {
            Some(Node { line, what: What::Elsewhere(tag, file) }) => {
                return Err(Fault::new(
                    line,
                    format!("the hubs stand in another file ({tag} {file}): import that one"),
                ));
            }
            Some(modbus) => modbus.maps(),
            // A single hub, or a file of one.
            None => vec![(first, map)],
        },
        _ => Vec::new(),
    };
    if hubs.is_empty() {
        return Err(Fault::new(first, "no hub is found in it: a list below `modbus:` is expected"));
    }
    for (line, hub) in hubs {
        one_hub(line, hub, made);
    }
    Ok(())
}

fn one_hub(line: u32, mut hub: Map, made: &mut Made) {
    let name = hub.text("name").unwrap_or_else(|| "modbus_hub".to_owned());
    let Some(wire) = wire(line, &name, &mut hub, made) else { return };
    for (line, mut sensor) in hub.maps("sensors") {
        let Some(unit) = unit(line, &name, &mut sensor, made) else { continue };
        let device = device(&name, unit, &wire, made);
        one_sensor(line, &device, sensor, made);
    }
    for (line, mut sensor) in hub.maps("binary_sensors") {
        let Some(unit) = unit(line, &name, &mut sensor, made) else { continue };
        let device = device(&name, unit, &wire, made);
        two_states(line, &device, sensor, made);
    }
    for list in ACTORS {
        for (line, mut actor) in hub.maps(list) {
            let Some(unit) = unit(line, &name, &mut actor, made) else { continue };
            let device = device(&name, unit, &wire, made);
            one_actor(line, &device, list, actor, made);
        }
    }
    made.rest(&format!("hub {name}"), &hub, &QUIET);
}

/// What all devices of a hub share.
struct Wire(Keys);

fn wire(line: u32, hub: &str, map: &mut Map, made: &mut Made) -> Option<Wire> {
    let kind = map.text("type").unwrap_or_else(|| "tcp".to_owned());
    let method = map.text("method").unwrap_or_else(|| "rtu".to_owned());
    let (host, port) = (map.text("host"), map.text("port"));
    let word = |word: &str| Value::Text(word.to_owned());
    let mut keys: Keys = match (kind.as_str(), host, port) {
        ("tcp" | "rtuovertcp", Some(host), port) => {
            let protocol = if kind == "tcp" { "modbus-tcp" } else { "modbus-rtu-over-tcp" };
            let port = port.unwrap_or_else(|| "502".to_owned());
            // An IPv6 address has colons of its own.
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            vec![("protocol", word(protocol)), ("address", Value::Text(format!("{host}:{port}")))]
        }
        ("serial", _, Some(port)) if method == "rtu" => {
            let mut keys = vec![("protocol", word("modbus-rtu")), ("address", Value::Text(port))];
            keys.extend(map.whole("baudrate").map(|baud| ("baud", Value::Whole(baud))));
            keys.extend(map.whole("bytesize").map(|bits| ("data-bits", Value::Whole(bits))));
            let parity = map.text("parity").and_then(|letter| parity(&letter));
            keys.extend(parity.map(|parity| ("parity", word(parity))));
            keys.extend(map.whole("stopbits").map(|bits| ("stop-bits", Value::Whole(bits))));
            keys
        }
        ("serial", _, Some(_)) => {
            made.left(line, format!("hub {hub}: Modbus ASCII is not spoken here; set its devices to RTU"));
            return None;
        }
        _ => {
            made.left(line, format!("hub {hub}: type {kind} is not spoken here, or its host or port is missing"));
            return None;
        }
    };
    keys.extend(map.number("timeout").and_then(|secs| duration(secs * 1_000.0)).map(|t| ("timeout", t)));
    keys.extend(map.number("delay").and_then(|secs| duration(secs * 1_000.0)).map(|t| ("pause-after-connect", t)));
    keys.extend(map.number("message_wait_milliseconds").and_then(duration).map(|t| ("pause-between-requests", t)));
    Some(Wire(keys))
}

/// `None`: none at all.
fn duration(milliseconds: f64) -> Option<Value> {
    let ms = milliseconds.round();
    if !(1.0..1e12).contains(&ms) {
        return None;
    }
    let ms = ms as u64;
    Some(Value::Text(if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }))
}

fn unit(line: u32, hub: &str, map: &mut Map, made: &mut Made) -> Option<i64> {
    let unit = map.whole("device_address").or_else(|| map.whole("slave")).unwrap_or(1);
    if !(0..=255).contains(&unit) {
        made.left(line, format!("hub {hub}: unit {unit} is none"));
        return None;
    }
    Some(unit)
}

fn device(hub: &str, unit: i64, wire: &Wire, made: &mut Made) -> String {
    let mut keys = wire.0.clone();
    keys.push(("unit-id", Value::Whole(unit)));
    // Named after its unit where there is more than one; which is known only then.
    let name = if unit == 1 { hub.to_owned() } else { format!("{hub}_{unit}") };
    made.device(&name, keys)
}

/// The register types of all its platforms, as ours.
fn table(word: &str) -> Option<&'static str> {
    match word {
        "holding" | "holdings" => Some("holding"),
        "input" => Some("input"),
        "coil" | "coils" => Some("coil"),
        "discrete_input" | "discrete_inputs" => Some("discrete"),
        _ => None,
    }
}

fn one_sensor(line: u32, device: &str, mut map: Map, made: &mut Made) {
    let name = map.text("name").unwrap_or_else(|| format!("line{line}"));
    let input = map.text("input_type").unwrap_or_else(|| "holding".to_owned());
    let (Some(table), Some(at)) = (table(&input), map.whole("address").filter(|at| (0..=0xFFFF).contains(at))) else {
        made.left(line, format!("{name}: its address or input_type cannot be read"));
        return;
    };
    let count = map.whole("count");
    let asked = map.text("data_type").unwrap_or_else(|| "int16".to_owned());
    let structure = map.text("structure");
    let Some((ours, registers)) = kind(&asked, structure.as_deref()) else {
        let of = structure.map(|s| format!(" with structure {s}")).unwrap_or_default();
        made.left(line, format!("{name}: data_type {asked}{of} is not one value; make a tag for each"));
        return;
    };
    let mut keys: Keys =
        vec![("register", Value::Text(format!("{table}:{at}"))), ("type", Value::Text(ours.to_owned()))];
    let swap = map.text("swap").unwrap_or_else(|| "none".to_owned());
    let order = match swap.as_str() {
        "byte" => Some("BADC"),
        "word" if registers != Some(1) => Some("CDAB"),
        "word_byte" => Some("DCBA"),
        _ => None,
    };
    keys.extend(order.map(|order| ("order", Value::Text(order.to_owned()))));
    let registers = registers.unwrap_or_else(|| count.unwrap_or(1)).max(1);
    if ours == "string" {
        keys.push(("length", Value::Whole(registers)));
    }
    let copies = map.whole("virtual_count").or_else(|| map.whole("slave_count")).unwrap_or(0);
    let number = |map: &mut Map, key: &str, usual: f64| map.number(key).filter(|x| *x != usual).map(Value::Number);
    keys.extend(number(&mut map, "scale", 1.0).map(|x| ("scale", x)));
    keys.extend(number(&mut map, "offset", 0.0).map(|x| ("offset", x)));
    if let Some(nan) = map.whole("nan_value") {
        keys.push(("bad-values", Value::List(vec![Value::Whole(nan)])));
    }
    keys.extend(map.text("unit_of_measurement").map(|unit| ("unit", Value::Text(unit))));
    keys.extend(map.whole("precision").filter(|n| (0..=9).contains(n)).map(|n| ("decimals", Value::Whole(n))));
    written(line, device, &name, keys, (copies, registers), map, made);
}

/// Writes a sensor, or as many as it says there are.
fn written(line: u32, device: &str, name: &str, mut keys: Keys, many: (i64, i64), mut map: Map, made: &mut Made) {
    let poll = match map.number("scan_interval") {
        // Zero: Home Assistant reads it when it is told to.
        Some(0.0) => None,
        every => duration(every.unwrap_or(15.0) * 1_000.0),
    };
    keys.extend(poll.map(|poll| ("poll", poll)));
    for bound in ["min_value", "max_value"] {
        if let Some(value) = map.number(bound) {
            made.left(
                line,
                format!("{name}: {bound} = {value} changes what was read; `valid` would say that it is wrong"),
            );
        }
    }
    made.rest(name, &map, &QUIET);
    let (copies, registers) = many;
    if copies <= 0 {
        made.tag(device, name, "", keys);
        return;
    }
    // It calls the first one by the name itself, and the others name_1, name_2.
    for index in 0..=copies.min(255) {
        let mut keys = keys.clone();
        if let Some((_, Value::Text(register))) = keys.first_mut() {
            let moved = register.split_once(':').and_then(|(table, at)| {
                Some(format!(
                    "{table}:{}",
                    at.parse::<i64>().ok()?.checked_add(index * registers).filter(|a| *a <= 0xFFFF)?
                ))
            });
            let Some(moved) = moved else { return };
            *register = moved;
        }
        let name = if index == 0 { name.to_owned() } else { format!("{name}_{index}") };
        made.tag(device, &name, "", keys);
    }
}

/// Our type for theirs, and the registers that it takes; `None` of these: as many as `count` says.
fn kind(word: &str, structure: Option<&str>) -> Option<(&'static str, Option<i64>)> {
    match word {
        "int16" => Some(("i16", Some(1))),
        "uint16" => Some(("u16", Some(1))),
        "int32" => Some(("i32", Some(2))),
        "uint32" => Some(("u32", Some(2))),
        "int64" => Some(("i64", Some(4))),
        "uint64" => Some(("u64", Some(4))),
        "float16" => Some(("f16", Some(1))),
        "float32" => Some(("f32", Some(2))),
        "float64" => Some(("f64", Some(4))),
        "string" => Some(("string", None)),
        // A structure of Python's `struct`, where it is one number, the most significant byte first.
        "custom" => match structure?.trim() {
            ">h" => kind("int16", None),
            ">H" => kind("uint16", None),
            ">i" | ">l" => kind("int32", None),
            ">I" | ">L" => kind("uint32", None),
            ">q" => kind("int64", None),
            ">Q" => kind("uint64", None),
            ">e" => kind("float16", None),
            ">f" => kind("float32", None),
            ">d" => kind("float64", None),
            _ => None,
        },
        _ => None,
    }
}

fn two_states(line: u32, device: &str, mut map: Map, made: &mut Made) {
    let name = map.text("name").unwrap_or_else(|| format!("line{line}"));
    let input = map.text("input_type").unwrap_or_else(|| "coil".to_owned());
    let (Some(table), Some(at)) = (table(&input), map.whole("address").filter(|at| (0..=0xFFFF).contains(at))) else {
        made.left(line, format!("{name}: its address or input_type cannot be read"));
        return;
    };
    let copies = map.whole("virtual_count").or_else(|| map.whole("slave_count")).unwrap_or(0);
    let mut keys = vec![("register", Value::Text(format!("{table}:{at}")))];
    if matches!(table, "holding" | "input") {
        // Of a register it is the lowest bit.
        keys.extend([("type", Value::Text("bool".to_owned())), ("bit", Value::Whole(0))]);
        if copies > 0 {
            made.left(line, format!("{name}: {copies} more are bits of registers; make a tag with `bit` for each"));
        }
        written(line, device, &name, keys, (0, 1), map, made);
    } else {
        written(line, device, &name, keys, (copies, 1), map, made);
    }
}

/// What writes is read alone: its state.
fn one_actor(line: u32, device: &str, list: &str, mut map: Map, made: &mut Made) {
    let name = map.text("name").unwrap_or_else(|| format!("line{line}"));
    made.left(line, format!("{name}: one of {list} is written to there; here its state alone is read"));
    if list == "climates" {
        for key in ["target_temp_register", "target_temp_write_registers", "max_temp", "min_temp", "temp_step"] {
            map.take(key);
        }
        let unit = map.text("temperature_unit").unwrap_or_else(|| "C".to_owned());
        let said = [("name", name), ("unit_of_measurement", format!("°{unit}"))];
        map.0.extend(said.map(|(key, text)| (key.to_owned(), Node { line, what: What::Plain(text) })));
        one_sensor(line, device, map, made);
        return;
    }
    let mut verify = match map.take("verify").map(|node| node.what) {
        Some(What::Map(verify)) => verify,
        _ => Map::default(),
    };
    let wrote = map.text("write_type").unwrap_or_else(|| "holding".to_owned());
    let input = verify.text("input_type").or_else(|| map.text("input_type")).unwrap_or(wrote);
    let address = verify.whole("address").or_else(|| map.whole("status_register")).or_else(|| map.whole("address"));
    let (Some(table), Some(at)) = (table(&input), address.filter(|at| (0..=0xFFFF).contains(at))) else {
        made.left(line, format!("{name}: where its state is cannot be read"));
        return;
    };
    let mut keys = vec![("register", Value::Text(format!("{table}:{at}")))];
    if matches!(table, "holding" | "input") {
        keys.push(("type", Value::Text("u16".to_owned())));
        let on = verify.whole("state_on").or_else(|| map.whole("command_on"));
        let off = verify.whole("state_off").or_else(|| map.whole("command_off"));
        let labels: Vec<(String, Value)> = [(off, "Off"), (on, "On")]
            .into_iter()
            .filter_map(|(state, word)| Some((state?.to_string(), Value::Text(word.to_owned()))))
            .collect();
        if labels.len() == 2 && labels[0].0 != labels[1].0 {
            keys.push(("labels", Value::Table(labels)));
        }
    }
    for key in ["address", "command_on", "command_off", "status_register_type"] {
        map.take(key);
    }
    written(line, device, &name, keys, (0, 1), map, made);
}
