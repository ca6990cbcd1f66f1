//! Parquet files, written as a stream: row groups of bounded size, then what is in them. Written here, because the format's
//! part that samples need is small, and the usual library is thirty others.
//!
//! Columns are uncompressed: times as differences, whatever repeats by dictionary, the rest plain; every reader of the
//! format understands it. `tests/peers` reads files of this with a program that is not ours.

mod encode;
mod thrift;

use std::collections::HashMap;
use std::io::{self, Write};
use thrift::Compact;

/// Rows of a group.
const GROUP_ROWS: usize = 1 << 17;

/// Bytes of text after which a group ends, however few its rows.
const GROUP_TEXT_BYTES: usize = 16 << 20;

/// Different values of a column in a group that a dictionary may hold.
const MOST_IN_DICTIONARY: usize = 1 << 15;

const MAGIC: &[u8] = b"PAR1";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// UTC, microseconds.
    Time,
    /// 64 bits.
    Double,
    /// Signed, 64 bits.
    Integer,
    /// Unsigned, 64 bits.
    Unsigned,
    /// True or false.
    Boolean,
    /// UTF-8.
    Text,
}

/// One field of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// None.
    Null,
    /// Of [`Type::Time`], microseconds since 1970 UTC.
    Time(i64),
    /// Of [`Type::Double`].
    Double(f64),
    /// Of [`Type::Integer`].
    Integer(i64),
    /// Of [`Type::Unsigned`].
    Unsigned(u64),
    /// Of [`Type::Boolean`].
    Boolean(bool),
    /// Of [`Type::Text`].
    Text(&'a str),
}

impl<'a> Field<'a> {
    /// A text, or none.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// A Parquet file that is being written.
#[derive(Debug)]
pub struct ParquetWriter<W> {
    out: W,
    written: u64,
    columns: Vec<Column>,
    rows: usize,
    groups: Vec<Group>,
    about: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: Type,
    /// One for each row of the group: 1 where there is a value.
    present: Vec<u32>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Words(Vec<u64>),
    Bits(Vec<bool>),
    /// The texts one after the other, and where each ends.
    Texts(String, Vec<usize>),
}

#[derive(Debug)]
struct Group {
    rows: i64,
    chunks: Vec<Chunk>,
}

/// Where a column of a group lies.
#[derive(Debug)]
struct Chunk {
    dictionary: Option<u64>,
    data: u64,
    bytes: u64,
    encoding: i32,
    nulls: i64,
    least_and_greatest: Option<(Vec<u8>, Vec<u8>)>,
}

/// A page before its header: the bytes, how many values, and how they are encoded.
struct Page {
    bytes: Vec<u8>,
    count: usize,
    encoding: i32,
}

const PLAIN: i32 = 0;
const RLE: i32 = 3;
const DELTA_BINARY_PACKED: i32 = 5;
const RLE_DICTIONARY: i32 = 8;

impl<W: Write> ParquetWriter<W> {
    /// Begins a file of these columns. `about`: what else is to be known, kept in the file as pairs.
    pub fn new(mut out: W, columns: &[(&'static str, Type)], about: Vec<(&'static str, String)>) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let columns = columns.iter().map(|(name, kind)| Column::new(name, *kind)).collect();
        Ok(Self { out, written: MAGIC.len() as u64, columns, rows: 0, groups: Vec::new(), about })
    }

