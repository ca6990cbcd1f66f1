//! A network that drops every packet, in namespaces of its own: no connection is refused, none is closed, and nothing comes back.
//! Both drivers find it out within the time that the project says, and are back soon after packets pass again.

use crate::fault::Fault;
use crate::hostile::Hostile;
use crate::program::{Running, figure_of, until, watchkeeper};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

const CHILD: &str = "WATCHKEEPER_TEST_NETWORK_CHILD";
const THERE: &str = "10.213.7.1";
const HERE: &str = "10.213.7.2";
const MODBUS: &str = "10.213.7.1:5020";
const PAGE: u16 = 9100;
const DEVICES: [&str; 2] = ["plc1", "site"];

/// One poll and one second, and what a busy machine adds.
const RECOVERY: Duration = Duration::from_secs(1 + 1 + 4);

/// What the child does: a Modbus server whose registers hold their addresses.
#[tokio::test]
async fn child_that_serves() {
    let Ok(address) = std::env::var(CHILD) else { return };
    let _server = Hostile::start_at(address.parse().unwrap(), Fault::None).await;
    std::future::pending::<()>().await;
}

fn did(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.unwrap_or_else(|why| panic!("cannot start {command:?}: {why}; tests/all.sh installs it"));
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// Two computers with one wire between them: the one of the field, and the one of the program.
struct Network {
    field: String,
    desk: String,
}

impl Network {
    fn lay() -> Self {
        let name = |what: &str| format!("wk-{what}-{}", std::process::id());
        let network = Self { field: name("field"), desk: name("desk") };
        for space in [&network.field, &network.desk] {
            did(Command::new("ip").args(["netns", "add", space]));
        }
        did(Command::new("ip")
            .args(["-n", &network.field, "link", "add", "wire", "type", "veth", "peer", "name", "wire"])
            .args(["netns", &network.desk]));
        for (space, address) in [(&network.field, THERE), (&network.desk, HERE)] {
            let ip = |words: &str| did(Command::new("ip").args(["-n", space]).args(words.split(' ')));
            ip(&format!("addr add {address}/30 dev wire"));
            ip("link set wire up");
            ip("link set lo up");
        }
        network
    }

    /// A command on one of them.
    fn on(space: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", space]).arg(program);
        command
    }

    /// Every packet that comes over the wire is dropped, at both ends.
    fn cut(&self) {
        for space in [&self.field, &self.desk] {
            did(Self::on(space, "nft").args(["add", "table", "inet", "cut"]));
            did(Self::on(space, "nft").arg("add chain inet cut drops { type filter hook prerouting priority -300; }"));
            did(Self::on(space, "nft").arg("add rule inet cut drops iifname wire drop"));
        }
    }

    fn mend(&self) {
        for space in [&self.field, &self.desk] {
            did(Self::on(space, "nft").args(["delete", "table", "inet", "cut"]));
        }
    }

    /// The page of metrics, which is served on the program's own computer.
    fn page(&self) -> String {
        let asked =
            format!("exec 3<>/dev/tcp/127.0.0.1/{PAGE} && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3");
        let said = Self::on(&self.desk, "bash").args(["-c", &asked]).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }

    fn figure(&self, figure: &str) -> Option<f64> {
        figure_of(&self.page(), figure)
    }

    fn connected(&self, device: &str) -> Option<bool> {
        Some(self.figure(&format!("device_connected{{device=\"{device}\"}}"))? == 1.0)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for space in [&self.field, &self.desk] {
            // The wire goes with them.
            let _ended = Command::new("ip").args(["netns", "del", space]).status();
        }
    }
}

fn project(folder: &Path) -> std::path::PathBuf {
    let text = format!(
        "watchkeeper = 1\nname = \"network\"\n\
         [[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{MODBUS}\"\npoll = \"1s\"\ntimeout = \"1s\"\n\
         no-answer = {{ on-delay = \"1s\", response = \"Look at it\" }}\n\
         [[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"holding:7\"\ntype = \"u16\"\n\
         [[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://{THERE}\"\nkeep-alive = \"2s\"\n\
         no-answer = {{ on-delay = \"1s\", response = \"Look at it\" }}\n\
         [[tag]]\nname = \"flow\"\ndevice = \"site\"\ntopic = \"flow\"\n"
    );
    let path = folder.join("plant.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// A message every 100 ms, sent beside the broker.
fn sender(network: &Network) -> Running {
    let mut command = Network::on(&network.field, "mosquitto_pub");
    command.args(["-h", THERE, "-t", "flow", "-l"]).stdin(Stdio::piped());
    let mut sender = quiet(command);
    let mut lines = sender.child().stdin.take().unwrap();
    let sending = move || {
        while writeln!(lines, "21.5").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    std::thread::Builder::new().name("sender".to_owned()).spawn(sending).unwrap();
    sender
}

fn quiet(mut command: Command) -> Running {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Running::start(command)
}

#[test]
fn dropped_packets_are_found_out_and_forgotten_soon_after_they_pass_again() {
    let network = Network::lay();
    let folder = tempfile::tempdir().unwrap();
    let mut server = Network::on(&network.field, std::env::current_exe().unwrap());
    server.args(["--exact", "network::child_that_serves"]).env(CHILD, MODBUS).stdin(Stdio::null());
    let _server = quiet(server);
    let broker = folder.path().join("broker.conf");
    std::fs::write(&broker, format!("listener 1883 {THERE}\npersistence false\nuser root\nallow_anonymous true\n"))
        .unwrap();
    let mosquitto = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
    let mut command = Network::on(&network.field, mosquitto);
    command.arg("-c").arg(&broker).stdin(Stdio::null());
    let _broker = quiet(command);
    until("the broker", || {
        let there = Network::on(&network.field, "bash").args(["-c", "</dev/tcp/10.213.7.1/1883"]).output().unwrap();
        there.status.success().then_some(())
    });
    let _sender = sender(&network);

    let program = watchkeeper(&[]);
    let mut command = Network::on(&network.desk, program.get_program());
    command.args(["run", "--silent", "--metrics", &format!("127.0.0.1:{PAGE}")]).arg(project(folder.path()));
    command.env("WATCHKEEPER_PLAYER", "true").stdin(Stdio::null());
    let mut running = quiet(command);
    let good = "tags{quality=\"good\"}";
    until("values", || (network.figure(good)? == 2.0).then_some(()));

    for round in 1..=2 {
        network.cut();
        let began = Instant::now();
        for device in DEVICES {
            until(&format!("{device} is missed"), || (!network.connected(device)?).then_some(()));
        }
        // Two tries of a second and a poll; one and a half times the keep-alive; and what a busy machine adds.
        assert!(began.elapsed() < Duration::from_secs(3 + 4), "{:?}", began.elapsed());
        assert_eq!(network.figure(good), Some(0.0), "no value is good without its device");
        let alarms = "alarms{state=\"unacknowledged\",priority=\"high\"}";
        until("an alarm for each", || (network.figure(alarms)? >= 2.0).then_some(()));
        // Long enough for every wait to have grown as long as it may.
        std::thread::sleep(Duration::from_secs(12));
        network.mend();
        let mended = Instant::now();
        let mut back = Vec::new();
        until("both are back, with their values", || {
            let page = network.page();
            for device in DEVICES {
                let connected = figure_of(&page, &format!("device_connected{{device=\"{device}\"}}"))? == 1.0;
                if connected && !back.iter().any(|(known, _)| *known == device) {
                    back.push((device, mended.elapsed()));
                }
            }
            (figure_of(&page, good)? == 2.0).then_some(())
        });
        println!("round {round}: back after {back:?}, all values after {:?}", mended.elapsed());
        assert!(mended.elapsed() < RECOVERY, "{back:?}, all values after {:?}", mended.elapsed());
    }
    assert!(running.child().try_wait().unwrap().is_none(), "it runs");
}
