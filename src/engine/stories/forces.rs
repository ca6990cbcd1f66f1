//! A value forced by hand: what is above takes it, what comes from the device stays beneath, and nothing of it outlives
//! its time, its run or its tag.

use super::*;

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"\non-delay = \"5s\"";

fn force(tag: &str, value: Option<Value>, seconds: Option<i64>, now: Now) -> impl FnOnce(Actor) -> Command {
    let until = seconds.map(|seconds| now.utc + Span::from_secs(seconds));
    let tag: Arc<str> = tag.into();
    move |by| Command::Force { by, tag, value, reason: Some("trying out".into()), until }
}

fn release(tag: Option<&str>) -> impl FnOnce(Actor) -> Command {
    let tag = tag.map(Arc::from);
    move |by| Command::Release { by, tag }
}

impl Play {
    fn force(&mut self, tag: &str, value: f64) -> &mut Self {
        let command = force(tag, Some(Value::F64(value)), None, self.now);
        self.act(command)
    }

    /// What the journal says is forced or simulated is, under these names; names of alarms do not follow in the journal.
    fn remembers_its_forces(&self) {
        let mut memories = BTreeMap::new();
        self.entries.iter().for_each(|entry| alarm::remember(&mut memories, entry));
        let forced = |memories: BTreeMap<Arc<str>, AlarmMemory>| -> Vec<_> {
            memories.into_iter().filter_map(|(name, memory)| Some((name, memory.forced?))).collect()
        };
        assert_eq!(forced(memories), forced(self.engine.memories()));
    }

    fn refusal(&mut self) -> String {
        self.snapshot().refusals.last().map(|r| format!("{}: {}", r.alarm, r.reason)).unwrap_or_default()
    }
}

#[test]
fn an_alarm_is_tried_out_on_a_forced_value_and_the_device_goes_on_beneath() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).set("level", 42.0).at(2.0).force("level", 95.0);
    let view = play.view("level");
    assert_eq!((view.value, view.quality), (Some(Value::F64(95.0)), Quality::FORCED));
    assert_eq!(view.detail.as_deref(), Some("by op@desk: trying out"));
    // The device goes on, and neither ends the delay nor touches the value.
    play.at(4.0).set("level", 43.0).at(6.9).set("level", 44.0);
    assert_eq!((play.state("level/high"), play.view("level").value), ("normal", Some(Value::F64(95.0))));
    play.at(7.0).tick();
    assert_eq!(play.state("level/high"), "unacknowledged");
    let snapshot = play.snapshot();
    let [forced] = snapshot.forced.as_slice() else { panic!("{:?}", snapshot.forced) };
    assert_eq!((forced.live.value.clone(), forced.live.quality), (Some(Value::F64(44.0)), Quality::GOOD));
    assert!(snapshot.tag(forced.tag).unwrap().alarm.is_some_and(|mark| mark.unacknowledged));
    play.remembers_itself();

    play.at(8.0).act(release(Some("level")));
    let view = play.view("level");
    assert_eq!((view.value, view.quality), (Some(Value::F64(44.0)), Quality::GOOD));
    assert_eq!(play.state("level/high"), "returned");
    assert!(play.view("level").alarm.is_some(), "the mark of the alarm stays");
    assert!(play.snapshot().forced.is_empty());
    assert_eq!(
        play.told(),
        "2s forced level (trying out)\n7s raised level/high #1\n8s released level\n8s returned level/high\n"
    );
    let released = play.entries.iter().rfind(|entry| entry.event == Event::Released).unwrap();
    assert_eq!((released.value.clone(), released.quality), (Some(Value::F64(44.0)), Some(Quality::GOOD)));
    play.remembers_itself();
}

#[test]
fn a_device_that_is_gone_and_a_value_that_grows_stale_are_seen_beneath_and_show_when_it_is_released() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 50.0).force("level", 60.0).at(20.0).tick();
    assert_eq!(play.view("level").quality, Quality::FORCED, "a force does not grow stale");
    assert_eq!(play.snapshot().forced[0].live.quality, Quality::STALE);
    play.link(LinkState::NoAnswer("unplugged".into()));
    assert_eq!(play.snapshot().forced[0].live.quality, Quality::NO_COMMUNICATION);
    assert_eq!(play.view("level").quality, Quality::FORCED);
    assert_eq!(play.view("run").quality, Quality::NO_COMMUNICATION);
    play.at(30.0).tick().act(release(None));
    let view = play.view("level");
    assert_eq!((view.quality, view.value), (Quality::NO_COMMUNICATION, Some(Value::F64(50.0))));
}

