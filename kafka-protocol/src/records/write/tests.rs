use super::*;
use proptest::prelude::*;

fn written(timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> Vec<u8> {
    let mut buf = Vec::new();
    append_record(&mut buf, &mut BatchSummary::default(), Timestamp(timestamp), key, value, headers);
    buf
}

#[test]
fn null_and_empty_differ_in_keys_values_and_header_values() {
    let choices: [(Option<&[u8]>, &[u8]); 3] =
        [(None, &[0x01]), (Some(b""), &[0x00]), (Some(b"x"), &[0x02, b'x'])];
    for (key, key_bytes) in choices {
        for (value, value_bytes) in choices {
            let header = Header::new("", value);
            let bytes = written(0, key, value, &[header]);
            let fields = [&[0, 0, 0], key_bytes, value_bytes, &[0x02, 0x00], value_bytes].concat();
            assert_eq!(bytes, [&[(fields.len() as u8) << 1], fields.as_slice()].concat());
        }
    }
}

#[test]
fn the_first_timestamp_is_the_base_and_later_ones_may_precede_it() {
    let mut buf = Vec::new();
    let mut summary = BatchSummary::EMPTY;
    for timestamp in [2_000, 1_000, 5_000, 3_000] {
        append_record(&mut buf, &mut summary, Timestamp(timestamp), None, None, &[]);
    }
    assert_eq!(summary.base_timestamp(), Timestamp(2_000));
    assert_eq!(summary.max_timestamp(), Timestamp(5_000));
    assert_eq!((summary.record_count(), summary.last_offset_delta()), (4, 3));
    assert_eq!(&buf[7..15], [0x0e, 0x00, 0xcf, 0x0f, 0x02, 0x01, 0x01, 0x00]);
}

#[test]
fn timestamps_far_apart_take_a_varlong() {
    let mut buf = Vec::new();
    let mut summary = BatchSummary::EMPTY;
    append_record(&mut buf, &mut summary, Timestamp(0), None, None, &[]);
    let second = buf.len();
    append_record(&mut buf, &mut summary, Timestamp(1_787_086_231_121), None, None, &[]);
    assert_eq!(&buf[second + 2..second + 8], [0xa2, 0xd9, 0x9e, 0xea, 0x82, 0x68]);
}

#[test]
fn both_kinds_of_memory_receive_the_same_bytes() {
    let mut buf = BytesMut::new();
    append_record(&mut buf, &mut BatchSummary::default(), Timestamp(7), Some(b"k"), Some(&[9; 200]), &[]);
    assert_eq!(buf, written(7, Some(b"k"), Some(&[9; 200]), &[]));
}

fn any_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 0..300))
}

proptest! {
    #[test]
    fn sizes_are_exact_and_below_the_upper_bound(
        offset_delta in 0u32..100_000,
        base in any::<i64>(),
        timestamp in any::<i64>(),
        key in any_bytes(),
        value in any_bytes(),
        headers in prop::collection::vec((".{0,80}", any_bytes()), 0..70),
    ) {
        let headers: Vec<_> = headers.into_iter().map(|(key, value)| Header::new(key, value)).collect();
        let mut summary = BatchSummary {
            base_timestamp: Timestamp(base),
            max_timestamp: Timestamp(base),
            record_count: offset_delta,
        };
        let record = summary.measure(Timestamp(timestamp), key.as_deref(), value.as_deref(), &headers);
        let mut buf = Vec::new();
        summary.append(&mut buf, &record);
        prop_assert_eq!(buf.len(), record.size());
        let delta = if offset_delta == 0 { 0 } else { timestamp.wrapping_sub(base) };
        let size = record_size(offset_delta as i32, delta, key.as_deref(), value.as_deref(), &headers);
        prop_assert_eq!(buf.len(), size);
        let bound = size_upper_bound(key.as_deref(), value.as_deref(), &headers);
        prop_assert!(BATCH_HEADER_SIZE + buf.len() <= bound);
        prop_assert!(bound <= BATCH_HEADER_SIZE + buf.len() + MAX_RECORD_OVERHEAD);
    }
}
