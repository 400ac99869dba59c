//! What callers and the engine may rely on.

use super::*;
use kafka_protocol::records::RecordBatch;
use kafka_types::{
    Compression, Header, Monotonic, Now, Offset, PartitionId, ProducerIdentity, RecordMetadata, Sequence,
    Timestamp,
};
use proptest::prelude::*;
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
    let options = AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut callback };
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

#[test]
fn a_batch_closes_at_batch_size_and_a_larger_record_has_one_of_its_own() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let first = append(&topic, &[1; 400], at(0));
    assert!(first.batch_complete, "it opened its batch");
    assert!(!append(&topic, &[2; 400], at(0)).batch_complete);
    append(&topic, &[3; 400], at(0));
    append(&topic, &[4; 5_000], at(0));
    append(&topic, &[5; 1], at(0));
    let batches = drain(&mut drainer);
    let sizes: Vec<Vec<usize>> =
        batches.iter().map(|batch| values_of(batch).iter().map(Vec::len).collect()).collect();
    assert_eq!(sizes, [vec![400, 400], vec![400], vec![5_000], vec![1]]);
    assert!(batches[0].wire_size() <= 1_000);
    assert!(batches.windows(2).all(|pair| pair[0].id() < pair[1].id()));
}

#[test]
fn without_leave_to_open_a_batch_a_full_one_is_closed_and_nothing_is_taken() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    append(&topic, &[0; 900], at(0));
    let record = AppendRecord { timestamp: Timestamp(0), key: None, value: Some(&[1; 900]), headers: &[] };
    let mut callback: Option<Callback> = Some(Box::new(|_| {}));
    let options = AppendOptions { may_open_batch: false, grant: &mut None, callback: &mut callback };
    let answer = topic.append(PartitionId(0), &record, options, at(0));
    assert!(matches!(answer, Ok(Append::WouldOpenBatch { .. })), "{answer:?}");
    assert!(callback.is_some());
    drainer.take_events(&mut Vec::new());
    assert!(matches!(drainer.head(QueueId(0)), Head::Ready { .. }));
    // A record that has room needs no leave.
    append(&topic, &[2; 10], at(0));
    let record = AppendRecord { value: Some(&[3; 10]), ..record };
    let options = AppendOptions { may_open_batch: false, grant: &mut None, callback: &mut callback };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
}

#[test]
fn deliveries_know_their_offset_sizes_and_time() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let deliveries: Vec<Delivery> = (0..3).map(|i| append(&topic, &[0; 7], at(i)).delivery).collect();
    assert!(deliveries.iter().all(|delivery| !delivery.is_done()));
    acknowledge(drain(&mut drainer).remove(0), 40);
    let last = deliveries[2].try_result().unwrap().unwrap();
    assert_eq!((last.to_string().as_str(), last.timestamp), ("t-0@42", Timestamp(2)));
    assert_eq!((last.serialized_key_size, last.serialized_value_size), (Some(3), Some(7)));
    assert_eq!(deliveries.into_iter().next().unwrap().wait().unwrap().unwrap().offset, Offset(40));
}

#[test]
fn every_codec_gives_batches_that_read_back_and_keep_their_order() {
    for compression in [Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD] {
        let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { compression, ..config() });
        let topic = accumulator.topic("t");
        let values: Vec<Vec<u8>> = (0..2_000_u32).map(|i| format!("value number {i}").into_bytes()).collect();
        for value in &values {
            append(&topic, value, at(0));
        }
        let batches = drain(&mut drainer);
        assert!(batches.iter().all(|batch| batch.codec() == compression.codec()));
        assert_eq!(batches.iter().flat_map(values_of).collect::<Vec<_>>(), values, "{compression}");
        assert!(batches.len() < 60, "{compression}: {} batches", batches.len());
        drop(batches);
        assert_eq!(accumulator.available_memory(), 100_000);
    }
}

