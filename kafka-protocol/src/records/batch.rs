//! A batch of format 2, as it was read.

use super::{
    BATCH_HEADER_SIZE, BatchError, BatchHeader, PayloadChecksum, RecordProblem, Records, TimestampType,
};
use crate::compression::{compress, decompress};
use bytes::Bytes;
use kafka_types::{Codec, Compression, LeaderEpoch, Offset};

/// A batch that was read: its header, and its records as they came.
///
/// Reading checks only that all of the batch is there. [`RecordBatch::verify`] checks its checksum, and
/// [`RecordBatch::validate`] all that a broker demands of a producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordBatch {
    header: BatchHeader,
    payload: Bytes,
}

impl RecordBatch {
    /// Reads one batch, and nothing behind it.
    ///
    /// # Errors
    /// [`BatchError::Truncated`], [`BatchError::TrailingBytes`], and those of [`BatchHeader::decode`].
    pub fn parse(mut bytes: Bytes) -> Result<Self, BatchError> {
        let batch = Self::split_from(&mut bytes)?;
        if bytes.is_empty() { Ok(batch) } else { Err(BatchError::TrailingBytes(bytes.len())) }
    }

    /// Takes one batch off the front of `bytes`, which are left alone on error.
    ///
    /// # Errors
    /// [`BatchError::Truncated`], and those of [`BatchHeader::decode`].
    pub fn split_from(bytes: &mut Bytes) -> Result<Self, BatchError> {
        let header = BatchHeader::decode(bytes)?;
        let needed = header.batch_size();
        if bytes.len() < needed {
            return Err(BatchError::Truncated { needed, available: bytes.len() });
        }
        let payload = bytes.split_to(needed).slice(BATCH_HEADER_SIZE..);
        Ok(RecordBatch { header, payload })
    }

    /// Everything about the batch but its records.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The records, compressed if the batch is.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> Offset {
        Offset(self.header.base_offset.0.wrapping_add(i64::from(self.header.last_offset_delta)))
    }

    /// The batch where a broker puts it. Neither field is under the checksum.
    #[must_use]
    pub fn placed_at(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self {
        self.header.base_offset = base_offset;
        self.header.partition_leader_epoch = leader_epoch;
        self
    }

    /// The batch's bytes: header and payload, which is not copied.
    pub fn segments(&self) -> [Bytes; 2] {
        [Bytes::copy_from_slice(&self.header.encode()), self.payload.clone()]
    }

    /// The same records, compressed otherwise; all else stays as it is. They may decompress to `limit` bytes.
    ///
    /// # Errors
    /// [`BatchError::Decompress`], [`BatchError::Compress`].
    pub fn recompress(&self, compression: Compression, limit: usize) -> Result<Self, BatchError> {
        let records = self.uncompressed(limit)?;
        let payload = match compression {
            Compression::None => records,
            _ => {
                let mut payload = Vec::new();
                compress(compression, &records, &mut payload)?;
                Bytes::from(payload)
            }
        };
        Ok(Self::new(
            BatchHeader { attributes: self.header.attributes.with_codec(compression.codec()), ..self.header },
            payload,
        ))
    }

    /// A batch of this payload, of whatever length and checksum the header speaks.
    pub(super) fn new(header: BatchHeader, payload: Bytes) -> Self {
        RecordBatch { header: BatchHeader { payload: PayloadChecksum::of(&payload), ..header }, payload }
    }

    /// Checks the batch against its checksum.
    ///
    /// # Errors
    /// [`BatchError::ChecksumMismatch`].
    pub fn verify(&self) -> Result<(), BatchError> {
        let expected = self.header.payload.crc();
        let computed = crc32c::crc32c(&self.payload);
        if expected == computed { Ok(()) } else { Err(BatchError::ChecksumMismatch { expected, computed }) }
    }

    /// The batch's records. They share memory with the batch, or with what it decompresses to: at most `limit` bytes.
    ///
    /// # Errors
    /// [`BatchError::Decompress`], and [`BatchError::CountMismatch`] for a negative count. Whatever is wrong with a
    /// record comes in its place.
    pub fn records(&self, limit: usize) -> Result<Records, BatchError> {
        let count = u32::try_from(self.header.record_count).map_err(|_| self.count_mismatch())?;
        Ok(Records::new(&self.header, self.uncompressed(limit)?, count))
    }

    fn uncompressed(&self, limit: usize) -> Result<Bytes, BatchError> {
        Ok(match self.header.attributes.codec() {
            Codec::NONE => self.payload.clone(),
            codec => decompress(codec, &self.payload, limit)?,
        })
    }

    /// Checks what a broker checks before it appends a producer's batch, and that offsets count up by one (a broker
    /// rebuilds compressed batches where they don't, and stores wrong offsets for others). Records may decompress to
    /// `limit` bytes.
    ///
    /// Not checked, for they depend on the topic and on what came before: size, age of timestamps, presence of keys,
    /// the sequence's continuation.
    ///
    /// # Errors
    /// [`BatchError`] names the first rule that does not hold.
    pub fn validate(&self, limit: usize) -> Result<(), BatchError> {
        let header = &self.header;
        if header.base_offset != Offset(0) {
            return Err(BatchError::BaseOffset(header.base_offset));
        }
        self.verify()?;
        let count_matches = i64::from(header.record_count) == i64::from(header.last_offset_delta) + 1;
        if header.record_count <= 0 || !count_matches {
            return Err(self.count_mismatch());
        }
        if header.attributes.is_control() {
            return Err(BatchError::ControlBatch);
        }
        if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
            return Err(BatchError::LogAppendTime);
        }
        if header.producer.is_some() && header.base_sequence.0 < 0 {
            return Err(BatchError::MissingSequence(header.base_sequence));
        }
        for (expected, record) in (0..).zip(self.records(limit)?) {
            let found = record?.offset_delta;
            if found != expected {
                let problem = RecordProblem::OffsetDelta { found, expected };
                return Err(BatchError::InvalidRecord { index: expected as usize, problem });
            }
        }
        Ok(())
    }

    fn count_mismatch(&self) -> BatchError {
        let BatchHeader { record_count, last_offset_delta, .. } = self.header;
        BatchError::CountMismatch { record_count, last_offset_delta }
    }
}

#[cfg(test)]
mod tests;
