//! What is purged fails at once, and is in the log only if it was on its way.

mod world;

use kafka_accumulator::{FailureCause, Written};
use kafka_sender::Purge;
use kafka_testkit::{ClusterConfig, TopicConfig};
use kafka_types::{Compression, NodeId};
use world::{SECOND, Settings, World, failed, is_open, offset};

fn world() -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    World::new(cluster, Settings::default())
}

#[test]
fn what_is_queued_was_not_written_and_what_is_in_flight_goes_on() {
    let mut world = world();
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    let on_the_wire: Vec<_> = (0..5).map(|n| world.send("orders", 0, &n.to_string())).collect();
    let mut queued: Vec<_> = (5..9).map(|n| world.send("orders", 0, &n.to_string())).collect();
    queued.push(world.append("orders", 0, "open"));
    world.purge(Purge::Queued);
    for delivery in &queued {
        let failure = failed(delivery);
        assert_eq!((failure.cause(), failure.outcome()), (FailureCause::Purged, Written::NotWritten));
    }
    assert!(on_the_wire.iter().all(is_open));
    world.cluster.thaw(world.now(), NodeId(1));
    world.run(SECOND);
    assert_eq!(offset(on_the_wire.last().unwrap()).0, 5);
    let after = world.send("orders", 0, "after");
    world.run(SECOND);
    assert_eq!(offset(&after).0, 6);
    assert_eq!(world.log("orders", 0), ["first", "0", "1", "2", "3", "4", "after"]);
}

#[test]
fn what_is_in_flight_may_have_been_written_and_what_is_queued_goes_on() {
    let mut world = world();
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    let on_the_wire: Vec<_> = (0..5).map(|n| world.send("orders", 0, &n.to_string())).collect();
    let queued = world.send("orders", 0, "queued");
    world.purge(Purge::InFlight);
    for delivery in &on_the_wire {
        let failure = failed(delivery);
        assert_eq!((failure.cause(), failure.outcome()), (FailureCause::Purged, Written::Unknown));
    }
    assert!(is_open(&queued));
    world.cluster.thaw(world.now(), NodeId(1));
    world.run(40 * SECOND);
    offset(&queued);
    assert_eq!(world.log("orders", 0).iter().filter(|value| *value == "queued").count(), 1);
}

#[test]
fn a_purge_of_all_leaves_nothing_and_the_producer_works_on() {
    let mut world = world();
    drop(world.send("orders", 0, "first"));
    world.cluster.freeze(NodeId(1));
    let sent: Vec<_> = (0..9).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.flush(3);
    world.purge(Purge::All);
    assert!(sent.iter().all(|delivery| failed(delivery).cause() == FailureCause::Purged));
    let summary = &world.flushed[&kafka_sender::FlushId(3)];
    assert_eq!((summary.acknowledged, summary.failed), (0, 9));
    world.cluster.thaw(world.now(), NodeId(1));
    let after = world.send("orders", 0, "after");
    world.run(40 * SECOND);
    offset(&after);
    assert_eq!(world.accumulator.used_memory(), 0);
}

#[test]
fn what_is_being_compressed_is_purged_when_it_is_back() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut settings = Settings::default();
    settings.accumulator.compression = "gzip".parse::<Compression>().unwrap();
    let mut world = World::new(cluster, settings);
    world.hold_jobs = true;
    let sent = world.send("orders", 0, "slow");
    assert!(is_open(&sent));
    world.purge(Purge::Queued);
    let later = world.append("orders", 0, "later");
    world.hold_jobs = false;
    world.run_jobs();
    world.run(SECOND);
    assert_eq!(failed(&sent).outcome(), Written::NotWritten);
    assert_eq!(offset(&later).0, 0);
    assert_eq!(world.log("orders", 0), ["later"]);
}

#[test]
fn a_purge_of_nothing_does_nothing() {
    let mut world = world();
    for purge in [Purge::Queued, Purge::InFlight, Purge::All] {
        world.purge(purge);
    }
    let sent = world.send("orders", 0, "a");
    assert_eq!(offset(&sent).0, 0);
}
