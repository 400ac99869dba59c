//! Record batches of format 2 (KIP-98): writing them record by record, and reading what others wrote.
//!
//! A batch is a header of 61 bytes and the records behind it, which are compressed as a whole or not at all. The two are
//! kept apart here. Records are appended to memory that belongs to the caller; once the batch is closed, those bytes
//! (its *payload*) never change again and are checksummed once. The header is made anew for each attempt to send the
//! batch, from the payload's checksum and whatever identity and sequence the attempt has.
//!
//! ```
//! use kafka_protocol::records::{Attributes, BatchHeader, BatchSummary, PayloadChecksum, append_record};
//! use kafka_types::{ProducerIdentity, Sequence, Timestamp};
//!
//! let mut payload = Vec::new();
//! let mut summary = BatchSummary::EMPTY;
//! append_record(&mut payload, &mut summary, Timestamp(1_000), Some(b"key"), Some(b"value"), &[]);
//!
//! let header = BatchHeader::new(
//!     Attributes::default(),
//!     &summary,
//!     PayloadChecksum::of(&payload),
//!     ProducerIdentity::NONE,
//!     Sequence::NONE,
//! );
//! let batch = [header.encode().as_slice(), payload.as_slice()].concat();
//! assert_eq!(batch.len(), header.batch_size());
//! ```

mod attributes;
mod batch;
mod checksum;
mod control;
mod entry;
mod error;
mod header;
mod legacy;
mod record;
mod segment;
mod set;
mod write;

pub use attributes::{Attributes, TimestampType};
pub use batch::RecordBatch;
pub use checksum::PayloadChecksum;
pub use control::{ControlRecord, ControlType};
pub use entry::{EntryRecords, LogEntry};
pub use error::{BatchError, RecordProblem};
pub use header::BatchHeader;
pub use legacy::{LegacyMessage, LegacyRecords};
pub use record::{Record, RecordHeader, Records};
pub use segment::{SegmentError, SegmentReader};
pub use set::{Batches, LogEntries, read_records};
pub use write::{BatchSummary, MeasuredRecord, RecordBuffer, append_record, record_size, size_upper_bound};

/// The size of a batch's header, in bytes; the records follow it.
pub const BATCH_HEADER_SIZE: usize = 61;
/// The part of a header that a batch's length does not count: base offset and the length itself.
pub const LOG_OVERHEAD: usize = 12;
/// What a record can take beside its key, its value and its headers: length, attributes, timestamp and offset.
pub const MAX_RECORD_OVERHEAD: usize = 21;
/// The format that this module writes.
pub const MAGIC: i8 = 2;
