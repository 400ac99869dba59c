//! Leaders that can't take anything are named, so that keyless records keep away from them (KIP-794).

mod world;

use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, TopicConfig};
use kafka_types::NodeId;
use std::time::Duration;
use world::{SECOND, Settings, World, offset};

fn world(availability_timeout: Duration) -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let sender = SenderConfig { availability_timeout, max_in_flight: 1, ..SenderConfig::default() };
    World::new(cluster, Settings { sender, ..Settings::default() })
}

fn slow(world: &World) -> Vec<i32> {
    world.accumulator.slow_leaders().into_iter().map(|node| node.0).collect()
}

#[test]
fn a_node_that_takes_nothing_is_slow_after_the_time_and_until_it_takes_something() {
    let mut world = world(2 * SECOND);
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    // One is in flight, and one is behind it.
    let (a, b) = (world.send("orders", 0, "a"), world.send("orders", 0, "b"));
    world.run(SECOND);
    assert!(slow(&world).is_empty());
    world.run(2 * SECOND);
    assert_eq!(slow(&world), [1]);
    world.cluster.thaw(world.now(), NodeId(1));
    world.run(SECOND);
    assert_eq!((offset(&a).0, offset(&b).0), (1, 2));
    assert!(slow(&world).is_empty());
}

#[test]
fn a_node_that_nothing_waits_for_is_not_slow_and_zero_is_never() {
    for (timeout, waiting) in [(2 * SECOND, false), (Duration::ZERO, true)] {
        let mut world = world(timeout);
        drop(world.send("orders", 0, "first"));
        world.cluster.freeze(NodeId(1));
        let sent: Vec<_> = (0..1 + usize::from(waiting)).map(|_| world.send("orders", 0, "a")).collect();
        world.run(10 * SECOND);
        assert!(slow(&world).is_empty());
        drop(sent);
    }
}

#[test]
fn a_node_gets_another_chance_when_what_waited_for_it_is_gone() {
    let mut world = world(2 * SECOND);
    drop(world.send("orders", 0, "first"));
    world.cluster.stop_broker(world.now(), NodeId(1));
    drop(world.send("orders", 0, "a"));
    world.run(300 * SECOND);
    assert!(slow(&world).is_empty());
}
