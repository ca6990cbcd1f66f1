//! What an edit is said to do is what it does: each of many edits of a plant in which much is going on.

use super::*;
use crate::engine::impact::{AlarmFate, Impact, TagFate};
use crate::project::diff;

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"";
const LOW: &str = "kind = \"low\"\nlimit = 10\npriority = \"low\"\non-delay = \"10s\"";
const SUM: &str = "[[tag]]\nname = \"sum\"\nformula = \"level + flow\"\n";
const MORE: &str = "[[tag]]\nname = \"more\"\ndevice = \"plc1\"\nregister = \"holding:8\"\ntype = \"f64\"\n\
    [[tag.alarm]]\nkind = \"high\"\nlimit = 50\npriority = \"high\"\n";

/// `level/high` stands and is acknowledged, `flow/low` waits for its delay, `level/quality` is shelved.
fn busy(more: &str) -> Play {
    let mut play = Play::new(written_as(1, HIGH, LOW, more));
    play.at(1.0).link(LinkState::Connected).set("level", 95.0).set("flow", 50.0).set("run", 1.0);
    if more.contains("holding:8") {
        play.set("more", 60.0);
    }
    play.at(2.0).ack("level/high", 1).shelve("level/quality", 30).at(5.0).set("flow", 5.0).at(7.0).told();
    play
}

/// Deploys, and holds what came of each tag and alarm against what was said; gives what was said.
fn held(more: &str, edit: impl Fn(&str) -> String) -> Impact {
    let mut play = busy(more);
    let before = Arc::clone(&play.plan);
    let text = edit(&text_as(HIGH, LOW, more));
    let (project, _) = crate::project::file::read(text.as_bytes());
    let mut after = Plan::compile(Arc::new(project), Generation(2), Mode::Live).0;
    after.follow(&before);
    let after = Arc::new(after);
    let changes = diff::compare(&before.project, &after.project);
    let impact = Impact::of(&before, &after, &changes);
    let views: BTreeMap<String, TagView> =
        before.tags.iter().map(|tag| (tag.name.to_string(), play.view(&tag.name))).collect();
    let alarms: BTreeMap<String, Option<AlarmView>> =
        before.alarms.iter().map(|rule| (rule.name.to_string(), standing(&mut play, &rule.name))).collect();
    play.deploy(Arc::clone(&after));
    for tag in &after.tags {
        let said = impact.tags.iter().find(|one| one.name == tag.name);
        let was = said.and_then(|one| one.was.clone()).unwrap_or_else(|| Arc::clone(&tag.name));
        let (old, new) = (views.get(&*was), play.view(&tag.name));
        match said.map_or(&TagFate::GoesOn, |one| &one.fate) {
            TagFate::GoesOn => {
                let old = old.unwrap();
                assert_eq!(
                    (&old.value, old.quality, old.time),
                    (&new.value, new.quality, new.time),
                    "{} {text}",
                    tag.name
                );
            }
            TagFate::Recomputed => assert!(old.is_some(), "{}", tag.name),
            TagFate::Anew(_) => {
                assert!(old.is_some() && new.quality == Quality::WAITING && new.value.is_none(), "{}", tag.name);
            }
            TagFate::Stops(_) => assert_eq!(new.quality, Quality::CONFIGURATION, "{}", tag.name),
            TagFate::New => assert!(old.is_none(), "{}", tag.name),
            TagFate::Gone => panic!("{} is there", tag.name),
        }
    }
    for gone in impact.tags.iter().filter(|one| one.fate == TagFate::Gone) {
        assert!(after.tag_id(&gone.name).is_none());
    }
    // What runs on: the delay of flow/low, four seconds after its beginning of ten.
    let runs_on = |name: &str| impact.alarms.iter().all(|one| &*one.name != name || one.fate == AlarmFate::GoesOn);
    // Those of the program tell of what is at fault in it, whoever brings that.
    for rule in after.alarms.iter().filter(|rule| rule.subject != Subject::System) {
        let said = impact.alarms.iter().find(|one| one.name == rule.name);
        let was = said.and_then(|one| one.was.clone()).unwrap_or_else(|| Arc::clone(&rule.name));
        match said.map_or(&AlarmFate::GoesOn, |one| &one.fate) {
            AlarmFate::GoesOn => {
                let id = after.alarm_id(&rule.name).unwrap();
                let old = alarms[&*was].clone().map(|old| AlarmView { id, ..old });
                assert_eq!(standing(&mut play, &rule.name), old, "{} {text}", rule.name);
            }
            AlarmFate::Anew(keys) => assert!(!keys.is_empty() && alarms.contains_key(&*was), "{}", rule.name),
            AlarmFate::New => assert!(!alarms.contains_key(&*rule.name), "{}", rule.name),
            AlarmFate::Gone => panic!("{} is watched", rule.name),
        }
    }
    play.at(15.5).tick();
    if after.alarm_id("flow/low").is_some() && runs_on("flow/low") {
        assert_eq!(play.state("flow/low"), "unacknowledged", "its delay ran on: {text}");
    }
    impact
}

