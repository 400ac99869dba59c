//! A batch's header.

use super::{Attributes, BATCH_HEADER_SIZE, BatchError, BatchSummary, LOG_OVERHEAD, MAGIC, PayloadChecksum};
use kafka_types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, Timestamp};

/// The header of a batch of format 2: everything about the batch but its records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchHeader {
    /// The first record's offset; 0 from a producer, set by the broker.
    pub base_offset: Offset,
    /// The leader's epoch when it appended the batch; unknown from a producer, set by the broker.
    pub partition_leader_epoch: LeaderEpoch,
    /// Codec, clock, and what kind of batch it is.
    pub attributes: Attributes,
    /// The last record's offset, counted from the first one's.
    pub last_offset_delta: i32,
    /// The first record's timestamp, which the others are counted from.
    pub base_timestamp: Timestamp,
    /// The latest timestamp in the batch.
    pub max_timestamp: Timestamp,
    /// Who wrote it (KIP-98), or [`ProducerIdentity::NONE`].
    pub producer: ProducerIdentity,
    /// The first record's sequence, or [`Sequence::NONE`].
    pub base_sequence: Sequence,
    /// How many records there are.
    pub record_count: i32,
    /// Length and CRC-32C of what follows the header.
    pub payload: PayloadChecksum,
}

/// The header's bytes that the CRC covers start here.
const ATTRIBUTES_AT: usize = 21;
const CRC_AT: usize = 17;
const MAGIC_AT: usize = 16;

impl BatchHeader {
    /// The header of a batch as a producer sends it: base offset 0, leader epoch unknown.
    pub fn new(
        attributes: Attributes,
        summary: &BatchSummary,
        payload: PayloadChecksum,
        producer: ProducerIdentity,
        base_sequence: Sequence,
    ) -> Self {
        BatchHeader {
            base_offset: Offset(0),
            partition_leader_epoch: LeaderEpoch::UNKNOWN,
            attributes,
            last_offset_delta: summary.last_offset_delta(),
            base_timestamp: summary.base_timestamp(),
            max_timestamp: summary.max_timestamp(),
            producer,
            base_sequence,
            record_count: summary.record_count() as i32,
            payload,
        }
    }

    /// The size of header and payload, in bytes.
    pub fn batch_size(&self) -> usize {
        BATCH_HEADER_SIZE + self.payload.length()
    }

    /// The header's bytes. The payload is not touched: its checksum is joined with the header's.
    pub fn encode(&self) -> [u8; BATCH_HEADER_SIZE] {
        let mut bytes = [0; BATCH_HEADER_SIZE];
        let length = (self.batch_size() - LOG_OVERHEAD) as i32;
        bytes[0..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.partition_leader_epoch.0.to_be_bytes());
        bytes[MAGIC_AT] = MAGIC as u8;
        bytes[ATTRIBUTES_AT..23].copy_from_slice(&self.attributes.0.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp.0.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp.0.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer.id.0.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer.epoch.0.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.0.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        let crc = self.payload.join(crc32c::crc32c(&bytes[ATTRIBUTES_AT..]));
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// Reads the header at the front of `bytes`. What follows it need not be there.
    ///
    /// The checksum is not checked here, for it covers the payload. It is turned into what the payload's own must be
    /// ([`BatchHeader::payload`]), so that what was read encodes to the same bytes again.
    ///
    /// # Errors
    /// [`BatchError::Truncated`], [`BatchError::UnsupportedMagic`] and [`BatchError::InvalidLength`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BatchError> {
        // The formats before this one have shorter headers, and the magic at the same place.
        if let Some(&magic) = bytes.get(MAGIC_AT)
            && magic as i8 != MAGIC
        {
            return Err(BatchError::UnsupportedMagic(magic as i8));
        }
        let Some(header) = bytes.first_chunk::<BATCH_HEADER_SIZE>() else {
            return Err(BatchError::Truncated { needed: BATCH_HEADER_SIZE, available: bytes.len() });
        };
        let length = i32::from_be_bytes(field(header, 8));
        let payload_length =
            u32::try_from(i64::from(length) + LOG_OVERHEAD as i64 - BATCH_HEADER_SIZE as i64)
                .map_err(|_| BatchError::InvalidLength(length))?;
        let header_crc = crc32c::crc32c(&header[ATTRIBUTES_AT..]);
        let crc = u32::from_be_bytes(field(header, CRC_AT));
        Ok(BatchHeader {
            base_offset: Offset(i64::from_be_bytes(field(header, 0))),
            partition_leader_epoch: LeaderEpoch(i32::from_be_bytes(field(header, 12))),
            attributes: Attributes(i16::from_be_bytes(field(header, ATTRIBUTES_AT))),
            last_offset_delta: i32::from_be_bytes(field(header, 23)),
            base_timestamp: Timestamp(i64::from_be_bytes(field(header, 27))),
            max_timestamp: Timestamp(i64::from_be_bytes(field(header, 35))),
            producer: ProducerIdentity {
                id: ProducerId(i64::from_be_bytes(field(header, 43))),
                epoch: ProducerEpoch(i16::from_be_bytes(field(header, 51))),
            },
            base_sequence: Sequence(i32::from_be_bytes(field(header, 53))),
            record_count: i32::from_be_bytes(field(header, 57)),
            payload: PayloadChecksum::expected(payload_length, header_crc, crc),
        })
    }
}

/// The bytes of a field at a place within the header.
fn field<const N: usize>(header: &[u8; BATCH_HEADER_SIZE], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests;
