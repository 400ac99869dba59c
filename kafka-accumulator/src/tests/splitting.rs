//! Batches that the broker finds too large.

use super::*;
use kafka_protocol::records::BATCH_HEADER_SIZE;

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

/// The pieces of a batch, its own completion told.
fn split(drainer: &mut Drainer, batch: Batch, target: usize) -> Vec<Batch> {
    let job = batch.split(target).expect("it has several records");
    match drainer.handle_sealed(job.run()) {
        SealedResult::Split { parent, children, .. } => {
            parent.run();
            children
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_pieces_of_a_batch_share_its_charge_and_none_of_its_bytes() {
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { batch_size: 20_000, ..config() });
    let topic = accumulator.topic("t");
    for i in 0..16 {
        let _ = append(&topic, &[i; 1_000], at(0));
    }
    let mut pieces = drain(&mut drainer);
    let charged = accumulator.used_memory();
    for generation in 1..=4_usize {
        let parents = std::mem::take(&mut pieces);
        for parent in parents {
            let target = BATCH_HEADER_SIZE + parent.payload().len() / 2;
            pieces.extend(split(&mut drainer, parent, target));
        }
        assert_eq!(pieces.len(), 1 << generation);
        // Each piece and its payload: payloads of former generations would count as well.
        assert_eq!(Arc::strong_count(&pieces[0].charge), 2 * pieces.len());
        assert_eq!(accumulator.used_memory(), charged);
    }
    let last = pieces.pop().unwrap();
    pieces.into_iter().for_each(|piece| acknowledge(piece, 0));
    assert_eq!(accumulator.used_memory(), charged);
    acknowledge(last, 0);
    assert_eq!(accumulator.available_memory(), 100_000);
}

#[test]
fn a_batch_that_compresses_well_falls_into_few_pieces_however_much_smaller_it_is_on_the_wire() {
    let compression = Compression::GZIP;
    let config = AccumulatorConfig { compression, batch_size: 50_000, ..config() };
    let (accumulator, mut drainer) = Accumulator::new(config);
    let topic = accumulator.topic("t");
    for _ in 0..40 {
        let _ = append(&topic, &[7; 1_000], at(0));
    }
    let batch = drain(&mut drainer).remove(0);
    let target = batch.wire_size() / 2;
    assert!(target < 1_000, "{target} bytes are half of 40,000 compressed");
    assert!(split(&mut drainer, batch, target).len() <= 4);
}

#[test]
fn the_pieces_of_a_batch_come_as_near_to_halves_as_its_records_allow() {
    let pieces_of = |sizes: &[usize]| {
        let (accumulator, mut drainer) =
            Accumulator::new(AccumulatorConfig { batch_size: 20_000, ..config() });
        let topic = accumulator.topic("t");
        for size in sizes {
            let _ = append(&topic, &vec![0; *size], at(0));
        }
        let batch = drain(&mut drainer).remove(0);
        let target = batch.wire_size();
        let pieces = split(&mut drainer, batch, target);
        pieces.iter().map(|piece| piece.record_count()).collect::<Vec<_>>()
    };
    assert_eq!(pieces_of(&[100; 5]), [3, 2]);
    assert_eq!(pieces_of(&[100; 2]), [1, 1]);
    assert_eq!(pieces_of(&[10, 10, 10, 5_000]), [3, 1]);
    assert_eq!(pieces_of(&[5_000, 10, 10, 10]), [1, 3]);
}
