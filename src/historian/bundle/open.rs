//! Takes a bundle apart into a folder of our own. It may come from anybody: its directory, its manifest, the names in it, its
//! sizes, checksums and databases are each held against what they may be, before anything is done with them.

use super::beside::plain;
use super::manifest::{self, Manifest, PartRow};
use super::scratch::Scratch;
use super::zip::{Archive, STEP};
use crate::historian::chain::hex;
use crate::historian::file::Kind;
use crate::historian::members::MEMBERS_FILE;
use crate::historian::{history, schema};
use crate::text::visible;
use crate::time::Utc;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a zip file begins with, and a project never.
const MARK: [u8; 4] = *b"PK\x03\x04";

/// A hundred times the largest project.
const LARGEST_TEXT: u64 = 256 * 1024 * 1024;

const ASK_AGAIN: &str = "ask whoever made it for it once more";

/// A bundle that was taken apart. Its parts go when this is dropped.
#[derive(Debug)]
pub struct Opened {
    /// The bundle.
    pub path: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// From when on it tells.
    pub from: Utc,
    /// And up to when: its now.
    pub to: Utc,
    /// The project's text, unpacked.
    pub project: PathBuf,
    /// The folder of its history and journal.
    pub data_folder: PathBuf,
    _scratch: Scratch,
}

/// How far a bundle is taken apart, for whoever waits; and whether to go on.
#[derive(Debug, Default)]
pub struct Unpacking {
    /// Bytes that are unpacked.
    pub bytes: AtomicU64,
    /// Of so many; 0: that is not known yet.
    pub of: AtomicU64,
    /// To be ended; nothing is left of it then.
    pub stop: AtomicBool,
}

/// Why a bundle is not opened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {mend}")]
pub struct OpenError {
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// Whether this file is to be opened as a bundle, by what it begins with.
pub fn is_bundle(path: &Path) -> bool {
    let mut first = [0; 4];
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    is_file && File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == MARK
}

/// Takes it apart. For a thread that may wait for a disk.
///
/// # Errors
/// What is wrong with it, and what to do; or that it was stopped.
pub fn open(path: &Path, unpacking: &Unpacking) -> Result<Opened, OpenError> {
    let scratch = Scratch::new().map_err(|error| {
        let what = format!("there is no place to unpack {}: {error}", shown(path));
        OpenError { what, mend: "make room in this user's folder for temporary files".to_owned() }
    })?;
    open_into(path, scratch, unpacking)
}

/// The same, into this folder.
pub(super) fn open_into(path: &Path, scratch: Scratch, far: &Unpacking) -> Result<Opened, OpenError> {
    let fault = |why: String, mend: &str| OpenError { what: format!("{} {why}", shown(path)), mend: mend.to_owned() };
    let damaged = |why: String| fault(format!("is damaged: {why}"), ASK_AGAIN);
    let file = File::open(path).map_err(|error| {
        fault(format!("could not be read: {error}"), "check the path, or copy the file elsewhere and open it there")
    })?;
    let mut archive = Archive::open(BufReader::with_capacity(STEP, file)).map_err(damaged)?;
    let none = "open a file that \"watchkeeper bundle\" made";
    let Ok(part) = archive.find(manifest::MANIFEST) else {
        return Err(fault("is a zip file, and no bundle of this program".to_owned(), none));
    };
    if part.bytes > manifest::MOST_BYTES {
        return Err(damaged(format!("its {} is too large", manifest::MANIFEST)));
    }
    let mut bytes = Vec::new();
    archive.read(part).and_then(|mut part| part.read_to_end(&mut bytes)).map_err(|e| damaged(e.to_string()))?;
    let Ok(format) = serde_json::from_slice::<Format>(&bytes) else {
        return Err(fault("is a zip file, and no bundle of this program".to_owned(), none));
    };
    if format.watchkeeper_bundle > manifest::FORMAT {
        let known = manifest::FORMAT;
        let why = format!("has bundle format {}, this version knows {known}", format.watchkeeper_bundle);
        return Err(fault(why, "open it with the version that made it, or a later one"));
    }
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| damaged(format!("its {} cannot be understood: {error}", manifest::MANIFEST)))?;
    let times = manifest.from().zip(manifest.to()).filter(|(from, to)| from <= to);
    let Some((from, to)) = times else { return Err(damaged("it does not say of which time it is".to_owned())) };
    let all = manifest.parts.iter().fold(0_u64, |all, part| all.saturating_add(part.bytes));
    far.of.store(all, Ordering::Relaxed);
    let parts = Parts { archive: &mut archive, folder: scratch.path(), far };
    let unpacked = parts.unpack(&manifest);
    if far.stop.load(Ordering::Relaxed) {
        return Err(fault("was not opened: it was stopped".to_owned(), "open it again"));
    }
    let (project, data_folder) = unpacked.map_err(damaged)?;
    Ok(Opened { path: path.to_owned(), manifest, from, to, project, data_folder, _scratch: scratch })
}

