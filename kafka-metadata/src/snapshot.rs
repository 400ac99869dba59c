//! What is known of the cluster at one moment.

use kafka_types::{BrokerAddress, ErrorCode, LeaderEpoch, NodeId, PartitionId, TopicId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Brokers, topics and leaders as the last responses told them. It never changes; news make another one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClusterSnapshot {
    /// The brokers by node id; the bootstrap addresses, with ids from -1 downwards, until a broker has answered.
    pub brokers: BTreeMap<NodeId, Broker>,
    /// The cluster's id, where brokers tell it (Metadata v2+).
    pub cluster_id: Option<Arc<str>>,
    /// The controller, where brokers tell it (Metadata v1+).
    pub controller: Option<NodeId>,
    pub(crate) topics: BTreeMap<Arc<str>, Arc<TopicMetadata>>,
    pub(crate) topic_errors: BTreeMap<Arc<str>, ErrorCode>,
}

impl ClusterSnapshot {
    pub(crate) fn bootstrap(addresses: &[BrokerAddress]) -> ClusterSnapshot {
        let ids = (1..).map(|number: i32| NodeId(-number));
        let brokers = ids.zip(addresses).map(|(id, address)| {
            let broker = Broker { id, address: address.clone(), rack: None };
            (id, broker)
        });
        ClusterSnapshot { brokers: brokers.collect(), ..ClusterSnapshot::default() }
    }

    /// A topic, if its partitions are known. They stay known while the cluster answers with errors that may pass.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicMetadata>> {
        self.topics.get(name)
    }

    /// All topics whose partitions are known, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicMetadata>> {
        self.topics.values()
    }

    /// The error that the last answer about this topic carried.
    pub fn topic_error(&self, name: &str) -> Option<ErrorCode> {
        self.topic_errors.get(name).copied()
    }

    /// A partition, if it is known.
    pub fn partition(&self, topic: &str, partition: PartitionId) -> Option<&PartitionMetadata> {
        self.topic(topic)?.partition(partition)
    }

    /// The leader of a partition, if it has one and the cluster lists that broker.
    pub fn leader(&self, topic: &str, partition: PartitionId) -> Option<&Broker> {
        self.brokers.get(&self.partition(topic, partition)?.leader?)
    }

    /// True while only bootstrap addresses are known: no broker has answered, or all was forgotten.
    pub fn is_bootstrap(&self) -> bool {
        self.brokers.keys().all(|id| id.0 < 0)
    }
}

/// A broker, where it advertises to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broker {
    /// `node.id`; negative for a bootstrap address.
    pub id: NodeId,
    /// Host and port.
    pub address: BrokerAddress,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
}

/// A topic's partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicMetadata {
    /// The name.
    pub name: Arc<str>,
    /// The id (KIP-516); zero if brokers don't tell it (before Metadata v10).
    pub id: TopicId,
    /// All partitions: the position is the index.
    pub partitions: Vec<PartitionMetadata>,
    /// Indexes of those whose leader is known, ascending.
    pub available: Vec<i32>,
}

impl TopicMetadata {
    /// A partition, if there is one with this index.
    pub fn partition(&self, partition: PartitionId) -> Option<&PartitionMetadata> {
        self.partitions.get(usize::try_from(partition.0).ok()?)
    }
}

/// A partition's leadership.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionMetadata {
    /// The leader; `None` while there is none.
    pub leader: Option<NodeId>,
    /// The leadership's generation (KIP-320); [`LeaderEpoch::UNKNOWN`] if brokers don't tell it reliably (before
    /// Metadata v9).
    pub leader_epoch: LeaderEpoch,
    /// The partition's error in the answer that this entry is from.
    pub error: ErrorCode,
}
