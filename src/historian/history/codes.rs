//! Columns of small numbers, most of them alike: qualities, states, numbers of texts in a list.

use super::bytes::{Damage, Reader, put, put_section};
use pco::standalone::{simple_compress, simple_decompress_into};

const ALL_ALIKE: u8 = 0;
const RUNS: u8 = 1;
const COMPRESSED: u8 = 2;

/// Runs are kept as they are up to so many samples a run on average.
const LEAST_RUN: usize = 8;

/// As bytes: one number for all, runs, or compressed.
pub fn encode(codes: &[u32]) -> Vec<u8> {
    let runs = codes.chunk_by(|a, b| a == b).count();
    if runs <= 1 {
        let mut bytes = vec![ALL_ALIKE];
        put(&mut bytes, u64::from(codes.first().copied().unwrap_or(0)));
        return bytes;
    }
    if runs * LEAST_RUN > codes.len()
        && let Ok(compressed) = simple_compress(codes, &pco::ChunkConfig::default())
    {
        let mut bytes = vec![COMPRESSED];
        put_section(&mut bytes, &compressed);
        return bytes;
    }
    let mut bytes = vec![RUNS];
    for run in codes.chunk_by(|a, b| a == b) {
        put(&mut bytes, u64::from(run[0]));
        put(&mut bytes, run.len() as u64);
    }
    bytes
}

/// From their bytes; `count` is how many there are.
pub fn decode(bytes: &[u8], count: usize) -> Result<Vec<u32>, Damage> {
    let mut reader = Reader::new(bytes);
    let mut codes = Vec::with_capacity(count);
    match reader.byte()? {
        ALL_ALIKE => codes.resize(count, reader.count(u32::MAX as usize)? as u32),
        RUNS => {
            while codes.len() < count {
                let code = reader.count(u32::MAX as usize)? as u32;
                let length = reader.count(count - codes.len())?;
                if length == 0 {
                    return Err(Damage("a run of nothing"));
                }
                codes.resize(codes.len() + length, code);
            }
        }
        COMPRESSED => {
            codes.resize(count, 0);
            decompress(reader.section()?, &mut codes)?;
        }
        _ => return Err(Damage("a column of a way that is not known")),
    }
    reader.end()?;
    Ok(codes)
}

/// Fills `numbers` from what pco compressed; exactly so many must be there.
pub fn decompress<T: pco::data_types::Number>(bytes: &[u8], numbers: &mut [T]) -> Result<(), Damage> {
    let progress = simple_decompress_into(bytes, numbers).map_err(|_e| Damage("a column cannot be decompressed"))?;
    if progress.n_processed == numbers.len() && progress.finished {
        Ok(())
    } else {
        Err(Damage("a column has another length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_come_back(runs in proptest::collection::vec((any::<u32>(), 1_usize..40), 0..30)) {
            let codes: Vec<u32> = runs.iter().flat_map(|(code, count)| vec![*code; *count]).collect();
            prop_assert_eq!(decode(&encode(&codes), codes.len()).unwrap(), codes);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, count in 0_usize..100) {
            drop(decode(&bytes, count));
        }
    }
}
