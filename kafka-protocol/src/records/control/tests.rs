use super::*;
use crate::records::read_records;
use kafka_types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

const PRODUCER: ProducerIdentity = ProducerIdentity { id: ProducerId(9), epoch: ProducerEpoch(2) };

fn record(key: &[u8], value: &[u8]) -> Record {
    Record {
        offset: Offset(0),
        offset_delta: 0,
        timestamp: Timestamp(0),
        key: Some(Bytes::copy_from_slice(key)),
        value: Some(Bytes::copy_from_slice(value)),
        headers: Vec::new(),
    }
}

#[test]
fn a_marker_reads_back_as_the_end_that_it_is() {
    for (committed, control_type) in [(true, ControlType::COMMIT), (false, ControlType::ABORT)] {
        let batch = RecordBatch::end_transaction(committed, 7, PRODUCER, Timestamp(1_000))
            .placed_at(Offset(41), LeaderEpoch(3));
        batch.verify().unwrap();
        let header = batch.header();
        assert!(header.attributes.is_control() && header.attributes.is_transactional());
        assert_eq!((header.producer, header.base_sequence), (PRODUCER, Sequence::NONE));
        let records = read_records(Bytes::from(batch.segments().concat()), 1_000).unwrap();
        assert_eq!((records.len(), records[0].offset), (1, Offset(41)));
        let control = ControlRecord::read(&records[0]).unwrap();
        assert_eq!(control.control_type(), control_type);
        assert_eq!(control.end_txn_marker().unwrap().unwrap().coordinator_epoch, 7);
    }
}

#[test]
fn a_marker_takes_the_78_bytes_that_kafkas_takes() {
    let batch = RecordBatch::end_transaction(true, 0, PRODUCER, Timestamp(0));
    assert_eq!(batch.segments().concat().len(), 78);
}

#[test]
fn newer_versions_may_be_longer_and_negative_ones_are_errors() {
    let control = ControlRecord::read(&record(&[0, 5, 0, 1, 99], &[0, 5, 0, 0, 0, 8, 99])).unwrap();
    assert_eq!(control.control_type(), ControlType::COMMIT);
    assert_eq!(control.end_txn_marker().unwrap().unwrap().coordinator_epoch, 8);
    assert!(ControlRecord::read(&record(&[0xff, 0xff, 0, 1], &[])).is_err());
    assert!(ControlRecord::read(&record(&[0, 0, 0], &[])).is_err());
    let cut = ControlRecord::read(&record(&[0, 0, 0, 1], &[0, 0, 0])).unwrap();
    assert!(cut.end_txn_marker().is_err());
}

#[test]
fn other_types_are_no_ends_and_unknown_ones_survive() {
    let control = ControlRecord::read(&record(&[0, 0, 0, 77], &[1, 2])).unwrap();
    assert_eq!((control.control_type(), control.end_txn_marker()), (ControlType(77), Ok(None)));
}

#[cfg(feature = "raft")]
#[test]
fn messages_of_the_quorum_are_read_in_the_version_that_they_begin_with() {
    use crate::messages::LeaderChangeMessage;
    use crate::wire::encode_to_bytes;
    for version in 0..=1 {
        let message = LeaderChangeMessage { version, leader_id: 3, ..Default::default() };
        let value = encode_to_bytes(&message, version).unwrap();
        let control = ControlRecord::read(&record(&[0, 0, 0, 2], &value)).unwrap();
        assert_eq!(control.quorum_message::<LeaderChangeMessage>().unwrap(), message);
    }
}
