//! An open transaction.

use super::TransactionalProducer;
use super::commit::{CommitError, finish};
use crate::core::{PendingSend, SendCallback};
use crate::driver::block_on;
use crate::producer::flush::refuse_in_callback;
use crate::producer::sending::poll_pending;
use crate::{Delivery, Error, FlushSummary, TrySendError};
use kafka_sender::TransactionCall;
use kafka_transactions::{GroupMetadata, OffsetAndMetadata};
use kafka_types::{BytesSerializer, Payload, ProducerRecord, RecordMetadata, TopicPartition};
use parking_lot::Mutex;
use std::fmt;
use std::future::poll_fn;

/// A transaction that is open: what is sent here is committed all together, or not at all.
///
/// It is owned, and shared by reference: any number of tasks or threads may send at the same time, and none can while it
/// is being ended. Dropped unfinished, it is aborted at once.
///
/// A record that was not accepted, or not acknowledged, spoils the transaction: [`commit`](Self::commit) fails with that
/// cause. So deliveries need not be awaited one by one, and may be dropped.
#[must_use = "a transaction that is dropped is aborted"]
pub struct Transaction<KS = BytesSerializer, VS = BytesSerializer> {
    producer: TransactionalProducer<KS, VS>,
    /// What went wrong before anything was in a batch.
    refused: Mutex<Option<Error>>,
    open: bool,
}

impl<KS, VS> Transaction<KS, VS> {
    pub(super) fn new(producer: TransactionalProducer<KS, VS>) -> Self {
        Transaction { producer, refused: Mutex::new(None), open: true }
    }

