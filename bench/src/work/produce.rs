//! Produce on the wire.

use super::{Done, Round, Work};
use bytes::Bytes;
use kafka_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::wire::{Encoder, Message, Records, decode_exact, encode_to_bytes};
use kafka_types::TopicId;
use std::hint::black_box;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "produce-request-encode", unit: "partition", start: encode_request },
    Work { name: "produce-response-decode", unit: "partition", start: decode_response },
];

const PARTITIONS: i32 = 6;
const MESSAGES: u64 = 50;
const VERSION: i16 = ProduceRequest::MAX_VERSION;
const TOPIC: TopicId = TopicId(*b"the topic orders");
const DONE: Done = Done { units: MESSAGES * PARTITIONS as u64, batches: MESSAGES * PARTITIONS as u64 };

/// One topic, a batch of 16 KiB for each of its partitions.
fn encode_request() -> Round {
    let (header, payload) = (Bytes::from_static(&[1; 61]), Bytes::from(vec![7; 16_000]));
    let partition = |index| {
        let mut records = Records::new();
        records.push(header.clone());
        records.push(payload.clone());
        PartitionProduceData { index, records: Some(records), ..PartitionProduceData::default() }
    };
    let topic = TopicProduceData {
        topic_id: TOPIC,
        partition_data: (0..PARTITIONS).map(partition).collect(),
        ..TopicProduceData::default()
    };
    let request =
        ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() };
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..MESSAGES {
                let mut encoder = Encoder::new();
                request.encode(&mut encoder, VERSION).expect("it can be encoded");
                black_box(encoder.finish());
            }
        });
        DONE
    })
}

/// The answer to that.
fn decode_response() -> Round {
    let partition = |index| PartitionProduceResponse {
        index,
        base_offset: 1_000_000,
        log_append_time_ms: -1,
        ..PartitionProduceResponse::default()
    };
    let topic = TopicProduceResponse {
        topic_id: TOPIC,
        partition_responses: (0..PARTITIONS).map(partition).collect(),
        ..TopicProduceResponse::default()
    };
    let response = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
    let bytes = encode_to_bytes(&response, VERSION).expect("it can be encoded");
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..MESSAGES {
                let response: ProduceResponse = decode_exact(bytes.clone(), VERSION).expect("as encoded");
                black_box(response);
            }
        });
        DONE
    })
}
