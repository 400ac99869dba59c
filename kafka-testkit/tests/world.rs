//! Brokers that stop and start, leaders that move, and what becomes of records meanwhile.

mod common;

use common::{Batch, Client, at, ok, only, partition, produce_request};
use kafka_protocol::messages::metadata::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, MetadataResponse, ProduceResponse};
use kafka_testkit::{Cluster, ClusterConfig, ErrorCode, TopicConfig};
use kafka_types::{Monotonic, NodeId};
use std::time::Duration;

fn three_brokers() -> ClusterConfig {
    ClusterConfig::new(3).topic(TopicConfig::new("orders", 3))
}

fn metadata(client: &mut Client, cluster: &mut Cluster, now: u64) -> MetadataResponse {
    client.call(cluster, at(now), &MetadataRequest { topics: None, ..Default::default() }, 12)
}

#[test]
fn leaders_move_when_it_is_noticed_that_their_broker_died() {
    let mut cluster = Cluster::new(three_brokers().failover_delay(Duration::from_millis(500)));
    let of = partition("orders", 0);
    let dead = cluster.leader(&of).unwrap();
    let witness = cluster.nodes().find(|node| *node != dead).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), witness.0);
    assert!(cluster.stop_broker(at(100), dead));
    assert!(Client::try_connect(&mut cluster, at(100), dead.0).is_none());
    assert_eq!(cluster.next_deadline(), Monotonic::from_millis(600));
    let before = metadata(&mut client, &mut cluster, 599);
    assert_eq!((before.brokers.len(), before.topics[0].partitions[0].leader_id), (3, dead.0));
    let after = metadata(&mut client, &mut cluster, 600);
    let moved = &after.topics[0].partitions[0];
    assert_eq!(after.brokers.len(), 2);
    assert_ne!(moved.leader_id, dead.0);
    assert_eq!((moved.leader_epoch, moved.offline_replicas.as_slice()), (1, [dead.0].as_slice()));
    assert_eq!(cluster.next_deadline(), Monotonic::NEVER);
    // Back again, it follows.
    assert!(cluster.start_broker(at(700), dead));
    assert_eq!(cluster.leader(&of), Some(NodeId(moved.leader_id)));
}

#[test]
fn a_partition_without_replicas_has_no_leader_until_one_comes_back() {
    let config = ClusterConfig::new(2).topic(TopicConfig::new("single", 1).replication_factor(1));
    let mut cluster = Cluster::new(config);
    let of = partition("single", 0);
    let only_replica = cluster.leader(&of).unwrap();
    let other = cluster.nodes().find(|node| *node != only_replica).unwrap();
    cluster.stop_broker(at(0), only_replica);
    let mut client = Client::connect(&mut cluster, at(0), other.0);
    let offline = metadata(&mut client, &mut cluster, 0);
    assert_eq!(offline.topics[0].partitions[0].error_code, ErrorCode::LEADER_NOT_AVAILABLE);
    assert_eq!(offline.topics[0].partitions[0].leader_id, -1);
    cluster.start_broker(at(1), only_replica);
    assert_eq!(cluster.leader(&of), Some(only_replica));
}

#[test]
fn metadata_may_name_the_old_leader_for_a_while() {
    let mut cluster = Cluster::new(three_brokers().metadata_delay(Duration::from_millis(50)));
    let of = partition("orders", 0);
    let old = cluster.leader(&of).unwrap();
    let new = cluster.nodes().find(|node| *node != old).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), old.0);
    cluster.move_leader(at(10), &of, new);
    let refused = client.produce(&mut cluster, at(11), &of, Batch::of(&["a"]).build());
    assert_eq!(refused.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(metadata(&mut client, &mut cluster, 59).topics[0].partitions[0].leader_id, old.0);
    assert_eq!(metadata(&mut client, &mut cluster, 60).topics[0].partitions[0].leader_id, new.0);
}

#[test]
fn acks_all_waits_for_followers_and_acks_one_does_not() {
    let config = three_brokers().replication_delay(Duration::from_millis(20));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let mut client = Client::to_leader(&mut cluster, at(0), &of);
    let batch = Batch::of(&["a"]).build();
    client.send(&mut cluster, at(0), &produce_request(&of, batch.clone(), -1), 9);
    client.poll(&mut cluster, at(19));
    assert_eq!(client.answer::<ProduceResponse>(), None);
    assert_eq!(cluster.next_deadline(), Monotonic::from_millis(20));
    client.poll(&mut cluster, at(20));
    ok(&only(client.answer().unwrap()));
    ok(&only(client.call(&mut cluster, at(21), &produce_request(&of, batch, 1), 9)));
}

#[test]
fn a_follower_that_dies_after_the_append_is_reported_as_such() {
    let config = ClusterConfig::new(2)
        .topic(TopicConfig::new("orders", 1).min_insync_replicas(2))
        .replication_delay(Duration::from_millis(20));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let leader = cluster.leader(&of).unwrap();
    let follower = cluster.nodes().find(|node| *node != leader).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), leader.0);
    client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), -1), 9);
    cluster.stop_broker(at(10), follower);
    client.poll(&mut cluster, at(20));
    let answer = only(client.answer().unwrap());
    assert_eq!(answer.error_code, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    assert_eq!(cluster.records(&of).len(), 1);
}

