use super::*;
use crate::compression::compress;
use crate::records::{Attributes, BatchSummary, Batches, PayloadChecksum, append_record, read_records};
use kafka_types::{Compression, Header, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, Timestamp};
use proptest::prelude::*;

const LIMIT: usize = 1 << 20;
const ALL: [Compression; 5] =
    [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD];

#[derive(Clone, Debug)]
struct Input {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn input(timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Input {
    Input { timestamp, key: key.map(<[u8]>::to_vec), value: value.map(<[u8]>::to_vec), headers: Vec::new() }
}

/// The records of a payload, and what a header says about them.
fn payload(inputs: &[Input]) -> (Vec<u8>, BatchSummary) {
    let (mut records, mut summary) = (Vec::new(), BatchSummary::EMPTY);
    for input in inputs {
        let headers: Vec<_> =
            input.headers.iter().map(|(key, value)| Header::new(key, value.as_deref())).collect();
        let (key, value) = (input.key.as_deref(), input.value.as_deref());
        append_record(&mut records, &mut summary, Timestamp(input.timestamp), key, value, &headers);
    }
    (records, summary)
}

fn batch(compression: Compression, inputs: &[Input]) -> (BatchHeader, Vec<u8>) {
    let (records, summary) = payload(inputs);
    let mut payload = Vec::new();
    compress(compression, &records, &mut payload).unwrap();
    let attributes = Attributes::default().with_codec(compression.codec());
    let checksum = PayloadChecksum::of(&payload);
    let header = BatchHeader::new(attributes, &summary, checksum, ProducerIdentity::NONE, Sequence::NONE);
    (header, payload)
}

fn bytes((header, payload): &(BatchHeader, Vec<u8>)) -> Bytes {
    Bytes::from([header.encode().as_slice(), payload].concat())
}

fn two_records() -> Vec<Input> {
    vec![input(2_000, Some(b"k"), Some(&[b'v'; 33])), input(1_000, None, None)]
}

/// The batch with something else in its header, and a checksum that fits.
fn validated(change: impl FnOnce(&mut BatchHeader)) -> Result<(), BatchError> {
    let (mut header, payload) = batch(Compression::ZSTD, &two_records());
    change(&mut header);
    RecordBatch::parse(bytes(&(header, payload))).unwrap().validate(LIMIT)
}

/// Whole batches of these two records, as Kafka's own builder writes them.
const GOLDEN: [(Compression, &str); 5] = [
    (
        Compression::None,
        "000000000000000000000062ffffffff029d02921b00000000000100000000000007d000000000000007d0ffffffffffffffff\
         ffffffffffff0000000250000000026b427676767676767676767676767676767676767676767676767676767676767676\
         76000e00cf0f02010100",
    ),
    (
        Compression::GZIP,
        "000000000000000000000058ffffffff02b9437a6900010000000100000000000007d000000000000007d0ffffffffffffffff\
         ffffffffffff000000021f8b08000000000000ff0b60606060ca762a230418f818cef3333132320000b0e5bc7831000000",
    ),
    (
        Compression::Snappy,
        "00000000000000000000005cffffffff02d2f429a600020000000100000000000007d000000000000007d0ffffffffffffffff\
         ffffffffffff0000000282534e4150505900000000010000000100000017311c50000000026b42767e010020000e00cf0f\
         02010100",
    ),
    (
        Compression::LZ4,
        "000000000000000000000056ffffffff0284e305db00030000000100000000000007d000000000000007d0ffffffffffffffff\
         ffffffffffff0000000204224d18604082160000008f50000000026b427601000d90000e00cf0f0201010000000000",
    ),
    (
        Compression::ZSTD,
        "000000000000000000000054ffffffff021996f65100040000000100000000000007d000000000000007d0ffffffffffffffff\
         ffffffffffff0000000228b52ffd0058bc00008850000000026b4276000e00cf0f02010100010038e002010000",
    ),
];

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn kafkas_own_batches_read_as_their_records_and_have_our_headers() {
    for (compression, hex) in GOLDEN {
        let golden = RecordBatch::parse(Bytes::from(unhex(hex))).unwrap();
        assert_eq!(golden.validate(LIMIT), Ok(()), "{compression}");
        let ours = batch(compression, &two_records());
        let records = |batch: &RecordBatch| batch.records(LIMIT).unwrap().collect::<Result<Vec<_>, _>>();
        let own = RecordBatch::parse(bytes(&ours)).unwrap();
        assert_eq!(records(&golden), records(&own), "{compression}");
        assert_eq!(BatchHeader { payload: ours.0.payload, ..*golden.header() }, ours.0, "{compression}");
    }
}

#[test]
fn uncompressed_batches_are_kafkas_own_byte_for_byte() {
    assert_eq!(bytes(&batch(Compression::None, &two_records())), unhex(GOLDEN[0].1));
}

#[test]
fn another_identity_leaves_the_payload_as_it_is_and_the_batch_valid() {
    let (mut header, payload) = batch(Compression::LZ4, &two_records());
    let first = bytes(&(header, payload.clone()));
    header.producer = ProducerIdentity { id: ProducerId(9), epoch: ProducerEpoch(1) };
    header.base_sequence = Sequence(17);
    let second = bytes(&(header, payload));
    assert_ne!(first[..BATCH_HEADER_SIZE], second[..BATCH_HEADER_SIZE]);
    assert_eq!(first[BATCH_HEADER_SIZE..], second[BATCH_HEADER_SIZE..]);
    assert_eq!(RecordBatch::parse(second).unwrap().validate(LIMIT), Ok(()));
}

#[test]
fn every_byte_under_the_checksum_is_guarded() {
    let whole = bytes(&batch(Compression::None, &two_records()));
    for at in 17..whole.len() {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0x40;
        let verdict = RecordBatch::parse(Bytes::from(damaged)).unwrap().validate(LIMIT);
        assert!(matches!(verdict, Err(BatchError::ChecksumMismatch { .. })), "byte {at}: {verdict:?}");
    }
}

#[test]
fn what_a_broker_refuses_is_invalid() {
    use crate::records::TimestampType;
    let mismatch =
        |record_count, last_offset_delta| Err(BatchError::CountMismatch { record_count, last_offset_delta });
    assert_eq!(validated(|_| {}), Ok(()));
    assert_eq!(validated(|h| h.base_offset = Offset(5)), Err(BatchError::BaseOffset(Offset(5))));
    assert_eq!(validated(|h| h.last_offset_delta = 2), mismatch(2, 2));
    assert_eq!(validated(|h| (h.record_count, h.last_offset_delta) = (0, -1)), mismatch(0, -1));
    assert_eq!(validated(|h| (h.record_count, h.last_offset_delta) = (-1, -2)), mismatch(-1, -2));
    assert_eq!(
        validated(|h| (h.record_count, h.last_offset_delta) = (i32::MIN, i32::MAX)),
        mismatch(i32::MIN, i32::MAX)
    );
    assert_eq!(validated(|h| h.attributes = h.attributes.with_control(true)), Err(BatchError::ControlBatch));
    assert_eq!(
        validated(|h| h.attributes = h.attributes.with_timestamp_type(TimestampType::LogAppendTime)),
        Err(BatchError::LogAppendTime)
    );
    let identity = ProducerIdentity { id: ProducerId(1), epoch: ProducerEpoch(0) };
    assert_eq!(validated(|h| h.producer = identity), Err(BatchError::MissingSequence(Sequence::NONE)));
    assert_eq!(validated(|h| (h.producer, h.base_sequence) = (identity, Sequence(0))), Ok(()));
    assert!(matches!(
        validated(|h| h.attributes = h.attributes.with_codec(Codec(7))),
        Err(BatchError::Decompress(_))
    ));
}

#[test]
fn counts_must_be_those_of_the_records() {
    let count = |count| validated(|h| (h.record_count, h.last_offset_delta) = (count, count - 1));
    assert_eq!(count(1), Err(BatchError::TrailingBytes(8)));
    assert!(matches!(count(3), Err(BatchError::InvalidRecord { index: 2, .. })));
}

#[test]
fn offsets_count_up_by_one() {
    let (mut records, summary) = payload(&two_records());
    // The second record's offset delta: its length, attributes and two bytes of timestamp go before it.
    let at = records.len() - 4;
    assert_eq!(records[at], 0x02);
    records[at] = 0x04;
    let checksum = PayloadChecksum::of(&records);
    let header =
        BatchHeader::new(Attributes::default(), &summary, checksum, ProducerIdentity::NONE, Sequence::NONE);
    let verdict = RecordBatch::parse(bytes(&(header, records))).unwrap().validate(LIMIT);
    let problem = RecordProblem::OffsetDelta { found: 2, expected: 1 };
    assert_eq!(verdict, Err(BatchError::InvalidRecord { index: 1, problem }));
}

#[test]
fn log_append_time_is_every_records_timestamp() {
    use crate::records::TimestampType;
    let (mut header, payload) = batch(Compression::None, &two_records());
    header.attributes = header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
    header.max_timestamp = Timestamp(9_999);
    header.base_offset = Offset(100);
    let records = read_records(bytes(&(header, payload)), LIMIT).unwrap();
    let seen: Vec<_> = records.iter().map(|record| (record.offset.0, record.timestamp.0)).collect();
    assert_eq!(seen, [(100, 9_999), (101, 9_999)]);
}

#[test]
fn a_partial_batch_at_the_end_is_an_error_only_if_not_tolerated() {
    let one = bytes(&batch(Compression::None, &two_records()));
    for cut in 1..one.len() {
        let fetched = Bytes::from([&one[..], &one[..], &one[..cut]].concat());
        assert_eq!(Batches::new(fetched.clone()).tolerating_partial_tail().filter(Result::is_ok).count(), 2);
        assert_eq!(Batches::new(fetched.clone()).tolerating_partial_tail().count(), 2);
        let strict: Vec<_> = Batches::new(fetched.clone()).collect();
        assert_eq!(strict.len(), 3);
        assert!(matches!(strict[2], Err(BatchError::Truncated { .. })));
        assert_eq!(read_records(fetched, LIMIT).unwrap().len(), 4);
    }
}

#[test]
fn a_second_batch_behind_one_is_refused() {
    let one = bytes(&batch(Compression::None, &two_records()));
    let two = Bytes::from([&one[..], &one[..]].concat());
    assert_eq!(RecordBatch::parse(two), Err(BatchError::TrailingBytes(one.len())));
}

#[test]
fn header_counts_beyond_the_record_make_no_room() {
    // Length, attributes, deltas, null key and value, and two billion headers.
    let records = [20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    let (mut header, _) = batch(Compression::None, &two_records());
    header.payload = PayloadChecksum::of(&records);
    let found = read_records(bytes(&(header, records.to_vec())), LIMIT);
    let problem = RecordProblem::Length { field: "headers", length: i64::from(i32::MAX), available: 0 };
    assert_eq!(found, Err(BatchError::InvalidRecord { index: 0, problem }));
}

fn any_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(0..4_u8, 0..200))
}

fn any_inputs() -> impl Strategy<Value = Vec<Input>> {
    let header = (".{0,9}", any_bytes());
    let input = (any::<i64>(), any_bytes(), any_bytes(), prop::collection::vec(header, 0..4));
    prop::collection::vec(
        input.prop_map(|(timestamp, key, value, headers)| Input { timestamp, key, value, headers }),
        1..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn records_read_back_under_every_codec(
        compression in prop::sample::select(ALL.to_vec()),
        inputs in any_inputs(),
    ) {
        let batch = RecordBatch::parse(bytes(&batch(compression, &inputs))).unwrap();
        prop_assert_eq!(batch.validate(LIMIT), Ok(()));
        prop_assert_eq!(batch.header().max_timestamp.0, inputs.iter().map(|i| i.timestamp).max().unwrap());
        let records: Vec<_> = batch.records(LIMIT).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), inputs.len());
        for (index, (record, input)) in records.iter().zip(&inputs).enumerate() {
            prop_assert_eq!(record.offset, Offset(index as i64));
            prop_assert_eq!(record.timestamp, Timestamp(input.timestamp));
            prop_assert_eq!(record.key.as_deref(), input.key.as_deref());
            prop_assert_eq!(record.value.as_deref(), input.value.as_deref());
            let headers: Vec<_> =
                record.headers.iter().map(|h| (h.key.clone(), h.value.as_ref().map(|v| v.to_vec()))).collect();
            prop_assert_eq!(&headers, &input.headers);
        }
    }

