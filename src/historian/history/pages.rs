//! A database's pages and their rows as they lie in the file, read without SQLite: where its structure is damaged, SQLite
//! reads nothing behind the damage, and most of it is whole.
//!
//! After the file format of SQLite 3 (<https://www.sqlite.org/fileformat.html>): leaves of tables and indexes, overflow chains, the
//! map of pages that a database with `auto_vacuum` has, and the write-ahead log. Nothing here is believed for standing where it
//! should: whoever takes a row holds it against its checksum.
//! Invariant: no bytes make it panic, loop or allocate more than a row may have.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of the longest row that is read.
const LONGEST_ROW: usize = 32 << 20;

/// Where locks are taken on a file: the page that holds this byte is never used.
const PENDING_BYTE: u64 = 0x4000_0000;

const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The pages of a file, those in its write-ahead log before those in the file.
#[derive(Debug)]
pub struct Pages {
    file: File,
    wal: Option<File>,
    /// Where the last committed state of a page lies in the log.
    newer: HashMap<u32, u64>,
    size: usize,
    count: u32,
    was_cut: bool,
    /// The page of the map that was looked at last.
    map: Option<(u32, Vec<u8>)>,
}

/// What a page is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Tree,
    Other,
    /// The map of pages is damaged.
    Unknown,
}

/// A row of a table, or an entry of an index.
#[derive(Debug)]
pub struct Cell {
    /// Of a row: its number.
    pub rowid: Option<i64>,
    local: Vec<u8>,
    length: usize,
    overflow: u32,
}

impl Cell {
    /// Of a row that begins without a value, as one whose number is a column does: how many blobs follow, where these are all
    /// that there is, but for a number behind them. Told without the parts of it that lie elsewhere.
    pub fn blobs(&self) -> Option<usize> {
        let (header, _) = varint(&self.local)?;
        let (_, mut kinds) = varint(self.local.get(..usize::try_from(header).ok()?)?)?;
        let (mut place, mut blobs) = (0, 0);
        while !kinds.is_empty() {
            let (kind, rest) = varint(kinds)?;
            match kind {
                0 if place == 0 => {}
                12.. if kind % 2 == 0 && place == blobs + 1 => blobs += 1,
                0..=9 if blobs > 0 && rest.is_empty() => {}
                _ => return None,
            }
            (place, kinds) = (place + 1, rest);
        }
        Some(blobs).filter(|blobs| *blobs > 0)
    }
}

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// None.
    Null,
    /// A whole number; a column of numbers keeps those that are whole like this, too.
    Int(i64),
    /// A number.
    Real(f64),
    /// Bytes.
    Blob(&'a [u8]),
    /// UTF-8.
    Text(&'a str),
}

impl Pages {
    /// Of a file and of the write-ahead log beside it. `page_bytes`: of a page, where the header does not say.
    pub fn open(path: &Path, page_bytes: usize) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; 100];
        let told =
            file.read_exact(&mut header).ok().map(|()| usize::from(u16::from_be_bytes([header[16], header[17]])));
        let known = |size: &usize| header.starts_with(b"SQLite format 3\0") && (512..=32_768).contains(size);
        let told = told.filter(known).filter(|size| size.is_power_of_two());
        let size = told.unwrap_or(page_bytes);
        let mut wal = wal_beside(path);
        let newer = match &mut wal {
            Some(wal) => Log::read(wal).newest(size),
            None => HashMap::new(),
        };
        let in_file = file.metadata()?.len().div_ceil(size as u64);
        let count = newer.keys().copied().max().unwrap_or(0).max(u32::try_from(in_file).unwrap_or(u32::MAX));
        let was_cut = told.is_some() && u32_at(&header, 28).is_some_and(|pages| pages > count);
        Ok(Self { file, wal, newer, size, count, was_cut, map: None })
    }

    /// How many there are. The first is number 1.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether the header tells of more.
    pub const fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// A page. `None`: the disk does not give it.
    fn page(&mut self, number: u32) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.size];
        let (file, at) = match (self.newer.get(&number), &mut self.wal) {
            (Some(at), Some(wal)) => (wal, *at),
            _ => (&mut self.file, u64::from(number.checked_sub(1)?) * self.size as u64),
        };
        file.seek(SeekFrom::Start(at)).ok()?;
        // The last one of a file that was cut is read as far as it goes.
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        (filled > 0).then_some(bytes)
    }

    /// Whether a page was one of a table or an index, and is not any more what such a page is: rows are gone of which nothing
    /// tells. The first holds the schema alone.
    pub fn is_lost(&mut self, number: u32) -> bool {
        if number == 1 || !matches!(self.use_of(number), Use::Tree) {
            return false;
        }
        !self.page(number).is_some_and(|page| matches!(page.first(), Some(2 | 5 | 10 | 13)))
    }

    /// What a page is used for, as the map of pages tells: one that is free still holds what was deleted.
    fn use_of(&mut self, number: u32) -> Use {
        if number == 1 {
            return Use::Tree;
        }
        let pending = u32::try_from(PENDING_BYTE / self.size as u64 + 1).unwrap_or(u32::MAX);
        let group = self.size as u32 / 5 + 1;
        let mut map = (number - 2) / group * group + 2;
        if map == pending {
            map += 1;
        }
        if number <= map || number == pending {
            return Use::Other;
        }
        if self.map.as_ref().is_none_or(|(known, _)| *known != map) {
            self.map = self.page(map).map(|bytes| (map, bytes));
        }
        let entry = (number - map - 1) as usize * 5;
        let kind = self.map.as_ref().and_then(|(_, bytes)| bytes.get(entry)).copied();
        match kind {
            Some(1 | 5) => Use::Tree,
            // Free, and the rest of long rows.
            Some(2..=4) => Use::Other,
            _ => Use::Unknown,
        }
    }

    /// The rows and entries of a page; none where it holds none.
    pub fn cells(&mut self, number: u32) -> Vec<Cell> {
        let page = if self.use_of(number) == Use::Other { None } else { self.page(number) };
        page.and_then(|page| cells_of(&page, if number == 1 { 100 } else { 0 })).unwrap_or_default()
    }

    /// All bytes of a row. `None`: a part of it is gone.
    pub fn whole(&mut self, cell: &Cell) -> Option<Vec<u8>> {
        let mut bytes = cell.local.clone();
        let mut next = cell.overflow;
        while bytes.len() < cell.length {
            if next == 0 || next > self.count {
                return None;
            }
            let page = self.page(next)?;
            next = u32_at(&page, 0)?;
            let part = page.get(4..)?;
            bytes.extend(part.iter().take(cell.length - bytes.len()));
        }
        Some(bytes)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number of one to nine bytes, and what comes behind it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (i, byte) in bytes.iter().enumerate().take(9) {
        if i == 8 {
            return Some((number << 8 | u64::from(*byte), &bytes[9..]));
        }
        number = number << 7 | u64::from(byte & 0x7F);
        if *byte < 0x80 {
            return Some((number, &bytes[i + 1..]));
        }
    }
    None
}

