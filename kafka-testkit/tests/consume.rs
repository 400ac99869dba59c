//! Reading records back, and administration.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Batch, Client, EPOCH, at, ok, partition};
use kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, FetchRequest, FetchResponse, ListOffsetsRequest, OffsetForLeaderEpochRequest,
};
use kafka_protocol::records::read_records;
use kafka_testkit::{Cluster, ClusterConfig, ErrorCode, TopicConfig};
use kafka_types::{Monotonic, Timestamp, TopicPartition};
use std::time::Duration;

fn one_broker() -> (Cluster, Client, TopicPartition) {
    let mut cluster = Cluster::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", 1)));
    let client = Client::connect(&mut cluster, at(0), 1);
    (cluster, client, partition("orders", 0))
}

fn fetch(cluster: &Cluster, offset: i64, max_bytes: i32, max_wait_ms: i32) -> FetchRequest {
    let wanted = FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: max_bytes,
        ..FetchPartition::default()
    };
    let topic = FetchTopic {
        topic: "orders".into(),
        topic_id: cluster.topic_id("orders").unwrap_or_default(),
        partitions: vec![wanted],
        ..FetchTopic::default()
    };
    FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![topic],
        ..FetchRequest::default()
    }
}

fn only(response: FetchResponse) -> PartitionData {
    response.responses.into_iter().next().unwrap().partitions.into_iter().next().unwrap()
}

fn values(data: PartitionData) -> Vec<String> {
    let records = read_records(data.records.unwrap().into_bytes(), 1 << 20).unwrap();
    records
        .iter()
        .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap()).into_owned())
        .collect()
}

#[test]
fn every_version_gives_the_batches_from_an_offset_on() {
    let (mut cluster, mut client, of) = one_broker();
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["a", "b"]).build()));
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["c"]).build()));
    for version in 4..=18 {
        let request = fetch(&cluster, 2, 1 << 20, 0);
        let data = only(client.call(&mut cluster, at(0), &request, version));
        assert_eq!((data.error_code, data.high_watermark), (ErrorCode::NONE, 3), "version {version}");
        assert_eq!(values(data), ["c"]);
    }
    // The batch with the offset comes whole, and one comes however large it is.
    let request = fetch(&cluster, 1, 1, 0);
    assert_eq!(values(only(client.call(&mut cluster, at(0), &request, 12))), ["a", "b"]);
    let request = fetch(&cluster, 4, 100, 0);
    let beyond = only(client.call(&mut cluster, at(0), &request, 12));
    assert_eq!(beyond.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
}

#[test]
fn who_does_not_lead_says_who_does() {
    let config = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1));
    let mut cluster = Cluster::new(config);
    let leader = cluster.leader(&partition("orders", 0)).unwrap();
    let other = cluster.nodes().find(|node| *node != leader).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), other.0);
    let request = fetch(&cluster, 0, 1 << 20, 500);
    for version in 4..=18 {
        let response = client.call(&mut cluster, at(0), &request, version);
        let named = if version >= 16 { vec![leader.0] } else { Vec::new() };
        assert_eq!(response.node_endpoints.iter().map(|node| node.node_id).collect::<Vec<_>>(), named);
        let data = only(response);
        assert_eq!(data.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
        assert_eq!(data.current_leader.leader_id, if version >= 12 { leader.0 } else { -1 });
    }
}

#[test]
fn a_fetch_at_the_end_waits_for_records_or_its_own_limit() {
    let (mut cluster, mut client, of) = one_broker();
    let request = fetch(&cluster, 0, 1 << 20, 500);
    client.send(&mut cluster, at(0), &request, 12);
    client.poll(&mut cluster, at(499));
    assert_eq!(client.answer::<FetchResponse>(), None);
    assert_eq!(cluster.next_deadline(), Monotonic::from_millis(500));
    client.poll(&mut cluster, at(500));
    assert!(values(only(client.answer().unwrap())).is_empty());
    client.send(&mut cluster, at(600), &request, 12);
    client.poll(&mut cluster, at(600));
    assert_eq!(client.answer::<FetchResponse>(), None);
    let writer = cluster.connect(at(700), 1.into()).unwrap();
    let mut writing = Client::connect(&mut cluster, at(700), 1);
    let frame = writing.frame(&common::produce_request(&of, Batch::of(&["a"]).build(), 0), 9);
    cluster.handle_data(at(700), writer, &frame);
    client.poll(&mut cluster, at(700));
    assert_eq!(values(only(client.answer().unwrap())), ["a"]);
}

