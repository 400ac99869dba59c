//! Transactions of an engine: what was committed is what a reader of committed records gets, and every call has its answer.

#![allow(clippy::unwrap_used, reason = "test code")]

mod world;

use kafka_accumulator::{Delivery, FailureCause};
use kafka_protocol::messages::InitProducerIdRequest;
use kafka_protocol::wire::ApiKey;
use kafka_sender::{CallError, SenderConfig, TransactionCall};
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig, TransactionStatus};
use kafka_transactions::{GroupMetadata, IllegalCall, OffsetAndMetadata};
use kafka_types::{NodeId, Offset, TopicPartition};
use std::collections::BTreeMap;
use std::time::Duration;
use world::{MS, SECOND, Settings, World, acknowledged, failed};

const LEVELS: [i16; 2] = [0, 2];

fn world(level: i16, nodes: u32) -> World {
    let cluster = ClusterConfig::new(nodes)
        .topic(TopicConfig::new("orders", 2))
        .auto_create_topics(false)
        .transaction_version(level);
    let sender =
        SenderConfig { delivery_timeout: 5 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
    World::new(cluster, Settings { sender, transactional_id: Some("tx"), ..Settings::default() })
}

fn started(level: i16) -> World {
    let mut world = world(level, 1);
    world.ask(TransactionCall::Init).unwrap();
    world
}

fn committed(world: &World, partition: i32) -> Vec<String> {
    let records = world.cluster.committed_records(&TopicPartition::new("orders", partition));
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
}

fn offsets(next: i64) -> TransactionCall {
    let offset = OffsetAndMetadata::from(Offset(next));
    let offsets = BTreeMap::from([(TopicPartition::new("orders", 1), offset)]);
    TransactionCall::SendOffsets { group: GroupMetadata::new("readers"), offsets }
}

fn transaction(world: &mut World, values: &[&str]) -> Vec<Delivery> {
    world.ask(TransactionCall::Begin).unwrap();
    values.iter().zip([0, 1].into_iter().cycle()).map(|(value, p)| world.append("orders", p, value)).collect()
}

#[test]
fn committed_records_are_read_and_aborted_ones_are_not() {
    for level in LEVELS {
        let mut world = started(level);
        for round in 0..4 {
            let value = format!("{round}");
            let sent = transaction(&mut world, &[&value, &value, &value]);
            let abort = round % 2 == 1;
            if abort {
                // On their way, and in the log.
                world.run(100 * MS);
                world.ask(TransactionCall::Abort).unwrap();
            } else {
                world.ask(TransactionCall::Commit).unwrap();
            }
            sent.iter().for_each(|delivery| drop(acknowledged(delivery)));
        }
        world.run(SECOND);
        assert_eq!(committed(&world, 0), ["0", "0", "2", "2"], "level {level}");
        assert_eq!(committed(&world, 1), ["0", "2"]);
    }
}

#[test]
fn what_an_abort_finds_unsent_fails_and_is_never_written() {
    for level in LEVELS {
        let mut world = started(level);
        let sent = transaction(&mut world, &["a", "b"]);
        world.ask(TransactionCall::Abort).unwrap();
        for delivery in &sent {
            assert_eq!(failed(delivery).cause(), FailureCause::TransactionAborted);
            assert!(failed(delivery).is_in_transaction());
        }
        let next = transaction(&mut world, &["c"]);
        world.ask(TransactionCall::Commit).unwrap();
        acknowledged(&next[0]);
        assert_eq!(committed(&world, 0), ["c"]);
        assert!(world.log("orders", 1).is_empty());
    }
}

#[test]
fn offsets_are_committed_with_the_transaction_and_only_so() {
    for level in LEVELS {
        let mut world = started(level);
        let of = TopicPartition::new("orders", 1);
        transaction(&mut world, &["a"]);
        world.ask(offsets(7)).unwrap();
        world.ask(TransactionCall::Commit).unwrap();
        assert_eq!(world.cluster.committed("readers").get(&of), Some(&Offset(7)));
        transaction(&mut world, &["b"]);
        world.ask(offsets(9)).unwrap();
        world.ask(TransactionCall::Abort).unwrap();
        world.run(SECOND);
        assert_eq!(world.cluster.committed("readers").get(&of), Some(&Offset(7)));
    }
}

#[test]
fn a_record_that_a_broker_refuses_makes_the_commit_fail_with_that_cause() {
    for level in LEVELS {
        let mut world = started(level);
        let refuse = Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::INVALID_RECORD);
        world.cluster.add_rule(refuse);
        let sent = transaction(&mut world, &["a", "b"]);
        let Err(CallError::Failed { record: Some(record), .. }) = world.ask(TransactionCall::Commit) else {
            panic!("expected the record's failure")
        };
        assert_eq!(record.cause(), failed(&sent[0]).cause());
        // Aborted without being asked for.
        transaction(&mut world, &["c"]);
        world.ask(TransactionCall::Commit).unwrap();
        world.run(SECOND);
        assert_eq!(committed(&world, 0), ["c"], "level {level}");
        assert!(committed(&world, 1).is_empty());
    }
}

