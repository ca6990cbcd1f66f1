//! Why a handshake failed: which certificate, which name it bears, until when it was valid, what to do.

use super::{Certificate, Peer, Seen};
use crate::time::Utc;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, OtherError};

/// The other end left in the middle of the handshake.
pub fn hung_up(peer: Peer) -> String {
    let peer = peer.noun();
    format!("{peer} closed the connection during the TLS handshake; check the port, which may be one without TLS")
}

/// What an error of TLS means. `has_ca`: the project names the authority; otherwise it is one of the system's.
pub fn told(error: &Error, host: &str, seen: &Seen, has_ca: bool) -> String {
    let peer = seen.peer().noun();
    match error {
        Error::InvalidCertificate(why) => refused(why, host, peer, seen.theirs().as_ref(), has_ca),
        Error::AlertReceived(alert) => alerted(*alert, peer, seen.own().as_ref()),
        Error::PeerIncompatible(why) => {
            format!(
                "the other end and this program have no kind of TLS in common (this one takes 1.2 and 1.3): {why:?}"
            )
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            let plain = match seen.peer() {
                Peer::Broker => "mqtt://",
                Peer::Device => "protocol = \"modbus-tcp\"",
            };
            format!(
                "the other end speaks no TLS on this port; check the port, or write {plain} where nobody can listen in"
            )
        }
        other => format!("TLS failed: {other}"),
    }
}

/// We do not take the other end's certificate.
fn refused(why: &CertificateError, host: &str, peer: &str, theirs: Option<&Certificate>, has_ca: bool) -> String {
    let Some(theirs) = theirs else { return format!("{peer}'s certificate cannot be read: {why}") };
    let title = theirs.title();
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let Certificate { not_after, .. } = theirs;
            // It may be one between it and the authority.
            let now = if let CertificateError::ExpiredContext { time, .. } = why { Some(time.as_secs()) } else { None };
            let own = now.is_none_or(|now| not_after.0 < now as i64 * 1_000_000);
            if own {
                format!("{peer}'s certificate for {title} expired on {}; have it renewed there", day(*not_after))
            } else {
                format!(
                    "a certificate between {peer}'s for {title} and its authority \"{}\" has expired; have it renewed there",
                    theirs.issuer
                )
            }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "{peer}'s certificate for {title} is valid only from {} on; check the clock of this computer, and of who made it",
            day(theirs.not_before)
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            if theirs.hosts.is_empty() {
                return format!(
                    "{peer}'s certificate ({title}) bears no host name (subjectAltName); have one made for {host}"
                );
            }
            format!(
                "{peer}'s certificate is for {title}, not for {host}; write a name that it bears in address, or have one made for {host}"
            )
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let by = &theirs.issuer;
            if has_ca {
                format!(
                    "{peer}'s certificate for {title} is signed by \"{by}\", and not by the authority in ca; write that authority's certificate as ca, or check who answers"
                )
            } else {
                format!(
                    "{peer}'s certificate for {title} is signed by \"{by}\", which this computer does not know; write its certificate as ca, or check who answers"
                )
            }
        }
        CertificateError::Revoked => {
            format!("{peer}'s certificate for {title} has been revoked; have a new one made")
        }
        CertificateError::Other(OtherError(inner)) => {
            format!("{peer}'s certificate for {title} is refused: {inner}; have one made for a server by an authority")
        }
        other => format!("{peer}'s certificate for {title} is refused: {other}"),
    }
}

/// The other end does not take ours.
fn alerted(alert: AlertDescription, peer: &str, ours: Option<&Certificate>) -> String {
    use AlertDescription as Alert;
    match (alert, ours) {
        (Alert::CertificateRequired | Alert::HandshakeFailure, None) => {
            format!("{peer} wants a certificate of its clients; write cert and key")
        }
        (
            Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::CertificateRequired
            | Alert::HandshakeFailure,
            Some(ours),
        ) => format!(
            "{peer} does not take our certificate {}, signed by \"{}\" and valid until {}; have one made that it knows",
            ours.title(),
            ours.issuer,
            day(ours.not_after)
        ),
        (Alert::CertificateExpired, Some(ours)) => {
            let until = day(ours.not_after);
            format!(
                "{peer} says that our certificate {} has expired: it is valid until {until}; have it renewed",
                ours.title()
            )
        }
        (Alert::CertificateRevoked, _) => {
            format!("{peer} says that our certificate has been revoked; have a new one made")
        }
        (Alert::ProtocolVersion, _) => format!("{peer} speaks neither TLS 1.2 nor 1.3; set it up to"),
        (Alert::UnrecognisedName, _) => format!("{peer} does not know the host name that address has"),
        (other, _) => format!("{peer} broke off TLS: {other:?}"),
    }
}

/// To the minute: enough to find it, and no riddle at a change of day.
fn day(at: Utc) -> String {
    let text = at.to_rfc3339();
    let (date, time) = text.split_at_checked(10).unwrap_or((&text, ""));
    format!("{date} {} UTC", time.get(1..6).unwrap_or_default())
}
