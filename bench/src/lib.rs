//! What the programs that measure the Kafka producer share.

pub mod failures;
pub mod meter;
pub mod process;
pub mod values;
