//! How a commit ends.

use super::calls::Calls;
use crate::Error;
use crate::driver::block_on;
use crate::producer::flush::refuse_in_callback;
use kafka_sender::{CallError, TransactionCall};
use std::fmt;

/// Why a [`commit`](super::Transaction::commit) did not succeed. Exhaustive: there is no fourth way.
#[must_use]
pub enum CommitError {
    /// Nothing of the transaction is committed: something of it failed, which the error tells. It is being aborted; the next
    /// [`begin`](super::TransactionalProducer::begin) waits for that, and everything can be tried again.
    Failed(Error),
    /// There was no answer within `max.block.ms`: the transaction may be committed, or will be. It must not be done again before
    /// [`resume`](PendingCommit::resume) has said what became of it.
    Unknown(PendingCommit),
    /// The producer is of no use any more. [`Error::outcome`] says whether the transaction may be committed all the same.
    Fatal(Error),
}

/// A commit that goes on.
///
/// If it is dropped, the next [`begin`](super::TransactionalProducer::begin) waits for the end, and says so if nothing was
/// committed.
#[must_use = "whether the transaction was committed is not known"]
pub struct PendingCommit {
    calls: Calls,
}

impl PendingCommit {
    /// Waits on, for at most another `max.block.ms`.
    ///
    /// # Errors
    /// As [`commit`](super::Transaction::commit).
    pub async fn resume(self) -> Result<(), CommitError> {
        if let Err(misuse) = refuse_in_callback("resume") {
            tracing::error!("a commit was resumed where it can't be waited for: {misuse}");
            return Err(CommitError::Unknown(self));
        }
        finish(self.calls, TransactionCall::Finish).await
    }

    /// As [`resume`](Self::resume), waiting on this thread.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_blocking(self) -> Result<(), CommitError> {
        block_on(self.resume())
    }
}

pub(super) async fn finish(calls: Calls, call: TransactionCall) -> Result<(), CommitError> {
    match calls.commit(call).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(CallError::TimedOut)) => Err(CommitError::Unknown(PendingCommit { calls })),
        Ok(Err(error)) => {
            let error = calls.error("commit", error);
            Err(if error.is_fatal() { CommitError::Fatal(error) } else { CommitError::Failed(error) })
        }
        // The engine went away with the answer.
        Err(_) => {
            let error = calls.error("commit", CallError::Closed { end_unknown: true });
            Err(CommitError::Fatal(error))
        }
    }
}

impl CommitError {
    /// The error as one that says all by itself; see [`Error::outcome`].
    pub fn into_error(self) -> Error {
        match self {
            CommitError::Failed(error) | CommitError::Fatal(error) => error,
            CommitError::Unknown(pending) => pending.calls.error("commit", CallError::TimedOut),
        }
    }

    /// Whether the transaction may be committed.
    pub fn is_unknown(&self) -> bool {
        matches!(self, CommitError::Unknown(_))
    }
}

/// For `?`: what is not known stays so, and the next `begin` waits for it.
impl From<CommitError> for Error {
    fn from(error: CommitError) -> Error {
        error.into_error()
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitError::Failed(error) | CommitError::Fatal(error) => error.fmt(f),
            CommitError::Unknown(pending) => pending.calls.error("commit", CallError::TimedOut).fmt(f),
        }
    }
}

impl fmt::Debug for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variant = match self {
            CommitError::Failed(_) => "Failed",
            CommitError::Unknown(_) => "Unknown",
            CommitError::Fatal(_) => "Fatal",
        };
        write!(f, "{variant}({self})")
    }
}

impl fmt::Debug for PendingCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCommit").finish_non_exhaustive()
    }
}

impl std::error::Error for CommitError {}
