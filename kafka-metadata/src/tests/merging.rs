use super::*;
use crate::{Broker, LeaderHint};
use kafka_types::{BrokerAddress, LeaderEpoch, NodeId, PartitionId};

#[test]
fn partitions_stand_at_their_index_whatever_their_order() {
    let (_metadata, mut manager) = knowing(&[1]);
    let listed = [partition(2, 3, 5), partition(0, 1, 5), partition(1, 2, 5)];
    refresh(&mut manager, at(200), response([topic("orders", listed)]));
    assert_eq!(leaders(&manager), [Some(1), Some(2), Some(3)]);
    assert_eq!(manager.snapshot().topic("orders").unwrap().available, [0, 1, 2]);
    let leader = manager.snapshot().leader("orders", PartitionId(1)).unwrap();
    assert_eq!((leader.id, &*leader.address.host), (NodeId(2), "host"));
}

#[test]
fn a_topic_that_the_answer_leaves_out_stays() {
    let (metadata, mut manager) = knowing(&[1]);
    metadata.touch("payments", at(200));
    manager.poll_request(at(200)).unwrap();
    respond(&mut manager, at(200), response([topic("payments", [partition(0, 2, 1)])]));
    assert_eq!(leaders(&manager), [Some(1)]);
    refresh(&mut manager, at(400), response([topic("payments", [partition(0, 2, 1)])]));
    assert_eq!(leaders(&manager), [Some(1)]);
}

#[test]
fn an_error_that_may_pass_keeps_the_leaders_known() {
    for code in [ErrorCode::LEADER_NOT_AVAILABLE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ErrorCode(9999)] {
        let (_metadata, mut manager) = knowing(&[1]);
        refresh(&mut manager, at(200), response([failed("orders", code)]));
        assert_eq!(leaders(&manager), [Some(1)], "{code}");
        assert_eq!(manager.snapshot().topic_error("orders"), Some(code));
        assert_eq!(manager.is_update_due(at(1000)), code.is_retriable(), "{code}");
        refresh(&mut manager, at(1000), response([topic("orders", [partition(0, 1, 5)])]));
        assert_eq!(manager.snapshot().topic_error("orders"), None);
    }
}

#[test]
fn a_topic_that_is_invalid_or_forbidden_is_not_known() {
    for code in [ErrorCode::INVALID_TOPIC_EXCEPTION, ErrorCode::TOPIC_AUTHORIZATION_FAILED] {
        let (_metadata, mut manager) = knowing(&[1]);
        refresh(&mut manager, at(200), response([failed("orders", code)]));
        assert!(manager.snapshot().topic("orders").is_none());
        assert_eq!(manager.snapshot().topic_error("orders"), Some(code));
        assert!(!manager.is_update_due(at(1000)), "asking again does not help");
    }
}

#[test]
fn a_topic_that_nobody_named_is_ignored() {
    let (_metadata, mut manager) = knowing(&[1]);
    refresh(
        &mut manager,
        at(200),
        response([topic("other", [partition(0, 1, 1)]), failed("bad", ErrorCode(3))]),
    );
    assert_eq!(manager.snapshot().topics().count(), 1);
    assert_eq!(manager.snapshot().topic_error("bad"), None);
}

#[test]
fn an_older_leader_epoch_is_ignored() {
    let (_metadata, mut manager) = knowing(&[1]);
    refresh(&mut manager, at(200), response([topic("orders", [partition(0, 2, 4)])]));
    assert_eq!(leaders(&manager), [Some(1)]);
    // The same epoch may bring another state of the leader.
    refresh(&mut manager, at(1000), response([topic("orders", [partition(0, -1, 5)])]));
    assert_eq!(leaders(&manager), [None]);
    refresh(&mut manager, at(3000), response([topic("orders", [partition(0, 3, 6)])]));
    assert_eq!(leaders(&manager), [Some(3)]);
}

#[test]
fn an_entry_without_an_epoch_does_not_undo_the_one_seen() {
    let (_metadata, mut manager) = knowing(&[1]);
    refresh(&mut manager, at(200), response([topic("orders", [partition(0, -1, -1)])]));
    assert_eq!(leaders(&manager), [None]);
    refresh(&mut manager, at(1000), response([topic("orders", [partition(0, 2, 4)])]));
    assert_eq!(leaders(&manager), [None]);
}

#[test]
fn epochs_of_old_answers_count_for_nothing() {
    let (_metadata, mut manager) = knowing(&[1]);
    manager.request_update();
    manager.poll_request(at(200)).unwrap();
    let answer = response([topic("orders", [partition(0, 2, 1)])]);
    assert!(manager.handle_response(at(200), 8, &answer).is_empty());
    assert_eq!(leaders(&manager), [Some(2)]);
    let known = manager.snapshot().partition("orders", PartitionId(0)).unwrap();
    assert_eq!(known.leader_epoch, LeaderEpoch::UNKNOWN);
}

#[test]
fn a_topic_made_anew_under_its_name_starts_from_nothing() {
    let (_metadata, mut manager) = knowing(&[1, 1, 1]);
    let anew = MetadataResponseTopic { topic_id: OTHER_ID, ..topic("orders", [partition(0, 2, 0)]) };
    refresh(&mut manager, at(200), response([anew]));
    assert_eq!(leaders(&manager), [Some(2)]);
    assert_eq!(manager.snapshot().topic("orders").unwrap().id, OTHER_ID);
}

