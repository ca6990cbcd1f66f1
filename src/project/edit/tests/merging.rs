use super::super::*;
use super::names::NAMES;
use super::properties::new_lines;
use super::{draft, find, set, sound};
use proptest::prelude::*;

fn merged(ours: impl Fn(&str) -> String, theirs: impl Fn(&str) -> String) -> Merge {
    merge(NAMES, &ours(NAMES), &theirs(NAMES))
}

#[test]
fn what_does_not_clash_is_merged() {
    let one = |text: &str| {
        text.replace("limit = 4", "limit = 5 # ours").replace("plc1\"\nprotocol", "plc1\"\n# note\nprotocol")
    };
    let two = |text: &str| {
        let text = text.replace("type = \"u16\"\nsetpoint", "type = \"i16\"\nunit = \"m\"\nsetpoint");
        format!("{text}\n[[display]]\nname = \"New\"\n")
    };
    for (merge, both) in [(merged(one, two), two(&one(NAMES))), (merged(two, one), one(&two(NAMES)))] {
        assert_eq!(merge.conflicts, []);
        assert_eq!(merge.text(&[]), both);
    }
    // Neighbouring lines of one entity, and the same change on both sides.
    let one = |text: &str| text.replace("limit = 1\n", "limit = 2\n").replace("limit = 4", "limit = 5");
    let two =
        |text: &str| text.replace("from = \"string2.i\"", "from = \"string3.i\"").replace("limit = 4", "limit = 5");
    assert_eq!((merged(one, two).conflicts.len(), merged(one, two).text(&[])), (0, two(&one(NAMES))));
    // A tag and its alarm that one side adds stand apart from the alarm that the other adds below the tag before it.
    let one = |text: &str| {
        text.replace(
            "[[tag]]\nname = \"string",
            "[[tag]]\nname = \"x\"\nformula = \"1\"\n\n[[tag.alarm]]\nkind = \"quality\"\n\n[[tag]]\nname = \"string",
        )
    };
    let two = |text: &str| text.replace("level, 3)\"\n", "level, 3)\"\n\n[[tag.alarm]]\nkind = \"low\"\nlimit = 1\n");
    let (project, _) = file::read(merged(one, two).text(&[]).as_bytes());
    let names: Vec<String> = project.alarms.iter().map(|alarm| format!("{}/{}", alarm.tag, alarm.name)).collect();
    assert!(names.contains(&"x/quality".to_owned()) && names.contains(&"total/low".to_owned()), "{names:?}");
    // A renamed tag is still the tag whose limit the other side changes, and line ends are the file's.
    let one = |text: &str| text.replace("name = \"tank1.level\"\nwas = \"t1\"", "name = \"b\"\nwas = \"tank1.level\"");
    let two = |text: &str| text.replace("limit = 4", "limit = 5").replace('\n', "\r\n");
    let merge = merged(one, two);
    assert_eq!(
        (merge.conflicts.len(), merge.text(&[])),
        (0, one(&NAMES.replace("limit = 4", "limit = 5")).replace('\n', "\r\n"))
    );
}

#[test]
fn what_clashes_is_asked_and_neither_side_is_lost() {
    let one = |text: &str| text.replace("limit = 4", "limit = 5");
    let two = |text: &str| {
        text.replace("limit = 4", "limit = 6").replace("type = \"u16\"\nsetpoint", "type = \"i16\"\nsetpoint")
    };
    let merge = merged(one, two);
    let [conflict] = merge.conflicts.as_slice() else { panic!("{merge:?}") };
    assert_eq!(
        (conflict.ours.as_str(), conflict.theirs.as_str(), conflict.base.as_str()),
        ("limit = 5\n", "limit = 6\n", "limit = 4\n")
    );
    assert_eq!(conflict.subject, "tag tank1.level: alarm high: limit");
    assert_eq!(merge.text(&[Side::Theirs]), two(NAMES));
    assert_eq!(merge.text(&[Side::Ours]), two(NAMES).replace("limit = 6", "limit = 5"));
    // Taken out by one, changed by the other.
    let gone = |text: &str| {
        let mut draft = draft(text);
        draft.edit(&[Edit::Remove { of: find(&draft, EntityKind::Tag, "tank1.level") }]).unwrap();
        draft.text().to_string()
    };
    let merge = merged(gone, one);
    let [conflict] = merge.conflicts.as_slice() else { panic!("{merge:?}") };
    assert_eq!((conflict.ours.as_str(), conflict.subject.as_str()), ("", "tag tank1.level"));
    assert!(conflict.theirs.contains("limit = 5"));
    assert_eq!((merge.text(&[Side::Theirs]), merge.text(&[Side::Ours])), (one(NAMES), gone(NAMES)));
    // A merge is a step that can be taken back, and the file is what is merged with.
    let mut draft = draft(NAMES);
    draft.edit(&[set(find(&draft, EntityKind::Alarm, "high"), "limit", Value::Whole(5))]).unwrap();
    let theirs = two(NAMES);
    let merge = draft.merged(theirs.as_bytes()).unwrap();
    draft.take_merge(&merge, &[Side::Theirs], theirs.as_bytes()).unwrap();
    sound(&draft);
    assert!(!draft.is_changed());
    draft.undo();
    sound(&draft);
    assert!(draft.text().contains("limit = 5") && draft.is_changed());
}

