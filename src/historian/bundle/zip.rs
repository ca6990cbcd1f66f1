//! A zip file whose parts are stored as they are: every system opens it, and nothing in it can be larger than itself.
//!
//! The format is the library's; here stands what of it a bundle may have. A file that is read is held against its own length
//! before any of it is believed.

use crate::time::Utc;
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Parts of one file.
pub const MOST_PARTS: usize = 2_000;
/// Bytes that are read to know what is in a file: its directory, and what of its end is searched for it.
const MOST_DIRECTORY: u64 = 4 << 20;

/// Bytes of one step of copying.
pub const STEP: usize = 64 << 10;

/// Writes parts one after another.
#[derive(Debug)]
pub struct Writer<W: Write + Seek> {
    zip: ZipWriter<W>,
    options: SimpleFileOptions,
}

impl<W: Write + Seek> Writer<W> {
    /// Into an empty file.
    pub fn new(out: W, made: Utc) -> Self {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(dos_time(made))
            .unix_permissions(0o644);
        Self { zip: ZipWriter::new(out), options }
    }

    /// Adds a part of exactly this size. `each` is asked before each step. Returns the SHA-256 of it.
    pub fn add(
        &mut self,
        name: &str,
        bytes: u64,
        from: &mut dyn Read,
        each: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<[u8; 32]> {
        self.zip.start_file(name, self.options.large_file(bytes >= u64::from(u32::MAX)))?;
        let (mut sha, mut left) = (Sha256::new(), bytes);
        let mut step = vec![0; STEP];
        while left > 0 {
            each()?;
            let most = left.min(STEP as u64) as usize;
            let read = from.read(&mut step[..most])?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{name} became shorter meanwhile")));
            }
            sha.update(&step[..read]);
            self.zip.write_all(&step[..read])?;
            left -= read as u64;
        }
        Ok(sha.finalize().into())
    }

    /// Writes the directory.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.zip.finish()?)
    }
}

/// Day and time of day, in steps of two seconds, from 1980 to 2107.
fn dos_time(time: Utc) -> DateTime {
    let Ok(time) = jiff::Timestamp::from_microsecond(time.0) else { return DateTime::DEFAULT };
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let [month, day, hour, minute, second] =
        [time.month(), time.day(), time.hour(), time.minute(), time.second()].map(i8::unsigned_abs);
    DateTime::from_date_and_time(time.year().unsigned_abs(), month, day, hour, minute, second).unwrap_or_default()
}

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its size.
    pub bytes: u64,
    place: usize,
}

/// A file of parts, open for reading.
#[derive(Debug)]
pub struct Archive<R> {
    zip: ZipArchive<Rationed<R>>,
}

/// Why it is none, or none of ours.
pub type Wrong = String;

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory. Nothing of it lies outside of the file, no two parts have a name or a byte in common, and all parts
    /// together are no larger than the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(mut from: R) -> Result<Self, Wrong> {
        let length = from.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
        let left = Rc::new(Cell::new(MOST_DIRECTORY));
        let from = Rationed { from, left: Rc::clone(&left) };
        let mut zip =
            ZipArchive::with_config(Config { archive_offset: ArchiveOffset::Known(0) }, from).map_err(wrong)?;
        if zip.len() > MOST_PARTS {
            return Err(format!("it has more than {MOST_PARTS} parts"));
        }
        if zip.has_duplicate_names() {
            return Err("two of its parts have one name".to_owned());
        }
        let mut sum = 0_u64;
        for place in 0..zip.len() {
            let part = zip.by_index_data(place).map_err(wrong)?;
            if part.compression() != CompressionMethod::Stored || part.encrypted() {
                let name = part.name().map_err(wrong)?;
                return Err(format!("its part {} is compressed or encrypted", crate::text::visible(&name)));
            }
            sum = sum.saturating_add(part.size().max(part.compressed_size()));
        }
        if sum > length || zip.has_overlapping_entries().map_err(wrong)? {
            return Err("its parts are said to be larger than the whole".to_owned());
        }
        left.set(u64::MAX);
        Ok(Self { zip })
    }

    /// The part of this name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(&self, name: &str) -> Result<Part, Wrong> {
        let place = self.zip.index_for_name(name).ok_or_else(|| format!("it has no part {name}"))?;
        let part = self.zip.by_index_data(place).map_err(wrong)?;
        Ok(Part { bytes: part.size(), place })
    }

    /// What is in a part.
    pub fn read(&mut self, part: Part) -> io::Result<impl Read + '_> {
        Ok(self.zip.by_index(part.place)?.take(part.bytes))
    }
}

fn wrong(error: ZipError) -> Wrong {
    match error {
        ZipError::Io(error) => error.to_string(),
        // Its own words are of headers and signatures.
        ZipError::InvalidArchive(_) => {
            "its directory is missing or damaged; it was cut off, or is no zip file".to_owned()
        }
        other => other.to_string(),
    }
}

/// A reader that gives so many bytes and no more: a directory of millions of rows would fill the memory.
#[derive(Debug)]
struct Rationed<R> {
    from: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        let Some(left) = self.left.get().checked_sub(read as u64) else {
            return Err(io::Error::other(format!("it has more than {MOST_PARTS} parts")));
        };
        self.left.set(left);
        Ok(read)
    }
}

