use super::*;

mod merging;
mod names;
mod properties;

const PLANT: &str = r#"watchkeeper = 1   # the format
name = "Riverside"

# ── devices ──────────────
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10:502"
no-answer = { priority = "high", on-delay = "10s" }

# ── tags ─────────────────
# The level of the first tank.
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"      # as the manual says
unit = "%"

  [[tag.alarm]]
  kind = "high"
  limit = 85.0   # agreed with the operators
  priority = "high"

[[tag]]
name = "tank2.level"
device = "plc1"
register = "holding:1"
type = "u16"
# bit = 3

# ── displays ─────────────
[[display]]
name = "Tanks"

[[display.panel]]
kind = "trend"
at = [0, 0, 24, 8]
pens = [
  { tag = "tank1.level" },
  { tag = "tank2.level", axis = "right" },
]
"#;

fn draft(text: &str) -> Draft {
    Draft::open(text.as_bytes()).unwrap()
}

/// The first entity of a kind with this name, kind or title.
fn find(draft: &Draft, kind: EntityKind, name: &str) -> EntityId {
    let is = |block: &&Block| {
        block.kind == kind
            && (name.is_empty()
                || ["name", "kind", "title"]
                    .iter()
                    .any(|key| draft.shown(block.id, &KeyPath::from(*key)).as_deref() == Some(name)))
    };
    draft.index().blocks().iter().find(is).unwrap().id
}

fn set(of: EntityId, key: &str, value: Value) -> Edit {
    Edit::Set { of, key: key.into(), value }
}

fn unset(of: EntityId, key: &str) -> Edit {
    Edit::Unset { of, key: key.into() }
}

