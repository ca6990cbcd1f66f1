//! A plan is put into force, at the start or in a running plant: what is the same goes on as if nothing had happened.
//!
//! Values, ages, recent pasts and alarms are carried over by name. A tag that comes from elsewhere than before, or is read in
//! another way, begins anew: the value of another register is none of its own.

use super::calm::Calm;
use super::core::{Engine, TagCell};
use super::effect::{Effect, Entry};
use super::input::{DeviceStatus, LinkState};
use super::plan::{DeviceId, DevicePlan, Plan, SourcePlan, TagId, TagPlan, is_asked_the_same, reads_the_same};
use super::snapshot::{DeviceView, Mode, PAGE, TagView};
use super::{Quality, Raw};
use crate::time::Now;
use std::sync::Arc;

impl Engine {
    /// The plan in force.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Puts a plan into force. Values, occurrences and delays are carried over by name (`was` included); what has a new
    /// name only in letters' case is the same. `entry`: what the journal is told, but of the first one.
    pub(super) fn deploy(&mut self, now: Now, plan: &Arc<Plan>, mut entry: Entry, effects: &mut Vec<Effect>) {
        let lifted = self.lift_forces();
        let old_plan = std::mem::replace(&mut self.plan, Arc::clone(plan));
        let first_time = old_plan.tags.is_empty();
        self.adopt_devices(now, &old_plan);
        self.adopt_tags(now, &old_plan);
        self.lay_again(now, lifted, effects);
        self.simulate_again(now, effects);
        self.formula_rank = plan.formula_order.iter().enumerate().map(|(rank, tag)| (*tag, rank as u32)).collect();
        self.formulas_due = (0..plan.formula_order.len() as u32).collect();

        let gone = self.adopt_alarms(now, &old_plan, effects);
        self.expect_trying_to_end();
        for (index, tag) in plan.tags.iter().enumerate() {
            self.cells[index].is_read |= !tag.dependents.is_empty();
            let received = self.live(TagId(index as u32)).received;
            if let (Some(stale_after), Some(received)) = (tag.stale_after, received) {
                self.watch_staleness(TagId(index as u32), received.mono + stale_after);
            }
        }
        if self.options.record {
            for index in 0..plan.tags.len() as u32 {
                self.mark_deployed(now, TagId(index), !first_time, effects);
            }
        }
        if !first_time {
            entry.subject = Some(Arc::from(plan.project.name.as_str()));
            entry.note = match (entry.note.take(), gone) {
                (Some(note), Some(gone)) => Some(format!("{note}; {gone}").into()),
                (note, gone) => note.or(gone),
            };
            self.write(entry, effects);
        }
        if plan.mode != Mode::Bundle {
            self.judge_systems(now, effects);
        }
    }

    fn adopt_devices(&mut self, now: Now, old_plan: &Plan) {
        let old = std::mem::take(&mut self.devices);
        let plan = Arc::clone(&self.plan);
        let devices = plan.devices.iter().zip(plan.devices_before(old_plan)).enumerate();
        let devices = devices.map(|(index, (device, was))| {
            let status = was
                .filter(|id| old_plan.device(*id).is_some_and(|before| is_asked_the_same(before, device)))
                .and_then(|id| old.get(id.index()))
                .map_or_else(|| Arc::new(DeviceStatus::new(now)), |d| Arc::clone(&d.status));
            DeviceView { id: DeviceId(index as u32), status }
        });
        self.devices = devices.collect();
        self.devices_view = None;
    }

