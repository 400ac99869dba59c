//! Batches that workers compress or split: late, or never.

mod world;

use kafka_accumulator::{AccumulatorConfig, Delivery, FailureCause, Written};
use kafka_protocol::wire::ApiKey;
use kafka_sender::{FlushId, SenderConfig};
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{Compression, NodeId};
use world::{MS, SECOND, Settings, World, failed, is_open, offset};

/// Batches are compressed by workers, who don't come to it yet.
fn held() -> World {
    let sender =
        SenderConfig { delivery_timeout: 3 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
    let accumulator = AccumulatorConfig { compression: Compression::GZIP, ..AccumulatorConfig::default() };
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings { sender, accumulator, ..Settings::default() });
    let first = world.send("orders", 0, "first");
    assert_eq!(offset(&first).0, 0);
    world.hold_jobs = true;
    world
}

/// A value that fills a batch, which then waits for a worker whatever became of those before it.
fn full(text: &str) -> String {
    text.repeat(20_000)
}

#[test]
fn a_batch_whose_time_ran_out_while_it_was_compressed_is_not_sent() {
    let mut world = held();
    let late = world.send("orders", 0, "late");
    assert_eq!(world.jobs.len(), 1);
    world.run(4 * SECOND);
    assert!(is_open(&late), "the worker has it");
    world.run_jobs();
    let failure = failed(&late);
    assert_eq!((failure.cause(), failure.outcome()), (FailureCause::Timeout, Written::NotWritten));
    world.run(SECOND);
    assert_eq!(world.log("orders", 0), ["first"]);
}

#[test]
fn a_batch_that_comes_back_from_its_worker_without_a_leader_to_go_to_still_runs_out_of_time() {
    let mut world = held();
    world.cluster.stop_broker(world.now(), NodeId(1));
    let early = world.send("orders", 0, "early");
    world.run(2 * SECOND);
    let behind = world.send("orders", 0, "behind");
    world.run(1500 * MS);
    world.run_jobs();
    assert_eq!(failed(&early).cause(), FailureCause::Timeout);
    assert!(is_open(&behind));
    world.run(2 * SECOND);
    assert_eq!(failed(&behind).outcome(), Written::NotWritten);
}

#[test]
fn what_stands_behind_a_job_that_died_is_sent_and_flushes_count_the_dead() {
    let mut world = held();
    let dead = world.send("orders", 0, "dead");
    let behind = world.append("orders", 0, &full("b"));
    world.flush(1);
    assert_eq!(world.jobs.len(), 2);
    drop(world.jobs.remove(0));
    world.run_jobs();
    assert_eq!(failed(&dead).outcome(), Written::NotWritten);
    assert_eq!(offset(&behind).0, 1);
    let summary = &world.flushed[&FlushId(1)];
    assert_eq!((summary.acknowledged, summary.failed), (1, 1));
    assert!(summary.first_error.is_some());
}

#[test]
fn a_job_that_died_behind_its_deadline_leaves_the_next_batch_its_own() {
    let mut world = held();
    world.cluster.stop_broker(world.now(), NodeId(1));
    let dead = world.send("orders", 0, &full("d"));
    world.run(2900 * MS);
    let behind = world.send("orders", 0, &full("b"));
    world.run(SECOND);
    let second = world.jobs.pop().unwrap();
    world.jobs.clear();
    assert!(!is_open(&dead));
    world.engine.handle_sealed(world.now(), second.run());
    world.run(3 * SECOND);
    assert_eq!(failed(&behind).cause(), FailureCause::Timeout);
}

#[test]
fn closing_does_not_wait_for_a_job_that_died() {
    let mut world = held();
    let dead = world.send("orders", 0, "dead");
    world.jobs.clear();
    world.close(60 * SECOND);
    assert!(!is_open(&dead));
    assert!(world.closed.is_some());
}

#[test]
fn a_split_that_died_fails_its_records_and_holds_up_nobody() {
    let mut world = held();
    let refusal = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::MESSAGE_TOO_LARGE).times(1);
    world.cluster.add_rule(refusal);
    let large: Vec<Delivery> = (0..4).map(|n| world.append("orders", 0, &n.to_string())).collect();
    world.flush(1);
    world.run_jobs();
    assert_eq!(world.jobs.len(), 1, "the split");
    assert!(large.iter().all(is_open));
    world.jobs.clear();
    world.hold_jobs = false;
    let next = world.send("orders", 0, "next");
    assert!(large.iter().all(|delivery| failed(delivery).outcome() == Written::NotWritten));
    assert_eq!(offset(&next).0, 1);
    assert_eq!(world.flushed[&FlushId(1)].failed, 4);
}

#[test]
fn what_stands_behind_a_batch_that_its_worker_keeps_runs_out_of_time_at_its_own() {
    let mut world = held();
    let kept = world.send("orders", 0, "kept");
    world.run(SECOND);
    let behind = world.send("orders", 0, &full("b"));
    let second = world.jobs.pop().unwrap();
    world.engine.handle_sealed(world.now(), second.run());
    world.run(2900 * MS);
    assert!(is_open(&kept) && is_open(&behind));
    world.run(100 * MS);
    assert!(is_open(&kept));
    assert_eq!(failed(&behind).cause(), FailureCause::Timeout);
    world.run_jobs();
    assert_eq!(failed(&kept).cause(), FailureCause::Timeout);
    assert_eq!(world.log("orders", 0), ["first"]);
}
