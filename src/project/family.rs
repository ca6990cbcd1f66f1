//! A tag whose topic has `+` stands for many: one for each topic that matches, found when its first message comes.
//!
//! A family is what was written; a member is a topic that was found. [`expand`] makes one tag of each member, with the
//! family's alarms, after all tags that were written, so that these keep their places.
//! Invariant: two members never have one name, and a member keeps its place among the members as long as it is one.

use super::file::name::tag_fault;
use super::{Alarm, AlarmKind, Availability, Project, Source, Tag, TopicSource};
use std::collections::HashMap;
use std::sync::Arc;

/// Most `+` of one topic.
pub const MOST_LEVELS: usize = 9;

/// Most members of one family. What matches beyond makes no tag, and that is told.
pub const MOST_MEMBERS: usize = 10_000;

/// A tag whose topic has `+`, with its alarms. `{1}` in its texts stands for what the first `+` stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// As written.
    pub tag: Arc<Tag>,
    /// As written, below it or elsewhere.
    pub alarms: Vec<Arc<Alarm>>,
}

/// A topic of which a message came, or of which one came in an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// Name of the device.
    pub device: Arc<str>,
    /// Its topic, without wildcards.
    pub topic: Arc<str>,
}

/// A topic that matches and makes no tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub member: Member,
    /// Why not, in words.
    pub why: String,
}

/// How many of a project's tags and alarms, the last ones, are of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// Tags.
    pub tags: usize,
    /// Alarms.
    pub alarms: usize,
}

impl Member {
    /// Whether a tag is of it.
    pub fn is_of(&self, source: &TopicSource) -> bool {
        source.device.eq_ignore_ascii_case(&self.device) && source.topic == self.topic.as_ref()
    }
}

impl Family {
    /// The topic with its wildcards, and the device's name.
    pub fn source(&self) -> Option<&TopicSource> {
        match &self.tag.source {
            Source::Topic(source) => Some(source),
            _ => None,
        }
    }

    /// Whether a tag of this name may be one of its members.
    pub fn may_have(&self, name: &str) -> bool {
        may_be(&self.tag.name.to_lowercase(), &name.to_lowercase())
    }
}

impl Project {
    /// As written: without the tags of members.
    #[must_use]
    pub fn without_members(&self) -> Self {
        let mut project = self.clone();
        project.tags.truncate(project.tags.len().saturating_sub(self.found.tags));
        project.alarms.truncate(project.alarms.len().saturating_sub(self.found.alarms));
        project.found = Found::default();
        project
    }

    /// The tags of members.
    pub fn members(&self) -> &[Arc<Tag>] {
        self.tags.get(self.tags.len().saturating_sub(self.found.tags)..).unwrap_or_default()
    }

    /// The family that a tag of this name may be a member of, which has not been found yet.
    pub fn awaits(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.may_have(name)).map(AsRef::as_ref)
    }
}

/// What a member's tags are called in the project that [`expand`] made with it.
pub fn tags_of<'p>(project: &'p Project, member: &Member) -> Vec<&'p Arc<Tag>> {
    let is_of = |tag: &&Arc<Tag>| matches!(&tag.source, Source::Topic(source) if member.is_of(source));
    project.members().iter().filter(is_of).collect()
}

/// The member that a name means in such a project: that of a tag, or a topic.
///
/// # Errors
/// There is none, or there are several; what to do.
pub fn member_named<'m>(project: &Project, members: &'m [Member], name: &str) -> Result<&'m Member, String> {
    let tag = project.members().iter().find(|tag| tag.name.eq_ignore_ascii_case(name));
    let source = tag.and_then(|tag| match &tag.source {
        Source::Topic(source) => Some(source),
        _ => None,
    });
    let mut found = members.iter().filter(|member| match source {
        Some(source) => member.is_of(source),
        None => member.topic.as_ref() == name,
    });
    match (found.next(), found.next()) {
        (Some(member), None) => Ok(member),
        (Some(_), Some(_)) => Err(format!("\"{name}\" is a topic of several devices; say which by the name of a tag")),
        (None, _) if project.tags.iter().any(|tag| tag.name.eq_ignore_ascii_case(name)) => {
            Err(format!("\"{name}\" was not found by a topic, it is written; take it out of the project's file"))
        }
        (None, _) => Err(format!("there is no topic \"{name}\" that was found, and no tag of one")),
    }
}

