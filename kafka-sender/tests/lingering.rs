//! How long batches wait for more records: by the batch, and only while nobody has to wait for it.

mod world;

use kafka_accumulator::AccumulatorConfig;
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, TopicConfig};
use kafka_types::{Monotonic, NodeId};
use std::task::{Poll, Waker};
use std::time::Duration;
use world::{MS, SECOND, Settings, World, is_open, offset};

fn lingering(linger: Duration, accumulator: AccumulatorConfig) -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 2));
    let sender = SenderConfig { linger, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, accumulator, ..Settings::default() });
    let first = world.send("orders", 0, "first");
    assert_eq!(offset(&first).0, 0);
    world
}

#[test]
fn full_batches_are_sent_at_once_however_long_the_linger() {
    let mut world = lingering(500 * MS, AccumulatorConfig { batch_size: 16_384, ..Default::default() });
    let value = "x".repeat(10_000);
    let sent: Vec<_> = (0..100).map(|_| world.append("orders", 0, &value)).collect();
    world.settle();
    // Each record closes the batch of the one before it; only the last waits for company.
    assert!(sent[..99].iter().all(|delivery| !is_open(delivery)));
    assert!(is_open(&sent[99]));
    world.run(500 * MS);
    assert_eq!(offset(&sent[99]).0, 100);
}

#[test]
fn linger_counts_from_a_batchs_first_record_and_for_each_batch_alone() {
    let mut world = lingering(500 * MS, AccumulatorConfig::default());
    let early = world.append("orders", 0, "early");
    world.run(300 * MS);
    let joined = world.append("orders", 0, "joined");
    let other = world.append("orders", 1, "other");
    world.run(199 * MS);
    assert!(is_open(&early));
    world.run(MS);
    assert!(!is_open(&early) && !is_open(&joined) && is_open(&other));
    // The next batch's time does not go on from the last one's.
    let next = world.append("orders", 0, "next");
    world.run(300 * MS);
    assert!(!is_open(&other) && is_open(&next));
    world.run(200 * MS);
    assert_eq!(offset(&next).0, 3);
}

#[test]
fn what_is_nearly_due_goes_along_with_what_is() {
    let mut world = lingering(8 * MS, AccumulatorConfig::default());
    let first = world.append("orders", 0, "first");
    world.run(2 * MS);
    let along = world.append("orders", 1, "along");
    world.run(6 * MS);
    assert!(!is_open(&first) && !is_open(&along), "one request has both");
    let first = world.append("orders", 0, "first");
    world.run(3 * MS);
    let later = world.append("orders", 1, "later");
    world.run(5 * MS);
    assert!(!is_open(&first) && is_open(&later), "more than a quarter of its time is left");
    world.run(3 * MS);
    assert!(!is_open(&later));
}

#[test]
fn nothing_lingers_while_somebody_waits_for_memory() {
    let value = "x".repeat(1_000);
    let accumulator = AccumulatorConfig { batch_size: 16_384, buffer_memory: 8_000, ..Default::default() };
    let mut world = lingering(10 * SECOND, accumulator);
    let mut sent = Vec::new();
    let mut waits = 0;
    for partition in (0..11).map(|n| n % 2) {
        let mut grant = None;
        let delivery = loop {
            match world.try_append("orders", partition, &value, &mut grant) {
                Ok(delivery) => break delivery,
                Err(bytes) => {
                    waits += 1;
                    let mut wait = world.reserve("orders", partition, bytes, Monotonic::NEVER);
                    world.settle();
                    let Poll::Ready(Ok(granted)) = wait.poll(Waker::noop()) else {
                        panic!("full batches still linger");
                    };
                    grant = Some(granted);
                }
            }
        };
        sent.push(delivery);
    }
    assert!(waits > 0);
    world.flush(1);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    assert!(world.now().mono < Monotonic::ZERO + 2 * SECOND);
    assert_eq!(world.accumulator.used_memory(), 0);
    assert!(world.requests(ApiKey::PRODUCE) <= 12);
}

#[test]
fn an_open_batch_whose_linger_is_over_takes_records_for_as_long_as_it_can_not_be_sent() {
    let mut world = lingering(5 * MS, AccumulatorConfig::default());
    let before = world.requests(ApiKey::PRODUCE);
    world.cluster.freeze(NodeId(1));
    let in_flight: Vec<_> = (0..5).map(|n| world.send("orders", 0, &format!("flight {n}"))).collect();
    let waiting: Vec<_> = (0..5)
        .map(|n| {
            let delivery = world.append("orders", 0, &format!("waits {n}"));
            world.run(6 * MS);
            delivery
        })
        .collect();
    let now = world.now();
    world.cluster.thaw(now, NodeId(1));
    world.run(SECOND);
    assert!(in_flight.iter().chain(&waiting).all(|delivery| !is_open(delivery)));
    assert_eq!(world.requests(ApiKey::PRODUCE) - before, 5 + 1, "one batch for all that waited");
}
