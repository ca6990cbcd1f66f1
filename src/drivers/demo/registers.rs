//! The plant's readings as the registers and bits of its Modbus units; pure, so that a test can ask what is served.
//!
//! Four units on purpose unlike each other, as real ones are: standard order, words swapped, all bytes swapped; floats,
//! scaled integers, 64-bit counters, bits in words, halves of words, BCD, text. `docs/demo.md` lists them.

use super::energy::Feeder;
use super::faults::Fault;
use super::instruments::PumpReadings;
use super::plant::Plant;
use super::pumps::{Pump, PumpState, RATED_RPM};
use crate::project::{Area, Order};
use std::ops::Range;

/// Unit identifier of the tank farm's and pump house 1's controller.
pub const PLC1: u8 = 1;
/// Pump house 2's controller, on a port of its own.
pub const PLC2: u8 = 2;
/// Meter of feeder A, behind plc1's gateway.
pub const METER_A: u8 = 10;
/// Meter of feeder B, behind plc1's gateway.
pub const METER_B: u8 = 11;

/// Why a read is refused: the exception codes of the Modbus specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 02: start and count reach beyond what there is.
    IllegalAddress,
    /// 04: it is there, and cannot be read now.
    DeviceFailure,
}

/// Everything that one unit serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    blocks: Vec<Block>,
    /// Registers that answer with exception 04 now.
    out: Vec<(Area, Range<u16>)>,
}

/// A run of addresses without a gap; a bit is a word that is 0 or 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    area: Area,
    start: u16,
    words: Vec<u16>,
}

impl Unit {
    /// Words of `count` addresses, or bits as 0 and 1.
    ///
    /// # Errors
    /// As a real unit answers: one address beyond its block spoils the whole read.
    pub fn read(&self, area: Area, address: u16, count: u16) -> Result<&[u16], Refusal> {
        let end = u32::from(address) + u32::from(count);
        if self.out.iter().any(|(a, r)| *a == area && u32::from(r.start) < end && address < r.end) {
            return Err(Refusal::DeviceFailure);
        }
        let block = self
            .blocks
            .iter()
            .find(|b| b.area == area && b.start <= address && end <= u32::from(b.start) + b.words.len() as u32);
        match block {
            Some(b) if count > 0 => Ok(&b.words[usize::from(address - b.start)..][..usize::from(count)]),
            _ => Err(Refusal::IllegalAddress),
        }
    }

    fn block(&mut self, area: Area, addresses: Range<u16>) {
        let words = vec![0; usize::from(addresses.end.saturating_sub(addresses.start))];
        self.blocks.push(Block { area, start: addresses.start, words });
    }

    fn put(&mut self, area: Area, address: u16, words: &[u16]) {
        for (word, at) in words.iter().zip(address..) {
            let mut blocks = self.blocks.iter_mut().filter(|b| b.area == area && at >= b.start);
            let cell = blocks.find_map(|b| b.words.get_mut(usize::from(at - b.start)));
            debug_assert!(cell.is_some(), "{} {at} is outside of the unit's blocks", area.word());
            if let Some(cell) = cell {
                *cell = *word;
            }
        }
    }

    fn bits(&mut self, area: Area, address: u16, bits: &[bool]) {
        let words: Vec<u16> = bits.iter().map(|b| u16::from(*b)).collect();
        self.put(area, address, &words);
    }
}

/// All units at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// [`PLC1`].
    pub plc1: Unit,
    /// [`PLC2`].
    pub plc2: Unit,
    /// [`METER_A`].
    pub meter_a: Unit,
    /// [`METER_B`].
    pub meter_b: Unit,
}

impl Units {
    /// The units as the plant is now.
    pub fn of(plant: &Plant) -> Self {
        Self {
            plc1: plc1(plant),
            plc2: plc2(plant),
            meter_a: meter_a(&plant.feeders[0]),
            meter_b: meter_b(&plant.feeders[1]),
        }
    }

