//! A Kafka client's view of the cluster: the snapshot of brokers, topics and leaders, and the machine that refreshes it.
//!
//! Callers hold a [`Metadata`]: they name topics, read snapshots, wait for news. The one owner of the
//! [`MetadataManager`] sends its requests and hands it the answers. Not here: sockets, clocks, and the choice of the
//! broker that is asked.
//!
//! ```
//! use kafka_metadata::{Metadata, MetadataConfig};
//! use kafka_types::{Monotonic, NodeId};
//!
//! let now = Monotonic::from_millis(1);
//! let bootstrap = vec!["localhost:9092".parse()?];
//! let (metadata, mut manager) = Metadata::new(MetadataConfig::default(), bootstrap, 7);
//! assert!(metadata.touch("orders", now));
//!
//! let request = manager.poll_request(now).expect("nothing is known yet");
//! assert_eq!(request.topics.unwrap()[0].name.as_deref(), Some("orders"));
//! assert!(manager.poll_request(now).is_none(), "one at a time");
//! assert_eq!(manager.snapshot().brokers.keys().collect::<Vec<_>>(), [&NodeId(-1)]);
//! # Ok::<(), kafka_types::InvalidBrokerAddress>(())
//! ```
//!
//! Where to go next: `kafka-sender` is the owner that sends the requests, `kafka-producer` the callers that wait.

mod config;
mod error;
mod handle;
mod interest;
mod leader_hint;
mod manager;
mod merge;
mod schedule;
mod shared;
mod snapshot;
mod waiters;

pub use config::MetadataConfig;
pub use error::MetadataError;
pub use handle::{Metadata, MetadataWait};
pub use kafka_types::{BrokerAddress, InvalidBrokerAddress};
pub use leader_hint::LeaderHint;
pub use manager::MetadataManager;
pub use snapshot::{Broker, ClusterSnapshot, PartitionMetadata, TopicMetadata};

#[cfg(test)]
mod tests;
