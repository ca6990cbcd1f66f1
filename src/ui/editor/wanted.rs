//! A tag that was found elsewhere in the window, at the workbench or among topics, and becomes a row of the sheet.

use super::acts::Act;
use super::sheets::SheetKind;
use super::{Editor, Over, State, sheet_id};
use crate::drivers::decode::order_word;
use crate::project::csv::{Fault, Grid, apply, wanted};
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Value};
use crate::project::import::{Format, Options, import};
use crate::project::{Area, ByteHalf, DataType, Order};
use crate::ui::importing::{Import, ImportOf};
use eframe::egui::{Context, Ui};
use std::collections::BTreeSet;

/// Such tags that may wait for the draft.
const MOST: usize = 16;

/// Where a new tag comes from, and how it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTag {
    /// Its device.
    pub device: String,
    /// What it is called before somebody says otherwise.
    pub name: String,
    /// Its place.
    pub place: NewPlace,
    /// What it is.
    pub data_type: DataType,
}

/// Where in the device.
#[derive(Debug, Clone, PartialEq)]
pub enum NewPlace {
    /// A register.
    Register {
        /// Which table.
        area: Area,
        /// Protocol address.
        address: u16,
        /// Order of bytes and words.
        order: Order,
        /// Which half of a word.
        byte: Option<ByteHalf>,
        /// Registers of a text.
        length: u16,
        /// By which the raw number is multiplied.
        scale: Option<f64>,
    },
    /// A topic, perhaps with wildcards.
    Topic {
        /// The topic.
        topic: String,
        /// Where in the payload.
        path: Option<String>,
    },
}

impl Eq for NewTag {}

impl Editor {
    /// Takes up a tag: it stands in the sheet as soon as the draft is there.
    pub fn add_tag(&mut self, tag: NewTag) {
        if self.wanted.len() < MOST {
            self.wanted.push(tag);
        }
    }

    /// Takes up a file of another program: it stands in the draft as soon as that is there.
    pub fn import(&mut self, import: Import) {
        self.importing = Some(import);
    }

    /// Writes it as one step, with names that nothing in the draft has yet.
    pub(super) fn take_import(&mut self, ctx: &Context) {
        let Some(wanted) = self.importing.take() else { return };
        self.page = super::Page::Sheet;
        self.sheet = SheetKind::Tags;
        self.act(ctx, Act::Import(Box::new(wanted)));
    }

    /// Writes those that wait, and puts the cursor on the name of the last.
    pub(super) fn take_wanted(&mut self, ui: &Ui) {
        if self.wanted.is_empty() || !matches!(self.over, Over::Nothing) {
            return;
        }
        for tag in std::mem::take(&mut self.wanted) {
            let State::Open(draft) = &self.state else { return };
            let keys = keys_of(draft, &tag);
            let added = self.edit_as(None, None, &[Edit::Add { kind: EntityKind::Tag, spot: Spot::Last, keys }]);
            if let Some(id) = added.first().copied() {
                self.go_to(id, "name");
                ui.memory_mut(|memory| memory.request_focus(sheet_id(SheetKind::Tags)));
                self.said = Some("A new tag: type its name, then save or review it".to_owned());
            }
        }
    }
}

/// Puts a file of another program into the draft, and says what came of it.
pub fn imported(draft: &mut Draft, wanted: &Import) -> String {
    let file = &wanted.file;
    let made = match &wanted.of {
        ImportOf::Program(format, text, options) => of_program(draft, *format, text, options, file),
        ImportOf::Table(bytes) => of_table(draft, bytes, file),
    };
    let done = made.and_then(|(name, edits)| {
        draft.edit_as(Some(&name), None, &edits).map_err(|refusal| refusal.to_string())?;
        Ok(format!("{name}: review it, then save it; Ctrl+Z takes it back"))
    });
    done.unwrap_or_else(|why| format!("Nothing is imported: {why}"))
}

/// What puts a file of another program into the draft, and the name of that step.
fn of_program(
    draft: &Draft,
    format: Format,
    text: &str,
    options: &Options,
    file: &str,
) -> Result<(String, Vec<Edit>), String> {
    let (project, _) = draft.read();
    let made = import(format, text, options, &project).map_err(|why| why.to_string())?;
    let tags = if made.tags == 1 { "1 tag".to_owned() } else { format!("{} tags", made.tags) };
    Ok((format!("Import {tags} of {file}"), made.edits()))
}

/// The same of a table of a spreadsheet, whose rows go to what they are called.
fn of_table(draft: &Draft, bytes: &[u8], file: &str) -> Result<(String, Vec<Edit>), String> {
    let told = |faults: Vec<Fault>| {
        let more = faults.len().saturating_sub(1);
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        if more > 0 { format!("{first}; and {more} more") } else { first }
    };
    let grid = Grid::read(bytes).map_err(|fault| told(vec![fault]))?;
    let found = wanted(&grid, draft.text()).map_err(told)?;
    let (found, made) = (found.wanted, found.made);
    let edits = apply::edits(draft, &found)?;
    if edits.is_empty() {
        return Err(format!("the draft says all that {file} says already"));
    }
    let rows = if found.len() == 1 { "1 row".to_owned() } else { format!("{} rows", found.len()) };
    let left = if made > 0 { format!(", and leave {made} to templates") } else { String::new() };
    Ok((format!("Import {rows} of {file}{left}"), edits))
}

