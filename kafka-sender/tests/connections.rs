//! Connections that can't be had, that break, and that nobody needs.

mod world;

use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{Monotonic, NodeId, TopicPartition};
use std::task::{Poll, Waker};
use std::time::Duration;
use world::{BOOTSTRAP, MS, SECOND, Settings, World, acknowledged, is_open, offset};

fn brokers(count: u32) -> ClusterConfig {
    ClusterConfig::new(count).topic(TopicConfig::new("orders", 3))
}

/// From one attempt to the next, as long as the first took.
fn pauses(world: &World) -> Vec<Duration> {
    world.attempts.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect()
}

#[test]
fn an_address_that_swallows_packets_is_given_up_later_each_time_up_to_the_maximum() {
    let mut world = World::new(brokers(1), Settings::default());
    world.filtered.insert(NodeId(1));
    let a = world.send("orders", 0, "a");
    world.run(110 * SECOND);
    // 10 s, 20 s, then 30 s, each up to a fifth more or less; then the pause before the next attempt.
    let pauses = pauses(&world);
    let expected = [(8, 13), (16, 25), (24, 37), (24, 37)];
    assert_eq!(pauses.len(), 4, "{pauses:?}");
    for (pause, (least, most)) in pauses.iter().zip(expected) {
        assert!((least * SECOND..most * SECOND).contains(pause), "{pauses:?}");
    }
    assert!(is_open(&a));
}

#[test]
fn an_address_that_swallows_packets_does_not_hold_up_the_others() {
    let mut config = brokers(2);
    config.topics[0].replication_factor = Some(1);
    let mut world = World::new(config, Settings::default());
    world.filtered.insert(NodeId(1));
    let partition = (0..3)
        .find(|partition| world.cluster.leader(&TopicPartition::new("orders", *partition)) == Some(NodeId(2)))
        .unwrap();
    let polls = world.polls;
    let a = world.send("orders", partition, "a");
    world.run(1500 * MS);
    assert!(offset(&a).is_known());
    assert!(world.polls - polls < 40, "waiting is not asking: {} turns", world.polls - polls);
}

#[test]
fn brokers_that_close_every_connection_at_once_are_not_stormed_and_records_arrive_when_they_stop() {
    let mut world = World::new(brokers(1), Settings::default());
    let rule = world.cluster.add_rule(Rule::new().api(ApiKey::API_VERSIONS).disconnect_before());
    let (a, polls) = (world.send("orders", 0, "a"), world.polls);
    world.run(20 * SECOND);
    assert!(world.connects <= 40, "{} connects", world.connects);
    assert!(world.polls - polls < 400, "{} turns", world.polls - polls);
    world.cluster.remove_rule(rule);
    world.run(1500 * MS);
    assert!(offset(&a).is_known());
}

#[test]
fn a_connection_is_closed_when_it_was_not_used_for_the_idle_time_and_opened_again_when_needed() {
    let sender = SenderConfig { connections_max_idle: 60 * SECOND, ..SenderConfig::default() };
    let mut world = World::new(brokers(1), Settings { sender, ..Settings::default() });
    drop(world.send("orders", 0, "a"));
    world.run(30 * SECOND);
    drop(world.send("orders", 0, "b"));
    let connects = world.connects;
    world.run(59 * SECOND);
    assert_eq!(world.cluster.open_connections(), 1, "used 59 s ago");
    world.run(SECOND);
    assert_eq!(world.cluster.open_connections(), 0, "not used for 60 s");
    world.run(120 * SECOND);
    assert_eq!(world.connects, connects, "nobody needs one");
    let c = world.send("orders", 0, "c");
    assert_eq!(offset(&c).0, 2, "without a backoff: being idle is no failure");
}

#[test]
fn a_connection_with_a_request_out_is_not_idle() {
    let sender = SenderConfig { connections_max_idle: 2 * SECOND, ..SenderConfig::default() };
    let mut world = World::new(brokers(1), Settings { sender, ..Settings::default() });
    drop(world.send("orders", 0, "a"));
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).delay(7 * SECOND));
    let b = world.send("orders", 0, "b");
    let connects = world.connects;
    world.run(8 * SECOND);
    assert_eq!((offset(&b).0, world.connects), (1, connects));
    assert_eq!(world.log("orders", 0), ["a", "b"]);
}

#[test]
fn refused_credentials_fail_those_who_wait_at_once_are_tried_again_with_backoff_and_may_become_right() {
    let mut world = World::new(brokers(1), Settings::default());
    world.refuses_credentials = true;
    let a = world.append("orders", 0, "a");
    let mut wait = world.metadata.wait(world.metadata.generation(), Monotonic::NEVER);
    assert!(wait.poll(Waker::noop()).is_pending());
    world.settle();
    let Poll::Ready(Err(error)) = wait.poll(Waker::noop()) else { panic!("it still waits") };
    assert!(error.to_string().contains("no such user"), "{error}");
    world.run(10 * SECOND);
    assert!(world.connects <= 20, "{} connects in 10 s", world.connects);
    assert!(is_open(&a), "a record that was accepted has until delivery.timeout.ms");
    world.refuses_credentials = false;
    world.run(1500 * MS);
    assert_eq!(offset(&a).0, 0);
}

