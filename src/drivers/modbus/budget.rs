//! What a line costs before it runs: requests, bytes, and on a serial line the time that they take at least.
//!
//! **Limitation:** how long devices think before they answer is not known beforehand, so what is told is the least.

use super::connection::{Connection, connections};
use super::unit::LONGEST_WAIT;
use super::{rtu, wire};
use crate::engine::{DeviceId, Plan};
use crate::project::{Issue, Transport};
use crate::time::Span;
use std::fmt::Write as _;

/// Units that are named for taking the most time.
const NAMED: usize = 3;

/// The cost of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// `/dev/ttyUSB0`, `192.168.1.10:502`.
    pub line: String,
    /// `9600 8N1`, on a serial line of this computer.
    pub set: Option<String>,
    /// Units that are asked.
    pub units: usize,
    /// Requests of one round of every poll.
    pub requests: usize,
    /// Bytes of those requests and their answers.
    pub bytes: usize,
    /// What they take at least: bytes and silences of a serial line, pauses between requests. The devices' own time comes
    /// on top.
    pub takes: Span,
    /// The interval, where all polls have the same.
    pub asked: Option<Span>,
    /// Part of the line's time that all polls take at least; above 1 they cannot be met.
    pub load: f64,
    /// Each unit with its part of the load, the greatest first.
    pub takers: Vec<(String, f64)>,
    /// How long one unit that is silent may hold up the others each time that it is asked; none where it is alone.
    pub silent: Option<Span>,
}

impl Budget {
    fn of(connection: &Connection) -> Self {
        let mut budget = Self {
            line: connection.address(),
            set: None,
            units: 0,
            requests: 0,
            bytes: 0,
            takes: Span::ZERO,
            asked: None,
            load: 0.0,
            takers: Vec::new(),
            silent: None,
        };
        // Frames of Modbus/TCP have a longer head, and no check sum.
        let mut frame = 12 + 9;
        let mut silence = Span::ZERO;
        match &connection.transport {
            // What TLS adds is the network's, which is fast.
            Transport::Tcp { .. } | Transport::Tls { .. } => {}
            Transport::RtuOverTcp { .. } => frame = rtu::REQUEST + rtu::OVERHEAD,
            Transport::Serial(settings) => {
                frame = rtu::REQUEST + rtu::OVERHEAD;
                silence = settings.silence();
                budget.set = Some(settings.to_string());
            }
        }
        let mut intervals = Vec::new();
        for unit in &connection.units {
            let mut load = 0.0;
            // One silence before the request, and one before the answer.
            let pause = unit.settings.pause_between_requests.max(silence).0.saturating_add(silence.0);
            for group in &unit.reads.groups {
                let mut takes = 0_i64;
                for block in &group.blocks {
                    let whole =
                        wire::time_on_line(&connection.transport, block).0.saturating_add(unit.settings.timeout.0);
                    budget.silent = budget.silent.max(Some(Span(whole)));
                    budget.bytes += frame + usize::from(block.bytes());
                    takes =
                        takes.saturating_add(wire::time_on_line(&connection.transport, block).0.saturating_add(pause));
                }
                budget.requests += group.blocks.len();
                budget.takes = Span(budget.takes.0.saturating_add(takes));
                load += takes as f64 / group.interval.0.max(1) as f64;
                intervals.push(group.interval);
            }
            if !unit.reads.groups.is_empty() {
                budget.units += 1;
                budget.load += load;
                budget.takers.push((unit.name.to_string(), load));
            }
        }
        budget.silent = budget.silent.filter(|_| budget.units > 1);
        intervals.dedup();
        budget.asked = if let [one] = intervals[..] { Some(one) } else { None };
        budget.takers.sort_by(|a, b| b.1.total_cmp(&a.1));
        budget
    }

    /// Whether what is asked can be had.
    pub fn can_be_met(&self) -> bool {
        self.load <= 1.0
    }

    /// What a silent unit costs the others, in words; none where there are no others.
    pub fn silent_words(&self) -> Option<String> {
        let every = Span(LONGEST_WAIT.as_micros() as i64);
        self.silent.map(|silent| {
            format!(
                "a silent unit takes up to {} each time that it is asked, in the end every {}",
                seconds(silent),
                seconds(every)
            )
        })
    }

    /// Whether there is anything to say before it runs: of a device that has a network to itself, only it knows.
    pub fn is_known(&self) -> bool {
        self.set.is_some() || self.takes > Span::ZERO || self.units > 1
    }

    /// Who takes the most time: `meter3 40 %, meter7 22 %`.
    pub fn takers(&self) -> String {
        let part = |(name, load): &(String, f64)| format!("{name} {:.0} %", load / self.load * 100.0);
        self.takers.iter().take(NAMED).map(part).collect::<Vec<_>>().join(", ")
    }
}

/// `9600 8N1, 14 units, 61 requests, 1930 bytes: at least 1.9 s; you ask for 1 s`.
impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.set.as_ref().map_or_else(String::new, |set| format!("{set}, "));
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let (units, requests) = (self.units, self.requests);
        write!(text, "{units} unit{}, {requests} request{}", plural(units), plural(requests))?;
        write!(text, ", {} bytes", self.bytes)?;
        if self.takes == Span::ZERO {
            // Nothing but what the network and the devices take.
            return match self.asked {
                Some(asked) => write!(f, "{text}, every {}", seconds(asked)),
                None => f.write_str(&text),
            };
        }
        write!(text, ": at least ")?;
        match self.asked {
            Some(asked) => write!(text, "{}; you ask for {}", seconds(self.takes), seconds(asked))?,
            None => write!(text, "{:.0} % of the line's time", self.load * 100.0)?,
        }
        f.write_str(&text)
    }
}

