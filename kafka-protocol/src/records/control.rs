//! Control records: what brokers write into a log beside the records of producers.
//!
//! A control batch ([`Attributes::is_control`]) holds one record. Its key says what it is; its value is a message of
//! [`crate::messages`].

use super::{Attributes, BatchHeader, BatchSummary, PayloadChecksum, Record, RecordBatch, append_record};
use crate::messages::{ControlRecordTypeSchema, EndTxnMarker};
use crate::wire::{DecodeError, Decoder, Message};
use bytes::Bytes;
use kafka_types::{ProducerIdentity, Sequence, Timestamp};

/// What a control record is. Unknown types survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ControlType(pub i16);

impl ControlType {
    /// A transaction ends, and what it wrote is void (KIP-98): [`EndTxnMarker`].
    pub const ABORT: ControlType = ControlType(0);
    /// A transaction ends, and what it wrote counts (KIP-98): [`EndTxnMarker`].
    pub const COMMIT: ControlType = ControlType(1);
    /// A leader of the quorum begins its epoch (KIP-595): `LeaderChangeMessage`.
    pub const LEADER_CHANGE: ControlType = ControlType(2);
    /// A snapshot begins (KIP-630): `SnapshotHeaderRecord`.
    pub const SNAPSHOT_HEADER: ControlType = ControlType(3);
    /// A snapshot ends (KIP-630): `SnapshotFooterRecord`.
    pub const SNAPSHOT_FOOTER: ControlType = ControlType(4);
    /// The version of the quorum's protocol (KIP-853): `KRaftVersionRecord`.
    pub const KRAFT_VERSION: ControlType = ControlType(5);
    /// The voters of the quorum (KIP-853): `VotersRecord`.
    pub const KRAFT_VOTERS: ControlType = ControlType(6);
}

/// A control record, as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlRecord {
    control_type: ControlType,
    value: Bytes,
}

impl ControlRecord {
    /// The control record that a record of a control batch is.
    ///
    /// # Errors
    /// [`DecodeError`]: a key that is none of a control record's. A key of a newer version may be longer.
    pub fn read(record: &Record) -> Result<Self, DecodeError> {
        let mut key = Decoder::new(record.key.clone().unwrap_or_default());
        let version = version(key.int16()?, ControlRecordTypeSchema::NAME)?;
        let schema =
            ControlRecordTypeSchema::decode(&mut key, version.min(ControlRecordTypeSchema::MAX_VERSION))?;
        let value = record.value.clone().unwrap_or_default();
        Ok(ControlRecord { control_type: ControlType(schema.r#type), value })
    }

    /// What it is.
    pub fn control_type(&self) -> ControlType {
        self.control_type
    }

    /// How a transaction ended; `None` if it is about something else.
    ///
    /// # Errors
    /// [`DecodeError`]. A value of a newer version may be longer.
    pub fn end_txn_marker(&self) -> Result<Option<EndTxnMarker>, DecodeError> {
        if ![ControlType::ABORT, ControlType::COMMIT].contains(&self.control_type) {
            return Ok(None);
        }
        let mut value = Decoder::new(self.value.clone());
        let version = version(value.int16()?, EndTxnMarker::NAME)?;
        EndTxnMarker::decode(&mut value, version.min(EndTxnMarker::MAX_VERSION)).map(Some)
    }

    /// The value of a record of the quorum's, which is its own message's: the types' documentation names it. Its first field
    /// is its version.
    ///
    /// # Errors
    /// [`DecodeError`]. A value of a newer version may be longer.
    pub fn quorum_message<M: Message>(&self) -> Result<M, DecodeError> {
        let version = version(Decoder::new(self.value.clone()).int16()?, M::NAME)?;
        M::decode(&mut Decoder::new(self.value.clone()), version.min(M::MAX_VERSION))
    }
}

impl RecordBatch {
    /// The control batch with which a broker ends a transaction. The coordinator counts its epochs from 0.
    pub fn end_transaction(
        committed: bool,
        coordinator_epoch: i32,
        producer: ProducerIdentity,
        timestamp: Timestamp,
    ) -> RecordBatch {
        let control_type = if committed { ControlType::COMMIT } else { ControlType::ABORT };
        // Both in version 0, which each begins with.
        let [type_0, type_1] = control_type.0.to_be_bytes();
        let [epoch_0, epoch_1, epoch_2, epoch_3] = coordinator_epoch.to_be_bytes();
        let (key, value) = ([0, 0, type_0, type_1], [0, 0, epoch_0, epoch_1, epoch_2, epoch_3]);
        let (mut payload, mut summary) = (Vec::new(), BatchSummary::EMPTY);
        append_record(&mut payload, &mut summary, timestamp, Some(&key), Some(&value), &[]);
        let attributes = Attributes::default().with_transactional(true).with_control(true);
        let checksum = PayloadChecksum::of(&payload);
        let header = BatchHeader::new(attributes, &summary, checksum, producer, Sequence::NONE);
        RecordBatch::new(header, Bytes::from(payload))
    }
}

fn version(version: i16, message: &'static str) -> Result<i16, DecodeError> {
    if version >= 0 {
        return Ok(version);
    }
    Err(DecodeError::UnknownVersion { message, version, min: 0, max: i16::MAX })
}

#[cfg(test)]
mod tests;
