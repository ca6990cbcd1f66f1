//! A picture of the plant in Prometheus' text format (version 0.0.4).

use crate::engine::{AlarmState, Level, LinkState, Snapshot};
use crate::project::Priority;
use crate::time::Span;
use std::fmt::Write as _;

const PRIORITIES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Medium, Priority::Low];

const STATES: [AlarmState; 8] = [
    AlarmState::Unacknowledged,
    AlarmState::Acknowledged,
    AlarmState::Returned,
    AlarmState::Latched,
    AlarmState::LatchedAcknowledged,
    AlarmState::Shelved,
    AlarmState::Suppressed,
    AlarmState::OutOfService,
];

/// The page under construction.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    /// A family's head: what it is, `gauge` or `counter`.
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(self.0, "# HELP watchkeeper_{name} {help}\n# TYPE watchkeeper_{name} {kind}");
    }

    /// One line of the family.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let _infallible = write!(self.0, "watchkeeper_{name}");
        for (i, (label, text)) in labels.iter().enumerate() {
            let _infallible = write!(self.0, "{}{label}=\"{}\"", if i == 0 { "{" } else { "," }, escaped(text));
        }
        let _infallible = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one line without labels.
    fn one(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }
}

/// What a label may not hold as it is.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

const fn truth(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

/// The whole page.
pub(super) fn page(snapshot: &Snapshot) -> String {
    let mut page = Page::default();
    page.head("build_info", "gauge", "Which program this is.");
    page.line("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    devices(snapshot, &mut page);
    alarms(snapshot, &mut page);
    tags(snapshot, &mut page);
    records(snapshot, &mut page);
    page.one(
        "dropped_inputs_total",
        "counter",
        "Inputs dropped because they belonged to an older plan or to no tag.",
        snapshot.dropped_inputs as f64,
    );
    page.0
}

fn devices(snapshot: &Snapshot, page: &mut Page) {
    type Read = fn(&crate::engine::DeviceStatus) -> u64;
    const COUNTERS: [(&str, &str, Read); 11] = [
        ("requests", "Requests sent.", |s| s.requests),
        ("answers", "Answers, exceptions among them.", |s| s.answers),
        ("timeouts", "Requests without an answer in time.", |s| s.timeouts),
        ("mismatches", "Answers that were none to the request.", |s| s.mismatches),
        ("reconnects", "Connections made anew.", |s| s.reconnects),
        ("messages", "MQTT messages received.", |s| s.messages),
        ("bad_payloads", "MQTT messages that were not understood.", |s| s.bad_payloads),
        ("refused_topics", "MQTT topics that the broker refused.", |s| s.refused_topics),
        ("dropped", "Reports dropped because a queue was full.", |s| s.dropped),
        ("received_bytes", "Bytes received.", |s| s.bytes_in),
        ("sent_bytes", "Bytes sent.", |s| s.bytes_out),
    ];
    let named = || snapshot.devices.iter().filter_map(|view| Some((snapshot.plan.device(view.id)?, &*view.status)));
    page.head("device_connected", "gauge", "Whether the device answers.");
    for (plan, status) in named() {
        page.line("device_connected", &[("device", &plan.name)], truth(status.state == LinkState::Connected));
    }
    page.head("device_state_seconds", "gauge", "For how long its link has been in its state.");
    for (plan, status) in named() {
        let since = snapshot.now.mono - status.since.mono;
        page.line("device_state_seconds", &[("device", &plan.name)], since.max(Span::ZERO).as_secs_f64());
    }
    page.head("device_round_trip_seconds", "gauge", "Round trips of the last 5 minutes.");
    for (plan, status) in named() {
        for (quantile, span) in [("0.5", status.round_trips.p50), ("0.99", status.round_trips.p99)] {
            if let Some(span) = span {
                let labels = [("device", plan.name.as_ref()), ("quantile", quantile)];
                page.line("device_round_trip_seconds", &labels, span.as_secs_f64());
            }
        }
    }
    page.head("device_cycle_seconds", "gauge", "How often its tags are asked for in fact, those most often asked for.");
    for (plan, status) in named() {
        if let Some(cycle) = status.line.and_then(|line| line.cycle) {
            page.line("device_cycle_seconds", &[("device", &plan.name)], cycle.as_secs_f64());
        }
    }
    page.head("device_line_load_ratio", "gauge", "Part of its line's time that is in use, by all devices of the line.");
    for (plan, line) in named().filter_map(|(plan, status)| Some((plan, status.line?))) {
        page.line("device_line_load_ratio", &[("device", &plan.name)], f64::from(line.load) / 1e3);
    }
    page.head("device_line_share_ratio", "gauge", "Part of its line's time that the device takes.");
    for (plan, line) in named().filter_map(|(plan, status)| Some((plan, status.line?))) {
        page.line("device_line_share_ratio", &[("device", &plan.name)], f64::from(line.share) / 1e3);
    }
    page.head("device_exceptions_total", "counter", "Modbus exceptions by code.");
    for (plan, status) in named() {
        for (code, count) in &status.exceptions_by_code {
            let labels = [("device", plan.name.as_ref()), ("code", &code.to_string())];
            page.line("device_exceptions_total", &labels, *count as f64);
        }
    }
    let help = "When the certificate expires that the connection hangs on, the first of them.";
    page.head("device_certificate_expiry_timestamp_seconds", "gauge", help);
    for (plan, status) in named() {
        if let Some(certificate) = &status.certificate {
            let until = certificate.until.0 as f64 / 1e6;
            page.line("device_certificate_expiry_timestamp_seconds", &[("device", &plan.name)], until);
        }
    }
    for (name, help, read) in COUNTERS {
        let name = format!("device_{name}_total");
        page.head(&name, "counter", help);
        for (plan, status) in named() {
            page.line(&name, &[("device", &plan.name)], read(status) as f64);
        }
    }
}

fn alarms(snapshot: &Snapshot, page: &mut Page) {
    let mut counts = [[0_u32; STATES.len()]; PRIORITIES.len()];
    for view in snapshot.alarms.iter() {
        let state = STATES.iter().position(|s| *s == view.state);
        let priority = snapshot.plan.alarm(view.id).and_then(|a| PRIORITIES.iter().position(|p| *p == a.priority));
        if let (Some(state), Some(priority)) = (state, priority) {
            counts[priority][state] += 1;
        }
    }
    page.head("alarms", "gauge", "Alarms that are not normal, by state and priority.");
    for (priority, counts) in PRIORITIES.iter().zip(counts) {
        for (state, count) in STATES.iter().zip(counts) {
            page.line("alarms", &[("state", state.word()), ("priority", priority.word())], f64::from(count));
        }
    }
    let watched = snapshot.plan.alarms.len();
    page.one("alarms_watched", "gauge", "Alarms that are watched, those that are normal among them.", watched as f64);
    let unwatched = f64::from(snapshot.plan.unwatched_alarms);
    page.one("alarms_unwatched", "gauge", "Alarms of the project that are not watched because of a fault.", unwatched);
    page.one("alarm_flood", "gauge", "Whether there is a flood of alarms.", truth(snapshot.counts.flood));
    page.one("horn_wanted", "gauge", "Whether an alarm wants to be heard.", truth(snapshot.horn.is_some()));
}

fn tags(snapshot: &Snapshot, page: &mut Page) {
    let mut counts = [0_u32; 3];
    for view in snapshot.pages.iter().flat_map(|page| page.iter()) {
        let level = match view.quality.level() {
            Level::Good => 0,
            Level::Uncertain => 1,
            Level::Bad => 2,
        };
        counts[level] += 1;
    }
    page.head("tags", "gauge", "Tags by the quality of their value.");
    for (level, count) in ["good", "uncertain", "bad"].iter().zip(counts) {
        page.line("tags", &[("quality", level)], f64::from(count));
    }
    page.one("devices_simulated", "gauge", "Devices that are simulated.", snapshot.simulated.len() as f64);
    page.one("tags_forced", "gauge", "Tags whose value is forced by hand.", snapshot.forced.len() as f64);
}

fn records(snapshot: &Snapshot, page: &mut Page) {
    let journal = &snapshot.journal;
    page.one("journal_entries", "gauge", "Entries of the journal.", journal.entries as f64);
    page.one("journal_waiting", "gauge", "Entries that wait for the disk.", journal.waiting as f64);
    page.one("journal_lost_total", "counter", "Entries lost because too many waited.", journal.lost as f64);
    page.one("journal_fault", "gauge", "Whether the journal cannot be written now.", truth(journal.fault.is_some()));
    page.one("journal_bytes", "gauge", "Size of the journal on disk.", journal.bytes as f64);
    let Some(history) = &snapshot.history else { return };
    page.one("history_samples_total", "counter", "Samples recorded.", history.samples as f64);
    page.one("history_waiting", "gauge", "Samples that wait for the disk.", history.waiting as f64);
    page.one("history_lost_total", "counter", "Samples lost.", history.lost as f64);
    page.one("history_fault", "gauge", "Whether nothing can be recorded now.", truth(history.fault.is_some()));
    page.one("history_bytes", "gauge", "Size of the history on disk.", history.bytes as f64);
    page.one("history_damaged_total", "counter", "Chunks found damaged.", history.damaged as f64);
    if let Some(free) = history.free_bytes {
        page.one("history_free_bytes", "gauge", "Free space where the history lies.", free as f64);
    }
    if let Some(to) = history.recorded_to {
        let help = "Up to when every sample is on disk, or counted as lost.";
        page.one("history_recorded_to_timestamp_seconds", "gauge", help, to.0 as f64 / 1e6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{DeviceId, DeviceStatus, Engine, EngineOptions, Generation, Input, Mode, Plan};
    use crate::time::{Mono, Now, Utc};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    const TEXT: &str = "watchkeeper = 1\n[[device]]\nname = \"plc \\\"1\\\"\"\nprotocol = \"modbus-tcp\"\n\
        address = \"192.0.2.1:502\"\nno-answer = { on-delay = \"0s\", priority = \"critical\" }\n\
        [[tag]]\nname = \"level\"\ndevice = \"plc \\\"1\\\"\"\nregister = \"input:0\"\ntype = \"u16\"\n";

    #[test]
    fn a_page_tells_devices_alarms_and_tags_and_each_family_has_its_head() {
        let now = Now { mono: Mono(9_000_000), utc: Utc(9_000_000) };
        let (project, issues) = crate::project::file::read(TEXT.as_bytes());
        assert!(issues.is_empty(), "{issues:?}");
        let plan = Arc::new(Plan::compile(Arc::new(project), Generation(1), Mode::Live).0);
        let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
        let mut effects = Vec::new();
        engine.apply(now, Input::Deploy(plan), &mut effects);
        let mut status = DeviceStatus::new(Now { mono: Mono(4_000_000), utc: Utc(4_000_000) });
        status.state = LinkState::NoAnswer("timeout after 1 s".into());
        status.timeouts = 3;
        status.round_trips.p99 = Some(Span::from_millis(12));
        status.count_exception(2);
        let status = Box::new(status);
        engine.apply(now, Input::Link { generation: Generation(1), device: DeviceId(0), status }, &mut effects);
        let page = page(&engine.snapshot(now));
        for line in [
            "watchkeeper_device_connected{device=\"plc \\\"1\\\"\"} 0",
            "watchkeeper_device_state_seconds{device=\"plc \\\"1\\\"\"} 5",
            "watchkeeper_device_timeouts_total{device=\"plc \\\"1\\\"\"} 3",
            "watchkeeper_device_exceptions_total{device=\"plc \\\"1\\\"\",code=\"2\"} 1",
            "watchkeeper_device_round_trip_seconds{device=\"plc \\\"1\\\"\",quantile=\"0.99\"} 0.012",
            "watchkeeper_alarms{state=\"unacknowledged\",priority=\"critical\"} 1",
            "watchkeeper_alarms{state=\"shelved\",priority=\"low\"} 0",
            "watchkeeper_tags{quality=\"bad\"} 1",
            "watchkeeper_tags_forced 0",
            "watchkeeper_journal_lost_total 0",
        ] {
            assert!(page.lines().any(|l| l == line), "{line} in\n{page}");
        }
        assert!(!page.contains("quantile=\"0.5\""), "what is not known is not told");
        let mut known = std::collections::BTreeSet::new();
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert!(known.insert(rest.split(' ').next().unwrap().to_owned()), "twice: {line}");
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                assert!(known.contains(name), "{line}");
                assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
            }
        }
    }
}
