//! Which registers to ask for together: the tags of one device, merged into as few requests as its limits allow.
//!
//! Invariant: a tag lies whole inside one block, and no block asks for more than the device or the standard takes.

use super::value::{self, Cell};
use crate::engine::plan::SourcePlan;
use crate::engine::{DeviceId, Plan, TagId};
use crate::project::device::ModbusSettings;
use crate::project::{Area, DataType, RegisterSource};
use crate::time::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most registers in one answer (MODBUS Application Protocol V1.1b3, 6.3 and 6.4).
pub const MAX_REGISTERS: u16 = 125;

/// Most bits in one answer (the same, 6.1 and 6.2).
pub const MAX_BITS: u16 = 2000;

/// Where a tag lies within a block, and how it is read there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The tag, by the driver's number.
    pub tag: TagId,
    /// Registers (or bits) after the block's first.
    pub offset: u16,
    /// Registers (or bits) that it takes.
    pub width: u16,
    /// How they become a value.
    pub cell: Cell,
}

/// One request: a run of one table, and the tags it serves in order of their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Which table.
    pub area: Area,
    /// First protocol address.
    pub start: u16,
    /// Registers or bits asked for.
    pub count: u16,
    /// The tags; at least one.
    pub spots: Vec<Spot>,
}

impl Block {
    /// Parts this block where a device is most likely to refuse the middle of it: at its widest unconfigured gap, else
    /// nearest its middle. `None`: one tag, or tags that lie over one another and share their fate.
    pub fn halves(&self) -> Option<(Self, Self)> {
        let mut best = None;
        let mut end_before = 0;
        for (i, spot) in self.spots.iter().enumerate() {
            if i > 0 && spot.offset >= end_before {
                let gap = spot.offset - end_before;
                let imbalance = (2 * i).abs_diff(self.spots.len());
                let rank = (gap, std::cmp::Reverse(imbalance));
                if best.is_none_or(|(_, other)| rank > other) {
                    best = Some((i, rank));
                }
            }
            end_before = end_before.max(spot.offset + spot.width);
        }
        let (at, _) = best?;
        let (left, right) = self.spots.split_at(at);
        Some((self.part(left), self.part(right)))
    }

    /// Bytes of data in its answer.
    pub const fn bytes(&self) -> u16 {
        if self.area.is_bits() { self.count.div_ceil(8) } else { self.count * 2 }
    }

    fn part(&self, spots: &[Spot]) -> Self {
        let first = spots.iter().map(|s| s.offset).min().unwrap_or(0);
        let end = spots.iter().map(|s| s.offset + s.width).max().unwrap_or(first);
        let spots = spots.iter().map(|s| Spot { offset: s.offset - first, ..*s }).collect();
        Self { area: self.area, start: self.start + first, count: end - first, spots }
    }
}

/// `holding 100 to 109`, for messages.
impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.area.word(), self.start)?;
        if self.count > 1 { write!(f, " to {}", u32::from(self.start) + u32::from(self.count) - 1) } else { Ok(()) }
    }
}

/// All requests of one poll interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How often.
    pub interval: Span,
    /// In order of table and address.
    pub blocks: Vec<Block>,
}

/// The reads of one device, and the tags that none of them can serve, each with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads {
    /// Shortest interval first.
    pub groups: Vec<Group>,
    /// `bad:configuration`.
    pub unreadable: Vec<(TagId, Arc<str>)>,
}

/// Plans the reads of one device of `plan`. Tags bear their numbers (see [`Plan::follow`]), and where they stand in the file
/// is of no account.
pub fn plan_reads(plan: &Plan, device: DeviceId, settings: &ModbusSettings) -> Reads {
    let ids = plan.device(device).map_or(&[][..], |d| &d.tags);
    let tags = ids.iter().filter_map(|&id| {
        let tag = plan.tag(id)?;
        let SourcePlan::Register { poll, source, .. } = &tag.source else { return None };
        Some((plan.tag_number(id), *poll, source, tag.tag.data_type))
    });
    let mut reads = merge(tags, settings);
    reads.unreadable.sort_by_key(|(tag, _)| *tag);
    reads
}

