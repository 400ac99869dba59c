//! What can be wrong with a transaction.

use super::{Error, ErrorKind, Outcome, cause};
use kafka_accumulator::DeliveryFailure;
use kafka_sender::CallError;
use kafka_transactions::{FatalError, IllegalCall, State};
use kafka_types::{ErrorCode, rounded};
use std::fmt;
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum TransactionCause {
    /// The call is not possible now.
    Illegal {
        call: &'static str,
        state: State,
    },
    /// Something of the transaction failed.
    Failed {
        error: FatalError,
        record: Option<DeliveryFailure>,
    },
    /// A record of it was not accepted.
    #[cfg_attr(
        not(feature = "driver"),
        allow(dead_code, reason = "transactions are begun by the driver's producer")
    )]
    Refused(Error),
    Init(FatalError),
    Fatal {
        error: FatalError,
        end_unknown: bool,
    },
    TimedOut {
        call: &'static str,
        waited: Duration,
    },
    Closed {
        end_unknown: bool,
    },
}

impl Error {
    /// A transactional producer's `call` failed.
    pub(crate) fn from_call(call: &'static str, waited: Duration, error: CallError) -> Error {
        let cause = match error {
            CallError::Illegal(IllegalCall::Abortable(error)) => {
                TransactionCause::Failed { error, record: None }
            }
            CallError::Illegal(IllegalCall::Fatal(error)) => {
                TransactionCause::Fatal { error, end_unknown: false }
            }
            CallError::Illegal(IllegalCall::State { state, .. }) => TransactionCause::Illegal { call, state },
            CallError::InitFailed(error) => TransactionCause::Init(error),
            CallError::Failed { error, record } => TransactionCause::Failed { error, record },
            CallError::Fatal { error, end_unknown } => TransactionCause::Fatal { error, end_unknown },
            CallError::TimedOut => TransactionCause::TimedOut { call, waited },
            CallError::Closed { end_unknown } => TransactionCause::Closed { end_unknown },
            other => TransactionCause::Fatal {
                error: FatalError {
                    code: ErrorCode::UNKNOWN_SERVER_ERROR,
                    message: format!("{call} failed: {other:?}").into(),
                },
                end_unknown: true,
            },
        };
        cause::Cause::Transaction(cause).into()
    }

    /// A record that was not accepted spoils its transaction, unless it would only have had to wait.
    #[cfg(feature = "driver")]
    pub(crate) fn of_transaction(self) -> Error {
        match self.kind() {
            ErrorKind::WouldWait => self,
            _ if self.is_fatal() || self.requires_abort() => self,
            _ => cause::Cause::Transaction(TransactionCause::Refused(self)).into(),
        }
    }
}

impl TransactionCause {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            TransactionCause::Illegal { .. } => ErrorKind::Misuse,
            TransactionCause::Failed { record: Some(record), .. } => cause::kind_of_failure(record.cause()),
            TransactionCause::Failed { error, .. }
            | TransactionCause::Init(error)
            | TransactionCause::Fatal { error, .. } => match error.code {
                ErrorCode::REQUEST_TIMED_OUT => ErrorKind::Timeout,
                code => cause::kind_of(code),
            },
            TransactionCause::Refused(error) => error.kind(),
            TransactionCause::TimedOut { .. } => ErrorKind::Timeout,
            TransactionCause::Closed { .. } => ErrorKind::Closed,
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            TransactionCause::Fatal { end_unknown: true, .. }
            | TransactionCause::Closed { end_unknown: true }
            | TransactionCause::TimedOut { call: "commit", .. } => Outcome::Unknown,
            _ => Outcome::NotWritten,
        }
    }

    pub(super) fn is_fatal(&self) -> bool {
        matches!(self, TransactionCause::Fatal { .. } | TransactionCause::Closed { .. })
    }

    pub(super) fn is_retriable(&self) -> bool {
        match self {
            TransactionCause::TimedOut { .. } => true,
            TransactionCause::Init(error) => error.code.is_retriable(),
            _ => false,
        }
    }

    pub(super) fn requires_abort(&self) -> bool {
        matches!(self, TransactionCause::Failed { .. } | TransactionCause::Refused(_))
    }
}

impl fmt::Display for TransactionCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransactionCause::Illegal { call, state } => {
                write!(f, "`{call}` is not possible now: {}", hint(*state))
            }
            TransactionCause::Failed { error, record } => {
                f.write_str("nothing of the transaction is committed, since it failed: ")?;
                match record {
                    Some(record) => record.fmt(f)?,
                    None => f.write_str(&error.message)?,
                }
                f.write_str(". Abort it, which a failed commit has done already, and try again with another")
            }
            TransactionCause::Refused(error) => {
                write!(f, "{error}. The transaction can only be aborted now")
            }
            TransactionCause::Init(error) => {
                write!(f, "the transactional producer got no producer id: {}", error.message)?;
                f.write_str(match error.code {
                    ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => {
                        ". Ask for permission to write with this transactional.id"
                    }
                    _ => ". `init` may be called again",
                })
            }
            TransactionCause::Fatal { error, end_unknown } => {
                match error.code {
                    ErrorCode::PRODUCER_FENCED | ErrorCode::INVALID_PRODUCER_EPOCH => write!(
                        f,
                        "another producer with the same transactional.id has taken this one's place, or the cluster has \
                         aborted the transaction after transaction.timeout.ms ({})",
                        error.message
                    )?,
                    ErrorCode::INVALID_TXN_STATE => write!(
                        f,
                        "the cluster knows of no such transaction: it may have aborted it after transaction.timeout.ms ({})",
                        error.message
                    )?,
                    _ => f.write_str(&error.message)?,
                }
                f.write_str(": this producer can do nothing any more")?;
                if *end_unknown {
                    f.write_str("; whether its last transaction was committed is not known")?;
                }
                Ok(())
            }
            TransactionCause::TimedOut { call, waited } => {
                write!(f, "`{call}` was not done within max.block.ms ({:?})", rounded(*waited))?;
                f.write_str(match *call {
                    "commit" => ". It goes on, and whether it succeeds is not known yet",
                    _ => ". It goes on: call again to wait for it",
                })
            }
            TransactionCause::Closed { end_unknown } => {
                f.write_str("the producer is closed")?;
                f.write_str(match end_unknown {
                    true => "; whether its last transaction was committed is not known",
                    false => "",
                })
            }
        }
    }
}

fn hint(state: State) -> &'static str {
    match state {
        State::Uninitialized => "call `init` first",
        State::Initializing => "`init` is not done yet",
        State::Ready => "no transaction is open; `begin` one (`init` is for once)",
        State::InTransaction => "a transaction is open; commit or abort it first",
        State::CommittingTransaction | State::AbortingTransaction => "the transaction is being ended",
        _ => "the producer's state does not allow it",
    }
}
