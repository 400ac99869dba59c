//! Looking at the cluster.

use super::Cluster;
use crate::request_log::RequestLog;
use bytes::Bytes;
use kafka_protocol::records::{BatchHeader, RecordHeader};
use kafka_types::{
    LeaderEpoch, NodeId, Now, Offset, ProducerIdentity, Sequence, Timestamp, TopicId, TopicPartition,
};
use std::collections::BTreeMap;

/// A record as it lies in a partition's log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LoggedRecord {
    /// Its position.
    pub offset: Offset,
    /// Its time: the producer's, or the broker's where the topic says so.
    pub timestamp: Timestamp,
    /// Its key; `None` is null.
    pub key: Option<Bytes>,
    /// Its value; `None` is null.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<RecordHeader>,
    /// Who wrote it.
    pub producer: ProducerIdentity,
    /// Its own sequence, or [`Sequence::NONE`] without a producer id.
    pub sequence: Sequence,
    /// The epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
    /// Whether it was written in a transaction.
    pub transactional: bool,
}

/// Inspection.
impl Cluster {
    /// All records of a partition, in order; those too that followers don't have yet. Empty if there is no such partition.
    pub fn records(&self, of: &TopicPartition) -> Vec<LoggedRecord> {
        let Some(partition) = self.partition(of) else { return Vec::new() };
        let mut records = Vec::new();
        for batch in partition.log.batches() {
            records.extend(batch.records(self.config.max_decompressed_size));
        }
        records
    }

    /// The records of a partition that a `read_committed` consumer gets once followers have all there is: what was written
    /// without a transaction or in a committed one, up to the first that is open.
    pub fn committed_records(&self, of: &TopicPartition) -> Vec<LoggedRecord> {
        let Some(partition) = self.partition(of) else { return Vec::new() };
        let end = partition.log.last_stable_offset(partition.log.end());
        let aborted: Vec<_> = partition.log.transactions.aborted(0, end).collect();
        let mut records = self.records(of);
        records.retain(|record| {
            let offset = record.offset.0;
            let within = |range: &(i64, i64)| (range.0..range.1).contains(&offset);
            let void = |ended: &&&crate::log::EndedTransaction| {
                ended.producer == record.producer.id && within(&(ended.first_offset, ended.marker))
            };
            offset < end && !(record.transactional && aborted.iter().any(|ended| void(&ended)))
        });
        records
    }

    /// The last stable offset of a partition: where `read_committed` consumers stop (KIP-98).
    pub fn last_stable_offset(&self, now: Now, of: &TopicPartition) -> Option<Offset> {
        let log = &self.partition(of)?.log;
        Some(Offset(log.last_stable_offset(log.high_watermark(now.mono))))
    }

    /// The headers of all batches of a partition, in order: sizes, codecs, producers.
    pub fn batches(&self, of: &TopicPartition) -> Vec<BatchHeader> {
        let batches = self.partition(of).map(|partition| partition.log.batches()).unwrap_or_default();
        batches.iter().map(|batch| batch.header).collect()
    }

    /// The offset that the next record of a partition gets.
    pub fn end_offset(&self, of: &TopicPartition) -> Option<Offset> {
        self.partition(of).map(|partition| Offset(partition.log.end()))
    }

    /// Who leads a partition, really.
    pub fn leader(&self, of: &TopicPartition) -> Option<NodeId> {
        self.partition(of)?.leadership.leader
    }

    /// The epoch of a partition's leadership.
    pub fn leader_epoch(&self, of: &TopicPartition) -> Option<LeaderEpoch> {
        self.partition(of).map(|partition| partition.leadership.epoch)
    }

    /// The id of a topic.
    pub fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.topics.get(name).map(|topic| topic.id)
    }

    /// How many partitions a topic has.
    pub fn partition_count(&self, name: &str) -> Option<usize> {
        self.topics.get(name).map(|topic| topic.partitions.len())
    }

    /// The names of all topics, in order.
    pub fn topic_names(&self) -> impl Iterator<Item = &str> {
        self.topics.keys().map(String::as_str)
    }

    /// The brokers' ids, in order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.brokers.keys().copied()
    }

    /// True if a broker is up, frozen or not.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.up.contains(&node)
    }

    /// Where metadata says a broker is.
    pub fn address(&self, node: NodeId) -> Option<(&str, u16)> {
        self.brokers.get(&node).map(|broker| (broker.config.host.as_str(), broker.config.port))
    }

    /// The broker that a connection goes to; `None` once it is closed.
    pub fn connected_to(&self, connection: super::ConnectionId) -> Option<NodeId> {
        self.node_of(connection)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// What clients asked for.
    pub fn requests(&self) -> &RequestLog {
        &self.requests
    }

    /// The offsets that a consumer group committed.
    pub fn committed(&self, group: &str) -> BTreeMap<TopicPartition, Offset> {
        self.groups.committed(group)
    }
}