/// The one number that every format has.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Format {
    watchkeeper_bundle: u32,
}

struct Parts<'a> {
    archive: &'a mut Archive<BufReader<File>>,
    folder: &'a Path,
    far: &'a Unpacking,
}

impl Parts<'_> {
    /// Where the project's text is then, and the data folder.
    fn unpack(mut self, manifest: &Manifest) -> Result<(PathBuf, PathBuf), String> {
        let data = self.folder.join("data");
        let beside = self.folder.join("project");
        for folder in [&data, &beside] {
            fs::create_dir(folder).map_err(|error| format!("it could not be unpacked: {error}"))?;
        }
        let mut project = None;
        let mut has_history = false;
        for row in &manifest.parts {
            let shown = visible(&row.name);
            match row.name.as_str() {
                manifest::HISTORY => {
                    let path = data.join(history::HISTORY_FILE);
                    self.part(row, &path)?;
                    check_database(&history::schema::KIND, &path, &shown)?;
                    has_history = true;
                }
                manifest::JOURNAL => {
                    let path = data.join(crate::historian::JOURNAL_FILE);
                    self.part(row, &path)?;
                    check_database(&schema::KIND, &path, &shown)?;
                }
                manifest::MEMBERS => self.part(row, &data.join(MEMBERS_FILE))?,
                name => {
                    // What a later version adds is none of ours.
                    let Some(below) = name.strip_prefix(manifest::PROJECT_FOLDER) else { continue };
                    let harmless = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
                    let Some(below) = plain(below).filter(|plain| plain == below && plain.chars().all(harmless)) else {
                        return Err(format!("its part {shown} would be unpacked elsewhere"));
                    };
                    let path = beside.join(&below);
                    if *row.name == manifest.project && row.bytes <= LARGEST_TEXT && !below.contains('/') {
                        project = Some(path.clone());
                    }
                    self.part(row, &path)?;
                }
            }
        }
        if !has_history {
            return Err(format!("it has no {}", manifest::HISTORY));
        }
        project.map(|project| (project, data)).ok_or_else(|| "it has no project".to_owned())
    }

    /// Unpacks one part into a file that is not there yet.
    fn part(&mut self, row: &PartRow, path: &Path) -> Result<(), String> {
        let shown = visible(&row.name).into_owned();
        let part = self.archive.find(&row.name)?;
        if part.bytes != row.bytes {
            return Err(format!("its part {shown} has {} bytes, and its manifest says {}", part.bytes, row.bytes));
        }
        let copied = (|| {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut from = self.archive.read(part)?;
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            let (mut sha, mut step, mut bytes) = (Sha256::new(), vec![0; STEP], 0);
            loop {
                let read = from.read(&mut step)?;
                if read == 0 {
                    return Ok((bytes, sha.finalize()));
                }
                sha.update(&step[..read]);
                file.write_all(&step[..read])?;
                bytes += read as u64;
                self.far.bytes.fetch_add(read as u64, Ordering::Relaxed);
                if self.far.stop.load(Ordering::Relaxed) {
                    return Err(io::ErrorKind::Interrupted.into());
                }
            }
        })();
        let (bytes, hash) =
            copied.map_err(|error: io::Error| format!("its part {shown} could not be unpacked: {error}"))?;
        if bytes != row.bytes || hex(&hash) != row.sha256.to_ascii_lowercase() {
            return Err(format!("its part {shown} is not what was packed; its SHA-256 is another"));
        }
        Ok(())
    }
}