#[test]
fn a_batch_that_is_being_compressed_keeps_its_place() {
    let compression = Compression::ZSTD;
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { compression, batch_size: 10_000, ..config() });
    let topic = accumulator.topic("t");
    append(&topic, &[1; 9_000], at(0));
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    append(&topic, &[2; 10], at(0));
    drainer.seal_open(QueueId(0));
    let mut jobs = Vec::new();
    drainer.take_seal_jobs(&mut jobs);
    assert_eq!(jobs.len(), 2);
    // The second is done first.
    let done = drainer.handle_sealed(jobs.pop().unwrap().run());
    assert!(matches!(done, SealedResult::Placed(QueueId(0))));
    assert_eq!(drainer.head(QueueId(0)), Head::Sealing);
    assert!(drainer.pop(QueueId(0)).is_none());
    let _ = drainer.handle_sealed(jobs.pop().unwrap().run());
    let order: Vec<usize> =
        std::iter::from_fn(|| drainer.pop(QueueId(0))).map(|batch| values_of(&batch)[0].len()).collect();
    assert_eq!(order, [9_000, 10]);
}

#[test]
fn memory_is_charged_until_the_last_user_of_the_bytes_lets_go() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    append(&topic, &[0; 500], at(0));
    assert!(accumulator.available_memory() < 99_500);
    let batch = drain(&mut drainer).remove(0);
    let on_the_wire = batch.payload().clone();
    fail(batch, FailureCause::Timeout);
    assert!(accumulator.available_memory() < 99_500, "the connection still has the bytes");
    drop(on_the_wire);
    assert_eq!(accumulator.available_memory(), 100_000);
}

#[test]
fn a_full_buffer_closes_batches_asks_for_memory_and_takes_the_grant() {
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 3_000, ..config() });
    let topic = accumulator.topic("t");
    let mut appended = Vec::new();
    let bytes = loop {
        match append_with(&topic, &[0; 800], at(0), None).unwrap() {
            Append::Appended(record) => appended.push(record.delivery),
            Append::NeedsMemory { bytes, .. } => break bytes,
            other => panic!("{other:?}"),
        }
    };
    let mut wait = accumulator.reserve(bytes, Monotonic::NEVER);
    let mut events = Vec::new();
    drainer.take_events(&mut events);
    assert_eq!(events.last(), Some(&QueueEvent::MemoryWaiter));
    assert!(drainer.has_memory_waiters());
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    let std::task::Poll::Ready(Ok(grant)) = wait.poll(std::task::Waker::noop()) else { panic!("no grant") };
    let (mut grant, mut callback) = (Some(grant), None);
    let record =
        AppendRecord { timestamp: Timestamp(0), key: Some(b"key"), value: Some(&[0; 800]), headers: &[] };
    let options = AppendOptions { may_open_batch: true, grant: &mut grant, callback: &mut callback };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
    assert!(grant.is_none());
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    assert_eq!(accumulator.available_memory(), 3_000);
}

#[test]
fn a_caller_who_will_not_wait_for_memory_still_learns_that_the_engine_must_be_woken() {
    let linger = Duration::from_secs(3_600);
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { linger, buffer_memory: 1_300, batch_size: 4_096, ..config() });
    let topic = accumulator.topic("t");
    let _first = append(&topic, &[0; 500], at(0));
    drainer.take_events(&mut Vec::new());
    assert!(drainer.publish_sleep(Monotonic::NEVER));
    // The batch can't grow, so it is closed; nobody else would tell the sleeping engine.
    match append_with(&topic, &[0; 500], at(0), None).unwrap() {
        Append::NeedsMemory { wake, .. } => assert!(wake, "the closed batch would stay where it is"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(drainer.head(QueueId(0)), Head::Ready { .. }));
    assert!(!drainer.publish_sleep(Monotonic::NEVER));
}

#[test]
fn a_record_larger_than_all_memory_is_refused_by_name() {
    let (accumulator, _drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 2_000, ..config() });
    let refused = append_with(&accumulator.topic("t"), &[0; 2_000], at(0), None).unwrap_err();
    assert!(refused.to_string().contains("buffer.memory (2000)"), "{refused}");
}

