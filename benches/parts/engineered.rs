//! A project as an engineer has it: twenty devices, and 10,000 tags with an alarm each.

use std::fmt::Write as _;

pub const TAGS: usize = 10_000;

/// Its text: some 2 MB.
pub fn text() -> String {
    let mut text = "watchkeeper = 1\nname = \"Bench\"\n".to_owned();
    for device in 0..20 {
        write!(
            text,
            "\n[[device]]\nname = \"plc{device}\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.{device}:502\"\n"
        )
        .expect("a string");
    }
    for tag in 0..TAGS {
        write!(
            text,
            "\n# Loop {tag}\n[[tag]]\nname = \"area{}.loop{tag}\"\ndescription = \"Temperature of loop {tag}\"\n\
             device = \"plc{}\"\nregister = \"holding:{}\"\ntype = \"f32\"\nunit = \"°C\"\nrange = [0.0, 150.0]\n\
             \n  [[tag.alarm]]\n  kind = \"high\"\n  limit = 120.0   # as agreed\n  priority = \"medium\"\n",
            tag % 40,
            tag % 20,
            tag / 20 * 2
        )
        .expect("a string");
    }
    text
}