/// `None`: it is no page of rows or entries.
fn cells_of(page: &[u8], header: usize) -> Option<Vec<Cell>> {
    const INNER_INDEX: u8 = 2;
    const LEAF_INDEX: u8 = 10;
    const LEAF_TABLE: u8 = 13;
    let kind = *page.get(header)?;
    if !matches!(kind, INNER_INDEX | LEAF_INDEX | LEAF_TABLE) {
        return None;
    }
    let pointers = header + if kind == INNER_INDEX { 12 } else { 8 };
    let count = u16_at(page, header + 3)?.min(page.len() / 4);
    let cell = |i: usize| -> Option<Cell> {
        let mut rest = page.get(u16_at(page, pointers + 2 * i)?..)?;
        if kind == INNER_INDEX {
            rest = rest.get(4..)?;
        }
        let (length, after) = varint(rest)?;
        rest = after;
        let mut rowid = None;
        if kind == LEAF_TABLE {
            let (number, after) = varint(rest)?;
            (rowid, rest) = (Some(number as i64), after);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_ROW)?;
        let local = local_bytes(length, page.len(), kind == LEAF_TABLE);
        let overflow = if local < length { u32_at(rest, local)? } else { 0 };
        Some(Cell { rowid, local: rest.get(..local)?.to_vec(), length, overflow })
    };
    Some((0..count).filter_map(cell).collect())
}

/// How many bytes of a row lie on its own page.
const fn local_bytes(length: usize, page: usize, table: bool) -> usize {
    let most = if table { page - 35 } else { (page - 12) * 64 / 255 - 23 };
    if length <= most {
        return length;
    }
    let least = (page - 12) * 32 / 255 - 23;
    let fitting = least + (length - least) % (page - 4);
    if fitting <= most { fitting } else { least }
}