#[test]
fn callbacks_run_once_in_order_and_a_panic_ends_in_its_own() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    for i in 0..4 {
        let told = Arc::clone(&told);
        let callback: Callback = Box::new(move |result: Result<RecordMetadata, DeliveryFailure>| {
            assert!(in_callback());
            told.lock().unwrap().push(result.unwrap().to_string());
            assert_ne!(i, 1, "this one panics");
        });
        append_with(&topic, &[0; 1], at(0), Some(callback)).unwrap();
    }
    acknowledge(drain(&mut drainer).remove(0), 7);
    assert_eq!(*told.lock().unwrap(), ["t-0@7", "t-0@8", "t-0@9", "t-0@10"]);
    assert!(!in_callback());
}

#[test]
fn a_completed_batch_knows_how_many_records_nobody_hears_of() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let kept = append(&topic, b"kept", at(0));
    drop(append(&topic, b"dropped", at(0)));
    drop(append(&topic, b"dropped", at(0)));
    drop(append_with(&topic, b"called back", at(0), Some(Box::new(|_| ()))));
    let batch = drain(&mut drainer).remove(0);
    let failure = BatchFailure::not_written(FailureCause::Timeout);
    let completed = batch.complete(BatchOutcome::Failed(failure));
    assert_eq!(completed.unheard(), 2);
    assert_eq!(completed.failure().unwrap().cause(), FailureCause::Timeout);
    completed.run();
    assert!(kept.delivery.is_done());
}

#[test]
fn callbacks_count_in_the_budget() {
    let (accumulator, _drainer) = Accumulator::new(AccumulatorConfig { batch_size: 100_000, ..config() });
    let topic = accumulator.topic("t");
    let mut appended = 0;
    while let Append::Appended(_) = append_with(&topic, b"", at(0), Some(Box::new(|_| {}))).unwrap() {
        appended += 1;
    }
    assert!(appended < 1_000, "{appended} boxed callbacks went into 100,000 bytes");
}

#[test]
fn waiting_in_a_callback_for_another_record_is_refused_instead_of_a_deadlock() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let other = append(&topic, &[0; 990], at(0)).delivery;
    let refused = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&refused);
    let callback: Callback = Box::new(move |_| seen.store(other.wait().is_err(), Ordering::SeqCst));
    append_with(&topic, &[0; 1], at(0), Some(callback)).unwrap();
    let mut batches = drain(&mut drainer);
    acknowledge(batches.pop().unwrap(), 1);
    assert!(refused.load(Ordering::SeqCst));
}

#[test]
fn single_records_blamed_by_the_broker_fail_with_its_words_and_the_others_as_their_company() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let deliveries: Vec<Delivery> = (0..2).map(|_| append(&topic, b"v", at(0)).delivery).collect();
    let mut failure = BatchFailure::not_written(FailureCause::InvalidRecord);
    failure.record_errors.insert(1, "no key".into());
    drain(&mut drainer).remove(0).complete(BatchOutcome::Failed(failure)).run();
    let failures: Vec<DeliveryFailure> =
        deliveries.iter().map(|delivery| delivery.try_result().unwrap().unwrap_err()).collect();
    assert_eq!(failures[0].cause(), FailureCause::InvalidBatch);
    assert_eq!((failures[1].cause(), failures[1].message()), (FailureCause::InvalidRecord, Some("no key")));
}

