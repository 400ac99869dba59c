//! Batches and messages of all formats from any bytes.
#![no_main]

use bytes::Bytes;
use kafka_protocol::records::{ControlRecord, LogEntries, LogEntry, Record, RecordBatch, SegmentReader};
use kafka_types::Compression;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let entries: Vec<LogEntry> =
        LogEntries::new(Bytes::copy_from_slice(data)).map_while(Result::ok).collect();
    for entry in &entries {
        let _ = entry.verify();
        let _ = entry.last_offset();
        let Ok(records) = entry.records(LIMIT) else { continue };
        for record in records.map_while(Result::ok) {
            if let Ok(control) = ControlRecord::read(&record) {
                let _ = control.end_txn_marker();
            }
        }
        if let LogEntry::Batch(batch) = entry {
            check(batch);
        }
    }
    // A segment ends where zeros begin.
    let of_segment: Vec<LogEntry> =
        SegmentReader::new(data, usize::MAX).map_while(Result::ok).map(|(_, entry)| entry).collect();
    assert!(entries.starts_with(&of_segment));
});

fn check(batch: &RecordBatch) {
    let bytes = Bytes::from(batch.segments().concat());
    assert_eq!(RecordBatch::parse(bytes).as_ref(), Ok(batch), "a batch reads as it was written");
    if batch.validate(LIMIT).is_ok() {
        let records = |batch: &RecordBatch| -> Vec<Record> {
            let records = batch.records(LIMIT).expect("it validates");
            records.map(|record| record.expect("it validates")).collect()
        };
        for compression in [Compression::None, Compression::Snappy] {
            let other = batch.recompress(compression, LIMIT).expect("it validates");
            other.verify().expect("its checksum was just taken");
            assert_eq!(records(&other), records(batch));
        }
    }
}
