//! Appending records to a partition's open batch.

use super::{Done, Round, Work};
use crate::values::values;
use kafka_accumulator::{
    Accumulator, AccumulatorConfig, Append, AppendOptions, AppendRecord, BatchOutcome, Delivery, Drainer,
    QueueId, TopicQueues,
};
use kafka_types::{Monotonic, Now, Offset, PartitionId, Timestamp};
use std::sync::Arc;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "append", unit: "record", start: || append(100) },
    Work { name: "append-1k", unit: "record", start: || append(1000) },
];

const RECORDS: usize = 1000;

fn append(size: usize) -> Round {
    let mut partition = Partition::new();
    let values = values(size);
    let mut deliveries: Vec<Delivery> = Vec::with_capacity(RECORDS);
    Box::new(move |gauge| {
        let now = partition.now;
        gauge.measure(&mut || {
            deliveries.extend(values[..RECORDS].iter().map(|value| partition.append(value, now)));
        });
        let batches = partition.complete_all();
        deliveries.clear();
        Done { units: RECORDS as u64, batches }
    })
}

/// An accumulator with one partition in use.
pub(super) struct Partition {
    pub(super) topic: Arc<TopicQueues>,
    pub(super) drainer: Drainer,
    pub(super) now: Now,
}

impl Partition {
    pub(super) fn new() -> Partition {
        let (accumulator, drainer) = Accumulator::new(AccumulatorConfig::default());
        let now = Now { mono: Monotonic::from_millis(1000), wall: Timestamp(1_700_000_000_000) };
        Partition { topic: accumulator.topic("orders"), drainer, now }
    }

    pub(super) fn append(&self, value: &[u8], now: Now) -> Delivery {
        let record = AppendRecord { timestamp: now.wall, key: None, value: Some(value), headers: &[] };
        let options =
            AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut None, told: true };
        match self.topic.append(PartitionId(0), &record, options, now) {
            Ok(Append::Appended(appended)) => appended.delivery,
            other => panic!("there is room: {other:?}"),
        }
    }

    /// Seals what is open, and completes all that is there; how many batches that were.
    fn complete_all(&mut self) -> u64 {
        self.drainer.take_events(&mut Vec::new());
        self.drainer.seal_open(QueueId(0));
        let batches = std::iter::from_fn(|| self.drainer.pop(QueueId(0)));
        batches.map(acknowledge).count() as u64
    }
}

pub(super) fn acknowledge(batch: kafka_accumulator::Batch) {
    let outcome = BatchOutcome::Acknowledged { base_offset: Offset(0), log_append_time: None };
    batch.complete(outcome).run();
}