#[test]
fn a_transaction_that_failed_before_its_commit_is_refused_and_aborted() {
    let mut world = started(2);
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::INVALID_RECORD));
    transaction(&mut world, &["a"]);
    world.run(SECOND);
    let late = world.append("orders", 1, "late");
    world.run(SECOND);
    assert_eq!(failed(&late).cause(), FailureCause::TransactionAborted);
    assert!(matches!(world.ask(TransactionCall::Commit), Err(CallError::Failed { record: Some(_), .. })));
    world.ask(TransactionCall::Begin).unwrap();
    world.ask(TransactionCall::Commit).unwrap();
    assert!(committed(&world, 0).is_empty());
}

#[test]
fn a_commit_whose_answer_is_late_times_out_and_is_finished_later() {
    for level in LEVELS {
        let mut world = started(level);
        let rule = world.cluster.add_rule(Rule::new().api(ApiKey::END_TXN).disconnect_after());
        transaction(&mut world, &["a"]);
        let commit = world.call(TransactionCall::Commit);
        world.run(61 * SECOND);
        assert!(matches!(world.answer(commit), Some(Err(CallError::TimedOut))));
        world.cluster.remove_rule(rule);
        world.ask(TransactionCall::Finish).unwrap();
        assert_eq!(committed(&world, 0), ["a"]);
    }
}

#[test]
fn a_commit_that_failed_when_nobody_waited_is_told_once_to_who_begins_anew() {
    let mut world = started(2);
    let rule = world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).drop_response());
    transaction(&mut world, &["a"]);
    let commit = world.call_within(SECOND, TransactionCall::Commit);
    world.run(2 * SECOND);
    assert!(matches!(world.answer(commit), Some(Err(CallError::TimedOut))));
    world.run(10 * SECOND);
    world.cluster.remove_rule(rule);
    world.run(10 * SECOND);
    assert!(matches!(world.ask(TransactionCall::Begin), Err(CallError::Failed { record: Some(_), .. })));
    world.ask(TransactionCall::Begin).unwrap();
    world.ask(TransactionCall::Commit).unwrap();
    assert!(committed(&world, 0).is_empty());
}

