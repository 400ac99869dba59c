//! What a broker's error code says of the attempt that it answers.

use kafka_types::{Acks, ErrorCode, Offset};

/// Whether an answered attempt left records in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// They are in the log.
    Written,
    /// They are not.
    Refused,
    /// They may be.
    Ambiguous,
}

/// Reads a partition's answer in a Produce response: its `ErrorCode` and `BaseOffset`.
///
/// With `acks=all` a broker appends first and then waits for its followers; when leadership or the partition goes away
/// meanwhile, it answers NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION or KAFKA_STORAGE_ERROR although the records are in
/// its log, and perhaps already in its successor's. Such an answer still carries the base offset of the append, while a
/// refusal before the append carries -1.
pub fn attempt_of(code: ErrorCode, base_offset: Offset, acks: Acks) -> Attempt {
    match code {
        ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER => Attempt::Written,
        ErrorCode::UNKNOWN_SERVER_ERROR
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | ErrorCode::KAFKA_STORAGE_ERROR => Attempt::Ambiguous,
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            if acks == Acks::All && base_offset.is_known() =>
        {
            Attempt::Ambiguous
        }
        known if known.name().is_some() => Attempt::Refused,
        // Nobody knows what a code of the future says of the append.
        _ => Attempt::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_leadership_after_the_append_is_ambiguous() {
        let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        assert_eq!(attempt_of(code, Offset(17), Acks::All), Attempt::Ambiguous);
        assert_eq!(attempt_of(code, Offset::UNKNOWN, Acks::All), Attempt::Refused);
        assert_eq!(attempt_of(code, Offset(0), Acks::Leader), Attempt::Refused);
    }

    #[test]
    fn codes_that_come_after_an_append_are_ambiguous_and_unknown_ones_too() {
        for code in [7, 20, -1, 56, 13, 9999] {
            assert_eq!(attempt_of(ErrorCode(code), Offset::UNKNOWN, Acks::All), Attempt::Ambiguous, "{code}");
        }
        for code in [2, 10, 17, 19, 29, 45, 47, 87] {
            assert_eq!(attempt_of(ErrorCode(code), Offset::UNKNOWN, Acks::All), Attempt::Refused, "{code}");
        }
    }

    #[test]
    fn a_duplicate_is_in_the_log() {
        assert_eq!(attempt_of(ErrorCode(46), Offset::UNKNOWN, Acks::All), Attempt::Written);
    }
}
