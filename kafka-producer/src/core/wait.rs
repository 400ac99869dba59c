//! Waiting as data: what a send waits for, to be polled by whoever drives it.

use kafka_accumulator::{Grant, MemoryError, MemoryWait};
use kafka_metadata::{MetadataError, MetadataWait};
use std::task::{Poll, Waker};

pub(super) enum Wait {
    /// For news of the topic's partitions.
    Metadata(MetadataWait),
    /// For room in the buffer, with the bytes that were asked for.
    Memory { wait: MemoryWait, bytes: usize },
}

/// What a wait ended with.
pub(super) enum Waited {
    /// There may be news of the topic; or the time is over, which the next look at it will tell.
    Metadata(Result<(), MetadataError>),
    Memory {
        result: Result<Grant, MemoryError>,
        bytes: usize,
    },
}

impl Wait {
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Waited> {
        match self {
            Wait::Metadata(wait) => wait.poll(waker).map(Waited::Metadata),
            Wait::Memory { wait, bytes } => {
                let bytes = *bytes;
                wait.poll(waker).map(|result| Waited::Memory { result, bytes })
            }
        }
    }
}
