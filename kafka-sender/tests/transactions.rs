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
    let cluster = ClusterConfig::new(nodes).topic(TopicConfig::new("orders", 2)).transaction_version(level);
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
