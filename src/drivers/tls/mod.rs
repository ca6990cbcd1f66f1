//! TLS under a protocol: who is believed, who we are, and why a handshake failed, in words that an engineer can act on.
//!
//! ```text
//! files (PEM, read for each connection) ── handshake ──► stream
//!                                            └── watch: the other end's certificate ──► words, DeviceStatus
//! ```
//! rustls judges; nothing here makes it believe more than it does. TLS 1.2 and 1.3, cryptography by ring.

pub mod certificate;
pub mod files;
mod watch;
pub mod words;

pub use certificate::Certificate;
pub use watch::{Peer, Seen};

use crate::project::TlsSettings;
use crate::time::Clock;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{self, ClientConfig};
use tokio_rustls::{TlsConnector, rustls::Error};

/// What one device's connections are made with.
#[derive(Debug, Clone)]
pub struct Tls {
    /// As the project says.
    pub settings: TlsSettings,
    /// What its files are relative to.
    pub folder: PathBuf,
    /// What was seen of certificates.
    pub seen: Arc<Seen>,
}

impl Tls {
    /// Nothing was seen yet.
    pub fn new(settings: TlsSettings, folder: PathBuf, peer: Peer) -> Self {
        Self { settings, folder, seen: Arc::new(Seen::new(peer)) }
    }

    /// Shakes hands over `stream` with who must be `host`; certificates are judged by `clock`.
    ///
    /// # Errors
    /// Why not, in words: `there is no file …`, `the certificate of the other end expired on …`. Errors of the socket itself
    /// keep their kind.
    pub async fn handshake<S>(&self, host: &str, stream: S, clock: &Clock) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (settings, folder) = (self.settings.clone(), self.folder.clone());
        let loading = tokio::task::spawn_blocking(move || files::load(&settings, &folder));
        let credentials = loading.await.map_err(io::Error::other)?;
        let credentials = credentials.map_err(|fault| invalid(format!("{}: {}", fault.message, fault.mend)))?;
        self.seen.ours(credentials.own.clone());
        let config =
            self.config(credentials, clock).map_err(|e| invalid(words::told(&e, host, &self.seen, self.has_ca())))?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_no_name| invalid(format!("\"{host}\" is no name that a certificate can bear")))?;
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        shaken.map_err(|error| match library(&error) {
            Some(why) => invalid(words::told(why, host, &self.seen, self.has_ca())),
            None if HUNG_UP.contains(&error.kind()) => invalid(words::hung_up(self.seen.peer())),
            None => error,
        })
    }

    /// What an error of a stream that was handed out means, where it is one of TLS: many servers refuse our certificate only
    /// after the handshake.
    pub fn told(&self, error: &io::Error, host: &str) -> Option<String> {
        library(error).map(|why| words::told(why, host, &self.seen, self.has_ca()))
    }

    fn has_ca(&self) -> bool {
        self.settings.ca.is_some()
    }

    fn config(&self, credentials: files::Credentials, clock: &Clock) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(credentials.roots), Arc::clone(&provider))
            .build()
            .map_err(|why| Error::General(why.to_string()))?;
        let clock = Arc::new(PlantClock(clock.clone()));
        let config = ClientConfig::builder_with_details(provider, clock)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(watch::Watching::new(judge, Arc::clone(&self.seen))));
        match credentials.identity {
            Some((chain, key)) => config.with_client_auth_cert(chain, key),
            None => Ok(config.with_no_client_auth()),
        }
    }
}

/// How a socket says that the other end has left.
const HUNG_UP: [io::ErrorKind; 4] = [
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
];

fn invalid(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

/// The library's own error within one of a stream.
fn library(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

/// The plant's clock, as the library asks for it.
#[derive(Debug)]
struct PlantClock(Clock);

impl TimeProvider for PlantClock {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(self.0.now().utc.0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