#[test]
fn a_formula_takes_the_forced_value_with_its_doubt_and_can_be_forced_itself() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 60.0).force("level", 80.0);
    let view = play.view("double");
    assert_eq!((view.value, view.quality), (Some(Value::F64(60.0)), Quality::FORCED));
    play.force("double", 1.0).force("level", 90.0);
    assert_eq!(play.view("double").value, Some(Value::F64(1.0)));
    play.act(release(Some("double")));
    let view = play.view("double");
    assert_eq!((view.value, view.quality), (Some(Value::F64(80.0)), Quality::FORCED), "its input still is");
    play.act(release(None));
    let view = play.view("double");
    assert_eq!((view.value, view.quality), (Some(Value::F64(20.0)), Quality::GOOD));
}

#[test]
fn a_value_that_is_forced_bad_holds_its_limits_and_raises_its_quality_alarm() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0);
    assert_eq!(play.state("level/high"), "unacknowledged");
    let bad = force("level", None, None, play.now);
    play.act(bad).at(3.0).set("level", 50.0).at(12.0).tick();
    let view = play.view("level");
    assert_eq!((view.quality, view.value), (Quality::FORCED_BAD, Some(Value::F64(95.0))));
    assert_eq!((play.state("level/high"), play.state("level/quality")), ("unacknowledged", "unacknowledged"));
    play.set("level", 50.0).act(release(None));
    assert_eq!((play.state("level/high"), play.state("level/quality")), ("returned", "returned"));
}

#[test]
fn a_force_with_a_time_ends_by_the_monotonic_clock_and_a_newer_one_has_a_time_of_its_own() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).set("level", 42.0);
    let ten = force("level", Some(Value::F64(50.0)), Some(10), play.now);
    play.act(ten).at(5.0);
    let twenty = force("level", Some(Value::F64(60.0)), Some(20), play.now);
    play.act(twenty);
    // The wall clock is set forward by an hour; the force lasts as long as was said.
    play.now = Now { mono: Mono(24_000_000), utc: play.now.utc + Span::from_secs(3_619) };
    play.tick();
    assert_eq!(play.view("level").value, Some(Value::F64(60.0)));
    play.now = Now { mono: Mono(25_000_000), utc: play.now.utc + Span::from_secs(1) };
    play.tick();
    assert_eq!(play.view("level").value, Some(Value::F64(42.0)));
    assert!(play.told().ends_with("released level (its time is over)\n"));
    play.remembers_itself();
}

#[test]
fn nothing_is_forced_before_it_is_on_disk_and_a_release_waits_for_no_disk() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).set("level", 42.0);
    play.disk = Disk::Stalls;
    play.force("level", 95.0);
    assert_eq!(play.view("level").value, Some(Value::F64(42.0)), "being recorded");
    play.force("level", 96.0);
    assert_eq!(play.refusal(), "level: a force of it is being recorded");
    play.act(release(None));
    let ticket = Ticket(u64::MAX);
    play.apply(Input::Durable(ticket));
    assert_eq!(play.view("level").value, Some(Value::F64(42.0)), "released before it came");

    play.disk = Disk::Refuses;
    play.at(2.0).force("level", 95.0);
    assert_eq!(play.refusal(), "level: it could not be recorded: disk full");
    assert_eq!(play.view("level").quality, Quality::GOOD);
    play.disk = Disk::Writes;
    play.force("level", 95.0);
    assert_eq!(play.view("level").quality, Quality::FORCED);
    play.disk = Disk::Refuses;
    play.act(release(Some("level")));
    assert_eq!(play.view("level").quality, Quality::GOOD, "the truth returns, whatever the disk does");
}

#[test]
fn what_cannot_be_forced_says_why() {
    let mut play = Play::new(written(HIGH, ""));
    play.force("lvel", 1.0);
    assert_eq!(play.refusal(), "lvel: there is no such tag");
    play.force("run", 1.0);
    assert_eq!(play.refusal(), "run: 1 is no value of its type, bool");
    let long = force("level", Some(Value::F64(1.0)), Some(25 * 3_600), play.now);
    play.act(long);
    assert_eq!(play.refusal(), "level: a force takes a time of at most 24 h, or none");
    play.act(release(Some("level")));
    assert_eq!(play.refusal(), "level: it is not forced");
    assert_eq!(play.told().lines().filter(|line| line.contains("refused")).count(), 4);
}

