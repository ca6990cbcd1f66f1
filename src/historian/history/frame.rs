//! One commit of the log as bytes: the samples of a second, tag by tag. They live for an hour at most, so that speed counts
//! here and size does not.

use super::bytes::{Damage, Reader, put, put_section, put_signed, seal, unseal};
use super::columns::Columns;
use super::sample::{Sample, SeriesId, rank};
use crate::engine::{Quality, Value};
use crate::time::Utc;

const FORMAT: u8 = 1;

/// Set in a sample's first byte beside the kind of its value.
const HAS_QUALITY: u8 = 0x10;
const HAS_DETAIL: u8 = 0x20;

/// A commit that is being written, tag by tag.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(vec![FORMAT])
    }

    /// Adds the samples of a tag.
    pub fn put(&mut self, series: SeriesId, samples: impl ExactSizeIterator<Item = Sample>) {
        if samples.len() == 0 {
            return;
        }
        let bytes = &mut self.0;
        put(bytes, u64::from(series.0));
        put(bytes, samples.len() as u64);
        let mut before = 0;
        for one in samples {
            sample(bytes, &one, before);
            before = one.time.0;
        }
    }

    /// The bytes, with a checksum.
    pub fn finish(mut self) -> Vec<u8> {
        seal(&mut self.0);
        self.0
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// As bytes, with a checksum.
pub fn encode<'a>(tags: impl Iterator<Item = (SeriesId, &'a Columns)>) -> Vec<u8> {
    let mut writer = Writer::new();
    for (series, columns) in tags {
        writer.put(series, columns.iter());
    }
    writer.finish()
}

fn sample(bytes: &mut Vec<u8>, sample: &Sample, before: i64) {
    let good = sample.quality.is_good() && sample.quality == Quality::GOOD;
    let flags = if good { 0 } else { HAS_QUALITY } | if sample.detail.is_some() { HAS_DETAIL } else { 0 };
    bytes.push(rank(sample.value.as_ref()) | flags);
    put_signed(bytes, sample.time.0.wrapping_sub(before));
    match &sample.value {
        None => {}
        Some(Value::F64(v)) => bytes.extend(v.to_bits().to_le_bytes()),
        Some(Value::I64(v)) => put_signed(bytes, *v),
        Some(Value::U64(v)) => put(bytes, *v),
        Some(Value::Bool(v)) => bytes.push(u8::from(*v)),
        Some(Value::Text(v)) => put_section(bytes, v.as_bytes()),
    }
    if !good {
        put(bytes, u64::from(sample.quality.number()));
    }
    if let Some(detail) = &sample.detail {
        put_section(bytes, detail.as_bytes());
    }
}

/// Hands out each sample, in the order in which they were written.
pub fn decode(bytes: &[u8], mut each: impl FnMut(SeriesId, Sample)) -> Result<(), Damage> {
    let mut reader = Reader::new(unseal(bytes)?);
    if reader.byte()? != FORMAT {
        return Err(Damage("a commit of a format that is not known"));
    }
    while reader.left() > 0 {
        let series = SeriesId(reader.count(u32::MAX as usize)? as u32);
        let count = reader.count(reader.left())?;
        let mut time = 0_i64;
        for _ in 0..count {
            let head = reader.byte()?;
            time = time.wrapping_add(reader.signed()?);
            let value = match head & 0x0F {
                0 => None,
                1 => Some(Value::F64(f64::from_le_bytes(reader.eight()?))),
                2 => Some(Value::I64(reader.signed()?)),
                3 => Some(Value::U64(reader.number()?)),
                4 => Some(Value::Bool(reader.byte()? != 0)),
                5 => Some(Value::Text(reader.text()?.into())),
                _ => return Err(Damage("a value of a kind that is not known")),
            };
            let quality = if head & HAS_QUALITY == 0 { 0 } else { reader.count(usize::from(u16::MAX))? as u16 };
            let detail = if head & HAS_DETAIL == 0 { None } else { Some(reader.text()?.into()) };
            each(series, Sample::new(Utc(time), value, Quality::from_number(quality), detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::any_columns;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_commit_comes_back_to_the_last_bit(
            tags in proptest::collection::btree_map(any::<u32>().prop_map(SeriesId), any_columns(20), 0..5)
        ) {
            let bytes = encode(tags.iter().map(|(series, columns)| (*series, columns)));
            let mut decoded = BTreeMap::<SeriesId, Columns>::new();
            decode(&bytes, |series, sample| decoded.entry(series).or_default().push(sample)).unwrap();
            prop_assert_eq!(decoded, tags.into_iter().filter(|(_, c)| !c.is_empty()).collect::<BTreeMap<_, _>>());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut sealed = vec![FORMAT];
            sealed.extend(bytes);
            seal(&mut sealed);
            let _outcome = decode(&sealed, |_, _| {});
        }
    }
}