    /// Adds a row: a field for each column, of its type.
    ///
    /// # Errors
    /// Where the disk refuses, or a field does not fit its column.
    pub fn row(&mut self, fields: &[Field<'_>]) -> io::Result<()> {
        if fields.len() != self.columns.len() {
            return Err(io::Error::other("a row with another number of fields than columns"));
        }
        for (column, field) in self.columns.iter_mut().zip(fields) {
            column.push(*field)?;
        }
        self.rows += 1;
        let text_is_long = || self.columns.iter().any(|c| c.text_bytes() >= GROUP_TEXT_BYTES);
        if self.rows >= GROUP_ROWS || (self.rows.is_multiple_of(64) && text_is_long()) {
            self.end_group()?;
        }
        Ok(())
    }

    /// Writes what is left and what makes it a file; gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_group()?;
        let footer = self.footer();
        self.out.write_all(&footer)?;
        self.out.write_all(&(footer.len() as u32).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut columns = std::mem::take(&mut self.columns);
        let chunks = columns.iter().map(|column| self.write_column(column)).collect::<io::Result<Vec<_>>>();
        columns.iter_mut().for_each(Column::clear);
        self.columns = columns;
        self.groups.push(Group { rows: self.rows as i64, chunks: chunks? });
        self.rows = 0;
        Ok(())
    }

    fn write_column(&mut self, column: &Column) -> io::Result<Chunk> {
        let begin = self.written;
        let (dictionary, page) = column.pages();
        let dictionary = match dictionary {
            Some(page) => Some(self.write_page(&page, true)?),
            None => None,
        };
        let data = self.write_page(&page, false)?;
        Ok(Chunk {
            dictionary,
            data,
            bytes: self.written - begin,
            encoding: page.encoding,
            nulls: column.present.iter().filter(|p| **p == 0).count() as i64,
            least_and_greatest: column.least_and_greatest(),
        })
    }

    /// Where it lies.
    fn write_page(&mut self, page: &Page, is_dictionary: bool) -> io::Result<u64> {
        let at = self.written;
        let too_long = || io::Error::other("a page of a Parquet file would be longer than 2 GB");
        let size = i32::try_from(page.bytes.len()).map_err(|_over| too_long())?;
        let count = i32::try_from(page.count).map_err(|_over| too_long())?;
        let mut header = Compact::new();
        header.i32(1, if is_dictionary { 2 } else { 0 });
        header.i32(2, size);
        header.i32(3, size);
        if is_dictionary {
            header.structure(7, |h| {
                h.i32(1, count);
                h.i32(2, PLAIN);
            });
        } else {
            header.structure(5, |h| {
                h.i32(1, count);
                h.i32(2, page.encoding);
                h.i32(3, RLE);
                h.i32(4, RLE);
            });
        }
        let header = header.finish();
        self.out.write_all(&header)?;
        self.out.write_all(&page.bytes)?;
        self.written += (header.len() + page.bytes.len()) as u64;
        Ok(at)
    }

    fn footer(&self) -> Vec<u8> {
        let mut footer = Compact::new();
        footer.i32(1, 2);
        let schema: Vec<Option<&Column>> = std::iter::once(None).chain(self.columns.iter().map(Some)).collect();
        footer.structures(2, &schema, |out, column| match column {
            None => {
                out.binary(4, b"history");
                out.i32(5, self.columns.len() as i32);
            }
            Some(column) => column.describe(out),
        });
        footer.i64(3, self.groups.iter().map(|g| g.rows).sum());
        footer.structures(4, &self.groups, |out, group| {
            let chunks: Vec<(&Column, &Chunk)> = self.columns.iter().zip(&group.chunks).collect();
            out.structures(1, &chunks, |out, (column, chunk)| chunk.describe(column, group.rows, out));
            let bytes: u64 = group.chunks.iter().map(|c| c.bytes).sum();
            out.i64(2, bytes as i64);
            out.i64(3, group.rows);
        });
        footer.structures(5, &self.about, |out, (key, value)| {
            out.binary(1, key.as_bytes());
            out.binary(2, value.as_bytes());
        });
        footer.binary(6, concat!("watchkeeper version ", env!("CARGO_PKG_VERSION")).as_bytes());
        footer.structures(7, &self.columns, |out, _| out.structure(1, |_| {}));
        footer.finish()
    }
}

impl Type {
    /// The format's number of the type that it lies in.
    const fn physical(self) -> i32 {
        match self {
            Self::Boolean => 0,
            Self::Time | Self::Integer | Self::Unsigned => 2,
            Self::Double => 5,
            Self::Text => 6,
        }
    }
}

impl Column {
    fn new(name: &'static str, kind: Type) -> Self {
        let values = match kind {
            Type::Boolean => Values::Bits(Vec::new()),
            Type::Text => Values::Texts(String::new(), Vec::new()),
            Type::Time | Type::Double | Type::Integer | Type::Unsigned => Values::Words(Vec::new()),
        };
        Self { name, kind, present: Vec::new(), values }
    }

    fn clear(&mut self) {
        self.present.clear();
        match &mut self.values {
            Values::Words(words) => words.clear(),
            Values::Bits(bits) => bits.clear(),
            Values::Texts(text, ends) => {
                text.clear();
                ends.clear();
            }
        }
    }

    fn push(&mut self, field: Field<'_>) -> io::Result<()> {
        match (self.kind, &mut self.values, field) {
            (_, _, Field::Null) => {}
            (Type::Time, Values::Words(words), Field::Time(v))
            | (Type::Integer, Values::Words(words), Field::Integer(v)) => words.push(v as u64),
            (Type::Unsigned, Values::Words(words), Field::Unsigned(v)) => words.push(v),
            (Type::Double, Values::Words(words), Field::Double(v)) => words.push(v.to_bits()),
            (Type::Boolean, Values::Bits(bits), Field::Boolean(v)) => bits.push(v),
            (Type::Text, Values::Texts(text, ends), Field::Text(v)) => {
                text.push_str(v);
                ends.push(text.len());
            }
            _ => return Err(io::Error::other(format!("a field that does not fit the column {}", self.name))),
        }
        self.present.push(u32::from(field != Field::Null));
        Ok(())
    }

    fn text_bytes(&self) -> usize {
        if let Values::Texts(text, _) = &self.values { text.len() } else { 0 }
    }

