//! Primitives read back what they wrote, and reading is total.

use super::*;
use crate::messages::api_versions::ApiVersion;
use crate::messages::metadata::MetadataRequestTopic;
use crate::messages::produce::{PartitionProduceData, TopicProduceData};
use crate::messages::{
    ApiVersionsResponse, Direction, MetadataRequest, ProduceRequest, ProduceResponse, request_header_version,
    response_header_version, transcode,
};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

proptest! {
    #[test]
    fn strings_and_bytes_read_back(text in ".{0,40}", data in prop::option::of(prop::collection::vec(any::<u8>(), 0..2000)), flexible: bool) {
        let data = data.map(Bytes::from);
        let mut encoder = Encoder::new();
        encoder.string(Some(&text), flexible).unwrap();
        encoder.bytes(data.as_ref(), flexible).unwrap();
        encoder.string(None, flexible).unwrap();
        let length = encoder.len();
        let bytes = encoder.finish_contiguous();
        prop_assert_eq!(bytes.len(), length);
        let mut decoder = Decoder::new(bytes);
        prop_assert_eq!(decoder.string(flexible).unwrap(), Some(StrBytes::from(text)));
        prop_assert_eq!(decoder.bytes(flexible).unwrap(), data);
        prop_assert_eq!(decoder.string(flexible).unwrap(), None);
        prop_assert_eq!(decoder.expect_end("it"), Ok(()));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        key in prop::sample::select(ApiKey::all().collect::<Vec<_>>()),
        version in 0_i16..20,
        request: bool,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let direction = if request { Direction::Request } else { Direction::Response };
        // What was read can always be written, and says the same again.
        if let Some(Ok((_, written))) = transcode(key, direction, version, bytes.into()) {
            let written = written.unwrap();
            let (_, again) = transcode(key, direction, version, written.clone()).unwrap().unwrap();
            prop_assert_eq!(again.unwrap(), written);
        }
    }
}

#[test]
fn lengths_that_the_bytes_cannot_hold_are_refused_before_anything_is_allocated() {
    let huge = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 0]);
    let truncated = |needed| DecodeError::Truncated { what: "array", needed, remaining: 1 };
    assert_eq!(Decoder::new(huge.clone()).array_length(false), Err(truncated(i32::MAX as usize)));
    assert!(Decoder::new(huge).bytes(false).is_err());
    let compact = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    assert_eq!(Decoder::new(compact).array_length(true), Err(truncated(u32::MAX as usize - 1)));
}

#[test]
fn negative_lengths_other_than_null_are_refused() {
    let bytes = Bytes::from_static(&[0xff, 0xfe]);
    assert_eq!(
        Decoder::new(bytes).string(false),
        Err(DecodeError::InvalidLength { what: "string", length: -2 })
    );
}

#[test]
fn a_field_that_a_version_cannot_carry_is_named() {
    let request = MetadataRequest { allow_auto_topic_creation: false, ..Default::default() };
    let refused = EncodeError::FieldNotInVersion {
        message: "MetadataRequest",
        field: "allow_auto_topic_creation",
        version: 3,
    };
    assert_eq!(encode_to_bytes(&request, 3), Err(refused));
    assert!(encode_to_bytes(&request, 4).is_ok());
    // An ignorable one is left out.
    let topic = MetadataRequestTopic {
        topic_id: kafka_types::TopicId([1; 16]),
        name: Some("t".into()),
        ..Default::default()
    };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    assert!(encode_to_bytes(&request, 3).is_ok());
}

#[test]
fn null_where_a_version_has_none_is_an_error_both_ways() {
    let request = MetadataRequest { topics: None, ..Default::default() };
    assert!(matches!(
        encode_to_bytes(&request, 0),
        Err(EncodeError::NullNotInVersion { field: "topics", .. })
    ));
    let bytes = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff]);
    let read = decode_exact::<MetadataRequest>(bytes, 0);
    assert!(matches!(read, Err(DecodeError::UnexpectedNull { field: "topics", .. })), "{read:?}");
}

#[test]
fn versions_that_do_not_exist_are_named() {
    assert!(matches!(
        encode_to_bytes(&ProduceRequest::default(), 2),
        Err(EncodeError::UnknownVersion { min: 3, max: 13, .. })
    ));
    assert!(matches!(
        decode_exact::<ProduceResponse>(Bytes::new(), 99),
        Err(DecodeError::UnknownVersion { version: 99, .. })
    ));
}

#[test]
fn unknown_tagged_fields_survive_and_known_ones_may_not_be_longer_than_their_content() {
    // No responses, no throttling, then tag 7 with two bytes.
    let bytes = Bytes::from_static(&[1, 0, 0, 0, 0, 1, 7, 2, 0xaa, 0xbb]);
    let response: ProduceResponse = decode_exact(bytes.clone(), 9).unwrap();
    let content = Bytes::from_static(&[0xaa, 0xbb]);
    assert_eq!(response.unknown_tagged_fields.iter().collect::<Vec<_>>(), [(7, &content)]);
    assert_eq!(encode_to_bytes(&response, 9).unwrap(), bytes);
    let overlong = Bytes::from_static(&[1, 0, 0, 0, 0, 1, 0, 2, 1, 9]);
    assert!(matches!(decode_exact::<ProduceResponse>(overlong, 10), Err(DecodeError::TrailingBytes { .. })));
    let descending = Bytes::from_static(&[1, 0, 0, 0, 0, 2, 7, 0, 6, 0]);
    assert_eq!(
        decode_exact::<ProduceResponse>(descending, 9),
        Err(DecodeError::TagOrder { tag: 6, previous: 7 })
    );
}

