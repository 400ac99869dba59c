//! What a cluster looks like when it starts.

use crate::sasl::SaslServer;
use crate::versions::ServedVersions;
use kafka_protocol::records::TimestampType;
use kafka_types::NodeId;
use std::time::Duration;

/// A cluster to be simulated: its brokers, its topics, and what applies to all of them.
///
/// ```
/// use kafka_testkit::{ClusterConfig, TopicConfig};
/// use std::time::Duration;
///
/// let config = ClusterConfig::new(3)
///     .topic(TopicConfig::new("orders", 6).min_insync_replicas(2))
///     .failover_delay(Duration::from_millis(500))
///     .seed(7);
/// assert_eq!(config.brokers.len(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The cluster's id. Default: `simulated-cluster`.
    pub cluster_id: String,
    /// The brokers, with ids from 1 on unless changed.
    pub brokers: Vec<BrokerConfig>,
    /// The topics that exist from the start.
    pub topics: Vec<TopicConfig>,
    /// `auto.create.topics.enable`: a Metadata request that allows it creates unknown topics. Default: true.
    pub auto_create_topics: bool,
    /// `num.partitions` of topics that are created without saying. Default: 1.
    pub default_partitions: u32,
    /// `default.replication.factor`; capped by the number of brokers. Default: 3.
    pub default_replication_factor: u16,
    /// `message.max.bytes`: the largest batch, compressed as it is. Default: 1,048,588, as Kafka's.
    pub max_message_bytes: usize,
    /// `socket.request.max.bytes`: a longer request closes its connection. Default: 100 MiB.
    pub max_request_size: usize,
    /// How much a batch may decompress to. Default: 256 MiB.
    pub max_decompressed_size: usize,
    /// How long after a broker stopped its partitions get new leaders. Default: none.
    pub failover_delay: Duration,
    /// How long brokers go on naming the old leader in their metadata. Default: none.
    pub metadata_delay: Duration,
    /// How long until followers have what the leader appended: so long `acks=all` waits, and what is younger may be lost
    /// with the leader (seeded: any number of the youngest batches). Default: none, and nothing is ever lost.
    pub replication_delay: Duration,
    /// The epoch of new producer ids. Default: 0; close to 32,767 it shows what a client does when epochs are used up.
    pub first_producer_epoch: i16,
    /// The finalized level of the feature `transaction.version`: 0 and 1 are transactions of KIP-98, in which clients add
    /// partitions before they write; 2 is KIP-890, with an epoch for each transaction. Default: 2, as Kafka 4 has it.
    pub transaction_version: i16,
    /// `transaction.max.timeout.ms`: a longer `transaction.timeout.ms` is refused. Default: 15 minutes.
    pub transaction_max_timeout: Duration,
    /// How long after a transaction was decided its coordinator begins to write markers. Meanwhile the next transaction is
    /// answered `CONCURRENT_TRANSACTIONS`. Default: none.
    pub transaction_marker_delay: Duration,
    /// `group.initial.rebalance.delay.ms`: how long the first member of a group waits for others. Default: none.
    pub group_initial_rebalance_delay: Duration,
    /// Who may connect, and how they say who they are. Default: `None`, anybody.
    pub sasl: Option<SaslServer>,
    /// Where ids and the choice of what is lost come from: the same seed and the same input give the same output.
    pub seed: u64,
}

impl ClusterConfig {
    /// A cluster of this many brokers with Kafka's defaults, no topics, and topics made when asked for.
    pub fn new(brokers: u32) -> Self {
        ClusterConfig {
            cluster_id: "simulated-cluster".to_owned(),
            brokers: (1..=brokers as i32).map(|id| BrokerConfig::new(NodeId(id))).collect(),
            topics: Vec::new(),
            auto_create_topics: true,
            default_partitions: 1,
            default_replication_factor: 3,
            max_message_bytes: 1_048_588,
            max_request_size: 100 * 1024 * 1024,
            max_decompressed_size: 256 * 1024 * 1024,
            failover_delay: Duration::ZERO,
            metadata_delay: Duration::ZERO,
            replication_delay: Duration::ZERO,
            first_producer_epoch: 0,
            transaction_version: 2,
            transaction_max_timeout: Duration::from_secs(15 * 60),
            transaction_marker_delay: Duration::ZERO,
            group_initial_rebalance_delay: Duration::ZERO,
            sasl: None,
            seed: 0,
        }
    }

    /// Adds a topic.
    #[must_use]
    pub fn topic(mut self, topic: TopicConfig) -> Self {
        self.topics.push(topic);
        self
    }

    /// Whether unknown topics are created when somebody asks for them.
    #[must_use]
    pub fn auto_create_topics(mut self, on: bool) -> Self {
        self.auto_create_topics = on;
        self
    }