#[test]
fn credentials_refused_by_one_broker_do_not_spoil_the_answer_of_another() {
    let mut world = World::new(brokers(2), Settings::default());
    drop(world.send("orders", 0, "warm"));
    world.run(SECOND);
    world.cluster.create_topic(TopicConfig::new("new", 1));
    world.cluster.add_rule(Rule::new().api(ApiKey::METADATA).delay(SECOND));
    world.metadata.touch("new", world.now().mono);
    world.settle();
    let (asked, connects) = (world.requests(ApiKey::METADATA), world.connects);
    world.refuses_credentials = true;
    (0..3).for_each(|partition| drop(world.append("orders", partition, "x")));
    world.run(1050 * MS);
    assert!(world.connects > connects, "the other broker refused");
    assert_eq!(world.requests(ApiKey::METADATA), asked, "no second request was needed");
    assert!(world.metadata.snapshot().topic("new").is_some(), "the answer counts");
}

#[test]
fn an_answer_later_than_the_request_timeout_is_never_taken_for_another_ones() {
    let sender = SenderConfig { request_timeout: SECOND, ..SenderConfig::default() };
    let mut world = World::new(brokers(1), Settings { sender, ..Settings::default() });
    drop(world.send("orders", 0, "warm"));
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).delay(1200 * MS).times(1));
    let sent: Vec<_> = (0..4).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(5 * SECOND);
    let offsets: Vec<_> = sent.iter().map(|delivery| acknowledged(delivery).offset.0).collect();
    assert_eq!(offsets, [1, 2, 3, 4]);
    assert_eq!(world.log("orders", 0), ["warm", "0", "1", "2", "3"]);
}

#[test]
fn the_leader_that_a_refusal_names_gets_the_batch_at_once_without_waiting_for_metadata() {
    let mut world = World::new(brokers(2), Settings::default());
    for partition in 0..3 {
        drop(world.send("orders", partition, "warm"));
    }
    world.run(SECOND);
    let partition = TopicPartition::new("orders", 0);
    let old = world.cluster.leader(&partition).unwrap();
    let new = world.cluster.nodes().find(|node| *node != old).unwrap();
    world.cluster.move_leader(world.now(), &partition, new);
    world.cluster.add_rule(Rule::new().api(ApiKey::METADATA).delay(10 * SECOND));
    let a = world.send("orders", 0, "a");
    assert_eq!(offset(&a).0, 1, "no time has passed");
}

fn by_name() -> World {
    World::new(brokers(1), Settings { bootstrap_by_name: true, ..Settings::default() })
}

#[test]
fn when_all_known_brokers_are_gone_the_bootstrap_address_leads_to_the_new_ones() {
    let mut world = by_name();
    drop(world.send("orders", 0, "a"));
    assert_ne!(&*world.attempts.last().unwrap().1.host, BOOTSTRAP, "it follows what brokers advertise");
    world.cluster.set_address(NodeId(1), "replacement", 9092);
    let attempts = world.attempts.len();
    world.break_connections();
    let b = world.send("orders", 0, "b");
    world.run(3 * SECOND);
    assert_eq!(offset(&b).0, 1);
    let hosts: Vec<_> = world.attempts[attempts..].iter().map(|(_, to)| to.host.to_string()).collect();
    assert!(hosts.contains(&BOOTSTRAP.to_owned()) && hosts.contains(&"replacement".to_owned()), "{hosts:?}");
}

#[test]
fn a_broker_that_demands_a_new_start_is_left_for_the_bootstrap_address() {
    let mut world = by_name();
    drop(world.send("orders", 0, "a"));
    let demand = Rule::new().api(ApiKey::METADATA).refuse(ErrorCode::REBOOTSTRAP_REQUIRED).times(1);
    world.cluster.add_rule(demand);
    let attempts = world.attempts.len();
    world.metadata.request_update();
    world.run(2 * SECOND);
    let (_, first) = &world.attempts[attempts];
    assert_eq!(&*first.host, BOOTSTRAP);
    let b = world.send("orders", 0, "b");
    world.run(SECOND);
    assert_eq!(offset(&b).0, 1);
}

#[test]
fn a_cluster_whose_metadata_never_comes_is_left_for_the_bootstrap_address_after_the_trigger() {
    let mut world = by_name();
    drop(world.send("orders", 0, "a"));
    world.cluster.add_rule(Rule::new().api(ApiKey::METADATA).drop_response());
    let attempts = world.attempts.len();
    world.metadata.request_update();
    world.run(290 * SECOND);
    assert!(world.attempts[attempts..].iter().all(|(_, to)| &*to.host != BOOTSTRAP));
    world.run(20 * SECOND);
    assert!(world.attempts[attempts..].iter().any(|(_, to)| &*to.host == BOOTSTRAP));
}

#[test]
fn partitions_added_later_are_known_after_the_metadatas_maximum_age_without_any_error() {
    let mut world = World::new(brokers(1), Settings::default());
    drop(world.send("orders", 0, "a"));
    world.cluster.add_partitions("orders", 5);
    for _ in 0..31 {
        drop(world.send("orders", 0, "x"));
        world.run(10 * SECOND);
    }
    assert_eq!(world.metadata.snapshot().topic("orders").map(|topic| topic.partitions.len()), Some(5));
    let e = world.send("orders", 4, "e");
    assert_eq!(offset(&e).0, 0);
}
