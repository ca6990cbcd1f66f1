use super::*;
use crate::engine::{Actor, Generation};
use crate::project;
use crate::time::Span;
use jiff::tz::TimeZone;

/// 06:00 UTC on 20 November 2026.
const SIX: Utc = Utc(1_795_154_400_000_000);

const PLANT: &str = r#"
watchkeeper = 1
name = "River & <Side>"
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
alarm = [
  { kind = "high", limit = 90.0, priority = "high", message = "Tank 1 is <nearly> full", response = "Close V-101" },
  { kind = "low", limit = 10.0, priority = "critical" },
  { kind = "low-low", limit = 5.0, priority = "low", latch = true },
]
"#;

fn plan() -> Plan {
    let (project, issues) = project::file::read(PLANT.as_bytes());
    assert!(issues.is_empty(), "{issues:?}");
    Plan::compile(Arc::new(project), Generation(1), crate::engine::Mode::Live).0
}

fn at(minutes: i64) -> Utc {
    SIX + Span::from_secs(minutes * 60)
}

fn entry(minutes: i64, event: Event, alarm: &str, occurrence: u64) -> Entry {
    let mut entry = Entry::new(at(minutes), event);
    entry.alarm = Some(format!("tank1.level/{alarm}").into());
    entry.occurrence = Some(occurrence);
    entry.priority = Some(Priority::Medium);
    entry.value = Some(Value::F64(91.25));
    entry.unit = Some("%".into());
    entry
}

fn by_anna(mut entry: Entry, note: Option<&str>) -> Entry {
    entry.by = Some(Actor { user: "anna".into(), computer: "control-1".into(), desk: Some("Anna <b>".into()) });
    entry.note = note.map(Arc::from);
    entry
}

fn system(minutes: i64, event: Event, subject: &str, note: &str) -> Entry {
    let mut entry = Entry::new(at(minutes), event);
    entry.subject = (!subject.is_empty()).then(|| subject.into());
    entry.note = (!note.is_empty()).then(|| note.into());
    entry
}

fn handover(before: &[Entry], since: &[Entry]) -> Handover {
    let mut memories = Memories::new();
    for entry in before {
        remember(&mut memories, entry);
    }
    let plan = plan();
    let mut writing = Writing::new(SIX, memories, &plan);
    for entry in since {
        writing.take(entry);
    }
    writing.finish(at(480))
}

fn names(list: &Listed<Handed>) -> Vec<(&str, AlarmState, u64)> {
    list.first.iter().map(|h| (h.alarm.rsplit_once('/').unwrap().1, h.state, h.raised)).collect()
}

#[test]
fn new_standing_and_hidden_alarms_are_told_apart() {
    let before = [
        entry(-100, Event::Raised, "high", 1),
        by_anna(entry(-90, Event::Acknowledged, "high", 1), None),
        entry(-80, Event::Raised, "low-low", 1),
        by_anna(entry(-70, Event::Acknowledged, "low-low", 1), None),
    ];
    let mut shelved = by_anna(entry(200, Event::Shelved, "gone", 3), Some("pump is being changed"));
    shelved.until = Some(at(600));
    let since = [
        entry(10, Event::Raised, "low", 4),
        entry(20, Event::Returned, "low", 4),
        entry(30, Event::Raised, "low", 5),
        entry(100, Event::Returned, "low-low", 1),
        entry(190, Event::Raised, "gone", 3),
        shelved,
        entry(210, Event::Raised, "quality", 1),
        entry(211, Event::Cleared, "quality", 1),
    ];
    let handover = handover(&before, &since);
    assert_eq!(
        names(&handover.standing),
        [("high", AlarmState::Acknowledged, 0), ("low-low", AlarmState::LatchedAcknowledged, 0)]
    );
    assert_eq!(names(&handover.new), [("low", AlarmState::Unacknowledged, 2), ("quality", AlarmState::Normal, 1)]);
    assert_eq!(names(&handover.hidden), [("gone", AlarmState::Shelved, 1)]);
    let hidden = handover.hidden.first[0].hidden.clone().unwrap();
    assert_eq!(hidden.until, Some(at(600)));
    assert_eq!(hidden.by.as_deref(), Some("Anna <b> (anna@control-1)"));
    assert_eq!(hidden.reason.as_deref(), Some("pump is being changed"));
    assert_eq!(handover.annunciated, 4);
    let low = &handover.new.first[0];
    assert_eq!((low.priority, low.last_raised, low.value.as_str()), (Some(Priority::Critical), at(30), "91.25 %"));
    assert_eq!(handover.standing.first[0].response.as_deref(), Some("Close V-101"));
}

#[test]
fn acts_with_words_are_told_and_those_without_are_counted() {
    let since = [
        entry(10, Event::Raised, "high", 1),
        by_anna(entry(11, Event::Acknowledged, "high", 1), Some("opened the drain")),
        entry(20, Event::Raised, "low", 1),
        by_anna(entry(21, Event::Acknowledged, "low", 1), None),
        by_anna(entry(22, Event::Refused, "low", 1), Some("already acknowledged")),
        by_anna(system(30, Event::Silenced, "", ""), None),
    ];
    let handover = handover(&[], &since);
    let acts: Vec<_> = handover.acts.first.iter().map(|a| (a.event, a.note.as_deref().unwrap_or(""))).collect();
    assert_eq!(acts, [(Event::Acknowledged, "opened the drain"), (Event::Refused, "already acknowledged")]);
    assert_eq!(handover.silent_acknowledgements, 1);
    assert_eq!(handover.people.iter().collect::<Vec<_>>(), ["Anna <b> (anna@control-1)"]);
    let high = handover.new.first.iter().find(|h| h.alarm.ends_with("/high")).unwrap();
    assert_eq!(high.note.as_deref(), Some("opened the drain"));
}