impl<R: Seek> Seek for Rationed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.from.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const CENTRAL: [u8; 4] = *b"PK\x01\x02";

    fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Utc::parse_rfc3339("2026-11-28T10:00:00Z").unwrap());
        for (name, bytes) in parts {
            let hash = writer.add(name, bytes.len() as u64, &mut &**bytes, &mut || Ok(())).unwrap();
            assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(bytes)));
        }
        writer.finish().unwrap().into_inner()
    }

    fn unpacked(bytes: &[u8], names: &[&str]) -> Result<Vec<Vec<u8>>, Wrong> {
        let mut archive = Archive::open(Cursor::new(bytes))?;
        let read = |name: &&str| {
            let (part, mut bytes) = (archive.find(name)?, Vec::new());
            archive.read(part).and_then(|mut part| part.read_to_end(&mut bytes)).map_err(|e| e.to_string())?;
            Ok(bytes)
        };
        names.iter().map(read).collect()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let long = vec![7; 200_000];
        let parts: [(&str, &[u8]); 3] = [("manifest.json", b"{}"), ("project/größe.svg", b""), ("a", &long)];
        let bytes = packed(&parts);
        let found = unpacked(&bytes, &parts.map(|(name, _)| name)).unwrap();
        assert_eq!(found, parts.map(|(_, bytes)| bytes.to_vec()));
        assert_eq!(unpacked(&bytes, &["b"]), Err("it has no part b".to_owned()));
        let time = dos_time(Utc::parse_rfc3339("2026-11-28T10:20:31Z").unwrap());
        assert_eq!((time.datepart(), time.timepart()), (0x5D7C, 0x528F));
        assert_eq!(dos_time(Utc(i64::MIN)), DateTime::DEFAULT);
    }

    #[test]
    fn a_part_that_becomes_shorter_while_it_is_read_is_told() {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Utc(0));
        let error = writer.add("a", 10, &mut &b"123"[..], &mut || Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "a became shorter meanwhile");
    }

    #[test]
    fn parts_that_overlap_or_reach_beyond_the_file_are_refused() {
        let whole = packed(&[("a", &[1; 1_000]), ("b", &[2; 1_000])]);
        let directory = whole.windows(4).position(|w| w == CENTRAL).unwrap();
        let with = |numbers: &[(usize, u32)]| {
            let mut bytes = whole.clone();
            for (at, number) in numbers {
                bytes[directory + at..directory + at + 4].copy_from_slice(&number.to_le_bytes());
            }
            unpacked(&bytes, &[]).unwrap_err()
        };
        let larger = "its parts are said to be larger than the whole";
        assert_eq!(with(&[(20, 1_900), (24, 1_900)]), larger, "more than the file has");
        assert_eq!(with(&[(20, 1_040), (24, 1_040)]), larger, "into the next");
        assert_ne!(with(&[(42, 0x00ff_ffff)]), "", "elsewhere");
        assert_eq!(with(&[(8, 8 << 16)]), "its part a is compressed or encrypted");
        let twin: Vec<u8> = whole.iter().map(|byte| if *byte == b'b' { b'a' } else { *byte }).collect();
        assert_eq!(unpacked(&twin, &[]).unwrap_err(), "two of its parts have one name");
    }

    #[test]
    fn a_directory_of_very_many_parts_is_not_read_to_its_end() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..=MOST_PARTS {
            zip.start_file(number, SimpleFileOptions::default()).unwrap();
        }
        let many = zip.finish().unwrap().into_inner();
        assert_eq!(unpacked(&many, &[]).unwrap_err(), "it has more than 2000 parts");
        let long = packed(&(0..1_000).map(|_| ("a", &[][..])).take(1).collect::<Vec<_>>());
        let directory = long.windows(4).position(|w| w == CENTRAL).unwrap();
        // A comment of the first part that would be 64 KiB long, a hundred times.
        let mut row = long[directory..long.len() - 22].to_vec();
        row[32..34].copy_from_slice(&u16::MAX.to_le_bytes());
        row.resize(row.len() + usize::from(u16::MAX), b' ');
        let mut heavy = long[..directory].to_vec();
        for _ in 0..100 {
            heavy.extend(&row);
        }
        let mut end = long[long.len() - 22..].to_vec();
        end[8..10].copy_from_slice(&100_u16.to_le_bytes());
        end[10..12].copy_from_slice(&100_u16.to_le_bytes());
        end[12..16].copy_from_slice(&(100 * row.len() as u32).to_le_bytes());
        heavy.extend(end);
        assert!(unpacked(&heavy, &[]).unwrap_err().contains("it has more than 2000 parts"));
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_it_is_read_or_refused(
            at in 0_usize..400, byte: u8, cut in 0_usize..400, noise in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let names = ["manifest.json", "b"];
            let mut bytes = packed(&[(names[0], b"{\"a\": 1}"), (names[1], &noise)]);
            let length = bytes.len();
            bytes[at % length] = byte;
            let _read_or_refused = unpacked(&bytes, &names);
            bytes.truncate(length - cut % length);
            let _read_or_refused = unpacked(&bytes, &names);
            let _read_or_refused = unpacked(&noise, &names);
        }
    }
}