/// An alarm that is not normal.
fn standing(play: &mut Play, name: &str) -> Option<AlarmView> {
    let id = play.plan.alarm_id(name)?;
    play.snapshot().alarms.iter().find(|alarm| alarm.id == id).cloned()
}

fn words<F: std::fmt::Debug>(affected: &[super::super::impact::Affected<F>]) -> Vec<String> {
    affected.iter().map(|one| format!("{} {:?}", one.name, one.fate)).collect()
}

#[test]
fn what_an_edit_is_said_to_do_is_what_it_does() {
    let none: [&str; 0] = [];
    let replaced = |from: &'static str, to: &'static str| {
        move |text: &str| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        }
    };
    let both = format!("{SUM}{MORE}");
    for (edit, tags, alarms) in [
        (("watchkeeper = 1", "# a comment\n\nwatchkeeper = 1"), &none[..], &none[..]),
        (("limit = 90", "limit = 80"), &none, &["level/high Anew([\"limit\"])"]),
        (("limit = 90", "limit = 90\ndeadband = 2"), &none, &["level/high Anew([\"deadband\"])"]),
        (("limit = 90", "limit = 90\ndeadband = \"2%\""), &none, &["level/high Anew([\"deadband\"])"]),
        (("limit = 90", "limit = 90\nresponse = \"Run\""), &none, &none),
        (("on-delay = \"10s\"", "on-delay = \"20s\""), &none, &["flow/low Anew([\"on-delay\"])"]),
        (("limit = 90", "limit = 90\nsuppress-when = \"run\""), &none, &["level/high Anew([\"suppress-when\"])"]),
        (
            ("name = \"level\"", "name = \"tank\"\nwas = \"level\""),
            &["tank GoesOn"],
            &["tank/high GoesOn", "tank/quality GoesOn"],
        ),
        (
            ("holding:0", "holding:40"),
            &["level Anew(\"it comes from elsewhere, or is read in another way\")", "sum Recomputed"],
            &["level/high Anew([\"what it looks at\"])", "level/quality Anew([\"what it looks at\"])"],
        ),
        (("level + flow", "level - flow"), &["sum Recomputed"], &none),
        (("[0, 100]", "[0, 200]"), &none, &none),
    ] {
        let impact = held(&both, replaced(edit.0, edit.1));
        // Of a formula whose tag was renamed away the text is at fault.
        let mut told = words(&impact.tags);
        told.retain(|word| !word.starts_with("sum Stops"));
        assert_eq!(
            (told, words(&impact.alarms)),
            (tags.iter().map(|t| (*t).to_owned()).collect(), alarms.iter().map(|a| (*a).to_owned()).collect()),
            "{edit:?}"
        );
    }
}

#[test]
fn what_comes_and_goes_and_a_device_that_is_asked_otherwise_are_told() {
    let impact = held("", |text| format!("{text}{MORE}"));
    assert_eq!(words(&impact.tags), ["more New"]);
    assert_eq!(words(&impact.alarms), ["more/high New", "more/quality New"]);
    let impact = held(MORE, |text| text.replace(MORE, ""));
    assert_eq!(words(&impact.tags), ["more Gone"]);
    assert_eq!(words(&impact.alarms), ["more/high Gone", "more/quality Gone"]);
    // Before all others: every number is another, and nothing else.
    let impact = held("", |text| text.replacen("[[tag]]", &format!("{MORE}[[tag]]"), 1));
    assert_eq!(words(&impact.tags), ["more New"]);
    let impact = held("", |text| text.replace("127.0.0.1", "127.0.0.2"));
    let anew = "Anew(\"plc1 is asked in another way\")";
    assert_eq!(words(&impact.tags), ["run", "level", "flow"].map(|tag| format!("{tag} {anew}")));
    assert!(words(&impact.alarms).iter().all(|word| word.ends_with("Anew([\"what it looks at\"])")), "{impact:?}");
    let impact = held("", |text| text.replace("holding:4\"", "holding:4\"\nscael = 1"));
    assert!(matches!(&impact.tags[..], [one] if matches!(one.fate, TagFate::Stops(_))), "{impact:?}");
}
