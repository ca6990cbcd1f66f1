//! A model of `SunSpec`: where each point lies in a device, from where the model begins.
//!
//! Sizes, types and what means "not implemented" are those of the `SunSpec` Information Model Specification (2015), section 4;
//! the JSON is that of the model definitions that the `SunSpec` Alliance publishes.

use super::made::{Keys, Made};
use super::node::{self, Map, Node, What};
use super::{Fault, Options};
use crate::project::Project;
use crate::project::edit::Value;

/// Registers are 16 bits in number.
const LAST: u32 = 0xFFFF;

/// Groups that may stand in one another, and that repeat.
const DEEPEST: usize = 8;
const MOST_REPEATS: u32 = 1_000;

/// Keys of a point or group that change no value.
const QUIET: [&str; 11] = [
    "mandatory",
    "static",
    "detail",
    "notes",
    "standards",
    "comments",
    "access",
    "range_min",
    "range_max",
    "label",
    "desc",
];

/// Makes tags of a model.
pub fn read(text: &str, options: &Options, beside: &Project, made: &mut Made) -> Result<(), Fault> {
    let Node { line, what: What::Map(mut model) } = node::yaml(text)? else {
        return Err(Fault::new(1, "this is no model of SunSpec: an object with \"group\" is expected"));
    };
    let Some((_, mut group)) = model.maps("group").into_iter().next() else {
        return Err(Fault::new(line, "there is no \"group\", so no points either"));
    };
    let Some(register) = options.register else {
        let what = "where the model begins in the device is not known: say so with --register, the address of its ID; \
                    `watchkeeper scan modbus` tells it";
        return Err(Fault::new(line, what));
    };
    let name = group.text("name").unwrap_or_else(|| "sunspec".to_owned());
    let device = device(options, beside, &name, made, line)?;
    let mut layout = Layout { device, made, options, factors: Vec::new(), next: u32::from(register) };
    // Factors may stand behind the points that they are of, or in the group around theirs.
    layout.points(&mut group, &[], 0)?;
    Ok(())
}

fn device(options: &Options, beside: &Project, model: &str, made: &mut Made, line: u32) -> Result<String, Fault> {
    let wanted = options.device.as_deref().unwrap_or(model);
    if let Some(known) = beside.devices.iter().find(|device| device.name.as_str().eq_ignore_ascii_case(wanted)) {
        return Ok(String::from(&*known.name));
    }
    let Some(address) = &options.address else {
        let what = "whose model it is is not known: say so with --device NAME for one of the project, or --address HOST:PORT for a new one";
        return Err(Fault::new(line, what));
    };
    let keys = vec![
        ("protocol", Value::Text("modbus-tcp".to_owned())),
        ("address", Value::Text(address.clone())),
        ("unit-id", Value::Whole(options.unit.unwrap_or(1).into())),
        // Points that nobody wants lie between those that one does.
        ("max-gap", Value::Whole(16)),
    ];
    Ok(made.device(wanted, keys))
}

struct Layout<'m> {
    device: String,
    made: &'m mut Made,
    options: &'m Options,
    /// Scale factors with their registers, of the groups around; the innermost last.
    factors: Vec<(String, u32)>,
    next: u32,
}

/// A type of the specification.
struct Type {
    registers: u32,
    /// Ours; none for what is no value.
    ours: Option<&'static str>,
    /// Raw values that mean "not implemented".
    nothing: Option<i64>,
}

fn type_of(word: &str, size: Option<i64>) -> Option<Type> {
    let of = |registers, ours, nothing| Some(Type { registers, ours: Some(ours), nothing });
    match word {
        "int16" => of(1, "i16", Some(-0x8000)),
        "uint16" | "enum16" | "bitfield16" => of(1, "u16", Some(0xFFFF)),
        "acc16" | "raw16" | "count" => of(1, "u16", None),
        "int32" => of(2, "i32", Some(-0x8000_0000)),
        "uint32" | "enum32" | "bitfield32" => of(2, "u32", Some(0xFFFF_FFFF)),
        "acc32" => of(2, "u32", None),
        "int64" => of(4, "i64", Some(i64::MIN)),
        // Of these, "not implemented" is no number that TOML can write.
        "uint64" | "acc64" | "bitfield64" => of(4, "u64", None),
        "float32" => of(2, "f32", None),
        "float64" => of(4, "f64", None),
        "string" => of(u32::try_from(size?).ok().filter(|size| (1..=125).contains(size))?, "string", None),
        "sunssf" | "pad" => Some(Type { registers: 1, ours: None, nothing: None }),
        "ipaddr" => Some(Type { registers: 2, ours: None, nothing: None }),
        "ipv6addr" => Some(Type { registers: 8, ours: None, nothing: None }),
        "eui48" => Some(Type { registers: 4, ours: None, nothing: None }),
        _ => None,
    }
}

