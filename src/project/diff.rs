//! What is another between two versions of a project: one list of changes, from which the journal, the text and the JSON of
//! `watchkeeper diff`, and whoever reviews an edit take their words.
//!
//! Compared is what was meant and not how it is written: comments, layout, and a default that is written out are no change.
//! Neither are names of tags and displays that follow a rename.

mod fields;
mod made;
mod panels;
mod words;

use super::{Alarm, Device, Display, NoAnswer, Places, Project, Shift, Tag};
use fields::Fields;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub use made::By;
pub use words::{Folded, folded, in_short, summary, text, words};

/// What a change is of, in the document's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The file itself.
    Project,
    /// `[history]`.
    History,
    /// A shift.
    Shift,
    /// A device.
    Device,
    /// A tag, or one that stands for many.
    Tag,
    /// An alarm.
    Alarm,
    /// A display.
    Display,
    /// A panel of a display.
    Panel,
}

impl Of {
    /// As people call one.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::History => "history",
            Self::Shift => "shift",
            Self::Device => "device",
            Self::Tag => "tag",
            Self::Alarm => "alarm",
            Self::Display => "display",
            Self::Panel => "panel",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing.
    pub of: Of,
    /// What it is called after, or was before where it is gone; of a panel its display. Empty for the file and its history,
    /// and where it is of all of a kind.
    pub name: String,
    /// Which panel of the display; empty for all else.
    pub part: String,
    /// What became of it.
    pub what: What,
    /// Whose doing it is, where a template makes it.
    pub by: Option<By>,
}

/// What became of something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// It is new; what is written of it.
    Added(Vec<(&'static str, String)>),
    /// It is gone; what was written of it.
    Removed(Vec<(&'static str, String)>),
    /// It bore this name before; history and states follow.
    Renamed(String),
    /// A key says something else.
    Key {
        /// Which: `limit`, `no-answer.priority`.
        key: &'static str,
        /// Empty: none was said.
        before: String,
        /// Empty: none is said.
        after: String,
    },
    /// All of its kind stand in another order.
    Reordered,
}

/// What changed, in the document's order. Empty: nothing that counts. Tags of members that were found are left out.
pub fn compare(before: &Project, after: &Project) -> Vec<Change> {
    let (old_tags, new_tags) = (Versions::new(tags(before)), Versions::new(tags(after)));
    let (old_displays, new_displays) = (Versions::of(&before.displays), Versions::of(&after.displays));
    let none = Renames::default();
    let (old_devices, new_devices) = (Versions::of(&before.devices), Versions::of(&after.devices));
    let devices = renamed(&old_devices, &new_devices, &pairs(&old_devices, &new_devices, &none));
    let tags_were = pairs(&old_tags, &new_tags, &none);
    let displays_were = pairs(&old_displays, &new_displays, &none);
    let tags_renamed = renamed(&old_tags, &new_tags, &tags_were);
    let renames = Renames {
        tags_were: tags_renamed.iter().map(|(was, now)| (now.to_lowercase(), was.clone())).collect(),
        tags: tags_renamed,
        displays: renamed(&old_displays, &new_displays, &displays_were),
        devices,
    };
    let uses = [before, after].map(made::uses);
    let mut all = Comparison { changes: Vec::new(), renames, uses, by: None };

    all.keys((Of::Project, "", ""), &fields::project(before), &fields::project(after));
    all.keys((Of::History, "", ""), &fields::history(&before.history), &fields::history(&after.history));
    let shifts = |project: &'_ Project| project.shifts.iter().cloned().map(Arc::new).collect::<Vec<_>>();
    all.entities(&Versions::of(&shifts(before)), &Versions::of(&shifts(after)));
    all.entities(&old_devices, &new_devices);
    all.entities(&old_tags, &new_tags);
    all.entities(&Versions::new(alarms(before)), &Versions::new(alarms(after)));
    all.entities(&old_displays, &new_displays);
    for (new, was) in new_displays.list.iter().zip(displays_were) {
        if let Some(old) = was.and_then(|was| old_displays.list.get(was)) {
            panels::compare(&mut all, &new.name, &old.panels, &new.panels);
        }
    }
    all.changes
}

/// What changed in the words of the journal: [`words()`] of [`compare`].
pub fn changes(before: &Project, after: &Project) -> Vec<String> {
    words(&compare(before, after))
}

/// As written: those that stand for many behind the others, members left out.
fn tags(project: &Project) -> Vec<&Tag> {
    let written = project.tags.len().saturating_sub(project.found.tags);
    let families = project.families.iter().map(|family| &family.tag);
    project.tags.iter().take(written).chain(families).map(AsRef::as_ref).collect()
}

fn alarms(project: &Project) -> Vec<&Alarm> {
    let written = project.alarms.len().saturating_sub(project.found.alarms);
    let families = project.families.iter().flat_map(|family| &family.alarms);
    project.alarms.iter().take(written).chain(families).map(AsRef::as_ref).collect()
}

/// Something with a name of its own among its kind.
trait Entity: PartialEq {
    const OF: Of;
    /// Whether the order of all of them shows somewhere.
    const ORDERED: bool;
    fn name(&self) -> Cow<'_, str>;
    /// The name that it says it bore before.
    fn was(&self) -> Option<&str> {
        None
    }
    /// The names that it may have borne before, by what it says or because of what it hangs on.
    fn earlier(&self, _renames: &Renames) -> Vec<String> {
        self.was().map(str::to_owned).into_iter().collect()
    }
    fn fields(&self) -> Fields<'_>;
    fn places(&self) -> Option<&Places>;
}

impl Entity for Shift {
    const OF: Of = Of::Shift;
    const ORDERED: bool = false;
    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
    fn fields(&self) -> Fields<'_> {
        fields::shift(self)
    }
    fn places(&self) -> Option<&Places> {
        None
    }
}

impl Entity for Device {
    const OF: Of = Of::Device;
    const ORDERED: bool = true;
    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
    fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }
    fn fields(&self) -> Fields<'_> {
        fields::device(self)
    }
    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }
}

