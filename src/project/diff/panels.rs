//! Panels of one display in two versions. They have no names: each is taken for the one that is most like it.

use super::fields;
use super::made;
use super::{Comparison, Of, What};
use crate::project::{Item, Panel, Pen};

/// Tells what became of the panels of a display, and of their pens.
pub(super) fn compare(all: &mut Comparison, display: &str, before: &[Panel], after: &[Panel]) {
    let follow = |name: &String| all.renames.follow(Of::Panel, "tags", name).into_owned();
    let renamed = |panel: &Panel| Panel {
        tags: panel.tags.iter().map(follow).collect(),
        pens: panel.pens.iter().map(|pen| Pen { tag: follow(&pen.tag), right: pen.right }).collect(),
        items: panel.items.iter().map(|item| Item { tag: follow(&item.tag), ..item.clone() }).collect(),
        ..panel.clone()
    };
    let before: Vec<Panel> = before.iter().map(renamed).collect();
    let mut left: Vec<Option<&Panel>> = before.iter().map(Some).collect();
    let mut was: Vec<Option<&Panel>> = vec![None; after.len()];
    // The same; the same elsewhere, or with another title; of the same tags; of the same kind; what stands in its place.
    let alike: [fn(&Panel, &Panel) -> bool; 5] = [
        |a, b| a == b,
        |a, b| a.kind == b.kind && shows(a) == shows(b),
        |a, b| a.kind == b.kind && (a.at == b.at || a.title.is_some() && a.title == b.title),
        |a, b| a.at == b.at,
        |a, b| a.kind == b.kind,
    ];
    for alike in alike {
        for (panel, was) in after.iter().zip(&mut was) {
            if was.is_none() {
                let found = left.iter_mut().find(|old| old.is_some_and(|old| alike(old, panel)));
                *was = found.and_then(Option::take);
            }
        }
    }
    for (panel, was) in after.iter().zip(was) {
        let part = called(panel);
        let whose = (Of::Panel, display, part.as_str());
        all.by = made::by(&all.uses, display, was.map(|old| &old.places), Some(&panel.places), was.is_some());
        let Some(old) = was else {
            all.tell(whose, What::Added(written(panel)));
            continue;
        };
        all.keys(whose, &fields::panel(old), &fields::panel(panel));
        pens(all, whose, &old.pens, &panel.pens);
        items(all, whose, &old.items, &panel.items);
    }
    for panel in left.into_iter().flatten() {
        all.by = made::by(&all.uses, display, Some(&panel.places), None, false);
        all.tell((Of::Panel, display, &called(panel)), What::Removed(written(panel)));
    }
    all.by = None;
}

/// The tags that a panel shows.
fn shows(panel: &Panel) -> impl PartialEq {
    let pens = panel.pens.iter().map(|pen| pen.tag.to_lowercase());
    let tags = panel.tags.iter().map(|tag| tag.to_lowercase());
    (tags.chain(pens).collect::<Vec<_>>(), panel.text.clone(), panel.picture.clone())
}

/// How a panel is told from others of its display: `gauge "Tank 1"`, `trend of tank1.level`.
fn called(panel: &Panel) -> String {
    let kind = panel.kind.word();
    let first = panel.tags.first().or_else(|| panel.pens.first().map(|pen| &pen.tag));
    match (&panel.title, first) {
        (Some(title), _) if !title.is_empty() => format!("{kind} \"{title}\""),
        (_, Some(tag)) => format!("{kind} of {tag}"),
        (_, None) if panel.picture.is_some() => format!("{kind} {}", panel.picture.as_deref().unwrap_or("")),
        _ => kind.to_owned(),
    }
}

fn written(panel: &Panel) -> Vec<(&'static str, String)> {
    let is_written = |key: &str| {
        let key = if key == "tags" && panel.places.keys.iter().any(|(k, _)| *k == "tag") { "tag" } else { key };
        panel.places.keys.iter().any(|(k, _)| *k == key)
    };
    let fields = fields::panel(panel).into_iter().filter(|(key, _)| is_written(key));
    let pens = panel.pens.iter().map(|pen| ("pen", fields::pen(pen)));
    let items = panel.items.iter().map(|item| ("item", format!("{} of {}", item.kind.word(), item.tag)));
    fields.map(|(key, value)| (key, value.into_owned())).chain(pens).chain(items).collect()
}

/// Items by kind and tag, in their order: one that comes, goes or moves is told by itself.
fn items(all: &mut Comparison, whose: (Of, &str, &str), before: &[Item], after: &[Item]) {
    let mut left: Vec<Option<&Item>> = before.iter().map(Some).collect();
    let told = |item: Option<&Item>| {
        item.map(|item| format!("{} of {} at {}", item.kind.word(), item.tag, fields::item(item))).unwrap_or_default()
    };
    let same = |one: &Item, other: &Item| {
        one.kind == other.kind && one.tag.eq_ignore_ascii_case(&other.tag) && fields::item(one) == fields::item(other)
    };
    let alike = |one: &Item, other: &Item| one.kind == other.kind && one.tag.eq_ignore_ascii_case(&other.tag);
    let mut changed: Vec<&Item> = Vec::new();
    for item in after {
        match left.iter_mut().find(|old| old.is_some_and(|old| same(old, item))) {
            Some(old) => *old = None,
            None => changed.push(item),
        }
    }
    for item in changed {
        let old = left.iter_mut().find(|old| old.is_some_and(|old| alike(old, item))).and_then(Option::take);
        all.tell(whose, What::Key { key: "item", before: told(old), after: told(Some(item)) });
    }
    for old in left.into_iter().flatten() {
        all.tell(whose, What::Key { key: "item", before: told(Some(old)), after: String::new() });
    }
}

/// Pens by their tags: one that comes or goes is told by itself.
fn pens(all: &mut Comparison, whose: (Of, &str, &str), before: &[Pen], after: &[Pen]) {
    let is = |one: &Pen, other: &Pen| one.tag.eq_ignore_ascii_case(&other.tag);
    let told = |pen: Option<&Pen>| pen.map(fields::pen).unwrap_or_default();
    for pen in after {
        let old = before.iter().find(|old| is(old, pen));
        if old.is_none_or(|old| old.right != pen.right) {
            all.tell(whose, What::Key { key: "pen", before: told(old), after: told(Some(pen)) });
        }
    }
    for old in before.iter().filter(|old| !after.iter().any(|pen| is(old, pen))) {
        all.tell(whose, What::Key { key: "pen", before: told(Some(old)), after: String::new() });
    }
    let kept = |pens: &[Pen], others: &[Pen]| -> Vec<String> {
        pens.iter().filter(|pen| others.iter().any(|other| is(pen, other))).map(|pen| pen.tag.to_lowercase()).collect()
    };
    let (old, new) = (kept(before, after), kept(after, before));
    if old != new {
        all.tell(whose, What::Key { key: "order of pens", before: old.join(", "), after: new.join(", ") });
    }
}
