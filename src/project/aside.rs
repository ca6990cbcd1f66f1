//! What was written and does not run, kept so that all its faults are told at once.

use super::{Alarm, Device, Display, Panel, Tag};
use std::sync::Arc;

/// Entities whose name is missing, at fault or another's, and parts of others that could not be read whole. None of them
/// runs or is shown; the plan tells what else is wrong in them, so that no fault hides behind another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aside {
    /// Devices without a name of their own.
    pub devices: Vec<Arc<Device>>,
    /// Tags without a name of their own, with the alarms below each.
    pub tags: Vec<(Arc<Tag>, Vec<Arc<Alarm>>)>,
    /// Sources of tags that do not run.
    pub sources: Vec<AsideSource>,
    /// Alarms whose tag, kind or limit could not be read; the kind is a stand-in.
    pub alarms: Vec<Arc<Alarm>>,
    /// Displays without a name of their own.
    pub displays: Vec<Arc<Display>>,
    /// Panels whose kind could not be read, with the name of their display; the kind is a stand-in.
    pub panels: Vec<(String, Panel)>,
}

/// Where a tag that does not run would come from.
#[derive(Debug, Clone, PartialEq)]
pub struct AsideSource {
    /// The tag, with its source as written where that could be read.
    pub tag: Arc<Tag>,
    /// Its device, as written.
    pub device: Option<String>,
}
