//! `watchkeeper new`: the file of a project that is begun, as the window's wizard makes it.
#![expect(clippy::doc_markdown, reason = "what stands here is read on a terminal too")]

use super::scan::{LineArguments, parse_listen, parse_version};
use super::{Exit, end_of_output, open_runtime, say, signals};
use crate::drivers::scan::snippet::candidates;
use crate::drivers::scan::{self, End, Found, ModbusRequest, MqttRequest, Picture, Request};
use crate::link::SaveError;
use crate::project::edit::Value;
use crate::project::new::{
    EXAMPLES, Example, MAPS, Map, NewAlarm, NewEntity, NewProject, keys_from_lines, name_part, tag_from,
};
use crate::project::{MqttVersion, Severity, TlsSettings};
use crate::runtime::Loaded;
use crate::runtime::clock::system_clock;
use crate::runtime::save::save_as;
use crate::text::visible;
use crate::time::Span;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// Values of a broker that become tags by themselves; whoever has more says which.
const MOST_HEARD: usize = 40;

/// `new`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper new --list\n  watchkeeper new meter.toml --modbus 192.168.1.50:502 --unit 1 --map sdm630 --high meter.l1.voltage=253\n  watchkeeper new line.toml --modbus /dev/ttyUSB0 --baud 9600 --tag temperature=holding:100,i16,°C\n  watchkeeper new safe.toml --modbus plc.example --protocol modbus-tls --ca ca.pem --cert our.pem --key our.key --tag level=holding:0,f32\n  watchkeeper new house.toml --mqtt 192.168.1.20 --topics 'site/#'\n  watchkeeper new wind.toml --mqtt 192.168.1.20 --tag '{1}.wind=site/+/state,$.wind,m/s'\n  watchkeeper new pump.toml --example pump\n\nNothing is written over a file that is there, and nothing that has an error in it. - for FILE prints it."
)]
pub struct NewArguments {
    /// The file that is to be written
    #[arg(required_unless_present = "list")]
    pub file: Option<PathBuf>,
    /// Print which devices are known, and which examples there are
    #[arg(long)]
    pub list: bool,
    /// A Modbus device: host with its port (192.168.1.50:502), or a serial port (/dev/ttyUSB0, COM3)
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["mqtt", "example"])]
    pub modbus: Option<String>,
    /// A broker: host with its port (192.168.1.20:1883); before it mqtts:// for TLS, ws:// or wss:// for a web server
    #[arg(long, value_name = "ADDRESS", conflicts_with = "example")]
    pub mqtt: Option<String>,
    /// A copy of this example
    #[arg(long, value_name = "NAME")]
    pub example: Option<String>,
    /// What the plant is called; default: as the file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What the device is called
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// What is known of such devices, as --list has it
    #[arg(long, value_name = "MAP")]
    pub map: Option<String>,
    /// A tag: NAME=REGISTER,TYPE,UNIT, of a broker NAME=TOPIC,PATH,UNIT, the last two where there are some; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// An alarm above a limit: TAG=LIMIT; may be repeated
    #[arg(long = "high", value_name = "TAG=LIMIT")]
    pub high: Vec<String>,
    /// An alarm below a limit: TAG=LIMIT; may be repeated
    #[arg(long = "low", value_name = "TAG=LIMIT")]
    pub low: Vec<String>,
    /// Modbus: the unit, 0 to 255
    #[arg(long, value_name = "ID", default_value_t = 1)]
    pub unit: u8,
    /// What a Modbus device speaks.
    #[command(flatten)]
    pub line: LineArguments,
    /// Over TLS: file with the authority that the other end's certificate comes from; default: those of this computer
    #[arg(long, value_name = "FILE")]
    pub ca: Option<String>,
    /// Over TLS: file with our own certificate; modbus-tls always wants one
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<String>,
    /// Over TLS: file with the key of our certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<String>,
    /// SunSpec: the holding register at which the model begins, that of its ID; default: the device is asked
    #[arg(long, value_name = "NUMBER")]
    pub register: Option<u16>,
    /// MQTT: 3.1.1, which every broker speaks, or 5
    #[arg(long, value_name = "VERSION", value_parser = parse_version, default_value = "3.1.1")]
    pub mqtt_version: MqttVersion,
    /// MQTT: with --map the topic that the device's own are below; without --map and --tag a filter of topics to listen to
    #[arg(long, value_name = "TOPIC")]
    pub topics: Option<String>,
    /// MQTT: how long to listen where neither --map nor --tag is given
    #[arg(long = "for", value_name = "TIME", value_parser = parse_listen, default_value = "10s")]
    pub listen: Span,
    /// MQTT: user name
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// MQTT: name of the secret that is the password, as of watchkeeper secret set NAME
    #[arg(long, value_name = "NAME")]
    pub password_secret: Option<String>,
}

