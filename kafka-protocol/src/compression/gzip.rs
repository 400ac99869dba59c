//! gzip (RFC 1952): one member, without name or time.

use super::{CompressError, DecompressError, read_bounded};
use flate2::bufread::MultiGzDecoder;
use kafka_types::GzipLevel;
use libdeflater::{CompressionLvl, Compressor, Crc};
use std::io;

const NAME: &str = "gzip";
/// As small as zlib's default, which Java writes, and faster.
const DEFAULT_LEVEL: i32 = 5;
/// Deflate, no flags, no time, no hint about the level, and an unknown operating system, as Java writes it.
const MEMBER_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub(super) struct Encoder {
    level: GzipLevel,
    deflate: Compressor,
}

impl Encoder {
    pub(super) fn new(level: GzipLevel) -> Self {
        // Kafka's levels are 1 to 9, and -1 for the library's own choice.
        let wanted = if level.value() < 0 { DEFAULT_LEVEL } else { level.value() };
        let strength = CompressionLvl::new(wanted).unwrap_or_default();
        Encoder { level, deflate: Compressor::new(strength) }
    }

    /// This encoder if it has that level, else another one.
    pub(super) fn at(self, level: GzipLevel) -> Self {
        if self.level == level { self } else { Self::new(level) }
    }

    pub(super) fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressError> {
        output.extend_from_slice(&MEMBER_HEADER);
        let start = output.len();
        output.resize(start + self.deflate.deflate_compress_bound(input.len()), 0);
        let size = self
            .deflate
            .deflate_compress(input, &mut output[start..])
            .map_err(|error| CompressError::new(NAME, io::Error::other(error)))?;
        output.truncate(start + size);
        let mut crc = Crc::new();
        crc.update(input);
        output.extend_from_slice(&crc.sum().to_le_bytes());
        // The member's trailer has the length modulo 2^32.
        output.extend_from_slice(&(input.len() as u32).to_le_bytes());
        Ok(())
    }
}

pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    read_bounded(NAME, MultiGzDecoder::new(compressed), limit)
}
