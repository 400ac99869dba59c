//! Reading a segment of a log, the `.log` files in a broker's directories.

use super::{BatchError, LOG_OVERHEAD, LogEntry};
use bytes::Bytes;
use std::io::{self, Read};

/// Reads a segment entry by entry, of formats 0 to 2, with no more memory than one entry takes. It gives each with its
/// position in bytes. After an error there is nothing more.
///
/// Readers that cost a system call for each read want a [`std::io::BufReader`] around them.
///
/// ```
/// use kafka_protocol::records::{RecordBatch, SegmentReader};
/// use kafka_types::{ProducerIdentity, Timestamp};
///
/// let marker = RecordBatch::end_transaction(true, 0, ProducerIdentity::NONE, Timestamp(0));
/// let segment = marker.segments().concat();
/// for entry in SegmentReader::new(segment.as_slice(), 1 << 20) {
///     let (position, entry) = entry?;
///     entry.verify()?;
///     for record in entry.records(1 << 20)? {
///         println!("at byte {position}: {:?}", record?);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SegmentReader<R> {
    /// Gone after the end or an error.
    reader: Option<R>,
    position: u64,
    max_entry: usize,
    partial_tail: bool,
}

/// Why a segment can't be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The reader failed.
    #[error("reading the segment at byte {position}: {error}")]
    Io {
        /// Where the entry begins.
        position: u64,
        /// What the reader says.
        #[source]
        error: io::Error,
    },
    /// The bytes are no entry.
    #[error("at byte {position} of the segment: {error}")]
    Entry {
        /// Where the entry begins.
        position: u64,
        /// What is wrong with it.
        #[source]
        error: BatchError,
    },
    /// An entry is larger than the caller takes.
    #[error("at byte {position} of the segment is an entry of {size} bytes: at most {limit} are allowed")]
    TooLarge {
        /// Where the entry begins.
        position: u64,
        /// Its size in bytes.
        size: usize,
        /// What the caller takes.
        limit: usize,
    },
}

impl<R: Read> SegmentReader<R> {
    /// Reads entries of at most `max_entry` bytes; a broker's own limit is `message.max.bytes`, plus 12.
    pub fn new(reader: R, max_entry: usize) -> Self {
        SegmentReader { reader: Some(reader), position: 0, max_entry, partial_tail: false }
    }

    /// Ends without an error where the segment ends within an entry, as after a crash, or while a broker writes.
    #[must_use]
    pub fn tolerating_partial_tail(self) -> Self {
        SegmentReader { partial_tail: true, ..self }
    }

    /// Where the next entry begins; at the end, the bytes of all whole entries.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn read(&self, reader: &mut R) -> Result<Option<(u64, LogEntry)>, SegmentError> {
        let position = self.position;
        let mut bytes = Vec::new();
        self.read_up_to(reader, LOG_OVERHEAD, &mut bytes)?;
        let Some(overhead) = bytes.first_chunk::<LOG_OVERHEAD>() else {
            if bytes.is_empty() {
                return Ok(None);
            }
            let error = BatchError::Truncated { needed: LOG_OVERHEAD, available: bytes.len() };
            return Err(SegmentError::Entry { position, error });
        };
        let [.., l0, l1, l2, l3] = *overhead;
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        // Segments can be allocated in full before they are written (`log.preallocate`): zeros follow the last entry.
        if *overhead == [0; LOG_OVERHEAD] {
            return Ok(None);
        }
        let error = |error| SegmentError::Entry { position, error };
        let length = usize::try_from(length).map_err(|_| error(BatchError::InvalidLength(length)))?;
        let size = LOG_OVERHEAD + length;
        if size > self.max_entry {
            return Err(SegmentError::TooLarge { position, size, limit: self.max_entry });
        }
        self.read_up_to(reader, length, &mut bytes)?;
        if bytes.len() < size {
            return Err(error(BatchError::Truncated { needed: size, available: bytes.len() }));
        }
        let mut bytes = Bytes::from(bytes);
        match LogEntry::split_from(&mut bytes) {
            // All that the length says is there: it says too little for what begins here.
            Err(BatchError::Truncated { .. }) => Err(error(BatchError::InvalidLength(length as i32))),
            Err(other) => Err(error(other)),
            Ok(_) if !bytes.is_empty() => Err(error(BatchError::TrailingBytes(bytes.len()))),
            Ok(entry) => Ok(Some((size as u64, entry))),
        }
    }

    /// Memory grows with what is really there.
    fn read_up_to(&self, reader: &mut R, length: usize, into: &mut Vec<u8>) -> Result<(), SegmentError> {
        let position = self.position;
        let read = reader.by_ref().take(length as u64).read_to_end(into);
        read.map(drop).map_err(|error| SegmentError::Io { position, error })
    }
}

impl<R: Read> Iterator for SegmentReader<R> {
    type Item = Result<(u64, LogEntry), SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.reader.take()?;
        match self.read(&mut reader) {
            Ok(None) => None,
            Ok(Some((size, entry))) => {
                let position = self.position;
                self.position += size;
                self.reader = Some(reader);
                Some(Ok((position, entry)))
            }
            Err(SegmentError::Entry { error: BatchError::Truncated { .. }, .. }) if self.partial_tail => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests;
