//! What a program asks of a transactional producer, and what it is told.

use kafka_accumulator::DeliveryFailure;
use kafka_transactions::{FatalError, GroupMetadata, IllegalCall, OffsetAndMetadata};
use kafka_types::TopicPartition;
use std::collections::BTreeMap;

/// A call, for [`Engine::handle_call`](crate::Engine::handle_call). Each gets one answer,
/// [`Output::Called`](crate::Output::Called), by its deadline at the latest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TransactionCall {
    /// Producer id and epoch; whoever had the transactional id before is fenced. A call that timed out goes on, and is taken up
    /// by the next.
    Init,
    /// A transaction begins, once the one before it is over. If that was to be committed and was not, and nobody was told,
    /// this tells it instead, once.
    Begin,
    /// The offsets are committed with the transaction.
    SendOffsets {
        /// Whose they are.
        group: GroupMetadata,
        /// Where each partition's consumer goes on.
        offsets: BTreeMap<TopicPartition, OffsetAndMetadata>,
    },
    /// The transaction ends, with all that was sent. If something of it failed, it is aborted instead.
    Commit,
    /// The transaction ends, with nothing of what was sent.
    Abort,
    /// Goes on waiting for a commit whose call timed out.
    Finish,
}

/// Why a call failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// Not in this state. Nothing changed.
    Illegal(IllegalCall),
    /// There is no producer id; the call may be repeated.
    InitFailed(FatalError),
    /// Something of the transaction failed, so that nothing of it is committed. After a commit it is being aborted already.
    Failed {
        /// What.
        error: FatalError,
        /// The record that failed, if it was one.
        record: Option<DeliveryFailure>,
    },
    /// The producer can do nothing any more.
    Fatal {
        /// Why.
        error: FatalError,
        /// True if nobody knows whether the transaction was committed.
        end_unknown: bool,
    },
    /// Not done by the deadline; it goes on.
    TimedOut,
    /// The producer was closed meanwhile.
    Closed {
        /// True if nobody knows whether the transaction was committed.
        end_unknown: bool,
    },
}