    /// A unit by its identifier.
    pub fn unit(&self, id: u8) -> Option<&Unit> {
        match id {
            PLC1 => Some(&self.plc1),
            PLC2 => Some(&self.plc2),
            METER_A => Some(&self.meter_a),
            METER_B => Some(&self.meter_b),
            _ => None,
        }
    }
}

/// Big-endian bytes of a value as registers in an order of the contract: words reversed, bytes within words swapped.
fn words<const N: usize>(bytes: [u8; N], order: Order) -> Vec<u16> {
    let mut words: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| {
            if order.swaps_bytes() {
                u16::from_le_bytes([pair[0], pair[1]])
            } else {
                u16::from_be_bytes([pair[0], pair[1]])
            }
        })
        .collect();
    if order.reverses_words() {
        words.reverse();
    }
    words
}

fn float(value: f64, order: Order) -> Vec<u16> {
    words((value as f32).to_be_bytes(), order)
}

/// A scaled integer; what does not fit stops at the end, as in a controller.
fn scaled(value: f64, per_unit: f64) -> u16 {
    (value * per_unit).round().clamp(0.0, 65_535.0) as u16
}

fn scaled_signed(value: f64, per_unit: f64) -> u16 {
    ((value * per_unit).round().clamp(-32_768.0, 32_767.0) as i16).cast_unsigned()
}

