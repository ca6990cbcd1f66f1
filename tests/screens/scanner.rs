//! Looking for devices: the sheet, what it asks for, and its pictures.

use crate::cpu_renderer::CpuRenderer;
use eframe::egui::{Context, Event, OutputCommand, UiBuilder, accesskit};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::path::PathBuf;
use tokio::sync::mpsc;
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::scan::found::{Identity, Line, Model, SunSpec, Table, Unit};
use watchkeeper::drivers::scan::topics::Topics;
use watchkeeper::drivers::scan::{End, Found, Request};
use watchkeeper::link::{ScanAsk, ScanLink};
use watchkeeper::project::device::{Parity, TlsSettings};
use watchkeeper::project::{Area, MqttVersion, Project, Protocol};
use watchkeeper::time::{Mono, Span};
use watchkeeper::ui::scanner::Scanner;
use watchkeeper::ui::theme::{Theme, ThemeChoice};

struct Sheet {
    scanner: Scanner,
    theme: Theme,
    asked: mpsc::Receiver<ScanAsk>,
    project: Project,
}

impl Sheet {
    fn harness(theme: ThemeChoice) -> Harness<'static, Self> {
        let (asks, asked) = mpsc::channel(1);
        let sheet =
            Self { scanner: Scanner::new(Some(ScanLink { asks })), theme: theme.theme(), asked, project: project() };
        let theme = sheet.theme.clone();
        let mut harness = Harness::builder()
            .with_size([676.0, 620.0])
            .with_step_dt(0.3)
            .with_render_cursor(false)
            .with_context_setup(move |ctx: &Context| theme.install(ctx))
            .renderer(CpuRenderer::default())
            .build_ui_state(|ui, sheet: &mut Self| sheet.ui(ui), sheet);
        harness.run_steps(3);
        harness
    }

    fn ui(&mut self, ui: &mut eframe::egui::Ui) {
        let Self { scanner, theme, project, .. } = self;
        theme.apply(ui.ctx());
        let rect = ui.ctx().content_rect();
        ui.painter().rect_filled(rect, 0.0, theme.panel);
        ui.scope_builder(UiBuilder::new().max_rect(rect.shrink(18.0)), |ui| {
            scanner.ui(ui, theme, project, &Monitor::default());
        });
    }
}

/// A plant whose devices are reached in every way.
fn project() -> Project {
    let text = r#"
watchkeeper = 1
name = "plant"
[[device]]
name = "meter"
protocol = "modbus-tls"
address = "meter.example"
unit-id = 12
timeout = "2s"
ca = "ca.pem"
cert = "our.pem"
key = "our.key"
[[device]]
name = "drive"
protocol = "modbus-rtu"
address = "/dev/ttyUSB0"
baud = 9600
parity = "even"
stop-bits = 2
unit-id = 4
[[device]]
name = "site"
protocol = "mqtt"
address = "wss://broker.example/mqtt"
mqtt-version = "5"
ca = "ca.pem"
user = "me"
password = { secret = "site-broker" }
"#;
    let (mut project, _) = watchkeeper::project::file::read(text.as_bytes());
    project.path = Some("/plants/plant.toml".into());
    project
}

/// Takes a device's settings, and starts.
fn asked_of(harness: &mut Harness<'_, Sheet>, device: &str) -> Request {
    press(harness, "Device whose settings are taken");
    press(harness, device);
    press(harness, "Start looking for devices");
    let request = harness.state_mut().asked.try_recv().unwrap().request;
    press(harness, "Stop looking for devices");
    request
}

#[test]
fn devices_of_the_project_are_looked_into_with_their_own_settings() {
    let mut harness = Sheet::harness(ThemeChoice::Dark);
    let identity = Some(("our.pem".to_owned(), "our.key".to_owned()));
    let ca = Some("ca.pem".to_owned());
    let Request::Modbus(meter) = asked_of(&mut harness, "meter") else { panic!("another kind of device") };
    assert_eq!((meter.protocol, &meter.units[..]), (Some(Protocol::ModbusTls), &[12][..]));
    assert_eq!((meter.address.as_str(), meter.timeout), ("meter.example", Span::from_secs(2)));
    assert_eq!(meter.tls, TlsSettings { ca: ca.clone(), identity });
    assert_eq!(meter.folder.to_str(), Some("/plants"));
    let Request::Modbus(drive) = asked_of(&mut harness, "drive") else { panic!("another kind of device") };
    assert!(harness.query_by_label_contains("which one program alone can open").is_some());
    assert_eq!((drive.baud, drive.parity, drive.stop_bits), (Some(9_600), Some(Parity::Even), Some(2)));
    assert_eq!((&drive.units[..], drive.tls), (&[4][..], TlsSettings::default()), "nothing of the other is left");
    let Request::Mqtt(site) = asked_of(&mut harness, "site") else { panic!("another kind of device") };
    assert_eq!((site.address.as_str(), site.version), ("wss://broker.example/mqtt", MqttVersion::V5));
    assert_eq!((site.user.as_deref(), site.password_secret.as_deref()), (Some("me"), Some("site-broker")));
    assert_eq!((site.tls, site.folder.to_str()), (TlsSettings { ca, identity: None }, Some("/plants")));
    press(&mut harness, "Device whose settings are taken");
    press(&mut harness, "None of the project");
    press(&mut harness, "Start looking for devices");
    assert!(harness.query_by_label("Not begun").is_some(), "its settings are gone");
}

fn write(harness: &mut Harness<'_, Sheet>, field: &str, text: &str) {
    let name = format!("{field} to look for devices");
    harness.get_by_role_and_label(accesskit::Role::TextInput, &name).focus();
    harness.run_steps(2);
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(2);
}

