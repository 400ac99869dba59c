//! What the targets of the codecs share.

use kafka_protocol::compression::{compress, decompress};
use kafka_types::Compression;

/// A bomb is an error beyond this.
const LIMIT: usize = 1 << 20;

/// Decompression of any bytes ends within the limit, and what came of it compresses and reads back.
pub fn check_codec(compression: Compression, compressed: &[u8]) {
    let codec = compression.codec();
    let Ok(output) = decompress(codec, compressed, LIMIT) else { return };
    assert!(output.len() <= LIMIT);
    // Small outputs alone: what matters is how bytes are read.
    if output.len() <= 4096 {
        let mut again = Vec::new();
        compress(compression, &output, &mut again).expect("there is memory");
        assert_eq!(decompress(codec, &again, output.len()).as_ref(), Ok(&output));
        if let Some(less) = output.len().checked_sub(1) {
            assert!(decompress(codec, &again, less).is_err(), "the limit holds to the byte");
        }
    }
}
