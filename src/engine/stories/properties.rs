//! Whatever happens in whatever order.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Wait(u32),
    Set(u8),
    Run(bool),
    Bad,
    Ack,
    AckOlder,
    Reset,
    Shelve(u8),
    Unshelve,
    OutOfService,
    InService,
    LinkLost,
    LinkBack,
    Silence,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u32..9_000).prop_map(Step::Wait),
        4 => any::<u8>().prop_map(Step::Set),
        2 => any::<bool>().prop_map(Step::Run),
        1 => Just(Step::Bad),
        3 => Just(Step::Ack),
        1 => Just(Step::AckOlder),
        1 => Just(Step::Reset),
        1 => (1_u8..30).prop_map(Step::Shelve),
        1 => Just(Step::Unshelve),
        1 => Just(Step::OutOfService),
        1 => Just(Step::InService),
        1 => Just(Step::LinkLost),
        1 => Just(Step::LinkBack),
        1 => Just(Step::Silence),
        1 => Just(Step::Restart),
    ]
}

fn the_plan(latch: bool) -> Arc<Plan> {
    plan(|p| {
        p.alarms[0].latch = latch;
        p.alarms[0].on_delay = Span::from_secs(2);
        p.alarms[0].off_delay = Span::from_secs(1);
        let formula = Formula::parse("not run", &mut |n| (n == "run").then_some(TagId(1))).unwrap();
        p.alarms[0].suppress_when = Some(Arc::new(formula));
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: the journal alone rebuilds the state; an unacknowledged alarm never goes
    /// from the list without an acknowledgement (or a person's or formula's hiding it); an acknowledgement never
    /// hits a newer occurrence; occurrences only grow.
    #[test]
    fn the_table_holds_in_any_order(steps in proptest::collection::vec(step(), 1..80), latch in any::<bool>()) {
        let mut play = Play::new(the_plan(latch));
        let mut second = 0.0;
        let name = "level/high";
        for step in steps {
            let before = play.state(name);
            let occurrence = play.engine.memories().get(name).map_or(0, |m| m.occurrence);
            let mut acts = false;
            match step {
                Step::Wait(millis) => {
                    second += f64::from(millis) / 1e3;
                    play.at(second).tick();
                }
                Step::Set(value) => { play.set("level", f64::from(value) / 2.0); }
                Step::Run(on) => { play.set("run", f64::from(u8::from(on))); }
                Step::Bad => { play.bad("level", Quality::DEVICE_FAULT); }
                Step::Ack => { acts = true; play.ack(name, occurrence); }
                Step::AckOlder => { play.ack(name, occurrence.saturating_sub(1)); }
                Step::Reset => { play.act(|by| Command::Reset { by, alarm: name.into() }); }
                Step::Shelve(minutes) => {
                    let until = play.now.utc + Span::from_secs(i64::from(minutes) * 60);
                    play.act(|by| Command::Shelve { by, alarm: name.into(), until, reason: None });
                }
                Step::Unshelve => { play.act(|by| Command::Unshelve { by, alarm: name.into() }); }
                Step::OutOfService => { play.act(|by| Command::OutOfService { by, alarm: name.into(), reason: None }); }
                Step::InService => { play.act(|by| Command::InService { by, alarm: name.into() }); }
                Step::LinkLost => { play.link(LinkState::NoAnswer("gone".into())); }
                Step::LinkBack => { play.link(LinkState::Connected); }
                Step::Silence => { play.act(|by| Command::Silence { by }); }
                Step::Restart => {
                    let mut memories = BTreeMap::new();
                    for entry in &play.entries {
                        alarm::remember(&mut memories, entry);
                    }
                    let mut again = Play::restarted(the_plan(latch), BTreeMap::new());
                    again.engine = Engine::new(EngineOptions { restarted: true, ..EngineOptions::default() }, memories);
                    again.now = play.now;
                    again.entries = std::mem::take(&mut play.entries);
                    again.apply(Input::Deploy(again.plan.clone()));
                    again.link(LinkState::Connected);
                    play = again;
                }
            }
            let after = play.state(name);
            let needs = |s: &str| matches!(s, "unacknowledged" | "returned" | "latched");
            let hides = matches!(after, "shelved" | "suppressed" | "out-of-service");
            prop_assert!(!needs(before) || needs(after) || acts || hides, "{before} became {after} by {play_told}", play_told = play.told);
            let now_occurrence = play.engine.memories().get(name).map_or(0, |m| m.occurrence);
            prop_assert!(now_occurrence >= occurrence);
            if acts && now_occurrence > occurrence {
                prop_assert!(needs(after) || hides);
            }
            play.remembers_itself();
        }
    }
}