impl Entity for Tag {
    const OF: Of = Of::Tag;
    const ORDERED: bool = true;
    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
    fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }
    fn fields(&self) -> Fields<'_> {
        fields::tag(self)
    }
    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }
}

impl Entity for Alarm {
    const OF: Of = Of::Alarm;
    const ORDERED: bool = false;
    fn name(&self) -> Cow<'_, str> {
        format!("{}/{}", self.tag, self.name).into()
    }
    fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }
    fn earlier(&self, renames: &Renames) -> Vec<String> {
        let tags = std::iter::once(self.tag.clone()).chain(renames.tag_was(&self.tag));
        let own = std::iter::once(self.name.as_str()).chain(self.was());
        tags.flat_map(|tag| own.clone().map(move |name| format!("{tag}/{name}"))).skip(1).collect()
    }
    fn fields(&self) -> Fields<'_> {
        fields::alarm(self)
    }
    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }
}

impl Entity for Display {
    const OF: Of = Of::Display;
    const ORDERED: bool = true;
    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
    fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }
    fn fields(&self) -> Fields<'_> {
        fields::display(self)
    }
    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }
}

/// All of a kind in one version, with their places by name in lower case. Of two of one name, a fault of the project, the
/// last counts.
struct Versions<'p, T> {
    list: Vec<&'p T>,
    by_name: HashMap<String, usize>,
}

impl<'p, T: Entity> Versions<'p, T> {
    fn new(list: Vec<&'p T>) -> Self {
        let by_name = list.iter().enumerate().map(|(at, one)| (one.name().to_lowercase(), at)).collect();
        Self { list, by_name }
    }

