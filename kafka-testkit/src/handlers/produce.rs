//! Produce: batches are checked and appended.

mod transaction;

use super::{Handle, Handled};
use crate::append::{AppendRules, Appended, Refusal};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::wait::{Replicating, ReplicatingPartition, Waiting};
use bytes::Bytes;
use kafka_protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_types::{Acks, ErrorCode, Now, TopicPartition};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS: i16 = 13;
/// From this version on an answer may say who leads now (KIP-951).
const LEADER_HINTS: i16 = 10;

impl Handle for ProduceRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let mut targets = Vec::new();
        for data in &self.topic_data {
            let Some(name) = cluster.produced_topic(data) else { continue };
            targets.extend(data.partition_data.iter().map(|of| (name.to_string(), Some(of.index))));
        }
        targets
    }

    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<ProduceResponse> {
        let acks = [Acks::None, Acks::Leader, Acks::All].into_iter().find(|acks| acks.value() == self.acks);
        let mut response =
            ProduceResponse { throttle_time_ms: context.throttle_ms(), ..ProduceResponse::default() };
        let transactional_id = self.transactional_id.map(|id| id.to_string());
        let mut replicating = Vec::new();
        for data in self.topic_data {
            let name = cluster.produced_topic(&data);
            let mut answered = TopicProduceResponse {
                name: data.name,
                topic_id: data.topic_id,
                ..TopicProduceResponse::default()
            };
            for partition in data.partition_data {
                let index = partition.index;
                let Some(name) = &name else {
                    let error = match context.version {
                        TOPIC_IDS.. => ErrorCode::UNKNOWN_TOPIC_ID,
                        _ => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    };
                    answered.partition_responses.push(refused(index, error.into()));
                    continue;
                };
                let of = TopicPartition::new(Arc::clone(name), index);
                let records = partition.records.map(|records| records.into_bytes());
                let outcome = cluster.produce(now, context, acks, transactional_id.as_deref(), &of, records);
                let found = cluster.partition(&of);
                if let (Ok(appended), Some(found), Some(Acks::All)) = (&outcome, found, acks)
                    && found.log.high_watermark(now.mono) < appended.end_offset
                {
                    replicating.push(ReplicatingPartition {
                        topic_id: cluster.topic_id(&of.topic),
                        of,
                        place: (response.responses.len(), answered.partition_responses.len()),
                        end: appended.end_offset,
                        epoch: found.leadership.epoch,
                    });
                }
                let log_start = found.map_or(-1, |found| found.log.start());
                answered.partition_responses.push(match outcome {
                    Ok(appended) => accepted(index, &appended, log_start),
                    Err(refusal) => refused(index, refusal),
                });
            }
            response.responses.push(answered);
        }
        if acks == Some(Acks::None) {
            // Nobody waits for an answer: closing the connection is all a broker can do to report an error.
            let mut partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
            let failed = partitions.any(|partition| !partition.error_code.is_none());
            return if failed { Handled::Close } else { Handled::Unanswered };
        }
        if replicating.is_empty() {
            cluster.add_leader_hints(context.version, &mut response);
            return Handled::Answer(response);
        }
        let timeout = Duration::from_millis(u64::try_from(self.timeout_ms).unwrap_or(0));
        let until = now.mono + timeout;
        Handled::Wait(Waiting::Replication(Replicating { response, partitions: replicating, until }))
    }
}

impl Cluster {
    fn produced_topic(&self, data: &TopicProduceData) -> Option<Arc<str>> {
        if data.topic_id.is_zero() {
            let (name, _) = self.topics.get_key_value(data.name.as_str())?;
            return Some(Arc::from(name.as_str()));
        }
        self.topic_by_id(data.topic_id).map(|(name, _)| Arc::from(name))
    }

