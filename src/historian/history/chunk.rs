//! A chunk: samples of one tag in canonical order as compressed, checksummed bytes, with what is known of them without
//! decoding. docs/history-format.md describes the bytes for other programs.

use super::bytes::{Damage, Reader, put, put_section, seal, unseal};
use super::columns::{Columns, MOST_AT_ONE_TIME, Values};
use super::sample::rank;
use super::summary::Summary;
use super::{codes, digest, numbers};
use crate::engine::{Quality, Value};
use pco::ModeSpec;
use std::collections::HashMap;
use std::sync::Arc;

/// Samples that a chunk is cut after; all of one instant stay together.
pub const FULL: usize = 8_192;

/// A chunk into which late samples fell is cut in two beyond this.
const OVERFULL: usize = FULL * 5 / 4;

/// Samples of the greatest chunk.
pub const MOST_IN_CHUNK: usize = OVERFULL + MOST_AT_ONE_TIME;

/// Weight (see [`super::sample::Sample::weight`]) that a chunk of texts is cut after.
const FULL_WEIGHT: usize = 16 * FULL;

const FORMAT: u8 = 1;

/// Kinds of a body's values; the others are [`rank`]s.
const KIND_MIXED: u8 = 6;

/// A chunk ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// What its samples come to.
    pub summary: Summary,
    /// Its blocks, see [`digest::decode`].
    pub digest: Vec<u8>,
    /// Its samples, see [`decode`].
    pub body: Vec<u8>,
}

/// Where samples in canonical order are cut into chunks: ends of them, the last is the length. Every chunk but the last is
/// full, and none ends between two samples of one time.
pub fn cuts(columns: &Columns) -> Vec<usize> {
    cuts_after(columns, FULL)
}

/// The same for chunks into which late samples fell: as equal as can be, and none for a few samples alone.
pub fn even_cuts(columns: &Columns) -> Vec<usize> {
    let pieces = columns.len().div_ceil(OVERFULL).max(1);
    cuts_after(columns, columns.len().div_ceil(pieces).max(1))
}

fn cuts_after(columns: &Columns, full: usize) -> Vec<usize> {
    let times = columns.times();
    let texts = columns.weight() > columns.len();
    let mut ends = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let mut end = (start + full).min(times.len());
        if texts {
            let mut weight = 0;
            let heavy = (start..end).find(|i| {
                weight += columns.sample(*i).weight();
                weight > FULL_WEIGHT
            });
            end = heavy.map_or(end, |heavy| heavy.max(start + 1));
        }
        while end < times.len() && times[end] == times[end - 1] {
            end += 1;
        }
        ends.push(end);
        start = end;
    }
    ends
}

/// As bytes. `None`: there are no samples, or more than [`MOST_IN_CHUNK`].
pub fn encode(columns: &Columns) -> Option<Encoded> {
    let summary = Summary::of(columns, 0..columns.len()).filter(|_| columns.len() <= MOST_IN_CHUNK)?;
    let digest = digest::encode(&digest::blocks(columns));
    let mut body = vec![FORMAT];
    put(&mut body, columns.len() as u64);
    put_section(&mut body, &numbers::encode(columns.times(), ModeSpec::Classic));
    let qualities: Vec<u32> = columns.qualities().iter().map(|q| u32::from(q.number())).collect();
    put_section(&mut body, &codes::encode(&qualities));
    put_section(&mut body, &details(columns.details()));
    let (kind, values) = values(columns);
    body.push(kind);
    put_section(&mut body, &values);
    seal(&mut body);
    Some(Encoded { summary, digest, body })
}

/// From a body's bytes.
pub fn decode(body: &[u8]) -> Result<Columns, Damage> {
    let mut reader = Reader::new(unseal(body)?);
    if reader.byte()? != FORMAT {
        return Err(Damage("a chunk of a format that is not known"));
    }
    let count = reader.count(MOST_IN_CHUNK)?;
    let times = numbers::decode(reader.section()?, count)?;
    let qualities: Vec<Quality> =
        codes::decode(reader.section()?, count)?.into_iter().map(|code| Quality::from_number(code as u16)).collect();
    let details = decode_details(reader.section()?, count)?;
    let kind = reader.byte()?;
    let values = decode_values(kind, reader.section()?, &qualities)?;
    reader.end()?;
    Columns::from_parts(times, values, qualities, details).ok_or(Damage("its columns differ in length"))
}

