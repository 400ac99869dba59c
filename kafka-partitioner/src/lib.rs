//! Which partition a record goes to: the [`Partitioner`] seam of a Kafka producer, and Kafka's own partitioners.
//!
//! - [`DefaultPartitioner`]: records with a key by the key's [`murmur2`] hash, as every Kafka client does; records
//!   without one stay on a partition for a batch's worth of bytes, then move on, away from long queues (KIP-794).
//! - [`RoundRobinPartitioner`]: one partition after the other, whatever the key.
//! - [`LibrdkafkaPartitioner`]: by CRC-32, FNV-1a or murmur2, as each of librdkafka's partitioners does.
//!
//! Not here: queues, metadata, time. A partitioner sees a [`TopicView`] that its caller made, and depends on nothing.
//!
//! ```
//! use kafka_partitioner::{DefaultPartitioner, Partitioner, StickyState, TopicView};
//!
//! let state = StickyState::new(42); // one per topic
//! let topic = TopicView {
//!     name: "orders",
//!     partition_count: 10,
//!     available: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
//!     local: &[],
//!     loads: None,
//!     state: &state,
//! };
//! let partitioner = DefaultPartitioner::default();
//! assert_eq!(partitioner.partition(&topic, Some(b"foobar")), 6); // as in any other client
//! let sticky = partitioner.partition(&topic, None);
//! assert_eq!(partitioner.partition(&topic, None), sticky); // until a batch is full
//! ```
//!
//! Where to go next: [`Partitioner`] is what a program writes; `kafka-producer` takes it in its builder.

mod crc32;
mod default_partitioner;
mod fnv1a;
mod librdkafka;
mod loads;
mod murmur2;
mod partitioner;
mod round_robin;
mod sticky;

pub use crc32::crc32;
pub use default_partitioner::{DefaultPartitioner, DefaultPartitionerConfig};
pub use fnv1a::fnv1a;
pub use librdkafka::{HashedBy, LibrdkafkaPartitioner, UnknownPartitioner};
pub use loads::{PartitionLoads, TopicQueueLengths};
pub use murmur2::{murmur2, partition_for_key};
pub use partitioner::{Appended, Partitioner, TopicView};
pub use round_robin::RoundRobinPartitioner;
pub use sticky::StickyState;
