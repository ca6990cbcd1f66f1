//! Modbus/TCP Security: pymodbus behind OpenSSL, by way of socat, which wants a certificate of its clients, as the
//! specification does.

use super::modbus::plant::Plant;
use super::modbus::{Server, expected, project};
use super::mqtt_tls::{Authority, LONG, Valid};
use crate::support::{free_address, until};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use watchkeeper::engine::Quality;

/// Takes TLS off in front of a server; killed when dropped.
pub(super) struct Terminator {
    socat: Child,
    pub(super) port: u16,
}

impl Terminator {
    /// With the certificate of this name; clients need one that `clients` signed.
    pub(super) fn start(authority: &Authority, name: &str, clients: &Authority, behind: u16) -> Self {
        let port = free_address().port();
        let listen = format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,verify=1,cert={},key={},cafile={}",
            authority.written(&format!("{name}.pem")),
            authority.written(&format!("{name}.key")),
            clients.written("ca.pem")
        );
        let socat = Command::new("socat")
            .args([listen, format!("TCP:127.0.0.1:{behind}")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("cannot start socat: {why}; tests/all.sh installs it"));
        // A scan asks once, and would find nobody.
        until("socat", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { socat, port }
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        // It may be dead already, which is as well.
        let _killed = self.socat.kill();
        let _waited = self.socat.wait();
    }
}

struct Site {
    authority: Authority,
    server: Server,
    plain: u16,
}

impl Site {
    fn new() -> Self {
        let authority = Authority::new("Plant CA");
        authority.sign("meter", "DNS:localhost, IP:127.0.0.1", LONG);
        authority.sign("control-room", "DNS:control-room", LONG);
        let plain = free_address().port();
        let server = Server::start("tcp", &plain.to_string());
        Self { authority, server, plain }
    }

    /// Reads all that pymodbus serves, with these keys of the device.
    fn plant(&self, port: u16, keys: &str) -> Plant {
        let tags = self.server.tags.clone();
        let text = project("tls", &format!("localhost:{port}"), &tags);
        let text = text.replacen("poll", &format!("{keys}\npoll"), 1);
        Plant::start(&text, move |plan, sample| {
            let tag = &tags[plan.name[1..].parse::<usize>().unwrap()];
            assert_eq!((sample.quality, sample.value.as_ref()), (Quality::GOOD, Some(&expected(tag))), "{tag}");
        })
    }

    fn keys(&self) -> String {
        format!("ca = \"{}\"\n{}", self.authority.written("ca.pem"), self.identity())
    }

    fn identity(&self) -> String {
        let written = |end: &str| self.authority.written(&format!("control-room.{end}"));
        format!("cert = \"{}\"\nkey = \"{}\"", written("pem"), written("key"))
    }
}

const WHILE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn values_come_over_tls_from_a_device_that_knows_us_through_its_death_and_return() {
    let site = Site::new();
    let terminator = Terminator::start(&site.authority, "meter", &site.authority, site.plain);
    let count = site.server.tags.len();
    let mut plant = site.plant(terminator.port, &site.keys());
    plant.until_within(WHILE, "all values", |p| p.tags.len() == count).await;
    assert!(plant.connected(0));
    plant.until_within(WHILE, "its certificate", |p| p.status[0].certificate.is_some()).await;
    let certificate = plant.status[0].certificate.clone().unwrap();
    assert_eq!(&*certificate.which, "the device's certificate for localhost, 127.0.0.1");

    let Site { authority: _kept, server, plain } = site;
    drop(server);
    plant.until_within(WHILE, "its death is seen", |p| !p.gone(0).is_empty()).await;
    let _server = Server::start("tcp", &plain.to_string());
    let good = plant.good("t0");
    plant.until_within(WHILE, "its return", |p| p.connected(0) && p.good("t0") > good + 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_wants_a_certificate_of_us_is_told_so() {
    let site = Site::new();
    let terminator = Terminator::start(&site.authority, "meter", &site.authority, site.plain);
    let mut plant = site.plant(terminator.port, &format!("ca = \"{}\"", site.authority.written("ca.pem")));
    let words = "the device wants a certificate of its clients; write cert and key";
    plant.until_within(WHILE, words, |p| p.gone(0) == words).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_does_not_know_our_authority_is_told_with_both_names() {
    let site = Site::new();
    let theirs = Authority::new("Other CA");
    let terminator = Terminator::start(&site.authority, "meter", &theirs, site.plain);
    let mut plant = site.plant(terminator.port, &site.keys());
    let words = "the device does not take our certificate control-room, signed by \"Plant CA\"";
    plant.until_within(WHILE, words, |p| p.gone(0).starts_with(words)).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_whose_certificate_is_anothers_has_expired_or_bears_another_name_is_refused_with_the_reason() {
    let site = Site::new();
    let other = Authority::new("Other CA");
    other.sign("meter", "DNS:localhost", LONG);
    site.authority.sign("old", "DNS:localhost", Valid::Between("20200101000000Z", "20210203040500Z"));
    site.authority.sign("elsewhere", "DNS:meter7.example", LONG);
    for (authority, name, words) in [
        (
            &other,
            "meter",
            "the device's certificate for localhost is signed by \"Other CA\", and not by the authority in ca",
        ),
        (&site.authority, "old", "the device's certificate for localhost expired on 2021-02-03 04:05 UTC"),
        (&site.authority, "elsewhere", "the device's certificate is for meter7.example, not for localhost"),
    ] {
        let terminator = Terminator::start(authority, name, &site.authority, site.plain);
        let mut plant = site.plant(terminator.port, &site.keys());
        plant.until_within(WHILE, words, |p| p.gone(0).starts_with(words)).await;
        plant.stop().await;
    }
}
