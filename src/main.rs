//! Arguments, logging, wiring.
fn main() {}
