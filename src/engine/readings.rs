//! From a driver's raw sample to what a screen may see of a tag: scaling, ranges, time, staleness, formulas.

use super::core::{Due, Engine};
use super::effect::Effect;
use super::input::{LinkState, Report, Sample};
use super::plan::{DeviceId, SourcePlan, TagId, TagPlan};
use super::recording::Stamp;
use super::snapshot::{PAGE, TagView};
use super::{Quality, Raw, Value};
use crate::time::{Mono, Now, Span, Utc};
use std::sync::Arc;

/// A source time further ahead of ours than this is not believed.
const CLOCK_TOLERANCE: Span = Span::from_secs(60);

impl Engine {
    pub(super) fn view(&self, tag: TagId) -> &TagView {
        &self.pages[tag.index() / PAGE][tag.index() % PAGE]
    }

    pub(super) fn view_mut(&mut self, tag: TagId) -> &mut TagView {
        page_mut(&mut self.pages, tag)
    }

    /// What one exchange brought.
    pub(super) fn take_report(&mut self, now: Now, report: &Report, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        // A power of ten counts for the values that came with it.
        for exponents in [true, false] {
            if exponents && !plan.has_exponents {
                continue;
            }
            for sample in &report.samples {
                let id = plan.tag_numbered(report.generation, sample.tag);
                match id.and_then(|id| Some((id, plan.tag(id)?))) {
                    Some((_, tag)) if tag.is_exponent != exponents => {}
                    Some((id, tag)) => self.take_sample(now, report.received, (id, tag), sample, effects),
                    None => self.dropped_inputs += u64::from(!exponents),
                }
            }
        }
    }

    /// What a sample says of a tag, whatever number it bears.
    pub(super) fn take_sample(
        &mut self,
        now: Now,
        received: Now,
        (id, tag): (TagId, &TagPlan),
        sample: &Sample,
        effects: &mut Vec<Effect>,
    ) {
        self.before_change(now, id, effects);
        let (value, mut quality, detail) = judge(tag, sample, self.power(tag).as_ref());
        let value = value.filter(|_| !quality.is_bad());
        let mut stamp = sample.source_time.map_or(Stamp::Own(received.utc), Stamp::Source);
        if stamp.time() > received.utc + CLOCK_TOLERANCE {
            stamp = Stamp::Own(received.utc);
            quality = quality.worst(Quality::CLOCK);
        }
        let time = stamp.time();
        // Older than what the source said before: it belongs to history alone. Only times of one clock are compared; the
        // time of receipt is another's.
        if stamp == Stamp::Source(time) && quality != Quality::CLOCK {
            let cell = self.cells[id.index()];
            // What the source said while our clock was ahead, too, is beyond belief when that has come back.
            let before = cell.source_time.filter(|t| *t <= received.utc + CLOCK_TOLERANCE);
            if before.is_some_and(|t| time < t) && !self.live(id).quality.is_bad() {
                self.record_late(id, time, value, quality, detail, effects);
                return;
            }
            self.cells[id.index()].source_time = Some(time);
        }
        let Some(value) = value else {
            if let Stamp::Own(_) = stamp {
                stamp = self.own_stamp(received, id);
            }
            self.set_bad(now, id, quality, detail, stamp, effects);
            return;
        };
        let view = self.live_mut(id);
        if view.quality != quality {
            view.quality_since = now;
        }
        view.value = Some(value);
        view.quality = quality;
        view.detail = detail;
        view.received = Some(received);
        view.time = Some(time);
        view.raw = sample.raw;
        if let Some(stale_after) = tag.stale_after {
            self.watch_staleness(id, received.mono + stale_after);
        }
        self.changed(id, tag, stamp);
    }

    /// What a tag's scale register holds; `None`: it has none.
    fn power(&self, tag: &TagPlan) -> Option<Power> {
        let id = tag.exponent?;
        Some(Power::of(self.view(id), self.plan.tag(id).map_or("", |tag| &tag.name)))
    }

    /// The value is no longer one; the last good one stays beneath.
    fn set_bad(
        &mut self,
        now: Now,
        id: TagId,
        quality: Quality,
        detail: Option<Arc<str>>,
        stamp: Stamp,
        effects: &mut Vec<Effect>,
    ) {
        let view = self.live(id);
        if view.quality == quality && view.detail == detail {
            // Nothing is another, and yet it was asked for once more.
            if !self.cells[id.index()].forced {
                self.record_present(now, id, stamp, false, effects);
            }
            return;
        }
        let view = self.live_mut(id);
        if view.quality != quality {
            view.quality_since = now;
        }
        view.quality = quality;
        view.detail = detail;
        let plan = Arc::clone(&self.plan);
        if let Some(tag) = plan.tag(id) {
            self.changed(id, tag, stamp);
        }
    }