/// Files to be written, the project first.
type Files = Vec<(PathBuf, String)>;

/// Carries it out.
pub fn new(arguments: &NewArguments) -> Exit {
    super::start_logging("error");
    if arguments.list {
        return list();
    }
    let Some(file) = &arguments.file else { return Exit::Call };
    let files = match &arguments.example {
        Some(id) => example(id, file),
        None => begun(arguments, file).map(|new| vec![(file.clone(), new.written().text)]),
    };
    match files {
        Ok(files) => finish(&files),
        Err((exit, why)) => {
            say(&why);
            exit
        }
    }
}

fn list() -> Exit {
    let mut out = io::stdout().lock();
    let mut print = || -> io::Result<()> {
        writeln!(out, "Devices that are known (--map):")?;
        for map in MAPS {
            writeln!(out, "  {:<20} {}: {}", map.id, map.title(), map.words())?;
        }
        writeln!(out, "\nExamples (--example):")?;
        for example in EXAMPLES {
            let [first, second] = example.words;
            writeln!(out, "  {:<20} {}: {first}. {second}.", example.id, example.title)?;
        }
        out.flush()
    };
    print().map_or_else(|error| end_of_output(&error), |()| Exit::Done)
}

fn call<T>(why: impl Into<String>) -> Result<T, (Exit, String)> {
    Err((Exit::Call, why.into()))
}

fn example(id: &str, file: &Path) -> Result<Files, (Exit, String)> {
    let Some(example) = Example::named(id) else {
        return call(format!("there is no example \"{id}\"; watchkeeper new --list names them"));
    };
    let usual = format!("{}.toml", example.id);
    let named = file.file_name().filter(|name| *name != "-").map(|name| name.to_string_lossy());
    let mut files = vec![(file.to_owned(), example.copy(named.as_deref().unwrap_or(&usual)))];
    files.extend(example.beside.iter().map(|(name, text)| (file.with_file_name(name), (*text).to_owned())));
    Ok(files)
}

/// The project that is asked for.
fn begun(arguments: &NewArguments, file: &Path) -> Result<NewProject, (Exit, String)> {
    let map = match arguments.map.as_deref().map(|id| (id, Map::named(id))) {
        Some((id, None)) => {
            return call(format!("no device \"{id}\" is known; watchkeeper new --list names them"));
        }
        Some((_, map)) => map,
        None => None,
    };
    let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
    let usual = || if stem == "-" { "Plant".to_owned() } else { stem.into_owned() };
    let name = arguments.name.clone().unwrap_or_else(usual);
    let mut new = NewProject { name, ..NewProject::default() };
    match (&arguments.modbus, &arguments.mqtt) {
        (Some(address), _) => modbus(arguments, address, map, &mut new)?,
        (_, Some(address)) => mqtt(arguments, address, map, &mut new)?,
        _ => return call("say what is on the table: --modbus ADDRESS, --mqtt ADDRESS or --example NAME"),
    }
    for (kind, limits) in [("high", &arguments.high), ("low", &arguments.low)] {
        for said in limits {
            let Some((tag, limit)) = said.split_once('=') else {
                return call(format!("\"{said}\" is no limit; write TAG=LIMIT, like meter.l1.voltage=253"));
            };
            let (tag, limit, kind) = (tag.trim().to_owned(), limit.trim().to_owned(), kind.to_owned());
            new.alarms.push(NewAlarm { tag, kind, limit, priority: "medium".to_owned(), ..NewAlarm::default() });
        }
    }
    Ok(new)
}

