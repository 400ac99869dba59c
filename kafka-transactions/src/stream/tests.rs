use super::*;
use kafka_types::{ProducerEpoch, ProducerId};

const A: BatchKey = BatchKey(1);
const B: BatchKey = BatchKey(2);
const C: BatchKey = BatchKey(3);

fn identity(epoch: i16) -> ProducerIdentity {
    ProducerIdentity { id: ProducerId(1), epoch: ProducerEpoch(epoch) }
}

/// A stream whose first batch, of one record, was acknowledged.
fn stream() -> Stream {
    let mut stream = Stream::new();
    assert!(stream.may_assign(identity(0)));
    let _ = stream.assign(BatchKey(0), 1);
    stream.acknowledge(BatchKey(0));
    stream
}

fn assign(stream: &mut Stream, batch: BatchKey, count: u32) -> i32 {
    assert!(stream.may_assign(stream.identity()));
    stream.assign(batch, count).base_sequence.0
}

fn resent(stream: &mut Stream, batch: BatchKey) -> Option<(i16, i32)> {
    match stream.resend(batch) {
        Stamping::Stamp(stamp) => Some((stamp.identity.epoch.0, stamp.base_sequence.0)),
        Stamping::Blocked => None,
    }
}

#[test]
fn sequences_count_records_and_are_kept_on_retry() {
    let mut stream = stream();
    assert_eq!(assign(&mut stream, A, 3), 1);
    assert_eq!(assign(&mut stream, B, 2), 4);
    assert!(stream.refuse(A));
    assert!(stream.doubt(B));
    assert_eq!(resent(&mut stream, B), None, "nothing passes what waits ahead");
    assert_eq!(resent(&mut stream, A), Some((0, 1)));
    assert_eq!(resent(&mut stream, B), Some((0, 4)));
    assert_eq!(assign(&mut stream, C, 1), 6);
}

#[test]
fn sequences_go_on_at_zero_after_the_greatest() {
    let mut stream = stream();
    stream.next = Sequence(i32::MAX - 1);
    assert_eq!(assign(&mut stream, A, 5), i32::MAX - 1);
    assert_eq!(assign(&mut stream, B, 1), 3);
}

#[test]
fn one_batch_until_the_first_acknowledgement_of_an_identity() {
    let mut stream = Stream::new();
    assert!(stream.may_assign(identity(0)));
    let _ = stream.assign(A, 1);
    assert!(!stream.may_assign(identity(0)));
    stream.acknowledge(A);
    assert!(stream.may_assign(identity(0)));
}

#[test]
fn no_more_are_outstanding_than_a_broker_remembers() {
    let mut stream = stream();
    for number in 0..MAX_OUTSTANDING_BATCHES as u64 {
        assign(&mut stream, BatchKey(10 + number), 1);
    }
    assert!(!stream.may_assign(identity(0)));
    stream.acknowledge(BatchKey(10));
    assert!(stream.may_assign(identity(0)));
}

#[test]
fn out_of_order_behind_a_refused_batch_is_only_a_consequence() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assign(&mut stream, B, 1);
    assign(&mut stream, C, 1);
    assert!(stream.refuse(A));
    for batch in [B, C] {
        let verdict = stream.refuse_sequence(batch);
        assert!(verdict.retry && verdict.condemned.is_empty());
    }
    assert!(!stream.is_broken());
    let sent = [A, B, C].map(|batch| resent(&mut stream, batch));
    assert_eq!(sent, [Some((0, 1)), Some((0, 2)), Some((0, 3))]);
}

#[test]
fn a_failed_batch_that_may_be_written_never_gives_its_sequence_away() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assert!(stream.doubt(A));
    assert!(stream.fail(A, true));
    assert!(!stream.may_assign(identity(0)), "the epoch has to move on");
    assert!(stream.may_assign(identity(1)));
    let stamp = stream.assign(B, 1);
    assert_eq!((stamp.identity.epoch.0, stamp.base_sequence.0), (1, 0));
}

#[test]
fn a_failed_batch_that_was_never_written_gives_its_sequence_back_if_it_was_the_last() {
    let mut stream = stream();
    assign(&mut stream, A, 4);
    assert!(stream.recall(A));
    assert!(!stream.fail(A, false));
    assert_eq!(assign(&mut stream, B, 1), 1);
}

#[test]
fn behind_a_gap_what_may_be_written_is_asked_for_before_anything_new() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assign(&mut stream, B, 1);
    assert!(stream.doubt(A));
    assert!(stream.doubt(B));
    assert!(stream.fail(A, true));
    assert!(!stream.may_assign(identity(1)), "the fate of B is open");
    assert_eq!(resent(&mut stream, B), Some((0, 2)), "byte for byte as it was");
    stream.acknowledge(B);
    assert!(stream.may_assign(identity(1)));
}

#[test]
fn behind_a_gap_what_was_refused_starts_over_under_the_next_epoch() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assign(&mut stream, B, 1);
    assert!(stream.refuse(A));
    assert!(stream.fail(A, false));
    assert!(stream.contains(B), "its answer is still to come");
    let verdict = stream.refuse_sequence(B);
    assert!(verdict.retry && verdict.condemned.is_empty());
    assert!(!stream.contains(B));
    assert!(stream.may_assign(identity(1)));
    assert_eq!(stream.assign(B, 1).base_sequence, Sequence(0));
}

#[test]
fn a_lost_producer_restarts_what_was_refused_and_fails_what_may_be_written() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assign(&mut stream, B, 1);
    assert!(stream.doubt(B));
    let verdict = stream.refuse_sequence(A);
    assert!(verdict.retry, "it was refused each time");
    assert_eq!(verdict.condemned, [B], "a late copy of it may still be written");
    assert!(stream.is_broken() && stream.may_assign(identity(1)));
}

#[test]
fn pieces_share_their_parents_sequences() {
    let mut stream = stream();
    assign(&mut stream, A, 5);
    assign(&mut stream, B, 1);
    assert!(stream.refuse(A));
    stream.split(A, &[(BatchKey(8), 2), (BatchKey(9), 3)]);
    assert_eq!(resent(&mut stream, BatchKey(8)), Some((0, 1)));
    assert_eq!(resent(&mut stream, BatchKey(9)), Some((0, 3)));
    assert!(stream.refuse_sequence(B).retry);
    assert_eq!(resent(&mut stream, B), Some((0, 6)));
}

#[test]
fn a_recalled_batch_that_an_earlier_attempt_may_have_written_does_not_start_over_when_its_identity_is_dead() {
    let mut stream = stream();
    assign(&mut stream, A, 1);
    assign(&mut stream, B, 1);
    assert!(stream.doubt(A));
    assert!(resent(&mut stream, A).is_some());
    assert!(stream.die(B).condemned.is_empty(), "the answer to A is still to come");
    assert!(!stream.recall(A), "under a new sequence it could be there twice");
}

#[test]
fn after_a_rest_one_batch_goes_alone_until_it_is_acknowledged() {
    let mut stream = stream();
    stream.rest();
    assert_eq!(assign(&mut stream, A, 1), 1, "the sequences go on");
    assert!(!stream.may_assign(identity(0)));
    stream.rest();
    stream.acknowledge(A);
    assert!(stream.may_assign(identity(0)));
}
