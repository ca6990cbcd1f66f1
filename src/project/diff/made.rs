//! What templates make, in two versions: one change of a template is told once, with the uses that it reaches, and a use that
//! comes or goes as a whole.

use super::words::{counted, told};
use super::{Change, Of, What};
use crate::project::{Origin, Places, Project};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Uses that are named in one line; of more the number.
const MOST_NAMES: usize = 5;

/// Whose doing a change is, where a template makes what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Where it comes from: of what is gone, where it came from.
    pub origin: Arc<Origin>,
    /// What of the two changed.
    pub cause: Cause,
}

/// What made a change of something that a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The template says something else.
    Template,
    /// The use gives other parameters.
    Parameters,
    /// The use came, or went.
    Use,
}

/// Template and name of each use, and the display that it stands below, in lower case.
pub(super) type Uses = HashSet<(String, String, String)>;

fn key(origin: &Origin, display: &str) -> (String, String, String) {
    (origin.template.to_lowercase(), origin.of.to_lowercase(), display.to_lowercase())
}

/// The uses of a project's templates.
pub(super) fn uses(project: &Project) -> Uses {
    let tags = project.tags.iter().map(|tag| (&tag.places, ""));
    let alarms = project.alarms.iter().map(|alarm| (&alarm.places, ""));
    let panels = project
        .displays
        .iter()
        .flat_map(|display| display.panels.iter().map(move |panel| (&panel.places, display.name.as_str())));
    let all = tags.chain(alarms).chain(panels);
    all.filter_map(|(places, display)| Some(key(places.origin.as_deref()?, display))).collect()
}

/// Whose doing it is that something is another, or came or went. `kept`: it was there before, and is; `display`: of a panel.
pub(super) fn by(
    [before, after]: &[Uses; 2],
    display: &str,
    old: Option<&Places>,
    new: Option<&Places>,
    kept: bool,
) -> Option<By> {
    let key = |origin: &Origin| key(origin, display);
    let origin = |places: Option<&Places>| places.and_then(|places| places.origin.clone());
    let (old, new) = (origin(old), origin(new));
    let (origin, cause) = match (old, new) {
        (Some(old), Some(new)) if old.template.eq_ignore_ascii_case(&new.template) => {
            let cause = if old.with == new.with { Cause::Template } else { Cause::Parameters };
            (new, cause)
        }
        // Written by hand in one of the two, or of another template: told like anything else.
        (Some(_), Some(_)) | (None, None) => return None,
        (Some(_), None) | (None, Some(_)) if kept => return None,
        (None, Some(new)) => {
            let cause = if before.contains(&key(&new)) { Cause::Template } else { Cause::Use };
            (new, cause)
        }
        (Some(old), None) => {
            let cause = if after.contains(&key(&old)) { Cause::Template } else { Cause::Use };
            (old, cause)
        }
    };
    Some(By { origin, cause })
}

/// What a template or a use did, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Of what kind are those that changed; of a whole use, tags.
    pub(super) of: Of,
    /// Whose doing: `template pump`, `use of pump for P7`.
    pub(super) whose: String,
    /// What it did, and where: `limit of {name}.temp/high 80 → 85, in 30 uses`.
    pub(super) did: String,
    /// What a summary counts.
    pub(super) counts: Counts,
}

