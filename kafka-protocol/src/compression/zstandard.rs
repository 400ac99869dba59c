//! Zstandard frames (RFC 8878).

use super::{CompressError, DecompressError, read_bounded};
use kafka_types::ZstdLevel;
use std::io::Cursor;
use zstd::zstd_safe::compress_bound;

const NAME: &str = "zstd";

#[derive(Default)]
pub(super) struct Encoder {
    context: zstd::bulk::Compressor<'static>,
    /// The level that the context is set to.
    level: Option<ZstdLevel>,
}

impl Encoder {
    pub(super) fn compress(
        &mut self,
        level: ZstdLevel,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        let failed = |error| CompressError::new(NAME, error);
        if self.level != Some(level) {
            self.context.set_compression_level(level.value()).map_err(failed)?;
            self.level = Some(level);
        }
        let start = output.len();
        output.reserve(compress_bound(input.len()));
        let mut end = Cursor::new(output);
        end.set_position(start as u64);
        self.context.compress_to_buffer(input, &mut end).map_err(failed)?;
        Ok(())
    }
}

/// Reads frames with and without a content size, and several in a row.
///
/// A frame names its window, up to 128 MiB, which the library reserves and touches only as far as output comes. A
/// smaller bound would refuse what the highest levels write.
pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let decoder = zstd::stream::read::Decoder::with_buffer(compressed)
        .map_err(|error| DecompressError::corrupt(NAME, error))?;
    read_bounded(NAME, decoder, limit)
}
