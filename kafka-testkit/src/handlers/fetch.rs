//! Fetch: batches from an offset on, now or when there are enough.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::log::EndedTransaction;
use crate::request_context::RequestContext;
use crate::wait::{Fetching, Waiting};
use kafka_protocol::messages::fetch::{
    AbortedTransaction, FetchPartition, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData,
};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use kafka_protocol::wire::Records;
use kafka_types::{ErrorCode, Monotonic, Now, TopicPartition};
use std::time::Duration;

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS: i16 = 13;
/// From this version on a fetch may say who leads now (KIP-951); the addresses come later.
const LEADER_HINTS: i16 = 12;
const NODE_ENDPOINTS: i16 = 16;
/// `isolation_level`: records of open and aborted transactions are left out (KIP-98).
pub(super) const READ_COMMITTED: i8 = 1;

/// How much of an answer's size limit is left, and whether anything is in it.
struct Budget {
    left: usize,
    empty: bool,
}

impl Handle for FetchRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let mut targets = Vec::new();
        for topic in &self.topics {
            let Some(name) = cluster.fetched_topic(topic) else { continue };
            targets.extend(topic.partitions.iter().map(|of| (name.clone(), Some(of.partition))));
        }
        targets
    }

    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<FetchResponse> {
        let wait = Duration::from_millis(u64::try_from(self.max_wait_ms).unwrap_or(0));
        let fetching = Fetching { request: self, until: now.mono + wait, checked_at: now.mono };
        match cluster.fetch(now, context, &fetching) {
            Some(response) => Handled::Answer(response),
            None => Handled::Wait(Waiting::Fetch(Box::new(fetching))),
        }
    }
}

impl Cluster {
    /// The answer, unless it is worth waiting for more.
    pub(crate) fn fetch(
        &self,
        now: Now,
        context: &RequestContext,
        fetching: &Fetching,
    ) -> Option<FetchResponse> {
        let request = &fetching.request;
        let mut response =
            FetchResponse { throttle_time_ms: context.throttle_ms(), ..FetchResponse::default() };
        if request.session_id != 0 {
            // Sessions (KIP-227) are never begun here, so that there is none to go on with.
            response.error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
            return Some(response);
        }
        let mut budget = Budget { left: usize::try_from(request.max_bytes).unwrap_or(0), empty: true };
        let mut failed = false;
        let mut size = 0;
        let read_committed = request.isolation_level == READ_COMMITTED;
        for topic in &request.topics {
            let name = self.fetched_topic(topic);
            let mut partitions = Vec::new();
            for wanted in &topic.partitions {
                let data = self.fetch_partition(
                    now.mono,
                    context,
                    read_committed,
                    name.as_deref(),
                    wanted,
                    &mut budget,
                );
                failed |= !data.error_code.is_none();
                size += data.records.as_ref().map_or(0, Records::len);
                partitions.push(data);
            }
            response.responses.push(FetchableTopicResponse {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partitions,
                ..FetchableTopicResponse::default()
            });
        }
        let enough = size >= usize::try_from(request.min_bytes).unwrap_or(0);
        if !(enough || failed || request.topics.is_empty()) && now.mono < fetching.until {
            return None;
        }
        if context.version >= NODE_ENDPOINTS {
            self.name_endpoints(&mut response);
        }
        Some(response)
    }

    fn fetch_partition(
        &self,
        now: Monotonic,
        context: &RequestContext,
        read_committed: bool,
        topic: Option<&str>,
        wanted: &FetchPartition,
        budget: &mut Budget,
    ) -> PartitionData {
        let mut data = PartitionData {
            partition_index: wanted.partition,
            high_watermark: -1,
            aborted_transactions: None,
            records: Some(Records::new()),
            ..PartitionData::default()
        };
        let Some(topic) = topic else {
            data.error_code = match context.version {
                TOPIC_IDS.. => ErrorCode::UNKNOWN_TOPIC_ID,
                _ => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            };
            return data;
        };
        if let Some(refusal) = context.refusal_of(topic, wanted.partition) {
            data.error_code = refusal.error;
            return data;
        }
        let Some(partition) = self.partition(&TopicPartition::new(topic, wanted.partition)) else {
            data.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return data;
        };
        data.error_code = partition.check_leader(context.node, wanted.current_leader_epoch);
        if data.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER
            && context.version >= LEADER_HINTS
            && let Some(leader) = partition.leadership.leader
        {
            data.current_leader = LeaderIdAndEpoch {
                leader_id: leader.0,
                leader_epoch: partition.leadership.epoch.0,
                ..LeaderIdAndEpoch::default()
            };
        }
        if !data.error_code.is_none() {
            return data;
        }
        let log = &partition.log;
        data.high_watermark = log.high_watermark(now);
        data.last_stable_offset = log.last_stable_offset(data.high_watermark);
        data.log_start_offset = log.start();
        if !(log.start()..=log.end()).contains(&wanted.fetch_offset) {
            data.error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
            return data;
        }
        let limit = budget.left.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
        let end = if read_committed { data.last_stable_offset } else { data.high_watermark };
        let bytes = log.read(wanted.fetch_offset, end, limit, budget.empty);
        budget.left = budget.left.saturating_sub(bytes.len());
        budget.empty &= bytes.is_empty();
        if let Some(failure) = context.failure_of(topic, wanted.partition) {
            data.error_code = failure.error;
            return data;
        }
        if read_committed {
            // Consumers drop what lies between: a broker leaves it in.
            let aborted = log.transactions.aborted(wanted.fetch_offset, end);
            let one = |ended: &EndedTransaction| AbortedTransaction {
                producer_id: ended.producer.0,
                first_offset: ended.first_offset,
                ..AbortedTransaction::default()
            };
            data.aborted_transactions = Some(aborted.map(one).collect());
        }
        data.records = Some(Records::from(bytes));
        data
    }

    pub(crate) fn fetched_topic(&self, topic: &FetchTopic) -> Option<String> {
        if topic.topic_id.is_zero() {
            return self.topics.contains_key(topic.topic.as_str()).then(|| topic.topic.to_string());
        }
        self.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned())
    }

    fn name_endpoints(&self, response: &mut FetchResponse) {
        let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
        let leaders = partitions.map(|partition| partition.current_leader.leader_id);
        let leaders: std::collections::BTreeSet<i32> = leaders.filter(|leader| *leader >= 0).collect();
        for leader in leaders {
            let Some(broker) = self.brokers.get(&leader.into()) else { continue };
            response.node_endpoints.push(NodeEndpoint {
                node_id: leader,
                host: broker.config.host.as_str().into(),
                port: i32::from(broker.config.port),
                rack: broker.config.rack.as_deref().map(Into::into),
                ..NodeEndpoint::default()
            });
        }
    }
}
