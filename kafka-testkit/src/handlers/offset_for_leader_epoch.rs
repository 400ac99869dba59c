//! OffsetForLeaderEpoch: where a leader's epoch ended (KIP-320).

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use kafka_types::{ErrorCode, Now, TopicPartition};

impl Handle for OffsetForLeaderEpochRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let partitions = self.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|of| (topic.topic.to_string(), Some(of.partition)))
        });
        partitions.collect()
    }

    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<OffsetForLeaderEpochResponse> {
        let mut response = OffsetForLeaderEpochResponse {
            throttle_time_ms: context.throttle_ms(),
            ..OffsetForLeaderEpochResponse::default()
        };
        for topic in &self.topics {
            let one = |wanted| cluster.epoch_end(context, &topic.topic, wanted);
            response.topics.push(OffsetForLeaderTopicResult {
                topic: topic.topic.clone(),
                partitions: topic.partitions.iter().map(one).collect(),
                ..OffsetForLeaderTopicResult::default()
            });
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn epoch_end(
        &self,
        context: &RequestContext,
        topic: &str,
        wanted: &OffsetForLeaderPartition,
    ) -> EpochEndOffset {
        let index = wanted.partition;
        let mut answer = EpochEndOffset { partition: index, ..EpochEndOffset::default() };
        let refusal = context.refusal_of(topic, index).or_else(|| context.failure_of(topic, index));
        let partition = self.partition(&TopicPartition::new(topic, index));
        match (refusal, partition) {
            (Some(refusal), _) => answer.error_code = refusal.error,
            (None, None) => answer.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            (None, Some(partition)) => {
                answer.error_code = partition.check_leader(context.node, wanted.current_leader_epoch);
                let current = partition.leadership.epoch.0;
                let found = partition.log.epoch_end(wanted.leader_epoch, current);
                if let Some((epoch, end)) = found.filter(|_| answer.error_code.is_none()) {
                    (answer.leader_epoch, answer.end_offset) = (epoch, end);
                }
            }
        }
        answer
    }
}
