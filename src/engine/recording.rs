//! What of a tag is recorded: the rule of each tag, applied to every sample in the order in which they come.
//!
//! A sample that the rule leaves out differs from the last recorded one by less than the deadband, has its quality, and
//! lies on the same side of every alarm limit. The newest one left out is held back: when a jump, a change of quality or
//! the end of the run follows, it is recorded first, so that a slope stays a slope and a gap begins where it began.
//! Invariant: what is recorded and comes last in the order of time is what the screen shows, or differs from it by less
//! than the deadband; where samples came in another order than their times, the next one in order is recorded in any case.
//! A wall clock that leapt ahead and came back leaves a mark behind what it recorded there, and all this holds before that.

use super::core::Engine;
use super::effect::{Effect, Record};
use super::plan::{RecordPlan, TagId};
use super::{Quality, Value};
use crate::time::{Now, Span, Utc};
use std::sync::Arc;

/// Times that we gave ourselves: two of them this near to each other are of one instant, and the second comes just after
/// the first. A time told twice would leave open which of the two values stood.
const ONE_INSTANT: Span = Span::from_millis(1);

/// A silence, or a leap of the clock, from which on it is remembered that nothing is recorded in between.
const LEAP: Span = Span::from_secs(3_600);

/// What stands behind all that was recorded while the clock was ahead.
const SET_BACK: &str = "the computer's clock had been ahead, and was set back here";

/// Whose time a sample bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// The device told it.
    Source(Utc),
    /// Ours: of receipt, of computing, of growing stale, of a link that died.
    Own(Utc),
}

impl Stamp {
    pub(super) const fn time(self) -> Utc {
        match self {
            Self::Source(time) | Self::Own(time) => time,
        }
    }
}

/// A sample of one tag.
#[derive(Debug, Clone)]
struct Seen {
    time: Utc,
    value: Option<Value>,
    quality: Quality,
    detail: Option<Arc<str>>,
}

impl Seen {
    fn of(self, tag: TagId) -> Effect {
        let Self { time, value, quality, detail } = self;
        Effect::Record(Record { tag, time, value, quality, detail })
    }
}

/// What is kept of one tag to tell what is worth recording. What comes late does not count for the rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Thinner {
    /// The newest that was recorded.
    last: Option<Seen>,
    /// The newest that was not, later than `last` and of its quality. Of bad ones the first that gave this reason.
    held: Option<Seen>,
    /// `last` may not be what stands last in the order of time: the next sample is recorded whatever it is.
    next_counts: bool,
    hole: Option<Box<Hole>>,
}

/// A stretch of time in which nothing of a tag is recorded, though something is behind it. A clock that leapt ahead and came
/// back is in it again: there is no record of before to go on among, and samples are thinned as ever until it has caught
/// up with what it recorded ahead.
#[derive(Debug, Clone)]
struct Hole {
    from: Utc,
    to: Utc,
    /// While samples fall into it: what stands behind all that was recorded ahead.
    ahead: Option<Seen>,
}

impl Thinner {
    fn newest(&self) -> Option<Utc> {
        self.held.as_ref().or(self.last.as_ref()).map(|s| s.time)
    }

    /// Goes into the hole where the clock came back into it, and out of it where it has caught up or leapt again.
    fn mind_leaps(&mut self, tag: TagId, time: Utc, now: Utc, effects: &mut Vec<Effect>) {
        let newest = self.newest();
        match (&mut self.hole, newest) {
            (Some(hole), _) if hole.ahead.is_some() => {
                if time < hole.to {
                    return;
                }
                let from = newest.unwrap_or(hole.from);
                let (to, ahead) = (hole.to, hole.ahead.take());
                self.hole = (to - from > LEAP).then(|| Box::new(Hole { from, to, ahead: None }));
                effects.extend(self.held.take().map(|held| held.of(tag)));
                (self.last, self.next_counts) = (ahead, true);
            }
            (Some(hole), Some(newest)) if newest - now > LEAP && hole.from <= time && time < hole.to => {
                let mark =
                    Seen { time: newest + Span(1), value: None, quality: Quality::BAD, detail: Some(SET_BACK.into()) };
                hole.ahead = Some(mark.clone());
                effects.extend(self.held.take().map(|held| held.of(tag)));
                effects.push(mark.of(tag));
                (self.last, self.next_counts) = (None, false);
            }
            (_, Some(newest)) if time - newest > LEAP => {
                self.hole = Some(Box::new(Hole { from: newest, to: time, ahead: None }));
            }
            _ => {}
        }
    }

