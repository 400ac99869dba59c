//! Records of data: what their default values are written as is read back as it was, in every version.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use kafka_protocol::messages::{
    AbortedTxn, ConsumerProtocolAssignment, ConsumerProtocolSubscription, ControlRecordTypeSchema,
    DefaultPrincipalData, EndTxnMarker, LeaderChangeMessage, SnapshotHeaderRecord, VotersRecord,
};
use kafka_protocol::wire::{EncodeError, Message, decode_exact, encode_to_bytes};

fn reads_back<M: Message>(message: &M) {
    for version in M::MIN_VERSION..=M::MAX_VERSION {
        let bytes = encode_to_bytes(message, version).unwrap();
        assert_eq!(&decode_exact::<M>(bytes.clone(), version).unwrap(), message, "{} {version}", M::NAME);
        for cut in 0..bytes.len() {
            assert!(decode_exact::<M>(bytes.slice(..cut), version).is_err(), "{} {version}: {cut}", M::NAME);
        }
    }
}

#[test]
fn every_record_reads_back() {
    reads_back(&AbortedTxn::default());
    reads_back(&ConsumerProtocolAssignment::default());
    reads_back(&ConsumerProtocolSubscription::default());
    reads_back(&ControlRecordTypeSchema::default());
    reads_back(&DefaultPrincipalData::default());
    reads_back(&EndTxnMarker::default());
    reads_back(&LeaderChangeMessage::default());
    reads_back(&SnapshotHeaderRecord::default());
    reads_back(&VotersRecord::default());
}

#[test]
fn they_are_written_as_kafka_lays_them_out() {
    let aborted = AbortedTxn { producer_id: 1, first_offset: 2, last_offset: 3, last_stable_offset: 4 };
    let numbers = [1_i64, 2, 3, 4].map(i64::to_be_bytes).concat();
    assert_eq!(encode_to_bytes(&aborted, 0).unwrap(), numbers);
    let subscription = ConsumerProtocolSubscription { topics: vec!["a".into()], ..Default::default() };
    let version_0 = [0, 0, 0, 1, 0, 1, b'a', 0xff, 0xff, 0xff, 0xff];
    assert_eq!(encode_to_bytes(&subscription, 0).unwrap(), version_0[..]);
    let principal = DefaultPrincipalData {
        r#type: "User".into(),
        name: "me".into(),
        token_authenticated: true,
        ..Default::default()
    };
    let version_0 = [&[5][..], b"User", &[3], b"me", &[1, 0]].concat();
    assert_eq!(encode_to_bytes(&principal, 0).unwrap(), version_0);
}

#[test]
fn what_a_version_cannot_carry_is_named() {
    let rack = ConsumerProtocolSubscription { generation_id: 7, ..Default::default() };
    assert!(encode_to_bytes(&rack, 0).is_ok(), "generations are ignorable");
    let error = encode_to_bytes(&AbortedTxn::default(), 1).unwrap_err();
    assert_eq!(error, EncodeError::UnknownVersion { message: "AbortedTxn", version: 1, min: 0, max: 0 });
    assert!(decode_exact::<AbortedTxn>(Bytes::new(), 1).is_err());
}