impl Layout<'_> {
    /// Lays a group's points out from where the last one ended; `path`: names of the groups around.
    fn points(&mut self, group: &mut Map, path: &[String], deep: usize) -> Result<(), Fault> {
        let points = group.maps("points");
        let known = self.factors.len();
        let mut at = self.next;
        let mut placed = Vec::with_capacity(points.len());
        for (line, mut point) in points {
            let (Some(name), Some(word)) = (point.text("name"), point.text("type")) else {
                return Err(Fault::new(
                    line,
                    "a point has no name, or no type; where the next ones lie is not known then",
                ));
            };
            let size = point.whole("size");
            let Some(kind) = type_of(&word, size) else {
                let what =
                    format!("{name} is of a type that is not known, {word}; where the next ones lie is not known then");
                return Err(Fault::new(line, what));
            };
            if word == "sunssf" {
                self.factors.push((name.clone(), at));
            }
            placed.push((line, name, word, kind, point, at));
            at += placed.last().map_or(0, |(_, _, _, kind, ..)| kind.registers);
            if at > LAST + 1 {
                return Err(Fault::new(
                    line,
                    "the model reaches beyond register 65535; --register says where it begins",
                ));
            }
        }
        self.next = at;
        for (line, name, word, kind, point, at) in placed {
            // The model's own number and length, which a scan tells.
            if !(deep == 0 && matches!(name.as_str(), "ID" | "L")) {
                self.point(line, &name, &word, &kind, point, at, path);
            }
        }
        for (line, group) in group.maps("groups") {
            self.group(line, group, path, deep + 1)?;
        }
        self.factors.truncate(known);
        Ok(())
    }

    fn group(&mut self, line: u32, mut group: Map, path: &[String], deep: usize) -> Result<(), Fault> {
        if deep > DEEPEST {
            return Err(Fault::new(line, "groups nest too deeply"));
        }
        let name = group.text("name").unwrap_or_else(|| "group".to_owned());
        let times = match group.take("count") {
            None => Some(1),
            Some(count) => match count.whole().filter(|n| *n > 0) {
                Some(n) => u32::try_from(n).ok(),
                // As often as the device says.
                None => self.options.repeat.map(u32::from),
            },
        };
        let Some(times) = times.filter(|times| *times <= MOST_REPEATS) else {
            let what = format!("group {name} repeats as often as the device says: say how often with --repeat");
            self.made.left(line, what);
            return Ok(());
        };
        for index in 1..=times {
            let mut path = path.to_vec();
            path.push(if times == 1 { name.clone() } else { format!("{name}{index}") });
            self.points(&mut group.clone(), &path, deep)?;
        }
        Ok(())
    }

    fn point(&mut self, line: u32, name: &str, word: &str, kind: &Type, mut point: Map, at: u32, path: &[String]) {
        let Some(ours) = kind.ours else {
            if !matches!(word, "sunssf" | "pad") {
                self.made.left(line, format!("{name}: {word} is no value that can be shown"));
            }
            return;
        };
        let register = |at: u32| Value::Text(format!("holding:{at}"));
        let label = point.text("label").or_else(|| point.text("desc")).unwrap_or_default();
        let full = path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
        let symbols = point.maps("symbols");
        if word.starts_with("bitfield") && !symbols.is_empty() {
            for (line, mut symbol) in symbols {
                let (Some(bit_name), Some(bit)) = (symbol.text("name"), symbol.whole("value")) else { continue };
                let Some(bit) = u32::try_from(bit).ok().filter(|bit| *bit < kind.registers * 16) else {
                    self.made.left(line, format!("{name}: bit {bit} of {word}"));
                    continue;
                };
                // The most significant word comes first.
                let word_at = at + kind.registers - 1 - bit / 16;
                let keys = vec![
                    ("register", register(word_at)),
                    ("type", Value::Text("bool".to_owned())),
                    ("bit", Value::Whole(i64::from(bit % 16))),
                ];
                let said = symbol.text("label").unwrap_or_default();
                self.made.tag(&self.device, &format!("{full}.{bit_name}"), &said, keys);
            }
            return;
        }
        let mut keys: Keys = vec![("register", register(at)), ("type", Value::Text(ours.to_owned()))];
        if ours == "string" {
            keys.push(("length", Value::Whole(kind.registers.into())));
        }
        if let Some(factor) = point.take("sf") {
            match (factor.whole(), factor.text()) {
                (Some(power), _) if (-10..=10).contains(&power) => {
                    keys.push(("scale", Value::Number(format!("1e{power}").parse().unwrap_or(1.0))));
                }
                (_, Some(named)) => match self.factors.iter().rev().find(|(name, _)| name == named) {
                    Some((_, at)) => keys.push(("scale-register", register(*at))),
                    None => self.made.left(line, format!("{name}: its scale factor {named} is not in the model")),
                },
                _ => self.made.left(line, format!("{name}: its scale factor")),
            }
        }
        if let Some(nothing) = kind.nothing {
            keys.push(("bad-values", Value::List(vec![Value::Whole(nothing)])));
        }
        if let Some(unit) = point.text("units") {
            let unit = match unit.as_str() {
                "Pct" => "%",
                "C" => "°C",
                "Secs" => "s",
                "VAr" | "Var" => "var",
                other => other,
            };
            keys.push(("unit", Value::Text(unit.to_owned())));
        }
        let labels: Vec<(String, Value)> = symbols
            .into_iter()
            .filter_map(|(_, mut s)| Some((s.whole("value")?.to_string(), Value::Text(s.text("name")?))))
            .collect();
        if !labels.is_empty() {
            keys.push(("labels", Value::Table(labels)));
        }
        self.made.rest(name, &point, &QUIET);
        self.made.tag(&self.device, &full, &label, keys);
    }
}
