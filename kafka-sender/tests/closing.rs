//! Closing is bounded, and everything has its outcome by then.

mod world;

use kafka_accumulator::Written;
use kafka_protocol::wire::ApiKey;
use kafka_sender::{FlushId, SenderConfig};
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{Acks, NodeId};
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

#[test]
fn closing_is_bounded_against_a_frozen_broker_whatever_is_where() {
    for deadline in [Duration::ZERO, 2 * SECOND] {
        let mut world = world();
        drop(world.send("orders", 0, "first"));
        world.cluster.freeze(NodeId(1));
        let on_the_wire: Vec<_> = (0..5).map(|n| world.send("orders", 0, &n.to_string())).collect();
        let behind: Vec<_> = (5..9).map(|n| world.send("orders", 0, &n.to_string())).collect();
        let open = world.append("orders", 0, "open");
        let begin = world.now().mono;
        world.close(deadline);
        world.run(deadline);
        assert!(world.closed.is_some() && world.now().mono == begin + deadline);
        assert!(on_the_wire.iter().all(|delivery| failed(delivery).outcome() == Written::Unknown));
        assert!(behind.iter().all(|delivery| failed(delivery).outcome() == Written::NotWritten));
        assert_eq!(failed(&open).outcome(), Written::NotWritten);
        assert_eq!(world.closed.as_ref().map(|summary| summary.failed), Some(10));
        assert_eq!(world.accumulator.used_memory(), 0);
    }
}

#[test]
fn a_flush_waits_for_a_frozen_broker_until_it_answers_or_the_delivery_timeout_and_counts_both() {
    for thawed in [true, false] {
        let mut world = world();
        drop(world.send("orders", 0, "first"));
        world.cluster.freeze(NodeId(1));
        let sent: Vec<_> = (0..3).map(|n| world.append("orders", 0, &n.to_string())).collect();
        world.flush(7);
        world.run(20 * SECOND);
        assert!(!world.flushed.contains_key(&FlushId(7)) && sent.iter().all(is_open));
        if thawed {
            world.cluster.thaw(world.now(), NodeId(1));
        }
        world.run(if thawed { SECOND } else { 101 * SECOND });
        let summary = &world.flushed[&FlushId(7)];
        assert_eq!((summary.acknowledged, summary.failed), if thawed { (3, 0) } else { (0, 3) });
        assert_eq!(summary.first_error.is_some(), !thawed);
    }
}

#[test]
fn a_second_close_can_only_bring_the_end_forward() {
    let mut world = world();
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    drop(world.send("orders", 0, "a"));
    world.close(2 * SECOND);
    world.close(60 * SECOND);
    world.run(2 * SECOND);
    assert!(world.closed.is_some());
}

#[test]
fn after_closing_nothing_is_asked_for_and_no_deadline_is_left() {
    let mut world = world();
    world.cluster.stop_broker(world.now(), NodeId(1));
    drop(world.append("orders", 0, "a"));
    world.close(SECOND);
    world.run(SECOND);
    let (polls, connects) = (world.polls, world.connects);
    world.run(100 * SECOND);
    assert!(world.polls - polls <= 2 && world.connects == connects);
    assert_eq!(world.cluster.open_connections(), 0);
}

#[test]
fn without_acks_closing_waits_until_the_socket_has_everything() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let sender = SenderConfig { acks: Acks::None, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, idempotence: false, ..Settings::default() });
    drop(world.send("orders", 0, "first"));
    world.stalled = true;
    let sent: Vec<_> = (0..20).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.close(10 * SECOND);
    world.run(SECOND);
    assert!(world.closed.is_none(), "a slow reader");
    world.stalled = false;
    world.run(MS);
    assert!(world.closed.is_some() && sent.iter().all(|delivery| !is_open(delivery)));
    assert_eq!(world.log("orders", 0).len(), 21);
}
