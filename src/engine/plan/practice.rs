//! What is allowed, and bad alarm practice all the same: warnings that say why and what to do. The rules and the numbers
//! behind them stand in docs/project-file.md.

use super::alarms::full_name;
use super::compile::{Compiler, short};
use crate::project::{Alarm, AlarmKind, Deadband, Direction, Priority, Tag};
use crate::time::Span;
use std::sync::Arc;

/// How fast a value moves at most, where no rate alarm says it: across its range in this time, which is also what an
/// operator is commonly given to act in.
const RANGE_CROSSED_IN: Span = Span::from_secs(600);

/// Alarms from which on their priorities are compared with the target; of a few, each is a large share.
const FEWEST_COMPARED: usize = 20;

/// Critical ones among the alarms of a project: of 80/15/5, the target of ISA-18.2 and EEMUA 191, the last.
const MOST_CRITICAL_PERCENT: usize = 5;

/// A limit of a tag, as its neighbours see it.
#[derive(Clone, Copy)]
struct Mark<'a> {
    alarm: &'a Alarm,
    limit: f64,
    /// Comes when the value rises.
    rises: bool,
}

impl Compiler {
    /// What can be told of the alarms of one tag.
    pub(super) fn practice_of_tag(&mut self, alarms: &[&Arc<Alarm>], tag: &Tag) {
        let mut marks: Vec<Mark<'_>> = alarms
            .iter()
            .filter(|alarm| alarm.kind.is_of_value())
            .filter_map(|alarm| {
                let rises = matches!(alarm.kind, AlarmKind::High(_) | AlarmKind::HighHigh(_));
                alarm.kind.limit().map(|limit| Mark { alarm, limit, rises })
            })
            .collect();
        marks.sort_by(|a, b| a.limit.total_cmp(&b.limit));
        for (index, mark) in marks.iter().enumerate() {
            let (inner, outer) = if mark.rises {
                (index.checked_sub(1).and_then(|i| marks.get(i)), marks.get(index + 1))
            } else {
                (marks.get(index + 1), index.checked_sub(1).and_then(|i| marks.get(i)))
            };
            self.deadband_fits(*mark, inner.copied(), tag);
            if let Some(outer) = outer.filter(|outer| outer.rises == mark.rises) {
                self.delay_is_in_time(*mark, *outer, alarms, tag);
            }
        }
        for alarm in alarms {
            self.deadband_lets_it_return(alarm);
            if alarm.priority == Priority::Critical && alarm.response.is_none() {
                self.no_response(alarm);
            }
        }
    }

    fn no_response(&mut self, alarm: &Alarm) {
        let message = "a critical alarm without a response: nobody is told what to do";
        let mend = "write response = \"…\"; where there is nothing to do at once, it is not critical";
        self.warning(alarm.places.of("priority"), &full_name(alarm), message, mend);
    }

    /// A deadband wider than the span to the next limit inwards: the outer alarm would stand when the inner one has gone.
    fn deadband_fits(&mut self, mark: Mark<'_>, inner: Option<Mark<'_>>, tag: &Tag) {
        let Mark { alarm, limit, rises } = mark;
        let Some(deadband) = units(alarm.deadband, tag).filter(|d| *d > 0.0) else { return };
        let place = alarm.places.of("deadband");
        if let Some(inner) = inner
            && (limit - inner.limit).abs() < deadband
        {
            let span = (limit - inner.limit).abs();
            let message = format!(
                "the deadband {deadband} is wider than the {span} to {} = {}: {} would still stand when the value is back there",
                inner.alarm.kind.word(),
                inner.limit,
                alarm.kind.word()
            );
            let mend = format!(
                "write less than {span}; usual are 5 % of the range for flow and level, 2 % for pressure, 1 % for temperature"
            );
            self.warning(place, &full_name(alarm), message, mend);
        } else if let Some([low, high]) = tag.range
            && (low..=high).contains(&limit)
            && if rises { limit - deadband <= low } else { limit + deadband >= high }
        {
            let message = format!("with a deadband of {deadband} it never returns within the range, {low} to {high}");
            let span = if rises { limit - low } else { high - limit };
            self.warning(place, &full_name(alarm), message, format!("write less than {span}"));
        }
    }

