//! Why records were not acknowledged.

use kafka_types::{ErrorCode, NodeId, TopicPartition, rounded};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whether a failed record may be in the log. Exhaustive: there is no third way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Written {
    /// It is surely not there.
    NotWritten,
    /// It may be there: an attempt to write it was never answered.
    Unknown,
}

/// What a record died of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FailureCause {
    /// `delivery.timeout.ms` passed.
    Timeout,
    /// The broker refused it, or the retries ran out on this error.
    Broker(ErrorCode),
    /// Larger than the broker takes (`max.message.bytes`), and alone in its batch.
    RecordTooLarge,
    /// The broker found fault with this very record (KIP-467).
    InvalidRecord,
    /// The broker found fault with other records of its batch (KIP-467).
    InvalidBatch,
    /// The connection broke, and there was no retry left.
    Disconnected,
    /// No version of a request that it needs is spoken by the broker.
    UnsupportedVersion,
    /// The producer closed before it was delivered.
    ProducerClosed,
    /// The producer's thread or runtime is gone.
    EngineStopped,
    /// Compressing its batch failed.
    Compression,
    /// Its transaction is aborted.
    TransactionAborted,
    /// The program took back what was not acknowledged yet.
    Purged,
}

/// Why a whole batch failed, and what the way there was.
#[derive(Clone, Debug)]
pub struct BatchFailure {
    /// What it died of.
    pub cause: FailureCause,
    /// Whether it may be in the log.
    pub written: Written,
    /// True if the producer can't go on: whatever is sent later fails by the same cause.
    pub fatal: bool,
    /// True if it was to be part of a transaction, which can only be aborted now.
    pub in_transaction: bool,
    /// How often it was sent, or about to be.
    pub attempts: u32,
    /// To whom, the last time.
    pub last_broker: Option<(NodeId, Arc<str>)>,
    /// What went wrong before, the last time it was tried.
    pub last_error: Option<Arc<str>>,
    /// From its first record to its first attempt, or to its end.
    pub in_queue: Duration,
    /// From its first attempt to its end.
    pub in_flight: Duration,
    /// What the broker said of single records, by index in the batch (KIP-467).
    pub record_errors: BTreeMap<u32, Arc<str>>,
    /// What the broker said of the batch, or what kept it from being sent.
    pub message: Option<Arc<str>>,
}

impl BatchFailure {
    /// A failure before any attempt.
    pub fn not_written(cause: FailureCause) -> BatchFailure {
        BatchFailure {
            cause,
            written: Written::NotWritten,
            fatal: false,
            in_transaction: false,
            attempts: 0,
            last_broker: None,
            last_error: None,
            in_queue: Duration::ZERO,
            in_flight: Duration::ZERO,
            record_errors: BTreeMap::new(),
            message: None,
        }
    }
}

/// Why one record was not acknowledged. Small, and cheap to clone.
#[derive(Clone)]
pub struct DeliveryFailure(Arc<Detail>);

struct Detail {
    cause: FailureCause,
    topic_partition: TopicPartition,
    batch: Arc<BatchFailure>,
    message: Option<Arc<str>>,
}

impl DeliveryFailure {
    /// What became of the record with this index in a batch that failed: what its delivery says, for whoever counts
    /// failures by batch.
    pub fn of(batch: &Arc<BatchFailure>, topic_partition: &TopicPartition, index: u32) -> DeliveryFailure {
        let own = batch.record_errors.get(&index);
        let cause = match (batch.record_errors.is_empty(), own) {
            (true, _) => batch.cause,
            (false, Some(_)) => FailureCause::InvalidRecord,
            (false, None) => FailureCause::InvalidBatch,
        };
        let message = own.filter(|text| !text.is_empty()).or(batch.message.as_ref()).cloned();
        DeliveryFailure(Arc::new(Detail {
            cause,
            topic_partition: topic_partition.clone(),
            batch: Arc::clone(batch),
            message,
        }))
    }

    /// What it died of.
    pub fn cause(&self) -> FailureCause {
        self.0.cause
    }

    /// Whether it may be in the log.
    pub fn outcome(&self) -> Written {
        self.0.batch.written
    }

    /// True if the producer can't go on: whatever is sent later fails by the same cause.
    pub fn is_fatal(&self) -> bool {
        self.0.batch.fatal
    }

