//! Kafka's wire: messages both ways, record batches, compression, framing.

pub mod compression;
pub mod records;
pub mod varint;
