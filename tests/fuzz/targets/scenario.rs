#![no_main]
#[path = "../bodies.rs"]
#[expect(dead_code, reason = "each target has one body")]
mod bodies;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bodies::scenario(input));
