//! Prints what is in a segment of a log: `cargo run --example dump_segment -- FILE.log [--records]`.
//!
//! Every entry is checked against its checksum. A part of an entry at the end, as a crash leaves one, is told and no error.

use kafka_protocol::records::{ControlRecord, LogEntry, SegmentReader};
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write, stdout};

/// What an entry may take, and what its records may decompress to.
const LIMIT: usize = 100 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: dump_segment FILE.log [--records]")?;
    let with_records = arguments.any(|argument| argument == "--records");
    let file = File::open(&path)?;
    let size = file.metadata()?.len();
    let mut out = BufWriter::new(stdout().lock());
    let mut segment = SegmentReader::new(BufReader::new(file), LIMIT).tolerating_partial_tail();
    let (mut entries, mut records) = (0_u64, 0_u64);
    for entry in segment.by_ref() {
        let (position, entry) = entry?;
        entry.verify()?;
        entries += 1;
        writeln!(out, "{}", head(position, &entry))?;
        for record in entry.records(LIMIT)? {
            let record = record?;
            records += 1;
            if is_control(&entry) {
                let control = ControlRecord::read(&record)?;
                writeln!(
                    out,
                    "  {} {:?} {:?}",
                    record.offset,
                    control.control_type(),
                    control.end_txn_marker()?
                )?;
            } else if with_records {
                let size = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map(bytes::Bytes::len);
                let (key, value) = (size(&record.key), size(&record.value));
                writeln!(
                    out,
                    "  {} at {:?}: key {key:?}, value {value:?} bytes",
                    record.offset, record.timestamp
                )?;
            }
        }
    }
    writeln!(out, "{entries} entries, {records} records")?;
    if segment.position() < size {
        writeln!(out, "{} bytes follow the last entry", size - segment.position())?;
    }
    Ok(out.flush()?)
}

fn head(position: u64, entry: &LogEntry) -> String {
    match entry {
        LogEntry::Message(message) => {
            format!(
                "at {position}: format {}, offset {}, codec {}",
                message.magic(),
                message.offset(),
                message.codec().0
            )
        }
        LogEntry::Batch(batch) => {
            let header = batch.header();
            format!(
                "at {position}: offsets {} to {}, {} records, codec {}, {:?}, sequence {}, leader epoch {}{}{}",
                header.base_offset,
                batch.last_offset(),
                header.record_count,
                header.attributes.codec().0,
                header.producer,
                header.base_sequence.0,
                header.partition_leader_epoch.0,
                if header.attributes.is_transactional() { ", transactional" } else { "" },
                if header.attributes.is_control() { ", control" } else { "" },
            )
        }
    }
}

fn is_control(entry: &LogEntry) -> bool {
    matches!(entry, LogEntry::Batch(batch) if batch.header().attributes.is_control())
}
