//! Kafka's wire: messages both ways, record batches, compression, framing.

pub mod compression;
pub mod frame;
pub mod messages;
pub mod records;
pub mod varint;
pub mod wire;
