//! MQTT over TLS against mosquitto, with certificates that openssl makes for each test: the good one, and every wrong one.

use crate::mqtt::plant::Plant;
use crate::mqtt::{Broker, missing, program, tag};
use crate::support::free_address;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use watchkeeper::engine::{AlarmState, LinkState};

/// Long enough to be no concern of a test, in days.
pub const LONG: Valid = Valid::Days(400);

/// How long a certificate is valid.
#[derive(Clone, Copy)]
pub enum Valid {
    /// From now on.
    Days(u32),
    /// From one day to another, `20200101000000Z`.
    Between(&'static str, &'static str),
}

/// An authority of this test alone, and a folder with what it signed.
pub struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Self { folder };
        let subject = format!("/CN={name}");
        let ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-days", "4000", "-x509", "-out", "ca.pem"];
        made.request("ca", &subject, &ca);
        std::fs::write(made.path("index.txt"), "").unwrap();
        std::fs::write(made.path("serial"), "1000\n").unwrap();
        let config = "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n\
                      default_md = sha256\npolicy = p\nunique_subject = no\n[p]\ncommonName = supplied\n";
        std::fs::write(made.path("ca.conf"), config).unwrap();
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as a TOML string holds it.
    pub fn written(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn request(&self, name: &str, subject: &str, more: &[&str]) {
        let key = format!("{name}.key");
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        self.openssl(&[&["req", "-subj", subject, "-keyout", &key][..], &curve, more].concat());
    }

    /// `NAME.pem` and `NAME.key`; `names` as `subjectAltName` has them.
    pub fn sign(&self, name: &str, names: &str, valid: Valid) {
        let (request, out) = (format!("{name}.csr"), format!("{name}.pem"));
        self.request(name, &format!("/CN={name}"), &["-out", &request]);
        let mut extensions = "basicConstraints = CA:FALSE\n".to_owned();
        if !names.is_empty() {
            writeln!(extensions, "subjectAltName = {names}").unwrap();
        }
        std::fs::write(self.path("ext"), extensions).unwrap();
        let days;
        let dates = match valid {
            Valid::Days(count) => {
                days = count.to_string();
                vec!["-days", &days]
            }
            Valid::Between(from, to) => vec!["-startdate", from, "-enddate", to],
        };
        let files =
            ["-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-extfile", "ext", "-batch", "-notext"];
        self.openssl(&[&["ca", "-in", &request, "-out", &out][..], &files, &dates].concat());
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let done = openssl.output().unwrap_or_else(|e| missing("openssl", &e));
        assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A broker with the certificate of this name.
    fn broker(&self, name: &str, more: &str) -> Broker {
        let (port, plain) = (free_address().port(), free_address().port());
        let config = format!(
            "per_listener_settings false\nlistener {plain} 127.0.0.1\nlistener {port} 127.0.0.1\npersistence false\nuser root\n\
             allow_anonymous true\ncafile {}\ncertfile {}\nkeyfile {}\n{more}\n",
            self.written("ca.pem"),
            self.written(&format!("{name}.pem")),
            self.written(&format!("{name}.key"))
        );
        Broker::configured(port, tempfile::tempdir().unwrap(), &config)
    }
}

/// A project with that broker as the device `site`, and one tag.
fn project(broker: &Broker, host: &str, device: &str) -> String {
    format!(
        "[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtts://{host}:{}\"\n{device}\n{}",
        broker.port,
        tag("a", "a", "")
    )
}

pub(super) fn ca(authority: &Authority) -> String {
    format!("ca = \"{}\"", authority.written("ca.pem"))
}

fn identity(authority: &Authority, name: &str) -> String {
    let (cert, key) = (authority.written(&format!("{name}.pem")), authority.written(&format!("{name}.key")));
    format!("cert = \"{cert}\"\nkey = \"{key}\"")
}

/// Publishes over TLS, with mosquitto's own client.
fn publish(broker: &Broker, authority: &Authority, host: &str, payload: &str) {
    let mut client = program("mosquitto_pub");
    client.args(["-h", host, "-p", &broker.port.to_string(), "-q", "1", "-t", "a", "-m", payload]);
    client.arg("--cafile").arg(authority.path("ca.pem"));
    let status = client.status().unwrap_or_else(|e| missing("mosquitto_pub", &e));
    assert!(status.success(), "mosquitto_pub ended with {status}");
}

async fn connected(plant: &mut Plant) {
    plant.until("a connection", |plant| plant.link().state == LinkState::Connected).await;
}

#[tokio::test]
async fn values_come_over_tls_by_host_name_and_by_address() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost, IP:127.0.0.1", LONG);
    let broker = authority.broker("broker", "");
    for host in ["localhost", "127.0.0.1"] {
        let mut plant = Plant::open(&project(&broker, host, &ca(&authority)));
        connected(&mut plant).await;
        publish(&broker, &authority, host, "7");
        plant.shows("a", "7 good").await;
        let certificate = plant.link().certificate.unwrap();
        assert_eq!(&*certificate.which, "the broker's certificate for localhost, 127.0.0.1");
        assert_eq!(plant.alarm("system.certificate/site"), AlarmState::Normal);
    }
}

