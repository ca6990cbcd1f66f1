//! Three speed-controlled pumps in parallel on one rising main, and the controller that keeps the wet well level.
//!
//! Units throughout: flow m³/h, head m of water, power kW, speed as a fraction of [`RATED_RPM`].

/// Rated speed, 1/min.
pub const RATED_RPM: f64 = 1_480.0;
/// Pumps of the station.
pub const PUMPS: usize = 3;
/// Fastest and slowest speed at which the drives run them, as a fraction.
const SPEED_LIMITS: (f64, f64) = (0.80, 1.05);
/// Head lost in the rising main, m per (m³/h)².
const MAIN_RESISTANCE: f64 = 7.5e-5;
/// From the wet well's floor up to the splitter of the tank farm, m.
const LIFT_M: f64 = 50.0;
/// Weight of water times one hour in seconds: kW = this * m³/h * m.
const KW_PER_FLOW_HEAD: f64 = 9.81 / 3_600.0;
/// Mains voltage between phases.
const LINE_VOLTS: f64 = 400.0;

/// What the pump's panel shows. The numbers are those of the registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PumpState {
    /// At rest, ready.
    Stopped = 0,
    /// Turning, or coming to rest after a stop.
    Running = 1,
    /// Stopped by its overload protection; it restarts after a while.
    Tripped = 2,
}

/// The maker's curve at rated speed: `head = shutoff_m - droop * flow²`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// Head against a closed valve, m.
    pub shutoff_m: f64,
    /// m per (m³/h)².
    pub droop: f64,
    /// Flow of best efficiency, m³/h.
    pub best_flow: f64,
    /// Rated power of the motor, kW.
    pub rated_kw: f64,
}

impl Curve {
    /// Flow at a speed against a head; none while the head holds the check valve shut. Affinity laws: flow goes with
    /// the speed, head with its square.
    pub fn flow(&self, speed: f64, head_m: f64) -> f64 {
        ((self.shutoff_m * speed * speed - head_m) / self.droop).max(0.0).sqrt()
    }

    /// Hydraulic efficiency: best at the best flow for the speed, worse to both sides.
    pub fn efficiency(&self, speed: f64, flow: f64) -> f64 {
        let off = flow / (self.best_flow * speed.max(0.1)) - 1.0;
        (0.78 * (1.0 - 0.6 * off * off)).max(0.2)
    }
}

/// One pump with its motor and drive.
#[derive(Debug, Clone, PartialEq)]
pub struct Pump {
    /// The maker's curve.
    pub curve: Curve,
    /// What it does.
    pub state: PumpState,
    /// Whether the controller wants it to run.
    pub wanted: bool,
    /// Speed now, fraction of rated.
    pub speed: f64,
    /// Speed asked for, fraction of rated; zero while it is not wanted.
    pub speed_setpoint: f64,
    /// m³/h.
    pub flow: f64,
    /// Head over the pump, m.
    pub head_m: f64,
    /// Electrical, kW.
    pub power_kw: f64,
    /// Phase current, A.
    pub current_a: f64,
    /// Drive end bearing, mm/s RMS.
    pub vibration: f64,
    /// Winding, °C.
    pub motor_celsius: f64,
    /// Since new.
    pub running_hours: f64,
    /// Since new.
    pub starts: u32,
    /// 0 as serviced, 1 worn out.
    pub wear: f64,
    /// 0 free, 1 clogged with rags: little flow, much torque.
    pub clogging: f64,
    /// 0 well, 1 dry bearing.
    pub bearing: f64,
    overload_secs: f64,
    restart_secs: f64,
}

impl Pump {
    /// A pump that has run for `running_hours` and runs now.
    pub fn new(curve: Curve, running_hours: f64, starts: u32, wear: f64) -> Self {
        Self {
            curve,
            state: PumpState::Running,
            wanted: true,
            speed: 0.9,
            speed_setpoint: 0.9,
            flow: 0.0,
            head_m: 0.0,
            power_kw: 0.0,
            current_a: 0.0,
            vibration: 2.0,
            motor_celsius: 45.0,
            running_hours,
            starts,
            wear,
            clogging: 0.0,
            bearing: 0.0,
            overload_secs: 0.0,
            restart_secs: 0.0,
        }
    }

    /// The curve as wear and rags leave it.
    fn worn_curve(&self) -> Curve {
        Curve {
            shutoff_m: self.curve.shutoff_m * (1.0 - 0.06 * self.wear),
            droop: self.curve.droop * (1.0 + 6.0 * self.clogging),
            ..self.curve
        }
    }

    /// Flow against the head of the common main.
    fn flow_against(&self, head_m: f64) -> f64 {
        if self.speed > 0.0 { self.worn_curve().flow(self.speed, head_m) } else { 0.0 }
    }

