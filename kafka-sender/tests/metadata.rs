//! Topics that are in the making, and answers that know less than was known.

mod world;

use kafka_protocol::wire::ApiKey;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::TopicPartition;
use world::{SECOND, Settings, World, offset};

fn world() -> World {
    let cluster = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1));
    World::new(cluster, Settings::default())
}

#[test]
fn the_first_record_for_a_topic_in_the_making_waits_for_its_leader_without_hurry() {
    let mut world = world();
    drop(world.send("orders", 0, "warm"));
    for (error, nth) in [
        (ErrorCode::LEADER_NOT_AVAILABLE, 1),
        (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, 2),
        (ErrorCode::LEADER_NOT_AVAILABLE, 3),
    ] {
        world.cluster.add_rule(Rule::new().api(ApiKey::METADATA).topic("fresh").nth(nth).refuse(error));
    }
    let asked = world.requests(ApiKey::METADATA);
    let a = world.send("fresh", 0, "a");
    world.run(2 * SECOND);
    assert_eq!(offset(&a).0, 0);
    assert!((4..=8).contains(&(world.requests(ApiKey::METADATA) - asked)));
}

#[test]
fn an_error_for_a_topic_that_may_pass_leaves_its_records_on_their_way_to_the_leader_known() {
    for error in [ErrorCode::LEADER_NOT_AVAILABLE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION] {
        let mut world = world();
        drop(world.send("orders", 0, "a"));
        let refusal = Rule::new().api(ApiKey::METADATA).topic("orders").refuse(error);
        let rule = world.cluster.add_rule(refusal);
        world.metadata.request_update();
        world.run(SECOND);
        assert!(world.cluster.rule_hits(rule) > 0);
        let b = world.send("orders", 0, "b");
        assert_eq!(offset(&b).0, 1, "no time has passed");
    }
}

#[test]
fn metadata_of_a_broker_that_lags_behind_does_not_move_a_leader_back() {
    let cluster = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1)).metadata_delay(10 * SECOND);
    let mut world = World::new(cluster, Settings::default());
    drop(world.send("orders", 0, "a"));
    world.run(SECOND);
    let partition = TopicPartition::new("orders", 0);
    let old = world.cluster.leader(&partition).unwrap();
    let new = world.cluster.nodes().find(|node| *node != old).unwrap();
    world.cluster.move_leader(world.now(), &partition, new);
    // The refusal names the new leader; metadata will name the old one for a while.
    let b = world.send("orders", 0, "b");
    world.metadata.request_update();
    world.run(2 * SECOND);
    let refused = world.requests(ApiKey::PRODUCE);
    let c = world.send("orders", 0, "c");
    assert_eq!((offset(&b).0, offset(&c).0), (1, 2));
    assert_eq!(world.requests(ApiKey::PRODUCE), refused + 1, "it went to the new leader at once");
}
