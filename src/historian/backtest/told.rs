//! A verdict in words, the same on the command line and on the screen.

use super::Backtest;
use crate::engine::trial::Exactness;
use crate::text::rounded;
use crate::time::Span;
use std::fmt::Write as _;

impl Backtest {
    /// `412 → 9 occurrences; of the 3 that were acted on 2 would have come, 1 of them 40 s later; 1 would not`.
    pub fn summary(&self) -> String {
        let mut words = format!("{} → {} occurrences", self.outcome.present.count, self.outcome.trial.count);
        let acted = self.acted_on.len();
        if acted == 0 {
            words.push_str("; nobody acknowledged one in this time");
            return words;
        }
        let shifts: Vec<Span> = self.acted_on.iter().filter_map(|a| Some(a.trial? - a.raised)).collect();
        let later: Vec<&Span> = shifts.iter().filter(|s| s.0 >= 1_000_000).collect();
        let _written = write!(words, "; of the {acted} that were acted on {} would have come", shifts.len());
        if let Some(most) = later.iter().max() {
            let by = if later.len() == 1 { shift(**most) } else { format!("up to {}", shift(**most)) };
            let _written = write!(words, ", {} of them {by}", later.len());
        }
        if shifts.len() < acted {
            let _written = write!(words, "; {} would not", acted - shifts.len());
        }
        words
    }

    /// What keeps the verdict from being the whole truth, a sentence each.
    pub fn doubts(&self) -> Vec<String> {
        let outcome = &self.outcome;
        let mut doubts = Vec::new();
        if let Exactness::Within(units) = outcome.exactness {
            let bound = match (outcome.least, outcome.most) {
                (Some(least), Some(most)) => format!("between {least} and {most} occurrences are certain"),
                (Some(least), None) => format!(
                    "at least {least} occurrences are certain; how many at most cannot be told, because the deadband tried is less than twice that"
                ),
                (None, _) => "how far the count is off cannot be told".to_owned(),
            };
            doubts.push(format!("Recorded with record-deadband = {units}: {bound}."));
        }
        for tag in &self.unrecorded {
            doubts.push(format!("{tag} is not recorded: what hangs on it counts as if it had no value."));
        }
        if self.damaged > 0 {
            doubts.push(format!("{} parts of the history are damaged and count as gaps.", self.damaged));
        }
        if outcome.trial.held_at_start {
            doubts.push("It held when the time began: its first occurrence may have come earlier.".to_owned());
        }
        doubts
    }
}

/// `40 s later`, `2 min earlier`, `at the same time`.
pub fn shift(by: Span) -> String {
    match by.0 {
        0 => "at the same time".to_owned(),
        later if later > 0 => format!("{} later", rough(by)),
        _ => format!("{} earlier", rough(Span(-by.0))),
    }
}

/// A length for people: two units at the most.
pub fn rough(span: Span) -> String {
    let seconds = span.0.max(0) as f64 / 1e6;
    if seconds < 10.0 {
        return format!("{} s", rounded(seconds, Some(u8::from(seconds != seconds.trunc()))));
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => two((whole / 60, "min"), (whole % 60, "s")),
        3_600..172_800 => two((whole / 3_600, "h"), (whole % 3_600 / 60, "min")),
        _ => two((whole / 86_400, "d"), (whole % 86_400 / 3_600, "h")),
    }
}

fn two(large: (u64, &str), small: (u64, &str)) -> String {
    let least = format!("{} {}", large.0, large.1);
    if small.0 == 0 { least } else { format!("{least} {} {}", small.0, small.1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_two_units_at_the_most() {
        let told = |seconds: f64| rough(Span((seconds * 1e6) as i64));
        assert_eq!(
            [0.0, 1.5, 40.0, 90.0, 3_600.0, 90_000.0, 2_592_000.0, 200_000.0].map(told),
            ["0 s", "1.5 s", "40 s", "1 min 30 s", "1 h", "25 h", "30 d", "2 d 7 h"]
        );
        let shifts = [0, 40_000_000, -120_000_000].map(|micros| shift(Span(micros)));
        assert_eq!(shifts, ["at the same time", "40 s later", "2 min earlier"]);
    }
}
