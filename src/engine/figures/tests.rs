use super::*;
use proptest::prelude::*;

/// Midnight of 20 November 2026, UTC.
const START: i64 = 1_795_132_800_000_000;

fn entry(secs: i64, event: Event, alarm: &str) -> Entry {
    let mut entry = Entry::new(Utc(START + secs * 1_000_000), event);
    entry.alarm = Some(alarm.into());
    entry.priority = Some(match alarm.as_bytes()[0] {
        b'a' => Priority::Critical,
        b'b' => Priority::High,
        b'c' => Priority::Medium,
        _ => Priority::Low,
    });
    entry
}

fn figures(from: i64, to: i64, entries: &[Entry]) -> Figures {
    let at = |secs: i64| Utc(START + secs * 1_000_000);
    let mut counting = Counting::new(at(from), at(to), &BTreeMap::new());
    for entry in entries {
        counting.take(entry);
    }
    counting.finish()
}

fn measure(figures: &Figures, name: &str) -> (f64, Standing) {
    let measures = figures.measures();
    let found = measures.iter().find(|m| m.name == name).unwrap();
    (found.value, found.standing())
}

#[test]
fn rates_count_annunciations_in_blocks_of_the_clock_empty_ones_too() {
    let mut entries: Vec<Entry> = [0, 599, 600, 3_599].map(|at| entry(at, Event::Raised, "d.x/high")).into();
    entries.push(entry(3_000, Event::Acknowledged, "d.x/high"));
    entries.push(entry(3_600, Event::Raised, "d.x/high"));
    // An hour and a half, of which the last half hour is quiet but for its first alarm.
    let figures = figures(0, 5_400, &entries);
    assert_eq!(figures.blocks, [2, 1, 0, 0, 0, 1, 1, 0, 0]);
    assert_eq!((figures.annunciated, figures.first_block), (5, Utc(START)));
    assert_eq!(measure(&figures, "Alarms in 10 minutes, average"), (5.0 / 9.0, Standing::Met));
    assert_eq!(measure(&figures, "Alarms in a day, average"), (80.0, Standing::Met));
    assert_eq!(figures.most_in_ten_minutes, 2);
    // The same from the middle of a block on: the block counts what lies within the period.
    let figures = self::figures(300, 900, &entries);
    assert_eq!((figures.blocks.as_slice(), figures.annunciated), (&[1, 1][..], 2));
}

#[test]
fn what_comes_while_it_is_hidden_is_no_annunciation_and_coming_back_is_one() {
    let entries = [
        entry(10, Event::Shelved, "d.x/high"),
        entry(20, Event::Raised, "d.x/high"),
        entry(30, Event::Cleared, "d.x/high"),
        entry(40, Event::Raised, "d.x/high"),
        entry(50, Event::Unshelved, "d.x/high"),
        entry(50, Event::Raised, "d.x/high"),
        entry(60, Event::OutOfService, "b.y/low"),
        entry(61, Event::Shelved, "b.y/low"),
        entry(62, Event::Suppressed, "c.z/low"),
    ];
    let figures = figures(0, 600, &entries);
    assert_eq!(figures.annunciated, 1);
    assert_eq!(figures.hidden, [0, 1, 1], "shown as out of service before shelved");
}

#[test]
fn a_flood_begins_with_the_eleventh_in_ten_minutes_and_ends_below_five() {
    // Eleven, ten seconds apart: the flood begins at 100 s. The fifth last is that at 60 s, so it ends at 660 s.
    let entries: Vec<Entry> = (0..11).map(|i| entry(i * 10, Event::Raised, &format!("d.x{i}/high"))).collect();
    let figures = figures(0, 3_600, &entries);
    assert_eq!((figures.floods, figures.flood, figures.flooding), (1, Span::from_secs(560), false));
    assert_eq!(figures.most_in_ten_minutes, 11);
    assert_eq!(measure(&figures, "Time in flood"), (560.0 / 3_600.0, Standing::Missed));
    assert_eq!(measure(&figures, "10-minute blocks above 10").0, 1.0 / 6.0);
    assert_eq!(self::figures(0, 3_600, &entries[..10]).floods, 0, "ten are none");
    // A period that begins or ends within it has its part.
    let part = self::figures(200, 300, &entries);
    assert_eq!((part.flood, part.flooding, part.annunciated), (Span::from_secs(100), true, 0));
}

#[test]
fn three_in_a_minute_chatter_and_what_is_gone_at_once_is_fleeting() {
    let mut entries = Vec::new();
    for at in [0, 30, 60, 200, 260, 321] {
        entries.push(entry(at, Event::Raised, "a.x/high"));
        entries.push(entry(at + 2, Event::Cleared, "a.x/high"));
    }
    entries.push(entry(400, Event::Raised, "b.y/low"));
    entries.push(entry(409, Event::Returned, "b.y/low"));
    entries.push(entry(500, Event::Raised, "c.z/low"));
    entries.push(entry(510, Event::Cleared, "c.z/low"));
    entries.push(entry(600, Event::Raised, "c.w/low"));
    entries.push(entry(601, Event::Acknowledged, "c.w/low"));
    entries.push(entry(602, Event::Cleared, "c.w/low"));
    let figures = figures(0, 1_200, &entries);
    let names = |named: &Named| named.first.iter().map(|c| (c.alarm.to_string(), c.count)).collect::<Vec<_>>();
    assert_eq!(
        names(&figures.chattering),
        [("a.x/high".to_owned(), 1)],
        "at 0, 30 and 60 s; 200, 260 and 321 s are wider"
    );
    assert_eq!(names(&figures.fleeting), [("b.y/low".to_owned(), 1)], "ten seconds, or seen by a person, is not");
    assert_eq!(names(&figures.top)[0], ("a.x/high".to_owned(), 6));
    assert_eq!(figures.top_share(), 1.0);
}

