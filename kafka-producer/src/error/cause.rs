//! What happened, as data; the words for it are in `message`.

use super::{ErrorKind, Outcome, TransactionCause};
use crate::config::Problem;
use kafka_accumulator::{DeliveryFailure, FailureCause, Written};
use kafka_metadata::MetadataError;
use kafka_types::{ErrorCode, PartitionId, RecordPart, SerializationError, Timestamp};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Cause {
    Configuration(Vec<Problem>),
    /// The background thread could not be started.
    #[cfg(feature = "driver")]
    Start(std::io::Error),
    TopicName {
        topic: String,
        reason: &'static str,
    },
    NegativeTimestamp(Timestamp),
    NegativePartition(PartitionId),
    /// What a `Partitioner` chose does not exist.
    PartitionerChoice {
        topic: Arc<str>,
        chosen: i32,
        count: usize,
    },
    Serialization {
        topic: String,
        part: RecordPart,
        source: SerializationError,
    },
    TooLarge {
        topic: String,
        size: usize,
        limit: usize,
        property: &'static str,
    },
    Metadata(MetadataWaited),
    Memory {
        topic: String,
        bytes: usize,
        waited: Duration,
        buffer_memory: usize,
    },
    WouldWait(WaitsFor),
    /// The cluster knows the topic as one that this client cannot use.
    Topic {
        topic: String,
        code: ErrorCode,
    },
    /// Asking for metadata failed for good, for everybody.
    Fatal(MetadataError),
    Delivery(DeliveryFailure),
    Transaction(TransactionCause),
    InCallback(&'static str),
    Closed,
    Stopped,
}

/// How a wait for metadata ended in vain.
#[derive(Debug)]
pub(crate) struct MetadataWaited {
    pub(crate) topic: String,
    pub(crate) waited: Duration,
    /// The cluster's own error for the topic, the last time it was asked.
    pub(crate) code: Option<ErrorCode>,
    /// The partition that was wanted, and how many there are.
    pub(crate) partition: Option<(PartitionId, usize)>,
    /// True if no broker ever answered, so that nothing is known of any topic.
    pub(crate) unreachable: bool,
    pub(crate) bootstrap: String,
    /// What went wrong with the latest connection.
    pub(crate) connection_error: Option<Arc<str>>,
}

/// What a send that may not wait would have waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WaitsFor {
    Metadata,
    Memory,
}

impl Cause {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Cause::Configuration(_) => ErrorKind::Configuration,
            Cause::TopicName { .. }
            | Cause::NegativeTimestamp(_)
            | Cause::NegativePartition(_)
            | Cause::PartitionerChoice { .. }
            | Cause::InCallback(_) => ErrorKind::Misuse,
            Cause::Serialization { .. } => ErrorKind::Serialization,
            Cause::TooLarge { .. } => ErrorKind::TooLarge,
            Cause::Metadata(_) | Cause::Memory { .. } => ErrorKind::Timeout,
            Cause::WouldWait(_) => ErrorKind::WouldWait,
            Cause::Topic { code, .. } => kind_of(*code),
            Cause::Fatal(MetadataError::Authentication { .. }) => ErrorKind::Authentication,
            Cause::Fatal(_) => ErrorKind::Broker,
            Cause::Delivery(failure) => kind_of_failure(failure.cause()),
            Cause::Transaction(cause) => cause.kind(),
            Cause::Closed => ErrorKind::Closed,
            #[cfg(feature = "driver")]
            Cause::Start(_) => ErrorKind::Stopped,
            Cause::Stopped => ErrorKind::Stopped,
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Cause::Delivery(failure) => match failure.outcome() {
                Written::NotWritten => Outcome::NotWritten,
                Written::Unknown => Outcome::Unknown,
            },
            Cause::Transaction(cause) => cause.outcome(),
            _ => Outcome::NotWritten,
        }
    }

    pub(super) fn requires_abort(&self) -> bool {
        match self {
            Cause::Delivery(failure) => failure.is_in_transaction() && !self.is_fatal(),
            Cause::Transaction(cause) => cause.requires_abort(),
            _ => false,
        }
    }

    pub(super) fn is_fatal(&self) -> bool {
        match self {
            Cause::Delivery(failure) if failure.is_fatal() => true,
            // An epoch that is not accepted any more is replaced, unless it is another producer that holds the newer one.
            Cause::Delivery(failure) if self.kind() == ErrorKind::Fenced => {
                failure.cause() == FailureCause::Broker(ErrorCode::PRODUCER_FENCED)
            }
            Cause::Transaction(cause) => cause.is_fatal(),
            _ => matches!(self.kind(), ErrorKind::Fenced | ErrorKind::Closed | ErrorKind::Stopped),
        }
    }

    pub(super) fn is_retriable(&self) -> bool {
        match self {
            Cause::Metadata(_) | Cause::Memory { .. } | Cause::WouldWait(_) => true,
            Cause::Topic { code, .. } => code.is_retriable(),
            Cause::Delivery(failure) => match failure.cause() {
                FailureCause::Broker(code) => code.is_retriable(),
                cause => kind_of_failure(cause) == ErrorKind::Timeout,
            },
            Cause::Transaction(cause) => cause.is_retriable(),
            _ => false,
        }
    }
}

pub(super) fn kind_of(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
        | ErrorCode::GROUP_AUTHORIZATION_FAILED
        | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => ErrorKind::Authorization,
        ErrorCode::SASL_AUTHENTICATION_FAILED | ErrorCode::UNSUPPORTED_SASL_MECHANISM => {
            ErrorKind::Authentication
        }
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => ErrorKind::TooLarge,
        ErrorCode::PRODUCER_FENCED | ErrorCode::INVALID_PRODUCER_EPOCH => ErrorKind::Fenced,
        ErrorCode::INVALID_TOPIC_EXCEPTION => ErrorKind::Misuse,
        _ => ErrorKind::Broker,
    }
}

pub(super) fn kind_of_failure(cause: FailureCause) -> ErrorKind {
    match cause {
        FailureCause::Timeout => ErrorKind::Timeout,
        FailureCause::Broker(code) => kind_of(code),
        FailureCause::RecordTooLarge => ErrorKind::TooLarge,
        FailureCause::ProducerClosed => ErrorKind::Closed,
        FailureCause::EngineStopped => ErrorKind::Stopped,
        FailureCause::TransactionAborted => ErrorKind::Aborted,
        FailureCause::Purged => ErrorKind::Purged,
        _ => ErrorKind::Broker,
    }
}
