//! What a scan has found.

use super::bisect::Range;
use super::topics::Topics;
use crate::project::Area;
use serde::Serialize;

/// What a scan shows while it runs, and leaves behind.
#[derive(Debug, Default)]
pub struct Picture {
    /// What it does now, in words: `asking units`.
    pub phase: String,
    /// How much of it is done: units, requests or milliseconds, by the phase.
    pub done: u64,
    /// Of how much.
    pub of: u64,
    /// What was found so far.
    pub found: Found,
    /// How it ended; `None`: it has not, or was stopped.
    pub end: Option<End>,
}

/// How a scan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All was asked that was to be.
    Done,
    /// There was nobody to be asked: why.
    Unreachable(String),
    /// The connection was lost on the way, and could not be had again: why.
    Lost(String),
    /// Somebody stopped it.
    Stopped,
}

impl End {
    /// In a sentence; `None`: there is nothing to be said of it.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Unreachable(why) => Some(format!("not reached: {why}")),
            Self::Lost(why) => Some(format!("the connection was lost: {why}; this is what was found before")),
            Self::Stopped => Some("stopped; this is what was found before".to_owned()),
        }
    }
}

/// What was found, by what was looked for.
#[derive(Debug, Default)]
pub enum Found {
    /// Nothing was looked for yet.
    #[default]
    Nothing,
    /// Of a Modbus line.
    Modbus(Line),
    /// Of a broker.
    Mqtt(Topics),
}

/// A Modbus line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Those that answered, in order.
    pub units: Vec<Unit>,
    /// Units that were asked.
    pub asked: usize,
    /// What a person should know of the answers, each a sentence.
    pub notes: Vec<String>,
    /// Requests in all.
    pub requests: u64,
}

/// A unit that answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Unit {
    /// Its number.
    pub unit: u8,
    /// How it answered first: `data`, `exception 2: illegal data address`.
    pub answered: String,
    /// What it says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Its models, where it is one of `SunSpec`'s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunspec: Option<SunSpec>,
    /// The tables that were looked into.
    pub tables: Vec<Table>,
}

/// What a device says of itself; empty where it does not say it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Identity {
    /// Vendor.
    pub vendor: String,
    /// Product.
    pub product: String,
    /// Revision.
    pub revision: String,
}

/// What a `SunSpec` device has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SunSpec {
    /// Where the mark stands: a holding register.
    pub base: u16,
    /// Models in their order.
    pub models: Vec<Model>,
}

/// A `SunSpec` model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Model {
    /// Its number.
    pub id: u16,
    /// Its first register: that of its number.
    pub start: u16,
    /// Registers behind number and length.
    pub length: u16,
    /// What it is; empty where that is not known here.
    pub name: &'static str,
}

/// A table of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Which.
    #[serde(serialize_with = "as_word")]
    pub table: Area,
    /// What can be read.
    pub readable: Vec<Range>,
    /// What was refused in pieces, and not halved down to single registers: the bound on requests was reached.
    pub unclear: Vec<Range>,
    /// What was not asked for at all.
    pub unasked: Vec<Range>,
    /// The longest read that it answers, where that is less than the protocol's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<u16>,
    /// What it answers where it cannot be read: `exception 1: illegal function`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_word<S: serde::Serializer>(area: &Area, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(area.word())
}

impl Identity {
    /// `Vendor, product, revision`.
    pub fn words(&self) -> String {
        let parts = [&self.vendor, &self.product, &self.revision];
        parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
    }
}

impl SunSpec {
    /// `at holding 40000: 1 common, 103 three phase inverter`.
    pub fn words(&self) -> String {
        let model = |m: &Model| format!("{} {}", m.id, m.name).trim_end().to_owned();
        let models: Vec<String> = self.models.iter().map(model).collect();
        format!(
            "at holding {}: {}",
            self.base,
            if models.is_empty() { "no model".to_owned() } else { models.join(", ") }
        )
    }
}