    /// Drive, protection and restart: what the panel does by itself.
    fn drive(&mut self, secs: f64) {
        match self.state {
            PumpState::Tripped => {
                self.restart_secs -= secs;
                if self.restart_secs <= 0.0 {
                    self.state = PumpState::Stopped;
                }
            }
            PumpState::Stopped if self.wanted => {
                self.state = PumpState::Running;
                self.starts += 1;
            }
            PumpState::Stopped | PumpState::Running => {}
        }
        let running = self.state == PumpState::Running;
        // A drive at its current limit slows down rather than trip, as long as that helps.
        let at_limit = self.power_kw > 1.02 * self.curve.rated_kw;
        let asked = if at_limit { SPEED_LIMITS.0 } else { self.speed_setpoint };
        let goal = if running && self.wanted { asked } else { 0.0 };
        // Up to the least speed quickly, then gently, so that the rising main sees no surge; a tripped one coasts.
        let rate: f64 = if !running || self.speed < 0.7 { 0.12 } else { 0.02 };
        self.speed += (goal - self.speed).clamp(-rate.max(0.05) * secs, rate * secs);
        if running && !self.wanted && self.speed <= 1e-9 {
            self.state = PumpState::Stopped;
            self.speed = 0.0;
        }
        self.overload_secs = if self.power_kw > 1.1 * self.curve.rated_kw { self.overload_secs + secs } else { 0.0 };
        if running && self.overload_secs > 8.0 {
            self.state = PumpState::Tripped;
            self.restart_secs = 75.0;
            self.overload_secs = 0.0;
            if self.wear > 0.45 {
                self.wear = 0.05; // opened up anyway: cleaned, new wear ring
            }
        }
        // Clogged pumps are cleared while they stand; nobody lets one wear beyond this.
        if self.state == PumpState::Tripped && self.restart_secs < 40.0 {
            self.clogging = 0.0;
        }
        if self.wear > 0.6 {
            self.wear = 0.05;
        }
    }

    /// Power, current, temperature, vibration, hours and wear, from flow and head.
    fn strain(&mut self, ambient_celsius: f64, secs: f64) {
        let curve = self.curve;
        let energised = self.state == PumpState::Running && self.speed > 0.0;
        let shaft_kw = if energised {
            let water = KW_PER_FLOW_HEAD * self.flow * self.head_m;
            let rubbing = 0.05 * curve.rated_kw * self.speed.powi(3);
            let rags = 1.6 * curve.rated_kw * self.clogging * self.speed * self.speed;
            water / (curve.efficiency(self.speed, self.flow) * (1.0 - 0.12 * self.wear)) + rubbing + rags
        } else {
            0.0
        };
        self.power_kw = shaft_kw / 0.93;
        self.current_a = self.power_kw * 1e3 / (3f64.sqrt() * LINE_VOLTS * 0.86);
        let load = self.power_kw / curve.rated_kw;
        let warm = ambient_celsius + 18.0 + 42.0 * load.powf(1.5) + 14.0 * self.wear + 28.0 * self.bearing;
        let (goal, tau) = if energised { (warm, 100.0) } else { (ambient_celsius + 4.0, 400.0) };
        self.motor_celsius += (goal - self.motor_celsius) * (secs / tau).min(1.0);
        self.vibration = if self.speed > 0.0 {
            let off = self.flow / (curve.best_flow * self.speed.max(0.1)) - 1.0;
            (1.5 + 3.0 * self.wear + 1.0 * off * off + 5.4 * self.bearing + 1.8 * self.clogging) * self.speed
        } else {
            0.08
        };
        if energised {
            self.running_hours += secs / 3_600.0;
            // Two per cent an hour: fifty times as fast as it would be, so that an afternoon shows it.
            self.wear += secs / 3_600.0 * 0.02 * (0.5 + load);
        }
    }
}

/// Which pumps run, and how fast: keeps the level of the wet well.
#[derive(Debug, Clone, PartialEq)]
pub struct Controller {
    /// Level asked for, m.
    pub level_setpoint_m: f64,
    /// Speed for those that run, fraction.
    pub demand: f64,
    /// How many should run.
    pub stage: usize,
    integral: f64,
    starting_secs: f64,
    stopping_secs: f64,
}

impl Controller {
    /// Order in which pumps are started; the last is stopped first.
    const ORDER: [usize; PUMPS] = [0, 2, 1];

    /// A controller in balance with all pumps running.
    pub fn new(level_setpoint_m: f64) -> Self {
        Self { level_setpoint_m, demand: 0.9, stage: PUMPS, integral: 0.9, starting_secs: 0.0, stopping_secs: 0.0 }
    }

