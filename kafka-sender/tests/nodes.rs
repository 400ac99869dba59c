//! Brokers that move, stop, or say nonsense.

mod world;

use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, Rule, ServedVersions, TopicConfig};
use kafka_types::{NodeId, TopicPartition};
use world::{MS, SECOND, Settings, World, is_open, offset};

fn three() -> World {
    let cluster = ClusterConfig::new(3).topic(TopicConfig::new("orders", 3));
    World::new(cluster, Settings::default())
}

#[test]
fn records_follow_a_leader_that_moved() {
    let mut world = three();
    drop(world.send("orders", 0, "a"));
    let partition = TopicPartition::new("orders", 0);
    let old = world.cluster.leader(&partition).unwrap();
    let new = world.cluster.nodes().find(|node| *node != old).unwrap();
    world.cluster.move_leader(world.now(), &partition, new);
    let b = world.send("orders", 0, "b");
    world.run(SECOND);
    assert_eq!(offset(&b).0, 1);
    assert_eq!(world.log("orders", 0), ["a", "b"]);
}

#[test]
fn a_broker_that_is_down_holds_up_only_its_own_partitions() {
    let mut world = three();
    drop(world.send("orders", 0, "warm"));
    let nodes: Vec<NodeId> = world.cluster.nodes().collect();
    let down = world.cluster.leader(&TopicPartition::new("orders", 0)).unwrap();
    world.cluster.freeze(down);
    let sent: Vec<_> = (0..3).map(|partition| (partition, world.send("orders", partition, "x"))).collect();
    world.run(SECOND);
    assert_eq!(nodes.len(), 3);
    for (partition, delivery) in &sent {
        let leader = world.cluster.leader(&TopicPartition::new("orders", *partition)).unwrap();
        assert_eq!(is_open(delivery), leader == down, "partition {partition}");
    }
    world.cluster.thaw(world.now(), down);
    world.run(SECOND);
    assert!(sent.iter().all(|(_, delivery)| offset(delivery).is_known()));
}

#[test]
fn an_unreachable_cluster_is_tried_with_backoff_and_found_when_it_is_back() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings::default());
    world.cluster.stop_broker(world.now(), NodeId(1));
    let a = world.send("orders", 0, "a");
    world.run(20 * SECOND);
    assert!(world.connects <= 40, "{} connects", world.connects);
    world.cluster.start_broker(world.now(), NodeId(1));
    world.run(1500 * MS);
    assert_eq!(offset(&a).0, 0);
}

#[test]
fn a_record_that_was_never_sent_says_what_kept_it() {
    let message = |world: &mut World| {
        world.run(SECOND);
        let delivery = world.send("orders", 0, "a");
        world.run(130 * SECOND);
        let error = delivery.try_result().unwrap().unwrap_err().to_string();
        assert!(error.contains("never sent") && !error.contains("in flight"), "{error}");
        error
    };
    // No broker is left, so that the bootstrap servers are asked anew.
    let mut world =
        World::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", 1)), Settings::default());
    drop(world.send("orders", 0, "warm"));
    world.cluster.stop_broker(world.now(), NodeId(1));
    let alone = message(&mut world);
    assert!(alone.contains("(no broker can be reached: "), "{alone}");
    // The others know that its leader is gone.
    let mut world = World::new(
        ClusterConfig::new(2).topic(TopicConfig::new("orders", 1).replication_factor(1)),
        Settings::default(),
    );
    drop(world.send("orders", 0, "warm"));
    let leader = world.cluster.leader(&TopicPartition::new("orders", 0)).unwrap();
    world.cluster.stop_broker(world.now(), leader);
    let leaderless = message(&mut world);
    assert!(leaderless.contains("(the partition has no leader)"), "{leaderless}");
}

#[test]
fn a_broker_that_does_not_answer_loses_its_connection_and_nothing_is_written_twice() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let sender = SenderConfig { request_timeout: SECOND, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, ..Settings::default() });
    drop(world.send("orders", 0, "first"));
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).drop_response().times(1));
    let sent: Vec<_> = (0..3).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(5 * SECOND);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    assert_eq!(world.log("orders", 0), ["first", "0", "1", "2"]);
}

#[test]
fn an_answer_that_can_not_be_read_closes_the_connection_and_the_record_is_asked_for_again() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings::default());
    drop(world.send("orders", 0, "first"));
    let connects = world.connects;
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).cut_response(9).times(1));
    let a = world.send("orders", 0, "a");
    world.run(40 * SECOND);
    assert_eq!(offset(&a).0, 1);
    assert!(world.connects > connects);
    assert_eq!(world.log("orders", 0), ["first", "a"]);
}

#[test]
fn a_throttled_connection_is_left_alone_until_then() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings::default());
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).throttle(SECOND).times(1));
    drop(world.send("orders", 0, "a"));
    let b = world.send("orders", 0, "b");
    world.run(900 * MS);
    assert!(is_open(&b));
    world.run(200 * MS);
    assert_eq!(offset(&b).0, 1);
}

#[test]
fn each_broker_is_spoken_to_in_the_newest_version_that_both_sides_know() {
    let mut cluster = ClusterConfig::new(2).topic(TopicConfig::new("orders", 2).replication_factor(1));
    cluster.brokers[1].versions = ServedVersions::default().limit(ApiKey::PRODUCE, 3, 9);
    let mut world = World::new(cluster, Settings::default());
    let sent = [world.send("orders", 0, "a"), world.send("orders", 1, "b")];
    world.run(SECOND);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    let newest = ServedVersions::default().range(ApiKey::PRODUCE).unwrap().1;
    let mut versions: Vec<(NodeId, i16)> = world
        .cluster
        .requests()
        .recent()
        .filter(|request| request.api == ApiKey::PRODUCE)
        .map(|request| (request.node, request.version))
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, [(NodeId(1), newest), (NodeId(2), 9)]);
}
