//! The producer whose records are committed all together or not at all.

mod calls;
mod commit;
mod consume_transform_produce;
mod transaction;

use crate::driver::block_on;
use crate::producer::flush::refuse_in_callback;
use crate::{CloseSummary, Error, PartitionInfo, Producer, ProducerConfig};
use calls::Calls;
use kafka_sender::TransactionCall;
use kafka_types::BytesSerializer;
use std::fmt;
use std::time::Duration;

pub use commit::{CommitError, PendingCommit};
pub use consume_transform_produce::{ConsumeTransformProduce, ConsumedRecord, ProcessError, Rewind};
pub use transaction::Transaction;

/// Sends records in transactions (KIP-98): readers with `isolation.level=read_committed` get all records of a committed
/// transaction, in order, and none of any other.
///
/// ```no_run
/// # async fn program() -> Result<(), kafka_producer::Error> {
/// use kafka_producer::{Producer, ProducerRecord};
///
/// let producer = Producer::builder()
///     .bootstrap_servers("localhost:9092")
///     .transactional_id("billing-1")
///     .build_transactional()?;
/// producer.init().await?;
/// let transaction = producer.begin().await?;
/// for invoice in ["1001", "1002"] {
///     // The commit waits for the acknowledgement, and fails if there is none.
///     drop(transaction.send(ProducerRecord::new("invoices").value(invoice)).await?);
/// }
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
///
/// One transaction is open at a time. What went wrong says what to do:
///
/// - [`Error::requires_abort`]: the transaction is lost. [`abort`](Transaction::abort) or drop it, and begin another.
/// - [`Error::is_fatal`]: the producer is of no use any more. Make a new one, or stop if it was
///   [`Fenced`](crate::ErrorKind::Fenced): another program does this one's work.
/// - [`CommitError::Unknown`]: nobody knows yet whether the transaction was committed.
///   [`resume`](PendingCommit::resume) waits on.
///
/// It is a handle, to be cloned and shared as a [`Producer`].
pub struct TransactionalProducer<KS = BytesSerializer, VS = BytesSerializer> {
    producer: Producer<KS, VS>,
    calls: Calls,
}

impl<KS, VS> TransactionalProducer<KS, VS> {
    pub(crate) fn new(producer: Producer<KS, VS>) -> Self {
        let calls = Calls::new(producer.driver().clone(), producer.config().max_block);
        TransactionalProducer { producer, calls }
    }

    /// Gets producer id and epoch from the cluster, which fences whoever had this `transactional.id` before: its open
    /// transaction is aborted. Once, before anything else; Kafka's `initTransactions`.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout) of `max.block.ms`: it goes on, and may be called again to wait for it;
    /// [`Authorization`](crate::ErrorKind::Authorization); [`Misuse`](crate::ErrorKind::Misuse) if it was called before.
    pub async fn init(&self) -> Result<(), Error> {
        refuse_in_callback("init")?;
        self.calls.call("init", TransactionCall::Init).await
    }

    /// As [`init`](Self::init), waiting on this thread.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn init_blocking(&self) -> Result<(), Error> {
        block_on(self.init())
    }

    /// Begins a transaction. It waits for the end of the one before, if that was dropped, or its commit was not waited for.
    ///
    /// # Errors
    /// That the commit before failed, if nobody was told: once, and nothing begins. Otherwise
    /// [`Misuse`](crate::ErrorKind::Misuse) before [`init`](Self::init) or while a transaction is open,
    /// [`Timeout`](crate::ErrorKind::Timeout) of `max.block.ms`, and [fatal](Error::is_fatal) errors.
    pub async fn begin(&self) -> Result<Transaction<KS, VS>, Error> {
        refuse_in_callback("begin")?;
        self.calls.begin().await?;
        Ok(Transaction::new(self.clone()))
    }

    /// As [`begin`](Self::begin), waiting on this thread.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_blocking(&self) -> Result<Transaction<KS, VS>, Error> {
        block_on(self.begin())
    }

    /// Closes the producer, for all its clones: an open transaction is aborted, one that is being committed goes on for at
    /// most `timeout`. See [`Producer::close`].
    ///
    /// # Errors
    /// As [`Producer::close`].
    pub async fn close(&self, timeout: Duration) -> Result<CloseSummary, Error> {
        self.producer.close(timeout).await
    }

    /// As [`close`](Self::close), waiting on this thread.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn close_blocking(&self, timeout: Duration) -> Result<CloseSummary, Error> {
        block_on(self.close(timeout))
    }

    /// The partitions of a topic; see [`Producer::partitions_for`].
    ///
    /// # Errors
    /// As [`Producer::partitions_for`].
    pub async fn partitions_for(&self, topic: &str) -> Result<Vec<PartitionInfo>, Error> {
        self.producer.partitions_for(topic).await
    }

    /// What this producer runs with, after defaults and adjustments.
    pub fn config(&self) -> &ProducerConfig {
        self.producer.config()
    }

    /// Bytes of `buffer.memory` that are free for further records.
    pub fn available_memory(&self) -> usize {
        self.producer.available_memory()
    }
}

impl<KS, VS> Clone for TransactionalProducer<KS, VS> {
    fn clone(&self) -> Self {
        TransactionalProducer { producer: self.producer.clone(), calls: self.calls.clone() }
    }
}

impl<KS, VS> fmt::Debug for TransactionalProducer<KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionalProducer")
            .field("transactional_id", &self.config().transactional_id)
            .finish_non_exhaustive()
    }
}
