//! Leaders that a Produce response names (KIP-951).

use crate::{Broker, ClusterSnapshot};
use kafka_types::{LeaderEpoch, NodeId, PartitionId};
use std::sync::Arc;

/// `CurrentLeader` of a partition in a Produce response (v10+).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaderHint {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: PartitionId,
    /// `LeaderId`; negative if the broker does not know either.
    pub leader: NodeId,
    /// `LeaderEpoch`; negative if the broker does not know either.
    pub leader_epoch: LeaderEpoch,
}

impl ClusterSnapshot {
    /// Takes over what is newer than what is known, and whose broker is known or among `endpoints`; `None` if nothing is.
    pub(crate) fn with_hints(&self, hints: &[LeaderHint], endpoints: &[Broker]) -> Option<ClusterSnapshot> {
        let mut after = self.clone();
        let mut changed = false;
        for hint in hints {
            let endpoint = endpoints.iter().find(|broker| broker.id == hint.leader);
            let Some(broker) = endpoint.or_else(|| self.brokers.get(&hint.leader)) else { continue };
            let Some(topic) = after.topics.get_mut(&hint.topic) else { continue };
            let index = usize::try_from(hint.partition.0).ok();
            let newer = index
                .and_then(|index| topic.partitions.get(index))
                .is_some_and(|known| hint.leader_epoch > known.leader_epoch);
            if hint.leader.0 < 0 || hint.leader_epoch.0 < 0 || !newer {
                continue;
            }
            after.brokers.insert(broker.id, broker.clone());
            let topic = Arc::make_mut(topic);
            if let Some(partition) = index.and_then(|index| topic.partitions.get_mut(index)) {
                partition.leader = Some(hint.leader);
                partition.leader_epoch = hint.leader_epoch;
                changed = true;
            }
        }
        changed.then(|| {
            after.refresh_available();
            after
        })
    }

    /// Only the bootstrap addresses, and how many partitions each topic had: leaders, epochs and ids are forgotten, for
    /// who answers next may be another cluster.
    pub(crate) fn rebootstrapped(&self, mut bootstrap: ClusterSnapshot) -> ClusterSnapshot {
        bootstrap.topics = self.topics.clone();
        for topic in bootstrap.topics.values_mut() {
            let topic = Arc::make_mut(topic);
            topic.id = kafka_types::TopicId::ZERO;
            for partition in &mut topic.partitions {
                partition.leader = None;
                partition.leader_epoch = LeaderEpoch::UNKNOWN;
            }
        }
        bootstrap.refresh_available();
        bootstrap
    }
}
