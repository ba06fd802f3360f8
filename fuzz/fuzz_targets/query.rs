//! See `../src/`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| engaged_fuzz::query::run(bytes));
