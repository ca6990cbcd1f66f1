//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of the known words, without regard to case; of equally near ones the first.
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // What a person mistypes is short; a word of a thousand letters is near to nothing, and would cost its square.
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    known.into_iter().map(|k| (distance(&word, k), k)).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// The nearest of the known words, where it is near enough to be what was meant.
pub fn near<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let length = word.chars().count();
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let most = (length / 3).clamp(1, 4);
    known
        .into_iter()
        .filter(|k| k.len().abs_diff(length) <= most * 2)
        .map(|k| (distance(&word, k), k))
        .filter(|(d, _)| *d <= most)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Insertions, deletions, exchanges and swaps of neighbours that make one word the other.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).flat_map(char::to_lowercase).collect();
    let width = b.len() + 1;
    let mut before = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..width {
            let exchange = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = exchange.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_what_was_most_likely_meant() {
        let keys = ["name", "scale", "stale-after", "unit", "unit-id"];
        assert_eq!(nearest("sclae", keys), Some("scale"));
        assert_eq!(nearest("stale_after", keys), Some("stale-after"));
        assert_eq!(nearest("Unit-ID", keys), Some("unit-id"));
        assert_eq!(nearest("x", []), None);
        assert_eq!(near("pump1.flw", ["pump1.flow", "pump2.flow"]), Some("pump1.flow"));
        assert_eq!(near("weather", ["pump1.flow"]), None);
    }
}
