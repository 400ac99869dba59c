use super::*;
use crate::records::RecordBatch;
use kafka_types::{LeaderEpoch, Offset, ProducerIdentity, Timestamp};
use proptest::prelude::*;

const LIMIT: usize = 1 << 20;

fn batch(offset: i64) -> Vec<u8> {
    RecordBatch::end_transaction(true, 0, ProducerIdentity::NONE, Timestamp(5))
        .placed_at(Offset(offset), LeaderEpoch(0))
        .segments()
        .concat()
}

/// A message of format 0 with a null key and a null value.
fn message(offset: i64) -> Vec<u8> {
    let body = [&[0, 0][..], &[0xff; 8]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&offset.to_be_bytes()[..], &14_i32.to_be_bytes(), &crc.sum().to_be_bytes(), &body].concat()
}

fn segment() -> Vec<u8> {
    [message(0), message(1), batch(2), batch(3)].concat()
}

fn read(bytes: &[u8]) -> Vec<Result<(u64, i8, i64), String>> {
    SegmentReader::new(bytes, LIMIT)
        .map(|entry| match entry {
            Ok((position, entry)) => {
                entry.verify().unwrap();
                Ok((position, entry.magic(), entry.last_offset().0))
            }
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

#[test]
fn entries_of_old_and_new_formats_come_with_their_positions() {
    let at = message(0).len() as u64;
    let batch_size = batch(0).len() as u64;
    let expected = [(0, 0, 0), (at, 0, 1), (2 * at, 2, 2), (2 * at + batch_size, 2, 3)];
    assert_eq!(read(&segment()), expected.map(Ok));
}

#[test]
fn zeros_of_a_preallocated_segment_are_its_end() {
    let mut preallocated = segment();
    preallocated.resize(10_000, 0);
    assert_eq!(read(&preallocated), read(&segment()));
    assert_eq!(read(&[0; 5_000]), []);
}

#[test]
fn a_part_of_an_entry_is_an_error_unless_it_is_expected() {
    let whole = segment();
    let complete = whole.len() - batch(3).len();
    for cut in complete + 1..whole.len() {
        let told = read(&whole[..cut]);
        assert_eq!(told.len(), 4, "cut at {cut}");
        let place = format!("at byte {complete} of the segment");
        assert!(told[3].as_ref().is_err_and(|error| error.contains(&place)), "{told:?}");
        let mut tolerant = SegmentReader::new(&whole[..cut], LIMIT).tolerating_partial_tail();
        assert!(tolerant.by_ref().all(|entry| entry.is_ok()), "cut at {cut}");
        assert_eq!(tolerant.position(), complete as u64);
    }
}

#[test]
fn an_entry_beyond_the_limit_is_refused_before_it_is_read() {
    let mut huge = segment();
    huge.extend([&7_i64.to_be_bytes()[..], &i32::MAX.to_be_bytes()].concat());
    let told = read(&huge);
    assert!(told[4].as_ref().is_err_and(|error| error.contains("2147483659 bytes")), "{told:?}");
}

#[test]
fn nothing_comes_after_an_error() {
    let mut damaged = segment();
    damaged[8] = 0xff;
    assert!(matches!(read(&damaged)[..], [Err(_)]));
}

proptest! {
    #[test]
    fn damaged_segments_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = segment();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        for (_, entry) in SegmentReader::new(bytes.as_slice(), LIMIT).map_while(Result::ok) {
            let _ = entry.verify();
            let _ = entry.records(LIMIT).map(Iterator::count);
        }
    }
}
