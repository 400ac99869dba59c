//! The transactional manager: scenarios by name, and random calls with random answers.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "test code")]

#[path = "transactional/coordinator.rs"]
mod coordinator;

use coordinator::{World, partition};
use kafka_protocol::messages::{EndTxnResponse, TxnOffsetCommitRequest};
use kafka_transactions::{
    GroupMetadata, IllegalCall, State, TransactionApi, TransactionEvent, TransactionRequest,
    TransactionResponse, TransactionVersion,
};
use kafka_types::{ErrorCode, Offset, ProducerEpoch};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn apis(world: &World) -> Vec<TransactionApi> {
    world.asked.iter().map(TransactionRequest::api).collect()
}

/// Whether each EndTxn was a commit.
fn ends(world: &World) -> Vec<bool> {
    let ends = world.asked.iter().filter_map(|request| match request {
        TransactionRequest::EndTxn(end) => Some(end.committed),
        _ => None,
    });
    ends.collect()
}

#[test]
fn the_first_protocol_adds_partitions_before_they_are_written_to() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    world.manager.add_partition(&partition(0)).unwrap();
    assert!(!world.manager.may_produce(&partition(0)));
    world.run();
    assert!(world.manager.may_produce(&partition(0)));
    world.manager.commit().unwrap();
    world.run();
    assert_eq!(world.manager.state(), State::Ready);
    let expected = [
        TransactionApi::FindCoordinator,
        TransactionApi::InitProducerId,
        TransactionApi::AddPartitionsToTxn,
        TransactionApi::EndTxn,
    ];
    assert_eq!(apis(&world), expected);
    assert_eq!(world.manager.identity().unwrap().epoch, ProducerEpoch(0), "the epoch stays");
}

#[test]
fn the_second_protocol_adds_nothing_and_takes_the_epoch_of_the_answer() {
    let mut world = World::ready(2);
    for round in 1..=3 {
        world.manager.begin().unwrap();
        world.add(0);
        assert!(world.manager.may_produce(&partition(0)));
        world.manager.handle_sent();
        world.manager.commit().unwrap();
        world.run();
        assert_eq!(world.manager.identity().unwrap().epoch, ProducerEpoch(round));
    }
    assert_eq!(ends(&world), [true; 3]);
    assert!(!apis(&world).contains(&TransactionApi::AddPartitionsToTxn));
}

#[test]
fn an_empty_transaction_asks_nobody() {
    for version in [1, 2] {
        for commit in [true, false] {
            let mut world = World::ready(version);
            let before = world.asked.len();
            world.manager.begin().unwrap();
            if commit {
                world.manager.commit().unwrap()
            } else {
                world.manager.abort().unwrap()
            }
            world.run();
            assert_eq!((world.manager.state(), world.asked.len()), (State::Ready, before));
        }
    }
}

#[test]
fn what_was_never_sent_is_ended_without_asking_anybody() {
    let mut world = World::ready(2);
    world.manager.begin().unwrap();
    world.manager.add_partition(&partition(0)).unwrap();
    let offsets = BTreeMap::from([(partition(0), Offset(5).into())]);
    world.manager.send_offsets(GroupMetadata::new("readers"), offsets).unwrap();
    world.manager.abort().unwrap();
    world.run();
    assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![]));
}

#[test]
fn the_end_waits_for_batches_without_an_outcome() {
    let mut world = World::ready(2);
    world.manager.begin().unwrap();
    world.add(0);
    world.manager.commit().unwrap();
    assert_eq!(world.manager.poll_request(world.now, true), None);
    world.run();
    assert_eq!(ends(&world), [true]);
}

#[test]
fn a_failed_batch_makes_commit_impossible_and_the_next_transaction_possible() {
    for version in [1, 2] {
        let mut world = World::ready(version);
        world.manager.begin().unwrap();
        world.add(0);
        world.run();
        world.manager.handle_failed(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, "a batch was refused");
        assert!(matches!(world.manager.commit(), Err(IllegalCall::Abortable(_))));
        assert!(!world.manager.may_produce(&partition(0)));
        world.manager.abort().unwrap();
        world.run();
        assert_eq!(world.manager.state(), State::Ready);
        assert_eq!(ends(&world), [false]);
        // Another epoch either way: what was refused must not be mistaken for what comes next.
        assert_eq!(world.manager.identity().unwrap().epoch, ProducerEpoch(1), "version {version}");
        world.commit_one();
        assert_eq!(ends(&world), [false, true]);
    }
}

#[test]
fn a_batch_that_fails_during_the_commit_keeps_it_from_being_sent() {
    let mut world = World::ready(2);
    world.manager.begin().unwrap();
    world.add(0);
    world.manager.commit().unwrap();
    world.manager.handle_failed(ErrorCode::MESSAGE_TOO_LARGE, "a record is too large");
    world.run();
    assert_eq!((world.manager.state(), ends(&world)), (State::AbortableError, vec![]));
    assert!(world.events.iter().any(|event| matches!(event, TransactionEvent::Abortable(_))));
}