fn press(harness: &mut Harness<'_, Sheet>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

fn line() -> Line {
    let table = |table, readable: &[(u16, u16)]| Table {
        table,
        readable: readable.to_vec(),
        unclear: Vec::new(),
        unasked: Vec::new(),
        longest: None,
        says: Some("exception 2: illegal data address".to_owned()),
    };
    let identity =
        Identity { vendor: "Schneider Electric".to_owned(), product: "PM5560".to_owned(), revision: "2.4".to_owned() };
    let models = vec![
        Model { id: 1, start: 40_002, length: 66, name: "common" },
        Model { id: 103, start: 40_070, length: 50, name: "three phase inverter" },
    ];
    let unclear = Table { unclear: vec![(375, 9_999)], ..table(Area::Input, &[(0, 44), (100, 134), (200, 204)]) };
    Line {
        units: vec![
            Unit {
                unit: 1,
                answered: "data".to_owned(),
                identity: Some(identity),
                tables: vec![table(Area::Holding, &[(0, 99), (200, 249), (1_000, 1_124)]), unclear],
                ..Unit::default()
            },
            Unit {
                unit: 126,
                answered: "exception 2: illegal data address".to_owned(),
                sunspec: Some(SunSpec { base: 40_000, models }),
                tables: vec![table(Area::Coil, &[])],
                ..Unit::default()
            },
        ],
        asked: 130,
        notes: vec!["the bound of 2000 requests for ranges was reached".to_owned()],
        requests: 2_342,
    }
}

fn topics() -> Topics {
    let mut topics = Topics::new(100);
    let weather = br#"{"time":"2026-11-20T14:00:00Z","wind":{"speed":4.25,"gust from":"NW"},"rain":false}"#;
    for (topic, payload, retained) in [
        ("site/weather/state", &weather[..], false),
        ("site/weather/lwt", b"online", true),
        ("site/pump1/flow", b"12.5", false),
        ("site/camera", b"\xff\xd8\xff\xe0\x00\x10JFIF", false),
    ] {
        topics.message(topic.as_bytes(), payload, retained, Mono(0));
    }
    topics.heard = Some((Mono(0), Mono(0) + Span::from_secs(10)));
    topics
}

/// Starts a scan, and shows what would be found of it.
fn found(harness: &mut Harness<'_, Sheet>, found: Found, end: Option<End>) -> ScanAsk {
    press(harness, "Start looking for devices");
    let ask = harness.state_mut().asked.try_recv().unwrap();
    ask.picture.send_modify(|picture| {
        "looking for readable ranges".clone_into(&mut picture.phase);
        (picture.done, picture.of) = (1_300, 2_000);
        picture.found = found;
        picture.end = end;
    });
    harness.run_steps(4);
    ask
}

fn copied(harness: &mut Harness<'_, Sheet>, button: &str) -> String {
    harness.get_by_label(button).click();
    for _ in 0..4 {
        harness.step();
        for command in &harness.output().platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                return text.clone();
            }
        }
    }
    panic!("nothing was copied by {button}");
}

#[test]
fn what_is_typed_is_looked_for_and_what_is_found_can_be_taken_along() {
    let mut harness = Sheet::harness(ThemeChoice::Dark);
    press(&mut harness, "Start looking for devices");
    assert!(harness.query_by_label("Not begun").is_some(), "it says what is missing");
    write(&mut harness, "Address", "192.168.1.10");
    let ask = found(&mut harness, Found::Modbus(line()), None);
    let Request::Modbus(request) = &ask.request else { panic!("{ask:?}") };
    assert_eq!((request.address.as_str(), request.units.len()), ("192.168.1.10", 247));
    let state = harness.get_by_label("Looking for devices").accesskit_node().value().unwrap();
    assert_eq!(state, "looking for readable ranges: 2 units answer of 130 asked, 2342 requests");
    assert!(harness.query_by_label("unit 1, device").is_some());
    press(&mut harness, "Stop looking for devices");
    assert!(harness.query_by_label("Start looking for devices").is_some());
    assert!(harness.query_by_label("unit 1, device").is_some(), "what was found stays");
    let project = copied(&mut harness, "Copy as a project");
    let (read, issues) = watchkeeper::project::file::read(project.as_bytes());
    assert!(issues.is_empty() && read.devices.len() == 2, "{issues:?}");
    assert!(
        copied(&mut harness, "Copy the table").starts_with("unit\twhat\tfound\n1\tdevice\tSchneider Electric, PM5560")
    );
}

#[test]
fn pictures_of_the_sheet() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screens");
        std::fs::create_dir_all(&folder).unwrap();
        let mut harness = Sheet::harness(theme);
        harness.render().unwrap().save(folder.join(format!("scanner-empty-{shade}.png"))).unwrap();
        write(&mut harness, "Address", "192.168.1.10:502");
        let _ask = found(&mut harness, Found::Modbus(line()), None);
        harness.render().unwrap().save(folder.join(format!("scanner-modbus-{shade}.png"))).unwrap();
        press(&mut harness, "Stop looking for devices");
        press(&mut harness, "Look for MQTT devices");
        let _ask = found(&mut harness, Found::Mqtt(topics()), Some(End::Done));
        harness.render().unwrap().save(folder.join(format!("scanner-mqtt-{shade}.png"))).unwrap();
        for device in ["drive", "meter", "site"] {
            asked_of(&mut harness, device);
            harness.render().unwrap().save(folder.join(format!("scanner-{device}-{shade}.png"))).unwrap();
        }
        let _ask = found(&mut harness, Found::Mqtt(topics()), Some(End::Done));
        assert!(harness.query_by_label("$.wind.speed").is_some());
    }
}
