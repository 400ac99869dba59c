//! The ways to send a record.

use super::sending::{Sending, poll_pending};
use super::{Delivery, Producer};
use crate::core::{PendingSend, SendCallback};
use crate::driver::{block_on, clock};
use crate::{Error, ErrorKind};
use kafka_types::{Payload, ProducerRecord, RecordMetadata};
use std::fmt;
use std::future::poll_fn;

impl<KS, VS> Producer<KS, VS> {
    /// Sends a record; the [`Delivery`] that comes back is its acknowledgement to be.
    ///
    /// It waits until the topic's partitions are known and the record is in a batch: usually not at all, and at most
    /// `max.block.ms`. Dropping the future before that takes the record back; it needs no particular runtime.
    ///
    /// # Errors
    /// The record was not accepted, and nothing of it was or will be written:
    /// [`Misuse`](ErrorKind::Misuse) of topic name, timestamp or partition, [`Serialization`](ErrorKind::Serialization),
    /// [`TooLarge`](ErrorKind::TooLarge), [`Timeout`](ErrorKind::Timeout) of `max.block.ms`,
    /// [`Authorization`](ErrorKind::Authorization), [`Closed`](ErrorKind::Closed) or [`Stopped`](ErrorKind::Stopped).
    #[inline]
    pub fn send<'p, 'r, K, V>(&'p self, record: ProducerRecord<'r, K, V>) -> Sending<'p, 'r, K, V, KS, VS>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        Sending::new(self, record)
    }

    /// Sends a record and waits for its acknowledgement.
    ///
    /// Awaiting each record before the next one sends one record per round trip: use [`send`](Producer::send) and
    /// await the deliveries later where there are many.
    ///
    /// # Errors
    /// As [`send`](Producer::send); and if the record was accepted, whatever kept it from being acknowledged. Then
    /// [`Error::outcome`] says whether it may have been written.
    pub async fn send_and_wait<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
    ) -> Result<RecordMetadata, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        self.send(record).await?.await
    }

    /// Sends a record and has `callback` told its outcome, exactly once, after the interceptors were.
    ///
    /// It waits as [`send`](Producer::send) does. The callback usually runs on the producer's own thread, so it should
    /// be short; it may send, but what would have to wait there is refused. A record that is not accepted is told
    /// to the callback too, before this returns. Only if the future is dropped before the record was accepted is the
    /// callback dropped with it.
    pub async fn send_with<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
        callback: impl FnOnce(Result<RecordMetadata, Error>) + Send + 'static,
    ) where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let callback: SendCallback = Box::new(callback);
        // A failure has been told to the callback, and so will be the outcome of what was accepted.
        let mut pending = PendingSend::new(record, Some(callback));
        let _ = poll_fn(|context| poll_pending(self, &mut pending, context)).await;
    }

    /// Sends a record if that needs no waiting, and hands it back if it does.
    ///
    /// # Errors
    /// As [`send`](Producer::send), and [`WouldWait`](ErrorKind::WouldWait) if the memory is spent or the topic is new;
    /// in that case its partitions are being asked for.
    pub fn try_send<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
    ) -> Result<Delivery, TrySendError<ProducerRecord<'r, K, V>>>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let shared = &*self.shared;
        let mut pending = PendingSend::new(record, None);
        let result = shared.core.try_send(
            &mut pending,
            &shared.key_serializer,
            &shared.value_serializer,
            clock::coarse(),
        );
        if pending.take_wake() {
            shared.driver.wake();
        }
        match result {
            Ok(delivery) => Ok(Delivery::new(delivery)),
            Err(error) => Err(TrySendError { error, record: pending.into_record() }),
        }
    }

    /// Sends a record from a thread, waiting there as [`send`](Producer::send) would.
    ///
    /// # Errors
    /// As [`send`](Producer::send), and [`Misuse`](ErrorKind::Misuse) if it would have to wait inside a callback. Inside
    /// an async task use [`send`](Producer::send): this blocks the whole thread.
    pub fn send_blocking<'r, K, V>(&self, record: ProducerRecord<'r, K, V>) -> Result<Delivery, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        block_on(self.send(record))
    }

    /// Sends a record from a thread, as [`send_blocking`](Producer::send_blocking) does, and has `callback` told its outcome, as
    /// [`send_with`](Producer::send_with) does.
    pub fn send_with_blocking<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
        callback: impl FnOnce(Result<RecordMetadata, Error>) + Send + 'static,
    ) where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        block_on(self.send_with(record, callback));
    }
}

/// A record that [`Producer::try_send`] did not take, and why.
#[derive(Clone)]
pub struct TrySendError<R> {
    /// Why not.
    pub error: Error,
    /// The record, as the interceptors left it.
    pub record: R,
}

impl<R> TrySendError<R> {
    /// True if the record was fine and there was just no room, or no metadata yet.
    pub fn would_wait(&self) -> bool {
        self.error.kind() == ErrorKind::WouldWait
    }
}

impl<R> fmt::Display for TrySendError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<R> fmt::Debug for TrySendError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrySendError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<R> std::error::Error for TrySendError<R> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<R> From<TrySendError<R>> for Error {
    fn from(failed: TrySendError<R>) -> Self {
        failed.error
    }
}