#[test]
fn split_batches_go_down_to_single_records_and_deliveries_follow() {
    for compression in [Compression::None, Compression::LZ4] {
        let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { compression, ..config() });
        let topic = accumulator.topic("t");
        let told = Arc::new(AtomicUsize::new(0));
        let deliveries: Vec<Delivery> = (0..9_u8)
            .map(|i| {
                let told = Arc::clone(&told);
                let callback: Callback = Box::new(move |result| {
                    assert_eq!(result.unwrap().offset, Offset(i64::from(i)));
                    told.fetch_add(1, Ordering::SeqCst);
                });
                match append_with(&topic, &[i; 50], at(0), Some(callback)).unwrap() {
                    Append::Appended(appended) => appended.delivery,
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        let mut work = drain(&mut drainer);
        assert_eq!(work.len(), 1);
        let mut singles = Vec::new();
        while let Some(batch) = work.pop() {
            match batch.split(1_000) {
                Ok(job) => match drainer.handle_sealed(job.run()) {
                    SealedResult::Split { parent, children, .. } => {
                        assert!(children.len() > 1);
                        parent.run();
                        work.extend(children.into_iter().rev());
                    }
                    other => panic!("{other:?}"),
                },
                Err(single) => singles.push(single),
            }
        }
        assert_eq!(
            singles.iter().flat_map(values_of).map(|value| value[0]).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4, 5, 6, 7, 8]
        );
        assert!(accumulator.available_memory() < 100_000);
        for (offset, batch) in singles.into_iter().enumerate() {
            acknowledge(batch, offset as i64);
        }
        let offsets: Vec<i64> =
            deliveries.into_iter().map(|delivery| delivery.wait().unwrap().unwrap().offset.0).collect();
        assert_eq!(offsets, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(told.load(Ordering::SeqCst), 9);
        assert_eq!(accumulator.available_memory(), 100_000);
    }
}

#[test]
fn what_is_too_old_comes_out_also_if_it_is_open_or_behind_one_being_compressed() {
    let compression = Compression::ZSTD;
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig {
        compression,
        batch_size: 10_000,
        delivery_timeout: Duration::from_millis(100),
        ..config()
    });
    let topic = accumulator.topic("t");
    append(&topic, &[1; 9_000], at(0));
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    let open = append(&topic, &[2; 10], at(50)).delivery;
    let mut expired = Vec::new();
    drainer.expire(QueueId(0), Monotonic::from_millis(149), &mut expired);
    assert!(expired.is_empty());
    drainer.expire(QueueId(0), Monotonic::from_millis(150), &mut expired);
    assert_eq!(expired.len(), 1);
    expired.drain(..).for_each(|batch| fail(batch, FailureCause::Timeout));
    assert_eq!(open.try_result().unwrap().unwrap_err().outcome(), Written::NotWritten);
    run_jobs(&mut drainer);
    drainer.expire(QueueId(0), Monotonic::from_millis(150), &mut expired);
    assert_eq!(expired.len(), 1);
}

#[test]
fn when_the_engine_dies_everything_gets_its_outcome_and_nobody_waits() {
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 5_000, ..config() });
    let topic = accumulator.topic("t");
    let taken_out = append(&topic, &[0; 900], at(0)).delivery;
    let batch = drain(&mut drainer).remove(0);
    let sealed = append(&topic, &[0; 900], at(0)).delivery;
    let open = append(&topic, &[0; 900], at(0)).delivery;
    let mut wait = accumulator.reserve(5_000, Monotonic::NEVER);
    drop(drainer);
    drop(batch);
    for delivery in [taken_out, sealed, open] {
        let failure = delivery.wait().unwrap().unwrap_err();
        assert_eq!((failure.cause(), failure.outcome()), (FailureCause::EngineStopped, Written::NotWritten));
    }
    assert!(matches!(wait.poll(std::task::Waker::noop()), std::task::Poll::Ready(Err(MemoryError::Closed))));
    assert_eq!(append_with(&topic, b"v", at(0), None).unwrap_err(), AppendError::Closed);
    assert_eq!(append_with(&accumulator.topic("new"), b"v", at(0), None).unwrap_err(), AppendError::Closed);
    assert_eq!(accumulator.available_memory(), 5_000);
}

#[test]
fn a_jobs_batch_gets_its_outcome_if_the_job_is_dropped_or_comes_back_to_an_emptied_queue() {
    let compression = Compression::GZIP;
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { compression, batch_size: 10_000, ..config() });
    let topic = accumulator.topic("t");
    let dropped = append(&topic, &[0; 9_000], at(0)).delivery;
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    let late = append(&topic, &[0; 9_000], at(0)).delivery;
    drainer.seal_open(QueueId(0));
    let mut jobs = Vec::new();
    drainer.take_seal_jobs(&mut jobs);
    let second = jobs.pop().unwrap();
    drop(jobs);
    assert_eq!(dropped.try_result().unwrap().unwrap_err().cause(), FailureCause::EngineStopped);
    drainer.drain_all(&mut Vec::new());
    let SealedResult::Orphaned(batch) = drainer.handle_sealed(second.run()) else { panic!("it has a place") };
    fail(batch, FailureCause::ProducerClosed);
    assert_eq!(late.try_result().unwrap().unwrap_err().cause(), FailureCause::ProducerClosed);
}