/// Merges tags (each with its interval, place and type) into blocks.
fn merge<'a>(
    tags: impl Iterator<Item = (TagId, Span, &'a RegisterSource, DataType)>,
    settings: &ModbusSettings,
) -> Reads {
    let mut reads = Reads::default();
    let mut runs: BTreeMap<(Span, Area), Vec<(u16, Spot)>> = BTreeMap::new();
    for (tag, poll, source, data_type) in tags {
        match place(source, data_type, settings) {
            // An interval of nothing would keep the line busy for ever; a millisecond is as fast as any device.
            Ok((width, cell)) => {
                let poll = poll.max(Span::from_millis(1));
                let spot = Spot { tag, offset: 0, width, cell };
                runs.entry((poll, source.area)).or_default().push((source.address, spot));
            }
            Err(why) => reads.unreadable.push((tag, why.into())),
        }
    }
    for ((interval, area), mut run) in runs {
        run.sort_by_key(|(address, spot)| (*address, spot.width, spot.tag));
        let blocks = blocks(area, &run, settings);
        match reads.groups.last_mut() {
            Some(group) if group.interval == interval => group.blocks.extend(blocks),
            _ => reads.groups.push(Group { interval, blocks }),
        }
    }
    reads
}

/// Most registers or bits that one request to this device may ask for.
fn limit(area: Area, settings: &ModbusSettings) -> u16 {
    let registers = settings.max_registers.clamp(1, MAX_REGISTERS);
    if area.is_bits() { (registers * 16).min(MAX_BITS) } else { registers }
}

/// How wide a tag is and how it is decoded, or why it cannot be read.
fn place(source: &RegisterSource, data_type: DataType, settings: &ModbusSettings) -> Result<(u16, Cell), String> {
    let width = if source.area.is_bits() {
        if data_type != DataType::Bool {
            return Err(format!("a {} is one bit: its type is bool, not {}", source.area.word(), data_type.word()));
        }
        1
    } else {
        data_type.registers(source.length)
    };
    let limit = limit(source.area, settings);
    if width == 0 {
        return Err("a string without a length".to_owned());
    }
    if width > limit {
        return Err(format!("takes {width} registers, and this device gives at most {limit} in one read"));
    }
    if u32::from(source.address) + u32::from(width) > 0x1_0000 {
        return Err(format!(
            "register {} to {} is past the last one",
            source.address,
            u32::from(source.address) + u32::from(width) - 1
        ));
    }
    Ok((width, value::cell(source, data_type)))
}