    /// Checks and appends, with what rules say before and after.
    fn produce(
        &mut self,
        now: Now,
        context: &RequestContext,
        acks: Option<Acks>,
        transactional_id: Option<&str>,
        of: &TopicPartition,
        records: Option<Bytes>,
    ) -> Result<Appended, Refusal> {
        if let Some(refusal) = context.refusal_of(&of.topic, of.partition.0) {
            return Err(refusal);
        }
        let appended = self.append(now, context, acks, transactional_id, of, records)?;
        match context.failure_of(&of.topic, of.partition.0) {
            Some(failure) => Err(failure),
            None => Ok(appended),
        }
    }

    fn append(
        &mut self,
        now: Now,
        context: &RequestContext,
        acks: Option<Acks>,
        transactional_id: Option<&str>,
        of: &TopicPartition,
        records: Option<Bytes>,
    ) -> Result<Appended, Refusal> {
        let acks = acks.ok_or(ErrorCode::INVALID_REQUIRED_ACKS)?;
        let replicated_at = now.mono + self.config.replication_delay;
        let partition = self.partition(of).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if partition.leadership.leader != Some(context.node) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
        }
        self.check_transaction(now, context, transactional_id, of, records.as_ref())?;
        let topic = self.topics.get(of.topic.as_ref()).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let partition = self.partition(of).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let in_sync = partition.in_sync(&self.up).count();
        if acks == Acks::All && in_sync < usize::from(topic.config.min_insync_replicas) {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
        }
        let rules = AppendRules {
            topic,
            max_message_bytes: topic.config.max_message_bytes.unwrap_or(self.config.max_message_bytes),
            max_decompressed_size: self.config.max_decompressed_size,
            version: context.version,
        };
        let batch = rules.check(records, now)?;
        let partition = self.partition_mut(of).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let epoch = partition.leadership.epoch;
        batch.append_to(&mut partition.log, epoch, replicated_at)
    }

    /// Says who leads now where this broker does not any more, and where to find them (KIP-951).
    pub(crate) fn add_leader_hints(&self, version: i16, response: &mut ProduceResponse) {
        if version < LEADER_HINTS {
            return;
        }
        let mut leaders = BTreeSet::new();
        for answered in &mut response.responses {
            let by_id = self.topic_by_id(answered.topic_id).map(|(_, topic)| topic);
            let Some(topic) = by_id.or_else(|| self.topics.get(answered.name.as_str())) else { continue };
            for refused in &mut answered.partition_responses {
                if refused.error_code != ErrorCode::NOT_LEADER_OR_FOLLOWER {
                    continue;
                }
                let index = usize::try_from(refused.index).ok();
                let partition = index.and_then(|index| topic.partitions.get(index));
                let leadership = partition.map(|partition| partition.leadership);
                let Some((leader, epoch)) = leadership.and_then(|now| Some((now.leader?, now.epoch))) else {
                    continue;
                };
                refused.current_leader = LeaderIdAndEpoch {
                    leader_id: leader.0,
                    leader_epoch: epoch.0,
                    ..LeaderIdAndEpoch::default()
                };
                leaders.insert(leader);
            }
        }
        let configs = leaders.iter().filter_map(|node| self.brokers.get(node)).map(|broker| &broker.config);
        response.node_endpoints = configs
            .map(|config| NodeEndpoint {
                node_id: config.node.0,
                host: config.host.as_str().into(),
                port: i32::from(config.port),
                rack: config.rack.as_deref().map(Into::into),
                ..NodeEndpoint::default()
            })
            .collect();
    }
}

fn accepted(index: i32, appended: &Appended, log_start_offset: i64) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code: ErrorCode::NONE,
        base_offset: appended.base_offset,
        log_append_time_ms: appended.log_append_time,
        log_start_offset,
        ..PartitionProduceResponse::default()
    }
}

fn refused(index: i32, refusal: Refusal) -> PartitionProduceResponse {
    let record = |(batch_index, message): (i32, String)| BatchIndexAndErrorMessage {
        batch_index,
        batch_index_error_message: Some(message.into()),
        ..BatchIndexAndErrorMessage::default()
    };
    PartitionProduceResponse {
        index,
        error_code: refusal.error,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        record_errors: refusal.records.into_iter().map(record).collect(),
        error_message: refusal.message.map(Into::into),
        ..PartitionProduceResponse::default()
    }
}