#[test]
fn a_second_producer_of_the_same_id_fences_the_first() {
    for level in LEVELS {
        let mut world = started(level);
        transaction(&mut world, &["a"]);
        world.run(100 * MS);
        // Another incarnation's init, as the coordinator sees it.
        let init = InitProducerIdRequest {
            transactional_id: Some("tx".into()),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        world.tell_coordinator("tx", &init, 4);
        let result = world.ask(TransactionCall::Commit);
        assert!(matches!(result, Err(CallError::Fatal { end_unknown: false, .. })), "{level} {result:?}");
        assert!(matches!(world.ask(TransactionCall::Begin), Err(CallError::Fatal { .. })));
        assert!(committed(&world, 0).is_empty());
        let late = world.append("orders", 0, "late");
        world.run(SECOND);
        assert!(failed(&late).is_fatal());
    }
}

#[test]
fn calls_out_of_place_are_refused_and_change_nothing() {
    let mut world = world(2, 1);
    assert!(matches!(world.ask(TransactionCall::Begin), Err(CallError::Illegal(IllegalCall::State { .. }))));
    world.ask(TransactionCall::Init).unwrap();
    assert!(matches!(world.ask(TransactionCall::Init), Err(CallError::Illegal(_))));
    for call in [TransactionCall::Commit, TransactionCall::Abort, offsets(1)] {
        assert!(matches!(world.ask(call), Err(CallError::Illegal(_))));
    }
    world.ask(TransactionCall::Begin).unwrap();
    assert!(matches!(world.ask(TransactionCall::Begin), Err(CallError::Illegal(_))));
    world.ask(TransactionCall::Commit).unwrap();
}

#[test]
fn an_init_that_timed_out_is_taken_up_by_the_next() {
    let mut world = world(2, 1);
    world.cluster.freeze(NodeId(1));
    let init = world.call(TransactionCall::Init);
    world.run(70 * SECOND);
    assert!(matches!(world.answer(init), Some(Err(CallError::TimedOut))));
    world.cluster.thaw(world.now(), NodeId(1));
    let again = world.call(TransactionCall::Init);
    world.run(30 * SECOND);
    assert!(matches!(world.answer(again), Some(Ok(()))));
}

#[test]
fn an_init_that_was_done_when_nobody_waited_is_told_to_the_next() {
    let mut world = world(2, 1);
    world.cluster.freeze(NodeId(1));
    let init = world.call_within(SECOND, TransactionCall::Init);
    world.run(2 * SECOND);
    assert!(matches!(world.answer(init), Some(Err(CallError::TimedOut))));
    world.cluster.thaw(world.now(), NodeId(1));
    world.run(30 * SECOND);
    world.ask(TransactionCall::Init).unwrap();
    assert!(matches!(world.ask(TransactionCall::Init), Err(CallError::Illegal(_))), "only once");
    world.ask(TransactionCall::Begin).unwrap();
}

#[test]
fn a_commit_asked_for_while_the_producer_closes_hears_that_it_closes() {
    let mut world = started(2);
    let sent = transaction(&mut world, &["a"]);
    world.run(100 * MS);
    acknowledged(&sent[0]);
    world.cluster.freeze(NodeId(1));
    world.close(5 * SECOND);
    let commit = world.call(TransactionCall::Commit);
    assert!(matches!(world.answer(commit), Some(Err(CallError::Closed { end_unknown: false }))));
    world.cluster.thaw(world.now(), NodeId(1));
    world.run(10 * SECOND);
    assert!(committed(&world, 0).is_empty());
}

#[test]
fn closing_aborts_what_is_open_and_finishes_what_is_decided() {
    for level in LEVELS {
        for decided in [false, true] {
            let mut world = started(level);
            let sent = transaction(&mut world, &["a"]);
            world.run(100 * MS);
            let commit = decided.then(|| world.call(TransactionCall::Commit));
            world.close(5 * SECOND);
            world.run(SECOND);
            assert!(world.closed.is_some());
            acknowledged(&sent[0]);
            if let Some(commit) = commit {
                assert!(matches!(world.answer(commit), Some(Ok(()))));
            }
            assert_eq!(committed(&world, 0).len(), usize::from(decided));
            assert!(world.cluster.transaction("tx").unwrap().status != TransactionStatus::Ongoing);
        }
    }
}

#[test]
fn a_coordinator_that_moves_or_dies_holds_a_commit_up_and_loses_nothing() {
    for level in LEVELS {
        let mut world = world(level, 3);
        world.ask(TransactionCall::Init).unwrap();
        for round in 0..6 {
            let value = format!("{round}");
            let sent = transaction(&mut world, &[&value, &value]);
            let coordinator = world.cluster.coordinator_of("tx").unwrap();
            world.cluster.stop_broker(world.now(), coordinator);
            let commit = world.call(TransactionCall::Commit);
            world.run(3 * SECOND);
            world.cluster.start_broker(world.now(), coordinator);
            world.run(Duration::from_secs(4));
            assert!(matches!(world.answer(commit), Some(Ok(()))), "{:?}", world.answer(commit));
            sent.iter().for_each(|delivery| drop(acknowledged(delivery)));
        }
        let expected: Vec<String> = (0..6).map(|round| round.to_string()).collect();
        assert_eq!(committed(&world, 0), expected);
        assert_eq!(committed(&world, 1), expected);
    }
}

fn statuses(world: &World) -> Vec<TransactionStatus> {
    world.cluster.transaction_log("tx").iter().map(|state| state.status).collect()
}

#[test]
fn a_sequence_that_is_out_of_order_makes_the_transaction_fail_rather_than_go_on_in_another_epoch() {
    for level in LEVELS {
        let mut world = started(level);
        let first = transaction(&mut world, &["a"]);
        world.run(100 * MS);
        acknowledged(&first[0]);
        let code = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
        world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(code));
        drop(world.append("orders", 0, "b"));
        assert!(matches!(world.ask(TransactionCall::Commit), Err(CallError::Failed { .. })));
        transaction(&mut world, &["c"]);
        world.ask(TransactionCall::Commit).unwrap();
        world.run(SECOND);
        assert_eq!(committed(&world, 0), ["c"]);
        let ends: Vec<_> = statuses(&world)
            .into_iter()
            .filter(|s| matches!(s, TransactionStatus::PrepareAbort | TransactionStatus::PrepareCommit))
            .collect();
        assert_eq!(
            ends,
            [TransactionStatus::PrepareAbort, TransactionStatus::PrepareCommit],
            "level {level}"
        );
    }
}

