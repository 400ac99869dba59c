//! A decided transaction whose markers are on their way.

use kafka_types::{LeaderEpoch, Monotonic, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// What is left to do before the transaction is complete.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) committed: bool,
    /// When the coordinator begins to write markers.
    pub(crate) begins_at: Monotonic,
    /// Partitions without a replicated marker; with the marker that was appended and may still be lost.
    pub(crate) partitions: BTreeMap<TopicPartition, Option<Marker>>,
    /// Groups whose offsets are neither committed nor dropped yet.
    pub(crate) groups: BTreeSet<String>,
}

/// A marker that a leader appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker {
    /// The offset after it.
    pub(crate) end: i64,
    /// The epoch in which it was appended. Another leader may not have it.
    pub(crate) epoch: LeaderEpoch,
}

impl Ending {
    pub(crate) fn is_over(&self) -> bool {
        self.partitions.is_empty() && self.groups.is_empty()
    }
}