#[test]
fn a_job_that_is_dropped_leaves_the_way_free_for_what_stands_behind_it() {
    let compression = Compression::GZIP;
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { compression, batch_size: 10_000, ..config() });
    let topic = accumulator.topic("t");
    let dropped = append(&topic, &[0; 9_000], at(0)).delivery;
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    let behind = append(&topic, &[0; 9_000], at(0)).delivery;
    drainer.seal_open(QueueId(0));
    let mut jobs = Vec::new();
    drainer.take_seal_jobs(&mut jobs);
    let _ = drainer.handle_sealed(jobs.pop().unwrap().run());
    assert_eq!(drainer.head(QueueId(0)), Head::Sealing);
    drainer.take_events(&mut Vec::new());
    drop(jobs);
    assert!(dropped.try_result().unwrap().is_err());
    let mut events = Vec::new();
    drainer.take_events(&mut events);
    assert_eq!(events, [QueueEvent::Sealed { queue: QueueId(0) }]);
    acknowledge(drainer.pop(QueueId(0)).unwrap(), 3);
    assert!(behind.try_result().unwrap().is_ok());
}

#[test]
fn queue_lengths_count_until_the_outcome() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    append(&topic, &[0; 900], at(0));
    append(&topic, &[0; 900], at(0));
    let lengths = || {
        let mut lengths = Vec::new();
        topic.queue_lengths(3, &mut lengths);
        lengths
    };
    assert_eq!(lengths(), [2, 0, 0]);
    let batches = drain(&mut drainer);
    assert_eq!(lengths(), [2, 0, 0]);
    batches.into_iter().for_each(|batch| acknowledge(batch, 0));
    assert_eq!(lengths(), [0, 0, 0]);
}