#[test]
fn what_stands_for_more_than_a_day_is_stale_and_what_is_hidden_does_not_stand() {
    let hour = 3_600;
    let entries = [
        entry(0, Event::Raised, "a.x/high"),
        entry(hour, Event::Raised, "b.y/high"),
        entry(2 * hour, Event::Raised, "c.z/high"),
        entry(20 * hour, Event::Shelved, "c.z/high"),
        entry(26 * hour, Event::Cleared, "b.y/high"),
    ];
    let figures = figures(0, 30 * hour, &entries);
    assert_eq!(figures.stale.first, [Counted { alarm: "a.x/high".into(), count: 30 }]);
    assert_eq!((figures.stale.all, figures.stale_at_once), (1, 2), "from hour 25 to 26 both were");
    assert_eq!(self::figures(0, 24 * hour, &entries).stale.all, 0, "a day is not more than a day");
    // What stood before is known from the memories.
    let memory = AlarmMemory { active: true, raised: START - 48 * 3_600_000_000, ..AlarmMemory::default() };
    let hidden = AlarmMemory { suppressed: true, ..memory.clone() };
    let memories = BTreeMap::from([("d.m/low".into(), memory), ("d.h/low".into(), hidden)]);
    let figures = Counting::new(Utc(START), Utc(START + 1_000_000), &memories).finish();
    assert_eq!((figures.stale.first[0].count, figures.stale.all, figures.stale_at_once), (48, 1, 1));
    assert_eq!(figures.hidden, [0, 1, 0]);
}

#[test]
fn the_spread_of_priorities_stands_beside_its_target() {
    let mut entries: Vec<Entry> = (0..80).map(|i| entry(i, Event::Raised, &format!("d.x{i}/high"))).collect();
    entries.extend((0..13).map(|i| entry(100 + i, Event::Raised, &format!("c.x{i}/high"))));
    entries.extend((0..5).map(|i| entry(200 + i, Event::Raised, &format!("b.x{i}/high"))));
    entries.extend((0..2).map(|i| entry(300 + i, Event::Raised, &format!("a.x{i}/high"))));
    let figures = figures(0, 600, &entries);
    assert_eq!(measure(&figures, "Low"), (0.80, Standing::Told));
    assert_eq!(measure(&figures, "Medium"), (0.13, Standing::Met));
    assert_eq!(measure(&figures, "High"), (0.05, Standing::Met));
    assert_eq!(measure(&figures, "Critical"), (0.02, Standing::Missed));
    assert_eq!(measure(&figures, "Alarms in 10 minutes, average"), (100.0, Standing::Missed));
}

#[test]
fn a_period_of_nothing_has_figures_without_a_fault() {
    for to in [-600, 0, 1] {
        let figures = figures(0, to, &[]);
        assert!(figures.measures().iter().all(|m| m.value == 0.0), "{to}");
    }
    let long = Counting::new(Utc(i64::MIN), Utc(i64::MAX), &BTreeMap::new()).finish();
    assert_eq!(long.blocks.len() as i64, MOST_BLOCKS);
}

#[test]
fn a_clock_that_is_set_back_ends_a_flood_and_counts_on() {
    let mut entries: Vec<Entry> =
        (0..12).map(|i| entry(7_200 + i * 10, Event::Raised, &format!("d.x{i}/high"))).collect();
    entries.push(entry(3_700, Event::Raised, "d.y/high"));
    let figures = figures(0, 9_000, &entries);
    assert_eq!((figures.annunciated, figures.floods, figures.most_in_ten_minutes), (13, 1, 12));
    assert!(figures.flood == Span::from_secs(10) && !figures.flooding);
}

/// What the figures are by their definitions, second by second.
struct Naive {
    annunciated: Vec<(i64, usize)>,
    /// From, to, of what stands unhidden.
    stood: Vec<(usize, i64, i64)>,
    hidden: [[bool; 3]; 3],
    fled: [u64; 3],
}

const NAMES: [&str; 3] = ["a.x/high", "b.y/low", "d.z/rate"];
const END: i64 = 4 * 3_600;