fn check_database(kind: &Kind, path: &Path, shown: &str) -> Result<(), String> {
    kind.check_foreign(path).map_err(|why| format!("its part {shown} cannot be used: {why}"))
}

/// A path as people read it.
fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::zip::Writer;
    use super::*;
    use crate::historian::history::store::Store;
    use rusqlite::Connection;
    use std::io::Cursor;
    use tempfile::TempDir;

    /// A history as a bundle has it.
    fn history() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path(), Utc(0)).unwrap());
        let path = folder.path().join(history::HISTORY_FILE);
        Connection::open(&path).unwrap().query_row("PRAGMA journal_mode = delete", [], |_| Ok(())).unwrap();
        fs::read(path).unwrap()
    }

    /// A bundle of these parts, and what its manifest says where that is not the truth.
    fn bundle(parts: &[(&str, &[u8])], says: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Utc(0));
        let mut rows = Vec::new();
        for (name, bytes) in parts {
            let hash = writer.add(name, bytes.len() as u64, &mut &**bytes, &mut || Ok(())).unwrap();
            rows.push(serde_json::json!({"name": name, "bytes": bytes.len(), "sha256": hex(&hash)}));
        }
        let mut manifest = serde_json::json!({
            "watchkeeper-bundle": 1, "made-by": "a test", "made": "2026-11-28T10:00:00Z", "plant": "P",
            "from": "2026-11-28T09:00:00Z", "to": "2026-11-28T10:00:00Z", "project": "project/plant.toml",
            "tags": 0, "samples": 0, "entries": 0, "parts": rows,
        });
        says(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        writer.add(manifest::MANIFEST, bytes.len() as u64, &mut bytes.as_slice(), &mut || Ok(())).unwrap();
        writer.finish().unwrap().into_inner()
    }

    /// What opening it says; nothing of it is left either way, nor anywhere else.
    fn opened(bytes: &[u8]) -> Result<(), String> {
        let place: TempDir = tempfile::tempdir().unwrap();
        let (path, below) = (place.path().join("a.bundle.zip"), place.path().join("below"));
        fs::write(&path, bytes).unwrap();
        let found = open_into(&path, Scratch::below(&below).unwrap(), &Unpacking::default());
        let found = found.map(|opened| assert!(opened.project.is_file())).map_err(|error| error.to_string());
        assert_eq!(fs::read_dir(&below).unwrap().count(), 0);
        let beside: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside.len(), 2, "{beside:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "it is never written to");
        found
    }

    fn refused(bytes: &[u8], why: &str) {
        let told = opened(bytes).unwrap_err();
        assert!(told.contains(why), "{told}");
    }

    #[test]
    fn a_bundle_is_opened_and_what_a_later_version_adds_is_passed_over() {
        let history = history();
        let parts: [(&str, &[u8]); 4] = [
            (manifest::HISTORY, &history),
            ("project/plant.toml", b"watchkeeper = 1"),
            ("project/pics/a.svg", b"<svg/>"),
            ("notes.txt", b"from a later version"),
        ];
        opened(&bundle(&parts, |_| {})).unwrap();
    }

    #[test]
    fn how_far_it_is_can_be_seen_and_one_that_is_stopped_leaves_nothing() {
        let history = history();
        let parts: [(&str, &[u8]); 2] = [(manifest::HISTORY, &history), ("project/plant.toml", b"watchkeeper = 1")];
        let place = tempfile::tempdir().unwrap();
        let (path, below) = (place.path().join("a.bundle.zip"), place.path().join("below"));
        fs::write(&path, bundle(&parts, |_| {})).unwrap();
        let far = Unpacking::default();
        let opened = open_into(&path, Scratch::below(&below).unwrap(), &far).unwrap();
        let all = (history.len() + 15) as u64;
        assert_eq!((far.bytes.into_inner(), far.of.into_inner()), (all, all));
        drop(opened);
        let far = Unpacking { stop: AtomicBool::new(true), ..Unpacking::default() };
        let why = open_into(&path, Scratch::below(&below).unwrap(), &far).unwrap_err().to_string();
        assert!(why.ends_with("a.bundle.zip was not opened: it was stopped; open it again"), "{why}");
        assert!(far.bytes.into_inner() < all, "at the next step");
        assert_eq!(fs::read_dir(&below).unwrap().count(), 0);
    }

    #[test]
    fn no_name_in_a_bundle_leads_out_of_the_folder_for_its_parts() {
        let history = history();
        for name in [
            "project/../../escaped",
            "project//etc/escaped",
            "project/a/./b",
            "project/C:escaped",
            "project/..\\escaped",
            "project/\u{202e}/..",
            "project/",
            "project/a\nb",
        ] {
            let parts: [(&str, &[u8]); 3] =
                [(manifest::HISTORY, &history), (name, b"x"), ("project/plant.toml", b"watchkeeper = 1")];
            refused(&bundle(&parts, |_| {}), "would be unpacked elsewhere");
        }
    }

    #[test]
    fn what_is_not_as_it_says_is_told_and_a_newer_format_names_the_way_out() {
        let history = history();
        let parts: [(&str, &[u8]); 2] = [(manifest::HISTORY, &history), ("project/plant.toml", b"watchkeeper = 1")];
        let says = |at: &'static str, value: serde_json::Value| bundle(&parts, move |m| m[at] = value);
        refused(&bundle(&parts, |m| m["parts"][1]["sha256"] = "00".into()), "its SHA-256 is another; ask whoever");
        refused(&bundle(&parts, |m| m["parts"][1]["bytes"] = 7.into()), "and its manifest says 7");
        refused(&bundle(&parts, |m| m["parts"][0]["name"] = "history.sqlite2".into()), "it has no history.sqlite");
        refused(&says("watchkeeper-bundle", 2.into()), "has bundle format 2, this version knows 1; open it with");
        refused(&says("project", "project/other.toml".into()), "it has no project");
        refused(&says("to", "2026-11-28T08:00:00Z".into()), "does not say of which time it is");
        refused(&says("parts", 7.into()), "its manifest.json cannot be understood");
        let twice = [parts[0], parts[1], ("project/plant.tomm", parts[1].1)];
        let twice =
            bundle(&twice, |_| {}).iter().map(|byte| if *byte == b'm' { b'l' } else { *byte }).collect::<Vec<_>>();
        refused(&twice, "two of its parts have one name");
        refused(&bundle(&[parts[1]], |_| {}), "it has no history.sqlite");
        let whole = bundle(&parts, |_| {});
        refused(&whole[..whole.len() - 10], "it was cut off");
        refused(b"PK\x03\x04", "it was cut off");
        let mut plain = Writer::new(Cursor::new(Vec::new()), Utc(0));
        plain.add("letter.txt", 2, &mut &b"hi"[..], &mut || Ok(())).unwrap();
        refused(&plain.finish().unwrap().into_inner(), "is a zip file, and no bundle of this program; open a file");
    }

    #[test]
    fn a_database_with_more_in_it_than_tables_of_ours_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.sqlite");
        let forged = |sql: &str| {
            fs::write(&path, history()).unwrap();
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            let bytes = fs::read(&path).unwrap();
            bundle(&[(manifest::HISTORY, &bytes), ("project/plant.toml", b"watchkeeper = 1")], |_| {})
        };
        let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS seq, x AS body FROM n";
        refused(&forged(&format!("DROP TABLE log; CREATE VIEW log AS {endless};")), "it is no history of this program");
        refused(&forged("CREATE TABLE more (x)"), "it is no history of this program");
        refused(&forged("PRAGMA application_id = 7"), "it is no history of this program");
        refused(&forged("PRAGMA user_version = 99"), "it has history format 99, this version knows");
        let torn = bundle(&[(manifest::HISTORY, &[7; 5_000]), ("project/plant.toml", b"watchkeeper = 1")], |_| {});
        refused(&torn, "its part history.sqlite cannot be used");
    }
}
