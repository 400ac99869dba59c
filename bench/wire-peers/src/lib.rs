//! The messages that both crates encode and decode, as large ones of each kind are.

use bytes::Bytes;
use kafka_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{FetchResponse, MetadataResponse, ProduceRequest};
use kafka_protocol::records::{Attributes, BatchHeader, BatchSummary, PayloadChecksum, append_record};
use kafka_protocol::wire::Records;
use kafka_types::{ProducerIdentity, Sequence, Timestamp, TopicId};

pub const PRODUCE_VERSION: i16 = 13;
pub const METADATA_VERSION: i16 = 13;
pub const FETCH_VERSION: i16 = 17;

/// 100 batches of about 16 KiB, for ten topics of ten partitions.
pub fn produce() -> ProduceRequest {
    let partition = |index| PartitionProduceData { index, records: Some(batch()), ..Default::default() };
    let topic = |topic: u8| TopicProduceData {
        topic_id: TopicId([topic + 1; 16]),
        partition_data: (0..10).map(partition).collect(),
        ..Default::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: (0..10).map(topic).collect(),
        ..Default::default()
    }
}

/// 1,000 topics of ten partitions with three replicas each.
pub fn metadata() -> MetadataResponse {
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: partition_index % 3,
        leader_epoch: 7,
        replica_nodes: [0, 1, 2].into(),
        isr_nodes: [0, 1, 2].into(),
        ..Default::default()
    };
    let topic = |topic: u16| MetadataResponseTopic {
        name: Some(format!("a-topic-with-a-name-{topic}").into()),
        topic_id: TopicId([topic as u8; 16]),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    };
    let broker = |node_id| MetadataResponseBroker {
        node_id,
        host: format!("broker-{node_id}.example.com").into(),
        port: 9092,
        rack: Some("rack-1".into()),
        ..Default::default()
    };
    MetadataResponse {
        brokers: (0..3).map(broker).collect(),
        cluster_id: Some("a-cluster".into()),
        topics: (0..1_000).map(topic).collect(),
        ..Default::default()
    }
}

/// 100 partitions of ten topics, a batch of about 16 KiB for each.
pub fn fetch() -> FetchResponse {
    let partition = |partition_index| PartitionData {
        partition_index,
        high_watermark: 1_000,
        last_stable_offset: 1_000,
        log_start_offset: 0,
        records: Some(batch()),
        ..Default::default()
    };
    let topic = |topic: u8| FetchableTopicResponse {
        topic_id: TopicId([topic + 1; 16]),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    };
    FetchResponse { session_id: 9, responses: (0..10).map(topic).collect(), ..Default::default() }
}

fn batch() -> Records {
    let (mut payload, mut summary) = (Vec::new(), BatchSummary::EMPTY);
    while payload.len() < 16 * 1024 {
        append_record(&mut payload, &mut summary, Timestamp(1), None, Some(&[b'v'; 100]), &[]);
    }
    let checksum = PayloadChecksum::of(&payload);
    let header =
        BatchHeader::new(Attributes::default(), &summary, checksum, ProducerIdentity::NONE, Sequence::NONE);
    // As producers do: the header beside the payload.
    let mut records = Records::new();
    records.push(Bytes::copy_from_slice(&header.encode()));
    records.push(Bytes::from(payload));
    records
}
