//! `[[inputs.modbus]]` of Telegraf's configuration, in its three styles: `register`, `request` and `metric`.
//!
//! Keys and meanings are those of the plugin's page (1.3x): byte orders by letters, types by words, `scale` a factor, a `FIXED`
//! an integer as wide as its registers.

use super::Fault;
use super::made::{Keys, Made, parity};
use super::node::{self, Map, Node, What};
use crate::project::edit::Value;

/// Keys of an input that say nothing of a value, or nothing that is asked here.
const QUIET: [&str; 12] = [
    "name",
    "configuration_type",
    "exclude_register_type_tag",
    "busy_retries",
    "busy_retries_wait",
    "debug_connection",
    "tags",
    "alias",
    "name_override",
    "name_prefix",
    "collection_jitter",
    "transmission_mode",
];

/// Keys of a field, request or metric that say nothing of a value.
const QUIET_FIELD: [&str; 8] =
    ["output", "omit", "measurement", "tags", "optimization", "optimization_max_register_fill", "length", "bit"];

/// Makes devices and tags of it.
pub fn read(text: &str, made: &mut Made) -> Result<(), Fault> {
    let mut document = node::toml(text)?;
    let every = match document.take("agent").map(|node| node.what) {
        Some(What::Map(mut agent)) => agent.text("interval"),
        _ => None,
    };
    let Some(What::Map(mut inputs)) = document.take("inputs").map(|node| node.what) else {
        return Err(Fault::new(1, "there is no [[inputs.modbus]] in it"));
    };
    for (line, input) in inputs.maps("modbus") {
        one_input(line, input, every.as_deref(), made);
    }
    for (name, other) in &inputs.0 {
        made.left(other.line, format!("[[inputs.{name}]] is no Modbus"));
    }
    Ok(())
}

/// An input, and what its fields have from it.
struct Input {
    name: String,
    wire: Keys,
    poll: Option<Value>,
}

fn one_input(line: u32, mut input: Map, every: Option<&str>, made: &mut Made) {
    let name = input.text("name").unwrap_or_else(|| "modbus".to_owned());
    let unit = input.whole("slave_id");
    let Some(mut wire) = wire(line, &name, &mut input, made) else { return };
    if let Some(What::Map(quirks)) = input.take("workarounds").map(|node| node.what) {
        workarounds(&name, quirks, &mut wire, made);
    }
    let every = input.text("interval").or_else(|| every.map(str::to_owned)).unwrap_or_else(|| "10s".to_owned());
    let of = Input { name, wire, poll: Some(Value::Text(every)) };
    let lists = [
        ("discrete_inputs", "discrete"),
        ("coils", "coil"),
        ("holding_registers", "holding"),
        ("input_registers", "input"),
    ];
    for (list, table) in lists {
        for (line, field) in input.maps(list) {
            let device = of.device(unit, made);
            registers(line, &of, &device, table, field, made);
        }
    }
    for (line, mut request) in input.maps("request") {
        let unit = request.whole("slave_id").or(unit);
        let table = request.text("register").unwrap_or_else(|| "holding".to_owned());
        let (order, measurement) = (request.text("byte_order"), request.text("measurement"));
        let device = of.device(unit, made);
        for (line, field) in request.maps("fields") {
            one_field(line, &of, &device, (Some(&table), order.as_deref(), measurement.as_deref()), field, made);
        }
        made.rest(&format!("{}, a request of line {line}", of.name), &request, &QUIET_FIELD);
    }
    for (line, mut metric) in input.maps("metric") {
        let unit = metric.whole("slave_id").or(unit);
        let (order, measurement) = (metric.text("byte_order"), metric.text("measurement"));
        let device = of.device(unit, made);
        for (line, field) in metric.maps("fields") {
            one_field(line, &of, &device, (None, order.as_deref(), measurement.as_deref()), field, made);
        }
        made.rest(&format!("{}, a metric of line {line}", of.name), &metric, &QUIET_FIELD);
    }
    made.rest(&of.name, &input, &QUIET);
}

impl Input {
    fn device(&self, unit: Option<i64>, made: &mut Made) -> String {
        let unit = unit.unwrap_or(1);
        let mut keys = self.wire.clone();
        keys.push(("unit-id", Value::Whole(unit)));
        keys.extend(self.poll.clone().map(|poll| ("poll", poll)));
        made.device(&self.name, keys)
    }
}

