//! What an operator has of alarms: every way to hide one, one that came back, one that chatters, a group with its first;
//! and the worst ten minutes of the year.

use super::{Play, Sample, riverside_value};
use crate::engine::{Command, Input, Value};
use crate::time::Span;
use std::fmt::Write as _;

const TEXT: &str = concat!(include_str!("riverside.toml"), include_str!("desk.toml"));
/// Units of the plant in a flood, and alarms of each.
const UNITS: i64 = 12;
const OF_UNIT: [&str; 4] = ["pressure", "flow", "temperature", "trip"];

/// A shift with something in every list of alarms.
pub fn desk() -> Sample {
    let mut play = Play::new(TEXT);
    let mut at = -1_800;
    while at <= 0 {
        play.step(at, value);
        let (hour, minute) = (3_600, 60);
        for (when, act) in [
            (-1_700, Hide::OutOfService("feederA.pf/low", "Maintenance of the meter, permit 4711")),
            (-1_300, Hide::Shelve("rain.rate/high", 2 * hour, "Storm is known, tanks are being drawn down")),
            (-1_000, Hide::Shelve("tank1.level/high", 17 * minute, "Being worked on")),
            (-900, Hide::Shelve("grit.torque/high", 870, "Instrument fault")),
        ] {
            if when == at {
                play.hide(at, act);
            }
        }
        if at == -500 {
            play.acknowledge(at, "station.inflow/high");
        }
        at += if at < -140 { 10 } else { 1 };
    }
    play.sample()
}

/// A plant in which somebody tries out alarms: a level, a state and a flow are forced, the last one bad, and a device that
/// is not there is simulated.
pub fn forced() -> Sample {
    let mut play = Play::new(TEXT);
    let mut at = -900;
    while at <= 0 {
        play.step(at, value);
        let minutes = |minutes: i64| Some(Play::now(at).utc + Span::from_secs(60 * minutes));
        let trying: [(i64, &str, Option<Value>, _, &str); 4] = [
            (-600, "tank1.level", Some(Value::F64(97.0)), None, "Trying out an alarm"),
            (-300, "pump3.running", Some(Value::Bool(false)), minutes(30), "Loop check"),
            (-200, "station.flow", None, minutes(60), "Being calibrated"),
            (-100, "pump1.speed", Some(Value::U64(610)), None, "Trying out an alarm"),
        ];
        for (_, tag, value, until, reason) in trying.into_iter().filter(|(when, ..)| *when == at) {
            let by = play.about.actor.clone();
            let force = Command::Force { by, tag: tag.into(), value, reason: Some(reason.into()), until };
            play.apply(at, Input::Command(force));
        }
        if at == -400 {
            let (by, reason) = (play.about.actor.clone(), Some("Not delivered yet".into()));
            play.apply(at, Input::Command(Command::Simulate { by, device: "plc2".into(), reason }));
        }
        at += 10;
    }
    play.sample()
}

/// Forty-eight alarms in four minutes, on two devices and three displays.
pub fn flooded() -> Sample {
    let mut text = TEXT.to_owned();
    for unit in 0..UNITS {
        for (i, what) in OF_UNIT.iter().enumerate() {
            let priority = ["high", "medium", "low", "critical"][i];
            // Writing to a string cannot fail.
            let _written = write!(
                text,
                "[[tag]]\nname = \"unit{unit:02}.{what}\"\ndevice = \"plc{}\"\nregister = \"holding:{}\"\ntype = \"f32\"\n\
                 unit = \"bar\"\ndecimals = 1\nrange = [0, 20]\n\
                 alarm = [{{ kind = \"high\", limit = 10.0, priority = \"{priority}\", group = \"Unit {unit:02}\", message = \"Unit {unit:02}: {what} beyond its limit\" }}]\n",
                1 + unit % 2,
                1_000 + 2 * (unit * 4 + i as i64),
            );
        }
    }
    for (name, units) in [("Filters", 0..6), ("Sludge", 6..12)] {
        let tags: Vec<String> = units.map(|unit| format!("\"unit{unit:02}.pressure\", \"unit{unit:02}.flow\", \"unit{unit:02}.temperature\", \"unit{unit:02}.trip\"")).collect();
        let _written = write!(
            text,
            "[[display]]\nname = \"{name}\"\npanel = [{{ kind = \"bar\", at = [0, 0, 24, 10], tags = [{}] }}]\n",
            tags.join(", ")
        );
    }
    let mut play = Play::new(&text);
    let mut at = -900;
    while at <= 0 {
        play.step(at, flood_value);
        if at == -30 {
            for alarm in ["unit03.pressure/high", "unit03.flow/high", "unit00.pressure/high"] {
                play.acknowledge(at, alarm);
            }
        }
        at += if at < -260 { 20 } else { 1 };
    }
    play.sample()
}

fn value(tag: &str, at: i64) -> Option<f64> {
    let t = at as f64;
    Some(match tag {
        "blower1.current" => {
            if at > -131 {
                96.0 + (t + 131.0) * 0.05
            } else {
                71.0 + (t / 40.0).sin() * 2.0
            }
        }
        "blower1.trip" => f64::from(u8::from(at > -96)),
        "basin.oxygen" => (1.9 - (t + 96.0).max(0.0) * 0.016).max(0.4),
        "sump.switch" => f64::from(u8::from(at > -45 && at.rem_euclid(16) < 9)),
        "grit.torque" => {
            if at > -1_200 {
                318.0 + (t / 9.0).sin() * 5.0
            } else {
                210.0
            }
        }
        "pump1.running" => f64::from(u8::from(at < -420)),
        "pump1.flow" => {
            if at < -420 {
                92.0
            } else {
                0.0
            }
        }
        _ => return riverside_value(tag, at),
    })
}

fn flood_value(tag: &str, at: i64) -> Option<f64> {
    let Some((unit, what)) = tag.strip_prefix("unit").and_then(|rest| rest.split_once('.')) else {
        return value(tag, at);
    };
    let unit: i64 = unit.parse().ok()?;
    let i = OF_UNIT.iter().position(|other| *other == what)? as i64;
    // It began at unit 3 and went from neighbour to neighbour.
    let comes = -250 + ((unit + UNITS - 3) % UNITS) * 18 + i * 4;
    let chatters = matches!((unit, i), (5, 1) | (8, 2)) && at > comes && at.rem_euclid(14) >= 8;
    Some(if at >= comes && !chatters { 12.0 } else { 6.0 })
}

/// How an alarm is hidden.
#[derive(Clone, Copy)]
enum Hide {
    /// Which, for how many seconds, why.
    Shelve(&'static str, i64, &'static str),
    /// Which, why.
    OutOfService(&'static str, &'static str),
}

impl Play {
    fn hide(&mut self, at: i64, act: Hide) {
        let by = self.about.actor.clone();
        let command = match act {
            Hide::Shelve(alarm, secs, reason) => Command::Shelve {
                by,
                alarm: alarm.into(),
                until: Self::now(at).utc + Span::from_secs(secs),
                reason: Some(reason.into()),
            },
            Hide::OutOfService(alarm, reason) => {
                Command::OutOfService { by, alarm: alarm.into(), reason: Some(reason.into()) }
            }
        };
        self.apply(at, Input::Command(command));
    }
}