#[test]
fn partitions_that_may_not_be_added_fail_the_commit_though_nobody_looked() {
    let mut world = started(0);
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    world.cluster.add_rule(Rule::new().api(ApiKey::ADD_PARTITIONS_TO_TXN).times(1).refuse(code));
    let sent = transaction(&mut world, &["a"]);
    assert!(matches!(world.ask(TransactionCall::Commit), Err(CallError::Failed { .. })));
    assert_eq!(failed(&sent[0]).cause(), FailureCause::TransactionAborted);
    assert!(failed(&sent[0]).message().unwrap().contains("TOPIC_AUTHORIZATION_FAILED"));
    assert_eq!(world.requests(ApiKey::PRODUCE), 0);
    transaction(&mut world, &["b"]);
    world.ask(TransactionCall::Commit).unwrap();
    assert_eq!(committed(&world, 0), ["b"]);
}

#[test]
fn a_commit_without_an_answer_stays_a_commit_and_looks_for_its_coordinator() {
    for level in LEVELS {
        let mut world = started(level);
        transaction(&mut world, &["a"]);
        world.run(100 * MS);
        let lookups = world.requests(ApiKey::FIND_COORDINATOR);
        let rule = world.cluster.add_rule(Rule::new().api(ApiKey::END_TXN).disconnect_after());
        let commit = world.call_within(SECOND, TransactionCall::Commit);
        world.run(2 * SECOND);
        assert!(matches!(world.answer(commit), Some(Err(CallError::TimedOut))));
        assert!(matches!(world.ask(TransactionCall::Abort), Err(CallError::Illegal(_))));
        assert!(world.requests(ApiKey::FIND_COORDINATOR) > lookups);
        world.cluster.remove_rule(rule);
        world.ask(TransactionCall::Finish).unwrap();
        assert!(!statuses(&world).contains(&TransactionStatus::PrepareAbort));
        assert_eq!(committed(&world, 0), ["a"]);
    }
}

#[test]
fn in_version_two_each_transaction_has_its_epoch_and_adds_its_partitions_by_writing() {
    let mut world = started(2);
    for value in ["a", "b", "c"] {
        transaction(&mut world, &[value]);
        world.ask(TransactionCall::Commit).unwrap();
        world.run(SECOND);
    }
    let batches = world.cluster.batches(&TopicPartition::new("orders", 0));
    let data: Vec<_> = batches.iter().filter(|batch| !batch.attributes.is_control()).collect();
    let epochs: Vec<i16> = data.iter().map(|batch| batch.producer.epoch.0).collect();
    assert_eq!(epochs, [epochs[0], epochs[0] + 1, epochs[0] + 2]);
    assert!(data.iter().all(|batch| batch.base_sequence.0 == 0 && batch.attributes.is_transactional()));
    assert_eq!(world.requests(ApiKey::ADD_PARTITIONS_TO_TXN), 0);
}

#[test]
fn what_a_broker_calls_abortable_is_aborted_and_the_producer_goes_on() {
    for api in [ApiKey::PRODUCE, ApiKey::END_TXN] {
        let mut world = started(2);
        world.cluster.add_rule(Rule::new().api(api).times(1).refuse(ErrorCode::TRANSACTION_ABORTABLE));
        transaction(&mut world, &["a"]);
        assert!(matches!(world.ask(TransactionCall::Commit), Err(CallError::Failed { .. })), "{api}");
        transaction(&mut world, &["b"]);
        world.ask(TransactionCall::Commit).unwrap();
        world.run(SECOND);
        assert_eq!(committed(&world, 0), ["b"], "{api}");
    }
}

#[test]
fn closing_is_bounded_though_the_transaction_cannot_be_ended() {
    for level in LEVELS {
        let mut world = started(level);
        let sent = transaction(&mut world, &["a", "b"]);
        world.run(100 * MS);
        drop(world.append("orders", 0, "c"));
        world.cluster.stop_broker(world.now(), NodeId(1));
        let commit = world.call(TransactionCall::Commit);
        world.close(2 * SECOND);
        world.run(2 * SECOND);
        assert!(world.closed.is_some());
        assert!(matches!(world.answer(commit), Some(Err(CallError::Closed { .. }))));
        sent.iter().for_each(|delivery| assert!(delivery.is_done()));
    }
}

