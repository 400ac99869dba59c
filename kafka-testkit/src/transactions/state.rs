//! What a coordinator writes about a transactional id.

use kafka_types::{ProducerIdentity, TopicPartition};
use std::collections::BTreeSet;
use std::time::Duration;

/// How far a transaction is, as in `TransactionLogValue.TransactionStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TransactionStatus {
    /// The producer has its id and epoch, and no transaction yet.
    Empty,
    /// Partitions or offsets are in it.
    Ongoing,
    /// It will be committed: markers are on their way.
    PrepareCommit,
    /// It will be aborted: markers are on their way.
    PrepareAbort,
    /// It was committed everywhere.
    CompleteCommit,
    /// It was aborted everywhere.
    CompleteAbort,
}

/// The state of a transactional id, as its coordinator writes it into its log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TransactionState {
    /// How far the transaction is.
    pub status: TransactionStatus,
    /// The producer that may go on. Others with its id are fenced. While markers are on their way, the identity in them.
    pub producer: ProducerIdentity,
    /// The partitions in the transaction.
    pub partitions: BTreeSet<TopicPartition>,
    /// The consumer groups whose offsets are in the transaction.
    pub groups: BTreeSet<String>,
    /// After how long the coordinator aborts the transaction by itself (`transaction.timeout.ms`).
    pub timeout: Duration,
}