    fn adopt_tags(&mut self, now: Now, old_plan: &Plan) {
        let plan = Arc::clone(&self.plan);
        let old_pages = std::mem::take(&mut self.pages);
        let old_cells = std::mem::take(&mut self.cells);
        let mut old_thinners = std::mem::take(&mut self.thinners);
        let mut old_tails = std::mem::take(&mut self.tails);
        self.thinners.reserve_exact(if self.options.record { plan.tags.len() } else { 0 });
        self.cells.reserve_exact(plan.tags.len());
        self.tail_cap = if plan.tags.is_empty() || self.options.tail_points == 0 {
            0
        } else {
            (self.options.tail_points / plan.tags.len()).clamp(256, 4_000)
        };
        let mut views = Vec::with_capacity(plan.tags.len());
        for tag in &plan.tags {
            let old =
                old_plan.tag_id(&tag.name).or_else(|| tag.tag.was.as_deref().and_then(|was| old_plan.tag_id(was)));
            let same = old.filter(|id| old_plan.tag(*id).is_some_and(|o| goes_on(old_plan, o, &plan, tag)));
            let kept =
                same.and_then(|id| old_pages.get(id.index() / PAGE).and_then(|p| p.get(id.index() % PAGE)).cloned());
            let kept = kept.map(|view| TagView { alarm: None, ..view });
            let fresh = self.fresh_view(now, tag);
            views.push(match kept {
                Some(view) if fresh.quality != Quality::CONFIGURATION && view.quality != Quality::CONFIGURATION => view,
                _ => fresh,
            });
            let cell = same.and_then(|id| old_cells.get(id.index())).copied().unwrap_or_default();
            self.cells.push(TagCell { queued: None, is_read: false, calm: Calm::default(), ..cell });
            if self.options.record {
                let thinner = old.and_then(|id| old_thinners.get_mut(id.index())).map(std::mem::take);
                self.thinners.push(thinner.unwrap_or_default());
            }
            if self.tail_cap > 0 {
                let mut tail = old.and_then(|id| old_tails.get_mut(id.index())).map(std::mem::take);
                if let Some(tail) = &mut tail {
                    // Seen under another id.
                    tail.changed = true;
                }
                self.tails.push(tail.unwrap_or_default());
            }
        }
        self.pages = views.chunks(PAGE).map(|page| Arc::new(page.to_vec())).collect();
        self.tail_views = Arc::default();
        self.tails_viewed = None;
    }

    /// A tag of which nothing came yet.
    fn fresh_view(&self, now: Now, tag: &TagPlan) -> TagView {
        let link = tag.source.device().and_then(|device| self.devices.get(device.index())).map(|d| &d.status.state);
        let (quality, detail) = match (&tag.source, link) {
            (SourcePlan::Fault(reason), _) => (Quality::CONFIGURATION, Some(Arc::clone(reason))),
            (SourcePlan::Figure { .. }, _) => (Quality::WAITING, None),
            // What was told of the device before the tag was there is true of the tag too.
            (_, Some(LinkState::NoAnswer(reason))) => (Quality::NO_COMMUNICATION, Some(Arc::clone(reason))),
            (_, Some(LinkState::Held(who))) => (Quality::NO_COMMUNICATION, Some(format!("asked by {who}").into())),
            (_, Some(LinkState::Unserved(reason))) => (Quality::CONFIGURATION, Some(Arc::clone(reason))),
            _ => (Quality::WAITING, None),
        };
        TagView {
            value: None,
            quality,
            detail,
            received: None,
            time: None,
            quality_since: now,
            raw: Raw::NONE,
            alarm: None,
        }
    }
}

/// Whether a tag's value under the old plan is one under the new: it comes from the same place and is read and scaled in
/// the same way. What a formula gives is computed anew in any case.
pub(super) fn goes_on(old_plan: &Plan, old: &TagPlan, plan: &Plan, tag: &TagPlan) -> bool {
    let same_device = match (device_of(old_plan, old), device_of(plan, tag)) {
        (Some(old), Some(new)) => is_asked_the_same(old, new),
        (None, None) => true,
        _ => false,
    };
    let computed = |tag: &TagPlan| matches!(tag.source, SourcePlan::Formula(_));
    let same_scaling = old.scaling == tag.scaling && old.tag.scale_register == tag.tag.scale_register;
    (computed(old) && computed(tag)) || (same_device && reads_the_same(old, tag) && same_scaling)
}

fn device_of<'p>(plan: &'p Plan, tag: &TagPlan) -> Option<&'p DevicePlan> {
    tag.source.device().and_then(|id| plan.device(id))
}
