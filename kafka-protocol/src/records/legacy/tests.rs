use super::*;
use crate::compression::compress;
use crate::records::read_records;
use kafka_types::Compression;
use proptest::prelude::*;

const LIMIT: usize = 1 << 20;

/// A message of format 1.
fn message(offset: i64, attributes: u8, timestamp: i64, value: &[u8]) -> Vec<u8> {
    let mut body = vec![1, attributes];
    body.extend(timestamp.to_be_bytes());
    body.extend((-1_i32).to_be_bytes());
    body.extend((value.len() as i32).to_be_bytes());
    body.extend(value);
    let mut crc = Crc::new();
    crc.update(&body);
    let length = (body.len() + 4) as i32;
    let overhead = [&offset.to_be_bytes()[..], &length.to_be_bytes(), &crc.sum().to_be_bytes()].concat();
    [overhead, body].concat()
}

fn wrapped(attributes: u8, inner: &[Vec<u8>]) -> Vec<u8> {
    let mut value = Vec::new();
    compress(Compression::GZIP, &inner.concat(), &mut value).unwrap();
    message(77, attributes | Codec::GZIP.0, 5_000, &value)
}

fn offsets_and_timestamps(bytes: Vec<u8>) -> Vec<(i64, i64)> {
    let records = read_records(Bytes::from(bytes), LIMIT).unwrap();
    records.iter().map(|record| (record.offset.0, record.timestamp.0)).collect()
}

#[test]
fn the_last_message_inside_has_the_offset_of_the_whole() {
    // Compaction has taken the one in the middle.
    let set = wrapped(0, &[message(0, 0, 10, b"a"), message(2, 0, 20, b"b")]);
    assert_eq!(offsets_and_timestamps(set), [(75, 10), (77, 20)]);
}

#[test]
fn log_append_time_of_the_whole_is_that_of_each() {
    let set = wrapped(LOG_APPEND_TIME, &[message(0, 0, 10, b"a"), message(1, 0, 20, b"b")]);
    assert_eq!(offsets_and_timestamps(set), [(76, 5_000), (77, 5_000)]);
}

#[test]
fn compressed_messages_hold_no_compressed_ones() {
    let set = wrapped(0, &[wrapped(0, &[message(0, 0, 10, b"a")])]);
    let nested = BatchError::NestedMessage { magic: 1, codec: Codec::GZIP };
    assert_eq!(read_records(Bytes::from(set), LIMIT), Err(nested));
}

#[test]
fn every_byte_under_the_checksum_is_guarded() {
    let whole = message(0, 0, 10, b"value");
    for at in (12..whole.len()).filter(|at| *at != 16) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x08;
        assert!(read_records(Bytes::from(damaged), LIMIT).is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn damaged_messages_never_panic(
        values in prop::collection::vec(prop::collection::vec(0..4_u8, 0..100), 1..10),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        compressed in any::<bool>(),
    ) {
        let inner: Vec<_> = values.iter().map(|value| message(0, 0, 1, value)).collect();
        let mut bytes = if compressed { wrapped(0, &inner) } else { inner.concat() };
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let mut rest = Bytes::from(bytes);
        while let Ok(message) = LegacyMessage::split_from(&mut rest) {
            let _ = message.verify();
            let _ = message.records(LIMIT).map(Iterator::count);
        }
    }
}
