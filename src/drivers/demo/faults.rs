//! What goes wrong, and when: a seeded script, so that two runs of one seed tell the same story.
//!
//! The opening is fixed but for some jitter, so that whoever looks for three minutes sees alarms come; afterwards every
//! kind comes once in random order, then all again. Each ends by itself.

use fastrand::Rng;

/// Something abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// V-101 runs open and stays: tank 1 rises to high and high-high.
    InletStuck,
    /// Rags in this pump (index): overload, trip, restart.
    PumpClogged(usize),
    /// Pump 2's drive end bearing runs dry for a while.
    BearingDry,
    /// A shower: wind, rain, and then inflow.
    Storm,
    /// Pump house 2 restarts its controller: nobody listens on its port.
    Plc2Refuses,
    /// Pump house 2's controller hangs: it takes connections and answers nothing.
    Plc2Silent,
    /// The bus behind the gateway is broken at meter B: the gateway answers with exception 0B.
    MeterBGone,
    /// The weather station loses its radio link; the broker publishes its last will.
    WeatherOffline,
    /// The weather station's logger sends a page of its own instead of JSON.
    WeatherGarbled,
    /// The wire of tank 3's level transmitter is broken: it reads the number that means so.
    LevelWireBroken,
    /// The flow meter into tank 4 counts air: more than its span.
    FlowBeyondSpan,
    /// Tank 2's level transmitter hangs; the controller notices and says so in its status word.
    LevelFrozen,
    /// The analyser is being cleaned: its registers answer with exception 4.
    AnalyserOut,
    /// Feeder A's capacitor bank is out.
    CapacitorsOut,
    /// The sensor in pump house 1 is silent: its battery is cold.
    SensorSilent,
}

impl Fault {
    /// Every kind that the script draws.
    pub const ALL: [Self; 17] = [
        Self::InletStuck,
        Self::PumpClogged(0),
        Self::PumpClogged(1),
        Self::PumpClogged(2),
        Self::BearingDry,
        Self::Storm,
        Self::Plc2Refuses,
        Self::Plc2Silent,
        Self::MeterBGone,
        Self::WeatherOffline,
        Self::WeatherGarbled,
        Self::LevelWireBroken,
        Self::FlowBeyondSpan,
        Self::LevelFrozen,
        Self::AnalyserOut,
        Self::CapacitorsOut,
        Self::SensorSilent,
    ];

    /// Shortest and longest time it holds, s.
    const fn duration_secs(self) -> (f64, f64) {
        match self {
            Self::InletStuck => (900.0, 900.0), // at the latest; see `Script::relieve`
            Self::PumpClogged(_) => (100.0, 110.0),
            Self::BearingDry => (150.0, 190.0),
            Self::Storm => (170.0, 230.0),
            Self::Plc2Refuses => (40.0, 60.0),
            Self::Plc2Silent | Self::MeterBGone => (35.0, 55.0),
            Self::WeatherGarbled => (25.0, 35.0),
            Self::WeatherOffline | Self::LevelWireBroken | Self::FlowBeyondSpan | Self::AnalyserOut => (35.0, 50.0),
            Self::LevelFrozen => (60.0, 80.0),
            Self::CapacitorsOut => (80.0, 120.0),
            Self::SensorSilent => (75.0, 90.0),
        }
    }

    /// Faults of one group never stand together: one would hide the other.
    const fn group(self) -> u8 {
        match self {
            Self::InletStuck | Self::LevelWireBroken | Self::FlowBeyondSpan | Self::LevelFrozen => 0,
            Self::PumpClogged(_) | Self::BearingDry | Self::Plc2Refuses | Self::Plc2Silent => 1,
            Self::Storm => 2,
            Self::MeterBGone | Self::CapacitorsOut => 3,
            Self::WeatherOffline | Self::WeatherGarbled => 4,
            Self::AnalyserOut => 5,
            Self::SensorSilent => 6,
        }
    }
}

/// One that stands now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What.
    pub fault: Fault,
    /// Since when, seconds of plant time.
    pub since: f64,
    /// Until when.
    pub until: f64,
    /// How bad, 0 to 1; what that means depends on the fault.
    pub severity: f64,
}

/// The script: what stands, and what comes next.
#[derive(Debug, Clone)]
pub struct Script {
    rng: Rng,
    now: f64,
    opening: Vec<(f64, Fault)>,
    bag: Vec<Fault>,
    next_at: f64,
    standing: Vec<Standing>,
    begun: u64,
    quiet: bool,
}

/// When the opening's faults begin, s, give or take [`JITTER_SECS`]; latest first, as it is taken from the end.
const OPENING: [(f64, Fault); 6] = [
    (360.0, Fault::AnalyserOut),
    (285.0, Fault::FlowBeyondSpan),
    (205.0, Fault::Plc2Refuses),
    (130.0, Fault::Storm),
    (60.0, Fault::PumpClogged(1)),
    (35.0, Fault::InletStuck),
];
const JITTER_SECS: f64 = 6.0;
/// Between the beginnings of two faults after the opening, s.
const PAUSE_SECS: (f64, f64) = (85.0, 145.0);

