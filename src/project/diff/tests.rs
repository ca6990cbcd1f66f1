//! Two versions of a project, and what is told of them.

use super::*;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, Spot, Value};
use crate::project::file;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const BEFORE: &str = r#"
watchkeeper = 1
name = "Riverside"
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10:502"
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
unit = "%"
range = [0.0, 100.0]
[[tag.alarm]]
kind = "high"
limit = 85.0
priority = "high"
message = "Tank 1 is nearly full"
[[tag]]
name = "tank2.level"
device = "plc1"
register = "holding:1"
type = "u16"
[[display]]
name = "Tanks"
[[display.panel]]
kind = "value"
at = [0, 0, 4, 4]
tag = "tank1.level"
"#;

fn between(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| file::read(text.as_bytes()).0;
    words(&compare(&read(before), &read(after)))
}

#[test]
fn what_an_engineer_changed_is_told_in_words() {
    for (from, to, told) in [
        ("limit = 85.0", "limit = 90.5", "limit of tank1.level/high 85 → 90.5"),
        (
            "priority = \"high\"",
            "priority = \"low\"\non-delay = \"5s\"",
            "on-delay of tank1.level/high 0ms → 5s; priority of tank1.level/high high → low",
        ),
        (
            "nearly full",
            "almost full",
            "message of tank1.level/high \"Tank 1 is nearly full\" → \"Tank 1 is almost full\"",
        ),
        ("unit = \"%\"", "", "unit of tank1.level % → none"),
        ("100.0]", "120.0]", "range of tank1.level 0 to 100 → 0 to 120"),
        ("holding:1", "holding:7", "register of tank2.level holding:1 → holding:7"),
        ("192.0.2.10", "192.0.2.11", "address of plc1 192.0.2.10:502 → 192.0.2.11:502"),
        ("at = [0, 0, 4, 4]", "at = [0, 0, 5, 4]", "panels of Tanks changed"),
        ("\"Riverside\"", "\"Lakeside\"", "name of the project Riverside → Lakeside"),
        ("register = \"holding:1\"", "register = \"holding:1\"\ndecimals = 2", "decimals of tank2.level none → 2"),
        (
            "name = \"tank2.level\"",
            "name = \"Basin.level\"\nwas = \"tank2.level\"",
            "tag tank2.level is now Basin.level",
        ),
    ] {
        assert!(BEFORE.contains(from));
        assert_eq!(between(BEFORE, &BEFORE.replacen(from, to, 1)).join("; "), told);
    }
    assert_eq!(between(BEFORE, &format!("# a comment\n\n{BEFORE}")), Vec::<String>::new(), "places are no change");
}

#[test]
fn alarms_follow_a_tag_that_is_renamed() {
    let after = BEFORE
        .replace("name = \"tank1.level\"", "name = \"t1.level\"\nwas = \"tank1.level\"")
        .replace("tag = \"tank1.level\"", "tag = \"t1.level\"");
    let told = between(BEFORE, &after);
    assert_eq!(told, ["alarm tank1.level/high is now t1.level/high", "tag tank1.level is now t1.level"]);
}

#[test]
fn an_alarm_and_a_device_bear_their_earlier_names_and_what_names_them_is_no_change() {
    let text = "watchkeeper = 1\n[[device]]\nname = \"plc 1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\n\
                [[tag]]\nname = \"a\"\ndevice = \"plc 1\"\nregister = \"holding:1\"\ntype = \"u16\"\n\
                [[tag.alarm]]\nkind = \"high\"\nlimit = 5\npriority = \"low\"\n\
                [[tag]]\nname = \"b\"\nformula = \"device.plc_1.answers + device.plc_12.answers\"\n\
                [[alarm]]\ntag = \"device.plc_1.timeouts\"\nkind = \"rate\"\nlimit = 1\npriority = \"low\"\n";
    let after = text
        .replace("name = \"plc 1\"", "name = \"east\"\nwas = \"plc 1\"")
        .replace("device = \"plc 1\"", "device = \"east\"")
        .replace("device.plc_1.", "device.east.")
        .replace("kind = \"high\"", "name = \"full\"\nwas = \"high\"\nkind = \"high\"");
    let read = |text: &str| file::read(text.as_bytes()).0;
    let changes = compare(&read(text), &read(&after));
    assert_eq!(summary(&changes), "1 device renamed, history kept; 1 alarm renamed, history kept");
    assert_eq!(
        super::text(&changes),
        "device east\n    renamed from plc 1; its figures' history and states of alarms follow\n\n\
         alarm a/full\n    renamed from a/high; its state and history follow\n"
    );
    assert_eq!(
        words(&changes),
        [
            "alarm a/high is now a/full",
            "alarm device.plc_1.timeouts/rate is now device.east.timeouts/rate",
            "device plc 1 is now east"
        ]
    );
}