    /// True if it was to be part of a transaction, which can only be aborted now.
    pub fn is_in_transaction(&self) -> bool {
        self.0.batch.in_transaction
    }

    /// Where it was to go.
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.0.topic_partition
    }

    /// How often it was sent, or about to be.
    pub fn attempts(&self) -> u32 {
        self.0.batch.attempts
    }

    /// To whom, the last time: node id and address.
    pub fn last_broker(&self) -> Option<(NodeId, &str)> {
        self.0.batch.last_broker.as_ref().map(|(node, address)| (*node, &**address))
    }

    /// What went wrong before, the last time it was tried.
    pub fn last_error(&self) -> Option<&str> {
        self.0.batch.last_error.as_deref()
    }

    /// From its batch's first record to the first attempt, or to the end.
    pub fn time_in_queue(&self) -> Duration {
        self.0.batch.in_queue
    }

    /// From the first attempt to the end.
    pub fn time_in_flight(&self) -> Duration {
        self.0.batch.in_flight
    }

    /// What the broker said of it, or what kept it from being sent.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic_partition = &self.0.topic_partition;
        match self.0.cause {
            FailureCause::Timeout => {
                write!(f, "a record for {topic_partition} was not acknowledged within delivery.timeout.ms")?
            }
            FailureCause::Broker(code) => write!(f, "a record for {topic_partition} was refused: {code}")?,
            FailureCause::RecordTooLarge => write!(
                f,
                "a record for {topic_partition} was refused: {}, it is larger than the topic's max.message.bytes",
                ErrorCode::MESSAGE_TOO_LARGE
            )?,
            FailureCause::InvalidRecord => {
                write!(f, "the broker refused a record for {topic_partition} as invalid")?
            }
            FailureCause::InvalidBatch => write!(
                f,
                "the broker refused a record for {topic_partition}, because others of its batch are invalid: send it \
                 again"
            )?,
            FailureCause::Disconnected => {
                write!(f, "the connection broke while a record for {topic_partition} was on its way")?;
            }
            FailureCause::UnsupportedVersion => write!(
                f,
                "a record for {topic_partition} can't be sent: the broker speaks no version of the protocol that this \
                 configuration needs"
            )?,
            FailureCause::ProducerClosed => {
                write!(f, "the producer was closed before a record for {topic_partition} was acknowledged")?;
            }
            FailureCause::EngineStopped => write!(
                f,
                "the producer's thread or runtime ended before a record for {topic_partition} was acknowledged"
            )?,
            FailureCause::TransactionAborted => {
                write!(
                    f,
                    "a record for {topic_partition} was given up with its transaction, which is aborted"
                )?;
            }
            FailureCause::Purged => {
                write!(f, "a record for {topic_partition} was purged before it was acknowledged")?;
            }
            FailureCause::Compression => {
                write!(f, "the batch with a record for {topic_partition} could not be compressed")?;
            }
        }
        if let Some(message) = self.message() {
            write!(f, " ({message})")?;
        }
        self.write_way(f)
    }
}

impl DeliveryFailure {
    /// Where the time went, and what was tried.
    fn write_way(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = &self.0.batch;
        write!(f, "; {:?} in the queue", rounded(batch.in_queue))?;
        if batch.attempts > 0 {
            write!(f, ", {:?} in flight", rounded(batch.in_flight))?;
        }
        match (batch.attempts, self.last_broker()) {
            (0, _) => f.write_str(", never sent")?,
            (1, Some((node, address))) => write!(f, ", 1 attempt, to node {node} at {address}")?,
            (1, None) => f.write_str(", 1 attempt")?,
            (attempts, Some((node, address))) => {
                write!(f, ", {attempts} attempts, the last to node {node} at {address}")?;
            }
            (attempts, None) => write!(f, ", {attempts} attempts")?,
        }
        if let Some(error) = self.last_error() {
            write!(f, ", last error: {error}")?;
        }
        f.write_str(match batch.written {
            Written::NotWritten => "; it was not written",
            Written::Unknown => "; it may have been written",
        })
    }
}

impl fmt::Debug for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryFailure")
            .field("cause", &self.cause())
            .field("topic_partition", self.topic_partition())
            .field("outcome", &self.outcome())
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for DeliveryFailure {}
