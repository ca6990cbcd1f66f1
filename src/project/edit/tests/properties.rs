//! What holds for every text and every sequence of edits. Texts are the project's examples; what an edit means is said by
//! the same edit of the tables that a TOML parser makes of the text.

use super::super::*;
use super::sound;
use crate::project::file::keys;
use proptest::prelude::*;
use toml::{Table, Value as Toml};

const TEXTS: [&str; 3] = [include_str!("../../../../projects/pump.toml"), super::PLANT, super::names::NAMES];

/// An edit to be made, as numbers that mean something only where a text is known.
#[derive(Debug, Clone, Copy)]
struct Roll {
    verb: u8,
    entity: u16,
    key: u16,
    value: u8,
}

fn rolls(most: usize) -> impl Strategy<Value = Vec<Roll>> {
    let roll = (any::<u8>(), any::<u16>(), any::<u16>(), any::<u8>());
    prop::collection::vec(roll.prop_map(|(verb, entity, key, value)| Roll { verb, entity, key, value }), 1..most)
}

fn pick<T: Copy>(list: &[T], roll: u16) -> Option<T> {
    list.get(roll as usize % list.len().max(1)).copied()
}

impl Roll {
    fn value(self) -> Value {
        match self.value % 8 {
            0 => Value::Text("a \"b\" \\ c # d".into()),
            1 => Value::Whole(i64::from(self.key)),
            // Never a whole one, which would keep the form of what stood there.
            2 => Value::Number(f64::from(self.key) / 8.0 + 0.01),
            3 => Value::Flag(true),
            4 => Value::List(vec![Value::Whole(1), Value::Text("x".into())]),
            5 => Value::Table(vec![("tag".into(), "x".into()), ("limit".into(), Value::Number(0.5))]),
            6 => Value::Raw("[\n  1, # one\n  2,\n]".into()),
            _ => Value::Text("m³/h".into()),
        }
    }

    /// The edit in this text, and what it does to the tables.
    fn edit(self, draft: &Draft) -> Option<(Edit, Meant)> {
        let blocks: Vec<&Block> =
            draft.index().blocks().iter().filter(|b| !matches!(b.kind, EntityKind::Part)).collect();
        let block = pick(&blocks, self.entity)?;
        let (of, kind) = (block.id, block.kind);
        let way = way(draft, of)?;
        let known: Vec<&str> = match kind {
            EntityKind::Device => keys::DEVICE.keys,
            EntityKind::Tag => keys::TAG.keys,
            EntityKind::Alarm => keys::ALARM.keys,
            EntityKind::Panel => keys::PANEL.keys,
            _ => keys::DISPLAY.keys,
        }
        .iter()
        .map(|key| key.name)
        .filter(|key| !["alarm", "panel", "name"].contains(key))
        .collect();
        let value = self.value();
        let meant: Toml = format!("x = {}", value.written(None)).parse::<Table>().ok()?.remove("x")?;
        Some(match self.verb % 8 {
            0..3 => {
                let key = pick(&known, self.key)?;
                let edit = Edit::Set { of, key: key.into(), value };
                (
                    edit,
                    Box::new(move |table| {
                        at(table, &way)?.insert(key.into(), meant.clone()).map_or(Some(()), |_| Some(()))
                    }),
                )
            }
            3 => {
                let key = pick(&known, self.key)?;
                (
                    Edit::Unset { of, key: key.into() },
                    Box::new(move |table| at(table, &way).map(|table| drop(table.remove(key)))),
                )
            }
            4 if !way.is_empty() => (Edit::Remove { of }, Box::new(move |table| remove(table, &way).map(drop))),
            5 if way.len() == 1 && way[0].1.is_some() => {
                let name = format!("copy{}", draft.version());
                let edit = Edit::Duplicate { of, name: Some(name.clone()) };
                let named = kind != EntityKind::Alarm;
                let apply = move |table: &mut Table| {
                    let old = at(table, &way)?.get("name").cloned();
                    let mut copy = at(table, &way)?.clone();
                    if old.is_some() {
                        copy.insert("name".into(), Toml::String(name.clone()));
                    }
                    if named {
                        copy.remove("was");
                    }
                    list(table, &way)?.insert(way[0].1? + 1, Toml::Table(copy));
                    Some(())
                };
                (edit, Box::new(apply))
            }
            6 if way.len() == 1 && way[0].1.is_some() => {
                let others: Vec<EntityId> =
                    blocks.iter().filter(|b| b.kind == kind && b.parent.is_none()).map(|b| b.id).collect();
                let target = pick(&others, self.key)?;
                let (from, to) = (way[0].1?, others.iter().position(|id| *id == target)?);
                let edit = Edit::Move { of, spot: Spot::After(target) };
                let apply = move |table: &mut Table| {
                    if from != to {
                        let moved = list(table, &way)?.remove(from);
                        list(table, &way)?.insert(if to > from { to } else { to + 1 }, moved);
                    }
                    Some(())
                };
                (edit, Box::new(apply))
            }
            _ => {
                let name = format!("new{}", draft.version());
                let keys = vec![("name".to_owned(), Value::Text(name.clone())), ("formula".to_owned(), "1".into())];
                let new: Table = [("name", name.as_str()), ("formula", "1")]
                    .map(|(k, v)| (k.to_owned(), Toml::String(v.into())))
                    .into_iter()
                    .collect();
                let apply = move |table: &mut Table| {
                    let tags = table.entry("tag").or_insert_with(|| Toml::Array(Vec::new()));
                    tags.as_array_mut()?.push(Toml::Table(new.clone()));
                    Some(())
                };
                (Edit::Add { kind: EntityKind::Tag, spot: Spot::Last, keys }, Box::new(apply))
            }
        })
    }
}

