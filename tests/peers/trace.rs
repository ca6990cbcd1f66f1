//! `--trace` against Wireshark: what it makes of a file of ours.

use super::modbus::Server;
use super::serial::Cable;
use crate::support::{Modbus, ended, project};
use std::path::Path;
use std::process::Command;

/// What tshark prints, a line for each packet that the filter lets through; check sums are checked.
fn tshark(file: &Path, port: u16, filter: &str, fields: &[&str]) -> Vec<String> {
    let port = format!("mbtcp.tcp.port:{port}");
    let more = ["-o", &port, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    tshark_with(&more, file, filter, fields)
}

/// Likewise, with settings of its own.
fn tshark_with(more: &[&str], file: &Path, filter: &str, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(more).args(["-Y", filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let said = command.output().unwrap_or_else(|why| panic!("cannot start tshark: {why}; tests/all.sh installs it"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn wireshark_reads_requests_and_answers_and_finds_nothing_wrong() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[0x0123]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let file = folder.path().join("wire.pcap");
    let arguments =
        ["explain", plant.to_str().unwrap(), "tank1.level", "--for", "1s", "--trace", file.to_str().unwrap()];
    let (code, _, error) = ended(&arguments);
    assert_eq!(code, 0, "{error}");
    let port = modbus.address.port();
    let asked =
        tshark(&file, port, &format!("modbus and tcp.dstport == {port}"), &["modbus.func_code", "mbtcp.unit_id"]);
    let answered = tshark(&file, port, &format!("modbus and tcp.srcport == {port}"), &["modbus.regval_uint16"]);
    assert!(asked.len() > 5 && asked.iter().all(|line| line == "3\t1"), "{asked:?}");
    assert!(answered.len() + 1 >= asked.len(), "{answered:?}");
    assert!(answered.iter().all(|line| line.starts_with("291,")), "{answered:?}");
    let wrong = "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0";
    let wrong = tshark(&file, port, wrong, &["frame.number", "_ws.col.Info"]);
    assert!(wrong.is_empty(), "{wrong:?}");
    let opening = tshark(&file, port, "tcp.flags.syn == 1", &["tcp.flags.ack"]);
    assert_eq!(opening.len(), 2, "{opening:?}");
}

/// A serial line beside a broken answer: whole frames, whatever pieces they came in, on an interface with the port's name.
#[test]
fn wireshark_reads_modbus_rtu_of_a_serial_line() {
    let folder = tempfile::tempdir().unwrap();
    let cable = Cable::plug_in(tempfile::tempdir().unwrap());
    let _server = Server::start("rtu", &cable.name("theirs"));
    let plant = folder.path().join("plant.toml");
    let device = "[[device]]\nname = \"meter\"\nprotocol = \"modbus-rtu\"\npoll = \"100ms\"\n";
    let tags = "[[tag]]\nname = \"a\"\ndevice = \"meter\"\nregister = \"holding:0\"\ntype = \"u16\"\n\
                [[tag]]\nname = \"nowhere\"\ndevice = \"meter\"\nregister = \"holding:60000\"\ntype = \"u16\"\n";
    let address = cable.name("ours");
    std::fs::write(&plant, format!("watchkeeper = 1\nname = \"line\"\n{device}address = \"{address}\"\n{tags}"))
        .unwrap();
    let file = folder.path().join("line.pcap");
    let arguments = ["explain", plant.to_str().unwrap(), "a", "--for", "2s", "--trace", file.to_str().unwrap()];
    let (code, _, error) = ended(&arguments);
    assert_eq!(code, 0, "{error}");
    let fields =
        ["frame.interface_name", "rtacser.eventtype", "mbrtu.unit_id", "modbus.func_code", "modbus.reference_num"];
    let more = ["-d", "rtacser.data,mbrtu", "-o", "mbrtu.crc_verification:TRUE"];
    let all = tshark_with(&more, &file, "rtacser", &fields);
    let asked: Vec<&String> = all.iter().filter(|line| line.starts_with(&format!("{address}\t0x01\t1\t3\t"))).collect();
    assert!(
        asked.iter().any(|line| line.ends_with("\t0")) && asked.iter().any(|line| line.ends_with("\t60000")),
        "{all:?}"
    );
    let answers = tshark_with(&more, &file, "rtacser.eventtype == 2 and modbus", &["modbus.exception_code"]);
    assert!(answers.iter().any(|line| line == "2") && answers.iter().any(String::is_empty), "{answers:?}");
    assert!(answers.len() + 1 >= all.len() / 2 && answers.len() > 5, "{answers:?} of {all:?}");
    let wrong = "_ws.malformed or mbrtu.crc16.status == 0 or not mbrtu or frame.time_delta < 0";
    let wrong = tshark_with(&more, &file, wrong, &["frame.number", "_ws.col.Info"]);
    assert!(wrong.is_empty(), "{wrong:?}");
}
