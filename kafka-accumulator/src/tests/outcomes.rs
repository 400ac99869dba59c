//! What deliveries and callbacks are told.

use super::*;

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
fn records_stay_out_of_what_is_printed_for_debugging() {
    for compression in [Compression::None, Compression::GZIP] {
        let config = AccumulatorConfig { compression, batch_size: 6_000, ..config() };
        let (accumulator, mut drainer) = Accumulator::new(config);
        let topic = accumulator.topic("t");
        for _ in 0..6 {
            append(&topic, &[b'S'; 1_000], at(0));
        }
        let mut printed = format!("{accumulator:?} {drainer:?} {topic:?}");
        drainer.take_events(&mut Vec::new());
        drainer.seal_open(QueueId(0));
        let mut jobs = Vec::new();
        drainer.take_seal_jobs(&mut jobs);
        printed += &format!("{accumulator:?} {drainer:?} {jobs:?}");
        let results: Vec<SealedResult> =
            jobs.into_iter().map(|job| drainer.handle_sealed(job.run())).collect();
        let batches: Vec<Batch> = std::iter::from_fn(|| drainer.pop(QueueId(0))).collect();
        printed += &format!("{results:?} {batches:?}");
        assert!(!batches.is_empty() && printed.contains("OpenBatch"));
        // As text, or as a list of numbers.
        assert!(!printed.contains("SSS") && !printed.contains("83, 83, 83"), "{printed}");
    }
}

/// Adds up what it is told.
#[derive(Default)]
struct Watcher(AtomicUsize);

impl UnseenFailures for Watcher {
    fn note(&self, failure: DeliveryFailure, records: u32) {
        assert_eq!(failure.cause(), FailureCause::Timeout);
        self.0.fetch_add(records as usize, Ordering::SeqCst);
    }
}

#[test]
fn failures_that_nobody_looks_at_are_told_to_the_watcher_once_and_others_are_not() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let watcher = Arc::new(Watcher::default());
    accumulator.watch_unseen(watcher.clone());
    let seen = || watcher.0.load(Ordering::SeqCst);
    let topic = accumulator.topic("t");
    let send = |with_callback: bool, told| {
        let record = AppendRecord { timestamp: Timestamp(0), key: None, value: Some(b"v"), headers: &[] };
        let mut callback = with_callback.then(|| Box::new(|_| ()) as Callback);
        let options = AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut callback, told };
        match topic.append(PartitionId(0), &record, options, at(0)).unwrap() {
            Append::Appended(appended) => appended.delivery,
            other => panic!("{other:?}"),
        }
    };
    let (looked_at, awaited, too_late) = (send(false, false), send(false, false), send(false, false));
    drop(send(false, false));
    drop(send(true, true));
    // The callback is for others than the program.
    drop(send(true, false));
    fail(drain(&mut drainer).remove(0), FailureCause::Timeout);
    assert_eq!(seen(), 2);
    assert!(looked_at.try_result().is_some());
    assert!(awaited.wait().unwrap().is_err());
    drop(looked_at);
    assert_eq!(seen(), 2);
    drop(too_late);
    assert_eq!(seen(), 3);
}

#[test]
fn deliveries_keep_timestamps_that_are_far_from_their_batchs_first() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let times = [0, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::MAX, 7];
    let deliveries: Vec<Delivery> = times
        .iter()
        .map(|time| append(&topic, b"x", Now { wall: Timestamp(*time), ..at(0) }).delivery)
        .collect();
    acknowledge(drain(&mut drainer).remove(0), 0);
    for (delivery, time) in deliveries.into_iter().zip(times) {
        assert_eq!(delivery.try_result().unwrap().unwrap().timestamp, Timestamp(time));
        assert_eq!(delivery.wait().unwrap().unwrap().timestamp, Timestamp(time));
    }
}

#[test]
fn a_batch_that_is_full_counts_as_a_full_one_and_each_is_reported_once() {
    let (accumulator, mut drainer) = Accumulator::new(config());
    let topic = accumulator.topic("t");
    let first = append(&topic, &[0; 400], at(0));
    assert_eq!((first.batch_complete, first.batched), (true, 0), "it opened its batch, and none has ended");
    assert_eq!(append(&topic, &[0; 400], at(0)).batched, 0);
    let third = append(&topic, &[0; 400], at(0));
    assert_eq!((third.batch_complete, third.batched), (true, 1_000), "it did not fit any more");
    drainer.take_events(&mut Vec::new());
    drainer.seal_open(QueueId(0));
    let next = append(&topic, &[0; 10], at(0));
    assert!((400..600).contains(&next.batched), "{} bytes, closed by its linger", next.batched);
    assert_eq!(append(&topic, &[0; 10], at(0)).batched, 0);
}
