//! Whatever happens in whatever order, and whatever is watched: the engine does what the model does; the journal alone
//! rebuilds the state; an unacknowledged alarm never goes from the list without an acknowledgement; an acknowledgement
//! never hits a newer occurrence; the same inputs give the same effects.

use super::model::{Kind, Model, Rule};
use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Level(usize),
    Flow(usize),
    Run(bool),
    Scan(usize, usize, bool),
    Bad,
    Acknowledge,
    AcknowledgeOlder,
    Reset,
    Shelve(u64),
    Unshelve,
    OutOfService,
    InService,
    LinkLost,
    LinkBack,
    Silence,
    Restart,
    EditText,
    EditLimit(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..60).prop_map(Step::Wait),
        6 => any::<prop::sample::Index>().prop_map(|i| Step::Level(i.index(LEVELS.len()))),
        2 => any::<prop::sample::Index>().prop_map(|i| Step::Flow(i.index(LEVELS.len()))),
        2 => any::<bool>().prop_map(Step::Run),
        3 => (0..LEVELS.len(), 0..LEVELS.len(), any::<bool>()).prop_map(|(l, f, r)| Step::Scan(l, f, r)),
        1 => Just(Step::Bad),
        3 => Just(Step::Acknowledge),
        1 => Just(Step::AcknowledgeOlder),
        2 => Just(Step::Reset),
        1 => (1_u64..300).prop_map(Step::Shelve),
        1 => Just(Step::Unshelve),
        1 => Just(Step::OutOfService),
        2 => Just(Step::InService),
        1 => Just(Step::LinkLost),
        2 => Just(Step::LinkBack),
        1 => Just(Step::Silence),
        1 => Just(Step::Restart),
        1 => Just(Step::EditText),
        1 => any::<bool>().prop_map(Step::EditLimit),
    ]
}

/// On, within and beyond every limit and deadband of the rules below.
const LEVELS: [f64; 14] = [3.0, 8.0, 10.0, 11.0, 12.0, 13.0, 50.0, 60.0, 70.0, 87.0, 88.0, 89.0, 90.0, 95.0];

const KINDS: [Kind; 7] =
    [Kind::High, Kind::Low, Kind::State, Kind::Quality, Kind::Rate, Kind::Deviation, Kind::ByState];

fn rule() -> impl Strategy<Value = Rule> {
    (
        prop::sample::select(&KINDS[..]),
        any::<bool>(),
        prop::sample::select(&[0_u64, 5, 20][..]),
        prop::sample::select(&[0_u64, 5, 10][..]),
    )
        .prop_map(|(kind, latch, on_delay, off_delay)| Rule { kind, latch, on_delay, off_delay })
}

/// The project of a rule; its alarm is called `level/watched`.
fn project(generation: u32, rule: Rule, limit: f64, suppressed: bool) -> Arc<Plan> {
    let kind = match rule.kind {
        Kind::High => format!("kind = \"high\"\nlimit = {limit:.1}\ndeadband = 2"),
        Kind::Low => "kind = \"low\"\nlimit = 10\ndeadband = 2".to_owned(),
        Kind::State => "kind = \"state\"\nwhen = 3".to_owned(),
        Kind::Quality => "kind = \"quality\"".to_owned(),
        Kind::Rate => "kind = \"rate\"\nlimit = 5\ndeadband = 1\nover = \"2s\"\ndirection = \"rising\"".to_owned(),
        Kind::Deviation => "kind = \"deviation\"\nfrom = \"flow\"\nlimit = 20\ndeadband = 2".to_owned(),
        Kind::ByState => {
            format!(
                "kind = \"high\"\nlimit = {limit:.1}\ndeadband = 2\nlimits = [{{ when = \"flow > 50\", limit = false }}]"
            )
        }
    };
    let suppression = if suppressed { "suppress-when = \"not run\"" } else { "" };
    let keys = format!(
        "{kind}\nname = \"watched\"\npriority = \"high\"\nlatch = {}\non-delay = \"{}ms\"\noff-delay = \"{}ms\"\n{suppression}\ncause = \"edit {generation}\"",
        rule.latch,
        rule.on_delay * 100,
        rule.off_delay * 100
    );
    written_as(generation, &keys, "", "")
}

const NAME: &str = "level/watched";

struct Both {
    play: Play,
    model: Model,
    rule: Rule,
    suppressed: bool,
    generation: u32,
    tick: u64,
}

impl Both {
    fn new(rule: Rule, suppressed: bool) -> Self {
        let play = Play::new(project(1, rule, 90.0, suppressed));
        Self { play, model: Model::new(rule), rule, suppressed, generation: 1, tick: 0 }
    }