#[test]
fn what_was_not_there_is_told_from_when_to_when() {
    let since = [
        system(5, Event::LinkUp, "plc2", ""),
        system(10, Event::LinkDown, "plc1", "connection refused"),
        system(15, Event::LinkUp, "plc1", ""),
        system(20, Event::RecordingFault, "", "no space left"),
        system(40, Event::RecordingResumed, "", "12 samples were lost"),
        system(50, Event::Stopped, "", ""),
        system(55, Event::Started, "", ""),
        system(56, Event::Deployed, "Riverside", "limit of tank1.level/high 85 → 90"),
        system(60, Event::LinkDown, "plc1", "timeout"),
        entry(65, Event::Raised, "high", 1),
        system(70, Event::Started, "", ""),
        system(71, Event::LinkDown, "plc1", "timeout"),
    ];
    let handover = handover(&[], &since);
    let told = |list: &Listed<Outage>| -> Vec<(String, Option<i64>, Option<i64>, String)> {
        let minutes = |t: Option<Utc>| t.map(|t| (t - SIX).0 / 60_000_000);
        list.first.iter().map(|o| (o.what.to_string(), minutes(o.from), minutes(o.to), o.why.to_string())).collect()
    };
    let [plc1, watch] = ["plc1", WATCH].map(str::to_owned);
    assert_eq!(
        told(&handover.links),
        [
            (plc1.clone(), Some(10), Some(15), "connection refused".to_owned()),
            (plc1.clone(), Some(60), Some(70), "timeout".to_owned()),
            (plc1, Some(71), None, "timeout".to_owned()),
        ]
    );
    assert_eq!(
        told(&handover.gaps),
        [
            (SAMPLES.to_owned(), Some(20), Some(40), "no space left".to_owned()),
            (watch.clone(), Some(50), Some(55), "stopped".to_owned()),
            (watch, Some(65), Some(70), "ended without a stop".to_owned()),
        ]
    );
    assert_eq!(handover.system.first.len(), 1);
}

#[test]
fn a_first_start_is_no_gap_and_how_the_run_before_ended_is_known_from_before_the_period() {
    let plan = plan();
    let gaps = |before: Option<Entry>| {
        let mut writing = Writing::new(SIX, Memories::new(), &plan);
        if let Some(before) = before {
            writing = writing.after(&before);
        }
        writing.take(&system(30, Event::Started, "", ""));
        let gaps = writing.finish(at(60)).gaps.first;
        gaps.iter().map(|gap| (gap.from.unwrap(), gap.why.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(gaps(None), []);
    assert_eq!(gaps(Some(system(-90, Event::Stopped, "", ""))), [(at(-90), "stopped".to_owned())]);
    assert_eq!(gaps(Some(entry(-90, Event::Raised, "high", 1))), [(at(-90), "ended without a stop".to_owned())]);
}

#[test]
fn a_long_list_is_cut_and_says_how_much_is_left_out() {
    let since: Vec<Entry> = (0..500).map(|i| entry(i % 400, Event::Raised, &format!("a{i}"), 1)).collect();
    let handover = handover(&[], &since);
    assert_eq!((handover.new.first.len(), handover.new.more, handover.new.all()), (MOST, 200, 500));
    assert!(html(&handover, &Heading::default(), &TimeZone::UTC).contains("and 200 more, which the journal has"));
}

#[test]
fn the_page_escapes_every_text_and_fetches_nothing() {
    let evil = "<script>alert('x')</script>\u{202e}&\"";
    let since = [
        entry(10, Event::Raised, "high", 1),
        by_anna(entry(11, Event::Acknowledged, "high", 1), Some(evil)),
        system(12, Event::LinkDown, evil, evil),
        system(13, Event::Deployed, evil, evil),
        by_anna(entry(14, Event::OutOfService, evil, 1), Some(evil)),
    ];
    let handover = handover(&[], &since);
    let heading = Heading {
        plant: format!("River & {evil}"),
        mark: Some(evil.to_owned()),
        shift: Some(evil.to_owned()),
        from: evil.to_owned(),
        to: evil.to_owned(),
    };
    let page = html(&handover, &heading, &TimeZone::UTC);
    assert!(!page.contains("<script") && !page.contains("<b> (anna") && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202E}&amp;&quot;"));
    for fetched in ["http:", "https:", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    // Every tag that is opened is closed: tags of this page have no attributes with a sign that would confuse this count.
    for tag in ["table", "tr", "td", "th", "h2", "p", "ul", "li", "section", "div", "main", "tbody", "thead", "span"] {
        let count = |of: &str| page.matches(of).count();
        assert_eq!(count(&format!("<{tag}>")) + count(&format!("<{tag} ")), count(&format!("</{tag}>")), "{tag}");
    }
}

#[test]
fn an_empty_hand_over_says_so_in_each_part() {
    let page = html(&handover(&[], &[]), &Heading { plant: "Riverside".into(), ..Heading::default() }, &TimeZone::UTC);
    for words in [
        "No alarm stands from before",
        "No alarm came",
        "No alarm is hidden",
        "No link was lost",
        "Nothing is missing from the records",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("From Fri 20 Nov 06:00:00 to Fri 20 Nov 14:00:00, 8 h 0 m"), "{page}");
}