    /// How many partitions topics get that are created without saying.
    #[must_use]
    pub fn default_partitions(mut self, partitions: u32) -> Self {
        self.default_partitions = partitions;
        self
    }

    /// Who may connect, and how they say who they are.
    #[must_use]
    pub fn sasl(mut self, sasl: SaslServer) -> Self {
        self.sasl = Some(sasl);
        self
    }

    /// How long after a broker stopped its partitions get new leaders.
    #[must_use]
    pub fn failover_delay(mut self, delay: Duration) -> Self {
        self.failover_delay = delay;
        self
    }

    /// How long brokers go on naming the old leader in their metadata.
    #[must_use]
    pub fn metadata_delay(mut self, delay: Duration) -> Self {
        self.metadata_delay = delay;
        self
    }

    /// How long until followers have what the leader appended.
    #[must_use]
    pub fn replication_delay(mut self, delay: Duration) -> Self {
        self.replication_delay = delay;
        self
    }

    /// The epoch that new producer ids begin with.
    #[must_use]
    pub fn first_producer_epoch(mut self, epoch: i16) -> Self {
        self.first_producer_epoch = epoch;
        self
    }

    /// The finalized level of the feature `transaction.version`.
    #[must_use]
    pub fn transaction_version(mut self, level: i16) -> Self {
        self.transaction_version = level;
        self
    }

    /// How long after a transaction was decided its coordinator begins to write markers.
    #[must_use]
    pub fn transaction_marker_delay(mut self, delay: Duration) -> Self {
        self.transaction_marker_delay = delay;
        self
    }

    /// The seed of all that is random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The versions that every broker serves, for instance to look like an older Kafka.
    #[must_use]
    pub fn served_versions(mut self, versions: ServedVersions) -> Self {
        for broker in &mut self.brokers {
            broker.versions = versions.clone();
        }
        self
    }
}

/// A broker.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Its id.
    pub node: NodeId,
    /// The host that metadata names. Default: `broker-<id>`.
    pub host: String,
    /// The port that metadata names. Default: 9092.
    pub port: u16,
    /// Its rack (`broker.rack`). Default: none.
    pub rack: Option<String>,
    /// Which requests it serves. Default: all that this crate can.
    pub versions: ServedVersions,
}

impl BrokerConfig {
    /// A broker of this id.
    pub fn new(node: NodeId) -> Self {
        BrokerConfig {
            node,
            host: format!("broker-{node}"),
            port: 9092,
            rack: None,
            versions: ServedVersions::default(),
        }
    }
}

/// A topic.
#[derive(Clone, Debug)]
pub struct TopicConfig {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many brokers keep each partition; `None` is the cluster's default. Capped by the number of brokers.
    pub replication_factor: Option<u16>,
    /// `max.message.bytes`; `None` is the cluster's `message.max.bytes`.
    pub max_message_bytes: Option<usize>,
    /// `min.insync.replicas`: with fewer replicas up, `acks=all` is refused. Default: 1.
    pub min_insync_replicas: u16,
    /// `message.timestamp.type`. Default: the producer's time.
    pub timestamp_type: TimestampType,
    /// `cleanup.policy=compact`: every record must have a key. Nothing is really compacted. Default: false.
    pub compacted: bool,
    /// `message.timestamp.before.max.ms`: how old a record may be. Default: `None`, any age.
    pub timestamp_before_max: Option<Duration>,
    /// `message.timestamp.after.max.ms`: how far ahead of the broker's clock a record may be. Default: one hour.
    pub timestamp_after_max: Option<Duration>,
}

impl TopicConfig {
    /// A topic with Kafka's defaults.
    pub fn new(name: impl Into<String>, partitions: u32) -> Self {
        TopicConfig {
            name: name.into(),
            partitions,
            replication_factor: None,
            max_message_bytes: None,
            min_insync_replicas: 1,
            timestamp_type: TimestampType::CreateTime,
            compacted: false,
            timestamp_before_max: None,
            timestamp_after_max: Some(Duration::from_secs(60 * 60)),
        }
    }

    /// How many brokers keep each partition.
    #[must_use]
    pub fn replication_factor(mut self, replicas: u16) -> Self {
        self.replication_factor = Some(replicas);
        self
    }

    /// How many replicas must be up for `acks=all`.
    #[must_use]
    pub fn min_insync_replicas(mut self, replicas: u16) -> Self {
        self.min_insync_replicas = replicas;
        self
    }

    /// The largest batch, in bytes.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }

    /// Records get the broker's time.
    #[must_use]
    pub fn log_append_time(mut self) -> Self {
        self.timestamp_type = TimestampType::LogAppendTime;
        self
    }

    /// Records need keys.
    #[must_use]
    pub fn compacted(mut self) -> Self {
        self.compacted = true;
        self
    }
}
