//! Record batches that another implementation wrote, read and written by ours.
//!
//! A file of vectors is gzip around JSON lines. Each has a batch in hex and what is in it: `magic`, `compression`,
//! `base_offset`, the producer's identity, and every record. Each batch must read as those records. Batches of format 2
//! must also come out again: the same bytes if they are uncompressed, and else the same header before a payload that
//! reads back.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use flate2::read::GzDecoder;
use kafka_protocol::compression::compress;
use kafka_protocol::records::{
    Attributes, BATCH_HEADER_SIZE, BatchHeader, BatchSummary, PayloadChecksum, Record, RecordBatch,
    append_record, read_records,
};
use kafka_types::{
    Compression, Header, LeaderEpoch, Offset, ProducerEpoch, ProducerId, ProducerIdentity, Sequence,
    Timestamp,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

/// How many records one batch of a vector may decompress to, in bytes.
const LIMIT: usize = 64 << 20;

/// Checks a file of vectors, and counts its batches by format and compression.
///
/// # Errors
/// The first vector that does not hold, with its line.
pub(crate) fn check(file: impl Read) -> Result<BTreeMap<(i8, String), usize>> {
    let mut counts = BTreeMap::new();
    for (index, line) in BufReader::new(GzDecoder::new(file)).lines().enumerate() {
        let vector: Vector = serde_json::from_str(&line?).with_context(|| format!("line {}", index + 1))?;
        vector.check().with_context(|| {
            format!("line {}: format {}, compression {}", index + 1, vector.magic, vector.compression)
        })?;
        *counts.entry((vector.magic, vector.compression)).or_default() += 1;
    }
    Ok(counts)
}

#[derive(Deserialize)]
struct Vector {
    magic: i8,
    compression: String,
    base_offset: i64,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    transactional: bool,
    leader_epoch: i32,
    records: Vec<VectorRecord>,
    hex: String,
}

#[derive(Deserialize, PartialEq, Debug)]
struct VectorRecord {
    offset: i64,
    timestamp: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<VectorHeader>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct VectorHeader {
    key: String,
    value: Option<String>,
}

impl Vector {
    fn check(&self) -> Result<()> {
        let bytes = Bytes::from(from_hex(&self.hex)?);
        ensure!(described(&read_records(bytes.clone(), LIMIT)?) == self.records, "reads as other records");
        if self.magic == 2 { self.check_writing(bytes) } else { Ok(()) }
    }

    fn check_writing(&self, bytes: Bytes) -> Result<()> {
        let compression: Compression = self.compression.parse()?;
        let records = self.records.iter().map(VectorRecord::decode).collect::<Result<Vec<_>>>()?;
        let mut uncompressed = Vec::new();
        let mut summary = BatchSummary::EMPTY;
        for (timestamp, key, value, headers) in &records {
            append_record(
                &mut uncompressed,
                &mut summary,
                *timestamp,
                key.as_deref(),
                value.as_deref(),
                headers,
            );
        }
        let mut payload = Vec::new();
        compress(compression, &uncompressed, &mut payload)?;
        let written = BatchHeader {
            base_offset: Offset(self.base_offset),
            partition_leader_epoch: LeaderEpoch(self.leader_epoch),
            ..BatchHeader::new(
                Attributes::default().with_codec(compression.codec()).with_transactional(self.transactional),
                &summary,
                PayloadChecksum::of(&payload),
                ProducerIdentity {
                    id: ProducerId(self.producer_id),
                    epoch: ProducerEpoch(self.producer_epoch),
                },
                Sequence(self.base_sequence),
            )
        };
        let ours = Bytes::from([written.encode().as_slice(), payload.as_slice()].concat());
        if compression == Compression::None {
            ensure!(ours == bytes, "is written as other bytes");
        }
        let theirs = *RecordBatch::parse(bytes)?.header();
        ensure!(
            written == BatchHeader { payload: written.payload, ..theirs },
            "has the header {theirs:?}, but is written with {written:?}"
        );
        ensure!(ours.len() > BATCH_HEADER_SIZE, "is written without records");
        ensure!(described(&read_records(ours, LIMIT)?) == self.records, "does not read back");
        Ok(())
    }
}

type Decoded<'a> = (Timestamp, Option<Vec<u8>>, Option<Vec<u8>>, Vec<Header<'a>>);

impl VectorRecord {
    fn decode(&self) -> Result<Decoded<'_>> {
        let headers = self.headers.iter().map(|header| {
            Ok(Header::new(header.key.as_str(), header.value.as_deref().map(from_hex).transpose()?))
        });
        Ok((
            Timestamp(self.timestamp),
            self.key.as_deref().map(from_hex).transpose()?,
            self.value.as_deref().map(from_hex).transpose()?,
            headers.collect::<Result<_>>()?,
        ))
    }
}

/// Records as vectors describe them.
fn described(records: &[Record]) -> Vec<VectorRecord> {
    let hex = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| to_hex(bytes));
    let describe = |record: &Record| VectorRecord {
        offset: record.offset.0,
        timestamp: record.timestamp.0,
        key: hex(&record.key),
        value: hex(&record.value),
        headers: record
            .headers
            .iter()
            .map(|header| VectorHeader { key: header.key.clone(), value: hex(&header.value) })
            .collect(),
    };
    records.iter().map(describe).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(hex: &str) -> Result<Vec<u8>> {
    ensure!(hex.len().is_multiple_of(2) && hex.is_ascii(), "not hex: {hex:?}");
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).with_context(|| format!("not hex: {hex:?}"));
    (0..hex.len()).step_by(2).map(byte).collect()
}
