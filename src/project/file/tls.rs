//! The keys of a connection over TLS.

use super::section::Section;
use crate::project::TlsSettings;

/// The files of TLS. That they are there is looked after where there is a disk.
pub(super) fn read(section: &mut Section<'_, '_, '_>) -> TlsSettings {
    let (ca, cert, key) = (section.filled("ca"), section.filled("cert"), section.filled("key"));
    for (one, other) in [("cert", "key"), ("key", "cert")] {
        if section.has(one) && !section.has(other) {
            let mend = format!("write {other} = \"client-{other}.pem\" beside it");
            section.error(one, format!("{one} without {other}: a certificate and its key belong together"), mend);
        }
    }
    TlsSettings { ca, identity: cert.zip(key) }
}