#[test]
fn a_refused_partition_makes_commit_impossible() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    world.add(0);
    world.errors.push_back(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    world.run();
    assert!(
        matches!(world.manager.commit(), Err(IllegalCall::Abortable(error)) if error.code == ErrorCode(29))
    );
    world.manager.abort().unwrap();
    world.run();
    assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![]), "nobody heard of it");
}

#[test]
fn an_unanswered_commit_stays_a_commit() {
    for version in [1, 2] {
        let mut world = World::ready(version);
        world.manager.begin().unwrap();
        world.add(0);
        if version == 1 {
            world.run();
        }
        world.manager.commit().unwrap();
        for _ in 0..3 {
            world.lose_end();
            assert!(world.manager.is_end_unknown());
            assert!(matches!(world.manager.abort(), Err(IllegalCall::State { .. })));
            world.manager.handle_failed(ErrorCode::REQUEST_TIMED_OUT, "late news of a batch");
            assert_eq!(world.manager.state(), State::CommittingTransaction);
        }
        let identities: Vec<_> = world
            .asked
            .iter()
            .filter_map(|request| match request {
                TransactionRequest::EndTxn(end) => Some((end.producer_id, end.producer_epoch, end.committed)),
                _ => None,
            })
            .collect();
        assert!(identities.len() == 3 && identities.iter().all(|one| *one == identities[0]));
        world.run();
        assert_eq!((world.manager.state(), world.manager.is_end_unknown()), (State::Ready, false));
        assert!(ends(&world).iter().all(|committed| *committed));
    }
}

#[test]
fn a_partition_that_may_be_in_is_asked_for_again_before_the_abort() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    world.add(0);
    let (_, request) = world.manager.poll_request(world.now, true).unwrap();
    assert_eq!(request.api(), TransactionApi::AddPartitionsToTxn);
    world.manager.handle_request_failed(world.now);
    world.manager.abort().unwrap();
    world.run();
    let tail = [TransactionApi::FindCoordinator, TransactionApi::AddPartitionsToTxn, TransactionApi::EndTxn];
    assert!(apis(&world).ends_with(&tail), "{:?}", apis(&world));
}

#[test]
fn a_group_that_may_be_in_is_asked_for_again_before_the_abort() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    let offsets = BTreeMap::from([(partition(0), Offset(5).into())]);
    world.manager.send_offsets(GroupMetadata::new("readers"), offsets).unwrap();
    let (_, request) = world.manager.poll_request(world.now, true).unwrap();
    assert_eq!(request.api(), TransactionApi::AddOffsetsToTxn);
    world.manager.handle_request_failed(world.now);
    world.manager.abort().unwrap();
    world.run();
    let tail = [TransactionApi::FindCoordinator, TransactionApi::AddOffsetsToTxn, TransactionApi::EndTxn];
    assert!(apis(&world).ends_with(&tail), "{:?}", apis(&world));
    assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![false]));
}

#[test]
fn an_abort_does_not_wait_for_partitions_that_do_not_exist() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    world.add(0);
    world.manager.poll_request(world.now, true).unwrap();
    world.manager.handle_not_sent(world.now);
    world.manager.abort().unwrap();
    world.errors = [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION].into();
    world.run();
    // Surely not in: there is nothing to be ended.
    assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![]));
    world.commit_one();
}

#[test]
fn a_partition_that_may_be_in_and_exists_no_more_has_its_transaction_ended_if_there_is_one() {
    for there_is_one in [true, false] {
        let mut world = World::ready(1);
        world.manager.begin().unwrap();
        world.add(0);
        world.manager.poll_request(world.now, true).unwrap();
        world.manager.handle_request_failed(world.now);
        world.manager.abort().unwrap();
        let end = if there_is_one { ErrorCode::NONE } else { ErrorCode::INVALID_TXN_STATE };
        world.errors = [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, end].into();
        world.run();
        assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![false]));
        world.commit_one();
    }
}

#[test]
fn an_end_that_the_coordinators_log_may_have_is_not_known_to_have_failed() {
    let doubts =
        [ErrorCode::COORDINATOR_NOT_AVAILABLE, ErrorCode::NOT_COORDINATOR, ErrorCode::REQUEST_TIMED_OUT];
    let refusals = [ErrorCode::CONCURRENT_TRANSACTIONS, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS];
    for code in doubts.into_iter().chain(refusals) {
        let mut world = World::ready(2);
        world.manager.begin().unwrap();
        world.add(0);
        world.manager.commit().unwrap();
        world.errors = match doubts[..2].contains(&code) {
            // The coordinator is looked up in between.
            true => [code, ErrorCode::NONE, ErrorCode::PRODUCER_FENCED].into(),
            false => [code, ErrorCode::PRODUCER_FENCED].into(),
        };
        world.run();
        assert_eq!(world.manager.state(), State::FatalError);
        assert_eq!(world.manager.is_end_unknown(), doubts.contains(&code), "{code}");
    }
}

