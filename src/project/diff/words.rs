//! Changes in words: for the journal, in one line; in short, for who has to agree; and all of them, for who reviews.

use super::made::{Counts, Told, gathered, is_gathered};
use super::{Change, Of, What};
use crate::text::visible;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Names that are told in one line of what was added or removed; of more the number.
const MOST_NAMES: usize = 5;

/// Names that head what changed alike; the JSON has them all.
const MOST_ALIKE: usize = 100;

/// For the journal, so that whoever reads it a year later knows that the limit was another one then: the most telling first,
/// alarms, tags, devices, displays, the rest.
pub fn words(changes: &[Change]) -> Vec<String> {
    let made = gathered(changes);
    let order = [Of::Alarm, Of::Tag, Of::Device, Of::Display, Of::Panel, Of::Project, Of::History, Of::Shift];
    let mut said: Vec<String> = Vec::new();
    for of in order {
        let own = || changes.iter().filter(move |change| change.of == of && !is_gathered(change));
        said.extend(made.iter().filter(|told| told.of == of).map(Told::words));
        if of == Of::Panel {
            let mut displays: Vec<&str> = own().map(|change| change.name.as_str()).collect();
            displays.dedup();
            said.extend(displays.into_iter().map(|name| format!("panels of {name} changed")));
            continue;
        }
        said.extend(own().filter_map(key_words));
        for added in [true, false] {
            let is = |what: &What| match what {
                What::Added(_) => added,
                What::Removed(_) => !added,
                What::Renamed(_) | What::Key { .. } | What::Reordered => false,
            };
            let verb = if added { "added" } else { "removed" };
            let names: Vec<&str> = own().filter(|change| is(&change.what)).map(|change| change.name.as_str()).collect();
            if !names.is_empty() {
                let listed = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
                let more = names.len().saturating_sub(MOST_NAMES);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                said.push(format!("{} {verb}: {listed}{more}", counted(names.len(), of.word())));
            }
        }
        for change in own() {
            match &change.what {
                What::Renamed(from) => said.push(format!("{} {from} is now {}", of.word(), change.name)),
                What::Reordered => said.push(format!("order of the {} changed", plural(of.word()))),
                What::Added(_) | What::Removed(_) | What::Key { .. } => {}
            }
        }
    }
    said
}

fn key_words(change: &Change) -> Option<String> {
    let What::Key { key, before, after } = &change.what else { return None };
    let whose = match change.of {
        Of::Project => "the project",
        Of::History => "the history",
        _ => &change.name,
    };
    Some(format!("{key} of {whose} {} → {}", told(key, before), told(key, after)))
}

/// Several texts as one of at most about `longest` bytes; what does not fit is counted.
pub fn in_short(changes: &[String], longest: usize) -> String {
    let mut text = String::new();
    for (told, change) in changes.iter().enumerate() {
        if text.len() + change.len() > longest && told > 0 {
            // Writing to a string cannot fail.
            let _ok = write!(text, "; and {} more", changes.len() - told);
            break;
        }
        text.push_str(if told == 0 { "" } else { "; " });
        if change.len() > longest {
            text.extend(change.chars().take(longest / 4).chain(['…']));
        } else {
            text.push_str(change);
        }
    }
    text
}

/// All changes in one line: `3 limits, 1 unit id; 2 tags renamed, history kept; 1 display added`. Empty where there are none.
pub fn summary(changes: &[Change]) -> String {
    let mut keys: Vec<(String, usize)> = Vec::new();
    let mut whole: Vec<(String, Of, usize)> = Vec::new();
    let mut orders: Vec<String> = Vec::new();
    for change in changes.iter().filter(|change| !is_gathered(change)) {
        let verb = match &change.what {
            What::Key { key, .. } => {
                let noun = noun(change.of, key);
                match keys.iter_mut().find(|(known, _)| *known == noun) {
                    Some((_, count)) => *count += 1,
                    None => keys.push((noun, 1)),
                }
                continue;
            }
            What::Reordered => {
                orders.push(format!("the order of the {}", plural(change.of.word())));
                continue;
            }
            What::Renamed(from) if change.of == Of::Alarm && follows_its_tag(from, &change.name) => continue,
            What::Renamed(_) if matches!(change.of, Of::Tag | Of::Alarm | Of::Device) => "renamed, history kept",
            What::Renamed(_) => "renamed",
            What::Added(_) => "added",
            What::Removed(_) => "removed",
        };
        match whole.iter_mut().find(|(known, of, _)| (known.as_str(), *of) == (verb, change.of)) {
            Some((_, _, count)) => *count += 1,
            None => whole.push((verb.to_owned(), change.of, 1)),
        }
    }
    let keys: Vec<String> = keys.into_iter().map(|(noun, count)| counted(count, &noun)).collect();
    let keys = Some(keys.join(", ")).filter(|keys| !keys.is_empty());
    let whole = whole.into_iter().map(|(verb, of, count)| format!("{} {verb}", counted(count, of.word())));
    keys.into_iter().chain(whole).chain(made_in_short(changes)).chain(orders).collect::<Vec<_>>().join("; ")
}