#[test]
fn a_topic_never_shrinks_but_for_another_id() {
    let (_metadata, mut manager) = knowing(&[1, 1, 2]);
    refresh(&mut manager, at(200), response([topic("orders", [partition(0, 3, 6)])]));
    assert_eq!(leaders(&manager), [Some(3), Some(1), Some(2)]);
    let without_id =
        MetadataResponseTopic { topic_id: TopicId::ZERO, ..topic("orders", [partition(0, 3, 6)]) };
    refresh(&mut manager, at(1000), response([without_id]));
    assert_eq!(leaders(&manager), [Some(3)]);
}

#[test]
fn gaps_duplicates_and_absurd_indexes_are_survived() {
    let (_metadata, mut manager) = pair();
    manager.keep_topic(at(0), "orders");
    manager.poll_request(at(0)).unwrap();
    let listed = [
        partition(3, 2, 1),
        partition(0, 1, 1),
        partition(0, 3, 2),
        partition(0, 1, 1),
        partition(-1, 1, 1),
        partition(i32::MIN, 1, 1),
        partition(i32::MAX, 1, 1),
    ];
    respond(&mut manager, at(0), response([topic("orders", listed)]));
    assert_eq!(leaders(&manager), [Some(3), None, None, Some(2)]);
    assert_eq!(manager.snapshot().topic("orders").unwrap().available, [0, 3]);
    assert!(manager.is_update_due(at(1000)), "what is missing is asked for again");
}

#[test]
fn a_leader_that_the_cluster_does_not_list_is_not_available() {
    let (_metadata, mut manager) = knowing(&[1, 9]);
    assert_eq!(leaders(&manager), [Some(1), Some(9)]);
    assert_eq!(manager.snapshot().topic("orders").unwrap().available, [0]);
    assert!(manager.snapshot().leader("orders", PartitionId(1)).is_none());
    // Brokers change without a word about the topic.
    let brokers = vec![broker(9, "host", 9092)];
    refresh(&mut manager, at(200), MetadataResponse { brokers, ..response([]) });
    assert_eq!(manager.snapshot().topic("orders").unwrap().available, [1]);
}

#[test]
fn an_unchanged_topic_stays_shared() {
    let (metadata, mut manager) = knowing(&[1]);
    let before = metadata.snapshot().topic("orders").unwrap().clone();
    refresh(&mut manager, at(200), response([]));
    assert!(Arc::ptr_eq(&before, metadata.snapshot().topic("orders").unwrap()));
}

#[test]
fn an_ipv6_host_comes_without_brackets_and_prints_with_them() {
    let (_metadata, mut manager) = knowing(&[1]);
    let brokers = vec![broker(1, "::1", 9092)];
    refresh(&mut manager, at(200), MetadataResponse { brokers, ..response([]) });
    assert_eq!(manager.snapshot().brokers[&NodeId(1)].address.to_string(), "[::1]:9092");
}

fn hint(leader: i32, epoch: i32) -> LeaderHint {
    LeaderHint {
        topic: "orders".into(),
        partition: PartitionId(0),
        leader: NodeId(leader),
        leader_epoch: LeaderEpoch(epoch),
    }
}

#[test]
fn a_newer_leader_named_in_a_response_is_taken_over_and_a_refresh_asked_for() {
    let (metadata, mut manager) = knowing(&[1]);
    let generation = metadata.generation();
    let endpoint = Broker { id: NodeId(7), address: BrokerAddress::new("new", 9092), rack: Some("r".into()) };
    assert!(manager.handle_leader_hints(&[hint(7, 6)], &[endpoint]).is_empty(), "nobody waits");
    assert_eq!(&*manager.snapshot().leader("orders", PartitionId(0)).unwrap().address.host, "new");
    assert_eq!(manager.snapshot().topic("orders").unwrap().available, [0]);
    assert_ne!(metadata.generation(), generation);
    assert!(manager.is_update_due(at(200)));
}

#[test]
fn hints_that_are_not_newer_or_name_unknown_brokers_or_partitions_are_ignored() {
    let elsewhere = LeaderHint { partition: PartitionId(4), ..hint(2, 9) };
    let negative = LeaderHint { partition: PartitionId(-1), ..hint(2, 9) };
    let other_topic = LeaderHint { topic: "other".into(), ..hint(2, 9) };
    for hint in
        [hint(2, 5), hint(2, 4), hint(2, -1), hint(-1, 9), hint(8, 9), elsewhere, negative, other_topic]
    {
        let (_metadata, mut manager) = knowing(&[1]);
        let before = manager.snapshot().clone();
        assert!(manager.handle_leader_hints(&[hint], &[]).is_empty());
        assert_eq!(*manager.snapshot(), before);
        assert!(manager.is_update_due(at(200)), "a refresh is asked for all the same");
    }
}

#[test]
fn an_answer_to_nothing_is_ignored() {
    let (metadata, mut manager) = knowing(&[1]);
    let generation = metadata.generation();
    respond(&mut manager, at(1), response([topic("orders", [partition(0, 2, 9)])]));
    assert_eq!(metadata.generation(), generation);
    assert_eq!(leaders(&manager), [Some(1)]);
}

#[test]
fn an_answer_that_forbids_a_topic_and_lists_it_does_not_take_back_its_epochs() {
    let (_metadata, mut manager) = knowing(&[1, 1]);
    let forbidden = failed("orders", ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    refresh(&mut manager, at(200), response([forbidden, topic("orders", [partition(1, 2, 4)])]));
    assert_eq!(leaders(&manager), [Some(1), Some(1)], "epoch 5 is known of both");
}
