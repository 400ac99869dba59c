//! Record batches: writing them, and reading what others wrote.

use super::{Done, Round, Work};
use crate::values::values;
use bytes::Bytes;
use kafka_protocol::records::{
    Attributes, BatchHeader, BatchSummary, PayloadChecksum, RecordBatch, append_record,
};
use kafka_types::{ProducerIdentity, Sequence, Timestamp};
use std::hint::black_box;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "batch-write", unit: "record", start: write },
    Work { name: "batch-read", unit: "record", start: read },
];

const RECORDS: usize = 140;
const BATCHES: usize = 10;
const TIME: Timestamp = Timestamp(1_700_000_000_000);

fn write() -> Round {
    let values = values(100);
    let mut payload = Vec::with_capacity(32 * 1024);
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..BATCHES {
                payload.clear();
                black_box(write_batch(&values, &mut payload));
            }
        });
        Done { units: (BATCHES * RECORDS) as u64, batches: BATCHES as u64 }
    })
}

/// Parses a batch, checks it as a broker does, and looks at each record.
fn read() -> Round {
    let mut payload = Vec::new();
    let header = write_batch(&values(100), &mut payload);
    let bytes = Bytes::from([header.as_slice(), payload.as_slice()].concat());
    Box::new(move |gauge| {
        gauge.measure(&mut || {
            for _ in 0..BATCHES {
                let batch = RecordBatch::parse(bytes.clone()).expect("a whole batch");
                batch.verify().expect("its checksum");
                for record in batch.records(1 << 20).expect("its records") {
                    black_box(record.expect("a record").value);
                }
            }
        });
        Done { units: (BATCHES * RECORDS) as u64, batches: BATCHES as u64 }
    })
}

fn write_batch(values: &[Vec<u8>], payload: &mut Vec<u8>) -> [u8; 61] {
    let mut summary = BatchSummary::EMPTY;
    for value in &values[..RECORDS] {
        append_record(payload, &mut summary, TIME, None, Some(value), &[]);
    }
    let (identity, sequence) = (ProducerIdentity::NONE, Sequence::NONE);
    let checksum = PayloadChecksum::of(payload);
    BatchHeader::new(Attributes::default(), &summary, checksum, identity, sequence).encode()
}