    /// A dictionary where it is the shorter, and the values.
    fn pages(&self) -> (Option<Page>, Page) {
        let mut bytes = vec![0; 4];
        encode::hybrid(&self.present, 1, &mut bytes);
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let count = self.present.len();
        let (dictionary, encoding) = match &self.values {
            Values::Bits(bits) => {
                let packed = bits.chunks(8).map(|eight| eight.iter().rev().fold(0, |byte, b| byte << 1 | u8::from(*b)));
                bytes.extend(packed);
                (None, PLAIN)
            }
            Values::Words(words) if self.kind == Type::Time => {
                let times: Vec<i64> = words.iter().map(|w| *w as i64).collect();
                encode::deltas(&times, &mut bytes);
                (None, DELTA_BINARY_PACKED)
            }
            Values::Words(words) => {
                let plain = |out: &mut Vec<u8>, word: &u64| out.extend_from_slice(&word.to_le_bytes());
                encode_values(words.iter(), words.len() / 2, plain, &mut bytes)
            }
            Values::Texts(text, ends) => {
                let begins = std::iter::once(0).chain(ends.iter().copied());
                let texts = begins.zip(ends).map(|(from, to)| &text[from..*to]);
                let plain = |out: &mut Vec<u8>, text: &str| {
                    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    out.extend_from_slice(text.as_bytes());
                };
                encode_values(texts, ends.len() / 2 + 1, plain, &mut bytes)
            }
        };
        (dictionary, Page { bytes, count, encoding })
    }

    /// For times and tags, so that a reader can leave out groups.
    fn least_and_greatest(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        match (&self.values, self.kind) {
            (Values::Words(words), Type::Time) => {
                let times = || words.iter().map(|w| *w as i64);
                Some((times().min()?.to_le_bytes().to_vec(), times().max()?.to_le_bytes().to_vec()))
            }
            _ => None,
        }
    }

    /// Its element of the schema.
    fn describe(&self, out: &mut Compact) {
        out.i32(1, self.kind.physical());
        out.i32(3, 1);
        out.binary(4, self.name.as_bytes());
        match self.kind {
            Type::Text => {
                out.i32(6, 0);
                out.structure(10, |logical| logical.structure(1, |_| {}));
            }
            Type::Time => {
                out.i32(6, 10);
                out.structure(10, |logical| {
                    logical.structure(8, |time| {
                        time.bool(1, true);
                        time.structure(2, |unit| unit.structure(2, |_| {}));
                    });
                });
            }
            Type::Unsigned => {
                out.i32(6, 14);
                out.structure(10, |logical| {
                    logical.structure(10, |integer| {
                        integer.i8(1, 64);
                        integer.bool(2, false);
                    });
                });
            }
            Type::Double | Type::Integer | Type::Boolean => {}
        }
    }
}

impl Chunk {
    fn describe(&self, column: &Column, rows: i64, out: &mut Compact) {
        out.i64(2, 0);
        out.structure(3, |meta| {
            meta.i32(1, column.kind.physical());
            let encodings = [RLE, self.encoding, PLAIN];
            meta.i32s(2, if self.dictionary.is_some() { &encodings } else { &encodings[..2] });
            meta.texts(3, &[column.name]);
            meta.i32(4, 0);
            meta.i64(5, rows);
            meta.i64(6, self.bytes as i64);
            meta.i64(7, self.bytes as i64);
            meta.i64(9, self.data as i64);
            if let Some(dictionary) = self.dictionary {
                meta.i64(11, dictionary as i64);
            }
            meta.structure(12, |statistics| {
                statistics.i64(3, self.nulls);
                if let Some((least, greatest)) = &self.least_and_greatest {
                    statistics.binary(5, greatest);
                    statistics.binary(6, least);
                }
            });
        });
    }
}

/// By dictionary where there are at most so many different values, else plain.
fn encode_values<T: Copy + Eq + std::hash::Hash>(
    values: impl Iterator<Item = T> + Clone,
    most: usize,
    plain: impl Fn(&mut Vec<u8>, T),
    bytes: &mut Vec<u8>,
) -> (Option<Page>, i32) {
    let mut dictionary = Page { bytes: Vec::new(), count: 0, encoding: PLAIN };
    let mut numbers: HashMap<T, u32> = HashMap::new();
    let mut indices = Vec::new();
    for value in values.clone() {
        let next = numbers.len();
        let number = *numbers.entry(value).or_insert_with(|| {
            plain(&mut dictionary.bytes, value);
            next as u32
        });
        indices.push(number);
        if numbers.len() > most.min(MOST_IN_DICTIONARY) {
            values.for_each(|value| plain(bytes, value));
            return (None, PLAIN);
        }
    }
    if numbers.is_empty() {
        return (None, PLAIN);
    }
    dictionary.count = numbers.len();
    let bits = encode::bits_for(numbers.len() as u32 - 1).max(1);
    bytes.push(bits as u8);
    encode::hybrid(&indices, bits, bytes);
    (Some(dictionary), RLE_DICTIONARY)
}
