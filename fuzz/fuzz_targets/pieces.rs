#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bricklayer_fuzz::pieces(data));