#[test]
fn many_that_were_added_are_counted_and_the_text_is_bounded() {
    let mut after = String::from(BEFORE);
    for i in 0..12 {
        write!(
            after,
            "[[tag]]\nname = \"new.t{i:02}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\n"
        )
        .unwrap();
    }
    let told = between(BEFORE, &after);
    assert_eq!(told, ["12 tags added: new.t00, new.t01, new.t02, new.t03, new.t04 and 7 more"]);
    assert_eq!(between(&after, BEFORE), ["12 tags removed: new.t00, new.t01, new.t02, new.t03, new.t04 and 7 more"]);
    let many: Vec<String> = (0..100).map(|i| format!("change {i}")).collect();
    let short = in_short(&many, 100);
    assert!(short.len() < 130 && short.ends_with("; and 90 more"), "{short}");
    assert_eq!(in_short(&many[..2], 100), "change 0; change 1");
}

#[test]
fn a_review_reads_what_was_and_what_is_and_counts_it() {
    let read = |text: &str| file::read(text.as_bytes()).0;
    let after = BEFORE
        .replace("name = \"tank1.level\"", "name = \"t1.level\"\nwas = \"tank1.level\"")
        .replace("tag = \"tank1.level\"", "tag = \"t1.level\"")
        .replace("address = \"192.0.2.10:502\"", "address = \"192.0.2.10:502\"\nunit-id = 3")
        .replace("limit = 85.0", "limit = 90.0\nsuppress-when = \"t1.level > 1\"");
    let after = format!(
        "{after}[[display.panel]]\nkind = \"trend\"\nat = [4, 0, 4, 4]\npens = [{{ tag = \"t1.level\" }}]\n\
         [[tag]]\nname = \"sum\"\nformula = \"t1.level * 2\"\n"
    );
    let changes = compare(&read(BEFORE), &read(&after));
    assert_eq!(
        summary(&changes),
        "1 unit id, 1 limit, 1 suppress when; 1 tag renamed, history kept; 1 tag added; 1 panel added"
    );
    assert_eq!(
        text(&changes),
        "device plc1\n    unit-id: 1 → 3\n\n\
         tag t1.level\n    renamed from tank1.level; history and states of alarms follow\n\n\
         tag sum added\n    formula: \"t1.level * 2\"\n\n\
         alarm t1.level/high\n    renamed from tank1.level/high\n    limit: 85 → 90\n    \
         suppress-when: none → \"t1.level > 1\"\n\n\
         panel trend of t1.level of display Tanks added\n    kind: trend\n    at: 4, 0, 4, 4\n    pen: t1.level\n"
    );
    // And back: what was there is told where it goes.
    let back = compare(&read(&after), &read(BEFORE));
    assert!(text(&back).contains("tag sum removed\n    formula: \"t1.level * 2\"\n"), "{}", text(&back));
}

#[test]
fn what_follows_a_rename_is_no_change_of_its_own() {
    let text = "watchkeeper = 1\n[[tag]]\nname = \"a.b\"\nformula = \"1\"\n\
                [[tag]]\nname = \"a.bc\"\nformula = \"A.B + a.bc2 * a.b\"\nsetpoint = \"a.b\"\n\
                [[tag.alarm]]\nkind = \"deviation\"\nlimit = 1\nfrom = \"a.b\"\n\
                limits = [{ when = \"a.b > 3\", limit = 2 }]\n\
                [[display]]\nname = \"D\"\n[[display.panel]]\nkind = \"trend\"\nat = [0, 0, 1, 1]\npens = [{ tag = \"a.b\" }]\n";
    let after = text
        .replace("name = \"a.b\"\n", "name = \"x\"\nwas = \"a.b\"\n")
        .replace("A.B + a.bc2 * a.b", "x + a.bc2 * x")
        .replace("setpoint = \"a.b\"", "setpoint = \"x\"")
        .replace("from = \"a.b\"", "from = \"x\"")
        .replace("a.b > 3", "x > 3")
        .replace("tag = \"a.b\"", "tag = \"x\"");
    assert_eq!(between(text, &after), ["tag a.b is now x"]);
    assert_eq!(between(text, &after.replace("x > 3", "x > 4")).len(), 2);
}

