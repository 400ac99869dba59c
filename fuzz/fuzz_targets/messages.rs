//! Any message from any bytes: what reads is written, and reads and writes the same again.
#![no_main]

use bytes::Bytes;
use kafka_protocol::messages::{Direction, supported_versions, transcode, transcode_record};
use kafka_protocol::wire::ApiKey;
use libfuzzer_sys::fuzz_target;

/// Above these numbers of APIs are records of data.
const RECORDS_FROM: u8 = 200;
const RECORDS: [&str; 16] = [
    "AbortedTxn",
    "ConsumerGroupMemberMetadataValue",
    "ConsumerProtocolAssignment",
    "ConsumerProtocolSubscription",
    "DefaultPrincipalData",
    "EndTxnMarker",
    "GroupMetadataValue",
    "LeaderChangeMessage",
    "OffsetCommitKey",
    "OffsetCommitValue",
    "PartitionChangeRecord",
    "RegisterBrokerRecord",
    "StreamsGroupTopologyValue",
    "TransactionLogValue",
    "UserScramCredentialRecord",
    "VotersRecord",
];

fuzz_target!(|data: &[u8]| {
    let [kind, version, body @ ..] = data else { return };
    let body = Bytes::copy_from_slice(body);
    let direction = if version & 0x80 == 0 { Direction::Request } else { Direction::Response };
    let version = i16::from(version & 0x7f);
    let read = |body: Bytes| match kind.checked_sub(RECORDS_FROM) {
        Some(record) => transcode_record(RECORDS[usize::from(record) % RECORDS.len()], version, body),
        None => transcode(ApiKey(i16::from(*kind)), direction, version, body),
    };
    let Some(Ok((told, written))) = read(body) else { return };
    let written = written.expect("what was read in a version can be written in it");
    let (again, rewritten) = read(written.clone()).expect("it has a schema").expect("what was written reads");
    // Numbers that are none differ from themselves, and read the same all the same.
    assert_eq!(told, again);
    assert_eq!(written, rewritten.expect("it was written before"));
    if *kind < RECORDS_FROM {
        let versions = supported_versions(ApiKey(i16::from(*kind))).expect("it has a schema");
        assert!((versions.min..=versions.max).contains(&version));
    }
});
