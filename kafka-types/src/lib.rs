//! The words that every crate of the producer shares: topic, partition, record, headers, error codes, compression,
//! time as an argument, and the [`Serializer`] seam.
//!
//! Not here: anything that acts. The wire is in `kafka-protocol`, the producer in `kafka-producer`.
//!
//! ```
//! use kafka_types::{ErrorCode, ProducerRecord, TopicPartition};
//!
//! let record = ProducerRecord::new("orders").key("customer-7").value("3 apples").header("trace", "abc");
//! assert_eq!(record.headers.len(), 1);
//! assert_eq!(TopicPartition::new("orders", 3).to_string(), "orders-3");
//! assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_retriable());
//! ```
//!
//! Where to go next: [`ProducerRecord`] and [`Serializer`] for programs that send; [`ErrorCode`] for what brokers answer.

mod acks;
mod backoff;
mod broker_address;
mod compression;
mod error_code;
mod header;
mod identity;
mod ids;
mod record;
mod record_metadata;
mod serializer;
mod split_mix;
mod time;
mod topic_partition;

pub use acks::{Acks, UnknownAcks};
pub use backoff::ExponentialBackoff;
pub use broker_address::{BrokerAddress, InvalidBrokerAddress};
pub use compression::{
    Codec, Compression, GzipLevel, LevelOutOfRange, Lz4Level, UnknownCompression, ZstdLevel,
};
pub use error_code::ErrorCode;
pub use header::{Header, IntoHeaderValue};
pub use identity::{ProducerEpoch, ProducerId, ProducerIdentity, Sequence};
pub use ids::{LeaderEpoch, NodeId, Offset, PartitionId, TopicId};
pub use record::{Absent, Present, ProducerRecord};
pub use record_metadata::{Placed, RecordMetadata};
pub use serializer::{
    BytesSerializer, Payload, RecordPart, SerializationError, SerializeContext, Serializer,
};
pub use split_mix::SplitMix64;
pub use time::{Monotonic, Now, Timestamp, rounded};
pub use topic_partition::TopicPartition;
