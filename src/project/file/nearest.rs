//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of the known words without regard to case, where it is near enough to be what was meant; of equally near
/// ones the first. Of what is more than one slip away the first letter must be the same: few miss that one, and a guess
/// that is plainly wrong is worse than none.
pub fn near<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // What a person mistypes is short; a word of a thousand letters is near to nothing, and would cost its square.
    let length = word.chars().count();
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let most = (length / 3).clamp(1, 4);
    let first = |k: &str| k.chars().flat_map(char::to_lowercase).next();
    // Half a word is one begun: `modbus` for `modbus-tcp`.
    let begins = |k: &str| word.len() >= 3 && word.len() * 2 >= k.len() && starts_with(k, &word);
    known
        .into_iter()
        .map(|k| (k, begins(k)))
        .filter(|(k, begins)| *begins || k.len().abs_diff(length) <= most * 2)
        .map(|(k, begins)| (distance(&word, k), k, begins))
        .filter(|(d, k, begins)| *d <= 1 || *begins || (*d <= most && first(k) == word.first().copied()))
        .min_by_key(|(d, _, _)| *d)
        .map(|(_, k, _)| k)
}

fn starts_with(known: &str, word: &[char]) -> bool {
    let mut letters = known.chars().flat_map(char::to_lowercase);
    word.iter().all(|c| letters.next() == Some(*c))
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
        assert_eq!(near("sclae", keys), Some("scale"));
        assert_eq!(near("stale_after", keys), Some("stale-after"));
        assert_eq!(near("Unit-ID", keys), Some("unit-id"));
        assert_eq!(near("x", []), None);
        assert_eq!(near("pump1.flw", ["pump1.flow", "pump2.flow"]), Some("pump1.flow"));
        assert_eq!(near("weather", ["pump1.flow"]), None);
    }

    #[test]
    fn what_is_far_from_every_word_is_not_guessed_at() {
        let keys = ["byte", "name", "baud", "topic", "type", "scale"];
        for far in ["mystery", "frobnicate", "bogus", "", "x1", "tonic water"] {
            assert_eq!(near(far, keys), None, "{far}");
        }
        assert_eq!(near("modbus", ["modbus-tcp", "mqtt"]), Some("modbus-tcp"));
        assert_eq!(near("ame", keys), Some("name"));
        assert_eq!(near("scaalle", keys), Some("scale"));
        // Two slips, and another first letter.
        assert_eq!(near("zcaele", keys), None);
    }
}
