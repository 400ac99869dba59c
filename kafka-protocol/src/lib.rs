//! Kafka's wire: messages both ways, record batches, compression, framing.

pub mod varint;
