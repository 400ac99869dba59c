//! OffsetFetch: what groups committed.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::groups::{CommittedOffset, Group};
use crate::request_context::RequestContext;
use kafka_protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use kafka_types::{ErrorCode, Now, TopicPartition};

/// From this version on several groups are asked for at once (KIP-709).
const BATCHED: i16 = 8;
/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 10;

impl Handle for OffsetFetchRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<OffsetFetchResponse> {
        let mut response =
            OffsetFetchResponse { throttle_time_ms: context.throttle_ms(), ..OffsetFetchResponse::default() };
        if context.version >= BATCHED {
            let stable = self.require_stable;
            let groups = self.groups.iter();
            response.groups = groups.map(|group| cluster.fetch_offsets(context, stable, group)).collect();
            return Handled::Answer(response);
        }
        let by_name = |topic: kafka_protocol::messages::offset_fetch::OffsetFetchRequestTopic| {
            OffsetFetchRequestTopics {
                name: topic.name,
                partition_indexes: topic.partition_indexes,
                ..OffsetFetchRequestTopics::default()
            }
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.group_id,
            topics: self.topics.map(|topics| topics.into_iter().map(by_name).collect()),
            ..OffsetFetchRequestGroup::default()
        };
        let found = cluster.fetch_offsets(context, self.require_stable, &group);
        response.error_code = found.error_code;
        response.topics = found.topics.into_iter().map(single_group).collect();
        Handled::Answer(response)
    }
}

impl Cluster {
    fn fetch_offsets(
        &self,
        context: &RequestContext,
        require_stable: bool,
        wanted: &OffsetFetchRequestGroup,
    ) -> OffsetFetchResponseGroup {
        let mut answer = OffsetFetchResponseGroup {
            group_id: wanted.group_id.clone(),
            ..OffsetFetchResponseGroup::default()
        };
        let checked = self.check_coordinator(context, &wanted.group_id).err();
        if let Some(error) = checked.or_else(|| context.failure().map(|failure| failure.error)) {
            answer.error_code = error;
            return answer;
        }
        answer.topics = match &wanted.topics {
            Some(topics) => {
                topics.iter().map(|topic| self.offsets_of(context, &wanted.group_id, topic)).collect()
            }
            None => self.all_offsets(&wanted.group_id),
        };
        if let (true, Some(group)) = (require_stable, self.groups.group(&wanted.group_id)) {
            mark_unstable(group, &mut answer.topics, |topic| match topic.topic_id.is_zero() {
                true => Some(topic.name.to_string()),
                false => self.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned()),
            });
        }
        answer
    }

    fn offsets_of(
        &self,
        context: &RequestContext,
        group: &str,
        wanted: &OffsetFetchRequestTopics,
    ) -> OffsetFetchResponseTopics {
        let name = match context.version {
            TOPIC_IDS.. => self.topic_by_id(wanted.topic_id).map(|(name, _)| name),
            _ => Some(wanted.name.as_str()),
        };
        let offsets = self.groups.group(group).map(|group| group.offsets());
        let one = |index: &i32| match name {
            Some(name) => {
                let committed = offsets.and_then(|offsets| offsets.get(&TopicPartition::new(name, *index)));
                describe(*index, committed)
            }
            None => OffsetFetchResponsePartitions {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                ..describe(*index, None)
            },
        };
        OffsetFetchResponseTopics {
            name: wanted.name.clone(),
            topic_id: wanted.topic_id,
            partitions: wanted.partition_indexes.iter().map(one).collect(),
            ..OffsetFetchResponseTopics::default()
        }
    }

    fn all_offsets(&self, group: &str) -> Vec<OffsetFetchResponseTopics> {
        let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
        let offsets = self.groups.group(group).map(|group| group.offsets());
        // In order of topic, so that those of one topic follow each other.
        for (of, committed) in offsets.into_iter().flatten() {
            if topics.last().is_none_or(|last| last.name.as_str() != of.topic.as_ref()) {
                topics.push(OffsetFetchResponseTopics {
                    name: of.topic.as_ref().into(),
                    topic_id: self.topic_id(&of.topic).unwrap_or_default(),
                    ..OffsetFetchResponseTopics::default()
                });
            }
            if let Some(topic) = topics.last_mut() {
                topic.partitions.push(describe(of.partition.0, Some(committed)));
            }
        }
        topics
    }
}

/// Whether an open transaction will change an offset is not known yet: the client is to ask again (KIP-447).
fn mark_unstable(
    group: &Group,
    topics: &mut [OffsetFetchResponseTopics],
    name: impl Fn(&OffsetFetchResponseTopics) -> Option<String>,
) {
    for topic in topics {
        let name = name(topic);
        for partition in &mut topic.partitions {
            let of = name.as_deref().map(|name| TopicPartition::new(name, partition.partition_index));
            if of.is_some_and(|of| group.is_pending(&of)) {
                *partition = OffsetFetchResponsePartitions {
                    error_code: ErrorCode::UNSTABLE_OFFSET_COMMIT,
                    ..describe(partition.partition_index, None)
                };
            }
        }
    }
}

/// Nothing committed is offset -1, and no error.
fn describe(index: i32, committed: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: committed.map_or(-1, |committed| committed.offset.0),
        committed_leader_epoch: committed.map_or(-1, |committed| committed.leader_epoch.0),
        metadata: Some(
            committed.and_then(|committed| committed.metadata.as_deref()).unwrap_or_default().into(),
        ),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// The form that versions for one group have.
fn single_group(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let one = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
        ..OffsetFetchResponsePartition::default()
    };
    OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(one).collect(),
        ..OffsetFetchResponseTopic::default()
    }
}
