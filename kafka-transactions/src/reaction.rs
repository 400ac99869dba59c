//! What a coordinator's error means, request by request.

use kafka_types::ErrorCode;

/// A request of the transaction protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TransactionApi {
    /// Which broker coordinates.
    FindCoordinator,
    /// Producer id and epoch.
    InitProducerId,
    /// Partitions come into the transaction.
    AddPartitionsToTxn,
    /// A group's offsets come into the transaction.
    AddOffsetsToTxn,
    /// Offsets are written.
    TxnOffsetCommit,
    /// The transaction ends.
    EndTxn,
}

/// What follows from an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reaction {
    /// It was carried out.
    Done,
    /// The transaction has to be aborted, and the producer goes on.
    Abort,
    /// The producer has to be initialized again.
    Reinitialize,
    /// The same request goes out again, after a while.
    Retry,
    /// The coordinator is looked up, then the same request goes out again.
    LookUp,
    /// The producer can do nothing any more.
    Fatal,
}

/// Whether anything depends on where the producer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Circumstances {
    /// The coordinator serves an `InitProducerId` that moves an epoch on (version 3, KIP-360).
    pub can_bump: bool,
    /// The transaction is being aborted.
    pub aborting: bool,
}

/// What an error code in an answer means. The rules are Kafka's producer's:
///
/// | error | FindCoordinator | InitProducerId | AddPartitionsToTxn | AddOffsetsToTxn | TxnOffsetCommit | EndTxn |
/// |---|---|---|---|---|---|---|
/// | `NOT_COORDINATOR` | Retry | LookUp | LookUp | LookUp | LookUp | LookUp |
/// | `COORDINATOR_NOT_AVAILABLE` | Retry | LookUp | LookUp | LookUp | LookUp | LookUp |
/// | `REQUEST_TIMED_OUT` | Retry | Retry | Retry | Retry | LookUp | Retry |
/// | `COORDINATOR_LOAD_IN_PROGRESS` | Retry | Retry | Retry | Retry | Retry | Retry |
/// | `CONCURRENT_TRANSACTIONS` | Retry | Retry | Retry | Retry | Retry | Retry |
/// | `UNKNOWN_TOPIC_OR_PARTITION` | Retry | Retry | Retry | Retry | Retry | Retry |
/// | `TRANSACTIONAL_ID_AUTHORIZATION_FAILED` | Fatal | Reinitialize | Fatal | Fatal | Fatal | Fatal |
/// | `CLUSTER_AUTHORIZATION_FAILED` | Fatal | Reinitialize | Fatal | Fatal | Fatal | Fatal |
/// | `GROUP_AUTHORIZATION_FAILED` | Abort | Fatal | Abort | Abort | Abort | Fatal |
/// | `TOPIC_AUTHORIZATION_FAILED` | Fatal | Fatal | Abort | Fatal | Abort | Fatal |
/// | `INVALID_PRODUCER_EPOCH` | Fatal | Fatal | Fatal | Fatal | Fatal | Fatal |
/// | `PRODUCER_FENCED` | Fatal | Fatal | Fatal | Fatal | Fatal | Fatal |
/// | `INVALID_TXN_STATE` | Fatal | Fatal | Fatal | Fatal | Fatal | Fatal |
/// | `INVALID_PRODUCER_ID_MAPPING` | Fatal | Fatal | Fatal | Fatal | Fatal | Fatal |
/// | `UNKNOWN_PRODUCER_ID` | Fatal | Fatal | Abort | Abort | Fatal | Abort |
/// | `TRANSACTION_ABORTABLE` | Abort | Abort | Abort | Abort | Abort | Abort |
/// | `OPERATION_NOT_ATTEMPTED` | Fatal | Fatal | Abort | Fatal | Fatal | Fatal |
/// | `FENCED_INSTANCE_ID` | Fatal | Fatal | Abort | Fatal | Abort | Fatal |
/// | `UNKNOWN_MEMBER_ID` | Fatal | Fatal | Abort | Fatal | Abort | Fatal |
/// | `ILLEGAL_GENERATION` | Fatal | Fatal | Abort | Fatal | Abort | Fatal |
/// | `UNSUPPORTED_FOR_MESSAGE_FORMAT` | Fatal | Fatal | Abort | Fatal | Fatal | Fatal |
/// | `UNSUPPORTED_VERSION` | Fatal | Fatal | Fatal | Fatal | Fatal | Fatal |
/// | `INVALID_REQUEST` | Fatal | Fatal | Abort | Fatal | Fatal | Fatal |
///
/// What makes the end of a transaction abortable is fatal to an abort, which has no other way out; and `UNKNOWN_PRODUCER_ID`
/// is fatal where the epoch can't be moved on. Two columns differ from Kafka's: a topic that may not be read makes a TxnOffsetCommit abortable,
/// since nothing of the producer is broken by it; and what AddPartitionsToTxn says of the cluster's authorization or of the
/// version will not be better after an abort.
pub fn reaction(api: TransactionApi, code: ErrorCode, circumstances: Circumstances) -> Reaction {
    use TransactionApi::{
        AddOffsetsToTxn, AddPartitionsToTxn, EndTxn, FindCoordinator, InitProducerId, TxnOffsetCommit,
    };
    match code {
        ErrorCode::NONE => Reaction::Done,
        ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE if api != FindCoordinator => {
            Reaction::LookUp
        }
        ErrorCode::REQUEST_TIMED_OUT if api == TxnOffsetCommit => Reaction::LookUp,
        code if code.is_retriable() => Reaction::Retry,
        ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED | ErrorCode::CLUSTER_AUTHORIZATION_FAILED => {
            if api == InitProducerId { Reaction::Reinitialize } else { Reaction::Fatal }
        }
        ErrorCode::TRANSACTION_ABORTABLE if api == EndTxn && circumstances.aborting => Reaction::Fatal,
        ErrorCode::TRANSACTION_ABORTABLE => Reaction::Abort,
        ErrorCode::GROUP_AUTHORIZATION_FAILED if !matches!(api, InitProducerId | EndTxn) => Reaction::Abort,
        ErrorCode::UNKNOWN_PRODUCER_ID
            if circumstances.can_bump
                && (matches!(api, AddPartitionsToTxn | AddOffsetsToTxn)
                    || api == EndTxn && !circumstances.aborting) =>
        {
            Reaction::Abort
        }
        ErrorCode::INVALID_PRODUCER_EPOCH
        | ErrorCode::PRODUCER_FENCED
        | ErrorCode::INVALID_TXN_STATE
        | ErrorCode::INVALID_PRODUCER_ID_MAPPING
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::UNSUPPORTED_VERSION => Reaction::Fatal,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::FENCED_INSTANCE_ID
        | ErrorCode::UNKNOWN_MEMBER_ID
        | ErrorCode::ILLEGAL_GENERATION
            if api == TxnOffsetCommit =>
        {
            Reaction::Abort
        }
        // What is wrong with one partition is wrong with the transaction, not with the producer.
        _ if api == AddPartitionsToTxn => Reaction::Abort,
        _ => Reaction::Fatal,
    }
}