#[test]
fn a_transaction_that_the_cluster_timed_out_is_never_reported_committed() {
    for level in LEVELS {
        let mut world = started(level);
        transaction(&mut world, &["a"]);
        world.run(90 * SECOND);
        assert!(statuses(&world).contains(&TransactionStatus::CompleteAbort));
        let end = world.ask(TransactionCall::Commit);
        assert!(matches!(end, Err(CallError::Fatal { end_unknown: false, .. })), "{level}: {end:?}");
        assert!(committed(&world, 0).is_empty());
    }
}

#[test]
fn a_topic_that_is_deleted_in_a_transaction_fails_it_within_the_delivery_time_out() {
    for level in LEVELS {
        let mut world = started(level);
        let sent = transaction(&mut world, &["a"]);
        world.run(100 * MS);
        acknowledged(&sent[0]);
        world.cluster.delete_topic(world.now(), "orders");
        let late = world.append("orders", 0, "b");
        let commit = world.call(TransactionCall::Commit);
        world.run(10 * SECOND);
        assert!(
            matches!(world.answer(commit), Some(Err(CallError::Failed { .. }))),
            "{:?}",
            world.answer(commit)
        );
        failed(&late);
    }
}

#[test]
fn epochs_that_are_used_up_are_followed_by_another_producer_id() {
    for level in LEVELS {
        let cluster = ClusterConfig::new(1)
            .topic(TopicConfig::new("orders", 2))
            .transaction_version(level)
            .first_producer_epoch(i16::MAX - 4);
        let sender =
            SenderConfig { delivery_timeout: 5 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
        let mut world =
            World::new(cluster, Settings { sender, transactional_id: Some("tx"), ..Settings::default() });
        world.ask(TransactionCall::Init).unwrap();
        for round in 0..14 {
            let value = round.to_string();
            // In version 1 only a failure moves the epoch on.
            let refuse = Rule::new().api(ApiKey::PRODUCE).times(1).fail_after(ErrorCode::INVALID_RECORD);
            let fails = level == 0 && round % 2 == 1;
            let rule = fails.then(|| world.cluster.add_rule(refuse));
            transaction(&mut world, &[&value]);
            let end = world.ask(TransactionCall::Commit);
            assert_eq!(end.is_err(), fails, "{end:?}");
            rule.map(|rule| world.cluster.remove_rule(rule));
        }
        world.run(SECOND);
        let batches = world.cluster.batches(&TopicPartition::new("orders", 0));
        let ids: std::collections::BTreeSet<_> = batches.iter().map(|batch| batch.producer.id).collect();
        assert!(ids.len() == 2, "level {level}: {ids:?}");
        assert_eq!(committed(&world, 0).len(), if level == 0 { 7 } else { 14 });
    }
}

#[test]
fn offsets_name_topics_by_id_where_the_metadata_know_it_and_by_name_elsewhere() {
    let mut world = started(2);
    let (known, unknown) = (TopicPartition::new("orders", 1), TopicPartition::new("elsewhere", 0));
    world.cluster.create_topic(TopicConfig::new("elsewhere", 1));
    transaction(&mut world, &["a"]);
    world.run(100 * MS);
    for topics in [vec![&known], vec![&known, &unknown]] {
        let offsets = topics.into_iter().map(|of| (of.clone(), OffsetAndMetadata::from(Offset(7)))).collect();
        world.ask(TransactionCall::SendOffsets { group: GroupMetadata::new("readers"), offsets }).unwrap();
    }
    world.ask(TransactionCall::Commit).unwrap();
    let offsets = world.cluster.committed("readers");
    assert_eq!([offsets.get(&known), offsets.get(&unknown)], [Some(&Offset(7)); 2]);
    let asked = world.cluster.requests().recent().filter(|request| request.api == ApiKey::TXN_OFFSET_COMMIT);
    assert_eq!(asked.map(|request| request.version).collect::<Vec<_>>(), [6, 5]);
}

#[test]
fn to_wait_for_an_earlier_commit_does_not_end_the_transaction_that_is_open_now() {
    let mut world = started(2);
    let rule = world.cluster.add_rule(Rule::new().api(ApiKey::END_TXN).disconnect_after());
    transaction(&mut world, &["a"]);
    let commit = world.call_within(SECOND, TransactionCall::Commit);
    world.run(2 * SECOND);
    assert!(matches!(world.answer(commit), Some(Err(CallError::TimedOut))));
    world.cluster.remove_rule(rule);
    transaction(&mut world, &["b"]);
    world.ask(TransactionCall::Finish).unwrap();
    world.ask(TransactionCall::Abort).unwrap();
    world.run(SECOND);
    assert_eq!(committed(&world, 0), ["a"]);
}
