//! Decompression of any bytes, bounded.
#![no_main]

use kafka_protocol::compression::{compress, decompress};
use kafka_types::{Codec, Compression};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let [codec, compressed @ ..] = data else { return };
    let Ok(output) = decompress(Codec(codec & 7), compressed, LIMIT) else { return };
    assert!(output.len() <= LIMIT);
    let compression =
        [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD]
            [usize::from(codec & 7)];
    // The slower ones on small outputs alone: what matters is how bytes are read.
    if output.len() <= 4096 {
        let mut again = Vec::new();
        compress(compression, &output, &mut again).expect("there is memory");
        assert_eq!(decompress(compression.codec(), &again, output.len()).as_ref(), Ok(&output));
    }
});