fn naive(entries: &[(i64, usize, Event)]) -> Naive {
    let mut naive = Naive { annunciated: Vec::new(), stood: Vec::new(), hidden: [[false; 3]; 3], fled: [0; 3] };
    let (mut standing, mut seen) = ([None; 3], [false; 3]);
    for &(at, alarm, event) in entries {
        let hidden = &mut naive.hidden[alarm];
        let was = standing[alarm];
        match event {
            Event::Raised if !hidden.contains(&true) => {
                standing[alarm] = Some(at);
                seen[alarm] = false;
                naive.annunciated.push((at, alarm));
            }
            Event::Raised => seen[alarm] = false,
            Event::Acknowledged => seen[alarm] = true,
            Event::Cleared => {
                standing[alarm] = None;
                naive.fled[alarm] += u64::from(was.is_some_and(|raised| at - raised < 10) && !seen[alarm]);
            }
            Event::Shelved => hidden[0] = true,
            Event::Unshelved => hidden[0] = false,
            Event::OutOfService => hidden[2] = true,
            _ => hidden[2] = false,
        }
        if hidden.contains(&true) {
            standing[alarm] = None;
        }
        if let Some(raised) = was.filter(|_| standing[alarm] != was) {
            naive.stood.push((alarm, raised, at));
        }
    }
    naive.stood.extend(standing.iter().enumerate().filter_map(|(alarm, raised)| Some((alarm, (*raised)?, END))));
    naive
}

fn story() -> impl Strategy<Value = Vec<(i64, usize, Event)>> {
    let event = prop_oneof![
        8 => Just(Event::Raised),
        4 => Just(Event::Cleared),
        2 => Just(Event::Acknowledged),
        1 => Just(Event::Shelved),
        2 => Just(Event::Unshelved),
        1 => Just(Event::OutOfService),
        2 => Just(Event::InService),
    ];
    // Calm, busy and storm.
    let pause = prop_oneof![Just(0..3_i64), Just(5..60), Just(60..1_500)].prop_flat_map(|pauses| pauses);
    prop::collection::vec((pause, 0..3_usize, event), 0..120).prop_map(|steps| {
        let mut at = 0;
        let timed = steps.into_iter().map(|(pause, alarm, event)| {
            at += pause;
            (at, alarm, event)
        });
        timed.take_while(|(at, ..)| *at < END).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn figures_are_what_their_definitions_say_second_by_second(story in story(), from in 0..END / 2) {
        let entries: Vec<Entry> = story.iter().map(|(at, alarm, event)| entry(*at, *event, NAMES[*alarm])).collect();
        let figures = figures(from, END, &entries);
        let naive = naive(&story);
        let within: Vec<(i64, usize)> = naive.annunciated.iter().copied().filter(|(at, _)| *at >= from).collect();
        prop_assert_eq!(figures.annunciated as usize, within.len());

        let first = from / 600;
        for (index, count) in figures.blocks.iter().enumerate() {
            let block = (first + index as i64) * 600;
            let expected = within.iter().filter(|(at, _)| (block..block + 600).contains(at)).count();
            prop_assert_eq!(*count as usize, expected);
        }
        let in_ten_minutes = |at: i64| naive.annunciated.iter().filter(|(a, _)| *a <= at && at - a < 600).count();
        let most = within.iter().map(|(at, _)| in_ten_minutes(*at)).max().unwrap_or(0);
        prop_assert_eq!(figures.most_in_ten_minutes as usize, most);

        let (mut flood, mut secs) = (false, 0);
        for at in 0..END {
            let count = in_ten_minutes(at);
            flood = if flood { count >= 5 } else { count > 10 };
            secs += i64::from(flood && at >= from);
        }
        prop_assert_eq!((figures.flood, figures.flooding), (Span::from_secs(secs), flood));

        for (alarm, name) in NAMES.iter().enumerate() {
            let times: Vec<i64> = naive.annunciated.iter().filter(|(_, a)| *a == alarm).map(|(at, _)| *at).collect();
            let chattered = times.windows(3).filter(|t| t[2] - t[0] <= 60 && t[2] >= from).count() as u64;
            let counted = |named: &Named| named.first.iter().find(|c| c.alarm.as_ref() == *name).map_or(0, |c| c.count);
            prop_assert_eq!(counted(&figures.chattering), chattered);
            prop_assert_eq!(counted(&figures.top), times.iter().filter(|at| **at >= from).count() as u64);
            if from == 0 {
                prop_assert_eq!(counted(&figures.fleeting), if chattered > 0 { 0 } else { naive.fled[alarm] });
            }
        }
        let expected = [
            naive.hidden.iter().filter(|h| h[0] && !h[2]).count() as u64,
            0,
            naive.hidden.iter().filter(|h| h[2]).count() as u64,
        ];
        prop_assert_eq!(figures.hidden, expected);
    }

    #[test]
    fn as_many_are_stale_at_once_as_stand_too_long_in_some_hour(
        times in prop::collection::vec((0..200_i64, 0..200_i64), 0..12),
    ) {
        let times: Vec<(i64, i64)> = times.into_iter().map(|(a, length)| (a, a + length)).collect();
        let most = (0..400).map(|at| times.iter().filter(|(a, b)| (*a..*b).contains(&at)).count()).max().unwrap_or(0);
        let times: Vec<(i64, i64)> = times.into_iter().filter(|(a, b)| b > a).collect();
        prop_assert_eq!(at_once(&times) as usize, most);
    }
}
