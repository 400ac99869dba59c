//! Closing is bounded, and everything has its outcome by then.

mod world;

use kafka_accumulator::Written;
use kafka_protocol::wire::ApiKey;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::NodeId;
use std::time::Duration;
use world::{MS, SECOND, Settings, World, failed, is_open, offset};

fn world() -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    World::new(cluster, Settings::default())
}

#[test]
fn closing_delivers_what_lingers_and_is_done_at_once() {
    let mut world = world();
    let a = world.append("orders", 0, "a");
    world.close(10 * SECOND);
    assert_eq!(offset(&a).0, 0);
    assert_eq!(world.closed.as_ref().map(|summary| summary.acknowledged), Some(1));
}

#[test]
fn closing_goes_on_retrying_until_its_deadline() {
    let mut world = world();
    let refusals = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_ENOUGH_REPLICAS).times(3);
    world.cluster.add_rule(refusals);
    let a = world.send("orders", 0, "a");
    world.close(10 * SECOND);
    assert!(world.closed.is_none());
    world.run(3 * SECOND);
    assert_eq!(offset(&a).0, 0);
    assert!(world.closed.is_some());
}

#[test]
fn closing_without_a_cluster_ends_in_time_and_fails_everything_as_not_written() {
    for deadline in [Duration::ZERO, 2 * SECOND] {
        let mut world = world();
        world.cluster.stop_broker(world.now(), NodeId(1));
        let deliveries: Vec<_> = (0..10).map(|n| world.append("orders", 0, &n.to_string())).collect();
        world.close(deadline);
        world.run(deadline + MS);
        assert!(world.closed.is_some(), "bounded by {deadline:?}");
        assert!(deliveries.iter().all(|delivery| failed(delivery).outcome() == Written::NotWritten));
    }
}

#[test]
fn what_is_on_its_way_when_closing_ends_may_have_been_written() {
    let mut world = world();
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    let a = world.send("orders", 0, "a");
    assert!(is_open(&a));
    world.close(SECOND);
    world.run(SECOND);
    assert_eq!(failed(&a).outcome(), Written::Unknown);
    assert_eq!(world.closed.as_ref().map(|summary| summary.failed), Some(1));
}
