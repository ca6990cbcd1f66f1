//! What a certificate says of itself, for people: whose it is, who signed it, until when it is valid.
//!
//! Whether it is to be trusted is the library's to judge; this only reads the words. Pure: bytes in, words out.

use crate::text::visible;
use crate::time::Utc;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Names shown of a certificate; one of a large provider bears hundreds.
const MOST_NAMES: usize = 5;
/// Characters shown of one name.
const LONGEST_NAME: usize = 100;

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;
/// `[0]`, the version, and `[3]`, the extensions, of a certificate.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
/// `[2]` and `[7]` of a `GeneralName`.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0A];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 0x11];

/// A certificate in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Hosts and addresses that it is for, as its `subjectAltName` has them. Other names do not count (RFC 6125).
    pub hosts: Vec<String>,
    /// Common name, or organisation, of whom it is for.
    pub subject: String,
    /// Common name, or organisation, of the authority that signed it.
    pub issuer: String,
    /// Valid from here.
    pub not_before: Utc,
    /// Valid until here.
    pub not_after: Utc,
}

impl Certificate {
    /// Reads a certificate (X.509, DER). `None`: it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).expect(SEQUENCE)?);
        let mut body = Der(certificate.expect(SEQUENCE)?);
        let (first, _) = body.next()?;
        if first == VERSION {
            body.next()?; // The serial number.
        }
        body.expect(SEQUENCE)?; // The algorithm.
        let issuer = person(body.expect(SEQUENCE)?);
        let mut validity = Der(body.expect(SEQUENCE)?);
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = person(body.expect(SEQUENCE)?);
        let mut hosts = Vec::new();
        while let Some((tag, content)) = body.next() {
            if tag == EXTENSIONS {
                hosts = alternative_names(content).unwrap_or_default();
            }
        }
        Some(Self { hosts, subject, issuer, not_before, not_after })
    }

    /// Whom it is for: its hosts, or where it has none the name of its subject.
    pub fn title(&self) -> String {
        if self.hosts.is_empty() {
            return format!("\"{}\"", self.subject);
        }
        let more = self.hosts.len().saturating_sub(MOST_NAMES);
        let named = self.hosts.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{named} and {more} more") } else { named }
    }
}

/// Reads one element after another.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk::<2>()?;
        let mut length = usize::from(first);
        if first & 0x80 != 0 {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
            if digits.is_empty() || digits.len() > 4 {
                return None;
            }
            length = digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, content))
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// The common name of a distinguished name, else its organisation.
fn person(name: &[u8]) -> String {
    let find = |wanted: &[u8]| {
        let mut sets = Der(name);
        while let Some((_, set)) = sets.next() {
            let mut pair = Der(Der(set).expect(SEQUENCE)?);
            if pair.expect(OBJECT_ID)? == wanted {
                return pair.next().map(|(_, text)| shown(&String::from_utf8_lossy(text)));
            }
        }
        None
    };
    find(COMMON_NAME).or_else(|| find(ORGANISATION)).unwrap_or_else(|| "no name".to_owned())
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut list = Der(Der(extensions).expect(SEQUENCE)?);
    while let Some((_, extension)) = list.next() {
        let mut extension = Der(extension);
        if extension.expect(OBJECT_ID)? != ALTERNATIVE_NAMES {
            continue;
        }
        let mut part = extension.next()?;
        if part.0 != OCTETS {
            part = extension.next()?;
        }
        let mut names = Der(Der(part.1).expect(SEQUENCE)?);
        let mut hosts = Vec::new();
        while let Some((tag, name)) = names.next() {
            match (tag, name.len()) {
                (DNS_NAME, _) => hosts.push(shown(&String::from_utf8_lossy(name))),
                (IP_ADDRESS, 4) => hosts.extend(<[u8; 4]>::try_from(name).ok().map(|a| Ipv4Addr::from(a).to_string())),
                (IP_ADDRESS, 16) => {
                    hosts.extend(<[u8; 16]>::try_from(name).ok().map(|a| Ipv6Addr::from(a).to_string()));
                }
                _ => {}
            }
        }
        return Some(hosts);
    }
    None
}

