//! The table of docs/alarms.md once more, as small and as slow as it can be said: time goes by in tenths of a second, and
//! at each of them everything is looked at anew. It shares no line with the engine; the properties hold the two together.

/// A tenth of a second.
pub(super) type Tick = u64;

/// What the alarm watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    High,
    Low,
    State,
    Quality,
    /// Over two seconds, upwards.
    Rate,
    Deviation,
    /// A high alarm without a limit while the flow is above 50.
    ByState,
}

/// How it is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) latch: bool,
    pub(super) on_delay: Tick,
    pub(super) off_delay: Tick,
}

/// What is known of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// Nothing since the start, or since its device is back.
    Waiting,
    /// Its device does not answer.
    Gone,
    Bad,
    Value(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Comes,
    Goes,
    /// Neither: within the deadband.
    Between,
    /// It cannot be said.
    Hold,
}

/// One alarm, its inputs and its table.
#[derive(Debug, Clone)]
pub(super) struct Model {
    rule: Rule,
    pub(super) limit: f64,
    now: Tick,
    connected: bool,
    level: Known,
    flow: Known,
    run: Known,
    /// All that the level ever was since the start.
    past: Vec<(Tick, Known)>,
    limit_off: bool,
    /// The condition has changed and stayed so for this long, bad stretches left out.
    changing: Option<Tick>,
    held: bool,
    /// Nothing was looked at since a restart.
    unseen: bool,
    active: bool,
    open: bool,
    acknowledged: bool,
    pub(super) occurrence: u64,
    shelved_until: Option<Tick>,
    suppressed: bool,
    out_of_service: bool,
}

impl Model {
    pub(super) fn new(rule: Rule) -> Self {
        let mut model = Self {
            rule,
            limit: 90.0,
            now: 0,
            connected: true,
            level: Known::Waiting,
            flow: Known::Waiting,
            run: Known::Waiting,
            past: vec![(0, Known::Waiting)],
            limit_off: false,
            changing: None,
            held: false,
            unseen: false,
            active: false,
            open: false,
            acknowledged: true,
            occurrence: 0,
            shelved_until: None,
            suppressed: false,
            out_of_service: false,
        };
        model.look();
        model
    }

    fn hidden(&self) -> bool {
        self.out_of_service || self.suppressed || self.shelved_until.is_some()
    }

