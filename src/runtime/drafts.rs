//! What is edited and not saved yet, and what the project was lately: kept in the folder `drafts` of its data folder.
//!
//! There, because that folder is the plant's own and on the disk that was chosen for it, and no part of what is reviewed
//! and versioned beside the project's file.
//!
//! ```text
//! drafts/draft.toml      the text as it is edited; gone when it is saved or given up
//! drafts/draft.base.toml the text of the file that it was made from
//! drafts/draft.lock      locked by the program that edits it, for as long as it runs
//! drafts/draft-2.toml    that of a second program that edits the project at the same time; and so on
//! drafts/2026-11-27T20-35-02.125Z.toml   a snapshot: fifty at most, and 256 MiB of them
//! ```
//! Invariant: each file is whole or not there; a draft without its base is read all the same.
//! Invariant: no program writes or forgets a draft whose place another one holds.

use super::save::keep;
use crate::link::{EarlierText, FoundDraft};
use crate::project::edit::Kept;
use crate::project::{diff, file};
use crate::time::{Mono, Span, Utc};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Snapshots that are kept.
pub const MOST_SNAPSHOTS: usize = 50;

/// Bytes that they may take in all; the newest is kept whatever its size.
const MOST_SNAPSHOT_BYTES: u64 = 256 << 20;

/// More is no draft of a project.
const LARGEST_BYTES: u64 = 256 << 20;

const FOLDER: &str = "drafts";

/// Programs that edit one project at the same time, each with a draft of its own; more share the last place.
const MOST_SEATS: u32 = 16;

/// The drafts of one project.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
    /// Which of the places for drafts is meant, from 1 on.
    nth: u32,
}

/// A place for a draft, held until it is dropped or the program ends.
#[derive(Debug)]
pub struct Seat {
    drafts: Drafts,
    /// `None`: its file system knows no locks.
    _lock: Option<fs::File>,
}

impl Seat {
    /// The drafts of its project, with its own.
    pub const fn drafts(&self) -> &Drafts {
        &self.drafts
    }

    /// Whether it is one of a project.
    pub fn is_of(&self, drafts: &Drafts) -> bool {
        self.drafts.folder == drafts.folder
    }
}

impl Drafts {
    /// Of the project with this data folder. Nothing is made before there is something to keep.
    pub fn of(data_folder: &Path) -> Self {
        Self { folder: data_folder.join(FOLDER), nth: 1 }
    }

    fn places(&self) -> impl Iterator<Item = Self> {
        (1..=MOST_SEATS).map(|nth| Self { folder: self.folder.clone(), nth })
    }

    fn file(&self, ending: &str) -> PathBuf {
        let name = if self.nth == 1 { format!("draft.{ending}") } else { format!("draft-{}.{ending}", self.nth) };
        self.folder.join(name)
    }

    fn draft(&self) -> PathBuf {
        self.file("toml")
    }

    fn base(&self) -> PathBuf {
        self.file("base.toml")
    }

    /// Takes this place. `None`: another program holds it.
    fn take(self) -> io::Result<Option<Seat>> {
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.file("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Seat { drafts: self, _lock: Some(lock) })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(_)) => Ok(Some(Seat { drafts: self, _lock: None })),
        }
    }

