//! What a partition remembers of its producers, so that it takes each batch once and in order (KIP-98).

use kafka_types::{ErrorCode, Offset, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// How many batches per producer a broker recognises when they come again. Hence at most five requests in flight.
pub(crate) const REMEMBERED_BATCHES: usize = 5;

/// The producers of one partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProducerStates {
    producers: BTreeMap<ProducerId, ProducerState>,
}

#[derive(Clone, Debug)]
struct ProducerState {
    epoch: ProducerEpoch,
    /// The latest batches of this epoch, oldest first.
    batches: VecDeque<RememberedBatch>,
}

/// A batch that was appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RememberedBatch {
    pub(crate) first_sequence: Sequence,
    pub(crate) last_sequence: Sequence,
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
    pub(crate) max_timestamp: Timestamp,
}

/// What is to happen with a batch that has a producer id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SequenceCheck {
    /// It is the next one: append it.
    Append,
    /// It is already there.
    Duplicate(RememberedBatch),
    /// It is refused.
    Refused(ErrorCode),
}

impl ProducerStates {
    /// Decides about a batch by its identity and its first and last sequence.
    pub(crate) fn check(&self, producer: ProducerIdentity, first: Sequence, last: Sequence) -> SequenceCheck {
        // A producer that the partition knows nothing of may start anywhere: its past may have been deleted.
        let Some(state) = self.producers.get(&producer.id) else {
            return SequenceCheck::Append;
        };
        if producer.epoch < state.epoch {
            return SequenceCheck::Refused(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if producer.epoch > state.epoch {
            return match first {
                Sequence::FIRST => SequenceCheck::Append,
                _ => SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            };
        }
        let repeated =
            |batch: &&RememberedBatch| batch.first_sequence == first && batch.last_sequence == last;
        if let Some(duplicate) = state.batches.iter().find(repeated) {
            return SequenceCheck::Duplicate(*duplicate);
        }
        match state.batches.back() {
            Some(latest) if latest.last_sequence.plus(1) != first => {
                SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            }
            // Since its last transaction's end, under an epoch of its own, it wrote nothing.
            None if first != Sequence::FIRST => {
                SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            }
            _ => SequenceCheck::Append,
        }
    }

    /// Whether anything is known of a producer.
    pub(crate) fn knows(&self, producer: ProducerId) -> bool {
        self.producers.contains_key(&producer)
    }

    /// The epoch that a producer wrote in last.
    pub(crate) fn epoch(&self, producer: ProducerId) -> Option<ProducerEpoch> {
        self.producers.get(&producer).map(|state| state.epoch)
    }

    /// A marker of the producer's transaction was appended. It may have a later epoch, which fences what comes late.
    pub(crate) fn end_transaction(&mut self, producer: ProducerIdentity) {
        self.state(producer);
    }

    /// Remembers a batch that was appended.
    pub(crate) fn record(&mut self, producer: ProducerIdentity, batch: RememberedBatch) {
        let state = self.state(producer);
        if state.batches.len() == REMEMBERED_BATCHES {
            state.batches.pop_front();
        }
        state.batches.push_back(batch);
    }

    fn state(&mut self, producer: ProducerIdentity) -> &mut ProducerState {
        let state = self
            .producers
            .entry(producer.id)
            .or_insert_with(|| ProducerState { epoch: producer.epoch, batches: VecDeque::new() });
        if state.epoch != producer.epoch {
            state.epoch = producer.epoch;
            state.batches.clear();
        }
        state
    }

    /// Forgets all producers but some, as producer id expiration does.
    pub(crate) fn retain(&mut self, keep: impl Fn(ProducerId) -> bool) {
        self.producers.retain(|id, _| keep(*id));
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        self.producers.clear();
    }
}

#[cfg(test)]
mod tests;