    fn deploy(&mut self, restart: bool) {
        self.generation += 1;
        let plan = project(self.generation, self.rule, self.model.limit, self.suppressed);
        if restart {
            self.play.restart(plan);
        } else {
            self.play.deploy(plan);
        }
    }

    fn step(&mut self, step: &Step) {
        let Self { play, model, suppressed, tick, .. } = self;
        let run = |r: bool| Some(r).filter(|_| *suppressed);
        let name = || Arc::from(NAME);
        match *step {
            Step::Wait(ticks) => {
                *tick += ticks;
                play.at(*tick as f64 / 10.0);
                model.wait(ticks);
            }
            Step::Level(i) => {
                play.set("level", LEVELS[i]);
                model.inputs(Some(LEVELS[i]), None, None);
            }
            Step::Flow(i) => {
                play.set("flow", LEVELS[i]);
                model.inputs(None, Some(LEVELS[i]), None);
            }
            Step::Run(r) => {
                play.set("run", f64::from(u8::from(r)));
                model.inputs(None, None, run(r));
            }
            Step::Scan(l, f, r) => {
                play.scan(&[("level", LEVELS[l]), ("run", f64::from(u8::from(r))), ("flow", LEVELS[f])]);
                model.inputs(Some(LEVELS[l]), Some(LEVELS[f]), run(r));
            }
            Step::Bad => {
                play.bad("level", Quality::DEVICE_FAULT);
                model.bad_level();
            }
            Step::Acknowledge => {
                play.ack(NAME, model.occurrence);
                model.acknowledge(model.occurrence);
            }
            Step::AcknowledgeOlder => {
                let older = model.occurrence.saturating_sub(1);
                play.ack(NAME, older);
                model.acknowledge(older);
            }
            Step::Reset => {
                play.act(|by| Command::Reset { by, alarm: name() });
                model.reset();
            }
            Step::Shelve(ticks) => {
                let until = play.now.utc + Span::from_millis(ticks as i64 * 100);
                play.act(|by| Command::Shelve { by, alarm: name(), until, reason: None });
                model.shelve(ticks);
            }
            Step::Unshelve => {
                play.act(|by| Command::Unshelve { by, alarm: name() });
                model.unshelve();
            }
            Step::OutOfService => {
                play.act(|by| Command::OutOfService { by, alarm: name(), reason: None });
                model.out_of_service();
            }
            Step::InService => {
                play.act(|by| Command::InService { by, alarm: name() });
                model.in_service();
            }
            Step::LinkLost => {
                play.link(LinkState::NoAnswer("gone".into()));
                model.link(false);
            }
            Step::LinkBack => {
                play.link(LinkState::Connected);
                model.link(true);
            }
            Step::Silence => {
                play.act(|by| Command::Silence { by });
            }
            Step::Restart => {
                self.deploy(true);
                self.model.restart();
            }
            Step::EditText => self.deploy(false),
            Step::EditLimit(low) => {
                if matches!(self.rule.kind, Kind::High | Kind::ByState) {
                    self.model.edit_limit(if low { 87.0 } else { 90.0 });
                }
                self.deploy(false);
            }
        }
        if !matches!(step, Step::Wait(_)) {
            self.play.tick();
            self.model.end_of_instant();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_holds_in_any_order(
        rule in rule(),
        suppressed in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut both = Both::new(rule, suppressed);
        let mut again = Both::new(rule, suppressed);
        for (index, step) in steps.iter().enumerate() {
            let before = both.play.state(NAME);
            let occurrence = both.model.occurrence;
            both.step(step);
            again.step(step);
            if matches!(step, Step::Wait(_)) {
                continue;
            }
            let after = both.play.state(NAME);
            let now = both.play.engine.memories().get(NAME).map_or(0, |m| m.occurrence);
            prop_assert_eq!((after, now), (both.model.state(), both.model.occurrence), "after step {} {:?}: {}", index, step, both.play.told);
            let needs = |s: &str| matches!(s, "unacknowledged" | "returned" | "latched");
            let hidden = |s: &str| matches!(s, "shelved" | "suppressed" | "out-of-service");
            let seen = matches!(step, Step::Acknowledge);
            prop_assert!(!needs(before) || needs(after) || hidden(after) || seen, "{} became {} by {:?}", before, after, step);
            prop_assert!(now >= occurrence);
            prop_assert!(!matches!(step, Step::AcknowledgeOlder) || occurrence == 0 || !needs(before) || needs(after) || hidden(after));
            both.play.remembers_itself();
        }
        prop_assert_eq!(both.play.told, again.play.told, "the same inputs, the same effects");
    }
}