    #[test]
    fn damaged_batches_never_panic(
        compression in prop::sample::select(ALL.to_vec()),
        inputs in any_inputs(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        limit in 0..20_000_usize,
    ) {
        let mut damaged = bytes(&batch(compression, &inputs)).to_vec();
        for (index, byte) in damage {
            let at = index.index(damaged.len());
            damaged[at] = byte;
        }
        let damaged = Bytes::from(damaged);
        let _ = read_records(damaged.clone(), limit);
        for batch in Batches::new(damaged).filter_map(Result::ok) {
            let _ = batch.validate(limit);
            // Without the checksum's guard.
            if let Ok(records) = batch.records(limit) {
                prop_assert!(records.count() as i64 <= i64::from(batch.header().record_count) + 1);
            }
        }
    }

    #[test]
    fn damaged_records_never_panic(
        inputs in any_inputs(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut header, mut records) = batch(Compression::None, &inputs);
        for (index, byte) in damage {
            let at = index.index(records.len());
            records[at] = byte;
        }
        header.payload = PayloadChecksum::of(&records);
        let size = records.len();
        let batch = RecordBatch::parse(bytes(&(header, records))).unwrap();
        prop_assert_eq!(batch.verify(), Ok(()));
        let found: usize = batch
            .records(LIMIT)
            .unwrap()
            .filter_map(Result::ok)
            .map(|r| r.key.map_or(0, |k| k.len()) + r.value.map_or(0, |v| v.len()) + 2 * r.headers.capacity())
            .sum();
        prop_assert!(found <= size);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), magic in 0..4_u8) {
        let mut bytes = bytes;
        if let Some(byte) = bytes.get_mut(16) {
            *byte = magic;
        }
        let _ = read_records(Bytes::from(bytes.clone()), LIMIT);
        prop_assert!(Batches::new(Bytes::from(bytes)).count() <= 4);
    }
}

