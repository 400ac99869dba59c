//! Offsets that were committed in transactions.

use super::{CommittedOffset, Group};
use kafka_types::{ErrorCode, Monotonic, ProducerId, TopicPartition};
use std::collections::BTreeMap;

/// Offsets of open transactions, by producer.
#[derive(Debug, Default)]
pub(super) struct PendingOffsets(BTreeMap<ProducerId, BTreeMap<TopicPartition, CommittedOffset>>);

impl Group {
    /// Whether somebody may commit offsets in a transaction: a member of the present generation, or, for clients that
    /// don't say for whom they commit, anybody (KIP-447).
    pub(crate) fn check_transactional_commit(
        &mut self,
        now: Monotonic,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        if generation < 0 && id.is_empty() && instance.is_none() {
            return ErrorCode::NONE;
        }
        match self.check_commit(now, id, instance, generation) {
            // Who commits before it joins again must be able to: the generation is still its own.
            ErrorCode::REBALANCE_IN_PROGRESS => ErrorCode::NONE,
            checked => checked,
        }
    }

    /// An offset counts once its producer's transaction is committed.
    pub(crate) fn commit_later(
        &mut self,
        producer: ProducerId,
        partition: TopicPartition,
        offset: CommittedOffset,
    ) {
        self.pending.0.entry(producer).or_default().insert(partition, offset);
    }

    /// A transaction's marker is there.
    pub(crate) fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        let pending = self.pending.0.remove(&producer).unwrap_or_default();
        if committed {
            self.offsets.extend(pending);
        }
    }

    /// Whether an open transaction has an offset of this partition.
    pub(crate) fn is_pending(&self, partition: &TopicPartition) -> bool {
        self.pending.0.values().any(|offsets| offsets.contains_key(partition))
    }
}
