//! Requests of transactions: coordinators, offsets, rules, and what is refused.

mod common;
#[path = "common/transactional.rs"]
mod transactional;

use common::{at, partition};
use kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, ApiVersionsRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest,
    OffsetFetchRequest,
};
use kafka_testkit::{
    ApiKey, Cluster, ClusterConfig, ErrorCode, LoggedRecord, Rule, ServedVersions, TopicConfig,
    TransactionStatus,
};
use kafka_types::{Monotonic, Now};
use std::time::Duration;
use transactional::TxnClient;

fn world(config: ClusterConfig) -> Cluster {
    Cluster::new(config.topic(TopicConfig::new("orders", 2)))
}

fn values(records: &[LoggedRecord]) -> Vec<String> {
    records
        .iter()
        .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned())
        .collect()
}

fn statuses(cluster: &Cluster) -> Vec<TransactionStatus> {
    cluster.transaction_log("tx").iter().map(|state| state.status).collect()
}

/// Both versions of the protocol.
const VERSIONS: [i16; 2] = [1, 2];

#[test]
fn only_the_coordinator_answers_and_another_takes_over() {
    let mut cluster = world(ClusterConfig::new(3));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    let coordinator = cluster.coordinator_of("tx").expect("a coordinator");
    let other = cluster.nodes().find(|node| *node != coordinator).expect("three brokers");
    for version in 1..=6 {
        let mut request = FindCoordinatorRequest { key_type: 1, ..Default::default() };
        match version {
            4.. => request.coordinator_keys.push("tx".into()),
            _ => request.key = "tx".into(),
        }
        let mut client = common::Client::connect(&mut cluster, at(0), other.0);
        let found = client.call(&mut cluster, at(0), &request, version);
        let node = found.coordinators.first().map_or(found.node_id, |found| found.node_id);
        assert_eq!(node, coordinator.0, "version {version}");
    }
    let request = producer.init_request();
    let mut client = common::Client::connect(&mut cluster, at(0), other.0);
    let refused = client.call(&mut cluster, at(0), &request, 5);
    assert_eq!(refused.error_code, ErrorCode::NOT_COORDINATOR);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    cluster.stop_broker(at(0), coordinator);
    while cluster.poll_output(at(0)).is_some() {}
    assert_ne!(cluster.coordinator_of("tx"), Some(coordinator));
    // What the first wrote, the second knows.
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    assert_eq!(values(&cluster.committed_records(&of)), ["a"]);
}

#[test]
fn a_frozen_leader_holds_up_the_transaction_s_completion() {
    let mut cluster = world(ClusterConfig::new(3));
    let of = partition("orders", 0);
    let leader = cluster.leader(&of).expect("a leader");
    let id = (0..).map(|n| format!("tx-{n}")).find(|id| cluster.coordinator_of(id) != Some(leader));
    let id = id.expect("one with another coordinator");
    let mut producer = TxnClient::new(&id, 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    cluster.freeze(leader);
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    assert_eq!(cluster.next_deadline(), Monotonic::NEVER, "nothing is due, and nothing wakes anybody");
    let status = |cluster: &Cluster| cluster.transaction(&id).map(|state| state.status);
    assert_eq!(status(&cluster), Some(TransactionStatus::PrepareCommit));
    cluster.thaw(at(5), leader);
    assert_eq!(status(&cluster), Some(TransactionStatus::CompleteCommit));
    assert_eq!(values(&cluster.committed_records(&of)), ["a"]);
}

#[test]
fn a_deleted_topic_holds_up_no_transaction() {
    let mut cluster = world(ClusterConfig::new(1).transaction_marker_delay(Duration::from_millis(5)));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    cluster.delete_topic(at(1), "orders");
    assert_eq!(cluster.poll_output(at(5)), None);
    assert_eq!(statuses(&cluster).last(), Some(&TransactionStatus::CompleteCommit));
}

#[test]
fn offsets_count_when_their_transaction_is_committed() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(3));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        for (offset, committed, expected) in [(5, true, Some(5)), (9, false, Some(5)), (12, true, Some(12))] {
            assert_eq!(producer.commit_offset(&mut cluster, at(0), &of, offset), ErrorCode::NONE);
            let unstable = offset_fetch(&mut cluster, at(0), true);
            assert_eq!(unstable, (ErrorCode::UNSTABLE_OFFSET_COMMIT, -1), "version {version}");
            assert_eq!(producer.end(&mut cluster, at(0), committed), ErrorCode::NONE);
            assert_eq!(cluster.committed("readers").get(&of).map(|offset| offset.0), expected);
            assert_eq!(offset_fetch(&mut cluster, at(0), true), (ErrorCode::NONE, expected.unwrap_or(-1)));
        }
    }
}

fn offset_fetch(cluster: &mut Cluster, now: Now, require_stable: bool) -> (ErrorCode, i64) {
    let node = cluster.coordinator_of("readers").expect("a coordinator");
    let mut client = common::Client::connect(cluster, now, node.0);
    let topic = OffsetFetchRequestTopics {
        name: "orders".into(),
        partition_indexes: [0].into(),
        ..Default::default()
    };
    let group = OffsetFetchRequestGroup {
        group_id: "readers".into(),
        topics: Some(vec![topic]),
        member_epoch: -1,
        ..Default::default()
    };
    let request = OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() };
    let answer = client.call(cluster, now, &request, 8);
    let found = &answer.groups[0].topics[0].partitions[0];
    (found.error_code, found.committed_offset)
}

