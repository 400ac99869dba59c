//! ListOffsets: where a log starts and ends, and where a time is in it.

use super::fetch::READ_COMMITTED;
use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::log::Log;
use crate::request_context::RequestContext;
use kafka_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use kafka_types::{ErrorCode, Monotonic, Now, TopicPartition};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// The same as the earliest without tiered storage (KIP-405).
const EARLIEST_LOCAL: i64 = -4;
/// None without tiered storage.
const LATEST_TIERED: i64 = -5;
/// The version that knows leader epochs.
const LEADER_EPOCHS: i16 = 4;

impl Handle for ListOffsetsRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let partitions = self.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|of| (topic.name.to_string(), Some(of.partition_index)))
        });
        partitions.collect()
    }

    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<ListOffsetsResponse> {
        let mut response =
            ListOffsetsResponse { throttle_time_ms: context.throttle_ms(), ..ListOffsetsResponse::default() };
        let read_committed = self.isolation_level == READ_COMMITTED;
        for topic in &self.topics {
            let one = |wanted| cluster.list_offset(now.mono, context, read_committed, &topic.name, wanted);
            response.topics.push(ListOffsetsTopicResponse {
                name: topic.name.clone(),
                partitions: topic.partitions.iter().map(one).collect(),
                ..ListOffsetsTopicResponse::default()
            });
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn list_offset(
        &self,
        now: Monotonic,
        context: &RequestContext,
        read_committed: bool,
        topic: &str,
        wanted: &ListOffsetsPartition,
    ) -> ListOffsetsPartitionResponse {
        let index = wanted.partition_index;
        let mut answer = ListOffsetsPartitionResponse {
            partition_index: index,
            ..ListOffsetsPartitionResponse::default()
        };
        let refusal = context.refusal_of(topic, index).or_else(|| context.failure_of(topic, index));
        if let Some(refusal) = refusal {
            answer.error_code = refusal.error;
            return answer;
        }
        let Some(partition) = self.partition(&TopicPartition::new(topic, index)) else {
            answer.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return answer;
        };
        answer.error_code = partition.check_leader(context.node, wanted.current_leader_epoch);
        if !answer.error_code.is_none() {
            return answer;
        }
        let log = &partition.log;
        let mut end = log.high_watermark(now);
        if read_committed {
            end = log.last_stable_offset(end);
        }
        let found = match wanted.timestamp {
            LATEST => Some((end, -1)),
            EARLIEST | EARLIEST_LOCAL => Some((log.start(), -1)),
            LATEST_TIERED => None,
            MAX_TIMESTAMP => self.latest_time(log),
            time => self.first_at(log, end, time),
        };
        if let Some((offset, timestamp)) = found {
            (answer.offset, answer.timestamp) = (offset, timestamp);
            if context.version >= LEADER_EPOCHS {
                let batch = log.batches().iter().find(|batch| batch.last_offset() >= offset);
                let epoch = batch.map(|batch| batch.header.partition_leader_epoch);
                answer.leader_epoch = epoch.unwrap_or(partition.leadership.epoch).0;
            }
        }
        answer
    }

    /// The first record that is not older than a time.
    fn first_at(&self, log: &Log, end: i64, time: i64) -> Option<(i64, i64)> {
        let batches = log.batches().iter().filter(|batch| batch.header.max_timestamp.0 >= time);
        for batch in batches {
            let records = batch.records(self.config.max_decompressed_size);
            let found = records.iter().find(|record| record.timestamp.0 >= time && record.offset.0 < end);
            if let Some(record) = found {
                return Some((record.offset.0, record.timestamp.0));
            }
        }
        None
    }

    /// The record with the latest time; of equals, the first.
    fn latest_time(&self, log: &Log) -> Option<(i64, i64)> {
        let latest = log.batches().iter().map(|batch| batch.header.max_timestamp.0).max()?;
        self.first_at(log, log.end(), latest)
    }
}