/// What a summary counts of something that is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Counts {
    /// A key.
    Key(&'static str),
    /// What came or went in each use: `added`.
    Whole(&'static str),
    /// So many whole uses that came or went: `use of pump`, `added`.
    Uses(String, &'static str, usize),
}

/// What is one and the same of many changes.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Same<'c> {
    /// Uses of this template that came, or went.
    Use(&'c str, bool),
    /// This key of what bears this name in the template.
    Key(Cause, &'c str, Of, String, &'static str),
    /// This came, went or bears another name in all of them.
    Whole(Cause, &'c str, Of, String, &'static str),
}

/// Whether a change is told with others of its template or use.
pub(super) fn is_gathered(change: &Change) -> bool {
    change.by.is_some() && !matches!(change.what, What::Renamed(_) | What::Reordered)
}

/// The changes of what templates make, gathered by what did them, in their order.
pub(super) fn gathered(changes: &[Change]) -> Vec<Told> {
    let mut found: Vec<(Same<'_>, Vec<&Change>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for change in changes.iter().filter(|change| is_gathered(change)) {
        let Some(by) = &change.by else { continue };
        let (template, cause) = (by.origin.template.as_ref(), by.cause);
        let name = || name_of(change, &by.origin);
        let same = match &change.what {
            What::Added(_) if cause == Cause::Use => Same::Use(template, true),
            What::Removed(_) if cause == Cause::Use => Same::Use(template, false),
            What::Added(_) => Same::Whole(cause, template, change.of, name(), "added"),
            What::Removed(_) => Same::Whole(cause, template, change.of, name(), "removed"),
            What::Key { key, .. } => Same::Key(cause, template, change.of, name(), key),
            What::Renamed(_) | What::Reordered => continue,
        };
        let at = *places.entry(format!("{same:?}")).or_insert(found.len());
        match found.get_mut(at) {
            Some((_, list)) => list.push(change),
            None => found.push((same, vec![change])),
        }
    }
    found.into_iter().map(|(same, changes)| told_of(&same, &changes)).collect()
}

/// What something is called in its template.
fn name_of(change: &Change, origin: &Origin) -> String {
    match change.of {
        Of::Alarm => {
            let own = change.name.rsplit_once('/').map_or("", |(_, own)| own);
            format!("{}/{own}", origin.name)
        }
        Of::Panel => format!("a panel of {}", origin.name),
        _ => origin.name.to_string(),
    }
}

fn told_of(same: &Same<'_>, changes: &[&Change]) -> Told {
    let mut uses: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for origin in changes.iter().filter_map(|change| change.by.as_ref()).map(|by| &by.origin) {
        if seen.insert(origin.of.as_ref()) {
            uses.push(&origin.of);
        }
    }
    let (cause, template) = match same {
        Same::Use(template, _) => (Cause::Use, *template),
        Same::Key(cause, template, ..) | Same::Whole(cause, template, ..) => (*cause, *template),
    };
    let one_use = if let [one] = uses.as_slice() { Some(*one) } else { None };
    let whose = match (cause, one_use) {
        (Cause::Template, _) => format!("template {template}"),
        (_, Some(one)) => format!("use of {template} for {one}"),
        (_, None) => format!("{} uses of {template}", uses.len()),
    };
    let of = changes.first().map_or(Of::Tag, |change| change.of);
    // Of several uses the names in the template, with how many they are; of one, its own.
    let many = || if uses.len() == 1 { "in 1 use".to_owned() } else { format!("in {} uses", uses.len()) };
    let own = |name: &str| match (cause, changes) {
        (Cause::Parameters, [only]) if only.part.is_empty() => only.name.clone(),
        _ => name.to_owned(),
    };
    let (did, counts) = match same {
        Same::Use(_, came) => {
            let verb = if *came { "added" } else { "removed" };
            let count = |of: Of| changes.iter().filter(|change| change.of == of).count();
            let counts = [Of::Tag, Of::Alarm, Of::Panel].map(|of| (count(of), of));
            let made: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, of)| counted(*count, of.word())).collect();
            let names = if uses.len() == 1 { String::new() } else { format!(": {}", listed(&uses)) };
            let did = format!("{verb}{names} ({})", made.join(", "));
            (did, Counts::Uses(format!("use of {template}"), verb, uses.len()))
        }
        Same::Whole(_, _, of, name, verb) => {
            let word = if *of == Of::Panel { "" } else { of.word() };
            let did = format!("{word} {} {verb}, {}", own(name), many());
            (did.trim_start().to_owned(), Counts::Whole(verb))
        }
        Same::Key(_, _, _, name, key) => {
            let said = |change: &Change| match &change.what {
                What::Key { key, before, after } => format!("{} → {}", self::told(key, before), self::told(key, after)),
                _ => String::new(),
            };
            let values: Vec<String> = changes.iter().map(|change| said(change)).collect();
            let alike = values.iter().all(|value| Some(value) == values.first());
            let first = values.first().cloned().unwrap_or_default();
            let head = format!("{key} of {}", own(name));
            let only_one = cause == Cause::Parameters && one_use.is_some();
            let did = match (alike, only_one) {
                (true, true) => format!("{head} {first}"),
                (true, false) => format!("{head} {first}, {}", many()),
                (false, _) => {
                    let name = changes.first().map_or("", |change| change.name.as_str());
                    format!("{head}, {}; of {name} {first}", many())
                }
            };
            (did, Counts::Key(key))
        }
    };
    Told { of, whose, did, counts }
}

impl Told {
    /// In one line.
    pub(super) fn words(&self) -> String {
        match self.counts {
            Counts::Uses(..) => format!("{} {}", self.whose, self.did),
            Counts::Key(_) | Counts::Whole(_) => format!("{}: {}", self.whose, self.did),
        }
    }
}

fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", "))
}
