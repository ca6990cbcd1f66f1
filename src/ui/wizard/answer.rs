//! What a look at the device brought, in the words of the second page, and what to look at where it did not go well.

use super::Surroundings;
use super::fields::remark;
use super::place::Sort;
use crate::drivers::scan::bisect::ranges_text;
use crate::drivers::scan::found::Identity;
use crate::drivers::scan::told::{Rows, first_rows};
use crate::drivers::scan::{End, Found, Picture};
use crate::text::visible;
use eframe::egui::{Label, RichText, Ui};

/// Topics of a broker that are shown.
const TOPICS_SHOWN: usize = 100;

/// Ranges of a table that are named.
const MOST_RANGES: usize = 6;

/// What to look at, where it did not go well.
pub fn advice(sort: Sort, end: Option<&End>, units: &[u8], shown: &Rows) -> &'static [&'static str] {
    match (end, sort) {
        (Some(End::Unreachable(_)), Sort::Tcp | Sort::RtuOverTcp) => &[
            "Look at the address and the port (502 is usual), at the device's own network page, and whether this computer is in its network",
            "Some devices take one connection at a time: close the program that has it now",
        ],
        (Some(End::Unreachable(_)), Sort::Tls) => &[
            "Look at the address and the port (802 is usual), and whether this computer is in the device's network",
            "A certificate that is refused is told above with why: look at the authority's file, and whether the device believes the one that signed ours",
        ],
        (Some(End::Unreachable(_)), Sort::Serial) => &[
            "Look whether the adapter is plugged in, and whether another program has the port",
            "On Linux this user has to be in the group dialout",
        ],
        (Some(End::Unreachable(_)), Sort::Mqtt) => &[
            "Look at the address and the port (1883, or 8883 with mqtts://), at user and password, and at the broker's own log",
            "The password is never typed here: watchkeeper secret set NAME keeps it, and its name goes into the field",
        ],
        (_, Sort::Serial) if units.is_empty() => &[
            "Look at bits a second, parity and the unit, which the device's own menu tells; and whether the two wires are swapped",
        ],
        (_, Sort::Tcp | Sort::Tls | Sort::RtuOverTcp) if units.is_empty() => &[
            "The unit is the number in the device's own menu; a gateway passes on to many, a device by itself often takes 1 or 255",
        ],
        (_, Sort::Mqtt) if shown.rows.is_empty() => {
            &["A sensor may speak but once an hour: listen again, or go on and write the topics yourself"]
        }
        _ => &[],
    }
}

/// What was found, in the words of this page: of a line who answers and what can be read, of a broker its topics.
pub fn shown(picture: &Picture) -> Rows {
    let Found::Modbus(line) = &picture.found else { return first_rows(picture, TOPICS_SHOWN) };
    let mut rows = Vec::new();
    for unit in &line.units {
        let mut words: Vec<String> = unit.identity.iter().map(Identity::words).collect();
        words.extend(unit.sunspec.iter().map(|sunspec| format!("SunSpec {}", sunspec.words())));
        for table in unit.tables.iter().filter(|table| !table.readable.is_empty()) {
            let ranges = ranges_text(&table.readable, MOST_RANGES);
            words.push(format!("{} registers {ranges} can be read", table.table.word()));
        }
        rows.push(vec![format!("unit {}", unit.unit), words.join("; ")]);
    }
    // What this page does not ask for is no news.
    let notes = line.notes.iter().filter(|note| !note.contains("--")).map(|note| visible(note).into_owned());
    Rows { rows, notes: notes.collect(), ..Rows::default() }
}

/// What was found, row by row.
pub fn found_ui(ui: &mut Ui, around: Surroundings<'_>, shown: &Rows) {
    for row in shown.rows.iter().take(TOPICS_SHOWN) {
        let words = match row.as_slice() {
            [unit, found] => visible(&format!("{unit}: {found}")).into_owned(),
            [topic, messages, .., last] if messages.is_empty() => format!("        {} = {last}", topic.trim()),
            [topic, .., last] => format!("{topic}   {last}"),
            _ => continue,
        };
        let label = Label::new(RichText::new(words).color(around.theme.text));
        ui.add(if row.len() == 2 { label.wrap() } else { label.truncate() });
    }
    for note in &shown.notes {
        remark(ui, around.theme, note);
    }
}