    /// The time of what ends a value, where no source tells it: now, but never before that value. A source's clock may
    /// be ahead of ours; were it ours that stepped back, by more than is believed, now it is.
    pub(super) fn own_stamp(&self, now: Now, id: TagId) -> Stamp {
        match self.view(id).time {
            Some(time) if time >= now.utc && time - now.utc <= CLOCK_TOLERANCE => Stamp::Own(time + Span(1)),
            _ => Stamp::Own(now.utc),
        }
    }

    /// Sees to it that the heap has an entry at or before `at`.
    pub(super) fn watch_staleness(&mut self, id: TagId, at: Mono) {
        let cell = &mut self.cells[id.index()];
        if cell.queued.is_none_or(|queued| queued > at) {
            cell.queued = Some(at);
            self.expect_at(at, Due::Stale(id));
        }
    }

    /// Until when the value of a tag is fresh, where its only entry in the heap falls due at `at`, and that is too early.
    pub(super) fn fresh_until(&self, id: TagId, at: Mono) -> Option<Mono> {
        let stale_after = self.plan.tag(id)?.stale_after?;
        let until = self.live(id).received?.mono + stale_after;
        (until > at && self.cells.get(id.index())?.queued == Some(at)).then_some(until)
    }

    pub(super) fn may_be_stale(&mut self, then: Now, id: TagId) {
        let plan = Arc::clone(&self.plan);
        let Some(tag) = plan.tag(id) else { return };
        if self.cells[id.index()].queued.is_some_and(|queued| queued <= then.mono) {
            self.cells[id.index()].queued = None;
        }
        let view = self.live(id);
        let (Some(stale_after), Some(received)) = (tag.stale_after, view.received) else { return };
        let due = received.mono + stale_after;
        if due > then.mono {
            self.watch_staleness(id, due);
        } else if !view.quality.is_bad() && view.quality != Quality::STALE {
            let view = self.live_mut(id);
            view.quality = Quality::STALE;
            view.detail = None;
            view.quality_since = then;
            let stamp = self.own_stamp(then, id);
            self.changed(id, tag, stamp);
        }
    }

    /// A device's link changed: its tags die with it, and wait for values when it is back.
    pub(super) fn link_changed_tags(
        &mut self,
        now: Now,
        device: DeviceId,
        state: &LinkState,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(device_plan) = plan.device(device) else { return };
        for id in &device_plan.tags {
            let quality = self.live(*id).quality;
            let (quality, detail) = match state {
                LinkState::NoAnswer(reason) => (Quality::NO_COMMUNICATION, Some(Arc::clone(reason))),
                LinkState::Held(who) => (Quality::NO_COMMUNICATION, Some(format!("asked by {who}").into())),
                LinkState::Unserved(reason) => (Quality::CONFIGURATION, Some(Arc::clone(reason))),
                LinkState::Connected if quality == Quality::NO_COMMUNICATION => (Quality::WAITING, None),
                LinkState::Connected | LinkState::Connecting => continue,
            };
            let stamp = self.own_stamp(now, *id);
            self.set_bad(now, *id, quality, detail, stamp, effects);
        }
        self.settle(now, effects);
        // Quality alarms stand back while the device is gone, and come forward when it is back.
        for id in &device_plan.tags {
            if let Some(tag) = plan.tag(*id) {
                self.judge_tag(now, *id, tag, effects);
            }
        }
    }

