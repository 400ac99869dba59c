//! What is charged to `buffer.memory`, and until when.

use super::*;
use std::task::{Poll, Waker};

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
    let mut wait = topic.reserve(PartitionId(0), bytes, Monotonic::NEVER);
    let mut events = Vec::new();
    drainer.take_events(&mut events);
    assert_eq!(events.last(), Some(&QueueEvent::MemoryWaiter { queue: QueueId(0) }));
    assert!(drainer.has_memory_waiters());
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    let Poll::Ready(Ok(grant)) = wait.poll(Waker::noop()) else { panic!("no grant") };
    let (mut grant, mut callback) = (Some(grant), None);
    let record =
        AppendRecord { timestamp: Timestamp(0), key: Some(b"key"), value: Some(&[0; 800]), headers: &[] };
    let options =
        AppendOptions { may_open_batch: true, grant: &mut grant, callback: &mut callback, told: true };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
    assert!(grant.is_none());
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    assert_eq!(accumulator.available_memory(), 3_000);
}

#[test]
fn who_waited_for_memory_has_it_for_a_whole_batch() {
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 4_000, ..config() });
    let topic = accumulator.topic("t");
    let bytes = loop {
        match append_with(&topic, &[0; 100], at(0), None).unwrap() {
            Append::Appended(_) => {}
            Append::NeedsMemory { bytes, .. } => break bytes,
            other => panic!("{other:?}"),
        }
    };
    let mut wait = topic.reserve(PartitionId(0), bytes, Monotonic::NEVER);
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    let Poll::Ready(Ok(grant)) = wait.poll(Waker::noop()) else { panic!("no grant") };
    let (mut grant, mut callback) = (Some(grant), None);
    let record =
        AppendRecord { timestamp: Timestamp(0), key: Some(b"key"), value: Some(&[0; 100]), headers: &[] };
    let options =
        AppendOptions { may_open_batch: true, grant: &mut grant, callback: &mut callback, told: true };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
    let left = accumulator.available_memory();
    (0..6).for_each(|_| drop(append(&topic, &[0; 100], at(0))));
    assert_eq!(accumulator.available_memory(), left, "the batch grows in what was granted");
    let batches = drain(&mut drainer);
    assert_eq!(batches.iter().map(Batch::record_count).collect::<Vec<_>>(), [7]);
    batches.into_iter().for_each(|batch| acknowledge(batch, 0));
}

#[test]
fn a_caller_who_will_not_wait_for_memory_still_learns_that_the_engine_must_be_woken() {
    let linger = Duration::from_secs(3_600);
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { linger, buffer_memory: 1_300, batch_size: 4_096, ..config() });
    let topic = accumulator.topic("t");
    let _first = append(&topic, &[0; 500], at(0));
    drainer.take_events(&mut Vec::new());
    assert!(drainer.publish_sleep(Monotonic::NEVER, 1));
    // The batch can't grow, so it is closed; nobody else would tell the sleeping engine.
    match append_with(&topic, &[0; 500], at(0), None).unwrap() {
        Append::NeedsMemory { wake, .. } => assert!(wake, "the closed batch would stay where it is"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(drainer.head(QueueId(0)), Head::Ready { .. }));
    assert!(!drainer.publish_sleep(Monotonic::NEVER, 1));
}