    /// What has no sign cannot come back by more than its limit.
    fn deadband_lets_it_return(&mut self, alarm: &Alarm) {
        let (Some(limit), Deadband::Units(deadband)) = (alarm.kind.limit(), alarm.deadband) else { return };
        let signless = match &alarm.kind {
            AlarmKind::Rate { direction, .. } => *direction == Direction::Either,
            AlarmKind::Deviation { .. } => true,
            _ => false,
        };
        if signless && deadband >= limit {
            let message =
                format!("with a deadband of {deadband} it never returns: a {} is never below 0", alarm.kind.word());
            let mend = format!("write less than the limit, {limit}");
            self.warning(alarm.places.of("deadband"), &full_name(alarm), message, mend);
        }
    }

    /// A delay so long that the value may be at the next limit before this alarm has come.
    fn delay_is_in_time(&mut self, mark: Mark<'_>, outer: Mark<'_>, alarms: &[&Arc<Alarm>], tag: &Tag) {
        let Mark { alarm, limit, rises } = mark;
        if alarm.on_delay <= Span::ZERO {
            return;
        }
        let by_rate = alarms.iter().filter_map(|other| match other.kind {
            AlarmKind::Rate { limit, direction, .. } => {
                let against = if rises { Direction::Falling } else { Direction::Rising };
                (direction != against).then_some(limit)
            }
            _ => None,
        });
        let fastest = by_rate.fold(None, |most: Option<f64>, rate| Some(most.map_or(rate, |m| m.max(rate))));
        let (rate, how) = match (fastest, tag.range) {
            (Some(rate), _) => (rate, "at the limit of its rate alarm".to_owned()),
            (None, Some([low, high])) => (
                (high - low) / (RANGE_CROSSED_IN.0 as f64 / 1e6),
                format!("where it crosses its range in {RANGE_CROSSED_IN}"),
            ),
            (None, None) => return,
        };
        let needed = Span(((outer.limit - limit).abs() / rate * 1e6).round() as i64);
        if alarm.on_delay <= needed {
            return;
        }
        let message = format!(
            "on-delay = \"{}\" is longer than the {} that the value needs to {} = {} {how}: this alarm may come after it",
            alarm.on_delay,
            rounded(needed),
            outer.alarm.kind.word(),
            outer.limit
        );
        let mend = "shorten it, or move the limits apart; a rate alarm of the tag says how fast it really may go";
        self.warning(alarm.places.of("on-delay"), &full_name(alarm), message, mend);
    }

    /// What can be told of all alarms together, and of those of devices.
    pub(super) fn practice(&mut self) {
        let project = Arc::clone(&self.project);
        for device in &project.devices {
            if device.no_answer.priority == Priority::Critical && device.no_answer.response.is_none() {
                let message = "a critical alarm without a response: nobody is told what to do";
                let mend = "write response = \"…\" in no-answer";
                let subject = format!("{}/no-answer", device.name);
                self.warning(device.places.of("no-answer"), &subject, message, mend);
            }
        }
        let critical: Vec<&Arc<Alarm>> =
            project.alarms.iter().filter(|alarm| alarm.priority == Priority::Critical).collect();
        let (all, most) = (project.alarms.len(), project.alarms.len() * MOST_CRITICAL_PERCENT / 100);
        if all < FEWEST_COMPARED || critical.len() <= most {
            return;
        }
        // At the first that is one too many.
        let Some(alarm) = critical.get(most) else { return };
        let percent = critical.len() * 100 / all;
        let message = format!(
            "{} of {all} alarms are critical, {percent} %: when many come, nobody can tell which to answer first",
            critical.len()
        );
        let mend =
            "keep critical for what needs an answer within minutes; the target is 80 % low, 15 % medium, 5 % above";
        self.warning(alarm.places.of("priority"), &short(&full_name(alarm)), message, mend);
    }
}

/// A deadband in units; `None`: it cannot be known.
fn units(deadband: Deadband, tag: &Tag) -> Option<f64> {
    match (deadband, tag.range) {
        (Deadband::Units(units), _) => Some(units),
        (Deadband::Percent(percent), Some([low, high])) => Some((high - low) * percent / 100.0),
        (Deadband::Percent(_), None) => None,
    }
}

/// For words: seconds, unless it is shorter.
fn rounded(span: Span) -> Span {
    let second = Span::from_secs(1).0;
    if span.0 >= second { Span(span.0 / second * second) } else { span }
}