/// Whether a broker's answer to a batch of a transaction ends the producer; otherwise the transaction has to be aborted.
pub fn is_fatal_to_producer(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::PRODUCER_FENCED
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const APIS: [TransactionApi; 6] = [
        TransactionApi::FindCoordinator,
        TransactionApi::InitProducerId,
        TransactionApi::AddPartitionsToTxn,
        TransactionApi::AddOffsetsToTxn,
        TransactionApi::TxnOffsetCommit,
        TransactionApi::EndTxn,
    ];
    const USUAL: Circumstances = Circumstances { can_bump: true, aborting: false };

    #[test]
    fn the_documented_reactions_are_those_of_the_code() {
        let rows = include_str!("reaction.rs").lines().filter(|line| line.starts_with("/// | `"));
        let mut documented = 0;
        for row in rows {
            let cells: Vec<&str> = row.trim_start_matches("/// |").split('|').map(str::trim).collect();
            let name = cells[0].trim_matches('`');
            let code = (-1..200).map(ErrorCode).find(|code| code.name() == Some(name)).expect(name);
            for (api, written) in APIS.into_iter().zip(&cells[1..]) {
                assert_eq!(format!("{:?}", reaction(api, code, USUAL)), *written, "{api:?} {name}");
            }
            documented += 1;
        }
        assert_eq!(documented, 23);
    }

    #[test]
    fn circumstances_make_two_codes_fatal() {
        let no_bump = Circumstances { can_bump: false, ..USUAL };
        let aborting = Circumstances { aborting: true, ..USUAL };
        let end = TransactionApi::EndTxn;
        assert_eq!(reaction(end, ErrorCode::UNKNOWN_PRODUCER_ID, no_bump), Reaction::Fatal);
        assert_eq!(reaction(end, ErrorCode::TRANSACTION_ABORTABLE, aborting), Reaction::Fatal);
        assert_eq!(reaction(end, ErrorCode::UNKNOWN_PRODUCER_ID, aborting), Reaction::Fatal);
    }
}
