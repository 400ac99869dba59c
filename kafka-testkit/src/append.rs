//! The checks that a leader makes before it appends, in a broker's order.

use crate::log::Log;
use crate::producer_state::SequenceCheck;
use crate::topic::Topic;
use bytes::Bytes;
use kafka_protocol::records::{BatchError, BatchHeader, RecordBatch, TimestampType};
use kafka_types::{Codec, ErrorCode, LeaderEpoch, Monotonic, Now, Sequence, Timestamp};
use std::time::Duration;

/// A batch that is in the log, now or since before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// The offset after the batch's last record: what must be replicated for `acks=all`.
    pub(crate) end_offset: i64,
    /// What the answer says: -1 unless the time is the broker's. A broker fills it in for duplicates too.
    pub(crate) log_append_time: i64,
}

/// Why a batch was refused, as the answer says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) error: ErrorCode,
    /// Records at fault, with what is wrong (KIP-467).
    pub(crate) records: Vec<(i32, String)>,
    pub(crate) message: Option<String>,
}

impl Refusal {
    pub(crate) fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Refusal { error, records: Vec::new(), message: Some(message.into()) }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Refusal { error, records: Vec::new(), message: None }
    }
}

/// What the checks depend on beside the batch.
pub(crate) struct AppendRules<'a> {
    pub(crate) topic: &'a Topic,
    pub(crate) max_message_bytes: usize,
    pub(crate) max_decompressed_size: usize,
    /// The Produce request's version: old ones don't know all codecs.
    pub(crate) version: i16,
}

/// A batch that passed every check that needs no log.
pub(crate) struct CheckedBatch {
    header: BatchHeader,
    payload: Bytes,
}

impl AppendRules<'_> {
    /// Checks the bytes that a Produce request has for one partition.
    pub(crate) fn check(&self, records: Option<Bytes>, now: Now) -> Result<CheckedBatch, Refusal> {
        let invalid = |error: BatchError| Refusal::new(error_code(&error), error.to_string());
        let mut rest = records.unwrap_or_default();
        if rest.is_empty() {
            return Err(Refusal::new(ErrorCode::INVALID_RECORD, "the request has no record batch"));
        }
        let batch = RecordBatch::split_from(&mut rest).map_err(invalid)?;
        if !rest.is_empty() {
            return Err(Refusal::new(
                ErrorCode::INVALID_RECORD,
                "the request has more than one record batch",
            ));
        }
        let mut header = *batch.header();
        let codec = header.attributes.codec();
        if codec == Codec::ZSTD && self.version < 7 {
            let message = "zstd needs Produce version 7";
            return Err(Refusal::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, message));
        }
        if header.batch_size() > self.max_message_bytes {
            let message = format!(
                "the batch has {} bytes, and the topic allows {}",
                header.batch_size(),
                self.max_message_bytes
            );
            return Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, message));
        }
        batch.validate(self.max_decompressed_size).map_err(invalid)?;
        header.max_timestamp = self.check_records(&batch, now)?;
        if self.topic.config.timestamp_type == TimestampType::LogAppendTime {
            header.attributes = header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
            header.max_timestamp = now.wall;
        }
        Ok(CheckedBatch { header, payload: batch.payload().clone() })
    }

    /// Checks each record against the topic's rules, and gives the latest timestamp.
    fn check_records(&self, batch: &RecordBatch, now: Now) -> Result<Timestamp, Refusal> {
        let invalid = |error: BatchError| Refusal::new(error_code(&error), error.to_string());
        let config = &self.topic.config;
        let create_time = config.timestamp_type == TimestampType::CreateTime;
        let mut latest = Timestamp::NONE;
        let mut keyless = Vec::new();
        let mut untimely = Vec::new();
        for record in batch.records(self.max_decompressed_size).map_err(invalid)? {
            let record = record.map_err(invalid)?;
            latest = latest.max(record.timestamp);
            if config.compacted && record.key.is_none() {
                let message = "Compacted topic cannot accept message without key.".to_owned();
                keyless.push((record.offset_delta, message));
            }
            let age = now.wall.0.saturating_sub(record.timestamp.0);
            let beyond = |limit: Option<Duration>, ms: i64| {
                limit.is_some_and(|limit| i128::from(ms) > limit.as_millis() as i128)
            };
            let out_of_range = beyond(config.timestamp_before_max, age)
                || beyond(config.timestamp_after_max, age.saturating_neg());
            if create_time && record.timestamp != Timestamp::NONE && out_of_range {
                let message = format!("Timestamp {} is out of range at {}.", record.timestamp, now.wall);
                untimely.push((record.offset_delta, message));
            }
        }
        for (error, records) in
            [(ErrorCode::INVALID_RECORD, keyless), (ErrorCode::INVALID_TIMESTAMP, untimely)]
        {
            if !records.is_empty() {
                let message = Some("One or more records have been rejected".to_owned());
                return Err(Refusal { error, records, message });
            }
        }
        Ok(latest)
    }
}

impl CheckedBatch {
    /// Appends the batch, unless its producer's sequence says otherwise.
    pub(crate) fn append_to(
        self,
        log: &mut Log,
        epoch: LeaderEpoch,
        replicated_at: Monotonic,
    ) -> Result<Appended, Refusal> {
        let header = &self.header;
        let first = header.base_sequence;
        if header.producer.is_some() {
            let last = first.plus(header.last_offset_delta.max(0) as u32);
            match log.producers.check(header.producer, first, last) {
                SequenceCheck::Append => {}
                SequenceCheck::Duplicate(batch) => {
                    return Ok(Appended {
                        base_offset: batch.base_offset.0,
                        end_offset: batch.last_offset.0 + 1,
                        log_append_time: batch.max_timestamp.0,
                    });
                }
                SequenceCheck::Refused(error) => return Err(self.out_of_sequence(error, first, last)),
            }
        }
        let log_append_time = match header.attributes.timestamp_type() {
            TimestampType::CreateTime => -1,
            TimestampType::LogAppendTime => header.max_timestamp.0,
        };
        let base_offset = log.append(self.header, self.payload, epoch, replicated_at);
        Ok(Appended { base_offset, end_offset: log.end(), log_append_time })
    }

    fn out_of_sequence(&self, error: ErrorCode, first: Sequence, last: Sequence) -> Refusal {
        let message =
            format!("{}: sequences {first} to {last} don't continue its stream", self.header.producer);
        Refusal::new(error, message)
    }
}

/// How a broker names what is wrong with a batch.
fn error_code(error: &BatchError) -> ErrorCode {
    match error {
        BatchError::ChecksumMismatch { .. } | BatchError::InvalidLength(_) | BatchError::Truncated { .. } => {
            ErrorCode::CORRUPT_MESSAGE
        }
        BatchError::LogAppendTime => ErrorCode::INVALID_TIMESTAMP,
        // A stream that does not decompress is an unexpected exception to a broker, and so it answers.
        BatchError::Decompress(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        _ => ErrorCode::INVALID_RECORD,
    }
}
