//! The alarms of a snapshot by their id, worked out once for each list of alarms and not for each limit mark.

use crate::engine::{AlarmId, AlarmView, Snapshot, TagId};
use crate::project::Priority;
use crate::ui::widgets::{LimitMark, Scale, scale};
use crate::ui::words;
use std::collections::HashMap;
use std::sync::Arc;

/// Alarms that are not normal, by id.
#[derive(Debug, Default)]
pub struct AlarmIndex {
    alarms: Arc<Vec<AlarmView>>,
    by_id: HashMap<AlarmId, usize>,
}

impl AlarmIndex {
    /// Takes up the alarms of this snapshot, where they are others than before.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        if !Arc::ptr_eq(&self.alarms, &snapshot.alarms) {
            self.alarms = Arc::clone(&snapshot.alarms);
            self.by_id.clear();
            self.by_id.extend(self.alarms.iter().enumerate().map(|(i, a)| (a.id, i)));
        }
    }

    /// An alarm that is not normal.
    pub fn get(&self, id: AlarmId) -> Option<&AlarmView> {
        self.alarms.get(*self.by_id.get(&id)?)
    }

    /// The limits of a tag, in the plan's order.
    pub fn limits(&self, snapshot: &Snapshot, tag: TagId) -> Vec<LimitMark> {
        self.named_limits(snapshot, tag).map(|(_, mark)| mark).collect()
    }

    /// The limits of a tag with the short names of their alarms.
    pub fn named_limits<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        tag: TagId,
    ) -> impl Iterator<Item = (&'a str, LimitMark)> + 'a {
        let alarms = snapshot.plan.tag(tag).map(|t| t.alarms.clone()).unwrap_or_default();
        alarms.filter_map(move |id| {
            let alarm = snapshot.plan.alarm(AlarmId(id))?;
            // A rate or a deviation has its limit on another axis; by state there may be none.
            let limit = snapshot.limit(AlarmId(id)).filter(|_| alarm.condition.is_of_value())?;
            let view = self.get(AlarmId(id)).filter(|v| !v.state.is_hidden());
            let mark = LimitMark {
                value: limit,
                priority: alarm.priority,
                violated: view.is_some_and(|v| v.active),
                unacknowledged: view.is_some_and(|v| v.state.needs_acknowledgement()),
            };
            Some((alarm.short.as_ref(), mark))
        })
    }

    /// The scale of a tag: its range as written, or one that holds whatever is known of it.
    pub fn scale(&self, snapshot: &Snapshot, id: TagId) -> Scale {
        let Some(plan) = snapshot.plan.tag(id) else { return Scale { range: [0.0, 1.0], ..Scale::default() } };
        let limits = self.limits(snapshot, id);
        let setpoint = plan.setpoint.and_then(|id| {
            let (view, tag) = (snapshot.tag(id)?, snapshot.plan.tag(id)?);
            let value = view.value.as_ref().filter(|_| !view.quality.is_bad())?;
            Some((value.as_f64()?, words::value(value, &tag.tag)))
        });
        let range = plan.tag.range.filter(|[low, high]| low < high).unwrap_or_else(|| {
            let value = snapshot.tag(id).and_then(|v| v.value.as_ref()).and_then(crate::engine::Value::as_f64);
            let normal = plan.tag.normal.into_iter().flatten();
            scale::span_of(
                limits.iter().map(|l| l.value).chain(normal).chain(value).chain(setpoint.as_ref().map(|(v, _)| *v)),
            )
        });
        Scale { range, normal: plan.tag.normal, limits, setpoint }
    }

    /// The most urgent priority among limits of this tag that are violated.
    pub fn worst_violated(&self, snapshot: &Snapshot, tag: TagId) -> Option<Priority> {
        self.named_limits(snapshot, tag).filter(|(_, l)| l.violated).map(|(_, l)| l.priority).min()
    }
}
