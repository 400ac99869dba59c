//! Faults by rule.

mod common;

use common::{Batch, Client, at, ok, only, partition, produce_request};
use kafka_protocol::messages::{InitProducerIdRequest, MetadataRequest};
use kafka_testkit::{ApiKey, Cluster, ClusterConfig, ErrorCode, Rule, ServedVersions, TopicConfig};
use kafka_types::{Monotonic, TopicPartition};
use std::time::Duration;

fn one_broker() -> (Cluster, Client, TopicPartition) {
    let mut cluster = Cluster::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", 2)));
    let client = Client::connect(&mut cluster, at(0), 1);
    (cluster, client, partition("orders", 0))
}

fn batch() -> bytes::Bytes {
    Batch::of(&["a"]).build()
}

#[test]
fn a_refused_request_leaves_nothing_and_a_failed_one_does() {
    let (mut cluster, mut client, of) = one_broker();
    let refuse = Rule::new()
        .api(ApiKey::PRODUCE)
        .times(1)
        .refuse(ErrorCode::INVALID_RECORD)
        .message("no")
        .record_error(0, "bad");
    let refuse = cluster.add_rule(refuse);
    let fail =
        Rule::new().api(ApiKey::PRODUCE).nth(2).fail_after(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    let fail = cluster.add_rule(fail);
    let refused = client.produce(&mut cluster, at(0), &of, batch());
    assert_eq!(refused.error_code, ErrorCode::INVALID_RECORD);
    assert_eq!(refused.error_message.as_deref(), Some("no"));
    assert_eq!(refused.record_errors[0].batch_index_error_message.as_deref(), Some("bad"));
    assert_eq!(cluster.records(&of).len(), 0);
    let failed = client.produce(&mut cluster, at(0), &of, batch());
    assert_eq!(failed.error_code, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    assert_eq!(cluster.records(&of).len(), 1);
    ok(&client.produce(&mut cluster, at(0), &of, batch()));
    assert_eq!((cluster.rule_hits(refuse), cluster.rule_hits(fail)), (1, 1));
}

#[test]
fn conditions_narrow_a_rule_to_api_broker_topic_and_partition() {
    let (mut cluster, mut client, of) = one_broker();
    let error = ErrorCode::KAFKA_STORAGE_ERROR;
    for rule in [
        Rule::new().api(ApiKey::FETCH),
        Rule::new().node(2),
        Rule::new().topic("others"),
        Rule::new().topic("orders").partition(1),
    ] {
        let id = cluster.add_rule(rule.refuse(error));
        ok(&client.produce(&mut cluster, at(0), &of, batch()));
        assert_eq!(cluster.rule_hits(id), 0);
    }
    let other = client.produce(&mut cluster, at(0), &partition("orders", 1), batch());
    assert_eq!(other.error_code, error);
}

#[test]
fn an_error_is_the_partitions_alone() {
    let (mut cluster, mut client, of) = one_broker();
    cluster.add_rule(Rule::new().topic("orders").partition(1).refuse(ErrorCode::MESSAGE_TOO_LARGE));
    let mut request = produce_request(&of, batch(), -1);
    let mut second = request.topic_data[0].partition_data[0].clone();
    second.index = 1;
    request.topic_data[0].partition_data.push(second);
    let response = client.call(&mut cluster, at(0), &request, 9);
    let errors: Vec<_> =
        response.responses[0].partition_responses.iter().map(|partition| partition.error_code).collect();
    assert_eq!(errors, [ErrorCode::NONE, ErrorCode::MESSAGE_TOO_LARGE]);
}

#[test]
fn rules_count_requests_and_the_first_error_wins() {
    let (mut cluster, mut client, of) = one_broker();
    let first = cluster.add_rule(Rule::new().after(1).times(2).refuse(ErrorCode::REQUEST_TIMED_OUT));
    let second = cluster.add_rule(Rule::new().after(2).refuse(ErrorCode::KAFKA_STORAGE_ERROR));
    let errors: Vec<_> =
        (0..4).map(|_| client.produce(&mut cluster, at(0), &of, batch()).error_code).collect();
    let timed_out = ErrorCode::REQUEST_TIMED_OUT;
    assert_eq!(errors, [ErrorCode::NONE, timed_out, timed_out, ErrorCode::KAFKA_STORAGE_ERROR]);
    assert_eq!((cluster.rule_hits(first), cluster.rule_hits(second)), (2, 2));
    assert!(cluster.remove_rule(second));
    ok(&client.produce(&mut cluster, at(0), &of, batch()));
}

#[test]
fn disconnects_come_before_or_after_the_request_is_carried_out() {
    for (rule, appended) in [(Rule::new().disconnect_before(), 0), (Rule::new().disconnect_after(), 1)] {
        let (mut cluster, mut client, of) = one_broker();
        cluster.add_rule(rule);
        client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
        client.poll(&mut cluster, at(0));
        assert!(client.closed && client.raw().is_empty());
        assert_eq!(cluster.records(&of).len(), appended);
    }
}

#[test]
fn a_dropped_answer_never_comes_and_nothing_behind_it_is_taken_up() {
    let (mut cluster, mut client, of) = one_broker();
    cluster.add_rule(Rule::new().times(1).drop_response());
    client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
    client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
    client.poll(&mut cluster, at(1_000_000));
    assert!(client.raw().is_empty() && !client.closed);
    assert_eq!(cluster.records(&of).len(), 1);
    assert_eq!(cluster.next_deadline(), Monotonic::NEVER);
    assert_eq!(cluster.requests().max_in_flight(client.connection), 2);
    let mut other = Client::connect(&mut cluster, at(1_000_000), 1);
    ok(&other.produce(&mut cluster, at(1_000_000), &of, batch()));
}

#[test]
fn a_delayed_answer_holds_up_those_behind_it() {
    let (mut cluster, mut client, of) = one_broker();
    cluster.add_rule(Rule::new().times(1).delay(Duration::from_millis(70)));
    client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
    client.send(&mut cluster, at(0), &MetadataRequest::default(), 9);
    assert_eq!(cluster.next_deadline(), Monotonic::from_millis(70));
    client.poll(&mut cluster, at(69));
    assert!(client.raw().is_empty());
    client.poll(&mut cluster, at(70));
    ok(&only(client.answer().unwrap()));
    assert!(client.answer::<kafka_protocol::messages::MetadataResponse>().is_some());
}

#[test]
fn an_answer_is_cut_anywhere_and_the_connection_closed() {
    let whole = {
        let (mut cluster, mut client, of) = one_broker();
        client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
        client.poll(&mut cluster, at(0));
        client.raw().clone()
    };
    for cut in 0..whole.len() {
        let (mut cluster, mut client, of) = one_broker();
        cluster.add_rule(Rule::new().cut_response(cut));
        client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
        client.poll(&mut cluster, at(0));
        assert!(client.closed);
        assert_eq!(client.raw().as_ref(), &whole[..cut]);
    }
}

#[test]
fn garbage_and_throttling_reach_the_client() {
    let (mut cluster, mut client, of) = one_broker();
    let throttle = cluster.add_rule(Rule::new().throttle(Duration::from_millis(250)));
    let response = client.call(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
    assert_eq!(response.throttle_time_ms, 250);
    cluster.remove_rule(throttle);
    cluster.add_rule(Rule::new().garbage(b"HTTP/1.1 400".as_slice()));
    client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 9);
    client.poll(&mut cluster, at(0));
    assert_eq!(client.raw().as_ref(), b"HTTP/1.1 400");
}

#[test]
fn metadata_errors_are_the_topics_and_rebootstrapping_is_the_answers() {
    let (mut cluster, mut client, _) = one_broker();
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let rule = cluster.add_rule(Rule::new().topic("orders").refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let named = MetadataRequest {
        topics: Some(vec![kafka_protocol::messages::metadata::MetadataRequestTopic {
            name: Some("orders".into()),
            ..Default::default()
        }]),
        ..MetadataRequest::default()
    };
    let response = client.call(&mut cluster, at(0), &named, 13);
    assert_eq!(response.topics[0].error_code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(response.error_code, ErrorCode::NONE);
    cluster.remove_rule(rule);
    cluster.add_rule(Rule::new().refuse(ErrorCode::REBOOTSTRAP_REQUIRED));
    assert_eq!(client.call(&mut cluster, at(0), &all, 13).error_code, ErrorCode::REBOOTSTRAP_REQUIRED);
}

#[test]
fn producer_ids_are_unique() {
    let (mut cluster, mut client, _) = one_broker();
    let request = InitProducerIdRequest { transactional_id: None, ..Default::default() };
    let first = client.call(&mut cluster, at(0), &request, 4);
    let second = client.call(&mut cluster, at(0), &request, 4);
    assert_eq!((first.error_code, first.producer_epoch), (ErrorCode::NONE, 0));
    assert_ne!(first.producer_id, second.producer_id);
    cluster.add_rule(Rule::new().times(1).refuse(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    let refused = client.call(&mut cluster, at(0), &request, 4);
    assert_eq!(refused.error_code, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
}

#[test]
fn an_old_broker_serves_old_versions_and_closes_on_newer_ones() {
    let config = ClusterConfig::new(1)
        .topic(TopicConfig::new("orders", 1))
        .served_versions(ServedVersions::kafka_2_1().without(ApiKey::INIT_PRODUCER_ID));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    ok(&only(client.call(&mut cluster, at(0), &produce_request(&of, batch(), -1), 7)));
    client.send(&mut cluster, at(0), &produce_request(&of, batch(), -1), 8);
    client.poll(&mut cluster, at(0));
    assert!(client.closed);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    client.send(&mut cluster, at(0), &InitProducerIdRequest::default(), 1);
    client.poll(&mut cluster, at(0));
    assert!(client.closed);
    assert_eq!(cluster.requests().count(ApiKey::PRODUCE), 2);
}