#[test]
fn what_was_waited_for_with_one_partition_does_not_go_to_another_whose_leader_has_its_share() {
    let (accumulator, mut drainer) =
        Accumulator::new(AccumulatorConfig { buffer_memory: 30_000, ..config() });
    let topic = accumulator.topic("t");
    let append_to = |partition: i32, grant: &mut Option<Grant>| {
        let record =
            AppendRecord { timestamp: Timestamp(0), key: None, value: Some(&[0; 800]), headers: &[] };
        let options = AppendOptions { may_open_batch: true, grant, callback: &mut None, told: true };
        topic.append(PartitionId(partition), &record, options, at(0)).unwrap()
    };
    for partition in 0..2 {
        assert!(matches!(append_to(partition, &mut None), Append::Appended(_)));
    }
    drainer.take_events(&mut Vec::new());
    for queue in 0..2 {
        assert!(drainer.set_leader(QueueId(queue), Some(NodeId(queue as i32))).is_empty());
    }
    let bytes = loop {
        if let Append::NeedsMemory { bytes, .. } = append_to(0, &mut None) {
            break bytes;
        }
    };
    let used = accumulator.used_memory();
    let reserve = |partition: i32| topic.reserve(PartitionId(partition), bytes, Monotonic::NEVER);
    let granted = |mut wait: MemoryWait| match wait.poll(Waker::noop()) {
        Poll::Ready(Ok(grant)) => Some(grant),
        _ => None,
    };
    let mut grant = granted(reserve(1));
    assert!(grant.is_some() && granted(reserve(0)).is_none());
    // A partition without a leader stays with the one that it had.
    drainer.set_leader(QueueId(0), None);
    assert!(matches!(append_to(0, &mut grant), Append::NeedsMemory { .. }));
    assert!(grant.is_none());
    assert_eq!(accumulator.used_memory(), used);
    let mut grant = granted(reserve(1));
    assert!(matches!(append_to(1, &mut grant), Append::Appended(_)));
    // With another leader, who has room.
    let mut wait = reserve(0);
    assert!(wait.poll(Waker::noop()).is_pending());
    drainer.set_leader(QueueId(0), Some(NodeId(7)));
    let mut grant = granted(wait);
    assert!(matches!(append_to(0, &mut grant), Append::Appended(_)));
    drop(drainer);
    assert_eq!(accumulator.available_memory(), 30_000);
}

#[test]
fn a_record_larger_than_all_memory_is_refused_by_name() {
    let (accumulator, _drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 2_000, ..config() });
    let refused = append_with(&accumulator.topic("t"), &[0; 2_000], at(0), None).unwrap_err();
    assert!(refused.to_string().contains("buffer.memory (2000)"), "{refused}");
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
fn a_batchs_first_record_is_charged_with_its_callback_or_not_taken() {
    // With batch.size 1 a batch is charged for its one record and nothing to spare.
    let used_for = |limit: usize, callback: Option<Callback>| {
        let config = AccumulatorConfig { batch_size: 1, buffer_memory: limit, ..config() };
        let (accumulator, _drainer) = Accumulator::new(config);
        let topic = accumulator.topic("t");
        let answer = append_with(&topic, &[0; 100], at(0), callback);
        matches!(answer, Ok(Append::Appended(_))).then(|| accumulator.used_memory())
    };
    let (alone, mut refused) = (used_for(10_000, None).unwrap(), 0);
    for limit in alone..alone + 300 {
        match used_for(limit, Some(Box::new(|_| ()))) {
            Some(used) => {
                assert!(
                    used <= limit && used >= alone + 100,
                    "{used} of {limit}, {alone} without a callback"
                );
            }
            None => refused += 1,
        }
    }
    assert!((100..300).contains(&refused), "{refused}");
}

#[test]
fn a_grant_that_was_asked_for_with_a_callback_is_enough_for_both() {
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { buffer_memory: 2_000, ..config() });
    let topic = accumulator.topic("t");
    let _held = append(&topic, &[0; 900], at(0));
    let callback = || Some(Box::new(|_| ()) as Callback);
    let Append::NeedsMemory { bytes, .. } = append_with(&topic, &[1; 900], at(0), callback()).unwrap() else {
        panic!("there is no room for another batch");
    };
    let mut wait = topic.reserve(PartitionId(0), bytes, Monotonic::NEVER);
    drain(&mut drainer).into_iter().for_each(|batch| acknowledge(batch, 0));
    let Poll::Ready(Ok(grant)) = wait.poll(Waker::noop()) else { panic!("no grant") };
    assert_eq!(accumulator.used_memory(), bytes);
    let (mut grant, mut callback) = (Some(grant), callback());
    let record =
        AppendRecord { timestamp: Timestamp(0), key: Some(b"key"), value: Some(&[1; 900]), headers: &[] };
    let options =
        AppendOptions { may_open_batch: true, grant: &mut grant, callback: &mut callback, told: true };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
    assert_eq!(accumulator.used_memory(), bytes);
}