    /// One cycle.
    fn control(&mut self, level_m: f64, pumps: &mut [Pump; PUMPS], secs: f64) {
        let error = level_m - self.level_setpoint_m;
        self.integral = (self.integral + error * 0.002 * secs).clamp(SPEED_LIMITS.0, SPEED_LIMITS.1);
        self.demand = (self.integral + 0.4 * error).clamp(SPEED_LIMITS.0, SPEED_LIMITS.1);
        let short = self.demand > 0.99 && error > 0.15 && self.stage < PUMPS;
        let ample = self.demand < 0.815 && error < -0.1 && self.stage > 1;
        self.starting_secs = if short { self.starting_secs + secs } else { 0.0 };
        self.stopping_secs = if ample { self.stopping_secs + secs } else { 0.0 };
        if self.starting_secs > 15.0 {
            self.stage += 1;
            self.starting_secs = 0.0;
        }
        if self.stopping_secs > 90.0 || (level_m < 0.6 && self.stage > 1) {
            self.stage -= 1;
            self.stopping_secs = 0.0;
        }
        let mut to_start = if level_m < 0.4 { 0 } else { self.stage };
        for index in Self::ORDER {
            let pump = &mut pumps[index];
            let able = pump.state != PumpState::Tripped;
            pump.wanted = able && to_start > 0;
            if pump.wanted {
                to_start -= 1;
            }
            pump.speed_setpoint = if pump.wanted { self.demand } else { 0.0 };
        }
    }
}

/// Controls, drives and balances all pumps for `secs`; flows are those against the head that they make together.
pub fn step(controller: &mut Controller, pumps: &mut [Pump; PUMPS], level_m: f64, ambient_celsius: f64, secs: f64) {
    controller.control(level_m, pumps, secs);
    for pump in pumps.iter_mut() {
        pump.drive(secs);
    }
    let head_m = common_head(pumps, LIFT_M - level_m);
    for pump in pumps.iter_mut() {
        pump.flow = pump.flow_against(head_m);
        pump.head_m = if pump.speed > 0.0 { head_m } else { 0.0 };
        pump.strain(ambient_celsius, secs);
    }
}

/// Head at which what the pumps give equals what the main takes. Found by halving: the pumps' flow falls with the head,
/// the main's rises, so there is exactly one.
fn common_head(pumps: &[Pump; PUMPS], static_m: f64) -> f64 {
    let surplus = |head: f64| {
        let total: f64 = pumps.iter().map(|p| p.flow_against(head)).sum();
        static_m + MAIN_RESISTANCE * total * total - head
    };
    let (mut low, mut high) = (static_m, static_m.max(100.0));
    for _ in 0..26 {
        let middle = 0.5 * (low + high);
        if surplus(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE: Curve = Curve { shutoff_m: 78.0, droop: 4e-4, best_flow: 170.0, rated_kw: 75.0 };

    #[test]
    fn flow_goes_with_speed_and_head_with_its_square() {
        let full = CURVE.flow(1.0, 60.0);
        let slow = CURVE.flow(0.9, 60.0 * 0.81);
        assert!((slow - 0.9 * full).abs() < 1e-9, "{slow} against {full}");
        assert_eq!(CURVE.flow(0.8, 60.0), 0.0, "below its shut-off head a pump gives nothing");
        assert!((CURVE.efficiency(1.0, 150.0) - CURVE.efficiency(0.9, 135.0)).abs() < 1e-12);
    }

    #[test]
    fn pumps_and_main_meet_at_one_head() {
        let pumps = [(); PUMPS].map(|()| Pump::new(CURVE, 0.0, 0, 0.0));
        let head = common_head(&pumps, 48.0);
        let total: f64 = pumps.iter().map(|p| p.flow_against(head)).sum();
        assert!((48.0 + MAIN_RESISTANCE * total * total - head).abs() < 1e-5);
        assert!((200.0..520.0).contains(&total), "{total}");
    }

    #[test]
    fn a_clogged_pump_trips_on_overload_and_comes_back() {
        let mut pumps = [(); PUMPS].map(|()| Pump::new(CURVE, 0.0, 0, 0.1));
        let mut controller = Controller::new(2.0);
        pumps[1].clogging = 1.0;
        let mut seconds_tripped = 0.0;
        for _ in 0..1_200 {
            step(&mut controller, &mut pumps, 2.0, 15.0, 0.25);
            if pumps[1].state == PumpState::Tripped {
                seconds_tripped += 0.25;
                assert!(pumps[1].power_kw < 1e-9, "a tripped motor takes no power");
            }
        }
        assert!((70.0..80.0).contains(&seconds_tripped), "{seconds_tripped}");
        assert_eq!(pumps[1].state, PumpState::Running);
        assert_eq!(pumps[0].state, PumpState::Running);
    }

    #[test]
    fn wear_raises_vibration_and_temperature() {
        let run = |wear: f64| {
            let mut pumps = [(); PUMPS].map(|()| Pump::new(CURVE, 0.0, 0, wear));
            let mut controller = Controller::new(2.0);
            for _ in 0..2_400 {
                step(&mut controller, &mut pumps, 2.0, 15.0, 0.25);
            }
            (pumps[0].vibration, pumps[0].motor_celsius)
        };
        let (fresh, worn) = (run(0.0), run(0.4));
        assert!(worn.0 > fresh.0 + 0.5 && worn.1 > fresh.1 + 2.0, "{fresh:?} {worn:?}");
    }
}
