//! A simulated Kafka cluster.

mod append;
mod broker;
mod cluster;
mod config;
mod connection;
mod groups;
mod handlers;
mod log;
#[cfg(feature = "loopback")]
mod loopback;
mod producer_state;
mod random;
mod request_context;
mod request_log;
mod rules;
mod topic;
mod topic_properties;
mod versions;
mod wait;

pub use cluster::{Cluster, ClusterOutput, ConnectionId, LoggedRecord};
pub use config::{BrokerConfig, ClusterConfig, TopicConfig};
pub use kafka_protocol::wire::ApiKey;
pub use kafka_types::ErrorCode;
#[cfg(feature = "loopback")]
pub use loopback::{LoopbackCluster, LoopbackClusterBuilder};
pub use request_log::{RequestLog, RequestSeen};
pub use rules::{Rule, RuleId};
pub use versions::ServedVersions;