/// What templates and their uses did: `template pump: 1 limit`, `1 use of pump added`.
fn made_in_short(changes: &[Change]) -> Vec<String> {
    let mut uses: Vec<String> = Vec::new();
    let mut by: Vec<(String, Vec<(String, usize)>)> = Vec::new();
    for told in gathered(changes) {
        let noun = match &told.counts {
            Counts::Uses(noun, verb, count) => {
                uses.push(format!("{} {verb}", counted(*count, noun)));
                continue;
            }
            Counts::Key(key) => noun(told.of, key),
            Counts::Whole(verb) => format!("{} {verb}", told.of.word()),
        };
        let at = by.iter().position(|(whose, _)| *whose == told.whose).unwrap_or_else(|| {
            by.push((told.whose.clone(), Vec::new()));
            by.len() - 1
        });
        let Some((_, nouns)) = by.get_mut(at) else { continue };
        match nouns.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, count)) => *count += 1,
            None => nouns.push((noun, 1)),
        }
    }
    let counted_all = |nouns: Vec<(String, usize)>| {
        let each = nouns.into_iter().map(|(noun, count)| match noun.split_once(' ') {
            Some((head, verb @ ("added" | "removed"))) => format!("{} {verb}", counted(count, head)),
            _ => counted(count, &noun),
        });
        each.collect::<Vec<_>>().join(", ")
    };
    by.into_iter().map(|(whose, nouns)| format!("{whose}: {}", counted_all(nouns))).chain(uses).collect()
}

/// Things that changed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded<'c> {
    /// What they are.
    pub of: Of,
    /// What each is called; of a panel its display.
    pub names: Vec<&'c str>,
    /// Which panel; empty for all else.
    pub part: &'c str,
    /// What became of each.
    pub whats: Vec<&'c What>,
}

/// Changes by what they are of, in their order; what changed in the very same keys to the very same values is told once. What
/// templates make is left out: it is told by template and use.
pub fn folded(changes: &[Change]) -> Vec<Folded<'_>> {
    let mut each: Vec<Folded<'_>> = Vec::new();
    for Change { of, name, part, what, by: _ } in changes.iter().filter(|change| !is_gathered(change)) {
        match each.last_mut() {
            Some(last) if (last.of, last.names.as_slice(), last.part) == (*of, &[name.as_str()], part.as_str()) => {
                last.whats.push(what);
            }
            _ => each.push(Folded { of: *of, names: vec![name], part, whats: vec![what] }),
        }
    }
    let mut by_what: HashMap<(Of, Vec<&What>), usize> = HashMap::new();
    let mut folded: Vec<Folded<'_>> = Vec::with_capacity(each.len());
    for one in each {
        let foldable = one.part.is_empty() && one.whats.iter().all(|what| matches!(what, What::Key { .. }));
        let known = foldable.then(|| *by_what.entry((one.of, one.whats.clone())).or_insert(folded.len()));
        match known.and_then(|at| folded.get_mut(at)) {
            Some(same) => same.names.extend(one.names),
            None => folded.push(one),
        }
    }
    folded
}