/// One pass from the lowest address up, each block as long as it may be: that gives the fewest.
fn blocks(area: Area, run: &[(u16, Spot)], settings: &ModbusSettings) -> Vec<Block> {
    let limit = u32::from(limit(area, settings));
    let mut blocks: Vec<Block> = Vec::new();
    for &(address, spot) in run {
        let (first, end) = (u32::from(address), u32::from(address) + u32::from(spot.width));
        if let Some(block) = blocks.last_mut() {
            let (start, end_before) = (u32::from(block.start), u32::from(block.start) + u32::from(block.count));
            let end_after = end.max(end_before);
            let near = if settings.one_request_per_tag {
                // Tags of the very same registers, bits of one word, are one request all the same: they belong together.
                first == start && end == end_before
            } else {
                first <= end_before + u32::from(settings.max_gap)
            };
            if near && end_after - start <= limit {
                block.count = (end_after - start) as u16;
                block.spots.push(Spot { offset: address - block.start, ..spot });
                continue;
            }
        }
        blocks.push(Block { area, start: address, count: spot.width, spots: vec![spot] });
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Order, Transport};
    use proptest::prelude::*;

    fn settings(max_registers: u16, max_gap: u16) -> ModbusSettings {
        ModbusSettings {
            transport: Transport::Tcp { host: String::new(), port: 502 },
            unit_id: 1,
            poll: Span::from_secs(1),
            timeout: Span::from_secs(1),
            retries: 1,
            max_registers,
            max_gap,
            pause_after_connect: Span::ZERO,
            pause_between_requests: Span::ZERO,
            close_after_poll: false,
            one_request_per_tag: false,
            ignore_unit_mismatch: false,
            ignore_transaction_mismatch: false,
        }
    }

    fn source(area: Area, address: u16, length: u16) -> RegisterSource {
        RegisterSource {
            device: String::new(),
            area,
            address,
            order: Order::Abcd,
            bit: None,
            byte: None,
            length,
            poll: None,
        }
    }

    /// `h100 f32` is a tag; `@500` behind it its interval in milliseconds. The answer: `h100+2` for each block.
    fn plan(tags: &str, max_registers: u16, max_gap: u16) -> String {
        let tags: Vec<_> = tags
            .split(',')
            .filter(|t| !t.trim().is_empty())
            .enumerate()
            .map(|(i, tag)| {
                let mut words = tag.split_whitespace();
                let (place, kind) = (words.next().unwrap(), words.next().unwrap());
                let (kind, length) = kind.split_once('*').map_or((kind, 0), |(k, n)| (k, n.parse().unwrap()));
                let poll = words.next().map_or(1000, |w| w.trim_start_matches('@').parse().unwrap());
                let area = match &place[..1] {
                    "c" => Area::Coil,
                    "d" => Area::Discrete,
                    "i" => Area::Input,
                    _ => Area::Holding,
                };
                let data_type = DataType::ALL.iter().find(|(_, word)| *word == kind).unwrap().0;
                (TagId(i as u32), Span::from_millis(poll), source(area, place[1..].parse().unwrap(), length), data_type)
            })
            .collect();
        let reads = merge(tags.iter().map(|(t, p, s, d)| (*t, *p, s, *d)), &settings(max_registers, max_gap));
        let mut lines: Vec<String> = reads
            .groups
            .iter()
            .map(|group| {
                let blocks = group.blocks.iter().map(|b| format!("{}{}+{}", &b.area.word()[..1], b.start, b.count));
                format!("{}: {}", group.interval, blocks.collect::<Vec<_>>().join(" "))
            })
            .collect();
        lines.extend(reads.unreadable.iter().map(|(tag, why)| format!("tag {}: {why}", tag.0)));
        lines.join("; ")
    }

    #[test]
    fn registers_of_many_tags_are_read_in_few_requests() {
        for (tags, max_registers, max_gap, blocks) in [
            ("", 125, 0, ""),
            ("h100 f32", 125, 0, "1s: h100+2"),
            ("h100 f32, h102 f32, h104 u64", 125, 0, "1s: h100+8"),
            ("h104 u64, h102 f32, h100 f32", 125, 0, "1s: h100+8"),
            ("h100 u16, h102 u16", 125, 0, "1s: h100+1 h102+1"),
            ("h100 u16, h102 u16", 125, 1, "1s: h100+3"),
            ("h100 u16, h103 u16", 125, 1, "1s: h100+1 h103+1"),
            ("h0 string*100, h100 string*100", 125, 0, "1s: h0+100 h100+100"),
            ("h0 u32, h2 u32, h4 u32", 5, 0, "1s: h0+4 h4+2"),
            ("h0 u16, h124 u16, h125 u16", 125, 125, "1s: h0+125 h125+1"),
            ("h0 u16, i0 u16, c0 bool, d0 bool", 125, 9, "1s: c0+1 d0+1 i0+1 h0+1"),
            ("h0 u16 @500, h1 u16, h2 u16 @500", 125, 9, "500ms: h0+3; 1s: h1+1"),
            // several tags on one register, and one inside another
            ("h7 bool, h7 u16, h7 u8", 125, 0, "1s: h7+1"),
            ("h0 u64, h1 u16", 125, 0, "1s: h0+4"),
            // bits: sixteen times the registers, and never over 2000
            ("c0 bool, c15 bool, c16 bool", 1, 100, "1s: c0+16 c16+1"),
            ("c0 bool, c1999 bool, c2000 bool", 125, 2000, "1s: c0+2000 c2000+1"),
            // a device that claims more than the standard, and one that claims nothing
            ("h0 u16, h125 u16", 500, 200, "1s: h0+1 h125+1"),
            ("h0 u16, h1 u16", 0, 0, "1s: h0+1 h1+1"),
            ("h65535 u16, h65534 u16", 125, 0, "1s: h65534+2"),
        ] {
            assert_eq!(plan(tags, max_registers, max_gap), blocks, "{tags}");
        }
    }

    #[test]
    fn a_device_that_wants_it_is_asked_for_each_tag_by_itself() {
        let settings = ModbusSettings { one_request_per_tag: true, ..settings(125, 20) };
        let tag = |i, address, data_type| (TagId(i), Span::from_secs(1), source(Area::Holding, address, 0), data_type);
        let tags = [
            tag(0, 100, DataType::U32),
            tag(1, 102, DataType::U32),
            tag(2, 104, DataType::Bool),
            tag(3, 104, DataType::Bool),
            tag(4, 104, DataType::U32),
        ];
        let reads = merge(tags.iter().map(|(t, p, s, d)| (*t, *p, s, *d)), &settings);
        let blocks: Vec<_> = reads.groups[0].blocks.iter().map(|b| (b.start, b.count, b.spots.len())).collect();
        assert_eq!(blocks, [(100, 2, 1), (102, 2, 1), (104, 1, 2), (104, 2, 1)]);
    }

    #[test]
    fn a_tag_that_no_read_can_serve_says_why() {
        for (tags, max_registers, why) in [
            ("h65535 u32", 125, "tag 0: register 65535 to 65536 is past the last one"),
            ("h0 u64", 3, "tag 0: takes 4 registers, and this device gives at most 3 in one read"),
            ("h0 string*126", 200, "tag 0: takes 126 registers, and this device gives at most 125 in one read"),
            ("h0 string*0", 125, "tag 0: a string without a length"),
            ("c0 u16", 125, "tag 0: a coil is one bit: its type is bool, not u16"),
            ("h0 u16, c0 f32", 125, "1s: h0+1; tag 1: a coil is one bit: its type is bool, not f32"),
        ] {
            assert_eq!(plan(tags, max_registers, 0), why, "{tags}");
        }
    }

    #[test]
    fn a_refused_block_parts_at_its_widest_gap_then_in_the_middle() {
        let spot = |tag, offset, width| {
            let cell = value::cell(&source(Area::Holding, 0, 0), DataType::U16);
            Spot { tag: TagId(tag), offset, width, cell }
        };
        let block = |start, count, spots| Block { area: Area::Holding, start, count, spots };
        let text = |b: &Block| format!("{b} of {}", b.spots.len());
        let halves = |b: &Block| b.halves().map(|(l, r)| (text(&l), text(&r)));
        let gap = block(100, 10, vec![spot(0, 0, 1), spot(1, 1, 1), spot(2, 2, 1), spot(3, 9, 1)]);
        assert_eq!(halves(&gap), Some(("holding 100 to 102 of 3".into(), "holding 109 of 1".into())));
        let full = block(100, 4, vec![spot(0, 0, 1), spot(1, 1, 1), spot(2, 2, 1), spot(3, 3, 1)]);
        assert_eq!(halves(&full), Some(("holding 100 to 101 of 2".into(), "holding 102 to 103 of 2".into())));
        let bits_of_one_word = block(100, 1, vec![spot(0, 0, 1), spot(1, 0, 1)]);
        assert_eq!(halves(&bits_of_one_word), None);
        let words_and_bits = block(100, 2, vec![spot(0, 0, 1), spot(1, 0, 1), spot(2, 1, 1)]);
        assert_eq!(halves(&words_and_bits), Some(("holding 100 of 2".into(), "holding 101 of 1".into())));
    }

    proptest! {
        #[test]
        fn every_tag_lies_whole_in_one_block_within_the_limits(
            tags in prop::collection::vec((0_u16..400, 0_usize..15, 1_u16..20), 0..60),
            max_registers in 0_u16..140,
            max_gap in 0_u16..30,
        ) {
            let settings = settings(max_registers, max_gap);
            let tags: Vec<_> = tags
                .iter()
                .enumerate()
                .map(|(i, &(address, kind, length))| (TagId(i as u32), source(Area::Holding, address, length), DataType::ALL[kind].0))
                .collect();
            let reads = merge(tags.iter().map(|(t, s, d)| (*t, Span::from_secs(1), s, *d)), &settings);
            let mut seen = vec![0; tags.len()];
            reads.unreadable.iter().for_each(|(tag, _)| seen[tag.index()] += 1);
            for block in reads.groups.iter().flat_map(|g| &g.blocks) {
                prop_assert!(block.count <= max_registers.clamp(1, MAX_REGISTERS));
                for spot in &block.spots {
                    let (_, source, data_type) = &tags[spot.tag.index()];
                    seen[spot.tag.index()] += 1;
                    prop_assert_eq!(block.start + spot.offset, source.address);
                    prop_assert_eq!(spot.width, data_type.registers(source.length));
                    prop_assert!(spot.offset + spot.width <= block.count);
                }
                // Parted to the end, each tag is still served once, at its own address.
                let mut parts = vec![block.clone()];
                let mut served = 0;
                while let Some(part) = parts.pop() {
                    if let Some((left, right)) = part.halves() {
                        prop_assert!(left.spots.len() < part.spots.len() && right.spots.len() < part.spots.len());
                        parts.extend([left, right]);
                    } else {
                        for spot in &part.spots {
                            prop_assert_eq!(part.start + spot.offset, tags[spot.tag.index()].1.address);
                            prop_assert!(spot.offset + spot.width <= part.count);
                        }
                        served += part.spots.len();
                    }
                }
                prop_assert_eq!(served, block.spots.len());
            }
            prop_assert!(seen.iter().all(|n| *n == 1));
        }
    }
}