fn seconds(span: Span) -> String {
    let seconds = span.0 as f64 / 1e6;
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{} s", (seconds * 10.0).round() / 10.0) }
}

/// What the line of one device costs; none where it has none, or nothing is read over it.
pub fn of_device(plan: &Plan, device: DeviceId) -> Option<Budget> {
    let connections = connections(plan);
    let line = connections.iter().find(|connection| connection.devices().any(|id| id == device))?;
    Some(Budget::of(line)).filter(|budget| budget.requests > 0)
}

/// What each line of a plan costs, in the order of its devices.
pub fn budgets(plan: &Plan) -> Vec<Budget> {
    connections(plan).iter().map(Budget::of).filter(|budget| budget.requests > 0).collect()
}

/// A warning for each line whose polls cannot be met.
pub fn warnings(plan: &Plan) -> Vec<Issue> {
    let mut warnings = Vec::new();
    for connection in connections(plan) {
        let budget = Budget::of(&connection);
        let first =
            connection.units.iter().find(|unit| Some(&*unit.name) == budget.takers.first().map(|t| t.0.as_str()));
        let Some(device) = first.and_then(|unit| plan.device(unit.device)).filter(|_| !budget.can_be_met()) else {
            continue;
        };
        let message = format!(
            "the polls of line {} cannot be met: {budget}; most of it goes to {}",
            budget.line,
            budget.takers()
        );
        let mend = "write a longer poll, or let one read take more registers (max-registers, max-gap)";
        warnings.push(Issue::warning(device.device.places.of("poll"), &*device.name, message, mend));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Generation, Mode};
    use crate::project::file;
    use std::sync::Arc;

    /// Serial units of 20 registers each; `lines` stand at each of them.
    fn plan(units: usize, lines: &str) -> Plan {
        let mut text = "watchkeeper = 1\nname = \"x\"\n".to_owned();
        for unit in 1..=units {
            write!(
                text,
                "[[device]]\nname = \"m{unit}\"\nprotocol = \"modbus-rtu\"\naddress = \"COM3\"\nunit-id = {unit}\n{lines}\n\
                 [[tag]]\nname = \"m{unit}.t{{n}}\"\ndevice = \"m{unit}\"\nregister = \"holding:0\"\ntype = \"u16\"\n\
                 repeat = {{ from = 1, to = 20 }}\n"
            )
            .unwrap();
        }
        let (project, issues) = file::read(text.as_bytes());
        assert!(issues.is_empty(), "{issues:?}");
        Plan::compile(Arc::new(project), Generation(0), Mode::Live).0
    }

    #[test]
    fn a_line_that_is_asked_for_more_than_it_carries_is_told_with_who_takes_the_time() {
        // 8 and 45 bytes of ten bits at 9600 baud, 55.2 ms, and two silences of 3.6 ms.
        let easy = plan(14, "baud = 9600");
        let [budget] = &budgets(&easy)[..] else { panic!("one line") };
        assert_eq!(budget.to_string(), "9600 8N1, 14 units, 14 requests, 742 bytes: at least 875 ms; you ask for 1 s");
        assert!(budget.can_be_met() && warnings(&easy).is_empty());

        let hard = plan(14, "baud = 9600\nmax-registers = 5");
        let [budget] = &budgets(&hard)[..] else { panic!("one line") };
        assert!(!budget.can_be_met());
        assert_eq!((budget.requests, budget.bytes), (56, 56 * 23));
        let [warning] = &warnings(&hard)[..] else { panic!("one warning") };
        assert_eq!(
            warning.to_string(),
            "3:1: warning: the polls of line COM3 cannot be met: 9600 8N1, 14 units, 56 requests, 1288 bytes: at least 1.8 s; \
             you ask for 1 s; most of it goes to m1 7 %, m2 7 %, m3 7 %; \
             write a longer poll, or let one read take more registers (max-registers, max-gap)"
        );
        // Parity and pauses cost, speed saves.
        let takes = |lines: &str| budgets(&plan(1, lines))[0].takes;
        assert_eq!(takes("baud = 9600"), Span(55_209 + 2 * 3_646));
        assert_eq!(takes("baud = 9600\nparity = \"even\""), Span(60_730 + 2 * 4_011));
        assert_eq!(takes("baud = 115200"), Span(4_601 + 2 * 1_750));
        assert_eq!(takes("baud = 115200\npause-between-requests = \"50ms\""), Span(4_601 + 50_000 + 1_750));
    }

    #[test]
    fn what_a_network_takes_is_not_known_but_for_its_pauses() {
        let text = "watchkeeper = 1\nname = \"x\"\n[[device]]\nname = \"a\"\nprotocol = \"modbus-tcp\"\naddress = \"a\"\n\
                    pause-between-requests = \"700ms\"\n[[tag]]\nname = \"t{n}\"\ndevice = \"a\"\nregister = \"holding:0\"\n\
                    type = \"u16\"\nrepeat = { from = 1, to = 2, step = 100 }\n[[tag]]\nname = \"slow\"\ndevice = \"a\"\n\
                    register = \"holding:7\"\ntype = \"u16\"\npoll = \"10s\"\n";
        let (project, _) = file::read(text.as_bytes());
        let (plan, _) = Plan::compile(Arc::new(project), Generation(0), Mode::Live);
        assert_eq!(budgets(&plan)[0].to_string(), "1 unit, 3 requests, 69 bytes: at least 147 % of the line's time");
        assert_eq!(warnings(&plan).len(), 1);
    }
}
