//! A simulated Kafka cluster for tests of programs that speak Kafka.
//!
//! It speaks the real protocol, byte for byte, and checks what a real broker checks: batches and their checksums,
//! sequences of idempotent producers, leaders and their epochs, sizes, acknowledgements. Producers, consumers with and
//! without groups, and administration tools of any language can talk to it. What real clusters do rarely and at the worst
//! moment happens here on demand: brokers die, freeze and come back, leaders move, answers get lost, late, cut or wrong.
//!
//! There are two ways in. `LoopbackCluster` (feature `loopback`, on by default) listens on sockets of this machine, for
//! programs as they are:
//!
//! ```
//! # #[cfg(feature = "loopback")] {
//! use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig};
//! use std::time::Duration;
//!
//! let config = ClusterConfig::new(3).topic(TopicConfig::new("orders", 6).min_insync_replicas(2));
//! let cluster = LoopbackCluster::start(config)?;
//! // Point the program under test at `cluster.bootstrap_servers()`. Then let things go wrong:
//! cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(2).disconnect_after());
//! cluster.add_rule(Rule::new().api(ApiKey::METADATA).times(1).delay(Duration::from_millis(200)));
//! cluster.stop_broker(1);
//! // … and see what is in the log, and what was asked for.
//! assert!(cluster.records("orders", 0).is_empty());
//! assert_eq!(cluster.with(|cluster, _| cluster.requests().count(ApiKey::PRODUCE)), 0);
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`Cluster`] is the same without sockets, threads or clocks: bytes and the time go in, bytes come out. A simulation
//! drives it, and gets the same run from the same seed.
//!
//! # What it is not
//!
//! - Records are kept in memory, for as long as the cluster lives.
//! - Each partition has one log, which stands for all of its replicas. Followers are so many milliseconds behind
//!   ([`ClusterConfig::replication_delay`]); they have no logs of their own that could differ.
//! - There is no Kerberos, no authorization, no quota. Consumer groups use the classic protocol. Transactions are those of both
//!   versions of the protocol (KIP-98, KIP-890), without two-phase commit; what their coordinators write is read by
//!   [`Cluster::transaction_log`], not from a topic.
//! - A batch stays compressed as it came, whatever the topic's `compression.type`; nothing is compacted or expires.
//! - One check is stricter than a broker's: offsets within an uncompressed batch must count up by one, too.
//!
//! Where to go next: [`ClusterConfig`] and [`TopicConfig`] for what there is, [`Rule`] for what goes wrong; `kafka-cli broker` serves a
//! cluster to programs of any language.

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
mod sasl;
mod topic;
mod topic_properties;
mod transactions;
mod versions;
mod wait;

pub use cluster::{Cluster, ClusterOutput, ConnectionId, LoggedRecord};
pub use config::{BrokerConfig, ClusterConfig, TopicConfig};
pub use kafka_protocol::wire::ApiKey;
pub use kafka_types::ErrorCode;
#[cfg(feature = "tls")]
pub use loopback::{Identity, TlsServer};
#[cfg(feature = "loopback")]
pub use loopback::{LoopbackCluster, LoopbackClusterBuilder};
pub use request_log::{RequestLog, RequestSeen};
pub use rules::{Rule, RuleId};
pub use sasl::{SaslServer, ScramHash};
pub use transactions::{TransactionState, TransactionStatus};
pub use versions::ServedVersions;
