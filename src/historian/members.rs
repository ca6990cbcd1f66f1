//! Topics that made tags by a name pattern, kept in the data folder: after a start their tags are there, and wait, before a
//! message of theirs has come, and their alarms are watched.
//!
//! A text that a person may read: a line for each topic, its device before it.

use crate::project::Member;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

/// Its name in the data folder.
pub const MEMBERS_FILE: &str = "members.txt";

/// More is not read: a hundred times the topics of a great plant.
const LARGEST_BYTES: u64 = 256 << 20;

/// Longest topic of the protocol, in bytes.
const LONGEST_TOPIC: usize = 65_535;

const HEAD: &str = "# Topics that were found by watchkeeper, by device: a tab stands between. To forget one:\n\
                    # watchkeeper members PROJECT --forget TOPIC\n";

/// The topics, in the order in which they were found, and how many lines could not be understood.
///
/// # Errors
/// Where the file cannot be read. That there is none is no error: nothing was found yet.
pub fn read(folder: &Path) -> std::io::Result<(Vec<Member>, usize)> {
    let file = match File::open(folder.join(MEMBERS_FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST_BYTES).read_to_end(&mut bytes)?;
    let mut members = Vec::new();
    let mut damaged = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match std::str::from_utf8(line).ok().and_then(member) {
            Some(member) => members.push(member),
            None => damaged += 1,
        }
    }
    Ok((members, damaged))
}

/// Keeps these, whole or not at all.
///
/// # Errors
/// Where the disk refuses; what was kept before is still there.
pub fn write(folder: &Path, members: &[Member]) -> std::io::Result<()> {
    let mut text = HEAD.to_owned();
    for member in members {
        text.extend([&escaped(&member.device), "\t", &escaped(&member.topic), "\n"]);
    }
    let (path, temporary) = (folder.join(MEMBERS_FILE), folder.join(format!("{MEMBERS_FILE}-new")));
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, &path)
}

fn member(line: &str) -> Option<Member> {
    let (device, topic) = line.split_once('\t')?;
    let (device, topic) = (plain(device)?, plain(topic)?);
    let is_topic = !topic.is_empty() && topic.len() <= LONGEST_TOPIC && !topic.contains(['+', '#', '\0']);
    (is_topic && !device.is_empty()).then(|| Member { device: device.into(), topic: topic.into() })
}

/// On one line, and no line that is passed over.
fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '#' if at == 0 => line.push_str("\\#"),
            other => line.push(other),
        }
    }
    line
}

fn plain(line: &str) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                sign @ ('\\' | '#') => sign,
                _ => return None,
            },
            '\t' => return None,
            other => other,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[(&str, &str)]) -> Vec<Member> {
        of.iter().map(|(device, topic)| Member { device: (*device).into(), topic: (*topic).into() }).collect()
    }

    #[test]
    fn what_was_written_is_read_whatever_its_letters() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), (vec![], 0), "nothing was found yet");
        let all = members(&[
            ("site", "site/a/state"),
            ("# 1", "x"),
            ("# 1", "x/#"),
            ("si te", "a\tb\nc\r\\d"),
            ("Ümlaut", "\u{1F600}/$x//"),
            ("site", " "),
        ]);
        write(folder.path(), &all).unwrap();
        let kept: Vec<Member> = all.into_iter().filter(|member| !member.topic.contains('#')).collect();
        assert_eq!(read(folder.path()).unwrap(), (kept, 1), "no topic has a wildcard");
        write(folder.path(), &members(&[("site", "b")])).unwrap();
        assert_eq!(read(folder.path()).unwrap(), (members(&[("site", "b")]), 0));
    }

    #[test]
    fn a_damaged_line_costs_itself() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            b"# a note\nsite\ta\r\nsite\nsite\t\n\ta\nsite\ta\tb\nsite\t\xff\n\nsite\ta\\q\nsite\ta/+\nsite\tlast";
        fs::write(folder.path().join(MEMBERS_FILE), text).unwrap();
        assert_eq!(read(folder.path()).unwrap(), (members(&[("site", "a"), ("site", "last")]), 7));
    }
}
