//! The record batches that a message carries.

use bytes::Bytes;
use std::fmt;

/// Record batches as bytes, in as many pieces as they come in: a batch's header and its payload need not be joined to
/// be sent.
#[derive(Clone, Default)]
pub struct Records {
    segments: Segments,
}

/// One piece, as what was read is, costs no memory of its own.
#[derive(Clone)]
enum Segments {
    One([Bytes; 1]),
    Many(Vec<Bytes>),
}

impl Default for Segments {
    fn default() -> Self {
        Segments::Many(Vec::new())
    }
}

impl Records {
    /// No bytes at all.
    pub const fn new() -> Records {
        Records { segments: Segments::Many(Vec::new()) }
    }

    /// Adds bytes at the end, without copying them.
    pub fn push(&mut self, segment: Bytes) {
        if segment.is_empty() {
            return;
        }
        match &mut self.segments {
            Segments::One([first]) => {
                let first = std::mem::take(first);
                self.segments = Segments::Many(vec![first, segment]);
            }
            Segments::Many(segments) if segments.capacity() == 0 => {
                self.segments = Segments::One([segment]);
            }
            Segments::Many(segments) => segments.push(segment),
        }
    }

    /// Bytes in all pieces.
    pub fn len(&self) -> usize {
        self.segments().iter().map(Bytes::len).sum()
    }

    /// True if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.segments().is_empty()
    }

    /// The pieces, in order; none is empty.
    pub fn segments(&self) -> &[Bytes] {
        match &self.segments {
            Segments::One(segment) => segment,
            Segments::Many(segments) => segments,
        }
    }

    /// All bytes in one piece; copied only if there are several.
    pub fn into_bytes(self) -> Bytes {
        match self.segments() {
            [] => Bytes::new(),
            [one] => one.clone(),
            segments => {
                let mut joined = Vec::with_capacity(self.len());
                segments.iter().for_each(|segment| joined.extend_from_slice(segment));
                Bytes::from(joined)
            }
        }
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Records::new() } else { Records { segments: Segments::One([bytes]) } }
    }
}

impl PartialEq for Records {
    /// By content, whatever the pieces.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.segments().iter().flatten().eq(other.segments().iter().flatten())
    }
}

impl Eq for Records {}

impl fmt::Debug for Records {
    /// The number of bytes: payload is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({} bytes)", self.len())
    }
}
