//! The end of a producer.

use super::flush::refuse_in_callback;
use super::{Producer, Shared};
use crate::Error;
use crate::driver::{block_on, clock};
use std::fmt;
use std::time::Duration;

/// What became of the records that were still open when a producer was closed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CloseSummary {
    /// Records that were acknowledged meanwhile.
    pub acknowledged: u64,
    /// Records that failed, those cut off by the time limit included.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_error: Option<Error>,
}

impl From<kafka_sender::CloseSummary> for CloseSummary {
    fn from(summary: kafka_sender::CloseSummary) -> Self {
        let kafka_sender::CloseSummary { acknowledged, failed, first_error, .. } = summary;
        CloseSummary { acknowledged, failed, first_error: first_error.map(super::flush::of_batch) }
    }
}

impl fmt::Display for CloseSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} acknowledged, {} failed", self.acknowledged, self.failed)?;
        match &self.first_error {
            Some(error) => write!(f, ", the first: {error}"),
            None => Ok(()),
        }
    }
}

impl<KS, VS> Producer<KS, VS> {
    /// Closes the producer, for all its clones: no more records are accepted, those already accepted are sent, and
    /// retried, for at most `timeout`; what is still open then fails.
    ///
    /// Zero gives up at once. Closing again waits for the first close, and can only shorten it. Dropping the future
    /// does not take the close back.
    ///
    /// # Errors
    /// [`Stopped`](crate::ErrorKind::Stopped) if the producer's thread or runtime is gone,
    /// [`Misuse`](crate::ErrorKind::Misuse) inside a callback.
    pub async fn close(&self, timeout: Duration) -> Result<CloseSummary, Error> {
        refuse_in_callback("close")?;
        let shared = &*self.shared;
        shared.core.close();
        shared.driver.close(clock::precise().mono + timeout).await
    }

    /// As [`close`](Producer::close), waiting on this thread.
    ///
    /// # Errors
    /// As [`close`](Producer::close).
    pub fn close_blocking(&self, timeout: Duration) -> Result<CloseSummary, Error> {
        block_on(self.close(timeout))
    }
}

impl<KS, VS> Drop for Shared<KS, VS> {
    fn drop(&mut self) {
        if !self.core.close() {
            return;
        }
        let config = self.core.config();
        if self.core.available_memory() < config.buffer_memory {
            tracing::warn!(
                client_id = %config.client_id,
                "the last handle of a producer was dropped with records not yet acknowledged: they are sent in the \
                 background, and lost if the program ends before that; call close or flush first"
            );
        }
        self.driver.close_in_background(clock::precise().mono + config.delivery_timeout);
    }
}