#[tokio::test]
async fn an_authority_that_is_not_ours_is_refused_with_its_name() {
    let (ours, other) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    other.sign("broker", "DNS:localhost", LONG);
    let broker = other.broker("broker", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&ours)));
    plant
        .shows(
            "a",
            "bad:no-communication: the broker's certificate for localhost is signed by \"Other CA\", and not by the authority in ca; \
             write that authority's certificate as ca, or check who answers",
        )
        .await;
    // One that bears our authority's name, and was signed with another key.
    let forged = Authority::new("Plant CA");
    forged.sign("broker", "DNS:localhost", LONG);
    let broker = forged.broker("broker", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&ours)));
    plant
        .until("a refusal", |p| p.tag("a").contains("is signed by \"Plant CA\", and not by the authority in ca"))
        .await;
    // Without ca it is the computer's authorities that count.
    let mut plant = Plant::open(&project(&broker, "localhost", ""));
    plant
        .until("a refusal", |p| p.tag("a").contains("\"Plant CA\", which this computer does not know; write its"))
        .await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_its_last_day_and_is_an_alarm() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost", Valid::Between("20200101000000Z", "20210102030400Z"));
    let broker = authority.broker("broker", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&authority)));
    plant
        .shows(
            "a",
            "bad:no-communication: the broker's certificate for localhost expired on 2021-01-02 03:04 UTC; have it renewed there",
        )
        .await;
    assert_eq!(plant.alarm("system.certificate/site"), AlarmState::Unacknowledged);
    authority.sign("young", "DNS:localhost", Valid::Between("20480101000000Z", "20490102030400Z"));
    let broker = authority.broker("young", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&authority)));
    plant
        .until("a refusal", |p| p.tag("a").contains("is valid only from 2048-01-01 00:00 UTC on; check the clock"))
        .await;
}

#[tokio::test]
async fn a_certificate_that_expires_within_thirty_days_is_an_alarm_and_the_link_stands() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost", Valid::Days(20));
    authority.sign("fresh", "DNS:localhost", LONG);
    let broker = authority.broker("broker", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&authority)));
    connected(&mut plant).await;
    assert_eq!(plant.alarm("system.certificate/site"), AlarmState::Unacknowledged);
    drop(plant);
    // Our own counts too.
    authority.sign("me", "", Valid::Days(3));
    let broker = authority.broker("fresh", "require_certificate true");
    let device = format!("{}\n{}", ca(&authority), identity(&authority, "me"));
    let mut plant = Plant::open(&project(&broker, "localhost", &device));
    connected(&mut plant).await;
    assert_eq!(&*plant.link().certificate.unwrap().which, "our own certificate \"me\"");
    assert_eq!(plant.alarm("system.certificate/site"), AlarmState::Unacknowledged);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_with_both_names() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:broker.example, IP:192.0.2.7", LONG);
    let broker = authority.broker("broker", "");
    for host in ["localhost", "127.0.0.1"] {
        let mut plant = Plant::open(&project(&broker, host, &ca(&authority)));
        let wanted = format!(
            "bad:no-communication: the broker's certificate is for broker.example, 192.0.2.7, not for {host}; \
             write a name that it bears in address, or have one made for {host}"
        );
        plant.shows("a", &wanted).await;
    }
    authority.sign("nameless", "", LONG);
    let broker = authority.broker("nameless", "");
    let mut plant = Plant::open(&project(&broker, "localhost", &ca(&authority)));
    plant.until("a refusal", |p| p.tag("a").contains("(\"nameless\") bears no host name (subjectAltName)")).await;
}

