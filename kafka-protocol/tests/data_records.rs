//! Records of data: what Kafka lays out is what is written, and it reads back in every version.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use kafka_protocol::messages::*;
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

macro_rules! all_read_back {
    ($($record:ident)*) => {
        #[test]
        fn every_record_reads_back() {
            $(reads_back(&$record::default());)*
        }
    };
}

all_read_back! {
    AbortTransactionRecord AbortedTxn AccessControlEntryRecord BeginTransactionRecord
    BrokerRegistrationChangeRecord ClearElrRecord ClientQuotaRecord ConfigRecord
    ConsumerGroupCurrentMemberAssignmentKey ConsumerGroupCurrentMemberAssignmentValue
    ConsumerGroupMemberMetadataKey ConsumerGroupMemberMetadataValue ConsumerGroupMetadataKey
    ConsumerGroupMetadataValue ConsumerGroupPartitionMetadataKey ConsumerGroupPartitionMetadataValue
    ConsumerGroupRegularExpressionKey ConsumerGroupRegularExpressionValue
    ConsumerGroupTargetAssignmentMemberKey ConsumerGroupTargetAssignmentMemberValue
    ConsumerGroupTargetAssignmentMetadataKey ConsumerGroupTargetAssignmentMetadataValue
    ConsumerProtocolAssignment ConsumerProtocolSubscription ControlRecordTypeSchema DefaultPrincipalData
    DelegationTokenRecord EndTransactionRecord EndTxnMarker FeatureLevelRecord FenceBrokerRecord
    GroupMetadataKey GroupMetadataValue KRaftVersionRecord LeaderChangeMessage LegacyOffsetCommitKey
    LegacyOffsetCommitValue NoOpRecord OffsetCommitKey OffsetCommitValue PartitionChangeRecord
    PartitionRecord ProducerIdsRecord RegisterBrokerRecord RegisterControllerRecord
    RemoveAccessControlEntryRecord RemoveDelegationTokenRecord RemoveTopicRecord
    RemoveUserScramCredentialRecord ShareGroupCurrentMemberAssignmentKey
    ShareGroupCurrentMemberAssignmentValue ShareGroupMemberMetadataKey ShareGroupMemberMetadataValue
    ShareGroupMetadataKey ShareGroupMetadataValue ShareGroupStatePartitionMetadataKey
    ShareGroupStatePartitionMetadataValue ShareGroupTargetAssignmentMemberKey
    ShareGroupTargetAssignmentMemberValue ShareGroupTargetAssignmentMetadataKey
    ShareGroupTargetAssignmentMetadataValue ShareSnapshotKey ShareSnapshotValue ShareUpdateKey
    ShareUpdateValue SnapshotFooterRecord SnapshotHeaderRecord StreamsGroupCurrentMemberAssignmentKey
    StreamsGroupCurrentMemberAssignmentValue StreamsGroupMemberMetadataKey StreamsGroupMemberMetadataValue
    StreamsGroupMetadataKey StreamsGroupMetadataValue StreamsGroupTargetAssignmentMemberKey
    StreamsGroupTargetAssignmentMemberValue StreamsGroupTargetAssignmentMetadataKey
    StreamsGroupTargetAssignmentMetadataValue StreamsGroupTopologyKey StreamsGroupTopologyValue TopicRecord
    TransactionLogKey TransactionLogValue UnfenceBrokerRecord UnregisterBrokerRecord
    UnregisterControllerRecord UserScramCredentialRecord VotersRecord ZkMigrationStateRecord
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
    let offset = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 7 };
    assert_eq!(OffsetCommitKey::KEY, 1);
    assert_eq!(encode_to_bytes(&offset, 0).unwrap(), [0, 1, b'g', 0, 1, b't', 0, 0, 0, 7][..]);
}

#[test]
fn tags_ascend_on_the_wire_whatever_the_order_of_the_fields() {
    // Kafka declares tag 3 before tag 2.
    let state = TransactionLogValue {
        next_producer_epoch: 5,
        client_transaction_version: 2,
        transaction_partitions: None,
        ..Default::default()
    };
    let bytes = encode_to_bytes(&state, 1).unwrap();
    assert_eq!(bytes[bytes.len() - 9..], [2, 2, 2, 0, 2, 3, 2, 0, 5]);
    assert_eq!(decode_exact::<TransactionLogValue>(bytes, 1).unwrap(), state);
}

#[test]
fn what_a_version_cannot_carry_is_named() {
    let generation = ConsumerProtocolSubscription { generation_id: 7, ..Default::default() };
    assert!(encode_to_bytes(&generation, 0).is_ok(), "generations are ignorable");
    let state = TransactionLogValue { next_producer_id: 7, ..Default::default() };
    let error = encode_to_bytes(&state, 0).unwrap_err();
    let (message, field) = ("TransactionLogValue", "next_producer_id");
    assert_eq!(error, EncodeError::FieldNotInVersion { message, field, version: 0 });
    let error = encode_to_bytes(&AbortedTxn::default(), 1).unwrap_err();
    assert_eq!(error, EncodeError::UnknownVersion { message: "AbortedTxn", version: 1, min: 0, max: 0 });
    assert!(decode_exact::<AbortedTxn>(Bytes::new(), 1).is_err());
}

#[test]
fn debug_hides_the_secrets_of_credentials() {
    let info = UserScramCredentialRecord {
        name: "alice".into(),
        mechanism: 1,
        salt: Bytes::from_static(b"pepper"),
        stored_key: Bytes::from_static(b"stored!"),
        server_key: Bytes::from_static(b"served!"),
        ..Default::default()
    };
    let told = format!("{info:?}");
    assert!(told.contains("alice") && !told.contains("pepper") && !told.contains("!"), "{told}");
}