/// The lines that differ, as a reviewer sees them.
fn diff(before: &str, after: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a[same..].iter().rev().zip(b[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = a[same..a.len() - tail].iter().map(|line| format!("-{line}\n"));
    let come = b[same..b.len() - tail].iter().map(|line| format!("+{line}\n"));
    gone.chain(come).collect()
}

/// What edits do to the plant; undone, all is as before, and redone as after.
fn done(text: &str, edits: impl FnOnce(&Draft) -> Vec<Edit>) -> (String, String) {
    let mut draft = draft(text);
    let edits = edits(&draft);
    let ids = draft.index().ids(0..draft.index().blocks().len());
    draft.edit(&edits).unwrap();
    sound(&draft);
    let after = draft.text().to_string();
    let name = draft.undo_names().next().unwrap_or("").to_owned();
    if draft.undo().is_some() {
        assert_eq!(&**draft.text(), text);
        assert_eq!(draft.index().ids(0..draft.index().blocks().len()), ids);
        sound(&draft);
        draft.redo().unwrap();
        assert_eq!(&**draft.text(), after);
        sound(&draft);
    }
    (diff(text, &after), name)
}

/// The index is the one that the text has when it is looked through anew.
pub(super) fn sound(draft: &Draft) {
    let anew = Index::of(draft.text());
    let plain = |index: &Index| {
        let name = |id: Option<EntityId>| id.and_then(|id| index.place(id));
        index
            .blocks()
            .iter()
            .map(|b| (Block { id: EntityId::PROJECT, parent: None, ..b.clone() }, name(b.parent)))
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(draft.index()), plain(&anew), "{}", draft.text());
    for (place, block) in draft.index().blocks().iter().enumerate() {
        assert_eq!(draft.index().place(block.id), Some(place));
    }
}

#[test]
fn a_change_of_one_limit_is_a_change_of_one_line() {
    let limit = |d: &Draft| vec![set(find(d, EntityKind::Alarm, "high"), "limit", Value::Number(90.0))];
    let (diff, name) = done(PLANT, limit);
    assert_eq!(diff, "-  limit = 85.0   # agreed with the operators\n+  limit = 90.0   # agreed with the operators\n");
    assert_eq!(name, "Change high limit of tank1.level");
    let (diff, name) = done(PLANT, |d| vec![set(find(d, EntityKind::Tag, "tank1.level"), "type", "i16".into())]);
    assert_eq!(diff, "-type = \"u16\"      # as the manual says\n+type = \"i16\"      # as the manual says\n");
    assert_eq!(name, "Change type of tank1.level");
    // What is there already is no change, and no step.
    assert_eq!(
        done(PLANT, |d| vec![set(find(d, EntityKind::Device, "plc1"), "name", "plc1".into())]),
        Default::default()
    );
}

#[test]
fn a_new_key_stands_where_a_person_would_write_it() {
    let tag = |d: &Draft| find(d, EntityKind::Tag, "tank1.level");
    assert_eq!(done(PLANT, |d| vec![set(tag(d), "description", "Level".into())]).0, "+description = \"Level\"\n");
    let (_, text) =
        after(PLANT, |d| vec![set(tag(d), "description", "Level".into()), set(tag(d), "decimals", Value::Whole(1))]);
    assert!(text.contains("name = \"tank1.level\"\ndescription = \"Level\"\ndevice"), "{text}");
    assert!(text.contains("unit = \"%\"\ndecimals = 1\n\n  [[tag.alarm]]"), "{text}");
    let (_, text) = after(PLANT, |d| vec![set(find(d, EntityKind::Alarm, "high"), "deadband", Value::Number(2.0))]);
    assert!(text.contains("operators\n  deadband = 2.0\n  priority"), "{text}");
    // Several new ones at once stand in their order.
    let (_, text) = after(PLANT, |d| {
        let tag = find(d, EntityKind::Tag, "tank2.level");
        vec![set(tag, "decimals", Value::Whole(1)), set(tag, "unit", "%".into())]
    });
    assert!(text.contains("type = \"u16\"\nunit = \"%\"\ndecimals = 1\n# bit = 3"), "{text}");
    // Line ends are those of the neighbours, and = stands below =.
    let (_, text) = after("watchkeeper = 1\r\nname        = \"a\"\r\n", |_| {
        vec![set(EntityId::PROJECT, "time-zone", "UTC".into())]
    });
    assert_eq!(text, "watchkeeper = 1\r\nname        = \"a\"\r\ntime-zone   = \"UTC\"\r\n");
    let (_, text) = after("watchkeeper = 1", |_| vec![set(EntityId::PROJECT, "name", "a".into())]);
    assert_eq!(text, "watchkeeper = 1\nname = \"a\"");
}

fn after(text: &str, edits: impl FnOnce(&Draft) -> Vec<Edit>) -> (String, String) {
    let mut draft = draft(text);
    let edits = edits(&draft);
    draft.edit(&edits).unwrap();
    sound(&draft);
    (draft.undo_names().next().unwrap_or("").to_owned(), draft.text().to_string())
}

#[test]
fn keys_inside_tables_and_lists_are_set_where_they_stand() {
    let device = |d: &Draft| find(d, EntityKind::Device, "plc1");
    let panel = |d: &Draft| find(d, EntityKind::Panel, "trend");
    for (edit, told) in [
        (
            (|d: &Draft, on: &dyn Fn(&Draft) -> EntityId| set(on(d), "no-answer.priority", "low".into()))
                as fn(&Draft, &dyn Fn(&Draft) -> EntityId) -> Edit,
            "-no-answer = { priority = \"high\", on-delay = \"10s\" }\n+no-answer = { priority = \"low\", on-delay = \"10s\" }\n",
        ),
        (
            |d, on| set(on(d), "no-answer.response", "Call".into()),
            "-no-answer = { priority = \"high\", on-delay = \"10s\" }\n+no-answer = { priority = \"high\", on-delay = \"10s\", response = \"Call\" }\n",
        ),
        (
            |d, on| unset(on(d), "no-answer.priority"),
            "-no-answer = { priority = \"high\", on-delay = \"10s\" }\n+no-answer = { on-delay = \"10s\" }\n",
        ),
        (|d, on| set(on(d), "password.secret", "plc".into()), "+password = { secret = \"plc\" }\n"),
        (|d, on| unset(on(d), "no-answer"), "-no-answer = { priority = \"high\", on-delay = \"10s\" }\n"),
    ] {
        assert_eq!(done(PLANT, |d| vec![edit(d, &device)]).0, told);
    }
    let pen = |tag: &str| Value::Table(vec![("tag".into(), tag.into())]);
    for (edit, told) in [
        (
            set(EntityId(0), "pens[0].axis", "right".into()),
            "-  { tag = \"tank1.level\" },\n+  { tag = \"tank1.level\", axis = \"right\" },\n",
        ),
        (set(EntityId(0), "pens[2]", pen("c")), "+  { tag = \"c\" },\n"),
        (unset(EntityId(0), "pens[0]"), "-  { tag = \"tank1.level\" },\n"),
        (
            unset(EntityId(0), "pens[1].axis"),
            "-  { tag = \"tank2.level\", axis = \"right\" },\n+  { tag = \"tank2.level\" },\n",
        ),
        (set(EntityId(0), "at[2]", Value::Whole(12)), "-at = [0, 0, 24, 8]\n+at = [0, 0, 12, 8]\n"),
    ] {
        let on = |d: &Draft| match edit.clone() {
            Edit::Set { key, value, .. } => Edit::Set { of: panel(d), key, value },
            Edit::Unset { key, .. } => Edit::Unset { of: panel(d), key },
            other => other,
        };
        assert_eq!(done(PLANT, |d| vec![on(d)]).0, told);
    }
    // Both go, and the table with them.
    let both = |d: &Draft| vec![unset(device(d), "no-answer.priority"), unset(device(d), "no-answer.on-delay")];
    assert_eq!(done(PLANT, both).0, "-no-answer = { priority = \"high\", on-delay = \"10s\" }\n");
    // A table of its own, and keys with dots.
    let parts = "watchkeeper = 1\n[[device]]\nname = \"a\"\n[device.no-answer]\npriority = \"low\"\n";
    let on = |d: &Draft| {
        vec![set(device_a(d), "no-answer.priority", "high".into()), set(device_a(d), "no-answer.cause", "c".into())]
    };
    assert!(done(parts, on).0.ends_with("+priority = \"high\"\n+cause = \"c\"\n"));
    let dots = "watchkeeper = 1\n[[device]]\nname = \"a\"\nno-answer.priority = \"low\"\n";
    let on = |d: &Draft| {
        vec![set(device_a(d), "no-answer.priority", "high".into()), set(device_a(d), "no-answer.cause", "c".into())]
    };
    assert!(done(dots, on).0.ends_with("+no-answer.priority = \"high\"\n+no-answer.cause = \"c\"\n"));
}

fn device_a(d: &Draft) -> EntityId {
    find(d, EntityKind::Device, "a")
}

#[test]
fn entities_come_and_go_with_what_is_theirs() {
    let keys =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
    let tag = |d: &Draft, name: &str| find(d, EntityKind::Tag, name);
    let (diff, name) = done(PLANT, |_| {
        vec![Edit::Add { kind: EntityKind::Tag, spot: Spot::Last, keys: keys(&[("name", "x"), ("formula", "1")]) }]
    });
    assert_eq!((diff.as_str(), name.as_str()), ("+[[tag]]\n+name = \"x\"\n+formula = \"1\"\n+\n", "Add tag x"));
    let (_, text) = after(PLANT, |d| {
        let below = Spot::Below(tag(d, "tank2.level"));
        vec![Edit::Add { kind: EntityKind::Alarm, spot: below, keys: keys(&[("kind", "quality")]) }]
    });
    assert!(text.contains("# bit = 3\n\n  [[tag.alarm]]\n  kind = \"quality\"\n\n# ── displays"), "{text}");
    let (_, text) = after(PLANT, |d| {
        vec![Edit::Add {
            kind: EntityKind::Tag,
            spot: Spot::Before(tag(d, "tank1.level")),
            keys: keys(&[("name", "x")]),
        }]
    });
    assert!(text.contains("# ── tags ─────────────────\n[[tag]]\nname = \"x\"\n\n# The level"), "{text}");
    let (diff, name) = done(PLANT, |d| vec![Edit::Remove { of: tag(d, "tank1.level") }]);
    assert!(
        diff.starts_with("-# The level of the first tank.\n-[[tag]]\n") && diff.lines().all(|l| l.starts_with('-')),
        "{diff}"
    );
    assert_eq!((diff.lines().count(), name.as_str()), (13, "Remove tag tank1.level"));
    // What stands behind the last stays, and the text ends with one line end.
    let (_, text) = after(PLANT, |d| vec![Edit::Remove { of: find(d, EntityKind::Display, "Tanks") }]);
    assert!(text.ends_with("# bit = 3\n\n# ── displays ─────────────\n"), "{text}");
    let copy = |d: &Draft| vec![Edit::Duplicate { of: tag(d, "tank1.level"), name: Some("tank3.level".into()) }];
    assert_eq!(done(PLANT, copy).1, "Duplicate tag tank1.level");
    let (_, text) = after(PLANT, copy);
    assert!(text.contains("  priority = \"high\"\n\n[[tag]]\nname = \"tank3.level\"\ndevice"), "{text}");
    assert_eq!((text.matches("  [[tag.alarm]]\n").count(), text.matches("The level").count()), (2, 1));
    let (_, text) =
        after(PLANT, |d| vec![Edit::Move { of: tag(d, "tank1.level"), spot: Spot::After(tag(d, "tank2.level")) }]);
    assert!(text.contains("# ── tags ─────────────────\n[[tag]]\nname = \"tank2.level\""), "{text}");
    assert!(text.contains("# bit = 3\n\n# The level of the first tank.\n[[tag]]\n"), "{text}");
    let (_, text) = after(PLANT, |_| {
        vec![Edit::Insert {
            spot: Spot::Last,
            text: "[[tag]]\nname = \"x\"\n\n[[tag.alarm]]\nkind = \"quality\"\n".into(),
        }]
    });
    assert!(
        text.contains("# bit = 3\n\n[[tag]]\nname = \"x\"\n\n[[tag.alarm]]\nkind = \"quality\"\n\n# ── displays"),
        "{text}"
    );
    let (_, text) = after("watchkeeper = 1\n", |_| {
        vec![Edit::Add { kind: EntityKind::History, spot: Spot::Last, keys: keys(&[("keep", "9d")]) }]
    });
    assert_eq!(text, "watchkeeper = 1\n\n[history]\nkeep = \"9d\"\n");
}

#[test]
fn a_step_is_called_by_what_it_does() {
    let all = |d: &Draft, key: &str, value: Value| {
        let tags = d.index().blocks().iter().filter(|b| b.kind == EntityKind::Tag);
        tags.map(|block| set(block.id, key, value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(done(PLANT, |d| all(d, "unit", "m".into())).1, "Change unit of 2 tags");
    let mixed = |d: &Draft| {
        let mut edits = all(d, "unit", "m".into());
        edits.extend(all(d, "decimals", Value::Whole(1)));
        edits
    };
    assert_eq!(done(PLANT, mixed).1, "Change 2 tags");
    assert_eq!(
        done(PLANT, |d| vec![unset(find(d, EntityKind::Tag, "tank1.level"), "unit")]).1,
        "Clear unit of tank1.level"
    );
    assert_eq!(done(PLANT, |_| vec![set(EntityId::PROJECT, "name", "x".into())]).1, "Change name of the project");
    let (name, _) = after(PLANT, |d| vec![set(find(d, EntityKind::Device, ""), "no-answer.priority", "low".into())]);
    assert_eq!(name, "Change no-answer priority of plc1");
}

#[test]
fn what_is_typed_into_one_field_is_one_step_and_saving_takes_no_step_away() {
    let mut draft = draft(PLANT);
    let tag = find(&draft, EntityKind::Tag, "tank1.level");
    for text in ["m", "m³", "m³/h"] {
        draft.edit_as(None, Some(7), &[set(tag, "unit", text.into())]).unwrap();
    }
    draft.mark_saved(&draft.kept());
    assert!(!draft.is_changed());
    draft.edit_as(None, Some(7), &[set(tag, "unit", "l".into())]).unwrap();
    assert_eq!(draft.undo_names().collect::<Vec<_>>(), ["Change unit of tank1.level"; 2]);
    draft.undo();
    assert!(!draft.is_changed());
    draft.undo();
    assert!(draft.is_changed() && **draft.text() == *PLANT);
    assert_eq!(draft.redo_names().count(), 2);
    draft.redo();
    assert_eq!(draft.shown(tag, &"unit".into()).as_deref(), Some("m³/h"));
    // Typed back again: nothing to take back.
    let steps = draft.undo_names().count();
    for text in ["x", "m³/h"] {
        draft.edit_as(None, Some(8), &[set(tag, "unit", text.into())]).unwrap();
    }
    assert_eq!(draft.undo_names().count(), steps);
}

#[test]
fn a_torn_entity_is_refused_with_its_line_and_the_others_go_on() {
    let torn = PLANT.replace("register = \"holding:1\"", "register = = \"holding:1");
    let mut draft = draft(&torn);
    let (bad, good) = (find(&draft, EntityKind::Tag, "tank2.level"), find(&draft, EntityKind::Tag, "tank1.level"));
    let refusal = draft.edit(&[set(good, "unit", "m".into()), set(bad, "unit", "m".into())]).unwrap_err();
    assert_eq!(refusal.to_string(), "line 28: what stands here is no TOML; mend it in its text first");
    assert_eq!(&**draft.text(), torn, "nothing of it is made");
    draft.edit(&[set(good, "unit", "m".into())]).unwrap();
    sound(&draft);
    draft
        .edit(&[Edit::Add {
            kind: EntityKind::Alarm,
            spot: Spot::Below(bad),
            keys: vec![("kind".into(), "quality".into())],
        }])
        .unwrap();
    sound(&draft);
    let mended =
        draft.planner().text_of(bad, true).split("\n\n").next().unwrap().replace("= = \"holding:1", "= \"holding:1\"");
    draft.edit(&[Edit::Text { of: bad, text: mended }]).unwrap();
    sound(&draft);
    draft.edit(&[set(bad, "unit", "%".into())]).unwrap();
    let (project, issues) = draft.read();
    assert_eq!(project.tags[1].unit, "%");
    assert!(issues.is_empty(), "{issues:?}");
}

#[test]
fn bytes_that_are_no_text_are_refused_and_a_mark_of_byte_order_stays() {
    let refusal = Draft::open(b"watchkeeper = 1\nname = \"\xff\"\n").unwrap_err();
    assert_eq!(refusal.to_string(), "line 2: the file is not UTF-8 here; save it as UTF-8 with a text editor");
    let mut draft = draft(&format!("\u{feff}{PLANT}"));
    draft.edit(&[set(EntityId::PROJECT, "name", "x".into())]).unwrap();
    let bytes = draft.bytes();
    assert!(bytes.starts_with("\u{feff}watchkeeper = 1   # the format\nname = \"x\"\n".as_bytes()));
    draft.undo();
    assert_eq!(draft.bytes(), format!("\u{feff}{PLANT}").as_bytes());
}

#[test]
fn an_issue_leads_to_the_entity_it_is_about() {
    let draft = draft(PLANT);
    let tag = find(&draft, EntityKind::Tag, "tank2.level");
    let place = draft.place_of(tag).unwrap();
    assert_eq!(place, draft.read().0.tags[1].places.own);
    assert_eq!(draft.entity_at(draft.read().0.tags[1].places.of("register")), Some(tag));
}

#[test]
fn a_glance_at_one_entity_tells_what_a_reading_of_all_tells_of_it() {
    let faulty = PLANT
        .replace("limit = 85.0 ", "limit = true ")
        .replace("register = \"holding:1\"", "register = \"holding:1\"\nscal = 2\norder = \"XY\"")
        .replace("at = [0, 0, 24, 8]", "at = [0, 0, 30, 8]");
    let draft = draft(&faulty);
    let all = draft.read().1;
    assert_eq!(all.len(), 4);
    let mut told = Vec::new();
    for block in draft.index().blocks().iter().filter(|block| block.parent.is_none()) {
        told.extend(draft.glance(block.id, &[]).unwrap());
    }
    let places = draft.places();
    let known = |issue: &Issue| places.key_at(issue.place).map(|(of, key)| (of, key, issue.message.clone()));
    let same = |glanced: &Glanced| Some((glanced.of, glanced.key.clone(), glanced.issue.message.clone()));
    assert_eq!(told.iter().map(same).collect::<Vec<_>>(), all.iter().map(known).collect::<Vec<_>>());
    let alarm = find(&draft, EntityKind::Alarm, "high");
    let told = draft.glance(alarm, &[]).unwrap();
    assert_eq!(told.iter().map(same).collect::<Vec<_>>(), [known(&all[0])], "of the whole tag");
    // What is typed is looked at before it is in the draft.
    assert_eq!(draft.glance(alarm, &[set(alarm, "limit", Value::Whole(80))]), Ok(Vec::new()));
    let told = draft.glance(alarm, &[set(alarm, "prioritee", "high".into())]).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_rename_reaches_into_templates_and_a_glance_knows_them() {
    let text = "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"10.0.0.1\"\n[[template]]\n\
                name = \"pump\"\nparameters = [\"name\"]\n[[template.tag]]\nname = \"{name}.flow\"\ndevice = \"plc1\"\n\
                register = \"holding:1\"\ntype = \"u16\"\n[[template.panel]]\nkind = \"value\"\nat = [0, 0, 4, 2]\ntag = \"{name}.flow\"\n\
                [[use]]\ntemplate = \"pump\"\nwith = [{ name = \"p1\" }]\n[[display]]\nname = \"D\"\n[[display.use]]\n\
                template = \"pump\"\nwith = [{ name = \"p1\" }]\n";
    let mut draft = draft(text);
    assert_eq!(draft.glance(find(&draft, EntityKind::Display, "D"), &[]), Ok(Vec::new()));
    let tag = find(&draft, EntityKind::TemplateTag, "{name}.flow");
    assert_eq!(draft.glance(tag, &[]), Ok(Vec::new()));
    let told = draft.glance(tag, &[set(tag, "register", "holding:x".into())]).unwrap();
    assert_eq!((told.len(), told[0].of, told[0].key.as_deref()), (1, tag, Some("register")));
    let plc = find(&draft, EntityKind::Device, "plc1");
    draft.rename(plc, "plc9").unwrap();
    assert_eq!(draft.text().matches("\"plc9\"").count(), 2);
    let (project, issues) = crate::project::file::read(draft.text().as_bytes());
    assert_eq!((project.tags.len(), project.displays[0].panels.len(), issues), (1, 1, Vec::new()));
    sound(&draft);
}

#[test]
fn what_is_typed_while_it_is_saved_is_not_taken_for_saved_and_the_next_save_knows_the_file() {
    let mut draft = Draft::open(b"watchkeeper = 1\nname = \"a\"\n").unwrap();
    let name = |draft: &mut Draft, to: &str| {
        let set = Edit::Set { of: EntityId::PROJECT, key: KeyPath::from("name"), value: Value::from(to) };
        draft.edit(&[set]).unwrap();
    };
    name(&mut draft, "b");
    let written = draft.kept();
    name(&mut draft, "c");
    draft.mark_saved(&written);
    assert!(draft.is_changed());
    assert_eq!(draft.saved_bytes(), written.bytes());
    draft.undo();
    assert!(!draft.is_changed());
}

#[test]
fn a_change_of_values_alone_keeps_the_shape_there_and_back() {
    let mut draft = Draft::open(b"[[tag]]\nname = \"a\"\nunit = \"m\"\n").unwrap();
    let tag = draft.named(EntityKind::Tag, "a").unwrap();
    let set = |key: &str, value: &str| Edit::Set { of: tag, key: key.into(), value: value.into() };
    let shape = draft.shape();
    draft.edit(&[set("unit", "km")]).unwrap();
    draft.undo();
    draft.redo();
    assert_eq!(draft.shape(), shape);
    let mut shapes = vec![shape];
    draft.edit(&[set("unit", "m"), set("description", "new")]).unwrap();
    shapes.push(draft.shape());
    draft.undo();
    shapes.push(draft.shape());
    draft.edit(&[Edit::Unset { of: tag, key: "unit".into() }]).unwrap();
    shapes.push(draft.shape());
    draft.edit(&[Edit::Insert { spot: Spot::Last, text: "[[tag]]\nname = \"b\"\n".to_owned() }]).unwrap();
    shapes.push(draft.shape());
    assert!(shapes.is_sorted_by(|a, b| a < b), "{shapes:?}");
}

#[test]
fn a_step_reaches_from_its_first_change_to_its_last() {
    let text = format!("[[tag]]\nname = \"a\"\n{}[[tag]]\nname = \"b\"\n", "# far away\n".repeat(100));
    let mut draft = Draft::open(text.as_bytes()).unwrap();
    let [a, b] = ["a", "b"].map(|name| draft.named(EntityKind::Tag, name).unwrap());
    let set = |of| Edit::Set { of, key: "unit".into(), value: "m".into() };
    draft.edit(&[set(a)]).unwrap();
    assert!((1..50).contains(&draft.reach_of_steps().0));
    draft.edit(&[set(b), Edit::Set { of: a, key: "unit".into(), value: "km".into() }]).unwrap();
    assert!(draft.reach_of_steps().0 > 1_000);
    draft.undo();
    let (undo, redo) = draft.reach_of_steps();
    assert!(undo < 50 && redo > 1_000, "{undo} {redo}");
}

#[test]
fn a_panel_that_is_put_in_leaves_its_neighbours_who_they_are() {
    let panel = |n: u8| format!("[[display.panel]]\nkind = \"text\"\nat = [{n}, 0, 1, 1]\ntext = \"{n}\"\n");
    let text = format!("[[display]]\nname = \"A\"\n{}{}{}[[display]]\nname = \"B\"\n", panel(1), panel(2), panel(3));
    let mut draft = Draft::open(text.as_bytes()).unwrap();
    let a = draft.named(EntityKind::Display, "A").unwrap();
    let ids = |draft: &Draft| draft.index().below(a).map(|block| block.id).collect::<Vec<_>>();
    let before = ids(&draft);
    let done = draft.edit(&[Edit::Insert { spot: Spot::Below(a), text: panel(4) }]).unwrap();
    assert_eq!(ids(&draft), [before.clone(), done.added.clone()].concat());
    assert_eq!(done.added.len(), 1);
    draft.edit(&[Edit::Remove { of: before[1] }]).unwrap();
    assert_eq!(ids(&draft), [before[0], before[2], done.added[0]]);
}
