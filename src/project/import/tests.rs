//! Files of other programs, written after their documents, as projects.

use super::*;
use crate::project::file::read;
use crate::project::{Area, ByteHalf, Device, Order, Source, Tag};
use proptest::prelude::*;

const HOME_ASSISTANT: &str = include_str!("../../../tests/import/configuration.yaml");
const TELEGRAF: &str = include_str!("../../../tests/import/telegraf.conf");
const SUNSPEC: &str = include_str!("../../../tests/import/model_1_and_more.json");

/// The project that is made: without a fault but those that a person has to judge.
fn made(format: Format, text: &str, options: &Options) -> (Project, Imported) {
    let imported = import(format, text, options, &Project::default()).unwrap();
    let text = imported.project("plant");
    let (project, issues) = read(text.as_bytes());
    assert!(issues.is_empty(), "{issues:?}\n{text}");
    assert_eq!((project.devices.len(), project.tags.len()), (imported.devices, imported.tags));
    (project, imported)
}

fn tag<'p>(project: &'p Project, name: &str) -> &'p Tag {
    project.tags.iter().find(|tag| tag.name == *name).unwrap_or_else(|| panic!("{name}"))
}

fn device<'p>(project: &'p Project, name: &str) -> &'p Device {
    project.devices.iter().find(|device| device.name == *name).unwrap()
}

fn register(tag: &Tag) -> (Area, u16) {
    let Source::Register(source) = &tag.source else { panic!("{}", tag.name) };
    (source.area, source.address)
}

fn order(tag: &Tag) -> Order {
    let Source::Register(source) = &tag.source else { panic!("{}", tag.name) };
    source.order
}

#[test]
fn what_home_assistant_reads_is_read() {
    let (project, imported) = made(Format::HomeAssistant, HOME_ASSISTANT, &Options::default());
    let names: Vec<_> = project.devices.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["heat_pump", "heat_pump_2", "rs485_17"]);
    let outdoor = tag(&project, "heat_pump.Outdoor_temperature");
    assert_eq!(register(outdoor), (Area::Input, 12));
    assert_eq!((outdoor.scale, outdoor.decimals, outdoor.unit.as_str()), (Some(0.1), Some(1), "°C"));
    assert_eq!(outdoor.description, "Outdoor temperature");
    assert_eq!(order(tag(&project, "heat_pump.Energy_total")), Order::Cdab);
    assert_eq!(register(tag(&project, "heat_pump_2.Flow")), (Area::Holding, 0x20));
    assert_eq!(tag(&project, "heat_pump_2.Flow").offset, Some(-1.5));
    assert_eq!(register(tag(&project, "heat_pump.Zone_2")), (Area::Holding, 502));
    assert_eq!(register(tag(&project, "heat_pump.Compressor")), (Area::Discrete, 3));
    assert_eq!(register(tag(&project, "heat_pump.Living_room")), (Area::Holding, 117));
    assert_eq!(register(tag(&project, "heat_pump.Boost")), (Area::Holding, 16));
    let text = &imported.device_text;
    for line in
        ["pause-after-connect = \"5s\"", "pause-between-requests = \"30ms\"", "timeout = \"2s\"", "parity = \"even\""]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // Each with its line, and none for what changes no value.
    let left: Vec<String> = imported.left.iter().map(|left| format!("{}: {}", left.line, left.what)).collect();
    let told = [
        (28, "Energy total: min_value = 0"),
        (44, "Odd block: data_type custom with structure >4h"),
        (62, "Living room: one of climates is written to"),
        (72, "Boost: one of switches is written to"),
        (96, "Voltage: scale stands elsewhere (!secret voltage_scale)"),
        (97, "hub old: type udp is not spoken here"),
    ];
    for (line, words) in told {
        let found = left.iter().find(|left| left.contains(words));
        let found = found.unwrap_or_else(|| panic!("{words} in {left:#?}"));
        assert!(found.split(':').next().unwrap().parse::<i64>().unwrap().abs_diff(line) <= 12, "{found}");
    }
    assert_eq!(left.len(), told.len(), "{left:#?}");
}

