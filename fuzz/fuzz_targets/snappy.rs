//! Decompression of any bytes, bounded.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kafka_fuzz::check_codec(kafka_types::Compression::Snappy, data);
});
