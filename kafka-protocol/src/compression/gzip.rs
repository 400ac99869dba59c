//! gzip (RFC 1952): one member, without name or time.

use super::{CompressError, DecompressError, read_bounded};
use flate2::bufread::MultiGzDecoder;
use flate2::{Compress, Crc, FlushCompress, Status};
use kafka_types::GzipLevel;

const NAME: &str = "gzip";
/// Deflate, no flags, no time, no hint about the level, and an unknown operating system, as Java writes it.
const MEMBER_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub(super) struct Encoder {
    level: GzipLevel,
    deflate: Compress,
}

impl Encoder {
    pub(super) fn new(level: GzipLevel) -> Self {
        let strength = match u32::try_from(level.value()) {
            Ok(level) => flate2::Compression::new(level),
            Err(_) => flate2::Compression::default(),
        };
        Encoder { level, deflate: Compress::new(strength, false) }
    }

    /// This encoder if it has that level, else another one.
    pub(super) fn at(self, level: GzipLevel) -> Self {
        if self.level == level { self } else { Self::new(level) }
    }

    pub(super) fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressError> {
        output.extend_from_slice(&MEMBER_HEADER);
        self.deflate.reset();
        output.reserve(input.len() / 2 + 64);
        loop {
            let rest = input.get(self.deflate.total_in() as usize..).unwrap_or_default();
            let status = self
                .deflate
                .compress_vec(rest, output, FlushCompress::Finish)
                .map_err(|error| CompressError::new(NAME, error))?;
            match status {
                Status::StreamEnd => break,
                // The output is full.
                Status::Ok | Status::BufError => output.reserve(input.len() / 4 + 64),
            }
        }
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