#[test]
fn what_changed_alike_is_told_once_and_an_order_by_itself() {
    let tag = |n: u32, unit: &str| {
        format!(
            "[[tag]]\nname = \"t{n}\"\ndevice = \"plc1\"\nregister = \"holding:{n}\"\ntype = \"u16\"\nunit = \"{unit}\"\n"
        )
    };
    let all = |unit: &str| (0..4).map(|n| tag(n, unit)).collect::<String>();
    let read = |text: &str| file::read(format!("watchkeeper = 1\n{text}").as_bytes()).0;
    let changes = compare(&read(&all("bar")), &read(&all("kPa")));
    assert_eq!(text(&changes), "4 tags: t0, t1, t2, t3\n    unit: bar → kPa\n");
    assert_eq!(summary(&changes), "4 units");
    let turned = compare(&read(&[tag(1, ""), tag(2, "")].concat()), &read(&[tag(2, ""), tag(1, "")].concat()));
    assert_eq!(text(&turned), "the tags\n    stand in another order\n");
    assert_eq!(
        (summary(&turned), words(&turned)),
        ("the order of the tags".to_owned(), vec!["order of the tags changed".to_owned()])
    );
}

#[test]
fn a_default_that_is_written_out_is_no_change() {
    let written = BEFORE
        .replace("502\"", "502\"\npoll = \"1000ms\"\nretries = 1\nno-answer = { on-delay = \"10s\" }")
        .replace("kind = \"high\"", "kind = \"high\"\nname = \"high\"\nlatch = false");
    assert_eq!(between(BEFORE, &written), [""; 0]);
}

#[test]
fn a_fault_that_stands_in_another_line_is_the_same_fault() {
    let faulty = BEFORE.replace("register = \"holding:1\"", "register = \"holding:1\"\nscael = 2");
    assert_eq!(between(&faulty, &format!("\n\n{faulty}")), [""; 0]);
    assert!(!between(BEFORE, &faulty).is_empty());
}

/// A project as the values of its keys, by what they are of.
type Model = BTreeMap<(Of, String), BTreeMap<&'static str, String>>;

fn model(project: &Project) -> Model {
    fn put<T: Entity>(model: &mut Model, list: impl IntoIterator<Item = impl std::borrow::Borrow<T>>) {
        for one in list {
            let one = one.borrow();
            let fields = one.fields().into_iter().map(|(key, value)| (key, value.into_owned())).collect();
            model.insert((T::OF, one.name().to_lowercase()), fields);
        }
    }
    let mut model = Model::new();
    put::<Device>(&mut model, project.devices.iter().map(AsRef::as_ref));
    put::<Tag>(&mut model, tags(project));
    put::<Alarm>(&mut model, alarms(project));
    put::<Display>(&mut model, project.displays.iter().map(AsRef::as_ref));
    model
}

