//! Consumer groups over the wire. Their state machine has its own tests.

mod common;

use common::{Batch, Client, at, ok, partition};
use kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group::MemberIdentity;
use kafka_protocol::messages::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::sync_group::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest,
    OffsetFetchRequest, SyncGroupRequest,
};
use kafka_protocol::wire::StrBytes;
use kafka_testkit::{ApiKey, Cluster, ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{Offset, TopicId};

fn group() -> StrBytes {
    "readers".into()
}

/// The group's coordinator, as the cluster says in this version.
fn coordinator(cluster: &mut Cluster, version: i16) -> i32 {
    let up = cluster.nodes().find(|node| cluster.is_up(*node)).expect("somebody is up");
    let mut client = Client::connect(cluster, at(1), up.0);
    let mut request = FindCoordinatorRequest::default();
    match version {
        4.. => request.coordinator_keys.push(group()),
        _ => request.key = group(),
    }
    let response = client.call(cluster, at(1), &request, version);
    match version {
        4.. => response.coordinators[0].node_id,
        _ => response.node_id,
    }
}

#[test]
fn a_member_joins_commits_and_leaves_in_every_version() {
    for version in 0..=10_i16 {
        let mut cluster = Cluster::new(ClusterConfig::new(3).topic(TopicConfig::new("orders", 1)));
        let node = coordinator(&mut cluster, version.min(6));
        let mut client = Client::connect(&mut cluster, at(1), node);
        let mut join = JoinGroupRequest {
            group_id: group(),
            session_timeout_ms: 10_000,
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: "range".into(),
                metadata: "subscription".into(),
                ..JoinGroupRequestProtocol::default()
            }],
            group_instance_id: None,
            ..JoinGroupRequest::default()
        };
        if version >= 1 {
            join.rebalance_timeout_ms = 60_000;
        }
        let mut joined = client.call(&mut cluster, at(1), &join, version.min(9));
        if version >= 4 {
            assert_eq!(joined.error_code, ErrorCode::MEMBER_ID_REQUIRED);
            join.member_id = joined.member_id;
            joined = client.call(&mut cluster, at(1), &join, version.min(9));
        }
        assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1), "version {version}");
        assert_eq!((&joined.leader, joined.members.len()), (&joined.member_id, 1));
        assert_eq!(joined.members[0].metadata, "subscription");
        let member = joined.member_id;
        let mut sync = SyncGroupRequest {
            group_id: group(),
            generation_id: 1,
            member_id: member.clone(),
            group_instance_id: None,
            assignments: vec![SyncGroupRequestAssignment {
                member_id: member.clone(),
                assignment: "everything".into(),
                ..SyncGroupRequestAssignment::default()
            }],
            ..SyncGroupRequest::default()
        };
        if version >= 5 {
            sync.protocol_type = Some("consumer".into());
            sync.protocol_name = Some("range".into());
        }
        let synced = client.call(&mut cluster, at(1), &sync, version.min(5));
        assert_eq!(
            (synced.error_code, synced.assignment.as_ref()),
            (ErrorCode::NONE, b"everything".as_slice())
        );
        let heartbeat = HeartbeatRequest {
            group_id: group(),
            generation_id: 1,
            member_id: member.clone(),
            group_instance_id: None,
            ..HeartbeatRequest::default()
        };
        let alive = client.call(&mut cluster, at(5_000), &heartbeat, version.min(4));
        assert_eq!(alive.error_code, ErrorCode::NONE);
        commit_and_fetch(&mut cluster, &mut client, version, &member);
        let mut leave = LeaveGroupRequest { group_id: group(), ..LeaveGroupRequest::default() };
        match version {
            3.. => leave.members.push(MemberIdentity {
                member_id: member.clone(),
                group_instance_id: None,
                reason: None,
                ..MemberIdentity::default()
            }),
            _ => leave.member_id = member.clone(),
        }
        let left = client.call(&mut cluster, at(6_000), &leave, version.min(5));
        assert_eq!(left.error_code, ErrorCode::NONE);
        let gone = client.call(&mut cluster, at(6_000), &heartbeat, version.min(4));
        assert_eq!(gone.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    }
}

