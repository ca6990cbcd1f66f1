//! `scan`: looks for devices, and prints what was found. It only reads.

use super::format::table;
use super::{Exit, end_of_output, open_runtime, parse_span, say, signals};
use crate::drivers::scan::asked::{MOST_TOPICS, registers_from, tables_from, units_from};
use crate::drivers::scan::snippet::snippet;
use crate::drivers::scan::told::{Rows, rows, summary};
use crate::drivers::scan::{self, End, Found, ModbusRequest, MqttRequest, Picture, Request};
use crate::project::device::Parity;
use crate::project::{Area, MqttVersion, Protocol, TlsSettings};
use crate::runtime::clock::system_clock;
use crate::text::{visible, visible_json};
use crate::time::Span;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;
use tokio::sync::watch;

/// Between two pictures of the progress.
const PICTURE_EVERY: Duration = Duration::from_millis(200);
/// Letters of a line of progress: what most terminals show without breaking it.
const LINE_CHARS: usize = 78;

/// `scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchkeeper scan modbus 127.0.0.1:5020 --units 1-20\n  watchkeeper scan mqtt 127.0.0.1:1884 --for 5s --format toml > plant.toml\n\nIt only reads. Where a running Watchkeeper, or another program, polls the device, a small PLC may hang up\non one of the two: scan while nothing else is connected, or bear that a link is lost for a moment."
)]
pub struct ScanArguments {
    /// What to look for.
    #[command(subcommand)]
    pub what: What,
}

/// What can be looked for.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Units of a Modbus line, who they are, and what can be read of them
    Modbus(ModbusArguments),
    /// Topics of an MQTT broker, and what is in their messages
    Mqtt(MqttArguments),
}

/// How what was found is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScanFormat {
    /// Aligned, for people
    Table,
    /// A JSON object a line: each unit, or each topic
    Jsonl,
    /// The beginning of a project, with devices and tags
    Toml,
}

/// Units on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units(Vec<u8>);

/// Tables on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables(Vec<Area>);

/// What a Modbus address speaks, where the address does not say it.
#[derive(Debug, Clone, Copy, Args)]
pub struct LineArguments {
    /// Of Modbus: modbus-tcp, modbus-tls, modbus-rtu-over-tcp or modbus-rtu; default: by the address
    #[arg(long, value_name = "PROTOCOL", value_parser = parse_protocol)]
    pub protocol: Option<Protocol>,
    /// Bits a second of a serial port; default 19200
    #[arg(long, value_name = "BAUD")]
    pub baud: Option<u32>,
    /// none, even or odd, of a serial port; default none
    #[arg(long, value_name = "PARITY", value_parser = parse_parity)]
    pub parity: Option<Parity>,
    /// 1 or 2, of a serial port; default 1
    #[arg(long, value_name = "BITS")]
    pub stop_bits: Option<u8>,
}

/// `scan modbus`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchkeeper scan modbus 127.0.0.1:5020 --units 1-20\n  watchkeeper scan modbus /dev/ttyUSB0 --baud 9600 --parity even --units 1-32\n  watchkeeper scan modbus 192.168.1.10 --units 1 --registers 40000-40200 --tables holding --format toml\n\nOne request at a time over one connection, with a pause; nothing is written. A small PLC that another program\npolls may hang up on one of the two. Exit 3 where it is not reached, or no unit answers."
)]
pub struct ModbusArguments {
    /// Host with its port (192.168.1.10:502), or a serial port (/dev/ttyUSB0, COM3)
    pub address: String,
    /// What it speaks there.
    #[command(flatten)]
    pub line: LineArguments,
    /// File with the authority that the certificate of a modbus-tls device comes from; default: those of this computer
    #[arg(long, value_name = "FILE")]
    pub ca: Option<String>,
    /// File with our own certificate, for modbus-tls
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<String>,
    /// File with its key
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<String>,
    /// Which units are asked, such as 1-247 or 1,3,10-20
    #[arg(long, value_name = "UNITS", value_parser = parse_units, default_value = "1-247")]
    pub units: Units,
    /// Which tables are looked into: holding, input, coil, discrete; or none, for the units alone
    #[arg(long, value_name = "TABLES", value_parser = parse_tables, default_value = "holding,input,coil,discrete")]
    pub tables: Tables,
    /// Which addresses of them, counted from zero
    #[arg(long, value_name = "RANGE", value_parser = registers_from, default_value = "0-9999")]
    pub registers: (u16, u16),
    /// Between an answer and the next request
    #[arg(long, value_name = "TIME", value_parser = parse_pause, default_value = "20ms")]
    pub pause: Span,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "300ms")]
    pub timeout: Span,
    /// Most requests for readable ranges, of all units together
    #[arg(long, value_name = "COUNT", default_value_t = 2_000)]
    pub most_requests: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t = ScanFormat::Table)]
    pub format: ScanFormat,
}