#[test]
fn an_alarm_that_one_side_renames_is_the_one_whose_limit_the_other_changes() {
    let renamed = |text: &str| {
        let mut draft = draft(text);
        let alarm = draft.index().blocks().iter().find(|block| block.kind == EntityKind::Alarm).unwrap().id;
        draft.rename(alarm, "brim").unwrap();
        draft.rename(find(&draft, EntityKind::Tag, "tank1.level"), "basin").unwrap();
        draft.text().to_string()
    };
    // Of the alarm below its tag, and of the one that names its tag.
    let limits = |text: &str| text.replace("limit = 4", "limit = 5").replace("limit = 1\n", "limit = 2\n");
    for (one, two) in [(renamed(NAMES), limits(NAMES)), (limits(NAMES), renamed(NAMES))] {
        let merge = merge(NAMES, &one, &two);
        assert_eq!((merge.conflicts.as_slice(), merge.text(&[])), ([].as_slice(), limits(&renamed(NAMES))));
    }
}

/// A step of one side: which entity, and a name for it, or another value of one of its keys.
#[derive(Debug, Clone, Copy)]
struct Step {
    entity: u8,
    name: Option<u8>,
    value: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), prop::option::weighted(0.6, 0..4_u8), any::<u8>());
    prop::collection::vec(step.prop_map(|(entity, name, value)| Step { entity, name, value }), 1..6)
}

/// The base with these steps. Names from 2 on are those that the other side gives, too.
fn stepped(steps: &[Step], side: &str) -> Draft {
    let mut draft = draft(NAMES);
    let is_named = |block: &&Block| {
        matches!(block.kind, EntityKind::Tag | EntityKind::Alarm | EntityKind::Device | EntityKind::Display)
    };
    let all: Vec<(EntityId, EntityKind)> =
        draft.index().blocks().iter().filter(is_named).map(|block| (block.id, block.kind)).collect();
    for Step { entity, name, value } in steps {
        let (of, kind) = all[*entity as usize % all.len()];
        let Some(name) = name else {
            let key = match kind {
                EntityKind::Tag => "unit",
                EntityKind::Device => "timeout",
                EntityKind::Alarm => "limit",
                _ => "parent",
            };
            draft.edit(&[set(of, key, Value::Whole(i64::from(*value % 3)))]).unwrap();
            continue;
        };
        let array = if draft.shown(of, &"name".into()).is_some_and(|name| name.contains("{n}")) { "{n}" } else { "" };
        let side = if *name < 2 { side } else { "both" };
        // A name that another bears is refused.
        let _refused = draft.rename(of, &format!("{side}{name}{array}"));
    }
    draft
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_merge_over_renames_loses_neither_side_and_doubles_nothing(ours in steps(), theirs in steps()) {
        let (base, ours, theirs) = (draft(NAMES), stepped(&ours, "ours"), stepped(&theirs, "theirs"));
        let merge = merge(NAMES, ours.text(), theirs.text());
        let count = |draft: &Draft, kind| draft.index().blocks().iter().filter(|block| block.kind == kind).count();
        for (side, own) in [(Side::Ours, &ours), (Side::Theirs, &theirs)] {
            let text = merge.text(&vec![side; merge.conflicts.len()]);
            let told = format!("{side:?}\n--- ours\n{}\n--- theirs\n{}\n--- merged\n{text}", ours.text(), theirs.text());
            let mut lost = new_lines(own.text(), NAMES);
            lost.retain(|line| !line.is_empty() && !text.contains(line.as_str()));
            prop_assert!(lost.is_empty(), "lost {lost:?} {told}");
            let merged = draft(&text);
            for kind in [EntityKind::Tag, EntityKind::Alarm, EntityKind::Device, EntityKind::Display, EntityKind::Panel] {
                prop_assert_eq!(count(&merged, kind), count(&base, kind), "{:?} {}", kind, told);
            }
            // What one side alone renamed bears its new name whatever is answered.
            for block in base.index().blocks() {
                let name = |draft: &Draft| draft.get(block.id, &"name".into()).map(str::to_owned);
                for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
                    if let Some(new) = name(one).filter(|new| Some(new) != name(&base).as_ref() && name(other) == name(&base)) {
                        prop_assert!(text.contains(&format!("name = {new}\n")), "{new} {told}");
                    }
                }
            }
        }
    }
}