#[test]
fn consumers_see_only_what_followers_have() {
    let config = ClusterConfig::new(1)
        .topic(TopicConfig::new("orders", 1))
        .replication_delay(Duration::from_millis(20));
    let mut cluster = Cluster::new(config);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    client.send(&mut cluster, at(0), &common::produce_request(&of, Batch::of(&["a"]).build(), 0), 9);
    let request = fetch(&cluster, 0, 1 << 20, 500);
    client.send(&mut cluster, at(0), &request, 12);
    client.poll(&mut cluster, at(0));
    assert!(client.raw().is_empty());
    assert_eq!(cluster.next_deadline(), Monotonic::from_millis(20));
    client.poll(&mut cluster, at(20));
    let frame = client.raw().split();
    assert!(frame.windows(1).any(|byte| byte == b"a"));
}

#[test]
fn offsets_are_found_by_place_and_by_time() {
    let (mut cluster, mut client, of) = one_broker();
    for (value, millis) in [("a", 0), ("b", 10), ("c", 20)] {
        let batch = Batch { timestamp: Timestamp(EPOCH + millis), ..Batch::of(&[value]) };
        ok(&client.produce(&mut cluster, at(100), &of, batch.build()));
    }
    assert!(cluster.delete_records(&of, 1));
    for version in 1..=11 {
        let mut ask = |timestamp| {
            let wanted = ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() };
            let topic = ListOffsetsTopic {
                name: "orders".into(),
                partitions: vec![wanted],
                ..ListOffsetsTopic::default()
            };
            let request = ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() };
            let response = client.call(&mut cluster, at(100), &request, version);
            let found = response.topics[0].partitions[0].clone();
            assert_eq!(found.error_code, ErrorCode::NONE);
            (found.offset, found.timestamp)
        };
        assert_eq!(ask(-1), (3, -1));
        assert_eq!(ask(-2), (1, -1));
        assert_eq!(ask(EPOCH + 11), (2, EPOCH + 20));
        assert_eq!(ask(EPOCH + 21), (-1, -1));
        assert_eq!(ask(-3), (2, EPOCH + 20));
    }
}

#[test]
fn leader_epochs_end_where_the_next_began() {
    let config = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let first = cluster.leader(&of).unwrap();
    let second = cluster.nodes().find(|node| *node != first).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), first.0);
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["a", "b"]).build()));
    cluster.move_leader(at(0), &of, second);
    let mut client = Client::connect(&mut cluster, at(0), second.0);
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["c"]).build()));
    let mut ask = |leader_epoch, current_leader_epoch| {
        let wanted = OffsetForLeaderPartition {
            leader_epoch,
            current_leader_epoch,
            ..OffsetForLeaderPartition::default()
        };
        let topic = OffsetForLeaderTopic {
            topic: "orders".into(),
            partitions: vec![wanted],
            ..OffsetForLeaderTopic::default()
        };
        let request = OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() };
        let answer = client.call(&mut cluster, at(0), &request, 4);
        let answer = answer.topics[0].partitions[0].clone();
        (answer.error_code, answer.leader_epoch, answer.end_offset)
    };
    assert_eq!(ask(0, 1), (ErrorCode::NONE, 0, 2));
    assert_eq!(ask(1, 1), (ErrorCode::NONE, 1, 3));
    assert_eq!(ask(0, 0).0, ErrorCode::FENCED_LEADER_EPOCH);
    assert_eq!(ask(0, 2).0, ErrorCode::UNKNOWN_LEADER_EPOCH);
}

