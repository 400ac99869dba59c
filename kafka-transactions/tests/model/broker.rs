//! What a leader checks before it appends.

use super::Copy;
use kafka_transactions::BatchKey;
use kafka_types::{ErrorCode, ProducerEpoch, ProducerId, Sequence};
use std::collections::{BTreeMap, VecDeque};

/// How many batches of a producer a leader recognises.
const REMEMBERED: usize = 5;

#[derive(Default)]
pub(crate) struct Broker {
    log: Vec<BatchKey>,
    producers: BTreeMap<ProducerId, Producer>,
}

struct Producer {
    epoch: ProducerEpoch,
    /// First sequence and count of the latest batches.
    recent: VecDeque<(Sequence, u32)>,
}

impl Broker {
    pub(crate) fn append(&mut self, copy: &Copy) -> Result<(), ErrorCode> {
        let (identity, base) = (copy.stamp.identity, copy.stamp.base_sequence);
        let known = self.producers.get(&identity.id);
        if let Some(producer) = known {
            if identity.epoch < producer.epoch {
                return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
            }
            if identity.epoch > producer.epoch {
                if base != Sequence::FIRST {
                    return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
                }
            } else if producer.recent.contains(&(base, copy.records)) {
                return Ok(());
            } else if producer.recent.back().is_some_and(|(last, count)| last.plus(*count) != base) {
                return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
            }
        }
        let producer = self
            .producers
            .entry(identity.id)
            .or_insert_with(|| Producer { epoch: identity.epoch, recent: VecDeque::new() });
        if producer.epoch != identity.epoch {
            *producer = Producer { epoch: identity.epoch, recent: VecDeque::new() };
        }
        producer.recent.push_back((base, copy.records));
        if producer.recent.len() > REMEMBERED {
            producer.recent.pop_front();
        }
        self.log.push(copy.batch);
        Ok(())
    }

    pub(crate) fn forget(&mut self) {
        self.producers.clear();
    }

    pub(crate) fn log(&self) -> &[BatchKey] {
        &self.log
    }
}
