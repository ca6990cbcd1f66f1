//! A zip file whose parts are stored as they are: every system opens it, and nothing in it can be larger than itself.
//!
//! What this writes is plain PKZIP: a header before each part, a directory at the end, 64-bit sizes where 32 do not suffice,
//! names in UTF-8. What it reads is held against the length of the file before any of it is believed.

use crate::time::Utc;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Take, Write};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const END_64_PLACE: u32 = 0x0706_4b50;

/// What stands where a number needs 64 bits.
const ELSEWHERE: u32 = u32::MAX;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// The part is encrypted.
const ENCRYPTED: u16 = 1;
/// The least version that knows 64-bit sizes, and the one that knows folders.
const NEEDS_64: u16 = 45;
const NEEDS: u16 = 20;

/// Parts of one file.
pub const MOST_PARTS: usize = 2_000;
/// Bytes of its directory.
const MOST_DIRECTORY: u64 = 1 << 20;
/// The end of the directory with the longest comment.
const LONGEST_END: u64 = 22 + u16::MAX as u64;

/// Bytes of one step of copying.
pub const STEP: usize = 64 << 10;

/// Writes parts one after another.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    at: u64,
    /// Day and time of day, as DOS wrote them.
    made: [u16; 2],
    parts: Vec<Part>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name, with slashes.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// CRC-32 (IEEE) of it.
    crc: u32,
    /// Where its header is.
    at: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Into an empty file.
    pub fn new(out: W, made: Utc) -> Self {
        Self { out, at: 0, made: dos_time(made), parts: Vec::new() }
    }

    /// Adds a part of exactly this size. `each` is asked before each step. Returns the SHA-256 of it.
    pub fn add(
        &mut self,
        name: &str,
        bytes: u64,
        from: &mut dyn Read,
        each: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<[u8; 32]> {
        let mut part = Part { name: name.to_owned(), bytes, crc: 0, at: self.at };
        self.write(&local(&part, self.made))?;
        let (mut crc, mut sha, mut left) = (crc32fast::Hasher::new(), Sha256::new(), bytes);
        let mut step = vec![0; STEP];
        while left > 0 {
            each()?;
            let most = left.min(STEP as u64) as usize;
            let read = from.read(&mut step[..most])?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{name} became shorter meanwhile")));
            }
            crc.update(&step[..read]);
            sha.update(&step[..read]);
            self.write(&step[..read])?;
            left -= read as u64;
        }
        // Its checksum is known only now.
        part.crc = crc.finalize();
        self.out.seek(SeekFrom::Start(part.at))?;
        self.out.write_all(&local(&part, self.made))?;
        self.out.seek(SeekFrom::Start(self.at))?;
        self.parts.push(part);
        Ok(sha.finalize().into())
    }

    /// Writes the directory.
    pub fn finish(mut self) -> io::Result<W> {
        let from = self.at;
        let directory: Vec<u8> = self.parts.iter().flat_map(|part| central(part, self.made)).collect();
        self.write(&directory)?;
        let (count, bytes) = (self.parts.len() as u64, directory.len() as u64);
        let mut end = Vec::new();
        if from >= u64::from(ELSEWHERE) {
            let at = self.at;
            put_32(&mut end, END_64);
            put_64(&mut end, 44);
            put_16(&mut end, NEEDS_64);
            put_16(&mut end, NEEDS_64);
            put_64(&mut end, 0);
            for number in [count, count, bytes, from] {
                put_64(&mut end, number);
            }
            put_32(&mut end, END_64_PLACE);
            put_32(&mut end, 0);
            put_64(&mut end, at);
            put_32(&mut end, 1);
        }
        put_32(&mut end, END);
        put_32(&mut end, 0);
        put_16(&mut end, count as u16);
        put_16(&mut end, count as u16);
        put_32(&mut end, bytes as u32);
        put_32(&mut end, short(from));
        put_16(&mut end, 0);
        self.write(&end)?;
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// The header before a part.
fn local(part: &Part, made: [u16; 2]) -> Vec<u8> {
    let wide = part.bytes >= u64::from(ELSEWHERE);
    let mut bytes = Vec::new();
    put_32(&mut bytes, LOCAL);
    head(&mut bytes, part, made, if wide { NEEDS_64 } else { NEEDS });
    put_16(&mut bytes, if wide { 20 } else { 0 });
    bytes.extend(part.name.as_bytes());
    if wide {
        put_16(&mut bytes, 1);
        put_16(&mut bytes, 16);
        put_64(&mut bytes, part.bytes);
        put_64(&mut bytes, part.bytes);
    }
    bytes
}

/// Its row in the directory.
fn central(part: &Part, made: [u16; 2]) -> Vec<u8> {
    let (size, place) = (part.bytes >= u64::from(ELSEWHERE), part.at >= u64::from(ELSEWHERE));
    let mut wide = Vec::new();
    if size {
        put_64(&mut wide, part.bytes);
        put_64(&mut wide, part.bytes);
    }
    if place {
        put_64(&mut wide, part.at);
    }
    let needs = if size || place { NEEDS_64 } else { NEEDS };
    let mut bytes = Vec::new();
    put_32(&mut bytes, CENTRAL);
    // Made on Unix: the rights of a file follow.
    put_16(&mut bytes, 3 << 8 | needs);
    head(&mut bytes, part, made, needs);
    put_16(&mut bytes, if wide.is_empty() { 0 } else { 4 + wide.len() as u16 });
    put_16(&mut bytes, 0);
    put_16(&mut bytes, 0);
    put_16(&mut bytes, 0);
    put_32(&mut bytes, 0o100_644 << 16);
    put_32(&mut bytes, short(part.at));
    bytes.extend(part.name.as_bytes());
    if !wide.is_empty() {
        put_16(&mut bytes, 1);
        put_16(&mut bytes, wide.len() as u16);
        bytes.extend(wide);
    }
    bytes
}

/// What both headers have in common.
fn head(bytes: &mut Vec<u8>, part: &Part, made: [u16; 2], needs: u16) {
    put_16(bytes, needs);
    put_16(bytes, UTF8);
    put_16(bytes, 0);
    put_16(bytes, made[1]);
    put_16(bytes, made[0]);
    put_32(bytes, part.crc);
    put_32(bytes, short(part.bytes));
    put_32(bytes, short(part.bytes));
    put_16(bytes, part.name.len() as u16);
}

fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ELSEWHERE)
}