/// A project as written, with a tag for each of these members, in their order; and what makes none.
pub fn expand(written: &Project, members: &[Member]) -> (Project, Vec<LeftOut>) {
    let mut project = written.without_members();
    let mut left_out = Vec::new();
    let mut names: HashMap<String, Member> = HashMap::new();
    for tag in &project.tags {
        let member = match &tag.source {
            Source::Topic(source) => {
                Member { device: source.device.as_str().into(), topic: source.topic.as_str().into() }
            }
            _ => Member { device: "".into(), topic: "".into() },
        };
        names.insert(tag.name.to_lowercase(), member);
    }
    let mut counts = vec![0_usize; project.families.len()];
    let families = project.families.clone();
    for member in members {
        for (family, count) in families.iter().zip(&mut counts) {
            let Some(source) = family.source().filter(|s| s.device.eq_ignore_ascii_case(&member.device)) else {
                continue;
            };
            let Some(levels) = captures(&source.topic, &member.topic) else { continue };
            match one(family, source, member, &levels, *count, &names) {
                Ok(Some((tag, alarms))) => {
                    names.insert(tag.name.to_lowercase(), member.clone());
                    *count += 1;
                    project.found.tags += 1;
                    project.found.alarms += alarms.len();
                    project.tags.push(Arc::new(tag));
                    project.alarms.extend(alarms);
                }
                Ok(None) => {}
                Err(why) => left_out.push(LeftOut { member: member.clone(), why }),
            }
        }
    }
    (project, left_out)
}

/// A member's tag and alarms. `None`: a tag of this topic and name is written, and stands for itself.
#[expect(clippy::type_complexity, reason = "a tag and its alarms, taken apart at once")]
fn one(
    family: &Family,
    source: &TopicSource,
    member: &Member,
    levels: &[&str],
    count: usize,
    names: &HashMap<String, Member>,
) -> Result<Option<(Tag, Vec<Arc<Alarm>>)>, String> {
    let of = |word: &str| format!("{word}; it matches {}", source.topic);
    let name = name_of(&family.tag.name, levels);
    if let Some((message, _)) = tag_fault(&name) {
        return Err(of(&message));
    }
    match names.get(&name.to_lowercase()) {
        Some(taken) if taken.topic == member.topic => return Ok(None),
        Some(taken) if taken.topic.is_empty() => return Err(of(&format!("there is another tag \"{name}\""))),
        Some(taken) => return Err(of(&format!("the tag \"{name}\" is of the topic {}", taken.topic))),
        None => {}
    }
    if count >= MOST_MEMBERS {
        return Err(of(&format!("there are {MOST_MEMBERS} tags of it already")));
    }
    let own = |text: &String| filled(text, levels);
    let named = |text: &String| name_of(text, levels);
    let availability = source.availability.as_ref().map(|availability| Availability {
        topic: own(&availability.topic),
        online: own(&availability.online),
        offline: own(&availability.offline),
    });
    let topic = TopicSource {
        topic: member.topic.to_string(),
        path: source.path.as_ref().map(own),
        time: source.time.as_ref().map(own),
        availability,
        ..source.clone()
    };
    let written = &family.tag;
    let tag = Tag {
        was: written.was.as_ref().map(named),
        description: own(&written.description),
        setpoint: written.setpoint.as_ref().map(named),
        source: Source::Topic(Arc::new(topic)),
        name,
        ..Tag::clone(written)
    };
    let alarms = family.alarms.iter().map(|alarm| Arc::new(alarm_of(alarm, &tag.name, levels))).collect();
    Ok(Some((tag, alarms)))
}