    fn of(list: &'p [Arc<T>]) -> Self {
        Self::new(list.iter().map(AsRef::as_ref).collect())
    }
}

/// Where each of the later ones stood in the earlier version, by its name or the one that it bore.
fn pairs<T: Entity>(before: &Versions<'_, T>, after: &Versions<'_, T>, renames: &Renames) -> Vec<Option<usize>> {
    let of = |one: &&T| {
        let known = before.by_name.get(&one.name().to_lowercase());
        let earlier = || {
            let names = one.earlier(renames).into_iter().map(|was| was.to_lowercase());
            names.filter(|was| !after.by_name.contains_key(was)).find_map(|was| before.by_name.get(&was))
        };
        known.or_else(earlier).copied()
    };
    after.list.iter().map(of).collect()
}

/// Names of now by those of before, in lower case.
fn renamed<T: Entity>(
    before: &Versions<'_, T>,
    after: &Versions<'_, T>,
    pairs: &[Option<usize>],
) -> HashMap<String, String> {
    let each = after.list.iter().zip(pairs).filter_map(|(new, was)| {
        let (old, new) = (before.list.get((*was)?)?.name(), new.name());
        (old != new).then(|| (old.to_lowercase(), new.into_owned()))
    });
    each.collect()
}

/// What bears another name: names of now by those of before in lower case.
#[derive(Debug, Default)]
struct Renames {
    tags: HashMap<String, String>,
    /// Of tags, the other way round.
    tags_were: HashMap<String, String>,
    displays: HashMap<String, String>,
    devices: HashMap<String, String>,
}

/// What the names of a device's own tags call it.
fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The device in the name of one of its own tags, and what stands before and behind it.
fn figure(name: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) =
        name.split_at_checked("device.".len()).filter(|(head, _)| head.eq_ignore_ascii_case("device."))?;
    let (device, figure) = rest.split_once('.')?;
    Some((head, device, figure))
}

impl Renames {
    /// What a tag is called now.
    fn tag_is(&self, name: &str) -> Option<String> {
        if let Some(now) = self.tags.get(&name.to_lowercase()) {
            return Some(now.clone());
        }
        let (head, device, figure) = figure(name).filter(|_| !self.devices.is_empty())?;
        let mut renamed = self.devices.iter();
        let (_, now) = renamed.find(|(was, _)| letters(was).eq_ignore_ascii_case(device))?;
        Some(format!("{head}{}.{figure}", letters(now)))
    }

    /// What a tag was called before.
    fn tag_was(&self, name: &str) -> Option<String> {
        if let Some(was) = self.tags_were.get(&name.to_lowercase()) {
            return Some(was.clone());
        }
        let (head, device, figure) = figure(name).filter(|_| !self.devices.is_empty())?;
        let mut renamed = self.devices.iter();
        let (was, _) = renamed.find(|(_, now)| letters(now).eq_ignore_ascii_case(device))?;
        Some(format!("{head}{}.{figure}", letters(was)))
    }

    /// The value of a key as it would read if names alone had changed.
    fn follow<'v>(&self, of: Of, key: &str, value: &'v str) -> Cow<'v, str> {
        let display = matches!(key, "display" | "no-answer.display") || (of, key) == (Of::Display, "parent");
        if display {
            return self.displays.get(&value.to_lowercase()).map_or(value.into(), |name| name.clone().into());
        }
        if (of, key) == (Of::Tag, "device") {
            return self.devices.get(&value.to_lowercase()).map_or(value.into(), |name| name.clone().into());
        }
        let names_tags = matches!(key, "setpoint" | "from" | "formula" | "suppress-when" | "limits" | "tags" | "pens");
        if (self.tags.is_empty() && self.devices.is_empty()) || !names_tags {
            return value.into();
        }
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let mut followed = String::with_capacity(value.len());
        let mut rest = value;
        while !rest.is_empty() {
            let (word, after) = rest.split_at(rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len()));
            followed.push_str(&self.tag_is(word).map_or(Cow::Borrowed(word), Cow::Owned));
            let (between, after) = after.split_at(after.find(is_of_a_name).unwrap_or(after.len()));
            followed.push_str(between);
            rest = after;
        }
        followed.into()
    }
}