#[tokio::test]
async fn a_broker_that_wants_our_certificate_gets_it_or_says_so() {
    let (authority, other) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    authority.sign("broker", "DNS:localhost", LONG);
    authority.sign("control-room", "", LONG);
    other.sign("stranger", "", LONG);
    authority.sign("old", "", Valid::Between("20200101000000Z", "20210102030400Z"));
    let ca = ca(&authority);
    for version in ["tlsv1.3", "tlsv1.2"] {
        let broker = authority.broker("broker", &format!("require_certificate true\ntls_version {version}"));
        let with = |identity: &str| Plant::open(&project(&broker, "localhost", &format!("{ca}\n{identity}")));
        connected(&mut with(&identity(&authority, "control-room"))).await;
        let none = "the broker wants a certificate of its clients; write cert and key";
        with("").until("a refusal", |p| p.tag("a").ends_with(none)).await;
        let foreign = "the broker does not take our certificate \"stranger\", signed by \"Other CA\"";
        with(&identity(&other, "stranger")).until("a refusal", |p| p.tag("a").contains(foreign)).await;
        let mut old = with(&identity(&authority, "old"));
        old.until("a refusal", |p| p.tag("a").contains("has expired: it is valid until 2021-01-02 03:04 UTC")).await;
    }
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told() {
    let authority = Authority::new("Plant CA");
    let plain = Broker::start("allow_anonymous true");
    let mut plant = Plant::open(&project(&plain, "localhost", &ca(&authority)));
    let wanted = "bad:no-communication: the broker closed the connection during the TLS handshake; \
                  check the port, which may be one without TLS";
    plant.shows("a", wanted).await;
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_taken_without_a_restart() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost", LONG);
    authority.sign("me", "", Valid::Between("20200101000000Z", "20210102030400Z"));
    let broker = authority.broker("broker", "require_certificate true");
    let device = format!("{}\n{}", ca(&authority), identity(&authority, "me"));
    let mut plant = Plant::open(&project(&broker, "localhost", &device));
    plant.until("a refusal", |p| p.tag("a").contains("has expired")).await;
    authority.sign("me", "", LONG);
    connected(&mut plant).await;
    plant.until("the alarm's return", |p| p.alarm("system.certificate/site") == AlarmState::Returned).await;
    plant.run_for(Duration::from_millis(200)).await;
    assert_eq!(plant.link().state, LinkState::Connected);
}

/// What `check` says of a project in a folder, and how it ends.
fn checked(folder: &Path, lines: &str) -> (String, Option<i32>) {
    let file = folder.join("plant.toml");
    let device = "[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtts://localhost\"\n";
    std::fs::write(&file, format!("watchkeeper = 1\n{device}{lines}\n")).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    let done = check.arg("check").arg("plant.toml").current_dir(folder).output().unwrap();
    (String::from_utf8(done.stdout).unwrap(), done.status.code())
}

#[test]
fn check_tells_a_file_that_is_missing_or_no_pem_with_its_place() {
    let (authority, other) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    authority.sign("me", "", LONG);
    other.sign("me", "", LONG);
    let folder = authority.folder.path().canonicalize().unwrap();
    assert_eq!(checked(&folder, "ca = \"ca.pem\"\ncert = \"me.pem\"\nkey = \"me.key\""), (String::new(), Some(0)));

    let missing = format!(
        "plant.toml:6:6: error: there is no file {}; put it there, or write its path, relative to the project's file\n",
        folder.join("site-ca.pem").display()
    );
    assert_eq!(checked(&folder, "ca = \"site-ca.pem\""), (missing, Some(1)));
    let no_pem = "plant.toml:6:6: error: there is no certificate (PEM) in \"ca.conf\"; \
                  write the file that begins with -----BEGIN CERTIFICATE-----\n";
    assert_eq!(checked(&folder, "ca = \"ca.conf\""), (no_pem.to_owned(), Some(1)));
    authority.openssl(&["x509", "-in", "ca.pem", "-outform", "der", "-out", "ca.der"]);
    let der = "plant.toml:6:6: error: there is no certificate (PEM) in \"ca.der\"; \
               it looks like DER; make PEM of it: openssl x509 -inform der -in ca.der -out …\n";
    assert_eq!(checked(&folder, "ca = \"ca.der\""), (der.to_owned(), Some(1)));
    let no_key = "plant.toml:7:7: error: there is no private key (PEM) in \"me.pem\"; \
                  write the file that begins with -----BEGIN PRIVATE KEY-----\n";
    assert_eq!(checked(&folder, "cert = \"me.pem\"\nkey = \"me.pem\""), (no_key.to_owned(), Some(1)));
    let foreign = format!("cert = \"me.pem\"\nkey = \"{}\"", other.written("me.key"));
    let (said, code) = checked(&folder, &foreign);
    assert!(said.starts_with("plant.toml:7:7: error: the key in "), "{said}");
    assert!(said.contains("does not go with the certificate in \"me.pem\"") && code == Some(1), "{said}");
}
