//! The project: what an engineer writes in one TOML file, as plain values.
//!
//! This floor knows text and values, no disk and no plant. [`file::read`] turns text into a [`Project`] and a list of
//! [`Issue`]s and never fails: what is at fault is left out or marked, the rest stands.
//! Invariant: every entity remembers the [`Place`] it was written at, so that later faults can point there too.

pub mod alarm;
pub mod aside;
pub mod csv;
pub mod device;
pub mod diff;
pub mod display;
pub mod edit;
pub mod family;
pub mod file;
pub mod import;
pub mod issue;
pub mod item;
pub mod new;
pub mod origin;
pub mod tag;

use std::path::PathBuf;
use std::sync::Arc;

pub use alarm::{Alarm, AlarmKind, Deadband, Direction, LimitRow, Priority, When};
pub use aside::{Aside, AsideSource};
pub use device::{Device, Endpoint, MqttSettings, MqttVersion, NoAnswer, Protocol, TlsSettings, Transport};
pub use display::{Colours, Display, Fit, NewDisplay, Panel, PanelKind, Pen};
pub use family::{Family, Found, Member};
pub use issue::{Issue, Place, Places, Severity};
pub use item::{Facing, Item, ItemKind, Spot};
pub use origin::Origin;
pub use tag::{
    Area, Availability, ByteHalf, DataType, Labels, Missing, Order, RecordRule, RegisterSource, Retained, Source, Tag,
    TopicSource,
};

use crate::time::Span;

/// A whole project file as values. Lists keep the file's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// Where it was read from, if from a file.
    pub path: Option<PathBuf>,
    /// What the plant is called.
    pub name: String,
    /// IANA name of the zone for screens and exports; `None`: the computer's.
    pub time_zone: Option<String>,
    /// Where and how long history is kept.
    pub history: HistorySettings,
    /// Working shifts, in the file's order.
    pub shifts: Vec<Shift>,
    /// Devices, in the file's order.
    pub devices: Vec<Arc<Device>>,
    /// Tags, in the file's order; behind them those of members that were found.
    pub tags: Vec<Arc<Tag>>,
    /// Alarms written under `[[tag.alarm]]` and `[[alarm]]` alike, in the file's order.
    pub alarms: Vec<Arc<Alarm>>,
    /// Alarms that were written and could not be read: without a kind, a limit or a tag. They are not in `alarms`.
    pub unread_alarms: u32,
    /// Tags whose topic has `+`, with their alarms, in the file's order; they are neither in `tags` nor in `alarms`.
    pub families: Vec<Arc<Family>>,
    /// How many of `tags` and of `alarms`, the last ones, were made of members that were found.
    pub found: Found,
    /// Displays, in the file's order, which is the tree's.
    pub displays: Vec<Arc<Display>>,
    /// What was written and does not run.
    pub aside: Aside,
}

/// `[history]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistorySettings {
    /// Data folder, relative to the project file; `None`: `<stem>.data` beside it.
    pub path: Option<String>,
    /// Retention of samples.
    pub keep: Option<Span>,
    /// Greatest size of the samples on disk, in bytes.
    pub max_size_bytes: Option<u64>,
    /// Retention of the journal.
    pub journal_keep: Option<Span>,
}

/// `[[shift]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// What people call it.
    pub name: String,
    /// Start in the project's zone, minutes after midnight.
    pub start_minute: u16,
}

impl Project {
    /// The folder in which this project's journal and history lie: as written, or `<stem>.data` beside the file.
    /// `None` for a project that is no file.
    pub fn data_folder(&self) -> Option<PathBuf> {
        let file = self.path.as_ref()?;
        let beside = file.parent().map(PathBuf::from).unwrap_or_default();
        Some(match &self.history.path {
            Some(path) => beside.join(path),
            None => beside.join(format!("{}.data", file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy())),
        })
    }
}
