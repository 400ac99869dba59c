//! The seam between a producer and its interceptors.

use kafka_types::{Header, PartitionId, RecordMetadata, Timestamp};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Hooks around each record (`interceptor.classes`).
///
/// One interceptor serves all threads that send. Its hooks hold up whoever calls them: they should be quick and must
/// not block.
pub trait Interceptor: Send + Sync {
    /// Runs before serialization, on the thread that sends. May change the record's topic, partition, timestamp and
    /// headers. Key and value are not visible: they are of types that a chain can't know.
    ///
    /// # Errors
    /// Whatever keeps the interceptor from its work. It is logged, this link's changes are undone, and the record is
    /// sent without them. The error's text goes to the log.
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        let _ = record;
        Ok(())
    }

    /// Runs once per record, when it was acknowledged or has failed, before the record's own callback. Runs on the
    /// producer's network thread, or on the thread that sends if the record was refused before it was queued.
    fn on_acknowledgement(&self, outcome: &Acknowledgement<'_>) {
        let _ = outcome;
    }

    /// Runs once, when the producer has closed.
    fn on_close(&self) {}

    /// What the log calls this interceptor; by default the name of its type. Asked once, when it joins a chain.
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(std::any::type_name::<Self>())
    }
}

/// What an interceptor may change of a record before it is serialized.
///
/// `'r` is what the record borrows from the program; what an interceptor adds may be owned.
#[derive(Debug)]
pub struct SendContext<'c, 'r> {
    /// Where the record goes.
    pub topic: &'c mut Cow<'r, str>,
    /// The partition, if somebody chooses it; else the partitioner does.
    pub partition: &'c mut Option<PartitionId>,
    /// Milliseconds since the Unix epoch; `None` is the time of the send.
    pub timestamp: &'c mut Option<Timestamp>,
    /// Headers, in order; names may repeat.
    pub headers: &'c mut Vec<Header<'r>>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledgement<'a> {
    /// The record's topic.
    pub topic: &'a str,
    /// Its partition; `None` if it failed before it had one.
    pub partition: Option<PartitionId>,
    /// Its headers as they were sent (KIP-512).
    pub headers: &'a [Header<'a>],
    /// Where it lies, or why it failed. `kafka-producer` gives its own error:
    /// `error.downcast_ref::<kafka_producer::Error>()` tells its kind.
    pub result: Result<&'a RecordMetadata, &'a (dyn Error + 'static)>,
}

/// Why an interceptor could not do its work.
#[derive(Debug)]
pub struct InterceptorError(Box<dyn Error + Send + Sync>);

impl InterceptorError {
    /// Wraps the interceptor's own error, or a message.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        InterceptorError(cause.into())
    }
}

impl fmt::Display for InterceptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for InterceptorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
