//! Which transactions are open in a partition, and which were aborted where.

use kafka_types::ProducerId;
use std::collections::BTreeMap;

/// A log's index of transactions.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogTransactions {
    /// Where the open transaction of each producer begins.
    open: BTreeMap<ProducerId, i64>,
    /// Ended ones, in order of their markers.
    ended: Vec<EndedTransaction>,
}

/// A transaction that has its marker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EndedTransaction {
    pub(crate) producer: ProducerId,
    pub(crate) first_offset: i64,
    /// Where the marker is.
    pub(crate) marker: i64,
    pub(crate) committed: bool,
}

impl LogTransactions {
    /// A transactional batch was appended.
    pub(super) fn wrote(&mut self, producer: ProducerId, offset: i64) {
        self.open.entry(producer).or_insert(offset);
    }

    /// A marker was appended.
    pub(super) fn ended(&mut self, producer: ProducerId, marker: i64, committed: bool) {
        // Partitions that were added and never written to have markers without a transaction.
        if let Some(first_offset) = self.open.remove(&producer) {
            self.ended.push(EndedTransaction { producer, first_offset, marker, committed });
        }
    }

    pub(crate) fn is_open(&self, producer: ProducerId) -> bool {
        self.open.contains_key(&producer)
    }

    /// Where the first transaction begins that is open, or whose marker is not below the high watermark.
    pub(crate) fn first_unstable(&self, high_watermark: i64) -> Option<i64> {
        let ended = self.ended.iter().rev().take_while(|ended| ended.marker >= high_watermark);
        ended.map(|ended| ended.first_offset).chain(self.open.values().copied()).min()
    }

    /// The aborted transactions of which something may be from `offset` on and before `end`.
    pub(crate) fn aborted(&self, offset: i64, end: i64) -> impl Iterator<Item = &EndedTransaction> {
        let after = self.ended.partition_point(|ended| ended.marker < offset);
        self.ended[after..].iter().filter(move |ended| !ended.committed && ended.first_offset < end)
    }

    pub(super) fn clear(&mut self) {
        *self = LogTransactions::default();
    }
}