fn put_16(bytes: &mut Vec<u8>, number: u16) {
    bytes.extend(number.to_le_bytes());
}

fn put_32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend(number.to_le_bytes());
}

fn put_64(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

/// Day and time of day, in steps of two seconds, from 1980 to 2107.
fn dos_time(time: Utc) -> [u16; 2] {
    let Ok(time) = jiff::Timestamp::from_microsecond(time.0) else { return [0x21, 0] };
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let year = time.year().clamp(1980, 2107) - 1980;
    let day = (year as u16) << 9 | (time.month() as u16) << 5 | time.day() as u16;
    [day, (time.hour() as u16) << 11 | (time.minute() as u16) << 5 | (time.second() as u16 / 2)]
}

/// A file of parts, open for reading.
#[derive(Debug)]
pub struct Archive<R> {
    from: R,
    parts: Vec<Part>,
}

/// Why it is none, or none of ours.
pub type Wrong = String;

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory. Nothing of it lies outside of the file, and all parts together are no larger than it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(mut from: R) -> Result<Self, Wrong> {
        let refused = |error: io::Error| error.to_string();
        let length = from.seek(SeekFrom::End(0)).map_err(refused)?;
        let tail = length.min(LONGEST_END);
        let end = read_at(&mut from, length - tail, tail as usize).map_err(refused)?;
        let found = (0..end.len().saturating_sub(21)).rev().find(|at| {
            let comment = number_16(&end, at + 20);
            number_32(&end, *at) == Some(END) && comment.is_some_and(|c| at + 22 + usize::from(c) == end.len())
        });
        let Some(found) = found else { return Err("its end is missing; it was cut off, or is no zip file".to_owned()) };
        let cut = || "its directory is damaged".to_owned();
        let at = length - tail + found as u64;
        let mut count = u64::from(number_16(&end, found + 10).ok_or_else(cut)?);
        let mut bytes = u64::from(number_32(&end, found + 12).ok_or_else(cut)?);
        let mut start = u64::from(number_32(&end, found + 16).ok_or_else(cut)?);
        let is_wide = count == u64::from(u16::MAX) || [bytes, start].contains(&u64::from(ELSEWHERE));
        if is_wide && let Some(place) = at.checked_sub(20) {
            let place = read_at(&mut from, place, 20).map_err(refused)?;
            let wide = number_64(&place, 8).filter(|_| number_32(&place, 0) == Some(END_64_PLACE)).ok_or_else(cut)?;
            let wide = if wide <= at { read_at(&mut from, wide, 56).map_err(refused)? } else { return Err(cut()) };
            if number_32(&wide, 0) != Some(END_64) {
                return Err(cut());
            }
            count = number_64(&wide, 32).ok_or_else(cut)?;
            bytes = number_64(&wide, 40).ok_or_else(cut)?;
            start = number_64(&wide, 48).ok_or_else(cut)?;
        }
        if count > MOST_PARTS as u64 || bytes > MOST_DIRECTORY {
            return Err(format!("it has more than {MOST_PARTS} parts"));
        }
        if start.checked_add(bytes).is_none_or(|end| end > at) {
            return Err(cut());
        }
        let directory = read_at(&mut from, start, bytes as usize).map_err(refused)?;
        let mut parts = Vec::new();
        let mut rest = directory.as_slice();
        for _ in 0..count {
            let (part, length) = part_from(rest)?;
            rest = rest.get(length..).ok_or_else(cut)?;
            parts.push(part);
        }
        let sum = parts.iter().try_fold(0_u64, |sum, part: &Part| sum.checked_add(part.bytes));
        let outside = |part: &Part| part.at.checked_add(part.bytes).is_none_or(|end| end > start);
        if sum.is_none_or(|sum| sum > length) || parts.iter().any(outside) {
            return Err("its parts are said to be larger than the whole".to_owned());
        }
        Ok(Self { from, parts })
    }

    /// All parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The one part of this name.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<Part, Wrong> {
        let mut found = self.parts.iter().filter(|part| part.name == name);
        match (found.next(), found.next()) {
            (Some(part), None) => Ok(part.clone()),
            (None, _) => Err(format!("it has no part {name}")),
            (Some(_), Some(_)) => Err(format!("it has two parts {name}")),
        }
    }

    /// What is in a part.
    pub fn read(&mut self, part: &Part) -> io::Result<Take<&mut R>> {
        let head = read_at(&mut self.from, part.at, 30)?;
        let lengths = number_16(&head, 26).zip(number_16(&head, 28)).filter(|_| number_32(&head, 0) == Some(LOCAL));
        let Some((name, extra)) = lengths else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not begin where the directory says"));
        };
        self.from.seek(SeekFrom::Start(part.at + 30 + u64::from(name) + u64::from(extra)))?;
        Ok(Read::by_ref(&mut self.from).take(part.bytes))
    }
}