/// The kind of a chunk's values, where all that there are are of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Floats.
    F64,
    /// Signed integers.
    I64,
    /// Unsigned integers.
    U64,
    /// States of two.
    Bool,
}

impl Kind {
    /// The value that this number of a summary stands for. `None`: beyond 2^53 a number may stand for several integers.
    pub fn value(self, number: f64) -> Option<Value> {
        const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        match self {
            Self::F64 => Some(Value::F64(number)).filter(|_| !number.is_nan()),
            Self::I64 => (number.abs() < EXACT).then_some(Value::I64(number as i64)),
            Self::U64 => (0.0..EXACT).contains(&number).then_some(Value::U64(number as u64)),
            Self::Bool => (0.0..=1.0).contains(&number).then_some(Value::Bool(number > 0.5)),
        }
    }
}

/// Of which kind a body's values are; `None`: texts, mixed ones, or none at all. The samples are not decoded.
pub fn kind(body: &[u8]) -> Result<Option<Kind>, Damage> {
    let mut reader = Reader::new(unseal(body)?);
    if reader.byte()? != FORMAT {
        return Err(Damage("a chunk of a format that is not known"));
    }
    let _count = reader.count(MOST_IN_CHUNK)?;
    let (_times, _qualities, _details) = (reader.section()?, reader.section()?, reader.section()?);
    Ok(match reader.byte()? {
        1 => Some(Kind::F64),
        2 => Some(Kind::I64),
        3 => Some(Kind::U64),
        4 => Some(Kind::Bool),
        _ => None,
    })
}

/// The kind, and the values of the samples that are not bad.
fn values(columns: &Columns) -> (u8, Vec<u8>) {
    let good = |i: &usize| !columns.qualities()[*i].is_bad();
    let all_good = columns.qualities().iter().all(|q| !q.is_bad());
    fn pick<T: Copy>(values: &[T], good: impl Fn(&usize) -> bool, all_good: bool) -> std::borrow::Cow<'_, [T]> {
        if all_good { values.into() } else { (0..values.len()).filter(good).map(|i| values[i]).collect() }
    }
    match columns.values() {
        Values::None => (0, Vec::new()),
        Values::F64(v) => (1, numbers::encode(&pick(v, good, all_good), ModeSpec::Auto)),
        Values::I64(v) => (2, numbers::encode(&pick(v, good, all_good), ModeSpec::Auto)),
        Values::U64(v) => (3, numbers::encode(&pick(v, good, all_good), ModeSpec::Auto)),
        Values::Bool(v) => {
            let states: Vec<u32> = (0..v.len()).filter(good).map(|i| u32::from(v[i])).collect();
            (4, codes::encode(&states))
        }
        Values::Text(v) => (5, texts((0..v.len()).filter(good).map(|i| v[i].as_ref()))),
        Values::Mixed(v) => (KIND_MIXED, mixed(v.iter().flatten())),
    }
}

fn decode_values(kind: u8, bytes: &[u8], qualities: &[Quality]) -> Result<Values, Damage> {
    let count = qualities.iter().filter(|q| !q.is_bad()).count();
    Ok(match kind {
        0 if count == 0 && bytes.is_empty() => Values::None,
        1 => Values::F64(spread(numbers::decode(bytes, count)?, qualities, &f64::NAN)),
        2 => Values::I64(spread(numbers::decode(bytes, count)?, qualities, &0)),
        3 => Values::U64(spread(numbers::decode(bytes, count)?, qualities, &0)),
        4 => {
            let states = codes::decode(bytes, count)?.into_iter().map(|state| state != 0).collect();
            Values::Bool(spread(states, qualities, &false))
        }
        5 => Values::Text(spread(decode_texts(bytes, count)?, qualities, &"".into())),
        KIND_MIXED => {
            let values = decode_mixed(bytes, count)?.into_iter().map(Some).collect();
            Values::Mixed(spread(values, qualities, &None))
        }
        _ => return Err(Damage("values of a kind that is not known")),
    })
}