    /// A sample that is older than another that came before it. Where it falls among those left out, the newest of these is
    /// recorded with it, and the next one too: what is late must not seem to have stood since.
    fn take_late(&mut self, tag: TagId, sample: Seen, effects: &mut Vec<Effect>) {
        if self.last.as_ref().is_some_and(|last| last.time <= sample.time) {
            if let Some(held) = self.held.take() {
                self.last = Some(held.clone());
                effects.push(held.of(tag));
            }
            self.next_counts = true;
        }
        effects.push(sample.of(tag));
    }

    /// A present sample of ours that lies before what was recorded: the wall clock was set back. In its place it would end
    /// where the record of the time before goes on, and a link that died would look alive until the clock has caught up, or
    /// for good. What is another than what stands last is recorded after that too.
    fn stand_after(
        &mut self,
        newest: Utc,
        rule: RecordPlan,
        tag: TagId,
        sample: Seen,
        crossed: bool,
        effects: &mut Vec<Effect>,
    ) {
        let deadband = if let RecordPlan::Change { deadband, .. } = rule { deadband } else { 0.0 };
        let stands = self.last.as_ref().is_some_and(|last| {
            last.quality == sample.quality && !differs(last.value.as_ref(), sample.value.as_ref(), deadband)
        });
        if stands && !crossed {
            return;
        }
        if let Some(held) = self.held.take() {
            effects.push(held.of(tag));
        }
        let sample = Seen { time: newest + Span(1), ..sample };
        self.last = Some(sample.clone());
        effects.push(sample.of(tag));
    }

    /// A sample that is the tag's present one. `crossed`: an alarm's condition came or went with it.
    fn take(
        &mut self,
        rule: RecordPlan,
        tag: TagId,
        stamp: Stamp,
        mut sample: Seen,
        crossed: bool,
        now: Utc,
        effects: &mut Vec<Effect>,
    ) {
        if rule == RecordPlan::Never {
            return;
        }
        self.mind_leaps(tag, sample.time, now, effects);
        let newest = self.newest();
        if let (Stamp::Own(time), Some(newest)) = (stamp, newest)
            && newest >= time
            && newest - time <= ONE_INSTANT
        {
            sample.time = newest + Span(1);
        }
        if let Some(newest) = newest.filter(|newest| sample.time < *newest) {
            self.take_late(tag, sample.clone(), effects);
            self.next_counts = true;
            if let Stamp::Own(_) = stamp {
                self.stand_after(newest, rule, tag, sample, crossed, effects);
            }
            return;
        }
        let by_interval = match (&self.last, rule) {
            (None, _) | (_, RecordPlan::Always | RecordPlan::Never) => false,
            (Some(last), RecordPlan::Change { deadband, interval }) => {
                let jumps = crossed
                    || self.next_counts
                    || last.quality != sample.quality
                    || differs(last.value.as_ref(), sample.value.as_ref(), deadband);
                let by_interval = interval.is_some_and(|interval| sample.time - last.time >= interval);
                if !jumps && !by_interval {
                    let present = self.held.as_ref().unwrap_or(last);
                    if !sample.quality.is_bad() || present.detail != sample.detail {
                        self.held = Some(sample);
                    }
                    return;
                }
                !jumps
            }
        };
        if let Some(held) = self.held.take().filter(|_| !by_interval) {
            effects.push(held.of(tag));
        }
        // Two samples that a device gave one time lie in an order of their own; the next one tells which stands.
        self.next_counts = newest == Some(sample.time);
        self.last = Some(sample.clone());
        effects.push(sample.of(tag));
    }
}