    /// Takes the place of a draft that a program left which has ended, if there is one.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn take_left(&self) -> io::Result<Option<Seat>> {
        for place in self.places().filter(|place| place.draft().exists()) {
            if let Some(seat) = place.take()? {
                return Ok(Some(seat));
            }
        }
        Ok(None)
    }

    /// Takes a place that nobody holds, one without a draft if there is any.
    ///
    /// # Errors
    /// Where the disk refuses, or all are held.
    pub fn take_free(&self) -> io::Result<Seat> {
        fs::create_dir_all(&self.folder)?;
        for place in self.places().filter(|place| !place.draft().exists()) {
            if let Some(seat) = place.take()? {
                return Ok(seat);
            }
        }
        let words = || io::Error::other(format!("{MOST_SEATS} programs edit the project already"));
        self.take_left()?.ok_or_else(words)
    }

    /// Whether another program edits the project, beside the one that holds `own`.
    pub fn are_edited_elsewhere(&self, own: Option<&Seat>) -> bool {
        let others = self.places().filter(|place| own.is_none_or(|own| own.drafts.nth != place.nth));
        let mut held = others.filter(|place| place.file("lock").exists());
        held.any(|place| matches!(place.take(), Ok(None)))
    }

    /// Keeps a draft; one that says what its file says is none.
    ///
    /// # Errors
    /// Where the disk refuses; what was kept before is still there.
    pub fn keep(&self, draft: &Kept) -> io::Result<()> {
        if !draft.is_changed() {
            return self.forget();
        }
        fs::create_dir_all(&self.folder)?;
        let (base, saved) = (self.base(), draft.saved_bytes());
        if read(&base)?.as_ref() != Some(&saved) {
            keep(&base, &saved)?;
        }
        keep(&self.draft(), &draft.bytes())
    }

    /// Forgets the draft: it was saved, or given up.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn forget(&self) -> io::Result<()> {
        // The draft first: a base alone is nothing.
        for file in [self.draft(), self.base()] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The draft that an earlier run left, if it says anything else than the file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn find(&self, file_now: &[u8]) -> io::Result<Option<FoundDraft>> {
        let Some(text) = read(&self.draft())? else { return Ok(None) };
        if text == file_now {
            self.forget()?;
            return Ok(None);
        }
        let base = read(&self.base())?.unwrap_or_else(|| file_now.to_vec());
        let changes = diff::changes(&file::read(file_now).0, &file::read(&text).0);
        Ok(Some(FoundDraft { file_changed: base != file_now, text, base, changes }))
    }

    /// Keeps a snapshot, unless the newest says the same, and lets the oldest go.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn snapshot(&self, now: Utc, text: &[u8]) -> io::Result<()> {
        let known = self.snapshots()?;
        if let Some(newest) = known.first()
            && newest.bytes == text.len() as u64
            && read(&newest.path)?.as_deref() == Some(text)
        {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        // A clock that was set back makes none that is older than what is there.
        let now = known.first().map_or(now, |newest| Utc(now.0.max(newest.time.0 + 1_000)));
        keep(&self.folder.join(format!("{}.toml", now.to_rfc3339().replace(':', "-"))), text)?;
        let mut total = 0;
        for (nth, snapshot) in self.snapshots()?.into_iter().enumerate() {
            total += snapshot.bytes;
            if nth > 0 && (nth >= MOST_SNAPSHOTS || total > MOST_SNAPSHOT_BYTES) {
                fs::remove_file(&snapshot.path)?;
            }
        }
        Ok(())
    }

    /// Makes a snapshot of the draft that an earlier run left, before another takes its place.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn snapshot_of_left(&self, now: Utc) -> io::Result<()> {
        read(&self.draft())?.map_or(Ok(()), |left| self.snapshot(now, &left))
    }

    /// The snapshots, newest first.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn snapshots(&self) -> io::Result<Vec<EarlierText>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Some(time) = entry.file_name().to_str().and_then(time_from) else { continue };
            found.push(EarlierText { time, path: entry.path(), bytes: entry.metadata()?.len() });
        }
        found.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.time));
        Ok(found)
    }

    /// The text of a snapshot.
    ///
    /// # Errors
    /// Where it cannot be read, or was let go meanwhile.
    pub fn text_of(snapshot: &EarlierText) -> io::Result<Vec<u8>> {
        read(&snapshot.path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// `2026-11-27T20-35-02.125Z.toml`.
fn time_from(name: &str) -> Option<Utc> {
    let (date, time) = name.strip_suffix(".toml")?.split_once('T')?;
    Utc::parse_rfc3339(&format!("{date}T{}", time.replace('-', ":")))
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// When a draft is to be kept: soon after a change, and not at every letter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    kept: Option<Mono>,
    snapshot: Option<Mono>,
}

impl Pace {
    /// A change is on the disk after this time at the latest.
    pub const DRAFT: Span = Span::from_secs(2);

    /// From one snapshot to the next while it is edited; a save makes one too.
    pub const SNAPSHOT: Span = Span::from_secs(300);

    /// How long a change has to wait.
    pub fn wait(&self, now: Mono) -> Duration {
        self.kept.map_or(Duration::ZERO, |kept| Span(Self::DRAFT.0 - (now.0 - kept.0)).to_std())
    }

    /// It is kept now; whether a snapshot is due as well.
    pub fn kept(&mut self, now: Mono) -> bool {
        self.kept = Some(now);
        let since = *self.snapshot.get_or_insert(now);
        let due = now.0 - since.0 >= Self::SNAPSHOT.0;
        if due {
            self.snapshot = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::edit::{Draft, Edit, EntityId, Value};

    const TEXT: &str = "watchkeeper = 1\nname = \"a\"\n";

    fn edited() -> Draft {
        let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
        let edit = Edit::Set { of: EntityId::PROJECT, key: "name".into(), value: Value::Text("b".into()) };
        draft.edit(&[edit]).unwrap();
        draft
    }

    #[test]
    fn a_draft_is_found_after_a_crash_with_what_it_differs_by() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::of(folder.path());
        assert!(drafts.find(TEXT.as_bytes()).unwrap().is_none());
        let mut draft = edited();
        drafts.keep(&draft.kept()).unwrap();
        let found = drafts.find(TEXT.as_bytes()).unwrap().unwrap();
        assert_eq!((found.changes, found.file_changed), (vec!["name of the project a → b".to_owned()], false));
        let found = drafts.find(b"watchkeeper = 1\nname = \"c\"\n").unwrap().unwrap();
        assert!(found.file_changed);
        let mut again = Draft::take_up(&found.base, &found.text).unwrap();
        assert_eq!((again.bytes(), again.saved_bytes()), (draft.bytes(), TEXT.as_bytes().to_vec()));
        again.undo();
        assert!(!again.is_changed());
        // Saved, by whatever way: there is nothing to take up.
        assert!(drafts.find(&draft.bytes()).unwrap().is_none());
        drafts.keep(&draft.kept()).unwrap();
        draft.mark_saved(&draft.kept());
        drafts.keep(&draft.kept()).unwrap();
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn fifty_snapshots_are_kept_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::of(folder.path());
        for nth in 0..60_i64 {
            let text = format!("# {nth}\n");
            drafts.snapshot(Utc(nth * 1_000_000), text.as_bytes()).unwrap();
            // The same again is none.
            drafts.snapshot(Utc(nth * 1_000_000 + 1), text.as_bytes()).unwrap();
        }
        let kept = drafts.snapshots().unwrap();
        assert_eq!((kept.len(), kept[0].time, kept[49].time), (MOST_SNAPSHOTS, Utc(59_000_000), Utc(10_000_000)));
        assert_eq!(Drafts::text_of(&kept[0]).unwrap(), b"# 59\n");
        // With the clock set back it is still the newest.
        drafts.snapshot(Utc(0), b"late").unwrap();
        assert_eq!(Drafts::text_of(&drafts.snapshots().unwrap()[0]).unwrap(), b"late");
    }

    #[test]
    fn a_change_is_kept_within_two_seconds_and_a_snapshot_made_every_five_minutes() {
        let mut pace = Pace::default();
        let at = |secs: i64| Mono(secs * 1_000_000);
        assert_eq!(pace.wait(at(10)), Duration::ZERO);
        assert!(!pace.kept(at(10)));
        assert_eq!(pace.wait(at(11)), Duration::from_secs(1));
        assert_eq!(pace.wait(at(100)), Duration::ZERO);
        assert!(!pace.kept(at(309)) && pace.kept(at(310)) && !pace.kept(at(312)));
    }
}
