//! How records become batches, and batches queues.

use super::*;

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
    let options =
        AppendOptions { may_open_batch: false, grant: &mut None, callback: &mut callback, told: true };
    let answer = topic.append(PartitionId(0), &record, options, at(0));
    assert!(matches!(answer, Ok(Append::WouldOpenBatch { .. })), "{answer:?}");
    assert!(callback.is_some());
    drainer.take_events(&mut Vec::new());
    assert!(matches!(drainer.head(QueueId(0)), Head::Ready { .. }));
    // A record that has room needs no leave.
    append(&topic, &[2; 10], at(0));
    let record = AppendRecord { value: Some(&[3; 10]), ..record };
    let options =
        AppendOptions { may_open_batch: false, grant: &mut None, callback: &mut callback, told: true };
    assert!(matches!(topic.append(PartitionId(0), &record, options, at(0)), Ok(Append::Appended(_))));
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
