//! The acknowledgement to be of one record.

use crate::Error;
use crate::error::Cause;
use kafka_types::RecordMetadata;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What becomes of one accepted record: a future of its place in the log, or of why it failed.
///
/// Await it, [`wait`](Delivery::wait) for it on a thread, or ask now and then with
/// [`try_result`](Delivery::try_result). Dropping it never takes the record back; a failure that nobody looked at is
/// [counted](crate::Producer::unobserved_failures) and logged.
#[must_use = "a record may fail after it was accepted: await the delivery, or drop it explicitly"]
pub struct Delivery {
    inner: kafka_accumulator::Delivery,
}

impl Delivery {
    #[inline]
    pub(super) fn new(inner: kafka_accumulator::Delivery) -> Self {
        Delivery { inner }
    }

    /// The outcome, if there is one yet.
    pub fn try_result(&mut self) -> Option<Result<RecordMetadata, Error>> {
        let result = self.inner.try_result()?;
        Some(result.map_err(Error::from))
    }

    /// True once there is an outcome.
    pub fn is_done(&self) -> bool {
        self.inner.is_done()
    }

    /// Waits for the outcome on this thread. In an async task await the delivery instead.
    ///
    /// # Errors
    /// Why the record failed; [`Misuse`](crate::ErrorKind::Misuse) inside a callback if there is no outcome yet.
    pub fn wait(mut self) -> Result<RecordMetadata, Error> {
        if kafka_accumulator::in_callback() && !self.is_done() {
            return Err(Cause::InCallback("wait").into());
        }
        crate::driver::block_on(&mut self)
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(context));
        Poll::Ready(result.map_err(Error::from))
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("done", &self.is_done()).finish_non_exhaustive()
    }
}
