//! Batches on their way out of the accumulator.

use super::append::{Partition, acknowledge};
use super::{Done, Round, Work};
use crate::values::values;
use bytes::Bytes;
use kafka_accumulator::{Batch, Delivery, QueueId};
use kafka_types::{ProducerEpoch, ProducerId, ProducerIdentity, Sequence};

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "seal", unit: "batch", start: seal },
    Work { name: "batch-header", unit: "batch", start: header },
    Work { name: "acknowledge", unit: "batch", start: complete },
];

const BATCHES: u64 = 50;
/// Not quite `batch.size`, so that the batch is still open.
const RECORDS: usize = 140;

/// From open to taken out.
fn seal() -> Round {
    let mut filled = Filled::new();
    Box::new(move |gauge| {
        for _ in 0..BATCHES {
            filled.fill();
            let drainer = &mut filled.partition.drainer;
            let mut batch = None;
            gauge.measure(&mut || {
                drainer.seal_open(QueueId(0));
                batch = drainer.pop(QueueId(0));
            });
            acknowledge(batch.expect("it is not compressed, and thus ready"));
        }
        Done { units: BATCHES, batches: BATCHES }
    })
}

/// The header of an attempt to send it, with the checksum over all of it.
fn header() -> Round {
    let mut filled = Filled::new();
    let identity = ProducerIdentity { id: ProducerId(4711), epoch: ProducerEpoch(0) };
    Box::new(move |gauge| {
        for sequence in 0..BATCHES {
            let batch = filled.batch();
            let mut header = Bytes::new();
            gauge.measure(&mut || {
                header = batch.header(identity, Sequence(sequence as i32), false);
            });
            acknowledge(batch);
        }
        Done { units: BATCHES, batches: BATCHES }
    })
}

/// From the broker's answer to the end of the batch; the deliveries live on.
fn complete() -> Round {
    let mut filled = Filled::new();
    Box::new(move |gauge| {
        for _ in 0..BATCHES {
            let mut batch = Some(filled.batch());
            gauge.measure(&mut || {
                if let Some(batch) = batch.take() {
                    acknowledge(batch);
                }
            });
        }
        Done { units: BATCHES, batches: BATCHES }
    })
}

/// A partition whose open batch is almost full.
struct Filled {
    partition: Partition,
    values: Vec<Vec<u8>>,
    deliveries: Vec<Delivery>,
}

impl Filled {
    fn new() -> Filled {
        let deliveries = Vec::with_capacity(RECORDS);
        Filled { partition: Partition::new(), values: values(100), deliveries }
    }

    /// Gives the open batch its records, and forgets those of the one before.
    fn fill(&mut self) {
        self.deliveries.clear();
        let Filled { partition, values, deliveries } = self;
        deliveries.extend(values[..RECORDS].iter().map(|value| partition.append(value, partition.now)));
        partition.drainer.take_events(&mut Vec::new());
    }

    fn batch(&mut self) -> Batch {
        self.fill();
        self.partition.drainer.seal_open(QueueId(0));
        self.partition.drainer.pop(QueueId(0)).expect("it is not compressed, and thus ready")
    }
}