/// `scan mqtt`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchkeeper scan mqtt 127.0.0.1:1884 --for 5s\n  watchkeeper scan mqtt mqtts://broker.example --ca ca.pem --user me --password-secret site-broker\n  watchkeeper scan mqtt wss://broker.example/mqtt --mqtt-version 5\n\nIt subscribes with a client id of its own and publishes nothing. Exit 3 where the broker is not reached, or\nrefuses every topic."
)]
pub struct MqttArguments {
    /// Host with its port (broker:1883); before it mqtts:// for TLS, ws:// or wss:// for a web server, with the path there
    pub address: String,
    /// 3.1.1, which every broker speaks, or 5, in which a broker says why it refuses
    #[arg(long, value_name = "VERSION", value_parser = parse_version, default_value = "3.1.1")]
    pub mqtt_version: MqttVersion,
    /// A filter of topics to listen to; may be repeated. $SYS/# is not in #
    #[arg(long = "topics", value_name = "FILTER", default_value = "#")]
    pub topics: Vec<String>,
    /// How long to listen
    #[arg(long = "for", value_name = "TIME", value_parser = parse_listen, default_value = "10s")]
    pub listen: Span,
    /// User name
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Name of the secret that is the password, as of watchkeeper secret set NAME
    #[arg(long, value_name = "NAME")]
    pub password_secret: Option<String>,
    /// File with the authority that the broker's certificate comes from; default: those of this computer
    #[arg(long, value_name = "FILE")]
    pub ca: Option<String>,
    /// File with our own certificate
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<String>,
    /// File with its key
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<String>,
    /// Most topics that are kept; the messages of others are counted
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = parse_topics)]
    pub most_topics: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t = ScanFormat::Table)]
    pub format: ScanFormat,
}

/// Runs the command.
pub fn scan(arguments: &ScanArguments) -> Exit {
    super::start_logging("error");
    let (request, format) = match request(arguments) {
        Ok(asked) => asked,
        Err(why) => {
            say(&why);
            return Exit::Call;
        }
    };
    let runtime = match open_runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    say(&begins(&request));
    let (picture, seen) = watch::channel(Picture::default());
    runtime.block_on(async {
        let clock = system_clock();
        tokio::select! {
            biased;
            () = signals::stop_asked() => picture.send_modify(|picture| picture.end = Some(End::Stopped)),
            () = scan::run(&request, &clock, &picture) => {}
            () = show(&seen) => {}
        }
    });
    wipe();
    // A name that is being looked up, or a key store that is asked, is not waited for.
    runtime.shutdown_background();
    let picture = seen.borrow();
    let mut out = io::stdout().lock();
    match print(&mut out, &request, &picture, format).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) => return end_of_output(&error),
    }
    ended(&picture)
}

/// What is asked for, checked.
fn request(arguments: &ScanArguments) -> Result<(Request, ScanFormat), String> {
    Ok(match &arguments.what {
        What::Modbus(a) => {
            let request = ModbusRequest {
                protocol: a.line.protocol,
                baud: a.line.baud,
                parity: a.line.parity,
                stop_bits: a.line.stop_bits,
                tls: TlsSettings { ca: a.ca.clone(), identity: a.cert.clone().zip(a.key.clone()) },
                units: a.units.0.clone(),
                tables: a.tables.0.clone(),
                registers: a.registers,
                pause: a.pause,
                timeout: a.timeout,
                most_requests: a.most_requests,
                ..ModbusRequest::new(&a.address)
            };
            request.transport()?;
            (Request::Modbus(request), a.format)
        }
        What::Mqtt(a) => {
            let identity = a.cert.clone().zip(a.key.clone());
            let request = MqttRequest {
                version: a.mqtt_version,
                user: a.user.clone(),
                password_secret: a.password_secret.clone(),
                tls: TlsSettings { ca: a.ca.clone(), identity },
                topics: a.topics.clone(),
                listen: a.listen,
                most_topics: a.most_topics,
                ..MqttRequest::new(&a.address)
            };
            request.settings()?;
            (Request::Mqtt(request), a.format)
        }
    })
}

fn begins(request: &Request) -> String {
    match request {
        Request::Modbus(request) => format!(
            "asking {} units of {} one after another, reading alone; Ctrl-C ends it and prints what was found",
            request.units.len(),
            request.address
        ),
        Request::Mqtt(request) => {
            let topics = request.topics.join(", ");
            let listen = request.listen;
            format!(
                "listening to {topics} of {} for {listen}; Ctrl-C ends it and prints what was found",
                request.address
            )
        }
    }
}

/// Draws a line on standard error over and over, where that is a terminal, until it cannot be written any more.
async fn show(seen: &watch::Receiver<Picture>) {
    let mut drawn = io::stderr().is_terminal();
    while drawn {
        tokio::time::sleep(PICTURE_EVERY).await;
        let line = progress(&seen.borrow());
        drawn = write!(io::stderr(), "\r{line}\x1b[K").is_ok();
    }
    // The scan goes on.
    std::future::pending::<()>().await;
}