fn text(value: &str, registers: usize) -> Vec<u16> {
    let mut bytes = value.as_bytes().to_vec();
    bytes.resize(registers * 2, 0);
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// Eight decimal digits as packed BCD.
fn bcd32(value: u32) -> [u8; 4] {
    let mut left = value;
    let mut packed = 0_u32;
    for digit in 0..8 {
        packed |= (left % 10) << (4 * digit);
        left /= 10;
    }
    packed.to_be_bytes()
}

/// Tank farm, wet well and pump house 1. Standard order (ABCD).
fn plc1(plant: &Plant) -> Unit {
    let (mut unit, board) = (Unit::default(), &plant.instruments);
    let abcd = |value: f64| float(value, Order::Abcd);
    unit.block(Area::Input, 0..60);
    for (index, tank) in plant.tanks.iter().enumerate() {
        let n = index as u16;
        unit.put(Area::Input, 2 * n, &abcd(board.tank_levels[index]));
        unit.put(Area::Input, 10 + 2 * n, &abcd(board.tank_inflows[index]));
        unit.put(Area::Input, 20 + 2 * n, &abcd(board.tank_outflows[index]));
        unit.put(Area::Input, 30 + n, &[scaled(tank.inlet.position * 100.0, 100.0)]);
        unit.put(Area::Input, 35 + n, &[scaled(tank.outlet.position, 27_648.0)]);
    }
    // A 4 to 20 mA loop in microamperes: 0 to 5 m.
    unit.put(Area::Input, 40, &[scaled(4.0 + 16.0 * board.well_level_m / 5.0, 1_000.0)]);
    unit.put(Area::Input, 41, &[scaled_signed(board.water_celsius, 10.0)]);
    unit.put(Area::Input, 42, &abcd(board.inflow));
    unit.put(Area::Input, 44, &abcd(plant.spill_flow()));
    unit.put(Area::Input, 46, &[status_word(plant)]);
    unit.block(Area::Input, 100..140);
    for index in 0..2_u16 {
        let at = 100 + 20 * index;
        unit.put(
            Area::Input,
            at,
            &pump_panel(&board.pumps[usize::from(index)], &plant.pumps[usize::from(index)], Order::Abcd),
        );
    }
    unit.block(Area::Input, 200..206);
    unit.put(Area::Input, 200, &abcd(board.turbidity));
    unit.put(Area::Input, 202, &[scaled(board.acidity_ph, 100.0)]);
    unit.put(Area::Input, 203, &abcd(board.conductivity));
    if plant.script.has(Fault::AnalyserOut) {
        unit.out.push((Area::Input, 200..206));
    }
    unit.block(Area::Input, 300..308);
    unit.put(Area::Input, 300, &text("RVS-TF1 v4.12", 8));

    unit.block(Area::Holding, 0..40);
    for (tank, n) in plant.tanks.iter().zip(0..) {
        unit.put(Area::Holding, n, &[scaled(tank.level_setpoint, 10.0)]);
    }
    unit.put(Area::Holding, 5, &[scaled(plant.controller.level_setpoint_m, 100.0)]);
    let litres = |cubic_metres: f64| ((cubic_metres * 1e3).max(0.0) as u64).to_be_bytes();
    unit.put(Area::Holding, 20, &words(litres(18_233_046.1 + plant.balance.total_in), Order::Abcd));
    unit.put(Area::Holding, 24, &words(litres(18_201_771.7 + plant.balance.total_out), Order::Abcd));
    unit.put(Area::Holding, 28, &words(((plant.balance.total_spilt * 1e3) as u32).to_be_bytes(), Order::Abcd));

    unit.block(Area::Discrete, 0..16);
    let running = |pump: &Pump| pump.state == PumpState::Running && pump.speed > 0.0;
    unit.bits(Area::Discrete, 0, &[running(&plant.pumps[0]), running(&plant.pumps[1])]);
    let high_float = plant.well.level_m() > 3.6;
    let mains = true;
    unit.bits(Area::Discrete, 8, &[high_float, mains]);
    unit.block(Area::Coil, 0..8);
    let storm_mode = plant.weather.rain_rate > 1.0 || plant.inflow > 430.0;
    unit.bits(Area::Coil, 0, &[true, storm_mode, plant.pumps[0].wanted, plant.pumps[1].wanted]);
    unit
}

/// Bits 0 to 4: inlet valves that do not follow; bit 8: LT-102 does not move; bit 15: the controller is alive.
fn status_word(plant: &Plant) -> u16 {
    let mut word = 1 << 15;
    for (index, tank) in plant.tanks.iter().enumerate() {
        let apart = (tank.inlet.position - tank.inlet.command).abs() > 0.2;
        word |= u16::from(apart) << index;
    }
    let frozen = plant.script.age_secs(Fault::LevelFrozen).is_some_and(|age| age > 15.0);
    word | u16::from(frozen) << 8
}

/// Twenty registers of a pump's panel; the halves of the fourteenth are state and mode.
fn pump_panel(readings: &PumpReadings, pump: &Pump, order: Order) -> [u16; 20] {
    let mut panel = [0; 20];
    let mut put = |at: usize, words: &[u16]| panel[at..at + words.len()].copy_from_slice(words);
    put(0, &[scaled(readings.speed_rpm, 1.0)]);
    put(1, &[scaled(readings.speed_setpoint_rpm, 1.0)]);
    put(2, &float(readings.flow, order));
    put(4, &float(readings.pressure_bar, order));
    put(6, &[scaled(readings.power_kw, 10.0)]);
    put(7, &[scaled(readings.current_a, 10.0)]);
    put(8, &[scaled(readings.vibration, 100.0)]);
    put(9, &[scaled_signed(readings.motor_celsius, 10.0)]);
    put(10, &words(((pump.running_hours * 10.0) as u32).to_be_bytes(), order));
    put(12, &[pump.starts as u16]);
    let automatic = 1_u16;
    put(13, &[automatic << 8 | pump.state as u16]);
    put(14, &[scaled(pump.wear * 100.0, 10.0)]);
    put(15, &[scaled(RATED_RPM, 1.0)]);
    panel
}

/// Pump house 2: words swapped (CDAB), all in holding registers.
fn plc2(plant: &Plant) -> Unit {
    let mut unit = Unit::default();
    unit.block(Area::Holding, 100..132);
    unit.put(Area::Holding, 100, &pump_panel(&plant.instruments.pumps[2], &plant.pumps[2], Order::Cdab));
    unit.put(Area::Holding, 120, &text("PH2 CPU-315", 8));
    unit.block(Area::Discrete, 0..4);
    let pump = &plant.pumps[2];
    unit.bits(Area::Discrete, 0, &[pump.state == PumpState::Running && pump.speed > 0.0, true]);
    unit.block(Area::Coil, 0..2);
    unit.bits(Area::Coil, 0, &[pump.wanted]);
    unit
}

/// Feeder A: floats with words swapped (CDAB), energy as a 64-bit count of watt-hours.
fn meter_a(feeder: &Feeder) -> Unit {
    let mut unit = Unit::default();
    unit.block(Area::Input, 0..28);
    let values = [feeder.volts, feeder.amps].concat();
    let more = [feeder.power_kw, feeder.reactive_kvar, feeder.power_factor, feeder.frequency];
    for (value, n) in values.iter().chain(&more).zip(0..) {
        unit.put(Area::Input, 2 * n, &float(*value, Order::Cdab));
    }
    unit.put(Area::Input, 20, &words(feeder.energy_wh.to_be_bytes(), Order::Cdab));
    unit.put(Area::Input, 24, &words(20_417_733_u32.to_be_bytes(), Order::Cdab));
    unit
}

/// Feeder B: scaled integers; 32 bits wide with all bytes reversed (DCBA), the serial number in BCD.
fn meter_b(feeder: &Feeder) -> Unit {
    let mut unit = Unit::default();
    unit.block(Area::Holding, 0..16);
    for (phase, n) in (0..3).zip(0..) {
        unit.put(Area::Holding, n, &[scaled(feeder.volts[phase], 10.0)]);
        unit.put(Area::Holding, 3 + n, &[scaled(feeder.amps[phase], 100.0)]);
    }
    unit.put(Area::Holding, 6, &words(((feeder.power_kw * 1e3).round() as i32).to_be_bytes(), Order::Dcba));
    unit.put(Area::Holding, 8, &[scaled_signed(feeder.power_factor, 1_000.0)]);
    unit.put(Area::Holding, 9, &[scaled(feeder.frequency, 100.0)]);
    unit.put(Area::Holding, 10, &words(((feeder.energy_wh / 100) as u32).to_be_bytes(), Order::Dcba));
    unit.put(Area::Holding, 12, &words(bcd32(20_418_006), Order::Dcba));
    unit.put(Area::Holding, 14, &[scaled_signed(feeder.reactive_kvar, 10.0)]);
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_those_of_the_contract() {
        let bytes = 0x1122_3344_u32.to_be_bytes();
        assert_eq!(words(bytes, Order::Abcd), [0x1122, 0x3344]);
        assert_eq!(words(bytes, Order::Cdab), [0x3344, 0x1122]);
        assert_eq!(words(bytes, Order::Badc), [0x2211, 0x4433]);
        assert_eq!(words(bytes, Order::Dcba), [0x4433, 0x2211]);
        assert_eq!(words(0x1122_3344_5566_7788_u64.to_be_bytes(), Order::Cdab), [0x7788, 0x5566, 0x3344, 0x1122]);
        assert_eq!(bcd32(20_418_006), [0x20, 0x41, 0x80, 0x06]);
    }

    #[test]
    fn one_register_too_many_spoils_the_whole_read() {
        let units = Units::of(&Plant::without_faults(1));
        assert!(units.plc1.read(Area::Input, 0, 60).is_ok());
        assert_eq!(units.plc1.read(Area::Input, 0, 61), Err(Refusal::IllegalAddress));
        assert_eq!(units.plc1.read(Area::Input, 60, 1), Err(Refusal::IllegalAddress));
        assert_eq!(units.plc1.read(Area::Input, 65_535, 2), Err(Refusal::IllegalAddress));
        assert_eq!(units.plc1.read(Area::Input, 0, 0), Err(Refusal::IllegalAddress));
        assert!(units.unit(3).is_none());
    }

    #[test]
    fn the_analyser_being_cleaned_answers_with_a_device_failure() {
        let mut plant = Plant::without_faults(1);
        plant.script.begin(Fault::AnalyserOut);
        let units = Units::of(&plant);
        assert_eq!(units.plc1.read(Area::Input, 202, 1), Err(Refusal::DeviceFailure));
        assert!(units.plc1.read(Area::Input, 100, 40).is_ok(), "the other registers go on");
    }
}