/// Makes of `model` what the changes say; what is new is taken over from `after`, which has its defaults too.
fn apply(mut model: Model, changes: &[Change], after: &Model) -> Model {
    let mut renames = Renames::default();
    let is_new = |change: &&Change| matches!(change.what, What::Added(_));
    for Change { of, name, what, .. } in changes.iter().filter(|change| change.of != Of::Panel) {
        let key = (*of, name.to_lowercase());
        match what {
            What::Added(written) => {
                for (key_of, value) in written {
                    assert_eq!(after[&key].get(key_of), Some(value), "{name}");
                }
            }
            What::Removed(_) => assert!(model.remove(&key).is_some(), "{name} was not there"),
            What::Renamed(was) => {
                let fields = model.remove(&(*of, was.to_lowercase())).unwrap_or_else(|| panic!("{was} was not there"));
                model.insert(key, fields);
                match of {
                    Of::Tag => drop(renames.tags.insert(was.to_lowercase(), name.clone())),
                    Of::Display => drop(renames.displays.insert(was.to_lowercase(), name.clone())),
                    Of::Device => drop(renames.devices.insert(was.to_lowercase(), name.clone())),
                    _ => {}
                }
            }
            What::Key { key: "was", .. } | What::Reordered => {}
            What::Key { key: changed, before, after } => {
                let fields = model.get_mut(&key).unwrap_or_else(|| panic!("{name} was not there"));
                assert_eq!(fields.get(changed).map_or("", String::as_str), before, "{changed} of {name}");
                match after.as_str() {
                    "" => drop(fields.remove(changed)),
                    after => drop(fields.insert(changed, after.to_owned())),
                }
            }
        }
    }
    for ((of, _), fields) in &mut model {
        for (key, value) in fields {
            *value = renames.follow(*of, key, value).into_owned();
        }
    }
    for Change { of, name, .. } in changes.iter().filter(is_new).filter(|change| change.of != Of::Panel) {
        let key = (*of, name.to_lowercase());
        assert!(model.insert(key.clone(), after[&key].clone()).is_none(), "{name} was there");
    }
    model
}