fn device_name(arguments: &NewArguments, usual: &str) -> String {
    arguments.device.clone().unwrap_or_else(|| usual.to_owned())
}

fn tls(arguments: &NewArguments) -> TlsSettings {
    TlsSettings { ca: arguments.ca.clone(), identity: arguments.cert.clone().zip(arguments.key.clone()) }
}

/// The tags that were said one by one, each called after its device.
fn said_tags(arguments: &NewArguments, device: &str, is_topic: bool) -> Result<Vec<NewEntity>, (Exit, String)> {
    let part = name_part(device);
    let tag = |text: &String| {
        let tag = tag_from(text, is_topic).map_err(|why| (Exit::Call, why))?;
        Ok(NewEntity { name: format!("{part}.{}", tag.name), ..tag })
    };
    arguments.tags.iter().map(tag).collect()
}

fn modbus(
    arguments: &NewArguments,
    address: &str,
    map: Option<&Map>,
    new: &mut NewProject,
) -> Result<(), (Exit, String)> {
    let NewArguments { line: LineArguments { protocol, baud, parity, stop_bits }, unit, .. } = arguments;
    let request = ModbusRequest {
        protocol: *protocol,
        baud: *baud,
        parity: *parity,
        stop_bits: *stop_bits,
        units: vec![*unit],
        tables: Vec::new(),
        tls: tls(arguments),
        ..ModbusRequest::new(address)
    };
    request.transport().map_err(|why| (Exit::Call, why))?;
    if map.is_some_and(Map::is_of_topics) {
        return call("this device speaks MQTT; say where its broker is with --mqtt");
    }
    let device =
        device_name(arguments, if map.is_some_and(|m| m.id.contains("inverter")) { "inverter" } else { "meter" });
    new.device = NewEntity { name: device.clone(), keys: keys_from_lines(&request.lines()) };
    new.device.set("unit-id", Value::Whole(i64::from(*unit)));
    if let Some(map) = map {
        let start = match arguments.register {
            _ if map.models.is_empty() => 0,
            Some(start) => start,
            None => asked_start(request, map)?,
        };
        map.put_into(new, &map.tags(&device, start, None));
    }
    new.tags.extend(said_tags(arguments, &device, false)?);
    if new.tags.is_empty() {
        return call(
            "say what is to be read: --map for a device that is known, or --tag NAME=REGISTER,TYPE,UNIT; \
             watchkeeper scan modbus tells what can be read",
        );
    }
    Ok(())
}

/// Where in the device its model begins.
fn asked_start(request: ModbusRequest, map: &Map) -> Result<u16, (Exit, String)> {
    let picture = scanned(&Request::Modbus(request))?;
    let Found::Modbus(line) = &picture.found else { return Err((Exit::World, "nothing was found".to_owned())) };
    let models = line.units.iter().filter_map(|unit| unit.sunspec.as_ref()).flat_map(|sunspec| &sunspec.models);
    models.into_iter().find(|model| map.models.contains(&model.id)).map(|model| model.start).ok_or_else(|| {
        let models: Vec<String> = map.models.iter().map(u16::to_string).collect();
        let why = format!(
            "the device names none of SunSpec's models {}; watchkeeper scan modbus tells which it has, --register where one begins",
            models.join(", ")
        );
        (Exit::World, why)
    })
}