fn alarm_of(written: &Alarm, tag: &str, levels: &[&str]) -> Alarm {
    let own = |text: &String| filled(text, levels);
    let named = |text: &String| formula_of(text, levels);
    let mut alarm = Alarm {
        tag: tag.to_owned(),
        suppress_when: written.suppress_when.as_ref().map(named),
        group: written.group.as_ref().map(own),
        message: own(&written.message),
        cause: written.cause.as_ref().map(own),
        consequence: written.consequence.as_ref().map(own),
        response: written.response.as_ref().map(own),
        display: written.display.as_ref().map(own),
        ..written.clone()
    };
    for row in &mut alarm.limits {
        row.when = formula_of(&row.when, levels);
    }
    if let AlarmKind::Deviation { from, .. } = &mut alarm.kind {
        *from = name_of(from, levels);
    }
    alarm
}

/// What each `+` of a filter stands for in a topic. `None`: it does not match. A wildcard in the first place stands for none
/// of the broker's own topics, which begin with `$` (MQTT 3.1.1, 4.7.2). A shared filter brings what it would bring alone.
pub fn captures<'t>(filter: &str, topic: &'t str) -> Option<Vec<&'t str>> {
    let filter = TopicSource::bare(filter);
    if topic.starts_with('$') && filter.starts_with('+') {
        return None;
    }
    let mut levels = Vec::new();
    let (mut wanted, mut there) = (filter.split('/'), topic.split('/'));
    loop {
        match (wanted.next(), there.next()) {
            (None, None) => return Some(levels),
            (Some("+"), Some(level)) => levels.push(level),
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return None,
        }
    }
}

/// What a member of this topic is called, by the name and the filter of its family. `None`: it is none of it.
pub fn member_name(pattern: &str, filter: &str, topic: &str) -> Option<String> {
    captures(filter, topic).map(|levels| name_of(pattern, &levels))
}

/// How many `+` a topic has that stand for a whole level each. `None`: one stands beside other letters.
pub fn wildcards(topic: &str) -> Option<usize> {
    let levels = topic.split('/').filter(|level| level.contains('+'));
    levels.map(|level| (level == "+").then_some(1)).sum()
}

/// A text with what each `{n}` stands for.
fn filled(text: &str, levels: &[&str]) -> String {
    replaced(text, |n| levels.get(n).map(|level| (*level).to_owned()))
}

/// A name with the letters that a name may have; a part that would begin otherwise begins with `x`.
fn name_of(pattern: &str, levels: &[&str]) -> String {
    let name = replaced(pattern, |n| levels.get(n).map(|level| letters(level)));
    let part = |part: &str| {
        if part.starts_with(|c: char| c.is_ascii_alphabetic()) { part.to_owned() } else { format!("x{part}") }
    };
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// A formula with the names that it means. A name in it begins where a letter, a digit, `_`, `.` or `{` does after none.
fn formula_of(text: &str, levels: &[&str]) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}');
    let mut formula = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_name(c) != is_name(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.contains('{') {
            formula.push_str(&name_of(word, levels));
        } else {
            formula.push_str(word);
        }
        rest = after;
    }
    formula
}

fn letters(level: &str) -> String {
    level.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Puts in what each `{1}` to `{9}` stands for, once: what was put in is not looked at again.
fn replaced(text: &str, of: impl Fn(usize) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let number = match from.as_bytes() {
            [b'{', digit @ b'1'..=b'9', b'}', ..] => Some(usize::from(digit - b'1')),
            _ => None,
        };
        match number.and_then(&of) {
            Some(level) => {
                out.push_str(&level);
                rest = from.get(3..).unwrap_or_default();
            }
            None => {
                out.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a name can come of a pattern, both in lower case.
fn may_be(pattern: &str, name: &str) -> bool {
    let Some(open) = pattern.find('{') else { return pattern == name };
    let (head, rest) = pattern.split_at(open);
    let (Some(after), Some(tail)) = (rest.get(3..), name.strip_prefix(head)) else { return false };
    // What a level gives has no dot in it.
    let end = tail.find('.').unwrap_or(tail.len());
    (0..=end).filter(|at| tail.is_char_boundary(*at)).any(|at| may_be(after, tail.get(at..).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
