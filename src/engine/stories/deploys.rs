//! Another plan in a running plant: what is the same goes on, what its drivers still read under the older generation is
//! taken, and what has become another thing begins anew.

use super::*;

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"";
const LOW: &str = "kind = \"low\"\nlimit = 10\npriority = \"low\"\non-delay = \"10s\"";
const MORE: &str = "[[tag]]\nname = \"added\"\ndevice = \"plc1\"\nregister = \"holding:8\"\ntype = \"f64\"\n\
    [[tag.alarm]]\nkind = \"high\"\nlimit = 50\npriority = \"high\"\n";

/// A plan that comes after the one in force.
fn next(play: &Play, level: &str, flow: &str, more: &str) -> Arc<Plan> {
    let plan = written_as(play.plan.generation.0 + 1, level, flow, more);
    let mut plan = Plan::clone(&plan);
    plan.follow(&play.plan);
    Arc::new(plan)
}

fn tails(play: &mut Play, name: &str) -> Vec<f64> {
    let id = play.plan.tag_id(name).unwrap();
    let snapshot = play.snapshot();
    snapshot.tails[&id].points().map(|point| point.value).collect()
}

/// What a driver of an earlier plan reports.
fn report(play: &mut Play, generation: u32, tag: u32, value: f64) {
    let sample = Sample::good(TagId(tag), Value::F64(value), Raw::NONE);
    let report = Report { generation: Generation(generation), received: play.now, samples: vec![sample] };
    play.apply(Input::Report(report));
}

#[test]
fn tags_that_are_added_leave_all_others_as_they_were() {
    let mut play = Play::new(written(HIGH, LOW));
    play.at(1.0).set("level", 95.0).set("flow", 50.0).set("run", 1.0).at(2.0).set("level", 96.0);
    play.ack("level/high", 1).at(3.0).set("flow", 5.0).shelve("level/quality", 30).at(5.0).told();
    let (view, high) = (play.view("level"), play.alarm("level/high"));
    let (shelved, past) = (play.alarm("level/quality"), tails(&mut play, "level"));
    let plan = next(&play, HIGH, LOW, MORE);
    play.deploy(plan);
    assert_eq!(play.told(), "5s deployed Told\n");
    let numbered = |view: AlarmView, id| AlarmView { id, ..view };
    assert_eq!(play.alarm("level/high"), numbered(high, play.plan.alarm_id("level/high").unwrap()));
    assert_eq!(play.alarm("level/quality"), numbered(shelved, play.plan.alarm_id("level/quality").unwrap()));
    let now = play.view("level");
    assert_eq!((now.value, now.quality, now.received, now.time), (view.value, view.quality, view.received, view.time));
    assert_eq!(now.quality_since, view.quality_since);
    assert_eq!(tails(&mut play, "level"), past, "the live end of a trend has no gap");
    assert_eq!((play.view("added").quality, play.view("added").value), (Quality::WAITING, None));
    // The delay that ran runs on.
    play.at(13.0).tick();
    assert_eq!(play.told(), "13s raised flow/low #1\n");
    play.set("added", 60.0);
    assert_eq!(play.state("added/high"), "unacknowledged");
    play.remembers_itself();
}

#[test]
fn what_a_driver_that_went_on_reports_is_taken_and_a_late_word_of_another_thing_is_not() {
    let mut play = Play::new(written(HIGH, LOW));
    play.at(1.0).set("level", 50.0).set("flow", 50.0);
    let other = MORE.replace("added", "other");
    let plan = next(&play, HIGH, LOW, &other);
    play.deploy(plan);
    report(&mut play, 1, 1, 51.0);
    assert_eq!(play.view("level").value, Some(Value::F64(51.0)), "its driver runs for the plan before, and goes on");
    report(&mut play, 1, 3, 1.0);
    assert_eq!(play.view("other").value, None, "that plan had no such tag");
    report(&mut play, 3, 1, 1.0);
    assert_eq!(play.view("level").value, Some(Value::F64(51.0)), "no plan that is to come reports");
    // Another tag at the same number, and one that is read from elsewhere.
    let moved = MORE.replace("holding:8", "holding:20");
    let plan = next(&play, HIGH, LOW, &moved);
    play.deploy(plan);
    report(&mut play, 2, 3, 7.0);
    assert_eq!(play.view("added").value, None);
    report(&mut play, 2, 1, 52.0);
    report(&mut play, 1, 1, 53.0);
    assert_eq!(play.view("level").value, Some(Value::F64(53.0)), "two plans ago, and still the same tag");
    report(&mut play, 3, 4, 8.0);
    assert_eq!(play.view("added").value, Some(Value::F64(8.0)));
    let elsewhere = next(&play, HIGH, LOW, MORE);
    play.at(2.0).deploy(elsewhere);
    assert_eq!((play.view("added").quality, play.view("added").value), (Quality::WAITING, None));
    report(&mut play, 3, 4, 9.0);
    assert_eq!(play.view("added").value, None, "the value of another register");
    assert_eq!(play.snapshot().dropped_inputs, 4);
}

