//! The library's judge of certificates, watched: what it looked at is kept in words, whatever it says.

use super::Certificate;
use crate::engine::CertificateStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// What the other end is, for words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Of MQTT.
    Broker,
    /// Of Modbus.
    Device,
}

impl Peer {
    /// `the broker`, `the device`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Broker => "the broker",
            Self::Device => "the device",
        }
    }
}

/// The certificates of a device's newest handshake.
#[derive(Debug)]
pub struct Seen {
    peer: Peer,
    certificates: Mutex<Certificates>,
}

#[derive(Debug, Default)]
struct Certificates {
    ours: Option<Certificate>,
    theirs: Option<Certificate>,
    /// Of those between theirs and the authority, the one that expires first.
    between: Option<Certificate>,
}

impl Seen {
    /// None yet.
    pub fn new(peer: Peer) -> Self {
        Self { peer, certificates: Mutex::default() }
    }

    /// What the other end is.
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// The other end's.
    pub fn theirs(&self) -> Option<Certificate> {
        self.lock().theirs.clone()
    }

    /// Our own.
    pub fn own(&self) -> Option<Certificate> {
        self.lock().ours.clone()
    }

    /// Whichever expires first, for the device's status.
    pub fn first_to_expire(&self) -> Option<CertificateStatus> {
        let seen = self.lock();
        let peer = self.peer.noun();
        let theirs = seen.theirs.iter().map(|c| (c, format!("{peer}'s certificate for")));
        let between = seen.between.iter().map(|c| (c, format!("the certificate of {peer}'s authority")));
        let ours = seen.ours.iter().map(|c| (c, "our own certificate".to_owned()));
        let (first, whose) = theirs.chain(between).chain(ours).min_by_key(|(c, _)| c.not_after)?;
        Some(CertificateStatus { which: format!("{whose} {}", first.title()).into(), until: first.not_after })
    }

    pub(super) fn ours(&self, certificate: Option<Certificate>) {
        *self.lock() = Certificates { ours: certificate, ..Certificates::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Certificates> {
        // Each change is whole before the guard goes.
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Judges as the library does.
#[derive(Debug)]
pub(super) struct Watching {
    judge: Arc<WebPkiServerVerifier>,
    seen: Arc<Seen>,
}

impl Watching {
    pub(super) const fn new(judge: Arc<WebPkiServerVerifier>, seen: Arc<Seen>) -> Self {
        Self { judge, seen }
    }
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let between = intermediates.iter().filter_map(|der| Certificate::parse(der)).min_by_key(|c| c.not_after);
        let mut seen = self.seen.lock();
        seen.theirs = Certificate::parse(end_entity);
        seen.between = between;
        drop(seen);
        self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