/// Edits as an engineer makes them, each of numbers that mean something only where a text is known.
fn edited(draft: &mut Draft, rolls: &[(u8, u16, u8)]) {
    for (nth, (verb, entity, value)) in rolls.iter().enumerate() {
        let kinds: &[EntityKind] = match verb % 10 {
            0 | 1 => &[EntityKind::Alarm],
            2..5 => &[EntityKind::Tag],
            5 => &[EntityKind::Device],
            // Of alarms none is made twice: without names of their own they would be two of one.
            6 | 8 => &[EntityKind::Tag, EntityKind::Display],
            _ => &[EntityKind::Tag, EntityKind::Display, EntityKind::Alarm],
        };
        let known = draft.index().blocks().iter().filter(|block| kinds.contains(&block.kind)).map(|block| block.id);
        let known: Vec<EntityId> = known.collect();
        let Some(of) = known.get(usize::from(*entity) % known.len().max(1)).copied() else { continue };
        let set = |key: &str, value: Value| Edit::Set { of, key: key.into(), value };
        let name = format!("n{nth}.{}", draft.version());
        let edit = match verb % 10 {
            0 => set("limit", Value::Number(f64::from(*value) + 0.5)),
            1 => set("priority", ["low", "medium", "high"][usize::from(*value) % 3].into()),
            2 => set("unit", format!("m{value}").as_str().into()),
            3 => set("range", Value::Raw(format!("[0, {}]", u16::from(*value) + 1))),
            4 => Edit::Unset { of, key: ["unit", "range", "was"][usize::from(*value) % 3].into() },
            5 => set("poll", format!("{}s", value % 9 + 1).as_str().into()),
            6 => {
                let _refused = draft.rename(of, &name);
                continue;
            }
            7 => Edit::Remove { of },
            8 => Edit::Duplicate { of, name: Some(name) },
            _ => {
                let keys =
                    vec![("name".to_owned(), name.as_str().into()), ("formula".to_owned(), "tank1.level".into())];
                Edit::Add { kind: EntityKind::Tag, spot: Spot::Last, keys }
            }
        };
        let _refused = draft.edit(&[edit]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_diff_put_upon_the_one_gives_the_other(
        first in prop::collection::vec(any::<(u8, u16, u8)>(), 0..6),
        then in prop::collection::vec(any::<(u8, u16, u8)>(), 1..10),
    ) {
        let mut draft = Draft::open(BEFORE.as_bytes()).unwrap();
        edited(&mut draft, &first);
        let before = draft.read().0;
        edited(&mut draft, &then);
        let after = draft.read().0;
        let changes = compare(&before, &after);
        let (old, new) = (model(&before), model(&after));
        prop_assert_eq!(apply(old, &changes, &new), new, "{:?}\n{}", changes, draft.text());
        prop_assert_eq!(compare(&after, &after), []);
    }
}

const PUMPS: &str = r#"
watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10:502"
[[template]]
name = "pump"
parameters = ["name", "base"]
  [[template.tag]]
  name = "{name}.temp"
  device = "plc1"
  register = "holding:{base}"
  type = "u16"
    [[template.tag.alarm]]
    kind = "high"
    limit = 80.0
    priority = "medium"
    message = "{name} is hot"
[[use]]
template = "pump"
with = [
  { name = "P1", base = 100 },
  { name = "P2", base = 200 },
  { name = "P3", base = 300 },
]
"#;

/// What differs once a part of the pumps is another, in the words of the journal, in short, and in full.
fn pumps(changes: &[(&str, &str)]) -> (Vec<String>, String, String) {
    let after = changes.iter().fold(PUMPS.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let (before, faults) = file::read(PUMPS.as_bytes());
    assert!(faults.is_empty(), "{faults:?}");
    let changes = compare(&before, &file::read(after.as_bytes()).0);
    (words(&changes), summary(&changes), text(&changes))
}

#[test]
fn a_change_of_a_template_is_told_once_with_how_many_uses_it_reaches() {
    let (words, short, full) = pumps(&[("limit = 80.0", "limit = 85.0"), ("is hot", "is too hot")]);
    assert_eq!(words[0], "template pump: limit of {name}.temp/high 80 → 85, in 3 uses");
    assert_eq!(
        words[1],
        "template pump: message of {name}.temp/high, in 3 uses; of P1.temp/high \"P1 is hot\" → \"P1 is too hot\""
    );
    assert_eq!((words.len(), short.as_str()), (2, "template pump: 1 limit, 1 message"));
    assert_eq!(full.lines().next(), Some("template pump"));
    assert_eq!(full.lines().nth(1), Some("    limit of {name}.temp/high 80 → 85, in 3 uses"));
    let more = "  [[template.tag]]\n  name = \"{name}.run\"\n  formula = \"1\"\n[[use]]";
    let (words, short, _) = pumps(&[("[[use]]", more)]);
    assert_eq!(
        (words, short.as_str()),
        (vec!["template pump: tag {name}.run added, in 3 uses".to_owned()], "template pump: 1 tag added")
    );
}

#[test]
fn a_use_comes_and_goes_as_a_whole_and_its_parameters_are_its_own() {
    let last = "  { name = \"P3\", base = 300 },\n";
    let (words, short, full) = pumps(&[(last, "")]);
    assert_eq!(words, ["use of pump for P3 removed (1 tag, 1 alarm)"]);
    assert_eq!(
        (short.as_str(), full.as_str()),
        ("1 use of pump removed", "use of pump for P3 removed (1 tag, 1 alarm)\n")
    );
    let more = "  { name = \"P3\", base = 300 },\n  { name = \"P4\", base = 400 },\n  { name = \"P5\", base = 500 },\n";
    let (words, short, _) = pumps(&[(last, more)]);
    assert_eq!(words, ["2 uses of pump added: P4, P5 (2 tags, 2 alarms)"]);
    assert_eq!(short, "2 uses of pump added");
    let (words, short, full) = pumps(&[("base = 200", "base = 250")]);
    assert_eq!(words, ["use of pump for P2: register of P2.temp holding:200 → holding:250"]);
    assert_eq!(short, "use of pump for P2: 1 register");
    assert_eq!(full, "use of pump for P2\n    register of P2.temp holding:200 → holding:250\n");
}

#[test]
fn what_was_written_by_hand_and_is_made_by_a_template_now_is_the_same() {
    let by_hand = "[[tag]]\nname = \"P1.temp\"\ndevice = \"plc1\"\nregister = \"holding:100\"\ntype = \"u16\"\n\
        [[tag.alarm]]\nkind = \"high\"\nlimit = 80.0\npriority = \"medium\"\nmessage = \"P1 is hot\"\n[[use]]";
    let rest = PUMPS.replacen("  { name = \"P1\", base = 100 },\n", "", 1).replacen("[[use]]", by_hand, 1);
    let changes = compare(&file::read(rest.as_bytes()).0, &file::read(PUMPS.as_bytes()).0);
    assert_eq!(words(&changes), Vec::<String>::new());
    // A limit that is another besides is told of the tag, which no template made before.
    let changes = compare(
        &file::read(rest.replacen("80.0", "85.0", 2).replacen("85.0", "80.0", 1).as_bytes()).0,
        &file::read(PUMPS.as_bytes()).0,
    );
    assert_eq!(words(&changes), ["limit of P1.temp/high 85 → 80"]);
}