/// `YYMMDDHHMMSSZ` (until 2049) or `YYYYMMDDHHMMSSZ`; RFC 5280 allows no other.
fn time((tag, text): (u8, &[u8])) -> Option<Utc> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            (if year < "50" { format!("20{year}") } else { format!("19{year}") }, rest)
        }
        GENERAL_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2);
    let [month, day, hour, minute, second] = [two(0)?, two(2)?, two(4)?, two(6)?, two(8)?];
    Utc::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// What another one wrote, as it may be shown.
fn shown(text: &str) -> String {
    let text = visible(text);
    if text.chars().nth(LONGEST_NAME).is_none() {
        return text.into_owned();
    }
    text.chars().take(LONGEST_NAME).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        if content.len() < 128 {
            bytes.push(content.len() as u8);
        } else {
            bytes.extend([0x82, (content.len() >> 8) as u8, content.len() as u8]);
        }
        bytes.extend(content);
        bytes
    }

    fn name(oid: &[u8], text: &str) -> Vec<u8> {
        let pair = [element(OBJECT_ID, oid), element(0x0C, text.as_bytes())].concat();
        element(SEQUENCE, &element(0x31, &element(SEQUENCE, &pair)))
    }

    fn certificate(hosts: &[(u8, &[u8])], until: (u8, &str), subject: &str) -> Vec<u8> {
        let names: Vec<u8> = hosts.iter().flat_map(|(tag, host)| element(*tag, host)).collect();
        let extension = [element(OBJECT_ID, ALTERNATIVE_NAMES), element(OCTETS, &element(SEQUENCE, &names))].concat();
        let validity = [element(UTC_TIME, b"991231235959Z"), element(until.0, until.1.as_bytes())].concat();
        let body = [
            element(VERSION, &element(0x02, &[2])),
            element(0x02, &[1]),
            element(SEQUENCE, &[]),
            name(ORGANISATION, "Plant authority"),
            element(SEQUENCE, &validity),
            name(COMMON_NAME, subject),
            element(SEQUENCE, &[0; 300]),
            element(EXTENSIONS, &element(SEQUENCE, &element(SEQUENCE, &extension))),
        ]
        .concat();
        element(SEQUENCE, &element(SEQUENCE, &body))
    }

    #[test]
    fn a_certificate_tells_its_names_its_issuer_and_its_days() {
        let hosts: [(u8, &[u8]); 3] = [(DNS_NAME, b"broker.example"), (IP_ADDRESS, &[10, 0, 0, 5]), (0x81, b"a@b")];
        let der = certificate(&hosts, (GENERAL_TIME, "20510102030405Z"), "broker");
        let read = Certificate::parse(&der).unwrap();
        assert_eq!(read.hosts, ["broker.example", "10.0.0.5"]);
        assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("broker", "Plant authority"));
        assert_eq!(read.not_before.to_rfc3339(), "1999-12-31T23:59:59.000Z");
        assert_eq!(read.not_after.to_rfc3339(), "2051-01-02T03:04:05.000Z");
        assert_eq!(read.title(), "broker.example, 10.0.0.5");
        let nameless = Certificate::parse(&certificate(&[], (UTC_TIME, "260102030405Z"), "a\u{1b}b")).unwrap();
        assert_eq!(nameless.title(), "\"a\\u{1B}b\"");
    }

    #[test]
    fn what_is_cut_anywhere_or_is_noise_is_no_certificate_and_no_panic() {
        let whole = certificate(&[(DNS_NAME, b"a")], (UTC_TIME, "260102030405Z"), "broker");
        for length in 0..whole.len() {
            assert_eq!(Certificate::parse(&whole[..length]), None, "{length}");
        }
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let mut noise = whole.clone();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(0..noise.len());
                noise[at] = random.u8(..);
            }
            let _whatever_it_is = Certificate::parse(&noise);
        }
    }
}