/// Puts a filler where there is no value.
fn spread<T: Clone>(values: Vec<T>, qualities: &[Quality], filler: &T) -> Vec<T> {
    if values.len() == qualities.len() {
        return values;
    }
    let mut values = values.into_iter();
    qualities
        .iter()
        .map(|q| if q.is_bad() { filler.clone() } else { values.next().unwrap_or_else(|| filler.clone()) })
        .collect()
}

/// A list of the different texts, then which one each is.
fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut list = Vec::new();
    let mut codes = Vec::new();
    for text in texts {
        let next = numbers.len() as u32;
        codes.push(*numbers.entry(text).or_insert_with(|| {
            put_section(&mut list, text.as_bytes());
            next
        }));
    }
    let mut bytes = Vec::new();
    put(&mut bytes, numbers.len() as u64);
    bytes.extend(list);
    bytes.extend(codes::encode(&codes));
    bytes
}

fn decode_texts(bytes: &[u8], count: usize) -> Result<Vec<Arc<str>>, Damage> {
    let mut reader = Reader::new(bytes);
    let different = reader.count(count)?;
    let list: Vec<Arc<str>> = (0..different).map(|_| reader.text().map(Arc::from)).collect::<Result<_, _>>()?;
    let codes = codes::decode(reader.take(reader.left())?, count)?;
    let text = |code: &u32| list.get(*code as usize).cloned().ok_or(Damage("a text that is not in its list"));
    codes.iter().map(text).collect()
}

/// Empty where there are none; else texts, an empty one for none, and which is no detail and which an empty one.
fn details(details: &[Option<Arc<str>>]) -> Vec<u8> {
    if details.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    let some: Vec<u32> = details.iter().map(|d| u32::from(d.is_some())).collect();
    put_section(&mut bytes, &codes::encode(&some));
    bytes.extend(texts(details.iter().flatten().map(AsRef::as_ref)));
    bytes
}

fn decode_details(bytes: &[u8], count: usize) -> Result<Vec<Option<Arc<str>>>, Damage> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    let some = codes::decode(reader.section()?, count)?;
    let told = some.iter().filter(|s| **s != 0).count();
    let mut texts = decode_texts(reader.take(reader.left())?, told)?.into_iter();
    Ok(some.iter().map(|s| if *s == 0 { None } else { texts.next() }).collect())
}

/// The kind of each, then the values of each kind.
fn mixed<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    let (mut kinds, mut floats, mut signed, mut unsigned) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut states, mut words) = (Vec::new(), Vec::new());
    for value in values {
        kinds.push(u32::from(rank(Some(value))));
        match value {
            Value::F64(v) => floats.push(*v),
            Value::I64(v) => signed.push(*v),
            Value::U64(v) => unsigned.push(*v),
            Value::Bool(v) => states.push(u32::from(*v)),
            Value::Text(v) => words.push(v.as_ref()),
        }
    }
    let mut bytes = Vec::new();
    put_section(&mut bytes, &codes::encode(&kinds));
    put_section(&mut bytes, &numbers::encode(&floats, ModeSpec::Auto));
    put_section(&mut bytes, &numbers::encode(&signed, ModeSpec::Auto));
    put_section(&mut bytes, &numbers::encode(&unsigned, ModeSpec::Auto));
    put_section(&mut bytes, &codes::encode(&states));
    put_section(&mut bytes, &texts(words.into_iter()));
    bytes
}