/// A row of the directory, and how long it is.
fn part_from(row: &[u8]) -> Result<(Part, usize), Wrong> {
    let cut = || "its directory is damaged".to_owned();
    if number_32(row, 0) != Some(CENTRAL) {
        return Err(cut());
    }
    let short = |at| number_16(row, at).ok_or_else(cut);
    let long = |at| number_32(row, at).ok_or_else(cut);
    let (flags, method) = (short(8)?, short(10)?);
    let (name_length, extra_length) = (usize::from(short(28)?), usize::from(short(30)?));
    let length = 46 + name_length + extra_length + usize::from(short(32)?);
    let name = row.get(46..46 + name_length).ok_or_else(cut)?;
    let name = std::str::from_utf8(name).map_err(|_not_text| cut())?.to_owned();
    if method != 0 || flags & ENCRYPTED != 0 {
        return Err(format!("its part {} is compressed or encrypted", crate::text::visible(&name)));
    }
    let (packed, whole) = (long(20)?, long(24)?);
    let (mut bytes, mut at) = (u64::from(whole), u64::from(long(42)?));
    if packed != whole {
        return Err(cut());
    }
    let extra = row.get(46 + name_length..46 + name_length + extra_length).ok_or_else(cut)?;
    let mut wide = wide_numbers(extra);
    let mut next = || {
        let number = number_64(wide, 0);
        wide = wide.get(8..).unwrap_or_default();
        number.ok_or_else(cut)
    };
    if whole == ELSEWHERE {
        bytes = next()?;
        if next()? != bytes {
            return Err(cut());
        }
    }
    if at == u64::from(ELSEWHERE) {
        at = next()?;
    }
    Ok((Part { name, bytes, crc: long(16)?, at }, length))
}

