//! The files of a connection over TLS: authorities, our own certificate and its key. Read anew for each connection, so that
//! a certificate that was renewed is taken at the next one.

use super::Certificate;
use crate::project::{Device, Issue, Project, TlsSettings};
use crate::text::visible;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

/// Larger than every bundle of authorities; a device file would never end.
const LARGEST_BYTES: u64 = 4 * 1024 * 1024;

/// What is wrong with a file, at which key, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `ca`, `cert` or `key`.
    pub key: &'static str,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What would be right.
    pub mend: String,
}

/// What a connection is made with.
#[derive(Debug)]
pub struct Credentials {
    /// Authorities that are believed.
    pub roots: RootCertStore,
    /// Our certificate with those between it and its authority, and its key.
    pub identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Our certificate in words.
    pub own: Option<Certificate>,
}

/// Faults of the files that a project's connections name, each at its key.
pub fn check(project: &Project) -> Vec<Issue> {
    let folder = folder(project);
    let of_device = |device: &Device| {
        let faults = device.endpoint.tls().map(|settings| faults(settings, &folder)).unwrap_or_default();
        let told = |f: Fault| Issue::error(device.places.of(f.key), device.name.as_str(), f.message, f.mend);
        faults.into_iter().map(told).collect::<Vec<_>>()
    };
    project.devices.iter().flat_map(|device| of_device(device)).collect()
}

/// The folder that a project's files are relative to.
pub fn folder(project: &Project) -> PathBuf {
    project.path.as_ref().and_then(|path| path.parent()).map(Path::to_owned).unwrap_or_default()
}

fn faults(settings: &TlsSettings, folder: &Path) -> Vec<Fault> {
    let authorities = settings.ca.as_ref().and_then(|file| authorities(file, folder).err());
    let identity = settings.identity.as_ref().and_then(|files| identity(files, folder).err());
    authorities.into_iter().chain(identity).collect()
}

/// Reads all that a connection needs.
///
/// # Errors
/// The first fault.
pub fn load(settings: &TlsSettings, folder: &Path) -> Result<Credentials, Fault> {
    let roots = match &settings.ca {
        Some(file) => authorities(file, folder)?,
        None => of_the_system()?,
    };
    let identity = settings.identity.as_ref().map(|files| identity(files, folder)).transpose()?;
    let own = identity.as_ref().and_then(|(chain, _)| Certificate::parse(chain.first()?));
    Ok(Credentials { roots, identity, own })
}

/// The authorities that this computer believes: a plant's own, given to all its computers by who runs them, is among them,
/// and one that is withdrawn goes with the system's next update. A list built into the program would know neither.
fn of_the_system() -> Result<RootCertStore, Fault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _of_old_kinds) = roots.add_parsable_certificates(found.certs);
    if taken > 0 {
        return Ok(roots);
    }
    let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
    let mend = "install the system's package of them (ca-certificates), or write ca = \"…\"".to_owned();
    Err(Fault { key: "address", message: format!("this computer has no list of certificate authorities{why}"), mend })
}

fn authorities(file: &str, folder: &Path) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca", file, folder)? {
        roots.add(certificate).map_err(|why| Fault {
            key: "ca",
            message: format!("\"{}\" holds a certificate that cannot be read: {why}", visible(file)),
            mend: "write the authority's certificate (X.509, version 3) as PEM".to_owned(),
        })?;
    }
    Ok(roots)
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity((cert, key): &(String, String), folder: &Path) -> Result<Identity, Fault> {
    let chain = certificates("cert", cert, folder)?;
    let bytes = read("key", key, folder)?;
    let secret = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_no_key| no_key(key, &bytes))?;
    // Judged by the library that will use it: whether the kind is known, and whether the two belong together.
    if let Err(why) = CertifiedKey::from_der(chain.clone(), secret.clone_key(), &ring::default_provider()) {
        let message =
            format!("the key in \"{}\" does not go with the certificate in \"{}\"", visible(key), visible(cert));
        let mend = format!("write the key that the certificate was made for ({why})");
        return Err(Fault { key: "key", message, mend });
    }
    Ok((chain, secret))
}