#[test]
fn offsets_of_who_is_no_member_are_refused() {
    let mut cluster = world(ClusterConfig::new(1));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    for (version, named) in [(3, false), (5, false), (6, true)] {
        let mut request = producer.offsets_request(&of, 5);
        request.member_id = "stranger".into();
        request.generation_id_or_member_epoch = 1;
        if named {
            request.topics[0].topic_id = cluster.topic_id("orders").unwrap_or_default();
        }
        let answer = producer.call_group(&mut cluster, at(0), &request, version);
        assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    }
    let old = producer.offsets_request(&of, 5);
    let answer = producer.call_group(&mut cluster, at(0), &old, 3);
    assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::INVALID_TXN_STATE, "not added");
}

#[test]
fn one_unknown_partition_keeps_all_out() {
    let mut cluster = world(ClusterConfig::new(1));
    let mut producer = TxnClient::new("tx", 1);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    let mut request = producer.add_request(&partition("orders", 0));
    request.v3_and_below_topics[0].partitions.push(7);
    let answer = producer.call(&mut cluster, at(0), &request, 3);
    let errors: Vec<ErrorCode> = answer.results_by_topic_v3_and_below[0]
        .results_by_partition
        .iter()
        .map(|one| one.partition_error_code)
        .collect();
    assert_eq!(errors, [ErrorCode::OPERATION_NOT_ATTEMPTED, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    assert_eq!(cluster.transaction("tx").map(|state| state.status), Some(TransactionStatus::Empty));
}

#[test]
fn every_request_of_transactions_obeys_rules() {
    for after in [false, true] {
        let error = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let rule = |api| match after {
            true => Rule::new().api(api).times(1).fail_after(error),
            false => Rule::new().api(api).times(1).refuse(error),
        };
        let mut cluster = world(ClusterConfig::new(1));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", 1);
        cluster.add_rule(rule(ApiKey::INIT_PRODUCER_ID));
        assert_eq!(producer.init(&mut cluster, at(0)), error);
        assert_eq!(cluster.transaction("tx").is_some(), after);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        cluster.add_rule(rule(ApiKey::ADD_PARTITIONS_TO_TXN));
        assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), error);
        let count = |cluster: &Cluster| cluster.transaction("tx").map(|state| state.partitions.len());
        assert_eq!(count(&cluster), Some(usize::from(after)));
        assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        cluster.add_rule(rule(ApiKey::ADD_OFFSETS_TO_TXN));
        assert_eq!(producer.commit_offset(&mut cluster, at(0), &of, 3), error);
        cluster.add_rule(rule(ApiKey::TXN_OFFSET_COMMIT));
        assert_eq!(producer.commit_offset(&mut cluster, at(0), &of, 3), error);
        cluster.add_rule(rule(ApiKey::END_TXN));
        assert_eq!(producer.end(&mut cluster, at(0), true), error);
        assert_eq!(values(&cluster.committed_records(&of)).len(), usize::from(after));
        assert_eq!(cluster.committed("readers").len(), usize::from(after));
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut cluster = world(ClusterConfig::new(1));
    let mut producer = TxnClient::new("tx", 2);
    let error = |cluster: &mut Cluster, producer: &mut TxnClient, request: &InitProducerIdRequest| {
        producer.call(cluster, at(0), request, 5).error_code
    };
    for timeout in [0, -1, 15 * 60_000 + 1] {
        let request = InitProducerIdRequest { transaction_timeout_ms: timeout, ..producer.init_request() };
        assert_eq!(error(&mut cluster, &mut producer, &request), ErrorCode::INVALID_TRANSACTION_TIMEOUT);
    }
    let half = InitProducerIdRequest { producer_id: 5, ..producer.init_request() };
    assert_eq!(error(&mut cluster, &mut producer, &half), ErrorCode::INVALID_REQUEST);
    let end = EndTxnRequest { transactional_id: "tx".into(), producer_id: 1, ..Default::default() };
    assert_eq!(
        producer.call(&mut cluster, at(0), &end, 5).error_code,
        ErrorCode::INVALID_PRODUCER_ID_MAPPING
    );
    let add = AddOffsetsToTxnRequest { transactional_id: "tx".into(), ..Default::default() };
    assert_eq!(producer.call(&mut cluster, at(0), &add, 4).error_code, ErrorCode::INVALID_GROUP_ID);
    let served = ServedVersions::default().range(ApiKey::INIT_PRODUCER_ID);
    assert_eq!(served, Some((0, 5)), "two-phase commit is not served");
}

#[test]
fn the_version_of_transactions_is_a_feature_that_can_change() {
    let mut cluster = world(ClusterConfig::new(1).transaction_version(0));
    let mut client = common::Client::connect(&mut cluster, at(0), 1);
    let mut seen = Vec::new();
    for level in [0, 1, 2] {
        cluster.set_transaction_version(level);
        let answer = client.call(&mut cluster, at(0), &ApiVersionsRequest::default(), 4);
        assert_eq!(answer.supported_features[0].max_version, 2);
        let features = answer.finalized_features.iter();
        seen.push((answer.finalized_features_epoch, features.map(|one| one.max_version_level).collect()));
    }
    assert_eq!(seen, [(2, vec![]), (3, vec![1]), (4, vec![2])]);
}

#[test]
fn who_forgets_producers_keeps_those_with_an_open_transaction() {
    let mut cluster = world(ClusterConfig::new(1));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    assert!(cluster.forget_producers(&of));
    assert_eq!(producer.send(&mut cluster, at(0), &of, "b"), ErrorCode::NONE);
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    assert_eq!(values(&cluster.committed_records(&of)), ["a", "b"]);
}
