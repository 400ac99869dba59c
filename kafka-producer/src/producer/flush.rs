//! Waiting until everything sent so far has its outcome.

use super::Producer;
use crate::Error;
use crate::driver::block_on;
use crate::error::Cause;
use kafka_accumulator::{BatchFailure, DeliveryFailure};
use kafka_types::TopicPartition;
use std::fmt;
use std::sync::Arc;

/// What became of the records that a flush waited for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FlushSummary {
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that failed.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_error: Option<Error>,
}

impl FlushSummary {
    /// Turns a summary with failures into the first of their errors.
    ///
    /// # Errors
    /// The first failure, if there was any.
    pub fn into_result(self) -> Result<u64, Error> {
        match self.first_error {
            Some(error) => Err(error),
            None => Ok(self.acknowledged),
        }
    }
}

impl From<kafka_sender::FlushSummary> for FlushSummary {
    fn from(summary: kafka_sender::FlushSummary) -> Self {
        let kafka_sender::FlushSummary { acknowledged, failed, first_error, .. } = summary;
        FlushSummary { acknowledged, failed, first_error: first_error.map(of_batch) }
    }
}

impl fmt::Display for FlushSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} acknowledged, {} failed", self.acknowledged, self.failed)?;
        match &self.first_error {
            Some(error) => write!(f, ", the first: {error}"),
            None => Ok(()),
        }
    }
}

impl<KS, VS> Producer<KS, VS> {
    /// Sends what lingers, and waits until every record that was accepted before this call has its outcome.
    ///
    /// Failed records are counted in the summary, they are no error of the flush. There is no time-out here:
    /// `delivery.timeout.ms` bounds every record.
    ///
    /// # Errors
    /// [`Stopped`](crate::ErrorKind::Stopped) if the producer's thread or runtime is gone,
    /// [`Misuse`](crate::ErrorKind::Misuse) inside a callback.
    pub async fn flush(&self) -> Result<FlushSummary, Error> {
        refuse_in_callback("flush")?;
        self.shared.driver.flush().await
    }

    /// As [`flush`](Producer::flush), waiting on this thread.
    ///
    /// # Errors
    /// As [`flush`](Producer::flush).
    pub fn flush_blocking(&self) -> Result<FlushSummary, Error> {
        block_on(self.flush())
    }
}

/// The first record's share of a failed batch.
pub(super) fn of_batch((topic_partition, failure): (TopicPartition, Arc<BatchFailure>)) -> Error {
    DeliveryFailure::of(&failure, &topic_partition, 0).into()
}

/// What waits there would wait for the very thread that runs it.
pub(crate) fn refuse_in_callback(operation: &'static str) -> Result<(), Error> {
    if kafka_accumulator::in_callback() { Err(Cause::InCallback(operation).into()) } else { Ok(()) }
}
