//! An answer merged into what is known.

use crate::interest::Interest;
use crate::{Broker, ClusterSnapshot, PartitionMetadata, TopicMetadata};
use kafka_protocol::messages::MetadataResponse;
use kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_types::{BrokerAddress, ErrorCode, LeaderEpoch, NodeId, TopicId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Leader epochs of older answers are of no use: brokers may have told them before they knew better (KAFKA-9212).
const RELIABLE_EPOCHS: i16 = 9;
/// Brokers list every partition. Where some are missing, this many at most are filled in; an index further away is
/// not believed, so that an answer can't make a table larger than itself.
const MAX_MISSING: usize = 1024;

pub(crate) struct Merged {
    pub(crate) snapshot: ClusterSnapshot,
    /// The answer says something that was not known.
    pub(crate) news: bool,
    /// The answer itself says that it will be out of date soon.
    pub(crate) stale: bool,
}

/// `None` if the answer names no broker that could be connected to.
///
/// Topics that the answer does not mention stay as they are while they are of interest, and so do those with an error
/// that may pass. A partition never goes back to an older leader epoch of the same topic.
pub(crate) fn merge(
    known: &ClusterSnapshot,
    interest: &Interest,
    version: i16,
    response: &MetadataResponse,
) -> Option<Merged> {
    let brokers: BTreeMap<NodeId, Broker> =
        response.brokers.iter().filter_map(broker).map(|broker| (broker.id, broker)).collect();
    if brokers.is_empty() {
        return None;
    }
    let mut snapshot = ClusterSnapshot {
        brokers,
        cluster_id: response.cluster_id.as_deref().map(Arc::from),
        controller: Some(NodeId(response.controller_id)).filter(|id| id.0 >= 0),
        topics: known.topics.clone(),
        topic_errors: known.topic_errors.clone(),
    };
    snapshot.topics.retain(|topic, _| interest.name(topic).is_some());
    snapshot.topic_errors.retain(|topic, _| interest.name(topic).is_some());
    let mut merged = Merged { snapshot, news: false, stale: false };
    for topic in &response.topics {
        // Only answers to requests by id have no name, and those are never made.
        if let Some(name) = topic.name.as_deref().and_then(|name| interest.name(name)) {
            merged.topic(name, topic, version, known.topics.get(name));
        }
    }
    merged.snapshot.refresh_available();
    Some(merged)
}

fn broker(broker: &MetadataResponseBroker) -> Option<Broker> {
    let port = u16::try_from(broker.port).ok().filter(|port| *port > 0)?;
    // Negative ids are those of the bootstrap addresses.
    let usable = broker.node_id >= 0 && !broker.host.is_empty();
    usable.then(|| Broker {
        id: NodeId(broker.node_id),
        address: BrokerAddress::new(&*broker.host, port),
        rack: broker.rack.as_deref().map(Arc::from),
    })
}

impl Merged {
    fn topic(
        &mut self,
        name: &Arc<str>,
        topic: &MetadataResponseTopic,
        version: i16,
        earlier: Option<&Arc<TopicMetadata>>,
    ) {
        if !topic.error_code.is_none() {
            self.stale |= topic.error_code.refreshes_metadata();
            self.snapshot.topic_errors.insert(name.clone(), topic.error_code);
            // The cluster is sure about these; all other errors may pass, and the leaders known so far still serve.
            if matches!(
                topic.error_code,
                ErrorCode::INVALID_TOPIC_EXCEPTION | ErrorCode::TOPIC_AUTHORIZATION_FAILED
            ) {
                self.snapshot.topics.remove(name);
            }
            return;
        }
        self.snapshot.topic_errors.remove(name);
        // An answer that names a topic twice, first to forbid it, does not make it another topic.
        let before = self.snapshot.topics.get(name).or(earlier).cloned();
        let known_id = before.as_ref().map_or(TopicId::ZERO, |before| before.id);
        // Another id is another topic of the same name: nothing that was known holds for it.
        let recreated = !topic.topic_id.is_zero() && topic.topic_id != known_id;
        self.news |= recreated || before.is_none();
        let before = before.filter(|_| !recreated);
        let known: &[PartitionMetadata] = before.as_ref().map_or(&[], |before| &before.partitions);
        let after = TopicMetadata {
            name: name.clone(),
            id: if topic.topic_id.is_zero() { known_id } else { topic.topic_id },
            partitions: self.partitions(known, !topic.topic_id.is_zero(), &topic.partitions, version),
            available: Vec::new(),
        };
        self.snapshot.topics.insert(name.clone(), Arc::new(after));
    }

    fn partitions(
        &mut self,
        known: &[PartitionMetadata],
        same_topic: bool,
        listed: &[MetadataResponsePartition],
        version: i16,
    ) -> Vec<PartitionMetadata> {
        let limit = listed.len() + MAX_MISSING;
        let mut told: Vec<Option<PartitionMetadata>> = Vec::new();
        for partition in listed {
            self.stale |= partition.error_code.refreshes_metadata();
            let Some(index) = usize::try_from(partition.partition_index).ok().filter(|index| *index < limit)
            else {
                continue;
            };
            if told.len() <= index {
                told.resize(index + 1, None);
            }
            let before = told[index].or_else(|| known.get(index).copied());
            told[index] = Some(self.partition(before, partition, version));
        }
        // A topic only ever grows: fewer partitions of the same topic are the view of a broker that lags behind.
        if same_topic && told.len() < known.len() {
            told.resize(known.len(), None);
        }
        let missing =
            PartitionMetadata { leader: None, leader_epoch: LeaderEpoch::UNKNOWN, error: ErrorCode::NONE };
        told.iter()
            .enumerate()
            .map(|(index, told)| {
                self.stale |= told.is_none();
                told.or_else(|| known.get(index).copied())
                    .unwrap_or(PartitionMetadata { error: ErrorCode::LEADER_NOT_AVAILABLE, ..missing })
            })
            .collect()
    }

    fn partition(
        &mut self,
        before: Option<PartitionMetadata>,
        told: &MetadataResponsePartition,
        version: i16,
    ) -> PartitionMetadata {
        let seen = before.map_or(LeaderEpoch::UNKNOWN, |before| before.leader_epoch);
        let reliable = version >= RELIABLE_EPOCHS;
        let epoch = if reliable { LeaderEpoch(told.leader_epoch.max(-1)) } else { LeaderEpoch::UNKNOWN };
        let entry = PartitionMetadata {
            leader: Some(NodeId(told.leader_id)).filter(|id| id.0 >= 0),
            leader_epoch: epoch,
            error: told.error_code,
        };
        match before {
            // Among answers of one version, a missing epoch does not undo what was seen.
            Some(_) if epoch == LeaderEpoch::UNKNOWN && reliable => {
                self.news = true;
                PartitionMetadata { leader_epoch: seen, ..entry }
            }
            Some(before) if reliable && epoch < seen => before,
            _ => {
                self.news |= epoch == LeaderEpoch::UNKNOWN || epoch > seen;
                entry
            }
        }
    }
}

impl ClusterSnapshot {
    /// Brings every topic's `available` up to date with partitions and brokers. Topics without change stay shared.
    pub(crate) fn refresh_available(&mut self) {
        let brokers = &self.brokers;
        for topic in self.topics.values_mut() {
            let available: Vec<i32> = (0..)
                .zip(&topic.partitions)
                .filter(|(_, partition)| partition.leader.is_some_and(|leader| brokers.contains_key(&leader)))
                .map(|(index, _)| index)
                .collect();
            if topic.available != available {
                Arc::make_mut(topic).available = available;
            }
        }
    }
}