/// Whether a value left the deadband around another. By exactly the deadband counts as left; with none, any change does.
fn differs(last: Option<&Value>, value: Option<&Value>, deadband: f64) -> bool {
    let distance = match (last, value) {
        (Some(Value::F64(a)), Some(Value::F64(b))) => (a - b).abs(),
        (Some(Value::I64(a)), Some(Value::I64(b))) => a.abs_diff(*b) as f64,
        (Some(Value::U64(a)), Some(Value::U64(b))) => a.abs_diff(*b) as f64,
        (last, value) => return last != value,
    };
    distance > 0.0 && distance >= deadband
}

impl Engine {
    /// An alarm of the tag came or went for another reason than its value: the newest sample, where it is held back, tells
    /// what the value was then.
    pub(super) fn keep_newest(&mut self, id: TagId, effects: &mut Vec<Effect>) {
        if let Some(thinner) = self.thinners.get_mut(id.index())
            && let Some(held) = thinner.held.take()
        {
            thinner.last = Some(held.clone());
            effects.push(held.of(id));
        }
    }

    /// A tag's present value or quality, with the time it bears, goes by its rule.
    pub(super) fn record_present(
        &mut self,
        now: Now,
        id: TagId,
        stamp: Stamp,
        crossed: bool,
        effects: &mut Vec<Effect>,
    ) {
        if self.thinners.is_empty() {
            return;
        }
        let Some(rule) = self.plan.tag(id).map(|t| t.record).filter(|r| *r != RecordPlan::Never) else { return };
        let view = self.view(id);
        let (time, quality) = (stamp.time(), view.quality);
        let value = view.value.clone().filter(|_| !quality.is_bad());
        let sample = Seen { time, value, quality, detail: view.detail.clone() };
        if let Some(thinner) = self.thinners.get_mut(id.index()) {
            thinner.take(rule, id, stamp, sample, crossed, now.utc, effects);
        }
    }

    /// A plan was put into force: what a tag is then, where its record does not say so yet. At a start every tag waits.
    pub(super) fn mark_deployed(&mut self, now: Now, id: TagId, added: bool, effects: &mut Vec<Effect>) {
        let view = self.view(id);
        let time = view.time.filter(|_| !view.quality.is_bad()).unwrap_or(now.utc);
        let known = self.thinners.get(id.index()).and_then(|t| t.last.as_ref());
        if added && known.is_none() && view.quality == Quality::WAITING {
            // Its first sample may have been received before it was there, and nothing before that is to be told.
            return;
        }
        if known.is_none_or(|last| last.quality != view.quality) {
            self.record_present(now, id, Stamp::Own(time), false, effects);
        }
    }

    /// What could not be recorded since the start can be from now on: what each tag is, and all that comes.
    pub fn begin_recording(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.options.record = true;
        self.thinners = vec![Thinner::default(); self.plan.tags.len()];
        for index in 0..self.thinners.len() as u32 {
            self.mark_deployed(now, TagId(index), false, effects);
        }
    }

    /// A sample that is older than the tag's present one: recorded in its place, whatever the deadband.
    pub(super) fn record_late(
        &mut self,
        tag: TagId,
        time: Utc,
        value: Option<Value>,
        quality: Quality,
        detail: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let wanted = self.plan.tag(tag).is_some_and(|t| t.record != RecordPlan::Never);
        if let Some(thinner) = self.thinners.get_mut(tag.index()).filter(|_| wanted) {
            thinner.take_late(tag, Seen { time, value, quality, detail }, effects);
        }
    }

    /// The end of a run: the newest sample of each tag, where it is held back, is recorded.
    pub fn finish(&mut self, effects: &mut Vec<Effect>) {
        for index in 0..self.thinners.len() as u32 {
            self.keep_newest(TagId(index), effects);
        }
    }
}

#[cfg(test)]
mod tests;