impl Script {
    /// A script of this seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0xFA17_5C21_97ED_0001);
        let opening: Vec<_> =
            OPENING.iter().map(|(at, fault)| (at + JITTER_SECS * (2.0 * rng.f64() - 1.0), *fault)).collect();
        let next_at = OPENING[0].0 + 90.0;
        Self { rng, now: 0.0, opening, bag: Vec::new(), next_at, standing: Vec::new(), begun: 0, quiet: false }
    }

    /// A script in which nothing ever happens.
    pub fn quiet() -> Self {
        Self { quiet: true, ..Self::new(0) }
    }

    /// Lets `secs` go by: ends what is over, begins what is due.
    pub fn step(&mut self, secs: f64) {
        self.now += secs;
        let now = self.now;
        self.standing.retain(|s| s.until > now);
        if self.quiet {
            return;
        }
        if let Some((_, fault)) = self.opening.pop_if(|(at, _)| *at <= now) {
            self.begin(fault);
        }
        if self.opening.is_empty() && now >= self.next_at {
            self.draw();
        }
    }

    /// Draws the next fault from the bag; one whose group is busy waits for its turn.
    fn draw(&mut self) {
        let standing = &self.standing;
        let free = |fault: &Fault| standing.iter().all(|s| s.fault.group() != fault.group());
        if self.bag.len() < Fault::ALL.len() && !self.bag.iter().any(free) {
            let mut all = Fault::ALL;
            self.rng.shuffle(&mut all);
            self.bag.extend(all);
        }
        match self.bag.iter().position(free) {
            Some(index) => {
                let fault = self.bag.remove(index);
                self.next_at = self.now + between(&mut self.rng, PAUSE_SECS);
                self.begin(fault);
            }
            None => self.next_at = self.now + 10.0,
        }
    }

    /// Makes a fault stand from now on.
    pub fn begin(&mut self, fault: Fault) {
        let until = self.now + between(&mut self.rng, fault.duration_secs());
        let severity = self.rng.f64();
        self.standing.push(Standing { fault, since: self.now, until, severity });
        self.begun += 1;
    }

    /// Somebody sees to it: it ends in `secs` at the latest.
    pub fn relieve(&mut self, fault: Fault, secs: f64) {
        let end = self.now + secs;
        for standing in self.standing.iter_mut().filter(|s| s.fault == fault) {
            standing.until = standing.until.min(end);
        }
    }

    /// A fault that stands now.
    pub fn find(&self, fault: Fault) -> Option<&Standing> {
        self.standing.iter().find(|s| s.fault == fault)
    }

    /// Whether a fault stands now.
    pub fn has(&self, fault: Fault) -> bool {
        self.find(fault).is_some()
    }

    /// Seconds since a fault began, while it stands.
    pub fn age_secs(&self, fault: Fault) -> Option<f64> {
        self.find(fault).map(|s| self.now - s.since)
    }

    /// All that stands now.
    pub fn standing(&self) -> &[Standing] {
        &self.standing
    }

    /// How many have begun since the start.
    pub fn begun(&self) -> u64 {
        self.begun
    }
}

/// A number between two.
fn between(rng: &mut Rng, (low, high): (f64, f64)) -> f64 {
    low + (high - low) * rng.f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn story(seed: u64, secs: u32) -> Vec<(u32, Fault)> {
        let mut script = Script::new(seed);
        let mut told = Vec::new();
        let mut before = BTreeSet::new();
        for second in 0..secs {
            script.step(1.0);
            let now: BTreeSet<Fault> = script.standing().iter().map(|s| s.fault).collect();
            told.extend(now.difference(&before).map(|fault| (second, *fault)));
            before = now;
        }
        told
    }

    #[test]
    fn one_seed_tells_one_story_and_another_tells_another() {
        assert_eq!(story(7, 7_200), story(7, 7_200));
        assert_ne!(story(7, 7_200), story(8, 7_200));
    }

    #[test]
    fn something_begins_every_few_minutes_and_every_kind_within_an_hour() {
        for seed in 0..20 {
            let told = story(seed, 3_600);
            assert!(told[0].0 < 60, "{told:?}");
            for pair in told.windows(2) {
                assert!(pair[1].0 - pair[0].0 <= 300, "seed {seed}: {pair:?}");
            }
            let kinds: BTreeSet<Fault> = told.iter().map(|(_, fault)| *fault).collect();
            assert_eq!(kinds.len(), Fault::ALL.len(), "seed {seed}: {kinds:?}");
        }
    }

    #[test]
    fn everything_ends_by_itself() {
        let mut script = Script::new(5);
        for _ in 0..1_200 {
            script.step(1.0);
        }
        script.quiet = true;
        for _ in 0..901 {
            script.step(1.0);
        }
        assert!(script.standing().is_empty());
    }

    #[test]
    fn faults_of_one_group_never_stand_together() {
        let mut script = Script::new(11);
        for _ in 0..20_000 {
            script.step(1.0);
            let mut groups: Vec<u8> = script.standing().iter().map(|s| s.fault.group()).collect();
            let all = groups.len();
            groups.sort_unstable();
            groups.dedup();
            // The opening alone may let the tank's valve and a flow meter, or a pump and a PLC, coincide.
            assert!(groups.len() == all || script.now < 1_300.0, "{:?}", script.standing());
        }
    }
}
