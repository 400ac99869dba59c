//! The worked examples of docs/wire.md are what this crate writes and reads.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{
    RequestHeader, decode_response_header, request_frame, response_frame, split_frame,
};
use kafka_protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use kafka_protocol::records::{
    Attributes, BatchHeader, BatchSummary, PayloadChecksum, append_record, read_records,
};
use kafka_protocol::wire::{Decoder, Encoder, Message, Request, decode_exact};
use kafka_types::{Header, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, Timestamp, TopicId};

const PAGE: &str = include_str!("../../docs/wire.md");
const VERSION: i16 = 13;

/// The bytes of the page's examples: what stands left in each line of a block marked `hex`.
fn examples() -> Vec<Vec<u8>> {
    let blocks = PAGE.split("```hex\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let bytes = |line: &str| -> Vec<u8> {
        let left = line.split("   ").next().unwrap();
        left.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    blocks.map(|block| block.lines().flat_map(bytes).collect()).collect()
}

fn request() -> MetadataRequest {
    let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
    MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..Default::default() }
}

fn response() -> MetadataResponse {
    let partition = MetadataResponsePartition {
        leader_id: 1,
        leader_epoch: 5,
        replica_nodes: [1].into(),
        isr_nodes: [1].into(),
        ..Default::default()
    };
    let topic = MetadataResponseTopic {
        name: Some("orders".into()),
        topic_id: TopicId(*b"0123456789abcdef"),
        partitions: vec![partition],
        ..Default::default()
    };
    let broker =
        MetadataResponseBroker { node_id: 1, host: "kafka-1".into(), port: 9092, ..Default::default() };
    MetadataResponse {
        brokers: vec![broker],
        cluster_id: Some("east".into()),
        controller_id: 1,
        topics: vec![topic],
        ..Default::default()
    }
}

fn body(message: &impl Message) -> Vec<Bytes> {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, VERSION).unwrap();
    encoder.finish()
}

#[test]
fn the_request_is_written_as_the_page_says() {
    let header = RequestHeader {
        api_key: MetadataRequest::API_KEY,
        api_version: VERSION,
        correlation_id: 7,
        client_id: Some("billing".into()),
    };
    let version = MetadataRequest::header_version(VERSION);
    let frame = request_frame(&header, version, body(&request())).unwrap().concat();
    assert_eq!(examples()[0], frame, "{frame:02x?}");
}

#[test]
fn the_response_is_written_and_read_as_the_page_says() {
    let version = MetadataRequest::response_header_version(VERSION);
    let frame = response_frame(7, version, body(&response())).unwrap().concat();
    assert_eq!(examples()[1], frame, "{frame:02x?}");
    let frame = split_frame(&mut BytesMut::from(&frame[..]), 1_000).unwrap().unwrap();
    let mut decoder = Decoder::new(frame);
    assert_eq!(decode_response_header(&mut decoder, version), Ok(7));
    assert_eq!(decode_exact::<MetadataResponse>(decoder.into_rest(), VERSION), Ok(response()));
}

#[test]
fn the_batch_is_written_and_read_as_the_page_says() {
    let (mut payload, mut summary) = (Vec::new(), BatchSummary::EMPTY);
    let headers = [Header::new("trace", Some("42"))];
    let first = Timestamp(1_700_000_000_000);
    append_record(&mut payload, &mut summary, first, Some(b"key"), Some(b"3 apples"), &headers);
    append_record(&mut payload, &mut summary, Timestamp(first.0 + 2), None, Some(b"a pear"), &[]);
    let producer = ProducerIdentity { id: ProducerId(4_000), epoch: ProducerEpoch(0) };
    let checksum = PayloadChecksum::of(&payload);
    let header = BatchHeader::new(Attributes::default(), &summary, checksum, producer, Sequence(12));
    let batch = [header.encode().as_slice(), &payload].concat();
    assert_eq!(examples()[2], batch, "{batch:02x?}");
    let records = read_records(Bytes::from(batch), 1_000).unwrap();
    assert_eq!(records.iter().map(|record| record.offset.0).collect::<Vec<_>>(), [0, 1]);
}
