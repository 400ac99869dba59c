use super::*;

const P0: StreamKey = StreamKey(0);
const P1: StreamKey = StreamKey(1);
const NOW: Monotonic = Monotonic::ZERO;

fn ready(epoch: i16) -> TransactionManager {
    let mut manager = TransactionManager::new(TransactionConfig::default(), 1);
    manager.handle_identity(ProducerIdentity { id: ProducerId(7), epoch: ProducerEpoch(epoch) });
    manager
}

fn send(manager: &mut TransactionManager, stream: StreamKey, batch: u64) -> Option<(i16, i32)> {
    match manager.stamp(stream, BatchKey(batch), 1) {
        Stamping::Stamp(stamp) => Some((stamp.identity.epoch.0, stamp.base_sequence.0)),
        Stamping::Blocked => None,
    }
}

fn answer(code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: code,
        producer_id: 9,
        producer_epoch: 0,
        ..InitProducerIdResponse::default()
    }
}

#[test]
fn a_newer_epoch_of_a_producer_that_the_broker_knows_need_not_wait_for_its_first_acknowledgement() {
    let mut manager = ready(0);
    assert_eq!(send(&mut manager, P0, 1), Some((0, 0)));
    assert_eq!(send(&mut manager, P0, 2), None, "the broker may not know the producer");
    manager.handle_acknowledged(P0, BatchKey(1));
    manager.handle_identity(ProducerIdentity { id: ProducerId(7), epoch: ProducerEpoch(1) });
    assert_eq!(send(&mut manager, P0, 3), Some((1, 0)));
    assert_eq!(send(&mut manager, P0, 4), Some((1, 1)));
    manager.handle_acknowledged(P0, BatchKey(3));
    manager.handle_acknowledged(P0, BatchKey(4));
    manager.handle_identity(ProducerIdentity { id: ProducerId(8), epoch: ProducerEpoch(0) });
    assert_eq!(send(&mut manager, P0, 5), Some((0, 0)));
    assert_eq!(send(&mut manager, P0, 6), None, "another id is another producer");
}

#[test]
fn after_a_bump_an_idle_partition_starts_at_zero_too() {
    let mut manager = ready(0);
    for (stream, batch) in [(P0, 1), (P1, 2)] {
        assert_eq!(send(&mut manager, stream, batch), Some((0, 0)));
        manager.handle_acknowledged(stream, BatchKey(batch));
    }
    assert_eq!(send(&mut manager, P0, 3), Some((0, 1)));
    manager.handle_failed(P0, BatchKey(3), true);
    assert_eq!(send(&mut manager, P1, 4), Some((1, 0)));
}

#[test]
fn partitions_that_break_under_one_epoch_move_it_on_once() {
    let mut manager = ready(0);
    assert!(send(&mut manager, P0, 1).is_some() && send(&mut manager, P1, 2).is_some());
    manager.handle_failed(P0, BatchKey(1), true);
    manager.handle_failed(P1, BatchKey(2), true);
    assert_eq!(manager.identity().map(|identity| identity.epoch), Some(ProducerEpoch(1)));
}

#[test]
fn a_producer_whose_epochs_are_used_up_asks_for_another_id() {
    let mut manager = ready(i16::MAX);
    assert!(send(&mut manager, P0, 1).is_some());
    manager.handle_failed(P0, BatchKey(1), true);
    assert_eq!(send(&mut manager, P0, 2), None);
    assert!(manager.poll_request(NOW).is_some());
    manager.handle_init_producer_id(NOW, &answer(ErrorCode::NONE));
    assert_eq!(send(&mut manager, P0, 2), Some((0, 0)));
}

#[test]
fn a_forgotten_producer_goes_on_by_itself() {
    let mut manager = ready(0);
    assert!(send(&mut manager, P0, 1).is_some());
    manager.handle_acknowledged(P0, BatchKey(1));
    assert_eq!(send(&mut manager, P0, 2), Some((0, 1)));
    assert!(manager.handle_refused(P0, BatchKey(2), ErrorCode::UNKNOWN_PRODUCER_ID).retry);
    assert_eq!(send(&mut manager, P0, 2), Some((1, 0)));
}

#[test]
fn a_request_that_fails_is_asked_again_after_a_backoff() {
    let mut manager = TransactionManager::new(TransactionConfig::default(), 1);
    assert!(manager.poll_request(NOW).is_none(), "nobody needs one");
    assert!(!manager.may_assign(P0));
    assert!(manager.poll_request(NOW).is_some() && manager.poll_request(NOW).is_none());
    manager.handle_init_producer_id(NOW, &answer(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
    let due = manager.next_deadline();
    assert!(due > NOW && !due.is_never() && manager.poll_request(NOW).is_none());
    assert!(manager.poll_request(due).is_some());
}

#[test]
fn a_refused_producer_id_is_fatal_and_says_what_to_do() {
    let mut manager = TransactionManager::new(TransactionConfig::default(), 1);
    assert!(!manager.may_assign(P0) && manager.poll_request(NOW).is_some());
    manager.handle_init_producer_id(NOW, &answer(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    let fatal = manager.fatal().unwrap();
    assert_eq!(fatal.code, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    assert!(fatal.message.contains("enable.idempotence=false"), "{fatal}");
    assert!(!manager.may_assign(P0) && manager.next_deadline().is_never());
}

#[test]
fn a_broker_without_producer_ids_is_named_with_the_way_out() {
    let mut manager = TransactionManager::new(TransactionConfig::default(), 1);
    manager.handle_unsupported();
    assert!(manager.fatal().unwrap().message.contains("enable.idempotence=false"));
}

#[test]
fn without_idempotence_nothing_is_asked_and_nothing_blocks() {
    let config = TransactionConfig { idempotence: false, ..TransactionConfig::default() };
    let mut manager = TransactionManager::new(config, 1);
    for batch in 0..20 {
        assert!(manager.may_assign(P0));
        assert_eq!(send(&mut manager, P0, batch), Some((-1, -1)));
    }
    assert!(manager.next_deadline().is_never());
}