#[test]
fn no_wake_up_is_lost_between_callers_and_a_sleeping_engine() {
    const CALLERS: usize = 3;
    const EACH: usize = 3_000;
    let linger = Duration::from_secs(3_600);
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { linger, ..config() });
    let topic = accumulator.topic("t");
    let engine_thread = std::thread::current();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            let (topic, accumulator, engine_thread) = (&topic, &accumulator, &engine_thread);
            scope.spawn(move || {
                let waker = park::thread_waker();
                for _ in 0..EACH {
                    loop {
                        match append_with(topic, &[0; 300], at(0), None).unwrap() {
                            Append::Appended(appended) => {
                                if appended.wake {
                                    engine_thread.unpark();
                                }
                                break;
                            }
                            Append::NeedsMemory { bytes, .. } => {
                                let mut wait = accumulator.reserve(bytes, Monotonic::NEVER);
                                engine_thread.unpark();
                                while wait.poll(&waker).is_pending() {
                                    std::thread::park();
                                }
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
        // The engine: it lingers for an hour, so that only events and waiters make it send.
        let (mut events, mut seen) = (Vec::new(), 0);
        while seen + 3 < CALLERS * EACH {
            drainer.take_events(&mut events);
            events.clear();
            if drainer.has_memory_waiters() && drainer.queue_count() > 0 {
                drainer.seal_open(QueueId(0));
            }
            if drainer.queue_count() > 0 {
                while let Some(batch) = drainer.pop(QueueId(0)) {
                    seen += batch.record_count() as usize;
                    acknowledge(batch, 0);
                }
            }
            if seen + 3 < CALLERS * EACH && drainer.publish_sleep(Monotonic::NEVER) {
                std::thread::park();
            }
        }
    });
    drop(drainer);
    assert_eq!(accumulator.available_memory(), 100_000);
}

#[derive(Clone, Debug)]
enum Step {
    Append { size: usize, partition: i32, callback: bool },
    Seal(u32),
    RunJob(usize),
    Pop(u32),
    Acknowledge(usize),
    Fail(usize),
    Split(usize),
    DropBatch(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_usize..1_500, 0..3_i32, any::<bool>())
            .prop_map(|(size, partition, callback)| Step::Append { size, partition, callback }),
        2 => (0_u32..3).prop_map(Step::Seal),
        2 => any::<usize>().prop_map(Step::RunJob),
        4 => (0_u32..3).prop_map(Step::Pop),
        2 => any::<usize>().prop_map(Step::Acknowledge),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Split),
        1 => any::<usize>().prop_map(Step::DropBatch),
    ]
}

proptest! {
    /// Whatever happens to batches, and in which order: records keep theirs, each gets one outcome, memory stays within its
    /// bound and returns.
    #[test]
    fn every_record_gets_one_outcome_in_order_and_memory_returns(
        steps in prop::collection::vec(step(), 1..200),
        compressed: bool,
    ) {
        let compression = if compressed { Compression::ZSTD } else { Compression::None };
        let (accumulator, mut drainer) =
            Accumulator::new(AccumulatorConfig { compression, buffer_memory: 20_000, ..config() });
        let topic = accumulator.topic("t");
        let told: Arc<Mutex<Vec<u32>>> = Arc::default();
        let (mut deliveries, mut with_callback) = (Vec::new(), 0);
        let (mut jobs, mut batches): (Vec<SealJob>, Vec<Batch>) = (Vec::new(), Vec::new());
        let mut last_popped = [None::<u32>; 3];
        for step in steps {
            drainer.take_events(&mut Vec::new());
            drainer.take_seal_jobs(&mut jobs);
            let queues = drainer.queue_count() as u32;
            match step {
                Step::Append { size, partition, callback } => {
                    let number = deliveries.len() as u32;
                    let mut value = number.to_be_bytes().to_vec();
                    value.resize(4 + size, b'x');
                    let told = Arc::clone(&told);
                    let mut callback: Option<Callback> =
                        callback.then(|| Box::new(move |_| told.lock().unwrap().push(number)) as Callback);
                    let has_callback = callback.is_some();
                    let headers = [Header::new("h", "v")];
                    let record = AppendRecord { timestamp: Timestamp(5), key: None, value: Some(&value), headers: &headers };
                    let options = AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut callback };
                    let answer = topic.append(PartitionId(partition), &record, options, at(0)).unwrap();
                    if let Append::Appended(appended) = answer {
                        deliveries.push(appended.delivery);
                        with_callback += usize::from(has_callback);
                    } else {
                        prop_assert_eq!(callback.is_some(), has_callback);
                    }
                }
                Step::Seal(queue) if queue < queues => drainer.seal_open(QueueId(queue)),
                Step::RunJob(at) if !jobs.is_empty() => {
                    let job = jobs.remove(at % jobs.len());
                    match drainer.handle_sealed(job.run()) {
                        SealedResult::Placed(_) => {}
                        SealedResult::Split { parent, children, .. } => {
                            parent.run();
                            batches.extend(children);
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                Step::Pop(queue) if queue < queues => {
                    if let Some(batch) = drainer.pop(QueueId(queue)) {
                        for value in values_of(&batch) {
                            let number = u32::from_be_bytes(value[..4].try_into().unwrap());
                            let last = last_popped[queue as usize].replace(number);
                            prop_assert!(last.is_none_or(|last| last < number), "{:?} before {}", last, number);
                        }
                        batches.push(batch);
                    }
                }
                Step::Acknowledge(at) if !batches.is_empty() => acknowledge(batches.remove(at % batches.len()), 0),
                Step::Fail(at) if !batches.is_empty() => {
                    fail(batches.remove(at % batches.len()), FailureCause::Timeout);
                }
                Step::Split(at) if !batches.is_empty() => match batches.remove(at % batches.len()).split(500) {
                    Ok(job) => jobs.push(job),
                    Err(batch) => batches.push(batch),
                },
                Step::DropBatch(at) if !batches.is_empty() => drop(batches.remove(at % batches.len())),
                _ => {}
            }
            prop_assert!(accumulator.used_memory() <= 20_000, "{} bytes", accumulator.used_memory());
        }
        drop((jobs, batches, drainer));
        for delivery in &deliveries {
            prop_assert!(delivery.try_result().is_some());
        }
        let mut told = told.lock().unwrap().clone();
        prop_assert_eq!(told.len(), with_callback);
        told.sort_unstable();
        told.dedup();
        prop_assert_eq!(told.len(), with_callback);
        prop_assert_eq!(accumulator.available_memory(), 20_000);
    }
}