    /// Computes the formulas whose inputs changed, each after those it reads.
    pub(super) fn settle_formulas(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.formulas_due.is_empty() {
            return;
        }
        let plan = Arc::clone(&self.plan);
        while let Some(rank) = self.formulas_due.pop_first() {
            let Some(id) = plan.formula_order.get(rank as usize).copied() else { continue };
            let Some(tag) = plan.tag(id) else { continue };
            let SourcePlan::Formula(formula) = &tag.source else { continue };
            let mut oldest: Option<Now> = None;
            let mut oldest_time: Option<Utc> = None;
            let (value, quality) = formula.eval(&mut |input| {
                let view = self.view(input);
                if let Some(received) = view.received
                    && oldest.is_none_or(|o| received.mono < o.mono)
                {
                    oldest = Some(received);
                }
                if let Some(time) = view.time {
                    oldest_time = Some(oldest_time.map_or(time, |o| o.min(time)));
                }
                (view.value.clone().filter(|_| !view.quality.is_bad()), view.quality)
            });
            let sample = Sample { tag: id, value, quality, source_time: None, raw: Raw::NONE, detail: None };
            let (value, quality, detail) = judge(tag, &sample, None);
            let Some(value) = value.filter(|_| !quality.is_bad()) else {
                self.set_bad(now, id, quality, detail, Stamp::Own(now.utc), effects);
                continue;
            };
            let view = self.live_mut(id);
            if view.quality != quality {
                view.quality_since = now;
            }
            view.value = Some(value);
            view.quality = quality;
            view.detail = detail;
            view.received = Some(oldest.unwrap_or(now));
            view.time = Some(oldest_time.unwrap_or(now.utc));
            self.changed(id, tag, Stamp::Own(now.utc));
        }
    }
}

/// A tag's place in the pages of the picture.
pub(super) fn page_mut(pages: &mut [Arc<Vec<TagView>>], tag: TagId) -> &mut TagView {
    &mut Arc::make_mut(&mut pages[tag.index() / PAGE])[tag.index() % PAGE]
}

/// What a raw sample comes to: its value in units, its quality, and the reason.
pub fn judge(tag: &TagPlan, sample: &Sample, power: Option<&Power>) -> (Option<Value>, Quality, Option<Arc<str>>) {
    let definition = &tag.tag;
    let Some(raw) = &sample.value else {
        let quality = if sample.quality.is_bad() { sample.quality } else { Quality::BAD };
        return (None, quality, sample.detail.clone());
    };
    if sample.quality.is_bad() {
        return (None, sample.quality, sample.detail.clone());
    }
    if !definition.bad_values.is_empty()
        && let Some(number) = raw.as_f64()
        && definition.bad_values.contains(&number)
    {
        return (None, Quality::DEVICE_FAULT, Some(format!("raw {number} means no value").into()));
    }
    let (scaled, told) = match (power, raw.as_f64()) {
        (Some(power), Some(number)) => match power.exponent {
            Some(exponent) => (&Value::F64(times_ten_to(number, exponent)), sample.quality.worst(power.quality)),
            None => return (None, power.quality, power.detail.clone()),
        },
        _ => (raw, sample.quality),
    };
    let value = match (tag.scaling, scaled.as_f64()) {
        (Some(scaling), Some(number)) => Value::F64(number * scaling.scale + scaling.offset),
        _ => scaled.clone(),
    };
    let Some(number) = value.as_f64() else { return (Some(value), told, sample.detail.clone()) };
    if !number.is_finite() {
        return (None, Quality::CALCULATION, Some(Arc::from("not a finite number")));
    }
    if let Some([least, most]) = definition.valid
        && !(least..=most).contains(&number)
    {
        return (None, Quality::BAD_RANGE, Some(format!("{number} is outside the valid {least} to {most}").into()));
    }
    if let Some([least, most]) = definition.range
        && !(least..=most).contains(&number)
    {
        return (Some(value), told.worst(Quality::UNCERTAIN_RANGE), sample.detail.clone());
    }
    (Some(value), told, sample.detail.clone())
}

/// The power of ten that a scale register holds at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// `None`: it is not known.
    pub exponent: Option<i32>,
    /// Of the register's own value.
    pub quality: Quality,
    /// Why it is not good.
    pub detail: Option<Arc<str>>,
}

impl Power {
    /// From what is known of the scale register's own tag, called `name`.
    pub fn of(view: &TagView, name: &str) -> Self {
        let exponent = view.value.as_ref().filter(|_| !view.quality.is_bad()).and_then(Value::as_f64);
        // Quality says why there is none; the tag itself takes whole numbers from −10 to 10 alone.
        let quality = if exponent.is_none() && !view.quality.is_bad() { Quality::WAITING } else { view.quality };
        let why = view.detail.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let detail = exponent.is_none().then(|| format!("{name} has no value{why}").into());
        Self { exponent: exponent.map(|number| number as i32), quality, detail }
    }
}

/// Divides where the exponent is negative: 2314 and −1 are the number nearest to 231.4, which 2314 × 0.1 is not.
fn times_ten_to(number: f64, exponent: i32) -> f64 {
    if exponent < 0 { number / 10_f64.powi(-exponent) } else { number * 10_f64.powi(exponent) }
}