#[test]
fn a_force_is_released_by_a_restart_and_the_journal_says_so() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).set("level", 42.0).force("level", 95.0);
    play.told();
    play.at(5.0).restart(written(HIGH, "")).set("level", 43.0);
    assert_eq!(play.view("level").value, Some(Value::F64(43.0)));
    let told = play.told();
    assert!(
        told.starts_with("5s released level (the program was started anew; it had been forced by op@desk)\n"),
        "{told}"
    );
    play.remembers_itself();
    play.at(6.0).restart(written(HIGH, ""));
    assert!(!play.told().contains("released"), "once");
}

#[test]
fn an_edit_of_something_else_leaves_a_force_and_one_of_its_type_releases_it() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).scan(&[("run", 1.0), ("level", 42.0)]).force("level", 95.0);
    play.at(8.0).tick().told();
    play.deploy(written_as(2, HIGH, "kind = \"low\"\nlimit = 5\npriority = \"low\"", ""));
    assert_eq!((play.view("level").value, play.state("level/high")), (Some(Value::F64(95.0)), "unacknowledged"));
    assert_eq!(play.snapshot().forced[0].live.value, Some(Value::F64(42.0)));
    play.set("level", 43.0).act(release(None));
    assert_eq!(play.view("level").value, Some(Value::F64(43.0)));
    // Its time ends as ever.
    let ten = force("level", Some(Value::F64(50.0)), Some(10), play.now);
    play.act(ten).deploy(written_as(3, HIGH, "", "")).at(19.0).tick();
    assert_eq!(play.view("level").value, Some(Value::F64(43.0)));

    play.force("level", 95.0).told();
    let text = text_as(HIGH, "", "");
    let shorter = text.replace("type = \"f64\"", "type = \"i16\"");
    let (project, _) = crate::project::file::read(shorter.as_bytes());
    play.deploy(Arc::new(Plan::compile(Arc::new(project), Generation(4), Mode::Live).0));
    assert!(play.told().contains("released level (the project was changed there)\n"));
    assert_eq!(play.view("level").quality, Quality::WAITING);
    play.remembers_itself();
}

/// The plant of [`written`] with a tank in it, which has this head.
fn tank(generation: u32, head: &str) -> Arc<Plan> {
    let text = format!(
        "[[tag]]\n{head}\ndevice = \"plc1\"\nregister = \"holding:9\"\n[[tag.alarm]]\nname = \"full\"\n{HIGH}\n"
    );
    written_as(generation, "", "", &text)
}

#[test]
fn a_force_follows_its_tag_to_another_name_and_the_journal_tells_it() {
    let mut play = Play::new(tank(1, "name = \"tank\"\ntype = \"f64\""));
    play.at(1.0).set("tank", 42.0);
    let minute = force("tank", Some(Value::F64(95.0)), Some(60), play.now);
    play.act(minute);
    play.at(10.0).tick();
    assert_eq!(play.state("tank/full"), "unacknowledged");
    play.told();
    play.deploy(tank(2, "name = \"vessel\"\nwas = \"tank\"\ntype = \"f64\""));
    assert_eq!(
        play.told(),
        "10s forced vessel (trying out)\n10s released tank (it is called vessel now, and stays forced under that name)\n\
         10s deployed Told\n"
    );
    let view = play.view("vessel");
    assert_eq!((view.value, view.quality), (Some(Value::F64(95.0)), Quality::FORCED));
    assert_eq!(play.state("vessel/full"), "unacknowledged", "no alarm felt it");
    let snapshot = play.snapshot();
    assert_eq!((snapshot.forced.len(), snapshot.forced[0].live.value.clone()), (1, Some(Value::F64(42.0))));
    play.remembers_its_forces();
    // Only in other letters: the same.
    play.deploy(tank(3, "name = \"Vessel\"\ntype = \"f64\""));
    assert_eq!(play.view("Vessel").quality, Quality::FORCED);
    play.remembers_its_forces();
    // Its time runs on.
    play.at(60.9).tick();
    assert_eq!(play.view("Vessel").quality, Quality::FORCED);
    play.told();
    play.at(61.0).tick();
    assert!(play.told().starts_with("61s released Vessel (its time is over)\n"));
    assert_eq!(play.view("Vessel").value, Some(Value::F64(42.0)));
    play.remembers_its_forces();
    // One of another type is no place for it, whatever it was.
    play.force("Vessel", 95.5).told();
    play.deploy(tank(4, "name = \"basin\"\nwas = \"Vessel\"\ntype = \"i16\""));
    assert!(play.told().starts_with("61s released Vessel (the project was changed there)\n"));
    play.remembers_its_forces();
}