/// All changes, with what was and what is: a heading for each thing, or for several that changed alike, and its keys below.
pub fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for one in folded(changes) {
        // A renamed tag is told with its alarms.
        let of_its_tag = |what: &&What| match (what, one.names.as_slice()) {
            (What::Renamed(from), [name]) => follows_its_tag(from, name),
            _ => false,
        };
        if one.of == Of::Alarm && one.whats.iter().all(of_its_tag) {
            continue;
        }
        part(&mut text, &heading(&one));
        for what in &one.whats {
            match what {
                What::Added(written) | What::Removed(written) => {
                    for (key, value) in written {
                        line(&mut text, &format!("{key}: {}", told(key, value)));
                    }
                }
                What::Renamed(from) if one.of == Of::Tag => {
                    line(&mut text, &format!("renamed from {from}; history and states of alarms follow"));
                }
                What::Renamed(from) if one.of == Of::Alarm && !of_its_tag(what) => {
                    line(&mut text, &format!("renamed from {from}; its state and history follow"));
                }
                What::Renamed(from) if one.of == Of::Device => {
                    line(&mut text, &format!("renamed from {from}; its figures' history and states of alarms follow"));
                }
                What::Renamed(from) => line(&mut text, &format!("renamed from {from}")),
                What::Key { key, before, after } => {
                    line(&mut text, &format!("{key}: {} → {}", told(key, before), told(key, after)));
                }
                What::Reordered => line(&mut text, "stand in another order"),
            }
        }
    }
    let mut whose = String::new();
    for told in gathered(changes) {
        if matches!(told.counts, Counts::Uses(..)) {
            part(&mut text, &told.words());
            continue;
        }
        if told.whose != whose {
            part(&mut text, &told.whose);
            whose.clone_from(&told.whose);
        }
        line(&mut text, &told.did);
    }
    text
}

/// Whether an alarm bears another name only because its tag does.
fn follows_its_tag(from: &str, name: &str) -> bool {
    let short = |name: &str| name.rsplit_once('/').map(|(_, short)| short.to_lowercase());
    short(from) == short(name)
}

/// A heading, parted from what stands before it.
fn part(text: &mut String, heading: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&visible(heading));
    text.push('\n');
}

fn line(text: &mut String, words: &str) {
    // Writing to a string cannot fail.
    let _ok = writeln!(text, "    {}", visible(words));
}

fn heading(one: &Folded<'_>) -> String {
    let verb = match one.whats.as_slice() {
        [What::Added(_)] => " added",
        [What::Removed(_)] => " removed",
        _ => "",
    };
    match (one.of, one.names.as_slice()) {
        (Of::Project, _) => "the project".to_owned(),
        (Of::History, _) => "[history]".to_owned(),
        (of, [""]) => format!("the {}", plural(of.word())),
        (Of::Panel, [display]) => format!("panel {} of display {display}{verb}", one.part),
        (of, [name]) => format!("{} {name}{verb}", of.word()),
        (of, names) => {
            let told = names.iter().take(MOST_ALIKE).copied().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(MOST_ALIKE);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}: {told}{more}", counted(names.len(), of.word()))
        }
    }
}

/// Words of people stand in quotes, so that it is seen where they end.
pub(super) fn told(key: &str, value: &str) -> String {
    let base = key.rsplit('.').next().unwrap_or(key);
    let of_people = matches!(
        base,
        "description"
            | "message"
            | "cause"
            | "consequence"
            | "response"
            | "formula"
            | "suppress-when"
            | "title"
            | "text"
            | "group"
            | "display"
            | "parent"
    );
    match value {
        "" => "none".to_owned(),
        _ if of_people => format!("\"{value}\""),
        _ => value.to_owned(),
    }
}

/// What the value of a key is called where several are counted.
fn noun(of: Of, key: &str) -> String {
    let noun = match (of, key) {
        (Of::Project, key) => return format!("{} of the project", key.replace('-', " ")),
        (Of::History, key) => return format!("{} of the history", key.replace('-', " ")),
        (_, "was") => "earlier name",
        (Of::Panel, "at") => "panel place",
        (Of::Panel, "tags") => "panel tag",
        (Of::Panel, "order of pens") => "order of pens",
        (Of::Panel, key) if key != "pen" => return format!("panel {}", key.replace('-', " ")),
        (Of::Alarm, "display") => "display of an alarm",
        (_, "labels") => "set of labels",
        (_, "limits") => "table of limits",
        (_, "bad-values") => "list of bad values",
        (_, "retries") => "number of retries",
        (_, "decimals") => "number of decimals",
        (_, "columns") => "number of columns",
        (_, "max-registers") => "number of registers in a read",
        (_, "stop-bits") => "number of stop bits",
        (_, key) => return key.replace(['-', '.'], " ").replace("no answer", "no-answer"),
    };
    noun.to_owned()
}

/// `1 limit`, `3 limits`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {}", plural(noun)) }
}

/// Of `list of bad values` the list is counted.
fn plural(noun: &str) -> String {
    let (head, rest) = noun.find(" of ").map_or((noun, ""), |at| noun.split_at(at));
    let many = match head.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if head.ends_with(['s', 'x']) || head.ends_with("ch") => format!("{head}es"),
        _ => format!("{head}s"),
    };
    format!("{many}{rest}")
}
