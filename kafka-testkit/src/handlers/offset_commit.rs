//! OffsetCommit.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::groups::CommittedOffset;
use crate::request_context::RequestContext;
use kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestTopic, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use kafka_types::{ErrorCode, LeaderEpoch, Now, Offset, TopicPartition};

/// `offset.metadata.max.bytes`.
pub(super) const MAX_METADATA: usize = 4096;
/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 10;

impl Handle for OffsetCommitRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let mut targets = Vec::new();
        for topic in &self.topics {
            let Some(name) = cluster.committed_topic(topic) else { continue };
            targets.extend(topic.partitions.iter().map(|of| (name.clone(), Some(of.partition_index))));
        }
        targets
    }

    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<OffsetCommitResponse> {
        let mut response = OffsetCommitResponse {
            throttle_time_ms: context.throttle_ms(),
            ..OffsetCommitResponse::default()
        };
        let instance = self.group_instance_id.as_deref();
        let checked = cluster.check_coordinator(context, &self.group_id).err().unwrap_or_default();
        let group_error = match checked {
            ErrorCode::NONE => cluster.groups.group_mut(&self.group_id).check_commit(
                now.mono,
                &self.member_id,
                instance,
                self.generation_id_or_member_epoch,
            ),
            error => error,
        };
        for topic in self.topics {
            let name = cluster.committed_topic(&topic);
            let mut answered = OffsetCommitResponseTopic {
                name: topic.name,
                topic_id: topic.topic_id,
                ..OffsetCommitResponseTopic::default()
            };
            for partition in topic.partitions {
                let index = partition.partition_index;
                let metadata = partition.committed_metadata.map(|metadata| metadata.to_string());
                let of = name.as_deref().map(|name| TopicPartition::new(name, index));
                let known = of.filter(|of| cluster.partition(of).is_some());
                let refusal = name.as_deref().and_then(|name| context.refusal_of(name, index));
                let error_code = match (refusal, known) {
                    (Some(refusal), _) => refusal.error,
                    _ if !group_error.is_none() => group_error,
                    (None, None) if name.is_none() && context.version >= TOPIC_IDS => {
                        ErrorCode::UNKNOWN_TOPIC_ID
                    }
                    (None, None) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    _ if metadata.as_ref().is_some_and(|text| text.len() > MAX_METADATA) => {
                        ErrorCode::OFFSET_METADATA_TOO_LARGE
                    }
                    (None, Some(of)) => {
                        let failure = context.failure_of(&of.topic, index);
                        let committed = CommittedOffset {
                            offset: Offset(partition.committed_offset),
                            leader_epoch: LeaderEpoch(partition.committed_leader_epoch),
                            metadata,
                        };
                        cluster.groups.group_mut(&self.group_id).commit(of, committed);
                        failure.map_or(ErrorCode::NONE, |failure| failure.error)
                    }
                };
                answered.partitions.push(OffsetCommitResponsePartition {
                    partition_index: index,
                    error_code,
                    ..OffsetCommitResponsePartition::default()
                });
            }
            response.topics.push(answered);
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn committed_topic(&self, topic: &OffsetCommitRequestTopic) -> Option<String> {
        if topic.topic_id.is_zero() {
            return Some(topic.name.to_string()).filter(|name| !name.is_empty());
        }
        self.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned())
    }
}