    pub(super) fn state(&self) -> &'static str {
        if self.out_of_service {
            return "out-of-service";
        }
        if self.suppressed {
            return "suppressed";
        }
        if self.shelved_until.is_some() {
            return "shelved";
        }
        match (self.active, self.rule.latch && self.open, self.acknowledged) {
            (true, _, false) => "unacknowledged",
            (true, _, true) => "acknowledged",
            (false, true, false) => "latched",
            (false, true, true) => "latched-acknowledged",
            (false, false, false) => "returned",
            (false, false, true) => "normal",
        }
    }

    /// What the inputs say now.
    fn says(&self) -> Says {
        let high = |value: f64, limit: f64, deadband: f64| {
            if value >= limit {
                Says::Comes
            } else if value < limit - deadband {
                Says::Goes
            } else {
                Says::Between
            }
        };
        if self.rule.kind == Kind::ByState && self.limit_off {
            return Says::Goes;
        }
        if self.rule.kind == Kind::Quality {
            return match (self.connected, self.level) {
                (_, Known::Value(_)) => Says::Goes,
                (true, _) => Says::Comes,
                (false, _) => Says::Hold,
            };
        }
        let Known::Value(level) = self.level else { return Says::Hold };
        match self.rule.kind {
            Kind::High | Kind::ByState => high(level, self.limit, 2.0),
            Kind::Low => high(-level, -10.0, 2.0),
            Kind::State => {
                if level == 3.0 {
                    Says::Comes
                } else {
                    Says::Goes
                }
            }
            Kind::Deviation => match self.flow {
                Known::Value(flow) => high((level - flow).abs(), 20.0, 2.0),
                Known::Waiting | Known::Gone | Known::Bad => Says::Hold,
            },
            Kind::Rate => {
                let before =
                    self.now.checked_sub(20).and_then(|then| self.past.iter().rev().find(|(at, _)| *at <= then));
                match before {
                    Some((_, Known::Value(before))) => high((level - before) / 2.0, 5.0, 1.0),
                    _ => Says::Hold,
                }
            }
            Kind::Quality => Says::Hold,
        }
    }

    /// The alarm hears what its inputs say.
    fn look(&mut self) {
        let says = self.says();
        self.held = says == Says::Hold;
        if self.held {
            return;
        }
        let unseen = std::mem::take(&mut self.unseen);
        if says != (if self.active { Says::Goes } else { Says::Comes }) {
            self.changing = None;
            return;
        }
        let delay = if self.active { self.rule.off_delay } else { self.rule.on_delay };
        self.changing = self.changing.or(Some(0));
        let found_at_start = unseen && !self.active && !matches!(self.rule.kind, Kind::Quality | Kind::Rate);
        if delay == 0 || found_at_start {
            self.change();
        }
    }

    /// The condition is now another one.
    fn change(&mut self) {
        self.changing = None;
        if self.active { self.go() } else { self.come() }
    }

    fn come(&mut self) {
        self.active = true;
        self.occurrence += 1;
        if !self.hidden() {
            (self.open, self.acknowledged) = (true, false);
        }
    }

    fn go(&mut self) {
        self.active = false;
        let waits = !self.acknowledged || (self.rule.latch && self.open);
        if !waits && !self.hidden() {
            self.open = false;
        }
    }

    /// What falls due at this instant, after its inputs.
    pub(super) fn end_of_instant(&mut self) {
        self.look();
        let delay = if self.active { self.rule.off_delay } else { self.rule.on_delay };
        if !self.held && self.changing.is_some_and(|since| since >= delay) {
            self.change();
        }
        if self.shelved_until.is_some_and(|until| until <= self.now) {
            self.shelved_until = None;
            self.shown();
        }
    }

    /// Time goes by, up to the inputs of an instant.
    pub(super) fn wait(&mut self, ticks: Tick) {
        for _ in 0..ticks {
            self.end_of_instant();
            self.now += 1;
            if let Some(since) = self.changing.as_mut().filter(|_| !self.held) {
                *since += 1;
            }
        }
    }

    /// A reason to hide is gone.
    fn shown(&mut self) {
        if !self.hidden() && self.active {
            self.come();
        }
    }

    fn shown_by_formula(&mut self) {
        if self.hidden() || !self.active {
            return;
        }
        if self.rule.on_delay == 0 {
            self.come();
        } else {
            self.go();
            self.changing = Some(0);
        }
    }

    /// Values of one answer of the device, all at once.
    pub(super) fn inputs(&mut self, level: Option<f64>, flow: Option<f64>, run: Option<bool>) {
        let known = |new: Option<f64>, old: Known| new.map_or(old, Known::Value);
        self.level = known(level, self.level);
        self.flow = known(flow, self.flow);
        self.run = known(run.map(|r| f64::from(u8::from(r))), self.run);
        self.settle();
    }

    pub(super) fn bad_level(&mut self) {
        self.level = Known::Bad;
        self.settle();
    }

    fn settle(&mut self) {
        match self.past.last_mut() {
            Some((at, last)) if *at == self.now => *last = self.level,
            _ => self.past.push((self.now, self.level)),
        }
        if let Known::Value(flow) = self.flow {
            self.limit_off = flow > 50.0;
        }
        let was = self.suppressed;
        match self.run {
            Known::Value(run) => self.suppressed |= run == 0.0,
            Known::Waiting | Known::Gone | Known::Bad => {}
        }
        self.look();
        let ends = match self.run {
            Known::Value(run) => run != 0.0,
            Known::Gone | Known::Bad => true,
            Known::Waiting => false,
        };
        if was && ends {
            self.suppressed = false;
            self.shown_by_formula();
        }
    }

    pub(super) fn link(&mut self, connected: bool) {
        if self.connected == connected {
            return;
        }
        self.connected = connected;
        for input in [&mut self.level, &mut self.flow, &mut self.run] {
            *input = match (*input, connected) {
                (_, false) => Known::Gone,
                (Known::Gone, true) => Known::Waiting,
                (known, true) => known,
            };
        }
        self.settle();
    }

    pub(super) fn acknowledge(&mut self, occurrence: u64) {
        if !self.hidden() && occurrence == self.occurrence && !self.acknowledged {
            self.acknowledged = true;
            self.normal_closes();
        }
    }

    pub(super) fn reset(&mut self) {
        if self.state() == "latched-acknowledged" {
            self.open = false;
        }
    }

    fn normal_closes(&mut self) {
        if self.state() == "normal" {
            self.open = false;
        }
    }

    pub(super) fn shelve(&mut self, ticks: Tick) {
        if !self.hidden() {
            self.shelved_until = Some(self.now + ticks);
        }
    }

    pub(super) fn unshelve(&mut self) {
        if self.shelved_until.take().is_some() {
            self.shown();
        }
    }

    pub(super) fn out_of_service(&mut self) {
        self.out_of_service = true;
    }

    pub(super) fn in_service(&mut self) {
        if std::mem::take(&mut self.out_of_service) {
            self.shown();
        }
    }

    /// Another limit, of the kinds that this model gives one.
    pub(super) fn edit_limit(&mut self, limit: f64) {
        if limit != self.limit {
            self.limit = limit;
            if !self.limit_off || self.rule.kind != Kind::ByState {
                self.changing = None;
            }
            self.look();
        }
    }

    /// Killed and started again: what was seen stays, what ran is gone.
    pub(super) fn restart(&mut self) {
        self.connected = true;
        (self.level, self.flow, self.run) = (Known::Waiting, Known::Waiting, Known::Waiting);
        self.past = vec![(self.now, Known::Waiting)];
        self.changing = None;
        self.unseen = true;
        self.look();
    }
}