#[test]
fn a_force_that_waits_for_the_disk_comes_under_the_new_name_and_not_before_that_is_there() {
    let mut play = Play::new(tank(1, "name = \"tank\"\ntype = \"f64\""));
    play.at(1.0).set("tank", 42.0);
    play.disk = Disk::Stalls;
    play.force("tank", 95.0);
    let first = play.engine.last_ticket;
    play.deploy(tank(2, "name = \"vessel\"\nwas = \"tank\"\ntype = \"f64\""));
    play.apply(Input::Durable(first));
    assert_eq!(play.view("vessel").quality, Quality::GOOD, "under this name it is not on disk");
    play.apply(Input::Durable(play.engine.last_ticket));
    assert_eq!((play.view("vessel").quality, play.snapshot().forced.len()), (Quality::FORCED, 1));
    play.remembers_its_forces();
}

fn simulate(device: &str) -> impl FnOnce(Actor) -> Command {
    let device: Arc<str> = device.into();
    move |by| Command::Simulate { by, device, reason: Some("not delivered yet".into()) }
}

fn end(device: Option<&str>) -> impl FnOnce(Actor) -> Command {
    let device = device.map(Arc::from);
    move |by| Command::EndSimulation { by, device }
}

#[test]
fn a_device_that_is_not_there_is_simulated_until_somebody_ends_it() {
    let mut play = Play::new(written(HIGH, ""));
    play.link(LinkState::NoAnswer("no route to host".into()));
    play.told();
    play.at(1.0).act(simulate("plc1"));
    let mut levels = Vec::new();
    for second in 1..600 {
        play.at(f64::from(second)).tick();
        let view = play.view("level");
        assert_eq!(view.quality, Quality::SIMULATED, "as seen at {second} s");
        levels.push(view.value.unwrap().as_f64().unwrap());
    }
    assert!(levels.iter().all(|level| (20.0..=80.0).contains(level)), "within its span");
    let swing = levels.iter().fold((f64::MAX, f64::MIN), |(low, high), level| (low.min(*level), high.max(*level)));
    assert!(swing.1 - swing.0 > 40.0, "{swing:?}");
    assert!(matches!(play.view("run").value, Some(Value::Bool(_))));
    assert_eq!(play.snapshot().simulated[0].device.as_ref(), "plc1");
    play.remembers_itself();

    // A tag of it can be forced, and goes on with the simulation when it is released.
    play.force("level", 95.0).at(606.0).tick();
    assert_eq!((play.view("level").quality, play.state("level/high")), (Quality::FORCED, "unacknowledged"));
    play.act(release(None));
    assert_eq!(play.view("level").quality, Quality::SIMULATED);
    // What the device says, now that it is there, shows when the simulation is ended.
    play.link(LinkState::Connected).set("level", 33.0);
    assert_eq!(play.view("level").quality, Quality::SIMULATED);
    play.act(end(Some("plc1")));
    let view = play.view("level");
    assert_eq!((view.value, view.quality), (Some(Value::F64(33.0)), Quality::GOOD));
    assert_eq!(play.view("run").quality, Quality::WAITING);
    let told = play.told();
    assert!(told.starts_with("1s simulated plc1 (not delivered yet)\n"), "{told}");
    assert!(told.contains("606s simulation-ended plc1\n"), "{told}");
    play.act(end(Some("plc1")));
    assert_eq!(play.refusal(), "plc1: it is not simulated");
    play.act(simulate("plc7"));
    assert_eq!(play.refusal(), "plc7: there is no such device");
    play.remembers_itself();
}

