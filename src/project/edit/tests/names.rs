use super::super::*;
use super::{draft, find, sound};

pub(super) const NAMES: &str = r#"watchkeeper = 1

[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10:502"
no-answer = { display = "Tanks" }

[[tag]]
name = "tank1.level"
was = "t1"
device = "PLC1"
register = "holding:0"
type = "u16"
setpoint = "total"

[[tag.alarm]]
kind = "high"
limits = [{ when = "not good(Tank1.level) or total > 1e3", limit = 3 }]
limit = 4
suppress-when = "tank1.level > 3"   # why
display = "Tanks"

[[tag]]
name = "total"
formula = "tank1.level + 2 * tank1.level_b + min(tank1.level, 3)"

[[tag]]
name = "string{n}.i"
device = "plc1"
register = "holding:10"
type = "u16"
repeat = { from = 1, to = 3 }

[[alarm]]
tag = "tank1.level"
kind = "deviation"
limit = 1
from = "string2.i"

[[display]]
name = "Tanks"

[[display.panel]]
kind = "trend"
at = [0, 0, 24, 8]
pens = [{ tag = "tank1.level" }, { tag = "string1.i" }]

[[display.panel]]
kind = "value"
at = [0, 8, 4, 4]
tags = ["tank1.level", "tank1.levels"]

[[display]]
name = "Detail"
parent = "Tanks"
"#;

fn lines_with(text: &str, word: &str) -> Vec<String> {
    text.lines().filter(|line| line.contains(word)).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_rename_follows_every_name_and_history_follows_the_rename() {
    let mut draft = draft(NAMES);
    let tag = find(&draft, EntityKind::Tag, "tank1.level");
    assert_eq!(draft.references(tag).len(), 6);
    draft.rename(tag, "basin.level").unwrap();
    sound(&draft);
    assert_eq!(draft.undo_names().next(), Some("Rename tag tank1.level to basin.level"));
    assert_eq!(
        lines_with(draft.text(), "basin"),
        [
            "name = \"basin.level\"",
            "limits = [{ when = \"not good(basin.level) or total > 1e3\", limit = 3 }]",
            "suppress-when = \"basin.level > 3\"   # why",
            "formula = \"basin.level + 2 * tank1.level_b + min(basin.level, 3)\"",
            "tag = \"basin.level\"",
            "pens = [{ tag = \"basin.level\" }, { tag = \"string1.i\" }]",
            "tags = [\"basin.level\", \"tank1.levels\"]",
        ]
    );
    assert_eq!(lines_with(draft.text(), "was ="), ["was = \"tank1.level\""]);
    // What it was called in between was nobody's; with its name again, all is as before.
    draft.rename(tag, "pool.level").unwrap();
    assert_eq!(lines_with(draft.text(), "was ="), ["was = \"tank1.level\""]);
    draft.rename(tag, "tank1.level").unwrap();
    assert_eq!(lines_with(draft.text(), "was ="), ["was = \"t1\""]);
    assert_eq!(&**draft.text(), NAMES.replace("Tank1.level", "tank1.level"));
    draft.rename(tag, "pool.level").unwrap();
    draft.mark_in_force();
    draft.rename(tag, "basin.level").unwrap();
    assert_eq!(lines_with(draft.text(), "was ="), ["was = \"pool.level\""]);
}

#[test]
fn devices_displays_and_arrays_of_tags_are_renamed_too() {
    let mut draft = draft(NAMES);
    let refusal = draft.rename(find(&draft, EntityKind::Tag, "total"), "TANK1.level").unwrap_err();
    assert_eq!(refusal.to_string(), "line 9: there is a tag \"TANK1.level\" already; choose another name");
    draft.rename(find(&draft, EntityKind::Device, "plc1"), "east").unwrap();
    assert_eq!(lines_with(draft.text(), "\"east\""), ["name = \"east\"", "device = \"east\"", "device = \"east\""]);
    assert_eq!(lines_with(draft.text(), "was = \"plc1\"").len(), 1);
    draft.rename(find(&draft, EntityKind::Display, "Tanks"), "Basins").unwrap();
    assert_eq!(
        lines_with(draft.text(), "Basins"),
        ["no-answer = { display = \"Basins\" }", "display = \"Basins\"", "name = \"Basins\"", "parent = \"Basins\""]
    );
    assert_eq!(lines_with(draft.text(), "was = \"Tanks\"").len(), 1);
    draft.rename(find(&draft, EntityKind::Tag, "string{n}.i"), "s{n}.amps").unwrap();
    assert_eq!(
        lines_with(draft.text(), ".amps"),
        ["name = \"s{n}.amps\"", "from = \"s2.amps\"", "pens = [{ tag = \"tank1.level\" }, { tag = \"s1.amps\" }]"]
    );
    let (project, issues) = draft.read();
    assert!(issues.is_empty() && project.tags.iter().any(|tag| tag.was.as_deref() == Some("string3.i")), "{issues:?}");
    for _ in 0..3 {
        draft.undo();
    }
    assert_eq!(&**draft.text(), NAMES);
}

#[test]
fn an_alarm_is_renamed_and_says_what_it_was_and_the_figures_of_a_device_follow_it() {
    let text = format!(
        "{NAMES}\n[[tag]]\nname = \"load\"\nformula = \"device.PLC1.requests + total\"\n\
         [[alarm]]\ntag = \"device.plc1.timeouts\"\nkind = \"rate\"\nlimit = 1\n"
    );
    let mut draft = draft(&text);
    let alarm = draft.index().blocks().iter().find(|block| block.kind == EntityKind::Alarm).unwrap().id;
    draft.rename(alarm, "brim").unwrap();
    sound(&draft);
    assert_eq!(lines_with(draft.text(), "was = \"high\"").len(), 1, "{}", draft.text());
    draft.rename(alarm, "high").unwrap();
    assert!(lines_with(draft.text(), "was = \"high\"").is_empty(), "its name again");
    draft.rename(find(&draft, EntityKind::Device, "plc1"), "east").unwrap();
    assert_eq!(
        lines_with(draft.text(), "device.east"),
        ["formula = \"device.east.requests + total\"", "tag = \"device.east.timeouts\""]
    );
}

#[test]
fn the_copy_of_an_alarm_was_nothing_before() {
    let was = "kind = \"high\"\nname = \"brim\"\nwas = \"high\"\nlimit = 1\n";
    let text = format!(
        "watchkeeper = 1\n\n[[template]]\nname = \"pump\"\nparameters = [\"name\"]\n\n  [[template.tag]]\n  name = \"{{name}}.flow\"\n  was = \"{{name}}.f\"\n  \
         formula = \"1\"\n\n    [[template.tag.alarm]]\n    {}\n\
         [[tag]]\nname = \"a\"\nformula = \"1\"\n\n[[tag.alarm]]\n{was}\n[[alarm]]\ntag = \"a\"\n{}",
        was.trim_end().replace('\n', "\n    "),
        was.replace("brim", "full").replace("\"high\"\nlimit", "\"low\"\nlimit"),
    );
    let mut draft = draft(&text);
    let alarms = draft.index().blocks().iter();
    let alarms: Vec<EntityId> = alarms
        .filter(|block| matches!(block.kind, EntityKind::Alarm | EntityKind::TemplateAlarm))
        .map(|block| block.id)
        .collect();
    for of in alarms {
        let before = lines_with(draft.text(), "was =").len();
        let done = draft.edit(&[Edit::Duplicate { of, name: Some("copy".into()) }]).unwrap();
        let copy = draft.text_of(done.added[0]);
        assert!(copy.contains("name = \"copy\"") && !copy.contains("was"), "{copy}");
        assert_eq!(lines_with(draft.text(), "was =").len(), before, "it stays with the one that was");
        sound(&draft);
        draft.undo();
    }
    assert_eq!(&**draft.text(), text);
}

#[test]
fn find_and_replace_shows_what_it_will_change_and_renames_what_is_named() {
    let mut draft = draft(NAMES);
    let search = Search { find: "tank1.".into(), ..Search::default() };
    let hits = draft.find(&search, "basin.");
    assert_eq!(hits.len(), 8);
    assert_eq!((hits[0].line, hits[0].key.to_string(), hits[0].after.as_str()), (10, "name".into(), "basin.level"));
    assert_eq!(hits[7].key.to_string(), "tags[1]");
    draft.replace(&hits).unwrap();
    sound(&draft);
    assert!(!draft.text().to_lowercase().replace("was = \"tank1.level\"", "").contains("tank1"), "{}", draft.text());
    draft.undo();
    assert_eq!(&**draft.text(), NAMES);
    // Only the name is kept: whoever names it follows all the same.
    let hits = draft
        .find(&Search { keys: vec!["name".into()], whole: true, find: "TANK1.LEVEL".into(), ..search.clone() }, "b");
    draft.replace(&hits).unwrap();
    assert_eq!(
        lines_with(draft.text(), "\"b\""),
        [
            "name = \"b\"",
            "tag = \"b\"",
            "pens = [{ tag = \"b\" }, { tag = \"string1.i\" }]",
            "tags = [\"b\", \"tank1.levels\"]"
        ]
    );
    assert!(draft.find(&Search { match_case: true, find: "TANK".into(), ..Search::default() }, "x").is_empty());
    // Numbers too, where the key is named.
    let hits =
        draft.find(&Search { keys: vec!["limit".into()], find: "4".into(), whole: true, ..Search::default() }, "5.5");
    draft.replace(&hits).unwrap();
    assert!(draft.text().contains("limit = 5.5\n"));
}