#[test]
fn topics_are_created_grown_described_and_deleted_in_every_version() {
    for version in 2..=7 {
        let (mut cluster, mut client, _) = one_broker();
        let topic = |name: &'static str, num_partitions, value: &'static str| CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor: -1,
            configs: vec![CreatableTopicConfig {
                name: "max.message.bytes".into(),
                value: Some(value.into()),
                ..CreatableTopicConfig::default()
            }],
            ..CreatableTopic::default()
        };
        let topics = vec![
            topic("new", 3, "1000"),
            topic("orders", 1, "1000"),
            topic("none", 0, "1000"),
            topic("vast", i32::MAX, "1000"),
            topic("odd", 1, "many"),
            topic("no name", 1, "1000"),
        ];
        let request = CreateTopicsRequest { topics, ..CreateTopicsRequest::default() };
        let response = client.call(&mut cluster, at(0), &request, version);
        let errors: Vec<_> = response.topics.iter().map(|topic| topic.error_code).collect();
        let expected = [
            ErrorCode::NONE,
            ErrorCode::TOPIC_ALREADY_EXISTS,
            ErrorCode::INVALID_PARTITIONS,
            ErrorCode::POLICY_VIOLATION,
            ErrorCode::INVALID_CONFIG,
            ErrorCode::INVALID_TOPIC_EXCEPTION,
        ];
        assert_eq!(errors, expected);
        assert_eq!(cluster.partition_count("new"), Some(3));
        let grow = |count| CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic { name: "new".into(), count, ..Default::default() }],
            ..CreatePartitionsRequest::default()
        };
        let grown = client.call(&mut cluster, at(0), &grow(5), version.min(3));
        assert_eq!(grown.results[0].error_code, ErrorCode::NONE);
        let shrunk = client.call(&mut cluster, at(0), &grow(5), version.min(3));
        assert_eq!(shrunk.results[0].error_code, ErrorCode::INVALID_PARTITIONS);
        assert_eq!(cluster.partition_count("new"), Some(5));
        let resource = |resource_type, name: &'static str| DescribeConfigsResource {
            resource_type,
            resource_name: name.into(),
            configuration_keys: None,
            ..DescribeConfigsResource::default()
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource(2, "new"), resource(4, "1"), resource(2, "absent")],
            ..DescribeConfigsRequest::default()
        };
        let described = client.call(&mut cluster, at(0), &request, version.min(4));
        let limit = |index: usize, name: &str| {
            let mut configs = described.results[index].configs.iter();
            configs.find(|config| config.name.as_str() == name).and_then(|config| config.value.clone())
        };
        assert_eq!(limit(0, "max.message.bytes").as_deref(), Some("1000"));
        assert_eq!(limit(1, "message.max.bytes").as_deref(), Some("1048588"));
        assert_eq!(described.results[2].error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        let mut request = DeleteTopicsRequest::default();
        match version {
            6.. => request.topics.push(kafka_protocol::messages::delete_topics::DeleteTopicState {
                topic_id: cluster.topic_id("new").unwrap(),
                ..Default::default()
            }),
            _ => request.topic_names.push("new".into()),
        }
        let deleted = client.call(&mut cluster, at(0), &request, version.min(6));
        assert_eq!(deleted.responses[0].error_code, ErrorCode::NONE);
        assert_eq!(cluster.topic_names().collect::<Vec<_>>(), ["orders"]);
    }
}

#[test]
fn the_cluster_is_described_in_every_version() {
    let mut config = ClusterConfig::new(2);
    config.brokers[1].rack = Some("b".to_owned());
    let mut cluster = Cluster::new(config);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    for version in 0..=2 {
        let request = DescribeClusterRequest::default();
        let response = client.call(&mut cluster, at(0), &request, version);
        assert_eq!((response.cluster_id.as_str(), response.controller_id), ("simulated-cluster", 1));
        assert_eq!(response.brokers[1].rack.as_deref(), Some("b"));
    }
}