/// The values of a row. `None`: it is none.
pub fn fields(row: &[u8]) -> Option<Vec<Field<'_>>> {
    let (header, _) = varint(row)?;
    let (kinds, mut values) = row.split_at_checked(usize::try_from(header).ok()?)?;
    let (_, mut kinds) = varint(kinds)?;
    let mut fields = Vec::new();
    while !kinds.is_empty() {
        let (kind, rest) = varint(kinds)?;
        kinds = rest;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).ok()?,
            _ => return None,
        };
        let (value, rest) = values.split_at_checked(length)?;
        values = rest;
        fields.push(match kind {
            0 => Field::Null,
            8 => Field::Int(0),
            9 => Field::Int(1),
            7 => Field::Real(f64::from_be_bytes(*value.first_chunk()?)),
            12.. if kind % 2 == 0 => Field::Blob(value),
            13.. => Field::Text(std::str::from_utf8(value).ok()?),
            _ => {
                let negative = value.first().is_some_and(|byte| *byte >= 0x80);
                let from = if negative { -1_i64 } else { 0 };
                Field::Int(value.iter().fold(from, |number, byte| number << 8 | i64::from(*byte)))
            }
        });
    }
    Some(fields)
}

impl Field<'_> {
    /// A whole number.
    pub const fn int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }
}

fn wal_beside(path: &Path) -> Option<File> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    File::open(name).ok()
}

/// A write-ahead log.
struct Log {
    size: usize,
    frames: Vec<Frame>,
}

/// A page as a transaction left it.
#[derive(Debug, Clone, Copy)]
struct Frame {
    page: u32,
    /// Where its bytes begin.
    at: u64,
    /// It is the last of its transaction.
    ends: bool,
    /// It is of this log, and not left of an earlier one.
    ours: bool,
    /// It is what was written.
    whole: bool,
}

impl Log {
    /// Of an empty or broken header there is none: SQLite does not read it either.
    fn read(file: &mut File) -> Self {
        let none = Self { size: 0, frames: Vec::new() };
        let mut reader = io::BufReader::with_capacity(1 << 20, file);
        let mut header = [0; WAL_HEADER];
        if reader.read_exact(&mut header).is_err() {
            return none;
        }
        let word = |at: usize| u32_at(&header, at).unwrap_or_default();
        let (big, size) = (word(0) & 1 == 1, word(8) as usize);
        if word(0) & !1 != 0x377F_0682 || !size.is_power_of_two() || !(512..=65_536).contains(&size) {
            return none;
        }
        let salt = &header[16..24];
        let mut sum = (word(24), word(28));
        let mut frames = Vec::new();
        let mut frame = vec![0; FRAME_HEADER + size];
        let mut at = WAL_HEADER as u64;
        while reader.read_exact(&mut frame).is_ok() {
            let word = |at: usize| u32_at(&frame, at).unwrap_or_default();
            let ours = frame[8..16] == *salt;
            let told = (word(16), word(20));
            // Against what the one before it tells, which may be damaged itself: so that one that is does not take all
            // after it along.
            let summed = checksum(checksum(sum, &frame[..8], big), &frame[FRAME_HEADER..], big);
            let whole = ours && summed == told;
            frames.push(Frame { page: word(0), at: at + FRAME_HEADER as u64, ends: word(4) != 0, ours, whole });
            sum = told;
            at += frame.len() as u64;
        }
        Self { size, frames }
    }

    /// Where each page was written last, up to the end of the last transaction.
    fn newest(&self, size: usize) -> HashMap<u32, u64> {
        let end = self.frames.iter().rposition(|frame| frame.whole && frame.ends).map_or(0, |last| last + 1);
        let taken = self.frames.iter().take(end).filter(|frame| frame.whole && self.size == size);
        taken.map(|frame| (frame.page, frame.at)).collect()
    }
}

/// SQLite's sum of pairs of words.
fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let word = bytes.first_chunk().copied().unwrap_or_default();
        if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    };
    for pair in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(pair)).wrapping_add(b);
        b = b.wrapping_add(word(&pair[4..])).wrapping_add(a);
    }
    (a, b)
}