/// The keys of a new tag, as the file wants them.
fn keys_of(draft: &Draft, tag: &NewTag) -> Vec<(String, Value)> {
    let device = draft.named(EntityKind::Device, &tag.device);
    let of_device = |key: &str| device.and_then(|id| draft.shown(id, &KeyPath::from(key)));
    let first = of_device("first-address").and_then(|first| first.parse::<u32>().ok()).unwrap_or(0);
    let mut keys = vec![
        ("name".to_owned(), Value::Text(free_name(draft, &tag.name))),
        ("device".to_owned(), Value::from(tag.device.as_str())),
    ];
    keys.extend(tag.keys(first, of_device("order").as_deref()));
    keys
}

impl NewTag {
    /// Its keys besides its name and its device, which counts registers from `first` and has an order of its own, perhaps.
    pub fn keys(&self, first: u32, device_order: Option<&str>) -> Vec<(String, Value)> {
        let text = |key: &str, value: &str| (key.to_owned(), Value::from(value));
        let mut keys = Vec::new();
        match &self.place {
            NewPlace::Register { area, address, order, byte, length, scale } => {
                keys.push(text("register", &format!("{}:{}", area.word(), u32::from(*address) + first)));
                if !area.is_bits() {
                    keys.push(text("type", self.data_type.word()));
                }
                // Of one register the device's own order does not count.
                let given = device_order.filter(|_| self.data_type.registers(0) > 1);
                if order_word(*order) != given.unwrap_or("ABCD") {
                    keys.push(text("order", order_word(*order)));
                }
                match byte {
                    Some(ByteHalf::High) => keys.push(text("byte", "high")),
                    Some(ByteHalf::Low) => keys.push(text("byte", "low")),
                    None => {}
                }
                if self.data_type == DataType::String {
                    keys.push(("length".to_owned(), Value::Whole(i64::from(*length))));
                }
                keys.extend(scale.map(|scale| ("scale".to_owned(), Value::Number(scale))));
            }
            NewPlace::Topic { topic, path } => {
                keys.push(text("topic", topic));
                keys.extend(path.as_deref().map(|path| text("path", path)));
                keys.push(text("type", self.data_type.word()));
            }
        }
        keys
    }
}

/// The name, with a number behind it where it is taken.
fn free_name(draft: &Draft, name: &str) -> String {
    let name_of = |id: EntityId| draft.shown(id, &KeyPath::from("name"));
    let tags = draft.index().blocks().iter().filter(|block| block.kind == EntityKind::Tag);
    let taken: BTreeSet<String> = tags.filter_map(|block| name_of(block.id)).map(|name| name.to_lowercase()).collect();
    let free = |candidate: &String| !taken.contains(&candidate.to_lowercase());
    let numbered = (2..=taken.len() + 2).map(|n| format!("{name}{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(free).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "watchkeeper = 1\n[[device]]\nname = \"meter\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\n\
        first-address = 1\norder = \"CDAB\"\n[[tag]]\nname = \"meter.value\"\ndevice = \"meter\"\nregister = \"holding:9\"\ntype = \"u16\"\n";

    fn written(place: NewPlace, data_type: DataType) -> String {
        let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
        let tag = NewTag { device: "meter".to_owned(), name: "meter.value".to_owned(), place, data_type };
        let keys = keys_of(&draft, &tag);
        draft.edit(&[Edit::Add { kind: EntityKind::Tag, spot: Spot::Last, keys }]).unwrap();
        let (_, issues) = draft.read();
        assert!(issues.is_empty(), "{issues:?}\n{}", draft.text());
        draft.text().strip_prefix(TEXT).unwrap().trim().replace('\n', "; ")
    }

    #[test]
    fn a_decoding_becomes_a_tag_by_the_devices_own_ways_of_counting_and_ordering() {
        let register = |order, byte, scale| NewPlace::Register {
            area: Area::Holding,
            address: 100,
            order,
            byte,
            length: 0,
            scale,
        };
        let head = "[[tag]]; name = \"meter.value2\"; device = \"meter\"; register = \"holding:101\"; ";
        let is = |place, data_type, rest: &str| assert_eq!(written(place, data_type), format!("{head}{rest}"));
        is(register(Order::Cdab, None, None), DataType::F32, "type = \"f32\"");
        is(register(Order::Abcd, None, Some(0.1)), DataType::U32, "type = \"u32\"; order = \"ABCD\"; scale = 0.1");
        is(register(Order::Abcd, None, Some(0.1)), DataType::U16, "type = \"u16\"; scale = 0.1");
        is(register(Order::Badc, None, None), DataType::I16, "type = \"i16\"; order = \"BADC\"");
        is(register(Order::Abcd, Some(ByteHalf::High), None), DataType::U8, "type = \"u8\"; byte = \"high\"");
    }
}