#[test]
fn a_simulation_outlives_an_edit_of_limits_and_no_restart() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).act(simulate("plc1")).at(5.0).tick();
    let before = play.view("level").value;
    play.deploy(written_as(2, &HIGH.replace("90", "10"), "", ""));
    assert_eq!((play.view("level").quality, play.snapshot().simulated.len()), (Quality::SIMULATED, 1));
    play.at(12.0).tick();
    assert_ne!(play.view("level").value, before, "it goes on");
    assert_eq!(play.state("level/high"), "unacknowledged", "by the new limit");
    play.told();
    play.at(20.0).restart(written(HIGH, ""));
    let told = play.told();
    assert!(
        told.starts_with(
            "20s simulation-ended plc1 (the program was started anew; it had been simulated by op@desk)\n"
        ),
        "{told}"
    );
    assert_eq!(play.view("level").quality, Quality::WAITING);
    play.remembers_itself();
    // What is begun and ended within a step has one rhythm all the same.
    play.at(30.0).act(simulate("plc1")).act(end(None)).act(simulate("plc1"));
    let due = |play: &Play| play.engine.due_simulations();
    play.at(40.0).tick();
    assert_eq!(due(&play), 1);
}

#[test]
fn a_simulation_follows_its_device_to_another_name() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).act(simulate("plc1")).at(5.0).tick().told();
    let renamed = text_as(HIGH, "", "").replace("device = \"plc1\"", "device = \"east\"");
    let renamed = renamed.replacen("name = \"plc1\"", "name = \"east\"\nwas = \"plc1\"", 1);
    let (project, _) = crate::project::file::read(renamed.as_bytes());
    let before = play.view("level").value;
    play.deploy(Arc::new(Plan::compile(Arc::new(project), Generation(2), Mode::Live).0));
    let told = play.told();
    assert!(
        told.starts_with(
            "5s simulated east (not delivered yet)\n\
             5s simulation-ended plc1 (it is called east now, and stays simulated under that name)\n"
        ),
        "{told}"
    );
    assert_eq!((play.view("level").value, play.view("level").quality), (before, Quality::SIMULATED), "without a step");
    assert_eq!(play.snapshot().simulated[0].device.as_ref(), "east");
    play.remembers_its_forces();
    play.act(end(Some("east")));
    assert!(play.snapshot().simulated.is_empty());
    play.remembers_its_forces();
}

#[test]
fn what_is_recorded_of_a_forced_tag_is_never_good_and_the_device_is_recorded_again_after() {
    let plan = written(HIGH, "");
    let level = plan.tag_id("level").unwrap();
    let mut engine = Engine::new(EngineOptions { record: true, ..EngineOptions::default() }, BTreeMap::new());
    let mut recorded = Vec::new();
    let mut apply = |engine: &mut Engine, second: i64, input: Input| {
        let now = Now { mono: Mono(second * 1_000_000), utc: Utc(START + second * 1_000_000) };
        let mut effects = Vec::new();
        engine.apply(now, input, &mut effects);
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Journal(ticket, _) => engine.apply(now, Input::Durable(ticket), &mut effects),
                    Effect::Record(record) if record.tag == level => recorded.push((record.value, record.quality)),
                    Effect::Record(_) => {}
                }
            }
        }
    };
    let report = |second: i64, value| {
        let received = Now { mono: Mono(second * 1_000_000), utc: Utc(START + second * 1_000_000) };
        let samples = vec![Sample::good(level, Value::F64(value), Raw::NONE)];
        Input::Report(Report { generation: Generation(1), received, samples })
    };
    let by = || Actor::default();
    let force =
        Command::Force { by: by(), tag: "level".into(), value: Some(Value::F64(95.0)), reason: None, until: None };
    apply(&mut engine, 0, Input::Deploy(Arc::clone(&plan)));
    apply(&mut engine, 1, report(1, 42.0));
    apply(&mut engine, 2, Input::Command(force));
    apply(&mut engine, 3, report(3, 43.0));
    apply(&mut engine, 4, report(4, 44.0));
    apply(&mut engine, 5, Input::Command(Command::Release { by: by(), tag: None }));
    apply(&mut engine, 6, report(6, 45.0));
    let good = |value| (Some(Value::F64(value)), Quality::GOOD);
    let told =
        [(None, Quality::WAITING), good(42.0), (Some(Value::F64(95.0)), Quality::FORCED), good(44.0), good(45.0)];
    assert_eq!(recorded, told);
}
