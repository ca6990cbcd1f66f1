use super::super::*;
use super::names::NAMES;
use super::{draft, find, set, sound};

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