/// The field of 64-bit numbers among those that follow a name.
fn wide_numbers(mut extra: &[u8]) -> &[u8] {
    while let Some((id, length)) = number_16(extra, 0).zip(number_16(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(length)) else { break };
        if id == 1 {
            return field;
        }
        extra = extra.get(4 + usize::from(length)..).unwrap_or_default();
    }
    &[]
}

fn read_at(from: &mut (impl Read + Seek), at: u64, length: usize) -> io::Result<Vec<u8>> {
    from.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn number_16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn number_32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn number_64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()), Utc::parse_rfc3339("2026-11-28T10:00:00Z").unwrap());
        for (name, bytes) in parts {
            let hash = writer.add(name, bytes.len() as u64, &mut &**bytes, &mut || Ok(())).unwrap();
            assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(bytes)));
        }
        writer.finish().unwrap().into_inner()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Wrong> {
        let mut archive = Archive::open(Cursor::new(bytes))?;
        let parts = archive.parts().to_vec();
        let read = |part: Part| {
            let mut bytes = Vec::new();
            archive.read(&part).and_then(|mut part| part.read_to_end(&mut bytes)).map_err(|e| e.to_string())?;
            Ok((part.name, bytes))
        };
        parts.into_iter().map(read).collect()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let long = vec![7; 200_000];
        let parts: [(&str, &[u8]); 3] = [("manifest.json", b"{}"), ("project/größe.svg", b""), ("a", &long)];
        let found = unpacked(&packed(&parts)).unwrap();
        let expected: Vec<_> = parts.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        assert_eq!(found, expected);
        assert_eq!(dos_time(Utc::parse_rfc3339("2026-11-28T10:20:31Z").unwrap()), [0x5D7C, 0x528F]);
    }

    #[test]
    fn a_part_of_more_than_four_gigabytes_has_its_size_in_64_bits() {
        let part = Part { name: "history.sqlite".to_owned(), bytes: 5 << 30, crc: 7, at: 6 << 30 };
        let row = central(&part, [0, 0]);
        assert_eq!(part_from(&row), Ok((part.clone(), row.len())));
        assert_eq!(number_64(&local(&part, [0, 0]), 30 + part.name.len() + 4), Some(part.bytes));
        let near = Part { at: 5, ..part };
        assert_eq!(part_from(&central(&near, [0, 0])).unwrap().0, near);
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
        let directory = whole.windows(4).position(|w| w == CENTRAL.to_le_bytes()).unwrap();
        let mut bomb = whole.clone();
        for (at, number) in [(directory + 20, 1_900_u32), (directory + 24, 1_900)] {
            bomb[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        assert!(unpacked(&bomb).unwrap_err().contains("larger than the whole"));
        let mut beyond = whole.clone();
        beyond[directory + 42..directory + 46].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
        assert!(unpacked(&beyond).unwrap_err().contains("larger than the whole"));
        let mut squeezed = whole;
        squeezed[directory + 10] = 8;
        assert_eq!(unpacked(&squeezed).unwrap_err(), "its part a is compressed or encrypted");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_it_is_read_or_refused(
            at in 0_usize..400, byte: u8, cut in 0_usize..400, noise in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut bytes = packed(&[("manifest.json", b"{\"a\": 1}"), ("b", &noise)]);
            let length = bytes.len();
            bytes[at % length] = byte;
            let _read_or_refused = unpacked(&bytes);
            bytes.truncate(length - cut % length);
            let _read_or_refused = unpacked(&bytes);
            let _read_or_refused = unpacked(&noise);
        }
    }
}