#[test]
fn tags_and_devices_that_move_about_in_the_file_go_on_and_so_do_their_drivers() {
    let text = |devices: &[&str], tags: &[(&str, &str, u16)]| {
        let device = |name: &&str| {
            format!(
                "[[device]]\nname = \"{name}\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\nno-answer = {{ on-delay = \"{}s\" }}\n",
                tags.len()
            )
        };
        let tag = |(name, device, at): &(&str, &str, u16)| {
            format!("[[tag]]\nname = \"{name}\"\ndevice = \"{device}\"\nregister = \"holding:{at}\"\ntype = \"f64\"\n")
        };
        format!(
            "watchkeeper = 1\nname = \"Told\"\n{}{}",
            devices.iter().map(device).collect::<String>(),
            tags.iter().map(tag).collect::<String>()
        )
    };
    let compiled = |text: String, before: Option<&Plan>| {
        let (project, _) = crate::project::file::read(text.as_bytes());
        let generation = Generation(before.map_or(1, |before| before.generation.0 + 1));
        let mut plan = Plan::compile(Arc::new(project), generation, Mode::Live).0;
        if let Some(before) = before {
            plan.follow(before);
        }
        Arc::new(plan)
    };
    let (a, b, c) = (("a", "one", 0), ("b", "two", 4), ("c", "two", 8));
    let mut play = Play::new(compiled(text(&["one", "two"], &[a, b]), None));
    play.at(1.0).link(LinkState::Connected).set("a", 1.0).set("b", 2.0).at(2.0);
    let known = |play: &mut Play| {
        ["a", "b"].map(|name| {
            let view = play.view(name);
            (view.value, view.quality, view.received, view.quality_since)
        })
    };
    let before = known(&mut play);
    let status = Arc::clone(&play.snapshot().devices[0].status);
    let turned = compiled(text(&["two", "one"], &[c, b, a]), Some(&play.plan));
    play.deploy(turned);
    assert_eq!(known(&mut play), before);
    let now = play.snapshot();
    assert_eq!(now.devices[1].status, status, "another alarm of it is no other device");
    assert_eq!(now.devices[0].status.state, LinkState::Connecting, "of which nothing was told yet");
    // What its drivers report by their numbers, under the generation of the start.
    report(&mut play, 1, 0, 10.0);
    report(&mut play, 1, 1, 20.0);
    let shown = |play: &mut Play| ["a", "b", "c"].map(|name| play.view(name).value.and_then(|v| v.as_f64()));
    assert_eq!(shown(&mut play), [Some(10.0), Some(20.0), None]);
    report(&mut play, 2, 2, 30.0);
    assert_eq!(shown(&mut play), [Some(10.0), Some(20.0), Some(30.0)]);
    let gone = DeviceStatus { state: LinkState::NoAnswer("silent".into()), ..DeviceStatus::new(play.now) };
    play.apply(Input::Link { generation: Generation(1), device: DeviceId(1), status: Box::new(gone) });
    assert_eq!(play.view("b").quality, Quality::NO_COMMUNICATION, "the second device of the start");
    assert_eq!(play.view("a").quality, Quality::GOOD);
    assert_eq!(play.snapshot().dropped_inputs, 0);
}

#[test]
fn a_device_at_another_address_is_another_and_its_tags_wait() {
    let mut play = Play::new(written(HIGH, LOW));
    play.at(1.0).set("level", 95.0).link(LinkState::Connected).told();
    let (project, _) = crate::project::file::read(
        b"watchkeeper = 1\nname = \"Told\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.2\"\n\
          [[tag]]\nname = \"run\"\ndevice = \"plc1\"\nregister = \"coil:0\"\n",
    );
    let mut plan = Plan::compile(Arc::new(project), Generation(2), Mode::Live).0;
    plan.follow(&play.plan);
    play.at(2.0).deploy(Arc::new(plan));
    assert_eq!(play.view("run").quality, Quality::WAITING);
    assert_eq!(play.snapshot().devices[0].status.state, LinkState::Connecting);
    let gone = DeviceStatus { state: LinkState::NoAnswer("old".into()), ..DeviceStatus::new(play.now) };
    play.apply(Input::Link { generation: Generation(1), device: DeviceId(0), status: Box::new(gone) });
    assert_eq!(play.snapshot().devices[0].status.state, LinkState::Connecting, "a word of the old connection");
}

#[test]
fn a_tag_of_a_device_that_is_gone_is_added_as_gone() {
    let mut play = Play::new(written(HIGH, LOW));
    play.at(1.0).link(LinkState::NoAnswer("connection refused".into()));
    let plan = next(&play, HIGH, LOW, MORE);
    play.deploy(plan);
    let view = play.view("added");
    assert_eq!((view.quality, view.detail.as_deref()), (Quality::NO_COMMUNICATION, Some("connection refused")));
    play.link(LinkState::Connected);
    assert_eq!(play.view("added").quality, Quality::WAITING);
}

#[test]
fn times_that_a_source_told_stay_in_order_across_a_deploy() {
    let mut play = Play::new(written(HIGH, LOW));
    let told = |value: f64, second: i64| {
        move |id| Sample {
            source_time: Some(Utc(START + second * 1_000_000)),
            ..Sample::good(id, Value::F64(value), Raw::NONE)
        }
    };
    play.at(10.0).sample("level", told(50.0, 9));
    let plan = next(&play, HIGH, LOW, MORE);
    play.deploy(plan).at(11.0).sample("level", told(20.0, 5));
    assert_eq!(play.view("level").value, Some(Value::F64(50.0)), "older than what is known");
}
