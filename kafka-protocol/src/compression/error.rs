//! Why bytes do not compress or decompress.

use kafka_types::Codec;
use std::fmt;

/// Why bytes could not be compressed: the codec's library found no memory to work with.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{codec} compression failed: {reason}")]
pub struct CompressError {
    codec: &'static str,
    reason: String,
}

impl CompressError {
    pub(super) fn new(codec: &'static str, reason: impl fmt::Display) -> Self {
        CompressError { codec, reason: reason.to_string() }
    }
}

/// Why compressed bytes cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecompressError {
    /// The codec's number has no meaning.
    #[error("unknown compression codec {}: expected 0 to 4", .0.0)]
    UnknownCodec(Codec),
    /// There is more in the bytes than was allowed for.
    #[error("{codec} data decompresses to more than {limit} bytes")]
    TooLarge {
        /// The codec's name.
        codec: &'static str,
        /// How many bytes were allowed.
        limit: usize,
    },
    /// The bytes are not what the codec writes.
    #[error("corrupt {codec} data: {reason}")]
    Corrupt {
        /// The codec's name.
        codec: &'static str,
        /// What the codec says.
        reason: String,
    },
}

impl DecompressError {
    pub(super) fn corrupt(codec: &'static str, reason: impl fmt::Display) -> Self {
        DecompressError::Corrupt { codec, reason: reason.to_string() }
    }
}