#[test]
fn being_fenced_is_fatal_at_once() {
    for code in [ErrorCode::PRODUCER_FENCED, ErrorCode::INVALID_PRODUCER_EPOCH] {
        let mut world = World::ready(2);
        world.manager.begin().unwrap();
        world.add(0);
        world.manager.commit().unwrap();
        world.errors.push_back(code);
        world.run();
        assert_eq!(world.manager.state(), State::FatalError);
        assert!(matches!(world.manager.begin(), Err(IllegalCall::Fatal(error)) if error.code == code));
        assert!(matches!(world.manager.abort(), Err(IllegalCall::Fatal(_))));
    }
}

#[test]
fn on_produce_an_old_epoch_asks_for_an_abort_only() {
    let mut world = World::ready(2);
    world.manager.begin().unwrap();
    world.add(0);
    world.manager.handle_failed(ErrorCode::INVALID_PRODUCER_EPOCH, "refused");
    assert_eq!(world.manager.state(), State::AbortableError);
    world.manager.handle_failed(ErrorCode::PRODUCER_FENCED, "refused");
    assert_eq!(world.manager.state(), State::FatalError);
}

#[test]
fn who_may_not_use_the_id_can_try_again_once_it_may() {
    let mut world = World::new(2);
    world.manager.init().unwrap();
    world.errors.extend([ErrorCode::NONE, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED]);
    world.run();
    assert_eq!(world.manager.state(), State::Uninitialized);
    assert!(matches!(world.events.last(), Some(TransactionEvent::InitFailed(_))));
    world.manager.init().unwrap();
    world.run();
    assert_eq!(world.manager.state(), State::Ready);
}

#[test]
fn offsets_go_to_the_coordinator_of_their_group() {
    for version in [1, 2] {
        let mut world = World::ready(version);
        world.manager.begin().unwrap();
        let offsets = BTreeMap::from([(partition(0), Offset(5).into()), (partition(1), Offset(7).into())]);
        world.manager.send_offsets(GroupMetadata::new("readers"), offsets).unwrap();
        world.manager.commit().unwrap();
        world.run();
        let added = if version == 1 { vec![TransactionApi::AddOffsetsToTxn] } else { Vec::new() };
        let tail = [TransactionApi::FindCoordinator, TransactionApi::TxnOffsetCommit, TransactionApi::EndTxn];
        let expected: Vec<TransactionApi> = added.into_iter().chain(tail).collect();
        assert!(apis(&world).ends_with(&expected), "{:?}", apis(&world));
        let committed = world.asked.iter().find_map(|request| match request {
            TransactionRequest::TxnOffsetCommit(TxnOffsetCommitRequest { topics, .. }) => Some(topics),
            _ => None,
        });
        let partitions = committed.unwrap().iter().flat_map(|topic| &topic.partitions);
        assert_eq!(partitions.map(|one| one.committed_offset).collect::<Vec<_>>(), [5, 7]);
        assert!(world.events.contains(&TransactionEvent::OffsetsSent));
    }
}

#[test]
fn offsets_of_a_lost_generation_ask_for_an_abort() {
    for code in [ErrorCode::ILLEGAL_GENERATION, ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::FENCED_INSTANCE_ID] {
        let mut world = World::ready(2);
        world.manager.begin().unwrap();
        let offsets = BTreeMap::from([(partition(0), Offset(5).into())]);
        world.manager.send_offsets(GroupMetadata::new("readers"), offsets).unwrap();
        world.errors.extend([ErrorCode::NONE, code]);
        world.run();
        assert_eq!(world.manager.state(), State::AbortableError);
        world.manager.abort().unwrap();
        world.run();
        assert_eq!((world.manager.state(), ends(&world)), (State::Ready, vec![false]));
    }
}

#[test]
fn an_upgraded_cluster_gets_the_new_protocol_with_the_next_transaction_and_epoch() {
    let mut world = World::ready(1);
    world.manager.begin().unwrap();
    world.add(0);
    world.run();
    world.manager.handle_feature(2);
    assert_eq!(world.manager.version(), TransactionVersion::One, "the open one goes on as it began");
    world.manager.commit().unwrap();
    world.run();
    assert_eq!(world.manager.version(), TransactionVersion::Two);
    assert_eq!(world.manager.identity().unwrap().epoch, ProducerEpoch(1));
    assert_eq!(world.manager.state(), State::Ready);
}

