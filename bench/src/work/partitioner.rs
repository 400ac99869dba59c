//! The choice of a partition.

use super::{Done, Round, Work};
use kafka_partitioner::{
    Appended, DefaultPartitioner, Partitioner, RoundRobinPartitioner, StickyState, TopicView,
};
use std::hint::black_box;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "partition-keyed", unit: "record", start: keyed },
    Work {
        name: "partition-sticky",
        unit: "record",
        start: || keyless(Box::<DefaultPartitioner>::default()),
    },
    Work {
        name: "partition-round-robin",
        unit: "record",
        start: || keyless(Box::new(RoundRobinPartitioner)),
    },
];

const RECORDS: u64 = 1000;
const PARTITIONS: [i32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// Records of 100 bytes in a batch of the default size.
const RECORDS_PER_BATCH: u64 = 148;
const RECORD_BYTES: usize = 108;

/// By the key's hash; keys of 12 bytes.
fn keyed() -> Round {
    let state = StickyState::new(42);
    // As the producer has it: one of many, behind a pointer.
    let partitioner: Box<dyn Partitioner> = Box::<DefaultPartitioner>::default();
    let keys: Vec<String> = (0..RECORDS).map(|number| format!("customer-{number:03}")).collect();
    Box::new(move |gauge| {
        let topic = view(&state);
        gauge.measure(&mut || {
            for key in &keys {
                let partition = partitioner.partition(&topic, Some(key.as_bytes()));
                let bytes = RECORD_BYTES + key.len();
                partitioner.on_appended(
                    &topic,
                    &Appended { partition, bytes, batch_complete: false, batched: 0, has_key: true },
                );
                black_box(partition);
            }
        });
        Done { units: RECORDS, batches: 0 }
    })
}

/// Without a key, and told of batches that fill up.
fn keyless(partitioner: Box<dyn Partitioner>) -> Round {
    let state = StickyState::new(42);
    Box::new(move |gauge| {
        let topic = view(&state);
        gauge.measure(&mut || {
            for number in 1..=RECORDS {
                let partition = partitioner.partition(&topic, None);
                let batch_complete = number % RECORDS_PER_BATCH == 0;
                let batched = if batch_complete { RECORD_BYTES * RECORDS_PER_BATCH as usize } else { 0 };
                let bytes = RECORD_BYTES;
                partitioner.on_appended(
                    &topic,
                    &Appended { partition, bytes, batch_complete, batched, has_key: false },
                );
                black_box(partition);
            }
        });
        Done { units: RECORDS, batches: 0 }
    })
}

/// A topic that has all its leaders, and queues of about the same length.
fn view(state: &StickyState) -> TopicView<'_> {
    TopicView {
        name: "orders",
        partition_count: PARTITIONS.len() as i32,
        available: &PARTITIONS,
        local: &[],
        loads: None,
        state,
    }
}
