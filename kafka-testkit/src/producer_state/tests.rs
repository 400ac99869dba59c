use super::*;
use proptest::prelude::*;

fn identity(id: i64, epoch: i16) -> ProducerIdentity {
    ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

fn batch(first: Sequence, count: u32, offset: i64) -> RememberedBatch {
    RememberedBatch {
        first_sequence: first,
        last_sequence: first.plus(count - 1),
        base_offset: Offset(offset),
        last_offset: Offset(offset + i64::from(count) - 1),
        max_timestamp: Timestamp(0),
    }
}

#[test]
fn sequences_go_on_at_zero_after_the_greatest() {
    let mut states = ProducerStates::default();
    states.record(identity(1, 0), batch(Sequence(i32::MAX - 1), 2, 0));
    let check = |first, last| states.check(identity(1, 0), Sequence(first), Sequence(last));
    assert_eq!(check(0, 3), SequenceCheck::Append);
    assert_eq!(check(1, 3), SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
}

#[test]
fn a_batch_across_the_wrap_is_recognised_when_it_comes_again() {
    let mut states = ProducerStates::default();
    let across = batch(Sequence(i32::MAX), 3, 10);
    states.record(identity(1, 0), across);
    let again = states.check(identity(1, 0), Sequence(i32::MAX), Sequence(1));
    assert_eq!(again, SequenceCheck::Duplicate(across));
}

#[test]
fn the_sixth_batch_pushes_the_first_out_of_memory() {
    let mut states = ProducerStates::default();
    for index in 0..6 {
        states.record(identity(1, 0), batch(Sequence(index), 1, i64::from(index)));
    }
    let check = |sequence| states.check(identity(1, 0), Sequence(sequence), Sequence(sequence));
    assert_eq!(check(0), SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert!(matches!(check(1), SequenceCheck::Duplicate(found) if found.base_offset == Offset(1)));
}

#[test]
fn a_new_epoch_starts_at_zero_and_an_old_one_is_refused() {
    let mut states = ProducerStates::default();
    states.record(identity(1, 3), batch(Sequence(0), 1, 0));
    let check = |epoch, sequence| states.check(identity(1, epoch), Sequence(sequence), Sequence(sequence));
    assert_eq!(check(4, 1), SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(check(4, 0), SequenceCheck::Append);
    assert_eq!(check(2, 1), SequenceCheck::Refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    // The same numbers in another epoch are no duplicate.
    states.record(identity(1, 4), batch(Sequence(0), 1, 1));
    let again = states.check(identity(1, 4), Sequence(0), Sequence(0));
    assert!(matches!(again, SequenceCheck::Duplicate(found) if found.base_offset == Offset(1)));
}

/// The rules once more, over the whole history of what was appended and without any bookkeeping.
fn naive(
    history: &[(ProducerIdentity, RememberedBatch)],
    of: ProducerIdentity,
    new: RememberedBatch,
) -> SequenceCheck {
    let own: Vec<_> = history.iter().filter(|(who, _)| who.id == of.id).collect();
    let Some((latest, _)) = own.last() else { return SequenceCheck::Append };
    if of.epoch < latest.epoch {
        return SequenceCheck::Refused(ErrorCode::INVALID_PRODUCER_EPOCH);
    }
    let epoch: Vec<_> =
        own.iter().filter(|(who, _)| who.epoch == of.epoch).map(|(_, batch)| *batch).collect();
    let recent = &epoch[epoch.len().saturating_sub(5)..];
    if let Some(found) = recent
        .iter()
        .find(|old| (old.first_sequence, old.last_sequence) == (new.first_sequence, new.last_sequence))
    {
        return SequenceCheck::Duplicate(*found);
    }
    let expected = match epoch.last() {
        Some(last) if last.last_sequence.0 == i32::MAX => 0,
        Some(last) => last.last_sequence.0 + 1,
        None => 0,
    };
    if new.first_sequence.0 == expected {
        SequenceCheck::Append
    } else {
        SequenceCheck::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    }
}

proptest! {
    #[test]
    fn decisions_are_those_of_the_whole_history(
        attempts in prop::collection::vec((0i64..3, 0i16..3, 0usize..14, 1u32..4), 1..80),
        near_the_wrap in any::<bool>(),
    ) {
        let mut states = ProducerStates::default();
        let mut history = Vec::new();
        let start = if near_the_wrap { Sequence(i32::MAX - 6) } else { Sequence(0) };
        for (offset, (id, epoch, step, count)) in attempts.into_iter().enumerate() {
            let who = identity(id, epoch);
            // New epochs try 0 as well as what is in use near the wrap.
            let first = if step == 0 { Sequence(0) } else { start.plus(step as u32 - 1) };
            let new = batch(first, count, offset as i64);
            let decision = states.check(who, new.first_sequence, new.last_sequence);
            prop_assert_eq!(decision, naive(&history, who, new));
            if decision == SequenceCheck::Append {
                states.record(who, new);
                history.push((who, new));
            }
        }
    }
}
