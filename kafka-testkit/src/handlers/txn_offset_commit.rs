//! TxnOffsetCommit: offsets that count once their transaction is committed.

use super::offset_commit::MAX_METADATA;
use super::{Handle, Handled};
use crate::cluster::{Cluster, EnlistSupport, Enlisted};
use crate::groups::CommittedOffset;
use crate::request_context::RequestContext;
use kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestTopic, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use kafka_types::{
    ErrorCode, LeaderEpoch, Now, Offset, ProducerEpoch, ProducerId, ProducerIdentity, TopicPartition,
};

/// From this version on `TRANSACTION_ABORTABLE` is understood, and from the next on committing adds the group (KIP-890).
const ABORTABLE: i16 = 4;
const ADDS: i16 = 5;
/// From this version on topics are named by id (KIP-1319).
const TOPIC_IDS: i16 = 6;

impl Handle for TxnOffsetCommitRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let mut targets = Vec::new();
        for topic in &self.topics {
            let Some(name) = cluster.txn_committed_topic(topic) else { continue };
            targets.extend(topic.partitions.iter().map(|of| (name.clone(), Some(of.partition_index))));
        }
        targets
    }

    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<TxnOffsetCommitResponse> {
        let mut response = TxnOffsetCommitResponse {
            throttle_time_ms: context.throttle_ms(),
            ..TxnOffsetCommitResponse::default()
        };
        let producer =
            ProducerIdentity { id: ProducerId(self.producer_id), epoch: ProducerEpoch(self.producer_epoch) };
        let checked = cluster.check_txn_commit(now, context, &self, producer).err();
        for topic in self.topics {
            let name = cluster.txn_committed_topic(&topic);
            let mut answered = TxnOffsetCommitResponseTopic {
                name: topic.name,
                topic_id: topic.topic_id,
                ..TxnOffsetCommitResponseTopic::default()
            };
            for partition in topic.partitions {
                let index = partition.partition_index;
                let metadata = partition.committed_metadata.map(|metadata| metadata.to_string());
                let of = name.as_deref().map(|name| TopicPartition::new(name, index));
                let known = of.filter(|of| cluster.partition(of).is_some());
                let refusal = name.as_deref().and_then(|name| context.refusal_of(name, index));
                let error_code = match (refusal, checked, known) {
                    (Some(refusal), ..) => refusal.error,
                    (None, Some(error), _) => error,
                    (None, None, None) if name.is_none() && context.version >= TOPIC_IDS => {
                        ErrorCode::UNKNOWN_TOPIC_ID
                    }
                    (None, None, None) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    _ if metadata.as_ref().is_some_and(|text| text.len() > MAX_METADATA) => {
                        ErrorCode::OFFSET_METADATA_TOO_LARGE
                    }
                    (None, None, Some(of)) => {
                        let failure = context.failure_of(&of.topic, index);
                        let committed = CommittedOffset {
                            offset: Offset(partition.committed_offset),
                            leader_epoch: LeaderEpoch(partition.committed_leader_epoch),
                            metadata,
                        };
                        cluster.groups.group_mut(&self.group_id).commit_later(producer.id, of, committed);
                        failure.map_or(ErrorCode::NONE, |failure| failure.error)
                    }
                };
                answered.partitions.push(TxnOffsetCommitResponsePartition {
                    partition_index: index,
                    error_code,
                    ..TxnOffsetCommitResponsePartition::default()
                });
            }
            response.topics.push(answered);
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn check_txn_commit(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &TxnOffsetCommitRequest,
        producer: ProducerIdentity,
    ) -> Result<(), ErrorCode> {
        self.check_coordinator(context, &request.group_id)?;
        let group = self.groups.group_mut(&request.group_id);
        let error = group.check_transactional_commit(
            now.mono,
            &request.member_id,
            request.group_instance_id.as_deref(),
            request.generation_id_or_member_epoch,
        );
        if !error.is_none() {
            return Err(error);
        }
        let support = match context.version {
            ADDS.. => EnlistSupport::Add,
            ABORTABLE => EnlistSupport::VerifyAbortable,
            _ => EnlistSupport::Verify,
        };
        let group = Enlisted::Group(&request.group_id);
        self.enlist(now, &request.transactional_id, producer, group, support)
    }

    fn txn_committed_topic(&self, topic: &TxnOffsetCommitRequestTopic) -> Option<String> {
        if topic.topic_id.is_zero() {
            return Some(topic.name.to_string()).filter(|name| !name.is_empty());
        }
        self.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned())
    }
}