#[test]
fn record_payloads_are_shared_not_copied() {
    let payload = Bytes::from(vec![7_u8; 4096]);
    let mut records = Records::new();
    records.push(Bytes::from_static(&[1; 61]));
    records.push(payload.clone());
    let mut encoder = Encoder::new();
    encoder.records(Some(&records), true).unwrap();
    let pieces = encoder.finish();
    assert!(pieces.iter().any(|piece| piece.as_ptr() == payload.as_ptr()), "the payload was copied");
    let read = Decoder::new(pieces.concat().into()).records(true).unwrap().unwrap();
    assert_eq!(read, records);
    // In a whole request too, with what follows in its place.
    let partition =
        |index| PartitionProduceData { index, records: Some(records.clone()), ..Default::default() };
    let topic = TopicProduceData { partition_data: vec![partition(0), partition(1)], ..Default::default() };
    let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
    for version in ProduceRequest::MIN_VERSION..=ProduceRequest::MAX_VERSION {
        let mut encoder = Encoder::new();
        request.encode(&mut encoder, version).unwrap();
        let pieces = encoder.finish();
        assert_eq!(pieces.iter().filter(|piece| piece.as_ptr() == payload.as_ptr()).count(), 2);
        assert_eq!(decode_exact::<ProduceRequest>(pieces.concat().into(), version).unwrap(), request);
    }
}

#[test]
fn a_tag_that_the_version_knows_is_refused_among_the_unknown_ones() {
    // Version 9 knows no tag 0, version 10 does.
    let bytes = Bytes::from_static(&[1, 0, 0, 0, 0, 1, 0, 2, 0xaa, 0xbb]);
    let response: ProduceResponse = decode_exact(bytes.clone(), 9).unwrap();
    assert_eq!(encode_to_bytes(&response, 9).unwrap(), bytes);
    assert_eq!(encode_to_bytes(&response, 10), Err(EncodeError::TagOrder { tag: 0, previous: 0 }));
    let mut response = ProduceResponse::default();
    response.unknown_tagged_fields.push(8, Bytes::new());
    response.unknown_tagged_fields.push(7, Bytes::new());
    assert_eq!(encode_to_bytes(&response, 9), Err(EncodeError::TagOrder { tag: 7, previous: 8 }));
}

#[test]
fn maps_by_name_find_a_name_that_was_read() {
    let name = StrBytes::try_from(Bytes::from_static(b"orders")).unwrap();
    let hashed = HashMap::from([(name.clone(), 1)]);
    assert_eq!(hashed.get("orders"), Some(&1));
    let ordered = BTreeMap::from([(name, 1)]);
    assert_eq!(ordered.get("orders"), Some(&1));
}

#[test]
fn a_shared_name_is_not_copied() {
    let name: Arc<str> = Arc::from("orders");
    assert_eq!(StrBytes::from(name.clone()).as_ptr(), name.as_ptr());
}

#[test]
fn a_brokers_versions_are_those_of_its_response() {
    let api = ApiVersion { api_key: 0, min_version: 3, max_version: 12, ..Default::default() };
    let response = ApiVersionsResponse { api_keys: vec![api], ..Default::default() };
    let ranges = ApiVersionRanges::from(&response);
    assert_eq!(ranges.iter().collect::<Vec<_>>(), [(ApiKey::PRODUCE, VersionRange { min: 3, max: 12 })]);
}

#[test]
fn the_newest_common_version_is_chosen() {
    let mut broker = ApiVersionRanges::new();
    broker.insert(ApiKey::PRODUCE, 0, 9);
    assert_eq!(broker.highest_common(ApiKey::PRODUCE, 3..=13), Some(9));
    assert_eq!(broker.highest_common(ApiKey::PRODUCE, 10..=13), None);
    assert_eq!(broker.highest_common(ApiKey::FETCH, 0..=13), None);
}

#[test]
fn secrets_stay_out_of_debug() {
    let request = crate::messages::SaslAuthenticateRequest {
        auth_bytes: Bytes::from_static(b"hunter2"),
        ..Default::default()
    };
    assert!(!format!("{request:?}").contains("hunter2"));
    assert!(format!("{request:?}").contains("(secret)"));
}

#[test]
fn header_versions_follow_from_the_numbers_alone() {
    assert_eq!(request_header_version(ApiKey::PRODUCE, 8), Some(1));
    assert_eq!(request_header_version(ApiKey::PRODUCE, 9), Some(2));
    assert_eq!(response_header_version(ApiKey::PRODUCE, 8), Some(0));
    assert_eq!(response_header_version(ApiKey::PRODUCE, 9), Some(1));
    // A client reads this one before it knows the broker's versions (KIP-511); one from the future reads as today's.
    assert_eq!(request_header_version(ApiKey::API_VERSIONS, 99), Some(2));
    assert_eq!(response_header_version(ApiKey::API_VERSIONS, 3), Some(0));
    assert_eq!(request_header_version(ApiKey::SASL_HANDSHAKE, 1), Some(1));
    assert_eq!(request_header_version(ApiKey(-1), 0), None);
}
