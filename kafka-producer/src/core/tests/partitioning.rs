//! Where records without a key go.

use super::builder;
use super::world::World;
use kafka_accumulator::{BatchOutcome, QueueId};
use kafka_types::{NodeId, Offset, ProducerRecord};

#[test]
fn keyless_records_stay_until_a_batch_is_full_and_reach_every_partition() {
    let mut world = World::with_topic(builder().batch_size(500), 3);
    let deliveries: Vec<_> =
        (0..300).map(|_| world.send(ProducerRecord::new("t").value([0; 100])).unwrap()).collect();
    world.acknowledge_all();
    let partitions: Vec<i32> =
        deliveries.iter().map(|d| d.try_result().unwrap().unwrap().partition().0).collect();
    let moves = partitions.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(moves < 120, "{moves} moves for 300 records");
    for partition in 0..3 {
        assert!(partitions.contains(&partition), "nothing for partition {partition}");
    }
}

/// How many of these records go to each partition, while every batch but those of partition 0 is acknowledged at once.
fn with_a_stuck_partition(mut world: World, records: usize) -> [usize; 3] {
    let mut counts = [0; 3];
    for _ in 0..records {
        let delivery = world.send(ProducerRecord::new("t").value([0; 100])).unwrap();
        counts[delivery.topic_partition().unwrap().partition.0 as usize] += 1;
        world.drainer.take_events(&mut Vec::new());
        for queue in (0..world.drainer.queue_count() as u32).map(QueueId) {
            while world.drainer.topic_partition(queue).partition.0 != 0
                && let Some(batch) = world.drainer.pop(queue)
            {
                let outcome = BatchOutcome::Acknowledged { base_offset: Offset(0), log_append_time: None };
                batch.complete(outcome).run();
            }
        }
    }
    counts
}

#[test]
fn keyless_records_avoid_the_partition_whose_batches_pile_up() {
    let [stuck, second, third] =
        with_a_stuck_partition(World::with_topic(builder().batch_size(500), 3), 10_000);
    assert!(stuck * 10 < second && stuck * 10 < third, "{stuck} to the stuck one, {second} and {third}");

    let indifferent = builder().batch_size(500).partitioner_adaptive(false);
    let counts = with_a_stuck_partition(World::with_topic(indifferent, 3), 10_000);
    assert!(counts.iter().all(|count| (2_500..4_200).contains(count)), "{counts:?}");
}

#[test]
fn keyless_records_keep_away_from_a_slow_leader_until_it_is_back() {
    let mut world = World::with_topic(builder().batch_size(500).buffer_memory(100 << 20), 3);
    let mut sent_to = |slow| {
        world.drainer.set_slow_leader(NodeId(1), slow);
        let mut counts = [0; 3];
        for _ in 0..3_000 {
            let delivery = world.send(ProducerRecord::new("t").value([0; 100])).unwrap();
            counts[delivery.topic_partition().unwrap().partition.0 as usize] += 1;
        }
        world.acknowledge_all();
        counts
    };
    // A batch that was begun before is filled.
    let away = sent_to(true);
    assert!(away[0] <= 10 && away[1] >= 1000 && away[2] >= 1000, "{away:?}");
    let back = sent_to(false);
    assert!(back.iter().all(|count| *count >= 500), "{back:?}");
}