#[test]
fn a_request_that_waits_for_followers_ends_when_its_topic_is_made_again() {
    let mut cluster = Cluster::new(three_brokers().replication_delay(Duration::from_millis(20)));
    let of = partition("orders", 0);
    let mut client = Client::to_leader(&mut cluster, at(0), &of);
    client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), -1), 9);
    cluster.delete_topic(at(10), "orders");
    cluster.create_topic(TopicConfig::new("orders", 1));
    client.poll(&mut cluster, at(20));
    assert_eq!(only(client.answer().unwrap()).error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(cluster.next_deadline(), Monotonic::NEVER);
}

#[test]
fn a_request_times_out_when_followers_take_longer_than_it_allows() {
    let mut cluster = Cluster::new(three_brokers().replication_delay(Duration::from_secs(60)));
    let of = partition("orders", 0);
    let mut client = Client::to_leader(&mut cluster, at(0), &of);
    client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), -1), 9);
    client.poll(&mut cluster, at(30_000));
    assert_eq!(only(client.answer().unwrap()).error_code, ErrorCode::REQUEST_TIMED_OUT);
}

#[test]
fn only_what_was_not_acknowledged_is_lost_with_a_leader_and_its_sequence_with_it() {
    let mut kept_and_lost = [0, 0];
    for seed in 0..20 {
        let config = three_brokers().replication_delay(Duration::from_millis(20)).seed(seed);
        let mut cluster = Cluster::new(config);
        let of = partition("orders", 0);
        let leader = cluster.leader(&of).unwrap();
        let mut client = Client::connect(&mut cluster, at(0), leader.0);
        client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).by(1, 0, 0).build(), -1), 9);
        client.poll(&mut cluster, at(20));
        ok(&only(client.answer().unwrap()));
        let second = Batch::of(&["b"]).by(1, 0, 1).build();
        client.send(&mut cluster, at(30), &produce_request(&of, second.clone(), -1), 9);
        cluster.stop_broker(at(40), leader);
        client.poll(&mut cluster, at(40));
        assert!(client.closed);
        let values: Vec<_> = cluster.records(&of).into_iter().filter_map(|record| record.value).collect();
        assert_eq!(values[0], "a");
        kept_and_lost[usize::from(values.len() == 1)] += 1;
        // Sent again, it is there once, whether it was lost or not.
        let mut again = Client::to_leader(&mut cluster, at(50), &of);
        again.send(&mut cluster, at(50), &produce_request(&of, second, -1), 9);
        again.poll(&mut cluster, at(70));
        assert_eq!(ok(&only(again.answer().unwrap())), 1);
        assert_eq!(cluster.records(&of).len(), 2);
    }
    assert!(kept_and_lost.iter().all(|count| *count > 0), "both happen: {kept_and_lost:?}");
}

#[test]
fn a_frozen_broker_does_nothing_until_it_thaws() {
    let mut cluster = Cluster::new(three_brokers());
    let of = partition("orders", 0);
    let leader = cluster.leader(&of).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), leader.0);
    cluster.freeze(leader);
    client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), -1), 9);
    client.poll(&mut cluster, at(60_000));
    assert_eq!((client.answer::<ProduceResponse>(), cluster.records(&of).len()), (None, 0));
    cluster.thaw(at(60_001), leader);
    client.poll(&mut cluster, at(60_001));
    ok(&only(client.answer().unwrap()));
}

#[test]
fn unknown_topics_are_made_when_asked_for_and_there_the_next_time() {
    let mut cluster = Cluster::new(ClusterConfig::new(1).default_partitions(4));
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let mut request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { name: Some("new".into()), ..Default::default() }]),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let errors = |response: &MetadataResponse| response.topics[0].error_code;
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(errors(&client.call(&mut cluster, at(0), &request, 12)), unknown);
    assert_eq!(cluster.partition_count("new"), None);
    request.allow_auto_topic_creation = true;
    assert_eq!(errors(&client.call(&mut cluster, at(0), &request, 12)), unknown);
    let made = client.call(&mut cluster, at(0), &request, 12);
    assert_eq!((errors(&made), made.topics[0].partitions.len()), (ErrorCode::NONE, 4));
    assert_eq!(Some(made.topics[0].topic_id), cluster.topic_id("new"));
    request.topics.as_mut().unwrap()[0].name = Some("no/name".into());
    assert_eq!(errors(&client.call(&mut cluster, at(0), &request, 12)), ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[test]
fn partitions_are_added_and_a_topic_made_again_has_another_id() {
    let mut cluster = Cluster::new(three_brokers());
    let mut client = Client::connect(&mut cluster, at(0), 1);
    assert!(cluster.add_partitions("orders", 5));
    assert!(!cluster.add_partitions("orders", 5));
    assert_eq!(metadata(&mut client, &mut cluster, 0).topics[0].partitions.len(), 5);
    let first = cluster.topic_id("orders");
    assert!(cluster.delete_topic(at(0), "orders"));
    assert!(metadata(&mut client, &mut cluster, 0).topics.is_empty());
    assert_ne!(cluster.create_topic(TopicConfig::new("orders", 1)), first);
}

#[test]
fn the_same_seed_gives_the_same_cluster() {
    let id = |seed| Cluster::new(three_brokers().seed(seed)).topic_id("orders");
    assert_eq!(id(5), id(5));
    assert_ne!(id(5), id(6));
}