/// What an edit does to the tables; none where they have no such place.
type Meant = Box<dyn Fn(&mut Table) -> Option<()>>;

/// Keys and places from the document to an entity's table.
type Way = Vec<(&'static str, Option<usize>)>;

fn way(draft: &Draft, of: EntityId) -> Option<Way> {
    let block = draft.index().block(of)?;
    let nth =
        |same: &dyn Fn(&Block) -> bool| draft.index().blocks().iter().filter(|b| same(b)).position(|b| b.id == of);
    let key = match block.kind {
        EntityKind::Project => return Some(Vec::new()),
        EntityKind::History => return Some(vec![("history", None)]),
        EntityKind::Shift => "shift",
        EntityKind::Device => "device",
        EntityKind::Tag => "tag",
        EntityKind::Alarm => "alarm",
        EntityKind::Display => "display",
        EntityKind::Panel => "panel",
        _ => return None,
    };
    let mut way = match block.parent {
        Some(parent) => way(draft, parent)?,
        None => Vec::new(),
    };
    way.push((key, nth(&|b| b.kind == block.kind && b.parent == block.parent)));
    Some(way)
}

fn at<'t>(table: &'t mut Table, way: &Way) -> Option<&'t mut Table> {
    let mut table = table;
    for (key, nth) in way {
        let value = table.get_mut(*key)?;
        table = match nth {
            Some(nth) => value.as_array_mut()?.get_mut(*nth)?.as_table_mut()?,
            None => value.as_table_mut()?,
        };
    }
    Some(table)
}

fn list<'t>(table: &'t mut Table, way: &Way) -> Option<&'t mut Vec<Toml>> {
    let (last, above) = way.split_last()?;
    at(table, &above.to_vec())?.get_mut(last.0)?.as_array_mut()
}

fn remove(table: &mut Table, way: &Way) -> Option<()> {
    let (last, above) = way.split_last()?;
    let above = at(table, &above.to_vec())?;
    match last.1 {
        None => drop(above.remove(last.0)),
        Some(nth) => {
            let list = above.get_mut(last.0)?.as_array_mut()?;
            list.remove(nth);
            if list.is_empty() {
                above.remove(last.0);
            }
        }
    }
    Some(())
}

fn table(draft: &Draft) -> Table {
    draft.text().parse().unwrap_or_else(|error| panic!("{error}\n{}", draft.text()))
}

/// Lines that one text has and another has not, or fewer of.
pub(super) fn new_lines(of: &str, before: &str) -> Vec<String> {
    let mut left: Vec<&str> = before.lines().map(str::trim).collect();
    let mut new = Vec::new();
    for line in of.lines().map(str::trim) {
        match left.iter().position(|other| *other == line) {
            Some(nth) => drop(left.swap_remove(nth)),
            None => new.push(line.to_owned()),
        }
    }
    new
}