#[test]
fn what_telegraf_reads_is_read_in_each_of_its_styles() {
    let (project, imported) = made(Format::Telegraf, TELEGRAF, &Options::default());
    let names: Vec<_> = project.devices.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["Device", "line", "line_2", "gateway"]);
    assert!(imported.device_text.contains("one-request-per-tag = true\n"));
    assert_eq!(tag(&project, "Device1.power_factor").scale, Some(0.01));
    assert_eq!(order(tag(&project, "Device1.voltage")), Order::Badc);
    assert_eq!(order(tag(&project, "Device1.energy")), Order::Cdab);
    assert_eq!(register(tag(&project, "Device1.total")), (Area::Holding, 20));
    assert_eq!(register(tag(&project, "Device1.motor.motor1_stop")), (Area::Coil, 2));
    assert_eq!(register(tag(&project, "Device1.tank_level")), (Area::Input, 0));
    let Source::Register(high) = &tag(&project, "Device1.high").source else { panic!() };
    assert_eq!(high.byte, Some(ByteHalf::High));
    let Source::Register(flags) = &tag(&project, "line_2.flags").source else { panic!() };
    assert_eq!((flags.bit, flags.order), (Some(4), Order::Dcba));
    assert_eq!(register(tag(&project, "line.motor.jog")), (Area::Coil, 1));
    assert!(!project.tags.iter().any(|tag| tag.name.contains("line.motor1_stop")), "it is left out there too");
    assert_eq!(register(tag(&project, "gateway.machine.temperature")), (Area::Input, 7));
    assert!(imported.device_text.contains("protocol = \"modbus-rtu-over-tcp\"\naddress = \"192.168.1.51:502\""));
    let left: Vec<&str> = imported.left.iter().map(|left| left.what.as_str()).collect();
    for words in [
        "reversed: its registers do not follow",
        "strange: type COMPLEX",
        "ascii: Modbus ASCII",
        "read_coils_starting",
        "[[inputs.cpu]]",
    ] {
        assert!(left.iter().any(|left| left.contains(words)), "{words} in {left:#?}");
    }
    assert_eq!(left.len(), 5, "{left:#?}");
}

#[test]
fn a_model_of_sunspec_lies_where_it_begins() {
    let options = Options {
        address: Some("192.168.1.60:502".to_owned()),
        register: Some(40_069),
        repeat: Some(2),
        unit: Some(126),
        ..Options::default()
    };
    let (project, imported) = made(Format::SunSpec, SUNSPEC, &options);
    assert_eq!(device(&project, "inverter").name, "inverter");
    assert_eq!(register(tag(&project, "inverter.Md")), (Area::Holding, 40_071));
    assert_eq!(register(tag(&project, "inverter.A")), (Area::Holding, 40_087));
    assert_eq!(tag(&project, "inverter.A").scale_register, Some((Area::Holding, 40_088)));
    assert_eq!(tag(&project, "inverter.WH").scale, Some(100.0));
    assert_eq!(register(tag(&project, "inverter.WH")), (Area::Holding, 40_091));
    assert_eq!(tag(&project, "inverter.TmpCab").unit, "°C");
    // The low word of a field of 32 bits comes last.
    assert_eq!(register(tag(&project, "inverter.Evt1.GROUND_FAULT")), (Area::Holding, 40_096));
    assert_eq!(register(tag(&project, "inverter.Evt1.AC_OVER_VOLT")), (Area::Holding, 40_095));
    assert_eq!(register(tag(&project, "inverter.module1.DCA")), (Area::Holding, 40_100));
    assert_eq!(register(tag(&project, "inverter.module2.Hz")), (Area::Holding, 40_104));
    let left: Vec<&str> = imported.left.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].contains("TmpCab: threshold = 80") && left[1].contains("IP: ipaddr"), "{left:?}");

    let without = |options: &Options| import(Format::SunSpec, SUNSPEC, options, &Project::default()).unwrap_err().what;
    assert!(without(&Options { register: None, ..options.clone() }).contains("--register"));
    assert!(without(&Options { address: None, ..options.clone() }).contains("--address"));
    let left =
        import(Format::SunSpec, SUNSPEC, &Options { repeat: None, ..options }, &Project::default()).unwrap().left;
    assert!(left.iter().any(|left| left.what.contains("--repeat")), "{left:?}");
}

#[test]
fn a_file_of_another_program_is_refused_with_what_was_looked_for() {
    let all = [(Format::HomeAssistant, HOME_ASSISTANT), (Format::Telegraf, TELEGRAF), (Format::SunSpec, SUNSPEC)];
    for (format, _) in all {
        for (other, text) in all.iter().filter(|(other, _)| *other != format) {
            let outcome = import(format, text, &Options::default(), &Project::default());
            assert!(outcome.is_err(), "{other:?} as {format:?}: {outcome:?}");
        }
    }
}

proptest! {
    /// Whatever stands in such a file, what is made of it is read without an error of syntax, and nothing panics.
    #[test]
    fn nonsense_in_the_right_places_makes_no_broken_text(
        edits in proptest::collection::vec((0_usize..4_000, "\\PC{0,6}|-1|99999999999|\\[|\\{|: |\n"), 1..4),
        which in 0_usize..3,
    ) {
        let (format, text) =
            [(Format::HomeAssistant, HOME_ASSISTANT), (Format::Telegraf, TELEGRAF), (Format::SunSpec, SUNSPEC)][which];
        let mut text = text.to_owned();
        for (at, put) in edits {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert_str(at, &put);
        }
        let options = Options { address: Some("a:502".to_owned()), register: Some(40_000), ..Options::default() };
        if let Ok(imported) = import(format, &text, &options, &Project::default()) {
            let made = imported.project("p");
            prop_assert!(toml::from_str::<toml::Table>(&made).is_ok(), "{}", made);
        }
    }
}