/// Whether a write-ahead log lost what was synced. SQLite reads it up to the first frame that does not fit and takes all
/// behind it for what a power cut left over: it would forget minutes without a word.
///
/// A transaction begins after the one before it is synced. So a frame that does not fit, and behind the end of its
/// transaction another frame of this log, is damage, and no power cut.
pub fn log_is_damaged(path: &Path) -> bool {
    let Some(mut wal) = wal_beside(path) else { return false };
    let frames = Log::read(&mut wal).frames;
    let Some(first) = frames.iter().position(|frame| !frame.whole) else { return false };
    let end = frames[first..].iter().position(|frame| frame.ends && frame.ours).map(|end| first + end);
    end.is_some_and(|end| frames[end + 1..].iter().any(|frame| frame.whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn rows_of(path: &Path) -> Vec<(i64, Vec<u8>)> {
        let mut pages = Pages::open(path, 4_096).unwrap();
        let mut rows = Vec::new();
        for number in 1..=pages.count() {
            for cell in pages.cells(number) {
                let Some(whole) = pages.whole(&cell) else { continue };
                if let (
                    Some(rowid),
                    Some([Field::Null, Field::Real(0.5), Field::Int(-300), Field::Text("née"), Field::Blob(blob)]),
                ) = (cell.rowid, fields(&whole).as_deref())
                {
                    rows.push((rowid, blob.to_vec()));
                }
            }
        }
        rows.sort();
        rows
    }

    /// Rows short and long, and some that were deleted.
    fn fill(connection: &Connection, from: i64) {
        for id in from..from + 300 {
            let blob = vec![id as u8; (id as usize * 97) % 20_000];
            let row = (id, 0.5, -300, "née", blob);
            connection.execute("INSERT INTO a VALUES (?1, ?2, ?3, ?4, ?5)", row).unwrap();
        }
        connection.execute("DELETE FROM a WHERE id % 3 = 0", []).unwrap();
    }

    fn expected(count: i64) -> Vec<(i64, Vec<u8>)> {
        (0..count).filter(|id| id % 3 != 0).map(|id| (id, vec![id as u8; (id as usize * 97) % 20_000])).collect()
    }

    fn made(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA auto_vacuum = incremental; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0;
                CREATE TABLE a (id INTEGER PRIMARY KEY, r REAL, i INTEGER, t TEXT, b BLOB)",
            )
            .unwrap();
        connection
    }

    #[test]
    fn rows_are_read_from_the_file_and_from_the_log_beside_it_and_deleted_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let connection = made(&path);
        fill(&connection, 0);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert!(rows_of(&path) == expected(300));
        fill(&connection, 300);
        assert!(!log_is_damaged(&path));
        assert!(rows_of(&path) == expected(600), "with the log");
        // Without a header, without a schema, without the map of pages.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[..8_192].fill(0);
        std::fs::write(folder.path().join("headless"), &bytes).unwrap();
        let found: std::collections::BTreeMap<_, _> = rows_of(&folder.path().join("headless")).into_iter().collect();
        assert!(expected(300).iter().all(|(id, blob)| found.get(id) == Some(blob)));
    }

    #[test]
    fn a_log_that_lost_what_was_synced_is_told_from_one_that_a_power_cut_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let connection = made(&path);
        fill(&connection, 0);
        let wal = std::fs::read(folder.path().join("file-wal")).unwrap();
        let copy = folder.path().join("copy");
        std::fs::copy(&path, &copy).unwrap();
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = wal.clone();
            change(&mut bytes);
            std::fs::write(folder.path().join("copy-wal"), bytes).unwrap();
            log_is_damaged(&copy)
        };
        let (frame, frames) = (FRAME_HEADER + 4_096, (wal.len() - WAL_HEADER) / (FRAME_HEADER + 4_096));
        assert!(!with(&|_| {}));
        for at in [2_000, 5, FRAME_HEADER - 1] {
            assert!(
                with(&|bytes| bytes[WAL_HEADER + frames / 2 * frame + at] ^= 1),
                "byte {at} of a frame in the middle"
            );
        }
        // Cut anywhere, or with the last transaction in pieces.
        assert!(!with(&|bytes| bytes.truncate(wal.len() / 2)));
        assert!(!with(&|bytes| *bytes.last_mut().unwrap() ^= 1));
        assert!(!with(&|bytes| bytes.truncate(20)));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut random = fastrand::Rng::with_seed(5);
        for kind in [2, 10, 13] {
            for _ in 0..50 {
                let mut bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(4_096 * 4).collect();
                (0..4).for_each(|page| bytes[page * 4_096] = kind);
                std::fs::write(&path, bytes).unwrap();
                rows_of(&path);
            }
        }
        for _ in 0..2_000 {
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(40).collect();
            fields(&bytes);
        }
    }
}