fn mqtt(
    arguments: &NewArguments,
    address: &str,
    map: Option<&Map>,
    new: &mut NewProject,
) -> Result<(), (Exit, String)> {
    let request = MqttRequest {
        version: arguments.mqtt_version,
        user: arguments.user.clone(),
        password_secret: arguments.password_secret.clone(),
        topics: vec![arguments.topics.clone().filter(|_| map.is_none()).unwrap_or_else(|| "#".to_owned())],
        listen: arguments.listen,
        tls: tls(arguments),
        ..MqttRequest::new(address)
    };
    request.settings().map_err(|why| (Exit::Call, why))?;
    if map.is_some_and(|map| !map.is_of_topics()) {
        return call("this device speaks Modbus; say where it is with --modbus");
    }
    let device = device_name(arguments, "broker");
    new.device = NewEntity { name: device.clone(), keys: keys_from_lines(&request.lines()) };
    if let Some(map) = map {
        map.put_into(new, &map.tags(&device, 0, arguments.topics.as_deref()));
    }
    new.tags.extend(said_tags(arguments, &device, true)?);
    if !new.tags.is_empty() {
        return Ok(());
    }
    say(&format!("listening to {} for {}; Ctrl-C ends it", request.address, request.listen));
    let picture = scanned(&Request::Mqtt(request))?;
    let Found::Mqtt(topics) = &picture.found else { return Err((Exit::World, "nothing was heard".to_owned())) };
    let (found, more) = candidates(topics);
    let more = more as usize + found.len().saturating_sub(MOST_HEARD);
    for candidate in found.into_iter().take(MOST_HEARD) {
        let mut tag = NewEntity { name: candidate.tag, keys: vec![("topic".to_owned(), Value::Text(candidate.topic))] };
        tag.set("path", Value::Text(candidate.path.unwrap_or_default()));
        tag.set("type", Value::from(candidate.type_word.unwrap_or("f64")));
        new.tags.push(tag);
    }
    if new.tags.is_empty() {
        return Err((Exit::World, "no message was heard that a tag could be of; --for listens longer".to_owned()));
    }
    if more > 0 {
        say(&format!("{more} values more were heard; --topics asks for fewer, --tag says which"));
    }
    Ok(())
}

/// Asks a device who it is, or listens to a broker.
fn scanned(request: &Request) -> Result<Picture, (Exit, String)> {
    let runtime = open_runtime().map_err(|exit| (exit, "nothing was asked".to_owned()))?;
    let (picture, _seen) = watch::channel(Picture::default());
    runtime.block_on(async {
        let clock = system_clock();
        tokio::select! {
            biased;
            () = signals::stop_asked() => picture.send_modify(|picture| picture.end = Some(End::Stopped)),
            () = scan::run(request, &clock, &picture) => {}
        }
    });
    runtime.shutdown_background();
    let picture = picture.send_replace(Picture::default());
    match &picture.end {
        Some(end @ (End::Unreachable(_) | End::Lost(_))) => {
            Err((Exit::World, format!("nothing is written: {}", end.words().unwrap_or_default())))
        }
        _ => Ok(picture),
    }
}

/// Writes what has no error, and says what comes next.
fn finish(files: &Files) -> Exit {
    let Some((path, text)) = files.first() else { return Exit::Call };
    let is_printed = path.as_os_str() == "-";
    let loaded = Loaded::from_bytes(text.as_bytes(), Some(path).filter(|_| files.len() == 1).map(PathBuf::as_path));
    let faults = loaded.faults();
    for issue in &faults {
        say(&visible(&issue.to_string()));
    }
    if faults.iter().any(|issue| issue.severity == Severity::Error) {
        say("nothing is written: what was asked for has the errors above");
        return Exit::Project;
    }
    if is_printed {
        return io::stdout().write_all(text.as_bytes()).map_or_else(|error| end_of_output(&error), |()| Exit::Done);
    }
    // All are there, or none: what is in the way is looked for before anything is written.
    if let Some((there, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        say(&format!("{} is there already; choose another name", there.display()));
        return Exit::Call;
    }
    for (path, text) in files {
        if let Err(error) = save_as(path, text.as_bytes()) {
            say(&error.to_string());
            return if matches!(error, SaveError::Exists(_)) { Exit::Call } else { Exit::World };
        }
    }
    let project = &loaded.project;
    let count = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let (devices, tags) = (count(project.devices.len(), "device"), count(project.tags.len(), "tag"));
    let alarms = count(project.alarms.len(), "alarm");
    let shown = path.display();
    say(&format!("{shown}: {devices}, {tags}, {alarms}"));
    say(&format!("watchkeeper values {shown} asks once for all of them; watchkeeper {shown} opens the window"));
    Exit::Done
}