/// Takes that line away.
fn wipe() {
    if io::stderr().is_terminal() {
        let _unseen = write!(io::stderr(), "\r\x1b[K");
    }
}

/// `asking units 12 %: 2 units answer of 30 asked, 58 requests`.
fn progress(picture: &Picture) -> String {
    let percent = (picture.done.min(picture.of) * 100).checked_div(picture.of);
    let share = percent.map(|percent| format!(" {percent} %")).unwrap_or_default();
    let line = format!("{}{share}: {}", picture.phase, summary(picture));
    visible(&line).trim_end_matches([' ', ':']).chars().take(LINE_CHARS).collect()
}

fn print(out: &mut impl Write, request: &Request, picture: &Picture, format: ScanFormat) -> io::Result<()> {
    match format {
        ScanFormat::Table => {
            let Rows { heads, right, rows, .. } = rows(picture);
            if rows.is_empty() {
                return Ok(());
            }
            let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
            table(out, right, &[vec![heads], rows].concat())
        }
        ScanFormat::Toml => out.write_all(snippet(request, picture).as_bytes()),
        ScanFormat::Jsonl => match &picture.found {
            Found::Nothing => Ok(()),
            Found::Modbus(line) => line.units.iter().try_for_each(|unit| json_line(out, &json!(unit))),
            Found::Mqtt(topics) => topics.topics.iter().try_for_each(|(name, topic)| {
                let rate = (topic.rate(topics.listened()) * 1_000.0).round() / 1_000.0;
                let mut line = json!({ "topic": name, "messages_per_second": rate });
                if let (Some(line), serde_json::Value::Object(rest)) = (line.as_object_mut(), json!(topic)) {
                    line.extend(rest);
                }
                json_line(out, &line)
            }),
        },
    }
}

fn json_line(out: &mut impl Write, value: &serde_json::Value) -> io::Result<()> {
    writeln!(out, "{}", visible_json(&value.to_string()))
}

/// Says how it ended.
fn ended(picture: &Picture) -> Exit {
    let summary = summary(picture);
    for note in rows(picture).notes {
        say(&note);
    }
    let end = picture.end.clone().unwrap_or(End::Stopped);
    if let Some(words) = end.words() {
        say(&words);
    }
    if !matches!(end, End::Unreachable(_)) {
        say(&summary);
    }
    let nobody = matches!(&picture.found, Found::Modbus(line) if line.units.is_empty());
    match end {
        End::Done if nobody => Exit::World,
        End::Done | End::Stopped => Exit::Done,
        End::Unreachable(_) | End::Lost(_) => Exit::World,
    }
}

fn parse_protocol(text: &str) -> Result<Protocol, String> {
    let all = [Protocol::ModbusTcp, Protocol::ModbusTls, Protocol::ModbusRtuOverTcp, Protocol::ModbusRtu];
    let found = all.into_iter().find(|protocol| protocol.word() == text);
    found.ok_or_else(|| format!("\"{text}\" is none; write modbus-tcp, modbus-tls, modbus-rtu-over-tcp or modbus-rtu"))
}

pub(super) fn parse_version(text: &str) -> Result<MqttVersion, String> {
    match text {
        "3.1.1" => Ok(MqttVersion::V3),
        "5" => Ok(MqttVersion::V5),
        _ => Err(format!("\"{text}\" is no version of MQTT that is spoken here; write 3.1.1 or 5")),
    }
}

fn parse_parity(text: &str) -> Result<Parity, String> {
    match text {
        "none" => Ok(Parity::None),
        "even" => Ok(Parity::Even),
        "odd" => Ok(Parity::Odd),
        _ => Err(format!("\"{text}\" is no parity; write none, even or odd")),
    }
}

fn parse_units(text: &str) -> Result<Units, String> {
    units_from(text).map(Units)
}

fn parse_tables(text: &str) -> Result<Tables, String> {
    tables_from(text).map(Tables)
}

fn within(text: &str, least: Span, most: Span) -> Result<Span, String> {
    let span = parse_span(text)?;
    if (least..=most).contains(&span) { Ok(span) } else { Err(format!("{text} is not within {least} and {most}")) }
}

fn parse_pause(text: &str) -> Result<Span, String> {
    within(text, Span::ZERO, Span::from_secs(60))
}

fn parse_timeout(text: &str) -> Result<Span, String> {
    within(text, Span::from_millis(10), Span::from_secs(60))
}

pub(super) fn parse_listen(text: &str) -> Result<Span, String> {
    within(text, Span::from_millis(100), Span::from_secs(86_400))
}

fn parse_topics(text: &str) -> Result<usize, String> {
    let count = text.parse::<usize>().ok().filter(|count| (1..=MOST_TOPICS).contains(count));
    count.ok_or_else(|| format!("\"{text}\" is no number from 1 to {MOST_TOPICS}"))
}
