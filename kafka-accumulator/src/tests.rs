//! What callers and the engine may rely on.

mod batching;
mod ending;
mod histories;
mod memory;
mod outcomes;
mod splitting;
mod waking;

use super::*;
use kafka_protocol::records::RecordBatch;
use kafka_types::{
    Compression, Header, Monotonic, NodeId, Now, Offset, PartitionId, ProducerIdentity, RecordMetadata,
    Sequence, Timestamp,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn config() -> AccumulatorConfig {
    AccumulatorConfig { batch_size: 1_000, buffer_memory: 100_000, ..AccumulatorConfig::default() }
}

fn at(millis: u64) -> Now {
    Now { mono: Monotonic::from_millis(millis), wall: Timestamp(millis as i64) }
}

fn append_with(
    topic: &TopicQueues,
    value: &[u8],
    now: Now,
    callback: Option<Callback>,
) -> Result<Append, AppendError> {
    let record = AppendRecord { timestamp: now.wall, key: Some(b"key"), value: Some(value), headers: &[] };
    let mut callback = callback;
    let options =
        AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut callback, told: true };
    topic.append(PartitionId(0), &record, options, now)
}

fn append(topic: &TopicQueues, value: &[u8], now: Now) -> Appended {
    match append_with(topic, value, now, None) {
        Ok(Append::Appended(appended)) => appended,
        other => panic!("not appended: {other:?}"),
    }
}

fn acknowledge(batch: Batch, base_offset: i64) {
    let outcome = BatchOutcome::Acknowledged { base_offset: Offset(base_offset), log_append_time: None };
    batch.complete(outcome).run();
}

fn fail(batch: Batch, cause: FailureCause) {
    batch.complete(BatchOutcome::Failed(BatchFailure::not_written(cause))).run();
}

fn values_of(batch: &Batch) -> Vec<Vec<u8>> {
    let mut bytes = batch.header(ProducerIdentity::NONE, Sequence::NONE, false).to_vec();
    bytes.extend_from_slice(batch.payload());
    let batch = RecordBatch::parse(bytes.into()).unwrap();
    batch.validate(1 << 20).unwrap();
    batch.records(1 << 20).unwrap().map(|record| record.unwrap().value.unwrap().to_vec()).collect()
}

/// Runs all jobs, and gives back what the drainer makes of them.
fn run_jobs(drainer: &mut Drainer) -> Vec<SealedResult> {
    let mut jobs = Vec::new();
    drainer.take_seal_jobs(&mut jobs);
    jobs.into_iter().map(|job| drainer.handle_sealed(job.run())).collect()
}

fn drain(drainer: &mut Drainer) -> Vec<Batch> {
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    run_jobs(drainer);
    std::iter::from_fn(|| drainer.pop(QueueId(0))).collect()
}
