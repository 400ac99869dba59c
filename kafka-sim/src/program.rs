//! A program that uses a transactional producer, as far as it has got.

use crate::ledger::TransactionNumber;
use crate::random::Random;
use kafka_sender::CallId;
use kafka_types::Monotonic;

/// One of the programs of a transactional id; a later one takes over.
pub(crate) struct Program {
    pub(crate) random: Random,
    pub(crate) phase: Phase,
    /// Transactions that it still wants to run.
    pub(crate) left: u64,
    /// The one that is open, or whose end is not known.
    pub(crate) transaction: Option<TransactionNumber>,
    /// A commit of it was asked for, and has no answer but that its time was over.
    pub(crate) unresolved: bool,
    /// A call or a send of it failed, so that it has to be aborted.
    pub(crate) spoiled: bool,
    /// It still wants to send offsets with it.
    pub(crate) offsets: bool,
    /// When its first `init` was called.
    pub(crate) since: Option<Monotonic>,
    /// How many producers coordinators had fenced when it began.
    pub(crate) fencings_at_start: u64,
    /// And when its `init` was done.
    pub(crate) fencings_before: u64,
    /// Its producer is of no use any more.
    pub(crate) lost: bool,
    /// Its init is done.
    pub(crate) initialized: Option<Monotonic>,
    /// When its last commit was asked for.
    pub(crate) committing_since: Monotonic,
    /// When the `init` of a program that began later was done: nothing of this one's is committed from then on.
    pub(crate) superseded: Option<Monotonic>,
}

/// What it waits for, or is about to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// To be initialized.
    Starting,
    /// To begin.
    Ready,
    /// For an answer to this, before it goes on.
    Calling(CallId),
    /// For its callers to be done with the transaction.
    Sending,
    /// To wait for a commit that timed out.
    Unresolved,
    /// It is done, or its producer is lost.
    Over,
}

/// What a call was about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallKind {
    Init,
    Begin,
    SendOffsets,
    Commit,
    Abort,
    Finish,
}

/// A call without an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: CallKind,
    /// The transaction that it is about, if it is about one.
    pub(crate) transaction: Option<TransactionNumber>,
    pub(crate) since: Monotonic,
    pub(crate) deadline: Monotonic,
}

impl Program {
    pub(crate) fn new(random: Random, left: u64) -> Program {
        Program {
            random,
            phase: Phase::Starting,
            left,
            transaction: None,
            unresolved: false,
            spoiled: false,
            offsets: false,
            since: None,
            fencings_at_start: 0,
            fencings_before: 0,
            lost: false,
            initialized: None,
            committing_since: Monotonic::ZERO,
            superseded: None,
        }
    }
}
