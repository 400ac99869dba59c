use super::*;
use proptest::prelude::*;

fn any_header() -> impl Strategy<Value = (BatchHeader, Vec<u8>)> {
    let numbers = (any::<i64>(), any::<i32>(), any::<i16>(), any::<i32>(), any::<i64>(), any::<i64>());
    let identity = (any::<i64>(), any::<i16>(), any::<i32>(), any::<i32>());
    (numbers, identity, prop::collection::vec(any::<u8>(), 0..300)).prop_map(
        |((offset, leader, attributes, last, base, max), (id, epoch, sequence, count), payload)| {
            let header = BatchHeader {
                base_offset: Offset(offset),
                partition_leader_epoch: LeaderEpoch(leader),
                attributes: Attributes(attributes),
                last_offset_delta: last,
                base_timestamp: Timestamp(base),
                max_timestamp: Timestamp(max),
                producer: ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(epoch) },
                base_sequence: Sequence(sequence),
                record_count: count,
                payload: PayloadChecksum::of(&payload),
            };
            (header, payload)
        },
    )
}

#[test]
fn lengths_below_the_header_are_errors() {
    let empty = PayloadChecksum::of(&[]);
    let header = BatchHeader::new(
        Attributes::default(),
        &BatchSummary::EMPTY,
        empty,
        ProducerIdentity::NONE,
        Sequence::NONE,
    );
    let mut bytes = header.encode();
    for length in [48, 0, -1, i32::MIN] {
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        assert_eq!(BatchHeader::decode(&bytes), Err(BatchError::InvalidLength(length)));
    }
}

#[test]
fn older_formats_are_named_even_when_shorter_than_a_header() {
    assert_eq!(BatchHeader::decode(&[1; 17]), Err(BatchError::UnsupportedMagic(1)));
    assert_eq!(BatchHeader::decode(&[2; 60]), Err(BatchError::Truncated { needed: 61, available: 60 }));
}

proptest! {
    #[test]
    fn headers_read_back((header, _) in any_header()) {
        prop_assert_eq!(BatchHeader::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn the_checksum_is_that_of_the_bytes_in_a_row((header, payload) in any_header()) {
        let batch = [header.encode().as_slice(), payload.as_slice()].concat();
        prop_assert_eq!(batch.len(), header.batch_size());
        let stored = u32::from_be_bytes([batch[17], batch[18], batch[19], batch[20]]);
        prop_assert_eq!(stored, crc32c::crc32c(&batch[21..]));
    }

    #[test]
    fn any_bytes_with_this_magic_encode_as_they_were(mut bytes in any::<[u8; 32]>(), more in any::<[u8; 29]>()) {
        bytes[8] &= 0x7f;
        bytes[10] |= 0x01;
        bytes[16] = MAGIC as u8;
        let bytes = [bytes.as_slice(), more.as_slice()].concat();
        let header = BatchHeader::decode(&bytes);
        prop_assert!(header.is_ok());
        prop_assert_eq!(header.map(|header| header.encode().to_vec()), Ok(bytes));
    }
}