fn edited(text: &str, rolls: &[Roll]) -> Draft {
    let mut draft = Draft::open(text.as_bytes()).unwrap();
    for roll in rolls {
        if let Some((edit, _)) = roll.edit(&draft) {
            let _refused = draft.edit(&[edit]);
        }
    }
    draft
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_edit_does_what_is_meant_and_nothing_else_and_undo_gives_the_same_bytes(nth in 0..TEXTS.len(), crlf: bool, rolls in rolls(12)) {
        let text = if crlf { TEXTS[nth].replace('\n', "\r\n") } else { TEXTS[nth].to_owned() };
        let mut draft = Draft::open(text.as_bytes()).unwrap();
        let mut texts = vec![draft.text().to_string()];
        for roll in &rolls {
            let Some((edit, meant)) = roll.edit(&draft) else { continue };
            let mut expected = table(&draft);
            match draft.edit(std::slice::from_ref(&edit)) {
                Ok(_) => prop_assert!(meant(&mut expected).is_some(), "{edit:?}\n{}", draft.text()),
                Err(refusal) => {
                    prop_assert!(refusal.what.contains("parts of its own"), "{edit:?}: {refusal}");
                    continue;
                }
            }
            sound(&draft);
            prop_assert_eq!(table(&draft), expected, "{:?}\n{}", edit, draft.text());
            prop_assert!(!crlf || draft.text().matches('\n').count() - draft.text().matches("\r\n").count() <= 6 * rolls.len());
            if **draft.text() != *texts[texts.len() - 1] {
                texts.push(draft.text().to_string());
            }
        }
        for before in texts.iter().rev().skip(1) {
            prop_assert!(draft.undo().is_some());
            prop_assert_eq!(&**draft.text(), before);
        }
        prop_assert!(draft.undo().is_none() && !draft.is_changed());
        sound(&draft);
        for after in texts.iter().skip(1) {
            prop_assert!(draft.redo().is_some());
            prop_assert_eq!(&**draft.text(), after);
        }
        sound(&draft);
    }

    #[test]
    fn a_text_of_any_letters_is_edited_or_refused_and_undone(nth in 0..TEXTS.len(), at: u16, cut in 0_usize..60, junk in "[\\[\\]\"'=#{}\n a-c.]{0,8}", rolls in rolls(10)) {
        let text = TEXTS[nth];
        let from = text.floor_char_boundary(at as usize % text.len());
        let to = text.ceil_char_boundary((from + cut).min(text.len()));
        let torn = [&text[..from], &junk, &text[to..]].concat();
        let mut draft = Draft::open(torn.as_bytes()).unwrap();
        prop_assert_eq!(draft.bytes(), torn.as_bytes());
        for roll in &rolls {
            if let Some((edit, _)) = roll.edit(&draft) {
                let before = Arc::clone(draft.text());
                if draft.edit(&[edit]).is_err() {
                    prop_assert_eq!(draft.text(), &before);
                }
            }
        }
        while draft.undo().is_some() {}
        prop_assert_eq!(draft.bytes(), torn.as_bytes());
    }

    #[test]
    fn many_edits_at_once_do_the_same_as_one_after_another(nth in 0..TEXTS.len(), rolls in rolls(12)) {
        let mut one = Draft::open(TEXTS[nth].as_bytes()).unwrap();
        let mut many = one.clone();
        // Of keys alone: what is meant by an entity hangs on those before it.
        let keys = rolls.iter().map(|roll| Roll { verb: roll.verb % 4, ..*roll });
        let edits: Vec<Edit> = keys.filter_map(|roll| Some(roll.edit(&one)?.0)).collect();
        let each: Vec<bool> = edits.iter().map(|edit| one.edit(std::slice::from_ref(edit)).is_ok()).collect();
        let all = many.edit(&edits).is_ok();
        prop_assert_eq!(all, each.iter().all(|done| *done));
        if all {
            sound(&many);
            prop_assert_eq!(table(&many), table(&one));
            many.undo();
        }
        prop_assert_eq!(&**many.text(), TEXTS[nth]);
    }

    #[test]
    fn the_canonical_layout_says_the_same_and_is_its_own(nth in 0..TEXTS.len(), crlf: bool, rolls in rolls(8)) {
        let draft = edited(TEXTS[nth], &rolls);
        let text = if crlf { draft.text().replace('\n', "\r\n") } else { draft.text().to_string() };
        let laid_out = canonical(text.as_bytes()).unwrap();
        prop_assert_eq!(laid_out.parse::<Table>().unwrap(), table(&draft));
        prop_assert_eq!(canonical(laid_out.as_bytes()).unwrap(), laid_out.clone());
        prop_assert!(laid_out.lines().all(|line| line.trim_end() == line || line.contains('"')));
    }

    #[test]
    fn a_merge_never_loses_either_side_silently(nth in 0..TEXTS.len(), ours in rolls(6), theirs in rolls(6)) {
        let base = TEXTS[nth];
        let (ours, theirs) = (edited(base, &ours).text().to_string(), edited(base, &theirs).text().to_string());
        prop_assert_eq!(merge(base, base, &theirs).text(&[]), theirs.clone());
        prop_assert_eq!(merge(base, &ours, base).text(&[]), ours.clone());
        prop_assert_eq!((merge(base, &ours, &ours).text(&[]), merge(base, &ours, &ours).conflicts), (ours.clone(), vec![]));
        let merge = merge(base, &ours, &theirs);
        let answers = |side| vec![side; merge.conflicts.len()];
        for (side, own) in [(Side::Ours, &ours), (Side::Theirs, &theirs)] {
            let text = merge.text(&answers(side));
            let lost: Vec<String> = new_lines(own, base).into_iter().filter(|line| !line.is_empty() && !text.contains(line.as_str())).collect();
            prop_assert!(lost.is_empty(), "{side:?} lost {lost:?}\n--- ours\n{ours}\n--- theirs\n{theirs}\n--- merged\n{text}");
        }
    }
}