fn commit_and_fetch(cluster: &mut Cluster, client: &mut Client, version: i16, member: &StrBytes) {
    let (commit_version, fetch_version) = (version.clamp(2, 10), version.clamp(1, 10));
    let topic_id = cluster.topic_id("orders").unwrap_or_default();
    let id_from_10 = |version: i16| if version >= 10 { topic_id } else { TopicId::ZERO };
    let name_before_10 = |version: i16| if version >= 10 { StrBytes::default() } else { "orders".into() };
    let wanted = OffsetCommitRequestPartition {
        committed_offset: 42,
        committed_metadata: Some("note".into()),
        ..OffsetCommitRequestPartition::default()
    };
    let commit = OffsetCommitRequest {
        group_id: group(),
        generation_id_or_member_epoch: 1,
        member_id: member.clone(),
        group_instance_id: None,
        topics: vec![OffsetCommitRequestTopic {
            name: name_before_10(commit_version),
            topic_id: id_from_10(commit_version),
            partitions: vec![wanted],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let committed = client.call(cluster, at(5_000), &commit, commit_version);
    assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
    assert_eq!(cluster.committed("readers").get(&partition("orders", 0)), Some(&Offset(42)));
    let mut fetch = OffsetFetchRequest::default();
    if fetch_version >= 8 {
        fetch.topics = Some(Vec::new());
        fetch.groups.push(OffsetFetchRequestGroup {
            group_id: group(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: name_before_10(fetch_version),
                topic_id: id_from_10(fetch_version),
                partition_indexes: [0, 1].into(),
                ..OffsetFetchRequestTopics::default()
            }]),
            ..OffsetFetchRequestGroup::default()
        });
    } else {
        fetch.group_id = group();
        fetch.topics = Some(vec![OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: [0, 1].into(),
            ..OffsetFetchRequestTopic::default()
        }]);
    }
    let response = client.call(cluster, at(5_000), &fetch, fetch_version);
    let found: Vec<_> = if fetch_version >= 8 {
        let partitions = &response.groups[0].topics[0].partitions;
        partitions.iter().map(|found| (found.committed_offset, found.metadata.clone())).collect()
    } else {
        let partitions = &response.topics[0].partitions;
        partitions.iter().map(|found| (found.committed_offset, found.metadata.clone())).collect()
    };
    assert_eq!(found, [(42, Some("note".into())), (-1, Some("".into()))]);
}

#[test]
fn only_the_coordinator_answers_and_another_takes_over_with_all_offsets() {
    let mut cluster = Cluster::new(ClusterConfig::new(3).topic(TopicConfig::new("orders", 1)));
    let node = coordinator(&mut cluster, 4);
    let other = cluster.nodes().find(|other| other.0 != node).unwrap();
    let commit = OffsetCommitRequest {
        group_id: group(),
        generation_id_or_member_epoch: -1,
        group_instance_id: None,
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitRequestPartition { committed_offset: 7, ..Default::default() }],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let mut client = Client::connect(&mut cluster, at(1), other.0);
    let refused = client.call(&mut cluster, at(1), &commit, 8);
    assert_eq!(refused.topics[0].partitions[0].error_code, ErrorCode::NOT_COORDINATOR);
    let mut client = Client::connect(&mut cluster, at(1), node);
    let committed = client.call(&mut cluster, at(1), &commit, 8);
    assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
    cluster.stop_broker(at(1), node.into());
    // Its connections close.
    while cluster.poll_output(at(1)).is_some() {}
    let successor = coordinator(&mut cluster, 4);
    assert_ne!(successor, node);
    let mut client = Client::connect(&mut cluster, at(1), successor);
    let committed = client.call(&mut cluster, at(1), &commit, 8);
    assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
    let all = OffsetFetchRequest { group_id: group(), topics: None, ..OffsetFetchRequest::default() };
    let fetched = client.call(&mut cluster, at(1), &all, 7);
    assert_eq!(fetched.topics[0].partitions[0].committed_offset, 7);
}

#[test]
fn a_rebalance_answers_requests_that_waited_on_other_connections() {
    let mut cluster = Cluster::new(ClusterConfig::new(1));
    let join = |member: StrBytes| JoinGroupRequest {
        group_id: group(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), ..Default::default() }],
        ..JoinGroupRequest::default()
    };
    let mut first = Client::connect(&mut cluster, at(1), 1);
    let leader = first.call(&mut cluster, at(1), &join("".into()), 2).member_id;
    let mut second = Client::connect(&mut cluster, at(1), 1);
    second.send(&mut cluster, at(1), &join("".into()), 2);
    assert_eq!(cluster.poll_output(at(1)), None);
    first.send(&mut cluster, at(1), &join(leader.clone()), 2);
    let mut answered = Vec::new();
    while let Some(output) = cluster.poll_output(at(1)) {
        let kafka_testkit::ClusterOutput::Send { connection, .. } = output else { panic!("{output:?}") };
        answered.push(connection);
    }
    answered.sort();
    assert_eq!(answered, [first.connection, second.connection]);
}

#[test]
fn rules_apply_to_groups_too() {
    let mut cluster = Cluster::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", 1)));
    let mut client = Client::connect(&mut cluster, at(1), 1);
    ok(&client.produce(&mut cluster, at(1), &partition("orders", 0), Batch::of(&["a"]).build()));
    let error = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    cluster.add_rule(Rule::new().api(ApiKey::HEARTBEAT).refuse(error));
    let heartbeat = HeartbeatRequest { group_id: group(), ..HeartbeatRequest::default() };
    assert_eq!(client.call(&mut cluster, at(1), &heartbeat, 2).error_code, error);
}