/// Never says what stands in the file.
fn no_key(file: &str, bytes: &[u8]) -> Fault {
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
    let file = visible(file);
    if holds(b"BEGIN ENCRYPTED PRIVATE KEY") || holds(b"Proc-Type: 4,ENCRYPTED") {
        let mend = format!("take it off (openssl pkey -in {file} -out …), and let only its owner read the file");
        return Fault { key: "key", message: format!("the key in \"{file}\" is locked by a passphrase"), mend };
    }
    let mend = "write the file that begins with -----BEGIN PRIVATE KEY-----".to_owned();
    Fault { key: "key", message: format!("there is no private key (PEM) in \"{file}\""), mend }
}

fn certificates(key: &'static str, file: &str, folder: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let bytes = read(key, file, folder)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() && found.iter().all(|c| Certificate::parse(c).is_some()) => Ok(found),
        _ => {
            let file = visible(file);
            let mend = if bytes.first() == Some(&0x30) {
                format!("it looks like DER; make PEM of it: openssl x509 -inform der -in {file} -out …")
            } else {
                "write the file that begins with -----BEGIN CERTIFICATE-----".to_owned()
            };
            Err(Fault { key, message: format!("there is no certificate (PEM) in \"{file}\""), mend })
        }
    }
}

fn read(key: &'static str, file: &str, folder: &Path) -> Result<Vec<u8>, Fault> {
    let path = folder.join(file);
    let mut bytes = Vec::new();
    let read = fs::File::open(&path).and_then(|file| file.take(LARGEST_BYTES).read_to_end(&mut bytes));
    let Err(error) = read else { return Ok(bytes) };
    let (whole, name) = (path.display().to_string(), visible(file));
    let whole = visible(&whole);
    let (message, mend) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (format!("there is no file {whole}"), "put it there, or write its path, relative to the project's file")
        }
        io::ErrorKind::PermissionDenied => {
            (format!("this user may not read {whole}"), "ask its owner for the right to read it")
        }
        _ => (format!("\"{name}\" could not be read: {error}"), "write the path of a PEM file"),
    };
    Err(Fault { key, message, mend: mend.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, content: &[u8]) -> Vec<Fault> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), content).unwrap();
        faults(&TlsSettings { ca: Some("ca.pem".to_owned()), identity: None }, folder.path())
    }

    #[test]
    fn what_is_no_certificate_says_what_would_be_one() {
        let missing = told("other.pem", b"");
        assert!(missing[0].message.starts_with("there is no file ") && missing[0].message.ends_with("ca.pem"));
        for (content, mend) in [
            (&b"hello"[..], "write the file that begins with -----BEGIN CERTIFICATE-----"),
            (b"", "write the file that begins with -----BEGIN CERTIFICATE-----"),
            (b"\x30\x82\x01\x01", "it looks like DER; make PEM of it: openssl x509 -inform der -in ca.pem -out …"),
            (
                b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
                "write the file that begins with -----BEGIN CERTIFICATE-----",
            ),
        ] {
            let told = told("ca.pem", content);
            assert_eq!(told.len(), 1);
            assert_eq!((told[0].key, told[0].message.as_str()), ("ca", "there is no certificate (PEM) in \"ca.pem\""));
            assert_eq!(told[0].mend, mend);
        }
    }

    #[test]
    fn a_key_that_is_none_or_is_locked_is_told_without_what_it_holds() {
        let locked = no_key("our.key", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n");
        assert_eq!(locked.message, "the key in \"our.key\" is locked by a passphrase");
        let none = no_key("our.key", b"secret words");
        assert_eq!(none.message, "there is no private key (PEM) in \"our.key\"");
        assert!(!format!("{locked:?}{none:?}").contains("secret words"));
    }
}
