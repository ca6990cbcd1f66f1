//! What engineers have already, in the files of other programs, as devices and tags of a project.
//!
//! One file a format: it takes out of the document's tree (`node`) what it knows, and makes entities (`made`) of it; all that it
//! did not take is told as left behind. A new format is a new file, a word in [`Format`], a line in [`import`] and one on the command line.

mod home_assistant;
mod made;
mod node;
mod sunspec;
mod telegraf;
#[cfg(test)]
mod tests;

use super::Project;
use super::edit::{Edit, Spot, quoted};
use super::file::FORMAT;
use made::Made;
pub use made::unique;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A model of a `SunSpec` device, as JSON: <https://github.com/sunspec/models>.
    SunSpec,
    /// The `modbus:` part of Home Assistant's configuration, as YAML: <https://www.home-assistant.io/integrations/modbus/>.
    HomeAssistant,
    /// `[[inputs.modbus]]` of Telegraf's configuration, as TOML, in each of its styles:
    /// <https://github.com/influxdata/telegraf/tree/master/plugins/inputs/modbus>.
    Telegraf,
}

/// What a file does not say and an engineer knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The device that the tags are of, where the file names none; one of the project, or a new one.
    pub device: Option<String>,
    /// `HOST:PORT` of a new one.
    pub address: Option<String>,
    /// Its unit id.
    pub unit: Option<u8>,
    /// The register, by the protocol's address, at which a model begins: that of its `ID`.
    pub register: Option<u16>,
    /// How many there are of what repeats as often as the device says.
    pub repeat: Option<u16>,
}

/// What was made of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// `[[device]]` tables.
    pub device_text: String,
    /// `[[tag]]` tables.
    pub tag_text: String,
    /// How many.
    pub devices: usize,
    /// How many.
    pub tags: usize,
    /// What is not carried over, by line.
    pub left: Vec<Left>,
}

impl Imported {
    /// What puts it into a project.
    pub fn edits(&self) -> Vec<Edit> {
        let texts = [&self.device_text, &self.tag_text].into_iter().filter(|text| !text.is_empty());
        texts.map(|text| Edit::Insert { spot: Spot::Last, text: text.clone() }).collect()
    }

    /// A project of it alone.
    pub fn project(&self, name: &str) -> String {
        let part = if self.device_text.is_empty() { "" } else { "\n" };
        format!("watchkeeper = {FORMAT}\nname = {}\n\n{}{part}{}", quoted(name), self.device_text, self.tag_text)
    }
}

/// Something of a file that is not carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where it stands, from one; 0: nowhere.
    pub line: u32,
    /// What it is, and why.
    pub what: String,
}

/// Why nothing can be made of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// Where, from one.
    pub line: u32,
    /// What is wrong, and what would help.
    pub what: String,
}

impl Fault {
    fn new(line: u32, what: impl Into<String>) -> Self {
        Self { line: line.max(1), what: what.into() }
    }
}

/// Reads a file of another program, for a project that may have some devices and tags already.
pub fn import(format: Format, text: &str, options: &Options, beside: &Project) -> Result<Imported, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tags = beside.tags.iter().map(|tag| tag.name.as_str());
    let devices = beside.devices.iter().map(|device| device.name.as_str());
    let mut made = Made::beside(tags, devices);
    match format {
        Format::SunSpec => sunspec::read(text, options, beside, &mut made)?,
        Format::HomeAssistant => home_assistant::read(text, &mut made)?,
        Format::Telegraf => telegraf::read(text, &mut made)?,
    }
    let made = made.finish();
    if made.tags > 0 {
        return Ok(made);
    }
    let (line, why) = made.left.first().map_or((1, String::new()), |left| (left.line, format!("; {}", left.what)));
    Err(Fault::new(line, format!("no value to read is found in it{why}")))
}
