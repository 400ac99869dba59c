//! The codecs, on a batch of log lines.

use super::{Done, Round, Work};
use kafka_protocol::compression::{Compressor, decompress};
use kafka_types::{Compression, SplitMix64};
use std::hint::black_box;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "compress-lz4", unit: "batch", start: || compress(Compression::LZ4) },
    Work { name: "compress-snappy", unit: "batch", start: || compress(Compression::Snappy) },
    Work { name: "compress-gzip", unit: "batch", start: || compress(Compression::GZIP) },
    Work { name: "compress-zstd", unit: "batch", start: || compress(Compression::ZSTD) },
    Work { name: "decompress-lz4", unit: "batch", start: || expand(Compression::LZ4) },
    Work { name: "decompress-snappy", unit: "batch", start: || expand(Compression::Snappy) },
    Work { name: "decompress-gzip", unit: "batch", start: || expand(Compression::GZIP) },
    Work { name: "decompress-zstd", unit: "batch", start: || expand(Compression::ZSTD) },
];

/// The default `batch.size`.
const BYTES: usize = 16 * 1024;
const BATCHES: u64 = 4;

fn compress(compression: Compression) -> Round {
    let lines = log_lines();
    let mut compressor = Compressor::default();
    let mut output = Vec::with_capacity(2 * BYTES);
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..BATCHES {
                output.clear();
                compressor.compress(compression, &lines, &mut output).expect("there is memory");
                black_box(output.len());
            }
        });
        Done { units: BATCHES, batches: BATCHES }
    })
}

fn expand(compression: Compression) -> Round {
    let lines = log_lines();
    let mut compressed = Vec::new();
    Compressor::default().compress(compression, &lines, &mut compressed).expect("there is memory");
    assert_eq!(
        decompress(compression.codec(), &compressed, BYTES).expect("it was compressed just now"),
        lines
    );
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..BATCHES {
                black_box(decompress(compression.codec(), &compressed, BYTES).expect("as before"));
            }
        });
        Done { units: BATCHES, batches: BATCHES }
    })
}

/// Text as services log it: fixed keys, words that repeat, numbers that don't.
fn log_lines() -> Vec<u8> {
    const LEVELS: [&str; 4] = ["INFO", "INFO", "WARN", "DEBUG"];
    const PATHS: [&str; 5] = ["/orders", "/orders/items", "/customers", "/payments/refunds", "/health"];
    let mut random = SplitMix64::new(42);
    let mut lines = String::with_capacity(BYTES + 200);
    let mut time = 1_700_000_000_000_u64;
    while lines.len() < BYTES {
        time += random.below(50) as u64;
        let (level, path) = (LEVELS[random.below(LEVELS.len())], PATHS[random.below(PATHS.len())]);
        let (id, took) = (random.draw(), random.below(900));
        lines.push_str(&format!(
            r#"{{"time":{time},"level":"{level}","path":"{path}","trace":"{id:016x}","millis":{took}}}"#
        ));
        lines.push('\n');
    }
    lines.truncate(BYTES);
    lines.into_bytes()
}