    /// Sends a record, as [`Producer::send`](crate::Producer::send).
    ///
    /// # Errors
    /// As [`Producer::send`](crate::Producer::send). But for [`WouldWait`](crate::ErrorKind::WouldWait) the transaction
    /// [can only be aborted](Error::requires_abort) after an error.
    pub async fn send<'r, K, V>(&self, record: ProducerRecord<'r, K, V>) -> Result<Delivery, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        match self.producer.producer.send(record).await {
            Ok(delivery) => Ok(delivery),
            Err(error) => Err(self.note(error)),
        }
    }

    /// Sends a record and waits for its acknowledgement. It is committed with the transaction only.
    ///
    /// # Errors
    /// As [`send`](Self::send), and whatever kept the record from being acknowledged.
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

    /// Sends a record and has `callback` told its outcome, as [`Producer::send_with`](crate::Producer::send_with).
    pub async fn send_with<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
        callback: impl FnOnce(Result<RecordMetadata, Error>) + Send + 'static,
    ) where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let callback: SendCallback = Box::new(callback);
        let mut pending = PendingSend::new(record, Some(callback));
        let producer = &self.producer.producer;
        if let Err(error) = poll_fn(|context| poll_pending(producer, &mut pending, context)).await {
            self.note(error);
        }
    }

    /// Sends a record if that needs no waiting, as [`Producer::try_send`](crate::Producer::try_send).
    ///
    /// # Errors
    /// As [`send`](Self::send); a record that would only have to wait spoils nothing.
    pub fn try_send<'r, K, V>(
        &self,
        record: ProducerRecord<'r, K, V>,
    ) -> Result<Delivery, TrySendError<ProducerRecord<'r, K, V>>>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        self.producer
            .producer
            .try_send(record)
            .map_err(|TrySendError { error, record }| TrySendError { error: self.note(error), record })
    }

    /// As [`send`](Self::send), waiting on this thread.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_blocking<'r, K, V>(&self, record: ProducerRecord<'r, K, V>) -> Result<Delivery, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        block_on(self.send(record))
    }

    /// As [`send_with`](Self::send_with), waiting on this thread.
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

    /// Commits a consumer group's offsets with the transaction (KIP-447): where each partition's consumer goes on, that is, one
    /// beyond the last record whose results are part of the transaction. Kafka's `sendOffsetsToTransaction`.
    ///
    /// The group's metadata are those of the consumer that read them, so that a consumer whose partitions were
    /// taken away can't commit; [`GroupMetadata::new`] is for programs that assign partitions by themselves.
    ///
    /// # Errors
    /// What the group's coordinator or the transaction's said, or [`Timeout`](crate::ErrorKind::Timeout) of `max.block.ms`;
    /// the transaction can only be aborted then.
    pub async fn send_offsets(
        &self,
        offsets: impl IntoIterator<Item = (TopicPartition, OffsetAndMetadata)>,
        group: &GroupMetadata,
    ) -> Result<(), Error> {
        refuse_in_callback("send_offsets")?;
        let call =
            TransactionCall::SendOffsets { group: group.clone(), offsets: offsets.into_iter().collect() };
        self.producer.calls.call("send_offsets", call).await.map_err(|error| self.note(error))
    }

    /// As [`send_offsets`](Self::send_offsets), waiting on this thread.
    ///
    /// # Errors
    /// As [`send_offsets`](Self::send_offsets).
    pub fn send_offsets_blocking(
        &self,
        offsets: impl IntoIterator<Item = (TopicPartition, OffsetAndMetadata)>,
        group: &GroupMetadata,
    ) -> Result<(), Error> {
        block_on(self.send_offsets(offsets, group))
    }

    /// Waits until every record sent so far has its outcome. A commit does so by itself.
    ///
    /// # Errors
    /// As [`Producer::flush`](crate::Producer::flush).
    pub async fn flush(&self) -> Result<FlushSummary, Error> {
        self.producer.producer.flush().await
    }

    /// Commits the transaction: waits until every record is acknowledged, and until the cluster has decided.
    ///
    /// Dropping the future, once it was polled, takes nothing back: the commit goes on, and the next
    /// [`begin`](TransactionalProducer::begin) waits for it.
    ///
    /// # Errors
    /// [`CommitError::Failed`] if a record or offsets of it failed: then it is aborted; [`CommitError::Unknown`] without an
    /// answer within `max.block.ms`; [`CommitError::Fatal`] if the producer is of no use any more.
    pub async fn commit(mut self) -> Result<(), CommitError> {
        refuse_in_callback("commit").map_err(CommitError::Failed)?;
        if let Some(error) = self.refused.lock().take() {
            // Dropped, it is aborted.
            return Err(CommitError::Failed(error));
        }
        self.open = false;
        let calls = self.producer.calls.clone();
        finish(calls, TransactionCall::Commit).await
    }

    /// As [`commit`](Self::commit), waiting on this thread.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_blocking(self) -> Result<(), CommitError> {
        block_on(self.commit())
    }

    /// Aborts the transaction: what was not sent fails, what was sent is never read by those who read committed records.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout) of `max.block.ms`: it goes on, and the next
    /// [`begin`](TransactionalProducer::begin) waits for it; and [fatal](Error::is_fatal) errors.
    pub async fn abort(mut self) -> Result<(), Error> {
        refuse_in_callback("abort")?;
        self.open = false;
        self.producer.calls.call("abort", TransactionCall::Abort).await
    }

    /// As [`abort`](Self::abort), waiting on this thread.
    ///
    /// # Errors
    /// As [`abort`](Self::abort).
    pub fn abort_blocking(self) -> Result<(), Error> {
        block_on(self.abort())
    }

    /// Remembers what keeps the transaction from being committed.
    fn note(&self, error: Error) -> Error {
        let error = error.of_transaction();
        if error.requires_abort() || error.kind() == crate::ErrorKind::Timeout {
            self.refused.lock().get_or_insert_with(|| error.clone());
        }
        error
    }
}

impl<KS, VS> Drop for Transaction<KS, VS> {
    fn drop(&mut self) {
        if self.open {
            self.producer.calls.tell(TransactionCall::Abort);
        }
    }
}

impl<KS, VS> fmt::Debug for Transaction<KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("transactional_id", &self.producer.config().transactional_id)
            .finish_non_exhaustive()
    }
}
