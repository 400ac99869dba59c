//! With idempotence the log has the acknowledged records once, in the order of their appends; what was not written is not there.

mod world;

use kafka_accumulator::Written;
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::TopicPartition;
use world::{MS, SECOND, Settings, World, failed, is_open, offset};

fn started() -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 2));
    let sender =
        SenderConfig { delivery_timeout: 3 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, ..Settings::default() });
    let first = world.send("orders", 0, "first");
    assert_eq!(offset(&first).0, 0);
    world
}

fn produce() -> Rule {
    Rule::new().api(ApiKey::PRODUCE)
}

#[test]
fn an_answer_that_leaves_it_open_is_asked_again_with_the_same_sequence() {
    for error in [ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND] {
        let mut world = started();
        world.cluster.add_rule(produce().fail_after(error).times(1));
        let a = world.send("orders", 0, "a");
        let b = world.send("orders", 0, "b");
        world.run(SECOND);
        assert_eq!((offset(&a).0, offset(&b).0), (1, 2));
        assert_eq!(world.log("orders", 0), ["first", "a", "b"]);
    }
}

#[test]
fn a_record_given_up_as_unknown_does_not_lend_its_sequence_to_the_next() {
    let mut world = started();
    let rule = world.cluster.add_rule(produce().fail_after(ErrorCode::REQUEST_TIMED_OUT));
    let a = world.send("orders", 0, "a");
    world.run(4 * SECOND);
    assert_eq!(failed(&a).outcome(), Written::Unknown);
    world.cluster.remove_rule(rule);
    let b = world.send("orders", 0, "b");
    world.run(SECOND);
    assert_eq!(offset(&b).0, 2);
    assert_eq!(world.log("orders", 0), ["first", "a", "b"]);
    let batches = world.cluster.batches(&TopicPartition::new("orders", 0));
    let last = batches.last().unwrap();
    assert_eq!((last.producer.epoch.0, last.base_sequence.0), (1, 0));
}

#[test]
fn out_of_order_behind_a_lost_leader_is_a_consequence_and_bumps_nothing() {
    let mut world = started();
    world.stalled = true;
    let sent: Vec<_> = ["a", "b", "c"].iter().map(|value| world.send("orders", 0, value)).collect();
    world.cluster.add_rule(produce().refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER).times(1));
    world.stalled = false;
    world.run(SECOND);
    assert_eq!(sent.iter().map(|delivery| offset(delivery).0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(world.requests(ApiKey::INIT_PRODUCER_ID), 1);
    let batches = world.cluster.batches(&TopicPartition::new("orders", 0));
    assert!(batches.iter().all(|batch| batch.producer.epoch.0 == 0));
}

#[test]
fn connections_that_break_after_the_append_write_nothing_twice() {
    let mut world = started();
    world.cluster.add_rule(produce().disconnect_after().times(2));
    let sent: Vec<_> = (0..5).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(2 * SECOND);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    assert_eq!(world.log("orders", 0), ["first", "0", "1", "2", "3", "4"]);
}

#[test]
fn a_producer_that_the_broker_forgot_goes_on_by_itself() {
    let mut world = started();
    world.cluster.add_rule(produce().refuse(ErrorCode::UNKNOWN_PRODUCER_ID).times(1));
    let sent: Vec<_> = (0..5).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(SECOND);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    assert_eq!(world.log("orders", 0), ["first", "0", "1", "2", "3", "4"]);
}

#[test]
fn a_stuck_first_batch_fails_in_time_without_a_hot_loop_and_the_next_is_delivered() {
    let mut world = started();
    let rule = world.cluster.add_rule(produce().refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    let a = world.send("orders", 0, "a");
    world.run(4 * SECOND);
    assert!(!is_open(&a) && a.try_result().unwrap().is_err());
    assert!(world.requests(ApiKey::PRODUCE) < 20, "{}", world.requests(ApiKey::PRODUCE));
    world.cluster.remove_rule(rule);
    let c = world.send("orders", 0, "c");
    world.run(SECOND);
    assert_eq!(offset(&c).0, 1);
}

#[test]
fn what_is_still_queued_at_its_deadline_was_not_written_and_never_is() {
    let mut world = started();
    world.stalled = true;
    let a = world.send("orders", 0, "a");
    world.run(900 * MS);
    let b = world.send("orders", 0, "b");
    world.run(4 * SECOND);
    assert_eq!(failed(&a).outcome(), Written::NotWritten);
    assert_eq!(failed(&b).outcome(), Written::NotWritten);
    world.stalled = false;
    let c = world.send("orders", 0, "c");
    world.run(2 * SECOND);
    assert_eq!(offset(&c).0, 1);
    assert_eq!(world.log("orders", 0), ["first", "c"]);
}

#[test]
fn a_cluster_that_refuses_producer_ids_fails_everything_at_once_and_says_why() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings::default());
    let denied = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    world.cluster.add_rule(Rule::new().api(ApiKey::INIT_PRODUCER_ID).refuse(denied));
    let a = world.send("orders", 0, "a");
    world.run(SECOND);
    let failure = failed(&a);
    assert_eq!(failure.outcome(), Written::NotWritten);
    assert!(failure.to_string().contains("enable.idempotence"), "{failure}");
    assert!(failure.is_fatal());
    let later = world.append("orders", 0, "b");
    world.run(SECOND);
    assert_eq!(failed(&later).cause(), failure.cause());
}

#[test]
fn a_producer_forgotten_while_it_rested_keeps_the_order_although_the_broker_takes_any_sequence() {
    let mut world = started();
    world.run(120 * SECOND);
    assert!(world.cluster.forget_producers(&TopicPartition::new("orders", 0)));
    world.cluster.add_rule(produce().refuse(ErrorCode::NOT_ENOUGH_REPLICAS).times(1));
    world.stalled = true;
    let sent = ["a", "b", "c"].map(|value| world.send("orders", 0, value));
    world.stalled = false;
    world.run(SECOND);
    assert_eq!(sent.each_ref().map(|delivery| offset(delivery).0), [1, 2, 3]);
    assert_eq!(world.log("orders", 0), ["first", "a", "b", "c"]);
}

#[test]
fn a_request_taken_back_after_its_identity_died_does_not_bring_its_records_a_second_time() {
    let mut world = started();
    // "a" is appended, though the answer leaves that open; its copy waits behind "b", whose answer ends the identity.
    world.cluster.add_rule(produce().fail_after(ErrorCode::REQUEST_TIMED_OUT).times(1));
    world.cluster.add_rule(produce().nth(2).delay(500 * MS).refuse(ErrorCode::INVALID_PRODUCER_EPOCH));
    world.stalled = true;
    let a = world.send("orders", 0, "a");
    let b = world.send("orders", 0, "b");
    world.stalled = false;
    world.settle();
    world.stalled = true;
    world.run(SECOND);
    world.break_connections();
    world.stalled = false;
    world.run(2 * SECOND);
    assert!(!is_open(&b));
    assert!(!is_open(&a));
    let log = world.log("orders", 0);
    assert_eq!(log.iter().filter(|value| **value == "a").count(), 1, "{log:?}");
    if let Some(Err(failure)) = a.try_result() {
        assert_eq!(failure.outcome(), Written::Unknown);
    }
}
