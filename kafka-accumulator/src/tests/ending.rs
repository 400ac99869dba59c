//! What has run out of time, and what nobody will send any more.

use super::*;

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
    let next = drainer.expire(QueueId(0), Monotonic::from_millis(149), &mut expired);
    assert_eq!((expired.len(), next), (0, Monotonic::from_millis(150)));
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
    let mut wait = topic.reserve(PartitionId(0), 5_000, Monotonic::NEVER);
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
    let cause = FailureCause::EngineStopped;
    assert_eq!(events, [QueueEvent::Lost { queue: QueueId(0), batch: BatchId(0), records: 1, cause }]);
    acknowledge(drainer.pop(QueueId(0)).unwrap(), 3);
    assert!(behind.try_result().unwrap().is_ok());
}
