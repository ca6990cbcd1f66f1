//! What a plan that comes after another has in common with it: ids that mean the same in both, so that drivers that read
//! the same as before go on, and what they report under the older generation is still true.
//!
//! Invariant: an id that means another tag or device than it did, or the same one read in another way, takes nothing from a
//! driver of the plan before.

use super::{DeviceId, DevicePlan, Generation, Plan, TagId, TagPlan};

/// Since which generation the ids of a plan mean what they mean. Empty: since its own.
#[derive(Debug, Clone, Default)]
pub struct Follows {
    tags: Vec<Generation>,
    devices: Vec<Generation>,
}

impl Plan {
    /// Says that it comes after `before`: what has its id, its device and its source in both keeps them. Scaling, limits
    /// and all else that the engine does with a value may differ.
    pub fn follow(&mut self, before: &Self) {
        let own = self.generation;
        let device = |(index, device): (usize, &DevicePlan)| {
            let id = DeviceId(index as u32);
            let same = before.device(id).is_some_and(|before| before.device == device.device);
            if same { before.device_since(id) } else { own }
        };
        self.follows.devices = self.devices.iter().enumerate().map(device).collect();
        let tag = |(index, tag): (usize, &TagPlan)| {
            let id = TagId(index as u32);
            let device = tag.source.device();
            let same_device = device.is_none_or(|device| self.device_since(device) == before.device_since(device));
            let same = before.tag(id).is_some_and(|before| {
                before.name == tag.name && before.source.device() == device && reads_the_same(before, tag)
            });
            if same && same_device { before.tag_since(id) } else { own }
        };
        self.follows.tags = self.tags.iter().enumerate().map(tag).collect();
    }

    /// Whether a tag's id in what was read for the plan of a generation means the same in this one.
    pub fn knows_tag(&self, generation: Generation, tag: TagId) -> bool {
        tag.index() < self.tags.len() && (self.tag_since(tag)..=self.generation).contains(&generation)
    }

    /// The same of a device.
    pub fn knows_device(&self, generation: Generation, device: DeviceId) -> bool {
        device.index() < self.devices.len() && (self.device_since(device)..=self.generation).contains(&generation)
    }

    fn tag_since(&self, tag: TagId) -> Generation {
        self.follows.tags.get(tag.index()).copied().unwrap_or(self.generation)
    }

    fn device_since(&self, device: DeviceId) -> Generation {
        self.follows.devices.get(device.index()).copied().unwrap_or(self.generation)
    }
}

/// Whether two tags of the same id take the same raw values from the same place.
pub fn reads_the_same(one: &TagPlan, other: &TagPlan) -> bool {
    one.tag.source == other.tag.source && one.tag.data_type == other.tag.data_type
}
