//! `--trace` against Wireshark: what it makes of a file of ours.

use crate::support::{Modbus, ended, project};
use std::path::Path;
use std::process::Command;

/// What tshark prints, a line for each packet that the filter lets through; check sums are checked.
fn tshark(file: &Path, port: u16, filter: &str, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-o", &format!("mbtcp.tcp.port:{port}"), "-Y", filter, "-T", "fields"]);
    command.args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
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
