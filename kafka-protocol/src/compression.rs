//! Compression of a batch's records, in the four framings that Kafka's clients and brokers agree on.
//!
//! A batch compresses as one stream, so both directions work on whole slices. [`Compressor`] keeps the codecs' working
//! memory from batch to batch; [`compress()`] keeps one per thread. Decompression is bounded: the caller says how much it
//! will take, and memory grows with the bytes that really come out, not with what a header promises.
//!
//! ```
//! use kafka_protocol::compression::{compress, decompress};
//! use kafka_types::{Codec, Compression};
//!
//! let text = b"again and again and again and again and again and again".as_slice();
//! let mut compressed = Vec::new();
//! compress(Compression::ZSTD, text, &mut compressed)?;
//! assert!(compressed.len() < text.len());
//! assert_eq!(decompress(Codec::ZSTD, &compressed, 1_000)?, text);
//! assert!(decompress(Codec::ZSTD, &compressed, 10).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compressor;
mod error;
mod gzip;
mod lz4;
mod snappy;
mod zstandard;

pub use compressor::{Compressor, compress};
pub use error::{CompressError, DecompressError};

use bytes::Bytes;
use kafka_types::Codec;
use std::io::Read;

/// Decompresses bytes into at most `limit` bytes.
///
/// # Errors
/// [`DecompressError`]: an unknown codec, corrupt bytes, or more output than the limit.
pub fn decompress(codec: Codec, compressed: &[u8], limit: usize) -> Result<Bytes, DecompressError> {
    let bytes = match codec {
        Codec::NONE if compressed.len() > limit => {
            return Err(DecompressError::TooLarge { codec: "none", limit });
        }
        Codec::NONE => compressed.to_vec(),
        Codec::GZIP => gzip::decompress(compressed, limit)?,
        Codec::SNAPPY => snappy::decompress(compressed, limit)?,
        Codec::LZ4 => lz4::decompress(compressed, limit)?,
        Codec::ZSTD => zstandard::decompress(compressed, limit)?,
        unknown => return Err(DecompressError::UnknownCodec(unknown)),
    };
    Ok(Bytes::from(bytes))
}

/// As [`decompress`], for messages of format 0: their LZ4 frames come with a wrong header checksum.
pub(crate) fn decompress_format_0(
    codec: Codec,
    compressed: &[u8],
    limit: usize,
) -> Result<Bytes, DecompressError> {
    match codec {
        Codec::LZ4 => lz4::decompress_any_header(compressed, limit).map(Bytes::from),
        other => decompress(other, compressed, limit),
    }
}

/// Reads all that a decoder gives, up to the limit. The buffer grows with what was read.
fn read_bounded(codec: &'static str, decoder: impl Read, limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut bytes = Vec::new();
    decoder
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| DecompressError::corrupt(codec, error))?;
    if bytes.len() > limit {
        return Err(DecompressError::TooLarge { codec, limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