#[test]
fn an_answer_without_an_identity_changes_none() {
    let mut world = World::ready(2);
    world.manager.begin().unwrap();
    world.add(0);
    world.manager.commit().unwrap();
    let before = world.manager.identity();
    assert!(world.manager.poll_request(world.now, false).is_some());
    let answer = EndTxnResponse { producer_id: -1, producer_epoch: -1, ..Default::default() };
    world.manager.handle_response(world.now, &TransactionResponse::EndTxn(answer));
    assert_eq!((world.manager.identity(), world.manager.state()), (before, State::Ready));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Init,
    Begin,
    Add(i32),
    Offsets,
    Commit,
    Abort,
    Failed(ErrorCode),
    Feature(i16),
    CanBump(bool),
    /// A request goes out and is answered with this code; `None` is no answer.
    Ask(Option<ErrorCode>),
    /// A request goes out, and the answer is kept back.
    Send,
    /// The answer to the request that is on its way.
    Answer(Option<ErrorCode>),
    Wait,
}

fn code() -> impl Strategy<Value = ErrorCode> {
    prop_oneof![3 => Just(ErrorCode::NONE), 2 => (-1..130_i16).prop_map(ErrorCode)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Init),
        4 => Just(Step::Begin),
        4 => (0..4).prop_map(Step::Add),
        2 => Just(Step::Offsets),
        4 => Just(Step::Commit),
        2 => Just(Step::Abort),
        1 => code().prop_map(Step::Failed),
        1 => (0..3_i16).prop_map(Step::Feature),
        1 => any::<bool>().prop_map(Step::CanBump),
        12 => proptest::option::weighted(0.8, code()).prop_map(Step::Ask),
        2 => Just(Step::Send),
        3 => proptest::option::weighted(0.8, code()).prop_map(Step::Answer),
        6 => Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is called and answered: what failed is not committed, a commit that was sent never becomes an abort, and every
    /// state but the fatal one is left in bounded time once answers are good.
    #[test]
    fn no_state_is_without_a_way_out(steps in vec(step(), 0..60), version in 0..3_i16) {
        let mut world = World::new(version);
        // Whether something of the open transaction failed, and whether its commit was sent.
        let (mut failed, mut commit_sent) = (false, false);
        for step in steps {
            let before = world.manager.state();
            let seen = world.asked.len();
            match step {
                Step::Init => drop(world.manager.init()),
                Step::Begin => drop(world.manager.begin()),
                Step::Add(index) => {
                    if world.manager.add_partition(&partition(index)).is_ok() && index > 0 {
                        world.manager.handle_sent();
                    }
                },
                Step::Offsets => {
                    let offsets = BTreeMap::from([(partition(0), Offset(1).into())]);
                    drop(world.manager.send_offsets(GroupMetadata::new("readers"), offsets));
                }
                Step::Commit => drop(world.manager.commit()),
                Step::Abort => drop(world.manager.abort()),
                Step::Failed(code) => world.manager.handle_failed(code, "failed"),
                Step::Feature(level) => world.manager.handle_feature(level),
                Step::CanBump(can) => world.manager.handle_can_bump(can),
                Step::Ask(code) => {
                    world.send();
                    world.answer(code);
                }
                Step::Send => world.send(),
                Step::Answer(code) => world.answer(code),
                Step::Wait => world.wait(),
            }
            world.drain_events();
            let after = world.manager.state();
            failed |= after == State::AbortableError;
            for request in &world.asked[seen..] {
                if let TransactionRequest::EndTxn(end) = request {
                    prop_assert!(!(end.committed && failed), "a failed transaction was committed");
                    prop_assert!(end.committed || !commit_sent, "a commit that was sent became an abort");
                    commit_sent |= end.committed;
                }
            }
            if after == State::Ready || after == State::Initializing || after == State::Uninitialized {
                (failed, commit_sent) = (false, false);
            }
            if before == State::CommittingTransaction && after == State::AbortableError {
                // The coordinator said that it did not commit.
                commit_sent = false;
            }
            if before == State::FatalError {
                prop_assert_eq!(after, State::FatalError);
            }
        }
        world.answer(Some(ErrorCode::NONE));
        for _ in 0..4 {
            world.run();
            match world.manager.state() {
                State::Uninitialized => drop(world.manager.init()),
                State::InTransaction | State::AbortableError => drop(world.manager.abort()),
                _ => {}
            }
        }
        world.run();
        prop_assert!(matches!(world.manager.state(), State::Ready | State::FatalError), "{:?}", world.manager.state());
        if world.manager.state() == State::Ready {
            world.commit_one();
            prop_assert_eq!(ends(&world).last().copied(), Some(true));
        }
    }
}