fn wire(line: u32, name: &str, input: &mut Map, made: &mut Made) -> Option<Keys> {
    let controller = input.text("controller").unwrap_or_default();
    let mode = input.text("transmission_mode").unwrap_or_default().to_ascii_lowercase();
    let word = |word: &str| Value::Text(word.to_owned());
    let mut keys: Keys = match controller.split_once("://") {
        _ if mode.starts_with("ascii") => {
            made.left(line, format!("{name}: Modbus ASCII is not spoken here; set the device to RTU"));
            return None;
        }
        Some(("tcp", address)) => {
            let protocol = if mode == "rtuovertcp" { "modbus-rtu-over-tcp" } else { "modbus-tcp" };
            vec![("protocol", word(protocol)), ("address", word(address))]
        }
        Some(("file" | "serial", port)) => {
            let mut keys = vec![("protocol", word("modbus-rtu")), ("address", word(port))];
            keys.extend(input.whole("baud_rate").map(|baud| ("baud", Value::Whole(baud))));
            keys.extend(input.whole("data_bits").map(|bits| ("data-bits", Value::Whole(bits))));
            let parity = input.text("parity").and_then(|letter| parity(&letter));
            keys.extend(parity.map(|parity| ("parity", word(parity))));
            keys.extend(input.whole("stop_bits").map(|bits| ("stop-bits", Value::Whole(bits))));
            keys
        }
        _ => {
            made.left(line, format!("{name}: controller {controller:?} is neither tcp:// nor file://"));
            return None;
        }
    };
    keys.extend(input.text("timeout").map(|timeout| ("timeout", Value::Text(timeout))));
    Some(keys)
}

fn workarounds(name: &str, mut quirks: Map, wire: &mut Keys, made: &mut Made) {
    for (theirs, ours) in
        [("pause_after_connect", "pause-after-connect"), ("pause_between_requests", "pause-between-requests")]
    {
        let pause = quirks.text(theirs).filter(|pause| !pause.starts_with('0'));
        wire.extend(pause.map(|pause| (ours, Value::Text(pause))));
    }
    for (theirs, ours) in
        [("close_connection_after_gather", "close-after-poll"), ("one_request_per_field", "one-request-per-tag")]
    {
        if quirks.flag(theirs) == Some(true) {
            wire.push((ours, Value::Flag(true)));
        }
    }
    quirks.0.retain(|(_, node)| node.text() != Some("false"));
    made.rest(&format!("{name}, workarounds"), &quirks, &[]);
}

/// One of the `register` style: its addresses are a list, in the order of its bytes.
fn registers(line: u32, of: &Input, device: &str, table: &str, mut field: Map, made: &mut Made) {
    let name = field.text("name").unwrap_or_else(|| format!("line{line}"));
    let measurement = field.text("measurement");
    let addresses = field.take("address").and_then(|node| node.wholes()).unwrap_or_default();
    let valid = addresses.iter().all(|at| (0..=0xFFFF).contains(at));
    let (Some(first), true) = (addresses.first().copied(), valid) else {
        made.left(line, format!("{name}: its address cannot be read"));
        return;
    };
    if !addresses.windows(2).all(|pair| pair[1] == pair[0] + 1) {
        made.left(
            line,
            format!("{name}: its registers do not follow each other; a tag of each, and a formula, would do"),
        );
        return;
    }
    let bits = matches!(table, "coil" | "discrete");
    let wide = addresses.len();
    let order = field.text("byte_order");
    let word = field.text("data_type").unwrap_or_else(|| if bits { "BIT".to_owned() } else { "INT16".to_owned() });
    let mut keys: Keys = vec![("register", Value::Text(format!("{table}:{first}")))];
    if !bits {
        let Some(kind) = kind(&word, wide, order.as_deref(), &field) else {
            made.left(line, format!("{name}: data_type {word} of {wide} registers is not read here"));
            return;
        };
        keys.extend(kind);
        // A factor of one is none, and an integer stays exact.
        keys.extend(field.number("scale").filter(|x| *x != 1.0).map(|x| ("scale", Value::Number(x))));
    }
    made.rest(&name, &field, &QUIET_FIELD);
    made.tag(device, &called(of, measurement.as_deref(), &name), "", keys);
}

