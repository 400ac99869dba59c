//! The one error of the facade.

mod cause;
mod kind;
mod message;
mod transaction;

#[cfg(test)]
mod tests;

use crate::config::Problem;
use kafka_accumulator::DeliveryFailure;
use kafka_types::TopicPartition;
use std::fmt;
use std::sync::Arc;

pub(crate) use cause::{Cause, MetadataWaited, WaitsFor};
pub use kind::{ErrorKind, Outcome};
pub(crate) use transaction::TransactionCause;

/// Why something failed. As small as a pointer, and cheap to clone.
///
/// Match on [`kind`](Error::kind) for what to do; print it for people: it says what happened, where the time went and
/// what to do next. For a record, [`outcome`](Error::outcome) tells whether it may be in the log all the same.
#[derive(Clone)]
pub struct Error(Arc<Cause>);

impl Error {
    /// Whose fault, and what next.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// Whether the record may be in the log all the same. Where no record was concerned nothing was written.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome()
    }

    /// True if the same call may succeed later with nothing changed. The producer has already retried what it could:
    /// this is for a program that has more patience than `delivery.timeout.ms` and `max.block.ms`. Look at
    /// [`outcome`](Error::outcome) before sending a record again.
    pub fn is_retriable(&self) -> bool {
        self.0.is_retriable()
    }

    /// True if this producer will not send anything any more: only a new one helps.
    pub fn is_fatal(&self) -> bool {
        self.0.is_fatal()
    }

    /// True if the transaction that this happened in is lost: it has to be aborted, and may be tried again. A commit that fails
    /// so has aborted it already. Never so outside a transaction.
    pub fn requires_abort(&self) -> bool {
        self.0.requires_abort()
    }

    /// The partition that the record was for, once it had one.
    pub fn topic_partition(&self) -> Option<&TopicPartition> {
        match &*self.0 {
            Cause::Delivery(failure)
            | Cause::Transaction(TransactionCause::Failed { record: Some(failure), .. }) => {
                Some(failure.topic_partition())
            }
            Cause::Transaction(TransactionCause::Refused(error)) => error.topic_partition(),
            _ => None,
        }
    }

    /// Everything that is wrong with the configuration; empty for other kinds of errors.
    pub fn problems(&self) -> &[Problem] {
        match &*self.0 {
            Cause::Configuration(problems) => problems,
            _ => &[],
        }
    }

    pub(crate) fn configuration(problems: Vec<Problem>) -> Self {
        Cause::Configuration(problems).into()
    }

    pub(crate) fn closed() -> Self {
        Cause::Closed.into()
    }

    pub(crate) fn stopped() -> Self {
        Cause::Stopped.into()
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Error(Arc::new(cause))
    }
}

impl From<DeliveryFailure> for Error {
    fn from(failure: DeliveryFailure) -> Self {
        Cause::Delivery(failure).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        message::write(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            // The message already contains the serializer's own; its cause is what comes after.
            Cause::Serialization { source, .. } => source.source(),
            #[cfg(feature = "driver")]
            Cause::Start(error) => error.source(),
            _ => None,
        }
    }
}
