//! Records find their way, once and in order.

mod world;

use kafka_accumulator::Written;
use kafka_protocol::wire::ApiKey;
use kafka_sender::{FlushId, SenderConfig};
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{Acks, Offset, TopicPartition};
use world::{MS, SECOND, Settings, World, acknowledged, failed, is_open, offset};

fn orders(partitions: u32) -> ClusterConfig {
    ClusterConfig::new(1).topic(TopicConfig::new("orders", partitions))
}

#[test]
fn a_record_is_acknowledged_with_its_offset_after_lingering() {
    let mut world = World::new(orders(1), Settings::default());
    let delivery = world.append("orders", 0, "a");
    world.settle();
    assert!(is_open(&delivery), "it lingers");
    world.run(5 * MS);
    assert_eq!(acknowledged(&delivery).to_string(), "orders-0@0");
    assert_eq!(world.log("orders", 0), ["a"]);
}

#[test]
fn a_flush_ends_lingering_and_counts_records() {
    let mut world = World::new(orders(2), Settings::default());
    let deliveries = [world.append("orders", 0, "a"), world.append("orders", 1, "b")];
    world.flush(1);
    assert!(deliveries.iter().all(|delivery| !is_open(delivery)));
    let summary = &world.flushed[&FlushId(1)];
    assert_eq!((summary.acknowledged, summary.failed), (2, 0));
}

#[test]
fn an_empty_flush_is_over_at_once() {
    let mut world = World::new(orders(1), Settings::default());
    world.flush(9);
    assert!(world.flushed.contains_key(&FlushId(9)));
}

#[test]
fn one_partition_pipelines_up_to_max_in_flight_and_keeps_its_order() {
    let mut world = World::new(orders(1), Settings::default());
    drop(world.send("orders", 0, "first"));
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).delay(50 * MS));
    let deliveries: Vec<_> = (0..8).map(|n| world.send("orders", 0, &n.to_string())).collect();
    assert_eq!(world.cluster.requests().max_in_flight_of_all(), 5);
    world.run(SECOND);
    let offsets: Vec<_> = deliveries.iter().map(|delivery| offset(delivery).0).collect();
    assert_eq!(offsets, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn without_acks_a_record_is_done_when_it_is_written_and_metadata_is_still_matched() {
    let sender = SenderConfig { acks: Acks::None, ..SenderConfig::default() };
    let mut world = World::new(orders(1), Settings { sender, idempotence: false, ..Settings::default() });
    let deliveries: Vec<_> = (0..20).map(|n| world.send("orders", 0, &n.to_string())).collect();
    assert!(deliveries.iter().all(|delivery| offset(delivery) == Offset::UNKNOWN));
    let before = world.requests(ApiKey::METADATA);
    world.run(400 * SECOND);
    assert!(world.requests(ApiKey::METADATA) > before);
    assert_eq!(world.log("orders", 0).len(), 20);
}

#[test]
fn a_retriable_refusal_is_sent_again_after_a_backoff() {
    let mut world = World::new(orders(1), Settings::default());
    let refusals = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_ENOUGH_REPLICAS).times(2);
    world.cluster.add_rule(refusals);
    let delivery = world.send("orders", 0, "a");
    assert!(is_open(&delivery), "backing off");
    world.run(SECOND);
    assert_eq!(offset(&delivery), Offset(0));
    assert_eq!(world.requests(ApiKey::PRODUCE), 3);
}

#[test]
fn a_final_refusal_fails_the_record_and_says_that_it_was_not_written() {
    let mut world = World::new(orders(1), Settings::default());
    let refusal = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(refusal).times(1));
    let delivery = world.send("orders", 0, "a");
    let failure = failed(&delivery);
    assert_eq!(failure.outcome(), Written::NotWritten);
    assert_eq!(failure.attempts(), 1);
    let next = world.send("orders", 0, "b");
    assert_eq!(offset(&next), Offset(0));
}

#[test]
fn a_batch_too_large_is_split_down_to_the_one_record_that_is() {
    let topic = TopicConfig::new("orders", 1).max_message_bytes(300);
    let mut world = World::new(ClusterConfig::new(1).topic(topic), Settings::default());
    let small: Vec<_> =
        (0..8).map(|n| world.append("orders", 0, &format!("{n}-{}", "x".repeat(40)))).collect();
    let large = world.append("orders", 0, &"y".repeat(1000));
    let last = world.append("orders", 0, "last");
    world.flush(1);
    world.run(SECOND);
    assert_eq!(small.iter().map(|d| offset(d).0).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    assert_eq!(failed(&large).outcome(), Written::NotWritten);
    assert_eq!(offset(&last), Offset(8));
    let summary = &world.flushed[&FlushId(1)];
    assert_eq!((summary.acknowledged, summary.failed), (9, 1));
}

#[test]
fn an_idle_producer_does_not_wake_after_its_last_delivery_timeout() {
    let mut world = World::new(orders(1), Settings::default());
    let delivery = world.send("orders", 0, "a");
    assert!(!is_open(&delivery));
    let before = world.polls;
    world.run(130 * SECOND);
    // One look at each kind of deadline that was watched for the record.
    assert!(world.polls - before <= 8, "{} turns of an idle engine", world.polls - before);

    // The same after a record that failed.
    let refusal = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    world.cluster.add_rule(refusal.times(1));
    let delivery = world.send("orders", 0, "b");
    assert_eq!(failed(&delivery).attempts(), 1);
    let before = world.polls;
    world.run(130 * SECOND);
    // One look at each kind of deadline that was watched for the record.
    assert!(world.polls - before <= 8, "{} turns of an idle engine", world.polls - before);
}

#[test]
fn without_idempotence_one_request_in_flight_keeps_the_order_over_retries() {
    let sender = SenderConfig { max_in_flight: 1, ..SenderConfig::default() };
    let mut world = World::new(orders(1), Settings { sender, idempotence: false, ..Settings::default() });
    let refusals = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_ENOUGH_REPLICAS).times(2);
    world.cluster.add_rule(refusals);
    let sent: Vec<_> = (0..4).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(2 * SECOND);
    assert_eq!(sent.iter().map(|delivery| offset(delivery).0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(world.log("orders", 0), ["0", "1", "2", "3"]);
    assert_eq!(world.requests(ApiKey::INIT_PRODUCER_ID), 0);
}

#[test]
fn where_the_topic_says_so_a_records_time_is_the_brokers() {
    for (log_append_time, topic) in [(false, "created"), (true, "appended")] {
        let mut config = TopicConfig::new(topic, 1);
        if log_append_time {
            config = config.log_append_time();
        }
        let mut world = World::new(ClusterConfig::new(1).topic(config), Settings::default());
        let sent = world.now().wall;
        let delivery = world.append(topic, 0, "a");
        world.run(SECOND);
        let stored = world.cluster.records(&TopicPartition::new(topic, 0))[0].timestamp;
        assert_eq!(acknowledged(&delivery).timestamp, stored);
        assert_eq!(stored == sent, !log_append_time, "{topic}");
    }
}
