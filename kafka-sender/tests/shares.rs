//! A leader that is gone takes its share of the memory, and leaves the others theirs.

mod world;

use kafka_accumulator::{AccumulatorConfig, Delivery, MemoryWait};
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, TopicConfig};
use kafka_types::{NodeId, TopicPartition};
use std::task::{Poll, Waker};
use std::time::Duration;
use world::{MS, SECOND, Settings, World, offset};

const MEMORY: usize = 100_000;
const DEAD: NodeId = NodeId(2);

fn three_brokers() -> World {
    let mut cluster = ClusterConfig::new(3).topic(TopicConfig::new("orders", 6));
    // Nobody takes over.
    cluster.failover_delay = Duration::from_secs(3_600);
    let sender = SenderConfig {
        delivery_timeout: 600 * SECOND,
        request_timeout: 5 * SECOND,
        ..SenderConfig::default()
    };
    let accumulator =
        AccumulatorConfig { buffer_memory: MEMORY, batch_size: 4_096, ..AccumulatorConfig::default() };
    World::new(cluster, Settings { sender, accumulator, ..Settings::default() })
}

/// Writes to one partition, as fast as there is memory.
struct Caller {
    partition: i32,
    wait: Option<MemoryWait>,
    sent: Vec<Delivery>,
}

impl Caller {
    fn send(&mut self, world: &mut World) {
        let mut grant = None;
        if let Some(wait) = &mut self.wait {
            let Poll::Ready(result) = wait.poll(Waker::noop()) else { return };
            self.wait = None;
            grant = result.ok();
        }
        loop {
            match world.try_append("orders", self.partition, &"x".repeat(1_000), &mut grant) {
                Ok(delivery) => self.sent.push(delivery),
                Err(bytes) => {
                    let deadline = world.at(3_600 * SECOND);
                    self.wait = Some(world.reserve("orders", self.partition, bytes, deadline));
                    return;
                }
            }
        }
    }

    fn acknowledged(&self) -> usize {
        self.sent.iter().filter(|delivery| matches!(delivery.try_result(), Some(Ok(_)))).count()
    }
}

fn rounds(world: &mut World, callers: &mut [Caller], rounds: usize) {
    for _ in 0..rounds {
        // Each of them is the first once in a while.
        callers.rotate_left(1);
        callers.iter_mut().for_each(|caller| caller.send(world));
        world.run(10 * MS);
        assert!(world.accumulator.used_memory() <= MEMORY);
    }
}

fn the_living_go_on(die: impl FnOnce(&mut World), revive: impl FnOnce(&mut World)) {
    let mut world = three_brokers();
    let mut callers: Vec<Caller> =
        (0..6).map(|partition| Caller { partition, wait: None, sent: Vec::new() }).collect();
    rounds(&mut world, &mut callers, 50);
    die(&mut world);
    // Long enough for its partitions to fill the memory, if they could.
    rounds(&mut world, &mut callers, 200);
    let leader = |world: &World, partition| world.cluster.leader(&TopicPartition::new("orders", partition));
    let led_by: Vec<_> = callers.iter().map(|caller| leader(&world, caller.partition)).collect();
    let before: Vec<usize> = callers.iter().map(Caller::acknowledged).collect();
    let order: Vec<i32> = callers.iter().map(|caller| caller.partition).collect();
    rounds(&mut world, &mut callers, 600);
    callers.sort_by_key(|caller| order.iter().position(|partition| *partition == caller.partition));
    let living = led_by.iter().filter(|leader| **leader != Some(DEAD)).count();
    assert!(living > 0 && living < 6, "{led_by:?}");
    for ((caller, before), leader) in callers.iter().zip(before).zip(led_by) {
        let since = caller.acknowledged() - before;
        if leader == Some(DEAD) {
            assert_eq!(since, 0);
            assert!(caller.wait.is_some());
        } else {
            assert!(since >= 600, "{since} records to {} of {leader:?}", caller.partition);
        }
    }
    revive(&mut world);
    callers.iter_mut().for_each(|caller| caller.wait = None);
    world.flush(1);
    world.run(30 * SECOND);
    assert!(callers.iter().all(|caller| caller.sent.iter().all(|delivery| offset(delivery).is_known())));
    assert_eq!(world.accumulator.used_memory(), 0);
}

#[test]
fn a_frozen_broker_does_not_starve_the_partitions_of_the_others() {
    the_living_go_on(
        |world| world.cluster.freeze(DEAD),
        |world| {
            let now = world.now();
            world.cluster.thaw(now, DEAD);
        },
    );
}

#[test]
fn a_stopped_broker_does_not_starve_the_partitions_of_the_others() {
    the_living_go_on(
        |world| {
            let now = world.now();
            assert!(world.cluster.stop_broker(now, DEAD));
        },
        |world| {
            let now = world.now();
            assert!(world.cluster.start_broker(now, DEAD));
        },
    );
}
