//! The models that a `SunSpec` device says it has: `SunS` stands at one of three addresses, and behind it the number and
//! length of each model, to the end mark.

/// Where the mark may stand, as protocol addresses of holding registers (`SunSpec` Device Information Model, 6.3).
pub const BASES: [u16; 3] = [40_000, 50_000, 0];

/// `SunS`.
pub const MARK: [u16; 2] = [0x5375, 0x6E53];

/// The model that ends the list.
pub const END: u16 = 0xFFFF;

/// Most models that are followed; a device has some ten.
pub const MOST_MODELS: usize = 64;

/// What a model is, of those that are met with.
pub const fn model_name(id: u16) -> &'static str {
    match id {
        1 => "common",
        2 => "aggregator",
        10..=19 => "communication",
        101 | 111 => "single phase inverter",
        102 | 112 => "split phase inverter",
        103 | 113 => "three phase inverter",
        120..=134 => "inverter controls",
        160 => "multiple MPPT",
        201 | 211 => "single phase meter",
        202 | 212 => "split phase meter",
        203 | 213 => "three phase meter, wye",
        204 | 214 => "three phase meter, delta",
        220 => "secure meter readings",
        302 => "irradiance",
        303 => "back of module temperature",
        304 => "inclinometer",
        305 => "position",
        307 => "base meteorology",
        308 => "small meteorology",
        401..=404 => "string combiner",
        501 | 502 => "module",
        701..=715 => "distributed energy resource",
        801..=809 => "storage",
        64_000..=65_534 => "of the vendor",
        _ => "",
    }
}