/// One of the `request` and `metric` styles.
fn one_field(
    line: u32,
    of: &Input,
    device: &str,
    (table, order, measurement): (Option<&str>, Option<&str>, Option<&str>),
    mut field: Map,
    made: &mut Made,
) {
    if field.flag("omit") == Some(true) {
        return;
    }
    let name = field.text("name").unwrap_or_else(|| format!("line{line}"));
    let own = field.text("register");
    let table = own.as_deref().or(table).unwrap_or("holding");
    let Some(at) = field.whole("address").filter(|at| (0..=0xFFFF).contains(at)) else {
        made.left(line, format!("{name}: its address cannot be read"));
        return;
    };
    if !matches!(table, "coil" | "discrete" | "holding" | "input") {
        made.left(line, format!("{name}: register {table} is none"));
        return;
    }
    let mut keys: Keys = vec![("register", Value::Text(format!("{table}:{at}")))];
    if matches!(table, "holding" | "input") {
        let word = field.text("type").unwrap_or_else(|| "INT16".to_owned());
        let wide = field.whole("length").and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let Some(kind) = kind(&word, wide, order, &field) else {
            made.left(line, format!("{name}: type {word} is not read here"));
            return;
        };
        keys.extend(kind);
        keys.extend(field.number("scale").filter(|x| *x != 1.0).map(|x| ("scale", Value::Number(x))));
    }
    let measurement = field.text("measurement").or_else(|| measurement.map(str::to_owned));
    made.rest(&name, &field, &QUIET_FIELD);
    made.tag(device, &called(of, measurement.as_deref(), &name), "", keys);
}

/// A field is called after its measurement, where that is not simply Modbus or the device.
fn called(of: &Input, measurement: Option<&str>, name: &str) -> String {
    match measurement.filter(|m| *m != "modbus" && !m.eq_ignore_ascii_case(&of.name)) {
        Some(measurement) => format!("{measurement}.{name}"),
        None => name.to_owned(),
    }
}

/// Type, order and what belongs to them; `wide`: its registers, where they are said.
fn kind(word: &str, wide: usize, order: Option<&str>, field: &Map) -> Option<Keys> {
    let signed = |wide| ["i16", "i32", "", "i64"].get(wide - 1).copied();
    let unsigned = |wide| ["u16", "u32", "", "u64"].get(wide - 1).copied();
    let wide = wide.max(1);
    let ours = match word.to_ascii_uppercase().as_str() {
        "INT8L" | "INT8H" => "i8",
        "UINT8L" | "UINT8H" => "u8",
        "INT16" => "i16",
        "UINT16" => "u16",
        "INT32" => "i32",
        "UINT32" => "u32",
        "INT64" => "i64",
        "UINT64" => "u64",
        "FLOAT16" | "FLOAT16-IEEE" => "f16",
        "FLOAT32" | "FLOAT32-IEEE" => "f32",
        "FLOAT64" | "FLOAT64-IEEE" => "f64",
        "FIXED" => signed(wide)?,
        "UFIXED" => unsigned(wide)?,
        "STRING" => "string",
        "BIT" => "bool",
        _ => return None,
    };
    if ours.is_empty() {
        return None;
    }
    let mut keys = vec![("type", Value::Text(ours.to_owned()))];
    let order = match order.map(str::to_ascii_uppercase).as_deref() {
        Some("CDAB" | "GHEFCDAB") => Some("CDAB"),
        Some("BA" | "BADC" | "BADCFEHG") => Some("BADC"),
        Some("DCBA" | "HGFEDCBA") => Some("DCBA"),
        _ => None,
    };
    // Of one register only the swap within it counts.
    let order = order.filter(|order| !matches!(ours, "i16" | "u16" | "i8" | "u8" | "f16" | "bool") || *order != "CDAB");
    keys.extend(order.map(|order| ("order", Value::Text(order.to_owned()))));
    if word.ends_with(['H', 'h']) && matches!(ours, "i8" | "u8") {
        keys.push(("byte", Value::Text("high".to_owned())));
    }
    if ours == "string" {
        keys.push(("length", Value::Whole(wide as i64)));
    }
    if ours == "bool" {
        let bit = field.0.iter().find(|(key, _)| key == "bit").and_then(|(_, node): &(String, Node)| node.whole());
        keys.push(("bit", Value::Whole(bit.unwrap_or(0).clamp(0, 15))));
    }
    Some(keys)
}
