//! Why bytes are no batch.

use crate::compression::{CompressError, DecompressError};
use crate::varint::VarintError;
use kafka_types::{Codec, Offset, Sequence};

/// Why bytes are no record batch, or none that a producer may send.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The bytes end within a batch.
    #[error("a record batch of at least {needed} bytes is cut off after {available}")]
    Truncated {
        /// How many bytes the batch has, as far as is known.
        needed: usize,
        /// How many there are.
        available: usize,
    },
    /// The length field is smaller than any batch can be.
    #[error("a record batch has the impossible length {0}")]
    InvalidLength(i32),
    /// Another format than 2, or none that there is.
    #[error("record batch has the unsupported format {0}")]
    UnsupportedMagic(i8),
    /// The checksum does not match the bytes.
    #[error("record batch is corrupt: the checksum of its records is {computed:#010x}, not {expected:#010x}")]
    ChecksumMismatch {
        /// What it must be, after the header.
        expected: u32,
        /// What the bytes have.
        computed: u32,
    },
    /// Count and last offset disagree, or there are no records.
    #[error("record batch of {record_count} records has the last offset delta {last_offset_delta}")]
    CountMismatch {
        /// The header's count of records.
        record_count: i32,
        /// The header's last offset delta, which must be one less.
        last_offset_delta: i32,
    },
    /// The base offset is not 0: a producer doesn't know it.
    #[error("record batch from a producer has the base offset {0}: expected 0")]
    BaseOffset(Offset),
    /// A control batch, which only brokers write.
    #[error("record batch from a producer is a control batch")]
    ControlBatch,
    /// Timestamps of the broker's clock in a batch that no broker wrote.
    #[error("record batch from a producer claims log append time")]
    LogAppendTime,
    /// A producer id without a sequence.
    #[error("record batch has a producer id and the base sequence {0}: expected 0 or more")]
    MissingSequence(Sequence),
    /// The records do not decompress.
    #[error("the records of a batch do not decompress: {0}")]
    Decompress(#[from] DecompressError),
    /// The records do not compress.
    #[error("the records of a batch do not compress: {0}")]
    Compress(#[from] CompressError),
    /// A record does not parse.
    #[error("record {index} of a batch is invalid: {problem}")]
    InvalidRecord {
        /// The record's place in the batch, from 0.
        index: usize,
        /// What is wrong with it.
        problem: RecordProblem,
    },
    /// Bytes follow the last record.
    #[error("{0} bytes follow the last record of a batch")]
    TrailingBytes(usize),
    /// A compressed message of format 0 or 1 holds another compressed one, or one of another format.
    #[error("a compressed message holds a message of format {magic} with the codec {}", .codec.0)]
    NestedMessage {
        /// The inner message's format.
        magic: i8,
        /// The inner message's codec.
        codec: Codec,
    },
    /// A compressed message of format 0 or 1 without a value has nothing to decompress.
    #[error("a compressed message has no value")]
    EmptyMessage,
}

/// What is wrong with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordProblem {
    /// A number in it does not parse.
    #[error(transparent)]
    Varint(#[from] VarintError),
    /// A length is negative where null is not allowed, or reaches beyond the record.
    #[error("the {field} has the length {length}, but {available} bytes are left")]
    Length {
        /// Which field.
        field: &'static str,
        /// What it says.
        length: i64,
        /// What is there.
        available: usize,
    },
    /// The record's fields take less than its length.
    #[error("{0} bytes of it are left over")]
    LeftOver(usize),
    /// The record's offset is not one more than that of the one before it.
    #[error("its offset delta is {found}: expected {expected}")]
    OffsetDelta {
        /// What it says.
        found: i32,
        /// Its place in the batch.
        expected: i32,
    },
}