/// A comparison under way.
struct Comparison {
    changes: Vec<Change>,
    renames: Renames,
    /// Which uses of templates there are, before and after.
    uses: [made::Uses; 2],
    /// Whose doing it is what is told next.
    by: Option<By>,
}

impl Comparison {
    fn tell(&mut self, (of, name, part): (Of, &str, &str), what: What) {
        let by = self.by.clone();
        self.changes.push(Change { of, name: name.to_owned(), part: part.to_owned(), what, by });
    }

    /// Keys whose values are others.
    fn keys(&mut self, whose: (Of, &str, &str), before: &Fields<'_>, after: &Fields<'_>) {
        let value = |fields: &Fields<'_>, key: &str| {
            fields.iter().find(|(k, _)| *k == key).map_or_else(String::new, |(_, value)| value.to_string())
        };
        let gone = before.iter().filter(|(key, _)| !after.iter().any(|(k, _)| k == key));
        for key in after.iter().chain(gone).map(|(key, _)| *key) {
            let (before, after) = (value(before, key), value(after, key));
            if self.renames.follow(whose.0, key, &before) != after {
                self.tell(whose, What::Key { key, before, after });
            }
        }
    }

    /// All of a kind.
    fn entities<T: Entity>(&mut self, before: &Versions<'_, T>, after: &Versions<'_, T>) {
        let pairs = pairs(before, after, &self.renames);
        for (new, was) in after.list.iter().zip(&pairs) {
            let name = new.name();
            let whose = (T::OF, name.as_ref(), "");
            let old = was.and_then(|was| before.list.get(was));
            self.by = made::by(&self.uses, "", old.and_then(|old| old.places()), new.places(), old.is_some());
            let Some(old) = old else {
                self.tell(whose, What::Added(written(*new)));
                continue;
            };
            let old_name = old.name();
            if old_name != name {
                self.tell(whose, What::Renamed(old_name.into_owned()));
            } else if old == new {
                continue;
            } else if old.was() != new.was() {
                let said = |was: Option<&str>| was.unwrap_or_default().to_owned();
                self.tell(whose, What::Key { key: "was", before: said(old.was()), after: said(new.was()) });
            }
            self.keys(whose, &old.fields(), &new.fields());
        }
        let kept: HashSet<usize> = pairs.iter().copied().flatten().collect();
        for (_, old) in before.list.iter().enumerate().filter(|(at, _)| !kept.contains(at)) {
            self.by = made::by(&self.uses, "", old.places(), None, false);
            self.tell((T::OF, &old.name(), ""), What::Removed(written(*old)));
        }
        self.by = None;
        let moved = pairs.iter().flatten().zip(pairs.iter().flatten().skip(1)).any(|(one, next)| one > next);
        if T::ORDERED && moved {
            self.tell((T::OF, "", ""), What::Reordered);
        }
    }
}

/// What is written of something, without what is the default anyway.
fn written<T: Entity>(one: &T) -> Vec<(&'static str, String)> {
    let is_written = |key: &str| {
        let base = key.split('.').next().unwrap_or(key);
        one.places().is_none_or(|places| places.keys.iter().any(|(k, _)| *k == base))
    };
    let usual =
        fields::no_answer(&NoAnswer::default()).into_iter().map(|(k, v)| (k, v.into_owned())).collect::<Vec<_>>();
    let fields = one.fields().into_iter().filter(|(key, _)| is_written(key));
    let told = fields.map(|(key, value)| (key, value.into_owned()));
    told.filter(|field| !usual.contains(field)).collect()
}

#[cfg(test)]
mod tests;
