//! A live table on a terminal, for computers without a display: values, quality, age, devices and alarms, once a second.

use super::format::{line, value_words};
use super::{Exit, end_of_output, signals};
use crate::engine::{LinkState, Mode, Snapshot};
use crate::link::PlantLink;
use crate::text::visible;
use crate::time::{Clock, Mono, Span};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Rows and columns where the terminal does not say.
const USUAL_SIZE: (usize, usize) = (24, 100);

/// Enter the other screen, hide the cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Shows the plant until somebody asks to stop.
pub async fn show(mut link: PlantLink, clock: Clock) -> Exit {
    let mut out = io::stdout();
    let size = terminal_size();
    let stop = signals::stop_asked();
    tokio::pin!(stop);
    let mut result = out.write_all(ENTER.as_bytes());
    while result.is_ok() {
        let snapshot = link.snapshots.borrow_and_update().clone();
        let screen = picture(&snapshot, clock.now().mono, &clock.now().utc.to_rfc3339(), size);
        result = out.write_all(screen.as_bytes()).and_then(|()| out.flush());
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        if link.snapshots.has_changed().is_err() {
            break;
        }
    }
    // The terminal is given back as it was, whatever happened.
    let left = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
    match result.and(left) {
        Ok(()) => Exit::Done,
        Err(error) => end_of_output(&error),
    }
}

/// Whether there is a terminal to show it on.
pub fn is_possible() -> bool {
    io::stdout().is_terminal()
}

/// The whole screen as text: from the top left, each line cleared to its end, the rest below cleared.
fn picture(snapshot: &Snapshot, now: Mono, clock: &str, (rows, columns): (usize, usize)) -> String {
    let mut lines = Vec::new();
    let plan = &snapshot.plan;
    let demo = if snapshot.mode == Mode::Demo { "DEMO  " } else { "" };
    lines.push(format!("{demo}{}  {clock}  Ctrl-C stops", plan.project.name));
    if !snapshot.forced.is_empty() {
        lines.push(format!("⚠ {} forced by hand: uncertain:forced below", snapshot.forced.len()));
    }
    for simulated in snapshot.simulated.iter() {
        lines.push(format!("⚠ {} is simulated by {}", simulated.device, simulated.by));
    }
    for device in snapshot.devices.iter() {
        let Some(device_plan) = plan.device(device.id) else { continue };
        let state = match &device.status.state {
            LinkState::Connecting => "connecting".to_owned(),
            LinkState::Connected => "connected".to_owned(),
            LinkState::NoAnswer(why) => format!("no answer: {why}"),
            LinkState::Held(who) => format!("asked by {who}"),
            LinkState::Unserved(why) => format!("not asked: {why}"),
        };
        lines.push(format!("{}  {state}", device_plan.name));
    }
    lines.push(String::new());
    for alarm in snapshot.alarms.iter().filter(|a| !a.state.is_hidden()).take((rows / 3).max(3)) {
        let Some(alarm_plan) = plan.alarm(alarm.id) else { continue };
        let (priority, word) = (alarm_plan.priority.number(), alarm.state.word());
        lines.push(format!("{priority} {word}  {}  {}", alarm_plan.name, alarm_plan.message));
    }
    if snapshot.alarms.is_empty() {
        lines.push("no alarms".to_owned());
    }
    lines.push(String::new());
    let longest = plan.tags.iter().map(|t| t.name.chars().count()).max().unwrap_or(0);
    let widths = [longest, 14, 8, 22, 8];
    for (tag, view) in plan.tags.iter().zip(snapshot.pages.iter().flat_map(|p| p.iter())) {
        let value = view.value.as_ref().map_or_else(|| "–".to_owned(), |value| value_words(value, &tag.tag));
        let value = if view.quality.is_bad() && view.value.is_some() { format!("({value})") } else { value };
        let age = view.age(now).map(age_words).unwrap_or_default();
        let row = [tag.name.to_string(), value, tag.unit.to_string(), view.quality.to_string(), age];
        lines.push(line(&row, &[false, true, false, false, true], &widths));
    }
    let left_out = lines.len().saturating_sub(rows.saturating_sub(1));
    if left_out > 0 {
        lines.truncate(rows.saturating_sub(2));
        lines.push(format!("… {} more lines; watchkeeper values prints them all", left_out + 1));
    }
    let mut screen = "\x1b[H".to_owned();
    for line in lines {
        screen.extend(visible(&line).chars().take(columns));
        screen.push_str("\x1b[K\r\n");
    }
    screen.push_str("\x1b[J");
    screen
}

fn age_words(age: Span) -> String {
    match age.0.max(0) / 1_000_000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// Asked of `stty`, which every Unix has; nothing of ours may be unsafe, and a crate for two numbers would be much.
fn terminal_size() -> (usize, usize) {
    if cfg!(not(unix)) {
        return USUAL_SIZE;
    }
    let asked = Command::new("stty").arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output();
    let Ok(answer) = asked else { return USUAL_SIZE };
    let text = String::from_utf8_lossy(&answer.stdout);
    let mut numbers = text.split_whitespace().filter_map(|n| n.parse::<usize>().ok()).filter(|n| *n > 3);
    match (numbers.next(), numbers.next()) {
        (Some(rows), Some(columns)) => (rows, columns),
        _ => USUAL_SIZE,
    }
}