fn decode_mixed(bytes: &[u8], count: usize) -> Result<Vec<Value>, Damage> {
    let mut reader = Reader::new(bytes);
    let kinds = codes::decode(reader.section()?, count)?;
    let of = |kind: u32| kinds.iter().filter(|k| **k == kind).count();
    let mut floats = numbers::decode::<f64>(reader.section()?, of(1))?.into_iter();
    let mut signed = numbers::decode::<i64>(reader.section()?, of(2))?.into_iter();
    let mut unsigned = numbers::decode::<u64>(reader.section()?, of(3))?.into_iter();
    let mut states = codes::decode(reader.section()?, of(4))?.into_iter();
    let mut words = decode_texts(reader.section()?, of(5))?.into_iter();
    reader.end()?;
    let value = |kind: &u32| match kind {
        1 => floats.next().map(Value::F64),
        2 => signed.next().map(Value::I64),
        3 => unsigned.next().map(Value::U64),
        4 => states.next().map(|state| Value::Bool(state != 0)),
        5 => words.next().map(Value::Text),
        _ => None,
    };
    kinds.iter().map(value).collect::<Option<_>>().ok_or(Damage("a value of a kind that is not known"))
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::any_columns;
    use super::super::sample::Sample;
    use super::*;
    use crate::time::Utc;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_come_back_to_the_last_bit(columns in any_columns(300)) {
            let columns = columns.into_canonical().0;
            let Some(encoded) = encode(&columns) else {
                prop_assert!(columns.is_empty());
                return Ok(());
            };
            let decoded = decode(&encoded.body).unwrap();
            prop_assert_eq!(decoded.weight(), columns.weight());
            prop_assert_eq!(decoded, columns);
        }

        #[test]
        fn one_changed_bit_is_noticed(columns in any_columns(40), bit: usize) {
            let Some(mut encoded) = encode(&columns.into_canonical().0) else { return Ok(()) };
            let bit = bit % (encoded.body.len() * 8);
            encoded.body[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(&encoded.body).is_err());
        }

        /// Even where somebody made a checksum that fits.
        #[test]
        fn no_bytes_make_it_panic(columns in any_columns(40), at: usize, byte: u8, cut: usize) {
            let Some(encoded) = encode(&columns.into_canonical().0) else { return Ok(()) };
            let mut body = unseal(&encoded.body).unwrap().to_vec();
            let at = at % body.len();
            body[at] = byte;
            body.truncate(cut % (2 * body.len()));
            seal(&mut body);
            drop(decode(&body));
        }

        #[test]
        fn chunks_are_full_and_never_cut_within_one_time(steps in proptest::collection::vec(0_i64..2, 0..20_000)) {
            let mut time = 0;
            let columns: Columns = steps.iter().enumerate().map(|(i, step)| {
                time += step;
                Sample::good(Utc(time), i as f64)
            }).collect();
            let ends = cuts(&columns);
            let mut start = 0;
            for end in &ends {
                prop_assert!(end - start >= FULL || *end == columns.len());
                prop_assert!(*end == columns.len() || columns.times()[end - 1] < columns.times()[*end]);
                start = *end;
            }
            prop_assert_eq!(start, columns.len());
        }
    }

    #[test]
    fn long_texts_make_short_chunks() {
        let text = |i: i64| Value::Text(format!("{i:0>60000}").into());
        let columns: Columns = (0..300).map(|i| Sample::new(Utc(i), Some(text(i)), Quality::GOOD, None)).collect();
        let ends = cuts(&columns);
        assert!(ends.len() > 1 && ends.len() < 10, "{ends:?}");
        assert_eq!(ends.last(), Some(&300));
    }

    #[test]
    fn a_plain_series_takes_little_room() {
        let mut random = fastrand::Rng::with_seed(42);
        let mut value = 500_i64;
        let columns: Columns = (0..FULL as i64)
            .map(|i| {
                value += random.i64(-1..=1);
                Sample::good(Utc(i * 1_000_000), value as f64 / 10.0)
            })
            .collect();
        let encoded = encode(&columns).unwrap();
        let per_sample = (encoded.body.len() + encoded.digest.len()) as f64 / FULL as f64;
        assert!(per_sample < 0.45, "{per_sample}");
    }
}