#[test]
fn recompression_keeps_the_records_and_all_else() {
    for (from, to) in ALL.into_iter().flat_map(|from| ALL.map(|to| (from, to))) {
        let (mut header, payload) = batch(from, &two_records());
        header.base_offset = Offset(40);
        header.producer = ProducerIdentity { id: ProducerId(1), epoch: ProducerEpoch(2) };
        header.base_sequence = Sequence(3);
        let before = RecordBatch::parse(bytes(&(header, payload))).unwrap();
        let after = before.recompress(to, LIMIT).unwrap();
        after.verify().unwrap();
        assert_eq!(after.header().attributes.codec(), to.codec());
        assert_eq!(
            BatchHeader { attributes: header.attributes, payload: header.payload, ..*after.header() },
            header
        );
        let read = |batch: &RecordBatch| read_records(Bytes::from(batch.segments().concat()), LIMIT).unwrap();
        assert_eq!(read(&after), read(&before), "{from:?} to {to:?}");
        assert_eq!(after.last_offset(), Offset(41));
    }
}

#[test]
fn recompression_is_bounded() {
    let zeros = input(0, None, Some(&[0; 100_000]));
    let bomb = RecordBatch::parse(bytes(&batch(Compression::ZSTD, &[zeros]))).unwrap();
    let error = bomb.recompress(Compression::LZ4, 1_000).unwrap_err();
    assert!(matches!(error, BatchError::Decompress(_)), "{error}");
}
